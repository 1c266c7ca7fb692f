"""Arguments of an average run length: the chart, its limits, the shift and the sample."""

from __future__ import annotations

import re

from havoc.reading.number_words import with_digits
from havoc.reason.binding.arguments import Binding, NeedsInput
from havoc.reason.binding.evidence import Evidence
from havoc.reason.binding.run_lengths import bind_further_run_length
from havoc.reason.binding.sigmas import NUMBER, SIGMA, WORD, value_of

_NUMBER = rf"({NUMBER}|{WORD})"
_OF = r"(?:\s+(?:of\s+)?an?)?[\s-]*"
_MOVE = r"(?:shift|move|jump|drift|step|slip|wander|creep|rise|drop|change|slide)"
_LIMITS = r"(?:limits?|lines?|borders?|bands?)"
_IN_CONTROL = (
    r"false[\s-]alarm|in[\s-]control|\barl_?0\b|\bcr(?:y|ies|ying)\s+wolf|\bfor\s+nothing\b"
    r"|\bnothing(?:['’]s|\s+is|\s+has|\s+was)?\s+(?:wrong|changed|moved|shifted|happen\w*)"
    r"|\b(?:zero|no)\s+shift\b"
)
_PIECES = r"(?:parts|pieces|pcs|readings|values|samples|units|items|measurements|specimens)"


def _search(pattern: str, text: str) -> re.Match[str] | None:
    return re.search(pattern, text, re.IGNORECASE)


def _place(match: re.Match[str], group: int = 1) -> str:
    return f"question[{match.start(group)}:{match.end(group)}]"


def bind_arl(evidence: Evidence, binding: Binding) -> None:
    text = with_digits(evidence.reading.plain, one=False)
    kind = _chart_kind(text)
    if bind_further_run_length(evidence, binding, text, _shifts(text)):
        for hours, source in _intervals(text)[:1]:
            binding.set("interval_hours", hours, source)
        return
    if kind == "c":
        _count_chart(evidence, binding, text)
        return
    limit = _limit(text)
    rest = text
    if limit is not None:
        binding.set("limits", float(value_of(limit[1])), _place(limit))
        rest = text[: limit.start()] + " " * (limit.end() - limit.start()) + text[limit.end() :]
    sizes = _subgroup_sizes(evidence, text)
    if kind == "xbar" and not sizes and not _search(r"x[\s-]?bar|subgroup|mean chart", text):
        kind = "i_mr"
    binding.set("kind", kind, "question")
    wanted = _search(rf"\barl_?0?\s*(?:=|of|is)\s*({NUMBER})", text)
    if wanted and float(wanted[1]) > 1:
        binding.set("arl0", float(wanted[1]), _place(wanted))
    if kind == "ewma":
        _ewma(evidence, binding)
    elif kind == "cusum":
        _cusum(evidence, binding)
    elif "limits" not in binding.args and "arl0" not in binding.args:
        binding.set("limits", 3.0, "default")
    if _search(r"\bwestern|\bweco\b|\+?\bwe[\s-]+rules", text) and kind in {"xbar", "i_mr"}:
        binding.set("rules", "western_electric", "question")
    elif _search(r"\bnelson", text) and kind in {"xbar", "i_mr"}:
        binding.set("rules", "nelson", "question")
    shifts = _shifts(rest)
    moved = _MOVED_TO.search(text)
    sd = evidence.scalar("sd")
    if moved and sd is not None and sd.value > 0:  # "from 10 to 10.5, sigma 0.5" is one sigma
        shifts = [round(abs(float(moved[2]) - float(moved[1])) / sd.value, 12)]
    if shifts is None and (_UNKNOWN_SHIFT.search(text) or _says_nothing(text, binding)):
        raise NeedsInput(
            "the shift that should be found is missing",
            "how far does the mean move (in standard deviations), or is the rate of false alarms asked?",
        )
    if shifts is None:
        shifts = [0.0] if _search(_IN_CONTROL, text) else [0.0, 1.0]
    binding.set("shift", shifts[0] if len(shifts) == 1 else shifts, "question")
    intervals = _intervals(text)
    if intervals:
        binding.set("interval_hours", *intervals[0])
    if sizes:
        binding.set("subgroup_size", sizes[0], "question")
    for index, size in enumerate(sizes[1:], start=1):
        more = Binding(operation="arl", args={**binding.args}, provenance={**binding.provenance})
        more.set("subgroup_size", size, "question")
        if len(intervals) == len(sizes):
            more.set("interval_hours", *intervals[index])
        binding.more.append(more)


