"""Measurements behind the labels that they belong to, two to four labels deep.

"G1 wet 10 kN 88, 15 kN 101; G2 dry 75, 84; …", "week 1: M1 lo 2.1, M1 hi 2.6 …",
"slow: 2R 0.9 1.0; 6R 1.2 1.1. fast: 2R …", "d1 80 f3 r4", "day 1 (20): x 1.1 y 0.8". A label
holds until the next one of its kind; what the first group says about the order of its values
holds for the groups that give values only. What is a label of which kind shows itself: a
reading is taken only where every value gets a label of every kind and all labels come back.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import combinations, pairwise, product

import msgspec

from havoc.reading.labelled_figures import Label, LabelledFigures, Scanner, tokens_of

LONGEST = 20_000
_MOST_NUMBERS = 300
_MOST_STARTS = 12
_MOST_DEPTH = 4
_LEAST_ROWS = 4


class Row(msgspec.Struct, frozen=True):
    """One measurement and its labels, the outermost first."""

    labels: tuple[str, ...]
    value: float


class Cells(msgspec.Struct, frozen=True):
    """``nouns``: what a kind of label is called where each stands behind its noun, else empty."""

    rows: list[Row]
    nouns: tuple[str, ...]
    start: int
    end: int
    records: bool = False


def read_cells(text: str, *, least_depth: int = 2) -> Cells | None:
    """The deepest complete reading of the measurements, or None."""
    tokens = tokens_of(text[:LONGEST])
    if sum(token.kind == "number" for token in tokens) > _MOST_NUMBERS:
        return None
    best: Cells | None = None
    for records, headed, lax in product((False, True), repeat=3):
        scanner = Scanner(tokens, records=records, headed=headed, lax=lax)
        cells = _told_apart(list(scanner.cells()))
        for depth in range(_MOST_DEPTH, least_depth - 1, -1):
            found = _resolved(cells, depth, least_depth)
            if found:
                numbers = any(_is_number(label) for row in found.rows for label in row.labels)
                found = msgspec.structs.replace(found, records=records and numbers)
                if best is None or _better(found, best):
                    best = found
    return best


def labelled_values(text: str) -> Iterator[tuple[tuple[str, ...], list[float], int, int]]:
    """The labels right before every group of figures, and where it stands."""
    tokens = tokens_of(text[:LONGEST])
    for cell in Scanner(tokens, records=False, headed=False, lax=False).cells():
        yield tuple(label.text for label in cell.labels), cell.values, cell.start, cell.end


def _is_number(label: str) -> bool:
    return re.fullmatch(r"[-+]?\d*\.?\d+", label) is not None


def _better(found: Cells, best: Cells) -> bool:
    return _rank(found) > _rank(best)


def _rank(cells: Cells) -> tuple[bool, float, int]:
    """Figures that come back in every group are labels; else the more values the better."""
    crossed = _crossed(cells)
    return (
        crossed and cells.records,
        len(cells.rows) * (1.05 if crossed else 1.0),
        len(cells.nouns),
    )


def _crossed(cells: Cells) -> bool:
    """Does every combination of the last two kinds hold equally many values?"""
    counts = Counter(row.labels for row in cells.rows)
    return len(set(counts.values())) == 1


# labels of one kind -----------------------------------------------------------------------


def _told_apart(cells: list[LabelledFigures]) -> list[LabelledFigures]:
    """Labels without the words of a sentence: "w1 dryer lo 71", and then "w2 hi 80"."""
    seen = Counter(label.text for cell in cells for label in cell.labels)
    for cell in cells:
        last = len(cell.labels) - 1
        cell.labels = [
            label
            for index, label in enumerate(cell.labels)
            if index == last
            or label.kind
            or label.firm
            or len(label.text) < 3
            or seen[label.text] > 1
        ]
    return cells


def _resolved(cells: list[LabelledFigures], depth: int, least: int) -> Cells | None:
    """The longest stretch of cells that takes labels of ``depth`` kinds."""
    best: Cells | None = None
    starts = [index for index, cell in enumerate(cells) if len(cell.labels) >= depth]
    for start in starts[:_MOST_STARTS]:
        stretch = _Stretch(depth)
        for end in range(start, len(cells)):
            if not stretch.takes(cells[end]):
                break
            following = cells[end + 1] if end + 1 < len(cells) else None
            found = stretch.cells(cells[start].start, cells[end].end, least)
            if found is None:
                continue
            whole = _crossed(found) or following is None or following.ended
            if whole and (best is None or _better(found, best)):
                best = found
    return best


def _mismatch(kind: str, other: str) -> int:
    """How little two kinds of label go together: "c45" beside "ck", "1" beside "set 1"."""
    if "#" in (kind, other):
        return 0 if (kind + other).strip("#").isalpha() else 100
    return 100 if kind.isalpha() or other.isalpha() else 2


class _Stretch:
    """Cells that follow each other, resolved with the labels that hold at their place."""

    def __init__(self, depth: int) -> None:
        self.depth = depth
        self.kinds: list[str] = []
        self.levels: list[set[str]] = [set() for _ in range(depth)]
        self.current: list[str] = []
        self.rows: list[Row] = []
        self.sizes: list[tuple[tuple[str, ...], int]] = []

    def takes(self, cell: LabelledFigures) -> bool:
        if not self.kinds:
            labels = cell.labels[-self.depth :]
            self.kinds = [label.kind for label in labels]
            self.current = [label.text for label in labels]
            return self._add(self.current, cell.values)
        labels = cell.labels[-self.depth :]
        if not labels or (self.depth == 1 and cell.ended and len(cell.values) == 1):
            return False
        places = self._places(labels)
        if places is None or (places[0] > 0 and self._strange(labels, places)):
            return False
        current = list(self.current)
        for label, place in zip(labels, places, strict=True):
            current[place] = label.text
        deepest = places[-1]
        if deepest == self.depth - 1:
            return self._add(current, cell.values)
        return self._fill(current[: deepest + 1], cell.values)

    def _strange(self, labels: list[Label], places: tuple[int, ...]) -> bool:
        """A word that no earlier group had, in the midst of a later group: no label."""
        later = len(self.levels[0]) > 1
        return later and any(
            not label.kind and label.text not in self.levels[place]
            for label, place in zip(labels, places, strict=True)
        )

    def _places(self, labels: list[Label]) -> tuple[int, ...] | None:
        best: tuple[int, tuple[int, ...]] | None = None
        for places in combinations(range(self.depth), len(labels)):
            if any(second - first > 1 for first, second in pairwise(places)):
                continue
            score = 0
            for label, place in zip(labels, places, strict=True):
                if label.kind != self.kinds[place] and label.text not in self.levels[place]:
                    score -= _mismatch(label.kind, self.kinds[place]) * (51 - 50 * (self.depth > 1))
                elif label.text in self.levels[place]:
                    score += 4
                elif any(label.text in levels for levels in self.levels):
                    score -= 3
                elif label.kind:
                    score += 2
            if best is None or (score, places) > best:
                best = score, places
        return best[1] if best and best[0] > -50 else None

    def _add(self, labels: list[str], values: list[float]) -> bool:
        self.current = list(labels)
        for place, label in enumerate(labels):
            self.levels[place].add(label)
        self.rows += [Row(tuple(labels), value) for value in values]
        self.sizes.append((tuple(labels), len(values)))
        return True

    def _fill(self, outer: list[str], values: list[float]) -> bool:
        """Values without inner labels, in the order of an earlier group."""
        depth = len(outer)
        groups: dict[tuple[str, ...], list[tuple[tuple[str, ...], int]]] = {}
        for labels, count in self.sizes:
            groups.setdefault(labels[:depth], []).append((labels[depth:], count))
        for order in groups.values():
            if sum(count for _, count in order) == len(values):
                rest = list(values)
                for inner, count in order:
                    self._add([*outer, *inner], rest[:count])
                    rest = rest[count:]
                return True
        return False

    def cells(self, start: int, end: int, least: int) -> Cells | None:
        if len(self.rows) < _LEAST_ROWS or len(self.sizes) < 2:
            return None
        kept = [place for place in range(self.depth) if len(self.levels[place]) > 1]
        if len(kept) < least or (self.depth > 1 and len(kept) < 2):
            return None
        for place in kept:
            counts = Counter(row.labels[place] for row in self.rows)
            few = len(counts) * 2 <= len(self.rows) or (len(kept) == 1 and max(counts.values()) > 1)
            if not few or (min(counts.values()) < 2 and len(kept) > 1):
                return None
        nouns = tuple(
            self.kinds[place] if self.kinds[place][-1:].isalpha() else "" for place in kept
        )
        rows = [Row(tuple(row.labels[place] for place in kept), row.value) for row in self.rows]
        return Cells(rows, nouns, start, end)
