"""Which factors are hard and which easy to change, told in sentences without settings."""

from __future__ import annotations

import re

from havoc.reading.factor_names import is_common_word

MOST_WORDS_OF_A_NAME = 3
_VERB = r"(?:change|swap|reset|set|alter|adjust|settle|heat|cool|stabili[sz]e|move|clean|warm\s+up)"
_SPAN = r"(?:shifts?|days?|hours?|hrs?|h|weeks?|minutes|mins?|ages|forever|long|time)"
_SLOW = (
    rf"(?:(?:very\s+|too\s+|so\s+)?(?:slow|hard|difficult|expensive|costly|painful|a\s+pain|awkward|heavy|tedious|a\s+pig)\s+to\s+{_VERB}"
    rf"|(?:takes?|costs?|needs?)\s+(?:us\s+|me\s+)?(?:[\w.]+\s+){{0,3}}?{_SPAN}\b(?:\s+to\s+{_VERB})?"
    r"|(?:changed?|set|fixed|constant)\s+(?:only\s+)?(?:once|one\s+time)?\s*(?:per|a)\s+\w+"
    r"|(?:can'?t|cannot|can\s+not)\s+be\s+(?:randomi[sz]ed|changed)|sucks?|htc|hard"
    r"|(?:stays?|stay)\s+(?:fixed|put|the\s+same|constant)|difficult|slow|expensive)"
)
_FAST = (
    r"(?:(?:i|we|you)\s+can\s+(?:change|vary|set)|can\s+(?:be\s+(?:changed|varied|set)|vary|change)\s+(?:each|every|any|from|at|in|by|freely|quickly|within)"
    r"|easy|easily|quick(?:ly)?|instant(?:ly|aneous)?|trivial|no\s+problem|etc|whatever|cheap\s+to\s+change"
    r"|takes?\s+(?:only\s+)?(?:a\s+)?(?:few\s+)?(?:minutes?|seconds?|moments?)|changes?\s+(?:each|every|in\s+a|per|within|freely)"
    r"|(?:each|every|any)\s+(?:shot|part|run|piece|cycle|panel|day|wafer|board|one|time))"
)
_CUE = re.compile(rf"\b(?:(?P<fast>{_FAST})|(?P<slow>{_SLOW}))\b", re.I)
_CLAUSE = re.compile(r"[.;:?!\n]|\b(?:but|while|whereas|so|because|then)\b", re.I)
_BETWEEN = re.compile(r"\s*(?:,|&|\+|/|\band\b|\bplus\b)\s*", re.I)
_LEADING = re.compile(
    r"^(?:(?:the|a|an|our|my|changing|swapping|setting|resetting|only|with|both|and|are|is|to|all)\s+)+",
    re.I,
)
_TRAILING = re.compile(
    r"(?:\s+(?:is|are|was|were|be|to|can|each|both|really|very|too|pretty|just|swaps?|changes?|changeovers?))+$",
    re.I,
)
_FAR = 160
"""Names stand at most so many characters before what is said of them."""
_PLURAL = re.compile(r"\s(?:are|were)\s*$", re.I)
_REST = re.compile(r"\b(?:(?:the\s+)?(?:others?|rest|remaining)|everything\s+else)\b", re.I)


def told_by_effort(text: str, stated: int | None) -> tuple[list[str], list[str]]:
    """Names before "is slow to change", "takes an hour", "easy": hard ones and easy ones.

    Where "the others" are easy, ``stated`` says how many factors there are in all.
    """
    hard: list[str] = []
    easy: list[str] = []
    rest = False
    previous = 0
    for cue in _CUE.finditer(text):
        said = text[max(previous, cue.start() - 2 * _FAR) : cue.start()]
        clauses = list(_CLAUSE.finditer(said))
        said = said[clauses[-1].end() :] if clauses else said
        said = re.sub(r"\([^()]*\)", " ", said[-_FAR:]).strip(" ,-–(")
        others = _REST.search(said) is not None
        names = [] if others else _names(said)
        if names:
            (easy if cue["fast"] else hard).extend(
                name for name in names if name not in hard + easy
            )
        rest = rest or (others and cue["fast"] is not None)
        if names or others:
            previous = cue.end()
    if rest and hard and not easy and stated is not None and stated > len(hard):
        easy = list("BCDEFGHJKLMNOP"[: stated - len(hard)])
    return hard, easy


def _names(said: str) -> list[str]:
    """The names at the end of what was said; those before a word that cannot name are left."""
    plural = _PLURAL.search(said + " ") is not None
    pieces = [_LEADING.sub("", piece.strip()) for piece in _BETWEEN.split(_TRAILING.sub("", said))]
    pieces = [_TRAILING.sub("", piece) for piece in pieces]
    names: list[str] = []
    for piece in reversed(pieces):
        head = re.split(r"\s+(?:on|in|at|of|for)\s+", piece)[0]
        words = head.split()
        fitting = words and all(
            re.fullmatch(r"[^\W\d_][\w'’-]*", word) and not is_common_word(word) for word in words
        )
        if not fitting:
            break
        if plural and len(pieces) == 1 and len(words) > 1:
            return words
        if len(words) > MOST_WORDS_OF_A_NAME:
            break
        names.insert(0, head)
    return names
