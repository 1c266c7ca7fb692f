"""Variables plans against MIL-STD-414, R's noncentral t, Montgomery, and each other."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from havoc.errors import InputError
from havoc.tools import registry
from havoc.tools.reliability.variables_plan import (
    acceptance,
    constant_of,
    quality_at,
    share_beyond,
)
from havoc.tools.reliability.variables_standard import (
    _COLUMNS,
    _K,
    _KNOWN,
    _LETTERS,
    _M,
    _SIZES,
    standard_plan,
)

Run = Callable[..., dict[str, Any]]

STANDARD_EXAMPLE = [197.0, 188.0, 184.0, 205.0, 201.0]
R_OC = [0.929938722567, 0.29108750587, 0.0469582972358]
R_KNOWN = [0.942836974141, 0.320808512774]


def test_example_of_the_standard_one_limit(run: Run) -> None:
    """MIL-STD-414, example B-1: U = 209, lot of 40, AQL 1 %: Q = 1.59 exceeds k = 1.53."""
    lot = run(
        "acceptance_sampling_variables", data=STANDARD_EXAMPLE, usl=209, lot_size=40, aql=0.01
    )
    assert (lot["code_letter"], lot["n"], lot["k"]) == ("D", 5, 1.53)
    assert lot["s"] == pytest.approx(8.81, abs=0.01)
    assert lot["q_upper"] == pytest.approx(1.59, abs=0.005)
    assert lot["accepted"] is True


def test_example_of_the_standard_two_limits(run: Run) -> None:
    """Example B-3: limits 180 and 209, estimates 2.19 % and 0.66 % against M = 3.32 %."""
    lot = run(
        "acceptance_sampling_variables",
        data=STANDARD_EXAMPLE, lsl=180, usl=209, lot_size=40, aql=0.01,
    )  # fmt: skip
    assert lot["form"] == "M"
    assert lot["p_upper"] == pytest.approx(0.0219, abs=2e-4)
    assert lot["p_lower"] == pytest.approx(0.0066, abs=5e-4)
    assert lot["M"] == pytest.approx(0.0332, abs=2e-4)
    assert lot["accepted"] is True


def test_plan_of_montgomery(run: Run) -> None:
    """Montgomery, 16.2: lot of 100 000 at a higher level, AQL 1 %: n = 100, k = 2.00 and 2.14."""
    plan = standard_plan(20_000, 1.0, "II", "normal", known=False)
    assert (plan.n, plan.k) == (100, 2.00)
    assert standard_plan(20_000, 1.0, "II", "tightened", known=False).k == 2.14
    assert run("acceptance_sampling_variables", lot_size=20_000, aql=0.01)["n"] == 100


def test_every_printed_k_belongs_to_its_m() -> None:
    """Two tables of the standard, one relation: k and M agree as far as they are printed."""
    compared = 0
    for size, row in _K.items():
        for k, m in zip(row, _M[size][1:], strict=False):
            if k is not None:
                assert m is not None
                assert constant_of(m / 100, size, known=False) == pytest.approx(k, abs=0.016)
                compared += 1
    assert compared > 120


def test_known_sigma_plans_match_the_curve_of_the_unknown_ones() -> None:
    for place, letter in enumerate(_LETTERS):
        size = _SIZES[place]
        if size < 35:
            continue
        for (n, m), limit in zip(_KNOWN[letter], _M[size], strict=False):
            assert limit is not None
            unknown = constant_of(limit / 100, size, known=False)
            known = constant_of(m / 100, n, known=True)
            for share, tolerance in ((0.95, 0.12), (0.5, 0.07), (0.1, 0.11)):
                assert quality_at(share, n, known, known=True) == pytest.approx(
                    quality_at(share, size, unknown, known=False), rel=tolerance
                )


def test_tables_run_smoothly() -> None:
    """M rises with the AQL; a printing error would break it."""
    for row in _M.values():
        values = [value for value in row if value is not None]
        assert values == sorted(values)
    assert all(len(row) == len(_COLUMNS) for row in _M.values())
    for cells in _KNOWN.values():
        assert [m for _, m in cells[4:]] == sorted(m for _, m in cells[4:])


@pytest.mark.parametrize(
    ("lot", "aql", "level", "inspection", "expected"),
    [
        (500, 1.0, "II", "normal", ("I", 25, 1.85)),
        (120, 1.0, "II", "normal", ("F", 10, 1.72)),
        (1000, 0.65, "II", "normal", ("J", 35, 2.03)),
        (1000, 1.0, "II", "tightened", ("J", 35, 2.03)),
        (30, 0.65, "I", "normal", ("C", 5, 1.65)),
        (8, 1.0, "II", "normal", ("B", 4, 1.45)),
        (1000, 1.0, "II", "reduced", ("J", 15, 1.65)),
        (90, 2.5, "III", "normal", ("G", 15, 1.47)),
    ],
)
def test_cells(
    lot: int, aql: float, level: Any, inspection: Any, expected: tuple[Any, ...]
) -> None:
    plan = standard_plan(lot, aql, level, inspection, known=False)
    assert (plan.code_letter, plan.n, plan.k) == expected


def test_oc_curve_of_r(run: Run) -> None:
    """R 4.2.2: 1 - pt(k sqrt(n), n - 1, ncp = sqrt(n) qnorm(1 - p))."""
    plan = run("acceptance_sampling_variables", n=25, k=1.85, p=[0.01, 0.05, 0.1])
    assert plan["pa"] == pytest.approx(R_OC, rel=1e-8)
    known = run("acceptance_sampling_variables", n=9, k=1.8, p=[0.01, 0.05], sigma_method="known")
    assert known["pa"] == pytest.approx(R_KNOWN, rel=1e-9)


def test_found_plan_is_the_smallest(run: Run) -> None:
    plan = run("acceptance_sampling_variables", aql=0.01, ltpd=0.06)
    assert plan["n"] == 42
    assert plan["producer_risk"] <= 0.05
    assert plan["consumer_risk"] <= 0.10
    for k in np.linspace(1.7, 2.1, 81):
        pa = acceptance(np.array([0.01, 0.06]), 41, float(k), known=False)
        assert pa[0] < 0.95 or pa[1] > 0.10


def test_known_sigma_plan_in_closed_form(run: Run) -> None:
    plan = run("acceptance_sampling_variables", aql=0.01, ltpd=0.06, sigma_method="known")
    z = stats.norm.isf
    exact = ((z(0.05) + z(0.1)) / (z(0.01) - z(0.06))) ** 2
    assert plan["n"] == int(np.ceil(exact))
    assert plan["producer_risk"] <= 0.05
    assert plan["consumer_risk"] <= 0.10


@settings(max_examples=40, deadline=None)
@given(q=st.floats(-3, 3), n=st.integers(3, 60))
def test_the_estimate_is_unbiased_in_form(q: float, n: int) -> None:
    """Both sides of the same limit add up to one, and a bound of the estimate inverts it."""
    assert share_beyond(q, n, known=False) + share_beyond(-q, n, known=False) == pytest.approx(1)
    m = share_beyond(q, n, known=False)
    if 1e-6 < m < 1 - 1e-6:
        assert constant_of(m, n, known=False) == pytest.approx(q, abs=1e-6)


def test_the_estimate_is_unbiased() -> None:
    """Lieberman and Resnikoff: the mean over samples is the true share."""
    rng = np.random.default_rng(5)
    values = rng.standard_normal((20_000, 8))
    q = (1.5 - values.mean(axis=1)) / values.std(axis=1, ddof=1)
    estimates = [share_beyond(float(x), 8, known=False) for x in q]
    assert np.mean(estimates) == pytest.approx(stats.norm.sf(1.5), abs=1.5e-3)


def test_moving_and_scaling_the_values_changes_nothing(run: Run) -> None:
    base = run("acceptance_sampling_variables", data=STANDARD_EXAMPLE, usl=209, n=5, k=1.5)
    moved = run(
        "acceptance_sampling_variables",
        data=[2 * x - 100 for x in STANDARD_EXAMPLE], usl=2 * 209 - 100, n=5, k=1.5,
    )  # fmt: skip
    assert moved["p_estimate"] == pytest.approx(base["p_estimate"], rel=1e-9)
    mirrored = run(
        "acceptance_sampling_variables",
        data=[-x for x in STANDARD_EXAMPLE], lsl=-209, n=5, k=1.5,
    )  # fmt: skip
    assert mirrored["q_lower"] == pytest.approx(base["q_upper"])


def test_the_oc_curve_falls() -> None:
    p = np.linspace(0, 1, 41).tolist()
    for known in ("known", "unknown"):
        pa = registry.execute(
            "acceptance_sampling_variables", {"n": 20, "k": 1.5, "p": p, "sigma_method": known}
        ).quantities["pa"]
        assert (pa[0], pa[-1]) == (1, 0)
        assert all(later <= earlier + 1e-9 for earlier, later in itertools.pairwise(pa))


def test_summary_instead_of_values(run: Run) -> None:
    lot = run(
        "acceptance_sampling_variables",
        data={"n": 25, "mean": 10.0, "sd": 0.5}, lsl=9.0, lot_size=500, aql=0.01,
    )  # fmt: skip
    assert lot["q_lower"] == pytest.approx(2.0)
    assert lot["decision"] == "accept"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({}, "not enough"),
        ({"aql": 0.01}, "not enough"),
        ({"lot_size": 100, "aql": 0.03}, "not in the tables"),
        ({"aql": 0.05, "ltpd": 0.01}, "not below"),
        ({"aql": 0.01, "ltpd": 0.010001}, "no plan"),
        ({"n": 2, "k": 1.5}, "not enough for unknown"),
        ({"n": 5, "k": 1.5, "data": [1, 2, 3, 4, 5]}, "no specification limit"),
        ({"n": 5, "k": 1.5, "data": [1, 2, 3], "usl": 9}, "3 values"),
        ({"n": 3, "k": 1.5, "data": [2, 2, 2], "usl": 9}, "standard deviation is zero"),
        ({"n": 3, "k": 1.5, "data": [1, 2, float("nan")], "usl": 9}, "finite"),
        ({"n": 3, "k": 1.5, "data": [1, 2, 3], "usl": 1, "lsl": 2}, "not below"),
        ({"n": 3, "k": 1.5, "data": [1, 2, 3], "usl": 9, "sigma_method": "known"}, "missing"),
        ({"n": 3, "k": 1.5, "data": [1, 2, 3], "usl": 9, "lsl": 0, "form": "k"}, "both"),
        ({"lot_size": 500, "aql": 0.01, "sigma": 1.0, "inspection": "reduced"}, "reduced"),
        ({"n": 3, "k": 1.5, "p": []}, "empty"),
    ],
)
def test_bad_input_is_named(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        registry.execute("acceptance_sampling_variables", arguments)
