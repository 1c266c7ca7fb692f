"""Arguments of models with several predictors, of which some may be labels."""

from __future__ import annotations

import re

import msgspec

from havoc.reading.question import Series
from havoc.reading.table import Column, Table
from havoc.reason.binding.arguments import Binding, NeedsInput
from havoc.reason.binding.evidence import Binder, Evidence
from havoc.reason.binding.lists import series_of
from havoc.reason.binding.mention import mentioned
from havoc.reason.binding.response import is_response_name, response_of
from havoc.reason.binding.settings import asked_settings

_INDEX = re.compile(
    r"^(?:#|no\.?|nr\.?|id|obs|observation|row|index|run|run ?order|std ?order)$", re.IGNORECASE
)
_EXPOSURE = re.compile(
    r"^(?:exposure|area|length|time|hours|units|size|inspected|sample ?size|n|volume|service|population|offset)\b",
    re.IGNORECASE,
)
_COUNT = re.compile(
    r"^(?:counts?|defects?|events?|failures?|breaks?|incidents?|stops?|flaws?|number|nonconformit\w*|accidents?|errors?|scratch\w*)",
    re.IGNORECASE,
)


class Frame(msgspec.Struct, kw_only=True):
    """Complete rows of the columns that a model may use."""

    table: Table
    columns: list[Column]

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
        numbers = by_name or whole or numbers
    series = [
        Series(name=column.name, values=[], source=frame.source(column)) for column in numbers
    ]
    if len(numbers) == 1:
        return numbers[0]
    by_name = [column for column in numbers if is_response_name(column.name)]
    if by_name:
        return by_name[0]
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


def predictors_of(evidence: Evidence, frame: Frame, *without: Column) -> list[Column]:
    """The columns that the question names as predictors, or all of them."""
    rest = [column for column in frame.columns if column not in without]
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
        if wanted:
            single = next(iter(wanted.values())) if len(predictors) == 1 else wanted
            binding.set("x_new", single, next(iter(asked.values()))[1])
    if evidence.has(r"\bnegative[\s-]binomial|\bneg\.?[\s-]bin"):
        binding.set("family", "negative_binomial", "question")
    elif evidence.has(r"\bquasi"):
        binding.set("family", "quasi_poisson", "question")
    evidence.alpha(binding)
    binding.echo(
        "{} is the count, {} the predictor" + (", {} the exposure" if exposure else ""),
        (response.name, frame.source(response)),
        (", ".join(column.name for column in predictors), frame.source(predictors[0])),
        *([(exposure.name, frame.source(exposure))] if exposure else []),
    )


def _exposure_of(evidence: Evidence, frame: Frame, response: Column) -> Column | None:
    """A column that the question, or its own name, makes the size of the units."""
    numbers = [
        column
        for column in frame.columns
        if column.kind == "number"
        and column is not response
        and all(isinstance(value, float) and value > 0 for value in column.present)
    ]
    for column in numbers:
        name = re.escape(column.name.lower())
        if evidence.has(
            rf"\b(?:exposure|offset)\W{{1,3}}(?:is\s+|are\s+|=\s*|by\s+|column\s+|log\(\s*)?{name}(?!\w)"
            rf"|(?<!\w){name}\s+(?:is|as|being|are|gives)\s+(?:the\s+|an\s+)?(?:exposure|offset|size)"
            rf"|\bper\s+(?:unit\s+(?:of\s+)?)?{name}(?!\w)"
        ):
            return column
    if evidence.has(r"\bexposure|\boffset|\brates?\b(?!\s+ratio)"):
        return next((column for column in numbers if _EXPOSURE.match(column.name)), None)
    return None


# selection of predictors ------------------------------------------------------------------


def bind_regression_stepwise(evidence: Evidence, binding: Binding) -> None:
    _bind_selection(evidence, binding, "stepwise selection", labels=True)
    forward = evidence.has(r"\bforward(?:s)?\b")
    backward = evidence.has(r"\bbackward(?:s)?\b|\belimination\b")
    if forward != backward:
        binding.set("direction", "forward" if forward else "backward", "question")
    if evidence.has(r"\bbic\b|\bbayesian\b|\bschwarz"):
        binding.set("criterion", "bic", "question")
    elif evidence.has(r"\baic\b|\bakaike"):
        binding.set("criterion", "aic", "question")
    for name, pattern in (
        ("alpha_to_enter", r"\b(?:alpha|p)[\s-]+(?:value\s+)?(?:to|of)[\s-]+enter\w*"),
        (
            "alpha_to_remove",
            r"\b(?:alpha|p)[\s-]+(?:value\s+)?(?:to|of)[\s-]+(?:remove|leave|stay)\w*",
        ),
    ):
        found = re.search(
            rf"{pattern}\s*(?:is|of|=|:)?\s*(0?\.\d+)", evidence.reading.plain, re.IGNORECASE
        )
        if found:
            place = f"question[{found.start(1)}:{found.end(1)}]"
            binding.set(name, float(found[1]), place)
    if not {"alpha_to_enter", "alpha_to_remove"} & set(binding.args):
        evidence.alpha(binding)
    enter = binding.args.get("alpha_to_enter", 0.15)
    if enter > binding.args.get("alpha_to_remove", 0.15):
        binding.set("alpha_to_remove", enter, "as alpha_to_enter")


_SUBSET_CRITERIA: tuple[tuple[str, str], ...] = (
    (r"\badj\w*\W{0,3}r", "adj_r_squared"),
    (r"\bbic\b|\bbayesian\b|\bschwarz", "bic"),
    (r"\baic\b|\bakaike", "aic"),
    (r"\bpress\b|\bpredicted r", "press"),
    (r"\bcp\b|\bc_p\b|\bmallow", "cp"),
)


def bind_best_subsets(evidence: Evidence, binding: Binding) -> None:
    _bind_selection(evidence, binding, "best subsets", labels=False)
    for pattern, name in _SUBSET_CRITERIA:
        if evidence.has(pattern):
            binding.set("criterion", name, "question")
            break
    evidence.alpha(binding)


def _bind_selection(evidence: Evidence, binding: Binding, what: str, *, labels: bool) -> None:
    frame = frame_of(evidence, what)
    response = choose_response(evidence, frame)
    predictors = [
        column
        for column in predictors_of(evidence, frame, response)
        if labels or column.kind == "number"
    ]
    if len(predictors) < 2:
        rest = [column for column in frame.columns if column is not response]
        predictors = [column for column in rest if labels or column.kind == "number"]
    if len(predictors) < 2:
        raise NeedsInput(
            f"{what} chooses among several predictors, and one was found",
            "which columns are candidates?",
        )
    values = complete_rows(binding, frame, [response, *predictors])
    binding.set("y", values[0], frame.source(response))
    binding.set("response", response.name, frame.source(response))
    binding.set(
        "predictors",
        {column.name: value for column, value in zip(predictors, values[1:], strict=True)},
        ", ".join(frame.source(column) for column in predictors)[:400],
    )
    binding.echo(
        "{} is the response, the candidates are {}",
        (response.name, frame.source(response)),
        (", ".join(column.name for column in predictors), frame.source(predictors[0])),
    )


BINDERS: dict[str, Binder] = {
    "poisson_regression": bind_poisson_regression,
    "regression_stepwise": bind_regression_stepwise,
    "best_subsets": bind_best_subsets,
}
