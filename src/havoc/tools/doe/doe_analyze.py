"""Analysis of two-level experiments: effects, tests, curvature, lack of fit, reduction.

An effect is the mean at the high setting minus the mean at the low one, twice
the coefficient in coded units. Effects are tested by t against the residual
mean square; a saturated model has none and is judged by Lenth's method.

Sources: Montgomery, Design and Analysis of Experiments, chapters 6-8; Lenth
(1989), Technometrics 31, 469; NIST/SEMATECH e-Handbook 5.4 and 5.5.9.
"""

from __future__ import annotations

import math
import statistics
from typing import Annotated, Literal

import numpy as np
from msgspec import Meta

from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.doe.effect_terms import (
    MAX_TERMS,
    Term,
    all_terms,
    parse_term,
    separable_terms,
    term_name,
)
from havoc.tools.doe.factors import Coding, by_name
from havoc.tools.doe.least_squares import (
    block_dummies,
)
from havoc.tools.doe.lenth import Lenth, lenth
from havoc.tools.doe.two_level_data import TwoLevelData, from_columns, in_standard_order
from havoc.tools.doe.two_level_model import (
    backward,
    fit_with_curvature,
    kept_by_lenth,
)
from havoc.tools.doe.two_level_random import random_blocks
from havoc.tools.doe.two_level_report import DoeAnalysis, of_effects, result_of
from havoc.tools.parameters import Alpha, FloatArray, Name, Sample, Unit, as_sample
from havoc.tools.result import Narrative, Recomputed

FEWEST_FOR_LENTH = 5
Columns = Annotated[
    dict[str, list[float | str]],
    Meta(description="settings of each factor: natural units, -1 and 1, + and -, or two labels"),
]


