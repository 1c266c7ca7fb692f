"""A table out of what is told: parallel lists, or measurements behind their labels.

Binders that take a table of factors and a response take this one where no table was given.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

import msgspec

from havoc.reading.grouped_lists import grouped_lists
from havoc.reading.nested_cells import Cells, read_cells
from havoc.reading.notation import normalise
from havoc.reading.parallel_lists import parallel_table
from havoc.reading.table import Column, Table
from havoc.reading.told_records import told_records
from havoc.reason.binding.arguments import Binding, NeedsInput
from havoc.reason.binding.bare_levels import bare_level
from havoc.reason.binding.evidence import Binder, Evidence

_ENTRY = r"[^\W_][\w.+-]{0,11}"
_JOINT = r"(?:\s*[/,&]\s*|\s+(?:and|or|then|vs|&)\s+(?:the\s+)?|\s+)"
_ENUMERATION = re.compile(
    rf"(?<![\w.]){_ENTRY}(?:\s?/\s?{_ENTRY})++"
    rf"|(?<![\w.]){_ENTRY}(?:\s+then\s+{_ENTRY})++"
    rf"|\((?:[^\W\d_]{{2,12}}\s)?{_ENTRY}(?:{_JOINT}{_ENTRY}){{1,7}}\)"
    rf"|(?<![\w.])\d[\d.]{{0,6}}(?:(?:\s*,\s*|\s+and\s+|\s*,\s*and\s+|\s+)\d[\d.]{{0,6}}){{1,7}}(?![\w.]*\d)"
    rf"|(?<![\w.])[^\W\d_]\d?(?:(?:\s*,\s*|\s+and\s+|\s*,\s*and\s+|\s+)[^\W\d_]\d?){{1,7}}(?!\w)"
)
_SPLIT = re.compile(r"[\s,/&()]+(?:(?:and|or|then|vs|the)\s+)*")
_NOT_A_NAME = frozenset(
    "in at of the with by on and or each both all always then to from is".split()
)


def told_tables(
    evidence: Evidence,
    *,
    least_depth: int = 2,
    settings: bool = False,
    covariates: bool = False,
) -> Iterator[Table]:
    """Columns of factors or labels, and last the response, out of the words of the question.

    ``settings``: the factors are figures ("70/20/10 5.2"), with no labels among them.
    ``covariates``: there may be figures beside the labels ("red 3 102; blue 5 110").
    """
    text = without_levels(evidence)
    table = parallel_table(text)
    groups = grouped_lists(text) if covariates else None
    if groups is not None and (table is None or all(c.kind == "number" for c in table.columns)):
        yield groups
    if table is not None:
        yield table
    if settings:
        table = told_records(text, numbers_only=True)
        if table is not None:
            yield table
        return
    if covariates:
        table = told_records(text)
        if table is not None:
            yield table
    cells = read_cells(text, least_depth=least_depth)
    if cells is not None:
        yield _as_table(text, cells)
    table = told_records(text)
    if table is not None:
        yield table


def with_table(evidence: Evidence, table: Table) -> Evidence:
    """The same question, as if the table had been handed over."""
    return Evidence(msgspec.structs.replace(evidence.reading, tables=[table]))


def or_told(
    binder: Binder, *, least_depth: int = 2, settings: bool = False, covariates: bool = False
) -> Binder:
    """A binder of tables that falls back upon what is told."""

    def bind(evidence: Evidence, binding: Binding) -> None:
        first: NeedsInput | None = None
        for attempt in _attempts(
            evidence, least_depth=least_depth, settings=settings, covariates=covariates
        ):
            inner = Binding(operation=binding.operation)
            try:
                binder(attempt, inner)
            except NeedsInput as needed:
                first = first or needed
                continue
            binding.args, binding.provenance = inner.args, inner.provenance
            binding.roles, binding.warnings = inner.roles, inner.warnings
            binding.operation, binding.more = inner.operation, inner.more
            return
        assert first is not None
        raise first

    return bind


def _attempts(
    evidence: Evidence, *, least_depth: int, settings: bool, covariates: bool
) -> Iterator[Evidence]:
    if any(table.header for table in evidence.tables):
        yield evidence
    for table in told_tables(
        evidence, least_depth=least_depth, settings=settings, covariates=covariates
    ):
        yield with_table(evidence, table)
    yield evidence


def without_levels(evidence: Evidence) -> str:
    """The text without levels of significance, which are no measurements."""
    text = normalise(evidence.reading.text)
    for scalar in evidence.reading.scalars:
        if scalar.role in {"alpha", "confidence"}:
            text = _blanked(text, scalar.start, scalar.end)
    bare = bare_level(evidence.text, [])
    return text if bare is None else _blanked(text, bare.start, bare.end)


def _blanked(text: str, start: int, end: int) -> str:
    return text[:start] + " " * (end - start) + text[end:]


def _as_table(text: str, cells: Cells) -> Table:
    source = f"question[{cells.start}:{cells.end}]"
    labels = [[row.labels[place] for row in cells.rows] for place in range(len(cells.nouns))]
    order = _told_order(text, cells)
    if order is not None:
        labels.append(order[1])
    names = _names(text, cells, labels, order[0] if order else "")
    columns = [_column(name, values) for name, values in zip(names, labels, strict=True)]
    response: list[float | None] = [
        None if row.value != row.value else row.value for row in cells.rows
    ]
    columns.append(Column(name="response", kind="number", values=response))
    return Table(source=source, columns=columns, header=False)


def is_told(table: Table) -> bool:
    """Were the names of the columns made up from the labels, outermost first?"""
    return not table.header and table.source.startswith("question[")


def _column(name: str, values: list[str]) -> Column:
    if all(re.fullmatch(r"[-+]?(?:\d+\.?\d*|\.\d+)", value) for value in values):
        numbers: list[float | None] = [float(value) for value in values]
        return Column(name=name, kind="number", values=numbers)
    return Column(name=name, kind="text", values=list[str | None](values))


def _told_order(text: str, cells: Cells) -> tuple[str, list[str]] | None:
    """The label of each of several values, where their order stands elsewhere: "(c1 then c2)"."""
    sizes = Counter(row.labels for row in cells.rows)
    count = next(iter(sizes.values()))
    if count < 2 or len(set(sizes.values())) > 1:
        return None
    taken = {label.lower() for row in cells.rows for label in row.labels}
    outside = text[: cells.start] + " ; " * (cells.end > cells.start) + text[cells.end :]
    for match in _ENUMERATION.finditer(outside):
        entries = [entry for entry in _SPLIT.split(match[0]) if entry]
        name = ""
        if len(entries) == count + 1 and match[0].startswith("("):
            name, *entries = entries
        if len(entries) != count or len(set(entries)) < count:
            continue
        if taken & {entry.lower() for entry in entries}:
            continue
        before = re.search(r"([^\W\d_][\w-]*)\s*[(:=]?\s*$", outside[: match.start()][-30:])
        if not name and before and before[1].lower() not in _NOT_A_NAME:
            name = before[1]
        seen: Counter[tuple[str, ...]] = Counter()
        values = []
        for row in cells.rows:
            values.append(entries[seen[row.labels]])
            seen[row.labels] += 1
        return name or "position", values
    return None


def _names(text: str, cells: Cells, labels: list[list[str]], last: str) -> list[str]:
    """What a kind of label is called: by its noun, before its levels, or by its levels."""
    names: list[str] = []
    for place, values in enumerate(labels):
        name = last if place == len(cells.nouns) else cells.nouns[place]
        levels = list(dict.fromkeys(values))
        if not name:
            first, second = (re.escape(level) for level in levels[:2])
            told = re.search(
                rf"([^\W\d_][\w-]*)\s*(?:[:=(]\s*)?{first}\s*(?:[/,&]|and\b|or\b|vs\b)?\s*{second}(?!\w)",
                text,
            )
            name = told[1] if told and told[1].lower() not in _NOT_A_NAME else ""
        name = name or f"{levels[0]}…{levels[-1]}"
        names.append(f"{name} {place + 1}" if name in names else name)
    return names
