"""A control chart panel: points, center line, limits, and the rules that watch it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import msgspec
import numpy as np

from havoc.charts import ChartSpec, Flag, Limit, Panel, Series, decimate
from havoc.errors import InputError
from havoc.tools.parameters import FloatArray
from havoc.tools.spc.detectors import BoolArray, IntArray
from havoc.tools.spc.rules import Findings, apply_rules, merged

_MOST_FLAGS = 200


class ChartPanel(msgspec.Struct, kw_only=True):
    """``values`` is empty when only limits were asked for; limits then have one entry.

    ``positions`` are the 1-based numbers of the points (moving ranges start at
    2). ``sigma`` is the standard deviation of each plotted point. ``extra`` are
    findings besides those of the rules. ``stages`` are the names of the stages, the
    index of the first plotted point of each and the number at which it begins; rules do
    not reach across them.
    """

    name: str
    axis: str
    values: FloatArray
    positions: IntArray
    center: FloatArray
    lcl: FloatArray
    ucl: FloatArray
    sigma: FloatArray
    rules: Sequence[str] = ()
    extra: Findings | None = None
    stages: Sequence[tuple[str, int, int]] = ()


class Basis(msgspec.Struct, frozen=True, kw_only=True):
    """What the limits rest on: given standards, and which points may be used."""

    mean: float | None = None
    sigma: float | None = None
    n_sigma: float = 3.0
    baseline: int | None = None
    exclude: Sequence[int] = ()

    def used(self, count: int, where: str = "points") -> BoolArray:
        """Which of ``count`` points the limits are computed from."""
        mask = np.ones(count, dtype=np.bool_)
        if self.baseline is not None:
            if self.baseline > count:
                raise InputError(
                    f"{self.baseline} is more than the {count} {where} given",
                    where="baseline",
                    remedy="use a smaller baseline",
                )
            mask[self.baseline :] = False
        for number in self.exclude:
            if number > count:
                raise InputError(
                    f"there is no point {number} among {count}",
                    where="exclude",
                    remedy="count points from 1",
                )
            mask[number - 1] = False
        if not mask.any():
            raise InputError(
                "no point is left to compute limits from",
                where="exclude, baseline",
                remedy="exclude fewer points",
            )
        return mask


def make_panel(
    name: str,
    axis: str,
    values: FloatArray,
    center: FloatArray | float,
    sigma: FloatArray | float,
    n_sigma: float,
    *,
    floor: float = -np.inf,
    ceiling: float = np.inf,
    positions: IntArray | None = None,
    count: int | None = None,
) -> ChartPanel:
    """Limits ``n_sigma`` standard deviations from the center, kept within floor and ceiling."""
    length = count if count is not None else max(values.size, 1)
    middle = np.broadcast_to(np.asarray(center, dtype=np.float64), (length,))
    spread = np.broadcast_to(np.asarray(sigma, dtype=np.float64), (length,))
    return ChartPanel(
        name=name,
        axis=axis,
        values=values,
        positions=np.arange(1, values.size + 1) if positions is None else positions,
        center=middle,
        lcl=np.maximum(middle - n_sigma * spread, floor),
        ucl=np.minimum(middle + n_sigma * spread, ceiling),
        sigma=spread,
    )


def judge(panel: ChartPanel, n_sigma: float) -> Findings:
    """Apply the panel's rules to its points, within every stage by itself."""
    if panel.values.size == 0:
        return Findings()
    starts = [start for _, start, _ in panel.stages] or [0]
    ends = [*starts[1:], panel.values.size]
    found = [
        apply_rules(
            panel.values[start:end],
            panel.center[start:end],
            panel.sigma[start:end],
            list(panel.rules),
            lower=panel.lcl[start:end],
            upper=panel.ucl[start:end],
            n_sigma=n_sigma,
            panel=panel.name,
            positions=panel.positions[start:end],
        )
        for start, end in zip(starts, ends, strict=True)
        if end > start
    ]
    if panel.extra is not None:
        found.append(panel.extra)
    return found[0] if len(found) == 1 else merged(found)


def scalar(limits: FloatArray) -> float | list[float]:
    """One figure where all points share it, otherwise one a point."""
    first = float(limits[0])
    if bool(np.all(np.isclose(limits, first, rtol=1e-12, atol=0.0))):
        return first
    return [float(value) for value in limits]


def draw(
    kind: str,
    title: str,
    panels: Sequence[ChartPanel],
    findings: Sequence[Findings],
    x_label: str,
    unit: str = "",
) -> ChartSpec:
    """The chart: every panel with its limits, violations flagged with the rule's number."""
    plotted = [
        (panel, found) for panel, found in zip(panels, findings, strict=True) if panel.values.size
    ]
    drawn = [_drawn(panel, found, x_label, unit) for panel, found in plotted]
    count = max(panel.values.size for panel in panels)
    fewer = any(
        len(chart.series[0].y) < panel.values.size
        for chart, (panel, _) in zip(drawn, plotted, strict=True)
    )
    remark = f"a selection of the {count} points is drawn, flagged points among them"
    return ChartSpec(kind=kind, title=title, panels=drawn, notes=[remark] if fewer else [])


def _drawn(panel: ChartPanel, found: Findings, x_label: str, unit: str) -> Panel:
    labels: dict[int, list[str]] = {}
    for violation in found.violations:
        for number in violation.signal_points:
            if len(labels) < _MOST_FLAGS or number in labels:
                labels.setdefault(number, []).append(violation.label)
    flagged = np.searchsorted(panel.positions, np.asarray(sorted(labels), dtype=np.int64))
    index_of = dict(zip(sorted(labels), flagged.tolist(), strict=True))
    shown = sorted({*decimate(panel.values.size), *flagged.tolist()})
    place = {index: k for k, index in enumerate(shown)}
    series = Series(
        name=panel.axis,
        x=[float(panel.positions[i]) for i in shown],
        y=[float(panel.values[i]) for i in shown],
        flags=[
            Flag(index=place[index_of[number]], label=", ".join(dict.fromkeys(names)))
            for number, names in sorted(labels.items())
        ],
    )
    limits = [
        _limit("UCL", "control", panel.ucl, shown),
        _limit("center", "center", panel.center, shown),
        _limit("LCL", "control", panel.lcl, shown),
    ]
    limits = [limit for limit in limits if limit.value is None or math.isfinite(limit.value)]
    limits += [
        Limit(
            label=name,
            role="reference",
            value=number - 0.5,
            orientation="vertical",
        )
        for name, _, number in panel.stages
    ]
    return Panel(
        title=f"{panel.name} chart",
        x_label=x_label,
        y_label=f"{panel.axis} ({unit})" if unit else panel.axis,
        series=[series],
        limits=limits,
    )


def _limit(
    label: str, role: Literal["center", "control"], values: FloatArray, shown: list[int]
) -> Limit:
    common = scalar(values)
    if isinstance(common, float):
        return Limit(label=label, role=role, value=common)
    return Limit(label=label, role=role, values=[float(values[i]) for i in shown])
