"""Arguments of definitive screening and D-optimal designs."""

from __future__ import annotations

import re

from havoc.reading.factor_names import COUNT, MAX_PROSE, number_of, read_count, read_names
from havoc.reading.factors import FactorText, common_ends, level_counts, read_all_factors
from havoc.reading.prose import mask
from havoc.reason.binding.arguments import Binding, NeedsInput
from havoc.reason.binding.design_size import center_points, runs, take_blocks, take_runs
from havoc.reason.binding.design_terms import (
    check_ranges,
    factor_of,
    factors,
    stated_count,
    with_range,
)
from havoc.reason.binding.evidence import Binder, Evidence
from havoc.reason.binding.region import read_constraints, unread_restriction

_FAKE = re.compile(
    rf"(?<![\w.]){COUNT}\s+(?:additional\s+|extra\s+|more\s+)?(?:fake|dummy)(?:\s+(?:factors?|columns?))?",
    re.I,
)
_EXTRA_RUNS = re.compile(rf"(?<![\w.]){COUNT}\s+(?:extra|more|additional)\s+runs?\b", re.I)
_ADDED = re.compile(r"(?:\+|\b(?:plus|extra|more|additional|another|add))\s*(?=\d|\w)", re.I)
_APPROXIMATE = re.compile(r"(?:about|approx\.?|roughly|around|~|circa|ca\.?)\s*$", re.I)
_CONTINUOUS_AND = re.compile(
    rf"(?<![\w.]){COUNT}\s+(?:cont\w*|numeric|quantitative)\s*(?:factors?\s*)?(?:\+|and|plus)\s*{COUNT.replace('count', 'labels')}\b",
    re.I,
)


def bind_definitive_screening(evidence: Evidence, binding: Binding) -> None:
    text = evidence.reading.plain
    fake = list(_FAKE.finditer(text))
    for match in fake:
        text = mask(text, *match.span())
    both = _CONTINUOUS_AND.search(text)
    read = read_all_factors(text)
    labels = [item for item in read.factors if item.levels and item.low is None]
    stated = (read_count(text) or len(read.factors)) if fake else stated_count(evidence)
    if both:
        numeric, extra = number_of(both["count"]), number_of(both["labels"])
        stated = numeric + extra
        if len(labels) == extra and len(read.factors) == extra:
            names = read_names(read.remaining, numeric)
            if len(names) != numeric:
                names = list("ABCDEFGHJKLMNOPQ"[:numeric])
            _named_with_labels(binding, names, labels, read.common)
    elif labels and stated is not None and stated == len(read.factors) - len(labels):
        stated = len(read.factors)
    elif labels and not any(item.low is not None for item in read.factors) and stated is not None:
        names = read_names(read.remaining, stated)
        if len(names) == stated and evidence.has(r"\bcont\w*\b|\bnumeric\b"):
            _named_with_labels(binding, names, labels, read.common)
            stated = None
    if "factors" not in binding.args:
        count = factors(evidence, binding, stated=stated, text=text)
        if count < 3:
            raise NeedsInput(
                f"a definitive screening design needs at least 3 factors, and {count} were given",
                "which further factors should vary?",
            )
    for factor in binding.args.get("factors", []):
        if len(factor.get("levels", [])) > 2 and any(isinstance(x, str) for x in factor["levels"]):
            raise NeedsInput(
                f"{factor['name']} has {len(factor['levels'])} labels, and a definitive screening "
                "design takes two",
                f"which two of {factor['name']} should be compared, or should it be a D-optimal design?",
            )
    if fake:
        # "4 dummies.. no sorry 2 fake factors": the last word counts.
        last = fake[-1]
        binding.set(
            "fake_factors", number_of(last["count"]), f"question[{last.start()}:{last.end()}]"
        )
    extra_runs = _EXTRA_RUNS.search(text)
    if extra_runs:
        binding.set(
            "extra_runs",
            number_of(extra_runs["count"]),
            f"question[{extra_runs.start()}:{extra_runs.end()}]",
        )
    _screening_centers(evidence, binding)
    _screening_runs(evidence, binding)
    take_blocks(evidence, binding)
    binding.take_count("seed", evidence.scalar("seed"))


def _screening_centers(evidence: Evidence, binding: Binding) -> None:
    """ "plus 2 centre points" are more than the design has, "with 3 centre points" are all."""
    found = center_points(evidence)
    if found is None or (found[0] < 2 and not _ADDED.search(evidence.reading.plain)):
        return
    place = re.match(r"question\[(\d+):(\d+)", found[1])
    text = evidence.reading.plain
    start, end = (int(place[1]), int(place[2])) if place else (0, len(text))
    added = _ADDED.search(text[max(0, start - 8) : end])
    binding.set("extra_center_points" if added else "center_points", *found)


def _named_with_labels(
    binding: Binding, names: list[str], labels: list[FactorText], shared: FactorText | None
) -> None:
    ends = common_ends(shared) if shared is not None else None
    listed = [with_range({"name": name}, ends) for name in names]
    binding.set("factors", listed + [factor_of(item) for item in labels], "question")


