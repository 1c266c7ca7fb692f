"""Ratings in prose: who judged which unit how, and counts of two judges in words.

"Ann: P F P; Bob: P F F", "insp1=ok,ng,ok truth=ok,ng,ng", '{"A": [1, 0, 1], "B": [1, 1, 1]}',
"Amy PPFP Bo PFFP" and rows without names ("1 1 2 / 2 2 2") are lists of categories;
"both ok 40, A ok/B ng 5, A ng/B ok 3, both ng 52" is a table of counts.
"""

from __future__ import annotations

import re
from collections import Counter

import msgspec

from havoc.reading.prose import word_set

MAX_TEXT = 60_000
LEAST = 3
_LONGEST_CATEGORY = 14
_VERDICTS = word_set(
    """
    ok okay nok ng ko io nio go nogo no-go no yes not pass passed fail failed good bad accept
    accepted reject rejected acc rej minor major critical pos neg positive negative
    crack clean true false scrap rework defect conform nonconform high low medium none slight severe
    """
)
STANDARD = re.compile(
    r"^(?:the\s+|known\s+|true\s+)?(?:standards?|std|references?|ref|truth|true|master|experts?|"
    r"(?:expert\s+)?panel|(?:right|correct|true)\s+(?:answers?|values?|ratings?)|correct|right|gold(?:en)?"
    r"(?:\s+standard)?|actual)$",
    re.IGNORECASE,
)
_TOKEN = re.compile(
    r"(?P<word>[^\W_][\w'-]*+)|(?P<space>[ \t]++)|(?P<quote>[\"'“”])|(?P<mark>.)", re.DOTALL
)
_ORDINAL = r"(?:1st|2nd|3rd|first|second|third|fourth)"
_PASS_NOUN = word_set("go pass look time round trial check try answer panel")
_NO_NAME = word_set(
    """
    and vs versus the for kappa with is by of on in said says rated gave called saw calls ratings
    rating judged sorted graded inspector appraiser then
    """
)
_NUMBERED = re.compile(
    r"(?:units?|parts?|samples?|pieces?|items?|img|images?|photos?)$", re.IGNORECASE
)


class RatedList(msgspec.Struct, frozen=True):
    """The ratings of one list and the name before it (empty where there is none)."""

    name: str
    ratings: list[str]
    start: int
    end: int


class _Run(msgspec.Struct):
    words: list[str]
    separators: list[str]
    starts: list[int]
    end: int
    bracket: bool


def read_rated_lists(text: str) -> list[RatedList]:
    """Lists of categories in the order of the text; their lengths may differ."""
    text = text[:MAX_TEXT]
    return _lists(text) or _glued(text) or _paired(text) or _worded(text)


def _lists(text: str) -> list[RatedList]:
    pieces = [piece for run in _runs(text) for piece in _split(run)]
    pieces = [
        piece
        for piece in pieces
        if len(piece.words) >= LEAST
        and not _is_listing(piece)
        and len({word.isdigit() for word in piece.words[1:]}) == 1
    ]
    inner = {word for piece in pieces for word in piece.words[1:]}
    found = []
    before = 0
    for piece in pieces:
        name = _name(text[before : piece.starts[0]])
        words, start = piece.words, piece.starts[0]
        lead = words[0]
        if lead not in inner and not lead.isdigit() and len(pieces) > 1:
            # "A g b g", "first go g b g": the first word is the name, or a part of it
            numbered = re.fullmatch(_ORDINAL, name, re.IGNORECASE) and lead.lower() in _PASS_NOUN
            if not name or numbered:
                name = f"{name} {lead}".strip()
                words, start = words[1:], piece.starts[1]
        if lead.isdigit() and name and not any(word.isdigit() for word in words[1:]):
            name, words, start = f"{name} {lead}", words[1:], piece.starts[1]  # "rater 1 yes no"
        before = piece.end
        if len(words) >= LEAST and not _NUMBERED.search(name):
            found.append(RatedList(name, words, start, piece.end))
    if 2 * sum(bool(item.name) for item in found) < len(found):
        found = [msgspec.structs.replace(item, name="") for item in found]
    return found if len(found) > 1 else []


