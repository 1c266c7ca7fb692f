"""Text from users and files, made safe to show in a terminal, a figure or a page."""

from __future__ import annotations

import unicodedata

# Cc: escape sequences, Cf: invisible and direction-changing, Cs/Co/Cn: not characters.
_UNSHOWN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})


# Lines and symbols that charts and answers use, for a terminal that knows no Unicode.
_COUNTERPARTS = str.maketrans(
    {
        **dict.fromkeys("─┈━–−—", "-"),
        **dict.fromkeys("│┃┊║", "|"),
        **dict.fromkeys("═", "="),
        **dict.fromkeys("┌┐└┘├┤┬┴┼╭╮╰╯╞╡╪", "+"),
        **dict.fromkeys("●◆▲○□•", "o"),
        **dict.fromkeys("■×", "x"),
        **dict.fromkeys("█▓", "#"),
        **dict.fromkeys("▒", "+"),
        **dict.fromkeys("░", ":"),
        **dict.fromkeys("·", "."),
        **dict.fromkeys("…", "~"),
        **dict.fromkeys("‘’", "'"),
        **dict.fromkeys("“”", '"'),
        **dict.fromkeys("µμ", "u"),
        "↑": "^",
        "→": ">",
        "∞": "inf",
        "≤": "<=",
        "≥": ">=",
        "±": "+/-",
        "σ": "sigma",
        # Braille becomes one kind of dot.
        **{chr(code): "." for code in range(0x2801, 0x2900)},
    }
)


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


def encodable(text: str, encoding: str) -> str:
    """``text`` as it is if ``encoding`` has all its characters, otherwise its nearest ASCII."""
    try:
        text.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return to_ascii(text)
    return text


def to_ascii(text: str) -> str:
    """The nearest ASCII: lines and symbols have a counterpart, accents are dropped."""
    plain = unicodedata.normalize("NFKD", text.translate(_COUNTERPARTS))
    kept = "".join(character for character in plain if not unicodedata.combining(character))
    return kept.encode("ascii", "replace").decode("ascii")


def _without_controls(text: str) -> str:
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        " " if character.isspace() else character
        for character in text
        if character.isspace() or unicodedata.category(character) not in _UNSHOWN
    )
