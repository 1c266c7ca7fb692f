"""Samples given by their mean, standard deviation and number of values, as people write them.

"Line A 18.2 (s 3.1, n 40), line B 19.9 (3.6, 35)", "25 dampers: mean 3.42, s 0.31",
"averaged 18.4 over 15 runs with a spread of 1.1", "12.1 (sd 0.5) and 12.4 (0.6), ten each".
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Literal

import msgspec

from havoc.reading.number_pieces import SIGNED_APART, UNSIGNED
from havoc.reading.number_words import as_digits
from havoc.reading.prose import STOPWORDS, UNITS, word_set

Kind = Literal["mean", "sd", "n", "each", ""]

_NUMBER = re.compile(r"(?<![\w.])[-+]?(?:\d++(?:\.\d++)?|\.\d++)(?!\.?\d)")
_SPREAD = (
    r"(?:\bsds?\b|\bs\.d\.|\bstdevs?\b|\bstd\.?\s?dev\w*\.?|\bst\.?\s?dev\.?|\bsigma\b|\bstandard\s+deviations?|\bspread|\bscatter|"
    r"\baverage\s+deviation(?:\s+thing)?|\bwobble|σ)"
)
_IS = r"\s*(?:(?:of|is|was|are|were|about|around|roughly|only)\s+|[=:(\[≈~]\s*)*"
_SPREAD_BEFORE = re.compile(
    rf"(?:{_SPREAD}(?:\s+(?!mean\b|avg\b|average\b|n\b)[a-z]++){{0,3}}?|(?<![\w'’])s\d?){_IS}$"
)
_MEAN_BEFORE = re.compile(
    rf"(?:\b(?:mean|avg\.?|averages?|averaged|x-?bar|mu)\b|(?<![\w.])m\d?(?=\s*=))(?:\s+(?!{_SPREAD}|deviation|n\b)[a-z]++){{0,4}}?{_IS}(?:came\s+(?:out|back)\s+(?:at\s+|as\s+)?)?$"
)
_MEAN_JUST_BEFORE = re.compile(
    r"\b(?:mean|avg\.?|averages?|averaged|x-?bar|mu)\s*(?:=|:|of|is|was)?\s*$"
)
_MEAN_AFTER = re.compile(r"\s*(?:[a-zµ°%/]{1,6}\s+)?(?:on\s+average|on\s+avg|average\b|mean\b)")
_SIZE_BEFORE = re.compile(
    r"(?:(?<![\w^])n\d?\s*(?:=|:|of|is)?|\bsample\s+size\s*(?:of|is|=|:)?)\s*$"
)
_LOOSE_SIZE_BEFORE = re.compile(r"\b(?:over|from|on|with|in|of)\s+$")
_COUNTED_AFTER = re.compile(
    r"\s*(?!\d)(?:[a-z][a-z\-]*+\s+){0,2}?(?P<noun>[a-z][a-z\-]*s|pcs|men|people)\b"
)
_EACH_AFTER = re.compile(
    r"\s*(?:[a-z]+\s+)?(?:(?:of|per|in|for|from)\s+)?(?:each|apiece|both|per\s+group|in\s+all\s+groups)\b"
)
_PERCENT_AFTER = re.compile(r"\s*(?:%|percent\b|pct\b)")
_NO_NOUN = UNITS - {"pieces", "pcs", "units"} | {
    "is",
    "was",
    "has",
    "this",
    "these",
    "its",
    "as",
    "vs",
    "pls",
    "yes",
    "plus",
}
_BARE = re.compile(
    rf"(?P<mean>{SIGNED_APART})\s*+(?:[a-zµ°%/]{{1,6}}\s*+)?[(\[]\s*+(?P<sd>{UNSIGNED})(?:\s*[,;]\s*(?:n\s*=?\s*)?(?P<n>\d++)(?!\.\d)[^()\[\]\d]*)?\s*[)\]]"
)
_FURTHEST = 70
_MOST = 60


class _Mark(msgspec.Struct):
    kind: Kind
    value: float
    start: int
    end: int


class SampleSummary(msgspec.Struct, kw_only=True):
    """What was said about one sample; ``start`` to ``end`` is where it stood."""

    sd: float
    mean: float | None = None
    n: int | None = None
    name: str = ""
    start: int = 0
    end: int = 0
    places: dict[str, tuple[int, int]] = {}
    table: str = ""

    @property
    def complete(self) -> bool:
        return self.mean is not None and self.n is not None

    @property
    def source(self) -> str:
        return self.table or ", ".join(f"question[{a}:{b}]" for a, b in self.places.values())


def read_summaries(text: str, *, spreads_only: bool = False) -> list[SampleSummary]:
    """Samples with a standard deviation, in the order of the text.

    ``spreads_only``: the question is about the spread, so that a further number beside
    its sample size is a standard deviation like the first one.
    """
    lowered = as_digits(text.lower())
    if not re.search(rf"{_SPREAD}|(?<![\w'’])s\d?\s*[=:\d.]", lowered):
        return []
    marks = _marks(lowered)
    _mark_bare(lowered, marks)
    spreads = [index for index, mark in enumerate(marks) if mark.kind == "sd"]
    if len(marks) > _MOST or not spreads:
        return []
    if spreads_only and not any(mark.kind == "mean" for mark in marks):
        for mark, following in pairwise(marks):
            close = not re.search(r"[.;?!\n]", lowered[mark.end : following.start])
            if mark.kind == "" and following.kind in {"n", "each"} and close:
                mark.kind = "sd"
        spreads = [index for index, mark in enumerate(marks) if mark.kind == "sd"]
    return _grouped(text, lowered, marks, spreads, spreads_only=spreads_only)


def _marks(text: str) -> list[_Mark]:
    found = []
    for match in _NUMBER.finditer(text):
        start, end = match.span()
        before, after = text[max(0, start - 60) : start], text[end : end + 40]
        whole = float(match[0]).is_integer() and "." not in match[0] and float(match[0]) >= 2
        if _PERCENT_AFTER.match(after):
            continue
        kind: Kind = ""
        counted = _COUNTED_AFTER.match(after)
        is_counted = (
            whole
            and counted is not None
            and counted["noun"] not in _NO_NOUN
            and not _spread_word(counted[0])
        )
        if _SPREAD_BEFORE.search(before):
            kind = "sd"
        elif whole and _SIZE_BEFORE.search(before):
            kind = "each" if _EACH_AFTER.match(after) else "n"
        elif whole and _EACH_AFTER.match(after):
            kind = "each"
        elif is_counted and not _MEAN_JUST_BEFORE.search(before):
            kind = "n"
        elif _MEAN_BEFORE.search(before) or _MEAN_AFTER.match(after):
            kind = "mean"
        elif whole and (
            is_counted
            or (_LOOSE_SIZE_BEFORE.search(before) and not re.match(r"\s*[a-zµ°]", after))
            or (re.search(r"\bover\s+$", before))
        ):
            kind = "n"
        found.append(_Mark(kind, float(match[0]), start, end))
    return found


def _spread_word(text: str) -> bool:
    return re.search(_SPREAD, text) is not None


def _mark_bare(text: str, marks: list[_Mark]) -> None:
    """ "B 12.4 (0.6, 38 calls)" beside a sample whose spread is named."""
    by_start = {mark.start: mark for mark in marks}
    for match in _BARE.finditer(text):
        mean, sd = by_start.get(match.start("mean")), by_start.get(match.start("sd"))
        size = by_start.get(match.start("n")) if match["n"] else None
        if mean is None or sd is None or mean.kind not in {"", "mean"} or sd.kind != "":
            continue
        if sd.value <= 0 or sd.value >= abs(mean.value):
            continue
        mean.kind, sd.kind = "mean", "sd"
        if size is not None and size.kind == "":
            size.kind = "n"


def _grouped(
    text: str, lowered: str, marks: list[_Mark], spreads: list[int], *, spreads_only: bool
) -> list[SampleSummary]:
    found: list[SampleSummary] = []
    explicit = [mark for mark in marks if mark.kind == "n" and _said_as_n(lowered, mark)]
    in_order = explicit if len(explicit) == len(spreads) else []
    means: list[int | None] = []
    for position, index in enumerate(spreads):
        floor = spreads[position - 1] if position else -1
        means.append(None if spreads_only else _mean_of(lowered, marks, index, floor))
    shared = [mark for mark in marks if mark.kind == "each"]
    sizes = [mark for mark in marks if mark.kind == "n"]
    for position, index in enumerate(spreads):
        mean = means[position]
        first = min(index, mean) if mean is not None else index
        following = spreads[position + 1] if position + 1 < len(spreads) else len(marks)
        if position + 1 < len(spreads):
            later = means[position + 1]
            following = later if later is not None and later > index else following
        inside = [mark for mark in marks[first + 1 : following] if mark.kind == "n"]
        ahead = [
            mark
            for mark in marks[(spreads[position - 1] + 1 if position else 0) : first]
            if mark.kind == "n" and (position == 0 or mark not in _used(found, marks))
        ]
        own = in_order[position : position + 1] or [mark for mark in inside if mark in explicit]
        size = next(iter([*own, *inside, *shared, *ahead[-1:]]), None)
        if size is None and len(sizes) == 1:
            size = sizes[0]
        parts = {"sd": marks[index]}
        if mean is not None:
            parts["mean"] = marks[mean]
        if size is not None:
            parts["n"] = size
        start = marks[first].start
        found.append(
            SampleSummary(
                sd=marks[index].value,
                mean=marks[mean].value if mean is not None else None,
                n=int(size.value) if size is not None else None,
                name=_name(text, found[-1].end if found else 0, start),
                start=start,
                end=max(mark.end for mark in parts.values() if mark.kind != "each"),
                places={name: (mark.start, mark.end) for name, mark in parts.items()},
            )
        )
    return found


def _said_as_n(text: str, mark: _Mark) -> bool:
    return _SIZE_BEFORE.search(text[max(0, mark.start - 20) : mark.start]) is not None


def _used(found: list[SampleSummary], marks: list[_Mark]) -> list[_Mark]:
    places = {place for item in found for name, place in item.places.items() if name == "n"}
    return [mark for mark in marks if (mark.start, mark.end) in places]


def _mean_of(text: str, marks: list[_Mark], index: int, floor: int) -> int | None:
    """The mean that belongs to a spread: named, or the number just before it."""
    for candidate in range(index - 1, floor, -1):
        gap = text[marks[candidate].end : marks[index].start]
        if marks[candidate].kind == "mean" and len(gap) <= 2 * _FURTHEST:
            return candidate
    for candidate in range(index - 1, floor, -1):
        gap = text[marks[candidate].end : marks[index].start]
        if len(gap) > _FURTHEST or re.search(r"[;?!\n]|\.\s", gap):
            break
        if marks[candidate].kind == "":
            return candidate
    if index + 1 < len(marks) and marks[index + 1].kind == "mean":
        return index + 1
    return None


_FILLER = STOPWORDS | word_set(
    """
    mean avg average averaged n s sd stdev spread is crew's only i have opens came out reading
    readings one ones minutes per gave over deviation deviations standard summary
    """
)


def _name(text: str, start: int, end: int) -> str:
    """The words before a sample that name it, from its sentence or phrase."""
    phrase = re.split(r"[.;\n?!](?!\d)|\bvs\b|\bversus\b|\bagainst\b|[)\]/]", text[start:end])
    words = re.findall(
        r"[A-Za-z][\w\-]*|(?<=\s)\d{1,3}(?=\s|$)", re.split(r"[:,]\s+(?=[A-Za-z])", phrase[-1])[-1]
    )
    while words and _is_filler(words[-1]):
        words.pop()
    words = words[-3:]
    while words and _is_filler(words[0]):
        words.pop(0)
    return " ".join(words)


def _is_filler(word: str) -> bool:
    return word.lower() in _FILLER and not (len(word) == 1 and word.isupper())
