"""Server-sent events as the standard reads them: a reader of its own, to check the writer."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

LINE = re.compile(r"\r\n|\n|\r")


@dataclass
class Event:
    data: str
    name: str = "message"
    identity: str = ""


@dataclass
class _State:
    data: list[str] = field(default_factory=list)
    name: str = ""
    identity: str = ""


def read_events(chunks: Iterable[bytes]) -> Iterator[Event]:
    """WHATWG HTML 9.2.6, "Interpreting an event stream"."""
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    state, rest = _State(), ""
    for chunk in chunks:
        *lines, rest = LINE.split(rest + decoder.decode(chunk))
        for line in lines:
            if line == "":
                if state.data:
                    yield Event("\n".join(state.data), state.name or "message", state.identity)
                state.data, state.name = [], ""
            elif not line.startswith(":"):
                name, _, value = line.partition(":")
                value = value.removeprefix(" ")
                if name == "data":
                    state.data.append(value)
                elif name == "event":
                    state.name = value
                elif name == "id" and "\0" not in value:
                    state.identity = value
