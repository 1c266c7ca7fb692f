"""Arguments of the table of control chart constants: how many values are in a subgroup."""

from __future__ import annotations

import re

from havoc.reading.number_words import as_digits
from havoc.reason.binding.arguments import Binding, NeedsInput
from havoc.reason.binding.evidence import Binder, Evidence

_SIGMAS = re.compile(
    r"(?<![\w.])(\d{1,2}(?:\.\d{1,3})?)\s{0,3}-?\s?(?:sigmas?|sig\b|σ|standard\s+deviations\b|(?:std|s)\b)(?:\s+limits?)?"
    r"(?P<former>\s+instead\s+of\s+(?:the\s+)?(?:usual\s+)?\d{1,2}(?:\.\d{1,3})?)?",
    re.IGNORECASE,
)
_FORMER = re.compile(r"\binstead\s+of\s+(?:the\s+)?(?:usual\s+)?\d{1,2}(?:\.\d{1,3})?", re.I)
_NO_SIZE = re.compile(
    r"(?<![\w.])[a-e]\d\b|\d{1,9}\.\d{1,9}|\b(?:stops?|ends?|goes|up)\s+(?:at|with|to)\s+\d{1,4}\b|\b(?:every|each|in|after|rev\.?|line|shift|no\.?|machine)\s+\d{1,6}\b"
    r"|\b\d{1,3}\s*(?:hours?|h|hrs?|minutes?|min|weeks?|days?|%|percent)\b"
    r"|\b(?:or|first|last|the|these|those|all|other|both|which)\s+[23]\s+(?:charts?|factors?|constants?|numbers?|lines?)\b",
    re.IGNORECASE,
)
_NAMED = re.compile(
    r"(?<![\w.])(?:n|size|subgroups?(?:\s+size)?|samples?(?:\s+size)?|groups)\s*(?:is|of|=|:|,)?\s*(\d{1,4})(?![\w.]*\d)",
    re.IGNORECASE,
)
_PER = re.compile(
    r"(?<![\w.])(\d{1,4})\s+(?:[a-z]{1,20}\s+){0,2}(?:per|each|an?|in\s+(?:an?|each|every)|every)\b",
    re.IGNORECASE,
)
_COUNTED = re.compile(
    r"(?<![\w.])(\d{1,4})\s*(?:-\s*)?(?=[a-z]|$|[.,;?:)])(?!(?:st|nd|rd|th)\b)", re.IGNORECASE
)
_ANY = re.compile(r"(?<![\w.])(\d{1,4})(?![\w.]*\d)")
_FOLD = {
    "pair": 2, "pairs": 2, "twos": 2, "threes": 3, "triplets": 3, "triplicate": 3, "triplicates": 3,
    "duplicate": 2, "duplicates": 2, "fours": 4, "quadruplicate": 4, "fives": 5, "sixes": 6,
    "sevens": 7, "eights": 8, "nines": 9, "tens": 10, "twelves": 12,
}  # fmt: skip
_FOLDED = re.compile(rf"\b({'|'.join(_FOLD)})\b", re.IGNORECASE)
_MOVING = r"\bmoving\s+ranges?\b|\bi[\s-]?mr\b|\bindividuals?\b"
MOST = 1000


def fold_size(text: str) -> tuple[int, str] | None:
    """The size that "pairs", "threes" or "triplicate" tells, with its source."""
    match = _FOLDED.search(text)
    if match is None:
        return None
    return _FOLD[match[1].lower()], f"question[{match.start()}:{match.end()}]"


def take_sigmas(text: str, binding: Binding) -> str:
    """Set ``n_sigma`` where "2 sigma" stands; the text without it and without what it replaces."""
    match = _SIGMAS.search(text)
    if match is None:
        return text
    binding.set("n_sigma", float(match[1]), f"question[{match.start(1)}:{match.end(1)}]")
    text = _blank(_SIGMAS, text)
    return _blank(_FORMER, text)


def _blank(pattern: re.Pattern[str], text: str) -> str:
    return pattern.sub(lambda match: "|" * len(match[0]), text)


def bind_constants(evidence: Evidence, binding: Binding) -> None:
    text = take_sigmas(as_digits(evidence.reading.plain), binding)
    text = _blank(_NO_SIZE, text)
    for pattern in (_NAMED, _PER, _COUNTED, _ANY):
        sizes = [match for match in pattern.finditer(text) if 2 <= int(match[1]) <= MOST]
        if len({match[1] for match in sizes}) == 1 or (sizes and pattern in (_NAMED, _PER)):
            match = sizes[0]
            source = f"question[{match.start(1)}:{match.end(1)}]"
            binding.set("subgroup_size", int(match[1]), source)
            return
        if sizes:
            break
    folded = fold_size(text)
    if folded is not None:
        binding.set("subgroup_size", *folded)
    elif evidence.has(_MOVING):
        binding.set("subgroup_size", 2, "question")
        binding.echo("{} neighbouring values make a moving range", (2, "question"))
    else:
        raise NeedsInput(
            "the constants depend on the size of the subgroup, which is not said",
            "how many values are in each subgroup?",
        )


BINDERS: dict[str, Binder] = {"control_chart_constants": bind_constants}
