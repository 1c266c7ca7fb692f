"""The tools and the language: /tools, /tools/{name}, /dsl, /schemas."""

from __future__ import annotations

import time
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Body, Path, Request
from pydantic import JsonValue
from sqlalchemy import Connection
from starlette.responses import Response

from havoc.serve.bodies import ScriptBody
from havoc.serve.leaving import unless_left
from havoc.serve.problems import Problem
from havoc.serve.services import StrictRoute, caller_of, services_of
from havoc.serve.storage import uploads
from havoc.text import printable
from havoc.tools import registry

router = APIRouter(route_class=StrictRoute, tags=["tools"])
JSON = "application/json"
Name = Annotated[str, Path(max_length=100)]
Arguments = Annotated[dict[str, JsonValue], Body(description="see GET /tools/{name}")]
RESULT: dict[int | str, dict[str, Any]] = {
    200: {"content": {JSON: {"schema": {"type": "object"}}}, "description": "call and result"}
}
RESULTS: dict[int | str, dict[str, Any]] = {
    200: {"content": {JSON: {"schema": {"type": "array"}}}, "description": "a result a statement"}
}


@router.get("/tools", responses=RESULTS)
async def listed(request: Request) -> Response:
    """Every tool with the JSON Schema of its arguments."""
    return Response(await services_of(request).tools(), media_type=JSON)


@router.get("/tools/{name}", responses=RESULT)
async def described(name: Name, request: Request) -> Response:
    """One tool."""
    _known(name)
    for tool in msgspec.json.decode(await services_of(request).tools()):
        if tool["name"] == name:
            return Response(msgspec.json.encode(tool), media_type=JSON)
    raise _no_tool(name)


@router.post("/tools/{name}", responses=RESULT)
async def called(name: Name, arguments: Arguments, request: Request) -> Response:
    """Call a tool."""
    _known(name)
    services = services_of(request)
    task = {"task": "tool", "name": name, "arguments": arguments}
    started = time.perf_counter()
    result = await unless_left(request, services.compute(task))
    services.metrics.tool_seconds.labels(name).observe(time.perf_counter() - started)
    return Response(result, media_type=JSON)


@router.post("/dsl", responses=RESULTS)
async def script(body: ScriptBody, request: Request) -> Response:
    """Run a script of statements, which finds data as @name among ``uploads`` and ``data``."""
    services, owner = services_of(request), caller_of(request).owner

    def find(connection: Connection) -> dict[str, dict[str, str]]:
        return {
            name: uploads.stored_file(connection, owner, identity, services.uploads)
            for name, identity in body.uploads.items()
        }

    files = await services.database.ask(find) if body.uploads else {}
    task = {"task": "script", "script": body.script, "files": files, "inline": body.data}
    return Response(await unless_left(request, services.compute(task)), media_type=JSON)


@router.get("/schemas/answer", responses=RESULT)
async def schema_of_answers(request: Request) -> Response:
    """JSON Schema of the answer object."""
    return Response(await services_of(request).compute({"task": "schema"}), media_type=JSON)


def _known(name: str) -> None:
    if name not in registry:
        raise _no_tool(name)


def _no_tool(name: str) -> Problem:
    return Problem(404, f"there is no tool {printable(name, 60)!r}", remedy="see GET /tools")
