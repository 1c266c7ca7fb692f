"""Arguments of McNemar's and Mood's tests, and of descriptive charts."""

from __future__ import annotations

from havoc.reading.paired_counts import PairedCounts, numbered_names, read_paired_counts
from havoc.reason.binding import contingency
from havoc.reason.binding.arguments import Binding, NeedsInput
from havoc.reason.binding.direction import set_direction, two_sample_direction
from havoc.reason.binding.evidence import Binder, Evidence
from havoc.reason.binding.groups import bind_groups
from havoc.reason.binding.margins import set_lone_alpha
from havoc.reason.binding.means import RESPONSE_NAMES
from havoc.reason.binding.mention import mentioned
from havoc.reason.binding.told_frames import is_told, or_told


def bind_mcnemar(evidence: Evidence, binding: Binding) -> None:
    rows = evidence.rows()
    typed = len(rows) == 2 and all(len(row.values) == 2 for row in rows)
    told = None if evidence.tables or typed else read_paired_counts(evidence.reading.plain)
    if told is None:
        _paired_table(evidence, binding)
    else:
        _set_told(evidence, binding, told)
    if evidence.has(r"\bexact\b"):
        binding.set("method", "exact", "question")
    elif evidence.has(r"\bmid[\s-]?p\b"):
        binding.set("method", "mid_p", "question")
    elif evidence.has(r"\b(?:no|without)\s+(?:continuity\s+)?correction"):
        binding.set("method", "chi_square", "question")
    elif evidence.has(r"\bcontinuity|\bcorrect(?:ed|ion)\b|\byates\b|\bedwards\b"):
        binding.set("method", "chi_square_corrected", "question")
    evidence.alpha(binding)
    set_lone_alpha(binding, evidence.text)


_ONE_SIDED = (
    r"\bone[\s-]+(?:sided|tailed)\b|\b(?:just|only)\s+(?:in\s+)?(?:that|this|the\s+one)\s+direction\b"
    r"|\bonly\s+(?:want\w*|care|interested|ask\w*)\b"
)


def _set_told(evidence: Evidence, binding: Binding, told: PairedCounts) -> None:
    source = f"question[{told.start}:{told.end}]"
    if told.table is not None:
        binding.set("table", told.table, source)
    else:
        binding.set("first_only", told.first_only, source)
        binding.set("second_only", told.second_only, source)
    names = told.names or ("", "")
    if told.names is not None:
        binding.set("name1", names[0], source)
        binding.set("name2", names[1], source)
        binding.echo("{} is the first look, {} the second", *((name, source) for name in names))
    if evidence.has(_ONE_SIDED):
        set_direction(binding, two_sample_direction(evidence, *names))


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
    source = counted.provenance.get("table", "question")
    binding.set("table", table, source)
    names = numbered_names(evidence.reading.plain)
    if names is not None:
        binding.set("name1", names[0], source)
        binding.set("name2", names[1], source)


def bind_mood_median(evidence: Evidence, binding: Binding) -> None:
    bind_groups(evidence, binding)
    evidence.alpha(binding)
    set_lone_alpha(binding, evidence.text)


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
    "multi_vari_chart": or_told(bind_multi_vari, least_depth=1),
}
