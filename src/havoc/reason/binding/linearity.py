"""Arguments of bias and linearity: reference values with their readings or mean errors."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from havoc.reading.number_pieces import SIGNED
from havoc.reading.number_words import as_digits
from havoc.reading.table import Table
from havoc.reason.binding.arguments import Binding, NeedsInput
from havoc.reason.binding.evidence import Evidence
from havoc.reason.binding.gages import (
    NUM,
    REFERENCE_COLUMN,
    Found,
    floats,
    found_in,
    number_runs,
    place_of,
    reference_value,
    summary,
)

_UNIT = r"(?:[ \t]*+(?!and\b|to\b|with\b)[a-zµμ°%][\w/µμ°%]{0,8})?"
_CONNECT = (
    r"[ \t]*+(?:(?:block|weight|part|piece|bath|standard|master)s?[ \t]*)?"
    r"(?:reads?|shows?|gives?|gave|said|says|measures?|indicat\w+|->|=>|→|:|=|\()[ \t]*+"
)
_JOIN = rf"{_UNIT}{_CONNECT}|{_UNIT}[ \t]*(?:block|weight|part|bath)s?[ \t]+"
_READING = rf"{SIGNED}(?!(?:{_JOIN}){NUM})"
_BEGIN = r"(?:(?<![\w.\-])|(?<=\bstd)|(?<=\bref)|(?<=\bblock)|(?<=\bmaster))"
_LEVEL = re.compile(
    rf"{_BEGIN}(-?{SIGNED})(?:{_JOIN})((?:{_READING})(?:(?:[ \t]*[,/][ \t]*|[ \t]+)(?:and[ \t]+)?(?:{_READING}))*)",
    re.IGNORECASE,
)


def bind_gage_bias_linearity(evidence: Evidence, binding: Binding) -> None:
    text = evidence.reading.plain
    variation = found_in(
        rf"\b(?:process\s+var(?:iation)?\w*|pv)\s*(?:6\s*(?:s|sigma|σ)\b)?\s*(?:is|of|=|:)?\s*({NUM})(?!\s*(?:s|sigma)\s*=)",
        text,
    )
    if variation:
        binding.set("process_variation", float(variation[1]), place_of(variation))
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
    return next((name for name in numbers if REFERENCE_COLUMN.match(name)), numbers[0])


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
    if not found_in(r"\b(?:error|bias(?:es)?|deviations?|off)\b", text):
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
        binding.set("n", int(each[1]), place_of(each))
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
    found = [(float(match[1]), floats(match[2]), match) for match in _NAMED_LEVEL.finditer(text)]
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
    levels = [(float(match[1]), floats(match[2]), match) for match in _LEVEL.finditer(text)]
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
    name = "bias" if found_in(r"\bbias(?:es)?\b[^\d]{0,12}$", text[: rest[0].start]) else "measured"
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


def _all_lists(text: str) -> Iterator[Found]:
    """Lists of two or more; a semicolon, a slash or "and" between full lists parts them."""
    for match in re.finditer(
        rf"(?<![\w.]){NUM}(?:(?:\s*,\s*|\s+(?:and\s+)?){NUM}(?![\w%])){{1,}}", text
    ):
        parts = re.split(r"\s+and\s+", match[0])
        sizes = [len(floats(part)) for part in parts]
        if len(parts) > 1 and len(set(sizes)) == 1 and sizes[0] >= 2:
            position = match.start()
            for part in parts:
                start = text.index(part, position)
                yield Found(values=floats(part), start=start, end=start + len(part))
                position = start + len(part)
        else:
            yield Found(values=floats(match[0]), start=match.start(), end=match.end())


def _one_reference(evidence: Evidence, binding: Binding, text: str) -> None:
    level = _LEVEL.search(text)
    runs = sorted(number_runs(text), key=lambda run: -len(run.values))
    slash = found_in(rf"({NUM})\s*+/\s*+(?={NUM}\s++{NUM})", text)
    given = evidence.scalar("reference", "target")
    if given is not None:
        binding.take("reference", given)
    elif slash is not None:
        binding.set("reference", float(slash[1]), place_of(slash))
    elif level is not None and len(floats(level[2])) >= 2:
        binding.set("reference", float(level[1]), place_of(level))
    elif runs:
        found = reference_value(
            evidence, text, sum(runs[0].values) / len(runs[0].values), None, runs[0]
        )
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
        summary(evidence, binding, text)


BINDERS = {"gage_bias_linearity": bind_gage_bias_linearity}
