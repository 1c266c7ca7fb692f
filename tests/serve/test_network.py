"""What the engine brings, as the event loop is told of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from havoc.bundle import Bundle
from havoc.infer import Event, GenerationResult, SamplingParams
from havoc.serve.network import Network

ASKED = SamplingParams(max_tokens=12, ignore_eos=True)


def told(
    bundle: Path, *, event_seconds: float, whole: bool
) -> tuple[list[Event], GenerationResult]:
    """The events of one text, and its result."""

    async def ask() -> tuple[list[Event], GenerationResult]:
        network = Network(Bundle.open(bundle), threads=1, event_seconds=event_seconds)
        network.start()
        try:
            generation = await network.submit("The mean of", ASKED, whole=whole)
            events = [event async for event in generation.events()]
            assert generation.result is not None
            return events, generation.result
        finally:
            network.close()

    return asyncio.run(ask())


@pytest.fixture(scope="module")
def each(bundle: Path) -> Iterator[tuple[list[Event], GenerationResult]]:
    yield told(bundle, event_seconds=0, whole=False)


def test_every_token_is_an_event(each: tuple[list[Event], GenerationResult]) -> None:
    events, result = each
    assert len(events) == ASKED.max_tokens
    assert "".join(event.text for event in events) == result.text


@pytest.mark.parametrize("seconds", [0.001, 30.0])
def test_what_comes_too_soon_comes_with_the_next(
    bundle: Path, each: tuple[list[Event], GenerationResult], seconds: float
) -> None:
    events, result = told(bundle, event_seconds=seconds, whole=False)
    assert result.text == each[1].text
    assert "".join(event.text for event in events) == result.text
    choices = [choice for event in events for choice in event.choices]
    assert choices == list(result.choices)
    assert [event.finish_reason for event in events[:-1]] == [None] * (len(events) - 1)
    assert len(events[0].choices) == 1  # the first token does not wait
    if seconds > 1:
        assert len(events) <= 3  # one may come before the request has its number


def test_who_waits_for_the_whole_is_told_once(
    bundle: Path, each: tuple[list[Event], GenerationResult]
) -> None:
    events, result = told(bundle, event_seconds=0, whole=True)
    assert len(events) <= 2  # a token may come before the request has its number
    assert events[-1].finish_reason == "length"
    assert result.text == each[1].text
