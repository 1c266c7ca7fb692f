"""Arguments of process capability, and specification limits in the words they come in."""

from __future__ import annotations

import re

from havoc.reading.number_pieces import SIGNED, SIGNED_APART
from havoc.reading.number_words import with_digits
from havoc.reason.binding.arguments import Binding, NeedsInput, source_of
from havoc.reason.binding.evidence import Binder, Evidence
from havoc.reason.binding.measured_subgroups import labelled_subgroups, measurements, subgroups
from havoc.reason.binding.samples import summary_of
from havoc.reason.binding.specification import is_near, read_specification

_INDEX = re.compile(r"\b(cpk?)\b\s*(?:est(?:imated?)?\.?|value|of|is|was|=|:)*\s*(\d+\.\d+)")
_GOAL = r"(1\.0|1\.33|1\.5|1\.67|2\.0)(?!\d)"
_REQUIRED = re.compile(
    rf"(?:wants?|demand\w*|require\w*|criterion|goal|need\w*|must reach|at least|min\w*|>=|≥)\D{{0,24}}{_GOAL}"
    rf"|\b[cp]pk?\b\s*(?:value\s+)?(?:is\s+)?(?:below|under|above|over|less\s+than|more\s+than|>|<)\s*{_GOAL}"
    rf"|(?<![\w.]){_GOAL}\s+(?:\w+\s+){{0,2}}(?:beaten|exceeded|reached|met|needed|required|demanded|wanted|fulfilled|held)\b"
)


def _known_index(evidence: Evidence, binding: Binding) -> bool:
    """ "Cpk 1.42 from n=50": an interval for an index that is known already."""
    index = _INDEX.search(evidence.text)
    size = evidence.scalar("n") or next(
        (item for item in evidence.singles() if item.value >= 5 and item.value == int(item.value)),
        None,
    )
    if index is None or size is None or evidence.series() or evidence.scalar("lsl", "usl", "mean"):
        return False
    for each in _INDEX.finditer(evidence.text):
        if each[1] not in binding.args:
            binding.set(each[1], float(each[2]), f"question[{each.start(2)}:{each.end(2)}]")
    binding.take_count("n", size)
    _required(evidence, binding)
    evidence.confidence(binding)
    return True


def _required(evidence: Evidence, binding: Binding) -> None:
    required = _REQUIRED.search(evidence.text)
    if required and required.lastindex:
        group = required.lastindex
        place = f"question[{required.start(group)}:{required.end(group)}]"
        if place not in binding.provenance.values():
            binding.set("cpk_required", float(required[group]), place)


def bind_capability(evidence: Evidence, binding: Binding) -> None:
    if _known_index(evidence, binding):
        return
    _required(evidence, binding)
    limits(evidence, binding)
    if binding.args.get("cpk_required") in (binding.args.get("lsl"), binding.args.get("usl")):
        binding.args.pop("cpk_required", None)
        binding.provenance.pop("cpk_required", None)
    grouped = subgroups(evidence)
    labelled = labelled_subgroups(evidence)
    if bool(evidence.series()) or grouped is not None:
        has_data = evidence.tables or not _few_beside_a_summary(evidence)
    else:
        has_data = False
    if has_data:
        within_sigma(evidence, binding)
        if labelled is not None:
            rows, values, label = labelled
            binding.set("subgroups", rows, values[1])
            binding.echo("{} holds the values, {} the subgroups", values, label)
        elif grouped is not None and (
            evidence.has(r"sub-?groups?|\bsubs of|groups of|rational|consecutive|/.*/")
            or evidence.rows()
            or not _one_measured_column(evidence)
        ):
            binding.set("subgroups", grouped[0], grouped[1])
        else:
            measurements(evidence, binding, allow_subgroups=False)
    else:
        summary(evidence, binding)
    binding.take("target", evidence.scalar("target"))
    evidence.confidence(binding)


_NUMBER = rf"({SIGNED})"
_MOVED = re.compile(rf"\b(?:mean|average|process)\b[^\d\n;]{{0,20}}\bto\s+{_NUMBER}", re.I)
_RUNS = (
    re.compile(
        rf"\b(?:runs?|running|sits?|sitting|centred|centered|delivers?|gives|averag\w+|comes?\s+out)\b"
        rf"(?:(?!\bsigma|\bsd?\b|\bst)[^\d\n;?%\x00]){{0,24}}?(?<![\w.]){_NUMBER}(?!\s*%)",
        re.I,
    ),
    re.compile(rf"(?<![\w.]){_NUMBER}(?:\s*[\w/%°µ]{{1,8}})?\s+on\s+average\b", re.I),
)
_SPREAD = re.compile(
    rf"(?:\bsg|\bs|\bst(?:d|andard)?\.?\s?dev\w*|\bstdev|\bsigma|\bsd)\s*(?:\((?:overall|within|n-1|pooled|long[\s-]term|short[\s-]term)\))?"
    rf"\s*(?:is|of|=|:)?\s*{_NUMBER}",
    re.I,
)
_HOW_MANY = re.compile(
    r"\b(?:run|sample|batch)\s+of\s+(\d{2,5})\b(?!\s*%)"
    r"|(?<![\w.,/])(\d{2,5})[\s-]+(?:[a-z]+\s+)?(?:[a-z]{3,}s|piece|pcs?)\b(?!\s*per\b)"
)


