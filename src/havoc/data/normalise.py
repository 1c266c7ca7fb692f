"""One form for every text before it is filtered, compared and tokenised."""

from __future__ import annotations

import re
import unicodedata

# Line ends of other systems, form feeds and Unicode's own separators.
_LINE_ENDS = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")

# Controls, and characters that take no space: zero-width and soft hyphens, joiners,
# direction marks, invisible operators, byte order marks.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]"
)
_BLANK_LINES = re.compile("\n{4,}")
_TRAILING_SPACE = re.compile("[^\\S\n](?:\n|$)")


def normalise(text: str) -> str:
    """``text`` in Unicode form NFC with LF line ends and nothing invisible in it.

    Control characters except tab and line feed, zero-width characters and trailing
    spaces go; more than two blank lines in a row become two; blank lines at both ends
    go. Applying it twice changes nothing. Symbols stay what they are: NFC keeps the
    micro sign U+00B5, superscripts, ± and × as they stand. The only signs that it
    exchanges are those which Unicode defines as the same character (the ohm sign
    U+2126 is the Greek capital omega, the Ångström sign is Å).
    """
    if _LINE_ENDS.search(text):
        text = _LINE_ENDS.sub("\n", text)
    if _INVISIBLE.search(text):
        text = _INVISIBLE.sub("", text)
    # After removing characters, because what stood around them may now compose.
    text = unicodedata.normalize("NFC", text)
    if _TRAILING_SPACE.search(text):
        text = "\n".join(line.rstrip() for line in text.split("\n"))
    return _BLANK_LINES.sub("\n\n\n", text).strip("\n")
