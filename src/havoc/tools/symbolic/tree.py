"""The tree of a formula, and the names that a formula may use.

The nodes are plain data: numbers keep the text that was written, and every node
knows its position for error messages.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

# Functions that may be written without parentheses (``sin x``), and their other names.
PLAIN = {
    "sin": "sin", "cos": "cos", "tan": "tan", "cot": "cot", "sec": "sec", "csc": "csc",
    "asin": "asin", "acos": "acos", "atan": "atan",
    "arcsin": "asin", "arccos": "acos", "arctan": "atan",
    "sinh": "sinh", "cosh": "cosh", "tanh": "tanh",
    "asinh": "asinh", "acosh": "acosh", "atanh": "atanh",
    "exp": "exp", "ln": "log", "log": "log", "lg": "log10", "log10": "log10", "log2": "log2",
    "sqrt": "sqrt",
}  # fmt: skip
# Functions that need parentheses, because their names are also used as variables.
CALLED = {
    "cbrt": "cbrt", "root": "root", "abs": "abs", "sign": "sign", "floor": "floor",
    "ceil": "ceil", "ceiling": "ceil", "min": "min", "max": "max", "gamma": "gamma",
    "factorial": "factorial", "binomial": "binomial", "erf": "erf", "erfc": "erfc",
    "atan2": "atan2", "normcdf": "normcdf", "pow": "pow",
}  # fmt: skip
FUNCTIONS = {**PLAIN, **CALLED}
# Numbers of arguments, where not one.
ARGUMENTS = {
    "log": (1, 2),
    "root": (2, 2),
    "min": (1, 50),
    "max": (1, 50),
    "binomial": (2, 2),
    "atan2": (2, 2),
    "pow": (2, 2),
}
CONSTANTS = {
    "pi": "pi", "π": "pi", "e": "e",
    "inf": "inf", "infinity": "inf", "oo": "inf", "∞": "inf",
}  # fmt: skip
GREEK = frozenset(
    {
        "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "kappa", "lambda",
        "mu", "nu", "xi", "rho", "sigma", "tau", "phi", "chi", "psi", "omega",
    }
)  # fmt: skip


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """Base of the tree; ``at`` is the position in the text, from zero."""

    at: int = 0


class Number(Node, frozen=True, kw_only=True, tag=True):
    """A number as written."""

    text: str


class Name(Node, frozen=True, kw_only=True, tag=True):
    """A variable."""

    name: str


class Constant(Node, frozen=True, kw_only=True, tag=True):
    """``pi``, ``e`` or ``inf``."""

    name: str


class Operation(Node, frozen=True, kw_only=True, tag=True):
    """``+ - * / ^`` with two operands."""

    operator: str
    left: Tree
    right: Tree


class Negative(Node, frozen=True, kw_only=True, tag=True):
    operand: Tree


class Call(Node, frozen=True, kw_only=True, tag=True):
    """A function of ``FUNCTIONS`` (by its inner name)."""

    function: str
    arguments: list[Tree]


class Equation(Node, frozen=True, kw_only=True, tag=True):
    left: Tree
    right: Tree


Tree = Number | Name | Constant | Operation | Negative | Call | Equation


def walk(tree: Tree) -> Iterator[Tree]:
    """Every node, parents first."""
    pending: list[Tree] = [tree]
    while pending:
        node = pending.pop()
        yield node
        pending.extend(children(node))


def children(node: Tree) -> list[Tree]:
    if isinstance(node, (Operation, Equation)):
        return [node.left, node.right]
    if isinstance(node, Negative):
        return [node.operand]
    return list(node.arguments) if isinstance(node, Call) else []


def names(tree: Tree) -> list[str]:
    """Variables of the formula in the order of the alphabet."""
    return sorted({node.name for node in walk(tree) if isinstance(node, Name)})


def has_decimals(tree: Tree) -> bool:
    """A number with a decimal point or exponent was written."""
    return any(isinstance(node, Number) and not node.text.isdigit() for node in walk(tree))


def place(where: str, at: int) -> str:
    return f"{where}, column {at + 1}"


def height(tree: Tree) -> int:
    """Levels of the tree."""
    levels, level = 0, [tree]
    while level:
        levels += 1
        level = [child for node in level for child in children(node)]
    return levels
