"""How far, in which steps and from where a path over a response surface is to be followed."""

from __future__ import annotations

import re

from havoc.reason.binding.arguments import Binding
from havoc.reason.binding.evidence import Evidence
from havoc.reason.binding.marked_times import IN_WORDS, count_of

_FIGURE = r"(?:\d++(?:\.\d++)?|\.\d++)"
_FIGURES = rf"{_FIGURE}(?:\s*(?:,\s*and|,|/|&|and|\s)\s*{_FIGURE})*+"
_COUNT = rf"(?<![\w.])(?P<count>\d{{1,3}}|{IN_WORDS})"
_KIND = r"(?:even|equal|further|follow-?up|next|more|new|trial|successive|coded)"
_STEPS = re.compile(
    rf"{_COUNT}\s+(?:{_KIND}\s+){{0,2}}(?:steps|points|settings|tries|rings)\b"
    rf"|{_COUNT.replace('count', 'again')}\s+(?:{_KIND}\s+){{1,2}}(?:runs?|trials?|experiments?)\b"
    rf"|{_COUNT.replace('count', 'trials')}\s+(?:runs|trials|tries)\s+more\b",
    re.IGNORECASE,
)
_RADII = re.compile(
    rf"\b(?:radi(?:us|i)|circles|distances?)\s*(?:of|at|=|:|up\s+to|to)?\s*(?P<radii>{_FIGURES})",
    re.IGNORECASE,
)
_FARTHEST = re.compile(
    rf"\bup\s+to\s+(?:a\s+)?(?:radius\s+(?:of\s+)?)?(?P<radius>{_FIGURE})(?![\w.]*\d)",
    re.IGNORECASE,
)
_UNIT = r"(?:[^\W\d_][^\W\d_/²³°]{0,7}(?:/[^\W\d_]{1,4})?|°\s?[CFK]?|%)"
_STEP = re.compile(
    rf"\bsteps?\s+(?:size\s+)?(?:of\s+|=\s*)(?P<of>{_FIGURE}|half)(?!\w)(?:\s+an?\b)?\s*(?P<of_unit>coded|{_UNIT})?"
    rf"|(?<![\w.])(?P<in>{_FIGURE}|half)\s*(?P<in_unit>{_UNIT})\s+(?:[^\W\d_]\w*\s+)?steps?\b"
    rf"|\b(?:raised|lowered|increased|decreased|moved|changed)\s+by\s+(?P<by>{_FIGURE})\s*(?P<by_unit>{_UNIT})?\s+(?:each|every|per|at\s+a)"
    rf"|(?<![\w.])(?P<time>{_FIGURE}|half)\s+(?P<time_unit>{_UNIT})\s+at\s+a\s+time\b",
    re.IGNORECASE,
)
_HALF_RANGE = re.compile(r"\bhalf[\s-]*(?:ranges?|widths?)\s*(?:of|=|:|are|is)?\s*", re.IGNORECASE)
_CENTER = re.compile(
    r"\b(?:cent(?:er|re)|middle|around)\s*(?:of|=|:|at|is)?\s*(?=[^\s.;:])", re.IGNORECASE
)
_PLUS_MINUS = re.compile(
    rf"(?P<center>{_FIGURE})\s*[^\W\d_%°]{{0,5}}\s*(?:±|\+/-|\+-)\s*(?P<half>{_FIGURE})"
)
_CODED = re.compile(rf"\(\s*\w{{1,12}}\s*-\s*(?P<center>{_FIGURE})\s*\)\s*/\s*(?P<half>{_FIGURE})")


def set_steps(evidence: Evidence, binding: Binding) -> None:
    found = _STEPS.search(evidence.reading.plain)
    if found:
        count = found["count"] or found["again"] or found["trials"]
        binding.set("steps", count_of(count), f"question[{found.start()}:{found.end()}]")


def set_radii(evidence: Evidence, binding: Binding) -> None:
    """Several distances as they are; one is the farthest."""
    text = evidence.reading.plain
    found = _RADII.search(text)
    if found:
        radii = [float(item) for item in re.findall(_FIGURE, found["radii"])]
        place = f"question[{found.start('radii')}:{found.end('radii')}]"
        if len(radii) > 1:
            binding.set("radii", radii, place)
        elif radii[0] > 0:
            binding.set("max_radius", radii[0], place)
        return
    farthest = _FARTHEST.search(text)
    if farthest and float(farthest["radius"]) > 0:
        place = f"question[{farthest.start('radius')}:{farthest.end('radius')}]"
        binding.set("max_radius", float(farthest["radius"]), place)


def set_step(evidence: Evidence, binding: Binding) -> None:
    """The length of a step, and the factor that is named in the same sentence."""
    text = evidence.reading.plain
    found = _STEP.search(text)
    if found is None:
        return
    kind = next(name for name in ("of", "in", "by", "time") if found[name])
    unit = (found[f"{kind}_unit"] or "").lower()
    size = 0.5 if found[kind].lower() == "half" else float(found[kind])
    place = f"question[{found.start()}:{found.end()}]"
    coded = "coded" in text[found.start() : found.end() + 16].lower()
    names = {str(name).lower(): name for name in binding.args["factors"]}
    nearby = text[max(0, found.start() - 40) : found.end() + 24].lower()
    middle = min(40, found.start()) + (found.end() - found.start()) // 2
    named = [
        (min(abs(match.start() - middle) for match in matches), name)
        for name in names
        if (matches := list(re.finditer(rf"(?<!\w){re.escape(name)}(?!\w)", nearby)))
    ]
    if unit in names:
        factor = names[unit]  # "half bar at a time", where the factor is called bar
    elif named:
        factor = names[min(named)[1]]
    elif coded:
        factor = None
    else:
        return
    binding.set("step", size, place)
    binding.set("step_unit", "coded" if coded else "actual", place)
    if factor is not None:
        binding.set("step_factor", factor, place)


def set_coding(evidence: Evidence, binding: Binding) -> None:
    """Centre and half range of every factor: "centre 10 and 4, half ranges 5 and 2", "75 ± 5"."""
    names = list(binding.args["factors"])
    text = evidence.reading.plain
    for pattern in (_PLUS_MINUS, _CODED):
        pairs = list(pattern.finditer(text))
        if names and len(pairs) == len(names):
            place = f"question[{pairs[0].start()}:{pairs[-1].end()}]"
            binding.set(
                "center", {n: float(p["center"]) for n, p in zip(names, pairs, strict=True)}, place
            )
            binding.set(
                "half_range",
                {n: float(p["half"]) for n, p in zip(names, pairs, strict=True)},
                place,
            )
            return
    half = _after(text, _HALF_RANGE, names)
    if half is None:
        return
    binding.set("half_range", *half)
    center = _after(text, _CENTER, names)
    if center is not None:
        binding.set("center", *center)


def _after(
    text: str, words: re.Pattern[str], names: list[str]
) -> tuple[dict[str, float], str] | None:
    """One figure a factor behind the words, in the order of the factors."""
    for match in words.finditer(text):
        clause = re.split(r"[;:\n]|\.\s|\bhalf\b", text[match.end() : match.end() + 80])[0]
        for name in sorted(names, key=len, reverse=True):
            clause = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", " " * len(name), clause)
        found = list(re.finditer(rf"(?<![\w.]){_FIGURE}(?!\w)", clause))[: len(names)]
        if len(found) == len(names):
            place = f"question[{match.end()}:{match.end() + found[-1].end()}]"
            return {n: float(f[0]) for n, f in zip(names, found, strict=True)}, place
    return None
