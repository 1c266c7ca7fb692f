"""Sampling plans against R (reference cases), scipy, the standard's tables and properties."""

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
from havoc.tools.reliability.sampling_standard import code_letter, standard_plan

Run = Callable[..., dict[str, Any]]


def test_plan_for_two_risks_is_the_one_of_r(run: Run) -> None:
    plan = run("acceptance_sampling", aql=0.01, ltpd=0.06, alpha=0.05, beta=0.1)
    assert (plan["n"], plan["c"]) == (110, 3)
    assert plan["producer_risk"] <= 0.05
    assert plan["consumer_risk"] <= 0.1


def test_one_unit_less_breaks_a_risk() -> None:
    for aql, ltpd in ((0.01, 0.06), (0.005, 0.04), (0.02, 0.08)):
        plan = registry.execute("acceptance_sampling", {"aql": aql, "ltpd": ltpd}).quantities
        n, c = plan["n"], plan["c"]
        assert stats.binom.cdf(c, n - 1, ltpd) > 0.1
        for k in range(c):
            sizes = np.arange(k + 1, 5 * n)
            enough = sizes[stats.binom.cdf(k, sizes, ltpd) <= 0.1][0]
            assert stats.binom.cdf(k, enough, aql) < 0.95


def test_oc_curve_of_r(run: Run) -> None:
    plan = run("acceptance_sampling", n=80, c=2, p=[0.01, 0.05])
    assert plan["pa"] == pytest.approx([0.953446814264068, 0.230620504916492], rel=1e-9)
    assert run("acceptance_sampling", n=80, c=2, p=0.05)["pa"] == pytest.approx(0.230620504916492)


def test_lot_of_limited_size_is_hypergeometric(run: Run) -> None:
    plan = run(
        "acceptance_sampling", n=32, c=1, p=0.05, lot_size=800, distribution="hypergeometric"
    )
    assert plan["pa"] == pytest.approx(stats.hypergeom.cdf(1, 800, 40, 32), rel=1e-9)


def test_poisson_law(run: Run) -> None:
    plan = run("acceptance_sampling", n=100, c=2, p=0.02, distribution="poisson")
    assert plan["pa"] == pytest.approx(stats.poisson.cdf(2, 2), rel=1e-12)


def test_outgoing_quality_of_montgomery(run: Run) -> None:
    """Montgomery, chapter 15: N = 10000, n = 89, c = 2."""
    plan = run("acceptance_sampling", n=89, c=2, lot_size=10000, p=0.01)
    assert plan["pa"] == pytest.approx(0.9397, abs=5e-5)
    assert plan["aoq"] == pytest.approx(0.0093, abs=5e-5)
    assert plan["ati"] == pytest.approx(687, abs=1)


def test_outgoing_limit_is_the_largest_value_of_a_fine_grid(run: Run) -> None:
    plan = run("acceptance_sampling", n=50, c=1, lot_size=2000)
    p = np.linspace(0, 0.2, 200_001)
    aoq = stats.binom.cdf(1, 50, p) * p * (1950 / 2000)
    assert plan["aoql"] == pytest.approx(float(aoq.max()), rel=1e-8)
    assert plan["aoql_at"] == pytest.approx(float(p[aoq.argmax()]), abs=1e-5)


def test_zero_acceptance_plan(run: Run) -> None:
    assert run("acceptance_sampling", c=0, ltpd=0.05, beta=0.1)["n"] == 45
    assert run("acceptance_sampling", ltpd=0.03, beta=0.1)["n"] == 76


