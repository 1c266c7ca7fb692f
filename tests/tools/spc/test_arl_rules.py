"""Run lengths with run rules, of joint charts and of counts: published tables, R, simulation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from havoc.errors import InputError
from havoc.tools import registry
from havoc.tools.spc.rule_chains import needs_simulation, simulate, zones
from havoc.tools.spc.rules import apply_rules, rule_ids


def found(**arguments: Any) -> dict[str, Any]:
    return registry.execute("arl", arguments).to_json()


def lengths(**arguments: Any) -> list[float]:
    return [row["arl"] for row in found(**arguments)["table"]]


# Champ and Woodall (1987), Technometrics 29, 393, table 1: limits with the rules named.
SHIFTS = [0, 0.2, 0.4, 0.6, 0.8, 1.0, 1.2, 1.4, 1.6, 1.8, 2.0, 2.2, 2.4, 2.6, 2.8, 3.0]
CHAMP_WOODALL: list[tuple[list[str], list[float]]] = [
    (["we_1"], [370.40, 308.43, 200.08, 119.67, 71.55, 43.89, 27.82, 18.25, 12.38, 8.69, 6.30,
                4.72, 3.65, 2.90, 2.38, 2.00]),
    (["we_1", "we_2", "we_3", "we_4"], [91.75, 66.80, 36.61, 20.90, 13.25, 9.22, 6.89, 5.41, 4.41,
                3.68, 3.13, 2.70, 2.35, 2.07, 1.85, 1.67]),
]  # fmt: skip
IN_CONTROL = [
    (["we_2"], 225.44), (["we_3"], 166.05), (["we_4"], 152.73), (["we_2", "we_3"], 132.89),
    (["we_2", "we_4"], 122.05), (["we_3", "we_4"], 105.78),
]  # fmt: skip


@pytest.mark.parametrize(("rules", "published"), CHAMP_WOODALL)
def test_the_table_of_champ_and_woodall(rules: list[str], published: list[float]) -> None:
    assert lengths(rules=rules, shift=SHIFTS) == pytest.approx(published, abs=0.011)


@pytest.mark.parametrize(("rules", "published"), IN_CONTROL)
def test_each_western_electric_rule_shortens_the_run_length(
    rules: list[str], published: float
) -> None:
    assert found(rules=rules, shift=0)["arl0"] == pytest.approx(published, abs=0.006)


# R 4.2.2, package spc 0.6.7: xewma.arl(lambda, L, shift, sided = "two", r = 60).
DISTANCES = [0, 0.25, 0.5, 1, 1.5, 2, 3]
EWMA = [
    (0.1, 2.7, [368.99373, 89.09222842, 28.19053962, 9.73001162, 5.79776, 4.17858758, 2.75925352]),
    (0.25, 3.0, [502.89516908, 171.09265, 48.45302531, 11.15427, 5.46970501, 3.61677, 2.25896009]),
    (0.5, 3.07, [498.27633, 254.05828695, 88.58723, 17.45038829, 6.52007, 3.62568246, 1.92487205]),
]
# xcusum.arl(k, h, shift, sided = "two", r = 100)
CUSUM = [
    (0.5, 4.77, [368.56139, 121.31265597, 35.20817, 9.91704246, 5.51715243, 3.85529, 2.48444408]),
    (0.25, 8.01, [370.33243871, 83.81586, 28.80198, 11.40654153, 7.12209, 5.21987593, 3.47914294]),
    (1.0, 2.52, [372.81537852, 197.75519, 69.29971, 13.57835412, 5.46188, 3.26690754, 1.86233283]),
]
# mewma.arl(lambda, h, p, delta = shift^2, r = 50)
MEWMA = [
    (0.1, 8.64, 2, [200.5443190, 76.7522177, 28.0239225, 10.1273719, 6.0935912, 4.4089, 2.9229745]),
    (0.2, 9.65, 2, [200.2175652, 96.6574067, 35.0307437, 10.1674729, 5.4759, 3.7706329, 2.4176884]),
    (0.1, 12.73, 4, [200.5000323, 93.44818, 35.0717840, 12.1529944, 7.2031437, 5.17693, 3.4083448]),
    (0.2, 13.87, 4, [200.46527, 116.64965, 46.1615076, 12.6380992, 6.5202904, 4.40554, 2.7643863]),
]


@pytest.mark.parametrize(("weight", "limits", "expected"), EWMA)
def test_ewma_run_lengths_agree_with_spc(
    weight: float, limits: float, expected: list[float]
) -> None:
    computed = lengths(kind="ewma", **{"lambda": weight}, limits=limits, shift=DISTANCES)
    assert computed == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize(("k", "h", "expected"), CUSUM)
def test_cusum_run_lengths_agree_with_spc(k: float, h: float, expected: list[float]) -> None:
    assert lengths(kind="cusum", k=k, h=h, shift=DISTANCES) == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize(("weight", "h", "p", "expected"), MEWMA)
def test_mewma_run_lengths_agree_with_spc(
    weight: float, h: float, p: int, expected: list[float]
) -> None:
    computed = lengths(kind="mewma", **{"lambda": weight}, h=h, characteristics=p, shift=DISTANCES)
    assert computed == pytest.approx(expected, rel=2e-3)


# Prabhu and Runger (1997), as in Montgomery table 11.3: p = 2, in control 200.
@pytest.mark.parametrize(
    ("weight", "h", "published"),
    [
        (0.05, 7.35, [26.61, 11.23, 7.14, 5.28, 3.56]),
        (0.10, 8.64, [28.07, 10.15, 6.11, 4.42, 2.93]),
        (0.20, 9.65, [35.17, 10.20, 5.49, 3.78, 2.42]),
    ],
)
def test_the_mewma_table_of_prabhu_and_runger(
    weight: float, h: float, published: list[float]
) -> None:
    computed = lengths(kind="mewma", **{"lambda": weight}, h=h, shift=[0.5, 1.0, 1.5, 2.0, 3.0])
    assert computed == pytest.approx(published, rel=0.01)


def test_a_t2_chart_by_the_noncentral_chi_square() -> None:
    result = found(kind="t2", characteristics=3, h=12.0, shift=[0, 1.5], subgroup_size=4)
    assert result["arl0"] == pytest.approx(1 / stats.chi2.sf(12, 3))
    assert result["arl"] == pytest.approx(1 / stats.ncx2.sf(12, 3, 9.0), rel=1e-9)
    solved = found(kind="t2", characteristics=3, arl0=200, shift=1)
    assert solved["h"] == pytest.approx(stats.chi2.isf(1 / 200, 3))


def test_a_mewma_without_a_limit_has_one_for_two_hundred() -> None:
    result = found(kind="mewma", **{"lambda": 0.1}, shift=1)
    assert result["h"] == pytest.approx(8.633581, rel=1e-5)
    assert result["arl0"] == pytest.approx(200, rel=1e-5)


@pytest.mark.parametrize("rules", ["western_electric", "westgard", [2, 7, 8], ["westgard_R_4s", 6]])
def test_the_chain_signals_where_the_rules_do(rules: Any) -> None:
    """On random series the first firing point of the detectors is where the chain ends."""
    ids = [rule for rule in rule_ids(rules) if rule != "westgard_1_2s"]
    chain = zones(tuple(ids), 3.0)
    source = np.random.default_rng(11)
    for _ in range(60):
        z = source.normal(0.3, 1.1, 400)
        state, first = 0, None
        for i, zone in enumerate(np.searchsorted(chain.cuts, z)):
            state = chain.following[state, zone]
            if state < 0:
                first = i + 1
                break
        seen = apply_rules(z, 0.0, 1.0, ["nelson_1", *ids])
        points = [point for item in seen.violations for point in item.signal_points]
        assert min(points, default=None) == first


def test_simulated_run_lengths_agree_with_the_detectors() -> None:
    ids = rule_ids("nelson")
    computed = simulate(ids, 3.0, 1.0, seed=3)
    source = np.random.default_rng(5)
    ends = []
    for _ in range(1500):
        seen = apply_rules(source.normal(1.0, 1.0, 150), 0.0, 1.0, ids)
        ends.append(min(p for item in seen.violations for p in item.signal_points))
    error = np.hypot(computed.standard_error, np.std(ends) / len(ends) ** 0.5)
    assert computed.mean == pytest.approx(np.mean(ends), abs=4 * error)


def test_the_simulation_agrees_with_the_exact_chain() -> None:
    exact = zones(("nelson_2", "nelson_5"), 3.0).run_length(0.5)
    drawn = simulate(["nelson_2", "nelson_5"], 3.0, 0.5, seed=2)
    assert drawn.mean == pytest.approx(exact[0], abs=4 * drawn.standard_error)
    assert drawn.sd == pytest.approx(exact[1], rel=0.05)


def test_rules_that_compare_neighbours_are_simulated_with_a_stated_error() -> None:
    assert needs_simulation(rule_ids("nelson")) and not needs_simulation(rule_ids("westgard"))
    first = found(rules="nelson", shift=1.0, seed=7)
    again = found(rules="nelson", shift=1.0, seed=7)
    other = found(rules="nelson", shift=1.0, seed=8)
    assert first == again and first["arl"] != other["arl"]
    assert "simulation" in first["method"] and first["seed"] == 7
    assert 0 < first["standard_error"] < 0.01 * first["arl"]
    assert abs(first["arl"] - other["arl"]) < 5 * first["standard_error"]


def test_a_zone_chart_agrees_with_the_drawn_chart() -> None:
    computed = found(kind="zone", shift=[0, 1.0])
    source = np.random.default_rng(9)
    for row in computed["table"]:
        ends = []
        for _ in range(250):
            z = source.normal(row["shift"], 1, 1200 if row["shift"] == 0 else 120)
            chart = registry.get("control_chart").function(
                kind="zone", data=z.tolist(), mean=0.0, sigma=1.0
            )
            ends.append(next(i for i, s in enumerate(chart.cumulative_scores, 1) if s >= 8))
        error = np.std(ends) / len(ends) ** 0.5
        assert row["arl"] == pytest.approx(np.mean(ends), abs=4 * error)


def test_a_p_chart_by_the_binomial_distribution() -> None:
    result = found(kind="p", mean=0.1, shifted_mean=[0.15, 0.2], subgroup_size=100)
    assert (result["lcl"], result["ucl"]) == pytest.approx((0.01, 0.19))
    for row in result["table"]:
        inside = stats.binom.cdf(19, 100, row["mean"]) - stats.binom.cdf(0, 100, row["mean"])
        assert row["arl"] == pytest.approx(1 / (1 - inside), rel=1e-9)
    counts = found(kind="np", mean=0.1, shifted_mean=[0.15, 0.2], subgroup_size=100)
    assert counts["ucl"] == pytest.approx(19)
    assert counts["arl"] == pytest.approx(result["arl"])


def test_the_operating_characteristic_of_montgomerys_p_chart() -> None:
    # Montgomery, table 7.6: n = 50, LCL 0.0303, UCL 0.3697; beta at p = 0.40 is 0.3356.
    result = found(kind="p", mean=0.2, shifted_mean=0.4, subgroup_size=50, lcl=0.0303, ucl=0.3697)
    assert result["beta"] == pytest.approx(0.3356, abs=1e-4)


def test_a_u_chart_is_a_c_chart_of_all_units() -> None:
    u = found(kind="u", mean=2.0, shifted_mean=3.0, subgroup_size=4)
    c = found(kind="c", mean=8.0, shifted_mean=12.0)
    assert u["arl"] == pytest.approx(c["arl"])
    assert u["ucl"] == pytest.approx(c["ucl"] / 4)


@pytest.mark.parametrize(
    "arguments",
    [
        {"kind": "t2", "characteristics": 4, "shift": 1.0},
        {"kind": "p", "mean": 0.05, "shifted_mean": 0.1, "subgroup_size": 200},
        {"kind": "u", "mean": 0.5, "shifted_mean": 1.0, "subgroup_size": 10},
        {"kind": "c", "mean": 4.0, "shifted_mean": 9.0},
        {"kind": "ewma", "shift": 0.5},
    ],
)
def test_figures_are_verified_by_another_route(arguments: dict[str, Any]) -> None:
    result = registry.execute("arl", arguments)
    checks = registry.get("arl").verify(result.outcome, arguments)
    assert checks and all(check.agrees for check in checks)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"kind": "p", "mean": 1.2, "shifted_mean": 0.3, "subgroup_size": 10}, "between 0 and 1"),
        ({"kind": "p", "mean": 0.2, "subgroup_size": 10}, "missing"),
        ({"kind": "u", "mean": 0.2, "shifted_mean": -1.0}, "above zero"),
        ({"kind": "mewma", "characteristics": 500}, "more than 100"),
        ({"kind": "t2", "sides": "upper"}, "two-sided"),
        ({"kind": "zone", "arl0": 100}, "not solved"),
        ({"rules": ["nelson_9"]}, "no run rule"),
        ({"rules": [5], "limits": 2.0}, "beyond two"),
        ({"kind": "ewma", "rules": "nelson"}, "zone rules"),
    ],
)
def test_bad_input_is_named(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        registry.execute("arl", arguments)
