"""The words beside the figures of a response: goals, what is ideal, what is unacceptable."""

from __future__ import annotations

import re


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_GOALS = {
    "maximize": """max maximum maximise maximize maximised maximized maximal larger bigger higher
    more big high larger-the-better raise increase highest largest""",
    "minimize": """min minimum minimise minimize minimised minimized minimal smaller less lower low
    quick cheap tight small smaller-the-better reduce decrease lowest smallest fewer least""",
    "target": "target nominal near tgt",
}
GOAL_OF = {word: goal for goal, words in _GOALS.items() for word in words.split()}
ADJECTIVES = {
    **dict.fromkeys("cheap quick light quiet thin low-cost soft".split(), "minimize"),
    **dict.fromkeys("strong hard tough stiff shiny bright robust durable".split(), "maximize"),
}
"""A property that is wanted, before its limits in brackets: "strong (40 is useless, …)"."""
SMALL_IS_BETTER = _words(
    "cost costs price prices expense expenses scrap cout coût prix kosten koszt coste custo"
)
"""Responses that nobody wants to be large, where no goal was said."""
GOOD = _words(
    """perfect ideal ideally best great lush happy optimum optimal excellent good fully full super
    superb fine dream top fantastic brilliant awesome wonderful desired satisfied"""
)
BAD = _words(
    """unacceptable bad rubbish bin dead worst useless unusable reject rejected scrap terrible poor
    awful fail fails out end junk garbage trash intolerable hopeless lousy crap unsellable floor
    roof ceiling cutoff horrible disaster worthless inacceptable"""
)
_NO = _words("good way go chance use")
"""Behind "no": a value that nobody accepts."""
TOLERATED = _words("ok okay tolerable tolerated acceptable accepted allowed permitted fine alright")
VALUE = _words(
    "got observed predicted measured value now gives gave obtained reached has have we is = mam"
)
LOW = _words("low lower lsl lo from minimum min mini")
HIGH = _words("high upper usl hi maximum max maxi")
ABOVE = _words("over above > beyond exceed exceeds exceeding")
BELOW = _words("under below <")
TARGET = _words(
    "target tgt t aim aiming nominal near want wants wanted hit hits hitting cel ziel cible meta "
    "objetivo"
)
WEIGHT = _words("weight wt exponent")
COUNTS = _words("counts count weighs matters")
TIMES = {"double": 2.0, "twice": 2.0, "triple": 3.0, "thrice": 3.0}
TRANSPARENT = _words("of around about roughly approx ≤ ≥ ~ : ≈ ca circa")
"""Words between a figure and the word that says what it is."""
FILLING = _words("is are would be the a an my our or and it its already still really quite")
ROLE_WORDS = (
    frozenset(GOAL_OF)
    | GOOD
    | BAD
    | TOLERATED
    | VALUE
    | LOW
    | HIGH
    | ABOVE
    | BELOW
    | TARGET
    | WEIGHT
    | COUNTS
    | frozenset(TIMES)
    | _words(
        """
        against aims all anything as at attain attains balance balanced batch be better
        between big both candidate choose combine combined competing composite compromise d
        d-function derringer derringer-suich desirability does each either equal equally
        everything
        fight find for formulation function goal gotta hello hi how i importance
        importances important index individual keep maximise multi must
        never no no-good possible nominal-is-best not number one opt optimize optimizer
        option other overall please question range ranges recipe response responses round s same
        sample score setting settings should simultaneously single spot suich
        sweet target-is-best thing things time times trade-off tradeoff unit wanna
        weigh weights what which who wins within y
        """
    )
)


def bad_at(words: list[str], place: int) -> bool:
    """Does the word at ``place`` call a figure unacceptable: "junk", "no way", "not ok", "no"?"""
    word = words[place]
    following = words[place + 1] if place + 1 < len(words) else ""
    if word == "no":
        return following in _NO or following in {"", ",", ";", ")", "."}
    if word == "not":
        return following in TOLERATED | {"good"}
    return word in BAD


ALSO_NAMES = _words("noise yield yields")
"""Names of responses that cannot name a factor."""
CURRENCY = re.compile(r"(?:[$€£]|\b(?:EUR|USD|GBP|CHF|PLN)\s)(?=\s?[\d.])")
