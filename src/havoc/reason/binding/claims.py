"""Numbers of a question about power, claimed one role after the other.

The surest role comes first, and a claimed number is gone for the roles that follow.
In a follow-up the new turn stands first, so the first mention of a role is the newest.
"""

from __future__ import annotations

import re

import msgspec

from havoc.reading.prose import MASK, mask

NUMBER = r"(?<![\w.])(-?(?:\d+(?:\.\d+)?|\.\d+)(?:e-?\d+)?)(?![\d.]*\d)"
_WHOLE = r"(?<![\w.\-=])(\d+)(?![\w.]*\d)"
_PERCENT = r"(?:\s*(%|percent|pct|per\s?cent))?"
_IS = r"\s*(?:level|risk|error)?\s*(?:of|is|was|were|are|=|:|at|to|about|approx\.?|around|roughly|~|≈)*\s*"
_GAP = rf"[^\d\n;?{MASK}]"
SPREAD = r"(?:sd|s\.d\.|sigma|σ|std\.?\s?dev(?:iation)?\.?|stdev|st\.?\s?dev\.?|standard\s+dev\w*|scatter|noise|intermediate\s+precision|repeatability|spread|variability|streuung)"
_CHANGE = r"(?:differences?|diff\.?|shifts?|delta|effect|change|bias|drift|improvement|deviation|gap|offset|increase|decrease|reduction|drop|gain|loss|range)"
_DETECT = r"(?:detect|see|find|notice|spot|discover|show|catch|looking\s+for|look\s+for|recogni[sz]e|reveal|prove|pick\s+up|resolve|span)"
_UNITS_COUNTED = (
    r"(?:parts|pieces|pcs|units|samples|specimens|patients|persons|people|items|shots|bottles|boards|tablets|runs|replicates|reps|"
    r"measurements|readings|pairs|observations|subjects|coupons|castings|vials|values|determinations|animals|wafers|welds|tests|probes)"
)
GROUP_NOUN = (
    r"(?:groups?|mou?lds?|levels?|means|treatments?|suppliers?|machines?|laborator(?:y|ies)|labs?|lines?|operators?|ovens?|materials?|"
    r"processes|methods|sites|conditions|alloys|settings|cavities|shifts|recipes|vendors)"
)
_NO_NUMBER = rf"(?!\s*(?:level|of|is|=|:)?\s*[.\d{MASK}])"
COUNT_WORDS = {
    "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
}  # fmt: skip

