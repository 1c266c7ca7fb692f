"""Arguments of tests by ranks and signs."""

from __future__ import annotations

import re

from havoc.reading.counts import read_counts
from havoc.reason.binding.arguments import Binding, NeedsInput
from havoc.reason.binding.direction import one_sample_direction, set_direction, two_sample_direction
from havoc.reason.binding.evidence import Binder, Evidence
from havoc.reason.binding.lists import complete
from havoc.reason.binding.means import paired_columns, reference_value, two_samples
from havoc.reason.binding.proportions import possible


def bind_mann_whitney(evidence: Evidence, binding: Binding) -> None:
    names = two_samples(evidence, binding)
    evidence.alpha(binding)
    set_direction(binding, two_sample_direction(evidence, *names))


def bind_signed_rank(evidence: Evidence, binding: Binding) -> None:
    _paired_or_median(evidence, binding)


_UP = r"(?:better|improved|easier|prefer\w*|higher|longer|faster|stronger|plus|up|gained|rose)"
_DOWN = r"(?:worse|harder|lower|shorter|slower|weaker|minus|down|old|lost|fell)"
_COUNT = r"(?<![\d.])(\d{1,6})(?![\d.]*\d)"
_BEFORE_WORD = rf"{_COUNT}\s{{1,4}}(?:\w{{1,20}}\s{{1,4}}){{0,3}}?"
_BEHIND_WORD = rf"\b\s{{1,4}}(?:\w{{1,20}}\s{{1,4}}){{0,2}}?(?:in|on|for|with)\s{{1,4}}{_COUNT}"
_DIRECTIONS = tuple(
    (re.compile(pattern), up)
    for pattern, up in (
        (rf"{_BEFORE_WORD}{_UP}\b\D{{0,24}}?{_BEFORE_WORD}{_DOWN}\b", 1),
        (rf"{_BEFORE_WORD}{_DOWN}\b\D{{0,24}}?{_BEFORE_WORD}{_UP}\b", 2),
        (rf"\b{_UP}{_BEHIND_WORD}\D{{0,24}}?\b{_DOWN}{_BEHIND_WORD}", 1),
        (rf"\b{_DOWN}{_BEHIND_WORD}\D{{0,24}}?\b{_UP}{_BEHIND_WORD}", 2),
    )
)
_SIGNS = re.compile(r"(?<!\S)[+-](?:[ ,;]{1,3}[+-]){3,499}(?![\w.])")


def _told_signs(text: str) -> tuple[int, int, str] | None:
    """How many went up and down, as signs or beside a word for each, and where that stands."""
    signs = _SIGNS.search(text)
    if signs:
        source = f"question[{signs.start()}:{signs.end()}]"
        return signs[0].count("+"), signs[0].count("-"), source
    for pattern, up in _DIRECTIONS:
        found = pattern.search(text)
        if found:
            source = f"question[{found.start()}:{found.end()}]"
            return int(found[up]), int(found[3 - up]), source
    return None


def bind_sign_test(evidence: Evidence, binding: Binding) -> None:
    told = _told_signs(evidence.text)
    if told is None and evidence.series():
        _paired_or_median(evidence, binding)
        return
    ties = re.search(
        r"(?<!\d)(\d++)\s*+(?:had\s++)?(?:ties?|no opinion|equal|undecided|same)", evidence.text
    )
    pairs = read_counts(evidence.reading.plain)
    counts = [
        item for item in evidence.singles() if item.value == int(item.value) and not item.percent
    ]
    if told:
        binding.set("positive", told[0], told[2])
        binding.set("negative", told[1], told[2])
    elif pairs:
        pair = possible(pairs[0])
        rest = pair.trials - pair.successes - (int(ties[1]) if ties else 0)
        binding.set("positive", pair.successes, pair.source)
        binding.set("negative", rest, pair.source)
    elif len(counts) >= 2:
        whole = len(counts) > 2 and counts[0].value == counts[1].value + counts[2].value
        positive, negative = counts[1:3] if whole else counts[:2]
        binding.take_count("positive", positive)
        binding.take_count("negative", negative)
    else:
        raise NeedsInput(
            "the counts of plus and minus signs are missing", "how many pairs went each way?"
        )
    if ties:
        binding.set("ties", int(ties[1]), "question")
    evidence.alpha(binding)
    set_direction(binding, one_sample_direction(evidence))


def _paired_or_median(evidence: Evidence, binding: Binding) -> None:
    series = evidence.series()
    if len(series) >= 2:
        names = paired_columns(evidence, binding)
        direction = two_sample_direction(evidence, *names)
    else:
        one = evidence.one()
        binding.set("data", complete(binding, one), one.source)
        try:
            reference_value(evidence, binding)
        except NeedsInput:
            if not evidence.has(r"\bdiff(?:erence)?s?\b|\bnew\s*-\s*old|\bzero\b|\bchange\b"):
                raise
            binding.set("mu0", 0.0, "question")
        direction = one_sample_direction(evidence)
    evidence.alpha(binding)
    set_direction(binding, direction)


BINDERS: dict[str, Binder] = {
    "mann_whitney": bind_mann_whitney,
    "wilcoxon_signed_rank": bind_signed_rank,
    "sign_test": bind_sign_test,
}
