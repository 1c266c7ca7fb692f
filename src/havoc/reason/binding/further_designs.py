"""Arguments of further designs: space-filling, orthogonal arrays, Latin squares."""

from __future__ import annotations

import math
import re
from typing import Any

from havoc.reading.factor_names import COUNT, is_common_word, number_of, read_count, read_names
from havoc.reading.factors import read_all_factors
from havoc.reading.prose import mask
from havoc.reason.binding.arguments import Binding, NeedsInput
from havoc.reason.binding.design_size import runs, take_runs
from havoc.reason.binding.design_terms import factor_of, factors
from havoc.reason.binding.evidence import Binder, Evidence
from havoc.reason.binding.robustness import bind_taguchi_analyze, is_signal_to_noise

POINTS = re.compile(
    rf"(?<![\w.^\-]){COUNT}\s*+(?:-\s*+)?(?:(?!(?:in|of|for|with|and|factors?|inputs?|variables?)\b)[a-z][\w\-]*,?\s+){{0,4}}?"
    r"(?:points?|pts|settings|samples?|simulations?|sims|probes|combinations|runs|wells?|designs|scenarios|cases|"
    r"evaluations|calls|jobs|solves|experiments|trials|shots|vectors|sets|rows|draws|locations|"
    r"punkt\w*|pontos|puntos|punti|simul\w+|symul\w+|essais|versuche|próbek|próby)\b",
    re.I,
)
IS_FACTOR_COUNT = re.compile(r"\b(?:dims?|dimension\w*|factors?|inputs?|variables?)\b", re.I)
_CRITERIA = (
    (r"\bmaximin\b", "maximin"),
    (r"\b(?:min\w*\s+)?correlation\b|\buncorrelated\b", "correlation"),
    (r"\bcent(?:er|re)d\b|\bmidpoints?\b", "centered"),
)


CROSSED = re.compile(
    r"\b(?:lhs|lhd|hypercube|design|matrix|of)\s+(?P<runs>\d{1,4})\s*(?:x|×|by)\s*(?P<factors>\d{1,2})\b(?!\s*(?:x|×)\s*\d)",
    re.I,
)


def bind_latin_hypercube(evidence: Evidence, binding: Binding) -> None:
    crossed = CROSSED.search(evidence.reading.plain)
    points = next(
        (
            match
            for match in POINTS.finditer(evidence.reading.plain)
            if number_of(match["count"]) > 1 and not IS_FACTOR_COUNT.search(match[0])
        ),
        None,
    )
    prose = evidence.reading.plain
    # "thirty parameter vectors" are thirty points, not thirty parameters
    prose = mask(prose, *points.span()).replace("\x00", " ") if points else prose
    stated = int(crossed["factors"]) if crossed else read_count(prose) if points else None
    settled = [item for item in read_all_factors(prose).factors if item.named]
    if points and stated is None and len(settled) > 1:
        stated = len(settled)
    factors(evidence, binding, stated=stated, text=prose)
    if crossed:
        binding.set("runs", int(crossed["runs"]), f"question[{crossed.start()}:{crossed.end()}]")
    elif points:
        binding.set(
            "runs", number_of(points["count"]), f"question[{points.start()}:{points.end()}]"
        )
    elif take_runs(evidence, binding) is None and not binding.take_count(
        "runs", evidence.scalar("n")
    ):
        raise NeedsInput(
            "the number of points is missing", "how many points should the design have?"
        )
    for pattern, criterion in _CRITERIA:
        if evidence.has(pattern):
            binding.set("criterion", criterion, "question")
            break
    binding.take_count("seed", evidence.scalar("seed"))


# orthogonal arrays ------------------------------------------------------------

_ARRAYS = (4, 8, 9, 12, 16, 18, 25, 27, 32)
_ARRAY = re.compile(r"\bl\s?(4|8|9|12|16|18|25|27|32)\b", re.I)
_NOISE = re.compile(
    r"\b(?:robust|insensitive)\s+(?:to|against)\s+(?:[\w\-]+\s+){0,3}?[\w\-]+\s*\([^()]*\)"
    r"|\b(?:outer\s+(?:l\s?\d{1,2}\s+)?)?noise\s*(?:factors?)?\s*(?:[:=]\s*[^.;]*|\([^()]*\))",
    re.I,
)
_LEVEL_WORDS = {"two": 2, "three": 3, "four": 4, "five": 5}
_LEVELS = r"(?P<levels>[2-5]|two|three|four|five)"
_GROUP = re.compile(
    rf"(?<![\w.]){COUNT}(?:\s*x\s*|\s+)(?:factors?\s+)?(?:(?:at|with|on|by)\s+)?{_LEVELS}\s*-?\s*(?:lvls?|levels?)\b",
    re.I,
)
_ALL_LEVELS = re.compile(rf"\b{_LEVELS}\s*-?\s*(?:lvls?|levels?)\b", re.I)


