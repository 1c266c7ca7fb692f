"""Which way an engineer asks: "is B thicker than A", "has it gone up", "did it drop".

A direction makes a test one-sided. The first group of the data is always the
first argument; the direction is turned round when the question speaks about the
second ("is line B worse" with line A listed first).
"""

from __future__ import annotations

import re

from havoc.reading.question import Series
from havoc.reason.binding.arguments import Binding
from havoc.reason.binding.evidence import Evidence

_UP = (
    r"(?:gone|went|come|go|came|crept|creep\w*)\s+up|(?:push|bring|brought|move|drive|drove)\w*\s+(?:\w+\s+){0,3}up|higher|greater|more\s+than|"
    r"more\s+(?:likely|often|frequent\w*|\w+(?=\s+than\b))|above|over(?:\s+the\s+(?:line|limit))?|exceed\w*|"
    r"increas\w*|rais\w*|rise[sn]?|thicker|longer|stronger|heavier|hotter|hot|harder|larger|bigger|taller|slower|later|"
    r"(?:run\w*|read\w*|too|fill\w*|sit\w*)\s+(?:fat|high|heavy|thick|long|big|large)|"
    r"beats?|at least|superior|majority|tougher|over-?fill\w*"
)
_DOWN = (
    r"(?:gone|went|come|go|came)\s+down|(?:push|bring|brought|move|drive|drove)\w*\s+(?:\w+\s+){0,3}down|lower|less\s+than|fewer|below|under|"
    r"reduc\w*|drop\w*|decreas\w*|declin\w*|diminish\w*|fell|fallen|"
    r"thinner|shorter|weaker|lighter|cooler|colder|softer|smaller|faster|quicker|sooner|earlier|shortfall|fall\w*\s+short|less|"
    r"less\s+\w+(?=\s+than\b)|"
    r"(?:run\w*|read\w*|too|fill\w*|sit\w*)\s+(?:cold|cool|low|light|thin|short|small)|"
    r"under-?fill\w*|not\s+reach|shrink|shrunk"
)
_MORE = r"more(?=\s*(?:\?|$|(?:with|on|in|at|for|before|after|under)\b))"
_WORSE, _BETTER = (
    r"worse\w*|worsen\w*|poorer|higher\s+risk|deteriorat\w*",
    r"better|improve\w*|helped|help\b|pay\s+off|benefi\w*|betterment",
)
_TWO_SIDED = (
    r"two[\s-]?(?:sided|tailed)|either\s+(?:way|direction)|(?:higher|more|above|up)\s+or\s+(?:lower|less|below|down)|"
    r"\bdiffer\w*\b(?!.{0,40}\b(?:higher|lower|greater|less)\s+than)"
)
_ALTERNATIVE = r"\b(?:h[a1]\b|alternative|test\s+of\s+\w+|(?:vs\.?|versus))[^<>\n]{0,40}?"
_LESS_ALTERNATIVE = re.compile(
    rf"{_ALTERNATIVE}<|\b(?:mu|µ|mean)\s?<\s?\.?\d|one[\s-]?sided\s+(?:lower|less)|alternative\W+less"
)
_GREATER_ALTERNATIVE = re.compile(
    rf"{_ALTERNATIVE}>|\b(?:mu|µ|mean)\s?>\s?\.?\d|one[\s-]?sided\s+(?:upper|greater)|alternative\W+greater"
)
_BARE_MORE = re.compile(r"\b(?:does|do|did)\s+[\w\s]{1,24}?\s+(?:more|less)\s*(?:\?|$)")
_SHORT_FORMS = re.compile(r"\b(?:i\.e|e\.g|vs|approx|resp|incl|no|nr)\.", re.IGNORECASE)
_SENTENCE = re.compile(r"[^.!?\n;:]++(?:\.(?=\d)[^.!?\n;:]*+)*+")
_STATED = re.compile(
    r"\b(?:whether|cares?|wants?|wish\w*|show|prove|claim\w*|says?|said|saying|swears?|believes?|suspects?|thinks?|hopes?|expects?|complain\w*)\b",
    re.IGNORECASE,
)
"""Sentences that say what is to be shown, where the question itself names no direction."""
_HIGH_BOUND = re.compile(
    r"no\s+(?:more|higher|greater)\s+than|at\s+most|not\s+(?:be\s+)?(?:more|above|over|exceed\w*|higher)|must\s+be\s+(?:under|below|less)|"
    r"max(?:imum|imal)?\b|(?<![<>=])<=?|≤"
)
_LOW_BOUND = re.compile(
    r"no\s+(?:less|lower|fewer)\s+than|at\s+least|not\s+(?:be\s+)?(?:less|below|under|lower|fewer)|must\s+be\s+(?:over|above|more)|\babove\b|"
    r"min(?:imum|imal)?\b|(?<![<>=])>=?|≥"
)
_VIOLATES = re.compile(
    r"\b(?:breaks?|broke|broken|breach\w*|violat\w*|claim\b|liar|off\b|miss(?:ed)?\b|complain\w*|exceed\w*)"
)
_SUPPORTS = re.compile(
    r"\b(?:prove[ns]?|proof|evidence|support\w*|shown?|demonstrat\w*|meets?|confirm\w*)\b"
)


