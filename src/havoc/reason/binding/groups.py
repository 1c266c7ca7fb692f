"""Arguments of comparisons of several groups: analysis of variance, pairs of groups, ranks."""

from __future__ import annotations

import re

from havoc.reading.cells import read_cells
from havoc.reading.question import Series
from havoc.reading.table import Column, Table
from havoc.reason.binding.arguments import Binding, NeedsInput
from havoc.reason.binding.claims import COUNT_WORDS, GROUP_NOUN
from havoc.reason.binding.evidence import Binder, Evidence
from havoc.reason.binding.lists import complete
from havoc.reason.binding.means import RESPONSE_NAMES, pass_unit
from havoc.reason.binding.mention import mentioned
from havoc.reason.binding.summarised import sample_summaries, summary_arguments


def _summarised(evidence: Evidence, binding: Binding) -> bool:
    """Groups given by n, mean and standard deviation."""
    read = sample_summaries(evidence)
    if len(read) < 2 or not all(item.complete for item in read):
        return False
    names = [item.name or f"group {index}" for index, item in enumerate(read, start=1)]
    if len(set(names)) < len(names):
        names = [f"group {index}" for index in range(1, len(names) + 1)]
    groups = {name: summary_arguments(item) for name, item in zip(names, read, strict=True)}
    binding.set("groups", groups, ", ".join(item.source for item in read)[:400])
    binding.echo(
        "{} groups by their summaries: {}", (len(read), read[0].source), (names, read[0].source)
    )
    return True


def bind_groups(
    evidence: Evidence, binding: Binding, *, minimum: int = 2, blocks: bool = False
) -> None:
    """Groups by name. ``blocks``: a number that is spoken of may be that of the blocks."""
    groups = evidence.groups()
    if len(groups) < 2:
        rows = evidence.rows()
        groups = rows if len(rows) >= 2 else groups
    if len(groups) < minimum:
        count = "one group was" if len(groups) == 1 else "no groups were"
        raise NeedsInput(
            f"at least two groups are needed, and {count} found",
            "which values belong to which group?",
        )
    if not blocks:
        _check_number(evidence, len(groups))
    names: dict[str, list[float]] = {}
    for index, group in enumerate(groups, start=1):
        names[group.name or f"group {index}"] = complete(binding, group)
    binding.set("groups", names, ", ".join(group.source for group in groups)[:400])
    binding.echo(
        "{} groups: {}",
        (len(names), groups[0].source),
        (list(names), groups[0].source),
    )
    pass_unit(binding, groups[0])


_STATED = re.compile(
    rf"(?<![\w.,])(?P<count>[3-9]|{'|'.join(COUNT_WORDS)})\s+(?:different\s+)?{GROUP_NOUN}\b(?!\s*(?:of|each|per)\b)",
    re.IGNORECASE,
)


def _check_number(evidence: Evidence, found: int) -> None:
    """ "Do the 3 moulds differ?" with values of two: the third is not there."""
    stated = _STATED.search(evidence.text) if not evidence.tables else None
    if stated is None:
        return
    count = COUNT_WORDS.get(stated["count"]) or int(stated["count"])
    if found == count - 1:
        raise NeedsInput(
            f"{stated[0]} are spoken of, and values of {found} were found",
            "which values belong to the missing one?",
        )


def bind_anova_one_way(evidence: Evidence, binding: Binding) -> None:
    if not _summarised(evidence, binding):
        bind_groups(evidence, binding)
    if evidence.has(r"\bwelch|variances? (?:are |look )?(?:not|un)|spread isn'?t|not homogen"):
        binding.set("equal_var", False, "question")
    evidence.alpha(binding)


def _p_values(evidence: Evidence) -> Series | None:
    """One list of values between 0 and 1 that are called p-values."""
    series = evidence.series()
    if len(series) != 1 or not evidence.has(r"\bp[\s-]?(?:values?)?\b"):
        return None
    inside = all(0 <= value <= 1 for value in series[0].numbers)
    return series[0] if inside and not series[0].missing else None


def bind_multiple_comparison(evidence: Evidence, binding: Binding) -> None:
    p_values = _p_values(evidence)
    if p_values is not None:
        binding.set("p_values", p_values.numbers, p_values.source)
    else:
        bind_groups(evidence, binding)
    evidence.alpha(binding)
    control = re.search(r"\b(control|reference|current|standard|placebo|actual)\b", evidence.text)
    for pattern, method in (
        (r"\bdunnett", "dunnett"),
        (r"\bhsu|\bmcb\b|\bwith\s+the\s+best\b", "hsu_mcb"),
        (r"\bscheff", "scheffe"),
        (r"\blsd\b|\bleast\s+significant", "fisher_lsd"),
        (r"\b[sš]id[aá]k", "sidak"),
        (r"\bgames", "games_howell"),
        (r"\bbonf", "bonferroni"),
        (r"\bholm\b", "holm"),
        (r"\btukey", "tukey"),
        (r"\bbenjamini|\bfdr\b|\bfalse\s+discovery", "benjamini_hochberg"),
    ):
        if evidence.has(pattern):
            binding.set("method", method, "question")
            break
    else:
        if control and any(control[1] in name.lower() for name in binding.args.get("groups", ())):
            binding.set("method", "dunnett", "question")
    if binding.args.get("method") == "hsu_mcb" and evidence.has(
        r"\b(?:smallest|lowest|least|minimum|shortest|fewest)\b"
    ):
        binding.set("best", "smallest", "question")
    if binding.args.get("method") == "dunnett" and "groups" in binding.args:
        names = list(binding.args["groups"])
        chosen = next((name for name in names if control and control[1] in name.lower()), names[0])
        binding.set("control", chosen, "question")
        binding.echo("the control is {}", (chosen, "question"))


