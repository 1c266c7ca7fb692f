"""Arguments of a stability study: the same master, read on several occasions."""

from __future__ import annotations

import re

from havoc.reading.number_rows import Row, Token, apart_rows, numbers
from havoc.reading.number_words import as_digits
from havoc.reason.binding.arguments import Binding, NeedsInput
from havoc.reason.binding.chart_constants import fold_size
from havoc.reason.binding.chart_settings import longest_run
from havoc.reason.binding.evidence import Binder, Evidence
from havoc.reason.binding.measured_subgroups import measurements

_TIME = re.compile(r"^(?:time|times|days?|weeks?|hours?|months?|elapsed)$", re.IGNORECASE)
_OCCASION = re.compile(
    r"^(?:subgroup|group|occasion|session|sample|date|week|day|shift|time)s?(?:[\s_-]?(?:no\.?|id))?$",
    re.IGNORECASE,
)
_REFERENCE = re.compile(
    r"\b(?:reference|ref|master|certified|true|known|standard|nominal)\b(?:\s+(?:value|size|of|is|was|at|=|:)|\s*[:=])*\s*(-?\d*\.?\d+)"
)
_TOLERANCE = re.compile(
    r"\b(?:tolerance|tol)\b\.?\s*(?:of\s+(?:the\s+)?(?:part|product)s?\s*)?(?:(?:width|is|of|=|:)\s*){0,3}(\d++(?:\.\d++)?|\.\d++)"
)
_TIMES = re.compile(
    r"\b(?:days?|weeks?|wks?|months?|hours?|hrs?|years?|quarters?|on\s+the)\s*[:=]?\s*"
    r"(?P<list>\d{1,5}(?:\.\d{1,3})?(?:st|nd|rd|th)?(?:\s?(?:,|and|&|/)?\s?(?:(?:and|days?|weeks?|months?)\s)?\d{1,5}(?:\.\d{1,3})?(?:st|nd|rd|th)?(?![\w.]*\d)){2,40})"
)
_EVEN_TIMES = re.compile(
    r"\b(?:days?|weeks?|wks?|months?|hours?|shifts?|years?)\s?[(:=]?\s?(\d{1,5})\s?(?:to|-|–|\.\.)\s?(\d{1,5})(?![\w.]*\d)"
)
_READINGS_EACH = re.compile(
    r"(?<![\w.])(\d{1,2})\s*(?:x\b|(?:\w+\s+)?(?:times|readings?|hits|shots|clicks|measurements|repeats|replicates|values|determinations|reads)\b)"
)
_SINGLE = r"\b(?:single\s+(?:values?|readings?)|one\s+(?:reading|value)|1\s+reading)\b"
_LEVEL = re.compile(r"(?<![\w.])(\d{1,2}(?:\.\d)?)\s?%\s+(?:test|level|risk|for\s+the\s+slope)")


def bind_gage_stability(evidence: Evidence, binding: Binding) -> None:
    text = evidence.reading.plain
    spans: list[tuple[int, int]] = []
    if not _occasions(evidence, binding):
        rows = apart_rows(text) if not evidence.tables else []
        if rows:
            spans = [(row.start, row.end) for row in rows]
            binding.set("subgroups", [row.values for row in rows], _source(rows))
            _times(text, rows, binding)
        elif evidence.tables:
            _measured(evidence, binding)
            if "subgroups" in binding.args:
                _listed_times(text, len(binding.args["subgroups"]), binding)
        else:
            spans = _in_one_list(evidence, text, binding)
    match = _TOLERANCE.search(evidence.text)
    if match:
        binding.set("tolerance", float(match[1]), f"question[{match.start(1)}:{match.end(1)}]")
    evidence.alpha(binding)
    level = _LEVEL.search(evidence.text)
    if level and "alpha" not in binding.args:
        binding.set("alpha", float(level[1]) / 100, f"question[{level.start()}:{level.end()}]")
    _reference(evidence, binding, spans)


def _source(rows: list[Row]) -> str:
    return f"question[{rows[0].start}:{rows[-1].end}]"


def _measured(evidence: Evidence, binding: Binding) -> None:
    try:
        measurements(evidence, binding)
    except NeedsInput:
        raise NeedsInput(
            "the readings of the master are missing",
            "which readings were taken on each occasion?",
        ) from None


def _in_one_list(evidence: Evidence, text: str, binding: Binding) -> list[tuple[int, int]]:
    """All readings in one list: how many belong to an occasion is told, or each is one."""
    run = longest_run(text)
    if len(run) < 4:
        _measured(evidence, binding)
        return []
    run = _without_head(run, text)
    place = (run[0].start, run[-1].end)
    binding.set("data", [token.value for token in run], f"question[{place[0]}:{place[1]}]")
    size = _told_size(text, len(run))
    if size is not None:
        binding.set("subgroup_size", *size)
    return [place]


def _without_head(run: list[Token], text: str) -> list[Token]:
    """Without a number that the words before give another meaning ("reference 5: 4.9 5.1 …")."""
    ahead = text[max(0, run[0].start - 24) : run[0].start].lower()
    named = re.search(
        r"\b(?:reference|ref|master|nominal|certified|tol(?:erance)?|days?)\W*$", ahead
    )
    return run[1:] if named and text[run[0].end : run[1].start].strip(" ") else run