def one_sample_direction(evidence: Evidence, *, counts_bad: bool = False) -> str:
    """``greater``, ``less`` or ``two_sided`` for a comparison with a given value.

    ``counts_bad``: what is counted is unwanted, so that worse means more of it.
    """
    text = evidence.text
    explicit = _explicit(text)
    if explicit:
        return explicit
    if re.search(_TWO_SIDED, text) and not re.search(r"\bone[\s-]?(?:sided|tailed)", text):
        return "two_sided"
    for asked in _asked(text):
        up, down = _last_hit(_UP, asked) or _last_hit(_MORE, asked), _last_hit(_DOWN, asked)
        if counts_bad and not up and not down:
            up, down = _last_hit(_WORSE, asked), _last_hit(_BETTER, asked)
        if up or down:
            return (
                "greater" if (up.start() if up else -1) > (down.start() if down else -1) else "less"
            )
    return _from_bound(text)


_UPPER_BOUND = re.compile(
    r"\bupper\b|\b(?:highest|worst|maximal)\b|\bhow\s+(?:high|bad|large|often)\b.{0,30}\b(?:at\s+most|can|could|might)\b"
)
_LOWER_BOUND = re.compile(
    r"\blower\s+(?:[\w\-]+\s+)?(?:bound|limit|conf)|\bone[\s-]?sided\s+lower\b"
)


def bound_direction(evidence: Evidence) -> str:
    """The side of a single bound: an upper bound belongs to the alternative ``less``."""
    upper, lower = (_UPPER_BOUND.search(evidence.text), _LOWER_BOUND.search(evidence.text))
    if (upper is None) == (lower is None):
        return "two_sided"
    return "less" if upper else "greater"


def _from_bound(text: str) -> str:
    """ "Must not exceed 1.2: does it break the spec?": the bound and what is asked about it."""
    high, low = _HIGH_BOUND.search(text), _LOW_BOUND.search(text)
    questions = " ".join(_questions(text))
    violates, supports = _VIOLATES.search(questions), _SUPPORTS.search(questions)
    if (high is None) == (low is None) or (violates is None) == (supports is None):
        return "two_sided"
    return "greater" if (high is not None) == (violates is not None) else "less"


