"""What single numbers in a question mean: alpha, specification limits, sample sizes …

A role is read from the words next to a number. Roles are listed in ``PATTERNS``;
the first pattern that claims a number wins, and what was claimed is masked, so
that "alpha 0.05" never becomes part of a list of measurements.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

import msgspec

from havoc.reading.number_pieces import EXPONENT, SIGNED
from havoc.reading.prose import MASK, UNITS, mask

# possessive (++): in a run of ten thousand digits nothing is tried twice
NUMBER = rf"({SIGNED}{EXPONENT})(?!\.?\d)"
# where a pattern begins with the number it begins at the first digit, for the same reason
_LEADING = rf"(?<!\d){NUMBER}"
_PERCENT = r"(?:\s*(%|percent|pct|per\s?cent|pc\b))?"
_IS = r"\s*(?:level|value)?\s*(?:is|of|was|(?:shall|should|must|will)\s+be|=|:|at|to|equals)?\s*"
_BEHIND = "|".join(
    re.escape(unit)
    for unit in sorted(UNITS - {"n", "s", "k", "h", "t", "a", "f", "c", "v"}, key=len, reverse=True)
)
# The number stands alone: what follows it is no further number, so it is no list.
_ALONE = (
    rf"(?!\.\d)(?!\s*(?:(?:{_BEHIND})(?![a-z]))?\s*(?:[,;/]|and)?\s*[-+]?\.?\d++(?:\.\d++)?+"
    r"(?!\s+(?:per|in\s+(?:a|each|every)|sub-?groups?|samples?|pcs|pieces|parts|readings|units|lots)\b))"
    r"(?!\s*[,;]\s*(?:n/?a|nan|missing)\b)"
)
# Two more bare numbers follow: "power 2 3 2.5 40" is a list with the name power.
_NO_LIST = r"(?!(?:\s*,\s*|\s+)[-+]?\d*\.?\d+(?:\s*,\s*|\s+)[-+]?\d*\.?\d)"
_UNIT = r"(?:\s*(?:[a-zA-Zµμ°%][\w/µμ²³°·%]{0,7}))?"
_TO = r"\s*(?:-|–|—|~|to|till|until|bis|\.\.\.?|…|/|and|through)\s*"


class Scalar(msgspec.Struct, kw_only=True):
    """One number with its role. ``percent`` tells that the user wrote a percent sign."""

    role: str
    value: float
    start: int
    end: int
    unit: str = ""
    percent: bool = False

    @property
    def fraction(self) -> float:
        """The value as a probability: 95 and 95 % are 0.95, 0.95 stays.

        Only a bare alpha above 1 stays as it is, because nobody can tell whether
        "alpha 7" means 0.07, 0.7 or something else: the tools refuse it.
        """
        if self.percent or (self.value > 1 and self.role != "alpha"):
            return self.value / 100
        return self.value


def _compile(role: str, *patterns: str) -> list[tuple[str, re.Pattern[str]]]:
    return [(role, re.compile(pattern, re.IGNORECASE)) for pattern in patterns]


# (role, pattern with the number in group 1 and an optional percent sign in group 2)
PATTERNS: list[tuple[str, re.Pattern[str]]] = [
    *_compile(
        "power",
        rf"\b(?:power|pwr|1\s*-\s*(?:beta|β)){_IS}{NUMBER}{_PERCENT}{_NO_LIST}",
        rf"{_LEADING}{_PERCENT}\s*(?:of\s+)?(?:power|pwr|chance of (?:seeing|finding|detecting))\b",
    ),
    *_compile(
        "alpha",
        rf"(?:\balpha|\balfa|α|\bsignificance(?:\s+level)?|\bsig\.?\s+level|\bfamily error|\bfamily-?wise(?: error)?){_IS}{NUMBER}{_PERCENT}",
        rf"{_LEADING}{_PERCENT}\s*(?:significance|sig\.?\s+level|level of significance)",
        rf"{_LEADING}\s*(%|percent)\s*alpha\b",
        rf"{_LEADING}\s*(%|percent)\s*(?:niveau|risk|error)\b",
        rf"(?<!r )(?<!s )(?<!['’] )\b(?:error\s+)?risk\s*(?:of|is|=|:|at)?\s*(?:error\s+)?{NUMBER}\s*(%|percent)",
        rf"\b(?:rischio|signifikanz\w*|irrtum\w*)(?:\s+d[ei]|\s+von)?{_IS}{NUMBER}\s*(%|percent)",
    ),
    *_compile(
        "level",
        rf"{_LEADING}\s*(%|percent|pct)\s*level\b",
        rf"\bp\s*<\s*{NUMBER}(?=\s*(?:required|needed|as))",
    ),
    *_compile(
        "coverage",
        rf"{_LEADING}\s*(%|percent|pct)\s*(?:of\s+)?(?:all\s+|the\s+|our\s+)*(?:population|content|coverage|capsules|parts|wafers|units|product|pieces|items|production)\b(?!\s*(?:are|were|was)\s+(?:bad|defective))",
        rf"\b(?:content|coverage|population|p){_IS}{NUMBER}{_PERCENT}(?=.{{0,40}}(?:conf|gamma|1-alpha|γ))",
    ),
    *_compile(
        "confidence",
        rf"\b(?:confidence|conf\.?|certainty|gamma|γ)(?:\s+(?:level|interval|limits?))?{_IS}{NUMBER}{_PERCENT}",
        rf"{_LEADING}{_PERCENT}[\s-]*(?:two[\s-]?sided\s+|one[\s-]?sided\s+|upper\s+|lower\s+)*(?:confidence|conf\b|certain|sure\b|certainty|trust|ci\b|ki\b|c\.i\.|pi\b|interval|limits?\b|bounds?\b|greenwood|vertrauens|bands?\b|likely|safe)",
        rf"\b(?:ci|c\.i\.|pi|interval|intervals|ki|vertrauensbereich|vorhersageintervall|confident|(?<!\ba\s)limits?|bound|bounds|ic){_IS}{NUMBER}\s*(%|percent|pct)",
        r"\b(?:ci|pi|ti)\s*(9\d(?:\.\d+)?|80|90)(?![\d.])",
        rf"(?<!set\s)(?<!held\s)(?:with|at|(?<!down\s)(?<!up\s)to|by)\s+{NUMBER}\s*(%|percent|pct)(?!\s*(?:level|power|defect|bad|scrap|of\b))",
    ),
    *_compile(
        "lsl", rf"\b(?:lsl|lower\s+(?:spec(?:ification)?|tolerance)(?:\s+limit)?|ltl){_IS}{NUMBER}"
    ),
    *_compile(
        "usl", rf"\b(?:usl|upper\s+(?:spec(?:ification)?|tolerance)(?:\s+limit)?|utl){_IS}{NUMBER}"
    ),
    *_compile("ucl", rf"\bucl{_IS}{NUMBER}"),
    *_compile("lcl", rf"\blcl{_IS}{NUMBER}"),
    *_compile("cbar", rf"\bc-?bar{_IS}{NUMBER}{_ALONE}"),
    *_compile("ubar", rf"\bu-?bar{_IS}{NUMBER}{_ALONE}"),
    *_compile("lambda", rf"(?:\blambda|\blam\b|λ){_IS}{NUMBER}"),
    *_compile(
        "seed",
        rf"\b(?:seed(?:\s+number)?|rng|random[\s_-]?state){_IS}{NUMBER}",
        rf"{_LEADING}\s+(?:as|for)\s+(?:the\s+|a\s+|my\s+)?(?:random\s+)?seed\b",
    ),
    *_compile(
        "center_points",
        rf"{_LEADING}\s*(?:x\s*)?(?:extra\s+|more\s+|still\s+|repeats?\s+in\s+(?:the\s+)?|repeated\s+|times\s+(?:the\s+|in\s+the\s+)?|(?:in|at)\s+the\s+)?(?:cent(?:er|re|ral)|middle|mid|zero|cps?\b(?!\s*[=:])|c\.?p\.?s?\b(?!\s*[=:])|zentral)(?:\s*-?(?:points?|pts?|runs?|repl\w*|repeats?))?",
        rf"\b(?:cent(?:er|re)s|cent(?:er|re)\s*(?:points?|pts?|runs?)|cps?)\s*(?:=|:|of)?\s*{NUMBER}(?!\s*(?:-|to|\.\.)\s*\d)",
    ),
    *_compile(
        "replicates",
        rf"{_LEADING}\s*(?:full\s+)?(?:reps?\b|replic\w+|repeats?\b|repetitions?)",
        rf"\b(?:reps?|replicates?|repeat|repeats|replications?){_IS}{NUMBER}{_NO_LIST}",
    ),
    *_compile(
        "blocks",
        rf"{_LEADING}\s*(?:blocks?|days?\s+as\s+blocks?)\b",
        rf"\bblocks?\s*[=:]\s*{NUMBER}",
    ),
    *_compile(
        "subgroup_size",
        rf"\bsub-?groups?\s*(?:size|of|n|=|by|with)(?:size|of|n|=|:|by|with|is|\s)*{NUMBER}(?!\s*(?:sub|groups))",
        rf"\bsub-?groups?\s*:?\s*{NUMBER}(?!\s*(?:sub|groups)){_ALONE}",
        rf"\b(?:groups|samples|rational\s+samples?)\s+of\s+(?:size\s+)?{NUMBER}(?=\s|,|\.|:|;|$)(?!\s*(?:cans|computers|boards|units|parts|pieces|vials))",
        rf"\bsamples?\s+size{_IS}{NUMBER}(?=.*\b(?:x-?bar|range|chart)\b)",
    ),
    *_compile(
        "degree",
        rf"{_LEADING}\s*(?:nd|rd|th|st)\s*(?:degree|order)",
        # "in production order: 5.31, 5.28" is no degree
        rf"(?<!in )(?<!production )(?<!time )(?<!run )\b(?:degree|deg|order)\s*(?:=|:|of)?\s*(?=\d(?![\d.]*\d)){NUMBER}{_NO_LIST}",
    ),
    *_compile(
        "runs",
        rf"\b(?:in|only|with|max(?:imum)?|exactly|of|for|afford|a)\s+{NUMBER}\s*(?:-\s*)?(?:runs?|trials?|shots?|experiments?|boards|wafers|tests|lots|injections|batches|cultivations|assemblies|castings|bars|coating runs)\b",
        rf"{_LEADING}\s*-?\s*(?:runs?|trials?|experiments?|shots|wafers|boards|injections)\b",
    ),
    *_compile("resolution", rf"\bres(?:olution)?\.?\s*(?:=|:)?\s*{NUMBER}"),
    *_compile(
        "n_factors",
        rf"{_LEADING}\s*(?:-\s*)?(?:two-?level\s+|2-?level\s+|three-?level\s+|candidate\s+|continuous\s+|potential\s+|nuisance\s+|possible\s+|process\s+|quantitative\s+|different\s+)*(?:factors?|variables?|params?|parameters?|knobs?|dials?|inputs?|levers|causes|candidates|vars|settings)\b",
        rf"\bk\s*=\s*{NUMBER}(?=.{{0,30}}(?:factor|design|ccd|alpha|bbd))",
        rf"\b(?:ccd|bbd)\s+(?:with\s+)?k\s*=?\s*{NUMBER}",
    ),
    *_compile("k", rf"\bk\s*(?:=|:|is)?\s*{NUMBER}{_ALONE}(?!\s*-?\s*factor)"),
    *_compile("h", rf"\bh\s*(?:=|:|is)?\s*{NUMBER}{_ALONE}(?!\s*(?:[,;])?\s*\d)"),
    *_compile("p0", rf"\bp0?\s*=\s*{NUMBER}{_PERCENT}"),
    *_compile(
        "target",
        rf"\b(?:target|tgt|nominal|nom\.?|set\s?point|aim|goal)(?:\s+(?:value|mean|is|of))*{_IS}{NUMBER}{_ALONE}",
    ),
    *_compile(
        "reference",
        rf"\b(?:mu0|mu_0|μ0|μ_0|h0|against|versus|vs\.?|hypothes\w+\s+(?:mean|value|median)|median\s+(?:is|of|against|vs|=)|claim(?:s|ed)?|declared|assigned\s+value|reference(?:\s+value)?|certified(?:\s+value)?|ref\.?|label(?:led)?(?:\s+value)?|true\s+value|master|different\s+(?:from|of|to)|differs?\s+from|compared?\s+(?:to|with)|promise[sd]?|historic(?:al)?\w*(?!\s+(?:sigma|s\.?d|st))(?:\s+\w+){{0,2}}){_IS}(?:a\s+|the\s+|mean\s+of\s+|target\s+|at\s+least\s+|minimum\s+|max(?:imum)?\s+)*{NUMBER}{_PERCENT}{_ALONE}",
    ),
    *_compile(
        "minimum",
        rf"\b(?:min(?:imum|imal)?(?:\s+allowed)?(?:\s+[a-z]+)?(?=\s+(?:is|of|=|\d))|min(?:imum)?|at\s+least|not\s+(?:be\s+)?(?:less|lower|below)\s+(?:than\s+)?|no\s+less\s+than|nlt\b|lower\s+(?:limit|bound)|lower|low|floor|>=|≥)(?:\s+(?:allowed|limit|value|required))*{_IS}{NUMBER}{_PERCENT}{_ALONE}",
    ),
    *_compile(
        "maximum",
        rf"\b(?:max(?:imum|imal)?(?:\s+allowed)?(?:\s+[a-z]+)?(?=\s+(?:is|of|=|\d))|max(?:imum)?|at\s+most|not\s+(?:be\s+)?(?:more|greater|above|over|exceed)\s*(?:than\s+)?|no\s+more\s+than|nmt\b|upper\s+(?:limit|bound)|upper|up\s+to|<=|≤|limit|lim|zulässig\s+(?:are|sind)|allowed(?:\s+(?:are|is))?)(?:\s+(?:allowed|value|only|is|of))*{_IS}{NUMBER}{_PERCENT}{_ALONE}",
    ),
    *_compile("rbar", rf"\b(?:r-?bar|rbar|(?:average|avg\.?|mean)\s+range|r̄){_IS}{NUMBER}{_ALONE}"),
    *_compile(
        "sbar",
        rf"\b(?:s[\s-]?bar|(?:average|avg\.?|mean)\s+(?:sd|s|st\.?\s?dev\.?|standard\s+deviation)){_IS}{NUMBER}{_ALONE}",
    ),
    *_compile("pbar", rf"\b(?:p-?bar){_IS}{NUMBER}{_PERCENT}"),
    *_compile(
        "sd",
        rf"\bstandard\s+deviation\s+(?:[a-z]+\s+|\d+\s+){{1,5}}?(?:is|was|=)\s*{NUMBER}{_PERCENT}{_ALONE}",
        rf"\b(?:sigma|σ|s\.?d\.?|std(?:ev|\.?\s*dev(?:iation)?)?\.?|standard\s+deviation|st\.?\s?dev\.?|stdev|scatter|noise|error\s+sd|streuung|spread)(?:\s+(?:of\s+the\s+differences?|of\s+differences?|within|is|about|around|roughly|err))*(?:_?[12ab])?{_IS}(?:about\s+|around\s+|roughly\s+)?{NUMBER}{_PERCENT}{_ALONE}",
        rf"(?<![\w'’])s[12]?\s*(?:=|:|\s)\s*(?:(?:about|around|approx\.?|roughly|~|≈)\s*)?{NUMBER}{_ALONE}",
        rf"\bsig\.?\s*[=:]?\s*(?!0?\.(?:001|01|05|10?)(?!\d)){NUMBER}{_ALONE}",
    ),
    *_compile(
        "mean",
        rf"\b(?:mean|x-?bar|x̄|avg\.?|average|mu|μ|grand\s+mean|xbarbar|x-?double-?bar|(?:avg|average|mean)\s+of\s+(?:the\s+)?(?:avgs|averages|means)|averaged|mittelwert|media)[12]?(?:\s+(?:difference|diff|recovery|content|value|bias|fill|of\s+the\s+differences))*{_IS}{NUMBER}{_PERCENT}{_ALONE}",
    ),
    *_compile(
        "n",
        rf"(?<![\w^])n[12]?\s*=\s*{NUMBER}",
        rf"(?<![\w^])n[12]?\s*:\s*{NUMBER}{_ALONE}",
        rf"(?<![\w^])n[12]?\s+{NUMBER}{_ALONE}",
        rf"\bsample\s+size{_IS}{NUMBER}",
        rf"\bfrom\s+{NUMBER}(?=\s*(?:[,.;]|$|values|pieces|parts|samples|measurements|injections|readings))(?!\.\d)",
    ),
]

_PLUS_MINUS = re.compile(
    rf"{_LEADING}{_UNIT}\s*(?:±|\+\s*/\s*-|\+-|plus\s*/?\s*minus|\\pm)\s*{NUMBER}{_PERCENT}",
    re.IGNORECASE,
)
_ASYMMETRIC = re.compile(
    rf"{_LEADING}{_UNIT}\s*\+\s*(\d*\.?\d+)\s*/?\s*-\s*(\d*\.?\d+)", re.IGNORECASE
)
_MARGIN = re.compile(rf"(?:±|\+\s*/\s*-|\+-|plus\s*/?\s*minus)\s*{NUMBER}{_PERCENT}", re.IGNORECASE)
_SPEC_RANGE = re.compile(
    rf"\b(?:spec(?:s|ification)?s?(?:\s+limits?)?|tol(?:erances?|\.)?|limits?|allowed|permitted|window|"
    rf"between|among|within|requirement|drawing|required|range)(?:\s+(?:is|are|from|between|of|limits?|for\s+\w+))*\s*[:=]?\s*"
    rf"{NUMBER}{_UNIT}{_TO}{NUMBER}(?!\s*[,;/]\s*\d)",
    re.IGNORECASE,
)
_SPEC_PAIR = re.compile(
    rf"\b(?:spec(?:s|ification)?(?:\s+limits?)?|limits?|tol(?:erance)?)\s*[:=]?\s*{NUMBER}\s+{NUMBER}(?!\s*[,;/]?\s*\d)",
    re.IGNORECASE,
)
_ALLOWED_RANGE = re.compile(
    rf"{_LEADING}{_UNIT}(?:-|–|to|\.\.\.?){NUMBER}{_UNIT}\s+(?:allowed|spec|tolerance|permitted|limits)",
    re.IGNORECASE,
)
SPAN_ROLES = (("lsl", 1), ("usl", 2))


_WORD_NUMBERS = {
    word: float(number)
    for number, word in enumerate(
        (
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
        )
    )
} | {"a dozen": 12.0, "fifteen": 15.0, "sixteen": 16.0, "twenty": 20.0}
_IN_WORDS = "|".join(sorted(_WORD_NUMBERS, key=len, reverse=True))
_WORD_PATTERNS: list[tuple[str, re.Pattern[str]]] = [
    *_compile(
        "n_factors",
        rf"\b({_IN_WORDS})\s+(?:[a-z\-]+\s+){{0,3}}?(?:factors?|variables?|parameters?|knobs|inputs|levers|candidates?|causes|params)\b",
    ),
    *_compile(
        "center_points",
        rf"\b({_IN_WORDS})\s+(?:[a-z\-]+\s+){{0,2}}?(?:cent(?:er|re|ral)s?\b|middle points|cps?\b)",
    ),
    *_compile(
        "replicates", rf"\b({_IN_WORDS})\s+(?:full\s+)?(?:replicates?|repetitions?|repeats)\b"
    ),
    *_compile(
        "runs",
        rf"\b({_IN_WORDS})\s+(?:[a-z\-]+\s+)?(?:runs|trials|experiments|shots|cultivations|injections)\b",
    ),
    *_compile(
        "subgroup_size",
        rf"\b(?:sub-?groups?|groups|samples)\s+of\s+(?:size\s+)?({_IN_WORDS})\b",
    ),
]


def read_scalars(text: str) -> tuple[list[Scalar], str]:
    """Every number with a role, and the text with those numbers masked."""
    found: list[Scalar] = []
    text = _read_ranges(text, found)
    for role, pattern in PATTERNS:
        for match in pattern.finditer(text):
            start, end = match.span(1)
            if MASK in text[start:end] or math.isinf(float(match[1])):
                continue
            percent = match.re.groups >= 2 and match[2] is not None
            if start == match.start() and not percent and _ends_a_list(role, match):
                continue
            if role in _PROBABILITIES and _is_taken(role, match, percent, found):
                continue
            found.append(
                Scalar(
                    role=role,
                    value=float(match[1]),
                    start=start,
                    end=end,
                    unit=_unit_after(text, end),
                    percent=percent,
                )
            )
            text = mask(text, start, match.end(2) if percent else end)
    for role, pattern in _WORD_PATTERNS:
        for match in pattern.finditer(text):
            start, end = match.span(1)
            value = _WORD_NUMBERS[match[1].lower()]
            found.append(Scalar(role=role, value=value, start=start, end=end))
            text = mask(text, start, end)
    in_percent = any(item.role == "power" and 1 < item.value <= 100 for item in found)
    for scalar in found:
        if scalar.role == "alpha" and 1 <= scalar.value < 100 and in_percent:
            scalar.percent = True  # "alpha 5, power 80"
        if scalar.role == "level":
            scalar.role = "confidence" if scalar.fraction > 0.5 else "alpha"
        elif scalar.role == "confidence" and scalar.fraction < 0.4:
            scalar.role = "percent" if scalar.percent else "unclaimed"
        elif scalar.role == "alpha" and scalar.fraction > 0.5 and scalar.percent:
            scalar.role = "confidence"
    found = [scalar for scalar in found if math.isfinite(scalar.value)]
    return sorted(found, key=lambda scalar: scalar.start), text


_PROBABILITIES = frozenset({"power", "alpha", "confidence", "coverage"})
_CUSTOMARY = frozenset({80, 90, 95, 98, 99, 99.5, 99.7, 99.9, 0.8, 0.9, 0.95, 0.98, 0.99})
_NUMBER_BEFORE = re.compile(r"\d[\s,;]+$")
_NUMBER_BEHIND = re.compile(
    rf"\s*+(?:(?:levels?|points?|pts?|interval)\s*+)?(?:(?:is|of|was|=|:)\s*+)?(?:[-+]?\.?\d|{MASK})",
    re.IGNORECASE,
)


def _ends_a_list(role: str, match: re.Match[str]) -> bool:
    """Does the number before a role's word belong to the data: "5.1 5.2 5.3 confidence 95"?"""
    text = match.string
    behind = _NUMBER_BEHIND.match(text, match.end()) is not None
    before = _NUMBER_BEFORE.search(text[max(match.start() - 16, 0) : match.start()]) is not None
    if role in _PROBABILITIES:
        return (behind or before) and float(match[1]) not in _CUSTOMARY
    return before and behind


