"""Cells as numbers, missing values, censored values and texts."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from effort import processor_seconds
from havoc.errors import InputError
from havoc.reading.numbers import (
    detect_decimal_comma,
    is_missing,
    parse_number,
    parse_quantity,
    read_cell,
)

FINITE = st.floats(allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12.1", 12.1),
        ("-12.1", -12.1),
        ("−12.1", -12.1),
        ("–12.1", -12.1),
        ("+5", 5.0),
        (".5", 0.5),
        ("1.", 1.0),
        ("1e-3", 0.001),
        ("1E+3", 1000.0),
        ("1.2×10^-3", 0.0012),
        ("1,234", 1234.0),
        ("1,234,567.5", 1234567.5),
        ("1 234 567", 1234567.0),
        ("1\u202f234,5".replace(",", "."), 1234.5),
        ("1\u00a0234", 1234.0),
        ("1'234.5", 1234.5),
        ("1’234.5", 1234.5),
        ("  7 ", 7.0),
    ],
)
def test_number_with_decimal_point(text: str, value: float) -> None:
    assert parse_number(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0,42", 0.42),
        ("12,5", 12.5),
        ("-,5", -0.5),
        ("1.234,5", 1234.5),
        ("1 234,5", 1234.5),
        ("1.234", 1234.0),
        ("12.5", 12.5),
        ("7", 7.0),
        ("1,5e-3", 0.0015),
    ],
)
def test_number_with_decimal_comma(text: str, value: float) -> None:
    assert parse_number(text, decimal_comma=True) == value


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("12%", 12.0, "%"),
        ("12 %", 12.0, "%"),
        ("12.1 mm", 12.1, "mm"),
        ("12.1mm", 12.1, "mm"),
        ("25 °C", 25.0, "°C"),
        ("25C", 25.0, "C"),
        ("3.2 mg/L", 3.2, "mg/L"),
        ("12.1 ± 0.2 mm", 12.1, "mm"),
        ("12.1 +/- 0.2", 12.1, ""),
        ("$12.50", 12.5, "$"),
        ("2 A", 2.0, "A"),
    ],
)
def test_quantity(text: str, value: float, unit: str) -> None:
    assert parse_quantity(text) == (value, unit)


@pytest.mark.parametrize(
    "text",
    [
        "N1",
        "2A",
        "3B",
        "3rd",
        "8:00",
        "5.4/5.2",
        "1.2.3",
        "12 13",
        "--5",
        "1_000",
        "٣",
        "1,23",
        "2024-01-05",
        "5 samples",
        "0x10",
        "12,5",
        "1 x10305",
        "- 5",
        "±0.5",
        "1,2345",
    ],
)
def test_text_is_no_number(text: str) -> None:
    assert read_cell(text).kind == "text"
    assert parse_number(text) is None


@pytest.mark.parametrize(
    "text", ["", "  ", "n/a", "NA", "-", "--", "nan", "NaN", "missing", "n.d.", "*", "#N/A", "—"]
)
def test_missing_marker(text: str) -> None:
    assert is_missing(text)
    assert read_cell(text).kind == "missing"
    assert parse_number(text) is None


@pytest.mark.parametrize("text", ["<LOD", "< LOQ", "<0.05", "> 100", "<5 ppm", "BDL", "≤0,1"])
def test_censored_is_neither_number_nor_missing(text: str) -> None:
    assert read_cell(text).kind == "censored"
    assert parse_number(text) is None
    assert not is_missing(text)


@pytest.mark.parametrize("text", ["inf", "-inf", "Infinity", "∞", "1e309", "-1e999", "9" * 400])
def test_infinite_number_is_an_error(text: str) -> None:
    with pytest.raises(InputError, match="not a finite number"):
        parse_number(text)


@pytest.mark.parametrize(
    ("cells", "comma"),
    [
        (["0,42", "0,51"], True),
        (["12,5", "13"], True),
        (["1.234,5"], True),
        (["0,423", "1,234"], True),
        (["12,5 mm"], True),
        (["1,234", "2,345"], False),
        (["1,234.5"], False),
        (["12.5", "12,5"], False),
        (["a", ""], False),
        ([], False),
    ],
)
def test_detect_decimal_comma(cells: list[str], comma: bool) -> None:
    assert detect_decimal_comma(cells) is comma


def test_ambiguous_thousands_are_marked() -> None:
    assert read_cell("1,234").grouped
    assert not read_cell("1,234,567").grouped
    assert read_cell("1.234", decimal_comma=True).grouped


def test_spread_is_set_aside() -> None:
    assert read_cell("12.1 ± 0.2").spread == 0.2
    assert read_cell("12,1±0,2", decimal_comma=True).spread == 0.2


@given(FINITE)
def test_every_float_comes_back(value: float) -> None:
    assert parse_number(repr(value)) == value


@given(FINITE)
def test_every_float_comes_back_with_a_decimal_comma(value: float) -> None:
    assert parse_number(repr(value).replace(".", ","), decimal_comma=True) == value


@given(st.integers(-(10**15), 10**15), st.sampled_from([",", "'", " ", "\u2009"]))
def test_thousands_separators_do_not_change_the_value(value: int, mark: str) -> None:
    text = f"{value:,}".replace(",", mark)
    assert parse_number(text) == float(value)


@given(st.text(max_size=80))
def test_any_text_is_read_without_an_exception(text: str) -> None:
    for comma in (False, True):
        cell = read_cell(text, comma)
        assert (cell.value is not None) == (cell.kind == "number")
        assert cell.value is None or math.isfinite(cell.value)


@pytest.mark.parametrize(
    "text", ["1" * 10**6, " " * 10**6, "1," * 500_000, "<" * 10**6, "1" * 63 + "x", "±" * 10**6]
)
def test_hostile_cell_is_little_work(text: str) -> None:
    with processor_seconds(2):
        read_cell(text)
        detect_decimal_comma([text])