def two_sample_direction(
    evidence: Evidence, first: str, second: str, *, counts_bad: bool = False
) -> str:
    """Direction of (first minus second)."""
    text = evidence.text
    explicit = _explicit(text)
    if explicit:
        return explicit
    if re.search(_TWO_SIDED, text) and not re.search(r"\bone[\s-]?(?:sided|tailed)", text):
        return "two_sided"
    if _BARE_MORE.search(text):
        return "two_sided"  # "does B wear more?" asks which, and is answered by the sign
    asking = _asked(evidence.reading.plain)
    for position, asked in enumerate(asking, start=1):
        match, sign = _comparison(asked, counts_bad=counts_bad)
        if match is None:
            continue
        subject = _subject(asked, match, first, second)
        if subject == 0 and position < len(asking):
            continue
        if subject == 0:
            return "two_sided"
        return "greater" if sign * subject > 0 else "less"
    return "two_sided"


_SPREADS = r"(?:scatter\w*|wobbl\w*|spread|varia\w*|variab\w*|vary|varies|wander\w*|noisy|dispers\w*|all\s+over\s+the\s+place|imprecise|erratic|unsteady)"
_STEADY = r"(?:steady|consisten\w*|repeatab\w*|uniform\w*|precise|stable|even|tight)"
_WIDER = (
    rf"more\s+(?:\w+\s+)?{_SPREADS}|{_SPREADS}\s+more|less\s+{_STEADY}|(?:larger|bigger|wider|higher|greater|increased|enlarged)\s+(?:\w+\s+)?{_SPREADS}|"
    rf"(?:scatter|spread|varia\w*)\s+(?:(?:is|has|been|really|significantly|clearly)\s+)*(?:larger|bigger|wider|higher|greater|increased|enlarged|grown|gone\s+up)|noisier"
)
_TIGHTER = (
    rf"less\s+(?:\w+\s+)?{_SPREADS}|{_SPREADS}\s+less|more\s+{_STEADY}|(?:smaller|lower|reduced)\s+(?:\w+\s+)?{_SPREADS}|reduction\s+of\s+(?:the\s+)?{_SPREADS}|"
    rf"(?:reduce[sd]?|cut|lower(?:ed)?|shrink|shrunk)\s+(?:the\s+)?{_SPREADS}|"
    rf"(?:scatter|spread|varia\w*)\s+(?:(?:is|has|been|really|significantly|clearly|gone)\s+)*(?:smaller|lower|less|reduced|shrunk|down)|tighter|steadier"
)


def spread_direction(evidence: Evidence, first: str, second: str) -> str:
    """Direction of (variance of the first less variance of the second)."""
    text = evidence.text
    if re.search(_TWO_SIDED, text) and not re.search(r"\bone[\s-]?(?:sided|tailed)", text):
        return "two_sided"
    for asked in _asked(evidence.reading.plain):
        wider, tighter = _search(_WIDER, asked), _search(_TIGHTER, asked)
        match = wider or tighter
        if match is None:
            continue
        subject = _subject(asked, match, first, second)
        if subject:
            return "greater" if (1 if wider else -1) * subject > 0 else "less"
    return "two_sided"


def _comparison(asked: str, *, counts_bad: bool) -> tuple[re.Match[str] | None, int]:
    """The word that compares, and +1 if it means more, -1 if less."""
    match, sign = _search(_UP, asked), 1
    down = _search(_DOWN, asked)
    if down and (match is None or down.start() > match.start()):
        match, sign = down, -1
    if match is None:
        match = _COMPARATIVE.search(asked) or _search(_MORE, asked)
    if match is None and counts_bad:
        worse, better = _search(_WORSE, asked), _search(_BETTER, asked)
        match, sign = (worse, 1) if worse else (better, -1)
    elif match is None:
        match = _search(_BETTER, asked)
    return match, sign


def set_direction(binding: Binding, direction: str) -> None:
    if direction != "two_sided":
        binding.set("alternative", direction, "question")


def names_of(binding: Binding, first: Series, second: Series) -> None:
    """Pass the names of two groups on, as the user wrote them."""
    binding.set("name1", first.name or "first", first.source)
    binding.set("name2", second.name or "second", second.source)