def _is_taken(role: str, match: re.Match[str], percent: bool, found: list[Scalar]) -> bool:
    """Has the word its number on the other side: "95 % confidence: 5.1", "AQL 1 % alpha 5 %"?"""
    if match.start(1) != match.start():
        return not percent and match.string[: match.start()].rstrip(" ").endswith("%")
    return any(item.role == role and 0 <= item.start - match.end() <= 4 for item in found)


def _read_ranges(text: str, found: list[Scalar]) -> str:
    for match in _ASYMMETRIC.finditer(text):
        nominal, up, down = float(match[1]), float(match[2]), float(match[3])
        found += _limits(match, nominal - down, nominal + up, worked_out=True)
        found.append(Scalar(role="target", value=nominal, start=match.start(1), end=match.end(1)))
        text = mask(text, *match.span())
    for match in _PLUS_MINUS.finditer(text):
        nominal, half = float(match[1]), abs(float(match[2]))
        if match[3] and "%" not in text[match.end(1) : match.start(2)]:
            half = abs(nominal) * half / 100  # "500 mg ± 5 %" is 475 to 525
        found += _limits(match, nominal - half, nominal + half, worked_out=True)
        found.append(Scalar(role="target", value=nominal, start=match.start(1), end=match.end(1)))
        found.append(Scalar(role="margin", value=half, start=match.start(2), end=match.end(2)))
        text = mask(text, *match.span())
    for match in _MARGIN.finditer(text):
        found.append(
            Scalar(
                role="margin",
                value=abs(float(match[1])),
                start=match.start(1),
                end=match.end(1),
                unit=_unit_after(text, match.end(1)),
                percent=match[2] is not None,
            )
        )
        text = mask(text, *match.span())
    for pattern in (_SPEC_RANGE, _ALLOWED_RANGE, _SPEC_PAIR):
        for match in pattern.finditer(text):
            if MASK in match[0]:
                continue
            found += _limits(match, float(match[1]), float(match[2]))
            text = mask(text, match.start(1), match.end(2))
    return text


def _limits(
    match: re.Match[str], low: float, high: float, *, worked_out: bool = False
) -> Iterable[Scalar]:
    """Both limits; what is worked out of a nominal and its tolerance stands on all of them."""
    values = {"lsl": round(low, 12), "usl": round(high, 12)}
    for role, group in SPAN_ROLES:
        start, end = match.span(group)
        if worked_out:
            start, end = match.start(1), match.end(match.lastindex or 0)
        yield Scalar(role=role, value=values[role], start=start, end=end)


def _unit_after(text: str, end: int) -> str:
    match = re.match(r"\s*([%°]?[A-Za-zµμ]*[\w/µμ²³°·]*)", text[end : end + 16])
    word = match[1] if match else ""
    return word if word.lower() in UNITS else ""
