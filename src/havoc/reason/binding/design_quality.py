"""Arguments of design evaluation and of space-filling designs."""

from __future__ import annotations

import re
from typing import Any

from havoc.reading.factor_names import COUNT, number_of
from havoc.reading.parallel_lists import parallel_table
from havoc.reading.prose import mask
from havoc.reading.table import Column
from havoc.reason.binding.arguments import Binding, NeedsInput
from havoc.reason.binding.custom_designs import BINDERS as CUSTOM
from havoc.reason.binding.design_size import take_runs
from havoc.reason.binding.design_terms import factors
from havoc.reason.binding.designs import BINDERS as STANDARD
from havoc.reason.binding.evidence import Binder, Evidence
from havoc.reason.binding.experiment_analysis import further_responses
from havoc.reason.binding.further_designs import BINDERS as FURTHER
from havoc.reason.binding.further_designs import CROSSED, IS_FACTOR_COUNT, POINTS
from havoc.reason.binding.mixtures import BINDERS as MIXTURES
from havoc.reason.binding.region import read_constraints
from havoc.reason.binding.told_frames import without_levels

_NO_FACTOR = re.compile(
    r"^(?:#|no\.?|run(?:[\s_]?order)?|std(?:[\s_]?order)?|order|id|y\d?|response|result|output)$",
    re.IGNORECASE,
)
_DESIGNS = (
    ("box_behnken", r"\bbox[\s-]*b\w+|\bbbd\b"),
    ("central_composite", r"\bcentral[\s-]?comp\w*|\bccd\b|\bcc[cif]\b|\bface[\s-]?cent\w+"),
    ("plackett_burman", r"\bplackett|\bburman"),
    ("definitive_screening", r"\bdsd\b|\bdefinitive"),
    ("taguchi", r"\btaguchi|\bl\s?(?:4|8|9|12|16|18|25|27|32)\b|\borthogonal array"),
    ("mixture", r"\bmixture|\bsimplex|\bblends?\b"),
    ("d_optimal", r"\b[dai][\s-]optimal"),
    ("fractional_factorial", r"\bfraction\w*|\b2\s*\^\s*\(?\s*\d+\s*-\s*\d|\bhalf[\s-]frac"),
    ("full_factorial", r"\bfull[\s-]?factorial|\bfactorial\b|\b[23]\s*\^\s*\d"),
)
_MODELS = (
    (r"\bquadratic|\bsecond[\s-]order|\bresponse[\s-]surface", "quadratic"),
    (
        r"\b(?:with|and|plus|\+)\s+(?:all\s+)?(?:two[\s-]factor\s+|2[\s-]?f\w*\s+)?interactions?\b|\b2\s?fi\b",
        "interactions",
    ),
    (r"\blinear\s+model|\bmain[\s-]effects?\s+(?:only|model)|\bmain\s+effects?\b", "linear"),
)
_HALF_WIDTH = re.compile(
    r"\b(?:with)?in\s*(?:±|\+/-|\+-)\s*(?P<value>\d++(?:\.\d++)?)(?!\s*%)", re.IGNORECASE
)
_DAY = re.compile(r"\b(?:days?|weeks?|shifts?)$", re.IGNORECASE)
_EFFECT = re.compile(
    r"\b(?:\w+\s+)?effects?\s+(?:size\s+)?(?:(?:of|=|is)\s+)?(?P<value>\d++(?:\.\d++)?)(?!\s*%)"
    r"|(?<![\w.])(?P<before>\d++(?:\.\d++)?)[\s-]*(?:sigma|sd|standard\s+deviations?)\s+effects?"
    r"|(?<![\w.])(?P<plain>\d++(?:\.\d++)?)\s+effects?\b|\beffects?\s*\((?P<times>\d++(?:\.\d++)?)\s*sigma",
    re.I,
)
_SIGMA = re.compile(
    r"\b(?:sigma|sd|standard\s+deviation|error|noise|scatter)\s*(?:(?:of|=|is|about|around)\s*){0,2}(?P<value>\d++(?:\.\d++)?|\.\d++)",
    re.I,
)
_KINDS = (
    (r"\bsobol", "sobol"),
    (r"\bhalton", "halton"),
    (r"\buniform\s+design|\bdiscrepancy\b", "uniform"),
    (r"\bsphere[\s-]?pack\w*|\bmaximin(?:\s+distance)?\s+design", "maximin"),
)
_POINTS = re.compile(
    rf"(?<![\w.]){COUNT}\s*+(?:-\s*+)?(?:[\w'’-]++\s++){{0,2}}(?:points?|pts|settings|conditions)\b",
    re.I,
)
_OF_THEM = re.compile(rf"(?<![\w.]){COUNT}\s+(?:of\s+them|in\s+(?:all|total))\b", re.I)
_MATRIX = re.compile(r"(?<![\w.])(?P<runs>\d{2,4})\s?x\s?(?P<factors>\d{1,2})\b(?!\s?x)", re.I)
_DIMENSIONS = re.compile(rf"(?<![\w.]){COUNT}[\s-]*(?:d\b|dims?\b|dimensions?\b)", re.I)
_COVER = re.compile(r"\b(?:cover(?:ing|s)?|filling|spanning)\b", re.I)