_PATTERNS: dict[str, tuple[str, ...]] = {
    "effect_size": (
        rf"\b(?:cohen(?:['’]?s)?\s+[dfh]|(?:standardi[sz]ed\s+)?effect\s+size(?:\s+[dfh])?|standardi[sz]ed\s+(?:effect|difference)){_IS}{NUMBER}",
        rf"{NUMBER}\s*(?:-\s*)?(?:sigmas?|σ|sds?|standard\s+dev\w*)(?=\s*(?:shift|difference|effect|change|[.,?]|$|with|at|power|for|in))(?!\s*(?:is|=|of|:?\s*\d))",
    ),
    "alpha": (
        rf"(?:\balpha|α|\bsignificance){_IS}{NUMBER}{_PERCENT}",
        rf"{NUMBER}{_PERCENT}\s*(?:significance|alpha\b|level\b){_NO_NUMBER}",
        rf"\b(?:one|two)[\s-]+(?:sided|tailed)\s+{NUMBER}{_PERCENT}",
    ),
    "beta": (rf"(?:\bbeta|β){_IS}{NUMBER}{_PERCENT}",),
    "confidence": (
        rf"{NUMBER}{_PERCENT}\s*(?:confidence|conf\b|ci\b|interval){_NO_NUMBER}",
        rf"\bconf(?:idence|\.)?{_IS}{NUMBER}{_PERCENT}",
    ),
    "power": (
        rf"\b(?:power|pwr|potency|1\s*-\s*beta){_IS}{NUMBER}{_PERCENT}",
        rf"{NUMBER}{_PERCENT}\s*(?:of\s+)?(?:power|pwr|potency|(?:probability|chance)\s+(?:of|to|that)){_NO_NUMBER}",
    ),
    "sure": (rf"{NUMBER}{_PERCENT}\s*(?:sure|certain(?:ty)?|safe)\b",),
    "margin": (
        rf"(?:±|\+\s?/?\s?-|plus\s*(?:/|or)?\s*minus)\s*{NUMBER}{_PERCENT}",
        rf"\b(?:to\s+)?within\s+(?:a\s+)?{NUMBER}{_PERCENT}",
        rf"\bmargin(?:\s+of\s+error)?{_IS}{NUMBER}{_PERCENT}",
    ),
    "sigma": (
        rf"\b{SPREAD}(?!\w)({_GAP}{{0,60}}?){NUMBER}{_PERCENT}",
        rf"(?<![\w'’])s\s*(?:(?:=|:|is|about|approx\.?|around|~|≈)\s*)+{NUMBER}{_PERCENT}",
        rf"(?<![\w'’])s\s+{NUMBER}{_PERCENT}",
    ),
    "correlation": (
        rf"\bcorrelation\s+(?:coefficient\s+)?(?:r\s*)?(?:of|=|is)?\s*(?:at\s+least\s+)?{NUMBER}",
        rf"(?<!\w)r\s*=\s*{NUMBER}",
    ),
    "n": (
        r"(?<![\w^])n\s*(?:=|:|is|of)\s*(\d+)(?![\d.]*\d)",
        r"(?<![\w^])n\s+(\d+)(?![\d.]*\d)",
        rf"{_WHOLE}\s+(?:{_UNITS_COUNTED}\s+)?(?:per|in\s+each|on\s+each|for\s+each|from\s+each|each)\b",
        rf"{_WHOLE}\s+(?:\w+\s+)?{_UNITS_COUNTED}\b(?!\s+(?:t\b|t-|test))",
        rf"\bsample\s+size{_IS}(\d+)(?![\d.]*\d)(?!\s*-?\s*sample)",
    ),
    "effect": (
        rf"\b{_CHANGE}(?!\w)({_GAP}{{0,50}}?){NUMBER}{_PERCENT}",
        rf"\b{_DETECT}\b({_GAP}{{0,40}}?){NUMBER}{_PERCENT}",
        rf"{NUMBER}{_PERCENT}\s*[a-zµ°]{{0,5}}\s*(?:{_CHANGE}|(?:must\s+|should\s+)?comes?\s+out)\b",
    ),
    "share": (
        rf"{NUMBER}\s*(%|percent|pct|per\s?cent)",
        r"(?<![\w.])(0?\.\d+)()(?![\d.]*\d)",
    ),
}  # fmt: skip
_COMPILED = {
    role: tuple(re.compile(pattern, re.IGNORECASE) for pattern in patterns)
    for role, patterns in _PATTERNS.items()
}
_OTHER_ROLE = re.compile(
    r"\b(?:power|alpha|sd|sigma|s\.d\.|standard|diff\w*|shift|n)\b", re.IGNORECASE
)
_OF_DIFFERENCES = re.compile(r"\bof\s+(?:the\s+)?(?:paired\s+)?diff\w*", re.IGNORECASE)


class Claim(msgspec.Struct):
    value: float
    percent: bool
    start: int
    end: int

    @property
    def fraction(self) -> float:
        return self.value / 100 if self.percent or self.value > 1 else self.value

    @property
    def source(self) -> str:
        return f"question[{self.start}:{self.end}]"


class Numbers:
    """The numbers of a question that have no role yet."""

    def __init__(self, text: str) -> None:
        self.text = text

    def claim(self, role: str) -> Claim | None:
        """The first number in that role; later ones in the same role are used up, too."""
        found = self.all(role)
        return found[0] if found else None

    def all(self, role: str) -> list[Claim]:
        found: list[Claim] = []
        for pattern in _COMPILED[role]:
            for match in pattern.finditer(self.text):
                groups = match.re.groups
                gap = role in {"sigma", "effect"} and groups == 3
                number = 2 if gap else 1
                start, end = match.span(number)
                if MASK in self.text[start:end] or (
                    gap and _OTHER_ROLE.search(_OF_DIFFERENCES.sub("", match[1]))
                ):
                    continue
                percent = groups > number and bool(match[number + 1])
                found.append(Claim(float(match[number]), percent, start, end))
                self.text = mask(self.text, start, match.end(number + 1) if percent else end)
        return sorted(found, key=lambda item: item.start)
