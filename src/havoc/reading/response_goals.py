"""Responses with goals in prose: "strength max (20 bad, 35 perfect), got 29; cost min 5 to 9".

Words are read from left to right. A name opens a response; every figure after it
belongs to that response, and the words beside the figure say what it is.
"""

from __future__ import annotations

import re
from itertools import pairwise

from havoc.reading.factor_names import MAX_PROSE, UNIT_WORDS, WORD_NUMBERS, is_common_word
from havoc.reading.response_figures import BETWEEN, ENDS, NUMBER, UNIT, ResponseText, take_figure
from havoc.reading.response_words import (
    ADJECTIVES,
    ALSO_NAMES,
    BAD,
    COUNTS,
    CURRENCY,
    GOAL_OF,
    GOOD,
    ROLE_WORDS,
    SMALL_IS_BETTER,
    TARGET,
    TIMES,
    VALUE,
)

_TOKEN = re.compile(
    rf"(?P<triple>{NUMBER}\s*(?:(?:-|–|/|\.\.+)\s*{NUMBER}\s*){{2}}(?![\w./]*\d))"
    rf"|(?P<range>{NUMBER}\s*{UNIT}{BETWEEN}\s*{NUMBER}(?![\w.]*\d))"
    rf"|(?P<half>(?:±|\+\s?/?\s?-)\s?{NUMBER})"
    rf"|(?P<number>(?<![\w.]){NUMBER})|(?P<word>[^\W\d_][\w\-]*)"
    r"|(?P<stop>[.;\n?](?=\s|$))|(?P<symbol>[^\s])"
)
OPTION = re.compile(
    r"\b(?:settings?|recipe|batch|sample|option|opt|candidate|point|run|formulation|trial|condition|"
    r"version|variant|lot|blend|parts?|piece|specimen)\s+(?P<label>[A-Z]?\d+|[A-Z])\b:?(?=[\s,])",
    re.I,
)
_GLUED = re.compile(r"\b(LSL|USL|T)(?=\d)")
_INDEX = re.compile(
    r"\b(?:score|index|figure|number|scale|desirability)\s+(?:of\s+|between\s+|from\s+)?0\s*(?:-|–|to|and|\.\.)\s*1\b"
    r"|\b0\s*(?:-|–|to|\.\.)\s*1\s+(?:scale|score|index)\b",
    re.I,
)
_BRACKETED = re.compile(rf"\[\s*({NUMBER})\s*[,;]\s*({NUMBER})\s*\]")
_SCORED = re.compile(r"\bd\s?=\s?([01])\s+(?:at|for|from|below|above|if|when)\b", re.I)
_AS_OBJECT = re.compile(r"\}?\s*\"\s*:\s*\{")


def read_responses(text: str) -> tuple[list[ResponseText], list[float]]:
    """Responses in the order of the text, and values that no name stands before."""
    text = _as_prose(text[:MAX_PROSE])
    text = CURRENCY.sub(" ", text)
    text = _BRACKETED.sub(r"( \1 - \2 )", text)
    text = _SCORED.sub(lambda match: "bad at" if match[1] == "0" else "ideal at", text)
    text = _GLUED.sub(r"\1 ", text)
    text = _INDEX.sub(lambda match: " " * len(match[0]), text)
    text = OPTION.sub(lambda match: ";" + " " * (len(match[0]) - 1), text)
    tokens = _weight_as_name(
        _split_pairs([(match.lastgroup or "symbol", match[0]) for match in _TOKEN.finditer(text)])
    )
    found, loose = _scan(tokens, None)
    if not found:
        found, loose = _scan(tokens, ResponseText(name=""))
    for item in found:
        if not item.goal and item.name.lower() in SMALL_IS_BETTER and item.target is None:
            item.goal = "minimize"
        item.settle()
    return [item for item in found if _is_response(item)], loose


def _as_prose(text: str) -> str:
    """'{"gap": {"lo": 1, "hi": 2}}' as "gap ( lo : 1, hi : 2)"."""
    if not _AS_OBJECT.search(text):
        return text
    text = re.sub(r"\"\s*:\s*\{", " (", text).replace("}", ")")
    return text.replace("{", " ").replace('"', " ")


