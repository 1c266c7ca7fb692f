"""Arguments of type 1 gage studies, and how parts of known value and their readings are told."""

from __future__ import annotations

import re

import msgspec

from havoc.reading.number_pieces import SIGNED_APART
from havoc.reason.binding.arguments import Binding, NeedsInput, source_of
from havoc.reason.binding.evidence import Evidence

NUM = SIGNED_APART
_RUN = re.compile(rf"(?<![\w.\-]){NUM}(?:(?:\s*[,;]\s*|\s+)(?:and\s+)?{NUM}(?![\w%])){{1,}}")
_ONE = re.compile(rf"(?<![\w.]){NUM}")
_RANGE = re.compile(rf"(?<![\w.])({NUM})\s*(?:-|–|to|\.\.+)\s*({NUM})")
REFERENCE_COLUMN = re.compile(
    r"^(?:ref(?:erence)?s?|masters?|true|truth|standards?|std|nominal|certified|actual|set ?point|known|target)\b",
    re.IGNORECASE,
)


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """Numbers that stood in the question, and where."""

    values: list[float]
    start: int
    end: int
    place: str = ""

    @property
    def source(self) -> str:
        return self.place or f"question[{self.start}:{self.end}]"


def floats(text: str) -> list[float]:
    return [float(match[0]) for match in _ONE.finditer(text)]


def number_runs(text: str) -> list[Found]:
    """Lists of numbers as they stand, before roles are read into them."""
    return [
        Found(values=floats(match[0]), start=match.start(), end=match.end())
        for match in _RUN.finditer(text)
    ]


def found_in(pattern: str, text: str) -> re.Match[str] | None:
    return re.search(pattern, text, re.IGNORECASE)


def place_of(match: re.Match[str], group: int = 1) -> str:
    return f"question[{match.start(group)}:{match.end(group)}]"


# type 1 ---------------------------------------------------------------------


def bind_gage_type1(evidence: Evidence, binding: Binding) -> None:
    text = evidence.reading.plain
    readings = _readings(evidence, text)
    if readings is not None:
        binding.set("data", readings.values, readings.source)
        if len(set(readings.values)) == 1:
            raise NeedsInput(
                f"all {len(readings.values)} readings are {readings.values[0]:g}, so the gage "
                "shows no spread and Cg does not exist",
                "can the gage be read with more digits?",
            )
        center = sum(readings.values) / len(readings.values)
    else:
        center = summary(evidence, binding, text)
    width = _width(evidence, binding, text, center)
    reference = reference_value(evidence, text, center, width, readings)
    if reference is None:
        raise NeedsInput(
            "the reference value of the part is missing", "what is the certified value of the part?"
        )
    binding.set("reference", reference[0], reference[1])
    if width is None:
        raise NeedsInput(
            "the tolerance is missing", "what is the tolerance (full width, or both limits)?"
        )
    _conventions(binding, text)
    binding.echo("{} is the reference value", (reference[0], reference[1]))
    binding.echo("{} is the full width of the tolerance", (width, binding.provenance["tolerance"]))


def _readings(evidence: Evidence, text: str) -> Found | None:
    for table in evidence.tables:
        columns = [
            column
            for column in evidence.numeric_columns(table)
            if column.present and not REFERENCE_COLUMN.match(column.name)
        ]
        if columns:
            column = max(columns, key=lambda item: len(item.present))
            values = [value for value in column.present if isinstance(value, float)]
            if values:
                return Found(values=values, start=0, end=0, place=f"{table.source}#{column.name}")
    found = [_without_tolerance(run, text) for run in number_runs(text) if len(run.values) >= 3]
    return max(found, key=lambda run: len(run.values)) if found else None


def _without_tolerance(run: Found, text: str) -> Found:
    """ "tol 0.05; 2.501 2.500": the first number belongs to the words before it."""
    if not re.search(r"\b(?:tol(?:erance)?|t)\s*[=:]?\s*$", text[: run.start], re.IGNORECASE):
        return run
    second = list(_ONE.finditer(text, run.start, run.end))[1]
    return Found(values=run.values[1:], start=second.start(), end=run.end)


