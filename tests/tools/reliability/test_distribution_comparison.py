"""Comparison of life distributions: R's likelihoods, simulated data, bad input."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from havoc.errors import InputError
from havoc.tools import registry

Run = Callable[..., dict[str, Any]]

MOTORS = [1764, 2772, 3444, 3542, 3780, 4860, 5196, 5448, 5448, 5448]
MOTORS_EVENT = [1, 1, 1, 1, 1, 1, 1, 0, 0, 0]


def test_order_is_that_of_akaike(run: Run) -> None:
    result = run("distribution_comparison", time=MOTORS, event=MOTORS_EVENT)
    aic = [row["aic"] for row in result["candidates"]]
    assert aic == sorted(aic)
    assert result["candidates"][0]["delta_aic"] == 0
    rows = {row["distribution"]: row for row in result["candidates"]}
    # R 4.2.2, survival: logLik(survreg(Surv(time, cens) ~ 1, motors at 170, dist))
    assert rows["weibull"]["loglik"] == pytest.approx(-64.4056637552288, rel=1e-8)
    assert rows["exponential"]["parameters"][0]["estimate"] == pytest.approx(sum(MOTORS) / 7)
    assert result["close"] == sum(row["delta_aic"] <= 2 for row in result["candidates"])


@pytest.mark.parametrize("truth", ["lognormal", "normal", "exponential"])
def test_many_data_find_the_truth(truth: str, run: Run) -> None:
    rng = np.random.default_rng(12)
    life = {
        "lognormal": rng.lognormal(3, 0.9, 1500),
        "normal": rng.normal(100, 12, 1500),
        "exponential": rng.exponential(50, 1500),
    }[truth]
    limit = float(np.quantile(life, 0.8))
    result = run(
        "distribution_comparison",
        time=np.minimum(life, limit).tolist(), event=(life <= limit).astype(int).tolist(),
    )  # fmt: skip
    rows = {row["distribution"]: row for row in result["candidates"]}
    assert rows[truth]["delta_aic"] < 4
    assert result["candidates"][-1]["delta_aic"] > 20


def test_intervals_and_a_choice(run: Run) -> None:
    result = run(
        "distribution_comparison",
        lower=[None, 1, 2, 1, 2, 3], upper=[1, 2, 3, None, None, None],
        counts=[4, 5, 2, 99, 95, 95], distributions=["weibull", "lognormal", "exponential"],
    )  # fmt: skip
    assert result["best"] == "exponential"
    assert result["close"] == 3


def test_a_threshold_without_maximum_is_said() -> None:
    result = registry.execute(
        "distribution_comparison",
        {"time": [1, 2, 4, 8, 16, 32, 64], "distributions": ["weibull", "weibull_3"]},
    )
    assert result.quantities["not_fitted"] == ["three-parameter Weibull"]
    assert any("not fitted" in text for text in result.outcome.warnings)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"time": [1, 2, 3], "event": [0, 0, 0]}, "none of 3"),
        ({"time": [1, 2, 3], "event": [1, 0, 0]}, "single failure"),
        ({"time": [2, 2, 2]}, "no spread"),
        ({"time": [1, 2, 3], "distributions": ["weibull"]}, "cannot be compared"),
        ({"time": []}, "no times"),
    ],
)
def test_bad_input_is_named(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        registry.execute("distribution_comparison", arguments)
