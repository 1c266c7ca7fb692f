"""Tokens a second and peak memory of training: ours beside transformers, in one run.

python benchmarks/training_speed.py [--presets havoc-3m havoc-25m] [--repeats 7] [--steps 3]

Both train the same network (its shape from the preset, drawn at random) on the same batches
of 8 sequences of 256 tokens with as many threads: transformers' LlamaForCausalLM with
torch.optim.AdamW(fused=True) and clipping, eager, as its users write the loop; ours is the
step of havoc.train.Trainer, eager and compiled. Every engine has a process of its own, and
the processes take turns, so that each ratio compares neighbours in time.
"""

from __future__ import annotations

import argparse
import multiprocessing
import statistics
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from table import print_table

BATCH, LENGTH = 8, 256
ENGINES = (
    "transformers",
    "havoc",
    "havoc, compiled",
    "transformers, bf16",
    "havoc, bf16",
    "havoc, bf16, compiled",
)


def worker(engine: str, preset_name: str, threads: int, pipe: Connection) -> None:
    """Build one engine, then run as many steps as asked and answer with seconds and MiB."""
    import resource

    import torch

    torch.set_num_threads(threads)
    build_step = _transformers if engine.startswith("transformers") else _ours
    step = build_step(preset_name, engine)
    for _ in range(3):
        step()
    pipe.send("ready")
    while (steps := pipe.recv()) is not None:
        start = time.perf_counter()
        for _ in range(steps):
            step()
        seconds = time.perf_counter() - start
        pipe.send((seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))


def batches(vocab_size: int) -> Any:
    """The same random tokens for every engine."""
    import torch

    generator = torch.Generator().manual_seed(1)
    return torch.randint(128, vocab_size, (BATCH, LENGTH + 1), generator=generator)


def _transformers(preset_name: str, engine: str) -> Any:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    from havoc.model import preset

    config = preset(preset_name)
    network = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=config.vocab_size,
            hidden_size=config.d_model,
            num_hidden_layers=config.num_layers,
            num_attention_heads=config.num_heads,
            num_key_value_heads=config.num_kv_heads,
            head_dim=config.head_dim,
            intermediate_size=config.d_ff,
            max_position_embeddings=config.max_seq_len,
            tie_word_embeddings=True,
        )
    )
    tokens = batches(config.vocab_size)[:, :-1].contiguous()
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-4, weight_decay=0.1, fused=True)

    def step() -> None:
        with torch.autocast("cpu", torch.bfloat16, enabled="bf16" in engine):
            loss = network(tokens, labels=tokens).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()

    return step


class RandomTask:
    """Random tokens as a task of the trainer."""

    digest = "random"

    def __init__(self, vocab_size: int) -> None:
        self._tokens = batches(vocab_size).numpy().astype("int32")

    def batch(self, indices: Any) -> dict[str, Any]:
        return {"tokens": self._tokens[:, :-1].copy(), "targets": self._tokens[:, 1:].copy()}

    def weight(self, batch: dict[str, Any]) -> float:
        return float(batch["targets"].size)

    def tokens(self, batch: dict[str, Any]) -> int:
        return int(batch["tokens"].size)

    def loss(self, model: Any, batch: dict[str, Any]) -> Any:
        return model(batch["tokens"], batch["targets"])


def _ours(preset_name: str, engine: str) -> Any:
    from havoc.model import preset
    from havoc.model.network import build
    from havoc.train.settings import TrainSettings
    from havoc.train.tracking import Events
    from havoc.train.trainer import PRECISIONS, Trainer

    config = preset(preset_name)
    settings = TrainSettings(
        batch_size=BATCH,
        sequence_length=LENGTH,
        learning_rate=1e-4,
        min_learning_rate=0.0,
        precision="bf16" if "bf16" in engine else "fp32",
        compile="compiled" in engine,
    )
    model = build(config, compute_dtype=PRECISIONS[settings.precision]).initialise(0)
    task: Any = RandomTask(config.vocab_size)
    return Trainer(model, task, settings, Path(tempfile.mkdtemp()), Events([])).step


def measure(preset_name: str, repeats: int, steps: int, threads: int) -> None:
    """Print one table."""
    context = multiprocessing.get_context("spawn")
    pipes = {}
    processes = []
    for engine in ENGINES:
        ours, theirs = context.Pipe()
        process = context.Process(target=worker, args=(engine, preset_name, threads, theirs))
        process.start()
        theirs.close()
        processes.append(process)
        pipes[engine] = ours
        ours.recv()
    rates: dict[str, list[float]] = {engine: [] for engine in ENGINES}
    memory: dict[str, float] = {}
    for _ in range(repeats):
        for engine, pipe in pipes.items():
            pipe.send(steps)
            seconds, memory[engine] = pipe.recv()
            rates[engine].append(steps * BATCH * LENGTH / seconds)
    for pipe in pipes.values():
        pipe.send(None)
    for process in processes:
        process.join()
    rows = []
    for engine in ENGINES:
        ratios = [a / b for a, b in zip(rates[engine], rates["transformers"], strict=True)]
        rows.append(
            [
                engine,
                f"{statistics.median(rates[engine]):,.0f}",
                f"{statistics.median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})",
                f"{memory[engine]:,.0f}",
            ]
        )
    title = f"{preset_name}, {BATCH} x {LENGTH} tokens, {threads} threads, {repeats} repeats"
    print_table(title, ["engine", "tokens/s", "ratio (spread)", "peak MiB"], rows)
    print()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--presets", nargs="+", default=["havoc-3m", "havoc-25m"])
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    namespace = parser.parse_args()
    for name in namespace.presets:
        measure(name, namespace.repeats, namespace.steps, namespace.threads)


if __name__ == "__main__":
    main()
