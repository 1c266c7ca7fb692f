"""The artefact in which the trunks meet: one directory.

``config.json`` the shape, ``model.safetensors`` the weights, ``tokenizer.model`` the
vocabulary, ``card.json`` where it comes from, with the SHA-256 of the other files. It is
written under a temporary name and renamed when it is complete.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from numpy.typing import NDArray

from havoc.bundle.folder import new_folder
from havoc.bundle.tensors import TensorFile, open_tensors, tensors_to_bytes
from havoc.errors import InputError
from havoc.model.config import FILE_NAME as CONFIG
from havoc.model.config import HavocConfig, read_config
from havoc.tokenizer import HavocTokenizer
from havoc.tokenizer.tokenizer import FILE_NAME as TOKENIZER

WEIGHTS = "model.safetensors"
CARD = "card.json"
CARD_VERSION = 1
_LAYER = re.compile(r"^layers\.(\d+)\.")


@dataclass(frozen=True, slots=True)
class Bundle:
    """An opened bundle: its parts agree with each other."""

    path: Path
    config: HavocConfig
    tokenizer: HavocTokenizer
    weights: TensorFile
    card: dict[str, Any]

    @classmethod
    def open(cls, path: str | os.PathLike[str], *, verify: bool = True) -> Bundle:
        """Open a bundle; with ``verify`` the checksums of its files are computed.

        Raises InputError where a file is missing or damaged, or where parts do not fit.
        """
        folder = Path(path)
        if not folder.is_dir():
            raise InputError(
                "is no folder", where=str(folder), remedy="name a bundle, such as runs/a/bundle"
            )
        config = read_config(folder / CONFIG)
        tokenizer = HavocTokenizer.load(folder / TOKENIZER)
        if tokenizer.vocab_size != config.vocab_size:
            raise InputError(
                f"the tokenizer has {tokenizer.vocab_size} ids, the network {config.vocab_size}",
                where=str(folder),
                remedy="use the tokenizer that the network was trained with",
            )
        weights = open_tensors(folder / WEIGHTS)
        check_shapes(weights, config)
        card = _read_card(folder / CARD)
        if verify:
            _verify(folder, card)
        return cls(folder, config, tokenizer, weights, card)


def weight_shapes(config: HavocConfig) -> dict[str, tuple[int, ...]]:
    """The name and shape of every weight of a network, in order."""
    d, rows = config.d_model, config.qkv_rows
    shapes: dict[str, tuple[int, ...]] = {"embedding.weight": (config.vocab_size, d)}
    for layer in range(config.num_layers):
        block = f"layers.{layer}."
        shapes |= {
            f"{block}attention_norm.weight": (d,),
            f"{block}attention.qkv.weight": (sum(rows), d),
            f"{block}attention.output.weight": (d, rows[0]),
            f"{block}mlp_norm.weight": (d,),
            f"{block}mlp.gate_up.weight": (2 * config.d_ff, d),
            f"{block}mlp.down.weight": (d, config.d_ff),
        }
    shapes["norm.weight"] = (d,)
    if not config.tie_embeddings:
        shapes["head.weight"] = (config.vocab_size, d)
    return shapes


def check_shapes(weights: TensorFile, config: HavocConfig) -> None:
    """Raise InputError unless the file holds exactly the weights of such a network."""
    wanted = weight_shapes(config)
    held = {name: entry.shape for name, entry in weights.entries.items()}
    for name in [*wanted, *held]:
        if wanted.get(name) != held.get(name):
            raise InputError(
                f"{name} is {held.get(name, 'absent')}, the config says "
                f"{wanted.get(name, 'absent')}",
                where=str(weights.path),
                remedy="use the config that the weights were trained with",
            )


def write_bundle(
    path: str | os.PathLike[str],
    config: HavocConfig,
    tensors: Mapping[str, NDArray[Any]],
    tokenizer: HavocTokenizer,
    card: Mapping[str, Any],
) -> Path:
    """Write a bundle as a whole; an existing one is replaced only when the new one is complete."""
    files = {
        CONFIG: config.to_json(),
        WEIGHTS: tensors_to_bytes(tensors, {"format": "havoc"}),
        TOKENIZER: tokenizer.model,
    }
    body = {
        "version": CARD_VERSION,
        **card,
        "files": {name: hashlib.sha256(content).hexdigest() for name, content in files.items()},
    }
    files[CARD] = msgspec.json.format(msgspec.json.encode(body), indent=2) + b"\n"
    with new_folder(path) as folder:
        for name, content in files.items():
            folder.write(name, content)
    return Path(path)


def _read_card(file: Path) -> dict[str, Any]:
    try:
        card = msgspec.json.decode(file.read_bytes(), type=dict[str, Any])
    except OSError as error:
        raise InputError(
            f"cannot be read ({error.strerror})", where=str(file), remedy="restore it from a copy"
        ) from None
    except (msgspec.DecodeError, RecursionError):
        raise InputError("is damaged", where=str(file), remedy="restore it from a copy") from None
    if card.get("version") != CARD_VERSION or not isinstance(card.get("files"), dict):
        raise InputError(
            "is no card of this version of havoc", where=str(file), remedy="export it again"
        )
    return card


def _verify(folder: Path, card: dict[str, Any]) -> None:
    for name in (CONFIG, WEIGHTS, TOKENIZER):
        with (folder / name).open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        if card["files"].get(name) != digest:
            raise InputError(
                "is not what was written (checksum)",
                where=str(folder / name),
                remedy="restore the bundle from a copy",
            )
