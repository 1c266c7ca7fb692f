"""Arguments of a warranty prediction: shipments and returns, or lives; periods, ages, costs."""

from __future__ import annotations

import re

from havoc.reading.number_pieces import APART, UNSIGNED
from havoc.reading.number_words import with_digits
from havoc.reason.binding.arguments import Binding, NeedsInput
from havoc.reason.binding.counted_lives import one_by_one, read_counted_lives
from havoc.reason.binding.evidence import Evidence
from havoc.reason.binding.life_tables import (
    CountedLives,
    counted_in_tables,
    number_column,
    number_in,
)
from havoc.reason.binding.lifetimes import required_lifetimes, without_levels
from havoc.reason.binding.marked_times import TIME_UNIT, without
from havoc.reason.binding.return_triangles import read_triangle

_NUMBER = rf"{APART}({UNSIGNED})"
_PERIOD = r"(?:months?|mon|mo|weeks?|wks?|quarters?|q['’]?s|q|years?|yrs?|periods?|days?)\b"
_PERIODS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"\b(?:next|coming|following|further|another|more|remaining|upcoming)\s+(\d{{1,3}})\s*(?:more\s+|further\s+)?{_PERIOD}",
        rf"(?<![\w.])(\d{{1,3}})\s*(?:more|further|additional|other)\s+{_PERIOD}",
        rf"(?<![\w.])(\d{{1,3}})\s*{_PERIOD}\s*(?:ahead|forward|out|more|further|to\s+come)\b",
        r"\b(?:ahead|forecast|predict|project)\w*\s*[:=]?\s*(?:the\s+)?(\d{1,3})(?!\s*%)(?!\w)",
        rf"\bover\s+(?:the\s+)?(\d{{1,3}})\s+{_PERIOD}",
        rf"(?<![\w.])(\d{{1,3}})\s+(?:next|coming|future)\s+{_PERIOD}",
        rf"\breturns?\s+(?:for|in|of|over)\s[^.;\d]{{0,30}}\((\d{{1,3}})\s*{_PERIOD}\s*\)",
    )
)  # fmt: skip
_ONE_PERIOD = re.compile(
    rf"\b(?:next|coming|following|upcoming|another)\s+{_PERIOD}", re.IGNORECASE
)
_HALF_YEAR = re.compile(r"\bhalf(?:\s+a)?[\s-]year\b", re.IGNORECASE)
_LENGTH = (
    re.compile(rf"\bperiods?\s+of\s+{_NUMBER}\s*(?:{TIME_UNIT})?", re.IGNORECASE),
    re.compile(
        rf"\b(?:runs?|does|do|used|operat\w*|works?|makes?|covers?|drives?|sees?)\s+(?:for\s+|about\s+|some\s+)?{_NUMBER}\s*{TIME_UNIT}"
        rf"\s*(?:a|an|per|each|every|/)\s*{_PERIOD}",
        re.IGNORECASE,
    ),
    re.compile(rf"(?<![\w.]){_NUMBER}\s*(?:h|hrs?|hours?|km|cycles?|miles)\s*(?:a|per|each|/)\s*{_PERIOD}", re.IGNORECASE),
)  # fmt: skip
_COVER = r"(?:warrant(?:y|ies)|warr|guarantees?)"
_WARRANTY = (
    re.compile(
        rf"\b{_COVER}\b(?:\W{{1,3}}(?!in\b|over\b|next\b)[a-z]+){{0,4}}?\W{{1,3}}{_NUMBER}(?!\s*%)", re.IGNORECASE
    ),
    re.compile(rf"{_NUMBER}[\s-]*{_PERIOD}[\s-]+(?:of\s+)?{_COVER}\b", re.IGNORECASE),
    re.compile(
        rf"\bolder\s+than\s+{_NUMBER}\s*(?:{_PERIOD})?[^.;\d]{{0,24}}?\b(?:drop|out|not|don['’]?t|exclud\w*|leave|expire\w*)",
        re.IGNORECASE,
    ),
    re.compile(
        rf"\b(?:accepted|covered|paid|honou?red|liable)\s+(?:after|beyond|past|up\s+to|until|till)\s+(?:an?\s+)?(?:age\s+of\s+)?{_NUMBER}",
        re.IGNORECASE,
    ),
)  # fmt: skip
_CURRENCY = r"(?:€|eur\b|euros?\b|usd\b|\$|dollars?\b|chf\b|gbp\b|£)"
_COST = (
    re.compile(rf"{_NUMBER}\s?{_CURRENCY}", re.IGNORECASE),
    re.compile(rf"{_CURRENCY}\s?{_NUMBER}", re.IGNORECASE),
    re.compile(
        rf"{_NUMBER}\s+(?:a|per|each|for\s+(?:a|each))\s+(?:piece|unit|return|case|claim|pc|part)\b", re.IGNORECASE
    ),
    re.compile(rf"\bcosts?\s+(?:us\s+|about\s+|is\s+|of\s+)?{_NUMBER}", re.IGNORECASE),
)  # fmt: skip
_USE = re.compile(
    rf"\b(?:next|another|further)\s+{_NUMBER}\s*(?:{TIME_UNIT})(?:\s+(?:each|of\s+\w+|a\s+unit|per\s+unit))?",
    re.IGNORECASE,
)
_SOME_PERIODS = re.compile(rf"(?<![\w.])\d{{1,3}}\s*{_PERIOD}(?!\s*\(?\s*\d)", re.IGNORECASE)


