"""Split plots: both approaches, boundaries, split-split plots, bad input."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from havoc.errors import InputError
from havoc.reason import ask
from havoc.tools import registry

TOOL = registry.get("split_plot_analysis")
CASES = Path(__file__).parents[2] / "reference" / "methods"
PULP = json.loads((CASES / "split_plot_analysis-pulp.json").read_text("utf-8"))["args"]


def without(runs: list[int]) -> dict:
    kept = [row for row in range(36) if row not in runs]
    return {
        "factors": {
            name: [column[row] for row in kept] for name, column in PULP["factors"].items()
        },
        "response": [PULP["response"][row] for row in kept],
        "block": [PULP["block"][row] for row in kept],
        "whole_plot_factors": ["method"],
    }


@pytest.mark.parametrize("df_method", ["kenward_roger", "satterthwaite"])
def test_both_approaches_agree_on_balanced_data(df_method: str) -> None:
    strata = TOOL(**PULP)
    reml = TOOL(**PULP, approach="reml", df_method=df_method)
    for one, two in zip(strata.tests, reml.tests, strict=True):
        assert pytest.approx(one.F, rel=1e-6) == two.F
        assert two.df_error == pytest.approx(one.df_error, rel=1e-6)
        assert two.stratum == one.stratum
    assert reml.variance_components == pytest.approx(strata.variance_components, rel=1e-5)


def test_a_variance_at_zero_keeps_its_uncertainty() -> None:
    # lmerTest 3.1 with pbkrtest 0.5: F 9.119054607 on 2 and 3.747609664 degrees of freedom.
    result = TOOL(**without([1, 16, 29]))
    assert result.variance_components["whole plots"] == 0
    assert pytest.approx(9.119054607, rel=1e-6) == result.tests[0].F
    assert result.tests[0].df_error == pytest.approx(3.747609664, rel=1e-6)
    assert any("zero" in warning for warning in result.warnings)


def test_the_usual_mistake_is_shown() -> None:
    result = TOOL(**PULP)
    naive = registry.get("factorial_anova")(factors=PULP["factors"], response=PULP["response"])
    for row in result.tests:
        assert row.p_value_randomized == pytest.approx(naive.p_values[row.source])
    assert result.misjudged_terms == ["method:temp"]


def test_whole_plots_can_be_given_by_label() -> None:
    labels = [f"{b}-{m}" for b, m in zip(PULP["block"], PULP["factors"]["method"], strict=True)]
    plain = {key: value for key, value in PULP.items() if key != "whole_plot_factors"}
    assert TOOL(**plain, whole_plot=labels).p_values == pytest.approx(TOOL(**PULP).p_values)


def test_without_repeated_whole_plots_nothing_is_claimed() -> None:
    result = TOOL(**{key: value for key, value in PULP.items() if key != "block"})
    assert result.untested_terms == ["method"]
    assert result.tests[0].p_value is None


def test_split_split_plot_has_three_errors() -> None:
    generator = np.random.default_rng(5)
    rows = [(b, p, q, r) for b in range(3) for p in "xy" for q in "uvw" for r in (1, 2)]
    plots = [f"{b}{p}" for b, p, _, _ in rows]
    value = generator.standard_normal(len(rows)) + np.array([ord(p) for _, p, _, _ in rows])
    result = TOOL(
        factors={"P": [r[1] for r in rows], "Q": [r[2] for r in rows], "R": [r[3] for r in rows]},
        response=value,
        block=[r[0] for r in rows],
        whole_plot=plots,
        sub_plot=[r[2] for r in rows],
    )
    found = {row.source: (row.stratum, row.df_error) for row in result.tests}
    # Three blocks: whole-plot error 2, sub-plot error (3 - 1) 2 (2) = 8, run error 12.
    assert found["P"] == ("whole plots", 2.0)
    assert found["Q"] == ("sub-plots", 8.0) and found["P:Q"] == ("sub-plots", 8.0)
    assert found["R"] == ("runs", 12.0) and found["P:Q:R"] == ("runs", 12.0)


def test_scale_leaves_tests_alone_in_reml() -> None:
    plain = TOOL(**without([4, 5, 20, 33]))
    scaled = without([4, 5, 20, 33])
    scaled["response"] = [1e4 * value - 7e4 for value in scaled["response"]]
    result = TOOL(**scaled)
    assert result.p_values == pytest.approx(plain.p_values, rel=1e-4)
    assert result.residual_sd == pytest.approx(1e4 * plain.residual_sd, rel=1e-4)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"whole_plot_factors": []}, "which runs belong together"),
        ({"whole_plot_factors": ["pressure"]}, "no factor pressure"),
        ({"whole_plot": list(range(36))}, "nothing is split"),
        ({"block": [1, 2]}, "2 labels but 36"),
        ({"response": [3.0] * 36}, "no variation"),
    ],
)
def test_bad_input_is_named(change: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        TOOL(**{**PULP, **change})


def test_an_unbalanced_layout_has_no_strata() -> None:
    with pytest.raises(InputError, match="approach"):
        TOOL(**without([4, 5, 20, 33]), approach="strata")


def test_asking_without_the_hard_factor_is_answered_by_a_question() -> None:
    data = {**PULP["factors"], "strength": PULP["response"]}
    answer = ask(
        "Analyse these split-plot data",
        {k: [str(x) for x in v] if k != "strength" else v for k, v in data.items()},
    )
    assert answer.status == "needs_clarification"
