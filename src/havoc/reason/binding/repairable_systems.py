"""Arguments of studies of systems that are repaired: reliability growth, mean cumulative function."""

from __future__ import annotations

import re
from itertools import pairwise

from havoc.reading.number_pieces import APART, UNSIGNED
from havoc.reason.binding.arguments import Binding, NeedsInput
from havoc.reason.binding.evidence import Binder, Evidence
from havoc.reason.binding.life_tables import number_column, number_in
from havoc.reason.binding.marked_times import TIME_UNIT, unit_near

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
    evidence.confidence(binding)


def bind_repairable_mcf(evidence: Evidence, binding: Binding) -> None:
    for table in evidence.tables:
        label = next(
            (
                c
                for c in table.columns
                if re.search(r"^(?:system|unit|machine|id|serial)", c.name, re.I)
            ),
            None,
        )
        age = number_column(table, r"^(?:age|time|hours?|days?|km|miles|cycles?)")
        status = next(
            (
                c
                for c in table.columns
                if re.search(r"^(?:event|status|repair\w*|type)", c.name, re.I)
            ),
            None,
        )
        if label is None or age is None:
            continue
        systems: dict[str, dict[str, object]] = {}
        for row in range(table.rows):
            value, name = number_in(age, row), label.values[row]
            if value is None or name is None:
                continue
            text = f"{name:g}" if isinstance(name, float) else str(name)
            system = systems.setdefault(text, {"repairs": [], "end": 0.0})
            repairs = system["repairs"]
            assert isinstance(repairs, list) and isinstance(system["end"], float)
            system["end"] = max(system["end"], value)
            mark = None if status is None else status.values[row]
            ended = mark in (0, 0.0) or (
                isinstance(mark, str) and re.match(r"end|cens|c$|0|no|last", mark, re.I) is not None
            )
            if not ended:
                repairs.append(value)
        binding.set("systems", systems, table.source)
        unit = age.unit or unit_near(evidence.reading.plain, 0, 0)
        if unit:
            binding.set("unit", unit, table.source)
        evidence.confidence(binding)
        return
    raise NeedsInput(
        "a mean cumulative function needs a table of systems and ages",
        "for each system: at which ages was it repaired, and to which age was it seen?",
    )


BINDERS: dict[str, Binder] = {
    "reliability_growth": bind_reliability_growth,
    "repairable_mcf": bind_repairable_mcf,
}
