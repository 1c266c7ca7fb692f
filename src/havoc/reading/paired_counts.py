"""Counts of parts that were judged twice: both, only the one, only the other, neither.

A clause holds one count and says in words which pairs it counts: "both passed 180, only Anna 4",
"14 leaked only dry", "yes-no 9", "right before, wrong after 3", "dye found 12 that eddy missed".
"""

from __future__ import annotations

import re
from itertools import pairwise

import msgspec

from havoc.reading.number_words import as_digits

_SPLIT = re.compile(r"[,;\n?!()]|\.(?!\d)|:(?!\s*\d)")
_FURTHER = re.compile(r":|\b(?:and|while|whereas|but)\b")
"""Where a clause is parted that holds several counts."""
_COUNT = re.compile(r"(?<![\w.,\-#])(\d{1,9})(?![\w.,]*\d)(?!\s*(?:%|percent))")
_NUMBERED = re.compile(
    r"\b([^\W\d_]{1,12})\s(?:no\.?\s?|#)?(\d{1,3})(?=\s+[^\W\d_]|\s*[/,;:]|\s+\d)", re.IGNORECASE
)
_NAME_AND_FIGURE = re.compile(r"\b([^\W\d_]{1,12})\s(\d{1,3})(?![\w]|[.,]\d)")
_NAMING = re.compile(
    r"(?:inspector|reader|operator|rater|appraiser|judge|observer|look|shift|day|week|wk|month|gage"
    r"|gauge|method|test|camera|device|lab|line|station|step|visit|round|phase|system|machine|rig"
    r"|lamp|team)$",
    re.IGNORECASE,
)
_ONLY = re.compile(r"\b(?:only|alone|just|solely|exclusively)\b")
_ELSE = re.compile(
    r"\b(?:not\s+(?:by\s+)?(?:the\s+)?other|but\s+not|no\s+longer|did\s?n.?t|did\s+not|the\s+(?:reverse|opposite|other\s+way)|other\s+way\s+(?:a?round|about)"
    r"|vice\s+versa|one\s+way)\b"
)
_BOTH = re.compile(r"\b(?:both|each\s+time|every\s+time|twice|all\s+two|alike|either\s+time)\b")
_NEITHER = re.compile(r"\b(?:neither|never|none|nobody|no\s+one|nowhere)\b")
_YES = (
    r"yes|y|pass\w*|ok|good|correct\w*|right|accept\w*|positive|pos|qualified|found|finds|detect\w*"
    r"|flag\w*|saw|sees|caught|catch\w*|clean|conform\w*|tight|1"
)
_NO = (
    r"no|n|not\s+ok|nok|nio|fail\w*|bad|wrong|incorrect\w*|reject\w*|negative|neg|miss\w*|overlook\w*"
    r"|leak\w*|defect\w*|nonconform\w*|dirty|did\s?n.t|0"
)
_OUTCOME = re.compile(rf"(?<![\w])(?:(?P<no>{_NO})|(?P<yes>{_YES}))(?!\w)")
_TWO = r"(\d{1,9})\s*(?:and|/|,|vs\.?|versus|against|to|:|-)\s*(\d{1,9})(?![\w.,]*\d)"
_DISCORDANT = re.compile(rf"\bdiscordan\w*\b[^\d.;]{{0,40}}?{_TWO}|(?<![\w.,\-]){_TWO}\s+discordan")
MOST_WORDS_OF_A_NAME = 3
_FILLING = frozenset(
    """
    only alone just solely exclusively by the a an on in at with for of was were is are did it that
    this one ones had has have and or to from after both not other them they pairs parts pieces pcs
    no longer but then units samples found
    """.split()
)


class PairedCounts(msgspec.Struct, kw_only=True):
    """``first_only`` and ``second_only``, and the four cells where all are told."""

    first_only: int
    second_only: int
    start: int
    end: int
    table: list[list[int]] | None = None
    names: tuple[str, str] | None = None


class _Clause(msgspec.Struct, kw_only=True):
    count: int
    start: int
    end: int
    kind: str
    """``differ`` or ``agree``."""
    outcome: str
    """``yes``, ``no``, or nothing: that both had, or that the first had where they differ."""
    pair: bool
    """Two outcomes were named."""
    name: str


def read_paired_counts(text: str) -> PairedCounts | None:
    """The counts of pairs that a text tells in words, or None. Positions are those of ``text``."""
    digits = as_digits(text.lower())
    return _told(text, _NUMBERED.sub(_hidden, digits)) or _told(text, digits)


def _told(text: str, plain: str) -> PairedCounts | None:
    told = _DISCORDANT.search(plain)
    if told:
        first_count, second_count = (int(count) for count in told.groups() if count)
        return PairedCounts(
            first_only=first_count,
            second_only=second_count,
            start=told.start(),
            end=told.end(),
            names=numbered_names(text),
        )
    clauses = _clauses(text, plain)
    differ = [item for item in clauses if item.kind == "differ"]
    if len(differ) != 2:
        return None
    first, second = differ
    agree = _agreeing(clauses, *differ)
    if first.pair and second.pair and first.outcome != second.outcome:
        # "pass then fail 3, fail then pass 11": the first look had what both had in the first cell
        event = next((item.outcome for item in agree if item.outcome), "yes")
        if first.outcome != event:
            first, second = second, first
    names = (first.name, second.name)
    numbered = numbered_names(text)
    if numbered and (not all(names) or names == ("first", "second")):
        names = numbered
    found = PairedCounts(
        first_only=first.count,
        second_only=second.count,
        start=min(item.start for item in clauses),
        end=max(item.end for item in clauses),
        names=names if all(names) and names[0] != names[1] else None,
    )
    if len(agree) == 2:
        found.table = [[agree[0].count, first.count], [second.count, agree[1].count]]
    return found


