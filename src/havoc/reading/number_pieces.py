r"""Pieces of patterns for numbers as people type them: 12, 12.5, .5.

The quantifiers are possessive: what was taken is not given back. So a number is read
whole or not at all ("at 99.5 %" leaves no 99 that is no percentage), and a pattern that
fails behind a long run of digits fails at once. A pattern that begins with a piece needs
:data:`APART` or a stricter look behind in front of it, or it is tried again at every
digit of the run; both together keep a search linear in the length of the text.
"""

from __future__ import annotations

APART = r"(?<!\d)"
UNSIGNED = r"(?:\d++(?:\.\d++)?+|\.\d++)"
SIGNED = rf"[-+]?{UNSIGNED}"
SIGNED_APART = rf"[-+]?{APART}{UNSIGNED}"
NO_MORE_DIGITS = r"(?!\.*+\d)"
"""Behind a number: it is not the begin of a version, a date or a chain such as 1.2.3."""

PERCENT_SIGN = r"(%|percent\b|pct\b)"
EXPONENT = r"(?:e[-+]?\d++)?"
