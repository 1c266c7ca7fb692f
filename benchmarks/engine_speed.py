"""The engine beside transformers: many streams, one stream, constrained calls, loading.

python benchmarks/engine_speed.py --tokenizer FOLDER [--preset havoc-25m] [--repeats 5]

Weights are drawn at random, the same for both sides; prompts of 60 to 100 tokens, 64 new ones,
greedy, the end of text ignored. transformers generates the streams as one padded batch, which
is the best that it offers without a server. Both sides take turns in one process, so that each
ratio compares neighbours in time.
"""

from __future__ import annotations

import argparse
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from decode_speed import drawn_bundle, spread
from table import print_table

from havoc.bundle import Bundle
from havoc.bundle.codes import quantise_bundle
from havoc.bundle.huggingface import export_huggingface
from havoc.infer import InferenceEngine, SamplingParams, Step, _native, load_backend
from havoc.infer.call_grammar import call_grammar
from havoc.infer.constraints import Compiler, Constraint, JsonSchema
from havoc.infer.torch_backend import TorchBackend
from havoc.model import preset
from havoc.tokenizer import HavocTokenizer
from havoc.tools import registry

STREAMS, MADE = 32, 64
FREE = SamplingParams(max_tokens=MADE, ignore_eos=True)


def prompts(tokenizer: HavocTokenizer, count: int) -> list[list[int]]:
    pick = random.Random(0)
    return [
        [1, *(pick.randrange(128, tokenizer.vocab_size) for _ in range(pick.randint(60, 100)))]
        for _ in range(count)
    ]


def our_streams(backend: Any, tokenizer: HavocTokenizer, count: int) -> tuple[float, float]:
    """Tokens a second of ``count`` streams together, and the 95th percentile of the first."""
    engine = InferenceEngine(backend, tokenizer, prefix_cache=False)
    start = time.perf_counter()
    results = engine.generate(prompts(tokenizer, count), FREE)
    seconds = time.perf_counter() - start
    first = sorted(result.first_token_seconds for result in results)
    return count * MADE / seconds, first[min(count - 1, int(0.95 * count))]


def their_streams(network: Any, tokenizer: HavocTokenizer, count: int) -> float:
    """The same as one padded batch of transformers."""
    import torch

    lists = prompts(tokenizer, count)
    longest = max(map(len, lists))
    ids = torch.tensor([[0] * (longest - len(item)) + item for item in lists])
    mask = torch.tensor([[0] * (longest - len(item)) + [1] * len(item) for item in lists])
    start = time.perf_counter()
    with torch.inference_mode():
        network.generate(
            ids,
            attention_mask=mask,
            max_new_tokens=MADE,
            min_new_tokens=MADE,
            do_sample=False,
            pad_token_id=0,
        )
    return count * MADE / (time.perf_counter() - start)


def streams(arguments: argparse.Namespace, bundle: Bundle, folder: Path) -> None:
    """Our backends beside transformers."""
    import torch
    from transformers import AutoModelForCausalLM

    torch.set_num_threads(arguments.threads)
    export_huggingface(bundle, folder / "hf", precision="fp32")
    network = AutoModelForCausalLM.from_pretrained(folder / "hf", dtype=torch.float32)
    prefill(arguments, bundle, network)
    tokenizer = bundle.own_tokenizer()
    sides: dict[str, Any] = {
        kind: load_backend(bundle, kind, threads=arguments.threads)
        for kind in ("fp32", "int8", "ternary")
    }
    sides["torch backend"] = TorchBackend(bundle)
    for count in (1, STREAMS):
        ratios: dict[str, list[float]] = {name: [] for name in sides}
        rates: dict[str, list[float]] = {name: [] for name in (*sides, "transformers")}
        first: dict[str, list[float]] = {name: [] for name in sides}
        for _ in range(arguments.repeats):
            peer = their_streams(network, tokenizer, count)
            rates["transformers"].append(peer)
            for name, backend in sides.items():
                rate, ninety_five = our_streams(backend, tokenizer, count)
                rates[name].append(rate)
                ratios[name].append(rate / peer)
                first[name].append(ninety_five)
        rows = [["transformers generate", f"{statistics.median(rates['transformers']):,.0f}"]]
        rows[0] += ["1.00", ""]
        rows += [
            [
                name,
                f"{statistics.median(rates[name]):,.0f}",
                spread(ratios[name]),
                f"{statistics.median(first[name]):.2f} s",
            ]
            for name in sides
        ]
        title = f"{arguments.preset}, {count} streams of {MADE} tokens, {arguments.threads} threads"
        print_table(title, ["engine", "tokens/s", "ratio", "first token, p95"], rows)
        print()


