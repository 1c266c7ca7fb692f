"""Arguments of life distributions, survival curves, demonstration tests and sampling plans."""

from __future__ import annotations

import re

from havoc.reading.number_pieces import APART, UNSIGNED
from havoc.reason.binding.arguments import Binding, NeedsInput
from havoc.reason.binding.demonstration import bind_demonstration_test
from havoc.reason.binding.evidence import Binder, Evidence
from havoc.reason.binding.lifetimes import (
    Lifetimes,
    read_lifetimes,
    required_lifetimes,
    set_lifetimes,
)
from havoc.reason.binding.marked_times import IN_WORDS, TIME_UNIT, count_of, unit_near

_NUMBER = rf"{APART}({UNSIGNED})"
_SHAPE = re.compile(
    rf"(?:\b(?:beta|shape|slope)|β)(?:\s*\(?(?:parameter|beta|β)\)?)?\s*(?:is|of|=|:)?\s*{_NUMBER}",
    re.IGNORECASE,
)
_SCALE = re.compile(
    rf"(?:\b(?:eta|scale|char(?:acteristic|\.)?\s+life|theta|mean\s+life|mttf|mtbf)|η)"
    rf"(?:\s*\(?(?:parameter|eta|η)\)?)?\s*(?:is|of|=|:)?\s*{_NUMBER}(\s?k\b)?",
    re.IGNORECASE,
)
_OF_TIME = r"(?:(?:month|day|week|year|hour|cycle|time)s?\s+)?(?:t\s*=\s*)?"
_LATER = r"(?!\s*(?:%|percent|pct|life))"
_AT = re.compile(
    rf"(?:\b(?:at|by|until|till|within|beyond|past|after|before|to|in|bei|nach|à|a\s+los|po|dopo|depois\s+de|t\s*=|R\()|@)\s*"
    rf"(?:the\s+)?{_OF_TIME}{_NUMBER}(\s?k\b)?{_LATER}",
    re.IGNORECASE,
)
_WITH_UNIT = (
    # "survives 20 months", "a 36 month warranty": other words lead to a time only with its unit
    re.compile(
        rf"\b(?:surviv\w*|lasts?|lasting|reach(?:es|ing)?|outliv\w*|exceed\w*|pass(?:es|ing)?|over|through|during|for|on|"
        rf"first|make\s+it\s+to|made\s+it\s+to|get\s+to)\s+(?:an?\s+|the\s+|my\s+|our\s+|its\s+|at\s+least\s+|first\s+){{0,2}}"
        rf"{_OF_TIME}{_NUMBER}(\s?k\b)?(?=[\s-]?{TIME_UNIT}|(?<=\d)\s?k\b)",
        re.IGNORECASE,
    ),
    re.compile(
        rf"{_NUMBER}(\s?k\b)?[\s-]?{TIME_UNIT}[\s-]+(?:warrant\w*|guarantee|mission|service|reliab\w*|surviv\w*|lifetime)",
        re.IGNORECASE,
    ),
    re.compile(
        rf"\b(?:after|in|by|within|for)\s+(?:one|a|an)\s+[a-z]+\s*\(\s*{_NUMBER}(\s?k\b)?(?=\s*{TIME_UNIT})",
        re.IGNORECASE,
    ),
    re.compile(
        rf"\b(?:surviv(?:e|es)|make|makes|reach|reaches|last|lasts|outlives?)\s+{_NUMBER}(\s?k\b)?(?=\s*(?:[?.,;]|$))",
        re.IGNORECASE,
    ),
    re.compile(
        rf"\b(?:surviv\w*|pass(?:es)?|reach(?:es)?|make|see|left\s+(?:at|on))\s+(?:day|week|month|year|hour|cycle)\s+{_NUMBER}(\s?k\b)?",
        re.IGNORECASE,
    ),
)
_AND_MORE = re.compile(
    rf"\s*+(?:{TIME_UNIT}\s*+)?(?:,|and|&|or)\s++{_NUMBER}(\s?k\b)?(?!-|\s*(?:%|percent))", re.I
)
_B_LIFE = re.compile(r"\b[bl][\s_-]?(\d{1,2}(?:\.\d+)?)\b(?!\s*[=:])(?![\w.]*\d)", re.IGNORECASE)
_PERCENT_FAILED = re.compile(
    rf"(?<![\w.]){_NUMBER}\s*(?:%|percent|pct)\s*(?:of\b(?!\s*(?:the\s+)?time)|risk|(?:have\s+|are\s+)?(?:fail\w*|dead|die[sd]?|broken|gone))"
    rf"|\b(?:dead|failed|broken|gone|first)\s+{_NUMBER}\s*(?:%|percent|pct)",
    re.IGNORECASE,
)
_ORDINAL_PERCENTILE = re.compile(
    rf"((?:{APART}\d{{1,2}}(?:st|nd|rd|th)?\s*(?:,|and|&)\s*){{0,5}}{APART}\d{{1,2}}(?:st|nd|rd|th))\s+percentiles?\b",
    re.IGNORECASE,
)
_AND_PERCENT = re.compile(
    rf"(?<![\w.]){_NUMBER}\s*(?:%|percent|pct)?\s*(?:and|or|&|,|resp\.)\s*{_NUMBER}\s*(?:%|percent|pct)"
    r"\s*(?:have|has|are|will|of\s+(?:them|the)|fail\w*|crack\w*|dead|gone|dropp\w*|broke\w*|drift\w*)",
    re.IGNORECASE,
)
_HALF = re.compile(
    r"\bmedian\b(?!\s+(?:ranks?|of\s+(?:the\s+)?(?:sample|data)))|\b(?:is|are|have|has|will|when|by)\s+(?:\w+\s+)?half\b"
    r"|\bhalf\s+(?:of\s+)?(?:them|the|these|have|has|are|will|is)\b",
    re.IGNORECASE,
)
_B_LIFE_ASKED = re.compile(r"\b(?:the|me|and|get|want|need)\s+[bl](\d{1,2})(?=\s*:)", re.IGNORECASE)
_WORDED_PERCENT = re.compile(rf"\b({IN_WORDS})\s+(?:percent|per\s+cent|pct)\b", re.IGNORECASE)


