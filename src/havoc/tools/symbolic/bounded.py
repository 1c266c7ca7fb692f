"""Symbolic work with a deadline: a worker process that is stopped when it takes too long.

Sympy can run for hours on a short input, and a thread cannot be stopped. The worker
is started at the first request, kept for the next ones, and replaced after a
deadline was missed.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import queue
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import msgspec

import havoc
from havoc.errors import InputError

SECONDS = 5.0
# Starting Python and importing sympy comes on top of the first request.
START_SECONDS = 20.0


class DeadlineError(InputError):
    """The work was stopped because it took too long."""


class _Worker:
    """A child process and the thread that reads its answers."""

    def __init__(self) -> None:
        self.owner = os.getpid()
        root = str(Path(havoc.__file__).parents[1])
        path = os.pathsep.join(part for part in (root, os.environ.get("PYTHONPATH")) if part)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "havoc.tools.symbolic.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": path},
            encoding="utf-8",
        )
        self.answers: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        threading.Thread(target=self._listen, daemon=True).start()
        hello = {"operation": "simplify", "arguments": {"expression": "0", "how": "expand"}}
        try:
            self.ask(hello, START_SECONDS)
        except InputError:
            self.stop()
            raise

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.answers.put(line)
        self.answers.put(None)

    def ask(self, request: dict[str, Any], seconds: float) -> dict[str, Any]:
        assert self.process.stdin is not None
        request = {**request, "seconds": seconds}
        try:
            self.process.stdin.write(msgspec.json.encode(request).decode() + "\n")
            self.process.stdin.flush()
            line = self.answers.get(timeout=seconds)
        except queue.Empty:
            raise DeadlineError(
                f"no result within {seconds:g} s", remedy="simplify the formula"
            ) from None
        except OSError:
            line = None
        if line is None:
            raise InputError("this is too large to work out", remedy="simplify the formula")
        answer: dict[str, Any] = msgspec.json.decode(line)
        return answer

    @property
    def usable(self) -> bool:
        """Alive, and started by this process (not inherited by a fork)."""
        return self.owner == os.getpid() and self.process.poll() is None

    def stop(self) -> None:
        self.process.kill()
        with contextlib.suppress(OSError):
            self.process.communicate(timeout=1)


_lock = threading.Lock()
_worker: _Worker | None = None


def bounded(operation: str, arguments: dict[str, Any], seconds: float = SECONDS) -> Any:
    """Run an operation of ``algebra`` with a deadline. Raises InputError if it fails."""
    global _worker
    with _lock:
        if _worker is None or not _worker.usable:
            _worker = _Worker()
        try:
            answer = _worker.ask({"operation": operation, "arguments": arguments}, seconds)
        except InputError:
            _worker.stop()
            _worker = None
            raise
    if "error" in answer:
        what, where, remedy = answer["error"]
        raise InputError(what, where=where, remedy=remedy)
    return answer["result"]


@atexit.register
def _stop() -> None:
    if _worker is not None and _worker.owner == os.getpid():
        _worker.stop()
