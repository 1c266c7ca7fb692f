"""Measured values in the order of production, single or in subgroups."""

from __future__ import annotations

import re

from havoc.reading.table import Column
from havoc.reason.binding.arguments import Binding, source_of
from havoc.reason.binding.evidence import Evidence
from havoc.reason.binding.lists import complete, is_even_steps
from havoc.reason.binding.mention import are_replicates

_NUMBERED = r"(?:[\s_]?(?:no|nr|id|number))?$"
_SUBGROUP = re.compile(rf"^(?:subgroups?|sg){_NUMBERED}", re.IGNORECASE)
_LABEL = re.compile(
    rf"^(?:subgroups?|sg|samples?|batch(?:es)?|lots?|shifts?|hours?|days?|dates?|weeks?|heats?|coils?|rolls?){_NUMBERED}",
    re.IGNORECASE,
)
_IN_SUBGROUPS = (
    r"\bx[\s-]?(?:bar|quer)|\bsub-?group|\bthree[\s-]?way\b|\b3[\s-]?way\b|\bi[\s-]?mr[\s-]r\b"
    r"|\bbetween\s*(?:/|and|&)\s*within\b|\bmeans?\s+and\s+ranges?\b"
)


def labelled_subgroups(
    evidence: Evidence,
) -> tuple[list[list[float]], tuple[str, str], tuple[str, str]] | None:
    """One value a row beside the subgroup (batch, shift …) it belongs to.

    A column called subgroup is taken as such; a batch or a shift only where the question
    asks for subgroups. The rows, and name and source of the values and of the labels.
    """
    pattern = _LABEL if evidence.has(_IN_SUBGROUPS) else _SUBGROUP
    for table in evidence.tables:
        label = next((column for column in table.columns if pattern.match(column.name)), None)
        if label is None or len(set(label.present)) == len(label.present):
            continue
        values = [
            column
            for column in table.columns
            if column.kind == "number" and not _LABEL.match(column.name)
        ]
        values = evidence.named(values) or values
        rows = grouped_rows(label, values[0]) if len(values) == 1 else []
        if len(rows) >= 2 and max(map(len, rows)) >= 2:
            names = [(item.name, f"{table.source}#{item.name}") for item in (values[0], label)]
            return rows, names[0], names[1]
    return None


def grouped_rows(label: Column, values: Column) -> list[list[float]]:
    """The values of every label, in the order in which the labels come."""
    rows: dict[str, list[float]] = {}
    for name, value in zip(label.values, values.values, strict=True):
        if name is not None and isinstance(value, float):
            rows.setdefault(str(name), []).append(value)
    return list(rows.values())


def subgroups(evidence: Evidence) -> tuple[list[list[float]], str] | None:
    """Rows of measurements: one row a subgroup."""
    for table in evidence.tables:
        columns = evidence.numeric_columns(table)
        if len(columns) >= 3 and is_even_steps(columns[0]) and not is_even_steps(columns[1]):
            columns = columns[1:]
        if len(columns) >= 2 and table.header and not are_replicates(columns):
            continue
        if len(columns) >= 2 and table.rows >= 2:
            rows = [
                [value for value in row if value is not None]
                for row in zip(*(column.values for column in columns), strict=True)
            ]
            return [row for row in rows if row], table.source
    rows_found = evidence.rows()
    if len(rows_found) >= 2:
        return [row.numbers for row in rows_found], rows_found[0].source
    labelled = [item for item in evidence.reading.series if len(item.values) >= 2]
    if len(labelled) >= 3 and len({len(item.values) for item in labelled}) == 1:
        return [item.numbers for item in labelled], labelled[0].source
    return None


def measurements(evidence: Evidence, binding: Binding, *, allow_subgroups: bool = True) -> None:
    """Set data (and subgroup_size) or subgroups."""
    size = evidence.scalar("subgroup_size")
    n = evidence.scalar("n")
    if (
        size is None
        and n is not None
        and evidence.has(r"x[\s-]?bar|subgroup|\brange\b")
        and 2 <= n.value <= 25
    ):
        size = n
    labelled = labelled_subgroups(evidence) if allow_subgroups else None
    if labelled is not None:
        rows, values, label = labelled
        binding.set("subgroups", rows, values[1])
        binding.echo("{} holds the values, {} the subgroups", values, label)
        return
    grouped = subgroups(evidence) if allow_subgroups else None
    if grouped is not None and len(grouped[0]) >= 2:
        binding.set("subgroups", grouped[0], grouped[1])
        lengths = {len(row) for row in grouped[0]}
        if len(lengths) == 1 and max(lengths) == 1:
            binding.args.pop("subgroups")
            binding.set("data", [row[0] for row in grouped[0]], grouped[1])
        else:
            binding.echo(
                "{} subgroups of {} values",
                (len(grouped[0]), grouped[1]),
                (sorted(lengths), grouped[1]),
            )
        return
    series = evidence.one()
    binding.set("data", complete(binding, series), series.source)
    if series.unit:
        binding.set("unit", series.unit, series.source)
    if size is not None and size.value >= 1:
        binding.take_count("subgroup_size", size)
        if size.value > 1 and len(series.numbers) % int(size.value):
            binding.warn(
                "{} values do not divide into subgroups of {}",
                (len(series.numbers), series.source),
                (int(size.value), source_of(size)),
            )