def _explicit(text: str) -> str:
    if _LESS_ALTERNATIVE.search(text):
        return "less"
    if _GREATER_ALTERNATIVE.search(text):
        return "greater"
    return ""


def _questions(text: str) -> list[str]:
    text = _SHORT_FORMS.sub(lambda match: match[0].replace(".", " "), text)
    return [
        match[0] for match in _SENTENCE.finditer(text) if text[match.end() : match.end() + 1] == "?"
    ]


_LIST = re.compile(r"(?<!\d)(?<!\d[.,])(?:[-+]?\d[\d.]*+[\s,;/|]*+){3,}")
_LAST_SENTENCES = 8
_ONE_SIDED = re.compile(r"\bone[\s-]+(?:sided?|tailed)\b", re.IGNORECASE)


def _asked(text: str) -> list[str]:
    """The sentences that ask, without lists of numbers; then those that say what is to be shown.

    The whole text where no sentence asks.
    """
    questions = _questions(text)
    if not questions:
        plain = _LIST.sub(" ", text)
        sentences = [match[0] for match in _SENTENCE.finditer(_LIST.sub(" ; ", text))]
        return [*reversed(sentences[-_LAST_SENTENCES:]), plain]
    stated = [match[0] for match in _SENTENCE.finditer(text) if _STATED.search(match[0])]
    one_sided = [_LIST.sub(" ", text)] if _ONE_SIDED.search(text) else []
    return [" ".join(questions), *stated, *one_sided]


_CHANGE = re.compile(
    r"\b(?:(?:gone|went|come|go|came|crept)\s+(?:up|down)|(?:push|bring|brought|drive|move)\w*\s.*|drop\w*|reduc\w*|decreas\w*|increas\w*|declin\w*|diminish\w*|"
    r"improve\w*|fall\w*|fell|rise\w*|rose|shrink|shrunk)$",
    re.IGNORECASE,
)
"""Words of change over time: they speak about what came second."""
_EARLY = re.compile(
    r"(?<![a-z])(?:before|old|previous(?:ly)?|former(?:ly)?|baseline|begin(?:ning)?|start|initial(?:ly)?|pre|control|untreated|original|ancient|prior|t0|day\s?0|"
    r"przed|avant|antes|vorher|vor|prima|stary|ancien|alt\w*|vieux|viejo|velho)(?![a-z])",
    re.IGNORECASE,
)
_LATE = re.compile(
    r"(?<![a-z])(?:after|new|now|current|since|post|end|treated|latest|today|this|po|apr(?:è|e)s|despu(?:é|e)s|depois|nachher|nach|dopo|nowy|nouveau|neu\w*|nuevo|novo)(?![a-z])",
    re.IGNORECASE,
)
_COMPARATIVE = re.compile(
    r"(?i)\b(?:is|are|was|were|be|come|comes|turn|run|runs)\s+(?:\w+\s+){0,3}?"
    r"(?!(?:other|after|number|paper|under|over|either|whether|never|further|together|another|rather|proper|better|"
    r"filter|operator|per|power|order|later|earlier|former|latter|water|user|matter|differ)\b)([a-z]{3,}er)\b(?!\s+(?:of|and))"
)


def _search(words: str, text: str) -> re.Match[str] | None:
    return re.search(rf"\b(?:{words})(?!\w)(?!\s*:)(?!\s*\((?!\s*\d+\s*%))", text, re.IGNORECASE)


def _last_hit(words: str, text: str) -> re.Match[str] | None:
    found = None
    for found in re.finditer(  # noqa: B007
        rf"\b(?:{words})(?!\w)(?!\s*:)(?!\s*\((?!\s*\d+\s*%))", text, re.IGNORECASE
    ):
        pass
    return found


