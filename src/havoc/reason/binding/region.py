"""Restrictions of an experimental region in prose: "temp + 10*time must be under 250"."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from havoc.reading.factor_names import MAX_PROSE
from havoc.reading.run_results import NUM
from havoc.reason.binding.arguments import NeedsInput

_UNIT = r"(?:\s?(?:°?[A-Za-z%][\w/%°]{0,6}))?"
_ABOVE = r"(?:above|over|>=?|more\s+than|greater\s+than|exceeds?)"
_BELOW = r"(?:below|under|<=?|less\s+than)"
_AT_MOST = (
    r"(?:(?:must|has\s+to|have\s+to|should)\s+(?:be|stay|not\s+exceed|remain|keep)\s*(?:under|below|at\s+most|less\s+than)?|"
    r"never\s+(?:over|above|exceeds?|more\s+than)|(?:(?:may|can|shall|should|must)\s?(?:not|n'?t)|cannot|can'?t|won'?t|not)\s+"
    r"(?:pass|exceed|(?:be|go|get|run|come)\s+(?:above|over|beyond|past|more\s+than|larger\s+than|higher\s+than))|"
    r"not\s+(?:over|above|more\s+than)|no\s+more\s+than|at\s+most|max(?:imum)?|stays?\s+(?:under|below)|<=?|≤|is\s+limited\s+to)"
)
_AT_LEAST = r"(?:must\s+be\s+(?:above|over|at\s+least)|at\s+least|never\s+(?:under|below)|>=?|≥)"
_FORBIDDEN = (
    r"(?:forbidden|not\s+allowed|not\s+possible|impossible|excluded|not\s+permitted|prohibited|banned|off\s+limits|out\b|"
    r"(?:is|are)n'?t\s+(?:allowed|possible|permitted|ok)|never\s+(?:allowed|run|used)|does\s?n'?[o']?t\s+work|won'?t\s+work)"
)
_NEVER = (
    r"(?:never|no|not|without|exclude|avoid|skip|(?:can'?t|cannot|can\s+not|don'?t|must\s+not|may\s+not|won'?t)\s+"
    r"(?:do|run|use|make|combine|put|have))"
)
_WITH = r"(?:on|with|and|in|at|&|\+|×|x|together\s+with|combined\s+with)"
_CUES = re.compile(
    rf"\b(?:{_FORBIDDEN}|(?:can'?t|cannot|can\s+not)\s+(?:do|run|use|combine|go|be\s+(?:run|combined|used))|must\s+(?:stay|remain|not)|"
    r"(?:may|must|shall)\s+not|never\s+(?:above|below|over|under|with|together))\b",
    re.I,
)
_WORDS = {"hot": ("heat", "temp"), "fast": ("speed", "feed", "rpm"), "cold": ("heat", "temp")}


class Restrictions(msgspec.Struct, kw_only=True):
    """Restrictions as read; ``resolved`` gives them as arguments of the tool."""

    found: list[dict[str, Any]] = []
    spans: list[tuple[int, int]] = []

    @property
    def source(self) -> str:
        return ", ".join(f"question[{start}:{end}]" for start, end in self.spans)

    def resolved(self, factors: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Factor names as they are listed; "high" is the upper quarter of the range."""
        ready = []
        for item in self.found:
            if "coefficients" in item:
                named = {
                    _listed(name, factors): value for name, value in item["coefficients"].items()
                }
                if None not in named:
                    ready.append(item | {"coefficients": named})
                continue
            conditions: dict[str, dict[str, Any]] = {}
            for name, condition in item["forbidden"]:
                factor = next((f for f in factors if f["name"] == _listed(name, factors)), None)
                if factor is None:
                    factor = _by_unit_or_word(name, condition, factors, set(conditions))
                if factor is None:
                    break
                conditions[factor["name"]] = _condition(condition, factor)
            else:
                ready.append({"forbidden": conditions})
        return ready


