"""Arguments of tests on one or two proportions, and the counts that they are read from."""

from __future__ import annotations

import re
from collections.abc import Sequence

from havoc.reading.counts import CountPair, read_counts
from havoc.reading.number_words import as_digits, fraction_in_words
from havoc.reason.binding.arguments import Binding, NeedsInput, source_of
from havoc.reason.binding.direction import (
    bound_direction,
    one_sample_direction,
    set_direction,
    two_sample_direction,
)
from havoc.reason.binding.evidence import Binder, Evidence

_SIZE_OF_EACH = re.compile(r"(?<![\w.])(\d+)\s+(?:[a-z]+\s+)?(?:each|per\s+\w+)\b")
_HELD = re.compile(r"(?<![\w.])(\d+|none|zero|no\s+[a-z]+)(?![\w.]*\d)(?!\s*(?:%|percent))")


def of_each(evidence: Evidence) -> list[CountPair]:
    """ "20 parts each. Old tool chipped 6, new one none": counts out of one size."""
    text = as_digits(evidence.text)
    size = _SIZE_OF_EACH.search(text)
    if size is None:
        return []
    found = [
        match
        for match in _HELD.finditer(text)
        if not size.start() <= match.start() < size.end()
        and (not match[1].isdigit() or int(match[1]) <= int(size[1]))
    ]
    if len(found) != 2:
        return []
    return [
        CountPair(
            successes=int(match[1]) if match[1].isdigit() else 0,
            trials=int(size[1]),
            start=match.start(),
            end=match.end(),
        )
        for match in found
    ]


_NAMED_BEHIND = re.compile(
    r"\s*+(?:[a-z]++\s++){0,2}?((?:without|no)\b(?:\s+\w+)?|(?:on|at|in|from|for|with|w/|after|before|under|since|the|pre|post)\b\s*(?:the\s+)?([\w\-]+(?:\s+[\w\-]+)?))",
    re.IGNORECASE,
)
_NAMED_BEFORE = re.compile(
    r"((?:(?:before|after|since|without|old|new)\s+)?[A-Za-z][\w\-]*(?:\s+[\w\-]+)?)\s*"
    r"(?:[:,=(]|\b(?:had|got|was|has|made|makes|gave|gives|produced|produces|showed|shows|yielded))?\s*$",
    re.IGNORECASE,
)
_WHEN = re.compile(r"(?:after|before|under|since|pre|post)\b", re.IGNORECASE)
_NO_NAME = re.compile(
    r"(?i)\b(?:vs|versus|and|or|had|got|has|is|are|was|were|against|test|bad|does|do)\b"
)


def count_names(evidence: Evidence, pairs: Sequence[CountPair]) -> tuple[str, str]:
    """Words that stand next to two counts and name them."""
    names = []
    text = evidence.reading.text
    labels = all(re.search(r":\s*$", text[: pair.start]) for pair in pairs[:2])
    bounds = [0, *[pair.end for pair in pairs], len(text)]
    for index, pair in enumerate(pairs[:2]):
        before = text[bounds[index] : pair.start]
        after = text[pair.end : pairs[index + 1].start if index + 1 < len(pairs) else pair.end + 40]
        named = _NAMED_BEFORE.search(before[-60:])
        behind = _NAMED_BEHIND.match(after) or re.match(
            r"\s*(?:[a-z]+\s+){0,2}?(before|after)\s*(?=[,;:.?]|and\b|$)", after, re.IGNORECASE
        )
        name = named[1] if named else ""
        if behind and not labels:
            name = behind[1]
            if behind.re is _NAMED_BEHIND and behind[2] and not _WHEN.match(name):
                name = behind[2]
        name = _NO_NAME.sub("", name).strip()
        names.append(name or f"group {index + 1}")
    while len(names) < 2:
        names.append(f"group {len(names) + 1}")
    return names[0], names[1] if names[1] != names[0] else f"{names[1]} 2"


def counts_of(evidence: Evidence) -> list[CountPair]:
    """Counts out of trials from columns of a table, or from prose."""
    return tabled_counts(evidence) or read_counts(evidence.reading.plain)


