"""Symbolic work on parsed formulas: derive, integrate, solve, simplify.

These functions take and return plain values; they run in a worker process that can
be stopped (see ``bounded``), because no structural limit makes integration safe.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import sympy

from havoc.errors import InputError
from havoc.tools.symbolic.expression import to_sympy, write
from havoc.tools.symbolic.syntax import read
from havoc.tools.symbolic.tree import Equation, Tree, has_decimals, names

Plain = dict[str, Any]


def derivative(*, expression: str, variable: str, order: int, at: Mapping[str, float]) -> Plain:
    tree = read(expression, [variable, *at])
    decimals = has_decimals(tree)
    symbol = sympy.Symbol(variable)
    result = sympy.diff(to_sympy(tree), symbol, order)
    if sympy.count_ops(result) < 400:
        result = _shorter(result, sympy.simplify(result), sympy.factor_terms(result))
    return {
        "text": write(result, decimals=decimals),
        "latex": _latex(result),
        "value": _value(result, at),
    }


def integral(*, expression: str, variable: str, lower: str, upper: str) -> Plain:
    """Antiderivative, and the value between the limits if there are any.

    Parameters count as positive, which is what a rate, a size or a time is; the
    answer says so.
    """
    tree = read(expression, [variable])
    decimals = has_decimals(tree)
    integrand = to_sympy(tree, assumptions={"positive": True})
    positive, symbol = sympy.Symbol(variable, positive=True), sympy.Symbol(variable, real=True)
    integrand = integrand.xreplace({positive: symbol})
    answer: Plain = {"parameters": [name for name in names(tree) if name != variable]}
    if not lower:
        result = sympy.integrate(integrand, symbol)
        if result.has(sympy.Integral):
            raise InputError(
                "no antiderivative in closed form was found",
                where="expression",
                remedy="give lower and upper limits for a numerical value",
            )
        result = (
            _shorter(result, sympy.simplify(result)) if sympy.count_ops(result) < 200 else result
        )
        return {**answer, "text": write(result, decimals=decimals), "latex": _latex(result)}
    bounds = []
    for text, where in ((lower, "lower"), (upper, "upper")):
        bound = to_sympy(read(text, where=where), assumptions={"positive": True}, where=where)
        bounds.append(bound)
        decimals = decimals or has_decimals(read(text, where=where))
    result = sympy.integrate(integrand, (symbol, bounds[0], bounds[1]))
    if result.has(sympy.Integral):
        raise InputError(
            "no closed form was found", where="expression", remedy="give values for the parameters"
        )
    if result.has(sympy.oo, sympy.zoo, sympy.nan):
        raise InputError(
            "the integral between these limits is not finite",
            where="lower, upper",
            remedy="look for a point where the integrand has no value",
        )
    result = _shorter(result, sympy.simplify(result)) if sympy.count_ops(result) < 200 else result
    return {
        **answer,
        "text": write(result, decimals=decimals and not result.is_number),
        "latex": _latex(result),
        "value": _value(result, {}),
    }


def solve(
    *, equations: list[str], variables: list[str], values: Mapping[str, float]
) -> list[Plain]:
    """Solutions as ``{"texts": {name: text}, "values": {name: number or None}, "real": bool}``."""
    trees = [read(equation, [*variables, *values]) for equation in equations]
    decimals = any(has_decimals(tree) for tree in trees) or bool(values)
    given = {sympy.Symbol(name): sympy.Rational(repr(value)) for name, value in values.items()}
    symbols = [sympy.Symbol(name) for name in variables]
    expressions = [_difference(tree).subs(given) for tree in trees]
    found: list[dict[Any, Any]]
    if len(symbols) == 1 and len(expressions) == 1:
        symbol, expression = symbols[0], expressions[0]
        if not expression.has(symbol):
            raise InputError(
                f"{variables[0]} does not occur in the equation"
                if expression != 0
                else "the equation holds for every value",
                where="equation",
                remedy="check the variable",
            )
        if sympy.simplify(expression) == 0:
            raise InputError(
                "the equation holds for every value", where="equation", remedy="check both sides"
            )
        found = [{symbol: root} for root in _roots(expression, symbol)]
    else:
        found = sympy.solve(expressions, symbols, dict=True)
    solutions = [_solution(solution, symbols, decimals) for solution in found]
    if any(item["real"] for item in solutions) and not _is_polynomial(expressions, symbols):
        # An exponential has endless complex branches of which sympy lists some: noise.
        solutions = [item for item in solutions if item["real"]]
    return solutions


def _is_polynomial(expressions: list[Any], symbols: list[Any]) -> bool:
    return all(
        sympy.together(item).as_numer_denom()[0].is_polynomial(*symbols) for item in expressions
    )


def _difference(tree: Tree) -> Any:
    if isinstance(tree, Equation):
        return to_sympy(tree.left) - to_sympy(tree.right)
    return to_sympy(tree)


def _roots(expression: Any, symbol: Any) -> list[Any]:
    """Roots of a polynomial with multiplicity one each; else what sympy solves."""
    numerator = sympy.together(expression).as_numer_denom()[0]
    if numerator.is_polynomial(symbol):
        polynomial = sympy.Poly(numerator, symbol)
        if polynomial.degree() > 4 and not polynomial.free_symbols_in_domain:
            exact = sympy.roots(polynomial)
            if sum(exact.values()) == polynomial.degree():
                return list(exact)
            return list(polynomial.sqf_part().nroots(n=20, maxsteps=200))
    try:
        return list(sympy.solve(expression, symbol))
    except NotImplementedError:
        raise InputError(
            "no solution in closed form was found", where="equation", remedy="give all values"
        ) from None


def _solution(solution: Mapping[Any, Any], symbols: list[Any], decimals: bool) -> Plain:
    texts: dict[str, str] = {}
    values: dict[str, float | None] = {}
    real = True
    for symbol in symbols:
        result = solution.get(symbol, symbol)
        number = complex(result.evalf(20)) if result.is_number else None
        if number is not None and abs(number.imag) > 1e-12 * max(1.0, abs(number)):
            real = False
            values[symbol.name] = None
        else:
            values[symbol.name] = number.real if number is not None else None
        rounded = result.is_number and (
            decimals or len(str(result)) > 40 or result.has(sympy.LambertW, sympy.Float)
        )
        if rounded and values[symbol.name] is not None:
            texts[symbol.name] = f"{values[symbol.name]:.10g}"
        else:
            shown = result.evalf(10) if rounded else sympy.expand_log(result, factor=True)
            texts[symbol.name] = write(shown, decimals=decimals)
    return {"texts": texts, "values": values, "real": real}


def simplify(*, expression: str, how: str) -> Plain:
    tree = read(expression)
    decimals = has_decimals(tree)
    original = to_sympy(tree)
    if isinstance(tree, Equation):
        raise InputError(
            "this is an equation, not an expression", where="expression", remedy="use solve"
        )
    methods: dict[str, Callable[[Any], Any]] = {
        "expand": sympy.expand,
        "factor": sympy.factor,
        "partial_fractions": _partial_fractions,
        "together": lambda value: sympy.factor(sympy.together(value)),
        "collect": lambda value: sympy.collect(
            sympy.expand(value), sorted(value.free_symbols, key=str)
        ),
    }
    assumed = False
    if how != "simplify":
        result = methods[how](original)
    else:
        result = _simplest(original)
        positive = _simplest(to_sympy(tree, assumptions={"positive": True}))
        plain = positive.xreplace(
            {symbol: sympy.Symbol(symbol.name) for symbol in positive.free_symbols}
        )
        if sympy.count_ops(plain) < sympy.count_ops(result) and plain != result:
            result, assumed = plain, True
    return {
        "text": write(result, decimals=decimals),
        "latex": _latex(result),
        "value": _value(result, {}),
        "assumed_positive": assumed,
        "excluded": [
            text for text in (write(zero) for zero in _excluded(original, result)) if text
        ],
    }


def _simplest(expression: Any) -> Any:
    return _shorter(
        expression,
        sympy.simplify(expression),
        sympy.expand(expression) if sympy.count_ops(expression) < 100 else expression,
    )


def _partial_fractions(expression: Any) -> Any:
    symbols = sorted(expression.free_symbols, key=str)
    if len(symbols) != 1:
        raise InputError(
            "partial fractions need exactly one variable", where="expression", remedy="use expand"
        )
    return sympy.apart(expression, symbols[0])


def _excluded(original: Any, result: Any) -> list[Any]:
    """Zeros of the denominator that cancelled: the simplified form is defined there."""
    symbols = list(original.free_symbols)
    if len(symbols) != 1:
        return []
    before = sympy.together(original).as_numer_denom()[1]
    after = sympy.together(result).as_numer_denom()[1]
    if not before.is_polynomial(symbols[0]) or before.is_number:
        return []
    gone = sympy.roots(sympy.Poly(before, symbols[0]))
    return sorted(
        (root for root in gone if root.is_real and after.subs(symbols[0], root) != 0), key=float
    )


def _shorter(*candidates: Any) -> Any:
    """The candidate with the fewest operations, where a parenthesis counts as one."""
    texts = {value: str(value) for value in candidates}
    return min(
        candidates,
        key=lambda value: (sympy.count_ops(value) + texts[value].count("("), len(texts[value])),
    )


def _value(expression: Any, at: Mapping[str, float]) -> float | None:
    """Numerical value after putting in ``at``; None if a symbol is left or it is not real."""
    result = expression.subs({sympy.Symbol(k): sympy.Rational(repr(v)) for k, v in at.items()})
    if result.free_symbols or not result.is_number:
        return None
    if result in (sympy.oo, -sympy.oo):
        return math.inf if result == sympy.oo else -math.inf
    number = complex(result.evalf(20))
    return number.real if abs(number.imag) <= 1e-12 * max(1.0, abs(number)) else None


def _latex(expression: Any) -> str:
    text = str(sympy.latex(expression, ln_notation=True))
    return text if len(text) < 2000 else ""


OPERATIONS: dict[str, Callable[..., Any]] = {
    "derivative": derivative,
    "integral": integral,
    "solve": solve,
    "simplify": simplify,
}
