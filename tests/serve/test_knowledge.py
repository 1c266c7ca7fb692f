"""Knowledge bases and embeddings on a live server; bases of one's own in the worker's functions."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import openai
import pytest
from live_server import LiveServer

from havoc.errors import InputError
from havoc.rag import Document, KnowledgeBase, default_embedder
from havoc.rag.documents import Block
from havoc.serve import ServeSettings, create_app, knowledge
from havoc.serve.storage import open_database

TEXTS = ["Cpk compares the nearer limit with the spread.", "A gage is recalibrated.", "Ulm"]
QUERY = "When is Ppk lower than Cpk?"


@pytest.fixture
def api(server: LiveServer) -> Iterator[openai.OpenAI]:
    with httpx.Client(trust_env=False, timeout=240) as http:
        yield openai.OpenAI(
            base_url=server.url + "/v1", api_key="none", max_retries=0, http_client=http
        )


# embeddings ------------------------------------------------------------------------------


@pytest.mark.parametrize("form", [None, "float", "base64"])
def test_embeddings_are_those_of_the_embedder(api: openai.OpenAI, form: str | None) -> None:
    more = {} if form is None else {"encoding_format": form}  # the client asks for base64 itself
    reply = api.embeddings.create(model="havoc-embed", input=TEXTS, **more)
    rows = [item.embedding for item in reply.data]
    if form == "base64":
        rows = [np.frombuffer(base64.b64decode(row), "<f4") for row in rows]
    assert [item.index for item in reply.data] == [0, 1, 2] and reply.object == "list"
    np.testing.assert_allclose(np.array(rows), default_embedder().embed(TEXTS), atol=1e-3)
    assert reply.model == "havoc-embed"


def test_one_text_has_one_vector_of_length_one(api: openai.OpenAI) -> None:
    (item,) = api.embeddings.create(model="havoc-embed", input=TEXTS[0], dimensions=384).data
    assert len(item.embedding) == 384 and np.linalg.norm(item.embedding) == pytest.approx(1)


def test_tokens_are_counted_with_the_marks_of_begin_and_end(api: openai.OpenAI) -> None:
    text = "the mean of a sample"  # five words of the vocabulary
    usage = api.embeddings.create(model="havoc-embed", input=[text, text]).usage
    assert usage.prompt_tokens == usage.total_tokens == 2 * (5 + 2)


def test_long_texts_are_read_to_256_tokens(api: openai.OpenAI) -> None:
    reply = api.embeddings.create(model="havoc-embed", input="mean " * 5_000)
    assert reply.usage.prompt_tokens == 256


@pytest.mark.parametrize(
    "wrong",
    [
        {"input": ""},
        {"input": []},
        {"input": ["x"] * 2_049},
        {"input": "x" * 200_001},
        {"input": [101, 102]},
        {"input": [[101, 102]]},
        {"input": None},
        {"dimensions": 128},
        {"encoding_format": "hex"},
    ],
)
def test_embeddings_of_anything_else_are_refused(
    client: httpx.Client, wrong: dict[str, object]
) -> None:
    reply = client.post("/v1/embeddings", json={"model": "havoc-embed", "input": "x", **wrong})
    assert reply.status_code == 400, reply.text[:300]
    assert reply.json()["error"]["param"].startswith(next(iter(wrong)))


def test_embeddings_are_by_the_embedder_alone(api: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError, match="havoc-embed"):
        api.embeddings.create(model="text-embedding-3-small", input="x")


def test_without_the_embedder_it_is_said_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("havoc.rag.embedder._missing", lambda: ["onnxruntime"])
    settings = ServeSettings(data=str(tmp_path))
    database = open_database(settings.database_url)
    app = create_app(settings, database)

    async def ask() -> tuple[httpx.Response, httpx.Response]:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            body = {"model": "havoc-embed", "input": "x"}
            return await client.post("/v1/embeddings", json=body), await client.get("/v1/models")

    try:
        reply, models = asyncio.run(ask())
    finally:
        database.close()
    assert reply.status_code == 503
    assert 'pip install "havoc[kb]"' in reply.json()["error"]["message"]
    assert reply.json()["error"]["code"] == "no-embedder"
    assert [model["id"] for model in models.json()["data"]] == ["havoc"]


# bases -----------------------------------------------------------------------------------


def test_bases_and_their_documents_are_listed(client: httpx.Client) -> None:
    own = KnowledgeBase.open().documents()
    first = client.get("/kb").json()[0]
    assert first == {
        "name": "builtin",
        "documents": len(own),
        "passages": sum(record.count for record in own),
        "note": "",
    }
    listed: list[str] = []
    while True:
        page = client.get(
            "/kb/builtin/documents", params={"limit": 1_000, "offset": len(listed)}
        ).json()
        assert page["total"] == len(own)
        listed += [document["id"] for document in page["documents"]]
        if len(listed) == page["total"]:
            break
    assert listed == [record.id for record in own]
    assert all(document["source"] and document["licence"] for document in page["documents"])


def test_a_search_finds_what_the_library_finds(client: httpx.Client) -> None:
    found = client.post("/kb/search", json={"query": QUERY, "k": 3}).json()
    own = KnowledgeBase.open().search(QUERY, k=3)
    assert found["ranking"] == own.ranking == "hybrid" and found["note"] == ""
    assert [p["id"] for p in found["passages"]] == [p.id for p in own.passages]
    for passage in found["passages"]:
        assert passage["text"][passage["start"] : passage["end"]] == passage["quote"]
        assert passage["source"] and passage["licence"]


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"k": 0}, 422),
        ({"k": 51}, 422),
        ({"query": ""}, 422),
        ({"query": "  "}, 422),
        ({"query": "x" * 4_001}, 422),
        ({"base": "../../etc"}, 422),
        ({"path": "/etc/passwd"}, 422),
        ({"base": "nowhere"}, 404),
    ],
)
def test_searches_beyond_bounds(
    client: httpx.Client, wrong: dict[str, object], status: int
) -> None:
    reply = client.post("/kb/search", json={"query": "x", **wrong})
    assert reply.status_code == status, reply.text
    assert reply.headers["content-type"] == "application/problem+json"


def test_no_route_changes_a_base(client: httpx.Client) -> None:
    assert client.get("/kb/nowhere/documents").status_code == 404
    assert client.get("/kb/..%2f..%2fetc/documents").status_code in (404, 422)
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        for path in ("/kb", "/kb/builtin", "/kb/builtin/documents"):
            assert client.request(method, path).status_code in (404, 405), (method, path)


# what a worker does ----------------------------------------------------------------------


@pytest.fixture
def plant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> KnowledgeBase:
    """A base of one document, by words only."""
    monkeypatch.setenv("HAVOC_HOME", str(tmp_path))
    base = KnowledgeBase.create("plant", words_only=True)
    blocks = [
        Block(kind="heading", text="Red tags", level=1),
        Block(text="A red tag means that the gage is out of use."),
    ]
    document = Document(
        id="sop 12/é.md",
        title="SOP\u202e 12",
        blocks=blocks,
        source="the plant",
        licence="internal",
    )
    base.add([document])
    return base


def test_a_base_of_ones_own_is_found_and_read(plant: KnowledgeBase) -> None:
    (document,) = knowledge.list_documents("plant", 10, 0)["documents"]
    assert document["licence"] == "internal" and "\u202e" not in document["title"]
    read = knowledge.read_document("plant", document["id"])
    assert "Source: the plant. Licence: internal." in read["text"]
    assert "## Red tags" in read["text"] and "out of use" in read["text"]
    found = knowledge.search_base("plant", "red tag", 5)
    assert found["ranking"] == "bm25" and "without embeddings" in found["note"]
    assert found["passages"][0]["quote"] == "A red tag means that the gage is out of use."
    with pytest.raises(InputError, match="no document"):
        knowledge.read_document("plant", "../plant")


def test_a_damaged_base_does_not_hide_the_others(plant: KnowledgeBase, tmp_path: Path) -> None:
    for texts in tmp_path.glob("kb/plant/generation-*/texts.bin"):
        texts.write_bytes(b"")
    builtin, damaged = knowledge.list_bases()
    assert builtin["documents"] > 1_000
    assert damaged["name"] == "plant" and "damaged" in damaged["note"]
    assert str(tmp_path) not in damaged["note"]
