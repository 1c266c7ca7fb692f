"""Count what a network needs: memory by strategy, what fits, time. Nothing is run.

havoc plan --preset havoc-7b --gpu 24GB --batch-size 1 --sequence-length 4096
havoc plan --preset havoc-7b --gpu rtx-4090 --tokens 1B
havoc plan --config shape.yaml --gpu 80GB --processes 8 --flops 400T --mfu 0.4 --tokens 100B
havoc plan --preset havoc-8m --ram 8GB --optimizer muon --activation-checkpointing 1
"""

from __future__ import annotations

import argparse
import dataclasses
import re
from typing import TYPE_CHECKING, Any

from havoc.cli.train_options import HelpFormatter, add_setting
from havoc.configuration import read_mapping
from havoc.errors import InputError
from havoc.train.settings import TrainSettings, settings_from

if TYPE_CHECKING:
    from havoc.model.config import HavocConfig
    from havoc.train.plan import Request

OF_THE_RUN = ("batch_size", "gradient_accumulation", "sequence_length")
OF_THE_STRATEGY = (
    *("optimizer", "precision", "weights", "activation_checkpointing", "fused_backward"),
    *("offload_optimizer", "max_gradient_norm", "ema_decay", "apollo_rank"),
)
SIZES = {"mb": 10**6, "gb": 10**9, "tb": 10**12, "mib": 1 << 20, "gib": 1 << 30, "tib": 1 << 40}
COUNTS = {"": 1.0, "k": 1e3, "M": 1e6, "B": 1e9, "G": 1e9, "T": 1e12, "P": 1e15}
USUAL_MFU = 0.4


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.usage = "havoc plan (--preset NAME | --config FILE) [--gpu SIZE | --ram SIZE] [options]"
    parser.formatter_class = HelpFormatter
    parser.add_argument(
        "--preset", metavar="NAME", help="the shape of the network, such as havoc-7b"
    )
    parser.add_argument("--config", metavar="FILE", help="the shape of the network as YAML or JSON")
    parser.add_argument(
        "--gpu", metavar="SIZE", help="memory of the device, such as 24GB, or rtx-4090"
    )
    parser.add_argument(
        "--ram", metavar="SIZE", help="main memory, such as 16GiB: plans for the processor"
    )
    parser.add_argument("--device", choices=("cuda", "cpu"), help="cuda, or with --ram cpu")
    parser.add_argument(
        "--processes",
        type=int,
        default=1,
        metavar="N",
        help="devices that share everything out by FSDP (1)",
    )
    parser.add_argument(
        "--documents",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="attention within documents, as pretraining has it (yes)",
    )
    parser.add_argument(
        "--flops", metavar="RATE", help="products a second of one device, such as 200T"
    )
    parser.add_argument(
        "--mfu", type=float, metavar="X", help=f"share of them that training reaches ({USUAL_MFU})"
    )
    parser.add_argument(
        "--tokens", metavar="COUNT", help="tokens of the run, such as 100B, for its time"
    )
    parser.add_argument("--max-steps", type=int, metavar="N", help="its optimiser steps instead")
    parser.add_argument(
        "--generate-batch", type=int, default=1, metavar="N", help="for the KV cache (1)"
    )
    parser.add_argument("--context", type=int, metavar="N", help="for the KV cache (all positions)")
    parser.add_argument("--json", action="store_true", help="sizes in bytes, time in seconds")
    group = parser.add_argument_group(
        "settings of the run", "with one of a strategy's own, only that one is planned"
    )
    group.add_argument(
        "--settings", metavar="FILE", help="settings as YAML; the command line comes before it"
    )
    for field in dataclasses.fields(TrainSettings):
        if field.name in (*OF_THE_RUN, *OF_THE_STRATEGY):
            add_setting(group, field)


def execute(namespace: argparse.Namespace) -> int:
    from havoc.train.plan import STRATEGIES, Strategy, as_object, plan

    given = _given(namespace)
    request = _request(namespace, given)
    own = any(name in given for name in OF_THE_STRATEGY)
    strategies = (Strategy("as given", {}, "what the settings say"),) if own else STRATEGIES
    result = plan(request, strategies)
    if namespace.json:
        import msgspec

        print(msgspec.json.format(msgspec.json.encode(as_object(result)), indent=2).decode())
    else:
        from havoc.train.plan_report import report

        print("\n".join(report(result)))
    return 0


