"""The database: opened, brought up to date, and asked from an event loop without blocking it.

What was acknowledged is on the disk: SQLite runs in WAL mode with full synchronisation.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import (
    Connection,
    Engine,
    create_engine,
    event,
    func,
    insert,
    inspect,
    make_url,
    select,
    text,
    update,
)
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError, SQLAlchemyError

from havoc.errors import InputError
from havoc.serve.problems import Problem
from havoc.serve.storage import tables

T = TypeVar("T")
BUSY_MS = 10_000
_FULL = ("disk is full", "disk full", "No space left", "disk I/O error", "could not extend file")
_MIGRATION_LOCK = 0x6861766F63  # any number, the same in every replica


class Database:
    """Runs short transactions in threads of its own: one for SQLite, several for PostgreSQL."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        sqlite = engine.dialect.name == "sqlite"
        self._threads = ThreadPoolExecutor(1 if sqlite else 8, thread_name_prefix="database")

    def run(self, work: Callable[[Connection], T]) -> T:
        """``work`` within one transaction. Problem 507 where the disk is full, 503 otherwise."""
        try:
            with self.engine.begin() as connection:
                return work(connection)
        except OperationalError as error:
            said = str(error.orig)
            if any(words in said for words in _FULL):
                raise Problem(
                    507,
                    "there is no space left to keep this",
                    kind="no-space",
                    remedy="free space on the server's disk; nothing was changed",
                ) from None
            raise _unusable() from None
        except DBAPIError:
            raise _unusable() from None

    async def ask(self, work: Callable[[Connection], T]) -> T:
        """``run`` in a thread. A transaction that has begun ends, also where nobody waits."""
        loop = asyncio.get_running_loop()
        return await asyncio.shield(loop.run_in_executor(self._threads, self.run, work))

    def close(self) -> None:
        """After what is under way."""
        self._threads.shutdown(wait=True)
        self.engine.dispose()


def open_database(url: str) -> Database:
    """The database at ``url``, created or brought up to date.

    Raises InputError where it cannot be reached, is damaged, or belongs to a newer version.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise InputError(
            "is no database URL",
            where="database",
            remedy="write sqlite:////path/havoc.db or postgresql://user:password@host/name",
        ) from None
    shown = parsed.render_as_string(hide_password=True)
    try:
        if parsed.get_backend_name() == "sqlite":
            engine = _sqlite(parsed, Path(parsed.database or ""))
        else:
            engine = create_engine(parsed, pool_pre_ping=True, pool_size=8, hide_parameters=True)
        with engine.connect() as connection:
            _bring_up_to_date(connection, shown)
    except ModuleNotFoundError as error:
        raise InputError(
            f"the driver {error.name} is not installed",
            where="database",
            remedy="pip install 'havoc[postgresql]'",
        ) from None
    except (SQLAlchemyError, OSError) as error:
        said = str(getattr(error, "orig", None) or getattr(error, "strerror", None) or "refused")
        raise InputError(
            f"cannot be used ({said.strip().splitlines()[0][:200]})",
            where=shown,
            remedy="check that it is there, may be written and is not damaged",
        ) from None
    return Database(engine)


def _sqlite(url: Any, path: Path) -> Engine:
    if not path.name:
        raise InputError("names no file", where="database", remedy="write sqlite:////path/havoc.db")
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        path.touch(mode=0o600)  # questions and data are the user's alone
    engine = create_engine(url, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def _(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "secure_delete=ON",  # what is deleted is overwritten
            f"busy_timeout={BUSY_MS}",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _(connection: Connection) -> None:
        # at once for writing, so that no transaction fails halfway for want of the lock
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _bring_up_to_date(connection: Connection, shown: str) -> None:
    with connection.begin():
        if connection.dialect.name == "postgresql":  # replicas that start together take turns
            connection.execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": _MIGRATION_LOCK})
        if not inspect(connection).has_table("schema_version"):
            tables.version.create(connection)
        done = connection.execute(select(func.max(tables.version.c.number))).scalar()
        if done is None:
            connection.execute(insert(tables.version).values(number=0))
            done = 0
        if done > len(tables.STEPS):
            raise InputError(
                f"is of a newer version of havoc (schema {done}, this one knows "
                f"{len(tables.STEPS)})",
                where=shown,
                remedy="use that version, or another database",
            )
        for number, step in enumerate(tables.STEPS[done:], start=done + 1):
            step(connection)
            connection.execute(update(tables.version).values(number=number))


def _unusable() -> Problem:
    return Problem(503, "the database cannot be used at the moment", kind="storage")
