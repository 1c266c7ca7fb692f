"""Which distribution of lifetimes fits: several compared, with censored data.

Sources: W. Q. Meeker and L. A. Escobar, Statistical Methods for Reliability Data (1998),
6.4 and 11.3; K. P. Burnham and D. R. Anderson, Model Selection and Multimodel Inference
(2002), 2.6 (differences of Akaike's criterion).
"""

from __future__ import annotations

import math
from typing import Annotated

from msgspec import Meta
from scipy import special

from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.parameters import Name, Unit
from havoc.tools.reliability.life_data import Censored, Counts, Events, Times
from havoc.tools.reliability.life_estimates import parameters
from havoc.tools.reliability.life_families import LABELS, TWO_PARAMETER, Distribution
from havoc.tools.reliability.life_fit import Fitted, check, fit
from havoc.tools.reliability.life_result import (
    Candidate,
    DistributionComparison,
    comparison_plot,
    narrate_comparison,
)
from havoc.tools.reliability.observations import Lower, Upper, read_observations
from havoc.tools.reliability.turnbull import anderson_darling, correlation, plot_points
from havoc.tools.result import Check, Recomputed

_CLOSE = 2.0
_DRAWN = 4
_LEVEL = 0.95


MOST_TIMES = 200_000


@tool(
    "distribution_comparison",
    title="Comparison of life distributions",
    source="Meeker and Escobar (1998), 6.4 and 11.3; Burnham and Anderson (2002), 2.6",
)
def distribution_comparison(
    time: Times | None = None,
    event: Events | None = None,
    censored: Censored | None = None,
    counts: Counts | None = None,
    lower: Lower | None = None,
    upper: Upper | None = None,
    distributions: Annotated[
        list[Distribution] | None,
        Meta(description="which to compare; left out: nine with one or two parameters"),
    ] = None,
    name: Name = "the units",
    unit: Unit = "",
) -> DistributionComparison:
    """Which distribution fits the lifetimes best, and do others fit as well?

    Use it before a life distribution is chosen, with exact or censored data. The order is
    by Akaike's criterion, which charges for parameters; differences below two mean that
    the data do not tell the distributions apart, and then the physics of the failure
    decides, not the table. Correlation and adjusted Anderson-Darling statistic of the
    probability plot are given beside it. Assumes one failure mode. Extrapolation beyond
    the data differs between distributions that fit equally well.
    """
    data = read_observations(time, event, censored, counts, lower, upper)
    check("exponential", data)
    if data.lower.size > MOST_TIMES:
        raise InputError(
            f"{data.lower.size} different times are too many to fit every distribution",
            where="time",
            remedy=f"give a sample of up to {MOST_TIMES:,}, or counts of rounded times",
        )
    names = list(dict.fromkeys(distributions)) if distributions else list(TWO_PARAMETER)
    if len(names) < 2:
        raise InputError(
            "one distribution cannot be compared",
            where="distributions",
            remedy="name two or more, or leave it out",
        )
    check("weibull", data)
    fits: list[Fitted] = []
    failed: list[str] = []
    for one in names:
        try:
            fits.append(fit(one, data))
        except InputError:
            failed.append(LABELS[one])
    if not fits:
        raise InputError(
            "none of the distributions could be fitted", where="distributions",
            remedy="try the distributions with two parameters",
        )  # fmt: skip
    fits.sort(key=lambda fitted: 2 * fitted.free - 2 * fitted.loglik)
    times, share = plot_points(data)
    z = float(special.ndtri(0.5 + _LEVEL / 2))
    best = 2 * fits[0].free - 2 * fits[0].loglik
    rows = []
    for fitted in fits:
        aic = 2 * fitted.free - 2 * fitted.loglik
        rows.append(
            Candidate(
                distribution=fitted.distribution,
                label=LABELS[fitted.distribution],
                parameters=parameters(fitted, z, None),
                loglik=fitted.loglik,
                aic=aic,
                bic=fitted.free * math.log(data.n) - 2 * fitted.loglik,
                delta_aic=aic - best,
                B10=float(fitted.quantile(0.1)[0]),
                median=float(fitted.quantile(0.5)[0]),
                ad_adjusted=anderson_darling(fitted, times, share, data.n),
                correlation=correlation(fitted, times, share),
            )
        )
    close = [row for row in rows if row.delta_aic <= _CLOSE]
    by_ad = [row for row in rows if row.ad_adjusted is not None]
    by_line = [row for row in rows if row.correlation is not None]
    result = DistributionComparison(
        method="maximum likelihood, in the order of Akaike's criterion",
        unit=unit,
        name=name,
        n=data.n,
        failures=data.failures,
        censored=data.n - data.failures,
        best=rows[0].distribution,
        best_label=rows[0].label,
        candidates=rows,
        close=len(close),
        best_by_ad=min(by_ad, key=lambda r: r.ad_adjusted or 0.0).label if by_ad else None,
        best_by_correlation=max(by_line, key=lambda r: r.correlation or 0.0).label
        if by_line
        else None,
        not_fitted=failed or None,
        B10_low=min(row.B10 for row in close),
        B10_high=max(row.B10 for row in close),
        assumptions=[
            Check(
                name="one failure mode, censoring unrelated to failure",
                status="unknown",
                detail="the data cannot tell; a bend in every plot speaks for two modes",
            )
        ],
        charts=[comparison_plot(fits[:_DRAWN], times, share, name, unit)],
    )
    if failed:
        result.warnings.append(f"not fitted, because the data show no maximum: {', '.join(failed)}")
    return result


distribution_comparison.narrates(narrate_comparison)


@distribution_comparison.verifies
def _verify(result: DistributionComparison, **_: object) -> list[Recomputed]:
    """The criterion from the likelihood and the number of parameters that are shown."""
    return [
        Recomputed(
            name="aic",
            value=row.aic,
            recomputed=2 * (len(row.parameters) - row.loglik),
            route="twice the parameters less the log likelihood",
        )
        for row in result.candidates
    ]
