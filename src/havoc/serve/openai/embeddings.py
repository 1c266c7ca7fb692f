"""POST /v1/embeddings: texts as vectors, by the embedder of the knowledge base."""

from __future__ import annotations

import msgspec
from fastapi import Request
from starlette.responses import Response

from havoc.rag.embedder import MiniLM, installed
from havoc.serve.leaving import unless_left
from havoc.serve.openai.bodies import EmbeddingsBody
from havoc.serve.openai.objects import EMBEDDER
from havoc.serve.problems import Problem
from havoc.serve.services import Services

DIMENSION = MiniLM.identity.dimension


class _Embedded(msgspec.Struct):
    """What the worker made. The vectors are passed on as they came and not read again."""

    embeddings: list[msgspec.Raw]
    tokens: int


async def embeddings(body: EmbeddingsBody, request: Request, services: Services) -> Response:
    """A vector of length one a text. Problem 503 where the embedder is not installed."""
    if not installed():
        raise Problem(
            503,
            "the embedder is not installed",
            kind="no-embedder",
            remedy='pip install "havoc[kb]" on the server, and start it again',
        )
    if body.dimensions not in (None, DIMENSION):
        raise Problem(400, f"vectors have {DIMENSION} components", parameter="dimensions")
    task = {"task": "embed", "texts": body.texts, "form": body.encoding_format}
    try:
        computed = await unless_left(request, services.compute(task))
    except Problem as problem:
        if problem.kind != "too-costly":
            raise
        raise Problem(
            400, "the texts take too long", kind="too-costly", parameter="input",
            remedy="send fewer at once",
        ) from None  # fmt: skip
    made = msgspec.json.decode(computed, type=_Embedded)
    reply = {
        "object": "list",
        "data": [
            {"object": "embedding", "index": index, "embedding": vector}
            for index, vector in enumerate(made.embeddings)
        ],
        "model": EMBEDDER,
        "usage": {"prompt_tokens": made.tokens, "total_tokens": made.tokens},
    }
    return Response(msgspec.json.encode(reply), media_type="application/json")
