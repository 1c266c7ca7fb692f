"""Arguments of bootstrap intervals, permutation tests, posteriors."""

from __future__ import annotations

import re

from havoc.reading.counts import CountPair, read_counts
from havoc.reading.listed_columns import ListedColumn, read_listed_columns
from havoc.reading.number_pieces import APART, UNSIGNED
from havoc.reading.question import Series
from havoc.reason.binding import pairs as point_pairs
from havoc.reason.binding import proportions
from havoc.reason.binding.arguments import Binding, NeedsInput
from havoc.reason.binding.direction import names_of, set_direction, two_sample_direction
from havoc.reason.binding.evidence import Binder, Evidence
from havoc.reason.binding.groups import bind_groups
from havoc.reason.binding.lists import complete, complete_pairs
from havoc.reason.binding.margins import (
    practical_margin,
    set_lone_alpha,
    set_lone_confidence,
)
from havoc.reason.binding.means import paired_columns, pass_unit, two_samples
from havoc.reason.binding.several_proportions import counted_groups, counted_names

_NUM = rf"{APART}({UNSIGNED})"
_PAIRED = (
    r"\bpaired\b|\bsign[\s-]?flip|\bmatched\b|\b(?:same|each|every)\s+(?:\w+\s+)?"
    r"(?:parts?|pieces?|units?|subjects?|patients?|samples?|specimens?|boys?|plants?|users?|people"
    r"|operators?|nurses?|plasma|items?|boards?|cars?|lots?|batches)\b|\bpair-?wise\b|\bthe\s+pairs\b"
)
_CORRELATION = r"\bcorrelat\w*|\bpearson\b|\bthe\s+r\b(?!\s*[/&])|\bof\s+r\b|(?:^|\n)\s*r\s+with\b"
_NOT_OFFERED = (
    r"\b(slopes?|intercepts?|regression\s+coefficients?|rsd|cv|coefficient\s+of\s+variation"
    r"|skewness|kurtosis|trimmed\s+means?)\b"
)
_TWO = r"\bapart\b|\bdifferen\w*|\bdiffers?\b|\bcompar\w*|\bbetween\b|\bversus\b|\bvs\b|\bratio\b|\bthan\b"


def bind_bootstrap_interval(evidence: Evidence, binding: Binding) -> None:
    other = re.search(_NOT_OFFERED, evidence.text)
    if other:
        raise NeedsInput(
            f"the bootstrap has no interval for {other[1]}",
            "do you want the mean, median, standard deviation, a quantile, Cpk, a difference or "
            "ratio of two means, or a correlation instead?",
        )
    if evidence.has(_CORRELATION):
        _columns(evidence, binding)
        binding.set("statistic", "correlation", "question")
    elif len(evidence.series()) >= 2 and (evidence.has(_TWO) or _are_two_lists(evidence)):
        if evidence.has(_PAIRED):
            paired_columns(evidence, binding)
            binding.set("paired", True, "question")
        else:
            two_samples(evidence, binding)
        kind = "difference_of_means"
        if evidence.has(r"\bratio\b"):
            kind = "ratio_of_means"
        elif evidence.has(r"\bmedians?\b"):
            kind = "difference_of_medians"
        binding.set("statistic", kind, "question")
    else:
        series = _whole_list(evidence) or evidence.one()
        binding.set("data", complete(binding, series), series.source)
        if series.name:
            binding.set("name", series.name, series.source)
        pass_unit(binding, series)
        _one_statistic(evidence, binding)
    for pattern, interval in (
        (r"\bbca\b|bias[\s-]corrected", "bca"),
        (r"\bstudenti[sz]ed\b|\bbootstrap[\s-]t\b", "studentised"),
        (r"\bbasic\s+(?:bootstrap|interval|method)|\bbasic\b[^.?]{0,20}\bbootstrap", "basic"),
        (r"\bpercentile\s+(?:bootstrap|interval|method|ci\b|confidence)", "percentile"),
    ):
        if evidence.has(pattern):
            binding.set("interval", interval, "question")
            break
    else:
        if "probability" not in binding.args and evidence.has(r"\bpercentile\b"):
            binding.set("interval", "percentile", "question")
    _confidence(evidence, binding)
    set_lone_confidence(binding, evidence.text)
    _count(
        evidence,
        binding,
        "resamples",
        r"resampl\w*|re-?draws?|draws|boots?\b|replicat\w*|bootstrap\s+samples|repetitions",
    )
    _seed(evidence, binding)


