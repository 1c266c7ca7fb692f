"""Does a value not belong? Grubbs, Dixon, generalised ESD, and the box-plot fences.

Dixon's p-values come from the integral of the joint density of the order
statistics, so no table and no interpolation is needed.

Sources: NIST/SEMATECH e-Handbook 1.3.5.17; F. E. Grubbs (1969); W. J. Dixon
(1950), ratios by size as in ASTM E178; G. C. McBane (2006), J. Stat. Software
16(3); B. Rosner (1983); J. W. Tukey (1977).
"""

from __future__ import annotations

import functools
import math
from typing import Annotated, Literal

import msgspec
import numpy as np
from msgspec import Meta
from scipy import optimize, special

from havoc.charts import ChartSpec, Flag, Limit, Panel, Series, decimate
from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.parameters import Alpha, FloatArray, Name, Sample, Unit, as_sample
from havoc.tools.result import Narrative, Outcome, Recomputed
from havoc.tools.stats import precise_sums
from havoc.tools.stats.assumption_checks import normal_residuals

Side = Literal["both", "low", "high"]
DIXON_LARGEST = 30


class Suspect(msgspec.Struct, frozen=True, kw_only=True):
    """``position`` counts from 1 in the order given; ``statistic`` against ``critical``."""

    value: float
    position: int
    statistic: float
    critical: float
    outlier: bool


class OutlierTest(Outcome):
    """``suspect`` is the most extreme value and ``suspect_position`` its place, from 1.

    ``G`` is Grubbs' statistic, ``Q`` Dixon's ratio (``ratio`` says which);
    ``outliers`` are the values that the test declares, none where empty.
    """

    procedure: str
    significant: bool
    alpha: float
    n: int
    name: str
    mean: float
    sd: float
    suspect: float
    suspect_position: int
    outlier_count: int
    outliers: list[float] = msgspec.field(default_factory=list)
    positions: list[int] = msgspec.field(default_factory=list)
    side: str | None = None
    statistic: float | None = None
    critical: float | None = None
    p_value: float | None = None
    G: float | None = None
    Q: float | None = None
    ratio: str | None = None
    steps: list[Suspect] = msgspec.field(default_factory=list)
    fence_low: float | None = None
    fence_high: float | None = None
    mean_without: float | None = None
    sd_without: float | None = None


@tool(
    "outlier_test",
    title="Outlier test",
    source="Grubbs (1969); Dixon (1950); Rosner (1983); NIST/SEMATECH e-Handbook 1.3.5.17",
)
def outlier_test(
    data: Sample,
    method: Annotated[
        Literal["grubbs", "dixon", "generalized_esd", "iqr"],
        Meta(description="grubbs: one suspect; dixon: 3 to 30 values; generalized_esd: several"),
    ] = "grubbs",
    side: Annotated[Side, Meta(description="where an outlier is looked for")] = "both",
    max_outliers: Annotated[
        int | None, Meta(description="generalised ESD: the most outliers looked for")
    ] = None,
    alpha: Alpha = 0.05,
    name: Name = "the data",
    unit: Unit = "",
) -> OutlierTest:
    """Is the most extreme value too far out to belong to the rest?

    Use it with Grubbs for one suspect, Dixon for a handful of values, the
    generalised ESD where there may be several. Assumes that the rest is normal.
    A value declared an outlier needs a cause before it is removed.
    """
    sample = as_sample(data, "data", minimum=3, varying=True)
    centred = precise_sums.deviations(sample)
    n = centred.size
    sd = math.sqrt(precise_sums.sum_of_squares(centred) / (n - 1))
    place = _suspect(centred, side)
    result = OutlierTest(
        method="",
        unit=unit,
        procedure=method,
        significant=False,
        alpha=alpha,
        n=n,
        name=name,
        mean=precise_sums.mean(sample),
        sd=sd,
        suspect=float(sample[place]),
        suspect_position=place + 1,
        outlier_count=0,
        side=side,
        warnings=precise_sums.precision_warnings(sample),
    )
    if method == "grubbs":
        _grubbs(result, centred, sd, place, side)
    elif method == "dixon":
        _dixon(result, centred, side)
    elif method == "generalized_esd":
        _generalized_esd(result, sample, centred, max_outliers)
    else:
        _fences(result, sample, centred)
    if method in ("grubbs", "dixon") and result.significant:
        result.positions = [result.suspect_position]
    result.suspect = float(sample[result.suspect_position - 1])
    result.outliers = [float(sample[position - 1]) for position in result.positions]
    result.outlier_count = len(result.positions)
    _finish(result, sample, centred)
    return result


