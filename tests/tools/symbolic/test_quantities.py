"""Units and formulas with units, against exact definitions (NIST SP 811)."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from havoc.errors import InputError
from havoc.tools import registry

Run = Callable[..., dict[str, Any]]
LBF, INCH, FOOT = 4.4482216152605, 0.0254, 0.3048


@pytest.mark.parametrize(
    ("value", "source", "target", "expected"),
    [
        (1, "in-lbf", "Nm", LBF * INCH),
        (1, "in-lb", "N m", LBF * INCH),
        (30, "ft-lb", "Nm", 30 * LBF * FOOT),
        (40, "ft lbs", "newton metres", 40 * LBF * FOOT),
        (12, "lbf.in", "N.m", 12 * LBF * INCH),
        (1, "psi", "Pa", LBF / INCH**2),
        (65, "psi", "bar", 65 * LBF / INCH**2 / 1e5),
        (3.5, "kgf/cm2", "bar", 3.5 * 0.980665),
        (1, "ksi", "MPa", LBF / INCH**2 / 1000),
        (1, "N/mm²", "MPa", 1),
        (1, "kN/mm^2", "GPa", 1),
        (3.2, "mm", "thou", 3.2 / 0.0254),
        (1, "mil", "um", 25.4),
        (0.0015, "in", "microns", 38.1),
        (63, "microinch", "µm", 1.6002),
        (12, "gpm", "litres per hr", 12 * 3.785411784 * 60),
        (2.5, "m3/h", "l/min", 2500 / 60),
        (5, "L/min", "gpm", 5 / 3.785411784),
        (1, "cfm", "m3/s", FOOT**3 / 60),
        (1450, "rpm", "rad/s", 1450 * 2 * math.pi / 60),
        (7.85, "g/cm3", "kg/m3", 7850),
        (60, "km/h", "m/s", 60 / 3.6),
        (60, "mph", "km/h", 60 * 1.609344),
        (1, "hp", "W", 550 * LBF * FOOT),
        (1, "PS", "W", 735.49875),
        (100, "ppm", "%", 0.01),
        (3, "ton us short", "kg", 6000 * 0.45359237),
        (1, "sq ft", "m2", FOOT**2),
        (5, "W/m2K", "W/m^2/K", 5),
        (0.002, "mbar.L/s", "Pa.m3/s", 0.0002),
        (356, "F", "C", 180),
        (-40, "°F", "°C", -40),
        (20, "degC", "K", 293.15),
        (10, "C/min", "F/min", 18),
        (1, "inH2O", "Pa", 249.08891),
        (10, "mmH2O", "Pa", 98.0665),
        (1, "1/min", "Hz", 1 / 60),
    ],
)
def test_units_as_typed(run: Run, value: float, source: str, target: str, expected: float) -> None:
    found = run("unit_conversion", value=value, from_unit=source, to_unit=target)
    assert found["value"] == pytest.approx(expected, rel=1e-6)


def test_temperature_difference_and_molar_mass(run: Run) -> None:
    difference = run("unit_conversion", value=10, from_unit="C", to_unit="F", difference=True)
    assert difference["value"] == pytest.approx(18)
    glucose = run(
        "unit_conversion", value=5.6, from_unit="mmol/L", to_unit="mg/dL", molar_mass=180.16
    )
    assert glucose["value"] == pytest.approx(100.8896)
    back = run("unit_conversion", value=25, from_unit="mg/L", to_unit="mmol/L", molar_mass=100)
    assert back["value"] == pytest.approx(0.25)


def test_ambiguous_units_are_said() -> None:
    outcome = registry.execute(
        "unit_conversion", {"value": 2, "from_unit": "gal", "to_unit": "l"}
    ).outcome
    assert any("US gallon" in text for text in outcome.warnings)


@settings(max_examples=60, deadline=None)
@given(
    st.floats(-1e6, 1e6),
    st.sampled_from([("psi", "bar"), ("in", "mm"), ("F", "C"), ("Nm", "in-lbf"), ("hp", "kW")]),
)
def test_there_and_back(value: float, pair: tuple[str, str]) -> None:
    if "F" in pair and value < -459:
        return
    there = registry.execute(
        "unit_conversion", {"value": value, "from_unit": pair[0], "to_unit": pair[1]}
    ).quantities["value"]
    back = registry.execute(
        "unit_conversion", {"value": there, "from_unit": pair[1], "to_unit": pair[0]}
    ).quantities["value"]
    assert back == pytest.approx(value, rel=1e-12, abs=1e-9)


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ({"value": 30, "from_unit": "psi", "to_unit": "C"}, "a pressure and C a temperature"),
        ({"value": 12, "from_unit": "kg", "to_unit": "mm"}, "a mass and mm a length"),
        ({"value": 1, "from_unit": "blorp", "to_unit": "mm"}, "not known"),
        ({"value": 1, "from_unit": "", "to_unit": "mm"}, "no unit"),
        ({"value": 1, "from_unit": "__class__", "to_unit": "mm"}, "not known"),
        ({"value": 1, "from_unit": "m" * 81, "to_unit": "mm"}, "80"),
        ({"value": -500, "from_unit": "C", "to_unit": "F"}, "absolute zero"),
        ({"value": math.nan, "from_unit": "C", "to_unit": "F"}, "finite"),
        ({"value": 25, "from_unit": "mg/L", "to_unit": "mmol/L"}, "molar_mass"),
        ({"value": 45, "from_unit": "mm"}, "to_unit is missing"),
    ],
)
def test_bad_units_are_named(bad: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says):
        registry.execute("unit_conversion", bad)


def test_evaluate_numbers_and_units(run: Run) -> None:
    assert run("evaluate", expression="2x^2 + 1", values={"x": 3})["value"] == 19
    stress = run(
        "evaluate", expression="F/(pi*d^2/4)", values={"F": "12 kN", "d": "20 mm"}, to_unit="MPa"
    )
    assert stress["value"] == pytest.approx(12000 / (math.pi * 100))
    side = registry.execute(
        "evaluate", {"expression": "sqrt(a^2+b^2)", "values": {"a": "3 mm", "b": "0,4 cm"}}
    ).outcome
    assert side.value == pytest.approx(5) and side.unit == "mm"
    gas = run(
        "evaluate",
        expression="n*8.314462618*T/V",
        values={"n": 1, "T": "0 C", "V": 0.022413969},
    )
    assert gas["value"] == pytest.approx(101325, rel=1e-6)


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ({"expression": "a+b", "values": {"a": "1 m", "b": "2 s"}}, "a length and a time"),
        ({"expression": "sin(a)", "values": {"a": "1 m"}}, "plain number"),
        ({"expression": "1/x", "values": {"x": 0}}, "no finite value"),
        ({"expression": "x + y", "values": {"x": 1}}, "y has no value"),
        ({"expression": "x", "values": {"x": "mm"}}, "not a number with a unit"),
        ({"expression": "x", "values": {"x": "1 mm"}, "to_unit": "s"}, "a length"),
    ],
)
def test_bad_evaluation_is_named(bad: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says):
        registry.execute("evaluate", bad)