def bind_taguchi(evidence: Evidence, binding: Binding) -> None:
    if is_signal_to_noise(evidence):
        binding.operation = "taguchi_analyze"
        bind_taguchi_analyze(evidence, binding)
        return
    array = _ARRAY.search(evidence.text)
    wanted = runs(evidence)
    if array:
        binding.set("array", f"L{array[1]}", f"question[{array.start()}:{array.end()}]")
    elif wanted is not None and wanted[0] in _ARRAYS:
        binding.set("runs", *wanted)
    elif (rows := _ROWS.search(evidence.reading.plain)) and number_of(rows["count"]) in _ARRAYS:
        binding.set("runs", number_of(rows["count"]), f"question[{rows.start()}:{rows.end()}]")
    groups = [
        (number_of(match["count"]), _level_count(match["levels"]))
        for match in _GROUP.finditer(evidence.reading.plain)
    ]
    text = _without_noise(evidence, binding)
    named = _named_groups(text)
    if named:
        binding.set("factors", named, "question")
        binding.take_count("seed", evidence.scalar("seed"))
        _check_array(binding)
        return
    settled = [item for item in read_all_factors(text).factors if item.named]
    if len(settled) > max([1, *(count for count, _ in groups)]):
        binding.set(
            "factors",
            [factor_of(item) for item in settled],
            ", ".join(item.source for item in settled),
        )
    elif len(groups) > 1:
        _mixed_levels(evidence, binding, groups)
    else:
        try:
            factors(evidence, binding, stated=groups[0][0] if groups else None, text=text)
        except NeedsInput:
            if not array:
                raise
        levels = _ALL_LEVELS.search(evidence.reading.plain)
        if levels:
            binding.set("n_levels", _level_count(levels["levels"]), "question")
        elif (
            binding.args.get("array", f"L{binding.args.get('runs')}") in {"L9", "L27", "L18"}
            and "factors" in binding.args
        ):
            _three_levels(binding)
    binding.take_count("seed", evidence.scalar("seed"))
    _check_array(binding)


_NAMES = r"(?:[A-Za-z][\w-]{0,20}(?:\s?[,+&]\s?|\s)){0,7}[A-Za-z][\w-]{0,20}"
_NAMES_FIRST = re.compile(
    rf"(?:^|[,;:.\n(]|\band\b|\bwith\b)[ \t]*+(?P<names>{_NAMES})[ \t]*+(?:[:=(][ \t]*+)?"
    rf"(?:(?:has|have|at|with|are|is|on)[ \t]++)?(?:all[ \t]++)?{_LEVELS}[ \t]*+-?[ \t]*+(?:lvls?|levels?)\b",
    re.I,
)
_NAMES_IN_BRACKETS = re.compile(
    rf"(?<![\w.]){_LEVELS}\s*-?\s*(?:lvls?|levels?)(?:\s+factors?)?\s*\((?P<names>{_NAMES})\)", re.I
)
_ROWS = re.compile(rf"(?<![\w.\-]){COUNT}\s+(?:rows|lines)\b", re.I)


def _named_groups(text: str) -> list[dict[str, Any]]:
    """ "A 2 levels, B C D 3 levels", "2-level (Type) and 3-level (B, C, D)"."""
    for pattern in (_NAMES_IN_BRACKETS, _NAMES_FIRST):
        listed: list[dict[str, Any]] = []
        for match in pattern.finditer(text):
            names = re.split(r"\s?[,+&]\s?|\s", match["names"])
            if any(is_common_word(name) or name.lower() in _LEVEL_WORDS for name in names):
                continue
            listed += [{"name": name, "n_levels": _level_count(match["levels"])} for name in names]
        if len(listed) > 1 and len({item["n_levels"] for item in listed}) > 1:
            return listed
    return []


def _without_noise(evidence: Evidence, binding: Binding) -> str:
    """The question without its noise factors, which are no columns of the array."""
    text = evidence.reading.plain
    match = _NOISE.search(text)
    if not match:
        return text
    binding.warn(
        "the array holds the control factors only; make every run under each setting of the "
        "noise factors ({})",
        (match[0].strip(" .;"), f"question[{match.start()}:{match.end()}]"),
    )
    return mask(text, *match.span())


def _level_count(word: str) -> int:
    return _LEVEL_WORDS.get(word.lower()) or int(word)


def _three_levels(binding: Binding) -> None:
    """Names without settings stand on the three-level columns of the array."""
    if not any(set(item) & {"levels", "low"} for item in binding.args["factors"]):
        binding.set("n_levels", 3, "default")


