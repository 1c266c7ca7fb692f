"""Conversations: every read and write names the owner, so that nobody reaches another's."""

from __future__ import annotations

import secrets
import time
from typing import Any

import msgspec
from sqlalchemy import Connection, delete, func, insert, select, update

from havoc.serve.problems import Problem
from havoc.serve.storage.tables import messages, sessions
from havoc.text import printable

TITLE_LIMIT = 120


def new_identity() -> str:
    """128 random bits, which nobody guesses."""
    return secrets.token_hex(16)


def create_session(connection: Connection, owner: str, title: str) -> dict[str, Any]:
    """A new conversation."""
    now = time.time()
    row = {
        "id": new_identity(),
        "owner": owner,
        "title": printable(title, TITLE_LIMIT) or "New conversation",
        "created": now,
        "updated": now,
    }
    connection.execute(insert(sessions).values(**row))
    return _shown(row)


def list_sessions(
    connection: Connection, owner: str, *, limit: int, offset: int, search: str = ""
) -> list[dict[str, Any]]:
    """The owner's conversations, the latest first; ``search`` looks in titles and messages."""
    query = select(sessions).where(sessions.c.owner == owner)
    if search:
        within = select(messages.c.session).where(
            messages.c.content.icontains(search, autoescape=True)
        )
        query = query.where(
            sessions.c.title.icontains(search, autoescape=True) | sessions.c.id.in_(within)
        )
    query = query.order_by(sessions.c.updated.desc(), sessions.c.id).limit(limit).offset(offset)
    return [_shown(row._mapping) for row in connection.execute(query)]


def read_session(connection: Connection, owner: str, identity: str) -> dict[str, Any]:
    """A conversation with its messages. Problem 404 where the owner has none of that id."""
    row = _own(connection, owner, identity)
    said = connection.execute(
        select(messages).where(messages.c.session == identity).order_by(messages.c.id)
    )
    listed = [
        {
            "role": item.role,
            "content": msgspec.json.decode(item.content),
            "created": item.created,
        }
        for item in said
    ]
    return {**_shown(row), "messages": listed}


def rename_session(connection: Connection, owner: str, identity: str, title: str) -> dict[str, Any]:
    """Give a conversation another title."""
    row = dict(_own(connection, owner, identity))
    row["title"] = printable(title, TITLE_LIMIT) or row["title"]
    connection.execute(update(sessions).where(sessions.c.id == identity).values(title=row["title"]))
    return _shown(row)


def delete_session(connection: Connection, owner: str, identity: str) -> None:
    """Delete a conversation with all that was said in it."""
    _own(connection, owner, identity)
    connection.execute(delete(messages).where(messages.c.session == identity))
    connection.execute(delete(sessions).where(sessions.c.id == identity))


def add_exchange(
    connection: Connection,
    owner: str,
    identity: str,
    question: str,
    answer: dict[str, Any] | msgspec.Raw,
) -> None:
    """Keep a question and its answer, both or neither."""
    _own(connection, owner, identity)
    now = time.time()
    rows: list[tuple[str, Any]] = [("user", question), ("assistant", answer)]
    for role, content in rows:
        text = msgspec.json.encode(content).decode()
        connection.execute(
            insert(messages).values(session=identity, role=role, content=text, created=now)
        )
    connection.execute(update(sessions).where(sessions.c.id == identity).values(updated=now))


def last_turn(connection: Connection, owner: str, identity: str) -> dict[str, Any] | None:
    """Question and operation of the last exchange, which a follow-up goes on from."""
    _own(connection, owner, identity)
    newest = list(
        connection.execute(
            select(messages.c.role, messages.c.content)
            .where(messages.c.session == identity)
            .order_by(messages.c.id.desc())
            .limit(2)
        )
    )
    if len(newest) < 2 or newest[1].role != "user":
        return None
    answer = msgspec.json.decode(newest[0].content)
    calls = answer.get("tool_calls") or [{}]
    return {
        "question": msgspec.json.decode(newest[1].content),
        "op": calls[0].get("operation", ""),
    }


def drop_older(connection: Connection, before: float) -> int:
    """Delete conversations that nobody has added to since ``before``; how many."""
    old = select(sessions.c.id).where(sessions.c.updated < before)
    count: int = connection.execute(select(func.count()).select_from(old.subquery())).scalar_one()
    connection.execute(delete(messages).where(messages.c.session.in_(old)))
    connection.execute(delete(sessions).where(sessions.c.updated < before))
    return count


def _own(connection: Connection, owner: str, identity: str) -> Any:
    row = connection.execute(
        select(sessions).where(sessions.c.id == identity, sessions.c.owner == owner)
    ).first()
    if row is None:
        raise Problem(404, "there is no such session")
    return row._mapping


def _shown(row: Any) -> dict[str, Any]:
    return {name: row[name] for name in ("id", "title", "created", "updated")}
