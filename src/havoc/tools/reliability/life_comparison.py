"""Do groups of units have the same life: tests of equal shapes and scales, and rank tests.

Sources: W. Q. Meeker and L. A. Escobar, Statistical Methods for Reliability Data (1998),
17.7 (likelihood-ratio comparison of groups); J. D. Kalbfleisch and R. L. Prentice (2002),
1.4 and 7.3 (log-rank and generalised Wilcoxon tests).
"""

from __future__ import annotations

import itertools
import math
from typing import Annotated, Literal

import msgspec
import numpy as np
from msgspec import Meta
from scipy import special

from havoc.charts import ChartSpec, Panel, Series
from havoc.charts.spec import decimate
from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.parameters import Alpha, Confidence, Name, Unit
from havoc.tools.reliability import life_families as families
from havoc.tools.reliability.kaplan_meier import GroupLives
from havoc.tools.reliability.life_data import Lives, read_lives
from havoc.tools.reliability.life_regression import Regression, fit_regression
from havoc.tools.reliability.location_scale import adjusted_ranks
from havoc.tools.reliability.product_limit import log_rank, wilcoxon
from havoc.tools.result import Check, Narrative, Outcome, Recomputed

_MOST_GROUPS = 20


class GroupLife(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One group fitted on its own; for Weibull ``shape`` and ``scale``, else mu and sigma."""

    name: str
    n: int
    failures: int
    mu: float
    sigma: float
    median: float
    B10: float
    shape: float | None = None
    scale: float | None = None


class LifeTest(msgspec.Struct, frozen=True, kw_only=True):
    """A chi-squared test between the groups."""

    hypothesis: str
    chi2: float
    df: int
    p_value: float
    significant: bool


class LifeRatio(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Life of ``group`` over that of ``against``, with a common shape."""

    group: str
    against: str
    ratio: float
    ci_low: float | None = None
    ci_high: float | None = None


class LifeComparison(Outcome):
    """Likelihood-ratio tests of groups of lifetimes: equal shapes, equal scales, both.

    ``chi2``, ``df`` and ``p_value`` belong to the test that decides: equal life
    distributions (shape and scale together). ``shape_p_value`` tests equal shapes,
    ``scale_p_value`` equal scales with a common shape; ``log_rank_p_value`` and
    ``wilcoxon_p_value`` need no distribution. ``ratios`` compare the lives pair by pair
    with a common shape.
    """

    name: str
    distribution: str
    groups: list[GroupLife]
    tests: list[LifeTest]
    alpha: float
    level: float
    chi2: float
    df: int
    p_value: float
    significant: bool
    shape_chi2: float | None = None
    shape_p_value: float | None = None
    scale_chi2: float | None = None
    scale_p_value: float | None = None
    log_rank_chi2: float | None = None
    log_rank_p_value: float | None = None
    wilcoxon_chi2: float | None = None
    wilcoxon_p_value: float | None = None
    common_shape: float | None = None
    ratios: list[LifeRatio] | None = None


@tool(
    "life_comparison",
    title="Comparison of lives",
    source="Meeker and Escobar (1998), 17.7; Kalbfleisch and Prentice (2002), 1.4 and 7.3",
)
def life_comparison(
    groups: Annotated[
        dict[str, GroupLives],
        Meta(description="{name: {time, event or censored}} of two or more groups"),
    ],
    distribution: Annotated[
        Literal["weibull", "lognormal", "exponential", "loglogistic"],
        Meta(description="distribution of the life in every group"),
    ] = "weibull",
    alpha: Alpha = 0.05,
    confidence: Confidence = 0.95,
    name: Name = "the groups",
    unit: Unit = "",
) -> LifeComparison:
    """Do groups of units (designs, suppliers, lots) have the same life?

    Use it for two or more groups of lifetimes, with units still working. A fitted
    distribution in every group gives likelihood-ratio tests of equal shapes, equal scales
    and both, and the ratio of the lives; the log-rank and the Wilcoxon test (Gehan,
    Breslow) need no distribution. Unequal shapes mean another failure mode, and then a
    single ratio of lives has no meaning. Assumes one failure mode a group and independent
    units; the tests are approximate for few failures.
    """
    if not 2 <= len(groups) <= _MOST_GROUPS:
        raise InputError(
            f"{len(groups)} groups given",
            where="groups",
            remedy=f"give two to {_MOST_GROUPS}",
        )
    lives = {
        label: read_lives(
            group.time, group.event, group.censored, group.counts, where=f"groups {label}"
        )
        for label, group in groups.items()
    }
    least = 1 if distribution == "exponential" else 2
    for label, one in lives.items():
        if one.failures < least or (least == 2 and one.time[one.failed].min() == one.time.max()):
            raise InputError(
                f"{one.failures} failures without spread cannot give a distribution"
                if one.failures >= least
                else f"{one.failures} failures are too few to fit a distribution",
                where=f"groups {label}",
                remedy="use kaplan_meier, whose log-rank test needs no distribution",
            )
    fixed = 1.0 if distribution == "exponential" else None
    joined, place = _joined(list(lives.values()))
    count = len(lives)
    dummies = np.eye(count)[place]
    ones = np.ones((place.size, 1))
    separate = fit_regression(distribution, joined, dummies, place, fixed_sigma=fixed)
    common = fit_regression(distribution, joined, dummies, fixed_sigma=fixed)
    pooled = fit_regression(distribution, joined, ones, fixed_sigma=fixed)
    tests = []
    if fixed is None:
        tests.append(_ratio("equal shapes", separate, common, count - 1, alpha))
        tests.append(_ratio("equal scales, common shape", common, pooled, count - 1, alpha))
    both = _ratio(
        "equal life distributions", separate, pooled, (2 if fixed is None else 1) * (count - 1),
        alpha,
    )  # fmt: skip
    tests.append(both)
    result = LifeComparison(
        method=f"likelihood-ratio tests of {families.LABELS[distribution]} lives, log-rank and "
        "Wilcoxon (Gehan-Breslow) tests",
        unit=unit,
        name=name,
        distribution=distribution,
        groups=_groups(lives, separate, distribution),
        tests=tests,
        alpha=alpha,
        level=confidence,
        chi2=both.chi2,
        df=both.df,
        p_value=both.p_value,
        significant=both.significant,
        ratios=_ratios(list(lives), common, confidence),
    )
    if fixed is None:
        result.shape_chi2, result.shape_p_value = tests[0].chi2, tests[0].p_value
        result.scale_chi2, result.scale_p_value = tests[1].chi2, tests[1].p_value
        result.common_shape = 1 / common.sigma if distribution == "weibull" else None
    for label, found in (
        ("log_rank", log_rank(list(lives.values()))),
        ("wilcoxon", wilcoxon(list(lives.values()))),
    ):
        if found is not None:
            setattr(result, f"{label}_chi2", found.chi2)
            setattr(result, f"{label}_p_value", found.p_value)
            words = "log-rank" if label == "log_rank" else "Wilcoxon"
            result.tests.append(
                LifeTest(
                    hypothesis=f"equal survival ({words})",
                    chi2=found.chi2,
                    df=found.df,
                    p_value=found.p_value,
                    significant=found.p_value < alpha,
                )
            )
    few = [row.name for row in result.groups if row.failures < 5]
    if few:
        result.warnings.append(f"fewer than five failures in {', '.join(few)}: p is approximate")
    result.assumptions = [
        Check(
            name="common shape",
            status="violated"
            if result.shape_p_value is not None and result.shape_p_value < alpha
            else "ok"
            if result.shape_p_value is not None
            else "unknown",
            detail="not tested for the exponential distribution"
            if result.shape_p_value is None
            else f"likelihood-ratio test of equal shapes, p = {result.shape_p_value:.3g}; the "
            "ratio of lives rests on it",
        )
    ]
    result.charts = [_chart(result, lives, separate)]
    return result


def _joined(lives: list[Lives]) -> tuple[Lives, np.ndarray]:
    place = np.concatenate([np.full(one.time.size, i) for i, one in enumerate(lives)])
    return (
        Lives(
            time=np.concatenate([one.time for one in lives]),
            failed=np.concatenate([one.failed for one in lives]),
            weight=np.concatenate([one.weight for one in lives]),
        ),
        place,
    )


def _ratio(
    hypothesis: str, larger: Regression, smaller: Regression, df: int, alpha: float
) -> LifeTest:
    chi2 = max(2 * (larger.loglik - smaller.loglik), 0.0)
    p_value = float(special.chdtrc(df, chi2))
    return LifeTest(
        hypothesis=hypothesis, chi2=chi2, df=df, p_value=p_value, significant=p_value < alpha
    )


def _groups(lives: dict[str, Lives], separate: Regression, distribution: str) -> list[GroupLife]:
    places = families.quantile(separate.standard, np.array([0.1, 0.5]))
    rows = []
    for i, (label, one) in enumerate(lives.items()):
        mu, sigma = (
            float(separate.coefficients[i]),
            math.exp(float(separate.log_sigma[min(i, separate.log_sigma.size - 1)])),
        )
        sev = separate.standard == "sev"
        rows.append(
            GroupLife(
                name=label,
                n=one.n,
                failures=one.failures,
                mu=mu,
                sigma=sigma,
                median=math.exp(mu + sigma * float(places[1])),
                B10=math.exp(mu + sigma * float(places[0])),
                shape=1 / sigma if sev else None,
                scale=math.exp(mu) if sev else None,
            )
        )
    del distribution
    return rows


def _ratios(labels: list[str], common: Regression, confidence: float) -> list[LifeRatio]:
    z = float(special.ndtri(0.5 + confidence / 2))
    rows = []
    for i, j in itertools.combinations(range(len(labels)), 2):
        log_ratio = float(common.coefficients[j] - common.coefficients[i])
        low = high = None
        if common.covariance is not None:
            c = common.covariance
            error = math.sqrt(max(float(c[i, i] + c[j, j] - 2 * c[i, j]), 0.0))
            low, high = math.exp(log_ratio - z * error), math.exp(log_ratio + z * error)
        rows.append(
            LifeRatio(
                group=labels[j],
                against=labels[i],
                ratio=math.exp(log_ratio),
                ci_low=low,
                ci_high=high,
            )
        )
    return rows


@life_comparison.narrates
def _narrate(result: LifeComparison) -> Narrative:
    if result.significant:
        conclusion = "The lives of {{name}} differ (p {{p_value:p}})"
    elif result.scale_p_value is not None and result.scale_p_value < result.alpha:
        conclusion = (
            "Shape and scale together show no proved difference between the lives of {{name}} "
            "(p {{p_value:p}}); with a common shape the scales do differ (p {{scale_p_value:p}})"
        )
    else:
        conclusion = "No difference between the lives of {{name}} is proved (p {{p_value:p}})"
    if len(result.groups) == 2 and result.ratios:
        conclusion += (
            ": {{ratios.0.group}} lives {{ratios.0.ratio:.3f}} times as long as "
            "{{ratios.0.against}}"
        )
        if result.ratios[0].ci_low is not None:
            conclusion += ", with {{level:%}} limits {{ratios.0.ci_low:.3f}} and " + (
                "{{ratios.0.ci_high:.3f}}"
            )
    conclusion += "."
    details = []
    if result.shape_p_value is not None:
        unequal = result.shape_p_value < result.alpha
        details.append(
            "The shapes differ (p {{shape_p_value:p}}): the groups fail in different ways, and "
            "one ratio of lives does not tell it all."
            if unequal
            else "The shapes may be equal (p {{shape_p_value:p}}); with a common shape the scales "
            "give p {{scale_p_value:p}}."
        )
    if result.log_rank_p_value is not None and result.wilcoxon_p_value is not None:
        details.append(
            "Without a distribution: log-rank p {{log_rank_p_value:p}}, Wilcoxon p "
            "{{wilcoxon_p_value:p}}."
        )
    details += [
        f"{{{{groups.{i}.name}}}}: {{{{groups.{i}.failures}}}} of {{{{groups.{i}.n}}}} failed, "
        f"half after {{{{groups.{i}.median:unit}}}}, a tenth after {{{{groups.{i}.B10:unit}}}}."
        for i in range(len(result.groups))
    ]
    if len(result.groups) > 2:
        details += [
            f"{{{{ratios.{i}.group}}}} lives {{{{ratios.{i}.ratio:.3f}}}} times as long as "
            f"{{{{ratios.{i}.against}}}}."
            for i in range(min(len(result.ratios or []), 10))
        ]
    return Narrative(
        conclusion=conclusion,
        details=details,
        key_figures=[("p", "{{p_value:p}}"), ("chi-squared", "{{chi2}}")],
    )


def _chart(result: LifeComparison, lives: dict[str, Lives], separate: Regression) -> ChartSpec:
    series = []
    for row, one in zip(result.groups, lives.values(), strict=True):
        time, share = adjusted_ranks(one)
        chosen = decimate(time.size)
        axis = families.quantile(separate.standard, share)
        series.append(
            Series(
                name=row.name, kind="points",
                x=[float(time[i]) for i in chosen], y=[float(axis[i]) for i in chosen],
            )
        )  # fmt: skip
        ends = np.linspace(float(axis.min()) - 0.5, float(axis.max()) + 0.5, 21)
        series.append(
            Series(
                name=f"{row.name}, fit", kind="line",
                x=np.exp(np.minimum(row.mu + row.sigma * ends, 700)).tolist(), y=ends.tolist(),
            )
        )  # fmt: skip
    return ChartSpec(
        kind="probability_plot",
        title=f"{result.name}: lines apart differ in scale, lines that cross in shape",
        panels=[
            Panel(
                x_label=f"time [{result.unit}]" if result.unit else "time",
                y_label="standard quantile of the fraction failed",
                x_scale="log",
                series=series,
            )
        ],
    )


@life_comparison.verifies
def _verify(result: LifeComparison, groups: dict[str, GroupLives], **_: object) -> list[Recomputed]:
    """Exponential: the statistic from total times; otherwise the tests must add up."""
    if result.distribution != "exponential":
        assert result.shape_chi2 is not None and result.scale_chi2 is not None
        return [
            Recomputed(
                name="chi2",
                value=result.chi2,
                recomputed=result.shape_chi2 + result.scale_chi2,
                route="equal shapes, and equal scales with a common shape, together",
                atol=1e-6,
            )
        ]
    total_time, total_failed, chi2 = 0.0, 0, 0.0
    for group in groups.values():
        one = read_lives(group.time, group.event, group.censored, group.counts)
        total = float(one.weight @ one.time)
        chi2 -= 2 * one.failures * math.log(total / one.failures)
        total_time, total_failed = total_time + total, total_failed + one.failures
    chi2 += 2 * total_failed * math.log(total_time / total_failed)
    return [
        Recomputed(
            name="chi2", value=result.chi2, recomputed=chi2, route="from total times", atol=1e-6
        )
    ]
