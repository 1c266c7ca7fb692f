"""Train a network: the vocabulary, then one phase after the other.

havoc train tokenizer --data corpus/ --vocab-size 16384 --out tokenizer.model
havoc train pretrain  --preset havoc-8m --data corpus/ --tokenizer tokenizer.model --out runs/a
havoc train pretrain  --out runs/a --resume
havoc train sft       --from runs/a --data sft.jsonl --out runs/b
havoc train polish    --from runs/b --data prefs.jsonl --out runs/c
torchrun --nproc-per-node 2 -m havoc train pretrain … --parallel ddp
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from havoc.errors import InputError
from havoc.files import write_atomic
from havoc.train.settings import CHOICES, TrainSettings, read_settings, settings_from

if TYPE_CHECKING:
    from havoc.data import MixtureSpec
    from havoc.model import HavocConfig
    from havoc.tokenizer import HavocTokenizer
    from havoc.train.trainer import Progress

PHASES = ("tokenizer", "data", "pretrain", "sft", "polish")
PROMPTS = (
    "The process is in statistical control when",
    "A factorial design is",
    "The mean of the sample",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    phases = parser.add_subparsers(dest="phase", metavar="PHASE", required=True)
    for name, help_line in (
        ("tokenizer", "learn a vocabulary"),
        ("data", "make token shards, which several runs can use"),
        ("pretrain", "train a network from its first draw"),
        ("sft", "go on with records of prompt and completion"),
        ("polish", "go on with conversations, or with chosen and rejected answers"),
    ):
        phase = phases.add_parser(name, help=help_line, allow_abbrev=False)
        many = name != "tokenizer"
        phase.add_argument(
            "--data",
            nargs="+",
            required=name in ("tokenizer", "data"),
            metavar="PATH",
            help="files or folders"
            + (", a mixture in YAML, or token shards" if name == "pretrain" else ""),
        )
        phase.add_argument("--out", required=True, help="where the result goes")
        if name in ("tokenizer", "data", "pretrain"):
            phase.add_argument("--vocab-size", type=int, help="ids of the vocabulary")
        if name in ("data", "pretrain"):
            phase.add_argument("--tokenizer", help="a tokenizer.model, or the folder it lies in")
        if name in ("pretrain", "sft", "polish"):
            _add_run(phase, name)
        elif many:
            phase.add_argument("--seed", type=int, default=0, help="seed of the duplicate search")
        else:
            phase.add_argument(
                "--most-bytes", type=int, default=200_000_000, help="text to learn from, at most"
            )


def _add_run(phase: argparse.ArgumentParser, name: str) -> None:
    if name == "pretrain":
        phase.add_argument("--preset", help="the shape of the network, such as havoc-8m")
        phase.add_argument("--config", help="the shape of the network as YAML or JSON")
    else:
        phase.add_argument("--from", dest="base", help="a finished run, or a bundle")
        phase.add_argument("--validation", help="records that are held out")
    if name == "polish":
        phase.add_argument(
            "--beta", type=float, default=0.1, help="weight of the distance to the beginning (0.1)"
        )
    phase.add_argument("--resume", action="store_true", help="go on from the last checkpoint")
    phase.add_argument("--settings", help="settings as YAML; the command line comes before it")
    phase.add_argument("--device", default="cpu", help="cpu or cuda (cpu)")
    phase.add_argument(
        "--track", nargs="+", default=[], choices=("tensorboard", "wandb"), help="further trackers"
    )
    phase.add_argument("--prompt", action="append", default=[], help="begins a sample generation")
    phase.add_argument("--quiet", action="store_true", help="no progress line")
    group = phase.add_argument_group("settings of the run")
    for field in dataclasses.fields(TrainSettings):
        flag = "--" + field.name.replace("_", "-")
        text = f"{field.metadata['help']} ({field.default})".replace("%", "%%")
        if isinstance(field.default, bool):
            group.add_argument(flag, action=argparse.BooleanOptionalAction, default=None, help=text)
        else:
            group.add_argument(
                flag, type=type(field.default), choices=CHOICES.get(field.name), help=text
            )


def execute(namespace: argparse.Namespace) -> int:
    _need_training_extra()
    if namespace.phase == "tokenizer":
        return _tokenizer(namespace)
    if namespace.phase == "data":
        return _data(namespace)
    progress = {"pretrain": _pretrain, "sft": _tune, "polish": _tune}[namespace.phase](namespace)
    return _ended(namespace, progress)


def _tokenizer(namespace: argparse.Namespace) -> int:
    tokenizer = _learn(namespace.data, namespace.vocab_size or 16384, namespace.most_bytes)
    out = Path(namespace.out)
    target = out / "tokenizer.model" if out.is_dir() or not out.suffix else out
    target.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(target, tokenizer.model)
    print(f"{tokenizer.vocab_size} ids in {target}")
    return 0


def _data(namespace: argparse.Namespace) -> int:
    if not namespace.tokenizer:
        raise InputError(
            "is missing", where="--tokenizer", remedy="learn one with havoc train tokenizer"
        )
    from havoc.tokenizer import HavocTokenizer

    tokenizer = HavocTokenizer.load(namespace.tokenizer)
    manifest = _prepare(_mixture(namespace.data), tokenizer, Path(namespace.out), namespace.seed)
    for name, group in manifest.groups.items():
        print(f"{name}: weight {group.weight:g}, {_counts(group)}")
    print("dropped: " + ", ".join(f"{n} {reason}" for reason, n in manifest.dropped().items()))
    return 0


def _pretrain(namespace: argparse.Namespace) -> Progress:
    from havoc.tokenizer import HavocTokenizer
    from havoc.train.parallel import first_process_first
    from havoc.train.phases import pretrain, read_run, resumed_settings

    out = Path(namespace.out)
    where = _where(namespace)
    if namespace.resume:
        run = read_run(out)
        settings = resumed_settings(run, _given(namespace))
        tokenizer = HavocTokenizer.load(out)
        return pretrain(run.config, settings, Path(run.data[0]), tokenizer, where)
    if not namespace.data:
        raise InputError("is missing", where="--data", remedy="name files, a mixture or shards")
    settings = settings_from(_given(namespace), where="settings")
    config = _config(namespace)
    shards = Path(namespace.data[0])
    prepared = len(namespace.data) == 1 and (shards / "manifest.json").is_file()
    with first_process_first(namespace.device):
        tokenizer = _tokenizer_for(namespace, config, out, prepared)
        if tokenizer.vocab_size != config.vocab_size:
            raise InputError(
                f"the tokenizer has {tokenizer.vocab_size} ids, the network {config.vocab_size}",
                where="--tokenizer",
                remedy=f"give --vocab-size {tokenizer.vocab_size}, or another tokenizer",
            )
        if not prepared:
            shards = out / "shards"
            _prepare(_mixture(namespace.data), tokenizer, shards, 0)
        if not (out / "run.json").exists():
            out.mkdir(parents=True, exist_ok=True)
            write_atomic(out / "tokenizer.model", tokenizer.model)
    return pretrain(config, settings, shards, tokenizer, where)


def _tune(namespace: argparse.Namespace) -> Progress:
    from havoc.train import phases

    out = Path(namespace.out)
    if namespace.resume:
        run = phases.read_run(out)
        settings = phases.resumed_settings(run, _given(namespace))
        files = [Path(path) for path in run.data]
        held_out = Path(run.validation) if run.validation else None
        base = phases.find_bundle(Path(namespace.base or run.base_path))
    else:
        if not namespace.base:
            raise InputError("is missing", where="--from", remedy="name a finished run or a bundle")
        if not namespace.data:
            raise InputError("is missing", where="--data", remedy="name files of records")
        settings = settings_from(_given(namespace), where="settings")
        files = [Path(path) for path in namespace.data]
        held_out = Path(namespace.validation) if namespace.validation else None
        base = phases.find_bundle(Path(namespace.base))
    where = _where(namespace)
    if namespace.phase == "sft":
        return phases.sft(base, settings, files, held_out, where)
    return phases.polish(base, settings, files, held_out, namespace.beta, where)


# parts ---------------------------------------------------------------------------------


def _ended(namespace: argparse.Namespace, progress: Progress) -> int:
    if os.environ.get("RANK", "0") != "0":
        return 0
    out = Path(namespace.out)
    if (out / "bundle").is_dir():
        print(
            f"{progress.step} steps; the bundle is in {out / 'bundle'}, its card in {out}/card.md"
        )
    else:
        print(
            f"stopped and saved after {progress.step} steps; go on with "
            f"havoc train {namespace.phase} --out {out} --resume"
        )
    return 0


def _where(namespace: argparse.Namespace) -> Any:
    from havoc.train.phases import Where

    return Where(
        Path(namespace.out),
        namespace.resume,
        namespace.device,
        tuple(namespace.track),
        tuple(namespace.prompt) or (PROMPTS if namespace.phase == "pretrain" else ()),
        namespace.quiet,
    )


def _given(namespace: argparse.Namespace) -> dict[str, Any]:
    """The settings that the user gave: from the YAML file, then from the command line."""
    values = read_settings(namespace.settings) if namespace.settings else {}
    for field in dataclasses.fields(TrainSettings):
        value = getattr(namespace, field.name)
        if value is not None:
            values[field.name] = value
    return values


def _config(namespace: argparse.Namespace) -> HavocConfig:
    from havoc.model import preset, read_config

    if bool(namespace.preset) == bool(namespace.config):
        raise InputError(
            "give one of the two", where="--preset, --config", remedy="such as --preset havoc-8m"
        )
    config = preset(namespace.preset) if namespace.preset else read_config(namespace.config)
    return config.replace(vocab_size=namespace.vocab_size) if namespace.vocab_size else config


def _tokenizer_for(
    namespace: argparse.Namespace, config: HavocConfig, out: Path, prepared: bool
) -> HavocTokenizer:
    """The tokenizer that is named, or one that is learned from the data."""
    from havoc.tokenizer import HavocTokenizer

    if namespace.tokenizer:
        return HavocTokenizer.load(namespace.tokenizer)
    if (out / "tokenizer.model").exists():
        return HavocTokenizer.load(out)
    if prepared:
        raise InputError(
            "is missing", where="--tokenizer", remedy="name the one that the shards were made with"
        )
    print(f"no --tokenizer: learning {config.vocab_size} ids from the data", file=sys.stderr)
    return _learn(namespace.data, config.vocab_size, 200_000_000)


def _learn(data: Sequence[str], vocab_size: int, most_bytes: int) -> HavocTokenizer:
    from havoc.tokenizer import train_tokenizer

    return train_tokenizer(_texts(_mixture(data)), vocab_size, most_bytes=most_bytes)


def _mixture(data: Sequence[str]) -> MixtureSpec:
    from havoc.data import MixtureSpec

    if len(data) == 1 and data[0].endswith((".yaml", ".yml")):
        return MixtureSpec.from_yaml(data[0])
    return MixtureSpec.from_paths(data)


def _texts(mixture: MixtureSpec) -> Iterator[str]:
    from havoc.data import read_source
    from havoc.data.normalise import normalise

    for group in mixture.groups:
        for source in group.sources:
            for document in read_source(source):
                yield normalise(document.text)


def _prepare(mixture: MixtureSpec, tokenizer: HavocTokenizer, out: Path, seed: int) -> Any:
    from havoc.data import prepare

    last = ""

    def show(progress: Any) -> None:
        nonlocal last
        if progress.file != last:
            last = progress.file
            print(
                f"{progress.files + 1}/{progress.total_files}  {progress.group}  {last}",
                file=sys.stderr,
            )

    return prepare(mixture, tokenizer, out, seed=seed, progress=show)


def _counts(group: Any) -> str:
    return f"{group.train.tokens:,} tokens, {group.validation.tokens:,} held out"


def _need_training_extra() -> None:
    import importlib.util

    missing = [
        name
        for name in (
            "torch",
            "sentencepiece",
            "safetensors",
            "datasketch",
            "zstandard",
            "py3langid",
        )
        if importlib.util.find_spec(name) is None
    ]
    if missing:
        raise InputError(
            f"training needs {', '.join(missing)}",
            where="havoc train",
            remedy='pip install "havoc[train]"',
        )
