"""Outlier tests against the NIST handbook, published tables and simulation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from havoc.errors import InputError
from havoc.tools import registry
from havoc.tools.stats.outlier_test import dixon_critical, dixon_sf

# NIST handbook 1.3.5.17.1, uranium isotope; and 1.3.5.17.3, Rosner's example.
ISOTOPE = [199.31, 199.53, 200.19, 200.82, 201.92, 201.95, 202.18, 245.57]
ROSNER = [
    -0.25, 0.68, 0.94, 1.15, 1.20, 1.26, 1.26, 1.34, 1.38, 1.43, 1.49, 1.49, 1.55, 1.56, 1.58,
    1.65, 1.69, 1.70, 1.76, 1.77, 1.81, 1.91, 1.94, 1.96, 1.99, 2.06, 2.09, 2.10, 2.14, 2.15,
    2.23, 2.24, 2.26, 2.35, 2.37, 2.40, 2.47, 2.54, 2.62, 2.64, 2.90, 2.92, 2.92, 2.93, 3.21,
    3.26, 3.30, 3.59, 3.68, 4.30, 4.64, 5.34, 5.42, 6.01,
]  # fmt: skip


def outliers(**arguments: Any) -> dict[str, Any]:
    return registry.execute("outlier_test", arguments).quantities


def test_grubbs_of_the_handbook() -> None:
    # G = 2.4687; one-sided critical value 2.032 at 5 %.
    found = outliers(data=ISOTOPE, side="high")
    assert found["G"] == pytest.approx(2.4687, abs=1e-4)
    assert found["critical"] == pytest.approx(2.032, abs=5e-4)
    assert found["outliers"] == [245.57]
    assert found["positions"] == [8]


def test_grubbs_p_value_and_critical_value_agree() -> None:
    found = outliers(data=ISOTOPE)
    assert found["significant"] == (found["p_value"] < 0.05)
    at_limit = outliers(data=ISOTOPE, alpha=found["p_value"] * 1.001)
    assert at_limit["critical"] == pytest.approx(found["G"], rel=1e-5)


def test_generalised_esd_of_the_handbook() -> None:
    found = outliers(data=ROSNER, method="generalized_esd", max_outliers=10)
    statistics = [3.118, 2.942, 3.179, 2.810, 2.815, 2.848, 2.279, 2.310, 2.101, 2.067]
    criticals = [3.158, 3.151, 3.143, 3.136, 3.128, 3.120, 3.111, 3.103, 3.094, 3.085]
    assert [item["statistic"] for item in found["steps"]] == pytest.approx(statistics, abs=1e-3)
    assert [item["critical"] for item in found["steps"]] == pytest.approx(criticals, abs=1e-3)
    assert found["outliers"] == [6.01, 5.42, 5.34]


def test_dixon_critical_values_of_the_tables() -> None:
    # Rorabacher (1991), two-tailed 95 %: half of 5 % at each end.
    for n, critical in ((3, 0.970), (4, 0.829), (5, 0.710), (6, 0.625), (7, 0.568), (10, 0.466)):
        assert dixon_critical(n, 0.025, 1, 0) == pytest.approx(critical, abs=3.5e-3)
    # Dixon (1951), one-tailed 5 %: r11, r21 and r22.
    for n, above, below, critical in ((8, 1, 1, 0.554), (11, 2, 1, 0.576), (14, 2, 2, 0.546)):
        assert dixon_critical(n, 0.05, above, below) == pytest.approx(critical, abs=2e-3)


def test_dixon_probability_by_simulation() -> None:
    samples = np.sort(np.random.default_rng(8).normal(size=(200_000, 9)), axis=1)
    for above, below in ((1, 0), (1, 1), (2, 1), (2, 2)):
        span = samples[:, -1] - samples[:, below]
        ratio = (samples[:, -1] - samples[:, -1 - above]) / span
        for q in (0.3, 0.6):
            assert dixon_sf(q, 9, above, below) == pytest.approx(np.mean(ratio >= q), abs=4e-3)


def test_dixon_of_a_textbook() -> None:
    # Five values: gap 0.016 over range 0.022.
    found = outliers(data=[0.189, 0.167, 0.187, 0.183, 0.186], method="dixon")
    assert found["Q"] == pytest.approx(0.016 / 0.022)
    assert found["suspect"] == 0.167
    assert found["suspect_position"] == 2
    assert outliers(data=ISOTOPE, method="dixon")["ratio"] == "r11"


def test_fences() -> None:
    found = outliers(data=[1, 2, 3, 2, 3, 2, 50], method="iqr")
    assert (found["fence_low"], found["fence_high"]) == (0.5, 4.5)
    assert found["outliers"] == [50]


def test_shift_scale_and_reflection_do_not_matter() -> None:
    for method in ("grubbs", "dixon"):
        plain = outliers(data=ISOTOPE, method=method)
        moved = outliers(data=[1e8 - 2 * value for value in ISOTOPE], method=method)
        assert moved["statistic"] == pytest.approx(plain["statistic"], rel=1e-6)
        assert moved["suspect_position"] == plain["suspect_position"]


@pytest.mark.parametrize(
    "arguments",
    [
        {"data": []},
        {"data": [1.0, 2.0]},
        {"data": [1.0, 1.0, 1.0]},
        {"data": [1.0, 2.0, float("inf")]},
        {"data": [float(i) for i in range(31)], "method": "dixon"},
        {"data": [1.0, 2.0, 4.0], "method": "generalized_esd"},
        {"data": ROSNER, "method": "generalized_esd", "max_outliers": 0},
        {"data": ROSNER, "method": "generalized_esd", "max_outliers": 53},
    ],
)
def test_bad_input_is_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        outliers(**arguments)
