"""Many tests at once: p-values adjusted so that chance alone is not taken for a finding.

Sources: see ``adjustments``.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
import numpy as np
from msgspec import Meta

from havoc.charts import ChartSpec, Limit, Panel, Series, decimate
from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.parameters import Alpha
from havoc.tools.result import Check, Narrative, Outcome, Recomputed
from havoc.tools.stats.adjustments import (
    FALSE_DISCOVERY_RATE,
    METHODS,
    MOST_FOR_HOMMEL,
    adjusted,
)


class AdjustedTest(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    p_value: float
    p_adjusted: float
    rejected: bool


class MethodCount(msgspec.Struct, frozen=True, kw_only=True):
    """How many hypotheses a procedure rejects at the same level."""

    procedure: str
    rejected: int


class PValueAdjustment(Outcome):
    """``p_adjusted`` and ``tests`` are in the order given; ``by_method`` compares procedures."""

    procedure: str
    error_rate: str
    alpha: float
    significant: bool
    count: int
    rejected: int
    rejected_unadjusted: int
    p_adjusted: list[float]
    tests: list[AdjustedTest]
    rejected_names: list[str]
    by_method: list[MethodCount]


@tool(
    "p_value_adjustment",
    title="Adjustment of p-values for many tests",
    source="Holm (1979); Hochberg (1988); Hommel (1988); Benjamini and Hochberg (1995)",
    any_magnitude=True,
)
def p_value_adjustment(
    p_values: Annotated[
        list[Annotated[float, Meta(ge=0, le=1)]], Meta(description="p-values of all tests made")
    ],
    method: Annotated[
        Literal[
            "holm",
            "hochberg",
            "hommel",
            "bonferroni",
            "sidak",
            "holm_sidak",
            "benjamini_hochberg",
            "benjamini_yekutieli",
        ],
        Meta(
            description="procedure; Holm holds under any dependence and is never worse than "
            "Bonferroni"
        ),
    ] = "holm",
    names: Annotated[list[str] | None, Meta(description="name of each test")] = None,
    alpha: Alpha = 0.05,
) -> PValueAdjustment:
    """Which of many tests still stand when their number is taken into account?

    Use it after several tests on the same question: all characteristics of a
    part, all stations, all pairs. Holm, Bonferroni, Šidák, Hochberg and Hommel
    limit the chance of even one false alarm; Benjamini-Hochberg and -Yekutieli
    limit the share of false alarms among the findings, for screening. Assumes
    that every test that was made is in the list, also those without a finding.
    Hochberg, Hommel, Šidák and Benjamini-Hochberg assume independent or
    positively dependent tests; Holm, Bonferroni and Yekutieli need nothing.
    """
    if not p_values:
        raise InputError("no p-value given", where="p_values", remedy="give all p-values")
    if not np.isfinite(p_values).all():
        raise InputError("a p-value is not a number", where="p_values", remedy="leave it out")
    if names is not None and len(names) != len(p_values):
        raise InputError(
            f"{len(names)} names for {len(p_values)} p-values",
            where="names",
            remedy="name every test once",
        )
    if method == "hommel" and len(p_values) > MOST_FOR_HOMMEL:
        raise InputError(
            f"{len(p_values)} p-values are too many for Hommel's procedure",
            where="method",
            remedy="use hochberg, which is nearly as powerful",
        )
    labels = names or [f"test {i + 1}" for i in range(len(p_values))]
    result = adjusted(p_values, method)
    tests = [
        AdjustedTest(name=name, p_value=p, p_adjusted=value, rejected=value < alpha)
        for name, p, value in zip(labels, p_values, result, strict=True)
    ]
    rejected = [item.name for item in tests if item.rejected]
    compared = [name for name in METHODS if name != "hommel" or len(p_values) <= MOST_FOR_HOMMEL]
    warnings = []
    if len(p_values) == 1:
        warnings.append("one p-value needs no adjustment: were other tests left out?")
    discovery = method in FALSE_DISCOVERY_RATE
    return PValueAdjustment(
        method=f"p-values adjusted by {METHODS[method]}, as R p.adjust",
        procedure=METHODS[method],
        error_rate="false discovery rate" if discovery else "family-wise error rate",
        alpha=alpha,
        significant=bool(rejected),
        count=len(tests),
        rejected=len(rejected),
        rejected_unadjusted=sum(p < alpha for p in p_values),
        p_adjusted=result,
        tests=tests,
        rejected_names=rejected,
        by_method=[
            MethodCount(
                procedure=METHODS[name],
                rejected=sum(value < alpha for value in adjusted(p_values, name)),
            )
            for name in compared
        ],
        assumptions=[
            Check(
                name="all tests listed",
                status="unknown",
                detail="tests that were made and not listed make every adjustment too small",
            )
        ],
        warnings=warnings,
        charts=[_chart(p_values, result, alpha)],
    )


@p_value_adjustment.narrates
def _narrate(result: PValueAdjustment) -> Narrative:
    stand = "stands" if result.rejected == 1 else "stand"
    if result.significant:
        conclusion = (
            f"{{{{rejected}}}} of {{{{count}}}} tests {stand} at level {{{{alpha}}}} after "
            "adjustment: {{rejected_names}} ({{procedure}})."
        )
    else:
        conclusion = (
            "None of the {{count}} tests stands at level {{alpha}} after adjustment "
            "({{procedure}})."
        )
    meaning = (
        "Of the tests that stand, on average at most the share {{alpha:%}} are false alarms."
        if result.error_rate.startswith("false")
        else "The chance of even one false alarm among all tests is at most {{alpha:%}}."
    )
    return Narrative(
        conclusion=conclusion,
        details=[
            meaning,
            "Without adjustment {{rejected_unadjusted}} would have been called significant.",
        ],
        key_figures=[
            (
                f"{{{{tests.{i}.name}}}}",
                f"p {{{{tests.{i}.p_value:p}}}}, adjusted {{{{tests.{i}.p_adjusted:p}}}}",
            )
            for i in range(min(len(result.tests), 20))
        ],
    )


@p_value_adjustment.verifies
def _verify(result: PValueAdjustment, p_values: list[float], **_: object) -> list[Recomputed]:
    """The smallest adjusted p-value, which for most procedures has a closed form."""
    p = sorted(p_values)
    n = len(p)
    if result.procedure in ("Holm", "Bonferroni"):
        again = min(n * p[0], 1.0)
    elif result.procedure.startswith("Benjamini"):
        factor = 1.0
        if "Yekutieli" in result.procedure:
            factor = sum(1 / k for k in range(1, n + 1))
        again = min(1.0, factor * min(value * n / (i + 1) for i, value in enumerate(p)))
    elif result.procedure in ("Šidák", "Holm-Šidák"):
        again = 1 - (1 - p[0]) ** n
    else:
        return []
    return [
        Recomputed(
            name="smallest adjusted p-value",
            value=min(result.p_adjusted),
            recomputed=again,
            route="closed form for the smallest",
            rtol=1e-6,
            atol=1e-12,
        )
    ]


def _chart(p_values: list[float], result: list[float], alpha: float) -> ChartSpec:
    order = np.argsort(p_values, kind="stable")
    shown = decimate(len(p_values))
    rank = [float(i + 1) for i in shown]
    return ChartSpec(
        kind="p_values",
        title="P-values in order, as they are and adjusted",
        panels=[
            Panel(
                x_label="rank",
                y_label="p-value",
                series=[
                    Series(
                        name="p-value",
                        kind="line_points",
                        x=rank,
                        y=[float(p_values[order[i]]) for i in shown],
                    ),
                    Series(
                        name="adjusted",
                        kind="line_points",
                        x=rank,
                        y=[result[order[i]] for i in shown],
                    ),
                ],
                limits=[Limit(label="alpha", role="reference", value=alpha)],
            )
        ],
        notes=[]
        if len(shown) == len(p_values)
        else [f"{len(shown)} of {len(p_values)} p-values are drawn"],
    )
