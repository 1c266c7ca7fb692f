"""Arguments of event rates: counts with the time, length or area in which they occurred."""

from __future__ import annotations

import re

from havoc.reading.counts import CountPair
from havoc.reading.number_words import as_digits
from havoc.reason.binding.arguments import Binding, NeedsInput, source_of
from havoc.reason.binding.direction import (
    bound_direction,
    one_sample_direction,
    set_direction,
    two_sample_direction,
)
from havoc.reason.binding.evidence import Binder, Evidence
from havoc.reason.binding.proportions import count_names

_COUNT = r"(?<![\w.,\-])(\d++|no|zero|none)(?![\w.]*\d)"
_SIZE = r"(\d++(?:\.\d++)?)(?!\.?\d)"
_SPAN = (
    r"(?:hours?|hrs?|h|days?|weeks?|wks?|months?|years?|yrs?|shifts?|minutes?|min|units?|boards?|pieces|pcs|parts|cars|rolls|sheets|"
    r"metres?|meters?|m2|m²|m3|km|m|samples?|batches|lots|panels|wafers|lenses|orders|calls|devices|thousand|million)"
)
_FORMS = (
    # "9 stops in 12 weeks", "41 per 9800 patient-days"
    re.compile(
        rf"{_COUNT}\s+(?:[a-z][a-z\-]*+\s+){{0,4}}?(in|over|during|on|per|for|from|at|within|across)\s+(?:[a-z]++\s+){{0,2}}?{_SIZE}"
    ),
    re.compile(rf"{_COUNT}\s*(?:[a-z][a-z\-]*+\s*)?(/)\s*(?:[a-z]++\s+){{0,1}}?{_SIZE}"),
    # "22 events, exposure 10 months", "40 defects 25 boards"
    re.compile(
        rf"{_COUNT}\s+(?:[a-z][a-z\-]*+\s+){{0,2}}?(?!{_SPAN}\b)[a-z\-]++\s*([,;]?)\s*(?:(?:exposure|observed|inspected)\s*(?:of|=|:)?\s*)?{_SIZE}\s*{_SPAN}\b"
    ),
)
_SIZE_FIRST = re.compile(
    rf"\b(?:in|during|over|within)\s+(?:[a-z]++\s+){{0,2}}?{_SIZE}\s*{_SPAN}\b\s*[,:]?\s*(?:[a-z][a-z\-]*+[\s,]+){{0,6}}?{_COUNT}\s+(?!{_SPAN}\b)[a-z]"
)
_PER_ONE = re.compile(
    r"(?<![\w.])((?:\d++(?:\.\d++)?|\.\d++))\s*(?:[a-z][a-z\-]*+\s+){0,2}?(?:per|a|an|/|each|every)\s*(?!\d)[a-z]"
)
_PER_MANY = re.compile(
    rf"(?<![\w.]){_SIZE}\s*(?:[a-z][a-z\-]*+\s+){{0,2}}?(?:per|/|in)\s*(\d++)\s*[a-z]"
)
_STANDARD = re.compile(
    r"\b(?:limit|targets?|says?|said|claim\w*|allow\w*|standard|plan\w*|spec\w*|goal|corporate|industry|promis\w*|swore|norm\w*|budget|assum\w*|"
    r"max\w*|permitted|vs\.?|versus|against|compare\w*|design|basis|history|historic\w*|average|usual\w*|normal\w*|hypothes\w*|reference)\b[^\d.;?]{0,40}$"
)


class _Found:
    def __init__(self, count: str, size: str, start: int, end: int, *, per: bool) -> None:
        self.count = int(count) if count.isdigit() else 0
        self.size = float(size)
        self.start, self.end, self.per = start, end, per

    @property
    def source(self) -> str:
        return f"question[{self.start}:{self.end}]"