def _mixed_levels(evidence: Evidence, binding: Binding, groups: list[tuple[int, int]]) -> None:
    """ "one two-level factor (lube yes/no) and seven three-level factors B to H"."""
    read = read_all_factors(evidence.reading.plain)
    known = [factor_of(item) for item in read.factors]
    names = [
        name
        for name in read_names(read.remaining)
        if name not in {str(item["name"]) for item in known}
    ]
    letters = iter([*names, *(letter for letter in "ABCDEFGHJKLMN" if letter not in names)])
    listed: list[dict[str, Any]] = []
    for count, levels in groups:
        own = [item for item in known if len(item.get("levels") or [0, 0]) == levels][:count]
        listed += own
        listed += [{"name": next(letters), "n_levels": levels} for _ in range(count - len(own))]
    binding.set("factors", listed, "question")


def _check_array(binding: Binding) -> None:
    """The array must have a column for every factor."""
    wanted = binding.args.get("runs")
    array = binding.args.get("array") or (f"L{wanted}" if wanted else None)
    sizes = [
        item.get("n_levels") or len(item.get("levels") or []) or binding.args.get("n_levels", 2)
        for item in binding.args.get("factors", [])
    ] or [binding.args.get("n_levels", 2)] * binding.args.get("n_factors", 0)
    if array is None or not sizes:
        return
    from havoc.tools.doe.orthogonal_arrays import LEVELS

    offered = LEVELS[array]
    if "n_factors" in binding.args and "n_levels" not in binding.args:
        sizes = [max(offered)] * len(sizes) if len(set(offered)) == 1 else []
        if sizes:
            binding.set("n_levels", sizes[0], "default")
    for level in set(sizes):
        if sizes.count(level) > offered.count(level):
            held = " and ".join(
                f"{offered.count(own)} at {own} levels" for own in sorted(set(offered))
            )
            raise NeedsInput(
                f"{array} holds {held}, and {sizes.count(level)} at {level} levels are asked for",
                "which factors can be left out, or may it be a larger array?",
            )


# Latin squares ----------------------------------------------------------------

_SIZE = re.compile(r"(?<![\w.])(\d{1,2})\s*(?:x|×|by)\s*(\d{1,2})(?![\w.])", re.I)
_ORDER = re.compile(r"\b(?:order|size)\s*(?:of\s+)?(\d{1,2})\b", re.I)
_COUNTED_NOUN = re.compile(
    rf"(?<![\w.\-]){COUNT}\s+(?P<noun>[A-Za-zÀ-ÿ][\w\-]*(?:\s+(?!(?:and|on|over|in|by|with|to|are|have|inside|should|"
    r"for|from|but|must|x|runs?|only|latin|can|were|each|both)\b)[a-zà-ÿ][\w\-]+)?)",
    re.I,
)
_COUNT_BEHIND = re.compile(r"\b(?P<noun>[a-z]\w+)\s*\(\s*(?P<count>\d{1,2})\s*\)", re.I)
_NOT_A_FACTOR = re.compile(
    r"^(?:runs?|trials?|plots?|sprays|determinations|squares?|latin|levels?|tests?|experiments?|"
    r"nuisance|factors?|rows? by|seed|things?|results?|times?|measurements|by|cells?)",
    re.I,
)
_NO_NOUN = frozenset("on in at of the a an per each and or to for is are times only".split())
_RESULT = re.compile(r"(?<![\w.])[A-Z]\s\d++(?:\.\d++)?(?!\w)")
_BLOCKING = re.compile(
    r"\b(?:days?|weeks?|weekdays?|shifts?|mornings?|periods?|operators?|ops|drivers?|cars?|wagons?|ovens?|rows?|col\w*|"
    r"analysts?|batch\w*|machines?|looms?|cows?|fitters?|positions?|cycles?|washers?|technicians?|labs?|"
    r"incubators?|timbers?|welders?|wheel\w*|months?|hours?|lots?|people|persons?)\b",
    re.I,
)
_EACH = re.compile(r"\b(?:each|every)\s+(?P<noun>[a-z][\w\-]*)", re.I)


_GREEK = "αβγδεζηθικλμνξοπρστυφχψω"