def bind_design_evaluation(evidence: Evidence, binding: Binding) -> None:
    """The runs of a table, or a design that is named with its factors."""
    table = next((item for item in evidence.tables if len(item.columns) >= 1), None)
    if table is None:
        table = parallel_table(without_levels(evidence))
    columns = [
        column
        for column in (table.columns if table is not None else [])
        if not _NO_FACTOR.match(column.name) and len(set(column.present)) > 1
    ]
    named = evidence.named(columns)
    blocks = next((c for c in columns if re.match(r"^block", c.name, re.IGNORECASE)), None)
    if blocks is None and len(columns) > 2:
        blocks = next((c for c in columns if _DAY.search(c.name)), None)
    if len(named) >= 2:
        columns = named
    else:
        measured = further_responses(columns)
        columns = [column for column in columns if column not in measured]
    columns = [column for column in columns if column is not blocks]
    if table is not None and columns and len(columns[0].values) >= 3:
        binding.set(
            "design",
            {column.name: [_cell(value) for value in column.values] for column in columns},
            table.source,
        )
        binding.echo("factors {}", ([column.name for column in columns], table.source))
        total = _one_total(columns)
        if total is not None:
            binding.set("components", [column.name for column in columns], table.source)
            binding.set("total", total, table.source)
        if blocks is not None:
            binding.set("blocks", [_cell(value) for value in blocks.values], table.source)
    else:
        _made_by(evidence, binding)
    _settings(evidence, binding)


def _one_total(columns: list[Column]) -> float | None:
    """What three or more shares add up to in every run; None where they do not."""
    if len(columns) < 3 or any(column.kind != "number" for column in columns):
        return None
    totals = [
        sum(value for value in row if isinstance(value, float))
        for row in zip(*(column.values for column in columns), strict=True)
    ]
    shares = [value for column in columns for value in column.present if isinstance(value, float)]
    alike = max(totals) - min(totals) <= 0.002 * max(totals)
    return round(totals[0], 2) if alike and min(shares) >= 0 < totals[0] else None