def _listed(name: str, factors: list[dict[str, Any]]) -> str | None:
    """The factor that is meant: by name, by a word of it, or by its initial."""
    names = [str(factor["name"]) for factor in factors]
    wanted = name.lower()
    exact = [own for own in names if own.lower() == wanted]
    word = [own for own in names if wanted in own.lower().split()]
    start = [
        own for own in names if own.lower().startswith(wanted) or wanted.startswith(own.lower())
    ]
    return next((fitting[0] for fitting in (exact, word, start) if len(fitting) == 1), None)


def _by_unit_or_word(
    name: str, condition: dict[str, Any], factors: list[dict[str, Any]], taken: set[str]
) -> dict[str, Any] | None:
    """ "60 C" is a setting of the factor in degrees; "hot" is a high temperature."""
    fitting = [
        factor for factor in factors if factor["name"] not in taken and _inside(condition, factor)
    ]
    if not name and len(fitting) == 1:
        return fitting[0]
    for factor in factors:
        if factor["name"] in taken:
            continue
        if (
            condition.get("unit")
            and str(factor.get("unit", "")).lower() == condition["unit"].lower()
        ):
            return factor
        if any(
            str(factor["name"]).lower().startswith(stem) for stem in _WORDS.get(name.lower(), ())
        ):
            return factor
    return None


def _inside(condition: dict[str, Any], factor: dict[str, Any]) -> bool:
    """Does the limit of the condition lie in the range of the factor?"""
    limit = condition.get("above", condition.get("below"))
    return limit is not None and "low" in factor and factor["low"] <= limit <= factor["high"]


def _condition(condition: dict[str, Any], factor: dict[str, Any]) -> dict[str, Any]:
    if condition.get("end"):
        span = factor["high"] - factor["low"]
        if condition["end"] == "high":
            return {"above": factor["low"] + 0.75 * span}
        return {"below": factor["low"] + 0.25 * span}
    if "equals" in condition:
        return {"equals": [condition["equals"]]}
    return {key: condition[key] for key in ("above", "below") if key in condition}


def read_constraints(
    text: str, names: list[str], labels: dict[str, list[str]] | None = None
) -> Restrictions:
    """All restrictions of factors called ``names``; ``labels`` are the words they are set to.

    Raises NeedsInput for a limit that the designs cannot keep.
    """
    result = Restrictions()
    text = text[:MAX_PROSE]
    _products(text, names)
    for reader in (_linear, _conditional, _pairs, _ends):
        reader(text, names, result)
    _labels(text, labels or {}, result)
    return result


def unread_restriction(text: str, spans: list[tuple[int, int]]) -> str:
    """The words of a restriction that no reader understood; nothing if there is none."""
    cue = next(
        (
            match
            for match in _CUES.finditer(text[:MAX_PROSE])
            if not any(start <= match.start() < end for start, end in spans)
        ),
        None,
    )
    if cue is None:
        return ""
    start = max(text.rfind(mark, 0, cue.start()) for mark in ".;,\n(") + 1
    end = min(
        (place for mark in ".;,\n)" if (place := text.find(mark, cue.end())) >= 0),
        default=len(text),
    )
    return text[start:end].strip()


def _products(text: str, names: list[str]) -> None:
    """ "acid x temp must stay below 120": a limit that the tool cannot keep is no limit to forget."""
    words = "|".join(sorted((re.escape(name) for name in names), key=len, reverse=True))
    match = words and re.search(
        rf"(?<![\w.])(?:{words})\s?[*×·x]\s?(?:{words})\s*(?:{_AT_MOST}|{_AT_LEAST})\s*{NUM}",
        text,
        re.I,
    )
    if match:
        raise NeedsInput(
            f"a limit on a product ({match[0].strip()}) cannot be kept here",
            "which combinations of settings are to be left out, or which limit on a sum would do?",
        )


