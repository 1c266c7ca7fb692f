"""The bare network: POST /completion, its alias /generate, and /chat; whole or as a stream."""

from __future__ import annotations

import secrets
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from fastapi import APIRouter, Request

from havoc.errors import InputError
from havoc.infer import GenerationResult, SamplingParams
from havoc.serve import sse
from havoc.serve.bodies import (
    ChatAnswer,
    ChatBody,
    CompletionAnswer,
    CompletionBody,
    Sampling,
)
from havoc.serve.leaving import unless_left
from havoc.serve.network import FAILED, Generation, Network
from havoc.serve.problems import Problem
from havoc.serve.services import Services, StrictRoute, services_of
from havoc.tokenizer import HavocTokenizer
from havoc.tokenizer.conversation import Segment, Turn, prompt_ids

router = APIRouter(route_class=StrictRoute, tags=["network"])
STREAMED = {
    200: {
        "description": "the text, or with stream its tokens as server-sent events",
        "content": {"text/event-stream": {}},
    }
}
MODEL = "havoc-raw"


@router.post("/completion", response_model=CompletionAnswer, responses=STREAMED)  # type: ignore[arg-type]
@router.post("/generate", response_model=CompletionAnswer, responses=STREAMED)  # type: ignore[arg-type]
async def complete(body: CompletionBody, request: Request) -> Any:
    """Continue a prompt with the network that is loaded."""
    services = services_of(request)
    network = services.raw_network()
    params = sampling(body, services)
    if body.stream:
        generation = await network.submit(body.prompt, params)
        return stream(generation, services)
    result = await unless_left(request, _whole(network, body.prompt, params))
    return {
        "text": result.text,
        "prompt": body.prompt,
        "model": MODEL,
        "finish_reason": result.finish_reason,
        "usage": usage_of(result),
    }


@router.post("/chat", response_model=ChatAnswer, responses=STREAMED)  # type: ignore[arg-type]
async def chat(body: ChatBody, request: Request) -> Any:
    """Let the network that is loaded speak next."""
    services = services_of(request)
    network = services.raw_network()
    turns = [Turn(item.role, (Segment("text", item.content),)) for item in body.messages]
    prompt = prompt_ids(turns, own_tokenizer(network))
    params = sampling(body, services)
    if body.stream:
        return stream(await network.submit(prompt, params), services)
    result = await unless_left(request, _whole(network, prompt, params))
    return {
        "message": {"role": "assistant", "content": result.text},
        "model": MODEL,
        "finish_reason": result.finish_reason,
        "usage": usage_of(result),
    }


def own_tokenizer(network: Network) -> HavocTokenizer:
    """The vocabulary with roles. Raises InputError for a network of another project."""
    return network.bundle.own_tokenizer()


def sampling(body: Sampling, services: Services) -> SamplingParams:
    """The parameters of the engine."""
    return SamplingParams(
        max_tokens=min(body.max_new_tokens, services.settings.most_new_tokens),
        temperature=body.temperature if body.do_sample else 0.0,
        top_p=body.top_p,
        top_k=body.top_k,
        repetition_penalty=body.repetition_penalty,
        seed=secrets.randbits(63) if body.seed is None else body.seed,
        stop=tuple(body.stop_sequences),
    )


def usage_of(result: GenerationResult) -> dict[str, int]:
    """What a request read and wrote, in tokens."""
    made = len(result.choices)
    return {
        "prompt_tokens": result.prompt_tokens,
        "completion_tokens": made,
        "total_tokens": result.prompt_tokens + made,
    }


def checked(result: GenerationResult) -> GenerationResult:
    """A result, unless its constraint could not be met or the network failed."""
    if result.finish_reason == "error":
        if result.error == FAILED:
            raise Problem(500, FAILED, kind="internal")
        raise InputError(result.error)
    return result


async def _whole(network: Network, prompt: Any, params: SamplingParams) -> GenerationResult:
    return checked(await (await network.submit(prompt, params, whole=True)).finished())


def stream(generation: Generation, services: Services) -> sse.EventStream:
    """Its tokens as data lines, how it ended as an event ``end``, then [DONE]."""
    settings = services.settings
    return sse.EventStream(
        _events(generation),
        heartbeat=settings.heartbeat_seconds,
        write_seconds=settings.write_seconds,
    )


async def _events(generation: Generation) -> AsyncGenerator[bytes, None]:
    async with aclosing(generation.events()) as events:
        async for event in events:
            if event.text == sse.DONE:  # what the network wrote is not the end
                yield sse.event(event.text[:1])
                yield sse.event(event.text[1:])
            elif event.text:
                yield sse.event(event.text)
    result = generation.result
    assert result is not None
    end = {"finish_reason": result.finish_reason, "usage": usage_of(result)}
    if result.finish_reason == "error":
        end["error"] = result.error
    yield sse.json_event(end, name="end")
    yield sse.event(sse.DONE)
