"""Arguments of split-plot designs: what is hard and what is easy to change."""

from __future__ import annotations

import re
from typing import Any

from havoc.reading.factor_names import COUNT, is_common_word, number_of
from havoc.reading.factors import FactorText, read_all_factors
from havoc.reason.binding.arguments import Binding, NeedsInput
from havoc.reason.binding.design_size import runs
from havoc.reason.binding.design_terms import check_ranges, factor_of, stated_count
from havoc.reason.binding.evidence import Binder, Evidence
from havoc.reason.binding.split_roles import MOST_WORDS_OF_A_NAME, told_by_effort

_HARD = re.compile(
    r"\bhard(?:[\s-]to[\s-]change)?\b|\bhtc\b|\bwhole[\s-]?plots?\s+factors?|\bwhole[\s-]?plots?\s*=|\bfixed per\b|\bset (?:once|one time)\b|"
    r"\bper (?:load|bake|furnace|day|batch)\b|\breset rarely|\bonly once\b|\b(?:is\s+a?\s*)?pig to\b|\bheavy to\b|\btakes?\b[^.]{0,24}\b(?:to change|hrs?|hours|"
    r"shift|day|days|to settle)\b|\b(?:slow|expensive|costly|painful|awkward|tedious|a?\s?pain)\s+to\s+(?:change|swap|reset|set|alter|adjust)\b|\bcosts? us\b|\bcan'?t be\b|\bcannot be\b|\bcant swap\b|\bhalf a shift\b|\bvery hard\b|\bbig parcels\b|\bwhole strips\b|"
    r"\bwhole-plot\b|\bis set per\b",
    re.I,
)
_EASY = re.compile(
    r"\beasy\b|\beasily\b|\betc\b\s*[:=]|\betc factors?|\bsub-?\s?plots?\b|\bwithin\b|\binside\b|\bquick\b|\bfreely\b|\bper (?:part|tray|tile|panel)\b|"
    r"\bchanged? each\b|\bin each load\b|\blight\b|\bsmall parcels\b|\bthen\b|\bwhereas\b|\bwhile\b|\bbut\b|\beach hold",
    re.I,
)
_WHOLE_PLOTS = re.compile(
    rf"(?<![\w.]){COUNT}\s*(?:whole[\s-]?plots?|wps?\b|big plots|batches|loads|bakes|shifts|days|chambers|cycles\s+in)(?!\s*\w*\s*rep)(?!\s+per\b)"
    rf"|(?<![\w.]){COUNT.replace('count', 'count2')}\s+(?:[a-z]+\s+)?(?:changes|swaps|changeovers|change-overs|set-?ups|weeks|resets)\b"
    rf"|\b(?:whole[\s-]?plots?|wps?)\s*[:=]\s*{COUNT.replace('count', 'count3')}\b",
    re.I,
)
_TIMES_SET = re.compile(
    rf"\b(?:change|set|changed|flip|swap|switch|reset|move|adjust)\s+(?:it\s+|them\s+)?(?:only\s+)?{COUNT}\s+times\b",
    re.I,
)
_PER_SETTING = re.compile(
    rf"(?<![\w.]){COUNT}\s+(?:goes|loads|cycles|batches|chambers)\b[^.;,]{{0,24}}\b(?:at|per)\s+(?:each\s+)?\w+",
    re.I,
)
_REPS = re.compile(
    rf"(?<![\w.]){COUNT}\s*(?:wp\s+|whole[\s-]plot\s+|full\s+)?(?:reps?|replicates?|replications?)\b"
    rf"|\b(?:repeat|replicated)\s+{COUNT.replace('count', 'count2')}\b"
    rf"|\b(?:reps?|replicates?|replications?)\s*[:=]\s*{COUNT.replace('count', 'count3')}\b",
    re.I,
)
_INSIDE = re.compile(
    rf"\bwith\s+{COUNT}\s+runs\s+inside|\b{COUNT.replace('count', 'count2')}\s+runs\s+(?:inside|in|within)\s+each",
    re.I,
)
_COUNTED_LEVELS = re.compile(
    rf"(?<![\w.]){COUNT}\s+(?P<name>recipes|varieties|materials|treatments)\b", re.I
)


_EFFORT = re.compile(
    r"(?:\b(?:is|are|was)\s+)?(?:a\s+)?(?:very\s+)?\b(?:hard|easy|difficult|heavy|pig)[\s-]to[\s-](?:change|reset|adjust|alter|set)\b\.?"
    r"|\b(?:takes?|costs?)\s+(?:us\s+|me\s+)?(?:\w+\s+){1,3}?(?:shifts?|days?|hours?|hrs?|weeks?|minutes)\b"
    r"|\bis\s+set\s+(?:only\s+)?(?:once|one\s+time)?\s*per\s+\w+|\bcan\s+be\s+changed\s+only\s+once\s+per\s+\w+",
    re.I,
)


