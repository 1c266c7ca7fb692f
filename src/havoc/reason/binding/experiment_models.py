"""Arguments of the analysis of factorials, Latin squares, split plots, mixtures and paths."""

from __future__ import annotations

import re

from havoc.reading.table import Column, Table
from havoc.reason.binding.arguments import Binding, NeedsInput
from havoc.reason.binding.evidence import Binder, Evidence
from havoc.reason.binding.experiment_analysis import design_table, prose_columns
from havoc.reason.binding.mention import mentioned
from havoc.reason.binding.told_frames import or_told

_REPLICATE = re.compile(r"^(?:block|rep(?:licate|lication)?|day|week|shift)s?$", re.IGNORECASE)
_WHOLE_PLOT = re.compile(r"^(?:whole[\s_-]?plots?|wp|main[\s_-]?plots?|plots?)$", re.IGNORECASE)
_SUB_PLOT = re.compile(r"^(?:sub[\s_-]?plots?|sp)$", re.IGNORECASE)
_SQUARE = re.compile(r"^(?:squares?|latin[\s_-]?squares?)$", re.IGNORECASE)
_GREEK = re.compile(r"^greek\w*$", re.IGNORECASE)
_ROW = re.compile(r"^rows?$", re.IGNORECASE)
_COLUMN = re.compile(r"^col(?:umn)?s?$", re.IGNORECASE)
_TREATMENT = re.compile(r"^(?:treat\w*|trt|latin|letter)$", re.IGNORECASE)
_NAME = r"[A-Za-z][\w ]{0,30}?"

Rows = list[int]


def _columns(evidence: Evidence, what: str) -> tuple[Table, list[Column], Column, Column | None]:
    try:
        return design_table(evidence)
    except NeedsInput:
        raise NeedsInput(
            f"{what} needs one column a factor and one with the response",
            "which settings were run, and what was measured in each run?",
        ) from None


def _cells(column: Column, rows: Rows) -> list[float | str]:
    """The settings of the runs that count; a missing one is a question."""
    found: list[float | str] = []
    for row in rows:
        value = column.values[row]
        if value is None:
            raise NeedsInput(
                f"a setting of {column.name} is missing",
                f"which {column.name} was used in run {row + 1}?",
            )
        found.append(value)
    return found


def _measured(binding: Binding, table: Table, response: Column) -> Rows:
    """Runs with a response; those without are left out, and said so."""
    rows = [row for row, value in enumerate(response.values) if value is not None]
    if len(rows) < len(response.values):
        binding.warn(
            "{} runs without a response were left out",
            (len(response.values) - len(rows), table.source),
        )
    return rows


def _set_response(binding: Binding, table: Table, response: Column, rows: Rows) -> None:
    values = [response.values[row] for row in rows]
    binding.set("response", values, f"{table.source}#{response.name}")
    binding.set("response_name", response.name, table.source)
    if response.unit:
        binding.set("unit", response.unit, table.source)


def _taken(columns: list[Column], pattern: re.Pattern[str]) -> Column | None:
    return next((column for column in columns if pattern.match(column.name)), None)


def _reduction(evidence: Evidence, binding: Binding) -> None:
    if evidence.has(r"\breduc\w+|\bbackward|\bdrop (?:the )?(?:in|non)significant|\bprune\b"):
        binding.set("reduce", "backward", "question")


def _order(evidence: Evidence, binding: Binding) -> None:
    if evidence.has(r"\bmain effects only|\bno interactions?\b|without (?:the )?interactions?"):
        binding.set("order", 1, "question")
    elif evidence.has(
        r"\btwo-?\s?(?:factor|way) interactions? only|\bup to two-?\s?(?:factor|way)"
    ):
        binding.set("order", 2, "question")


