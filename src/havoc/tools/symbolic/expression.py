"""Formulas as sympy expressions, built from the tree and never by evaluating text.

``parse("3a + 2b")`` is what the symbolic tools, the models and the DSL use. Sympy's
own ``sympify`` and ``parse_expr`` are not used: they evaluate Python code.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import sympy
from sympy.printing.str import StrPrinter

from havoc.errors import InputError
from havoc.tools.symbolic.syntax import read
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

# Limits on what a written number may cost before anything is worked out.
MOST_DIGITS = 2000
LARGEST_EXPONENT = 10_000
LARGEST_FACTORIAL = 500
LARGEST_BINOMIAL = 2000
LARGEST_DECIMAL_EXPONENT = 300
SHOWN_DIGITS = 10


def parse(
    text: str,
    variables: Sequence[str] = (),
    *,
    assumptions: Mapping[str, bool] | None = None,
    where: str = "expression",
) -> sympy.Expr:
    """The sympy expression for a formula; an equation becomes ``sympy.Eq``.

    Decimal numbers become exact fractions. ``assumptions`` go to every symbol
    (``{"positive": True}``). Raises InputError with the column of what is wrong or
    would cost too much.
    """
    return to_sympy(read(text, variables, where), assumptions=assumptions, where=where)


def to_sympy(
    tree: Tree, *, assumptions: Mapping[str, bool] | None = None, where: str = "expression"
) -> sympy.Expr:
    """The sympy expression for a tree that was read."""
    given = dict(assumptions or {})

    def build(node: Tree) -> Any:
        if isinstance(node, Number):
            return _number(node, where)
        if isinstance(node, Constant):
            return {"pi": sympy.pi, "e": sympy.E, "inf": sympy.oo}[node.name]
        if isinstance(node, Name):
            return sympy.Symbol(node.name, **given)
        if isinstance(node, Negative):
            return -build(node.operand)
        if isinstance(node, Equation):
            return sympy.Eq(build(node.left), build(node.right), evaluate=False)
        if isinstance(node, Call):
            return _call(node, [build(item) for item in node.arguments], where)
        return _operation(node, build(node.left), build(node.right), where)

    result = build(tree)
    if result.has(sympy.zoo, sympy.nan):
        raise InputError("division by zero", where=where, remedy="check the denominators")
    return result


def _number(node: Number, where: str) -> Any:
    if "e" in node.text.lower():
        exponent = int(node.text.lower().split("e")[1])
        if abs(exponent) > LARGEST_DECIMAL_EXPONENT:
            raise InputError(
                f"{node.text} is out of range",
                where=place(where, node.at),
                remedy=f"stay within e-{LARGEST_DECIMAL_EXPONENT} to e{LARGEST_DECIMAL_EXPONENT}",
            )
    return sympy.Rational(node.text)


def _operation(node: Operation, left: Any, right: Any, where: str) -> Any:
    if node.operator == "+":
        return left + right
    if node.operator == "-":
        return left - right
    if node.operator == "*":
        return left * right
    if node.operator == "/":
        if right == 0:
            raise InputError(
                "division by zero", where=place(where, node.at), remedy="check the denominator"
            )
        return left / right
    return _power(node, left, right, where)


def _power(node: Tree, base: Any, exponent: Any, where: str) -> Any:
    if exponent.is_Rational:
        size = abs(float(exponent))
        digits = size * _digits(base)
        if size > LARGEST_EXPONENT or digits > MOST_DIGITS:
            raise InputError(
                "this power is too large to work out",
                where=place(where, node.at),
                remedy="use a smaller exponent",
            )
        if base == 0 and exponent < 0:
            raise InputError(
                "division by zero", where=place(where, node.at), remedy="check the exponent"
            )
    return base**exponent


def _digits(base: Any) -> float:
    """Decimal digits that one power of the numerical part of ``base`` adds."""
    number = base if base.is_Rational else base.as_coeff_Mul()[0] if base.is_Mul else None
    if number is None or not number.is_Rational:
        return 0.0
    return max(abs(int(number.p)).bit_length(), int(number.q).bit_length()) * math.log10(2)


def _call(node: Call, arguments: list[Any], where: str) -> Any:
    first = arguments[0]

    def limited(value: Any, limit: int) -> None:
        if value.is_number and abs(float(value)) > limit:
            raise InputError(
                f"the argument of {node.function} is larger than {limit}",
                where=place(where, node.at),
                remedy="use a smaller one",
            )

    if node.function in ("factorial", "gamma"):
        limited(first, LARGEST_FACTORIAL)
    if node.function == "binomial":
        for argument in arguments:
            limited(argument, LARGEST_BINOMIAL)
    if node.function in ("root", "pow"):
        exponent = 1 / arguments[1] if node.function == "root" else arguments[1]
        return _power(node, first, exponent, where)
    if node.function == "log" and len(arguments) == 2:
        return sympy.log(first) / sympy.log(arguments[1])
    return _FUNCTIONS[node.function](*arguments)


_FUNCTIONS: dict[str, Any] = {
    "sin": sympy.sin,
    "cos": sympy.cos,
    "tan": sympy.tan,
    "cot": sympy.cot,
    "sec": sympy.sec,
    "csc": sympy.csc,
    "asin": sympy.asin,
    "acos": sympy.acos,
    "atan": sympy.atan,
    "sinh": sympy.sinh,
    "cosh": sympy.cosh,
    "tanh": sympy.tanh,
    "asinh": sympy.asinh,
    "acosh": sympy.acosh,
    "atanh": sympy.atanh,
    "exp": sympy.exp,
    "log": sympy.log,
    "log10": lambda x: sympy.log(x) / sympy.log(10),
    "log2": lambda x: sympy.log(x) / sympy.log(2),
    "sqrt": sympy.sqrt,
    "cbrt": sympy.cbrt,
    "abs": sympy.Abs,
    "sign": sympy.sign,
    "floor": sympy.floor,
    "ceil": sympy.ceiling,
    "min": sympy.Min,
    "max": sympy.Max,
    "gamma": sympy.gamma,
    "factorial": sympy.factorial,
    "binomial": sympy.binomial,
    "erf": sympy.erf,
    "erfc": sympy.erfc,
    "atan2": sympy.atan2,
    "normcdf": lambda x: (1 + sympy.erf(x / sympy.sqrt(2))) / 2,
}


class _Printer(StrPrinter):  # type: ignore[misc]
    """Writes what the grammar reads: ``ln``, ``abs``, ``^``."""

    def _print_log(self, expression: Any) -> str:
        return f"ln({self._print(expression.args[0])})"

    def _print_Abs(self, expression: Any) -> str:
        return f"abs({self._print(expression.args[0])})"

    def _print_Infinity(self, expression: Any) -> str:
        return "inf"

    def _print_NegativeInfinity(self, expression: Any) -> str:
        return "-inf"

    def _print_Exp1(self, expression: Any) -> str:
        return "e"

    def _print_ceiling(self, expression: Any) -> str:
        return f"ceil({self._print(expression.args[0])})"


def write(expression: Any, *, decimals: bool = False) -> str:
    """``expression`` as text that :func:`parse` reads back.

    With ``decimals`` fractions are written as decimal numbers of ten digits, for
    formulas that came with decimal numbers.
    """
    shown = expression
    if decimals:
        shown = expression.xreplace(
            {
                number: sympy.Float(number, SHOWN_DIGITS)
                for number in expression.atoms(sympy.Rational)
                if not number.is_Integer
            }
        )
        if shown.is_number and shown.is_real:
            shown = shown.evalf(SHOWN_DIGITS)
    text = str(_Printer({"full_prec": False, "order": None}).doprint(shown))
    return text.replace("**", "^")
