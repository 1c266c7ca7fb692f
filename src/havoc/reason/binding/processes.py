"""Arguments of control charts and run rules."""

from __future__ import annotations

import re

from havoc.reading.question import Series
from havoc.reason.binding.arguments import Binding, NeedsInput, source_of
from havoc.reason.binding.counted_samples import (
    DEFECT_WORDS,
    DEFECTIVE_WORDS,
    are_counted_columns,
    are_shares,
    count_lists,
    count_pairs,
    counted_samples,
    sample_size,
    sized_columns,
)
from havoc.reason.binding.evidence import Binder, Evidence
from havoc.reason.binding.joint_charts import bind_joint_chart
from havoc.reason.binding.lists import complete, complete_pairs
from havoc.reason.binding.measured_subgroups import measurements
from havoc.reason.binding.special_charts import bind_special_chart, bind_stages

_KINDS: tuple[tuple[str, str], ...] = (
    (
        r"\bewma\b|exponential(?:ly)?[\s-]+(?:weighted|smooth\w*)|\bsmoothing\s*(?:of|=|:)?\s*0?\.\d"
        r"|\b(?:chart|card)\b[^.?]{0,20}\b(?:remember\w*|memory)|\bremembering\s+(?:chart|card)",
        "ewma",
    ),
    (
        r"\bcusum\b|cumulat\w+ sums?|\b(?:accumulat|summ|add)\w*[\s-]+(?:up[\s-]+)?(?:the[\s-]+)?(?:small\s+)?(?:misses|deviations|differences|errors)"
        r"|\badding[\s-]up\s+(?:kind\s+of\s+)?(?:chart|card)",
        "cusum",
    ),
    (
        r"\bi[\s-]?(?:&|and)?[\s-]?mr\b|individuals?\b|moving range|single values?|levey|x-?mr",
        "i_mr",
    ),
    (
        r"x[\s-]*(?:bar|quer)\w*[\s/&-]*(?:and[\s-]*)?s\b(?!\w)|chart of mean and s\b|mean and s\b",
        "xbar_s",
    ),
    (
        r"x[\s-]*(?:bar|quer)|\brange\b.{0,20}(?:chart|limits)|averages? and ranges?|mean and range",
        "xbar_r",
    ),
    (r"\bnp[\s-]*(?:chart|card|limits)?\b", "np"),
    (r"(?<![\w'])p[\s'-]*(?:chart|card|control)\b", "p"),
    (r"(?<![\w'])u[\s-]*(?:chart|card|control)\b", "u"),
    (r"(?<![\w'])c[\s-]*(?:chart|card|control|limits)\b", "c"),
)


_INSPECTED = r"\b(?:inspect|check|examin)\w*|\b(?:samples?|lots?)\s+of\b|\bout\s+of\b"


def chart_kind(evidence: Evidence) -> str:
    for pattern, kind in _KINDS:
        if evidence.has(pattern):
            return kind
    return "auto"


def _refuse_bare_counts(evidence: Evidence) -> None:
    """ "rejects 5 8 6 9 7": without the number inspected nobody can say what is usual."""
    lists = count_lists(evidence)
    if len(lists) != 1 or not all(v == int(v) and v >= 0 for v in lists[0].numbers):
        return
    if re.search(DEFECTIVE_WORDS, _told_name(evidence, lists[0])):
        raise NeedsInput(
            "the number inspected is missing", "how many units were inspected in each sample?"
        )


def _of_constant_size(evidence: Evidence) -> bool:
    """One list of whole numbers, none above the number of units that each sample has."""
    size, lists = sample_size(evidence), count_lists(evidence)
    if size is None:
        return False
    if evidence.has(_INSPECTED):
        return True
    return len(lists) == 1 and all(
        value == int(value) and 0 <= value <= size.value for value in lists[0].numbers
    )


