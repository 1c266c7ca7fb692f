"""Mixture experiments: Scheffe polynomials, component effects, best blend.

Sources: H. Scheffe (1958, 1963); J. A. Cornell, Experiments with Mixtures; G. F. Piepel (1982),
Technometrics 24, 29 (component effects); D. W. Marquardt and R. D. Snee (1974), Technometrics 16,
533 (tests of models without a constant term).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
import numpy as np
from msgspec import Meta

from havoc.charts import ChartSpec
from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.doe.anova_row import AnovaRow
from havoc.tools.doe.effect_charts import residual_chart
from havoc.tools.doe.least_squares import Fit, fit, lack_of_fit
from havoc.tools.doe.mixture_charts import ternary, trace_chart
from havoc.tools.doe.mixture_input import (
    WHERE,
    lower_bounds_of,
    order_of,
    pure_error_of,
    read_blends,
    reference_of,
    suggested_order,
)
from havoc.tools.doe.mixture_model import (
    Order,
    OrderTest,
    best_blend,
    compare_orders,
    predict,
    scheffe_columns,
    term_names,
    to_pseudo,
    trace_of,
)
from havoc.tools.doe.mixture_tables import (
    BlendTerm,
    anova_of,
    lack_fields,
    terms_of,
    test_fields,
    warnings_of,
)
from havoc.tools.parameters import Alpha, FloatArray, Name, Sample, Unit, as_sample
from havoc.tools.result import Narrative, Outcome, Recomputed
from havoc.tools.stats.assumption_checks import INDEPENDENCE, normal_residuals

TRACE_POINTS = 41


class ComponentEffect(msgspec.Struct, frozen=True, kw_only=True):
    """Change of the prediction when a component goes from the least to the greatest share that
    the tested blends allow along its direction."""

    component: str
    low: float
    high: float
    effect: float


class MixtureAnalysis(Outcome):
    """``r_squared`` compares with the mean, as for models with a constant (a program that fits
    without intercept reports ``r_squared_uncorrected``, which is far too high).

    ``orders`` compares the models that the blends carry; ``suggested_order`` is the highest one
    that adds significantly. ``best_*`` is the best blend inside the tested ranges.
    """

    response_name: str
    component_names: list[str]
    n: int
    blends: int
    total: float
    order: str
    suggested_order: str
    terms: list[BlendTerm]
    coefficients: dict[str, float]
    significant_terms: list[str]
    orders: list[OrderTest]
    anova: list[AnovaRow]
    r_squared: float
    r_squared_uncorrected: float
    df_residual: int
    alpha: float
    level: float
    goal: str
    pseudo_components: bool
    lower_bounds: list[float]
    reference_blend: list[float]
    direction: str
    effects: list[ComponentEffect]
    strongest: str
    strongest_effect: float
    best_blend: dict[str, float]
    best_shares: list[float]
    best_predicted: float
    r_squared_adjusted: float | None = None
    residual_sd: float | None = None
    F: float | None = None
    p_value: float | None = None
    significant: bool | None = None
    best_ci_low: float | None = None
    best_ci_high: float | None = None
    best_pi_low: float | None = None
    best_pi_high: float | None = None
    r_squared_predicted: float | None = None
    ss_lack_of_fit: float | None = None
    df_lack_of_fit: int | None = None
    F_lack_of_fit: float | None = None
    p_lack_of_fit: float | None = None
    lack_of_fit_significant: bool | None = None
    ss_pure_error: float | None = None
    df_pure_error: int | None = None


@tool(
    "mixture_analysis",
    title="Analysis of a mixture experiment",
    source="Scheffe (1958); Cornell, Experiments with Mixtures; NIST/SEMATECH e-Handbook 5.5.4",
)
def mixture_analysis(
    components: Annotated[
        dict[str, list[float]], Meta(description="amount or share of each component in every blend")
    ],
    response: Sample,
    model: Annotated[
        Literal["auto", "linear", "quadratic", "special_cubic", "full_cubic"],
        Meta(description="polynomial; auto takes the highest that adds significantly"),
    ] = "quadratic",
    pseudo_components: Annotated[
        bool, Meta(description="coefficients of L-pseudo-components, from the lower bounds")
    ] = False,
    lower: Annotated[
        dict[str, float],
        Meta(description="lower bounds as shares; by default the least share of each component"),
    ] = {},  # noqa: B006
    reference: Annotated[
        dict[str, float], Meta(description="reference blend of the traces; the centroid if absent")
    ] = {},  # noqa: B006
    direction: Annotated[
        Literal["cox", "piepel"], Meta(description="direction of the component effects")
    ] = "cox",
    goal: Annotated[
        Literal["maximize", "minimize", "target"], Meta(description="what is wanted")
    ] = "maximize",
    target: Annotated[float, Meta(description="wanted response for goal target")] | None = None,
    alpha: Alpha = 0.05,
    response_name: Name = "the response",
    unit: Unit = "",
) -> MixtureAnalysis:
    """How does the response depend on the blend, and which blend is best?

    Use it for the results of mixture experiments, where the components add up to a fixed total
    (simplex lattice, centroid, extreme vertices). Amounts may be shares, per cent or parts; every
    blend must have the same total. Assumes that only the proportions matter, independent, near
    normal errors of one variance, and a smooth response. Predictions hold inside the tested
    ranges only.
    """
    if (goal == "target") != (target is not None):
        raise InputError(
            "goal target needs a target value, and only that goal",
            where=f"{WHERE} target",
            remedy="give goal target and the target together",
        )
    values = as_sample(response, f"{WHERE} response", minimum=3, varying=True)
    names, shares, total = read_blends(components, len(values))
    low = lower_bounds_of(names, shares, lower, pseudo_components, direction)
    scaled = to_pseudo(shares, low if pseudo_components else np.zeros_like(low))
    pure = pure_error_of(shares, values)
    orders = compare_orders(scaled, values, pure)
    order = order_of(model, scaled, orders, names, alpha)
    own = fit(scheffe_columns(scaled, order), values)
    if own.rss == 0 and own.df > 0:
        raise InputError(
            "the model fits every value exactly, so there is no error to compare with",
            where=f"{WHERE} response",
            remedy="use a smaller model, or check the resolution of the measurement",
        )
    return _result(
        names,
        shares,
        values,
        total,
        order,
        own,
        orders,
        low,
        pseudo_components,
        reference_of(names, shares, reference),
        direction=direction,
        goal=goal,
        target=target,
        alpha=alpha,
        response_name=response_name,
        unit=unit,
    )


@mixture_analysis.narrates
def _narrate(result: MixtureAnalysis) -> Narrative:
    place = ", ".join(
        f"{{{{component_names.{index}}}}} = {{{{best_shares.{index}:%}}}}"
        for index in range(len(result.component_names))
    )
    verb = {
        "maximize": "highest",
        "minimize": "lowest",
        "target": "nearest to the target",
    }[result.goal]
    if result.significant is None:
        conclusion = (
            f"{{{{response_name}}}} is predicted {verb} for the blend {place}: "
            "{{best_predicted:unit}}; the blends leave nothing to judge that by."
        )
    elif result.significant:
        conclusion = (
            f"{{{{response_name}}}} is predicted {verb} for the blend {place}: "
            "{{best_predicted:unit}} on average (a single batch from {{best_pi_low}} to "
            "{{best_pi_high:unit}})."
        )
    else:
        conclusion = (
            "There is no evidence that the blend changes {{response_name}} (p {{p_value:p}})."
        )
    details = [
        "Over the tested shares {{strongest}} changes the prediction most, by "
        "{{strongest_effect:unit}}."
    ]
    if result.order != "linear" and result.significant is not None:
        details.append(
            "Components blend non-linearly in {{significant_terms}}."
            if result.significant_terms
            else "No blending term is significant: the components act by their shares alone."
        )
    if result.residual_sd is not None:
        details.append(
            "The model explains {{r_squared:%}} of the variation about the mean; the standard "
            "deviation of the error is {{residual_sd:unit}}."
        )
    if result.p_lack_of_fit is not None:
        details.append(
            "The model does not fit: the lack of fit is significant (p {{p_lack_of_fit:p}})."
            if result.lack_of_fit_significant
            else "There is no evidence of lack of fit (p {{p_lack_of_fit:p}})."
        )
    if result.suggested_order != result.order:
        details.append("The tests of the terms added suggest the {{suggested_order}} model.")
    return Narrative(
        conclusion=conclusion,
        details=details,
        key_figures=[
            *(
                (f"{{{{terms.{index}.term}}}}", f"{{{{terms.{index}.coefficient}}}}")
                for index in range(min(len(result.terms), 10))
            ),
            *([("F of the model", "{{F}} (p {{p_value:p}})")] if result.F is not None else []),
        ],
    )


@mixture_analysis.verifies
def _recompute(
    result: MixtureAnalysis,
    components: dict[str, list[float]],
    response: list[float],
    **_: object,
) -> list[Recomputed]:
    """The same model with a constant in the place of the last component (Snee & Rayner 1982)."""
    if result.pseudo_components:
        return []
    amounts = np.column_stack(
        [np.asarray(column, dtype=np.float64) for column in components.values()]
    )
    shares = amounts / amounts.sum(axis=1, keepdims=True)
    columns = scheffe_columns(shares, result.order)
    columns[:, shares.shape[1] - 1] = 1.0
    values = np.asarray(response, dtype=np.float64)
    solved, *_rest = np.linalg.lstsq(columns, values, rcond=None)
    residuals = values - columns @ solved
    rss = float(residuals @ residuals)
    return [
        Recomputed(
            name="r_squared",
            value=result.r_squared,
            recomputed=1 - rss / (float(values.var()) * len(values)),
            route="intercept form of the model, ordinary R squared",
            rtol=1e-7,
        ),
        Recomputed(
            name=f"coefficient of {result.component_names[-1]}",
            value=result.terms[shares.shape[1] - 1].coefficient,
            recomputed=float(solved[shares.shape[1] - 1]),
            route="constant of the intercept form",
            rtol=1e-6,
            atol=1e-9 * float(np.abs(values).max()),
        ),
    ]


def _result(
    names: list[str],
    shares: FloatArray,
    values: FloatArray,
    total_amount: float,
    order: Order,
    own: Fit,
    orders: list[OrderTest],
    low: FloatArray,
    pseudo: bool,
    reference: FloatArray,
    *,
    direction: str,
    goal: str,
    target: float | None,
    alpha: float,
    response_name: str,
    unit: str,
) -> MixtureAnalysis:
    origin = low if pseudo else np.zeros_like(low)
    total = float(((values - values.mean()) ** 2).sum())
    labels = term_names(names, order)
    terms = terms_of(
        labels, own, len(names), scheffe_columns(to_pseudo(shares, origin), order), alpha
    )
    pure = lack_of_fit(shares, np.zeros((len(values), 0)), values, own)
    region = shares.min(axis=0), shares.max(axis=0)

    def prediction(blends: FloatArray) -> FloatArray:
        return predict(blends, order, own, origin)[0]

    best = best_blend(order, own, origin, region, shares, goal, target)
    middle, spread = (float(part[0]) for part in predict(best[None, :], order, own, origin))
    lines = [
        trace_of(index, reference, region, low, direction, TRACE_POINTS)
        for index in range(len(names))
    ]
    traces = [(blends, prediction(blends) if len(blends) else np.zeros(0)) for blends in lines]
    effects = [
        ComponentEffect(
            component=name,
            low=float(blends[0, index]),
            high=float(blends[-1, index]),
            effect=float(predicted[-1] - predicted[0]),
        )
        for index, (name, (blends, predicted)) in enumerate(zip(names, traces, strict=True))
        if len(blends) > 1
    ]
    spans = [
        (float(np.ptp(predicted)), name)
        for name, (blends, predicted) in zip(names, traces, strict=True)
        if len(blends) > 1
    ]
    strongest = max(spans, default=(0.0, names[0]))
    suggested = suggested_order(orders, names, len(values), alpha) if orders else order
    lacking = None if pure is None or pure.p_value is None else pure.p_value < alpha
    return MixtureAnalysis(
        method=(
            f"Scheffe {order.replace('_', ' ')} model by least squares without a constant, in "
            f"{'L-pseudo-components' if pseudo else 'shares'}; R squared about the mean; effects "
            f"in {direction.capitalize()}'s direction"
        ),
        unit=unit,
        response_name=response_name,
        component_names=names,
        n=len(values),
        blends=len(np.unique(np.round(shares, 9), axis=0)),
        total=total_amount,
        order=order,
        suggested_order=suggested,
        terms=terms,
        coefficients={term.term: term.coefficient for term in terms},
        significant_terms=[term.term for term in terms if term.significant],
        orders=orders,
        anova=anova_of(names, order, own, pure, total, values, to_pseudo(shares, origin)),
        r_squared=1 - own.rss / total,
        r_squared_uncorrected=1 - own.rss / float(values @ values),
        r_squared_predicted=next(
            (test.r_squared_predicted for test in orders if test.order == order), None
        ),
        df_residual=own.df,
        alpha=alpha,
        level=1 - alpha,
        goal=goal,
        pseudo_components=pseudo,
        lower_bounds=low.tolist(),
        reference_blend=reference.tolist(),
        direction=direction,
        effects=effects,
        strongest=strongest[1],
        strongest_effect=strongest[0],
        best_blend=dict(zip(names, (best * total_amount).tolist(), strict=True)),
        best_shares=np.abs(np.round(best, 10)).tolist(),
        best_predicted=middle,
        **test_fields(own, total, len(values), middle, spread, alpha),
        **lack_fields(pure, lacking),
        assumptions=[*([normal_residuals(own.residuals)] if own.df else []), INDEPENDENCE],
        warnings=warnings_of(order, suggested, lacking, shares, terms, own.df),
        charts=_charts(
            names, shares, region, reference, best, traces, spans, own, prediction,
            direction, response_name, unit,
        ),
    )  # fmt: skip


def _charts(
    names: list[str],
    shares: FloatArray,
    region: tuple[FloatArray, FloatArray],
    reference: FloatArray,
    best: FloatArray,
    traces: list[tuple[FloatArray, FloatArray]],
    spans: list[tuple[float, str]],
    own: Fit,
    prediction: Any,
    direction: str,
    response_name: str,
    unit: str,
) -> list[ChartSpec]:
    drawn = []
    if len(names) >= 3:
        strongest = [name for _, name in sorted(spans, reverse=True)[:3]]
        chosen = sorted(names.index(name) for name in strongest) if len(names) > 3 else [0, 1, 2]
        if len(chosen) == 3:
            fixed = best if len(names) > 3 else reference
            drawn.append(
                ternary(names, chosen, fixed, region, shares, best, prediction, response_name)
            )
    return [
        *drawn,
        trace_chart(names, traces, reference, direction, response_name, unit),
        *([residual_chart(own.fitted, own.residuals, response_name, unit)] if own.df else []),
    ]
