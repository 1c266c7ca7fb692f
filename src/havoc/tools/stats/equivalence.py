"""Equivalence: are means or proportions the same for practical purposes (TOST)?

Two one-sided tests; equivalence is shown when the interval at 1 - 2 alpha lies
within the bounds.

Sources: D. J. Schuirmann (1987); S. Wellek (2010), Testing Statistical
Hypotheses of Equivalence; proportions: Newcombe (1998) method 10 interval.
"""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

import numpy as np
from msgspec import Meta
from scipy import special

from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.parameters import (
    Alpha,
    Count,
    Name,
    Positive,
    SampleOrSummary,
    Summary,
    Unit,
    as_sample,
    as_summary,
    same_length,
)
from havoc.tools.result import Recomputed
from havoc.tools.stats.assumption_checks import INDEPENDENCE
from havoc.tools.stats.binomial import wilson
from havoc.tools.stats.equivalence_result import Equivalence, add_chart, narrate


@tool(
    "equivalence_test",
    title="Equivalence test (TOST)",
    source="Schuirmann (1987); Wellek (2010)",
)
def equivalence_test(
    group1: SampleOrSummary | None = None,
    group2: SampleOrSummary | None = None,
    data: SampleOrSummary | None = None,
    mu0: Annotated[
        float | None, Meta(description="one sample (data): the value to be equivalent to")
    ] = None,
    low: Annotated[
        float | None, Meta(description="lower bound of the difference (or of the ratio)")
    ] = None,
    high: Annotated[
        float | None, Meta(description="upper bound of the difference (or of the ratio)")
    ] = None,
    margin: Annotated[
        Positive | None, Meta(description="instead of low and high: bounds -margin and margin")
    ] = None,
    paired: Annotated[
        bool, Meta(description="group1 and group2 are pairs, or data are differences")
    ] = False,
    equal_var: Annotated[
        bool, Meta(description="pool the variances instead of Welch's test")
    ] = False,
    scale: Annotated[
        Literal["difference", "ratio"],
        Meta(description="ratio compares geometric means, for instance within 0.8 and 1.25"),
    ] = "difference",
    successes1: Count | None = None,
    trials1: Count | None = None,
    successes2: Count | None = None,
    trials2: Count | None = None,
    alpha: Alpha = 0.05,
    name1: Name = "group 1",
    name2: Name = "group 2",
    unit: Unit = "",
) -> Equivalence:
    """Are two means (or a mean and a value, or two proportions) practically equal?

    Use it to show sameness: a t test that finds no difference does not. Give
    the bounds within which a difference does not matter, chosen before the
    data. With only ``low`` (or only ``high``) it tests non-inferiority. Assumes
    independent values with near-normal means (pairs: near-normal differences).
    """
    low, high = _bounds(low, high, margin, scale)
    common: dict[str, Any] = {
        "alpha": alpha,
        "level": 1 - 2 * alpha,
        "scale": scale,
        "unit": unit if scale == "difference" else "",
        "name1": name1,
        "name2": name2,
        "low": low,
        "high": high,
    }
    if alpha >= 0.5:
        raise InputError(
            "alpha must be below 0.5 for an interval at 1 - 2 alpha",
            where="alpha",
            remedy="such as 0.05",
        )
    if successes1 is not None or successes2 is not None:
        counts = (successes1, trials1, successes2, trials2)
        if any(item is None for item in counts):
            raise InputError(
                "proportions need successes1, trials1, successes2 and trials2",
                where="equivalence_test",
                remedy="give all four counts",
            )
        return _proportions([int(item or 0) for item in counts], common)
    if data is not None:
        return _one_sample(data, 0.0 if mu0 is None and paired else mu0, common)
    if group1 is None or group2 is None:
        raise InputError(
            "give group1 and group2, or data and mu0, or successes and trials",
            where="equivalence_test",
            remedy="see havoc run equivalence_test --help",
        )
    if paired:
        return _paired(group1, group2, common)
    return _two_samples(group1, group2, equal_var, common)


equivalence_test.narrates(narrate)


@equivalence_test.verifies
def _verify(result: Equivalence, **_: object) -> list[Recomputed]:
    # Confidence interval inclusion and the two tests must agree: the p-value is
    # the error level at which the interval just touches the nearer bound.
    if result.df is None or result.standard_error is None or result.scale == "ratio":
        return []
    distances = [
        distance
        for distance in (
            result.difference - result.low if result.low is not None else None,
            result.high - result.difference if result.high is not None else None,
        )
        if distance is not None
    ]
    t = min(distances) / result.standard_error
    # Student's t tail by the incomplete beta function.
    tail = float(special.betainc(result.df / 2, 0.5, result.df / (result.df + t * t))) / 2
    return [
        Recomputed(
            name="p_value",
            value=result.p_value,
            recomputed=tail if t > 0 else 1 - tail,
            route="distance to the nearer bound, incomplete beta function",
        )
    ]


