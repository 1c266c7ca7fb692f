"""The one thread that owns the inference engine, and the requests that wait on it.

Requests of the event loop are handed to the engine by a second thread, because a long prompt or
a schema takes time to prepare; what a step brings is handed back to the loop once a step.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from havoc.bundle import Bundle
from havoc.infer import (
    Event,
    GenerationResult,
    InferenceEngine,
    QueueFull,
    SamplingParams,
    load_backend,
)
from havoc.infer.constraints import Constraint
from havoc.serve.problems import Problem
from havoc.tokenizer import HavocTokenizer
from havoc.tokenizer.foreign import ForeignTokenizer

logger = logging.getLogger("havoc.serve")
FAILED = "the network failed"
Delivered = tuple[Event, GenerationResult | None]


@dataclass(slots=True, eq=False)
class Generation:
    """One request to the network, as the event loop sees it.

    Iterate over its events; ``result`` is there after the last one. Where ``whole``, only the
    last one comes; otherwise what follows an event too soon for a reader comes with the next.
    ``cancel`` ends it at the next step of the engine.
    """

    number: int
    _network: Network
    whole: bool = False
    _events: asyncio.Queue[Delivered] = field(default_factory=asyncio.Queue)
    _held: list[Event] = field(default_factory=list)  # of the engine's thread, as is _told
    _told: float = 0.0
    result: GenerationResult | None = None
    started: float = field(default_factory=time.perf_counter)

    async def events(self) -> AsyncGenerator[Event, None]:
        """What the engine brings; leaving the loop early cancels the request."""
        try:
            while self.result is None:
                event, result = await self._events.get()
                self.result = result
                yield event
        finally:
            if self.result is None:
                self.cancel()

    async def finished(self) -> GenerationResult:
        """The result, when it is there."""
        async for _ in self.events():
            pass
        assert self.result is not None
        return self.result

    def take(self, event: Event, now: float, least: float) -> Event | None:
        """What is to be told now: ``event`` with what was held back, or nothing yet.

        ``least``: seconds between two events. The first and the last one never wait.
        """
        if event.finish_reason is None:
            if self.whole:
                return None
            if now - self._told < least:
                self._held.append(event)
                return None
        self._told = now
        if not self._held:
            return event
        parts = [*self._held, event]
        self._held.clear()
        return Event(
            event.request,
            "".join(part.text for part in parts),
            tuple(choice for part in parts for choice in part.choices),
            event.finish_reason,
            event.error,
        )

    def cancel(self) -> None:
        """Give it up: the engine computes nothing more for it."""
        self._network.cancel(self.number)


class Network:
    """A loaded bundle behind the event loop."""

    def __init__(
        self,
        bundle: Bundle,
        *,
        weights: str = "",
        threads: int = 0,
        running: int = 32,
        waiting: int = 128,
        event_seconds: float = 0.0,
    ) -> None:
        """Load the weights; ``event_seconds`` lie between two events of a text at least.

        Raises InputError where they cannot be run.
        """
        self.bundle = bundle
        self.tokenizer: HavocTokenizer | ForeignTokenizer = bundle.tokenizer
        self.engine = InferenceEngine(
            load_backend(bundle, weights, threads=threads),
            bundle.tokenizer,
            most_running=running,
            most_waiting=waiting,
        )
        self._event_seconds = event_seconds
        self.failed = False
        self._on_result: Callable[[GenerationResult], None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = threading.Lock()
        self._there: dict[int, Generation] = {}
        self._early: dict[int, list[Delivered]] = {}  # brought before its number was known
        self._work = threading.Event()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)
        self._asking = ThreadPoolExecutor(2, thread_name_prefix="prompt")

    def start(self, on_result: Callable[[GenerationResult], None] | None = None) -> None:
        """Begin to compute, for the running event loop; ``on_result`` is told of every end."""
        self._on_result = on_result
        self._loop = asyncio.get_running_loop()
        self._thread.start()

    def close(self) -> None:
        """Stop after the step that is under way."""
        self._stopped = True
        self._work.set()
        self._asking.shutdown(wait=False, cancel_futures=True)
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    @property
    def running(self) -> int:
        """Requests that the engine computes or that wait in it."""
        return len(self._there)

    async def submit(
        self,
        prompt: str | Sequence[int],
        params: SamplingParams,
        *,
        constraint: Constraint | None = None,
        control: bool = False,
        whole: bool = False,
    ) -> Generation:
        """Hand a prompt to the engine; ``whole``: nobody follows its text as it comes.

        Raises InputError for what cannot be carried out, Problem 503 where too many wait.
        """
        if self.failed:
            raise Problem(503, "the network has failed", kind="no-network", remedy="see the log")
        loop = asyncio.get_running_loop()
        cancelled = threading.Event()

        def ask() -> Generation:
            number = self.engine.submit(prompt, params, constraint=constraint, control=control)
            generation = Generation(number, self, whole)
            with self._lock:
                self._there[number] = generation
                for delivered in self._early.pop(number, ()):
                    loop.call_soon_threadsafe(generation._events.put_nowait, delivered)
            if cancelled.is_set():
                generation.cancel()
            self._work.set()
            return generation

        try:
            return await loop.run_in_executor(self._asking, ask)
        except QueueFull as error:
            raise Problem(
                503,
                error.what,
                kind="busy",
                remedy="try again later",
                headers={"Retry-After": "2"},
            ) from None
        except asyncio.CancelledError:
            cancelled.set()
            raise

    def cancel(self, number: int) -> None:
        """End a request at the next step."""
        self.engine.cancel(number)
        self._work.set()

    def _run(self) -> None:
        while not self._stopped:
            if not self.engine.busy:
                self._work.wait()
                self._work.clear()
                continue
            try:
                events = self.engine.step()
            except Exception as error:  # whoever waits must hear of it
                logger.error("the engine failed", extra={"fields": {"error": type(error).__name__}})
                self.failed = True
                self._deliver(
                    [Event(number, finish_reason="error", error=FAILED)
                     for number in tuple(self._there)]
                )  # fmt: skip
                return
            self._deliver(events)

    def _deliver(self, events: list[Event]) -> None:
        brought: list[tuple[Generation, Delivered]] = []
        now = time.perf_counter()
        with self._lock:
            for event in events:
                result = self._result(event) if event.finish_reason else None
                generation = self._there.get(event.request)
                if generation is None:
                    self._early.setdefault(event.request, []).append((event, result))
                    continue
                if result is not None:
                    del self._there[event.request]
                told = generation.take(event, now, self._event_seconds)
                if told is not None:
                    brought.append((generation, (told, result)))
        if brought and self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(_hand_over, brought)

    def _result(self, event: Event) -> GenerationResult:
        result = self.engine.result(event.request)
        if result is None:  # only where the engine failed
            result = GenerationResult(event.request, "", (), "error", event.error, 0, 0, 0.0, 0.0)
        if self._on_result is not None:
            self._on_result(result)
        return result


def _hand_over(brought: list[tuple[Generation, Delivered]]) -> None:
    for generation, delivered in brought:
        generation._events.put_nowait(delivered)
