"""The artefact in which the trunks meet: one directory.

``config.json`` the shape, ``model.safetensors`` the weights, ``tokenizer.model`` the
vocabulary, ``card.json`` where it comes from, with the SHA-256 of the other files. A network
of another project keeps its own vocabulary: ``tokenizer.json`` and ``tokenizer_config.json``
instead. A bundle is written under a temporary name and renamed when it is complete.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from numpy.typing import NDArray

from havoc.bundle.codes import scale_name
from havoc.bundle.folder import new_folder
from havoc.bundle.tensors import (
    TensorFile,
    TensorSource,
    open_tensors,
    source_of,
    tensor_chunks,
)
from havoc.bundle.untrusted import read_json
from havoc.errors import InputError
from havoc.model.config import FILE_NAME as CONFIG
from havoc.model.config import HavocConfig, from_mapping
from havoc.tokenizer import HavocTokenizer
from havoc.tokenizer.foreign import FILE_NAME as FOREIGN
from havoc.tokenizer.foreign import SETTINGS_NAME, ForeignTokenizer
from havoc.tokenizer.tokenizer import FILE_NAME as TOKENIZER

WEIGHTS = "model.safetensors"
CARD = "card.json"
CARD_VERSION = 1


@dataclass(frozen=True, slots=True)
class Bundle:
    """An opened bundle: its parts agree with each other."""

    path: Path
    config: HavocConfig
    tokenizer: HavocTokenizer | ForeignTokenizer
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
        config = from_mapping(read_json(folder / CONFIG), where=str(folder / CONFIG))
        tokenizer = _read_tokenizer(folder)
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
            _verify(folder, card, (CONFIG, WEIGHTS, *_tokenizer_files(tokenizer)))
        return cls(folder, config, tokenizer, weights, card)

    def own_tokenizer(self) -> HavocTokenizer:
        """The vocabulary with the reserved ids, which training and the dialog need.

        Raises InputError where the bundle carries the vocabulary of another project.
        """
        if isinstance(self.tokenizer, HavocTokenizer):
            return self.tokenizer
        raise InputError(
            "carries the vocabulary of another project, without the reserved ids",
            where=str(self.path),
            remedy="use a bundle that havoc has trained",
        )


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
    if config.num_layers > len(weights.entries):  # before as many names are made
        raise InputError(
            f"{config.num_layers} layers in the config, {len(weights.entries)} tensors in the file",
            where=str(weights.path),
            remedy="use the config that the weights were trained with",
        )
    wanted = weight_shapes(config)
    held = {name: entry.shape for name, entry in weights.entries.items()}
    for name, shape in list(wanted.items()):
        kind = weights.kind(name)
        if len(shape) == 2 and kind != "floats":
            # codes stand for a matrix of floats; ternary ones are four a byte
            wanted[name] = (shape[0], shape[1] // 4) if kind == "ternary" else shape
            wanted[scale_name(name)] = shape[:1]
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
    tensors: Mapping[str, NDArray[Any] | TensorSource],
    tokenizer: HavocTokenizer | ForeignTokenizer,
    card: Mapping[str, Any],
) -> Path:
    """Write a bundle as a whole; an existing one is replaced only when the new one is complete.

    A tensor is an array, or a ``TensorSource`` that makes it when its turn comes, so that a
    large network need not be in memory at once.
    """
    sources = {
        name: tensor if isinstance(tensor, TensorSource) else source_of(tensor)
        for name, tensor in tensors.items()
    }
    with new_folder(path) as folder:
        small = {CONFIG: config.to_json(), **_tokenizer_files(tokenizer)}
        digests = {name: folder.write(name, content) for name, content in small.items()}
        digests[WEIGHTS] = folder.write(WEIGHTS, tensor_chunks(sources, {"format": "havoc"}))
        body = {"version": CARD_VERSION, **card, "files": digests}
        folder.write(CARD, msgspec.json.format(msgspec.json.encode(body), indent=2) + b"\n")
    return Path(path)


def _read_tokenizer(folder: Path) -> HavocTokenizer | ForeignTokenizer:
    if (folder / FOREIGN).exists() and not (folder / TOKENIZER).exists():
        return ForeignTokenizer.load(folder / FOREIGN)
    return HavocTokenizer.load(folder / TOKENIZER)


def _tokenizer_files(tokenizer: HavocTokenizer | ForeignTokenizer) -> dict[str, bytes]:
    if isinstance(tokenizer, HavocTokenizer):
        return {TOKENIZER: tokenizer.model}
    return {FOREIGN: tokenizer.document, SETTINGS_NAME: tokenizer.settings}


def _read_card(file: Path) -> dict[str, Any]:
    card = read_json(file)
    if card.get("version") != CARD_VERSION or not isinstance(card.get("files"), dict):
        raise InputError(
            "is no card of this version of havoc", where=str(file), remedy="export it again"
        )
    return card


def _verify(folder: Path, card: dict[str, Any], names: Iterable[str]) -> None:
    for name in names:
        with (folder / name).open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        if card["files"].get(name) != digest:
            raise InputError(
                "is not what was written (checksum)",
                where=str(folder / name),
                remedy="restore the bundle from a copy",
            )
