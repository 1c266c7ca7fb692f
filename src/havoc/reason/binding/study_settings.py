"""Settings of capability studies in words: limits around the data, sizes, labelled subgroups, goals."""

from __future__ import annotations

import re
from contextlib import suppress

from havoc.reading.number_pieces import SIGNED, UNSIGNED
from havoc.reading.number_words import with_digits
from havoc.reason.binding.arguments import Binding, NeedsInput
from havoc.reason.binding.capability import limits
from havoc.reason.binding.evidence import Evidence

_SPAN = re.compile(
    rf"(?<![\w.])({SIGNED})(?![.]?\d)\s*(?:%|[a-zµ°]{{1,4}})?\s*(?:-|–|—|\bto\b|\band\b|\.\.+|…|/|,)?\s*({SIGNED})(?![.]?\d)",
    re.IGNORECASE,
)
_MIDDLE = re.compile(rf"\s*,\s*({UNSIGNED})\s*(?=[;)])")
_SIZES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(?<![\w^])n\s*=\s*(\d{1,2})(?![\w.])",
        r"\b(?:racks?|groups?|sets?|sub-?groups?|batch(?:es)?|samples?|lots?|size)\s+of\s+(\d{1,2})(?![\w.]*\d)",
        r"(?<![\w.])(\d{1,2})\s+(?:[a-z]+\s+){1,2}(?:per|a|an|each|every|from\s+each|of\s+(?:1|one|a|each|every)|in\s+each)\b",
        r"\b(?:by|each|every|per)\s+[a-z]+\s+(\d{1,2})\s+(?:samples?|pieces|pcs|parts|readings|values)\b",
    )
)  # fmt: skip
_IN_WORDS = {"pairs": 2, "twos": 2, "threes": 3, "triplets": 3, "fours": 4, "fives": 5}
_LABELLED = re.compile(
    rf"(?<![\w.])(?P<name>[a-z]{{1,10}})\s?(?P<index>\d{{1,2}})\s*[:=]?\s+(?P<values>(?:{SIGNED}(?:\s*,\s*|\s+)){{1,24}}{SIGNED})(?![.]?\d)"
    r"(?=\s*(?:[^\W\d_]|[;,./|)]|$))",
    re.IGNORECASE,
)
_GOAL = r"(?:1\.0|1\.33|1\.5|1\.67|2\.0)(?!\d)"
_REQUIRED = re.compile(
    rf"(?:cpk|ppk|wants?|demand\w*|require\w*|criterion|at\s+least|>=|≥|need\w*|reach\w*|against|goal)\D{{0,24}}?({_GOAL})"
    rf"|(?<![\w.])({_GOAL})\s+(?:is\s+)?(?:needed|required|wanted)\b",
    re.IGNORECASE,
)


def required_index(evidence: Evidence, binding: Binding) -> None:
    match = _REQUIRED.search(evidence.text)
    if match:
        value = match[1] or match[2]
        binding.set("cpk_required", float(value), f"question[{match.start()}:{match.end()}]")


def study_limits(evidence: Evidence, binding: Binding) -> None:
    """Limits in their words; else the one span of two numbers that encloses every value.

    The data must have been bound. Raises NeedsInput where there are no limits.
    """
    asked: NeedsInput | None = None
    values = _values(binding)
    scratch = Binding(operation=binding.operation)
    try:
        limits(evidence, scratch)
    except NeedsInput as needed:
        asked = needed
    low, high = scratch.args.get("lsl"), scratch.args.get("usl")
    inside = (
        values and (low is None or low <= max(values)) and (high is None or high >= min(values))
    )
    if asked is None and (inside or not values):
        for name in ("lsl", "usl"):
            if name in scratch.args:
                binding.set(name, scratch.args[name], scratch.provenance.get(name, "question"))
        binding.roles += scratch.roles
        return
    spans = list(_enclosing(evidence.reading.plain, values)) if values else []
    if len({(match[1], match[2]) for match in spans}) != 1:
        raise asked or NeedsInput(
            "the limits do not lie around the values",
            "what are the lower and upper specification limit?",
        )
    match = spans[0]
    binding.set("lsl", float(match[1]), f"question[{match.start(1)}:{match.end(1)}]")
    binding.set("usl", float(match[2]), f"question[{match.start(2)}:{match.end(2)}]")
    middle = _MIDDLE.match(evidence.reading.plain, match.end())
    if middle and float(match[1]) < float(middle[1]) < float(match[2]):
        binding.set("target", float(middle[1]), f"question[{middle.start(1)}:{middle.end(1)}]")


def _values(binding: Binding) -> list[float]:
    rows = binding.args.get("subgroups")
    return [value for row in rows for value in row] if rows else list(binding.args.get("data", []))


def _enclosing(text: str, values: list[float]) -> list[re.Match[str]]:
    """Spans around all values, no wider than forty times their own range from the middle."""
    low, high = min(values), max(values)
    room = 40 * max(high - low, abs(high) * 1e-3)
    found = []
    place = 0
    while match := _SPAN.search(text, place):
        place = match.end(1)
        a, b = float(match[1]), float(match[2])
        if a < low and b > high and low - a < room and b - high < room:
            found.append(match)
    return found


