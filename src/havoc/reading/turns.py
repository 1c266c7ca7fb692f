"""A follow-up read together with the turn before it.

What is new comes first; what it leaves open is taken from the earlier turn. Where the follow-up
says that a figure of the earlier turn was another one ("50 not 200", "95 instead of 90"), that
figure is replaced where it stood, so that everything read from the earlier turn follows.
"""

from __future__ import annotations

import re
from itertools import islice

import msgspec

from havoc.reading.number_pieces import APART, EXPONENT, UNSIGNED
from havoc.reading.question import Reading, read_question
from havoc.reading.roles import Scalar

_FIGURE = rf"{APART}(?<![\w.])({UNSIGNED}{EXPONENT})(?![\w.]*\d)"
_UNIT = r"(?:\s?(?:%|percent|pct|[A-Za-zµμ°]{1,8}\.?)(?![\w]))?"
_SWAPS = (
    # (pattern, group of the new figure, group of the old one)
    (
        rf"{_FIGURE}{_UNIT}\s*,?\s*(?:and\s+|but\s+)?(?:not|n't|instead\s+of|rather\s+than|in\s+place\s+of|"
        rf"statt|au\s+lieu\s+de|en\s+vez\s+de|invece\s+di|zamiast)\s+(?:the\s+|a\s+)?{_FIGURE}",
        1,
        2,
    ),
    (
        rf"\b(?:not|instead\s+of|rather\s+than|nicht|pas|non|nie|no)\s+{_FIGURE}{_UNIT}\s*,?\s*"
        rf"(?:but|rather|it\s+is|it's|use|take|make\s+it|sondern|mais|bensì|ma|sino|lecz|tylko)\s+{_FIGURE}",
        2,
        1,
    ),
    (
        rf"\b(?:change|replace|swap|correct|turn)\s+(?:the\s+)?{_FIGURE}{_UNIT}\s+(?:to|by|with|into|for)\s+{_FIGURE}",
        2,
        1,
    ),
)
_PATTERNS = [(re.compile(pattern, re.IGNORECASE), new, old) for pattern, new, old in _SWAPS]
_PLACE = re.compile(r"question\[(\d+):(\d+)\]")


class Replaced(msgspec.Struct, frozen=True, kw_only=True):
    """A figure of the earlier turn [start:end] that another one, ``text``, takes the place of.

    ``source`` is where the new figure stands in the follow-up, ``said`` the words that swap them.
    """

    start: int
    end: int
    text: str
    source: tuple[int, int]
    said: tuple[int, int] = (0, 0)


def merge(reading: Reading, earlier: Reading) -> Reading:
    """A follow-up holds what is new; the rest is taken from the earlier turn.

    Places count from the beginning of the newer turn, which comes first.
    """
    roles = {item.role for item in reading.scalars}
    offset = len(reading.plain) + 1
    kept = [_moved(item, offset) for item in earlier.scalars if item.role not in roles]
    has_data = bool(reading.tables) or any(
        len(item.values) > 1 for block in reading.blocks for item in block.lists
    )
    return msgspec.structs.replace(
        reading,
        plain=f"{reading.plain}\n{earlier.plain}",
        remaining=reading.remaining if has_data else f"{reading.remaining}\n{earlier.remaining}",
        scalars=[*reading.scalars, *kept],
        blocks=reading.blocks if has_data else _shifted(earlier, len(reading.remaining) + 1),
        tables=reading.tables or earlier.tables,
        text=f"{reading.text}\n{earlier.text}",
        turns=(reading, earlier),
    )


def _moved(item: Scalar, offset: int) -> Scalar:
    return msgspec.structs.replace(item, start=item.start + offset, end=item.end + offset)


def _shifted(earlier: Reading, offset: int) -> list:  # type: ignore[type-arg]
    """Blocks of the earlier turn at their place in the joined text."""
    return [
        msgspec.structs.replace(
            block,
            lists=[
                msgspec.structs.replace(item, start=item.start + offset, end=item.end + offset)
                for item in block.lists
            ],
        )
        for block in earlier.blocks
    ]


LONGEST = 4000
"""Characters of a turn in which figures to be swapped are looked for."""
MOST_FIGURES = 60
"""Single figures of a turn that are looked at; no question in words has more."""


def stated_swaps(reading: Reading, earlier: Reading) -> list[Replaced]:
    """Figures that the follow-up says were others, where the earlier turn has them once."""
    found: list[Replaced] = []
    figures = single_figures(earlier)
    for pattern, new, old in _PATTERNS:
        for match in islice(pattern.finditer(reading.plain[:LONGEST]), MOST_FIGURES):
            places = [figure for figure in figures if float(figure[1]) == float(match[old])]
            if len(places) == 1 and not any(item.start == places[0].start(1) for item in found):
                start, end = places[0].span(1)
                found.append(
                    Replaced(
                        start=start,
                        end=end,
                        text=match[new],
                        source=match.span(new),
                        said=match.span(),
                    )
                )
    return found


_ANY_FIGURE = re.compile(rf"(?<![\w.])({UNSIGNED}{EXPONENT})(?!\.?\d)", re.IGNORECASE)


def single_figures(reading: Reading) -> list[re.Match[str]]:
    """The first figures of a turn that stand in no list of three or more."""
    listed = bytearray(LONGEST)
    for block in reading.blocks:
        for item in block.lists:
            if len(item.values) > 2 and item.start < LONGEST:
                end = min(item.end, LONGEST)
                listed[item.start : end] = b"\1" * (end - item.start)
    figures = _ANY_FIGURE.finditer(reading.plain[:LONGEST])
    return list(islice((item for item in figures if not listed[item.start(1)]), MOST_FIGURES))


def without_swaps(reading: Reading, swaps: list[Replaced]) -> Reading:
    """The follow-up without the words that swap figures, every place kept."""
    text = reading.text
    for swap in swaps:
        start, end = swap.said
        text = text[:start] + " " * (end - start) + text[end:]
    return read_question(text, reading.tables[: len(reading.tables) - reading.pasted])


def replaced(earlier: Reading, swaps: list[Replaced]) -> Reading:
    """The earlier turn with other figures in it, read anew; tables from files stay."""
    text = earlier.text
    commas = any(earlier.plain[place] != char for place, char in enumerate(text) if char == ",")
    for swap in sorted(swaps, key=lambda item: -item.start):
        figure = swap.text.replace(".", ",") if commas else swap.text
        text = text[: swap.start] + figure + text[swap.end :]
    files = earlier.tables[: len(earlier.tables) - earlier.pasted]
    return read_question(text, files)


def traced(source: str, reading: Reading, swaps: list[Replaced]) -> str:
    """A source in the joined text with figures replaced, as places of what was typed."""

    def place(match: re.Match[str]) -> str:
        start, end = int(match[1]), int(match[2])
        for swap in sorted(swaps, key=lambda item: -item.start):
            shift = sum(_grown(other) for other in swaps if other.start < swap.start)
            begin = len(reading.plain) + 1 + swap.start + shift
            if (start, end) == (begin, begin + len(swap.text)):
                return f"question[{swap.source[0]}:{swap.source[1]}]"
            start -= _grown(swap) if start > begin else 0
            end -= _grown(swap) if end > begin else 0
        return f"question[{start}:{end}]"

    return _PLACE.sub(place, source)


def _grown(swap: Replaced) -> int:
    return len(swap.text) - (swap.end - swap.start)
