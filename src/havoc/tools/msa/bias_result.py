"""What a study of bias and linearity returns, how it reads and how it is drawn."""

from __future__ import annotations

import msgspec

from havoc.charts import ChartSpec, Limit, Panel, Series, decimate
from havoc.tools.parameters import FloatArray
from havoc.tools.result import Narrative, Outcome


class ReferenceBias(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Bias at one reference value, with its own t test where there are two readings or more.

    ``fitted`` is the bias that the line predicts there, with its confidence interval.
    """

    reference: float
    n: int
    mean: float
    bias: float
    sd: float | None = None
    t: float | None = None
    df: float | None = None
    p_value: float | None = None
    significant: bool | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    fitted: float | None = None
    fitted_low: float | None = None
    fitted_high: float | None = None


class BiasLinearity(Outcome):
    """``slope`` and ``intercept`` are those of bias against reference value.

    ``slope_p`` and ``intercept_p`` test them against zero, ``significant`` belongs
    to the slope. ``zero_in_band`` says whether the line of zero bias lies within
    the confidence band of the fitted line at every reference (AIAG). ``linearity``
    is |slope| x process variation, ``pct_linearity`` 100 |slope|, ``pct_bias`` the
    average bias as a percentage of the process variation. ``p_value`` is that of
    the slope, or of the bias where there is one reference only.
    """

    name: str
    n: int
    bias: float
    bias_per_part: list[float]
    references: list[float]
    parts: list[ReferenceBias]
    alpha: float
    level: float
    p_value: float | None = None
    significant: bool | None = None
    slope: float | None = None
    intercept: float | None = None
    slope_se: float | None = None
    slope_t: float | None = None
    slope_p: float | None = None
    slope_ci_low: float | None = None
    slope_ci_high: float | None = None
    intercept_se: float | None = None
    intercept_t: float | None = None
    intercept_p: float | None = None
    r_squared: float | None = None
    residual_sd: float | None = None
    df: float | None = None
    lack_of_fit_F: float | None = None
    lack_of_fit_p: float | None = None
    zero_in_band: bool | None = None
    repeatability: float | None = None
    bias_t: float | None = None
    bias_df: float | None = None
    bias_p: float | None = None
    bias_ci_low: float | None = None
    bias_ci_high: float | None = None
    t: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    process_variation: float | None = None
    linearity: float | None = None
    pct_linearity: float | None = None
    pct_bias: float | None = None


def narrate(result: BiasLinearity) -> Narrative:
    return _one_reference(result) if result.slope is None else _line(result)


def _one_reference(result: BiasLinearity) -> Narrative:
    verdict = (
        "{{name}} has a real bias of {{bias:unit}}"
        if result.significant
        else "There is no evidence of a bias of {{name}}; the readings are off by {{bias:unit}}"
    )
    details = [
        "The {{level:%}} confidence interval of the bias runs from {{bias_ci_low}} to "
        "{{bias_ci_high:unit}}."
    ]
    if result.pct_bias is not None:
        details.append("That is {{pct_bias}} percent of the process variation.")
    return Narrative(
        conclusion=f"{verdict} at the reference {{{{references.0}}}} (t = {{{{bias_t}}}}, "
        "df = {{bias_df}}, p {{bias_p:p}}).",
        details=details,
        key_figures=[
            ("bias", "{{bias:unit}}"),
            ("p-value", "{{bias_p}}"),
            ("readings", "{{n}}"),
            *_shares(result),
        ],
    )


def _line(result: BiasLinearity) -> Narrative:
    if result.slope_p is None:
        conclusion = (
            "The bias of {{name}} runs along a line of slope {{slope}}; with so few readings it "
            "cannot be tested"
        )
        test = ""
    else:
        test = " (slope = {{slope}}, t = {{slope_t}}, df = {{df}}, p {{slope_p:p}})"
        if result.significant:
            direction = "grows" if (result.slope or 0) > 0 else "falls"
            conclusion = (
                f"The bias of {{{{name}}}} is not the same over the range: it {direction} with "
                "the reference value"
            )
        elif result.intercept_p is not None and result.zero_in_band is False:
            conclusion = (
                "The bias of {{name}} does not depend on the size, but it is not zero everywhere"
            )
        else:
            conclusion = "There is no evidence that the bias of {{name}} depends on the size"
    fit = "" if result.r_squared is None else ", r squared {{r_squared}}"
    details = [f"The line is bias = {{{{intercept}}}} + {{{{slope}}}} x reference{fit}."]
    if result.zero_in_band is not None:
        inside = "lies within" if result.zero_in_band else "leaves"
        details.append(
            f"The line of zero bias {inside} the {{{{level:%}}}} confidence band of the fit."
        )
    for i, part in enumerate(result.parts[:12]):
        text = f"At {{{{parts.{i}.reference}}}} the bias is {{{{parts.{i}.bias:unit}}}}"
        if part.p_value is not None:
            text += f" (p {{{{parts.{i}.p_value:p}}}})"
        details.append(text + ".")
    if result.lack_of_fit_p is not None and result.lack_of_fit_p < result.alpha:
        details.append(
            "A straight line does not describe the bias well (lack of fit p {{lack_of_fit_p:p}})."
        )
    return Narrative(
        conclusion=conclusion + test + ".",
        details=details,
        key_figures=[
            ("slope", "{{slope}}"),
            ("intercept", "{{intercept}}"),
            *([("r squared", "{{r_squared}}")] if result.r_squared is not None else []),
            ("average bias", "{{bias:unit}}"),
            *_shares(result),
        ],
    )


def _shares(result: BiasLinearity) -> list[tuple[str, str]]:
    shares = []
    if result.pct_linearity is not None:
        shares.append(("linearity, percent of process variation", "{{pct_linearity}}"))
    if result.pct_bias is not None:
        shares.append(("bias, percent of process variation", "{{pct_bias}}"))
    return shares


def draw(result: BiasLinearity, references: FloatArray, deviations: FloatArray) -> list[ChartSpec]:
    """Every deviation, the mean at each reference, the line and its band."""
    if result.slope is None or result.intercept is None:
        return []
    shown = decimate(references.size)
    x = [part.reference for part in result.parts]
    series = [
        Series(
            name="deviation",
            kind="points",
            x=[float(references[i]) for i in shown],
            y=[float(deviations[i]) for i in shown],
        ),
        Series(name="mean bias", kind="points", x=x, y=result.bias_per_part),
    ]
    fitted = [part for part in result.parts if part.fitted is not None]
    if fitted:
        series.append(
            Series(
                name="line with its confidence interval",
                kind="line",
                x=x,
                y=[part.fitted or 0.0 for part in fitted],
                low=[part.fitted_low or 0.0 for part in fitted if part.fitted_low is not None],
                high=[part.fitted_high or 0.0 for part in fitted if part.fitted_high is not None],
            )
        )
    verdict = "changes over the range" if result.significant else "shows no trend"
    return [
        ChartSpec(
            kind="gage_linearity",
            title=f"The bias of {result.name} {verdict}",
            panels=[
                Panel(
                    x_label="reference value",
                    y_label=f"bias in {result.unit}" if result.unit else "bias",
                    series=series,
                    limits=[Limit(label="no bias", role="reference", value=0.0)],
                )
            ],
            notes=[]
            if len(shown) == references.size
            else [f"{len(shown)} of {references.size} readings are drawn"],
        )
    ]
