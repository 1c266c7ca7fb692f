"""What a capability sixpack returns, how it reads and how its page is drawn."""

from __future__ import annotations

import msgspec
import numpy as np
from scipy import special

from havoc.charts import ChartSpec, Limit, Panel, Series, decimate
from havoc.tools.parameters import FloatArray
from havoc.tools.result import Narrative
from havoc.tools.spc.capability_indices import Specification
from havoc.tools.spc.capability_result import Capability
from havoc.tools.spc.chart_result import ControlChart
from havoc.tools.spc.nonnormal_result import WORDS
from havoc.tools.spc.rules import Violation
from havoc.tools.spc.subgroups import Subgroups

_LAST = 25


class CapabilitySixpack(Capability):
    """The figures of a capability study, with those of its control chart before them.

    ``center``, ``lcl``, ``ucl`` belong to the chart of single values or means,
    ``spread_*`` to that of ranges, standard deviations or moving ranges.
    ``violations`` are all signals, ``anderson_darling_p`` tests ``distribution``.
    """

    chart: str | None = None
    points: int | None = None
    center: float | list[float] | None = None
    signals: int | None = None
    violations: list[Violation] | None = None
    distribution: str = ""
    lcl: float | list[float] | None = None
    ucl: float | list[float] | None = None
    spread_center: float | list[float] | None = None
    spread_lcl: float | list[float] | None = None
    spread_ucl: float | list[float] | None = None
    out_of_limits: list[int] | None = None
    anderson_darling: float | None = None
    anderson_darling_p: float | None = None
    parameters: dict[str, float] | None = None
    normal_Ppk: float | None = None


def narrate(result: CapabilitySixpack) -> Narrative:
    """Stability first, then the distribution, then capability."""
    state = (
        "{{name}} is stable"
        if result.stable
        else "{{name}} is not stable (signals on the {{chart}} chart: {{signals}})"
    )
    words = WORDS.get(result.distribution, result.distribution)
    fits = "fits" if (result.anderson_darling_p or 1.0) >= 0.05 else "does not fit"
    index = "Cpk" if result.Cpk is not None else "Ppk"
    if getattr(result, index) is None:
        verdict = "no index exists, since the model cannot pass the limits"
    elif result.capable is None:
        verdict = f"{index} = {{{{{index}}}}} is not to be trusted"
    else:
        reach = "reaches" if result.capable else "does not reach"
        needed = "required" if result.criterion_given else "usual"
        verdict = f"{index} = {{{{{index}}}}} {reach} the {needed} {{{{criterion}}}}"
    conclusion = f"{state}; the {words} {fits}; {verdict}."
    if result.stable is False:
        conclusion += " Find the causes of the signals before the indices are used."
    details = [
        f"{{{{violations.{i}.panel}}}}: {{{{violations.{i}.reason}}}}."
        for i in range(min(len(result.violations or []), 5))
    ]
    if result.anderson_darling_p is not None:
        details.append(
            f"Fit of the {words}: Anderson-Darling {{{{anderson_darling}}}}, "
            "p {{anderson_darling_p:p}}."
        )
    if result.ppm_overall is not None:
        details.append(
            "About {{ppm_overall}} parts per million are expected outside the specification."
        )
    if result.observed_out:
        details.append(
            "Of the {{n}} measured values {{observed_out}} lie outside the specification."
        )
    figures = [
        (label, f"{{{{{field}}}}}")
        for label, field in (
            ("Cp", "Cp"),
            ("Cpk", "Cpk"),
            ("Pp", "Pp"),
            ("Ppk", "Ppk"),
            ("Cpm", "Cpm"),
            ("mean", "mean"),
            ("standard deviation within", "sigma_within"),
            ("standard deviation overall", "sigma_overall"),
            ("expected parts per million outside", "ppm_overall"),
            ("signals", "signals"),
        )
        if getattr(result, field) is not None
    ]
    return Narrative(conclusion=conclusion, details=details, key_figures=figures)


