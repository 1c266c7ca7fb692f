"""Measurements behind the labels that they belong to, two to four labels deep.

"G1 wet 10 kN 88, 15 kN 101; G2 dry 75, 84; …", "week 1: M1 lo 2.1, M1 hi 2.6 …",
"slow: 2R 0.9 1.0; 6R 1.2 1.1. fast: 2R …", "d1 80 f3 r4", "day 1 (20): x 1.1 y 0.8". A label
holds until the next one of its kind; what the first group says about the order of its values
holds for the groups that give values only. What is a label of which kind shows itself: a
reading is taken only where every value gets a label of every kind and all labels come back.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import combinations, product

import msgspec

from havoc.reading.prose import STOPWORDS, UNITS
from havoc.reading.prose_words import word_set

LONGEST = 20_000
_MOST_NUMBERS = 300
_MOST_STARTS = 12
_MOST_DEPTH = 4
_LEAST_ROWS = 4
_TOKEN = re.compile(
    r"(?P<number>(?<![\w.])[-+]?(?:\d++(?:\.\d++)?|\.\d++)(?!\w|\.\d))"
    r"|(?P<sized>(?<![\w.])(?:\d++(?:\.\d++)?|\.\d++)(?=[^\W\d_]{1,3}(?!\w)))"
    r"|(?P<lost>\((?:lost|missing|void|broken|scrapped|n/?a|\?|-)\))"
    r"|(?P<colon>[:=]|->|→|\b(?:gives?|gave|yield(?:s|ed))\b)"
    r"|(?P<word>[^\W\d_][^\W_]*+(?:\.\d++)?|\d++[^\W\d_][^\W_]*+)"
    r"|(?P<strong>[;\n|]|[ \t]/[ \t]|[ \t][-–—][ \t]|[?!]|\.(?=\s|$))"
    r"|(?P<slash>/)|(?P<open>\()|(?P<close>\))|(?P<comma>,)|(?P<share>%)"
    r"|(?P<blank>[ \t]++)|(?P<other>.)",
    re.DOTALL,
)
_GLUED = re.compile(r"([^\W\d_]{1,8}?)(\d*\.\d+|\d+)$")
_NUMBER_SIGN = re.compile(r"\b(?:no|nr)\.(?=\s?\d)", re.IGNORECASE)
_STEM = re.compile(r"([^\W\d_]{1,12})(\d{1,4})$")
_LEVELS = word_set(
    "hi lo low high am pm yes off out old new left right top bottom mid up down small large first "
    "none some much mon tue wed thu fri sat sun"
)
_SMALL_WORDS = (STOPWORDS - _LEVELS) | word_set(
    """
    and with at in of the a each gives gave was were is are on to by from both has had then only
    for no not or vs per after before one two three four values value levels level factor factors
    alpha power sigma sd target spec runs run test response rep as plus
    """
)


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


class _Label(msgspec.Struct, frozen=True):
    """``firm``: a colon behind it says that it is a label."""

    kind: str
    text: str
    firm: bool = False


class _Token(msgspec.Struct):
    kind: str
    text: str
    start: int
    end: int


class _Cell(msgspec.Struct):
    labels: list[_Label]
    values: list[float]
    start: int
    end: int
    ended: bool
    """A sentence ended before this cell."""


def read_cells(text: str, *, least_depth: int = 2) -> Cells | None:
    """The deepest complete reading of the measurements, or None."""
    tokens = _tokens(text[:LONGEST])
    if sum(token.kind == "number" for token in tokens) > _MOST_NUMBERS:
        return None
    best: Cells | None = None
    for records, headed, lax in product((False, True), repeat=3):
        scanner = _Scanner(tokens, records=records, headed=headed, lax=lax)
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
    tokens = _tokens(text[:LONGEST])
    for cell in _Scanner(tokens, records=False, headed=False, lax=False).cells():
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


# tokens ---------------------------------------------------------------------------------


def _tokens(text: str) -> list[_Token]:
    """Words, numbers and signs; "a12" is a label and its value where its stem counts nothing."""
    raw = [
        _Token(str(match.lastgroup), match[0], match.start(), match.end())
        for match in _TOKEN.finditer(_NUMBER_SIGN.sub(lambda m: " " * len(m[0]), text))
        if match.lastgroup != "blank"
    ]
    raw = list(_sized(raw))
    stems: dict[str, list[str]] = defaultdict(list)
    lead: Counter[str] = Counter()
    for index, token in enumerate(raw):
        glued = _GLUED.match(token.text) if token.kind == "word" else None
        if glued:
            stems[glued[1]].append(glued[2])
            lead[glued[1]] += index + 1 < len(raw) and raw[index + 1].kind in {"number", "colon"}
    split = {stem for stem, found in stems.items() if _are_values(found, lead[stem])}
    tokens: list[_Token] = []
    for token in raw:
        glued = _GLUED.match(token.text) if token.kind == "word" else None
        if glued and glued[1] in split:
            middle = token.start + len(glued[1])
            tokens.append(_Token("word", glued[1], token.start, middle))
            tokens.append(_Token("number", glued[2], middle, token.end))
        else:
            tokens.append(token)
    return tokens


def _sized(raw: list[_Token]) -> Iterator[_Token]:
    """ "3h" is a number with its unit, "2R" a label."""
    held: _Token | None = None
    for token in raw:
        if held is not None and token.text.lower() not in UNITS:
            yield _Token("word", held.text + token.text, held.start, token.end)
            held = None
            continue
        if held is not None:
            yield _Token("number", held.text, held.start, held.end)
        held = token if token.kind == "sized" else None
        if held is None:
            yield token


def _are_values(found: list[str], leads: int) -> bool:
    """Numbers glued to a stem: counted through from 0 or 1 or with readings behind, they name."""
    if any("." in item for item in found):
        return True
    distinct = sorted({int(item) for item in found})
    if len(distinct) == 1:
        return False
    counted = distinct == list(range(distinct[0], distinct[0] + len(distinct)))
    return len(found) >= 2 and not (counted and distinct[0] <= 1) and leads * 2 < len(found)


# cells ----------------------------------------------------------------------------------


class _Scanner:
    """Labels with the values behind them, in the order of the text.

    ``records``: only the last figure of a clause is a value. ``headed``: a figure right behind
    the first label of a sentence belongs to the labels. ``lax``: so does one behind a noun that
    always has two figures behind it.
    """

    def __init__(self, tokens: list[_Token], *, records: bool, headed: bool, lax: bool) -> None:
        self.tokens = tokens
        self.records, self.headed, self.lax = records, headed, lax
        self.numbered = _numbered(tokens)
        self.doubled = _doubled(tokens) if lax else set[str]()
        self.nouns = _lettered(tokens)
        self.counted = _counted(tokens)
        self.labels: list[_Label] = []
        self.values: list[tuple[str, int, int]] = []
        self.order: list[str] = []
        self.start = 0
        self.clause_start = self.head = True
        self.ended = True

    def _at(self, index: int) -> _Token:
        return self.tokens[index] if 0 <= index < len(self.tokens) else _END

    def cells(self) -> Iterator[_Cell]:
        for index, token in enumerate(self.tokens):
            if token.kind == "word":
                yield from self._word(index, token)
            elif token.kind == "number":
                yield from self._number(index, token)
            elif token.kind == "lost" and self.labels:
                self.values.append(("nan", token.start, token.end))
            elif token.kind == "strong":
                sentence = token.text in ".?!"
                if self.values:
                    yield from self._cell()
                elif token.text == "\n":
                    self.labels = [label for label in self.labels if label.firm]
                else:
                    self.labels = []
                self.clause_start = self.head = True
                self.ended = self.ended or sentence
            elif token.kind == "open" and self.values and self._at(index + 2).kind != "close":
                yield from self._cell()
                self.ended = True
            elif token.kind == "comma":
                self.clause_start = True
                if self.records and self.values:
                    yield from self._cell()
            elif token.kind == "colon" and self.labels:
                if self.values and not self.order:
                    self.order = [text for text, _, _ in self.values]
                    self.values = []
                elif not self.values:
                    self._join()
                self.clause_start = True
        yield from self._cell()

    def _cell(self) -> Iterator[_Cell]:
        if not self.values:
            return
        kept, figures, order = list(self.labels), self.values, self.order
        self.labels, self.values, self.order, self.head = [], [], [], False
        if order:
            # "dose 0 1 2: 20 24 27"
            repeats, rest = divmod(len(figures), len(order))
            for index, text in enumerate([] if rest else order):
                some = figures[index * repeats : (index + 1) * repeats]
                labels = [*(kept if index == 0 else []), _Label("#", text)]
                yield _Cell(labels, [float(t) for t, _, _ in some], self.start, some[-1][2], self.ended)
                self.ended = False
            return
        if self.records and len(figures) > 1:
            kept += [_Label("#", text) for text, _, _ in figures[:-1]]
            figures = figures[-1:]
        numbers = [float(text) for text, _, _ in figures]
        yield _Cell(kept, numbers, self.start, figures[-1][2], self.ended)
        self.ended = False

    def _label(self, token: _Token) -> _Label:
        """ "set1" beside "set2" is the first set; "h1" keeps its letter."""
        stem = _STEM.match(token.text)
        if stem and len(stem[1]) > 1 and stem[1].lower() in self.counted:
            return _Label(stem[1].lower(), stem[2])
        return _Label(stem[1].lower() + "-" if stem else "", token.text)

    def _join(self) -> None:
        """ "slow ram:" is one label."""
        plain = 0
        for label in reversed(self.labels):
            if label.kind or label.text[-1].isdigit():
                break
            plain += 1
        if 2 <= plain == len(self.labels) <= 3:
            self.labels = [_Label("", " ".join(label.text for label in self.labels), firm=True)]
        else:
            self.labels[-1] = msgspec.structs.replace(self.labels[-1], firm=True)

    def _word(self, index: int, token: _Token) -> Iterator[_Cell]:
        following, before = self._at(index + 1), self._at(index - 1)
        lower = token.text.lower()
        if self.values and following.kind == "close" and before.kind == "open":
            self.labels.append(self._label(token))  # "0.81 (v1)"
            return
        if before.kind == "number" and lower in UNITS and not _recurs(token.text, self.tokens):
            return
        if lower in _SMALL_WORDS and len(token.text) > 1:
            return
        yield from self._cell()
        if not self.labels:
            self.start = token.start
        noun = before.text.lower() if before.kind == "word" else ""
        if noun in self.nouns and len(token.text) == 1 and self.labels:
            self.labels[-1] = _Label(noun, token.text)
        else:
            self.labels.append(self._label(token))
        self.clause_start = False

    def _number(self, index: int, token: _Token) -> Iterator[_Cell]:
        following, before = self._at(index + 1), self._at(index - 1)
        if following.kind == "share" and "." not in token.text and not self.labels:
            return
        if not self._names(index, token):
            self.values.append((token.text, token.start, token.end))
            self.clause_start = False
            return
        yield from self._cell()
        if not self.labels:
            self.start = token.start
        noun = before.text.lower() if before.kind == "word" and self.labels else ""
        if noun and (noun in self.numbered or self.doubled == {noun}):
            self.labels[-1] = _Label(noun, token.text)
        else:
            self.labels.append(_Label("#", token.text))
        self.clause_start = False

    def _names(self, index: int, token: _Token) -> bool:
        """Is this figure a label?"""
        before, following, after = self._at(index - 1), self._at(index + 1), self._at(index + 2)
        word = following.kind == "word" and following.text.lower() not in _SMALL_WORDS
        noun = before.text.lower() if before.kind == "word" else ""
        begins = self.clause_start
        if following.kind == "colon" and self.values and self.labels[-1:]:
            if self.labels[-1].kind != "#" and all(t.isdigit() for t, _, _ in self.values):
                return False  # "dose 0 1 2: 20 24 27"
        if following.kind == "open" and after.kind in {"word", "number"}:
            return self._at(index + 3).kind == "close" and self._at(index + 4).kind == "colon"
        if following.kind == "colon" or (noun in self.numbered and token.text.isdigit()):
            return True
        if before.kind == "open" and following.kind == "close":
            return after.kind == "colon"
        if following.kind == "slash" and after.kind == "number" and self.records:
            return True
        if word and following.text.lower() in UNITS and (begins or not self.values):
            if after.kind == "number":
                return not _recurs(following.text, self.tokens) or begins
            return begins and after.kind in {"word", "colon"}
        behind = self._at(index - 2)
        if before.kind == "slash" and behind.kind == "word" and following.kind == "number":
            return True
        if word and begins:
            return True
        if self.headed and self.head and len(self.labels) == 1 and not self.values and word:
            return True
        return noun in self.doubled and following.kind == "number"


_END = _Token("strong", "\n", 0, 0)


def _recurs(word: str, tokens: list[_Token]) -> bool:
    """A unit that never ends a list of figures is a label: "s 0.8 l 1.1", "c 101 m 103"."""
    if len(word) > 1:
        return False
    leads = 0
    letters = set()
    for before, token, following in zip(
        [_END, *tokens], tokens, [*tokens[1:], _END], strict=False
    ):
        if token.text == word:
            if following.kind != "number" and before.kind == "number":
                return False
            leads += following.kind == "number"
        if len(token.text) == 1 and token.kind == "word" and following.kind == "number":
            letters.add(token.text)
    return leads >= 2 or (leads == 1 and len(letters) > 2)


def _numbered(tokens: list[_Token]) -> set[str]:
    """Nouns whose numbers count through: "day 1 … day 2 …"."""
    found: dict[str, set[int]] = defaultdict(set)
    seen: Counter[str] = Counter()
    for token, following in zip(tokens, tokens[1:], strict=False):
        if token.kind == "word" and following.kind == "number":
            seen[token.text.lower()] += 1
            if following.text.isdigit() and len(following.text) <= 3:
                found[token.text.lower()].add(int(following.text))
            else:
                found[token.text.lower()].add(-1)
    return {
        noun
        for noun, numbers in found.items()
        if len(numbers) >= 2
        and min(numbers) in (0, 1)
        and sorted(numbers) == list(range(min(numbers), min(numbers) + len(numbers)))
        and len(noun) > 1
    }


def _counted(tokens: list[_Token]) -> set[str]:
    """Stems with different numbers: "set1 … set2"."""
    found: dict[str, set[str]] = defaultdict(set)
    for token in tokens:
        stem = _STEM.match(token.text) if token.kind == "word" else None
        if stem:
            found[stem[1].lower()].add(stem[2])
    return {stem for stem, numbers in found.items() if len(numbers) > 1}


def _doubled(tokens: list[_Token]) -> set[str]:
    """Nouns that always have two figures behind them: "pH 3.2 92, pH 3.6 88"."""
    found: dict[str, list[bool]] = defaultdict(list)
    for token, following, after in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if token.kind == "word" and following.kind == "number":
            found[token.text.lower()].append(after.kind == "number")
    return {noun for noun, doubles in found.items() if len(doubles) >= 2 and all(doubles)}


def _lettered(tokens: list[_Token]) -> set[str]:
    """Nouns with different letters behind them: "pot A … pot B"."""
    found: dict[str, set[str]] = defaultdict(set)
    for token, following in zip(tokens, tokens[1:], strict=False):
        if token.kind == following.kind == "word" and len(following.text) == 1:
            found[token.text.lower()].add(following.text)
    return {noun for noun, letters in found.items() if len(letters) >= 2 and len(noun) > 2}


# labels of one kind -----------------------------------------------------------------------


def _told_apart(cells: list[_Cell]) -> list[_Cell]:
    """Labels without the words of a sentence: "w1 dryer lo 71", and then "w2 hi 80"."""
    seen = Counter(label.text for cell in cells for label in cell.labels)
    for cell in cells:
        last = len(cell.labels) - 1
        cell.labels = [
            label
            for index, label in enumerate(cell.labels)
            if index == last or label.kind or label.firm or len(label.text) < 3 or seen[label.text] > 1
        ]
    return cells


def _resolved(cells: list[_Cell], depth: int, least: int) -> Cells | None:
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

    def takes(self, cell: _Cell) -> bool:
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

    def _strange(self, labels: list[_Label], places: tuple[int, ...]) -> bool:
        """A word that no earlier group had, in the midst of a later group: no label."""
        later = len(self.levels[0]) > 1
        return later and any(
            not label.kind and label.text not in self.levels[place]
            for label, place in zip(labels, places, strict=True)
        )

    def _places(self, labels: list[_Label]) -> tuple[int, ...] | None:
        best: tuple[int, tuple[int, ...]] | None = None
        for places in combinations(range(self.depth), len(labels)):
            if any(second - first > 1 for first, second in zip(places, places[1:], strict=False)):
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
