"""A figure of a follow-up that no word gives a role takes the place of one of the earlier turn.

"What if we bump it to 10 pcs" after "n=5 …", "if 90?" after "… power 80 %": the new figure
replaces the one that is written like it (the same unit, the same name, the same kind of count,
or else the only one of its size). It counts only if the tool's arguments then hold it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from havoc.reading.prose import STOPWORDS, UNITS
from havoc.reading.question import Reading
from havoc.reading.turns import (
    Replaced,
    merge,
    replaced,
    single_figures,
    stated_swaps,
    traced,
    without_swaps,
)
from havoc.reason.binding.arguments import Binding, NeedsInput

MOST_WORDS = 8
"""Words of a follow-up that says hardly more than its figure."""
MOST_CHANGES = 4
"""Figures of a follow-up that are tried in the earlier turn."""
_ALIKE = 3.0
"""Factor within which a figure is of the size of another."""
_OTHER = re.compile(
    r"\b(?:for|with|on|at|by|from|of|to|using|do)\s+(?:the\s+|an?)\s?(?:other|second|next|another|new)\s+"
    r"(?:one|spec\w*|limits?|tolerances?|machines?|lines?|lots?|batch(?:es)?|columns?|data|sets?|suppliers?|"
    r"samples?|cavity|cavities|parts?|shifts?|operators?|sites?|target|measurements?)\b",
    re.IGNORECASE,
)
_REFERENCE = re.compile(
    r"(?:\b(?:slide|page|line|machine|part|lot|batch|figure|table|test|tests|rule|step|version|rev|item|no|nr|iso|din)"
    r"\W{0,2}|#)$",
    re.IGNORECASE,
)
_COUNTED = re.compile(
    r"(?:pcs|pieces?|parts?|samples?|units?|each|readings?|specimens?|replicates?|reps?|items?|n|size|"
    r"st(?:ü|ue)ck|sztuk|pi[eè]ces|peças|piezas|pezzi)\b",
    re.IGNORECASE,
)
_WORD_BEHIND = re.compile(r"\s?(%|percent\b|pct\b|[^\W\d_][\w/²³°·]{0,15})", re.IGNORECASE)
_WORDS_BEFORE = re.compile(r"[^\W\d_][\w\-]{0,20}")
_SMALL = STOPWORDS | frozenset("go up down bump what make change now instead".split())


def follow_up(
    reading: Reading, bound: Callable[[Reading], Binding], begun: Callable[[Reading], Binding]
) -> Binding:
    """The arguments of both turns, with what the newer one changes. Raises NeedsInput.

    ``bound`` binds a reading; ``begun`` gives what could be bound of one, whatever is missing.
    """
    newest, earlier = reading.turns
    if _OTHER.search(newest.plain) and not re.search(r"\d", newest.plain) and not newest.tables:
        raise NeedsInput(
            "the values of the other one are not there",
            "which values belong to it?",
        )
    swaps = stated_swaps(newest, earlier)
    if swaps:
        amended = bound(merge(without_swaps(newest, swaps), replaced(earlier, swaps)))
        return _traced(amended, newest, earlier, swaps)
    binding = bound(reading)
    tried = 0
    for figure in single_figures(newest):
        before = newest.plain[max(0, figure.start(1) - 12) : figure.start(1)]
        if _holds(binding, float(figure[1])) or _REFERENCE.search(before):
            continue
        if (tried := tried + 1) > MOST_CHANGES:
            break
        own = _named_alone(begun(newest), float(figure[1]))
        if own is not None and own[0] in binding.args:
            binding.set(*own)
            continue
        place = _counterpart(figure, newest, earlier)
        if place is None:
            continue
        swap = Replaced(
            start=place.start(1), end=place.end(1), text=figure[1], source=figure.span(1)
        )
        try:
            amended = bound(merge(newest, replaced(earlier, [swap])))
        except NeedsInput:
            continue
        if _holds(amended, float(figure[1])) and amended.args.keys() >= binding.args.keys():
            return _traced(amended, newest, earlier, [swap])
    return binding


def _named_alone(begun: Binding, value: float) -> tuple[str, Any, str] | None:
    """The argument that the follow-up names by itself: its name, value and source."""
    for name, argument in begun.args.items():
        single = isinstance(argument, (int, float)) and not isinstance(argument, bool)
        if single and any(abs(argument - form) <= 1e-9 for form in (value, value / 100)):
            return name, argument, begun.provenance.get(name, "question")
    return None


def _holds(binding: Binding, value: float) -> bool:
    forms = (value, value / 100, 1 - value / 100, 1 - value, value * 1000)
    return any(
        abs(number - form) <= 1e-9 * max(1.0, abs(form))
        for call in (binding, *binding.more)
        for number in _numbers(call.args)
        for form in forms
    )


def _numbers(value: Any) -> Iterator[float]:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        yield float(value)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _numbers(item)
    elif isinstance(value, list) and len(value) <= 2:  # data do not make a figure used
        for item in value:
            yield from _numbers(item)


class _Look(msgspec.Struct, frozen=True):
    """How a figure is written: its value, the word behind it and the words before it."""

    value: float
    percent: bool
    unit: str
    counted: bool
    names: frozenset[str]


def _look(figure: re.Match[str], text: str) -> _Look:
    behind = _WORD_BEHIND.match(text, figure.end(1))
    word = behind[1].lower() if behind else ""
    percent = word in {"%", "percent", "pct"}
    around = re.split(r"\d", text[max(0, figure.start(1) - 30) : figure.start(1)])[-1]
    words = [item.lower() for item in _WORDS_BEFORE.findall(around)][-3:]
    last = words[-1] if words else ""
    return _Look(
        value=float(figure[1]),
        percent=percent,
        unit=word if word in UNITS and not percent else "",
        counted=not percent
        and (
            _COUNTED.fullmatch(word) is not None
            or (_COUNTED.fullmatch(last) is not None and not word)
        ),
        names=frozenset({*words, word} - _SMALL - {"", "%"}),
    )


def _counterpart(figure: re.Match[str], newest: Reading, earlier: Reading) -> re.Match[str] | None:
    """The figure of the earlier turn that is written most like it; None where two are."""
    wanted = _look(figure, newest.plain)
    roles = {item.role for item in newest.scalars if item.start == figure.start(1)}
    weighed = []
    for place in single_figures(earlier):
        found = _look(place, earlier.plain)
        same_role = any(
            item.role in roles | wanted.names and item.start == place.start(1)
            for item in earlier.scalars
        )
        weight = _weight(wanted, found) + 6 * same_role
        if weight > 0:
            weighed.append((weight, place))
    weighed.sort(key=lambda item: -item[0])
    best = [place for weight, place in weighed if weight == weighed[0][0]]
    if len(best) > 1 and len(newest.plain.split()) <= MOST_WORDS and not newest.tables:
        choices = " or ".join(dict.fromkeys(place[1] for place in best[:4]))
        raise NeedsInput(
            f"it is not said which figure {figure[1]} takes the place of",
            f"what should become {figure[1]}: {choices}?",
        )
    return best[0] if len(best) == 1 else None


def _weight(wanted: _Look, found: _Look) -> int:
    if wanted.value == found.value:
        return 0
    if wanted.unit and found.unit and wanted.unit != found.unit:
        return 0
    if wanted.percent and not found.percent and (found.unit or found.counted):
        return 0
    weight = 3 * (wanted.percent and found.percent)
    weight += 3 * bool(wanted.unit and wanted.unit == found.unit)
    weight += 3 * (wanted.counted and found.counted)
    weight += 4 * bool(wanted.names & found.names)
    low, high = sorted((abs(wanted.value), abs(found.value)))
    return weight + (low > 0 and high / low <= _ALIKE)


def _traced(binding: Binding, newest: Reading, earlier: Reading, swaps: list[Replaced]) -> Binding:
    """Every source as a place of what was typed, and the changes said."""
    for call in (binding, *binding.more):
        call.provenance = {
            name: traced(source, newest, swaps) for name, source in call.provenance.items()
        }
        for told in (call.roles, call.warnings):
            told[:] = [
                (text, [(value, traced(source, newest, swaps)) for value, source in values])
                for text, values in told
            ]
    begin = len(newest.plain) + 1
    for swap in swaps:
        binding.echo(
            "{} instead of {}",
            (float(swap.text), f"question[{swap.source[0]}:{swap.source[1]}]"),
            (
                float(earlier.plain[swap.start : swap.end]),
                f"question[{begin + swap.start}:{begin + swap.end}]",
            ),
        )
    return binding
