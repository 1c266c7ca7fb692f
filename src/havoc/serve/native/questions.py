"""POST /ask: the analyst. Its stages can be watched, and a broken connection resumed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Any

import msgspec
from fastapi import APIRouter, Path, Request
from sqlalchemy import Connection
from starlette.responses import Response

from havoc.errors import HavocError
from havoc.serve import sse
from havoc.serve.bodies import AskBody
from havoc.serve.leaving import unless_left
from havoc.serve.problems import Problem, body_of, problem_of
from havoc.serve.questions import Question
from havoc.serve.services import Services, StrictRoute, caller_of, services_of
from havoc.serve.storage import sessions

router = APIRouter(route_class=StrictRoute, tags=["analyst"])
ANSWERED: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "the answer object (GET /schemas/answer), or with stream its events",
        "content": {
            "application/json": {"schema": {"type": "object"}},
            "text/event-stream": {},
        },
    }
}
Number = Path(pattern=r"^[0-9a-f]{32}$")


@router.post("/ask", responses=ANSWERED)
async def ask(body: AskBody, request: Request) -> Response:
    """Answer a question about data. A question that cannot be answered is an answer too.

    With ``stream``: events ``question`` (its id), ``stage`` as each stage ends, ``answer``, then
    [DONE]. ``GET /ask/{id}`` with Last-Event-ID goes on where a connection broke.
    """
    services = services_of(request)
    owner = caller_of(request).owner
    if not body.stream:
        answer = await unless_left(request, answered(services, owner, body))
        return Response(answer, media_type="application/json")
    question = Question(owner)
    services.questions.hold(question)
    question.add("question", msgspec.json.encode({"id": question.identity}))
    question.work = asyncio.create_task(_work_on(question, services, body))
    return _watched(question, services, 0)


@router.get("/ask/{identity}", responses=ANSWERED)
async def resume(request: Request, identity: str = Number) -> Response:
    """The events of a question that was asked with ``stream``, after Last-Event-ID."""
    services = services_of(request)
    question = services.questions.find(caller_of(request).owner, identity)
    last = request.headers.get("last-event-id", "0")
    number = int(last) if last.isascii() and last.isdigit() and len(last) < 9 else 0
    return _watched(question, services, number)


@router.delete("/ask/{identity}", status_code=204)
async def cancel(request: Request, identity: str = Number) -> None:
    """Give a question up: what computes it ends at once."""
    question = services_of(request).questions.find(caller_of(request).owner, identity)
    if question.work is not None:
        question.work.cancel()


async def answered(
    services: Services,
    owner: str,
    body: AskBody,
    on_stage: Callable[[dict[str, Any]], None] | None = None,
    *,
    earlier: dict[str, Any] | None = None,
) -> bytes:
    """The JSON of the answer, which is kept first where the question belongs to a session."""
    files = await services.files(owner, body.uploads)
    if body.session is not None:
        session = body.session
        earlier = await services.database.ask(
            lambda connection: sessions.last_turn(connection, owner, session)
        )

    def told(stage: dict[str, Any]) -> None:
        services.metrics.stage_seconds.labels(stage["stage"]).observe(stage["ms"] / 1000)
        if on_stage is not None:
            on_stage(stage)

    task = {
        "task": "ask",
        "question": body.question,
        "files": files,
        "inline": body.data,
        "budget": body.budget,
        "earlier": earlier,
    }
    answer = await services.compute(task, on_event=told)
    services.metrics.answers.labels(_status(answer)).inc()
    if body.session is not None:
        kept = msgspec.Raw(answer)

        def keep(connection: Connection) -> None:
            sessions.add_exchange(connection, owner, session, body.question, kept)

        await services.database.ask(keep)
    return answer


class _Status(msgspec.Struct):
    status: str


def _status(answer: bytes) -> str:
    return msgspec.json.decode(answer, type=_Status).status


async def _work_on(question: Question, services: Services, body: AskBody) -> None:
    try:
        answer = await answered(
            services,
            question.owner,
            body,
            lambda stage: question.add("stage", msgspec.json.encode(stage)),
        )
        question.add("answer", answer)
    except (Problem, HavocError) as error:
        problem = error if isinstance(error, Problem) else problem_of(error)
        question.add("problem", body_of(problem, "/ask", question.identity)[0])
    except asyncio.CancelledError:
        problem = Problem(409, "the question was given up")
        question.add("problem", body_of(problem, "/ask", question.identity)[0])
    except Exception:
        question.add("problem", body_of(Problem(500, "an unexpected error"), "/ask", "")[0])
        raise
    finally:
        question.end()
        services.questions.let_go(question)


def _watched(question: Question, services: Services, number: int) -> sse.EventStream:
    settings = services.settings
    return sse.EventStream(
        _events(question, settings.resume_seconds, number),
        heartbeat=settings.heartbeat_seconds,
        write_seconds=settings.write_seconds,
    )


async def _events(question: Question, patience: float, number: int) -> AsyncGenerator[bytes, None]:
    """The events; where nobody has watched for ``patience`` seconds, the question is given up."""
    if question.abandoned is not None:
        question.abandoned.cancel()
    question.watchers += 1
    try:
        async for place, name, body in question.after(number):
            yield sse.event(body.decode(), name=name, identity=str(place))
        yield sse.event(sse.DONE)
    finally:
        question.watchers -= 1
        if not question.watchers and not question.ended and question.work is not None:
            loop = asyncio.get_running_loop()
            question.abandoned = loop.call_later(patience, question.work.cancel)
