"""Arguments of attribute agreement: ratings in tables and in prose, or counts of two judges."""

from __future__ import annotations

import re

from havoc.reading.ratings import STANDARD, RatedList, read_judgement_counts, read_rated_lists
from havoc.reading.table import Column, Table
from havoc.reason.binding.arguments import Binding, NeedsInput
from havoc.reason.binding.evidence import Evidence
from havoc.reason.binding.marked_times import IN_WORDS, count_of
from havoc.reason.binding.study_rows import OPERATOR, PART, text_of

_VERDICT = re.compile(
    r"^(?:ratings?|judge?ments?|results?|responses?|verdicts?|assessments?|decisions?|calls?|scores?|grades?)$",
    re.IGNORECASE,
)
_RATER = re.compile(r"^(?:raters?|judges?|checkers?|graders?|readers?)$", re.IGNORECASE)
_ROW_NUMBER = re.compile(r"^(?:#|no\.?|nr\.?|id)$", re.IGNORECASE)
_PERSONS = re.compile(
    rf"(?<![\w.])(\d{{1,2}}|{IN_WORDS})\s+(?:[a-z-]+\s+)?(?:people|persons|raters|inspectors|appraisers|"
    r"operators|checkers|judges|graders|readers|testers|controllers|men|women|doctors|fitters)\b",
    re.IGNORECASE,
)


def bind_attribute_agreement(evidence: Evidence, binding: Binding) -> None:
    if evidence.has(r"\bkendall|\bordinal|\bordered\b"):
        binding.set("ordinal", True, "question")
    if _one_rating_a_row(evidence, binding):
        return
    rows = evidence.rows()
    if rows and len(rows) == len(rows[0].values) and not evidence.tables:
        binding.set("table", [row.numbers for row in rows], rows[0].source)
        return
    if any(_table_of_raters(table, binding) for table in evidence.tables):
        return
    counts = read_judgement_counts(evidence.reading.text)
    if counts is not None:
        binding.set("table", counts[0], "question")
        binding.set("categories", counts[1], "question")
        return
    _rated_lists(evidence, binding)


def _one_rating_a_row(evidence: Evidence, binding: Binding) -> bool:
    """One rating a row, beside the unit, the rater and perhaps the standard."""
    for table in evidence.tables:
        part = _column(table, PART)
        operator = _column(table, OPERATOR) or _column(table, _RATER)
        verdict = _column(table, _VERDICT)
        if part is None or operator is None or verdict is None:
            continue
        source = table.source
        binding.set("response", [text_of(v) for v in verdict.values], f"{source}#{verdict.name}")
        binding.set("parts", [text_of(v) for v in part.values], f"{source}#{part.name}")
        binding.set("operators", [text_of(v) for v in operator.values], f"{source}#{operator.name}")
        standard = _column(table, STANDARD)
        if standard is not None:
            binding.set(
                "standard", [text_of(v) for v in standard.values], f"{source}#{standard.name}"
            )
        binding.echo(
            "{} raters, {} units, {} ratings",
            (len(set(operator.present)), source),
            (len(set(part.present)), source),
            (len(verdict.present), source),
        )
        return True
    return False


def _column(table: Table, name: re.Pattern[str]) -> Column | None:
    return next((column for column in table.columns if name.match(column.name)), None)


def _table_of_raters(table: Table, binding: Binding) -> bool:
    """A row a unit, a column a rater (or a trial of a rater), or counts of two judges."""
    columns = [
        column
        for column in table.columns
        if not PART.match(column.name) and not _ROW_NUMBER.match(column.name)
    ]
    standard = next((column for column in columns if STANDARD.match(column.name)), None)
    raters = [column for column in columns if column is not standard]
    if len(raters) < 2 or table.rows < 2:
        return False
    if all(column.kind == "number" for column in raters) and len(raters) == table.rows == 2:
        binding.set(
            "table",
            [[column.values[row] for column in raters] for row in range(table.rows)],
            table.source,
        )
        return True
    binding.set(
        "ratings",
        [[text_of(column.values[row]) for column in raters] for row in range(table.rows)],
        table.source,
    )
    if standard is not None:
        binding.set("standard", [text_of(value) for value in standard.values], table.source)
    return True


def _rated_lists(evidence: Evidence, binding: Binding) -> None:
    """Lists of ratings in prose, a list a rater (or, without names, a list a unit)."""
    lists = read_rated_lists(evidence.reading.text)
    named = [item for item in lists if item.name]
    if named:
        lists = named
    if len(lists) < 2:
        raise NeedsInput(
            "agreement needs the ratings of at least two raters on the same units",
            "how did each rater judge each unit?",
        )
    if len({len(item.ratings) for item in lists}) > 1:
        raise NeedsInput(
            "the raters did not rate the same number of units", "which unit has no rating?"
        )
    source = f"question[{lists[0].start}:{lists[-1].end}]"
    if not named and _is_a_list_a_unit(evidence.text, lists):
        binding.set("ratings", [item.ratings for item in lists], source)
        binding.echo(
            "{} units in rows, {} raters", (len(lists), source), (len(lists[0].ratings), source)
        )
        return
    standards = [item for item in lists if STANDARD.match(item.name)]
    raters = [item for item in lists if item not in standards]
    if len(standards) != 1 or len(raters) < 2:
        standards, raters = [], lists  # one rater against the standard: two lists to compare
    binding.set("raters", _by_name(raters), source)
    for item in standards:
        binding.set("standard", item.ratings, f"question[{item.start}:{item.end}]")
        binding.echo("{} is the standard", (item.name, binding.provenance["standard"]))


def _is_a_list_a_unit(text: str, lists: list[RatedList]) -> bool:
    length = len(lists[0].ratings)
    stated = _PERSONS.search(text)
    persons = count_of(stated[1]) if stated else 0
    if persons in (length, len(lists)) and length != len(lists):
        return persons == length
    if len(lists) == 2 or length > len(lists):
        return False
    if len(lists) > length:
        return True
    raise NeedsInput(
        "it is not said whether a row is a rater or a unit", "which ratings belong to one rater?"
    )


def _by_name(lists: list[RatedList]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for index, item in enumerate(lists, start=1):
        name = item.name or f"rating {index}"
        found[f"{name} ({index})" if name in found else name] = item.ratings
    return found
