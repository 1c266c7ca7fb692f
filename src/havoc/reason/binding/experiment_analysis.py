"""Arguments of the analysis of experiments: effects and response surfaces."""

from __future__ import annotations

import re

import msgspec

from havoc.reading.factor_names import COUNT, number_of, read_names
from havoc.reading.notation import normalise
from havoc.reading.prose import mask
from havoc.reading.question import Series
from havoc.reading.run_results import (
    RunResults,
    read_center_values,
    read_responses,
    read_run_results,
)
from havoc.reading.table import Column, Table
from havoc.reason.binding.arguments import Binding, NeedsInput
from havoc.reason.binding.design_terms import DESIGN_TOKEN
from havoc.reason.binding.designs import read_generators
from havoc.reason.binding.evidence import Binder, Evidence
from havoc.reason.binding.mention import mentioned


def design_table(evidence: Evidence) -> tuple[Table, list[Column], Column, Column | None]:
    """Table, factor columns, response column and block column of an experiment."""
    for table in evidence.tables:
        block = next(
            (column for column in table.columns if re.match(r"^block", column.name, re.IGNORECASE)),
            None,
        )
        columns = [
            column
            for column in table.columns
            if column is not block
            and not re.match(
                r"^(?:#|no\.?|run(?:[\s_]?order)?|std(?:[\s_]?order)?|order|id)$",
                column.name,
                re.IGNORECASE,
            )
        ]
        numbers = [column for column in columns if column.kind == "number"]
        if len(columns) >= 2 and numbers:
            response = _response(evidence, numbers)
            others = further_responses(columns)
            chosen = [
                column for column in columns if column is not response and column not in others
            ]
            if chosen:
                return table, chosen, response, block
    raise NeedsInput(
        "the settings of the factors and the response of every run are needed",
        "which settings were run, and what was measured in each?",
    )


_LEAST_MEASURED = 4
_MOSTLY_DIFFERENT = 0.7


def further_responses(columns: list[Column]) -> list[Column]:
    """Numbers that hardly ever repeat beside two or more columns of settings that do.

    A file with several responses is no experiment with the other responses as factors.
    """
    repeated = [
        column for column in columns if 2 <= len(set(column.present)) <= len(column.present) / 2
    ]
    if len(repeated) < 2:
        return []
    return [
        column
        for column in columns
        if column.kind == "number"
        and len(set(column.present))
        >= max(_LEAST_MEASURED, _MOSTLY_DIFFERENT * len(column.present))
    ]


def _response(evidence: Evidence, numbers: list[Column]) -> Column:
    measured = further_responses(numbers)
    asked = mentioned(measured, evidence.text) if len(measured) >= 2 else []
    if len(asked) == 1:
        return asked[0]
    named = [
        column
        for column in numbers
        if re.match(r"^(?:y\d?|response|result|yield|output)$", column.name, re.IGNORECASE)
    ]
    if named:
        return named[0]
    plausible = [column for column in numbers if len(set(column.present)) > 3]
    return plausible[-1] if plausible and len(plausible) != len(numbers) else numbers[-1]


RANDOM_BLOCKS = r"\brandom\s+blocks?\b|\bblocks?\s+(?:is|are|as)\s+(?:a\s+)?random"
_SIGN_CODES = {"-": -1.0, "−": -1.0, "–": -1.0, "+": 1.0, "0": 0.0}


def bind_doe_analyze(evidence: Evidence, binding: Binding) -> None:
    try:
        table, columns, response, block = design_table(evidence)
    except NeedsInput:
        if not evidence.tables:
            _from_prose(evidence, binding)
        else:
            # What was taken for a table may be settings with results: "60,1: 5 / 90,1: 7".
            found = _run_results(evidence, normalise(evidence.reading.text))
            if found is None:
                raise
            _set_results(binding, found)
    else:
        binding.set("factors", {column.name: _settings(column) for column in columns}, table.source)
        binding.set(
            "response",
            [_number(value) for value in response.values],
            f"{table.source}#{response.name}",
        )
        binding.set("response_name", response.name, table.source)
        if block is not None:
            binding.set("block", [str(_cell(value)) for value in block.values], table.source)
            if evidence.has(RANDOM_BLOCKS):
                binding.set("random_block", True, "question")
        binding.echo(
            "factors {}, response {}",
            ([column.name for column in columns], table.source),
            (response.name, table.source),
        )
    if evidence.has(r"\breduc\w+|\bbackward|\bdrop (?:the )?(?:in|non)significant|\bprune\b"):
        binding.set("reduce", "backward", "question")
    if evidence.has(r"\bdispersion\b|\bchanges? the (?:scatter|spread|variability)\b"):
        binding.set("dispersion", True, "question")
        binding.set("reduce", "backward", "question")
    evidence.alpha(binding)


