"""The command line: one module a command group, imported when its command is used.

A command module has ``add_arguments(parser)`` and ``execute(namespace) -> int``.
Exit codes: 0 done, 1 unexpected error, 2 the input cannot carry the request,
130 interrupted.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import io
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from havoc import __version__
from havoc.errors import HavocError, InputError
from havoc.text import printable

COMMANDS: dict[str, tuple[str, str]] = {
    "ask": ("havoc.cli.ask", "ask a question about data"),
    "replay": ("havoc.cli.replay", "run the recorded calls of an answer again"),
    "run": ("havoc.cli.run", "run one tool directly"),
    "monitor": ("havoc.cli.monitor", "chart every characteristic of a wide file"),
    "dsl": ("havoc.cli.dsl", "run or format a script of statements"),
    "schema": ("havoc.cli.schema", "print JSON Schemas of the tools or of the answer"),
    "kb": ("havoc.cli.kb", "documents that answers may cite: list, add, search, export"),
    "plan": ("havoc.cli.plan", "count what a network needs: memory, time, what fits"),
    "train": ("havoc.cli.train", "train a network: vocabulary, pretraining, tuning"),
    "data": ("havoc.cli.synthesis", "make training questions for planners"),
    "bundle": ("havoc.cli.bundle", "show, check, export and import networks"),
    "serve": ("havoc.cli.serve", "serve the analyst to other programs"),
    "mcp": ("havoc.cli.mcp", "give the tools to an MCP client"),
    "keys": ("havoc.cli.keys", "make, list and revoke the keys of the server"),
    "eval": ("havoc.cli.evaluate", "measure the analyst on question sets"),
}

TRACEBACK_VARIABLE = "HAVOC_TRACEBACK"
ERROR_LIMIT = 600


class CommandParser(argparse.ArgumentParser):
    """An argument parser whose complaints are one line, like every other error."""

    def error(self, message: str) -> NoReturn:
        raise InputError(
            message, where=self.prog.removeprefix("havoc").strip(), remedy=f"see {self.prog} --help"
        )


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal without Unicode shows a question mark where it lacks a character.
            stream.reconfigure(errors="replace")
    try:
        code = _dispatch(arguments)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        # The reader (head, less) has gone: what is still buffered goes nowhere, quietly.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130
    except HavocError as error:
        return _failed(str(error), 2)
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        with contextlib.suppress(OSError):
            # what could not be written must not fail a second time when the program ends
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _failed(f"{error.strerror or error}{where}; free space or name another place", 2)
    except Exception as error:
        if os.environ.get(TRACEBACK_VARIABLE):
            raise
        said = " ".join(str(error).split())
        return _failed(
            f"unexpected {type(error).__name__}: {said}; "
            f"run again with {TRACEBACK_VARIABLE}=1 to see where",
            1,
        )


def _dispatch(arguments: list[str]) -> int:
    overview = _overview()
    known = overview.parse_args(arguments[:1])
    if known.command is None:
        overview.print_help()
        return 0
    if known.command not in COMMANDS:
        raise InputError(
            f"there is no command {known.command!r}",
            remedy=f"the commands are {', '.join(COMMANDS)}",
        )
    module_name, help_line = COMMANDS[known.command]
    module = importlib.import_module(module_name)
    parser = CommandParser(
        prog=f"havoc {known.command}",
        description=module.__doc__ or help_line,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    module.add_arguments(parser)
    code: int = module.execute(parser.parse_args(arguments[1:]))
    return code


def _overview() -> CommandParser:
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {help_line}" for name, (_, help_line) in COMMANDS.items()]
    parser = CommandParser(
        prog="havoc",
        usage="havoc COMMAND …",
        description="A question and data in, an audited answer out.",
        epilog="commands:\n" + "\n".join(lines) + "\n\nhavoc COMMAND --help says more.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"havoc {__version__}")
    parser.add_argument("command", nargs="?", help=argparse.SUPPRESS)
    return parser


def _failed(message: str, code: int) -> int:
    """One line on standard error, whatever the user's text contains."""
    print(f"havoc: {printable(message, ERROR_LIMIT)}", file=sys.stderr)
    return code