def _runs(text: str) -> list[_Run]:
    """Words with only blanks or commas between that could all be ratings."""
    tokens = [match for match in _TOKEN.finditer(text) if match.lastgroup != "quote"]
    found: list[_Run] = []
    run: _Run | None = None
    separator = ""
    depth = 0
    for index, token in enumerate(tokens):
        text_of = token[0]
        if token.lastgroup == "word":
            behind = [item[0] for item in tokens[index + 1 : index + 3]]
            label = _leads(behind)
            listed = depth > 0 or separator == "," or behind[:1] == [","]
            glued = listed and len(behind) > 1 and not behind[1].isspace()
            if label or not _is_rating(text_of, listed=depth > 0 or separator == "," or glued):
                run = None
            elif run is None:
                run = _Run([text_of], [], [token.start()], token.end(), depth > 0)
                found.append(run)
            else:
                run.words.append(text_of)
                run.separators.append("," if "," in separator else " ")
                run.starts.append(token.start())
                run.end = token.end()
            separator = ""
        elif text_of.isspace() and "\n" not in text_of:
            separator += " "
        elif text_of == ",":
            separator += ","
        else:
            depth = max(0, depth + (text_of == "[") - (text_of == "]"))
            run, separator = None, ""
    return found


def _leads(behind: list[str]) -> bool:
    """Does a colon or an equal sign follow, so that the word is a name?"""
    if behind and behind[0] in {":", "="}:
        return True
    return len(behind) > 1 and behind[0].isspace() and behind[1] in {":", "="}


def _is_rating(word: str, *, listed: bool) -> bool:
    if word.isdigit():
        return len(word) <= 2
    if len(word) == 1 or word.lower() in _VERDICTS:
        return True
    return listed and len(word) <= _LONGEST_CATEGORY and word.isalpha()


def _split(run: _Run) -> list[_Run]:
    """ "A g b g, B g g g": commas part the lists where blanks part the ratings."""
    if set(run.separators) != {",", " "}:
        return [run]
    pieces = [_Run([run.words[0]], [], [run.starts[0]], run.end, run.bracket)]
    for word, separator, start in zip(run.words[1:], run.separators, run.starts[1:], strict=True):
        if separator == ",":
            pieces[-1].end = pieces[-1].starts[-1] + len(pieces[-1].words[-1])
            pieces.append(_Run([], [], [], run.end, run.bracket))
        pieces[-1].words.append(word)
        pieces[-1].starts.append(start)
    return pieces


def _is_listing(run: _Run) -> bool:
    """ "inspectors A, B, C": letters in their order name something."""
    return (
        not run.bracket
        and all(len(word) == 1 and word.isalpha() for word in run.words)
        and [ord(word) - ord(run.words[0]) for word in run.words] == list(range(len(run.words)))
    )


def _name(between: str) -> str:
    """The words right before a list: "insp 1", "right answer", "Ann"."""
    head = between.rstrip(" \t\n:=[(\"'“{>→-")
    head = re.split(r"[.;:!?\n,{}()\[\]\"“”|/]", head)[-1]
    words = re.findall(r"[^\W_][\w'-]*", head)
    while words and words[-1].lower() in _NO_NAME and len(words) > 1:
        words.pop()
    while len(words) > 1 and (words[0].isdigit() or words[0].lower() in _NO_NAME):
        if words[1].isdigit():
            break
        words.pop(0)
    if len(words) <= 2 or STANDARD.match(" ".join(words)):
        return " ".join(words)
    longer = words[-1].isdigit() or words[-1].lower() in _PASS_NOUN
    return " ".join(words[-2:] if longer else words[-1:])


_GLUED = re.compile(r"(?<![\w-])([A-Z]{4,40}|[01]{4,40}|[a-z]{4,40})(?![\w-])")


