"""What the questions about designs have in common: factors, runs, centre points, replicates."""

from __future__ import annotations

import re
from typing import Any

from havoc.reading.factor_names import COUNT, number_of, read_count, read_loose_count, read_names
from havoc.reading.factors import FactorText, common_ends, read_all_factors
from havoc.reading.notation import normalise
from havoc.reason.binding.arguments import Binding, NeedsInput, source_of
from havoc.reason.binding.evidence import Evidence

DESIGN_TOKEN = re.compile(r"\b([23])\s*\^\s*[({]?\s*(\d+)\s*(?:-\s*(\d+))?\s*[)}]?")
_RUN_NOUN = (
    r"(?:runs?|trials?|experiments?|tests|shots|wafers|boards|lots|goes|batches|versuche|assemblies|"
    r"blanks|castings|injections|cultivations|tries|determinations|mixes|blends|laminates|pieces)"
)
_RUNS = re.compile(
    rf"(?<![\w.^\-+]){COUNT}\s*+(?:-\s*+)?(?:exp\w*\s+|computer\s+|sim\w*\s+|coating\s+|oven\s+|best\s+|optimal\s+"
    rf"|different\s+|well\s+|(?!(?:of|in|and|or|for|per|to|at|the|cent\w+|middle|corner|axial|star|extra|more|additional|"
    rf"fake|further|level|factor|sub|more)\b)[a-z]{{2,12}}\s+)?{_RUN_NOUN}\b",
    re.I,
)
_RUNS_BRACKET = re.compile(rf"\bruns?\s*\(\s*{COUNT}\s*\)", re.I)
_RUNS_EQUALS = re.compile(rf"\b(?:runs?|n)\s*=\s*{COUNT}\b", re.I)
_RUNS_ALL = re.compile(
    rf"(?<![\w.\-]){COUNT}\s+(?:is\s+(?:all|the\s+max\w*|our\s+limit)|max\b)", re.I
)
_RUNS_MOST = re.compile(rf"\b(?:max(?:imum)?|budget(?:\s+is|\s+of)?|at\s+most)\s+{COUNT}\b", re.I)
# "gives me sixteen", "I get eight motors", "15 of them fit": what can be afforded, in any noun
_RUNS_AFFORDED = re.compile(
    rf"\b(?:get|got|have\s+only|only\s+have|afford|affordable|fits?|gives?\s+(?:me|us)|allows?|allow\s+(?:me|us)|"
    rf"(?:room|slots?|time|money|enough|budget|material|capacity|parts|stuff)\s+(?:of|for|is)|only|just|max(?:imum)?\.?|at\s+most)"
    rf"\s+(?:about|only|max\w*|for|us|me|around|roughly)?\s*{COUNT}\b"
    r"(?!\s*(?:-\s*)?(?:\w+\s+)?(?:factors?|variables?|levels?|knobs|settings|things|params?|parameters|blocks?|reps?|replic\w+|"
    r"inputs?|cent\w+|%|percent|of\s+(?:the|my|our)\s+(?:factors|knobs))|\s*(?:°|[a-zµ/%]{1,4}\b|\.\d|-\s*\d|to\s+\d|/\s*\d))",
    re.I,
)
_RUNS_LEFT = re.compile(
    rf"(?<![\w.^\-+]){COUNT}\s+(?:slots?|cases|panels|motors|cells|coupons|bars|plates|samples|specimens|"
    r"(?:of\s+(?:them|those)\s+)?(?:fit|usable|affordable|possible|available))\b",
    re.I,
)
_REFUSED = re.compile(
    r"\b(?:can'?t|can\s?not|cannot|don'?t|won'?t|not)\s+(?:\w+\s+){0,2}?(?:the\s+|all\s+)?$", re.I
)
_REFUSED_BEHIND = re.compile(
    r"\s*(?:\w+\s+){0,2}?(?:is|are|would\s+be|seems?)\s+(?:a\s+joke|(?:far\s+|way\s+)?too\s+(?:many|much|expensive)|not\s+(?:possible|affordable)|"
    r"impossible|out\s+of\s+(?:the\s+)?question|insane|crazy|madness|nonsense)",
    re.I,
)
_CENTER = re.compile(
    rf"(?<![\w.=]){COUNT}\s+(?:x\s+|times\s+|extra\s+|more\s+|repeats?\s+|repeated\s+|replicates?\s+|runs?\s+|"
    r"tries\s+|points?\s+|additional\s+|right\s+|exactly\s+|dead\s+|pieces\s+)*(?:in|at|of)?\s*(?:the\s+)?(?:exact\s+)?"
    r"(?:cent(?:er|re)\w*|middles?|mid\b|cps?\b(?!\s*[=:]))",
    re.I,
)
_TIMES_CENTER = re.compile(
    rf"(?<![\w.]){COUNT}\s+(?:times|repeats?|runs?|replicates?|points?)\s+(?:in|at)?\s*(?:the\s+)?"
    r"(?:cent(?:er|re)|middle)",
    re.I,
)
_BLOCKS = re.compile(
    rf"(?<![\w.]){COUNT}\s+(?:(?!of\b|or\b|in\b|and\b)[a-z]{{2,9}}\s+)?blocks?\b(?!\s*no\b)", re.I
)
_SPLIT = re.compile(
    rf"\b(?:split|divided?|spread|distributed?|blocked|run)\s+(?:it\s+)?(?:in(?:to)?|over|across|on|by)\s+{COUNT}\s+"
    r"(?:halves|half|parts|days?|shifts?|batches|lots|sessions|mornings|weeks|groups|portions)\b"
    rf"|(?<![\w.]){COUNT.replace('count', 'count2')}\s+(?:days|shifts|batches|lots)\s*(?:\(\s*)?(?:as|=|\()\s*blocks?",
    re.I,
)
_ONCE = re.compile(
    r"\bsingle\s+rep|\b(?:run|made|done|all|corners|each|combination\w*|tested)\s+(?:\w+\s+)?once\b|"
    r"\bwithout\s+(?:repe\w+|replic\w+)|\b1\s+each\b|\bunreplicated|\bno\s+replic",
    re.I,
)


