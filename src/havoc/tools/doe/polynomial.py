"""A small reader for polynomials such as ``80 + 3*x1 - 4 x1^2 + x1*x2``.

Only numbers, names, + - * / ^ ** and brackets are understood; nothing is ever
evaluated as code. Multiplication may be left out (``3 A``, ``2x1``), division is
by numbers, powers are whole and small.
"""

from __future__ import annotations

import re

from havoc.errors import InputError

Monomial = tuple[str, ...]
Polynomial = dict[Monomial, float]

MAX_LENGTH = 2000
MAX_DEGREE = 2
MAX_DEPTH = 50

_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)"
    r"|(?P<name>(?![\d²])(?:(?!²)\w)+)|(?P<sign>\*\*|[-+*/^()−·×²]))"
)


def read_polynomial(text: str, where: str) -> Polynomial:
    """Coefficients by sorted tuple of names; () is the constant. Degree 2 at most."""
    body = text.split("=", 1)[1] if "=" in text else text
    if len(body) > MAX_LENGTH:
        raise InputError("the expression is too long", where=where, remedy="shorten it")
    return _Reader(_products_split(_tokens(body, where)), where).read()


def _tokens(text: str, where: str) -> list[tuple[str, str]]:
    tokens: list[tuple[str, str]] = []
    position = 0
    stripped = text.rstrip()
    while position < len(stripped):
        match = _TOKEN.match(stripped, position)
        if match is None or match.lastgroup is None:
            raise InputError(
                f"{stripped[position : position + 10].strip()!r} is not understood",
                where=f"{where}, character {position + 1}",
                remedy="write it as 80 + 3*x1 - 4*x1^2 + x1*x2",
            )
        tokens.append((match.lastgroup, match[match.lastgroup]))
        position = match.end()
    return tokens


def _products_split(tokens: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """``uv`` is u times v, and ``x1x2`` x1 times x2, where both are variables on their own."""
    names = {text for kind, text in tokens if kind == "name"}
    split: list[tuple[str, str]] = []
    for kind, text in tokens:
        parts = [
            (text[:cut], text[cut:])
            for cut in range(1, len(text))
            if text[:cut] in names and text[cut:] in names
        ]
        if kind == "name" and parts:
            split += [("name", part) for part in parts[0]]
        else:
            split.append((kind, text))
    return split


class _Reader:
    """Recursive descent over sum, product, power, atom."""

    def __init__(self, tokens: list[tuple[str, str]], where: str) -> None:
        self.tokens, self.where, self.position, self.depth = tokens, where, 0, 0

    def read(self) -> Polynomial:
        found = self.sum()
        if self.position < len(self.tokens):
            raise self.error(f"unexpected {self.tokens[self.position][1]!r}")
        return found

    def error(self, what: str) -> InputError:
        return InputError(what, where=self.where, remedy="write it as 80 + 3*x1 - 4*x1^2 + x1*x2")

    @property
    def sign(self) -> str:
        kind, text = self.tokens[self.position] if self.position < len(self.tokens) else ("", "")
        return text if kind == "sign" else ""

    def sum(self) -> Polynomial:
        total: Polynomial = {}
        factor = 1.0
        while self.sign in ("+", "-", "−"):
            factor = -factor if self.sign != "+" else factor
            self.position += 1
        total = _scaled(self.product(), factor)
        while self.sign in ("+", "-", "−"):
            factor = -1.0 if self.sign != "+" else 1.0
            self.position += 1
            total = _added(total, _scaled(self.product(), factor))
        return total

    def product(self) -> Polynomial:
        value = self.power()
        while self.position < len(self.tokens):
            if self.sign == "/":
                self.position += 1
                divisor = self.power()
                if set(divisor) != {()} or divisor[()] == 0:
                    raise self.error("division is only by numbers other than zero")
                value = _scaled(value, 1 / divisor[()])
            elif self.sign in ("*", "·", "×"):
                self.position += 1
                value = self.times(value, self.power())
            elif self.sign in ("", "("):
                value = self.times(value, self.power())
            else:
                break
        return value

    def power(self) -> Polynomial:
        value = self.atom()
        while self.sign in ("^", "**", "²"):
            squared = self.sign == "²"
            self.position += 1
            exponent = {(): 2.0} if squared else self.atom()
            number = exponent.get((), -1.0) if set(exponent) <= {()} else -1.0
            if number not in (0.0, 1.0, 2.0):
                raise self.error("powers are 0, 1 or 2")
            value = {(): 1.0} if number == 0 else value if number == 1 else self.times(value, value)
        return value

    def atom(self) -> Polynomial:
        if self.position >= len(self.tokens):
            raise self.error("the expression ends too early")
        kind, text = self.tokens[self.position]
        self.position += 1
        if kind == "number":
            return {(): float(text)}
        if kind == "name":
            return {(text,): 1.0}
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.error("the brackets are nested too deeply")
        if text == "(":
            inner = self.sum()
            if self.sign != ")":
                raise self.error("a bracket is not closed")
            self.position += 1
            self.depth -= 1
            return inner
        if text in ("-", "−"):
            negative = _scaled(self.power(), -1.0)
            self.depth -= 1
            return negative
        raise self.error(f"unexpected {text!r}")

    def times(self, first: Polynomial, second: Polynomial) -> Polynomial:
        product: Polynomial = {}
        for names1, value1 in first.items():
            for names2, value2 in second.items():
                names = tuple(sorted(names1 + names2))
                if len(names) > MAX_DEGREE:
                    raise self.error("only terms up to the second order are understood")
                product[names] = product.get(names, 0.0) + value1 * value2
        return product


def _scaled(polynomial: Polynomial, factor: float) -> Polynomial:
    return {names: value * factor for names, value in polynomial.items()}


def _added(first: Polynomial, second: Polynomial) -> Polynomial:
    total = dict(first)
    for names, value in second.items():
        total[names] = total.get(names, 0.0) + value
    return total