def _agreeing(clauses: list[_Clause], first: _Clause, second: _Clause) -> list[_Clause]:
    """The pairs that agree, next to those that differ: one before and one behind, or two beside."""
    before = [item for item in clauses if item.kind == "agree" and item.start < first.start]
    behind = [item for item in clauses if item.kind == "agree" and item.start > second.start]
    between = [
        item for item in clauses if item.kind == "agree" and first.start < item.start < second.start
    ]
    if between:
        return [*before[-1:], *between, *behind[:1]]
    if before and behind:
        return [before[-1], behind[0]]
    return before[-2:] or behind[:2]


def numbered_names(text: str) -> tuple[str, str] | None:
    """ "week 0 … week 12": two looks that one word and two figures name."""
    found: dict[str, list[str]] = {}
    for match in _NAME_AND_FIGURE.finditer(text):
        if _NAMING.match(match[1]):
            named = found.setdefault(match[1].lower().rstrip("s"), [])
            if match[0] not in named:
                named.append(match[0])
    return next(((names[0], names[1]) for names in found.values() if len(names) == 2), None)


def _hidden(match: re.Match[str]) -> str:
    """ "inspector 2": its figure is a name, and letters stand for it."""
    if not _NAMING.match(match[1]):
        return match[0]
    begin, end = match.start(2) - match.start(), match.end(2) - match.start()
    return match[0][:begin] + "z" * (end - begin) + match[0][end:]


def _clauses(text: str, plain: str) -> list[_Clause]:
    found: list[_Clause] = []
    for start, end in _parts(plain):
        clause = _clause(text, plain, start, end)
        if clause is not None:
            found.append(clause)
    return found


def _parts(plain: str) -> list[tuple[int, int]]:
    """Parts of the text with one count each, as (start, end)."""
    parts: list[tuple[int, int]] = []
    for start, end in _between(_SPLIT, plain, 0, len(plain)):
        if len(_COUNT.findall(plain[start:end])) < 2:
            parts.append((start, end))
            continue
        for begin, stop in _between(_FURTHER, plain, start, end):
            counts = [begin + match.start(1) for match in _COUNT.finditer(plain[begin:stop])]
            if len(counts) < 2:
                parts.append((begin, stop))
                continue
            leading = not plain[begin : counts[0]].strip()
            if leading:  # "5 only dry 7 only wet"
                cuts = [*counts, stop]
            else:
                ends = [begin + match.end(1) for match in _COUNT.finditer(plain[begin:stop])]
                cuts = [begin, *ends[:-1], stop]
            parts += list(pairwise(cuts))
    return parts


def _between(separator: re.Pattern[str], plain: str, start: int, end: int) -> list[tuple[int, int]]:
    parts = []
    for match in separator.finditer(plain, start, end):
        parts.append((start, match.start()))
        start = match.end()
    return [*parts, (start, end)]


def _clause(text: str, plain: str, start: int, end: int) -> _Clause | None:
    written = plain[start:end]
    counts = list(_COUNT.finditer(written))
    if len(counts) != 1:
        return None
    count = counts[0]
    outcomes = [match.lastgroup or "" for match in _OUTCOME.finditer(written)]
    if count[1] in {"0", "1"}:
        words = written[: count.start()] + " " * len(count[1]) + written[count.end() :]
        outcomes = [match.lastgroup or "" for match in _OUTCOME.finditer(words)]
    if len(outcomes) > 2:
        outcomes = outcomes[-2:]
    pair = len(outcomes) == 2 and not _BOTH.search(written)
    only = _ONLY.search(written) is not None
    if only or _ELSE.search(written):
        kind = "differ"
    elif _BOTH.search(written) or _NEITHER.search(written):
        kind = "agree"
    elif pair:
        kind = "agree" if outcomes[0] == outcomes[1] else "differ"
    else:
        return None
    return _Clause(
        count=int(count[1]),
        start=start + count.start(),
        end=start + count.end(),
        kind=kind,
        outcome=outcomes[0] if outcomes else "",
        pair=pair and not only,
        name=_name(text, plain, start, end) if only else "",
    )


def _name(text: str, plain: str, start: int, end: int) -> str:
    """The words of a clause that name a look: "only Inspector 1 passed 4"."""
    kept = [
        text[start + match.start() : start + match.end()]
        for match in re.finditer(r"[^\W\d_][\w\-.]*", plain[start:end])
        if match[0] not in _FILLING
        and not _OUTCOME.fullmatch(match[0])
        and (len(match[0]) < 3 or plain.count(match[0]) > 1)
    ]
    return " ".join(kept) if 0 < len(kept) <= MOST_WORDS_OF_A_NAME else ""
