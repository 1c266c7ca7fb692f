"""A response of an experiment with its goal, and what the words beside a figure call it."""

from __future__ import annotations

import re

import msgspec

from havoc.reading.factor_names import UNIT_WORDS
from havoc.reading.number_pieces import SIGNED_APART, UNSIGNED
from havoc.reading.response_words import (
    ABOVE,
    BAD,
    BELOW,
    COUNTS,
    FILLING,
    GOOD,
    HIGH,
    LOW,
    ROLE_WORDS,
    TARGET,
    TRANSPARENT,
    VALUE,
    WEIGHT,
    bad_at,
)

NUMBER = SIGNED_APART
BETWEEN = r"(?:->|-|–|\.\.+|→|\bto\b|\band\b)"
UNIT = r"(?:[a-zA-Zµ%°/]{1,4}\s*)?"
ENDS = re.compile(rf"(?P<low>{NUMBER})\s*{UNIT}{BETWEEN}\s*(?P<high>{NUMBER})$")


class ResponseText(msgspec.Struct, kw_only=True):
    """One response as written; ``values`` has one entry for each setting that is judged."""

    name: str
    goal: str = ""
    low: float | None = None
    target: float | None = None
    high: float | None = None
    good: float | None = None
    bad: float | None = None
    half: float | None = None
    weight: float | None = None
    importance: float | None = None
    values: list[float] = []

    def settle(self) -> None:
        """Goal and limits from what is good and what is bad."""
        if self.half is not None and self.target is not None and self.low is None:
            self.low, self.high = self.target - self.half, self.target + self.half
        inside = None not in (self.low, self.good, self.high) and self.goal in {"", "target"}
        if inside and self.low < self.good < self.high:  # type: ignore[operator]
            # Both ends are acceptable, and one value between them is the best.
            self.goal, self.target, self.good = "target", self.good, None
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


def take_figure(
    current: ResponseText, kind: str, token: str, tokens: list[tuple[str, str]], index: int
) -> None:
    """Give the figure at ``index`` of the tokens its place in the response."""
    if kind == "triple":
        low, middle, high = (float(value) for value in re.findall(UNSIGNED, token))
        if low < middle < high:
            current.low, current.target, current.high = low, middle, high
            current.goal = "target"
        return
    if kind == "half":
        current.half = abs(float(re.sub(r"^[±+/\s-]+", "", token)))
        return
    if kind == "range":
        ends = ENDS.match(token)
        if ends:
            low, high = float(ends["low"]), float(ends["high"])
            if low > high and current.goal == "minimize":
                low, high = high, low
            current.low, current.high = low, high
        return
    _number(current, float(token), tokens, index)


def _number(
    current: ResponseText, number: float, tokens: list[tuple[str, str]], index: int
) -> None:
    """What the words beside a figure call it."""
    words = [
        token.lower() if kind != "name" else ""
        for kind, token in tokens[max(0, index - 6) : index]
        if token.lower() not in TRANSPARENT
    ]
    last = words[-1] if words else ""
    previous = words[-2] if len(words) > 1 else ""
    after = _after(tokens, index)
    role_after = after[0] if after else ""
    wished = {"want", "wants", "wanted", "must", "should"}
    if (
        last == "importance"
        or previous == "importance"
        or last in COUNTS
        or (index + 1 < len(tokens) and tokens[index + 1][1].lower() == "times")
    ):
        current.importance = number
    elif last in WEIGHT or (last == "=" and WEIGHT & set(words[-3:])):
        current.weight = number
    elif last in VALUE - {"is", "=", "we", "have", "has"} or (
        last == "="
        and previous not in {"t", "target"}
        and current.values == []
        and previous not in ROLE_WORDS
    ):
        current.values = [*current.values, number]
    elif role_after == "bad" and not _named_before(words, after):
        current.bad = number
    elif role_after == "good" and not _named_before(words, after):
        current.good = number
    elif last in BAD or (last == "at" and previous in BAD):
        current.bad = number
    elif last in GOOD or (last == "at" and previous in GOOD):
        current.good = number
    elif index + 1 < len(tokens) and tokens[index + 1][0] == "half":
        current.target = number
    elif (
        (last in ABOVE | BELOW)
        and previous != "not"
        and (wished | {"must", "should", "be"}) & set(words[-3:])
    ):
        current.bad = number
        current.goal = current.goal or ("maximize" if last in ABOVE else "minimize")
    elif (side := _limit(words)) == "low":
        current.low = number
    elif side == "high":
        current.high = number
    elif (
        last in TARGET
        or (last == "=" and previous in TARGET)
        or (last in {"be", "at"} and wished & set(words[-4:]))
    ):
        current.target = number
        current.goal = current.goal or "target"
    elif (
        last in LOW
        and (current.goal or last not in {"min", "minimum"})
        and not (last == "low" and previous in wished)
    ):
        current.low = number
    elif (last in HIGH and (current.goal or last == "maxi")) or role_after == "max":
        current.high = number
    elif role_after == "min":
        current.low = number
    elif last in ABOVE | BELOW:
        current.bad = number
        current.goal = current.goal or ("maximize" if last in ABOVE else "minimize")
    else:
        current.values = [*current.values, number]


def _limit(words: list[str]) -> str:
    """ "at least", "not under", "no less than" before a figure: low; their opposites: high."""
    ending = words[-3:]
    last, previous = (ending[-1:] or [""])[0], (ending[-2:-1] or [""])[0]
    if (previous, last) == ("at", "least") or (previous == "not" and last in BELOW):
        return "low"
    if (previous, last) == ("at", "most") or (previous == "not" and last in ABOVE):
        return "high"
    if last == "than" and ending[:1] in (["no"], ["not"]):
        return "low" if previous in {"less", "lower", "fewer"} else "high"
    return ""


def _named_before(before: list[str], after: list[str]) -> bool:
    """ "bad at 4 good at 6": the word before a figure counts where another figure follows."""
    last = before[-1] if before else ""
    named = last in GOOD | BAD or (last == "at" and len(before) > 1 and before[-2] in GOOD | BAD)
    return named and len(after) > 1


def _after(tokens: list[tuple[str, str]], index: int) -> list[str]:
    """What the words behind a figure call it: good, bad, max, min; with "figure" if one follows."""
    role, crossed = "", False
    for position in range(index + 1, min(index + 7, len(tokens))):
        words = [word.lower() for _, word in tokens[position : position + 2]]
        word = words[0]
        following = words[1] if len(words) > 1 else ""
        if bad_at(words, 0):
            role = "bad"
        elif word in GOOD and role != "bad":
            role = "good"
        elif word in {"max", "min"} and following not in GOOD and not bad_at(words, 1 % len(words)):
            role = word
        elif (
            word in UNIT_WORDS
            or word in "%°/"
            or word in FILLING
            or word in {"min", "max", "good", "euro", "euros", "dollars", "bucks"}
        ):
            crossed = crossed or word in {"and", "or"}
            continue
        elif tokens[position][0] == "word" and position == index + 1 and len(word) <= 3:
            continue  # a unit that is not known
        else:
            return []
        skip = (
            2
            if word in {"no", "not"}
            and tokens[position + 1 : position + 2]
            and (tokens[position + 1][0] == "word")
            else 1
        )
        figure = any(
            kind == "number" or word.lower() == "at"
            for kind, word in tokens[position + skip : position + skip + 1]
        )
        if figure and crossed:
            return []  # "above 6 and ideally 9": the word belongs to the next figure
        return [role, "figure"] if figure else [role]
    return []