def _split_pairs(tokens: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """ "90 and 0.4" is a range behind "between", otherwise two figures."""
    split: list[tuple[str, str]] = []
    for kind, token in tokens:
        pair = ENDS.match(token) if kind == "range" and "and" in token else None
        if pair and not (split and split[-1][1].lower() in {"between", "from", "within"}):
            split += [("number", pair["low"]), ("word", "and"), ("number", pair["high"])]
        else:
            split.append((kind, token))
    return split


def _weight_as_name(tokens: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """ "weight min (10 …)": the weight of the part, not of a response."""
    wanted = set(GOAL_OF) | {"(", "should", "want", "wants", "must", "as"}
    named = any(
        token.lower() == "weight" and following.lower() in wanted
        for (_, token), (_, following) in pairwise(tokens)
    )
    return [
        ("name", token) if named and token.lower() == "weight" else (kind, token)
        for kind, token in tokens
    ]


def _scan(
    tokens: list[tuple[str, str]], only: ResponseText | None
) -> tuple[list[ResponseText], list[float]]:
    """Responses by name; with ``only`` there is a single one that has no name."""
    found: list[ResponseText] = [] if only is None else [only]
    loose: list[float] = []
    current = only
    depth = 0
    for index, (kind, token) in enumerate(tokens):
        if token == "(":
            depth += 1
        elif token == ")":
            depth = max(0, depth - 1)
        elif kind == "stop":
            current = only
        elif (
            kind in {"word", "name"} and only is None and depth == 0 and _opens_name(tokens, index)
        ):
            current = _response(found, _name_at(tokens, index))
            goal = _goal_before(tokens, index)
            if goal and not current.goal:
                current.goal = goal
        elif kind == "word" and current is not None:
            _word(current, tokens, index)
        elif kind in {"number", "range", "triple", "half"} and current is not None:
            take_figure(current, kind, token, tokens, index)
        elif kind == "number":
            loose.append(float(token))
    return found, loose


def _goal_before(tokens: list[tuple[str, str]], index: int) -> str:
    """ "less noise (90 no, 70 fine)", "maximise yield": the goal before the name."""
    word = tokens[index][1].lower()
    if word in ADJECTIVES and tokens[index + 1][1] == "(":
        return ADJECTIVES[word]
    if not index:
        return ""
    goal = GOAL_OF.get(tokens[index - 1][1].lower(), "")
    earlier = tokens[index - 2] if index > 1 else ("stop", "")
    opens = earlier[0] == "stop" or earlier[1].lower() in {
        ",", "and", ":", "&", "+", "want", "wants", "to", "but", "need", "i", "we",
    }  # fmt: skip
    return goal if opens and goal != "target" else ""


def _is_response(item: ResponseText) -> bool:
    given = [item.low, item.high, item.target]
    return bool(item.goal) or any(end is not None for end in given) or bool(item.values)


def _name_word(token: tuple[str, str]) -> bool:
    kind, word = token
    lowered = word.lower()
    if kind == "name":
        return True
    if kind != "word" or lowered in ROLE_WORDS:
        return False
    if re.fullmatch(r"[yY]\d?", word):
        return True
    return lowered in ALSO_NAMES or (
        not is_common_word(word) and lowered not in UNIT_WORDS and len(word) > 1
    )


def _opens_name(tokens: list[tuple[str, str]], index: int) -> bool:
    """The first word of a name that is followed by a figure, a goal or a bracket."""
    word = tokens[index][1].lower()
    if word in ADJECTIVES and tokens[index + 1 : index + 2] == [("symbol", "(")]:
        return True
    if not _name_word(tokens[index]):
        return False
    if index and _name_word(tokens[index - 1]):
        return False
    if index and tokens[index - 1][0] in {"number", "range"} and len(tokens[index][1]) <= 3:
        return False  # a unit that is not known
    end = index
    while end < len(tokens) and _name_word(tokens[end]):
        end += 1
    if end - index > 3:
        return False
    for kind, word in tokens[end : end + 4]:
        lowered = word.lower()
        if kind in {"number", "range", "triple", "half"}:
            return True
        if kind == "stop" or word == ",":
            return False
        if lowered in GOAL_OF or word == "(" or lowered in (VALUE | TARGET | GOOD | BAD | COUNTS):
            return True
        if not (
            lowered in ROLE_WORDS
            or word in "=:<>≤≥~"
            or lowered in {"is", "to", "be", "should", "as", "possible", "the", "a"}
        ):
            return False
    return False


def _name_at(tokens: list[tuple[str, str]], index: int) -> str:
    words = [tokens[index][1]]
    index += 1
    while index < len(tokens) and _name_word(tokens[index]):
        words.append(tokens[index][1])
        index += 1
    return " ".join(words)


def _response(found: list[ResponseText], name: str) -> ResponseText:
    """The response with this name, or with one that begins alike (thick, thickness)."""
    for item in found:
        first, second = item.name.lower(), name.lower()
        if first == second or (
            min(len(first), len(second)) > 3
            and (
                first.startswith(second)
                or second.startswith(first)
                or first.split()[-1] == second.split()[-1]
            )
        ):
            return item
    found.append(ResponseText(name=name))
    return found[-1]


def _word(current: ResponseText, tokens: list[tuple[str, str]], index: int) -> None:
    """Words that set a goal: max, minimise, "larger is better", "want big"."""
    word = tokens[index][1].lower()
    behind = [token for token in tokens[index + 1 : index + 3] if token[1] not in {":", "="}]
    beside = behind[0] if behind else ("stop", "")
    before = tokens[index - 1][1].lower() if index else ""
    if word in TIMES:
        current.importance = TIMES[word]
    elif word in WORD_NUMBERS and beside[1].lower() == "times" and before in COUNTS:
        current.importance = float(WORD_NUMBERS[word])
    goal = GOAL_OF.get(word)
    if goal is None or current.goal in {"maximize", "minimize"}:
        return
    if before == "at":
        return  # at least, at most
    # "low 40" is a limit, "want low" and "cost min" are goals; "min 45, best 58" are limits.
    if (
        word in {"low", "high", "lower"}
        and beside[0] == "number"
        and before not in {"want", "wants"}
    ):
        return
    if word in {"min", "max", "minimum", "maximum"} and beside[0] == "number" and current.goal:
        return
    if (
        word in {"max", "min", "maximum", "minimum"}
        and index
        and tokens[index - 1][0] == "number"
        and (
            beside[0] not in {"number", "range"}
            and beside[1].lower() not in {"(", "from", "between"}
        )
    ):
        return
    current.goal = goal
