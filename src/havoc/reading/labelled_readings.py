"""Readings in prose behind labels of several kinds, each in force until the next of its kind.

"day 1: A c1 10.1, A c2 10.2, B c1 12.0, B c2 12.1; day 2: 10.3 10.4 12.3 12.2" holds three kinds:
a noun with its number, a stem with a number, and a bare name. Which bare names are of one kind
is told by where they stand before the readings; labels that a later block leaves out are those
of the first block, in their order.
"""

from __future__ import annotations

import re
from collections import defaultdict

import msgspec

from havoc.reading.labelled_lines import LabelledReadings
from havoc.reading.prose import STOPWORDS, UNITS, word_set
from havoc.reading.study_layout import PART_NOUNS, PERSON_NOUNS

MAX_TEXT = 40_000
_TOKEN = re.compile(
    r"(?P<number>(?<![\w.])[-+]?(?:\d++(?:\.\d++)?+|\.\d++)(?![\w%]|\.\d|\s?%))"
    r"|(?P<word>[^\W\d_]\w*+(?:-[^\W_]\w*+)*+)|(?P<space>[ \t]++)|(?P<mark>.)",
    re.DOTALL,
)
_GLUED = re.compile(r"(?<![\w.])([A-Za-z])(\d{1,6}\.\d{1,9}|\.\d{1,9})(?!\w)")
CONDITION_NOUNS = word_set(
    """
    day days shift shifts week weeks run runs round rounds session sessions time line site sites
    plant plants lab labs laboratory laboratories fixture fixtures gage gages gauge gauges
    instrument instruments machine machines tester probe probes clamp stylus column columns plate
    plates balance balances micrometer position meter head station device kit temperature method
    reader readers technician team scale side camera
    """
)
_NOT_A_LABEL = word_set(
    """
    tol tolerance sd sigma usl lsl spec specs limit limits target width alpha conf confidence total
    nominal n each per and or the of in is are was at to by with measured mm um kn nm value values
    reading readings times trials trial reps rep repeats again then anova reml about only got had
    has for than from over
    so because if but when we i it our my their its his her this that these those not no
    under within between study level levels two three four five six ten both all
    """
)
_FIRST_NUMBERS = frozenset(str(number) for number in range(1, 13))
_CLOSERS = {".", "?", "!"}
_MOST_KINDS = 5


class _Event(msgspec.Struct):
    labels: list[tuple[str, str]]
    values: list[float | None]
    chain: int


_Row = tuple[dict[str, str], float | None]


class _Token(msgspec.Struct, frozen=True):
    kind: str
    text: str


def read_labelled_readings(text: str) -> LabelledReadings | None:
    """Every reading with its labels, or None where they do not fit together."""
    text = _GLUED.sub(r"\1 \2", text[:MAX_TEXT])
    best = None
    for rank in (_rank_by_place, _rank_among_bare):
        events = _main_chain(_Scanner(text).events())
        if sum(len(event.values) for event in events) < 4:
            return None
        rank(events)
        _merge(events)
        found = _in_force(events)
        if found is not None:
            found = _with_listed(text, events, found)
            if len(found.factors) >= 2 and (best is None or len(found.factors) > len(best.factors)):
                best = found
    return best if best is None or len(best.factors) <= _MOST_KINDS else None