_MOVED_TO = re.compile(rf"\bfrom\s+({NUMBER})\s*[a-zµ%°]{{0,4}}\s+to\s+({NUMBER})", re.IGNORECASE)
_UNKNOWN_SHIFT = re.compile(
    r"\b(?:shift|size|move|jump|change)\b[^.?\n]{0,20}\b(?:unknown|not\s+known|(?:don['’]?t|do\s+not)\s+know|no\s+idea|not\s+sure)"
    r"|\b(?:unknown|(?:don['’]?t|do\s+not)\s+know|no\s+idea|not\s+sure)\b[^.?\n]{0,30}\b(?:shift|size|move|jump)\b",
    re.IGNORECASE,
)


def _says_nothing(text: str, binding: Binding) -> bool:
    """Neither the chart nor a figure is told: "how quickly will my chart find a problem?"."""
    told = set(binding.args) - {"kind", "limits"}
    return not told and not re.search(rf"\d|{_IN_CONTROL}|\barl\b|run\s+length|false", text, re.I)


def _chart_kind(text: str) -> str:
    for pattern, kind in (
        (
            r"\bewma\b|\bexponential\w*\s+weighted|\blambda\b|λ"
            r"|\b(?:remember\w*|memory|smooth\w*)\s+(?:\w+\s+)?(?:chart|card)",
            "ewma",
        ),
        (
            r"\bcu[\s-]?sums?\b|\bcumulative[\s-]+sums?\b|\b(?:add|sum)s?(?:m?ing)?[\s-]+up\b"
            r"|\bdecision\s+interval|\btabular\b|\bk\s*=?\s*\d*\.?\d+\s*(?:,|and|&|;)?\s*h\s*=?\s*\d",
            "cusum",
        ),
        (r"\bc[\s-]?chart\b|\bc-?bar\b", "c"),
        (
            r"\bindividuals?\b|\bi[\s-]?(?:mr|chart)\b|single values?"
            r"|\bone\s+(?:dot|point|value|piece|reading|part|measurement)\s+(?:per|an?|each|every|at)\b",
            "i_mr",
        ),
    ):
        if _search(pattern, text):
            return kind
    return "xbar"


def _limit(text: str) -> re.Match[str] | None:
    """The distance of the limits, not a shift that is in sigmas too."""
    found = (
        _search(rf"(?<![\w]){_NUMBER}[\s-]*{SIGMA}[\s-]*(?:control\s+)?(?:{_LIMITS}|individuals|chart|shewhart)\b", text)
        or _search(rf"\b{_LIMITS}\s*(?:of|at|are|is|placed|set|=|:|\s)*\s*{_NUMBER}\s*{SIGMA}", text)
        or _search(rf"(?<![\w])[Ll]\s*(?:=|:|\s)\s*({NUMBER})", text)
        or _search(rf"\bwidth\s*(?:of|=|:|is)?\s*({NUMBER})", text)
    )  # fmt: skip
    moved = _moved(text)
    if found or moved is None:
        return found
    # "3 sigma. The mean moves by one sigma": the other distance is that of the limits
    for other in re.finditer(rf"(?<![\w.])({NUMBER}|{WORD})[\s-]*{SIGMA}", text, re.IGNORECASE):
        if other.start(1) != moved.start(1) and value_of(other[1]) >= 2:
            return other
    return None


def _moved(text: str) -> re.Match[str] | None:
    """ "a 1 sigma shift", "jumps by one and a half sigma"."""
    return _search(rf"(?<![\w.]){_NUMBER}{_OF}{SIGMA}[\s-]+(?:mean\s+)?{_MOVE}", text) or _search(
        rf"\b{_MOVE}\w*\s+(?:[a-z]+\s+){{0,3}}?{_NUMBER}{_OF}{SIGMA}", text
    )


def _shifts(text: str) -> list[float] | None:
    both = _search(rf"\bshifts?\s*(?:of|=|:)?\s*({NUMBER})\s*(?:,|and|&)\s*({NUMBER})", text)
    if both:
        return [float(both[1]), float(both[2])]
    # "3 sigma, for a 1 sigma shift": the shift is the one that is called so.
    found = (
        _moved(text)
        or _search(rf"(?<![\w.]){_NUMBER}{_OF}{SIGMA}(?!\s*{_LIMITS})", text)
        or _search(rf"\b(?:shift|delta|δ)s?\s*(?:of|=|:)?\s*({NUMBER})", text)
    )
    if found is None:
        return [0.0] if _search(r"\bzero shift\b", text) else None
    value = abs(value_of(found[1]))
    control = _search(_IN_CONTROL.replace(r"\barl_?0\b", r"\barl_?0\b(?!\s*=)"), text)
    if control and value > 0:
        return [0.0, value]
    return [value]


