"""A bounded number of worker processes, and who waits for one.

Work that is given up (its client has left, its time is over) ends with its process, and a new
one takes its place: nothing else can stop a computation inside a compiled library.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import msgspec

from havoc.errors import InputError, UnavailableError
from havoc.serve.problems import Problem
from havoc.serve.settings import ServeSettings
from havoc.serve.worker import HEADER, MOST_BYTES

MOST_TASKS = 500
"""After so many a worker is replaced, whatever its libraries have kept."""
MOST_STARTS = 3

OnEvent = Callable[[dict[str, Any]], None]


class Defect(Exception):
    """A worker met an error that is none of the input's; ``details`` has type and places."""

    def __init__(self, details: dict[str, Any]) -> None:
        super().__init__(details.get("type", "unknown"))
        self.details = details


class WorkerPool:
    """Runs tasks of ``havoc.serve.tasks``. All methods belong to one event loop."""

    def __init__(self, settings: ServeSettings) -> None:
        self.size = settings.workers
        self.running = 0
        self.cancelled = 0
        self._settings = settings
        self._most_waiting = settings.waiting_questions
        self._idle: list[_Worker] = []
        self._waiting: deque[asyncio.Future[_Worker]] = deque()
        self._starting: set[asyncio.Task[None]] = set()
        self._closed = False

    @property
    def waiting(self) -> int:
        """Tasks that no process has taken yet."""
        return len(self._waiting)

    def start(self) -> None:
        """Begin to start the processes; tasks may come at once."""
        for _ in range(self.size):
            self._start_one()

    async def close(self) -> None:
        """End every process."""
        self._closed = True
        for task in tuple(self._starting):
            task.cancel()
        for worker in self._idle:
            await worker.kill()
        self._idle.clear()

    async def run(
        self, task: dict[str, Any], *, seconds: float, on_event: OnEvent | None = None
    ) -> bytes:
        """The JSON of the result. Cancelling this call ends the work.

        Raises InputError for what the input cannot carry, Problem 503 where too many wait,
        422 where time or memory did not suffice, Defect for anything else.
        """
        worker = await self._free_worker()
        self.running += 1
        done = False
        try:
            async with asyncio.timeout(seconds):
                result = await worker.run(msgspec.json.encode(task), on_event)
            done = True
            return result
        except (InputError, Defect):
            done = True
            raise
        except MemoryError:  # of the worker, which a new one replaces
            raise Problem(
                422,
                "needs more memory than a question may have",
                kind="too-costly",
                remedy="hand over fewer rows or columns, or raise worker_memory",
            ) from None
        except TimeoutError:
            raise Problem(
                422,
                f"took longer than {seconds:g} seconds",
                kind="too-costly",
                remedy="hand over fewer rows or columns, or choose a smaller budget",
            ) from None
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        except (asyncio.IncompleteReadError, OSError):
            raise Problem(
                422,
                "the computation ended before it was finished, most likely for want of memory",
                kind="too-costly",
                remedy="hand over fewer rows or columns",
            ) from None
        finally:
            self.running -= 1
            if done and worker.tasks < MOST_TASKS and not self._closed:
                self._hand_out(worker)
            else:
                worker.end()
                if not self._closed:
                    self._start_one()

    async def _free_worker(self) -> _Worker:
        if self._idle:
            return self._idle.pop()
        free = self.size - self.running - len(self._idle)  # processes that are about to be there
        if len(self._waiting) >= self._most_waiting + free:
            raise Problem(
                503,
                f"{len(self._waiting)} questions wait already",
                kind="busy",
                remedy="try again later",
                headers={"Retry-After": "2"},
            )
        turn: asyncio.Future[_Worker] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                self._hand_out(turn.result())
            elif turn in self._waiting:
                self._waiting.remove(turn)
            raise

    def _hand_out(self, worker: _Worker) -> None:
        """A free process, to who waits longest."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(worker)
                return
        self._idle.append(worker)

    def _start_one(self) -> None:
        task = asyncio.get_running_loop().create_task(self._started())
        self._starting.add(task)
        task.add_done_callback(self._starting.discard)

    async def _started(self) -> None:
        for attempt in range(MOST_STARTS):
            worker = None
            try:
                worker = await _Worker.start(self._settings)
                self._hand_out(worker)
                return
            except (asyncio.IncompleteReadError, OSError):
                await asyncio.sleep(attempt)
            except asyncio.CancelledError:
                if worker is not None:
                    worker.end()
                raise
        # nobody will take these: say so rather than let them wait
        while self._waiting and not self._idle and not self.running and len(self._starting) <= 1:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_exception(
                    Problem(503, "no worker process can be started", kind="no-worker")
                )


class _Worker:
    """One process and its pipes."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.tasks = 0

    @classmethod
    async def start(cls, settings: ServeSettings) -> _Worker:
        environment = {
            **os.environ,
            **settings.remote_environment,
            # a question has one core; with more threads it needs more address space too
            **dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1"),
        }
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "havoc.serve.worker"),
            *(str(settings.worker_memory), settings.planner_name),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=environment,
            start_new_session=True,  # Ctrl-C is for the server, which ends its workers itself
        )
        worker = cls(process)
        try:
            await worker._frame()
        except BaseException:
            worker.end()
            raise
        return worker

    async def run(self, task: bytes, on_event: OnEvent | None) -> bytes:
        assert self._process.stdin is not None
        self.tasks += 1
        self._process.stdin.write(HEADER.pack(b"t", len(task)) + task)
        await self._process.stdin.drain()
        while True:
            kind, body = await self._frame()
            if kind == b"r":
                return body
            if kind == b"e":
                if on_event is not None:
                    on_event(msgspec.json.decode(body))
                continue
            if kind == b"m":
                raise MemoryError
            details = msgspec.json.decode(body)
            if kind in (b"x", b"u"):
                told = UnavailableError if kind == b"u" else InputError
                raise told(details["what"], where=details["where"], remedy=details["remedy"])
            raise Defect(details)

    async def _frame(self) -> tuple[bytes, bytes]:
        assert self._process.stdout is not None
        kind, size = HEADER.unpack(await self._process.stdout.readexactly(HEADER.size))
        if size > MOST_BYTES:
            raise OSError("a frame is too large")
        return kind, await self._process.stdout.readexactly(size)

    def end(self) -> None:
        """Kill the process, whatever it computes."""
        with suppress(ProcessLookupError):
            self._process.kill()

    async def kill(self) -> None:
        self.end()
        await self._process.wait()