def mask_times(tokenizer: HavocTokenizer, constraint: Constraint, tokens: list[int]) -> list[float]:
    """Seconds of the mask at each place of a text under its constraint."""
    global compiler
    compiler = compiler or Compiler(tokenizer)
    matcher = compiler.matcher(constraint)
    times = []
    for token in tokens:
        start = time.perf_counter()
        matcher.allowed()
        times.append(time.perf_counter() - start)
        matcher.accept([token])
    return times


def guesses(arguments: argparse.Namespace, bundle: Bundle, texts: list[str]) -> None:
    """Greedy continuations of real texts, read ahead by guesses and not; the same tokens."""
    tokenizer = bundle.own_tokenizer()
    rows = []
    for kind in ("fp32", "int8", "ternary"):
        backend = load_backend(bundle, kind, threads=arguments.threads)
        engines = [InferenceEngine(backend, tokenizer, guess_within=within) for within in (0, 2)]
        for name, asked in (
            ("goes on", texts),
            ("quotes", [2 * f"{t}\n\n" + t[:60] for t in texts]),
        ):
            seconds: list[list[float]] = [[], []]
            steps = [0, 0]
            for _ in range(arguments.repeats + 1):
                made = []
                for place, engine in enumerate(engines):
                    before, start = engine.steps, time.perf_counter()
                    params = SamplingParams(max_tokens=100)
                    made.append([engine.generate([text], params)[0].tokens for text in asked])
                    seconds[place].append(time.perf_counter() - start)
                    steps[place] = engine.steps - before
                assert made[0] == made[1]
            ratios = [plain / guessed for plain, guessed in zip(*seconds, strict=True)][1:]
            rows.append([kind, name, f"{steps[1] / steps[0]:.2f}", spread(ratios)])
    print_table("Guesses (one stream)", ["weights", "text", "steps, to plain", "speed"], rows)


def prefill(arguments: argparse.Namespace, bundle: Bundle, network: Any) -> None:
    """512 tokens at once, fp32, beside transformers."""
    import torch

    backend = load_backend(bundle, "fp32", threads=arguments.threads)
    tokens = np.arange(300, 812, dtype=np.int32)
    cache = backend.new_cache(32)
    table = np.arange(32, dtype=np.int32)[None]
    zeros = np.zeros(512, np.int32)
    step = Step(tokens, np.arange(512, dtype=np.int32), zeros, table, np.asarray([511], np.int32))
    ids = torch.from_numpy(tokens)[None].long()

    def theirs() -> None:
        with torch.inference_mode():
            network(ids, logits_to_keep=1)

    sides = [lambda: backend.run(cache, step), theirs]
    times: list[list[float]] = [[], []]
    for _ in range(arguments.repeats + 1):
        for place, side in enumerate(sides):
            start = time.perf_counter()
            side()
            times[place].append(time.perf_counter() - start)
    ratios = [theirs / mine for mine, theirs in zip(*times, strict=True)][1:]
    rates = [f"{512 / statistics.median(some[1:]):,.0f}" for some in times]
    print_table(
        "Prefill of 512 tokens", ["fp32", "transformers", "ratio"], [[*rates, spread(ratios)]]
    )


def kernels() -> None:
    """[tokens, 2048] times [2048, 2048], one thread: billions of products of weights a second."""
    rows = []
    for kind in ("ternary", "int8"):
        for tokens in (1, 32, 2048):
            seconds = _native.time_product(_native.kernels()[0], kind, tokens, 2048, 2048)
            rows.append([kind, tokens, f"{tokens * 2048**2 / seconds / 1e9:.0f}"])
    print_table("One product alone", ["weights", "tokens", "G MAC/s a core"], rows)


compiler: Compiler | None = None


