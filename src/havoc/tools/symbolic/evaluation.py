"""Numerical value of a formula for numbers or whole arrays, without sympy.

Used to check symbolic results by another route, to search for roots, and to fit
models that a user has written.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from scipy import special

from havoc.errors import InputError
from havoc.tools.symbolic.tree import (
    Call,
    Constant,
    Equation,
    Name,
    Negative,
    Number,
    Operation,
    Tree,
    place,
)

CONSTANT_VALUES = {"pi": math.pi, "e": math.e, "inf": math.inf}

FUNCTION_VALUES: dict[str, Callable[..., Any]] = {
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "cot": lambda x: 1 / np.tan(x),
    "sec": lambda x: 1 / np.cos(x),
    "csc": lambda x: 1 / np.sin(x),
    "asin": np.arcsin,
    "acos": np.arccos,
    "atan": np.arctan,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "tanh": np.tanh,
    "asinh": np.arcsinh,
    "acosh": np.arccosh,
    "atanh": np.arctanh,
    "exp": np.exp,
    "log": lambda x, base=None: np.log(x) if base is None else np.log(x) / np.log(base),
    "log10": np.log10,
    "log2": np.log2,
    "sqrt": np.sqrt,
    "cbrt": np.cbrt,
    "root": lambda x, degree: np.power(x, 1 / degree),
    "abs": np.abs,
    "sign": np.sign,
    "floor": np.floor,
    "ceil": np.ceil,
    "min": lambda *values: np.minimum.reduce(np.broadcast_arrays(*values)),
    "max": lambda *values: np.maximum.reduce(np.broadcast_arrays(*values)),
    "gamma": special.gamma,
    "factorial": lambda x: special.gamma(np.asarray(x) + 1),
    "binomial": special.binom,
    "erf": special.erf,
    "erfc": special.erfc,
    "atan2": np.arctan2,
    "normcdf": special.ndtr,
    "pow": np.power,
}


def evaluate(tree: Tree, values: Mapping[str, Any], where: str = "expression") -> Any:
    """The value of ``tree``, with numbers or arrays for its variables.

    Outside the domain of a function the result is NaN, as in numpy. An equation
    gives left minus right. Raises InputError for a variable without a value.
    """
    with np.errstate(all="ignore"):
        return _value(tree, values, where)


def _value(tree: Tree, values: Mapping[str, Any], where: str) -> Any:
    if isinstance(tree, Number):
        return np.float64(tree.text)
    if isinstance(tree, Constant):
        return np.float64(CONSTANT_VALUES[tree.name])
    if isinstance(tree, Name):
        if tree.name not in values:
            raise InputError(
                f"{tree.name} has no value",
                where=place(where, tree.at),
                remedy=f"give a value for {tree.name}",
            )
        return np.asarray(values[tree.name], dtype=np.float64)[()]
    if isinstance(tree, Negative):
        return -_value(tree.operand, values, where)
    if isinstance(tree, Call):
        arguments = [_value(item, values, where) for item in tree.arguments]
        return FUNCTION_VALUES[tree.function](*arguments)
    left, right = _value(tree.left, values, where), _value(tree.right, values, where)
    if isinstance(tree, Equation):
        return left - right
    if tree.operator == "+":
        return left + right
    if tree.operator == "-":
        return left - right
    if tree.operator == "*":
        return left * right
    if tree.operator == "/":
        return np.true_divide(left, right)
    return _power(tree, left, right)


def _power(tree: Operation, base: Any, exponent: Any) -> Any:
    if isinstance(tree.left, Constant) and tree.left.name == "e":
        return np.exp(exponent)
    return np.power(base, exponent)