def _glued(text: str) -> list[RatedList]:
    """ "Amy PPFP Bo PFFP": ratings of one letter each without blanks."""
    found = [
        match
        for match in _GLUED.finditer(text)
        if len(set(match[1])) <= (2 if match[1].islower() else LEAST)
        and match[1].lower() not in _VERDICTS
    ]
    letters = Counter(frozenset(match[1]) for match in found)
    if not letters:
        return []
    alphabet = max(letters, key=lambda item: (letters[item], len(item)))
    chosen = [match for match in found if set(match[1]) <= alphabet]
    if len(chosen) < 2 or len({len(match[1]) for match in chosen}) > 1 or len(alphabet) < 2:
        return []
    lists = []
    before = 0
    for match in chosen:
        name = _name(text[before : match.start()])
        lists.append(RatedList(name, list(match[1]), match.start(), match.end()))
        before = match.end()
    return lists


_PAIRS = re.compile(r"(?<!\w)[a-zA-Z01]{2}(?:[ ,]{1,2}[a-zA-Z01]{2}(?!\w)){3,200}")
_TWO_NAMES = re.compile(r"\(\s*(\w{1,20})\s*/\s*(\w{1,20})\s*\)")


def _paired(text: str) -> list[RatedList]:
    """ "(s1/s2): gg gb bb gg": both ratings of a unit side by side."""
    for match in _PAIRS.finditer(text):
        pairs = re.findall(r"\w\w", match[0])
        if len({letter for pair in pairs for letter in pair}) != 2:
            continue
        named = _TWO_NAMES.search(text[: match.start()])
        names = (named[1], named[2]) if named else ("rater 1", "rater 2")
        return [
            RatedList(name, [pair[i] for pair in pairs], match.start(), match.end())
            for i, name in enumerate(names)
        ]
    return []


_MOST_CATEGORIES = 6


def _worded(text: str) -> list[RatedList]:
    """ "shift 1 clear opal clear; shift 2 clear clear opal": words of one's own as categories.

    A category is a word that two parts of the text have, each in a run of such words.
    """
    segments = [
        (match.start(), list(re.finditer(r"[^\W_][\w'-]*", match[0])))
        for match in re.finditer(r"[^;\n.:|?]+", text)
    ]
    seen: Counter[str] = Counter()
    for _, words in segments:
        seen.update({word[0].lower() for word in words if word[0].isalpha()})
    shared = {word for word, count in seen.items() if count > 1}
    found = []
    for start, words in segments:
        last = len(words)
        while last and words[last - 1][0].lower() in shared:
            last -= 1
        run = words[last:]
        if len(run) >= LEAST and not any(word[0].isdigit() for word in run):
            name = _name(text[start : start + run[0].start()])
            begin, end = start + run[0].start(), start + run[-1].end()
            found.append(RatedList(name, [word[0].lower() for word in run], begin, end))
    categories = {rating for item in found for rating in item.ratings}
    lengths = {len(item.ratings) for item in found}
    if len(found) < 2 or len(lengths) > 1 or not 2 <= len(categories) <= _MOST_CATEGORIES:
        return []
    return found if lengths.pop() > len(categories) else []


# counts of two judges ---------------------------------------------------------------

