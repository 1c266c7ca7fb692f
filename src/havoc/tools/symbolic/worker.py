"""The process that does symbolic work: one request a line in, one answer a line out."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

MEMORY_BYTES = 2 << 30


def serve() -> None:
    """Answer requests until the input ends. Memory is bounded where the system can."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    from havoc.tools.symbolic import algebra

    answers = sys.stdout
    sys.stdout = sys.stderr
    for line in sys.stdin:
        request = msgspec.json.decode(line)
        # If the parent dies while we compute, nobody stops us: do it ourselves.
        watchdog = threading.Timer(request["seconds"] + 2.0, os._exit, args=(3,))
        watchdog.daemon = True
        watchdog.start()
        answers.write(_answer(algebra.OPERATIONS, request) + "\n")
        answers.flush()
        watchdog.cancel()


def _answer(operations: Mapping[str, Callable[..., Any]], request: dict[str, Any]) -> str:
    from havoc.errors import InputError

    try:
        answer = {"result": operations[request["operation"]](**request["arguments"])}
    except InputError as error:
        answer = {"error": [error.what, error.where, error.remedy]}
    except (ArithmeticError, ValueError, TypeError, NotImplementedError, AttributeError) as error:
        answer = {"error": [f"this could not be worked out ({type(error).__name__})", "", ""]}
    except (MemoryError, RecursionError):
        answer = {"error": ["this is too large to work out", "", "simplify the formula"]}
    return msgspec.json.encode(answer).decode()


if __name__ == "__main__":
    serve()
