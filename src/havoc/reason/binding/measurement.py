"""Arguments of measurement system studies."""

from __future__ import annotations

import re

from havoc.reading.cells import Cell, read_cells
from havoc.reading.roles import NUMBER
from havoc.reading.study_layout import PART_NOUNS, PERSON_NOUNS, Study, read_study_layout
from havoc.reason.binding.evidence import Binder, Binding, Evidence, NeedsInput, source_of
from havoc.reason.binding.study_rows import OPERATOR, PART, study_in_rows, study_in_table

_COMPONENTS: tuple[tuple[str, str], ...] = (
    (
        "ev",
        r"(?:\bev\b|\bs_?repeat\w*|\brepeatab\w*|\brepeat\b|\bequipment\b|\bwithin[\s-](?:operator|person|people)s?\b)",
    ),
    (
        "av",
        r"(?:\bav\b|\bs_?operators?\b|\breproducib\w*|\breprod\b|\bappraisers?\b"
        r"|(?<!within )(?<!within-)\b(?:people|operators?|persons?|inspectors?)\b)",
    ),
    (
        "pv",
        r"(?:\bpv\b|\bs_?parts?\b|sigma (?:of the )?parts?|\bpart(?:-to-part|s)?\b(?:\s+to\s+part)?)",
    ),
    (
        "grr",
        r"(?:\bgrr\b|\bga?u?ge sigma|sigma (?:of the )?ga?u?ge|\bs(?:igma|d)?_(?:ga?u?ge|meas\w*|ms)\b|\bgage sd)",
    ),
    ("tv", r"(?:\btv\b|\btotal variation|\bs(?:igma|d)?_total\b|\btotal (?:sd|sigma)\b)"),
)
_WORKSHEET: tuple[tuple[str, str], ...] = (
    ("rbar", r"\br-?(?:double-?)?bar(?:-?bar)?\b|\bmean range\b"),
    ("xdiff", r"\bx-?(?:bar-?)?diff\b"),
    ("rp", r"\brp\b|\brange of (?:the )?part (?:means|averages)"),
)
_TOLERANCE = re.compile(
    r"\b(?:tolerance|tol|t|(?:spec(?:ification)?|drawing)\s+(?:width|window))\b(?:\s|width|window|range|full|"
    rf"total|in|it['’]?s|now|is|of|[=:,])*+{NUMBER}"
)


def bind_gage_rr(evidence: Evidence, binding: Binding) -> None:
    tolerance = _TOLERANCE.search(evidence.text)
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
    study = study_in_table(evidence)
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
    written = _written_study(evidence) if not evidence.tables else None
    if written is None:
        _components(evidence, binding)
        return
    if written.nested:
        binding.operation = "gage_rr_nested"
        binding.args.pop("method", None)
    binding.set("data", written.values, "question")
    binding.set("parts", written.parts, "question")
    binding.set("operators", written.operators, "question")
    binding.echo(
        "{} parts, {} operators, {} measurements",
        (len(set(written.parts)), "question"),
        (len(set(written.operators)), "question"),
        (len(written.values), "question"),
    )


def _written_study(evidence: Evidence) -> Study | None:
    """Readings in prose, behind their part and operator or in rows of a stated order."""
    text = evidence.reading.plain
    study = read_study_layout(text)
    if study is not None:
        return study
    cells = read_cells(text)
    if len(cells) >= 8:
        parts, operators = _which_are_parts(cells)
        return Study(parts=parts, operators=operators, values=[cell.value for cell in cells])
    return study_in_rows(evidence)


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
    if _worksheet(evidence, binding):
        return
    for name, words in _COMPONENTS:
        match = re.search(
            rf"{words}\s*(?:sd|std\.?|standard deviation|variation|sigma|scatter|spread)?\s*(?:is|was|of|=|:)?\s*{NUMBER}",
            evidence.text,
        )
        if match:
            binding.set(name, float(match[1]), f"question[{match.start()}:{match.end()}]")
    known = {"ev", "av", "pv", "grr", "tv"} & set(binding.args)
    if not ({"grr"} <= known or {"ev", "av"} <= known) or not known & {"pv", "tv"}:
        raise NeedsInput(
            "a gage study needs measurements with their part and operator, or EV, AV and PV",
            "which part and operator does each measurement belong to?",
        )


_SIZES = (
    ("parts", PART_NOUNS),
    ("operators", PERSON_NOUNS),
    ("trials", frozenset({"trials", "reps", "replicates", "repeats", "times"})),
)


def _worksheet(evidence: Evidence, binding: Binding) -> bool:
    """The figures of the AIAG worksheet, with the numbers of parts, operators and trials."""
    found = {
        name: re.search(rf"(?:{words})\s*(?:is|was|of|=|:)?\s*{NUMBER}", evidence.text)
        for name, words in _WORKSHEET
    }
    sizes = {
        name: re.search(rf"(?<![\w.])(\d{{1,3}})\s+(?:{'|'.join(nouns)})\b", evidence.text)
        for name, nouns in _SIZES
    }
    if found["rbar"] is None or found["rp"] is None or None in sizes.values():
        return False
    for name, match in found.items():
        if match is not None:
            binding.set(name, float(match[1]), f"question[{match.start()}:{match.end()}]")
    for name, match in sizes.items():
        assert match is not None
        binding.set(name, int(match[1]), f"question[{match.start()}:{match.end()}]")
    binding.set("method", "xbar_r", "question")
    return True


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
        part = next((column for column in table.columns if PART.match(column.name)), None)
        operator = next(
            (
                column
                for column in table.columns
                if OPERATOR.match(column.name) or re.match(r"(?i)^raters?$", column.name)
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
            if not PART.match(column.name) and not re.match(r"^(?:#|no\.?|id)$", column.name)
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
