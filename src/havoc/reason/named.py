"""Methods that a question calls by their name, which the learned wording weights do not know.

The weights of ``wording`` come from labelled questions; a method that none of them asks for
is reached by its name alone. The first pattern that matches decides, so a more special name
stands before a more general one.
"""

from __future__ import annotations

import re
from functools import cache

NAMED: tuple[tuple[str, str], ...] = ()
"""Operation and pattern of its names, matched without regard to case."""


def named_operation(text: str) -> str | None:
    """The operation whose name stands in ``text``, or None."""
    return next((name for name, pattern in _compiled() if pattern.search(text)), None)


@cache
def _compiled() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((name, re.compile(pattern, re.IGNORECASE)) for name, pattern in NAMED)
