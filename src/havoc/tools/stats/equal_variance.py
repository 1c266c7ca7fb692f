"""Are variances equal? Levene, Bartlett, Fligner-Killeen, Bonett, F; and one variance.

Sources: H. Levene (1960) with medians by M. B. Brown and A. B. Forsythe (1974);
M. S. Bartlett (1937); M. A. Fligner and T. J. Killeen (1976), median-centred;
NIST/SEMATECH e-Handbook 1.3.5.7 to 1.3.5.10; Bonett (2006), see ``bonett``.
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

import numpy as np
from msgspec import Meta
from scipy import special, stats

from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.parameters import (
    Alpha,
    Alternative,
    FloatArray,
    Name,
    Positive,
    SampleOrSummary,
    Summary,
    Unit,
)
from havoc.tools.result import Check, Recomputed
from havoc.tools.stats import bonett
from havoc.tools.stats.assumption_checks import normal_residuals
from havoc.tools.stats.equal_variance_result import EqualVariance, GroupSpread, chart, narrate
from havoc.tools.stats.group_input import GroupsOrSummaries, PreparedGroups, prepare

Method = Literal["levene", "bartlett", "fligner", "f_test", "bonett", "chi_square_one_variance"]
NAMES = {
    "levene": "Levene's test about medians",
    "bartlett": "Bartlett's test",
    "fligner": "Fligner-Killeen test",
    "f_test": "F test of two variances",
    "bonett": "Bonett's test of two standard deviations",
    "chi_square_one_variance": "chi-square test of one variance",
}


@tool(
    "equal_variance",
    title="Tests of equal variance",
    source="NIST/SEMATECH e-Handbook 1.3.5.7 to 1.3.5.10; Brown and Forsythe (1974)",
)
def equal_variance(
    groups: GroupsOrSummaries | None = None,
    group1: SampleOrSummary | None = None,
    group2: SampleOrSummary | None = None,
    data: SampleOrSummary | None = None,
    sigma0: Annotated[
        Positive | None, Meta(description="one variance: the standard deviation to compare with")
    ] = None,
    method: Annotated[
        Method | None,
        Meta(description="which test decides; by default Levene, with summaries F or Bartlett"),
    ] = None,
    alternative: Alternative = "two_sided",
    alpha: Alpha = 0.05,
    name1: Name = "group 1",
    name2: Name = "group 2",
    name: Name = "group",
    unit: Unit = "",
) -> EqualVariance:
    """Do groups scatter alike, or does one scatter differ from a given one?

    Use it for groups (or two of them as group1, group2), as values or {n,
    mean, sd}, or for one sample against ``sigma0``. Levene's test and, for two
    groups, Bonett's (as Minitab) hold without normality; Bartlett's and the F
    test need it. A one-sided alternative speaks of the first variance and
    decides by the F or chi-square test. Assumes independent values.
    """
    if sigma0 is not None:
        return _one_variance(data, sigma0, alternative, alpha, name, unit)
    if groups is None:
        if group1 is None or group2 is None:
            raise InputError(
                "give groups, or group1 and group2, or data and sigma0",
                where="equal_variance",
                remedy="see havoc run equal_variance --help",
            )
        if name1 == name2:
            name1, name2 = f"{name1} (1)", f"{name2} (2)"
        groups = {name1: group1, name2: group2}
    prepared = prepare(groups, minimum=2)
    if min(prepared.sizes) < 2:
        raise InputError(
            "each group needs at least 2 values", where="groups", remedy="add measurements"
        )
    if prepared.variances.max() == 0:
        raise InputError(
            "every group is constant",
            where="groups",
            remedy="check the resolution of the measurement",
        )
    chosen = _chosen(method, prepared, alternative)
    result = EqualVariance(
        method=NAMES[chosen],
        unit=unit,
        p_value=math.nan,
        significant=False,
        alpha=alpha,
        level=1 - alpha,
        alternative=alternative,
        decided_by=NAMES[chosen],
        name=name,
        group_count=len(prepared.names),
        largest=prepared.names[int(np.argmax(prepared.variances))],
        smallest=prepared.names[int(np.argmin(prepared.variances))],
        groups=_spreads(prepared, alpha),
        warnings=list(prepared.warnings),
    )
    _all_tests(result, prepared, alternative, alpha)
    p_values = {
        "levene": result.levene_p,
        "bartlett": result.bartlett_p,
        "fligner": result.fligner_p,
        "f_test": result.F_p,
        "bonett": result.bonett_p,
    }
    p_value = p_values[chosen]
    if p_value is None or not math.isfinite(p_value):
        raise InputError(
            f"{NAMES[chosen]} cannot be computed from these groups",
            where="equal_variance",
            remedy="give values that vary in every group, or choose another method",
        )
    result.p_value = p_value
    result.significant = p_value < alpha
    if prepared.deviations and chosen in ("bartlett", "f_test"):
        check = normal_residuals(prepared.residuals, "normal values")
        result.assumptions = [check]
        if check.status == "violated":
            result.warnings.append(f"{NAMES[chosen]} needs normal values: prefer Levene's test")
    result.charts = [chart(result, unit)]
    return result


equal_variance.narrates(narrate)


@equal_variance.verifies
def _verify(
    result: EqualVariance, groups: dict[str, list[float] | Summary] | None, **_: object
) -> list[Recomputed]:
    if groups is None or result.levene_F is None:
        return []
    # Levene's statistic is the F of an analysis of variance of distances from the medians.
    samples = [np.asarray(group) for group in groups.values() if not isinstance(group, Summary)]
    distances = [np.abs(sample - np.median(sample)) for sample in samples]
    return [
        Recomputed(
            name="levene_F",
            value=result.levene_F,
            recomputed=float(stats.f_oneway(*distances).statistic),
            route="analysis of variance of distances from the medians",
            rtol=1e-5,
        )
    ]


def _chosen(method: Method | None, prepared: PreparedGroups, alternative: str) -> Method:
    two = len(prepared.names) == 2
    if method == "chi_square_one_variance":
        raise InputError(
            "give data and sigma0 for one variance",
            where="method",
            remedy="see havoc run equal_variance --help",
        )
    if alternative != "two_sided":
        if not two:
            raise InputError(
                "a one-sided alternative needs exactly two groups",
                where="alternative",
                remedy="use two_sided",
            )
        return "f_test"
    if method in ("f_test", "bonett") and not two:
        raise InputError(
            f"{NAMES[method]} needs exactly two groups",
            where="method",
            remedy="choose levene or bartlett for more groups",
        )
    if not prepared.deviations:
        if method in ("levene", "fligner", "bonett"):
            raise InputError(
                f"{NAMES[method]} needs the values, not {{n, mean, sd}}",
                where="method",
                remedy="give the values, or choose bartlett or f_test",
            )
        return method or ("f_test" if two else "bartlett")
    return method or "levene"


def _all_tests(
    result: EqualVariance, prepared: PreparedGroups, alternative: str, alpha: float
) -> None:
    sizes = np.asarray(prepared.sizes, dtype=np.float64)
    if prepared.variances.min() > 0:
        result.bartlett_K2, result.bartlett_p = _bartlett(sizes, prepared.variances)
        result.df = sizes.size - 1.0
    if prepared.deviations:
        _levene(result, prepared.deviations)
    if sizes.size == 2 and prepared.variances.min() > 0:
        _f_test(result, prepared, alternative, alpha)
    if sizes.size == 2 and prepared.deviations:
        first, second = prepared.deviations
        found = bonett.two_samples(first, second, alpha)
        if found is not None:
            result.bonett_p, (result.bonett_low, result.bonett_high) = found


def _bartlett(sizes: FloatArray, variances: FloatArray) -> tuple[float, float]:
    df = sizes - 1
    pooled = float(df @ variances) / float(df.sum())
    statistic = float(df.sum()) * math.log(pooled) - float(df @ np.log(variances))
    correction = 1 + (float((1 / df).sum()) - 1 / float(df.sum())) / (3 * (sizes.size - 1))
    statistic = max(statistic / correction, 0.0)
    return statistic, float(special.chdtrc(sizes.size - 1, statistic))


def _levene(result: EqualVariance, deviations: list[FloatArray]) -> None:
    distances = [np.abs(group - np.median(group)) for group in deviations]
    total = sum(group.size for group in distances)
    df1, df2 = float(len(distances) - 1), float(total - len(distances))
    means = [float(group.mean()) for group in distances]
    center = sum(group.size * mean for group, mean in zip(distances, means, strict=True)) / total
    between = math.fsum(
        group.size * (mean - center) ** 2 for group, mean in zip(distances, means, strict=True)
    )
    within = math.fsum(
        float(((group - mean) ** 2).sum()) for group, mean in zip(distances, means, strict=True)
    )
    if within <= 1e-24 * max(center**2, 1e-300) * total or df2 <= 0:
        result.warnings.append(
            "Levene's test needs more than two different values in a group: left out"
        )
        return
    result.levene_F = between / df1 / (within / df2)
    result.levene_p = float(special.fdtrc(df1, df2, result.levene_F))
    result.levene_df1, result.levene_df2 = df1, df2
    fligner = stats.fligner(*deviations, center="median")
    result.fligner_chi2 = float(fligner.statistic)
    result.fligner_p = float(fligner.pvalue)


def _f_test(
    result: EqualVariance, prepared: PreparedGroups, alternative: str, alpha: float
) -> None:
    df1, df2 = (float(size - 1) for size in prepared.sizes)
    ratio = float(prepared.variances[0] / prepared.variances[1])
    below, above = float(special.fdtr(df1, df2, ratio)), float(special.fdtrc(df1, df2, ratio))
    tail = alpha / 2 if alternative == "two_sided" else alpha
    result.F = result.variance_ratio = ratio
    result.sd_ratio = math.sqrt(ratio)
    result.df1, result.df2 = df1, df2
    result.F_p = {
        "less": below,
        "greater": above,
        "two_sided": min(2 * min(below, above), 1.0),
    }[alternative]
    low = ratio / float(special.fdtri(df1, df2, 1 - tail))
    high = ratio / float(special.fdtri(df1, df2, tail))
    result.ci_low = 0.0 if alternative == "less" else low
    result.ci_high = math.inf if alternative == "greater" else high


def _one_variance(
    data: list[float] | Summary | None,
    sigma0: float,
    alternative: str,
    alpha: float,
    name: str,
    unit: str,
) -> EqualVariance:
    if data is None:
        raise InputError("sigma0 needs data", where="data", remedy="give values or {n, mean, sd}")
    # A second group of the same values only lets the shared input check read the first.
    prepared = prepare({name: data, "": data}, minimum=2)
    n, variance = prepared.sizes[0], float(prepared.variances[0])
    if n < 2:
        raise InputError("at least 2 values are needed", where="data", remedy="add measurements")
    df = float(n - 1)
    statistic = df * variance / sigma0**2
    below, above = float(special.chdtr(df, statistic)), float(special.chdtrc(df, statistic))
    p_value = {
        "less": below,
        "greater": above,
        "two_sided": min(2 * min(below, above), 1.0),
    }[alternative]
    tail = alpha / 2 if alternative == "two_sided" else alpha
    low = math.sqrt(df * variance / float(special.chdtri(df, tail)))
    high = math.sqrt(df * variance / float(special.chdtri(df, 1 - tail)))
    residuals = prepared.deviations[0] if prepared.deviations else np.empty(0)
    robust = bonett.one_sample(residuals, tail) if residuals.size else None
    checks: list[Check] = [normal_residuals(residuals, "normal values")] if residuals.size else []
    return EqualVariance(
        method=NAMES["chi_square_one_variance"],
        unit=unit,
        p_value=p_value,
        significant=p_value < alpha,
        alpha=alpha,
        level=1 - alpha,
        alternative=alternative,
        decided_by=NAMES["chi_square_one_variance"],
        name=name,
        group_count=1,
        largest=name,
        smallest=name,
        groups=_spreads(prepared, alpha)[:1],
        df=df,
        chi2=statistic,
        sigma0=sigma0,
        variance_ratio=variance / sigma0**2,
        ci_low=0.0 if alternative == "less" else low,
        ci_high=math.inf if alternative == "greater" else high,
        bonett_low=robust[0] if robust and alternative != "less" else None,
        bonett_high=robust[1] if robust and alternative != "greater" else None,
        assumptions=checks,
    )


def _spreads(prepared: PreparedGroups, alpha: float) -> list[GroupSpread]:
    result = []
    for name, size, variance in zip(
        prepared.names, prepared.sizes, prepared.variances.tolist(), strict=True
    ):
        df = size - 1.0
        square = df * variance
        result.append(
            GroupSpread(
                name=name,
                n=size,
                sd=math.sqrt(variance),
                variance=variance,
                ci_low=math.sqrt(square / float(special.chdtri(df, alpha / 2))),
                ci_high=math.sqrt(square / float(special.chdtri(df, 1 - alpha / 2))),
            )
        )
    return result
