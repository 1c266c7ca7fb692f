"""Which variable is the response and which the predictor: decided by words, then by order."""

from __future__ import annotations

import re
from itertools import pairwise

from havoc.reading.prose import STOPWORDS, UNITS
from havoc.reading.question import Series
from havoc.reason.binding.evidence import Evidence
from havoc.reason.binding.means import RESPONSE_NAMES
from havoc.reason.binding.pairs import span

MOST_VARIABLES = 50
_GAP = r"[^.?!:;()\n\d]{0,40}?"
_SHORT = r"[^.?!:;,()\n\d]{0,25}?"
_ARTICLE = r"(?:the\s+|our\s+|its\s+|a\s+)?(?:(?!(?:from|by|on|with|and|as|of|using|to|in|for)\b)[a-z]+\s+){0,2}?"
# {0} is the response, {1} the predictor.
_RELATIONS = (
    rf"{{0}}\b{_GAP}\b(?:depends?|dependent|depending)\b{_SHORT}\b(?:up)?on\b{_SHORT}{{1}}",
    rf"{{0}}\b{_GAP}\bas\s+(?:a\s+)?function\s+of\b{_SHORT}{{1}}",
    rf"{{0}}\b{_GAP}\b(?:grows?|rises?|falls?|changes?|var(?:y|ies)|increases?|decreases?|drops?|drifts?|scales?)\b{_SHORT}\bwith\b{_SHORT}{{1}}",
    rf"{{0}}\b{_SHORT}\b(?:explained\s+by|per)\b{_SHORT}{{1}}",
    rf"\b(?:regress\w*|fit|line|plot|curve|trend)\b{_SHORT}{{0}}\b{_SHORT}\b(?:on|over|by|from|to)\b{_SHORT}{{1}}",
    rf"\b(?:effects?|influences?|impact|dependence)\s+of\b{_SHORT}{{1}}\b{_GAP}\b(?:up)?on\b{_SHORT}{{0}}",
    rf"{{1}}\b{_SHORT}\b(?:affects?|influences?|drives?|determines?|predicts?|explains?|reduces?|raises?|makes?)\b{_SHORT}{{0}}",
    rf"\b(?:predict|estimate|guess|expect\w*|anticipate\w*)\s+{_ARTICLE}{{0}}",
)
# Between words only: in "pressure 2 4 6 vs flow 11 19 32" the order of the lists stands.
_VERSUS = rf"{{0}}\b{_SHORT}\b(?:vs\.?|versus|against)\b{_SHORT}{{1}}"


def name_pattern(name: str) -> str | None:
    """A pattern for the mentions of a name: single letters exactly, words by their stem."""
    tokens = [
        token
        for token in re.findall(r"[^\W_]+", name)
        if token.lower() not in STOPWORDS and not token.isdigit()
    ]
    long = [token for token in tokens if len(token) >= 3 and token.lower() not in UNITS]
    letter = rf"|(?<![\w'’])(?-i:{tokens[-1]})(?!\w)" if tokens and len(tokens[-1]) == 1 else ""
    if long:
        stems = "|".join(re.escape(token[: max(4, len(token) - 2)].lower()) for token in long)
        return rf"(?:\b(?:{stems})\w*{letter})"
    short = [token for token in tokens if len(token) <= 3]
    return rf"(?<![\w'’])(?-i:{re.escape(short[-1])})(?!\w)" if short else None


def is_response_name(name: str) -> bool:
    """y, response, result …, alone or as the last word of a label ("weld regression y")."""
    words = name.split()
    return bool(words) and RESPONSE_NAMES.match(words[-1]) is not None


def is_predictor_name(name: str) -> bool:
    words = name.lower().split()
    return bool(words) and re.fullmatch(r"x\d*|predictor|xs", words[-1]) is not None


def orient(evidence: Evidence, first: Series, second: Series) -> tuple[Series, Series]:
    """(x, y) of two lists."""
    if is_response_name(first.name) or is_predictor_name(second.name):
        return second, first
    if is_response_name(second.name) or is_predictor_name(first.name):
        return first, second
    text = evidence.reading.plain
    a, b = name_pattern(first.name), name_pattern(second.name)
    if a and b and a != b:
        told = _without_lists(evidence)
        for relation in (*_RELATIONS, _VERSUS):
            both = "{1}" in relation
            where = text if relation is _VERSUS else told
            hits = [
                re.search(relation.replace("{0}", y).replace("{1}", x), where, re.IGNORECASE)
                for y, x in ((a, b), (b, a))
            ]
            if hits[0] and not hits[1]:
                return second, first
            if hits[1] and not hits[0]:
                return first, second
            if both and hits[0] and hits[1] and hits[0].start() != hits[1].start():
                return (second, first) if hits[0].start() < hits[1].start() else (first, second)
    places = span(first), span(second)
    if places[0] and places[1]:
        between = text[places[0][1] : places[1][0]]
        if re.match(
            r"\s*+(?:[)\]]\s*+)?(?:[a-zµ°%/]{1,6}[\s)]++)?(?:at|over|for|when|after)\b[^.;]{0,30}$",
            between,
            re.IGNORECASE,
        ):
            return second, first
    if _even(second) and not _even(first) and not _rising(first):
        return second, first
    return first, second


