"""A named base of documents: add, update, remove, search, export."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from havoc.errors import HavocError, InputError
from havoc.files import write_atomic
from havoc.instructions import speaks_to_model
from havoc.rag import embedder as embedding
from havoc.rag import store
from havoc.rag.chunks import Chunk, chunks_of
from havoc.rag.documents import Document, files_below, read_document
from havoc.rag.embedder import Embedder
from havoc.rag.index import DocumentRecord, EmbedderIdentity
from havoc.rag.naming import Names
from havoc.rag.passages import Found, Ranking
from havoc.rag.search import search_bases
from havoc.rag.vectors import Neighbours
from havoc.rag.writing import NewDocument, indexed_text, write_generation

COMMIT_EVERY = 4_096
EMBED_AT_ONCE = 64
Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done and how much there is."""


class AddReport(msgspec.Struct, kw_only=True):
    """What became of the documents given: ids by outcome, and errors in one line each."""

    added: list[str] = []
    updated: list[str] = []
    unchanged: list[str] = []
    refused: list[str] = []
    warnings: list[str] = []


class KnowledgeBase:
    """A base as it was when it was opened; ``add`` and ``remove`` bring it up to date.

    ``embedder`` None means the one of the package where it is installed. A base is bound to the
    embedder that it was created with: with another one, search and add are errors.
    """

    def __init__(self, name: str, place: Path, embedder: Embedder | None = None) -> None:
        self.name = name
        self._place = place
        self._given = embedder
        self._load()

    def _load(self) -> None:
        self.index = store.open_current(self._place)
        self.__dict__.pop("neighbours", None)
        self.__dict__.pop("names", None)

    @classmethod
    def open(
        cls,
        name: str = store.BUILTIN,
        *,
        home: Path | None = None,
        embedder: Embedder | None = None,
    ) -> KnowledgeBase:
        """An existing base. Raises InputError: none of that name, damaged, another embedder."""
        base = cls(name, store.place_of(name, home), embedder)
        if base.index is None:
            raise InputError(
                f"there is no knowledge base {name!r}",
                where="kb",
                remedy=f"there are {', '.join(store.names(home))}; havoc kb add makes a new one",
            )
        return base

    @classmethod
    def create(
        cls, name: str, *, home: Path | None = None, embedder: Embedder | None = None,
        words_only: bool = False,
    ) -> KnowledgeBase:  # fmt: skip
        """A new, empty base. ``words_only`` makes one without vectors.

        Raises InputError: the name is taken or none, the embedder is not installed.
        """
        place = store.place_of(name, home)
        with store.writing(place):
            if store.current(place) is not None:
                raise InputError(
                    "there is one already", where=f"knowledge base {name}", remedy="add to it"
                )
            identity = None
            if not words_only:
                embedder = embedder or embedding.default_embedder()
                identity = embedder.identity
            generation = store.new_generation(place)
            write_generation(generation, None, [], [], identity)
            store.put_in_force(place, generation)
        return cls(name, place, embedder)

    # --- what it holds ---

    def documents(self) -> list[DocumentRecord]:
        """The documents with title, source, licence and number of chunks."""
        return list(self.index.manifest.documents) if self.index is not None else []

    def document_text(self, id: str) -> list[Chunk]:
        """The chunks of a document in order. Raises InputError: there is none of that id."""
        record = self._record(id)
        assert self.index is not None
        return [self.index.chunk(record.first + offset) for offset in range(record.count)]

    def _record(self, id: str) -> DocumentRecord:
        record = next((item for item in self.documents() if item.id == id), None)
        if record is None:
            raise InputError(
                f"there is no document {id!r}",
                where=f"knowledge base {self.name}",
                remedy=f"see havoc kb list {self.name}",
            )
        return record

    @property
    def embedder_identity(self) -> EmbedderIdentity | None:
        return self.index.manifest.embedder if self.index is not None else None

    # --- searching ---

    @property
    def without_vectors(self) -> str:
        """Why meaning cannot be searched, or an empty string where it can."""
        if self.embedder_identity is None:
            return f"the base {self.name} was made without embeddings: only words are compared"
        if self._given is None and not embedding.installed():
            return (
                "the embedder is not installed, so only words are compared; "
                f"{embedding.INSTALL} adds it"
            )
        return ""

    def search(self, query: str, k: int = 5, *, ranking: Ranking | None = None) -> Found:
        """The ``k`` best passages; see :func:`havoc.rag.search.search_bases`."""
        return search_bases([self], query, k, ranking=ranking)

    def query_vector(self, query: str) -> NDArray[np.float32]:
        """The embedded query, shape (dimension,)."""
        return np.asarray(self._embedder().embed([query])[0], np.float32)

    @cached_property
    def neighbours(self) -> Neighbours:
        assert self.index is not None
        lists = "vectors.faiss"
        return Neighbours(
            self.index.array("vectors"),
            self.index.array("scales"),
            self.index.array("owners"),
            self.index.folder / lists if lists in self.index.manifest.files else None,
        )

    @cached_property
    def names(self) -> Names:
        """What the titles of the documents name."""
        return Names(record.title for record in self.documents())

    def embedder_at_hand(self) -> Embedder | None:
        """The embedder of this base, or None where meaning cannot be searched."""
        return None if self.without_vectors else self._embedder()

    def passage_text(self, id: str) -> str:
        """The text of a passage. Raises InputError: there is none of that id."""
        for chunk in self.document_text(id.rpartition("#")[0]):
            if chunk.id == id:
                return chunk.text
        raise InputError(
            f"there is no passage {id!r}",
            where=f"knowledge base {self.name}",
            remedy="search again; its document has changed",
        )

    def _embedder(self) -> Embedder:
        embedder: Embedder = self._given or embedding.default_embedder()
        recorded = self.embedder_identity
        if recorded is not None and embedder.identity != recorded:
            raise InputError(
                f"was indexed with {recorded.name} ({recorded.digest}), and "
                f"{embedder.identity.name} ({embedder.identity.digest}) is at hand",
                where=f"knowledge base {self.name}",
                remedy="use that embedder, or add the documents to a new base",
            )
        return embedder

    # --- changing ---

    def add(
        self, items: Iterable[str | os.PathLike[str] | Document], *, id: str = "", title: str = "",
        source: str = "", licence: str = "", progress: Progress | None = None,
    ) -> AddReport:  # fmt: skip
        """Add files, folders or documents; one whose id is known takes the place of the old.

        A document that has not changed is left as it is. One that cannot be read is named in
        ``refused`` and does not stop the others. Every few thousand chunks are committed.
        """
        report = AddReport()
        documents = self._read(items, report, id, title, source, licence)
        with store.writing(self._place):
            self._load()
            known = {record.id: record for record in self.documents()}
            pending: list[NewDocument] = []
            for document in documents:
                self._prepare(document, known, pending, report)
                if sum(item.record.count for item in pending) >= COMMIT_EVERY:
                    self._commit(pending, (), progress)
                    pending = []
            if pending or self.index is None:
                self._commit(pending, (), progress)
        return report

    def _read(
        self, items: Iterable[str | os.PathLike[str] | Document], report: AddReport, id: str,
        title: str, source: str, licence: str,
    ) -> Iterable[Document]:  # fmt: skip
        for item in items:
            if isinstance(item, Document):
                yield item
                continue
            for file, name in files_below(item):
                try:
                    yield read_document(
                        file, id=id or name, title=title, source=source, licence=licence
                    )
                except HavocError as error:
                    report.refused.append(str(error))

    def _prepare(
        self, document: Document, known: dict[str, DocumentRecord], pending: list[NewDocument],
        report: AddReport,
    ) -> None:  # fmt: skip
        chunks = chunks_of(document)
        digest = hashlib.blake2b(
            msgspec.json.encode([document.title, document.source, document.licence, chunks]),
            digest_size=12,
        ).hexdigest()
        record = DocumentRecord(
            id=document.id,
            title=document.title,
            source=document.source,
            licence=document.licence,
            digest=digest,
            first=0,
            count=len(chunks),
            flagged=sum(speaks_to_model(chunk.text) for chunk in chunks),
            warnings=document.warnings,
        )
        earlier = known.get(document.id)
        if earlier is not None and earlier.digest == digest:
            report.unchanged.append(document.id)
            return
        (report.updated if earlier is not None else report.added).append(document.id)
        report.warnings += [f"{document.id}: {warning}" for warning in document.warnings]
        if record.flagged:
            report.warnings.append(
                f"{document.id}: {record.flagged} passages read like instructions to a language "
                "model; they are kept as text, marked, and never quoted in answers"
            )
        known[document.id] = record
        pending[:] = [item for item in pending if item.record.id != document.id]
        pending.append(NewDocument(record=record, chunks=chunks))

    def remove(self, ids: Sequence[str]) -> None:
        """Remove documents. Raises InputError, and removes none, where an id is not there."""
        with store.writing(self._place):
            self._load()
            for id in ids:
                self._record(id)
            self._commit([], ids, None)

    def delete(self) -> None:
        """Remove the base itself."""
        with store.writing(self._place):
            (self._place / "CURRENT").unlink(missing_ok=True)
        shutil.rmtree(self._place, ignore_errors=True)
        self.index = None

    def _commit(
        self, new: list[NewDocument], removed: Sequence[str], progress: Progress | None
    ) -> None:
        identity = self.embedder_identity
        if identity is not None and new:
            self._embed(new, progress)
        replaced = {item.record.id for item in new} | set(removed)
        kept = [record for record in self.documents() if record.id not in replaced]
        generation = store.new_generation(self._place)
        try:
            write_generation(generation, self.index, kept, new, identity)
            store.put_in_force(self._place, generation)
        except OSError as error:
            raise InputError(
                f"cannot be written ({error.strerror or error})",
                where=f"knowledge base {self.name}",
                remedy="free some space; what was there before is unchanged",
            ) from None
        finally:
            if store.current(self._place) != generation:
                shutil.rmtree(generation, ignore_errors=True)
        self._load()

    def _embed(self, new: list[NewDocument], progress: Progress | None) -> None:
        """Vectors of the new windows; one that an updated document keeps, keeps its own."""
        embedder = self._embedder()
        texts = [
            [indexed_text(item.record.title, chunk, window) for window in chunk.windows()]
            for item in new
            for chunk in item.chunks
        ]
        total, done = sum(map(len, texts)), 0
        of_chunk = iter(texts)
        for item in new:
            item.windows = []
            wanted: list[str] = []
            for _ in item.chunks:
                windows = next(of_chunk)
                item.windows.append(len(windows))
                wanted += windows
            known = self._known_vectors(item.record)
            missing = [text for text in dict.fromkeys(wanted) if text not in known]
            for start in range(0, len(missing), EMBED_AT_ONCE):
                part = missing[start : start + EMBED_AT_ONCE]
                known |= dict(zip(part, embedder.embed(part), strict=True))
                if progress is not None:
                    progress(item.record.id, done + start + len(part), total)
            done += len(wanted)
            item.vectors = np.array([known[text] for text in wanted], np.float32).reshape(
                len(wanted), embedder.identity.dimension
            )

    def _known_vectors(self, record: DocumentRecord) -> dict[str, NDArray[np.float32]]:
        """What the index holds of an earlier state of a document: vectors by embedded text."""
        earlier = next((item for item in self.documents() if item.id == record.id), None)
        if earlier is None or self.index is None:
            return {}
        owners = self.index.array("owners")
        span = slice(*np.searchsorted(owners, [earlier.first, earlier.first + earlier.count]))
        rows = np.asarray(self.index.array("vectors")[span], np.float32)
        rows = rows * np.asarray(self.index.array("scales")[span])[:, None]
        texts = [
            indexed_text(earlier.title, chunk, window)
            for chunk in self.document_text(record.id)
            for window in chunk.windows()
        ]
        return dict(zip(texts, rows, strict=True))

    # --- handing on ---

    def export(self, path: str | os.PathLike[str]) -> int:
        """Write all passages as JSON lines with document, source and licence; their number."""
        lines: list[bytes] = []
        for record in self.documents():
            for chunk in self.document_text(record.id):
                line: dict[str, Any] = {
                    "id": chunk.id,
                    "document": record.id,
                    "title": record.title,
                    "section": chunk.section,
                    "page": chunk.page,
                    "text": chunk.text,
                    "source": record.source,
                    "licence": record.licence,
                }
                lines.append(msgspec.json.encode(line) + b"\n")
        write_atomic(path, b"".join(lines))
        return len(lines)
