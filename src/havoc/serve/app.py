"""The application: its routes, what becomes of errors, and its beginning and end."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from havoc import __version__
from havoc.errors import HavocError
from havoc.serve import pages
from havoc.serve.access import Access
from havoc.serve.guard import Guard
from havoc.serve.invalid import place_of, words_of
from havoc.serve.mcp_http import McpOverHttp
from havoc.serve.native import (
    conversations,
    data,
    generation,
    knowledge,
    questions,
    status,
    tools,
)
from havoc.serve.network import Network
from havoc.serve.openai import routes as openai_routes
from havoc.serve.problems import (
    OPENAI_PREFIX,
    OPENAI_PROBLEM,
    PROBLEM,
    Problem,
    body_of,
    problem_of,
)
from havoc.serve.services import Services
from havoc.serve.settings import ServeSettings
from havoc.serve.storage import Database
from havoc.serve.traces import set_up_traces
from havoc.text import printable

DESCRIPTION = (
    "A question and data in, an audited answer out. Errors are problem details (RFC 9457); "
    "below /v1 they have the form that OpenAI's clients read."
)
MOST_ERRORS = 20


def create_app(
    settings: ServeSettings, database: Database, network: Network | None = None
) -> FastAPI:
    """The server as an ASGI application. Raises InputError for settings that cannot be used."""
    services = Services(settings, database, network)
    protocol = McpOverHttp(services)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        services.start()
        async with AsyncExitStack() as stack:
            stack.push_async_callback(services.close)
            await stack.enter_async_context(protocol.running())
            yield

    app = FastAPI(
        title="havoc",
        version=__version__,
        description=DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
    )
    app.state.services = services
    for part in (generation, questions, tools, knowledge, data, conversations, status, pages):
        app.include_router(part.router, responses={"4XX": PROBLEM})
    app.include_router(openai_routes.router, responses={"4XX": OPENAI_PROBLEM})
    app.router.routes.append(Route("/mcp", protocol))
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(HavocError, _problem)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    access = Access(settings, database)
    app.add_middleware(
        Guard,
        settings=settings,
        access=access,
        metrics=services.metrics,
        tracer=set_up_traces() if settings.traces else None,
    )
    return app


async def _problem(request: Request, error: Exception) -> Response:
    if isinstance(error, Problem):
        return _response(request, error)
    assert isinstance(error, HavocError)
    return _response(request, problem_of(error))


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    headers = dict(error.headers or {})
    detail = str(error.detail)
    if error.status_code == 404:
        detail = "there is nothing at this path; see /docs"
    if error.status_code == 405:
        headers["Allow"] = ", ".join(sorted(_methods(request)))
        detail = f"{request.method} is not taken here; use {headers['Allow']}"
    return _response(request, Problem(error.status_code, detail, headers=headers))


def _methods(request: Request) -> set[str]:
    """What may be asked of a path, by all routes that have it."""
    path = request.url.path
    document: dict[str, dict[str, Any]] = request.app.openapi()["paths"]
    return {
        method.upper()
        for template, methods in document.items()
        if re.fullmatch(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(template)), path)
        for method in methods
    }


async def _invalid(request: Request, error: Exception) -> Response:
    """What a body lacks, by place; never what it had there."""
    assert isinstance(error, RequestValidationError)
    listed = [
        {"place": printable(place_of(item), 200), "problem": printable(words_of(item), 300)}
        for item in error.errors()[:MOST_ERRORS]
    ]
    first = listed[0] if listed else {"place": "body", "problem": "is not valid"}
    status = 400 if request.url.path.startswith(OPENAI_PREFIX) else 422
    problem = Problem(
        status,
        f"{first['place']}: {first['problem']}",
        kind="input",
        errors=listed,
        parameter=first["place"].removeprefix("body."),
    )
    return _response(request, problem)


def _response(request: Request, problem: Problem) -> Response:
    identity = getattr(request.state, "request_id", "")
    body, media_type = body_of(problem, request.url.path, identity)
    return Response(body, problem.status, problem.headers, media_type)
