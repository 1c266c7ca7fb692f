"""What happens to a server that is killed, starved, or left by its clients."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psutil
import pytest
import yaml
from event_reader import read_events
from live_server import (
    QUESTION,
    WAIT,
    LiveServer,
    drawn_bundle,
    gauge,
    running,
    start,
    until,
)
from sqlalchemy import text

from havoc.errors import InputError
from havoc.serve.storage import open_database

LONG = {  # 210 resamples, drawn and sorted: far more than a tenth of a second on any processor
    "question": "Compute a bootstrap interval of the median of y",
    "data": {"y": [float(n % 7) for n in range(190_000)]},
}
EIGHT = {  # eight texts that do not end by themselves
    "model": "havoc-raw",
    "prompt": "The mean",
    "n": 8,
    "max_tokens": 2_000,
    "logit_bias": {"2": -100},
}


# clients that leave ----------------------------------------------------------------------


@pytest.mark.parametrize("stream", [False, True])
def test_a_client_that_leaves_stops_its_network(
    client: httpx.Client, server: LiveServer, stream: bool
) -> None:
    before = gauge(client, "havoc_generation_tokens_total")
    body = {**EIGHT, "stream": stream}
    leave(server, "/v1/completions", body, lambda: gauge(client, "havoc_generations_running") > 0)
    until(lambda: gauge(client, "havoc_generations_running") == 0)
    made = gauge(client, "havoc_generation_tokens_total") - before
    assert made < 8 * 2_000, "it went to its end"


def leave(server: LiveServer, path: str, body: object, when: Callable[[], bool]) -> None:
    """Send a request and close the connection as soon as ``when``."""
    content = json.dumps(body).encode()
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(
            f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(content)}\r\n\r\n".encode()
            + content
        )
        until(when)


def answers(client: httpx.Client) -> bool:
    return client.post("/ask", json={"question": QUESTION}).status_code == 200


def test_a_client_that_leaves_ends_its_question(client: httpx.Client, server: LiveServer) -> None:
    until(lambda: answers(client))
    before = {worker.pid for worker in server.workers()}
    with server.frozen_workers():
        body = {"question": QUESTION}
        leave(server, "/ask", body, lambda: gauge(client, "havoc_questions_running") > 0)
        until(lambda: gauge(client, "havoc_questions_running") == 0)
        until(lambda: not before <= {worker.pid for worker in server.workers()})
    assert answers(client)


@pytest.fixture(scope="module")
def tight(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server with one worker and little patience."""
    with running(
        tmp_path_factory.mktemp("tight"), workers=1, waiting_questions=1, resume_seconds=0.2
    ) as live:
        yield live


def test_a_streamed_question_is_given_up_when_nobody_comes_back(tight: LiveServer) -> None:
    content = {"question": QUESTION, "stream": True}
    with tight.client() as client:
        until(lambda: answers(client))
        with tight.frozen_workers():
            leave(tight, "/ask", content, lambda: gauge(client, "havoc_questions_running") > 0)
            until(lambda: gauge(client, "havoc_questions_running") == 0)
        until(lambda: answers(client))


def test_a_streamed_question_can_be_given_up(tight: LiveServer) -> None:
    with tight.client() as client:
        until(lambda: answers(client))
        with tight.frozen_workers():
            content = {"question": QUESTION, "stream": True}
            with client.stream("POST", "/ask", json=content) as response:
                first = next(iter(read_events(response.iter_raw())))
                identity = json.loads(first.data)["id"]
                assert client.delete(f"/ask/{identity}").status_code == 204
            with client.stream("GET", f"/ask/{identity}") as response:
                events = list(read_events(response.iter_raw()))
        assert events[-2].name == "problem" and events[-1].data == "[DONE]"


def test_a_full_queue_says_when_to_come_again(tight: LiveServer) -> None:
    with tight.client() as client:
        until(lambda: answers(client))
        replies: list[httpx.Response] = []

        def ask() -> None:
            with tight.client() as own:
                replies.append(own.post("/ask", json={"question": QUESTION}))

        threads = [threading.Thread(target=ask) for _ in range(2)]
        with tight.frozen_workers():
            for thread in threads:
                thread.start()
            until(lambda: gauge(client, "havoc_questions_waiting") == 1)
            refused = client.post("/ask", json={"question": QUESTION})
        assert refused.status_code == 503 and int(refused.headers["retry-after"]) > 0
        assert refused.json()["type"] == "urn:havoc:problem:busy"
        for thread in threads:
            thread.join(WAIT)
        assert [reply.status_code for reply in replies] == [200, 200]


def test_a_worker_that_dies_is_replaced(tight: LiveServer) -> None:
    with tight.client() as client:
        until(lambda: answers(client))
        for worker in tight.workers():
            worker.kill()
        until(lambda: answers(client))