def summary(evidence: Evidence, binding: Binding, text: str) -> float:
    mean = found_in(rf"\bmean of \d+ \w+\s*(?:is|was|=|:)?\s*({NUM})", text) or found_in(
        rf"\b(?:x-?bar_?g?|x_?g|x̄g?|averaged|average|avg|mean)\b\s*(?:is|was|of|=|:)?\s*({NUM})",
        text,
    )
    sd = found_in(
        rf"\b(?:s_?g|sd|s|std\w*|sigma|σ|spread|scatter|standard deviation)\s*(?:is|was|of|=|:)?\s*({NUM})",
        text,
    )
    n = found_in(r"\bn\s*(?:=|:)?\s*(\d+)\b", text) or found_in(
        r"\b(\d+)\s*(?:repeated\s+)?(?:reads?|[a-z]+ings?|repeats?|repetitions?|replicates|determinations|measure\w*|values|times?|trials|shots|x)\b",
        text,
    )
    if mean is None or sd is None:
        raise NeedsInput("the readings are missing", "which readings of the part were taken?")
    if n is None and evidence.scalar("n", "replicates", "runs") is None:
        raise NeedsInput("the number of readings is missing", "how many readings were taken?")
    binding.set("mean", float(mean[1]), place_of(mean))
    binding.set("sd", float(sd[1]), place_of(sd))
    if binding.args["sd"] <= 0:
        raise NeedsInput(
            "the standard deviation must be above zero",
            "what is the standard deviation of the readings?",
        )
    if n is not None:
        binding.set("n", int(n[1]), place_of(n))
    else:
        binding.take_count("n", evidence.scalar("n", "replicates", "runs"))
    return float(mean[1])


_NAMES_LIMITS = re.compile(r"\(\s*USL\s*[-–]\s*LSL\s*\)", re.IGNORECASE)


def _width(evidence: Evidence, binding: Binding, text: str, center: float) -> float | None:
    margin, low, high = (evidence.scalar(role) for role in ("margin", "lsl", "usl"))
    if margin is not None:
        half = margin.value * (abs(center) / 100 if margin.percent else 1)
        binding.set("tolerance", 2 * half, source_of(margin))
        return 2 * half
    if low is None or high is None:
        for match in _RANGE.finditer(text):
            first, second = float(match[1]), abs(float(match[2]))
            if first <= center <= second and first < second:
                binding.set("lsl", first, place_of(match))
                binding.set("usl", second, place_of(match, 2))
    else:
        binding.take("lsl", low)
        binding.take("usl", high)
    if {"lsl", "usl"} <= set(binding.args):
        width = round(float(binding.args["usl"]) - float(binding.args["lsl"]), 12)
        if width <= 0:
            raise NeedsInput(
                "the lower limit is not below the upper limit", "what are the tolerance limits?"
            )
        binding.set("tolerance", width, binding.provenance["usl"])
        return width
    text = _NAMES_LIMITS.sub(lambda match: " " * len(match[0]), text)
    width_given = found_in(rf"\b(?:tol(?:erance)?|t)\b[^\d.;:+\-]{{0,25}}[:=]?\s*({NUM})", text)
    width_given = width_given or found_in(
        rf"\b(?:window|width|range)\s+(?:is|of|=)?\s*({NUM})|({NUM})(?:\s*+\w++)?\s++wide", text
    )
    if width_given is None:
        return None
    group = 1 if width_given[1] else 2
    width = float(width_given[group])
    if width <= 0:
        raise NeedsInput("the tolerance must be above zero", "how wide is the tolerance?")
    binding.set("tolerance", width, place_of(width_given, group))
    return width


def reference_value(
    evidence: Evidence,
    text: str,
    center: float,
    width: float | None,
    readings: Found | None,
) -> tuple[float, str] | None:
    """Named as such, or the one number outside the readings that lies near their mean."""
    given = evidence.scalar("reference", "target")
    near = width if width is not None else 0.05 * abs(center)
    if given is not None and (abs(given.value - center) <= max(near, 0.5 * abs(center))):
        return given.value, source_of(given)
    named = found_in(rf"\bx_?m\s*(?:=|:)?\s*({NUM})", text)
    if named:
        return float(named[1]), place_of(named)
    taken = {item.start for item in evidence.reading.scalars if item.role in {"mean", "lsl", "usl"}}
    for match in re.finditer(rf"(?<![\d.]){NUM}", text):
        inside = readings is not None and readings.start <= match.start() < readings.end
        summary = readings is None and float(match[0]) == center
        if inside or summary or match.start() in taken:
            continue
        if abs(abs(float(match[0])) - center) <= near:
            return abs(float(match[0])), place_of(match, 0)
    return None


def _conventions(binding: Binding, text: str) -> None:
    share = found_in(r"\b(\d{1,2}(?:\.\d+)?)\s*(?:%|percent)", text)
    if share and 2 <= float(share[1]) <= 50:
        binding.set("percent_of_tolerance", float(share[1]), place_of(share))
    spread = found_in(r"\b([2-8](?:\.\d+)?)\s*[-*]?\s*(?:sigma|σ|s|sd)\b", text)
    if spread:
        binding.set("study_multiplier", float(spread[1]), place_of(spread))
    least = found_in(r"\bcgk?\b\s*(?:(?!\d)[^\s\d,;]+\s+){0,2}(?:>=|≥|>)?\s*([12][.,]\d{1,2})\b(?!\d)", text)  # fmt: skip
    if least:
        binding.set("cg_required", float(least[1].replace(",", ".")), place_of(least))


BINDERS = {"gage_type1": bind_gage_type1}
