"""Cells of a two-way layout whose labels are said in any order and with any words.

"Glue A at 180: 55, 57. Glue A at 200: 58, 59 …", "L1 day 8.1 8.4 night 9.0; L2 day …",
"N,1,88; N,1,86; N,2,91 …". Nothing is known of the words: what is a level shows itself,
because every level stands in several labels and in none of the other levels of its factor.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product

import msgspec

from havoc.reading.prose import UNITS

LONGEST = 50_000
MOST_PIECES = 600
_MOST_WORDS = 8
_TOKEN = re.compile(
    r"(?P<number>(?<![\w.])[-+]?(?:\d++(?:\.\d++)?|\.\d++)(?![\w.]*\d)(?![a-zA-Z]{4}))"
    r"|(?P<word>[^\W\d_]\w*+|(?<![\w.])\d++[A-Za-z]{4,20})|(?P<colon>[:=])|(?P<end>[;\n|?!]|\.(?!\d))"
)


class Figure(msgspec.Struct, frozen=True):
    """A number as it was written, and where."""

    text: str
    start: int
    end: int


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """One measurement with its level of either factor, and where it stood."""

    first: str
    second: str
    value: float
    start: int = 0
    end: int = 0


class Labelled(msgspec.Struct):
    """One or more values and the words that stood before them."""

    words: list[str]
    values: list[Figure]


def crossed_cells(text: str) -> list[Cell]:
    """The cells of a two-way layout, or nothing where no layout is complete."""
    if len(text) > LONGEST:
        return []
    for numbered, carried, records in product((False, True), repeat=3):
        pieces = list(_pieces(text, numbered=numbered, carried=carried))
        if not 4 <= len(pieces) <= MOST_PIECES:
            continue
        if records:
            pieces = [_record(piece) for piece in pieces]
        found = _levels(pieces)
        if found:
            return found
    return []


def _record(piece: Labelled) -> Labelled:
    """ "N, 1, 88": only the last figure is the value."""
    return Labelled([*piece.words, *(item.text for item in piece.values[:-1])], piece.values[-1:])


def _pieces(text: str, *, numbered: bool, carried: bool) -> Iterator[Labelled]:
    """Values with the words before them.

    ``numbered``: a lone number between words belongs to the label ("line 1 day 5.2").
    ``carried``: what stands first in a sentence holds for its further labels, too.
    """
    outer: list[str] = []
    words: list[str] = []
    values: list[Figure] = []
    inherited: list[str] = []

    def piece() -> Labelled:
        return Labelled([*outer, *words], values)

    for match in _TOKEN.finditer(text):
        kind, token = match.lastgroup, match[0]
        if kind == "number":
            values.append(Figure(token, match.start(), match.end()))
        elif kind == "word":
            lone = len(values) == 1 and (numbered or token.lower() in UNITS)
            if values and lone:
                words, values = [*words, values[0].text], []
            elif values:
                if outer or words:
                    yield piece()
                    if carried and not inherited:
                        inherited = words[:-1]
                words, values = [*inherited], []
            words = [*words[1 - _MOST_WORDS :], token]
        elif kind == "colon":
            if text[match.end() : match.end() + 40].lstrip()[:1].isalpha():
                labels = [*words, *(item.text for item in values[-_MOST_WORDS:])]
                outer, words = labels[-_MOST_WORDS:], []
                values, inherited = [], []
            else:
                words, values = [*words, *(item.text for item in values[-_MOST_WORDS:])], []
        else:
            if values and (outer or words):
                yield piece()
            words, values, inherited = [], [], []
            outer = outer if token == "|" else []
    if values and (outer or words):
        yield piece()


def _levels(pieces: list[Labelled]) -> list[Cell]:
    """The two words of every label that tell it from the others, if they make a whole layout."""
    places: dict[str, set[int]] = {}
    written: dict[str, str] = {}
    for index, item in enumerate(pieces):
        for word in item.words:
            written.setdefault(word.lower(), word)
        item.words = [word.lower() for word in item.words]
        for word in item.words:
            places.setdefault(word, set()).add(index)
    repeated = {word for word, found in places.items() if len(found) >= 2}
    core = {i for i, item in enumerate(pieces) if len(repeated.intersection(item.words)) >= 2}
    if len(core) < 4:
        return []
    telling: dict[frozenset[int], str] = {}
    for word in repeated:
        inside = frozenset(places[word] & core)
        if 2 <= len(inside) < len(core):
            first = telling.get(inside)
            if first is None or _position(pieces, word) < _position(pieces, first):
                telling[inside] = word
    names = set(telling.values())
    cells = []
    for index in sorted(core):
        kept = [word for word in dict.fromkeys(pieces[index].words) if word in names]
        if len(kept) == 2:
            first, second = written[kept[0]], written[kept[1]]
            cells += [
                Cell(first=first, second=second, value=float(v.text), start=v.start, end=v.end)
                for v in pieces[index].values
            ]
    firsts, seconds = {cell.first for cell in cells}, {cell.second for cell in cells}
    combinations = {(cell.first, cell.second) for cell in cells}
    whole = len(firsts) >= 2 and len(seconds) >= 2 and not firsts & seconds
    return cells if whole and len(combinations) == len(firsts) * len(seconds) else []


def _position(pieces: list[Labelled], word: str) -> int:
    return next(item.words.index(word) for item in pieces if word in item.words)