def _labels(text: str, labels: dict[str, list[str]], result: Restrictions) -> None:
    """ "Sika on steel is not allowed", "never copper with laser", "can't do DP600 below 600"."""
    owner = {label.lower(): name for name, own in labels.items() for label in own}
    if not owner:
        return
    words = "|".join(sorted((re.escape(label) for label in owner), key=len, reverse=True))
    first, second = rf"(?<!\w)(?P<one>{words})(?!\w)", rf"(?<!\w)(?P<two>{words})(?!\w)"
    limit = rf"(?:is\s+|at\s+)?(?P<side>{_ABOVE}|{_BELOW})\s*(?P<limit>{NUM})(?:\s?(?P<unit>°?[A-Za-z%]{{1,5}})\b)?"
    for pattern in (
        rf"{first}\s*{_WITH}\s*{second}\s*(?:(?:is|are)\s+)?{_FORBIDDEN}",
        rf"\b{_NEVER}\s+(?:\w+\s+)?{first}\s*{_WITH}\s*{second}",
    ):
        for match in re.finditer(pattern, text, re.I):
            pair = [(owner[match[key].lower()], match[key]) for key in ("one", "two")]
            if pair[0][0] == pair[1][0] or any(a <= match.start() < b for a, b in result.spans):
                continue
            found = [(name, {"equals": _as_listed(value, labels[name])}) for name, value in pair]
            result.found.append({"forbidden": found})
            result.spans.append(match.span())
    for pattern in (
        rf"\b{_NEVER}\s+(?:\w+\s+)?{first}\s+{limit}",
        rf"{first}\s+{limit}\s*(?:is\s+|are\s+)?{_FORBIDDEN}",
    ):
        for match in re.finditer(pattern, text, re.I):
            name = owner[match["one"].lower()]
            condition = {_side(match["side"]): float(match["limit"]), "unit": match["unit"] or ""}
            result.found.append(
                {
                    "forbidden": [
                        (name, {"equals": _as_listed(match["one"], labels[name])}),
                        ("", condition),
                    ]
                }
            )
            result.spans.append(match.span())


def _as_listed(value: str, labels: list[str]) -> str:
    return next(label for label in labels if label.lower() == value.lower())


_ANY_LETTER = r"(?:x\d|(?-i:[A-HJ-Z])(?![\w']))"
"""Factors of which only the letters are known: "A and B both 0 to 10, but A + B below 12"."""


def _linear(text: str, names: list[str], result: Restrictions) -> None:
    words = (
        "|".join(sorted((re.escape(name) for name in names), key=len, reverse=True)) or _ANY_LETTER
    )
    term = rf"(?:(?:\d++(?:\.\d++)?)\s?\*?\s?)?(?:{words})"
    together = re.compile(
        rf"(?<![\w.])(?P<one>{words})\s+(?:and|&|plus|with)\s+(?P<two>{words})\s+(?:together|combined|in\s+total|in\s+sum)\s*,?\s*"
        rf"(?:(?P<most>{_AT_MOST})|(?P<least>{_AT_LEAST}))\s*(?P<limit>{NUM})",
        re.I,
    )
    for match in together.finditer(text):
        side = "most" if match["most"] else "least"
        result.found.append(
            {"coefficients": {match["one"]: 1.0, match["two"]: 1.0}, side: float(match["limit"])}
        )
        result.spans.append(match.span())
    pattern = re.compile(
        rf"(?<![\w.])(?P<sum>{term}(?:\s?[-+]\s?{term})++)\s*+(?:,\s*+)?(?:(?P<most>{_AT_MOST})|(?P<least>{_AT_LEAST}))\s*(?P<limit>{NUM})",
        re.I,
    )
    for match in pattern.finditer(text):
        coefficients = {}
        for sign, value, name in re.findall(
            rf"([-+]?)\s?(\d++(?:\.\d++)?(?=\s?\*|\s?(?:{words})))?\s?\*?\s?({words})",
            match["sum"],
            re.I,
        ):
            coefficients[name] = (-1.0 if sign == "-" else 1.0) * float(value or 1)
        side = "most" if match["most"] else "least"
        result.found.append({"coefficients": coefficients, side: float(match["limit"])})
        result.spans.append(match.span())