def _few_beside_a_summary(evidence: Evidence) -> bool:
    """A mean and a spread are given, and the only "list" is a pair such as two limits."""
    spread = evidence.scalar("sd") is not None or _SPREAD.search(evidence.reading.plain) is not None
    return (
        evidence.scalar("mean") is not None
        and spread
        and all(len(item.values) < 3 for item in evidence.series())
    )


def summary(evidence: Evidence, binding: Binding) -> None:
    """Mean, standard deviation and number of values instead of the values."""
    mean, sds = evidence.scalar("mean"), evidence.reading.all("sd")
    text = evidence.reading.plain
    moved = _MOVED.search(text.split("\n", 1)[0])
    found = next((hit for p in _RUNS if (hit := p.search(text)) and _is_free(hit, binding)), None)
    spread = None if sds else _SPREAD.search(text)
    told = summary_of(evidence)
    if {"mean", "sd"} <= told.keys() and (
        (mean is None and moved is None and found is None) or not (sds or spread)
    ):
        for name in ("mean", "sd"):
            binding.set(name, *told[name])
        if binding.args["sd"] <= 0:
            raise NeedsInput("sigma must be above 0", "what is the standard deviation?")
        if "n" in told and told["n"][0] >= 2:
            binding.set("n", int(told["n"][0]), told["n"][1])
        return
    if (mean is None and moved is None and found is None) or not (sds or spread):
        raise NeedsInput(
            "capability needs measurements, or their mean and standard deviation",
            "which values were measured (in the order of production)?",
        )
    match = moved or (found if mean is None else None)
    if match is not None:
        place = f"question[{match.start(1)}:{match.end(1)}]"
        binding.set("mean", float(match[1]), place)
        binding.echo("{} is the mean", (float(match[1]), place))
    else:
        binding.take("mean", mean)
    sd = sds[0].value if sds else float(spread[1]) if spread else 0.0
    if sd <= 0:
        raise NeedsInput("sigma must be above 0", "what is the standard deviation?")
    within = re.search(
        r"\bwithin[\w\s-]{0,12}?(?:s|sd|sigma|stdev)\s*(?:=|is|of)?\s*(\d*\.?\d+)",
        evidence.text,
    )
    overall = re.search(
        r"\boverall[\w\s-]{0,12}?(?:s|sd|sigma|stdev)\s*(?:=|is|of)?\s*(\d*\.?\d+)",
        evidence.text,
    )
    if within and overall:
        binding.set(
            "sigma_within", float(within[1]), f"question[{within.start(1)}:{within.end(1)}]"
        )
        binding.set(
            "sigma_overall", float(overall[1]), f"question[{overall.start(1)}:{overall.end(1)}]"
        )
    elif sds:
        binding.take("sd", sds[0])
    elif spread:
        binding.set("sd", sd, f"question[{spread.start(1)}:{spread.end(1)}]")
    if not binding.take_count("n", evidence.scalar("n")):
        # a hyphen would keep "thirty-piece" together
        counted = _HOW_MANY.search(with_digits(text.replace("-", " "), one=False))
        group = counted.lastindex or 1 if counted else 1
        if counted and _is_free(counted, binding, group):
            place = f"question[{counted.start(group)}:{counted.end(group)}]"
            binding.set("n", int(counted[group]), place)


def _is_free(match: re.Match[str], binding: Binding, group: int = 1) -> bool:
    """Is the number none of the limits that were read already?"""
    place = f"question[{match.start(group)}:{match.end(group)}]"
    return place not in binding.provenance.values()


_WITHIN_SIGMA = (
    (r"\bpooled\b", "pooled"),
    (r"\br[\s-]?bar\b(?!\s*=)|\b(?:mean|average)\s+range\b", "rbar"),
    (r"\bs[\s-]?bar\b(?!\s*=)", "sbar"),
    (r"\bmoving\s+ranges?\b", "mr"),
)


