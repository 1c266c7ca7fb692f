"""What a Bayesian comparison of two groups reports: its figures, its words and its chart."""

from __future__ import annotations

import math

import numpy as np

from havoc.charts import ChartSpec, Limit, Panel, Series
from havoc.tools.result import Narrative, Outcome
from havoc.tools.stats.bayes_means import Difference
from havoc.tools.stats.highest_density import Bounds


class BayesTwoSample(Outcome):
    """``difference`` is group1 minus group2; the posterior is symmetric about it.

    ``ci_low`` to ``ci_high`` is the equal-tailed credible interval, ``hdi_low`` to
    ``hdi_high`` that of highest density (the same for a symmetric posterior).
    ``probability_greater`` is that of mean 1 above mean 2. ``rope_*`` are the
    probabilities inside, below and above the region of practical equivalence.
    ``bayes_factor`` (BF10) speaks for a difference, ``bayes_factor_null`` (BF01) against
    it; with a one-sided alternative for a difference in that direction.
    ``effect_size`` is the posterior median of the standardised difference under the
    JZS prior, ``effect_low`` to ``effect_high`` its highest-density interval.
    """

    difference: float
    ci_low: float
    ci_high: float
    hdi_low: float
    hdi_high: float
    level: float
    probability_greater: float
    probability_less: float
    prior: str
    paired: bool
    equal_var: bool
    log_bayes_factor: float
    evidence: str
    prior_scale: float
    alternative: str
    effect_size: float
    effect_low: float
    effect_high: float
    effect_equal_tailed_low: float
    effect_equal_tailed_high: float
    name1: str
    name2: str
    n1: int
    n2: int
    mean1: float
    mean2: float
    t: float
    df: float
    posterior_sd: float | None = None
    bayes_factor: float | None = None
    bayes_factor_null: float | None = None
    rope_low: float | None = None
    rope_high: float | None = None
    rope_inside: float | None = None
    rope_below: float | None = None
    rope_above: float | None = None
    rope_decision: str | None = None


def narrate(result: BayesTwoSample) -> Narrative:
    above = result.probability_greater >= 0.5
    one, two = ("{{name1}}", "{{name2}}") if above else ("{{name2}}", "{{name1}}")
    chance = "{{probability_greater:%}}" if above else "{{probability_less:%}}"
    direction = "" if result.alternative == "two_sided" else " in the direction asked for"
    details = [
        "The difference {{name1}} minus {{name2}} is {{difference:unit}}; with {{level:%}} "
        "probability it lies between {{ci_low}} and {{ci_high:unit}} ({{prior}}).",
        f"The Bayes factor is {{{{evidence}}}}{direction}.",
    ]
    if result.rope_inside is not None:
        details.append(
            "The probability that the difference lies between {{rope_low}} and "
            "{{rope_high:unit}}, where it does not matter, is {{rope_inside:%}}: {{rope_decision}}."
        )
    figures = [
        ("{{name1}} above {{name2}}", "{{probability_greater:%}}"),
        ("difference", "{{difference:unit}}"),
        ("credible interval", "{{ci_low}} to {{ci_high:unit}}"),
        ("effect size", "{{effect_size}} ({{effect_low}} to {{effect_high}})"),
        ("log Bayes factor for a difference", "{{log_bayes_factor}}"),
    ]
    if result.bayes_factor is not None:
        figures.append(("Bayes factor for a difference", "{{bayes_factor}}"))
        figures.append(("Bayes factor for no difference", "{{bayes_factor_null}}"))
    return Narrative(
        conclusion=f"The mean of {one} is above that of {two} with probability {chance}.",
        details=details,
        key_figures=figures,
    )


def evidence_words(log_factor: float) -> str:
    """Jeffreys' words for a Bayes factor."""
    size = abs(log_factor)
    side = "a difference" if log_factor > 0 else "no difference"
    for bound, words in (
        (math.log(3), "too weak to tell"),
        (math.log(10), f"moderate evidence for {side}"),
        (math.log(30), f"strong evidence for {side}"),
        (math.log(100), f"very strong evidence for {side}"),
    ):
        if size < bound:
            return words
    return f"extreme evidence for {side}"


def rope_decision(interval: Bounds, rope: Bounds) -> str:
    """Kruschke's rule: the whole credible interval inside or outside the region."""
    if rope[0] <= interval[0] and interval[1] <= rope[1]:
        return "practically equivalent"
    if interval[1] < rope[0] or interval[0] > rope[1]:
        return "different by more than the margin"
    return "undecided"


def chart(result: BayesTwoSample, posterior: Difference) -> ChartSpec:
    half = (result.ci_high - result.ci_low) / 2
    reach = 2.2 if result.level > 0.8 else 4.0
    values = np.linspace(result.difference - reach * half, result.difference + reach * half, 161)
    limits = [
        Limit(label="no difference", role="reference", value=0.0, orientation="vertical"),
        Limit(label="lower end", role="control", value=result.ci_low, orientation="vertical"),
        Limit(label="upper end", role="control", value=result.ci_high, orientation="vertical"),
    ]
    if result.rope_low is not None and result.rope_high is not None:
        limits += [
            Limit(label="rope", role="specification", value=value, orientation="vertical")
            for value in (result.rope_low, result.rope_high)
        ]
    return ChartSpec(
        kind="posterior",
        title=f"{result.name1} minus {result.name2}: what is probable after the data",
        panels=[
            Panel(
                x_label=f"difference of means{f' [{result.unit}]' if result.unit else ''}",
                y_label="posterior density",
                series=[
                    Series(
                        name="posterior",
                        kind="line",
                        x=values.tolist(),
                        y=posterior.density(values).tolist(),
                    )
                ],
                limits=limits,
            )
        ],
    )