def _bounds(
    low: float | None, high: float | None, margin: float | None, scale: str
) -> tuple[float | None, float | None]:
    if margin is not None:
        if low is not None or high is not None:
            raise InputError(
                "give either margin, or low and high",
                where="margin",
                remedy="give exactly one of them",
            )
        if scale == "ratio":
            raise InputError(
                "a ratio needs low and high, such as 0.8 and 1.25",
                where="margin",
                remedy="or compare the difference",
            )
        return -margin, margin
    if low is None and high is None:
        raise InputError(
            "the bounds of equivalence are missing",
            where="low, high",
            remedy="say how large a difference would not matter, as margin or low and high",
        )
    if low is not None and high is not None and low >= high:
        raise InputError(
            f"low {low:g} is not below high {high:g}", where="low, high", remedy="swap them"
        )
    if any(bound is not None and not math.isfinite(bound) for bound in (low, high)):
        raise InputError(
            "the bounds must be finite", where="low, high", remedy="give both bounds as numbers"
        )
    if scale == "ratio" and any(bound is not None and bound <= 0 for bound in (low, high)):
        raise InputError(
            "bounds of a ratio must be positive", where="low, high", remedy="such as 0.8 and 1.25"
        )
    return low, high


def _one_sample(
    data: list[float] | Summary, mu0: float | None, common: dict[str, Any]
) -> Equivalence:
    if mu0 is None:
        raise InputError("mu0 is missing", where="mu0", remedy="give the value to compare with")
    logs = common["scale"] == "ratio"
    if logs and mu0 <= 0:
        raise InputError(
            "a ratio needs a positive mu0", where="mu0", remedy="compare the difference instead"
        )
    summary = as_summary(_logged(data, "data") if logs else data, "data")
    if summary.n < 2:
        raise InputError("at least 2 values are needed", where="data", remedy="add measurements")
    origin = math.log(mu0) if logs else mu0
    plain = as_summary(data, "data")
    return _tost(
        summary.mean - origin,
        summary.sd / math.sqrt(summary.n),
        summary.n - 1.0,
        f"one-sample TOST{' of logarithms' if logs else ''}",
        {
            **common,
            "kind": "one sample",
            "n1": summary.n,
            "mean1": plain.mean,
            "sd1": plain.sd,
            "mu0": mu0,
        },
    )


def _paired(
    group1: list[float] | Summary, group2: list[float] | Summary, common: dict[str, Any]
) -> Equivalence:
    if isinstance(group1, Summary) or isinstance(group2, Summary):
        raise InputError(
            "pairs need the values of both groups",
            where="group1, group2",
            remedy="or give the summary of the differences as data with paired",
        )
    same_length(group1, group2, "group1, group2")
    logs = common["scale"] == "ratio"
    first = as_sample(_logged(group1, "group1") if logs else group1, "group1", minimum=2)
    second = as_sample(_logged(group2, "group2") if logs else group2, "group2", minimum=2)
    summary = as_summary((first - second).tolist(), "group1 - group2")
    return _tost(
        summary.mean,
        summary.sd / math.sqrt(summary.n),
        summary.n - 1.0,
        f"paired TOST{' of logarithms' if logs else ''}",
        {
            **common,
            "kind": "paired",
            "n1": summary.n,
            "mean1": float(np.mean(group1)),
            "mean2": float(np.mean(group2)),
        },
    )


def _two_samples(
    group1: list[float] | Summary,
    group2: list[float] | Summary,
    equal_var: bool,
    common: dict[str, Any],
) -> Equivalence:
    logs = common["scale"] == "ratio"
    first = as_summary(_logged(group1, "group1") if logs else group1, "group1")
    second = as_summary(_logged(group2, "group2") if logs else group2, "group2")
    if first.n < 2 or second.n < 2:
        raise InputError(
            "each group needs at least 2 values", where="group1, group2", remedy="add measurements"
        )
    part1, part2 = first.sd**2 / first.n, second.sd**2 / second.n
    if equal_var:
        df = first.n + second.n - 2.0
        pooled = ((first.n - 1) * first.sd**2 + (second.n - 1) * second.sd**2) / df
        error = math.sqrt(pooled * (1 / first.n + 1 / second.n))
    else:
        error = math.sqrt(part1 + part2)
        df = (
            (part1 + part2) ** 2 / (part1**2 / (first.n - 1) + part2**2 / (second.n - 1))
            if error > 0
            else 1.0
        )
    plain1, plain2 = as_summary(group1, "group1"), as_summary(group2, "group2")
    return _tost(
        first.mean - second.mean,
        error,
        df,
        f"two-sample TOST, {'pooled' if equal_var else 'Welch'}{', logarithms' if logs else ''}",
        {
            **common,
            "kind": "two samples",
            "n1": first.n,
            "n2": second.n,
            "mean1": plain1.mean,
            "mean2": plain2.mean,
            "sd1": plain1.sd,
            "sd2": plain2.sd,
        },
    )


