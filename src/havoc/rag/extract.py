"""Questions answered in sentences of the passages, each with its place; nothing is rephrased.

What is not covered is said. ``unsupported`` is the check that the audit makes: a sentence
stands only if it is, word for word, the quote that it cites, and the quote stands in its passage.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import msgspec
import numpy as np

from havoc.rag.knowledge_base import KnowledgeBase
from havoc.rag.passages import Found, Passage, sentences, speaks_to_model
from havoc.rag.search import search_bases
from havoc.rag.words import words_of

PASSAGES = 10
MOST_SENTENCES = 4
EMBEDDED = 12
# Chosen on the tuning part of the retrieval set and its questions about other matters.
LEAST_COVERED = 0.50
LEAST_COSINE = 0.42
WHOLLY_COVERED = 0.90
LEAST_SENTENCE = 0.40
_ASKING = frozenset(
    words_of(
        "what whats difference differ distinguish mean means meaning explain define definition "
        "when why how use used using work works choose simple simply words word term plain english "
        "between versus vs which interpret please kindly tell say one sentence paragraph short "
        "briefly keep eli5 like im explanation practical reason purpose point good advantage role "
        "sense understand describe elaborate hi hello hey dear morning question stupid maybe "
        "colleague boss actually exactly really ever does doing same thing always law only habit "
        "should must need prefer instead also still just get give gives got see seen call called "
        "mix each time help anybody someone something two three four five me us ask asks asking "
        "asked want wants know never every make makes let lets idea thought advise recommend etc "
        "s t don won isn aren"
    )
)
_UNQUOTABLE = re.compile(
    r"^sources?\b|\?$|\b(?:figure|table|below|above|following|this (?:chapter|section|book|page)|"
    r"next section|previous section|let's|we will|we'll|see also|click|exercise|in R\b|the enter|"
    r"command)\b|:$|\\begin|\\\[|>>>|\.\.\.|doi|http|[<>{}|]|\[\d+\]|\(\d{4}\)",
    re.IGNORECASE,
)
_DEFINITION = re.compile(
    r"(?:(?:an?|the) )?([^.;:]{2,60}?),?(?: (?:introduced|also|often|sometimes)[^.;:]{0,60}?)? "
    r"(?:is (?:an?|the|called)|are (?:an?|the)|means|measures|compares|shows|refers to|describes) ",
    re.IGNORECASE,
)
_DANGLING = re.compile(
    r"^(?:this|that|these|those|it|its|they|he|she|but|and|so|or|also|however|thus|therefore|hence|"
    r"here|then|again|similarly|okay|ok|now|well|instead|for example|for instance|in this|in that|"
    r"in our|suppose|notice|note|let|recall|consider|such|again|yes|no|i|my|we|our)\b",
    re.IGNORECASE,
)


class CitedSentence(msgspec.Struct, kw_only=True):
    """A sentence of the answer: ``passage.text[start:end]``."""

    text: str
    passage: Passage
    start: int
    end: int
    score: float


class Explanation(msgspec.Struct, kw_only=True):
    """An extractive answer; no sentences mean that the bases do not hold it.

    ``covered`` is the share of the question's telling words, weighted by rarity, that the
    sentences and their headings have; ``missing`` are those that no passage has.
    """

    sentences: list[CitedSentence]
    covered: float
    missing: list[str]
    found: Found


def explain_from(bases: Sequence[KnowledgeBase], question: str) -> Explanation:
    """Answer ``question`` in sentences of ``bases``. Raises InputError as search does."""
    found = search_bases(bases, question, PASSAGES)
    weights = _telling_words(bases, question)
    usable = [passage for passage in found.passages if not passage.flagged]
    everywhere = set().union(*(_held(passage) for passage in usable)) if usable else set()
    missing = sorted(word for word in weights if word not in everywhere)
    cosines = [passage.cosine for passage in usable if passage.cosine is not None]
    # A terse question (a name and little else) is near to nothing in meaning, but one passage
    # may hold all its words.
    whole = any(_share(_held(passage), weights) >= WHOLLY_COVERED for passage in usable)
    near = not cosines or max(cosines) >= LEAST_COSINE or whole
    chosen: list[CitedSentence] = []
    if usable and near and weights and _share(everywhere, weights) >= LEAST_COVERED:
        chosen = _choose(_candidates(bases, question, usable, weights), weights)
    covered = set().union(*(_held(item.passage, item.text) for item in chosen)) if chosen else set()
    if _share(covered, weights) < LEAST_COVERED:
        chosen = []
    return Explanation(
        sentences=chosen,
        covered=_share(covered, weights) if chosen else 0.0,
        missing=_as_typed(question, missing),
        found=found,
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


def _telling_words(bases: Sequence[KnowledgeBase], question: str) -> dict[str, float]:
    """The words that say what is asked about, with their rarity; a rare pair counts by both."""
    index = next((base.index for base in bases if base.index is not None and len(base.index)), None)
    if index is None:
        return {}
    words = dict.fromkeys(word for word in words_of(question) if word not in _ASKING)
    # Figures and the "n" of a hurried writer say nothing of what is asked.
    return {word: index.rarity(word) for word in words if word.isalpha() and word != "n"}


def _held(passage: Passage, text: str | None = None) -> set[str]:
    """Stems of a passage, or of one of its sentences, with those of its headings."""
    return set(words_of("\n".join([passage.title, *passage.section, text or passage.text])))


def _share(held: set[str], weights: dict[str, float]) -> float:
    total = sum(weights.values())
    return sum(weights[word] for word in weights if word in held) / total if total else 0.0


def _candidates(
    bases: Sequence[KnowledgeBase],
    question: str,
    passages: Sequence[Passage],
    weights: dict[str, float],
) -> list[CitedSentence]:
    """Sentences that can stand alone, scored by words, by meaning and by their passage."""
    found: list[CitedSentence] = []
    for passage in passages:
        for start, end in sentences(passage.text):
            text = passage.text[start:end]
            if not quotable(text):
                continue
            score = 0.6 * _share(set(words_of(text)), weights)
            score += 0.15 * _share(_held(passage, text), weights) + 0.25 * passage.score
            if _defines(text, weights):
                score += 0.25
            found.append(
                CitedSentence(text=text, passage=passage, start=start, end=end, score=score)
            )
    found.sort(key=lambda item: -item.score)
    found = found[:EMBEDDED]
    embedder = bases[0].embedder_at_hand()
    if embedder is not None and found:
        texts = [f"{item.passage.title}: {item.text}" for item in found]
        vectors = embedder.embed([question, *texts])
        for item, cosine in zip(found, np.asarray(vectors[1:] @ vectors[0]), strict=True):
            item.score = 0.5 * item.score + 0.5 * float(cosine)
    for item in found:
        if _DANGLING.match(item.text):
            item.score -= 0.12
    return sorted(found, key=lambda item: -item.score)


def _defines(text: str, weights: dict[str, float]) -> bool:
    """Does it begin with what is asked about and go on with what that is?"""
    subject = _DEFINITION.match(text)
    return subject is not None and _share(set(words_of(subject[1])), weights) >= 0.5


def quotable(text: str) -> bool:
    """Is it a whole sentence of prose that says something without its surroundings?"""
    words = text.split()
    if not 6 <= len(words) <= 60 or not text.endswith((".", "!", ".”", '."', ".)")):
        return False
    if not (text[0].isupper() or text[0].isdigit() or text[0] in '`$“"'):
        return False
    letters = sum(character.isalpha() or character.isspace() for character in text)
    return (
        letters > 0.8 * len(text)
        and not _UNQUOTABLE.search(text)
        and not speaks_to_model(text)
        and sum(word.isupper() and len(word) > 3 for word in words) < 3
    )


def _choose(candidates: Sequence[CitedSentence], weights: dict[str, float]) -> list[CitedSentence]:
    """The best sentence, then those that add words of the question and do not repeat."""
    chosen: list[CitedSentence] = []
    covered: set[str] = set()
    left = list(candidates)
    while left and len(chosen) < MOST_SENTENCES:
        best = max(left, key=lambda item: _gain(item, chosen, covered, weights))
        if best.score < LEAST_SENTENCE and chosen:
            break
        left.remove(best)
        if _gain(best, chosen, covered, weights) < LEAST_SENTENCE - 0.15:
            break
        chosen.append(best)
        covered |= set(words_of(best.text))
    return chosen


def _gain(
    item: CitedSentence,
    chosen: Sequence[CitedSentence],
    covered: set[str],
    weights: dict[str, float],
) -> float:
    words = set(words_of(item.text))
    new = _share(words - covered, weights) if chosen else 0.0
    repeated = max(
        (
            len(words & other) / len(words | other)
            for other in (set(words_of(c.text)) for c in chosen)
        ),
        default=0.0,
    )
    return item.score + 0.4 * new - 0.6 * repeated


def _as_typed(question: str, stems: Sequence[str]) -> list[str]:
    """The words of the question behind ``stems``."""
    typed = re.findall(r"[^\W_][\w'-]*", question)
    return list(
        dict.fromkeys(word for word in typed if any(stem in stems for stem in words_of(word)))
    )
