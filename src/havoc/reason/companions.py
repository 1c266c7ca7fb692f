"""Two requests that go together in practice, each named: "check normality, then Cpk".

A learned opinion of a whole text sees one of the two. So the pairs that engineers ask for in one
breath are told by the names of both methods, with a joint between them.
"""

from __future__ import annotations

import re

_NAMES = {
    "normality": r"\bnormality|\bnormalit[ée]|gaussian|\bnormal(?:\s+or\s+not)?(?=\s*(?:[?,.;]|first|and\b|then\b))|is\s+(?:it\s+|\w+\s+)?normal|anderson|shapiro",
    "capability": r"c\s?pk?\b|p\s?pk?\b|capab\w*|ability\s+inside",
    "capability_nonnormal": r"non-?normal\s+(?:ppk|cpk|capab\w*)",
    "control_chart": r"control\s+chart|i-?mr\b|individuals?\s+(?:chart|card)|x-?bar\b[\s\w-]{0,6}(?:chart|card)|\b[cpu]\s+chart|\bnp\s+chart|(?:process|runs?|is\s+it|it)\s+(?:\w+\s+)?(?:steady|stable)|in\s+control",
    "runs_rules": r"runs?\s+rules|nelson|western\s+electric|(?:special|assignable)\s+causes?|trend\s+or\s+(?:a\s+)?run",
    "derivative": r"deriv\w*|differentiat\w*|\bdiff\b|\b[a-z]'\s?\(",
    "integral": r"integrat\w*|integral",
    "solve": r"\bsolve\b|where\s+(?:\w+\s+)?(?:is|its|it's|it\s+is)\s+zero|where\s+its\s+zero",
    "full_factorial": r"\b(?:design|plan|list|generate|create|build)\b[^.?]{0,20}(?:full\s+factorial|\b[23]\s?\^\s?\d)|\b[23]\s?\^\s?\d\s+(?:plan|design)",
    "box_behnken": r"box[\s-]?behnken|edge-?\s?midpoint",
    "doe_power": r"\bpower\b|chance\s+(?:\w+\s+){0,3}(?:reveal|detect|see|find)\w*",
    "anova_one_way": r"\banova\b|same\s+mean|any\s+\w+\s+(?:off|different)",
    "multiple_comparison": r"tukey|\bdunn\b|which\s+pairs?|pairwise|post[\s-]?hoc",
    "kruskal_wallis": r"kruskal|\bkw\b",
    "equal_variance": r"(?:same|equal)\s+(?:varianc\w*|spreads?|scatter)|(?:spreads?|varianc\w*)\s+equal|compare\s+(?:the\s+)?(?:spreads?|varianc\w*)|check\s+varianc\w*|equally\s+steady|levene|bartlett",
    "t_test_two_sample": r"(?:same|equal)\s+(?:means?|averages?)|means?\s+equal|compare\s+(?:the\s+)?(?:means?|averages?|avgs?)|then\s+(?:the\s+)?means?\b",
    "describe": r"summar\w*|descriptive\w*|basic\s+(?:figures|stat\w*)|mean\s*,\s*(?:sd|s)\b|média,\s*s\b",
    "confidence_interval": r"\d\s*%\s*(?:ci\b|confidence|interval)|\bci\b|intervalo?\s+de\s+confian\w*|intervalle\s+de\s+confiance",
    "regression_linear": r"\b(?:straight\s+|regression\s+)?line\s+(?:through|thru)|\bslope\b|regress\w*|\bfit(?:ted)?\s+(?:a\s+)?(?:straight\s+)?line",
    "prediction_interval": r"\bpi\b|prediction\s+interval|single\s+(?:new\s+)?(?:result|one|reading|value)|limits\s+the\s+(?:reading|next|value)|next\s+(?:reading|one|value)\s+(?:\w+\s+)?(?:fall|land|lie)",
    "weibull_fit": r"weibull",
    "kaplan_meier": r"kaplan|\bkm\s+curve",
    "demonstration_test": r"\br\s?\d\d\s?/?\s?c\s?\d\d|demonstrat\w*",
}  # fmt: skip
_COMPILED = {name: re.compile(rf"(?:{words})", re.IGNORECASE) for name, words in _NAMES.items()}
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
    ("regression_linear", "prediction_interval"),
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
    r"\W+(?:\w+\W+){0,5}?(?:was|were|failed|fails|came|said|says|showed|shows|rejected|violated|significant|attached)\b",
    re.IGNORECASE,
)
"""Behind the name of a method: it was done already."""
LONGEST = 2000
"""Characters that are looked at; a request stands at the begin or the end of its data."""


def companions(text: str) -> tuple[str, str] | None:
    """The two methods that ``text`` names with a joint between them; None where it names no pair."""
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
