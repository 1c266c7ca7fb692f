"""Arguments of gage studies beside the crossed one: nested, and expanded by further factors."""

from __future__ import annotations

import re

import msgspec

from havoc.reading.labelled_lines import (
    LabelledReadings,
    read_lines,
    read_parallel_lists,
    readings_of_columns,
)
from havoc.reading.labelled_readings import read_labelled_readings
from havoc.reading.own_parts import read_own_parts
from havoc.reading.study_layout import PART_NOUNS, PERSON_NOUNS, Study
from havoc.reading.table import Table
from havoc.reason.binding.arguments import Binding, NeedsInput
from havoc.reason.binding.evidence import Binder, Evidence
from havoc.reason.binding.factor_roles import named_factors, part_of, set_roles
from havoc.reason.binding.gage_settings import gage_settings
from havoc.reason.binding.measurement import bind_gage_rr
from havoc.reason.binding.mention import are_replicates
from havoc.reason.binding.study_rows import text_of

_PART = re.compile(
    r"^(?:parts?|pieces?|samples?|items?|units?|specimens?|wafers?|batch(?:es)?|lots?)(?:[\s_-]?(?:no\.?|nr\.?|id|number))?$",
    re.IGNORECASE,
)
_ORDER = re.compile(r"^(?:order|run|run[\s_-]?order|seq\w*|no\.?|#|row|trials?|reps?|replicates?|repeat)$", re.IGNORECASE)  # fmt: skip
_RATING = re.compile(r"^(?:y|value|values|measurements?|meas\w*|result|response|reading|readings?|data)$", re.IGNORECASE)  # fmt: skip
_Found = tuple[LabelledReadings, str]


# nested -------------------------------------------------------------------------------


def bind_gage_rr_nested(evidence: Evidence, binding: Binding) -> None:
    """Columns as those of the crossed study, or readings of each person's own parts."""
    study, source = _nested_study(evidence)
    if study is not None:
        binding.set("data", study.values, source)
        binding.set("parts", study.parts, source)
        binding.set("operators", study.operators, source)
        binding.echo(
            "{} operators with {} parts of their own, {} measurements",
            (len(set(study.operators)), source),
            (len(set(zip(study.operators, study.parts, strict=True))), source),
            (len(study.values), source),
        )
    else:
        try:
            bind_gage_rr(evidence, binding)
        except NeedsInput as needed:
            raise _no_nested_study(needed.ask) from None
        if "data" not in binding.args:
            raise _no_nested_study(
                "which part (batch) and operator does each measurement belong to?"
            )
        for name in ("method", "tolerance", "lsl", "usl"):
            binding.args.pop(name, None)
    gage_settings(evidence, binding)


def _no_nested_study(ask: str) -> NeedsInput:
    return NeedsInput(
        "a nested gage study needs each measurement with its part and its operator", ask
    )


def _nested_study(evidence: Evidence) -> tuple[Study | None, str]:
    for table in evidence.tables:
        found = _of_table_rows(table)
        study = _as_nested(found) if found else None
        if study is not None:
            return study, table.source
    if evidence.tables:
        return None, ""
    text = evidence.reading.plain
    lines = read_lines(text)
    study = (_as_nested(lines) if lines else None) or read_own_parts(text)
    if study is None:
        found = read_labelled_readings(text)
        study = _as_nested(found) if found else None
    return (_numbered(study, text) if study else None), "question"


def _numbered(study: Study, text: str) -> Study:
    """ "c1, c2" of coupons are the coupons 1 and 2."""
    ((_, parts),) = named_factors([("", study.parts)], text)
    return msgspec.structs.replace(study, parts=parts)


def _of_table_rows(table: Table) -> LabelledReadings | None:
    """A table without names, or one whose last columns repeat the measurement."""
    if not table.header:
        return readings_of_columns(table.columns)
    for place in range(1, len(table.columns) - 1):
        last = table.columns[place:]
        if all(column.kind == "number" for column in last) and are_replicates(last):
            return readings_of_columns(table.columns)
    return None


def _as_nested(found: LabelledReadings) -> Study | None:
    """Two factors, one of them the person: each part stands with one person, or is numbered anew."""
    if len(found.factors) != 2 or any(value is None for value in found.values):
        return None
    (first, outer), (second, inner) = found.factors
    if _is_person(second) or (len(set(inner)) < len(set(outer)) and not _is_person(first)):
        outer, inner = inner, outer
    cells = set(zip(outer, inner, strict=True))
    if len(set(outer)) < 2 or len(cells) < 2 * len(set(outer)):
        return None
    return Study(
        parts=inner,
        operators=outer,
        values=[value for value in found.values if value is not None],
        nested=True,
    )


