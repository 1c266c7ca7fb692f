"""Arguments of gage studies on parts of known value: type 1, bias and linearity."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

import msgspec

from havoc.reading.number_pieces import SIGNED, SIGNED_APART
from havoc.reading.number_words import as_digits
from havoc.reading.table import Table
from havoc.reason.binding.arguments import Binding, NeedsInput, source_of
from havoc.reason.binding.evidence import Evidence

_NUM = SIGNED_APART
_RUN = re.compile(rf"(?<![\w.\-]){_NUM}(?:(?:\s*[,;]\s*|\s+)(?:and\s+)?{_NUM}(?![\w%])){{1,}}")
_ONE = re.compile(rf"(?<![\w.]){_NUM}")
_RANGE = re.compile(rf"(?<![\w.])({_NUM})\s*(?:-|–|to|\.\.+)\s*({_NUM})")
_REFERENCE_COLUMN = re.compile(
    r"^(?:ref(?:erence)?s?|masters?|true|truth|standards?|std|nominal|certified|actual|set ?point|known|target)\b",
    re.IGNORECASE,
)


class _Found(msgspec.Struct, frozen=True, kw_only=True):
    """Numbers that stood in the question, and where."""

    values: list[float]
    start: int
    end: int
    place: str = ""

    @property
    def source(self) -> str:
        return self.place or f"question[{self.start}:{self.end}]"


def _floats(text: str) -> list[float]:
    return [float(match[0]) for match in _ONE.finditer(text)]


def _runs(text: str) -> list[_Found]:
    """Lists of numbers as they stand, before roles are read into them."""
    return [
        _Found(values=_floats(match[0]), start=match.start(), end=match.end())
        for match in _RUN.finditer(text)
    ]


def _first(pattern: str, text: str) -> re.Match[str] | None:
    return re.search(pattern, text, re.IGNORECASE)


def _place(match: re.Match[str], group: int = 1) -> str:
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
        center = _summary(evidence, binding, text)
    width = _width(evidence, binding, text, center)
    reference = _reference(evidence, text, center, width, readings)
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


def _readings(evidence: Evidence, text: str) -> _Found | None:
    for table in evidence.tables:
        columns = [
            column
            for column in evidence.numeric_columns(table)
            if column.present and not _REFERENCE_COLUMN.match(column.name)
        ]
        if columns:
            column = max(columns, key=lambda item: len(item.present))
            values = [value for value in column.present if isinstance(value, float)]
            if values:
                return _Found(values=values, start=0, end=0, place=f"{table.source}#{column.name}")
    found = [_without_tolerance(run, text) for run in _runs(text) if len(run.values) >= 3]
    return max(found, key=lambda run: len(run.values)) if found else None


def _without_tolerance(run: _Found, text: str) -> _Found:
    """ "tol 0.05; 2.501 2.500": the first number belongs to the words before it."""
    if not re.search(r"\b(?:tol(?:erance)?|t)\s*[=:]?\s*$", text[: run.start], re.IGNORECASE):
        return run
    second = list(_ONE.finditer(text, run.start, run.end))[1]
    return _Found(values=run.values[1:], start=second.start(), end=run.end)


def _summary(evidence: Evidence, binding: Binding, text: str) -> float:
    mean = _first(rf"\bmean of \d+ \w+\s*(?:is|was|=|:)?\s*({_NUM})", text) or _first(
        rf"\b(?:x-?bar_?g?|x_?g|x̄g?|averaged|average|avg|mean)\b\s*(?:is|was|of|=|:)?\s*({_NUM})",
        text,
    )
    sd = _first(
        rf"\b(?:s_?g|sd|s|std\w*|sigma|σ|spread|scatter|standard deviation)\s*(?:is|was|of|=|:)?\s*({_NUM})",
        text,
    )
    n = _first(r"\bn\s*(?:=|:)?\s*(\d+)\b", text) or _first(
        r"\b(\d+)\s*(?:repeated\s+)?(?:reads?|[a-z]+ings?|repeats?|repetitions?|replicates|determinations|measure\w*|values|times?|trials|shots|x)\b",
        text,
    )
    if mean is None or sd is None:
        raise NeedsInput("the readings are missing", "which readings of the part were taken?")
    if n is None and evidence.scalar("n", "replicates", "runs") is None:
        raise NeedsInput("the number of readings is missing", "how many readings were taken?")
    binding.set("mean", float(mean[1]), _place(mean))
    binding.set("sd", float(sd[1]), _place(sd))
    if binding.args["sd"] <= 0:
        raise NeedsInput(
            "the standard deviation must be above zero",
            "what is the standard deviation of the readings?",
        )
    if n is not None:
        binding.set("n", int(n[1]), _place(n))
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
                binding.set("lsl", first, _place(match))
                binding.set("usl", second, _place(match, 2))
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
    width_given = _first(rf"\b(?:tol(?:erance)?|t)\b[^\d.;:+\-]{{0,25}}[:=]?\s*({_NUM})", text)
    width_given = width_given or _first(
        rf"\b(?:window|width|range)\s+(?:is|of|=)?\s*({_NUM})|({_NUM})(?:\s*+\w++)?\s++wide", text
    )
    if width_given is None:
        return None
    group = 1 if width_given[1] else 2
    width = float(width_given[group])
    if width <= 0:
        raise NeedsInput("the tolerance must be above zero", "how wide is the tolerance?")
    binding.set("tolerance", width, _place(width_given, group))
    return width


def _reference(
    evidence: Evidence,
    text: str,
    center: float,
    width: float | None,
    readings: _Found | None,
) -> tuple[float, str] | None:
    """Named as such, or the one number outside the readings that lies near their mean."""
    given = evidence.scalar("reference", "target")
    near = width if width is not None else 0.05 * abs(center)
    if given is not None and (abs(given.value - center) <= max(near, 0.5 * abs(center))):
        return given.value, source_of(given)
    named = _first(rf"\bx_?m\s*(?:=|:)?\s*({_NUM})", text)
    if named:
        return float(named[1]), _place(named)
    taken = {item.start for item in evidence.reading.scalars if item.role in {"mean", "lsl", "usl"}}
    for match in re.finditer(rf"(?<![\d.]){_NUM}", text):
        inside = readings is not None and readings.start <= match.start() < readings.end
        summary = readings is None and float(match[0]) == center
        if inside or summary or match.start() in taken:
            continue
        if abs(abs(float(match[0])) - center) <= near:
            return abs(float(match[0])), _place(match, 0)
    return None


def _conventions(binding: Binding, text: str) -> None:
    share = _first(r"\b(\d{1,2}(?:\.\d+)?)\s*(?:%|percent)", text)
    if share and 2 <= float(share[1]) <= 50:
        binding.set("percent_of_tolerance", float(share[1]), _place(share))
    spread = _first(r"\b([2-8](?:\.\d+)?)\s*[-*]?\s*(?:sigma|σ|s|sd)\b", text)
    if spread:
        binding.set("study_multiplier", float(spread[1]), _place(spread))
    least = _first(r"\bcgk?\b\s*(?:(?!\d)[^\s\d,;]+\s+){0,2}(?:>=|≥|>)?\s*([12][.,]\d{1,2})\b(?!\d)", text)  # fmt: skip
    if least:
        binding.set("cg_required", float(least[1].replace(",", ".")), _place(least))


# bias and linearity ----------------------------------------------------------

_UNIT = r"(?:[ \t]*+(?!and\b|to\b|with\b)[a-zµμ°%][\w/µμ°%]{0,8})?"
_CONNECT = (
    r"[ \t]*+(?:(?:block|weight|part|piece|bath|standard|master)s?[ \t]*)?"
    r"(?:reads?|shows?|gives?|gave|said|says|measures?|indicat\w+|->|=>|→|:|=|\()[ \t]*+"
)
_JOIN = rf"{_UNIT}{_CONNECT}|{_UNIT}[ \t]*(?:block|weight|part|bath)s?[ \t]+"
_READING = rf"{SIGNED}(?!(?:{_JOIN}){_NUM})"
_BEGIN = r"(?:(?<![\w.\-])|(?<=\bstd)|(?<=\bref)|(?<=\bblock)|(?<=\bmaster))"
_LEVEL = re.compile(
    rf"{_BEGIN}(-?{SIGNED})(?:{_JOIN})((?:{_READING})(?:(?:[ \t]*[,/][ \t]*|[ \t]+)(?:and[ \t]+)?(?:{_READING}))*)",
    re.IGNORECASE,
)


def bind_gage_bias_linearity(evidence: Evidence, binding: Binding) -> None:
    text = evidence.reading.plain
    variation = _first(
        rf"\b(?:process\s+var(?:iation)?\w*|pv)\s*(?:6\s*(?:s|sigma|σ)\b)?\s*(?:is|of|=|:)?\s*({_NUM})(?!\s*(?:s|sigma)\s*=)",
        text,
    )
    if variation:
        binding.set("process_variation", float(variation[1]), _place(variation))
    if not (
        _from_table(evidence, binding)
        or _from_deviations(text, binding)
        or _from_named_levels(text, binding)
        or _from_blocks(evidence, binding)
        or _from_levels(text, binding)
        or _from_lists(evidence, text, binding)
    ):
        _one_reference(evidence, binding, text)
    evidence.alpha(binding)


def _from_table(evidence: Evidence, binding: Binding) -> bool:
    for table in evidence.tables:
        reference = _reference_column(table)
        if reference is None:
            continue
        others = [
            column
            for column in evidence.numeric_columns(table, keep_index=True)
            if column.name != reference
        ]
        rows, references = [], []
        column_values = next(column for column in table.columns if column.name == reference).values
        for index, value in enumerate(column_values):
            row = [column.values[index] for column in others]
            readings = [item for item in row if isinstance(item, float)]
            if isinstance(value, float) and readings:
                references.append(value)
                rows.append(readings)
        if not rows:
            continue
        source = f"{table.source}#{reference}"
        binding.set("reference", references, source)
        readings_name = (
            "bias" if re.match(r"(?i)^(?:bias|dev|error)", others[0].name) else "measured"
        )
        binding.set(
            readings_name,
            [row[0] for row in rows] if all(len(row) == 1 for row in rows) else rows,
            f"{table.source}#{others[0].name}",
        )
        binding.echo("{} holds the reference values", (reference, source))
        return True
    return False


def _reference_column(table: Table) -> str | None:
    numbers = [column.name for column in table.columns if column.kind == "number"]
    if len(numbers) < 2:
        return None
    return next((name for name in numbers if _REFERENCE_COLUMN.match(name)), numbers[0])


_DEVIATION = re.compile(
    rf"\bat\s+({SIGNED}){_UNIT}[ \t]*(?:is|was|it['’]?s|=|:|,)?[ \t]*([-+]{SIGNED}|{SIGNED})(?![\w%])",
    re.IGNORECASE,
)
_DEVIATION_BEFORE = re.compile(
    rf"(?<![\w.])([-+]{SIGNED}|{SIGNED}){_UNIT}[ \t]*(?:at|@)[ \t]*({SIGNED})(?![\w%])",
    re.IGNORECASE,
)
_READINGS_EACH = re.compile(
    r"\b(\d{1,4})\s+(?:[a-z]+\s+)?(?:at\s+)?(?:each|every|per|apiece)\b",
    re.IGNORECASE,
)


def _from_deviations(text: str, binding: Binding) -> bool:
    """ "mean error at 5 mm +0.02, at 15 mm 0.00": the deviation at each reference."""
    if not _first(r"\b(?:error|bias(?:es)?|deviations?|off)\b", text):
        return False
    found, before = list(_DEVIATION.finditer(text)), list(_DEVIATION_BEFORE.finditer(text))
    reference, bias = 1, 2
    if len(before) >= 2 and (not found or before[0].start() < found[0].start()):
        found, reference, bias = before, 2, 1
    if len(found) < 2:
        return False
    source = f"question[{found[0].start()}:{found[-1].end()}]"
    binding.set("reference", [float(match[reference]) for match in found], source)
    binding.set("bias", [float(match[bias]) for match in found], source)
    each = _READINGS_EACH.search(as_digits(text))
    if each and int(each[1]) >= 2:
        binding.set("n", int(each[1]), _place(each))
    binding.echo("{} reference values with their mean deviation", (len(found), source))
    return True


_NAMED_LEVEL = re.compile(
    rf"\b(?:on|at|for)[ \t]+(?:the[ \t]+)?({SIGNED}){_UNIT}[ \t]*(?:(?:block|weight|part|piece|standard|master|one)s?[ \t]*)?,?[ \t]*"
    rf"(?:(?:i|we|it|they)[ \t]+)?(?:(?:got|get|reads?|gave|gives|shows?|saw|measured|found)[ \t]+|[:=][ \t]*)?"
    rf"({SIGNED}(?:(?:[ \t]*[,/][ \t]*|[ \t]+)(?:and[ \t]+)?(?!(?:on|at|for)\b){SIGNED})*)(?!\w)",
    re.IGNORECASE,
)


def _from_named_levels(text: str, binding: Binding) -> bool:
    """ "on the 10 block I got 10.1 and 10.2, on 50 50.1 and 50.3": a level behind a preposition."""
    found = [(float(match[1]), _floats(match[2]), match) for match in _NAMED_LEVEL.finditer(text)]
    if len(found) < 2 or len({len(readings) for _, readings, _ in found}) > 1:
        return False
    return _set_levels(found, binding)


def _from_blocks(evidence: Evidence, binding: Binding) -> bool:
    """ "20 / 40 / 60, found 20.4 20.3 / 40.3 40.5 / 60.2 60.1": levels, then a row for each."""
    blocks = evidence.reading.blocks
    for first, second in pairwise(blocks):
        k = len(second.lists)
        if len(first.lists) == 1 and k >= 2 and len(first.lists[0].numbers) == k:
            rows = [item.numbers for item in second.lists]
            if len({len(row) for row in rows}) == 1 and not _nearer_by_column(
                first.lists[0].numbers, rows
            ):
                start, end = first.lists[0].start, first.lists[0].end
                binding.set("reference", first.lists[0].numbers, f"question[{start}:{end}]")
                start, end = second.lists[0].start, second.lists[-1].end
                binding.set("measured", rows, f"question[{start}:{end}]")
                binding.echo("{} reference values", (k, binding.provenance["reference"]))
                return True
    return False


def _from_levels(text: str, binding: Binding) -> bool:
    """ "ref 2 reads 2.1 2.0, ref 4 reads 4.1 4.2": a level and its readings, repeated."""
    levels = [(float(match[1]), _floats(match[2]), match) for match in _LEVEL.finditer(text)]
    levels = [item for item in levels if item[1]]
    if len(levels) < 2:
        return False
    return _set_levels(levels, binding)


def _set_levels(levels: list[tuple[float, list[float], re.Match[str]]], binding: Binding) -> bool:
    source = f"question[{levels[0][2].start()}:{levels[-1][2].end()}]"
    binding.set("reference", [level for level, _, _ in levels], source)
    rows = [readings for _, readings, _ in levels]
    binding.set(
        "measured", [row[0] for row in rows] if all(len(row) == 1 for row in rows) else rows, source
    )
    binding.echo("{} reference values with their readings", (len(levels), source))
    return True


def _from_lists(evidence: Evidence, text: str, binding: Binding) -> bool:
    """A list of references, then one list of readings or a list for each reference."""
    lists = list(_all_lists(text))
    if len(lists) < 2 or len(lists[0].values) < 2:
        return False
    references, rest = lists[0], lists[1:]
    k = len(references.values)
    name = "bias" if _first(r"\bbias(?:es)?\b[^\d]{0,12}$", text[: rest[0].start]) else "measured"
    if len(rest[0].values) == k and len(rest) == 1:
        readings: list[float] | list[list[float]] = rest[0].values
    elif len(rest) >= k and len(rest[0].values) != k:
        readings = [item.values for item in rest[:k]]
    elif all(len(item.values) % k == 0 for item in rest):
        flat = [value for item in rest for value in item.values]
        by_row = len(rest) == k
        readings = (
            [item.values for item in rest]
            if by_row and not _nearer_by_column(references.values, [r.values for r in rest])
            else [flat[i::k] for i in range(k)]
        )
    else:
        return False
    binding.set("reference", references.values, references.source)
    binding.set(name, readings, f"question[{rest[0].start}:{rest[-1].end}]")
    n = evidence.scalar("n")
    if n is not None and n.value >= 2 and len(rest) == 1:
        binding.take_count("n", n)
    binding.echo("{} reference values", (k, references.source))
    return True


def _nearer_by_column(references: list[float], rows: list[list[float]]) -> bool:
    """Do the readings follow the references along the rows rather than down them?"""
    if any(len(row) != len(references) for row in rows):
        return False
    along = sum(abs(v - r) for row in rows for v, r in zip(row, references, strict=True))
    down = sum(abs(v - r) for row, r in zip(rows, references, strict=False) for v in row)
    return along < down


def _all_lists(text: str) -> Iterator[_Found]:
    """Lists of two or more; a semicolon, a slash or "and" between full lists parts them."""
    for match in re.finditer(
        rf"(?<![\w.]){_NUM}(?:(?:\s*,\s*|\s+(?:and\s+)?){_NUM}(?![\w%])){{1,}}", text
    ):
        parts = re.split(r"\s+and\s+", match[0])
        sizes = [len(_floats(part)) for part in parts]
        if len(parts) > 1 and len(set(sizes)) == 1 and sizes[0] >= 2:
            position = match.start()
            for part in parts:
                start = text.index(part, position)
                yield _Found(values=_floats(part), start=start, end=start + len(part))
                position = start + len(part)
        else:
            yield _Found(values=_floats(match[0]), start=match.start(), end=match.end())


def _one_reference(evidence: Evidence, binding: Binding, text: str) -> None:
    level = _LEVEL.search(text)
    runs = sorted(_runs(text), key=lambda run: -len(run.values))
    slash = _first(rf"({_NUM})\s*+/\s*+(?={_NUM}\s++{_NUM})", text)
    given = evidence.scalar("reference", "target")
    if given is not None:
        binding.take("reference", given)
    elif slash is not None:
        binding.set("reference", float(slash[1]), _place(slash))
    elif level is not None and len(_floats(level[2])) >= 2:
        binding.set("reference", float(level[1]), _place(level))
    elif runs:
        found = _reference(evidence, text, sum(runs[0].values) / len(runs[0].values), None, runs[0])
        if found is not None:
            binding.set("reference", found[0], found[1])
    if "reference" not in binding.args:
        raise NeedsInput(
            "the reference values are missing",
            "which reference value belongs to each reading?",
        )
    if runs and len(runs[0].values) >= 2:
        binding.set("measured", runs[0].values, runs[0].source)
        if len(set(runs[0].values)) == 1:
            raise NeedsInput(
                "all readings are equal, so the bias cannot be tested",
                "can the gage be read with more digits?",
            )
    else:
        _summary(evidence, binding, text)


BINDERS = {
    "gage_type1": bind_gage_type1,
    "gage_bias_linearity": bind_gage_bias_linearity,
}
