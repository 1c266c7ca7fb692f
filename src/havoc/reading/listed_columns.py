"""Columns written as lists one after the other: "temp 180 190 185; nozzle A B A; defects 4 7 3".

All lists of a study have one length, which tells figures that belong to a list from others and
finds lists of labels between words. A name stands before its list, a unit may stand behind.
"""

from __future__ import annotations

import re
from collections import Counter

import msgspec

from havoc.reading.number_pieces import UNSIGNED
from havoc.reading.prose_words import STOPWORDS, UNITS

LEAST = 4
MOST_LABELS = 12
_NUMBER = rf"(?<![\w.])(?<![^\W\d_]/)[-+]?(?<![\d.]){UNSIGNED}(?:e[-+]?\d++)?(?![\w%°]|\.\d|[-–]\d)"
_TOKEN = re.compile(
    rf"(?P<number>{_NUMBER})|(?P<word>[^\W\d_][\w\-]*+|\d++[^\W\d_][\w\-]*+)"
    r"|(?P<other>\S)|(?P<newline>\n)",
    re.IGNORECASE,
)
_ALONG = re.compile(r"[ \t]*+(?P<mark>[,;/|]?)[ \t]*+")
_BEFORE = re.compile(
    r"(?:\(([^()\n]{0,24})\)\s*+)?"
    r"((?:\s|[=:(\[>→]|-(?=-|>)|\b(?:is|are|was|were|went|came|out|as|of|values?|in)\b(?=\s*$))*)$"
)
_BOUNDARY = re.compile(r"[;:,()\[\]{}?!\n=>→|/]|\.(?=\s|$)|\s-{1,2}\s")
_NAME_WORD = re.compile(r"[^\W_][\w\-²³µ%.]*+")
_UNIT = re.compile(r"\s?(?:\[|\()?([^\W\d_%][\w/µ°²³]{0,7}|%|°[CF]?)(?!\w)")
_SMALL = (
    STOPWORDS
    | {"candidates", "then", "may", "given", "versus", "watched", "predicts", "predict", "explain"}
    | {"explains", "predicting", "explaining", "went", "came", "counted", "over"}
) - {"a", "i", "h", "per"}


class ListedColumn(msgspec.Struct, kw_only=True):
    """A list, its name, and where it stood. ``note`` is what stood in brackets behind the name."""

    name: str
    values: list[float | str]
    start: int
    end: int
    note: str = ""
    unit: str = ""

    @property
    def numeric(self) -> bool:
        return all(isinstance(value, float) for value in self.values)


class _Word(msgspec.Struct):
    kind: str
    text: str
    start: int
    end: int


def read_listed_columns(text: str) -> list[ListedColumn]:
    """The lists of one length in ``text``, in the order of the text."""
    tokens = [
        _Word(match.lastgroup or "other", match[0], match.start(), match.end())
        for match in _TOKEN.finditer(text)
    ]
    runs = _number_runs(text, tokens)
    sizes = Counter(len(run) for run in runs)
    size = max(
        (length for length in sizes if length >= LEAST),
        key=lambda length: (sizes[length], length),
        default=0,
    )
    if size == 0:
        return []
    # a name that ends in a figure stands before its list: "zone 2 21 22 23"
    chosen = [run if len(run) == size else run[1:] for run in runs if len(run) in {size, size + 1}]
    if len([run for run in runs if len(run) == size]) < 2:
        chosen = [run for run in chosen if len(run) == size]
    spans = [(run[0].start, run[-1].end) for run in chosen]
    labels = _label_runs(text, tokens, size, spans)
    every = sorted([*spans, *((run[0].start, run[-1].end) for run in labels)])
    columns = []
    for run in [*chosen, *labels]:
        start, end = run[0].start, run[-1].end
        previous = max((stop for _, stop in every if stop <= start), default=0)
        name, note = _name(text, previous, start)
        numbers = run[0].kind == "number"
        unit = _UNIT.match(text, end) if numbers else None
        columns.append(
            ListedColumn(
                name=name,
                values=[float(word.text) if numbers else word.text for word in run],
                start=start,
                end=end,
                note=note,
                unit=unit[1] if unit and unit[1].lower() in UNITS else "",
            )
        )
    return sorted(columns, key=lambda column: column.start)


_RANGE = re.compile(
    r"(?:([^\W\d_][\w/]*+)\s*+[:(]?\s*+)?(?<![\w.\-])(\d{1,4})\s?(?:-|–|to|\.\.+|…)\s?(\d{1,4})(?![\w.]*\d)"
)
_ROW = re.compile(
    rf"(?:^|(?<=[,;:\n/(]))\s*+(?:and\s+)?([^\W\d_][\w\-]{{0,11}})\s*+[:=]?"
    rf"((?:\s*+{_NUMBER}\s?(?:%|[^\W\d_]{{1,3}}(?=\s|[,;.\n/)]|$))?){{1,5}})\s*+(?=[,;.\n/)]|$|and\b)"
)
_ROW_FIGURE = re.compile(rf"({_NUMBER})|(?<![\w.])([-+]?{UNSIGNED})(?=\s?[%°])")


