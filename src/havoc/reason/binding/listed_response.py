"""Which of the lists of a text is the response: what the sentence around the lists says."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from havoc.reading.listed_columns import ListedColumn
from havoc.reason.binding.response import is_response_name, name_pattern

_TO = (
    r"\s*(?:\([^()]{0,24}\)\s*)?(?:~|on\b|from\b|vs\.?(?!\w)|versus\b|against\b|by\b|as\s+a\s+function\b"
    r"|(?:\w+\s+){0,4}?(?:depends?|driven|explained|hangs?|influenced|affected|comes?)\b)"
)
_ARROW = re.compile(r"(?:->|=>|→)\s*[^\n\d]{0,40}$")
_ARTICLE = r"(?:(?:the|our|its|a|my)\s+)?(?:(?!(?:from|by|on|with|and|as|of|using|to|in|for)\b)[a-z]+\s+){0,2}?"
_ASKED = (
    rf"\b(?:response|dependent)\s*(?:variable)?\s*(?:is|=|:)?\s*{_ARTICLE}{{0}}",
    rf"\b(?:explain\w*|predict\w*|tells?|drives?|influences?|affects?|understand|determines?)\s+{_ARTICLE}{{0}}",
    rf"\b(?:for|of|behind)\s+{_ARTICLE}{{0}}",
)
_APART = re.compile(r"[^\n]{0,12}?(?:\.\s|:)")


def told_response(text: str, columns: Sequence[ListedColumn]) -> int | None:
    """The position of the response among ``columns``, or None where nothing says so.

    First its name (y), then an arrow before it, then words behind its list ("… on", "may depend
    on"), then words before its name anywhere in the sentence, then a full stop or a colon that
    parts it from the rest, then a unit that only it has.
    """
    numeric = [index for index, column in enumerate(columns) if column.numeric]
    for index in numeric:
        if is_response_name(columns[index].name):
            return index
    for index in numeric:
        column = columns[index]
        before = text[max(0, column.start - 48) : column.start]
        if _ARROW.search(before):
            return index
    first = numeric[0] if numeric else None
    for index in numeric:
        behind = text[columns[index].end : columns[index].end + 60]
        if re.match(_TO, behind, re.IGNORECASE):
            return index
    told = without_lists(text, columns)
    for relation in _ASKED:
        hits = {
            index
            for index in numeric
            if (name := name_pattern(columns[index].name))
            and re.search(relation.replace("{0}", name), told, re.IGNORECASE)
        }
        if len(hits) == 1:
            return hits.pop()
    if first == 0 and len(columns) > 2:
        gaps = [text[one.end : other.start] for one, other in pairwise(columns)]
        if _APART.match(gaps[0]) and not any(_APART.match(gap) for gap in gaps[1:]):
            return 0
        noted = [index for index in numeric if columns[index].note or columns[index].unit]
        if noted == [0]:
            return 0
    return None


def without_lists(text: str, columns: Sequence[ListedColumn]) -> str:
    """The text without its lists, as sentences."""
    for column in sorted(columns, key=lambda item: -item.start):
        text = text[: column.start] + text[column.end :]
    return text
