"""MODE: task, difficulty, risk and budget of a question (PRIME's router).

The rules are written down here and nowhere else. The wording of the question can
raise the budget, never the data: a large table alone is not a hard question.
"""

from __future__ import annotations

import re
from typing import Literal

from havoc.reason.workspace import BUDGETS, Route

TASKS: dict[str, str] = {
    "full_factorial": "DOE",
    "fractional_factorial": "DOE",
    "plackett_burman": "DOE",
    "box_behnken": "DOE",
    "central_composite": "DOE",
    "taguchi": "DOE",
    "mixture": "DOE",
    "latin_hypercube": "DOE",
    "latin_square": "DOE",
    "space_filling": "DOE",
    "design_evaluation": "DOE",
    "doe_analyze": "DOE",
    "response_surface": "DOE",
    "desirability": "DOE",
    "factorial_anova": "DOE",
    "latin_square_analysis": "DOE",
    "split_plot_analysis": "DOE",
    "mixture_analysis": "DOE",
    "ridge_analysis": "DOE",
    "steepest_ascent": "DOE",
    "control_chart": "SPC",
    "control_chart_constants": "SPC",
    "runs_rules": "SPC",
    "run_chart": "SPC",
    "change_point": "SPC",
    "residual_chart": "SPC",
    "phase_one": "SPC",
    "capability": "SPC",
    "capability_attribute": "SPC",
    "capability_between_within": "SPC",
    "capability_sixpack": "SPC",
    "capability_nonnormal": "SPC",
    "arl": "SPC",
    "doe_power": "DOE",
    "derivative": "MATH",
    "integral": "MATH",
    "solve": "MATH",
    "simplify": "MATH",
    "evaluate": "MATH",
    "unit_conversion": "MATH",
}
_DIRECT = frozenset(
    {
        "derivative",
        "integral",
        "solve",
        "simplify",
        "evaluate",
        "unit_conversion",
        "control_chart_constants",
    }
)
_PLAIN = frozenset(
    {
        "describe", "full_factorial", "fractional_factorial", "plackett_burman", "box_behnken",
        "central_composite", "taguchi", "mixture", "latin_hypercube", "latin_square",
        "power_sample_size", "prediction_interval", "tolerance_interval", "confidence_interval",
        "arl", "doe_power", "demonstration_test", "acceptance_sampling", "space_filling",
        "design_evaluation",
    }
)  # fmt: skip
_CRITICAL = re.compile(
    r"\b(?:safety|critical|recall|regulat\w+|patient\w*|release|fda|gmp|ppap|audit\w*|liabil\w+|fatal|thorough\w*|comprehensive)\b",
    re.IGNORECASE,
)


def route(question: str, operations: list[str], budget: str | None = None) -> Route:
    """Decide how much work a question deserves. ``budget`` overrides the choice."""
    first = operations[0] if operations else ""
    task = TASKS.get(first, "STATS" if first else "GENERAL")
    critical = bool(_CRITICAL.search(question))
    difficulty: Literal["TRIVIAL", "NORMAL", "HARD", "CRITICAL"]
    if not operations or first in _DIRECT:
        difficulty = "TRIVIAL"
    elif critical:
        difficulty = "CRITICAL"
    elif len(operations) > 1 or len(question) > 600 or first in {"response_surface", "doe_analyze"}:
        difficulty = "HARD"
    else:
        difficulty = "NORMAL"
    risk: Literal["LOW", "MEDIUM", "HIGH"] = "LOW"
    if task == "SPC" or (task in {"STATS", "DOE"} and first not in _PLAIN):
        risk = "HIGH" if critical else "MEDIUM"
    if difficulty == "TRIVIAL":
        name = "MICRO"
    elif difficulty == "CRITICAL" and risk == "HIGH":
        name = "HEAVY"
    elif first in _PLAIN and len(operations) == 1:
        name = "LIGHT"
    else:
        name = "MEDIUM"
    return Route(task=task, difficulty=difficulty, risk=risk, budget=BUDGETS[budget or name])