def _told_size(text: str, count: int) -> tuple[int, str] | None:
    for match in _READINGS_EACH.finditer(as_digits(text.lower())):
        if 2 <= int(match[1]) < count and count % int(match[1]) == 0:
            return int(match[1]), f"question[{match.start(1)}:{match.end(1)}]"
    if single := re.search(_SINGLE, text, re.IGNORECASE):
        return 1, f"question[{single.start()}:{single.end()}]"
    folded = fold_size(text)
    return folded if folded and count % folded[0] == 0 else None


def _times(text: str, rows: list[Row], binding: Binding) -> None:
    times = [row.time for row in rows if row.time is not None]
    if len(times) == len(rows) and times == sorted(set(times)):
        binding.set("times", times, _source(rows))
    else:
        _listed_times(text, len(rows), binding)


def _listed_times(text: str, count: int, binding: Binding) -> None:
    """ "days 0, 7, 14, 30": as many times as there are occasions, one after the other."""
    for match in _TIMES.finditer(text.lower()):
        found = [float(item) for item in re.findall(r"\d++(?:\.\d++)?", match["list"])]
        if len(found) == count and found == sorted(set(found)):
            source = f"question[{match.start('list')}:{match.end('list')}]"
            binding.set("times", found, source)
            return
    for match in _EVEN_TIMES.finditer(text.lower()):
        first, last = int(match[1]), int(match[2])
        if last - first == count - 1:
            source = f"question[{match.start()}:{match.end()}]"
            binding.set("times", [float(time) for time in range(first, last + 1)], source)
            return


def _reference(evidence: Evidence, binding: Binding, spans: list[tuple[int, int]]) -> None:
    """Named as such, or the one number beside the readings that lies among or near them."""
    readings = binding.args.get("data") or [
        value for row in binding.args["subgroups"] for value in row
    ]
    low, high = min(readings), max(readings)
    # a master is never far off its readings: by so much a gage is not off its reference
    reach = max(5 * (high - low), 0.05 * max(abs(low), abs(high)))
    text = evidence.reading.plain
    taken = [
        (int(start), int(end))
        for name in ("tolerance", "alpha", "times", "subgroup_size")
        for start, end in re.findall(r"question\[(\d+):(\d+)\]", binding.provenance.get(name, ""))
    ]
    taken += spans
    free = [
        token
        for token in numbers(text)
        if low - reach <= token.value <= high + reach
        and not any(start <= token.start < end for start, end in taken)
    ]
    named = [match.start(1) for match in _REFERENCE.finditer(evidence.text)]
    chosen = next((token for token in free if token.start in named), None)
    if chosen is None:
        measured = [token for token in free if _looks_measured(text, token)]
        chosen = measured[0] if len({token.value for token in measured}) == 1 else None
    if chosen is not None:
        source = f"question[{chosen.start}:{chosen.end}]"
        binding.set("reference", chosen.value, source)
        binding.echo("{} is the reference value", (chosen.value, source))


_COUNTED = re.compile(
    r"\s*(?:readings?|shots?|hits?|times|x\b|days?|weeks?|months?|hours?|mondays|fridays|sundays|occasions?|clicks|values|"
    r"repeats|st\b|nd\b|rd\b|th\b|sigma|%|per\b|a\s+(?:day|week|month|quarter))",
    re.IGNORECASE,
)
_LABELLED = re.compile(
    r"(?:\b(?:days?|weeks?|wks?|months?|hours?|shift|q|no\.?|line|machine|every|version|rev|tol(?:erance)?|alpha)|#)\W*$",
    re.IGNORECASE,
)


def _looks_measured(text: str, token: Token) -> bool:
    """No count of readings or days, and no number that is a name."""
    before = text[max(0, token.start - 16) : token.start]
    return not (_COUNTED.match(text, token.end) or _LABELLED.search(before))


def _occasions(evidence: Evidence, binding: Binding) -> bool:
    """Rows of readings with the time of each row, or readings beside their occasion."""
    for table in evidence.tables:
        time = next((column for column in table.columns if _TIME.match(column.name)), None)
        label = next((column for column in table.columns if _OCCASION.match(column.name)), None)
        numbers = [
            column
            for column in table.columns
            if column.kind == "number" and column not in (time, label)
        ]
        source = table.source
        if label is not None and len(numbers) == 1 and len(set(label.present)) < table.rows:
            rows: dict[str, list[float]] = {}
            for name, value in zip(label.values, numbers[0].values, strict=True):
                if name is not None and isinstance(value, float):
                    rows.setdefault(str(name), []).append(value)
            binding.set("subgroups", list(rows.values()), f"{source}#{numbers[0].name}")
            return True
        if time is not None and time.kind == "number" and numbers:
            kept = [
                [column.values[row] for column in numbers if column.values[row] is not None]
                for row in range(table.rows)
            ]
            places = [
                row for row in range(table.rows) if kept[row] and time.values[row] is not None
            ]
            binding.set("subgroups", [kept[row] for row in places], source)
            binding.set("times", [time.values[row] for row in places], f"{source}#{time.name}")
            return True
    return False


BINDERS: dict[str, Binder] = {"gage_stability": bind_gage_stability}