@tool(
    "doe_analyze",
    title="Analysis of a two-level experiment",
    source="Montgomery, DAE, ch. 6-8; Lenth (1989); NIST/SEMATECH e-Handbook 5.4",
)
def doe_analyze(
    response: Sample = [],  # noqa: B006
    factors: Columns = {},  # noqa: B006
    n_factors: Annotated[int, Meta(ge=1, le=47, description="when in standard order")]
    | None = None,
    factor_names: Annotated[
        list[str], Meta(description="names of the factors of responses in standard order")
    ] = [],  # noqa: B006
    generators: Annotated[
        list[str], Meta(description="generators of a fraction in standard order, such as D=ABC")
    ] = [],  # noqa: B006
    design: Annotated[
        Literal["factorial", "plackett_burman"],
        Meta(description="design of responses in standard order"),
    ] = "factorial",
    center_response: Annotated[
        list[float], Meta(description="responses at centre points, in addition to response")
    ] = [],  # noqa: B006
    block: Annotated[list[str | float], Meta(description="block of every run")] = [],  # noqa: B006
    random_block: Annotated[
        bool, Meta(description="blocks are a sample (days, batches): REML instead of fixed effects")
    ] = False,
    model: Annotated[
        Literal["auto", "full", "two_factor", "main"],
        Meta(
            description="highest interactions considered; auto is full, or main if interactions "
            "are partly aliased with main effects (Plackett-Burman)"
        ),
    ] = "auto",
    terms: Annotated[
        list[str], Meta(description="exact terms of the model, such as A, B, AB")
    ] = [],  # noqa: B006
    reduce: Annotated[
        Literal["none", "backward"],
        Meta(description="drop terms that are not significant, keeping the hierarchy"),
    ] = "none",
    effects: Annotated[
        dict[str, float] | list[float],
        Meta(description="instead of data: the effects themselves, judged by Lenth's method"),
    ] = [],  # noqa: B006
    method: Annotated[
        Literal["auto", "t", "lenth"], Meta(description="how effects are judged")
    ] = "auto",
    dispersion: Annotated[
        bool, Meta(description="also compare the scatter at high and low (needs a reduced model)")
    ] = False,
    center: Coding = {},  # noqa: B006
    half_range: Coding = {},  # noqa: B006
    alpha: Alpha = 0.05,
    response_name: Name = "the response",
    unit: Unit = "",
) -> DoeAnalysis:
    """Which factors and interactions change the response, and is there curvature?

    Use it for the results of two-level experiments: full or fractional
    factorials and Plackett-Burman designs, with or without replicates, centre
    points and blocks. Give the settings of every run, or only the responses in
    standard order (A changes fastest) with the number of factors. Assumes
    independent errors of constant variance, normal for the tests. Effects are
    in the unit of the response. With more levels use factorial_anova; where
    factors were set once for several runs use split_plot_analysis.
    """
    where = "doe_analyze"
    if effects and not response:
        return of_effects(effects, alpha, response_name, unit, where)
    values = as_sample(response, f"{where} response", minimum=2)
    data = _read(
        values, factors, n_factors, factor_names, generators, design, center, half_range, where
    )
    if center_response:
        extra = as_sample(center_response, f"{where} center_response")
        values = np.concatenate([values, extra])
        middle = np.zeros((len(extra), len(data.factors)))
        data = TwoLevelData(factors=data.factors, coded=np.vstack([data.coded, middle]))
    if np.ptp(values) == 0:
        raise InputError(
            f"all {len(values)} responses equal {values[0]:g}, so there is nothing to explain",
            where=f"{where} response",
            remedy="check the resolution of the measurement",
        )
    names = [factor.name for factor in data.factors]
    block_names, block_columns = _blocks(block, len(values), where)
    if random_block:
        if not block or reduce != "none" or method == "lenth":
            raise InputError(
                "random blocks need the block of every run, and no reduction or Lenth's method",
                where=f"{where} random_block",
                remedy="give block, and name the terms of the model (terms)",
            )
        block_names, block_columns = [], np.zeros((len(values), 0))
    base = np.column_stack([np.ones(len(values)), block_columns])
    candidates = _candidates(names, model, terms, where)
    separable = separable_terms(candidates, data.coded, base, block_columns, names)
    order = max((len(term) for term in candidates), default=1)
    while separable.dropped and model == "auto" and not terms and order > 1:
        # Missing runs and Plackett-Burman designs: only what can be told apart is kept.
        order -= 1
        smaller = all_terms(len(names), order)
        separable = separable_terms(smaller, data.coded, base, block_columns, names)
    if not separable.terms:
        raise InputError(
            "no effect can be estimated from these settings",
            where=f"{where} factors",
            remedy="check that every factor has runs at two levels",
        )
    is_center = data.is_center
    fitted = fit_with_curvature(separable.terms, separable, base, values, is_center)
    if method == "t" and fitted.full.df == 0:
        raise InputError(
            "the model uses up all runs, so there is no residual to test against",
            where=f"{where} method",
            remedy="use method lenth, a smaller model, or replicates",
        )
    removed: list[str] = []
    judgement: Lenth | None = None
    estimates = 2 * fitted.plain.coefficients[base.shape[1] :]
    if method == "lenth" and len(estimates) < 3:
        raise InputError(
            f"{len(estimates)} effects are too few for Lenth's method",
            where=f"{where} method",
            remedy="replicate the runs",
        )
    if not random_block and (
        method == "lenth" or (fitted.full.df == 0 and len(estimates) >= FEWEST_FOR_LENTH)
    ):
        judgement = lenth(estimates, alpha)
        # Most effects exactly zero (rounded responses): there is no scale to judge by.
        judgement = judgement if judgement.pse > 0 else None
    if reduce == "backward":
        kept = (
            kept_by_lenth(fitted, base.shape[1], judgement)
            if judgement is not None
            else backward(fitted, separable, base, values, is_center, alpha)
        )
        removed = [term_name(term, names) for term in fitted.terms if term not in kept]
        if removed and kept:
            fitted = fit_with_curvature(kept, separable, base, values, is_center)
            judgement = None if fitted.full.df > 0 else judgement
        elif removed:
            removed = []
    if dispersion and fitted.full.df == 0:
        raise InputError(
            "the model uses up all runs, so there are no residuals to compare",
            where=f"{where} dispersion",
            remedy="use reduce backward, or name the terms of the mean (terms)",
        )
    mixed = (
        random_blocks(
            fitted,
            [term_name(term, names) for term in fitted.terms],
            separable.columns,
            values,
            is_center,
            block,
            alpha,
            where,
        )
        if random_block
        else None
    )
    return result_of(
        data,
        values,
        fitted,
        separable,
        names,
        block_names,
        block_columns,
        removed=removed,
        judgement=judgement,
        alpha=alpha,
        response_name=response_name,
        unit=unit,
        is_center=is_center,
        mixed=mixed,
        dispersion=dispersion,
    )


