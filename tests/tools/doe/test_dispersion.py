"""Dispersion effects of two-level experiments."""

from __future__ import annotations

import pytest

from havoc.errors import InputError
from havoc.reason import ask
from havoc.tools import registry

TOOL = registry.get("doe_analyze")
SHRINKAGE = [6, 10, 32, 60, 4, 15, 26, 60, 8, 12, 34, 60, 16, 5, 37, 52]
DESIGN = {"n_factors": 6, "generators": ["E=ABC", "F=BCD"]}


def test_reversing_a_factor_reverses_its_dispersion() -> None:
    levels = [(a, b, c, d) for d in (-1, 1) for c in (-1, 1) for b in (-1, 1) for a in (-1, 1)]
    factors = {name: [run[i] for run in levels] for i, name in enumerate("ABCD")}
    plain = TOOL(factors=factors, response=SHRINKAGE, terms=["A", "B", "AB"], dispersion=True)
    factors["C"] = [-value for value in factors["C"]]
    turned = TOOL(factors=factors, response=SHRINKAGE, terms=["A", "B", "AB"], dispersion=True)
    own = {item.term: item.log_ratio for item in plain.dispersion}
    other = {item.term: item.log_ratio for item in turned.dispersion}
    assert other["C"] == pytest.approx(-own["C"])
    assert other["A"] == pytest.approx(own["A"])


def test_a_saturated_model_has_no_scatter_to_compare() -> None:
    with pytest.raises(InputError, match="residuals"):
        TOOL(response=SHRINKAGE, **DESIGN, dispersion=True)


def test_asked_in_words() -> None:
    levels = [(a, b, c, d) for d in (-1, 1) for c in (-1, 1) for b in (-1, 1) for a in (-1, 1)]
    data = {
        name: [run[i] for run in levels] for i, name in enumerate(["temp", "screw", "hold", "gate"])
    }
    answer = ask(
        "Analyse this factorial experiment with dispersion effects",
        {**data, "shrinkage": SHRINKAGE},
    )
    assert answer.status == "answered"
    (call,) = (call for call in answer.tool_calls if call.purpose == "answer")
    assert call.operation == "doe_analyze" and call.args["dispersion"] is True
    assert {"hold", "temp"} <= {row["term"] for row in call.result["dispersion"]}
