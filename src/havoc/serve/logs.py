"""Structured logs: one JSON object a line, which no text of a request can break.

A line names route, status, time, owner and request id. It never has a question, a prompt, data,
a query string, a header or a key.
"""

from __future__ import annotations

import logging
import sys
import time
import traceback
from typing import Any

import msgspec

from havoc.text import printable

LOGGER = "havoc.serve"
VALUE_LIMIT = 300

logger = logging.getLogger(LOGGER)


class JsonLines(logging.Formatter):
    """A record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
            + f".{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "event": printable(record.getMessage(), VALUE_LIMIT),
        }
        for name, value in getattr(record, "fields", {}).items():
            line[name] = printable(value, VALUE_LIMIT) if isinstance(value, str) else value
        return msgspec.json.encode(line).decode()


def set_up_logs() -> None:
    """Log to standard error. What libraries say below a warning is left out."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    logger.setLevel(logging.INFO)


def places_of(error: BaseException) -> list[str]:
    """Where an error was raised, without the values that were there."""
    frames = traceback.extract_tb(error.__traceback__)[-6:]
    return [f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in frames]


def tell(event: str, *, level: int = logging.INFO, **fields: Any) -> None:
    """Log an event with its fields."""
    logger.log(level, event, extra={"fields": fields})
