"""Counts of defects and of defective units, with the sizes of their samples."""

from __future__ import annotations

import re

from havoc.reading.counts import read_counts
from havoc.reading.question import Series
from havoc.reading.roles import Scalar
from havoc.reason.binding.evidence import Binding, Evidence, NeedsInput, complete, complete_pairs

DEFECT_WORDS = r"\b(?:defects?|flaws?|nonconformit\w+|pinholes?|scratches|complaints|errors?|errs|faults?|knots|accidents?|bubbles|specks|gels|marks|blemishes|stops)\b"
DEFECTIVE_WORDS = r"\b(?:defectives?|nonconforming|bad|rejects?|rejected|failed|leaking|scrap\w*|abandoned|broken|late|nok)\b"


def count_lists(evidence: Evidence) -> list[Series]:
    return [item for item in evidence.series() if len(item.values) >= 2]


def are_counted_columns(evidence: Evidence) -> bool:
    return (
        len(count_lists(evidence)) >= 2
        or evidence.scalar("n") is not None
        or len(read_counts(evidence.reading.plain)) >= 3
    )


_SIZE_NAMES = re.compile(
    r"^(?:n|sizes?|samples?|sample[\s_]?sizes?|inspected|checked|total|units?|area|m2|length|m|lots?|made|produced|calls|orders|volume)$|inspect|sample|size|total|area|m2|length|made|checked",
    re.IGNORECASE,
)


def counted_samples(evidence: Evidence, binding: Binding, kind: str) -> None:
    counts = "defectives" if kind in {"p", "np"} else "defects"
    series = count_lists(evidence)
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


def _counts_among(evidence: Evidence, series: list[Series], kind: str) -> Series:
    """The counts: the list that is named, else the one named as such a chart's counts are."""
    words = set(re.findall(r"[^\W\d_]+", evidence.text.split("\n")[0]))
    for item in series:
        if item.name and set(re.findall(r"[^\W\d_]+", item.name.lower())) & words:
            return item
    pattern = DEFECTIVE_WORDS if kind in {"p", "np"} else DEFECT_WORDS
    return next((item for item in series if re.search(pattern, item.name.lower())), series[0])


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
    # "we inspect 50 boards a day": boards are taken for runs elsewhere
    return next(
        (
            item
            for item in evidence.reading.all("runs")
            if re.search(r"\b(?:inspect|check|examin|sampl)\w*\s+$", evidence.before(item, 12))
        ),
        None,
    )