def bind_poisson_rate(evidence: Evidence, binding: Binding) -> None:
    text = as_digits(evidence.text)
    found = _counts(text)
    standard = _standard(text, found) if len(found) != 1 else None
    if standard is not None:
        found = [item for item in found if item is not standard]
    if not found:
        raise NeedsInput(
            "a rate needs a count of events and the time, length or area observed",
            "how many events, over which exposure (hours, metres, units)?",
        )
    if len(found) > 1:
        for index, item in enumerate(found[:2], start=1):
            binding.set(f"count{index}", item.count, item.source)
            binding.set(f"exposure{index}", item.size, item.source)
        pairs = [
            CountPair(successes=item.count, trials=1, start=item.start, end=item.end)
            for item in found[:2]
        ]
        names = count_names(evidence, pairs)
        binding.set("name1", names[0], found[0].source)
        binding.set("name2", names[1], found[1].source)
        set_direction(binding, two_sample_direction(evidence, *names, counts_bad=True))
    else:
        binding.set("count", found[0].count, found[0].source)
        binding.set("exposure", found[0].size, found[0].source)
        _set_reference(evidence, binding, text, found[0], standard)
        if "rate0" in binding.args:
            set_direction(binding, one_sample_direction(evidence, counts_bad=True))
        else:
            set_direction(binding, bound_direction(evidence))
    evidence.alpha(binding)


def _counts(text: str) -> list[_Found]:
    """Counts with their exposures, in the order of the text."""
    found: list[_Found] = []

    def free(start: int, end: int) -> bool:
        return all(end <= item.start or start >= item.end for item in found)

    for form in _FORMS:
        for match in form.finditer(text):
            if free(match.start(), match.end()):
                per = match[2] == "per"
                found.append(_Found(match[1], match[3], match.start(), match.end(), per=per))
        if found:
            break
    if not found:
        for match in _SIZE_FIRST.finditer(text):
            found.append(_Found(match[2], match[1], match.start(), match.end(), per=False))
    return sorted(found, key=lambda item: item.start)


def _standard(text: str, found: list[_Found]) -> _Found | None:
    """ "17 on 250 m, the limit is 5 per 100 m": the pair that is a rate to compare with."""
    named = [item for item in found if _STANDARD.search(text[max(0, item.start - 60) : item.start])]
    if len(found) == 2 and len(named) == 1 and named[0].per and not all(f.per for f in found):
        return named[0]
    return None


def _set_reference(
    evidence: Evidence, binding: Binding, text: str, pair: _Found, standard: _Found | None
) -> None:
    if standard is not None and standard.size > 0:
        binding.set("rate0", standard.count / standard.size, standard.source)
        return
    for match in _PER_MANY.finditer(text):
        outside = match.end() <= pair.start or match.start() >= pair.end
        if outside and float(match[2]) > 0 and _STANDARD.search(text[: match.start()][-60:]):
            source = f"question[{match.start()}:{match.end()}]"
            binding.set("rate0", float(match[1]) / float(match[2]), source)
            return
    for match in _PER_ONE.finditer(text):
        if match.end() <= pair.start or match.start(1) >= pair.end:
            binding.set("rate0", float(match[1]), f"question[{match.start(1)}:{match.end(1)}]")
            return
    reference = evidence.scalar("reference", "maximum", "target", "lambda")
    if reference is not None and not pair.start <= reference.start < pair.end:
        binding.take("rate0", reference)
        return
    stated = re.search(r"\brate\s*(?:of|is|=|:)?\s*(\d*\.?\d+)", text)
    if stated and not pair.start <= stated.start(1) < pair.end:
        binding.set("rate0", float(stated[1]), f"question[{stated.start(1)}:{stated.end(1)}]")
        return
    near = [
        item
        for item in evidence.singles()
        if not pair.start <= item.start < pair.end
        and not item.percent
        and _STANDARD.search(text[max(0, item.start - 60) : item.start])
    ]
    if near:
        binding.set("rate0", near[0].value, source_of(near[0]))


BINDERS: dict[str, Binder] = {"poisson_rate": bind_poisson_rate}