def _subgroup_sizes(evidence: Evidence, text: str) -> list[int]:
    scalars = [*evidence.reading.all("n"), *evidence.reading.all("subgroup_size")]
    found = [int(item.value) for item in scalars if item.value == int(item.value)]
    if not found:
        pattern = (
            r"\bw(?:ith)?\s+n\s*=?\s*(\d+)|\b(?:check|sample|measure|take|pull|size)s?\s+(\d+)\b|"
            r"\b(\d+)\s+(?:parts|pieces|samples)?\s*(?:each|every|per)\b|\bvs\.?\s+(\d+)\s+every"
            rf"|\bwith\s+(\d+)\s+{_PIECES}|\b(\d+)\s+{_PIECES}\s+(?:an?|at\s+a|in\s+(?:an?|each|every)|together)\b"
        )
        for match in re.finditer(pattern, text, re.IGNORECASE):
            number = next(group for group in match.groups() if group)
            found.append(int(number))
    return [size for size in dict.fromkeys(found) if 1 <= size <= 1000]


_INTERVALS: tuple[tuple[str, float], ...] = (
    (rf"\bevery\s+({NUMBER})\s*min", 1 / 60),
    (rf"\bevery\s+({NUMBER})?\s*(?:hours?|hrs?|h)\b|\bhourly\b|\b(?:each|per|an)\s+hour\b", 1.0),
    (r"\bdaily\b|\b(?:each|per|a|every)\s+day\b", 24.0),
    (r"\b(?:each|per|a|every)\s+shift\b(?!\s*(?:of|in|to|by)\b)", 8.0),
)


def _intervals(text: str) -> list[tuple[float, str]]:
    """Hours between samples with their places, of the finest unit named first."""
    found: list[tuple[int, float, str]] = []
    for pattern, length in _INTERVALS:
        for match in re.finditer(pattern, text, re.IGNORECASE):
            count = float(match[1] or 1) if match.re.groups else 1.0
            source = f"question[{match.start()}:{match.end()}]"
            found.append((match.start(), count * length, source))
        if found and length >= 1.0:
            break  # "every hour of the day": the hour counts
    return [(hours, source) for _, hours, source in sorted(found)]


def _ewma(evidence: Evidence, binding: Binding) -> None:
    if not binding.take("lambda", evidence.scalar("lambda")):
        raise NeedsInput("lambda is missing", "which lambda and which limits (L) has the chart?")
    if not 0 < binding.args["lambda"] <= 1:
        raise NeedsInput("lambda must lie above 0 and at most 1", "which lambda has the chart?")
    if "limits" not in binding.args and "arl0" not in binding.args:
        raise NeedsInput(
            "the distance L of the limits is missing", "at how many sigma are the limits (L)?"
        )


def _cusum(evidence: Evidence, binding: Binding) -> None:
    binding.args.pop("limits", None)
    binding.take("k", evidence.scalar("k"))
    binding.take("h", evidence.scalar("h"))
    if "h" not in binding.args and "arl0" not in binding.args:
        raise NeedsInput(
            "the decision interval h is missing", "which k and h (in sigma) has the chart?"
        )


def _count_chart(evidence: Evidence, binding: Binding, text: str) -> None:
    mean = _search(rf"\bc[\s-]?bar\s*(?:=|of|is|:)?\s*({NUMBER})", text)
    moved = _search(rf"\b(?:jumps?|moves?|shifts?|goes|rises?|changes?)\s+to\s+({NUMBER})", text)
    high = _search(rf"\bucl\s*(?:=|of|is|:)?\s*({NUMBER})", text)
    if mean is None or moved is None:
        raise NeedsInput(
            "the mean count before and after the shift is missing",
            "what is the mean count in control, and what after the shift?",
        )
    binding.set("kind", "c", "question")
    binding.set("mean", float(mean[1]), _place(mean))
    binding.set("shifted_mean", float(moved[1]), _place(moved))
    if high:
        binding.set("ucl", float(high[1]), _place(high))
