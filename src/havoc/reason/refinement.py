"""What the wording leaves open and the data decide: which of two near methods is meant."""

from __future__ import annotations

import re

from havoc.reading.counts import read_counts
from havoc.reading.question import Reading
from havoc.reason.binding.experiment_analysis import further_responses
from havoc.reason.binding.mention import mentioned

_ANY_DIFFERENCE = re.compile(
    r"\b(?:do|does|is|are|any)\b[^.?]*\b(?:matter|differ\w*|effect|influence|same|equal|different)\b",
    re.IGNORECASE,
)
_STABILITY = re.compile(
    r"\bin (?:statistical )?control\b|\bstable\b.{0,30}\bcapab|\bcontrol chart|\bunder control\b",
    re.IGNORECASE,
)
_STAGED_CHART = re.compile(
    r"\b(?:control\s+chart|i-?mr)\b[^.?]{0,60}\b(?:stage[sd]?\b|before\b.{0,4}\bafter\b|(?:separate|new)\s+limits)",
    re.IGNORECASE,
)
"""A chart with stages, which reads like a comparison of before and after."""
_NAMED_SCREENING = re.compile(r"\bplackett|\bburman|\bpb\b|\bp-b\b", re.IGNORECASE)


def refine(operations: list[str], reading: Reading) -> list[str]:
    """What the wording leaves open and the data decide.

    A post hoc comparison that also asks whether anything differs begins with the
    analysis of variance; a screening of k factors in a power of two of runs is a
    fractional factorial, otherwise Plackett-Burman; a design with measured
    responses beside its settings is an analysis.
    """
    first = operations[0]
    if first != "control_chart" and _STAGED_CHART.search(reading.text):
        return ["control_chart"]
    if operations == ["multiple_comparison"] and _ANY_DIFFERENCE.search(reading.text):
        return ["anova_one_way", "multiple_comparison"]
    if operations == ["proportion_one"] and _two_counts(reading):
        return ["proportion_two"]
    if first == "anova_two_way" and _names_one_factor(reading):
        return ["anova_one_way", *operations[1:]]
    if first == "anova_one_way" and _factors_named(reading) >= 2:
        return ["anova_two_way", *operations[1:]]
    if operations == ["anova_one_way"] and _names_two_of_more_levels(reading):
        return ["t_test_two_sample"]
    if first in {"anova_one_way", "anova_two_way"} and _is_factorial(reading):
        return ["doe_analyze", *operations[1:]]
    if operations == ["capability"] and _STABILITY.search(reading.text):
        return ["control_chart", "capability"]
    if first in {"plackett_burman", "fractional_factorial"} and not _NAMED_SCREENING.search(
        reading.text
    ):
        runs, factors = reading.scalar("runs"), reading.scalar("n_factors")
        if runs is not None and factors is not None and runs.value >= 4:
            count = int(runs.value)
            if count & (count - 1) == 0:
                return ["fractional_factorial", *operations[1:]]
            if count % 4 == 0 and first == "fractional_factorial":
                return ["plackett_burman", *operations[1:]]
    if first in {"full_factorial", "fractional_factorial", "plackett_burman"} and _has_responses(
        reading
    ):
        return ["doe_analyze", *operations[1:]]
    if first in _ANALYSES and _has_results(reading):
        return [_ANALYSES[first], *operations[1:]]
    return operations


_ANALYSES = {
    "split_plot": "split_plot_analysis",
    "latin_square": "latin_square_analysis",
    "mixture": "mixture_analysis",
    "taguchi": "taguchi_analyze",
}
"""The design that a question names, and its analysis where the file holds its results."""


def _has_results(reading: Reading) -> bool:
    """A table of two or more columns of settings with measured values beside them."""
    return any(
        table.rows >= 4 and further_responses(list(table.columns)) for table in reading.tables
    )


def _factors_named(reading: Reading) -> int:
    """How many factors of a table the question names exactly."""
    words = set(re.findall(r"\w+", reading.text.split("\n")[0].lower()))
    return max(
        (
            sum(
                column.kind == "text"
                and column.name.lower() in words
                and 1 < len(set(column.present)) < len(column.present)
                for column in table.columns
            )
            for table in reading.tables
        ),
        default=0,
    )


def _names_two_of_more_levels(reading: Reading) -> bool:
    """ "Is M3 thicker than M1?" beside a file with three machines compares these two."""
    words = set(re.findall(r"\w+", reading.text.split("\n")[0]))
    for table in reading.tables:
        for column in table.columns:
            levels = {str(level) for level in column.present} if column.kind == "text" else set()
            if 2 < len(levels) < len(column.present) and len(levels & words) == 2:
                return True
    return False


def _is_factorial(reading: Reading) -> bool:
    """A table with three or more columns of two or three settings, and a response beside them."""
    for table in reading.tables:
        numbers = [column for column in table.columns if column.kind == "number"]
        settings = [
            column
            for column in numbers
            if 2 <= len(set(column.present)) <= 3 and len(column.present) >= 4
        ]
        if len(settings) >= 3 and len(settings) == len(numbers) - 1 == len(table.columns) - 1:
            return True
    return False


def _two_counts(reading: Reading) -> bool:
    """Two counts out of totals, and no share to compare with."""
    if reading.scalar("p0", "reference", "maximum", "minimum", "target") or "%" in reading.plain:
        return False
    return len(read_counts(reading.plain)) == 2


def _names_one_factor(reading: Reading) -> bool:
    """A table with several factors, of which the question speaks about one."""
    for table in reading.tables:
        factors = [
            column
            for column in table.columns
            if column.kind == "text" and 1 < len(set(column.present)) < len(column.present)
        ]
        if len(factors) >= 2:
            asked = {column.name for column in mentioned(factors, reading.text)}
            return len(asked) == 1 and not re.search(
                r"\binteract|\btwo[\s-]?way|\b2[\s-]?way", reading.text, re.IGNORECASE
            )
    return False


def _has_responses(reading: Reading) -> bool:
    """A table of settings with a column of measured responses."""
    for table in reading.tables:
        numbers = [column for column in table.columns if column.kind == "number"]
        if len(table.columns) >= 2 and numbers and table.rows >= 4:
            last = numbers[-1].present
            if len(set(last)) > 3:
                return True
    return False
