"""One or two proportions the Bayesian way: how probable is it that one is larger?

Sources: A. Gelman et al. (2013), Bayesian Data Analysis, 2.4; H. Jeffreys (1961) for the
prior; L. D. Brown, T. T. Cai and A. DasGupta (2001) for the interval; J. K. Kruschke (2018)
for the region of practical equivalence.
"""

from __future__ import annotations

import itertools
from typing import Annotated, Literal

import numpy as np
from msgspec import Meta
from scipy import special

from havoc.charts import ChartSpec, Limit, Panel, Series
from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.parameters import Confidence, Count, FloatArray, Name, Positive
from havoc.tools.result import Narrative, Outcome, Recomputed
from havoc.tools.stats.assumption_checks import INDEPENDENCE
from havoc.tools.stats.bayes_two_sample_result import rope_decision
from havoc.tools.stats.beta_posterior import Beta, DifferenceOfProportions
from havoc.tools.stats.binomial import Trials, check_counts

PRIORS = {"jeffreys": (0.5, 0.5), "uniform": (1.0, 1.0)}
LEAST_SHAPE, MOST_SHAPE = 0.05, 1e7


class BayesProportions(Outcome):
    """Posterior of one proportion, or of proportion 1 minus proportion 2.

    ``estimate`` is the posterior mean of the proportion (one) or of the difference (two);
    ``ci_low`` to ``ci_high`` the equal-tailed credible interval of the same, ``hdi_*`` that of
    highest density. ``probability_greater`` is that of p above ``p0`` (one) or of
    p1 above p2 (two). ``posterior_a`` and ``posterior_b`` are the shapes of the beta
    posterior of the first proportion.
    """

    estimate: float
    ci_low: float
    ci_high: float
    hdi_low: float
    hdi_high: float
    level: float
    prior: str
    prior_a: float
    prior_b: float
    name1: str
    successes1: int
    trials1: int
    proportion1: float
    posterior_a: float
    posterior_b: float
    posterior_sd: float
    median: float
    name2: str | None = None
    successes2: int | None = None
    trials2: int | None = None
    proportion2: float | None = None
    difference: float | None = None
    posterior_a2: float | None = None
    posterior_b2: float | None = None
    p1_low: float | None = None
    p1_high: float | None = None
    p2_low: float | None = None
    p2_high: float | None = None
    probability_greater: float | None = None
    probability_less: float | None = None
    p0: float | None = None
    rope: float | None = None
    rope_inside: float | None = None
    rope_decision: str | None = None


@tool(
    "bayes_proportions",
    title="Bayesian proportions",
    source="Gelman et al. (2013) 2.4; Jeffreys (1961); Brown, Cai and DasGupta (2001)",
)
def bayes_proportions(
    successes1: Count,
    trials1: Trials,
    successes2: Count | None = None,
    trials2: Annotated[
        Annotated[int, Meta(ge=1)] | None, Meta(description="second group: parts looked at")
    ] = None,
    p0: Annotated[
        Annotated[float, Meta(gt=0, lt=1)] | None,
        Meta(description="one proportion: a value to compare with"),
    ] = None,
    prior: Annotated[
        Literal["jeffreys", "uniform"],
        Meta(description="beta prior of each proportion: Jeffreys (0.5, 0.5) or uniform (1, 1)"),
    ] = "jeffreys",
    prior_a: Annotated[
        Positive | None, Meta(description="own prior: first shape (as if so many were found)")
    ] = None,
    prior_b: Annotated[
        Positive | None, Meta(description="own prior: second shape (as if so many were not)")
    ] = None,
    rope: Annotated[
        Annotated[float, Meta(gt=0, lt=1)] | None,
        Meta(description="two proportions: differences up to this do not matter in practice"),
    ] = None,
    confidence: Confidence = 0.95,
    name1: Name = "group 1",
    name2: Name = "group 2",
) -> BayesProportions:
    """How probable is it that one proportion is above another, or above a given value?

    Use it for scrap, failure or response rates where the question is how sure
    one can be, also with few or no failures, or where earlier knowledge shall
    count (prior_a, prior_b). Beta prior, exact by quadrature: no simulation.
    Assumes independent parts with one probability in each group.
    """
    a, b = _prior(prior, prior_a, prior_b)
    words = (
        f"beta prior ({a:g}, {b:g})"
        if prior_a is not None
        else f"{prior.title()} prior: beta ({a:g}, {b:g})"
    )
    check_counts(successes1, trials1, "successes1, trials1")
    first = Beta(a=a + successes1, b=b + trials1 - successes1)
    if (successes2 is None) != (trials2 is None):
        raise InputError(
            "give both successes2 and trials2",
            where="successes2, trials2",
            remedy="leave both out for one proportion",
        )
    result = BayesProportions(
        method=f"beta-binomial posterior by quadrature, {words}",
        estimate=first.mean,
        ci_low=0.0,
        ci_high=1.0,
        hdi_low=0.0,
        hdi_high=1.0,
        level=confidence,
        prior=words,
        prior_a=a,
        prior_b=b,
        name1=name1,
        successes1=successes1,
        trials1=trials1,
        proportion1=successes1 / trials1,
        posterior_a=first.a,
        posterior_b=first.b,
        posterior_sd=first.variance**0.5,
        median=first.quantile(0.5),
        assumptions=[INDEPENDENCE],
    )
    if successes2 is None or trials2 is None:
        if rope is not None:
            raise InputError("a rope needs two proportions", where="rope", remedy="use p0")
        _one(result, first, p0)
        result.charts = [_chart(result, {name1: first})]
        return result
    if p0 is not None:
        raise InputError("p0 is for one proportion", where="p0", remedy="leave it out")
    check_counts(successes2, trials2, "successes2, trials2")
    second = Beta(a=a + successes2, b=b + trials2 - successes2)
    result.name2 = name2 if name2 != name1 else f"{name2} (2)"
    result.successes2, result.trials2 = successes2, trials2
    _two(result, first, second, rope)
    result.charts = [_chart(result, {name1: first, result.name2: second})]
    return result