def _made_by(evidence: Evidence, binding: Binding) -> None:
    operation = next((name for name, pattern in _DESIGNS if evidence.has(pattern)), None)
    if operation is None:
        raise NeedsInput(
            "the design to judge is missing",
            "which runs does it have (one column a factor), or which design is it, with how many "
            "factors?",
        )
    inner = Binding(operation=operation)
    try:
        {**STANDARD, **FURTHER, **MIXTURES, **CUSTOM}[operation](evidence, inner)
    except NeedsInput:
        count = inner.args.get("runs")
        if operation != "plackett_burman" or count is None:
            given = evidence.scalar("runs")
            count = int(given.value) if given is not None else 0
        if operation != "plackett_burman" or count < 4 or count % 4:
            raise
        # All columns of the design carry a factor where none is named.
        inner.set("n_factors", count - 1, "default")
        inner.set("runs", count, "question")
    inner.args.pop("alpha", None)
    binding.set("made_by", {"operation": inner.operation, "arguments": inner.args}, "question")
    binding.echo("the design is made by {}", (inner.operation, "question"))


def _settings(evidence: Evidence, binding: Binding) -> None:
    text = evidence.reading.plain
    arguments: dict[str, Any] = binding.args.get("made_by", {}).get("arguments", {})
    if "model" in arguments:
        binding.set("model", arguments["model"], "question")
    else:
        model = next((name for pattern, name in _MODELS if evidence.has(pattern)), None)
        if model is not None:
            binding.set("model", model, "question")
    effect, sigma = _EFFECT.search(text), _SIGMA.search(text)
    if effect:
        value = float(next(item for item in effect.groups() if item))
        binding.set("effect", value, f"question[{effect.start()}:{effect.end()}]")
    if sigma:
        binding.set("sigma", float(sigma["value"]), f"question[{sigma.start()}:{sigma.end()}]")
    width = _HALF_WIDTH.search(text)
    if width:
        binding.set("half_width", float(width["value"]), f"question[{width.start()}:{width.end()}]")
    if evidence.has(r"\bspher\w+\s+region|\bin\s+a\s+sphere\b"):
        binding.set("region", "sphere", "question")
    if evidence.has(r"\bdesign[\s-]?expert\b"):
        binding.set("power_convention", "range", "question")
    evidence.alpha(binding)


def bind_space_filling(evidence: Evidence, binding: Binding) -> None:
    text = evidence.reading.plain
    kind = next((name for pattern, name in _KINDS if evidence.has(pattern)), None)
    constraints = read_constraints(text, [])
    for start, end in constraints.spans:
        text = text[:start] + "." * (end - start) + text[end:]
    crossed = CROSSED.search(text) or _MATRIX.search(text)
    points = next(
        (
            match
            for pattern in (_POINTS, POINTS, _OF_THEM)
            for match in pattern.finditer(text)
            if number_of(match["count"]) > 1 and not IS_FACTOR_COUNT.search(match[0])
        ),
        None,
    )
    prose = mask(text, *points.span()).replace("\x00", ".") if points else text
    prose = _COVER.sub(lambda match: "," * len(match[0]), prose)
    dimensions = _DIMENSIONS.search(prose)
    stated = int(crossed["factors"]) if crossed else None
    if dimensions:
        stated = number_of(dimensions["count"])
    factors(evidence, binding, stated=stated, text=prose)
    if crossed:
        binding.set("runs", int(crossed["runs"]), f"question[{crossed.start()}:{crossed.end()}]")
    elif points:
        binding.set(
            "runs", number_of(points["count"]), f"question[{points.start()}:{points.end()}]"
        )
    elif take_runs(evidence, binding) is None and not binding.take_count(
        "runs", evidence.scalar("n")
    ):
        raise NeedsInput("the number of runs is missing", "how many runs should the design have?")
    if constraints.found:
        ready = constraints.resolved(binding.args.get("factors", []))
        if ready:
            binding.set("constraints", ready, constraints.source)
            kind = kind if kind in {"sobol", "halton"} else "maximin"
    if kind is not None:
        binding.set("kind", kind, "question")
    binding.take_count("seed", evidence.scalar("seed"))


def _cell(value: float | str | None) -> float | str:
    if value is None:
        raise NeedsInput("a setting is missing", "which setting does that run have?")
    return value


BINDERS: dict[str, Binder] = {
    "design_evaluation": bind_design_evaluation,
    "space_filling": bind_space_filling,
}