def factors(
    evidence: Evidence, binding: Binding, *, stated: int | None = None, text: str | None = None
) -> int:
    """Set ``factors`` (with ranges or names) or ``n_factors``; returns how many.

    ``text`` is the question, or the part of it that speaks of the factors.
    """
    text = evidence.reading.plain if text is None else text
    stated = stated_count(evidence) if stated is None else stated
    read = read_all_factors(text)
    if evidence.reading.pasted and len(read.factors) < (stated or 0):
        # Lines "heat 80/100" look like a table.
        typed = read_all_factors(normalise(evidence.reading.text))
        read = typed if len(typed.factors) == stated else read
    found = [item for item in read.factors if _is_factor(item)]
    if stated is not None and len(found) > stated:
        ranked = sorted(found, key=lambda item: (not item.named, item.low is None))[:stated]
        found = [item for item in found if item in ranked]
    names = read_names(read.remaining, stated)
    if len(found) == 1 and stated is not None and len(found[0].levels) == stated > 2:
        # As many words in brackets as factors are meant: they are the factors.
        names, found = [str(level) for level in found[0].levels], []
    found = _paired_with_names(found, read.unnamed, names)
    if found:
        check_ranges(found)
        listed = [factor_of(item) for item in found]
        listed = _completed(listed, found, names, stated, read.common)
        binding.set("factors", listed, ", ".join(item.source for item in found)[:400])
        for item in found:
            if item.low is not None:
                binding.echo(
                    "{} from {} to {} {}",
                    (item.name, item.source),
                    (item.low, item.source),
                    (item.high, item.source),
                    (item.unit, item.source),
                )
        return len(listed)
    ends = common_ends(read.common) if read.common is not None else None
    if names and (stated is None or len(names) == stated):
        binding.set("factors", [with_range({"name": name}, ends) for name in names], "question")
        return len(names)
    if stated is None:
        stated = read_loose_count(text)
    if stated is None:
        raise NeedsInput(
            "the factors are missing",
            "which factors, each with its low and high setting, should the design vary?",
        )
    if ends is not None and (ends != (-1.0, 1.0) or binding.operation == "latin_hypercube"):
        listed = [with_range({"name": f"x{index}"}, ends) for index in range(1, stated + 1)]
        binding.set("factors", listed, "question")
    else:
        binding.set("n_factors", stated, "question")
    return stated


