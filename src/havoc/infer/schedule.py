"""Which requests run in a step, and which wait until there are blocks for them.

Requests that generate come first, then parts of prompts, the oldest first. Where blocks run out,
the request that came last gives its own back and waits again: the oldest that is not planned yet
always finds room, so that every step makes progress.
"""

from __future__ import annotations

from collections import deque

from havoc.infer.backend import BLOCK
from havoc.infer.blocks import BlockPool
from havoc.infer.requests import Request

Batch = list[tuple[Request, int]]
"""Requests, and how many of their tokens are read."""


class Schedule:
    """The requests of an engine. ``waiting`` is in the order in which they came."""

    def __init__(
        self, pool: BlockPool, *, most_running: int, step_tokens: int, prefix_cache: bool
    ) -> None:
        self.waiting: deque[Request] = deque()
        self.running: list[Request] = []
        self._pool = pool
        self._most_running = most_running
        # each that runs gets its one token in every step
        self._step_tokens = max(step_tokens, most_running)
        self._prefix_cache = prefix_cache
        self._displaced: set[int] = set()  # who gave blocks back while this step was planned

    def __contains__(self, request: Request) -> bool:
        return request in self.running or request in self.waiting

    def batch(self) -> Batch:
        """What the next step reads; blocks for it are taken."""
        batch: Batch = []
        room = self._step_tokens
        self._displaced.clear()
        for request in sorted(self.running, key=lambda item: (item.pending > 1, item.number)):
            if request.number in self._displaced:
                continue  # gave its blocks back to one before it
            count = min(request.pending, room)
            if count and self._make_room(request, request.computed + count, batch):
                batch.append((request, count))
                room -= count
        while self.waiting and room and len(self.running) < self._most_running:
            request = self.waiting[0]
            if self._prefix_cache:
                request.blocks = self._pool.find(request.tokens[: len(request.tokens) - 1])
                request.computed = len(request.blocks) * BLOCK
                request.cached = max(request.cached, request.computed)
            count = min(request.pending, room)
            needed = -(-(request.computed + count) // BLOCK) - len(request.blocks)
            # running requests keep a block in reserve each, or they would push this one out again
            if needed + len(self.running) > self._pool.available:
                self._give_back(request)
                break
            self.waiting.popleft()
            self.running.append(request)
            if self._make_room(request, request.computed + count, batch):
                batch.append((request, count))
                room -= count
        return batch

    def take_guesses(self, batch: Batch) -> None:
        """Blocks for the guesses of the batch; none are pushed out for them."""
        for request, count in batch:
            ahead = request.computed + count + len(request.draft)
            while len(request.blocks) * BLOCK < ahead:
                block = self._pool.take() if self._pool.available > len(self.running) else None
                if block is None:
                    request.draft = request.draft[: len(request.blocks) * BLOCK - ahead]
                    break
                request.blocks.append(block)

    def read(self, request: Request, count: int) -> None:
        """So many more tokens of a request are in its blocks; full blocks can be found again."""
        full = request.computed // BLOCK
        request.computed += count
        if self._prefix_cache and request.computed // BLOCK > full:
            self._pool.record(request.blocks, request.tokens, request.computed // BLOCK)

    def remove(self, request: Request) -> None:
        """A request that has ended."""
        if request in self.running:
            self.running.remove(request)
        if request in self.waiting:
            self.waiting.remove(request)
        self._give_back(request)

    def _make_room(self, request: Request, positions: int, batch: Batch) -> bool:
        """Blocks for so many positions, if need be those of the request that came last."""
        while len(request.blocks) * BLOCK < positions:
            block = self._pool.take()
            if block is not None:
                request.blocks.append(block)
                continue
            planned = {id(item) for item, _ in batch}
            others = [item for item in self.running if id(item) not in planned]
            last = max(others, key=lambda item: item.number)
            self._give_back(last)
            self._displaced.add(last.number)
            self.running.remove(last)
            place = sum(item.number < last.number for item in self.waiting)
            self.waiting.insert(place, last)  # who came first stays first
            if last is request:
                return False
        return True

    def _give_back(self, request: Request) -> None:
        self._pool.release(request.blocks)
        request.blocks = []
        request.computed = 0
