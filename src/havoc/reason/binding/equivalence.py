"""Arguments of the equivalence test: two samples, pairs or one sample, and the margin."""

from __future__ import annotations

import re
from collections.abc import Sequence

from havoc.reading.number_words import fraction_in_words
from havoc.reason.binding.arguments import Binding, NeedsInput, source_of
from havoc.reason.binding.evidence import Binder, Evidence
from havoc.reason.binding.lists import complete
from havoc.reason.binding.means import paired_columns, reference_value, two_samples
from havoc.reason.binding.summarised import sample_summaries

_SAME_UNITS = re.compile(
    r"\bpaired\b|\bsame\s+(?:\d+\s+)?(?:\w+\s+)?(?!thickness\b|mass\b)[a-z]{3,}s\b|\bsame\s+\d+\b|\beach\b.{0,20}\bboth\b"
)
_MARGIN_WORDS = re.compile(
    r"(?:\b(?:within|inside|closer\s+than|up\s+to|no\s+more\s+than|not\s+more\s+than|more\s+than|less\s+than|smaller\s+than|below|"
    r"(?:differ\w*|off|apart|deviat\w*)(?:\s+by)?|by|margin|delta|limit|bounds?|i\.e\.?|plus\s+(?:or\s+)?minus)|±)\s*(?:(?:of|at|most|is|=|:|a|the|more|than|only|about)\s*)*$"
)


def bind_equivalence(evidence: Evidence, binding: Binding) -> None:
    margin, low, high = evidence.scalar("margin"), evidence.scalar("lsl"), evidence.scalar("usl")
    series = evidence.series()
    read = sample_summaries(evidence)
    one_sample = len(series) == 1 and low is not None and high is not None and margin is None
    if one_sample:
        binding.set("data", complete(binding, series[0]), series[0].source)
        center = ((low.value if low else 0) + (high.value if high else 0)) / 2
        half = ((high.value if high else 0) - (low.value if low else 0)) / 2
        binding.set("mu0", center, "question")
        binding.set("low", -half, "question")
        binding.set("high", half, "question")
        evidence.alpha(binding)
        return
    if len(series) == 1 and len(read) < 2:
        binding.set("data", complete(binding, series[0]), series[0].source)
        if not evidence.has(r"\bdifferences?\b"):
            reference_value(evidence, binding)
    elif len(read) < 2 and _SAME_UNITS.search(evidence.text):
        paired_columns(evidence, binding)
        binding.set("paired", True, "question")
    else:
        two_samples(evidence, binding)
    if margin is not None:
        binding.set("low", -margin.value, source_of(margin))
        binding.set("high", margin.value, source_of(margin))
    elif low is not None and high is not None:
        binding.take("low", low)
        binding.take("high", high)
    else:
        lower, upper = evidence.scalar("minimum"), evidence.scalar("maximum")
        if lower is not None and upper is not None and lower.value < 0 < upper.value:
            binding.take("low", lower)
            binding.take("high", upper)
        else:
            _set_margin(evidence, binding, [(item.start, item.end) for item in read])
    evidence.alpha(binding)


def _set_margin(
    evidence: Evidence, binding: Binding, summarised: Sequence[tuple[int, int]]
) -> None:
    """The largest difference that still counts as none: the number its words stand before."""
    candidates = [
        item
        for item in [*evidence.singles(), *evidence.reading.all("maximum")]
        if item.value > 0
        and not (item.percent and item.value >= 50)
        and not any(start <= item.start < end for start, end in summarised)
        and not re.match(r"\s*-?\s*samples?\b", evidence.after(item))
        and source_of(item) not in binding.provenance.values()
    ]
    worded = [item for item in candidates if _MARGIN_WORDS.search(evidence.before(item, 40))]
    unclaimed = [item for item in evidence.reading.all("maximum") if item in candidates]
    worded.sort(key=lambda item: item.percent)
    chosen = next(iter([*worded, *unclaimed, *candidates]), None)
    fraction = fraction_in_words(evidence.text)
    if not worded and fraction is not None:
        value, source = fraction[0], f"question[{fraction[1]}:{fraction[2]}]"
    elif chosen is not None:
        value, source = chosen.value, source_of(chosen)
    else:
        raise NeedsInput(
            "the equivalence margin is missing",
            "which difference is still small enough to count as equivalent (± how much)?",
        )
    binding.set("low", -value, source)
    binding.set("high", value, source)
    binding.echo(
        "differences between −{} and +{} count as equivalent", (value, source), (value, source)
    )


BINDERS: dict[str, Binder] = {"equivalence_test": bind_equivalence}