def within_sigma(evidence: Evidence, binding: Binding) -> None:
    """How the within sigma is estimated, where the question names it (Minitab pools)."""
    for pattern, method in _WITHIN_SIGMA:
        if evidence.has(pattern):
            binding.set("sigma_method", method, "question")
            return


def _one_measured_column(evidence: Evidence) -> bool:
    return all(len(evidence.numeric_columns(table)) <= 1 for table in evidence.tables)


def limits(evidence: Evidence, binding: Binding) -> None:
    """Specification limits, one- or two-sided, in the words they come in."""
    low, high = evidence.scalar("lsl"), evidence.scalar("usl")
    for table in evidence.tables:
        for role in ("lsl", "usl"):
            column = table.column(role)
            if column is not None and column.kind == "number" and column.present:
                binding.set(role, column.present[0], f"{table.source}#{column.name}")
    if low is None or high is None or low.value < high.value:
        binding.take("lsl", low)
        binding.take("usl", high)
    written = read_specification(evidence.reading, newest=True)
    if not {"lsl", "usl"} & set(binding.args):
        written = read_specification(evidence.reading)
    for role, limit in written.items():
        binding.set(role, limit.value, limit.source)
    if "lsl" not in binding.args and "usl" not in binding.args:
        minimum, maximum = evidence.scalar("minimum"), evidence.scalar("maximum")
        index_goal = {1.0, 1.33, 1.67, 2.0}
        if minimum is not None and not (
            minimum.value in index_goal and evidence.has(r"c[p]k?|index")
        ):
            binding.take("lsl", minimum)
        if maximum is not None:
            binding.take("usl", maximum)
    if "lsl" not in binding.args and "usl" not in binding.args:
        target, margin = evidence.scalar("target"), evidence.scalar("margin")
        if target is not None and margin is not None:
            half = margin.value * (abs(target.value) / 100 if margin.percent else 1)
            binding.set("lsl", round(target.value - half, 12), source_of(margin))
            binding.set("usl", round(target.value + half, 12), source_of(margin))
    if "lsl" not in binding.args and "usl" not in binding.args:
        pair = re.search(
            rf"({SIGNED_APART})\s*+(?:[a-zµ%°/]+\s*+)?(?:-|–|~|to|\.\.+|/)\s*+({SIGNED})(?!\s*+[,;/]\s*+\d)",
            _outside_lists(evidence),
        )
        if pair and is_near(evidence.reading, *sorted((float(pair[1]), float(pair[2])))):
            binding.set("lsl", float(pair[1]), f"question[{pair.start(1)}:{pair.end(1)}]")
            binding.set("usl", float(pair[2]), f"question[{pair.start(2)}:{pair.end(2)}]")
    if "lsl" not in binding.args and "usl" not in binding.args:
        _limits_in_words(evidence, binding)
    if "lsl" not in binding.args and "usl" not in binding.args:
        raise NeedsInput(
            "the specification limits are missing",
            "what are the lower and upper specification limit (one is enough)?",
        )
    if (
        "lsl" in binding.args
        and "usl" in binding.args
        and binding.args["lsl"] >= binding.args["usl"]
    ):
        raise NeedsInput(
            f"the lower limit {binding.args['lsl']:g} is not below the upper limit {binding.args['usl']:g}",
            "which is the lower and which the upper specification limit?",
        )
    for role, name in (("lsl", "lower"), ("usl", "upper")):
        if role in binding.args:
            binding.echo(
                f"{name} specification limit {{}}",
                (binding.args[role], binding.provenance.get(role, "question")),
            )


_ABOVE = re.compile(
    r"\b(?:under|below|less than|not above|not over|not exceed\w*|stay under|upper[\w\s]{0,20}?)\s+(?:it is\s+)?([-+]?\d*\.?\d+)"
)
_BELOW = re.compile(
    r"\b(?:above|over|more than|at least|not under|not below|exceed\w*|lower[\w\s]{0,20}?)\s+(?:it is\s+)?([-+]?\d*\.?\d+)"
)


def _limits_in_words(evidence: Evidence, binding: Binding) -> None:
    """ "runout under 0.05", "must stay above 35"."""
    text = _outside_lists(evidence).lower()
    for role, pattern in (("usl", _ABOVE), ("lsl", _BELOW)):
        match = pattern.search(text)
        if match:
            binding.set(role, float(match[1]), f"question[{match.start(1)}:{match.end(1)}]")


def _outside_lists(evidence: Evidence) -> str:
    text = evidence.reading.remaining
    for block in evidence.reading.blocks:
        for item in block.lists:
            text = text[: item.start] + "\x00" * (item.end - item.start) + text[item.end :]
    return text


BINDERS: dict[str, Binder] = {"capability": bind_capability}