def bind_split_plot(evidence: Evidence, binding: Binding) -> None:
    text = evidence.reading.plain
    # Blanks for "is hard to change", so that the settings behind it find their name before it.
    read = read_all_factors(_EFFORT.sub(lambda match: " " * len(match[0]), text))
    found = [item for item in read.factors if not _WHOLE_PLOTS.match(text[item.start :])]
    check_ranges(found)
    hard, easy = _sorted_by_effort(text, found)
    lettered = _lettered(text)
    if lettered is not None:
        binding.set("whole_plot", [{"name": name} for name in lettered[0]], "question")
        binding.set("sub_plot", [{"name": name} for name in lettered[1]], "question")
    else:
        counted = _COUNTED_LEVELS.search(text)
        sub = [factor_of(item) for item in easy]
        if counted and not any(
            counted["name"].lower().startswith(item.name.lower()[:5]) for item in easy
        ):
            sub.append(
                {"name": _singular(counted["name"]), "n_levels": number_of(counted["count"])}
            )
        whole = [factor_of(item) for item in hard]
        if not whole:
            named = re.search(
                r"\bwhole[\s-]?plot factors?\s+([A-Za-z]\w*)(?:\s+with\s+(\d|two|three)\s+levels)?",
                text,
                re.I,
            )
            if named:
                levels = number_of(named[2]) if named[2] else 2
                whole = [{"name": named[1], "n_levels": levels}]
                sub = [item for item in sub if item["name"].lower() != named[1].lower()]
        if not whole or not sub:
            whole, sub = _counted(text, whole)
        if not whole or not sub:
            hard_names, easy_names = told_by_effort(text, stated_count(evidence))
            whole = [_with_settings(name, found) for name in hard_names]
            sub = [_with_settings(name, found) for name in easy_names]
        if not whole or not sub:
            whole, sub = _batches(text) or (whole, sub)
        if not whole or not sub:
            raise NeedsInput(
                "a split-plot design needs the factors that are hard to change and those that "
                "are easy to change",
                "which factors are hard to change, which easy, and what are their settings?",
            )
        binding.set("whole_plot", whole, ", ".join(item.source for item in hard)[:400])
        binding.set("sub_plot", sub, ", ".join(item.source for item in easy)[:400])
    _plots(evidence, binding)
    binding.take_count("seed", evidence.scalar("seed"))


_BATCHES = re.compile(
    rf"\bbatches\b[^.;]{{0,40}}?\(?\b{COUNT}\s+(?P<whole>[a-z][\w-]*)\b[^.;]{{0,60}}?\beach\s+(?:batch|one|of\s+them)\s+"
    rf"(?:\w+\s+)?(?:at|with|in|for|into)\s+{COUNT.replace('count', 'count2')}\s+(?P<sub>[a-z][\w-]*(?:\s[a-z][\w-]*s\b)?)",
    re.I,
)


def _batches(text: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]] | None:
    """ "8 batches (2 recipes), each batch at 3 pressures"."""
    match = _BATCHES.search(text)
    if match is None:
        return None
    return (
        [{"name": _singular(match["whole"]), "n_levels": number_of(match["count"])}],
        [{"name": _singular(match["sub"]), "n_levels": number_of(match["count2"])}],
    )


_LEVELS = re.compile(rf"(?<![\w.]){COUNT}[\s-]*(?:levels?|lvls?|settings)\b", re.I)


def _with_settings(name: str, found: list[FactorText]) -> dict[str, Any]:
    """A factor by its name, with the settings that were read for it elsewhere."""
    own = next((item for item in found if item.name.lower() == name.lower()), None)
    return factor_of(own) if own is not None else {"name": name}


