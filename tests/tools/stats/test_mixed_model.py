"""Mixed models: against the ANOVA of balanced data, statsmodels, dense likelihoods, refusals."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from havoc.errors import InputError
from havoc.reason import ask
from havoc.tools import registry
from havoc.tools.stats.mixed_fit import MixedModel

tool = registry.get("mixed_model")


def one_way(seed: int, groups: int = 6, each: int = 5, spread: float = 2.0) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    label = [g for g in range(groups) for _ in range(each)]
    effect = rng.normal(0, spread, groups)
    y = 50 + effect[label] + rng.normal(size=len(label))
    return {"response": y.tolist(), "random": {"batch": [f"b{g}" for g in label]}}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_balanced_data_give_the_components_of_the_anova(seed: int) -> None:
    """REML of a balanced one-way layout is (MSA - MSE) / n, and the mean has a - 1 df."""
    data = one_way(seed)
    y = np.array(data["response"]).reshape(6, 5)
    ms_between = 5 * float(np.var(y.mean(axis=1), ddof=1))
    ms_within = float(np.mean(np.var(y, axis=1, ddof=1)))
    result = tool(**data)
    assert result.by_name["var_error"] == pytest.approx(ms_within)
    assert result.by_name["var_batch"] == pytest.approx((ms_between - ms_within) / 5)
    mean = result.coefficients[0]
    assert mean.se == pytest.approx(math.sqrt(ms_between / 30))
    assert mean.df == pytest.approx(5, rel=1e-6)
    assert result.icc == pytest.approx((ms_between - ms_within) / (ms_between + 4 * ms_within))


def test_a_randomised_block_is_the_two_way_anova_without_interaction() -> None:
    rng = np.random.default_rng(5)
    treat, block = np.tile(np.arange(4), 7), np.repeat(np.arange(7), 4)
    y = treat * 0.8 + rng.normal(0, 3, 7)[block] + rng.normal(size=28)
    two = registry.get("anova_two_way")(
        factor_a=[str(t) for t in treat],
        factor_b=[str(b) for b in block],
        response=y.tolist(),
        interaction=False,
    )
    for method in ("satterthwaite", "kenward_roger"):
        result = tool(
            response=y.tolist(),
            factors={"treat": [str(t) for t in treat]},
            random={"block": [str(b) for b in block]},
            df_method=method,
        )
        (effect,) = result.effects
        assert pytest.approx(two.F_A, rel=1e-6) == effect.F
        assert effect.df_den == pytest.approx(18, rel=1e-5)
        assert effect.p_value == pytest.approx(two.p_A, rel=1e-4)


def test_unbalanced_data_with_a_covariate_agree_with_statsmodels() -> None:
    rng = np.random.default_rng(8)
    group = rng.integers(0, 9, 70)
    z = rng.normal(size=70)
    y = 3 + 0.5 * z + rng.normal(0, 1.5, 9)[group] + rng.normal(size=70)
    frame = pd.DataFrame({"y": y, "z": z, "g": group})
    for reml in (True, False):
        peer = smf.mixedlm("y ~ z", frame, groups=frame["g"]).fit(reml=reml)
        result = tool(
            response=y.tolist(),
            covariates={"z": z.tolist()},
            random={"g": [str(g) for g in group]},
            estimation="reml" if reml else "ml",
        )
        assert result.log_likelihood == pytest.approx(peer.llf, abs=1e-5)
        assert result.by_name["var_error"] == pytest.approx(peer.scale, rel=1e-3)
        assert result.coefficients[1].estimate == pytest.approx(peer.params["z"], rel=1e-3)
        assert result.coefficients[1].se == pytest.approx(peer.bse["z"], rel=5e-3)


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 1000), st.floats(-1e3, 1e3), st.floats(0.01, 100))
def test_shift_scale_and_order(seed: int, shift: float, scale: float) -> None:
    data = one_way(seed)
    base = tool(**data)
    order = np.random.default_rng(seed).permutation(30)
    other = tool(
        response=[shift + scale * data["response"][i] for i in order],
        random={"batch": [data["random"]["batch"][i] for i in order]},
    )
    tolerance = 1e-6 * scale**2 * base.total_variance
    assert other.by_name["var_batch"] == pytest.approx(
        scale**2 * base.by_name["var_batch"], rel=1e-5, abs=tolerance
    )
    assert other.by_name["var_error"] == pytest.approx(
        scale**2 * base.by_name["var_error"], rel=1e-5
    )
    assert other.coefficients[0].estimate == pytest.approx(
        shift + scale * base.coefficients[0].estimate, rel=1e-7, abs=1e-7
    )
    assert other.singular == base.singular


def test_the_derivatives_are_those_of_the_criterion() -> None:
    rng = np.random.default_rng(3)
    a, b = rng.integers(0, 5, 40), rng.integers(0, 7, 40)
    a[:5], b[:7] = range(5), range(7)
    x = np.column_stack([np.ones(40), rng.normal(size=40)])
    for reml in (True, False):
        model = MixedModel(rng.normal(size=40), x, [a, b], reml=reml)
        at = np.array([0.7, 0.2])
        solved = model.solve(at)
        for k in range(2):
            step = np.eye(2)[k] * 1e-5
            up, down = model.solve(at + step), model.solve(at - step)
            slope = (up.deviance - down.deviance) / 2e-5
            assert model.gradient(solved)[k] == pytest.approx(slope, rel=1e-6, abs=1e-6)


def test_the_restricted_likelihood_is_that_of_the_whole_covariance() -> None:
    data = one_way(4)
    result = tool(**data)
    y = np.array(data["response"])
    same = np.array(data["random"]["batch"])[:, None] == np.array(data["random"]["batch"])
    v = result.by_name["var_error"] * np.eye(30) + result.by_name["var_batch"] * same
    dense = stats.multivariate_normal(np.full(30, result.coefficients[0].estimate), v).logpdf(y)
    one = np.ones(30)
    restricted = dense + math.log(2 * math.pi) / 2 - math.log(one @ np.linalg.solve(v, one)) / 2
    assert result.log_likelihood == pytest.approx(restricted)


def test_a_profile_limit_is_where_the_likelihood_has_fallen_enough() -> None:
    data = one_way(6)
    result = tool(**data, estimation="ml")
    batch = np.array(data["random"]["batch"])
    same = batch[:, None] == batch

    def deviance(sd: float) -> float:
        best = math.inf
        for error in np.linspace(0.5, 2.0, 600):
            v = error**2 * np.eye(30) + sd**2 * same
            inverse = np.linalg.inv(v)
            mean = inverse.sum(axis=0) @ np.array(data["response"]) / inverse.sum()
            gap = np.array(data["response"]) - mean
            value = np.linalg.slogdet(v)[1] + gap @ inverse @ gap + 30 * math.log(2 * math.pi)
            best = min(best, float(value))
        return best

    least = -2 * result.log_likelihood
    for limit in (result.components[0].sd_low, result.components[0].sd_high):
        assert deviance(limit) - least == pytest.approx(stats.chi2.ppf(0.95, 1), abs=0.01)


def test_a_limit_is_found_where_the_search_began_badly() -> None:
    """The likelihood of a vanishing error variance is no beginning for the searches after it."""
    result = tool(
        response=[21.0, 22, 25, 24, 20, 19, 27, 28, 26, 27, 23, 22],
        random={"supplier": list("XXXXXXYYYYYY")},
        covariates={"pallet": [1.0, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6]},
    )
    error = result.components[-1]
    assert error.sd_low is not None and error.sd_high is not None
    assert 0 < error.sd_low < error.sd < error.sd_high


def test_a_singular_fit_is_said() -> None:
    y = [1.0, 5, 2, 4, 3, 3, 5, 1, 4, 2, 3.2, 2.8]
    result = tool(response=y, random={"g": list("aabbccddeeff")})
    assert result.singular
    assert result.by_name["var_g"] == 0.0
    assert any("singular fit" in text for text in result.warnings)
    assert all(item.effect == 0 for item in result.random_effects)


def test_a_hundred_thousand_rows() -> None:
    rng = np.random.default_rng(0)
    group = rng.integers(0, 40, 100_000)
    y = rng.normal(0, 1, 40)[group] + rng.normal(size=100_000)
    result = tool(response=y.tolist(), random={"g": [f"g{i}" for i in group]})
    assert result.by_name["var_error"] == pytest.approx(1.0, abs=0.02)


BASE = {"response": [1.0, 2, 4, 3, 5, 7, 6, 9], "random": {"b": list("aabbccdd")}}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"random": {}}, "there is no random factor"),
        ({"random": {"b": list("aaaaaaaa")}}, "single level"),
        ({"random": {"b": list("abcdefgh")}}, "every level of b holds one value"),
        ({"random": {"b": list("aab")}}, "every value needs its level"),
        ({"factors": {"b": list("xyxyxyxy")}}, "as a fixed and as a random factor"),
        ({"factors": {"f": list("aabbccdd")}}, "confounded with the fixed terms"),
        (
            {"random": {"b": list("aabbccdd"), "c": list("ppqqrrss")}},
            "divide the rows in the same way",
        ),
        ({"nested": {"b": "q"}}, "there is no factor q"),
        ({"random_interactions": ["b*q"]}, "is no product"),
        ({"response": [3.0] * 8}, "no variation"),
        ({"response": [1.0, 1, 2, 2, 3, 3, 5, 5]}, "fits every value exactly"),
        ({"estimation": "ml", "df_method": "kenward_roger"}, "need restricted maximum likelihood"),
        ({"covariates": {"z": [2.0] * 8}}, "no variation"),
    ],
)
def test_bad_input_is_named(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        tool(**BASE | arguments)


def test_plain_questions() -> None:
    rng = np.random.default_rng(2)
    block = [b for b in "ABCDE" for _ in range(3)]
    table = {
        "fertilizer": ["x", "y", "z"] * 5,
        "block": block,
        "yield": rng.normal(20, 3, 15).tolist(),
    }
    for question in (
        "Does fertilizer matter for yield? Use a mixed model with block as random effect",
        "linear mixed model of yield on fertilizer, random block",
        "REML fit of yield by fertilizer with blocks as random factor",
    ):
        answer = ask(question, table)
        call = answer.tool_calls[0]
        assert answer.status == "answered", question
        assert call.operation == "mixed_model"
        assert list(call.args["random"]) == ["block"]
        assert list(call.args["factors"]) == ["fertilizer"]
    answer = ask("mixed model of b on a", {"a": [1.0, 2, 3], "b": [2.0, 3, 5]})
    assert answer.status == "needs_clarification"


def test_a_million_rows_leave_their_error_variance() -> None:
    values = np.random.default_rng(1).normal(10, 1, 10**6)
    lots = [f"lot {i % 5}" for i in range(values.size)]
    found = registry.execute("mixed_model", {"response": values, "random": {"lot": lots}})
    (error,) = (row for row in found.quantities["components"] if row["name"] == "error")
    assert error["variance"] == pytest.approx(1, rel=0.01)
