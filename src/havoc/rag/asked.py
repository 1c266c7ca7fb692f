"""What a question asks about: its telling words, the forms they may have, and typing errors.

The words of a question are not always those of a document: a gauge is a gage, a spec is a
specification, a p value is a p-value, and "diffrence" was typed in a hurry.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from string import ascii_lowercase

import msgspec

from havoc.rag.knowledge_base import KnowledgeBase
from havoc.rag.words import words_of

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
        "s t don won isn aren isnt dont doesnt cant wont arent im pls plz thx thanks even ok customer "
        "wot wat hows gonna line pros cons bad need needed go come"
    )
)
# Words that a reader takes for the same, by their stems.
_SAME = (
    ("gaug", "gage", "guag"),
    ("centr", "center"),
    ("spec", "specif", "specifi"),
    ("random", "randomis", "randomiz"),
    ("analys", "analyz"),
    ("proof", "prove"),
    ("stdev", "stddev", "sd"),
    ("reproduc", "reproducibilti"),
    ("confound", "alias"),
    ("shewhart", "shewart"),
)
# What is said in short and written out in documents.
_WRITTEN_OUT = {
    "spec": "specification",
    "specs": "specification",
    "ccd": "central composite design CCD",
    "bbd": "Box-Behnken design",
    "dsd": "definitive screening design",
    "ofat": "one factor at a time OFAT",
    "ci": "confidence interval",
    "pi": "prediction interval",
    "ti": "tolerance interval",
    "grr": "gage R&R",
    "sd": "standard deviation",
    "stdev": "standard deviation",
    "r2": "R squared",
    "r²": "R squared",
    "s/n": "signal-to-noise",
    "htc": "hard to change",
    "h0": "null hypothesis",
    "fwer": "family-wise error rate",
}
_SHORT = re.compile(
    rf"(?<![\w/])(?:{'|'.join(sorted(map(re.escape, _WRITTEN_OUT), key=len, reverse=True))})(?![\w/])",
    re.IGNORECASE,
)
_FIRST_KIND = re.compile(r"\btype[ -](?:i|1|one)\b", re.IGNORECASE)
_SECOND_KIND = re.compile(r"\btype[ -](?:ii|2|two)\b", re.IGNORECASE)
# A letter and a word are one name in documents, with a hyphen or without: p value, t test, I-MR.
_SINGLE = re.compile(r"\$?\b((?:[B-HJ-Zb-hj-z](?=[$ -])|[Ii](?=-)))\$?[ -](?=([A-Za-z]{2,}))")
# Names with figures that say what is meant: ISO 13485, 8D, 5S.
_NUMBERED = re.compile(
    r"\b(?:ISO|IEC|EN|DIN|ASTM|ANSI|MIL|IATF|IPC|CFR|AS)\b[^\d\n]{0,12}(\d[\d.-]*\d)|\b(\d+[A-Z])\b"
)
SHORTEST_CORRECTED = 6
LEAST_HELD = 3


class Asked(msgspec.Struct, kw_only=True):
    """A question as it was read.

    ``text`` is what is searched for; ``weights`` are the telling words with their rarity, ``forms``
    the stems by which a text may have one of them, ``corrected`` what was typed and what was read.
    """

    text: str
    weights: dict[str, float]
    forms: dict[str, frozenset[str]]
    corrected: dict[str, str]

    @property
    def asking(self) -> frozenset[str]:
        """Words that ask and say nothing of what is asked about."""
        return _ASKING

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
    """Read a question by the words that ``bases`` know."""
    text, corrected = _corrected(bases, question)
    text = _SHORT.sub(lambda match: _WRITTEN_OUT[match[0].lower()], text)
    joined = {
        words_of(letter + word)[0]: letter.lower() for letter, word in _SINGLE.findall(text)
    }
    forms: dict[str, frozenset[str]] = {}
    weights: dict[str, float] = {}
    for word in dict.fromkeys(stems(text)):
        if word in _ASKING or not _tells(word):
            continue
        if word not in joined and not _held(bases, word) and _is_composed(word, text):
            continue
        forms[word] = frozenset(_forms(word))
        known = {*forms[word], joined[word]} if word in joined else forms[word]
        weights[word] = _rarity(bases, known)
    searched = " ".join([text, *joined])
    return Asked(text=searched, weights=weights, forms=forms, corrected=corrected)


def stems(text: str) -> list[str]:
    """The stems of a text, with names that ``words_of`` takes apart: type I, p value, ISO 9001, 8D."""
    text = _SECOND_KIND.sub("type-two", _FIRST_KIND.sub("type-one", text))
    found = words_of(text)
    for letter, word in _SINGLE.findall(text):
        found += words_of(letter + word)
    return found + [f"#{(number or short).lower()}" for number, short in _NUMBERED.findall(text)]


def _tells(word: str) -> bool:
    """Figures and single letters say nothing of what is asked, names with figures do."""
    return word[0] == "#" or (len(word) > 1 and any(letter.isalpha() for letter in word))


def _forms(word: str) -> Iterator[str]:
    yield word
    for same in _SAME:
        if word in same:
            yield from same


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
    for typed in dict.fromkeys(re.findall(r"(?<![\w-])[A-Za-z]+(?![\w-])", question)):
        small = typed.lower()
        if len(small) < SHORTEST_CORRECTED or typed.isupper():
            continue
        if any(_held(bases, stem) or stem in _ASKING for stem in words_of(small)):
            continue
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
    """Words with one letter less, more, changed or swapped; the first letter stays (Norvig 2007)."""
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
