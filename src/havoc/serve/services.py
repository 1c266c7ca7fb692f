"""What the handlers share: settings, storage, workers, the network, running questions."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from fastapi import Request
from fastapi.routing import APIRoute
from sqlalchemy import Connection
from starlette.responses import Response

from havoc.serve.keys import Caller
from havoc.serve.logs import tell
from havoc.serve.metrics import Metrics
from havoc.serve.network import Network
from havoc.serve.problems import Problem
from havoc.serve.questions import Questions
from havoc.serve.settings import ServeSettings
from havoc.serve.storage import Database, sessions, uploads
from havoc.serve.workers import Defect, OnEvent, WorkerPool

T = TypeVar("T")
HOUSEKEEPING_SECONDS = 600
DAY = 86_400
ORPHAN_SECONDS = 3_600


class Services:
    """One server's parts. Made before the event loop runs, started and closed within it."""

    def __init__(
        self, settings: ServeSettings, database: Database, network: Network | None
    ) -> None:
        self.settings = settings
        self.database = database
        self.network = network
        self.metrics = Metrics()
        self.workers = WorkerPool(settings)
        self.started = time.time()
        self.draining = False
        self.uploads = settings.folder / "uploads"
        self.questions = Questions()
        self._housekeeping: asyncio.Task[None] | None = None
        self._tools: bytes = b""
        self._tools_lock = asyncio.Lock()
        watch = self.metrics.watch
        watch("havoc_questions_running", "In worker processes", lambda: self.workers.running)
        watch("havoc_questions_waiting", "For a worker process", lambda: self.workers.waiting)
        if network is not None:
            watch("havoc_generations_running", "In the engine", lambda: network.running)

    def start(self) -> None:
        """Begin to work on the running event loop."""
        self.uploads.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.workers.start()
        if self.network is not None:
            self.network.start(self.metrics.generated)
        self._housekeeping = asyncio.create_task(self._keep_house())

    async def close(self) -> None:
        """End what runs, after the requests have ended."""
        if self._housekeeping is not None:
            self._housekeeping.cancel()
            with suppress(asyncio.CancelledError):
                await self._housekeeping
        await self.questions.close()
        await self.workers.close()
        if self.network is not None:
            await asyncio.to_thread(self.network.close)
        await asyncio.to_thread(self.database.close)

    async def compute(
        self, task: dict[str, Any], *, seconds: float = 0, on_event: OnEvent | None = None
    ) -> bytes:
        """The JSON of what a worker makes of a task; see ``WorkerPool.run``."""
        try:
            return await self.workers.run(
                task, seconds=seconds or self.settings.question_seconds, on_event=on_event
            )
        except Defect as defect:
            fields = dict(defect.details)
            if not self.settings.log_content:
                fields.pop("message", None)
            tell("a worker met a defect", level=logging.ERROR, task=task["task"], **fields)
            raise Problem(
                500, "the analyst met a defect; the log has more", kind="internal"
            ) from None

    async def tools(self) -> bytes:
        """The JSON of every tool with its schema, made once."""
        async with self._tools_lock:
            if not self._tools:
                self._tools = await self.compute({"task": "tools"})
        return self._tools

    def raw_network(self) -> Network:
        """The network. Problem 503 where none is loaded."""
        if self.network is None:
            raise Problem(
                503,
                "no network is loaded",
                kind="no-network",
                remedy="start the server with --bundle FOLDER; /ask and the model havoc work "
                "without one",
            )
        return self.network

    async def files(self, owner: str, identities: list[str]) -> list[dict[str, str]]:
        """Where the owner's uploads lie. Problem 404 for one that is not there."""

        def find(connection: Connection) -> list[dict[str, str]]:
            return [
                uploads.stored_file(connection, owner, identity, self.uploads)
                for identity in identities
            ]

        return await self.database.ask(find) if identities else []

    async def audit(self, request: Request, action: str, what: str) -> None:
        """Record who did what."""
        owner, identity = caller_of(request).owner, request.state.request_id
        await self.database.ask(
            lambda connection: uploads.record(connection, owner, action, what, identity)
        )

    async def _keep_house(self) -> None:
        """Delete what is older than it is to be kept."""
        while True:
            try:
                files = await self.database.ask(self._drop_old)
                await asyncio.to_thread(remove_files, self.uploads, files)
            except (Problem, OSError) as error:
                tell("old data could not be deleted", level=logging.WARNING,
                     error=type(error).__name__)  # fmt: skip
            await asyncio.sleep(HOUSEKEEPING_SECONDS)

    def _drop_old(self, connection: Connection) -> list[str]:
        now, settings = time.time(), self.settings
        files: list[str] = []
        if settings.keep_sessions_days:
            sessions.drop_older(connection, now - settings.keep_sessions_days * DAY)
        if settings.keep_uploads_days:
            files = uploads.drop_older(connection, now - settings.keep_uploads_days * DAY)
        if settings.keep_audit_days:
            uploads.drop_older_audit(connection, now - settings.keep_audit_days * DAY)
        uploads.remove_orphans(connection, self.uploads, now - ORPHAN_SECONDS)
        return files


def remove_files(folder: Path, names: list[str]) -> None:
    """Remove stored files; one that is gone already is no error."""
    for name in names:
        (folder / name).unlink(missing_ok=True)


def services_of(request: Request) -> Services:
    """The parts of the server that got a request."""
    services: Services = request.app.state.services
    return services


def caller_of(request: Request) -> Caller:
    """Who sent a request; the guard has found out."""
    caller: Caller = request.state.caller
    return caller


class StrictRequest(Request):
    """A request whose JSON is what the standard says: UTF-8, no NaN, whole characters."""

    async def json(self) -> Any:
        body = await self.body()
        try:
            return msgspec.json.decode(body)
        except RecursionError:
            raise json.JSONDecodeError("is nested too deeply", "", 0) from None
        except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
            said = "is no UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)
            raise json.JSONDecodeError(said, "", 0) from None


class StrictRoute(APIRoute):
    """A route whose handler gets such requests."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler = super().get_route_handler()

        async def strict(request: Request) -> Response:
            return await handler(StrictRequest(request.scope, request.receive, request._send))

        return strict
