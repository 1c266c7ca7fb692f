"""Run lengths against published tables and simulation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from havoc.errors import InputError
from havoc.tools import registry

Run = Callable[..., dict[str, Any]]
SHIFTS = [0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0]


def lengths(**arguments: Any) -> list[float]:
    found = registry.execute("arl", arguments).quantities
    return [row["arl"] for row in found["table"]]


@pytest.mark.parametrize(
    ("size", "shift", "published"),
    [(1, 0, 370.4), (1, 1, 43.9), (1, 2, 6.3), (1, 3, 2.0), (4, 1, 6.3), (5, 1.5, 1.57)],
)
def test_three_sigma_limits(run: Run, size: int, shift: float, published: float) -> None:
    found = run("arl", kind="xbar", subgroup_size=size, shift=shift)
    assert found["arl"] == pytest.approx(published, abs=0.05)
    assert found["arl0"] == pytest.approx(370.4, abs=0.05)


# Montgomery, Introduction to Statistical Quality Control, table of the tabular CUSUM, k = 1/2.
@pytest.mark.parametrize(
    ("h", "published"),
    [
        (4, [168, 74.2, 26.6, 13.3, 8.38, 4.75, 3.34, 2.62, 2.19, 1.71]),
        (5, [465, 139, 38.0, 17.0, 10.4, 5.75, 4.01, 3.11, 2.57, 2.01]),
    ],
)
def test_the_cusum_table(h: float, published: list[float]) -> None:
    found = lengths(kind="cusum", k=0.5, h=h, shift=SHIFTS)
    assert found == pytest.approx(published, rel=4e-3)


# Lucas and Saccucci (1990), table 3, as in Montgomery.
@pytest.mark.parametrize(
    ("weight", "limits", "published"),
    [
        (0.40, 3.054, [500, 224, 71.2, 28.4, 14.3, 5.9, 3.5, 2.5, 2.0, 1.4]),
        (0.25, 2.998, [500, 170, 48.2, 20.1, 11.1, 5.5, 3.6, 2.7, 2.3, 1.7]),
        (0.20, 2.962, [500, 150, 41.8, 18.2, 10.5, 5.5, 3.7, 2.9, 2.4, 1.9]),
        (0.10, 2.814, [500, 106, 31.3, 15.9, 10.3, 6.1, 4.4, 3.4, 2.9, 2.2]),
        (0.05, 2.615, [500, 84.1, 28.8, 16.4, 11.4, 7.1, 5.2, 4.2, 3.5, 2.7]),
    ],
)
def test_the_ewma_table(weight: float, limits: float, published: list[float]) -> None:
    found = lengths(kind="ewma", **{"lambda": weight}, limits=limits, shift=SHIFTS)
    for value, expected in zip(found, published, strict=True):
        assert value == pytest.approx(expected, rel=4e-3, abs=0.06)


def test_the_zone_rules_table() -> None:
    # Champ and Woodall (1987), table 1, all four rules.
    found = lengths(rules="western_electric", shift=[0, 0.2, 0.4, 0.6, 0.8, 1.0, 1.2, 2.0])
    assert found == pytest.approx([91.75, 66.80, 36.61, 20.90, 13.25, 9.22, 6.89, 3.13], abs=0.011)


def test_an_ewma_of_weight_one_is_a_chart_of_single_values(run: Run) -> None:
    ewma = run("arl", kind="ewma", **{"lambda": 1.0}, limits=3, shift=0.7)
    plain = run("arl", kind="i_mr", limits=3, shift=0.7)
    assert ewma["arl"] == pytest.approx(plain["arl"], rel=1e-6)
    assert ewma["sd_run_length"] == pytest.approx(plain["sd_run_length"], rel=1e-6)


def test_simulation_agrees_with_mean_and_spread(run: Run) -> None:
    found = run("arl", kind="ewma", **{"lambda": 0.2}, limits=2.7, shift=0.8)
    generator = np.random.default_rng(8)
    points = generator.normal(0.8, 1, (4000, 300))
    state, signal = np.zeros(4000), np.full(4000, 300)
    edge = 2.7 * (0.2 / 1.8) ** 0.5
    for i in range(300):
        state = 0.8 * state + 0.2 * points[:, i]
        signal = np.where((np.abs(state) > edge) & (signal == 300), i + 1, signal)
    assert found["arl"] == pytest.approx(signal.mean(), abs=4 * signal.std() / 4000**0.5)
    assert found["sd_run_length"] == pytest.approx(signal.std(), rel=0.06)


def test_two_cusum_sides_combine(run: Run) -> None:
    one = run("arl", kind="cusum", k=0.5, h=4, shift=0.0, sides="upper")
    two = run("arl", kind="cusum", k=0.5, h=4, shift=0.0)
    assert one["arl"] == pytest.approx(335.37, abs=0.02)
    assert two["arl"] == pytest.approx(one["arl"] / 2, rel=1e-9)


@pytest.mark.parametrize(
    ("arguments", "field", "value"),
    [
        ({"kind": "xbar", "arl0": 370.3983}, "limits", 3.0),
        ({"kind": "ewma", "lambda": 0.1, "arl0": 500}, "limits", 2.814),
        # Hawkins (1993), as in Montgomery: k = 0.5 and 370 in control need h = 4.77.
        ({"kind": "cusum", "k": 0.5, "arl0": 370}, "h", 4.77),
    ],
)
def test_limits_for_a_wanted_run_length(
    run: Run, arguments: dict[str, Any], field: str, value: float
) -> None:
    found = run("arl", shift=1.0, **arguments)
    assert found[field] == pytest.approx(value, abs=5e-3)
    assert found["arl0"] == pytest.approx(arguments["arl0"], rel=1e-6)


def test_hours_to_a_signal(run: Run) -> None:
    found = run("arl", kind="xbar", subgroup_size=4, shift=1, interval_hours=2)
    assert found["time_to_signal"] == pytest.approx(2 * found["arl"])
    assert found["time_to_false_alarm"] == pytest.approx(2 * found["arl0"])
    assert found["table"][0]["time"] == found["time_to_signal"]


def test_a_count_chart_by_hand(run: Run) -> None:
    # Poisson: P(X > 10) is 0.00284 at mean 4 and 0.2940 at mean 9.
    found = run("arl", kind="c", mean=4, ucl=10, shifted_mean=9)
    assert found["arl0"] == pytest.approx(1 / 0.00284, rel=2e-3)
    assert found["beta"] == pytest.approx(0.7060, abs=1e-4)
    assert found["arl"] == pytest.approx(1 / 0.2940, rel=1e-3)


@given(st.floats(0.0, 3.0), st.floats(2.0, 3.5), st.sampled_from(["xbar", "ewma", "cusum"]))
@settings(max_examples=15, deadline=None)
def test_the_sign_of_the_shift_does_not_matter_and_larger_shifts_are_found_sooner(
    shift: float, limits: float, kind: str
) -> None:
    arguments: dict[str, Any] = {"kind": kind, "shift": [shift, -shift, shift + 0.5]}
    arguments |= {"h": limits} if kind == "cusum" else {"limits": limits}
    plus, minus, larger = lengths(**arguments)
    assert plus == pytest.approx(minus, rel=1e-6)
    assert 1 <= larger < plus + 1e-9


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"shift": float("nan")}, "finite"),
        ({"shift": []}, "finite"),
        ({"shift": [0.0] * 300}, "more than 200"),
        ({"kind": "i_mr", "subgroup_size": 4}, "single values"),
        ({"kind": "ewma", "lambda": 0.0}, "lambda"),
        ({"kind": "ewma", "lambda": 1.2}, "lambda"),
        ({"kind": "cusum", "h": -1.0}, "h"),
        ({"kind": "cusum", "k": 3.0, "h": 60.0, "shift": 0.0}, "beyond 1e11"),
        ({"limits": 9.0, "shift": 0.0}, "beyond 1e11"),
        ({"kind": "cusum", "rules": "western_electric"}, "zone rules"),
        ({"limits": 1.5, "rules": "western_electric"}, "beyond two"),
        ({"kind": "c", "mean": 4.0}, "missing"),
        ({"kind": "c", "mean": 4.0, "shifted_mean": 9.0, "ucl": 2.0}, "below the mean"),
        ({"subgroup_size": 0}, "subgroup_size"),
        ({"kind": "cusum", "k": 0.5, "arl0": 1.01}, "too short"),
    ],
)
def test_bad_input_is_named(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        registry.execute("arl", arguments)
