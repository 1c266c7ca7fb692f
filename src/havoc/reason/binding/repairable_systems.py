"""Arguments of studies of systems that are repaired: reliability growth, mean cumulative function."""

from __future__ import annotations

import re
from itertools import pairwise

import msgspec

from havoc.reading.number_pieces import APART, UNSIGNED
from havoc.reading.number_words import with_digits
from havoc.reading.prose import mask
from havoc.reason.binding.arguments import Binding, NeedsInput
from havoc.reason.binding.evidence import Binder, Evidence
from havoc.reason.binding.life_tables import number_column, number_in
from havoc.reason.binding.lifetimes import without_levels
from havoc.reason.binding.marked_times import TIME_UNIT, unit_near
from havoc.reason.binding.reliability import times_asked
from havoc.reason.binding.repair_histories import END_HEADER, read_histories

_NUMBER = rf"{APART}({UNSIGNED})"
_END = re.compile(
    rf"\b(?:test(?:ed|ing)?|observ\w+|ended?|stopped|total(?:\s+test)?(?:\s+time)?|until|up\s+to|T\s*=|truncated|terminated)"
    rf"(?:\s+(?:ended|stopped|was|is|of|at|until|time|for|after|to|time-truncated|truncated|terminated|T\s*=)){{0,4}}\s*=?\s*{_NUMBER}\s*({TIME_UNIT})?",
    re.IGNORECASE,
)
_GOAL = re.compile(
    rf"\b(?:goal|target|reach\w*|required)\b[^.?\d]{{0,40}}?{_NUMBER}|\bmtbf\s+of\s+{_NUMBER}",
    re.IGNORECASE,
)
_AHEAD = re.compile(
    rf"\b(?:expected\s+(?:failures\s+)?(?:by|at|until)|by|predict\w*\s+(?:\w+\s+){{0,4}}?(?:at|by))\s+{_NUMBER}",
    re.IGNORECASE,
)


def bind_reliability_growth(evidence: Evidence, binding: Binding) -> None:
    text = evidence.reading.plain
    series = [item for item in evidence.series() if len(item.numbers) >= 3]
    if not series:
        raise NeedsInput(
            "reliability growth needs the times of the failures",
            "at which cumulative test times did the system fail, and when did the test end?",
        )
    main = max(series, key=lambda item: len(item.numbers))
    times = list(main.numbers)
    if any(later < earlier for earlier, later in pairwise(times)):
        if evidence.has(r"\b(?:between|inter-?arrival|tbf)\b"):
            total, cumulative = 0.0, []
            for gap in times:
                total += gap
                cumulative.append(round(total, 9))
            times = cumulative
            binding.warn("times between failures were added up to cumulative times")
        else:
            raise NeedsInput(
                "the times do not rise, so they are not cumulative test times",
                "are these the times between failures, or in which order did the failures come?",
            )
    binding.set("times", times, main.source)
    end = _END.search(text)
    if end and float(end[1]) >= times[-1]:
        binding.set("end_time", float(end[1]), f"question[{end.start(1)}:{end.end(1)}]")
    unit = main.unit or (end[2] if end and end[2] else "")
    if unit:
        binding.set("unit", unit, main.source)
    goal = _GOAL.search(text)
    if goal:
        binding.set(
            "mtbf_goal", float(goal[1] or goal[2]), f"question[{goal.start()}:{goal.end()}]"
        )
    ahead = _AHEAD.search(text)
    if ahead and float(ahead[1]) > times[-1] and ahead[1] != (end[1] if end else ""):
        binding.set("at", float(ahead[1]), f"question[{ahead.start(1)}:{ahead.end(1)}]")
    if evidence.has(r"\bunbiased\b|\bbias[\s-]correct"):
        binding.set("estimator", "unbiased", "question")
    evidence.confidence_of_limits(binding)


