"""32 streams at once: our engine, in process or served, beside llama-server with 32 slots.

python benchmarks/streams.py --llama FOLDER --tokenizer FOLDER [--preset havoc-25m] [--repeats 5]
python benchmarks/streams.py --llama FOLDER --tokenizer FOLDER --http --kinds ternary

FOLDER of --llama holds llama-server and llama-quantize, built natively from the sources that the
sdist of llama-cpp-python carries (vendor/llama.cpp):

    cmake -S . -B build -DGGML_NATIVE=ON -DLLAMA_OPENSSL=OFF -DLLAMA_USE_PREBUILT_UI=OFF
    cmake --build build --target llama-server llama-quantize

The same weights (drawn at random) and the same prompts of 60 to 100 ids, new ones in every turn,
all sent at once, 64 new tokens each, greedy, the end of text ignored; as many threads on both
sides. With --http ours is asked as ``havoc serve``, by the same clients. A server that is not
asked is stopped by a signal, so that it takes no processor time. Tokens a second are those of
whole answers; the time to the first token is taken in a second run, of one token each. With
--events both servers stream their answers, and both figures are of one run: llama-server sends an
event a token, ours sends together what comes within 20 ms (``event_seconds``).
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from decode_speed import drawn_bundle, quantised, spread
from table import print_table

from havoc.bundle import Bundle
from havoc.bundle.gguf import export_gguf
from havoc.infer import InferenceEngine, SamplingParams, load_backend
from havoc.model import preset
from havoc.tokenizer import HavocTokenizer

MADE, CONTEXT = 64, 192
KINDS = ("fp32", "int8", "ternary")
FORMATS = ("F32", "Q8_0")
Figures = tuple[float, float, float]
"""Tokens a second, and seconds to the first token: median and 95th percentile."""


def prompts(vocab_size: int, count: int, turn: int) -> list[list[int]]:
    pick = random.Random(turn)
    return [
        [1, *(pick.randrange(128, vocab_size) for _ in range(pick.randint(60, 100)))]
        for _ in range(count)
    ]


def percentiles(first: list[float]) -> tuple[float, float]:
    first = sorted(first)
    return statistics.median(first), first[min(len(first) - 1, int(0.95 * len(first)))]


def ours(engine: InferenceEngine, asked: list[list[int]]) -> Figures:
    """All prompts together; the engine stays, as a server does, and knows none of them."""
    start = time.perf_counter()
    results = engine.generate(asked, SamplingParams(max_tokens=MADE, ignore_eos=True))
    seconds = time.perf_counter() - start
    assert all(len(result.tokens) == MADE for result in results)
    return (
        len(asked) * MADE / seconds,
        *percentiles([result.first_token_seconds for result in results]),
    )


def wish(
    port: int, prompt: list[int], made: int, served: bool, *, stream: bool = False
) -> urllib.request.Request:
    """The request for so many tokens, of our server (``served``) or of llama-server."""
    asked: dict[str, Any] = {"prompt": prompt, "temperature": 0, "ignore_eos": True}
    asked |= {"stream": stream}
    if served:
        asked |= {"model": "havoc-raw", "max_tokens": made}
    else:
        asked |= {"n_predict": made, "cache_prompt": False}
    return urllib.request.Request(
        f"http://127.0.0.1:{port}/{'v1/completions' if served else 'completion'}",
        json.dumps(asked).encode(),
        {"Content-Type": "application/json"},
    )


def answered(port: int, prompt: list[int], made: int, served: bool) -> float:
    """Seconds of one request; it must bring as many tokens as were asked for."""
    start = time.perf_counter()
    with urllib.request.urlopen(wish(port, prompt, made, served), timeout=300) as answer:
        said = json.load(answer)
    assert (said["usage"]["completion_tokens"] if served else said["tokens_predicted"]) == made
    return time.perf_counter() - start


def first_event(port: int, prompt: list[int], served: bool) -> float:
    """Seconds to the first token of an answer that is read to its end, event by event."""
    start = time.perf_counter()
    first = 0.0
    with urllib.request.urlopen(wish(port, prompt, MADE, served, stream=True), timeout=300) as said:
        for line in said:
            if line.startswith(b"data: "):
                first = first or time.perf_counter() - start
    assert first
    return first


def over_http(
    port: int, asked: list[list[int]], others: list[list[int]], served: bool, events: bool
) -> Figures:
    """All prompts at once to one server; the time to the first token of ``others``."""
    with ThreadPoolExecutor(len(asked)) as pool:
        if events:
            start = time.perf_counter()
            first = list(pool.map(lambda prompt: first_event(port, prompt, served), asked))
            return len(asked) * MADE / (time.perf_counter() - start), *percentiles(first)
        start = time.perf_counter()
        list(pool.map(lambda prompt: answered(port, prompt, MADE, served), asked))
        seconds = time.perf_counter() - start
        first = list(pool.map(lambda prompt: answered(port, prompt, 1, served), others))
    return len(asked) * MADE / seconds, *percentiles(first)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def llama_command(tools: Path, model: Path, threads: int, slots: int, port: int) -> list[str]:
    command = [str(tools / "llama-server"), "-m", str(model), "--port", str(port)]
    command += ["-np", str(slots), "-c", str(slots * CONTEXT), "-t", str(threads)]
    return [*command, "-tb", str(threads), "--no-ui", "--cache-ram", "0", "--log-disable"]


def havoc_command(
    folder: Path, bundle: Bundle, kind: str, threads: int, slots: int, port: int
) -> list[str]:
    """Our server of the same network, its settings beside its data in ``folder``."""
    folder.mkdir()
    settings = {
        "data": str(folder / "data"), "bundle": str(bundle.path), "port": port, "weights": kind,
        "threads": threads, "requests_per_minute": 10_000_000, "running_requests": slots,
    }  # fmt: skip
    (folder / "serve.yaml").write_text(json.dumps(settings), "utf-8")
    return [sys.executable, "-m", "havoc", "serve", "--config", str(folder / "serve.yaml")]


@contextlib.contextmanager
def server(command: list[str], port: int) -> Iterator[tuple[Any, int]]:
    """A server that has loaded its network, and its port."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(600):
            if process.poll() is not None:
                raise RuntimeError(f"{command[0]} ended with {process.returncode}")
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=2):
                    break
            except OSError:
                time.sleep(0.1)
        yield process, port
    finally:
        process.send_signal(signal.SIGCONT)
        process.kill()
        process.wait()


