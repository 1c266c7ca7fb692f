"""What a power or sample-size calculation reports."""

from __future__ import annotations

from typing import Literal

from havoc.tools.result import Check, Narrative, Outcome

Design = Literal[
    "one_sample_t",
    "two_sample_t",
    "paired_t",
    "anova",
    "one_proportion",
    "two_proportions",
    "mean_margin",
    "proportion_margin",
    "correlation",
]
WORDS: dict[str, str] = {
    "one_sample_t": "one-sample t test",
    "two_sample_t": "two-sample t test",
    "paired_t": "paired t test",
    "anova": "one-way ANOVA",
    "one_proportion": "test of one proportion",
    "two_proportions": "test of two proportions",
    "mean_margin": "estimate of a mean",
    "proportion_margin": "estimate of a proportion",
    "correlation": "test of a correlation",
}


class PowerSampleSize(Outcome):
    """What ``solved_for`` names was computed; the rest was given.

    ``n`` (also ``n_per_group``) is rounded up, per group; ``n_exact`` is the real
    solution and ``power`` what the rounded size reaches. ``effect`` is in units of
    the measurement, ``effect_size`` standardised: Cohen's d for t tests, f for
    ANOVA, h for proportions, r for a correlation. For a margin, ``n_with_estimated_sd``
    allows for a standard deviation that will be estimated from the same sample.
    """

    design: str
    solved_for: str
    n: int
    n_per_group: int
    n_total: int
    n_exact: float
    alpha: float
    level: float
    alternative: str
    power: float | None = None
    target_power: float | None = None
    effect: float | None = None
    effect_size: float | None = None
    sigma: float | None = None
    groups: int | None = None
    p1: float | None = None
    p2: float | None = None
    margin: float | None = None
    n_with_estimated_sd: int | None = None


def method_of(design: Design) -> str:
    exact = "exact noncentral distribution"
    return {
        "anova": f"power of one-way ANOVA, {exact}",
        "one_proportion": "power of the z test of one proportion, normal approximation",
        "two_proportions": "power of the pooled z test of two proportions, normal approximation",
        "mean_margin": "half width of the z interval of a mean with this standard deviation",
        "proportion_margin": "half width of the normal interval of a proportion",
        "correlation": "power by Fisher's z, normal approximation",
    }.get(design, f"power of the {WORDS[design]}, {exact}")


def planning_check() -> list[Check]:
    return [
        Check(
            name="planning values",
            status="unknown",
            detail="the result is as good as the standard deviation or proportion put in",
        )
    ]


def narrate(result: PowerSampleSize) -> Narrative:
    several = result.n_total > result.n
    units = "{{n}} units in each group ({{n_total}} in all)" if several else "{{n}} units"
    if result.margin is not None:
        conclusion = f"{units} give a margin of {{{{margin:unit}}}} at {{{{level:%}}}} confidence."
    elif result.solved_for == "n":
        conclusion = (
            f"{units} are needed for a {WORDS[result.design]}; they detect the effect with "
            "probability {{power:%}} at alpha {{alpha}}."
        )
    elif result.solved_for == "power":
        conclusion = (
            f"With {units} the {WORDS[result.design]} detects the effect with probability "
            "{{power:%}} at alpha {{alpha}}."
        )
    else:
        size = "{{effect:unit}}" if result.effect is not None else "{{effect_size}} (standardised)"
        conclusion = (
            f"With {units} the smallest effect found with probability {{{{power:%}}}} is {size} "
            "at alpha {{alpha}}."
        )
    figures = [("units in each group", "{{n}}"), ("units in all", "{{n_total}}")]
    if result.power is not None:
        figures.append(("power", "{{power:%}}"))
    if result.effect_size is not None:
        figures.append(("standardised effect", "{{effect_size}}"))
    details = ["The unrounded solution is {{n_exact}}."] if result.solved_for == "n" else []
    if result.n_with_estimated_sd is not None:
        details.append(
            "If the standard deviation is estimated from the same sample, "
            "{{n_with_estimated_sd}} units are needed."
        )
    return Narrative(conclusion=conclusion, details=details, key_figures=figures)
