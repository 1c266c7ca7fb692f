"""How many repairs a system has had by a given age: the mean cumulative function.

Sources: W. Nelson, Recurrent Events Data Analysis for Product Repairs (2003), chapters 1
and 4; W. Q. Meeker and L. A. Escobar (1998), 16.2.
"""

from __future__ import annotations

import math
from typing import Annotated

import msgspec
import numpy as np
from msgspec import Meta
from scipy import special

from havoc.charts import ChartSpec, Panel, Series
from havoc.charts.spec import decimate
from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.parameters import Confidence, FloatArray, Name, Unit, as_sample
from havoc.tools.result import Check, Narrative, Outcome, Recomputed

_MOST_SYSTEMS = 5000
_TABLE_ROWS = 200
_SHOWN = 6
_CELLS = 20_000_000


class SystemHistory(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Ages at the repairs of one system and the age to which it was seen."""

    repairs: list[float]
    end: float
    costs: list[float] | None = None


class McfStep(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``mcf`` repairs (or cost) a system by the age ``time``, with limits."""

    time: float
    at_risk: int
    repairs: int
    mcf: float
    se: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None


class RepairableMcf(Outcome):
    """Mean cumulative number of repairs (or cost) a system, by age.

    ``mcf`` with its limits belongs to the last age at which systems were seen, ``at_times``
    to the ages asked for. ``rate`` is repairs over the time seen; ``shape`` says whether the
    recurrence rate rises, falls or neither (``p_value``: test of a constant rate, Laplace).
    """

    name: str
    systems: int
    repairs: int
    total_time: float
    rate: float
    level: float
    end: float
    mcf: float
    shape: str
    steps: list[McfStep]
    mcf_low: float | None = None
    mcf_high: float | None = None
    costs: bool | None = None
    laplace: float | None = None
    p_value: float | None = None
    alpha: float = 0.05
    significant: bool | None = None
    at_times: list[McfStep] | None = None


@tool(
    "repairable_mcf",
    title="Mean cumulative function (repairs)",
    source="Nelson (2003), chapters 1 and 4; Meeker and Escobar (1998), 16.2",
)
def repairable_mcf(
    systems: Annotated[
        dict[str, SystemHistory],
        Meta(description="{name: {repairs: [ages], end: age to which it was seen, costs}}"),
    ],
    at: Annotated[
        list[Annotated[float, Meta(ge=0)]] | Annotated[float, Meta(ge=0)] | None,
        Meta(description="ages for which the number of repairs is wanted"),
    ] = None,
    confidence: Confidence = 0.95,
    name: Name = "the systems",
    unit: Unit = "",
) -> RepairableMcf:
    """How many repairs (or what cost) has a system by a given age, and does the rate rise?

    Use it for systems that are repaired and go on, each with its own age: the mean
    cumulative function needs no model of the repairs. With costs it is the mean cost.
    Limits from Nelson's variance, on the log scale; a test of a constant rate over all
    systems (pooled Laplace test). Assumes systems of one population, and that the age to
    which a system was seen does not depend on its repairs.
    """
    if not 2 <= len(systems) <= _MOST_SYSTEMS:
        raise InputError(
            f"{len(systems)} systems given",
            where="systems",
            remedy=f"give two to {_MOST_SYSTEMS}: one system shows nothing of the scatter",
        )
    ends, times, costs, owner = _read(systems)
    grid = np.unique(times)
    if grid.size * ends.size > _CELLS:
        raise InputError(
            f"{grid.size} ages of {ends.size} systems are too many",
            where="systems",
            remedy="round the ages, or take a sample of the systems",
        )
    z = float(special.ndtri(0.5 + confidence / 2))
    mcf, error, at_risk, count = _estimate(ends, times, costs, owner, grid)
    with_costs = any(system.costs is not None for system in systems.values())
    rows = [_row(grid, mcf, error, at_risk, count, i, z) for i in range(grid.size)]
    last = rows[-1]
    asked = [] if at is None else [at] if isinstance(at, float) else list(at)
    as_sample(asked, "at", minimum=0)
    result = RepairableMcf(
        method="mean cumulative function, Nelson's variance, limits on the log scale",
        unit=unit,
        name=name,
        systems=ends.size,
        repairs=times.size,
        total_time=float(ends.sum()),
        rate=times.size / float(ends.sum()),
        level=confidence,
        end=float(ends.max()),
        mcf=last.mcf,
        mcf_low=last.ci_low,
        mcf_high=last.ci_high,
        shape="none",
        costs=with_costs or None,
        steps=[rows[i] for i in decimate(grid.size, _TABLE_ROWS)],
        at_times=[_asked(grid, rows, ends, age) for age in asked] or None,
        assumptions=[
            Check(
                name="one population, end of observation unrelated to repairs",
                status="unknown",
                detail="the data cannot tell; systems scrapped after many repairs bias it",
            )
        ],
    )
    _trend(result, ends, times, owner)
    thin = at_risk[-1] <= 2
    if thin:
        result.warnings.append(
            f"at the last repairs only {int(at_risk[-1])} systems were still seen"
        )
    if any(age > float(ends.max()) for age in asked):
        result.warnings.append("an age asked for is beyond the oldest system: no repair is known")
    result.charts = [_chart(result, rows, ends)]
    return result


def _read(
    systems: dict[str, SystemHistory],
) -> tuple[FloatArray, FloatArray, FloatArray, np.ndarray]:
    ends, times, costs, owner = [], [], [], []
    for place, (label, system) in enumerate(systems.items()):
        if not math.isfinite(system.end) or system.end <= 0:
            raise InputError(
                f"the end {system.end:g} is no age",
                where=f"systems {label}",
                remedy="give the age to which the system was seen",
            )
        if system.costs is not None and len(system.costs) != len(system.repairs):
            raise InputError(
                f"{len(system.repairs)} repairs but {len(system.costs)} costs",
                where=f"systems {label}",
                remedy="give one for every repair",
            )
        for i, age in enumerate(system.repairs):
            if not math.isfinite(age) or age < 0 or age > system.end:
                raise InputError(
                    f"repair {i + 1} at {age:g} is not between zero and the end {system.end:g}",
                    where=f"systems {label}",
                    remedy="give ages of the system at its repairs",
                )
            cost = 1.0 if system.costs is None else system.costs[i]
            if not math.isfinite(cost):
                raise InputError(
                    "a cost is not a finite number",
                    where=f"systems {label}",
                    remedy="enter the cost",
                )
            times.append(age)
            costs.append(cost)
            owner.append(place)
        ends.append(system.end)
    if not times:
        raise InputError(
            "no system was repaired, so the mean cumulative function is zero throughout",
            where="systems",
            remedy="use demonstration_test for what running without a failure shows",
        )
    return np.array(ends), np.array(times), np.array(costs), np.array(owner)


def _estimate(
    ends: FloatArray,
    times: FloatArray,
    costs: FloatArray,
    owner: np.ndarray,
    grid: FloatArray,
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """MCF, its standard error, systems at risk and repairs, at each age of a repair.

    Nelson's variance: the squared sum over each system of (its repairs less the mean) over
    the number at risk.
    """
    place = np.searchsorted(grid, times)
    seen = ends[:, None] >= grid[None, :]
    at_risk = seen.sum(axis=0).astype(np.float64)
    own = np.zeros((ends.size, grid.size))
    np.add.at(own, (owner, place), costs)
    mean = own.sum(axis=0) / at_risk
    gaps = np.cumsum(np.where(seen, (own - mean) / at_risk, 0.0), axis=1)
    error = np.sqrt((gaps**2).sum(axis=0))
    count = np.bincount(place, minlength=grid.size).astype(np.float64)
    return np.cumsum(mean), error, at_risk, count


def _row(
    grid: FloatArray,
    mcf: FloatArray,
    error: FloatArray,
    at_risk: FloatArray,
    count: FloatArray,
    i: int,
    z: float,
) -> McfStep:
    value, se = float(mcf[i]), float(error[i])
    low = high = None
    if value > 0 and se > 0:
        factor = math.exp(min(z * se / value, 700.0))
        low, high = value / factor, value * factor
    return McfStep(
        time=float(grid[i]),
        at_risk=int(at_risk[i]),
        repairs=int(count[i]),
        mcf=value,
        se=se if se > 0 else None,
        ci_low=low,
        ci_high=high,
    )


def _asked(grid: FloatArray, rows: list[McfStep], ends: FloatArray, age: float) -> McfStep:
    place = int(np.searchsorted(grid, age, side="right")) - 1
    at_risk = int((ends >= age).sum())
    if place < 0:
        return McfStep(time=age, at_risk=at_risk, repairs=0, mcf=0.0)
    return msgspec.structs.replace(rows[place], time=age, at_risk=at_risk)


def _trend(result: RepairableMcf, ends: FloatArray, times: FloatArray, owner: np.ndarray) -> None:
    """Pooled Laplace test: given the number of repairs their ages are uniform."""
    own = ends[owner]
    spread = math.sqrt(float((own**2).sum()) / 12)
    u = float((times - own / 2).sum()) / spread
    result.laplace, result.p_value = u, 2 * float(special.ndtr(-abs(u)))
    result.significant = result.p_value < result.alpha
    if result.significant:
        result.shape = "rising" if u > 0 else "falling"


_SHAPES = {
    "rising": "repairs come faster with age",
    "falling": "repairs come more slowly with age",
    "none": "no change of the rate of repair with age is proved",
}


@repairable_mcf.narrates
def _narrate(result: RepairableMcf) -> Narrative:
    what = "cost" if result.costs else "repairs"
    limits = (
        " ({{level:%}} limits {{mcf_low:.3f}} and {{mcf_high:.3f}})"
        if result.mcf_low is not None
        else ""
    )
    conclusion = (
        f"By the age of {{{{end:unit}}}} {{{{name}}}} have on average {{{{mcf:.3f}}}} {what} "
        f"each{limits}; {_SHAPES[result.shape]} (p {{{{p_value:p}}}})."
    )
    details = [
        "{{repairs}} repairs of {{systems}} systems in {{total_time:unit}} together.",
    ]
    for i, row in enumerate((result.at_times or [])[:_SHOWN]):
        ends = (
            f" ({{{{level:%}}}} limits {{{{at_times.{i}.ci_low:.3f}}}} and "
            f"{{{{at_times.{i}.ci_high:.3f}}}})"
            if row.ci_low is not None
            else ""
        )
        details.append(
            f"By {{{{at_times.{i}.time:unit}}}}: {{{{at_times.{i}.mcf:.3f}}}} {what} a system"
            f"{ends}."
        )
    return Narrative(
        conclusion=conclusion,
        details=details,
        key_figures=[(f"{what} a system", "{{mcf:.3f}}"), ("p", "{{p_value:p}}")],
    )


def _chart(result: RepairableMcf, rows: list[McfStep], ends: FloatArray) -> ChartSpec:
    chosen = decimate(len(rows), 1000)
    x = [0.0, *(rows[i].time for i in chosen), float(ends.max())]
    y = [rows[i].mcf for i in chosen]
    low = [row.ci_low if row.ci_low is not None else row.mcf for row in (rows[i] for i in chosen)]
    high = [
        row.ci_high if row.ci_high is not None else row.mcf for row in (rows[i] for i in chosen)
    ]
    line = [0.0, *y, y[-1]]
    return ChartSpec(
        kind="mean_cumulative_function",
        title=f"{result.name}: a curve that bends upwards means wear, downwards improvement",
        panels=[
            Panel(
                x_label=f"age [{result.unit}]" if result.unit else "age",
                y_label="cost a system" if result.costs else "repairs a system",
                series=[
                    Series(
                        name="mean cumulative function", kind="step", x=x, y=line,
                        low=[0.0, *low, low[-1]], high=[0.0, *high, high[-1]],
                    )
                ],
            )
        ],
    )  # fmt: skip


@repairable_mcf.verifies
def _verify(
    result: RepairableMcf, systems: dict[str, SystemHistory], **_: object
) -> list[Recomputed]:
    """Each repair adds its cost over the systems seen at that age."""
    total = math.fsum(
        (1.0 if system.costs is None else system.costs[i])
        / sum(1 for other in systems.values() if other.end >= age)
        for system in systems.values()
        for i, age in enumerate(system.repairs)
    )
    if result.systems * result.repairs > 1_000_000:
        return []
    return [
        Recomputed(
            name="mcf", value=result.mcf, recomputed=total, route="repair by repair", rtol=1e-9
        )
    ]
