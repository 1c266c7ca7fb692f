"""The same storage on SQLite and on PostgreSQL; limits shared through Redis."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from live_server import QUESTION, running
from sqlalchemy import insert, inspect, select

from havoc.serve import keys
from havoc.serve.problems import Problem
from havoc.serve.storage import Database, open_database, sessions, uploads
from havoc.serve.storage.tables import STEPS, audit, messages


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL of its own; skipped where none is installed."""
    initdb, postgres = shutil.which("initdb"), shutil.which("postgres")
    if initdb is None or postgres is None:
        pytest.skip("PostgreSQL is not installed")
    folder = tmp_path_factory.mktemp("postgresql")
    user = None
    if os.geteuid() == 0:  # it refuses to run as root
        import pwd

        try:
            user = pwd.getpwnam("postgres").pw_name
        except KeyError:
            pytest.skip("there is no user postgres")
        shutil.chown(folder, user)
        for parent in folder.parents:
            if parent == Path("/tmp"):
                break
            parent.chmod(parent.stat().st_mode | 0o011)
    data, port = folder / "data", free_port()
    subprocess.run(
        [initdb, "-D", str(data), "-A", "trust", "-U", "havoc"],
        check=True, capture_output=True, user=user, cwd="/",
    )  # fmt: skip
    server = subprocess.Popen(
        [postgres, "-D", str(data), "-p", str(port), "-k", str(folder), "-F",
         "-c", "listen_addresses=127.0.0.1"],
        stderr=subprocess.DEVNULL, user=user, cwd="/",
    )  # fmt: skip
    url = f"postgresql://havoc@127.0.0.1:{port}/postgres"
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=5).close()
                open_database(url.replace("postgresql://", "postgresql+psycopg://")).close()
                break
            except Exception:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)
        yield url
    finally:
        server.terminate()
        server.wait(30)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'havoc.db'}"
    else:
        url = request.getfixturevalue("postgresql").replace("postgresql", "postgresql+psycopg", 1)
    opened = open_database(url)
    yield opened
    opened.close()


def test_sessions_are_kept_searched_and_deleted(database: Database) -> None:
    run = database.run
    made = run(lambda c: sessions.create_session(c, "a", "Bore \N{GREEK SMALL LETTER SIGMA}"))
    answer = {"answer": "µ = 1", "tool_calls": [{"operation": "describe"}], "nul": "\0"}
    run(lambda c: sessions.add_exchange(c, "a", made["id"], "what? \0 100%", answer))
    kept = run(lambda c: sessions.read_session(c, "a", made["id"]))
    assert [m["content"] for m in kept["messages"]] == ["what? \0 100%", answer]
    assert run(lambda c: sessions.last_turn(c, "a", made["id"])) == {
        "question": "what? \0 100%",
        "op": "describe",
    }

    def found(owner: str, search: str) -> int:
        return len(
            run(lambda c: sessions.list_sessions(c, owner, limit=9, offset=0, search=search))
        )

    assert [found("a", s) for s in ("BORE", "100%", "1_0%", "µ = 1", "zz")] == [1, 1, 0, 1, 0]
    assert found("b", "") == 0
    with pytest.raises(Problem):
        run(lambda c: sessions.read_session(c, "b", made["id"]))
    run(lambda c: sessions.delete_session(c, "a", made["id"]))
    assert found("a", "") == 0


def test_what_is_too_old_is_dropped(database: Database) -> None:
    made = database.run(lambda c: sessions.create_session(c, "old", "x"))
    database.run(lambda c: sessions.add_exchange(c, "old", made["id"], "q", {}))
    assert database.run(lambda c: sessions.drop_older(c, time.time() - 60)) == 0
    assert database.run(lambda c: sessions.drop_older(c, time.time() + 60)) >= 1
    with pytest.raises(Problem):
        database.run(lambda c: sessions.read_session(c, "old", made["id"]))


def test_a_transaction_that_fails_leaves_nothing(database: Database) -> None:
    made = database.run(lambda c: sessions.create_session(c, "t", "x"))

    def half(connection: object) -> None:
        sessions.add_exchange(connection, "t", made["id"], "q", {})  # type: ignore[arg-type]
        raise RuntimeError

    with pytest.raises(RuntimeError):
        database.run(half)
    assert database.run(lambda c: sessions.read_session(c, "t", made["id"]))["messages"] == []


