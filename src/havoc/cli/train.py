"""Train a network: the vocabulary, then one phase after the other.

havoc train tokenizer --data corpus/ --vocab-size 16384 --out tokenizer.model
havoc train data      --data corpus/ --tokenizer tokenizer.model --out shards
havoc train pretrain  --preset havoc-8m --data shards --tokenizer tokenizer.model --out runs/a
havoc train sft       --from runs/a --data sft.jsonl --out runs/b
havoc train polish    --from runs/b --data prefs.jsonl --out runs/c

The first two are optional: havoc train pretrain takes text as well. A run folder holds
checkpoints/, metrics.jsonl and, at the end, bundle/ (the network) and card.md. A run that
was stopped goes on with --resume. Several processes or machines:

torchrun --nproc-per-node 2 -m havoc train pretrain … --parallel ddp
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from havoc.cli.train_data import data_phase, learn, mixture_of, prepare_shards, tokenizer_phase
from havoc.cli.train_options import (
    MOST_BYTES,
    add_phases,
    first_settings,
    given_settings,
    need,
)
from havoc.errors import InputError
from havoc.files import write_atomic

if TYPE_CHECKING:
    from havoc.model import HavocConfig
    from havoc.tokenizer import HavocTokenizer
    from havoc.train.runs import Run, Where
    from havoc.train.trainer import Progress

NEEDED = ("torch", "sentencepiece", "safetensors", "datasketch", "zstandard", "py3langid")
PROMPTS = (
    "The process is in statistical control when",
    "A factorial design is",
    "The mean of the sample",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_phases(parser)


def execute(namespace: argparse.Namespace) -> int:
    _need_training_extra()
    if namespace.phase == "tokenizer":
        return tokenizer_phase(namespace)
    if namespace.phase == "data":
        return data_phase(namespace)
    namespace.out = namespace.out or _beside(namespace)
    if namespace.resume:
        run = _run_to_resume(namespace)
        go_on = _resume_pretrain if namespace.phase == "pretrain" else _resume_tuning
        return _ended(namespace, go_on(namespace, run))
    begin = _pretrain if namespace.phase == "pretrain" else _tune
    return _ended(namespace, begin(namespace))


# a run that begins -----------------------------------------------------------------------


def _pretrain(namespace: argparse.Namespace) -> Progress:
    from havoc.train.parallel import first_process_first
    from havoc.train.phases import check_shape, pretrain
    from havoc.train.runs import check_start

    need(namespace.data, "--data", "name text, a mixture in YAML, or token shards")
    out, where = Path(namespace.out), _where(namespace)
    config, settings = _config(namespace), first_settings(namespace)
    # all that can be refused is refused before the text is read
    check_start(where, settings.parallel)
    check_shape(config, settings, _named_tokenizer(namespace))
    shards = Path(namespace.data[0])
    if _are_shards(namespace.data):
        need(namespace.tokenizer, "--tokenizer", "name the one that the shards were made with")
        return pretrain(config, settings, shards, _tokenizer(namespace, config), where)
    shards = out / "shards"
    with first_process_first(where.device), _no_empty_folder(out):
        tokenizer = _tokenizer(namespace, config)
        check_shape(config, settings, tokenizer)
        prepare_shards(mixture_of(namespace.data), tokenizer, shards, 0, _silent(namespace))
    return pretrain(config, settings, shards, tokenizer, where)


def _tune(namespace: argparse.Namespace) -> Progress:
    from havoc.train import phases
    from havoc.train.runs import check_start

    need(namespace.base, "--from", "name a finished run, or a bundle")
    need(namespace.data, "--data", "name files of records")
    where, settings = _where(namespace), first_settings(namespace)
    check_start(where, settings.parallel)
    base = phases.find_bundle(Path(namespace.base))
    files = [Path(path) for path in namespace.data]
    held_out = Path(namespace.validation) if namespace.validation else None
    if namespace.phase == "sft":
        return phases.sft(base, settings, files, held_out, where)
    return phases.polish(base, settings, files, held_out, namespace.beta, where)


# a run that goes on ----------------------------------------------------------------------


def _run_to_resume(namespace: argparse.Namespace) -> Run:
    from havoc.train.runs import read_run

    run = read_run(Path(namespace.out))
    if run.phase != namespace.phase:
        raise InputError(
            f"holds a run of the phase {run.phase}",
            where=namespace.out,
            remedy=f"go on with havoc train {run.phase} --out {namespace.out} --resume",
        )
    return run


def _resume_pretrain(namespace: argparse.Namespace, run: Run) -> Progress:
    from havoc.tokenizer import HavocTokenizer
    from havoc.train.folders import located
    from havoc.train.phases import pretrain
    from havoc.train.runs import resumed_settings

    out = Path(namespace.out)
    settings = resumed_settings(run, given_settings(namespace))
    if (namespace.preset or namespace.config) and _config(namespace) != run.config:
        raise InputError(
            "is not the shape that the run began with",
            where="--preset, --config",
            remedy="resume without it, or begin a new run",
        )
    moved = namespace.data if namespace.data and _are_shards(namespace.data) else None
    shards = Path(moved[0]) if moved else located(out, run.data[0])
    tokenizer = _named_tokenizer(namespace) or HavocTokenizer.load(out)
    return pretrain(run.config, settings, shards, tokenizer, _where(namespace, run))


def _resume_tuning(namespace: argparse.Namespace, run: Run) -> Progress:
    from havoc.train import phases
    from havoc.train.folders import located

    out, where = Path(namespace.out), _where(namespace, run)
    settings = phases.resumed_settings(run, given_settings(namespace))
    base = phases.find_bundle(
        Path(namespace.base) if namespace.base else located(out, run.base_path)
    )
    if namespace.data:
        files = [Path(path) for path in namespace.data]
    else:
        files = [located(out, path) for path in run.data]
    held_out = Path(namespace.validation) if namespace.validation else None
    if held_out is None and run.validation:
        held_out = located(out, run.validation)
    if namespace.phase == "sft":
        return phases.sft(base, settings, files, held_out, where)
    beta = run.beta or None if namespace.beta is None else namespace.beta
    return phases.polish(base, settings, files, held_out, beta, where)


def _beside(namespace: argparse.Namespace) -> str:
    """The folder of a run that was given none: runs/a makes runs/a-sft."""
    need(namespace.base, "--out" if namespace.resume else "--from", "name the folder of a run")
    base = Path(namespace.base)
    base = base.parent if base.name == "bundle" else base
    return str(base.with_name(f"{base.name}-{namespace.phase}"))


# parts -----------------------------------------------------------------------------------


def _ended(namespace: argparse.Namespace, progress: Progress) -> int:
    if os.environ.get("RANK", "0") != "0":
        return 0
    out = Path(namespace.out)
    if (out / "bundle").is_dir():
        print(f"{progress.step:,} steps; the network is in {out / 'bundle'}, see {out / 'card.md'}")
    else:
        print(
            f"stopped and saved after {progress.step:,} steps; go on with "
            f"havoc train {namespace.phase} --out {out} --resume"
        )
    return 0


def _where(namespace: argparse.Namespace, run: Run | None = None) -> Where:
    """How the run is carried out: as it is told, or else as it was before."""
    from havoc.train.runs import Where

    standard = PROMPTS if namespace.phase == "pretrain" else ()
    return Where(
        Path(namespace.out),
        namespace.resume,
        namespace.device or (run.device if run else "cpu"),
        tuple(namespace.track or (run.track if run else ())),
        tuple(namespace.prompt or (run.prompts if run else standard)),
        namespace.quiet,
    )


def _config(namespace: argparse.Namespace) -> HavocConfig:
    from havoc.model import preset, read_config

    if bool(namespace.preset) == bool(namespace.config):
        raise InputError(
            "give one of the two", where="--preset, --config", remedy="such as --preset havoc-8m"
        )
    config = preset(namespace.preset) if namespace.preset else read_config(namespace.config)
    if namespace.vocab_size is None:
        return config
    return config.replace(vocab_size=namespace.vocab_size)


def _are_shards(data: list[str]) -> bool:
    from havoc.data.manifest import MANIFEST_NAME

    return len(data) == 1 and (Path(data[0]) / MANIFEST_NAME).is_file()


def _named_tokenizer(namespace: argparse.Namespace) -> HavocTokenizer | None:
    from havoc.tokenizer import HavocTokenizer

    return HavocTokenizer.load(namespace.tokenizer) if namespace.tokenizer else None


def _tokenizer(namespace: argparse.Namespace, config: HavocConfig) -> HavocTokenizer:
    """The tokenizer that is named or lies in the run folder, else one learned from the data."""
    from havoc.tokenizer import HavocTokenizer
    from havoc.tokenizer.tokenizer import FILE_NAME

    named = _named_tokenizer(namespace)
    if named is not None:
        return named
    out = Path(namespace.out)
    if (out / FILE_NAME).exists():
        return HavocTokenizer.load(out)
    mixture = mixture_of(namespace.data)
    learned = learn(mixture, config.vocab_size, MOST_BYTES, _silent(namespace))
    out.mkdir(parents=True, exist_ok=True)
    write_atomic(out / FILE_NAME, learned.model)
    return learned


@contextmanager
def _no_empty_folder(folder: Path) -> Iterator[None]:
    """What fails before anything is written leaves no folder either."""
    try:
        yield
    except InputError:
        with suppress(OSError):  # it holds something, or is not there
            folder.rmdir()
        raise


def _silent(namespace: argparse.Namespace) -> bool:
    return bool(namespace.quiet) or os.environ.get("RANK", "0") != "0"


def _need_training_extra() -> None:
    import importlib.util

    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise InputError(
            f"training needs {', '.join(missing)}",
            where="havoc train",
            remedy='pip install "havoc[train]"',
        )
