"""Files of data: upload, preview, delete.

A file is stored under a name that the server makes, outside of anything that is served, and is
read in a worker process that has limits of memory and time. What its user calls it is a text.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from pathlib import Path as FilePath
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, File, Path, Request, UploadFile
from sqlalchemy import Connection

from havoc.errors import HavocError
from havoc.files import sync_directory
from havoc.serve.leaving import unless_left
from havoc.serve.problems import Problem, problem_of
from havoc.serve.services import (
    Services,
    StrictRoute,
    caller_of,
    remove_files,
    services_of,
)
from havoc.serve.storage import uploads
from havoc.serve.storage.sessions import new_identity
from havoc.text import printable

router = APIRouter(prefix="/data", route_class=StrictRoute, tags=["data"])
SUFFIXES = (
    ".csv",
    ".tsv",
    ".tab",
    ".txt",
    ".json",
    ".jsonl",
    ".ndjson",
    ".xlsx",
    ".xls",
    ".parquet",
)
NAME_LIMIT = 120
CHUNK = 1 << 20
Identity = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]
Json = dict[str, Any]


@router.post("", status_code=201)
async def upload(request: Request, file: Annotated[UploadFile, File()]) -> Json:
    """Take a file (CSV, TSV, XLSX, XLS, Parquet, JSON) and say what was read from it."""
    services, owner = services_of(request), caller_of(request).owner
    count = await services.database.ask(lambda connection: uploads.count_uploads(connection, owner))
    if count >= services.settings.uploads_per_owner:
        raise Problem(409, f"there are {count} uploads already", remedy="delete some")
    identity = new_identity()
    shown = printable(file.filename or "", NAME_LIMIT) or "data"
    suffix = FilePath(file.filename or "").suffix.casefold()  # which ``shown`` may have lost
    name = identity + (suffix if suffix in SUFFIXES else ".dat")
    kept = False
    try:
        size, digest = await asyncio.to_thread(_store, file, services.uploads / name)
        if size > services.settings.upload_bytes:
            raise Problem(413, f"the file has more than {services.settings.upload_bytes:,} bytes")
        summary = await unless_left(request, _read(services, name, shown))
        row = {
            "id": identity,
            "owner": owner,
            "name": shown,
            "file": name,
            "bytes": size,
            "sha256": digest,
        }

        def keep(connection: Connection) -> Json:
            uploads.add_upload(connection, row, summary)
            return uploads.read_upload(connection, owner, identity)

        body = await services.database.ask(keep)
        kept = True
    finally:
        if not kept:
            await asyncio.to_thread(remove_files, services.uploads, [name])
    await services.audit(request, "upload", identity)
    return body


@router.get("")
async def listed(request: Request) -> list[Json]:
    """One's own uploads."""
    owner = caller_of(request).owner
    return await services_of(request).database.ask(
        lambda connection: uploads.list_uploads(connection, owner)
    )


@router.get("/{identity}")
async def preview(identity: Identity, request: Request) -> Json:
    """What an upload holds, with its first rows."""
    owner = caller_of(request).owner
    return await services_of(request).database.ask(
        lambda connection: uploads.read_upload(connection, owner, identity)
    )


@router.delete("/{identity}", status_code=204)
async def delete(identity: Identity, request: Request) -> None:
    """Delete an upload."""
    services, owner = services_of(request), caller_of(request).owner
    name = await services.database.ask(
        lambda connection: uploads.delete_upload(connection, owner, identity)
    )
    await asyncio.to_thread(remove_files, services.uploads, [name])
    await services.audit(request, "delete upload", identity)


async def _read(services: Services, name: str, shown: str) -> Json:
    task = {"task": "read", "path": str(services.uploads / name), "name": shown}
    try:
        body = await services.compute(task, seconds=services.settings.reading_seconds)
    except HavocError as error:
        raise problem_of(error) from None
    summary: Json = msgspec.json.decode(body)
    return summary


def _store(file: UploadFile, path: FilePath) -> tuple[int, str]:
    """Copy an upload to its place, to the disk. Problem 507 where there is no room."""
    digest, size = hashlib.sha256(), 0
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as target:
            while chunk := file.file.read(CHUNK):
                digest.update(chunk)
                size += len(chunk)
                target.write(chunk)
            target.flush()
            os.fsync(target.fileno())
        sync_directory(path.parent)
    except OSError as error:
        raise Problem(
            507,
            f"the file cannot be kept ({error.strerror})",
            kind="no-space",
            remedy="free space on the server's disk; nothing was changed",
        ) from None
    return size, digest.hexdigest()
