"""Print JSON Schemas: the arguments of one operation, of all of them, or the answer.

havoc schema t_test_two_sample
havoc schema answer
havoc schema
"""

from __future__ import annotations

import argparse
from typing import Any

from havoc.cli.output import pretty
from havoc.tools.declaration import registry


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "name", nargs="?", help="an operation, or answer; without it, every operation"
    )


def execute(namespace: argparse.Namespace) -> int:
    print(pretty(_schema(namespace.name)))
    return 0


def _schema(name: str | None) -> Any:
    if name is None:
        return registry.schemas()
    if name == "answer":
        from havoc.reason.answer import answer_schema

        return answer_schema()
    return registry.get(name).schema()
