"""An embeddings endpoint with the protocol of OpenAI (``POST …/embeddings``), for who has one.

It is never used unless it is named: texts leave the machine.
"""

from __future__ import annotations

import hashlib
import http.client
import os
import ssl
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import msgspec
import numpy as np
from numpy.typing import NDArray

from havoc.errors import InputError
from havoc.rag.embedder import clean, unit_rows
from havoc.rag.index import EmbedderIdentity
from havoc.text import printable

BATCH = 64
SECONDS = 60
MAX_ANSWER = 256_000_000
KEY_VARIABLE = "HAVOC_EMBEDDINGS_KEY"


class _Row(msgspec.Struct):
    embedding: list[float]
    index: int = -1


class _Rows(msgspec.Struct):
    data: list[_Row]


class RemoteEmbedder:
    """``base_url`` such as http://localhost:8000/v1; the key comes from the environment.

    The first call asks for one vector, whose length is the dimension.
    """

    def __init__(self, base_url: str, model: str) -> None:
        address = urlsplit(base_url)
        if address.scheme not in ("http", "https") or not address.hostname or address.username:
            raise InputError(
                "is no endpoint", where=printable(base_url, 80), remedy="give http(s)://host/v1"
            )
        self._address = address
        self._model = model
        self.identity = EmbedderIdentity(
            name=f"{printable(model, 100)} at {address.hostname}",
            dimension=self._ask(["dimension"]).shape[1],
            digest=hashlib.blake2b(model.encode(), digest_size=8).hexdigest(),
        )

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        parts = [
            self._ask([clean(text) or " " for text in texts[start : start + BATCH]])
            for start in range(0, len(texts), BATCH)
        ]
        empty = np.zeros((0, self.identity.dimension), np.float32)
        joined = np.concatenate([empty, *parts])
        return unit_rows(joined)

    def _ask(self, texts: list[str]) -> NDArray[np.float32]:
        body = msgspec.json.encode({"model": self._model, "input": texts})
        headers = {"Content-Type": "application/json"}
        if key := os.environ.get(KEY_VARIABLE):
            headers["Authorization"] = f"Bearer {key}"
        where = f"embeddings at {self._address.hostname}"
        try:
            connection = self._connection()
            connection.request(
                "POST", f"{self._address.path.rstrip('/')}/embeddings", body, headers
            )
            answer = connection.getresponse()
            content = answer.read(MAX_ANSWER)
            connection.close()
        except (OSError, http.client.HTTPException, ssl.SSLError) as error:
            raise InputError(
                f"does not answer ({printable(error, 100)})", where=where, remedy="check it runs"
            ) from None
        if answer.status != 200:
            said = printable(content[:200].decode("utf-8", "replace"), 160)
            raise InputError(f"answers {answer.status} {said}", where=where, remedy="check it")
        try:
            rows = msgspec.json.decode(content, type=_Rows).data
            if all(row.index >= 0 for row in rows):
                rows = sorted(rows, key=lambda row: row.index)
            vectors = np.array([row.embedding for row in rows], np.float32)
        except (msgspec.DecodeError, ValueError):
            raise InputError("answers no embeddings", where=where, remedy="check it") from None
        expected: Any = getattr(self, "identity", None)
        if (
            vectors.ndim != 2
            or len(vectors) != len(texts)
            or not np.isfinite(vectors).all()
            or (expected is not None and vectors.shape[1] != expected.dimension)
        ):
            raise InputError("answers vectors of a wrong shape", where=where, remedy="check it")
        return vectors

    def _connection(self) -> http.client.HTTPConnection:
        host = self._address.hostname or ""
        if self._address.scheme == "https":
            return http.client.HTTPSConnection(host, self._address.port, timeout=SECONDS)
        return http.client.HTTPConnection(host, self._address.port, timeout=SECONDS)