def bind_repairable_mcf(evidence: Evidence, binding: Binding) -> None:
    rest = evidence.reading.plain
    if not _history_table(evidence, binding):
        text = with_digits(rest)
        histories = read_histories(text, evidence.reading.text)
        if not histories:
            raise NeedsInput(
                "a mean cumulative function needs the repairs and the age of every system",
                "for each system: at which ages was it repaired, and to which age was it seen?",
            )
        systems = {}
        for item in histories:
            system: dict[str, object] = {"repairs": item.repairs, "end": item.end}
            systems[item.name] = system | ({"costs": item.costs} if item.costs else {})
            rest = mask(rest, item.start, min(item.stop, len(rest)))
        begin, end = histories[0].start, histories[-1].stop
        binding.set("systems", systems, f"question[{begin}:{end}]")
        binding.echo("{} systems: {}", (len(systems), "question"), (list(systems), "question"))
        unit = re.search(rf"\d\s*({TIME_UNIT})|\(\s*(?:in\s+)?({TIME_UNIT})\s*\)", text, re.IGNORECASE)
        if unit:
            binding.set("unit", unit[1] or unit[2], f"question[{unit.start()}:{unit.end()}]")
    evidence.confidence_of_limits(binding)
    times_asked(binding, without_levels(evidence, rest))


_LABEL = re.compile(
    r"^(?:system|unit|machine|id|serial|device|equipment|asset|robot|pump|press|line|name)", re.I
)
_COST = re.compile(r"^(?:costs?|eur|euros?|usd|chf|price|amount|€|\$|£|bill)", re.IGNORECASE)


def _history_table(evidence: Evidence, binding: Binding) -> bool:
    """Rows of a system and an age: repairs, and by a mark, a column or the text the age seen to."""
    for table in evidence.tables:
        label = next((c for c in table.columns if _LABEL.match(c.name)), None)
        label = label or next(iter(evidence.factor_columns(table)), None)
        cost = number_column(table, _COST.pattern)
        age = number_column(table, r"^(?:age|time|hours?|days?|weeks?|months?|years?|km|miles|cycles?|repair)")
        seen = next(
            (
                c
                for c in table.columns
                if c.kind == "number" and c is not age and END_HEADER.search(c.name)
            ),
            None,
        )
        status = next(
            (c for c in table.columns if re.search(r"^(?:event|status|repair\w*|type)", c.name, re.I)),
            None,
        )
        if label is None or age is None:
            continue
        status = None if status is age else status
        systems: dict[str, _System] = {}
        for row in range(table.rows):
            value, name = number_in(age, row), label.values[row]
            if name is None:
                continue
            text = f"{name:g}" if isinstance(name, float) else str(name)
            system = systems.setdefault(text, _System())
            system.end = max(system.end, value or 0.0, number_in(seen, row) or 0.0 if seen else 0.0)
            mark = None if status is None else status.values[row]
            ended = mark in (0, 0.0) or (
                isinstance(mark, str) and re.match(r"end|cens|c$|0|no|last|now", mark, re.I) is not None
            )
            if value is not None and not ended:
                system.repairs.append(value)
                if cost is not None:
                    system.costs.append(number_in(cost, row) or 0.0)
        if seen is None and status is None:
            _ends_in_words(with_digits(evidence.reading.plain), systems)
        arguments = {name: system.arguments() for name, system in systems.items()}
        binding.set("systems", arguments, table.source)
        unit = age.unit or unit_near(evidence.reading.plain, 0, 0)
        if unit:
            binding.set("unit", unit, table.source)
        return True
    return False


class _System(msgspec.Struct, kw_only=True):
    repairs: list[float] = []
    costs: list[float] = []
    end: float = 0.0

    def arguments(self) -> dict[str, object]:
        told: dict[str, object] = {"repairs": self.repairs, "end": self.end}
        return told | ({"costs": self.costs} if self.costs else {})


def _ends_in_words(text: str, systems: dict[str, _System]) -> None:
    """ "S01 and S03 are five years old, S02 four": the first figure behind a name."""
    for name, system in systems.items():
        told = re.search(
            rf"(?<!\w){re.escape(name)}(?!\w)\D{{0,40}}?(?<![\w.])({UNSIGNED})", text, re.IGNORECASE
        )
        if told and float(told[1]) >= system.end:
            system.end = float(told[1])


BINDERS: dict[str, Binder] = {
    "reliability_growth": bind_reliability_growth,
    "repairable_mcf": bind_repairable_mcf,
}
