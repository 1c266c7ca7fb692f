"""Server-sent events (WHATWG HTML, 9.2): written, kept alive, and given up with their client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import msgspec
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


def json_event(body: Any, *, name: str = "") -> bytes:
    """An object as one event. Encoded JSON has no line breaks, so that it is one data line."""
    head = f"event: {name}\ndata: ".encode() if name else b"data: "
    return head + msgspec.json.encode(body) + b"\n\n"


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
        self._last = 0.0  # when the last message was begun to be sent
        self._sending = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        tasks = [
            asyncio.ensure_future(work)
            for work in (self._write(send), left(receive), self._watch(send))
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
            await self._source.aclose()
        for error in ended:
            if isinstance(error, Exception) and not isinstance(error, ConnectionError):
                raise error

    async def _write(self, send: Send) -> None:
        start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        await self._sent(send, start)
        async for chunk in self._source:
            await self._sent(send, {"type": "http.response.body", "body": chunk, "more_body": True})
        await self._sent(send, {"type": "http.response.body", "body": b""})

    async def _watch(self, send: Send) -> None:
        """Keep a quiet stream alive. Returns when the client does not read."""
        clock = asyncio.get_running_loop().time
        while True:
            await asyncio.sleep(min(self._heartbeat, self._write_seconds) / 2)
            quiet = clock() - self._last
            if self._sending:
                if quiet > self._write_seconds:
                    return
            elif self._last and quiet >= self._heartbeat:
                ping = {"type": "http.response.body", "body": comment("working"), "more_body": True}
                await self._sent(send, ping)

    async def _sent(self, send: Send, message: dict[str, object]) -> None:
        self._last = asyncio.get_running_loop().time()
        self._sending = True
        await send(message)
        self._sending = False
