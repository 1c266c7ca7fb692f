"""Counts of defects and of defective units, with the sizes of their samples."""

from __future__ import annotations

import re

from havoc.reading.counts import read_counts
from havoc.reading.question import Series
from havoc.reading.roles import Scalar
from havoc.reason.binding.arguments import Binding, NeedsInput
from havoc.reason.binding.evidence import Evidence
from havoc.reason.binding.lists import complete, complete_pairs

DEFECT_WORDS = r"\b(?:defects?|flaws?|nonconformit\w+|pinholes?|scratches|complaints|errors?|errs|faults?|knots|accidents?|bubbles|specks|gels|marks|blemishes|stops)\b"
DEFECTIVE_WORDS = r"\b(?:defectives?|nonconforming|bad|rejects?|rejected|fail(?:ed|s|ures?)?|leak(?:ing|ers?|s)|duds?|contaminated|cracked|returned|scrap\w*|abandoned|broken|late|nok|ng|faulty|dropouts?|rework\w*)\b"


def count_lists(evidence: Evidence) -> list[Series]:
    return [item for item in evidence.series() if len(item.values) >= 2]


def are_counted_columns(evidence: Evidence) -> bool:
    return (
        len(count_lists(evidence)) >= 2
        or evidence.scalar("n") is not None
        or len(read_counts(evidence.reading.plain)) >= 3
    )


_PAIR = re.compile(
    r"(?<![\w.,/\-])(?P<count>\d{1,7})\s*(?P<words>(?:[a-z]+\s+){0,2}?)(?P<join>out\s+of|of|in|on|per|over|from|/)\s*"
    r"(?P<size>(?:\d{1,7}(?:\.\d+)?|\.\d+)(?:e\d{1,2})?)(?P<scale>k\b|m(?:illion|io|il)?\b(?!\s*[²2]))?(?![\d./]*\d|\s*%)",
    re.IGNORECASE,
)
_LEAST_PAIRS = 3


def count_pairs(text: str) -> list[re.Match[str]]:
    """ "12 mistakes in 10 orders, 9 in 8, 15 in 12": counts with the size of their samples."""
    pairs = list(_PAIR.finditer(text))
    joins = {"of" if pair["join"].lower().endswith(("of", "/")) else pair["join"].lower() for pair in pairs}  # fmt: skip
    return pairs if len(pairs) >= _LEAST_PAIRS and len(joins) == 1 else []


def are_shares(pairs: list[re.Match[str]], defective: bool) -> bool:
    """Units out of units ("14 of 500"), rather than defects on an area ("5 on 120 m")."""
    return all(
        (pair["join"].lower().endswith(("of", "/")) or defective)
        and (int(pair["count"]) <= float(pair["size"]) or pair["scale"] is not None)
        for pair in pairs
    )


def size_of(pair: re.Match[str], evidence: Evidence) -> float:
    """The size of a sample: "3.1k" is 3100, and "1.2M" stays where rates are told per million."""
    scale = (pair["scale"] or "").lower()[:1]
    if scale == "m" and evidence.has(r"\bper\s+million\b|\bppm\b"):
        scale = ""
    return round(float(pair["size"]) * {"k": 1e3, "m": 1e6}.get(scale, 1.0), 9)


def sized_columns(evidence: Evidence) -> tuple[Series, Series] | None:
    """Two lists of whole numbers of which one is the number inspected: (counts, sizes)."""
    series = count_lists(evidence)
    if len(series) != 2 or len(series[0].values) != len(series[1].values):
        return None
    if any(value != int(value) or value < 0 for item in series for value in item.numbers):
        return None
    for size, counts in (series, series[::-1]):
        name = re.escape(size.name.lower().rstrip("s"))
        if not name:
            continue
        seen = r"(?:inspected|checked|tested|examined|produced|made)"
        if _INSPECTED_NAME.search(size.name) or evidence.has(
            rf"\bper\s+{name}|\b{name}s?\s+(?:were\s+)?{seen}\b|\b{seen}\s+{name}"
        ):
            return counts, size
    return None


_INSPECTED_NAME = re.compile(
    r"inspect|tested|checked|examined|sampled|produced|\bmade\b|^n$|sample.?size", re.IGNORECASE
)
_SIZE_NAMES = re.compile(
    r"^(?:n|sizes?|samples?|sample[\s_]?sizes?|inspected|checked|total|units?|area|m2|length|m|lots?|made|produced|calls|orders|volume)$|inspect|sample|size|total|area|m2|length|made|checked",
    re.IGNORECASE,
)


