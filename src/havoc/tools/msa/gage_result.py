"""What a gage study returns and how it reads."""

from __future__ import annotations

import msgspec

from havoc.tools.result import Narrative, Outcome


class AnovaRow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One source of the analysis of variance."""

    source: str
    ss: float
    df: int
    ms: float
    F: float | None = None
    p_value: float | None = None


class ComponentInterval(msgspec.Struct, frozen=True, kw_only=True):
    """Confidence interval of a variance component, and of its square root."""

    source: str
    variance: float
    var_ci_low: float
    var_ci_high: float
    sd_ci_low: float
    sd_ci_high: float
    interval: str


class GageRR(Outcome):
    """Variances, standard deviations and shares in percent of each source.

    ``grr`` is repeatability and reproducibility together. ``pct_study_var_*``
    (``pct_sv`` is that of the gage) compares standard deviations with the total,
    ``pct_contribution_*`` variances, ``pct_tolerance_*`` the study variation with
    the tolerance. ``ndc`` is the number of distinct categories. The F test of
    the interaction is that of the full model; parts and operators are tested by
    the interaction, or by the pooled error where it was dropped. ``intervals`` holds
    the confidence interval (``level``) of every component, ``*_ci_low`` and
    ``*_ci_high`` those of the shares of the gage.
    """

    name: str
    var_repeatability: float
    var_reproducibility: float
    var_operator: float
    var_interaction: float
    var_grr: float
    var_part: float
    var_total: float
    sd_repeatability: float
    sd_reproducibility: float
    sd_grr: float
    sd_part: float
    sd_total: float
    study_var_repeatability: float
    study_var_reproducibility: float
    study_var_grr: float
    study_var_part: float
    study_var_total: float
    pct_contribution_repeatability: float
    pct_contribution_reproducibility: float
    pct_contribution_grr: float
    pct_contribution_part: float
    pct_contribution_total: float
    pct_study_var_repeatability: float
    pct_study_var_reproducibility: float
    pct_study_var_grr: float
    pct_study_var_part: float
    pct_study_var_total: float
    pct_sv: float
    verdict: str
    study_multiplier: float
    tolerance: float | None = None
    pct_tolerance_repeatability: float | None = None
    pct_tolerance_reproducibility: float | None = None
    pct_tolerance_grr: float | None = None
    pct_tolerance_part: float | None = None
    pct_tolerance_total: float | None = None
    ndc: int | None = None
    part_count: int | None = None
    operator_count: int | None = None
    trial_count: int | None = None
    measurements: int | None = None
    anova: list[AnovaRow] | None = None
    interaction_dropped: bool | None = None
    interaction_F: float | None = None
    interaction_p: float | None = None
    F_part: float | None = None
    p_part: float | None = None
    F_operator: float | None = None
    p_operator: float | None = None
    level: float | None = None
    intervals: list[ComponentInterval] | None = None
    pct_contribution_grr_ci_low: float | None = None
    pct_contribution_grr_ci_high: float | None = None
    pct_study_var_grr_ci_low: float | None = None
    pct_study_var_grr_ci_high: float | None = None
    pct_tolerance_grr_ci_low: float | None = None
    pct_tolerance_grr_ci_high: float | None = None
    ndc_ci_low: int | None = None
    ndc_ci_high: int | None = None


def narrate(result: GageRR) -> Narrative:
    """Decision first, then which part of the system is the larger."""
    verdicts = {
        "acceptable": "{{name}} is good enough",
        "marginal": "{{name}} is marginal: it may do, depending on the use and the cost",
        "unacceptable": "{{name}} is not usable as it is",
    }
    categories = (
        " and the gage tells {{ndc}} categories of parts apart" if result.ndc is not None else ""
    )
    larger = (
        "repeatability (the gage itself)"
        if result.var_repeatability >= result.var_reproducibility
        else "reproducibility (the operators)"
    )
    details = [f"The larger share of the gage variation is {larger}."]
    if result.part_count is not None:
        details.insert(
            0,
            "{{part_count}} parts, {{operator_count}} operators and {{trial_count}} trials were "
            "analysed.",
        )
    if result.interaction_p is not None:
        fate = "was dropped" if result.interaction_dropped else "was kept"
        details.append(
            "The interaction of parts and operators (p {{interaction_p:p}}) " + fate + "."
        )
    if result.pct_tolerance_grr is not None:
        details.append("It takes {{pct_tolerance_grr}} percent of the tolerance.")
    if result.pct_study_var_grr_ci_low is not None:
        details.append(
            "The {{level:%}} confidence interval of gage R&R runs from "
            "{{pct_study_var_grr_ci_low}} to {{pct_study_var_grr_ci_high}} percent of the study "
            "variation; few operators make it wide."
        )
    figures = [
        ("gage R&R, percent of study variation", "{{pct_study_var_grr}}"),
        ("repeatability, percent of study variation", "{{pct_study_var_repeatability}}"),
        ("reproducibility, percent of study variation", "{{pct_study_var_reproducibility}}"),
        ("gage R&R, percent contribution", "{{pct_contribution_grr}}"),
        ("standard deviation of the gage", "{{sd_grr:unit}}"),
    ]
    if result.ndc is not None:
        figures.append(("distinct categories", "{{ndc}}"))
    if result.pct_tolerance_grr is not None:
        figures.append(("gage R&R, percent of tolerance", "{{pct_tolerance_grr}}"))
    return Narrative(
        conclusion=f"{verdicts[result.verdict]}: gage R&R takes {{{{pct_study_var_grr}}}} percent "
        f"of the study variation{categories}.",
        details=details,
        key_figures=figures,
    )
