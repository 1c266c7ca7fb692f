"""Degenerate data are refused by name, or answered without a figure that is none."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from degenerate_examples import Arguments, degenerate, documented
from havoc.errors import HavocError, InputError
from havoc.formatting import figure
from havoc.tools import registry
from havoc.tools.result import Narrative, Outcome

STRIDE = {
    "capability_nonnormal": 8,
    "d_optimal": 12,
    "bayes_two_sample": 6,
    "desirability": 12,
    "arl": 4,
    "space_filling": 5,
    "double_sampling": 6,
    "multiple_comparison": 2,
    "derivative": 4,
    "integral": 4,
    "regression_nonlinear": 3,
    "life_distribution": 2,
    "power_sample_size": 2,
}
"""Of the slow operations, every so many cases only."""

OPEN_ENDS = re.compile(r"\.(ci|pi|ti)_(low|high)$|\.(lower|upper|low|high)$")
"""The open end of a one-sided interval is infinite."""
COUNTED = {"fisher_exact", "poisson_rate"}
"""An empty cell has no upper bound of the ratio, also in a two-sided interval."""
RATIOS = re.compile(r"\.(sample_)?odds_ratio$")
EXACT_FIT = re.compile(r"\.(t|F|F_lack_of_fit|studentized_residual)$")
"""Nothing is left over, or nothing without this point; NIST certifies these as infinite."""

REFERENCE = re.compile(r"\{\{([^}:]+)(?::([^}]*))?\}\}")
NO_NUMBER = re.compile(r"(?<![a-z])(nan|inf)(?![a-z])", re.IGNORECASE)


def without_number(value: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """Every figure that is not finite, and every text that speaks of one."""
    if (isinstance(value, float) and not math.isfinite(value)) or (
        isinstance(value, str) and NO_NUMBER.search(value)
    ):
        yield place, value
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from without_number(getattr(value, name), f"{place}.{name}")
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from without_number(item, f"{place}.{key}")
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from without_number(item, place)


def is_meant(operation: str, outcome: Outcome, place: str, value: Any) -> bool:
    """Whether the method itself gives an infinite figure, or leaves a gap in a chart."""
    if isinstance(value, str):
        return False
    if place.startswith(".charts") and ".limits" not in place:
        return math.isnan(value)
    if OPEN_ENDS.search(place) and math.isinf(value):
        one_sided = getattr(outcome, "alternative", "two_sided") in ("less", "greater")
        return one_sided or getattr(outcome, "side", "both") != "both" or operation in COUNTED
    if RATIOS.search(place) and operation == "fisher_exact":
        return math.isinf(value) or any("only zeros" in text for text in outcome.warnings)
    if EXACT_FIT.search(place) and math.isinf(value):
        if operation == "correlation":
            return abs(outcome.pearson_r) == 1  # type: ignore[attr-defined]
        rest = "lack_of" in place or "influential" in place
        return rest or any("perfect fit" in text for text in outcome.warnings)
    return False


def written(narrative: Narrative, quantities: dict[str, Any]) -> Iterator[str]:
    def resolved(match: re.Match[str]) -> str:
        value: Any = quantities
        for part in match[1].split("."):
            value = value[int(part)] if part.isdigit() else value[part]
        return figure(value, match[2] or "")

    figures = [text for pair in narrative.key_figures for text in pair]
    for text in [narrative.conclusion, *narrative.details, *figures]:
        yield REFERENCE.sub(resolved, text)


def complaint(operation: str, arguments: Arguments) -> str:
    """What is wrong with the answer to these arguments; empty if it is sound."""
    tool = registry.get(operation)
    try:
        result = registry.execute(operation, arguments)
    except HavocError as error:
        sound = error.what and error.where and error.remedy and "\n" not in str(error)
        return "" if sound and isinstance(error, InputError) else f"unhelpful: {error!r}"
    for place, value in without_number(result.outcome):
        if not is_meant(operation, result.outcome, place, value):
            return f"{place} is {value}"
    for text in written(tool.narrate(result.outcome), result.quantities):
        if NO_NUMBER.search(text):
            return f"says {text}"
    tool.verify(result.outcome, arguments)
    return ""


@pytest.mark.parametrize("operation", list(registry))
@pytest.mark.filterwarnings("ignore")
def test_degenerate_data_are_refused_or_answered(operation: str) -> None:
    cases = list(degenerate(documented(operation)))
    assert not complaint(operation, documented(operation))
    complaints = []
    for name, arguments in cases[:: STRIDE.get(operation, 1)]:
        try:
            found = complaint(operation, arguments)
        except Exception as error:
            found = f"{type(error).__name__}: {error}"
        if found:
            complaints.append(f"{name}: {found[:200]}")
    assert not complaints, "\n".join(complaints)


@pytest.mark.parametrize(
    ("operation", "arguments", "message"),
    [
        ("describe", {"data": [1e300, 2.0]}, "data: 1e\\+300 is too large"),
        ("weibull_fit", {"time": [k * 1e-300 for k in range(1, 13)]}, "too close to compute"),
        ("t_test_one_sample", {"data": [1, 2], "mu0": math.nan}, "mu0: nan is not a finite"),
        ("t_test_one_sample", {"data": [1, 2], "mu0": 0, "alpha": 1e-30}, "no finite limits"),
        ("control_chart", {"kind": "p", "defectives": [10**400], "sample_size": 5}, "defectives"),
        ("correlation", {"x": [5.0, 5.0, math.nextafter(5, 6)], "y": [1, 2, 3]}, "rounds"),
        ("fisher_exact", {"table": [[10**8, 10**8], [10**8, 10**8]]}, "tables have these"),
        ("mcnemar", {"table": [[10**12, 5], [6, 10**12]]}, "more than 1e\\+09 items"),
        ("runs_rules", {"data": [1, 2, 3], "lcl": 9, "sigma": 1}, "not between the control"),
        ("arl", {"kind": "cusum", "k": 0.5, "h": 100, "shift": 1}, "never gives a false alarm"),
        ("weibull_fit", {"time": [3, 7], "shape": 1e-30}, "beyond every time"),
        ("capability", {"data": [4, 5], "lsl": 1, "usl": 9, "sigma": 1e-90}, "is nothing beside"),
        ("poisson_rate", {"count1": 3, "count2": 4, "exposure2": 1e-40}, "is nothing"),
        ("attribute_agreement", {"rater1": [1, math.nan], "rater2": [1, 2]}, "no label"),
        ("double_sampling", {"n": [50, 50], "accept": []}, "acceptance numbers are missing"),
    ],
)
def test_what_is_degenerate_is_named(operation: str, arguments: Arguments, message: str) -> None:
    with pytest.raises(InputError, match=message):
        registry.execute(operation, arguments)


def test_formulas_and_p_values_may_be_of_any_size() -> None:
    found = registry.execute("p_value_adjustment", {"p_values": [1e-300, 2e-200, 3e-100]})
    assert found.quantities["p_adjusted"][0] == pytest.approx(3e-300)
    assert registry.execute("solve", {"expression": "x = 10^200", "variable": "x"}).quantities
