"""Methods that a question calls by their name, which the learned wording weights do not know.

The weights of ``wording`` come from labelled questions; a method that none of them asks for
is reached by its name alone. The first pattern that matches decides, so a more special name
stands before a more general one.
"""

from __future__ import annotations

import re
from functools import cache

NAMED: tuple[tuple[str, str], ...] = (
    (
        "regression_nonlinear",
        r"\bnon-?\s?linear\s+(?:least\s+squares|regress\w*|fit\w*|models?|curves?)\b"
        r"|\bmichaelis|\bgompertz\b|\b4pl\b|\bhill\s+(?:curve|equation|model)\b|\bbi-?exponential"
        r"|\bpower[\s-]law\b(?!\s+(?:process|nhpp))|\bexponential\s+(?:decay|growth)\s+(?:curve|fit|model)"
        r"|\bfit\w*\b[^.?]{0,60}?\b(?:logistic|saturation|growth|decay|exponential)\s+curve\b"
        r"|\bfit\w*\b[^.?=]{0,80}?\b\w{1,20}\s*=[^?;:]{0,80}?(?:\bexp\s*\(|\be\s*\^|(?:\^|\*\*)\s*\(?\s*-?\s*[a-z]"
        r"|\b(?:ln|log|atan|tanh)\s*\(|/\s*\(\s*\w{1,6}\s*\+)",
    ),
    (
        "arl",
        r"\b(?:what|which|how|find|comput\w*|calculat\w*|give)\b[^.?]{0,80}\b(?:arl|run[\s-]lengths?)\b",
    ),
    (
        "control_chart",
        r"\b(?:hotelling\w*|mewma|t(?:²|\^2|2|[\s-]squared))\W{0,6}(?:\w{1,20}\W{1,3}){0,3}(?:chart|card)s?\b"
        r"|\bmultivariate\s+(?:control|ewma)\b|\bgenerali[sz]ed\s+variance\s+chart",
    ),
)
"""Operation and pattern of its names, matched without regard to case."""


def named_operation(text: str) -> str | None:
    """The operation whose name stands in ``text``, or None."""
    return next((name for name, pattern in _compiled() if pattern.search(text)), None)


@cache
def _compiled() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((name, re.compile(pattern, re.IGNORECASE)) for name, pattern in NAMED)
