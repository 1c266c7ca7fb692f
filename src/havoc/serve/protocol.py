"""HTTP as uvicorn reads it, and clients that take their time: they lose their connection.

uvicorn waits for a request without end and counts no connections by address; both are what a
slow-loris or a flood of idle connections lives on.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any, ClassVar

from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol

from havoc.serve.settings import ServeSettings


def guarded_protocol(settings: ServeSettings) -> type[asyncio.Protocol]:
    """The protocol class for one server."""

    class Guarded(H11Protocol):
        by_address: ClassVar[Counter[str]] = Counter()

        def __init__(self, config: Config, *arguments: Any, **named: Any) -> None:
            super().__init__(config, *arguments, **named)
            self._deadline: asyncio.TimerHandle | None = None
            self._address = ""

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            address = transport.get_extra_info("peername")
            self._address = str(address[0]) if isinstance(address, tuple) else "local"
            self.by_address[self._address] += 1
            super().connection_made(transport)
            if (
                self.by_address[self._address] > settings.connections_per_address
                or len(self.connections) > settings.connections
            ):
                transport.abort()
                return
            self._wait_for_request()

        def connection_lost(self, exc: Exception | None) -> None:
            self._request_came()
            self.by_address[self._address] -= 1
            if not self.by_address[self._address]:
                del self.by_address[self._address]
            super().connection_lost(exc)

        def handle_events(self) -> None:
            before = self.cycle
            super().handle_events()
            if self.cycle is not before:
                self._request_came()
            elif self._deadline is None and (before is None or before.response_complete):
                # part of a following request
                self._wait_for_request()

        def on_response_complete(self) -> None:
            before = self.cycle
            super().on_response_complete()
            if self.cycle is before and not self.transport.is_closing():
                self._wait_for_request()

        def _wait_for_request(self) -> None:
            self._request_came()
            self._deadline = self.loop.call_later(settings.header_seconds, self._too_slow)

        def _request_came(self) -> None:
            if self._deadline is not None:
                self._deadline.cancel()
                self._deadline = None

        def _too_slow(self) -> None:
            self._deadline = None
            if not self.transport.is_closing():
                self.transport.close()

    return Guarded
