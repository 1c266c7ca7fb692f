"""MCP over HTTP, by the official SDK. Its import takes long and happens beside the first requests.

Hosts, origins, keys and limits are the guard's, as for every other route.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from starlette.types import Receive, Scope, Send

from havoc.serve.problems import Problem
from havoc.serve.services import Services

if TYPE_CHECKING:
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager


class McpOverHttp:
    """The ASGI application behind /mcp. Every request stands alone, so any replica may take it."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._manager: StreamableHTTPSessionManager | None = None
        self._ready = asyncio.Event()
        self._over = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] != "POST":  # there are no sessions, so nothing to listen to or to end
            raise Problem(
                405,
                f"{scope['method']} is not taken here; use POST, as MCP clients do",
                headers={"Allow": "POST"},
            )
        await self._ready.wait()
        assert self._manager is not None
        await self._manager.asgi_app(scope, receive, send)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Take requests within the block."""
        task = asyncio.create_task(self._run())
        try:
            yield
        finally:
            self._over.set()
            if not self._ready.is_set():
                task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _run(self) -> None:
        manager = await asyncio.to_thread(self._made)
        async with manager.run():
            self._manager = manager
            self._ready.set()
            await self._over.wait()

    def _made(self) -> StreamableHTTPSessionManager:
        from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

        from havoc.serve.mcp_server import make_mcp_server

        return StreamableHTTPSessionManager(
            make_mcp_server(self._services.compute, self._services.tools),
            stateless=True,
            max_request_body_size=self._services.settings.body_bytes,
        )
