"""What a question offers to a tool: groups, pairs, a single list, levels, directions.

Binders ask for what their tool needs ("two groups", "a response and its factors")
and get it from wherever it stood: a file, a pasted table, a list in prose. What
is not there raises :class:`NeedsInput` with one precise counter-question.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import msgspec

from havoc.reading.index_columns import measured_columns
from havoc.reading.prose import MASK
from havoc.reading.question import Reading, Series
from havoc.reading.roles import NUMBER, Scalar
from havoc.reading.table import Column, Table
from havoc.reason.binding.arguments import Binding, NeedsInput, source_of
from havoc.reason.binding.bare_levels import bare_level, level_of_limits
from havoc.reason.binding.lists import joined, named_apart, series_of, transposed
from havoc.reason.binding.mention import are_replicates, mentioned, mentioned_by_level, named_level

_WHEN = re.compile(r"^(?:date|time|time ?stamp|datetime|day|when)\b", re.IGNORECASE)
_REFERENCE_NUMBER = re.compile(
    r"(?:\b(?:sku|serial|ticket|lot|batch|job|order|no\.?|nr\.?|wo|pn|part no\.?|ref\.?|po|coil|form|nc[rm]?|claim|offer|asset|capa|mod|id|version|rev|"
    r"iso|din|astm|vda|room|furnace|line|machine|press|reactor|drawing|page|table|figure|product|item|article|campaign|fda|en)\W{0,2}|#)$",
    re.IGNORECASE,
)
"""A number behind one of these words is a name, not a measurement."""


_VERSION = re.compile(
    r"\b(?:version|rev|iso|din|astm|vda|en|id|table|figure|ref\.?)\W{0,2}$", re.IGNORECASE
)
_METHOD = re.compile(
    r"\s*-?\s*(?:samples?|way|sided|tailed|factors?|levels?|proportions?|variances?|sigma)\b",
    re.IGNORECASE,
)
"""A digit before one of these words names a method: "1-sample t", "2 sided"."""


def _names_a_list(ahead: str, number: str, names: set[str]) -> bool:
    """Is the number the end of a name that a list has: "site 1" beside "Site 1: 5.1 5.2"?"""
    word = re.search(r"([^\W\d_]+)\s*$", ahead)
    if word is None:
        return False
    siblings = {
        match[1] for name in names if (match := re.search(rf"\b{word[1].lower()} (\d+)$", name))
    }
    return number in siblings and len(siblings) > 1


_PLACE = re.compile(r"question\[(\d+):(\d+)\]")


_LEADING_WORD = re.compile(r"(?:^|[;\n|/.,:(–—]|\s-)\s*([^\W\d_][\w\-]*)\s*[:=(]?\s*$")


class Evidence:
    """A reading, seen through the questions that binders ask of it."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.text = reading.plain.lower()

    def has(self, pattern: str) -> bool:
        return re.search(pattern, self.text, re.IGNORECASE | re.DOTALL) is not None

    # tables -----------------------------------------------------------------

    @property
    def tables(self) -> list[Table]:
        return [table for table in self.reading.tables if table.columns]

    def numeric_columns(self, table: Table, *, keep_index: bool = False) -> list[Column]:
        if keep_index:
            return [column for column in table.columns if column.kind == "number"]
        columns = measured_columns(table)
        named = self.named(columns)
        if len(named) < 2 or self._names_range(named):
            return columns
        # a name of one letter ("y") is found in no text for certain, so it stays
        return [column for column in columns if column in named or len(column.name) < 2]

    def _names_range(self, columns: Sequence[Column]) -> bool:
        """ "x1..x4", "x1 to x4": the columns between are meant too."""
        names = "|".join(re.escape(column.name.lower()) for column in columns)
        return self.has(rf"(?:{names})\s*(?:\.\.+|…|-|–|to|through|thru|until)\s*(?:{names})(?!\w)")

    def named(self, columns: Sequence[Column]) -> list[Column]:
        """The columns that the newest turn of the question names, else those of all turns."""
        return mentioned(columns, self.text.split("\n")[0]) or mentioned(columns, self.text)

    def text_columns(self, table: Table) -> list[Column]:
        return [column for column in table.columns if column.kind == "text"]

    def factor_columns(self, table: Table) -> list[Column]:
        """Text columns whose levels repeat."""
        return [
            column
            for column in self.text_columns(table)
            if 1 < len(set(column.present)) < len(column.present) and not _WHEN.match(column.name)
        ]

    # lists ------------------------------------------------------------------

    def series(self) -> list[Series]:
        """Every list of numbers: columns of tables first, then lists in prose."""
        found = [
            series_of(table, column)
            for table in self.tables
            for column in self.numeric_columns(table)
            if len(column.values) > 1
        ]
        given = [item.numbers for item in found]
        return found + [
            item
            for item in self.reading.series
            if len(item.values) > 1 and item.numbers not in given
        ]

    def groups(self) -> list[Series]:
        """Independent groups of measurements, at least one."""
        for table in self.tables:
            grouped = self._grouped_by_label(table)
            if grouped:
                return grouped
        series = self._lettered(self.series())
        labelled = [item for item in series if item.name and len(item.values) > 1]
        mostly_labelled = len(labelled) >= 2 and len(labelled) >= len(series) - 1
        return named_apart(labelled if mostly_labelled else series)

    def _lettered(self, series: list[Series]) -> list[Series]:
        """A word before a list that is a unit or a small word elsewhere names it beside its siblings.

        "ctrl 10 11; a 13 14; b 10 12", "day 12 14 13; swing 20 9 25; night 13 13 14".
        """
        if len(series) < 2 or not any(item.name for item in series):
            return series
        lengths = {len(item.values) for item in series if item.name}
        named = []
        letters = set()
        for item in series:
            place = _PLACE.fullmatch(item.source)
            before = self.reading.plain[max(0, int(place[1]) - 24) : int(place[1])] if place else ""
            word = _LEADING_WORD.search(before)
            if not item.name and word and (len(item.values) in lengths or len(word[1]) == 1):
                letters.add(word[1])
                item = msgspec.structs.replace(item, name=word[1])
            named.append(item)
        return [
            msgspec.structs.replace(item, unit="") if item.unit in letters else item
            for item in named
        ]

    def _grouped_by_label(self, table: Table) -> list[Series]:
        numbers = self.numeric_columns(table)
        factors = self.factor_columns(table)
        if not factors and len(numbers) == 2:
            codes = next(
                (
                    column
                    for column in numbers
                    if re.search(
                        r"^(?:group|treatment|level|factor|line|machine|lab|operator|supplier|class|lot|batch|shift|cavity|tool)s?$",
                        column.name,
                        re.IGNORECASE,
                    )
                ),
                None,
            )
            if codes is not None:
                factors, numbers = [codes], [column for column in numbers if column is not codes]
        if not factors or not numbers:
            return []
        if len(numbers) > 1 and not self.named(numbers):
            raise _which_column(numbers)
        factor, response = self.chosen_factor(factors), self.chosen(numbers)
        levels: dict[str, list[float | None]] = {}
        for label, value in zip(factor.values, response.values, strict=True):
            if label is not None:
                levels.setdefault(_level_name(label), []).append(value)  # type: ignore[arg-type]
        if len(levels) < 2:
            return []
        return [
            Series(
                name=name,
                values=values,
                source=f"{table.source}#{response.name} where {factor.name} = {name}",
                unit=response.unit,
            )
            for name, values in levels.items()
        ]

    def chosen(self, columns: Sequence[Column]) -> Column:
        """The column that the question speaks about, else the last one."""
        named = self.named(columns)
        return named[0] if named else columns[-1]

    def chosen_factor(self, factors: Sequence[Column]) -> Column:
        """The factor that the question names, by its name or by its levels, else the first."""
        named = mentioned(factors, self.text) or mentioned_by_level(factors, self.reading.text)
        return named[0] if named else factors[0]

    def two_groups(self, what: str = "groups") -> tuple[Series, Series]:
        groups = self.groups()
        if len(groups) < 2:
            raise NeedsInput(
                f"two {what} are needed, and {_counted(len(groups), 'was', 'were')} found",
                f"which values belong to each of the two {what}?",
            )
        named = [
            group
            for group in groups
            if re.search(rf"(?<!\w){re.escape(group.name)}(?!\w)", self.reading.text)
        ]
        if len(groups) > 2 and len(named) == 2:
            return named[0], named[1]
        if len(groups) > 2 and all(" where " in group.source for group in groups):
            names = ", ".join(group.name for group in groups[:8])
            raise NeedsInput(
                f"there are {len(groups)} {what} ({names}), and this compares two",
                "which two do you mean, or should all be compared?",
            )
        return groups[0], groups[1]

    def one(self, what: str = "measurements") -> Series:
        """The one list of measurements. Ambiguity is a question, not a guess."""
        series = self.series()
        if not series:
            raise NeedsInput(f"no {what} were given", f"which values are the {what}?")
        if len(series) == 1 and "#" not in series[0].source:
            return series[0]
        columns = [
            (table, column)
            for table in self.tables
            for column in self.numeric_columns(table)
            if len(column.values) > 1
        ]
        named = self.named([column for _, column in columns])
        if len(named) == 1:
            return next(
                self._restricted(table, column) for table, column in columns if column is named[0]
            )
        longest = max(series, key=lambda item: len(item.values))
        if len(columns) == 1 and "#" in longest.source:
            return self._restricted(*columns[0])
        if len(columns) != len(series) and (not columns or "#" not in longest.source):
            return longest
        alike = are_replicates([column for _, column in columns]) or not self.tables[0].header
        # columns of two tables may differ in length: then nobody can say how they belong together
        if alike and len({len(item.values) for item in series}) == 1:
            return joined(series)
        raise _which_column([column for _, column in columns])

    def _restricted(self, table: Table, column: Column) -> Series:
        """A column, only the rows of a level that is named ("the mean weight for M2")."""
        series = series_of(table, column)
        for factor in self.factor_columns(table):
            level = named_level(factor, self.reading.text)
            if level is not None:
                where = f" where {factor.name} = {level}"
                return msgspec.structs.replace(
                    series,
                    name=series.name + where,
                    source=series.source + where,
                    values=[
                        value
                        for value, label in zip(series.values, factor.values, strict=True)
                        if str(label) == level
                    ],
                )
        return series

    def pair(self, what: str = "x and y") -> tuple[Series, Series]:
        """Two lists of equal length that belong together value by value."""
        series = self.series()
        if len(series) >= 2:
            points = [item for item in series if len(item.values) == 2]
            if len(points) == len(series) and len(points) >= 3:
                return transposed(points, series)
            return series[0], series[1]
        raise NeedsInput(
            f"{what} need two lists of values, and {_counted(len(series), 'was', 'were')} found",
            f"which values are {what}?",
        )

    def rows(self) -> list[Series]:
        """Rows of equal standing: subgroups, rows of a contingency table."""
        for block in self.reading.blocks:
            if block.rows:
                return [
                    Series(
                        name=item.label,
                        values=item.values,
                        source=f"question[{item.start}:{item.end}]",
                        unit=item.unit,
                    )
                    for item in block.lists
                ]
        return []

    # numbers ----------------------------------------------------------------

    def scalar(self, *names: str) -> Scalar | None:
        return self.reading.scalar(*names)

    def alpha(self, binding: Binding) -> None:
        """Significance level, given as such or as a confidence level."""
        if binding.take("alpha", self.scalar("alpha"), fraction=True):
            self._check_fraction(binding, "alpha")
            return
        confidence = self.scalar("confidence")
        if confidence is not None and 0.5 < confidence.fraction < 1:
            binding.set("alpha", round(1 - confidence.fraction, 12), source_of(confidence))
            return
        bare = bare_level(self.text, self._claimed(binding))
        if bare is not None:
            binding.set("alpha", bare.alpha, bare.source)

    def _claimed(self, binding: Binding) -> list[tuple[int, int]]:
        """Places of the question that are arguments already, or stand in a list."""
        claimed = [
            (int(start), int(end))
            for source in binding.provenance.values()
            for start, end in _PLACE.findall(source)
        ]
        for block in self.reading.blocks:
            claimed += [(item.start, item.end) for item in block.lists if len(item.values) > 2]
        return claimed

    def confidence(self, binding: Binding) -> None:
        if binding.take("confidence", self.scalar("confidence"), fraction=True):
            self._check_fraction(binding, "confidence")
            return
        alpha = self.scalar("alpha")
        if alpha is not None and 0 < alpha.fraction < 0.5:
            binding.set("confidence", round(1 - alpha.fraction, 12), source_of(alpha))

    def confidence_of_limits(self, binding: Binding) -> None:
        """The confidence, also where only the limits are spoken of: "95 range"."""
        self.confidence(binding)
        level = level_of_limits(self.text) if "confidence" not in binding.args else None
        if level is not None:
            binding.set("confidence", level.value, level.source)

    def _check_fraction(self, binding: Binding, name: str) -> None:
        value = binding.args[name]
        if not 0 < value < 1:
            raise NeedsInput(
                f"{name} is {value:g}, and it must lie between 0 and 1",
                f"which {name} do you mean, for example 0.05?",
            )

    def singles(self) -> list[Scalar]:
        """Numbers with no role and in no list, in the order of the text."""
        text = self.reading.remaining
        for block in self.reading.blocks:
            for item in block.lists:
                text = text[: item.start] + MASK * (item.end - item.start) + text[item.end :]
        found = []
        names = {item.name.lower() for item in self.reading.series}
        for match in re.finditer(
            rf"(?<![\w.\-^/]){NUMBER}\s*(%|percent|pct)?(?![\w]*\d)(?!\s*[\^])", text
        ):
            ahead = text[max(0, match.start(1) - 24) : match.start(1)]
            if _REFERENCE_NUMBER.search(ahead) and ("." not in match[1] or _VERSION.search(ahead)):
                continue
            if _METHOD.match(text, match.end(1)) and len(match[1]) == 1:
                continue
            if _names_a_list(ahead, match[1], names):
                continue
            following = text[match.end(1) : match.end(1) + 1]
            if following.isalpha() and text[match.end(1) : match.end(1) + 2].lower() in {
                "st",
                "nd",
                "rd",
                "th",
            }:
                continue
            found.append(
                Scalar(
                    role="single",
                    value=float(match[1]),
                    start=match.start(1),
                    end=match.end(1),
                    percent=match[2] is not None,
                )
            )
        return found

    def before(self, scalar: Scalar, width: int = 24) -> str:
        return self.text[max(0, scalar.start - width) : scalar.start]

    def after(self, scalar: Scalar, width: int = 24) -> str:
        return self.text[scalar.end : scalar.end + width]


def _which_column(columns: Sequence[Column]) -> NeedsInput:
    names = ", ".join(column.name for column in columns[:8])
    return NeedsInput(
        f"there are {len(columns)} columns of numbers ({names})",
        "which column holds the measurements?",
    )


def _level_name(label: float | str) -> str:
    if isinstance(label, float) and label == int(label):
        return str(int(label))
    return str(label)


def _counted(count: int, one: str, many: str) -> str:
    return f"{'none' if count == 0 else count} {one if count <= 1 else many}"


Binder = Callable[[Evidence, Binding], None]
"""Sets the arguments of one operation, or raises NeedsInput."""
