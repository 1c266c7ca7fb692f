"""What a written formula means: text to a tree, without evaluating anything.

The grammar accepts what people type: ``3a + 2b``, ``2x^2``, ``20+80e^(-0.05t)``,
``sin^2(t)``, ``x²``, ``a × b``, ``12,5·d``, ``y = 3x``. A number written right before
a name belongs to it more closely than a division (``6x/9x^2`` is ``(6x)/(9x^2)``);
with a space between them it does not (``1/2 x`` is half of x).

Nothing in the text is ever executed: names become symbols, and only the functions
in ``FUNCTIONS`` can be called.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from typing import Any, NoReturn

import msgspec
from lark import Lark, Token, UnexpectedInput, v_args
from lark.exceptions import VisitError
from lark.visitors import Transformer_NonRecursive

from havoc.errors import InputError
from havoc.tools.symbolic.tree import (
    ARGUMENTS,
    CALLED,
    CONSTANTS,
    FUNCTIONS,
    GREEK,
    PLAIN,
    Call,
    Constant,
    Equation,
    Name,
    Negative,
    Number,
    Operation,
    Tree,
    height,
    place,
    walk,
)

MOST_CHARACTERS = 2000
DEEPEST = 60
MOST_NODES = 800
MOST_HEIGHT = 200

_SAME_LENGTH = str.maketrans(
    {
        "−": "-",
        "–": "-",
        "‐": "-",
        "×": "*",
        "·": "*",
        "⋅": "*",
        "∙": "*",
        "÷": "/",
        "∕": "/",
        "\u00a0": " ",
        "\u202f": " ",
        "\t": " ",
        "\n": " ",
        "\r": " ",
        "[": "(",
        "]": ")",
        "{": "(",
        "}": ")",
    }
)
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")

_NUMBER = r"(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?"
# Letters of a name; the sign of pi stands alone, so that 2πr is three factors.
_LETTERS = "A-Za-zÀ-ÖØ-öø-ɏͰ-ορ-Ͽ"
_GRAMMAR = rf"""
start: equation
?equation: sum
    | sum ("=" | "==") sum -> equation
?sum: product
    | sum "+" product -> add
    | sum "-" product -> subtract
?product: signed
    | product "*" signed -> multiply
    | product "/" signed -> divide
    | product term -> beside
?signed: term
    | "-" signed -> negative
    | "+" signed -> positive
?term: power
    | COEFFICIENT power -> coefficient
?power: postfix
    | postfix ("^" | "**") exponent -> power
    | postfix SUPERSCRIPT -> superscript
?exponent: power
    | "-" exponent -> negative
    | "+" exponent -> positive
    | COEFFICIENT power -> exponent_beside
?postfix: atom
    | postfix "!" -> factorial
    | postfix "%" -> percent
    | postfix "°" -> degrees
?atom: NUMBER -> number
    | NAME -> name
    | "(" sum ")" -> grouped
    | "√" atom -> square_root
    | FUNCTION "(" arguments ")" -> call
    | FUNCTION ("^" | "**") function_power "(" arguments ")" -> call_power
    | FUNCTION SUPERSCRIPT "(" arguments ")" -> call_superscript
    | FUNCTION bare -> call_bare
function_power: NUMBER -> number
    | "-" NUMBER -> negative_number
    | "(" sum ")" -> grouped
?bare: bare_atom
    | COEFFICIENT bare_atom -> coefficient
?bare_atom: NAME -> name
    | NUMBER -> number
    | NAME ("^" | "**") exponent -> bare_power
    | NAME SUPERSCRIPT -> bare_superscript
