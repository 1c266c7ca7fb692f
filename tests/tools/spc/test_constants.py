"""Factors against the published table (Montgomery, appendix VI) and exact values."""

from __future__ import annotations

import math

import pytest

from havoc.errors import InputError
from havoc.tools import registry
from havoc.tools.spc import constants

# n: d2, d3, c4, A2, A3, B3, B4, D3, D4
PUBLISHED = {
    2: (1.128, 0.853, 0.7979, 1.880, 2.659, 0, 3.267, 0, 3.267),
    3: (1.693, 0.888, 0.8862, 1.023, 1.954, 0, 2.568, 0, 2.574),
    4: (2.059, 0.880, 0.9213, 0.729, 1.628, 0, 2.266, 0, 2.282),
    5: (2.326, 0.864, 0.9400, 0.577, 1.427, 0, 2.089, 0, 2.114),
    6: (2.534, 0.848, 0.9515, 0.483, 1.287, 0.030, 1.970, 0, 2.004),
    7: (2.704, 0.833, 0.9594, 0.419, 1.182, 0.118, 1.882, 0.076, 1.924),
    8: (2.847, 0.820, 0.9650, 0.373, 1.099, 0.185, 1.815, 0.136, 1.864),
    9: (2.970, 0.808, 0.9693, 0.337, 1.032, 0.239, 1.761, 0.184, 1.816),
    10: (3.078, 0.797, 0.9727, 0.308, 0.975, 0.284, 1.716, 0.223, 1.777),
    15: (3.472, 0.756, 0.9823, 0.223, 0.789, 0.428, 1.572, 0.347, 1.653),
    20: (3.735, 0.729, 0.9869, 0.180, 0.680, 0.510, 1.490, 0.415, 1.585),
    25: (3.931, 0.708, 0.9896, 0.153, 0.606, 0.565, 1.435, 0.459, 1.541),
}
NAMES = ("d2", "d3", "c4", "A2", "A3", "B3", "B4", "D3", "D4")


@pytest.mark.parametrize("n", PUBLISHED)
def test_factors_agree_with_the_published_table(n: int) -> None:
    found = registry.execute("control_chart_constants", {"subgroup_size": n}).quantities
    for name, expected in zip(NAMES, PUBLISHED[n], strict=True):
        assert found[name] == pytest.approx(expected, abs=0.0011), name


def test_closed_forms_are_reached_to_twelve_digits() -> None:
    root_pi = math.sqrt(math.pi)
    assert constants.d2(2) == pytest.approx(2 / root_pi, rel=1e-12)
    assert constants.d2(3) == pytest.approx(3 / root_pi, rel=1e-12)
    assert constants.d3(2) == pytest.approx(math.sqrt(2 - 4 / math.pi), rel=1e-11)
    assert constants.c4(2) == pytest.approx(math.sqrt(2 / math.pi), rel=1e-13)
    assert constants.c4(3) == pytest.approx(root_pi / 2, rel=1e-13)


@pytest.mark.parametrize("n", [2, 5, 30, 100, 1000])
def test_the_second_route_agrees(n: int) -> None:
    tool = registry.get("control_chart_constants")
    outcome = registry.execute("control_chart_constants", {"subgroup_size": n}).outcome
    checks = tool.verify(outcome, {"subgroup_size": n})
    assert len(checks) == 2
    assert all(check.agrees for check in checks)


@pytest.mark.parametrize("n", [-1, 0, 1, 1001, 10**9])
def test_sizes_without_factors_are_refused(n: int) -> None:
    with pytest.raises(InputError):
        registry.execute("control_chart_constants", {"subgroup_size": n})
