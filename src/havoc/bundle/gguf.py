"""Export to GGUF, the file of llama.cpp, as architecture "llama".

llama.cpp turns neighbouring pairs (2i, 2i + 1) of a head by the angles of a position, ours
the pairs (i, i + D/2): the rows of queries and keys change places (``interleaved``).

Its tokenizer gives our ids with three exceptions, in which it knows no better: a text with
SentencePiece's own mark (``▁``) reads as a space; where two domain symbols overlap it takes
the longer one instead of the first ("Cp-value"); and a program that asks for it
(``special=True``) reads the spelling of a control token as that token.
"""

from __future__ import annotations

import base64
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from havoc.bundle.bundle import Bundle
from havoc.bundle.folder import new_file
from havoc.bundle.layout import GGUF, Part, parts
from havoc.bundle.precision import converted
from havoc.bundle.pretokenizers import name_of
from havoc.bundle.tokenizer_json import CONTROL, NORMAL, UNUSED, USER_DEFINED, vocabulary_of
from havoc.bundle.untrusted import json_object
from havoc.errors import InputError
from havoc.model.config import HavocConfig
from havoc.tokenizer import SPECIAL, HavocTokenizer
from havoc.tokenizer.foreign import ForeignTokenizer

OWN_TOKENIZER = "havoc.tokenizer.model"
"""The key that carries our ``tokenizer.model``, in base64, so that an import is exact."""
BLOCK = 32
"""Values that share a scale in Q8_0."""


@dataclass(frozen=True, slots=True)
class Precision:
    """How matrices are stored; norms stay F32. ``file_type`` is llama.cpp's number for it."""

    tensor_type: str
    file_type: int


PRECISIONS = {
    "fp32": Precision("F32", 0),
    "fp16": Precision("F16", 1),
    "q8_0": Precision("Q8_0", 7),
}


def export_gguf(bundle: Bundle, out: str | os.PathLike[str], *, precision: str = "fp16") -> Path:
    """Write ``bundle`` as one GGUF file (version 3); it appears complete.

    ``precision``: fp32, fp16 or q8_0. Raises InputError for another one; for a network that
    llama.cpp's "llama" does not compute (another activation than silu, a sliding window); for
    a vocabulary that it does not know; and where ``out`` cannot be written.
    """
    import gguf

    if precision not in PRECISIONS:
        raise _refused(
            "dtype",
            f"there is no precision {precision!r} in this format",
            f"give one of {', '.join(PRECISIONS)}",
        )
    _check_shape(bundle.config, precision)
    chosen = PRECISIONS[precision]
    matrix = gguf.GGMLQuantizationType[chosen.tensor_type]
    plain = gguf.GGMLQuantizationType.F32
    found = [
        (ours, part) for ours, list_of in parts(bundle.config, GGUF).items() for part in list_of
    ]
    with new_file(out) as temporary:
        writer = gguf.GGUFWriter(temporary, "llama")
        try:
            _write_shape(writer, bundle, chosen)
            _write_vocabulary(writer, bundle)
            for _, part in found:
                kind = matrix if len(part.shape) == 2 else plain
                per_block, size = gguf.GGML_QUANT_SIZES[kind]
                count = int(np.prod(part.shape)) // per_block * size
                writer.add_tensor_info(part.name, part.shape, np.dtype(np.float32), count, kind)
            writer.write_header_to_file()
            writer.write_kv_data_to_file()
            writer.write_ti_data_to_file()
            for ours, part in found:
                kind = matrix if len(part.shape) == 2 else plain
                rows = _rows(bundle, ours, part)
                if kind == gguf.GGMLQuantizationType.F16:
                    rows = converted(rows, "fp16", part.name)
                elif kind == matrix:
                    rows = gguf.quantize(rows, kind)
                writer.write_tensor_data(rows)
        finally:
            writer.close()
    return Path(out)


def interleaved(rows: NDArray[Any], heads: int) -> NDArray[Any]:
    """Rows of queries or keys [heads · D, d] in the order of llama.cpp: (0, D/2, 1, …)."""
    halves = rows.reshape(heads, 2, -1, rows.shape[-1])
    return np.ascontiguousarray(halves.swapaxes(1, 2)).reshape(rows.shape)


def _rows(bundle: Bundle, ours: str, part: Part) -> NDArray[Any]:
    rows = np.asarray(bundle.weights.read(ours)[part.start : part.stop], np.float32)
    return np.ascontiguousarray(interleaved(rows, part.heads) if part.heads else rows)