def tabled_counts(evidence: Evidence) -> list[CountPair]:
    """Columns named as counts and as numbers inspected."""
    for table in evidence.tables:
        names = {column.name.lower(): column for column in table.columns if column.kind == "number"}
        hit = next(
            (
                names[key]
                for key in (
                    "x",
                    "successes",
                    "infected",
                    "failed",
                    "failures",
                    "count",
                    "rejects",
                    "positive",
                    "scrap",
                    "hits",
                    "defectives",
                    "d",
                    "events",
                    "bad",
                )
                if key in names
            ),
            None,
        )
        trials = next(
            (
                names[key]
                for key in ("n", "trials", "total", "sample_size", "inspected")
                if key in names
            ),
            None,
        )
        if hit is not None and trials is not None:
            return [
                CountPair(successes=int(x), trials=int(n), start=0, end=0)
                for x, n in zip(hit.present, trials.present, strict=False)
                if isinstance(x, float) and isinstance(n, float)
            ]
    return []


_WANTED = re.compile(
    r"\b(?:yield|pass(?:ed|es)?|good|ok|on[\s-]time|resolved|renew\w*|repl(?:y|ies)|success\w*|worked|detected|right|hit\s+rate|fpy)\b"
)


def counts_are_bad(evidence: Evidence) -> bool:
    """Is what was counted unwanted, so that more of it is worse?"""
    return _WANTED.search(evidence.text) is None


def possible(pair: CountPair) -> CountPair:
    if pair.trials < 1 or pair.successes > pair.trials:
        raise NeedsInput(
            f"{pair.successes} events out of {pair.trials} is not possible",
            "how many were found, and out of how many?",
        )
    return pair


def set_with_without(binding: Binding, pairs: list[CountPair], source: str) -> None:
    rows = [[pair.successes, pair.trials - pair.successes] for pair in map(possible, pairs)]
    binding.set("table", rows, source)
    binding.set("columns", ["with", "without"], source)


_IN_ORDER = re.compile(
    r"(?<![\w.,\-])(\d++)(?![\w.,]*\d)\s+(?:[a-z][\w\-]*+\s+){0,4}?(?:out\s+of|of|in\s+a\s+(?:sample|lot|batch|box)\s+of|among)\s+"
    r"(?:[a-z]+\s+){0,2}?(\d++)(?![\w.,]*\d)(?!\s*(?:%|percent))"
)


def _check_order(evidence: Evidence) -> None:
    """ "45 bad out of 40": more events than were looked at must not be turned round."""
    match = _IN_ORDER.search(as_digits(evidence.text))
    if match and int(match[1]) > int(match[2]):
        pair = CountPair(
            successes=int(match[1]), trials=int(match[2]), start=match.start(), end=match.end()
        )
        possible(pair)


def bind_proportion_one(evidence: Evidence, binding: Binding) -> None:
    pairs = counts_of(evidence)
    n, others = (
        evidence.scalar("n"),
        [item for item in evidence.singles() if item.value == int(item.value)],
    )
    if not pairs and n is not None and others:
        pairs = [
            CountPair(
                successes=int(others[0].value),
                trials=int(n.value),
                start=others[0].start,
                end=n.end,
            )
        ]
    if not pairs:
        _check_order(evidence)
        whole = [item for item in others if not item.percent]
        if len(whole) >= 2:
            low, high = sorted(whole[:2], key=lambda item: item.value)
            pairs = [
                CountPair(
                    successes=int(low.value), trials=int(high.value), start=low.start, end=high.end
                )
            ]
    if not pairs:
        raise NeedsInput(
            "a proportion needs a count and the number inspected",
            "how many were found, and out of how many?",
        )
    pair, odds = _with_odds(pairs)
    binding.set("successes", pair.successes, pair.source)
    binding.set("trials", pair.trials, pair.source)
    p0 = odds or _reference_proportion(evidence, pair)
    if p0 is not None:
        binding.set("p0", p0[0], p0[1])
        set_direction(binding, one_sample_direction(evidence, counts_bad=counts_are_bad(evidence)))
    else:
        set_direction(binding, bound_direction(evidence))
    evidence.alpha(binding)


_ODDS = frozenset({2, 3, 4, 5, 10, 20, 50, 100, 1000})


