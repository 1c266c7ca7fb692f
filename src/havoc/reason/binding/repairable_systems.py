"""Arguments of the mean cumulative function of systems that are repaired."""

from __future__ import annotations

import re

import msgspec

from havoc.reading.number_pieces import UNSIGNED
from havoc.reading.number_words import with_digits
from havoc.reason.binding.arguments import Binding, NeedsInput
from havoc.reason.binding.evidence import Binder, Evidence
from havoc.reason.binding.life_tables import number_column, number_in
from havoc.reason.binding.lifetimes import without_levels
from havoc.reason.binding.marked_times import TIME_UNIT, unit_near, without
from havoc.reason.binding.reliability import times_asked
from havoc.reason.binding.repair_histories import COMMON, END_HEADER, read_histories


def bind_repairable_mcf(evidence: Evidence, binding: Binding) -> None:
    rest = evidence.reading.plain
    if not _history_table(evidence, binding):
        text = with_digits(rest)
        histories = read_histories(text, evidence.reading.text)
        if not histories:
            raise NeedsInput(
                "a mean cumulative function needs a list or a table of systems with their repairs and ages",
                "for each system: at which ages was it repaired, and to which age was it seen?",
            )
        systems = {}
        for item in histories:
            system: dict[str, object] = {"repairs": item.repairs, "end": item.end}
            systems[item.name] = system | ({"costs": item.costs} if item.costs else {})
        spans = [(item.start, item.stop) for item in histories]
        spans += [match.span() for match in COMMON.finditer(rest) if match.start() >= spans[0][0]]
        rest = without(rest, spans)
        begin, end = histories[0].start, histories[-1].stop
        binding.set("systems", systems, f"question[{begin}:{end}]")
        binding.echo("{} systems: {}", (len(systems), "question"), (list(systems), "question"))
        unit = re.search(
            rf"\d\s*({TIME_UNIT})|\(\s*(?:in\s+)?({TIME_UNIT})\s*\)", text, re.IGNORECASE
        )
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
        age = number_column(
            table, r"^(?:age|time|hours?|days?|weeks?|months?|years?|km|miles|cycles?|repair)"
        )
        seen = next(
            (
                c
                for c in table.columns
                if c.kind == "number" and c is not age and END_HEADER.search(c.name)
            ),
            None,
        )
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
                isinstance(mark, str)
                and re.match(r"end|cens|c$|0|no|last|now", mark, re.I) is not None
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
    "repairable_mcf": bind_repairable_mcf,
}