def _settings(column: Column) -> list[float | str]:
    """Settings of a column; signs as coded figures."""
    cells = [_cell(value) for value in column.values]
    if all(isinstance(cell, str) and cell.strip() in _SIGN_CODES for cell in cells):
        return [_SIGN_CODES[str(cell).strip()] for cell in cells]
    return cells


def _cell(value: float | str | None) -> float | str:
    if value is None:
        raise NeedsInput("a factor setting is missing", "which setting was used in that run?")
    return value


def _number(value: float | str | None) -> float:
    if not isinstance(value, float):
        raise NeedsInput("a response is missing", "what was measured in that run?")
    return value


def _from_prose(evidence: Evidence, binding: Binding) -> None:
    """Settings with responses, named columns, or responses in standard order."""
    text = evidence.reading.plain
    center = read_center_values(text)
    if center is not None:
        values, start, end = center
        binding.set("center_response", values, f"question[{start}:{end}]")
        text = mask(text, start, end)
    names = read_names(text)
    found = _run_results(evidence, text)
    if found is not None:
        _set_results(binding, found)
        return
    columns = prose_columns(evidence)
    if columns is not None:
        _set_columns(binding, *columns)
        return
    _standard_order(evidence, binding, text, names)


def _run_results(evidence: Evidence, text: str) -> RunResults | None:
    """Settings with results; as typed, where commas between settings look like decimal commas."""
    return read_run_results(text, read_names(text)) or read_run_results(
        evidence.reading.text, read_names(evidence.reading.text)
    )


def _set_results(binding: Binding, found: RunResults) -> None:
    binding.set("factors", found.factors, found.source)
    binding.set("response", found.response, found.source)
    if found.response_name:
        binding.set("response_name", found.response_name, found.source)


_ORDER_KNOWN = (
    r"\border(?:ed)?\b|\bstd\b|\bstandard\b|\byates\b|\bcorners?\b|\bcyclic\b|\bpb\s?-?\d|\bgenerator|\b2\s?(?:x|×|by)\s?2\b|"
    r"\b(?:your|the|that)\s+(?:list|sheet|plan|table|matrix)\b"
)
_ORDER_LOST = (
    r"\b(?:forg[eo]t\w*|lost|don'?t\s+(?:know|remember|have)|no\s+idea|not\s+sure|can'?t\s+(?:find|remember))\b"
    r"[^.;]{0,40}\b(?:settings?|order|which|sheet|plan|factors?)\b"
)


def _standard_order(evidence: Evidence, binding: Binding, text: str, names: list[str]) -> None:
    read = read_responses(text)
    if read is None:
        raise NeedsInput(
            "the settings and responses of the experiment are missing",
            "which settings were run, and what was measured in each?",
        )
    responses, source = read
    count = len(responses)
    token = DESIGN_TOKEN.search(evidence.text)
    if evidence.has(_ORDER_LOST) or not (token or evidence.has(_ORDER_KNOWN)):
        raise NeedsInput(
            f"{count} responses were given without the settings they belong to",
            "which settings were run in which order (is it the standard order of the design)?",
        )
    screening = evidence.has(r"\bplackett|\bburman|\bpb\s?-?\d{0,2}\b")
    generators = read_generators(evidence.reading.text)
    if screening and count % 4 == 0:
        binding.set("design", "plackett_burman", "question")
        if 2 <= len(names) < count:
            binding.set("factor_names", names, "question")
    elif token:
        expected = 2 ** (int(token[2]) - int(token[3] or 0))
        if count % expected:
            raise NeedsInput(
                f"a design of {expected} runs needs a multiple of {expected} responses, "
                f"and {count} were given",
                "which responses are missing?",
            )
        binding.set("n_factors", int(token[2]), "question")
        if generators:
            binding.set("generators", generators, "question")
        elif token[3]:
            raise NeedsInput(
                f"{count} responses of a fraction were given without its generators",
                "which generators made the fraction, for example D=ABC?",
            )
    elif count & (count - 1) == 0:
        binding.set("n_factors", count.bit_length() - 1, "question")
    else:
        raise NeedsInput(
            f"{count} responses were given without the settings they belong to",
            "which settings were run in which order?",
        )
    binding.set("response", responses, source)
    binding.echo("{} responses are taken in standard order", (count, source))


