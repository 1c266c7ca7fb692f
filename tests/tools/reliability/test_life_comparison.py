"""Comparison of lives against R survreg and survdiff (leukaemia data), properties, bad input."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from havoc.errors import InputError
from havoc.tools import registry

Run = Callable[..., dict[str, Any]]

# R: survival::aml
AML = {
    "Maintained": {
        "time": [9, 13, 13, 18, 23, 28, 31, 34, 45, 48, 161],
        "event": [1, 1, 0, 1, 1, 0, 1, 1, 0, 1, 0],
    },
    "Nonmaintained": {
        "time": [5, 5, 8, 8, 12, 16, 23, 27, 30, 33, 43, 45],
        "event": [1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1],
    },
}
# R 4.2.2, survival: twice the differences of survreg likelihoods (each group alone, common
# scale, pooled); exp of the coefficient of the group with its Wald limits.
SURVREG = {
    "weibull": (1.346953537, 5.314048059, 6.661001596, 0.3948135656, 0.1865545712, 0.8355611475),
    "lognormal": (0.2665277669, 3.489084526, 3.755612293, 0.4845798338, 0.2299530417, 1.021154639),
    "loglogistic": (0.04935987962, 2.406415029, 2.455774909, 0.5463525894, 0.2527511174,
                    1.181008239),
}  # fmt: skip
SURVDIFF = 3.396388699
GEHAN = 2.723311547


@pytest.mark.parametrize("distribution", SURVREG)
def test_likelihood_ratios_of_r(distribution: str, run: Run) -> None:
    shape, scale, both, ratio, low, high = SURVREG[distribution]
    result = run("life_comparison", groups=AML, distribution=distribution)
    assert result["shape_chi2"] == pytest.approx(shape, rel=1e-6)
    assert result["scale_chi2"] == pytest.approx(scale, rel=1e-6)
    assert result["chi2"] == pytest.approx(both, rel=1e-6)
    assert result["df"] == 2
    row = result["ratios"][0]
    assert (row["group"], row["against"]) == ("Nonmaintained", "Maintained")
    assert row["ratio"] == pytest.approx(ratio, rel=1e-6)
    assert row["ci_low"] == pytest.approx(low, rel=1e-5)
    assert row["ci_high"] == pytest.approx(high, rel=1e-5)


def test_exponential_groups(run: Run) -> None:
    result = run("life_comparison", groups=AML, distribution="exponential")
    assert result["chi2"] == pytest.approx(4.06134867, rel=1e-7)
    assert result["df"] == 1
    assert "shape_p_value" not in result


def test_rank_tests(run: Run) -> None:
    """survdiff of R; the Wilcoxon statistic summed by hand in R with the same weights."""
    result = run("life_comparison", groups=AML)
    assert result["log_rank_chi2"] == pytest.approx(SURVDIFF, rel=1e-8)
    assert result["wilcoxon_chi2"] == pytest.approx(GEHAN, rel=1e-8)
    survival = run("kaplan_meier", groups=AML)
    assert survival["chi2"] == pytest.approx(SURVDIFF, rel=1e-8)
    assert survival["wilcoxon_chi2"] == pytest.approx(GEHAN, rel=1e-8)


def test_each_group_is_its_own_fit(run: Run) -> None:
    result = run("life_comparison", groups=AML)
    for row in result["groups"]:
        own = run("weibull_fit", **AML[row["name"]])
        assert row["shape"] == pytest.approx(own["shape"], rel=1e-6)
        assert row["scale"] == pytest.approx(own["scale"], rel=1e-6)
        assert row["B10"] == pytest.approx(own["B10"], rel=1e-6)


def test_three_groups_and_their_size(run: Run) -> None:
    rng = np.random.default_rng(6)
    groups = {
        label: {"time": (scale * rng.weibull(2, 80)).tolist()}
        for label, scale in (("A", 100), ("B", 100), ("C", 160))
    }
    result = run("life_comparison", groups=groups)
    assert result["df"] == 4
    assert result["significant"] is True
    assert result["shape_p_value"] > 0.05
    assert len(result["ratios"]) == 3
    twice = {label: {"time": group["time"] * 2} for label, group in groups.items()}
    doubled = run("life_comparison", groups=twice)
    assert doubled["chi2"] == pytest.approx(2 * result["chi2"], rel=1e-6)


def test_level_of_the_tests() -> None:
    """Equal groups are told apart in about one of twenty cases."""
    rng = np.random.default_rng(9)
    wrong = 0
    for _ in range(120):
        groups = {label: {"time": rng.weibull(1.5, 40).tolist()} for label in "AB"}
        result = registry.execute("life_comparison", {"groups": groups}).quantities
        wrong += result["significant"]
    assert 1 <= wrong <= 15


@pytest.mark.parametrize(
    ("groups", "words"),
    [
        ({"A": {"time": [1, 2, 3]}}, "1 groups"),
        ({"A": {"time": [1, 2, 3]}, "B": {"time": [1, 2], "event": [0, 1]}}, "too few"),
        ({"A": {"time": [1, 2, 3]}, "B": {"time": [2, 2, 2]}}, "without spread"),
        ({"A": {"time": [1, 2, 3]}, "B": {"time": [1, 2, 3], "event": [0, 0, 0]}}, "groups B"),
        ({"A": {"time": [1, 2, 3]}, "B": {"time": [1, -2, 3]}}, "groups B"),
        ({"A": {"time": [1, 2, 3]}, "B": {"time": []}}, "no times"),
    ],
)
def test_bad_input_is_named(groups: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        registry.execute("life_comparison", {"groups": groups})
