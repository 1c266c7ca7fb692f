"""Warranty returns against Meeker and Escobar's bearing cages, by hand, and by simulation."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from havoc.errors import InputError
from havoc.tools import registry

Run = Callable[..., dict[str, Any]]

# Meeker and Escobar (1998), 8.4 and 12.7: bearing cages, hours; six failures.
CAGE_FAILURES = [230.0, 334.0, 423.0, 990.0, 1009.0, 1510.0]
CAGE_RUNNING = {
    50: 288, 150: 148, 250: 124, 350: 111, 450: 106, 550: 99, 650: 110, 750: 114, 850: 119,
    950: 127, 1050: 123, 1150: 93, 1250: 47, 1350: 41, 1450: 27, 1550: 11, 1650: 6, 1850: 1,
    2050: 2,
}  # fmt: skip
CAGES = {
    "time": [*CAGE_FAILURES, *(float(t) for t in CAGE_RUNNING)],
    "event": [1] * 6 + [0] * len(CAGE_RUNNING),
    "counts": [1] * 6 + list(CAGE_RUNNING.values()),
}
TABLE = {
    "shipped": [500, 600, 400],
    "returns": [[1, 2, 3, 4], [None, 1, 3, 3], [None, None, 1, 2]],
}


def test_bearing_cages(run: Run) -> None:
    """1703 units; beta 2.035, eta 11 792 h; 5.06 more failures in the next 300 hours of each."""
    result = run("warranty_prediction", **CAGES, period=300, unit="h")
    assert (result["shipped"], result["returned"]) == (1703, 6)
    assert result["shape"] == pytest.approx(2.035, abs=5e-4)
    assert result["scale"] == pytest.approx(11_792, abs=1)
    assert result["expected"] == pytest.approx(5.058, abs=2e-3)
    assert result["low"] <= result["poisson_low"] + 1
    assert result["high"] > result["poisson_high"]


def test_the_table_is_interval_censored_data(run: Run) -> None:
    """Shipment i returned in column j failed at an age between j - i and j - i + 1."""
    result = run("warranty_prediction", **TABLE)
    lower = [None, 1, 2, 3, None, 1, 2, None, 1, 4, 3, 2]
    upper = [1, 2, 3, 4, 1, 2, 3, 1, 2, None, None, None]
    counts = [1, 2, 3, 4, 1, 3, 3, 1, 2, 490, 593, 397]
    fit = run("life_distribution", lower=lower, upper=upper, counts=counts)
    assert result["shape"] == pytest.approx(fit["shape"], rel=1e-8)
    assert result["loglik"] == pytest.approx(fit["loglik"], rel=1e-10)
    assert [(g["age"], g["units"]) for g in result["groups"]] == [(4, 490), (3, 593), (2, 397)]


def test_exponential_by_hand(run: Run) -> None:
    """A constant rate: every unit at risk has the same chance."""
    result = run(
        "warranty_prediction",
        time=[3, 5, 8, 10], event=[1, 1, 0, 0], counts=[1, 1, 40, 60],
        distribution="exponential", periods=2,
    )  # fmt: skip
    mean = (3 + 5 + 320 + 600) / 2
    assert result["scale"] == pytest.approx(mean)
    assert result["expected"] == pytest.approx(100 * -math.expm1(-2 / mean), rel=1e-9)
    first = result["forecast"][0]
    assert first["expected"] + result["forecast"][1]["new"] == pytest.approx(result["expected"])


def test_warranty_ends_the_risk(run: Run) -> None:
    free = run("warranty_prediction", **TABLE, periods=3)
    short = run("warranty_prediction", **TABLE, periods=3, warranty=4.0, cost_per_return=10)
    assert short["expected"] < free["expected"]
    assert short["groups"][0]["probability"] == 0
    assert short["cost"] == pytest.approx(10 * short["expected"])
    assert short["final_returns"] == pytest.approx(20 + short["expected"])


def test_the_interval_covers_what_comes(run: Run) -> None:
    """Repeated histories of a known life: about nine of ten 90 % intervals hold the truth."""
    rng = np.random.default_rng(4)
    covered = 0
    rounds = 60
    for _ in range(rounds):
        life = 60 * rng.weibull(1.5, 800)
        age = rng.choice([4.0, 8.0, 12.0, 16.0, 20.0], 800)
        failed = life <= age
        result = registry.execute(
            "warranty_prediction",
            {
                "time": np.where(failed, life, age).tolist(),
                "event": failed.astype(int).tolist(),
                "period": 4.0,
            },
        ).quantities
        coming = int(((life > age) & (life <= age + 4)).sum())
        covered += result["low"] <= coming <= result["high"]
    assert covered / rounds >= 0.8


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({}, "neither shipments nor times"),
        ({**TABLE, "time": [1, 2]}, "both given"),
        ({"shipped": [5]}, "belong together"),
        ({"shipped": [5, 5], "returns": [[1, 1]]}, "one row"),
        ({"shipped": [5, 5], "returns": [[1], [0]]}, "periods for 2"),
        ({"shipped": [5, 5], "returns": [[1, 1], [1, 1]]}, "before it was shipped"),
        ({"shipped": [2, 5], "returns": [[1, 3], [0, 1]]}, "4 returns of 2"),
        ({"shipped": [50, 50], "returns": [[0, 0], [0, 0]]}, "none of 100"),
        ({"shipped": [50, 50], "returns": [[1, 0], [0, 0]]}, "single failure"),
        ({"time": [1, 2, 3]}, "no unit is left"),
        ({**TABLE, "periods": 0}, "periods"),
    ],
)
def test_bad_input_is_named(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        registry.execute("warranty_prediction", arguments)