# response surfaces ------------------------------------------------------------

_VARIABLE = r"[A-Za-z]\d{0,2}"
_POWER = r"(?:\s?\^\s?[1-4]|²|\*\*[1-4])?"
_TERM = (
    rf"(?:\d++(?:\.\d++)?\s?\*?\s?(?:{_VARIABLE}{_POWER}(?:\s?[*·]\s?)?(?:{_VARIABLE}{_POWER})?(?![A-Za-z\d]))?"
    rf"|{_VARIABLE}{_POWER}(?:\s?[*·]\s?)?(?:{_VARIABLE}{_POWER})?(?![A-Za-z\d]))"
)
POLYNOMIAL = re.compile(rf"(?<![\w.^])[-+]?\s?{_TERM}(?:\s?[-+]\s?{_TERM})+(?![\w^])")
_COEFFICIENT = re.compile(
    r"\b(?P<name>b\d{1,2})\s*[=:]?\s*(?P<value>[-+]?(?:\d++(?:\.\d++)?|\.\d++))(?![\w.]*\d)", re.I
)
_STEPS = re.compile(rf"(?<![\w.]){COUNT}\s+(?:steps|points\s+(?:on|along))\b", re.I)
_STEP = re.compile(
    rf"\bsteps?\s+(?:size\s+)?(?:of\s+|=\s*)?(?P<size>\d++(?:\.\d++)?)\b(?:\s+(?:coded\s+)?(?:units?\s+)?(?:in|of|for)\s+"
    rf"(?P<factor>{_VARIABLE})\b)?"
    rf"|\b(?P<factor2>{_VARIABLE})\s+is\s+(?:advanced|increased|moved|changed)\s+by\s+(?P<size2>\d++(?:\.\d++)?|one|two|half)\b",
    re.I,
)


def polynomials(text: str) -> list[re.Match[str]]:
    """Polynomials in the text: with a variable, a figure and at least two terms."""
    return [
        match
        for match in POLYNOMIAL.finditer(text)
        if re.search(r"[A-Za-z]", match[0])
        and re.search(r"\d", re.sub(rf"{_VARIABLE}", "", match[0]))
    ]


def bind_response_surface(evidence: Evidence, binding: Binding) -> None:
    text = evidence.reading.plain
    if evidence.has(
        r"\b(?:lowest|minimi[sz]e|minimum wanted|least|smallest|(?:find|want|the) minimum|descent)\b"
    ):
        binding.set("goal", "minimize", "question")
    if evidence.has(r"\b(?:inside|within|in) the (?:cube|coded (?:region|range)|region)"):
        binding.set("bounds", [-1.0, 1.0], "question")
    columns = None if evidence.tables else prose_columns(evidence)
    coefficients = {match["name"].lower(): match for match in _COEFFICIENT.finditer(text)}
    if len(coefficients) >= 3 and columns is None and not evidence.tables:
        matches = list(coefficients.values())
        binding.set(
            "coefficients",
            {name: float(match["value"]) for name, match in coefficients.items()},
            f"question[{matches[0].start()}:{matches[-1].end()}]",
        )
        _path(evidence, binding, "")
        return
    found = max(polynomials(text), key=lambda match: len(match[0]), default=None)
    if found is not None and columns is None and not evidence.tables:
        expression = found[0].strip()
        binding.set("expression", expression, f"question[{found.start()}:{found.end()}]")
        _path(evidence, binding, expression)
        return
    _path(evidence, binding, "")
    if evidence.tables:
        _surface_table(evidence, binding)
        return
    if columns is not None:
        _set_columns(binding, *columns)
        return
    runs = _run_results(evidence, text)
    if runs is None:
        raise NeedsInput(
            "a response surface needs the settings of at least two factors and the response of every run",
            "which settings were run, and what was measured in each?",
        )
    _set_results(binding, runs)