def _screening_runs(evidence: Evidence, binding: Binding) -> None:
    """The number of runs, where the design can have it; "about 17" only if it fits."""
    found = runs(evidence)
    if found is None or {"extra_runs", "fake_factors"} & set(binding.args):
        return
    count = len(binding.args.get("factors", [])) or binding.args.get("n_factors", 0)
    labels = any(
        isinstance(level, str)
        for item in binding.args.get("factors", [])
        for level in item.get("levels", [])
    )
    order, odd = divmod(found[0] - (2 if labels else 1), 2)
    if not odd and order >= count and order % 2 == 0 and order != 22:
        binding.set("runs", *found)
        return
    place = re.match(r"question\[(\d+)", found[1])
    before = evidence.reading.plain[: int(place[1])] if place else ""
    several = re.search(r"\d\s*(?:to|-|or|–)\s*$", before)
    if not _APPROXIMATE.search(before) and not several and not evidence.has(r"\bfewest\b"):
        smallest = 2 * (count + count % 2) + (2 if labels else 1)
        raise NeedsInput(
            f"{found[0]} runs do not make a definitive screening design of {count} factors",
            f"may it be {smallest} runs?",
        )


# D-optimal --------------------------------------------------------------------

_MODELS = (
    (r"\bquad\w*|\bsecond[\s-]order|\brsm\b|\bsquares?\b|\bresponse surface|\bcurv", "quadratic"),
    (r"\binteractions?\b|\b2\s?fi\b|\btwo[\s-]factor inter|\b2-?way", "interactions"),
    (r"\blinear\b|\blin model|\bmain[\s-]effects?\b|\bmains?\b", "linear"),
)
_CRITERION = re.compile(
    r"\b(?P<letter>[DAI])[\s-](?:optimal\w*|crit\w*|opt\b)|\b(?:best|minimal|smallest|lowest)\s+(?:average|mean)\s+prediction",
    re.I,
)
_NAMED_INTERACTION = re.compile(
    r"\binteraction\s+(?:of\s+|between\s+)?([A-Za-z]\w*)\s*(?:\*|×|x\b|and)\s*([A-Za-z]\w*)", re.I
)
_EXISTING_COUNT = re.compile(
    rf"\b(?:have|did|done|made|ran|completed|with)\s+(?:\w+\s+)?{COUNT}\s+(?:completed\s+|existing\s+|finished\s+)?(?:runs?|trials?|points?|experiments?)\b"
    rf"|(?<![\w.]){COUNT.replace('count', 'count2')}\s+(?:runs?|trials?|experiments?)\b[^.;\n]{{0,60}}\b(?:done|made|finished|completed)\b",
    re.I,
)
_MORE = re.compile(
    rf"\b(?:add|make|augment\s+\w*\s*with|with|and)\s+(?:can\s+make\s+)?{COUNT}\s+(?:more|further|additional|optimal|best|extra)\b"
    rf"|(?<![\w.]){COUNT.replace('count', 'count2')}\s+(?:more|further|additional|extra)\b",
    re.I,
)
_PICKED = re.compile(
    rf"\b(?:pick|choose|select|find|which|best|optimal)\s+(?:me\s+)?(?:the\s+)?(?:best\s+|optimal\s+)?{COUNT}\b(?!\s*(?:factors?|levels?|%))"
    rf"|(?<![\w.\-]){COUNT.replace('count', 'count2')}\s+(?:points?|pts|combos?|combinations|settings)\b(?!\s+(?:that|which)\s+(?:are|is))",
    re.I,
)
_ENTRY = r"(?:[-+−]?\s?(?:\d++(?:\.\d++)?|\.\d++)|[-+−])"
_POINT = re.compile(rf"\(\s?({_ENTRY}(?:(?:\s?[,;]\s?|\s){_ENTRY}){{1,7}})\s?\)")
_BLOCK_OF = re.compile(rf"\bblock\w*\s+of\s+{COUNT}(?:\s+runs?)?\b", re.I)


