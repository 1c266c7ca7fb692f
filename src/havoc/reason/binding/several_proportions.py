"""Arguments of a test on several proportions: the counts, the numbers inspected, the scores.

They stand as columns of a table, as parallel lists, as pairs such as 11/350, or as counts beside
one size that all groups share ("400 shots each, short shots 16 22 9").
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from havoc.reading.counts import CountPair
from havoc.reading.number_words import as_digits
from havoc.reading.table import Column, Table
from havoc.reason.binding.arguments import Binding, NeedsInput
from havoc.reason.binding.bare_levels import lone_level
from havoc.reason.binding.evidence import Binder, Evidence
from havoc.reason.binding.pairs import lists
from havoc.reason.binding.proportions import counts_of, possible, tabled_counts

_INSPECTED = re.compile(
    r"^(?:n|nr|total|inspected|tested|checked|sampled?|samples|trials|made|produced|built|got"
    r"|received|units|size|sample.?size|lot.?size|shots|parts|pieces|pcs|all|of)\b",
    re.IGNORECASE,
)
_COUNTED = re.compile(
    r"(?:bad|fail|def|rej|nok|scrap|leak|crack|positive|hits?|events?|count|broken|wrong|missed"
    r"|oot|oos|late|returned|stripped|dead)",
    re.IGNORECASE,
)
_SIZE = (
    re.compile(
        r"(?<![\w.,\-/])(?P<size>\d{1,9})(?![\w.,]*\d)(?!\s*(?:%|percent))\s+(?:[a-z][\w\-]*\s+){0,2}?"
        r"(?:each|apiece|per\s+[a-z]+)\b"
    ),
    re.compile(
        r"\b(?:each|always|all)\s+(?:(?:out\s+)?of|from|n\s*=)\s*(?P<size>\d{1,9})(?![\w.,]*\d)"
    ),
    re.compile(
        r"\b(?:out\s+of|of|per|in|from|among|n\s*=|sample\s+size(?:\s+(?:of|is|=))?)\s*"
        r"(?:a\s+|the\s+(?:same\s+)?|every\s+)?(?P<size>\d{1,9})(?![\w.,]*\d)"
        r"(?!\s*(?:%|percent|suppliers|groups|lines|machines|shifts|months|weeks|days))"
    ),
)
_PER_THOUSAND = re.compile(r"\bper\s+(hundred|thousand)\b")
_PAIRS = tuple(
    re.compile(rf"(?<![\w.,\-/])(?<!/ )(\d{{1,9}})\s*{sign}\s*(\d{{1,9}})(?![\w.,]*\d)(?!\s*/)")
    for sign in ("/", r"(?:out\s+)?of\b")
)
_NO_NAME = frozenset({"of", "out", "per", "in", "n", "from", "each", "all", "to", "was", "were"})
_LABEL = r"(?:\d++(?:\.\d++)?\s?[a-zµ°%][a-z0-9/µ°%²³]{0,8}|[^\W\d_][\w\-]*+)"
_LABELLED = re.compile(
    rf"(?<![\w.\-/])(?:(?:at|in|on|for)\s+)?({_LABEL})\s*+(?:[:=]\s*+)?(\d{{1,9}})(?![\w.,]*\d)"
    r"(?!\s*(?:%|/))\s*(?:,|;|/|and\b|,\s*and\b|\n)?\s*",
    re.IGNORECASE,
)
_TREND = re.compile(
    r"\btrend\b|\barmitage|\b(?:rise|rises|rising|fall|falls|falling|increas\w*|decreas\w*|climb\w*"
    r"|creep\w*|grow\w*|declin\w*|monoton\w*|drop|drops|dropping)\b|\bdose|\bthe\s+more\b"
    r"|\bstep\s+by\s+step\b|\bmore\s+\w+\s+(?:less|fewer)\b"
)
LEAST_GROUPS = 3


class _Groups(msgspec.Struct, kw_only=True):
    """Counts out of trials for each group, with names or numeric levels where there are any."""

    successes: list[int]
    trials: list[int]
    source: str
    names: list[str] = []
    levels: list[float] = []


def bind_proportions_k(evidence: Evidence, binding: Binding) -> None:
    groups = (
        _tabled(evidence)
        or _pairs_in_a_row(evidence)
        or _parallel(evidence)
        or _paired(evidence)
        or _of_one_size(evidence)
    )
    if groups is None:
        raise NeedsInput(
            "counts out of a number inspected are needed for two or more groups",
            "how many were found and how many inspected in each group?",
        )
    binding.set("successes", groups.successes, groups.source)
    binding.set("trials", groups.trials, groups.source)
    if len(set(groups.names)) == len(groups.successes):
        binding.set("names", groups.names, groups.source)
    if _TREND.search(evidence.text) or evidence.has(r"\bscores?\b"):
        binding.set("trend", True, "question")
        levels = groups.levels or _levels(evidence, groups)
        if levels and len(set(levels)) == len(groups.successes):
            binding.set("scores", levels, groups.source)
            binding.echo("the scores of the trend are {}", (levels, groups.source))
    evidence.alpha(binding)
    if "alpha" not in binding.args:
        lone = lone_level(evidence.text)
        if lone is not None:
            binding.set("alpha", lone.alpha, lone.source)


def counted_groups(evidence: Evidence) -> list[CountPair]:
    """The groups of a table as counts out of trials; none without a table of them."""
    groups = _tabled(evidence)
    if groups is None:
        return []
    return [
        CountPair(successes=x, trials=n, start=0, end=0)
        for x, n in zip(groups.successes, groups.trials, strict=True)
    ]


def counted_names(evidence: Evidence) -> list[str]:
    """The names of the groups of a table, or none."""
    groups = _tabled(evidence)
    return groups.names if groups is not None else []


# tables --------------------------------------------------------------------------------


def _tabled(evidence: Evidence) -> _Groups | None:
    for table in evidence.tables:
        pair = _count_and_size(table)
        size = None if pair else _common_size(evidence, 0)
        whole = _whole_columns(table)
        if pair is None and size is not None and whole:
            counts = next((c for c in whole if _COUNTED.search(c.name)), whole[-1])
            found = _rows(table, counts, size)
        elif pair is not None:
            found = _rows(table, *pair)
        else:
            continue
        if len(found.successes) >= 2:
            return found
    pairs = [possible(pair) for pair in tabled_counts(evidence)]
    if len(pairs) < 2:
        return None
    return _Groups(
        successes=[pair.successes for pair in pairs],
        trials=[pair.trials for pair in pairs],
        source=evidence.tables[0].source,
    )


def _whole_columns(table: Table) -> list[Column]:
    return [
        column
        for column in table.columns
        if column.kind == "number"
        and all(isinstance(v, float) and v >= 0 and v == int(v) for v in column.present)
    ]


def _count_and_size(table: Table) -> tuple[Column, Column] | None:
    """The column of counts and the column of numbers inspected, never below it."""
    whole = _whole_columns(table)

    def covers(size: Column, counts: Column) -> bool:
        rows = zip(size.values, counts.values, strict=True)
        return size is not counts and all(
            isinstance(n, float) and isinstance(x, float) and n >= max(x, 1) for n, x in rows
        )

    sizes = [column for column in whole if all(covers(column, o) for o in whole if o is not column)]
    size = next((column for column in whole if _INSPECTED.match(column.name)), None)
    size = size or (sizes[0] if len(sizes) == 1 else None)
    if size is None:
        return None
    counts = [column for column in whole if covers(size, column)]
    if not counts:
        return None
    return next((c for c in counts if _COUNTED.search(c.name)), counts[-1]), size


def _rows(table: Table, counts: Column, size: Column | int) -> _Groups:
    """The rows that are complete, with the column that names them."""
    every = size.values if isinstance(size, Column) else [float(size)] * len(counts.values)
    used = {id(counts), id(size)}
    names = next((column for column in table.columns if id(column) not in used), None)
    kept = [
        index
        for index, (x, n) in enumerate(zip(counts.values, every, strict=True))
        if isinstance(x, float) and isinstance(n, float)
    ]
    labels = [] if names is None else [names.values[index] for index in kept]
    numeric = [float(label) for label in labels if isinstance(label, float)]
    return _Groups(
        successes=[int(counts.values[index] or 0) for index in kept],
        trials=[int(every[index] or 0) for index in kept],
        source=f"{table.source}#{counts.name}",
        names=[f"{label:g}" if isinstance(label, float) else str(label) for label in labels],
        levels=numeric if len(numeric) == len(kept) else [],
    )


# prose ---------------------------------------------------------------------------------


def _integers(values: Sequence[float | None]) -> list[int] | None:
    whole = [int(v) for v in values if v is not None and v >= 0 and v == int(v)]
    return whole if len(whole) == len(values) else None


def _parallel(evidence: Evidence) -> _Groups | None:
    """Lists of equal length, of which one is at least as large as the others all along."""
    found = [item for item in lists(evidence) if len(item.values) >= LEAST_GROUPS]
    for size in sorted(found, key=lambda item: -sum(item.numbers)):
        trials = _integers(size.values)
        if trials is None or min(trials) < 1:
            continue
        below = []
        for item in found:
            counts = _integers(item.values)
            if item is size or counts is None or len(counts) != len(trials):
                continue
            if all(x <= n for x, n in zip(counts, trials, strict=True)) and counts != trials:
                below.append((item, counts))
        if not below:
            continue
        best = next((pair for pair in below if _COUNTED.search(pair[0].name)), below[-1])
        if len(below) == 1 and _common_size(evidence, max(trials)) and _rising(best[1]):
            continue  # "dose 1 2 3, bad 4 6 9 of 200 each": the lower list are levels
        return _Groups(successes=best[1], trials=trials, source=f"{best[0].source}, {size.source}")
    return None


def _rising(values: Sequence[float]) -> bool:
    return list(values) == sorted(set(values))


def _paired(evidence: Evidence) -> _Groups | None:
    pairs = counts_of(evidence)
    size = _common_size(evidence, 0)
    if len(pairs) < 2 or (size and len(pairs) < LEAST_GROUPS and _of_one_size(evidence)):
        return None
    return _of_pairs(pairs)


def _pairs_in_a_row(evidence: Evidence) -> _Groups | None:
    """ "11/350, 13/340, 9/360" or "5 of 80, 9 of 85, 2 of 78", three or more."""
    text = as_digits(evidence.reading.plain)
    for form in _PAIRS:
        found = [
            CountPair(successes=int(m[1]), trials=int(m[2]), start=m.start(), end=m.end())
            for m in form.finditer(text)
        ]
        if len(found) >= LEAST_GROUPS:
            return _of_pairs(found)
    return None


def _of_pairs(pairs: Sequence[CountPair]) -> _Groups:
    pairs = [possible(pair) for pair in pairs]
    return _Groups(
        successes=[pair.successes for pair in pairs],
        trials=[pair.trials for pair in pairs],
        source=", ".join(pair.source for pair in pairs)[:400],
    )


def _common_size(evidence: Evidence, least: int, within: str = "") -> int | None:
    """The number inspected that all groups share; it stands outside the list of counts."""
    text = as_digits(evidence.text)
    place = re.fullmatch(r"question\[(\d+):(\d+)\]", within)
    taken = range(int(place[1]), int(place[2])) if place else range(0)
    for pattern in _SIZE:
        for match in pattern.finditer(text):
            if int(match["size"]) >= max(least, 1) and match.start("size") not in taken:
                return int(match["size"])
    scale = _PER_THOUSAND.search(text)
    size = {"hundred": 100, "thousand": 1000}[scale[1]] if scale else 0
    return size if size > least else None


def _of_one_size(evidence: Evidence) -> _Groups | None:
    """A list of counts, or counts behind their names, out of one number for all."""
    for counts, labels, source in (*_listed(evidence), *_labelled(evidence)):
        size = _common_size(evidence, max(counts), source)
        if size is None:
            continue
        levels = [_leading(label) for label in labels]
        return _Groups(
            successes=counts,
            trials=[size] * len(counts),
            source=source,
            names=labels,
            levels=[level for level in levels if level is not None]
            if all(level is not None for level in levels)
            else [],
        )
    return None


def _leading(label: str) -> float | None:
    match = re.match(r"\d++(?:\.\d++)?", label)
    return float(match[0]) if match else None


def _listed(evidence: Evidence) -> list[tuple[list[int], list[str], str]]:
    """Lists of whole numbers, the one with the name of something counted first, else the last."""
    found = []
    for item in evidence.series():
        counts = _integers(item.values)
        if counts is not None and len(counts) >= LEAST_GROUPS:
            found.append((bool(_COUNTED.search(item.name)), counts, item.source))
    found.reverse()
    found.sort(key=lambda entry: not entry[0])
    return [(counts, [], source) for _, counts, source in found]


def _labelled(evidence: Evidence) -> list[tuple[list[int], list[str], str]]:
    """ "Mon 22, Tue 30, Wed 19" and "0 µg 40, 5 µg 33, 10 µg 27"."""
    text = as_digits(evidence.reading.plain)
    run: list[re.Match[str]] = []
    runs: list[list[re.Match[str]]] = []
    for match in _LABELLED.finditer(text):
        if run and match.start() != run[-1].end():
            runs.append(run)
            run = []
        if match[1].lower() not in _NO_NAME:
            run.append(match)
    best = max([*runs, run], key=len)
    if len(best) < LEAST_GROUPS:
        return []
    source = f"question[{best[0].start()}:{best[-1].end(2)}]"
    return [([int(match[2]) for match in best], [match[1] for match in best], source)]


def _levels(evidence: Evidence, groups: _Groups) -> list[float]:
    """A list that is neither the counts nor the numbers inspected: what the groups were set to."""
    for item in lists(evidence):
        values = item.numbers
        if (
            len(values) == len(groups.successes)
            and values != [float(x) for x in groups.successes]
            and values != [float(n) for n in groups.trials]
            and (_rising(values) or _rising(values[::-1]))
        ):
            return values
    return []


BINDERS: dict[str, Binder] = {"proportions_k": bind_proportions_k}
