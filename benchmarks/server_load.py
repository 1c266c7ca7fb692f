"""The server under load: streaming clients, /health meanwhile, memory; beside llama.cpp's server.

    python benchmarks/server_load.py --seconds 300
    python benchmarks/server_load.py --llama-server /path/to/llama-server

Both serve the same drawn network (fp32) to the same clients, which read a stream of --tokens
tokens (the end is forbidden, so each text has as many) and ask again. A process of its own asks
/health twenty times a second.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import yaml

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "infer")]

from drawn_networks import RandomWeights  # noqa: E402

from havoc.bundle import Bundle, write_bundle  # noqa: E402
from havoc.bundle.gguf import export_gguf  # noqa: E402
from havoc.model.config import preset  # noqa: E402
from training_examples import small_tokenizer  # noqa: E402

PROMPT = "The measurement system of the second line was analysed with ten parts and "
PROBE_SECONDS = 0.05


@dataclass
class Load:
    """What the clients met. Times in seconds."""

    requests: int = 0
    errors: list[str] = field(default_factory=list)
    first: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)
    health: list[float] = field(default_factory=list)


async def stream_once(port: int, body: bytes, load: Load) -> None:
    """One streamed completion, read to its end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(
            b"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
            b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body
        )
        started = time.perf_counter()
        status = await reader.readline()
        if b" 200 " not in status:
            load.errors.append(status.decode("latin-1").strip())
            await asyncio.sleep(0.05)
            return
        first, last, ended = 0.0, b"", False
        while line := await reader.readline():
            if line.startswith(b"data: [DONE]"):
                ended = True
            elif line.startswith(b"data:"):
                first = first or time.perf_counter() - started
                last = line
        if not ended or b'"length"' not in last:
            load.errors.append("the stream broke" if not ended else "it ended early")
            return
        load.requests += 1
        load.first.append(first)
        load.whole.append(time.perf_counter() - started)
    finally:
        writer.close()


async def press(port: int, clients: int, seconds: float, body: bytes, process: int) -> Load:
    """So many clients at once, each asking again when it was answered."""
    load, end = Load(), time.perf_counter() + seconds
    server = psutil.Process(process)

    async def client() -> None:
        while time.perf_counter() < end:
            try:
                await stream_once(port, body, load)
            except OSError as error:
                load.errors.append(type(error).__name__)

    async def watch() -> None:
        while time.perf_counter() < end:
            load.memory.append(server.memory_info().rss)
            await asyncio.sleep(1)

    await asyncio.gather(watch(), *(client() for _ in range(clients)))
    return load


