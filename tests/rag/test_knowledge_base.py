"""A base from its first document to its last: adding, updating, removing, dying half-way."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import bm25s
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from havoc.errors import InputError
from havoc.rag import Document, KnowledgeBase, names, search_bases, store
from havoc.rag.chunks import MOST_WORDS, chunks_of
from havoc.rag.documents import Block
from havoc.rag.index import K1, B, EmbedderIdentity
from havoc.rag.vectors import top
from havoc.rag.words import words_of


class HashEmbedder:
    """Vectors by the words of a text: enough to rank with, and counted."""

    def __init__(self, name: str = "hash", dimension: int = 16) -> None:
        self.identity = EmbedderIdentity(name=name, dimension=dimension, digest=name)
        self.embedded: list[str] = []

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.embedded += texts
        rows = np.full((len(texts), self.identity.dimension), 1e-3, np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in words_of(text):
                row[hash_of(word) % len(row)] += 1.0
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def hash_of(word: str) -> int:
    return sum(ord(letter) * (position + 7) for position, letter in enumerate(word))


def document(name: str, *paragraphs: str, title: str = "") -> Document:
    return Document(id=name, title=title or name, blocks=[Block(text) for text in paragraphs])


CHART = document("chart", "A control chart shows whether a process is stable over time.")
GAGE = document("gage", "Gage repeatability is the variation of one operator with one part.")
CPK = document("cpk", "Cpk compares the nearer specification limit with the process spread.")


@pytest.fixture
def base(tmp_path: Path) -> KnowledgeBase:
    made = KnowledgeBase.create("plant", home=tmp_path, embedder=HashEmbedder())
    made.add([CHART, GAGE, CPK])
    return made


def found(base: KnowledgeBase, query: str) -> list[str]:
    return [passage.document for passage in base.search(query, 3).passages]


def test_what_was_added_is_found_and_cited(base: KnowledgeBase, tmp_path: Path) -> None:
    again = KnowledgeBase.open("plant", home=tmp_path, embedder=HashEmbedder())
    passage = again.search("stable control chart", 1).passages[0]
    assert passage.document == "chart" and passage.base == "plant"
    assert passage.text[passage.start : passage.end] == passage.quote
    assert again.passage_text(passage.id) == passage.text
    assert names(tmp_path) == ["builtin", "plant"]


def test_only_what_changed_is_embedded_again(base: KnowledgeBase, tmp_path: Path) -> None:
    embedder = HashEmbedder()
    again = KnowledgeBase.open("plant", home=tmp_path, embedder=embedder)
    report = again.add([CHART, GAGE, CPK])
    assert report.unchanged == ["chart", "gage", "cpk"] and not embedder.embedded
    long = " ".join(["The process mean is watched by the chart."] * 60)
    again.add([document("chart", long, "A second part about rules.")])
    embedder.embedded.clear()
    report = again.add([document("chart", long, "A second part about other rules.")])
    assert report.updated == ["chart"]
    assert len(embedder.embedded) == 1, "the other windows keep their vectors"


def test_removal(base: KnowledgeBase) -> None:
    with pytest.raises(InputError, match="there is no document 'nothing'"):
        base.remove(["gage", "nothing"])
    assert len(base.documents()) == 3
    base.remove(["gage"])
    assert [record.id for record in base.documents()] == ["chart", "cpk"]
    assert "gage" not in found(base, "gage repeatability operator")
    base.remove(["chart", "cpk"])
    assert base.search("anything at all", 3).passages == []
    base.add([GAGE])
    assert found(base, "gage repeatability") == ["gage"]


TEXTS = st.lists(
    st.sampled_from("chart gage limit mean spread sigma run rule part operator batch line".split()),
    min_size=3,
    max_size=40,
).map(" ".join)


@settings(max_examples=25)
@given(st.lists(st.tuples(st.sampled_from("abcde"), st.none() | TEXTS), min_size=1, max_size=8))
def test_any_sequence_of_changes_equals_building_afresh(
    steps: list[tuple[str, str | None]],
) -> None:
    """Property: the index after updates and removals ranks as one built from what is left."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        base = KnowledgeBase.create("one", home=Path(folder), embedder=HashEmbedder())
        held: dict[str, str] = {}
        for name, text in steps:
            if text is None and name in held:
                base.remove([name])
                del held[name]
            elif text is not None:
                base.add([document(name, text)])
                held.pop(name, None)
                held[name] = text
        fresh = KnowledgeBase.create("two", home=Path(folder), embedder=HashEmbedder())
        fresh.add([document(name, text) for name, text in held.items()])
        for query in ("chart mean", "operator gage batch", "sigma"):
            ours = base.search(query, 5).passages
            theirs = fresh.search(query, 5).passages
            assert [(p.id, p.bm25, p.cosine) for p in ours] == [
                (p.id, p.bm25, p.cosine) for p in theirs
            ]


