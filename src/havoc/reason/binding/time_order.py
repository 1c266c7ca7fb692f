"""Arguments of the run chart, of change points and of residual charts."""

from __future__ import annotations

import re

from havoc.reading.number_words import as_digits
from havoc.reading.question import Series
from havoc.reason.binding.arguments import Binding
from havoc.reason.binding.chart_settings import n_sigma, test_level, told_subgroups
from havoc.reason.binding.evidence import Binder, Evidence
from havoc.reason.binding.lists import complete, is_even_steps, series_of

_CHANGES = re.compile(
    r"\b(?:(?P<word>one|two|three|four|five|single)|(?P<number>\d{1,2}))\s+(?:\w+\s+)?"
    r"(?:change[\s-]?points?|changes|break[\s-]?points?|breaks|shifts|jumps|steps)\b",
    re.IGNORECASE,
)
_TIME = re.compile(
    r"^(?:minutes?|min|hours?|h|days?|weeks?|months?|years?|seconds?|s|time|t|no\.?|nr\.?|#|index|lot|batch|shift|sample)$",
    re.IGNORECASE,
)
_WORDS = {"one": 1, "single": 1, "two": 2, "three": 3, "four": 4, "five": 5}
_ORDER = re.compile(
    r"\bar\s?\(?\s?(\d{1,2})\b(?!\.\d)|\border\s*(?:=|of|is)?\s*(\d{1,2})\b|\b(first|second|third)[\s-]order",
    re.IGNORECASE,
)
_ORDINALS = {"first": 1, "second": 2, "third": 3}
_BASELINE = re.compile(r"\b(?:first|baseline(?:\s+of)?)\s+(\d{1,6})\b(?![.\d])", re.IGNORECASE)
_PERMUTATIONS = re.compile(
    r"(?<![\w.])(\d{3,6})\s+(?:random\s+)?(?:permutations?|shuffl\w+|re-?samples?|reorderings?|orders)\b",
    re.IGNORECASE,
)
_SEGMENT = re.compile(
    r"\b(?:at\s+least|min(?:imum)?\.?(?:\s+of)?|fewest|no\s+fewer\s+than)\s+(?P<each>\d{1,4})\s+(?:\w+\s+)?(?:per|each|in\s+(?:a|each|every)|between|apiece)\b"
    r"|\bsegments?\s+(?:of\s+)?(?:at\s+least|min(?:imum)?\.?)\s+(?P<least>\d{1,4})\b"
    r"|\b(?:min(?:imum)?|shortest)\.?\s+(?:segment|stretch|section)(?:\s+length)?\s*(?:of|is|=|:)?\s*(?P<named>\d{1,4})\b",
    re.IGNORECASE,
)


def _series(evidence: Evidence, binding: Binding) -> None:
    series = _beside_a_time(evidence) or evidence.one()
    binding.set("data", complete(binding, series), series.source)
    if series.name:
        binding.set("name", series.name, series.source)
    if series.unit:
        binding.set("unit", series.unit, series.source)


def _beside_a_time(evidence: Evidence) -> Series | None:
    """The one column of measurements beside a column that only counts minutes or months."""
    for table in evidence.tables:
        numbers = [column for column in table.columns if column.kind == "number"]
        times = [column for column in numbers if _TIME.match(column.name) and is_even_steps(column)]
        if len(times) == 1 and len(numbers) == 2:
            return series_of(table, next(column for column in numbers if column is not times[0]))
    return None


def bind_run_chart(evidence: Evidence, binding: Binding) -> None:
    rows, size = told_subgroups(evidence)
    if rows:
        source = f"question[{rows[0].start}:{rows[-1].end}]"
        binding.set("data", [value for row in rows for value in row.values], source)
        binding.set("subgroup_size", len(rows[0].values), source)
    else:
        _series(evidence, binding)
        told = evidence.scalar("subgroup_size")
        if told is not None and told.value > 1:
            binding.take_count("subgroup_size", told)
        elif size is not None and len(binding.args["data"]) % size == 0 and size > 1:
            binding.set("subgroup_size", size, "question")
    if "subgroup_size" in binding.args and evidence.has(r"\bmedians\b|\bmedians?\s+of\b"):
        binding.set("plotted", "median", "question")
    elif "subgroup_size" in binding.args and evidence.has(r"\bmeans\b|\baverages\b"):
        binding.set("plotted", "mean", "question")
    if evidence.has(r"\bexact\b"):
        binding.set("p_values", "exact", "question")
    test_level(evidence, binding)


def bind_change_point(evidence: Evidence, binding: Binding) -> None:
    _series(evidence, binding)
    if evidence.has(r"\bexact|\bstrucchange|\bbreak[\s-]?points?\b|\bbai\b|\bdynamic|\bbic\b"):
        binding.set("method", "exact", "question")
    found = _CHANGES.search(evidence.reading.plain)
    if found:
        count = _WORDS.get((found["word"] or "").lower()) or int(found["number"] or 1)
        exact = binding.args.get("method") == "exact"
        binding.set(
            "changes" if exact else "max_changes",
            max(count, 1),
            f"question[{found.start()}:{found.end()}]",
        )
    text = as_digits(evidence.reading.plain)
    shuffles = _PERMUTATIONS.search(text)
    if shuffles:
        place = f"question[{shuffles.start(1)}:{shuffles.end(1)}]"
        binding.set("permutations", int(shuffles[1]), place)
    binding.take_count("seed", evidence.scalar("seed"))
    segment = _SEGMENT.search(text)
    if segment:
        count = int(segment["each"] or segment["least"] or segment["named"])
        binding.set("min_segment", count, f"question[{segment.start()}:{segment.end()}]")
    test_level(evidence, binding)


def bind_residual_chart(evidence: Evidence, binding: Binding) -> None:
    _series(evidence, binding)
    text = evidence.reading.plain
    if evidence.has(r"\bewma\b|exponentially weighted"):
        binding.set("model", "ewma", "question")
        binding.take("lambda", evidence.scalar("lambda"))
    else:
        order = _ORDER.search(text)
        if order:
            number = order[1] or order[2]
            count = int(number) if number else _ORDINALS[order[3].lower()]
            binding.set("order", count, f"question[{order.start()}:{order.end()}]")
    if evidence.has(r"\byule"):
        binding.set("fit", "yule_walker", "question")
    if evidence.has(r"\bnelson"):
        binding.set("rules", "nelson", "question")
    first = _BASELINE.search(as_digits(text))
    if first and 5 <= int(first[1]) < len(binding.args["data"]):
        binding.set("baseline", int(first[1]), f"question[{first.start(1)}:{first.end(1)}]")
    n_sigma(evidence, binding)
    test_level(evidence, binding)


BINDERS: dict[str, Binder] = {
    "run_chart": bind_run_chart,
    "change_point": bind_change_point,
    "residual_chart": bind_residual_chart,
}
