"""A run folder: what it is about, whether a run may begin there, and how one goes on."""

from __future__ import annotations

import dataclasses
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import torch

from havoc import __version__
from havoc.bundle import Bundle
from havoc.errors import InputError
from havoc.files import write_atomic
from havoc.model.config import HavocConfig, from_mapping
from havoc.tokenizer import HavocTokenizer
from havoc.tokenizer.tokenizer import FILE_NAME as TOKENIZER
from havoc.train.folders import check_writable
from havoc.train.parallel import check_processes
from havoc.train.settings import TrainSettings, settings_from
from havoc.train.tracking import check_trackers

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
    """Where the data lay: whole paths, or names within the run folder."""
    data_digest: str
    tokenizer_digest: str
    base: str = ""
    """The SHA-256 of the weights that the run began with, or nothing."""
    base_path: str = ""
    validation: str = ""
    beta: float = 0.0
    """Weight of the distance to the base, for a run on preferences."""
    device: str = "cpu"
    track: tuple[str, ...] = ()
    prompts: tuple[str, ...] = ()
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


def read_run(folder: Path) -> Run:
    """What a run folder is about. InputError where it is none, or damaged."""
    path = folder / RUN
    try:
        body = msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
        config = from_mapping(body.pop("config"), where=str(path))
        settings = settings_from(body.pop("settings"), where=str(path))
        for name in ("data", "track", "prompts"):
            body[name] = tuple(body.get(name, ()))
        run = Run(config=config, settings=settings, **body)
    except FileNotFoundError:
        raise InputError(
            "holds no run", where=str(folder), remedy="check the path, or begin it without --resume"
        ) from None
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

    The time limit is that of one start and is not kept. Raises InputError naming a setting
    that the run cannot change.
    """
    kept = {**dataclasses.asdict(run.settings), "minutes": 0.0}
    for name, value in given.items():
        if name in kept and name not in HARMLESS and kept[name] != value:
            raise InputError(
                f"is {value}, the run began with {kept[name]}",
                where=name,
                remedy="resume without it, or begin a new run",
            )
    return settings_from({**kept, **given}, where="settings")


def check_start(where: Where, parallel: str) -> None:
    """Refuse what can be known to fail before any work: processes, folder, device, trackers."""
    check_processes(parallel)
    first = os.environ.get("RANK", "0") == "0"
    if where.resume:
        read_run(where.out)
    elif first:  # another process may write the run's first file while this one looks
        _refuse_existing(where.out)
        check_writable(where.out)
    check_device(where.device)
    check_trackers(where.track)


def check_device(name: str) -> None:
    """Raise InputError unless ``name`` is a processor or GPU of this machine."""
    try:
        device = torch.device(name)
    except RuntimeError:
        device = torch.device("meta")
    if device.type not in ("cpu", "cuda"):
        raise InputError(f"{name!r} is no device", where="device", remedy="give cpu or cuda")
    if device.type == "cuda":
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if (device.index or 0) >= count:
            raise InputError(
                f"torch finds {count} CUDA devices on this machine, so {name} is not there",
                where="device",
                remedy="give cpu, or install the driver and a torch for CUDA",
            )


def begin(run: Run, tokenizer: HavocTokenizer, where: Where) -> None:
    """Refuse to mix runs, then write what this one is about."""
    folder = where.out
    if where.resume:
        before = read_run(folder)
        for name in ("phase", "config", "data_digest", "tokenizer_digest", "base", "beta"):
            if getattr(before, name) != getattr(run, name):
                raise InputError(
                    f"the {name.replace('_digest', '')} is not what the run began with",
                    where=str(folder),
                    remedy="resume with what it began with, or begin a new run",
                )
        return
    _refuse_existing(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"cannot be made ({error.strerror})", where=str(folder), remedy="name another --out"
        ) from None
    write_atomic(folder / TOKENIZER, tokenizer.model)
    body = {field.name: getattr(run, field.name) for field in dataclasses.fields(Run)}
    write_atomic(folder / RUN, msgspec.json.format(msgspec.json.encode(body), indent=2))


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


def _refuse_existing(folder: Path) -> None:
    if (folder / RUN).exists():
        raise InputError(
            "holds a run already",
            where=str(folder),
            remedy="go on with --resume, or name another --out",
        )
