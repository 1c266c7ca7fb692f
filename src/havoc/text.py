"""Text from users and files, made safe to show in a terminal, a figure or a page."""

from __future__ import annotations

import unicodedata

# Cc: escape sequences, Cf: invisible and direction-changing, Cs/Co/Cn: not characters.
_UNSHOWN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})


def printable(text: object, limit: int = 0) -> str:
    """``text`` on one line, without control characters, shortened to ``limit`` characters.

    White space of any kind becomes one blank. What a terminal would obey (ANSI
    sequences) or a reader would not see (direction marks) is taken out.
    """
    shown = " ".join(_without_controls(str(text)).split())
    return shorten(shown, limit) if limit else shown


def printable_lines(text: object) -> str:
    """``text`` with its line breaks and indentation, without other control characters."""
    return "\n".join(
        _without_controls(line.expandtabs(4)).rstrip() for line in str(text).splitlines()
    )


def shorten(text: str, limit: int) -> str:
    """``text`` with at most ``limit`` characters; what is left out becomes an ellipsis."""
    return text if len(text) <= limit else text[: max(limit - 1, 0)].rstrip() + "…"


def _without_controls(text: str) -> str:
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        " " if character.isspace() else character
        for character in text
        if character.isspace() or unicodedata.category(character) not in _UNSHOWN
    )
