"""Two-level experiments with random blocks or missing runs, and surfaces with random blocks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from havoc.errors import InputError
from havoc.reason import ask
from havoc.tools import registry

TOOL = registry.get("doe_analyze")
SURFACE = registry.get("response_surface")
CASES = Path(__file__).parents[2] / "reference" / "methods"
ETCH = json.loads((CASES / "doe_analyze-random-blocks.json").read_text("utf-8"))["args"]
MISSING = json.loads((CASES / "doe_analyze-missing-run.json").read_text("utf-8"))["args"]
BAKING = json.loads((CASES / "response_surface-random-blocks.json").read_text("utf-8"))["args"]


def test_random_blocks_keep_the_confounded_effect() -> None:
    fixed = TOOL(**{**ETCH, "random_block": False})
    assert fixed.confounded_with_blocks == ["ABC"]
    assert [row.term for row in TOOL(**ETCH).effects][-1] == "ABC"


def test_a_missing_run_costs_the_highest_interaction_only() -> None:
    result = TOOL(factors=MISSING["factors"], response=MISSING["response"])
    terms = [row.term for row in result.effects]
    assert len(terms) == 14 and "ABCD" not in terms
    # Montgomery, 6.5: the missing run is chosen so that the contrast of ABCD is zero.
    assert result.effects[0].effect == pytest.approx(23.0)
    assert result.significant_terms[:3] == ["A", "C", "D"]


def test_plackett_burman_still_falls_back_to_main_effects() -> None:
    design = registry.get("plackett_burman")(n_factors=7, randomize=False)
    values = [float((3 * row) % 11) for row in range(len(design.natural))]
    result = TOOL(response=values, design="plackett_burman", n_factors=7)
    assert all(len(row.term) == 1 for row in result.effects)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"block": []}, "block of every run"),
        ({"block": [1] * 16}, "two blocks"),
        ({"reduce": "backward"}, "no reduction"),
        ({"method": "lenth"}, "Lenth"),
        ({"response": [5.0] * 16}, "nothing to explain"),
    ],
)
def test_bad_random_blocks_are_named(change: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        TOOL(**{**ETCH, **change})


def test_random_blocks_of_a_surface_need_two() -> None:
    with pytest.raises(InputError, match="two blocks"):
        SURFACE(**{**BAKING, "block": [1] * 22})


def test_orthogonal_random_blocks_leave_the_slopes_alone() -> None:
    ridge = json.loads((CASES / "ridge_analysis-baking.json").read_text("utf-8"))["args"]
    data = {key: ridge[key] for key in ("factors", "response", "block")}
    fixed, random = SURFACE(**data), SURFACE(**data, random_block=True)
    own = {term.term: term for term in fixed.terms}
    for term in random.terms[1:]:
        assert term.coefficient == pytest.approx(own[term.term].coefficient, abs=1e-6)
        assert term.std_error == pytest.approx(own[term.term].std_error, rel=1e-4)
    assert random.block_sd > 3
    assert random.best_pi_high - random.best_pi_low > fixed.best_pi_high - fixed.best_pi_low


def test_asked_with_random_blocks() -> None:
    data = {**BAKING["factors"], "block": [f"b{b}" for b in BAKING["block"]],
            "rating": BAKING["response"]}  # fmt: skip
    answer = ask("Response surface of rating, blocks are random: where is the optimum?", data)
    assert answer.status == "answered"
    (call,) = (call for call in answer.tool_calls if call.purpose == "answer")
    assert call.operation == "response_surface" and call.args["random_block"] is True
