"""Arguments of process capability, and specification limits in the words they come in."""

from __future__ import annotations

import re

from havoc.reason.binding.evidence import Binder, Binding, Evidence, NeedsInput, source_of
from havoc.reason.binding.measured_subgroups import labelled_subgroups, measurements, subgroups

_INDEX = re.compile(r"\b(cpk?)\b\s*(?:est(?:imated?)?\.?|value|of|is|was|=|:)*\s*(\d+\.\d+)")
_REQUIRED = re.compile(
    r"(?:wants?|demand\w*|require\w*|criterion|goal|need\w*|must reach|at least|>=|≥)\D{0,24}(1\.0|1\.33|1\.5|1\.67|2\.0)(?!\d)"
)


def _known_index(evidence: Evidence, binding: Binding) -> bool:
    """ "Cpk 1.42 from n=50": an interval for an index that is known already."""
    index = _INDEX.search(evidence.text)
    size = evidence.scalar("n") or next(
        (item for item in evidence.singles() if item.value >= 5 and item.value == int(item.value)),
        None,
    )
    if index is None or size is None or evidence.series() or evidence.scalar("lsl", "usl"):
        return False
    binding.set(index[1], float(index[2]), f"question[{index.start(2)}:{index.end(2)}]")
    binding.take_count("n", size)
    evidence.confidence(binding)
    return True


def bind_capability(evidence: Evidence, binding: Binding) -> None:
    if _known_index(evidence, binding):
        return
    required = _REQUIRED.search(evidence.text)
    if required:
        binding.set(
            "cpk_required", float(required[1]), f"question[{required.start(1)}:{required.end(1)}]"
        )
    limits(evidence, binding)
    grouped = subgroups(evidence)
    labelled = labelled_subgroups(evidence)
    has_data = bool(evidence.series()) or grouped is not None
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
        mean, sds = evidence.scalar("mean"), evidence.reading.all("sd")
        if mean is None or not sds:
            raise NeedsInput(
                "capability needs measurements, or their mean and standard deviation",
                "which values were measured (in the order of production)?",
            )
        binding.take("mean", mean)
        if sds[0].value <= 0:
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
        else:
            binding.take("sd", sds[0])
        binding.take_count("n", evidence.scalar("n"))
    binding.take("target", evidence.scalar("target"))
    evidence.confidence(binding)


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
    binding.take("lsl", low)
    binding.take("usl", high)
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
            binding.set("lsl", target.value - margin.value, source_of(margin))
            binding.set("usl", target.value + margin.value, source_of(margin))
    if "lsl" not in binding.args and "usl" not in binding.args:
        pair = re.search(
            r"([-+]?\d*\.?\d+)\s*(?:[a-zµ%°/]+\s*)?(?:-|–|to|\.\.+|/)\s*([-+]?\d*\.?\d+)(?!\s*[,;/]\s*\d)",
            _outside_lists(evidence),
        )
        if pair and float(pair[1]) != float(pair[2]):
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
