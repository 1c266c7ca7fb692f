"""Capability against R (qcc), the handbook, published examples and closed formulas."""

from __future__ import annotations

import itertools
import json
import math
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from effort import processor_seconds
from havoc.errors import InputError
from havoc.tools import registry

CASES = Path(__file__).parents[2] / "reference" / "cases"
Run = Callable[..., dict[str, Any]]
PISTON = json.loads((CASES / "cap-piston.json").read_text())


def study(**arguments: Any) -> dict[str, Any]:
    return registry.execute("capability", arguments).quantities


def test_piston_rings_agree_with_qcc(run: Run) -> None:
    found = run("capability", subgroups=PISTON["data"]["subgroups"], **PISTON["params"])
    for name, expected in PISTON["expected"].items():
        assert found[name] == pytest.approx(expected["value"], rel=expected["rtol"]), name
    assert found["Cpl"] == found["Cp_l"]
    assert found["stable"] is True
    assert found["normal"] is True


def test_handbook_example(run: Run) -> None:
    # NIST/SEMATECH e-Handbook 7.1.6: mean 16, sigma 2, LSL 8, USL 20: Cp 1.0, Cpk 0.6667.
    found = run("capability", mean=16, sd=2, lsl=8, usl=20)
    assert found["Cp"] == pytest.approx(1.0)
    assert found["Cpk"] == pytest.approx(2 / 3)
    assert found["Cpu"] == pytest.approx(2 / 3)
    assert found["Cpl"] == pytest.approx(4 / 3)
    assert found["capable"] is False
    assert "Cp_ci_low" not in found


def test_montgomery_interval_of_cp(run: Run) -> None:
    # Montgomery, example 8.4: USL 62, LSL 38, s 1.75, n 20: 1.57 to 3.01 at 95 percent.
    found = run("capability", mean=50, sd=1.75, n=20, lsl=38, usl=62)
    assert found["Cp"] == pytest.approx(2.29, abs=0.005)
    assert found["Cp_ci_low"] == pytest.approx(1.57, abs=0.01)
    assert found["Cp_ci_high"] == pytest.approx(3.01, abs=0.01)


def test_interval_of_a_known_cpk_follows_bissell(run: Run) -> None:
    found = run("capability", cpk=1.33, n=20)
    margin = 1.959964 * math.sqrt(1 / (9 * 20 * 1.33**2) + 1 / (2 * 19))
    assert found["Cpk_ci_low"] == pytest.approx(1.33 * (1 - margin))
    assert found["Cpk_ci_high"] == pytest.approx(1.33 * (1 + margin))


def test_within_sigma_follows_the_method_named(run: Run) -> None:
    rows = PISTON["data"]["subgroups"]
    limits = {"lsl": 73.95, "usl": 74.05}
    mean_range = statistics.fmean(max(row) - min(row) for row in rows)
    mean_sd = statistics.fmean(statistics.stdev(row) for row in rows)
    by_range = run("capability", subgroups=rows, sigma_method="rbar", **limits)
    by_sd = run("capability", subgroups=rows, sigma_method="sbar", **limits)
    pooled = run("capability", subgroups=rows, sigma_method="pooled", **limits)
    assert by_range["sigma_within"] == pytest.approx(mean_range / 2.325929, rel=1e-6)
    assert by_sd["sigma_within"] == pytest.approx(mean_sd / 0.9399856, rel=1e-6)
    expected = math.sqrt(statistics.fmean(statistics.variance(row) for row in rows)) / 0.99750
    assert pooled["sigma_within"] == pytest.approx(expected, rel=1e-5)
    flat = [value for row in rows for value in row]
    single = run("capability", data=flat, **limits)
    steps = [abs(b - a) for a, b in itertools.pairwise(flat)]
    assert single["sigma_within"] == pytest.approx(statistics.fmean(steps) / 1.128)
    by_size = run("capability", data=flat, subgroup_size=5, **limits)
    assert by_size["Cpk"] == pytest.approx(by_range["Cpk"])
    assert single["Ppk"] == pytest.approx(by_range["Ppk"])


