"""Stems and names: how the words of a question and of a document are compared.

``stems`` is finer than the words of the index: a letter and a word are one name (p value, t
test), and so are the kind of an error and a numbered standard. The names of a base are the titles
of its documents; a question that has one of them is about it, whatever it says beside.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from havoc.rag.words import words_of

ASKING = frozenset(
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
        "s t don won isn aren isnt dont doesnt cant wont arent aint im pls plz thx thanks even ok "
        "customer wot wat hows gonna line pros cons bad need needed go come said says told him her "
        "someone people guy guys chap auditor reviewer trainee trainees apprentice apprentices "
        "manager supplier buyer client engineer engineers technician students catch matter matters "
        "way ways better best worse wrong right true allowed permitted permissible okay fine "
        "insists insist grasp confused confuse basically yesterday am he she no again nobody "
        "everybody everyone anyone magic deal options legitimate stand stands signify express "
        "circumstances grounds situation respect notwithstanding bit quick quickly kind sort "
        "talk talking heard hear read wrote write train training"
    )
)
# A letter and a word are one name in documents, with a hyphen or without: p value, t test, I-MR.
SINGLE = re.compile(
    r"\$?(?<!['’])\b((?:[B-HJ-Zb-hj-z](?=[$ -])|[Ii](?=-)))\$?[ -](?=([A-Za-z]{2,}))"
)
_FIRST_KIND = re.compile(r"\btype[ -](?:i|1|one)\b", re.IGNORECASE)
_SECOND_KIND = re.compile(r"\btype[ -](?:ii|2|two)\b", re.IGNORECASE)
_R_AND_R = re.compile(r"\br ?(?:&|and|n) ?r\b", re.IGNORECASE)
# Names with figures that say what is meant: ISO 13485, 8D, 5S.
_NUMBERED = re.compile(
    r"\b(?:ISO|IEC|EN|DIN|ASTM|ANSI|MIL|IATF|IPC|CFR|AS)\b[^\d\n]{0,12}(\d[\d.-]*\d)|\b(\d+[A-Z])\b"
)
_JOINTS = re.compile(r"[(),;:/]|\b(?:or|and|versus|vs)\b", re.IGNORECASE)


def stems(text: str) -> list[str]:
    """The stems of a text, with names that ``words_of`` takes apart: type I, p value, R&R, 8D."""
    text = _SECOND_KIND.sub("type-two", _FIRST_KIND.sub("type-one", text))
    text = _R_AND_R.sub("r&r randr", text)
    found = words_of(text)
    for letter, word in SINGLE.findall(text):
        found += words_of(letter + word)
    return found + [f"#{(number or short).lower()}" for number, short in _NUMBERED.findall(text)]


def tells(word: str) -> bool:
    """Figures and single letters say nothing of what is asked, names with figures do."""
    return word[0] == "#" or (len(word) > 1 and any(letter.isalpha() for letter in word))


def names_in(heading: str) -> list[frozenset[str]]:
    """A heading as the names that it holds, each by its stems, the whole of it first.

    ``ndc (number of distinct categories)`` holds three: all of it, what stands before the
    bracket and what stands in it.
    """
    parts = dict.fromkeys([heading, *_JOINTS.split(heading)])
    found = (
        frozenset(word for word in stems(part) if tells(word) and word not in ASKING)
        for part in parts
    )
    return list(dict.fromkeys(name for name in found if name))


class Names:
    """The names in the titles of a base, to be found by the stems of a question."""

    def __init__(self, titles: Iterable[str]) -> None:
        self._by_word: dict[str, set[frozenset[str]]] = {}
        for title in titles:
            for name in names_in(title):
                for word in name:
                    self._by_word.setdefault(word, set()).add(name)

    def within(self, words: set[str]) -> set[frozenset[str]]:
        """The names all of whose stems are in ``words``."""
        near = (self._by_word.get(word, set()) for word in words)
        return {name for names in near for name in names if name <= words}
