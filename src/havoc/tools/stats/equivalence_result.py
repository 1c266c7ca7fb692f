"""What a test of equivalence reports: its figures, its words and its chart."""

from __future__ import annotations

import msgspec

from havoc.charts import Limit
from havoc.tools.result import Narrative, Outcome
from havoc.tools.stats.group_charts import interval_chart


class Equivalence(Outcome):
    """``difference`` is group1 minus group2 (or the mean minus mu0), or the ratio of the means.

    ``ci_low`` to ``ci_high`` has level 1 - 2 alpha (``level``). ``p_value`` is
    the larger of ``p_lower`` and ``p_upper``; ``equivalent`` is the verdict.
    With one bound only, it is a test of non-inferiority.
    """

    equivalent: bool
    significant: bool
    p_value: float
    alpha: float
    level: float
    kind: str
    scale: str
    difference: float
    ci_low: float
    ci_high: float
    name1: str
    name2: str
    n1: int
    low: float | None = None
    high: float | None = None
    t_lower: float | None = None
    t_upper: float | None = None
    z_lower: float | None = None
    z_upper: float | None = None
    p_lower: float | None = None
    p_upper: float | None = None
    df: float | None = None
    standard_error: float | None = None
    n2: int | None = None
    mean1: float | None = None
    mean2: float | None = None
    sd1: float | None = None
    sd2: float | None = None
    mu0: float | None = None
    proportion1: float | None = None
    proportion2: float | None = None
    p_difference: float | None = None


def narrate(result: Equivalence) -> Narrative:
    second = "{{mu0:unit}}" if result.mu0 is not None else "{{name2}}"
    if result.low is not None and result.high is not None:
        bounds = "within {{low}} and {{high:unit}}"
        verb = "equivalent to"
    elif result.low is not None:
        bounds, verb = "above {{low:unit}}", "not inferior to"
    else:
        bounds, verb = "below {{high:unit}}", "not above"
    kind = "ratio" if result.scale == "ratio" else "difference"
    if result.equivalent:
        conclusion = (
            f"{{{{name1}}}} is {verb} {second}: the {kind} lies {bounds} (p {{{{p_value:p}}}})."
        )
    else:
        conclusion = (
            f"It is not shown that {{{{name1}}}} is {verb} {second}: the {kind} may lie outside "
            f"the bounds (it should be {bounds}; p {{{{p_value:p}}}})."
        )
    return Narrative(
        conclusion=conclusion,
        details=[
            f"The {kind} is {{{{difference:unit}}}}; its {{{{level:%}}}} interval runs from "
            "{{ci_low}} to {{ci_high:unit}}."
        ],
        key_figures=[
            (kind, "{{difference:unit}}"),
            ("interval", "{{ci_low}} to {{ci_high}}"),
            ("p-value", "{{p_value}}"),
        ],
    )


def add_chart(result: Equivalence) -> None:
    word = "ratio" if result.scale == "ratio" else "difference"
    chart = interval_chart(
        f"The {word} with its {result.level:.0%} interval against the bounds",
        [word],
        [result.difference],
        [result.ci_low],
        [result.ci_high],
        label=result.unit or word,
        kind="equivalence",
    )
    limits = [
        Limit(label=label, role="reference", value=bound)
        for label, bound in (("lower bound", result.low), ("upper bound", result.high))
        if bound is not None
    ]
    panel = msgspec.structs.replace(chart.panels[0], limits=limits)
    result.charts = [msgspec.structs.replace(chart, panels=[panel])]