def test_expected_parts_per_million_and_z(run: Run) -> None:
    found = run("capability", mean=20.02, sigma=0.01, lsl=19.98, usl=20.05)
    below, above = stats.norm.sf(4.0), stats.norm.sf(3.0)
    assert found["ppm_overall"] == pytest.approx(1e6 * (below + above), rel=1e-9)
    assert found["ppm_within_below"] == pytest.approx(1e6 * below, rel=1e-9)
    assert found["z_bench"] == pytest.approx(stats.norm.isf(below + above))
    assert (found["z_lsl"], found["z_usl"]) == pytest.approx((4.0, 3.0))
    assert found["fraction_out"] == pytest.approx(below + above)


def test_a_very_capable_process_still_has_a_finite_z() -> None:
    found = study(mean=0, sigma=1, lsl=-60, usl=60)
    assert found["z_bench"] == pytest.approx(60)
    assert found["ppm_overall"] == 0


def test_z_bench_stays_finite_with_every_part_outside() -> None:
    far = study(mean=0, sigma=1, lsl=20, usl=22)
    assert far["z_bench"] == pytest.approx(-20, rel=1e-9)
    between = study(mean=21, sigma=2, lsl=20, usl=22)
    inside = stats.norm.cdf(0.5) - stats.norm.cdf(-0.5)
    assert between["z_bench"] == pytest.approx(stats.norm.ppf(inside), rel=1e-12)


def test_cpm_counts_the_distance_from_the_target(run: Run) -> None:
    found = run("capability", mean=5.03, sd=0.05, lsl=4.8, usl=5.2, target=5.0)
    assert found["Cpm"] == pytest.approx(0.4 / (6 * math.hypot(0.05, 0.03)))
    assert "Cpm_star" not in found
    skewed = run("capability", mean=5.03, sd=0.05, lsl=4.8, usl=5.2, target=5.1)
    assert skewed["Cpm_star"] == pytest.approx(0.1 / (3 * math.hypot(0.05, 0.07)))


def test_interval_of_cpm_covers_the_truth_away_from_the_target() -> None:
    generator = np.random.default_rng(12)
    truth = 4 / (3 * math.hypot(1.0, 2.0))
    hits = 0
    for _ in range(600):
        found = study(data=generator.normal(2, 1, 60), lsl=-4, usl=4, target=0, rules="none")
        hits += found["Cpm_ci_low"] <= truth <= found["Cpm_ci_high"]
    # Without Boyles' degrees of freedom the interval is far too short or too long.
    assert hits / 600 == pytest.approx(0.95, abs=0.025)


def test_one_limit_has_no_cp(run: Run) -> None:
    # ggQC once multiplied: a missing limit must leave the other side as it is.
    both = study(mean=1.31, sd=0.18, n=40, lsl=0.0, usl=2.0)
    upper = run("capability", mean=1.31, sd=0.18, n=40, usl=2.0)
    assert upper["Cpk"] == pytest.approx(0.69 / 0.54)
    assert upper["Cpk"] == both["Cpu"]
    assert not {"Cp", "Pp", "Cpl", "Cp_ci_low"} & set(upper)
    lower = run("capability", data=[41, 43, 42, 44, 42, 43, 45, 41], lsl=35, cpk_required=1.67)
    assert lower["capable"] is False
    assert lower["Cpk"] == lower["Cpl"]


def test_a_physical_boundary_takes_no_part(run: Run) -> None:
    found = run("capability", mean=1.0, sd=0.5, lsl=0, usl=4, lower_boundary=True)
    assert found["Cpk"] == pytest.approx(2.0)
    assert "Cp" not in found
    assert found["ppm_overall_below"] == 0


def test_within_and_overall_sigma_may_both_be_given(run: Run) -> None:
    found = run(
        "capability", mean=120.08, sigma_overall=0.071, sigma_within=0.064, lsl=119.7, usl=120.3
    )
    assert found["Cpk"] == pytest.approx(0.22 / (3 * 0.064))
    assert found["Ppk"] == pytest.approx(0.22 / (3 * 0.071))


def test_the_requirement_decides_and_the_bound_says_how_surely(run: Run) -> None:
    found = run("capability", cpk=1.42, n=50, cpk_required=1.33)
    assert found["capable"] is True
    assert found["capable_with_confidence"] is False
    found = run("capability", mean=10.0, lsl=9.7, usl=10.3, cpk_required=1.67)
    assert found["sigma_required"] == pytest.approx(0.3 / (3 * 1.67))