_SAYING = r"(?:(?:say|said|says|call|called|judged?|rated?|voted?)\s+)?"
_BOTH = re.compile(
    rf"\bboth\s+{_SAYING}([^\W\d_][\w-]{{0,15}})\s*[:=]?\s*(\d{{1,9}})(?=\s*(?:[,.;:)\n]|and\b|both\b|they\b|we\b|but\b|disagree|split|differ|$))",
    re.IGNORECASE,
)
_BOTH_AFTER = re.compile(
    rf"(?<![\w.])(\d{{1,9}})\s+(?:{_SAYING}([^\W\d_][\w-]{{0,15}})\s+(?:with|by|for|in)\s+both\b"
    rf"|both\s+{_SAYING}([^\W\d_][\w-]{{0,15}}))",
    re.I,
)
_ONLY = re.compile(
    r"\bonly\s+(?:[\w-]+\s+){1,3}?(?P<word>[^\W\d_][\w-]{0,15})\s*[:=]?\s*(?P<count>\d{1,9})\b",
    re.I,
)
_ONLY_AFTER = re.compile(
    r"(?<![\w.])(?P<count>\d{1,9})\s+(?:(?P<word>[^\W\d_][\w-]{0,15})\s+)?only\s+(?:with|by|for|in)\b",
    re.I,
)
_MIXED_TOKEN = re.compile(
    r"(?<![\w.])(?:(?P<count>\d{1,9})(?!\w|\.\d|%)|(?P<word>[^\W\d_][\w-]*+))"
)


def read_judgement_counts(text: str) -> tuple[list[list[int]], list[str]] | None:
    """Counts of two judges (rows the first, columns the second) with their two categories."""
    text = text[:MAX_TEXT].lower()
    both: dict[str, int] = {}
    rest = text
    for pattern in (_BOTH, _BOTH_AFTER):
        for match in pattern.finditer(text):
            word, count = _word_and_count(match)
            both.setdefault(word, count)
            rest = rest[: match.start()] + "\n" * len(match[0]) + rest[match.end() :]
        if len(both) >= 2:
            break
    if len(both) != 2:
        return None
    first, second = both
    mixed = _mixed(rest, first, second) or _only(rest, first, second) or _disagreeing(rest)
    if mixed is None:
        return None
    return [[both[first], mixed[0]], [mixed[1], both[second]]], [first, second]


def _word_and_count(match: re.Match[str]) -> tuple[str, int]:
    words = [group for group in match.groups() if group and not group.isdigit()]
    count = next(group for group in match.groups() if group and group.isdigit())
    return words[0], int(count)


def _mixed(text: str, first: str, second: str) -> tuple[int, int] | None:
    """Counts of "A ok, B bad" and "A bad, B ok": two different words beside each number."""
    tokens = [match["word"] or int(match["count"]) for match in _MIXED_TOKEN.finditer(text)]
    tokens = [token for token in tokens if isinstance(token, int) or token in (first, second)]
    counts = sum(isinstance(token, int) for token in tokens)
    # is the number behind the words, or (if nothing else is counted) before them?
    for before in (0, 2) if counts == 2 else (0,):
        found: dict[tuple[str, str], int] = {}
        for place in range(len(tokens) - 2):
            three = tokens[place : place + 3]
            count = three.pop(2 - before)
            if isinstance(count, int) and all(isinstance(word, str) for word in three):
                found.setdefault((str(three[0]), str(three[1])), count)
        if {(first, second), (second, first)} <= set(found):
            return found[first, second], found[second, first]
    return None


_DISAGREE = re.compile(
    r"\b(?:disagree\w*|split|differ\w*|opposite|mismatch\w*|discordant|mixed)\b[^\d\n]{0,20}(\d{1,9})\s*(?:and|&|,|/|vs\.?)\s*(\d{1,9})(?![\w.]*\d)"
)


def _disagreeing(text: str) -> tuple[int, int] | None:
    """ "they disagree on 5 and 3": the first judge's first category, then the other's."""
    match = _DISAGREE.search(text)
    return (int(match[1]), int(match[2])) if match else None


def _only(text: str, first: str, second: str) -> tuple[int, int] | None:
    """ "only reader 1 positive 6, only reader 2 positive 9": the first judge, then the other."""
    for pattern in (_ONLY, _ONLY_AFTER):
        hits = list(pattern.finditer(text))
        if len(hits) != 2:
            continue
        counts = int(hits[0]["count"]), int(hits[1]["count"])
        word = next((hit["word"] for hit in hits if hit["word"]), None)
        if word == first:
            return counts
        if word == second:
            return counts[1], counts[0]
    return None
