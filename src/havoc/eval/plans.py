"""Does a plan hold what a label asks for?

Labels name arguments in plain words and every author in his own way, so figures
are compared rather than names: each number of the label must be an argument of
the plan (or a part of one), lists as lists, options by value.
"""

from __future__ import annotations

import math
import re
from typing import Any

from havoc.reason.planner import Plan
from havoc.reason.questions import Question

_STATUS_OUTCOMES = {"answered": "execute"}
_OPTIONS = {"alternative", "equal_var", "interaction", "foldover", "side", "sides"}
_IGNORED = {
    "names", "name", "unit", "units", "rows", "columns", "response", "predictors_names", "method",
    "test", "design", "output", "solve_for", "parameter", "posthoc", "part", "title",
}  # fmt: skip


def plan_matches(plan: Plan, question: Question) -> bool:
    """Right status, and every number of the label in the arguments of the plan."""
    wanted = _STATUS_OUTCOMES.get(question.status, question.status)
    if plan.outcome != wanted:
        return False
    if wanted != "execute":
        return True
    labels = question.args if isinstance(question.args, list) else [question.args]
    for label in labels:
        if not isinstance(label, dict):
            continue
        if not any(_holds(binding.args, label) for binding in plan.bindings):
            return False
    return True


def _holds(args: dict[str, Any], label: dict[str, Any]) -> bool:
    available = {*_numbers(args), *_lengths(args)}
    # a share may be written in another way, but a measured value of 1 is no alpha of 0.01
    single = {
        number
        for value in args.values()
        if not isinstance(value, (list, dict))
        for number in _numbers(value)
    }
    for name, value in label.items():
        if name in _IGNORED:
            continue
        if name in _OPTIONS:
            if not _option(args, name, value):
                return False
            continue
        for number in _numbers(value):
            if not any(_same(number, other) for other in available) and not any(
                _equivalent(number, other) for other in single
            ):
                return False
    return True


def _option(args: dict[str, Any], name: str, value: Any) -> bool:
    if name == "alternative":
        found = args.get("alternative") or {"lower": "greater", "upper": "less"}.get(
            str(args.get("side")), "two_sided"
        )
        return bool(found == value) or (name not in args and "side" in args)
    if name in {"side", "sides"}:
        return str(args.get("side", "two_sided")).startswith(str(value)[:3]) or str(
            value
        ).startswith("two")
    return bool(args.get(name, value) == value)


def _same(wanted: float, given: float) -> bool:
    return any(math.isclose(wanted, other, rel_tol=1e-6, abs_tol=1e-9) for other in (given, -given))


def _equivalent(wanted: float, given: float) -> bool:
    """Equal as a complement or percentage (alpha 0.05 and confidence 0.95)."""
    return any(_same(wanted, other) for other in (1 - given, given * 100, given / 100))


def _numbers(value: Any) -> list[float]:
    if isinstance(value, bool) or value is None:
        return []
    if isinstance(value, (int, float)):
        return [float(value)]
    if isinstance(value, dict):
        return [number for item in value.values() for number in _numbers(item)]
    if isinstance(value, list):
        return [number for item in value for number in _numbers(item)]
    if isinstance(value, str):
        return [float(number) for number in re.findall(r"(?<![A-Za-z])\d+(?:\.\d+)?", value)]
    return []


def _lengths(value: Any) -> list[float]:
    """Sizes that are implied: of a subgroup, of a sample, the number of factors."""
    if isinstance(value, dict):
        return [number for item in value.values() for number in _lengths(item)]
    if isinstance(value, list):
        return [float(len(value)), *(number for item in value for number in _lengths(item))]
    return []
