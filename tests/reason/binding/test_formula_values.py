"""A formula worked out for given values: which value stands for which name, in which unit."""

from __future__ import annotations

from typing import Any

import pytest

from havoc.reading.question import read_question
from havoc.reason.binding import NeedsInput, bind
from havoc.tools import registry


def worked_out(question: str) -> tuple[dict[str, Any], float]:
    binding = bind("evaluate", read_question(question))
    return binding.args, registry.execute("evaluate", binding.args).quantities["value"]


@pytest.mark.parametrize(
    ("question", "expression", "values", "unit", "value"),
    [
        (
            "torque T = F*r for F 250 N and r 0.4 m, in Nm",
            "F*r",
            {"F": "250 N", "r": "0.4 m"},
            "Nm",
            100.0,
        ),
        (
            "sigma_b = M/W, M = 3 kNm, W is 40 cm^3. MPa please",
            "M/W",
            {"M": "3 kNm", "W": "40 cm^3"},
            "MPa",
            75.0,
        ),
        (
            "heat conducted Q*d/(A*dT): Q 50 W; d 10 mm; A .02 m^2; dT 20 K, in W/(m*K)",
            "Q*d/(A*dT)",
            {"Q": "50 W", "d": "10 mm", "A": "0.02 m^2", "dT": "20 K"},
            "W/(m*K)",
            1.25,
        ),
        (
            "m*v^2/2 when v came out at 3.2 x 10^2 m/s and m at 2 kg - how many kJ?",
            "m*v^2/2",
            {"m": "2 kg", "v": "3.2e2 m/s"},
            "kJ",
            102.4,
        ),
        (
            "energy 0.5*k*x^2, take 250 N/m for k and 30 mm for x, J",
            "0.5*k*x^2",
            {"k": "250 N/m", "x": "30 mm"},
            "J",
            0.1125,
        ),
        (
            "pi*d*n with d = 63 mm and n = 900 rpm in m/min",
            "pi*d*n",
            {"d": "63 mm", "n": "900 1/min"},
            "m/min",
            178.128303,
        ),
        (
            "what does (hi-lo)/(4*s) give, hi 12.5, lo 11.3, s .1",
            "(hi-lo)/(4*s)",
            {"hi": 12.5, "lo": 11.3, "s": 0.1},
            "",
            3.0,
        ),
        (
            "work out (Tm - T0)/(Th - T0)\nTm = 55\nT0 = 20\nTh = 90",
            "(Tm - T0)/(Th - T0)",
            {"Tm": 55.0, "T0": 20.0, "Th": 90.0},
            "",
            0.5,
        ),
        ("gain = A/(1-e) where A is 6 and e is .25", "A/(1-e)", {"A": 6.0, "e": 0.25}, "", 8.0),
        ("share lost, (600-48)/600 =", "(600-48)/600", {}, "", 0.92),
    ],
)
def test_values_follow_their_names(
    question: str, expression: str, values: dict[str, Any], unit: str, value: float
) -> None:
    args, result = worked_out(question)
    assert args["expression"] == expression
    assert args.get("values", {}) == values
    assert args.get("to_unit", "") == unit
    assert result == pytest.approx(value, rel=1e-6)


def test_units_say_which_nameless_value_is_which() -> None:
    # 6 bar squared times a length is no force, so the pressure is p
    args, result = worked_out("ram of 50 mm bore at 60 bar, p*pi*d^2/4, how many kN")
    assert args["values"] == {"p": "60 bar", "d": "50 mm"}
    assert args["to_unit"] == "kN"
    assert result == pytest.approx(11.780972, rel=1e-6)


def test_nameless_values_are_not_guessed() -> None:
    with pytest.raises(NeedsInput, match="needs a value for V, W"):
        bind("evaluate", read_question("V/W in the tank of 30 L beside the tank of 45 L"))


def test_a_name_without_a_value_is_asked_for() -> None:
    with pytest.raises(NeedsInput, match="needs a value for h"):
        bind("evaluate", read_question("rho*g*h with rho = 870 kg/m^3 and g = 9.81 m/s^2, in bar"))


def test_quantities_joined_by_words() -> None:
    args, result = worked_out("how much is 12 kN divided by 80 mm^2 in MPa")
    assert args == {
        "expression": "a/b",
        "values": {"a": "12 kN", "b": "80 mm^2"},
        "to_unit": "MPa",
    }
    assert result == pytest.approx(150.0)


def test_no_formula_is_asked_for() -> None:
    with pytest.raises(NeedsInput, match="no formula"):
        bind("evaluate", read_question("please calculate it for the 3 tanks"))
