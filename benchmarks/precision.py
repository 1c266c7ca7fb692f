"""What products in bf16 cost in quality: the same runs in fp32 and in bf16, at equal tokens.

python benchmarks/precision.py SHARDS TOKENIZER [--preset havoc-1m] [--steps 150] [--seeds 3]

Weights, gradients and optimiser states are fp32 in both. The difference in validation bits per
byte is paired by seed, with a 95 % t interval. Runs go to a temporary folder.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from pathlib import Path

from optimizers import train
from scipy import stats
from table import print_table

RATES = {"adamw": 3e-3, "muon": 1e-2}
"""The best of the grid of optimizers.py."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("shards")
    parser.add_argument("tokenizer")
    parser.add_argument("--preset", default="havoc-1m")
    parser.add_argument("--steps", type=int, default=150)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as name:
        for optimizer, rate in RATES.items():
            bits = {
                precision: [
                    train(arguments, Path(name), optimizer, rate, seed, precision)[0]
                    for seed in range(arguments.seeds)
                ]
                for precision in ("fp32", "bf16")
            }
            differences = [b - f for b, f in zip(bits["bf16"], bits["fp32"], strict=True)]
            interval = stats.ttest_1samp(differences, 0.0).confidence_interval(0.95)
            rows.append(
                [
                    optimizer,
                    *(f"{statistics.mean(bits[precision]):.4f}" for precision in bits),
                    f"{statistics.mean(differences):+.4f}",
                    f"{interval.low:+.4f} to {interval.high:+.4f}",
                ]
            )
    tokens = arguments.steps * 16 * 256
    title = f"{arguments.preset}, {tokens:,} tokens, {arguments.seeds} seeds, bits per byte"
    print_table(title, ["optimiser", "fp32", "bf16", "bf16 - fp32", "95 % interval"], rows)


if __name__ == "__main__":
    main()