class _Scanner:
    def __init__(self, text: str) -> None:
        self.tokens = [
            _Token(str(match.lastgroup), match[0])
            for match in _TOKEN.finditer(text)
            if match.lastgroup != "space"
        ]
        self.nouns = self._find_nouns()
        numbers = [token.text for token in self.tokens if token.kind == "number"]
        self.decimals = sum("." in number for number in numbers) > len(numbers) / 2

    def _at(self, place: int) -> _Token:
        return self.tokens[place] if 0 <= place < len(self.tokens) else _Token("mark", "\n")

    def _is_id(self, place: int) -> bool:
        token = self._at(place)
        if token.kind == "number":
            return token.text.isdigit() and len(token.text) <= 4
        short = len(token.text) <= 2 or re.fullmatch(r"[^\W\d_]{1,3}\d{1,3}", token.text)
        return token.kind == "word" and bool(short) and token.text.lower() not in STOPWORDS - {"a"}

    def _find_nouns(self) -> set[str]:
        """Words in front of a number or a letter that no other word stands in front of."""
        behind: dict[str, set[str]] = defaultdict(set)
        before: dict[str, set[str]] = defaultdict(set)
        for place, token in enumerate(self.tokens):
            if token.kind != "word" or not self._is_id(place + 1):
                continue
            word, name = token.text.lower(), self._at(place + 1).text
            before[name].add(word)
            if _is_known(word) or (len(word) >= 2 and word not in STOPWORDS | _NOT_A_LABEL):
                behind[word].add(name)
        nouns = set()
        for word, names in behind.items():
            known = _is_known(word)
            letters = all(not name.isdigit() for name in names)
            own = all(len(before[name]) == 1 for name in names)
            counted = len(word) > 2 and names <= _FIRST_NUMBERS
            if known or (len(names) > 1 and (counted or (letters and own))):
                nouns.add(word)
        return nouns

    def events(self) -> list[_Event]:
        events: list[_Event] = []
        labels: list[tuple[str, str]] = []
        place = chain = closed = 0
        while place < len(self.tokens):
            token = self.tokens[place]
            label, after = self._label(place)
            if events[closed:] and self._is_by(place):
                events[closed].labels.insert(0, ("by", self._at(place + 1).text))
                closed = len(events)
                place += 2
            elif label is not None:
                labels.append(label)
                place = after
            elif token.kind == "number" or (labels and self._is_gap(place)):
                values, place = self._values(place)
                if labels:
                    events.append(_Event(labels=labels, values=values, chain=chain))
                    labels = []
                else:
                    chain += 1
            else:
                if token.kind == "word" and token.text.lower() not in {"and", "again", "then"}:
                    labels = []
                    chain += 1
                if token.text in _CLOSERS:
                    labels = []
                place += 1
        return events

    def _is_by(self, place: int) -> bool:
        """ "p1 12.0 12.2 by Ki;": the name behind the readings."""
        name, end = self._at(place + 1), self._at(place + 2)
        by = self._at(place).text.lower() == "by" and name.kind == "word"
        return by and end.text in {";", ".", ",", "\n"} and name.text.lower() not in STOPWORDS

    def _is_gap(self, place: int) -> bool:
        behind = self._at(place + 1)
        return self._at(place).text in {"-", "–"} and behind.text in {";", ",", "|", "/", ")", "\n"}

    def _values(self, place: int) -> tuple[list[float | None], int]:
        values: list[float | None] = []
        while True:
            token = self._at(place)
            if token.kind == "number" and (not values or self._label(place)[0] is None):
                values.append(float(token.text))
            elif self._is_gap(place):
                values.append(None)
            else:
                break
            place += 1
            following = place
            while self._at(following).text in {",", "/", "|", ";", ")", "("}:
                following += 1
            if self._at(following).kind == "number" and self._label(following)[0] is None:
                place = following
        return values, place

    def _label(self, place: int, depth: int = 0) -> tuple[tuple[str, str] | None, int]:
        token, following = self._at(place), self._at(place + 1)
        word = token.text.lower()
        nothing = (None, place)
        if token.kind == "number":
            if not token.text.isdigit() or len(token.text) > 3:
                return nothing
            marked = following.text in {":", "("} and self._leads(place + 1, depth)
            bare = self.decimals and following.kind == "number" and "." in following.text
            return (("#", token.text), place + 1) if marked or bare else nothing
        if token.kind != "word" or depth > 4:
            return nothing
        if word in self.nouns and self._is_id(place + 1):
            after = self._at(place + 2)
            if (
                following.kind == "word"
                or after.text in {":", "(", "-", "–"}
                or after.kind in {"word", "number"}
            ):
                return (singular(word), following.text), place + 2
        stem = re.fullmatch(r"([^\W\d_]{1,6})(\d{1,3})", token.text)
        if stem and self._leads(place + 1, depth):
            return (singular(stem[1].lower()), token.text), place + 1
        starts = self._at(place - 1).text in {".", ";", ":", ",", "\n", "|", "/"}
        named = starts and (following.kind == "word" or following.text == ":")
        common = (word in UNITS and not named) or (word in STOPWORDS and not (starts or depth))
        if word in _NOT_A_LABEL or (common and len(word) > 1) or stem:
            return nothing
        return (("", token.text), place + 1) if self._leads(place + 1, depth) else nothing

    def _leads(self, place: int, depth: int) -> bool:
        """Do readings or further labels follow at once?"""
        while self._at(place).text in {":", "=", "(", "-", "–", "|", "\n"} and not self._is_end(
            place
        ):
            if self._is_gap(place):
                return True
            place += 1
        if self._at(place).kind == "number" or self._is_gap(place):
            return True
        return self._label(place, depth + 1)[0] is not None

    def _is_end(self, place: int) -> bool:
        return self._at(place).text == "\n" and self._at(place - 1).text != ":"


