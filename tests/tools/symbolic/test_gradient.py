"""Derivatives on the tree against sympy's."""

from __future__ import annotations

import numpy as np
import pytest
import sympy

from havoc.errors import InputError
from havoc.tools.symbolic.expression import to_sympy
from havoc.tools.symbolic.gradient import value_and_slopes
from havoc.tools.symbolic.syntax import read

FORMULAS = [
    "b1*(1-exp(-b2*x))",
    "b1*x^b2",
    "b1 - b2*x - atan(b3/(x-b4))/pi",
    "(b1 + b2*x + b3*x^2)/(1 + b4*x^3)",
    "b1/(1+exp(b2-b3*x))^(1/b4)",
    "sin(b1*x)*cos(b2) + tan(b3*x) - sec(b1) + csc(b2) - cot(b3)",
    "asin(b1/9) + acos(b2/9) + sinh(b1) - cosh(b2) + tanh(b3*x)",
    "asinh(b1) + acosh(1+b2) + atanh(b3/9)",
    "ln(b1*x) + log10(b2) + log2(b3) + sqrt(b1) + cbrt(b2*x)",
    "log(b1, b2) + root(b3, b1) + pow(b2, b1) + atan2(b1, b3*x)",
    "erf(b1*x) + erfc(b2) + normcdf(b3-x) + gamma(b1) + factorial(b2)",
    "min(b1, b2*x) + max(b3, b1) + abs(b1-b2*x)",
    "b1 = b2*x",
    "-(b1^2)^b2",
]


@pytest.mark.parametrize("formula", FORMULAS)
def test_derivatives_agree_with_sympy(formula: str) -> None:
    tree = read(formula)
    names = ["b1", "b2", "b3", "b4"]
    values = {"b1": 1.7, "b2": 0.6, "b3": 2.3, "b4": 1.1, "x": 0.9}
    value, slopes = value_and_slopes(tree, values, names)
    symbolic = to_sympy(tree, assumptions={"real": True})
    if isinstance(symbolic, sympy.Eq):
        symbolic = symbolic.lhs - symbolic.rhs
    at = {sympy.Symbol(name, real=True): number for name, number in values.items()}
    assert float(value) == pytest.approx(float(symbolic.subs(at)), rel=1e-12)
    for name in names:
        expected = float(symbolic.diff(sympy.Symbol(name, real=True)).subs(at))
        assert float(slopes.get(name, 0.0)) == pytest.approx(expected, rel=1e-12, abs=1e-14)


def test_arrays_and_zero_to_a_power() -> None:
    x = np.array([0.0, 1.0, 2.0])
    value, slopes = value_and_slopes(read("b1*x^b2"), {"x": x, "b1": 2.0, "b2": 1.5}, ["b1", "b2"])
    assert value == pytest.approx(2 * x**1.5)
    assert slopes["b1"] == pytest.approx(x**1.5)
    assert slopes["b2"] == pytest.approx([0, 0, 2 * 2**1.5 * np.log(2)])


def test_what_cannot_be_differentiated_is_named() -> None:
    with pytest.raises(InputError, match="binomial has no derivative"):
        value_and_slopes(read("binomial(b1, 2)"), {"b1": 5.0}, ["b1"])
    with pytest.raises(InputError, match="b2 has no value"):
        value_and_slopes(read("b1*b2"), {"b1": 5.0}, ["b1"])