@bayes_proportions.narrates
def _narrate(result: BayesProportions) -> Narrative:
    if result.difference is None:
        conclusion = (
            "The proportion of {{name1}} lies between {{ci_low:%}} and {{ci_high:%}} with "
            "{{level:%}} probability (mean {{estimate:%}})."
        )
        if result.probability_greater is not None:
            above = result.probability_greater >= 0.5
            chance = "{{probability_greater:%}}" if above else "{{probability_less:%}}"
            conclusion = (
                f"The proportion of {{{{name1}}}} is {'above' if above else 'below'} "
                f"{{{{p0:%}}}} with probability {chance}; with {{{{level:%}}}} probability it lies "
                "between {{ci_low:%}} and {{ci_high:%}}."
            )
        details = ["{{successes1}} of {{trials1}} were found; {{prior}}."]
    else:
        above = (result.probability_greater or 0.0) >= 0.5
        one, two = ("{{name1}}", "{{name2}}") if above else ("{{name2}}", "{{name1}}")
        chance = "{{probability_greater:%}}" if above else "{{probability_less:%}}"
        conclusion = (
            f"The proportion of {one} is above that of {two} with probability {chance} "
            "({{proportion1:%}} against {{proportion2:%}} found)."
        )
        details = [
            "The difference {{name1}} minus {{name2}} lies between {{ci_low:%}} and {{ci_high:%}} "
            "with {{level:%}} probability; {{prior}}."
        ]
        if result.rope_inside is not None:
            details.append(
                "The probability that they differ by at most {{rope:%}} is {{rope_inside:%}}: "
                "{{rope_decision}}."
            )
    figures = [
        ("posterior mean", "{{estimate:%}}"),
        ("equal-tailed interval", "{{ci_low:%}} to {{ci_high:%}}"),
        ("interval of highest density", "{{hdi_low:%}} to {{hdi_high:%}}"),
    ]
    if result.probability_greater is not None:
        figures.append(("probability of being above", "{{probability_greater:%}}"))
    return Narrative(conclusion=conclusion, details=details, key_figures=figures)


