"""Factors of an expanded gage study: their names, which one is the part, what is fixed or nested."""

from __future__ import annotations

import re

from havoc.reading.labelled_readings import CONDITION_NOUNS, is_condition, singular
from havoc.reading.prose import STOPWORDS
from havoc.reading.study_layout import PART_NOUNS, PERSON_NOUNS
from havoc.reason.binding.arguments import Binding, NeedsInput
from havoc.reason.binding.evidence import Evidence

_Factors = list[tuple[str, list[str]]]
_IS_PART = re.compile(
    r"\b(?P<before>[^\W\d_][\w-]{0,24})\s*(?:is|are|being|as|=)\s+(?:the\s+)?['\"]?parts?\b"
    r"|\bparts?['\"]?\s*(?:is|are|=|:)\s+(?:the\s+)?(?:column\s+)?(?P<behind>[^\W\d_][\w-]{0,24})",
    re.IGNORECASE,
)
_NAMES_LISTED = re.compile(
    r"\(\s*(?:columns?\s+|factors?\s+)?(?P<first>[^\W\d_]\w{0,20}(?:\s?(?:,|/|\band\b)\s?[^\W\d_]\w{0,20}){1,5})\s*\)"
    r"|\b(?:factors?|columns?)\s*:?\s*(?P<second>[^\W\d_]\w{0,20}(?:\s?(?:,|/|\+|\band\b)\s?[^\W\d_]\w{0,20}){1,5})",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W\d_]{2,24}")
_LONGEST = 20_000
_NO_PART = frozenset({"it", "that", "this", "which", "they", "what", "column"})


def named_factors(factors: _Factors, text: str) -> _Factors:
    """Every factor with a name of its own: as labelled, as listed, or as the text speaks of it."""
    names = [_told_name(name, levels, text) for name, levels in factors]
    spoken = _spoken(text)
    for place, (_, levels) in enumerate(factors):
        stem = _stem(levels)
        if not names[place] and stem:
            names[place] = _abbreviated(stem, [word for word in spoken if word not in names])
    listed = _listed_names(text, len(factors))
    declared = [word for word in (declared_part(text),) if word]
    people = [word for word in spoken if word in PERSON_NOUNS - PART_NOUNS]
    for candidates in (listed, declared, people, spoken):
        _fill(names, [name for name in candidates if name not in map(singular, names)])
    taken: set[str] = set()
    found = []
    for place, (name, (_, levels)) in enumerate(zip(names, factors, strict=True), start=1):
        unique = name if name and name not in taken else f"{name or 'factor'} {place}"
        taken.add(unique)
        found.append((unique, _numbers_of(unique, levels)))
    return found


def _told_name(label: str, levels: list[str], text: str) -> str:
    """The noun of the labels, or the one that stands beside the levels ("styli new and old")."""
    if label == "by":
        return "operator"
    if len(label) > 2 and not label.startswith("bare "):
        return label
    kept = list(dict.fromkeys(levels))[:2]
    if len(kept) < 2:
        return ""
    between = r"(?:\s?(?:,|/|&)\s?|\s(?:and|then|or|vs\.?)\s|\s)"
    both = rf"{re.escape(kept[0])}{between}{re.escape(kept[1])}(?!\w)"
    ahead = re.search(rf"(?<!\w)([^\W\d_][\w-]{{2,20}})\s\(?{both}", text[:_LONGEST], re.IGNORECASE)
    behind = re.search(rf"(?<!\w){both}\s?=\s?(?:two\s|the\s)?((?:[a-z]{{2,20}}\s)?[a-z]{{3,20}})", text[:_LONGEST], re.IGNORECASE)  # fmt: skip
    for match in (ahead, behind):
        if match and match[1].lower() not in STOPWORDS and match[1] not in levels:
            return singular(match[1].lower())
    return ""


def _abbreviated(stem: str, spoken: list[str]) -> str:
    """The spoken noun that begins with the letters; a p is a part unless a word says otherwise."""
    if stem in {"p", "pt"}:
        return "part"
    fitting = [word for word in spoken if word.startswith(stem)]
    return fitting[0] if fitting else ""


def _numbers_of(name: str, levels: list[str]) -> list[str]:
    """ "p1 p2" of the factor part are its levels 1 and 2."""
    stem = _stem(levels)
    return [level[len(stem) :] for level in levels] if stem and name.startswith(stem) else levels


def _fill(names: list[str], candidates: list[str]) -> None:
    """The one name that is left for the one factor that has none."""
    empty = [place for place, name in enumerate(names) if not name]
    if len(empty) == 1 and len(candidates) == 1:
        names[empty[0]] = candidates[0]


def _stem(levels: list[str]) -> str:
    """The letters that all levels begin with: "f" of f1 and f2."""
    stems = {re.sub(r"\d+$", "", level).lower() for level in levels}
    stem = stems.pop() if len(stems) == 1 else ""
    return stem if stem and all(level[-1:].isdigit() for level in levels) else ""


def _spoken(text: str) -> list[str]:
    """Nouns of parts, people and conditions that the text names, in their order."""
    words = [singular(word.lower()) for word in _WORD.findall(text)]
    return [
        word
        for word in dict.fromkeys(words)
        if len(word) > 2 and word in PART_NOUNS | PERSON_NOUNS | CONDITION_NOUNS and word not in {"time", "run", "line", "unit", "scale", "side", "position", "method"}
    ]  # fmt: skip


