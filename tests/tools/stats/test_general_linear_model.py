"""General linear model: against statsmodels and the two-way ANOVA, invariances, refusals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.anova import anova_lm

from havoc.errors import InputError
from havoc.reason import ask
from havoc.tools import registry

tool = registry.get("general_linear_model")


def sample(seed: int = 0, rows: int = 60) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    a = rng.choice(list("ABC"), rows)
    b = rng.choice(list("xy"), rows)
    a[:6], b[:6] = list("ABCABC"), list("xxxyyy")
    z = rng.normal(10, 2, rows)
    y = 5 + 2 * (a == "B") - (b == "y") * (1 + (a == "C")) + 0.7 * z + rng.normal(size=rows)
    return {"a": a.tolist(), "b": b.tolist(), "z": z.tolist(), "y": y.tolist()}


def run(data: dict[str, Any], **more: Any) -> Any:
    return tool(
        response=data["y"],
        factors={"a": data["a"], "b": data["b"]},
        covariates={"z": data["z"]},
        **more,
    )


@pytest.mark.parametrize("ss_type", [1, 2, 3])
@pytest.mark.parametrize("seed", [1, 2])
def test_every_type_of_sums_agrees_with_statsmodels(ss_type: int, seed: int) -> None:
    data = sample(seed)
    result = run(data, interactions=True, ss_type=ss_type)
    model = smf.ols("y ~ C(a, Sum) + C(b, Sum) + z + C(a, Sum):C(b, Sum)", pd.DataFrame(data)).fit()
    peer = anova_lm(model, typ=ss_type)
    names = {
        "C(a, Sum)": "a",
        "C(b, Sum)": "b",
        "z": "z",
        "C(a, Sum):C(b, Sum)": "a*b",
    }
    if ss_type == 1:  # statsmodels puts the interaction before the covariate
        names = {"C(a, Sum)": "a", "C(b, Sum)": "b"}
    for theirs, ours in names.items():
        assert result.by_name[f"ss_{ours}"] == pytest.approx(peer.loc[theirs, "sum_sq"], rel=1e-9)
        assert result.by_name[f"F_{ours}"] == pytest.approx(peer.loc[theirs, "F"], rel=1e-9)
        assert result.by_name[f"p_{ours}"] == pytest.approx(peer.loc[theirs, "PR(>F)"], rel=1e-6)
    assert result.r_squared == pytest.approx(model.rsquared)
    press = float((model.get_influence().resid_press ** 2).sum())
    assert result.r_squared_predicted == pytest.approx(1 - press / result.ss_total)


def test_adjusted_means_are_averages_of_predictions() -> None:
    data = sample(3)
    result = run(data, interactions=True)
    model = smf.ols("y ~ a * b + z", pd.DataFrame(data)).fit()
    for item in result.adjusted_means:
        other = "xy" if item.factor == "a" else "ABC"
        grid = pd.DataFrame(
            [
                {
                    item.factor: item.level,
                    "b" if item.factor == "a" else "a": level,
                    "z": float(np.mean(data["z"])),
                }
                for level in other
            ]
        )
        assert item.mean == pytest.approx(float(model.predict(grid).mean()))


def test_without_a_covariate_it_is_the_two_way_anova() -> None:
    data = sample(4)
    two = registry.get("anova_two_way")(
        factor_a=data["a"], factor_b=data["b"], response=data["y"], ss_type=3
    )
    result = tool(response=data["y"], factors={"a": data["a"], "b": data["b"]}, interactions=True)
    assert result.by_name["ss_a"] == pytest.approx(two.ss_A)
    assert result.by_name["p_b"] == pytest.approx(two.p_B)
    assert result.by_name["p_a*b"] == pytest.approx(two.p_AB)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 100), st.floats(-1e4, 1e4), st.floats(0.1, 100))
def test_shift_and_scale_of_the_response_and_order_of_rows(
    seed: int, shift: float, scale: float
) -> None:
    data = sample(seed)
    base = run(data)
    order = np.random.default_rng(seed).permutation(len(data["y"]))
    other = run(
        {
            "a": [data["a"][i] for i in order],
            "b": [data["b"][i] for i in order],
            "z": [data["z"][i] for i in order],
            "y": [shift + scale * data["y"][i] for i in order],
        }
    )
    for term in ("a", "b", "z"):
        assert other.by_name[f"F_{term}"] == pytest.approx(base.by_name[f"F_{term}"], rel=1e-6)
    means = {(m.factor, m.level): m.mean for m in other.adjusted_means}
    for item in base.adjusted_means:
        assert means[item.factor, item.level] == pytest.approx(shift + scale * item.mean, abs=1e-6)


def test_two_levels_compared_are_the_test_of_the_factor() -> None:
    data = sample(6)
    result = run(data, compare="b", adjust="none")
    (pair,) = result.comparisons
    assert pair.t**2 == pytest.approx(result.by_name["F_b"])
    assert pair.p_adjusted == pytest.approx(result.by_name["p_b"])


def test_slopes_that_differ_are_said_and_can_be_modelled() -> None:
    rng = np.random.default_rng(5)
    z = rng.uniform(0, 10, 40)
    line = ["A"] * 20 + ["B"] * 20
    y = np.where(np.array(line) == "A", z, -z) + rng.normal(0, 1, 40)
    parts = {"response": y.tolist(), "factors": {"line": line}, "covariates": {"z": z.tolist()}}
    result = tool(**parts)
    assert result.p_slopes < 1e-6
    assert any("slope of the covariate differs" in text for text in result.warnings)
    fuller = tool(**parts, interactions=["line*z"])
    assert fuller.p_slopes is None
    assert fuller.by_name["p_line*z"] == pytest.approx(result.p_slopes)


def test_a_regression_without_factors() -> None:
    data = sample(7)
    result = tool(response=data["y"], covariates={"z": data["z"]})
    line = registry.get("regression_linear")(x=data["z"], y=data["y"])
    assert result.coefficients[0].slope == pytest.approx(line.coefficients[1])
    assert result.by_name["p_z"] == pytest.approx(line.p_value)
    assert result.adjusted_means == []


BASE = {
    "response": [1.0, 2, 4, 3, 5, 7, 6, 9],
    "factors": {"a": list("AABBAABB"), "b": list("xyxyxyxy")},
}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"factors": {}}, "neither a factor nor a covariate"),
        ({"factors": {"a": ["A"] * 8}}, "single level"),
        ({"factors": {"a": list("ABCDEFGH")}}, "8 levels in 8 rows"),
        ({"factors": {"a": list("AAB")}}, "every value needs its level"),
        ({"response": [2.0] * 8}, "no variation"),
        ({"covariates": {"z": [1.0] * 8}}, "no variation"),
        ({"covariates": {"a": [1.0, 2, 3, 4, 5, 6, 7, 8]}}, "as a factor and as a covariate"),
        (
            {"factors": {"a": list("AABBAABB"), "b": list("xxyyxxyz")}, "interactions": True},
            "empty cell: no value at a = A, b = y",
        ),
        (
            {"factors": {"a": list("AABBAABB"), "b": list("xxyyxxyy")}},
            r"effect of b cannot .*aliased",
        ),
        ({"interactions": ["a*c"]}, "is no product"),
        ({"compare": "c"}, "there is no factor c"),
        ({"response": [1.0, 2, 1, 2, 1, 2, 1, 2]}, "fits every value exactly"),
        (
            {
                "covariates": {
                    n: np.random.default_rng(i).normal(size=8).tolist()
                    for i, n in enumerate("pqrst")
                }
            },
            "8 values for 8 coefficients",
        ),
    ],
)
def test_bad_input_is_named(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        tool(**BASE | arguments)


def test_plain_questions() -> None:
    data = sample(9)
    table = {"machine": data["a"], "shift": data["b"], "temperature": data["z"], "yield": data["y"]}
    for question in (
        "ANCOVA: does machine matter for yield after adjusting for the covariate temperature?",
        "general linear model of yield on machine, shift and temperature",
        "least squares means of yield by machine, adjusted for temperature",
    ):
        answer = ask(question, table)
        call = answer.tool_calls[0]
        assert answer.status == "answered", question
        assert call.operation == "general_linear_model"
        assert call.args["response_name"] == "yield"
        assert "temperature" in call.args["covariates"]
        assert "machine" in call.args["factors"]
