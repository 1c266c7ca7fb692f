"""Text to raw statements: the grammar of ``havoc.lark``, its values and its errors.

What comes out still has keywords instead of parameters; ``binding`` gives them
their meaning with the help of the tools' declarations.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from importlib import resources
from typing import Any

from lark import Lark, Token, Transformer
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken
from lark.lark import PostLex

from havoc.errors import InputError
from havoc.tools.dsl.tree import Reference, Value

SCRIPT_LIMIT = 1_000_000
LIST_LIMIT = 100_000
NESTING_LIMIT = 16
NUMBER_LIMIT = 300

# What each terminal is called in an error message; those left out only repeat another.
EXPECTED = {
    "value": "a value (a number, a word, a text in quotes, a list in [ ], @data)",
    "KEYWORD": "a keyword in capitals",
    "LABEL": "name=value",
    "WORD": "a word",
    "STRING": "a text in quotes",
    "NUMBER": "a number",
    "REFERENCE": "@data",
    "FACTOR": "a factor such as temp[150..200]",
    "LSQB": "a list in [ ]",
    "LBRACE": "{",
    "RSQB": "]",
    "RBRACE": "}",
    "COMMA": "a comma",
    "COLON": "a colon",
    "EQUAL": "=",
    "_DOTS": "..",
    "_FINISH": "DSL_END",
    "_END": "the end of the statement",
    "$END": "the end of the statement",
}
VALUE_TERMINALS = {"WORD", "STRING", "NUMBER", "REFERENCE", "FACTOR", "LSQB", "LBRACE"}
STATEMENT_START = "a statement, such as TEST, DOE, SPC, CAPABILITY, MATH, RUN or DATA"


@dataclass(frozen=True)
class RawArgument:
    """``KEYWORD value``, ``name=value`` or a bare value (then ``name`` is empty)."""

    name: str
    kind: str
    values: tuple[Value, ...]
    position: tuple[int, int]


@dataclass(frozen=True)
class RawStatement:
    """A statement as written: its first word, the words after it, its arguments."""

    family: str
    words: tuple[str, ...]
    arguments: tuple[RawArgument, ...]
    position: tuple[int, int]
    older: bool = False


@dataclass
class RawScript:
    statements: list[RawStatement] = field(default_factory=list)
    sources: dict[str, str] = field(default_factory=dict)


def place(position: tuple[int, int]) -> str:
    return f"line {position[0]}, column {position[1]}"


def parse_text(text: str) -> RawScript:
    """Raw statements of a script. Raises InputError with line, column and what was expected."""
    if len(text) > SCRIPT_LIMIT:
        raise InputError(
            f"the script has {len(text)} characters, more than {SCRIPT_LIMIT}",
            remedy="put the data in a file and refer to it as @name.column",
        )
    text, removed = _without_margin(text)
    try:
        script: RawScript = _parser().parse(text)  # type: ignore[assignment]
    except UnexpectedInput as error:
        raise _syntax_error(error, text, removed) from None
    if removed:
        script.statements = [_moved(statement, removed) for statement in script.statements]
    return script


def _moved(statement: RawStatement, columns: int) -> RawStatement:
    line, column = statement.position
    arguments = tuple(
        replace(argument, position=(argument.position[0], argument.position[1] + columns))
        for argument in statement.arguments
    )
    return replace(statement, arguments=arguments, position=(line, column + columns))


def _without_margin(text: str) -> tuple[str, int]:
    """``text`` without the blanks that all its lines begin with, and how many they were.

    A line that begins with a blank continues the line above, which a script
    pasted with a margin does not mean.
    """
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    margins = [
        len(line) - len(line.lstrip())
        for line in text.split("\n")
        if line.strip() and not line.lstrip().startswith("#")
    ]
    margin = min(margins, default=0)
    if margin:
        lines = (
            line[margin:] if not line[:margin].strip() else line.lstrip()
            for line in text.split("\n")
        )
        text = "\n".join(lines)
    return text, margin


class Brackets(PostLex):
    """Drops line ends inside brackets and bounds how deep brackets nest."""

    always_accept: Iterable[str] = ("_END",)

    def process(self, stream: Iterator[Token]) -> Iterator[Token]:
        depth = 0
        for token in stream:
            if token.type in ("LSQB", "LBRACE"):
                depth += 1
                if depth > NESTING_LIMIT:
                    raise _at(token, f"brackets nest deeper than {NESTING_LIMIT}")
            elif token.type in ("RSQB", "RBRACE"):
                depth -= 1
            if token.type != "_END" or depth == 0:
                yield token


@functools.cache
def _parser() -> Lark:
    grammar = resources.files(__package__).joinpath("havoc.lark").read_text(encoding="utf-8")
    return Lark(
        grammar,
        parser="lalr",
        lexer="contextual",
        postlex=Brackets(),
        transformer=_ToRaw(),
        maybe_placeholders=True,
    )


class _ToRaw(Transformer[Token, RawScript]):
    """Builds raw statements while the parser runs; one method for each rule."""

    def start(self, parts: list[Any]) -> RawScript:
        script = RawScript()
        for part in parts:
            if isinstance(part, RawStatement):
                script.statements.append(part)
            elif part is not None:
                name, path = part
                script.sources[name] = path
        return script

    def data(self, children: list[Any]) -> tuple[str, str]:
        _, name, path = children
        return _name(name), _text(path)

    def statement(self, children: list[Any]) -> RawStatement:
        family, words, *arguments = children
        start = _position(family)
        # A list has no token of its own: it is said to stand where its statement begins.
        placed = (
            argument if argument.position[0] else replace(argument, position=start)
            for argument in arguments
        )
        return RawStatement(str(family), words, tuple(placed), start)

    def operation(self, words: list[Token]) -> tuple[str, ...]:
        return tuple(str(word) for word in words)

    def positional(self, children: list[Any]) -> RawArgument:
        (value,) = children
        return RawArgument("", "positional", (_value(value),), _position(value))

    def clause(self, children: list[Any]) -> RawArgument:
        keyword, *values = children
        given = tuple(_value(value) for value in values if value is not None)
        return RawArgument(str(keyword), "clause", given, _position(keyword))

    def named(self, children: list[Any]) -> RawArgument:
        label, value = children
        return RawArgument(_name(label), "named", (_value(value),), _position(label))

    setting = named

    def phrase(self, words: list[Any]) -> RawArgument:
        values = tuple(str(word) if isinstance(word, Token) else _value(word) for word in words)
        return RawArgument("", "phrase", values, _position(words[0]))

    def older(self, children: list[Any]) -> RawStatement:
        family, *arguments = children
        return RawStatement(str(family), (), tuple(arguments), _position(family), older=True)

    def sequence(self, children: list[Any]) -> list[Value]:
        values = [_value(child) for child in children if child is not None]
        if len(values) > LIST_LIMIT:
            raise InputError(
                f"a list has {len(values)} values, more than {LIST_LIMIT}",
                remedy="put the data in a file and refer to it as @name.column",
            )
        return values

    def mapping(self, children: list[Any]) -> dict[str, Value]:
        return dict(child for child in children if child is not None)

    def entry(self, children: list[Any]) -> tuple[str, Value]:
        name, value = children
        return _name(name), _value(value)

    def interval(self, children: list[Any]) -> dict[str, Value]:
        name, low, high, inner, outer = children
        return _factor(name, {"low": _value(low), "high": _value(high)}, inner or outer)

    def levels(self, children: list[Any]) -> dict[str, Value]:
        name, *levels, unit = children
        return _factor(name, {"levels": [_value(level) for level in levels]}, unit)

    def reference(self, children: list[Token]) -> Reference:
        data, by = children
        return Reference(_parts(data), _parts(by) if by is not None else ())


def _factor(name: Token, described: dict[str, Value], unit: Token | None) -> dict[str, Value]:
    factor: dict[str, Value] = {"name": _name(name), **described}
    if unit is not None:
        factor["unit"] = _name(unit)
    return factor


def _value(item: Any) -> Value:
    if not isinstance(item, Token):
        value: Value = item
        return value
    reading: Callable[[Token], Value] = _READINGS[item.type]
    return reading(item)


def _word(token: Token) -> Value:
    constants: dict[str, Value] = {"true": True, "false": False, "null": None}
    return constants.get(str(token), str(token))


def _text(token: Token) -> str:
    if token.startswith("'"):
        return str(token)[1:-1]
    try:
        text: str = json.loads(str(token), strict=False)
    except ValueError:
        raise _at(token, 'a backslash in this text means nothing; write \\\\ or \\"') from None
    return text


def _name(token: Token) -> str:
    return _text(token) if token[:1] in ('"', "'") else str(token)


def _number(token: Token) -> int | float:
    if len(token) > NUMBER_LIMIT:
        raise _at(token, f"a number of {len(token)} characters")
    if re.fullmatch(r"[+-]?\d+", token):
        return int(token)
    value = float(token)
    if value in (float("inf"), float("-inf")):
        raise _at(token, f"{token} is too large for a number")
    return value


def _percent(token: Token) -> float:
    return float(f"{token.rstrip('%').strip()}e-2")


def _parts(token: Token) -> tuple[str, ...]:
    found = re.findall(r'"(?:[^"\\]|\\.)*"|[\w-]+', str(token))
    return tuple(
        _text(Token("STRING", part, line=token.line, column=token.column))
        if part.startswith('"')
        else part
        for part in found
    )


_READINGS: dict[str, Callable[[Token], Value]] = {
    "WORD": _word,
    "STRING": _text,
    "NUMBER": _number,
    "PERCENT": _percent,
}


def _position(item: Any) -> tuple[int, int]:
    if isinstance(item, Token):
        return item.line or 0, item.column or 0
    return 0, 0


def _at(token: Token, what: str) -> InputError:
    return InputError(what, where=place(_position(token)))


def _syntax_error(error: UnexpectedInput, text: str, margin: int) -> InputError:
    """What was found and what was expected, in words."""
    position = (error.line, error.column + margin)
    if isinstance(error, UnexpectedToken) and error.token.type == "$END":
        position = (text.count("\n") + 1, len(text.rsplit("\n", 1)[-1]) + 1 + margin)
    expected = _expected(error)
    found = _found(error, text)
    remedy = ""
    if found.startswith("the word") and "a keyword in capitals" in expected:
        remedy = "keywords are written in capitals, texts of several words in quotes"
    return InputError(
        f"found {found} where {_or(expected)} was expected", where=place(position), remedy=remedy
    )


def _expected(error: UnexpectedInput) -> list[str]:
    if isinstance(error, UnexpectedToken):
        names = set(error.accepts or error.expected)
    elif isinstance(error, UnexpectedCharacters):
        names = set(error.allowed or ())
    else:
        names = set()
    if {"OLDER", "DATA", "KEYWORD"} <= names:
        return [STATEMENT_START]
    if names >= VALUE_TERMINALS:
        names = (names - VALUE_TERMINALS) | {"value"}
    return list(dict.fromkeys(words for name, words in EXPECTED.items() if name in names))


def _found(error: UnexpectedInput, text: str) -> str:
    if isinstance(error, UnexpectedToken):
        token = error.token
        if token.type == "$END":
            return "the end of the script"
        if token.type == "_END":
            return "the end of the line" if token == "\n" else "a semicolon"
        if token.type == "WORD":
            return f"the word {str(token)[:40]!r}"
        return repr(str(token)[:40])
    position = error.pos_in_stream or 0
    found = re.match(r'"|\S{1,40}', text[position:])
    if found and found[0] == '"':
        return "a quotation mark that is not closed on its line"
    return repr(found[0]) if found else "a blank"


def _or(names: list[str]) -> str:
    if len(names) < 2:
        return names[0] if names else "something else"
    return f"{', '.join(names[:-1])} or {names[-1]}"


_REFERENCE_PART = r'(?:[\w-]+|"(?:[^"\\\n]|\\.)+")'
_REFERENCE = re.compile(rf"@{_REFERENCE_PART}(?:\.{_REFERENCE_PART})*")


def as_reference(text: str) -> Reference | None:
    """``@bore.diameter`` as a reference, other text as None."""
    if not text.startswith("@") or not _REFERENCE.fullmatch(text):
        return None
    return Reference(_parts(Token("REFERENCE", text, line=1, column=1)))
