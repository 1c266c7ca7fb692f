"""Arguments of reliability growth: times of failures or counts in intervals, end, goal, forecast."""

from __future__ import annotations

import re
from itertools import pairwise

from havoc.reading.number_pieces import APART, UNSIGNED
from havoc.reading.number_words import with_digits
from havoc.reading.prose import mask
from havoc.reading.question import Series
from havoc.reason.binding.arguments import Binding, NeedsInput
from havoc.reason.binding.evidence import Binder, Evidence
from havoc.reason.binding.inspections import read_ends
from havoc.reason.binding.lifetimes import without_levels
from havoc.reason.binding.marked_times import TIME_UNIT, Run, runs

_NUMBER = rf"{APART}({UNSIGNED})(?![.]?\d)"
_UNIT = rf"(?:{TIME_UNIT}|runs?\b|(?:test\s+|operating\s+|run\s+)?hours?\b)"
_END_WORD = (
    r"(?:test(?:ed|ing)?|observ\w+|end(?:ed|s)?|stop(?:ped)?|total|until|till?|til|truncated|terminated|watched|clock|"
    r"meter|counter|today|now|shows|so\s+far|day)"
)
_END = (
    re.compile(
        rf"\b{_END_WORD}\b(?:[\s:=,]+(?:ended|stopped|shows|was|is|are|of|at|until|time|for|after|to|test|we['’]?re|day|"
        rf"time-truncated|truncated|terminated|now|today|T)){{0,4}}[\s:=,]*{_NUMBER}",
        re.IGNORECASE,
    ),
    re.compile(
        rf"(?<![\w.]){_NUMBER}\s*(?:{_UNIT})?\s*(?:run\b|in\s+(?:all|total)|now\b|today\b|so\s+far|total\b|on\s+the\s+(?:clock|meter)|of\s+test)",
        re.IGNORECASE,
    ),
    re.compile(rf"\b(?:of\s|up\s+to\s|T\s*=)\s*{_NUMBER}\s*(?:{_UNIT})?", re.IGNORECASE),
)
_GOAL = (
    re.compile(
        rf"{_NUMBER}\s*(?:{_UNIT})?\s*(?:mtbf|mean\s+time\s+between|between\s+(?:failures?|stops?|faults?|breakdowns?))",
        re.IGNORECASE,
    ),
    re.compile(
        rf"\b(?:goal|target|reach\w*|required?|requirement)\b[^.?\d]{{0,40}}?{_NUMBER}|\bmtbf\s+(?:goal\s+|target\s+)?of\s+{_NUMBER}",
        re.IGNORECASE,
    ),
)
_AHEAD = re.compile(
    rf"\b(?:by|at|until|up\s+to|to|would|after|when|for|in)\s+(?:the\s+)?(?:{TIME_UNIT}\s+)?{_NUMBER}",
    re.IGNORECASE,
)
_PER = re.compile(
    r"\b(?:per|each|every|by)\s+(month|week|day|quarter|year|shift)\b|\b(month|week|dai|quarter)ly\b",
    re.I,
)
_RUN = re.compile(
    rf"\s*(?:{TIME_UNIT}\s*)?(?:run\b|in\s+(?:all|total)|now\b|today\b)", re.IGNORECASE
)
_LAST = re.compile(r"\s*(?:in\s+(?:all|total)|now\b|today\b|so\s+far)", re.IGNORECASE)


def bind_reliability_growth(evidence: Evidence, binding: Binding) -> None:
    text = without_levels(evidence, evidence.reading.plain)
    if not _intervals(evidence, binding, text):
        text = _times(evidence, binding, text)
    else:
        start, end = _place(binding.provenance["counts"])
        text = mask(text, start, end)
    _goal_and_forecast(binding, text)
    if evidence.has(
        r"\bunbiased\b|\bbias[\s-]correct|\bcorrect\w*\s+for\s+(?:the\s+)?bias|\bsmall\s+samples?\b"
    ):
        binding.set("estimator", "unbiased", "question")
    evidence.confidence_of_limits(binding)
    evidence.alpha(binding)


def _place(source: str) -> tuple[int, int]:
    found = re.fullmatch(r"question\[(\d+):(\d+)\]", source)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def _intervals(evidence: Evidence, binding: Binding, text: str) -> bool:
    """ "0-200 h 9, 200-400 h 6", "to 100 h 9 failures, to 200 h 5", or two lists of one length."""
    found = None if evidence.tables else read_ends(with_digits(text))
    if found is not None:
        ends, counts, unit, start, end = found
        source = f"question[{start}:{end}]"
        binding.set("interval_ends", ends, source)
        binding.set("counts", counts, source)
        if unit:
            binding.set("unit", unit, source)
        return True
    series = [item for item in evidence.series() if len(item.numbers) >= 3]
    for first, second in pairwise(series):
        ends_of, counts_of = (first, second) if _rising(first) else (second, first)
        if _rising(ends_of) and _whole(counts_of) and len(first.values) == len(second.values):
            return _set_lists(binding, ends_of.numbers, counts_of, ends_of.source)
    per = _PER.search(text)
    if len(series) == 1 and per is not None and _whole(series[0]) and max(series[0].numbers) < 1000:
        # "stops per month: 3 4 6 7": every interval is one month
        ends = [float(index) for index in range(1, len(series[0].numbers) + 1)]
        binding.set("unit", f"{per[1] or per[2]}s", f"question[{per.start()}:{per.end()}]")
        return _set_lists(binding, ends, series[0], series[0].source)
    return False