def bind_control_chart(evidence: Evidence, binding: Binding) -> None:
    text = evidence.text
    constants = re.search(r"\b(?:c4|d2|d3|a2|a3|b3|b4|d4|e2)\b", text)
    if constants and not evidence.series():
        size = evidence.scalar("subgroup_size", "n")
        number = size.value if size else next((item.value for item in evidence.singles()), None)
        if number is None:
            raise NeedsInput("the subgroup size is missing", "for which subgroup size?")
        binding.operation = "control_chart_constants"
        binding.set("subgroup_size", int(number), source_of(size) if size else "question")
        return
    if bind_joint_chart(evidence, binding):
        return
    if chart_kind(evidence) not in {"ewma", "cusum"} and bind_special_chart(evidence, binding):
        if binding.args.get("event_limits") != "nelson":
            _rules(evidence, binding)
        bind_stages(evidence, binding)
        return
    _refuse_doubt(evidence)
    kind = chart_kind(evidence)
    pairs = [] if evidence.tables else count_pairs(evidence.reading.plain)
    if kind == "auto" and pairs:
        kind = "p" if are_shares(pairs, evidence.has(DEFECTIVE_WORDS)) else "u"
    if kind == "auto" and not evidence.series():
        roles = {"pbar": "p", "ubar": "u", "cbar": "c"}
        kind = next(
            (roles[item.role] for item in evidence.reading.scalars if item.role in roles), kind
        )
    if kind == "auto" and (sized_lists := sized_columns(evidence)) is not None:
        counts, sizes = (item.numbers for item in sized_lists)
        within = all(count <= size for count, size in zip(counts, sizes, strict=False))
        defects = evidence.has(DEFECT_WORDS) or evidence.has(r"\bper\s+(?:board|unit|panel|piece)")
        kind = "p" if within and not (defects and not evidence.has(DEFECTIVE_WORDS)) else "u"
    if kind == "auto" and evidence.has(DEFECTIVE_WORDS):
        kind = "p" if _of_constant_size(evidence) or are_counted_columns(evidence) else "auto"
        if kind == "auto":
            _refuse_bare_counts(evidence)
    if kind == "auto" and evidence.has(DEFECT_WORDS):
        kind = "u" if len(count_lists(evidence)) >= 2 else "c"
    binding.set("kind", kind, "question" if kind != "auto" else "default")
    if kind == "c" and not evidence.series():
        _from_summaries(evidence, binding, kind)
    elif kind in {"p", "np", "u", "c"}:
        counted_samples(evidence, binding, kind)
    elif _subgroup_summaries(evidence, binding):
        pass
    elif not evidence.series() and not evidence.rows():
        _from_summaries(evidence, binding, kind)
    else:
        measurements(evidence, binding, allow_subgroups=kind in {"auto", "xbar_r", "xbar_s"})
        _given_standards(evidence, binding, kind)
    _rules(evidence, binding)
    sigma = re.search(r"\b(\d(?:\.\d+)?)[\s-]*(?:sigma|s)\s+limits", text)
    if sigma and float(sigma[1]) != 3:
        binding.set("n_sigma", float(sigma[1]), f"question[{sigma.start()}:{sigma.end()}]")
    bind_stages(evidence, binding)


_DOUBT = (
    r"(?:i\s+think\s+)?\d{1,3}\s+or\s+\d{1,3}\b|(?:not\s+sure|unknown|unsure|no\s+idea|(?:i\s+)?(?:don['’]?t|do\s+not|can['’]?t|cannot)\s+"
    r"(?:know|remember|recall|tell|have)|forgot\w*|lost|varie[sd]|differ\w*|changes?)"
)
_SAMPLE_SIZE = (
    r"(?:sub-?groups?\s+size|sample\s+sizes?|lot\s+sizes?|number\s+(?:inspected|checked|tested))"
)
_EITHER_CHART = re.compile(
    r"(?<![\w'])(?:np|[pcu])[\s-]*(?:chart|card)?\s*(?:,|or|vs\.?|versus)\s*(?:an?\s+)?(?:np|[pcu])[\s-]*(?:chart|card)\b"
)
_USUAL = (
    r"\b(?:usual|normal|customary|same|agreed|old|standard)\s+(?:target|aim|set\s?point|nominal)\b"
)


