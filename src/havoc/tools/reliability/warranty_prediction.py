"""How many units will come back: warranty returns predicted from those so far.

Sources: W. Q. Meeker and L. A. Escobar, Statistical Methods for Reliability Data (1998),
12.7 (number of future failures, staggered entry); conditional probability of failure in
the next interval: 12.2.
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

import msgspec
import numpy as np
from msgspec import Meta
from scipy import stats

from havoc.charts import ChartSpec, Panel, Series
from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.parameters import Confidence, FloatArray, Name, Unit
from havoc.tools.reliability import life_families as families
from havoc.tools.reliability.life_data import Censored, Counts, Events, Times
from havoc.tools.reliability.life_estimates import Parameter, parameters
from havoc.tools.reliability.life_families import LABELS
from havoc.tools.reliability.life_fit import Fitted, fit
from havoc.tools.reliability.life_likelihood import share_at
from havoc.tools.reliability.life_result import probability_plot
from havoc.tools.reliability.observations import read_observations
from havoc.tools.reliability.turnbull import plot_points
from havoc.tools.reliability.warranty_data import Fleet, from_lives, from_table
from havoc.tools.result import Check, Narrative, Outcome, Recomputed

_DRAWS = 4000
# Cells of a block of simulated parameters by ages.
_CELLS = 2_000_000
_SEED = 1998
_MOST_PERIODS = 120
_SHOWN = 12


class Forecast(msgspec.Struct, frozen=True, kw_only=True):
    """Returns up to the end of ``period`` from today, and their prediction interval.

    ``new`` of them come in that period. ``poisson_low`` and ``poisson_high`` take the fitted
    distribution for true; ``low`` and ``high`` also hold its uncertainty.
    """

    period: int
    new: float
    expected: float
    low: int
    high: int
    poisson_low: int
    poisson_high: int


class AgeGroup(msgspec.Struct, frozen=True, kw_only=True):
    """Units at risk of one age; ``probability`` is the chance that such a unit comes back."""

    age: float
    units: int
    probability: float
    expected: float


class WarrantyPrediction(Outcome):
    """``expected`` returns in the coming ``periods``, with the prediction interval.

    ``low`` and ``high`` allow for the uncertainty of the fitted distribution and for chance,
    ``poisson_low`` and ``poisson_high`` for chance alone. ``forecast`` has the same period
    by period, ``groups`` the ages of the units at risk with their conditional probability.
    """

    name: str
    shipped: int
    returned: int
    at_risk: int
    returned_share: float
    distribution: str
    label: str
    parameters: list[Parameter]
    level: float
    periods: int
    period: float
    expected: float
    low: int
    high: int
    poisson_low: int
    poisson_high: int
    forecast: list[Forecast]
    groups: list[AgeGroup]
    loglik: float
    shape: float | None = None
    scale: float | None = None
    mu: float | None = None
    sigma: float | None = None
    warranty: float | None = None
    warranty_share: float | None = None
    final_returns: float | None = None
    cost: float | None = None


@tool(
    "warranty_prediction",
    title="Warranty prediction",
    source="Meeker and Escobar (1998), 12.2 and 12.7",
)
def warranty_prediction(
    shipped: Annotated[
        list[Annotated[int, Meta(ge=0)]] | None,
        Meta(description="units shipped in each period"),
    ] = None,
    returns: Annotated[
        list[list[Annotated[int, Meta(ge=0)] | None]] | None,
        Meta(
            description="with shipped: a row for each shipment, returns by period, from the "
            "period of the first shipment to now"
        ),
    ] = None,
    time: Times | None = None,
    event: Events | None = None,
    censored: Censored | None = None,
    counts: Counts | None = None,
    periods: Annotated[
        Annotated[int, Meta(ge=1, le=_MOST_PERIODS)],
        Meta(description="how many periods ahead"),
    ] = 1,
    period: Annotated[
        Annotated[float, Meta(gt=0)],
        Meta(
            description="length of a period in the unit of the times: 300 if a unit runs 300 h "
            "in it"
        ),
    ] = 1.0,
    warranty: Annotated[
        Annotated[float, Meta(gt=0)] | None,
        Meta(description="age at which warranty ends, in the unit of the times"),
    ] = None,
    distribution: Annotated[
        Literal["weibull", "lognormal", "exponential", "loglogistic"],
        Meta(description="distribution of the life"),
    ] = "weibull",
    cost_per_return: Annotated[
        Annotated[float, Meta(gt=0)] | None, Meta(description="cost of one return")
    ] = None,
    confidence: Confidence = 0.90,
    name: Name = "the units",
    unit: Unit = "",
) -> WarrantyPrediction:
    """How many units will be returned in the coming periods, with which uncertainty?

    Use it for returns under warranty: shipments and returns by period (a Nevada table), or
    the ages of failed units with the ages of all units in the field. A life distribution
    is fitted (returns within a period are interval censored), and every unit at risk
    gets its conditional probability to fail in the coming periods. Only units shipped so
    far are counted; replacements and future shipments are not. With warranty, units
    beyond that age are no longer counted. Assumes that units age at the same rate, that
    every failure is reported, and that the future is like the past.
    """
    fleet = _fleet(shipped, returns, time, event, censored, counts, period)
    if fleet.at_risk.sum() == 0:
        raise InputError(
            "no unit is left at risk", where="time", remedy="give the units still in the field too"
        )
    fitted = fit(distribution, fleet.data)
    z = float(stats.norm.ppf(0.5 + confidence / 2))
    ends = period * np.arange(1, periods + 1)
    rng = np.random.default_rng(_SEED)
    thetas = _drawn(fitted, rng)
    rows: list[Forecast] = []
    before = 0.0
    for number, ahead in enumerate(ends, start=1):
        chance = _chances(fitted.distribution, fitted.theta, fleet, float(ahead), warranty)
        expected = float(fleet.at_risk @ chance)
        low, high = _simulated(fitted, thetas, fleet, float(ahead), warranty, confidence, rng)
        tails = stats.poisson.ppf([(1 - confidence) / 2, (1 + confidence) / 2], expected)
        rows.append(
            Forecast(
                period=number,
                new=expected - before,
                expected=expected,
                low=low,
                high=high,
                poisson_low=int(tails[0]),
                poisson_high=int(tails[1]),
            )
        )
        before = expected
    last = rows[-1]
    chance = _chances(fitted.distribution, fitted.theta, fleet, float(ends[-1]), warranty)
    result = WarrantyPrediction(
        method=f"{LABELS[distribution]} life by maximum likelihood, conditional probability of "
        "each unit at risk; interval by simulation of parameters (normal) and of the returns",
        unit=unit,
        name=name,
        shipped=fleet.shipped,
        returned=fleet.returned,
        at_risk=int(fleet.at_risk.sum()),
        returned_share=fleet.returned / fleet.shipped,
        distribution=distribution,
        label=LABELS[distribution],
        parameters=parameters(fitted, z, None),
        level=confidence,
        periods=periods,
        period=period,
        expected=last.expected,
        low=last.low,
        high=last.high,
        poisson_low=last.poisson_low,
        poisson_high=last.poisson_high,
        forecast=rows,
        groups=[
            AgeGroup(
                age=float(age),
                units=int(units),
                probability=float(share),
                expected=float(units * share),
            )
            for age, units, share in zip(fleet.age, fleet.at_risk, chance, strict=True)
        ],
        loglik=fitted.loglik,
    )
    for row in result.parameters:
        setattr(result, row.name, row.estimate)
    if cost_per_return is not None:
        result.cost = cost_per_return * last.expected
    if warranty is not None:
        result.warranty = warranty
        result.warranty_share = float(fitted.share(warranty)[0])
        rest = _chances(
            distribution, fitted.theta, fleet, 1e3 * (warranty + float(fleet.age.max())), warranty
        )
        result.final_returns = fleet.returned + float(fleet.at_risk @ rest)
    _notes(result, fitted, fleet, float(ends[-1]))
    times, share = plot_points(fleet.data)
    result.charts = [_chart(result), probability_plot(fitted, times, share, name, unit, [])]
    return result


def _fleet(
    shipped: list[int] | None,
    returns: list[list[int | None]] | None,
    time: list[float] | None,
    event: list[int] | None,
    censored: list[int] | None,
    counts: list[int] | None,
    period: float,
) -> Fleet:
    table = shipped is not None or returns is not None
    if table == (time is not None):
        raise InputError(
            "shipments and times are both given" if table else "neither shipments nor times given",
            where="shipped, time",
            remedy="give shipped with returns, or time with event",
        )
    if time is not None:
        return from_lives(read_observations(time, event, censored, counts, None, None), period)
    if shipped is None or returns is None:
        raise InputError(
            "shipped and returns belong together", where="shipped, returns", remedy="give both"
        )
    return from_table(shipped, returns, period)


def _chances(
    distribution: str, theta: FloatArray, fleet: Fleet, ahead: float, warranty: float | None
) -> FloatArray:
    """Conditional probability to fail within ``ahead``, for every age at risk."""
    end = fleet.age + ahead
    if warranty is not None:
        end = np.maximum(np.minimum(end, warranty), fleet.age)
    now, later = share_at(distribution, theta, fleet.age), share_at(distribution, theta, end)
    return np.where(now < 1, (later - now) / np.maximum(1 - now, 1e-300), 1.0)


def _drawn(fitted: Fitted, rng: np.random.Generator) -> FloatArray:
    """Parameters that the data leave possible: normal about the estimates."""
    theta = np.tile(fitted.theta, (_DRAWS, 1))
    if fitted.covariance is not None:
        size = fitted.covariance.shape[0]
        theta[:, :size] = rng.multivariate_normal(
            fitted.theta[:size], fitted.covariance, _DRAWS, method="cholesky"
        )
    return theta


def _simulated(
    fitted: Fitted,
    thetas: FloatArray,
    fleet: Fleet,
    ahead: float,
    warranty: float | None,
    confidence: float,
    rng: np.random.Generator,
) -> tuple[int, int]:
    """Quantiles of the returns; the sum of many rare failures is Poisson (12.7.2)."""
    means = np.empty(len(thetas))
    rows = max(1, _CELLS // fleet.age.size)
    end = fleet.age + ahead
    if warranty is not None:
        end = np.maximum(np.minimum(end, warranty), fleet.age)
    log_now, log_later = np.log(fleet.age), np.log(end)
    standard = families.standard_of(fitted.distribution)
    for start in range(0, len(thetas), rows):
        part = thetas[start : start + rows]
        mu, sigma = part[:, :1], np.exp(np.minimum(part[:, 1:2], 300.0))
        now = families.log_survival(standard, np.clip((log_now - mu) / sigma, -1e6, 1e6))
        later = families.log_survival(standard, np.clip((log_later - mu) / sigma, -1e6, 1e6))
        # 1 - S(later) / S(now)
        gone = -np.expm1(np.where(np.isfinite(now), later - now, -np.inf))
        means[start : start + rows] = gone @ fleet.at_risk
    numbers = np.minimum(rng.poisson(means), fleet.at_risk.sum())
    low, high = np.quantile(
        numbers, [(1 - confidence) / 2, (1 + confidence) / 2], method="inverted_cdf"
    )
    return int(low), int(high)


def _notes(result: WarrantyPrediction, fitted: Fitted, fleet: Fleet, ahead: float) -> None:
    result.assumptions = [
        Check(
            name="units age alike, every failure is reported, one failure mode",
            status="unknown",
            detail="the data cannot tell; late reports make the youngest periods look too good",
        )
    ]
    seen = np.where(np.isinf(fleet.data.upper), 0.0, fleet.data.upper)
    oldest = float(seen.max())
    if float(fleet.age.max()) + ahead > 1.2 * oldest:
        result.warnings.append(
            f"units will be older than the oldest failure ({oldest:g}): the prediction "
            "extrapolates the distribution"
        )
    if result.returned < 10:
        result.warnings.append(f"{result.returned} returns give a wide interval")
    if fitted.covariance is None:
        result.warnings.append("the fit is too flat to allow for its uncertainty")


@warranty_prediction.narrates
def _narrate(result: WarrantyPrediction) -> Narrative:
    ahead = "next period" if result.periods == 1 else "next {{periods}} periods"
    conclusion = (
        f"In the {ahead} {{{{expected:.1f}}}} returns are expected, with {{{{level:%}}}} between "
        "{{low}} and {{high}}, of {{at_risk}} units at risk."
    )
    words = ", ".join(
        f"{row.name} {{{{parameters.{i}.estimate}}}}" for i, row in enumerate(result.parameters)
    )
    details = [
        "So far {{returned}} of {{shipped}} units came back ({{returned_share:%}}); the life is "
        f"{{{{label}}}} with {words}.",
        "If the fitted distribution were exactly true, chance alone would give {{poisson_low}} to "
        "{{poisson_high}}.",
    ]
    if result.periods > 1:
        details += [
            f"Up to period {{{{forecast.{i}.period}}}}: {{{{forecast.{i}.expected:.1f}}}} returns "
            f"({{{{forecast.{i}.low}}}} to {{{{forecast.{i}.high}}}})."
            for i in range(min(result.periods, _SHOWN))
        ]
    if result.warranty is not None:
        details.append(
            "By the end of warranty at {{warranty:unit}} a share of {{warranty_share:%}} of all "
            "units fails; {{final_returns:.1f}} returns in all are expected from those shipped."
        )
    if result.cost is not None:
        details.append("The expected cost of these returns is {{cost:.2f}}.")
    return Narrative(
        conclusion=conclusion,
        details=details,
        key_figures=[
            ("expected returns", "{{expected:.1f}}"),
            ("interval from", "{{low}}"),
            ("interval to", "{{high}}"),
        ],
    )


def _chart(result: WarrantyPrediction) -> ChartSpec:
    x = [float(row.period) for row in result.forecast]
    return ChartSpec(
        kind="warranty_forecast",
        title=f"{result.name}: returns still to come, with their prediction interval",
        panels=[
            Panel(
                x_label="periods from now",
                y_label="returns",
                series=[
                    Series(
                        name="expected",
                        kind="line_points",
                        x=x,
                        y=[row.expected for row in result.forecast],
                        low=[float(row.low) for row in result.forecast],
                        high=[float(row.high) for row in result.forecast],
                    ),
                    Series(
                        name="in the period",
                        kind="bars",
                        x=x,
                        y=[row.new for row in result.forecast],
                    ),
                ],
            )
        ],
    )


@warranty_prediction.verifies
def _verify(result: WarrantyPrediction, **_: object) -> list[Recomputed]:
    """Weibull: the conditional probability from the cumulative hazard written out."""
    if result.shape is None or result.scale is None or result.warranty is not None:
        return []
    ahead = result.period * result.periods
    shape, scale = result.shape, result.scale
    return [
        Recomputed(
            name="expected",
            value=result.expected,
            recomputed=math.fsum(
                group.units
                * -math.expm1((group.age / scale) ** shape - ((group.age + ahead) / scale) ** shape)
                for group in result.groups
            ),
            route="cumulative hazards written out",
        )
    ]
