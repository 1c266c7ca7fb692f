"""One generation of an index on disk, memory-mapped: texts, postings, vectors.

    manifest.json            format, embedder, documents, sizes of the files
    texts.bin                chunks in deflated blocks of up to 16, a block of one document
    blocks.npy               (blocks + 1, 2) first chunk and first byte of every block
    lengths.npy              (chunks,) words counted of a chunk
    terms.npy, starts.npy    (terms,) sorted 64-bit word keys; (terms + 1,) where postings begin
    chunks.npy, counts.npy   (postings,) chunk number; how often the word stands in it, at most 255
    vectors.npy, scales.npy  (windows, dimension) int8; (windows,) factor that gives unit vectors
    owners.npy               (windows,) chunk that a window belongs to, ascending
    vectors.faiss            inverted lists, beyond 50,000 chunks

A generation is never changed once it is named: whoever has it open goes on reading it.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from havoc.errors import InputError
from havoc.rag.chunks import Chunk
from havoc.rag.words import key_of

FORMAT = 1
BLOCK_CHUNKS = 16
MAX_BLOCK = 8_000_000
ARRAYS = ("blocks", "lengths", "terms", "starts", "chunks", "counts")
VECTOR_ARRAYS = ("vectors", "scales", "owners")
K1 = 1.2
B = 0.6


class EmbedderIdentity(msgspec.Struct, frozen=True, kw_only=True):
    """What made the vectors of an index. Vectors of another make cannot be compared."""

    name: str
    dimension: int
    digest: str


class DocumentRecord(msgspec.Struct, kw_only=True):
    """A document as the index keeps it. ``flagged`` counts chunks with instruction-like text."""

    id: str
    title: str
    source: str
    licence: str
    digest: str
    first: int
    count: int
    flagged: int = 0
    warnings: list[str] = []


class Manifest(msgspec.Struct, kw_only=True):
    format: int
    embedder: EmbedderIdentity | None
    documents: list[DocumentRecord]
    chunks: int
    files: dict[str, int]


class Index:
    """A generation, read. Raises InputError where a file is missing, cut or of another format."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.manifest = read_manifest(folder)
        self._arrays: dict[str, NDArray[Any]] = {}
        for name, size in self.manifest.files.items():
            path = folder / name
            if not path.is_file() or path.stat().st_size != size:
                raise damaged(folder, f"{name} is missing or cut")

    def __len__(self) -> int:
        return self.manifest.chunks

    def array(self, name: str) -> NDArray[Any]:
        """A stored array, mapped into memory and not copied."""
        if name not in self._arrays:
            try:
                self._arrays[name] = np.load(
                    self.folder / f"{name}.npy", mmap_mode="r", allow_pickle=False
                )
            except (OSError, ValueError) as error:
                if isinstance(error, ValueError) and len(self) == 0:
                    empty: NDArray[Any] = np.load(self.folder / f"{name}.npy", allow_pickle=False)
                    return empty
                raise damaged(self.folder, f"{name}.npy cannot be read") from None
        return self._arrays[name]

    # --- texts ---

    def chunk(self, number: int) -> Chunk:
        """The text of one chunk, its section and page."""
        blocks = self.array("blocks")
        block = int(np.searchsorted(blocks[:, 0], number, side="right")) - 1
        return self._block(block)[number - int(blocks[block, 0])]

    def _block(self, block: int) -> list[Chunk]:
        blocks = self.array("blocks")
        start, end = int(blocks[block, 1]), int(blocks[block + 1, 1])
        try:
            inflater = zlib.decompressobj()
            plain = inflater.decompress(self._texts[start:end].tobytes(), MAX_BLOCK)
            return msgspec.msgpack.decode(plain, type=list[Chunk])
        except (zlib.error, msgspec.DecodeError):
            raise damaged(self.folder, f"block {block} of texts.bin") from None

    @cached_property
    def _texts(self) -> NDArray[np.uint8]:
        return np.memmap(self.folder / "texts.bin", dtype=np.uint8, mode="r")

    def document_of(self, number: int) -> DocumentRecord:
        """The document that a chunk belongs to."""
        return self.manifest.documents[int(np.searchsorted(self._firsts, number, side="right")) - 1]

    @cached_property
    def _firsts(self) -> NDArray[np.int64]:
        return np.array([record.first for record in self.manifest.documents], np.int64)

    # --- words ---

    def bm25(
        self, words: Sequence[str], rarities: Mapping[str, float] | None = None
    ) -> NDArray[np.float32]:
        """BM25 score of every chunk, shape (chunks,). ``rarities`` default to those of this index.

        Robertson and Zaragoza (2009), The Probabilistic Relevance Framework: BM25 and Beyond,
        section 3; inverse document frequency with one added, so that no word counts against.
        """
        scores = np.zeros(len(self), np.float32)
        for word in words:
            span = self._span(word)
            if span is None:
                continue
            chunks = self.array("chunks")[span].astype(np.intp)
            counts = self.array("counts")[span].astype(np.float32)
            rarity = self.rarity(word) if rarities is None else rarities[word]
            weight = np.float32(rarity * (K1 + 1.0))
            scores[chunks] += weight * counts / (counts + self._norms[chunks])
        return scores

    def rarity(self, word: str) -> float:
        """Inverse document frequency of a word; that of a word that no chunk has is the largest."""
        return rarity(self.held(word), len(self))

    def held(self, word: str) -> int:
        """How many chunks have a word."""
        span = self._span(word)
        return span.stop - span.start if span is not None else 0

    def _span(self, word: str) -> slice | None:
        terms, key = self.array("terms"), np.uint64(key_of(word))
        place = int(np.searchsorted(terms, key))
        if place == len(terms) or terms[place] != key:
            return None
        starts = self.array("starts")
        return slice(int(starts[place]), int(starts[place + 1]))

    @cached_property
    def _norms(self) -> NDArray[np.float32]:
        lengths = np.asarray(self.array("lengths"), np.float32)
        return (K1 * (1.0 - B + B * lengths / max(float(lengths.mean()), 1.0))).astype(np.float32)


def rarity(held: int, total: int) -> float:
    """Inverse document frequency of a word that ``held`` of ``total`` chunks have."""
    return float(np.log1p((total - held + 0.5) / (held + 0.5)))


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a generation. InputError: none, damaged, or of a later format."""
    try:
        manifest = msgspec.json.decode((folder / "manifest.json").read_bytes(), type=Manifest)
    except (OSError, msgspec.DecodeError):
        raise damaged(folder, "manifest.json cannot be read") from None
    if manifest.format != FORMAT:
        raise InputError(
            f"the index has format {manifest.format}, this version reads {FORMAT}",
            where=f"knowledge base {folder.parent.name}",
            remedy="index its documents again with this version",
        )
    return manifest


def damaged(folder: Path, what: str) -> InputError:
    return InputError(
        f"the index is damaged ({what})",
        where=f"knowledge base {folder.parent.name}",
        remedy="remove the base and add its documents again",
    )
