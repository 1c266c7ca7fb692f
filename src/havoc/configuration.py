"""Settings from files and callers: read as YAML, checked by name and type before any use."""

from __future__ import annotations

import dataclasses
import difflib
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from havoc.errors import InputError

T = TypeVar("T")
_KINDS = {
    "int": "a whole number",
    "float": "a number",
    "str": "a text",
    "bool": "true or false",
    "array": "a list",
    "object": "name: value lines",
    "null": "nothing",
}


def meant(name: object, known: Iterable[str], otherwise: str) -> str:
    """A remedy for a misspelt name: the known one nearest to it, or else ``otherwise``."""
    near = difflib.get_close_matches(str(name), list(known), n=1)
    return f"did you mean {near[0]}?" if near else otherwise


def refuse_unknown(names: Iterable[object], known: Iterable[str], *, where: str, what: str) -> None:
    """InputError for the first of ``names`` that is not ``known``; ``what`` is e.g. "field"."""
    allowed = list(known)
    for name in names:
        if name not in allowed:
            raise InputError(
                f"there is no {what} {str(name)!r}",
                where=where,
                remedy=meant(name, allowed, f"known: {', '.join(allowed)}"),
            )


def read_mapping(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The names and values of a YAML (or JSON) file. InputError: unreadable, or no mapping."""
    import yaml

    try:
        content = yaml.safe_load(Path(path).read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        detail = getattr(error, "strerror", None) or "not UTF-8"
        raise InputError(
            f"cannot be read ({detail})", where=str(path), remedy="check the path"
        ) from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        raise InputError(
            "is no YAML or JSON", where=f"{path}{line}", remedy="give name: value lines"
        ) from None
    if not isinstance(content, dict):
        raise InputError("holds no settings", where=str(path), remedy="give name: value lines")
    return content


def settings_of(kind: type[T], values: Mapping[str, Any], *, where: str) -> T:
    """A dataclass from plain values. InputError: unknown names, wrong types, refused values."""
    known = [field.name for field in dataclasses.fields(kind)]  # type: ignore[arg-type]
    refuse_unknown(values, known, where=where, what="setting")
    try:
        # not strict: YAML reads 3e-4, without a point, as text
        return msgspec.convert(dict(values), kind, strict=False)
    except msgspec.ValidationError as error:
        if isinstance(error.__cause__, InputError):  # raised by the dataclass itself
            raise InputError(str(error.__cause__), where=where) from None
        raise _wrong_type(str(error), where) from None


def _wrong_type(message: str, where: str) -> InputError:
    """What msgspec says ("Expected `int`, got `str` - at `$.x`"), with place and remedy."""
    missing = re.fullmatch(r"Object missing required field `([^`]+)`", message)
    if missing:
        return InputError(f"there is no {missing[1]}", where=where, remedy="add it")
    said = re.fullmatch(r"Expected `([^`]+)`, got `([^`]+)`(?: - at `\$\.?([^`]*)`)?", message)
    if said is None:
        return InputError(message, where=where, remedy="correct that value")
    expected = " or ".join(_KINDS.get(kind, kind) for kind in said[1].split(" | "))
    place = f"{where}: {said[3]}" if said[3] else where
    return InputError(f"is {_KINDS.get(said[2], said[2])}", where=place, remedy=f"give {expected}")
