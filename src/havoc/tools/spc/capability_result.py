"""What a capability study returns, how it reads and how it is drawn."""

from __future__ import annotations

import numpy as np

from havoc.charts import ChartSpec, Limit, Panel, Series
from havoc.tools.parameters import FloatArray
from havoc.tools.result import Narrative, Outcome
from havoc.tools.spc.capability_indices import Specification


class Capability(Outcome):
    """Indices of the within sigma (Cp ...) and of the overall sigma (Pp ...).

    ``Cpl`` and ``Cp_l`` are the same figure, so are ``Cpu`` and ``Cp_u``. With
    one limit Cp and Pp are absent. ``ppm_*`` are parts per million: observed, and
    expected of a normal process with the within or the overall sigma;
    ``z_*`` are the distances behind the within figures, ``z_bench`` the normal
    quantile of their total. ``criterion`` is the index asked for, 1.33 if none
    was; ``capable`` says whether Cpk reaches it, ``capable_with_confidence``
    whether its one-sided lower bound does.
    """

    name: str
    level: float
    criterion: float
    criterion_given: bool
    n: int | None = None
    mean: float | None = None
    lsl: float | None = None
    usl: float | None = None
    target: float | None = None
    sigma_within: float | None = None
    sigma_overall: float | None = None
    Cp: float | None = None
    Cp_ci_low: float | None = None
    Cp_ci_high: float | None = None
    Cpl: float | None = None
    Cp_l: float | None = None
    Cpu: float | None = None
    Cp_u: float | None = None
    Cpk: float | None = None
    Cpk_ci_low: float | None = None
    Cpk_ci_high: float | None = None
    Cpk_lower_bound: float | None = None
    Cpm: float | None = None
    Cpm_ci_low: float | None = None
    Cpm_ci_high: float | None = None
    Cpm_star: float | None = None
    Pp: float | None = None
    Pp_ci_low: float | None = None
    Pp_ci_high: float | None = None
    Ppl: float | None = None
    Ppu: float | None = None
    Ppk: float | None = None
    Ppk_ci_low: float | None = None
    Ppk_ci_high: float | None = None
    Ppk_lower_bound: float | None = None
    capable: bool | None = None
    capable_with_confidence: bool | None = None
    sigma_required: float | None = None
    z_lsl: float | None = None
    z_usl: float | None = None
    z_bench: float | None = None
    z_bench_overall: float | None = None
    ppm_within: float | None = None
    ppm_within_below: float | None = None
    ppm_within_above: float | None = None
    ppm_overall: float | None = None
    ppm_overall_below: float | None = None
    ppm_overall_above: float | None = None
    ppm_observed: float | None = None
    ppm_observed_below: float | None = None
    ppm_observed_above: float | None = None
    fraction_out: float | None = None
    observed_out: int | None = None
    stable: bool | None = None
    normal: bool | None = None


def narrate(result: Capability) -> Narrative:
    """Decision first: capable or not, by how much, and whether it may be believed."""
    if result.Cpk is None and result.Cp is None:
        return Narrative(
            conclusion="To reach the index of {{criterion}} with this mean the standard deviation "
            "must not exceed {{sigma_required:unit}}.",
            key_figures=[("largest standard deviation", "{{sigma_required:unit}}")],
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
            ("Z bench within", "z_bench"),
            ("Z bench overall", "z_bench_overall"),
            ("expected parts per million outside, overall", "ppm_overall"),
        )
        if getattr(result, field) is not None
    ]
    needed = "the required {{criterion}}" if result.criterion_given else "the usual {{criterion}}"
    verdict = "reaches" if result.capable else "does not reach"
    index = "Cpk" if result.Cpk is not None else "Cp"
    conclusion = f"{{{{name}}}}: {index} = {{{{{index}}}}} {verdict} {needed}"
    if result.ppm_overall is not None:
        conclusion += (
            "; about {{ppm_overall}} parts per million are expected outside the specification"
        )
    conclusion += "."
    if result.stable is False:
        conclusion += " The process is not stable, so the indices do not predict the future."
    return Narrative(conclusion=conclusion, details=_details(result), key_figures=figures)


def _details(result: Capability) -> list[str]:
    details = []
    if result.Cpk_ci_low is not None:
        details.append(
            "The {{level:%}} confidence interval of Cpk runs from {{Cpk_ci_low}} to "
            "{{Cpk_ci_high}}; its one-sided lower bound is {{Cpk_lower_bound}}"
            + (
                ", so the criterion is met with confidence."
                if result.capable_with_confidence
                else ", so the criterion is not assured."
            )
        )
    if result.Ppk is not None and result.sigma_within != result.sigma_overall:
        details.append(
            "With the overall standard deviation Ppk = {{Ppk}}; Cpk uses the variation within "
            "subgroups or between neighbours only."
        )
    if result.observed_out:
        details.append(
            "Of the {{n}} measured values {{observed_out}} lie outside the specification."
        )
    if result.normal is False:
        details.append(
            "The values are not normal, so the parts per million are doubtful; a capability study "
            "for non-normal data is the better choice."
        )
    return details


def draw(
    result: Capability, spec: Specification, values: FloatArray | None, unit: str
) -> ChartSpec | None:
    """Histogram with the normal densities, specification lines and target."""
    if result.mean is None or result.sigma_overall is None or result.sigma_within is None:
        return None
    mean, overall, within = result.mean, result.sigma_overall, result.sigma_within
    reach = 4 * max(overall, within)
    x = np.linspace(mean - reach, mean + reach, 121)
    area, label = 1.0, "density"
    series = []
    if values is not None:
        bins = min(max(int(np.ceil(np.sqrt(values.size))), 5), 40)
        counts, edges = np.histogram(values - mean, bins=bins)
        area, label = values.size * float(edges[1] - edges[0]), "count"
        series.append(
            Series(
                name="values",
                kind="bars",
                x=((edges[:-1] + edges[1:]) / 2 + mean).tolist(),
                y=counts.astype(float).tolist(),
            )
        )
    curves = [("normal, overall", overall)]
    if within != overall:
        curves.append(("normal, within", within))
    for name, sigma in curves:
        density = np.exp(-0.5 * ((x - mean) / sigma) ** 2) / (sigma * np.sqrt(2 * np.pi))
        series.append(Series(name=name, kind="line", x=x.tolist(), y=(area * density).tolist()))
    lines = [
        Limit(label=text, role="specification", value=value, orientation="vertical")
        for text, value in (("LSL", spec.lsl), ("USL", spec.usl))
        if value is not None
    ]
    if spec.target is not None:
        lines.append(
            Limit(label="target", role="target", value=spec.target, orientation="vertical")
        )
    verdict = "reaches" if result.capable else "does not reach"
    return ChartSpec(
        kind="capability",
        title=f"{result.name}: Cpk {verdict} {result.criterion:g}",
        panels=[Panel(x_label=unit or "value", y_label=label, series=series, limits=lines)],
    )
