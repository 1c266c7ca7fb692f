"""Samples given by n, mean and standard deviation: in prose, in a table or as three lists."""

from __future__ import annotations

import re

from havoc.reading.question import Series
from havoc.reading.summaries import SampleSummary, read_summaries
from havoc.reason.binding.arguments import NeedsInput
from havoc.reason.binding.evidence import Evidence


def sample_summaries(evidence: Evidence, *, spreads_only: bool = False) -> list[SampleSummary]:
    """Samples given as mean, standard deviation and n, where no values of theirs are listed."""
    tabled = _tabled_summaries(evidence) or _listed_summaries(evidence)
    if tabled:
        return tabled
    if evidence.tables:
        return []
    found = read_summaries(evidence.reading.plain, spreads_only=spreads_only)
    if not found:
        return []
    start, end = found[0].start, found[-1].end
    for item in evidence.reading.series:
        place = re.fullmatch(r"question\[(\d+):(\d+)\]", item.source)
        outside = place is None or int(place[2]) <= start or int(place[1]) > end
        if len(item.values) > 2 and (outside or len(item.values) > 4):
            return []
        if outside and len(item.values) == 2 and not _beside(item, evidence):
            return []
    return found


def _beside(item: Series, evidence: Evidence) -> bool:
    """Two numbers that are no list of values: a level, a limit or a range beside the summaries."""
    return not item.name or bool(evidence.scalar("lsl", "margin", "confidence", "alpha"))


_SUMMARY_COLUMNS = {
    "n": re.compile(r"^(?:n|size|count|sample[\s_]size|number)$", re.IGNORECASE),
    "mean": re.compile(r"^(?:mean|avg|average|xbar|x-bar)s?$", re.IGNORECASE),
    "sd": re.compile(
        r"^(?:sd|s|std|stdev|st\.?\s?dev\.?|std\.?\s?dev\.?|standard\s?deviation)s?$", re.IGNORECASE
    ),
}


def _tabled_summaries(evidence: Evidence) -> list[SampleSummary]:
    """A table with the columns n, mean and standard deviation, one row a sample."""
    for table in evidence.tables:
        columns = {
            role: column
            for role, pattern in _SUMMARY_COLUMNS.items()
            for column in table.columns
            if column.kind == "number" and pattern.match(column.name)
        }
        if len(columns) < 3:
            continue
        rest = [column for column in table.columns if column not in columns.values()]
        labels = rest[0].values if rest else [None] * table.rows
        found = []
        for row in range(table.rows):
            n, mean, sd = (columns[role].values[row] for role in ("n", "mean", "sd"))
            if not (isinstance(n, float) and isinstance(mean, float) and isinstance(sd, float)):
                return []
            label = labels[row]
            named = f"{label:g}" if isinstance(label, float) else str(label or "")
            found.append(SampleSummary(sd=sd, mean=mean, n=int(n), name=named, table=table.source))
        return found
    return []


def _listed_summaries(evidence: Evidence) -> list[SampleSummary]:
    """ "means 5.2 5.6 5.9, sds 0.3 0.4 0.35, n 10 10 12": one list for every figure."""
    found: dict[str, Series] = {}
    for item in evidence.reading.series:
        place = re.fullmatch(r"question\[(\d+):(\d+)\]", item.source)
        before = evidence.text[max(0, int(place[1]) - 24) : int(place[1])] if place else ""
        word = re.search(r"([a-z][a-z.\-]*)\W*$", before)
        for role, pattern in _SUMMARY_COLUMNS.items():
            if word and (pattern.match(word[1]) or (role == "n" and word[1] == "ns")):
                found.setdefault(role, item)
    if len(found) < 3 or len({len(item.values) for item in found.values()}) > 1:
        return []
    if any(item.missing for item in found.values()):
        return []
    source = ", ".join(item.source for item in found.values())
    return [
        SampleSummary(sd=sd, mean=mean, n=int(n), table=source)
        for n, mean, sd in zip(*(found[role].numbers for role in ("n", "mean", "sd")), strict=True)
    ]


def summary_arguments(item: SampleSummary) -> dict[str, float]:
    """n, mean and sd as a tool takes them; what is missing is asked for."""
    if item.n is None:
        raise NeedsInput(
            "the number of measurements behind the mean and standard deviation is missing",
            "how many values is each mean based on (n)?",
        )
    if item.mean is None:
        raise NeedsInput("the mean is missing", "what is the mean?")
    return {"n": item.n, "mean": item.mean, "sd": item.sd}