def told_size(evidence: Evidence, binding: Binding) -> None:
    """The size of consecutive subgroups, where it divides the number of values."""
    data = binding.args.get("data")
    if not data or "subgroup_size" in binding.args:
        return
    text = with_digits(evidence.reading.plain)
    sizes = [
        (int(match[1]), f"question[{match.start(1)}:{match.end(1)}]")
        for pattern in _SIZES
        for match in pattern.finditer(text)
    ]
    sizes += [
        (size, "question")
        for word, size in _IN_WORDS.items()
        if re.search(rf"\b{word}\b", text, re.IGNORECASE)
    ]
    for size, source in sizes:
        if 1 < size < len(data) and len(data) % size == 0:
            binding.set("subgroup_size", size, source)
            return


def labelled_subgroups(evidence: Evidence, binding: Binding) -> bool:
    """ "s1 2.0 2.1 s2 2.4 2.4", "shot 1 0.51 0.52, shot 2 0.55 0.56": subgroups by their labels."""
    families: dict[str, list[re.Match[str]]] = {}
    for match in _LABELLED.finditer(evidence.reading.plain):
        families.setdefault(match["name"].lower(), []).append(match)
    for members in families.values():
        indices = [int(match["index"]) for match in members]
        rows = [
            [float(number) for number in re.findall(SIGNED, match["values"])] for match in members
        ]
        counted_on = indices == list(range(indices[0], indices[0] + len(rows)))
        if len(rows) >= 2 and counted_on and len({len(row) for row in rows}) == 1:
            binding.set("subgroups", rows, f"question[{members[0].start()}:{members[-1].end()}]")
            return True
    return False


_SHARE = re.compile(
    rf"(?<![\w.])({UNSIGNED})\s*(%|percent|pct|ppm)(?!\s*(?:conf|limits?|bounds|sure|ci\b|interval|two|level))",
    re.IGNORECASE,
)
_RATE = re.compile(
    rf"\b(?:goal|target|allow\w*|accepts?|promis\w*|contract|at\s+most|max\w*|under|below|limit|within|lets?\s+us|not\s+more\s+than)\b[^.;%\d]{{0,24}}?(?<![\w.])({UNSIGNED})"
    r"(?!\s*(?:%|percent|pct))(?=\s*(?:per\b|/|a\b|[\n,.;?]|$))",
    re.IGNORECASE,
)
_ONE_IN = re.compile(r"\b(\d{1,3})\s+in\s+(?:a\s+|1\s+)?(\d{3,7})\b", re.IGNORECASE)
_EACH = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(?<![\w.])(\d{1,6})\s+[a-z]+\s+(?:each\b|at\s+a\s+time)",
        r"\b(?:trays?|boxes|box|lots?|bags?|samples?|batch(?:es)?|packs?|sheets?|groups?)\s+of\s+(\d{1,6})\b",
        r"(?<![\w.])(\d{1,6})\s*/\s*(?:day|shift|lot|batch|week|hour|sample)\b",
    )
)  # fmt: skip


def told_target(evidence: Evidence, binding: Binding) -> None:
    """The largest share or rate that is accepted: "we promised 0.5 %", "goal 0.08 per page"."""
    text = with_digits(evidence.reading.plain)
    taken = binding.args.get("confidence")
    for match in _SHARE.finditer(text):
        value = float(match[1]) * (1e-6 if match[2].lower() == "ppm" else 0.01)
        if 0 < value < 0.5 and value != taken:
            binding.set("target", round(value, 12), f"question[{match.start(1)}:{match.end(1)}]")
            return
    one_in, rate = _ONE_IN.search(text), _RATE.search(text)
    if one_in and int(one_in[1]) < int(one_in[2]):
        share = int(one_in[1]) / int(one_in[2])
        binding.set("target", round(share, 12), f"question[{one_in.start()}:{one_in.end()}]")
    elif rate and float(rate[1]) > 0 and "defects" in binding.args:
        binding.set("target", float(rate[1]), f"question[{rate.start(1)}:{rate.end(1)}]")


def told_sample_size(evidence: Evidence) -> tuple[float, str] | None:
    """ "500 pc each", "trays of ten lenses", "600/day": units in every sample."""
    text = with_digits(evidence.reading.plain)
    for pattern in _EACH:
        match = pattern.search(text)
        if match and int(match[1]) > 0:
            return float(match[1]), f"question[{match.start(1)}:{match.end(1)}]"
    return None


def with_told_size(evidence: Evidence, binding: Binding, kind: str) -> bool:
    """The one list of counts with the size that is told for every sample."""
    size = told_sample_size(evidence)
    series = [item for item in evidence.series() if len(item.numbers) >= 2]
    if size is None or len(series) != 1:
        return False
    with suppress(ValueError):
        counts = [float(int(value)) for value in series[0].numbers]
        if kind == "p" and max(counts) > size[0]:
            return False
        binding.set("defectives" if kind == "p" else "defects", counts, series[0].source)
        binding.set("sample_size", size[0], size[1])
        return True
    return False
