"""How written formulas are read."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from effort import processor_seconds
from havoc.errors import InputError
from havoc.tools.symbolic.evaluation import evaluate
from havoc.tools.symbolic.syntax import read
from havoc.tools.symbolic.tree import names

POINT = {"x": 1.3, "y": 0.7, "a": 2.0, "b": 3.0, "t": 0.4, "d": 1.5, "r": 2.5, "n": 4.0, "p": 0.2}


@pytest.mark.parametrize(
    ("text", "python"),
    [
        ("3a+2b", 3 * 2 + 2 * 3),
        ("2x", 2.6),
        ("3x^2 - 5x + 7", 3 * 1.69 - 6.5 + 7),
        ("x**2", 1.69),
        ("-x^2", -1.69),
        ("2^3^2", 512),
        ("x^-2", 1.3**-2),
        ("20+80e^(-0.05t)", 20 + 80 * math.exp(-0.02)),
        ("e^-x", math.exp(-1.3)),
        ("sin(2x)*x", math.sin(2.6) * 1.3),
        ("sin^2(t)+cos²(t)", 1),
        ("sin 2x + 1", math.sin(2.6) + 1),
        ("10sin(t)+10", 10 * math.sin(0.4) + 10),
        ("EXP(-x)", math.exp(-1.3)),
        ("ln x", math.log(1.3)),
        ("log10(100)", 2),
        ("log(8, 2)", 3),
        ("max(1,2)", 2),
        ("1/(x(x+2))", 1 / (1.3 * 3.3)),
        ("(2a+3)(a-4)", 7 * -2),
        ("6x/9x^2", 6 * 1.3 / (9 * 1.69)),
        ("1/2 x", 0.65),
        ("1/2x", 1 / 2.6),
        ("x^2y", 1.69 * 0.7),
        ("x²y³", 1.69 * 0.343),
        ("2πr", 2 * math.pi * 2.5),
        ("12,5·d − 3", 12.5 * 1.5 - 3),
        ("a × b ÷ 2", 3),
        ("0,125x", 0.125 * 1.3),
        ("1.8e-5*x", 1.8e-5 * 1.3),
        ("2e3x", 2600),
        ("n!", 24),
        ("5% + p", 0.25),
        ("sin(30°)", 0.5),
        ("√2 x", math.sqrt(2) * 1.3),
        ("4ab - a^2 + b", 4 * 6 - 4 + 3),
        ("cbrt(27) + abs(-2) + floor(2.7) + ceil(2.1)", 10),
        ("normcdf(0)", 0.5),
        ("binomial(5, 2)", 10),
        ("atan2(1, 1)", math.pi / 4),
        ("0.5 t", 0.2),
        ("[x + {y - 1}]", 1.0),
    ],
)
def test_what_people_type(text: str, python: float) -> None:
    assert float(evaluate(read(text), POINT)) == pytest.approx(python)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("4ab + a + b", ["a", "b"]),
        ("Vmax*S/(Km+S)", ["Km", "S", "Vmax"]),
        ("k*A*(T1-T2)/d", ["A", "T1", "T2", "d", "k"]),
        ("lambda*exp(-lambda*t)", ["lambda", "t"]),
        ("gamma*x + gamma(5)", ["gamma", "x"]),
        ("-ln(exp(-(t/eta)^beta))", ["beta", "eta", "t"]),
        ("pi*e*x", ["x"]),
    ],
)
def test_variables(text: str, expected: list[str]) -> None:
    assert names(read(text)) == expected


def test_given_variables_come_first() -> None:
    assert names(read("e*x", ["e"])) == ["e", "x"]
    assert names(read("3xy", ["x", "y"])) == ["x", "y"]
    assert names(read("3xy", ["xy"])) == ["xy"]


def test_arrays() -> None:
    grid = np.linspace(0, 1, 5)
    assert np.allclose(
        evaluate(read("b1*(1-exp(-b2*x))"), {"b1": 2, "b2": 3, "x": grid}),
        2 * (1 - np.exp(-3 * grid)),
    )


@pytest.mark.parametrize(
    ("text", "column", "says"),
    [
        ("", "", "nothing to read"),
        ("3x + = 12", "column 6", "misplaced ="),
        ("3x +", "column 5", "ends too early"),
        ("(x+1", "column 5", "close the parenthesis"),
        ("x+1)", "column 4", "unexpected \\)"),
        ("2 3", "column 3", "operator"),
        ("foo(x)", "column 1", "no function foo"),
        ("x < 3", "column 3", "inequality"),
        ("|x|", "column 1", "abs"),
        ("a=b=c", "column 4", "misplaced ="),
        ("sin^-1(x)", "column 1", "inverse"),
        ("1 + sin", "column 5", "needs an argument"),
        ("e^2x", "column 3", "parentheses"),
        ("1,000x", "column 1", "1000 or 1.000"),
        ("max()", "column 5", "unexpected"),
        ("log(1;2;3)", "column 1", "arguments"),
        ("x.real", "column 2", "unexpected"),
        ("__import__('os')", "column 1", "unexpected"),
        ("x; import os", "column 2", "unexpected"),
        ("'a'", "column 1", "unexpected"),
        ("x@y", "column 2", "unexpected"),
        ("(" * 200 + "x" + ")" * 200, "column 61", "nested"),
        ("-" * 300 + "x", "column", "nested"),
        ("^".join("9" * 100), "", "too many powers"),
        ("x" * 3000, "", "characters"),
        ("+".join("x" * 900), "", "too many terms"),
        ("+".join("x" * 300), "", "too many terms"),
    ],
)
def test_bad_formulas_are_placed(text: str, column: str, says: str) -> None:
    with pytest.raises(InputError, match=says) as caught:
        read(text)
    assert column in str(caught.value)
    assert "\n" not in str(caught.value)


@settings(max_examples=300, deadline=None)
@given(st.text("x2^*()+-/=.,sinelog!%√²π '\"_[]\n\\", max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        with processor_seconds(2):
            tree = read(text)
    except InputError:
        pass
    else:
        assert names(tree) is not None
