"""The model ``havoc-raw``: the bare network, as chat and as completion."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AsyncExitStack

from fastapi import Request
from starlette.responses import JSONResponse, Response

from havoc.infer import Event, GenerationResult, SamplingParams
from havoc.infer.constraints import Constraint
from havoc.serve import sse
from havoc.serve.leaving import unless_left
from havoc.serve.native.generation import checked, own_tokenizer
from havoc.serve.network import Generation, Network
from havoc.serve.openai.bodies import ChatBody, CompletionBody, Continuation
from havoc.serve.openai.objects import (
    NETWORK,
    Json,
    Reply,
    chat_logprobs,
    completion_logprobs,
    data,
    usage,
)
from havoc.serve.openai.tool_calls import constraint_of, offered, read_written, turns_of
from havoc.serve.problems import Problem, openai_error
from havoc.serve.services import Services
from havoc.tokenizer.conversation import prompt_ids
from havoc.tokenizer.foreign import ForeignTokenizer
from havoc.tokenizer.tokenizer import HavocTokenizer

Prompt = str | list[int]
MOST_TEXTS = 16


async def chat(body: ChatBody, request: Request, services: Services) -> Response:
    """Let the network speak next."""
    network = services.raw_network()
    tokenizer = own_tokenizer(network)
    tools = offered(body)
    constraint = constraint_of(body, tools)
    prompt = prompt_ids(turns_of(body.messages, tools), tokenizer)
    count = (body.top_logprobs or 0) if body.logprobs else None
    most = body.max_completion_tokens or body.max_tokens
    params = _params(body, services, network, most or services.settings.most_new_tokens, count)
    reply = Reply(NETWORK, "chat.completion")
    if body.stream:
        generations = await _submitted(network, [prompt] * body.count, params, constraint)
        if tools:
            source = _chat_of_calls(reply, generations, body, tokenizer)
        else:
            source = _chat_events(reply, generations, body, tokenizer)
        return _stream(source, services)
    results = await unless_left(
        request, _finished(network, [prompt] * body.count, params, constraint)
    )
    choices = []
    for index, result in enumerate(results):
        message, finish = _message(result, tokenizer, bool(tools))
        choice: Json = {"index": index, "message": message, "finish_reason": finish}
        choice["logprobs"] = chat_logprobs(result.choices, tokenizer) if body.logprobs else None
        choices.append(choice)
    return JSONResponse(reply.body(choices, usage(results)))


async def complete(body: CompletionBody, request: Request, services: Services) -> Response:
    """Continue prompts."""
    network = services.raw_network()
    _refuse_unsuited(body)
    prompts = [prompt for prompt in _prompts(body.prompt) for _ in range(body.count)]
    if len(prompts) > MOST_TEXTS:
        raise Problem(400, f"more than {MOST_TEXTS} texts are wanted", parameter="n")
    params = _params(body, services, network, body.max_tokens or 16, body.logprobs)
    reply = Reply(NETWORK, "text_completion")
    if body.stream:
        generations = await _submitted(network, prompts, params, None)
        return _stream(_completion_events(reply, generations, body, network.tokenizer), services)
    results = await unless_left(request, _finished(network, prompts, params, None))
    choices = [
        {
            "index": index,
            "text": result.text,
            "finish_reason": result.finish_reason,
            "logprobs": completion_logprobs(result.choices, network.tokenizer)
            if body.logprobs is not None
            else None,
        }
        for index, result in enumerate(results)
    ]
    return JSONResponse(reply.body(choices, usage(results)))


# --- asking the network ------------------------------------------------------------------


def _params(
    body: Continuation, services: Services, network: Network, most: int, logprobs: int | None
) -> Callable[[int], SamplingParams]:
    """The parameters of the n-th text: each has a seed of its own, made of the one given."""
    bias = {int(token): value for token, value in (body.logit_bias or {}).items()}
    wrong = [token for token in bias if token >= network.tokenizer.vocab_size]
    if wrong:
        raise Problem(400, f"there is no id {wrong[0]}", parameter="logit_bias")
    seed = secrets.randbits(63) if body.seed is None else body.seed

    def params(index: int) -> SamplingParams:
        return SamplingParams(
            max_tokens=min(most, services.settings.most_new_tokens),
            temperature=1.0 if body.temperature is None else body.temperature,
            top_p=1.0 if body.top_p is None else body.top_p,
            presence_penalty=body.presence_penalty or 0.0,
            frequency_penalty=body.frequency_penalty or 0.0,
            logit_bias=bias,
            seed=(seed + index) % (1 << 64),
            stop=body.stops,
            logprobs=logprobs,
        )

    return params


async def _submitted(
    network: Network,
    prompts: Sequence[Prompt],
    params: Callable[[int], SamplingParams],
    constraint: Constraint | None,
) -> list[Generation]:
    """Hand prompts to the engine: all of them, or none."""
    generations: list[Generation] = []
    try:
        for index, prompt in enumerate(prompts):
            generations.append(await network.submit(prompt, params(index), constraint=constraint))
    except BaseException:
        for generation in generations:
            generation.cancel()
        raise
    return generations


async def _finished(
    network: Network,
    prompts: Sequence[Prompt],
    params: Callable[[int], SamplingParams],
    constraint: Constraint | None,
) -> list[GenerationResult]:
    generations = await _submitted(network, prompts, params, constraint)
    try:
        return [checked(await generation.finished()) for generation in generations]
    finally:
        for generation in generations:
            if generation.result is None:
                generation.cancel()


def _prompts(given: Prompt | list[str] | list[list[int]]) -> list[Prompt]:
    if isinstance(given, str):
        return [given]
    if given and isinstance(given[0], int):
        return [[item for item in given if isinstance(item, int)]]
    return [item for item in given if not isinstance(item, int)]


def _refuse_unsuited(body: CompletionBody) -> None:
    for name, given in (
        ("echo", body.echo),
        ("suffix", body.suffix),
        ("best_of", body.best_of is not None and body.best_of != body.count),
    ):
        if given:
            raise Problem(400, f"{name} is not offered", parameter=name, remedy="leave it out")


# --- telling what comes ------------------------------------------------------------------


def _message(
    result: GenerationResult, tokenizer: HavocTokenizer, with_tools: bool
) -> tuple[Json, str]:
    if not with_tools:
        return {"role": "assistant", "content": result.text, "refusal": None}, result.finish_reason
    written = read_written(result.choices, tokenizer, result.text)
    calls = written.calls()
    message: Json = {"role": "assistant", "content": written.text or None, "refusal": None}
    if calls:
        return {**message, "tool_calls": calls}, "tool_calls"
    return message, result.finish_reason


async def _merged(generations: list[Generation]) -> AsyncGenerator[tuple[int, Event], None]:
    """The events of several texts as they come; leaving cancels them all."""
    if len(generations) == 1:
        events = generations[0].events()
        try:
            async for event in events:
                yield 0, event
        finally:
            await events.aclose()
        return
    brought: asyncio.Queue[tuple[int, Event]] = asyncio.Queue()

    async def pass_on(index: int) -> None:
        async for event in generations[index].events():
            brought.put_nowait((index, event))

    async with AsyncExitStack() as stack:
        tasks = [asyncio.ensure_future(pass_on(index)) for index in range(len(generations))]

        async def stop() -> None:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        stack.push_async_callback(stop)
        left = len(generations)
        while left:
            index, event = await brought.get()
            left -= event.finish_reason is not None
            yield index, event


async def _chat_events(
    reply: Reply, generations: list[Generation], body: ChatBody, tokenizer: HavocTokenizer
) -> AsyncGenerator[bytes, None]:
    for index in range(len(generations)):
        yield reply.chunk({"role": "assistant", "content": ""}, index)
    merged = _merged(generations)
    try:
        async for index, event in merged:
            if event.finish_reason == "error":
                yield _failed(event)
                return
            more: Json = {}
            if body.logprobs and event.choices:
                more["logprobs"] = chat_logprobs(event.choices, tokenizer)
            if event.text or more:
                yield reply.chunk({"content": event.text}, index, **more)
            if event.finish_reason:
                yield reply.chunk({}, index, event.finish_reason)
        for chunk in _ending(reply, generations, body):
            yield chunk
    finally:
        await merged.aclose()


async def _chat_of_calls(
    reply: Reply, generations: list[Generation], body: ChatBody, tokenizer: HavocTokenizer
) -> AsyncGenerator[bytes, None]:
    """With tools a text is told when it is whole: only then is it known whether it is a call."""
    for index in range(len(generations)):
        yield reply.chunk({"role": "assistant", "content": None}, index)
    merged = _merged(generations)
    try:
        async for index, event in merged:
            if event.finish_reason == "error":
                yield _failed(event)
                return
            result = generations[index].result
            if not event.finish_reason or result is None:
                continue
            message, finish = _message(result, tokenizer, True)
            if message["content"]:
                yield reply.chunk({"content": message["content"]}, index)
            for number, call in enumerate(message.get("tool_calls", ())):
                yield reply.chunk({"tool_calls": [{"index": number, **call}]}, index)
            yield reply.chunk({}, index, finish)
        for chunk in _ending(reply, generations, body):
            yield chunk
    finally:
        await merged.aclose()


async def _completion_events(
    reply: Reply,
    generations: list[Generation],
    body: CompletionBody,
    tokenizer: HavocTokenizer | ForeignTokenizer,
) -> AsyncGenerator[bytes, None]:
    offsets = [0] * len(generations)
    merged = _merged(generations)
    try:
        async for index, event in merged:
            if event.finish_reason == "error":
                yield _failed(event)
                return
            if not event.text and not event.finish_reason:
                continue
            choice: Json = {
                "index": index,
                "text": event.text,
                "finish_reason": event.finish_reason,
                "logprobs": None,
            }
            if body.logprobs is not None and event.choices:
                choice["logprobs"] = completion_logprobs(event.choices, tokenizer, offsets[index])
            offsets[index] += len(event.text)
            yield data(reply.body([choice], chunk=True))
        for chunk in _ending(reply, generations, body):
            yield chunk
    finally:
        await merged.aclose()


def _ending(reply: Reply, generations: list[Generation], body: Continuation) -> list[bytes]:
    results = [item.result for item in generations if item.result is not None]
    asked = body.stream_options is not None and body.stream_options.include_usage
    return [*([reply.last(usage(results))] if asked else []), sse.event(sse.DONE)]


def _failed(event: Event) -> bytes:
    problem = Problem(422, event.error or "the network gave no text", kind="input")
    return data({"error": openai_error(problem)}) + sse.event(sse.DONE)


def _stream(source: AsyncGenerator[bytes, None], services: Services) -> sse.EventStream:
    settings = services.settings
    return sse.EventStream(
        source, heartbeat=settings.heartbeat_seconds, write_seconds=settings.write_seconds
    )