def _are_two_lists(evidence: Evidence) -> bool:
    """Exactly two lists in the text, each long enough for a sample."""
    series = evidence.series()
    return not evidence.tables and len(series) == 2 and all(len(s.values) > 3 for s in series)


_LIMITS = re.compile(
    rf"\b(?:cpk|limits?|spec\w*|tolerance)\b[^\d.;:\n]{{0,20}}{_NUM}\s*(?:-|–|to|/|\.\.+)\s*{_NUM}(?![\w.]*\d)"
)


def _whole_list(evidence: Evidence) -> Series | None:
    """The one list of the text, with a first value that a word before it took for its own."""
    listed = [] if evidence.tables else read_listed_columns(evidence.reading.plain)
    series = evidence.series()
    if len(listed) != 1 or len(series) != 1:
        return None
    only = listed[0]
    values: list[float | None] = [value for value in only.values if isinstance(value, float)]
    if values[1:] != series[0].values:
        return None
    source = f"question[{only.start}:{only.end}]"
    return Series(name=series[0].name, values=values, source=source, unit=series[0].unit)


_OF_TEN = re.compile(r"(?<![\w.])([1-9]\d?)\s+(?:out\s+)?of\s+(?:every\s+)?(10|20|100)\b")


def _one_statistic(evidence: Evidence, binding: Binding) -> None:
    quantile = re.search(
        rf"{_NUM}\s*+(?:st|nd|rd|th|%)?[\s-]*+(?:percentile|pctl|quantile)|\bquantile\s+(?:of\s+)?{_NUM}",
        evidence.text,
    )
    if quantile:
        value = float(quantile[1] or quantile[2])
        binding.set("statistic", "quantile", "question")
        binding.set("probability", value / 100 if value >= 1 else value, "question")
    elif evidence.has(r"\b(?:upper|third|lower|first)\s+quartile|\bq[13]\b"):
        upper = evidence.has(r"\b(?:upper|third)\s+quartile|\bq3\b")
        binding.set("statistic", "quantile", "question")
        binding.set("probability", 0.75 if upper else 0.25, "question")
    elif (share := _OF_TEN.search(evidence.text)) and int(share[1]) < int(share[2]):
        binding.set("statistic", "quantile", "question")
        place = f"question[{share.start()}:{share.end()}]"
        binding.set("probability", int(share[1]) / int(share[2]), place)
    elif evidence.has(r"\bp?pk\b|\bcpk\b|\bcapability\b"):
        binding.set("statistic", "cpk", "question")
        low, high = evidence.scalar("lsl", "minimum"), evidence.scalar("usl", "maximum")
        span = _LIMITS.search(evidence.text)
        if low is None and high is None and span and float(span[1]) < float(span[2]):
            for limit, group in (("lsl", 1), ("usl", 2)):
                place = f"question[{span.start(group)}:{span.end(group)}]"
                binding.set(limit, float(span[group]), place)
            return
        if low is None and high is None:
            raise NeedsInput(
                "the specification limits are missing", "what are the limits (LSL and USL)?"
            )
        binding.take("lsl", low)
        binding.take("usl", high)
    else:
        for pattern, name in (
            (r"\bmedian\b", "median"),
            (r"\bstandard deviation|\bst\.?\s?dev|\bsd\b|\bsigma\b", "sd"),
        ):
            if evidence.has(pattern):
                binding.set("statistic", name, "question")
                return
        binding.set(
            "statistic", "mean", "question" if evidence.has(r"\bmean|average") else "default"
        )


