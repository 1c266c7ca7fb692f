"""Many requests at once: continuous batching over blocks of the cache.

Each step takes one token of every running request and fills up with parts of waiting prompts;
the backend computes them in one call. A request's tokens are the same whatever runs beside it.
Where blocks run out, the request that came last gives its blocks back and is computed again
later (``schedule.py``). Yu et al. (2022), Orca, OSDI; Kwon et al. (2023), arXiv 2309.06180.
"""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import Any

import numpy as np

from havoc.errors import HavocError, InputError
from havoc.infer.backend import BLOCK, NONE, Backend, Integers, Step
from havoc.infer.blocks import BlockPool
from havoc.infer.constraints import Compiler, Constraint
from havoc.infer.requests import Event, GenerationResult, Request
from havoc.infer.sampling import Choice, SamplingParams, choose
from havoc.infer.schedule import Batch, Schedule
from havoc.infer.streaming import TextStream
from havoc.model.config import HavocConfig
from havoc.tokenizer import HavocTokenizer
from havoc.tokenizer.foreign import ForeignTokenizer

GREEDY = SamplingParams()
MOST_CACHE_BYTES = 2 << 30
FEW_COLUMNS = 0.5
"""Above this share of the vocabulary the logits are computed as a whole."""


class InferenceEngine:
    """Continues prompts. Any thread may ask; steps take turns."""

    def __init__(
        self,
        backend: Backend,
        tokenizer: HavocTokenizer | ForeignTokenizer,
        *,
        blocks: int = 0,
        most_running: int = 64,
        step_tokens: int = 512,
        most_waiting: int = 1024,
        prefix_cache: bool = True,
    ) -> None:
        """``blocks`` of 16 positions (0: room for eight full contexts, within 2 GiB).

        Raises InputError for a limit below one, a cache that is too large, or a vocabulary that
        is not the network's.
        """
        for name, value, least in (
            ("blocks", blocks, 0),
            ("most_running", most_running, 1),
            ("step_tokens", step_tokens, 1),
            ("most_waiting", most_waiting, 1),
        ):
            if value < least:
                raise InputError(f"is {value}", where=name, remedy=f"give {least} or more")
        if tokenizer.vocab_size != backend.config.vocab_size:
            raise InputError(
                f"has {tokenizer.vocab_size} ids, the network {backend.config.vocab_size}",
                where="tokenizer",
                remedy="use the vocabulary that the network was trained with",
            )
        self.backend = backend
        self.tokenizer = tokenizer
        self.pool = BlockPool(blocks or _usual_blocks(backend.config))
        self.most_waiting = most_waiting
        self.steps = 0
        self._schedule = Schedule(
            self.pool,
            most_running=most_running,
            step_tokens=step_tokens,
            prefix_cache=prefix_cache,
        )
        self._cache = backend.new_cache(self.pool.count)
        self._compiler: Compiler | None = None
        self._results: dict[int, GenerationResult] = {}
        self._numbers = 0
        # a stream that is left may be closed by the garbage collector, wherever this thread is
        self._lock = threading.RLock()  # what waits and runs
        self._stepping = threading.Lock()
        self._compiling = threading.Lock()

    # --- asking -------------------------------------------------------------------------

    def submit(
        self,
        prompt: str | Sequence[int],
        params: SamplingParams = GREEDY,
        *,
        constraint: Constraint | None = None,
        truncate: bool = False,
        control: bool = False,
    ) -> int:
        """Queue a prompt (text after ``<bos>``, or ids); the number of the request.

        ``truncate`` keeps the end of a prompt that is too long, which is refused otherwise.
        ``control`` shows control ids in the text. Raises InputError for what cannot be
        carried out, QueueFull where too many wait.
        """
        return self._submitted(
            prompt, params, constraint=constraint, truncate=truncate, control=control
        ).number

    def cancel(self, number: int) -> None:
        """End a request at the next step; nothing happens if it has ended."""
        with self._lock:
            for request in (*self._schedule.running, *self._schedule.waiting):
                if request.number == number:
                    request.cancelled = True

    @property
    def context(self) -> int:
        """Tokens that one request may have, its prompt among them."""
        return min(self.backend.config.max_seq_len, self.pool.count * BLOCK)

    @property
    def busy(self) -> bool:
        """Whether anything is left to compute."""
        return bool(self._schedule.running or self._schedule.waiting)

    def generate(
        self,
        prompts: Sequence[str | Sequence[int]],
        params: SamplingParams = GREEDY,
        **options: Any,
    ) -> list[GenerationResult]:
        """Continue prompts to their ends, together."""
        requests: list[Request] = []
        try:
            for prompt in prompts:
                requests.append(self._submitted(prompt, params, **options))
            while any(request.number not in self._results for request in requests):
                self.step()
            return [self._results.pop(request.number) for request in requests]
        finally:
            self._forget(requests)

    def stream(
        self, prompt: str | Sequence[int], params: SamplingParams = GREEDY, **options: Any
    ) -> Iterator[Event]:
        """Continue one prompt and hand out what comes. Leaving the loop cancels it."""
        events: deque[Event] = deque()
        request = self._submitted(prompt, params, events=events, **options)
        try:
            while True:
                while events:  # which a step for another request may have brought
                    event = events.popleft()
                    yield event
                    if event.finish_reason:
                        return
                self.step()
        finally:
            self._forget([request])

    def result(self, number: int) -> GenerationResult | None:
        """The result of a request that has ended, handed out once."""
        return self._results.pop(number, None)

    # --- computing ----------------------------------------------------------------------

    def step(self) -> list[Event]:
        """Compute one batch; what it added to the requests in it."""
        with self._stepping:
            with self._lock:
                events = self._drop_cancelled()
                batch = self._schedule.batch()
            batch = self._constrained(batch, events)
            if not batch:
                return events
            logits, rows = self._run(batch)
            self.steps += 1
            for request, count in batch:
                self._schedule.read(request, count)
                row = rows.get(request.number)
                if row is not None:
                    events.append(self._advance(request, logits[row]))
            return events

    def _constrained(self, batch: Batch, events: list[Event]) -> Batch:
        """The batch with what may come next; whose constraint fails ends here, alone."""
        kept = []
        for request, count in batch:
            if request.matcher is not None and count == request.pending:
                try:
                    request.allowed = request.matcher.allowed()
                except HavocError as error:
                    events.append(self._finish(request, "error", error=str(error)))
                    continue
            kept.append((request, count))
        return kept

    def _run(self, batch: Batch) -> tuple[Any, dict[int, int]]:
        width = max(len(request.blocks) for request, _ in batch)
        tables = np.zeros((len(batch), width), np.int32)
        tokens: list[int] = []
        positions: list[Integers] = []
        wanted: list[int] = []
        rows: dict[int, int] = {}
        for number, (request, count) in enumerate(batch):
            tables[number, : len(request.blocks)] = request.blocks
            start = request.computed
            tokens += request.tokens[start : start + count]
            positions.append(np.arange(start, start + count, dtype=np.int32))
            if count == request.pending:
                rows[request.number] = len(wanted)
                wanted.append(len(tokens) - 1)
        counts = [count for _, count in batch]
        step = Step(
            np.asarray(tokens, np.int32),
            np.concatenate(positions),
            np.repeat(np.arange(len(batch), dtype=np.int32), counts),
            tables,
            np.asarray(wanted, np.int32),
            self._columns([request for request, _ in batch if request.number in rows]),
        )
        return self.backend.run(self._cache, step), rows

    def _columns(self, requests: list[Request]) -> Integers:
        """The blocks of 16 ids that any of the requests may choose from (none: all)."""
        if not requests or any(
            request.allowed is None or request.params.logprobs is not None for request in requests
        ):
            return NONE
        needed = np.zeros(-(-self.tokenizer.vocab_size // 16), np.bool_)
        for request in requests:
            assert request.allowed is not None
            needed[np.flatnonzero(request.allowed) >> 4] = True
        columns = np.flatnonzero(needed).astype(np.int32)
        return columns if len(columns) <= FEW_COLUMNS * len(needed) else NONE

    # --- one request --------------------------------------------------------------------

    def _advance(self, request: Request, logits: Any) -> Event:
        """Choose the next token, add what it forces, and see whether that is the end."""
        try:
            choice = choose(
                logits,
                request.params,
                len(request.tokens),
                request.prompt_counts,
                request.made_counts,
                request.allowed,
            )
            if self._ends(request, choice.token):
                return self._finish(request, "stop")
            choices, ended = [choice], False
            if request.matcher is not None:
                request.matcher.accept([choice.token])
                room = self._room(request) - 1
                forced = request.matcher.forced()[: max(0, room)]
                taken = list(takewhile(lambda token: not self._ends(request, token), forced))
                request.matcher.accept(taken)
                choices += [Choice(token) for token in taken]
                ended = request.matcher.complete or len(taken) < len(forced)
        except HavocError as error:
            return self._finish(request, "error", error=str(error))
        text = request.add(choices)
        if request.stream.stopped or ended:
            return self._finish(request, "stop", text, choices)
        if self._room(request) <= 0:
            return self._finish(request, "length", text, choices)
        return _told(request, Event(request.number, text, tuple(choices)))

    def _room(self, request: Request) -> int:
        """Tokens that may still come."""
        return min(request.params.max_tokens - request.made, self.context - len(request.tokens))

    def _ends(self, request: Request, token: int) -> bool:
        # where the constraint is met nothing can follow, whatever is ignored
        goes_on = request.params.ignore_eos and request.matcher is None
        ends = token == self.tokenizer.eos and not goes_on
        return ends or token in request.params.stop_ids

    def _finish(
        self,
        request: Request,
        reason: str,
        text: str = "",
        choices: Sequence[Choice] = (),
        error: str = "",
    ) -> Event:
        rest = request.stream.finish()
        request.text.append(rest)
        self._schedule.remove(request)
        self._results[request.number] = request.result(reason, error)
        if request.forgotten:
            self._results.pop(request.number, None)
        event = Event(request.number, text + rest, tuple(choices), reason, error)
        return _told(request, event)

    def _drop_cancelled(self) -> list[Event]:
        everyone = (*self._schedule.running, *self._schedule.waiting)
        gone = [request for request in everyone if request.cancelled]
        return [self._finish(request, "cancelled") for request in gone]

    def _forget(self, requests: Sequence[Request]) -> None:
        """Nobody waits for these: they end, and leave no result."""
        for request in requests:
            request.forgotten = request.cancelled = True
        # where a step is under way, the next one drops them
        if self._stepping.acquire(blocking=False):
            try:
                with self._lock:
                    for request in requests:
                        if request in self._schedule:
                            self._finish(request, "cancelled")
            finally:
                self._stepping.release()
        for request in requests:
            self._results.pop(request.number, None)

    def _submitted(
        self,
        prompt: str | Sequence[int],
        params: SamplingParams,
        *,
        constraint: Constraint | None = None,
        truncate: bool = False,
        control: bool = False,
        events: deque[Event] | None = None,
    ) -> Request:
        tokens = self._prompt(prompt, truncate)
        matcher = self._matcher(constraint) if constraint is not None else None
        stream = TextStream(self.tokenizer, params.stop, control=control)
        with self._lock:
            waiting = self._schedule.waiting
            if len(waiting) >= self.most_waiting:
                raise QueueFull(f"{len(waiting)} requests wait already", where="engine")
            self._numbers += 1
            request = Request(self._numbers, tokens, len(tokens), params, stream, matcher)
            request.prompt_counts = Counter(tokens)
            request.events = events
            waiting.append(request)
            return request

    def _prompt(self, prompt: str | Sequence[int], truncate: bool) -> list[int]:
        if isinstance(prompt, str):
            bos = self.tokenizer.bos
            tokens = [*([] if bos is None else [bos]), *self.tokenizer.encode(prompt)]
        else:
            tokens = [int(token) for token in prompt]
        if not tokens:
            raise InputError("is empty", where="prompt", remedy="give at least one token")
        wrong = next((t for t in tokens if not 0 <= t < self.tokenizer.vocab_size), None)
        if wrong is not None:
            raise InputError(f"holds {wrong}, which is no id", where="prompt")
        most = self.context - 1
        if len(tokens) > most:
            if not truncate:
                raise InputError(
                    f"has {len(tokens)} tokens; there is room for {most} and an answer",
                    where="prompt",
                    remedy="shorten it, or let its beginning be cut off (truncate)",
                )
            tokens = tokens[-most:]
        return tokens

    def _matcher(self, constraint: Constraint) -> Any:
        with self._compiling:  # not the lock of the steps: a large schema takes its time
            if not isinstance(self.tokenizer, HavocTokenizer):
                raise InputError(
                    "constraints need a vocabulary of havoc",
                    where="constraint",
                    remedy="use a model that havoc has trained",
                )
            if self._compiler is None:
                self._compiler = Compiler(self.tokenizer)
            return self._compiler.matcher(constraint)


def _told(request: Request, event: Event) -> Event:
    if request.events is not None:
        request.events.append(event)
    return event


def _usual_blocks(config: HavocConfig) -> int:
    """Room for eight full contexts, as far as that is no unreasonable memory."""
    contexts = 8 * -(-config.max_seq_len // BLOCK)
    block = config.num_layers * config.num_kv_heads * 2 * BLOCK * config.head_dim * 4
    return max(1, min(contexts, MOST_CACHE_BYTES // block))


class QueueFull(InputError):
    """More requests wait than are let in. HTTP 503."""
