"""Peak memory as ``havoc plan`` predicts it beside what real training steps took.

python benchmarks/plan_accuracy.py [--runs havoc-3m:8x512 havoc-25m:4x512] [--steps 4]

Each figure is the largest resident memory of a fresh process that makes a few steps of
havoc.train.Trainer on random tokens, with documents, on the processor. The process of no
network is predicted too (a constant), so what is above it is compared for itself: there the
measured figure has its own base, that of a process which trained a network of a few numbers.
Exit code 1 where a prediction is more than 10 % off, with or without the base.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import tempfile
from pathlib import Path
from typing import Any

from table import print_table

LIMIT = 0.10
RUNS = ("havoc-3m:8x512", "havoc-8m:8x512", "havoc-25m:4x512")
STRATEGIES: dict[str, dict[str, Any]] = {
    "adamw fp32": {},
    "checkpointing": {"activation_checkpointing": 1},
    "8-bit states": {"optimizer": "adamw8bit"},
    "muon": {"optimizer": "muon"},
    "apollo, fused": {"optimizer": "apollo", "fused_backward": True, "max_gradient_norm": 0.0},
}
MIB = 1 << 20


class RandomTask:
    """Random tokens of two documents a sequence, as a task of the trainer."""

    digest = "random"

    def __init__(self, vocab_size: int, batch: int, length: int) -> None:
        import numpy as np

        drawn = np.random.default_rng(1).integers(0, vocab_size, (batch, length + 1))
        self._tokens = drawn.astype(np.int32)
        self._segments = np.zeros((batch, length), dtype=np.int32)
        self._segments[:, length // 2 :] = 1

    def batch(self, indices: Any) -> dict[str, Any]:
        return {
            "tokens": self._tokens[:, :-1].copy(),
            "targets": self._tokens[:, 1:].copy(),
            "segments": self._segments.copy(),
        }

    def weight(self, batch: dict[str, Any]) -> float:
        return float(batch["targets"].size)

    def tokens(self, batch: dict[str, Any]) -> int:
        return int(batch["tokens"].size)

    def loss(self, model: Any, batch: dict[str, Any]) -> Any:
        return model(batch["tokens"], batch["targets"], batch["segments"])


def worker(shape: dict[str, Any], values: dict[str, Any], steps: int, answer: Any) -> None:
    """Train in this process; put its peak of resident memory, in bytes."""
    import resource

    from havoc.model.config import HavocConfig
    from havoc.model.network import build
    from havoc.train.settings import TrainSettings
    from havoc.train.tracking import Events
    from havoc.train.trainer import Trainer

    config, settings = HavocConfig(**shape), TrainSettings(**values)
    model = build(config, checkpoint_every=settings.activation_checkpointing).initialise(0)
    task: Any = RandomTask(config.vocab_size, settings.batch_size, settings.sequence_length)
    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(model, task, settings, Path(folder), Events([]))
        for _ in range(steps):
            trainer.step()
            trainer.progress.step += 1
    answer.send(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)


def measure(shape: dict[str, Any], values: dict[str, Any], steps: int) -> int:
    """Peak resident memory of a fresh process, in bytes."""
    context = multiprocessing.get_context("spawn")
    answer, theirs = context.Pipe(duplex=False)
    process = context.Process(target=worker, args=(shape, values, steps, theirs))
    process.start()
    theirs.close()  # so that a process that fails is not waited for
    peak: int = answer.recv()
    process.join()
    return peak


def base(steps: int) -> int:
    """A process that has trained a network of a few numbers, in bytes."""
    shape = {"vocab_size": 64, "d_model": 8, "num_layers": 1, "num_heads": 1}
    shape |= {"num_kv_heads": 1, "d_ff": 8, "head_dim": 8, "max_seq_len": 32}
    return measure(shape, {"batch_size": 1, "sequence_length": 8}, steps)


def main() -> int:
    import dataclasses

    from havoc.model.config import preset
    from havoc.train.plan_memory import CPU_PROCESS, peak
    from havoc.train.plan_tensors import Step
    from havoc.train.settings import TrainSettings

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", nargs="+", default=RUNS, help="preset:batch x length")
    parser.add_argument("--strategies", nargs="+", default=list(STRATEGIES), choices=STRATEGIES)
    parser.add_argument("--steps", type=int, default=4)
    namespace = parser.parse_args()
    floor = base(namespace.steps)
    worst, rows = 0.0, []
    for run in namespace.runs:
        name, _, size = run.partition(":")
        batch, length = map(int, size.split("x"))
        config = preset(name)
        for strategy in namespace.strategies:
            values = {"batch_size": batch, "sequence_length": length, **STRATEGIES[strategy]}
            step = Step(config, TrainSettings(**values), "cpu")
            predicted = peak(step)
            taken = measure(dataclasses.asdict(config), values, namespace.steps)
            above = predicted.total - predicted.parts["fixed"]
            counted = above - predicted.parts["slack"]
            ratios = predicted.total / taken, above / (taken - floor)
            worst = max(worst, *(abs(ratio - 1) for ratio in ratios))
            sizes = (predicted.total, taken, above, taken - floor, counted)
            cells = [f"{size / MIB:,.0f}" for size in sizes]
            cells.insert(4, f"{ratios[1]:.3f}")
            cells.insert(2, f"{ratios[0]:.3f}")
            rows.append([f"{run} {strategy}", *cells])
            print(*rows[-1], sep="  ", file=sys.stderr, flush=True)
    header = ["MiB", "plan", "measured", "ratio", "above base", "measured", "ratio", "tensors"]
    print_table(
        f"base: predicted {CPU_PROCESS / MIB:,.0f}, measured {floor / MIB:,.0f} MiB; "
        f"{namespace.steps} steps each; 'tensors' is what was counted, without holes",
        header,
        rows,
    )
    print(f"worst: {worst:.1%} off")
    return int(worst > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