def counted_samples(evidence: Evidence, binding: Binding, kind: str) -> None:
    counts = "defectives" if kind in {"p", "np"} else "defects"
    series = count_lists(evidence)
    pairs = read_counts(evidence.reading.plain)
    written = count_pairs(evidence.reading.plain)
    if written and not evidence.tables:
        place = f"question[{written[0].start()}:{written[-1].end()}]"
        binding.set(counts, [float(pair["count"]) for pair in written], place)
        binding.set("sample_size", [size_of(pair, evidence) for pair in written], place)
        return
    sized = sized_columns(evidence)
    if sized is not None and kind != "c":
        columns = complete_pairs(binding, *sized)
        binding.set(counts, columns[0], sized[0].source)
        binding.set("sample_size", columns[1], sized[1].source)
        binding.echo(
            "{} are the counts, {} the sample sizes",
            (sized[0].name, sized[0].source),
            (sized[1].name, sized[1].source),
        )
        return
    if len(pairs) >= 3 and len(series) < 2:
        binding.set(counts, [float(pair.successes) for pair in pairs], "question")
        binding.set("sample_size", [float(pair.trials) for pair in pairs], "question")
        return
    couples = [item for item in series if len(item.values) == 2]
    if len(couples) == len(series) >= 3:
        binding.set(counts, [item.numbers[0] for item in couples], couples[0].source)
        binding.set("sample_size", [item.numbers[1] for item in couples], couples[0].source)
        return
    if not series and _from_a_rate(evidence, binding, kind):
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
            size_scalar = evidence.scalar("n", "subgroup_size") or sample_size(evidence)
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


_MEAN_SHARE = re.compile(
    r"(?<![\w.])(\d{1,2}(?:\.\d+)?|\.\d+)\s*(?:%|percent|pct)\s*(?:[a-z]+\s+)?(?:bad|defectives?|nonconforming|rejects?|rejected|scrap|average|on\s+average)\b"
    r"|\b(?:average|mean|avg\.?)\s+(?:fraction\s+|share\s+|rate\s+)?(?:defective\s+|nonconforming\s+|rejected\s+)?(?:of|is|=|:)?\s*(\d{1,2}(?:\.\d+)?|\.\d+)\s*(?:%|percent|pct)"
)
_MEAN_RATE = re.compile(
    r"(?<![\w.])(\d{1,6}(?:\.\d+)?|\.\d+)\s+(?:[a-z]+\s+){1,2}per\s+(?:unit|board|piece|panel|m2|sample|car|part)\b"
)


def _from_a_rate(evidence: Evidence, binding: Binding, kind: str) -> bool:
    """Limits from a mean share or a mean rate and the size of the samples, without counts."""
    role = "ubar" if kind == "u" else "pbar"
    given, size = (
        evidence.scalar(role),
        evidence.scalar("n", "subgroup_size") or sample_size(evidence),
    )
    told = (_MEAN_RATE if kind == "u" else _MEAN_SHARE).search(evidence.text)
    if kind == "c" or size is None or (given is None and told is None):
        return False
    if given is not None:
        binding.take(role, given, fraction=kind != "u")
    elif told is not None:
        group = told.lastindex or 1
        value = float(told[group]) / (1 if kind == "u" else 100)
        place = f"question[{told.start(group)}:{told.end(group)}]"
        binding.set(role, round(value, 12), place)
    binding.take("sample_size", size)
    return True


def _counts_among(evidence: Evidence, series: list[Series], kind: str) -> Series:
    """The counts: the list that is named, else the one named as such a chart's counts are."""
    words = set(re.findall(r"[^\W\d_]+", evidence.text.split("\n")[0]))
    for item in series:
        if item.name and set(re.findall(r"[^\W\d_]+", item.name.lower())) & words:
            return item
    pattern = DEFECTIVE_WORDS if kind in {"p", "np"} else DEFECT_WORDS
    return next((item for item in series if re.search(pattern, item.name.lower())), series[0])


_CONSTANT = re.compile(
    r"\b(?:test(?:s|ed)?|check(?:s|ed)?|inspect(?:s|ed)?|examine[sd]?|pull(?:s|ed)?|sampled?|look(?:s|ed)?\s+at|always|comprises?|contains?|out\s+of|samples?\s+of)\s+(\d{2,6})\b(?!\s*%|\.\d)"
    r"|(?<![\w.])(\d{2,6})\s*(?:[a-z]+\s+){0,2}(?:tested|checked|examined|inspected)\b"
    r"|(?<![\w.])(\d{2,6})\s*(?:[a-z]+\s*)?(?:/|per\s+|a\s+|each\s+|every\s+)\s*(?:day|shift|hour|week|month|box|lot|crate|batch|sample)",
    re.IGNORECASE,
)


def sample_size(evidence: Evidence) -> Scalar | None:
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
    if sized:
        return sized[0]
    constant = _CONSTANT.search(evidence.reading.plain)
    if constant:
        group = constant.lastindex or 1
        start, end = constant.span(group)
        return Scalar(role="sample_size", value=float(constant[group]), start=start, end=end)
    # "we inspect 50 boards a day": boards are taken for runs elsewhere
    return next(
        (
            item
            for item in evidence.reading.all("runs")
            if re.search(r"\b(?:inspect|check|examin|sampl)\w*\s+$", evidence.before(item, 12))
        ),
        None,
    )
