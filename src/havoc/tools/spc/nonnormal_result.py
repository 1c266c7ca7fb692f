"""What a capability study of non-normal values returns, how it reads and how it is drawn."""

from __future__ import annotations

import msgspec
import numpy as np

from havoc.charts import ChartSpec, Limit, Panel, Series, decimate
from havoc.tools.parameters import FloatArray
from havoc.tools.result import Narrative, Outcome
from havoc.tools.spc.capability_indices import Specification
from havoc.tools.spc.fitted_models import Model

# One value in so many is expected beyond each of the outer percentiles.
ENOUGH_FOR_PERCENTILES = 741


class Fit(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One distribution or transformation: fit and index, or the reason why there is none.

    ``anderson_darling_p`` is tabled between 0.25 and 0.01 (except after a
    transformation to normal); outside the nearest level is given.
    """

    name: str
    parameters: dict[str, float] = {}
    anderson_darling: float | None = None
    anderson_darling_p: float | None = None
    fits: bool | None = None
    Ppk: float | None = None
    ppm: float | None = None
    reason: str = ""


class NonnormalCapability(Outcome):
    """``Pp``, ``Ppl``, ``Ppu``, ``Ppk`` by the convention that ``method`` names.

    ``x_low``, ``x_median`` and ``x_high`` are the 0.135, 50 and 99.865 percentiles of
    the model, ``Ppk_percentile`` the index from them (ISO 22514), ``Ppk_z`` the
    index of a normal process with the same fraction outside. ``threshold_p`` is the
    likelihood ratio test of a threshold against none. ``ppm_*`` are parts
    per million expected by the model and observed. ``fits`` lists every candidate,
    ``normal_Ppk`` is the index that a normal distribution would give.
    """

    name: str
    n: int
    mean: float
    sd: float
    median: float
    skewness: float
    distribution: str
    chosen_by: str
    parameters: dict[str, float]
    criterion: float
    criterion_given: bool
    alpha: float
    fits: list[Fit]
    x_low: float
    x_median: float
    x_high: float
    ppm_observed: float
    observed_out: int
    lsl: float | None = None
    usl: float | None = None
    target: float | None = None
    Pp: float | None = None
    Ppl: float | None = None
    Ppu: float | None = None
    Ppk: float | None = None
    Ppk_ci_low: float | None = None
    Ppk_ci_high: float | None = None
    level: float | None = None
    Ppk_percentile: float | None = None
    Ppk_z: float | None = None
    ppm: float | None = None
    ppm_below: float | None = None
    ppm_above: float | None = None
    fraction_out: float | None = None
    capable: bool | None = None
    anderson_darling: float | None = None
    anderson_darling_p: float | None = None
    significant: bool | None = None
    fits_data: bool | None = None
    normal_p: float | None = None
    normal_Ppk: float | None = None
    other_fits: int | None = None
    other_Ppk_low: float | None = None
    other_Ppk_high: float | None = None
    lambda_: float | None = msgspec.field(default=None, name="lambda")
    lambda_low: float | None = None
    lambda_high: float | None = None
    threshold: float | None = None
    threshold_p: float | None = None


WORDS = {
    "normal": "normal distribution",
    "lognormal": "lognormal distribution",
    "weibull": "Weibull distribution",
    "gamma": "gamma distribution",
    "exponential": "exponential distribution",
    "largest_extreme_value": "largest extreme value distribution",
    "smallest_extreme_value": "smallest extreme value distribution",
    "logistic": "logistic distribution",
    "loglogistic": "loglogistic distribution",
    "exponential_2p": "two-parameter exponential distribution",
    "weibull_3p": "three-parameter Weibull distribution",
    "lognormal_3p": "three-parameter lognormal distribution",
    "gamma_3p": "three-parameter gamma distribution",
    "loglogistic_3p": "three-parameter loglogistic distribution",
    "box_cox": "Box-Cox transformation",
    "johnson_su": "Johnson transformation (unbounded family)",
    "johnson_sb": "Johnson transformation (bounded family)",
    "johnson_sl": "Johnson transformation (lognormal family)",
    "percentile": "sample percentiles without a distribution",
}


def narrate(result: NonnormalCapability) -> Narrative:
    words = WORDS[result.distribution]
    conclusion = f"{{{{name}}}}, {words}: "
    if result.Ppk is None:
        conclusion += "no index exists, since the model cannot pass the limits"
    elif result.capable is None:
        conclusion += "Ppk = {{Ppk}}, but {{n}} values cannot show the outer percentiles, so"
        conclusion += " this index is too favourable"
        if result.other_fits:
            conclusion += "; models that fit give Ppk from {{other_Ppk_low}} to {{other_Ppk_high}}"
    else:
        needed = "required" if result.criterion_given else "usual"
        verdict = "reaches" if result.capable else "does not reach"
        conclusion += f"Ppk = {{{{Ppk}}}} {verdict} the {needed} {{{{criterion}}}}"
    if result.ppm is not None:
        conclusion += (
            "; about {{ppm}} parts per million ({{fraction_out:%}}) are expected outside the "
            "specification"
        )
    conclusion += "."
    if result.fits_data is False:
        conclusion += " The model does not describe the values, so the index is doubtful."
    figures = [
        (label, f"{{{{{field}}}}}")
        for label, field in (
            ("Pp", "Pp"),
            ("Ppk", "Ppk"),
            ("Ppk by percentiles (ISO)", "Ppk_percentile"),
            ("lambda", "lambda"),
            ("expected parts per million outside", "ppm"),
            ("Anderson-Darling of the model", "anderson_darling"),
        )
        if getattr(result, "lambda_" if field == "lambda" else field) is not None
    ]
    return Narrative(
        conclusion=conclusion,
        details=_details(result),
        key_figures=[*figures, ("median", "{{median:unit}}")],
    )


def _details(result: NonnormalCapability) -> list[str]:
    details = []
    if result.chosen_by == "auto":
        details.append(
            "The model is the first, in a fixed order, that the Anderson-Darling test at "
            "{{alpha}} does not reject; all candidates are in the table of fits."
            if result.fits_data
            else "No candidate passes the Anderson-Darling test at {{alpha}}; the one with the "
            "smallest statistic is used."
        )
    if result.anderson_darling_p is not None:
        details.append(
            "Fit of the model: Anderson-Darling {{anderson_darling}}, p {{anderson_darling_p:p}}."
        )
    if result.threshold is not None:
        details.append(
            "The threshold, below which no value can lie, is estimated as {{threshold:unit}}"
            + (
                " (likelihood ratio test against none: p {{threshold_p:p}})."
                if result.threshold_p is not None
                else "."
            )
        )
    if result.lambda_low is not None and result.lambda_high is not None:
        details.append(
            "The {{level:%}} interval of lambda runs from {{lambda_low}} to {{lambda_high}}."
        )
    if result.normal_Ppk is not None:
        against = (
            "which the values contradict"
            if (result.normal_p or 0) < result.alpha
            else "which the values do not contradict either"
        )
        details.append(
            "A normal distribution would give Ppk = {{normal_Ppk}}, " + against + " (p "
            "{{normal_p:p}})."
        )
    if result.other_fits:
        details.append(
            "{{other_fits}} models that fit give Ppk from {{other_Ppk_low}} to {{other_Ppk_high}}."
            if result.distribution == "percentile"
            else "{{other_fits}} other models that fit as well give Ppk from {{other_Ppk_low}} to "
            "{{other_Ppk_high}}."
        )
    details.append(
        ("In the sample" if result.distribution == "percentile" else "By the model")
        + " half of the values lie below {{x_median}}, and all but a few parts per thousand "
        "between {{x_low}} and {{x_high:unit}}."
    )
    if result.observed_out:
        details.append(
            "Of the {{n}} measured values {{observed_out}} lie outside the specification."
        )
    return details


def draw(
    result: NonnormalCapability, values: FloatArray, model: Model | None, spec: Specification
) -> list[ChartSpec]:
    """Histogram with the density of the model; values against its quantiles."""
    bins = min(max(int(np.ceil(np.sqrt(values.size))), 5), 40)
    counts, edges = np.histogram(values, bins=bins)
    series = [
        Series(
            name="values",
            kind="bars",
            x=((edges[:-1] + edges[1:]) / 2).tolist(),
            y=counts.astype(float).tolist(),
        )
    ]
    if model is not None:
        reach = 2 * float(edges[-1] - edges[0])
        start = max(min(result.x_low, float(edges[0])), model.low, float(edges[0]) - reach)
        end = min(max(result.x_high, float(edges[-1])), model.high, float(edges[-1]) + reach)
        x = np.linspace(start, end, 122)[1:-1]
        with np.errstate(all="ignore"):
            width = float(edges[1] - edges[0])
            area = np.asarray(values.size * width * model.density(x), dtype=np.float64)
        shown = np.isfinite(area)
        series.append(
            Series(
                name=WORDS[result.distribution],
                kind="line",
                x=x[shown].tolist(),
                y=area[shown].tolist(),
            )
        )
    lines = [
        Limit(label=text, role="specification", value=value, orientation="vertical")
        for text, value in (("LSL", spec.lsl), ("USL", spec.usl))
        if value is not None
    ]
    charts = [
        ChartSpec(
            kind="capability",
            title=f"{result.name}: values and the {WORDS[result.distribution]}",
            panels=[
                Panel(x_label=result.unit or "value", y_label="count", series=series, limits=lines)
            ],
        )
    ]
    if model is not None:
        charts.append(_probability_plot(result, values, model))
    return charts


def _probability_plot(result: NonnormalCapability, values: FloatArray, model: Model) -> ChartSpec:
    ordered = np.sort(values)
    n = ordered.size
    ranks = np.asarray((np.arange(1, n + 1) - 0.3) / (n + 0.4), dtype=np.float64)
    quantiles = model.quantile(ranks)
    shown = [i for i in decimate(n) if np.isfinite(quantiles[i])]
    ends = [float(quantiles[shown[0]]), float(quantiles[shown[-1]])]
    return ChartSpec(
        kind="probability_plot",
        title=f"{result.name}: values of this distribution would follow the line",
        panels=[
            Panel(
                x_label="quantile of the model",
                y_label=result.unit or "value",
                series=[
                    Series(
                        name="values",
                        kind="points",
                        x=[float(quantiles[i]) for i in shown],
                        y=[float(ordered[i]) for i in shown],
                    ),
                    Series(name="model", kind="line", x=ends, y=ends),
                ],
            )
        ],
        notes=[] if len(shown) == n else [f"{len(shown)} of {n} values are drawn"],
    )
