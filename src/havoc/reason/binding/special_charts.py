"""Arguments of charts for special data: Laney, rare events, zones, averages, three ways.

Staged limits are here too: where a new stage begins, in the words that people use.
"""

from __future__ import annotations

import re

from havoc.reason.binding.arguments import Binding, NeedsInput
from havoc.reason.binding.counted_samples import DEFECT_WORDS, DEFECTIVE_WORDS, counted_samples
from havoc.reason.binding.evidence import Evidence
from havoc.reason.binding.lists import complete
from havoc.reason.binding.measured_subgroups import measurements
from havoc.reason.binding.short_runs import NAMES as SHORT_RUN
from havoc.reason.binding.short_runs import are_part_blocks, bind_short_run

_GAPS = (
    r"(?:days?|weeks?|hours?|minutes?|shifts?|units?|parts?|pieces?|shots?|lots?|batches|patients?"
    r"|cases?|surger\w{1,3}|procedures?|deliver\w{1,3}|cycles?|boards?|vials?|orders?|opportunities)"
)
RARE_EVENTS = (
    r"\bg[\s-](?:chart|card|map)|\bt[\s-](?:chart|card|map)|\brare[\s-](?:event|stuff)"
    r"|\bseldom\s+events?|\btime\s+between\s+(?:events|failures)"
    rf"|\b{_GAPS}[\s-](?:\w{{1,12}}\s+){{0,2}}between\b"
    r"|\bbetween\s+(?:two\s+|successive\s+|each\s+|every\s+)?(?:bad|failures?|infections|events|defects|accidents)"
)
LANEY = r"\blaney|(?<!['‘’\w])[pu][\s-]?prime|(?<!['‘’\w])[pu]['’′](?!\w)|\bover-?dispers\w*"
_KINDS: tuple[tuple[str, str], ...] = (
    (SHORT_RUN, "short_run"),
    (LANEY, "laney"),
    (
        r"\bthree[\s-]?way\b|\b3[\s-]?way\b|\bi[\s-]?mr[\s-]r(?:/s)?\b"
        r"|\bbetween\s*(?:/|and|&)\s*within\b",
        "three_way",
    ),
    (r"\bzone\s+(?:control\s+)?(?:charts?|cards?|scores?)\b|\bjaehn", "zone"),
    (r"(?<!weighted )\bmoving[\s-]averages?\b", "moving_average"),
    (RARE_EVENTS, "rare"),
)
_SPAN = re.compile(
    r"\b(?:span|window|length|width|w)\s*(?:of|=|is|:)?\s*(\d{1,3})\b"
    r"|\b(\d{1,3})[\s-]*(?:point|period|sample|value|day|term)s?\s+moving",
    re.IGNORECASE,
)


def bind_special_chart(evidence: Evidence, binding: Binding) -> bool:
    """Set the arguments if the question names one of these charts."""
    kind = next((kind for pattern, kind in _KINDS if evidence.has(pattern)), None)
    if kind is None and are_part_blocks(evidence):
        kind = "short_run"
    if kind == "moving_average" and evidence.has(r"\bewma\b|exponential"):
        return False
    if kind is None:
        return False
    _BINDERS[kind](evidence, binding)
    return True


def _laney(evidence: Evidence, binding: Binding) -> None:
    defects = evidence.has(DEFECT_WORDS) and not evidence.has(DEFECTIVE_WORDS)
    per_unit = evidence.has(r"laney(?:'s)?\s+u\b|(?<!['‘’\w])u[\s-]?prime|(?<!['‘’\w])u['’′](?!\w)")
    named_p = evidence.has(r"laney(?:'s)?\s+p\b|(?<!['‘’\w])p[\s-]?prime|(?<!['‘’\w])p['’′](?!\w)")
    kind = "laney_u" if per_unit or (defects and not named_p) else "laney_p"
    binding.set("kind", kind, "question")
    counted_samples(evidence, binding, "u" if kind == "laney_u" else "p")


def _rare(evidence: Evidence, binding: Binding) -> None:
    series = evidence.one("numbers between events")
    values = complete(binding, series)
    fractional = any(value != int(value) for value in values)
    asked_g = evidence.has(r"(?<![\w'])g[\s-](?:chart|card|map)\b")
    timed = evidence.has(
        r"(?<![\w'])t[\s-](?:chart|card|map)\b|\btimes?\s+between|\bhours\b|\bminutes\b"
    )
    kind = "t" if (timed or fractional) and not asked_g else "g"
    binding.set("kind", kind, "question")
    binding.set("data", values, series.source)
    if series.unit and kind == "t":
        binding.set("unit", series.unit, series.source)
    options: tuple[tuple[str, str], ...] = (
        (r"\bweibull", "weibull"),
        (r"\bexponential", "exponential"),
        (r"\bnelson(?:'s)?\s+(?:power|transform\w*)|power\s+transform\w*|0?\.277", "nelson"),
    )
    if kind == "g":
        options = (
            (r"\bprobability\s+limits", "probability"),
            (r"\bsigma\s+limits|\bkaminsky", "sigma"),
        )
    for pattern, option in options:
        if evidence.has(pattern):
            binding.set("event_limits", option, "question")
            break
    binding.echo("{} intervals between events", (len(values), series.source))