def _with_odds(pairs: list[CountPair]) -> tuple[CountPair, tuple[float, str] | None]:
    """The count, and "9 in 10" beside it as the proportion to compare with."""
    if len(pairs) == 2:
        small, large = sorted(pairs, key=lambda pair: pair.trials)
        if small.trials in _ODDS and small.trials < large.trials and small.successes:
            if small.successes < small.trials:
                return possible(large), (small.successes / small.trials, small.source)
            if small.successes == small.trials == 50:
                return possible(large), (0.5, small.source)
    return possible(pairs[0]), None


def _reference_proportion(evidence: Evidence, pair: CountPair) -> tuple[float, str] | None:
    explicit = evidence.scalar("p0", "reference", "maximum", "minimum", "target", "percent")
    if explicit is not None and explicit.fraction < 1:
        return explicit.fraction, source_of(explicit)
    for item in evidence.singles():
        if pair.start <= item.start < pair.end:
            continue
        if item.percent or 0 < item.value < 1:
            return item.fraction, source_of(item)
    words = fraction_in_words(evidence.text)
    if words is not None and not pair.start <= words[1] < pair.end:
        return round(words[0], 6), f"question[{words[1]}:{words[2]}]"
    if evidence.has(r"\b(?:majority|more than half|half|fair coin|50\s*/\s*50|coin)\b"):
        return 0.5, "question"
    odds = re.search(r"(?<!\d)(\d+) in (\d+)", evidence.text)
    if (
        odds
        and (odds.start() < pair.start or odds.start() >= pair.end)
        and int(odds[1]) < int(odds[2])
    ):
        return int(odds[1]) / int(odds[2]), f"question[{odds.start()}:{odds.end()}]"
    return None


_SHARE_OF = re.compile(
    r"(?<![\w.])(\d++(?:\.\d++)?)\s*(?:%|percent)\s*(?:[a-z\-]+\s+){0,3}?(?:of|from)\s+(?:[a-z]+\s+){0,2}?(\d+)(?![\w.]*\d)"
)


def _of_shares(evidence: Evidence) -> list[CountPair]:
    """ "3 % of 600": a count only where the share is that of a whole number of units."""
    found = []
    for match in _SHARE_OF.finditer(evidence.text):
        successes = float(match[1]) * int(match[2]) / 100
        if abs(successes - round(successes)) > 0.005 * int(match[2]):
            return []
        found.append(
            CountPair(
                successes=round(successes),
                trials=int(match[2]),
                start=match.start(),
                end=match.end(),
            )
        )
    return found if len(found) == 2 else []


def bind_proportion_two(evidence: Evidence, binding: Binding) -> None:
    pairs = [possible(pair) for pair in counts_of(evidence) or of_each(evidence)]
    if len(pairs) < 2:
        pairs = _of_shares(evidence) or pairs
    if len(pairs) < 2:
        _check_order(evidence)
        sizes = evidence.reading.all("n")
        whole = [
            item
            for item in evidence.singles()
            if item.value == int(item.value) and not item.percent
        ]
        if len(pairs) == 0 and len(sizes) == 1 and len(whole) == 2:
            pairs = [
                CountPair(
                    successes=int(item.value),
                    trials=int(sizes[0].value),
                    start=item.start,
                    end=item.end,
                )
                for item in whole
            ]
        else:
            raise NeedsInput(
                "two counts, each out of a number inspected, are needed",
                "how many were found and how many inspected in each of the two groups?",
            )
    if len(pairs) > 2:
        binding.operation = "chi_square_independence"
        set_with_without(binding, pairs, ", ".join(pair.source for pair in pairs))
        evidence.alpha(binding)
        return
    for index, pair in enumerate(pairs, start=1):
        binding.set(f"successes{index}", pair.successes, pair.source)
        binding.set(f"trials{index}", pair.trials, pair.source)
    names = count_names(evidence, pairs)
    binding.set("name1", names[0], pairs[0].source)
    binding.set("name2", names[1], pairs[1].source)
    evidence.alpha(binding)
    bad = counts_are_bad(evidence)
    set_direction(binding, two_sample_direction(evidence, *names, counts_bad=bad))


BINDERS: dict[str, Binder] = {
    "proportion_one": bind_proportion_one,
    "proportion_two": bind_proportion_two,
}
