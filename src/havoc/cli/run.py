"""Run one tool directly.

havoc run --list
havoc run t_test_two_sample --help
havoc run t_test_two_sample --group1 "12.1 12.3 11.9" --group2 "12.8 12.6 13.0"
havoc run t_test_one_sample --data n=15,mean=50.2,sd=1.1 --mu0 50
havoc run describe --data @bore.csv:diameter
"""

from __future__ import annotations

import argparse
import functools
import re
from collections.abc import Sequence
from typing import Any

import msgspec.inspect as inspection

from havoc.cli import CommandParser
from havoc.cli.data import column_for
from havoc.cli.output import as_text, pretty
from havoc.cli.values import flag_of, value_of
from havoc.tools.declaration import PACKAGES, Tool, registry
from havoc.tools.signature import Parameter, signature

# A space in the name keeps it apart from every parameter of a tool.
_AS_JSON = "as json"
_NEGATIVE = re.compile(r"-[\d.]")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.usage = "havoc run OPERATION [--PARAMETER VALUE …] [--json] | --list"
    parser.add_argument("--list", action="store_true", help="list the operations and stop")
    parser.add_argument("operation", nargs="?", help="name of the operation")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)


def execute(namespace: argparse.Namespace) -> int:
    if namespace.operation is None:
        print(_listing())
        return 0
    declared = registry.get(namespace.operation)
    parser = _parser_for(declared)
    given = vars(parser.parse_args(_unambiguous(namespace.arguments)))
    as_json = given.pop(_AS_JSON)
    result = registry.execute(declared.name, _values(signature(declared), given))
    print(pretty(result.to_object()) if as_json else as_text(result))
    return 0


def _listing() -> str:
    lines: list[str] = []
    for package in PACKAGES:
        names = [name for name in registry if f".{package}." in registry.get(name).__module__]
        if not names:
            continue
        width = max(map(len, names))
        lines += [package, *(f"  {name:<{width}}  {registry.get(name).title}" for name in names)]
    return "\n".join(lines)


def _parser_for(declared: Tool) -> CommandParser:
    parser = CommandParser(
        prog=f"havoc run {declared.name}",
        description=f"{declared.title}\n\n{declared.summary}\n\nSource: {declared.source}",
        epilog="Lists: 1,2,3 or 1 2 3 or JSON. A column of a file: @bore.csv:diameter.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        argument_default=argparse.SUPPRESS,
        allow_abbrev=False,
    )
    for parameter in signature(declared).values():
        _add_parameter(parser, parameter)
    parser.add_argument(
        "--json",
        action="store_true",
        dest="as json",
        default=False,
        help="print the result as JSON",
    )
    return parser


def _add_parameter(parser: CommandParser, parameter: Parameter) -> None:
    option = flag_of(parameter.name)
    text = _help_for(parameter).replace("%", "%%")
    if parameter.accepts(inspection.BoolType):
        parser.add_argument(
            option, dest=parameter.name, nargs="?", const="yes", metavar="yes|no", help=text
        )
    else:
        many = parameter.accepts(inspection.ListType, inspection.DictType, inspection.StructType)
        parser.add_argument(
            option,
            dest=parameter.name,
            nargs="+" if many else None,
            required=parameter.required,
            metavar="VALUE",
            help=text,
        )


def _help_for(parameter: Parameter) -> str:
    text = f"{parameter.description}; {parameter.words}" if parameter.description else ""
    text = text or parameter.words
    if parameter.required:
        return f"{text} (required)"
    default = parameter.default
    if default is None or default in ("", [], {}):
        return text
    return f"{text} (default {'no' if default is False else default})"


def _unambiguous(arguments: Sequence[str]) -> list[str]:
    """Arguments as argparse understands them.

    ``-1,2`` is a list, not an option: a leading space says so. ``--center_points``
    is taken as ``--center-points``.
    """
    plain: list[str] = []
    for item in arguments:
        if _NEGATIVE.match(item):
            item = f" {item}"
        elif item.startswith("--"):
            name, sign, value = item.partition("=")
            item = name.replace("_", "-") + sign + value
        plain.append(item)
    return plain


def _values(parameters: dict[str, Parameter], given: dict[str, Any]) -> dict[str, Any]:
    texts = {
        name: " ".join(text) if isinstance(text, list) else text for name, text in given.items()
    }
    alone = sum(text.lstrip().startswith("@") for text in texts.values()) < 2
    column = functools.partial(column_for, alone=alone)
    return {name: value_of(text, parameters[name], column) for name, text in texts.items()}
