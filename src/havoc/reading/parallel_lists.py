"""Lists of equal length, one a variable, whose entries may be labels as well as numbers.

"oven 1 1 2 2 1 1 2 2, coat thin thick thin thick thin thick thin thick, gloss 33 39 36 …",
"A: + + - - ; B: + - + -", "Day Mo x4 then Tu x4". The entries of one row belong together.
A list of labels has no figures to tell it by: it is as long as a list of numbers beside it,
and every label in it comes back.
"""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise

import msgspec

from havoc.reading.prose import STOPWORDS, UNITS
from havoc.reading.table import Column, Table

LONGEST = 60_000
_LEAST = 4
_MOST_REPEATS = 200
_TOKEN = re.compile(
    r"(?P<number>(?<![\w.])[-+]?(?:\d++(?:\.\d++)?|\.\d++)(?!\w|\.\d))"
    r"|(?P<word>[^\W\d_][\w]*+(?:-[^\W\d_]\w*+)?|\d++[^\W\d_]\w*+)"
    r"|(?P<sign>(?<![\w+-])[-+](?![\w+>-]))|(?P<blank>[ \t]++|,)|(?P<name>[:=(%)\]\[°])|(?P<end>.)",
    re.DOTALL,
)
_TIMES = re.compile(r"x(\d{1,3})$", re.IGNORECASE)
_NUMBER_NEXT = re.compile(r"[ \t]*[:=]?[ \t]*[-+.]?\d")
_NOT_A_NAME = STOPWORDS | {
    *"was were is are be and then with the of at by in on for to please response factor factors "
    "lists list values value runs run got gave measured both no".split()
}


class Told(msgspec.Struct):
    """One list with its name, and where it stood."""

    name: str
    entries: list[str]
    numeric: bool
    start: int
    end: int


class _Token(msgspec.Struct, frozen=True):
    kind: str
    text: str
    start: int
    end: int
    comma: bool = False
    """A comma stands before it."""


def parallel_lists(text: str) -> list[Told]:
    """The lists that are as long as most others; nothing where fewer than two are."""
    runs = _runs(text[:LONGEST])
    numbers = [told for run in runs for told in _numbers(run)]
    lengths = Counter(len(told.entries) for told in numbers)
    best: list[Told] = []
    for length in sorted(lengths, reverse=True):
        if length < _LEAST:
            continue
        found = [told for told in numbers if len(told.entries) == length]
        for run in runs:
            found += _labels(run, length)
        if len(found) > len(best) and len(found) >= 2:
            best = found
    best.sort(key=lambda told: told.start)
    for told, before in zip(best, [None, *best], strict=False):
        told.name = _name(text, told.start, before.end if before else 0)
    return best


def parallel_table(text: str) -> Table | None:
    """The lists as columns. A list without a name is called by its place."""
    lists = parallel_lists(text)
    if len(lists) < 2:
        return None
    columns: list[Column] = []
    for index, told in enumerate(lists, start=1):
        name = told.name or f"x{index}"
        if any(column.name == name for column in columns):
            name = f"{name} {index}"
        if told.numeric:
            numbers: list[float | None] = [_number(entry) for entry in told.entries]
            columns.append(Column(name=name, kind="number", values=numbers))
        else:
            columns.append(Column(name=name, kind="text", values=list[str | None](told.entries)))
    return Table(source=f"question[{lists[0].start}:{lists[-1].end}]", columns=columns)


def _number(entry: str) -> float:
    return {"-": -1.0, "+": 1.0}.get(entry) or float(entry if entry not in "+-" else 0)


def _runs(text: str) -> list[list[_Token]]:
    """Entries between blanks and commas; "Mo x4" is Mo four times."""
    runs: list[list[_Token]] = [[]]
    comma = False
    for match in _TOKEN.finditer(text):
        kind = str(match.lastgroup)
        if kind == "blank":
            comma = comma or match[0] == ","
            continue
        if kind in {"number", "word", "sign"}:
            token = _Token("number" if kind == "sign" else kind, *_place(match), comma)
            comma = False
            times = _TIMES.match(token.text)
            named = _NUMBER_NEXT.match(text, match.end()) is not None
            if times and not named and runs[-1] and int(times[1]) <= _MOST_REPEATS:
                last = runs[-1][-1]
                runs[-1] += [last] * (int(times[1]) - 1)
            elif token.text.lower() != "then":
                runs[-1].append(token)
        else:
            runs.append([])
            comma = False
    return [run for run in runs if len(run) >= _LEAST]


def _place(match: re.Match[str]) -> tuple[str, int, int]:
    return match[0], match.start(), match.end()


def _told(tokens: list[_Token], *, numeric: bool) -> Told:
    return Told("", [token.text for token in tokens], numeric, tokens[0].start, tokens[-1].end)


def _numbers(run: list[_Token]) -> list[Told]:
    found: list[list[_Token]] = [[]]
    blanks = any(
        token.kind == before.kind == "number" and not token.comma for before, token in pairwise(run)
    )
    for before, token, following in zip([None, *run], run, [*run[1:], None], strict=False):
        lone = token.text in "+-" and not any(
            item is not None and item.text in {"+", "-", "0"} for item in (before, following)
        )
        if token.kind == "number" and not lone:
            if token.comma and blanks and found[-1]:
                found.append([])  # "y 10 16 12 19, 8 steps"
            found[-1].append(token)
        elif found[-1]:
            found.append([])
    return [_told(tokens, numeric=True) for tokens in found if len(tokens) >= _LEAST]


def _labels(run: list[_Token], length: int) -> list[Told]:
    """Stretches of ``length`` words in which every word comes back."""
    found = []
    position = 0
    counts: Counter[str] = Counter()
    words: list[_Token] = []
    while position < len(run):
        token = run[position]
        position += 1
        if token.kind != "word":
            words, counts = [], Counter()
            continue
        words.append(token)
        counts[token.text] += 1
        if len(words) > length:
            dropped = words.pop(0).text
            counts[dropped] -= 1
            if not counts[dropped]:
                del counts[dropped]
        if len(words) == length and 1 < len(counts) <= length // 2 and min(counts.values()) > 1:
            following = run[position].text if position < len(run) else ""
            if following in counts:
                continue
            found.append(_told(words, numeric=False))
            words, counts = [], Counter()
    return found


def _name(text: str, start: int, after: int) -> str:
    """The words before a list, as far as they are of the same clause."""
    ahead = text[max(after, start - 48) : start]
    ahead = re.sub(r"\([^()]{0,20}\)|\bno\.", " ", ahead).rstrip(" \t:=([%°")
    clause = re.split(r"[,;:()\n\[\]=|]|[.?!]\s", ahead)[-1]
    words = re.findall(r"[^\W\d_][\w-]*|[^\W\d_]", clause)
    while len(words) > 1 and words[0].lower() in UNITS:
        del words[0]
    kept: list[str] = []
    for word in reversed(words):
        lone = len(word) == 1
        if word in _NOT_A_NAME and not lone:
            break
        kept.insert(0, word)
        if lone or len(kept) == 2:
            break
    return " ".join(kept)
