"""What a training run is told: code defaults < YAML < command line. No torch."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from havoc.configuration import settings_of
from havoc.errors import InputError


def _setting(default: Any, help_line: str) -> Any:
    return dataclasses.field(default=default, metadata={"help": help_line})


CHOICES: dict[str, tuple[str, ...]] = {
    "optimizer": ("adamw", "muon", "adamw8bit", "apollo"),
    "schedule": ("cosine", "linear", "constant", "wsd"),
    "precision": ("fp32", "bf16", "fp16"),
    "weights": ("fp32", "bf16"),
    "parallel": ("none", "ddp", "fsdp"),
}


@dataclass(frozen=True, slots=True)
class TrainSettings:
    """The settings of one run. Raises InputError for values that no run can have."""

    max_steps: int = _setting(1000, "Optimiser steps of the whole run, at which the schedule ends.")
    batch_size: int = _setting(8, "Sequences of one forward pass on one device.")
    gradient_accumulation: int = _setting(1, "Forward passes of one optimiser step.")
    sequence_length: int = _setting(512, "Tokens of one sequence.")
    learning_rate: float = _setting(3e-4, "The highest learning rate.")
    min_learning_rate: float = _setting(3e-5, "The learning rate at the end of the schedule.")
    warmup_steps: int = _setting(100, "Steps in which the learning rate rises from zero.")
    schedule: str = _setting("cosine", "The course of the learning rate after the warm-up.")
    decay_fraction: float = _setting(0.2, "Last part of the steps in which the schedule wsd falls.")
    optimizer: str = _setting("adamw", "muon trains hidden matrices by Muon and the rest by AdamW.")
    apollo_rank: int = _setting(0, "Rank of apollo's projections; 0: a quarter of the matrix.")
    weight_decay: float = _setting(0.1, "Decoupled; not on norms.")
    dropout: float = _setting(
        0.0, "Part of what each block adds that is left out, for few data; 0: none."
    )
    max_gradient_norm: float = _setting(
        1.0, "Global norm that gradients are scaled down to; 0: never."
    )
    precision: str = _setting("fp32", "Precision of the products.")
    weights: str = _setting("fp32", "Precision in which the weights are kept.")
    ema_decay: float = _setting(
        0.0, "Decay of an average of the weights, used in place of them; 0: none."
    )
    activation_checkpointing: int = _setting(0, "Recompute every n-th block; 0: none.")
    fused_backward: bool = _setting(
        False, "Step each weight when its gradient is there, and free that."
    )
    offload_optimizer: bool = _setting(False, "Keep the optimiser's states in main memory.")
    compile: bool = _setting(False, "Compile the network: the first step takes a minute.")
    parallel: str = _setting("none", "How several processes of torchrun share the work.")
    seed: int = _setting(42, "Seed of the weights and of the order of the data.")
    save_every: int = _setting(250, "Steps between checkpoints.")
    keep_last: int = _setting(2, "Checkpoints that stay, beside the best.")
    eval_every: int = _setting(250, "Steps between validations; 0: only at the end.")
    eval_sequences: int = _setting(64, "Sequences of one validation; 0: all.")
    log_every: int = _setting(10, "Steps between events.")
    sample_tokens: int = _setting(48, "Tokens of a sample generation; 0: none.")
    minutes: float = _setting(0.0, "Save and stop after this time, to go on later; 0: no limit.")
    threads: int = _setting(0, "Threads of the processor; 0: as torch decides.")

    def __post_init__(self) -> None:
        for name in ("max_steps", "batch_size", "gradient_accumulation", "save_every"):
            if getattr(self, name) < 1:
                raise _wrong(name, getattr(self, name), "give 1 or more")
        for name in (
            *("warmup_steps", "activation_checkpointing", "keep_last", "eval_every"),
            *("eval_sequences", "sample_tokens", "minutes", "threads", "weight_decay"),
            *("max_gradient_norm", "seed", "min_learning_rate", "apollo_rank"),
        ):
            if not 0 <= getattr(self, name) < float("inf"):
                raise _wrong(name, getattr(self, name), "give 0 or more")
        if self.sequence_length < 2:
            raise _wrong("sequence_length", self.sequence_length, "give 2 or more")
        if self.log_every < 1 or self.keep_last < 1:
            raise _wrong("log_every, keep_last", "less than 1", "give 1 or more")
        if not 0 < self.learning_rate < 10:
            raise _wrong("learning_rate", self.learning_rate, "give a small positive number")
        if self.min_learning_rate > self.learning_rate:
            raise _wrong(
                "min_learning_rate", self.min_learning_rate, "give less than learning_rate"
            )
        if not 0 <= self.ema_decay < 1:
            raise _wrong("ema_decay", self.ema_decay, "give 0 or less than 1")
        if not 0 <= self.dropout < 1:
            raise _wrong("dropout", self.dropout, "give 0 or less than 1")
        for name, known in CHOICES.items():
            if getattr(self, name) not in known:
                raise _wrong(name, getattr(self, name), f"give one of {', '.join(known)}")
        if self.fused_backward and (self.gradient_accumulation > 1 or self.max_gradient_norm):
            raise InputError(
                "needs gradient_accumulation 1 and max_gradient_norm 0",
                where="fused_backward",
                remedy="no gradient is left to add up or to measure; set both",
            )
        if self.precision == "fp16" and (self.fused_backward or self.offload_optimizer):
            raise InputError(
                "scales the loss, which fused_backward and offload_optimizer cannot undo",
                where="precision",
                remedy="use bf16",
            )

    @property
    def sequences_per_step(self) -> int:
        """Sequences of one optimiser step in one process."""
        return self.batch_size * self.gradient_accumulation


def settings_from(values: dict[str, Any], *, where: str) -> TrainSettings:
    """Settings from plain values. Unknown keys are refused, with the name that was meant."""
    return settings_of(TrainSettings, values, where=where)


def _wrong(name: str, value: object, remedy: str) -> InputError:
    return InputError(f"is {value}", where=name, remedy=remedy)
