"""Arguments of histogram and box plot: values, and the lines and fences that are drawn."""

from __future__ import annotations

import re

from havoc.reading.number_rows import numbers
from havoc.reading.number_words import as_digits
from havoc.reason.binding.arguments import Binding, source_of
from havoc.reason.binding.evidence import Binder, Evidence
from havoc.reason.binding.groups import bind_groups
from havoc.reason.binding.lists import complete
from havoc.reason.binding.means import pass_unit
from havoc.reason.binding.specification import read_specification

_BINS = re.compile(
    r"(?<![\w.])(\d{1,3})\s+(?:\w+\s+)?(?:bins?|classes|bars|intervals|cells|buckets|columns)\b",
    re.IGNORECASE,
)
_NORMAL = r"\bnormal\s+(?:curve|distribution\s+over|fit)|\bbell\b[^.?]{0,20}\b(?:over|on|curve)|\b(?:over|overlay|fit)\w*\b[^.?]{0,20}\b(?:bell|normal|gauss\w*)"
_MARKS = re.compile(
    r"\b(?:lines?|marks?|marked|limits?|drawn|markers?)\b[^\d\n;?]{0,24}?(?P<behind>(?:\d++(?:\.\d++)?)(?:\s?(?:,|and|&|/)\s?\d++(?:\.\d++)?){0,2})(?![\w.]*\d)(?!\s?[,;]?\s?\d)"
    r"|(?<![\w.])(?P<ahead>\d++(?:\.\d++)?(?:\s?(?:,|and|&)\s?\d++(?:\.\d++)?){1,2})\s?[^\W\d]{0,5}\s(?:as|for)\s+(?:\w+\s+)?(?:marks?|lines?|limits?)",
    re.IGNORECASE,
)
_ONE_SIDE = {
    "usl": re.compile(
        r"\b(?:max(?:imum)?|below|under|at\s+most|not\s+(?:exceed|above|over)|upper|ceiling|no\s+more\s+than|room[^.?\d]{0,20}\bto|left\s+to)\b[^\d\n.;?:]{0,24}$",
        re.IGNORECASE,
    ),
    "lsl": re.compile(
        r"\b(?:min(?:imum)?|above|at\s+least|not\s+(?:below|under)|lower|floor|no\s+less\s+than)\b[^\d\n.;?:]{0,24}$",
        re.IGNORECASE,
    ),
}
_TARGET = re.compile(
    r"\b(?:target|nominal|claim|aim|goal|set\s?point)\b[^\d\n.;?:]{0,12}$", re.IGNORECASE
)
_REACH = re.compile(
    r"(?<![\w.])(?P<times>\d(?:\.\d{1,2})?)\s*(?:x|×|times|\*)?\s*(?:the\s+)?(?:iqr|iqrs|inter-?\s?quartile)\b"
    r"|\b(?:fences?|whiskers?)\b[^\d\n.;?]{0,20}?(?P<fence>[1-5](?:\.\d{1,2})?)(?![\w.]*\d)(?!\s?[,;]?\s?\d)",
    re.IGNORECASE,
)
_REFERENCE = re.compile(
    r"\b(?:line|limit|goal|target|reference|spec|set\s+limit)\b[^\d\n;?:]{0,16}?(?P<behind>\d++(?:\.\d++)?)(?![\w.]*\d)(?!\s?%|\s?[,;/]?\s?\d)"
    r"|(?<![\w.])(?P<ahead>\d++(?:\.\d++)?)\s(?:being|is|as)\s(?:our\s|the\s|a\s|an\s)?(?:\w+\s)?(?:goal|target|limit|reference|line)\b",
    re.IGNORECASE,
)
_REACHES = 3


def _values(evidence: Evidence, binding: Binding) -> None:
    series = evidence.one()
    binding.set("data", complete(binding, series), series.source)
    if series.name:
        binding.set("name", series.name, series.source)
    pass_unit(binding, series)


