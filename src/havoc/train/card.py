"""The card of a run: what was trained, on what, how, and what came out."""

from __future__ import annotations

import platform
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import torch

from havoc.model.count import count_parameters, training_flops

if TYPE_CHECKING:
    from havoc.train.phases import Run
    from havoc.train.trainer import Progress, Trainer


@dataclass(frozen=True, slots=True)
class RunCard:
    """``facts`` go into the bundle's ``card.json``, ``text`` is ``card.md``."""

    facts: dict[str, Any]
    text: str


def run_card(run: Run, progress: Progress, trainer: Trainer, threads: int) -> RunCard:
    """The card of a finished run."""
    count = count_parameters(run.config)
    last = {name: value for name, value in progress.history[-1].items() if name != "step"}
    device = torch.cuda.get_device_name() if trainer.device.type == "cuda" else platform.machine()
    flops = progress.tokens * training_flops(run.config, run.settings.sequence_length)
    facts: dict[str, Any] = {
        "phase": run.phase,
        "havoc": run.havoc,
        "parameters": count.total,
        "parameters_without_embedding": count.hidden + count.norms,
        "steps": progress.step,
        "tokens": progress.tokens,
        "training_flops": flops,
        "training_seconds": progress.seconds,
        "validation": last,
        "best_step": progress.best_step,
        "settings": asdict(run.settings),
        "data_digest": run.data_digest,
        "tokenizer_digest": run.tokenizer_digest,
        "base_weights": run.base,
        "hardware": {"device": device, "threads": threads, "processes": trainer.parallel.size},
        "torch": str(torch.__version__),
    }
    lines = [
        f"# {run.phase} of a network of {count.total:,} parameters",
        "",
        f"{progress.step:,} steps, {progress.tokens:,} tokens, {flops:.3g} floating-point "
        f"operations, {progress.seconds / 3600:.2f} hours on {device} ({threads} threads, "
        f"{trainer.parallel.size} processes).",
        "",
        "| figure on held-out samples | value |",
        "|---|---|",
        *(f"| {name.replace('_', ' ')} | {value:.4f} |" for name, value in last.items()),
        "",
        "| setting | value |",
        "|---|---|",
        *(f"| {name} | {value} |" for name, value in asdict(run.settings).items()),
        "",
        f"Data {run.data_digest}  ",
        f"Tokenizer {run.tokenizer_digest}  ",
        f"havoc {run.havoc}, torch {torch.__version__}",
        "",
    ]
    return RunCard(facts, "\n".join(lines))
