"""The phases of training, each from its inputs to a bundle: pretrain, sft, polish.

Phase 0, the vocabulary, is ``havoc.tokenizer.train_tokenizer``.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from havoc.bundle import Bundle, write_bundle
from havoc.data import PackedDataset
from havoc.data.records import PreferenceDataset, SftDataset
from havoc.errors import InputError
from havoc.files import write_atomic
from havoc.model.config import HavocConfig
from havoc.model.count import parameter_count
from havoc.model.loading import copy_weights, load_model
from havoc.model.network import HavocModel, build
from havoc.tokenizer import HavocTokenizer
from havoc.tokenizer.conversation import Segment, Turn, prompt_ids
from havoc.train.card import run_card
from havoc.train.data import PretrainTask, Task
from havoc.train.folders import recorded_path
from havoc.train.parallel import Parallel
from havoc.train.preference import PreferenceTask
from havoc.train.record_kinds import CONVERSATIONS, PREFERENCES, check_kind, record_kind
from havoc.train.records import RecordTask
from havoc.train.runs import (
    BUNDLE,
    Run,
    Where,
    begin,
    check_start,
    find_bundle,
    read_run,
    resumed_settings,
)
from havoc.train.settings import TrainSettings
from havoc.train.tracking import Events, open_trackers
from havoc.train.trainer import PRECISIONS, Progress, Trainer, weights_for_bundle

DEFAULT_BETA = 0.1

Facts = dict[str, Any]
"""What is worth knowing of the samples of a run, for its first event and its card."""


def pretrain(
    config: HavocConfig,
    settings: TrainSettings,
    shards: Path,
    tokenizer: HavocTokenizer,
    where: Where,
) -> Progress:
    """Train a network from its first draw on packed documents.

    Raises InputError for settings, data or a vocabulary that do not fit, before any step.
    """
    check_start(where, settings.parallel)
    check_shape(config, settings, tokenizer)
    dataset = PackedDataset(
        shards, settings.sequence_length, settings.seed, tokenizer=tokenizer, thorough=True
    )
    if not any(group.validation.tokens for group in dataset.manifest.groups.values()):
        raise InputError(
            "holds no validation documents",
            where=str(shards),
            remedy="give the text as more files or documents, of which some are held out",
        )
    task = PretrainTask(dataset, settings.batch_size)
    run = Run(
        "pretrain",
        config,
        settings,
        (recorded_path(where.out, shards),),
        task.digest,
        tokenizer.digest,
    )
    groups = dataset.manifest.groups
    facts: Facts = {
        "training_tokens": sum(group.train.tokens for group in groups.values()),
        "held_out_tokens": sum(group.validation.tokens for group in groups.values()),
    }
    return _carry_out(run, task, tokenizer, where, None, facts)


def sft(
    base: Bundle,
    settings: TrainSettings,
    files: Sequence[Path],
    validation: Path | None,
    where: Where,
) -> Progress:
    """Go on from a bundle on records of prompt and completion; loss on the completion only."""
    check_start(where, settings.parallel)
    check_shape(base.config, settings, base.own_tokenizer())
    check_kind([*files, *([validation] if validation else [])], CONVERSATIONS, "sft")
    return _on_conversations("sft", base, settings, files, validation, where)


def polish(
    base: Bundle,
    settings: TrainSettings,
    files: Sequence[Path],
    validation: Path | None,
    beta: float | None,
    where: Where,
) -> Progress:
    """Go on from a bundle on conversations, or on chosen and rejected answers (DPO).

    Which of the two follows from the records; ``beta`` (None: 0.1) belongs to the second.
    """
    check_start(where, settings.parallel)
    check_shape(base.config, settings, base.own_tokenizer())
    kind = record_kind(files)
    if validation:
        check_kind([validation], kind, "polish")
    if kind == PREFERENCES:
        beta = DEFAULT_BETA if beta is None else beta
        return _on_preferences(base, settings, files, validation, beta, where)
    if beta is not None:
        raise InputError(
            "weighs chosen against rejected answers, and the data are conversations",
            where="beta",
            remedy="leave it out",
        )
    return _on_conversations("polish", base, settings, files, validation, where)


def _on_conversations(
    phase: str,
    base: Bundle,
    settings: TrainSettings,
    files: Sequence[Path],
    validation: Path | None,
    where: Where,
) -> Progress:
    def read(paths: Sequence[Path]) -> SftDataset:
        return SftDataset(paths, base.own_tokenizer(), settings.sequence_length, settings.seed)

    dataset = read(files)
    held_out = read([validation]) if validation else None
    task = RecordTask(dataset, held_out, settings.batch_size)
    facts: Facts = {
        "training_records": dataset.records,
        "training_sequences": dataset.sequences_per_epoch,
        "too_long_and_left_out": len(dataset.too_long),
        "held_out_records": held_out.records if held_out else 0,
    }
    run = _tuned(phase, base, settings, files, validation, task, where)
    return _carry_out(run, task, base.own_tokenizer(), where, base, facts)


def _on_preferences(
    base: Bundle,
    settings: TrainSettings,
    files: Sequence[Path],
    validation: Path | None,
    beta: float,
    where: Where,
) -> Progress:
    def read(paths: Sequence[Path]) -> PreferenceDataset:
        tokenizer = base.own_tokenizer()
        return PreferenceDataset(paths, tokenizer, settings.sequence_length, settings.seed)

    dataset = read(files)
    held_out = read([validation]) if validation else None
    reference = load_model(base, compute_dtype=PRECISIONS[settings.precision])
    task = PreferenceTask(dataset, held_out, reference, beta)
    facts: Facts = {
        "training_pairs": dataset.pairs,
        "too_long_and_left_out": len(dataset.too_long),
        "held_out_pairs": held_out.pairs if held_out else 0,
        "beta": beta,
    }
    run = _tuned("polish", base, settings, files, validation, task, where)
    run = dataclasses.replace(run, beta=beta)
    return _carry_out(run, task, base.own_tokenizer(), where, base, facts)


def _tuned(
    phase: str,
    base: Bundle,
    settings: TrainSettings,
    files: Sequence[Path],
    validation: Path | None,
    task: Task,
    where: Where,
) -> Run:
    return Run(
        phase,
        base.config,
        settings,
        tuple(recorded_path(where.out, path) for path in files),
        task.digest,
        base.tokenizer.digest,
        base.card["files"]["model.safetensors"],
        recorded_path(where.out, base.path),
        recorded_path(where.out, validation) if validation else "",
    )


def _start_of(prompt: str, run: Run, tokenizer: HavocTokenizer) -> list[int]:
    """What a sample generation continues: bare text, or after tuning the user's turn."""
    if run.phase == "pretrain":
        return [tokenizer.bos, *tokenizer.encode(prompt)]
    return prompt_ids([Turn("user", (Segment("text", prompt),))], tokenizer)