def _is_factor(item: FactorText) -> bool:
    """Leave out what only looks like settings, such as "mains + 2FI"."""
    return item.levels != [-1.0, 1.0] or item.named


def _paired_with_names(
    found: list[FactorText], unnamed: list[FactorText], names: list[str]
) -> list[FactorText]:
    """ "limits 20-80 % and 1-4 h, factors humidity and duration": ranges take the names in order."""
    if not unnamed or len(unnamed) != len(names) or any(item.named for item in found):
        return found
    for item, name in zip(unnamed, names, strict=True):
        item.name = name
    return unnamed


def _completed(
    listed: list[dict[str, Any]],
    found: list[FactorText],
    names: list[str],
    stated: int | None,
    common: FactorText | None,
) -> list[dict[str, Any]]:
    """Factors that are counted or named but have no settings of their own."""
    if stated == len(listed):
        return listed
    known = {item.name.lower() for item in found}
    others = [name for name in names if name.lower() not in known]
    overlap = len(names) - len(others)
    ends = common_ends(common) if common is not None else None
    only_labels = all(item.low is None for item in found)
    if others and (
        overlap or (only_labels and stated in (None, len(names), len(names) + len(found)))
    ):
        if ends is None and overlap and not only_labels and len(names) == len(known) + 1:
            raise NeedsInput(
                f"the settings of {others[0]} are missing",
                f"what are the low and high setting of {others[0]}?",
            )
        if overlap or stated is not None or ends is not None:
            return [with_range({"name": name}, ends) for name in others] + listed
    missing = (stated or 0) - len(listed)
    if missing > 0:
        if not only_labels and ends is None:
            raise NeedsInput(
                f"{stated} factors are meant, and the settings of {len(listed)} were given",
                "what are the name, the low and the high setting of the other factors?"
                if missing > 1
                else "what are the name, the low and the high setting of the last factor?",
            )
        letters = [letter for letter in "ABCDEFGHJKLMNOPQ" if letter.lower() not in known]
        return listed + [with_range({"name": letter}, ends) for letter in letters[:missing]]
    return listed


def with_range(factor: dict[str, Any], ends: tuple[float, float] | None) -> dict[str, Any]:
    return factor if ends is None else factor | {"low": ends[0], "high": ends[1]}


def stated_count(evidence: Evidence) -> int | None:
    token = DESIGN_TOKEN.search(evidence.text)
    if token:
        return int(token[2])
    count = read_count(evidence.reading.plain)
    if count is not None:
        return count
    scalar = evidence.scalar("n_factors")
    if (
        scalar is not None
        and scalar.value == int(scalar.value) >= 1
        and not re.match(r"\s*-?(?:settings|factor\s+inter|way\s+inter)", evidence.after(scalar))
    ):
        return int(scalar.value)
    return None


def factor_of(item: FactorText) -> dict[str, Any]:
    factor: dict[str, Any] = {"name": item.name}
    if item.low is not None:
        factor |= {"low": item.low, "high": item.high}
    else:
        factor["levels"] = item.levels
    if item.unit:
        factor["unit"] = item.unit
    return factor


def check_ranges(found: list[FactorText]) -> None:
    for item in found:
        if item.low is None or item.high is None:
            continue
        if item.low == item.high:
            raise NeedsInput(
                f"the low and high setting of {item.name} are both {item.low:g}",
                f"what are the low and high setting of {item.name}?",
            )
        if item.low > item.high:
            raise NeedsInput(
                f"{item.name} has low {item.low:g} above high {item.high:g}",
                f"which is the low and which the high setting of {item.name}?",
            )


