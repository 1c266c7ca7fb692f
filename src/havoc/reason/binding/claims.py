"""Numbers of a question about power, claimed one role after the other.

The surest role comes first, and a claimed number is gone for the roles that follow.
In a follow-up the new turn stands first, so the first mention of a role is the newest.
"""

from __future__ import annotations

import re

import msgspec

from havoc.reading.number_pieces import NO_MORE_DIGITS, UNSIGNED
from havoc.reading.number_words import as_digits
from havoc.reading.prose import MASK, mask

NUMBER = rf"(?<![\w.])(-?{UNSIGNED}(?:e-?\d++)?){NO_MORE_DIGITS}"
_WHOLE = r"(?<![\w.\-=])(\d++)(?![\w.]*\d)"
_PERCENT = r"(?:\s*(%|percent|pct|per\s?cent))?"
_IS = r"\s*(?:level|risk|error)?\s*(?:of|is|was|were|are|=|:|at|to|about|approx\.?|around|roughly|~|≈)*\s*"
_GAP = rf"[^\d\n;?{MASK}]"
SPREAD = (
    r"(?:sd|s\.d\.|sigma|σ|std\.?\s?dev(?:iation)?\.?|stdev|st\.?\s?dev\.?|standard\s+dev\w*|scatter|noise|intermediate\s+precision|repeatability|spread|variability|streuung|"
    r"(?:é|e)cart[\s-]*type|desvio(?:\s+padr(?:ã|a)o)?|desviaci(?:ó|o)n(?:\s+(?:est(?:á|a)ndar|t(?:í|i)pica))?|odchyl\w*|standardabweichung)"
)
_CHANGE = (
    r"(?:max(?:imum)?\s+differences?|differences?|diff\.?|shifts?|delta|effect|change|bias|drift|improvement|deviation|gap|offset|increase|decrease|reduction|drop|gain|loss|range|"
    r"diff(?:é|e)rence|diferen(?:ç|c)a|diferencia|r(?:ó|o)(?:ż|z)nic\w*|unterschied)"
)
_DETECT = r"(?:detect(?:able)?|see|find|notice|spot|discover|show|catch|looking\s+for|look\s+for|recogni[sz]e|reveal|prove|pick\s+up|resolve|span|d(?:é|e)tecter|detectar|wykry\w*|erkennen)"
# verbs of a scatter and of a shift: "things jump around by 2", "the mean has moved by 1"
_SCATTERS = (
    r"(?:scatters?|var(?:y|ies)|jumps?|wobbles?|fluctuates?|bounces?|wanders?|spreads?|differs?)\s+(?:around\s+)?"
    r"(?:by|with|within)\s+(?:about|around|roughly|some|~|±|\+/?-)?"
)
_MOVES = (
    r"(?:moved?|moves|shift(?:s|ed)?|drift(?:s|ed)?|chang(?:e|es|ed)|differ(?:s|ed)?|off|apart|rises?|rose|drops?|dropped|"
    r"falls?|fell|increas(?:e|es|ed)|decreas(?:e|es|ed)|improv(?:e|es|ed)|better|worse|result|higher|lower)\s+by\s+(?:about|around|at\s+least|only|roughly)?"
)
_MATTERS = r"(?:worth|care\s+(?:for|about)|relevant|matters?\s+(?:is|are)|interested\s+in|afraid\s+of|looking\s+at)\s+(?:an?\s+)?(?:about|at\s+least)?"
_UNITS_COUNTED = (
    r"(?:parts|pieces|pcs|units|samples|specimens|patients|persons|people|items|shots|bottles|boards|tablets|runs|replicates|reps|"
    r"measurements|readings|pairs|observations|subjects|coupons|castings|vials|values|determinations|animals|wafers|welds|tests|probes)"
)
GROUP_NOUN = (
    r"(?:groups?|mou?lds?|levels?|means|treatments?|suppliers?|machines?|laborator(?:y|ies)|labs?|lines?|operators?|ovens?|materials?|"
    r"processes|methods|sites|conditions|alloys|settings|cavit(?:y|ies)|shifts|recipes|vendors|"
    r"zones?|spindles?|nozzles?|heads|lots|batches|plants|formulations|coatings|brands|stations|tools|arms|resins|oils|catalysts)"
)
_NO_NUMBER = rf"(?!\s*(?:(?:level|value|target)s?)?\s*(?:of|is|=|:)?\s*[.\d{MASK}])"
COUNT_WORDS = {
    "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
}  # fmt: skip