def _located(kind: str, evidence: Evidence, binding: Binding) -> None:
    binding.set("kind", kind, "question")
    measurements(evidence, binding, allow_subgroups=True)
    if evidence.has(r"\b(?:known|given|historical|target|with)\b"):
        binding.take("mean", evidence.scalar("mean", "target"))
        sd = evidence.scalar("sd")
        if sd is not None and sd.value <= 0:
            raise NeedsInput("sigma must be above 0", "what is the standard deviation?")
        binding.take("sigma", sd)


def _moving_average(evidence: Evidence, binding: Binding) -> None:
    _located("moving_average", evidence, binding)
    span = _SPAN.search(evidence.reading.plain)
    if span:
        group = 1 if span[1] else 2
        if int(span[group]) < 2:
            raise NeedsInput("a moving average takes two points or more", "which span?")
        binding.set("span", int(span[group]), f"question[{span.start(group)}:{span.end(group)}]")


def _zone(evidence: Evidence, binding: Binding) -> None:
    _located("zone", evidence, binding)


def _three_way(evidence: Evidence, binding: Binding) -> None:
    binding.set("kind", "three_way", "question")
    measurements(evidence, binding, allow_subgroups=True)
    if "subgroups" not in binding.args and "subgroup_size" not in binding.args:
        raise NeedsInput(
            "a three-way chart needs subgroups", "how many consecutive values form a subgroup?"
        )


_BINDERS = {
    "short_run": bind_short_run,
    "laney": _laney,
    "rare": _rare,
    "three_way": _three_way,
    "zone": _zone,
    "moving_average": _moving_average,
}


# --- stages -------------------------------------------------------------------------------

_STAGED = re.compile(
    r"\bstag(?:es?|ed)\b|\bbefore\s*(?:/|and|&|vs\.?|-)\s*after\b"
    r"|\b(?:separate|own|new|split|different|recalculat\w{1,4})\s+(?:control\s+)?limits?\s+"
    r"(?:for|from|after|before|at|in|by)\b|\bsplit\b[^.?]{0,20}\blimits?\b",
    re.IGNORECASE,
)
_BEGINS = re.compile(
    r"\b(?P<how>after|from|since|starting\s+(?:at|with|from)|starts?\s+(?:at|with)|at|with|begins?\s+(?:at|with))"
    r"\s+(?:the\s+)?(?:points?|samples?|observations?|subgroups?|values?|no\.?|number|batch|piece|row)"
    r"\s*(?:no\.?\s*|number\s+|#)?(?P<point>\d{1,6})(?![.\d]*\d)",
    re.IGNORECASE,
)
_STAGE_COLUMN = re.compile(r"\b(?:stages?|phases?|periods?|when|before|status)\b", re.IGNORECASE)
_STAGE_LEVELS = {"before", "after", "old", "new", "pre", "post", "during"}


def bind_stages(evidence: Evidence, binding: Binding) -> None:
    """Set ``stages`` where the question asks for limits of their own before and after."""
    if not _STAGED.search(evidence.reading.plain):
        return
    points = next(
        (
            len(binding.args[name])
            for name in ("defectives", "defects", "subgroups", "data")
            if name in binding.args
        ),
        0,
    )
    for table in evidence.tables:
        for column in evidence.text_columns(table):
            levels = {str(item).lower() for item in column.present}
            named = _STAGE_COLUMN.search(column.name.replace("_", " "))
            if not named and not levels & _STAGE_LEVELS:
                continue
            if len(column.present) == len(column.values) == points and len(levels) > 1:
                source = f"{table.source}#{column.name}"
                binding.set("stages", [str(item) for item in column.values], source)
                binding.echo("{} says which stage", (column.name, source))
                return
    found = list(_BEGINS.finditer(evidence.reading.plain))
    if found:
        begins = sorted({int(item["point"]) + (item["how"].lower() == "after") for item in found})
        binding.set("stages", begins, f"question[{found[0].start()}:{found[-1].end()}]")
        return
    if _two_lists(evidence, binding):
        return
    raise NeedsInput(
        "where a new stage begins is missing", "at which point does the new stage begin?"
    )


def _two_lists(evidence: Evidence, binding: Binding) -> bool:
    """Values before and values after, as two lists: one chart of both."""
    series = evidence.series()
    if len(series) != 2 or "data" not in binding.args or "subgroup_size" in binding.args:
        return False
    first, second = series
    if {first.name.lower(), second.name.lower()} & _STAGE_LEVELS:
        if first.name.lower() in {"after", "new", "post"}:
            first, second = second, first
        left, right = complete(binding, first), complete(binding, second)
        binding.set("data", [*left, *right], first.source)
        binding.set("stages", [len(left) + 1], f"{first.source}, {second.source}")
        binding.echo(
            "{} values before, {} after", (len(left), first.source), (len(right), second.source)
        )
        return True
    return False
