"""The size of a design: runs, centre points, replicates, blocks, and their order."""

from __future__ import annotations

import re

from havoc.reading.factor_names import COUNT, FACTOR_NOUNS, UNIT_WORDS, number_of
from havoc.reason.binding.arguments import Binding, source_of
from havoc.reason.binding.evidence import Evidence

_RUN_NOUN = (
    r"(?:runs?|trials?|experiments?|tests|shots|wafers|boards|lots|goes|batches|versuche|assemblies|"
    r"blanks|castings|injections|cultivations|tries|determinations|mixes|blends|laminates|pieces|"
    r"vessels|vials|wells|reactions|welds|flasks?|coupons|prints|pours|attempts|builds|"
    r"essais|essai|prób\w*|pruebas|ensayos|ensaios|prove|experiences|expériences|experimentos|"
    r"doświadcz\w+|simulaç\w+|simulacion\w*|symulac\w+)"
)
_RUNS = re.compile(
    rf"(?<![\w.^\-+]){COUNT}\s*+(?:-\s*+)?(?:exp\w*\s+|computer\s+|sim\w*\s+|coating\s+|oven\s+|best\s+|optimal\s+"
    rf"|different\s+|well\s+|(?!(?:of|in|and|or|for|per|to|at|the|cent\w+|mid\w*|corner|axial|star|extra|more|additional|"
    rf"fake|further|level|factor|sub|more)\b)[a-z]{{2,12}}\s+)?{_RUN_NOUN}\b",
    re.I,
)
_RUNS_BRACKET = re.compile(rf"\bruns?\s*\(\s*{COUNT}\s*\)", re.I)
_RUNS_EQUALS = re.compile(rf"\b(?:runs?|n)\s*=\s*{COUNT}\b", re.I)
_RUNS_ALL = re.compile(
    rf"(?<![\w.\-]){COUNT}\s+(?:(?:is|are)\s+(?:all|the\s+max\w*|our\s+limit|ok|okay|fine|enough|possible|doable|"
    r"feasible|affordable|plenty)\b|would\s+(?:be\s+(?:ok|fine|possible)|do)\b|will\s+do\b|max\b|or\s+fewer\b)",
    re.I,
)
_RUNS_MOST = re.compile(
    rf"\b(?:max(?:imum)?|budget(?:\s+is|\s+of)?|at\s+most|(?:no|not)\s+more\s+than)\s+{COUNT}\b"
    r"(?!\s*(?:%|percent|pct|\.\d|-\s*\d|°|[a-zµ]{1,3}\b))",
    re.I,
)
# "gives me sixteen", "I get eight motors", "15 of them fit": what can be afforded, in any noun
_RUNS_AFFORDED = re.compile(
    rf"\b(?:get|got|have\s+only|only\s+have|afford|affordable|justify|manage|fits?|gives?\s+(?:me|us)|allows?|allow\s+(?:me|us)|"
    rf"(?:room|slots?|time|money|enough|budget|material|capacity|parts|stuff|blanks|stock|reagents?|resin|powder)\s+(?:of|for|is)|only|just|max(?:imum)?\.?|at\s+most)"
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
# "Thirteen vessels.", "which sixteen?": a number of runs in a sentence or request of its own
_RUNS_ALONE = re.compile(
    rf"(?:^|[.;,!?:\n])[ \t]*+(?:i\s+have\s+|we\s+have\s+|only\s+|just\s+|max\.?\s+)?{COUNT}\s+(?:(?!of|in|per|x)[a-zà-ÿ]{{2,12}}\s+)?"
    r"(?P<noun>[a-zà-ÿ]{3,14})(?:\s+(?:only|max|in\s+total|in\s+all|total|please|pls))?(?=\s*(?:[.;,!?\n]|$))",
    re.I,
)
_RUNS_CHOSEN = re.compile(
    rf"\b(?:which|smartest|pick|choose|select)\s+(?:me\s+)?(?:the\s+)?(?:best\s+)?{COUNT}\b"
    r"(?!\s*-?\s*(?:\w+\s+)?(?:factors?|ways?|levels?|inter\w+|effects?|variables?|knobs|settings|things|pairs?|%|responses?))",
    re.I,
)
_NOT_RUNS = re.compile(
    rf"(?:{FACTOR_NOUNS}|levels?|lvls?|reps?|replic\w+|blocks?|cent\w+|ctr\w*|middles?|points|settings|each|seed|"
    r"responses?|days?|weeks?|shifts?|lines?|machines?|operators?|results?|times|total|all)",
    re.I,
)
_REFUSED = re.compile(
    r"\b(?:can'?t|can\s?not|cannot|don'?t|won'?t|not|instead\s+of|rather\s+than)\s+(?:\w+\s+){0,2}?(?:the\s+|all\s+)?$",
    re.I,
)
_REFUSED_BEHIND = re.compile(
    r"\s*(?:\w+\s+){0,2}?(?:(?:is|are|would\s+be|seems?)\s+(?:a\s+joke|not\s+(?:possible|affordable))|"
    r"(?:(?:is|are|would\s+be|seems?)\s+)?(?:(?:far|way|much)\s+)?too\s+(?:many|much|expensive|costly|long|slow|dear|big)|"
    r"(?:is|are|would\s+be|seems?)\s+(?:"
    r"impossible|out\s+of\s+(?:the\s+)?question|insane|crazy|madness|nonsense))",
    re.I,
)
_CENTER = re.compile(
    rf"(?<![\w.=]){COUNT}\s+(?:x\s+|times\s+|extra\s+|more\s+|repeats?\s+|repeated\s+|replicates?\s+|runs?\s+|"
    r"tries\s+|points?\s+|additional\s+|right\s+|exactly\s+|dead\s+|pieces\s+)*(?:in|at|of|au|aux|im|en\s+el|no)?\s*(?:the\s+)?(?:exact\s+)?"
    r"(?:cent(?:er|re|r[oa]|rum|ral)(?!\s+comp)\w*|ctrs?\b|ctr\.|środk\w*|mitte|middles?|mid\b|cps?\b(?!\s*[=:]))",
    re.I,
)
_TIMES_CENTER = re.compile(
    rf"(?<![\w.]){COUNT}\s+(?:times|repeats?|runs?|replicates?|points?)\s+(?:in|at)?\s*(?:the\s+)?"
    r"(?:cent(?:er|re)|middle)",
    re.I,
)
_REPEATED_EACH = re.compile(
    rf"(?<![\w.]){COUNT}\s+(?:(?:of|per|at|for|in)\s+)?(?:each|every|per)\s+"
    r"(?:combos?|combinations?|settings?|runs?|conditions?|cells?|blends?|corners?|points?|treatments?|recipes?)\b",
    re.I,
)
_BLOCKS = re.compile(
    rf"(?<![\w.^]){COUNT}\s+(?:(?!of\b|or\b|in\b|and\b)[a-z]{{2,9}}\s+)?blocks?\b(?!\s*no\b)", re.I
)
_SPLIT = re.compile(
    rf"\bblock(?:ed|s)?\s+(?:it\s+|them\s+|this\s+|that\s+)?(?:in(?:to)?|over|by)\s+{COUNT.replace('count', 'count3')}\b"
    rf"|\b(?:split|divided?|spread|distributed?|blocked|run)\s+(?:it\s+)?(?:in(?:to)?|over|across|on|by)\s+{COUNT}\s+"
    r"(?:halves|half|parts|days?|shifts?|batches|lots|sessions|mornings|weeks|groups|portions)\b"
    rf"|(?<![\w.]){COUNT.replace('count', 'count2')}\s+(?:days|shifts|batches|lots)\s*(?:\(\s*)?(?:as|=|\()\s*blocks?",
    re.I,
)
_ONCE = re.compile(
    r"\bsingle\s+rep|\b(?:run|made|done|all|corners|each|combination\w*|tested)\s+(?:\w+\s+)?once\b|"
    r"\b(?:one|1)\s+(?:[a-z]+\s+)?each\b|\bjeden\s+raz\b|\bune\s+(?:seule\s+)?fois\b|\bu[mn]a\s+ve[zs]\b|\beinmal\b|"
    r"\bwithout\s+(?:repe\w+|replic\w+)|\bunreplicated|\bno\s+replic",
    re.I,
)


def runs(evidence: Evidence, text: str | None = None) -> tuple[int, str] | None:
    """How many runs are wanted, with where that stood; refused numbers do not count.

    ``text`` is the question with what does not count taken out.
    """
    scalar = evidence.scalar("runs") if text is None else None
    text = evidence.reading.plain if text is None else text
    if scalar is not None and "+" in text[max(0, scalar.start - 1) : scalar.start + 1]:
        scalar = None
    if scalar is not None and not refused(text, scalar.start, scalar.end):
        return int(scalar.value), source_of(scalar)
    for pattern in (
        _RUNS_BRACKET, _RUNS, _RUNS_EQUALS, _RUNS_ALL, _RUNS_MOST, _RUNS_LEFT, _RUNS_AFFORDED,
        _RUNS_CHOSEN, _RUNS_ALONE,
    ):  # fmt: skip
        for match in pattern.finditer(text):
            if pattern is _RUNS_ALONE and not _may_be_runs(match):
                continue
            if pattern is _RUNS_CHOSEN and number_of(match["count"]) < _FEWEST_CHOSEN:
                continue
            if not refused(text, match.start("count"), match.end()):
                return number_of(match["count"]), f"question[{match.start()}:{match.end()}]"
    return None


_FEWEST_CHOSEN = 4


def _may_be_runs(match: re.Match[str]) -> bool:
    """ "Twelve welds." counts runs, "3 factors." and "20 minutes." do not."""
    noun = match["noun"].lower()
    return (
        number_of(match["count"]) >= _FEWEST_CHOSEN
        and noun not in UNIT_WORDS
        and not _NOT_RUNS.fullmatch(noun)
        and not _NOT_RUNS.search(match[0][match[0].lower().find(match["count"].lower()) :])
    )


def refused(text: str, start: int, end: int) -> bool:
    """A number of runs that is too many: "not 64", "64 trials too costly"."""
    return bool(_REFUSED.search(text[max(0, start - 32) : start])) or bool(
        _REFUSED_BEHIND.match(text, end)
    )


def take_runs(evidence: Evidence, binding: Binding, text: str | None = None) -> int | None:
    found = runs(evidence, text)
    if found is None:
        return None
    binding.set("runs", *found)
    return found[0]


def center_points(evidence: Evidence) -> tuple[int, str] | None:
    """How many centre points are wanted, with where that stood."""
    text = evidence.reading.plain
    if evidence.has(r"\b(?:no|without)\s+cent(?:er|re)"):
        return 0, "question"
    middle = _TIMES_CENTER.search(text) or _CENTER.search(text)
    if middle:
        return number_of(middle["count"]), f"question[{middle.start()}:{middle.end()}]"
    scalar = evidence.scalar("center_points")
    if scalar is None or scalar.value != int(scalar.value):
        return None
    return int(scalar.value), source_of(scalar)


def common(evidence: Evidence, binding: Binding) -> None:
    """Centre points, replicates, blocks, seed, randomisation."""
    middle = center_points(evidence)
    if middle is not None:
        binding.set("center_points", *middle)
    take_replicates(evidence, binding)
    take_blocks(evidence, binding)
    binding.take_count("seed", evidence.scalar("seed"))
    if evidence.has(
        r"\b(?:no|not|without|non)[\s-]?random\w*|standard order please|unrandomi[sz]ed"
    ):
        binding.set("randomize", False, "question")


def take_replicates(evidence: Evidence, binding: Binding) -> None:
    """Set ``replicates``, where every run is to be made more than once, or only once."""
    text = evidence.reading.plain
    repeats = evidence.scalar("replicates")
    place = re.match(r"question\[(\d+):(\d+)", binding.provenance.get("center_points", ""))
    if repeats and place and int(place[1]) <= repeats.start < int(place[2]):
        repeats = None  # "3 repeats in the centre"
    if repeats is not None and 1 <= repeats.value <= 100:
        binding.take_count("replicates", repeats)
    elif evidence.has(r"\b(?:twice|duplicate|two times|made two|done two)\b"):
        binding.set("replicates", 2, "question")
    elif evidence.has(r"\b(?:triplicate|three times|thrice)\b"):
        binding.set("replicates", 3, "question")
    elif each := _REPEATED_EACH.search(text):
        binding.set(
            "replicates", number_of(each["count"]), f"question[{each.start()}:{each.end()}]"
        )
    elif _ONCE.search(text):
        binding.set("replicates", 1, "question")


def take_blocks(evidence: Evidence, binding: Binding) -> None:
    """Set ``blocks``, where the runs are to be split."""
    match = _BLOCKS.search(evidence.reading.plain)
    if match:
        count = number_of(match["count"])
        if 1 <= count <= 1024 and "no blocks" not in evidence.text:
            binding.set("blocks", count, f"question[{match.start()}:{match.end()}]")
        return
    split = _SPLIT.search(evidence.reading.plain)
    if split:
        count = number_of(split["count"] or split["count2"] or split["count3"])
        binding.set("blocks", count, f"question[{split.start()}:{split.end()}]")
        return
    scalar = evidence.scalar("blocks")
    if (
        scalar is not None
        and scalar.value >= 1
        and not evidence.after(scalar, 16).count("blocks no")
    ):
        binding.take_count("blocks", scalar)
