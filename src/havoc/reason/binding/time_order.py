"""Arguments of the run chart, of change points and of residual charts."""

from __future__ import annotations

import re

from havoc.reason.binding.arguments import Binding
from havoc.reason.binding.evidence import Binder, Evidence
from havoc.reason.binding.lists import complete

_CHANGES = re.compile(
    r"\b(?:(?P<word>one|two|three|four|five|single)|(?P<number>\d{1,2}))\s+(?:\w+\s+)?"
    r"(?:change[\s-]?points?|changes|break[\s-]?points?|breaks|shifts|jumps)\b",
    re.IGNORECASE,
)
_WORDS = {"one": 1, "single": 1, "two": 2, "three": 3, "four": 4, "five": 5}
_ORDER = re.compile(
    r"\bar\s*\(\s*(\d{1,2})\s*\)|\border\s*(?:=|of|is)?\s*(\d{1,2})\b|\b(first|second|third)[\s-]order",
    re.IGNORECASE,
)
_ORDINALS = {"first": 1, "second": 2, "third": 3}
_BASELINE = re.compile(
    r"\b(?:first|baseline(?:\s+of)?)\s*(\d{1,6})\s*(?:rows|observations|points|samples|values)\b",
    re.IGNORECASE,
)


def _series(evidence: Evidence, binding: Binding) -> None:
    series = evidence.one()
    binding.set("data", complete(binding, series), series.source)
    if series.name:
        binding.set("name", series.name, series.source)
    if series.unit:
        binding.set("unit", series.unit, series.source)


def bind_run_chart(evidence: Evidence, binding: Binding) -> None:
    _series(evidence, binding)
    size = evidence.scalar("subgroup_size")
    if size is not None and size.value > 1:
        binding.take_count("subgroup_size", size)
    if evidence.has(r"\bexact\b"):
        binding.set("p_values", "exact", "question")
    evidence.alpha(binding)


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
    evidence.alpha(binding)


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
    first = _BASELINE.search(text)
    if first and 5 <= int(first[1]) <= len(binding.args["data"]):
        binding.set("baseline", int(first[1]), f"question[{first.start(1)}:{first.end(1)}]")


BINDERS: dict[str, Binder] = {
    "run_chart": bind_run_chart,
    "change_point": bind_change_point,
    "residual_chart": bind_residual_chart,
}
