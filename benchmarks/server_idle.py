"""Idle connections by the thousand, from other addresses of this machine: are others served?

python benchmarks/server_idle.py --connections 10000
"""

from __future__ import annotations

import argparse
import resource
import socket
import statistics
import sys
import tempfile
import time
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests" / name) for name in ("", "infer", "serve")]

from live_server import running  # noqa: E402

PER_ADDRESS = 500


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--connections", type=int, default=10_000)
    parser.add_argument("--asked", type=int, default=200)
    arguments = parser.parse_args()
    wanted = arguments.connections
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with tempfile.TemporaryDirectory() as folder, running(
        Path(folder), connections=wanted + 1_000, header_seconds=60, workers=1
    ) as server, server.client() as client:  # fmt: skip
        process = psutil.Process(server.process.pid)
        before = process.memory_info().rss
        held = []
        started = time.perf_counter()
        for number in range(wanted):
            address = f"127.0.{1 + number // PER_ADDRESS}.1"
            held.append(socket.create_connection(("127.0.0.1", server.port), 30, (address, 0)))
        opened = time.perf_counter() - started
        times = []
        for _ in range(arguments.asked):
            asked = time.perf_counter()
            assert client.get("/health").status_code == 200
            times.append(1000 * (time.perf_counter() - asked))
        assert client.get("/sessions").status_code == 200
        grown = (process.memory_info().rss - before) / 2**20
        there = sum(item.status == "ESTABLISHED" for item in process.net_connections("tcp"))
        print(f"{there} connections held (opened in {opened:.1f} s), memory + {grown:.0f} MiB")
        p99 = statistics.quantiles(times, n=100)[98]
        print(f"/health meanwhile: p50 {statistics.median(times):.1f} ms, p99 {p99:.1f} ms")
        for connection in held:
            connection.close()


if __name__ == "__main__":
    main()
