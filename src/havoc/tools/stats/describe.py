"""Descriptive statistics of one column or of several groups.

Sources: NIST/SEMATECH e-Handbook 1.3.5.1 to 1.3.5.12; skewness and kurtosis
with small-sample adjustment: D. N. Joanes and C. A. Gill (1998), G1 and G2;
quantiles: R. J. Hyndman and Y. Fan (1996), types 6 and 7.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec
import numpy as np
from msgspec import Meta
from scipy import special

from havoc.charts import ChartSpec, Limit, Panel, Series, decimate
from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.parameters import Confidence, FloatArray, Name, Unit, as_sample
from havoc.tools.result import Narrative, Outcome, Recomputed
from havoc.tools.stats import precise_sums
from havoc.tools.stats.group_charts import individual_values

Column = Annotated[
    list[float | None], Meta(description="measured values; null marks a missing one")
]


class Percentile(msgspec.Struct, frozen=True, kw_only=True):
    percent: float
    value: float


class GroupSummary(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Size, location and spread of one group."""

    name: str
    n: int
    mean: float
    median: float
    min: float
    max: float
    sd: float | None = None
    cv: float | None = None


class Description(Outcome):
    """``n`` counts the entries, ``n_used`` the values, ``n_missing`` the missing ones.

    ``sd`` and ``stdev`` are the same figure (n - 1); ``ci_low`` to ``ci_high``
    is the t interval of the mean; ``cv`` is a fraction of the mean; skewness
    and kurtosis are the adjusted G1 and the excess G2 (0 for a normal).
    """

    name: str
    n: int
    n_used: int
    n_missing: int
    mean: float
    sum: float
    min: float
    q1: float
    median: float
    q3: float
    max: float
    range: float
    iqr: float
    level: float
    sd: float | None = None
    stdev: float | None = None
    variance: float | None = None
    se_mean: float | None = None
    cv: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    skewness: float | None = None
    kurtosis: float | None = None
    autocorrelation_lag1: float | None = None
    trimmed_mean: float | None = None
    trim: float | None = None
    percentiles: list[Percentile] = msgspec.field(default_factory=list)
    groups: list[GroupSummary] = msgspec.field(default_factory=list)


@tool(
    "describe",
    title="Descriptive statistics",
    source="NIST/SEMATECH e-Handbook 1.3.5",
)
def describe(
    data: Column | None = None,
    groups: Annotated[
        dict[str, list[float | None]] | None,
        Meta(description="instead of data: values of each named group"),
    ] = None,
    percentiles: Annotated[
        list[Annotated[float, Meta(ge=0, le=100)]] | None,
        Meta(description="further percentiles, 0-100"),
    ] = None,
    trim: Annotated[
        float, Meta(ge=0, lt=0.5, description="fraction cut from each end for a trimmed mean")
    ] = 0.0,
    quantile_type: Annotated[
        Literal[6, 7],
        Meta(description="Hyndman-Fan type of the quartiles: 7 as R and Excel, 6 as Minitab"),
    ] = 7,
    confidence: Confidence = 0.95,
    name: Name = "the data",
    unit: Unit = "",
) -> Description:
    """What do the values look like: centre, spread, shape, order?

    Use it first on every column. Missing values (null) are left out and
    counted. Skewness needs three values, kurtosis four, the lag-one
    autocorrelation values in the order in which they were taken. Assumes nothing
    for the figures; the interval of the mean needs independent values.
    """
    if (data is None) == (groups is None):
        raise InputError(
            "give either data or groups", where="describe", remedy="give exactly one of them"
        )
    named = {name: data} if data is not None else dict(groups or {})
    used = {label: _present(column, label) for label, column in named.items()}
    values = np.concatenate(list(used.values())) if used else np.empty(0)
    entries = sum(len(column) for column in named.values())
    if values.size == 0:
        raise InputError("no value given", where="describe", remedy="give at least one number")
    return _describe(
        values,
        entries,
        used if groups is not None else {},
        percentiles or [],
        trim,
        quantile_type,
        confidence,
        name,
        unit,
    )


