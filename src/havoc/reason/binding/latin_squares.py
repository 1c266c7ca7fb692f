"""Arguments of the analysis of Latin squares, from a table or from cells in their order."""

from __future__ import annotations

import re

from havoc.reading.latin_cells import Square, read_square
from havoc.reason.binding.arguments import Binding, NeedsInput
from havoc.reason.binding.evidence import Binder, Evidence
from havoc.reason.binding.experiment_models import (
    cells_of,
    column_called,
    design_columns,
    set_response,
)
from havoc.reason.binding.mention import mentioned
from havoc.reason.binding.told_frames import or_told, without_levels

_SQUARE = re.compile(r"^(?:squares?|latin[\s_-]?squares?)$", re.IGNORECASE)
_GREEK = re.compile(r"^greek\w*$", re.IGNORECASE)
_ROW = re.compile(r"^rows?$", re.IGNORECASE)
_COLUMN = re.compile(r"^col(?:umn)?s?$", re.IGNORECASE)
_TREATMENT = re.compile(r"^(?:treat\w*|trt|latin|letter)$", re.IGNORECASE)


def bind_latin_square_analysis(evidence: Evidence, binding: Binding) -> None:
    """A table of runs, or treatments with their values in the order of the square."""
    if not any(table.header for table in evidence.tables):
        cells = read_square(without_levels(evidence))
        if cells is not None:
            _set_square(evidence, binding, cells)
            return
    or_told(_from_table)(evidence, binding)


def _set_square(evidence: Evidence, binding: Binding, cells: Square) -> None:
    binding.set("rows", cells.rows, cells.source)
    binding.set("columns", cells.columns, cells.source)
    binding.set("treatment", cells.treatments, cells.source)
    if cells.greek:
        binding.set("greek", cells.greek, cells.source)
    binding.set("response", cells.values, cells.source)
    evidence.alpha(binding)
    binding.echo(
        "rows {}, columns {}, treatments {}",
        (list(dict.fromkeys(cells.rows)), cells.source),
        (list(dict.fromkeys(cells.columns)), cells.source),
        (list(dict.fromkeys(cells.treatments)), cells.source),
    )


def _from_table(evidence: Evidence, binding: Binding) -> None:
    table, columns, response, _ = design_columns(evidence, "a Latin square")
    parts = {
        "square": column_called(columns, _SQUARE),
        "greek": column_called(columns, _GREEK),
        "rows": column_called(columns, _ROW),
        "columns": column_called(columns, _COLUMN),
        "treatment": column_called(columns, _TREATMENT),
    }
    if parts["treatment"] is None:
        asked = [
            column
            for column in mentioned(columns, evidence.text.split("\n")[0])
            if column not in parts.values()
        ]
        parts["treatment"] = asked[0] if len(asked) == 1 else None
    rest = [column for column in columns if column not in parts.values()]
    if parts["treatment"] is None and len(rest) >= 1:
        texts = [column for column in rest if column.kind == "text"]
        chosen = (texts or rest)[-1]
        parts["treatment"] = chosen
        rest = [column for column in rest if column is not chosen]
    for side in ("rows", "columns"):
        if parts[side] is None and rest:
            parts[side] = rest.pop(0)
    absent = [name for name in ("rows", "columns", "treatment") if parts[name] is None]
    if absent:
        raise NeedsInput(
            f"the {absent[0]} of the Latin square are missing",
            "which columns hold the rows, the columns and the treatments?",
        )
    every = list(range(len(response.values)))
    for name, column in parts.items():
        if column is not None:
            binding.set(name, cells_of(column, every), f"{table.source}#{column.name}")
    treatment = parts["treatment"]
    assert treatment is not None
    binding.set("treatment_name", treatment.name, table.source)
    set_response(binding, table, response, every)
    evidence.alpha(binding)
    binding.echo(
        "rows {}, columns {}, treatments {}, response {}",
        *(
            (column.name, table.source)
            for column in (parts["rows"], parts["columns"], treatment, response)
            if column is not None
        ),
    )


BINDERS: dict[str, Binder] = {"latin_square_analysis": bind_latin_square_analysis}
