"""Give the tools to an MCP client over standard input and output.

  havoc mcp

A client starts it itself; in its configuration: {"command": "havoc", "args": ["mcp"]}.
"""

from __future__ import annotations

import argparse

from havoc.errors import InputError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--workers", type=int, help="processes that compute (default: 2)")
    parser.add_argument("--planner", help="auto, rules, model or remote (default: auto)")


def execute(namespace: argparse.Namespace) -> int:
    from havoc.cli.serve import MISSING

    try:
        from havoc.serve.settings import load_settings
        from havoc.serve.stdio import run_stdio
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("havoc"):
            raise
        raise InputError(MISSING, where="mcp") from None
    given = {name: value for name, value in vars(namespace).items() if value is not None}
    run_stdio(load_settings(None, given))
    return 0