def _is_known(word: str) -> bool:
    return len(word) > 2 and singular(word) in PART_NOUNS | PERSON_NOUNS | CONDITION_NOUNS


def is_condition(name: str) -> bool:
    """A noun of a person or of a condition of measuring, which is no part."""
    word = singular(name.lower())
    people = PERSON_NOUNS - PART_NOUNS
    return word in people | CONDITION_NOUNS or word.split(" ")[-1] in people | CONDITION_NOUNS


def singular(noun: str) -> str:
    if noun.endswith("ches"):
        return noun[:-2]
    return noun[:-1] if noun.endswith("s") and len(noun) > 3 and not noun.endswith("ss") else noun


def _main_chain(events: list[_Event]) -> list[_Event]:
    """The chain of readings that nothing interrupts and that holds most, and what is like it."""
    sizes: dict[int, int] = defaultdict(int)
    for event in events:
        sizes[event.chain] += len(event.values)
    if not sizes:
        return []
    main = max(sizes, key=lambda chain: sizes[chain])
    known = {label for event in events if event.chain == main for label in event.labels}
    kinds = {kind for kind, _ in known if kind}
    return [
        event
        for event in events
        if event.chain == main
        or any(label in known or (label[0] in kinds and label[0] != "#") for label in event.labels)
    ]


def _rank_by_place(events: list[_Event]) -> None:
    """Bare names get a kind by how many labels stand between them and the readings."""
    for event in events:
        for place, (kind, name) in enumerate(event.labels):
            if not kind:
                event.labels[place] = (f"bare {len(event.labels) - place - 1}", name)


def _rank_among_bare(events: list[_Event]) -> None:
    """Bare names get a kind by how many bare names stand between them and the readings."""
    for event in events:
        bare = [place for place, label in enumerate(event.labels) if not label[0]]
        for rank, place in enumerate(reversed(bare)):
            event.labels[place] = (f"bare {rank}", event.labels[place][1])


def _merge(events: list[_Event]) -> None:
    """Kinds that never stand together, of which one is missing at the first reading, are one."""
    while True:
        kinds = list(dict.fromkeys(kind for event in events for kind, _ in event.labels))
        together = {
            frozenset((one, other))
            for event in events
            for one, _ in event.labels
            for other, _ in event.labels
        }
        first = {kind for kind, _ in events[0].labels}
        pair = next(
            (
                (late, early)
                for late in kinds
                if late not in first
                for early in reversed(kinds)
                if early != late
                and frozenset((late, early)) not in together
                and _alternate(events, late, early)
            ),
            None,
        )
        if pair is None:
            return
        for event in events:
            event.labels = [
                (pair[1] if kind == pair[0] else kind, name) for kind, name in event.labels
            ]


def _alternate(events: list[_Event], late: str, early: str) -> bool:
    """Neither kind's names are the other's, and both stand before as many other labels."""
    names = [
        {name for event in events for kind, name in event.labels if kind == which}
        for which in (late, early)
    ]
    depth = [
        {
            len(event.labels) - place
            for event in events
            for place, label in enumerate(event.labels)
            if label[0] == which
        }
        for which in (late, early)
    ]
    alike = {_form(name) for name in names[0]} == {_form(name) for name in names[1]}
    return alike and not names[0] & names[1] and bool(depth[0] & depth[1])


