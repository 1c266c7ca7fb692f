"""What a gage study is judged by: tolerance or limits, study multiplier, confidence."""

from __future__ import annotations

import re

from havoc.reading.number_words import as_digits
from havoc.reason.binding.arguments import Binding, source_of
from havoc.reason.binding.evidence import Evidence
from havoc.reason.binding.specification import read_specification

_NUMBER = r"(\d++(?:\.\d++)?|\.\d++)(?![\w]*\d)"
_TOLERANCE = re.compile(
    rf"(?<!lower )(?<!upper )\b(?:tolerance|tol|window)\b\.?\s{{0,3}}(?:(?:width|total|full|range|of|is|it|in|the|product|part|[=:])\s{{0,3}}){{0,4}}{_NUMBER}"
    r"(?!\s*(?:-|–|to|and|\.\.)\s*\d)",
    re.IGNORECASE,
)
_MULTIPLIER = re.compile(
    r"(?<![\w.])(?P<sigmas>[4-8](?:\.\d{1,3})?)\s{0,8}-?\s?(?:x\s)?(?:sigmas?|σ|s|sds?|std|multiplier|standard\s+deviations)(?![\w'’])"
    r"|(?<![\w.])(?P<usual>5\.15)(?![\w.]*\d)"
    r"|\bmultiplier\s*(?:is|of|=|:)?\s*(?P<named>\d(?:\.\d{1,3})?)",
    re.IGNORECASE,
)
_CONFIDENCE = re.compile(
    r"(?<![\w.])(80|90|95|98|99)(?:\s?(?:%|percent)|\s(?:conf\b|limits))(?!\s*(?:of\b|tol))",
    re.IGNORECASE,
)


def gage_settings(evidence: Evidence, binding: Binding) -> None:
    """Set tolerance or lsl and usl, study_multiplier and confidence as far as they are said."""
    text = evidence.reading.plain
    tolerance = _TOLERANCE.search(text)
    margin = evidence.scalar("margin")
    if tolerance:
        place = f"question[{tolerance.start(1)}:{tolerance.end(1)}]"
        binding.set("tolerance", float(tolerance[1]), place)
    elif margin is not None and margin.value > 0 and evidence.has(r"\btol"):
        # "tolerance +/- 0.5": the full width is twice the margin
        binding.set("tolerance", 2 * margin.value, source_of(margin))
    else:
        for name, limit in read_specification(evidence.reading).items():
            if _could_be_limit(limit.value, binding):
                binding.set(name, limit.value, limit.source)
        if not {"lsl", "usl"} & set(binding.args):
            _around(text, binding)
    multiplier = _MULTIPLIER.search(as_digits(text))
    if multiplier:
        value = multiplier["sigmas"] or multiplier["usual"] or multiplier["named"]
        place = f"question[{multiplier.start()}:{multiplier.end()}]"
        binding.set("study_multiplier", float(value), place)
    evidence.confidence(binding)
    level = _CONFIDENCE.search(text)
    if level and "confidence" not in binding.args:
        place = f"question[{level.start(1)}:{level.end(1)}]"
        binding.set("confidence", float(level[1]) / 100, place)


_PAIR = re.compile(
    rf"(?<![\w.])(?P<low>\d++(?:\.\d++)?|\.\d++)\s?(?:[A-Za-z°µ%]{{1,5}}\s?)?(?:-|–|/|to|and|\.\.+)\s?{_NUMBER}"
)


def _around(text: str, binding: Binding) -> None:
    """Two numbers that the readings lie between: "tolerable for 2 to 5 N", "lim 40/65"."""
    readings = [item for item in binding.args.get("data", []) if item is not None]
    for match in _PAIR.finditer(text) if readings else ():
        low, high = float(match["low"]), float(match[2])
        if low < min(readings) and max(readings) < high and _could_be_limit(low, binding):
            binding.set("lsl", low, f"question[{match.start('low')}:{match.end('low')}]")
            binding.set("usl", high, f"question[{match.start(2)}:{match.end(2)}]")
            return


def _could_be_limit(value: float, binding: Binding) -> bool:
    """Limits lie about the readings; a count of parts or of days does not."""
    readings: list[float] = [item for item in binding.args.get("data", []) if item is not None]
    if not readings:
        return True
    low, high = min(readings), max(readings)
    reach = max(3 * (high - low), 0.5 * abs(high))
    return low - reach <= value <= high + reach