@pytest.mark.parametrize(
    ("lot", "aql", "level", "inspection", "expected"),
    [
        (3200, 0.65, "II", "normal", ("K", 125, 2)),
        (1200, 1.0, "II", "normal", ("J", 80, 2)),
        (1000, 1.5, "II", "tightened", ("J", 80, 2)),
        (5000, 0.4, "I", "normal", ("J", 125, 1)),
        (500, 2.5, "II", "normal", ("H", 50, 3)),
        (8, 1.0, "II", "normal", ("A", 13, 0)),
        (100, 1.0, "II", "normal", ("F", 13, 0)),
        (200, 1.0, "II", "normal", ("G", 50, 1)),
        (600_000, 10.0, "II", "normal", ("Q", 125, 21)),
        (200_000, 1.0, "II", "normal", ("P", 800, 14)),
        (400, 0.65, "II", "tightened", ("H", 125, 1)),
        (20, 250.0, "III", "normal", ("D", 8, 30)),
        (500, 0.65, "S-3", "tightened", ("D", 32, 0)),
        (35_000, 0.01, "III", "normal", ("N", 1250, 0)),
    ],
)
def test_cells_of_the_standard(
    lot: int, aql: float, level: Any, inspection: Any, expected: tuple[str, int, int]
) -> None:
    plan = standard_plan(lot, aql, level, inspection)
    assert (plan.code_letter, plan.n, plan.c) == expected


# Rejection numbers of MIL-STD-105E for AQL 0.65, 1.0, 1.5, 2.5, 4.0, 6.5, 10, 15 by code
# letter, as printed in the tables for general level II; None where an arrow stands.
_AQL = (0.65, 1.0, 1.5, 2.5, 4.0, 6.5, 10.0, 15.0)
_NORMAL: dict[str, tuple[int | None, ...]] = {
    "E": (None, 1, None, None, 2, 3, 4, 6),
    "F": (1, None, None, 2, 3, 4, 6, 8),
    "G": (None, None, 2, 3, 4, 6, 8, 11),
    "H": (None, 2, 3, 4, 6, 8, 11, 15),
    "J": (2, 3, 4, 6, 8, 11, 15, 22),
    "K": (3, 4, 6, 8, 11, 15, 22, None),
    "L": (4, 6, 8, 11, 15, 22, None, None),
    "M": (6, 8, 11, 15, 22, None, None, None),
    "N": (8, 11, 15, 22, None, None, None, None),
    "P": (11, 15, 22, None, None, None, None, None),
    "Q": (15, 22, None, None, None, None, None, None),
}
_TIGHTENED: dict[str, tuple[int | None, ...]] = {
    "F": (None, 1, None, None, 2, 3, 4, 6),
    "G": (1, None, None, 2, 3, 4, 6, 9),
    "H": (None, None, 2, 3, 4, 6, 9, 13),
    "J": (None, 2, 3, 4, 6, 9, 13, 19),
    "K": (2, 3, 4, 6, 9, 13, 19, None),
    "L": (3, 4, 6, 9, 13, 19, None, None),
}
_LOTS = {
    "E": 90, "F": 150, "G": 280, "H": 500, "J": 1200, "K": 3200, "L": 10_000, "M": 35_000,
    "N": 150_000, "P": 500_000, "Q": 500_001,
}  # fmt: skip


@pytest.mark.parametrize(("inspection", "table"), [("normal", _NORMAL), ("tightened", _TIGHTENED)])
def test_master_tables(inspection: Any, table: dict[str, tuple[int | None, ...]]) -> None:
    for letter, row in table.items():
        assert code_letter(_LOTS[letter], "II") == letter
        for aql, rejection in zip(_AQL, row, strict=True):
            plan = standard_plan(_LOTS[letter], aql, "II", inspection)
            if rejection is None:
                assert plan.plan_letter != letter
            else:
                assert (plan.plan_letter, plan.c + 1) == (letter, rejection)


# Acceptance and rejection numbers of reduced inspection, MIL-STD-105E table II-C.
_REDUCED: dict[str, tuple[tuple[int, int] | None, ...]] = {
    "F": ((0, 1), None, None, (0, 2), (1, 3), (1, 4), (2, 5)),
    "H": (None, (0, 2), (1, 3), (1, 4), (2, 5), (3, 6), (5, 8)),
    "J": ((0, 2), (1, 3), (1, 4), (2, 5), (3, 6), (5, 8), (7, 10)),
    "K": ((1, 3), (1, 4), (2, 5), (3, 6), (5, 8), (7, 10), (10, 13)),
}
_REDUCED_N = {"F": 8, "H": 20, "J": 32, "K": 50}


