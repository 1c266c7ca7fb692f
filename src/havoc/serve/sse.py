"""Server-sent events (WHATWG HTML, 9.2): written, kept alive, and given up with their client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from havoc.serve.leaving import left

DONE = "[DONE]"
HEADERS = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",
}


def event(data: str, *, name: str = "", identity: str = "") -> bytes:
    """One event. A line break in ``data`` becomes a further data line, as the standard has it."""
    lines = []
    if name:
        lines.append(f"event: {name}")
    if identity:
        lines.append(f"id: {identity}")
    # CR, LF and CRLF end a line; other line separators do not
    lines += [
        f"data: {line}" for line in data.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    ]
    return ("\n".join(lines) + "\n\n").encode("utf-8", "replace")


def comment(text: str = "") -> bytes:
    """A line that clients pass over; it keeps proxies from closing a quiet connection."""
    return f": {text}\n\n".encode()


class EventStream(Response):
    """Sends what ``source`` yields. When the client leaves, ``source`` is closed at once.

    A client that does not read for ``write_seconds`` is taken to have left.
    """

    def __init__(
        self,
        source: AsyncGenerator[bytes, None],
        *,
        heartbeat: float,
        write_seconds: float,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(status_code=200, headers={**HEADERS, **(headers or {})})
        del self.headers["content-length"]
        self._source = source
        self._heartbeat = heartbeat
        self._write_seconds = write_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        writing = asyncio.ensure_future(self._write(send))
        leaving = asyncio.ensure_future(left(receive))
        try:
            await asyncio.wait({writing, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (writing, leaving):
                task.cancel()
            with suppress(asyncio.CancelledError, TimeoutError, ConnectionError):
                await asyncio.gather(writing, leaving)
            await self._source.aclose()

    async def _write(self, send: Send) -> None:
        start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        await self._send(send, start)
        following: asyncio.Future[bytes] | None = None
        try:
            while True:
                if following is None:
                    following = asyncio.ensure_future(anext(self._source))
                done, _ = await asyncio.wait({following}, timeout=self._heartbeat)
                if not done:
                    await self._body(send, comment("still working"))
                    continue
                try:
                    chunk = following.result()
                except StopAsyncIteration:
                    await self._send(send, {"type": "http.response.body", "body": b""})
                    return
                following = None
                await self._body(send, chunk)
        finally:
            if following is not None and not following.done():
                following.cancel()
                with suppress(asyncio.CancelledError, StopAsyncIteration):
                    await following

    async def _body(self, send: Send, chunk: bytes) -> None:
        await self._send(send, {"type": "http.response.body", "body": chunk, "more_body": True})

    async def _send(self, send: Send, message: dict[str, object]) -> None:
        async with asyncio.timeout(self._write_seconds):
            await send(message)