def probe(port: int, seconds: float) -> None:
    """Ask /health, over one connection as long as it is kept; print how long each answer took."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    end = time.perf_counter() + seconds
    times = []
    while time.perf_counter() < end:
        started = time.perf_counter()
        connection.request("GET", "/health")
        connection.getresponse().read()
        times.append(time.perf_counter() - started)
        time.sleep(PROBE_SECONDS)
    print(json.dumps(times))


def measure(name: str, port: int, process: int, arguments: argparse.Namespace) -> Load:
    """Press one server and say what came of it."""
    body = json.dumps(
        {
            "model": "havoc-raw",
            "prompt": PROMPT,
            "max_tokens": arguments.tokens,
            "temperature": 0.8,
            "stream": True,
            "ignore_eos": True,
        }
    ).encode()
    asyncio.run(press(port, 4, min(3.0, arguments.seconds), body, process))
    probing = subprocess.Popen(
        [sys.executable, __file__, "--probe", str(port), "--seconds", str(arguments.seconds)],
        stdout=subprocess.PIPE,
        text=True,
    )
    started = time.perf_counter()
    load = asyncio.run(press(port, arguments.clients, arguments.seconds, body, process))
    seconds = time.perf_counter() - started
    load.health = json.loads(probing.communicate(timeout=60)[0])
    if not load.requests:
        raise SystemExit(f"{name}: no request succeeded: {load.errors[:3]}")
    half = len(load.memory) // 2
    early, late = (max(part) / 2**20 for part in (load.memory[: half or 1], load.memory[half:]))
    print(f"{name}: {arguments.clients} clients, {seconds:.0f} s")
    print(
        f"  requests {load.requests} ({load.requests / seconds:.2f}/s), errors {len(load.errors)}"
    )
    print(f"  tokens/s {load.requests * arguments.tokens / seconds:.0f}")
    print(f"  request p50 {at(load.whole, 50):.3f} s, p95 {at(load.whole, 95):.3f} s")
    print(f"  first token p50 {at(load.first, 50):.3f} s, p95 {at(load.first, 95):.3f} s")
    middle, slowest = (1000 * at(load.health, percent) for percent in (50, 99))
    print(f"  /health p50 {middle:.1f} ms, p99 {slowest:.1f} ms ({len(load.health)} asked)")
    print(f"  memory: at most {early:.0f} MiB in the first half, {late:.0f} MiB in the second")
    if load.errors:
        print(f"  errors: {sorted(set(load.errors))[:5]}")
    return load


def at(times: list[float], percent: int) -> float:
    """A percentile."""
    return statistics.quantiles(times, n=100)[percent - 1] if len(times) > 1 else times[0]


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


def wait_for(port: int, process: subprocess.Popen[str]) -> None:
    """Until /health answers."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5).read()
            return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("a server did not start")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--tokens", type=int, default=64)
    parser.add_argument("--preset", default="havoc-3m")
    parser.add_argument("--threads", type=int, default=max(1, (os.cpu_count() or 2) - 1))
    parser.add_argument("--llama-server", default=shutil.which("llama-server"))
    parser.add_argument("--probe", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.probe:
        probe(arguments.probe, arguments.seconds)
        return
    with tempfile.TemporaryDirectory() as folder:
        compare(Path(folder), arguments)


def compare(folder: Path, arguments: argparse.Namespace) -> None:
    """Draw a network, serve it by both, one after the other."""
    tokenizer = small_tokenizer()
    config = preset(arguments.preset).replace(vocab_size=tokenizer.vocab_size, max_seq_len=1024)
    weights = RandomWeights(config)
    tensors = {name: weights.read(name) for name in weights.names()}
    bundle = write_bundle(folder / "bundle", config, tensors, tokenizer, {"name": "drawn"})
    settings = {
        "data": str(folder / "data"), "bundle": str(bundle), "port": free_port(),
        "threads": arguments.threads, "requests_per_minute": 10_000_000,
        "running_requests": arguments.clients,
    }  # fmt: skip
    (folder / "serve.yaml").write_text(yaml.safe_dump(settings))
    command = [sys.executable, "-m", "havoc", "serve", "--config", str(folder / "serve.yaml")]
    ours = served("havoc", command, settings["port"], arguments)
    if not arguments.llama_server:
        print("llama.cpp: no llama-server was named or found, so nothing stands beside this")
        return
    gguf = folder / "drawn.gguf"
    export_gguf(Bundle.open(bundle), gguf, precision="fp32")
    port = free_port()
    command = [
        arguments.llama_server, "-m", str(gguf), "--port", str(port), "-t",
        str(arguments.threads), "-np", str(arguments.clients), "-c", str(256 * arguments.clients),
        "--host", "127.0.0.1",
    ]  # fmt: skip
    theirs = served("llama.cpp", command, port, arguments)
    ratio = ours.requests / theirs.requests
    print(f"havoc beside llama.cpp: {ratio:.2f} times the requests a second")


def served(name: str, command: list[str], port: int, arguments: argparse.Namespace) -> Load:
    """Start a server, measure it, end it."""
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True
    )
    try:
        wait_for(port, process)
        return measure(name, port, process.pid, arguments)
    finally:
        process.terminate()
        process.wait(60)


if __name__ == "__main__":
    main()
