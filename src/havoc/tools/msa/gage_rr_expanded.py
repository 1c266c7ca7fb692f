"""Gage study with more factors than part and operator, unbalanced or with missing values.

Sources: AIAG, Measurement Systems Analysis, 4th edition, chapter IV; R. K. Burdick, C. M.
Borror and D. C. Montgomery (2005), Design and Analysis of Gauge R&R Studies, chapters 7
and 8 (unbalanced designs, mixed models); the estimates and their sources are in
``mixed_model``.
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

import msgspec
import numpy as np
from msgspec import Meta
from scipy import special

from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.msa.expanded_result import ExpandedGage, FixedEffect, TermVariance, draw, narrate
from havoc.tools.msa.expanded_terms import (
    Study,
    Term,
    build,
    level_count,
    parse_terms,
    read_study,
    usual_terms,
)
from havoc.tools.msa.mixed_model import Design, Fit, fit_mean_squares, fit_reml
from havoc.tools.msa.shares import categories, tolerance_width, verdict
from havoc.tools.msa.study import Labels
from havoc.tools.parameters import Confidence, Name, Unit
from havoc.tools.result import Check, Recomputed

_Positive = Annotated[float, Meta(gt=0)] | None
REPEATABILITY = "repeatability"


@tool(
    "gage_rr_expanded",
    title="Gage R&R, expanded study",
    source="AIAG Measurement Systems Analysis, 4th edition, IV; Searle, Casella and McCulloch, "
    "Variance Components (1992), chapters 5 and 6",
)
def gage_rr_expanded(
    data: Annotated[
        list[float | None], Meta(description="the measurements, one a row; a gap may be null")
    ],
    factors: Annotated[
        dict[str, Labels],
        Meta(description="level of each named factor at each measurement, the part among them"),
    ],
    part: Annotated[
        str, Meta(description="the factor that is the part; found by its name if not given")
    ] = "",
    part_factors: Annotated[
        list[str],
        Meta(description="further factors that describe the product, not the measurement (batch)"),
    ] = [],  # noqa: B006
    fixed: Annotated[
        list[str], Meta(description="factors whose levels are all there are, such as two gages")
    ] = [],  # noqa: B006
    nested: Annotated[
        dict[str, str],
        Meta(description="factor -> the factor it is nested in, such as part -> operator"),
    ] = {},  # noqa: B006
    terms: Annotated[
        list[str] | None,
        Meta(
            description="terms of the model, such as part, operator, part*operator, "
            "part(operator); all main effects and interactions of two factors if not given"
        ),
    ] = None,
    method: Annotated[
        Literal["reml", "anova"],
        Meta(
            description="restricted maximum likelihood (as R lme4), or sequential mean squares set "
            "equal to their expectations"
        ),
    ] = "reml",
    tolerance: Annotated[_Positive, Meta(description="width of the tolerance, USL - LSL")] = None,
    lsl: Annotated[float | None, Meta(description="lower limit, instead of tolerance")] = None,
    usl: Annotated[float | None, Meta(description="upper limit, instead of tolerance")] = None,
    study_multiplier: Annotated[
        float, Meta(gt=0, description="study variation is this many standard deviations")
    ] = 6.0,
    confidence: Confidence = 0.95,
    name: Name = "the gage",
    unit: Unit = "",
) -> ExpandedGage:
    """How good is a measurement system with more factors than part and operator?

    Use it where gages, days, fixtures or laboratories vary besides part and operator,
    where factors are nested, where a factor is fixed (its levels are all there are), or
    where cells are missing or unequal. Terms made of product factors only count as part
    variation, the error as repeatability and every other random term as
    reproducibility; fixed factors are reported by the effects of their levels. Assumes
    random levels drawn from their populations, normal independent effects and missing
    values that have nothing to do with the result.
    """
    width = tolerance_width(tolerance, lsl, usl)
    product = _product(factors, part, part_factors)
    study = read_study(data, factors, fixed)
    strict = terms is not None
    chosen = parse_terms(
        terms if terms is not None else usual_terms(study.factors, nested), study.factors
    )
    design, kept, left_out = build(study, chosen, strict=strict)
    random = [term for term in kept if not term.fixed]
    if not any(_kind(term, product) == "part" for term in random):
        raise InputError(
            "no random term stands for the parts",
            where="terms, part, fixed",
            remedy=f"give a term of {', '.join(sorted(product))} alone, and leave it random",
        )
    if method == "reml":
        _refuse_equal_repeats(design)
        fit = fit_reml(design)
    else:
        fit = fit_mean_squares(design)
    result = _result(study, random, fit, product, width, study_multiplier, confidence, method)
    result.name, result.unit = name, unit
    result.left_out = left_out or None
    result.fixed_effects = _effects(study, [term for term in kept if term.fixed], fit) or None
    _remark(result, study, random, fit)
    result.charts = draw(result, study, sorted(product)[0])
    return result


_PART_NAMES = ("part", "parts", "sample", "piece", "unit", "item", "specimen", "wafer", "batch")


def _product(factors: dict[str, Labels], part: str, further: list[str]) -> set[str]:
    if not part:
        lowered = {name.lower(): name for name in factors}
        part = next((lowered[name] for name in _PART_NAMES if name in lowered), "")
    missing = [name for name in (part, *further) if name not in factors]
    if missing:
        raise InputError(
            f"there is no factor {missing[0]!r}" if missing[0] else "which factor is the part?",
            where="part",
            remedy=f"name one of {', '.join(factors)}",
        )
    return {part, *further}


def _kind(term: Term, product: set[str]) -> str:
    """Nested factors are what they are, wherever they are nested."""
    return "part" if set(term.factors) <= product else "reproducibility"


def _refuse_equal_repeats(design: Design) -> None:
    """The saturated random part leaves nothing over: the likelihood has no maximum."""
    known = np.hstack([design.fixed, *design.random])
    y = design.response - design.response.mean()
    residual = y - known @ np.linalg.lstsq(known, y, rcond=None)[0]
    if float(residual @ residual) <= 1e-20 * float(y @ y):
        raise InputError(
            "the repeats of every combination are equal, so repeatability is zero",
            where="data",
            remedy="read the gage with more digits, or use method anova",
        )


def _result(
    study: Study,
    random: list[Term],
    fit: Fit,
    product: set[str],
    tolerance: float | None,
    multiplier: float,
    confidence: float,
    method: str,
) -> ExpandedGage:
    sums = {"part": 0.0, "reproducibility": 0.0, REPEATABILITY: fit.error}
    for term, variance in zip(random, fit.variances, strict=True):
        sums[_kind(term, product)] += variance
    gage = sums[REPEATABILITY] + sums["reproducibility"]
    variances = {**sums, "grr": gage, "total": gage + sums["part"]}
    total = variances["total"]
    figures: dict[str, float] = {}
    for source, variance in variances.items():
        sd = math.sqrt(variance)
        figures[f"var_{source}"], figures[f"sd_{source}"] = variance, sd
        if source in ("grr", "part", "total"):
            figures[f"study_var_{source}"] = multiplier * sd
        if source != "total":
            figures[f"pct_contribution_{source}"] = 100 * variance / total
            figures[f"pct_study_var_{source}"] = 100 * math.sqrt(variance / total)
        if tolerance is not None and source not in ("part", "total"):
            figures[f"pct_tolerance_{source}"] = 100 * multiplier * sd / tolerance

    def row(term: str, kind: str, levels: int, variance: float) -> TermVariance:
        return TermVariance(
            term=term,
            kind=kind,
            levels=levels,
            variance=variance,
            sd=math.sqrt(variance),
            study_var=multiplier * math.sqrt(variance),
            pct_contribution=100 * variance / total,
            pct_study_var=100 * math.sqrt(variance / total),
            pct_tolerance=None
            if tolerance is None
            else 100 * multiplier * math.sqrt(variance) / tolerance,
        )

    rows = []
    for k, term in enumerate(random):
        item = row(term.name, _kind(term, product), level_count(study, term), fit.variances[k])
        item.standard_error = fit.standard_errors[k]
        if fit.squares:
            item.ss, item.df, item.negative = fit.squares[k], fit.degrees[k], fit.negative[k]
        rows.append(item)
    last = row(REPEATABILITY, REPEATABILITY, study.values.size, fit.error)
    last.standard_error = fit.error_standard_error
    if fit.squares:
        last.ss, last.df = fit.error * fit.error_degrees, fit.error_degrees
    rows.append(last)
    for item in rows:
        _interval(item, confidence)
    of_gage = [item for item in rows if item.kind != "part"]
    share = figures["pct_study_var_grr"]
    return msgspec.convert(
        {
            "method": (
                "restricted maximum likelihood; intervals: chi-square with Satterthwaite degrees "
                "of freedom from the expected information"
                if method == "reml"
                else "sequential mean squares set equal to their expectations (Henderson III); "
                "negative components set to zero"
            )
            + f"; study variation {multiplier:g} standard deviations; categories 1.41 PV / GRR, "
            "cut to a whole number",
            "name": "",
            "estimation": method,
            "measurements": study.values.size,
            "missing": study.missing,
            "terms": rows,
            **figures,
            "pct_sv": share,
            "verdict": verdict(share),
            "study_multiplier": multiplier,
            "level": confidence,
            "largest": max(of_gage, key=lambda item: item.variance).term,
            "tolerance": tolerance,
            "ndc": categories(sums["part"], gage),
            "log_likelihood": fit.log_likelihood,
        },
        ExpandedGage,
    )


def _interval(item: TermVariance, confidence: float) -> None:
    if not item.standard_error or item.variance <= 0:
        return
    df = 2 * (item.variance / item.standard_error) ** 2
    tail = (1 - confidence) / 2
    low = df * item.variance / float(special.chdtri(df, tail))
    quantile = float(special.chdtri(df, 1 - tail))
    if quantile > 1e-12:
        item.var_ci_low, item.var_ci_high = low, df * item.variance / quantile


def _effects(study: Study, fixed: list[Term], fit: Fit) -> list[FixedEffect]:
    """Effects of the levels of single fixed factors, from the sum-to-zero coding."""
    found = []
    start = 1
    for term in fixed:
        sizes = [len(study.factors[name].levels) - 1 for name in term.all_factors]
        width = math.prod(sizes)
        if len(term.all_factors) == 1:
            factor = study.factors[term.all_factors[0]]
            coding = np.vstack([np.eye(width), -np.ones(width)])
            own = slice(start, start + width)
            effects = coding @ fit.coefficients[own]
            spread = np.einsum("ij,jk,ik->i", coding, fit.covariance[own, own], coding)
            found += [
                FixedEffect(
                    factor=factor.name,
                    level=level,
                    effect=float(effects[i]),
                    standard_error=math.sqrt(spread[i]) if spread[i] >= 0 else None,
                )
                for i, level in enumerate(factor.levels)
            ]
        start += width
    return found


def _remark(result: ExpandedGage, study: Study, random: list[Term], fit: Fit) -> None:
    zero = [term.name for term, value in zip(random, fit.variances, strict=True) if value == 0]
    if zero:
        result.warnings.append(
            f"the variance of {', '.join(zero)} is estimated as zero (negative or on the boundary)"
        )
    few = [
        factor.name
        for factor in study.factors.values()
        if not factor.fixed and len(factor.levels) < 3
    ]
    if few:
        result.warnings.append(
            f"two levels of {', '.join(few)} make a rough estimate of a variance; if they are all "
            "the levels there are, take the factor as fixed"
        )
    if result.fixed_effects:
        result.warnings.append(
            "differences between the levels of fixed factors are not part of gage R&R; correct "
            "them by calibration"
        )
    cells: dict[tuple[int, ...], int] = {}
    for key in zip(*(factor.index for factor in study.factors.values()), strict=True):
        cells[key] = cells.get(key, 0) + 1
    repeats = set(cells.values())
    result.assumptions.append(
        Check(
            name="balanced study",
            status="ok" if len(repeats) == 1 and not study.missing else "violated",
            detail=f"{min(repeats)} to {max(repeats)} measurements a combination, "
            f"{study.missing} rows left out; the estimates allow for it",
        )
    )


gage_rr_expanded.narrates(narrate)


@gage_rr_expanded.verifies
def _verify(
    result: ExpandedGage,
    data: list[float | None],
    factors: dict[str, Labels],
    fixed: list[str],
    nested: dict[str, str],
    terms: list[str] | None,
    **_: object,
) -> list[Recomputed]:
    """The likelihood at the estimates, from the covariance matrix written out in full."""
    if result.log_likelihood is None or result.measurements > 400:
        return []
    study = read_study(data, factors, fixed)
    chosen = parse_terms(
        terms if terms is not None else usual_terms(study.factors, nested), study.factors
    )
    built = build(study, chosen, strict=terms is not None)
    design, kept = built[0], built[1]
    variance_of = {item.term: item.variance for item in result.terms}
    variances = [variance_of[term.name] for term in kept if not term.fixed]
    n = design.response.size
    v = result.var_repeatability * np.eye(n)
    for variance, z in zip(variances, design.random, strict=True):
        v += variance * z @ z.T
    x, y = design.fixed, design.response - design.response.mean()
    inner = x.T @ np.linalg.solve(v, x)
    beta = np.linalg.solve(inner, x.T @ np.linalg.solve(v, y))
    rest = y - x @ beta
    value = -0.5 * (
        float(np.linalg.slogdet(v)[1])
        + float(np.linalg.slogdet(inner)[1])
        + float(rest @ np.linalg.solve(v, rest))
        + (n - x.shape[1]) * math.log(2 * math.pi)
    )
    return [
        Recomputed(
            name="log_likelihood",
            value=result.log_likelihood,
            recomputed=value,
            route="restricted likelihood from the full covariance matrix",
        )
    ]
