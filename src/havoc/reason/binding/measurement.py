"""Arguments of measurement system studies."""

from __future__ import annotations

import re

from havoc.reading.cells import Cell, read_cells
from havoc.reading.roles import NUMBER
from havoc.reading.table import Column, Table
from havoc.reason.binding.evidence import Binder, Binding, Evidence, NeedsInput, source_of

_COMPONENTS: tuple[tuple[str, str], ...] = (
    ("ev", r"(?:\bev\b|\bs_?repeat\w*|\brepeatab\w*|\brepeat\b|equipment variation)"),
    ("av", r"(?:\bav\b|\bs_?operator\w*|\breproducib\w*|\breprod\b|appraiser variation)"),
    (
        "pv",
        r"(?:\bpv\b|\bs_?parts?\b|sigma (?:of the )?parts?|\bpart(?:-to-part|s)?\b(?:\s+(?:sd|variation|sigma|to part))?)",
    ),
    ("grr", r"(?:\bgrr\b|\bga?u?ge sigma|sigma (?:of the )?ga?u?ge|\bgage sd)"),
    ("tv", r"(?:\btv\b|\btotal variation)"),
)
_PART = re.compile(
    r"^(?:parts?|p|pieces?|samples?|items?|units?|batch|lot|specimen|mould)$", re.IGNORECASE
)
_TRIAL = re.compile(r"^(?:trials?|reps?|replicates?|repeat|run|no\.?|order|seq\w*)$", re.IGNORECASE)
_OPERATOR = re.compile(
    r"^(?:operators?|ops?|appraisers?|inspectors?|persons?|analysts?|testers?|techs?|technicians?|labs?)$",
    re.IGNORECASE,
)


def bind_gage_rr(evidence: Evidence, binding: Binding) -> None:
    tolerance = re.search(
        rf"\b(?:tolerance|tol|t)\b\s*(?:width|is|of|=|:)?\s*{NUMBER}", evidence.text
    )
    if tolerance:
        binding.set(
            "tolerance", float(tolerance[1]), f"question[{tolerance.start()}:{tolerance.end()}]"
        )
    elif evidence.has(r"\btol") and (margin := evidence.scalar("margin")) is not None:
        # "tolerance +/- 0.5": the full width is twice the margin
        binding.set("tolerance", 2 * margin.value, source_of(margin))
    else:
        binding.take("lsl", evidence.scalar("lsl"))
        binding.take("usl", evidence.scalar("usl"))
        if len({"lsl", "usl"} & set(binding.args)) == 1:
            binding.args.pop("lsl", None)
            binding.args.pop("usl", None)
    if evidence.has(r"x-?bar[\s-]*(?:and[\s-]*)?r\b|average and range|range method"):
        binding.set("method", "xbar_r", "question")
    study = _study(evidence)
    if study is not None:
        table, part, operator, values = study
        if operator is part or operator is None:
            raise NeedsInput("the operators are missing", "which operator took each measurement?")
        binding.set("data", values.present, f"{table.source}#{values.name}")
        binding.set(
            "parts", [text_of(value) for value in part.values], f"{table.source}#{part.name}"
        )
        binding.set(
            "operators",
            [text_of(value) for value in operator.values],
            f"{table.source}#{operator.name}",
        )
        binding.echo(
            "{} parts, {} operators, {} measurements",
            (len(set(part.present)), table.source),
            (len(set(operator.present)), table.source),
            (len(values.present), table.source),
        )
        return
    cells = read_cells(evidence.reading.plain)
    if len(cells) >= 8 and not evidence.tables:
        parts, operators = _which_are_parts(cells)
        binding.set("data", [cell.value for cell in cells], "question")
        binding.set("parts", parts, "question")
        binding.set("operators", operators, "question")
        binding.echo(
            "{} parts, {} operators, {} measurements",
            (len(set(parts)), "question"),
            (len(set(operators)), "question"),
            (len(cells), "question"),
        )
        return
    _components(evidence, binding)