def bind_factorial_anova(evidence: Evidence, binding: Binding) -> None:
    table, columns, response, block = _columns(evidence, "a factorial analysis")
    rows = _measured(binding, table, response)
    named = mentioned(columns, evidence.text)
    if block is None and evidence.has(r"\bblock"):
        block = _taken(columns, _REPLICATE)
    factors = [column for column in columns if column is not block]
    if len(named) >= 2 and len(named) < len(factors) and block not in named:
        factors = [column for column in factors if column in named]
    binding.set("factors", {column.name: _cells(column, rows) for column in factors}, table.source)
    _set_response(binding, table, response, rows)
    if block is not None:
        binding.set("block", _cells(block, rows), f"{table.source}#{block.name}")
    for pattern, value in ((r"type\s*(?:iii|3)\b", 3), (r"type\s*(?:ii|2)\b", 2)):
        if evidence.has(pattern):
            binding.set("ss_type", value, "question")
            break
    _order(evidence, binding)
    _reduction(evidence, binding)
    evidence.alpha(binding)
    binding.echo(
        "factors {}, response {}",
        ([column.name for column in factors], table.source),
        (response.name, table.source),
    )


def bind_split_plot_analysis(evidence: Evidence, binding: Binding) -> None:
    table, columns, response, block = _columns(evidence, "a split-plot analysis")
    rows = _measured(binding, table, response)
    plots, inner = _taken(columns, _WHOLE_PLOT), _taken(columns, _SUB_PLOT)
    if block is None:
        block = _taken(columns, _REPLICATE)
    factors = [column for column in columns if column not in (plots, inner, block)]
    hard = _hard_factors(evidence, factors)
    if plots is None and not hard:
        names = " or ".join(column.name for column in factors[:6])
        raise NeedsInput(
            "it is not said which factors were hard to change",
            f"which factor was set only once for several runs: {names}?",
        )
    binding.set("factors", {column.name: _cells(column, rows) for column in factors}, table.source)
    _set_response(binding, table, response, rows)
    if hard:
        binding.set("whole_plot_factors", [column.name for column in hard], "question")
    for name, column in (("whole_plot", plots), ("block", block), ("sub_plot", inner)):
        if column is not None:
            binding.set(name, _cells(column, rows), f"{table.source}#{column.name}")
    if evidence.has(r"\breml\b|restricted maximum|mixed model"):
        binding.set("approach", "reml", "question")
    if evidence.has(r"\bsatterthwaite|\blmertest"):
        binding.set("df_method", "satterthwaite", "question")
        binding.set("approach", "reml", "question")
    _order(evidence, binding)
    evidence.alpha(binding)
    binding.echo(
        "factors {}, hard to change {}, response {}",
        ([column.name for column in factors], table.source),
        ([column.name for column in hard] or "as the whole plots say", table.source),
        (response.name, table.source),
    )


_HARD_WORDS = (
    r"hard(?:er)?[\s-]to[\s-]change|hard|whole[\s-]?plots?(?:\s+factors?)?|main[\s-]?plots?|htc|"
    r"set\s+once|(?:changed|set)\s+only\s+once|batch\s+factors?|per\s+(?:batch|load|day)"
)


_EASY_WORDS = r"easy|easily|sub[\s-]?plots?|split[\s-]?plot\s+factors?|etc\b"
_BE = r"(?:is|was|were|are|being|as|a|the|very)\s+"


def _hard_factors(evidence: Evidence, factors: list[Column]) -> list[Column]:
    """ "temperature is hard to change", "whole-plot factor: temperature".

    In "oven temp whole plot, coating sub plot" the words stand behind each factor, so that
    "whole plot" is taken by the one before it.
    """
    taken: set[int] = set()
    found = []
    names = {
        column.name: re.sub(r"\\ |_|\\-", r"[\\s_-]", re.escape(column.name.lower()))
        for column in factors
    }
    for column in factors:
        name = names[column.name]
        before = rf"\b{name}\b\s*(?:{_BE}|\(){{0,3}}(?P<words>{_HARD_WORDS})"
        match = re.search(before, evidence.text)
        if match:
            taken.add(match.end("words"))
            found.append(column)
    for column in factors:
        name = names[column.name]
        after = rf"\b(?P<words>{_HARD_WORDS})\s*(?:factors?)?\s*(?:{_BE}|[:=(]\s*){{0,3}}{name}\b"
        easy = re.search(rf"\b{name}\b\s*(?:{_BE}|\(){{0,3}}(?:{_EASY_WORDS})", evidence.text)
        match = re.search(after, evidence.text)
        if match and not easy and match.end("words") not in taken and column not in found:
            found.append(column)
    return [column for column in factors if column in found]


