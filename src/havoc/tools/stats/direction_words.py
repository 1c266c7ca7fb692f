"""How one thing stands to another, in the words of an answer."""

from __future__ import annotations

TESTED = {"two_sided": "differs from", "less": "is below", "greater": "is above"}
"""What a test of each direction asks."""


def relation_of(alternative: str, significant: bool | None, difference: float) -> str:
    """What was tested; where a two-sided test found a difference, its direction."""
    if significant and alternative == "two_sided":
        return "is above" if difference > 0 else "is below"
    return TESTED[alternative]
