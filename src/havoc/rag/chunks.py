"""Documents cut into passages that keep together what stands under one heading.

A passage (chunk) is up to 300 words, enough to be read alone. It carries its section path and
page, and an id that depends on its own words only, so that an edit elsewhere in the document
leaves it alone. It is embedded in windows of about 150 words, which a small sentence encoder
reads whole: the meaning of one paragraph is not drowned by its neighbours.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from itertools import accumulate
from typing import NamedTuple

import msgspec

from havoc.rag.documents import Block, Document
from havoc.text import printable, printable_lines

WINDOW_WORDS = 150
LONGEST_WINDOW = 220
MOST_WORDS = 300
FEWEST_WORDS = 30
LONGEST_WORD = 40
MAX_CHUNKS = 100_000
_SENTENCE_END = re.compile(r"(?<=[.?!])[\"')\]]?\s+(?=[A-Z0-9(\"'`*$])")


class Chunk(msgspec.Struct, array_like=True):
    """One passage. ``section`` is the path of headings above it, ``cuts`` where windows begin."""

    id: str
    section: list[str]
    page: int
    text: str
    cuts: list[int] = []

    def windows(self) -> list[str]:
        """The parts that are embedded one by one, at least one."""
        ends = [*(cut - 1 for cut in self.cuts), len(self.text)]
        return [self.text[start:end] for start, end in zip([0, *self.cuts], ends, strict=True)]


class _Window(NamedTuple):
    section: list[str]
    page: int
    text: str


def chunks_of(document: Document) -> list[Chunk]:
    """The passages of a document in reading order."""
    gathered = _Gathering(document)
    for block in document.blocks:
        if block.kind == "heading":
            gathered.heading(block)
        else:
            for piece in _pieces(block):
                gathered.add(piece, block.page)
    gathered.close()
    chunks: list[Chunk] = []
    seen: dict[str, int] = {}
    for windows in _together(gathered.windows):
        section, page, _ = windows[0]
        texts = [window.text for window in windows]
        key = "\n".join([*section, *texts])
        digest = hashlib.blake2b(key.encode("utf-8", "replace"), digest_size=5).hexdigest()
        repeat = seen.get(digest, 0)
        seen[digest] = repeat + 1
        name = f"{document.id}#{digest}" + (f"-{repeat}" if repeat else "")
        cuts = list(accumulate(len(text) + 1 for text in texts[:-1]))
        chunks.append(Chunk(name, section, page, "\n".join(texts), cuts))
    return chunks[:MAX_CHUNKS]


def _together(windows: list[_Window]) -> Iterator[list[_Window]]:
    """Neighbours under one heading and on one page, as long as they fit into a passage."""
    pending: list[_Window] = []
    count = 0
    for window in windows:
        words = len(window.text.split())
        fits = pending and window[:2] == pending[0][:2] and count + words <= MOST_WORDS
        if pending and not fits:
            yield pending
            pending, count = [], 0
        pending.append(window)
        count += words
    if pending:
        yield pending


class _Gathering:
    def __init__(self, document: Document) -> None:
        self.windows: list[_Window] = []
        self._document = document
        self._path: list[tuple[int, str]] = []
        self._pieces: list[str] = []
        self._words = 0
        self._page = 0
        self._section: list[str] = []

    def heading(self, block: Block) -> None:
        # A section of a few words is kept with the one that follows.
        if self._words >= FEWEST_WORDS:
            self.close()
        while self._path and self._path[-1][0] >= block.level:
            self._path.pop()
        title = printable(block.text, 160)
        if title:
            self._path.append((block.level, title))
        if self._pieces and title:
            self._pieces.append(title)
        else:
            self._section = self._sections()

    def add(self, piece: str, page: int) -> None:
        count = len(piece.split())
        if self._words and self._words + count > WINDOW_WORDS:
            self.close()
        if not self._pieces:
            self._section, self._page = self._sections(), page
        self._pieces.append(piece)
        self._words += count
        if self._words >= WINDOW_WORDS:
            self.close()

    def close(self) -> None:
        text = "\n".join(self._pieces).strip()
        self._pieces, self._words = [], 0
        if not text:
            return
        self.windows.append(_Window(self._section, self._page, text))

    def _sections(self) -> list[str]:
        return [title for _, title in self._path if title != self._document.title]


def _pieces(block: Block) -> list[str]:
    """The block as it is, or cut at sentence ends (then at words) where it is too long."""
    text = printable_lines(block.text).strip() if block.kind == "code" else printable(block.text)
    if block.kind == "item" and text:
        text = f"- {text}"
    if len(text.split()) <= LONGEST_WINDOW and len(text) <= 12 * LONGEST_WINDOW:
        return [text] if text else []
    if block.kind == "code":
        return _grouped(text.split("\n"), "\n")
    return _grouped(_SENTENCE_END.split(text), " ")


def _grouped(parts: list[str], joint: str) -> list[str]:
    groups: list[str] = []
    current: list[str] = []
    count = 0
    for part in (short for whole in parts for short in _cut(whole)):
        words = len(part.split())
        if current and count + words > WINDOW_WORDS:
            groups.append(joint.join(current))
            current, count = [], 0
        current.append(part)
        count += words
    return [*groups, joint.join(current)] if current else groups


def _cut(part: str) -> list[str]:
    """A part without sentence ends, by words; a word without end, by characters."""
    words = [
        word[start : start + LONGEST_WORD]
        for word in part.split(" ")
        for start in range(0, max(len(word), 1), LONGEST_WORD)
    ]
    if len(words) <= LONGEST_WINDOW:
        return [part] if len(words) == len(part.split(" ")) else [" ".join(words)]
    return [
        " ".join(words[start : start + WINDOW_WORDS])
        for start in range(0, len(words), WINDOW_WORDS)
    ]