def _refuse_doubt(evidence: Evidence) -> None:
    """A size that the question itself is not sure of, and a chart that it leaves open."""
    sized = len(count_lists(evidence)) >= 2 or count_pairs(evidence.reading.plain)
    if not sized and evidence.has(
        rf"\b{_SAMPLE_SIZE}\b[^?\n]{{0,30}}?\b{_DOUBT}|\b{_DOUBT}\s+(?:\w+\s+){{0,2}}?{_SAMPLE_SIZE}"
        r"|\b(?:check|inspect|test|sample)\w*\s+(?:a\s+)?(?:different|varying|changing)\s+(?:number|quantity|amount)"
    ):
        raise NeedsInput(
            "the size of the samples is not sure", "how many units (or values) were in each sample?"
        )
    if not sized and _EITHER_CHART.search(evidence.text):
        raise NeedsInput(
            "which chart fits depends on what was inspected",
            "was the same area (or number of units) inspected each time, and how large was it?",
        )
    if evidence.has(_USUAL) and evidence.scalar("target", "mean") is None:
        raise NeedsInput("the target is missing", "what is the target value?")


def _given_standards(evidence: Evidence, binding: Binding, kind: str) -> None:
    binding.take("target", evidence.scalar("target", "reference")) if kind in {
        "ewma",
        "cusum",
    } else None
    if kind == "ewma":
        start = re.search(r"\bewma_?0\s*=\s*([-+]?\d*\.?\d+)", evidence.text)
        if start:
            binding.set("target", float(start[1]), f"question[{start.start()}:{start.end()}]")
        if "target" not in binding.args:
            binding.take("target", evidence.scalar("mean"))
        binding.take("lambda", evidence.scalar("lambda"))
        _weight(evidence, binding)
        width = re.search(r"\bL\s*=?\s*(\d(?:\.\d+)?)(?![\d.]*\d)", evidence.reading.remaining)
        if width:
            binding.set("n_sigma", float(width[1]), f"question[{width.start(1)}:{width.end(1)}]")
        if not 0 < binding.args.get("lambda", 0.2) <= 1:
            raise NeedsInput(
                f"lambda is {binding.args['lambda']:g}, and it must lie above 0 and at most 1",
                "which lambda do you want, for example 0.2?",
            )
    if kind == "cusum":
        if "target" not in binding.args:
            binding.take("target", evidence.scalar("mean"))
        away = re.search(r"\bdeviations?\s+from\s+([-+]?\d*\.?\d+)(?=\s*[:;,])", evidence.text)
        if "target" not in binding.args and away:
            binding.set("target", float(away[1]), f"question[{away.start(1)}:{away.end(1)}]")
        for name in ("k", "h"):
            half = re.search(rf"\b{name}\s*(?:=|is|:)?\s*(?:a\s+)?half\b", evidence.text)
            if not binding.take(name, evidence.scalar(name)) and half:
                binding.set(name, 0.5, f"question[{half.start()}:{half.end()}]")
            if binding.args.get(name, 1) < 0:
                raise NeedsInput(f"{name} is negative", f"which {name} do you want?")
    if kind in {"ewma", "cusum"} or evidence.has(
        r"\b(?:known|given|historical|standard given|cl\s*=)\b"
    ):
        sd = evidence.scalar("sd")
        if sd is not None and sd.value <= 0:
            raise NeedsInput("sigma must be above 0", "what is the standard deviation?")
        binding.take("sigma", sd)
        if kind not in {"ewma", "cusum"}:
            binding.take("mean", evidence.scalar("mean"))


_WEIGHT = re.compile(
    r"\b(?:weight|smoothing(?:\s+(?:constant|factor|parameter))?)\s*(?:of|=|is|:)?\s*(0?\.\d+|1(?:\.0+)?)(?![\d.]*\d)"
)
_LONE = re.compile(r"(?<![\w.])(0?\.\d+)(?![\w.]*\d)")


