"""A new generation of an index: kept documents are copied, new ones are cut and counted."""

from __future__ import annotations

import os
import zlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from havoc.files import sync_file, write_atomic
from havoc.rag.chunks import Chunk
from havoc.rag.index import (
    ARRAYS,
    BLOCK_CHUNKS,
    FORMAT,
    VECTOR_ARRAYS,
    DocumentRecord,
    EmbedderIdentity,
    Index,
    Manifest,
)
from havoc.rag.vectors import EXACT_BELOW, write_lists
from havoc.rag.words import key_of, words_of


class NewDocument(msgspec.Struct, kw_only=True):
    """A document ready to be stored.

    ``vectors``: (windows, dimension), rows of length one; ``windows``: how many each chunk has.
    """

    record: DocumentRecord
    chunks: list[Chunk]
    vectors: NDArray[np.float32] | None = None
    windows: list[int] = []


def indexed_text(title: str, chunk: Chunk, text: str = "") -> str:
    """What is counted of a chunk: its headings and its words; what is embedded of a window."""
    return "\n".join([": ".join([title, *chunk.section]), text or chunk.text])


def write_generation(
    folder: Path,
    old: Index | None,
    kept: Sequence[DocumentRecord],
    new: Sequence[NewDocument],
    embedder: EmbedderIdentity | None,
) -> None:
    """Write ``folder`` whole and durable; its manifest comes last."""
    folder.mkdir(parents=True)
    order = np.concatenate(
        [np.arange(record.first, record.first + record.count) for record in kept]
        or [np.zeros(0, np.int64)]
    ).astype(np.int64)
    arrays = _texts(folder, old, kept, new)
    fresh = [chunk for document in new for chunk in document.chunks]
    counted = [
        Counter(words_of(indexed_text(document.record.title, chunk)))
        for document in new
        for chunk in document.chunks
    ]
    total = len(order) + len(fresh)
    lengths = np.array([sum(words.values()) for words in counted], np.int32)
    if old is not None:
        lengths = np.concatenate([np.asarray(old.array("lengths"))[order], lengths])
    arrays["lengths"] = lengths.astype(np.int32)
    arrays.update(_postings(old, order, counted, total))
    if embedder is not None:
        arrays.update(_vectors(old, order, new, embedder.dimension))
    for name in (*ARRAYS, *(VECTOR_ARRAYS if embedder is not None else ())):
        np.save(folder / f"{name}.npy", arrays[name], allow_pickle=False)
    if embedder is not None and total > EXACT_BELOW:
        write_lists(folder / "vectors.faiss", arrays["vectors"], arrays["scales"])
    documents, first = [], 0
    for record in [*kept, *(document.record for document in new)]:
        documents.append(msgspec.structs.replace(record, first=first))
        first += record.count
    files = {}
    for path in sorted(folder.iterdir()):
        sync_file(path)
        files[path.name] = path.stat().st_size
    manifest = Manifest(
        format=FORMAT, embedder=embedder, documents=documents, chunks=total, files=files
    )
    write_atomic(folder / "manifest.json", msgspec.json.encode(manifest))


def _texts(
    folder: Path, old: Index | None, kept: Sequence[DocumentRecord], new: Sequence[NewDocument]
) -> dict[str, NDArray[Any]]:
    """Blocks of kept documents byte by byte, then those of the new ones."""
    starts: list[tuple[int, int]] = []
    chunk = position = 0
    with open(folder / "texts.bin", "wb") as file:
        if old is not None:
            blocks = np.asarray(old.array("blocks"))
            stored = (old.folder / "texts.bin").read_bytes()
            for record in kept:
                ends = [record.first, record.first + record.count]
                low, high = np.searchsorted(blocks[:, 0], ends)
                for block in range(int(low), int(high)):
                    data = stored[int(blocks[block, 1]) : int(blocks[block + 1, 1])]
                    starts.append((chunk + int(blocks[block, 0]) - record.first, position))
                    position += file.write(data)
                chunk += record.count
        for document in new:
            for start in range(0, len(document.chunks), BLOCK_CHUNKS):
                part = document.chunks[start : start + BLOCK_CHUNKS]
                starts.append((chunk, position))
                position += file.write(zlib.compress(msgspec.msgpack.encode(part), 9))
                chunk += len(part)
        file.flush()
        os.fsync(file.fileno())
    return {"blocks": np.array([*starts, (chunk, position)], np.int64)}


def _postings(
    old: Index | None, order: NDArray[np.int64], counted: list[Counter[str]], total: int
) -> dict[str, NDArray[Any]]:
    """Old postings renumbered and new ones, sorted by word and then by chunk."""
    keys = [np.fromiter((key_of(word) for word in words), np.uint64) for words in counted]
    counts = [np.fromiter(words.values(), np.int64) for words in counted]
    chunks = [np.full(len(part), len(order) + number, np.int64) for number, part in enumerate(keys)]
    if old is not None and len(order):
        renumbered = np.full(len(old), -1, np.int64)
        renumbered[order] = np.arange(len(order))
        held = renumbered[np.asarray(old.array("chunks")).astype(np.int64)]
        starts = np.asarray(old.array("starts"), np.int64)
        spans = starts[1:] - starts[:-1]
        stays = held >= 0
        keys.append(np.repeat(np.asarray(old.array("terms")), spans)[stays])
        chunks.append(held[stays])
        counts.append(np.asarray(old.array("counts")).astype(np.int64)[stays])
    key = np.concatenate([np.zeros(0, np.uint64), *keys])
    chunk = np.concatenate([np.zeros(0, np.int64), *chunks])
    count = np.concatenate([np.zeros(0, np.int64), *counts])
    sort = np.lexsort((chunk, key))
    terms, starts = np.unique(key[sort], return_index=True)
    return {
        "terms": terms,
        "starts": np.append(starts, len(sort)).astype(np.int64),
        "chunks": chunk[sort].astype(np.uint16 if total <= 65_536 else np.int32),
        "counts": np.minimum(count[sort], 255).astype(np.uint8),
    }


def _vectors(
    old: Index | None, order: NDArray[np.int64], new: Sequence[NewDocument], dimension: int
) -> dict[str, NDArray[Any]]:
    """Int8 rows with one factor each: the largest component of a row becomes 127."""
    rows = [np.zeros((0, dimension), np.int8)]
    scales = [np.zeros(0, np.float32)]
    counts = [np.zeros(0, np.int64)]
    if old is not None and len(order):
        owners = np.asarray(old.array("owners"))
        spans = np.bincount(owners, minlength=len(old))
        starts = np.append(0, np.cumsum(spans))
        kept = np.repeat(starts[order] - np.cumsum(np.append(0, spans[order][:-1])), spans[order])
        kept += np.arange(len(kept))
        rows.append(np.asarray(old.array("vectors"))[kept])
        scales.append(np.asarray(old.array("scales"))[kept])
        counts.append(spans[order])
    for document in new:
        assert document.vectors is not None
        scale = np.abs(document.vectors).max(axis=1, initial=1e-9) / 127.0
        rows.append(np.rint(document.vectors / scale[:, None]).astype(np.int8))
        scales.append(scale.astype(np.float32))
        counts.append(np.array(document.windows, np.int64))
    windows = np.concatenate(counts)
    return {
        "vectors": np.concatenate(rows),
        "scales": np.concatenate(scales),
        "owners": np.repeat(np.arange(len(windows)), windows).astype(np.int32),
    }
