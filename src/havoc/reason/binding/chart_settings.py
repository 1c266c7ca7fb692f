"""Settings that charts share: distance of the limits, level of a test, values in their order."""

from __future__ import annotations

import re

from havoc.reading.number_rows import Row, Token, apart_rows, number_runs
from havoc.reading.number_words import as_digits
from havoc.reason.binding.arguments import Binding
from havoc.reason.binding.chart_constants import fold_size, take_sigmas
from havoc.reason.binding.evidence import Evidence

_LEVEL = re.compile(
    r"(?<![\w.])(?P<percent>\d{1,2}(?:\.\d)?)\s?(?:%|percent\b)(?!\s*(?:of\b|conf|more|less|cum|moist))"
    r"|\bat\s+(?P<fraction>0?\.\d{1,3})(?![\w.]*\d)"
)
_FOLLOWS = re.compile(
    r"\s*-?\s*(?:sigmas?|sig\b|σ|rounds?|%|percent|per\b|values?|points?|times|subgroups?|permutations)",
    re.IGNORECASE,
)
_IN_SUBGROUPS = re.compile(
    r"\bpairs?\b|\btwos\b|\bthrees\b|\bfours\b|\bfives\b|\bsixes\b|\btriplets?\b|\btriplicates?\b|\bduplicates?\b"
    r"|\bsub-?groups?\b|\b(?:groups|samples)\s+of\b|\bx[\s-]?(?:bar|quer)|\bmeans?\s+of\b|\bmedians?\s+of\b|\bmeans\b|\bmedians\b",
    re.IGNORECASE,
)
_SIZE = re.compile(
    r"\b(?:groups?|subgroups?|samples?|means?|medians?|sets)\s+(?:size\s+)?(?:of\s+)?(?:size\s+)?(\d{1,2})\b(?![.\d])",
    re.IGNORECASE,
)
SMALL = 20.0


def n_sigma(evidence: Evidence, binding: Binding) -> None:
    """ "limits at 2.5 sigma"."""
    take_sigmas(as_digits(evidence.reading.plain), binding)


def test_level(evidence: Evidence, binding: Binding) -> None:
    """The level of significance, also where only "5 %" or "at 0.05" stands."""
    evidence.alpha(binding)
    if "alpha" in binding.args:
        return
    for match in _LEVEL.finditer(evidence.text):
        level = float(match["fraction"]) if match["fraction"] else float(match["percent"]) / 100
        if 0 < level * 100 <= SMALL:
            binding.set("alpha", round(level, 9), f"question[{match.start()}:{match.end()}]")
            return


def longest_run(text: str) -> list[Token]:
    """The run of most numbers, without one that belongs to the words behind it."""
    run = max(number_runs(text), key=len, default=[])
    while run and _FOLLOWS.match(text, run[-1].end):
        run = run[:-1]
    return run


def told_subgroups(evidence: Evidence) -> tuple[list[Row], int | None]:
    """Rows that the question calls subgroups; or no rows, and the size that it tells of them."""
    text = evidence.reading.plain
    if evidence.tables or not _IN_SUBGROUPS.search(text):
        return [], None
    rows = apart_rows(text)
    if rows:
        return rows, len(rows[0].values)
    sized = _SIZE.search(as_digits(text))
    folded = fold_size(text)
    return [], int(sized[1]) if sized else folded[0] if folded else None
