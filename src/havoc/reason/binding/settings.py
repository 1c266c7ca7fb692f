"""Settings at which to predict, and responses to read back, in a question about a model."""

from __future__ import annotations

import re
from itertools import pairwise

from havoc.reading.question import Series
from havoc.reason.binding.evidence import Evidence
from havoc.reason.binding.pairs import span
from havoc.reason.binding.response import name_pattern

_NUMBER = re.compile(
    r"(?<![\w.\-±])(-?(?:\d++(?:\.\d++)?|\.\d++))(?![\d.]*\d)\s*([^\W\d_][\w/µ°²³]*|%|°\s?[CFK]?)?"
)
_NOT_A_SETTING = re.compile(
    r"\s*+(?:(?:%|percent|pct)\s*+)?(?:more|extra|additional|less|times|points?|st\b|nd\b|rd\b|th\b|conf\w*|ci\b|pi\b|band|limits?|interval|level|sure|certain\w*)",
    re.IGNORECASE,
)
_NAME_BEFORE = re.compile(
    r"(?:\b(?:per|every|each|extra|additional|slide|part|drawing|report|page|batch|lot|no\.?|degree|deg|order|figure|table|rev|run|phase|alpha|power)\s*|#)$",
    re.IGNORECASE,
)
_AT = re.compile(
    r"(?:\b(?:at|for|when|if|by|predict\w*|put|set|with|use|dose|after|in|until|till|on|past|bei|nach|für|dla|po|pour|pentru|para|per|à|a)\s+(?:(?:it|we|i|to|is|the|at|for|a|an|about|put|x)\s+){0,3}(?:(?!least|most|all|any)[a-z]+\s+)?|\bx\s*(?:=|of|is)?\s*)$",
    re.IGNORECASE,
)
_X_IS = re.compile(r"(?<!\w)x\s*=\s*$", re.IGNORECASE)
_Y_IS = re.compile(r"(?<!\w)y\s*=\s*$", re.IGNORECASE)
_REACHES = re.compile(
    r"\b(?:cross(?:es)?|reach(?:es)?|hits?|(?:falls?|drops?|goes|gets?)\s+(?:to|below|under)|exceeds?)\s+(?:the\s+)?$",
    re.IGNORECASE,
)
_ALSO = re.compile(r"\s*+(?:(?:[^\W\d_][\w/µ°²³]*|%|°\s?[CFK]?)\s*+)?(?:,|and|or|&|,\s*and)\s*")
_READ_BACK = re.compile(
    r"\b(?:gave|gives?|reads?|reading|for|at|of|target|want|need|get|achieve|to|is|=|signal)\s+(?:a\s+|an\s+)?$",
    re.IGNORECASE,
)


class _Free:
    """A number outside the lists, with the words around it."""

    def __init__(self, match: re.Match[str], text: str) -> None:
        self.value = float(match[1])
        self.start, self.end = match.span(1)
        self.word = (match[2] or "").lower()
        self.before = text[max(0, self.start - 40) : self.start]
        self.after = text[self.end : self.end + 24]
        self.source = f"question[{self.start}:{self.end}]"


def _free_numbers(evidence: Evidence, used: list[Series]) -> list[_Free]:
    text = evidence.reading.plain
    spans = [place for item in used if (place := span(item))]
    for block in evidence.reading.blocks:
        spans += [(item.start, item.end) for item in block.lists if len(item.values) > 2]
    spans += [
        (item.start, item.end)
        for item in evidence.reading.scalars
        if item.role in {"alpha", "power", "degree", "seed"}
        or (item.role == "confidence" and item.fraction >= 0.5)
    ]
    found = []
    for match in _NUMBER.finditer(text):
        start = match.start(1)
        if any(a <= start < b for a, b in spans):
            continue
        number = _Free(match, text)
        if not _NOT_A_SETTING.match(number.after) and not _NAME_BEFORE.search(number.before):
            found.append(number)
    return found


def asked_of(
    evidence: Evidence, x: Series, y: Series
) -> tuple[list[tuple[float, str]], tuple[float, str] | None]:
    """(settings of x at which to predict, response to read back)."""
    settings: list[tuple[float, str]] = []
    target: tuple[float, str] | None = None
    last = 0
    low, high = min(x.numbers), max(x.numbers)
    reach = high - low
    for number in _free_numbers(evidence, [x, y]):
        near_x, near_y = _near(number, x), _near(number, y)
        inside = low - reach <= number.value <= high + 2 * reach
        read_back = near_y and _READ_BACK.search(number.before)
        joined = settings and _ALSO.fullmatch(evidence.reading.plain[last : number.start])
        if _Y_IS.search(number.before) or (
            not near_x and (_REACHES.search(number.before) or read_back)
        ):
            target = target or (number.value, number.source)
        elif (
            _X_IS.search(number.before)
            or (near_x and not near_y and (_AT.search(number.before) or inside))
            or (_AT.search(number.before) and inside and not near_y)
            or (joined and not near_y)
        ):
            last = number.end
            settings.append((number.value, number.source))
    return list(dict.fromkeys(settings)), target


def _near(number: _Free, item: Series) -> bool:
    """Does the number carry the unit or the name of a variable?"""
    if item.unit and number.word and number.word.rstrip("s") == item.unit.lower().rstrip("s"):
        return True
    words = number.before.rstrip().split()[-3:]
    name = name_pattern(item.name)
    if name and (
        re.match(name, number.word, re.IGNORECASE)
        or (words and re.search(rf"{name}\s*(?:=|of|is)?$", " ".join(words), re.IGNORECASE))
    ):
        return True
    plain = item.name.lower().split()
    return bool(number.word) and any(
        token.rstrip("s") == number.word.rstrip("s") for token in plain
    )


def asked_settings(evidence: Evidence, predictors: list[Series]) -> dict[int, tuple[float, str]]:
    """For several predictors: position → setting, only if every predictor has one."""
    found: dict[int, tuple[float, str]] = {}
    numbers = _free_numbers(evidence, predictors)
    for index, item in enumerate(predictors):
        for number in numbers:
            if _near(number, item) and index not in found:
                found[index] = number.value, number.source
    if len(found) == len(predictors):
        return found
    text = evidence.reading.plain
    for first, number in enumerate(numbers):
        following = numbers[first : first + len(predictors)]
        if len(following) < len(predictors) or not _AT.search(number.before):
            continue
        joined = all(
            re.fullmatch(
                r"\s*(?:[^\W\d_][\w/µ°²³]*|%|°\s?[CFK]?)?\s*(?:,|and|;|/)?\s*",
                text[a.end : b.start],
            )
            for a, b in pairwise(following)
        )
        if joined:
            return {index: (item.value, item.source) for index, item in enumerate(following)}
    return {}