def bind_latin_square(evidence: Evidence, binding: Binding) -> None:
    text = evidence.reading.plain
    if len(_RESULT.findall(text)) >= 9:
        raise NeedsInput(
            "the results of a Latin square are given, and only its layout can be worked out here",
            "may the treatments be compared by a one-way analysis of variance instead?",
        )
    counted = [
        (match["noun"], number_of(match["count"]))
        for pattern in (_COUNTED_NOUN, _COUNT_BEHIND)
        for match in pattern.finditer(text)
        if not _NOT_A_FACTOR.match(match["noun"])
        and not match["noun"].lower().startswith(("x ", "by "))
    ]
    counted = [(noun, count) for noun, count in counted if noun.lower().split()[0] not in _NO_NOUN]
    several = {count for _, count in counted}
    # 16 tyres for 4 cars are the cells of the square
    counted = [
        (noun, count)
        for noun, count in counted
        if math.isqrt(count) ** 2 != count or math.isqrt(count) not in several - {1}
    ]
    sizes = {count for _, count in counted if count > 1}
    square = _SIZE.search(text) or _ORDER.search(text)
    if square is None and len(sizes) > 1:
        listed = ", ".join(f"{count} {noun}" for noun, count in counted[:4])
        raise NeedsInput(
            f"a Latin square needs as many rows and columns as treatments, and there are {listed}",
            "how can the numbers be made equal, or may a block be incomplete?",
        )
    read = read_all_factors(text)
    lists = {
        item.name: [str(level) for level in item.levels] for item in read.factors if item.levels
    }
    size = int(square[1]) if square else next(iter(sizes), 0)
    names = _treatment_names(text, read.remaining, size, lists)
    size = size or len(names)
    if not size:
        raise NeedsInput(
            "the number of treatments is missing",
            "how many treatments are compared, and which two nuisance factors are balanced out?",
        )
    if size < 3:
        raise NeedsInput(
            f"a Latin square needs at least 3 treatments, and {size} were given",
            "which further treatment can be compared, or would a paired comparison do?",
        )
    binding.set("size", size, "question")
    graeco = evidence.has(r"\bgr(?:ae|e)co") and not evidence.has(r"\bplain\b")
    _roles(text, binding, [noun for noun, _ in counted], lists)
    if names:
        binding.set("treatments", names, "question")
    if graeco and size % 4 == 2:
        raise NeedsInput(
            f"a Graeco-Latin square of {size} is not built here",
            "may it be a plain Latin square, or another number of treatments?",
        )
    if graeco:
        binding.set(
            "treatments2",
            [
                _GREEK[index] if size <= len(_GREEK) else f"second {index + 1}"
                for index in range(size)
            ],
        )
    binding.take_count("seed", evidence.scalar("seed"))
    if evidence.has(r"\b(?:no|not|without|non)[\s-]?random\w*|\bcyclic\b"):
        binding.set("randomize", False, "question")


def _treatment_names(
    text: str, remaining: str, size: int, lists: dict[str, list[str]]
) -> list[str]:
    """Names of the treatments: a list with as many entries as the square has rows."""
    fitting = [
        levels
        for name, levels in lists.items()
        if (not size or len(levels) == size) and not _BLOCKING.search(name)
    ]
    if fitting:
        return fitting[0]
    names = read_names(text, size or None)
    if not names or (size and len(names) != size) or any(" " in name for name in names):
        return []
    if all(len(name) == 1 or re.fullmatch(r"[A-Za-z]\d", name) for name in names):
        return names
    return []


def _roles(text: str, binding: Binding, nouns: list[str], lists: dict[str, list[str]]) -> None:
    """What is compared and what is balanced out: "each X once per Y and Z", or by their words."""
    nouns = list(dict.fromkeys([*nouns, *(name for name in lists if name)]))
    blocking = [noun for noun in nouns if _BLOCKING.search(noun)]
    each = [match["noun"].lower() for match in _EACH.finditer(text)]
    free = [noun for noun in nouns if noun not in blocking]
    treatment = next(
        (noun for noun in free if any(_same_noun(noun, word) for word in each)),
        free[0] if free else "",
    )
    others = [noun for noun in nouns if noun != treatment]
    named = re.findall(r"\b(?:rows?|columns?|cols?)\s*=\s*([a-z]\w+)", text, re.I)
    if len(named) == 2:
        others = named
    across = re.search(r"\b([a-z]\w+)\s+down\b,?\s*(?:and\s+)?([a-z]\w+)\s+across\b", text, re.I)
    if across:
        others = [across[1], across[2]]
    if treatment and not is_common_word(treatment):
        binding.set("treatment_name", treatment, "question")
    for key, noun in zip(("row_name", "column_name"), others, strict=False):
        binding.set(key, noun, "question")
        for name, levels in lists.items():
            if _same_noun(name, noun) and len(levels) == binding.args["size"]:
                binding.set("rows" if key == "row_name" else "columns", levels, "question")


def _same_noun(first: str, second: str) -> bool:
    """ "tyre compounds" and "compound"."""
    return first.lower().split()[-1].rstrip("s") == second.lower().split()[-1].rstrip("s")


BINDERS: dict[str, Binder] = {
    "latin_hypercube": bind_latin_hypercube,
    "latin_square": bind_latin_square,
    "taguchi": bind_taguchi,
    "taguchi_analyze": bind_taguchi_analyze,
}
