"""What a question asks about: its telling words, the forms they may have, and typing errors.

The words of a question are not always those of a document: a gauge is a gage, a spec is a
specification, a p value is a p-value, and "diffrence" was typed in a hurry.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from string import ascii_lowercase

import msgspec

from havoc.rag.knowledge_base import KnowledgeBase
from havoc.rag.naming import ASKING, SINGLE, stems, tells
from havoc.rag.search import MAX_QUERY
from havoc.rag.words import words_of

# Words that a reader takes for the same, by their stems.
_SAME = (
    {"gaug", "gage", "guag"},
    {"centr", "center"},
    {"spec", "specif", "specifi"},
    {"random", "randomis", "randomiz"},
    {"analys", "analyz"},
    {"proof", "prove"},
    {"confound", "alias"},
    {"shewhart", "shewart"},
    {"caus", "causat"},
)
# What is said in short and written out in documents.
_WRITTEN_OUT = {
    "spec": "specification",
    "specs": "specification",
    "ccd": "central composite design CCD",
    "bbd": "Box-Behnken design",
    "dsd": "definitive screening design",
    "ofat": "one factor at a time",
    "ci": "confidence interval",
    "grr": "gage R&R",
    "sd": "standard deviation",
    "stdev": "standard deviation",
    "r2": "R squared",
    "r²": "R squared",
    "r^2": "R squared",
    "r-sq": "R squared",
    "s/n": "signal-to-noise",
    "htc": "hard to change",
    "h0": "null hypothesis",
    "fwer": "family-wise error rate",
    "stat sig": "statistical significance",
}
_LONGEST_FIRST = "|".join(sorted(map(re.escape, _WRITTEN_OUT), key=len, reverse=True))
_SHORT = re.compile(rf"(?<![\w/])(?:{_LONGEST_FIRST})(?![\w/])", re.IGNORECASE)
# "PI" and "TI" are intervals only beside each other: alone they are a number and a metal.
_INTERVALS = {"ci": "confidence", "pi": "prediction", "ti": "tolerance"}
_INTERVAL = re.compile(r"\b(?:ci|pi|ti)s?\b", re.IGNORECASE)
SHORTEST_CORRECTED = 6
MOST_CORRECTED = 8
LEAST_HELD = 3
# Chosen on the tuning part of the explanations and of its questions outside.
RARE_NAME = 2.5
BESIDE_A_NAME = 0.35


class Asked(msgspec.Struct, kw_only=True):
    """A question as it was read.

    ``text`` is what is searched for; ``weights`` are the telling words with their rarity, ``forms``
    the stems by which a text may have one of them, ``about`` the words of the titles that the
    question names, ``corrected`` what was typed and what was read.
    """

    text: str
    weights: dict[str, float]
    forms: dict[str, frozenset[str]]
    about: list[str]
    corrected: dict[str, str]

    def share(self, held: set[str]) -> float:
        """The share of the telling words, weighted by rarity, that ``held`` has."""
        total = sum(self.weights.values())
        if not total:
            return 0.0
        return sum(self.weights[word] for word in self.words_in(held)) / total

    def words_in(self, held: set[str]) -> list[str]:
        """The telling words that ``held`` has in one of their forms."""
        return [word for word in self.weights if not held.isdisjoint(self.forms[word])]


def asked(bases: Sequence[KnowledgeBase], question: str) -> Asked:
    """Read the first 4,000 characters of a question by the words and titles of ``bases``."""
    text, corrected = _corrected(bases, question[:MAX_QUERY])
    text = _written_out(text)
    joined = {words_of(letter + word)[0]: letter.lower() for letter, word in SINGLE.findall(text)}
    forms: dict[str, frozenset[str]] = {}
    weights: dict[str, float] = {}
    for word in dict.fromkeys(stems(text)):
        if word in ASKING or not tells(word):
            continue
        if word not in joined and not _held(bases, word) and _is_composed(word, text):
            continue
        forms[word] = _forms(word)
        written_apart = word in joined and _held(bases, word) < LEAST_HELD
        known = {*forms[word], joined[word]} if written_apart else forms[word]
        weights[word] = _rarity(bases, known)
    about = _about(bases, forms, weights)
    if about:
        weights = {
            word: weight if word in about or word[0] == "#" else BESIDE_A_NAME * weight
            for word, weight in weights.items()
        }
    return Asked(
        text=" ".join([text, *joined]),
        weights=weights,
        forms=forms,
        about=about,
        corrected=corrected,
    )


def _written_out(text: str) -> str:
    intervals = {match.lower()[:2] for match in _INTERVAL.findall(text)}
    if len(intervals) > 1:
        text = _INTERVAL.sub(lambda match: f"{_INTERVALS[match[0].lower()[:2]]} interval", text)
    return _SHORT.sub(lambda match: _WRITTEN_OUT[match[0].lower()], text)


def _about(
    bases: Sequence[KnowledgeBase],
    forms: dict[str, frozenset[str]],
    weights: dict[str, float],
) -> list[str]:
    """The words of the question that name titles, in its order; a name of common words is none."""
    every = {form for several in forms.values() for form in several}
    named: set[str] = set()
    for base in bases:
        for name in base.names.within(every):
            words = {word for word in forms if not name.isdisjoint(forms[word])}
            if sum(weights[word] for word in words) >= RARE_NAME:
                named |= words
    return [word for word in forms if word in named]


def _forms(word: str) -> frozenset[str]:
    return frozenset({word}).union(*(same for same in _SAME if word in same))


def _is_composed(word: str, text: str) -> bool:
    """Is it only the hyphenated form of words that are counted by themselves as well?"""
    return any(
        word in words_of(match) and len(words_of(match)) > 1
        for match in re.findall(r"\w+(?:[-']\w+)+", text)
    )


def _held(bases: Sequence[KnowledgeBase], word: str) -> int:
    return sum(base.index.held(word) for base in bases if base.index is not None)


def _rarity(bases: Sequence[KnowledgeBase], words: Iterable[str]) -> float:
    """Of the most frequent form in the first base that holds anything."""
    index = next((base.index for base in bases if base.index is not None and len(base.index)), None)
    return min((index.rarity(word) for word in words), default=0.0) if index is not None else 0.0


def _corrected(bases: Sequence[KnowledgeBase], question: str) -> tuple[str, dict[str, str]]:
    """The question with words that no document has put right, where one letter is wrong."""
    corrected: dict[str, str] = {}
    tried = 0
    for typed in dict.fromkeys(re.findall(r"(?<![\w-])[A-Za-z]+(?![\w-])", question)):
        small = typed.lower()
        if len(small) < SHORTEST_CORRECTED or typed.isupper():
            continue
        found = words_of(small)
        if not found or any(_held(bases, stem) or stem in ASKING for stem in found):
            continue
        tried += 1
        if tried > MOST_CORRECTED:
            break
        known = {
            near: held
            for near in _one_letter_off(small)
            if (held := sum(_held(bases, stem) for stem in words_of(near))) >= LEAST_HELD
        }
        if known:
            corrected[typed] = max(known, key=lambda near: (known[near], near))
    for typed, meant in corrected.items():
        question = re.sub(rf"\b{typed}\b", meant, question)
    return question, corrected


def _one_letter_off(word: str) -> set[str]:
    """Words with one letter less, more, changed or swapped, the first one kept (Norvig 2007)."""
    found = set()
    for place in range(1, len(word) + 1):
        before, after = word[:place], word[place:]
        found |= {before + letter + after for letter in ascii_lowercase}
        if after:
            found.add(before + after[1:])
            found |= {before + letter + after[1:] for letter in ascii_lowercase}
        if len(after) > 1:
            found.add(before + after[1] + after[0] + after[2:])
    return found - {word}
