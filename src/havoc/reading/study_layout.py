"""Readings of a gage study in prose, each behind the part and the person that it belongs to.

"P1 Jan 7.1/7.2 Sven 7.0/7.1. P2 Jan …", "Ann: 1: 5.0 5.1, 2: 6.1 6.0. Raj: …", "lot a op X
20 21, lot b op X …" and "Li did parts 1,2 (41.2 41.5 | 44.0 43.7)": labels stand before the
readings, and a label holds until the next one of its kind. Which kind is the part is told by
its noun, else by its numbering.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import permutations

import msgspec

from havoc.reading.crossed_cells import Cell
from havoc.reading.prose import word_set

MAX_TEXT = 60_000
_TOKEN = re.compile(
    r"(?P<number>(?<![\w.])[-+]?(?:\d++(?:\.\d++)?|\.\d++)(?![\w%]))"
    r"|(?P<word>[^\W\d_][\w]*+)|(?P<space>[ \t]++)|(?P<mark>.)",
    re.DOTALL,
)
PERSON_NOUNS = word_set(
    """
    op ops operator operators appraiser appraisers inspector inspectors insp person persons people
    tech techs technician technicians analyst analysts tester testers lab labs who worker workers
    fitter fitters man men user users rater raters reader readers
    """
)
PART_NOUNS = word_set(
    """
    p part parts piece pieces pc pcs tube tubes tile tiles wafer wafers w batch batches lot lots
    sample samples unit units item items specimen specimens coupon coupons board boards strip
    strips pad pads block blocks bar bars shaft shafts pin pins bolt bolts lens lenses mould vial
    """
)
_NO_LABEL = word_set(
    """
    tol tolerance t sd sigma s usl lsl spec specs target pv tv ev av grr width alpha conf limit
    limits total nominal n k method each per and or the of in is are was at to by with measured
    trial trials rep reps replicate replicates reading readings
    """
)
_VERBS = word_set("did measured took had has got read reads gets measures does found")
_LEAST_CELLS = 4


class _Token(msgspec.Struct, frozen=True):
    kind: str
    text: str


class _Label(msgspec.Struct, frozen=True):
    """``names`` holds several names where one label stands before several groups of readings."""

    kind: str
    names: tuple[str, ...]


class _Group(msgspec.Struct):
    """Numbers between separators; ``parted`` are those between slashes or bars."""

    parted: list[list[float]]

    @property
    def values(self) -> list[float]:
        return [value for part in self.parted for value in part]


class Study(msgspec.Struct, frozen=True):
    """Part and person of every reading. ``nested``: each part was seen by one person only."""

    parts: list[str]
    operators: list[str]
    values: list[float]
    nested: bool = False


def read_study_layout(text: str) -> Study | None:
    """The readings of a balanced gage study, crossed or nested, or None."""
    events = list(_Scanner(text[:MAX_TEXT]).events())
    kinds = list(dict.fromkeys(e.kind for e in events if isinstance(e, _Label)))
    found = []
    for first, second in permutations(kinds[:6], 2):
        part = _part_of(first, second)
        if part == second:
            continue
        cells = _cells(events, first, second)
        study = _crossed(cells) or _nested(cells)
        if study is None or (not part and len(set(study.parts)) < len(set(study.operators))):
            continue  # with nothing else to tell them by, the parts are more than the persons
        found.append(study)
    return max(found, key=lambda study: len(study.values)) if found else None


def _part_of(first: str, second: str) -> str:
    """Which of two kinds of label names the parts; empty where neither says so."""
    for kinds in ((first, second), (second, first)):
        if kinds[0] in PERSON_NOUNS or (kinds[1] in PART_NOUNS and kinds[0] not in PART_NOUNS):
            return kinds[1]
    for kinds in ((first, second), (second, first)):
        if kinds[0] in {"", "letter"}:
            return kinds[1]
        if kinds[0] == "#":
            return kinds[0]
    return ""


def _cells(events: list[_Label | _Group], part: str, person: str) -> list[Cell]:
    current: dict[str, tuple[str, ...]] = {}
    fresh = False
    cells = []
    for event in events:
        if isinstance(event, _Label):
            current[event.kind] = event.names
            fresh = fresh or event.kind in (part, person)
            continue
        names, others = current.get(part), current.get(person)
        if fresh and names and others:
            groups = event.parted if len(names) == len(event.parted) > 1 else [event.values]
            if len(groups) == len(names):
                cells += [
                    Cell(first=name, second=others[0], value=value)
                    for name, group in zip(names, groups, strict=True)
                    for value in group
                ]
        fresh = False
    return cells


def _counts(cells: list[Cell]) -> dict[tuple[str, str], int]:
    counts: dict[tuple[str, str], int] = {}
    for cell in cells:
        counts[cell.first, cell.second] = counts.get((cell.first, cell.second), 0) + 1
    return counts


def _crossed(cells: list[Cell]) -> Study | None:
    """Every person measured every part equally often, at least twice."""
    while True:  # without chance finds: a level that stands with one other level only
        keys = set(_counts(cells))
        kept = [
            cell
            for cell in cells
            if sum(part == cell.first for part, _ in keys) > 1
            and sum(person == cell.second for _, person in keys) > 1
        ]
        if len(kept) == len(cells):
            break
        cells = kept
    counts = _counts(cells)
    parts, persons = ({key[i] for key in counts} for i in (0, 1))
    if len(counts) < _LEAST_CELLS or len(counts) != len(parts) * len(persons):
        return None
    return _study(cells, counts, nested=False)


def _nested(cells: list[Cell]) -> Study | None:
    """Every part was measured by one person, and every person has as many parts."""
    counts = _counts(cells)
    parts, persons = ({key[i] for key in counts} for i in (0, 1))
    if len(parts) != len(counts) or len(parts) < _LEAST_CELLS or len(persons) < 2:
        return None
    shares = {sum(person == name for _, person in counts) for name in persons}
    return _study(cells, counts, nested=True) if len(shares) == 1 and min(shares) > 1 else None


def _study(cells: list[Cell], counts: dict[tuple[str, str], int], *, nested: bool) -> Study | None:
    if len(set(counts.values())) > 1 or min(counts.values()) < 2:
        return None
    return Study(
        parts=[cell.first for cell in cells],
        operators=[cell.second for cell in cells],
        values=[cell.value for cell in cells],
        nested=nested,
    )


class _Scanner:
    """Labels and groups of numbers in the order of the text."""

    def __init__(self, text: str) -> None:
        self.tokens = [
            _Token(str(match.lastgroup), match[0])
            for match in _TOKEN.finditer(text)
            if match.lastgroup != "space"
        ]

    def events(self) -> Iterator[_Label | _Group]:
        position = 0
        while position < len(self.tokens):
            label, after = self._label(position)
            if label is not None:
                yield label
                position = after
            elif self.tokens[position].kind == "number":
                group, position = self._group(position)
                yield group
            else:
                position += 1

    def _text(self, position: int) -> str:
        return self.tokens[position].text if 0 <= position < len(self.tokens) else "\n"

    def _kind(self, position: int) -> str:
        return self.tokens[position].kind if 0 <= position < len(self.tokens) else "mark"

    def _is_whole(self, position: int) -> bool:
        return self._kind(position) == "number" and self._text(position).isdigit()

    def _label(self, position: int, *, depth: int = 0) -> tuple[_Label | None, int]:
        """The label that begins here, and where it ends."""
        word = self._text(position).lower()
        if self._kind(position) == "number":
            numbered = self._is_whole(position) and len(word) <= 3
            starts = self._text(position - 1) == "\n" or position == 0
            behind = self._kind(position + 1), self._kind(position + 2)
            row = starts and behind == ("word", "number")
            if numbered and (self._text(position + 1) == ":" or row):
                return _Label("#", (self._text(position),)), position + 1 + (not row)
            return None, position
        initial = (
            len(word) == 1 and self._text(position).isupper() and self._text(position + 1) == ":"
        )
        if self._kind(position) != "word" or depth > 3:
            return None, position
        if word in _NO_LABEL | _VERBS and not initial:
            return None, position
        several = self._several(position, word)
        if several is not None:
            return several
        stem = re.fullmatch(r"([a-z]+)\d{1,4}", word)
        if stem and stem[1] not in _NO_LABEL - {"t", "n", "s"}:
            return _Label(_one(stem[1]), (self._text(position),)), position + 1
        if self._is_whole(position + 1) and len(self._text(position + 1)) <= 3:
            after = position + 2
            noun = word in PERSON_NOUNS or word in PART_NOUNS
            decimal = self._kind(after) == "number" and (noun or "." in self._text(after))
            if self._text(after) in {":", "(", "="} or self._kind(after) == "word" or decimal:
                return _Label(_one(word), (f"{word} {self._text(position + 1)}",)), after
        noun = word in PERSON_NOUNS or word in PART_NOUNS
        named = self._text(position + 1)
        if noun and self._kind(position + 1) == "word" and named.isalpha():
            other = named.lower() in PERSON_NOUNS | PART_NOUNS | _NO_LABEL
            if not other and self._leads(position + 2, depth):
                lettered = word in PART_NOUNS and len(named) == 1 and named.islower()
                return _Label("letter" if lettered else _one(word), (named,)), position + 2
        if not noun and self._leads(position + 1, depth):
            kind = "letter" if len(word) == 1 else ""
            return _Label(kind, (self._text(position),)), position + 1
        return None, position

    def _leads(self, position: int, depth: int) -> bool:
        """Do readings or a numbered label follow, perhaps behind a colon or a verb?"""
        if self._text(position).lower() in _VERBS:
            position += 1
        if self._text(position) in {":", "=", "("}:
            position += 1
        if self._kind(position) == "number":
            return True
        following, _ = self._label(position, depth=depth + 1)
        return following is not None and following.kind not in {"", "letter"}

    def _several(self, position: int, word: str) -> tuple[_Label, int] | None:
        """ "parts 1,2 (…": one label for as many groups of readings."""
        if word not in PART_NOUNS:
            return None
        names = []
        after = position + 1
        while self._kind(after) == "number":
            # "1,2" may have been read as a decimal comma
            names += [f"{_one(word)} {number}" for number in self._text(after).split(".")]
            after += 1
            if self._text(after).lower() not in {",", "and", "&"}:
                break
            after += 1
        if len(names) < 2 or self._text(after) not in {":", "("}:
            return None
        return _Label(_one(word), tuple(names)), after + 1

    def _group(self, position: int) -> tuple[_Group, int]:
        parted: list[list[float]] = [[float(self._text(position))]]
        bars = False
        position += 1
        while True:
            after = position
            if self._text(after) in {",", "/", "|", "&"} or self._text(after).lower() == "and":
                after += 1
            if self._kind(after) != "number" or self._text(after + 1) == ":":
                break
            if self._text(position) in {"/", "|"}:
                bars = True
                parted.append([])
            parted[-1].append(float(self._text(after)))
            position = after + 1
        if not bars:
            parted = [[value for part in parted for value in part]]
        return _Group(parted), position


def _one(noun: str) -> str:
    """Parts and part are one kind."""
    singular = noun[:-2] if noun == "batches" else noun[:-1] if noun.endswith("s") else noun
    return singular if singular in PART_NOUNS | PERSON_NOUNS else noun
