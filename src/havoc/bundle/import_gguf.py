"""A bundle from a GGUF file of llama.cpp's architecture "llama"."""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from havoc import __version__
from havoc.bundle.assemble import assembled, sha256_of
from havoc.bundle.bundle import write_bundle
from havoc.bundle.gguf import OWN_TOKENIZER
from havoc.bundle.gguf_file import GGUFFile, open_gguf, types_of
from havoc.bundle.layout import GGUF
from havoc.bundle.pretokenizers import PRE_TOKENIZERS
from havoc.bundle.tokenizer_json import (
    Vocabulary,
    begins_with,
    byte_level_document,
    sentencepiece_document,
    to_json,
)
from havoc.errors import InputError
from havoc.model.config import HavocConfig, from_mapping
from havoc.tokenizer import HavocTokenizer
from havoc.tokenizer.foreign import ForeignTokenizer

SHAPE = {
    *("context_length", "embedding_length", "block_count", "feed_forward_length", "vocab_size"),
    *("attention.head_count", "attention.head_count_kv", "attention.layer_norm_rms_epsilon"),
    *("attention.key_length", "attention.value_length"),
    *("rope.dimension_count", "rope.freq_base", "tensor_data_layout"),
}
"""Fields below ``llama.`` that are read, or that change nothing."""
WITHOUT_EFFECT: Mapping[str, Any] = {
    "attention.causal": True,
    "rope.scaling.type": "none",
    "rope.scaling.factor": 1.0,
    "rope.scale_linear": 1.0,
}
"""Values of other fields that change nothing, besides 0, false and an empty text."""


def import_gguf(path: str | os.PathLike[str], out: str | os.PathLike[str]) -> Path:
    """Write the bundle of a GGUF file to the folder ``out``; it appears complete.

    F32, F16 and BF16 stay as they are; quantised weights become the float32 values that they
    stand for. Raises InputError where the file is damaged, or asks for something that a
    network or a tokenizer of havoc does not compute, with its name.
    """
    source = Path(path)
    file = open_gguf(source)
    if file.value("split.count", int, 1) > 1:
        raise InputError(
            "is one part of several",
            where=str(source),
            remedy="join them: llama-gguf-split --merge",
        )
    tokenizer = _tokenizer(file)
    config = _config(file, tokenizer.vocab_size)
    tensors = assembled(config, GGUF, _Tensors(file), turn=halved)
    card = {
        "havoc": __version__,
        "source": {
            "format": "gguf",
            "file": source.name,
            "sha256": sha256_of(source),
            "name": file.value("general.name", str, ""),
            "license": file.value("general.license", str, ""),
            "types": types_of(file),
        },
        "tokenizer_digest": tokenizer.digest,
    }
    return write_bundle(out, config, tensors, tokenizer, card)


def halved(rows: NDArray[Any], heads: int) -> NDArray[Any]:
    """Rows of queries or keys [heads · D, d] from llama.cpp's order to ours: (0, 2, …, 1, 3, …)."""
    pairs = rows.reshape(heads, -1, 2, rows.shape[-1])
    return np.ascontiguousarray(pairs.swapaxes(1, 2)).reshape(rows.shape)


@dataclass(frozen=True, slots=True)
class _Tensors:
    file: GGUFFile

    @property
    def where(self) -> str:
        return str(self.file.path)

    def shapes(self) -> dict[str, tuple[int, ...]]:
        return {name: tensor.shape for name, tensor in self.file.tensors.items()}

    def kind(self, name: str) -> str:
        return self.file.kind(name)

    def read(self, name: str) -> NDArray[Any]:
        return self.file.read(name)


