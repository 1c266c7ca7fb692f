"""The training loop: from a task and settings to a run folder that survives anything.

A run folder holds ``run.json`` (settings and what they apply to), ``metrics.jsonl``,
``checkpoints/`` and, at the end, ``bundle/`` and ``card.md``. A step is a pure function of
the checkpoint before it and of the data, so a resumed run equals an undisturbed one, on the
processor bit for bit.
"""

from __future__ import annotations

import dataclasses
import math
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor

from havoc.data.randomness import step_seed
from havoc.errors import HavocError, InputError
from havoc.model.count import training_flops
from havoc.model.generate import continue_tokens
from havoc.model.network import HavocModel
from havoc.tokenizer import HavocTokenizer
from havoc.train.checkpoint import (
    Checkpoint,
    latest_checkpoint,
    load_checkpoint,
    prune,
    save_checkpoint,
)
from havoc.train.data import Arrays, Task, to_tensors
from havoc.train.ema import WeightAverage
from havoc.train.hardware import keep_freed_memory, matmul_rate
from havoc.train.optimizers import (
    OptimizerSettings,
    build_optimizer,
    load_optimizer_tensors,
    optimizer_tensors,
)
from havoc.train.optimizers.sharded import share, whole
from havoc.train.parallel import Parallel
from havoc.train.schedules import Schedule
from havoc.train.settings import TrainSettings
from havoc.train.sharded_checkpoint import load_sharded, save_sharded
from havoc.train.tracking import Events

CHECKPOINTS = "checkpoints"
PRECISIONS = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
MOST_SKIPPED = 20
"""Steps in a row that a too large loss scale may skip."""


class TrainingStopped(HavocError):
    """The run cannot go on: the loss is no number. Exit code 2."""


@dataclass(slots=True)
class Progress:
    """Where a run stands; saved with every checkpoint."""

    step: int = 0
    tokens: int = 0
    seconds: float = 0.0
    best_step: int | None = None
    best_loss: float = math.inf
    skipped: int = 0
    history: list[dict[str, float]] = field(default_factory=list)
    """The figures of every validation."""


