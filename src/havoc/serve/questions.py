"""Questions under way, and their events for connections that break and come again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from havoc.serve.problems import Problem
from havoc.serve.storage.sessions import new_identity

KEPT = 256
"""Questions whose events stay at hand."""
KEPT_PER_OWNER = 64
KEPT_SECONDS = 600.0
"""How long after their end: a client that comes back later has the session, if it wanted one."""


class Question:
    """One question under way: its numbered events, and who waits for more."""

    def __init__(self, owner: str) -> None:
        self.identity = new_identity()
        self.owner = owner
        self.events: list[tuple[str, bytes]] = []
        self.ended = False
        self.watchers = 0
        self.work: asyncio.Task[None] | None = None
        self.abandoned: asyncio.TimerHandle | None = None
        self._more = asyncio.Event()

    def add(self, name: str, body: bytes) -> None:
        """Append an event."""
        self.events.append((name, body))
        self._more.set()

    def end(self) -> None:
        """Nothing more will come."""
        self.ended = True
        self._more.set()

    async def after(self, number: int) -> AsyncGenerator[tuple[int, str, bytes], None]:
        """The events with a higher number, as they come."""
        while True:
            self._more.clear()
            while number < len(self.events):  # more may come while one is sent
                name, body = self.events[number]
                number += 1
                yield number, name, body
            if self.ended:
                return
            await self._more.wait()


class Questions:
    """The questions whose events are at hand, the latest of each owner."""

    def __init__(self) -> None:
        self._held: dict[str, Question] = {}

    def hold(self, question: Question) -> None:
        """Keep a question; the oldest that has ended makes room."""
        own = [item for item in self._held.values() if item.owner == question.owner]
        for items, most in ((own, KEPT_PER_OWNER), (list(self._held.values()), KEPT)):
            for old in items[: max(0, len(items) + 1 - most)]:
                if old.ended:
                    self._held.pop(old.identity, None)
        self._held[question.identity] = question

    def let_go(self, question: Question) -> None:
        """Forget a question that has ended, in a while."""
        loop = asyncio.get_running_loop()
        loop.call_later(KEPT_SECONDS, self._held.pop, question.identity, None)

    def find(self, owner: str, identity: str) -> Question:
        """Problem 404 where the owner has none of that id."""
        question = self._held.get(identity)
        if question is None or question.owner != owner:
            raise Problem(404, "there is no such question, or it is long over")
        return question

    async def close(self) -> None:
        """End what runs."""
        running = [item.work for item in self._held.values() if item.work is not None]
        for work in running:
            work.cancel()
        await asyncio.gather(*running, return_exceptions=True)