def _config(file: GGUFFile, vocab_size: int) -> HavocConfig:
    architecture = file.value("general.architecture", str)
    if architecture != "llama":
        raise _unlike(file, f"is a network of the architecture {architecture!r}, not 'llama'")
    for key, value in file.fields.items():
        name = key.removeprefix("llama.")
        if name == key or name in SHAPE:
            continue
        listed = isinstance(value, np.ndarray | list)
        if listed or (value and value != WITHOUT_EFFECT.get(name)):
            raise _unlike(file, f"asks for {key} = {str(value)[:60]}")
    if "rope_freqs.weight" in file.tensors:
        raise _unlike(file, "scales its rotary positions (rope_freqs.weight)")

    def whole(name: str, default: int | None = None) -> int:
        value = file.fields.get(f"llama.{name}", default)
        if isinstance(value, np.ndarray) and value.size and (value == value[0]).all():
            value = int(value[0])  # one number a layer, all alike
        if isinstance(value, np.ndarray):
            raise _unlike(file, f"has another llama.{name} in each layer")
        if type(value) is not int:
            raise file.refused(f"llama.{name} is {value!r}, not a whole number")
        return value

    width, heads = whole("embedding_length"), whole("attention.head_count")
    if heads < 1 or ("llama.attention.key_length" not in file.fields and width % heads):
        raise file.refused(f"{heads} heads do not share a width of {width}")
    head_dim = whole("attention.key_length", width // heads)
    for name in ("attention.value_length", "rope.dimension_count"):
        if whole(name, head_dim) != head_dim:
            raise _unlike(file, f"has heads of {head_dim} and llama.{name} {whole(name)}")
    return from_mapping(
        {
            "vocab_size": vocab_size,
            "d_model": width,
            "num_layers": whole("block_count"),
            "num_heads": heads,
            "num_kv_heads": whole("attention.head_count_kv", heads),
            "head_dim": head_dim,
            "d_ff": whole("feed_forward_length"),
            "max_seq_len": whole("context_length"),
            "rope_theta": file.value("llama.rope.freq_base", float, 10_000.0),
            "norm_eps": file.value("llama.attention.layer_norm_rms_epsilon", float),
            "tie_embeddings": "output.weight" not in file.tensors,
        },
        where=str(file.path),
    )


def _tokenizer(file: GGUFFile) -> HavocTokenizer | ForeignTokenizer:
    tokens = file.value("tokenizer.ggml.tokens", list)
    model = file.value("tokenizer.ggml.model", str)
    if OWN_TOKENIZER in file.fields:
        return _own(file, tokens)
    kinds = _numbers(file, "token_type", len(tokens))
    bos, eos, pad, unknown = (
        _named(file, name, len(tokens), default)
        for name, default in (
            ("bos", 1 if model == "llama" else None),
            ("eos", 2 if model == "llama" else None),
            ("padding", None),
            ("unknown", 0 if model == "llama" else None),
        )
    )
    if model == "llama":
        add_bos = file.value("tokenizer.ggml.add_bos_token", bool, True)
        document = _sentencepiece(file, tokens, kinds)
    elif model == "gpt2":
        pre = file.value("tokenizer.ggml.pre", str, "default")
        known = PRE_TOKENIZERS.get(pre)
        if known is None:
            raise _unlike(
                file,
                f"cuts texts as llama.cpp's {pre!r} (tokenizer.ggml.pre; havoc knows "
                f"{', '.join(PRE_TOKENIZERS)})",
            )
        add_bos = file.value("tokenizer.ggml.add_bos_token", bool, known.add_bos)
        document = byte_level_document(
            tokens,
            kinds,
            file.value("tokenizer.ggml.merges", list),
            known.document,
            ignore_merges=known.ignore_merges,
        )
    else:
        raise _unlike(file, f"has a vocabulary of the kind {model!r} (tokenizer.ggml.model)")
    if add_bos and bos is not None:
        document["post_processor"] = begins_with(tokens[bos], bos)
    named = {"bos_token": bos, "eos_token": eos, "pad_token": pad, "unk_token": unknown}
    settings: dict[str, Any] = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "clean_up_tokenization_spaces": False,
        **{name: tokens[number] for name, number in named.items() if number is not None},
    }
    template = file.value("tokenizer.chat_template", str, "")
    if template:
        settings["chat_template"] = template
    return ForeignTokenizer(
        to_json(document), msgspec.json.encode(settings), where=f"{file.path} (vocabulary)"
    )


def _own(file: GGUFFile, tokens: list[str]) -> HavocTokenizer:
    try:
        model = base64.b64decode(file.value(OWN_TOKENIZER, str), validate=True)
    except (binascii.Error, ValueError):
        raise file.refused(f"{OWN_TOKENIZER} is damaged") from None
    tokenizer = HavocTokenizer(model, where=f"{file.path} ({OWN_TOKENIZER})")
    if [tokenizer.piece(number) for number in range(tokenizer.vocab_size)] != tokens:
        raise file.refused(f"{OWN_TOKENIZER} is not the vocabulary of tokenizer.ggml.tokens")
    return tokenizer


def _sentencepiece(file: GGUFFile, tokens: list[str], kinds: list[int]) -> dict[str, Any]:
    if file.value("tokenizer.ggml.remove_extra_whitespaces", bool, False):
        raise _unlike(file, "drops spaces (tokenizer.ggml.remove_extra_whitespaces)")
    if "tokenizer.ggml.precompiled_charsmap" in file.fields:
        raise _unlike(file, "rewrites characters (tokenizer.ggml.precompiled_charsmap)")
    return sentencepiece_document(
        Vocabulary(tokens, _numbers(file, "scores", len(tokens)), kinds),
        space_prefix=file.value("tokenizer.ggml.add_space_prefix", bool, True),
    )


def _numbers(file: GGUFFile, name: str, count: int) -> list[Any]:
    values = file.fields.get(f"tokenizer.ggml.{name}")
    if not isinstance(values, np.ndarray) or len(values) != count:
        raise file.refused(f"tokenizer.ggml.{name} does not list a number for each token")
    return values.tolist()  # type: ignore[no-any-return]


def _named(file: GGUFFile, name: str, count: int, default: int | None) -> int | None:
    key = f"tokenizer.ggml.{name}_token_id"
    if key not in file.fields and (default is None or default >= count):
        return None
    number: int = file.value(key, int, default)
    if not 0 <= number < count:
        raise file.refused(f"{key} is {number}, there are {count} tokens")
    return number


def _unlike(file: GGUFFile, what: str) -> InputError:
    return InputError(
        what,
        where=str(file.path),
        remedy="havoc computes plain networks of the Llama family: take another model",
    )