def _form(name: str) -> str:
    """Numbers, words with a number, and words name levels of different factors."""
    return "number" if name.isdigit() else "stem" if name[-1].isdigit() else "word"


def _in_force(events: list[_Event]) -> LabelledReadings | None:
    """The level of every kind for every reading; what a block leaves out, an earlier one tells."""
    order = _order(events)
    rows: list[_Row] = []
    current: dict[str, str] = {}
    chain = events[0].chain
    for event in events:
        told = {kind: name for kind, name in event.labels if kind in order}
        if event.chain != chain:
            current, chain = {}, event.chain
        if not told:
            return None
        outermost = min(order.index(kind) for kind in told)
        current = {kind: current[kind] for kind in order[:outermost] if kind in current} | told
        missing = [kind for kind in order if kind not in current]
        block = _template(rows, missing, current, len(event.values)) if missing else []
        for number, value in enumerate(event.values):
            rows.append((current | (block[number] if block else {}), value))
    if len(rows) < 4 or any(kind not in levels for levels, _ in rows for kind in order):
        return None
    return LabelledReadings(
        factors=[(kind, [levels[kind] for levels, _ in rows]) for kind in order],
        values=[value for _, value in rows],
    )


def _order(events: list[_Event]) -> list[str]:
    """Kinds of more than one name, the outer before the inner as the labels stand."""
    names: dict[str, set[str]] = defaultdict(set)
    before: dict[str, set[str]] = defaultdict(set)
    changes: dict[str, int] = defaultdict(int)
    for event in events:
        kinds = [kind for kind, _ in event.labels]
        for place, (kind, name) in enumerate(event.labels):
            names[kind].add(name)
            before[kind].update(kinds[:place])
            changes[kind] += 1
    rest = sorted((kind for kind in names if len(names[kind]) > 1), key=lambda kind: changes[kind])
    order: list[str] = []
    while rest:
        free = [kind for kind in rest if not before[kind] & set(rest) - {kind}]
        order.append(free[0] if free else rest[0])
        rest.remove(order[-1])
    return order


def _template(
    rows: list[_Row], missing: list[str], current: dict[str, str], count: int
) -> list[dict[str, str]]:
    """The missing levels of ``count`` readings, from an earlier block that had them all.

    Readings of a name that always stood below one other name ("c" of lab 2) are below it again;
    else the block of the same form as the first, as many readings long, tells the order.
    """
    told = [
        (levels, {kind: levels[kind] for kind in missing})
        for levels, _ in rows
        if all(kind in levels for kind in (*missing, *current))
    ]
    for kind, name in reversed(current.items()):
        known = [inner for levels, inner in told if levels[kind] == name]
        if known and all(inner == known[0] for inner in known):
            return [known[0]] * count
    blocks: dict[tuple[str, ...], list[dict[str, str]]] = {}
    for levels, inner in told:
        blocks.setdefault(tuple(levels[kind] for kind in current), []).append(inner)
    for block in blocks.values():
        if len(block) == count:
            return block
        if count and len(block) % count == 0 and block[:count] * (len(block) // count) == block:
            return block[:count]
    return []


_LISTED = re.compile(r"\(([^()\n]{3,80})\)")


def _with_listed(text: str, events: list[_Event], found: LabelledReadings) -> LabelledReadings:
    """ "X 401 405 399, Y 433 438 430 (b1 b2 b3)": names of the readings of every row."""
    length = min(len(event.values) for event in events)
    if length < 2 or any(len(event.values) % length for event in events):
        return found
    for match in _LISTED.finditer(text):
        names = [name for name in re.split(r"[\s,/]+|\band\b", match[1].strip()) if name]
        plain = all(re.fullmatch(r"[^\W\d_][\w-]*", name) for name in names)
        if len(names) == length == len(set(names)) and plain and not set(names) & {"the", "is"}:
            levels = names * (len(found.values) // length)
            return LabelledReadings(factors=[*found.factors, ("", levels)], values=found.values)
    return found
