"""Rows of counts in prose, each count with the word for it or without.

"North: 40 late, 25 torn; South: 38, 30", "DHL on time 188 late 12, UPS 170/30",
"S1 -> 12 I, 20 II; S2 -> 18 I, 15 II".
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

import msgspec

LONGEST = 20_000
MOST_COLUMNS = 12
_SENTENCES = r"[;\n?!]|\.(?!\d)"
_SEPARATORS = (
    re.compile(_SENTENCES),
    re.compile(rf"{_SENTENCES}|\s[/|]\s|\bvs\.?\s"),
    re.compile(rf"{_SENTENCES}|,\s+(?=[^\W\d_])"),
)
_NUMBER = re.compile(r"(?<![\w.])\d++(?:[.,]\d++)*+(?!\w)")
_LABEL_END = re.compile(r":|->|→|=>")
_PERCENT = re.compile(r"\s*(?:%|percent\b|pct\b)")
_OUT_OF = re.compile(r"\d\s*(?:out\s+of|of|per)\s+(?:the\s+)?\d")
_NAME = r"[^\W_][\w\-]*"
_WORD_BEFORE = re.compile(r"([^\W\d_]+)\s*$")
_WORD_BEHIND = re.compile(
    r"\s*(?:were\s+(?:for\s+)?|for\s+|in\s+the\s+|in\s+|the\s+)?([^\W\d_][\w\-]*)"
)


class CountRow(msgspec.Struct, kw_only=True):
    """The counts of one row and its name; ``words`` are those beside the counts."""

    name: str
    counts: list[int]
    before: list[str]
    behind: list[str]
    start: int
    end: int
    sized: bool = False
    """ "20 parts treated: 1 corroded": one figure on either side of the colon."""

    @property
    def source(self) -> str:
        return f"question[{self.start}:{self.end}]"


def read_count_rows(text: str) -> list[CountRow]:
    """Two or more rows with equally many counts, of which one at least names its counts."""
    if len(text) > LONGEST:
        return []
    for separator in _SEPARATORS:
        rows = [row for part in _parts(text, separator) if (row := _row(text, *part)) is not None]
        rows = _without_numbered_names(rows)
        widths = {len(row.counts) for row in rows}
        if len(rows) >= 2 and len(widths) == 1 and 2 <= widths.pop() <= MOST_COLUMNS:
            return rows if any(_words(row) for row in rows) else []
    return []


def column_names(rows: list[CountRow]) -> list[str]:
    """The words for the counts, where every column has one word of its own in all rows."""
    for side in ("before", "behind"):
        columns = list(zip(*(getattr(row, side) for row in rows), strict=True))
        named = [{word.lower(): word for word in words if word} for words in columns]
        if all(len(words) == 1 for words in named) and len({*map(tuple, named)}) == len(named):
            return [next(iter(words.values())) for words in named]
    return []


def _parts(text: str, separator: re.Pattern[str]) -> Iterator[tuple[int, int]]:
    start = 0
    for match in separator.finditer(text):
        yield start, match.start()
        start = match.end()
    yield start, len(text)


def _row(text: str, start: int, end: int) -> CountRow | None:
    part = text[start:end]
    label = None
    for label in _LABEL_END.finditer(part):  # noqa: B007
        pass
    begin = label.end() if label else 0
    sized = label is not None and len(_NUMBER.findall(part, begin)) == 1
    if label and len(_NUMBER.findall(part, begin)) < 2:
        begin, label = 0, None
    numbers = list(_NUMBER.finditer(part, begin))
    if len(numbers) < 2 or any(not item[0].isdigit() for item in numbers):
        return None
    if _OUT_OF.search(part) or any(_PERCENT.match(part, item.end()) for item in numbers):
        return None
    before, behind = [], []
    for index, item in enumerate(numbers):
        floor = numbers[index - 1].end() if index else begin
        ceiling = numbers[index + 1].start() if index + 1 < len(numbers) else len(part)
        ahead = _WORD_BEFORE.search(part[floor : item.start()])
        after = _WORD_BEHIND.match(part[item.end() : ceiling])
        before.append(ahead[1] if ahead else "")
        behind.append(after[1] if after else "")
    ahead_of_all = re.findall(_NAME, part[begin : numbers[0].start()])
    if all(before) and len({word.lower() for word in before}) == len(before):
        ahead_of_all.pop()
    name = ahead_of_all or re.findall(_NAME, part[: label.start()] if label else "")
    return CountRow(
        name=" ".join(name[-3:]),
        counts=[int(item[0]) for item in numbers],
        before=before,
        behind=behind,
        start=start + numbers[0].start(),
        end=start + numbers[-1].end(),
        sized=sized and len(numbers) == 2,
    )


def _words(row: CountRow) -> bool:
    return (
        sum(bool(word) for word in row.behind) >= 2 or sum(bool(word) for word in row.before) >= 2
    )


def _without_numbered_names(rows: list[CountRow]) -> list[CountRow]:
    """ "3 torn, 17 whole for glove 1; 9 torn, 11 whole for glove 2": 1 and 2 name the rows."""
    widths = Counter(len(row.counts) for row in rows)
    if len(rows) < 2 or len(widths) > 1:
        return rows
    for column in range(-1, len(rows[0].counts) - 1):
        firsts = [row.counts[column] for row in rows]
        words = {row.before[column].lower() for row in rows}
        numbered = firsts == list(range(firsts[0], firsts[0] + len(firsts)))
        if numbered and len(words) == 1 and words != {""} and len(rows[0].counts) >= 3:
            for row in rows:
                row.name = f"{row.before[column]} {row.counts.pop(column)}"
                del row.before[column], row.behind[column]
            break
    return rows
