"""Labels and the figures behind them in the order of the text, as ``nested_cells`` takes them."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import pairwise

import msgspec

from havoc.reading.prose import STOPWORDS, UNITS
from havoc.reading.prose_words import word_set

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


class Label(msgspec.Struct, frozen=True):
    """``firm``: a colon behind it says that it is a label."""

    kind: str
    text: str
    firm: bool = False


class Token(msgspec.Struct):
    kind: str
    text: str
    start: int
    end: int


class LabelledFigures(msgspec.Struct):
    labels: list[Label]
    values: list[float]
    start: int
    end: int
    ended: bool
    """A sentence ended before this cell."""


# tokens ---------------------------------------------------------------------------------


def tokens_of(text: str) -> list[Token]:
    """Words, numbers and signs; "a12" is a label and its value where its stem counts nothing."""
    raw = [
        Token(str(match.lastgroup), match[0], match.start(), match.end())
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
    tokens: list[Token] = []
    for token in raw:
        glued = _GLUED.match(token.text) if token.kind == "word" else None
        if glued and glued[1] in split:
            middle = token.start + len(glued[1])
            tokens.append(Token("word", glued[1], token.start, middle))
            tokens.append(Token("number", glued[2], middle, token.end))
        else:
            tokens.append(token)
    return tokens


def _sized(raw: list[Token]) -> Iterator[Token]:
    """ "3h" is a number with its unit, "2R" a label."""
    held: Token | None = None
    for token in raw:
        if held is not None and token.text.lower() not in UNITS:
            yield Token("word", held.text + token.text, held.start, token.end)
            held = None
            continue
        if held is not None:
            yield Token("number", held.text, held.start, held.end)
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


class Scanner:
    """Labels with the values behind them, in the order of the text.

    ``records``: only the last figure of a clause is a value. ``headed``: a figure right behind
    the first label of a sentence belongs to the labels. ``lax``: so does one behind a noun that
    always has two figures behind it.
    """

    def __init__(self, tokens: list[Token], *, records: bool, headed: bool, lax: bool) -> None:
        self.tokens = tokens
        self.records, self.headed, self.lax = records, headed, lax
        self.numbered = _numbered(tokens)
        self.doubled = _doubled(tokens) if lax else set[str]()
        self.nouns = _lettered(tokens)
        self.counted = _counted(tokens)
        self.labels: list[Label] = []
        self.values: list[tuple[str, int, int]] = []
        self.order: list[str] = []
        self.start = 0
        self.clause_start = self.head = True
        self.ended = True

    def _at(self, index: int) -> Token:
        return self.tokens[index] if 0 <= index < len(self.tokens) else _END

    def cells(self) -> Iterator[LabelledFigures]:
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

    def _cell(self) -> Iterator[LabelledFigures]:
        if not self.values:
            return
        kept, figures, order = list(self.labels), self.values, self.order
        self.labels, self.values, self.order, self.head = [], [], [], False
        if order:
            # "dose 0 1 2: 20 24 27"
            repeats, rest = divmod(len(figures), len(order))
            for index, text in enumerate([] if rest else order):
                some = figures[index * repeats : (index + 1) * repeats]
                labels = [*(kept if index == 0 else []), Label("#", text)]
                yield LabelledFigures(
                    labels, [float(t) for t, _, _ in some], self.start, some[-1][2], self.ended
                )
                self.ended = False
            return
        if self.records and len(figures) > 1:
            kept += [Label("#", text) for text, _, _ in figures[:-1]]
            figures = figures[-1:]
        numbers = [float(text) for text, _, _ in figures]
        yield LabelledFigures(kept, numbers, self.start, figures[-1][2], self.ended)
        self.ended = False

    def _label(self, token: Token) -> Label:
        """ "set1" beside "set2" is the first set; "h1" keeps its letter."""
        stem = _STEM.match(token.text)
        if stem and len(stem[1]) > 1 and stem[1].lower() in self.counted:
            return Label(stem[1].lower(), stem[2])
        return Label(stem[1].lower() + "-" if stem else "", token.text)

    def _join(self) -> None:
        """ "slow ram:" is one label."""
        plain = 0
        for label in reversed(self.labels):
            if label.kind or label.text[-1].isdigit():
                break
            plain += 1
        if 2 <= plain == len(self.labels) <= 3:
            self.labels = [Label("", " ".join(label.text for label in self.labels), firm=True)]
        else:
            self.labels[-1] = msgspec.structs.replace(self.labels[-1], firm=True)

    def _word(self, index: int, token: Token) -> Iterator[LabelledFigures]:
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
            self.labels[-1] = Label(noun, token.text)
        else:
            self.labels.append(self._label(token))
        self.clause_start = False

    def _number(self, index: int, token: Token) -> Iterator[LabelledFigures]:
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
            self.labels[-1] = Label(noun, token.text)
        else:
            self.labels.append(Label("#", token.text))
        self.clause_start = False

    def _names(self, index: int, token: Token) -> bool:
        """Is this figure a label?"""
        before, following, after = self._at(index - 1), self._at(index + 1), self._at(index + 2)
        word = following.kind == "word" and following.text.lower() not in _SMALL_WORDS
        noun = before.text.lower() if before.kind == "word" else ""
        begins = self.clause_start
        listed = self.values and self.labels[-1:] and self.labels[-1].kind != "#"
        if following.kind == "colon" and listed and all(t.isdigit() for t, _, _ in self.values):
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


_END = Token("strong", "\n", 0, 0)


def _recurs(word: str, tokens: list[Token]) -> bool:
    """A unit that never ends a list of figures is a label: "s 0.8 l 1.1", "c 101 m 103"."""
    if len(word) > 1:
        return False
    leads = 0
    letters = set()
    for before, token, following in zip([_END, *tokens], tokens, [*tokens[1:], _END], strict=False):
        if token.text == word:
            if following.kind != "number" and before.kind == "number":
                return False
            leads += following.kind == "number"
        if len(token.text) == 1 and token.kind == "word" and following.kind == "number":
            letters.add(token.text)
    return leads >= 2 or (leads == 1 and len(letters) > 2)


def _numbered(tokens: list[Token]) -> set[str]:
    """Nouns whose numbers count through: "day 1 … day 2 …"."""
    found: dict[str, set[int]] = defaultdict(set)
    seen: Counter[str] = Counter()
    for token, following in pairwise(tokens):
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


def _counted(tokens: list[Token]) -> set[str]:
    """Stems with different numbers: "set1 … set2"."""
    found: dict[str, set[str]] = defaultdict(set)
    for token in tokens:
        stem = _STEM.match(token.text) if token.kind == "word" else None
        if stem:
            found[stem[1].lower()].add(stem[2])
    return {stem for stem, numbers in found.items() if len(numbers) > 1}


def _doubled(tokens: list[Token]) -> set[str]:
    """Nouns that always have two figures behind them: "pH 3.2 92, pH 3.6 88"."""
    found: dict[str, list[bool]] = defaultdict(list)
    for token, following, after in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if token.kind == "word" and following.kind == "number":
            found[token.text.lower()].append(after.kind == "number")
    return {noun for noun, doubles in found.items() if len(doubles) >= 2 and all(doubles)}


def _lettered(tokens: list[Token]) -> set[str]:
    """Nouns with different letters behind them: "pot A … pot B"."""
    found: dict[str, set[str]] = defaultdict(set)
    for token, following in pairwise(tokens):
        if token.kind == following.kind == "word" and len(following.text) == 1:
            found[token.text.lower()].add(following.text)
    return {noun for noun, letters in found.items() if len(letters) >= 2 and len(noun) > 2}