def bind_weibull_fit(evidence: Evidence, binding: Binding) -> None:
    text = evidence.reading.plain
    if evidence.has(r"\b3[\s-]?param|\bthree[\s-]param|\bfailure[\s-]free|\bthreshold\b"):
        binding.set("distribution", "weibull_3", "question")
    elif evidence.has(r"\blog-?normal"):
        binding.set("distribution", "lognormal", "question")
    elif evidence.has(r"\bexponential\b"):
        binding.set("distribution", "exponential", "question")
    if evidence.has(r"\brry\b|\by\s+on\s+x\b|\bregression\s+on\s+y\b"):
        binding.set("method", "rank_regression_y", "question")
    elif evidence.has(r"\brank\s+regression|\brrx\b|\bmedian\s+ranks?|\bleast\s+squares"):
        binding.set("method", "rank_regression", "question")
    if evidence.has(r"\bexact\s+(?:median\s+)?ranks?"):
        binding.set("ranks", "exact", "question")
    if evidence.has(r"\blikelihood[\s-]ratio\b"):
        binding.set("interval", "likelihood_ratio", "question")
    if not evidence.has(r"%\s*risk\b"):
        evidence.confidence(binding)
    known_scale = _SCALE.search(text)
    known_shape = _SHAPE.search(text)
    exponential = binding.args.get("distribution") == "exponential"
    if known_scale and (known_shape or exponential):
        _known_parameters(binding, text, known_shape, known_scale)
        return
    lives = required_lifetimes(evidence, "a life distribution")
    group = lives.groups[0]
    if len(group.time) - sum(group.censored) < 2:
        raise NeedsInput(
            "one failure cannot give a shape",
            "what are the other times to failure, or which shape is known from experience?",
        )
    set_lifetimes(binding, group)
    if evidence.has(r"\bkaplan|\bproduct[\s-]limit"):
        curve = Binding(operation="kaplan_meier")
        bind_kaplan_meier(evidence, curve)
        binding.more.append(curve)
    percentages(binding, text, lives.rest)
    times_asked(binding, lives.rest)


