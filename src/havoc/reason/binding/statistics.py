"""Arguments of tests on means, proportions, ranks and spreads."""

from __future__ import annotations

import re
from collections.abc import Callable

from havoc.reading.cells import read_cells
from havoc.reading.counts import CountPair, read_counts, read_repeated, read_tally
from havoc.reading.question import Series
from havoc.reading.roles import Scalar
from havoc.reading.table import Column, Table
from havoc.reason.binding.direction import (
    names_of,
    one_sample_direction,
    set_direction,
    two_sample_direction,
)
from havoc.reason.binding.evidence import (
    Binding,
    Evidence,
    NeedsInput,
    complete,
    complete_pairs,
    source_of,
)
from havoc.reason.binding.mention import mentioned

Binder = Callable[[Evidence, Binding], None]

MAX_COLUMNS = 3
RESPONSE_NAMES = re.compile(r"^(?:y\d?|response|result|output|yield|dependent)$", re.IGNORECASE)
_TARGET_WORDS = re.compile(
    r"(?:against|versus|vs\.?|target|nominal|set\s*point|set\s+(?:to|at)|supposed|sposed|meant|should|than|from|claim\w*|"
    r"promis\w*|spec\w*|declared|label\w*|assigned|certified|reference|median|mean|average|of|to|be|is|beat|exceed|under|over|"
    r"above|below|mu0?|h0|at)\W*(?:\w+\W+){0,3}$"
)


def reference_value(evidence: Evidence, binding: Binding, name: str = "mu0") -> None:
    """The value that a mean or median is compared with."""
    for role in ("reference", "target", "mu0", "maximum", "minimum", "mean"):
        if role == "mean" and not evidence.series():
            continue
        if binding.take(name, evidence.scalar(role)):
            return
    singles = [
        item for item in evidence.singles() if not item.percent or evidence.has(r"%.*%|percent")
    ]
    near = [item for item in singles if _TARGET_WORDS.search(evidence.before(item, 40))]
    candidates = near or singles
    if not candidates:
        raise NeedsInput(
            "the value to compare with is missing",
            "which target or claimed value should the mean be compared with?",
        )
    binding.take(name, candidates[0])
    binding.echo("compared with {}", (candidates[0].value, source_of(candidates[0])))


def summaries(evidence: Evidence) -> list[tuple[dict[str, float], str]]:
    """Samples given as n, mean and standard deviation, in the order of the text."""
    means, spreads, sizes = (
        evidence.reading.all("mean"),
        evidence.reading.all("sd"),
        evidence.reading.all("n"),
    )
    found = []
    for index, mean in enumerate(means):
        if index >= len(spreads):
            break
        spread = spreads[index]
        size = sizes[index] if index < len(sizes) else (sizes[0] if len(sizes) == 1 else None)
        size = size or _nearby_size(evidence, index, len(means))
        if size is None:
            raise NeedsInput(
                "the number of measurements behind the mean and standard deviation is missing",
                "how many values is each mean based on (n)?",
            )
        if size.value != int(size.value) or size.value < 1:
            raise NeedsInput(
                "n must be a whole number of 1 or more", "how many values were measured?"
            )
        if spread.value < 0:
            raise NeedsInput(
                "a standard deviation cannot be negative", "what is the standard deviation?"
            )
        entry = {"n": int(size.value), "mean": mean.value, "sd": spread.value}
        found.append((entry, f"{source_of(mean)}, {source_of(spread)}, {source_of(size)}"))
    return found


def _nearby_size(evidence: Evidence, index: int, count: int) -> Scalar | None:
    counted = [
        item
        for item in evidence.singles()
        if item.value == int(item.value)
        and item.value >= 2
        and re.match(
            r"\s*(?:values?|samples?|parts?|pieces?|pcs|units?|determinations|measurements?|readings?|coils|"
            r"specimens|patients|batches|packs|bottles|tests|assays|items|wafers|bars|runs|days|subjects)\b",
            evidence.after(item),
        )
    ]
    if len(counted) == count:
        return counted[index]
    return counted[0] if counted else None


