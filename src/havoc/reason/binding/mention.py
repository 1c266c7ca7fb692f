"""Which columns of a table a question speaks about.

"Is the bore capable?" means the column ``bore_mm``, "between operators" the column
``operator``. A word and a column name match when one begins with the other, or
when a level of the column is named.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from havoc.reading.prose import STOPWORDS, UNITS
from havoc.reading.table import Column

_SHORTEST = 3
_LEAST_MISSPELLED = 5
_LONGEST = 20_000
_MOST_LEVELS = 50
_REPLICATE = re.compile(r"^(.*?)(?<![\s_\-])[\s_\-]*+(?:\d++|[a-hA-H]|[ivxIVX]++)$")


def mentioned(columns: Sequence[Column], text: str) -> list[Column]:
    """The columns whose name the text mentions, in their own order.

    A word that is one letter off a name ("strenght", "diamter") means that name, unless
    some column has it as it is written.
    """
    words = set(re.findall(r"[^\W_]+", text.lower()[:_LONGEST])) - STOPWORDS
    tokens_of = {token for column in columns for token in _tokens(column.name)}
    for word in list(words):
        if len(word) >= _LEAST_MISSPELLED and not any(_same(token, word) for token in tokens_of):
            words |= {token for token in tokens_of if _is_misspelled(token, word)}
    found = []
    for column in columns:
        tokens = _tokens(column.name)
        if tokens and any(_same(token, word) for token in tokens for word in words):
            found.append(column)
    if len(found) > 1:
        exact = [column for column in found if column.name.lower() in text.lower()]
        if exact and len(exact) < len(found):
            return exact
    return found


def mentioned_by_level(columns: Sequence[Column], text: str) -> list[Column]:
    """Text columns of which two levels, or one telling level, are named."""
    found = []
    for column in columns:
        levels = {str(level) for level in column.present}
        hits = [
            level
            for level in levels
            if re.search(
                rf"(?<!\w){re.escape(level)}(?!\w)", text, 0 if len(level) == 1 else re.IGNORECASE
            )
        ]
        if len(hits) >= 2 or any(len(hit) > _SHORTEST for hit in hits):
            found.append(column)
    return found


def named_level(column: Column, text: str) -> str | None:
    """The one level of a text column to which the question is restricted ("for M2")."""
    levels = {str(level) for level in column.present}
    if len(levels) > _MOST_LEVELS:
        return None
    name = "|".join([*(re.escape(token) for token in _tokens(column.name)), "only", "just"])
    hits = [
        level
        for level in levels
        if re.search(
            rf"(?:\b(?:for|of|on|in|at|from|{name})(?:\s+the)?\s+{re.escape(level)}(?!\w)"
            rf"|(?<!\w){re.escape(level)}\s+(?:{name})\b)",
            text,
            0 if len(level) == 1 else re.IGNORECASE,
        )
    ]
    return hits[0] if len(hits) == 1 else None


def are_replicates(columns: Sequence[Column]) -> bool:
    """Columns that repeat one measurement: x1 … x5, 1 2 3, reading A and reading B."""
    stems = set()
    for column in columns:
        match = _REPLICATE.match(column.name.strip())
        if match is None:
            return False
        stems.add(match[1].lower())
    return len(stems) == 1


def _tokens(name: str) -> list[str]:
    return [
        token
        for token in re.findall(r"[^\W\d_]+\d*", name.lower())
        if len(token) >= 2 and token not in UNITS
    ] or ([name.lower()] if len(name) > 1 else [])


def _is_misspelled(token: str, word: str) -> bool:
    """One letter left out, added, changed, or two neighbours exchanged."""
    if abs(len(token) - len(word)) > 1 or len(token) < _LEAST_MISSPELLED or token[0] != word[0]:
        return False
    start = next((i for i, (a, b) in enumerate(zip(token, word, strict=False)) if a != b), None)
    if start is None:
        return len(token) != len(word)
    rest, other = token[start:], word[start:]
    return (
        rest[1:] == other[1:]
        or rest[1:] == other
        or rest == other[1:]
        or (rest[:2] == other[1::-1] and rest[2:] == other[2:])
    )


def _same(token: str, word: str) -> bool:
    if token == word:
        return True
    shorter, longer = sorted((token, word), key=len)
    return (
        len(shorter) >= _SHORTEST
        and longer.startswith(shorter)
        and (len(shorter) >= 4 or len(longer) - len(shorter) > 2)
    )
