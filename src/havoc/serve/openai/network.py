"""The model ``havoc-raw``: the bare network, as chat and as completion."""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field
from typing import Protocol

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
    wanted = _Wanted(network, [prompt] * body.count, params, constraint)
    if body.stream:
        shown = _Calls(reply, tokenizer) if tools else _Texts(reply, tokenizer, bool(body.logprobs))
        return _streamed(await wanted.submitted(), shown, body, services)
    results = await unless_left(request, wanted.finished())
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
    wanted = _Wanted(network, prompts, params)
    if body.stream:
        shown = _Continuations(reply, network.tokenizer, body.logprobs is not None)
        return _streamed(await wanted.submitted(), shown, body, services)
    results = await unless_left(request, wanted.finished())
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
            top_k=max(0, body.top_k or 0),
            min_p=body.min_p or 0.0,
            repetition_penalty=body.repetition_penalty or 1.0,
            ignore_eos=bool(body.ignore_eos),
            presence_penalty=body.presence_penalty or 0.0,
            frequency_penalty=body.frequency_penalty or 0.0,
            logit_bias=bias,
            seed=(seed + index) % (1 << 64),
            stop=body.stops,
            logprobs=logprobs,
        )

    return params


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Texts that are wanted of the network: a prompt each, and how the n-th is drawn."""

    network: Network
    prompts: Sequence[Prompt]
    params: Callable[[int], SamplingParams]
    constraint: Constraint | None = None

    async def submitted(self, *, whole: bool = False) -> list[Generation]:
        """Hand the prompts to the engine: all of them, or none."""
        made: list[Generation] = []
        with _all_or_none(made):
            for index, prompt in enumerate(self.prompts):
                params = self.params(index)
                made.append(
                    await self.network.submit(
                        prompt, params, constraint=self.constraint, whole=whole
                    )
                )
        return made

    async def finished(self) -> list[GenerationResult]:
        """The results, when all are there."""
        made = await self.submitted(whole=True)
        with _all_or_none(made):
            return [checked(await generation.finished()) for generation in made]


@contextmanager
def _all_or_none(generations: Sequence[Generation]) -> Iterator[None]:
    """Where the block fails, nothing more is computed for any of these."""
    try:
        yield
    except BaseException:
        for generation in generations:
            generation.cancel()
        raise


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
        async with aclosing(generations[0].events()) as events:
            async for event in events:
                yield 0, event
        return
    brought: asyncio.Queue[tuple[int, Event]] = asyncio.Queue()

    async def pass_on(index: int) -> None:
        async for event in generations[index].events():
            brought.put_nowait((index, event))

    tasks = [asyncio.ensure_future(pass_on(index)) for index in range(len(generations))]
    try:
        left = len(generations)
        while left:
            index, event = await brought.get()
            left -= event.finish_reason is not None
            yield index, event
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class _Shown(Protocol):
    """How the events of texts become the chunks of a reply."""

    reply: Reply

    def begun(self, index: int) -> Iterator[bytes]:
        """What comes before the first event of a text."""
        ...

    def chunks(self, index: int, event: Event, generation: Generation) -> Iterator[bytes]:
        """What an event brings."""
        ...


@dataclass(slots=True)
class _Texts:
    """Texts of a chat, as they come."""

    reply: Reply
    tokenizer: HavocTokenizer
    logprobs: bool

    def begun(self, index: int) -> Iterator[bytes]:
        yield self.reply.chunk({"role": "assistant", "content": ""}, index)

    def chunks(self, index: int, event: Event, generation: Generation) -> Iterator[bytes]:
        more: Json = {}
        if self.logprobs and event.choices:
            more["logprobs"] = chat_logprobs(event.choices, self.tokenizer)
        if event.text or more:
            yield self.reply.chunk({"content": event.text}, index, **more)
        if event.finish_reason:
            yield self.reply.chunk({}, index, event.finish_reason)


@dataclass(slots=True)
class _Calls:
    """Texts of a chat with tools, each when it is whole: only then is it known for a call."""

    reply: Reply
    tokenizer: HavocTokenizer

    def begun(self, index: int) -> Iterator[bytes]:
        yield self.reply.chunk({"role": "assistant", "content": None}, index)

    def chunks(self, index: int, event: Event, generation: Generation) -> Iterator[bytes]:
        if generation.result is None:
            return
        message, finish = _message(generation.result, self.tokenizer, True)
        if message["content"]:
            yield self.reply.chunk({"content": message["content"]}, index)
        for number, call in enumerate(message.get("tool_calls", ())):
            yield self.reply.chunk({"tool_calls": [{"index": number, **call}]}, index)
        yield self.reply.chunk({}, index, finish)


@dataclass(slots=True)
class _Continuations:
    """Continued prompts, as they come."""

    reply: Reply
    tokenizer: HavocTokenizer | ForeignTokenizer
    logprobs: bool
    _offsets: Counter[int] = field(default_factory=Counter)

    def begun(self, index: int) -> Iterator[bytes]:
        return iter(())

    def chunks(self, index: int, event: Event, generation: Generation) -> Iterator[bytes]:
        if not event.text and not event.finish_reason:
            return
        choice: Json = {
            "index": index,
            "text": event.text,
            "finish_reason": event.finish_reason,
            "logprobs": None,
        }
        if self.logprobs and event.choices:
            choice["logprobs"] = completion_logprobs(
                event.choices, self.tokenizer, self._offsets[index]
            )
        self._offsets[index] += len(event.text)
        yield sse.json_event(self.reply.body([choice], chunk=True))


def _streamed(
    generations: list[Generation], shown: _Shown, body: Continuation, services: Services
) -> sse.EventStream:
    settings = services.settings
    return sse.EventStream(
        _events(generations, shown, body),
        heartbeat=settings.heartbeat_seconds,
        write_seconds=settings.write_seconds,
    )


async def _events(
    generations: list[Generation], shown: _Shown, body: Continuation
) -> AsyncGenerator[bytes, None]:
    """The chunks of all texts, the usage where it is wanted, [DONE]."""
    with _all_or_none(generations):
        for index in range(len(generations)):
            for chunk in shown.begun(index):
                yield chunk
        async with aclosing(_merged(generations)) as merged:
            async for index, event in merged:
                if event.finish_reason == "error":
                    what = event.error or "the network gave no text"
                    yield sse.json_event({"error": openai_error(Problem(422, what, kind="input"))})
                    yield sse.event(sse.DONE)
                    return
                for chunk in shown.chunks(index, event, generations[index]):
                    yield chunk
    if body.stream_options is not None and body.stream_options.include_usage:
        yield shown.reply.last(
            usage(item.result for item in generations if item.result is not None)
        )
    yield sse.event(sse.DONE)
