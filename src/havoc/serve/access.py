"""Who may do what: names, origins, keys, scopes, rates. What is not allowed here is denied."""

from __future__ import annotations

import ipaddress
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.aio.strategies import (
    MovingWindowRateLimiter,
    RateLimiter,
    SlidingWindowCounterRateLimiter,
)
from limits.errors import ConfigurationError, StorageError
from limits.storage import storage_from_string
from starlette.datastructures import Headers
from starlette.types import Scope

from havoc.errors import InputError
from havoc.serve.keys import EVERYONE, LOCAL, Caller, any_key, find_caller
from havoc.serve.problems import Problem
from havoc.serve.settings import ServeSettings
from havoc.serve.storage import Database

PUBLIC = frozenset({"/", "/health", "/health/ready", "/docs", "/redoc", "/openapi.json"})
"""Pages and probes that hold nothing of anybody."""
PUBLIC_FOLDER = "/assets/"
PROBES = frozenset({"/health", "/health/ready"})
"""Asked by machines under any name, and as often as they like."""
SCOPES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("/ask", ("ask",)),
    ("/v1", ("ask",)),
    ("/completion", ("ask",)),
    ("/generate", ("ask",)),
    ("/chat", ("ask",)),
    ("/sessions", ("ask",)),
    ("/data", ("ask", "tools")),
    ("/tools", ("tools",)),
    ("/dsl", ("tools",)),
    ("/kb", ("ask", "tools")),
    ("/schemas", ("ask", "tools")),
    ("/mcp", ("tools",)),
    ("/metrics", ("metrics",)),
)
"""What a key must be for; below any other path, ``admin``."""

KEPT_SECONDS = 2.0
"""How long a key that was found is believed: so long a revoked key may still work."""
MOST_KEPT = 10_000
RETRY = {"Retry-After": "10"}


def is_public(path: str) -> bool:
    """Whether a path may be asked without a key."""
    return path in PUBLIC or path.startswith(PUBLIC_FOLDER)


def scopes_of(path: str) -> tuple[str, ...]:
    """The scopes of which one is needed for a path."""
    for prefix, scopes in SCOPES:
        if path == prefix or path.startswith(prefix + "/"):
            return scopes
    return ("admin",)


