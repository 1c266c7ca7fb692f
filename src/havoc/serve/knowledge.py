"""What a worker process does with knowledge bases and the embedder. Bases are read, never changed.

Documents are untrusted: their words are handed on as text, beside their source and licence.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from havoc.errors import HavocError
from havoc.rag import DocumentRecord, KnowledgeBase, default_embedder, names
from havoc.text import printable


def list_bases() -> list[dict[str, Any]]:
    """Every base with what it holds; one that cannot be read with the reason."""
    return [_described(name) for name in names()]


def list_documents(base: str, limit: int, offset: int) -> dict[str, Any]:
    """``limit`` documents from ``offset`` on, and how many there are."""
    records = KnowledgeBase.open(base).documents()
    return {
        "base": base,
        "total": len(records),
        "documents": [_document(record) for record in records[offset : offset + limit]],
    }


def read_document(base: str, identity: str) -> dict[str, Any]:
    """A document as Markdown, its source and licence at the beginning."""
    opened = KnowledgeBase.open(base)
    chunks = opened.document_text(identity)
    record = next(item for item in opened.documents() if item.id == identity)
    parts = [f"# {record.title}", f"Source: {record.source}. Licence: {record.licence}."]
    section: list[str] = []
    for chunk in chunks:
        if chunk.section != section:
            section = chunk.section
            parts += [f"## {' › '.join(section)}"] if section else []
        parts.append(chunk.text)
    return {**_document(record), "text": "\n\n".join(parts) + "\n"}


def search_base(base: str, query: str, k: int) -> dict[str, Any]:
    """The ``k`` best passages, how they were ranked, and what was missing for more."""
    found: dict[str, Any] = msgspec.to_builtins(KnowledgeBase.open(base).search(query, k=k))
    return found


def embed(texts: Sequence[str], form: str) -> dict[str, Any]:
    """Rows of length one and the tokens that were read.

    ``form`` ``float`` gives lists, ``base64`` the bytes of little-endian 32-bit floats.
    """
    embedder = default_embedder()
    rows = embedder.embed(texts).astype("<f4")
    return {
        "embeddings": list(_base64(rows)) if form == "base64" else rows.tolist(),
        "tokens": embedder.count_tokens(texts),
    }


def _base64(rows: Any) -> Iterator[str]:
    for row in rows:
        yield base64.b64encode(row.tobytes()).decode("ascii")


def _described(name: str) -> dict[str, Any]:
    try:
        base = KnowledgeBase.open(name)
    except HavocError as error:
        return {"name": name, "documents": 0, "passages": 0, "note": str(error)}
    passages = sum(record.count for record in base.documents())
    return {
        "name": name,
        "documents": len(base.documents()),
        "passages": passages,
        "note": base.without_vectors,
    }


def _document(record: DocumentRecord) -> dict[str, Any]:
    return {
        "id": record.id,
        "title": printable(record.title),
        "source": printable(record.source),
        "licence": printable(record.licence),
        "passages": record.count,
        "flagged": record.flagged,
        "warnings": [printable(text, 400) for text in record.warnings],
    }
