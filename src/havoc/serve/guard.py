"""What every request passes before any handler, and every response after: the one way in.

Name, origin, key, scope, rate, size and time of the body; then security headers, a request id,
a log line and metrics. An error that nobody expected ends here, without a word of its text.
"""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from havoc.errors import HavocError
from havoc.serve.access import PROBES, Access, is_public, scopes_of
from havoc.serve.keys import EVERYONE, Caller
from havoc.serve.leaving import ClientLeft
from havoc.serve.logs import places_of, tell
from havoc.serve.metrics import Metrics
from havoc.serve.problems import Problem, body_of, problem_of
from havoc.serve.settings import ServeSettings

if TYPE_CHECKING:
    from opentelemetry.trace import Tracer

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
LEAST_BYTES_A_SECOND = 50_000
UPLOADS = "/data"
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
SECURITY_HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cache-Control": "no-store",
}
PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, POST, PATCH, DELETE",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Last-Event-ID, X-Request-ID",
    "Access-Control-Max-Age": "600",
}


@dataclass(slots=True)
class Exchange:
    """One request on its way through the server."""

    scope: Scope
    send: Send
    headers: Headers
    identity: str
    origin: str | None = None
    caller: Caller = EVERYONE
    status: int = 0
    refused: Problem | None = None
    left: bool = False
    started: float = field(default_factory=time.perf_counter)

    @property
    def path(self) -> str:
        return str(self.scope["path"])

    @property
    def route(self) -> str:
        """The pattern of the route, which has no text of the client's."""
        return getattr(self.scope.get("route"), "path", "none")

    async def tell(self, message: Message) -> None:
        """Send a message of the response, its head with what every response has."""
        if message["type"] == "http.response.start":
            if self.refused is not None:
                raise self.refused
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            for name, value in SECURITY_HEADERS.items():
                headers.setdefault(name, value)
            headers["X-Request-ID"] = self.identity
            if self.origin is not None:
                headers["Access-Control-Allow-Origin"] = self.origin
                headers["Access-Control-Expose-Headers"] = "X-Request-ID, Retry-After"
            headers.append("Vary", "Origin")
        await self.send(message)

    async def answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        """A whole response."""
        raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]
        raw.append((b"content-length", str(len(body)).encode()))
        await self.tell({"type": "http.response.start", "status": status, "headers": raw})
        await self.tell({"type": "http.response.body", "body": body})


