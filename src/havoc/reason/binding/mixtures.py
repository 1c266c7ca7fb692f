"""Arguments of mixture designs: components with their bounds, the total, the number of blends."""

from __future__ import annotations

import re
from typing import Any

from havoc.reading.factor_names import (
    COUNT,
    MAX_PROSE,
    clean_name,
    is_common_word,
    number_of,
    read_names,
)
from havoc.reading.factors import NUM, FactorText, read_all_factors
from havoc.reason.binding.arguments import Binding, NeedsInput
from havoc.reason.binding.design_size import runs, take_replicates
from havoc.reason.binding.design_terms import check_ranges, factor_of, stated_count
from havoc.reason.binding.evidence import Binder, Evidence

_TOTAL = re.compile(
    r"\b(?:sum(?:s|med)?|add(?:s|ing)?(?:\s+up)?|total|together|must\s+(?:give|make)|make|parts\s+of)\b\s*"
    r"(?:is\s+(?:fixed\s+(?:at|to)\s+)?|up\s+|to\s+|together\s+|=\s*|of\s+|always\s+)*(?P<total>\d++(?:\.\d++)?)\s*(?P<unit>%|g|kg|parts)?",
    re.I,
)
_AT_LEAST = re.compile(
    rf"(?<![\w\-])(?P<name>[A-Za-z][\w\-]*(?:\s+(?!min|at\b)[A-Za-z][\w\-]*)?)\s+(?:min(?:imum)?|at\s+least|(?:can'?t|not)\s+go\s+under|>=|≥)"
    rf"\s*(?:of\s+)?(?P<low>{NUM}|half|a\s+third)\s*(?P<unit>%)?",
    re.I,
)
_EACH_AT_LEAST = re.compile(
    rf"\b(?:each|every|all)\s+(?:min(?:imum)?|at\s+least|>=)\s*(?P<low>{NUM})", re.I
)
_REMAINDER = re.compile(
    r"\b(?P<name>[A-Za-z]\w*)\s*(?:\(\s*)?(?:remainder|rest|balance|q\.?\s?s\.?\b)", re.I
)
_COMPONENTS = re.compile(
    rf"(?<![\w.]){COUNT}\s+(?:\w+\s+)?(?:components?|comps?|ingredients?|solvents?|oils?|fillers?|spices|polymers|materials|parts)\b",
    re.I,
)
_BLENDS = re.compile(
    rf"(?<![\w.]){COUNT}\s*(?:blends?|mixes|recipes|runs?|(?:\w+\s+)?blend\s+(?:pts|points)|trials)\b"
    rf"|\b(?:pts|points)\s+{COUNT.replace('count', 'count2')}\b|\btime\s+for\s+(?:approx\.?|about)?\s*{COUNT.replace('count', 'count3')}\b",
    re.I,
)


_CHAINED = re.compile(
    rf"(?<![\w.])(?P<low>{NUM})\s*(?:<=?|≤)\s*(?P<name>[A-Za-z]\w{{0,30}})\s*(?:<=?|≤)\s*(?P<high>{NUM})"
)


_FILLED = re.compile(r"(?<=\w)\s+(?:q\.?\s?s\.?|balance|remainder|rest|ad)\s+(?=[\d.])", re.I)
"""Between the name of the filler and its own bounds: "mannitol q.s. 67-88 %"."""


def _as_range(match: re.Match[str]) -> str:
    """ "0.2 <= A <= 0.6" as "A 0.2-0.6", in the same place."""
    return f"{match['name']} {match['low']}-{match['high']}".ljust(len(match[0]))