def test_a_question_that_takes_too_long(tmp_path: Path) -> None:
    with running(tmp_path, workers=1, question_seconds=0.1) as server, server.client() as client:
        before = {worker.pid for worker in server.workers()}
        reply = client.post("/ask", json=LONG)
        assert reply.status_code == 422, reply.text[:300]
        problem = reply.json()
        assert problem["type"] == "urn:havoc:problem:too-costly"
        assert "took longer than 0.1 seconds" in problem["detail"]
        until(lambda: not before & {worker.pid for worker in server.workers()})


def test_a_question_that_takes_too_much_memory(tight: LiveServer, tmp_path: Path) -> None:
    with tight.client() as client:
        until(lambda: answers(client))
        needed = max(worker.memory_info().vms for worker in tight.workers())
    memory = round(needed / 1e6) + 100  # room for a question, not for four million values
    with (
        running(tmp_path, workers=1, worker_memory=memory, body_bytes=50_000_000) as server,
        server.client() as client,
    ):
        assert answers(client)
        reply = client.post("/ask", json={**LONG, "data": {"y": [1, 2, 3, 4, 5] * 800_000}})
        assert reply.status_code == 422, reply.text[:300]
        problem = reply.json()
        assert problem["type"] == "urn:havoc:problem:too-costly"
        assert "memory" in problem["detail"]
        assert answers(client)


# processes that die ----------------------------------------------------------------------


def test_kill_9_under_load_loses_nothing_acknowledged(tmp_path: Path) -> None:
    server = start(tmp_path, workers=1)
    acknowledged: list[tuple[str, str]] = []
    over = threading.Event()

    def talk() -> None:
        with server.client() as client:
            try:
                while not over.is_set():
                    session = client.post("/sessions", json={"title": "t"}).json()["id"]
                    for number in range(3):
                        question = f"describe {number + 1} 2 3 4"
                        body = {"question": question, "session": session}
                        if client.post("/ask", json=body).status_code == 200:
                            acknowledged.append((session, question))
            except httpx.TransportError:
                pass

    threads = [threading.Thread(target=talk) for _ in range(4)]
    for thread in threads:
        thread.start()
    until(lambda: len(acknowledged) > 20)
    children = psutil.Process(server.process.pid).children()
    server.stop(signal.SIGKILL)
    over.set()
    for thread in threads:
        thread.join(WAIT)
    psutil.wait_procs(children, timeout=30)
    assert not any(child.is_running() for child in children), "workers end with their server"
    database = open_database(f"sqlite:///{tmp_path / 'havoc.db'}")
    assert database.run(lambda c: c.execute(text("PRAGMA integrity_check")).scalar()) == "ok"
    database.close()
    with running(tmp_path, workers=1) as again, again.client() as client:
        kept = {
            (session, message["content"])
            for session in {session for session, _ in acknowledged}
            for message in client.get(f"/sessions/{session}").json()["messages"]
            if message["role"] == "user"
        }
    assert set(acknowledged) <= kept


def test_sigterm_while_streaming_drains(tmp_path: Path, bundle: Path) -> None:
    server = start(tmp_path, bundle=bundle, drain_seconds=600)
    with server.client() as client:
        body = {**EIGHT, "max_tokens": 400, "stream": True}
        with client.stream("POST", "/v1/completions", json=body) as response:
            events = read_events(response.iter_raw())
            next(events)
            server.process.send_signal(signal.SIGTERM)
            until(lambda: not accepts(server))
            rest = list(events)
        assert rest[-1].data == "[DONE]"
        ends = [json.loads(event.data)["choices"][0]["finish_reason"] for event in rest[:-1]]
        assert ends.count("length") == 8
    # it ends by itself: another signal could meet it when its handlers are gone already
    assert server.process.wait(WAIT) == 0
    server.stop()
    assert '"event":"stopped"' in server.log


def accepts(server: LiveServer) -> bool:
    try:
        socket.create_connection(("127.0.0.1", server.port), timeout=5).close()
    except OSError:
        return False
    return True


def test_sigterm_ends_in_time_whatever_runs(tmp_path: Path) -> None:
    server = start(tmp_path, drain_seconds=1, workers=1, resume_seconds=3_600)
    asked = {"question": QUESTION, "stream": True}
    with server.client() as client:
        until(lambda: answers(client))
        with server.frozen_workers(), client.stream("POST", "/ask", json=asked) as response:
            next(iter(read_events(response.iter_raw())))
            server.process.send_signal(signal.SIGTERM)
            server.process.wait(timeout=WAIT)
    assert server.stop() == 0


# disks -----------------------------------------------------------------------------------


