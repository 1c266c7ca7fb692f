"""Knowledge bases: which there are, what they hold, search. Documents are added by ``havoc kb``."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from havoc.rag import names
from havoc.serve.bodies import BASE_NAME, SearchBody
from havoc.serve.leaving import unless_left
from havoc.serve.problems import Problem
from havoc.serve.services import StrictRoute, services_of

router = APIRouter(prefix="/kb", route_class=StrictRoute, tags=["knowledge"])
JSON = "application/json"
Name = Annotated[str, Path(pattern=BASE_NAME)]
LIST: dict[int | str, dict[str, Any]] = {
    200: {"content": {JSON: {"schema": {"type": "array"}}}, "description": "an object a base"}
}
OBJECT: dict[int | str, dict[str, Any]] = {
    200: {"content": {JSON: {"schema": {"type": "object"}}}, "description": "what was found"}
}


@router.get("", responses=LIST)
async def bases(request: Request) -> Response:
    """The bases of this server, the built-in one first, with their documents and passages."""
    return Response(await services_of(request).compute({"task": "bases"}), media_type=JSON)


@router.get("/{name}/documents", responses=OBJECT)
async def documents(
    name: Name,
    request: Request,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> Response:
    """The documents of a base with title, source, licence and number of passages."""
    await _check(name)
    task = {"task": "documents", "base": name, "limit": limit, "offset": offset}
    return Response(await services_of(request).compute(task), media_type=JSON)


@router.post("/search", responses=OBJECT)
async def search(body: SearchBody, request: Request) -> Response:
    """The passages that answer best, each with its sentence, source and licence."""
    await _check(body.base)
    task = {"task": "search", "base": body.base, "query": body.query, "k": body.k}
    result = await unless_left(request, services_of(request).compute(task))
    return Response(result, media_type=JSON)


async def _check(name: str) -> None:
    """Problem 404 for a base that is not there."""
    if name not in await asyncio.to_thread(names):
        raise Problem(404, f"there is no knowledge base {name!r}", remedy="see GET /kb")
