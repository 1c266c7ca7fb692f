"""Lifetimes in a table: a column of times, one of status, perhaps groups and counts."""

from __future__ import annotations

import re

import msgspec

from havoc.reading.prose import MASK
from havoc.reading.table import Column, Table
from havoc.reason.binding.arguments import NeedsInput
from havoc.reason.binding.evidence import Evidence

SURVIVED = (
    r"(?:still|surviv\w*|alive|unfailed|unbroken|intact|unharmed|suspen\w+|censored|withdrawn|removed|"
    r"taken\s+(?:off|out)|pulled|active|running|working|going?|goin|ok|okay|fine|good(?!\s+(?:morning|evening|afternoon|day|night|to|idea|question))|sound|live|left\s+alive|not\s+broke\w*|"
    r"without\s+(?:fail\w*|trouble|break\w*|problems?)|no\s+failure|not\s+(?:yet\s+)?failed|hadn['’]?t\s+failed|reached|lasted|completed|"
    r"(?:ran|made\s+it|got|went)\s+(?:on|to|thru|through|past|all\s+the\s+way)|returned|spinning|out\s+there|"
    # other languages: still good, still running, survived
    r"(?:encore|noch|ainda|todav[ií]a|ancora|nadal|jeszcze)\s+\w+|en\s+marche|läuft|laufen|lebt|leben|überleb\w*|survéc\w*|"
    r"sobreviv\w*|sopravviss\w*|zensiert|censur\w*|retir[ée]\w*)"
)


MOST_UNITS = 1_000_000
"""Units that one number may stand for: each becomes a lifetime of its own."""


class Group(msgspec.Struct, kw_only=True):
    """Times with 1 for a survivor, 0 for a failure."""

    name: str
    time: list[float]
    censored: list[int]
    source: str
    unit: str = ""


class CountedLives(msgspec.Struct, kw_only=True):
    """Times with 1 for survivors, and how many units have each of them."""

    time: list[float]
    censored: list[int]
    counts: list[int]
    source: str
    spans: list[tuple[int, int]] = []


def survivor_flag(value: int, text: str, label: str = "") -> int:
    """1 for a survivor. The text or the name of the list says what one and zero mean."""
    text = f"{text.lower()} {label}"
    survivor = rf"(?:{SURVIVED}|lost|cens\w*|still|(?:test\s+)?stopped|unchanged|whole|not\s+yet)"
    failed = r"(?:fail\w*|dead|died|broke\w*|leak\w*|burst|crack\w*|gone|defect\w*)"
    for number in (0, 1):
        stated = (
            rf"\b{number}\s*(?:=|:|\bis\b|\bmeans\b|\bfor\b)?\s*(?:=\s*)?{survivor}",
            rf"{survivor}[^.;\n\d]{{0,24}}?(?:=|\bcoded\b|\bas\b|\()\s*{number}\b",
        )
        if any(re.search(pattern, text) for pattern in stated):
            return int(value == number)
        if re.search(rf"\b{number}\s*(?:=|:|is|means|for)?\s*{failed}\b", text):
            return int(value != number)
    if re.match(rf"c$|cens|susp|{SURVIVED}", label):
        return value
    return 1 - value


_TIME_COLUMN = re.compile(
    r"^(?:time|times|t|life|lifetime|hours?|hrs?|h|days?|weeks?|wks?|months?|years?|cycles?|km|ttf|age|duration|"
    r"time.{0,3}to.{0,3}\w+)\b",
    re.IGNORECASE,
)
_STATUS_COLUMN = re.compile(
    r"^(?:event|events|status|stat|state|cens\w*|c|failed|failure|fail|died|dead|suspend\w*|indicator|spoiled|broken|"
    r"delta|d)$",
    re.IGNORECASE,
)
_COUNT_COLUMN = re.compile(
    r"^(?:count|counts|freq\w*|n|number|qty|quantity|pcs|pieces|units)$", re.IGNORECASE
)
_FAILURE = re.compile(
    r"(?<!not )(?<!without )(?<!no )\b(?:fail\w*|broke\w*|burst|died|dead|cracked|snapped|seized)\b",
    re.IGNORECASE,
)
_STILL = re.compile(rf"\b{SURVIVED}\b", re.IGNORECASE)
_FAILED_WORD = re.compile(r"^(?:f|fail\w*|yes|y|dead|died|broke\w*|event|1|true|x)$", re.IGNORECASE)
_ALIVE_WORD = re.compile(
    r"^(?:s|p|c|no|n|ok|alive|cens\w*|susp\w*|running|lost|removed|0|false|\+|surviv\w*)$",
    re.IGNORECASE,
)


def flag_of_words(words: str) -> int | None:
    """1 for a survivor, 0 for a failure, None where the words say neither: "still good"."""
    if _STILL.search(words):
        return 1
    return 0 if _FAILURE.search(words) else None


class _Rows(msgspec.Struct, kw_only=True):
    """The columns of a table of lives."""

    table: Table
    time: Column
    status: Column | None
    labels: Column | None
    count: Column | None

    @property
    def source(self) -> str:
        return f"{self.table.source}#{self.time.name}"


def _rows_in_tables(evidence: Evidence) -> _Rows | None:
    for table in evidence.tables:
        status = next((column for column in table.columns if is_status(column)), None)
        numbers = [
            column
            for column in evidence.numeric_columns(table, keep_index=True)
            if column is not status and not _COUNT_COLUMN.match(column.name)
        ]
        named = [column for column in numbers if _TIME_COLUMN.match(column.name)]
        kept = [column for column in evidence.numeric_columns(table) if column in numbers]
        time = next(iter(named or kept), None)
        if time is None or (status is None and not named and len(kept) != 1):
            continue
        count = next((c for c in table.columns if _COUNT_COLUMN.match(c.name)), None)
        labels = next(
            (c for c in evidence.factor_columns(table) if c is not status and c is not time), None
        )
        if labels is None:
            labels = next((c for c in numbers if c is not time and _is_group(c)), None)
        return _Rows(table=table, time=time, status=status, labels=labels, count=count)
    return None