@pytest.mark.skipif(os.geteuid() != 0, reason="a small disk is made by mounting one")
def test_a_full_disk_is_a_507_and_nothing_is_damaged(tmp_path: Path) -> None:
    mounted = tmp_path / "small"
    mounted.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(mounted)], capture_output=True
    )
    if made.returncode:
        pytest.skip("mounting is not allowed here")
    try:
        with running(mounted, workers=1) as server, server.client() as client:
            session = client.post("/sessions", json={"title": "before"}).json()["id"]
            small = b"a,b\n" + b"1,2\n" * 1_000
            kept = client.post("/data", files={"file": ("a.csv", small)}).json()["id"]
            large = b"a,b\n" + b"1.25,2.5\n" * 1_200_000
            refused = client.post("/data", files={"file": ("b.csv", large)})
            assert refused.status_code == 507
            assert refused.json()["type"] == "urn:havoc:problem:no-space"
            assert len(list((mounted / "uploads").iterdir())) == 1
            (mounted / "filler").write_bytes(
                b"x" * (os.statvfs(mounted).f_bavail * os.statvfs(mounted).f_bsize - 8_192)
            )
            codes = set()
            for _ in range(200):
                reply = client.post("/ask", json={"question": QUESTION, "session": session})
                codes.add(reply.status_code)
                if reply.status_code == 507:
                    break
            assert codes <= {200, 507} and 507 in codes
            assert client.get("/health").status_code == 200
            assert client.get("/health/ready").status_code == 503
            assert client.get(f"/data/{kept}").json()["rows"] == 1_000
            (mounted / "filler").unlink()
            good = client.post("/ask", json={"question": QUESTION, "session": session})
            assert good.status_code == 200
            counted = len(client.get(f"/sessions/{session}").json()["messages"])
            assert counted >= 2 and counted % 2 == 0
            server.stop()
        database = open_database(f"sqlite:///{mounted / 'havoc.db'}")
        assert database.run(lambda c: c.execute(text("PRAGMA integrity_check")).scalar()) == "ok"
        database.close()
    finally:
        subprocess.run(["umount", "-l", str(mounted)], check=True)


def test_a_damaged_or_newer_database_is_refused(tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.db"
    damaged.write_bytes(b"SQLite format 3\0" + b"\xff" * 4_000)
    with pytest.raises(InputError, match="damaged"):
        open_database(f"sqlite:///{damaged}")
    newer = f"sqlite:///{tmp_path / 'newer.db'}"
    database = open_database(newer)
    database.run(lambda connection: connection.execute(text("UPDATE schema_version SET number=99")))
    database.close()
    with pytest.raises(InputError, match="newer version"):
        open_database(newer)
    for url in ("nonsense", "sqlite://", "mysql://x/y", "postgresql://user:secret@127.0.0.1:1/x"):
        with pytest.raises(InputError) as refused:
            open_database(url)
        assert "secret" not in str(refused.value)


# starting --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"prot": 1}, "did you mean port"),
        ({"port": "many"}, "port"),
        ({"port": 70_000}, "give 0 to 65535"),
        ({"origins": ["*"]}, "no origin"),
        ({"limits": "nonsense://x"}, "memory://"),
        ({"bundle": "/nowhere"}, "bundle"),
        ({"database": "nonsense"}, "database URL"),
        ({"planner": "oracle"}, "use auto, rules, model, remote"),
        ({"planner": "remote"}, "give an OpenAI-compatible endpoint"),
        ({"planner": "remote", "remote_url": "ftp://x"}, "is no http address"),
    ],
)
def test_wrong_settings_are_refused_at_the_start(
    tmp_path: Path, settings: dict[str, object], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    from havoc.cli import main

    config = tmp_path / "serve.yaml"
    config.write_text(yaml.safe_dump({"data": str(tmp_path), "port": 0, **settings}))
    assert main(["serve", "--config", str(config)]) == 2
    said = capsys.readouterr().err
    assert says in said and len(said.splitlines()) == 1


def test_a_taken_port_is_told_at_once(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = subprocess.run(
            [sys.executable, "-m", "havoc", "serve", "--data", str(tmp_path), "--port",
             str(taken.getsockname()[1])],
            capture_output=True, text=True, timeout=240,
        )  # fmt: skip
    assert done.returncode == 2 and "choose another --port" in done.stderr


def test_a_bundle_that_is_damaged_is_refused(tmp_path: Path) -> None:
    bundle = drawn_bundle(tmp_path)
    weights = bundle / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    done = subprocess.run(
        [sys.executable, "-m", "havoc", "serve", "--data", str(tmp_path), "--bundle", str(bundle)],
        capture_output=True, text=True, timeout=240,
    )  # fmt: skip
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1
