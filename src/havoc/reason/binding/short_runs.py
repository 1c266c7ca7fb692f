"""Arguments of short-run charts: values of many parts with their nominals."""

from __future__ import annotations

import re

from havoc.reading.number_pieces import NO_MORE_DIGITS, SIGNED
from havoc.reading.question import Series
from havoc.reading.table import Table
from havoc.reason.binding.arguments import Binding, NeedsInput
from havoc.reason.binding.evidence import Evidence
from havoc.reason.binding.lists import complete, complete_pairs

NAMES = (
    r"\bshort[\s-]?runs?\b|\bdnom\b|\bz[\s-]?mr\b"
    r"|\bdev(?:\.|\w{0,10})\s+from\s+(?:the\s+)?(?:nominals?|target)"
    r"|\bdifference\s+from\s+(?:the\s+)?nominal|\bnominals?\s+differs?"
)
_STANDARDISED = (
    r"\bz[\s-]?mr\b|\bz[\s-](?:chart|card|short)|standardi[sz]ed"
    r"|short[\s-]?run\s+(?:control\s+)?(?:chart\s+|card\s+)?\(?z\b(?!\s*[:=(])"
)
_NUM = rf"{SIGNED}{NO_MORE_DIGITS}"
_AIM = r"(?:nom(?:\.|inals?)?|target|tgt|aim)\s*+(?:(?:is|of|=|:)\s*+)?"
_BLOCK = re.compile(
    rf"(?:(?P<word>\b(?:part|pn|job|type|product|item)\s+)?(?P<part>(?<![\w.])[A-Za-z0-9][\w.-]{{0,20}})\s*+"
    rf"(?:[(,]\s*+)?)?\b{_AIM}(?P<nominal>{_NUM})\s*+(?:[a-zµ]{{1,3}}\s*+)?(?:\)\s*+)?(?:->|→|:|=)\s*+"
    rf"(?P<values>{_NUM}(?:[\s,;/]{{1,4}}{_NUM}){{0,300}})",
    re.IGNORECASE,
)
_LISTED = re.compile(rf"\s*(?:are|is|[=:])?\s*({_NUM}(?:[\s,;/]{{1,3}}(?:and\s+)?{_NUM}){{1,50}})")
_SIGNED = re.compile(r"(?<![\w.])([-+]?\d++(?:\.\d++)?)(?![\w.]*\d)")
_NO_NAME = {"chart", "card", "plot", "map", "a", "the", "and", "with", "of", "for"}
_PART_COLUMN = re.compile(
    r"^(?:parts?|part[\s_]?(?:no|number|name|type|id)|pn|products?|jobs?|items?|types?|article|sku|drawing)$",
    re.IGNORECASE,
)
_NOMINAL_COLUMN = re.compile(r"^(?:nom|nominals?|targets?|aim)\b", re.IGNORECASE)


def are_part_blocks(evidence: Evidence) -> bool:
    """ "part A nom 10: 10.1 10.0, part B nom 25: ..." names a short run without its word."""
    text = evidence.reading.plain
    return len(list(_BLOCK.finditer(text))) >= 2 or (
        _TRIPLES.search(text) is not None
        or _told_nominals(evidence) is not None
        or _changing_nominals(evidence)
    )


def _changing_nominals(evidence: Evidence) -> bool:
    """A list of nominals that differ beside a list of as many values."""
    series = evidence.series()
    aims = next((item for item in series if _is_nominal(item)), None)
    return (
        aims is not None
        and not evidence.tables
        and len(set(aims.numbers)) > 1
        and any(item is not aims and len(item.values) == len(aims.values) for item in series)
    )


_TRIPLES = re.compile(
    r"\bpart\s*[/,;]\s*(?:target|nominal|nom|aim)\s*[/,;]\s*(?:measured|value|actual|reading)\s*:?",
    re.I,
)
_TRIPLE = re.compile(rf"(?<![\w.])([A-Za-z][\w-]{{0,20}})\s+({_NUM})\s+({_NUM})")


