"""Arguments of measurement system studies."""

from __future__ import annotations

import math
import re

from havoc.reading.cells import read_cells
from havoc.reading.crossed_cells import Cell
from havoc.reading.roles import NUMBER
from havoc.reading.study_layout import PART_NOUNS, PERSON_NOUNS, Study, read_study_layout
from havoc.reading.table import Column
from havoc.reason.binding.agreement import bind_attribute_agreement
from havoc.reason.binding.arguments import Binding, NeedsInput, source_of
from havoc.reason.binding.evidence import Binder, Evidence
from havoc.reason.binding.study_rows import study_in_rows, study_in_table, text_of

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
    rf"total|in|it['’]?s|now|is|of|[=:,]|\.(?=\s))*+{NUMBER}"
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
        if operator is None and evidence.has(_NO_OPERATOR):
            operator = Column(
                name="operator", kind="text", values=list[str | None](["gage"] * len(part.values))
            )
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
    return study_in_rows(evidence) or _without_operator(evidence)


_NO_OPERATOR = (
    r"\b(?:no|without|any)\s+(?:an?\s+)?['\"“]?(?:operators?|appraisers?|persons?|people|human|user)\b"
    r"|\b(?:operator|appraiser|user)[\s-]+independent|\b(?:fully\s+)?automat(?:ic|ed)\w*"
    r"|\b(?:one|single|1)\s+['\"“]?(?:operator|appraiser)|\b(?:type|procedure|verfahren)[\s-]*(?:3|iii)\b"
)


def _without_operator(evidence: Evidence) -> Study | None:
    """Repeats of every part by a gage that nobody influences: one list a part."""
    if not evidence.has(_NO_OPERATOR):
        return None
    rows = [item for item in evidence.reading.series if len(item.numbers) >= 2]
    names = [item.name or f"part {place}" for place, item in enumerate(rows, start=1)]
    lengths = {len(item.numbers) for item in rows}
    if len(rows) < 2 or len(lengths) > 1 or len(set(names)) < len(names):
        return None
    count = lengths.pop()
    return Study(
        parts=[name for name in names for _ in range(count)],
        operators=["gage"] * (count * len(names)),
        values=[value for item in rows for value in item.numbers],
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


_VARIANCES = r"\bvar(?:iance)?[\s_-]*comp\w*|\bvariances?\b"
# EV, AV and PV are standard deviations by their definition
_DEVIATIONS = r"\bst(?:andar)?d\.?\s*dev\w*|\bsd\b|\bsigmas?\b|\b[eap]v\b"


def _components(evidence: Evidence, binding: Binding) -> None:
    if _worksheet(evidence, binding):
        return
    for name, words in _COMPONENTS:
        match = re.search(
            rf"{words}\s*(?:sd|st\.?d?\.?\s*dev(?:iation)?\.?|std\.?|standard deviation|variation|sigma|scatter|spread)?\s*(?:is|was|of|=|:)?\s*{NUMBER}",
            evidence.text,
        )
        if match:
            binding.set(name, float(match[1]), f"question[{match.start()}:{match.end()}]")
    known = {"ev", "av", "pv", "grr", "tv"} & set(binding.args)
    if evidence.has(_VARIANCES) and not evidence.has(_DEVIATIONS):
        for name in sorted(known):
            variance = binding.args[name]
            binding.set(name, math.sqrt(max(variance, 0.0)), binding.provenance[name])
            binding.echo(
                "{} is a variance; its square root is taken", (variance, binding.provenance[name])
            )
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


BINDERS: dict[str, Binder] = {
    "gage_rr": bind_gage_rr,
    "attribute_agreement": bind_attribute_agreement,
}
