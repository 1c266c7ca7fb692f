"""What an expanded gage study returns, how it reads and how it is drawn."""

from __future__ import annotations

import msgspec
import numpy as np

from havoc.charts import ChartSpec, Panel, Series, decimate
from havoc.tools.msa.expanded_terms import Study
from havoc.tools.result import Narrative, Outcome


class TermVariance(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A random term. ``kind`` says whether it counts as part, reproducibility or repeatability.

    ``negative`` marks an estimate that was set to zero, ``ss`` and ``df`` belong to the
    method of mean squares.
    """

    term: str
    kind: str
    levels: int
    variance: float
    sd: float
    study_var: float
    pct_contribution: float
    pct_study_var: float
    pct_tolerance: float | None = None
    standard_error: float | None = None
    var_ci_low: float | None = None
    var_ci_high: float | None = None
    negative: bool | None = None
    ss: float | None = None
    df: int | None = None


class FixedEffect(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Mean of a level of a fixed factor minus the mean over its levels."""

    factor: str
    level: str
    effect: float
    standard_error: float | None = None


class ExpandedGage(Outcome):
    """Variances, standard deviations and shares in percent, by source and by term.

    ``terms`` lists every random term; its kinds are added up in ``var_part``,
    ``var_reproducibility``, ``var_repeatability`` and ``var_grr``. ``fixed_effects``
    are differences between the levels of fixed factors, which are not part of the
    variances. ``missing`` counts the rows that were left out.
    """

    name: str
    estimation: str
    measurements: int
    missing: int
    terms: list[TermVariance]
    var_repeatability: float
    var_reproducibility: float
    var_grr: float
    var_part: float
    var_total: float
    sd_repeatability: float
    sd_reproducibility: float
    sd_grr: float
    sd_part: float
    sd_total: float
    study_var_grr: float
    study_var_part: float
    study_var_total: float
    pct_contribution_repeatability: float
    pct_contribution_reproducibility: float
    pct_contribution_grr: float
    pct_contribution_part: float
    pct_study_var_repeatability: float
    pct_study_var_reproducibility: float
    pct_study_var_grr: float
    pct_study_var_part: float
    pct_sv: float
    verdict: str
    study_multiplier: float
    level: float
    largest: str
    tolerance: float | None = None
    pct_tolerance_repeatability: float | None = None
    pct_tolerance_reproducibility: float | None = None
    pct_tolerance_grr: float | None = None
    ndc: int | None = None
    log_likelihood: float | None = None
    left_out: list[str] | None = None
    fixed_effects: list[FixedEffect] | None = None


def narrate(result: ExpandedGage) -> Narrative:
    verdicts = {
        "acceptable": "{{name}} is good enough",
        "marginal": "{{name}} is marginal: it may do, depending on the use and the cost",
        "unacceptable": "{{name}} is not usable as it is",
    }
    ending = (
        " and the gage tells {{ndc}} categories of parts apart" if result.ndc is not None else ""
    )
    details = ["{{measurements}} measurements were analysed."]
    if result.missing:
        details.append("{{missing}} rows without a value or a label were left out.")
    details.append("The largest share of the gage variation is that of {{largest}}.")
    if result.pct_tolerance_grr is not None:
        details.append("Gage R&R takes {{pct_tolerance_grr}} percent of the tolerance.")
    if result.left_out:
        details.append(
            "Left out, since the data cannot tell them from repeatability: {{left_out}}."
        )
    for i in range(min(len(result.fixed_effects or []), 6)):
        details.append(
            f"{{{{fixed_effects.{i}.factor}}}} {{{{fixed_effects.{i}.level}}}} reads "
            f"{{{{fixed_effects.{i}.effect:unit}}}} against the mean of the levels."
        )
    figures = [
        ("gage R&R, percent of study variation", "{{pct_study_var_grr}}"),
        ("repeatability, percent of study variation", "{{pct_study_var_repeatability}}"),
        ("reproducibility, percent of study variation", "{{pct_study_var_reproducibility}}"),
        ("standard deviation of the gage", "{{sd_grr:unit}}"),
        *(
            (f"variance of {_safe(result, i)}", f"{{{{terms.{i}.variance}}}}")
            for i in range(min(len(result.terms), 10))
        ),
    ]
    if result.ndc is not None:
        figures.append(("distinct categories", "{{ndc}}"))
    return Narrative(
        conclusion=f"{verdicts[result.verdict]}: gage R&R takes {{{{pct_study_var_grr}}}} percent "
        f"of the study variation{ending}.",
        details=details,
        key_figures=figures,
    )


def _safe(result: ExpandedGage, i: int) -> str:
    """The name of a term by reference, since a user's name may hold digits."""
    return f"{{{{terms.{i}.term}}}}"


def draw(result: ExpandedGage, study: Study, part: str) -> list[ChartSpec]:
    """Components by source and by term; measurements over every factor."""
    sources = ["gage R&R", "repeat", "reprod", "part to part"]
    fields = ["grr", "repeatability", "reproducibility", "part"]
    bars = [
        Series(
            name=text,
            kind="bars",
            x=list(sources),
            y=[float(getattr(result, f"{prefix}_{field}")) for field in fields],
        )
        for text, prefix in (("% contribution", "pct_contribution"), ("% study", "pct_study_var"))
    ]
    by_term = [
        Series(
            name=text,
            kind="bars",
            x=[item.term for item in result.terms],
            y=[float(getattr(item, field)) for item in result.terms],
        )
        for text, field in (
            ("% contribution", "pct_contribution"),
            ("% study", "pct_study_var"),
        )
    ]
    panels = [
        Panel(y_label="percent of the variation", x_scale="category", series=bars),
        Panel(x_label="term", y_label="percent", x_scale="category", series=by_term),
    ]
    for name in sorted(study.factors, key=lambda item: item != part)[:4]:
        panels.append(_by_factor(result, study, name))
    return [
        ChartSpec(
            kind="gage_rr",
            title=f"{result.name}: gage R&R takes {result.pct_sv:.3g} % of the study variation",
            panels=panels,
        )
    ]


def _by_factor(result: ExpandedGage, study: Study, name: str) -> Panel:
    factor = study.factors[name]
    index = np.asarray(factor.index)
    shown = decimate(index.size, 1500)
    order = decimate(len(factor.levels), 200)
    kept = set(order)
    return Panel(
        x_label=name,
        y_label=result.unit or "measurement",
        x_scale="category",
        series=[
            Series(
                name="mean",
                kind="line_points",
                x=[factor.levels[k] for k in order],
                y=[float(study.values[index == k].mean()) for k in order],
            ),
            Series(
                name="measurement",
                kind="points",
                x=[factor.levels[index[i]] for i in shown if int(index[i]) in kept],
                y=[float(study.values[i]) for i in shown if int(index[i]) in kept],
            ),
        ],
    )