def test_a_message_without_its_session_is_refused(database: Database) -> None:
    row = {"session": "f" * 32, "role": "user", "content": "1", "created": 0.0}
    with pytest.raises(Problem):
        database.run(lambda c: c.execute(insert(messages).values(**row)))


def test_keys_are_found_ended_and_listed(database: Database) -> None:
    identity, key = database.run(lambda c: keys.create_key(c, "line 3", ("ask", "tools")))
    caller = database.run(lambda c: keys.find_caller(c, key))
    assert caller is not None and caller.may("ask") and not caller.may("admin")
    assert database.run(lambda c: keys.find_caller(c, key[:-1])) is None
    assert identity in [row["id"] for row in database.run(keys.list_keys)]
    database.run(lambda c: keys.revoke_key(c, identity))
    assert database.run(lambda c: keys.find_caller(c, key)) is None
    done = select(audit.c.action).where(audit.c.object == identity).order_by(audit.c.id)
    assert list(database.run(lambda c: c.execute(done).scalars().all())) == [
        "create key",
        "revoke key",
    ]


def test_orphaned_files_are_removed(database: Database, tmp_path: Path) -> None:
    folder = tmp_path / "uploads"
    folder.mkdir()
    for name in ("kept.csv", "orphan.csv", "new.csv"):
        (folder / name).write_text("x")
    row = {"id": "1" * 32, "owner": "o", "name": "k", "file": "kept.csv", "bytes": 1, "sha256": ""}
    database.run(lambda c: uploads.add_upload(c, row, {}))
    os.utime(folder / "orphan.csv", (1, 1))
    os.utime(folder / "kept.csv", (1, 1))
    removed = database.run(lambda c: uploads.remove_orphans(c, folder, time.time() - 60))
    assert removed == 1 and {p.name for p in folder.iterdir()} == {"kept.csv", "new.csv"}
    assert database.run(lambda c: uploads.delete_upload(c, "o", "1" * 32)) == "kept.csv"


def test_an_older_database_is_brought_up_to_date(database: Database) -> None:
    names = set(inspect(database.engine).get_table_names())
    assert {"schema_version", "api_keys", "sessions", "messages", "uploads", "audit_log"} <= names
    url = database.engine.url.render_as_string(hide_password=False)
    again = open_database(url)  # a second time changes nothing
    assert set(inspect(again.engine).get_table_names()) == names and len(STEPS) >= 1
    again.close()


def test_replicas_that_start_together_make_the_tables_once(postgresql: str) -> None:
    url = postgresql.replace("postgresql", "postgresql+psycopg", 1)
    admin = open_database(url)
    admin.close()
    opened: list[Database] = []
    threads = [threading.Thread(target=lambda: opened.append(open_database(url))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(opened) == 4
    for item in opened:
        item.close()


def test_a_transaction_does_not_hold_the_event_loop(database: Database) -> None:
    async def run() -> bool:
        released = threading.Event()
        work = asyncio.ensure_future(database.ask(lambda _: released.wait(60)))
        for _ in range(10):
            await asyncio.sleep(0)
        assert not work.done()
        released.set()  # which the loop could not do if the transaction held it
        return await work

    assert asyncio.run(run())


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A Redis of its own; skipped where none is installed."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("Redis is not installed")
    port = free_port()
    server = subprocess.Popen(
        [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path)],
        stdout=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 30
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
            break
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
    yield f"redis://127.0.0.1:{port}", server
    server.kill()
    server.wait(30)


def test_two_replicas_share_postgresql_and_redis(
    postgresql: str, redis: tuple[str, subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    url, process = redis
    shared = {"database": postgresql, "limits": url, "requests_per_minute": 12, "workers": 1}
    with (
        running(tmp_path / "a", **shared) as one,
        running(tmp_path / "b", **shared) as two,
        one.client() as first,
        two.client() as second,
    ):
        session = first.post("/sessions", json={"title": "shared"}).json()["id"]
        body = {"question": QUESTION, "session": session}
        assert second.post("/ask", json=body).status_code == 200
        assert len(first.get(f"/sessions/{session}").json()["messages"]) == 2
        codes = [
            client.get("/sessions").status_code for _ in range(8) for client in (first, second)
        ]
        assert codes.count(429) >= 7
        process.kill()
        process.wait(30)
        refused = first.get("/sessions")
        assert refused.status_code == 503 and "counted" in refused.json()["detail"]
        assert first.get("/health").status_code == 200