def _request(namespace: argparse.Namespace, given: dict[str, Any]) -> Request:
    from havoc.train.plan import Request

    settings = settings_from(given, where="settings")
    device, memory, rate = _device(namespace)
    tokens = _count(namespace.tokens, "--tokens") if namespace.tokens else None
    if namespace.max_steps is not None:
        if tokens is not None:
            raise InputError(
                "give one of the two", where="--tokens, --max-steps", remedy="drop the other"
            )
        if namespace.max_steps < 1:
            raise InputError(f"is {namespace.max_steps}", where="--max-steps", remedy="give 1")
        per_step = settings.sequences_per_step * settings.sequence_length * namespace.processes
        tokens = float(namespace.max_steps * per_step)
    if tokens is not None and not rate:
        raise InputError(
            "no time can be told without a rate",
            where="--tokens, --max-steps",
            remedy="give --flops, such as --flops 200T --mfu 0.4, or a known device as --gpu",
        )
    return Request(
        config=_config(namespace),
        settings=settings,
        device=device,
        documents=namespace.documents,
        processes=namespace.processes,
        memory=memory,
        rate=rate,
        tokens=tokens,
        generate_batch=namespace.generate_batch,
        generate_context=namespace.context,
    )


def _device(namespace: argparse.Namespace) -> tuple[str, int | None, dict[str, float]]:
    """The kind of device, its memory, and the rate that is reached on it by precision."""
    from havoc.train.plan import ACCELERATORS

    if namespace.gpu and (namespace.ram or namespace.device == "cpu"):
        raise InputError("is not for the processor", where="--gpu", remedy="give --ram alone")
    if namespace.ram and namespace.device == "cuda":
        raise InputError("is for the processor", where="--ram", remedy="give --gpu")
    known = ACCELERATORS.get((namespace.gpu or "").lower())
    rate: dict[str, float] = {}
    if known is not None:
        rate = {"bf16": known.bf16, "fp16": known.bf16, "fp32": known.fp32}
    if namespace.flops:
        rate = dict.fromkeys(("bf16", "fp16", "fp32"), _count(namespace.flops, "--flops"))
    if namespace.mfu is not None:
        if not rate:
            raise InputError("is a share of --flops", where="--mfu", remedy="give --flops too")
        if not 0 < namespace.mfu <= 1:
            raise InputError(
                f"is {namespace.mfu}", where="--mfu", remedy="give a share, such as 0.4"
            )
    share = USUAL_MFU if namespace.mfu is None else namespace.mfu
    reached = {precision: flops * share for precision, flops in rate.items()}
    if known is not None:
        return "cuda", known.memory, reached
    if namespace.ram:
        return "cpu", _size(namespace.ram, "--ram"), reached
    memory = _size(namespace.gpu, "--gpu", ACCELERATORS) if namespace.gpu else None
    return namespace.device or "cuda", memory, reached


def _given(namespace: argparse.Namespace) -> dict[str, Any]:
    values = read_mapping(namespace.settings) if namespace.settings else {}
    for name in (*OF_THE_RUN, *OF_THE_STRATEGY):
        if getattr(namespace, name) is not None:
            values[name] = getattr(namespace, name)
    return values


def _config(namespace: argparse.Namespace) -> HavocConfig:
    from havoc.model.config import preset, read_config

    if bool(namespace.preset) == bool(namespace.config):
        raise InputError(
            "give one of the two", where="--preset, --config", remedy="such as --preset havoc-8m"
        )
    return preset(namespace.preset) if namespace.preset else read_config(namespace.config)


def _size(text: str, where: str, known: Any = ()) -> int:
    """Bytes of a size with its unit."""
    match = re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?) ?([A-Za-z]*)", text.strip())
    size = SIZES.get(match[2].lower()) if match else None
    if match is None or size is None or not float(match[1]):
        devices = f", or one of {', '.join(known)}" if known else ""
        number = match[1] if match and float(match[1]) else "24"
        raise InputError(
            f"{text!r} is no size with a unit",
            where=where,
            remedy=f"give {number}GB (10^9 bytes each) or {number}GiB (2^30){devices}",
        )
    return int(float(match[1]) * size)


def _count(text: str, where: str) -> float:
    """A number with a letter for its thousands: 200T, 100B."""
    match = re.fullmatch(r"(\d{1,18}(?:\.\d{1,9})?)([A-Za-z]?)", text.strip().replace("_", ""))
    letters = {letter.lower(): factor for letter, factor in COUNTS.items()}
    factor = letters.get(match[2].lower()) if match else None
    if match is None or factor is None or not float(match[1]):
        raise InputError(
            f"{text!r} is no positive number",
            where=where,
            remedy="give such as 300M, 100B or 1.5T",
        )
    return float(match[1]) * factor