def test_bm25_is_that_of_the_reference(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    vocabulary = np.array([f"w{chr(97 + n // 26)}{chr(97 + n % 26)}q" for n in range(60)])
    texts = [" ".join(rng.choice(vocabulary, rng.integers(5, 60))) for _ in range(80)]
    base = KnowledgeBase.create("words", home=tmp_path, words_only=True)
    base.add([Document(id=str(n), title="-", blocks=[Block(t)]) for n, t in enumerate(texts)])
    peer = bm25s.BM25(method="lucene", k1=K1, b=B)
    peer.index([words_of(text) for text in texts], show_progress=False)
    assert base.index is not None
    for _ in range(20):
        query = list(rng.choice(vocabulary, 4, replace=False))
        words = words_of(" ".join(query))
        # the reference leaves the constant factor k1 + 1 out
        assert base.index.bm25(words) == pytest.approx(
            peer.get_scores(words) * (K1 + 1), rel=1e-4, abs=1e-4
        )


@given(st.lists(st.floats(-5, 5, width=32), min_size=1, max_size=50), st.integers(1, 60))
def test_top_is_a_stable_sort(values: list[float], count: int) -> None:
    scores = np.array(values, np.float32)
    positions, found = top(scores, count)
    assert positions.tolist() == np.argsort(-scores, kind="stable")[:count].tolist()
    assert found.tolist() == scores[positions].tolist()


def test_inverted_lists_find_what_exact_search_finds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(0)
    words = [f"{a}{b}rn" for a in "bcdfghjklm" for b in "aeiou"]
    documents = [document(str(n), " ".join(rng.choice(words, 12))) for n in range(400)]
    exact = KnowledgeBase.create("exact", home=tmp_path, embedder=HashEmbedder(dimension=32))
    exact.add(documents)
    monkeypatch.setattr("havoc.rag.writing.EXACT_BELOW", 100)
    lists = KnowledgeBase.create("lists", home=tmp_path, embedder=HashEmbedder(dimension=32))
    lists.add(documents)
    assert lists.index is not None and "vectors.faiss" in lists.index.manifest.files
    shared = 0
    for n in range(0, 400, 10):
        query = documents[n].blocks[0].text
        ours = {p.id for p in lists.search(query, 10, ranking="embeddings").passages}
        theirs = {p.id for p in exact.search(query, 10, ranking="embeddings").passages}
        shared += len(ours & theirs)
    assert shared >= 0.95 * 400


def test_several_bases_are_ranked_together(base: KnowledgeBase, tmp_path: Path) -> None:
    other = KnowledgeBase.create("other", home=tmp_path, embedder=HashEmbedder())
    other.add([document("note", "The gage repeatability of line four is checked by an operator.")])
    both = search_bases([base, other], "gage repeatability operator", 4)
    assert {passage.base for passage in both.passages[:2]} == {"plant", "other"}
    assert both.passages[0].score == max(passage.score for passage in both.passages)


# what does not fit ------------------------------------------------------------------


def test_another_embedder_is_an_error(base: KnowledgeBase, tmp_path: Path) -> None:
    other = KnowledgeBase.open("plant", home=tmp_path, embedder=HashEmbedder("other"))
    with pytest.raises(InputError, match=r"indexed with hash .* and other .* is at hand"):
        other.search("chart")
    with pytest.raises(InputError, match="use that embedder"):
        other.add([document("new", "Some new words.")])
    assert [record.id for record in base.documents()] == ["chart", "gage", "cpk"]


def test_without_an_embedder_only_words_are_compared_and_it_is_said(
    base: KnowledgeBase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("havoc.rag.embedder.installed", lambda: False)
    plain = KnowledgeBase.open("plant", home=tmp_path)
    answer = plain.search("control chart")
    assert answer.ranking == "bm25" and "pip install 'havoc[kb]'" in answer.note
    assert answer.passages[0].document == "chart" and answer.passages[0].cosine is None
    with pytest.raises(InputError, match="embedder is not installed"):
        plain.search("control chart", ranking="hybrid")
    words = KnowledgeBase.create("words", home=tmp_path, words_only=True)
    words.add([CHART])
    assert "only words" in words.search("chart").note


@pytest.mark.parametrize("name", ["../x", "", "A", "a/b", "a\0b", ".hid", "x" * 80, "über"])
def test_names_that_are_none(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no name for a knowledge base"):
        KnowledgeBase.create(name, home=tmp_path, words_only=True)
    assert list(tmp_path.iterdir()) == []


def test_the_built_in_base_is_not_changed() -> None:
    base = KnowledgeBase.open()
    for act in (lambda: base.add([CHART]), lambda: base.remove(["x"]), base.delete):
        with pytest.raises(InputError, match="cannot be changed"):
            act()
    with pytest.raises(InputError, match="cannot be changed"):
        KnowledgeBase.create("builtin", words_only=True)


def test_wrong_requests(base: KnowledgeBase, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no knowledge base 'nope'"):
        KnowledgeBase.open("nope", home=tmp_path)
    with pytest.raises(InputError, match="there is one already"):
        KnowledgeBase.create("plant", home=tmp_path, embedder=HashEmbedder())
    with pytest.raises(InputError, match="the query is empty"):
        base.search("  ")
    with pytest.raises(InputError, match="0 passages"):
        base.search("x", 0)


# damage and death --------------------------------------------------------------------


def generation(base: KnowledgeBase) -> Path:
    assert base.index is not None
    return base.index.folder


@pytest.mark.parametrize(
    "name",
    ["texts.bin", "terms.npy", "chunks.npy", "vectors.npy", "manifest.json", "../CURRENT"],
)
def test_a_cut_file_is_one_line(base: KnowledgeBase, tmp_path: Path, name: str) -> None:
    path = generation(base) / name
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(InputError, match="knowledge base plant: the index is damaged"):
        KnowledgeBase.open("plant", home=tmp_path, embedder=HashEmbedder()).search("chart")


def test_another_format_is_refused(base: KnowledgeBase, tmp_path: Path) -> None:
    path = generation(base) / "manifest.json"
    path.write_text(path.read_text().replace('"format":1', '"format":2'))
    with pytest.raises(InputError, match="the index has format 2, this version reads 1"):
        KnowledgeBase.open("plant", home=tmp_path)


KILLED = """
import os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
import numpy as np
import test_knowledge_base as shared
from havoc.rag import KnowledgeBase
from havoc.rag import store, writing

class Slow(shared.HashEmbedder):
    def embed(self, texts):
        if sys.argv[3] == "embedding" and len(self.embedded) > 100:
            print("here", flush=True); import time; time.sleep(60)
        return super().embed(texts)

base = KnowledgeBase.open("plant", home=Path(sys.argv[1]), embedder=Slow())
if sys.argv[3] == "writing":
    saved = np.save
    def slow(path, *a, **k):
        saved(path, *a, **k)
        if "terms" in str(path):
            print("here", flush=True); import time; time.sleep(60)
    np.save = slow
if sys.argv[3] == "naming":
    def slow(*a):
        print("here", flush=True); import time; time.sleep(60)
    store.put_in_force = slow
words = "chart gage mean sigma limit".split()
base.add([shared.document(f"d{n}", f"{words[n % 5]} number {n} " * 30) for n in range(300)])
"""


@pytest.mark.parametrize("moment", ["embedding", "writing", "naming"])
def test_a_killed_writer_leaves_the_index_that_was_there(
    base: KnowledgeBase, tmp_path: Path, moment: str
) -> None:
    before = [(p.id, p.score) for p in base.search("control chart").passages]
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path), str(Path(__file__).parent), moment],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None and process.stdout.readline() == "here\n"
    with pytest.raises(InputError, match="being changed by another process"):
        base.add([document("late", "Something else.")])
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    again = KnowledgeBase.open("plant", home=tmp_path, embedder=HashEmbedder())
    assert [(p.id, p.score) for p in again.search("control chart").passages] == before
    again.add([document("late", "A note on drift.")])
    assert len(again.documents()) == 4
    left = {path.name for path in (tmp_path / "plant").glob("generation-*")}
    assert len(left) == 2, "what the killed writer left is removed"


def test_a_full_disk_changes_nothing(
    base: KnowledgeBase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: object, **named: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(np, "save", full)
        with pytest.raises(InputError, match="No space left on device"):
            base.add([document("new", "Words that do not fit.")])
    again = KnowledgeBase.open("plant", home=tmp_path, embedder=HashEmbedder())
    assert len(again.documents()) == 3
    assert [path.name for path in (tmp_path / "plant").glob("generation-*")] != []
    assert found(again, "control chart")[0] == "chart"


def test_a_reader_goes_on_while_the_base_changes(base: KnowledgeBase, tmp_path: Path) -> None:
    reader = KnowledgeBase.open("plant", home=tmp_path, embedder=HashEmbedder())
    for number in range(4):
        base.add([document(f"more{number}", f"More about drift {number}.")])
        assert found(reader, "control chart")[0] == "chart"


# chunks ------------------------------------------------------------------------------


def test_chunks_keep_their_section_and_page() -> None:
    blocks = [
        Block("Manual", "heading", 1),
        Block("Charts", "heading", 2),
        Block("word " * 60, page=3),
        Block("Limits", "heading", 3),
        Block("term " * 60, page=4),
        Block("Gages", "heading", 2),
        Block("part " * 60, page=5),
    ]
    chunks = chunks_of(Document(id="m", title="Manual", blocks=blocks))
    assert [(chunk.section, chunk.page) for chunk in chunks] == [
        (["Charts"], 3), (["Charts", "Limits"], 4), (["Gages"], 5),
    ]  # fmt: skip


@given(st.lists(st.text(min_size=1, max_size=400), max_size=12))
def test_chunks_hold_every_word_once_and_are_short(paragraphs: list[str]) -> None:
    blocks = [Block(text) for text in paragraphs]
    chunks = chunks_of(Document(id="d", title="t", blocks=blocks))
    assert all(len(chunk.text.split()) <= MOST_WORDS + 5 for chunk in chunks)
    assert len({chunk.id for chunk in chunks}) == len(chunks)


def test_a_word_without_end_is_cut() -> None:
    chunks = chunks_of(Document(id="d", title="t", blocks=[Block("x" * 300_000)]))
    assert max(len(chunk.text) for chunk in chunks) < 15_000
    assert sum(chunk.text.count("x") for chunk in chunks) == 300_000


def test_ids_are_stable_where_the_document_changes_elsewhere() -> None:
    first = chunks_of(document("d", "alpha " * 310, "beta " * 310))
    second = chunks_of(document("d", "other " * 310, "beta " * 310))
    assert first[-1].id == second[-1].id and first[0].id != second[0].id


def test_export_is_what_was_indexed(base: KnowledgeBase, tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    assert base.export(path) == 3
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert {line["document"] for line in lines} == {"chart", "gage", "cpk"}
    assert lines[0]["text"].startswith("A control chart")


def test_deleting_a_base(base: KnowledgeBase, tmp_path: Path) -> None:
    base.delete()
    assert names(tmp_path) == ["builtin"]
    assert not store.place_of("plant", tmp_path).exists()
    started = time.monotonic()
    KnowledgeBase.create("plant", home=tmp_path, embedder=HashEmbedder())
    assert time.monotonic() - started < 60