def _columns(evidence: Evidence, binding: Binding) -> None:
    listed = [] if evidence.tables else read_listed_columns(evidence.reading.plain)
    found = point_pairs.pair(evidence)
    if len(listed) == 2 and all(item.numeric for item in listed):
        found = _as_series(listed[0]), _as_series(listed[1])
    first, second = found if found is not None else evidence.pair()
    columns = complete_pairs(binding, first, second)
    binding.set("x", columns[0], first.source)
    binding.set("y", columns[1], second.source)
    if first.name and second.name:
        names_of(binding, first, second)
    binding.echo(
        "{} pairs: {} with {}",
        (len(columns[0]), first.source),
        (first.name or "first", first.source),
        (second.name or "second", second.source),
    )


def _as_series(item: ListedColumn) -> Series:
    return Series(
        name=item.name,
        values=[value for value in item.values if isinstance(value, float)],
        source=f"question[{item.start}:{item.end}]",
        unit=item.unit,
    )


def _count(evidence: Evidence, binding: Binding, name: str, words: str) -> None:
    found = re.search(
        rf"(?<!\d)(\d{{1,3}}(?:,\d{{3}})++|\d++)\s++(?:bootstrap\s++|random\s++)?(?:{words})"
        r"|(?<![\w.])(\d{3,7})\s*(?:x\b|times\b|[,;/]\s*seed\b)|\b[br]\s*=\s*(\d+)",
        evidence.text,
    )
    if found:
        written = next(group for group in found.groups() if group)
        place = f"question[{found.start()}:{found.end()}]"
        binding.set(name, int(written.replace(",", "")), place)


def _confidence(evidence: Evidence, binding: Binding) -> None:
    """Also "90 % bootstrap confidence interval", with words between figure and noun."""
    found = re.search(
        r"(?<![\d.])(\d{2}(?:\.\d+)?)\s*%\s*(?:[a-z\-]+\s+){0,3}?(?:confidence|credible|ci\b|hdi\b|interval)",
        evidence.text,
    )
    if found and float(found[1]) >= 50:
        binding.set("confidence", float(found[1]) / 100, f"question[{found.start()}:{found.end()}]")
    else:
        evidence.confidence(binding)


def _seed(evidence: Evidence, binding: Binding) -> None:
    found = re.search(r"\bseed\s*(?:=|:|of|is)?\s*(\d{1,9})", evidence.text)
    if found:
        binding.set("seed", int(found[1]), f"question[{found.start()}:{found.end()}]")


_ONE_SIDED = r"\bone[\s-]+(?:sided|tailed)\b"


def bind_permutation_test(evidence: Evidence, binding: Binding) -> None:
    if evidence.has(_CORRELATION):
        _columns(evidence, binding)
    elif evidence.has(_PAIRED):
        names = paired_columns(evidence, binding)
        binding.set("paired", True, "question")
        set_direction(binding, two_sample_direction(evidence, *names))
    elif len(evidence.groups()) > 2:
        bind_groups(evidence, binding)
        binding.args.pop("unit", None)
    else:
        names = two_samples(evidence, binding)
        if not isinstance(binding.args["group1"], list):
            raise NeedsInput("relabelling needs the values", "which values were measured?")
        if evidence.has(r"\bmedians?\b"):
            binding.set("statistic", "difference_of_medians", "question")
        set_direction(binding, two_sample_direction(evidence, *names))
        sign = re.search(r"\d\s*([<>])\s*[a-z]", evidence.text)
        if sign and "alternative" not in binding.args and evidence.has(_ONE_SIDED):
            set_direction(binding, "greater" if sign[1] == ">" else "less")
    evidence.alpha(binding)
    set_lone_alpha(binding, evidence.text)
    _count(
        evidence,
        binding,
        "permutations",
        r"permutations?|relabel\w*|re-?shuffl\w*|shuffl\w*|resampl\w*",
    )
    _seed(evidence, binding)


