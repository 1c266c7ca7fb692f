"""Many requests at once: continuous batching over blocks of the cache.

Each step takes one token of every running request and fills up with parts of waiting prompts;
the backend computes them in one call. A request's tokens are the same whatever runs beside it.
Where blocks run out, the request that came last gives its blocks back and is computed again
later. Yu et al. (2022), Orca, OSDI; Kwon et al. (2023), arXiv 2309.06180.
"""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from havoc.errors import HavocError, InputError
from havoc.infer.backend import BLOCK, NONE, Backend, Integers, Step
from havoc.infer.blocks import BlockPool
from havoc.infer.constraints import Compiler, Constraint
from havoc.infer.requests import Event, GenerationResult, Request
from havoc.infer.sampling import Choice, SamplingParams, choose
from havoc.infer.streaming import TextStream
from havoc.tokenizer import HavocTokenizer
from havoc.tokenizer.foreign import ForeignTokenizer

GREEDY = SamplingParams()
FEW_COLUMNS = 0.5
"""Above this share of the vocabulary the logits are computed as a whole."""


class InferenceEngine:
    """Continues prompts. One thread calls ``step``; any may ``submit`` and ``cancel``."""

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
        """``blocks`` of 16 positions (0: room for eight full contexts)."""
        context = backend.config.max_seq_len
        self.backend = backend
        self.tokenizer = tokenizer
        self.pool = BlockPool(blocks or 8 * -(-context // BLOCK))
        self.most_running = most_running
        self.step_tokens = max(step_tokens, most_running)
        self.most_waiting = most_waiting
        self.prefix_cache = prefix_cache
        self.steps = 0
        self._cache = backend.new_cache(self.pool.count)
        self._compiler: Compiler | None = None
        self._waiting: deque[Request] = deque()
        self._running: list[Request] = []
        self._results: dict[int, GenerationResult] = {}
        self._numbers = 0
        self._lock = threading.Lock()

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
        tokens = self._prompt(prompt, truncate)
        matcher = self._matcher(constraint) if constraint is not None else None
        stream = TextStream(self.tokenizer, params.stop, control=control)
        with self._lock:
            if len(self._waiting) >= self.most_waiting:
                raise QueueFull(f"{len(self._waiting)} requests wait already", where="engine")
            self._numbers += 1
            request = Request(self._numbers, tokens, len(tokens), params, stream, matcher)
            request.prompt_counts = Counter(tokens)
            self._waiting.append(request)
            return request.number

    def cancel(self, number: int) -> None:
        """End a request at the next step; nothing happens if it has ended."""
        with self._lock:
            for request in (*self._running, *self._waiting):
                if request.number == number:
                    request.cancelled = True

    @property
    def busy(self) -> bool:
        """Whether anything is left to compute."""
        return bool(self._running or self._waiting)

    def generate(
        self,
        prompts: Sequence[str | Sequence[int]],
        params: SamplingParams = GREEDY,
        **options: Any,
    ) -> list[GenerationResult]:
        """Continue prompts to their ends, together."""
        numbers = [self.submit(prompt, params, **options) for prompt in prompts]
        wanted = set(numbers)
        while wanted - self._results.keys():
            self.step()
        return [self._results.pop(number) for number in numbers]

    def stream(
        self, prompt: str | Sequence[int], params: SamplingParams = GREEDY, **options: Any
    ) -> Iterator[Event]:
        """Continue one prompt and hand out what comes. Leaving the loop cancels it."""
        number = self.submit(prompt, params, **options)
        try:
            while number not in self._results:
                yield from (event for event in self.step() if event.request == number)
        finally:
            self.cancel(number)
            while self.busy and number not in self._results:
                self.step()
            self._results.pop(number, None)

    def result(self, number: int) -> GenerationResult | None:
        """The result of a request that has ended, handed out once."""
        return self._results.pop(number, None)

    # --- computing ----------------------------------------------------------------------

    def step(self) -> list[Event]:
        """Compute one batch; what it added to the requests in it."""
        with self._lock:
            events = self._drop_cancelled()
            batch = self._schedule()
        if not batch:
            return events
        logits, rows = self._run(batch)
        self.steps += 1
        for request, count in batch:
            request.computed += count
            if self.prefix_cache:
                self.pool.record(request.blocks, request.tokens, request.computed // BLOCK)
            row = rows.get(request.number)
            if row is not None:
                events.append(self._advance(request, logits[row]))
        return events

    def _schedule(self) -> list[tuple[Request, int]]:
        """Which requests read how many tokens: those that generate first, oldest first."""
        batch: list[tuple[Request, int]] = []
        room = self.step_tokens
        for request in sorted(self._running, key=lambda item: (item.pending > 1, item.number)):
            if request not in self._running:
                continue  # gave its blocks back to one before it
            count = min(request.pending, room)
            if count and self._make_room(request, request.computed + count, batch):
                batch.append((request, count))
                room -= count
        while self._waiting and room and len(self._running) < self.most_running:
            request = self._waiting[0]
            if not request.blocks and self.prefix_cache:
                request.blocks = self.pool.find(request.tokens[: len(request.tokens) - 1])
                request.computed = len(request.blocks) * BLOCK
                request.cached = max(request.cached, request.computed)
            count = min(request.pending, room)
            needed = -(-(request.computed + count) // BLOCK) - len(request.blocks)
            # running requests keep a block in reserve each, or they would push this one out again
            if needed + (len(self._running) if self._running else 0) > self.pool.available:
                self._give_back(request)
                break
            self._waiting.popleft()
            self._running.append(request)
            if self._make_room(request, request.computed + count, batch):
                batch.append((request, count))
                room -= count
        return batch

    def _make_room(self, request: Request, positions: int, batch: list[Any]) -> bool:
        """Blocks for so many positions, if need be those of the request that came last."""
        while len(request.blocks) * BLOCK < positions:
            block = self.pool.take()
            if block is not None:
                request.blocks.append(block)
                continue
            planned = {id(item) for item, _ in batch}
            others = [item for item in self._running if id(item) not in planned]
            last = max(others, key=lambda item: item.number)
            self._give_back(last)
            self._running.remove(last)
            self._waiting.appendleft(last)
            if last is request:
                return False
        return True

    def _give_back(self, request: Request) -> None:
        self.pool.release(request.blocks)
        request.blocks = []
        request.computed = 0

    def _run(self, batch: list[tuple[Request, int]]) -> tuple[Any, dict[int, int]]:
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
            request.matcher is None or request.params.logprobs is not None for request in requests
        ):
            return NONE
        needed = np.zeros(-(-self.tokenizer.vocab_size // 16), np.bool_)
        for request in requests:
            assert request.matcher is not None
            ids = np.flatnonzero(request.matcher.allowed())
            needed[ids >> 4] = True
        columns = np.flatnonzero(needed).astype(np.int32)
        return columns if len(columns) <= FEW_COLUMNS * len(needed) else NONE

    # --- one request --------------------------------------------------------------------

    def _advance(self, request: Request, logits: Any) -> Event:
        """Choose the next token, add what it forces, and see whether that is the end."""
        try:
            allowed = request.matcher.allowed() if request.matcher else None
            choice = choose(
                logits,
                request.params,
                len(request.tokens),
                request.prompt_counts,
                request.made_counts,
                allowed,
            )
            if self._ends(request, choice.token):
                return self._finish(request, "stop")
            choices = [choice]
            if request.matcher is not None:
                request.matcher.accept([choice.token])
                room = self._room(request) - 1
                forced = request.matcher.forced()[: max(0, room)]
                request.matcher.accept(forced)
                choices += [Choice(token) for token in forced]
        except HavocError as error:
            return self._finish(request, "error", error=str(error))
        text = request.add(choices)
        if request.stream.stopped or (request.matcher is not None and request.matcher.complete):
            return self._finish(request, "stop", text, choices)
        if self._room(request) <= 0:
            return self._finish(request, "length", text, choices)
        return Event(request.number, text, tuple(choices))

    def _room(self, request: Request) -> int:
        """Tokens that may still come."""
        context = self.backend.config.max_seq_len - len(request.tokens)
        capacity = self.pool.count * BLOCK - len(request.tokens)
        return min(request.params.max_tokens - request.made, context, capacity)

    def _ends(self, request: Request, token: int) -> bool:
        ends = token == self.tokenizer.eos and not request.params.ignore_eos
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
        if request in self._running:
            self._running.remove(request)
        self._give_back(request)
        self._results[request.number] = request.result(reason, error)
        return Event(request.number, text + rest, tuple(choices), reason, error)

    def _drop_cancelled(self) -> list[Event]:
        gone = [item for item in (*self._running, *self._waiting) if item.cancelled]
        for request in gone:
            if request in self._waiting:
                self._waiting.remove(request)
        return [self._finish(request, "cancelled") for request in gone]

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
        most = min(self.backend.config.max_seq_len, self.pool.count * BLOCK) - 1
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
        with self._lock:
            if not isinstance(self.tokenizer, HavocTokenizer):
                raise InputError(
                    "constraints need a vocabulary of havoc",
                    where="constraint",
                    remedy="use a model that havoc has trained",
                )
            if self._compiler is None:
                self._compiler = Compiler(self.tokenizer)
            return self._compiler.matcher(constraint)


class QueueFull(InputError):
    """More requests wait than are let in. HTTP 503."""
