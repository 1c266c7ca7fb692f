"""What a between/within capability study returns, how it reads and how it is drawn."""

from __future__ import annotations

from typing import Any

import numpy as np

from havoc.charts import ChartSpec, Limit, Panel, Series
from havoc.tools.result import Narrative, Outcome
from havoc.tools.spc.capability_indices import Specification
from havoc.tools.spc.panels import draw as draw_chart
from havoc.tools.spc.subgroups import Subgroups


class BetweenWithin(Outcome):
    """``Cp``, ``Cpk`` are those of sigma between and within, ``Pp``, ``Ppk`` the overall ones.

    ``sigma_between_within`` is the root of the sum of both variances, ``pct_between`` the
    share of the variance that lies between subgroups, ``df`` its Satterthwaite degrees of
    freedom. ``Cpk_within`` is what the within variation alone would give.
    """

    name: str
    n: int
    subgroup_count: int
    mean: float
    sigma_within: float
    sigma_between: float
    sigma_between_within: float
    sigma_overall: float
    pct_between: float
    df: float
    level: float
    Cpk: float
    Ppk: float
    subgroup_size: int | None = None
    lsl: float | None = None
    usl: float | None = None
    target: float | None = None
    Cp: float | None = None
    Cpl: float | None = None
    Cpu: float | None = None
    Cp_ci_low: float | None = None
    Cp_ci_high: float | None = None
    Cpk_ci_low: float | None = None
    Cpk_ci_high: float | None = None
    Cpm: float | None = None
    Cpk_within: float | None = None
    Pp: float | None = None
    Ppl: float | None = None
    Ppu: float | None = None
    Pp_ci_low: float | None = None
    Pp_ci_high: float | None = None
    Ppk_ci_low: float | None = None
    Ppk_ci_high: float | None = None
    z_bench: float | None = None
    z_bench_overall: float | None = None
    ppm_between_within: float | None = None
    ppm_overall: float | None = None
    ppm_observed: float | None = None
    observed_out: int | None = None
    criterion: float | None = None
    criterion_given: bool | None = None
    capable: bool | None = None
    stable: bool | None = None
    signals: int | None = None


def narrate(result: BetweenWithin) -> Narrative:
    needed = "the required {{criterion}}" if result.criterion_given else "the usual {{criterion}}"
    verdict = "reaches" if result.capable else "does not reach"
    conclusion = (
        f"{{{{name}}}}, between and within batches together: Cpk = {{{{Cpk}}}} {verdict} {needed}; "
        "about {{ppm_between_within}} parts per million are expected outside the specification."
    )
    if result.stable is False:
        conclusion += " The process is not stable, so the indices do not predict the future."
    details = [
        "{{pct_between}} percent of the variance lies between the {{subgroup_count}} subgroups "
        "(standard deviation {{sigma_between:unit}}), the rest within them "
        "({{sigma_within:unit}}).",
        "The {{level:%}} confidence interval of Cpk runs from {{Cpk_ci_low}} to {{Cpk_ci_high}}.",
    ]
    if result.Cpk_within is not None and result.sigma_between > 0:
        details.append(
            "The variation within subgroups alone would give {{Cpk_within}}, which is too "
            "favourable here."
        )
    if result.observed_out:
        details.append(
            "Of the {{n}} measured values {{observed_out}} lie outside the specification."
        )
    figures = [
        (label, f"{{{{{field}}}}}")
        for label, field in (
            ("Cp, between and within", "Cp"),
            ("Cpk, between and within", "Cpk"),
            ("Pp", "Pp"),
            ("Ppk", "Ppk"),
            ("standard deviation between", "sigma_between"),
            ("standard deviation within", "sigma_within"),
            ("standard deviation between and within", "sigma_between_within"),
            ("standard deviation overall", "sigma_overall"),
            ("expected parts per million outside", "ppm_between_within"),
        )
        if getattr(result, field) is not None
    ]
    return Narrative(conclusion=conclusion, details=details, key_figures=figures)


def draw(
    result: BetweenWithin, groups: Subgroups, panels: list[Any], spec: Specification
) -> list[ChartSpec]:
    """The three-way chart, and the histogram with the densities and the specification."""
    verdict = "reaches" if result.capable else "does not reach"
    charts = [
        ChartSpec(
            kind="capability",
            title=f"{result.name}: Cpk between and within {verdict} {result.criterion:g}",
            panels=[_histogram(result, groups, spec)],
        )
    ]
    if panels:
        charts.insert(
            0,
            draw_chart(
                "three_way",
                f"{result.name}: "
                + ("no signal" if result.stable else f"{result.signals} signals")
                + " on the charts between and within subgroups",
                [panel for panel, _ in panels],
                [found for _, found in panels],
                "subgroup",
                result.unit,
            ),
        )
    return charts


def _histogram(result: BetweenWithin, groups: Subgroups, spec: Specification) -> Panel:
    values = groups.values
    bins = min(max(int(np.ceil(np.sqrt(values.size))), 5), 40)
    counts, edges = np.histogram(values - result.mean, bins=bins)
    series = [
        Series(
            name="values",
            kind="bars",
            x=((edges[:-1] + edges[1:]) / 2 + result.mean).tolist(),
            y=counts.astype(float).tolist(),
        )
    ]
    area = values.size * float(edges[1] - edges[0])
    reach = 4 * max(result.sigma_overall, result.sigma_between_within)
    x = np.linspace(result.mean - reach, result.mean + reach, 121)
    for name, sigma in (
        ("between and within", result.sigma_between_within),
        ("overall", result.sigma_overall),
    ):
        z = (x - result.mean) / sigma
        density = area * np.exp(-0.5 * z * z) / (sigma * np.sqrt(2 * np.pi))
        series.append(Series(name=name, kind="line", x=x.tolist(), y=density.tolist()))
    lines = [
        Limit(label=text, role="specification", value=value, orientation="vertical")
        for text, value in (("LSL", spec.lsl), ("USL", spec.usl))
        if value is not None
    ]
    if spec.target is not None:
        lines.append(
            Limit(label="target", role="target", value=spec.target, orientation="vertical")
        )
    return Panel(x_label=result.unit or "value", y_label="count", series=series, limits=lines)