def measure(arguments: argparse.Namespace, folder: Path) -> None:
    """Print the table."""
    tokenizer = HavocTokenizer.load(arguments.tokenizer)
    config = preset(arguments.preset, vocab_size=tokenizer.vocab_size, max_seq_len=1024)
    bundle = drawn_bundle(folder / "bundle", config, tokenizer)
    source = export_gguf(bundle, folder / "F32.gguf", precision="fp32")
    threads, slots = arguments.threads, arguments.streams
    engines = {
        kind: InferenceEngine(
            load_backend(bundle, kind, threads=threads), tokenizer, prefix_cache=False
        )
        for kind in ([] if arguments.http else arguments.kinds)
    }
    figures: dict[str, list[Figures]] = {name: [] for name in (*FORMATS, *arguments.kinds)}
    with contextlib.ExitStack() as stack:
        servers = {}
        for name in (*FORMATS, *(arguments.kinds if arguments.http else ())):
            port = free_port()
            if name in FORMATS:
                model = quantised(arguments.llama, source, name)
                command = llama_command(arguments.llama, model, threads, slots, port)
            else:
                command = havoc_command(folder / name, bundle, name, threads, slots, port)
            servers[name] = stack.enter_context(server(command, port))
            servers[name][0].send_signal(signal.SIGSTOP)
        for turn in range(arguments.repeats + 1):  # the first one warms
            asked, others = (
                prompts(tokenizer.vocab_size, slots, 2 * turn + more) for more in (0, 1)
            )
            for name, (process, port) in servers.items():
                process.send_signal(signal.SIGCONT)
                served = name not in FORMATS
                figures[name].append(over_http(port, asked, others, served, arguments.events))
                process.send_signal(signal.SIGSTOP)
            for name, engine in engines.items():
                figures[name].append(ours(engine, asked))
            if not turn:
                figures = {name: [] for name in figures}
    better = [max(figures[name][turn][0] for name in FORMATS) for turn in range(arguments.repeats)]
    rows = []
    for name, some in figures.items():
        ratio = [mine[0] / other for mine, other in zip(some, better, strict=True)]
        rows.append(
            [
                f"llama-server {name}"
                if name in FORMATS
                else f"havoc {'serve ' if arguments.http else ''}{name}",
                f"{statistics.median([one[0] for one in some]):,.0f}",
                spread(ratio),
                *(f"{statistics.median([one[at] for one in some]):.3f} s" for at in (1, 2)),
            ]
        )
    title = (
        f"{arguments.preset}, {arguments.streams} streams of {MADE} tokens, {arguments.threads} "
        f"threads, {arguments.repeats} turns"
    )
    header = ["engine", "tokens/s", "to the better server", "first token", "p95"]
    print_table(title, header, rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--llama", type=Path, required=True, help="folder of llama-server")
    parser.add_argument("--tokenizer", required=True, help="a vocabulary of 16,384 ids")
    parser.add_argument("--preset", default="havoc-25m")
    parser.add_argument("--kinds", nargs="+", default=list(KINDS), choices=KINDS)
    parser.add_argument("--streams", type=int, default=32)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--http", action="store_true", help="ask our server, not our engine")
    parser.add_argument("--events", action="store_true", help="over HTTP, streams of events")
    arguments = parser.parse_args()
    if arguments.events and not arguments.http:
        parser.error("--events goes with --http")
    with tempfile.TemporaryDirectory() as folder:
        measure(arguments, Path(folder))


if __name__ == "__main__":
    main()