def _set_lists(binding: Binding, ends: list[float], counts: Series, source: str) -> bool:
    binding.set("interval_ends", ends, source)
    binding.set("counts", [int(count) for count in counts.numbers], counts.source)
    binding.echo("{} failures in {} intervals", (sum(counts.numbers), source), (len(ends), source))
    return True


def _rising(item: Series) -> bool:
    return all(earlier < later for earlier, later in pairwise(item.numbers))


def _whole(item: Series) -> bool:
    return all(value == int(value) and value >= 0 for value in item.numbers)


def _times(evidence: Evidence, binding: Binding, text: str) -> str:
    """Cumulative times and the end of the test. Returns the text without them."""
    series = [item for item in evidence.series() if len(item.numbers) >= 3]
    if not series:
        raise NeedsInput(
            "reliability growth needs the times of the failures",
            "at which cumulative test times did the system fail, and when did the test end?",
        )
    main = max(series, key=lambda item: len(item.numbers))
    times, unit = list(main.numbers), main.unit
    if any(later < earlier for earlier, later in pairwise(times)):
        times = _added_up(evidence, binding, times)
    start, end = _place(main.source)
    beyond = next((run for run in runs(text) if run.end == end), None)
    if beyond is not None and len(times) > 3 and _ends_with_total(text, beyond):
        # "160, 280 (300 in all)": the last one is the end of the test
        binding.set("end_time", times.pop(), main.source)
        unit = "" if unit == "in" else unit
    binding.set("times", times, main.source)
    rest = mask(text, start, end)
    if "end_time" not in binding.args:
        goals = [
            span for pattern in _GOAL for match in pattern.finditer(rest) for span in [match.span()]
        ]
        for pattern in _END:
            told = next(
                (
                    match
                    for match in pattern.finditer(rest)
                    if float(match[1]) >= times[-1]
                    and not any(low <= match.start(1) < high for low, high in goals)
                ),
                None,
            )
            if told:
                binding.set("end_time", float(told[1]), f"question[{told.start(1)}:{told.end(1)}]")
                rest = mask(rest, told.start(1), told.end(1))
                break
    if not unit or unit not in text[end : end + 12]:
        near = re.search(rf"\d\s*({TIME_UNIT})", text, re.IGNORECASE)
        unit = unit or (near[1] if near else "")
    if unit:
        binding.set("unit", unit, main.source)
    return rest


def _ends_with_total(text: str, listed: Run) -> bool:
    """ "160, 280 (300 in all)", "140, 260 h, 300 h run": the last of the list is no failure."""
    if len(listed.items) < 2:
        return False
    between = text[listed.items[-2].end : listed.items[-1].start]
    apart = re.search(rf"\b{TIME_UNIT}", between, re.IGNORECASE) is not None
    pattern = _RUN if apart else _LAST
    return pattern.match(text, listed.end) is not None


def _added_up(evidence: Evidence, binding: Binding, gaps: list[float]) -> list[float]:
    if not evidence.has(r"\b(?:between|inter-?arrival|tbf)\b"):
        raise NeedsInput(
            "the times do not rise, so they are not cumulative test times",
            "are these the times between failures, or in which order did the failures come?",
        )
    total, cumulative = 0.0, []
    for gap in gaps:
        total += gap
        cumulative.append(round(total, 9))
    binding.warn("times between failures were added up to cumulative times")
    return cumulative


def _goal_and_forecast(binding: Binding, text: str) -> None:
    for pattern in _GOAL:
        goal = pattern.search(text)
        if goal:
            value = next(group for group in goal.groups() if group)
            binding.set("mtbf_goal", float(value), f"question[{goal.start()}:{goal.end()}]")
            text = mask(text, goal.start(), goal.end())
            break
    args = binding.args
    last = args.get("end_time") or max(args.get("times") or args.get("interval_ends") or [0.0])
    for match in _AHEAD.finditer(text):
        if float(match[1]) > last:
            binding.set("at", float(match[1]), f"question[{match.start(1)}:{match.end(1)}]")
            return


BINDERS: dict[str, Binder] = {"reliability_growth": bind_reliability_growth}