def _path(evidence: Evidence, binding: Binding, expression: str) -> None:
    """Path of steepest ascent: how many steps, and how long they are."""
    text = evidence.reading.plain
    if not evidence.has(r"\bsteep\w*|\bpath of\b"):
        return
    steps = _STEPS.search(text)
    if steps:
        binding.set("steps", number_of(steps["count"]), f"question[{steps.start()}:{steps.end()}]")
    else:
        binding.set("steps", 5, "default")
    step = _STEP.search(text)
    if not step:
        return
    written = step["size"] or step["size2"]
    size = {"one": 1.0, "two": 2.0, "half": 0.5}.get(written.lower()) or float(written)
    factor = step["factor"] or step["factor2"] or ""
    slopes = _slopes(expression)
    own = next((slope for name, slope in slopes.items() if name.lower() == factor.lower()), 0.0)
    if own:
        # The tool takes the step of the factor with the largest slope.
        size *= max(map(abs, slopes.values())) / abs(own)
    binding.set("step", size, f"question[{step.start()}:{step.end()}]")


def _slopes(expression: str) -> dict[str, float]:
    """Coefficients of the linear terms, in figures as written."""
    slopes = {}
    for match in re.finditer(
        rf"(?P<sign>^|[-+])\s*(?P<value>\d++(?:\.\d++)?)?\s*\*?\s*(?P<name>{_VARIABLE})(?=\s*(?:[-+]|$))",
        expression,
    ):
        value = float(match["value"] or 1)
        slopes[match["name"]] = -value if match["sign"] == "-" else value
    return slopes


def _surface_table(evidence: Evidence, binding: Binding) -> None:
    table, columns, response, block = design_table(evidence)
    numeric = [column for column in columns if column.kind == "number"]
    binding.set(
        "factors",
        {column.name: [_number(value) for value in column.values] for column in numeric},
        table.source,
    )
    binding.set(
        "response", [_number(value) for value in response.values], f"{table.source}#{response.name}"
    )
    binding.set("response_name", response.name, table.source)
    binding.echo(
        "factors {}, response {}",
        ([column.name for column in numeric], table.source),
        (response.name, table.source),
    )
    if block is not None:
        binding.set("block", [str(_cell(value)) for value in block.values], table.source)
        if evidence.has(RANDOM_BLOCKS):
            binding.set("random_block", True, "question")


def prose_columns(evidence: Evidence) -> tuple[list[Series], Series] | None:
    """Named lists of equal length: the factors, and the response (the one called y, or the last)."""
    named = [_with_name(evidence, item) for item in evidence.reading.series]
    named = [item for item in named if item.name and len(item.values) >= 4]
    if len(named) < 2:
        return None
    lengths = [len(item.values) for item in named]
    usual = max(set(lengths), key=lengths.count)
    fitting = [item for item in named if len(item.values) == usual]
    if len(fitting) < 2:
        return None
    response = next(
        (
            item
            for item in fitting
            if re.match(r"^(?:y|response|yield|result)", item.name, re.IGNORECASE)
        ),
        fitting[-1],
    )
    others = [item for item in fitting if item is not response]
    odd = [item for item in named if len(item.values) != usual and len(item.values) >= usual - 1]
    if odd and not any(item.name.lower().startswith("cent") for item in odd):
        raise NeedsInput("the columns have different lengths", "which value is missing?")
    if any(item.missing for item in fitting):
        raise NeedsInput("a value of a run is missing", "what was measured in that run?")
    return others, response


def _with_name(evidence: Evidence, item: Series) -> Series:
    """The word before a list names it, also where the word is a unit (pH, t)."""
    place = re.fullmatch(r"question\[(\d+):\d+\]", item.source)
    if item.name or place is None:
        return item
    start = int(place[1])
    word = re.search(
        r"([A-Za-z]\w*)\s*(?:°\s?[CFK]|%|\([^()]{0,12}\))?\s*[:=]?\s*$",
        evidence.reading.plain[max(0, start - 24) : start],
    )
    return msgspec.structs.replace(item, name=word[1]) if word else item


def _set_columns(binding: Binding, others: list[Series], response: Series) -> None:
    binding.set("factors", {item.name: item.numbers for item in others}, others[0].source)
    binding.set("response", response.numbers, response.source)
    binding.set("response_name", response.name, response.source)


BINDERS: dict[str, Binder] = {
    "doe_analyze": bind_doe_analyze,
    "response_surface": bind_response_surface,
}