def _study(evidence: Evidence) -> tuple[Table, Column, Column | None, Column] | None:
    for table in evidence.tables:
        part = next((column for column in table.columns if _PART.match(column.name)), None)
        operator = next((column for column in table.columns if _OPERATOR.match(column.name)), None)
        numbers = [
            column
            for column in table.columns
            if column.kind == "number"
            and column not in (part, operator)
            and not _TRIAL.match(column.name)
        ]
        if part is not None and len(numbers) == 1:
            return table, part, operator, numbers[0]
        if part is not None and len(numbers) >= 3 and operator is None:
            return _by_operator_columns(table, part, numbers)
        repeated = [
            column for column in table.columns if 1 < len(set(column.present)) < len(column.present)
        ]
        measured = [column for column in numbers if column not in repeated[:2]]
        if len(repeated) >= 2 and measured and part is None:
            first, second = repeated[0], repeated[1]
            if first.kind == "text" and second.kind == "number":
                first, second = second, first
            return table, first, second, measured[-1]
    return None


def _by_operator_columns(
    table: Table, part: Column, numbers: list[Column]
) -> tuple[Table, Column, Column | None, Column] | None:
    """ "part, Amy 1, Amy 2, Ron 1, Ron 2": the operator stands in the column names."""
    owners = [
        re.sub(r"[\s_-]*(?:t|trial|r|rep)?\d+$", "", column.name, flags=re.IGNORECASE)
        for column in numbers
    ]
    if len(set(owners)) < 2 or not all(owners):
        return None
    parts: list[str | None] = []
    operators: list[str | None] = []
    values: list[float | None] = []
    for owner, column in zip(owners, numbers, strict=True):
        for label, value in zip(part.values, column.values, strict=True):
            parts.append(text_of(label))
            operators.append(owner)
            values.append(value if isinstance(value, float) else None)
    return (
        table,
        Column(name=part.name, kind="text", values=parts),
        Column(name="operator", kind="text", values=operators),
        Column(name="measurement", kind="number", values=values),
    )


def _which_are_parts(cells: list[Cell]) -> tuple[list[str], list[str]]:
    """Parts are numbered or more numerous; operators have names."""
    first, second = [cell.first for cell in cells], [cell.second for cell in cells]
    numbered_second = all(re.search(r"\d$", name) for name in second)
    numbered_first = all(re.search(r"\d$", name) for name in first)
    if numbered_second and not numbered_first:
        return second, first
    if numbered_first == numbered_second and len(set(second)) > len(set(first)):
        return second, first
    return first, second


def _components(evidence: Evidence, binding: Binding) -> None:
    for name, words in _COMPONENTS:
        match = re.search(
            rf"{words}\s*(?:sd|variation|sigma)?\s*(?:is|was|of|=|:)?\s*{NUMBER}", evidence.text
        )
        if match:
            binding.set(name, float(match[1]), f"question[{match.start()}:{match.end()}]")
    known = {"ev", "av", "pv", "grr", "tv"} & set(binding.args)
    if not ({"grr"} <= known or {"ev", "av"} <= known) or not known & {"pv", "tv"}:
        raise NeedsInput(
            "a gage study needs measurements with their part and operator, or EV, AV and PV",
            "which part and operator does each measurement belong to?",
        )


def text_of(value: float | str | None) -> str:
    if isinstance(value, float) and value == int(value):
        return str(int(value))
    return str(value)


_STANDARD = re.compile(
    r"^(?:standard|std|reference|ref|truth|true|master|expert|correct)$", re.IGNORECASE
)
_VERDICT = re.compile(
    r"^(?:ratings?|judge?ments?|results?|responses?|verdicts?|assessments?|decisions?|calls?|scores?|grades?)$",
    re.IGNORECASE,
)


def _repeated_ratings(evidence: Evidence, binding: Binding) -> bool:
    """One rating a row, beside the unit, the rater and perhaps the standard."""
    for table in evidence.tables:
        part = next((column for column in table.columns if _PART.match(column.name)), None)
        operator = next(
            (
                column
                for column in table.columns
                if _OPERATOR.match(column.name) or re.match(r"(?i)^raters?$", column.name)
            ),
            None,
        )
        verdict = next((column for column in table.columns if _VERDICT.match(column.name)), None)
        if part is None or operator is None or verdict is None:
            continue
        source = table.source
        binding.set("response", [text_of(v) for v in verdict.values], f"{source}#{verdict.name}")
        binding.set("parts", [text_of(v) for v in part.values], f"{source}#{part.name}")
        binding.set("operators", [text_of(v) for v in operator.values], f"{source}#{operator.name}")
        standard = next((column for column in table.columns if _STANDARD.match(column.name)), None)
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