def read_warranty(evidence: Evidence, binding: Binding) -> None:
    """Settings first: what they used is no figure of a shipment or of a life."""
    text = with_digits(without_levels(evidence, evidence.reading.plain))
    typed = evidence.reading.text
    typed = with_digits(without_levels(evidence, typed)) if len(typed) == len(text) else text
    spans = _settings(binding, text)
    text, typed = without(text, spans), without(typed, spans)
    if not _nevada(evidence, binding) and not _counted(binding, counted_in_tables(evidence)):
        counted = read_counted_lives(text)
        if not (_in_prose(binding, typed) or _counted(binding, counted)):
            _lives(evidence, binding)
    use = _USE.search(evidence.reading.plain)
    if use and "time" in binding.args and not binding.args.keys() & {"periods", "period"}:
        binding.set("period", float(use[1]), f"question[{use.start(1)}:{use.end(1)}]")
    place = re.fullmatch(r"question\[(\d+):(\d+)\]", binding.provenance.get("time", ""))
    if place and "unit" not in binding.args:
        unit = re.search(rf"\d\s*({TIME_UNIT})", text[int(place[1]) : int(place[2])], re.I)
        if unit:
            binding.set("unit", unit[1], binding.provenance["time"])
    evidence.confidence_of_limits(binding)


def _settings(binding: Binding, text: str) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []

    def take(name: str, patterns: tuple[re.Pattern[str], ...], whole: bool = False) -> bool:
        for pattern in patterns:
            match = pattern.search(text)
            if match and not any(a < match.end(1) and match.start(1) < b for a, b in spans):
                value = int(match[1]) if whole else float(match[1])
                if value > 0:
                    binding.set(name, value, f"question[{match.start(1)}:{match.end(1)}]")
                    spans.append(match.span())
                    return True
        return False

    take("cost_per_return", _COST)
    take("period", _LENGTH)
    take("warranty", _WARRANTY)
    if not take("periods", _PERIODS, whole=True):
        single = _ONE_PERIOD.search(text)
        half = _HALF_YEAR.search(text)
        if half and re.search(r"\bmo(?:nths?)?\b", text, re.IGNORECASE):
            binding.set("periods", 6, f"question[{half.start()}:{half.end()}]")
        elif single:
            binding.set("periods", 1, f"question[{single.start()}:{single.end()}]")
    return spans


def _in_prose(binding: Binding, text: str) -> bool:
    triangle = read_triangle(without(text, [m.span() for m in _SOME_PERIODS.finditer(text)]))
    if triangle is None:
        return False
    source = f"question[{triangle.start}:{triangle.end}]"
    binding.set("shipped", triangle.shipped, source)
    binding.set("returns", triangle.returns, source)
    _echo_shipments(binding, len(triangle.shipped), len(triangle.shipped), source)
    return True


def _echo_shipments(binding: Binding, shipments: int, periods: int, source: str) -> None:
    binding.echo("{} shipments with returns in {} periods", (shipments, source), (periods, source))


def _counted(binding: Binding, lives: CountedLives | None) -> bool:
    if lives is None or not any(lives.censored) or all(lives.censored):
        return False
    lives = one_by_one(lives)
    binding.set("time", lives.time, lives.source)
    binding.set("censored", lives.censored, lives.source)
    if max(lives.counts) > 1:
        binding.set("counts", lives.counts, lives.source)
    return True


def _lives(evidence: Evidence, binding: Binding) -> None:
    group = required_lifetimes(evidence, "a warranty prediction").groups[0]
    if not any(group.censored):
        raise NeedsInput(
            "the units still in the field are missing",
            "how many units are still working, and how old are they?",
        )
    binding.set("time", group.time, group.source)
    binding.set("censored", group.censored, group.source)
    if group.unit:
        binding.set("unit", group.unit, group.source)


def _nevada(evidence: Evidence, binding: Binding) -> bool:
    """A table: a column of shipments, then one column of returns for each period."""
    for table in evidence.tables:
        shipped = number_column(
            table, r"^(?:ship\w*|sold|sales|deliver\w*|quantity|qty|produced|n)\b"
        )
        if shipped is None:
            continue
        rest = [
            column
            for column in table.columns[table.columns.index(shipped) + 1 :]
            if column.kind == "number" or not column.present
        ]
        if len(rest) < table.rows:
            continue
        rows = range(table.rows)
        values = [[number_in(column, i) for column in rest] for i in rows]
        binding.set("shipped", [int(number_in(shipped, i) or 0) for i in rows], table.source)
        binding.set(
            "returns",
            [[None if cell is None else int(cell) for cell in row] for row in values],
            table.source,
        )
        _echo_shipments(binding, table.rows, len(rest), table.source)
        return True
    return False
