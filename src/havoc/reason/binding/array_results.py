"""Results of an orthogonal array as they are told: values of every run, and the levels of factors."""

from __future__ import annotations

import re
from typing import Any

from havoc.reading.table import Table
from havoc.reading.told_records import told_records

_NUMBER = r"(?<![\w.])(?:\d++(?:\.\d++)?|\.\d++)(?![\w.]*\d)"
_LIST = rf"{_NUMBER}(?:(?:\s*,\s*|\s+){_NUMBER})++"
_MEANS = re.compile(rf"\bmeans?\b[^\d.;:\n]{{0,24}}[:=]?\s*(?P<values>{_LIST})", re.IGNORECASE)
_SDS = re.compile(
    rf"\b(?:sds?|std\.?\s*dev\w*|standard\s+deviations?)\b[^\d.;:\n]{{0,24}}[:=]?\s*(?P<values>{_LIST})",
    re.IGNORECASE,
)
_FLAT = re.compile(rf"{_NUMBER}(?:\s+{_NUMBER})++|{_NUMBER}(?:\s*,\s*{_NUMBER})++")
_PAIRED = re.compile(r"\bmeans?\s*(?:and|&|/|,)\s*(?:the\s+)?(?:sds?|std|standard)", re.IGNORECASE)
_ENTRY = r"(?:[^\W_][\w.]{0,9}|\.\d{1,6})"
_CODE = r"(?:\d{1,7}(?:\.\d{1,6})?|\.\d{1,6}|[^\W\d_]{1,2}\d{0,2})"
_LEVELS = (
    rf"(?<![\w.])(?P<name>[^\W\d_][\w-]{{0,20}})(?:\s*[:=]\s*|\s+|\s*\(\s*)"
    rf"(?:(?P<slash>{_ENTRY}(?:\s?/\s?{_ENTRY}){{COUNT}}(?![\w/]|\.\d)|(?<=\()\s*{_ENTRY}(?:\s*,\s*{_ENTRY}){{COUNT}}(?=[^()]{{0,8}}\)))"
    rf"|(?P<other>{_CODE}(?:[ ]{_CODE}){{COUNT}})(?=\s*(?:[,;/)\n]|\.(?!\d)|$)))"
)


class ArrayResults:
    """``rows``: the repeats of every run, or ``means`` with ``sds``, and where they stood."""

    def __init__(
        self,
        source: str,
        *,
        rows: list[list[float]] | None = None,
        means: list[float] | None = None,
        sds: list[float] | None = None,
    ) -> None:
        self.source, self.rows, self.means, self.sds = source, rows, means, sds


def array_results(text: str, runs: int) -> ArrayResults | None:
    """The results of exactly ``runs`` runs, or None."""
    means, sds = _MEANS.search(text), _SDS.search(text)
    if means and sds:
        first, second = _floats(means["values"]), _floats(sds["values"])
        if len(first) == len(second) == runs:
            return ArrayResults(f"question[{means.start()}:{sds.end()}]", means=first, sds=second)
    table = told_records(text, numbers_only=True, wanted=runs)
    if table is not None and table.rows == runs:
        return _of_table(text, table)
    for match in _FLAT.finditer(text):
        values = _floats(match[0])
        if len(values) == runs:
            return ArrayResults(
                f"question[{match.start()}:{match.end()}]", rows=[[value] for value in values]
            )
    return None


def _of_table(text: str, table: Table) -> ArrayResults:
    columns = [[float(value or 0) for value in column.values] for column in table.columns]
    if len(columns) > 1 and columns[0] == [float(run + 1) for run in range(table.rows)]:
        del columns[0]  # numbers of the runs
    if len(columns) == 2 and _PAIRED.search(text):
        return ArrayResults(table.source, means=columns[0], sds=columns[1])
    return ArrayResults(table.source, rows=[list(row) for row in zip(*columns, strict=True)])


def _floats(text: str) -> list[float]:
    return [float(number) for number in re.findall(_NUMBER, text)]


def told_levels(text: str, source: str, count: int) -> list[dict[str, Any]]:
    """ "force (10, 15), dwell 20/40", "Gel g1 g2 g3 / Heat 1 2 3": names with ``count`` levels."""
    place = re.fullmatch(r"question\[(\d+):(\d+)\]", source)
    if place:
        start, end = int(place[1]), int(place[2])
        text = text[:start] + ";" * (end - start) + text[end:]
    found = []
    for match in re.finditer(_LEVELS.replace("COUNT", str(count - 1)), text):
        item = {"name": match["name"], "levels": _levels(match["slash"] or match["other"])}
        distinct = {str(level).lower() for level in item["levels"]}
        if len(distinct) == count and distinct != {"s", "n"}:
            found.append(item)
    names = [item["name"] for item in found]
    return found if len(set(names)) == len(names) else []


def _levels(text: str) -> list[float | str]:
    entries = [entry for entry in re.split(r"[\s,/]+", text) if entry]
    if all(re.fullmatch(r"\d+(?:\.\d+)?|\.\d+", entry) for entry in entries):
        return [float(entry) for entry in entries]
    return list(entries)
