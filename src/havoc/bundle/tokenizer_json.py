"""Vocabularies written as the ``tokenizer.json`` of Hugging Face, to the same ids.

SentencePiece joins, again and again, the two neighbours whose union has the highest score;
``tokenizers`` joins the pair that stands first in a list of merges. A list of all pairs that
make a piece, ordered by the score of what they make, is therefore the same vocabulary.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from havoc.errors import InputError
from havoc.tokenizer import HavocTokenizer
from havoc.tokenizer.special import NAMES, RESERVED
from havoc.tokenizer.symbols import DOMAIN_SYMBOLS
from havoc.tokenizer.tokenizer import SPACE_MARK

NORMAL, UNKNOWN, CONTROL, USER_DEFINED, UNUSED, BYTE = 1, 2, 3, 4, 5, 6
"""Kinds of pieces, numbered as SentencePiece and GGUF do."""
LONGEST_PIECE = 1024
BYTE_LEVEL_DECODER = {
    "type": "ByteLevel",
    "add_prefix_space": True,
    "trim_offsets": True,
    "use_regex": True,
}


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """A SentencePiece BPE vocabulary: by id the piece, its score and its kind."""

    pieces: Sequence[str]
    scores: Sequence[float]
    kinds: Sequence[int]


def vocabulary_of(tokenizer: HavocTokenizer) -> Vocabulary:
    """The pieces of one of our tokenizers."""
    ids = range(tokenizer.vocab_size)
    kinds = [
        CONTROL if i < RESERVED
        else USER_DEFINED if i < RESERVED + len(DOMAIN_SYMBOLS)
        else BYTE if tokenizer.is_byte(i)
        else NORMAL
        for i in ids
    ]  # fmt: skip
    kinds[NAMES.index("<unk>")] = UNKNOWN
    return Vocabulary([tokenizer.piece(i) for i in ids], [tokenizer.score(i) for i in ids], kinds)


def havoc_document(tokenizer: HavocTokenizer) -> dict[str, Any]:
    """The ``tokenizer.json`` of one of our tokenizers.

    Spaces are written as spaces instead of SentencePiece's mark, so that nothing needs to be
    replaced and a mark in the text stays what it is, byte by byte, as in ``HavocTokenizer``.
    """
    vocabulary = vocabulary_of(tokenizer)
    spaced = [
        piece.replace(SPACE_MARK, " ") if kind == NORMAL else piece
        for piece, kind in zip(vocabulary.pieces, vocabulary.kinds, strict=True)
    ]
    decoders = [{"type": "ByteFallback"}, {"type": "Fuse"}]
    return {
        **_document(Vocabulary(spaced, vocabulary.scores, vocabulary.kinds)),
        "post_processor": begins_with("<bos>", tokenizer.bos),
        "decoder": {"type": "Sequence", "decoders": decoders},
    }


def sentencepiece_document(vocabulary: Vocabulary, space_prefix: bool) -> dict[str, Any]:
    """The ``tokenizer.json`` of another project's SentencePiece BPE vocabulary.

    ``space_prefix``: a space is put before every text. Raises InputError for a vocabulary
    that ``tokenizers`` cannot read to the same ids.
    """
    normalizers: list[dict[str, Any]] = [
        {"type": "Replace", "pattern": {"String": " "}, "content": SPACE_MARK}
    ]
    decoders: list[dict[str, Any]] = [
        {"type": "Replace", "pattern": {"String": SPACE_MARK}, "content": " "},
        *({"type": "ByteFallback"}, {"type": "Fuse"}),
    ]
    if space_prefix:
        if USER_DEFINED in vocabulary.kinds:
            raise _inexact("has user-defined pieces and a space before every text")
        normalizers.insert(0, {"type": "Prepend", "prepend": SPACE_MARK})
        decoders.append({"type": "Strip", "content": " ", "start": 1, "stop": 0})
    return {
        **_document(vocabulary),
        "normalizer": {"type": "Sequence", "normalizers": normalizers},
        "decoder": {"type": "Sequence", "decoders": decoders},
    }


def byte_level_document(
    tokens: Sequence[str],
    kinds: Sequence[int],
    merges: Iterable[str],
    pre_tokenizer: Mapping[str, Any],
    *,
    ignore_merges: bool,
) -> dict[str, Any]:
    """The ``tokenizer.json`` of a byte-level BPE vocabulary (GPT-2 and its like).

    ``merges`` are pairs with a space between. Raises InputError for a merge that is no pair,
    or whose parts or union are no tokens.
    """
    vocab = _ids(tokens)
    pairs: list[list[str]] = []
    for number, merge in enumerate(merges):
        left, space, right = merge.partition(" ")
        if not space or not {left, right, left + right} <= vocab.keys():
            raise InputError(
                f"merge {number} ({merge!r}) does not join two tokens to a third",
                where="tokenizer.ggml.merges",
                remedy="get the file again from its source",
            )
        pairs.append([left, right])
    return {
        **_envelope(tokens, kinds),
        "pre_tokenizer": pre_tokenizer,
        "decoder": BYTE_LEVEL_DECODER,
        "model": {**_model(vocab, pairs), "ignore_merges": ignore_merges},
    }


def begins_with(token: str, number: int) -> dict[str, Any]:
    """The post-processor that puts ``token`` before a text."""
    special = {"SpecialToken": {"id": token, "type_id": 0}}
    return {
        "type": "TemplateProcessing",
        "single": [special, {"Sequence": {"id": "A", "type_id": 0}}],
        "pair": [
            *(special, {"Sequence": {"id": "A", "type_id": 0}}),
            *(special, {"Sequence": {"id": "B", "type_id": 1}}),
        ],
        "special_tokens": {token: {"id": token, "ids": [number], "tokens": [token]}},
    }


def to_json(document: Mapping[str, Any]) -> bytes:
    """The content of ``tokenizer.json``."""
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"


def _document(vocabulary: Vocabulary) -> dict[str, Any]:
    kinds = vocabulary.kinds
    vocab = _ids(vocabulary.pieces)
    if sum(kind == BYTE for kind in kinds) != 256:
        raise _inexact("has no piece for some bytes")
    unknown = [p for p, kind in zip(vocabulary.pieces, kinds, strict=True) if kind == UNKNOWN]
    model = _model(vocab, _merges(vocabulary, vocab))
    return {
        **_envelope(vocabulary.pieces, kinds),
        "model": {**model, "byte_fallback": True, "unk_token": unknown[0] if unknown else None},
    }


def _merges(vocabulary: Vocabulary, ids: Mapping[str, int]) -> list[list[str]]:
    """Every pair of normal pieces that makes a third, the best score first."""
    normal = {
        piece
        for piece, kind in zip(vocabulary.pieces, vocabulary.kinds, strict=True)
        if kind == NORMAL
    }
    found: list[tuple[float, int, int]] = []
    for piece in normal:
        if len(piece) > LONGEST_PIECE:
            raise _inexact(f"has a piece of {len(piece)} characters")
        if not normal.issuperset(piece):
            raise _inexact(f"has no piece for each character of {piece!r}")
        number = ids[piece]
        found += [
            (-vocabulary.scores[number], number, cut)
            for cut in range(1, len(piece))
            if piece[:cut] in normal and piece[cut:] in normal
        ]
    found.sort()
    cuts = ((vocabulary.pieces[number], cut) for _, number, cut in found)
    return [[piece[:cut], piece[cut:]] for piece, cut in cuts]


def _ids(tokens: Sequence[str]) -> dict[str, int]:
    ids = {token: number for number, token in enumerate(tokens)}
    if len(ids) != len(tokens):
        twice = next(token for number, token in enumerate(tokens) if ids[token] != number)
        raise _inexact(f"has two tokens that are spelled {twice!r}")
    return ids


def _model(vocab: Mapping[str, int], merges: list[list[str]]) -> dict[str, Any]:
    return {
        "type": "BPE",
        "dropout": None,
        "unk_token": None,
        "continuing_subword_prefix": None,
        "end_of_word_suffix": None,
        "fuse_unk": False,
        "byte_fallback": False,
        "ignore_merges": False,
        "vocab": vocab,
        "merges": merges,
    }


def _envelope(tokens: Sequence[str], kinds: Sequence[int]) -> dict[str, Any]:
    added = [
        {
            "id": number,
            "content": token,
            "single_word": False,
            "lstrip": False,
            "rstrip": False,
            "normalized": False,
            "special": kind != USER_DEFINED,
        }
        for number, (token, kind) in enumerate(zip(tokens, kinds, strict=True))
        if kind in (CONTROL, USER_DEFINED, UNKNOWN)
    ]
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": added,
        "normalizer": None,
        "pre_tokenizer": None,
        "post_processor": None,
    }


def _inexact(what: str) -> InputError:
    return InputError(
        f"the vocabulary {what}: it cannot be read exactly",
        where="tokenizer",
        remedy="take the model in the layout of Hugging Face, with its tokenizer.json",
    )
