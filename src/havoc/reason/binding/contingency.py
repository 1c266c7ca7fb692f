"""Arguments of tests on tables of counts: rows by columns, wherever the counts stood."""

from __future__ import annotations

import re

from havoc.reading.count_rows import CountRow, column_names, read_count_rows
from havoc.reading.counts import CountPair, read_counts, read_repeated
from havoc.reading.table import Column, Table
from havoc.reason.binding.arguments import Binding, NeedsInput
from havoc.reason.binding.direction import set_direction, two_sample_direction
from havoc.reason.binding.evidence import Binder, Evidence
from havoc.reason.binding.proportions import (
    count_names,
    counts_are_bad,
    of_each,
    possible,
    set_with_without,
    tabled_counts,
)

_LETTERED = re.compile(
    r"(?<!\w)a\s*=\s*(\d++)[\s,;]++b\s*=\s*(\d++)[\s,;]++c\s*=\s*(\d++)[\s,;]++d\s*=\s*(\d++)(?![\w.]*\d)"
)
"""The four cells as textbooks call them, row by row."""


def count_table(evidence: Evidence, binding: Binding) -> None:
    """A table of counts: rows by columns."""
    lettered = _LETTERED.search(evidence.text)
    if lettered:
        a, b, c, d = (float(count) for count in lettered.groups())
        source = f"question[{lettered.start()}:{lettered.end()}]"
        binding.set("table", [[a, b], [c, d]], source)
        return
    pairs = tabled_counts(evidence)
    if pairs:
        set_with_without(binding, pairs, evidence.tables[0].source)
        return
    for table in evidence.tables:
        numbers = evidence.numeric_columns(table, keep_index=True)
        labels = evidence.text_columns(table)
        if len(numbers) >= 2 and table.rows >= 2:
            binding.set(
                "table",
                [[column.values[row] for column in numbers] for row in range(table.rows)],
                table.source,
            )
            binding.set("columns", [column.name for column in numbers], table.source)
            if labels:
                binding.set("rows", [str(value) for value in labels[0].values], table.source)
            return
        if len(labels) >= 2 and not numbers and table.rows >= 8:
            _crossed_counts(binding, table, labels[0], labels[1])
            return
    if _counted_rows(evidence, binding):
        return
    rows = evidence.rows() or [item for item in evidence.reading.series if len(item.values) >= 2]
    if len(rows) == 1 and len(rows[0].values) == 4:
        values = rows[0].numbers
        binding.set("table", [values[:2], values[2:]], rows[0].source)
        return
    if len(rows) >= 2 and len({len(row.values) for row in rows}) == 1:
        binding.set("table", [row.numbers for row in rows], rows[0].source)
        if all(row.name for row in rows):
            binding.set("rows", [row.name for row in rows], rows[0].source)
        return
    split = re.findall(
        r"(?<!\d)(\d+)\s+([a-z][\w ]{0,40}?)\s*[,;/]?\s*(?:and\s+)?(\d+)\s+([a-z][\w ]{0,40}?)(?=[,;.?]|$)",
        evidence.text,
    )
    if len(split) >= 2:
        binding.set("table", [[float(row[0]), float(row[2])] for row in split], "question")
        return
    pairs = read_counts(evidence.reading.plain)
    if len(pairs) >= 2 and all(" of " in evidence.text[x.start : x.end] for x in pairs):
        set_with_without(binding, pairs, ", ".join(pair.source for pair in pairs))
        return
    repeated = read_repeated(evidence.reading.plain)
    if repeated is not None:
        binding.set("table", repeated[1], "question")
        binding.set("columns", repeated[0], "question")
        return
    if _are_cells(evidence, pairs):
        cells = [[float(pair.successes), float(pair.trials)] for pair in pairs]
        binding.set("table", cells, ", ".join(pair.source for pair in pairs))
        return
    pairs = pairs or of_each(evidence)
    if len(pairs) >= 2:
        set_with_without(binding, pairs, ", ".join(pair.source for pair in pairs))
        return
    raise NeedsInput(
        "a table of counts with at least two rows and two columns is needed",
        "how many units fall into each combination of row and column?",
    )


