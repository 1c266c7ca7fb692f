"""Which sentences are quoted: they stand alone, say what is asked and do not repeat."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec
import numpy as np

from havoc.instructions import speaks_to_model
from havoc.rag.asked import Asked
from havoc.rag.embedder import Embedder
from havoc.rag.naming import names_in, stems
from havoc.rag.passages import Passage, sentences

MOST_SENTENCES = 4
EMBEDDED = 14
# Chosen on the tuning parts of the retrieval set and of the explanations.
LEAST_SENTENCE = 0.40
LEAST_BESIDE_BEST = 0.70
HEADING = 0.15
FIRST_UNDER_HEADING = 0.15
_UNQUOTABLE = re.compile(
    # what a program does, and references to a place
    r"^sources?\b|^(?:generates?|computes?|performs?|returns?)\b|\w=\w+`|"
    r"\b(?:the syntax|arguments?|dataplot|command|click|the enter|in R|tells? R)\b|"
    r"\b(?:figure|table|the following|exercises?|the remainder of|let's|we will|we'll|see also)\b|"
    r"\b(?:this (?:chapter|section|book|page|text|module)|in our (?:example|case))\b|"
    r"\b(?:(?:next|previous) section)\b|\b(?:below|above)[.,;:)]|^above\b|"
    r"\b(?:as|shown|given|listed|described|discussed|see|from|in|to|the) (?:the )?"
    r"(?:above|below)\b|"
    # questions, announcements, and marks of another language
    r"[?:]$|\\begin|\\\[|\\:|>>>|\.\.\.|doi|http|[<>{}|]|\[\d+\]|\(\d{4}\)",
    re.IGNORECASE,
)
_DEFINITION = re.compile(
    r"(?:(?:an?|the) )?([^.;:]{2,60}?),?(?: (?:introduced|also|often|sometimes)[^.;:]{0,60}?)? "
    r"(?:is (?:an?|the|called|how)|are (?:an?|the)|means?|measures|compares|shows|refers to|"
    r"describes|says) ",
    re.IGNORECASE,
)
_DANGLING = re.compile(
    r"^(?:this|that|these|those|it|its|they|he|she|but|and|so|or|also|however|thus|therefore|hence|"
    r"here|then|again|similarly|okay|ok|now|well|instead|for example|for instance|in this|in that|"
    r"in our|suppose|notice|note|let|recall|consider|such|again|yes|no|i|my|we|our|one question)\b",
    re.IGNORECASE,
)
_CHATTY = re.compile(r"\b(?:I|I'm|I've|I'd|I'll|my|you'd|you've|we've|let me|us|s?he|her|his)\b")


class CitedSentence(msgspec.Struct, kw_only=True):
    """A sentence of the answer: ``passage.text[start:end]``."""

    text: str
    passage: Passage
    start: int
    end: int
    score: float


def held_by(passage: Passage, text: str | None = None) -> set[str]:
    """Stems of a passage, or of one of its sentences, with those of its headings."""
    return set(stems("\n".join([passage.title, *passage.section, text or passage.text])))


def under_heading(passage: Passage, question: Asked) -> float:
    """How much the heading of a passage is what is asked about, 0 to 1.

    The harmonic mean of the share of the question that the heading has and of the heading that
    the question has. A heading of several names is compared name by name: ``ndc (number of
    distinct categories)``.
    """
    heading = passage.section[-1] if passage.section else passage.title
    return max((_alike(name, question) for name in names_in(heading)), default=0.0)


def _alike(name: frozenset[str], question: Asked) -> float:
    covered = question.share(set(name))
    if not covered:
        return 0.0
    asked_for = set().union(*(question.forms[word] for word in question.words_in(set(name))))
    exact = len(name & asked_for) / len(name)
    return 2.0 * covered * exact / (covered + exact)


def candidates(
    question: Asked, passages: Sequence[Passage], embedder: Embedder | None
) -> list[CitedSentence]:
    """Sentences that can stand alone, scored by words, meaning, heading and passage; best first."""
    found: list[CitedSentence] = []
    headings: dict[str, float] = {}
    for passage in passages:
        alike = headings[passage.id] = under_heading(passage, question)
        first = True
        for start, end in sentences(passage.text):
            text = passage.text[start:end]
            if not quotable(text):
                continue
            score = 0.6 * question.share(set(stems(text)))
            score += 0.15 * question.share(held_by(passage, text)) + 0.25 * passage.score
            if _defines(text, question):
                score += 0.25
            score += (HEADING + FIRST_UNDER_HEADING * first) * 2.0 * alike
            first = False
            found.append(
                CitedSentence(text=text, passage=passage, start=start, end=end, score=score)
            )
    found.sort(key=lambda item: -item.score)
    found = found[:EMBEDDED]
    if embedder is not None and found:
        texts = [f"{item.passage.title}: {item.text}" for item in found]
        vectors = embedder.embed([question.text, *texts])
        for item, cosine in zip(found, np.asarray(vectors[1:] @ vectors[0]), strict=True):
            item.score = 0.5 * item.score + 0.5 * float(cosine)
    for item in found:
        if _DANGLING.match(item.text):
            item.score -= 0.12
        if _CHATTY.search(item.text):
            item.score -= 0.08
    return sorted(found, key=lambda item: -item.score)


def _defines(text: str, question: Asked) -> bool:
    """Does it begin with what is asked about and go on with what that is?"""
    subject = _DEFINITION.match(text)
    return subject is not None and question.share(set(stems(subject[1]))) >= 0.5


def quotable(text: str) -> bool:
    """Is it a whole sentence of prose that says something without its surroundings?"""
    words = text.split()
    if not 6 <= len(words) <= 60 or not text.endswith((".", "!", ".”", '."', ".)")):
        return False
    if not (text[0].isupper() or text[0].isdigit() or text[0] in '`$“"' or _NAME.match(text)):
        return False
    letters = sum(character.isalpha() or character.isspace() for character in text)
    return (
        letters > 0.8 * len(text)
        and not _UNQUOTABLE.search(text)
        and not speaks_to_model(text)
        and sum(word.isupper() and len(word) > 3 for word in words) < 3
    )


def choose(ranked: Sequence[CitedSentence], question: Asked) -> list[CitedSentence]:
    """The best sentence, then those that add words of the question and do not repeat."""
    chosen: list[CitedSentence] = []
    covered: set[str] = set()
    left = list(ranked)
    while left and len(chosen) < MOST_SENTENCES:
        best = max(left, key=lambda item: _gain(item, chosen, covered, question))
        left.remove(best)
        if chosen and best.score < max(LEAST_SENTENCE, LEAST_BESIDE_BEST * chosen[0].score):
            break
        if _gain(best, chosen, covered, question) < LEAST_SENTENCE - 0.15:
            break
        chosen.append(best)
        covered |= set(stems(best.text))
    return chosen


def _gain(
    item: CitedSentence, chosen: Sequence[CitedSentence], covered: set[str], question: Asked
) -> float:
    words = set(stems(item.text))
    new = question.share(words - covered) if chosen else 0.0
    repeated = max(
        (
            len(words & other) / len(words | other)
            for other in (set(stems(sentence.text)) for sentence in chosen)
        ),
        default=0.0,
    )
    return item.score + 0.4 * new - 0.6 * repeated


# A name of the trade begins a sentence in small letters: p-value, t test, ndc.
_NAME = re.compile(r"(?:[a-z]-[a-z]+|[a-z]|ndc)\s")
