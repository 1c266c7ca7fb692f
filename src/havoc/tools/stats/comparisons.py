"""Which groups differ: simultaneous comparisons of means, from sizes, means and variances.

A comparison named "B-A" is the mean of B minus the mean of A, as in R.

Sources: Tukey (1953) and C. Y. Kramer (1956) for unequal sizes; P. A. Games and
J. F. Howell (1976); Dunnett (1955); S. Holm (1979); Z. Šidák (1967); H. Scheffé (1953);
J. C. Hsu (1984), Annals of Statistics 12, 1136, and (1996), Multiple Comparisons, 4.1, for
comparisons with the best.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Literal

import msgspec
import numpy as np
from scipy import special

from havoc.errors import InputError
from havoc.tools.parameters import FloatArray
from havoc.tools.stats.adjustments import adjusted
from havoc.tools.stats.range_distributions import (
    dunnett_quantile,
    dunnett_sf,
    studentized_range_quantile,
    studentized_range_sf,
)

Method = Literal[
    "tukey",
    "games_howell",
    "dunnett",
    "hsu_mcb",
    "scheffe",
    "bonferroni",
    "holm",
    "sidak",
    "fisher_lsd",
]
MOST_GROUPS = 100

METHOD_NAMES = {
    "tukey": "Tukey-Kramer simultaneous comparisons",
    "games_howell": "Games-Howell comparisons (variances may differ)",
    "dunnett": "Dunnett's comparisons with a control",
    "hsu_mcb": "Hsu's comparisons with the best of the others",
    "scheffe": "Scheffé's comparisons, protected for every contrast",
    "bonferroni": "pairwise t tests with pooled variance, Bonferroni",
    "holm": "pairwise t tests with pooled variance, Holm (Bonferroni intervals)",
    "sidak": "pairwise t tests with pooled variance, Šidák",
    "fisher_lsd": "Fisher's least significant difference, no protection for many pairs",
}


class GroupMean(msgspec.Struct, frozen=True, kw_only=True):
    """``ci_low`` to ``ci_high`` is the interval of this mean with the error of the analysis."""

    name: str
    n: int
    mean: float
    sd: float
    ci_low: float
    ci_high: float


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """``difference`` is the first-named mean minus the second of ``pair`` "B-A"."""

    pair: str
    difference: float
    ci_low: float
    ci_high: float
    p_adjusted: float
    significant: bool


class Moments(msgspec.Struct, frozen=True, kw_only=True):
    """Sizes, means and variances of the groups, with the pooled error.

    ``shifts`` are the means less a constant common to all groups, so that
    differences lose no digit when the means are large.
    """

    names: list[str]
    sizes: list[int]
    shifts: list[float]
    variances: list[float]
    error_variance: float
    error_df: float


def compare(
    moments: Moments,
    method: Method,
    alpha: float,
    control: str | None = None,
    best: Literal["largest", "smallest"] = "largest",
) -> list[Comparison]:
    """All pairs; with Dunnett every group against ``control``, with Hsu against the best."""
    if len(moments.names) > MOST_GROUPS:
        raise InputError(
            f"{len(moments.names)} groups make too many pairs",
            where="groups",
            remedy=f"compare at most {MOST_GROUPS} groups",
        )
    if method == "dunnett":
        return _dunnett(moments, alpha, control)
    if method == "games_howell":
        return _games_howell(moments, alpha)
    if moments.error_variance <= 0:
        raise InputError(
            "every group is constant, so there is no error to compare with",
            where="groups",
            remedy="check the resolution of the measurement",
        )
    if method == "tukey":
        return _tukey(moments, alpha)
    if method == "hsu_mcb":
        return _with_best(moments, alpha, 1 if best == "largest" else -1)
    if method == "scheffe":
        return _scheffe(moments, alpha)
    return _pairwise_t(moments, method, alpha)


def _pairs(moments: Moments) -> list[tuple[int, int]]:
    """(later, earlier), in R's order: B-A, C-A, C-B read column by column."""
    return [(j, i) for i, j in itertools.combinations(range(len(moments.names)), 2)]


def _comparison(
    moments: Moments, later: int, earlier: int, margin: float, p_value: float, alpha: float
) -> Comparison:
    difference = moments.shifts[later] - moments.shifts[earlier]
    return Comparison(
        pair=f"{moments.names[later]}-{moments.names[earlier]}",
        difference=difference,
        ci_low=difference - margin,
        ci_high=difference + margin,
        p_adjusted=p_value,
        significant=p_value < alpha,
    )


def _standard_error(moments: Moments, first: int, second: int) -> float:
    return math.sqrt(
        moments.error_variance * (1 / moments.sizes[first] + 1 / moments.sizes[second])
    )


def _tukey(moments: Moments, alpha: float) -> list[Comparison]:
    groups, df = len(moments.names), moments.error_df
    critical = studentized_range_quantile(1 - alpha, groups, df) / math.sqrt(2)
    result = []
    for later, earlier in _pairs(moments):
        error = _standard_error(moments, later, earlier)
        t = abs(moments.shifts[later] - moments.shifts[earlier]) / error
        p_value = studentized_range_sf(t * math.sqrt(2), groups, df)
        result.append(_comparison(moments, later, earlier, critical * error, p_value, alpha))
    return result


