"""Server-sent events, written by the server and read by a reader of the standard's rules."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from event_reader import read_events
from hypothesis import given
from hypothesis import strategies as st

from havoc.serve import questions, sse
from havoc.serve.problems import Problem
from havoc.serve.questions import Question, Questions

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


def as_read(text: str) -> str:
    """A line break of any kind is a line break; nothing else changes."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


@given(st.lists(TEXTS, min_size=1, max_size=6), st.integers(1, 7))
def test_what_is_written_is_what_is_read(texts: list[str], size: int) -> None:
    body = b"".join(sse.event(text) + sse.comment("ping") for text in texts)
    chunks = [body[start : start + size] for start in range(0, len(body), size)]
    read = [event.data for event in read_events(chunks)]
    assert read == [as_read(text) for text in texts]


@given(TEXTS)
def test_no_text_makes_an_event_of_its_own(text: str) -> None:
    (event,) = read_events([sse.event("a" + text, name="stage", identity="7")])
    assert (event.name, event.identity) == ("stage", "7")


def sent_by(stream: sse.EventStream, *, leaves_after: int = 10**9, reads: bool = True) -> list[Any]:
    """What a client gets that leaves after so many messages."""
    messages: list[Any] = []

    async def run() -> None:
        left = asyncio.Event()

        async def send(message: Any) -> None:
            if not reads:
                await asyncio.Event().wait()
            messages.append(message)
            if len(messages) >= leaves_after:
                left.set()

        async def receive() -> Any:
            await left.wait()
            return {"type": "http.disconnect"}

        await asyncio.wait_for(stream({"type": "http"}, receive, send), 20)

    asyncio.run(run())
    return messages


class Source:
    """Yields for ever, and knows whether it was closed."""

    def __init__(self, pause: float) -> None:
        self.pause = pause
        self.closed = False

    async def events(self) -> AsyncGenerator[bytes, None]:
        try:
            while True:
                await asyncio.sleep(self.pause)
                yield sse.event("x")
        finally:
            self.closed = True


def test_the_source_is_closed_when_the_client_leaves() -> None:
    for pause in (0.0, 0.001, 3_600):
        source = Source(pause)
        messages = sent_by(
            sse.EventStream(source.events(), heartbeat=0.01, write_seconds=5), leaves_after=5
        )
        assert source.closed and len(messages) >= 5


def test_the_source_is_closed_when_the_client_does_not_read() -> None:
    source = Source(0)
    stream = sse.EventStream(source.events(), heartbeat=0.01, write_seconds=0.05)
    assert sent_by(stream, reads=False) == []
    # nothing was ever asked of it, so there was nothing to close
    assert not source.closed


def test_a_quiet_stream_has_heartbeats() -> None:
    messages = sent_by(
        sse.EventStream(Source(3_600).events(), heartbeat=0.01, write_seconds=5), leaves_after=4
    )
    bodies = [message["body"] for message in messages if message["type"] == "http.response.body"]
    assert bodies and all(body.startswith(b":") for body in bodies)


def test_a_question_is_forgotten_after_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        held = Questions()
        kept, ended = Question("local"), Question("local")
        for question in (kept, ended):
            held.hold(question)
        ended.end()
        held.let_go(ended)
        assert held.find("local", ended.identity) is ended, "not at once"
        monkeypatch.setattr(questions, "KEPT_SECONDS", 0.0)
        held.let_go(ended)
        await asyncio.sleep(0.01)
        with pytest.raises(Problem, match="no such question"):
            held.find("local", ended.identity)
        assert held.find("local", kept.identity) is kept

    asyncio.run(run())


def test_events_of_a_question_reach_everyone_in_order() -> None:
    async def run() -> None:
        question = Question("local")

        async def watch(after: int) -> list[int]:
            return [place async for place, _, _ in question.after(after)]

        watching = [asyncio.create_task(watch(after)) for after in (0, 0, 3)]
        for number in range(6):
            await asyncio.sleep(0)
            question.add("stage", str(number).encode())
        await asyncio.sleep(0)
        question.end()
        late = await watch(5)
        everyone = [1, 2, 3, 4, 5, 6]
        assert [await task for task in watching] == [everyone, everyone, [4, 5, 6]]
        assert late == [6]

    asyncio.run(asyncio.wait_for(run(), 20))