def bind_d_optimal(evidence: Evidence, binding: Binding) -> None:
    text = evidence.reading.plain[:MAX_PROSE]
    points = _existing_points(text)
    plain = text
    for match, _ in points:
        plain = plain[: match.start()] + " " * (match.end() - match.start()) + plain[match.end() :]
    read = read_all_factors(plain).factors
    constraints = read_constraints(
        plain,
        [item.name for item in read],
        {
            item.name: [str(level) for level in item.levels]
            for item in read
            if any(isinstance(level, str) for level in item.levels)
        },
    )
    for start, end in constraints.spans:
        plain = plain[:start] + "." * (end - start) + plain[end:]
    _optimal_factors(evidence, binding, plain, [values for _, values in points])
    names = [item["name"] for item in binding.args.get("factors", [])]
    named = _NAMED_INTERACTION.search(text)
    model = next((name for pattern, name in _MODELS if evidence.has(pattern)), None)
    pairs = []
    if named and {named[1].lower(), named[2].lower()} <= {name.lower() for name in names}:
        pairs = [f"{named[1]}*{named[2]}"]
        model = "linear" if model == "interactions" else model
    if model is not None:
        binding.set("model", model, "question")
    if pairs:
        binding.set("terms", pairs, f"question[{named.start()}:{named.end()}]" if named else "")
    criterion = _CRITERION.search(text)
    if criterion and (criterion["letter"] or "I").upper() != "D":
        letter = (criterion["letter"] or "I").upper()
        binding.set("criterion", letter, f"question[{criterion.start()}:{criterion.end()}]")
    if constraints.found:
        ready = constraints.resolved(binding.args.get("factors", []))
        if ready:
            binding.set("constraints", ready, constraints.source)
    unread = unread_restriction(text, constraints.spans)
    if unread:
        binding.warn(
            "a restriction was not understood and is not kept: {}; leave out the runs it forbids",
            (unread, "question"),
        )
    block = _BLOCK_OF.search(text)
    take_runs(evidence, binding, mask(text, *block.span()) if block else None)
    picked = _PICKED.search(text)
    if picked and "runs" not in binding.args:
        count = number_of(picked["count"] or picked["count2"])
        binding.set("runs", count, f"question[{picked.start()}:{picked.end()}]")
    _augmentation(evidence, binding, points)
    if "runs" not in binding.args:
        raise NeedsInput("the number of runs is missing", "how many runs can be made in all?")
    if block:
        binding.set("block_size", number_of(block["count"]), "question")
    binding.take_count("seed", evidence.scalar("seed"))


def _optimal_factors(
    evidence: Evidence, binding: Binding, text: str, existing: list[list[float]]
) -> None:
    """Factors with ranges or levels, and those of which only the number of levels is known."""
    counts = level_counts(text)
    read = read_all_factors(text)
    known = {item.name.lower() for item in read.factors}
    counted = [(name, count) for name, count in counts if name.lower() not in known]
    if counted and read.factors and not re.search(r"\bfactors?\b", " ".join(n for n, _ in counted)):
        check_ranges(read.factors)
        listed = [factor_of(item) for item in read.factors]
        listed += [{"name": name, "n_levels": count} for name, count in counted]
        binding.set("factors", listed, "question")
        return
    settled = [item for item in read.factors if item.named]
    stated = stated_count(evidence)
    if stated is not None and len(settled) > stated:
        stated = len(settled)
    try:
        factors(evidence, binding, stated=stated, text=text)
    except NeedsInput:
        if not existing:
            raise
        binding.set("n_factors", len(existing[0]), "question")


def _existing_points(text: str) -> list[tuple[re.Match[str], list[float]]]:
    """Runs that were made, in brackets: (-1 1), (+,-)."""
    points: list[tuple[re.Match[str], list[float]]] = []
    for match in _POINT.finditer(text.replace("−", "-")):
        entries = re.findall(r"[-+]?\d*\.?\d+|[-+](?!\s*\d)", match[1])
        values = [
            {"-": -1.0, "+": 1.0}.get(entry) or float(entry if entry not in "+-" else 0)
            for entry in entries
        ]
        if (len(values) >= 2 and re.search(r"[-+]", match[1])) or points:
            points.append((match, values))
    sizes = {len(values) for _, values in points}
    return points if len(points) >= 2 and len(sizes) == 1 else []


def _augmentation(
    evidence: Evidence, binding: Binding, points: list[tuple[re.Match[str], list[float]]]
) -> None:
    """Runs that exist already, and how many are added."""
    text = evidence.reading.plain
    if not evidence.has(r"\baugment\w*|\balready\b|\bi'?ve done\b|\bdone \d+ runs|\badd \d+\b"):
        return
    more = _MORE.search(text)
    count = _EXISTING_COUNT.search(text)
    existing = [values for _, values in points]
    corners = evidence.has(r"\b(?:all\s+)?corners\b|\bof a 2\s*\^\s*\d")
    size = len(binding.args.get("factors", [])) or binding.args.get("n_factors", 0)
    if (
        not existing
        and corners
        and size
        and count
        and number_of(count["count"] or count["count2"]) == 2**size
    ):
        existing = [
            [1.0 if row >> bit & 1 else -1.0 for bit in range(size)] for row in range(2**size)
        ]
    if not existing:
        done = number_of(count["count"] or count["count2"]) if count else 0
        raise NeedsInput(
            f"the settings of the {done} runs that were made are needed to augment them"
            if done
            else "the settings of the runs that were made are needed to augment them",
            "which settings were run so far?",
        )
    added = number_of(more["count"] or more["count2"]) if more else binding.args.get("runs", 0)
    binding.set("existing", existing, "question")
    binding.set("existing_coded", True, "question")
    binding.set("runs", len(existing) + added, "question")
    binding.echo(
        "{} runs are added to the {} that exist", (added, "question"), (len(existing), "question")
    )


BINDERS: dict[str, Binder] = {
    "definitive_screening": bind_definitive_screening,
    "d_optimal": bind_d_optimal,
}