def _weight(evidence: Evidence, binding: Binding) -> None:
    """The weight by another name, or as the one number of a follow-up ("use 0.1")."""
    if "lambda" not in binding.args and (match := _WEIGHT.search(evidence.text)):
        binding.set("lambda", float(match[1]), f"question[{match.start(1)}:{match.end(1)}]")
    newest, *earlier = evidence.reading.plain.split("\n", 1)
    lone = list(_LONE.finditer(newest))
    if earlier and len(lone) == 1 and len(re.findall(r"\d++(?:\.\d++)?", newest)) == 1:
        place = f"question[{lone[0].start(1)}:{lone[0].end(1)}]"
        binding.set("lambda", float(lone[0][1]), place)


def _subgroup_summaries(evidence: Evidence, binding: Binding) -> bool:
    """Lists of subgroup means with their ranges or standard deviations."""
    means = spreads = None
    for item in evidence.series():
        name = _told_name(evidence, item)
        if means is None and re.search(r"\b(?:means?|averages?|averaged|x-?bars?)$", name):
            means = item
        elif re.search(r"\b(?:sds?|s|stdevs?|ranges?|r)$", name):
            spreads, spread_name = item, name
    if means is not None and spreads is None:
        return _means_with_a_mean_spread(evidence, binding, means)
    if means is None or spreads is None:
        return False
    columns = complete_pairs(binding, means, spreads)
    ranges = bool(re.search(r"ranges?|\br$", spread_name))
    binding.set("kind", "xbar_r" if ranges else "xbar_s", "question")
    binding.set("means", columns[0], means.source)
    binding.set("ranges" if ranges else "sds", columns[1], spreads.source)
    if not binding.take_count("subgroup_size", evidence.scalar("subgroup_size", "n")):
        raise NeedsInput("the subgroup size is missing", "how many values form a subgroup?")
    return True


_PLACE = re.compile(r"question\[(\d+):")
_WORD_BEFORE = re.compile(r"([a-z][a-z-]{0,20})\s{0,3}(?:(?:are|were|=|:)\s{0,3})?$")


def _told_name(evidence: Evidence, item: Series) -> str:
    """The name of a list, or the word before it where that is too common to be a name."""
    place = _PLACE.match(item.source)
    if item.name or place is None:
        return item.name.lower()
    before = _WORD_BEFORE.search(evidence.text[max(0, int(place[1]) - 30) : int(place[1])])
    return before[1] if before else ""


def _means_with_a_mean_spread(evidence: Evidence, binding: Binding, means: Series) -> bool:
    """ "averages 4.1 4.2 4.0, mean range 0.15, subgroups of 2": one spread for all subgroups."""
    spread = evidence.scalar("rbar", "sbar")
    size = evidence.scalar("subgroup_size", "n")
    if spread is None or size is None or size.value < 2:
        return False
    binding.set("kind", "xbar_r" if spread.role == "rbar" else "xbar_s", "question")
    binding.set("means", complete(binding, means), means.source)
    binding.take(spread.role, spread)
    binding.take_count("subgroup_size", size)
    return True


def _from_summaries(evidence: Evidence, binding: Binding, kind: str) -> None:
    if kind == "c" or evidence.scalar("cbar"):
        binding.set("kind", "c", "question")
        if not binding.take("cbar", evidence.scalar("cbar", "mean")):
            raise NeedsInput("a c chart needs counts or their mean", "what is the mean count?")
        return
    mean, size = evidence.scalar("mean"), evidence.scalar("subgroup_size", "n")
    rbar, sbar, sigma = evidence.scalar("rbar"), evidence.scalar("sbar"), evidence.scalar("sd")
    if mean is None or not (rbar or sbar or sigma):
        raise NeedsInput(
            "a control chart needs data, or a mean with an average range",
            "which values should be charted (in the order of production)?",
        )
    binding.take("mean", mean)
    binding.take("rbar", rbar)
    binding.take("sbar", sbar)
    if not (rbar or sbar):
        binding.take("sigma", sigma)
    if not binding.take_count("subgroup_size", size) and (
        each := re.search(
            r"(?<![\w.])(\d{1,2})\s+(?:per|in\s+(?:each|every|a))\s+(?:sub-?group|sample)",
            evidence.text,
        )
    ):
        binding.set("subgroup_size", int(each[1]), f"question[{each.start(1)}:{each.end(1)}]")
    if kind == "auto":
        binding.set("kind", "xbar_s" if sbar else "xbar_r", "question")


