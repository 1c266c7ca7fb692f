"""What a confidence interval reports: its figures and its words."""

from __future__ import annotations

from havoc.tools.result import Narrative, Outcome

WORDS = {
    "mean": "mean",
    "sd": "standard deviation",
    "variance": "variance",
    "median": "median",
    "proportion": "proportion",
    "rate": "rate",
}


class ConfidenceInterval(Outcome):
    """An estimate with its interval.

    ``ci_low`` to ``ci_high`` is the interval asked for (with ``side`` lower or upper
    the other end is the natural limit). ``lower`` and ``upper`` are the one-sided
    bounds at the same confidence, whichever side was asked for. ``margin`` is half
    the width of a symmetric interval. ``achieved_level`` is the exact level of the
    order-statistic interval of a median.
    """

    parameter: str
    name: str
    estimate: float
    ci_low: float
    ci_high: float
    lower: float
    upper: float
    level: float
    side: str
    n: int | None = None
    mean: float | None = None
    sd: float | None = None
    standard_error: float | None = None
    df: int | None = None
    margin: float | None = None
    successes: int | None = None
    trials: int | None = None
    proportion: float | None = None
    events: int | None = None
    exposure: float | None = None
    sigma: float | None = None
    achieved_level: float | None = None


def narrate(result: ConfidenceInterval) -> Narrative:
    what = f"the true {WORDS[result.parameter]} of {{{{name}}}}"
    if result.side == "upper":
        text = f"With {{{{level:%}}}} confidence {what} is at most {{{{ci_high:unit}}}}"
    elif result.side == "lower":
        text = f"With {{{{level:%}}}} confidence {what} is at least {{{{ci_low:unit}}}}"
    else:
        text = (
            f"With {{{{level:%}}}} confidence {what} lies between {{{{ci_low}}}} "
            "and {{ci_high:unit}}"
        )
    figures = [
        (f"estimated {WORDS[result.parameter]}", "{{estimate:unit}}"),
        ("lower end", "{{ci_low:unit}}"),
        ("upper end", "{{ci_high:unit}}"),
    ]
    if result.margin is not None:
        figures.append(("margin", "{{margin:unit}}"))
    details = ["As one-sided bounds: at least {{lower}}, or at most {{upper:unit}}."]
    if result.successes == 0:
        details.append(
            "None was found in {{trials}}; the one-sided upper limit on the proportion is "
            "{{upper}}."
        )
    return Narrative(
        conclusion=f"{text} (estimate {{{{estimate:unit}}}}).", details=details, key_figures=figures
    )