@outlier_test.narrates
def _narrate(result: OutlierTest) -> Narrative:
    level = "at level {{alpha}}"
    if result.procedure == "iqr":
        level = "beyond the fences {{fence_low}} and {{fence_high}}"
    evidence = level
    if result.p_value is not None:
        evidence = "p {{p_value:p}}"
    if result.outlier_count == 1:
        conclusion = (
            "{{outliers.0:unit}} (value number {{positions.0}}) is an outlier "
            f"({evidence})."
        )
    elif result.outlier_count:
        conclusion = (
            f"{{{{outlier_count}}}} values are outliers {level}: {{{{outliers}}}} "
            "(numbers {{positions}})."
        )
    else:
        conclusion = (
            f"No value is an outlier: {{{{suspect:unit}}}}, the most extreme, belongs to the rest "
            f"({evidence})."
        )
    figures = [("most extreme value", "{{suspect:unit}}")]
    optional = [
        ("G", "{{G}}", result.G),
        ("Q", "{{Q}} ({{ratio}})", result.Q),
        ("critical value", "{{critical}}", result.critical),
        ("p-value", "{{p_value}}", result.p_value),
        ("mean without", "{{mean_without:unit}}", result.mean_without),
        ("standard deviation without", "{{sd_without:unit}}", result.sd_without),
    ]
    figures += [(label, text) for label, text, value in optional if value is not None]
    details = []
    if result.outlier_count:
        details.append("Look for a cause before removing a value; a test alone is no cause.")
    return Narrative(conclusion=conclusion, details=details, key_figures=figures)


@outlier_test.verifies
def _verify(result: OutlierTest, data: list[float], **_: object) -> list[Recomputed]:
    if result.G is None:
        return []
    import statistics

    if len(data) > 10_000:
        return []
    mean, sd = statistics.fmean(data), statistics.stdev(data)
    return [
        Recomputed(
            name="G",
            value=result.G,
            recomputed=abs(result.suspect - mean) / sd,
            route="statistics module of the Python standard library",
            rtol=1e-5,
        )
    ]


def _suspect(centred: FloatArray, side: str) -> int:
    if side == "low":
        return int(np.argmin(centred))
    if side == "high":
        return int(np.argmax(centred))
    return int(np.argmax(np.abs(centred)))


def _grubbs(result: OutlierTest, centred: FloatArray, sd: float, place: int, side: str) -> None:
    n = centred.size
    statistic = abs(float(centred[place])) / sd
    tails = 2 if side == "both" else 1
    result.method = f"Grubbs' test, {'two-sided' if tails == 2 else 'one-sided'}"
    result.G = result.statistic = statistic
    result.critical = _grubbs_critical(n, result.alpha / tails)
    # t of the suspect against the others; Bonferroni over n values (exact for the largest G).
    rest = (
        n * (n - 2) * statistic**2 / max((n - 1) ** 2 - n * statistic**2, 0.0)
        if ((n - 1) ** 2 > n * statistic**2)
        else math.inf
    )
    result.p_value = min(tails * n * float(special.stdtr(n - 2, -math.sqrt(rest))), 1.0)
    result.significant = statistic > result.critical


def _grubbs_critical(n: int, tail: float) -> float:
    t = float(special.stdtrit(n - 2, tail / n))
    return (n - 1) / math.sqrt(n) * math.sqrt(t * t / (n - 2 + t * t))


def _dixon(result: OutlierTest, centred: FloatArray, side: str) -> None:
    n = centred.size
    if n > DIXON_LARGEST:
        raise InputError(
            f"Dixon's test is for 3 to {DIXON_LARGEST} values, {n} given",
            where="data",
            remedy="use grubbs or generalized_esd",
        )
    above, below = _dixon_ratio(n)
    order = np.argsort(centred, kind="stable")
    ordered = centred[order]
    candidates: list[tuple[float, int]] = []
    if side in ("both", "high"):
        candidates.append((_ratio(ordered, above, below), int(order[-1])))
    if side in ("both", "low"):
        candidates.append((_ratio(-ordered[::-1], above, below), int(order[0])))
    statistic, place = max(candidates)
    tails = 2 if side == "both" else 1
    result.method = f"Dixon's ratio r{above}{below}, {'two-sided' if tails == 2 else 'one-sided'}"
    result.ratio = f"r{above}{below}"
    result.Q = result.statistic = statistic
    result.suspect_position = place + 1
    result.p_value = min(tails * dixon_sf(statistic, n, above, below), 1.0)
    result.critical = dixon_critical(n, result.alpha / tails, above, below)
    result.significant = result.p_value < result.alpha


def _dixon_ratio(n: int) -> tuple[int, int]:
    """Which ratio: (values passed over at the suspect's end, at the other end)."""
    if n <= 7:
        return 1, 0
    if n <= 10:
        return 1, 1
    return (2, 1) if n <= 13 else (2, 2)


def _ratio(ordered: FloatArray, above: int, below: int) -> float:
    span = float(ordered[-1] - ordered[below])
    return float(ordered[-1] - ordered[-1 - above]) / span if span > 0 else 0.0


@functools.cache
def _square_nodes() -> tuple[FloatArray, FloatArray]:
    nodes, weights = np.polynomial.legendre.leggauss(160)
    return nodes, weights


