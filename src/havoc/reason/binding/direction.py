"""Which way an engineer asks: "is B thicker than A", "has it gone up", "did it drop".

A direction makes a test one-sided. The first group of the data is always the
first argument; the direction is turned round when the question speaks about the
second ("is line B worse" with line A listed first).
"""

from __future__ import annotations

import re

from havoc.reading.question import Series
from havoc.reason.binding.evidence import Binding, Evidence

_UP = (
    r"(?:gone|went|come|go)\s+up|higher|greater|more\s+than|above|over(?:\s+the\s+(?:line|limit))?|exceed\w*|"
    r"increas\w*|rais\w*|rise[sn]?|thicker|longer|stronger|heavier|hotter|hot|harder|larger|bigger|taller|slower|"
    r"beats?|at least|superior|majority|tougher|over-?fill\w*"
)
_DOWN = (
    r"(?:gone|went|come|go|came)\s+down|lower|less\s+than|fewer|below|under|reduc\w*|drop\w*|decreas\w*|"
    r"thinner|shorter|weaker|lighter|cooler|softer|smaller|faster|quicker|shortfall|fall\w*\s+short|less|"
    r"under-?fill\w*|not\s+reach|shrink|shrunk"
)
_WORSE, _BETTER = (
    r"worse|poorer|higher\s+risk",
    r"better|improve\w*|helped|help\b|pay\s+off|benefi\w*",
)
_TWO_SIDED = (
    r"two[\s-]?(?:sided|tailed)|either\s+(?:way|direction)|(?:higher|more|above)\s+or\s+(?:lower|less|below)|"
    r"\bdiffer\w*\b(?!.{0,40}\b(?:higher|lower|greater|less)\s+than)"
)
_LESS_ALTERNATIVE = re.compile(
    r"\b(?:h[a1]\s*:?\s*)\S{0,12}\s*<|one[\s-]?sided\s+(?:lower|less)|alternative\W+less"
)
_GREATER_ALTERNATIVE = re.compile(
    r"\b(?:h[a1]\s*:?\s*)\S{0,12}\s*>|one[\s-]?sided\s+(?:upper|greater)|alternative\W+greater"
)
_QUESTION = re.compile(r"[^.!?\n]*\?|[^.!?\n]*$")
_BARE_MORE = re.compile(r"\b(?:does|do|did)\s+[\w\s]{1,24}?\s+(?:more|less)\s*(?:\?|$)")


def one_sample_direction(evidence: Evidence, reference: float | None = None) -> str:
    """``greater``, ``less`` or ``two_sided`` for a comparison with a given value."""
    text = evidence.text
    explicit = _explicit(text)
    if explicit:
        return explicit
    if re.search(r"two[\s-]?(?:sided|tailed)", text):
        return "two_sided"
    asked = _asked(text)
    up, down = _search(_UP, asked), _search(_DOWN, asked)
    if up and not down:
        return "greater"
    if down and not up:
        return "less"
    if up and down:
        return "greater" if up.start() > down.start() else "less"
    return "two_sided"


def two_sample_direction(
    evidence: Evidence, first: str, second: str, *, counts_bad: bool = False
) -> str:
    """Direction of (first minus second)."""
    text = evidence.text
    explicit = _explicit(text)
    if explicit:
        return explicit
    if re.search(_TWO_SIDED, text) and not re.search(r"\bone[\s-]?(?:sided|tailed)", text):
        return "two_sided"
    if _BARE_MORE.search(text):
        return "two_sided"
    asked = _asked(evidence.reading.plain)
    match = _search(_UP, asked)
    sign = 1
    down = _search(_DOWN, asked)
    if down and (match is None or down.start() > match.start()):
        match, sign = down, -1
    if match is None:
        match = _COMPARATIVE.search(asked)
    if match is None and counts_bad:
        worse, better = _search(_WORSE, asked), _search(_BETTER, asked)
        match, sign = (worse, 1) if worse else (better, -1)
    elif match is None:
        match = _search(_BETTER, asked)
    if match is None:
        return "two_sided"
    subject = _subject(asked, match, first, second, text)
    if subject == 0:
        return "two_sided"
    return "greater" if sign * subject > 0 else "less"


