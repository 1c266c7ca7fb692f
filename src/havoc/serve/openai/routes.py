"""GET /v1/models; POST /v1/chat/completions, /v1/completions, /v1/embeddings."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from havoc.errors import HavocError
from havoc.rag.embedder import installed
from havoc.serve.openai import analyst, embeddings, network
from havoc.serve.openai.bodies import ChatBody, CompletionBody, EmbeddingsBody
from havoc.serve.openai.objects import ANALYST, EMBEDDER, NETWORK, Json
from havoc.serve.problems import OPENAI_PROBLEM, Problem, problem_of
from havoc.serve.services import Services, StrictRoute, services_of
from havoc.text import printable

router = APIRouter(prefix="/v1", route_class=StrictRoute, tags=["OpenAI-compatible"])
REPLY: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "the reply, or with stream its chunks",
        "content": {
            "application/json": {"schema": {"type": "object"}},
            "text/event-stream": {},
        },
    }
}

VECTORS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "a vector a text",
        "content": {"application/json": {"schema": {"type": "object"}}},
    },
    503: {**OPENAI_PROBLEM, "description": "the embedder is not installed"},
}


@router.get("/models")
async def models(request: Request) -> Json:
    """The models that are there now."""
    return {"object": "list", "data": _listed(services_of(request))}


@router.get("/models/{name}")
async def model(name: str, request: Request) -> Json:
    """One model."""
    services = services_of(request)
    for entry in _listed(services):
        if entry["id"] == name:
            return entry
    raise _unknown(name, services)


@router.post("/chat/completions", responses=REPLY)
async def chat(body: ChatBody, request: Request) -> Response:
    """``havoc`` answers the last question; ``havoc-raw`` speaks next."""
    services = services_of(request)
    try:
        if body.model == ANALYST:
            return await analyst.chat(body, request, services)
        if body.model == NETWORK and services.network is not None:
            return await network.chat(body, request, services)
    except HavocError as error:
        raise problem_of(error, 400) from None
    raise _unknown(body.model, services)


@router.post("/completions", responses=REPLY)
async def complete(body: CompletionBody, request: Request) -> Response:
    """``havoc-raw`` continues prompts."""
    services = services_of(request)
    if body.model == ANALYST:
        raise Problem(400, "the analyst answers questions", parameter="model",
                      remedy="ask it by /v1/chat/completions")  # fmt: skip
    if body.model != NETWORK or services.network is None:
        raise _unknown(body.model, services)
    try:
        return await network.complete(body, request, services)
    except HavocError as error:
        raise problem_of(error, 400) from None


@router.post("/embeddings", responses=VECTORS)
async def embed(body: EmbeddingsBody, request: Request) -> Response:
    """``havoc-embed`` turns texts into vectors."""
    services = services_of(request)
    if body.model != EMBEDDER:
        raise _unknown(body.model, services)
    try:
        return await embeddings.embeddings(body, request, services)
    except HavocError as error:
        raise problem_of(error, 400) from None


def _listed(services: Services) -> list[Json]:
    names = [ANALYST]
    if services.network is not None:
        names.append(NETWORK)
    if installed():
        names.append(EMBEDDER)
    created = int(services.started)
    return [
        {"id": name, "object": "model", "created": created, "owned_by": "havoc"} for name in names
    ]


def _unknown(name: str, services: Services) -> Problem:
    if name == NETWORK:
        remedy = "no network is loaded; start the server with --bundle FOLDER"
    else:
        remedy = "there are " + ", ".join(entry["id"] for entry in _listed(services))
    return Problem(
        404,
        f"there is no model {printable(name, 60)!r}",
        remedy=remedy,
        code="model_not_found",
        parameter="model",
    )