def factor_table(evidence: Evidence) -> tuple[Table, list[Column], Column]:
    """A table with at least two factor columns and one response."""
    for table in evidence.tables:
        numbers = evidence.numeric_columns(table)
        response = _response_of(numbers, evidence.text)
        factors = evidence.factor_columns(table)
        if len(factors) < 2:
            # "day" and "time" are factors where their levels repeat
            factors = [column for column in evidence.text_columns(table) if _are_levels(column)]
        if len(factors) < 2:
            factors = factors + [
                column for column in numbers if column is not response and _are_levels(column)
            ]
        if len(factors) >= 2 and response is not None:
            asked = mentioned(factors, evidence.text)
            return table, asked if len(asked) >= 2 else factors, response
    raise NeedsInput(
        "two factor columns and one response column are needed",
        "which columns hold the two factors and which the response?",
    )


def _are_levels(column: Column) -> bool:
    """Few different values that repeat, as those of a factor do."""
    return 1 < len(set(column.present)) <= max(2, len(column.present) // 2)


def _response_of(numbers: list[Column], text: str) -> Column | None:
    """The column named as a response, else the one with the most different values."""
    named = [column for column in numbers if RESPONSE_NAMES.match(column.name)]
    if named:
        return named[0]
    measured = [column for column in numbers if not _are_levels(column)]
    asked = mentioned(measured or numbers, text)
    if len(asked) == 1:
        return asked[0]
    return max(reversed(numbers), key=lambda column: len(set(column.present)), default=None)


def bind_anova_two_way(evidence: Evidence, binding: Binding) -> None:
    cells = read_cells(evidence.reading.plain) if not evidence.tables else []
    if cells:
        source = f"question[{min(cell.start for cell in cells)}:{max(cell.end for cell in cells)}]"
        binding.set("factor_a", [cell.first for cell in cells], source)
        binding.set("factor_b", [cell.second for cell in cells], source)
        binding.set("response", [cell.value for cell in cells], source)
        _two_way_options(evidence, binding)
        return
    if _crossed_table(evidence, binding):
        _two_way_options(evidence, binding)
        return
    try:
        table, factors, response = factor_table(evidence)
    except NeedsInput:
        if not (
            _crossed_table(evidence, binding, repeated=True) or _rows_by_columns(evidence, binding)
        ):
            raise
        _two_way_options(evidence, binding)
        return
    first, second = factors[0], factors[1]
    rows = [
        (str(_label(a)), str(_label(b)), float(y))
        for a, b, y in zip(first.values, second.values, response.values, strict=True)
        if a is not None and b is not None and y is not None
    ]
    binding.set("factor_a", [row[0] for row in rows], f"{table.source}#{first.name}")
    binding.set("factor_b", [row[1] for row in rows], f"{table.source}#{second.name}")
    binding.set("response", [row[2] for row in rows], f"{table.source}#{response.name}")
    binding.set("name_a", first.name, table.source)
    binding.set("name_b", second.name, table.source)
    binding.set("response_name", response.name, table.source)
    _two_way_options(evidence, binding)
    binding.echo(
        "factors {} and {}, response {}",
        (first.name, table.source),
        (second.name, table.source),
        (response.name, table.source),
    )


def _crossed_table(evidence: Evidence, binding: Binding, *, repeated: bool = False) -> bool:
    """Rows by columns: row labels are one factor, column names the other.

    ``repeated``: a label may stand in several rows, which are replicates then.
    """
    for table in evidence.tables:
        labels, numbers = evidence.text_columns(table), evidence.numeric_columns(table)
        if len(labels) != 1 or len(numbers) < 2:
            continue
        if evidence.factor_columns(table) and not repeated:
            continue
        if any(RESPONSE_NAMES.match(column.name) for column in numbers) or not table.header:
            continue
        cells = [
            (str(label), column.name, value)
            for column in numbers
            for label, value in zip(labels[0].values, column.values, strict=True)
            if isinstance(value, float)
        ]
        binding.set("factor_a", [cell[0] for cell in cells], table.source)
        binding.set("factor_b", [cell[1] for cell in cells], table.source)
        binding.set("response", [cell[2] for cell in cells], table.source)
        binding.echo(
            "rows {} are one factor, columns {} the other",
            (list(dict.fromkeys(cell[0] for cell in cells)), table.source),
            ([column.name for column in numbers], table.source),
        )
        return True
    return False


_COLUMN_NAMES = re.compile(
    r"\b(?:col(?:umn)?s?|across)\s*(?:\(|:|=|are\b|is\b)?\s*(?:[a-z]+\s+){0,2}?(?P<names>[\w/ ,&]{3,80})",
    re.IGNORECASE,
)
_COUNTED_COLUMNS = re.compile(
    r"\(\s*(?:[a-z]+\s+)?(?P<low>\d{1,2})\s*(?:-|–|to|\.\.)\s*(?P<high>\d{1,2})\s*\)", re.IGNORECASE
)
_ENUMERATED = re.compile(
    r"(?:[^\W\d_]\w{0,20}(?:\s*,\s*(?:and\s+)?|\s+and\s+|\s*/\s*)){1,9}[^\W\d_]\w{0,20}"
)


def _rows_by_columns(evidence: Evidence, binding: Binding) -> bool:
    """Rows as lists with one value a column, where the columns are named: "X, Y and Z", "(1-3)"."""
    if evidence.tables:
        return False
    rows = [item for item in evidence.groups() if not item.missing]
    rows = rows if len(rows) >= 2 else evidence.rows()
    width = len(rows[0].values) if rows else 0
    if len(rows) < 2 or width < 2 or any(len(item.values) != width for item in rows):
        return False
    names = [item.name or f"row {index}" for index, item in enumerate(rows, start=1)]
    columns = _names_of_columns(evidence, width, names)
    if not columns:
        return False
    source = ", ".join(item.source for item in rows)
    cells = [
        (name, column, value)
        for name, item in zip(names, rows, strict=True)
        for column, value in zip(columns, item.numbers, strict=True)
    ]
    for position, argument in enumerate(("factor_a", "factor_b", "response")):
        binding.set(argument, [cell[position] for cell in cells], source)
    binding.echo("rows {} are one factor, columns {} the other", (names, source), (columns, source))
    return True


def _names_of_columns(evidence: Evidence, width: int, rows: list[str]) -> list[str]:
    """What the columns are called, where the text counts as many names as there are columns."""
    spans = sorted((x.start, x.end) for block in evidence.reading.blocks for x in block.lists)
    ends = [0, *(end for _, end in spans)]
    starts = [*(start for start, _ in spans), len(evidence.reading.remaining)]
    text = " . ".join(
        evidence.reading.remaining[end:start] for end, start in zip(ends, starts, strict=True)
    )
    counted = _COUNTED_COLUMNS.search(evidence.reading.plain)
    if counted and int(counted["high"]) - int(counted["low"]) + 1 == width:
        return [str(number) for number in range(int(counted["low"]), int(counted["high"]) + 1)]
    taken = {name.lower() for name in rows}
    named = _COLUMN_NAMES.search(text)
    if named:
        words = re.findall(r"[^\W_]\w*", named["names"].replace(" and ", " "))
        if len(words) >= width:
            return words[-width:] if len(words) == width + 1 else words[:width]
    if width < 3 and not evidence.has(r"\b(?:blocks?|columns?|each)\b"):
        return []
    for match in _ENUMERATED.finditer(text):
        if width < 3 and text[match.start() - 1 : match.start()] != "(":
            continue
        words = re.findall(r"[^\W_]\w*", re.sub(r"\band\b", " ", match[0]))
        if len(words) == width and not taken.intersection(word.lower() for word in words):
            return words
    return []


def _two_way_options(evidence: Evidence, binding: Binding) -> None:
    if evidence.has(
        r"without (?:the )?interaction|no interaction|omit the interaction|additive|no reps"
    ):
        binding.set("interaction", False, "question")
    for pattern, value in (
        (r"type\s*(?:iii|3)\b", 3),
        (r"type\s*(?:ii|2)\b", 2),
        (r"type\s*(?:i|1)\b", 1),
    ):
        if evidence.has(pattern):
            binding.set("ss_type", value, "question")
            break
    evidence.alpha(binding)


def _label(value: float | str) -> float | str:
    return int(value) if isinstance(value, float) and value == int(value) else value


def bind_rank_groups(evidence: Evidence, binding: Binding) -> None:
    bind_groups(evidence, binding)
    evidence.alpha(binding)


def bind_friedman(evidence: Evidence, binding: Binding) -> None:
    bind_groups(evidence, binding, blocks=True)
    evidence.alpha(binding)


BINDERS: dict[str, Binder] = {
    "anova_one_way": bind_anova_one_way,
    "anova_two_way": bind_anova_two_way,
    "multiple_comparison": bind_multiple_comparison,
    "kruskal_wallis": bind_rank_groups,
    "friedman": bind_friedman,
}