def _listed_names(text: str, count: int) -> list[str]:
    for match in _NAMES_LISTED.finditer(text):
        words = re.split(r"\s*(?:,|/|\+|\band\b)\s*", match["first"] or match["second"])
        known = [word for word in words if singular(word.lower()) in PART_NOUNS | PERSON_NOUNS or is_condition(word)]  # fmt: skip
        if len(words) == count and len(known) >= 1:
            return [singular(word.lower()) for word in words]
    return []


def declared_part(text: str) -> str:
    """The noun that the text calls the part."""
    for match in _IS_PART.finditer(text):
        word = singular((match["before"] or match["behind"]).lower())
        if word not in _NO_PART:
            return word
    return ""


def part_of(factors: _Factors, text: str) -> str:
    """Which factor is the part: named so, called so, or the only one that is no condition."""
    names = [name for name, _ in factors]
    declared = declared_part(text)
    singulars = {singular(name.lower()): name for name in names}
    if declared in singulars:
        return singulars[declared]
    for word in ("part", "piece", "sample", "item", "specimen"):
        if word in singulars:
            return singulars[word]
    low = text.lower()
    others = [name for name, levels in factors if not (is_condition(name) or _is_fixed(name, levels, low))]  # fmt: skip
    told = [name for name in others if not re.fullmatch(r"factor \d+", name)]
    named = [name for name in others if singular(name.lower()) in PART_NOUNS - PERSON_NOUNS]
    for candidates in (others, told, named):
        if len(candidates) == 1:
            return candidates[0]
    listed = ", ".join(names)
    raise NeedsInput(
        f"none of the factors ({listed}) is named as the part", "which column holds the part?"
    )


def set_roles(factors: _Factors, part: str, evidence: Evidence, binding: Binding) -> None:
    """Fixed and nested factors, factors of the product, and a model without interactions."""
    text = evidence.text
    names = [name for name, _ in factors]
    fixed = [name for name in names if name != part and _is_fixed(name, dict(factors)[name], text)]
    if fixed:
        binding.set("fixed", fixed, "question")
    nested = _nested(factors, part, text)
    if nested:
        binding.set("nested", nested, "question")
    described = [
        name
        for name in names
        if name != part and re.search(rf"\b{re.escape(name.lower())}s?\b[^.;?]{{0,24}}\b(?:belongs?\s+to|describes?|is\s+of)\s+the\s+(?:product|part)", text)
    ]  # fmt: skip
    if described:
        binding.set("part_factors", described, "question")
    if re.search(r"\bmain\s+(?:effects?|terms?)\b|\bno\s+interactions?\b|\bwithout\s+interactions?\b", text):  # fmt: skip
        binding.set("terms", names, "question")
    if re.search(r"\breml\b", text):
        binding.set("method", "reml", "question")


def _is_fixed(name: str, levels: list[str], text: str) -> bool:
    """ "fixed" stands in the same sentence as the name or the levels of the factor."""
    word = re.escape(name.lower())
    if re.search(
        rf"\bfixed\s+(?:factors?\s+)?{word}s?\b|\b{word}s?\b[^.;?]{{0,20}}\bfixed\b", text
    ):
        return True
    for match in re.finditer(r"\bfixed\b|\bonly\s+ones\b|\bthat['’]?s\s+all\s+we\s+have\b", text):
        before = re.split(r"[.;?\n]\s", text[max(0, match.start() - 120) : match.start()])[-1]
        if re.search(rf"\b{word[:5]}\w*", before) and len(name) > 3:
            return True
        told = set(levels)
        if all(re.search(rf"(?<!\w){re.escape(level.lower())}(?!\w)", before) for level in told):
            return True
    return False


def _nested(factors: _Factors, part: str, text: str) -> dict[str, str]:
    """Factor within factor where the text speaks of nesting and the levels are so."""
    levels = dict(factors)
    names = [name for name, _ in factors]
    nested: dict[str, str] = {}
    operator = next(
        (n for n in names if re.match(r"(?i)^(?:operator|appraiser|inspector)s?$", n)), ""
    )
    for inner in names:
        for outer in names:
            word, other = re.escape(inner.lower()), re.escape(outer.lower())
            if (
                inner != outer
                and re.search(
                    rf"\b{word}s?\b[^.;?]{{0,24}}\b(?:nested\s+)?(?:within|in|belongs?\s+to)\s+(?:each\s+|the\s+|their\s+|there\s+)?{other}s?\b",
                    text,
                )
                and (inner == part or _is_within(levels[inner], levels[outer]))
            ):
                nested[inner] = outer
    if not nested and re.search(r"\bnest\w*|\bown\b|\bbelongs?\b|\bwithin\b", text):
        for inner in names:
            outers = [
                o for o in names if o not in (inner, part) and _is_within(levels[inner], levels[o])
            ]
            if inner != part and outers:
                nested[inner] = outers[0]
        if not nested and operator and operator != part and re.search(r"\bnested\b", text):
            nested[part] = operator
    return nested


def _is_within(inner: list[str], outer: list[str]) -> bool:
    """Every level of the inner factor stands with one level of the outer factor, several with each."""
    pairs = set(zip(inner, outer, strict=True))
    return len(pairs) == len(set(inner)) and len(set(inner)) > len(set(outer)) > 1
