"""What the page and the terminal both need to show an answer object."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

Tone = Literal["good", "warn", "bad", ""]

# The first word of a verdict, whatever its form ("supports", "supported").
_TONES: dict[str, Tone] = {"support": "good", "weaken": "warn", "overturn": "bad"}


def verdict_tone(verdict: str) -> Tone:
    """How a counter-analysis bears on the answer, if its verdict says so in its first word."""
    word = verdict.strip().lower()
    return next((tone for stem, tone in _TONES.items() if word.startswith(stem)), "")


def body_without_conclusion(answer: Mapping[str, Any]) -> str:
    """The Markdown of the answer without what is shown in a place of its own.

    ``details`` holds the running text alone; an answer without it is cut after
    the conclusion.
    """
    details = answer.get("details")
    if details is not None:
        return "\n\n".join(str(detail) for detail in details)
    text = str(answer.get("answer") or "").strip()
    conclusion = str(answer.get("conclusion") or "").strip()
    for opening in (conclusion, f"**{conclusion}**"):
        if conclusion and text.startswith(opening):
            return text[len(opening) :].lstrip()
    return text
