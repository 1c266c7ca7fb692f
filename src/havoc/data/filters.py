"""Rules that drop a document: too little text, broken text, another language.

The rules follow the quality filters of Gopher (Rae et al. 2021, arXiv:2112.11446, appendix A1)
with far wider limits, because tables, formulas and code are this project's domain: they
drop what is surely no text, not what is merely unlike prose.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from py3langid.langid import MODEL_FILE, LanguageIdentifier

from havoc.errors import InputError

# Language is judged on this many characters, and only where that many letters stand.
_LANGUAGE_SAMPLE = 1000
_LANGUAGE_LETTERS = 150
_NO_LANGUAGE = "zxx"  # what the identifier calls code, keys and the like


class TextView:
    """A text with its words and lines, computed once for all rules."""

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def words(self) -> list[str]:
        return self.text.split()

    @cached_property
    def lines(self) -> list[str]:
        """The lines that are not blank, without surrounding spaces."""
        return [line for line in map(str.strip, self.text.split("\n")) if line]


@dataclass(frozen=True, slots=True)
class Rule:
    """``drops(view)`` says whether a text has the defect that ``name`` names."""

    name: str
    drops: Callable[[TextView], bool]


def is_empty(view: TextView) -> bool:
    """No visible character."""
    return not view.text.strip()


def is_too_short(view: TextView) -> bool:
    """Fewer than 5 words in fewer than 40 characters."""
    return len(view.text) < 40 and len(view.words) < 5


def has_unbroken_words(view: TextView) -> bool:
    """Words of more than 30 characters on average: encoded data or minified code.

    Not judged where most characters take several bytes, as in scripts without spaces.
    """
    if len(view.text.encode("utf-8")) > 1.5 * len(view.text):
        return False
    return len(view.text) > 31 * len(view.words) + len(view.lines)


def is_mostly_symbols(view: TextView) -> bool:
    """Less than 30 % of the visible characters are letters or digits."""
    visible = "".join(view.words)
    return sum(map(str.isalnum, visible)) < 0.3 * len(visible)


def is_garbled(view: TextView) -> bool:
    """More than 1 % replacement characters: decoded with the wrong encoding."""
    return view.text.count("\ufffd") > 0.01 * len(view.text)


def repeats_lines(view: TextView) -> bool:
    """Of at least 10 lines, more than 60 % stand there before."""
    return len(view.lines) >= 10 and len(set(view.lines)) < 0.4 * len(view.lines)


def repeats_itself(view: TextView) -> bool:
    """At least 2000 bytes that compress to less than 5 % of their size."""
    data = view.text.encode("utf-8")
    return len(data) >= 2000 and len(zlib.compress(data, 1)) < 0.05 * len(data)


def trails_off(view: TextView) -> bool:
    """Of at least 10 lines, more than half end in an ellipsis: a page of teasers."""
    ends = sum(line.endswith(("...", "…")) for line in view.lines)
    return len(view.lines) >= 10 and ends > 0.5 * len(view.lines)


QUALITY_RULES = (
    Rule("empty", is_empty),
    Rule("too_short", is_too_short),
    Rule("unbroken_words", has_unbroken_words),
    Rule("mostly_symbols", is_mostly_symbols),
    Rule("garbled", is_garbled),
    Rule("repeated_lines", repeats_lines),
    Rule("repetitive", repeats_itself),
    Rule("trailing_off", trails_off),
)


def language_rule(languages: Sequence[str], threshold: float = 0.8) -> Rule:
    """A rule that drops texts in other languages than ``languages`` (ISO 639-1 codes).

    A text is dropped if another language has a probability of at least ``threshold``, by
    the middle 1000 characters; where fewer than 150 letters stand there (tables,
    formulas) nothing is judged. InputError: an unknown code.
    """
    identifier = _language_identifier()
    unknown = sorted(set(languages) - set(identifier.labels))
    if unknown:
        raise InputError(
            f"unknown language {', '.join(unknown)}",
            where="languages",
            remedy="give two-letter codes such as en, de, fr",
        )
    kept = frozenset((*languages, _NO_LANGUAGE))

    def is_other_language(view: TextView) -> bool:
        start = max(0, (len(view.text) - _LANGUAGE_SAMPLE) // 2)
        sample = view.text[start : start + _LANGUAGE_SAMPLE]
        if sum(map(str.isalpha, sample)) < _LANGUAGE_LETTERS:
            return False
        language, probability = identifier.classify(sample)
        return language not in kept and bool(probability >= threshold)

    return Rule("language", is_other_language)


@lru_cache(maxsize=1)
def _language_identifier() -> LanguageIdentifier:
    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def judge(text: str, rules: Sequence[Rule] = QUALITY_RULES) -> str | None:
    """The name of the first rule that drops ``text``, or None if it is kept."""
    view = TextView(text)
    for rule in rules:
        if rule.drops(view):
            return rule.name
    return None