def _conditional(text: str, names: list[str], result: Restrictions) -> None:
    """ "temp …, but never above 180 C when P > 8"."""
    pattern = re.compile(
        rf"\b(?:never|not)\s+(?P<side>{_ABOVE}|{_BELOW})\s*(?P<limit>{NUM}){_UNIT}\s*(?:when|if|for|while|where)\s+"
        rf"(?P<name>[A-Za-z]\w*)\s*(?:is\s+)?(?P<side2>{_ABOVE}|{_BELOW})\s*(?P<limit2>{NUM})",
        re.I,
    )
    for match in pattern.finditer(text):
        before = text[: match.start()].lower()
        first = max(names, key=lambda name: before.rfind(name.lower()), default="")
        if not first:
            continue
        result.found.append(
            {
                "forbidden": [
                    (first, {_side(match["side"]): float(match["limit"])}),
                    (match["name"], {_side(match["side2"]): float(match["limit2"])}),
                ]
            }
        )
        result.spans.append(match.span())


def _side(words: str) -> str:
    return "above" if re.fullmatch(_ABOVE, words, re.I) else "below"


def _clause(number: int) -> str:
    """A factor beyond a value, with groups that end in ``number``."""
    return (
        rf"\b(?P<name{number}>[A-Za-z]\w*)\s*(?:is\s+)?(?P<side{number}>{_ABOVE}|{_BELOW})\s*"
        rf"(?P<limit{number}>{NUM}){_UNIT}"
    )


def _pairs(text: str, names: list[str], result: Restrictions) -> None:
    """ "pH above 8 & T over 50 forbidden", "the combination 60 C with 4 h is not allowed"."""
    pattern = re.compile(
        rf"{_clause(1)}\s*(?:&|and|with|together\s+with)\s*{_clause(2)}\s*(?:is|are)?\s*{_FORBIDDEN}",
        re.I,
    )
    for match in pattern.finditer(text):
        result.found.append(
            {
                "forbidden": [
                    (match["name1"], {_side(match["side1"]): float(match["limit1"])}),
                    (match["name2"], {_side(match["side2"]): float(match["limit2"])}),
                ]
            }
        )
        result.spans.append(match.span())
    exact = re.compile(
        rf"\bcombination\s+(?:of\s+)?(?P<v1>{NUM})\s?(?P<u1>[A-Za-z°%]+)\s+(?:with|and)\s+(?P<v2>{NUM})\s?(?P<u2>[A-Za-z°%]+)"
        rf"\s+(?:is|are)?\s*{_FORBIDDEN}",
        re.I,
    )
    for match in exact.finditer(text):
        result.found.append(
            {
                "forbidden": [
                    ("", {"equals": float(match["v1"]), "unit": match["u1"]}),
                    ("", {"equals": float(match["v2"]), "unit": match["u2"]}),
                ]
            }
        )
        result.spans.append(match.span())


def _ends(text: str, names: list[str], result: Restrictions) -> None:
    """ "high temp together with high speed", "hot + fast together"."""
    pattern = re.compile(
        r"\b(?P<end1>high|low)\s+(?P<name1>[A-Za-z]\w*)\s+(?:together\s+)?(?:with|and|&|\+)\s+(?P<end2>high|low)\s+(?P<name2>[A-Za-z]\w*)",
        re.I,
    )
    for match in pattern.finditer(text):
        result.found.append(
            {
                "forbidden": [
                    (match["name1"], {"end": match["end1"].lower()}),
                    (match["name2"], {"end": match["end2"].lower()}),
                ]
            }
        )
        result.spans.append(match.span())
    words = re.compile(r"\b(?P<first>hot|cold)\s*(?:\+|and|&)\s*(?P<second>fast)\b", re.I)
    for match in words.finditer(text):
        result.found.append(
            {
                "forbidden": [
                    (
                        match["first"],
                        {"end": "low" if match["first"].lower() == "cold" else "high"},
                    ),
                    (match["second"], {"end": "high"}),
                ]
            }
        )
        result.spans.append(match.span())
