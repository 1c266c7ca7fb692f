"""The options of ``havoc train``, and the settings that they make."""

from __future__ import annotations

import argparse
import dataclasses
from typing import Any

from havoc.configuration import read_mapping
from havoc.errors import InputError
from havoc.train.settings import CHOICES, TrainSettings, settings_from

VOCABULARY = 16384
MOST_BYTES = 200_000_000
TRACKERS = ("tensorboard", "wandb")

PHASES: dict[str, tuple[str, str, str]] = {
    "tokenizer": (
        "learn a vocabulary from text",
        "Learn a vocabulary from text: SentencePiece BPE with the reserved ids of havoc.",
        "havoc train tokenizer --data PATH… [--vocab-size N] [--out FILE]",
    ),
    "data": (
        "make token shards, which several runs can use",
        "Filter text, drop copies, hold a part out and write the rest as token shards.\n"
        "havoc train pretrain does the same on its own when it is given text.",
        "havoc train data --data PATH… --tokenizer FILE --out FOLDER",
    ),
    "pretrain": (
        "train a network from its first draw on text",
        "Train a network from its first draw. --data takes text (files, folders, or a mixture\n"
        "in YAML) or the shards of havoc train data. Without --tokenizer a vocabulary is\n"
        "learned from the text first.",
        "havoc train pretrain (--preset NAME | --config FILE) --data PATH… --out RUN\n"
        "       havoc train pretrain --out RUN --resume",
    ),
    "sft": (
        "go on with records of prompt and completion",
        "Go on from a network with records, one JSON object a line:\n"
        '  {"prompt": "…", "completion": "…"}\n'
        '  {"messages": [{"role": "user", "content": "…"}, {"role": "assistant", …}]}\n'
        'A completion may also be a list of segments, such as [{"tool": {"tool": "…", "args":\n'
        '{…}}}, {"text": "…"}]. Only what the assistant writes counts in the loss.',
        "havoc train sft --from RUN --data FILE… [--validation FILE] [--out RUN]\n"
        "       havoc train sft --out RUN --resume",
    ),
    "polish": (
        "go on with conversations, or with chosen and rejected answers",
        "Go on from a network with conversations as in havoc train sft, or with preferences\n"
        "(DPO), one JSON object a line:\n"
        '  {"prompt": "…", "chosen": "…", "rejected": "…"}\n'
        "Which of the two it is follows from the file.",
        "havoc train polish --from RUN --data FILE… [--validation FILE] [--out RUN]\n"
        "       havoc train polish --out RUN --resume",
    ),
}

OWN_DEFAULTS: dict[str, dict[str, Any]] = {
    "pretrain": {},
    "sft": {"learning_rate": 1e-4},
    "polish": {"learning_rate": 1e-5},
}
"""What a phase takes otherwise than TrainSettings: tuning must not undo what was learned."""

DERIVED = {
    "min_learning_rate": "a tenth of the highest",
    "warmup_steps": "a tenth of the steps, at most 100",
}


class HelpFormatter(argparse.RawDescriptionHelpFormatter):
    """Leaves room for long options, so that most explanations stand beside them."""

    def __init__(self, prog: str, **settings: Any) -> None:
        super().__init__(prog, **{**settings, "max_help_position": 32})


def add_phases(parser: argparse.ArgumentParser) -> None:
    """One subcommand a phase."""
    width = max(map(len, PHASES))
    lines = [f"  {name:<{width}}  {short}" for name, (short, _, _) in PHASES.items()]
    parser.epilog = "phases:\n" + "\n".join(lines) + "\n\nhavoc train PHASE --help says more."
    phases = parser.add_subparsers(
        dest="phase", metavar="PHASE", required=True, help=argparse.SUPPRESS
    )
    for name, (_, long, usage) in PHASES.items():
        phase = phases.add_parser(
            name,
            description=long,
            usage=usage,
            allow_abbrev=False,
            formatter_class=HelpFormatter,
        )
        _ADD.get(name, _add_run)(phase)


def given_settings(namespace: argparse.Namespace) -> dict[str, Any]:
    """The settings that the user gave: from the YAML file, then from the command line."""
    values: dict[str, Any] = {}
    if namespace.settings:
        values = read_mapping(namespace.settings)
        known = {field.name for field in dataclasses.fields(TrainSettings)}
        for name in values:
            if name not in known:  # refused here, where the file can be named
                settings_from({name: None}, where=namespace.settings)
    for field in dataclasses.fields(TrainSettings):
        value = getattr(namespace, field.name)
        if value is not None:
            values[field.name] = value
    return values