def _counted_rows(evidence: Evidence, binding: Binding) -> bool:
    """Rows of counts with words between the counts, where lists would leave some of them out."""
    if evidence.tables:
        return False
    found = read_count_rows(evidence.reading.plain)
    lists = evidence.rows() or [item for item in evidence.reading.series if len(item.values) >= 2]
    cells = sum(len(row.counts) for row in found)
    if cells < 4 or cells <= sum(len(item.values) for item in lists):
        return False
    source = ", ".join(row.source for row in found)
    if _are_totals(found):
        sizes = [[row.counts[1], row.counts[0] - row.counts[1]] for row in found]
        binding.set("table", sizes, source)
        binding.set("columns", ["with", "without"], source)
    else:
        binding.set("table", [[float(count) for count in row.counts] for row in found], source)
        names = column_names(found)
        if names:
            binding.set("columns", names, source)
    if len({row.name for row in found} - {""}) == len(found):
        binding.set("rows", [row.name for row in found], source)
    return True


_COUNTED_THINGS = re.compile(
    r"^(?:parts?|pieces?|pcs|units?|samples?|specimens?|items?|boards?|cars?|vials?|bottles?|machines?|wafers?|bags?|boxes|tests?|trials?|runs?|"
    r"patients?|people|men|women|customers?|castings?|welds?|lots?|batches|total|made|tested|checked|inspected|produced|shots?|cans?|tyres?|panels?)$",
    re.IGNORECASE,
)


def _are_totals(rows: list[CountRow]) -> bool:
    """ "10 cars with the old clip: 7 rattle": the first figure is the size, the second a part of it."""
    if not rows or any(len(row.counts) != 2 or row.counts[1] > row.counts[0] for row in rows):
        return False
    return all(row.sized or row.before[0].lower() == "of" for row in rows) or all(
        _COUNTED_THINGS.match(row.behind[0]) and not _COUNTED_THINGS.match(row.behind[1])
        for row in rows
    )


def _crossed_counts(binding: Binding, table: Table, first: Column, second: Column) -> None:
    rows = list(dict.fromkeys(str(value) for value in first.present))
    columns = list(dict.fromkeys(str(value) for value in second.present))
    pairs = list(zip(map(str, first.values), map(str, second.values), strict=True))
    counts = [[pairs.count((row, column)) for column in columns] for row in rows]
    binding.set("table", counts, table.source)
    binding.set("rows", rows, table.source)
    binding.set("columns", columns, table.source)


def bind_chi_square_independence(evidence: Evidence, binding: Binding) -> None:
    count_table(evidence, binding)
    if evidence.has(r"\byates|(?:with|use)\s+(?:the\s+)?continuity") and not evidence.has(
        r"\b(?:no|without)\s+(?:yates|(?:continuity\s+)?correction)"
    ):
        binding.set("correction", True, "question")
    evidence.alpha(binding)


def bind_fisher(evidence: Evidence, binding: Binding) -> None:
    pairs = read_counts(evidence.reading.plain)
    if _are_cells(evidence, pairs):
        binding.set(
            "table",
            [[pair.successes, pair.trials] for pair in pairs],
            ", ".join(pair.source for pair in pairs),
        )
    elif _are_totals(read_count_rows(evidence.reading.plain)):
        count_table(evidence, binding)
    elif len(pairs) == 2 and not evidence.tables and not evidence.rows():
        binding.set(
            "table",
            [[pair.successes, pair.trials - pair.successes] for pair in map(possible, pairs)],
            ", ".join(pair.source for pair in pairs),
        )
    else:
        count_table(evidence, binding)
    table = binding.args["table"]
    if len(table) != 2 or any(len(row) != 2 for row in table):
        raise NeedsInput(
            "Fisher's exact test needs a table of 2 rows and 2 columns",
            "which four counts form the table?",
        )
    rows = binding.args.get("rows")
    names = (rows[0], rows[1]) if rows else count_names(evidence, pairs)
    bad = counts_are_bad(evidence)
    set_direction(binding, two_sample_direction(evidence, *names, counts_bad=bad))
    evidence.alpha(binding)


_TWO_OUTCOMES = re.compile(
    r"\b[a-z][a-z\-]+\s?/\s?(?!n\b|total|all\b|tested|inspected|checked|made|tried|trials)[a-z][a-z\- ]*\b"
)


def _are_cells(evidence: Evidence, pairs: list[CountPair]) -> bool:
    """ "cracked/whole: heated 3/9, cold 7/2": two outcomes beside each other, no totals."""
    if len(pairs) < 2 or evidence.tables:
        return False
    if any("/" not in evidence.text[pair.start : pair.end] for pair in pairs):
        return False
    return (
        any(pair.successes > pair.trials for pair in pairs)
        or _TWO_OUTCOMES.search(evidence.text[: pairs[0].start]) is not None
    )


BINDERS: dict[str, Binder] = {
    "chi_square_independence": bind_chi_square_independence,
    "fisher_exact": bind_fisher,
}