def bind_describe(evidence: Evidence, binding: Binding) -> None:
    columns = [item for item in evidence.series() if "#" in item.source]
    named = mentioned(
        [column for table in evidence.tables for column in evidence.numeric_columns(table)],
        evidence.text,
    )
    if len(columns) >= 2 and len(columns) == len(evidence.series()) and len(named) != 1:
        for index, item in enumerate(columns[:MAX_COLUMNS]):
            target = binding if index == 0 else Binding(operation=binding.operation)
            target.set("data", [*item.values], item.source)
            target.set("name", item.name, item.source)
            _unit(target, item)
            if index:
                binding.more.append(target)
        return
    series = evidence.one("values to describe")
    binding.set("data", [*series.values], series.source)
    if series.name:
        binding.set("name", series.name, series.source)
    _unit(binding, series)


def bind_one_sample_t(evidence: Evidence, binding: Binding) -> None:
    if evidence.series():
        series = evidence.one()
        binding.set("data", complete(binding, series), series.source)
        if series.name:
            binding.set("name", series.name, series.source)
        _unit(binding, series)
    else:
        given = summaries(evidence)
        if not given:
            missing = "standard deviation" if evidence.scalar("mean") else "measurements"
            raise NeedsInput(
                f"the {missing} are missing"
                if missing == "measurements"
                else f"the {missing} is missing",
                f"what is the {missing}?"
                if missing != "measurements"
                else "which values were measured?",
            )
        binding.set("data", given[0][0], given[0][1])
    reference_value(evidence, binding)
    evidence.alpha(binding)
    set_direction(binding, one_sample_direction(evidence))


def two_samples(evidence: Evidence, binding: Binding) -> tuple[str, str]:
    """Set group1, group2 and their names; returns the names."""
    if not evidence.series():
        given = summaries(evidence)
        if len(given) >= 2:
            names = _summary_names(evidence)
            for index in (0, 1):
                binding.set(f"group{index + 1}", given[index][0], given[index][1])
                binding.set(f"name{index + 1}", names[index], "question")
            return names
    first, second = evidence.two_groups()
    binding.set("group1", complete(binding, first), first.source)
    binding.set("group2", complete(binding, second), second.source)
    names_of(binding, first, second)
    binding.echo(
        "{} has {} values, {} has {}",
        (first.name, first.source),
        (len(first.numbers), first.source),
        (second.name, second.source),
        (len(second.numbers), second.source),
    )
    _unit(binding, second if second.unit else first)
    return first.name, second.name


def _summary_names(evidence: Evidence) -> tuple[str, str]:
    found = re.findall(
        r"(?:^|[,;.:]\s*|\band\s+|\bvs\.?\s+|\s)([A-Za-z][\w\- ]{0,24}?)\s*[:(,=]?\s*\(?\s*(?:n|mean|x-?bar|avg)\b",
        evidence.reading.text,
    )
    names = [
        name.strip()
        for name in found
        if name.strip() and name.strip().lower() not in {"n", "s", "sd", "mean"}
    ]
    return (
        (names[0], names[1]) if len(names) >= 2 and names[0] != names[1] else ("group 1", "group 2")
    )


def bind_two_sample_t(evidence: Evidence, binding: Binding) -> None:
    names = two_samples(evidence, binding)
    if evidence.has(
        r"\bwelch|\bun-?equal|(?:varian\w*|spread|scatter)\s+(?:is|are|was|were)(?:n'?t| not)\s+(?:equal|the same)|not\s+(?:assum\w*\s+|be\s+)?(?:to be\s+)?equal|wasn?'?t\s+equal"
    ):
        binding.set("equal_var", False, "question")
    elif evidence.has(
        r"\bpooled\b|\bstudent|\bequal(?:\s+\w+)?\s+varian|\bvarian\w*\s+(?:are\s+)?(?:assumed\s+)?equal|same\s+varian|equal\s+sd|assume\s+equal"
    ):
        binding.set("equal_var", True, "question")
    evidence.alpha(binding)
    set_direction(binding, two_sample_direction(evidence, *names))


def bind_paired_t(evidence: Evidence, binding: Binding) -> None:
    series = evidence.series()
    if not series:
        given = summaries(evidence)
        if given:
            binding.set("differences", given[0][0], given[0][1])
            evidence.alpha(binding)
            set_direction(binding, one_sample_direction(evidence))
            return
    if len(series) == 1 and evidence.has(r"\bdifferences?\b|\bdeltas?\b|minus"):
        binding.set("differences", complete(binding, series[0]), series[0].source)
        evidence.alpha(binding)
        set_direction(binding, one_sample_direction(evidence))
        return
    names = paired_columns(evidence, binding)
    evidence.alpha(binding)
    set_direction(binding, two_sample_direction(evidence, *names))