def _tost(
    difference: float, error: float, df: float, method: str, common: dict[str, Any]
) -> Equivalence:
    if error == 0:
        raise InputError(
            "there is no variation to compare with",
            where="equivalence_test",
            remedy="check the resolution of the measurement",
        )
    logs, alpha = common["scale"] == "ratio", common["alpha"]
    low, high = (
        math.log(bound) if logs and bound is not None else bound
        for bound in (common["low"], common["high"])
    )
    t_lower = (difference - low) / error if low is not None else None
    t_upper = (difference - high) / error if high is not None else None
    p_lower = float(special.stdtr(df, -t_lower)) if t_lower is not None else None
    p_upper = float(special.stdtr(df, t_upper)) if t_upper is not None else None
    reach = float(special.stdtrit(df, 1 - alpha)) * error
    ends = [difference, difference - reach, difference + reach]
    if logs:
        ends = [math.exp(end) for end in ends]
    p_value = max(p for p in (p_lower, p_upper) if p is not None)
    result = Equivalence(
        method=method,
        equivalent=p_value < alpha,
        significant=p_value < alpha,
        p_value=p_value,
        difference=ends[0],
        ci_low=ends[1],
        ci_high=ends[2],
        t_lower=t_lower,
        t_upper=t_upper,
        p_lower=p_lower,
        p_upper=p_upper,
        df=df,
        standard_error=error,
        p_difference=2 * float(special.stdtr(df, -abs(difference / error))),
        assumptions=[INDEPENDENCE],
        **common,
    )
    add_chart(result)
    return result


def _proportions(counts: list[int], common: dict[str, Any]) -> Equivalence:
    x1, n1, x2, n2 = counts
    if common["scale"] == "ratio":
        raise InputError(
            "proportions are compared by their difference", where="scale", remedy="leave out scale"
        )
    if n1 < 1 or n2 < 1 or x1 > n1 or x2 > n2:
        raise InputError(
            "successes cannot exceed trials",
            where="successes1, trials1, successes2, trials2",
            remedy="check the counts",
        )
    first, second = x1 / n1, x2 / n2
    difference = first - second
    error = math.sqrt(first * (1 - first) / n1 + second * (1 - second) / n2)
    if error == 0:
        raise InputError(
            "both proportions are 0 or 1, so the z test has no variance",
            where="equivalence_test",
            remedy="use proportion_two and read its interval",
        )
    alpha, low, high = common["alpha"], common["low"], common["high"]
    z_lower = (difference - low) / error if low is not None else None
    z_upper = (difference - high) / error if high is not None else None
    p_lower = float(special.ndtr(-z_lower)) if z_lower is not None else None
    p_upper = float(special.ndtr(z_upper)) if z_upper is not None else None
    low1, high1 = wilson(x1, n1, 2 * alpha)
    low2, high2 = wilson(x2, n2, 2 * alpha)
    p_value = max(p for p in (p_lower, p_upper) if p is not None)
    result = Equivalence(
        method="two one-sided z tests, unpooled; Newcombe interval",
        equivalent=p_value < alpha,
        significant=p_value < alpha,
        p_value=p_value,
        kind="two proportions",
        difference=difference,
        ci_low=difference - math.hypot(first - low1, high2 - second),
        ci_high=difference + math.hypot(high1 - first, second - low2),
        z_lower=z_lower,
        z_upper=z_upper,
        p_lower=p_lower,
        p_upper=p_upper,
        n1=n1,
        n2=n2,
        proportion1=first,
        proportion2=second,
        standard_error=error,
        assumptions=[INDEPENDENCE],
        **common,
    )
    add_chart(result)
    return result


def _logged(values: list[float] | Summary, where: str) -> list[float]:
    if isinstance(values, Summary):
        raise InputError(
            "a ratio needs the values, not {n, mean, sd}",
            where=where,
            remedy="give the values, or use scale difference",
        )
    sample = as_sample(values, where)
    if (sample <= 0).any():
        raise InputError(
            "a ratio needs positive values", where=where, remedy="compare the difference instead"
        )
    return [float(value) for value in np.log(sample)]