def dixon_sf(q: float, n: int, above: int, below: int) -> float:
    """P(ratio >= q) of the upper end in a normal sample.

    Given the largest value b and the (below + 1)-th smallest a, the ratio
    exceeds q if at most ``above`` - 1 of the values between lie over
    b - q (b - a).
    """
    if q <= 0:
        return 1.0
    nodes, weights = _square_nodes()
    a = 8.5 * nodes[:, None]
    # b from a to 9: the inner variable scaled to the remaining width.
    half = (9.0 - a) / 2
    b = a + half * (nodes[None, :] + 1)
    weight = 8.5 * weights[:, None] * half * weights[None, :]
    cut = b - min(q, 1.0) * (b - a)
    inner = n - below - 2
    low = special.ndtr(cut) - special.ndtr(a)
    high = special.ndtr(b) - special.ndtr(cut)
    between = sum(
        math.comb(inner, k) * low ** (inner - k) * high**k for k in range(above) if k <= inner
    )
    density = np.exp(-(a**2 + b**2) / 2) / (2 * math.pi) * special.ndtr(a) ** below
    ways = math.factorial(n) / (math.factorial(below) * math.factorial(inner))
    return float(min(max(ways * np.sum(weight * density * between), 0.0), 1.0))


def dixon_critical(n: int, tail: float, above: int, below: int) -> float:
    """The ratio that is exceeded with probability ``tail``."""
    return float(
        optimize.brentq(lambda q: dixon_sf(q, n, above, below) - tail, 1e-9, 1.0, xtol=1e-9)
    )


def _generalized_esd(
    result: OutlierTest, sample: FloatArray, centred: FloatArray, max_outliers: int | None
) -> None:
    n = centred.size
    most = max_outliers if max_outliers is not None else min(10, max(1, n // 5))
    if not 1 <= most <= n - 3:
        raise InputError(
            f"max_outliers {most} does not fit {n} values",
            where="max_outliers",
            remedy=f"give 1 to {max(n - 3, 1)}",
        )
    if n < 15:
        result.warnings.append(f"the generalised ESD is accurate from about 15 values, {n} given")
    if most > 200:
        raise InputError(
            "at most 200 outliers can be looked for", where="max_outliers", remedy="look for fewer"
        )
    remaining = np.arange(n)
    steps: list[tuple[int, float, float]] = []
    for step in range(most):
        values = centred[remaining]
        spread = float(values.std(ddof=1))
        if spread == 0:
            break
        distance = np.abs(values - values.mean())
        worst = int(np.argmax(distance))
        critical = _grubbs_critical(n - step, result.alpha / 2)
        steps.append((int(remaining[worst]), float(distance[worst]) / spread, critical))
        remaining = np.delete(remaining, worst)
    found = max(
        (i + 1 for i, (_, statistic, critical) in enumerate(steps) if statistic > critical),
        default=0,
    )
    result.method = f"generalised ESD (Rosner), at most {most} outliers"
    result.positions = [place + 1 for place, _, _ in steps[:found]]
    result.significant = found > 0
    result.steps = [
        Suspect(
            value=float(sample[place]),
            position=place + 1,
            statistic=statistic,
            critical=critical,
            outlier=i < found,
        )
        for i, (place, statistic, critical) in enumerate(steps)
    ]
    if steps:
        result.statistic, result.critical = steps[0][1], steps[0][2]


def _fences(result: OutlierTest, sample: FloatArray, centred: FloatArray) -> None:
    q1, q3 = np.quantile(sample, [0.25, 0.75])
    low, high = float(q1 - 1.5 * (q3 - q1)), float(q3 + 1.5 * (q3 - q1))
    outside = np.flatnonzero((sample < low) | (sample > high))
    result.method = "box-plot fences, 1.5 interquartile ranges beyond the quartiles (type 7)"
    result.fence_low, result.fence_high = low, high
    result.positions = [int(i) + 1 for i in outside]
    result.significant = bool(outside.size)
    result.warnings.append("fences are a description, no test: they carry no error rate")


def _finish(result: OutlierTest, sample: FloatArray, centred: FloatArray) -> None:
    """Figures without the outliers, the check of the rest, and the chart."""
    taken = result.positions or [result.suspect_position]
    keep = np.delete(np.arange(sample.size), [position - 1 for position in taken])
    if keep.size > 1:
        result.mean_without = float(sample[keep].mean())
        result.sd_without = float(centred[keep].std(ddof=1))
    result.assumptions = [normal_residuals(centred[keep], "the rest is normal")]
    result.charts = [_chart(result, sample)]


def _chart(result: OutlierTest, sample: FloatArray) -> ChartSpec:
    flagged = {position - 1 for position in result.positions}
    shown = sorted({*decimate(sample.size), *flagged})
    found = result.outlier_count
    return ChartSpec(
        kind="outliers",
        title=f"{result.name} in order: {found or 'no'} outlier{'' if found == 1 else 's'}",
        panels=[
            Panel(
                x_label="number",
                y_label=result.unit or "value",
                series=[
                    Series(
                        name=result.name,
                        kind="points",
                        x=[float(i + 1) for i in shown],
                        y=[float(sample[i]) for i in shown],
                        flags=[
                            Flag(index=index, label="outlier")
                            for index, i in enumerate(shown)
                            if i in flagged
                        ],
                    )
                ],
                limits=[Limit(label="mean", role="center", value=result.mean)],
            )
        ],
        notes=[]
        if len(shown) == sample.size
        else [f"{len(shown)} of {sample.size} values are drawn"],
    )
