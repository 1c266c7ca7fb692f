"""The model ``havoc``: a question answered by the analyst, in the shape of a chat completion.

Its tool calls run on the server. The content is the answer as Markdown, and the whole answer
object, with its trace, comes beside it as ``havoc``.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import msgspec
from fastapi import Request
from starlette.responses import Response

from havoc.errors import HavocError
from havoc.serve import sse
from havoc.serve.bodies import AskBody
from havoc.serve.leaving import unless_left
from havoc.serve.native.questions import answered
from havoc.serve.openai.bodies import ChatBody, Message
from havoc.serve.openai.objects import ANALYST, NO_TOKENS, Json, Reply
from havoc.serve.problems import Problem, openai_error, problem_of
from havoc.serve.services import Services, caller_of

CHUNK = 80
"""Characters of a streamed answer at a time; it is audited as a whole before any is sent."""


async def chat(body: ChatBody, request: Request, services: Services) -> Response:
    """Answer the last question of a conversation."""
    _refuse_unsuited(body)
    owner = caller_of(request).owner
    question, earlier = _question(body.messages)
    asked = AskBody(
        question=question,
        uploads=body.havoc.uploads,
        data=body.havoc.data,
        budget=body.havoc.budget,
    )
    as_json = body.response_format is not None and body.response_format.type == "json_object"
    if body.stream:
        source = _events(services, owner, asked, earlier, body, as_json)
        settings = services.settings
        return sse.EventStream(
            source, heartbeat=settings.heartbeat_seconds, write_seconds=settings.write_seconds
        )
    answer = await unless_left(request, answered(services, owner, asked, earlier=earlier))
    decoded = msgspec.json.decode(answer)
    message = {"role": "assistant", "content": _content(decoded, answer, as_json), "refusal": None}
    choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
    reply = Reply(ANALYST, "chat.completion").body([choice], NO_TOKENS)
    reply["havoc"] = msgspec.Raw(answer)
    return Response(msgspec.json.encode(reply), media_type="application/json")


async def _events(
    services: Services,
    owner: str,
    asked: AskBody,
    earlier: Json | None,
    body: ChatBody,
    as_json: bool,
) -> AsyncGenerator[bytes, None]:
    reply = Reply(ANALYST, "chat.completion")
    yield reply.chunk({"role": "assistant", "content": ""})
    stages: asyncio.Queue[Json | None] = asyncio.Queue()
    work = asyncio.ensure_future(
        answered(services, owner, asked, stages.put_nowait, earlier=earlier)
    )
    work.add_done_callback(lambda _: stages.put_nowait(None))
    try:
        while (stage := await stages.get()) is not None:
            if body.havoc.trace:
                yield sse.json_event({**reply.body([], chunk=True), "havoc": {"stage": stage}})
        try:
            answer = work.result()
        except (Problem, HavocError) as error:
            problem = error if isinstance(error, Problem) else problem_of(error, 400)
            yield sse.json_event({"error": openai_error(problem)})
            yield sse.event(sse.DONE)
            return
        decoded = msgspec.json.decode(answer)
        content = _content(decoded, answer, as_json)
        for start in range(0, len(content), CHUNK):
            yield reply.chunk({"content": content[start : start + CHUNK]})
        end = reply.body([{"index": 0, "delta": {}, "finish_reason": "stop"}], chunk=True)
        if body.havoc.trace:
            end["havoc"] = msgspec.Raw(answer)
        yield sse.json_event(end)
        if body.stream_options is not None and body.stream_options.include_usage:
            yield reply.last(NO_TOKENS)
        yield sse.event(sse.DONE)
    finally:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)


def _content(answer: Json, encoded: bytes, as_json: bool) -> str:
    return encoded.decode() if as_json else str(answer["answer"])


def _question(messages: list[Message]) -> tuple[str, Json | None]:
    """What is asked now, and the question before it, which a follow-up goes on from."""
    asked = [message.text for message in messages if message.role == "user" and message.text]
    if not asked or messages[-1].role != "user":
        raise _refused("the conversation does not end with a question", "messages")
    earlier = {"question": asked[-2], "op": ""} if len(asked) > 1 else None
    return asked[-1], earlier


def _refuse_unsuited(body: ChatBody) -> None:
    """What the analyst cannot do is said, not passed over."""
    if body.count > 1:
        raise _refused("the analyst gives one answer", "n")
    if body.logprobs:
        raise _refused("the analyst writes no tokens, so there are no probabilities", "logprobs")
    if body.response_format is not None and body.response_format.type == "json_schema":
        raise _refused(
            "the analyst's JSON has a schema of its own (GET /schemas/answer); json_object "
            "gives it",
            "response_format",
        )
    if body.tools and body.tool_choice not in (None, "auto", "none"):
        raise _refused("the analyst calls its own tools, not the client's", "tool_choice")


def _refused(what: str, parameter: str) -> Problem:
    remedy = "the model havoc-raw can" if parameter != "messages" else ""
    return Problem(400, what, kind="input", parameter=parameter, remedy=remedy)
