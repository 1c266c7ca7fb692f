"""Two-way analysis of variance against R and statsmodels, balanced and not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import statsmodels.formula.api as smf

from havoc.errors import InputError
from havoc.tools import registry

CASES = Path(__file__).parents[2] / "reference" / "cases"


def anova(**arguments: Any) -> dict[str, Any]:
    return registry.execute("anova_two_way", arguments).quantities


def battery() -> dict[str, Any]:
    content: dict[str, Any] = json.loads((CASES / "anova2-battery.json").read_text())
    return content


def test_battery_agrees_with_r() -> None:
    content = battery()
    data = content["data"]
    found = anova(factor_a=data["material"], factor_b=data["temperature"], response=data["y"])
    for quantity, expected in content["expected"].items():
        assert found[quantity] == pytest.approx(expected["value"], rel=1e-9), quantity


@pytest.mark.parametrize("ss_type", [1, 2, 3])
@pytest.mark.parametrize("interaction", [True, False])
def test_unbalanced_data_agree_with_statsmodels(ss_type: int, interaction: bool) -> None:
    data = battery()["data"]
    frame = pd.DataFrame(
        {
            "y": data["y"],
            "m": [str(level) for level in data["material"]],
            "t": [str(level) for level in data["temperature"]],
        }
    ).drop(index=[0, 1, 10, 17, 20, 33, 34])
    found = anova(
        factor_a=list(frame.m),
        factor_b=list(frame.t),
        response=list(frame.y),
        ss_type=ss_type,
        interaction=interaction,
    )
    symbol = "*" if interaction else "+"
    model = smf.ols(f"y ~ C(m, Sum) {symbol} C(t, Sum)", frame).fit()
    table = sm.stats.anova_lm(model, typ=ss_type)
    rows = {"A": "C(m, Sum)", "B": "C(t, Sum)"}
    if interaction:
        rows["AB"] = "C(m, Sum):C(t, Sum)"
    for effect, row in rows.items():
        assert found[f"ss_{effect}"] == pytest.approx(table.loc[row, "sum_sq"])
        assert found[f"df_{effect}"] == table.loc[row, "df"]
        assert found[f"F_{effect}"] == pytest.approx(table.loc[row, "F"])
        assert found[f"p_{effect}"] == pytest.approx(table.loc[row, "PR(>F)"])
    assert found["ss_error"] == pytest.approx(table.loc["Residual", "sum_sq"])
    assert not found["balanced"]


def test_one_value_in_each_cell_leaves_the_interaction_out() -> None:
    arguments = {
        "factor_a": [1, 1, 2, 2, 3, 3],
        "factor_b": ["x", "y"] * 3,
        "response": [1, 2, 3, 5, 4, 5.5],
        "interaction": True,
    }
    outcome = registry.execute("anova_two_way", arguments).outcome
    assert "F_AB" not in registry.execute("anova_two_way", arguments).quantities
    assert "interaction" in outcome.warnings[0]
    found = anova(**arguments)
    assert found["df_error"] == 2
    assert found["levels_a"][0]["level"] == "1"


def test_an_empty_cell_is_said() -> None:
    arguments = {
        "factor_a": ["p"] * 5 + ["q"] * 3,
        "factor_b": ["x", "x", "y", "y", "z", "x", "y", "y"],
        "response": [3.0, 3.4, 4.1, 4.4, 5.0, 2.2, 3.9, 3.6],
    }
    outcome = registry.execute("anova_two_way", arguments)
    assert any("hold no value" in text for text in outcome.outcome.warnings)
    assert outcome.quantities["ss_type"] == 2


def test_offset_does_not_matter() -> None:
    data = battery()["data"]
    plain = anova(factor_a=data["material"], factor_b=data["temperature"], response=data["y"])
    moved = anova(
        factor_a=data["material"],
        factor_b=data["temperature"],
        response=[value + 1e10 for value in data["y"]],
    )
    for quantity in ("ss_A", "ss_B", "ss_AB", "ss_error"):
        assert moved[quantity] == pytest.approx(plain[quantity], rel=1e-10)


def test_hundred_thousand_values() -> None:
    rng = np.random.default_rng(2)
    a, b = rng.integers(0, 5, 100_000), rng.integers(0, 4, 100_000)
    found = anova(
        factor_a=[f"a{i}" for i in a],
        factor_b=[f"b{i}" for i in b],
        response=(0.1 * a + rng.normal(size=a.size)).tolist(),
    )
    assert found["p_A"] < 1e-10
    assert found["df_error"] == 99_980


@pytest.mark.parametrize(
    ("a", "b", "y"),
    [
        (["p", "q"], ["x", "y"], [1.0]),
        (["p", "p", "p"], ["x", "y", "x"], [1.0, 2.0, 3.0]),
        (["p", "q", "p"], ["x", "y", "y"], [1.0, 1.0, 1.0]),
        (["p", "p", "q", "q"], ["x", "y", "x", "y"], [1.0, 2.0, 3.0, 4.0]),
        (["p", "q", "p", "q"], ["x", "y", "x", "y"], [1.0, 2.0, 3.0, 4.5]),
        (
            [float(i) for i in range(60)],
            [float(i) for i in range(60)],
            [float(i) for i in range(60)],
        ),
        ([], [], []),
    ],
)
def test_bad_layouts_are_refused(a: list[Any], b: list[Any], y: list[float]) -> None:
    with pytest.raises(InputError):
        anova(factor_a=a, factor_b=b, response=y)