def bind_short_run(evidence: Evidence, binding: Binding) -> None:
    binding.set("kind", "short_run", "question")
    if evidence.has(_STANDARDISED):
        binding.set("short_run_method", "z", "question")
        for pattern, option in (
            (r"\bby\s+runs?\b|each\s+run", "run"),
            (r"relative\s+to\s+size|\blog(?:arithm)?s?\b", "relative"),
            (r"\bconstant\b|\bpool(?:ed)?\b|common\s+sigma", "constant"),
        ):
            if evidence.has(pattern):
                binding.set("part_sigma", option, "question")
                break
    else:
        binding.set("short_run_method", "deviation", "question")
    if not (
        _from_blocks(evidence, binding)
        or _from_triples(evidence, binding)
        or _from_table(evidence, binding)
        or _from_lists(evidence, binding)
    ):
        _deviations(evidence, binding)


def _from_blocks(evidence: Evidence, binding: Binding) -> bool:
    """ "PN 7701 (nom 20.00): 20.01 19.99 20.02; PN 7702 (nom 35.50): 35.52 35.49"."""
    blocks = list(_BLOCK.finditer(evidence.reading.plain))
    if len(blocks) < 2:
        return False
    data: list[float] = []
    parts: list[str] = []
    nominals: dict[str, float] = {}
    for block in blocks:
        label = block["part"]
        if label is None or (not block["word"] and label.lower() in _NO_NAME):
            label = block["nominal"]
        values = [float(item) for item in re.findall(_NUM, block["values"])]
        data += values
        parts += [label] * len(values)
        nominals[label] = float(block["nominal"])
    _again(evidence.reading.plain[blocks[-1].end() :], nominals, data, parts)
    place = f"question[{blocks[0].start()}:{blocks[-1].end()}]"
    binding.set("data", data, place)
    binding.set("parts", parts, place)
    binding.set("nominals", nominals, place)
    binding.echo("{} parts, each with its nominal", (len(nominals), place))
    return True


def _again(text: str, nominals: dict[str, float], data: list[float], parts: list[str]) -> None:
    """Further values of parts that were named before, by their name or their nominal: "A 5.2"."""
    known = {label.lower(): label for label in nominals}
    known |= {f"{value:g}": label for label, value in nominals.items()}
    names = "|".join(re.escape(name) for name in sorted(known, key=len, reverse=True))
    for match in re.finditer(
        rf"(?<![\w.])({names})\s{{0,2}}[:=]?\s{{1,2}}({_NUM}(?:[\s,/]{{1,2}}{_NUM}){{0,50}})",
        text,
        re.I,
    ):
        values = [float(item) for item in re.findall(_NUM, match[2])]
        data += values
        parts += [known[match[1].lower()]] * len(values)


def _from_triples(evidence: Evidence, binding: Binding) -> bool:
    """ "part/target/measured: P10 10 10.02; P25 25 25.3"."""
    head = _TRIPLES.search(evidence.reading.plain)
    if head is None:
        return False
    rows = list(_TRIPLE.finditer(evidence.reading.plain, head.end()))
    if len(rows) < 2:
        return False
    place = f"question[{rows[0].start()}:{rows[-1].end()}]"
    binding.set("data", [float(row[3]) for row in rows], place)
    binding.set("parts", [row[1] for row in rows], place)
    binding.set("nominals", [float(row[2]) for row in rows], place)
    return True


def _told_nominals(evidence: Evidence) -> tuple[dict[str, float], str] | None:
    """ "Nominal A 30, B 45, C 60" beside a table with a column of parts."""
    said = re.search(
        r"\b(?:nominals?|noms?|targets?|aims?)\b(?!\s*[,;|\t])", evidence.reading.plain, re.I
    )
    if said is None:
        return None
    for table in evidence.tables:
        part = next((c for c in table.columns if _PART_COLUMN.match(c.name)), None)
        levels = list(dict.fromkeys(str(value) for value in part.present)) if part else []
        if not 2 <= len(levels) <= 50 or any(_NOMINAL_COLUMN.match(c.name) for c in table.columns):
            continue
        found = {}
        for level in levels:
            aim = re.compile(rf"(?<!\w){re.escape(level)}\s*(?:=|:|is)?\s*({_NUM})").search(
                evidence.reading.plain, said.end()
            )
            if aim:
                found[level] = float(aim[1])
        if len(found) == len(levels):
            return found, f"question[{said.start()}:{said.end()}]"
        listed = _LISTED.match(evidence.reading.plain, said.end())
        if listed and not found:  # in the order in which the parts come
            aims = [float(item) for item in re.findall(_NUM, listed[1])]
            if len(aims) == len(levels):
                return dict(
                    zip(levels, aims, strict=True)
                ), f"question[{said.start()}:{listed.end()}]"
    return None


