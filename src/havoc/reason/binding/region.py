"""Restrictions of an experimental region in prose: "temp + 10*time must be under 250"."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from havoc.reading.factor_names import MAX_PROSE
from havoc.reading.run_results import NUM

_UNIT = r"(?:\s?(?:°?[A-Za-z%][\w/%°]{0,6}))?"
_ABOVE = r"(?:above|over|>=?|more\s+than|greater\s+than|exceeds?)"
_BELOW = r"(?:below|under|<=?|less\s+than)"
_AT_MOST = (
    r"(?:must\s+(?:be|stay|not\s+exceed|remain)\s*(?:under|below|at\s+most|less\s+than)?|never\s+(?:over|above|exceeds?)|"
    r"(?:may|can|shall|should)\s?not\s+(?:exceed|be\s+(?:above|over))|not\s+(?:over|above)|at\s+most|max(?:imum)?|<=?|≤|"
    r"is\s+limited\s+to)"
)
_AT_LEAST = r"(?:must\s+be\s+(?:above|over|at\s+least)|at\s+least|never\s+(?:under|below)|>=?|≥)"
_FORBIDDEN = (
    r"(?:forbidden|not\s+allowed|not\s+possible|impossible|excluded|not\s+permitted|prohibited)"
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


def _condition(condition: dict[str, Any], factor: dict[str, Any]) -> dict[str, Any]:
    if condition.get("end"):
        span = factor["high"] - factor["low"]
        if condition["end"] == "high":
            return {"above": factor["low"] + 0.75 * span}
        return {"below": factor["low"] + 0.25 * span}
    if "equals" in condition:
        return {"equals": [condition["equals"]]}
    return {key: condition[key] for key in ("above", "below") if key in condition}


def read_constraints(text: str, names: list[str]) -> Restrictions:
    """All restrictions of factors called ``names``."""
    result = Restrictions()
    text = text[:MAX_PROSE]
    for reader in (_linear, _conditional, _pairs, _ends):
        reader(text, names, result)
    return result


def _linear(text: str, names: list[str], result: Restrictions) -> None:
    words = "|".join(sorted((re.escape(name) for name in names), key=len, reverse=True)) or r"x\d"
    term = rf"(?:(?:\d++(?:\.\d++)?)\s?\*?\s?)?(?:{words})"
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
