"""How a figure is written, in one place, so that text and charts agree.

A reference in an answer is ``{{r1.p_value:p}}``; what follows the colon is a
format understood by :func:`figure`.
"""

from __future__ import annotations

import math
from typing import Any

DEFAULT_DIGITS = 5
LIST_LIMIT = 12


def figure(value: Any, spec: str = "", unit: str = "") -> str:
    """Write ``value`` as text.

    ``spec`` is one of: empty (five significant digits, six from 10 on, integers in full),
    ``p`` (a comparison for a p-value: ``= 0.0321`` or ``< 0.001``), ``%`` (a
    fraction as a percentage), ``full`` (every digit), ``unit`` (default digits
    followed by the unit of the result) or any Python float format (``.3f``).
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "not available"
    if isinstance(value, str):
        return value
    if isinstance(value, (list, tuple)):
        shown = ", ".join(figure(item, spec, unit) for item in value[:LIST_LIMIT])
        return shown if len(value) <= LIST_LIMIT else f"{shown}, …"
    if isinstance(value, int) and spec in ("", "full"):
        return str(value)
    number = float(value)
    if math.isnan(number):
        return "not available"
    if math.isinf(number):
        return "∞" if number > 0 else "−∞"
    if spec == "p":
        return "< 0.001" if number < 0.001 else f"= {_significant(number, 3)}"
    if spec == "%":
        return f"{figure(100.0 * number)} %"
    if spec == "full":
        return repr(number)
    if spec == "unit":
        text = figure(value)
        return f"{text} {unit}" if unit else text
    if spec:
        return format(number, spec)
    if number.is_integer() and abs(number) < 1e15:
        return str(int(number))
    return _significant(number, DEFAULT_DIGITS)


def _significant(number: float, digits: int) -> str:
    """``number`` with ``digits`` significant digits, trailing zeros dropped.

    Digits before the decimal point are never rounded away: 74.00118 with five
    digits is written 74.001, and 123456.7 stays 123457.
    """
    if number == 0:
        return "0"
    magnitude = math.floor(math.log10(abs(number)))
    if magnitude < -4 or magnitude >= 15:
        return f"{number:.{digits - 1}e}"
    decimals = max(digits - 1 - magnitude, 0)
    text = f"{number:.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
