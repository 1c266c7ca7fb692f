"""Mixture analysis: units, pseudo-components, traces, optimum, bad input."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from havoc.errors import InputError
from havoc.reason import ask
from havoc.tools import registry
from havoc.tools.doe.mixture_model import trace_of

TOOL = registry.get("mixture_analysis")
CASES = Path(__file__).parents[2] / "reference" / "methods"
YARN = json.loads((CASES / "mixture_analysis-yarn.json").read_text("utf-8"))["args"]
ETCH = json.loads((CASES / "mixture_analysis-etch.json").read_text("utf-8"))["args"]


def test_per_cent_and_parts_give_the_same() -> None:
    plain = TOOL(**YARN)
    parts = {name: [40 * value for value in column] for name, column in YARN["components"].items()}
    scaled = TOOL(**{**YARN, "components": parts})
    assert scaled.coefficients == pytest.approx(plain.coefficients)
    assert scaled.total == pytest.approx(40)
    assert scaled.best_blend["x3"] == pytest.approx(40 * plain.best_blend["x3"], rel=1e-4)


def test_pseudo_components_change_the_coefficients_and_nothing_else() -> None:
    low = np.array([0.2, 0.1, 0.3])
    shares = low + 0.4 * np.column_stack(list(ETCH["components"].values()))
    components = {name: column.tolist() for name, column in zip("ABC", shares.T, strict=True)}
    plain = TOOL(**{**ETCH, "components": components})
    pseudo = TOOL(**{**ETCH, "components": components}, pseudo_components=True)
    assert pseudo.r_squared == pytest.approx(plain.r_squared)
    assert pseudo.best_predicted == pytest.approx(plain.best_predicted)
    # Scaled back to the full simplex the coefficients are those of the original data.
    original = TOOL(**ETCH)
    assert list(pseudo.coefficients.values()) == pytest.approx(
        list(original.coefficients.values()), rel=1e-6
    )


def test_the_optimum_is_the_best_of_a_fine_grid() -> None:
    result = TOOL(**ETCH)
    b = list(result.coefficients.values())
    grid = np.linspace(0, 1, 201)
    best = max(
        b[0] * x + b[1] * y + b[2] * z + b[3] * x * y + b[4] * x * z + b[5] * y * z
        + b[6] * x * y * z
        for x in grid
        for y in grid
        if (z := 1 - x - y) >= -1e-12
    )  # fmt: skip
    assert best <= result.best_predicted <= best + 0.2
    assert sum(result.best_shares) == pytest.approx(1)


def test_target_and_minimum() -> None:
    assert TOOL(**ETCH, goal="minimize").best_predicted < 270
    hit = TOOL(**ETCH, goal="target", target=500.0)
    assert hit.best_predicted == pytest.approx(500, abs=1e-3)


def test_traces_keep_the_total_and_the_proportions() -> None:
    reference = np.array([0.2, 0.3, 0.5])
    region = np.zeros(3), np.ones(3)
    cox = trace_of(0, reference, region, np.zeros(3), "cox", 21)
    assert cox.sum(axis=1) == pytest.approx(np.ones(len(cox)))
    inner = cox[(cox[:, 0] < 1)]
    assert inner[:, 1] / inner[:, 2] == pytest.approx(np.full(len(inner), 0.6))
    low = np.array([0.1, 0.1, 0.1])
    piepel = trace_of(0, reference, (low, np.ones(3)), low, "piepel", 21)
    assert piepel[-1] == pytest.approx([0.8, 0.1, 0.1])


def test_a_saturated_model_is_fitted_but_not_tested() -> None:
    shares = [[1, 0, 0], [0, 1, 0], [0, 0, 1], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]]
    result = TOOL(
        components={name: [row[i] for row in shares] for i, name in enumerate("ABC")},
        response=[11, 9, 16, 15, 17, 10],
    )
    assert list(result.coefficients.values()) == pytest.approx([11, 9, 16, 20, 14, -10])
    assert result.p_value is None and result.best_pi_low is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"components": {"A": [1, 0, 0.4], "B": [0, 1, 0.4]}, "response": [1, 2, 3]}, "adds up"),
        ({"components": {"A": [1, 0, -0.5], "B": [0, 1, 1.5]}, "response": [1, 2, 3]}, "negative"),
        ({"components": {"A": [1, 0, 0.5]}, "response": [1, 2, 3]}, "1 components"),
        (
            {"components": {"A": [0.3, 0.3, 0.3], "B": [0.7, 0.2, 0.5], "C": [0, 0.5, 0.2]},
             "response": [1, 2, 3]},
            "same share",
        ),
        ({**YARN, "model": "full_cubic"}, "full cubic"),
        ({**YARN, "goal": "target"}, "target"),
        ({**YARN, "response": [4.0] * 15}, "no variation"),
        ({**YARN, "reference": {"x1": 1.0}}, "reference"),
        ({**YARN, "lower": {"x1": 0.9, "x2": 0.9}, "pseudo_components": True}, "lower bounds"),
    ],
)  # fmt: skip
def test_bad_input_is_named(change: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        TOOL(**change)


def test_four_components_are_drawn_as_a_slice() -> None:
    generator = np.random.default_rng(2)
    shares = generator.dirichlet(np.ones(4), 20)
    value = shares @ np.array([1.0, 5.0, 2.0, 8.0]) + 0.1 * generator.standard_normal(20)
    result = TOOL(
        components={name: column.tolist() for name, column in zip("ABCD", shares.T, strict=True)},
        response=value,
        model="linear",
    )
    assert result.strongest in {"A", "D"}
    chart = result.charts[0]
    assert chart.kind == "ternary_contour" and chart.notes


def test_asked_with_lists() -> None:
    answer = ask(
        "Scheffé quadratic fit. A=[1,0,0,.5,.5,0], B=[0,1,0,.5,0,.5], C=[0,0,1,0,.5,.5], "
        "hardness=[62,48,55,61,66,50]. Best blend?"
    )
    assert answer.status == "answered"
    (call,) = (call for call in answer.tool_calls if call.purpose == "answer")
    assert call.operation == "mixture_analysis" and call.args["model"] == "quadratic"