def _rules(evidence: Evidence, binding: Binding) -> None:
    if evidence.has(r"\bnelson"):
        binding.set("rules", "nelson", "question")
    elif evidence.has(r"\bwestern|\bweco\b|\bwe rules"):
        binding.set("rules", "western_electric", "question")


def bind_runs_rules(evidence: Evidence, binding: Binding) -> None:
    series = evidence.one()
    binding.set("data", complete(binding, series), series.source)
    mean = evidence.scalar("mean", "target", "reference")
    if mean is None:
        center = re.search(
            r"\b(?:cl|centre|center|middle(?: line)?|mean line|centre line|center line)\s*(?:=|is|at|:)?\s*([-+]?\d*\.?\d+)",
            evidence.reading.remaining,
            re.IGNORECASE,
        )
        if center:
            binding.set("mean", float(center[1]), f"question[{center.start()}:{center.end()}]")
    binding.take("mean", mean)
    binding.take("sigma", evidence.scalar("sd"))
    # "limits 46-54" on a chart are control limits
    for name, role in (("ucl", "usl"), ("lcl", "lsl")):
        binding.take(name, evidence.scalar(name, role))
    if evidence.has(r"\bz[\s-]?(?:scores?|values?)\b") and "mean" not in binding.args:
        binding.set("mean", 0.0, "question")
        binding.set("sigma", 1.0, "question")
    if evidence.has(r"\bwestgard|\b1[\s-]?3s\b"):
        binding.set("rules", "westgard", "question")
        if not {"mean", "sigma"} <= binding.args.keys() and "ucl" not in binding.args:
            raise NeedsInput(
                "control rules of a laboratory need the mean and the sd of the control material",
                "what are the target mean and the sd of the control?",
            )
    elif not _chosen_rules(evidence, binding):
        _rules(evidence, binding)


_NUMBERED_RULES = re.compile(
    r"\b(?:nelson|minitab)?(?:['’]?s)?\s*(?:tests?|rules?)\s*(?:no\.?|nos\.?|numbers?|#)?\s*"
    r"([1-8](?:\s*(?:,|and|&|\+|or)\s*(?:and\s+)?#?[1-8])*)(?![\w.]*\d)(?!\s*of\b)"
)
_ZONE_RULES = re.compile(r"(?<![\w.])(2|4)\s*(?:out\s*of|outta|outa|of|/)\s*(3|5)(?![\w.]*\d)")


def _chosen_rules(evidence: Evidence, binding: Binding) -> bool:
    """Single rules by their number or by what they say: "tests 1, 2 and 5", "2 of 3 beyond 2 sigma"."""
    numbered = _NUMBERED_RULES.search(evidence.text)
    if numbered and not evidence.has(r"\bwestern|\bweco\b"):
        place = f"question[{numbered.start(1)}:{numbered.end(1)}]"
        binding.set("rules", [int(item) for item in re.findall(r"\d", numbered[1])], place)
        return True
    zones = [m for m in _ZONE_RULES.finditer(evidence.text) if int(m[1]) + 1 == int(m[2])]
    if zones:
        names = list(dict.fromkeys(f"{m[1]}_of_{m[2]}" for m in zones))
        binding.set("rules", names, f"question[{zones[0].start()}:{zones[-1].end()}]")
    return bool(zones)


BINDERS: dict[str, Binder] = {
    "control_chart": bind_control_chart,
    "runs_rules": bind_runs_rules,
}