class Guard:
    """The middleware."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        settings: ServeSettings,
        access: Access,
        metrics: Metrics,
        tracer: Tracer | None = None,
    ) -> None:
        self._app = app
        self._tracer = tracer
        self._settings = settings
        self._access = access
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1003})
            return
        headers = Headers(scope=scope)
        asked = headers.get("x-request-id", "")
        identity = asked if REQUEST_ID.fullmatch(asked) else secrets.token_hex(16)
        exchange = Exchange(scope, send, headers, identity)
        self._metrics.in_flight.inc()
        try:
            if self._tracer is None:
                await self._carried_out(exchange, receive)
            else:
                await self._traced(exchange, receive, self._tracer)
        finally:
            self._metrics.in_flight.dec()
            self._record(exchange)

    async def _traced(self, exchange: Exchange, receive: Receive, tracer: Tracer) -> None:
        with tracer.start_as_current_span("request", record_exception=False) as span:
            await self._carried_out(exchange, receive)
            span.update_name(f"{exchange.scope['method']} {exchange.route}")
            span.set_attribute("http.request.method", exchange.scope["method"])
            span.set_attribute("http.route", exchange.route)
            span.set_attribute("http.response.status_code", exchange.status)
            span.set_attribute("havoc.request", exchange.identity)

    async def _carried_out(self, exchange: Exchange, receive: Receive) -> None:
        try:
            await self._admitted(exchange, receive)
        except ClientLeft:
            exchange.left = True
        except (Problem, HavocError) as error:
            problem = error if isinstance(error, Problem) else problem_of(error)
            await self._refuse(exchange, problem)
        except (TimeoutError, ConnectionError):  # of a response that nobody reads
            exchange.left = True
        except Exception as error:
            if exchange.refused is not None:  # a framework made something else of it
                await self._refuse(exchange, exchange.refused)
                return
            fields = {"error": type(error).__name__, "places": places_of(error)}
            if self._settings.log_content:
                fields["message"] = str(error)
            tell(
                "unexpected error", level=logging.ERROR, request=exchange.identity,
                route=exchange.route, **fields,
            )  # fmt: skip
            await self._refuse(exchange, Problem(500, "the log has more", kind="internal"))

    async def _admitted(self, exchange: Exchange, receive: Receive) -> None:
        path, scope, access = exchange.path, exchange.scope, self._access
        if path not in PROBES:
            access.check_host(exchange.headers)
        exchange.origin = access.allowed_origin(exchange.headers)
        if scope["method"] == "OPTIONS" and "access-control-request-method" in exchange.headers:
            await exchange.answer(204, b"", PREFLIGHT if exchange.origin else {})
            return
        if not is_public(path):
            exchange.caller = await access.caller(scope, exchange.headers)
            needed = scopes_of(path)
            if not any(exchange.caller.may(name) for name in needed):
                raise Problem(
                    403,
                    f"the key is not for {' or '.join(needed)}",
                    kind="scope",
                    remedy="use a key that is",
                )
        state = scope.setdefault("state", {})
        state["caller"], state["request_id"] = exchange.caller, exchange.identity
        if path in PROBES:
            await self._app(scope, receive, exchange.tell)
            return
        await access.check_rate(exchange.caller, scope)
        with access.one_more(exchange.caller, scope):
            await self._app(scope, self._limited(exchange, receive), exchange.tell)

    def _limited(self, exchange: Exchange, receive: Receive) -> Receive:
        """``receive``, as long as the body keeps to its size and comes in time."""
        uploading = exchange.path == UPLOADS
        most = self._settings.upload_bytes + 10_000 if uploading else self._settings.body_bytes
        started = time.monotonic()
        read = 0
        complete = False

        async def limited() -> Message:
            nonlocal read, complete
            if complete:
                return await receive()
            announced = exchange.headers.get("content-length", "")
            if announced.isdigit() and int(announced[:18]) > most:
                raise self._refused(exchange, _too_large(most))
            left = started + self._settings.body_seconds + read / LEAST_BYTES_A_SECOND
            try:
                async with asyncio.timeout(left - time.monotonic()):
                    message = await receive()
            except TimeoutError:
                slow = Problem(408, "the body did not come in time")
                raise self._refused(exchange, slow) from None
            if message["type"] == "http.request":
                read += len(message.get("body", b""))
                if read > most:
                    raise self._refused(exchange, _too_large(most))
                complete = not message.get("more_body", False)
            return message

        return limited

    @staticmethod
    def _refused(exchange: Exchange, problem: Problem) -> Problem:
        """Remembered, because frameworks hide what is raised while they read a body."""
        problem.headers["Connection"] = "close"
        exchange.refused = problem
        return problem

    async def _refuse(self, exchange: Exchange, problem: Problem) -> None:
        exchange.refused = None
        if exchange.status:  # the response has begun: all that is left is to end it
            raise ConnectionAbortedError
        body, media_type = body_of(problem, exchange.path, exchange.identity)
        try:
            await exchange.answer(
                problem.status, body, {"Content-Type": media_type, **problem.headers}
            )
        except (TimeoutError, ConnectionError):
            exchange.left = True

    def _record(self, exchange: Exchange) -> None:
        seconds = time.perf_counter() - exchange.started
        status = 499 if exchange.left or not exchange.status else exchange.status
        method = exchange.scope["method"]
        known = method if method in ("GET", "POST", "PATCH", "DELETE", "HEAD", "OPTIONS") else "?"
        self._metrics.requests.labels(known, exchange.route, str(status)).inc()
        self._metrics.seconds.labels(exchange.route).observe(seconds)
        if exchange.left:
            self._metrics.cancelled.inc()
        if exchange.path in PROBES and status == 200:
            return
        client = exchange.scope.get("client")
        tell(
            "request", request=exchange.identity, method=known, route=exchange.route,
            status=status, ms=round(seconds * 1000, 1), owner=exchange.caller.owner,
            address=client[0] if client else "",
        )  # fmt: skip


def _too_large(most: int) -> Problem:
    return Problem(
        413,
        f"the body has more than {most:,} bytes",
        remedy="send less, or upload data as a file",
    )
