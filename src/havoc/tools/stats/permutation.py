"""Permutation tests: is a difference larger than relabelling the data would give?

Sources: R. A. Fisher (1935), The Design of Experiments, 21; E. J. G. Pitman (1937);
B. Phipson and G. K. Smyth (2010) for the p-value of random permutations;
P. H. Garthwaite (1996), Biometrics 52, 1387 for the interval of a shift.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Annotated, Any

import numpy as np
from msgspec import Meta

from havoc.charts import ChartSpec, Limit, Panel, Series
from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.parameters import Alpha, Alternative, FloatArray, Groups, Name, Sample, Seed, Unit
from havoc.tools.result import Check, Narrative, Outcome, Recomputed
from havoc.tools.stats.binomial import clopper_pearson
from havoc.tools.stats.direction_words import relation_of
from havoc.tools.stats.permutation_problems import Problem, StatisticName, case_of

EXACT_TO = 200_000
MOST_DRAWN = 200_000_000
MOST_SORTED = 40_000_000
CHUNK = 2_000_000

LABELS = {
    "difference_of_means": "difference of means",
    "difference_of_medians": "difference of medians",
    "mean_of_differences": "mean of the differences within pairs",
    "f": "F of the group means",
    "correlation": "correlation",
}


class PermutationTest(Outcome):
    """``observed`` is the statistic of the data as they are.

    ``permutations`` counts all relabellings (``exact``), or those drawn. Of random
    relabellings, ``p_low`` to ``p_high`` is the 99 % interval of the exact p-value.
    ``ci_low`` to ``ci_high`` is the interval of the shift (of the slope, for a
    correlation) from the same relabellings; ``effect_size`` is named by ``effect_name``.
    """

    p_value: float
    significant: bool
    alpha: float
    level: float
    alternative: str
    statistic: str
    observed: float
    exact: bool
    permutations: int
    as_extreme: int
    n: int
    effect_name: str
    effect_size: float
    names: list[str]
    sizes: list[int]
    seed: int | None = None
    p_low: float | None = None
    p_high: float | None = None
    monte_carlo_error: float | None = None
    mean_difference: float | None = None
    slope: float | None = None
    F: float | None = None
    r: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None


@tool(
    "permutation_test",
    title="Permutation test",
    source="Fisher (1935) 21; Pitman (1937); Phipson and Smyth (2010)",
)
def permutation_test(
    group1: Sample | None = None,
    group2: Sample | None = None,
    groups: Annotated[
        Groups | None, Meta(description="three or more groups: values of each by name")
    ] = None,
    x: Annotated[list[float] | None, Meta(description="correlation: first column")] = None,
    y: Annotated[list[float] | None, Meta(description="correlation: second column")] = None,
    statistic: Annotated[
        StatisticName | None,
        Meta(description="what is compared; by default means, F for groups, correlation for x, y"),
    ] = None,
    paired: Annotated[
        bool, Meta(description="group1 and group2 are pairs: signs of the differences are flipped")
    ] = False,
    alternative: Alternative = "two_sided",
    permutations: Annotated[
        int,
        Meta(ge=99, le=1_000_000, description="random relabellings, where not all can be listed"),
    ] = 9999,
    seed: Seed = 1,
    alpha: Alpha = 0.05,
    name1: Name = "group 1",
    name2: Name = "group 2",
    unit: Unit = "",
) -> PermutationTest:
    """Is the difference (or correlation) larger than chance labels would make it?

    Use it for small or odd samples where a t test, analysis of variance or
    correlation test cannot be trusted to hold its level. Up to two hundred
    thousand relabellings all are listed and the p-value is exact; beyond that
    relabellings are drawn at random. Assumes that without an effect any labels
    would have been as likely (random assignment, or independent values of equal
    distribution: groups that only scatter differently can also be told apart).
    """
    case = case_of(group1, group2, groups, x, y, statistic, paired, name1, name2)
    problem, kind, samples = case.problem, case.kind, case.samples
    if kind == "f" and alternative != "two_sided":
        raise InputError("F has no direction", where="alternative", remedy="use two_sided")
    exact = problem.total <= EXACT_TO
    count = problem.total if exact else permutations
    most = (MOST_SORTED if problem.sorts else MOST_DRAWN) // problem.size
    if count > most:
        raise InputError(
            f"{count} relabellings of {problem.size} values are too many",
            where="permutations",
            remedy=f"ask for at most {most}"
            if most >= 99
            else "use the test of means: with so many values its p-value is the same",
        )
    observed = float(problem.compute(problem.unchanged)[0])
    values, kept = _relabelled(problem, exact, count, seed)
    extreme = _as_extreme(values, observed, alternative, kind)
    p_value = extreme / count if exact else (extreme + 1) / (count + 1)
    result = PermutationTest(
        method=f"permutation test of the {LABELS[kind]}, "
        + (
            "exact: all relabellings"
            if exact
            else "random relabellings, p = (as extreme + 1) / (drawn + 1)"
        ),
        unit="" if kind in ("f", "correlation") else unit,
        p_value=p_value,
        significant=p_value < alpha,
        alpha=alpha,
        level=1 - alpha,
        alternative=alternative,
        statistic=LABELS[kind],
        observed=observed,
        exact=exact,
        permutations=count,
        as_extreme=extreme,
        n=problem.size,
        effect_name=case.effect_name,
        effect_size=case.effect_size,
        names=list(samples),
        sizes=[len(sample) for sample in samples.values()],
        assumptions=[
            Check(
                name="exchangeable values",
                status="unknown",
                detail="without an effect every label must have been as likely: were the runs "
                "assigned at random, and do the groups scatter alike?",
            )
        ],
    )
    if not exact:
        result.seed = seed
        result.p_low, result.p_high = clopper_pearson(extreme, count, 0.01)
        result.monte_carlo_error = math.sqrt(p_value * (1 - p_value) / count)
    if kept is not None:
        _interval(result, (observed - values) / problem.unit_shift, 1 - kept)
    if kind in ("difference_of_means", "mean_of_differences"):
        result.mean_difference = observed
    elif kind == "correlation":
        result.r, result.slope = observed, observed / problem.unit_shift
    elif kind == "f":
        result.F = observed
    _warn(result)
    result.charts = [_chart(result, values)]
    return result


@permutation_test.narrates
def _narrate(result: PermutationTest) -> Narrative:
    if result.r is not None:
        direction = {"two_sided": "", "less": " negatively", "greater": " positively"}
        claim = f"{{{{names.0}}}} and {{{{names.1}}}} are{direction[result.alternative]} correlated"
    elif result.F is not None:
        claim = "the means of the groups differ"
    else:
        relation = relation_of(result.alternative, result.significant, result.observed)
        middle = "median" if "medians" in result.statistic else "mean"
        claim = f"the {middle} of {{{{names.0}}}} {relation} that of {{{{names.1}}}}"
    verdict = (
        claim[0].upper() + claim[1:] if result.significant else f"There is no evidence that {claim}"
    )
    if claim.startswith("{{") and result.significant:
        verdict = claim
    kind = (
        "exact permutation test"
        if result.exact
        else ("permutation test with {{permutations}} random relabellings")
    )
    details = [
        "The {{statistic}} is {{observed:unit}}; {{as_extreme}} of {{permutations}} relabellings "
        "reach or exceed it."
    ]
    if result.p_low is not None:
        details.append("Listing all relabellings would give a p from {{p_low}} to {{p_high}}.")
    figures = [
        (result.statistic, "{{observed:unit}}"),
        ("p-value", "{{p_value}}"),
        ("{{effect_name}}", "{{effect_size}}"),
    ]
    if result.ci_low is not None and result.ci_high is not None:
        what = "slope" if result.r is not None else "difference"
        details.append(
            f"The {{{{level:%}}}} interval of the {what} runs from {{{{ci_low}}}} to "
            "{{ci_high:unit}}."
        )
    return Narrative(
        conclusion=f"{verdict} ({kind}, p {{{{p_value:p}}}}).",
        details=details,
        key_figures=figures,
    )


@permutation_test.verifies
def _verify(
    result: PermutationTest,
    group1: list[float] | None,
    group2: list[float] | None,
    groups: dict[str, list[float]] | None,
    x: list[float] | None,
    y: list[float] | None,
    **_: object,
) -> list[Recomputed]:
    import statistics

    route = "Python standard library"
    if x is not None and y is not None:
        again = statistics.correlation(x, y)
    elif group1 is not None and group2 is not None and result.F is None:
        if result.statistic == LABELS["difference_of_medians"]:
            again = statistics.median(group1) - statistics.median(group2)
        else:
            again = statistics.fmean(group1) - statistics.fmean(group2)
    else:
        from scipy import stats

        samples = list((groups or {}).values()) or [group1 or [], group2 or []]
        again, route = float(stats.f_oneway(*samples).statistic), "scipy f_oneway"
    return [Recomputed(name="observed", value=result.observed, recomputed=again, route=route)]


def _relabelled(
    problem: Problem, exact: bool, count: int, seed: int
) -> tuple[FloatArray, FloatArray | None]:
    """The statistic of every relabelling, and the share of a shift that each keeps."""
    values, kept = [], []
    for block in _blocks(problem, exact, count, seed):
        values.append(problem.compute(block))
        if problem.shift is not None:
            kept.append(problem.shift(block))
    return np.concatenate(values), np.concatenate(kept) if kept else None


def _blocks(problem: Problem, exact: bool, count: int, seed: int) -> Iterator[Any]:
    rows = max(CHUNK // problem.size, 1)
    if exact:
        listed = problem.listed()
        for start in range(0, listed.shape[0], rows):
            yield listed[start : start + rows]
        return
    generator = np.random.default_rng(seed)
    for start in range(0, count, rows):
        yield problem.drawn(min(rows, count - start), generator)


def _as_extreme(values: FloatArray, observed: float, alternative: str, kind: str) -> int:
    """How many relabellings are at least as extreme; equal up to rounding counts as equal."""
    if kind == "f":
        return int(np.count_nonzero(values >= observed * (1 - 1e-9)))
    slack = 1e-9 * max(float(np.abs(values).max()), abs(observed))
    if alternative == "less":
        return int(np.count_nonzero(values <= observed + slack))
    if alternative == "greater":
        return int(np.count_nonzero(values >= observed - slack))
    return int(np.count_nonzero(np.abs(values) >= abs(observed) - slack))


def _interval(result: PermutationTest, distance: FloatArray, left: FloatArray) -> None:
    """Shifts that the test does not reject, from the same relabellings.

    A relabelling reaches the observed statistic once the shift is at least
    distance / left, so both bounds are order statistics of that ratio.
    """
    moves = left > 1e-9
    thresholds = np.sort(distance[moves] / left[moves])
    total = distance.size if result.exact else distance.size + 1
    tail = result.alpha / 2 if result.alternative == "two_sided" else result.alpha
    place = math.floor(tail * total + 1e-9) + 1 - (total - thresholds.size)
    if not 1 <= place <= thresholds.size:
        return
    result.ci_low = -math.inf if result.alternative == "less" else float(thresholds[place - 1])
    result.ci_high = math.inf if result.alternative == "greater" else float(thresholds[-place])


def _warn(result: PermutationTest) -> None:
    least = 2 if result.alternative == "two_sided" and result.F is None else 1
    if result.exact and least / result.permutations > result.alpha:
        result.warnings.append(
            f"only {result.permutations} relabellings: the p-value cannot be below "
            f"{least / result.permutations:.3g}"
        )
    if result.p_low is not None and result.p_low < result.alpha < (result.p_high or 1.0):
        result.warnings.append("the p-value is too near alpha to decide: ask for more permutations")


def _chart(result: PermutationTest, values: FloatArray) -> ChartSpec:
    """Histogram of the statistic over the relabellings with the observed one."""
    finite = values[np.isfinite(values)]
    bins = min(40, max(5, math.ceil(math.log2(finite.size)) * 3))
    counts, edges = np.histogram(finite, bins=bins)
    return ChartSpec(
        kind="permutation",
        title=f"{result.as_extreme} of {result.permutations} relabellings are as extreme as the "
        "data",
        panels=[
            Panel(
                x_label=f"{result.statistic}{f' [{result.unit}]' if result.unit else ''}",
                y_label="relabellings",
                series=[
                    Series(
                        name="relabellings",
                        kind="bars",
                        x=((edges[:-1] + edges[1:]) / 2).tolist(),
                        y=counts.astype(float).tolist(),
                    )
                ],
                limits=[
                    Limit(
                        label="observed",
                        role="reference",
                        value=result.observed,
                        orientation="vertical",
                    )
                ],
            )
        ],
    )
