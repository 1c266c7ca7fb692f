"""Double and multiple plans against Montgomery, brute force, and the single plans they replace."""

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
from havoc.tools.reliability.multistage import standard_stages
from havoc.tools.reliability.single_plan import quality_at

Run = Callable[..., dict[str, Any]]


def test_plan_of_montgomery(run: Run) -> None:
    """Montgomery, 15.3: n1 = 50, c1 = 1, n2 = 100, c2 = 3 at 5 % defective."""
    plan = run("double_sampling", n=[50, 100], accept=[1, 3], p=0.05)
    assert plan["pa_first"] == pytest.approx(0.279, abs=5e-4)
    assert plan["pa"] == pytest.approx(0.290, abs=1.5e-3)
    assert (plan["re1"], plan["re2"]) == (4, 4)


def _simulated(
    sizes: list[int], accept: list[int], reject: list[int], p: float
) -> dict[str, float]:
    """Every sequence of counts of each stage, walked through one by one."""
    totals = {"pa": 0.0, "asn": 0.0}

    def walk(stage: int, found: int, chance: float) -> None:
        totals["asn"] += chance * sizes[stage]
        for new in range(sizes[stage] + 1):
            here = chance * float(stats.binom.pmf(new, sizes[stage], p))
            if found + new <= accept[stage]:
                totals["pa"] += here
            elif found + new < reject[stage]:
                walk(stage + 1, found + new, here)

    walk(0, 0, 1.0)
    return totals


@pytest.mark.parametrize("p", [0.0, 0.01, 0.08, 0.3, 1.0])
@pytest.mark.parametrize(
    "plan",
    [
        ([8, 8], [0, 1], [2, 2]),
        ([10, 20], [1, 3], [4, 4]),
        ([5, 5, 5, 5], [-1, 0, 1, 3], [2, 3, 3, 4]),
    ],
)
def test_every_course_walked_through(
    plan: tuple[list[int], list[int], list[int]], p: float, run: Run
) -> None:
    sizes, accept, reject = plan
    result = run("double_sampling", n=sizes, accept=accept, reject=reject, p=p)
    expected = _simulated(sizes, accept, reject, p)
    assert result["pa"] == pytest.approx(expected["pa"], abs=1e-12)
    assert result["asn"] == pytest.approx(expected["asn"], rel=1e-10)
    assert result["asn_curtailed"] <= result["asn"] + 1e-9


def test_curtailed_sampling_unit_by_unit(run: Run) -> None:
    """Every order of good and bad units of a small plan; the second sample stops at rejection."""
    n1, n2, c1, c2, p = 4, 5, 0, 2, 0.3
    expected = 0.0
    for units in itertools.product((0, 1), repeat=n1 + n2):
        chance = p ** sum(units) * (1 - p) ** (n1 + n2 - sum(units))
        first = sum(units[:n1])
        taken = n1
        if c1 < first <= c2:
            found = first
            for unit in units[n1:]:
                taken += 1
                found += unit
                if found > c2:
                    break
        expected += chance * taken
    plan = run("double_sampling", n=[n1, n2], accept=[c1, c2], p=p)
    assert plan["asn_curtailed"] == pytest.approx(expected, rel=1e-10)


def test_rectifying_inspection(run: Run) -> None:
    """Montgomery, equations 15.9 and 15.10 for AOQ and ATI of a double plan."""
    plan = run("double_sampling", n=[50, 100], accept=[1, 3], p=0.03, lot_size=5000)
    first = stats.binom.cdf(1, 50, 0.03)
    second = plan["pa"] - first
    aoq = (first * (5000 - 50) + second * (5000 - 150)) * 0.03 / 5000
    ati = 50 * first + 150 * second + 5000 * (1 - plan["pa"])
    assert plan["aoq"] == pytest.approx(aoq, rel=1e-10)
    assert plan["ati"] == pytest.approx(ati, rel=1e-10)
    assert plan["aoql"] >= plan["aoq"]


@pytest.mark.parametrize("plan", ["double", "multiple"])
@pytest.mark.parametrize("aql", [0.4, 0.65, 1.0, 1.5, 2.5, 4.0, 6.5])
def test_plans_of_the_standard_have_the_curve_of_the_single_plan(aql: float, plan: str) -> None:
    """The tables are built so: the curves lie together, closest at the consumer's point."""
    standard = standard_stages(3000, aql, "II", "normal", plan)
    result = registry.execute("double_sampling", {"lot_size": 3000, "aql": aql / 100, "plan": plan})
    for share, name, tolerance in ((0.95, "p95", 0.22), (0.5, "p50", 0.12), (0.1, "p10", 0.09)):
        single = quality_at(share, standard.single_n, standard.single_c)
        assert result.quantities[name] == pytest.approx(single, rel=tolerance)


