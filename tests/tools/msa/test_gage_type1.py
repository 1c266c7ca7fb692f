"""Type 1 study against scipy, worked examples and its own invariances."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from havoc.errors import InputError
from havoc.tools import registry

Run = Callable[..., dict[str, Any]]
READINGS = [10.001, 9.999, 10.002, 10.0, 10.001, 10.003, 10.0, 10.001]


def study(**arguments: Any) -> dict[str, Any]:
    return registry.execute("gage_type1", arguments).quantities


def test_indices_follow_the_formulas_of_booklet_10(run: Run) -> None:
    found = run("gage_type1", data=READINGS, reference=10.0, tolerance=0.03)
    sd = float(np.std(READINGS, ddof=1))
    assert found["Cg"] == pytest.approx(0.2 * 0.03 / (6 * sd))
    assert found["Cgk"] == pytest.approx((0.1 * 0.03 - 0.000875) / (3 * sd))
    assert found["pct_var_repeatability"] == pytest.approx(100 * 6 * sd / 0.03)
    assert found["capable"] is False


def test_the_bias_test_is_the_one_sample_t_test(run: Run) -> None:
    found = run("gage_type1", data=READINGS, reference=10.0, tolerance=0.03)
    peer = stats.ttest_1samp(READINGS, 10.0)
    low, high = peer.confidence_interval()
    assert found["t"] == pytest.approx(peer.statistic)
    assert found["p_value"] == pytest.approx(peer.pvalue)
    assert (found["ci_low"], found["ci_high"]) == pytest.approx((low - 10, high - 10), rel=1e-6)


@pytest.mark.parametrize(
    ("extra", "cg", "cgk"),
    [
        # 0.2 x 0.6 / (6 x 0.015) and (0.06 - 0.02) / (3 x 0.015)
        ({}, 4 / 3, 8 / 9),
        # four standard deviations: 0.12 / 0.06 and 0.04 / 0.03
        ({"study_multiplier": 4}, 2.0, 4 / 3),
        # fifteen percent: 0.09 / 0.09 and (0.045 - 0.02) / 0.045
        ({"percent_of_tolerance": 15}, 1.0, 5 / 9),
    ],
)
def test_worked_by_hand(run: Run, extra: dict[str, float], cg: float, cgk: float) -> None:
    found = run("gage_type1", mean=99.98, sd=0.015, n=25, reference=100.0, tolerance=0.6, **extra)
    assert found["Cg"] == pytest.approx(cg)
    assert found["Cgk"] == pytest.approx(cgk)


def test_at_the_smallest_tolerance_the_index_meets_the_criterion() -> None:
    found = study(data=READINGS, reference=10.0, tolerance=0.03)
    again = study(data=READINGS, reference=10.0, tolerance=found["tolerance_min_Cgk"])
    assert again["Cgk"] == pytest.approx(1.33)
    again = study(data=READINGS, reference=10.0, tolerance=found["tolerance_min_Cg"])
    assert again["Cg"] == pytest.approx(1.33)


def test_limits_and_summary_give_the_same_study(run: Run) -> None:
    first = run("gage_type1", data=READINGS, reference=10.0, tolerance=0.03)
    second = run("gage_type1", data=READINGS, reference=10.0, lsl=9.985, usl=10.015)
    third = run(
        "gage_type1", mean=first["mean"], sd=first["sd"], n=8, reference=10.0, tolerance=0.03
    )
    for name in ("Cg", "Cgk", "t", "p_value"):
        assert second[name] == pytest.approx(first[name])
        assert third[name] == pytest.approx(first[name])


def test_a_coarse_resolution_is_noticed(run: Run) -> None:
    found = run("gage_type1", data=READINGS, reference=10.0, tolerance=0.03)
    assert found["resolution"] == pytest.approx(0.001)
    assert found["resolution_ok"] is True
    coarse = run("gage_type1", data=READINGS, reference=10.0, tolerance=0.03, resolution=0.002)
    assert coarse["resolution_pct_tolerance"] == pytest.approx(100 / 15)
    assert coarse["resolution_ok"] is False


@given(
    st.lists(st.integers(-50, 50), min_size=3, max_size=30).filter(lambda v: len(set(v)) > 1),
    st.floats(0.01, 100),
    st.floats(-1000, 1000),
)
@settings(max_examples=40, deadline=None)
def test_indices_do_not_depend_on_unit_or_origin(
    values: list[int], scale: float, shift: float
) -> None:
    first = study(data=[float(v) for v in values], reference=1.0, tolerance=200.0)
    second = study(
        data=[v * scale + shift for v in values],
        reference=scale + shift,
        tolerance=200.0 * scale,
    )
    assert second["Cg"] == pytest.approx(first["Cg"], rel=1e-6)
    assert second["Cgk"] == pytest.approx(first["Cgk"], rel=1e-5, abs=1e-6)
    assert first["Cgk"] <= first["Cg"]


def test_a_million_readings() -> None:
    values = np.random.default_rng(1).normal(5, 0.01, 1_000_000)
    assert study(data=values, reference=5.0, tolerance=0.5)["Cg"] == pytest.approx(
        0.1 / 0.06, rel=0.01
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"data": [6.0] * 5, "reference": 6.0, "tolerance": 0.2}, "all 5 readings are 6"),
        ({"data": [6.0], "reference": 6.0, "tolerance": 0.2}, "at least 2"),
        ({"data": [], "reference": 6.0, "tolerance": 0.2}, "at least 2"),
        ({"data": [6.0, float("nan")], "reference": 6.0, "tolerance": 0.2}, "not a finite"),
        ({"data": READINGS, "reference": float("inf"), "tolerance": 0.2}, "finite"),
        ({"data": READINGS, "reference": 10.0}, "tolerance is missing"),
        ({"data": READINGS, "reference": 10.0, "usl": 11.0}, "tolerance is missing"),
        ({"data": READINGS, "reference": 10.0, "lsl": 11.0, "usl": 9.0}, "not below"),
        (
            {"data": READINGS, "reference": 10.0, "lsl": 9.0, "usl": 11.0, "tolerance": 5.0},
            "not the distance",
        ),
        ({"data": READINGS, "mean": 1.0, "reference": 10.0, "tolerance": 1.0}, "both given"),
        ({"mean": 1.0, "sd": 1.0, "reference": 10.0, "tolerance": 1.0}, "readings are missing"),
        ({"reference": 10.0, "tolerance": -1.0, "data": READINGS}, "tolerance"),
    ],
)
def test_bad_input_is_named(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        study(**arguments)
