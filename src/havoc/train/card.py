"""The card of a run: what was trained, on what, how, and what came out."""

from __future__ import annotations

import platform
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import torch

from havoc.model.count import count_parameters, training_flops

if TYPE_CHECKING:
    from havoc.train.runs import Run
    from havoc.train.trainer import Progress, Trainer


@dataclass(frozen=True, slots=True)
class RunCard:
    """``facts`` go into the bundle's ``card.json``, ``text`` is ``card.md``."""

    facts: dict[str, Any]
    text: str


def run_card(
    run: Run, progress: Progress, trainer: Trainer, threads: int, samples: dict[str, Any]
) -> RunCard:
    """The card of a finished run; ``samples`` says what there was to train on."""
    count = count_parameters(run.config)
    last = {name: value for name, value in progress.history[-1].items() if name != "step"}
    device = torch.cuda.get_device_name() if trainer.device.type == "cuda" else platform.machine()
    flops = progress.tokens * training_flops(run.config, run.settings.sequence_length)
    held_out = any(value for name, value in samples.items() if name.startswith("held_out"))
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
        "validated_on": "held-out samples" if held_out else "training samples",
        "best_step": progress.best_step,
        "samples": samples,
        "settings": asdict(run.settings),
        "data_digest": run.data_digest,
        "tokenizer_digest": run.tokenizer_digest,
        "base_weights": run.base,
        "hardware": {"device": device, "threads": threads, "processes": trainer.parallel.size},
        "torch": str(torch.__version__),
    }
    return RunCard(facts, _text(facts))


def _text(facts: dict[str, Any]) -> str:
    hardware = facts["hardware"]
    threads, processes = hardware["threads"], hardware["processes"]
    lines = [
        f"# {facts['phase']} of a network of {facts['parameters']:,} parameters",
        "",
        f"{facts['steps']:,} steps, {facts['tokens']:,} tokens, {facts['training_flops']:.3g} "
        f"floating-point operations, {_duration(facts['training_seconds'])} on "
        f"{hardware['device']} (threads: {threads}, processes: {processes}).",
        "",
        f"| figure on {facts['validated_on']}, step {facts['steps']:,} | value |",
        "|---|---|",
        *_rows(facts["validation"]),
        "",
        "| samples | value |",
        "|---|---|",
        *_rows(facts["samples"]),
        "",
        "| setting | value |",
        "|---|---|",
        *_rows(facts["settings"]),
        "",
        f"Best figure at step {facts['best_step']}; the bundle holds the weights of the last.  ",
        f"Data {facts['data_digest']}  ",
        f"Tokenizer {facts['tokenizer_digest']}  ",
        *([f"Began with the weights {facts['base_weights']}  "] if facts["base_weights"] else []),
        f"havoc {facts['havoc']}, torch {facts['torch']}",
        "",
    ]
    return "\n".join(lines)


def _rows(values: dict[str, Any]) -> list[str]:
    return [f"| {name.replace('_', ' ')} | {_shown(value)} |" for name, value in values.items()]


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} seconds"
    return f"{seconds / 60:.1f} minutes" if seconds < 5400 else f"{seconds / 3600:.2f} hours"