def test_reduced_inspection() -> None:
    for letter, row in _REDUCED.items():
        for aql, numbers in zip(_AQL, row, strict=False):
            plan = standard_plan(_LOTS[letter], aql, "II", "reduced")
            if numbers is None:
                assert plan.plan_letter != letter
            else:
                assert (plan.plan_letter, plan.n) == (letter, _REDUCED_N[letter])
                assert (plan.c, plan.r) == numbers


def test_a_lot_in_the_gap_of_reduced_inspection_passes(run: Run) -> None:
    """Montgomery, 15.4: lot of 2000, AQL 0.65 %, level II: n = 50, accept on 1, reject on 3."""
    plan = run(
        "acceptance_sampling", lot_size=2000, aql=0.0065, inspection="reduced", p=[0.0065, 0.05]
    )
    assert (plan["n"], plan["ac"], plan["re"], plan["code_letter"]) == (50, 1, 3, "K")
    assert plan["pa"] == pytest.approx(stats.binom.cdf(2, 50, [0.0065, 0.05]).tolist(), rel=1e-9)


def test_the_last_row_has_no_arrow_down() -> None:
    plan = standard_plan(600_000, 0.015, "III", "normal")
    assert (plan.code_letter, plan.plan_letter, plan.n, plan.c) == ("R", "P", 800, 0)


def test_arrows_are_said(run: Run) -> None:
    result = registry.execute("acceptance_sampling", {"lot_size": 200, "aql": 0.01})
    assert result.quantities["plan_letter"] == "H"
    assert any("arrow" in text for text in result.outcome.warnings)
    assert run("acceptance_sampling", lot_size=5, aql=0.01)["n"] == 5


def test_zero_plan_protects_as_the_standard_does(run: Run) -> None:
    plan = run("acceptance_sampling", lot_size=800, aql=0.015, c=0)
    assert stats.binom.cdf(3, 80, plan["ltpd"]) == pytest.approx(0.1, abs=1e-9)
    assert plan["pa_ltpd"] <= 0.1


@settings(max_examples=40, deadline=None)
@given(n=st.integers(2, 400), share=st.floats(0, 0.5), law=st.sampled_from(["binomial", "poisson"]))
def test_the_oc_curve_falls(n: int, share: float, law: str) -> None:
    c = int(share * (n - 1))
    p = np.linspace(0, 1, 41).tolist()
    result = registry.execute(
        "acceptance_sampling", {"n": n, "c": c, "p": p, "distribution": law}
    ).quantities
    pa = result["pa"]
    assert pa[0] == 1
    assert all(later <= earlier + 1e-12 for earlier, later in itertools.pairwise(pa))
    if result.get("p10") is not None:
        assert result["p95"] < result["p10"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"n": 50, "c": 60, "p": 0.02}, "every lot is accepted"),
        ({"n": 50}, "not enough"),
        ({"aql": 0.01}, "not enough"),
        ({"aql": 0.06, "ltpd": 0.01}, "not below"),
        ({"n": 50, "c": 1, "lot_size": 20}, "larger than the lot"),
        ({"lot_size": 100, "aql": 0.03}, "not in the tables"),
        ({"n": 50, "c": 1, "distribution": "hypergeometric"}, "lot size"),
        ({"n": 50, "c": 1, "p": 1.2}, "p"),
        ({"n": 50, "c": 1, "p": []}, "empty"),
        ({"lot_size": 100, "aql": 0.4, "inspection": "reduced"}, "reduced inspection"),
        ({"aql": 0.0100, "ltpd": 0.0100001}, "no plan"),
        ({"n": 0, "c": 0}, "n"),
    ],
)
def test_bad_input_is_named(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        registry.execute("acceptance_sampling", arguments)
