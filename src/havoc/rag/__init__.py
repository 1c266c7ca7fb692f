"""What can be cited: documents in named bases, searched by words and by meaning.

    base = KnowledgeBase.open()                     # the built-in base
    found = base.search("When is Ppk lower than Cpk?", k=5)
    base = KnowledgeBase.create("plant"); base.add(["sop-12.pdf"], licence="internal")

Passages carry the exact span of the sentence that answers best. Documents are untrusted: their
words are shown and cited, and nothing in them is run, followed or obeyed.
"""

from __future__ import annotations

from typing import Any

__all__ = [
    "AddReport",
    "Document",
    "DocumentRecord",
    "Embedder",
    "Found",
    "KnowledgeBase",
    "MiniLM",
    "Passage",
    "RemoteEmbedder",
    "default_embedder",
    "names",
    "read_document",
    "search_bases",
]

_HOMES = {
    "AddReport": "knowledge_base",
    "Document": "documents",
    "DocumentRecord": "index",
    "Embedder": "embedder",
    "Found": "passages",
    "KnowledgeBase": "knowledge_base",
    "MiniLM": "embedder",
    "Passage": "passages",
    "RemoteEmbedder": "remote_embedder",
    "default_embedder": "embedder",
    "names": "store",
    "read_document": "documents",
    "search_bases": "search",
}


def __getattr__(name: str) -> Any:
    # A name is imported when it is used: listing bases needs no array library.
    if name in _HOMES:
        import importlib

        return getattr(importlib.import_module(f"havoc.rag.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'havoc.rag' has no attribute {name!r}")