def _from_table(evidence: Evidence, binding: Binding) -> bool:
    """Columns of a table: part, nominal and the measured value."""
    for table in evidence.tables:
        part = next((c for c in table.columns if _PART_COLUMN.match(c.name)), None)
        nominal = next(
            (c for c in table.columns if c.kind == "number" and _NOMINAL_COLUMN.match(c.name)), None
        )
        taken = [column for column in (part, nominal) if column is not None]
        values = [
            column
            for column in table.columns
            if column.kind == "number" and not any(column is item for item in taken)
        ]
        if not values or (part is None and nominal is None):
            continue
        measured = evidence.chosen(values)
        rows = [i for i, value in enumerate(measured.values) if value is not None]
        if len(rows) < len(measured.values):
            left_out = len(measured.values) - len(rows)
            binding.warn("{} rows with a missing value were left out", (left_out, table.source))
        source = f"{table.source}#{measured.name}"
        binding.set("data", [measured.values[i] for i in rows], source)
        if measured.unit:
            binding.set("unit", measured.unit, source)
        if part is not None:
            _set_parts(table, part.name, [part.values[i] for i in rows], binding)
        if nominal is not None:
            aims = [nominal.values[i] for i in rows]
            if any(value is None for value in aims):
                raise NeedsInput("a nominal is missing", "what is the nominal of every part?")
            binding.set("nominals", aims, f"{table.source}#{nominal.name}")
        elif (told := _told_nominals(evidence)) is not None:
            binding.set("nominals", told[0], told[1])
        binding.echo("{} holds the measured values", (measured.name, source))
        return True
    return False


def _set_parts(table: Table, name: str, values: list[float | str | None], binding: Binding) -> None:
    if any(value is None for value in values):
        raise NeedsInput("the part of a value is missing", "which part is every value of?")
    binding.set("parts", values, f"{table.source}#{name}")
    binding.echo("{} says which part", (name, f"{table.source}#{name}"))


def _from_lists(evidence: Evidence, binding: Binding) -> bool:
    """Two lists in prose, one of them called the nominals."""
    series = evidence.series()
    aims = next((item for item in series if _is_nominal(item)), None)
    others = [item for item in series if item is not aims]
    if aims is None or not others:
        return False
    measured = max(others, key=lambda item: len(item.values))
    columns = complete_pairs(binding, measured, aims)
    binding.set("data", columns[0], measured.source)
    binding.set("nominals", columns[1], aims.source)
    if measured.unit or aims.unit:
        binding.set("unit", measured.unit or aims.unit, measured.source)
    return True


def _is_nominal(item: Series) -> bool:
    return bool(re.search(r"\b(?:nominals?|targets?|aims?|noms?)\b", item.name, re.IGNORECASE))


def _deviations(evidence: Evidence, binding: Binding) -> None:
    """Deviations from nominal as they were noted, signs included."""
    if evidence.tables:
        series = evidence.one()
        binding.set("data", complete(binding, series), series.source)
    else:
        after = re.search(r":", evidence.reading.plain)
        tail = evidence.reading.plain[after.end() :] if after else evidence.reading.plain
        start = after.end() if after else 0
        found = list(_SIGNED.finditer(tail))
        if len(found) < 2:
            raise NeedsInput(
                "a short-run chart needs the values of the parts and their nominals",
                "which values belong to which part, and what is the nominal of each?",
            )
        place = f"question[{start + found[0].start()}:{start + found[-1].end()}]"
        binding.set("data", [float(item[1]) for item in found], place)
    if not evidence.has(r"\bdev(?:\.|\w{0,10})\s+from|\bdifferences?\s+from"):
        raise NeedsInput(
            "the parts and nominals of the values are missing",
            "which values belong to which part, and what is the nominal of each?",
        )
    binding.args.pop("short_run_method", None)
    if evidence.has(_STANDARDISED):
        raise NeedsInput("a Z chart needs the part of every value", "which part is every value of?")
    binding.set("short_run_method", "deviation", "question")
    binding.echo("the values are deviations from nominal ({})", (len(binding.args["data"]), ""))
