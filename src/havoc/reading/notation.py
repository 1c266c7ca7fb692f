"""How numbers are written: decimal commas, thousands, odd blanks and minus signs.

Every character is replaced by one, so that positions refer to the text as it was typed.
"""

from __future__ import annotations

import re

_DECIMAL_COMMA = re.compile(r"(?<![\d.,])\d+,\d+(?!\d|,\d|\.\d)")
_SURE_COMMA = re.compile(r"(?<![\d.,])0,0\d*(?!\d|,\d|\.\d)")
"""0,05 among numbers with points: no number begins with 0 and goes on without a point."""
_THOUSANDS = re.compile(r"^[1-9]\d{0,2},\d{3}$")
_PAIR = re.compile(
    r"(?:[\[{]|(?<=[\w%°])\()\s*(?P<low>\d++(?:\.\d++)?)\s*,\s*(?:\d++(?:\.\d++)?)\s*[\])}](?!\s*%)"
)
"""Two figures that fill brackets, "[1,5]" or "speed(50,90)": low and high, no decimal comma."""
_BLANK_THOUSANDS = re.compile(r"(?<![\w.,+-])(?<!\d )[1-9]\d{0,2}(?: 000){1,2}(?![\w.,]*\d)(?! \d)")
"""90 000 and 1 000 000: no list holds a value that is written 000."""
_COMMA_CHAIN = re.compile(r"(?<![\d.])\d++(?:\.\d++)?,\d++(?:\.\d++)?,\d+")
_DOT_DECIMAL = re.compile(r"(?<![\w.])\d*\.\d+(?![\w.]*\d\.)")
MATRIX = r"\[\s*\[[^\[\]]*\](?:\s*,?\s*\[[^\[\]]*\])*\s*\]"
_MATRIX = re.compile(MATRIX)
_FIGURE = r"[-+]?\d{1,15}(?:\.\d{1,15})?"
_POINT = rf"\(\s?{_FIGURE}\s?,\s?{_FIGURE}\s?\)"
_POINTS = re.compile(rf"{_POINT}(?:[ ,;]{{1,3}}{_POINT}){{2,}}")
"""``(20,50) (21,52) (20,51)``: points, whose commas are no decimal commas."""
_R_VECTOR = re.compile(r"(?<![\w.])c\((?=\s{0,4}[-+.'\"\w])([^()]{1,4000})\)")
"""``c(22, 25)``, a vector of R, is a list in brackets."""
_REPLACE = str.maketrans(
    {
        "−": "-",
        "‐": "-",
        "‑": "-",
        "\u00a0": " ",
        "\u2009": " ",
        "\u202f": " ",
        "＝": "=",
        "，": ",",
        "；": ";",
    }
)


def normalise(text: str) -> str:
    """Decimal commas to points, odd blanks and minus signs to plain ones; same length."""
    text = _R_VECTOR.sub(r" [\1]", text.translate(_REPLACE))
    text = _BLANK_THOUSANDS.sub(lambda match: match[0].replace(" ", "").rjust(len(match[0])), text)
    if not _has_decimal_commas(_POINTS.sub(" ", _PAIR.sub(" ", text))):
        return _drop_thousands(_SURE_COMMA.sub(lambda match: match[0].replace(",", "."), text))
    bracketed = bytearray(len(text))
    for pattern in (_PAIR, _MATRIX, _POINTS):
        for match in pattern.finditer(text):
            bracketed[match.start() : match.end()] = b"\1" * len(match[0])
    return _DECIMAL_COMMA.sub(
        lambda match: match[0] if bracketed[match.start()] else match[0].replace(",", "."), text
    )


def _has_decimal_commas(text: str) -> bool:
    candidates = _DECIMAL_COMMA.findall(text)
    if not candidates:
        return False
    if _COMMA_CHAIN.search(text) and len(_COMMA_CHAIN.findall(text)) >= len(candidates) / 2:
        return False
    if len(_DOT_DECIMAL.findall(text)) >= len(candidates):
        return False
    return not all(_THOUSANDS.match(candidate) for candidate in candidates)


def _drop_thousands(text: str) -> str:
    """1,200 reads as 1200 and ends where it ended: leading blanks take the comma's place."""
    low_ends = {match.start("low") for match in _PAIR.finditer(text)}

    def join(match: re.Match[str]) -> str:
        parts = match[0].split(",")
        before = text[max(0, match.start() - 3) : match.start()].rstrip()[-1:]
        behind = text[match.end() : match.end() + 1]
        several = len(parts) > 2 and before in {"(", "["} and behind in {")", "]"}
        rising = [int(part) for part in parts]
        if several and rising == sorted(set(rising)):
            return match[0]  # levels: "grit (80,120,240)"
        if match.start() in low_ends:
            return match[0]
        digits = "".join(parts)
        return " " * (len(match[0]) - len(digits)) + digits

    if _DECIMAL_COMMA.search(text) is None:
        return text
    return re.sub(r"(?<![\d.,\w])[1-9]\d{0,2}(?:,\d{3})+(?![\d,]|\.\d|\s*,\s*\d{3}\b)", join, text)