def _describe(
    values: FloatArray,
    entries: int,
    groups: dict[str, FloatArray],
    percentiles: list[float],
    trim: float,
    quantile_type: int,
    confidence: float,
    name: str,
    unit: str,
) -> Description:
    n = values.size
    mean = precise_sums.mean(values)
    centred = precise_sums.deviations(values)
    total_square = math.fsum((centred * centred).tolist())
    sd = math.sqrt(total_square / (n - 1)) if n > 1 else None
    se_mean = sd / math.sqrt(n) if sd is not None else None
    margin = (
        float(special.stdtrit(n - 1, (1 + confidence) / 2)) * se_mean
        if se_mean is not None
        else None
    )
    ordered = np.sort(values)
    q1, median, q3 = (_quantile(ordered, share, quantile_type) for share in (0.25, 0.5, 0.75))
    skewness, kurtosis = _shape(centred, total_square)
    grouped = bool(groups)
    result = Description(
        method=(
            "standard deviation with n - 1; quartiles of Hyndman-Fan type "
            f"{quantile_type}; skewness G1 and excess kurtosis G2; autocorrelation as NIST"
        ),
        unit=unit,
        name=name,
        n=entries,
        n_used=n,
        n_missing=entries - n,
        mean=mean,
        sum=math.fsum(values.tolist()),
        min=float(ordered[0]),
        q1=q1,
        median=median,
        q3=q3,
        max=float(ordered[-1]),
        range=float(ordered[-1] - ordered[0]),
        iqr=q3 - q1,
        level=confidence,
        sd=sd,
        stdev=sd,
        variance=sd**2 if sd is not None else None,
        se_mean=se_mean,
        cv=abs(sd / mean) if sd is not None and mean != 0 else None,
        ci_low=mean - margin if margin is not None else None,
        ci_high=mean + margin if margin is not None else None,
        skewness=skewness,
        kurtosis=kurtosis,
        autocorrelation_lag1=None if grouped else _lag1(centred, total_square),
        trimmed_mean=_trimmed_mean(ordered, trim) if trim else None,
        trim=trim or None,
        percentiles=[
            Percentile(percent=percent, value=_quantile(ordered, percent / 100, quantile_type))
            for percent in percentiles
        ],
        groups=[_group_summary(label, group) for label, group in groups.items()],
        warnings=precise_sums.precision_warnings(values),
        charts=[
            individual_values(
                {label: group.tolist() for label, group in groups.items()},
                f"{name}: every value and the mean of each group",
                unit,
            )
            if grouped
            else _overview(values, name, unit, mean)
        ],
    )
    if result.n_missing:
        result.warnings.append(f"{result.n_missing} of {entries} entries are missing")
    return result


@describe.narrates
def _narrate(result: Description) -> Narrative:
    counted = (
        "{{n_used}} values"
        if not result.n_missing
        else ("{{n_used}} values, {{n_missing}} missing")
    )
    spread = ", standard deviation {{sd:unit}}" if result.sd is not None else ""
    details = [
        "The values run from {{min}} to {{max:unit}}; the middle half lies between {{q1}} and "
        "{{q3:unit}}."
    ]
    if result.ci_low is not None:
        details.append(
            "The {{level:%}} confidence interval of the mean runs from {{ci_low}} to "
            "{{ci_high:unit}}."
        )
    for i, group in enumerate(result.groups):
        scatter = f", standard deviation {{{{groups.{i}.sd:unit}}}}" if group.sd is not None else ""
        details.append(
            f"{{{{groups.{i}.name}}}}: mean {{{{groups.{i}.mean:unit}}}}{scatter}, "
            f"n = {{{{groups.{i}.n}}}}."
        )
    figures = [
        ("mean", "{{mean:unit}}"),
        ("standard deviation", "{{sd:unit}}"),
        ("median", "{{median:unit}}"),
        ("minimum", "{{min:unit}}"),
        ("maximum", "{{max:unit}}"),
    ]
    optional = [
        ("skewness", "{{skewness}}", result.skewness),
        ("excess kurtosis", "{{kurtosis}}", result.kurtosis),
        ("lag-one autocorrelation", "{{autocorrelation_lag1}}", result.autocorrelation_lag1),
        ("trimmed mean", "{{trimmed_mean:unit}}", result.trimmed_mean),
    ]
    figures.extend((label, text) for label, text, value in optional if value is not None)
    figures.extend(
        (f"percentile {{{{percentiles.{i}.percent}}}}", f"{{{{percentiles.{i}.value:unit}}}}")
        for i in range(len(result.percentiles))
    )
    return Narrative(
        conclusion=f"{{{{name}}}}: mean {{{{mean:unit}}}}{spread}, median {{{{median:unit}}}} "
        f"({counted}).",
        details=details,
        key_figures=[item for item in figures if result.sd is not None or "{{sd" not in item[1]],
    )


