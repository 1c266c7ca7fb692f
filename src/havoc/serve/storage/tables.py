"""The tables, and the numbered steps that bring an older database to them.

Times are seconds since the epoch, JSON is text. A step is never changed once it was released:
what comes later is a step of its own.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)

metadata = MetaData()

version = Table("schema_version", metadata, Column("number", Integer, nullable=False))

keys = Table(
    "api_keys",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("name", String(120), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("scopes", String(120), nullable=False),
    Column("created", Float, nullable=False),
    Column("expires", Float),
    Column("revoked", Float),
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("owner", String(16), nullable=False),
    Column("title", String(200), nullable=False),
    Column("created", Float, nullable=False),
    Column("updated", Float, nullable=False),
    Index("sessions_by_owner", "owner", "updated"),
)

messages = Table(
    "messages",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column(
        "session",
        String(32),
        ForeignKey("sessions.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("role", String(16), nullable=False),
    Column("content", Text, nullable=False),
    Column("created", Float, nullable=False),
)

uploads = Table(
    "uploads",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("owner", String(16), nullable=False, index=True),
    Column("name", String(200), nullable=False),
    Column("file", String(64), nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("summary", Text, nullable=False),
    Column("created", Float, nullable=False),
)

audit = Table(
    "audit_log",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("at", Float, nullable=False, index=True),
    Column("owner", String(16), nullable=False),
    Column("action", String(40), nullable=False),
    Column("object", String(64), nullable=False),
    Column("request", String(64), nullable=False),
)


def _as_released(connection: Connection) -> None:
    metadata.create_all(connection, tables=[keys, sessions, messages, uploads, audit])


STEPS: tuple[Callable[[Connection], None], ...] = (_as_released,)