def counted_range(text: str, count: int) -> tuple[str, list[float]] | None:
    """ "weeks 1-8" beside eight figures: (name, 1 … 8)."""
    for match in _RANGE.finditer(text):
        first, last = int(match[2]), int(match[3])
        if last - first + 1 == count:
            name = (match[1] or "").split("/")[-1]
            return name or "order", [float(value) for value in range(first, last + 1)]
    return None


def read_listed_rows(text: str) -> list[ListedColumn]:
    """Rows of a label and figures, one behind the other: "old 40 % 5, new 42 % 3, old 50 % 8"."""
    rows: list[tuple[str, list[float], int, int]] = []
    for match in _ROW.finditer(text):
        figures = [float(found[1] or found[2]) for found in _ROW_FIGURE.finditer(match[2])]
        rows.append((match[1], figures, match.start(1), match.end(2)))
    sizes = Counter(len(row[1]) for row in rows)
    size = max(sizes, key=lambda length: (sizes[length], length), default=0)
    rows = [row for row in rows if len(row[1]) == size]
    labels = [row[0] for row in rows]
    if len(rows) < LEAST or size == 0 or not 1 < len(set(labels)) <= max(2, len(labels) // 2):
        return []
    start, end = rows[0][2], rows[-1][3]
    return [
        ListedColumn(name="group", values=list(labels), start=start, end=end),
        *(
            ListedColumn(name="", values=[row[1][k] for row in rows], start=start, end=end)
            for k in range(size)
        ),
    ]


def _number_runs(text: str, tokens: list[_Word]) -> list[list[_Word]]:
    """Figures one behind the other, with one kind of mark between them."""
    runs: list[list[_Word]] = []
    run: list[_Word] = []
    mark: str | None = None
    for token in tokens:
        if token.kind != "number":
            if token.kind == "other" and token.text in ",;/|" and run:
                continue
            if run:
                runs.append(run)
            run, mark = [], None
            continue
        along = _ALONG.fullmatch(text[run[-1].end : token.start]) if run else None
        if run and (along is None or (mark is not None and along["mark"] != mark)):
            runs.append(run)
            run, mark = [], None
        elif along is not None:
            mark = along["mark"]
        run.append(token)
    return [item for item in [*runs, run] if item]


def _label_runs(
    text: str, tokens: list[_Word], size: int, spans: list[tuple[int, int]]
) -> list[list[_Word]]:
    """As many words as the lists are long, of which few are different: "A B A B B A"."""
    found: list[list[_Word]] = []
    run: list[_Word] = []
    for token in [*tokens, _Word("newline", "\n", len(text), len(text))]:
        inside = any(start <= token.start < end for start, end in spans)
        if token.kind == "word" and not inside and len(token.text) <= MOST_LABELS:
            apart = run and not _ALONG.fullmatch(text[run[-1].end : token.start])
            if not apart:
                run.append(token)
                continue
        elif token.kind == "other" and token.text in ",/" and run:
            continue
        window = _repeating(run, size)
        if window:
            found.append(window)
        run = [token] if token.kind == "word" and not inside else []
    return found


def _repeating(run: list[_Word], size: int) -> list[_Word]:
    """The words of ``run`` that are a list of labels, or none."""
    for first in range(len(run) - size + 1):
        window = run[first : first + size]
        levels = {word.text for word in window}
        before = run[first - 1].text if first else ""
        behind = run[first + size].text if first + size < len(run) else ""
        if 2 <= len(levels) <= max(2, size // 2) and not {before, behind} & levels:
            return window
    return []


def _name(text: str, previous: int, start: int) -> tuple[str, str]:
    """(name, note) of a list from the words before it, behind the list before."""
    begin = max(previous, start - 80)
    before = text[begin:start]
    note = ""
    ending = _BEFORE.search(before)
    if ending is not None:
        note = ending[1] or ""
        before = before[: ending.start()]
    cuts = list(_BOUNDARY.finditer(before))
    if cuts:
        before = before[cuts[-1].end() :]
    words = [match[0].rstrip(".") for match in _NAME_WORD.finditer(before)]
    last = max((index for index, word in enumerate(words[:-1]) if _is_small(word)), default=-1)
    words = words[last + 1 :][-3:]
    if len(words) == 1 and _is_small(words[0]) and len(words[0]) > 1:
        words = []
    return " ".join(words), note


def _is_small(word: str) -> bool:
    """A word that belongs to the sentence; DO in capitals is a name."""
    return word.lower() in _SMALL and not (word.isupper() and len(word) > 1)
