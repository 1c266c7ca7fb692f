"""Tokens a second of decoding and prefill: ours beside llama.cpp's own tool, in turns.

python benchmarks/decode_speed.py --llama FOLDER [--presets havoc-25m] [--repeats 5] [--threads 2]

FOLDER holds llama-bench and llama-quantize, built natively from the sources that the sdist of
llama-cpp-python carries (vendor/llama.cpp):

    cmake -S . -B build -DGGML_NATIVE=ON && cmake --build build --target llama-bench llama-quantize

Weights are drawn at random: speed does not depend on them. Both sides read 512 tokens, then 128
one by one, and sample nothing. TQ2_0 gets its embedding and head as Q8_0, ours as int8. Beside
the ratio stands what the reading of the weights alone allows, from a copy-free read of memory
measured in the same run.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from table import print_table

from havoc.bundle import Bundle, weight_shapes, write_bundle
from havoc.bundle.gguf import export_gguf
from havoc.infer.backend import Step
from havoc.infer.native import NativeBackend
from havoc.model import HavocConfig, preset
from havoc.tokenizer import HavocTokenizer

PROMPT, MADE = 512, 128
PAIRS = (("fp32", "F32"), ("int8", "Q8_0"), ("ternary", "TQ2_0"))


def drawn_bundle(folder: Path, config: HavocConfig, tokenizer: HavocTokenizer) -> Bundle:
    """A bundle of random weights."""
    generator = np.random.default_rng(0)
    weights = {
        name: generator.normal(0, 0.02, shape).astype(np.float32)
        for name, shape in weight_shapes(config).items()
    }
    return Bundle.open(write_bundle(folder, config, weights, tokenizer, {}), verify=False)


def quantised(tools: Path, source: Path, kind: str) -> Path:
    """The GGUF file in another format, by llama.cpp."""
    if kind == "F32":
        return source
    out = source.with_name(f"{kind}.gguf")
    outer = ["--output-tensor-type", "q8_0", "--token-embedding-type", "q8_0"]
    command = [str(tools / "llama-quantize"), *outer, str(source), str(out), kind]
    subprocess.run(command, check=True, capture_output=True)
    return out


def theirs(tools: Path, model: Path, threads: int) -> tuple[float, float]:
    """Prefill and decode of llama-bench, tokens a second."""
    command = [str(tools / "llama-bench"), "-m", str(model), "-p", str(PROMPT), "-n", str(MADE)]
    command += ["-t", str(threads), "-r", "1", "-o", "json"]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    rows = json.loads(said)
    prefill = next(row["avg_ts"] for row in rows if row["n_prompt"])
    decode = next(row["avg_ts"] for row in rows if row["n_gen"])
    return float(prefill), float(decode)


def ours(backend: Any, tokens: Any) -> tuple[float, float]:
    """The same of our backend."""
    cache = backend.new_cache(-(-(PROMPT + MADE) // 16))
    table = np.arange((PROMPT + MADE) // 16, dtype=np.int32)[None]

    def read(start: int, count: int) -> None:
        backend.run(
            cache,
            Step(
                tokens[start : start + count],
                np.arange(start, start + count, dtype=np.int32),
                np.zeros(count, np.int32),
                table,
                np.asarray([count - 1], np.int32),
            ),
        )

    read(0, PROMPT)  # warm
    begin = time.perf_counter()
    read(0, PROMPT)
    middle = time.perf_counter()
    for place in range(MADE):
        read(place, 1)  # from the beginning, as llama-bench does
    end = time.perf_counter()
    return PROMPT / (middle - begin), MADE / (end - middle)


def read_rate(size: int) -> float:
    """Bytes a second at which one thread reads ``size`` bytes again and again."""
    data = np.ones(size // 8, np.int64)
    best = np.inf
    for _ in range(7):
        start = time.perf_counter()
        data.sum()
        best = min(best, time.perf_counter() - start)
    return size / float(best)


def spread(values: list[float]) -> str:
    return f"{statistics.median(values):.2f} ({min(values):.2f}-{max(values):.2f})"


def measure(arguments: argparse.Namespace, name: str, folder: Path) -> None:
    """Print one table."""
    tokenizer = HavocTokenizer.load(arguments.tokenizer)
    config = preset(name, vocab_size=tokenizer.vocab_size, max_seq_len=1024)
    bundle = drawn_bundle(folder / "bundle", config, tokenizer)
    source = export_gguf(bundle, folder / "F32.gguf", precision="fp32")
    tokens = np.random.default_rng(1).integers(128, config.vocab_size, PROMPT + MADE)
    tokens = tokens.astype(np.int32)
    rows = []
    fp32: list[float] = []
    for kind, format_name in PAIRS:
        backend = NativeBackend(config, bundle.weights, kind, threads=arguments.threads)
        model = quantised(arguments.llama, source, format_name)
        ours(backend, tokens)
        turns = [
            (ours(backend, tokens), theirs(arguments.llama, model, arguments.threads))
            for _ in range(arguments.repeats)
        ]
        decode = [mine[1] for mine, _ in turns]
        fp32 = fp32 or decode
        ceiling = arguments.threads * read_rate(backend.weight_bytes) / backend.weight_bytes
        rows.append(
            [
                f"{kind} / {format_name}",
                f"{statistics.median(decode):,.0f}",
                f"{statistics.median([other[1] for _, other in turns]):,.0f}",
                spread([mine[1] / other[1] for mine, other in turns]),
                f"{statistics.median(decode) / statistics.median(fp32):.1f}",
                f"{statistics.median(decode) / ceiling:.0%}",
                f"{statistics.median([mine[0] for mine, _ in turns]):,.0f}",
                f"{statistics.median([other[0] for _, other in turns]):,.0f}",
                spread([mine[0] / other[0] for mine, other in turns]),
            ]
        )
    title = f"{name}, {arguments.threads} threads, {arguments.repeats} turns, tokens a second"
    header = ["weights", "decode", "llama.cpp", "ratio", "to fp32", "of reading", "prefill"]
    print_table(title, [*header, "llama.cpp", "ratio"], rows)
    print()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--llama", type=Path, required=True, help="folder of llama-bench")
    parser.add_argument("--tokenizer", required=True, help="a vocabulary of 16,384 ids")
    parser.add_argument("--presets", nargs="+", default=["havoc-25m", "havoc-110m"])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    for name in arguments.presets:
        with tempfile.TemporaryDirectory() as folder:
            measure(arguments, name, Path(folder))


if __name__ == "__main__":
    main()
