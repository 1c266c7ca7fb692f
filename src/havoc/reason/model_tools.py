"""The three tools that a language model may call, with the knowledge base as one of them.

    {"tool": "rag_helper", "args": {"query": "When is Ppk lower than Cpk?", "top_k": 3}}

``python_math`` and ``dsl_executor`` are those of :mod:`havoc.tools.facade`. What ``rag_helper``
returns is text to be quoted: it holds no call, and nothing in it is carried out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from havoc.errors import HavocError
from havoc.reading.table import Table
from havoc.tools.facade import ERROR_LIMIT, decoded_call, envelope, facade_schemas

RAG_HELPER = "rag_helper"
MOST_REFERENCES = 20


class RagArguments(msgspec.Struct, forbid_unknown_fields=True):
    """What ``rag_helper`` takes."""

    query: str
    top_k: int = 3


def call_tool(
    call: str | bytes | Mapping[str, Any],
    data: Mapping[str, Table] | None = None,
    *,
    knowledge: Sequence[str] = (),
) -> dict[str, Any]:
    """Carry one call out and wrap what comes back; an error is told, not raised.

    ``knowledge`` names bases beside the built-in one.
    """
    try:
        decoded = decoded_call(call)
        if decoded.tool != RAG_HELPER:
            return envelope(call, data)
        arguments = msgspec.convert(decoded.args, RagArguments)
        result = references(arguments.query, arguments.top_k, knowledge)
    except msgspec.ValidationError as error:
        return _failed(f"{RAG_HELPER}: {str(error).replace('`', '')}")
    except HavocError as error:
        return _failed(str(error))
    return {"status": "success", "result": result, "error": None, "metadata": {"tool": RAG_HELPER}}


def tool_schemas() -> dict[str, dict[str, Any]]:
    """The three tools as a model is told about them."""
    return facade_schemas() | {
        RAG_HELPER: {
            "description": "Passages of the knowledge base, with their source, to be quoted.",
            "parameters": msgspec.json.schema(RagArguments),
        }
    }


def references(query: str, top_k: int = 3, knowledge: Sequence[str] = ()) -> dict[str, Any]:
    """{"query", "references": [{"text", "score", "source", …}], "count", "ranking", "note"}."""
    from havoc.rag import search_bases
    from havoc.reason.concepts import open_bases

    found = search_bases(open_bases(knowledge), query, min(max(top_k, 1), MOST_REFERENCES))
    told = [
        {
            "id": passage.id,
            "title": passage.place,
            "text": passage.text,
            "quote": passage.quote,
            "score": passage.score,
            "source": passage.source,
            "licence": passage.licence,
            "flagged": passage.flagged,
        }
        for passage in found.passages
    ]
    return {
        "query": query,
        "references": told,
        "count": len(told),
        "ranking": found.ranking,
        "note": found.note,
    }


def _failed(error: str) -> dict[str, Any]:
    return {"status": "failure", "result": None, "error": error[:ERROR_LIMIT], "metadata": {}}