def _subject(text: str, comparison: re.Match[str], first: str, second: str) -> int:
    """+1 if the comparison speaks about the first group, -1 about the second, 0 unknown."""
    eras = _era(first), _era(second)
    place = comparison.start(comparison.lastindex or 0)
    before = text[:place]
    at_first, at_second = (
        max(_mentions(before, name, other), default=-1)
        for name, other in ((first, second), (second, first))
    )
    changes = _CHANGE.search(comparison[0]) is not None
    if changes and eras in {(-1, 1), (1, -1)}:
        return eras[0]
    if at_first >= 0 or at_second >= 0:
        return 1 if at_first > at_second else -1
    after = text[comparison.end() :]
    than_first, than_second = (
        min(_mentions(after, name, other), default=-1)
        for name, other in ((first, second), (second, first))
    )
    if than_first >= 0 or than_second >= 0:
        if than_second >= 0 and (than_first < 0 or than_second < than_first):
            return 1 if "than" in after[: than_second + 1] or re.match(r"\s*than", after) else -1
        return -1 if re.match(r"\s*(?:on\s+average\s+)?than", after) else 1
    if eras in {(-1, 1), (1, -1)}:
        # "after is shorter" speaks about what came second, whatever the groups are called
        spoken = _last_era(before) or (0 if changes else _last_era(after[:40]))
        if spoken:
            return 1 if spoken == eras[0] else -1
    return eras[0] if eras[0] else -eras[1]


def _last_era(text: str) -> int:
    """The time that is spoken of last: -1 before, +1 after, 0 for none."""
    early = max((match.start() for match in _EARLY.finditer(text)), default=-1)
    late = max((match.start() for match in _LATE.finditer(text)), default=-1)
    return (late > early) - (early > late)


def _era(name: str) -> int:
    """-1 for what was before, +1 for what came after, 0 where the name does not tell."""
    early, late = _EARLY.search(name), _LATE.search(name)
    if early and late:  # "before the new jig"
        return -1 if early.start() < late.start() else 1
    return (late is not None) - (early is not None)


_PERSONS = {"me": ("i", "my", "mine"), "him": ("he", "his"), "her": ("she",), "us": ("we", "our"), "them": ("they", "their")}  # fmt: skip


def _keys(name: str) -> list[str]:
    """The name and its telling words; a single letter counts as written (A, not the article)."""
    words: list[str] = re.findall(r"[^\W_]+(?:-[^\W_]+)*", name)
    telling = [
        word
        for word in words
        if len(word) > 1 or word.isdigit() or word.isupper() or (words[1:] and word not in "ai")
    ]
    persons = _PERSONS.get(name.lower(), ())
    era = [match[0] for match in (_EARLY.search(name), _LATE.search(name)) if match]
    return list(dict.fromkeys([name, *telling[-1:], *telling[:1], *era, *persons]))


def _pattern(key: str) -> re.Pattern[str]:
    flags = 0 if len(key) == 1 and key.isupper() else re.IGNORECASE
    return re.compile(rf"(?<![\w]){re.escape(key)}(?![\w])", flags)


def _mentions(text: str, name: str, other: str) -> list[int]:
    """Where the text speaks about ``name`` and not about ``other``."""
    others = {key.lower() for key in _keys(other)}
    own = [key for key in _keys(name) if key and key.lower() not in others]
    if own:
        found = [match.start() for key in own for match in _pattern(key).finditer(text)]
        if found or not name.lower().startswith("with "):
            return found
        bare = re.compile(
            rf"(?<!without )(?<!no )(?<!\w){re.escape(name[5:])}(?!\w)", re.IGNORECASE
        )
        return [match.start() for match in bare.finditer(text)]
    # "gel" beside "without gel": the name without what the other adds to it
    added = [key for key in others if key not in {name.lower(), other.lower()}]
    added = [key for key in added if key not in {item.lower() for item in _keys(name)}]
    return [
        match.start()
        for match in _pattern(name).finditer(text)
        if name
        and not any(
            _pattern(key).search(text[max(0, match.start() - 12) : match.end() + 12])
            for key in added
        )
    ]
