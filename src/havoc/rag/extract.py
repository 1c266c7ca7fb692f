"""Questions answered in sentences of the passages, each with its place; nothing is rephrased.

What is not covered is said. ``unsupported`` is the check that the audit makes: a sentence
stands only if it is, word for word, the quote that it cites, and the quote stands in its passage.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import msgspec

from havoc.rag.asked import Asked, asked
from havoc.rag.knowledge_base import KnowledgeBase
from havoc.rag.naming import stems
from havoc.rag.passages import Found, Passage
from havoc.rag.quoting import CitedSentence, candidates, choose, held_by, quotable, under_heading
from havoc.rag.search import search_bases

PASSAGES = 10
# Chosen on the tuning part of the retrieval set and its questions about other matters.
LEAST_COVERED = 0.50
LEAST_COVERED_NAMED = 0.40
LEAST_COSINE = 0.42
WHOLLY_COVERED = 0.90
LEAST_HEADING = 0.50


class Explanation(msgspec.Struct, kw_only=True):
    """An extractive answer; no sentences mean that the bases do not hold it.

    ``covered`` is the share of the question's telling words, weighted by rarity, that the
    sentences and their headings have; ``missing`` are those that no passage has; ``corrected``
    are words that were read as others, because one letter of them was taken for wrong;
    ``named`` says how far the heading over the first sentence is what is asked about, 0 to 1.
    """

    sentences: list[CitedSentence]
    covered: float
    missing: list[str]
    found: Found
    corrected: dict[str, str] = {}
    named: float = 0.0


def explain_from(bases: Sequence[KnowledgeBase], question: str) -> Explanation:
    """Answer ``question`` in sentences of ``bases``. Raises InputError as search does."""
    read = asked(bases, question)
    found = _search(bases, read)
    usable = [passage for passage in found.passages if not passage.flagged]
    everywhere = set().union(*(held_by(passage) for passage in usable)) if usable else set()
    # A standard is meant by its number: another one does not answer.
    elsewhere = any(word[0] == "#" and word[-1].isdigit() for word in _without(read, everywhere))
    least = LEAST_COVERED_NAMED if read.about else LEAST_COVERED
    chosen: list[CitedSentence] = []
    if not elsewhere and read.share(everywhere) >= least and _near(usable, read):
        chosen = choose(candidates(read, usable, bases[0].embedder_at_hand()), read)
    covered = (
        set().union(*(held_by(item.passage, item.text) for item in chosen)) if chosen else set()
    )
    if read.share(covered) < least:
        chosen = []
    return Explanation(
        sentences=chosen,
        covered=read.share(covered) if chosen else 0.0,
        missing=_as_typed(question, _without(read, everywhere)),
        found=found,
        corrected=read.corrected,
        named=under_heading(chosen[0].passage, read) if chosen else 0.0,
    )


def _without(read: Asked, held: set[str]) -> list[str]:
    here = read.words_in(held)
    return [word for word in read.weights if word not in here]


def _search(bases: Sequence[KnowledgeBase], read: Asked) -> Found:
    """Passages for the question, and for the names in it alone where it says much beside them."""
    found = search_bases(bases, read.text, PASSAGES)
    if read.about and read.share(set(read.about)) < WHOLLY_COVERED:
        known = {passage.id for passage in found.passages}
        named = search_bases(bases, " ".join(read.about), PASSAGES // 2)
        found.passages += [passage for passage in named.passages if passage.id not in known]
    return found


def _near(passages: Sequence[Passage], read: Asked) -> bool:
    """Is one of the passages about the question: by meaning, by its words, or by its heading?

    A terse question (a name and little else) is near to nothing in meaning, and a chatty one is
    drowned by what it says beside.
    """
    cosines = [passage.cosine for passage in passages if passage.cosine is not None]
    return (
        not cosines
        or max(cosines) >= LEAST_COSINE
        or any(read.share(held_by(passage)) >= WHOLLY_COVERED for passage in passages)
        or any(under_heading(passage, read) >= LEAST_HEADING for passage in passages)
    )


def unsupported(answer: Iterable[tuple[str, str]], quotes: dict[str, tuple[str, str]]) -> list[str]:
    """Why sentences do not stand, one line for each that does not.

    ``answer`` holds (sentence, id of what it cites), ``quotes`` (quote, text of the passage)
    by id. White space alone may differ.
    """
    reasons = []
    for sentence, cited in answer:
        shown = _plain(sentence)
        if cited not in quotes:
            reasons.append(f"cites nothing that is there: {shown[:80]}")
            continue
        quote, text = quotes[cited]
        if not shown or shown != _plain(quote):
            reasons.append(f"is not what {cited} quotes: {shown[:80]}")
        elif _plain(quote) not in _plain(text):
            reasons.append(f"the quote of {cited} does not stand in its passage: {shown[:80]}")
    return reasons


def _plain(text: str) -> str:
    return " ".join(text.split())


def _as_typed(question: str, missing: Sequence[str]) -> list[str]:
    """The words of the question behind the stems in ``missing``."""
    typed = re.findall(r"[^\W_][\w'-]*", question)
    return list(dict.fromkeys(word for word in typed if not set(missing).isdisjoint(stems(word))))


__all__ = ["CitedSentence", "Explanation", "explain_from", "quotable", "unsupported"]