class Access:
    """Decides about requests of one server."""

    def __init__(self, settings: ServeSettings, database: Database) -> None:
        """Raises InputError for a limits storage that there is not."""
        self._settings = settings
        self._database = database
        self._found: dict[str, tuple[float, Caller]] = {}
        self._keyless: tuple[float, bool] = (0.0, False)
        self._at_once: Counter[str] = Counter()
        self._requests = RateLimitItemPerMinute(settings.requests_per_minute)
        self._failures = RateLimitItemPerMinute(settings.failed_keys_per_minute)
        try:
            storage = storage_from_string(
                f"async+{settings.limits}", wrap_exceptions=True, **_options(settings.limits)
            )
            self._rates = SlidingWindowCounterRateLimiter(storage)
            self._failed = MovingWindowRateLimiter(storage)
        except (ConfigurationError, ValueError, TypeError) as error:
            raise InputError(
                f"cannot be used ({type(error).__name__})",
                where="limits",
                remedy="give memory:// or redis://host:port, with pip install 'havoc[redis]'",
            ) from None

    def check_host(self, headers: Headers) -> None:
        """Refuse a request to another name: a page that had a name rebound to this machine."""
        host = headers.get("host", "")
        name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
        if self._settings.loopback:
            known = {"localhost", self._settings.host, *self._settings.hosts}
            if name.lower() not in known and not _is_loopback(name):
                raise Problem(
                    421,
                    "the request is for another host",
                    kind="host",
                    remedy="name it under hosts if it is meant",
                )
        elif self._settings.hosts and name.lower() not in self._settings.hosts:
            raise Problem(421, "the request is for another host", kind="host")

    def allowed_origin(self, headers: Headers) -> str | None:
        """The origin that may read the response, None where the request names none.

        Problem 403 for a page of a foreign origin, whatever it asks for.
        """
        origin = headers.get("origin")
        if origin is None:
            return None
        host = headers.get("host", "")
        if origin in self._settings.origins or origin in (f"http://{host}", f"https://{host}"):
            return origin
        raise Problem(403, "pages of this origin may not call the server", kind="origin")

    async def caller(self, scope: Scope, headers: Headers) -> Caller:
        """Who asks. Problem 401 without a valid key where one is needed, 429 after many wrong."""
        given = _given_key(headers)
        if not await self._keys_demanded():
            return EVERYONE  # whatever was sent: OpenAI's clients cannot send nothing
        if given is None:
            raise _no_key("a key is needed")
        kept = self._found.get(given)
        if kept is not None and kept[0] > time.monotonic():
            return kept[1]
        caller = await self._database.ask(lambda connection: find_caller(connection, given))
        if caller is None:
            self._found.pop(given, None)
            # who has the right key is let in, however many wrong ones come from the same address
            if not await _counted(self._failed, self._failures, "failed", _address(scope)):
                raise Problem(
                    429,
                    "too many wrong keys came from this address",
                    kind="rate",
                    headers={"Retry-After": "60"},
                )
            raise _no_key("the key is wrong, over or revoked")
        if len(self._found) >= MOST_KEPT:
            self._found.clear()
        self._found[given] = (time.monotonic() + KEPT_SECONDS, caller)
        return caller

    async def check_rate(self, caller: Caller, scope: Scope) -> None:
        """Problem 429 where a key, or an address without one, asks too often."""
        if not await _counted(self._rates, self._requests, "requests", _who(caller, scope)):
            raise Problem(
                429,
                f"more than {self._settings.requests_per_minute} requests a minute",
                kind="rate",
                remedy="wait a little",
                headers=RETRY,
            )

    @contextmanager
    def one_more(self, caller: Caller, scope: Scope) -> Iterator[None]:
        """Count a request while it is under way. Problem 429 where there are too many at once."""
        who = _who(caller, scope)
        if self._at_once[who] >= self._settings.requests_at_once:
            raise Problem(
                429,
                f"more than {self._settings.requests_at_once} requests at once",
                kind="rate",
                remedy="wait until some have ended",
                headers={"Retry-After": "2"},
            )
        self._at_once[who] += 1
        try:
            yield
        finally:
            self._at_once[who] -= 1
            if not self._at_once[who]:
                del self._at_once[who]

    async def _keys_demanded(self) -> bool:
        """Beyond this machine always; on it, as soon as there is a key."""
        if self._settings.require_key or not self._settings.loopback:
            return True
        until, demanded = self._keyless
        if until < time.monotonic():
            demanded = await self._database.ask(any_key)
            self._keyless = (time.monotonic() + KEPT_SECONDS, demanded)
        return demanded


async def _counted(limiter: RateLimiter, limit: RateLimitItem, kind: str, who: str) -> bool:
    """Count one more; whether that is still allowed. Problem 503 where nothing can be counted."""
    try:
        return await limiter.hit(limit, kind, who)
    except StorageError:
        raise Problem(503, "the rates cannot be counted at the moment", kind="storage") from None


def _given_key(headers: Headers) -> str | None:
    authorization = headers.get("authorization")
    if authorization is not None:
        kind, _, key = authorization.partition(" ")
        return key.strip() if kind.lower() == "bearer" else ""
    return headers.get("x-api-key")


def _no_key(what: str) -> Problem:
    return Problem(
        401,
        what,
        kind="key",
        remedy="send Authorization: Bearer hvc_…; havoc keys create makes one",
        headers={"WWW-Authenticate": "Bearer"},
        code="invalid_api_key",
    )


def _address(scope: Scope) -> str:
    client = scope.get("client")
    return str(client[0]) if client else "unknown"


def _who(caller: Caller, scope: Scope) -> str:
    return _address(scope) if caller.owner == LOCAL else caller.owner


def _is_loopback(name: str) -> bool:
    try:
        return ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False


def _options(url: str) -> dict[str, str]:
    return {} if url.startswith("memory") else {"implementation": "redispy"}
