"""Correlation of two measurements: Pearson, Spearman and Kendall.

Sources: R. A. Fisher (1921) for the interval of Pearson's r; M. Hollander and
D. A. Wolfe, Nonparametric Statistical Methods, chapter 8 for Spearman and Kendall;
D. G. Bonett and T. A. Wright (2000) for the interval of Spearman's rho.
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

import numpy as np
from msgspec import Meta
from scipy import stats

from havoc.charts import ChartSpec, Panel, Series, decimate
from havoc.tools.declaration import tool
from havoc.tools.parameters import Alpha, FloatArray, Name, Sample, as_sample, same_length
from havoc.tools.result import Check, Narrative, Outcome, Recomputed
from havoc.tools.stats import precise_sums
from havoc.tools.stats.assumption_checks import INDEPENDENCE

# Permutations are counted exactly up to this size (without ties), as in R's cor.test.
EXACT_SPEARMAN = 9
EXACT_KENDALL = 49


class Correlation(Outcome):
    """All three coefficients; ``r`` and ``p_value`` repeat the chosen ``kind``.

    ``ci_low`` and ``ci_high`` are for Pearson's r, ``rho_ci_low`` and ``rho_ci_high``
    for Spearman's rho. ``rho`` and ``tau`` repeat the rank coefficients.
    """

    kind: str
    r: float
    p_value: float
    significant: bool
    alpha: float
    level: float
    n: int
    df: int
    x_name: str
    y_name: str
    pearson_r: float
    pearson_p: float
    t: float
    r_squared: float
    spearman_rho: float
    spearman_p: float
    kendall_tau: float
    kendall_p: float
    rho: float
    tau: float
    strength: str
    ci_low: float | None = None
    ci_high: float | None = None
    rho_ci_low: float | None = None
    rho_ci_high: float | None = None


@tool(
    "correlation",
    title="Correlation",
    source="Fisher (1921); Hollander and Wolfe, chapter 8; Bonett and Wright (2000)",
)
def correlation(
    x: Sample,
    y: Sample,
    kind: Annotated[
        Literal["pearson", "spearman", "kendall"],
        Meta(
            description="coefficient that decides: pearson (straight line), "
            "spearman or kendall (ranks)"
        ),
    ] = "pearson",
    alpha: Alpha = 0.05,
    x_name: Name = "x",
    y_name: Name = "y",
) -> Correlation:
    """Do two measurements of the same units move together?

    Use it for two columns where neither is the cause to be set (else a regression).
    Pearson measures a straight-line relation of values that are near normal together;
    Spearman and Kendall measure any rising or falling relation and resist outliers.
    Assumes independent pairs. Correlation says nothing about the cause.
    """
    same_length(x, y, "x, y")
    first = as_sample(x, "x", minimum=3, varying=True)
    second = as_sample(y, "y", minimum=3, varying=True)
    n = first.size
    r = _pearson(first, second)
    t = _t_of(r, n)
    pearson_p = float(2 * stats.t.sf(abs(t), n - 2))
    rho, spearman_p, rho_exact = _spearman(first, second)
    tau, kendall_p, tau_exact = _kendall(first, second)
    chosen = {
        "pearson": (r, pearson_p),
        "spearman": (rho, spearman_p),
        "kendall": (tau, kendall_p),
    }[kind]
    low, high = _fisher_interval(r, 1 / math.sqrt(n - 3) if n > 3 else math.inf, alpha)
    rho_error = math.sqrt((1 + rho**2 / 2) / (n - 3)) if n > 3 else math.inf
    rho_low, rho_high = _fisher_interval(rho, rho_error, alpha)
    agree = abs(r - rho) < 0.2
    return Correlation(
        method=f"{kind.capitalize()} decides; Pearson with Fisher z interval, Spearman "
        f"({'exact' if rho_exact else 't approximation'}), Kendall tau-b "
        f"({'exact' if tau_exact else 'normal approximation with ties'})",
        kind=kind,
        r=chosen[0],
        p_value=chosen[1],
        significant=chosen[1] < alpha,
        alpha=alpha,
        level=1 - alpha,
        n=n,
        df=n - 2,
        x_name=x_name,
        y_name=y_name,
        pearson_r=r,
        pearson_p=pearson_p,
        t=t,
        r_squared=r * r,
        ci_low=low,
        ci_high=high,
        spearman_rho=rho,
        spearman_p=spearman_p,
        rho_ci_low=rho_low,
        rho_ci_high=rho_high,
        kendall_tau=tau,
        kendall_p=kendall_p,
        rho=rho,
        tau=tau,
        strength=_strength(chosen[0]),
        assumptions=[
            Check(
                name="straight-line relation without outliers",
                status="ok" if agree else "violated",
                detail=f"Pearson {r:.3f} and Spearman {rho:.3f} "
                + ("agree" if agree else "disagree: look at the chart"),
            ),
            INDEPENDENCE,
        ],
        warnings=["fewer than 10 pairs: the interval is very wide"] if n < 10 else [],
        charts=[_scatter(first, second, x_name, y_name)],
    )


@correlation.narrates
def _narrate(result: Correlation) -> Narrative:
    label = {"pearson": "Pearson r", "spearman": "Spearman rho", "kendall": "Kendall tau"}
    if result.significant:
        direction = "rises" if result.r > 0 else "falls"
        verdict = f"{{{{y_name}}}} {direction} with {{{{x_name}}}}, a {{{{strength}}}} correlation"
    else:
        verdict = "There is no evidence that {{x_name}} and {{y_name}} are correlated"
    details = []
    if result.ci_low is not None:
        details.append(
            "The {{level:%}} confidence interval of Pearson's r runs from {{ci_low}} "
            "to {{ci_high}}."
        )
    details.append("Correlation alone does not show which one drives the other.")
    return Narrative(
        conclusion=f"{verdict} ({label[result.kind]} = {{{{r}}}}, p {{{{p_value:p}}}}).",
        details=details,
        key_figures=[
            ("Pearson r", "{{pearson_r}} (p {{pearson_p:p}})"),
            ("Spearman rho", "{{spearman_rho}} (p {{spearman_p:p}})"),
            ("Kendall tau", "{{kendall_tau}} (p {{kendall_p:p}})"),
            ("pairs", "{{n}}"),
        ],
    )


@correlation.verifies
def _verify(result: Correlation, x: list[float], y: list[float], **_: object) -> list[Recomputed]:
    peer = stats.pearsonr(np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64))
    ranks = np.corrcoef(stats.rankdata(x), stats.rankdata(y))[0, 1]
    return [
        Recomputed(
            name="pearson_r",
            value=result.pearson_r,
            recomputed=float(peer.statistic),
            route="scipy pearsonr",
        ),
        Recomputed(
            name="spearman_rho",
            value=result.spearman_rho,
            recomputed=float(ranks),
            route="Pearson correlation of the ranks",
        ),
    ]


def _pearson(x: FloatArray, y: FloatArray) -> float:
    first, second = precise_sums.deviations(x), precise_sums.deviations(y)
    first, second = first / np.linalg.norm(first), second / np.linalg.norm(second)
    r = min(max(math.fsum((first * second).tolist()), -1.0), 1.0)
    return math.copysign(1.0, r) if 1 - abs(r) < 1e-15 else r


def _t_of(r: float, n: int) -> float:
    spare = (1 - r) * (1 + r)
    return r * math.sqrt((n - 2) / spare) if spare > 0 else math.copysign(math.inf, r)


def _fisher_interval(r: float, error: float, alpha: float) -> tuple[float | None, float | None]:
    """tanh of the z interval; none for fewer than four pairs."""
    if math.isinf(error):
        return None, None
    if abs(r) >= 1:
        return r, r
    margin = float(stats.norm.ppf(1 - alpha / 2)) * error
    return math.tanh(math.atanh(r) - margin), math.tanh(math.atanh(r) + margin)


def _spearman(x: FloatArray, y: FloatArray) -> tuple[float, float, bool]:
    """Rho, two-sided p, and whether p counts the permutations (few pairs, no ties)."""
    first, second = stats.rankdata(x), stats.rankdata(y)
    n = x.size
    rho = _pearson(first, second)
    ties = np.unique(first).size < n or np.unique(second).size < n
    if n <= EXACT_SPEARMAN and not ties:
        return rho, _exact_spearman(n, float(((first - second) ** 2).sum())), True
    return rho, float(2 * stats.t.sf(abs(_t_of(rho, n)), n - 2)), False


def _exact_spearman(n: int, distance: float) -> float:
    """Two-sided p from the distribution of the sum of squared rank differences.

    The distribution is built rank by rank over the set of ranks already used.
    """
    states: dict[int, dict[int, int]] = {0: {0: 1}}
    for position in range(n):
        following: dict[int, dict[int, int]] = {}
        for used, sums in states.items():
            for rank in range(n):
                if used >> rank & 1:
                    continue
                target = following.setdefault(used | 1 << rank, {})
                step = (rank - position) ** 2
                for total, count in sums.items():
                    target[total + step] = target.get(total + step, 0) + count
        states = following
    sums = states[(1 << n) - 1]
    everything = math.factorial(n)
    below = sum(count for total, count in sums.items() if total <= distance + 1e-9)
    above = sum(count for total, count in sums.items() if total >= distance - 1e-9)
    return min(2 * min(below, above) / everything, 1.0)


def _kendall(x: FloatArray, y: FloatArray) -> tuple[float, float, bool]:
    """Tau-b, two-sided p, and whether p is exact."""
    n = x.size
    ties = np.unique(x).size < n or np.unique(y).size < n
    exact = n <= EXACT_KENDALL and not ties
    peer = stats.kendalltau(x, y, method="exact" if exact else "asymptotic")
    return float(peer.statistic), float(peer.pvalue), exact


def _strength(r: float) -> str:
    """Cohen's words for the size of a correlation."""
    size = abs(r)
    return "strong" if size >= 0.5 else "moderate" if size >= 0.3 else "weak"


def _scatter(x: FloatArray, y: FloatArray, x_name: str, y_name: str) -> ChartSpec:
    shown = decimate(x.size)
    return ChartSpec(
        kind="scatter",
        title=f"{y_name} against {x_name}",
        panels=[
            Panel(
                x_label=x_name,
                y_label=y_name,
                series=[
                    Series(name="pairs", kind="points", x=x[shown].tolist(), y=y[shown].tolist())
                ],
            )
        ],
        notes=[] if len(shown) == x.size else [f"{len(shown)} of {x.size} points are drawn"],
    )