_PATTERNS: dict[str, tuple[str, ...]] = {
    "effect_size": (
        rf"\b(?:cohen(?:['’]?s)?\s+[dfh]|(?:standardi[sz]ed\s+)?effect\s+size(?:\s+[dfh])?|standardi[sz]ed\s+(?:effect|difference)){_IS}{NUMBER}",
        rf"(?<![\w.])[df]\s*=\s*{NUMBER}",
        rf"{NUMBER}\s*(?:-\s*)?(?:sigmas?|σ|sds?|standard\s+dev\w*)(?=\s*(?:shift|difference|effect|change|[.,?]|$|with|at|power|for|in))(?!\s*(?:is|=|of|:?\s*\d))",
    ),
    "alpha": (
        rf"(?:\balpha|\balfa|α|(?<!r )(?<!s )\brisk|\bsig(?:nif(?:icance)?)?\b\.?){_IS}{NUMBER}{_PERCENT}",
        rf"(?<![\w'’])a\s*=\s*{NUMBER}{_PERCENT}",
        rf"{NUMBER}{_PERCENT}\s*(?:(?:risk\s+of\s+(?:a\s+)?)?false[\s-]+(?:alarms?|positives?)|type[\s-]*(?:1|i)\b)",
        rf"{NUMBER}{_PERCENT}\s*(?:significance|alpha\b|level\b){_NO_NUMBER}",
        rf"\b(?:one|two)[\s-]+(?:sided|tailed)\s+{NUMBER}{_PERCENT}",
        rf"{NUMBER}{_PERCENT}\s*(?:one|two)[\s-]+(?:sided|tailed)",
        r"(?<![\w.])(5|1|10|2\.5|0?\.05|0?\.01)\s*(%)?\s*/\s*(?=(?:[789]\d(?:\.\d)?\s*%?|0?\.[789]\d?)(?![\w.]*\d))",
        rf"(?<=[789]\d%/)\s*{NUMBER}{_PERCENT}",
        rf"(?<=[789]\d%\s/)\s*{NUMBER}{_PERCENT}",
        r"(?<!aiming )(?<!aim )(?<!down )(?<!now )(?<!is )\bat\s+(?:an?\s+|the\s+)?((?:0?\.0\d+)|[1-5](?=\s*(?:%|percent)))(?:\s*(%|percent))?(?![\d.]*\d)(?!\s*(?:chance|sure|power))",
    ),
    "beta": (rf"(?:\bbeta|β){_IS}{NUMBER}{_PERCENT}",),
    "confidence": (
        rf"{NUMBER}{_PERCENT}\s*(?:confidence|conf\b|ci\b|interval){_NO_NUMBER}",
        rf"\bconf(?:idence|\.)?{_IS}{NUMBER}{_PERCENT}",
    ),
    "power": (
        rf"\b(?:power|pwr|potency|puissance|poder|potencia|potenz|moc|1\s*-\s*beta)(?:\s+(?:values?|target|wanted))?{_IS}{NUMBER}{_PERCENT}",
        rf"{NUMBER}{_PERCENT}\s*(?:of\s+)?(?:power|pwr|potency|(?:probability|chance|odds|likel\w+)\s+(?:of|to|that)){_NO_NUMBER}",
        r"(?<![\w.])([5-9]\d(?:\.\d+)?)\s*(%|percent)\s*(?:chance|odds|probability)\b",
    ),
    "sure": (rf"{NUMBER}{_PERCENT}\s*(?:sure|certain(?:ty)?|safe)\b",),
    "margin": (
        rf"(?:±|\+\s?/?\s?-|plus\s*(?:/|or)?\s*minus)\s*{NUMBER}{_PERCENT}",
        rf"\b(?:to\s+)?(?:within|w/in|w/i)\s+(?:a\s+)?{NUMBER}{_PERCENT}",
        rf"\bmargin(?:\s+of\s+error)?{_IS}{NUMBER}{_PERCENT}",
    ),
    "sigma": (
        rf"\b{_SCATTERS}\s*(){NUMBER}{_PERCENT}",
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
        rf"{_WHOLE}\s+(?!level|percent|sigma|sd\b)[a-z]{{3,12}}\s+(?:per|in\s+each|on\s+each|for\s+each|from\s+each|each|on\s+both|in\s+both)\b",
        rf"{_WHOLE}\s+(?:\w+\s+)?{_UNITS_COUNTED}\b(?!\s+(?:t\b|t-|test))",
        rf"\bsample\s+size{_IS}(\d+)(?![\d.]*\d)(?!\s*-?\s*sample)",
    ),
    "effect": (
        rf"\b{_MOVES}\s*(){NUMBER}{_PERCENT}",
        rf"\b{_CHANGE}(?!\w)({_GAP}{{0,50}}?){NUMBER}{_PERCENT}",
        rf"\b{_MATTERS}\s*(){NUMBER}{_PERCENT}",
        rf"(){NUMBER}{_PERCENT}\s*[a-zµ°]{{0,8}}\s+(?:apart|off|higher|lower|more|less|better|worse)\b",
        rf"\b{_DETECT}\b({_GAP}{{0,40}}?){NUMBER}{_PERCENT}",
        rf"{NUMBER}{_PERCENT}\s*[a-zµ°]{{0,5}}\s*(?:(?:biggest|largest|maximum|max\.?|mean)\s+)?(?:{_CHANGE}|(?:must\s+|should\s+)?comes?\s+out)\b",
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
_OF_DIFFERENCES = re.compile(
    r"\b(?:of|des|das|de|der)\s+(?:the\s+|las\s+)?(?:paired\s+)?dif\w*", re.IGNORECASE
)


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


_HALF = re.compile(r"\bhalf\b(?:\s+an?\b)?(?=\s+[a-zµ])", re.IGNORECASE)
_COUNT = rf"(?:\d{{1,4}}|one|{'|'.join(COUNT_WORDS)}|twenty|fifty|hundred)"
_RATIO = re.compile(
    rf"(?<![\w.\-])(?P<part>{_COUNT})\s+(?:in|out\s+of|times\s+(?:in|of|out\s+of))\s+(?:an?\s+)?(?P<whole>{_COUNT})(?![\w.\-])",
    re.IGNORECASE,
)
_SMALL = re.compile(
    rf"(?<![\w\-])(?:{'|'.join(COUNT_WORDS)})(?![\w\-])(?!\s+(?:hundred|thousand|dozen)\b)",
    re.IGNORECASE,
)
_TENS = re.compile(r"ty\s+$", re.IGNORECASE)


def in_figures(text: str) -> str:
    """Numbers in words as figures, in the same places: "half a gram", "nine in ten", "ninety".

    Words below ten stay as they are: they count groups and are hardly ever measured.
    """
    plain = list(as_digits(text))
    for match in _SMALL.finditer(text):
        if not _TENS.search(text[max(0, match.start() - 4) : match.start()]):
            plain[match.start() : match.end()] = match[0]
    figures = _RATIO.sub(_percentage, "".join(plain))
    return _HALF.sub(lambda match: "0.5".ljust(len(match[0])), figures)


def _percentage(match: re.Match[str]) -> str:
    """ "nine in ten" is 90 %, "1 in 50" is 2 %."""
    part, whole = (_figure(match[name]) for name in ("part", "whole"))
    written = f"{100 * part / whole:.4g} %" if whole >= 10 and part < whole else match[0]
    return written.ljust(len(match[0])) if len(written) <= len(match[0]) else match[0]


def _figure(written: str) -> int:
    word = written.lower()
    known = COUNT_WORDS | {"one": 1, "twenty": 20, "fifty": 50, "hundred": 100}
    return int(word) if word.isdigit() else known[word]


class Numbers:
    """The numbers of a question that have no role yet."""

    def __init__(self, text: str) -> None:
        self.text = in_figures(text)

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