_PRIOR_KNOWN = re.compile(
    rf"\bprior\b[^.\n\d]{{0,30}}?\bmean\s*(?:of|is|=|:)?\s*{_NUM}[^.\n\d]{{0,24}}?"
    rf"\b(?:sd|s|sigma|standard\s+deviation)\s*(?:of|is|=|:)?\s*{_NUM}"
)


def bind_bayes_two_sample(evidence: Evidence, binding: Binding) -> None:
    if evidence.has(_PAIRED):
        paired_columns(evidence, binding)
        binding.set("paired", True, "question")
    else:
        two_samples(evidence, binding)
    known = _PRIOR_KNOWN.search(evidence.text)
    if known:
        place = f"question[{known.start()}:{known.end()}]"
        binding.set("prior", "weakly_informative", place)
        binding.set("prior_mean", float(known[1]), place)
        binding.set("prior_sd", float(known[2]), place)
    elif evidence.has(r"\bweakly[\s-]informative|\binformative\s+prior"):
        binding.set("prior", "weakly_informative", "question")
    _rope(evidence, binding)
    scale = re.search(rf"\b(?:r?scale|cauchy|jzs)\s*(?:of|is|=|:|width)?\s*{_NUM}", evidence.text)
    if scale:
        binding.set("prior_scale", float(scale[1]), f"question[{scale.start()}:{scale.end()}]")
    if evidence.has(
        r"\bpooled\b|\b(?:equal|same|common|one)\s+(?:varian|sigma|spread|standard\s+dev|sd\b)"
    ):
        binding.set("equal_var", True, "question")
    if evidence.has(_ONE_SIDED) or evidence.has(r"\bbayes\s+factor\s+(?:for|that)\b"):
        names = binding.args.get("name1", ""), binding.args.get("name2", "")
        set_direction(binding, two_sample_direction(evidence, *names))
    _confidence(evidence, binding)
    set_lone_confidence(binding, evidence.text)


def _taken(evidence: Evidence, binding: Binding) -> list[tuple[int, int]]:
    """Places of the lists and of the arguments so far."""
    taken = [
        (item.start, item.end)
        for block in evidence.reading.blocks
        for item in block.lists
        if len(item.values) > 2
    ]
    for source in binding.provenance.values():
        taken += [(int(a), int(b)) for a, b in re.findall(r"question\[(\d+):(\d+)\]", source)]
    return taken


def _rope(evidence: Evidence, binding: Binding) -> None:
    """The range of differences that do not matter, where the question says one."""
    margin = practical_margin(evidence.reading.plain, _taken(evidence, binding))
    if margin is None:
        return
    shares = binding.operation == "bayes_proportions"
    scale = 100 if shares and (margin.percent or margin.high >= 1) else 1
    low, high = round(margin.low / scale, 9), round(margin.high / scale, 9)
    if low == -high:
        binding.set("rope", high, margin.source)
    elif not shares:
        binding.set("rope_low", low, margin.source)
        binding.set("rope_high", high, margin.source)


def _shapes(evidence: Evidence) -> re.Match[str] | None:
    """A beta prior: "beta(2, 18)", "(a = 2, b = 198)", "put that in (3,97)"."""
    return re.search(
        rf"\bbeta\s*\(\s*{_NUM}\s*[,;]\s*{_NUM}\s*\)"
        rf"|\ba\s*=\s*{_NUM}\s*(?:,|;|and)\s*b\s*=\s*{_NUM}"
        rf"|\(\s*{_NUM}\s*[,;]\s*{_NUM}\s*\)",
        evidence.reading.text.lower(),
    )


def _counted(evidence: Evidence, shapes: tuple[float, float] | None) -> list[CountPair]:
    """Counts out of trials; earlier counts that only say what the prior is worth are left out."""
    tabled = counted_groups(evidence)
    if tabled:
        return tabled
    text = _ONE_OF.sub("1  ", evidence.reading.plain)
    both = _BOTH_OF.search(text)
    if both:
        return [
            CountPair(
                successes=int(both[k]), trials=int(both[3]), start=both.start(k), end=both.end(k)
            )
            for k in (1, 2)
        ]
    pairs = read_counts(text)
    if not pairs and (none := _NONE_OF.search(text)):
        pairs = [CountPair(successes=0, trials=int(none[1]), start=none.start(), end=none.end())]
    if shapes is not None and len(pairs) > 1:
        worth = (shapes[0], shapes[0] + shapes[1])
        pairs = [
            pair
            for pair in pairs
            if (pair.successes, pair.trials) not in (worth, (shapes[0], shapes[1]))
        ]
    return pairs


