"""Responses with goals in prose: "strength max (20 bad, 35 perfect), got 29; cost min 5 to 9".

Words are read from left to right. A name opens a response; every figure after it
belongs to that response, and the words beside the figure say what it is.
"""

from __future__ import annotations

import re

import msgspec

from havoc.reading.factor_names import MAX_PROSE, UNIT_WORDS, is_common_word
from havoc.reading.number_pieces import SIGNED_APART

_NUMBER = SIGNED_APART
_TOKEN = re.compile(
    rf"(?P<range>{_NUMBER}\s*(?:[a-zA-Zµ%°/]{{1,4}}\s*)?(?:-|–|\.\.+|→|->|\bto\b|\band\b)\s*{_NUMBER}(?![\w.]*\d))"
    rf"|(?P<number>(?<![\w.]){_NUMBER})|(?P<word>[A-Za-zÀ-ÿµ][\w\-µ]*)|(?P<stop>[.;\n?](?=\s|$))|(?P<symbol>[^\s])"
)
_ENDS = re.compile(
    rf"(?P<low>{_NUMBER})\s*(?:[a-zA-Zµ%°/]{{1,4}}\s*)?(?:->|-|–|\.\.+|→|to\b|and\b)\s*(?P<high>{_NUMBER})$"
)
_GOALS = {
    "maximize": """max maximum maximise maximize maximised maximized maximal larger bigger higher
    more big high larger-the-better""",
    "minimize": """min minimum minimise minimize minimised minimized minimal smaller less lower low
    quick cheap tight small smaller-the-better""",
    "target": "target nominal near",
}
_GOAL_OF = {word: goal for goal, words in _GOALS.items() for word in words.split()}
_GOOD = frozenset(
    (
        "perfect ideal best great lush happy optimum excellent good fully full super fine dream top"
    ).split()
)
_BAD = frozenset(
    (
        "unacceptable bad rubbish bin dead worst useless unusable reject scrap terrible poor awful "
        "fail out end"
    ).split()
)
_VALUE = frozenset(
    "got observed predicted measured value now gives gave obtained reached has have we is =".split()
)
_LOW = frozenset("low lower lsl lo from minimum min".split())
_HIGH = frozenset("high upper usl hi maximum max".split())
_ABOVE = frozenset("over above > beyond".split())
_BELOW = frozenset("under below <".split())
_TARGET = frozenset("target t aim aiming nominal near want wants wanted hit hits hitting".split())
_WEIGHT = frozenset("weight wt exponent".split())
OPTION = re.compile(
    r"\b(?:settings?|recipe|batch|sample|option|opt|candidate|point|run|formulation|trial)\s+(?P<label>\d+|[A-Z])\b:?"
    r"(?=[\s,])",
    re.I,
)
_GLUED = re.compile(r"\b(LSL|USL|T)(?=\d)")
_INDEX = re.compile(
    r"\b(?:score|index|figure|number|scale|desirability)\s+(?:of\s+|between\s+|from\s+)?0\s*(?:-|to|and|\.\.)\s*1\b",
    re.I,
)
_ROLE_WORDS = (
    frozenset(_GOAL_OF)
    | _GOOD
    | _BAD
    | _VALUE
    | _LOW
    | _HIGH
    | _ABOVE
    | _BELOW
    | _TARGET
    | _WEIGHT
    | frozenset(
        """
        acceptable against aim aims all as at attain attains balance balanced batch be best better
        between big both candidate choose combine combined competing composite compromise d
        d-function derringer derringer-suich desirability does double each either equal equally
        exponent fight find for formulation function gave gives goal gotta hello hi how importance
        importances important index individual keep larger-the-better maximise multi must near
        never no no-good possible nominal-is-best not number of ok one opt optimize optimizer
        optimum
        option other overall please question range ranges recipe response responses round s same
        sample score setting settings should simultaneously single smaller-the-better spot suich
        sweet target-is-best the thing things time trade-off tradeoff unit wanna want wanted wants
        weigh weights what which who wins within y
        """.split()
    )
)