def paired_columns(evidence: Evidence, binding: Binding) -> tuple[str, str]:
    """Set group1 and group2 as columns of pairs."""
    series = evidence.series()
    if len(series) >= 3 and all(len(item.values) == 2 for item in series):
        first, second = evidence.pair("the two members of every pair")
        words = re.search(
            r"\b(before|old|dry|left|first)\b.{0,30}\b(after|new|wet|right|second)\b", evidence.text
        )
        if words:
            first, second = _renamed(first, words[1]), _renamed(second, words[2])
    else:
        first, second = evidence.two_groups("columns of pairs")
    columns = complete_pairs(binding, first, second)
    binding.set("group1", columns[0], first.source)
    binding.set("group2", columns[1], second.source)
    names_of(binding, first, second)
    binding.echo(
        "{} pairs: {} with {}",
        (len(columns[0]), first.source),
        (first.name or "first", first.source),
        (second.name or "second", second.source),
    )
    return first.name or "first", second.name or "second"


def _renamed(series: Series, name: str) -> Series:
    return Series(name=name, values=series.values, source=series.source, unit=series.unit)


def bind_groups(evidence: Evidence, binding: Binding, *, minimum: int = 2) -> None:
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
    names: dict[str, list[float]] = {}
    for index, group in enumerate(groups, start=1):
        names[group.name or f"group {index}"] = complete(binding, group)
    binding.set("groups", names, ", ".join(group.source for group in groups)[:400])
    binding.echo(
        "{} groups: {}",
        (len(names), groups[0].source),
        (list(names), groups[0].source),
    )
    _unit(binding, groups[0])


def bind_anova_one_way(evidence: Evidence, binding: Binding) -> None:
    bind_groups(evidence, binding)
    if evidence.has(r"\bwelch|variances? (?:are |look )?(?:not|un)|spread isn'?t|not homogen"):
        binding.set("equal_var", False, "question")
    evidence.alpha(binding)


def bind_multiple_comparison(evidence: Evidence, binding: Binding) -> None:
    bind_groups(evidence, binding)
    evidence.alpha(binding)
    control = re.search(r"\b(control|reference|current|standard|placebo|actual)\b", evidence.text)
    for pattern, method in (
        (r"\bdunnett", "dunnett"),
        (r"\bgames", "games_howell"),
        (r"\bbonf", "bonferroni"),
        (r"\bholm\b", "holm"),
        (r"\btukey", "tukey"),
    ):
        if evidence.has(pattern):
            binding.set("method", method, "question")
            break
    else:
        if control and any(control[1] in name.lower() for name in binding.args["groups"]):
            binding.set("method", "dunnett", "question")
    if binding.args.get("method") == "dunnett":
        names = list(binding.args["groups"])
        chosen = next((name for name in names if control and control[1] in name.lower()), names[0])
        binding.set("control", chosen, "question")
        binding.echo("the control is {}", (chosen, "question"))


