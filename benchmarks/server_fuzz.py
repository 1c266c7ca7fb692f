"""Fuzzed bodies against a live server: how many of each status came, and that none was a 5xx.

python benchmarks/server_fuzz.py --count 10000
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests" / name) for name in ("", "infer", "serve")]

from fuzzed_bodies import fuzzed  # noqa: E402
from live_server import drawn_bundle, running  # noqa: E402

HEADERS = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    statuses: Counter[int] = Counter()
    failed: list[tuple[str, bytes, str]] = []
    with tempfile.TemporaryDirectory() as folder:
        bundle = drawn_bundle(Path(folder))
        with running(
            Path(folder) / "data", bundle=bundle, requests_per_minute=10_000_000
        ) as server, server.client() as client:  # fmt: skip
            for path, body in fuzzed(arguments.count, arguments.seed):
                reply = client.post(path, content=body, headers=HEADERS)
                statuses[reply.status_code] += 1
                if reply.status_code >= 500:
                    failed.append((path, body[:300], reply.text[:300]))
    print(f"{arguments.count} bodies: " + ", ".join(f"{n} x {s}" for s, n in statuses.items()))
    for path, body, said in failed[:20]:
        print(f"  {path} {body!r}\n    {said}")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