def _carry_out(
    run: Run,
    task: Task,
    tokenizer: HavocTokenizer,
    where: Where,
    base: Bundle | None,
    facts: Facts,
) -> Progress:
    settings = run.settings
    if settings.threads:
        torch.set_num_threads(settings.threads)
    parallel = Parallel.start(settings.parallel, where.device)
    try:
        return _train(run, task, tokenizer, where, base, facts, parallel)
    finally:
        parallel.finish()


def _train(
    run: Run,
    task: Task,
    tokenizer: HavocTokenizer,
    where: Where,
    base: Bundle | None,
    facts: Facts,
    parallel: Parallel,
) -> Progress:
    settings = run.settings
    events: Events | None = None
    try:
        model = new_network(run.config, settings, parallel.device)
        if base is None:
            model.initialise(settings.seed)
        else:
            copy_weights(base.weights, model)
        # the trainer refuses settings that do not fit, so it comes before the run folder
        trainer = Trainer(
            model,
            task,
            settings,
            where.out,
            Events([]),
            tokenizer=tokenizer,
            prompts={text: _start_of(text, run, tokenizer) for text in where.prompts},
            parallel=parallel,
        )
        if parallel.first:
            begin(_placed(run, where), tokenizer, where)
        parallel.wait()
        resumed_at = trainer.resume() if where.resume else None
        if parallel.first:
            if not where.quiet:
                print(_introduction(run, facts, parallel.size), file=sys.stderr)
            events = open_trackers(
                where.out,
                where.track,
                dataclasses.asdict(settings),
                total=settings.max_steps,
                resumed_at=resumed_at,
                quiet=where.quiet,
            )
            trainer.events = events
            step = trainer.progress.step
            events.log("run", step, phase=run.phase, resumed=where.resume, **facts)
        progress = trainer.run()
        weights = weights_for_bundle(trainer)
        if progress.step >= settings.max_steps and parallel.first:
            card = run_card(run, progress, trainer, torch.get_num_threads(), facts)
            write_bundle(
                where.out / BUNDLE,
                run.config,
                {name: tensor.float().cpu().numpy() for name, tensor in weights.items()},
                tokenizer,
                card.facts,
            )
            write_atomic(where.out / "card.md", card.text.encode())
            trainer.events.log("finished", progress.step)
        return progress
    finally:
        if events is not None:
            events.close()


