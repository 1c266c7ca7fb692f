"""Two groups the Bayesian way: how probable is it that A is above B, and by how much?

Sources: see ``bayes_means``; J. K. Kruschke (2018), Advances in Methods and Practices in
Psychological Science 1, 270, for the region of practical equivalence.
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

import numpy as np
from msgspec import Meta

from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.parameters import (
    ROUNDING,
    Alternative,
    Confidence,
    Name,
    Positive,
    SampleOrSummary,
    Summary,
    Unit,
    as_sample,
    as_summary,
    same_length,
)
from havoc.tools.result import Check, Recomputed
from havoc.tools.stats.assumption_checks import INDEPENDENCE, normal_residuals
from havoc.tools.stats.bayes_means import (
    Difference,
    Effect,
    Prior,
    ScaledT,
    jzs_effect,
    posterior_mean,
)
from havoc.tools.stats.bayes_two_sample_result import (
    BayesTwoSample,
    chart,
    evidence_words,
    narrate,
    rope_decision,
)
from havoc.tools.stats.highest_density import Bounds

PriorName = Literal["reference", "weakly_informative"]


@tool(
    "bayes_two_sample",
    title="Bayesian comparison of two groups",
    source="Gelman et al. (2013) 3.2 and 3.3; Rouder et al. (2009); Kruschke (2018)",
)
def bayes_two_sample(
    group1: SampleOrSummary,
    group2: SampleOrSummary,
    prior: Annotated[
        PriorName,
        Meta(
            description="of means and spreads: reference (uniform mean, 1/sigma), or weakly "
            "informative (worth one observation at the common mean)"
        ),
    ] = "reference",
    prior_mean: Annotated[
        float | None,
        Meta(description="weakly informative: expected mean instead of the common one"),
    ] = None,
    prior_sd: Annotated[
        Positive | None, Meta(description="weakly informative: expected standard deviation")
    ] = None,
    prior_n: Annotated[
        Positive, Meta(description="weakly informative: worth in observations")
    ] = 1.0,
    prior_scale: Annotated[
        float, Meta(gt=0, description="scale r of the Cauchy prior of the effect size (JZS)")
    ] = math.sqrt(0.5),
    rope: Annotated[
        Positive | None,
        Meta(description="differences up to this size, either way, do not matter in practice"),
    ] = None,
    rope_low: Annotated[float | None, Meta(description="instead of rope: its lower end")] = None,
    rope_high: Annotated[float | None, Meta(description="instead of rope: its upper end")] = None,
    paired: Annotated[
        bool, Meta(description="group1 and group2 belong together value by value")
    ] = False,
    equal_var: Annotated[
        bool, Meta(description="one common standard deviation instead of one for each group")
    ] = False,
    alternative: Alternative = "two_sided",
    confidence: Confidence = 0.95,
    name1: Name = "group 1",
    name2: Name = "group 2",
    unit: Unit = "",
) -> BayesTwoSample:
    """How probable is it that one group has the higher mean, and by how much?

    Use it where the question is how sure one can be (or how large the chance is
    that A beats B), where evidence for "no difference" is wanted, or where a
    difference matters only beyond a margin (rope). Everything is integrated
    numerically: no simulation, the same figures every time. Assumes independent
    normal values. The Bayes factor uses one common standard deviation and a
    Cauchy prior on the effect size (JZS, default scale 0.707), as R BayesFactor.
    """
    if rope is not None:
        rope_low, rope_high = -rope, rope
    _check_rope(rope_low, rope_high)
    samples = _values(group1, group2, paired)
    first, second = as_summary(group1, "group1"), as_summary(group2, "group2")
    if first.n < 2 or second.n < 2:
        raise InputError(
            "each group needs at least 2 values",
            where="bayes_two_sample",
            remedy="add measurements",
        )
    if paired:
        within = as_summary([a - b for a, b in zip(*samples, strict=True)], "group1 - group2")
        _varying(within.sd, within.mean, "all differences are equal")
        prior_used = _prior(prior, prior_mean, prior_sd, prior_n, 0.0, within.sd)
        posterior = Difference(posterior_mean(within.n, within.mean, within.sd, prior_used), None)
        t, df = within.mean / (within.sd / math.sqrt(within.n)), within.n - 1.0
        size = float(within.n)
    else:
        df = first.n + second.n - 2.0
        pooled = math.sqrt(((first.n - 1) * first.sd**2 + (second.n - 1) * second.sd**2) / df)
        _varying(pooled, max(abs(first.mean), abs(second.mean)), "both groups are constant")
        if not equal_var and min(first.sd, second.sd) == 0 and prior == "reference":
            raise InputError(
                "one group is constant, so its own standard deviation has no posterior",
                where="group1, group2",
                remedy="use equal_var, or prior weakly_informative",
            )
        common = (first.n * first.mean + second.n * second.mean) / (first.n + second.n)
        prior_used = _prior(prior, prior_mean, prior_sd, prior_n, common, pooled)
        posterior = _posterior(first, second, prior_used, equal_var)
        size = first.n * second.n / (first.n + second.n)
        t = (first.mean - second.mean) / (pooled / math.sqrt(size))
    effect = jzs_effect(t, df, size, prior_scale, confidence)
    return _result(
        posterior, effect, first, second, t, df, samples,
        prior=_prior_words(prior, prior_used, paired),
        paired=paired, equal_var=equal_var or paired, prior_scale=prior_scale,
        rope=(rope_low, rope_high) if rope_low is not None and rope_high is not None else None,
        alternative=alternative, level=confidence, name1=name1, name2=name2, unit=unit,
    )  # fmt: skip


def _result(
    posterior: Difference,
    effect: Effect,
    first: Summary,
    second: Summary,
    t: float,
    df: float,
    samples: list[list[float]],
    *,
    prior: str,
    paired: bool,
    equal_var: bool,
    prior_scale: float,
    rope: Bounds | None,
    alternative: str,
    level: float,
    name1: str,
    name2: str,
    unit: str,
) -> BayesTwoSample:
    below = posterior.at_most(0.0)
    interval = posterior.interval(level)
    log_factor = effect.log_bayes_factor + _direction(effect, alternative)
    factor = math.exp(log_factor) if abs(log_factor) < 700 else None
    result = BayesTwoSample(
        method=f"posterior of the difference of means by numerical integration, {prior}; "
        f"Bayes factor JZS with Cauchy scale {prior_scale:.4g}"
        + ("" if alternative == "two_sided" else f", effects {alternative} than zero only"),
        unit=unit,
        difference=posterior.center,
        ci_low=interval[0],
        ci_high=interval[1],
        hdi_low=interval[0],
        hdi_high=interval[1],
        level=level,
        probability_greater=1 - below,
        probability_less=below,
        posterior_sd=_posterior_sd(posterior),
        prior=prior,
        paired=paired,
        equal_var=equal_var,
        bayes_factor=factor,
        bayes_factor_null=1 / factor if factor else None,
        log_bayes_factor=log_factor,
        evidence=evidence_words(log_factor),
        prior_scale=prior_scale,
        alternative=alternative,
        effect_size=effect.median,
        effect_low=effect.highest_density[0],
        effect_high=effect.highest_density[1],
        effect_equal_tailed_low=effect.equal_tailed[0],
        effect_equal_tailed_high=effect.equal_tailed[1],
        name1=name1,
        name2=name2,
        n1=first.n,
        n2=second.n,
        mean1=first.mean,
        mean2=second.mean,
        t=t,
        df=df,
        assumptions=_checks(samples, paired),
    )
    if rope is not None:
        result.rope_low, result.rope_high = rope
        result.rope_below = posterior.at_most(rope[0])
        result.rope_above = 1 - posterior.at_most(rope[1])
        result.rope_inside = max(1 - result.rope_below - result.rope_above, 0.0)
        result.rope_decision = rope_decision(interval, rope)
    if min(first.n, second.n) < 5:
        result.warnings.append(
            f"{min(first.n, second.n)} values only: the posterior rests on the normal shape"
        )
    result.charts = [chart(result, posterior)]
    return result


bayes_two_sample.narrates(narrate)


@bayes_two_sample.verifies
def _verify(result: BayesTwoSample, **_: object) -> list[Recomputed]:
    """The Bayes factor as an integral over g (Rouder et al., equation 1)."""
    from scipy import integrate

    if result.alternative != "two_sided" or abs(result.t) > 30:
        return []
    n = float(result.n1) if result.paired else result.n1 * result.n2 / (result.n1 + result.n2)
    df, t, scale = result.df, result.t, result.prior_scale

    def integrand(u: float) -> float:
        g = math.exp(u)
        spread = 1 + n * g * scale**2
        ratio = -(df + 1) / 2 * (math.log1p(t * t / (spread * df)) - math.log1p(t * t / df))
        # g^(-3/2) exp(-1 / (2 g)) dg with g = exp(u)
        return math.exp(ratio - math.log(spread) / 2 - u / 2 - 1 / (2 * g)) / math.sqrt(2 * math.pi)

    again = integrate.quad(integrand, -6.5, 60, limit=400)[0]
    return [
        Recomputed(
            name="log_bayes_factor",
            value=result.log_bayes_factor,
            recomputed=math.log(again),
            route="integral over the variance of the effect",
            rtol=1e-5,
            atol=1e-6,
        )
    ]


def _check_rope(low: float | None, high: float | None) -> None:
    if (low is None) != (high is None):
        raise InputError(
            "give both ends of the region",
            where="rope_low, rope_high",
            remedy="or rope for a region around zero",
        )
    if low is not None and high is not None and not low < high:
        raise InputError(
            f"the lower end {low:g} is not below the upper {high:g}",
            where="rope_low, rope_high",
            remedy="swap them",
        )


def _values(
    group1: list[float] | Summary, group2: list[float] | Summary, paired: bool
) -> list[list[float]]:
    """The groups as values; empty if they are summaries."""
    if isinstance(group1, Summary) or isinstance(group2, Summary):
        if paired:
            raise InputError(
                "pairs need the values",
                where="group1, group2",
                remedy="give both columns, not their summaries",
            )
        return []
    if paired:
        same_length(group1, group2, "group1, group2")
    return [
        as_sample(group, where, minimum=2).tolist()
        for group, where in ((group1, "group1"), (group2, "group2"))
    ]


def _varying(sd: float, size: float, what: str) -> None:
    if sd <= ROUNDING * abs(size):
        raise InputError(
            f"{what}, so there is no variation to compare with",
            where="group1, group2",
            remedy="check the resolution of the measurement",
        )


def _prior(
    name: PriorName,
    mean: float | None,
    sd: float | None,
    worth: float,
    usual_mean: float,
    usual_sd: float,
) -> Prior:
    if name == "reference":
        if mean is not None or sd is not None:
            raise InputError(
                "the reference prior has no mean and no standard deviation",
                where="prior_mean, prior_sd",
                remedy="use prior weakly_informative",
            )
        return Prior()
    return Prior(
        mean=usual_mean if mean is None else mean,
        n=worth,
        sd=usual_sd if sd is None else sd,
        df=worth,
    )


def _prior_words(name: PriorName, prior: Prior, paired: bool) -> str:
    if name == "reference":
        return "reference prior (uniform mean, density 1/sigma of the standard deviation)"
    what = "mean difference" if paired else "each mean"
    return (
        f"weakly informative prior worth {prior.n:g} observations: {what} about "
        f"{prior.mean:.6g}, standard deviation about {prior.sd:.6g}"
    )


def _posterior(first: Summary, second: Summary, prior: Prior, equal_var: bool) -> Difference:
    if not equal_var:
        return Difference(
            posterior_mean(first.n, first.mean, first.sd, prior),
            posterior_mean(second.n, second.mean, second.sd, prior),
        )
    # One common variance: the difference of the conditional normals is one t.
    parts = [
        (prior.n + item.n, (prior.n * prior.mean + item.n * item.mean) / (prior.n + item.n), item)
        for item in (first, second)
    ]
    squares = prior.df * prior.sd**2 + sum(
        (item.n - 1) * item.sd**2 + prior.n * item.n / size * (item.mean - prior.mean) ** 2
        for size, _, item in parts
    )
    df = prior.df + first.n + second.n if prior.df > 0 else first.n + second.n - 2.0
    return Difference(
        ScaledT(
            center=parts[0][1] - parts[1][1],
            scale=math.sqrt(squares / df * (1 / parts[0][0] + 1 / parts[1][0])),
            df=df,
        ),
        None,
    )


def _posterior_sd(posterior: Difference) -> float | None:
    parts = [posterior.first, *([posterior.second] if posterior.second else [])]
    if min(part.df for part in parts) <= 2:
        return None
    return math.sqrt(sum(part.scale**2 * part.df / (part.df - 2) for part in parts))


def _direction(effect: Effect, alternative: str) -> float:
    """Log of twice the posterior probability of the direction asked for."""
    if alternative == "two_sided":
        return 0.0
    above = effect.probability_above
    share = above if alternative == "greater" else 1 - above
    return math.log(2 * max(share, 1e-300))


def _checks(samples: list[list[float]], paired: bool) -> list[Check]:
    if not samples:
        return [INDEPENDENCE]
    arrays = [np.asarray(sample) for sample in samples]
    residuals = (
        arrays[0] - arrays[1]
        if paired
        else np.concatenate([sample - sample.mean() for sample in arrays])
    )
    return [normal_residuals(residuals, "normal values"), INDEPENDENCE]
