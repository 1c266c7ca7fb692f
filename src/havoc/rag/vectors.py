"""Nearest vectors: every one is compared below 50,000 chunks, inverted lists of faiss above."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from havoc.errors import InputError

EXACT_BELOW = 50_000
TRAINED_ON = 64_000
PROBES = 32


class Neighbours:
    """Search over the windows of an index, told as chunks: a chunk is as near as its nearest one.

    ``vectors`` int8 (windows, d), ``scales`` (windows,), ``owners`` (windows,) ascending.
    """

    def __init__(
        self,
        vectors: NDArray[np.int8],
        scales: NDArray[np.float32],
        owners: NDArray[np.int32],
        lists: Path | None,
    ) -> None:
        self._lists = _read_lists(lists) if lists is not None else None
        self._vectors = vectors
        self._scales = scales
        self._owners = np.asarray(owners)
        if self._lists is None:
            # Exact search reads all of it every time, so it is unpacked once.
            self._matrix = vectors.astype(np.float32)
            self._matrix *= np.asarray(scales)[:, None]

    def nearest(self, query: NDArray[np.float32], count: int) -> Any:
        """Numbers of ``count`` chunks or a little fewer, nearest first."""
        # Two windows of a chunk take two places, so more windows are asked for than chunks.
        if self._lists is not None:
            _, found = self._lists.search(query[None, :], 2 * count)
            windows = found[0][found[0] >= 0]
        else:
            windows, _ = top(self._matrix @ query, 2 * count)
        owners = self._owners[windows]
        _, first = np.unique(owners, return_index=True)
        return owners[np.sort(first)][:count]

    def cosine(self, query: NDArray[np.float32], chunks: NDArray[np.intp]) -> Any:
        """Cosine of the nearest window of each of the given chunks, shape (len(chunks),)."""
        starts = np.searchsorted(self._owners, chunks)
        ends = np.searchsorted(self._owners, chunks, side="right")
        windows = np.concatenate(
            [np.arange(start, end) for start, end in zip(starts, ends, strict=True)]
        )
        rows = np.asarray(self._vectors[windows], np.float32)
        cosines = (rows @ query) * np.asarray(self._scales[windows])
        return np.maximum.reduceat(cosines, np.cumsum(np.append(0, (ends - starts)[:-1])))


def top(scores: NDArray[np.float32], count: int) -> tuple[Any, Any]:
    """(positions, scores) of the ``count`` largest, largest first, the earlier one at a tie."""
    if count < len(scores):
        bound = np.partition(scores, len(scores) - count)[len(scores) - count]
        chosen = np.flatnonzero(scores >= bound)
    else:
        chosen = np.arange(len(scores))
    order = np.argsort(-scores[chosen], kind="stable")[:count]
    chosen = chosen[order]
    return chosen, scores[chosen]


def write_lists(path: Path, vectors: NDArray[np.int8], scales: NDArray[np.float32]) -> None:
    """Inverted lists over 8-bit vectors (faiss IVF, SQ8), trained on a fixed sample."""
    faiss = _faiss()
    count, dimension = vectors.shape
    lists = int(4 * np.sqrt(count))
    quantizer = faiss.IndexFlatIP(dimension)
    index = faiss.IndexIVFScalarQuantizer(
        quantizer, dimension, lists, faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT
    )
    index.cp.niter = 8
    sample = np.sort(np.random.default_rng(0).permutation(count)[:TRAINED_ON])
    index.train(vectors[sample].astype(np.float32) * scales[sample, None])
    for start in range(0, count, TRAINED_ON):
        part = slice(start, start + TRAINED_ON)
        index.add(vectors[part].astype(np.float32) * scales[part, None])
    faiss.write_index(index, str(path))


def _read_lists(path: Path) -> Any:
    faiss = _faiss()
    try:
        index = faiss.read_index(str(path), faiss.IO_FLAG_MMAP | faiss.IO_FLAG_READ_ONLY)
    except RuntimeError:
        raise InputError(
            "the index is damaged (vectors.faiss cannot be read)",
            where=f"knowledge base {path.parent.parent.name}",
            remedy="remove the base and add its documents again",
        ) from None
    index.nprobe = PROBES
    return index


def _faiss() -> Any:
    try:
        import faiss
    except ImportError:
        raise InputError(
            f"a base of more than {EXACT_BELOW} chunks needs faiss",
            where="kb",
            remedy="pip install 'havoc[kb]'",
        ) from None
    return faiss