@pytest.mark.parametrize("inspection", ["tightened", "reduced"])
@pytest.mark.parametrize("aql", [1.0, 1.5, 2.5, 4.0])
def test_tightened_and_reduced_double_plans(inspection: Any, aql: float) -> None:
    standard = standard_stages(3000, aql, "II", inspection, "double")
    result = registry.execute(
        "double_sampling", {"lot_size": 3000, "aql": aql / 100, "inspection": inspection}
    ).quantities
    for share, name in ((0.5, "p50"), (0.1, "p10")):
        single = quality_at(share, standard.single_n, standard.single_r - 1)
        assert result[name] == pytest.approx(single, rel=0.12)


@pytest.mark.parametrize(
    ("lot", "aql", "inspection", "n", "numbers"),
    [
        (1000, 1.0, "normal", 50, (0, 3, 3, 4)),
        (3000, 0.65, "normal", 80, (0, 3, 3, 4)),
        (3000, 1.0, "normal", 80, (1, 4, 4, 5)),
        (500, 2.5, "normal", 32, (1, 4, 4, 5)),
        (1000, 1.5, "normal", 50, (1, 4, 4, 5)),
        (1000, 6.5, "tightened", 50, (3, 7, 11, 12)),
        (1000, 1.0, "reduced", 20, (0, 3, 0, 4)),
        (400, 4.0, "reduced", 13, (0, 4, 3, 6)),
    ],
)
def test_cells_of_table_iii(
    lot: int, aql: float, inspection: Any, n: int, numbers: tuple[int, ...]
) -> None:
    first, second = standard_stages(lot, aql, "II", inspection, "double").stages
    assert (first.n, second.n) == (n, n)
    assert (first.ac, first.re, second.ac, second.re) == numbers


def test_found_plan_keeps_both_risks_and_saves_units(run: Run) -> None:
    plan = run("double_sampling", aql=0.01, ltpd=0.06)
    assert plan["producer_risk"] <= 0.05
    assert plan["consumer_risk"] <= 0.10
    assert plan["asn_aql"] < plan["single_n"]
    smaller = registry.execute(
        "double_sampling",
        {"n": [plan["n1"] - 1] * 2, "accept": [plan["c1"], plan["c2"]], "p": 0.06},
    ).quantities
    assert smaller["pa"] > 0.10


@settings(max_examples=30, deadline=None)
@given(
    n1=st.integers(2, 60),
    n2=st.integers(1, 80),
    c1=st.integers(0, 3),
    more=st.integers(1, 5),
)
def test_the_oc_curve_falls(n1: int, n2: int, c1: int, more: int) -> None:
    p = np.linspace(0, 1, 31).tolist()
    result = registry.execute(
        "double_sampling", {"n": [n1, n2], "accept": [c1, c1 + more], "p": p}
    ).quantities
    pa = result["pa"]
    assert pa[0] == pytest.approx(1)
    assert all(later <= earlier + 1e-12 for earlier, later in itertools.pairwise(pa))
    assert all(n1 - 1e-9 <= asn <= n1 + n2 + 1e-9 for asn in result["asn"])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({}, "not enough"),
        ({"n": [50, 100]}, "acceptance numbers"),
        ({"n": [50], "accept": [1]}, "two to"),
        ({"n": [50, 100], "accept": [3, 1]}, "rise"),
        ({"n": [50, 100], "accept": [1, 3], "reject": [4, 6]}, "decide nothing"),
        ({"n": [50, 100], "accept": [1, 3], "reject": [2, 4]}, "gap"),
        ({"n": [50, 100], "accept": [1, 3], "lot_size": 120}, "the lot has"),
        ({"n": [99_999, 99_999], "accept": [1, 3]}, "too many"),
        ({"aql": 0.05, "ltpd": 0.01}, "not below"),
        ({"aql": 0.01, "ltpd": 0.0101}, "no double plan"),
        ({"lot_size": 30, "aql": 0.01}, "single plan"),
        ({"lot_size": 1000, "aql": 0.015, "plan": "multiple", "inspection": "tightened"},
         "normal inspection"),
    ],
)  # fmt: skip
def test_bad_input_is_named(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        registry.execute("double_sampling", arguments)
