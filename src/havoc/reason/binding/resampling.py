"""Arguments of bootstrap intervals, permutation tests, posteriors and adjusted p-values."""

from __future__ import annotations

import re

from havoc.reading.number_pieces import APART, UNSIGNED
from havoc.reading.question import Series
from havoc.reason.binding import pairs, proportions
from havoc.reason.binding.arguments import Binding, NeedsInput
from havoc.reason.binding.direction import names_of, set_direction, two_sample_direction
from havoc.reason.binding.evidence import Binder, Evidence
from havoc.reason.binding.groups import bind_groups
from havoc.reason.binding.lists import complete, complete_pairs
from havoc.reason.binding.means import paired_columns, pass_unit, two_samples

_NUM = rf"{APART}({UNSIGNED})"
_PAIRED = (
    r"\bpaired\b|\bsign[\s-]?flip|\bmatched\b|\b(?:same|each|every)\s+(?:\w+\s+)?"
    r"(?:parts?|pieces?|units?|subjects?|patients?|samples?|specimens?|boys?|plants?)\b"
)
_CORRELATION = r"\bcorrelat\w*"
_TWO = r"\bdifferen\w*|\bdiffers?\b|\bcompar\w*|\bbetween\b|\bversus\b|\bvs\b|\bratio\b|\bthan\b"


def bind_bootstrap_interval(evidence: Evidence, binding: Binding) -> None:
    if evidence.has(_CORRELATION):
        _columns(evidence, binding)
        binding.set("statistic", "correlation", "question")
    elif len(evidence.series()) >= 2 and evidence.has(_TWO):
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
        series = evidence.one()
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
    _count(
        evidence, binding, "resamples", r"resampl\w*|replicat\w*|bootstrap\s+samples|repetitions"
    )
    _seed(evidence, binding)


def _one_statistic(evidence: Evidence, binding: Binding) -> None:
    quantile = re.search(
        rf"{_NUM}\s*+(?:st|nd|rd|th|%)?[\s-]*+(?:percentile|quantile)|\bquantile\s+(?:of\s+)?{_NUM}",
        evidence.text,
    )
    if quantile:
        value = float(quantile[1] or quantile[2])
        binding.set("statistic", "quantile", "question")
        binding.set("probability", value / 100 if value >= 1 else value, "question")
    elif evidence.has(r"\bp?pk\b|\bcpk\b|\bcapability\b"):
        binding.set("statistic", "cpk", "question")
        low, high = evidence.scalar("lsl", "minimum"), evidence.scalar("usl", "maximum")
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
    found = pairs.pair(evidence)
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


def _count(evidence: Evidence, binding: Binding, name: str, words: str) -> None:
    found = re.search(
        rf"(?<!\d)(\d{{1,3}}(?:,\d{{3}})++|\d++)\s++(?:bootstrap\s++|random\s++)?(?:{words})",
        evidence.text,
    ) or re.search(r"\b[br]\s*=\s*(\d+)", evidence.text)
    if found:
        binding.set(
            name, int(found[1].replace(",", "")), f"question[{found.start()}:{found.end()}]"
        )


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
    evidence.alpha(binding)
    _count(evidence, binding, "permutations", r"permutations?|relabel\w*|shuffl\w*|resampl\w*")
    _seed(evidence, binding)


def bind_bayes_two_sample(evidence: Evidence, binding: Binding) -> None:
    if evidence.has(_PAIRED):
        paired_columns(evidence, binding)
        binding.set("paired", True, "question")
    else:
        two_samples(evidence, binding)
    if evidence.has(r"\bweakly[\s-]informative|\binformative\s+prior"):
        binding.set("prior", "weakly_informative", "question")
    rope = re.search(
        rf"\brope\b\s*(?:of|is|=|:|within)?\s*(?:±|\+/?-|\+-)?\s*{_NUM}"
        rf"|(?:±|\+/-|\+-)\s*{_NUM}",
        evidence.text,
    )
    if rope:
        binding.set("rope", float(rope[1] or rope[2]), f"question[{rope.start()}:{rope.end()}]")
    scale = re.search(rf"\b(?:r?scale|cauchy)\s*(?:of|is|=|:|width)?\s*{_NUM}", evidence.text)
    if scale:
        binding.set("prior_scale", float(scale[1]), f"question[{scale.start()}:{scale.end()}]")
    if evidence.has(r"\bpooled\b|\bequal\s+varian"):
        binding.set("equal_var", True, "question")
    _confidence(evidence, binding)