def factor_table(evidence: Evidence) -> tuple[Table, list[Column], Column]:
    """A table with at least two factor columns and one response."""
    for table in evidence.tables:
        factors = evidence.factor_columns(table)
        numbers = evidence.numeric_columns(table)
        response = _response_of(numbers, evidence.text)
        if len(factors) < 2:
            factors = factors + [
                column
                for column in numbers
                if column is not response
                and 1 < len(set(column.present)) <= max(2, len(column.present) // 2)
            ]
        if len(factors) >= 2 and response is not None:
            asked = mentioned(factors, evidence.text)
            return table, asked if len(asked) >= 2 else factors, response
    raise NeedsInput(
        "two factor columns and one response column are needed",
        "which columns hold the two factors and which the response?",
    )


def _response_of(numbers: list[Column], text: str) -> Column | None:
    """The column named as a response, else the one with the most different values."""
    named = [column for column in numbers if RESPONSE_NAMES.match(column.name)]
    if named:
        return named[0]
    asked = mentioned(numbers, text)
    if len(asked) == 1:
        return asked[0]
    return max(reversed(numbers), key=lambda column: len(set(column.present)), default=None)


def bind_anova_two_way(evidence: Evidence, binding: Binding) -> None:
    cells = read_cells(evidence.reading.plain) if not evidence.tables else []
    if cells:
        binding.set("factor_a", [cell.first for cell in cells], "question")
        binding.set("factor_b", [cell.second for cell in cells], "question")
        binding.set("response", [cell.value for cell in cells], "question")
        _two_way_options(evidence, binding)
        return
    if _crossed_table(evidence, binding):
        _two_way_options(evidence, binding)
        return
    table, factors, response = factor_table(evidence)
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


def _crossed_table(evidence: Evidence, binding: Binding) -> bool:
    """Rows by columns, one value a cell: row labels are one factor, column names the other."""
    for table in evidence.tables:
        labels, numbers = evidence.text_columns(table), evidence.numeric_columns(table)
        if len(labels) != 1 or len(numbers) < 2 or evidence.factor_columns(table):
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


def count_table(evidence: Evidence, binding: Binding) -> None:
    """A table of counts: rows by columns."""
    pairs = _tabled_counts(evidence)
    if pairs:
        _set_with_without(binding, pairs, evidence.tables[0].source)
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
        r"([\w\- ]*?)[:,]?\s*(\d+)\s+([a-z][\w ]*?)\s*[,;/]?\s*(?:and\s+)?(\d+)\s+([a-z][\w ]*?)(?=[,;.?]|$)",
        evidence.text,
    )
    if len(split) >= 2:
        binding.set("table", [[float(row[1]), float(row[3])] for row in split], "question")
        return
    repeated = read_repeated(evidence.reading.plain)
    if repeated is not None:
        binding.set("table", repeated[1], "question")
        binding.set("columns", repeated[0], "question")
        return
    pairs = read_counts(evidence.reading.plain)
    if len(pairs) >= 2:
        _set_with_without(binding, pairs, ", ".join(pair.source for pair in pairs))
        return
    raise NeedsInput(
        "a table of counts with at least two rows and two columns is needed",
        "how many units fall into each combination of row and column?",
    )


