"""Muon against AdamW at equal tokens: the same network, data, order and schedule.

python benchmarks/optimizers.py SHARDS TOKENIZER [--preset havoc-1m] [--steps 150] [--seeds 3]

Each optimiser gets its own best learning rate out of the same grid (seed 0); then every seed is
trained with both, and the difference in validation bits per byte is paired by seed, with a 95 %
t interval. Runs go to a temporary folder.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from scipy import stats
from table import print_table

from havoc.model import preset
from havoc.tokenizer import HavocTokenizer
from havoc.train.phases import Where, pretrain
from havoc.train.settings import TrainSettings

GRID = (1e-3, 3e-3, 1e-2)


def train(
    arguments: argparse.Namespace,
    folder: Path,
    optimizer: str,
    rate: float,
    seed: int,
    precision: str = "fp32",
) -> tuple[float, float]:
    """Bits per byte on the held-out documents, and seconds."""
    tokenizer = HavocTokenizer.load(arguments.tokenizer)
    settings = TrainSettings(
        max_steps=arguments.steps,
        batch_size=16,
        sequence_length=256,
        learning_rate=rate,
        min_learning_rate=rate / 20,
        warmup_steps=arguments.steps // 10,
        optimizer=optimizer,
        precision=precision,
        eval_every=0,
        eval_sequences=256,
        sample_tokens=0,
        save_every=1_000_000,
        seed=seed,
        threads=arguments.threads,
    )
    start = time.perf_counter()
    out = folder / f"{optimizer}-{rate}-{seed}-{precision}"
    config = preset(arguments.preset, vocab_size=tokenizer.vocab_size)
    progress = pretrain(config, settings, Path(arguments.shards), tokenizer, Where(out, quiet=True))
    bits = progress.history[-1]["bits_per_byte"]
    print(f"{optimizer} {rate:g} {precision} seed {seed}: {bits:.4f} bits per byte", flush=True)
    return bits, time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("shards")
    parser.add_argument("tokenizer")
    parser.add_argument("--preset", default="havoc-1m")
    parser.add_argument("--steps", type=int, default=150)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    rows, results = [], {}
    with tempfile.TemporaryDirectory() as name:
        for optimizer in ("adamw", "muon"):
            tried = {r: train(arguments, Path(name), optimizer, r, 0) for r in GRID}
            best = min(tried, key=lambda rate: tried[rate][0])
            made = [tried[best]]
            made += [
                train(arguments, Path(name), optimizer, best, seed)
                for seed in range(1, arguments.seeds)
            ]
            bits, seconds = zip(*made, strict=True)
            results[optimizer] = bits
            rows.append(
                [
                    optimizer,
                    f"{best:g}",
                    f"{statistics.mean(bits):.4f}",
                    f"{min(bits):.4f}-{max(bits):.4f}",
                    f"{statistics.median(seconds):.0f}",
                ]
            )
    tokens = arguments.steps * 16 * 256
    title = f"{arguments.preset}, {tokens:,} tokens, {arguments.seeds} seeds"
    print_table(title, ["optimiser", "learning rate", "bits per byte", "range", "seconds"], rows)
    differences = [m - a for m, a in zip(results["muon"], results["adamw"], strict=True)]
    interval = stats.ttest_1samp(differences, 0.0).confidence_interval(0.95)
    print(
        f"Muon minus AdamW: {statistics.mean(differences):+.4f} bits per byte "
        f"(95 % interval {interval.low:+.4f} to {interval.high:+.4f}, paired by seed)"
    )


if __name__ == "__main__":
    main()