def set_direction(binding: Binding, direction: str) -> None:
    if direction != "two_sided":
        binding.set("alternative", direction, "question")


def names_of(binding: Binding, first: Series, second: Series) -> None:
    """Pass the names of two groups on, as the user wrote them."""
    binding.set("name1", first.name or "first", first.source)
    binding.set("name2", second.name or "second", second.source)


def _explicit(text: str) -> str:
    if _LESS_ALTERNATIVE.search(text):
        return "less"
    if _GREATER_ALTERNATIVE.search(text):
        return "greater"
    return ""


def _asked(text: str) -> str:
    """The sentences that ask, without lists of numbers; the whole text if none is marked."""
    questions = [match[0] for match in re.finditer(r"[^.!?\n;:]*(?:\.(?=\d)[^.!?\n;:]*)*\?", text)]
    if questions:
        return " ".join(questions)
    return re.sub(r"(?:[-+]?\d[\d.,]*[\s,;/|]*){3,}", " ", text)


_CHANGE = re.compile(
    r"\b(?:gone|went|come|go|came)\s+(?:up|down)|\b(?:drop\w*|reduc\w*|decreas\w*|increas\w*|improve\w*|fall\w*|fell|rise\w*|rose)\b"
)
"""Words of change over time: they speak about what came second."""
_COMPARATIVE = re.compile(
    r"(?i)\b(?:is|are|was|were|be|come|comes|turn|run|runs)\s+(?:\w+\s+){0,3}?"
    r"(?!(?:other|after|number|paper|under|over|either|whether|never|further|together|another|rather|proper|better|"
    r"filter|operator|per|power|order|later|earlier|former|latter|water|user|matter|differ)\b)([a-z]{3,}er)\b(?!\s+(?:of|and))"
)


def _search(words: str, text: str) -> re.Match[str] | None:
    return re.search(rf"\b(?:{words})\b", text, re.IGNORECASE)


def _subject(text: str, comparison: re.Match[str], first: str, second: str, whole: str) -> int:
    """+1 if the comparison speaks about the first group, -1 about the second, 0 unknown."""
    before = text[: comparison.start()]
    at_first, at_second = _last(before, first, second), _last(before, second, first)
    if at_first >= 0 or at_second >= 0:
        return 1 if at_first > at_second else -1
    after = text[comparison.end() :]
    than_first, than_second = _first(after, first, second), _first(after, second, first)
    if than_first >= 0 or than_second >= 0:
        if than_second >= 0 and (than_first < 0 or than_second < than_first):
            return 1 if "than" in after[: than_second + 1] or re.match(r"\s*than", after) else -1
        return -1 if re.match(r"\s*(?:on\s+average\s+)?than", after) else 1
    ordered = {
        ("before", "after"),
        ("old", "new"),
        ("control", "treated"),
        ("untreated", "treated"),
    }
    for early, late in ordered:
        if first.lower().startswith(early) or second.lower().startswith(late):
            return -1
        if first.lower().startswith(late) or second.lower().startswith(early):
            return 1
    return 0


def _keys(name: str) -> list[str]:
    """The name and its telling words; a single letter counts as written (A, not the article)."""
    words = re.findall(r"[\w\-]+", name)
    telling = [word for word in words if len(word) > 1 or word.isdigit() or word.isupper()]
    return list(dict.fromkeys([name, *telling[-1:], *telling[:1]]))


def _pattern(key: str) -> re.Pattern[str]:
    flags = 0 if len(key) == 1 and key.isupper() else re.IGNORECASE
    return re.compile(rf"(?<![\w]){re.escape(key)}(?![\w])", flags)


def _last(text: str, name: str, other: str) -> int:
    for key in _keys(name):
        if key.lower() in {word.lower() for word in _keys(other)}:
            continue
        found = [match.start() for match in _pattern(key).finditer(text)]
        if found:
            return found[-1]
    return -1


def _first(text: str, name: str, other: str) -> int:
    for key in _keys(name):
        if key.lower() in {word.lower() for word in _keys(other)}:
            continue
        found = _pattern(key).search(text)
        if found:
            return found.start()
    return -1
