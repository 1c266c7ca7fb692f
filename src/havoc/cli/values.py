"""Text from the command line as the value that a parameter takes.

Lists are written ``1,2,3`` or ``1 2 3``, a summary ``n=10,mean=1.2,sd=0.3``,
groups ``A=1 2 3; B=4 5 6``, rows ``1 2 3; 4 5 6``, factors
``temp:150..200:C, time:10..30`` or ``line:old|new``; JSON is understood
everywhere, and ``@file.csv:column`` takes a column of a file.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec
import msgspec.inspect as inspection

from havoc.errors import InputError
from havoc.reading.numbers import shorten
from havoc.tools.signature import Parameter, flatten, is_number

TEXT_LIMIT = 8_000_000

_NUMBER = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?"
_RANGE = re.compile(rf"\s*(?P<low>{_NUMBER})\s*\.\.\s*(?P<high>{_NUMBER})\s*")
_WHOLE = re.compile(r"[+-]?\d+")
_TRUE = ("true", "yes", "1", "on")
_FALSE = ("false", "no", "0", "off")


def value_of(
    text: str, parameter: Parameter, column: Callable[[str, Parameter], Any] | None = None
) -> Any:
    """``text`` as a value that ``parameter`` accepts; the tool itself checks its bounds.

    ``column`` resolves what follows an ``@``.
    """
    where = flag_of(parameter.name)
    if len(text) > TEXT_LIMIT:
        raise InputError(
            f"{len(text)} characters are too many",
            where=where,
            remedy="put the values in a file and give @file.csv:column",
        )
    stripped = text.strip()
    if stripped.startswith("@") and column is not None:
        return column(stripped[1:], parameter)
    if stripped[:1] in ("[", "{"):
        return _from_json(stripped, where)
    try:
        for attempt in _ATTEMPTS:
            for kind in parameter.kinds:
                value = attempt(stripped, kind)
                if value is not None:
                    return value
    except InputError as error:
        raise InputError(error.what, where=where, remedy=error.remedy) from None
    if parameter.accepts(inspection.NoneType) and stripped.lower() in ("none", "null", ""):
        return None
    if parameter.accepts(inspection.StrType):
        return text
    raise InputError(
        f"cannot read {stripped[:40]!r}", where=where, remedy=f"give {parameter.words}"
    )


def flag_of(name: str) -> str:
    return "--" + name.replace("_", "-")


def _from_json(text: str, where: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise InputError(f"not valid JSON ({error})", where=where) from None


def _choice(text: str, kind: inspection.Type) -> Any:
    if not isinstance(kind, inspection.LiteralType):
        return None
    named = {str(value).casefold(): value for value in kind.values}
    wanted = text.casefold().replace("-", "_")
    # A wrong choice goes on to the tool, which names the choices that there are.
    return named.get(text.casefold(), named.get(wanted))


def _yes_or_no(text: str, kind: inspection.Type) -> Any:
    if isinstance(kind, inspection.BoolType):
        if text.lower() in _TRUE:
            return True
        if text.lower() in _FALSE:
            return False
    return None


def _number(text: str, kind: inspection.Type) -> Any:
    if isinstance(kind, inspection.IntType) and _WHOLE.fullmatch(text):
        return int(text[:400])
    if isinstance(kind, inspection.FloatType) and _is_number(text):
        return float(text)
    return None


def _summary(text: str, kind: inspection.Type) -> Any:
    """``n=10, mean=1.2, sd=0.3`` for a structure with those fields."""
    if not isinstance(kind, inspection.StructType) or "=" not in text:
        return None
    fields = {field.name.casefold(): field for field in kind.fields}
    summary: dict[str, Any] = {}
    for part in re.split(r"[,;\s]+(?=[A-Za-z_]\w*\s*=)", text):
        name, _, value = part.partition("=")
        field = fields.get(name.strip().casefold())
        if field is None:
            return None
        summary[field.name] = _first(value.strip(" ,;"), field.type)
    return summary


def _factors(text: str, kind: inspection.Type) -> Any:
    """``temp:150..200:C, time:10..30`` or ``line:old|new`` for a list of named structures."""
    if not isinstance(kind, inspection.ListType):
        return None
    structures = [
        item for item in flatten(kind.item_type) if isinstance(item, inspection.StructType)
    ]
    if not any("name" in {field.name for field in item.fields} for item in structures):
        return None
    if text.strip().isdigit():
        raise InputError(
            f"{shorten(text.strip())} is a number, not the name of a factor",
            remedy="name the factors, such as temp:150..200, pressure:1..5",
        )
    if ":" not in text:
        return None
    return [_factor(part) for part in re.split(r"\s*[,;]\s*", text.strip(" ,;"))]


def _factor(text: str) -> dict[str, Any]:
    name, *rest = (part.strip() for part in text.split(":"))
    if not rest:
        return {"name": name}
    described: dict[str, Any] = {"name": name}
    ends = _RANGE.fullmatch(rest[0])
    if ends:
        described |= {"low": float(ends["low"]), "high": float(ends["high"])}
    else:
        levels = [level.strip() for level in rest[0].split("|")]
        numeric = all(_is_number(level) for level in levels)
        described["levels"] = [float(level) for level in levels] if numeric else levels
    if len(rest) > 1 and rest[1]:
        described["unit"] = rest[1]
    return described


def _groups(text: str, kind: inspection.Type) -> Any:
    """``A=1 2 3; B=4 5 6`` or ``x=1, y=2`` for a mapping."""
    if not isinstance(kind, inspection.DictType) or "=" not in text:
        return None
    groups: dict[str, Any] = {}
    for part in filter(str.strip, re.split(r"[;\n]|,\s*(?=[^\W\d]\w*\s*=)", text)):
        name, sign, values = part.partition("=")
        if not sign:
            return None
        groups[name.strip()] = _first(values.strip(), kind.value_type)
    return groups


def _rows(text: str, kind: inspection.Type) -> Any:
    """``1 2 3; 4 5 6`` for a list of lists."""
    if not isinstance(kind, inspection.ListType):
        return None
    inner = [item for item in flatten(kind.item_type) if isinstance(item, inspection.ListType)]
    if not inner or not re.search(r"[;\n]", text):
        return None
    return [_list(row, inner[0]) for row in filter(str.strip, re.split(r"[;\n]", text))]


def _refuse_decimal_commas(text: str) -> None:
    """ "12,1 12,3" would be read as four values: a mark inside and a space between the numbers."""
    words = text.split()
    if len(words) > 1 and all(re.fullmatch(r"-?\d+,\d+;?", word) for word in words):
        raise InputError(
            f"{shorten(text)!r} mixes commas inside and spaces between the numbers",
            remedy="write decimal points (12.1 12.3), or commas only between the values",
        )


def _list(text: str, kind: inspection.Type) -> Any:
    if not isinstance(kind, inspection.ListType):
        return None
    items = list(flatten(kind.item_type))
    if any(is_number(item) for item in items):
        _refuse_decimal_commas(text)
    words = re.split(r"[,;\s]+", text.strip(" ,;\t\n"))
    if any(is_number(item) for item in items):
        numbers = [_as_number(word) for word in words]
        if all(number is not None for number in numbers):
            return numbers
    if any(isinstance(item, inspection.StrType | inspection.LiteralType) for item in items):
        if re.search(r"[,;]", text):
            words = [word.strip() for word in re.split(r"[,;]", text.strip(" ,;"))]
        return words if words != [""] else []
    if any(is_number(item) for item in items):
        wrong = next(word for word in words if _as_number(word) is None)
        raise InputError(
            f"{wrong[:40]!r} is not a number",
            remedy="write the values as 1,2,3 or 1 2 3 with decimal points",
        )
    return None


_ATTEMPTS: tuple[Callable[[str, inspection.Type], Any], ...] = (
    _choice,
    _yes_or_no,
    _number,
    _summary,
    _factors,
    _groups,
    _rows,
    _list,
)


def _first(text: str, kind: inspection.Type) -> Any:
    """The first reading of ``text`` that one member of ``kind`` gives, else the text."""
    for attempt in _ATTEMPTS:
        for member in flatten(kind):
            value = attempt(text, member)
            if value is not None:
                return value
    return text


def _is_number(text: str) -> bool:
    return re.fullmatch(_NUMBER, text) is not None


def _as_number(text: str) -> float | int | None:
    if _WHOLE.fullmatch(text) and len(text) < 400:
        return int(text)
    return float(text) if _is_number(text) else None
