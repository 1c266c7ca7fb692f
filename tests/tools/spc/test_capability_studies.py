"""Between/within, attribute and sixpack capability; R's figures are in tests/reference/methods."""

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


def batches(
    between: float = 1.0, seed: int = 1, count: int = 25, size: int = 4
) -> list[list[float]]:
    generator = np.random.default_rng(seed)
    level = generator.normal(10, between, count)
    return [generator.normal(x, 0.5, size).tolist() for x in level]


def test_without_variation_between_the_indices_are_those_of_capability(run: Run) -> None:
    rows = next(
        rows
        for rows in (batches(0.0, seed) for seed in range(50))
        if registry.execute(
            "capability_between_within", {"subgroups": rows, "lsl": 7, "usl": 13}
        ).outcome.sigma_between
        == 0
    )
    found = run("capability_between_within", subgroups=rows, lsl=7, usl=13)
    plain = run("capability", subgroups=rows, lsl=7, usl=13, sigma_method="pooled")
    assert found["Cpk"] == pytest.approx(plain["Cpk"])
    assert found["Cp_ci_low"] == pytest.approx(plain["Cp_ci_low"], rel=0.03)
    result = registry.execute("capability_between_within", {"subgroups": rows, "lsl": 7, "usl": 13})
    assert any("negative" in text for text in result.outcome.warnings)


def test_the_interval_of_cpk_covers_as_often_as_it_says() -> None:
    truth = (13 - 10) / (3 * np.hypot(0.8, 0.5))
    hits = 0
    for seed in range(200):
        result = registry.execute(
            "capability_between_within",
            {
                "subgroups": batches(0.8, seed),
                "lsl": 7,
                "usl": 13,
                "between_method": "anova",
                "rules": "none",
            },
        ).outcome
        # Cpk of the truth is the larger side, which the estimate undercuts by chance.
        hits += result.Cpk_ci_low <= truth <= result.Cp_ci_high
    assert hits / 200 > 0.9


def test_unequal_batches_agree_with_the_restricted_likelihood_of_a_large_sample(run: Run) -> None:
    generator = np.random.default_rng(5)
    rows = [
        generator.normal(x, 1.0, int(n)).tolist()
        for x, n in zip(generator.normal(0, 2, 400), generator.integers(2, 8, 400), strict=True)
    ]
    found = run("capability_between_within", subgroups=rows, lsl=-9, usl=9, between_method="anova")
    assert found["sigma_between"] == pytest.approx(2.0, rel=0.1)
    assert found["sigma_within"] == pytest.approx(1.0, rel=0.05)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 999), st.floats(0.01, 50), st.floats(-500, 500))
def test_between_within_does_not_depend_on_unit_or_origin(
    seed: int, by: float, shift: float
) -> None:
    rows = batches(seed=seed)
    first = registry.execute("capability_between_within", {"subgroups": rows, "lsl": 5, "usl": 15})
    moved = [[by * value + shift for value in row] for row in rows]
    second = registry.execute(
        "capability_between_within",
        {"subgroups": moved, "lsl": 5 * by + shift, "usl": 15 * by + shift},
    )
    assert second.outcome.Cpk == pytest.approx(first.outcome.Cpk, rel=1e-6)
    assert second.outcome.Cpk_ci_low == pytest.approx(first.outcome.Cpk_ci_low, rel=1e-6)


def test_the_three_way_chart_marks_a_strange_batch() -> None:
    rows = batches(0.3)
    rows[12] = [value + 8 for value in rows[12]]
    result = registry.execute("capability_between_within", {"subgroups": rows, "lsl": 5, "usl": 15})
    assert result.outcome.stable is False
    chart = result.outcome.charts[0]
    assert chart.kind == "three_way" and len(chart.panels) == 3
    assert 12 in {flag.index for flag in chart.panels[0].series[0].flags}


def test_a_settled_rate_and_one_that_jumps(run: Run) -> None:
    steady = run("capability_attribute", defectives=[5, 4, 6, 5] * 6, sample_size=100, target=0.08)
    assert steady["stable"] and steady["settled"] and steady["capable_with_confidence"]
    jump = run("capability_attribute", defectives=[2] * 14 + [30] * 10, sample_size=100)
    assert jump["stable"] is False and jump["settled"] is False


def test_nothing_found_leaves_an_upper_bound(run: Run) -> None:
    found = run("capability_attribute", defectives=[0] * 10, sample_size=30)
    assert found["ci_low"] == 0 and found["ci_high"] == pytest.approx(1 - 0.025 ** (1 / 300))
    assert "z" not in found and found["z_ci_low"] > 2
    poisson = run("capability_attribute", defects=[0] * 10, sample_size=3)
    assert poisson["ci_high"] == pytest.approx(-np.log(0.025) / 30)


def test_every_unit_defective_has_no_z(run: Run) -> None:
    found = run("capability_attribute", defectives=[20, 20], sample_size=20)
    assert found["rate"] == 1 and "z" not in found and "stable" not in found


