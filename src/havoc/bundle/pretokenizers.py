"""How texts are cut before byte pairs are joined: what llama.cpp knows by a name, in full.

Only ways that ``tokenizers`` can follow exactly stand here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

LLAMA_3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


@dataclass(frozen=True, slots=True)
class PreTokenizer:
    """The pre-tokeniser as ``tokenizer.json`` describes it; with ``ignore_merges`` a word that
    is a token is that token, whatever the merges say."""

    document: Mapping[str, Any]
    ignore_merges: bool = False
    add_bos: bool = False
    """Whether llama.cpp puts the first token before a text where the file does not say."""


def _byte_level(use_regex: bool) -> dict[str, Any]:
    return {
        "type": "ByteLevel",
        "add_prefix_space": False,
        "trim_offsets": True,
        "use_regex": use_regex,
    }


_DIGITS = {"type": "Digits", "individual_digits": True}
_LLAMA_3 = {
    "type": "Split",
    "pattern": {"Regex": LLAMA_3},
    "behavior": "Isolated",
    "invert": False,
}
PRE_TOKENIZERS: Mapping[str, PreTokenizer] = {
    "gpt-2": PreTokenizer(_byte_level(True)),
    "smollm": PreTokenizer({"type": "Sequence", "pretokenizers": [_DIGITS, _byte_level(True)]}),
    "llama-bpe": PreTokenizer(
        {"type": "Sequence", "pretokenizers": [_LLAMA_3, _byte_level(False)]},
        ignore_merges=True,
        add_bos=True,
    ),
}


def name_of(document: Any, ignore_merges: bool) -> str | None:
    """The name in llama.cpp of a pre-tokeniser of ``tokenizer.json``, if it has one."""
    for name, known in PRE_TOKENIZERS.items():
        if known.ignore_merges == ignore_merges and _same(document, known.document):
            return name
    return None


def _same(given: Any, known: Any) -> bool:
    """Equal but for ``trim_offsets``, which moves no border between tokens."""
    if isinstance(known, Mapping):
        if not isinstance(given, Mapping):
            return False
        keys = known.keys() - {"trim_offsets"}
        return given.keys() - {"trim_offsets"} == keys and all(
            _same(given[key], known[key]) for key in keys
        )
    if isinstance(known, list):
        return (
            isinstance(given, list)
            and len(given) == len(known)
            and all(_same(*pair) for pair in zip(given, known, strict=True))
        )
    return bool(given == known)