def _set_with_without(binding: Binding, pairs: list[CountPair], source: str) -> None:
    rows = [[pair.successes, pair.trials - pair.successes] for pair in map(_checked, pairs)]
    binding.set("table", rows, source)
    binding.set("columns", ["with", "without"], source)


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
    if len(pairs) == 2 and not evidence.tables and not evidence.rows():
        binding.set(
            "table",
            [[pair.successes, pair.trials - pair.successes] for pair in pairs],
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
    direction = two_sample_direction(evidence, *_count_names(evidence, pairs), counts_bad=True)
    set_direction(binding, direction)
    evidence.alpha(binding)


def _count_names(evidence: Evidence, pairs: list[CountPair]) -> tuple[str, str]:
    """Words that stand next to two counts and name them."""
    names = []
    text = evidence.reading.text
    bounds = [0, *[pair.end for pair in pairs], len(text)]
    for index, pair in enumerate(pairs[:2]):
        before = text[bounds[index] : pair.start]
        after = text[pair.end : pairs[index + 1].start if index + 1 < len(pairs) else pair.end + 40]
        named = re.search(r"([A-Za-z][\w\-]*(?:\s+[\w\-]+)?)\s*:?\s*$", before)
        behind = re.match(
            r"\s*(?:[a-z]+\s+){0,2}?(?:on|at|in|from|for|with|after|before|under)\s+(?:the\s+)?([\w\-]+(?:\s+[\w\-]+)?)",
            after,
            re.IGNORECASE,
        )
        name = behind[1] if behind else (named[1] if named else "")
        name = re.sub(r"\b(?:vs|versus|and|or|had|is|are|was|against|test|bad)\b", "", name).strip()
        names.append(name or f"group {index + 1}")
    while len(names) < 2:
        names.append(f"group {len(names) + 1}")
    return names[0], names[1] if names[1] != names[0] else f"{names[1]} 2"


def bind_chi_square_fit(evidence: Evidence, binding: Binding) -> None:
    tally = read_tally(evidence.reading.plain) if not evidence.tables else None
    if tally is not None:
        binding.set("observed", tally[1], "question")
        if evidence.has(r"\bpoisson\b"):
            binding.set("distribution", "poisson", "question")
            binding.set("values", [int(value) for value in tally[0]], "question")
        evidence.alpha(binding)
        return
    observed, expected = _observed_expected(evidence)
    shares = [item for item in evidence.singles() if item.percent]
    counts = [
        item for item in evidence.singles() if not item.percent and item.value == int(item.value)
    ]
    if observed is None and len(shares) >= 2 and len(counts) >= len(shares):
        binding.set("observed", [item.value for item in counts[: len(shares)]], "question")
        binding.set("expected", [item.value for item in shares], "question")
        evidence.alpha(binding)
        return
    if observed is None:
        raise NeedsInput(
            "the observed counts are missing", "which counts were observed in each category?"
        )
    binding.set("observed", observed.numbers, observed.source)
    if expected is not None:
        binding.set("expected", expected.numbers, expected.source)
    elif evidence.has(r"\bpoisson\b"):
        binding.set("distribution", "poisson", "question")
    evidence.alpha(binding)


def _observed_expected(evidence: Evidence) -> tuple[Series | None, Series | None]:
    series = evidence.series()
    ratio = re.search(r"\d+(?:\.\d+)?(?:\s*:\s*\d+(?:\.\d+)?){1,}", evidence.reading.plain)
    observed = next(
        (item for item in series if re.search(r"obs|count|seen|found", item.name.lower())), None
    )
    expected = next(
        (
            item
            for item in series
            if re.search(r"exp|proport|share|ratio|should", item.name.lower())
        ),
        None,
    )
    if expected is None and ratio:
        values: list[float | None] = [
            float(value) for value in re.findall(r"\d+(?:\.\d+)?", ratio[0])
        ]
        expected = Series(
            name="ratio", values=values, source=f"question[{ratio.start()}:{ratio.end()}]"
        )
    rest = [item for item in series if item is not expected and item is not observed]
    if observed is None and rest:
        observed = max(rest, key=lambda item: sum(item.numbers))
        rest = [item for item in rest if item is not observed]
    if expected is None and observed is not None:
        fitting = [item for item in rest if len(item.values) == len(observed.values)]
        expected = fitting[0] if fitting else None
    return observed, expected


def counts_of(evidence: Evidence) -> list[CountPair]:
    """Counts out of trials from columns of a table, or from prose."""
    return _tabled_counts(evidence) or read_counts(evidence.reading.plain)


def _tabled_counts(evidence: Evidence) -> list[CountPair]:
    """Columns named as counts and as numbers inspected."""
    for table in evidence.tables:
        names = {column.name.lower(): column for column in table.columns if column.kind == "number"}
        hit = next(
            (
                names[key]
                for key in (
                    "x",
                    "successes",
                    "infected",
                    "failed",
                    "failures",
                    "count",
                    "rejects",
                    "positive",
                    "scrap",
                    "hits",
                    "defectives",
                    "d",
                    "events",
                    "bad",
                )
                if key in names
            ),
            None,
        )
        trials = next(
            (
                names[key]
                for key in ("n", "trials", "total", "sample_size", "inspected")
                if key in names
            ),
            None,
        )
        if hit is not None and trials is not None:
            return [
                CountPair(successes=int(x), trials=int(n), start=0, end=0)
                for x, n in zip(hit.present, trials.present, strict=False)
                if isinstance(x, float) and isinstance(n, float)
            ]
    return []


def _checked(pair: CountPair) -> CountPair:
    if pair.trials < 1 or pair.successes > pair.trials:
        raise NeedsInput(
            f"{pair.successes} events out of {pair.trials} is not possible",
            "how many were found, and out of how many?",
        )
    return pair


def bind_proportion_one(evidence: Evidence, binding: Binding) -> None:
    pairs = counts_of(evidence)
    n, others = (
        evidence.scalar("n"),
        [item for item in evidence.singles() if item.value == int(item.value)],
    )
    if not pairs and n is not None and others:
        pairs = [
            CountPair(
                successes=int(others[0].value),
                trials=int(n.value),
                start=others[0].start,
                end=n.end,
            )
        ]
    if not pairs:
        whole = [item for item in others if not item.percent]
        if len(whole) >= 2:
            low, high = sorted(whole[:2], key=lambda item: item.value)
            pairs = [
                CountPair(
                    successes=int(low.value), trials=int(high.value), start=low.start, end=high.end
                )
            ]
    if not pairs:
        raise NeedsInput(
            "a proportion needs a count and the number inspected",
            "how many were found, and out of how many?",
        )
    pair = _checked(pairs[0])
    binding.set("successes", pair.successes, pair.source)
    binding.set("trials", pair.trials, pair.source)
    p0 = _reference_proportion(evidence, pair)
    if p0 is not None:
        binding.set("p0", p0[0], p0[1])
        set_direction(binding, one_sample_direction(evidence))
    evidence.alpha(binding)


def _reference_proportion(evidence: Evidence, pair: CountPair) -> tuple[float, str] | None:
    explicit = evidence.scalar("p0", "reference", "maximum", "minimum", "target", "percent")
    if explicit is not None and explicit.fraction < 1:
        return explicit.fraction, source_of(explicit)
    for item in evidence.singles():
        if pair.start <= item.start < pair.end:
            continue
        if item.percent or 0 < item.value < 1:
            return item.fraction, source_of(item)
    if evidence.has(r"\b(?:majority|more than half|half|fair coin|50\s*/\s*50|coin)\b"):
        return 0.5, "question"
    odds = re.search(r"(?<!\d)(\d+) in (\d+)", evidence.text)
    if (
        odds
        and (odds.start() < pair.start or odds.start() >= pair.end)
        and int(odds[1]) < int(odds[2])
    ):
        return int(odds[1]) / int(odds[2]), f"question[{odds.start()}:{odds.end()}]"
    return None


def bind_proportion_two(evidence: Evidence, binding: Binding) -> None:
    pairs = [_checked(pair) for pair in counts_of(evidence)]
    if len(pairs) < 2:
        sizes = evidence.reading.all("n")
        whole = [
            item
            for item in evidence.singles()
            if item.value == int(item.value) and not item.percent
        ]
        if len(pairs) == 0 and len(sizes) == 1 and len(whole) == 2:
            pairs = [
                CountPair(
                    successes=int(item.value),
                    trials=int(sizes[0].value),
                    start=item.start,
                    end=item.end,
                )
                for item in whole
            ]
        else:
            raise NeedsInput(
                "two counts, each out of a number inspected, are needed",
                "how many were found and how many inspected in each of the two groups?",
            )
    if len(pairs) > 2:
        binding.operation = "chi_square_independence"
        _set_with_without(binding, pairs, ", ".join(pair.source for pair in pairs))
        evidence.alpha(binding)
        return
    for index, pair in enumerate(pairs, start=1):
        binding.set(f"successes{index}", pair.successes, pair.source)
        binding.set(f"trials{index}", pair.trials, pair.source)
    names = _count_names(evidence, pairs)
    binding.set("name1", names[0], pairs[0].source)
    binding.set("name2", names[1], pairs[1].source)
    evidence.alpha(binding)
    set_direction(binding, two_sample_direction(evidence, *names, counts_bad=True))


def bind_mann_whitney(evidence: Evidence, binding: Binding) -> None:
    names = two_samples(evidence, binding)
    evidence.alpha(binding)
    set_direction(binding, two_sample_direction(evidence, *names))


def bind_signed_rank(evidence: Evidence, binding: Binding) -> None:
    _paired_or_median(evidence, binding)


_DIRECTIONS = re.compile(
    r"(\d+)\s+(?:\w+\s+){0,3}?(?:better|improved|easier|prefer\w*|higher|longer|faster|plus|up|gained)\b\D{0,24}?"
    r"(\d+)\s+(?:\w+\s+){0,3}?(?:worse|harder|lower|shorter|slower|minus|down|old|lost)\b"
)


def bind_sign_test(evidence: Evidence, binding: Binding) -> None:
    if evidence.series():
        _paired_or_median(evidence, binding)
        return
    ties = re.search(r"(\d+)\s*(?:had\s+)?(?:ties?|no opinion|equal|undecided|same)", evidence.text)
    directions = _DIRECTIONS.search(evidence.text)
    pairs = read_counts(evidence.reading.plain)
    counts = [
        item for item in evidence.singles() if item.value == int(item.value) and not item.percent
    ]
    if directions:
        source = f"question[{directions.start()}:{directions.end()}]"
        binding.set("positive", int(directions[1]), source)
        binding.set("negative", int(directions[2]), source)
    elif pairs:
        pair = _checked(pairs[0])
        rest = pair.trials - pair.successes - (int(ties[1]) if ties else 0)
        binding.set("positive", pair.successes, pair.source)
        binding.set("negative", rest, pair.source)
    elif len(counts) >= 2:
        whole = len(counts) > 2 and counts[0].value == counts[1].value + counts[2].value
        positive, negative = counts[1:3] if whole else counts[:2]
        binding.take_count("positive", positive)
        binding.take_count("negative", negative)
    else:
        raise NeedsInput(
            "the counts of plus and minus signs are missing", "how many pairs went each way?"
        )
    if ties:
        binding.set("ties", int(ties[1]), "question")
    evidence.alpha(binding)
    set_direction(binding, one_sample_direction(evidence))


def _paired_or_median(evidence: Evidence, binding: Binding) -> None:
    series = evidence.series()
    if len(series) >= 2:
        names = paired_columns(evidence, binding)
        direction = two_sample_direction(evidence, *names)
    else:
        one = evidence.one()
        binding.set("data", complete(binding, one), one.source)
        try:
            reference_value(evidence, binding)
        except NeedsInput:
            if not evidence.has(r"\bdifferences?\b|\bnew\s*-\s*old|\bzero\b|\bchange\b"):
                raise
            binding.set("mu0", 0.0, "question")
        direction = one_sample_direction(evidence)
    evidence.alpha(binding)
    set_direction(binding, direction)


def bind_rank_groups(evidence: Evidence, binding: Binding) -> None:
    bind_groups(evidence, binding)
    evidence.alpha(binding)


def bind_normality(evidence: Evidence, binding: Binding) -> None:
    series = evidence.one()
    binding.set("data", complete(binding, series), series.source)
    if series.name:
        binding.set("name", series.name, series.source)
    evidence.alpha(binding)


def bind_equal_variance(evidence: Evidence, binding: Binding) -> None:
    if len(evidence.series()) == 1 and evidence.has(
        r"\b(?:sigma|sd|standard deviation|variance|stdev)\b"
    ):
        series = evidence.one()
        binding.set("data", complete(binding, series), series.source)
        given = evidence.scalar("sd", "reference", "maximum", "minimum", "target")
        limit = given or next(iter(evidence.singles()), None)
        if limit is None:
            raise NeedsInput(
                "one group was given, and nothing to compare its spread with",
                "which second group, or which known standard deviation, should it be compared with?",
            )
        binding.take("sigma0", limit)
        set_direction(binding, one_sample_direction(evidence))
        evidence.alpha(binding)
        return
    if not evidence.series():
        spreads, sizes = evidence.reading.all("sd"), evidence.reading.all("n")
        if len(spreads) >= 2 and sizes:
            for index in (0, 1):
                size = sizes[index] if index < len(sizes) else sizes[0]
                binding.set(
                    f"group{index + 1}",
                    {"n": int(size.value), "mean": 0.0, "sd": spreads[index].value},
                    f"{source_of(spreads[index])}, {source_of(size)}",
                )
            evidence.alpha(binding)
            set_direction(binding, one_sample_direction(evidence))
            return
        raise NeedsInput(
            "the groups to compare are missing",
            "which values, or which standard deviations with their n, should be compared?",
        )
    bind_groups(evidence, binding)
    evidence.alpha(binding)


def bind_outlier(evidence: Evidence, binding: Binding) -> None:
    series = evidence.one()
    binding.set("data", complete(binding, series), series.source)
    if evidence.has(r"\bdixon|\bq[\s-]test"):
        binding.set("method", "dixon", "question")
    elif evidence.has(r"\besd\b|\b(?:two|2)\s+susp|up to|\bmax\s*\d"):
        binding.set("method", "generalized_esd", "question")
        limit = evidence.scalar("maximum")
        if limit is not None and limit.value == int(limit.value) and limit.value >= 1:
            binding.set("max_outliers", int(limit.value), source_of(limit))
    evidence.alpha(binding)


def bind_equivalence(evidence: Evidence, binding: Binding) -> None:
    margin, low, high = evidence.scalar("margin"), evidence.scalar("lsl"), evidence.scalar("usl")
    inside = re.search(r"(?:within|inside|up to|of|by)\s+(\d*\.?\d+)", evidence.text)
    series = evidence.series()
    one_sample = len(series) == 1 and low is not None and high is not None and margin is None
    if one_sample:
        binding.set("data", complete(binding, series[0]), series[0].source)
        center = ((low.value if low else 0) + (high.value if high else 0)) / 2
        half = ((high.value if high else 0) - (low.value if low else 0)) / 2
        binding.set("mu0", center, "question")
        binding.set("low", -half, "question")
        binding.set("high", half, "question")
        evidence.alpha(binding)
        return
    if len(series) == 1:
        binding.set("data", complete(binding, series[0]), series[0].source)
        if not evidence.has(r"\bdifferences?\b"):
            reference_value(evidence, binding)
    elif evidence.has(r"\bpaired\b|\bsame\s+(?:\d+\s+)?\w+|\beach\b.{0,20}\bboth\b"):
        paired_columns(evidence, binding)
        binding.set("paired", True, "question")
    else:
        two_samples(evidence, binding)
    if margin is not None:
        binding.set("low", -margin.value, source_of(margin))
        binding.set("high", margin.value, source_of(margin))
    elif low is not None and high is not None:
        binding.take("low", low)
        binding.take("high", high)
    else:
        singles = [item for item in evidence.singles() if item.value > 0]
        chosen = singles[0].value if singles else (float(inside[1]) if inside else None)
        if chosen is None:
            raise NeedsInput(
                "the equivalence margin is missing",
                "which difference is still small enough to count as equivalent (± how much)?",
            )
        source = source_of(singles[0]) if singles else "question"
        binding.set("low", -chosen, source)
        binding.set("high", chosen, source)
        binding.echo(
            "differences between −{} and +{} count as equivalent",
            (chosen, source),
            (chosen, source),
        )
    evidence.alpha(binding)


def bind_poisson_rate(evidence: Evidence, binding: Binding) -> None:
    pairs = [
        (int(match[1]), float(match[2]), f"question[{match.start()}:{match.end()}]")
        for match in re.finditer(
            r"(?<![\w.])(\d+)\s+(?:[a-z\-]+\s+){0,4}?(?:in|over|during|on|per|for|/|from|at|within)\s+(?:[a-z]+\s+){0,2}?(\d+(?:\.\d+)?)",
            evidence.text,
        )
    ]
    if not pairs:
        raise NeedsInput(
            "a rate needs a count of events and the time, length or area observed",
            "how many events, over which exposure (hours, metres, units)?",
        )
    if len(pairs) > 1:
        for index, (count, exposure, source) in enumerate(pairs[:2], start=1):
            binding.set(f"count{index}", count, source)
            binding.set(f"exposure{index}", exposure, source)
        set_direction(binding, two_sample_direction(evidence, "first", "second", counts_bad=True))
    else:
        binding.set("count", pairs[0][0], pairs[0][2])
        binding.set("exposure", pairs[0][1], pairs[0][2])
        reference = evidence.scalar("reference", "maximum", "target")
        if reference is not None:
            binding.take("rate0", reference)
            set_direction(binding, one_sample_direction(evidence))
    evidence.alpha(binding)


def _unit(binding: Binding, series: Series) -> None:
    if series.unit and series.unit.lower() not in {"points", "values"}:
        binding.set("unit", series.unit, series.source)


BINDERS: dict[str, Binder] = {
    "describe": bind_describe,
    "t_test_one_sample": bind_one_sample_t,
    "t_test_two_sample": bind_two_sample_t,
    "t_test_paired": bind_paired_t,
    "anova_one_way": bind_anova_one_way,
    "anova_two_way": bind_anova_two_way,
    "multiple_comparison": bind_multiple_comparison,
    "chi_square_independence": bind_chi_square_independence,
    "chi_square_fit": bind_chi_square_fit,
    "fisher_exact": bind_fisher,
    "proportion_one": bind_proportion_one,
    "proportion_two": bind_proportion_two,
    "poisson_rate": bind_poisson_rate,
    "mann_whitney": bind_mann_whitney,
    "wilcoxon_signed_rank": bind_signed_rank,
    "kruskal_wallis": bind_rank_groups,
    "friedman": bind_rank_groups,
    "sign_test": bind_sign_test,
    "normality": bind_normality,
    "equal_variance": bind_equal_variance,
    "outlier_test": bind_outlier,
    "equivalence_test": bind_equivalence,
}
