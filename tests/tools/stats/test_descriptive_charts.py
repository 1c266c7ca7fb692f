"""Histogram, box plot, Pareto and multi-vari charts: their figures and what they draw."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from havoc.charts.figure import save_figure
from havoc.errors import InputError
from havoc.tools import registry

VALUES = np.random.default_rng(9).normal(10, 2, 80).round(2).tolist()


def run(operation: str, **arguments: Any) -> dict[str, Any]:
    return registry.execute(operation, arguments).to_json()


# histogram --------------------------------------------------------------------------------


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=60), st.integers(1, 30))
def test_every_value_is_counted_once(values: list[float], bins: int) -> None:
    if max(values) - min(values) < 1e-6:
        return
    found = run("histogram", data=values, bins=bins)
    assert sum(found["counts"]) == len(values)
    assert len(found["edges"]) == len(found["counts"]) + 1
    assert np.diff(found["edges"]) == pytest.approx(found["class_width"], rel=1e-6)


@pytest.mark.parametrize(
    ("rule", "peer"), [("sturges", "sturges"), ("freedman_diaconis", "fd"), ("auto", "auto")]
)
def test_rules_agree_with_numpy(rule: str, peer: str) -> None:
    found = run("histogram", data=VALUES, rule=rule)
    assert found["class_count"] == len(np.histogram_bin_edges(VALUES, bins=peer)) - 1


def test_limits_peaks_and_curve() -> None:
    two = [*VALUES, *[value + 14 for value in VALUES]]
    found = registry.execute("histogram", {"data": two, "lsl": 6.0, "usl": 28.0, "target": 17.0})
    figures = found.to_json()
    assert figures["peaks"] == 2
    assert figures["below_lsl"] == sum(value < 6 for value in two)
    assert figures["outside_share"] == pytest.approx(
        sum(not 6 <= value <= 28 for value in two) / len(two)
    )
    (panel,) = found.outcome.charts[0].panels
    assert [limit.label for limit in panel.limits] == ["LSL", "USL", "target", "mean"]
    curve = panel.series[1]
    area = np.trapezoid(curve.y, curve.x)
    inside = np.diff(stats.norm.cdf([curve.x[0], curve.x[-1]], figures["mean"], figures["sd"]))[0]
    assert area == pytest.approx(inside * len(two) * figures["class_width"], rel=1e-3)


def test_a_million_values_are_binned() -> None:
    data = np.random.default_rng(1).normal(size=1_000_000).tolist()
    assert sum(run("histogram", data=data)["counts"]) == 1_000_000


# box plot ----------------------------------------------------------------------------------


def test_quartiles_by_their_names() -> None:
    for name, method in (("type7", "linear"), ("type6", "weibull")):
        (box,) = run("box_plot", data=VALUES, quartiles=name)["boxes"]
        q1, q3 = np.quantile(VALUES, [0.25, 0.75], method=method)  # type: ignore[call-overload]
        assert (box["q1"], box["q3"]) == pytest.approx((q1, q3))


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=40),
    st.sampled_from(["type7", "type6", "hinges"]),
)
def test_whiskers_box_and_outliers_hold_every_value(values: list[float], quartiles: str) -> None:
    (box,) = run("box_plot", data=values, quartiles=quartiles)["boxes"]
    inside = [v for v in values if box["whisker_low"] <= v <= box["whisker_high"]]
    assert len(inside) + box["outlier_count"] == len(values)
    assert box["q1"] <= box["median"] <= box["q3"]


def test_boxes_are_drawn(tmp_path: Any) -> None:
    outcome = registry.execute(
        "box_plot", {"groups": {"a": VALUES, "b": [*VALUES[:20], 60.0]}, "reference": 10.0}
    ).outcome
    series = outcome.charts[0].panels[0].series
    assert series[0].box_low == [
        box["q1"]
        for box in run("box_plot", groups={"a": VALUES, "b": [*VALUES[:20], 60.0]})["boxes"]
    ]
    assert 60.0 in series[2].y
    save_figure(outcome.charts[0], tmp_path / "boxes.png")
    assert (tmp_path / "boxes.png").stat().st_size > 5000


# Pareto -------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(
        st.text("abcdefgh", min_size=1, max_size=3), st.integers(0, 50), min_size=1, max_size=9
    ),
    st.floats(0.05, 1),
)
def test_the_vital_few_are_the_fewest_that_reach_the_threshold(
    counts: dict[str, int], threshold: float
) -> None:
    if sum(counts.values()) == 0:
        return
    found = run("pareto_chart", counts=counts, threshold=threshold)
    ordered = sorted(counts.values(), reverse=True)
    need = next(
        k for k in range(1, len(ordered) + 1)
        if sum(ordered[:k]) >= threshold * sum(ordered) * (1 - 1e-12)
    )  # fmt: skip
    assert found["vital_count"] == need
    assert [item["count"] for item in found["items"]] == ordered
    assert found["items"][-1]["cumulative"] == pytest.approx(1.0)


def test_small_categories_become_one_last_bar() -> None:
    found = run(
        "pareto_chart", counts={"a": 50, "b": 30, "c": 12, "d": 5, "e": 3}, combine_after=0.9
    )
    assert [item["name"] for item in found["items"]] == ["a", "b", "c", "other"]
    assert found["combined"] == ["d", "e"]


def test_single_observations_are_counted() -> None:
    one = run("pareto_chart", observations=["dent", "scratch", "dent"])
    assert one["items"] == run("pareto_chart", counts={"dent": 2, "scratch": 1})["items"]


# multi-vari ------------------------------------------------------------------------------------


def test_shares_of_balanced_data_add_up() -> None:
    levels = {"a": ["x", "y"] * 40, "b": (["p"] * 2 + ["q"] * 2) * 20}
    found = run("multi_vari_chart", response=VALUES, factors=levels)
    assert found["balanced"]
    assert sum(source["share"] for source in found["sources"]) == pytest.approx(1.0)
    f = stats.f_oneway(
        *[
            [v for v, level in zip(VALUES, levels["a"], strict=True) if level == name]
            for name in "xy"
        ]
    )
    eta = f.statistic / (f.statistic + 78)
    assert found["sources"][0]["share"] == pytest.approx(eta)


def test_four_factors_are_drawn_in_panels() -> None:
    factors = {
        name: [f"{name}{(i >> bit) & 1}" for i in range(80)] for bit, name in enumerate("abcd")
    }
    chart = registry.execute(
        "multi_vari_chart", {"response": VALUES, "factors": factors}
    ).outcome.charts[0]
    assert len(chart.panels) == 4
    assert len(chart.panels[0].series) == 2


@pytest.mark.parametrize(
    ("operation", "arguments", "words"),
    [
        ("histogram", {"data": []}, "at least 2"),
        ("histogram", {"data": [1.0, 1.0]}, "no variation"),
        ("histogram", {"data": VALUES, "bins": 0}, "bins"),
        ("histogram", {"data": VALUES, "lsl": 5, "usl": 4}, "not below"),
        ("histogram", {"data": [1.0, math.inf]}, "finite"),
        ("box_plot", {}, "either"),
        ("box_plot", {"data": []}, "at least 1"),
        ("box_plot", {"groups": {str(i): [1.0] for i in range(99)}}, "99 groups"),
        ("box_plot", {"data": [math.nan]}, "finite"),
        ("pareto_chart", {}, "either"),
        ("pareto_chart", {"counts": {}}, "no category"),
        ("pareto_chart", {"counts": {"a": 0}}, "all counts are 0"),
        ("pareto_chart", {"counts": {"a": -1}}, "0"),
        ("pareto_chart", {"counts": {"a": math.inf}}, "finite"),
        ("multi_vari_chart", {"response": VALUES, "factors": {}}, "0 factors"),
        ("multi_vari_chart", {"response": VALUES, "factors": {"a": ["x"]}}, "1 levels for 80"),
        ("multi_vari_chart", {"response": VALUES, "factors": {"a": ["x"] * 80}}, "1 different"),
        ("multi_vari_chart", {"response": [1.0] * 2, "factors": {"a": ["x", "y"]}}, "variation"),
    ],
)  # fmt: skip
def test_bad_input_is_refused(operation: str, arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        run(operation, **arguments)


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        ("histogram", {"data": VALUES}),
        ("box_plot", {"data": VALUES}),
        ("pareto_chart", {"counts": {"a": 3, "b": 9}}),
        ("multi_vari_chart", {"response": [1.0, 2.0, 4.0, 3.0], "factors": {"a": ["x", "y"] * 2}}),
    ],
)
def test_figures_are_recomputed(operation: str, arguments: dict[str, Any]) -> None:
    outcome = registry.execute(operation, arguments).outcome
    checks = registry.get(operation).verify(outcome, arguments)
    assert checks and all(check.agrees for check in checks)
