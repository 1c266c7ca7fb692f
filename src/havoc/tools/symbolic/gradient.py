"""Value and derivatives of a formula at numbers or arrays, by the chain rule on its tree.

Forward differentiation: every node gives its value and the derivative by each wanted
variable. The derivatives are exact, need no computer algebra, and nothing is evaluated
as code. Reference: A. Griewank and A. Walther, Evaluating Derivatives (2008), chapter 3.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from scipy import special

from havoc.errors import InputError
from havoc.tools.symbolic.evaluation import CONSTANT_VALUES, FUNCTION_VALUES
from havoc.tools.symbolic.tree import (
    Call,
    Constant,
    Equation,
    Name,
    Negative,
    Number,
    Tree,
    place,
)

Slopes = dict[str, Any]

# Derivative of each function of one argument, from the argument and the value.
SLOPES: dict[str, Callable[[Any, Any], Any]] = {
    "sin": lambda x, _: np.cos(x),
    "cos": lambda x, _: -np.sin(x),
    "tan": lambda _, value: 1 + value * value,
    "cot": lambda _, value: -(1 + value * value),
    "sec": lambda x, value: value * np.tan(x),
    "csc": lambda x, value: -value / np.tan(x),
    "asin": lambda x, _: 1 / np.sqrt(1 - x * x),
    "acos": lambda x, _: -1 / np.sqrt(1 - x * x),
    "atan": lambda x, _: 1 / (1 + x * x),
    "sinh": lambda x, _: np.cosh(x),
    "cosh": lambda x, _: np.sinh(x),
    "tanh": lambda _, value: 1 - value * value,
    "asinh": lambda x, _: 1 / np.sqrt(x * x + 1),
    "acosh": lambda x, _: 1 / np.sqrt(x * x - 1),
    "atanh": lambda x, _: 1 / (1 - x * x),
    "exp": lambda _, value: value,
    "log": lambda x, _: 1 / x,
    "log10": lambda x, _: 1 / (x * math.log(10)),
    "log2": lambda x, _: 1 / (x * math.log(2)),
    "sqrt": lambda _, value: 0.5 / value,
    "cbrt": lambda x, value: value / (3 * x),
    "abs": lambda x, _: np.sign(x),
    "sign": lambda x, _: np.zeros_like(x),
    "floor": lambda x, _: np.zeros_like(x),
    "ceil": lambda x, _: np.zeros_like(x),
    "gamma": lambda x, value: value * special.digamma(x),
    "factorial": lambda x, value: value * special.digamma(x + 1),
    "erf": lambda x, _: 2 / math.sqrt(math.pi) * np.exp(-x * x),
    "erfc": lambda x, _: -2 / math.sqrt(math.pi) * np.exp(-x * x),
    "normcdf": lambda x, _: np.exp(-x * x / 2) / math.sqrt(2 * math.pi),
}


def value_and_slopes(
    tree: Tree, values: Mapping[str, Any], by: Sequence[str], where: str = "formula"
) -> tuple[Any, Slopes]:
    """The value, and the derivative by each name of ``by`` on which it depends.

    An equation gives left minus right. Outside a domain the figures are NaN or infinite.
    Raises InputError for a name without a value or a function without a derivative.
    """
    wanted = frozenset(by)

    def visit(node: Tree) -> tuple[Any, Slopes]:
        if isinstance(node, Number):
            return np.float64(node.text), {}
        if isinstance(node, Constant):
            return np.float64(CONSTANT_VALUES[node.name]), {}
        if isinstance(node, Name):
            if node.name not in values:
                raise InputError(
                    f"{node.name} has no value",
                    where=place(where, node.at),
                    remedy=f"give a value for {node.name}",
                )
            value = np.asarray(values[node.name], dtype=np.float64)[()]
            return value, {node.name: np.float64(1.0)} if node.name in wanted else {}
        if isinstance(node, Negative):
            value, slopes = visit(node.operand)
            return -value, {name: -slope for name, slope in slopes.items()}
        if isinstance(node, Call):
            return _call(node, [visit(item) for item in node.arguments], where)
        left, right = visit(node.left), visit(node.right)
        return _operation("-" if isinstance(node, Equation) else node.operator, left, right)

    with np.errstate(all="ignore"):
        return visit(tree)


def _operation(
    operator: str, left: tuple[Any, Slopes], right: tuple[Any, Slopes]
) -> tuple[Any, Slopes]:
    (a, da), (b, db) = left, right
    if operator == "+":
        return a + b, _joined(da, 1.0, db, 1.0)
    if operator == "-":
        return a - b, _joined(da, 1.0, db, -1.0)
    if operator == "*":
        return a * b, _joined(da, b, db, a)
    if operator == "/":
        value = np.true_divide(a, b)
        return value, _joined(da, np.true_divide(1.0, b), db, -np.true_divide(value, b))
    return _power(a, da, b, db)


def _power(a: Any, da: Slopes, b: Any, db: Slopes) -> tuple[Any, Slopes]:
    value = np.power(a, b)
    # zero to a power that varies: the derivative by the exponent is zero for exponents above zero
    by_exponent = np.where((a == 0) & (b > 0), 0.0, value * np.log(a)) if db else 0.0
    return value, _joined(da, b * np.power(a, b - 1) if da else 0.0, db, by_exponent)


def _joined(first: Slopes, weight: Any, second: Slopes, other: Any) -> Slopes:
    slopes = {name: weight * slope for name, slope in first.items()}
    for name, slope in second.items():
        slopes[name] = slopes[name] + other * slope if name in slopes else other * slope
    return slopes


def _call(node: Call, arguments: list[tuple[Any, Slopes]], where: str) -> tuple[Any, Slopes]:
    inner = [value for value, _ in arguments]
    value = FUNCTION_VALUES[node.function](*inner)
    if not any(slopes for _, slopes in arguments):
        return value, {}
    if node.function == "pow":
        return _power(*arguments[0], *arguments[1])
    if node.function == "root":
        degree = _operation("/", (np.float64(1.0), {}), arguments[1])
        return _power(*arguments[0], *degree)
    if node.function == "log" and len(arguments) == 2:
        logs = [
            (np.log(x), {k: slope / x for k, slope in slopes.items()}) for x, slopes in arguments
        ]
        return _operation("/", logs[0], logs[1])
    if node.function == "atan2":
        (a, da), (b, db) = arguments
        square = a * a + b * b
        return value, _joined(da, b / square, db, -a / square)
    if node.function in ("min", "max"):
        slopes: Slopes = {}
        for x, own in arguments:
            slopes = _joined(slopes, 1.0, own, np.asarray(x == value, dtype=np.float64))
        return value, slopes
    if node.function not in SLOPES:
        raise InputError(
            f"{node.function} has no derivative here",
            where=place(where, node.at),
            remedy="write the model without it",
        )
    return value, {
        name: SLOPES[node.function](inner[0], value) * slope
        for name, slope in arguments[0][1].items()
    }
