"""Uploaded files: what is known of them in the database, their bytes under generated names."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Connection, delete, func, insert, select

from havoc.serve.problems import Problem
from havoc.serve.storage.tables import audit, uploads


def add_upload(connection: Connection, row: dict[str, Any], summary: dict[str, Any]) -> None:
    """Keep what was read of an upload; ``row`` has id, owner, name, file, bytes, sha256."""
    text = msgspec.json.encode(summary).decode()
    connection.execute(insert(uploads).values(**row, summary=text, created=time.time()))


def list_uploads(connection: Connection, owner: str) -> list[dict[str, Any]]:
    """The owner's uploads without their previews, the newest first."""
    query = select(uploads).where(uploads.c.owner == owner).order_by(uploads.c.created.desc())
    found = []
    for row in connection.execute(query):
        shown = _shown(row)
        shown.pop("preview", None)
        found.append(shown)
    return found


def count_uploads(connection: Connection, owner: str) -> int:
    """How many uploads an owner has."""
    query = select(func.count()).select_from(uploads).where(uploads.c.owner == owner)
    return int(connection.execute(query).scalar_one())


def read_upload(connection: Connection, owner: str, identity: str) -> dict[str, Any]:
    """An upload with its preview. Problem 404 where the owner has none of that id."""
    return _shown(_own(connection, owner, identity))


def stored_file(connection: Connection, owner: str, identity: str, folder: Path) -> dict[str, str]:
    """Where an upload lies, and what its user calls it, as a worker needs it."""
    row = _own(connection, owner, identity)
    return {"path": str(folder / row.file), "name": row.name}


def delete_upload(connection: Connection, owner: str, identity: str) -> str:
    """Forget an upload; the name of the file that is to be removed after the transaction."""
    row = _own(connection, owner, identity)
    connection.execute(delete(uploads).where(uploads.c.id == identity))
    return str(row.file)


def drop_older(connection: Connection, before: float) -> list[str]:
    """Forget uploads of before; the files to remove."""
    old = [
        row.file
        for row in connection.execute(select(uploads.c.file).where(uploads.c.created < before))
    ]
    connection.execute(delete(uploads).where(uploads.c.created < before))
    return old


def remove_orphans(connection: Connection, folder: Path, older_than: float) -> int:
    """Remove files that no row names: what an upload left that did not come to its end."""
    known = {row.file for row in connection.execute(select(uploads.c.file))}
    removed = 0
    for entry in os.scandir(folder):
        if entry.name in known or not entry.is_file(follow_symlinks=False):
            continue
        if entry.stat(follow_symlinks=False).st_mtime < older_than:
            os.unlink(entry.path)
            removed += 1
    return removed


def record(connection: Connection, owner: str, action: str, what: str, request: str) -> None:
    """A line of the audit log: who did what to which object, never its content."""
    connection.execute(
        insert(audit).values(
            at=time.time(), owner=owner, action=action, object=what, request=request
        )
    )


def drop_older_audit(connection: Connection, before: float) -> None:
    """Forget audit lines of before."""
    connection.execute(delete(audit).where(audit.c.at < before))


def _own(connection: Connection, owner: str, identity: str) -> Any:
    row = connection.execute(
        select(uploads).where(uploads.c.id == identity, uploads.c.owner == owner)
    ).first()
    if row is None:
        raise Problem(404, "there is no such upload")
    return row


def _shown(row: Any) -> dict[str, Any]:
    summary: dict[str, Any] = msgspec.json.decode(row.summary)
    return {
        "id": row.id,
        "name": row.name,
        "bytes": row.bytes,
        "sha256": row.sha256,
        "created": row.created,
        **summary,
    }
