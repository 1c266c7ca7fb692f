"""Arguments of models with several predictors, of which some may be labels."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

import msgspec

from havoc.reading.listed_columns import (
    ListedColumn,
    counted_range,
    read_listed_columns,
    read_listed_rows,
)
from havoc.reading.question import Series
from havoc.reading.table import Column, Table
from havoc.reason.binding.arguments import Binding, NeedsInput
from havoc.reason.binding.bare_levels import lone_level
from havoc.reason.binding.evidence import Binder, Evidence
from havoc.reason.binding.listed_response import told_response, without_lists
from havoc.reason.binding.lists import series_of
from havoc.reason.binding.mention import mentioned
from havoc.reason.binding.response import is_response_name, response_of
from havoc.reason.binding.settings import asked_of, asked_settings

_INDEX = re.compile(
    r"^(?:#|no\.?|nr\.?|id|obs|observation|row|index|run|run ?order|std ?order)$", re.IGNORECASE
)
_EXPOSURE = re.compile(
    r"^(?:exposure|area|length|time|hours|units|size|inspected|sample ?size|n|volume|service|population|offset)\b",
    re.IGNORECASE,
)
_SURE_EXPOSURE = re.compile(
    r"\b(?:exposure|offset|inspected|scanned|watched|drilled|sold|produced|made|built|examined|driven|flown"
    r"|opportunit\w*|running|working|operating|observed|area|sales|fleet|sheets|litres|liters|km|m2|cm2)\b",
    re.IGNORECASE,
)
"""Names of sizes that a count is taken over, where no word such as rate says so."""
_COUNT = re.compile(
    r"^(?:(?:\w+\s){0,2}(?:counts?|defects?|events?|failures?|breaks?|breakdowns?|incidents?|stops?|flaws?|number"
    r"|non-?conform\w*|accidents?|errors?|scratch\w*|claims?|complaints?|particles?|bubbles?|pores?|pinholes?"
    r"|inclusions?|spots?|burrs?|chips?|cracks?|leaks?|rejects?|voids?|holes|colonies|nibs|dents?|faults?|alarms?"
    r"|jams?|reports?|burn-?throughs?|tears?|interruptions?|contaminat\w*|faults?))(?:\b|$)",
    re.IGNORECASE,
)
_TO_COUNT = re.compile(
    r"\b(?:per\s+[a-z]+\s+(?:went|came|were|was|are)|counted|counts?\s+(?:were|are|was)|found)\s*(?:out\s+as\s*|as\s*)?[:=]?\s*$",
    re.IGNORECASE,
)


class Frame(msgspec.Struct, kw_only=True):
    """Complete rows of the columns that a model may use.

    Where the columns were ``listed`` in the text, all of them belong to the model, and
    ``response`` is the one that the text makes the response.
    """

    table: Table
    columns: list[Column]
    listed: list[ListedColumn] = []
    response: str = ""

    def source(self, column: Column) -> str:
        return f"{self.table.source}#{column.name}"

    def column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)


def frame_of(evidence: Evidence, what: str) -> Frame:
    """The table of the question, without running numbers; lists of numbers make one too."""
    for table in evidence.tables:
        columns = [
            column
            for column in table.columns
            if not _INDEX.match(column.name.strip()) and len(set(column.present)) > 1
        ]
        if len(columns) >= 2:
            return Frame(table=table, columns=columns)
    listed = listed_frame(evidence)
    if listed is not None:
        return listed
    series = [item for item in evidence.series() if len(item.values) >= 3]
    if len(series) >= 2 and len({len(item.values) for item in series}) == 1:
        columns = [
            Column(name=item.name or f"x{index}", kind="number", values=item.values)
            for index, item in enumerate(series, start=1)
        ]
        return Frame(table=Table(source="question", columns=columns), columns=columns)
    raise NeedsInput(
        f"{what} needs a response and the settings beside it, row by row",
        "which column is the response and which are the predictors?",
    )


def listed_frame(evidence: Evidence) -> Frame | None:
    """Lists of one length in the text, or rows of the text that hold a label and figures."""
    found = read_listed_columns(evidence.reading.plain) or read_listed_rows(evidence.reading.plain)
    if not found:
        return None
    names: list[str] = []
    for index, item in enumerate(found, start=1):
        name = item.name or f"x{index}"
        names.append(name if name not in names else f"{name} {index}")
    columns = [_column(name, item.values) for name, item in zip(names, found, strict=True)]
    if len(columns) == 1:
        span = counted_range(evidence.reading.plain, len(found[0].values))
        if span is None:
            return None
        columns[0].name = re.sub(r"\s*\d.*", "", found[0].name)
        if columns[0].name in {"", span[0]}:
            columns[0].name = "count"
        columns.insert(0, _column(span[0], span[1]))
        found = [found[0], found[0]]
        names = [columns[0].name, columns[1].name]
    response = told_response(evidence.reading.plain, found)
    return Frame(
        table=Table(source="question", columns=columns),
        columns=columns,
        listed=found,
        response="" if response is None else names[response],
    )


def _column(name: str, values: Sequence[float | str]) -> Column:
    figures: list[float | None] = [value for value in values if isinstance(value, float)]
    if len(figures) == len(values):
        return Column(name=name, kind="number", values=figures)
    labels: list[str | None] = [str(value) for value in values]
    return Column(name=name, kind="text", values=labels)


def choose_response(evidence: Evidence, frame: Frame, *, counts: bool = False) -> Column:
    """The numeric column that the question makes the response."""
    numbers = [column for column in frame.columns if column.kind == "number"]
    if not numbers:
        raise NeedsInput("no column holds numbers", "which column is the response?")
    if counts:
        whole = [
            column
            for column in numbers
            if all(isinstance(v, float) and v >= 0 and v == int(v) for v in column.present)
        ]
        by_name = [column for column in whole if _COUNT.match(column.name)]
        told = [column for column in whole if column.name == frame.response]
        counted = _counted(evidence, frame, whole)
        numbers = by_name or counted or told or _not_settings(whole) or whole or numbers
    series = [
        Series(name=column.name, values=[], source=frame.source(column)) for column in numbers
    ]
    if len(numbers) == 1:
        return numbers[0]
    by_name = [column for column in numbers if is_response_name(column.name)]
    if by_name:
        return by_name[0]
    told = [column for column in numbers if column.name == frame.response]
    if told and not counts:
        return told[0]
    for column in numbers:
        name = re.escape(column.name.lower())
        if evidence.has(
            rf"(?<!\w){name}\s*~|\b(?:of|for)\s+(?:the\s+)?{name}\s+(?:on|by|with|from|against|using|as)\b"
            rf"|\b(?:predictors?|regress\w*|models?|selection|subsets?|analysis|glm|ancova)\s+"
            rf"(?:of|for)\s+(?:the\s+)?{name}(?!\w)"
        ):
            return column
    chosen = response_of(evidence, series)
    return numbers[series.index(chosen)]


def _counted(evidence: Evidence, frame: Frame, whole: list[Column]) -> list[Column]:
    """The list behind "bubbles per lens came out as" or "were counted"."""
    text = evidence.reading.plain
    return [
        column
        for item, column in zip(frame.listed, frame.columns, strict=False)
        if column in whole and _TO_COUNT.search(text[max(0, item.start - 40) : item.start])
    ][:1]


def _not_settings(whole: list[Column]) -> list[Column]:
    """The one list of whole numbers that is no size and no row of equal steps."""
    free = [
        column
        for column in whole
        if not _EXPOSURE.match(column.name)
        and not _SURE_EXPOSURE.search(column.name)
        and len({b - a for a, b in pairwise(_floats(column))}) > 1
    ]
    return free if len(free) == 1 else []


def _floats(column: Column) -> list[float]:
    return [value for value in column.present if isinstance(value, float)]


def predictors_of(evidence: Evidence, frame: Frame, *without: Column) -> list[Column]:
    """The columns that the question names as predictors, or all of them."""
    rest = [column for column in frame.columns if column not in without]
    if frame.listed:
        return rest
    named = mentioned(rest, evidence.text.split("\n")[0])
    every = evidence.has(
        r"\ball (?:the )?(?:other )?(?:predictors|columns|variables|factors)|~\s*\."
    )
    names = "|".join(re.escape(column.name.lower()) for column in rest)
    span = evidence.has(
        rf"(?<!\w)(?:{names})\s*(?:\.\.+|…|-|–|to|through|thru|until)\s*(?:{names})(?!\w)"
    )
    return named if named and not every and not span else rest


def complete_rows(binding: Binding, frame: Frame, columns: list[Column]) -> list[list[float | str]]:
    """The columns without the rows in which one of them has no value."""
    rows = [
        row
        for row in zip(*(column.values for column in columns), strict=True)
        if all(value is not None for value in row)
    ]
    dropped = frame.table.rows - len(rows)
    if dropped:
        binding.warn("{} rows with a missing value were left out", (dropped, frame.table.source))
    if not rows:
        raise NeedsInput("no row is complete", "which values belong together?")
    return [list(column) for column in zip(*rows, strict=True)]


def set_predictors(
    binding: Binding, frame: Frame, columns: list[Column], values: list[list[float | str]]
) -> None:
    """One numeric predictor as ``x``, anything else as named ``predictors``."""
    if len(columns) == 1 and columns[0].kind == "number":
        binding.set("x", values[0], frame.source(columns[0]))
        binding.set("x_name", columns[0].name, frame.source(columns[0]))
        return
    binding.set(
        "predictors",
        {column.name: value for column, value in zip(columns, values, strict=True)},
        ", ".join(frame.source(column) for column in columns)[:400],
    )


# counts --------------------------------------------------------------------------------


def bind_poisson_regression(evidence: Evidence, binding: Binding) -> None:
    frame = frame_of(evidence, "a Poisson regression")
    response = choose_response(evidence, frame, counts=True)
    exposure = _exposure_of(evidence, frame, response)
    predictors = predictors_of(evidence, frame, response, *([exposure] if exposure else []))
    if not predictors:
        raise NeedsInput("no predictor stands beside the counts", "on what may the rate depend?")
    columns = [response, *([exposure] if exposure else []), *predictors]
    values = complete_rows(binding, frame, columns)
    binding.set("counts", values[0], frame.source(response))
    binding.set("name", response.name, frame.source(response))
    if exposure is not None:
        binding.set("exposure", values[1], frame.source(exposure))
    set_predictors(binding, frame, predictors, values[-len(predictors) :])
    if all(column.kind == "number" for column in predictors):
        asked = asked_settings(evidence, [series_of(frame.table, column) for column in predictors])
        wanted = {predictors[index].name: value for index, (value, _) in sorted(asked.items())}
        if len(predictors) == 1:
            _asked_rates(evidence, binding, frame, predictors[0], response)
        elif wanted:
            binding.set("x_new", wanted, next(iter(asked.values()))[1])
        _per(evidence, binding)
    if evidence.has(r"\bnegative[\s-]binomial|\bneg\.?[\s-]bin"):
        binding.set("family", "negative_binomial", "question")
    elif evidence.has(r"\bquasi"):
        binding.set("family", "quasi_poisson", "question")
    evidence.alpha(binding)
    if "alpha" not in binding.args and (lone := lone_level(evidence.text)) is not None:
        binding.set("alpha", lone.alpha, lone.source)
    binding.echo(
        "{} is the count, {} the predictor" + (", {} the exposure" if exposure else ""),
        (response.name, frame.source(response)),
        (", ".join(column.name for column in predictors), frame.source(predictors[0])),
        *([(exposure.name, frame.source(exposure))] if exposure else []),
    )


_EXPECTED = re.compile(
    r"\b(?:expect\w*|predict\w*|guess|what\s+would|how\s+many|forecast\w*|estimate|rate\s+at|count\s+at)\b",
    re.IGNORECASE,
)
_PER = re.compile(
    r"\b(?:per|each|every|for)\s+(?:extra\s+|additional\s+|further\s+|more\s+)?(\d++(?:\.\d++)?)(?![\w.]*\d)"
    r"(?!\s*(?:%|percent)?\s*(?:conf|level|ci\b))",
    re.IGNORECASE,
)


def _asked_rates(
    evidence: Evidence, binding: Binding, frame: Frame, predictor: Column, response: Column
) -> None:
    """Settings at which a count is asked for; only where a sentence asks for one."""
    text = without_lists(evidence.reading.plain, frame.listed)
    if frame.listed and not _EXPECTED.search(text):
        return
    places = {id(column): item for item, column in zip(frame.listed, frame.columns, strict=False)}

    def series(column: Column) -> Series:
        item = places.get(id(column))
        source = f"question[{item.start}:{item.end}]" if item else frame.source(column)
        unit = item.unit if item else column.unit
        return Series(name=column.name, values=list(_floats(column)), source=source, unit=unit)

    settings, _ = asked_of(evidence, series(predictor), series(response))
    named = {value for column in frame.columns for value in re.findall(r"\d+", column.name)}
    settings = [item for item in settings if f"{item[0]:g}" not in named]
    if settings:
        values = [value for value, _ in settings]
        binding.set("x_new", values if len(values) > 1 else values[0], settings[0][1])


def _per(evidence: Evidence, binding: Binding) -> None:
    """ "rate ratio per 10 mJ/cm2", "what does each extra 10 % cost"."""
    if not evidence.has(r"\bratio|\bfactor|\brate\b|\bextra\b|\badditional\b|\btimes\b|\bmultipl"):
        return
    text = evidence.reading.plain
    for match in _PER.finditer(text):
        if any(
            item.start <= match.start(1) < item.end
            for block in evidence.reading.blocks
            for item in block.lists
        ):
            continue
        if float(match[1]) > 0:
            binding.set("per", float(match[1]), f"question[{match.start(1)}:{match.end(1)}]")
            return


def _exposure_of(evidence: Evidence, frame: Frame, response: Column) -> Column | None:
    """A column that the question, or its own name, makes the size of the units."""
    numbers = [
        column
        for column in frame.columns
        if column.kind == "number"
        and column is not response
        and all(isinstance(value, float) and value > 0 for value in column.present)
    ]
    others = [column for column in frame.columns if column is not response]
    if len(others) == 1 and not evidence.has(r"\bexposure|\boffset"):
        return None  # "per unit of speed": the only column beside the counts is the predictor
    for column in numbers:
        name = re.escape(column.name.lower())
        if evidence.has(
            rf"\b(?:exposure|offset)\W{{1,3}}(?:is\s+|are\s+|=\s*|by\s+|column\s+|log\(\s*)?{name}(?!\w)"
            rf"|(?<!\w){name}\s+(?:[a-z]+\s+){{0,2}}(?:is|as|being|are|gives)\s+(?:the\s+|an\s+)?(?:exposure|offset|size)"
            rf"|(?<!\w){name}\s+(?:is|are)\s+allowed\s+for|\bnormali[sz]ed\s+(?:by|to|with)\s+(?:the\s+)?{name}(?!\w)"
            rf"|\bper\s+(?:unit\s+(?:of\s+)?)?{name}(?!\w)"
        ):
            return column
    noted = {
        column.name
        for item, column in zip(frame.listed, frame.columns, strict=False)
        if re.search(r"exposure|offset", item.note, re.IGNORECASE)
    }
    for column in numbers:
        sure = len(others) > 1 and _SURE_EXPOSURE.search(column.name)
        if column.name in noted or sure:
            return column
    if evidence.has(r"\bexposure|\boffset|\brates?\b(?!\s+ratio)"):
        return next((column for column in numbers if _EXPOSURE.match(column.name)), None)
    return None


BINDERS: dict[str, Binder] = {"poisson_regression": bind_poisson_regression}