def bind_latin_square_analysis(evidence: Evidence, binding: Binding) -> None:
    table, columns, response, _ = _columns(evidence, "a Latin square")
    parts = {
        "square": _taken(columns, _SQUARE),
        "greek": _taken(columns, _GREEK),
        "rows": _taken(columns, _ROW),
        "columns": _taken(columns, _COLUMN),
        "treatment": _taken(columns, _TREATMENT),
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
            binding.set(name, _cells(column, every), f"{table.source}#{column.name}")
    treatment = parts["treatment"]
    assert treatment is not None
    binding.set("treatment_name", treatment.name, table.source)
    _set_response(binding, table, response, every)
    evidence.alpha(binding)
    binding.echo(
        "rows {}, columns {}, treatments {}, response {}",
        *(
            (column.name, table.source)
            for column in (parts["rows"], parts["columns"], treatment, response)
            if column is not None
        ),
    )


_MODELS = (
    (r"\bspecial[\s-]cubic", "special_cubic"),
    (r"\bfull[\s-]cubic|\bcubic", "full_cubic"),
    (r"\bquadratic|\bsecond[\s-]order", "quadratic"),
    (r"\blinear\s+(?:mixture|blending|scheff|model)|\bfirst[\s-]order", "linear"),
    (r"\bwhich (?:model|order)\b|\bbest model\b|\bchoose the (?:model|order)", "auto"),
)


def _goal(evidence: Evidence, binding: Binding) -> None:
    if evidence.has(
        r"\b(?:lowest|minimi[sz]e\w*|minimum|least|smallest|descent|reduce|as low as)\b"
    ):
        binding.set("goal", "minimize", "question")


def bind_mixture_analysis(evidence: Evidence, binding: Binding) -> None:
    names, shares, source = _mixture_columns(evidence, binding)
    binding.set("components", dict(zip(names, shares, strict=True)), source)
    for pattern, model in _MODELS:
        if evidence.has(pattern):
            binding.set("model", model, "question")
            break
    if evidence.has(r"\bpseudo"):
        binding.set("pseudo_components", True, "question")
    if evidence.has(r"\bpiepel"):
        binding.set("direction", "piepel", "question")
    _goal(evidence, binding)
    evidence.alpha(binding)


def _mixture_columns(
    evidence: Evidence, binding: Binding
) -> tuple[list[str], list[list[float]], str]:
    """Components and response, from a table or from lists in the question."""
    if not evidence.tables:
        found = prose_columns(evidence)
        if found is None:
            raise NeedsInput(
                "the blends and their responses are missing",
                "which shares were run, and what was measured of each blend?",
            )
        others, response = found
        binding.set("response", response.numbers, response.source)
        binding.set("response_name", response.name, response.source)
        return [item.name for item in others], [item.numbers for item in others], others[0].source
    table, columns, measured, _ = _columns(evidence, "a mixture analysis")
    rows = _measured(binding, table, measured)
    numeric = [column for column in columns if column.kind == "number"]
    _set_response(binding, table, measured, rows)
    binding.echo(
        "components {}, response {}",
        ([column.name for column in numeric], table.source),
        (measured.name, table.source),
    )
    shares = [
        [float(value) for value in _cells(column, rows) if isinstance(value, float)]
        for column in numeric
    ]
    return [column.name for column in numeric], shares, table.source


def _surface_columns(evidence: Evidence, binding: Binding) -> None:
    if not evidence.tables:
        found = prose_columns(evidence)
        if found is None:
            raise NeedsInput(
                "the settings and the response of every run are needed",
                "which settings were run, and what was measured in each?",
            )
        others, response = found
        binding.set("factors", {item.name: item.numbers for item in others}, others[0].source)
        binding.set("response", response.numbers, response.source)
        binding.set("response_name", response.name, response.source)
        return
    table, columns, measured, block = _columns(evidence, "a response surface")
    rows = _measured(binding, table, measured)
    if block is None:
        block = _taken(columns, _REPLICATE)
    numeric = [column for column in columns if column.kind == "number" and column is not block]
    binding.set("factors", {column.name: _cells(column, rows) for column in numeric}, table.source)
    _set_response(binding, table, measured, rows)
    if block is not None:
        binding.set("block", _cells(block, rows), f"{table.source}#{block.name}")
    binding.echo(
        "factors {}, response {}",
        ([column.name for column in numeric], table.source),
        (measured.name, table.source),
    )


_STEPS = re.compile(r"(?<![\w.])(?P<count>\d{1,3})\s+(?:steps|points)\b", re.IGNORECASE)
_STEP = re.compile(
    r"\bsteps?\s+(?:size\s+)?(?:of\s+|=\s*)?(?P<size>\d++(?:\.\d++)?)\s*(?P<unit>coded|[^\W\d]\w{0,8})?"
    rf"\s*(?:units?\s+)?(?:in|of|for)\s+(?P<factor>{_NAME})\b",
    re.IGNORECASE,
)
_RADIUS = re.compile(
    r"\b(?:radius|distance)\s*(?:of|=|up to|to)?\s*(?P<size>\d++(?:\.\d++)?)", re.IGNORECASE
)


def bind_ridge_analysis(evidence: Evidence, binding: Binding) -> None:
    _surface_columns(evidence, binding)
    _goal(evidence, binding)
    text = evidence.reading.plain
    steps, radius = _STEPS.search(text), _RADIUS.search(text)
    if steps:
        binding.set("steps", int(steps["count"]), f"question[{steps.start()}:{steps.end()}]")
    if radius:
        place = f"question[{radius.start('size')}:{radius.end('size')}]"
        binding.set("max_radius", float(radius["size"]), place)
    evidence.alpha(binding)


def bind_steepest_ascent(evidence: Evidence, binding: Binding) -> None:
    _surface_columns(evidence, binding)
    if evidence.has(r"\bdescent\b") or not evidence.has(r"\bascent\b"):
        _goal(evidence, binding)
    if evidence.has(r"\bcanonical\s+path"):
        binding.set("kind", "canonical", "question")
    elif evidence.has(r"\bsecond[\s-]order|\bquadratic|\bridge\b|\bcurved path"):
        binding.set("kind", "ridge", "question")
    text = evidence.reading.plain
    steps, step = _STEPS.search(text), _STEP.search(text)
    if steps:
        binding.set("steps", int(steps["count"]), f"question[{steps.start()}:{steps.end()}]")
    names = {name.lower(): name for name in binding.args["factors"]}
    if step and step["factor"].strip().lower() in names:
        source = f"question[{step.start()}:{step.end()}]"
        binding.set("step", float(step["size"]), source)
        binding.set("step_factor", names[step["factor"].strip().lower()], source)
        coded = not step["unit"] or step["unit"].lower() in {"coded", "unit", "units"}
        binding.set("step_unit", "coded" if coded else "actual", source)
    evidence.alpha(binding)


BINDERS: dict[str, Binder] = {
    "factorial_anova": or_told(bind_factorial_anova),
    "split_plot_analysis": or_told(bind_split_plot_analysis),
    "latin_square_analysis": or_told(bind_latin_square_analysis),
    "mixture_analysis": bind_mixture_analysis,
    "ridge_analysis": bind_ridge_analysis,
    "steepest_ascent": bind_steepest_ascent,
}