def page(
    result: CapabilitySixpack,
    drawn: ControlChart,
    groups: Subgroups,
    histogram: Panel,
    probability: Panel,
    spec: Specification,
) -> ChartSpec:
    """Two columns: charts of the process on the left, the distribution on the right."""
    charts = drawn.charts[0].panels
    right = [
        msgspec.structs.replace(histogram, title="Capability histogram"),
        msgspec.structs.replace(probability, title=f"{_word(result)} plot"),
        _capability_plot(result, spec),
    ]
    left = [*charts[:2], _last(groups, result.unit)]
    pages = [panel for pair in zip(left, right, strict=False) for panel in pair]
    state = "stable" if result.stable else "not stable"
    index = result.Cpk if result.Cpk is not None else result.Ppk
    name = "Cpk" if result.Cpk is not None else "Ppk"
    shown = "no index" if index is None else f"{name} = {index:.3g}"
    return ChartSpec(
        kind="capability_sixpack",
        title=f"{result.name}: {state}, {shown}",
        panels=pages,
        notes=list(drawn.charts[0].notes),
    )


def _word(result: CapabilitySixpack) -> str:
    words = WORDS.get(result.distribution, result.distribution).replace(" distribution", "")
    return words[:1].upper() + words[1:]


def _last(groups: Subgroups, unit: str) -> Panel:
    """The values of the last subgroups, one column each."""
    count = groups.sizes.size
    first = max(count - _LAST, 0)
    starts = np.concatenate(([0], np.cumsum(groups.sizes)))
    x: list[float] = []
    y: list[float] = []
    for i in range(first, count):
        column = groups.values[starts[i] : starts[i + 1]]
        chosen = decimate(column.size, 60)
        x += [float(i + 1)] * len(chosen)
        y += [float(column[k]) for k in chosen]
    series = [Series(name="values", kind="points", x=x, y=y)]
    return Panel(
        title=f"Last {count - first} " + ("subgroups" if groups.size != 1 else "values"),
        x_label="subgroup" if groups.size != 1 else "observation",
        y_label=f"value ({unit})" if unit else "value",
        series=series,
        limits=[Limit(label="mean", role="center", value=float(np.mean(y)))],
    )


def normal_plot(result: CapabilitySixpack, values: FloatArray) -> Panel:
    ordered = np.sort(values)
    n = ordered.size
    scores = special.ndtri((np.arange(1, n + 1) - 0.375) / (n + 0.25))
    shown = decimate(n)
    mean, sd = float(values.mean()), float(values.std(ddof=1))
    ends = [float(scores[0]), float(scores[-1])]
    return Panel(
        x_label="normal score",
        y_label=result.unit or "value",
        series=[
            Series(
                name="values",
                kind="points",
                x=[float(scores[i]) for i in shown],
                y=[float(ordered[i]) for i in shown],
            ),
            Series(name="normal", kind="line", x=ends, y=[mean + sd * end for end in ends]),
        ],
    )


def _capability_plot(result: CapabilitySixpack, spec: Specification) -> Panel:
    """Six sigma within, six sigma overall and the specification as bars side by side."""
    assert result.mean is not None and result.sigma_overall is not None
    names, middles, lows, highs = [], [], [], []
    for label, sigma in (("within", result.sigma_within), ("overall", result.sigma_overall)):
        if sigma is None:
            continue
        names.append(label)
        middles.append(result.mean)
        lows.append(result.mean - 3 * sigma)
        highs.append(result.mean + 3 * sigma)
    if spec.lsl is not None and spec.usl is not None:
        names.append("specification")
        middles.append((spec.lsl + spec.usl) / 2)
        lows.append(spec.lsl)
        highs.append(spec.usl)
    lines = [
        Limit(label=text, role="specification", value=value)
        for text, value in (("LSL", spec.lsl), ("USL", spec.usl))
        if value is not None
    ]
    return Panel(
        title="Capability plot",
        y_label=result.unit or "value",
        x_scale="category",
        series=[Series(name="six sigma", kind="points", x=names, y=middles, low=lows, high=highs)],
        limits=lines,
    )