def _is_person(name: str) -> bool:
    return name.lower() in PERSON_NOUNS and name.lower() not in PART_NOUNS


# expanded -----------------------------------------------------------------------------


def bind_gage_rr_expanded(evidence: Evidence, binding: Binding) -> None:
    found = _expanded_study(evidence)
    if found is None:
        raise NeedsInput(
            "an expanded gage study needs a table: the measurements beside a column for every factor",
            "which part, operator and further factors belong to each measurement?",
        )
    readings, source = found
    factors = named_factors(readings.factors, evidence.reading.plain)
    part = part_of(factors, evidence.reading.plain)
    binding.set("data", readings.values, source)
    binding.set("factors", dict(factors), source)
    binding.set("part", part, source)
    set_roles(factors, part, evidence, binding)
    gage_settings(evidence, binding)
    if evidence.has(r"\banova\b|\bmean squares?\b"):
        binding.set("method", "anova", "question")
    binding.echo(
        "{} is the part; the factors are {}",
        (part, source),
        ([name for name, _ in factors], source),
    )


def _expanded_study(evidence: Evidence) -> _Found | None:
    for table in evidence.tables:
        found = _wide(evidence, table) or _columns(evidence, table)
        if found is not None:
            return found, table.source
    if evidence.tables:
        return None
    text = evidence.reading.plain
    for reader in (read_parallel_lists, read_lines, read_labelled_readings):
        readings = reader(text)
        if readings is not None and len(readings.factors) >= 2:
            return readings, "question"
    return None


def _columns(evidence: Evidence, table: Table) -> LabelledReadings | None:
    """The measurements, and the columns whose levels repeat."""
    usable = [column for column in table.columns if not _ORDER.match(column.name)]
    numbers = [
        column
        for column in usable
        if column.kind == "number" and not _PART.match(column.name) and len(set(column.present)) > 2
    ]
    if not numbers or not table.header:
        return None
    response = next((column for column in numbers if _RATING.match(column.name)), None)
    if response is None:
        named = evidence.named(numbers)
        response = named[0] if named else max(numbers, key=lambda item: len(set(item.present)))
    factors = [
        column
        for column in usable
        if column is not response and 1 < len(set(column.present)) < len(column.present)
    ]
    if len(factors) < 2:
        return None
    return LabelledReadings(
        factors=[(column.name, [_level(value) for value in column.values]) for column in factors],
        values=[value if isinstance(value, float) else None for value in response.values],
    )


def _level(value: float | str | None) -> str:
    return "" if value is None else text_of(value)


_REPEATED = re.compile(r"\s*\((?:rep\w*|again|2nd|second)\)$", re.IGNORECASE)


def _wide(evidence: Evidence, table: Table) -> LabelledReadings | None:
    """Measurements in several columns, whose names tell the levels of one or two factors."""
    labels = [
        column
        for column in table.columns
        if column.kind == "text" or _PART.match(column.name) or len(set(column.present)) <= len(column.present) / 2
    ]  # fmt: skip
    numbers = [c for c in table.columns if c.kind == "number" and c not in labels]
    if not labels and len(numbers) > 2:
        labels, numbers = numbers[:1], numbers[1:]
    if not table.header or not labels or len(numbers) < 2:
        return None
    heads = [column.name.split() for column in numbers]
    if len({len(head) for head in heads}) != 1:
        return None
    # heads that the question speaks of are levels; others repeat the measurement
    spoken = all(re.search(rf"(?<!\w){re.escape(column.name.lower())}(?!\w)", evidence.text) for column in numbers)  # fmt: skip
    levels = list(zip(*heads, strict=True)) if len(heads[0]) > 1 or spoken else []
    rows = range(table.rows)
    factors = [
        (
            label.name,
            [_REPEATED.sub("", _level(label.values[row])) for row in rows for _ in numbers],
        )
        for label in labels
    ] + [("", list(names) * table.rows) for names in levels]
    factors = [(name, found) for name, found in factors if len(set(found)) > 1]
    values = [column.values[row] for row in rows for column in numbers]
    if len(factors) < 2:
        return None
    return LabelledReadings(
        factors=factors, values=[value if isinstance(value, float) else None for value in values]
    )


BINDERS: dict[str, Binder] = {
    "gage_rr_expanded": bind_gage_rr_expanded,
    "gage_rr_nested": bind_gage_rr_nested,
}