def _check_shape(config: HavocConfig, precision: str) -> None:
    remedy = "export to the layout of Hugging Face"
    if config.activation != "silu":
        raise _refused("activation", f"llama.cpp has no llama with {config.activation!r}", remedy)
    if config.sliding_window is not None and config.sliding_window < config.max_seq_len:
        raise _refused("sliding_window", "llama.cpp has no llama with a sliding window", remedy)
    if precision == "q8_0":
        for name in ("d_model", "d_ff"):
            if getattr(config, name) % BLOCK:
                raise _refused(
                    name,
                    f"{getattr(config, name)} is no multiple of {BLOCK}, the block of Q8_0",
                    "export as fp16",
                )
        if config.num_heads * config.head_dim % BLOCK:
            raise _refused(
                "head_dim", f"all heads are no multiple of {BLOCK} wide", "export as fp16"
            )


def _write_shape(writer: Any, bundle: Bundle, chosen: Precision) -> None:
    config = bundle.config
    source = bundle.card.get("source")
    source = source if isinstance(source, dict) else {}
    writer.add_name(str(source.get("name") or "havoc"))
    if source.get("license"):
        writer.add_license(str(source["license"]))
    writer.add_file_type(chosen.file_type)
    writer.add_quantization_version(2)
    writer.add_vocab_size(config.vocab_size)
    writer.add_context_length(config.max_seq_len)
    writer.add_embedding_length(config.d_model)
    writer.add_block_count(config.num_layers)
    writer.add_feed_forward_length(config.d_ff)
    writer.add_head_count(config.num_heads)
    writer.add_head_count_kv(config.num_kv_heads)
    writer.add_key_length(config.head_dim)
    writer.add_value_length(config.head_dim)
    writer.add_rope_dimension_count(config.head_dim)
    writer.add_rope_freq_base(config.rope_theta)
    writer.add_layer_norm_rms_eps(config.norm_eps)


def _write_vocabulary(writer: Any, bundle: Bundle) -> None:
    tokenizer = bundle.tokenizer
    if isinstance(tokenizer, HavocTokenizer):
        vocabulary = vocabulary_of(tokenizer)
        writer.add_tokenizer_model("llama")
        writer.add_token_list(vocabulary.pieces)
        writer.add_token_scores(vocabulary.scores)
        writer.add_token_types(vocabulary.kinds)
        writer.add_unk_token_id(SPECIAL["<unk>"])
        writer.add_add_bos_token(True)
        writer.add_add_space_prefix(False)
        writer.add_string(OWN_TOKENIZER, base64.b64encode(tokenizer.model).decode())
    else:
        _write_foreign(writer, tokenizer)
    named = (
        (writer.add_bos_token_id, tokenizer.bos),
        (writer.add_eos_token_id, tokenizer.eos),
        (writer.add_pad_token_id, tokenizer.pad),
    )
    for add, number in named:
        if number is not None:
            add(number)


def _write_foreign(writer: Any, tokenizer: ForeignTokenizer) -> None:
    body = json_object(tokenizer.document, "tokenizer.json")
    model = body["model"]
    pre = name_of(body.get("pre_tokenizer"), bool(model.get("ignore_merges")))
    if model.get("type") != "BPE" or body.get("normalizer") is not None or pre is None:
        raise _refused(
            "tokenizer.json",
            "llama.cpp has no name for the way in which this vocabulary cuts texts",
            "export to the layout of Hugging Face",
        )
    added = {token["id"]: bool(token.get("special")) for token in body.get("added_tokens") or []}
    ids = range(tokenizer.vocab_size)
    pieces = [tokenizer.piece(i) for i in ids]
    kinds = [
        UNUSED if not pieces[i] else NORMAL if i not in added else CONTROL if added[i]
        else USER_DEFINED
        for i in ids
    ]  # fmt: skip
    merges = [m if isinstance(m, str) else " ".join(m) for m in model.get("merges") or []]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(pre)
    writer.add_token_list([piece or f"[PAD{i}]" for i, piece in enumerate(pieces)])
    writer.add_token_types(kinds)
    writer.add_token_merges(merges)
    writer.add_add_bos_token(tokenizer.add_bos)
    writer.add_add_space_prefix(False)
    if tokenizer.chat_template:
        writer.add_chat_template(tokenizer.chat_template)


def _refused(where: str, what: str, remedy: str) -> InputError:
    return InputError(what, where=where, remedy=remedy)
