"""API keys: 256 random bits, of which only a digest is kept.

``hvc_<id>_<secret>``: the id finds the row, the secret is compared in constant time. A key has
that many bits that its digest needs neither salt nor a slow function.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time
from dataclasses import dataclass

from sqlalchemy import Connection, func, insert, select, update

from havoc.errors import InputError
from havoc.serve.storage.tables import keys
from havoc.serve.storage.uploads import record
from havoc.text import printable

SCOPES = ("ask", "tools", "metrics", "admin")
"""What a key may be for; ``admin`` may do everything."""
LOCAL = "local"
"""Who asks where no key is demanded."""
FORM = re.compile(r"hvc_([0-9a-f]{16})_([A-Za-z0-9_-]{43})")
_NOTHING = hashlib.sha256(b"").hexdigest()


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent a request, and what that key may do."""

    owner: str
    scopes: frozenset[str]

    def may(self, scope: str) -> bool:
        return scope in self.scopes or "admin" in self.scopes


EVERYONE = Caller(LOCAL, frozenset(SCOPES))
"""The caller on a server that demands no key."""


def create_key(
    connection: Connection, name: str, scopes: tuple[str, ...], days: float = 0
) -> tuple[str, str]:
    """A new key: its id, and the text that is shown once. ``days`` until it ends (0: never)."""
    wrong = [scope for scope in scopes if scope not in SCOPES]
    if wrong or not scopes:
        raise InputError(
            f"there is no scope {wrong[0]!r}" if wrong else "no scope was given",
            where="scopes",
            remedy=f"use {', '.join(SCOPES)}",
        )
    if days < 0 or days > 36_500:
        raise InputError(f"is {days:g}", where="days", remedy="give 0 to 36500")
    shown = printable(name, 120)
    if not shown:
        raise InputError("is empty", where="name", remedy="say whose key it is")
    identity, secret = secrets.token_hex(8), secrets.token_urlsafe(32)
    now = time.time()
    connection.execute(
        insert(keys).values(
            id=identity,
            name=shown,
            digest=_digest(secret),
            scopes=" ".join(sorted(set(scopes))),
            created=now,
            expires=now + days * 86_400 if days else None,
        )
    )
    record(connection, LOCAL, "create key", identity, "")
    return identity, f"hvc_{identity}_{secret}"


def list_keys(connection: Connection) -> list[dict[str, object]]:
    """Every key, without its secret, the newest first."""
    columns = (keys.c.id, keys.c.name, keys.c.scopes, keys.c.created, keys.c.expires)
    rows = connection.execute(select(*columns, keys.c.revoked).order_by(keys.c.created.desc()))
    return [dict(row._mapping) for row in rows]


def revoke_key(connection: Connection, identity: str) -> None:
    """End a key. InputError where there is none of that id that is still valid."""
    changed = connection.execute(
        update(keys)
        .where(keys.c.id == identity, keys.c.revoked.is_(None))
        .values(revoked=time.time())
    )
    if changed.rowcount == 0:
        raise InputError(
            f"there is no key {printable(identity, 40)!r} that is valid",
            where="keys revoke",
            remedy="see havoc keys list",
        )
    record(connection, LOCAL, "revoke key", identity, "")


def find_caller(connection: Connection, key: str) -> Caller | None:
    """Who holds ``key``; None where it is wrong, over or revoked."""
    parts = FORM.fullmatch(key)
    row = None
    if parts is not None:
        row = connection.execute(
            select(keys.c.id, keys.c.digest, keys.c.scopes, keys.c.expires).where(
                keys.c.id == parts[1], keys.c.revoked.is_(None)
            )
        ).first()
    # compared in any case, so that the time does not tell whether the id exists
    same = hmac.compare_digest(row.digest if row else _NOTHING, _digest(parts[2] if parts else key))
    if row is None or not same or (row.expires is not None and row.expires < time.time()):
        return None
    return Caller(row.id, frozenset(row.scopes.split()))


def any_key(connection: Connection) -> bool:
    """Whether a key was ever made that is not revoked."""
    count = connection.execute(
        select(func.count()).select_from(keys).where(keys.c.revoked.is_(None))
    ).scalar_one()
    return count > 0


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