def bind_bayes_proportions(evidence: Evidence, binding: Binding) -> None:
    prior = re.search(rf"\bbeta\s*\(\s*{_NUM}\s*[,;]\s*{_NUM}\s*\)", evidence.text)
    counted = Binding(operation=binding.operation)
    two = len(proportions.counts_of(evidence)) >= 2
    (proportions.bind_proportion_two if two else proportions.bind_proportion_one)(evidence, counted)
    if counted.operation != binding.operation:
        raise NeedsInput(
            "this compares one or two proportions", "which two groups should be compared?"
        )
    renamed = {"successes": "successes1", "trials": "trials1"}
    for name, value in counted.args.items():
        if name not in ("alpha", "alternative"):
            binding.set(renamed.get(name, name), value, counted.provenance.get(name, ""))
    if not two and "p0" not in binding.args:
        given = re.search(
            rf"\b(?:above|below|over|under|exceeds?|(?:more|less|higher|lower)\s+than)\s+{_NUM}\s*(%)?",
            evidence.text,
        )
        value = float(given[1]) / (100 if given[2] else 1) if given else 0.0
        if given and 0 < value < 1:
            binding.set("p0", value, f"question[{given.start()}:{given.end()}]")
    if prior:
        source = f"question[{prior.start()}:{prior.end()}]"
        binding.set("prior_a", float(prior[1]), source)
        binding.set("prior_b", float(prior[2]), source)
        if binding.args.get("p0") in (float(prior[1]), float(prior[2])):
            binding.args.pop("p0")
    elif evidence.has(r"\b(?:uniform|flat)\s+prior"):
        binding.set("prior", "uniform", "question")
    _confidence(evidence, binding)


_ADJUSTMENTS = (
    (r"\bhochberg\b(?<!benjamini-hochberg)(?<!benjamini hochberg)", "hochberg"),
    (r"\bhommel", "hommel"),
    (r"\byekutieli|\bby\b\s+(?:procedure|method|adjust)", "benjamini_yekutieli"),
    (r"\bbenjamini|\bfdr\b|\bfalse[\s-]discovery|\bb-?h\b", "benjamini_hochberg"),
    (r"\bholm[\s-]+[sš]id[aá]k", "holm_sidak"),
    (r"\bholm", "holm"),
    (r"\b[sš]id[aá]k", "sidak"),
    (r"\bbonf", "bonferroni"),
)


def bind_p_value_adjustment(evidence: Evidence, binding: Binding) -> None:
    values = _p_values(evidence)
    if len(values.numbers) < 2:
        raise NeedsInput("the p-values are missing", "which p-values should be adjusted?")
    wrong = [value for value in values.numbers if not 0 <= value <= 1]
    if wrong:
        raise NeedsInput(
            f"{wrong[0]:g} is no p-value, it must lie between 0 and 1",
            "which p-values should be adjusted?",
        )
    binding.set("p_values", complete(binding, values), values.source)
    for table in evidence.tables:
        labels = evidence.text_columns(table)
        if labels and len(labels[0].values) == len(values.values):
            binding.set("names", [str(value) for value in labels[0].values], table.source)
            break
    for pattern, method in _ADJUSTMENTS:
        if evidence.has(pattern):
            binding.set("method", method, "question")
            break
    evidence.alpha(binding)


def _p_values(evidence: Evidence) -> Series:
    """The list (or column) of the p-values; several single numbers below one do as well."""
    series = evidence.series()
    named = [
        item for item in series if re.match(r"^p(?:[\s_-]?val\w*)?$", item.name, re.IGNORECASE)
    ]
    if named:
        return named[0]
    inside = [item for item in series if all(0 <= value <= 1 for value in item.numbers)]
    if inside:
        return max(inside, key=lambda item: len(item.values))
    if series:
        return series[0]
    alpha = evidence.scalar("alpha")
    singles = [
        item
        for item in evidence.singles()
        if 0 <= item.value <= 1 and (alpha is None or item.start != alpha.start)
    ]
    source = f"question[{singles[0].start}:{singles[-1].end}]" if singles else ""
    return Series(name="", values=[item.value for item in singles], source=source)


BINDERS: dict[str, Binder] = {
    "bootstrap_interval": bind_bootstrap_interval,
    "permutation_test": bind_permutation_test,
    "bayes_two_sample": bind_bayes_two_sample,
    "bayes_proportions": bind_bayes_proportions,
    "p_value_adjustment": bind_p_value_adjustment,
}