@describe.verifies
def _verify(
    result: Description,
    data: list[float | None] | None,
    groups: dict[str, list[float | None]] | None,
    **_: object,
) -> list[Recomputed]:
    import statistics

    columns = [data] if data is not None else list((groups or {}).values())
    values = [value for column in columns for value in column or () if value is not None]
    checks = [
        Recomputed(
            name="median",
            value=result.median,
            recomputed=statistics.median(values),
            route="statistics.median of the Python standard library",
        )
    ]
    if result.sd is not None and len(values) <= 20_000:
        # Rational arithmetic on the binary values; with a large offset the written decimals differ.
        exact = statistics.stdev(values)
        offset = precise_sums.offset_ratio(np.asarray(values, dtype=np.float64))
        checks.append(
            Recomputed(
                name="sd",
                value=result.sd,
                recomputed=exact,
                route="statistics.stdev, exact rational arithmetic",
                rtol=max(1e-9, 1e-15 * offset),
            )
        )
    return checks


def _present(column: Sequence[float | None], where: str) -> FloatArray:
    return as_sample([value for value in column if value is not None], where, minimum=0)


def _quantile(ordered: FloatArray, share: float, quantile_type: int) -> float:
    method = "linear" if quantile_type == 7 else "weibull"
    return float(np.quantile(ordered, share, method=method))  # type: ignore[call-overload]


def _shape(centred: FloatArray, total_square: float) -> tuple[float | None, float | None]:
    n = centred.size
    second = total_square / n
    if n < 3 or second == 0:
        return None, None
    scaled = centred / math.sqrt(second)
    skewness = math.fsum((scaled**3).tolist()) / n
    adjusted = skewness * math.sqrt(n * (n - 1)) / (n - 2)
    if n < 4:
        return adjusted, None
    excess = math.fsum((scaled**4).tolist()) / n - 3
    return adjusted, (n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * excess + 6)


def _lag1(centred: FloatArray, total_square: float) -> float | None:
    """Sum of products of neighbours over the total sum of squares (NIST StRD)."""
    if centred.size < 2 or total_square == 0:
        return None
    return math.fsum((centred[:-1] * centred[1:]).tolist()) / total_square


def _trimmed_mean(ordered: FloatArray, trim: float) -> float:
    cut = int(trim * ordered.size)
    return precise_sums.mean(ordered[cut : ordered.size - cut])


def _group_summary(label: str, group: FloatArray) -> GroupSummary:
    if group.size == 0:
        raise InputError("no value given", where=f"groups, {label}", remedy="remove the group")
    mean = precise_sums.mean(group)
    square = precise_sums.sum_of_squares(precise_sums.deviations(group))
    sd = math.sqrt(square / (group.size - 1)) if group.size > 1 else None
    return GroupSummary(
        name=label,
        n=group.size,
        mean=mean,
        median=float(np.median(group)),
        min=float(group.min()),
        max=float(group.max()),
        sd=sd,
        cv=abs(sd / mean) if sd is not None and mean != 0 else None,
    )


def _overview(values: FloatArray, name: str, unit: str, mean: float) -> ChartSpec:
    """Values in the order given, above their histogram."""
    shown = decimate(values.size)
    label = unit or "value"
    panels = [
        Panel(
            title="in the order given",
            x_label="number",
            y_label=label,
            series=[
                Series(
                    name=name,
                    x=[float(i + 1) for i in shown],
                    y=[float(values[i]) for i in shown],
                )
            ],
            limits=[Limit(label="mean", role="center", value=mean)],
        )
    ]
    if np.ptp(values) > 0 and values.size > 3:
        bins = min(max(math.ceil(math.log2(values.size)) + 1, 5), 40)
        counts, edges = np.histogram(precise_sums.deviations(values), bins=bins)
        panels.append(
            Panel(
                title="histogram",
                x_label=label,
                y_label="count",
                series=[
                    Series(
                        name="count",
                        kind="bars",
                        x=((edges[:-1] + edges[1:]) / 2 + mean).tolist(),
                        y=counts.astype(float).tolist(),
                    )
                ],
                limits=[Limit(label="mean", role="center", value=mean, orientation="vertical")],
            )
        )
    return ChartSpec(
        kind="overview",
        title=f"{name} in order, and how often each value occurs",
        panels=panels,
        notes=[]
        if len(shown) == values.size
        else [f"{len(shown)} of {values.size} values are drawn"],
    )