def constrained(arguments: argparse.Namespace, bundle: Bundle) -> None:
    """Tool calls under their grammar, beside as many tokens without one."""
    tokenizer = bundle.own_tokenizer()
    backend = load_backend(bundle, "int8", threads=arguments.threads)
    operation = "t_test_two_sample"
    schema = registry.get(operation).schema()
    slots = {"<d0>": [1.5, 2.5], "<d1>": [2.5, 3.5], "<n0>": 0.05}
    ways = {
        "tool call, slots": call_grammar("python_math", operation, schema, slots),
        "JSON Schema of the answer": JsonSchema(
            {
                "type": "object",
                "properties": {
                    "operation": {"enum": sorted(registry)},
                    "significant": {"type": "boolean"},
                    "reason": {"enum": ["assumption violated", "too few values", "none"]},
                },
                "required": ["operation", "significant", "reason"],
                "additionalProperties": False,
            }
        ),
    }
    rows = []
    engine = InferenceEngine(backend, tokenizer, guess_within=0)
    prompt = prompts(tokenizer, 1)
    masks: list[float] = []
    for name, constraint in ways.items():
        start = time.perf_counter()
        engine.generate(prompt, SamplingParams(max_tokens=1), constraint=constraint)
        compiled = time.perf_counter() - start
        for temperature in (0.0, 1.0):
            ratios, rates, steps = [], [], []
            for turn in range(arguments.repeats):
                before = engine.steps
                start = time.perf_counter()
                params = SamplingParams(max_tokens=200, temperature=temperature, seed=turn)
                (result,) = engine.generate(prompt, params, constraint=constraint)
                bound = len(result.tokens) / (time.perf_counter() - start)
                used = engine.steps - before
                free = SamplingParams(
                    max_tokens=len(result.tokens), temperature=temperature, ignore_eos=True
                )
                start = time.perf_counter()
                (other,) = engine.generate(prompt, free)
                unbound = len(other.tokens) / (time.perf_counter() - start)
                ratios.append(bound / unbound)
                rates.append(bound)
                steps.append(used / len(result.tokens))
                masks += mask_times(tokenizer, constraint, result.tokens)
            rows.append(
                [
                    name,
                    f"{temperature:g}",
                    f"{statistics.median(rates):,.0f}",
                    spread(ratios),
                    f"{statistics.median(steps):.2f}",
                    f"{1000 * compiled:.0f} ms",
                ]
            )
    header = ["constraint (int8)", "temperature", "tokens/s", "ratio to free text"]
    header += ["steps a token", "the first one takes"]
    print_table("Constrained text beside free text", header, rows)
    microseconds = sorted(1e6 * seconds for seconds in masks)
    most = microseconds[int(0.99 * len(microseconds))]
    print(f"mask: median {statistics.median(microseconds):.0f} µs, 99th percentile {most:.0f} µs")
    print()


def loading(folder: Path, bundle: Bundle, repeats: int) -> None:
    """Opening and loading a bundle of int8 codes, checksums included, and importing the engine."""
    small = quantise_bundle(bundle, "int8", folder / "int8")

    def load() -> None:
        load_backend(Bundle.open(small))

    rows = [["open, verify and load", timed(load, repeats)]]
    for name in ("numpy", "havoc.infer.engine"):
        command = [sys.executable, "-c", f"import {name}"]
        rows.append([f"python -c 'import {name}'", timed(lambda c=command: run(c), repeats)])
    print_table("havoc-8m as int8", ["", "milliseconds"], rows)


def run(command: list[str]) -> None:
    subprocess.run(command, check=True)


def timed(work: Callable[[], Any], repeats: int) -> str:
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(1000 * (time.perf_counter() - start))
    return f"{statistics.median(times):.0f} ({min(times):.0f}-{max(times):.0f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tokenizer", required=True, help="a vocabulary of 16,384 ids")
    parser.add_argument("--preset", default="havoc-25m")
    parser.add_argument("--trained", help="a bundle that has learned to write, for the guesses")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    tokenizer = HavocTokenizer.load(arguments.tokenizer)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        config = preset(arguments.preset, vocab_size=tokenizer.vocab_size, max_seq_len=1024)
        bundle = drawn_bundle(folder / "bundle", config, tokenizer)
        streams(arguments, bundle, folder)
        constrained(arguments, bundle)
        kernels()
        if arguments.trained:
            documents = sorted(Path(__file__).parent.parent.glob("docs/*.md"))[:8]
            texts = [document.read_text()[:1500] for document in documents]
            guesses(arguments, Bundle.open(arguments.trained), texts)
        small = drawn_bundle(folder / "8m", preset("havoc-8m"), tokenizer)
        loading(folder, small, arguments.repeats)


if __name__ == "__main__":
    main()