def bind_mixture(evidence: Evidence, binding: Binding) -> None:
    text = _CHAINED.sub(_as_range, evidence.reading.plain[:MAX_PROSE])
    text = _FILLED.sub(lambda match: " " * len(match[0]), text)
    lattice = re.search(r"\{\s*(\d+)\s*,\s*(\d+)\s*\}", evidence.reading.text)
    _mixture_method(evidence, binding, lattice)
    if evidence.has(r"\baxial\b|\baugmented?\b|\binterior\b|\bcheck blends\b"):
        binding.set("augmented", True, "question")
    for pattern, name in ((r"\bq\s*=\s*(\d+)", "n_components"), (r"\bm\s*=\s*(\d+)", "degree")):
        match = re.search(pattern, evidence.text)
        if match:
            binding.set(name, int(match[1]), "question")
    read = read_all_factors(text)
    bounded = [item for item in read.factors if item.low is not None]
    check_ranges(bounded)
    listed: list[dict[str, Any]] = [factor_of(item) for item in bounded]
    listed += _lower_bounds(text, {item.name for item in bounded})
    if listed:
        _bounded_components(evidence, binding, listed, bounded, read.remaining)
        return
    total = _TOTAL.search(text)
    if total:
        binding.set("total", float(total["total"]), f"question[{total.start()}:{total.end()}]")
    stated = _component_count(evidence) or (int(lattice[1]) if lattice else None)
    names = read_names(_table_names(evidence) or read.remaining, stated)
    if not names and stated is None:
        names = _joined_names(text)
    each = _EACH_AT_LEAST.search(text)
    if names and (stated is None or len(names) == stated):
        components: list[Any] = list(names)
        if each:
            components = [{"name": name, "low": float(each["low"])} for name in names]
        binding.set("components", components, "question")
        binding.args.pop("n_components", None)
    elif each and stated is not None:
        binding.set(
            "components",
            [{"name": "ABCDEFGHJKLM"[index], "low": float(each["low"])} for index in range(stated)],
            "question",
        )
    elif "n_components" not in binding.args:
        if stated is None:
            raise NeedsInput("the components are missing", "which components are blended?")
        binding.set("n_components", stated, "question")
    binding.take_count("seed", evidence.scalar("seed"))


_NAME = r"[A-Za-z][\w\-]{0,20}(?:[ \t][A-Za-z][\w\-]{0,20}){0,2}"
_JOINED = re.compile(
    rf"(?<![\w\-]){_NAME}(?:\s*(?P<by>\+|,|/|&)\s*{_NAME})(?:\s*(?P=by)\s*(?:and\s+)?{_NAME}){{1,9}}"
)


_MADE_OF = re.compile(
    r"\b(?:is|are|of|from)\s+(?P<names>(?:[^\W\d_][\w-]{0,20}\s+){1,6}[^\W\d_][\w-]{0,20})\s+(?:adds?|add(?:ing)?\s+up|sums?|"
    r"summing|totals?|totalling|must)\b"
)


def _joined_names(text: str) -> list[str]:
    """Components joined by signs: "base oil + thickener + additive", or a list of its own."""
    told = _MADE_OF.search(text)
    if told:
        names = told["names"].split()
        if not any(is_common_word(name) for name in names) and len(set(names)) == len(names):
            return names
    for match in _JOINED.finditer(text):
        clause = text[match.end() : match.end() + 2].strip()
        before = re.findall(r"[^\W\d_]+", text[: match.start()])
        alone = match["by"] == "+" or (
            all(is_common_word(word) for word in before) and clause[:1] in {"", ".", ":", ";", ","}
        )
        if not alone:
            continue
        pieces = re.split(r"\s*[+,/&]\s*(?:and\s+)?", match[0])
        pieces[0] = re.split(r"\b(?:is|are|of|from|in|blend|mix|mixture)\s+", pieces[0])[-1]
        names = [clean_name(piece) for piece in [*pieces[:-1], _first_words(pieces[-1])]]
        if all(names) and len(set(names)) == len(names):
            return names
    return []


def _first_words(piece: str) -> str:
    """The last name of a list, before the sentence goes on."""
    words = piece.split()
    end = next((i for i, word in enumerate(words) if i and is_common_word(word)), len(words))
    return " ".join(words[:end])


def _mixture_method(evidence: Evidence, binding: Binding, lattice: re.Match[str] | None) -> None:
    if evidence.has(r"\bextreme[\s-]vert"):
        binding.set("method", "extreme_vertices", "question")
    elif lattice or evidence.has(r"\blattice\b"):
        binding.set("method", "simplex_lattice", "question")
    elif evidence.has(r"\bcentroid\b"):
        binding.set("method", "simplex_centroid", "question")
    if lattice:
        binding.set("degree", int(lattice[2]), "question")
        binding.set("n_components", int(lattice[1]), "question")
    elif binding.args.get("method") == "simplex_lattice":
        degree = evidence.scalar("degree")
        if degree is None:
            for word, value in (
                ("quadratic", 2),
                ("special cubic", 3),
                ("cubic", 3),
                ("linear", 1),
            ):
                if word in evidence.text:
                    binding.set("degree", value, "question")
                    break
        else:
            binding.take_count("degree", degree)


