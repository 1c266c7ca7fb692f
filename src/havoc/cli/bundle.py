"""Bundles: what a network is made of, in one folder.

havoc bundle show   runs/a
havoc bundle verify runs/a/bundle
havoc bundle export runs/a --format hf   --out exports/a
havoc bundle export runs/a --format gguf --out a.gguf --dtype q8_0
havoc bundle import SmolLM2.gguf --out models/smollm2
havoc bundle quantise runs/a --kind int8 --out small
"""

from __future__ import annotations

import argparse
import importlib.util
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from havoc.errors import InputError
from havoc.text import printable

if TYPE_CHECKING:
    from havoc.bundle import Bundle

NEEDED = ("sentencepiece", "tokenizers", "gguf")
INSIDE_A_RUN = "bundle"
FORMATS = {"hf": "fp32, fp16 or bf16 (fp32)", "gguf": "fp32, fp16 or q8_0 (fp16)"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    export = actions.add_parser("export", help="write it for other programs", allow_abbrev=False)
    export.add_argument("bundle", metavar="BUNDLE_OR_RUN", help="a bundle, or the run that made it")
    export.add_argument("--format", required=True, choices=list(FORMATS), help="hf or gguf")
    export.add_argument("--out", required=True, help="the folder (hf) or the file (gguf) to write")
    kinds = "; ".join(f"{name}: {kinds}" for name, kinds in FORMATS.items())
    export.add_argument("--dtype", help=f"precision of the weights. {kinds}")
    bring = actions.add_parser(
        "import",
        help="make a bundle of a GGUF file or of a Hugging Face folder",
        allow_abbrev=False,
    )
    bring.add_argument("path", metavar="PATH", help="the GGUF file, or the folder")
    bring.add_argument("--out", required=True, help="the folder to write")
    quantise = actions.add_parser(
        "quantise",
        help="round its matrices to int8 or ternary codes",
        allow_abbrev=False,
    )
    quantise.add_argument(
        "bundle", metavar="BUNDLE_OR_RUN", help="a bundle, or the run that made it"
    )
    quantise.add_argument("--kind", required=True, choices=("int8", "ternary"), help="how to round")
    quantise.add_argument("--out", required=True, metavar="FOLDER", help="the folder to write")
    verify = actions.add_parser("verify", help="check every byte and weight", allow_abbrev=False)
    verify.add_argument("bundle", metavar="BUNDLE_OR_RUN")
    show = actions.add_parser("show", help="say what it is and where from", allow_abbrev=False)
    show.add_argument("bundle", metavar="BUNDLE_OR_RUN")
    show.add_argument("--json", action="store_true", help="print it as JSON")


def execute(namespace: argparse.Namespace) -> int:
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise InputError(
            f"bundles need {', '.join(missing)}",
            where="havoc bundle",
            remedy='pip install "havoc[train]"',
        )
    carry_out = {
        "export": _export,
        "import": _import,
        "quantise": _quantise,
        "verify": _verify,
        "show": _show,
    }
    return carry_out[namespace.action](namespace)


def _export(namespace: argparse.Namespace) -> int:
    out = _new(namespace.out)
    bundle = _open(namespace.bundle)
    given = {"precision": namespace.dtype} if namespace.dtype else {}
    if namespace.format == "hf":
        from havoc.bundle.huggingface import export_huggingface

        export_huggingface(bundle, out, **given)
    else:
        from havoc.bundle.gguf import export_gguf

        export_gguf(bundle, out, **given)
    print(f"Written to {printable(str(out))}")
    return 0


def _import(namespace: argparse.Namespace) -> int:
    from havoc.bundle import Bundle
    from havoc.bundle.importing import import_checkpoint

    out = _new(namespace.out)
    import_checkpoint(namespace.path, out)
    _print(_facts(Bundle.open(out, verify=False)))
    return 0


def _quantise(namespace: argparse.Namespace) -> int:
    from havoc.bundle import Bundle
    from havoc.bundle.codes import quantise_bundle

    out = _new(namespace.out)
    quantise_bundle(_open(namespace.bundle), namespace.kind, out)
    _print(_facts(Bundle.open(out, verify=False)))
    return 0


def _verify(namespace: argparse.Namespace) -> int:
    import numpy as np

    bundle = _open(namespace.bundle)
    for name in bundle.weights.entries:
        if not np.isfinite(bundle.weights.read(name)).all():
            raise InputError(
                f"{name} holds a value that is no number",
                where=str(bundle.weights.path),
                remedy="take an earlier checkpoint of the run",
            )
    print(f"{printable(str(bundle.path))} is whole: {len(bundle.card['files'])} files as written")
    return 0


def _show(namespace: argparse.Namespace) -> int:
    facts = _facts(_open(namespace.bundle, verify=False))
    if namespace.json:
        print(json.dumps(facts, ensure_ascii=False, indent=2))
    else:
        _print(facts)
    return 0


def _open(path: str, *, verify: bool = True) -> Bundle:
    from havoc.bundle import Bundle

    folder = Path(path)
    inside = folder / INSIDE_A_RUN
    if not inside.is_dir() and (folder / "run.json").exists():
        raise InputError(
            "the run has not finished: it has no bundle yet",
            where=str(folder),
            remedy="finish it with havoc train … --resume",
        )
    return Bundle.open(inside if inside.is_dir() else folder, verify=verify)


def _new(path: str) -> Path:
    """A place where nothing lies yet: what lies there is never replaced."""
    out = Path(path)
    if out.exists() and not (out.is_dir() and not any(out.iterdir())):
        raise InputError("is there already", where="--out", remedy="name another place")
    return out


def _facts(bundle: Bundle) -> dict[str, Any]:
    import dataclasses

    from havoc.model.count import count_parameters
    from havoc.tokenizer import HavocTokenizer

    count = count_parameters(bundle.config)
    own = isinstance(bundle.tokenizer, HavocTokenizer)
    kinds = sorted({entry.dtype for entry in bundle.weights.entries.values()})
    return {
        "path": str(bundle.path),
        "parameters": count.total,
        "parameters_without_embedding": count.hidden + count.norms,
        "precision": kinds,
        "bytes": sum(entry.end - entry.start for entry in bundle.weights.entries.values()),
        "tokenizer": "havoc" if own else "foreign",
        "config": dataclasses.asdict(bundle.config),
        "card": bundle.card,
    }


def _print(facts: dict[str, Any]) -> None:
    config, card = facts["config"], facts["card"]
    window = config["sliding_window"]
    lines = [
        ("bundle", facts["path"]),
        ("parameters", f"{facts['parameters']:,}"),
        ("  without embedding", f"{facts['parameters_without_embedding']:,}"),
        ("weights", f"{', '.join(facts['precision'])}, {facts['bytes'] / 1e6:,.1f} MB"),
        ("layers", f"{config['num_layers']} of width {config['d_model']}, MLP {config['d_ff']}"),
        (
            "attention",
            f"{config['num_heads']} heads of {config['head_dim']}, {config['num_kv_heads']} for "
            f"keys and values" + (f", the last {window} positions" if window else ""),
        ),
        ("positions", f"{config['max_seq_len']:,}, base {config['rope_theta']:g}"),
        ("vocabulary", f"{config['vocab_size']:,} ids ({facts['tokenizer']})"),
    ]
    lines += [(name, _short(value)) for name, value in _provenance(card)]
    for name, value in lines:
        print(f"{name:<22}{printable(str(value))}")


def _provenance(card: dict[str, Any]) -> list[tuple[str, Any]]:
    """What the card says of where the network comes from, one fact a line."""
    source = card.get("source")
    told = dict(source) if isinstance(source, dict) else {}
    told |= {
        name: card[name] for name in ("phase", "steps", "tokens", "validation") if name in card
    }
    return [(name.replace("_", " "), value) for name, value in told.items() if value]


def _short(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_short(inner)}" for name, inner in value.items())
    return f"{value:,}" if isinstance(value, int) else str(value)
