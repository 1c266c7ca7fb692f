"""Arguments of solving equations: as written, or made of "reaches 90" and "crosses"."""

from __future__ import annotations

import re
from itertools import pairwise

from havoc.reason.binding.arguments import Binding, NeedsInput
from havoc.reason.binding.evidence import Binder, Evidence
from havoc.reason.binding.formulas import Formula
from havoc.reason.binding.mathematics import (
    FIGURE,
    formulas_of,
    main_formula,
    name_behind,
    readable_names,
)

_REACH = re.compile(
    rf"\b(?:reach(?:es)?|gets?\s+(?:down\s+|up\s+)?to|becomes?|equals?(?:\s+to)?|hits?|(?:drops?|falls?|rises?|climbs?|grows?|decays?|goes)\s+to|down\s+to|up\s+to|exceeds?|passes)\s+{FIGURE}\s*(%)?",
    re.IGNORECASE,
)
_STANDS_AT = re.compile(rf"\b(?:is|at|be)\s+(?:at\s+)?{FIGURE}\s*(%)?", re.IGNORECASE)
_ZERO = re.compile(r"\b(?:zero|vanish\w*|null)\b", re.IGNORECASE)
_MEETING = re.compile(
    r"\b(?:cross\w*|meets?|intersects?|equals?|same as|equal to|overtakes?|catch(?:es)? up|break ?even with)\b",
    re.IGNORECASE,
)
_WANTED = re.compile(
    r"\b(?:solve[sd]?\b[^.;=]{0,40}?\bfor|rearrange\w*\b[^.;]{0,60}?\bfor|resolve\w*\b[^.;]{0,60}?\bfor|(?:turn|solve|bring)\w*\b[^.;]{0,60}?\baround\s+(?:to|for)|in order to|isolate|make|find|get|out|what|which|express|for|nach|at what \w+|value of|calculate)"
    r"\s+(?:the\s+)?(?:(?:setting|value|variable|unknown|unknowns|speed|time|are|is|of)\s+){0,2}"
    r"(?P<names>[A-Za-z]\w{0,5}(?:\s*(?:,|and|&)\s*[A-Za-z]\w{0,5}(?!\w))*)(?![\w(])",
    re.IGNORECASE,
)
_FOR = re.compile(
    r"\b(?:solve[sd]?|rearrange\w*|resolve\w*|transpose\w*|isolate|express|make|find|get|nach|umstellen|r[ée]soudre|risolv\w*|despej\w*|rozwi\w*)"
    r"\b(?:[^.;=]{0,30}?\b(?:for|to|nach|pour|para|per|względem))?(?=\s)",
    re.IGNORECASE,
)
_ASKED = re.compile(r"(?<!\w)([A-Za-z]\w{0,5})\s*=\s*\?|(?<!\w)([A-Za-z]\w?)\s+where\b")


def bind_solve(evidence: Evidence, binding: Binding) -> None:
    """Equations, unknowns and known values."""
    formulas = formulas_of(evidence)
    known = {item.name for item in formulas if item.value is not None}
    equations = _equations(evidence, binding, formulas)
    names = sorted({name for text in equations for name in readable_names(text)})
    if not names:
        raise NeedsInput("the equation holds no unknown", "which equation should be solved?")
    binding.set("expression", equations if len(equations) > 1 else equations[0], "question")
    asked = _asked(evidence, formulas, names)
    free = [name for name in names if name not in known or name in asked]
    if not asked and len(free) > len(equations):
        usual = [name for name in ("x",) if name in free and len(equations) == 1]
        lefts = {item.name for item in formulas}
        others = [name for name in free if name not in lefts]
        if usual and len(equations) == 1 and len(others) == 1:
            asked = usual
        else:
            raise NeedsInput(
                f"the unknowns {', '.join(free)} are more than the equations",
                f"for which of {', '.join(free)} should be solved?",
            )
    if asked:
        binding.set("variable", asked if len(asked) > 1 else asked[0], "question")
    values = {
        item.name: item.value
        for item in formulas
        if item.value is not None and item.name in names and item.name not in asked
    }
    if values:
        binding.set("values", values, "question")
    if evidence.has(r"\bpositive\b"):
        binding.set("constraint", "positive", "question")
    elif evidence.has(r"\breal\b"):
        binding.set("constraint", "real", "question")