def test_the_rate_that_follows_the_sample_size_is_pointed_out(run: Run) -> None:
    sizes = [float(size) for size in range(50, 450, 20)]
    found = run(
        "capability_attribute",
        defectives=[float(round(size * size / 4000)) for size in sizes],
        sample_size=sizes,
    )
    assert found["size_trend_p"] < 0.01


def test_the_sixpack_has_six_panels_and_both_verdicts(run: Run) -> None:
    rows = batches(0.0, count=30)
    result = registry.execute("capability_sixpack", {"subgroups": rows, "lsl": 7, "usl": 13})
    (chart,) = result.outcome.charts
    assert len(chart.panels) == 6
    plain = run("capability", subgroups=rows, lsl=7, usl=13)
    chart_alone = run("control_chart", subgroups=rows)
    six = run("capability_sixpack", subgroups=rows, lsl=7, usl=13)
    assert six["Cpk"] == plain["Cpk"] and six["ucl"] == chart_alone["ucl"]
    assert six["stable"] == chart_alone["in_control"]


@pytest.mark.parametrize("name", ["lognormal", "johnson", "auto", "percentile", "weibull_3p"])
def test_the_sixpack_of_skewed_values_is_that_of_capability_nonnormal(run: Run, name: str) -> None:
    values = np.random.default_rng(2).lognormal(0, 0.5, 80).tolist()
    six = run("capability_sixpack", data=values, lsl=0.01, usl=8, distribution=name)
    alone = run("capability_nonnormal", data=values, lsl=0.01, usl=8, method=name)
    assert six["Ppk"] == alone["Ppk"] and "Cpk" not in six
    assert six["distribution"] == alone["distribution"]


@pytest.mark.parametrize(
    ("operation", "arguments", "message"),
    [
        ("capability_between_within", {"subgroups": [[1, 2], [2, 3]], "lsl": 0}, "2 subgroups"),
        ("capability_between_within", {"subgroups": [[1], [2], [3]], "lsl": 0}, "has one value"),
        ("capability_between_within", {"subgroups": [[1, 1]] * 4, "lsl": 0}, "all 8 values equal"),
        ("capability_between_within", {"data": [1, 2, 3, 4], "lsl": 0}, "subgroup size is missing"),
        ("capability_between_within", {"subgroups": [[1, 2]] * 4}, "no specification limit"),
        ("capability_between_within", {"lsl": 0}, "no values given"),
        ("capability_attribute", {}, "no counts given"),
        ("capability_attribute", {"defectives": [1], "defects": [1]}, "both given"),
        ("capability_attribute", {"defectives": [3, 4]}, "units inspected is missing"),
        ("capability_attribute", {"defectives": [60], "sample_size": 50}, "60 defective units"),
        ("capability_attribute", {"defectives": [1.5], "sample_size": 50}, "whole number"),
        ("capability_attribute", {"defectives": [1], "sample_size": 5, "target": 2}, "fraction"),
        ("capability_attribute", {"defects": [-1]}, "whole number"),
        ("capability_sixpack", {"data": [1.0] * 20, "lsl": 0}, "equal"),
        ("capability_sixpack", {"data": [1.0, 2.0, 3.0]}, "no specification limit"),
        ("capability_sixpack", {"lsl": 0}, "no values given"),
        ("capability_sixpack", {"data": [1.0, float("inf")], "lsl": 0}, "finite"),
        (
            "capability_sixpack",
            {"data": [-1.0, 2.0, 3.0, 4.0] * 5, "lsl": 0, "distribution": "weibull"},
            "above zero",
        ),
    ],
)
def test_what_cannot_be_analysed_is_named(
    operation: str, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        registry.execute(operation, arguments)


@pytest.mark.parametrize("method", ["gamma_3p", "weibull_3p"])
def test_a_shift_moves_the_threshold_and_nothing_else(method: str) -> None:
    values = np.random.default_rng(3).gamma(2.5, 2.0, 120)
    first = registry.execute(
        "capability_nonnormal", {"data": values.tolist(), "usl": 30, "method": method}
    ).outcome
    second = registry.execute(
        "capability_nonnormal", {"data": (values + 50).tolist(), "usl": 80, "method": method}
    ).outcome
    assert second.threshold == pytest.approx(first.threshold + 50, abs=1e-3)
    assert second.Ppk == pytest.approx(first.Ppk, rel=1e-4)


def test_a_threshold_that_does_not_exist_is_named() -> None:
    values = (-np.random.default_rng(4).gamma(2.0, 1.0, 60)).tolist()
    with pytest.raises(InputError, match="likelihood has no maximum"):
        registry.execute(
            "capability_nonnormal", {"data": values, "usl": 5, "method": "lognormal_3p"}
        )


def test_the_two_parameter_exponential_is_free_of_bias() -> None:
    generator = np.random.default_rng(6)
    fits = [
        registry.execute(
            "capability_nonnormal",
            {
                "data": (3 + generator.exponential(2, 12)).tolist(),
                "usl": 30,
                "method": "exponential_2p",
            },
        ).outcome.parameters
        for _ in range(300)
    ]
    assert np.mean([fit["threshold"] for fit in fits]) == pytest.approx(3, abs=0.05)
    assert np.mean([fit["scale"] for fit in fits]) == pytest.approx(2, rel=0.06)
