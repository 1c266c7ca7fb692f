"""Two lists of equal length behind each group: "PES 93 91 90 at turbidity 3 5 6, PVDF 88 95 …".

One list is the response and the other a covariate: what stands behind "at" or in brackets
is the covariate, else the second list is the response.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from havoc.reading.table import Column, Table

LONGEST = 20_000
_NUMBER = r"(?<![\w.])(?:\d++(?:\.\d++)?|\.\d++)(?!\w|\.\d)"
_LIST = re.compile(rf"{_NUMBER}(?:(?:\s*,\s*and\s+|\s+and\s+|\s*,\s*|[ \t]+){_NUMBER})+")
_WORD = re.compile(r"[^\W\d_][\w-]*")
_AT = re.compile(r"(?:\bat\b[^\d\n]{0,24}|\([^\d()\n]{0,24})$")
_UNITS = frozenset("days day h min mm c n um s".split())
_MOST = 60


class _List(NamedTuple):
    values: list[float]
    before: str
    start: int
    end: int


def grouped_lists(text: str) -> Table | None:
    """Group, covariate and response row by row, or None."""
    lists = _lists(text[:LONGEST])
    best: list[_List] = []
    for first in (0, 1):
        kept = lists[first:]
        end = 0
        while end + 1 < len(kept) and len(kept[end].values) == len(kept[end + 1].values):
            end += 2
        if end > len(best) and end >= 4:
            best = kept[:end]
    if not best:
        return None
    groups = _labels(best[::2])
    if len(set(groups)) < len(groups) or not all(groups):
        return None
    behind = _AT.search(best[1].before) is not None
    measured, other = (best[::2], best[1::2]) if behind else (best[1::2], best[::2])
    names = [word for word in _WORD.findall(other[0].before) if word not in (*groups, "at")]
    labels = [label for label, item in zip(groups, other, strict=True) for _ in item.values]
    covariate: list[float | None] = [value for item in other for value in item.values]
    response: list[float | None] = [value for item in measured for value in item.values]
    return Table(
        source=f"question[{best[0].start}:{best[-1].end}]",
        columns=[
            Column(name="group", kind="text", values=list[str | None](labels)),
            Column(name=names[-1] if names else "covariate", kind="number", values=covariate),
            Column(name="response", kind="number", values=response),
        ],
    )


def _lists(text: str) -> list[_List]:
    found: list[_List] = []
    last = 0
    for match in list(_LIST.finditer(text))[:_MOST]:
        values = [float(number) for number in re.findall(_NUMBER, match[0])]
        found.append(
            _List(values, text[max(last, match.start() - 80) : match.start()], *match.span())
        )
        last = match.end()
    return found


def _labels(lists: list[_List]) -> list[str]:
    """The word that stands before one group only: before a colon, else the last with a capital."""
    words = [
        [word for word in _WORD.findall(item.before) if word.lower() not in _UNITS]
        for item in lists
    ]
    labels = []
    for index, item in enumerate(lists):
        others = {word for place, some in enumerate(words) if place != index for word in some}
        own = [word for word in words[index] if word not in others]
        led = re.search(r"([^\W_][\w-]*)\s*:\s*[^:]*$", item.before)
        capitals = [word for word in own if word[0].isupper()]
        if led and led[1] in own:
            labels.append(led[1])
        else:
            labels.append((capitals or own or [""])[-1])
    return labels
