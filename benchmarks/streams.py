"""32 streams at once: our engine in process beside llama-server with 32 slots, in turns.

python benchmarks/streams.py --llama FOLDER --tokenizer FOLDER [--preset havoc-25m] [--repeats 5]

FOLDER of --llama holds llama-server and llama-quantize, built natively from the sources that the
sdist of llama-cpp-python carries (vendor/llama.cpp):

    cmake -S . -B build -DGGML_NATIVE=ON -DLLAMA_OPENSSL=OFF -DLLAMA_USE_PREBUILT_UI=OFF
    cmake --build build --target llama-server llama-quantize

The same weights (drawn at random) and the same prompts of 60 to 100 ids, all sent at once, 64 new
tokens each, greedy, the end of text ignored; as many threads on both sides. A server that is not
asked is stopped by a signal, so that it takes no processor time. Tokens a second are those of
whole answers (no stream of events, which would cost llama-server more than it costs us); the
time to the first token is taken in a second run, of one token each.
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
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from decode_speed import drawn_bundle, quantised, spread
from table import print_table

from havoc.bundle.gguf import export_gguf
from havoc.infer import InferenceEngine, SamplingParams, load_backend
from havoc.model import preset
from havoc.tokenizer import HavocTokenizer

MADE, CONTEXT = 64, 192
KINDS = ("fp32", "int8", "ternary")
FORMATS = ("F32", "Q8_0")
Figures = tuple[float, float, float]
"""Tokens a second, and seconds to the first token: median and 95th percentile."""


def prompts(vocab_size: int, count: int) -> list[list[int]]:
    pick = random.Random(0)
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


def answered(port: int, prompt: list[int], made: int) -> float:
    """Seconds of one request; it must bring as many tokens as were asked for."""
    asked = {
        "prompt": prompt,
        "n_predict": made,
        "temperature": 0,
        "ignore_eos": True,
        "cache_prompt": False,
    }
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/completion",
        json.dumps(asked).encode(),
        {"Content-Type": "application/json"},
    )
    start = time.perf_counter()
    with urllib.request.urlopen(request, timeout=300) as answer:
        said = json.load(answer)
    assert said["tokens_predicted"] == made, said
    return time.perf_counter() - start


def theirs(port: int, asked: list[list[int]]) -> Figures:
    """All prompts at once to one server."""
    with ThreadPoolExecutor(len(asked)) as pool:
        start = time.perf_counter()
        list(pool.map(lambda prompt: answered(port, prompt, MADE), asked))
        seconds = time.perf_counter() - start
        first = list(pool.map(lambda prompt: answered(port, prompt, 1), asked))
    return len(asked) * MADE / seconds, *percentiles(first)


@contextlib.contextmanager
def server(tools: Path, model: Path, threads: int, slots: int) -> Iterator[tuple[Any, int]]:
    """A llama-server that has loaded ``model``, and its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(tools / "llama-server"), "-m", str(model), "--port", str(port)]
    command += ["-np", str(slots), "-c", str(slots * CONTEXT), "-t", str(threads)]
    command += ["-tb", str(threads), "--no-ui", "--cache-ram", "0", "--log-disable"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(600):
            if process.poll() is not None:
                raise RuntimeError(f"llama-server ended with {process.returncode}")
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
    asked = prompts(tokenizer.vocab_size, arguments.streams)
    engines = {
        kind: InferenceEngine(
            load_backend(bundle, kind, threads=arguments.threads), tokenizer, prefix_cache=False
        )
        for kind in arguments.kinds
    }
    figures: dict[str, list[Figures]] = {name: [] for name in (*FORMATS, *engines)}
    with contextlib.ExitStack() as stack:
        servers = {}
        for name in FORMATS:
            model = quantised(arguments.llama, source, name)
            servers[name] = stack.enter_context(
                server(arguments.llama, model, arguments.threads, arguments.streams)
            )
            servers[name][0].send_signal(signal.SIGSTOP)
        for turn in range(arguments.repeats + 1):  # the first one warms
            for name, (process, port) in servers.items():
                process.send_signal(signal.SIGCONT)
                figures[name].append(theirs(port, asked))
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
                f"llama-server {name}" if name in FORMATS else f"havoc {name}",
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
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measure(arguments, Path(folder))


if __name__ == "__main__":
    main()