def _placed(run: Run, where: Where) -> Run:
    """The run with how it is carried out, so that it goes on in the same way."""
    return dataclasses.replace(run, device=where.device, track=where.track, prompts=where.prompts)


def _introduction(run: Run, facts: Facts, processes: int) -> str:
    """One line on what is about to happen."""
    settings = run.settings
    sequences = settings.sequences_per_step * processes
    said = [
        f"{value:,} {name.replace('_', ' ')}"
        for name, value in facts.items()
        if name != "beta" and (value or name.startswith("held_out"))
    ]
    samples = settings.max_steps * sequences
    epoch = facts.get("training_sequences", facts.get("training_pairs"))
    if epoch is None:
        passes = samples * settings.sequence_length / facts["training_tokens"]
    else:
        passes = samples / epoch
    return (
        f"{run.phase}: {parameter_count(run.config):,} parameters; {', '.join(said)}; "
        f"{settings.max_steps:,} steps of {sequences} sequences ({passes:.2g} times through)"
    )


def new_network(
    config: HavocConfig, settings: TrainSettings, device: torch.device | str
) -> HavocModel:
    """A network on ``device`` in the precision of the settings, its weights not drawn yet."""
    narrow = settings.weights != "fp32"
    model = build(
        config,
        "cpu" if narrow else device,
        compute_dtype=PRECISIONS[settings.precision],
        checkpoint_every=settings.activation_checkpointing,
        dropout=settings.dropout,
    )
    if narrow:
        # narrowed before they reach the device, which may not hold them otherwise; the rotary
        # tables stay as they are
        for parameter in model.parameters():
            parameter.data = parameter.data.to(PRECISIONS[settings.weights])
    return model.to(device)


def check_shape(
    config: HavocConfig, settings: TrainSettings, tokenizer: HavocTokenizer | None
) -> None:
    """Raise InputError where network, sequences and vocabulary do not fit each other."""
    if tokenizer is not None and tokenizer.vocab_size != config.vocab_size:
        raise InputError(
            f"the tokenizer has {tokenizer.vocab_size} ids, the network {config.vocab_size}",
            where="tokenizer",
            remedy=f"give --vocab-size {tokenizer.vocab_size}, or another tokenizer",
        )
    if settings.sequence_length > config.max_seq_len:
        raise InputError(
            f"is {settings.sequence_length}; the network has {config.max_seq_len} positions",
            where="sequence_length",
            remedy=f"give --sequence-length {config.max_seq_len} or less",
        )


__all__ = [
    "Run",
    "Where",
    "find_bundle",
    "polish",
    "pretrain",
    "read_run",
    "resumed_settings",
    "sft",
]
