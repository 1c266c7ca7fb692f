"""Capability of values that are not normal.

Sources: ISO 22514-4 and ISO 22514-2 (indices from the 0.135, 50 and 99.865
percentiles); NIST/SEMATECH e-Handbook 7.1.6 (non-normal capability) and 6.5.2
(Box-Cox); D. R. Bothe, Measuring Process Capability (1997), chapter 8; the fits and
their sources are in ``fitted_models``, ``johnson`` and ``anderson_darling``.
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

import msgspec
import numpy as np
from msgspec import Meta
from scipy import special, stats

from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.parameters import (
    Alpha,
    Confidence,
    FloatArray,
    LowerLimit,
    Name,
    Unit,
    UpperLimit,
    as_sample,
)
from havoc.tools.result import Check, Recomputed
from havoc.tools.spc import anderson_darling
from havoc.tools.spc import capability_indices as formulas
from havoc.tools.spc.capability_indices import PER_MILLION, Specification, checked_specification
from havoc.tools.spc.fitted_models import FITS, Model, fit_box_cox, fit_normal
from havoc.tools.spc.further_models import (
    FURTHER_FITS,
    THRESHOLD_FITS,
    WITHOUT_THRESHOLD,
    log_likelihood,
)
from havoc.tools.spc.nonnormal_indices import HIGH, LOW, from_percentiles, indices_of, tails
from havoc.tools.spc.nonnormal_result import (
    ENOUGH_FOR_PERCENTILES,
    Fit,
    NonnormalCapability,
    draw,
    narrate,
)

USUAL_CRITERION = 1.33
NonnormalMethod = Literal[
    "auto",
    "box_cox",
    "johnson",
    "weibull",
    "lognormal",
    "gamma",
    "exponential",
    "largest_extreme_value",
    "smallest_extreme_value",
    "logistic",
    "loglogistic",
    "exponential_2p",
    "weibull_3p",
    "lognormal_3p",
    "gamma_3p",
    "loglogistic_3p",
    "percentile",
]
_FITS = {**FITS, **FURTHER_FITS}
_BY_NAME = {**_FITS, **THRESHOLD_FITS}


@tool(
    "capability_nonnormal",
    title="Capability of non-normal values",
    source="ISO 22514-4; NIST/SEMATECH e-Handbook 7.1.6",
)
def capability_nonnormal(
    data: Annotated[list[float], Meta(description="measured values")],
    lsl: LowerLimit = None,
    usl: UpperLimit = None,
    target: Annotated[float | None, Meta(description="target value, for the chart")] = None,
    lower_boundary: Annotated[
        bool, Meta(description="the lower limit is physical: no value can be below it")
    ] = False,
    upper_boundary: Annotated[
        bool, Meta(description="the upper limit is physical: no value can be above it")
    ] = False,
    method: Annotated[
        NonnormalMethod,
        Meta(
            description="distribution or transformation; auto takes the first that fits; "
            "percentile takes the percentiles of the sample"
        ),
    ] = "auto",
    lambda_: Annotated[
        Annotated[float, Meta(ge=-10, le=10)] | None,
        Meta(description="lambda of Box-Cox, if it is not to be estimated"),
    ] = msgspec.field(default=None, name="lambda"),
    ppk_required: Annotated[
        Annotated[float, Meta(gt=0)] | None,
        Meta(description="smallest Ppk that is accepted (1.33 is usual)"),
    ] = None,
    alpha: Alpha = 0.05,
    confidence: Confidence = 0.95,
    name: Name = "the process",
    unit: Unit = "",
) -> NonnormalCapability:
    """Can the process hold the specification, if its values are not normal?

    Use it for skewed or bounded values: flatness, runout, waiting times,
    concentrations. A fitted distribution gives the indices from its 0.135, 50 and
    99.865 percentiles (ISO 22514); Box-Cox and Johnson give them from mean and
    standard deviation on the transformed scale. With auto the candidates are tried
    in a fixed order and all are reported. Assumes a stable process and independent
    values; a few dozen values say little about a tail.
    """
    values = as_sample(data, "data", minimum=3, varying=True)
    spec = checked_specification(lsl, usl, target, lower_boundary, upper_boundary)
    criterion = USUAL_CRITERION if ppk_required is None else ppk_required
    ordered = np.sort(values)
    wanted: list[str] = list(_FITS) if method in ("auto", "percentile") else [method]
    models, fits = _candidates(ordered, wanted, lambda_, spec, alpha, strict=method in _BY_NAME)
    normal = _assess(fit_normal(ordered), ordered, spec, alpha)
    chosen = _choose(models, fits, method)
    result = _result(ordered, spec, criterion, ppk_required is not None, alpha, name, unit)
    result.chosen_by = "auto" if method == "auto" else "user"
    result.fits = fits
    result.normal_p, result.normal_Ppk = normal.anderson_darling_p, normal.Ppk
    model = None if chosen is None else models[chosen]
    if model is None:
        _by_sample(result, ordered, spec)
    else:
        _by_model(result, model, spec, confidence)
        fit = next(item for item in fits if item.name == model.name)
        result.anderson_darling = fit.anderson_darling
        result.anderson_darling_p = fit.anderson_darling_p
        result.fits_data = fit.fits
        result.significant = not fit.fits
    if result.Ppk is not None and (model is not None or ordered.size >= ENOUGH_FOR_PERCENTILES):
        result.capable = result.Ppk >= criterion
    if model is not None and model.name in WITHOUT_THRESHOLD:
        _test_threshold(result, model, ordered)
    _compare(result)
    _warn(result, model, spec)
    result.charts = draw(result, ordered, model, spec)
    return result


def _candidates(
    ordered: FloatArray,
    wanted: list[str],
    power: float | None,
    spec: Specification,
    alpha: float,
    *,
    strict: bool,
) -> tuple[dict[str, Model], list[Fit]]:
    models: dict[str, Model] = {}
    fits: list[Fit] = []
    for name in wanted:
        try:
            model = fit_box_cox(ordered, power) if name == "box_cox" else _BY_NAME[name](ordered)
        except InputError as error:
            if strict:
                raise
            fits.append(Fit(name=name, reason=error.what))
            continue
        fit = _assess(model, ordered, spec, alpha)
        fits.append(fit)
        if fit.anderson_darling is not None:
            models[model.name] = model
    return models, fits


def _assess(model: Model, ordered: FloatArray, spec: Specification, alpha: float) -> Fit:
    with np.errstate(all="ignore"):
        a2 = anderson_darling.statistic(model.log_cdf(ordered), model.log_sf(ordered))
    if not math.isfinite(a2):
        return Fit(name=model.name, reason="the values lie outside what the model allows")
    p_value = anderson_darling.p_value(
        model.goodness, a2, ordered.size, model.parameters.get("shape", 1.0)
    )
    below, above = tails(model, spec)
    return Fit(
        name=model.name,
        parameters=model.parameters,
        anderson_darling=a2,
        anderson_darling_p=p_value,
        fits=p_value >= alpha,
        Ppk=indices_of(model, spec).Ppk,
        ppm=PER_MILLION * (math.exp(below) + math.exp(above)),
    )


def _choose(models: dict[str, Model], fits: list[Fit], method: str) -> str | None:
    if method == "percentile":
        return None
    if not models:
        raise InputError(
            "no distribution or transformation fits these values",
            where="data",
            remedy="use method percentile, or check the values",
        )
    usable = [fit for fit in fits if fit.name in models]
    fitting = [fit for fit in usable if fit.fits]
    if fitting:
        return fitting[0].name
    return min(usable, key=lambda fit: fit.anderson_darling or math.inf).name


def _result(
    ordered: FloatArray,
    spec: Specification,
    criterion: float,
    criterion_given: bool,
    alpha: float,
    name: str,
    unit: str,
) -> NonnormalCapability:
    outside = int(np.sum(ordered < (spec.lsl if spec.lsl is not None else -math.inf)))
    outside += int(np.sum(ordered > (spec.usl if spec.usl is not None else math.inf)))
    return NonnormalCapability(
        method="",
        unit=unit,
        name=name,
        n=ordered.size,
        mean=float(ordered.mean()),
        sd=float(ordered.std(ddof=1)),
        median=float(np.median(ordered)),
        skewness=float(stats.skew(ordered)),
        distribution="percentile",
        chosen_by="",
        parameters={},
        criterion=criterion,
        criterion_given=criterion_given,
        alpha=alpha,
        fits=[],
        x_low=math.nan,
        x_median=math.nan,
        x_high=math.nan,
        ppm_observed=PER_MILLION * outside / ordered.size,
        observed_out=outside,
        lsl=spec.lsl,
        usl=spec.usl,
        target=spec.target,
    )


def _by_model(
    result: NonnormalCapability, model: Model, spec: Specification, confidence: float
) -> None:
    found = indices_of(model, spec)
    result.distribution, result.parameters = model.name, model.parameters
    result.Pp, result.Ppl, result.Ppu, result.Ppk = found.Pp, found.Ppl, found.Ppu, found.Ppk
    low, median, high = (float(x) for x in model.quantile(np.asarray([LOW, 0.5, HIGH])))
    result.x_low, result.x_median, result.x_high = low, median, high
    result.Ppk_percentile = from_percentiles(low, median, high, spec).Ppk
    below, above = tails(model, spec)
    result.ppm_below, result.ppm_above = (
        PER_MILLION * math.exp(below),
        PER_MILLION * math.exp(above),
    )
    result.ppm = result.ppm_below + result.ppm_above
    result.fraction_out = result.ppm / PER_MILLION
    worse = max(below, above)
    # with every part outside there is no quantile that would stand for the fraction
    if -math.inf < worse < 0:
        result.Ppk_z = -float(special.ndtri_exp(worse)) / 3
    if model.name == "box_cox":
        result.lambda_ = model.parameters["lambda"]
        result.lambda_low = model.parameters.get("lambda_low")
        result.lambda_high = model.parameters.get("lambda_high")
    if result.lambda_low is not None:
        result.level = 0.95
    if found.percentiles:
        result.method = (
            f"{model.name} by "
            + ("the four percentiles" if model.name.startswith("johnson") else "maximum likelihood")
            + "; indices from its 0.135, 50 and 99.865 percentiles (ISO 22514)"
        )
        return
    result.method = (
        f"{model.name}; indices from mean and standard deviation (n - 1) on the transformed "
        "scale, Bissell's interval there"
    )
    if found.Ppk is not None:
        result.level = confidence
        result.Ppk_ci_low, result.Ppk_ci_high = formulas.smaller_interval(
            found.Ppk, result.n, confidence
        )


def _test_threshold(result: NonnormalCapability, model: Model, ordered: FloatArray) -> None:
    """Likelihood ratio against the same distribution that begins at zero."""
    result.threshold = model.parameters["threshold"]
    result.warnings.append(
        "the p-value of the fit is tabled for a known threshold; with an estimated one it is too "
        "favourable"
    )
    if model.name == "exponential_2p" or ordered[0] <= 0:
        return
    plain = _BY_NAME[WITHOUT_THRESHOLD[model.name]](ordered)
    gain = 2 * (log_likelihood(model, ordered) - log_likelihood(plain, ordered))
    result.threshold_p = float(special.chdtrc(1, max(gain, 0.0)))


def _by_sample(result: NonnormalCapability, ordered: FloatArray, spec: Specification) -> None:
    low, median, high = (float(x) for x in np.quantile(ordered, [LOW, 0.5, HIGH]))
    found = from_percentiles(low, median, high, spec)
    result.x_low, result.x_median, result.x_high = low, median, high
    result.Pp, result.Ppl, result.Ppu, result.Ppk = found.Pp, found.Ppl, found.Ppu, found.Ppk
    result.Ppk_percentile = found.Ppk
    result.method = (
        "0.135, 50 and 99.865 percentiles of the sample by linear interpolation (ISO 22514)"
    )


def _compare(result: NonnormalCapability) -> None:
    """The span of the index over the other models that fit as well."""
    others = [
        fit.Ppk
        for fit in result.fits
        if fit.fits and fit.Ppk is not None and fit.name != result.distribution
    ]
    if others:
        result.other_fits = len(others)
        result.other_Ppk_low, result.other_Ppk_high = min(others), max(others)


def _warn(result: NonnormalCapability, model: Model | None, spec: Specification) -> None:
    if result.fits_data is not None:
        result.assumptions.append(
            Check(
                name="fit of the model",
                status="ok" if result.fits_data else "violated",
                detail=f"Anderson-Darling {result.anderson_darling:.3g}, "
                f"p = {result.anderson_darling_p:.3g}",
            )
        )
    result.assumptions.append(
        Check(
            name="stable process",
            status="unknown",
            detail="draw a control chart first: an unstable process looks skewed too",
        )
    )
    if model is None and result.n < ENOUGH_FOR_PERCENTILES:
        result.warnings.append(
            f"{result.n} values cannot show the 0.135 percentiles; the extremes of the sample "
            "stand in for them and the index is too favourable: prefer a fitted distribution"
        )
    elif result.n < 50:
        result.warnings.append(
            f"{result.n} values: the tail beyond them is an assumption of the model; 100 are usual"
        )
    if model is not None and model.forward is not None:
        result.warnings.append(
            "the transformation was chosen from the same values, so its p-value is too favourable"
        )
        if "percentiles" in result.method and "transformed" not in result.method:
            result.warnings.append(
                "a limit lies outside what the transformation allows, so the indices are taken "
                "from percentiles"
            )
    if model is not None:
        for label, limit, outside in (
            ("lower", spec.low, spec.low is not None and spec.low <= model.low),
            ("upper", spec.high, spec.high is not None and spec.high >= model.high),
        ):
            if outside:
                result.warnings.append(
                    f"no value of this model can pass the {label} limit {limit:g}"
                )


capability_nonnormal.narrates(narrate)


@capability_nonnormal.verifies
def _verify(
    result: NonnormalCapability,
    data: list[float],
    lower_boundary: bool,
    upper_boundary: bool,
    **_: object,
) -> list[Recomputed]:
    """The fraction outside by another library call, from the parameters that are reported."""
    p = result.parameters
    laws = {
        "lognormal": lambda: stats.norm(p["mu"], p["sigma"]),
        "weibull": lambda: stats.exponweib(1.0, p["shape"], scale=p["scale"]),
        "gamma": lambda: stats.pearson3(
            2 / math.sqrt(p["shape"]),
            loc=p["shape"] * p["scale"],
            scale=math.sqrt(p["shape"]) * p["scale"],
        ),
        "exponential": lambda: stats.gamma(1.0, scale=p["scale"]),
        "largest_extreme_value": lambda: stats.genextreme(0.0, loc=p["location"], scale=p["scale"]),
        "smallest_extreme_value": lambda: stats.loggamma(1.0, loc=p["location"], scale=p["scale"]),
        "logistic": lambda: stats.genlogistic(1.0, loc=p["location"], scale=p["scale"]),
        "loglogistic": lambda: stats.burr12(1 / p["scale"], 1.0, scale=math.exp(p["location"])),
        "weibull_3p": lambda: stats.exponweib(
            1.0, p["shape"], loc=p["threshold"], scale=p["scale"]
        ),
        "exponential_2p": lambda: stats.gamma(1.0, loc=p["threshold"], scale=p["scale"]),
    }
    checks = []
    if result.distribution == "box_cox" and len(data) <= 5000 and result.lambda_low is not None:
        best = stats.boxcox_normmax(np.asarray(data, dtype=np.float64), method="mle")
        checks.append(
            Recomputed(
                name="lambda",
                value=result.lambda_ or 0.0,
                recomputed=float(best),
                route="scipy boxcox_normmax",
                rtol=1e-4,
                atol=1e-5,
            )
        )
    if result.distribution not in laws or result.fraction_out is None:
        return checks
    law = laws[result.distribution]()
    take = math.log if result.distribution == "lognormal" else float
    outside = 0.0
    if result.usl is not None and not upper_boundary:
        positive = result.distribution != "lognormal" or result.usl > 0
        outside += float(law.sf(take(result.usl))) if positive else 1.0
    if result.lsl is not None and not lower_boundary:
        positive = result.distribution != "lognormal" or result.lsl > 0
        outside += float(law.cdf(take(result.lsl))) if positive else 0.0
    checks.append(
        Recomputed(
            name="fraction_out",
            value=result.fraction_out,
            recomputed=outside,
            route="tails of the distribution in another parametrisation",
            rtol=1e-5,
            atol=1e-12,
        )
    )
    return checks
