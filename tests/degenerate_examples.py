"""Every operation's documented example, made degenerate in every way that a column can be.

The arguments are those of the fenced block in ``docs/methods/notes/OPERATION.md``.
"""

from __future__ import annotations

import copy
import itertools
import json
import math
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

Arguments = dict[str, Any]
Place = tuple[str | int, ...]

NOTES = Path(__file__).parents[1] / "docs" / "methods" / "notes"
MOST_LISTS = 4
"""Of how many lists each is made degenerate by itself; all together always are."""


def documented(operation: str) -> Arguments:
    text = (NOTES / f"{operation}.md").read_text("utf-8")
    arguments: Arguments = json.loads(re.findall(r"```json\n(.*?)```", text, re.DOTALL)[-1])
    return arguments


def _scaled(values: list[Any], by: float) -> list[Any]:
    return [value if value is None else value * by for value in values]


COLUMNS: dict[str, Callable[[list[Any]], list[Any]]] = {
    "constant": lambda v: [next(x for x in v if x is not None)] * len(v),
    "zeros": lambda v: [0] * len(v),
    "one value": lambda v: v[:1],
    "two values": lambda v: v[:2],
    "two equal": lambda v: v[:1] * 2,
    "empty": lambda v: [],
    "nan": lambda v: [math.nan, *v[1:]],
    "infinite": lambda v: [*v[:-1], math.inf],
    "gap": lambda v: [None, *v[1:]],
    "huge": lambda v: _scaled(v, 1e300),
    "one huge": lambda v: [1e300, *v[1:]],
    "tiny": lambda v: _scaled(v, 1e-300),
    "negative": lambda v: _scaled(v, -1),
    "rounding": lambda v: [5.0] * (len(v) - 1) + [math.nextafter(5.0, 6)],
    "one differs": lambda v: [5.0] * (len(v) - 1) + [6.0],
    "halves": lambda v: [1.0] * (len(v) // 2) + [2.0] * (len(v) - len(v) // 2),
    "numbered": lambda v: list(range(len(v))),
}
ALONE = ("constant", "zeros", "two values", "nan", "infinite", "one huge", "tiny", "one differs")
FIGURES = (0, -1, 1, 10**9, 1e-300, 1e300, math.nan, math.inf)


def _is_figure(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _walk(value: Any, place: Place = ()) -> Iterator[tuple[Place, Any]]:
    yield place, value
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in items:
        if isinstance(item, (dict, list)):
            yield from _walk(item, (*place, key))


def _at(arguments: Any, place: Place) -> Any:
    for key in place:
        arguments = arguments[key]
    return arguments


def _with(arguments: Arguments, places: list[Place], change: Callable[[Any], Any]) -> Arguments:
    changed = copy.deepcopy(arguments)
    for place in places:
        _at(changed, place[:-1])[place[-1]] = change(_at(arguments, place))
    return changed


def degenerate(arguments: Arguments) -> Iterator[tuple[str, Arguments]]:
    """What was done to the arguments, and the arguments after it."""
    lists = [(place, value) for place, value in _walk(arguments) if isinstance(value, list)]
    columns = [
        place
        for place, value in lists
        if any(map(_is_figure, value)) and all(x is None or _is_figure(x) for x in value)
    ]
    labels = [place for place, value in lists if value and all(isinstance(x, str) for x in value)]
    yield from _columns(arguments, columns)
    yield from _labels(arguments, columns, labels)
    yield from _collinear(arguments, columns)
    yield from _rows(arguments, columns + labels, lists)
    yield from _figures(arguments)


def _columns(arguments: Arguments, columns: list[Place]) -> Iterator[tuple[str, Arguments]]:
    for name, change in COLUMNS.items():
        if columns:
            yield f"all {name}", _with(arguments, columns, change)
    for place in columns[:MOST_LISTS] if len(columns) > 1 else []:
        for name in ALONE:
            yield f"{place} {name}", _with(arguments, [place], COLUMNS[name])
    for place in columns:
        if set(_at(arguments, place)) <= {0, 1}:
            yield f"{place} all censored", _with(arguments, [place], lambda v: [0] * len(v))
            yield f"{place} all events", _with(arguments, [place], lambda v: [1] * len(v))


def _labels(
    arguments: Arguments, columns: list[Place], labels: list[Place]
) -> Iterator[tuple[str, Arguments]]:
    repeated = [p for p in columns if len(set(_at(arguments, p))) < len(_at(arguments, p))]
    for place in [*labels, *repeated[:MOST_LISTS]]:
        yield f"{place} one label", _with(arguments, [place], lambda v: ["L"] * len(v))
        yield (
            f"{place} all labels distinct",
            _with(arguments, [place], lambda v: [f"L{i}" for i in range(len(v))]),
        )


def _collinear(arguments: Arguments, columns: list[Place]) -> Iterator[tuple[str, Arguments]]:
    pairs = [
        (first, second)
        for first, second in itertools.combinations(columns, 2)
        if len(_at(arguments, first)) == len(_at(arguments, second))
    ]
    for first, second in pairs[:MOST_LISTS]:
        model = _at(arguments, first)
        yield f"{second} as {first}", _with(arguments, [second], lambda _, m=model: list(m))
        yield (
            f"{second} twice {first}",
            _with(arguments, [second], lambda _, m=model: [x and 2 * x + 1 for x in m]),
        )


def _rows(
    arguments: Arguments, long: list[Place], lists: list[tuple[Place, Any]]
) -> Iterator[tuple[str, Arguments]]:
    for place in long[:2]:
        yield f"{place} shorter", _with(arguments, [place], lambda v: v[:-1])
    for rows in (1, 2, 3, 4) if len(long) > 1 else ():
        yield f"{rows} rows", _with(arguments, long, lambda v, n=rows: v[:n])
    for place, value in lists:
        if value and all(isinstance(item, (list, dict)) for item in value):
            for rows in (0, 1, 2):
                yield f"{place} {rows} rows", _with(arguments, [place], lambda v, n=rows: v[:n])
            yield f"{place} rows alike", _with(arguments, [place], lambda v: v[:1] * len(v))
    for place, value in _walk(arguments):
        if place and isinstance(value, dict):
            for keys in (0, 1):
                kept = dict(list(value.items())[:keys])
                yield f"{place} {keys} names", _with(arguments, [place], lambda _, k=kept: k)


def _figures(arguments: Arguments) -> Iterator[tuple[str, Arguments]]:
    for place, value in _walk(arguments):
        for key, item in value.items() if isinstance(value, dict) else ():
            for figure in FIGURES if _is_figure(item) else ():
                where = (*place, key)
                yield f"{where} = {figure}", _with(arguments, [where], lambda _, f=figure: f)