def _table_names(evidence: Evidence) -> str:
    """A pasted table has its components as columns, but it is an analysis that is wanted."""
    if evidence.tables:
        raise NeedsInput(
            "blends with results are given, and only their layout can be worked out here",
            "may a regression without intercept on the proportions answer the question?",
        )
    return ""


def _component_count(evidence: Evidence) -> int | None:
    match = _COMPONENTS.search(evidence.reading.plain)
    if match:
        return number_of(match["count"])
    of_all = re.search(r"\b(?:the|all)\s+(two|three|four|five|six)\b", evidence.text)
    return number_of(of_all[1]) if of_all else stated_count(evidence)


def _lower_bounds(text: str, known: set[str]) -> list[dict[str, Any]]:
    """Components with only a least amount: "oil min 5 %"."""
    words = {"half": 0.5, "a third": 1 / 3}
    found = []
    for match in _AT_LEAST.finditer(text):
        name = (
            match["name"].split()[-1]
            if match["name"].split()[0].lower() in {"for", "with", "compound"}
            else match["name"]
        )
        if name in known or name.lower() in {"each", "every", "all"}:
            continue
        low = words.get(match["low"].lower())
        component: dict[str, Any] = {
            "name": name,
            "low": float(match["low"]) if low is None else low,
        }
        if match["unit"]:
            component["unit"] = match["unit"]
        found.append(component)
    return found


def _bounded_components(
    evidence: Evidence,
    binding: Binding,
    listed: list[dict[str, Any]],
    bounded: list[FactorText],
    remaining: str,
) -> None:
    """Components with bounds, the total, and how many blends can be made."""
    text = evidence.reading.plain[:MAX_PROSE]
    known = {item["name"].lower() for item in listed}
    rest = _REMAINDER.search(text)
    if rest and rest["name"].lower() not in known:
        listed.append({"name": rest["name"]})
    elif len(listed) < (_component_count(evidence) or 0) or len(listed) == 1:
        names = read_names(remaining, _component_count(evidence))
        listed += [{"name": name} for name in names if name.lower() not in known]
    total = _TOTAL.search(text)
    sums = [item.get("high") or item.get("low") or 0 for item in listed]
    whole = float(total["total"]) if total else (100.0 if max(sums, default=0) > 1 else 1.0)
    if whole == 1.0 and max(sums, default=0) > 1:
        # Proportions that add to one, with bounds in percent.
        whole = 100.0
    if len(listed) < 2:
        raise NeedsInput("only one component was found", "which other components are blended?")
    low = sum(item.get("low") or 0 for item in listed)
    high = sum(item.get("high") or whole for item in listed)
    if low > whole * (1 + 1e-9) or high < whole * (1 - 1e-9):
        raise NeedsInput(
            f"no blend adds up to {whole:g}: the bounds add up to {low:g} at least and {high:g} "
            "at most",
            "which bound or which total should be changed?",
        )
    binding.set("components", listed, ", ".join(item.source for item in bounded)[:400])
    binding.set("total", whole, "question" if total else "default")
    blends = _BLENDS.search(text)
    if blends:
        count = number_of(blends["count"] or blends["count2"] or blends["count3"])
        binding.set("runs", count, f"question[{blends.start()}:{blends.end()}]")
        binding.set("method", "extreme_vertices", "default")
        if count >= len(listed):
            terms = len(listed) * (len(listed) + 1) // 2
            if count < terms:
                binding.set("degree", 1, "default")
                binding.echo("a linear blending model was assumed for {} runs", (count, "question"))
    elif (alone := runs(evidence)) and alone[0] >= len(listed) and alone[0] != whole:
        binding.set("runs", *alone)
    method = binding.args.get("method")
    if method in {"simplex_centroid", "simplex_lattice"} and any("high" in item for item in listed):
        binding.args.pop("method")
    binding.args.pop("n_components", None)
    take_replicates(evidence, binding)
    binding.take_count("seed", evidence.scalar("seed"))


BINDERS: dict[str, Binder] = {"mixture": bind_mixture}
