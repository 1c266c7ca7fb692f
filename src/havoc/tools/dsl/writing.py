"""A tree as text in the language, so that reading it gives the same tree."""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import replace
from typing import Any

from havoc.errors import HavocError
from havoc.tools.declaration import registry
from havoc.tools.dsl import keywords
from havoc.tools.dsl.tree import Reference, Script, Statement, Value
from havoc.tools.signature import signature

WIDTH = 88
# Above this length a statement is written plainly, without trying the shorter forms.
SHORTENED = 20_000

_WORD = re.compile(r"[^\W\d]\w*(?:-\w+)*")
_KEYWORD = re.compile(r"[A-Z][A-Z0-9_]+")
_UNIT = re.compile(r"[^\W\d_][\w/^*·°%-]*|[°%][\w/^*·°%-]*")
_CONSTANTS = ("true", "false", "null")
_NOT_KEYWORDS = ("BY", "DSL_BEGIN", "DSL_END", "CHECK_SPC", "EVAL_DOE", "RUN_TTEST")


def format_script(script: Script) -> str:
    """The script as statements, one a line. Parsing the text gives an equal tree."""
    lines = [
        f"DATA {_quoted_unless(_WORD, name)} = {_quoted(path)}"
        for name, path in script.sources.items()
    ]
    lines += [format_statement(statement) for statement in script.statements]
    return "".join(f"{line}\n" for line in lines)


def format_statement(statement: Statement) -> str:
    """One statement, with groups as ``A=[…]`` and the chart by its kind where that is the same."""
    order = list(signature(registry.get(statement.operation)))
    known = sorted(
        statement.arguments, key=lambda name: order.index(name) if name in order else len(order)
    )
    statement = replace(statement, arguments={name: statement.arguments[name] for name in known})
    plain = _fold(_statement(statement, statement.arguments, {}))
    if len(plain) > SHORTENED:
        return plain
    short = _fold(_shortened(statement))
    return short if short != plain and _reads_as(short, statement) else plain


def _statement(
    statement: Statement, arguments: dict[str, Value], groups: dict[str, Value], words: str = ""
) -> list[str]:
    parts = [keywords.family_of(statement.operation), words or statement.operation]
    parts += [f"{_quoted_unless(_WORD, name)}={_value(item)}" for name, item in groups.items()]
    parts += [_argument(name, value) for name, value in arguments.items()]
    return parts


def _shortened(statement: Statement) -> list[str]:
    arguments = dict(statement.arguments)
    words = ""
    kind = arguments.get("kind")
    if isinstance(kind, str) and _WORD.fullmatch(kind):
        del arguments["kind"]
        words = kind
    groups: dict[str, Value] = {}
    mapping = arguments.get("groups")
    if isinstance(mapping, dict) and mapping:
        groups = mapping
        del arguments["groups"]
    elif {"group1", "group2", "name1", "name2"} <= arguments.keys():
        names = [arguments.pop("name1"), arguments.pop("name2")]
        values = [arguments.pop("group1"), arguments.pop("group2")]
        groups = {str(name): value for name, value in zip(names, values, strict=True)}
    return _statement(statement, arguments, groups, words)


def _reads_as(text: str, statement: Statement) -> bool:
    from havoc.tools.dsl.binding import bind_script
    from havoc.tools.dsl.syntax import parse_text

    try:
        return bind_script(parse_text(text)).statements == (statement,)
    except HavocError:
        return False


def _fold(parts: list[str]) -> str:
    """Parts on lines of about ``WIDTH``; a line that continues begins with blanks."""
    lines: list[str] = []
    line = parts[0]
    for part in parts[1:]:
        if len(line) + 1 + len(part) > WIDTH and len(line) > 20:
            lines.append(line)
            line = f"    {part}"
        else:
            line = f"{line} {part}"
    return "\n".join([*lines, line])


def _argument(name: str, value: Value) -> str:
    keyword = keywords.WRITTEN.get(name, name.upper())
    if not _KEYWORD.fullmatch(keyword) or keyword in _NOT_KEYWORDS:
        return f"{name}={_value(value)}"
    if isinstance(value, list) and len(value) > 1 and all(_factor(item) for item in value):
        return f"{keyword} {', '.join(map(_value, value))}"
    return f"{keyword} {_value(value)}"


def _value(value: Value) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Reference):
        by = f" BY {_reference(value.by)}" if value.by else ""
        return _reference(value.parts) + by
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    factor = _factor(value)
    if factor:
        return factor
    entries = (f"{_quoted_unless(_WORD, name)}: {_value(item)}" for name, item in value.items())
    return "{" + ", ".join(entries) + "}"


def _factor(value: Any) -> str:
    """``temp[150..200] C`` or ``line{old, new}``; empty if the value is no factor."""
    if not isinstance(value, dict) or not isinstance(value.get("name"), str):
        return ""
    unit = value.get("unit", "")
    if not isinstance(unit, str) or ("unit" in value and not unit):
        return ""
    name = _quoted_unless(_WORD, value["name"])
    is_unit = _UNIT.fullmatch(unit) and not _KEYWORD.fullmatch(unit)
    after = f" {unit}" if is_unit else ""
    if value.keys() - {"unit"} == {"name", "low", "high"}:
        if not all(_is_number(value[end]) for end in ("low", "high")):
            return ""
        inside = f" {_quoted(unit)}" if unit and not is_unit else ""
        return f"{name}[{value['low']!r}..{value['high']!r}{inside}]{after}"
    if value.keys() - {"unit"} == {"name", "levels"}:
        levels = value["levels"]
        if isinstance(levels, list) and levels and (is_unit or not unit):
            return f"{name}{{{', '.join(map(_value, levels))}}}{after}"
    return ""


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _reference(parts: tuple[str, ...]) -> str:
    return "@" + ".".join(_quoted_unless(re.compile(r"[\w-]+"), part) for part in parts)


def _text(text: str) -> str:
    if text in _CONSTANTS or _KEYWORD.fullmatch(text):
        return _quoted(text)
    return _quoted_unless(_WORD, text)


def _quoted_unless(pattern: re.Pattern[str], text: str) -> str:
    return text if pattern.fullmatch(text) else _quoted(text)


def _quoted(text: str) -> str:
    """A JSON string in which control and direction characters are written out."""
    return "".join(
        character
        if unicodedata.category(character)[0] != "C"
        else json.dumps(character, ensure_ascii=True)[1:-1]
        for character in json.dumps(text, ensure_ascii=False)
    )