def bind_histogram(evidence: Evidence, binding: Binding) -> None:
    _values(evidence, binding)
    text = as_digits(evidence.reading.plain)
    classes = _BINS.search(text)
    if classes:
        binding.set("bins", int(classes[1]), f"question[{classes.start(1)}:{classes.end(1)}]")
    if evidence.has(_NORMAL):
        binding.set("normal_curve", True, "question")
    binding.take("target", evidence.scalar("target"))
    for name in ("lsl", "usl"):
        binding.take(name, evidence.scalar(name))
    if not {"lsl", "usl"} & set(binding.args):
        _marks(text, binding)
    if not {"lsl", "usl"} & set(binding.args):
        for name, limit in read_specification(evidence.reading).items():
            if _is_near(limit.value, binding):
                binding.set(name, limit.value, limit.source)
    _told_sides(evidence, binding)


def _marks(text: str, binding: Binding) -> None:
    """ "lines at 42 & 56", "40, 46 and 52 as marks": the outer ones are the limits."""
    for match in _MARKS.finditer(text):
        told = match["behind"] or match["ahead"]
        found = sorted(float(item) for item in re.findall(r"\d++(?:\.\d++)?", told))
        if len(found) < 2 or not all(_is_near(value, binding) for value in found):
            continue
        source = f"question[{match.start()}:{match.end()}]"
        binding.set("lsl", found[0], source)
        binding.set("usl", found[-1], source)
        if len(found) == 3:
            binding.set("target", found[1], source)
        return


def _told_sides(evidence: Evidence, binding: Binding) -> None:
    """A limit on one side, or a target, in the words before a number outside the data."""
    text = evidence.reading.plain
    begin, end = _data_span(binding)
    for token in numbers(text):
        if begin <= token.start < end or not _is_near(token.value, binding):
            continue
        before = text[max(0, token.start - 48) : token.start]
        source = f"question[{token.start}:{token.end}]"
        percent = text[token.end : token.end + 1] == "%" and binding.args.get("unit") != "%"
        if percent and not _TARGET.search(before):
            continue
        for name, pattern in _ONE_SIDE.items():
            if name not in binding.args and pattern.search(before):
                binding.set(name, token.value, source)
                break
        else:
            if "target" not in binding.args and _TARGET.search(before):
                binding.set("target", token.value, source)


def _data_span(binding: Binding) -> tuple[int, int]:
    place = re.fullmatch(r"question\[(\d+):(\d+)\]", binding.provenance.get("data", ""))
    return (int(place[1]), int(place[2])) if place else (-1, -1)


def _is_near(value: float, binding: Binding) -> bool:
    """Limits lie about the values: a number of classes or of units does not."""
    groups = binding.args.get("groups", {}).values()
    data: list[float] = binding.args.get("data") or [value for group in groups for value in group]
    low, high = min(data), max(data)
    reach = max(_REACHES * (high - low), 0.1 * max(abs(low), abs(high)))
    return low - reach <= value <= high + reach


def bind_box_plot(evidence: Evidence, binding: Binding) -> None:
    if len(evidence.groups()) >= 2:
        bind_groups(evidence, binding)
    else:
        _values(evidence, binding)
    text = as_digits(evidence.reading.plain)
    reach = _REACH.search(text)
    if reach:
        value = float(reach["times"] or reach["fence"])
        if value > 0:
            binding.set("reach", value, f"question[{reach.start()}:{reach.end()}]")
    given = evidence.scalar("target", "reference")
    if given is not None and _is_near(given.value, binding):
        binding.set("reference", given.value, source_of(given))
    else:
        for match in _REFERENCE.finditer(text):
            value = float(match["behind"] or match["ahead"])
            if _is_near(value, binding) and (reach is None or match.start() > reach.end()):
                binding.set("reference", value, f"question[{match.start()}:{match.end()}]")
                break
    if evidence.has(r"\bminitab\b"):
        binding.set("quartiles", "type6", "question")
    elif evidence.has(r"\bhinges?\b|\btukey"):
        binding.set("quartiles", "hinges", "question")


BINDERS: dict[str, Binder] = {"histogram": bind_histogram, "box_plot": bind_box_plot}
