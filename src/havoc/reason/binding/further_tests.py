"""Arguments of McNemar's and Mood's tests, of several proportions, and of descriptive charts."""

from __future__ import annotations

import re

from havoc.reason.binding import contingency, proportions
from havoc.reason.binding.arguments import Binding, NeedsInput
from havoc.reason.binding.evidence import Binder, Evidence
from havoc.reason.binding.groups import bind_groups
from havoc.reason.binding.means import RESPONSE_NAMES
from havoc.reason.binding.mention import mentioned
from havoc.reason.binding.told_frames import is_told, or_told


def bind_mcnemar(evidence: Evidence, binding: Binding) -> None:
    changed = re.search(
        r"(?<!\d)(\d++)\s++(?:\w++\s++){0,6}?only\b[^\d]{0,60}?(\d++)\s++(?:\w++\s++){0,6}?only\b"
        r"|(?<!\d)(\d++)\s++(?:\w++\s++){0,4}?(?:from\s++)?(?:pass|good|ok|yes|positive)\w*+\s++to\s++\w+[^\d]{0,40}?"
        r"(\d+)\s++(?:\w++\s++){0,4}?(?:from\s++)?\w++\s++to\s++\w+",
        evidence.text,
    )
    if changed and not evidence.tables and not evidence.rows():
        first, second = (changed[1], changed[2]) if changed[1] else (changed[3], changed[4])
        source = f"question[{changed.start()}:{changed.end()}]"
        binding.set("first_only", int(first), source)
        binding.set("second_only", int(second), source)
    else:
        _paired_table(evidence, binding)
    if evidence.has(r"\bexact\b"):
        binding.set("method", "exact", "question")
    elif evidence.has(r"\bmid[\s-]?p\b"):
        binding.set("method", "mid_p", "question")
    elif evidence.has(r"\b(?:no|without)\s+(?:continuity\s+)?correction"):
        binding.set("method", "chi_square", "question")
    elif evidence.has(r"\bcontinuity|\bcorrect(?:ed|ion)\b|\byates\b|\bedwards\b"):
        binding.set("method", "chi_square_corrected", "question")
    evidence.alpha(binding)


def _paired_table(evidence: Evidence, binding: Binding) -> None:
    counted = Binding(operation=binding.operation)
    try:
        contingency.count_table(evidence, counted)
    except NeedsInput as error:
        raise NeedsInput(
            "the counts of pairs are missing",
            "how many pairs changed from yes to no, and how many from no to yes?",
        ) from error
    table = counted.args["table"]
    rows, columns = counted.args.get("rows"), counted.args.get("columns")
    if len(table) != 2 or any(len(row) != 2 for row in table):
        raise NeedsInput(
            "McNemar's test needs a table of two by two: both looks with two outcomes",
            "how many pairs were yes-yes, yes-no, no-yes and no-no?",
        )
    if rows and columns and rows == columns[::-1]:
        # The two looks list their outcomes in different order: agreement lies on the diagonal.
        table = [row[::-1] for row in table]
    binding.set("table", table, counted.provenance.get("table", "question"))


def bind_mood_median(evidence: Evidence, binding: Binding) -> None:
    bind_groups(evidence, binding)
    evidence.alpha(binding)


def bind_proportions_k(evidence: Evidence, binding: Binding) -> None:
    pairs = [proportions.possible(pair) for pair in proportions.counts_of(evidence)]
    if len(pairs) < 2:
        raise NeedsInput(
            "counts out of a number inspected are needed for two or more groups",
            "how many were found and how many inspected in each group?",
        )
    source = evidence.tables[0].source if evidence.tables else pairs[0].source
    binding.set("successes", [pair.successes for pair in pairs], source)
    binding.set("trials", [pair.trials for pair in pairs], source)
    for table in evidence.tables:
        labels = evidence.text_columns(table)
        if labels and len(labels[0].values) == len(pairs):
            binding.set("names", [str(value) for value in labels[0].values], table.source)
    if evidence.has(
        r"\btrend\b|\barmitage|\b(?:rise|rising|fall|falling|increas\w*|decreas\w*)\b|\bdose"
    ):
        binding.set("trend", True, "question")
    evidence.alpha(binding)


# charts -------------------------------------------------------------------------------


def bind_multi_vari(evidence: Evidence, binding: Binding) -> None:
    for table in evidence.tables:
        numbers = evidence.numeric_columns(table, keep_index=True)
        asked = mentioned(numbers, evidence.text)
        response = next(
            (column for column in [*asked, *numbers] if RESPONSE_NAMES.match(column.name)), None
        )
        if response is None and numbers:
            # Codes of parts or shifts repeat; what was measured takes most different values.
            response = max(reversed(numbers), key=lambda column: len(set(column.present)))
        factors = evidence.factor_columns(table) + [
            column
            for column in numbers
            if column is not response
            and 1 < len(set(column.present)) <= max(2, len(column.present) // 2)
        ]
        named = [] if is_told(table) else mentioned(factors, evidence.text)
        factors = (named if named else factors)[:4]
        if response is None or not factors:
            continue
        rows = [
            (value, *(column.values[i] for column in factors))
            for i, value in enumerate(response.values)
        ]
        kept = [row for row in rows if all(cell is not None for cell in row)]
        binding.set("response", [row[0] for row in kept], f"{table.source}#{response.name}")
        binding.set(
            "factors",
            {
                column.name: [_level(row[j]) for row in kept]
                for j, column in enumerate(factors, start=1)
            },
            table.source,
        )
        binding.set("response_name", response.name, table.source)
        binding.echo(
            "{} by {}",
            (response.name, table.source),
            ([column.name for column in factors], table.source),
        )
        return
    raise NeedsInput(
        "a table with one response and one or more columns of factors is needed",
        "which column was measured, and which columns name position, part, time?",
    )


def _level(value: float | str | None) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


BINDERS: dict[str, Binder] = {
    "mcnemar": bind_mcnemar,
    "mood_median": bind_mood_median,
    "proportions_k": bind_proportions_k,
    "multi_vari_chart": or_told(bind_multi_vari, least_depth=1),
}
