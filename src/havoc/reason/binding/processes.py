"""Arguments of control charts, run rules and capability."""

from __future__ import annotations

import re

from havoc.reading.counts import read_counts
from havoc.reading.question import Series
from havoc.reading.roles import Scalar
from havoc.reason.binding.evidence import (
    Binder,
    Binding,
    Evidence,
    NeedsInput,
    complete,
    complete_pairs,
    is_even_steps,
    source_of,
)
from havoc.reason.binding.mention import are_replicates

_KINDS: tuple[tuple[str, str], ...] = (
    (r"\bewma\b|exponentially weighted", "ewma"),
    (r"\bcusum\b|cumulat\w+ sums?", "cusum"),
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
_DEFECT_WORDS = r"\b(?:defects?|flaws?|nonconformit\w+|pinholes?|scratches|complaints|errors?|errs|faults?|knots|accidents?|bubbles|specks|gels|marks|blemishes|stops)\b"
_DEFECTIVE_WORDS = r"\b(?:defectives?|nonconforming|bad|rejects?|rejected|failed|leaking|scrap\w*|abandoned|broken|late|nok)\b"


def subgroups(evidence: Evidence) -> tuple[list[list[float]], str] | None:
    """Rows of measurements: one row a subgroup."""
    for table in evidence.tables:
        columns = evidence.numeric_columns(table)
        if len(columns) >= 3 and is_even_steps(columns[0]) and not is_even_steps(columns[1]):
            columns = columns[1:]
        if len(columns) >= 2 and table.header and not are_replicates(columns):
            continue
        if len(columns) >= 2 and table.rows >= 2:
            rows = [
                [value for value in row if value is not None]
                for row in zip(*(column.values for column in columns), strict=True)
            ]
            return [row for row in rows if row], table.source
    rows_found = evidence.rows()
    if len(rows_found) >= 2:
        return [row.numbers for row in rows_found], rows_found[0].source
    labelled = [item for item in evidence.reading.series if len(item.values) >= 2]
    if len(labelled) >= 3 and len({len(item.values) for item in labelled}) == 1:
        return [item.numbers for item in labelled], labelled[0].source
    return None


def measurements(evidence: Evidence, binding: Binding, *, allow_subgroups: bool = True) -> None:
    """Set data (and subgroup_size) or subgroups."""
    size = evidence.scalar("subgroup_size")
    n = evidence.scalar("n")
    if (
        size is None
        and n is not None
        and evidence.has(r"x[\s-]?bar|subgroup|\brange\b")
        and 2 <= n.value <= 25
    ):
        size = n
    grouped = subgroups(evidence) if allow_subgroups else None
    if grouped is not None and len(grouped[0]) >= 2:
        binding.set("subgroups", grouped[0], grouped[1])
        lengths = {len(row) for row in grouped[0]}
        if len(lengths) == 1 and max(lengths) == 1:
            binding.args.pop("subgroups")
            binding.set("data", [row[0] for row in grouped[0]], grouped[1])
        else:
            binding.echo(
                "{} subgroups of {} values",
                (len(grouped[0]), grouped[1]),
                (sorted(lengths), grouped[1]),
            )
        return
    series = _measurement_series(evidence)
    binding.set("data", complete(binding, series), series.source)
    if series.unit:
        binding.set("unit", series.unit, series.source)
    if size is not None and size.value >= 1:
        binding.take_count("subgroup_size", size)
        if size.value > 1 and len(series.numbers) % int(size.value):
            binding.warn(
                "{} values do not divide into subgroups of {}",
                (len(series.numbers), series.source),
                (int(size.value), source_of(size)),
            )


def _measurement_series(evidence: Evidence) -> Series:
    for table in evidence.tables:
        label = next(
            (
                column
                for column in table.columns
                if re.match(
                    r"^(?:subgroup|sg|group|sample|batch|hour)$", column.name, re.IGNORECASE
                )
            ),
            None,
        )
        if label is not None:
            break
    return evidence.one()


def chart_kind(evidence: Evidence) -> str:
    for pattern, kind in _KINDS:
        if evidence.has(pattern):
            return kind
    return "auto"


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
    _refuse_absent_kinds(evidence)
    kind = chart_kind(evidence)
    if kind == "auto" and evidence.has(_DEFECTIVE_WORDS):
        kind = "p" if _counted_columns(evidence) else "auto"
    if kind == "auto" and evidence.has(_DEFECT_WORDS):
        kind = "u" if len(_count_lists(evidence)) >= 2 else "c"
    binding.set("kind", kind, "question" if kind != "auto" else "default")
    if kind == "c" and not evidence.series():
        _from_summaries(evidence, binding, kind)
    elif kind in {"p", "np", "u", "c"}:
        _attribute(evidence, binding, kind)
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


_ABSENT_KINDS: tuple[tuple[str, str, str], ...] = (
    (
        r"\bhotelling|\bt[\s-]?squared|\bt2\b|\bmultivariate|\bjointly\b|\bmewma\b|\bcorrelated\b.{0,40}\b(?:monitor|card|chart|alarm)",
        "multivariate control charts",
        "should each characteristic get its own chart instead?",
    ),
    (
        r"\bshort[\s-]?run\b|\bdnom\b|\bz-?mr\b|deviation from nominal|nominal differs",
        "short-run charts",
        "should each part number get its own chart instead?",
    ),
    (
        r"\blaney|\bp-?prime|\bp'(?!\w)",
        "Laney charts",
        "should an ordinary p chart be drawn instead?",
    ),
    (
        r"\bg[\s-]chart|\brare[\s-]event|\bbetween (?:two |successive |each |every )?(?:bad|failures?|infections|events|defects)|\bseldom events",
        "rare-event charts",
        "should the counts per period be charted instead?",
    ),
)


def _refuse_absent_kinds(evidence: Evidence) -> None:
    """Charts of later work: said, never replaced by another chart in silence."""
    for pattern, name, ask in _ABSENT_KINDS:
        if evidence.has(pattern):
            raise NeedsInput(f"{name} are not part of this version", ask)


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
        for name in ("k", "h"):
            binding.take(name, evidence.scalar(name))
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


def _subgroup_summaries(evidence: Evidence, binding: Binding) -> bool:
    """Lists of subgroup means with their ranges or standard deviations."""
    named = {item.name.lower(): item for item in evidence.series()}
    means = next(
        (
            item
            for name, item in named.items()
            if re.search(r"\b(?:means?|averages?|x-?bars?)$", name)
        ),
        None,
    )
    spreads = next(
        (
            item
            for name, item in named.items()
            if re.search(r"\b(?:sds?|s|stdevs?|ranges?|r)$", name)
        ),
        None,
    )
    if means is None or spreads is None:
        return False
    columns = complete_pairs(binding, means, spreads)
    ranges = bool(re.search(r"ranges?|\br$", spreads.name.lower()))
    binding.set("kind", "xbar_r" if ranges else "xbar_s", "question")
    binding.set("means", columns[0], means.source)
    binding.set("ranges" if ranges else "sds", columns[1], spreads.source)
    if not binding.take_count("subgroup_size", evidence.scalar("subgroup_size", "n")):
        raise NeedsInput("the subgroup size is missing", "how many values form a subgroup?")
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
    binding.take_count("subgroup_size", size)
    if kind == "auto":
        binding.set("kind", "xbar_s" if sbar else "xbar_r", "question")


def _count_lists(evidence: Evidence) -> list[Series]:
    return [item for item in evidence.series() if len(item.values) >= 2]


def _counted_columns(evidence: Evidence) -> bool:
    return (
        len(_count_lists(evidence)) >= 2
        or evidence.scalar("n") is not None
        or len(read_counts(evidence.reading.plain)) >= 3
    )


_SIZE_NAMES = re.compile(
    r"^(?:n|sizes?|samples?|sample[\s_]?sizes?|inspected|checked|total|units?|area|m2|length|m|lots?|made|produced|calls|orders|volume)$|inspect|sample|size|total|area|m2|length|made|checked",
    re.IGNORECASE,
)


def _attribute(evidence: Evidence, binding: Binding, kind: str) -> None:
    counts = "defectives" if kind in {"p", "np"} else "defects"
    series = _count_lists(evidence)
    pairs = read_counts(evidence.reading.plain)
    if len(pairs) >= 3 and len(series) < 2:
        binding.set(counts, [float(pair.successes) for pair in pairs], "question")
        binding.set("sample_size", [float(pair.trials) for pair in pairs], "question")
        return
    couples = [item for item in series if len(item.values) == 2]
    if len(couples) == len(series) >= 3:
        binding.set(counts, [item.numbers[0] for item in couples], couples[0].source)
        binding.set("sample_size", [item.numbers[1] for item in couples], couples[0].source)
        return
    if not series:
        raise NeedsInput(
            f"a {kind} chart needs the count found in every sample",
            "how many were found in each sample, and how large was each sample?",
        )
    if len(series) >= 2:
        size = next((item for item in series if _SIZE_NAMES.search(item.name)), None)
        if size is None:
            size = (
                max(series[:2], key=lambda item: sum(item.numbers))
                if kind in {"p", "np"}
                else series[1]
            )
        found = _counts_among(evidence, [item for item in series if item is not size], kind)
        columns = complete_pairs(binding, found, size)
        binding.set(counts, columns[0], found.source)
        if kind != "c":
            binding.set("sample_size", columns[1], size.source)
        binding.echo(
            "{} are the counts, {} the sample sizes",
            (found.name or "the first list", found.source),
            (size.name or "the second list", size.source),
        )
    else:
        binding.set(counts, complete(binding, series[0]), series[0].source)
        if kind in {"p", "np", "u"}:
            size_scalar = evidence.scalar("n", "subgroup_size") or _sample_size(evidence)
            if size_scalar is None:
                raise NeedsInput(
                    f"a {kind} chart needs the number inspected in every sample",
                    "how many units were inspected in each sample?",
                )
            binding.take("sample_size", size_scalar)
    if kind in {"p", "np"}:
        sizes = binding.args["sample_size"]
        largest = max(sizes) if isinstance(sizes, list) else sizes
        if max(binding.args[counts]) > largest:
            raise NeedsInput(
                "more defectives than units inspected in at least one sample",
                "which list holds the defectives and which the sample sizes?",
            )


def _counts_among(evidence: Evidence, series: list[Series], kind: str) -> Series:
    """The counts: the list that is named, else the one named as such a chart's counts are."""
    words = set(re.findall(r"[^\W\d_]+", evidence.text.split("\n")[0]))
    for item in series:
        if item.name and set(re.findall(r"[^\W\d_]+", item.name.lower())) & words:
            return item
    pattern = _DEFECTIVE_WORDS if kind in {"p", "np"} else _DEFECT_WORDS
    return next((item for item in series if re.search(pattern, item.name.lower())), series[0])


def _sample_size(evidence: Evidence) -> Scalar | None:
    """ "30 samples of 50 cans", "8 samples of each 200", "100 per day"."""
    sized = [
        item
        for item in evidence.singles()
        if item.value == int(item.value)
        and item.value >= 1
        and (
            re.search(
                r"(?:of|each|every|per|constant|always|fixed)\s*(?:size\s*)?$",
                evidence.before(item, 12),
            )
            or re.match(
                r"\s*(?:\w+\s+)?(?:per|a|each|inspected|checked|units|cans|parts|pieces|boards)\b",
                evidence.after(item),
            )
        )
    ]
    return sized[0] if sized else None


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
            r"\b(?:cl|centre|center|mean line|centre line|center line)\s*(?:=|is|at|:)?\s*([-+]?\d*\.?\d+)",
            evidence.reading.remaining,
            re.IGNORECASE,
        )
        if center:
            binding.set("mean", float(center[1]), f"question[{center.start()}:{center.end()}]")
    binding.take("mean", mean)
    binding.take("sigma", evidence.scalar("sd"))
    binding.take("ucl", evidence.scalar("ucl"))
    binding.take("lcl", evidence.scalar("lcl"))
    if evidence.has(r"\bz[\s-]?(?:scores?|values?)\b") and "mean" not in binding.args:
        binding.set("mean", 0.0, "question")
        binding.set("sigma", 1.0, "question")
    if evidence.has(r"\bwestgard|\b1[\s-]?3s\b"):
        binding.set("rules", "westgard", "question")
    else:
        _rules(evidence, binding)


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
    has_data = bool(evidence.series()) or grouped is not None
    if has_data:
        if grouped is not None and (
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


BINDERS: dict[str, Binder] = {
    "control_chart": bind_control_chart,
    "runs_rules": bind_runs_rules,
    "capability": bind_capability,
}
