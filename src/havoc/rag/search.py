"""Ranking over one or several bases: BM25 and embeddings, fused by their ranks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec
import numpy as np
from numpy.typing import NDArray

from havoc.errors import InputError
from havoc.rag.index import rarity
from havoc.rag.passages import Found, Passage, Ranking, best_span, speaks_to_model
from havoc.rag.vectors import top
from havoc.rag.words import words_of

if TYPE_CHECKING:
    from havoc.rag.knowledge_base import KnowledgeBase

DEPTH = 50
MAX_K = 50
MAX_QUERY = 4_000
# Reciprocal rank fusion (Cormack, Clarke and Büttcher, SIGIR 2009). Constant and weights were
# chosen on the tuning part of the retrieval set (benchmarks/retrieval.py --tune).
FUSION = 10.0
WEIGHTS = {"bm25": 1.5, "cosine": 1.0}


class _Hit(msgspec.Struct):
    base: int
    number: int
    bm25: float
    cosine: float | None
    score: float = 0.0


def search_bases(
    bases: Sequence[KnowledgeBase], query: str, k: int = 5, *, ranking: Ranking | None = None
) -> Found:
    """The ``k`` best passages of all bases.

    Without ``ranking``, words and meaning are used where every base and the installation have
    both; what is missing is said in ``note``. Raises InputError: an empty query, a ``k`` out of
    range, a ranking that is asked for and cannot be had.
    """
    if not query.strip():
        raise InputError("the query is empty", where="search", remedy="give some words")
    if not 1 <= k <= MAX_K:
        raise InputError(f"{k} passages were asked for", where="k", remedy=f"give 1 to {MAX_K}")
    query = query[:MAX_QUERY]
    note = next((reason for base in bases if (reason := base.without_vectors)), "")
    if ranking in ("hybrid", "embeddings") and note:
        raise InputError(note, where="search")
    chosen: Ranking = ranking or ("bm25" if note else "hybrid")
    words = words_of(query)
    hits: list[_Hit] = []
    rarities = _rarities(bases, words)
    for position, base in enumerate(bases):
        vector = base.query_vector(query) if chosen != "bm25" else None
        hits += [_Hit(position, *hit) for hit in _candidates(base, words, rarities, vector)]
    _fuse(hits, chosen)
    hits.sort(key=lambda hit: (-hit.score, hit.base, hit.number))
    passages = [_passage(bases[hit.base], hit, words) for hit in hits[:k] if hit.score > 0]
    return Found(passages=passages, ranking=chosen, note="" if ranking else note)


def _rarities(bases: Sequence[KnowledgeBase], words: Sequence[str]) -> dict[str, float]:
    """Over all bases together: in a base of one document no word would be rare."""
    indexes = [base.index for base in bases if base.index is not None]
    total = sum(map(len, indexes))
    return {word: rarity(sum(index.held(word) for index in indexes), total) for word in set(words)}


def _candidates(
    base: KnowledgeBase,
    words: list[str],
    rarities: dict[str, float],
    vector: NDArray[np.float32] | None,
) -> list[tuple[int, float, float | None]]:
    """(chunk number, BM25, cosine) of whatever either ranking has among its first."""
    index = base.index
    if index is None or not len(index):
        return []
    scores = index.bm25(words, rarities)
    numbers, found = top(scores, DEPTH)
    chosen = set(numbers[found > 0].tolist())
    if vector is None:
        return [(number, float(scores[number]), None) for number in sorted(chosen)]
    near = base.neighbours.nearest(vector, DEPTH).tolist()
    order = np.array(sorted(chosen | set(near)), np.intp)
    cosines = base.neighbours.cosine(vector, order)
    return [
        (int(number), float(scores[number]), float(cosine))
        for number, cosine in zip(order, cosines, strict=True)
    ]


def _fuse(hits: list[_Hit], ranking: Ranking) -> None:
    """Scores from ranks: 1 for what is first in everything that counts, less further down."""
    if ranking != "hybrid":
        for hit in hits:
            hit.score = hit.bm25 if ranking == "bm25" else max(hit.cosine or 0.0, 0.0)
        return
    share = (FUSION + 1.0) / sum(WEIGHTS.values())
    by_words = sorted((hit for hit in hits if hit.bm25 > 0), key=lambda hit: -hit.bm25)
    by_meaning = sorted(hits, key=lambda hit: -(hit.cosine or 0.0))
    for weight, ranked in ((WEIGHTS["bm25"], by_words), (WEIGHTS["cosine"], by_meaning)):
        for rank, hit in enumerate(ranked, start=1):
            hit.score += share * weight / (FUSION + rank)


def _passage(base: KnowledgeBase, hit: _Hit, words: list[str]) -> Passage:
    assert base.index is not None
    chunk = base.index.chunk(hit.number)
    record = base.index.document_of(hit.number)
    start, end = best_span(chunk.text, {word: base.index.rarity(word) for word in set(words)})
    return Passage(
        id=chunk.id,
        base=base.name,
        document=record.id,
        title=record.title,
        section=chunk.section,
        page=chunk.page,
        source=record.source,
        licence=record.licence,
        text=chunk.text,
        score=round(hit.score, 6),
        bm25=hit.bm25,
        cosine=hit.cosine,
        quote=chunk.text[start:end],
        start=start,
        end=end,
        flagged=speaks_to_model(chunk.text),
    )
