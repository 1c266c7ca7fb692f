"""Arguments of the test of fit: observed counts, and the shares or counts that are expected."""

from __future__ import annotations

import re

from havoc.reading.counts import read_tally
from havoc.reading.question import Series
from havoc.reason.binding.arguments import Binding, NeedsInput
from havoc.reason.binding.evidence import Binder, Evidence

_EACH = re.compile(
    r"\b(?:expect\w*|should|would|shares?|split)\b[^.;?\d]{0,30}(?<![\w.])(\d++(?:\.\d++)?)\s*(%|percent|pct)?\s*(?:\w+\s+)?(?:each|apiece|per\s+\w+)\b"
)
_NAME_FIRST = re.compile(
    r"(?<![\w.])(?<![A-Za-z]-)([A-Za-z][\w\-]*+)\s*+(?:[:=]\s*+)?(\d++)(?![\w.%]*\d)(?!\s*(?:%|percent|pct))x?"
)
_COUNT_FIRST = re.compile(r"(?<![\w.])(\d++)(?!\s*(?:%|percent|pct))\s+([A-Za-z][\w\-]*+)")
_BETWEEN = re.compile(r"[\s,;/]*(?:and\s+)?")
_LEAST_CLASSES = 3


def _named_counts(evidence: Evidence) -> Series | None:
    """ "Mon 18 Tue 22 Wed 25" or "52 red, 28 green, 20 yellow": the longest such run."""
    text = evidence.reading.plain
    best: list[tuple[str, str, int, int]] = []
    for pattern, name, count in ((_NAME_FIRST, 1, 2), (_COUNT_FIRST, 2, 1)):
        run: list[tuple[str, str, int, int]] = []
        for match in pattern.finditer(text):
            item = (match[name], match[count], match.start(), match.end())
            if run and _BETWEEN.fullmatch(text[run[-1][3] : match.start()]):
                run.append(item)
            else:
                run = [item]
            distinct = {entry[0].lower() for entry in run}
            if len(run) > len(best) and len(distinct) == len(run):
                best = run
    if len(best) < _LEAST_CLASSES:
        return None
    return Series(
        name="",
        values=[float(item[1]) for item in best],
        source=f"question[{best[0][2]}:{best[-1][3]}]",
    )


def _are_shares(values: list[float]) -> bool:
    """Do the values add up to 100, as percentages do?"""
    return len(values) > 1 and abs(sum(values) - 100) < 0.5 and min(values) > 0


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
    named = _named_counts(evidence)
    if named is not None and (observed is None or _are_shares(observed.numbers)):
        if observed is not None:
            expected = observed
        observed = named
    shares = [item for item in evidence.singles() if item.percent]
    counts = [
        item for item in evidence.singles() if not item.percent and item.value == int(item.value)
    ]
    if observed is None and len(shares) >= 2 and len(counts) >= len(shares):
        binding.set("observed", [item.value for item in counts[: len(shares)]], "question")
        binding.set("expected", [item.fraction for item in shares], "question")
        evidence.alpha(binding)
        return
    if observed is None:
        raise NeedsInput(
            "the observed counts are missing", "which counts were observed in each category?"
        )
    binding.set("observed", observed.numbers, observed.source)
    each = _EACH.search(evidence.text)
    size = len(observed.numbers)
    if expected is not None:
        called = sum(observed.numbers) != 100 or evidence.has(r"%|\b(?:pct|percent|split|mix)\b")
        shares_given = called and _are_shares(expected.numbers)
        values = (
            [round(v / 100, 12) for v in expected.numbers] if shares_given else expected.numbers
        )
        binding.set("expected", values, expected.source)
    elif len(shares) == size and abs(sum(item.value for item in shares) - 100) < 1:
        places = f"question[{shares[0].start}:{shares[-1].end}]"
        binding.set("expected", [round(item.fraction, 12) for item in shares], places)
    elif each:
        share = float(each[1]) / 100 if each[2] else float(each[1])
        binding.set("expected", [share] * size, f"question[{each.start(1)}:{each.end(1)}]")
    elif evidence.has(r"\bpoisson\b"):
        binding.set("distribution", "poisson", "question")
    elif _KNOWN_SPLIT.search(evidence.text) and not _EVEN.search(evidence.text):
        raise NeedsInput(
            "the shares to compare with are not there", "which share is expected of each category?"
        )
    _check_expected(binding)
    evidence.alpha(binding)


_KNOWN_SPLIT = re.compile(
    r"\b(?:usual|national|historic\w*|normal|known|former|industry|planned|promised|theoretical|company|old|last\s+(?:year|month|quarter)\W?s?)\s+"
    r"(?:\w+\s+)?(?:split|mix|shares?|distribution|pattern|proportions?|ratios?|breakdown|pareto)\b"
)
_EVEN = re.compile(r"\b(?:even\w*|equal\w*|uniform\w*|same|random\w*|fair)\b")


def _check_expected(binding: Binding) -> None:
    """Shares must be one for every category, and make up the whole."""
    expected, observed = binding.args.get("expected"), binding.args["observed"]
    if expected is None:
        return
    if len(expected) != len(observed):
        raise NeedsInput(
            f"{len(observed)} counts were observed, and {len(expected)} shares are expected",
            "which count belongs to which expected share?",
        )
    if max(expected) <= 1 and abs(sum(expected) - 1) > 0.02:
        raise NeedsInput(
            f"the expected shares add up to {sum(expected):g}, and not to 1",
            "which share is expected of each category?",
        )


_RATIO = re.compile(
    r"(?<![\d.:])\d++(?:\.\d++)?(?:(?::\d++(?:\.\d++)?)++|(?:\s:\s\d++(?:\.\d++)?)++)(?![\d:])"
)


def _observed_expected(evidence: Evidence) -> tuple[Series | None, Series | None]:
    series = evidence.series()
    ratios = [
        Series(
            name="ratio",
            values=[float(value) for value in match[0].split(":")],
            source=f"question[{match.start()}:{match.end()}]",
        )
        for match in _RATIO.finditer(evidence.reading.plain)
    ]
    if len(ratios) == 2 and len(ratios[0].values) == len(ratios[1].values):
        return ratios[0], ratios[1]  # "88 : 27 : 31 : 9, is it 9:3:3:1?"
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
    if expected is None and ratios:
        expected = ratios[-1]
    rest = [item for item in series if item is not expected and item is not observed]
    if observed is None and rest:
        observed = max(rest, key=lambda item: sum(item.numbers))
        rest = [item for item in rest if item is not observed]
    if expected is None and observed is not None:
        fitting = [item for item in rest if len(item.values) == len(observed.values)]
        expected = fitting[0] if fitting else None
    return observed, expected


BINDERS: dict[str, Binder] = {"chi_square_fit": bind_chi_square_fit}