def _asked(evidence: Evidence, formulas: list[Formula], names: list[str]) -> list[str]:
    text = evidence.reading.plain
    spans = [(item.start, item.end) for item in formulas if item.value is None]

    def outside(position: int) -> bool:
        return not any(start <= position < end for start, end in spans)

    for match in _ASKED.finditer(text):
        name = match[1] or match[2]
        if name in names:
            return [name]
    for match in _WANTED.finditer(text):
        wanted = [
            name
            for name in re.findall(r"[A-Za-z]\w*", match["names"])
            if name in names and (name not in {"a", "I"} or len(match["names"]) > 1)
        ]
        known = {item.name for item in formulas if item.value is not None}
        wanted = [name for name in wanted if name not in known] or wanted
        if wanted and outside(match.start("names")):
            return list(dict.fromkeys(wanted))
    for match in _FOR.finditer(text):
        told = name_behind(text, match.end(), names)
        if told and outside(told[1]):
            return [told[0]]
    return []


def _equations(evidence: Evidence, binding: Binding, formulas: list[Formula]) -> list[str]:
    """Equations as written, or made of "reaches 90", "crosses", "where … is zero"."""
    text = evidence.reading.plain
    candidates = [item for item in formulas if item.value is None and item.weight > 0]
    equations = [item for item in candidates if item.equation]
    bare = [item for item in candidates if not item.equation]
    if not candidates:
        raise NeedsInput("no equation was given", "which equation should be solved?")
    for first, second in pairwise(candidates):
        both = first.name == second.name or (not first.equation and not second.equation)
        between = text[first.end : second.start]
        crossing = _MEETING.search(between) or (
            both and " and " in between and _MEETING.search(text)
        )
        if crossing and both:
            return [f"{first.right_side} = {second.right_side}"]
    definitions = [item for item in equations if item.name]
    unsolved = len(definitions) == len(equations)
    target = _target(text, formulas)
    if target is not None:
        chosen = _with_label(text, target[2], candidates)
        if chosen is None and target[0] == "0" and unsolved and _derivative_wanted(evidence):
            return [_derivative_zero(binding, main_formula(candidates))]
        if chosen is None and unsolved:
            heavy = bare if bare and not definitions else definitions or bare
            chosen = max(heavy, key=lambda item: item.weight) if heavy else None
        if chosen is not None and (chosen in bare or chosen in definitions):
            value = target[0]
            if target[1] and "100" not in chosen.right_side:
                value = f"{value}/100"
            if chosen in definitions and chosen.name:
                binding.echo(
                    "{} is set to {}", (chosen.name, chosen.source), (target[0], "question")
                )
            return [f"{chosen.right_side} = {value}"]
    if equations:
        return [item.text for item in equations]
    return [f"{main_formula(bare).text} = 0"]


def _target(text: str, formulas: list[Formula]) -> tuple[str, bool, int] | None:
    """(number, percent, position) that a formula should reach."""

    def outside(match: re.Match[str]) -> bool:
        return not any(item.start < match.end() and match.start() < item.end for item in formulas)

    for pattern in (_REACH, _STANDS_AT):
        for match in pattern.finditer(text):
            if outside(match):
                return match[1], match[2] is not None, match.start()
    for match in _ZERO.finditer(text):
        if outside(match):
            return "0", False, match.start()
    return None


def _with_label(text: str, position: int, candidates: list[Formula]) -> Formula | None:
    """ "what makes slope zero. slope is …": the formula named by the word before."""
    word = re.search(r"([A-Za-z]{2,20})\s+(?:is\s+|becomes\s+)?$", text[:position])
    if word is None:
        return None
    return next(
        (
            item
            for item in candidates
            if word[1].lower() in {item.label, item.name.lower()} and word[1]
        ),
        None,
    )


def _derivative_wanted(evidence: Evidence) -> bool:
    return evidence.has(r"\b(?:deriv\w*|different\w*|diff|slope)\b|\b[a-z]'\s?\(") and evidence.has(
        r"\bzero\b"
    )


def _derivative_zero(binding: Binding, main: Formula) -> str:
    """The derivative of a formula set to zero, where that was asked in the same breath."""
    from havoc.tools import registry

    names = readable_names(main.right_side)
    variable = main.argument or ("x" if "x" in names or len(names) != 1 else names[0])
    result = registry.execute("derivative", {"expression": main.right_side, "variable": variable})
    binding.echo("the derivative of {} is set to zero", (main.right_side, main.source))
    return f"{result.quantities['derivative']} = 0"


BINDERS: dict[str, Binder] = {"solve": bind_solve}
