"""Ranking over one or several bases: BM25 and embeddings, fused by their ranks, then closeness."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from havoc.errors import InputError
from havoc.instructions import speaks_to_model
from havoc.rag.chunks import Chunk
from havoc.rag.index import rarity
from havoc.rag.passages import Closeness, Found, Passage, Ranking, closeness
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
# Of the first, those whose words stand close together come first. Chosen on the same part.
LOOKED_AT = 10
CLOSENESS = 0.3


class _Hit(msgspec.Struct):
    base: int
    number: int
    bm25: float
    cosine: float | None
    score: float = 0.0


class _Read(NamedTuple):
    hit: _Hit
    chunk: Chunk
    close: Closeness


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
    looked_at = max(k, LOOKED_AT) if chosen == "hybrid" else k
    read = [_read(bases[hit.base], hit, rarities) for hit in _first(hits, bases, looked_at)]
    if chosen == "hybrid":
        for item in read:
            fused = item.hit.score + CLOSENESS * item.close.share
            item.hit.score = fused / (1.0 + CLOSENESS)
        read.sort(key=lambda item: -item.hit.score)
    passages = [_passage(bases[item.hit.base], item) for item in read[:k]]
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
    by_words = [(-hit.bm25, hit) for hit in hits if hit.bm25 > 0]
    by_meaning = [(-(hit.cosine or 0.0), hit) for hit in hits]
    for weight, ranked in ((WEIGHTS["bm25"], by_words), (WEIGHTS["cosine"], by_meaning)):
        rank = 1
        # equals share a rank: where a passage stands in the index says nothing about it
        for _, equals in _groups(ranked):
            for hit in equals:
                hit.score += share * weight / (FUSION + rank)
            rank += len(equals)


def _groups(scored: Iterable[tuple[float, _Hit]]) -> Iterator[tuple[float, list[_Hit]]]:
    """Hits with the same number, the smallest number first."""
    ordered = sorted(scored, key=itemgetter(0))
    for score, group in groupby(ordered, key=itemgetter(0)):
        yield score, [hit for _, hit in group]


def _first(hits: list[_Hit], bases: Sequence[KnowledgeBase], k: int) -> list[_Hit]:
    """The ``k`` best that score at all, equals by base and passage id."""
    first: list[_Hit] = []
    for _, equals in _groups((-hit.score, hit) for hit in hits if hit.score > 0):
        if len(first) >= k:
            break
        if len(equals) > 1:
            equals.sort(key=lambda hit: (hit.base, _id_of(bases[hit.base], hit)))
        first += equals
    return first[:k]


def _id_of(base: KnowledgeBase, hit: _Hit) -> str:
    assert base.index is not None
    return base.index.chunk(hit.number).id


def _read(base: KnowledgeBase, hit: _Hit, rarities: Mapping[str, float]) -> _Read:
    assert base.index is not None
    chunk = base.index.chunk(hit.number)
    return _Read(hit, chunk, closeness(chunk.text, rarities))


def _passage(base: KnowledgeBase, read: _Read) -> Passage:
    assert base.index is not None
    hit, chunk, close = read
    record = base.index.document_of(hit.number)
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
        quote=chunk.text[close.start : close.end],
        start=close.start,
        end=close.end,
        flagged=speaks_to_model(chunk.text),
    )
