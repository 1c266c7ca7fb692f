"""The phases of training, each from its inputs to a bundle: pretrain, sft, polish.

Phase 0, the vocabulary, is ``havoc.tokenizer.train_tokenizer``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import torch

from havoc import __version__
from havoc.bundle import Bundle, write_bundle
from havoc.data import PackedDataset
from havoc.data.records import PreferenceDataset, SftDataset
from havoc.errors import InputError
from havoc.files import write_atomic
from havoc.model.config import HavocConfig, from_mapping
from havoc.model.loading import copy_weights, load_model
from havoc.model.network import HavocModel, build
from havoc.tokenizer import HavocTokenizer
from havoc.train.card import run_card
from havoc.train.data import PretrainTask, Task
from havoc.train.parallel import Parallel
from havoc.train.preference import PreferenceTask
from havoc.train.records import RecordTask
from havoc.train.settings import TrainSettings, settings_from
from havoc.train.tracking import Events, open_trackers
from havoc.train.trainer import CHECKPOINTS, PRECISIONS, Progress, Trainer, weights_for_bundle

RUN = "run.json"
BUNDLE = "bundle"
RUN_VERSION = 1
HARMLESS = frozenset(
    {"minutes", "threads", "log_every", "save_every", "keep_last", "eval_every", "sample_tokens"}
)
"""Settings that a resumed run may have otherwise: they change no weight."""


@dataclass(frozen=True, slots=True)
class Run:
    """What a run folder is about: written once, at its start."""

    phase: str
    config: HavocConfig
    settings: TrainSettings
    data: tuple[str, ...]
    data_digest: str
    tokenizer_digest: str
    base: str = ""
    """The SHA-256 of the weights that the run began with, or nothing."""
    base_path: str = ""
    validation: str = ""
    version: int = RUN_VERSION
    havoc: str = __version__


@dataclass(frozen=True, slots=True)
class Where:
    """How a run is carried out, which changes nothing of what it computes."""

    out: Path
    resume: bool = False
    device: str = "cpu"
    track: tuple[str, ...] = ()
    prompts: tuple[str, ...] = ()
    quiet: bool = False


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
    _fits(tokenizer, config)
    dataset = PackedDataset(
        shards, settings.sequence_length, settings.seed, tokenizer=tokenizer, thorough=True
    )
    task = PretrainTask(dataset, settings.batch_size)
    run = Run("pretrain", config, settings, (str(shards),), task.digest, tokenizer.digest)
    return _carry_out(run, task, tokenizer, where, None)


def sft(
    base: Bundle,
    settings: TrainSettings,
    files: Sequence[Path],
    validation: Path | None,
    where: Where,
) -> Progress:
    """Go on from a bundle on records of prompt and completion; loss on the completion only."""
    tokenizer = _own_tokenizer(base)
    dataset = SftDataset(files, tokenizer, settings.sequence_length, settings.seed)
    held_out = (
        SftDataset([validation], tokenizer, settings.sequence_length, settings.seed)
        if validation
        else None
    )
    task = RecordTask(dataset, held_out, settings.batch_size)
    return _tune("sft", base, settings, files, validation, task, where)


def polish(
    base: Bundle,
    settings: TrainSettings,
    files: Sequence[Path],
    validation: Path | None,
    beta: float,
    where: Where,
) -> Progress:
    """Go on from a bundle on pairs of a chosen and a rejected answer (DPO)."""
    tokenizer = _own_tokenizer(base)
    dataset = PreferenceDataset(files, tokenizer, settings.sequence_length, settings.seed)
    held_out = (
        PreferenceDataset([validation], tokenizer, settings.sequence_length, settings.seed)
        if validation
        else None
    )
    reference = load_model(base, where.device, compute_dtype=PRECISIONS[settings.precision])
    task = PreferenceTask(dataset, held_out, reference, beta)
    return _tune("polish", base, settings, files, validation, task, where)


def _tune(
    phase: str,
    base: Bundle,
    settings: TrainSettings,
    files: Sequence[Path],
    validation: Path | None,
    task: Task,
    where: Where,
) -> Progress:
    run = Run(
        phase,
        base.config,
        settings,
        tuple(map(str, files)),
        task.digest,
        base.tokenizer.digest,
        base.card["files"]["model.safetensors"],
        str(base.path),
        str(validation or ""),
    )
    return _carry_out(run, task, _own_tokenizer(base), where, base)


def _carry_out(
    run: Run, task: Task, tokenizer: HavocTokenizer, where: Where, base: Bundle | None
) -> Progress:
    settings = run.settings
    if settings.threads:
        torch.set_num_threads(settings.threads)
    parallel = Parallel.start(settings.parallel, where.device)
    events: Events | None = None
    try:
        if parallel.first:
            _begin(run, where)
        parallel.wait()
        model = new_network(run.config, settings, parallel.device)
        if base is None:
            model.initialise(settings.seed)
        else:
            copy_weights(base.weights, model)
        trainer = Trainer(
            model,
            task,
            settings,
            where.out,
            Events([]),
            tokenizer=tokenizer,
            prompts=where.prompts,
            parallel=parallel,
        )
        resumed_at = trainer.resume() if where.resume else None
        if parallel.first:
            events = open_trackers(
                where.out,
                where.track,
                dataclasses.asdict(settings),
                total=settings.max_steps,
                resumed_at=resumed_at,
                quiet=where.quiet,
            )
            trainer.events = events
            events.log("run", trainer.progress.step, phase=run.phase, resumed=where.resume)
        progress = trainer.run()
        weights = weights_for_bundle(trainer)
        if progress.step >= settings.max_steps and parallel.first:
            card = run_card(run, progress, trainer, torch.get_num_threads())
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
        parallel.finish()


def new_network(
    config: HavocConfig, settings: TrainSettings, device: torch.device | str
) -> HavocModel:
    """A network on ``device`` in the precision of the settings, its weights not drawn yet."""
    model = build(
        config,
        device,
        compute_dtype=PRECISIONS[settings.precision],
        checkpoint_every=settings.activation_checkpointing,
    )
    return model.to(PRECISIONS[settings.weights]) if settings.weights != "fp32" else model


def read_run(folder: Path) -> Run:
    """What a run folder is about. InputError where it is none, or damaged."""
    path = folder / RUN
    try:
        body = msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
        config = from_mapping(body.pop("config"), where=str(path))
        settings = settings_from(body.pop("settings"), where=str(path))
        data = tuple(body.pop("data"))
        run = Run(config=config, settings=settings, data=data, **body)
    except OSError as error:
        raise InputError(
            f"cannot be read ({error.strerror})", where=str(path), remedy="name a run folder"
        ) from None
    except (msgspec.DecodeError, RecursionError, KeyError, TypeError, AttributeError):
        raise InputError("is damaged", where=str(path), remedy="begin a new run") from None
    if run.version != RUN_VERSION:
        raise InputError(
            "is of another version of havoc", where=str(path), remedy="use the version it is from"
        )
    return run


def resumed_settings(run: Run, given: dict[str, Any]) -> TrainSettings:
    """The settings of a run that goes on, with those changes that change no weight.

    Raises InputError naming a setting that the run cannot change.
    """
    kept = dataclasses.asdict(run.settings)
    for name, value in given.items():
        if name not in HARMLESS and kept.get(name) != value:
            raise InputError(
                f"is {value}, the run began with {kept.get(name)}",
                where=name,
                remedy="resume without it, or begin a new run",
            )
    return settings_from({**kept, **given}, where="settings")


def find_bundle(path: Path) -> Bundle:
    """The bundle at ``path``, or the one that the run at ``path`` has made."""
    if (path / BUNDLE).is_dir():
        return Bundle.open(path / BUNDLE)
    if (path / RUN).exists():
        raise InputError(
            "the run has not finished: it has no bundle yet",
            where=str(path),
            remedy="finish it with --resume",
        )
    return Bundle.open(path)


def _begin(run: Run, where: Where) -> None:
    """Refuse to mix runs, then write what this one is about."""
    folder = where.out
    if where.resume:
        before = read_run(folder)
        for name in ("phase", "config", "data_digest", "tokenizer_digest", "base"):
            if getattr(before, name) != getattr(run, name):
                raise InputError(
                    f"the {name.replace('_digest', '')} is not what the run began with",
                    where=str(folder),
                    remedy="resume with what it began with, or begin a new run",
                )
        return
    if (folder / RUN).exists():
        raise InputError(
            "holds a run already",
            where=str(folder),
            remedy="go on with --resume, or name another --out",
        )
    try:
        (folder / CHECKPOINTS).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"cannot be made ({error.strerror})", where=str(folder), remedy="name another --out"
        ) from None
    body = {field.name: getattr(run, field.name) for field in dataclasses.fields(Run)}
    write_atomic(folder / RUN, msgspec.json.format(msgspec.json.encode(body), indent=2))


def _own_tokenizer(bundle: Bundle) -> HavocTokenizer:
    if not isinstance(bundle.tokenizer, HavocTokenizer):
        raise InputError(
            "was imported with a vocabulary that has no reserved ids",
            where=str(bundle.path),
            remedy="records need them: tune a network that havoc train pretrain has made",
        )
    return bundle.tokenizer


def _fits(tokenizer: HavocTokenizer, config: HavocConfig) -> None:
    if tokenizer.vocab_size != config.vocab_size:
        raise InputError(
            f"the tokenizer has {tokenizer.vocab_size} ids, the network {config.vocab_size}",
            where="tokenizer",
            remedy=f"give --vocab-size {tokenizer.vocab_size}, or another tokenizer",
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
