"""Distances in standard deviations as they are written: "2 sigma", "one sd", "half a sigma"."""

from __future__ import annotations

from havoc.reading.number_pieces import SIGNED_APART

NUMBER = SIGNED_APART
_COUNTING = {
    "half": 0.5, "one": 1.0, "a": 1.0, "single": 1.0, "two": 2.0, "three": 3.0, "four": 4.0,
    "five": 5.0, "six": 6.0, "seven": 7.0, "eight": 8.0,
}  # fmt: skip
WORD = "|".join(_COUNTING)
SIGMA = r"(?:sigmas?|σ|sig\b|sds?\b|s\b|std\b|standard deviations?|stdevs?)"


def value_of(text: str) -> float:
    """A number in digits or in one of the words."""
    return _COUNTING[text.lower()] if text.lower() in _COUNTING else float(text)
