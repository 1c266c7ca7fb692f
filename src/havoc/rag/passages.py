"""What a search returns: passages with the sentence that answers best, as an exact span."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple

import msgspec

from havoc.rag.words import words_of

Ranking = Literal["hybrid", "bm25", "embeddings"]


class Passage(msgspec.Struct, kw_only=True):
    """A chunk that was found. ``text[start:end] == quote``, the sentence nearest to the query.

    ``score`` is the fused one; ``bm25`` and ``cosine`` are what it was fused from.
    ``flagged`` says that the text speaks to a language model; it is shown, never obeyed.
    """

    id: str
    base: str
    document: str
    title: str
    section: list[str]
    page: int
    source: str
    licence: str
    text: str
    score: float
    bm25: float
    cosine: float | None
    quote: str = ""
    start: int = 0
    end: int = 0
    flagged: bool = False

    @property
    def place(self) -> str:
        """Title, section and page on one line."""
        parts = [self.title, *self.section[-2:]]
        return " › ".join(parts) + (f", p. {self.page}" if self.page else "")


class Found(msgspec.Struct, kw_only=True):
    """Passages, best first; how they were ranked, and what was missing for more."""

    passages: list[Passage]
    ranking: Ranking
    note: str = ""


_END = re.compile(r"(?<=[.?!])[\"')\]]*\s+(?=[\"'(\[]?[A-Z0-9`*$\\])|\n+")
_ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|etc|cf|vs|fig|eq|no|dr|mr|st|al|approx|ref|sec|ch|p|pp|vol)|(?<!&)\b[A-Z])\.$",
    re.IGNORECASE,
)


def sentences(text: str) -> Iterator[tuple[int, int]]:
    """Spans of the sentences of ``text``, line ends included as ends."""
    start = 0
    for match in _END.finditer(text):
        before = text[max(start, match.start() - 8) : match.start()]
        if "\n" not in match[0] and _ABBREVIATION.search(before):
            continue
        yield from _trimmed(text, start, match.start())
        start = match.end()
    yield from _trimmed(text, start, len(text))


def _trimmed(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if text.startswith("- ", start):
        start += 2
    if end > start:
        yield start, end


class Closeness(NamedTuple):
    """The sentence with most of the weight of the query's words, and how close these stand.

    ``share`` is the part of that weight, 0 to 1, that two neighbouring sentences hold together.
    """

    start: int
    end: int
    share: float


def closeness(text: str, weights: Mapping[str, float]) -> Closeness:
    """How close the words of a query stand in ``text``; the first sentence at a tie."""
    best, best_score, share = (0, min(len(text), 200)), -1.0, 0.0
    total = sum(weights.values()) or 1.0
    # A sentence without the beginning of any of the words need not be taken apart.
    beginnings = {word[:3] for word in weights}
    before: set[str] = set()
    for start, end in sentences(text):
        plain = text[start:end].lower()
        score = 0.0
        here: set[str] = set()
        if any(beginning in plain for beginning in beginnings):
            words = words_of(plain)
            here = weights.keys() & set(words)
            score = sum(weights[word] for word in here) / (1.0 + 0.01 * len(words))
            share = max(share, sum(weights[word] for word in here | before) / total)
        if score > best_score:
            best, best_score = (start, end), score
        before = here
    return Closeness(*best, share)
