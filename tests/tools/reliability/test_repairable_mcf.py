"""Mean cumulative function against R survfit with repeated events, by hand, and bad input."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from havoc.errors import InputError
from havoc.tools import registry

Run = Callable[..., dict[str, Any]]

# Meeker and Escobar (1998), chapter 16: three simulated systems.
SYSTEMS = {
    "one": {"repairs": [5, 8], "end": 12},
    "two": {"repairs": [], "end": 16},
    "three": {"repairs": [1, 8, 16], "end": 20},
}
# R 4.2.2: survfit(Surv(start, stop, status) ~ 1, id = id): cumhaz and its robust error
SURVFIT = {
    1: (1 / 3, 0.2721655),
    5: (2 / 3, 0.2721655),
    8: (4 / 3, 0.5443311),
    16: (11 / 6, 0.8686942),
}


def test_three_systems_of_r(run: Run) -> None:
    result = run("repairable_mcf", systems=SYSTEMS, at=[0.5, 10, 16])
    for row in result["steps"]:
        mcf, error = SURVFIT[row["time"]]
        assert row["mcf"] == pytest.approx(mcf)
        assert row["se"] == pytest.approx(error, rel=1e-6)
    assert [row["mcf"] for row in result["at_times"]] == pytest.approx([0, 4 / 3, 11 / 6])
    assert result["rate"] == pytest.approx(5 / 48)


def test_costs(run: Run) -> None:
    systems = {
        "one": {"repairs": [5, 8], "end": 12, "costs": [10, 20]},
        "two": {"repairs": [6], "end": 9, "costs": [30]},
    }
    result = run("repairable_mcf", systems=systems)
    assert result["mcf"] == pytest.approx(5 + 15 + 10)
    assert result["costs"] is True


def test_a_constant_rate_is_a_straight_line(run: Run) -> None:
    rng = np.random.default_rng(2)
    systems = {}
    for i in range(150):
        end = float(rng.uniform(5, 20))
        repairs = np.sort(rng.uniform(0, end, rng.poisson(0.5 * end)))
        systems[str(i)] = {"repairs": repairs.tolist(), "end": end}
    result = run("repairable_mcf", systems=systems, at=10)
    row = result["at_times"][0]
    assert row["ci_low"] < 5 < row["ci_high"]
    assert result["shape"] == "none"


def test_wear_is_found(run: Run) -> None:
    rng = np.random.default_rng(3)
    systems = {
        str(i): {"repairs": np.sort(10 * rng.random(12) ** 0.4).tolist(), "end": 10}
        for i in range(10)
    }
    assert run("repairable_mcf", systems=systems)["shape"] == "rising"


@pytest.mark.parametrize(
    ("systems", "words"),
    [
        ({"a": {"repairs": [1], "end": 5}}, "1 systems"),
        ({"a": {"repairs": [], "end": 5}, "b": {"repairs": [], "end": 9}}, "no system was"),
        ({"a": {"repairs": [6], "end": 5}, "b": {"repairs": [], "end": 9}}, "repair 1 at 6"),
        ({"a": {"repairs": [1], "end": 0}, "b": {"repairs": [], "end": 9}}, "no age"),
        ({"a": {"repairs": [1], "end": 5, "costs": []}, "b": {"repairs": [], "end": 9}}, "0 costs"),
    ],
)
def test_bad_input_is_named(systems: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        registry.execute("repairable_mcf", {"systems": systems})
