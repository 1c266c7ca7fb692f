"""Arguments of the Pareto chart: categories with their counts, or the single cases."""

from __future__ import annotations

import re

from havoc.reading.number_words import as_digits
from havoc.reading.table import Column
from havoc.reading.tallies import read_called_out, read_tallies
from havoc.reason.binding.arguments import Binding, NeedsInput
from havoc.reason.binding.evidence import Binder, Evidence
from havoc.reason.binding.mention import mentioned

_SHARE = re.compile(
    r"(?<![\w.])(?P<percent>\d{2}(?:\.\d{1,3})?)\s*(?:%|percent\b|pct\b|per\s?cent\b)"
    r"|(?<![\w.])(?P<rule>[6-9]\d)\s?/\s?[1-4]\d(?![\w./])|\b(?:threshold|cut[\s-]?off)\D{0,12}(?P<fraction>0?\.\d{1,4})"
)
_COMBINED = re.compile(
    r"\b(?:lump|combin|merg|collaps|group|pool|others?\b|beyond|rest\b|remain|one\s+bar|together)",
    re.IGNORECASE,
)
_NEAR = 60


def bind_pareto(evidence: Evidence, binding: Binding) -> None:
    counts, source = _tallied(evidence)
    if isinstance(counts, list):
        binding.set("observations", counts, source)
    else:
        binding.set("counts", counts, source)
    text = as_digits(evidence.text)
    for match in _SHARE.finditer(text):
        if match["fraction"]:
            share = float(match["fraction"])
        else:
            share = float(match["percent"] or match["rule"]) / 100
        clause = re.split(r"[,;.]\s", text[max(0, match.start() - _NEAR) : match.start()])[-1]
        behind = re.split(r"[,;.](?:\s|$)", text[match.end() : match.end() + 30])[0]
        combined = _COMBINED.search(clause) or _COMBINED.search(behind)
        name = "combine_after" if combined else "threshold"
        if name not in binding.args and 0 < share < 1:
            binding.set(name, round(share, 9), f"question[{match.start()}:{match.end()}]")


def _tallied(evidence: Evidence) -> tuple[dict[str, float] | list[str], str]:
    for table in evidence.tables:
        labels, numbers = (
            evidence.text_columns(table),
            evidence.numeric_columns(table, keep_index=True),
        )
        if labels and numbers:
            label, number = _named(evidence, labels)[0], _named(evidence, numbers)[-1]
            counts: dict[str, float] = {}
            for name, value in zip(label.values, number.values, strict=True):
                if name is not None and isinstance(value, float):
                    counts[str(name)] = counts.get(str(name), 0.0) + value
            return counts, f"{table.source}#{number.name}"
        if labels:
            label = _named(evidence, labels)[0]
            return [str(value) for value in label.present], f"{table.source}#{label.name}"
    text = evidence.reading.plain
    found = read_tallies(text)
    called = read_called_out(text)
    if called and len(called) > 2 * len(found):
        return called, "question"
    if found:
        tallied: dict[str, float] = {}
        for item in found:
            tallied[item.label] = tallied.get(item.label, 0.0) + item.count
        return tallied, f"question[{found[0].start}:{found[-1].end}]"
    raise NeedsInput(
        "categories with their counts are missing", "how often did each category occur?"
    )


def _named(evidence: Evidence, columns: list[Column]) -> list[Column]:
    """The columns that the question names, else all."""
    return mentioned(columns, evidence.text) or columns


BINDERS: dict[str, Binder] = {"pareto_chart": bind_pareto}
