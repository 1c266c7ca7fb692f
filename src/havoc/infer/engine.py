"""Many requests at once: continuous batching over blocks of the cache.

Each step takes one token of every running request and fills up with parts of waiting prompts;
the backend computes them in one call. A request's tokens are the same whatever runs beside it.
Where blocks run out, the request that came last gives its blocks back and is computed again
later (``schedule.py``). Yu et al. (2022), Orca, OSDI; Kwon et al. (2023), arXiv 2309.06180.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from typing import Any

from havoc.errors import HavocError, InputError
from havoc.infer.advance import advance, room
from havoc.infer.backend import BLOCK, Backend, Logits
from havoc.infer.batch import step_of
from havoc.infer.blocks import BlockPool
from havoc.infer.constraints import Compiler, Constraint
from havoc.infer.drafts import Drafts
from havoc.infer.requests import Event, GenerationResult, Request
from havoc.infer.sampling import Choice, SamplingParams
from havoc.infer.schedule import Batch, Schedule
from havoc.infer.streaming import TextStream
from havoc.model.config import HavocConfig
from havoc.tokenizer import HavocTokenizer
from havoc.tokenizer.foreign import ForeignTokenizer

GREEDY = SamplingParams()
MOST_CACHE_BYTES = 2 << 30
KEPT_RESULTS = 4096
"""Results that nobody has asked for; the oldest beyond them go."""
_log = logging.getLogger(__name__)


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
        guess_within: int = 2,
    ) -> None:
        """``blocks`` of 16 positions (0: room for eight full contexts, within 2 GiB). Where at
        most ``guess_within`` requests run, greedy ones are read ahead by guesses (``drafts.py``).

        Raises InputError for a limit below one, a cache that is too large, or a vocabulary that
        is not the network's.
        """
        for name, value, least in (
            ("blocks", blocks, 0),
            ("most_running", most_running, 1),
            ("step_tokens", step_tokens, 1),
            ("most_waiting", most_waiting, 1),
            ("guess_within", guess_within, 0),
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
        self._guess_within = guess_within
        self._cancelling = False
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
            prompt,
            params,
            constraint=constraint,
            truncate=truncate,
            control=control,
            fetched=True,
        ).number

    def cancel(self, number: int) -> None:
        """End a request at the next step; nothing happens if it has ended."""
        with self._lock:
            for request in (*self._schedule.running, *self._schedule.waiting):
                if request.number == number:
                    request.cancelled = self._cancelling = True

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
            while any(request.outcome is None for request in requests):
                self.step()
            return [request.outcome for request in requests if request.outcome is not None]
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
        """The result of a submitted request that has ended, handed out once.

        The last ``KEPT_RESULTS`` are kept for whoever asks.
        """
        return self._results.pop(number, None)

    # --- computing ----------------------------------------------------------------------

    def step(self) -> list[Event]:
        """Compute one batch; what it added to the requests in it.

        What fails ends the requests that it belongs to, with the reason as their result.
        """
        with self._stepping:
            with self._lock:
                events = self._drop_cancelled()
                batch = self._schedule.batch()
            batch = self._prepared(batch, events)
            if not batch:
                return events
            step, rows = step_of(batch, self.tokenizer.vocab_size)
            try:
                logits = self.backend.run(self._cache, step)
            except Exception as error:
                return [*events, *(self._failed(request, error) for request, _ in batch)]
            self.steps += 1
            for (request, count), row in zip(batch, rows, strict=True):
                self._schedule.read(request, count)
                if row >= 0:
                    events.append(self._advance(request, logits, row))
            return events

    def _prepared(self, batch: Batch, events: list[Event]) -> Batch:
        """The batch with what may come next, and with guesses where they may pay.

        A request whose constraint fails ends here, alone.
        """
        kept: Batch = []
        guessing = 0 < len(batch) <= self._guess_within
        for request, count in batch:
            request.draft = []
            if count == request.pending:
                if request.matcher is not None:
                    try:
                        request.bits = request.matcher.allowed()
                    except Exception as error:
                        events.append(self._failed(request, error))
                        continue
                elif guessing and request.params.temperature == 0:
                    if request.drafts is None:
                        request.drafts = Drafts()
                    most = room(request, self.context) - 1
                    request.draft = request.drafts.guess(request.tokens, most)
            kept.append((request, count))
        if guessing:
            self._schedule.take_guesses(kept)
        return kept

    def _advance(self, request: Request, logits: Logits, row: int) -> Event:
        """Add to one request what the logits from ``row`` bring."""
        try:
            text, choices, reason, right = advance(
                request, logits, row, eos=self.tokenizer.eos, context=self.context
            )
        except Exception as error:
            return self._failed(request, error)
        if request.draft and request.drafts is not None:
            request.drafts.learn(len(request.draft), right)
            self._schedule.read(request, right)
        if reason is not None:
            return self._finish(request, reason, text, choices)
        event = Event(request.number, text, choices)
        if request.events is not None:
            request.events.append(event)
        return event

    def _failed(self, request: Request, error: Exception) -> Event:
        """The end of a request by its own fault, or by one of the program, which is logged."""
        if isinstance(error, HavocError):
            return self._finish(request, "error", error=str(error))
        _log.error("request %d failed", request.number, exc_info=error)
        what = f"engine: {type(error).__name__} ({str(error)[:200]}); this is a fault of havoc"
        return self._finish(request, "error", error=" ".join(what.split()))

    def _finish(
        self,
        request: Request,
        reason: str,
        text: str = "",
        choices: tuple[Choice, ...] = (),
        error: str = "",
    ) -> Event:
        rest = request.stream.finish()
        request.text.append(rest)
        with self._lock:
            self._schedule.remove(request)
            request.outcome = request.result(reason, error)
            if request.fetched:
                self._results[request.number] = request.outcome
                if len(self._results) > KEPT_RESULTS:
                    self._results.pop(next(iter(self._results)), None)
        event = Event(request.number, text + rest, choices, reason, error)
        if request.events is not None:
            request.events.append(event)
        return event

    def _drop_cancelled(self) -> list[Event]:
        if not self._cancelling:
            return []
        self._cancelling = False
        everyone = (*self._schedule.running, *self._schedule.waiting)
        gone = [request for request in everyone if request.cancelled]
        return [self._finish(request, "cancelled") for request in gone]

    def _forget(self, requests: Sequence[Request]) -> None:
        """Nobody waits for these: those that have not ended do so."""
        left = [request for request in requests if request.outcome is None]
        if not left:
            return
        for request in left:
            request.cancelled = True
        self._cancelling = True
        # where a step is under way, the next one drops them
        if self._stepping.acquire(blocking=False):
            try:
                for request in left:
                    if request.outcome is None:
                        self._finish(request, "cancelled")
            finally:
                self._stepping.release()

    def _submitted(
        self,
        prompt: str | Sequence[int],
        params: SamplingParams,
        *,
        constraint: Constraint | None = None,
        truncate: bool = False,
        control: bool = False,
        fetched: bool = False,
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
            request.fetched = fetched
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
        with self._compiling:  # not the lock of the steps, and not while a schema is compiled
            if not isinstance(self.tokenizer, HavocTokenizer):
                raise InputError(
                    "constraints need a vocabulary of havoc",
                    where="constraint",
                    remedy="use a model that havoc has trained",
                )
            if self._compiler is None:
                self._compiler = Compiler(self.tokenizer)
        return self._compiler.matcher(constraint)


def _usual_blocks(config: HavocConfig) -> int:
    """Room for eight full contexts, as far as that is no unreasonable memory."""
    contexts = 8 * -(-config.max_seq_len // BLOCK)
    block = config.num_layers * config.num_kv_heads * 2 * BLOCK * config.head_dim * 4
    return max(1, min(contexts, MOST_CACHE_BYTES // block))


class QueueFull(InputError):
    """More requests wait than are let in. HTTP 503."""