def two_levels(binding: Binding) -> None:
    """Two listed levels that are numbers are a range."""
    for factor in binding.args.get("factors", []):
        levels = factor.get("levels")
        if levels and len(levels) == 2 and all(isinstance(level, float) for level in levels):
            if levels[0] > levels[1]:
                raise NeedsInput(
                    f"{factor['name']} has low {levels[0]:g} above high {levels[1]:g}",
                    f"which is the low and which the high setting of {factor['name']}?",
                )
            factor["low"], factor["high"] = levels
            del factor["levels"]


def runs(evidence: Evidence, text: str | None = None) -> tuple[int, str] | None:
    """How many runs are wanted, with where that stood; refused numbers do not count.

    ``text`` is the question with what does not count taken out.
    """
    scalar = evidence.scalar("runs") if text is None else None
    text = evidence.reading.plain if text is None else text
    if scalar is not None and "+" in text[max(0, scalar.start - 1) : scalar.start + 1]:
        scalar = None
    if (
        scalar is not None
        and not _REFUSED.search(text[max(0, scalar.start - 32) : scalar.start])
        and not _REFUSED_BEHIND.match(text, scalar.end)
    ):
        return int(scalar.value), source_of(scalar)
    for pattern in (
        _RUNS_BRACKET, _RUNS, _RUNS_EQUALS, _RUNS_ALL, _RUNS_MOST, _RUNS_LEFT, _RUNS_AFFORDED
    ):  # fmt: skip
        for match in pattern.finditer(text):
            if not _REFUSED.search(
                text[max(0, match.start() - 32) : match.start()]
            ) and not _REFUSED_BEHIND.match(text, match.end()):
                return number_of(match["count"]), f"question[{match.start()}:{match.end()}]"
    return None


def take_runs(evidence: Evidence, binding: Binding, text: str | None = None) -> int | None:
    found = runs(evidence, text)
    if found is None:
        return None
    binding.set("runs", *found)
    return found[0]


def common(evidence: Evidence, binding: Binding) -> None:
    """Centre points, replicates, blocks, seed, randomisation."""
    text = evidence.reading.plain
    middle = _TIMES_CENTER.search(text) or _CENTER.search(text)
    repeats = evidence.scalar("replicates")
    if evidence.has(r"\b(?:no|without)\s+cent(?:er|re)"):
        binding.set("center_points", 0, "question")
    elif middle:
        source = f"question[{middle.start()}:{middle.end()}]"
        binding.set("center_points", number_of(middle["count"]), source)
        if repeats is not None and middle.start() <= repeats.start < middle.end():
            repeats = None
    else:
        binding.take_count("center_points", evidence.scalar("center_points"))
    if repeats is not None and 1 <= repeats.value <= 100:
        binding.take_count("replicates", repeats)
    elif evidence.has(r"\b(?:twice|duplicate|two times|made two|done two)\b"):
        binding.set("replicates", 2, "question")
    elif evidence.has(r"\b(?:triplicate|three times|thrice)\b"):
        binding.set("replicates", 3, "question")
    elif _ONCE.search(text):
        binding.set("replicates", 1, "question")
    _blocks(evidence, binding)
    binding.take_count("seed", evidence.scalar("seed"))
    if evidence.has(
        r"\b(?:no|not|without|non)[\s-]?random\w*|standard order please|unrandomi[sz]ed"
    ):
        binding.set("randomize", False, "question")


def _blocks(evidence: Evidence, binding: Binding) -> None:
    match = _BLOCKS.search(evidence.reading.plain)
    if match:
        count = number_of(match["count"])
        if 1 <= count <= 1024 and "no blocks" not in evidence.text:
            binding.set("blocks", count, f"question[{match.start()}:{match.end()}]")
        return
    split = _SPLIT.search(evidence.reading.plain)
    if split:
        count = number_of(split["count"] or split["count2"])
        binding.set("blocks", count, f"question[{split.start()}:{split.end()}]")
        return
    scalar = evidence.scalar("blocks")
    if (
        scalar is not None
        and scalar.value >= 1
        and not evidence.after(scalar, 16).count("blocks no")
    ):
        binding.take_count("blocks", scalar)
