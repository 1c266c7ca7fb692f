"""Connections that are held, dripped into and flooded: the server stays there for others."""

from __future__ import annotations

import http.client
import json
import resource
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from live_server import LiveServer, gauge, running, until

ATTACKER = "127.0.0.66"
"""Another address of this machine, so that what it may have is not what others may."""


@pytest.fixture(scope="module")
def patient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    with running(
        tmp_path_factory.mktemp("patient"), header_seconds=1.5, body_seconds=1.5, workers=1,
        connections_per_address=300, connections=2_000,
    ) as live:  # fmt: skip
        yield live


def connect(server: LiveServer) -> socket.socket:
    return socket.create_connection(
        ("127.0.0.1", server.port), timeout=30, source_address=(ATTACKER, 0)
    )


def ended(connection: socket.socket) -> bool:
    connection.settimeout(30)
    try:
        while connection.recv(65_536):
            pass
    except ConnectionError:
        return True
    return True


def others_are_served(server: LiveServer) -> None:
    with server.client() as client:
        assert client.get("/health").status_code == 200
        assert client.get("/sessions").status_code == 200


def test_slow_loris_in_headers(patient: LiveServer) -> None:
    held = [connect(patient) for _ in range(100)]
    for connection in held:
        connection.sendall(b"GET /sessions HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
    started = time.monotonic()
    dripping = list(held)
    while dripping and time.monotonic() - started < 60:
        others_are_served(patient)
        for connection in list(dripping):
            try:
                connection.sendall(b"a")
            except OSError:
                dripping.remove(connection)
        time.sleep(0.3)
    assert not dripping
    for connection in held:
        connection.close()


def test_slow_loris_in_bodies(patient: LiveServer) -> None:
    held = [connect(patient) for _ in range(50)]
    for connection in held:
        connection.sendall(
            b"POST /ask HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Content-Length: 100000\r\n\r\n{"
        )
    others_are_served(patient)
    for connection in held:
        connection.settimeout(30)
        assert connection.recv(65_536).startswith(b"HTTP/1.1 408")
        connection.close()


def test_idle_connections(patient: LiveServer) -> None:
    held = []
    for _ in range(600):
        try:
            held.append(connect(patient))
        except OSError:
            break
    others_are_served(patient)
    assert all(ended(connection) for connection in held)
    for connection in held:
        connection.close()
    others_are_served(patient)


@pytest.mark.parametrize(
    "flood",
    [
        b"X: " + b"a" * 10_000_000,
        b"".join(b"X-%d: y\r\n" % n for n in range(400_000)),
        b"X: y\r\n" * 400_000,
    ],
    ids=["long", "many", "same"],
)
def test_header_floods(patient: LiveServer, flood: bytes) -> None:
    import psutil

    process = psutil.Process(patient.process.pid)
    before = process.memory_info().rss
    with connect(patient) as connection:
        try:
            connection.sendall(
                b"GET /sessions HTTP/1.1\r\nHost: localhost\r\n" + flood + b"\r\n\r\n"
            )
            assert connection.recv(100).startswith(b"HTTP/1.1 4")
        except ConnectionError:
            pass  # closed before all was sent
    others_are_served(patient)
    assert process.memory_info().rss - before < 40_000_000


def test_long_urls_and_garbage(patient: LiveServer) -> None:
    for request in (b"GET /" + b"a" * 1_000_000 + b" HTTP/1.1\r\n\r\n", b"\x00" * 100_000,
                    b"\x16\x03\x01\x02\x00" + b"\xff" * 500, b"GET / HTTP/9.9\r\n\r\n",
                    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"):  # fmt: skip
        with connect(patient) as connection:
            try:
                connection.sendall(request)
                answer = connection.recv(100)
                assert not answer or answer.startswith(b"HTTP/1.1 4")
            except ConnectionError:
                pass
    others_are_served(patient)


def test_request_smuggling(patient: LiveServer) -> None:
    for headers in (
        b"Content-Length: 5\r\nContent-Length: 50\r\n",
        b"Content-Length: 5\r\nTransfer-Encoding: identity\r\n",
        b"Transfer-Encoding: chunked, identity\r\n",
        b"Content-Length: -1\r\n",
        b"Content-Length : 5\r\n",
    ):
        with connect(patient) as connection:
            connection.sendall(
                b"POST /ask HTTP/1.1\r\nHost: localhost\r\n" + headers + b"\r\nhello"
            )
            assert connection.recv(100).startswith((b"HTTP/1.1 400", b"HTTP/1.1 501"))


def test_keep_alive_is_kept(patient: LiveServer) -> None:
    """A connection lives longer than ``header_seconds``, because each request starts them anew."""
    connection = http.client.HTTPConnection("127.0.0.1", patient.port, timeout=60)
    connection.connect()
    own = connection.sock.getsockname()
    for _ in range(5):
        connection.request("GET", "/health")
        reply = connection.getresponse()
        assert reply.status == 200 and reply.read()
        assert connection.sock is not None and connection.sock.getsockname() == own
        time.sleep(0.4)
    connection.close()


def test_a_client_that_does_not_read_is_left(tmp_path: Path, bundle: Path) -> None:
    most = 8 * 2_000
    body = json.dumps(
        {"prompt": "x", "model": "havoc-raw", "max_tokens": 2_000, "n": 8, "stream": True,
         "logprobs": 20, "temperature": 2, "logit_bias": {"2": -100}}
    ).encode()  # fmt: skip
    with (
        running(tmp_path, bundle=bundle, write_seconds=0.5) as server,
        server.client() as client,
        socket.socket() as connection,
    ):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        connection.connect(("127.0.0.1", server.port))
        connection.sendall(
            b"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
            b"application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body
        )
        until(lambda: gauge(client, "havoc_generations_running") > 0)
        until(lambda: gauge(client, "havoc_generations_running") == 0)
        assert gauge(client, "havoc_generation_tokens_total") < most, "its work went on"


def test_the_file_limit_allows_the_connections_that_are_offered() -> None:
    from havoc.serve.run import _raise_file_limit
    from havoc.serve.settings import ServeSettings

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 512), hard))
        _raise_file_limit(ServeSettings(connections=700))
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] >= min(700, hard)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
