"""How figures are written: never another value than the one that was computed."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from havoc.formatting import figure

FINITE = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e14, max_value=1e14)


@pytest.mark.parametrize(
    ("value", "spec", "unit", "written"),
    [
        (True, "", "", "yes"),
        (False, "p", "", "no"),
        (None, "", "", "not available"),
        ("line {{f1}}", "", "", "line {{f1}}"),
        (5, "", "", "5"),
        (5.0, "", "", "5"),
        (123456.7, "", "", "123457"),
        (74.00118, "", "", "74.001"),
        (0.0, "", "", "0"),
        (-0.000012345, "", "", "-1.2345e-05"),
        (1e20, "", "", "1.0000e+20"),
        (0.0321, "p", "", "= 0.0321"),
        (0.0004, "p", "", "< 0.001"),
        (0.001, "p", "", "= 0.001"),
        (0.95, "%", "", "95 %"),
        (12.5, "unit", "mm", "12.5 mm"),
        (12.5, "unit", "", "12.5"),
        (2 / 3, ".3f", "", "0.667"),
        (2 / 3, "full", "", "0.6666666666666666"),
        (7, "full", "", "7"),
        (math.nan, "", "", "not available"),
        (math.inf, "unit", "mm", "∞"),
        (-math.inf, "", "", "−∞"),
        ([1, 2.5, "B"], "", "", "1, 2.5, B"),
        (list(range(13)), "", "", "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, …"),
        (list(range(12)), "", "", "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11"),
    ],
)
def test_known_figures(value: object, spec: str, unit: str, written: str) -> None:
    assert figure(value, spec, unit) == written


@given(FINITE)
def test_five_significant_digits_are_kept(value: float) -> None:
    assert float(figure(value)) == pytest.approx(value, rel=5.1e-5)


@given(FINITE)
def test_full_is_exact(value: float) -> None:
    assert float(figure(value, "full")) == value


@given(st.integers(min_value=-(10**18), max_value=10**18))
def test_counts_are_written_in_full(value: int) -> None:
    assert int(figure(value)) == value


@given(st.floats(min_value=0, max_value=1))
def test_a_p_value_is_never_written_on_the_other_side_of_a_level(p: float) -> None:
    written = figure(p, "p")
    if written == "< 0.001":
        assert p < 0.001
    else:
        assert p >= 0.001
        assert float(written.removeprefix("= ")) == pytest.approx(p, rel=5.1e-3)