def _without_lists(evidence: Evidence) -> str:
    """The sentence around the lists: "the loss (1.1 1.9 mg) grows with time (10 20 d)"."""
    text = evidence.reading.plain
    for block in reversed(evidence.reading.blocks):
        for item in reversed(block.lists):
            text = text[: item.start] + text[item.end :]
    return re.sub(r"\([^()]{0,60}\)", " ", text)


def _even(item: Series) -> bool:
    """Settings that were chosen: rising in equal steps."""
    values = item.numbers
    steps = [after - before for before, after in pairwise(values)]
    return (
        len(values) >= 4
        and steps[0] > 0
        and all(abs(s - steps[0]) < 1e-9 * (1 + abs(s)) for s in steps)
    )


def _rising(item: Series) -> bool:
    return all(after > before for before, after in pairwise(item.numbers))


# {0} is the response.
_RESPONSES = (
    rf"\b(?:response|dependent)\s*(?:variable)?\s*(?:is|=|:)?\s*{_ARTICLE}{{0}}",
    r"{0}\s*~",
    rf"\b(?:effects?|influences?|impact)\s+of\b[^.?!\n]{{0,60}}?\b(?:up)?on\s+{_ARTICLE}{{0}}",
    rf"{{0}}\s+{_SHORT}\b(?:depends?|dependent|explained|described|driven|as\s+a?\s*function|vs\.?|versus|against|on|by|from)\b",
    rf"\b(?:regress\w*(?:\s+of)?|models?(?:\s+(?:of|for))?|predict\w*|fit\w*|estimate|formula\s+for|equation\s+for|y\s*=|what)\s+{_ARTICLE}{{0}}",
    rf"\b(?:influences?|affects?|drives?|drive|explains?|explain|matters?(?:\s+most)?\s+for|important\s+for)\s+{_ARTICLE}{{0}}",
    rf"\bmake\s+{_ARTICLE}{{0}}",
    r"\bresult\s+{0}",
)


def response_of(evidence: Evidence, candidates: list[Series]) -> Series:
    """The response among the variables of a model; the last one if nothing says so."""
    for item in candidates:
        if is_response_name(item.name) or len(candidates) == 1:
            return item
    text = evidence.reading.plain
    if re.search(r"\by\s*=[^;.\n]{1,60};\s*xs?\s*=", text, re.IGNORECASE) and not any(
        item.name for item in candidates
    ):
        return candidates[0]
    if len(candidates) > MOST_VARIABLES:
        return candidates[-1]
    rest = [item for item in candidates if not is_predictor_name(item.name)] or candidates
    for relation in _RESPONSES:
        hits = []
        for item in rest:
            name = name_pattern(item.name)
            hit = re.search(relation.replace("{0}", name), text, re.IGNORECASE) if name else None
            if hit is not None:
                hits.append((hit.start(), item))
        if len(hits) == 1:
            return hits[0][1]
    places = span(candidates[0]), span(candidates[1])
    if places[0] and places[1]:
        between = text[places[0][1] : places[1][0]]
        if re.search(r"\b(?:explained\s+by|on|against|versus|vs)\b", between, re.IGNORECASE):
            return candidates[0]
    return candidates[-1]


_MOST_LISTED = 12


def listed_predictors(evidence: Evidence, candidates: list[Series]) -> list[Series]:
    """The variables that the question lists as predictors: "using flow and gap", "on x1, x2 and x3"."""
    patterns = {item.name: name_pattern(item.name) for item in candidates[:MOST_VARIABLES]}
    one = "|".join(pattern for pattern in patterns.values() if pattern)
    if not one:
        return []
    small = r"(?:(?:the|our|its|both)\s+|(?!and\b)[a-z]{2,12}\s+){0,2}?"
    chain = (
        rf"(?:{one})(?:\s*(?:,\s*and\b|,|and\b|&|\+|/|\s)\s*{small}(?:{one})){{1,{_MOST_LISTED}}}"
    )
    found = re.search(
        rf"(?:\b(?:using|from|on|by|with|of|versus|vs\.?|against|upon|via|predictors?\s*(?:are|is|:|=)?)|~)\s+{small}({chain})"
        rf"|({chain})\s+(?:(?:really|jointly|together)\s+)?(?:influences?|affects?|drives?|explains?|predicts?|determines?|matters?)\b",
        evidence.reading.plain,
        re.IGNORECASE,
    )
    if found is None:
        return []
    told = found[1] or found[2]
    return [
        item
        for item in candidates
        if (pattern := patterns.get(item.name)) and re.search(pattern, told, re.IGNORECASE)
    ]