_ONE_OF = re.compile(r"\bone(?=\s+(?:[a-z]+\s+){0,3}(?:out\s+of|of|in)\s+\d)", re.IGNORECASE)
_BOTH_OF = re.compile(
    r"(?<![\w.,/])(?<!of )(?<!in )(\d{1,9})\s*(?:vs\.?|versus|and|against)\s*(\d{1,9})\s+(?:per|(?:out\s+)?of|in)\s+(?:each\s+)?(\d{1,9})(?![\w.]*\d)"
)
_NONE_OF = re.compile(
    r"(?<![\w.])(\d{1,9})\s+(?:[a-z][\w\-]*\s+){1,6}(?:and\s+)?(?:none|no\s+[a-z]+|zero|not\s+one)\b",
    re.IGNORECASE,
)


def bind_bayes_proportions(evidence: Evidence, binding: Binding) -> None:
    prior = _shapes(evidence)
    shapes = None
    if prior:
        first, second = (float(figure) for figure in prior.groups() if figure)
        shapes = first, second
    counted = Binding(operation=binding.operation)
    pairs = [proportions.possible(pair) for pair in _counted(evidence, shapes)]
    two = len(pairs) >= 2
    if len(pairs) > 2:
        raise NeedsInput(
            "this compares one or two proportions", "which two groups should be compared?"
        )
    if two:
        for index, pair in enumerate(pairs, start=1):
            counted.set(f"successes{index}", pair.successes, pair.source)
            counted.set(f"trials{index}", pair.trials, pair.source)
        names = counted_names(evidence) or proportions.count_names(evidence, pairs)
        counted.set("name1", names[0], pairs[0].source)
        counted.set("name2", names[1], pairs[1].source)
    elif pairs and (shapes is not None or pairs[0].successes == 0):
        counted.set("successes1", pairs[0].successes, pairs[0].source)
        counted.set("trials1", pairs[0].trials, pairs[0].source)
    else:
        proportions.bind_proportion_one(evidence, counted)
    renamed = {"successes": "successes1", "trials": "trials1"}
    for name, value in counted.args.items():
        if name not in ("alpha", "alternative"):
            binding.set(renamed.get(name, name), value, counted.provenance.get(name, ""))
    if not two and "p0" not in binding.args:
        given = re.search(
            rf"(?:\b(?:above|below|over|under|exceeds?|(?:more|less|higher|lower)\s+than|target(?:\s+value)?|the)|[<>≤≥])\s*+{_NUM}\s*(%)?",
            evidence.text,
        )
        value = float(given[1]) / (100 if given[2] else 1) if given else 0.0
        if given and 0 < value < 1:
            binding.set("p0", value, f"question[{given.start()}:{given.end()}]")
    if prior and shapes:
        source = f"question[{prior.start()}:{prior.end()}]"
        binding.set("prior_a", shapes[0], source)
        binding.set("prior_b", shapes[1], source)
        if binding.args.get("p0") in shapes:
            binding.args.pop("p0")
    elif evidence.has(r"\b(?:uniform|flat)\s+prior"):
        binding.set("prior", "uniform", "question")
    if two:
        _rope(evidence, binding)
    _confidence(evidence, binding)
    set_lone_confidence(binding, evidence.text)


BINDERS: dict[str, Binder] = {
    "bootstrap_interval": bind_bootstrap_interval,
    "permutation_test": bind_permutation_test,
    "bayes_two_sample": bind_bayes_two_sample,
    "bayes_proportions": bind_bayes_proportions,
}
