"""The process that computes for the server: one task after another, within its limits.

A task is a JSON object on standard input, and what comes of it is written to standard output:
a byte that says what it is, four bytes of length, JSON. ``e`` an event on the way, ``r`` the
result, ``x`` an error of the input, ``u`` one of another server, ``m`` that memory did not
suffice, ``d`` a defect. Nothing is unpickled on either side.
"""

from __future__ import annotations

import ctypes
import os
import signal
import struct
import sys
from collections.abc import Callable
from functools import partial
from typing import IO, Any

import msgspec

from havoc.errors import HavocError, InputError, UnavailableError

HEADER = struct.Struct(">cI")
MOST_BYTES = 256_000_000

Emit = Callable[[dict[str, Any]], None]


def main() -> None:
    """Take tasks until standard input ends. ``argv``: memory in MB, the planner of questions."""
    _limit(int(sys.argv[1]))
    tasks = sys.stdin.buffer
    # what libraries print must not come between the frames
    results = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    from havoc.serve import tasks as known  # the imports that take long

    planner = sys.argv[2]
    known.warm(planner)
    _write(results, b"r", b"null")
    while (task := _read(tasks)) is not None:
        kind, body = _carried_out(task, partial(known.carry_out, planner=planner), results)
        _write(results, kind, body)


def _carried_out(
    task: bytes, carry_out: Callable[[dict[str, Any], Emit], Any], results: IO[bytes]
) -> tuple[bytes, bytes]:
    def emit(event: dict[str, Any]) -> None:
        _write(results, b"e", msgspec.json.encode(event))

    try:
        body = msgspec.json.encode(carry_out(msgspec.json.decode(task), emit))
        if len(body) > MOST_BYTES:
            raise InputError("the result is too large", remedy="ask for less")
        return b"r", body
    except UnavailableError as error:
        return b"u", _error(error)
    except HavocError as error:
        return b"x", _error(error)
    except MemoryError:
        return b"m", b"null"
    except RecursionError:
        return b"x", _error(InputError("is nested too deeply", remedy="simplify it"))
    except Exception as error:
        trace = error.__traceback__
        places = []
        while trace is not None:
            code = trace.tb_frame.f_code
            places.append(f"{os.path.basename(code.co_filename)}:{trace.tb_lineno}")
            trace = trace.tb_next
        # the message may quote the user's text, so it travels apart
        defect = {"type": type(error).__name__, "places": places[-6:], "message": str(error)[:500]}
        return b"d", msgspec.json.encode(defect)


def _error(error: HavocError) -> bytes:
    return msgspec.json.encode({"what": error.what, "where": error.where, "remedy": error.remedy})


def _limit(memory: int) -> None:
    """Bounds that the task cannot lift; the process ends with the server."""
    import resource

    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
        resource.setrlimit(resource.RLIMIT_AS, (memory * 1_000_000,) * 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(5)  # requests are taken before questions are computed
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _read(stream: IO[bytes]) -> bytes | None:
    header = stream.read(HEADER.size)
    if len(header) < HEADER.size:
        return None
    return stream.read(HEADER.unpack(header)[1])


def _write(stream: IO[bytes], kind: bytes, body: bytes) -> None:
    stream.write(HEADER.pack(kind, len(body)) + body)
    stream.flush()


if __name__ == "__main__":
    main()
