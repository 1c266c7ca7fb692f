"""Split-plot experiments: every effect against the error of its own layer.

Sources: D. C. Montgomery, Design and Analysis of Experiments, 14.4-14.5; G. E. P. Box and S.
Jones (1992), J. Applied Statistics 19, 3; B. Jones and C. J. Nachtsheim (2009), J. Quality
Technology 41, 340.
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

import msgspec
import numpy as np
from msgspec import Meta
from scipy import stats

from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.doe.effect_charts import residual_chart
from havoc.tools.doe.factor_charts import (
    cell_means,
    interaction_chart,
    level_means,
    main_effect_chart,
)
from havoc.tools.doe.factor_model import (
    FactorFit,
    LevelFactor,
    Term,
    fit_terms,
    inestimable,
    is_balanced,
    parse_terms,
    read_factors,
    sums_of_squares,
    term_label,
    terms_up_to,
)
from havoc.tools.doe.factor_tests import width_of
from havoc.tools.doe.split_plot_result import SplitPlotAnalysis, narrate
from havoc.tools.doe.split_plot_strata import (
    Layer,
    SplitPlotTest,
    Stratum,
    analyse_strata,
    components_of,
    evenly_filled,
    hard_to_change,
    layered,
    layers_of,
    strata_of,
)
from havoc.tools.doe.variance_components import (
    MAX_RUNS,
    DfMethod,
    MixedFit,
    adjusted_covariance,
    contrast_test,
    fit_mixed,
)
from havoc.tools.parameters import Alpha, FloatArray, Name, Sample, Unit, as_sample
from havoc.tools.result import Recomputed
from havoc.tools.stats.assumption_checks import INDEPENDENCE, normal_residuals

WHERE = "split_plot_analysis"


@tool(
    "split_plot_analysis",
    title="Analysis of a split-plot experiment",
    source="Montgomery, DAE, 14.4-14.5; Kenward & Roger (1997), Biometrics 53, 983",
)
def split_plot_analysis(
    factors: Annotated[
        dict[str, list[str | float]], Meta(description="level of each factor in every run")
    ],
    response: Sample,
    whole_plot_factors: Annotated[
        list[str], Meta(description="factors that were set once for a whole plot (hard to change)")
    ] = [],  # noqa: B006
    whole_plot: Annotated[
        list[str | float], Meta(description="whole plot of every run (batch, load, day)")
    ] = [],  # noqa: B006
    block: Annotated[list[str | float], Meta(description="block or replicate of every run")] = [],  # noqa: B006
    sub_plot: Annotated[
        list[str | float],
        Meta(description="sub-plot of every run, in a split-split-plot experiment"),
    ] = [],  # noqa: B006
    order: Annotated[
        int,
        Meta(ge=1, le=10, description="highest interactions; by default all that leave an error"),
    ]
    | None = None,
    terms: Annotated[
        list[str], Meta(description="exact model, such as A, B, A:B; A*B is A, B and A:B")
    ] = [],  # noqa: B006
    approach: Annotated[
        Literal["auto", "strata", "reml"],
        Meta(description="strata is the classical analysis (balanced layouts), reml any layout"),
    ] = "auto",
    df_method: Annotated[
        DfMethod, Meta(description="degrees of freedom with reml: as JMP and Minitab, or lmerTest")
    ] = "kenward_roger",
    alpha: Alpha = 0.05,
    response_name: Name = "the response",
    unit: Unit = "",
) -> SplitPlotAnalysis:
    """Which effects are real when some factors were set only once for several runs?

    Use it for split-plot (and split-split-plot) experiments: factors that are hard to change stay
    put for a whole plot (a batch, a furnace load, a day) while others change from run to run. Say
    which factors were hard to change, or which whole plot every run belongs to. Assumes fixed
    factors, random blocks and plots, and near normal errors of one variance in each layer.
    Without replicated whole plots the whole-plot effects cannot be tested.
    """
    values = as_sample(response, f"{WHERE} response", minimum=4, varying=True)
    read = read_factors(factors, len(values), WHERE)
    layers = layers_of(read, whole_plot_factors, whole_plot, block, sub_plot, len(values), WHERE)
    base = np.ones((len(values), 1))
    model = fit_terms(_model(read, values, order, terms), read, base, values, WHERE)
    _refuse(model, values)
    places = strata_of(model, layers)
    balanced = is_balanced(read) and all(evenly_filled(layer.units) for layer in layers)
    if approach == "strata" and (places is None or not balanced):
        raise InputError(
            "the layout is not balanced, so its effects do not fall into separate layers",
            where=f"{WHERE} approach",
            remedy="use approach reml",
        )
    classical = approach == "strata" or (approach == "auto" and places is not None and balanced)
    mixed = _mixed(model, values, layers, optional=classical)
    strata: list[Stratum] | None = None
    if classical and places is not None:
        tests, strata = analyse_strata(model, read, places, layers, values, alpha)
        components, negative = components_of(strata)
    else:
        assert mixed is not None
        tests = _reml_tests(model, read, layers, mixed, df_method, alpha)
        components = dict(
            zip([*(layer.name for layer in layers), "runs"], mixed.components.tolist(), strict=True)
        )
        negative = [layer.name for layer, zero in zip(layers, mixed.at_zero, strict=True) if zero]
    tests = _with_naive(tests, model, read, base, values)
    return _result(
        model,
        read,
        layers,
        values,
        tests,
        strata,
        components,
        negative,
        mixed,
        df_method=df_method,
        alpha=alpha,
        response_name=response_name,
        unit=unit,
    )


split_plot_analysis.narrates(narrate)


@split_plot_analysis.verifies
def _recompute(result: SplitPlotAnalysis, response: list[float], **_: object) -> list[Recomputed]:
    """Classical analysis: the parts add up to the total, and p-values follow from F."""
    checks = []
    if result.strata is not None:
        values = np.asarray(response, dtype=np.float64)
        parts = [row.ss or 0.0 for row in result.tests]
        parts += [stratum.ss_error for stratum in result.strata]
        checks.append(
            Recomputed(
                name="total sum of squares",
                value=math.fsum(parts),
                recomputed=float(values.var()) * len(values),
                route="variance of the responses",
                rtol=1e-8,
            )
        )
    for row in result.tests:
        if row.p_value is not None and row.F is not None and row.df_error is not None:
            x = row.df_error / (row.df_error + row.df * row.F)
            checks.append(
                Recomputed(
                    name=f"p of {row.source}",
                    value=row.p_value,
                    recomputed=float(stats.beta.cdf(x, row.df_error / 2, row.df / 2)),
                    route="incomplete beta function",
                    atol=1e-12,
                )
            )
    return checks


def _model(
    factors: list[LevelFactor], values: FloatArray, order: int | None, terms: list[str]
) -> list[Term]:
    if terms:
        return parse_terms(terms, factors, f"{WHERE} terms")
    if order is not None:
        return terms_up_to(len(factors), min(order, len(factors)))
    base = np.ones((len(values), 1))
    for size in range(len(factors), 1, -1):
        kept = terms_up_to(len(factors), size)
        width = sum(math.prod(factors[place].df for place in term) for term in kept)
        if 1 + width < len(values) and inestimable(kept, factors, base) is None:
            return kept
    return terms_up_to(len(factors), 1)


def _refuse(model: FactorFit, values: FloatArray) -> None:
    if model.fit.df < 1 or model.fit.rss <= 1e-24 * float(values @ values):
        raise InputError(
            "no error is left beside the model",
            where=f"{WHERE} response",
            remedy="replicate runs, or leave the highest interaction out (order)",
        )


def _mixed(
    model: FactorFit, values: FloatArray, layers: list[Layer], *, optional: bool
) -> MixedFit | None:
    if optional and len(values) > MAX_RUNS:
        return None
    return fit_mixed(model.columns, values, [layer.units for layer in layers], WHERE)


def _reml_tests(
    model: FactorFit,
    factors: list[LevelFactor],
    layers: list[Layer],
    mixed: MixedFit,
    df_method: DfMethod,
    alpha: float,
) -> list[SplitPlotTest]:
    names = [layer.name for layer in layers] + ["runs"]
    tests = []
    for term, place in zip(model.terms, model.places, strict=True):
        sizes = [float((part**2).sum()) for part in layered(model.columns[:, place], layers)]
        contrast = np.eye(model.columns.shape[1])[place]
        found = contrast_test(mixed, contrast, df_method)
        tests.append(
            SplitPlotTest(
                source=term_label(term, factors),
                stratum=names[int(np.argmax(sizes))],
                df=found.df,
                df_error=found.df_error,
                F=found.F,
                p_value=found.p_value,
                significant=found.p_value < alpha,
            )
        )
    return tests


def _with_naive(
    tests: list[SplitPlotTest],
    model: FactorFit,
    factors: list[LevelFactor],
    base: FloatArray,
    values: FloatArray,
) -> list[SplitPlotTest]:
    """The p-values of the analysis that ignores the plots, for comparison."""
    error = model.fit.rss / model.fit.df
    sums = sums_of_squares(model, base, values, 3)
    naive = {
        term_label(term, factors): float(
            stats.f.sf(ss / width_of(place) / error, width_of(place), model.fit.df)
        )
        for term, place, ss in zip(model.terms, model.places, sums, strict=True)
    }
    return [msgspec.structs.replace(test, p_value_randomized=naive[test.source]) for test in tests]


def _result(
    model: FactorFit,
    factors: list[LevelFactor],
    layers: list[Layer],
    values: FloatArray,
    tests: list[SplitPlotTest],
    strata: list[Stratum] | None,
    components: dict[str, float],
    negative: list[str],
    mixed: MixedFit | None,
    *,
    df_method: DfMethod,
    alpha: float,
    response_name: str,
    unit: str,
) -> SplitPlotAnalysis:
    significant = [test.source for test in tests if test.significant]
    untested = [test.source for test in tests if test.p_value is None]
    misjudged = [
        test.source
        for test in tests
        if test.significant is not None
        and test.p_value_randomized is not None
        and test.significant != (test.p_value_randomized < alpha)
    ]
    own = {stratum.name: stratum for stratum in strata or []}
    covariance = adjusted_covariance(mixed) if mixed is not None and not untested else None
    # Intervals of means need degrees of freedom of their own: standard errors are given instead.
    means = [
        msgspec.structs.replace(mean, ci_low=None, ci_high=None)
        for mean in level_means(model, factors, covariance, 0.0)
    ]
    cells = cell_means(model, factors, covariance)
    whole, last = own.get("whole plots"), own.get("runs")
    residuals = mixed.residuals if mixed is not None else model.fit.residuals
    fitted = values - residuals
    hard = hard_to_change(factors, layers)
    pairs = dict.fromkeys((cell.factors[0], cell.factors[1]) for cell in cells)
    strength = {test.source: test.F or 0.0 for test in tests}
    order = sorted(pairs, key=lambda pair: -strength.get(":".join(pair), 0.0))
    return SplitPlotAnalysis(
        method=_method(strata is not None, df_method, layers),
        unit=unit,
        response_name=response_name,
        n=len(values),
        factor_names=[factor.name for factor in factors],
        whole_plot_factors=hard,
        sub_plot_factors=[factor.name for factor in factors if factor.name not in hard],
        whole_plots=int(next(x for x in layers if x.name == "whole plots").units.max()) + 1,
        blocks=int(layers[0].units.max()) + 1 if layers[0].name == "blocks" else 1,
        approach="strata" if strata is not None else "reml",
        df_method="exact" if strata is not None else df_method,
        tests=tests,
        p_values={test.source: test.p_value for test in tests if test.p_value is not None},
        significant_terms=significant,
        untested_terms=untested,
        misjudged_terms=misjudged or None,
        significant=bool(significant),
        alpha=alpha,
        level=1 - alpha,
        variance_components=components,
        whole_plot_sd=math.sqrt(components["whole plots"]) if "whole plots" in components else None,
        residual_sd=math.sqrt(components.get("runs", 0.0)),
        grand_mean=float(values.mean()),
        means=means,
        cell_means=cells,
        ms_whole_plot_error=whole.ms_error if whole else None,
        df_whole_plot_error=whole.df_error if whole else None,
        ms_sub_plot_error=last.ms_error if last else None,
        df_sub_plot_error=last.df_error if last else None,
        strata=strata,
        reml_log_likelihood=mixed.log_likelihood if mixed is not None else None,
        assumptions=[normal_residuals(residuals), INDEPENDENCE],
        warnings=_warnings(untested, misjudged, negative),
        charts=[
            main_effect_chart(means, float(values.mean()), response_name, unit),
            *interaction_chart(cells, order, response_name, unit),
            residual_chart(fitted, residuals, response_name, unit),
        ],
    )


def _method(classical: bool, df_method: DfMethod, layers: list[Layer]) -> str:
    names = ", ".join(layer.name for layer in layers)
    if classical:
        return f"analysis of variance in the layers {names} and runs; each F against its own error"
    words = {
        "kenward_roger": "Kenward-Roger tests",
        "satterthwaite": "Satterthwaite degrees of freedom",
    }[df_method]
    return f"restricted maximum likelihood with random {names}; {words}; type III tests"


def _warnings(untested: list[str], misjudged: list[str], negative: list[str]) -> list[str]:
    warnings = []
    if untested:
        warnings.append(
            f"{', '.join(untested)} cannot be tested: its layer has no degree of freedom for error"
        )
    if misjudged:
        warnings.append(
            f"taken for completely randomised, {', '.join(misjudged)} would be judged differently"
        )
    for name in negative:
        warnings.append(f"the variance between {name} is estimated as zero")
    return warnings
