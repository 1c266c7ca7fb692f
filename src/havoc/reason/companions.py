"""Two requests that go together in practice, each named: "check normality, then Cpk".

A learned opinion of a whole text sees one of the two. So the pairs that engineers ask for in one
breath are told by the names of both methods, with a joint between them.
"""

from __future__ import annotations

import re

_NAMES = {
    "normality": (
        r"\bnormality",
        r"\bnormalit[ée]",
        r"gaussian",
        r"\bnormal(?:\s+or\s+not)?(?=\s*(?:[?,.;]|first|and\b|then\b))",
        r"is\s+(?:it\s+|\w+\s+)?normal",
        r"anderson",
        r"shapiro",
    ),
    "capability": (
        r"c\s?pk?\b",
        r"p\s?pk?\b",
        r"capab\w*",
        r"ability\s+inside",
        r"\bfits?\s+(?:in|into|within|inside)\b",
    ),
    "capability_nonnormal": (r"non-?normal\s+(?:ppk|cpk|capab\w*)",),
    "control_chart": (
        r"control\s+chart",
        r"i-?mr\b",
        r"individuals?\s+(?:chart|card)",
        r"x-?bar\b[\s\w-]{0,6}(?:chart|card)",
        r"\b[cpu]\s+chart",
        r"\bnp\s+chart",
        r"(?:process|runs?|is\s+it|it)\s+(?:\w+\s+)?(?:steady|stable)",
        r"in\s+control",
    ),
    "runs_rules": (
        r"runs?\s+rules",
        r"nelson",
        r"western\s+electric",
        r"(?:special|assignable)\s+causes?",
        r"trend\s+or\s+(?:a\s+)?run",
    ),
    "derivative": (
        r"deriv\w*",
        r"differentiat\w*",
        r"\bdiff\b",
        r"\b[a-z]'\s?\(",
    ),
    "integral": (
        r"integrat\w*",
        r"integral",
    ),
    "solve": (
        r"\bsolve\b",
        r"where\s+(?:\w+\s+)?(?:is|its|it's|it\s+is)\s+zero",
        r"where\s+its\s+zero",
    ),
    "full_factorial": (
        r"\b(?:design|plan|list|generate|create|build)\b[^.?]{0,20}(?:full\s+factorial|\b[23]\s?\^\s?\d)",
        r"\b[23]\s?\^\s?\d\s+(?:plan|design)",
    ),
    "box_behnken": (
        r"box[\s-]?behnken",
        r"edge-?\s?midpoint",
    ),
    "doe_power": (
        r"\bpower\b",
        r"chance\s+(?:\w+\s+){0,3}(?:reveal|detect|see|find)\w*",
    ),
    "anova_one_way": (
        r"\banova\b",
        r"same\s+mean",
        r"any\s+\w+\s+(?:off|different)",
    ),
    "multiple_comparison": (
        r"tukey",
        r"\bdunn\b",
        r"which\s+pairs?",
        r"pairwise",
        r"post[\s-]?hoc",
    ),
    "kruskal_wallis": (
        r"kruskal",
        r"\bkw\b",
    ),
    "equal_variance": (
        r"(?:same|equal)\s+(?:varianc\w*|spreads?|scatter)",
        r"(?:spreads?|varianc\w*)\s+equal",
        r"compare\s+(?:the\s+)?(?:spreads?|varianc\w*)",
        r"check\s+varianc\w*",
        r"equally\s+steady",
        r"levene",
        r"bartlett",
    ),
    "t_test_two_sample": (
        r"(?:same|equal)\s+(?:means?|averages?)",
        r"means?\s+equal",
        r"compare\s+(?:the\s+)?(?:means?|averages?|avgs?)",
        r"(?<=then\s)(?:the\s+)?(?:means?|averages?)\b",
    ),
    "describe": (
        r"summar\w*",
        r"descriptive\w*",
        r"basic\s+(?:figures|stat\w*)",
        r"mean\s*,\s*(?:sd|s)\b",
        r"média,\s*s\b",
    ),
    "confidence_interval": (
        r"\d\s*%\s*(?:ci\b|confidence|interval)",
        r"\bci\b",
        r"intervalo?\s+de\s+confian\w*",
        r"intervalle\s+de\s+confiance",
    ),
    "weibull_fit": (r"weibull",),
    "kaplan_meier": (
        r"kaplan",
        r"\bkm\s+curve",
    ),
    "demonstration_test": (
        r"\br\s?\d\d\s?/?\s?c\s?\d\d",
        r"demonstrat\w*",
    ),
}
_COMPILED = {name: re.compile("|".join(words), re.IGNORECASE) for name, words in _NAMES.items()}
_PAIRS = (
    ("capability_nonnormal", "normality"),
    ("normality", "capability"),
    ("control_chart", "capability"),
    ("control_chart", "runs_rules"),
    ("derivative", "solve"),
    ("derivative", "integral"),
    ("anova_one_way", "multiple_comparison"),
    ("kruskal_wallis", "multiple_comparison"),
    ("equal_variance", "t_test_two_sample"),
    ("describe", "confidence_interval"),
    ("weibull_fit", "kaplan_meier"),
    ("weibull_fit", "demonstration_test"),
    ("full_factorial", "doe_power"),
    ("box_behnken", "doe_power"),
)
_JOINT = re.compile(
    r"\b(?:and|then|also|plus|too|before|with|after(?:wards)?|followed|furthermore|additionally|und|dann|et|puis|e|y|oraz)\b"
    r"|[+&;]|[.?!,]\s|\([ab]\)",
    re.IGNORECASE,
)
_ASSUMED = re.compile(
    r"\b(?:not|non|isn'?t|aren'?t|ain'?t|assum\w*|without|despite|as\s+if|cannot|can'?t|no|after|attached|post|from)\W+(?:\w+\W+){0,2}$",
    re.IGNORECASE,
)
_DONE = re.compile(
    r"\W+(?:(?:\w+\W+){0,2}?(?:was|were|failed|fails|said|says|showed|shows|rejected|violated|attached)"
    r"|(?:\w+\W+){0,6}?(?:came\s+out|significant|says))\b",
    re.IGNORECASE,
)
"""Behind the name of a method: it was done already."""
LONGEST = 2000
"""Characters that are looked at; a request stands at the begin or the end of its data."""


def companions(text: str) -> tuple[str, str] | None:
    """The two methods that ``text`` names with a joint between them; None without such a pair."""
    text = text[:LONGEST]
    places = {}
    for name, pattern in _COMPILED.items():
        found = [
            match.span()
            for match in pattern.finditer(text)
            if not _ASSUMED.search(text[max(0, match.start() - 24) : match.start()])
            and not _DONE.match(text[match.end() : match.end() + 60])
        ]
        if found:
            places[name] = found[0]
    for first, second in _PAIRS:
        if first not in places or second not in places:
            continue
        early, late = sorted((places[first], places[second]))
        if early[1] <= late[0] and _JOINT.search(text[early[1] : late[0] + 1]):
            return first, second
    return None
