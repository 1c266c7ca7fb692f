"""Arguments of measurement system studies."""

from __future__ import annotations

import re

from havoc.reading.roles import NUMBER
from havoc.reading.table import Column, Table
from havoc.reason.binding.evidence import Binding, Evidence, NeedsInput
from havoc.reason.binding.statistics import Binder

_COMPONENTS: tuple[tuple[str, str], ...] = (
    ("ev", r"(?:\bev\b|repeatab\w*|\brepeat\b|equipment variation)"),
    ("av", r"(?:\bav\b|reproducib\w*|\breprod\b|appraiser variation)"),
    ("pv", r"(?:\bpv\b|\bpart(?:-to-part|s)?\b(?:\s+(?:sd|variation|sigma|to part))?|sigma part)"),
    ("grr", r"(?:\bgrr\b|\bgauge sigma|sigma gauge|\bgage sd)"),
    ("tv", r"(?:\btv\b|\btotal variation)"),
)
_PART = re.compile(
    r"^(?:parts?|p|pieces?|samples?|items?|units?|batch|lot|specimen|mould)$", re.IGNORECASE
)
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
        binding.set("parts", [_text(value) for value in part.values], f"{table.source}#{part.name}")
        binding.set(
            "operators",
            [_text(value) for value in operator.values],
            f"{table.source}#{operator.name}",
        )
        binding.echo(
            "{} parts, {} operators, {} measurements",
            (len(set(part.present)), table.source),
            (len(set(operator.present)), table.source),
            (len(values.present), table.source),
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
            if column.kind == "number" and column not in (part, operator)
        ]
        if part is not None and len(numbers) == 1:
            return table, part, operator, numbers[0]
    return None


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


def _text(value: float | str | None) -> str:
    if isinstance(value, float) and value == int(value):
        return str(int(value))
    return str(value)


def bind_attribute_agreement(evidence: Evidence, binding: Binding) -> None:
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
                [[_text(column.values[row]) for column in raters] for row in range(table.rows)],
                table.source,
            )
            if standard is not None:
                binding.set("standard", [_text(value) for value in standard.values], table.source)
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