def lifetimes_in_tables(evidence: Evidence) -> list[Group]:
    """Every unit with its life, by group where a column names groups."""
    rows = _rows_in_tables(evidence)
    return [] if rows is None else _rows_of(evidence, rows)


def counted_in_tables(evidence: Evidence) -> CountedLives | None:
    """The rows of a table that counts the units of each life, as they stand there."""
    rows = _rows_in_tables(evidence)
    if rows is None or rows.count is None:
        return None
    survivor = _survivor_level(rows.status) if rows.status is not None else ""
    lives = CountedLives(time=[], censored=[], counts=[], source=rows.source)
    for row in range(rows.table.rows):
        value, units = rows.time.values[row], number_in(rows.count, row)
        if isinstance(value, float) and units is not None and units >= 1:
            lives.time.append(value)
            lives.censored.append(_flag(evidence, rows.status, row, survivor))
            lives.counts.append(int(units))
    return lives if lives.time else None


_GROUP_COLUMN = re.compile(
    r"^(?:lot|batch|line|machine|group|supplier|vendor|shift|design|version|type|site|plant|cavity|tool|mat\w*)\b",
    re.IGNORECASE,
)


def _is_group(column: Column) -> bool:
    """Numbers that name groups: "lot 11, 11, 12, 12"."""
    levels = len(set(column.present))
    return _GROUP_COLUMN.match(column.name) is not None and 1 < levels < len(column.present)


_ENDED = re.compile(
    r"^(?:stop\w*|halt\w*|end\w*|discontinu\w*|discard\w*|lost|out|open|none|unfail\w*|right|reserve|time[\s-]?out)\b",
    re.IGNORECASE,
)


def _survivor_level(column: Column) -> str:
    """The one of two words of a status column that means a survivor: "fouled", "stopped"."""
    levels = {str(value) for value in column.present}
    if column.kind == "number" or len(levels) != 2 or not _STATUS_COLUMN.match(column.name):
        return ""
    for ended in (
        [x for x in levels if _ALIVE_WORD.match(x) or flag_of_words(x[:60]) == 1],
        [x for x in levels if _ENDED.match(x)],
    ):
        if len(ended) == 1:
            return ended[0]
    return ""


def is_status(column: Column) -> bool:
    present = column.present
    if not present:
        return False
    if _survivor_level(column):
        return True
    if column.kind == "number":
        return set(present) <= {0.0, 1.0} and (
            _STATUS_COLUMN.match(column.name) is not None or len(present) >= 3
        )
    return all(
        _FAILED_WORD.match(str(value))
        or _ALIVE_WORD.match(str(value))
        or flag_of_words(str(value)[:60]) is not None
        for value in present
    )


def _flag(evidence: Evidence, status: Column | None, row: int, survivor: str) -> int:
    value = status.values[row] if status is not None else None
    if status is None or value is None:
        return 0
    if survivor:
        return int(str(value) == survivor)
    return _status_flag(value, status.name, evidence.text)


def flag_in_row(evidence: Evidence, status: Column | None, row: int) -> int:
    """1 for a survivor, by the column of status, 0 where there is none."""
    return _flag(evidence, status, row, _survivor_level(status) if status is not None else "")


def _rows_of(evidence: Evidence, rows: _Rows) -> list[Group]:
    groups: dict[str, Group] = {}
    survivor = _survivor_level(rows.status) if rows.status is not None else ""
    for row in range(rows.table.rows):
        value = rows.time.values[row]
        if not isinstance(value, float):
            continue
        name = _name_of(rows.labels.values[row]) if rows.labels is not None else ""
        group = groups.setdefault(
            name,
            Group(name=name, time=[], censored=[], source=rows.source, unit=rows.time.unit),
        )
        flag = _flag(evidence, rows.status, row, survivor)
        units = number_in(rows.count, row) if rows.count is not None else None
        times = 1 if units is None else max(1, int(units))
        if times > MOST_UNITS:
            raise NeedsInput(
                f"{times} units with one lifetime are too many",
                f"how many units does row {row + 1} stand for?",
            )
        group.time += [value] * times
        group.censored += [flag] * times
    return list(groups.values())


def _name_of(label: float | str | None) -> str:
    return f"{label:g}" if isinstance(label, float) else str(label)


def _status_flag(value: float | str | None, name: str, text: str) -> int:
    word = f"{value:g}" if isinstance(value, float) else str(value)
    if word in {"0", "1"}:
        return survivor_flag(int(word), text.replace(MASK, " "), name.lower())
    negated = re.match(r"cens|susp|alive|surviv", name.lower()) is not None
    failed = _FAILED_WORD.match(word) is not None or flag_of_words(word[:60]) == 0
    return int(failed) if negated else int(not failed)


def number_column(table: Table, pattern: str) -> Column | None:
    """The first column of numbers whose name the pattern finds."""
    return next(
        (
            column
            for column in table.columns
            if column.kind == "number" and re.search(pattern, column.name, re.IGNORECASE)
        ),
        None,
    )


def number_in(column: Column, row: int) -> float | None:
    """The number of a cell; None where it is empty or a word."""
    value = column.values[row]
    return value if isinstance(value, float) else None