def _known_parameters(
    binding: Binding, text: str, shape: re.Match[str] | None, scale: re.Match[str]
) -> None:
    rest = text
    for name, match in (("shape", shape), ("scale", scale)):
        if match is None:
            continue
        factor = 1000 if match.re.groups > 1 and match[2] else 1
        binding.set(name, float(match[1]) * factor, f"question[{match.start(1)}:{match.end(1)}]")
        rest = _without(rest, match)
    unit = unit_near(text, scale.start(1), scale.end())
    if unit:
        binding.set("unit", unit, f"question[{scale.start(1)}:{scale.end()}]")
    percentages(binding, text, rest)
    times_asked(binding, rest)


def _without(text: str, match: re.Match[str]) -> str:
    return text[: match.start()] + " " * (match.end() - match.start()) + text[match.end() :]


def percentages(binding: Binding, text: str, rest: str) -> None:
    wanted = [float(match[1]) for match in _B_LIFE.finditer(text)]
    wanted += [float(match[1] or match[2]) for match in _PERCENT_FAILED.finditer(rest)]
    wanted += [float(match[1]) for match in _B_LIFE_ASKED.finditer(text)]
    for match in _ORDINAL_PERCENTILE.finditer(rest):
        wanted += [float(number) for number in re.findall(r"\d+", match[1])]
    for match in _AND_PERCENT.finditer(rest):
        wanted += [float(match[1]), float(match[2])]
    wanted += [50.0] if _HALF.search(text) else []
    wanted += [float(count_of(match[1])) for match in _WORDED_PERCENT.finditer(rest)]
    wanted = [percent for percent in dict.fromkeys(wanted) if 0 < percent < 100]
    if wanted:
        binding.set("b_life", wanted[0] if len(wanted) == 1 else wanted, "question")


def times_asked(binding: Binding, rest: str) -> None:
    wanted: list[float] = []
    for match in _AT.finditer(rest):
        wanted.append(float(match[1]) * (1000 if match[2] else 1))
        more = _AND_MORE.match(rest, match.end())
        while more:
            wanted.append(float(more[1]) * (1000 if more[2] else 1))
            more = _AND_MORE.match(rest, more.end())
    for pattern in _WITH_UNIT:
        for match in pattern.finditer(rest):
            wanted.append(float(match[1]) * (1000 if match[2] else 1))
    wanted = list(dict.fromkeys(wanted))
    longest = max(binding.args.get("time", [0.0]), default=0.0)
    if longest and any(value >= 200 * longest for value in wanted):
        # "55 61 66 k cycles, how many make 50k": the times are in thousands as well
        wanted = [value / 1000 if value >= 200 * longest else value for value in wanted]
    if wanted:
        binding.set("at", wanted[0] if len(wanted) == 1 else wanted, "question")


def bind_demonstration(evidence: Evidence, binding: Binding) -> None:
    """A demonstration test, and the fit of the lifetimes that the question brings along."""
    bind_demonstration_test(evidence, binding)
    if evidence.has(r"\bweibull\b"):
        lives = read_lifetimes(evidence)
        if lives.groups and len(lives.groups[0].time) >= 3:
            fit = Binding(operation="weibull_fit")
            bind_weibull_fit(evidence, fit)
            binding.more.append(fit)


def bind_kaplan_meier(evidence: Evidence, binding: Binding) -> None:
    evidence.confidence(binding)
    lives: Lifetimes = read_lifetimes(evidence)
    groups = [group for group in lives.groups if len(group.time) >= 2]
    if not groups:
        raise NeedsInput(
            "a survival curve needs the time of every unit",
            "at which time did each unit fail, or when was it last seen working?",
        )
    if evidence.has(r"\bgreenwood"):
        binding.set("interval", "greenwood", "question")
    if len(groups) > 1:
        binding.set(
            "groups",
            {
                group.name or f"group {index}": {"time": group.time, "censored": group.censored}
                for index, group in enumerate(groups, start=1)
            },
            groups[0].source,
        )
    else:
        binding.set("time", groups[0].time, groups[0].source)
        binding.set("censored", groups[0].censored, groups[0].source)
        binding.echo(
            "{} failures and {} units still working",
            (len(groups[0].time) - sum(groups[0].censored), groups[0].source),
            (sum(groups[0].censored), groups[0].source),
        )
    if groups[0].unit:
        binding.set("unit", groups[0].unit, groups[0].source)
    times_asked(binding, lives.rest)


BINDERS: dict[str, Binder] = {
    "weibull_fit": bind_weibull_fit,
    "kaplan_meier": bind_kaplan_meier,
    "demonstration_test": bind_demonstration,
}