class ResponseText(msgspec.Struct, kw_only=True):
    """One response as written; ``values`` has one entry for each setting that is judged."""

    name: str
    goal: str = ""
    low: float | None = None
    target: float | None = None
    high: float | None = None
    good: float | None = None
    bad: float | None = None
    weight: float | None = None
    importance: float | None = None
    values: list[float] = []

    def settle(self) -> None:
        """Goal and limits from what is good and what is bad."""
        if self.good is not None and self.bad is not None:
            if self.goal not in {"maximize", "minimize"}:
                self.goal = "maximize" if self.good > self.bad else "minimize"
            if self.goal == "maximize":
                self.low, self.target = self.bad, self.good
            else:
                self.target, self.high = self.good, self.bad
        elif self.bad is not None or self.good is not None:
            self._one_end()
        if not self.goal and None not in (self.low, self.target, self.high):
            self.goal = "target"
        if not self.goal and self.target is not None:
            if self.low is not None and self.high is None:
                self.goal = "maximize"
            elif self.high is not None and self.low is None:
                self.goal = "minimize"
        if self.goal == "target" and self.target is not None:
            if self.low is not None and self.high is None and self.low < self.target:
                self.goal = "maximize"
            elif self.high is not None and self.low is None and self.high > self.target:
                self.goal = "minimize"
        if self.goal == "maximize" and self.target is None:
            self.target, self.high = self.high, None
        elif self.goal == "minimize" and self.target is None:
            self.target, self.low = self.low, None

    def _one_end(self) -> None:
        """One end is called good or bad, the other is a limit or a target."""
        if self.bad is not None:
            aim = self.target if self.target is not None else self.good
            upward = self.goal == "maximize" or (aim is not None and aim > self.bad)
            if upward:
                self.low = self.bad
            else:
                self.high = self.bad
            if aim is not None:
                self.goal = self.goal if self.goal in {"maximize", "minimize"} else (
                    "maximize" if upward else "minimize"
                )  # fmt: skip
        elif self.target is None:
            self.target = self.good


def read_responses(text: str) -> tuple[list[ResponseText], list[float]]:
    """Responses in the order of the text, and values that no name stands before."""
    text = text[:MAX_PROSE]
    text = _GLUED.sub(r"\1 ", text)
    text = _INDEX.sub(lambda match: " " * len(match[0]), text)
    text = OPTION.sub(lambda match: ";" + " " * (len(match[0]) - 1), text)
    tokens = _split_pairs(
        [(match.lastgroup or "symbol", match[0]) for match in _TOKEN.finditer(text)]
    )
    found, loose = _scan(tokens, None)
    if not found:
        found, loose = _scan(tokens, ResponseText(name=""))
    for item in found:
        item.settle()
    return [item for item in found if _is_response(item)], loose


