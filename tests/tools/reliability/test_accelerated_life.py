"""Accelerated tests against R survreg (motorettes of Nelson and Hahn), properties, bad input."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from havoc.errors import InputError
from havoc.tools import registry

Run = Callable[..., dict[str, Any]]

# R: MASS::motors
MOTORS = {
    "time": [
        *[8064] * 10, 1764, 2772, 3444, 3542, 3780, 4860, 5196, 5448, 5448, 5448, 408, 408, 1344,
        1344, 1440, *[1680] * 5, 408, 408, 504, 504, 504, *[528] * 5,
    ],
    "stress": [*[150] * 10, *[170] * 10, *[190] * 10, *[220] * 10],
    "event": [*[0] * 10, *[1] * 7, *[0] * 3, *[1] * 5, *[0] * 5, *[1] * 5, *[0] * 5],
}  # fmt: skip
# R 4.2.2, survival: survreg(Surv(time, cens) ~ x, motors), x = 1/(k (temp + 273.15)): intercept,
# slope, scale, log likelihood, se of the slope; predict at 130 C: tenth and half, se of the log.
SURVREG = {
    "weibull": (-13.35300324, 0.8379390616, 0.3254442913, -146.2542961, 0.05999784346,
                22796.95046, 42086.05446, 0.2464483585),
    "lognormal": (-13.85750351, 0.8552581378, 0.5967874853, -148.5373062, 0.08662514295,
                  21937.65865, 47135.13408, 0.31722398),
    "exponential": (-16.34652859, 0.9765017072, 1.0, -155.3333974, 0.1720634313,
                    13511.96927, 88892.72553, 0.6831436451),
    "loglogistic": (-13.26546955, 0.8305215905, 0.2839820838, -147.0394698, 0.06689646442,
                    22399.71397, 41805.19456, 0.2570594404),
}  # fmt: skip


@pytest.mark.parametrize("distribution", SURVREG)
def test_motorettes_of_r(distribution: str, run: Run) -> None:
    intercept, slope, sigma, loglik, error, tenth, half, log_error = SURVREG[distribution]
    fit = run("accelerated_life", **MOTORS, distribution=distribution, use_stress=130)
    assert fit["intercept"] == pytest.approx(intercept, rel=1e-7)
    assert fit["activation_energy"] == pytest.approx(slope, rel=1e-7)
    assert fit["sigma"] == pytest.approx(sigma, rel=1e-7)
    assert fit["loglik"] == pytest.approx(loglik, rel=1e-9)
    assert fit["coefficients"][1]["se"] == pytest.approx(error, rel=1e-6)
    assert fit["B10_use"] == pytest.approx(tenth, rel=1e-6)
    assert fit["median_use"] == pytest.approx(half, rel=1e-6)
    life = next(row for row in fit["b_lives"] if row["percent"] == 10)
    assert math.log(life["ci_high"] / life["life"]) == pytest.approx(
        1.959963985 * log_error, rel=1e-5
    )


def test_inverse_power_and_exponential_laws_are_found_again(run: Run) -> None:
    rng = np.random.default_rng(1)
    stress = np.repeat([20.0, 30.0, 40.0], 400)
    life = 1e7 * stress**-3.0 * rng.weibull(2.0, stress.size)
    limit = np.quantile(life, 0.85)
    args = {
        "time": np.minimum(life, limit).tolist(),
        "event": (life <= limit).astype(int).tolist(),
        "stress": stress.tolist(),
    }
    power = run("accelerated_life", **args, model="inverse_power", use_stress=10, at=500)
    assert power["power_low"] < 3 < power["power_high"]
    assert power["shape"] == pytest.approx(2, abs=0.15)
    assert power["acceleration_factor"] == pytest.approx(4 ** power["power"], rel=1e-9)
    true = -math.expm1(-((500 / (1e7 / 1000)) ** 2))
    row = power["at_times"][0]
    assert row["F_low"] < true < row["F_high"]
    line = run("accelerated_life", **args, model="exponential", use_stress=10)
    assert line["slope"] < 0


def test_use_at_a_stress_of_the_test(run: Run) -> None:
    fit = run("accelerated_life", **MOTORS, use_stress=220)
    assert fit["acceleration_factor"] == pytest.approx(1)
    level = next(row for row in fit["levels"] if row["stress"] == 220)
    assert fit["median_use"] == pytest.approx(level["median"])
    own = run("weibull_fit", time=MOTORS["time"][10:20], event=MOTORS["event"][10:20])
    second = next(row for row in fit["levels"] if row["stress"] == 170)
    assert second["own_sigma"] == pytest.approx(1 / own["shape"], rel=1e-6)
    assert second["own_median"] == pytest.approx(own["median"], rel=1e-6)


def test_the_order_of_the_units_does_not_matter(run: Run) -> None:
    order = np.random.default_rng(7).permutation(40)
    mixed = {name: [values[i] for i in order] for name, values in MOTORS.items()}
    assert run("accelerated_life", **mixed)["loglik"] == pytest.approx(
        run("accelerated_life", **MOTORS)["loglik"], rel=1e-12
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"time": [1, 2, 3], "stress": [1, 2]}, "3 and 2"),
        ({"time": [1, 2, 3], "stress": [100, 100, 100]}, "one stress only"),
        ({"time": [1, 2, 3], "stress": [100, 120, 100], "event": [0, 0, 0]}, "none of 3"),
        ({"time": [1, 2], "stress": [100, 120]}, "2 failures"),
        ({"time": [1, 2, 3], "stress": [100, -300, 120]}, "absolute zero"),
        ({"time": [1, 2, 3], "stress": [1, 0, 2], "model": "inverse_power"}, "not above zero"),
        ({"time": [1, 2, 3, 4], "stress": [100, 120, 100, 120], "at": 5.0}, "use_stress"),
        ({**MOTORS, "use_stress": -270.0}, "no meaning"),
        ({"time": [1, 2, float("nan")], "stress": [1, 2, 3]}, "time 3"),
    ],
)
def test_bad_input_is_named(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        registry.execute("accelerated_life", arguments)
