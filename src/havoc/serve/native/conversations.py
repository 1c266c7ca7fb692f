"""Sessions: conversations that are kept, with history, titles, export and deletion."""

from __future__ import annotations

import csv
import io
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from havoc.serve.bodies import TitleBody
from havoc.serve.services import StrictRoute, caller_of, services_of
from havoc.serve.storage import sessions
from havoc.text import printable

router = APIRouter(prefix="/sessions", route_class=StrictRoute, tags=["sessions"])
Identity = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]
Format = Literal["json", "markdown", "csv"]
Json = dict[str, Any]
FORMULA = ("=", "+", "-", "@", "\t", "\r")
EXPORT: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "the conversation",
        "content": {
            "application/json": {"schema": {"type": "object"}},
            "text/markdown": {"schema": {"type": "string"}},
            "text/csv": {"schema": {"type": "string"}},
        },
    }
}


@router.post("", status_code=201)
async def create(body: TitleBody, request: Request) -> Json:
    """Begin a conversation."""
    owner = caller_of(request).owner
    return await services_of(request).database.ask(
        lambda connection: sessions.create_session(connection, owner, body.title)
    )


@router.get("")
async def listed(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    search: Annotated[str, Query(max_length=200)] = "",
) -> list[Json]:
    """One's own conversations, the latest first."""
    owner = caller_of(request).owner
    return await services_of(request).database.ask(
        lambda connection: sessions.list_sessions(
            connection, owner, limit=limit, offset=offset, search=search
        )
    )


@router.get("/{identity}")
async def read(identity: Identity, request: Request) -> Json:
    """A conversation with all that was said."""
    return await _session(identity, request)


@router.patch("/{identity}")
async def rename(identity: Identity, body: TitleBody, request: Request) -> Json:
    """Give a conversation another title."""
    owner = caller_of(request).owner
    return await services_of(request).database.ask(
        lambda connection: sessions.rename_session(connection, owner, identity, body.title)
    )


@router.delete("/{identity}", status_code=204)
async def delete(identity: Identity, request: Request) -> None:
    """Delete a conversation with all that was said."""
    services, owner = services_of(request), caller_of(request).owner
    await services.database.ask(
        lambda connection: sessions.delete_session(connection, owner, identity)
    )
    await services.audit(request, "delete session", identity)


@router.get("/{identity}/export", responses=EXPORT)
async def export(
    identity: Identity,
    request: Request,
    form: Annotated[Format, Query(alias="format")] = "json",
) -> Response:
    """A conversation as a file: all of it as JSON, to read as Markdown, its figures as CSV."""
    session = await _session(identity, request)
    body, kind, suffix = {
        "json": (_json, "application/json", "json"),
        "markdown": (_markdown, "text/markdown; charset=utf-8", "md"),
        "csv": (_csv, "text/csv; charset=utf-8", "csv"),
    }[form]
    headers = {"Content-Disposition": f'attachment; filename="havoc-{identity[:8]}.{suffix}"'}
    return Response(body(session), media_type=kind, headers=headers)


async def _session(identity: str, request: Request) -> Json:
    owner = caller_of(request).owner
    return await services_of(request).database.ask(
        lambda connection: sessions.read_session(connection, owner, identity)
    )


def _json(session: Json) -> bytes:
    return msgspec.json.format(msgspec.json.encode(session), indent=2)


def _markdown(session: Json) -> str:
    parts = [f"# {printable(session['title'])}"]
    for message in session["messages"]:
        content = message["content"]
        if message["role"] == "user":
            quoted = "\n".join(f"> {line}" for line in content.splitlines())
            parts.append(quoted)
        else:
            parts.append(content["answer"])
    return "\n\n".join(parts) + "\n"


def _csv(session: Json) -> str:
    """The key figures of every answer. A cell that a spreadsheet would compute becomes a text."""
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(["question", "conclusion", "figure", "value"])
    question = ""
    for message in session["messages"]:
        if message["role"] == "user":
            question = message["content"]
            continue
        answer = message["content"]
        for name, value in answer.get("key_figures") or [("", "")]:
            cells = (question, answer["conclusion"], name, value)
            writer.writerow([_harmless(cell) for cell in cells])
    return table.getvalue()


def _harmless(cell: str) -> str:
    """``cell`` such that no spreadsheet takes it for a formula; numbers stay numbers."""
    text = printable(cell)
    if text.startswith(FORMULA) and not _is_number(text):
        return "'" + text
    return text


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