def _counted(
    text: str, known: list[dict[str, Any]]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """ "oven temp hard to change 3 levels, coating 4 levels": clauses with a name and a count."""
    whole: list[dict[str, Any]] = list(known)
    sub: list[dict[str, Any]] = []
    for clause in re.split(r"[,;:.]\s|\sx\s", text):
        levels = _LEVELS.search(clause)
        if not levels:
            continue
        hard = _HARD.search(clause) is not None
        words = _LEVELS.sub(" ", _EASY.sub(" ", _HARD.sub(" ", _EFFORT.sub(" ", clause))))
        names = [
            word
            for word in re.findall(r"[A-Za-z][\w-]*", words)
            if word.lower() not in _NO_NAME and not is_common_word(word)
        ]
        if 1 <= len(names) <= MOST_WORDS_OF_A_NAME:
            item = {"name": " ".join(names), "n_levels": number_of(levels["count"])}
            (whole if hard else sub).append(item)
    return whole, sub


_NO_NAME = frozenset(
    "at with has have on in the a an is are was factor factors and change to it each".split()
)


def _singular(noun: str) -> str:
    return noun[:-3] + "y" if noun.endswith("ies") else noun.removesuffix("s")


def _lettered(text: str) -> tuple[list[str], list[str]] | None:
    """ "HTC = A, ETC = B, C, D"."""
    match = _NAMED_GROUPS.search(text)
    if match is None:
        return None
    listed = [
        [name for name in re.split(r"\s*[,+&]\s*|\s+and\s+", part) if name]
        for part in (match["hard"], match["easy"])
    ]
    if not all(listed) or any(is_common_word(name) for part in listed for name in part):
        return None
    return listed[0], listed[1]


_GROUP_NAMES = (
    r"(?:[A-Za-z]\w{0,20}(?:\s(?!and\b|etc\b|easy\b|sub)[a-z]\w{1,20}){0,2}(?![\w(\[{/])"
    r"(?:\s*(?:[,+&]|\band\b)\s*(?!etc\b|easy\b|sub)[A-Za-z]\w{0,20}(?:\s(?!and\b|etc\b|easy\b|sub)[a-z]\w{1,20}){0,2}(?![\w(\[{/]))*)"
)
_NAMED_GROUPS = re.compile(
    r"\b(?:htc|hard(?:[\s-]to[\s-]change)?|wp|(?:whole|main)[\s-]?plots?(?:\s+factors?)?)\s*[:=]\s*"
    rf"(?P<hard>{_GROUP_NAMES})[\s.;,|/]{{1,6}}(?:and\s+)?"
    r"(?:etc|easy(?:[\s-]to[\s-]change)?|sp|sub[\s-]?plots?(?:\s+factors?)?|split[\s-]?plots?(?:\s+factors?)?)\s*[:=]\s*"
    rf"(?P<easy>{_GROUP_NAMES})",
    re.I,
)


def _sorted_by_effort(
    text: str, found: list[FactorText]
) -> tuple[list[FactorText], list[FactorText]]:
    """Hard-to-change factors: those near a word for it; otherwise the first one."""
    if len(found) < 2:
        return found[:1], found[1:]
    hard_places = [match.start() for match in _HARD.finditer(text)]
    easy_places = [match.start() for match in _EASY.finditer(text)]
    listed = re.search(r"\b(?P<count>two|three|2|3)\s+(?:htc|things\s+heavy|hard)\b", text, re.I)
    if listed:
        count = number_of(listed["count"])
        return found[:count], found[count:]
    easy_first = min(easy_places, default=len(text))
    before = [item for item in found if item.start < easy_first]
    if easy_places and before and len(before) < len(found):
        return before, found[len(before) :]
    after_easy = [place for place in easy_places if place > found[0].start]
    if after_easy:
        split = [item for item in found if item.start < after_easy[0]]
        if 0 < len(split) < len(found):
            return split, found[len(split) :]
    if hard_places:
        nearest = min(found, key=lambda item: min(abs(item.start - place) for place in hard_places))
        return [nearest], [item for item in found if item is not nearest]
    return found[:1], found[1:]


def _plots(evidence: Evidence, binding: Binding) -> None:
    """Whole plots, replicates, runs within, blocks."""
    text = evidence.reading.plain
    per = _PER_SETTING.search(text)
    reps = _REPS.search(text)
    plots = _WHOLE_PLOTS.search(text) or _TIMES_SET.search(text)
    if reps:
        count = number_of(reps["count"] or reps["count2"] or reps["count3"])
        binding.set("replicates", count, f"question[{reps.start()}:{reps.end()}]")
    elif per:
        binding.set("replicates", number_of(per["count"]), f"question[{per.start()}:{per.end()}]")
    elif plots:
        groups = plots.groupdict()
        count = number_of(plots["count"] or groups.get("count2") or groups.get("count3") or "")
        binding.set("whole_plots", count, f"question[{plots.start()}:{plots.end()}]")
    inside = _INSIDE.search(text)
    if inside:
        binding.set(
            "runs_per_whole_plot", number_of(inside["count"] or inside["count2"]), "question"
        )
    total = runs(evidence)
    if (
        total is not None
        and "whole_plots" in binding.args
        and "runs_per_whole_plot" not in binding.args
    ):
        size, odd = divmod(total[0], binding.args["whole_plots"])
        if not odd and size > 1:
            binding.set("runs_per_whole_plot", size, total[1])
    blocks = re.search(rf"(?<![\w.]){COUNT}\s+blocks?\b", text, re.I)
    if blocks and "replicates" not in binding.args:
        binding.set("replicates", number_of(blocks["count"]), "question")
        binding.set("blocks", True, "question")
        binding.args.pop("whole_plots", None)
    combinations = 1
    for item in binding.args["whole_plot"]:
        combinations *= len(item.get("levels", [])) or item.get("n_levels", 2)
    wanted = binding.args.get("whole_plots")
    inner = 1
    for item in binding.args["sub_plot"]:
        inner *= len(item.get("levels", [])) or item.get("n_levels", 2)
    if total is not None and wanted is None and "replicates" not in binding.args:
        repeats, odd = divmod(total[0], combinations * inner)
        if not odd and repeats > 1:
            binding.set("replicates", repeats, total[1])
    if wanted is not None and wanted % combinations:
        raise NeedsInput(
            f"{wanted} whole plots cannot hold the {combinations} settings of the hard factors "
            "equally often",
            f"can {combinations * -(-wanted // combinations)} whole plots be made?",
        )


BINDERS: dict[str, Binder] = {"split_plot": bind_split_plot}
