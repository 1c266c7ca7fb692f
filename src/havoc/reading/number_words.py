"""Numbers in words: "fifty", "twenty-five", "ten thousand", "one and a half".

The digits stand where the words stood and blanks fill the rest, so that every
position in the text stays what it was.
"""

from __future__ import annotations

import re

_ONES = {
    word: value
    for value, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
        "fifteen sixteen seventeen eighteen nineteen".split()
    )
}
_TENS = {
    word: 10 * value
    for value, word in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), 2)
}
_SCALES = {"dozen": 12, "hundred": 100, "thousand": 1000, "million": 1_000_000}
_UNIT_WORD = "|".join([*_ONES, *_TENS])
_WORDS = re.compile(
    rf"(?<![\w-])(?:(?P<half>(?:(?P<whole>{'|'.join(_ONES)}|a)\s+and\s+a\s+)?half)"
    rf"|(?P<words>(?:(?:{_UNIT_WORD})(?:[\s-](?:{'|'.join(_ONES)}))?(?:\s(?:{'|'.join(_SCALES)})){{0,2}}"
    rf"|a\s(?:{'|'.join(_SCALES)}))))(?![\w-])",
    re.IGNORECASE,
)


def with_digits(text: str, *, one: bool = True) -> str:
    """``text`` of the same length with numbers in digits; "one" is left unless ``one``."""

    def digits(match: re.Match[str]) -> str:
        value = _half(match["whole"]) if match["half"] else float(_value(match["words"]))
        if not one and value == 1 and not match["half"]:
            return match[0]
        written = f"{value:g}" if value < 1e6 else f"{value:.0f}"
        return written.ljust(len(match[0])) if len(written) <= len(match[0]) else match[0]

    return _WORDS.sub(digits, text)


# "two sided", "three way", "two sample t": words of a method
_METHOD = re.compile(
    r"\s+(?:sided|tailed|way|samples?\s+(?:t|z|test)|factor|level|proportions?|points?)\b",
    re.IGNORECASE,
)


def as_digits(text: str) -> str:
    """``text`` of the same length with whole counts in digits.

    "one" and "half" stay, and so do the words of a method ("two sample t test").
    """

    def digits(match: re.Match[str]) -> str:
        if match["half"] or _METHOD.match(text, match.end()):
            return match[0]
        value = _value(match["words"])
        written = str(value)
        return written.ljust(len(match[0])) if value != 1 else match[0]

    return _WORDS.sub(digits, text)


_FRACTION = re.compile(
    r"\b(?:(?P<half>half)|(?:one|a)\s+(?P<one>third|quarter|fifth|sixth|tenth)"
    r"|(?P<two>two)\s+thirds|(?P<three>three)\s+quarters)\b",
    re.IGNORECASE,
)
_PARTS = {"third": 3, "quarter": 4, "fifth": 5, "sixth": 6, "tenth": 10}


def fraction_in_words(text: str) -> tuple[float, int, int] | None:
    """The first fraction in words ("one third", "half") with its place."""
    match = _FRACTION.search(text)
    if match is None:
        return None
    if match["half"]:
        value = 0.5
    elif match["one"]:
        value = 1 / _PARTS[match["one"].lower()]
    else:
        value = 2 / 3 if match["two"] else 0.75
    return value, match.start(), match.end()


def _half(whole: str | None) -> float:
    if whole is None:
        return 0.5
    return _ONES.get(whole.lower(), 1) + 0.5


def _value(words: str) -> int:
    total = 0
    for word in re.split(r"[\s-]", words.lower()):
        if word in _SCALES:
            total = max(total, 1) * _SCALES[word]
        else:
            total += _ONES.get(word, _TENS.get(word, 0))
    return total