@bayes_proportions.verifies
def _verify(result: BayesProportions, **_: object) -> list[Recomputed]:
    """Other routes: a tail of the beta by scipy, P(p1 > p2) by adaptive quadrature."""
    from scipy import integrate, stats

    if result.difference is None:
        again = float(stats.beta.cdf(result.ci_high, result.posterior_a, result.posterior_b))
        return [
            Recomputed(
                name="probability below the upper end",
                value=(1 + result.level) / 2,
                recomputed=again,
                route="scipy beta distribution",
            )
        ]
    first = stats.beta(result.posterior_a, result.posterior_b)
    second = stats.beta(result.posterior_a2, result.posterior_b2)
    ends = [float(first.ppf(level)) for level in (1e-12, 0.01, 0.5, 0.99, 1 - 1e-12)]
    again = sum(
        integrate.quad(lambda p: first.pdf(p) * second.cdf(p), low, high, limit=200)[0]
        for low, high in itertools.pairwise(ends)
        if high > low
    )
    return [
        Recomputed(
            name="probability_greater",
            value=result.probability_greater or 0.0,
            recomputed=again,
            route="adaptive quadrature of density times distribution function",
            rtol=1e-4,
            atol=1e-5,
        )
    ]


def _prior(name: str, a: float | None, b: float | None) -> tuple[float, float]:
    if (a is None) != (b is None):
        raise InputError(
            "give both shapes of the prior",
            where="prior_a, prior_b",
            remedy="such as 1 and 1 for the uniform prior",
        )
    if a is None or b is None:
        return PRIORS[name]
    for value, where in ((a, "prior_a"), (b, "prior_b")):
        if not LEAST_SHAPE <= value <= MOST_SHAPE:
            raise InputError(
                f"a shape of {value:g} is outside {LEAST_SHAPE:g} to {MOST_SHAPE:g}",
                where=where,
                remedy="jeffreys is 0.5, uniform is 1",
            )
    return a, b


def _one(result: BayesProportions, posterior: Beta, p0: float | None) -> None:
    tail = (1 - result.level) / 2
    result.ci_low, result.ci_high = posterior.quantile(tail), posterior.quantile(1 - tail)
    result.hdi_low, result.hdi_high = posterior.shortest(result.level)
    if p0 is not None:
        result.p0 = p0
        result.probability_greater = float(special.betaincc(posterior.a, posterior.b, p0))
        result.probability_less = float(special.betainc(posterior.a, posterior.b, p0))


def _two(result: BayesProportions, first: Beta, second: Beta, rope: float | None) -> None:
    posterior = DifferenceOfProportions(first, second)
    tail = (1 - result.level) / 2
    result.posterior_a2, result.posterior_b2 = second.a, second.b
    result.proportion2 = (result.successes2 or 0) / (result.trials2 or 1)
    result.estimate = posterior.mean
    result.difference = result.proportion1 - result.proportion2
    result.posterior_sd = posterior.sd
    result.median = posterior.quantile(0.5)
    result.ci_low, result.ci_high = posterior.interval(result.level)
    result.hdi_low, result.hdi_high = posterior.shortest(result.level)
    result.p1_low, result.p1_high = first.quantile(tail), first.quantile(1 - tail)
    result.p2_low, result.p2_high = second.quantile(tail), second.quantile(1 - tail)
    # Each tail by its own integral, so that neither is 1 minus nearly 1.
    result.probability_less = posterior.at_most(0.0)
    result.probability_greater = DifferenceOfProportions(second, first).at_most(0.0)
    if rope is not None:
        result.rope = rope
        result.rope_inside = posterior.at_most(rope) - posterior.at_most(-rope)
        result.rope_decision = rope_decision((result.ci_low, result.ci_high), (-rope, rope))


def _chart(result: BayesProportions, posteriors: dict[str, Beta]) -> ChartSpec:
    low = min(item.quantile(5e-4) for item in posteriors.values())
    high = max(item.quantile(1 - 5e-4) for item in posteriors.values())
    # Densities are infinite at the ends where a shape is below one.
    grid: FloatArray = np.linspace(max(low, 1e-3 * high), min(high, 1 - 1e-3 * (1 - low)), 161)
    return ChartSpec(
        kind="posterior",
        title="What is probable of each proportion after the data"
        if len(posteriors) > 1
        else f"What is probable of the proportion of {result.name1} after the data",
        panels=[
            Panel(
                x_label="proportion",
                y_label="posterior density",
                series=[
                    Series(name=name, kind="line", x=grid.tolist(), y=item.density(grid).tolist())
                    for name, item in posteriors.items()
                ],
                limits=[]
                if result.p0 is None
                else [
                    Limit(
                        label="given value",
                        role="reference",
                        value=result.p0,
                        orientation="vertical",
                    )
                ],
            )
        ],
    )