def first_settings(namespace: argparse.Namespace) -> TrainSettings:
    """The settings of a run that begins: defaults of the phase, YAML, command line."""
    given = given_settings(namespace)
    values = {**OWN_DEFAULTS[namespace.phase], **given}
    known = settings_from({**values, **_least(given)}, where=namespace.settings or "settings")
    if "min_learning_rate" not in given:
        values["min_learning_rate"] = known.learning_rate / 10
    if "warmup_steps" not in given:
        values["warmup_steps"] = min(100, known.max_steps // 10)
    return settings_from(values, where=namespace.settings or "settings")


def _least(given: dict[str, Any]) -> dict[str, Any]:
    """Values for the settings that others decide, with which those others can be checked."""
    return {name: 0 for name in DERIVED if name not in given}


# one function a phase --------------------------------------------------------------------


def _add_data(phase: argparse.ArgumentParser, text: str, *, required: bool) -> None:
    phase.add_argument("--data", nargs="+", required=required, metavar="PATH", help=text)


def _add_tokenizer_phase(phase: argparse.ArgumentParser) -> None:
    _add_data(phase, "files or folders of text, or a mixture in YAML", required=True)
    phase.add_argument(
        "--out",
        default="tokenizer.model",
        metavar="FILE",
        help="the file to write, or the folder for it (tokenizer.model)",
    )
    phase.add_argument(
        "--vocab-size",
        type=int,
        default=VOCABULARY,
        metavar="N",
        help=f"ids of the vocabulary ({VOCABULARY})",
    )
    phase.add_argument(
        "--pieces",
        metavar="FILE",
        help="what the vocabulary must have whole, one piece a line",
    )
    phase.add_argument(
        "--most-bytes",
        type=int,
        default=MOST_BYTES,
        metavar="N",
        help=f"bytes of text to learn from, at most ({MOST_BYTES:,})",
    )
    phase.add_argument("--quiet", action="store_true", help="no progress on standard error")


def _add_data_phase(phase: argparse.ArgumentParser) -> None:
    _add_data(phase, "files or folders of text, or a mixture in YAML", required=True)
    phase.add_argument(
        "--tokenizer",
        required=True,
        metavar="FILE",
        help="a tokenizer.model, or the folder it lies in; havoc train tokenizer makes one",
    )
    phase.add_argument("--out", required=True, metavar="FOLDER", help="the shards to write")
    phase.add_argument(
        "--seed", type=int, default=0, metavar="N", help="seed of the search for copies (0)"
    )
    phase.add_argument("--quiet", action="store_true", help="no progress on standard error")


def _add_run(phase: argparse.ArgumentParser) -> None:
    name = phase.prog.split()[-1]
    if name == "pretrain":
        _add_data(phase, "text, or token shards", required=False)
    else:
        _add_data(phase, "files or folders of records (.jsonl)", required=False)
    if name == "pretrain":
        phase.add_argument("--out", required=True, metavar="RUN", help="the folder of the run")
        _add_network(phase)
    else:
        phase.add_argument(
            "--out",
            metavar="RUN",
            help=f"the folder of the run (that of --from, with -{name} after it)",
        )
        phase.add_argument("--from", dest="base", metavar="RUN", help="a finished run, or a bundle")
        phase.add_argument(
            "--validation",
            metavar="FILE",
            help="held-out records; without them the figures are those of the training records",
        )
    if name == "polish":
        phase.add_argument(
            "--beta",
            type=float,
            metavar="X",
            help="for preferences: weight of the distance to the network before (0.1)",
        )
    phase.add_argument("--resume", action="store_true", help="go on from the last checkpoint")
    phase.add_argument(
        "--settings", metavar="FILE", help="settings in YAML; the command line goes before it"
    )
    phase.add_argument("--device", metavar="NAME", help="cpu or cuda (cpu)")
    phase.add_argument(
        "--track",
        nargs="+",
        metavar="TRACKER",
        choices=TRACKERS,
        help=f"beside metrics.jsonl: {' or '.join(TRACKERS)}",
    )
    phase.add_argument(
        "--prompt",
        action="append",
        metavar="TEXT",
        help="let the network continue this at every validation; may be repeated",
    )
    phase.add_argument("--quiet", action="store_true", help="no progress on standard error")
    _add_settings(phase, name)


def _add_network(phase: argparse.ArgumentParser) -> None:
    phase.add_argument(
        "--preset", metavar="NAME", help="the shape of the network, such as havoc-8m"
    )
    phase.add_argument("--config", metavar="FILE", help="the shape of the network, as YAML or JSON")
    phase.add_argument(
        "--vocab-size", type=int, metavar="N", help="ids of the vocabulary (those of the shape)"
    )
    phase.add_argument(
        "--tokenizer", metavar="FILE", help="a tokenizer.model, or the folder it lies in"
    )


def _add_settings(phase: argparse.ArgumentParser, name: str) -> None:
    group = phase.add_argument_group(
        "settings of the run", "in YAML with _ in place of -, such as max_steps: 500"
    )
    own = OWN_DEFAULTS[name]
    for field in dataclasses.fields(TrainSettings):
        value = own.get(field.name, field.default)
        add_setting(group, field, DERIVED.get(field.name, _shown(value)))


def add_setting(group: Any, field: dataclasses.Field[Any], default: str | None = None) -> None:
    """The option of one field of TrainSettings; ``default`` is what its help calls so."""
    flag = "--" + field.name.replace("_", "-")
    said = field.metadata["help"].rstrip(".")
    shown = _shown(field.default) if default is None else default
    text = f"{said[0].lower()}{said[1:]} ({shown})".replace("%", "%%")
    if isinstance(field.default, bool):
        group.add_argument(flag, action=argparse.BooleanOptionalAction, default=None, help=text)
        return
    choices = CHOICES.get(field.name)
    group.add_argument(
        flag,
        type=type(field.default),
        choices=choices,
        metavar=None if choices else ("X" if isinstance(field.default, float) else "N"),
        help=text,
    )


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)


def need(value: Any, option: str, remedy: str) -> None:
    """Raise InputError where an option that the phase needs is missing."""
    if not value:
        raise InputError("is missing", where=option, remedy=remedy)


_ADD = {"tokenizer": _add_tokenizer_phase, "data": _add_data_phase}