arguments: sum (("," | ";") sum)*
COEFFICIENT.5: /{_NUMBER}(?=[{_LETTERS}π√])(?![eE][+-]?\d)/
NUMBER.4: /{_NUMBER}/
FUNCTION.3: /(?:{"|".join(sorted(PLAIN, key=len, reverse=True))})(?=\s*[(^*⁰¹²³⁴⁵⁶⁷⁸⁹⁻]|\s+[{
    _LETTERS
}π\d])|(?:{"|".join(sorted(CALLED, key=len, reverse=True))})(?=\s*\()/i
NAME.2: /[{_LETTERS}][{_LETTERS}_0-9₀-₉]*|[π∞]/
SUPERSCRIPT: /[⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+/
%ignore " "
"""


def read(text: str, variables: Sequence[str] = (), where: str = "expression") -> Tree:
    """The tree of a formula or equation.

    ``variables`` are names that certainly are variables: they override constants
    (``e``), and ``4ab`` is read as ``4*a*b`` if both a and b are among them or stand
    alone elsewhere in the text. Raises InputError with the column.
    """
    if not text.strip():
        raise InputError("nothing to read", where=where, remedy="write a formula such as 3x^2 + 1")
    if len(text) > MOST_CHARACTERS:
        raise InputError(
            f"{len(text)} characters, at most {MOST_CHARACTERS} allowed",
            where=where,
            remedy="shorten the formula",
        )
    plain = _decimal_points(text.translate(_SAME_LENGTH), where)
    _refuse_depth(plain, where)
    _refuse_unknown_functions(plain, variables, where)
    try:
        tree: Tree = _Builder(frozenset(variables), where).transform(_parser().parse(plain))
    except UnexpectedInput as error:
        _refuse(plain, error, where)
    except VisitError as error:
        raise error.orig_exc from None
    if height(tree) > MOST_HEIGHT:
        raise InputError("the formula has too many terms", where=where, remedy="shorten it")
    tree = _split_names(tree, frozenset(variables))
    if sum(1 for _ in walk(tree)) > MOST_NODES:
        raise InputError("the formula has too many terms", where=where, remedy="shorten it")
    return tree


@functools.cache
def _parser() -> Lark:
    return Lark(_GRAMMAR, parser="lalr", propagate_positions=True, maybe_placeholders=False)


_COMMA = re.compile(r"(?<![\d.,])(\d+),(\d+)(?![\d,])")
_SEVERAL = re.compile(
    r"(?:" + "|".join(sorted(ARGUMENTS, key=len, reverse=True)) + r")\s*$", re.IGNORECASE
)


def _decimal_points(text: str, where: str) -> str:
    """Decimal commas as points, where a comma cannot separate arguments."""

    def inside_several(position: int) -> bool:
        depth = 0
        for i in range(position - 1, -1, -1):
            if text[i] == ")":
                depth += 1
            elif text[i] == "(":
                if depth == 0:
                    return _SEVERAL.search(text[:i]) is not None
                depth -= 1
        return False

    def replace(match: re.Match[str]) -> str:
        if inside_several(match.start()):
            return match[0]
        whole, fraction = match[1], match[2]
        if len(fraction) == 3 and len(whole) <= 3 and not whole.startswith("0"):
            raise InputError(
                f"{match[0]} may be a thousand or a decimal fraction",
                where=place(where, match.start()),
                remedy=f"write {whole}{fraction} or {whole}.{fraction}",
            )
        return f"{whole}.{fraction}"

    return _COMMA.sub(replace, text)


def _refuse_depth(text: str, where: str) -> None:
    depth = 0
    signs = 0
    for i, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        signs = signs + 1 if character in "-+^√" else signs if character == " " else 0
        if depth > DEEPEST or signs > DEEPEST:
            raise InputError(
                f"nested more than {DEEPEST} deep", where=place(where, i), remedy="simplify it"
            )
    if text.count("^") + text.count("**") > DEEPEST:
        raise InputError("too many powers", where=where, remedy="simplify it")


def _refuse_unknown_functions(text: str, variables: Sequence[str], where: str) -> None:
    """``foo(x)`` is no product: a word in front of a parenthesis has to be a function."""
    known = {*FUNCTIONS, *CONSTANTS, *GREEK, *variables}
    for match in _WORD_CALL.finditer(text):
        if match[1].lower() not in known and match[1] not in known:
            raise InputError(
                f"there is no function {match[1]}",
                where=place(where, match.start()),
                remedy=f"write {match[1]}*(...) if it is a variable",
            )


_WORD_CALL = re.compile(r"(?<![\w.])([A-Za-z]{3,})\(")


def _refuse(text: str, error: UnexpectedInput, where: str) -> NoReturn:
    """Say in words what stands in the wrong place."""
    at = error.pos_in_stream if error.pos_in_stream is not None else len(text)
    token = getattr(error, "token", None)
    if at < 0 or at >= len(text.rstrip()) or (token is not None and token.type == "$END"):
        unclosed = text.count("(") - text.count(")")
        raise InputError(
            "the formula ends too early",
            where=place(where, len(text.rstrip())),
            remedy="close the parenthesis" if unclosed > 0 else "complete it",
        ) from None
    character = text[at]
    if character in "<>≤≥":
        what, remedy = "an inequality", "write an equation with ="
    elif character == "|":
        what, remedy = "a bar", "write abs(x) for the absolute value"
    elif character == ")":
        what, remedy = "an unexpected )", "check the parentheses"
    elif character == "=":
        what, remedy = "a second or misplaced =", "write one equation, left = right"
    else:
        what, remedy = f"an unexpected {str(token or character)[:20]!r}", "check the formula"
    raise InputError(what, where=place(where, at), remedy=remedy) from None


@v_args(meta=True)
class _Builder(Transformer_NonRecursive[Token, Tree]):
    """Lark's tree to ours."""

    def __init__(self, variables: frozenset[str], where: str) -> None:
        super().__init__()
        self._variables = variables
        self._where = where

    def start(self, meta: Any, items: list[Any]) -> Tree:
        return items[0]  # type: ignore[no-any-return]

    def equation(self, meta: Any, items: list[Any]) -> Tree:
        return Equation(left=items[0], right=items[1], at=meta.start_pos)

    def _operation(self, operator: str, meta: Any, items: list[Any]) -> Tree:
        return Operation(operator=operator, left=items[0], right=items[1], at=meta.start_pos)

    def add(self, meta: Any, items: list[Any]) -> Tree:
        return self._operation("+", meta, items)

    def subtract(self, meta: Any, items: list[Any]) -> Tree:
        return self._operation("-", meta, items)

    def multiply(self, meta: Any, items: list[Any]) -> Tree:
        return self._operation("*", meta, items)

    def divide(self, meta: Any, items: list[Any]) -> Tree:
        return self._operation("/", meta, items)

    def beside(self, meta: Any, items: list[Any]) -> Tree:
        first = items[1]
        while isinstance(first, Operation):
            first = first.left
        if isinstance(first, Number):
            raise InputError(
                f"{first.text} follows without an operator",
                where=place(self._where, first.at),
                remedy="write * or another operator between them",
            )
        return self._operation("*", meta, items)

    def coefficient(self, meta: Any, items: list[Any]) -> Tree:
        number = Number(text=str(items[0]), at=meta.start_pos)
        return Operation(operator="*", left=number, right=items[1], at=meta.start_pos)

    def exponent_beside(self, meta: Any, items: list[Any]) -> Tree:
        # Only ``power`` may use this: it decides what the number belongs to.
        number = Number(text=str(items[0]), at=meta.start_pos)
        return Operation(operator="beside", left=number, right=items[1], at=meta.start_pos)

    def negative(self, meta: Any, items: list[Any]) -> Tree:
        return Negative(operand=items[0], at=meta.start_pos)

    def negative_number(self, meta: Any, items: list[Any]) -> Tree:
        return Negative(operand=Number(text=str(items[0]), at=meta.start_pos), at=meta.start_pos)

    def positive(self, meta: Any, items: list[Any]) -> Tree:
        return items[0]  # type: ignore[no-any-return]

    grouped = positive

    def power(self, meta: Any, items: list[Any]) -> Tree:
        base, exponent = items
        negative = isinstance(exponent, Negative)
        inner = exponent.operand if isinstance(exponent, Negative) else exponent
        if not (isinstance(inner, Operation) and inner.operator == "beside"):
            return self._operation("^", meta, items)
        # ``x^2y`` is x² times y; ``e^2x`` could be either and has to be written out.
        if negative or not isinstance(base, Name) or "." in _number_text(inner.left):
            raise InputError(
                "it is not clear where the exponent ends",
                where=place(self._where, inner.at),
                remedy="put the exponent in parentheses",
            )
        raised = Operation(operator="^", left=base, right=inner.left, at=meta.start_pos)
        return Operation(operator="*", left=raised, right=inner.right, at=meta.start_pos)

    def superscript(self, meta: Any, items: list[Any]) -> Tree:
        return Operation(
            operator="^", left=items[0], right=_from_superscript(items[1]), at=meta.start_pos
        )

    def factorial(self, meta: Any, items: list[Any]) -> Tree:
        return Call(function="factorial", arguments=[items[0]], at=meta.start_pos)

    def percent(self, meta: Any, items: list[Any]) -> Tree:
        hundred = Number(text="100", at=meta.start_pos)
        return Operation(operator="/", left=items[0], right=hundred, at=meta.start_pos)

    def degrees(self, meta: Any, items: list[Any]) -> Tree:
        turn = Operation(
            operator="/",
            left=Constant(name="pi", at=meta.start_pos),
            right=Number(text="180", at=meta.start_pos),
            at=meta.start_pos,
        )
        return Operation(operator="*", left=items[0], right=turn, at=meta.start_pos)

    def number(self, meta: Any, items: list[Any]) -> Tree:
        return Number(text=str(items[0]), at=meta.start_pos)

    def name(self, meta: Any, items: list[Any]) -> Tree:
        return self._named(str(items[0]), meta.start_pos)

    def _named(self, name: str, at: int) -> Tree:
        if name in CONSTANTS and name not in self._variables:
            return Constant(name=CONSTANTS[name], at=at)
        if name in PLAIN and name not in self._variables:
            raise InputError(
                f"{name} needs an argument",
                where=place(self._where, at),
                remedy=f"write {name}(x)",
            )
        return Name(name=name, at=at)

    def square_root(self, meta: Any, items: list[Any]) -> Tree:
        return Call(function="sqrt", arguments=[items[0]], at=meta.start_pos)

    def arguments(self, meta: Any, items: list[Any]) -> Any:
        return items

    def call(self, meta: Any, items: list[Any]) -> Tree:
        function = FUNCTIONS[str(items[0]).lower()]
        low, high = ARGUMENTS.get(function, (1, 1))
        if not low <= len(items[1]) <= high:
            wanted = str(low) if low == high else f"{low} to {high}"
            raise InputError(
                f"{items[0]} takes {wanted} arguments, {len(items[1])} given",
                where=place(self._where, meta.start_pos),
                remedy="check the commas",
            )
        return Call(function=function, arguments=items[1], at=meta.start_pos)

    def call_power(self, meta: Any, items: list[Any]) -> Tree:
        function, exponent, arguments = items
        if isinstance(exponent, Negative):
            raise InputError(
                f"{function}^-1 may be the inverse function or one over it",
                where=place(self._where, meta.start_pos),
                remedy=f"write a{function}(x) or 1/{function}(x)",
            )
        inner = self.call(meta, [function, arguments])
        return Operation(operator="^", left=inner, right=exponent, at=meta.start_pos)

    def call_superscript(self, meta: Any, items: list[Any]) -> Tree:
        return self.call_power(meta, [items[0], _from_superscript(items[1]), items[2]])

    def call_bare(self, meta: Any, items: list[Any]) -> Tree:
        return self.call(meta, [items[0], [items[1]]])

    def bare_power(self, meta: Any, items: list[Any]) -> Tree:
        return self.power(meta, [self._named(str(items[0]), meta.start_pos), items[1]])

    def bare_superscript(self, meta: Any, items: list[Any]) -> Tree:
        return self.superscript(meta, [self._named(str(items[0]), meta.start_pos), items[1]])


def _number_text(node: Tree) -> str:
    return node.text if isinstance(node, Number) else ""


def _from_superscript(token: Token) -> Tree:
    digits = str(token).translate(_SUPERSCRIPTS)
    at = token.start_pos or 0
    number = Number(text=digits.lstrip("+-"), at=at)
    return Negative(operand=number, at=at) if digits.startswith("-") else number


def _split_names(tree: Tree, variables: frozenset[str]) -> Tree:
    """``ab`` as a times b, where a and b are variables of their own."""
    alone = {node.name for node in walk(tree) if isinstance(node, Name) and len(node.name) == 1}
    single = alone | {name for name in variables if len(name) == 1}

    def split(node: Tree) -> Tree:
        if isinstance(node, Name):
            name = node.name
            whole = len(name) < 2 or name in variables or name.lower() in GREEK
            if whole or not all(letter in single for letter in name):
                return node
            product: Tree = Name(name=name[0], at=node.at)
            for offset, letter in enumerate(name[1:], start=1):
                factor = Name(name=letter, at=node.at + offset)
                product = Operation(operator="*", left=product, right=factor, at=node.at)
            return product
        if isinstance(node, (Operation, Equation)):
            return msgspec.structs.replace(node, left=split(node.left), right=split(node.right))
        if isinstance(node, Negative):
            return msgspec.structs.replace(node, operand=split(node.operand))
        if isinstance(node, Call):
            return msgspec.structs.replace(node, arguments=[split(item) for item in node.arguments])
        return node

    return split(tree)