def test_an_unstable_or_skewed_baseline_is_said(run: Run) -> None:
    generator = np.random.default_rng(4)
    drifting = (generator.normal(10, 1, 60) + np.linspace(0, 8, 60)).tolist()
    found = run("capability", data=drifting, lsl=0, usl=30)
    assert found["stable"] is False
    skewed = run("capability", data=generator.lognormal(0, 1, 80).tolist(), usl=30)
    assert skewed["normal"] is False


def test_observed_parts_are_counted() -> None:
    found = study(data=[1.0, 2.0, 3.0, 4.0, 5.0], lsl=1.5, usl=4.0)
    assert (found["observed_out"], found["ppm_observed"]) == (2, 400_000)


@settings(max_examples=50, deadline=None)
@given(
    data=st.lists(st.integers(-300, 300), min_size=6, max_size=40),
    shift=st.integers(-1000, 1000),
    scale=st.sampled_from([0.001, 0.5, 25.0]),
)
def test_indices_do_not_depend_on_the_unit(data: list[int], shift: int, scale: float) -> None:
    assume(len(set(data)) > 2)
    first = study(data=[float(x) for x in data], lsl=-400, usl=500, target=10)
    second = study(
        data=[x * scale + shift for x in data],
        lsl=-400 * scale + shift,
        usl=500 * scale + shift,
        target=10 * scale + shift,
    )
    for name in ("Cp", "Cpk", "Pp", "Ppk", "Cpm", "z_bench", "Cpk_ci_low"):
        assert second[name] == pytest.approx(first[name], rel=1e-7, abs=1e-9), name


def test_intervals_cover_the_true_index_about_as_often_as_they_say() -> None:
    generator = np.random.default_rng(11)
    hits = 0
    for _ in range(300):
        sample = generator.normal(0, 1, (20, 5))
        found = study(subgroups=sample.tolist(), lsl=-4, usl=4, rules="none")
        hits += found["Ppk_ci_low"] <= 4 / 3 <= found["Ppk_ci_high"]
    assert 0.88 <= hits / 300 <= 0.99


def test_a_million_values_take_seconds_not_minutes() -> None:
    declared = registry.get("capability")
    data = np.random.default_rng(2).normal(size=1_000_000).tolist()
    typed = declared.validate({"data": data, "subgroup_size": 5, "lsl": -5, "usl": 5})
    with processor_seconds(10):
        outcome = declared.function(**typed)
    assert sum(len(series.y) for series in outcome.charts[0].panels[0].series) < 1000


BAD: list[tuple[dict[str, Any], str]] = [
    ({"data": [10.0, 9.9], "usl": 9.5, "lsl": 10.5}, "10.5 is not below the upper limit 9.5"),
    ({"data": [10.0, 9.9], "usl": 10.5, "lsl": 10.5}, "not below"),
    ({"data": [10.0, 9.9]}, "no specification limit"),
    ({"lsl": 1.8, "usl": 2.2}, "neither values nor a mean"),
    ({"mean": 2.0, "lsl": 1.8, "usl": 2.2}, "standard deviation is missing"),
    ({"mean": 2.0, "sd": 0, "lsl": 1.8, "usl": 2.2}, "> 0"),
    ({"data": [], "lsl": 1}, "at least 2"),
    ({"data": [1.0], "lsl": 1}, "at least 2"),
    ({"data": [1.0, 1.0, 1.0], "lsl": 0}, "no variation"),
    ({"data": [1.0, float("nan")], "lsl": 0}, "value 2 is not a finite number"),
    ({"subgroups": [[1.0, 1.0], [2.0, 2.0]], "lsl": 0}, "within subgroups is zero"),
    ({"data": [1.0, 2.0], "mean": 3, "lsl": 0}, "both given"),
    ({"data": [1.0, 2.0], "sigma_method": "rbar", "lsl": 0}, "needs subgroups"),
    ({"data": [1.0, 2.0, 3.0], "subgroup_size": 7, "lsl": 0}, "larger than the 3 values"),
    ({"cpk": 1.3}, "number of values behind the index"),
    ({"mean": 2, "sd": 1, "lsl": float("nan")}, "finite"),
    ({"mean": 2, "sd": 1, "lsl": 0, "confidence": 7}, "< 1"),
    ({"mean": 2, "sd": 1, "usl": 5, "lower_boundary": True}, "boundary needs its limit"),
]


@pytest.mark.parametrize(("arguments", "message"), BAD)
def test_bad_input_is_refused_in_one_line(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        study(**arguments)
    assert "\n" not in str(caught.value)
