"""Stepwise and best subsets: against every model counted out, invariances, refusals."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from havoc.errors import InputError
from havoc.reason import ask
from havoc.tools import registry
from havoc.tools.stats.subset_search import all_subsets, reduce

stepwise = registry.get("regression_stepwise")
subsets = registry.get("best_subsets")


def sample(
    seed: int, rows: int = 40, columns: int = 6
) -> tuple[dict[str, list[float]], list[float]]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, columns))
    x[:, 1:] += 0.7 * x[:, :-1]
    y = 3 + x[:, 0] - 2 * x[:, 2] + rng.normal(size=rows)
    return {f"v{i}": x[:, i].tolist() for i in range(columns)}, y.tolist()


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(3, 7), st.integers(1, 4), st.booleans())
def test_the_search_finds_what_counting_out_finds(
    seed: int, columns: int, each: int, kept: bool
) -> None:
    data, y = sample(seed, 20, columns)
    reduced = reduce(np.column_stack(list(data.values())), np.array(y))
    keep = [1] if kept else []
    found = all_subsets(reduced, keep, columns, each)
    for size, models in found.items():
        every = sorted(
            (reduced.ss_residual(chosen), chosen)
            for chosen in itertools.combinations(range(columns), size)
            if set(keep) <= set(chosen)
        )[:each]
        assert [model.columns for model in models] == [chosen for _, chosen in every]
        assert [model.ss_residual for model in models] == pytest.approx([s for s, _ in every])


def test_thirty_predictors_are_searched_exactly_within_seconds() -> None:
    data, y = sample(3, 80, 30)
    result = subsets(predictors=data, y=y, each=1, largest=4)
    assert {"v0", "v2"} <= set(result.selected)
    assert result.models_possible == 2**30


def test_figures_of_each_model_agree_with_statsmodels() -> None:
    data, y = sample(5)
    result = subsets(predictors=data, y=y, each=3)
    for row in result.models[:8]:
        peer = sm.OLS(y, sm.add_constant(np.column_stack([data[n] for n in row.predictors]))).fit()
        assert row.r_squared == pytest.approx(peer.rsquared)
        assert row.adj_r_squared == pytest.approx(peer.rsquared_adj)
        press = float((peer.get_influence().resid_press ** 2).sum())
        assert row.press == pytest.approx(press)
        shift = 40 * (1 + math.log(2 * math.pi))  # statsmodels counts the constants of the density
        assert row.aic == pytest.approx(peer.aic - shift)
        assert row.bic == pytest.approx(peer.bic - shift)


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 1000), st.floats(0.01, 100), st.floats(-50, 50))
def test_units_do_not_change_the_choice(seed: int, scale: float, shift: float) -> None:
    data, y = sample(seed)
    moved = {name: [scale * v + shift for v in values] for name, values in data.items()}
    for criterion in ("p_value", "aic"):
        base = stepwise(predictors=data, y=y, criterion=criterion)
        other = stepwise(predictors=moved, y=[2 * v + 1 for v in y], criterion=criterion)
        assert other.selected == base.selected
        assert [s.term for s in other.steps] == [s.term for s in base.steps]


def test_every_step_by_p_values_is_the_best_of_its_kind() -> None:
    data, y = sample(8)
    result = stepwise(predictors=data, y=y, direction="forward", alpha_to_enter=0.3)
    inside: list[str] = []
    for step in result.steps[1:]:
        tests = {}
        for name in set(data) - set(inside):
            columns = np.column_stack([data[n] for n in [*inside, name]])
            tests[name] = float(sm.OLS(y, sm.add_constant(columns)).fit().pvalues[-1])
        assert step.term == min(tests, key=lambda name: tests[name])
        assert step.p_value == pytest.approx(tests[step.term], rel=1e-6)
        inside.append(step.term)
    assert result.selected == sorted(inside)


def test_a_label_enters_as_one() -> None:
    rng = np.random.default_rng(1)
    label = ["A", "B", "C"] * 10
    shift = {"A": 0.0, "B": 2.0, "C": 5.0}
    y = [shift[v] + rng.normal(0, 0.3) for v in label]
    result = stepwise(predictors={"line": label, "z": rng.normal(size=30).tolist()}, y=y)
    assert result.selected == ["line"]
    assert result.steps[1].df == 2


def test_noise_is_seen_through_by_cross_validation() -> None:
    rng = np.random.default_rng(12)
    data = {f"n{i}": rng.normal(size=30).tolist() for i in range(20)}
    result = stepwise(
        predictors=data, y=rng.normal(size=30).tolist(), criterion="aic", direction="forward"
    )
    assert result.r_squared - result.r_squared_cv > 0.3
    assert any("fitted to chance" in text for text in result.warnings)
    assert "chosen with the same rows" in result.warnings[0]


def test_nothing_meets_the_criterion() -> None:
    rng = np.random.default_rng(0)
    data = {f"n{i}": rng.normal(size=25).tolist() for i in range(2)}
    result = stepwise(predictors=data, y=rng.normal(size=25).tolist(), alpha_to_enter=0.001)
    assert result.selected == []
    assert result.r_squared == 0.0
    assert registry.get("regression_stepwise").narrate(result).conclusion


def test_keep_stays() -> None:
    data, y = sample(4)
    assert "v5" in stepwise(predictors=data, y=y, keep=["v5"]).selected
    assert all("v5" in row.predictors for row in subsets(predictors=data, y=y, keep=["v5"]).models)


DATA, Y = sample(2, 12, 3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {
                "predictors": {
                    **DATA,
                    "sum": [a + b for a, b in zip(DATA["v0"], DATA["v1"], strict=True)],
                },
                "direction": "backward",
            },
            "collinear predictors: sum follows",
        ),
        (
            {
                "predictors": {
                    f"v{i}": v
                    for i, v in enumerate(np.random.default_rng(0).normal(size=(12, 12)).tolist())
                },
                "direction": "backward",
            },
            "n < p",
        ),
        ({"y": [1.0] * 12}, "no variation"),
        ({"keep": ["nope"]}, "there is no predictor nope"),
        ({"alpha_to_enter": 0.3}, "enter and leave for ever"),
        ({"direction": "forward", "start": "full"}, "cannot start from the full model"),
        ({"predictors": {"a": [1.0] * 12, "b": Y}}, "all values equal 1"),
        ({"predictors": {}}, "no predictor"),
    ],
)
def test_bad_input_to_stepwise_is_named(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        stepwise(**{"predictors": DATA, "y": Y} | arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {
                "predictors": {
                    f"p{i}": v
                    for i, v in enumerate(np.random.default_rng(0).normal(size=(40, 12)).tolist())
                }
            },
            "40 predictors, all subsets are searched for up to 31",
        ),
        ({"predictors": {**DATA, "copy": DATA["v0"]}}, "collinear predictors: copy"),
        (
            {
                "predictors": {
                    f"p{i}": v
                    for i, v in enumerate(np.random.default_rng(0).normal(size=(11, 12)).tolist())
                }
            },
            "n < p",
        ),
        ({"keep": ["v0", "v1"], "largest": 1}, "2 predictors are kept"),
        ({"y": [a + 2 * b for a, b in zip(DATA["v0"], DATA["v1"], strict=True)]}, "perfect fit"),
    ],
)
def test_bad_input_to_best_subsets_is_named(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        subsets(**{"predictors": DATA, "y": Y} | arguments)


def test_plain_questions() -> None:
    table = {**DATA, "strength": Y}
    for question, operation, argument in [
        (
            "forward selection of strength on all columns, by BIC",
            "regression_stepwise",
            ("criterion", "bic"),
        ),
        (
            "stepwise regression for strength with alpha to enter 0.05",
            "regression_stepwise",
            ("alpha_to_enter", 0.05),
        ),
        (
            "best subsets for strength by adjusted R-squared",
            "best_subsets",
            ("criterion", "adj_r_squared"),
        ),
    ]:
        answer = ask(question, table)
        call = answer.tool_calls[0]
        assert answer.status == "answered", question
        assert (call.operation, call.args["response"]) == (operation, "strength")
        assert call.args[argument[0]] == argument[1]
