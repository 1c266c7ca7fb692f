"""Control charts against R (qcc), the NIST handbook, Montgomery and closed formulas."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from effort import processor_seconds
from havoc.errors import InputError
from havoc.tools import registry
from havoc.tools.spc import constants

CASES = Path(__file__).parents[2] / "reference" / "cases"
Run = Callable[..., dict[str, Any]]


def reference(name: str) -> dict[str, Any]:
    return json.loads((CASES / f"{name}.json").read_text())


def chart(**arguments: Any) -> dict[str, Any]:
    return registry.execute("control_chart", arguments).quantities


def agrees(found: dict[str, Any], case: dict[str, Any]) -> None:
    for name, expected in case["expected"].items():
        assert found[name] == pytest.approx(
            expected["value"], rel=expected.get("rtol", 0), abs=expected.get("atol", 0)
        ), name


def test_xbar_r_chart_of_piston_rings_agrees_with_qcc(run: Run) -> None:
    case = reference("xbarr-piston")
    agrees(run("control_chart", kind="xbar_r", subgroups=case["data"]["subgroups"]), case)


def test_xbar_s_chart_of_piston_rings_agrees_with_qcc(run: Run) -> None:
    case = reference("xbars-piston")
    agrees(run("control_chart", kind="xbar_s", subgroups=case["data"]["subgroups"]), case)


def test_individuals_chart_agrees_with_the_handbook(run: Run) -> None:
    case = reference("imr-handbook")
    agrees(run("control_chart", kind="i_mr", data=case["data"]["y"]), case)


def test_p_chart_agrees_with_montgomery(run: Run) -> None:
    case = reference("p-orangejuice")
    defectives, sizes = case["data"]["D"], case["data"]["n"]
    agrees(run("control_chart", kind="p", defectives=defectives, sample_size=sizes), case)


def test_u_chart_agrees_with_montgomery(run: Run) -> None:
    case = reference("u-pc")
    defects, sizes = case["data"]["x"], case["data"]["n"]
    agrees(run("control_chart", kind="u", defects=defects, sample_size=sizes), case)


def test_c_chart_agrees_with_montgomery(run: Run) -> None:
    case = reference("c-circuit")
    agrees(run("control_chart", kind="c", defects=case["data"]["x"]), case)


def test_ewma_chart_agrees_with_the_handbook(run: Run) -> None:
    case = reference("ewma-handbook")
    agrees(run("control_chart", kind="ewma", data=case["data"]["y"], **case["params"]), case)


def test_cusum_chart_agrees_with_the_handbook(run: Run) -> None:
    case = reference("cusum-handbook")
    agrees(run("control_chart", kind="cusum", data=case["data"]["y"], **case["params"]), case)


def test_limits_from_summaries_follow_the_published_factors(run: Run) -> None:
    found = run("control_chart", kind="xbar_r", mean=74.0, rbar=0.023, subgroup_size=5)
    assert found["xbar_ucl"] == pytest.approx(74.0 + 0.577 * 0.023, abs=1e-5)
    assert found["r_ucl"] == pytest.approx(2.114 * 0.023, abs=2e-5)
    assert found["constants"]["A2"] == pytest.approx(0.577, abs=5e-4)
    assert "violations" not in found
    found = run("control_chart", kind="xbar_s", mean=50.2, sbar=1.1, subgroup_size=12)
    assert found["xbar_lcl"] == pytest.approx(50.2 - 0.886 * 1.1, abs=1e-3)
    assert found["s_lcl"] == pytest.approx(0.354 * 1.1, abs=1e-3)
    found = run("control_chart", kind="c", cbar=6.5)
    assert found["ucl"] == pytest.approx(6.5 + 3 * math.sqrt(6.5))
    assert found["lcl"] == 0
    found = run("control_chart", kind="p", pbar=0.02, sample_size=400)
    assert found["ucl"] == pytest.approx(0.02 + 3 * math.sqrt(0.02 * 0.98 / 400))
    found = run("control_chart", kind="i_mr", mean=10.0, mr_bar=1.128)
    assert (found["lcl"], found["ucl"]) == pytest.approx((7.0, 13.0))


def test_means_and_ranges_without_values_are_charted(run: Run) -> None:
    found = run(
        "control_chart",
        kind="auto",
        means=[250.1, 249.6, 250.8, 250.3],
        sds=[1.9, 2.2, 1.7, 2.0],
        subgroup_size=10,
    )
    assert found["kind"] == "xbar_s"
    assert found["sbar"] == pytest.approx(1.95)
    assert found["s_ucl"] == pytest.approx(1.716 * 1.95, abs=1e-3)
    found = run(
        "control_chart", kind="xbar_r", means=[4.1, 4.9], rbar=0.15, subgroup_size=2, mean=4.1
    )
    assert found["out_of_limits"] == [2]
    assert "spread_out_of_limits" not in found


def test_given_standards_replace_the_estimates(run: Run) -> None:
    rows = [[10.0, 11.0, 9.5, 10.2], [14.9, 15.2, 14.8, 15.1]]
    found = run("control_chart", kind="xbar_r", subgroups=rows, mean=10, sigma=1)
    assert (found["xbar_lcl"], found["xbar_ucl"]) == pytest.approx((8.5, 11.5))
    assert found["r_center"] == pytest.approx(2.059, abs=1e-3)
    assert found["r_ucl"] == pytest.approx(4.698, abs=1e-3)
    assert found["out_of_limits"] == [2]
    found = run("control_chart", kind="xbar_s", subgroups=rows, mean=10, sigma=1)
    assert found["s_ucl"] == pytest.approx(2.088, abs=1e-3)


def test_sigma_can_come_from_ranges_from_s_or_from_the_pooled_variance() -> None:
    rows = reference("xbarr-piston")["data"]["subgroups"]
    pooled = math.sqrt(statistics.fmean(statistics.variance(row) for row in rows))
    degrees = 25 * 4
    c4 = math.sqrt(2 / degrees) * math.exp(
        math.lgamma((degrees + 1) / 2) - math.lgamma(degrees / 2)
    )
    by_pool = chart(kind="xbar_r", subgroups=rows, sigma_method="pooled")
    assert by_pool["sigma_within"] == pytest.approx(pooled / c4)
    mean_sd = statistics.fmean(statistics.stdev(row) for row in rows)
    by_s = chart(kind="xbar_r", subgroups=rows, sigma_method="sbar")
    assert by_s["sigma_within"] == pytest.approx(mean_sd / 0.93998560)


def test_unequal_subgroups_have_their_own_limits(run: Run) -> None:
    rows = [[1.0, 2.0, 3.0], [2.0, 4.0], [2.0, 2.5, 1.0, 3.0], [1.5, 2.5, 2.0]]
    found = run("control_chart", subgroups=rows)
    assert found["kind"] == "xbar_s"
    sigma = statistics.fmean(statistics.stdev(row) / constants.c4(len(row)) for row in rows)
    flat = [value for row in rows for value in row]
    assert found["sigma_within"] == pytest.approx(sigma)
    assert found["xbarbar"] == pytest.approx(statistics.fmean(flat))
    expected = [statistics.fmean(flat) + 3 * sigma / math.sqrt(len(row)) for row in rows]
    assert found["xbar_ucl"] == pytest.approx(expected)
    assert found["subgroup_sizes"] == [3, 2, 4, 3]


def test_a_single_value_among_subgroups_is_charted_without_a_spread(run: Run) -> None:
    found = run("control_chart", kind="xbar_r", subgroups=[[1.0, 2.0], [5.0], [1.5, 2.0]])
    assert len(found["xbar_ucl"]) == 3
    assert found["sigma_within"] == pytest.approx(statistics.fmean([1.0, 0.5]) / 1.128379, rel=1e-6)


def test_sample_sizes_that_vary_give_limits_that_vary(run: Run) -> None:
    counts, sizes = [8, 6, 11, 5, 19], [410, 385, 440, 395, 420]
    found = run("control_chart", kind="p", defectives=counts, sample_size=sizes)
    mean = 49 / 2050
    expected = [mean + 3 * math.sqrt(mean * (1 - mean) / n) for n in sizes]
    assert found["center"] == pytest.approx(mean)
    assert found["ucl"] == pytest.approx(expected)
    found = run("control_chart", kind="np", defectives=counts, sample_size=sizes)
    assert found["center"] == pytest.approx([mean * n for n in sizes])
    assert found["ucl"] == pytest.approx(
        [n * limit for n, limit in zip(sizes, expected, strict=True)]
    )
    found = run("control_chart", kind="u", defects=counts, sample_size=sizes)
    assert found["ucl"] == pytest.approx([mean + 3 * math.sqrt(mean / n) for n in sizes])


def test_phase_one_points_set_the_limits_and_later_points_are_judged_by_them(run: Run) -> None:
    steady = [10.0, 10.4, 9.8, 10.1, 9.9, 10.3, 10.0, 10.2]
    found = run("control_chart", kind="i_mr", data=[*steady, 14.0, 14.2], baseline=8)
    alone = chart(kind="i_mr", data=steady)
    assert found["ucl"] == pytest.approx(alone["ucl"])
    assert found["out_of_limits"] == [9, 10]


def test_excluded_points_are_plotted_but_leave_the_limits_alone(run: Run) -> None:
    data = [10.0, 10.4, 9.8, 30.0, 9.9, 10.3, 10.0]
    found = run("control_chart", kind="i_mr", data=data, exclude=[4])
    kept = [value for value in data if value != 30.0]
    assert found["center"] == pytest.approx(statistics.fmean(kept))
    # Moving ranges that touch the excluded point are left out, and none is made across it.
    assert found["mr_bar"] == pytest.approx(statistics.fmean([0.4, 0.6, 0.4, 0.3]))
    assert found["out_of_limits"] == [4]


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        ({"data": [5.1, 5.3, 4.9, 5.2]}, "i_mr"),
        ({"data": [5.1, 5.3, 4.9, 5.2, 5.0, 5.1], "subgroup_size": 3}, "xbar_r"),
        ({"data": [float(i % 7) for i in range(36)], "subgroup_size": 12}, "xbar_s"),
        ({"data": [float(i % 7) for i in range(32)], "subgroup_size": 8}, "xbar_r"),
        ({"data": [float(i % 7) for i in range(36)], "subgroup_size": 9}, "xbar_s"),
        ({"subgroups": [[1.0, 2.0], [2.0, 3.0, 1.0]]}, "xbar_s"),
        ({"subgroups": [[1.0], [2.0], [4.0]]}, "i_mr"),
        ({"defectives": [3, 5, 2], "sample_size": 50}, "p"),
        ({"defects": [3, 5, 2], "sample_size": [5, 6, 5]}, "u"),
        ({"defects": [3, 5, 2]}, "c"),
        ({"mean": 12.4, "rbar": 0.36, "subgroup_size": 5}, "xbar_r"),
        ({"mean": 12.4, "sbar": 0.36, "subgroup_size": 5}, "xbar_s"),
    ],
)
def test_the_chart_is_chosen_from_the_data_with_a_reason(
    run: Run, arguments: dict[str, Any], kind: str
) -> None:
    found = run("control_chart", kind="auto", **arguments)
    assert found["kind"] == kind
    assert found["chosen_because"]


def test_zones_of_a_mean_chart_are_those_of_means() -> None:
    # Means at 1.5 sigma / sqrt(4): beyond two sigma of single values only if the root is forgotten.
    rows = [[10.75 + d for d in (-1.0, 1.0, -0.5, 0.5)]] * 2
    found = chart(kind="xbar_r", subgroups=rows, mean=10, sigma=1, rules=["nelson_5"])
    assert found["violations"] == []
    rows = [[11.1 + d for d in (-1.0, 1.0, -0.5, 0.5)]] * 2
    found = chart(kind="xbar_r", subgroups=rows, mean=10, sigma=1, rules=["nelson_5"])
    assert [item["rule"] for item in found["violations"]] == ["nelson_5"]


def test_a_set_of_rules_is_reduced_to_what_a_count_chart_carries() -> None:
    counts = [10.0 + i % 3 for i in range(25)]
    assert chart(kind="c", defects=counts, rules="nelson")["rules"] == [
        "nelson_1",
        "nelson_2",
        "nelson_3",
        "nelson_4",
    ]
    assert chart(kind="c", defects=counts, rules=["nelson_5"])["rules"] == ["nelson_5"]


def test_violations_name_panel_points_and_reason(run: Run) -> None:
    rows = [[10.0, 10.2], [10.1, 9.9], [10.0, 14.0], [10.2, 10.1]] * 4
    found = run("control_chart", kind="xbar_r", subgroups=rows, mean=10.1, sigma=0.15)
    spread = [item for item in found["violations"] if item["panel"] == "R"]
    assert [item["points"] for item in spread] == [[3], [7], [11], [15]]
    assert "above the upper limit" in spread[0]["reason"]
    assert found["spread_out_of_limits"] == [3, 7, 11, 15]
    assert found["in_control"] is False


def test_moving_ranges_carry_the_number_of_the_later_value() -> None:
    found = chart(kind="i_mr", data=[0.0, 0.1, 5.0, 4.9], mean=2.5, sigma=1.0)
    assert found["spread_out_of_limits"] == [3]


def test_ewma_limits_widen_to_the_steady_state() -> None:
    data = np.random.default_rng(0).normal(100, 2, 60).tolist()
    found = chart(kind="ewma", data=data, target=100, sigma=2, **{"lambda": 0.2}, n_sigma=2.7)
    steady = 100 + 2.7 * 2 * math.sqrt(0.2 / 1.8)
    assert found["ucl"][0] == pytest.approx(100 + 2.7 * 2 * 0.2)
    assert found["ucl_steady"] == pytest.approx(steady)
    assert found["ucl"][-1] == pytest.approx(steady)
    flat = chart(
        kind="ewma",
        data=data,
        target=100,
        sigma=2,
        n_sigma=2.7,
        steady_limits=True,
        **{"lambda": 0.2},
    )
    assert flat["ucl"] == pytest.approx(steady)


def test_ewma_with_weight_one_is_the_series_itself() -> None:
    data = [3.0, 1.0, 2.0, 5.0]
    found = chart(kind="ewma", data=data, target=2, sigma=1, **{"lambda": 1.0})
    assert found["ewma"] == data
    assert found["ucl"] == pytest.approx([5.0] * 4)


def test_cusum_of_montgomery_table_9_2_signals_at_29_and_dates_the_shift() -> None:
    # Montgomery, example 9.1: target 10, sigma 1, k = 1/2, h = 5; signal at 29, shift after 22.
    data = [
        9.45, 7.99, 9.29, 11.66, 12.16, 10.18, 8.04, 11.46, 9.20, 10.34,
        9.03, 11.47, 10.51, 9.40, 10.08, 9.37, 10.62, 10.31, 8.52, 10.84,
        10.90, 9.33, 12.29, 11.50, 10.60, 11.08, 10.38, 11.62, 11.31, 10.52,
    ]  # fmt: skip
    found = chart(kind="cusum", data=data, target=10, sigma=1, k=0.5, h=5)
    assert found["first_signal"] == 29
    assert found["shift_start"] == 23
    assert found["sh"][28] == pytest.approx(5.28, abs=1e-9)
    # Equation 9.6: 10 + 0.5 + 5.28 / 7.
    assert found["shifted_mean"] == pytest.approx(11.25, abs=0.01)


def test_cusum_reads_k_and_h_as_multiples_of_a_given_sigma() -> None:
    data = [8.1, 8.2, 8.0, 8.3, 8.2, 8.4, 8.3, 8.5]
    found = chart(kind="cusum", data=data, target=8.0, sigma=0.2, k=0.5, h=5)
    assert (found["k"], found["h"]) == pytest.approx((0.1, 1.0))
    in_units = chart(kind="cusum", data=data, target=8.0, k=0.1, h=1.0)
    assert in_units["sh"] == pytest.approx(found["sh"])


@settings(max_examples=40, deadline=None)
@given(
    data=st.lists(st.integers(-500, 500), min_size=12, max_size=60),
    shift=st.integers(-1000, 1000),
    scale=st.sampled_from([0.01, 0.5, 3.0, 1000.0]),
    kind=st.sampled_from(["i_mr", "xbar_r", "xbar_s", "ewma", "cusum"]),
)
def test_charts_follow_a_change_of_unit(
    data: list[int], shift: int, scale: float, kind: str
) -> None:
    if len({*data}) < 3:
        return
    size = {"subgroup_size": 3} if kind.startswith("xbar") else {}
    aim = {"target": 0.0} if kind == "cusum" else {}
    moved_aim = {"target": float(shift)} if kind == "cusum" else {}
    try:
        first = chart(kind=kind, data=[float(x) for x in data], **size, **aim)
    except InputError:
        return
    second = chart(kind=kind, data=[x * scale + shift for x in data], **size, **moved_aim)
    assert second["out_of_limits"] == first["out_of_limits"]
    assert second["rule_counts"] == first["rule_counts"]
    assert second["center"] == pytest.approx(first["center"] * scale + shift, abs=1e-9 * scale)
    assert second["sigma_within"] == pytest.approx(first["sigma_within"] * scale, rel=1e-9)


def test_large_offsets_do_not_blur_the_spread() -> None:
    rows = reference("xbarr-piston")["data"]["subgroups"]
    lifted = [[value * 1000 - 74000 + 2.0**40 for value in row] for row in rows]
    base = chart(kind="xbar_s", subgroups=[[value * 1000 - 74000 for value in row] for row in rows])
    found = chart(kind="xbar_s", subgroups=lifted)
    assert found["sigma_within"] == pytest.approx(base["sigma_within"], rel=1e-4)


def test_a_million_values_take_seconds_not_minutes() -> None:
    data = np.random.default_rng(2).normal(size=1_000_000).tolist()
    declared = registry.get("control_chart")
    for arguments in ({"kind": "i_mr", "rules": "nelson"}, {"subgroup_size": 5}):
        typed = declared.validate({"data": data, **arguments})
        with processor_seconds(10):
            outcome = declared.function(**typed)
        drawn = outcome.charts[0].panels[0].series[0]
        assert len(drawn.y) < 5000
        assert outcome.charts[0].notes


BAD: list[tuple[dict[str, Any], str]] = [
    ({}, "no data given"),
    ({"kind": "i_mr", "data": []}, "at least 2 needed"),
    ({"kind": "i_mr", "data": [3.0]}, "at least 2 needed"),
    ({"kind": "i_mr", "data": [3.0, 3.0, 3.0]}, "no variation"),
    ({"kind": "i_mr", "data": [3.0, float("inf")]}, "value 2 is not a finite number"),
    ({"kind": "i_mr"}, "mean and the mean moving range"),
    ({"kind": "i_mr", "data": [1.0, 2.0], "exclude": [1]}, "no two neighbouring"),
    ({"kind": "i_mr", "data": [1.0, 2.0], "exclude": [7]}, "no point 7"),
    ({"kind": "i_mr", "data": [1.0, 2.0], "baseline": 7}, "7 is more than the 2"),
    ({"kind": "i_mr", "subgroups": [[1.0, 2.0]]}, "single values"),
    ({"kind": "xbar_r", "data": [1.0, 2.0, 3.0]}, "subgroup size is missing"),
    ({"kind": "xbar_r", "data": [1.0, 2.0, 3.0], "subgroup_size": 1}, "i_mr"),
    ({"kind": "xbar_r", "data": [1.0, 2.0], "subgroup_size": 9}, "larger than the 2 values"),
    ({"kind": "xbar_r", "subgroups": []}, "no subgroup given"),
    ({"kind": "xbar_r", "subgroups": [[1.0], []]}, "subgroup 2 is empty"),
    (
        {"kind": "xbar_r", "subgroups": [[1.0, 1.0], [2.0, 2.0]]},
        "variation within subgroups is zero",
    ),
    ({"kind": "xbar_r", "subgroups": [[1.0, 2.0], [2.0, float("nan")]]}, "value of subgroup 2"),
    ({"kind": "xbar_r", "subgroups": [[1.0, 2.0]], "data": [1.0]}, "more than one of"),
    ({"kind": "xbar_r", "mean": 5.0, "subgroup_size": 5}, "mean range"),
    (
        {"kind": "xbar_s", "means": [1.0, 2.0], "sds": [0.1], "subgroup_size": 4},
        "2 means and 1 sds",
    ),
    ({"kind": "p", "defectives": [1, 2]}, "size of every sample"),
    ({"kind": "p", "defectives": [1, 2], "sample_size": [5, 5, 5]}, "3 sample sizes for 2 counts"),
    ({"kind": "p", "defectives": [1, 9], "sample_size": 5}, "sample 2 has 9 defective"),
    ({"kind": "p", "defectives": [0, 0], "sample_size": 5}, "no limits"),
    ({"kind": "p", "defectives": [1, 2], "sample_size": 0}, "above zero"),
    ({"kind": "c", "defects": [1, -2]}, "whole number"),
    ({"kind": "c", "defects": [1.5, 2]}, "whole number"),
    ({"kind": "c", "defects": [1, 2], "sample_size": [3, 4]}, "equal size"),
    ({"kind": "auto", "defectives": [1, 2]}, "number inspected is missing"),
    ({"kind": "ewma", "data": [5, 5, 6, 5], "lambda": 1.8}, "<= 1"),
    ({"kind": "cusum", "data": [1.2, 1.3, 1.1]}, "needs the target"),
    ({"kind": "cusum", "data": [1.2, 1.3], "target": 1, "h": -5}, "> 0"),
    ({"kind": "ewma", "subgroups": [[1, 2], [1, 2, 3]]}, "different sizes"),
    ({"kind": "zbar", "data": [1.0]}, "zbar"),
    ({"kind": "i_mr", "data": [1.0, 2.0], "sigma": -1}, "> 0"),
]


@pytest.mark.parametrize(("arguments", "message"), BAD)
def test_bad_input_is_refused_in_one_line(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        chart(**arguments)
    assert "\n" not in str(caught.value)