def bind_attribute_agreement(evidence: Evidence, binding: Binding) -> None:
    if evidence.has(r"\bkendall|\bordinal|\bordered\b"):
        binding.set("ordinal", True, "question")
    if _repeated_ratings(evidence, binding):
        return
    rows = evidence.rows()
    if rows and len(rows) == len(rows[0].values) and not evidence.tables:
        binding.set("table", [row.numbers for row in rows], rows[0].source)
        return
    for table in evidence.tables:
        columns = [
            column
            for column in table.columns
            if not _PART.match(column.name) and not re.match(r"^(?:#|no\.?|id)$", column.name)
        ]
        standard = next(
            (
                column
                for column in columns
                if re.match(
                    r"^(?:standard|std|reference|truth|master|expert)$", column.name, re.IGNORECASE
                )
            ),
            None,
        )
        raters = [column for column in columns if column is not standard]
        if len(raters) >= 2 and table.rows >= 2:
            if all(column.kind == "number" for column in raters) and len(raters) == table.rows == 2:
                binding.set(
                    "table",
                    [[column.values[row] for column in raters] for row in range(table.rows)],
                    table.source,
                )
                return
            binding.set(
                "ratings",
                [[text_of(column.values[row]) for column in raters] for row in range(table.rows)],
                table.source,
            )
            if standard is not None:
                binding.set("standard", [text_of(value) for value in standard.values], table.source)
            return
    judged = _judgement_table(evidence.text)
    if judged is not None:
        binding.set("table", judged, "question")
        return
    lists = _rating_lists(evidence.reading.text)
    if len(lists) >= 2:
        lengths = {len(ratings) for _, ratings in lists}
        if len(lengths) > 1:
            raise NeedsInput(
                "the raters did not rate the same number of units",
                "which unit has no rating?",
            )
        binding.set("raters", dict(lists), "question")
        return
    raise NeedsInput(
        "agreement needs the ratings of at least two raters on the same units",
        "how did each rater judge each unit?",
    )


_BOTH = re.compile(r"\bboth\s+(\w+)\s*[:=]?\s*(\d+)")
_MIXED = re.compile(
    r"\b\w+\s+(good|ok|pass|yes|accept|go|bad|nok|ng|fail|no|reject)[\s,]+(?:and\s+)?\w+\s+(good|ok|pass|yes|accept|go|bad|nok|ng|fail|no|reject)\s*[:=]?\s*(\d+)"
)


def _judgement_table(text: str) -> list[list[int]] | None:
    """ "both good 72, both bad 15, A good B bad 8, A bad B good 5" as a table of two raters."""
    both = {match[1]: int(match[2]) for match in _BOTH.finditer(text)}
    mixed = {(match[1], match[2]): int(match[3]) for match in _MIXED.finditer(text)}
    if len(both) != 2:
        return None
    first, second = both
    if (first, second) not in mixed or (second, first) not in mixed:
        return None
    return [[both[first], mixed[(first, second)]], [mixed[(second, first)], both[second]]]


_RATINGS = re.compile(
    r"([A-Za-z][\w.]*(?:\s\d+)?)\s*[:=]?\s+((?:(?:[A-Za-z]|ok|ng|nok|go|no|yes|pass|fail|good|bad|\d)(?:[\s,;]+|(?=[.;/]|$))){3,})",
    re.IGNORECASE,
)


def _rating_lists(text: str) -> list[tuple[str, list[str]]]:
    found: dict[str, list[str]] = {}
    for match in _RATINGS.finditer(text):
        found[match[1]] = re.split(r"[\s,;]+", match[2].strip(" ,;."))
    return list(found.items())


BINDERS: dict[str, Binder] = {
    "gage_rr": bind_gage_rr,
    "attribute_agreement": bind_attribute_agreement,
}