@doe_analyze.narrates
def _narrate(result: DoeAnalysis) -> Narrative:
    if result.significant:
        conclusion = (
            "The effects that stand out on {{response_name}} are {{significant_terms}}; the "
            "largest is {{largest_term}} with {{largest_effect:unit}} from low to high."
        )
    elif result.judged_by == "none":
        conclusion = (
            "The largest effect on {{response_name}} is {{largest_term}} with "
            "{{largest_effect:unit}} from low to high; there are too few runs to test it."
        )
    else:
        conclusion = (
            "No effect on {{response_name}} stands out at the significance level {{alpha}}; the "
            "largest is {{largest_term}} with {{largest_effect:unit}} from low to high."
        )
    details = []
    if result.judged_by == "lenth":
        details.append(
            "There are no degrees of freedom for error, so effects beyond Lenth's margin of "
            "{{lenth_margin:unit}} are taken as real."
        )
    if result.curvature_significant is not None:
        details.append(
            "The centre points differ from the factorial mean by {{curvature:unit}}: there is "
            "curvature (p {{p_curvature:p}}), so a straight-line model is not enough."
            if result.curvature_significant
            else "The centre points show no evidence of curvature (p {{p_curvature:p}})."
        )
    if result.aliased:
        details.append("Some effects are aliased with others and stand for their sum.")
    if result.dispersion:
        details.append(
            "The scatter differs most between the settings of {{dispersion.0.term}}: standard "
            "deviation {{dispersion.0.sd_low:unit}} at low, {{dispersion.0.sd_high:unit}} at high."
        )
    if result.terms_removed:
        details.append("Dropped from the model: {{terms_removed}}.")
    return Narrative(
        conclusion=conclusion,
        details=details,
        key_figures=[
            *(
                (f"effect of {{{{effects.{index}.term}}}}", f"{{{{effects.{index}.effect:unit}}}}")
                for index in range(min(len(result.effects), 7))
            ),
            *([("mean", "{{mean:unit}}")] if result.mean is not None else []),
            *([("R squared", "{{r_squared}}")] if result.r_squared is not None else []),
        ],
    )


@doe_analyze.verifies
def _recompute(result: DoeAnalysis, response: list[float], **arguments: object) -> list[Recomputed]:
    """Main effects as differences of means, where no blocks stand between."""
    if not response:
        sizes = sorted(abs(row.effect) for row in result.effects)
        start = 1.5 * statistics.median(sizes)
        again = 1.5 * statistics.median(size for size in sizes if size < 2.5 * start)
        return [
            Recomputed(
                name="lenth_pse",
                value=result.lenth_pse or 0.0,
                recomputed=again,
                route="medians of the sorted effects",
            )
        ]
    if arguments.get("block"):
        return []
    data = _read(
        np.asarray(response, dtype=np.float64),
        arguments.get("factors") or {},  # type: ignore[arg-type]
        arguments.get("n_factors"),  # type: ignore[arg-type]
        arguments.get("factor_names") or [],  # type: ignore[arg-type]
        arguments.get("generators") or [],  # type: ignore[arg-type]
        str(arguments.get("design") or "factorial"),
        arguments.get("center") or {},  # type: ignore[arg-type]
        arguments.get("half_range") or {},  # type: ignore[arg-type]
        "doe_analyze",
    )
    corners = ~data.is_center
    coded, values = data.coded[corners], np.asarray(response, dtype=np.float64)[corners]
    products = coded.T @ coded
    if np.any(products != np.diag(np.diag(products))) or np.any(coded.sum(axis=0) != 0):
        return []
    checks = []
    by_term = {row.term: row.effect for row in result.effects}
    for index, name in enumerate(result.factor_names or []):
        if name in by_term:
            high, low = values[coded[:, index] > 0], values[coded[:, index] < 0]
            checks.append(
                Recomputed(
                    name=f"effect of {name}",
                    value=by_term[name],
                    recomputed=float(high.mean() - low.mean()),
                    route="difference of the two means",
                    atol=1e-9 * float(np.abs(values).max() or 1.0),
                )
            )
    return checks


def _read(
    values: FloatArray,
    factors: dict[str, list[float | str]],
    n_factors: int | None,
    factor_names: list[str],
    generators: list[str],
    design: str,
    center: dict[str, float] | list[float],
    half_range: dict[str, float] | list[float],
    where: str,
) -> TwoLevelData:
    if factors:
        names = list(factors)
        return from_columns(
            factors,
            len(values),
            by_name(center, names, f"{where} center"),
            by_name(half_range, names, f"{where} half_range"),
            where,
        )
    return in_standard_order(len(values), n_factors, factor_names, generators, design, where)


def _blocks(block: list[str | float], rows: int, where: str) -> tuple[list[str], FloatArray]:
    if not block:
        return [], np.zeros((rows, 0))
    if len(block) != rows:
        raise InputError(
            f"{len(block)} blocks but {rows} responses",
            where=f"{where} block",
            remedy="give the block of every run",
        )
    return block_dummies(block)


def _candidates(names: list[str], model: str, terms: list[str], where: str) -> list[Term]:
    if terms:
        return list(dict.fromkeys(parse_term(term, names, f"{where} terms") for term in terms))
    k = len(names)
    order = {"auto": k, "full": k, "two_factor": 2, "main": 1}[model]
    while order > 1 and sum(math.comb(k, size) for size in range(1, order + 1)) > MAX_TERMS:
        order -= 1
    return all_terms(k, min(order, k))
