"""Run or format a script of statements, a JSON or YAML document, or older keyword lines.

  havoc dsl analysis.havoc
  havoc dsl analysis.havoc --format
  havoc dsl - --data bore=measured/bore.csv < analysis.havoc

Files named in a script (DATA bore = "bore.csv") must lie in the script's own
directory; --data may name any file.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import msgspec

from havoc.cli.data import load_table
from havoc.cli.output import as_text, pretty
from havoc.errors import InputError
from havoc.reading.table import Table
from havoc.tools import dsl
from havoc.tools.dsl.documents import is_document
from havoc.tools.dsl.syntax import SCRIPT_LIMIT


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", help="the script; - reads standard input")
    parser.add_argument("--format", action="store_true", help="print the script, formatted")
    parser.add_argument("--json", action="store_true", help="print the results as JSON")
    parser.add_argument(
        "--data",
        action="append",
        default=[],
        metavar="NAME=FILE",
        help="data that the script refers to as @NAME; may be repeated",
    )


def execute(namespace: argparse.Namespace) -> int:
    text, directory = _read(namespace.file)
    try:
        script = dsl.parse_script(text)
    except InputError as error:
        raise _in_file(error, namespace.file) from None
    if namespace.format:
        sys.stdout.write(dsl.format_script(script))
        return 0
    data = _tables(script, directory, namespace.data)
    if namespace.json and is_document(text):
        envelope = dsl.run_document(text, data)
        print(pretty(msgspec.to_builtins(envelope)))
        return 0 if envelope.success else 2
    try:
        results = dsl.execute_script(script, data)
    except InputError as error:
        raise _in_file(error, namespace.file) from None
    if namespace.json:
        print(pretty([result.to_object() for result in results]))
    else:
        print("\n\n".join(as_text(result) for result in results))
    return 0


def _read(name: str) -> tuple[str, Path]:
    """The text of a script and the directory that its files are relative to."""
    try:
        if name == "-":
            content, directory = sys.stdin.buffer.read(4 * SCRIPT_LIMIT + 1), Path()
        else:
            with open(name, "rb") as file:
                content, directory = file.read(4 * SCRIPT_LIMIT + 1), Path(name).parent
    except OSError as error:
        raise InputError(
            f"cannot be read ({error.strerror})", where=name, remedy="check the path"
        ) from None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"byte {error.start + 1} is no UTF-8 text", where=name, remedy="save it as UTF-8 text"
        ) from None
    if "\0" in text:
        raise InputError("a binary file, not a script", where=name, remedy="give a text file")
    return text, directory


def _in_file(error: InputError, name: str) -> InputError:
    where = "standard input" if name == "-" else name
    return InputError(
        error.what, where=f"{where}, {error.where}" if error.where else where, remedy=error.remedy
    )


def _tables(script: dsl.Script, directory: Path, given: list[str]) -> dict[str, Table]:
    """The tables of the script, by name. What ``--data`` gives wins over the script's own."""
    paths: dict[str, Path] = {}
    for item in given:
        name, sign, path = item.partition("=")
        if not sign or not name or not path:
            raise InputError(
                f"cannot read {item!r}", where="--data", remedy="write it as NAME=FILE"
            )
        paths[name] = Path(path)
    for name, path in script.sources.items():
        if name not in paths:
            paths[name] = _inside(directory, path, name)
    return {name: load_table(path) for name, path in paths.items()}


def _inside(directory: Path, path: str, name: str) -> Path:
    """``path`` below ``directory``, links resolved; anything else is refused."""
    base = directory.resolve()
    target = (base / path).resolve()
    if not target.is_relative_to(base):
        raise InputError(
            f"{path} is outside the script's directory",
            where=f"DATA {name}",
            remedy=f"give --data {name}={path} if that is meant",
        )
    return target