def _split_pairs(tokens: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """ "90 and 0.4" is a range behind "between", otherwise two figures."""
    split: list[tuple[str, str]] = []
    for kind, token in tokens:
        pair = _ENDS.match(token) if kind == "range" and "and" in token else None
        if pair and not (split and split[-1][1].lower() in {"between", "from", "within"}):
            split += [("number", pair["low"]), ("word", "and"), ("number", pair["high"])]
        else:
            split.append((kind, token))
    return split


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
        elif kind == "word" and only is None and depth == 0 and _opens_name(tokens, index):
            current = _response(found, _name_at(tokens, index))
        elif kind == "word" and current is not None:
            _word(current, tokens, index)
        elif kind in {"number", "range"} and current is not None:
            _figure(current, kind, token, tokens, index)
        elif kind == "number":
            loose.append(float(token))
    return found, loose


def _is_response(item: ResponseText) -> bool:
    given = [item.low, item.high, item.target]
    return bool(item.goal) or any(end is not None for end in given) or bool(item.values)


def _name_word(token: tuple[str, str]) -> bool:
    kind, word = token
    lowered = word.lower()
    if kind != "word" or lowered in _ROLE_WORDS:
        return False
    if re.fullmatch(r"[yY]\d?", word):
        return True
    return not is_common_word(word) and lowered not in UNIT_WORDS and len(word) > 1


def _opens_name(tokens: list[tuple[str, str]], index: int) -> bool:
    """The first word of a name that is followed by a figure, a goal or a bracket."""
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
        if kind in {"number", "range"}:
            return True
        if kind == "stop":
            return False
        if (
            lowered in _ROLE_WORDS
            or word in "(=:<>,"
            or lowered in {"is", "to", "be", "should", "as", "possible"}
        ):
            if word == ",":
                return False
            if lowered in _GOAL_OF or lowered in _VALUE | _TARGET | _GOOD | _BAD or word == "(":
                return True
            continue
        return False
    return False


def _name_at(tokens: list[tuple[str, str]], index: int) -> str:
    words = []
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
    if word == "double":
        current.importance = 2.0
    goal = _GOAL_OF.get(word)
    if goal is None or current.goal in {"maximize", "minimize"}:
        return
    beside = tokens[index + 1] if index + 1 < len(tokens) else ("stop", "")
    before = tokens[index - 1][1].lower() if index else ""
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


def _figure(
    current: ResponseText, kind: str, token: str, tokens: list[tuple[str, str]], index: int
) -> None:
    if kind == "range":
        ends = _ENDS.match(token)
        if ends:
            current.low, current.high = float(ends["low"]), float(ends["high"])
        return
    number = float(token)
    before = [word.lower() for _, word in tokens[max(0, index - 3) : index]]
    last = before[-1] if before else ""
    previous = before[-2] if len(before) > 1 else ""
    after = _after(tokens, index)
    role_after = after[0] if after else ""
    if last in {"importance"} or previous == "importance":
        current.importance = number
    elif last in _WEIGHT or (last == "=" and _WEIGHT & set(before)):
        current.weight = number
    elif last in _VALUE - {"is", "=", "we", "have", "has"} or (
        last == "="
        and previous not in {"t", "target"}
        and current.values == []
        and previous not in _ROLE_WORDS
    ):
        current.values = [*current.values, number]
    elif role_after == "bad" and not _named_before(before, after):
        current.bad = number
    elif role_after == "good" and not _named_before(before, after):
        current.good = number
    elif last in _BAD or (last == "at" and previous in _BAD):
        current.bad = number
    elif last in _GOOD or (last == "at" and previous in _GOOD):
        current.good = number
    elif (last in _ABOVE | _BELOW) and previous in {"want", "wants", "wanted"}:
        current.bad = number
        current.goal = current.goal or ("maximize" if last in _ABOVE else "minimize")
    elif last in _TARGET or (last == "=" and previous in _TARGET):
        current.target = number
        current.goal = current.goal or "target"
    elif (
        last in _LOW
        and (current.goal or last not in {"min", "minimum"})
        and not (last == "low" and previous in {"want", "wants"})
    ):
        current.low = number
    elif (last in _HIGH and current.goal) or role_after == "max":
        current.high = number
    elif role_after == "min":
        current.low = number
    else:
        current.values = [*current.values, number]


def _named_before(before: list[str], after: list[str]) -> bool:
    """ "bad at 4 good at 6": the word before a figure counts where another figure follows."""
    last = before[-1] if before else ""
    named = last in _GOOD | _BAD or (
        last == "at" and len(before) > 1 and before[-2] in _GOOD | _BAD
    )
    return named and len(after) > 1


def _after(tokens: list[tuple[str, str]], index: int) -> list[str]:
    """What the words behind a figure call it: good, bad, max, min; with "figure" if one follows."""
    role = ""
    for position in range(index + 1, min(index + 5, len(tokens))):
        word = tokens[position][1]
        lowered = word.lower()
        following = tokens[position + 1][1].lower() if position + 1 < len(tokens) else ""
        if lowered in _BAD or (lowered == "no" and following == "good"):
            role = "bad"
        elif lowered in _GOOD and role != "bad":
            role = "good"
        elif lowered in {"max", "min"}:
            role = lowered
        elif lowered in UNIT_WORDS or word in "%°" or lowered in {"is", "or", "and", "good"}:
            continue
        else:
            return []
        figure = any(
            kind == "number" or word.lower() == "at"
            for kind, word in tokens[position + 1 : position + 2]
        )
        return [role, "figure"] if figure else [role]
    return []