def _games_howell(moments: Moments, alpha: float) -> list[Comparison]:
    result = []
    for later, earlier in _pairs(moments):
        first, second = (moments.variances[i] / moments.sizes[i] for i in (later, earlier))
        if first + second == 0:
            raise InputError(
                f"{moments.names[later]} and {moments.names[earlier]} are both constant",
                where="groups",
                remedy="use Tukey, which pools the variance of all groups",
            )
        df = (first + second) ** 2 / (
            first**2 / (moments.sizes[later] - 1) + second**2 / (moments.sizes[earlier] - 1)
        )
        error = math.sqrt(first + second)
        t = abs(moments.shifts[later] - moments.shifts[earlier]) / error
        p_value = studentized_range_sf(t * math.sqrt(2), len(moments.names), df)
        critical = studentized_range_quantile(1 - alpha, len(moments.names), df) / math.sqrt(2)
        result.append(_comparison(moments, later, earlier, critical * error, p_value, alpha))
    return result


def _dunnett(moments: Moments, alpha: float, control: str | None) -> list[Comparison]:
    if control is None:
        control = moments.names[0]
    if control not in moments.names:
        raise InputError(
            f"no group is named {control!r}",
            where="control",
            remedy=f"name one of {', '.join(moments.names[:8])}",
        )
    base = moments.names.index(control)
    treated = [i for i in range(len(moments.names)) if i != base]
    sizes = [moments.sizes[i] for i in treated]
    critical = dunnett_quantile(1 - alpha, sizes, moments.sizes[base], moments.error_df)
    result = []
    for i in treated:
        error = _standard_error(moments, i, base)
        t = abs(moments.shifts[i] - moments.shifts[base]) / error
        p_value = dunnett_sf(t, sizes, moments.sizes[base], moments.error_df)
        result.append(_comparison(moments, i, base, critical * error, p_value, alpha))
    return result


def _scheffe(moments: Moments, alpha: float) -> list[Comparison]:
    between, df = float(len(moments.names) - 1), moments.error_df
    critical = math.sqrt(between * float(special.fdtri(between, df, 1 - alpha)))
    result = []
    for later, earlier in _pairs(moments):
        error = _standard_error(moments, later, earlier)
        t = (moments.shifts[later] - moments.shifts[earlier]) / error
        p_value = float(special.fdtrc(between, df, t * t / between))
        result.append(_comparison(moments, later, earlier, critical * error, p_value, alpha))
    return result


def _with_best(moments: Moments, alpha: float, sign: int) -> list[Comparison]:
    """Hsu's constrained intervals of every mean less the best of the other means.

    A group whose upper bound is 0 is not the best; its p-value is that of the one-sided
    Dunnett test with this group as the control. For the smallest as the best (``sign`` -1)
    the means change sign and the intervals are turned back.
    """
    groups = range(len(moments.names))
    shift = [sign * value for value in moments.shifts]
    critical, p_values, upper = [], [], []
    for i in groups:
        others = [moments.sizes[j] for j in groups if j != i]
        d = dunnett_quantile(1 - alpha, others, moments.sizes[i], moments.error_df, "greater")
        worst = max(
            (shift[j] - shift[i]) / _standard_error(moments, i, j) for j in groups if j != i
        )
        critical.append(d)
        p_values.append(dunnett_sf(worst, others, moments.sizes[i], moments.error_df, "greater"))
        upper.append(
            max(
                min(
                    shift[i] - shift[j] + d * _standard_error(moments, i, j)
                    for j in groups
                    if j != i
                ),
                0.0,
            )
        )
    candidates = [i for i in groups if upper[i] > 0]
    result = []
    for i in groups:
        low = min(
            (
                min(shift[i] - shift[j] - critical[j] * _standard_error(moments, i, j), 0.0)
                for j in candidates
                if j != i
            ),
            default=0.0,
        )
        rival = max((j for j in groups if j != i), key=lambda j: shift[j])
        bounds = sorted((sign * low, sign * upper[i]))
        result.append(
            Comparison(
                pair=f"{moments.names[i]}-{moments.names[rival]}",
                difference=moments.shifts[i] - moments.shifts[rival],
                ci_low=bounds[0] + 0.0,
                ci_high=bounds[1] + 0.0,
                p_adjusted=p_values[i],
                significant=p_values[i] < alpha,
            )
        )
    return result


def _pairwise_t(moments: Moments, method: str, alpha: float) -> list[Comparison]:
    pairs = _pairs(moments)
    errors = [_standard_error(moments, later, earlier) for later, earlier in pairs]
    statistics = [
        abs(moments.shifts[later] - moments.shifts[earlier]) / error
        for (later, earlier), error in zip(pairs, errors, strict=True)
    ]
    df = moments.error_df
    raw = [2 * float(special.stdtr(df, -t)) for t in statistics]
    share = {
        "bonferroni": alpha / len(pairs),
        "holm": alpha / len(pairs),
        "sidak": -math.expm1(math.log1p(-alpha) / len(pairs)),
        "fisher_lsd": alpha,
    }[method]
    critical = float(special.stdtrit(df, 1 - share / 2))
    return [
        _comparison(moments, later, earlier, critical * error, p_value, alpha)
        for (later, earlier), error, p_value in zip(
            pairs, errors, adjusted(raw, method), strict=True
        )
    ]


def pooled(
    names: Sequence[str], sizes: Sequence[int], shifts: FloatArray, variances: FloatArray
) -> Moments:
    """Moments with the error pooled over all groups."""
    size = np.asarray(sizes, dtype=np.float64)
    df = float(size.sum() - size.size)
    error = math.fsum(((size - 1) * variances).tolist()) / df if df > 0 else 0.0
    return Moments(
        names=list(names),
        sizes=list(sizes),
        shifts=[float(shift) for shift in shifts],
        variances=[float(variance) for variance in variances],
        error_variance=error,
        error_df=df,
    )