class Trainer:
    """Runs a task on a network. See ``havoc.train.phases`` for how the phases use it."""

    def __init__(
        self,
        model: HavocModel,
        task: Task,
        settings: TrainSettings,
        folder: Path,
        events: Events,
        *,
        tokenizer: HavocTokenizer | None = None,
        prompts: Mapping[str, Sequence[int]] | None = None,
        parallel: Parallel | None = None,
    ) -> None:
        """``model`` lies on its device already. ``prompts``, by their text the ids that a sample
        generation goes on from. Raises InputError for impossible settings."""
        self.settings = settings
        self.task = task
        self.folder = folder
        self.events = events
        self.tokenizer = tokenizer
        self.prompts = prompts or {}
        self.parallel = parallel or Parallel.single(next(model.parameters()).device)
        self.progress = Progress()
        self.stop_requested = False
        self.device = self.parallel.device
        if settings.sequence_length > model.config.max_seq_len:
            raise InputError(
                f"is {settings.sequence_length}; the network has {model.config.max_seq_len} "
                "positions",
                where="sequence_length",
                remedy="give less, or train a network with a larger max_seq_len",
            )
        keep_freed_memory()
        self.bare = model
        self.model = self.parallel.wrap(model)
        self.optimizer = build_optimizer(model, optimizer_settings(settings))
        self.schedule = Schedule(
            kind=settings.schedule,
            peak=settings.learning_rate,
            minimum=settings.min_learning_rate,
            warmup_steps=settings.warmup_steps,
            total_steps=settings.max_steps,
            decay_fraction=settings.decay_fraction,
        )
        self.average = WeightAverage(model, settings.ema_decay) if settings.ema_decay else None
        self.scaler = (
            torch.amp.GradScaler(self.device.type) if settings.precision == "fp16" else None
        )
        self.forward: Callable[..., Any] = self.model
        if settings.compile:
            self.forward = torch.compile(self.model)
        self._rate = 0.0

    # the loop ---------------------------------------------------------------------------

    def run(self) -> Progress:
        """Train up to ``max_steps``; stops earlier on a signal or at the time limit, saved.

        Raises TrainingStopped where the loss is no number, with the batch saved beside.
        """
        settings, progress = self.settings, self.progress
        self._measure_rate()
        started = mark = time.perf_counter()
        marked_tokens, marked_step = progress.tokens, progress.step
        saved = progress.step
        with self._signals():
            while progress.step < settings.max_steps:
                figures = self.step()
                progress.step += 1
                step = progress.step
                if step % settings.log_every == 0 or step == settings.max_steps:
                    now = time.perf_counter()
                    progress.seconds += now - mark
                    rate = (progress.tokens - marked_tokens) / (now - mark)
                    pace = (now - mark) / (step - marked_step)
                    self._log_step(figures, rate, pace * (settings.max_steps - step))
                    mark, marked_tokens, marked_step = now, progress.tokens, step
                if settings.eval_every and step % settings.eval_every == 0:
                    self.validate()
                    mark = time.perf_counter()
                    marked_tokens, marked_step = progress.tokens, step
                late = settings.minutes and time.perf_counter() - started > 60 * settings.minutes
                leaving = self.parallel.agree(self.stop_requested or bool(late))
                # all processes save or none: each would wait for the others
                best = self.parallel.agree(progress.best_step == step)
                if step % settings.save_every == 0 or leaving or best:
                    self.save()
                    saved = step
                    mark = time.perf_counter()
                    marked_tokens, marked_step = progress.tokens, step
                if leaving:
                    self.events.log("stopped", step)
                    return progress
            if not progress.history or progress.history[-1]["step"] != progress.step:
                self.validate()
                saved = -1
            if saved != progress.step:
                self.save()
        return progress

    def step(self) -> dict[str, float]:
        """One optimiser step: loss, gradient norm and learning rate of it.

        The loss of the step is the mean over all targets of all its sequences, whatever the
        number of forward passes and of processes.
        """
        settings, step = self.settings, self.progress.step
        batches = self._batches(step)
        weight = self.parallel.sum(sum(self.task.weight(batch) for batch in batches))
        tokens = self.parallel.sum(float(sum(self.task.tokens(batch) for batch in batches)))
        rate = self.schedule.learning_rate(step)
        for group in self.optimizer.param_groups:
            group["lr"] = rate * group.get("lr_scale", 1.0)
        self.bare.train()
        if settings.dropout:
            # what is left out is a function of the step, so that a resumed run equals another
            torch.manual_seed(step_seed("dropout", settings.seed, step, self.parallel.rank))
        total = torch.zeros((), device=self.device)
        for number, batch in enumerate(batches):
            with self.parallel.sync(self.model, last=number == len(batches) - 1):
                loss = self.task.loss(self.forward, to_tensors(batch, self.device))
                total += loss.detach()
                # the gradients of processes are averaged, those of this step are to be summed
                scaled = loss * (self.parallel.size / max(weight, 1.0))
                (self.scaler.scale(scaled) if self.scaler else scaled).backward()  # type: ignore[no-untyped-call]
        mean = self.parallel.sum(float(total)) / max(weight, 1.0)
        norm = self._clip()
        if not math.isfinite(mean) or (not math.isfinite(norm) and self.scaler is None):
            raise self._not_a_number(step, mean, norm, batches)
        if self.scaler is not None:
            self._step_scaled(norm, step, mean, batches)
        else:
            self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        if self.average is not None:
            self.average.update(self.bare)
        self.progress.tokens += int(tokens)
        figures = {"loss": mean, "learning_rate": rate}
        if not settings.fused_backward:
            figures["gradient_norm"] = norm
        return figures

    def validate(self) -> dict[str, float]:
        """Figures on held-out samples, and what the network writes after the prompts."""
        self.bare.eval()
        with self._averaged(), torch.no_grad():
            figures = self.task.validate(self.model, self.device, self.settings.eval_sequences)
            texts = self._samples()
        self.parallel.forget_gathered(self.model)
        self._measure_rate()
        self.bare.train()
        step, progress = self.progress.step, self.progress
        self.events.log("validation", step, **figures)
        for prompt, text in texts:
            self.events.log("sample", step, prompt=prompt, text=text)
        progress.history.append({"step": float(step), **figures})
        if figures["loss"] < progress.best_loss:
            progress.best_loss, progress.best_step = figures["loss"], step
        return figures

    # saving and resuming ----------------------------------------------------------------

    def save(self) -> None:
        """Write a checkpoint of this step; older ones go when it is there."""
        state = dataclasses.asdict(self.progress)
        state["best_loss"] = None if math.isinf(self.progress.best_loss) else state["best_loss"]
        step = state.pop("step")
        plain = {
            "progress": state,
            "optimizer": optimizer_tensors(self.optimizer)[1],
            "data": self.task.digest,
            "scaler": self.scaler.state_dict() if self.scaler else None,
            "ema_updates": self.average.updates if self.average else None,
        }
        folder = self.folder / CHECKPOINTS
        if self.parallel.sharded:
            save_sharded(folder, step, self._tensors(), plain)
        elif self.parallel.first:
            parts: dict[str, dict[str, Tensor]] = {}
            for name, tensor in self._tensors().items():
                part, _, inner = name.partition("/")
                parts.setdefault(part, {})[inner] = tensor
            save_checkpoint(folder, Checkpoint(step, parts, plain))
        if self.parallel.first:
            prune(folder, self.settings.keep_last, self.progress.best_step)
        self.parallel.wait()

    def _tensors(self) -> dict[str, Tensor]:
        """Every tensor of the state as it lies in this process, by part and name."""
        tensors = {f"model/{name}": p.detach() for name, p in self.bare.named_parameters()}
        states, _ = optimizer_tensors(self.optimizer)
        tensors |= {f"optimizer/{name}": tensor for name, tensor in states.items()}
        if self.average is not None:
            tensors |= {f"ema/{name}": tensor for name, tensor in self.average.weights.items()}
        return tensors

    def resume(self) -> int:
        """Go on from the newest checkpoint; its step comes back.

        A run that ended before its first checkpoint begins again. Raises InputError where the
        checkpoint is damaged, or from other data.
        """
        latest = latest_checkpoint(self.folder / CHECKPOINTS)
        if latest is None:
            return 0
        checkpoint = load_checkpoint(latest)
        if checkpoint.plain.get("data") != self.task.digest:
            raise InputError(
                "the data is not what the run began with",
                where=str(self.folder),
                remedy="resume with the same data, seed and sequence length, or begin a new run",
            )
        self.restore(checkpoint)
        return self.progress.step

    def restore(self, checkpoint: Checkpoint) -> None:
        """Take over the state of a checkpoint, this process its share.

        Raises InputError where it is that of another network or of other settings.
        """
        mine = self._tensors()
        if checkpoint.shards is not None:
            load_sharded(checkpoint.shards, mine)
        else:
            _copy_into(mine, checkpoint.tensors)
        states, _ = optimizer_tensors(self.optimizer)
        load_optimizer_tensors(self.optimizer, states, checkpoint.plain["optimizer"])
        if self.average is not None:
            self.average.updates = int(checkpoint.plain["ema_updates"])
        if self.scaler is not None and checkpoint.plain.get("scaler"):
            self.scaler.load_state_dict(checkpoint.plain["scaler"])
        state = dict(checkpoint.plain["progress"])
        state["best_loss"] = math.inf if state["best_loss"] is None else state["best_loss"]
        self.progress = Progress(step=checkpoint.step, **state)

    # parts ------------------------------------------------------------------------------

    def _batches(self, step: int) -> list[Arrays]:
        """The batches of this process: its share of the samples of the step."""
        size = self.settings.batch_size
        per_process = self.settings.sequences_per_step
        first = (step * self.parallel.size + self.parallel.rank) * per_process
        return [
            self.task.batch(range(start, start + size))
            for start in range(first, first + per_process, size)
        ]

    def _clip(self) -> float:
        if self.scaler is not None:
            self.scaler.unscale_(cast(torch.optim.Optimizer, self.optimizer))
        if self.settings.fused_backward:
            return 0.0
        limit = self.settings.max_gradient_norm or math.inf
        norm = torch.nn.utils.clip_grad_norm_(self.bare.parameters(), limit, foreach=True)
        return float(whole(norm))

    def _step_scaled(self, norm: float, step: int, mean: float, batches: list[Arrays]) -> None:
        """A step of half precision: one whose gradients overflow is left out, at a lower scale."""
        assert self.scaler is not None
        self.scaler.step(cast(torch.optim.Optimizer, self.optimizer))
        self.scaler.update()
        self.progress.skipped = 0 if math.isfinite(norm) else self.progress.skipped + 1
        if self.progress.skipped > MOST_SKIPPED:
            raise self._not_a_number(step, mean, norm, batches)

    def _not_a_number(
        self, step: int, loss: float, norm: float, batches: list[Arrays]
    ) -> TrainingStopped:
        path = self.folder / f"failed-step-{step + 1}-rank-{self.parallel.rank}.npz"
        arrays = {
            f"{name}_{number}": array
            for number, batch in enumerate(batches)
            for name, array in batch.items()
        }
        np.savez(path, **arrays)  # type: ignore[arg-type]
        self.events.log("failed", step + 1, reason=f"loss {loss}, gradient norm {norm}")
        return TrainingStopped(
            f"the loss is {loss}, its gradient norm {norm}; the batch is in {path.name}",
            where=f"{self.folder}, step {step + 1}",
            remedy="lower the learning rate or lengthen the warm-up, and resume",
        )

    def _measure_rate(self) -> None:
        """The best rate so far: what else runs on the machine can only lower one measurement."""
        rate = matmul_rate(self.device, PRECISIONS[self.settings.precision])
        self._rate = max(self._rate, rate)

    def _log_step(self, figures: dict[str, float], rate: float, left: float) -> None:
        flops = training_flops(self.bare.config, self.settings.sequence_length)
        self.events.log(
            "train",
            self.progress.step,
            **figures,
            tokens=self.progress.tokens,
            tokens_per_second=rate,
            mfu=rate * flops / (self._rate * self.parallel.size),
            seconds_left=left,
        )

    def _samples(self) -> list[tuple[str, str]]:
        if self.tokenizer is None or not self.settings.sample_tokens or self.parallel.sharded:
            return []
        generator = torch.Generator().manual_seed(self.settings.seed)
        texts = []
        for prompt, ids in self.prompts.items():
            made = continue_tokens(
                self.bare,
                list(ids),
                self.settings.sample_tokens,
                stop=self.tokenizer.eos,
                temperature=0.8,
                generator=generator,
            )
            texts.append((prompt, self.tokenizer.decode(made, control=True)))
        return texts

    @contextmanager
    def _averaged(self) -> Iterator[None]:
        if self.average is None:
            yield
        else:
            with self.average.swapped_in(self.bare):
                yield

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """Ctrl-C and SIGTERM end the run after this step; a second Ctrl-C ends it at once."""

        def request(number: int, frame: FrameType | None) -> None:
            if self.stop_requested and number == signal.SIGINT:
                raise KeyboardInterrupt
            self.stop_requested = True

        try:
            before = {
                number: signal.signal(number, request) for number in (signal.SIGINT, signal.SIGTERM)
            }
        except ValueError:  # not in the main thread: whoever runs the thread has the signals
            before = {}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _copy_into(mine: dict[str, Tensor], parts: dict[str, dict[str, Tensor]]) -> None:
    """Copy whole tensors into those of this process. InputError where they do not match."""
    given = {f"{part}/{name}": t for part, tensors in parts.items() for name, t in tensors.items()}
    for name in sorted({*mine, *given}):
        one, other = mine.get(name), given.get(name)
        if one is None or other is None or (one.shape, one.dtype) != (other.shape, other.dtype):
            raise InputError(
                "is not the same in the checkpoint and in the run",
                where=name,
                remedy="resume with the network and the settings that the run began with",
            )
    with torch.no_grad():
        for name, tensor in mine.items():
            tensor.copy_(share(given[name], tensor))


def optimizer_settings(settings: TrainSettings) -> OptimizerSettings:
    """What the optimiser needs to know of a run's settings."""
    return OptimizerSettings(
        name=settings.optimizer,
        weight_decay=settings.weight_decay,
        apollo_rank=settings.apollo_rank,
        fused_backward=settings.fused_backward,
        offload=settings.offload_optimizer,
    )


def weights_for_bundle(trainer: Trainer) -> dict[str, Tensor]:
    """The weights that a bundle gets: the averaged ones where there is an average."""
    if trainer.average is not None:
        return trainer.average.averaged()
    return {name: whole(p.detach()) for name, p in trainer.bare.named_parameters()}
