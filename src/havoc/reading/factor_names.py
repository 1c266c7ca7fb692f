"""Names of factors, and how many there are: "A to G", "speed, feed and depth", "six knobs"."""

from __future__ import annotations

import re

from havoc.reading.prose import MASK, STOPWORDS, UNITS, word_set

MAX_PROSE = 6000
"""Characters that are read for factors: whatever is longer is data."""
UNIT_WORDS = UNITS | {"eur", "usd", "kp", "deg", "sccm"}
WORD_NUMBERS = {
    word: number
    for number, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
        "fifteen sixteen seventeen eighteen nineteen twenty".split()
    )
} | {"dozen": 12, "thirty": 30, "forty": 40, "fifty": 50, "hundred": 100}
COUNT = rf"(?P<count>\d{{1,5}}|{'|'.join(sorted(WORD_NUMBERS, key=len, reverse=True))})"

CONNECTORS = (
    r"(?:from|between|at|in|of|is|are|was|be|ranges?|ranging|levels?|lvls?|settings?|with|on|set|to|"
    r"either|as|each|varied|varies|tested|has|have|over|within|low|values?|about|approx|kept|only)"
)
_BETWEEN_NAMES = re.compile(
    r"(?:(?<!\s)\s++)?+[,/]\s*+(?:and\s++|&\s*+)?|(?<!\s)\s++(?:and|&|und|et|oraz|e|y|i)\s++"
)
_CONNECTED = re.compile(
    rf"(?:[\s:=(\[{{∈\"]|(?<=[\w%])'|(?<=\w)\s?%"
    rf"|,(?=\s*(?:from|between|at)\b)|\b{CONNECTORS}\b)+$",
    re.I,
)
_WORD = r"[A-Za-zµμΑ-ωÀ-ÿ](?:[\w\-µμ'’À-ÿ]|\.(?=\w))*"
_LAST_WORDS = re.compile(rf"(?<![\w.\-])({_WORD}(?:\s+{_WORD}){{0,3}})$")
_SMALL_LETTER = re.compile(r"(?<![\w'])([a-z])\s*(?:\bin\b|=|:|\bfrom\b|\bbetween\b)\s*[(\[]?\s*$")
_NEXT_WORD = re.compile(rf"\s+(?P<word>{_WORD})(?=\s*(?:[,;.?)]|$|\band\b))")

_LETTER_RUN = re.compile(
    r"(?<![\w/])[A-Z](?:(?:\s*[,;]\s*|\s+|\s*(?:&|and)\s+)(?:and\s+)?[A-Z](?![\w'])){1,}"
)
_SMALL_RUN = re.compile(r"(?<![\w/'’])[a-z](?:(?:\s*[,;]\s*|\s+)[a-z](?![\w'’])){2,}")
_NUMBERED = re.compile(
    r"\b([a-zA-Z])1\s*(?:\.\.+|…|-|–|\bto\b|,|through)\s*(?:[,.…]\s*)*\1(\d{1,2})\b"
)
_NUMBERED_LIST = re.compile(
    r"\b([a-zA-Z])1(?:\s*,\s*(?:and\s+)?|\s+)\1\d(?:(?:\s*,\s*(?:and\s+)?|\s+)\1\d)*\b"
)
_LETTER_SPAN = re.compile(
    r"(?<![\w/'’])([A-Z])\s?(?:-|–|\.\.+|…|\s(?:to|through|thru)\s)\s?([A-Z])(?![\w'’])"
    r"|(?<![\w/'’])([a-z])\s?(?:\.\.+|…|-|\s(?:to|through|thru)\s)\s?([a-z])(?![\w'’])"
)
_LIST = re.compile(
    rf"(?<![\w.\-])({_WORD}(?:\s+{_WORD}){{0,2}}(?:\s*(?:,|/)\s*(?:and\s+|&\s*)?{_WORD}(?:\s+{_WORD}){{0,2}}"
    rf"|\s+(?:and|&)\s+{_WORD}(?:\s+{_WORD}){{0,2}})+)"
)
_AFTER_NOUN = re.compile(
    rf"\b(?:factors?|variables?|parameters?|params?|inputs?|names?|ingredients?|components?|for|of|centroid|"
    rf"lattice|from)\s*[:=]?\s*\(?\s*((?:{_WORD}\s+){{2,12}}?{_WORD})\s*"
    r"(?:$|[.,;:?)]|\b(?:that|which|sum|each|all|total|at|with)\b)",
    re.I,
)
_ANCHOR_NOUNS = (
    r"(?:factors?|variables?|parameters?|params?|inputs?|names?|ingredients?|components?|for|of|from|on|de|"
    r"blend|solvents|treatments?|comprises|are|has)"
)
_ANCHOR = re.compile(rf"\b{_ANCHOR_NOUNS}\s*[:=]?\s*\(?\s*(?:the\s+)?$", re.I)
_ANCHOR_WORD = re.compile(rf"\b{_ANCHOR_NOUNS}\s+(?:the\s+)?", re.I)
FACTOR_NOUNS = (
    r"(?:factors?|variables?|vars?|params?|parameters?|knobs?|dials?|inputs?|levers?|causes?|"
    r"candidates?|things|columns|cols|additives?|components?|suspects?|culprits?|potentiometers|"
    r"continuous|cont|numeric|quantitative|influences?|ingredients?|facteurs?|faktoren|factores|fattori|"
    r"czynnik\w*|składnik\w*|composants?|komponenten|componentes|componenti|ingrédients?|paramètres?|"
    r"zmienn\w+|variáveis|parámetros)"
)
_NOT_COUNTED = r"(?!\s*(?:-\s*)?(?:inter|effect|mix|fi\b))"
_COUNTED = re.compile(
    rf"(?<![\w.^\-/]){COUNT}(?![A-Za-z]\b)(?!\s*+(?:-\s*+)?factor\s++inter)\s*+(?:-\s*+)?"
    rf"(?:(?!(?:runs?|trials?|points?|pts|of|in|with|and|or|for|from|the|two|three|level|levels)\b)[a-z][\w\-/]*\s+|"
    rf"(?:two|three|2|3)[\s-]levels?\s+|(?:two|2)-way\s+){{0,3}}?{FACTOR_NOUNS}\b{_NOT_COUNTED}",
    re.I,
)
_K_EQUALS = re.compile(r"\bk\s*=\s*(?P<count>\d{1,2})\b(?!\s*\.\d)")
_D_EQUALS = re.compile(r"\b(?:d|dims?|dimensions?)\s*=\s*(?P<count>\d{1,2})\b(?!\s*\.\d)")
_NOUN_FIRST = re.compile(
    r"\b(?:factors|variables|inputs)\s*[:=]?\s*(?P<count>\d{1,2})(?=\s*(?:[,;.)]|$))(?!\.\d)", re.I
)
# Words that also mean something else: they count where nothing surer does.
_LOOSELY_COUNTED = re.compile(
    rf"(?<![\w.^\-/]){COUNT}\s*+(?:-\s*+)?(?:(?!(?:level|levels|runs?|trials?|of|in|with|and|or)\b)[a-z][\w\-/]*\s+){{0,1}}?"
    r"(?:settings|dims?|dimensions|maybes|possibilities|items|adjustments|handles|switches|quantities|stuff|"
    r"ideas|topics|points\s+to\s+test|process\s+steps|options|screws|effects\s+to\s+test|drivers|stellschrauben)\b",
    re.I,
)
_OF_EM = re.compile(r"\(\s*(?P<count>\d{1,2})\s+of\s+(?:them|'?em)\b(?!\s*:)", re.I)

_NOT_NAMES = (STOPWORDS - {"die", "der", "das", "set", "list", "interval"}) | word_set(
    """
    factor factors design designs level levels low high range ranges coded plan runs run
    screening doe rotatable ccd bbd box behnken composite central between from inscribed
    face centred centered circumscribed three two four five six seven eight nine ten points
    point centre center cp cps variables variable parameters parameter knobs inputs input
    reps rep replicate replicates seed blocks block full factorial fractional resolution res
    alpha only max min maximum minimum budget over within plus minus them mix either set
    pts sample samples space filling exceed exceeds screen can't won't mustn't whereas but because
    if when though although both
    ingredients settings spec limits limit tolerance general fact experiment experiments
    trial trials continuous lvl lvls vars var sweep vary varying varied varies study studied
    dial dials thing things always around approximately approx cannot cant go past beyond
    lattice simplex centroid mixture hypercube latin lhs sum sums total intend try investigate
    restrict change changed extra additional axial star corner corners third second first
    half quarter fraction foldover main effects interactions interaction mains column columns
    yields array orthogonal taguchi inner outer noise control combos combinations where
    make produce generate create give kindly exactly approx about hard easy htc etc own
    numeric quantitative categorical cont qualitative scaled normalised normalized region
    upper lower bound bounds accept except without because since while such every input
    outputs model quadratic linear cubic budgeted afford maximin type-free add augment
    optimal optimum d-optimal d-opt custom irregular feasible respectively namely including
    compound-free vs together component components blend blends recipe recipes proportions
    formulation must always random randomised randomized order done made day days
    """
)
_JOINING = word_set("i oraz und et y e")
"""ands of other languages: "czas 10/20 i ciśnienie 1/2"."""
_WEAK = word_set("from between at is of in and to by for with on as are or n the a an then")


def name_before(text: str, position: int) -> str:
    """The name that ends before ``position``, past words such as "from" and "levels"."""
    before = text[max(0, position - 72) : position]
    before = before[before.rfind(MASK) + 1 :]
    letter = _SMALL_LETTER.search(before)
    if letter:
        return letter[1]
    while (shorter := _CONNECTED.sub("", before)) != before:
        before = shorter
    words = _LAST_WORDS.search(before)
    return clean_name(words[1]) if words else ""


def name_after(text: str, position: int) -> str:
    """The name behind settings ("4-6 pH"), where it ends the phrase."""
    following = _NEXT_WORD.match(text[position : position + 40])
    return clean_name(following["word"]) if following else ""


def name_in_brackets(text: str, position: int) -> str:
    """The name in brackets behind levels: "yes/no (additive)"."""
    following = re.match(rf"\s*\(\s*({_WORD})\s*\)", text[position : position + 40])
    return clean_name(following[1]) if following else ""


def is_common_word(word: str) -> bool:
    """A word that cannot name a factor. A single letter can."""
    if len(word) == 1:
        return not word.isupper() and word in {"a", "n"}
    if re.fullmatch(r"[lL]\d{1,2}", word):
        return True  # an orthogonal array
    return word.lower().strip(".-'") in _NOT_NAMES or word.lower() in WORD_NUMBERS


def clean_name(name: str) -> str:
    """The words after the last one that cannot name a factor."""
    words = name.split()
    while (
        words and words[-1].lower() in _WEAK and not (len(words[-1]) == 1 and words[-1].isupper())
    ):
        words.pop()
    for index in range(len(words) - 1, -1, -1):
        if is_common_word(words[index]):
            words = words[index + 1 :]
            break
    while len(words) > 1 and words[0] in _JOINING:
        words.pop(0)
    while (
        len(words) > 1
        and words[0].lower() in UNITS
        and not (len(words[0]) == 1 and words[0].isupper())
    ):
        words.pop(0)
    return " ".join(words[-3:])


def read_count(text: str) -> int | None:
    """How many factors are stated: "six knobs", "k = 5", "13 of them"."""
    for pattern in (_OF_EM, _COUNTED, _K_EQUALS):
        match = pattern.search(text[:MAX_PROSE])
        if match:
            return number_of(match["count"])
    return None


def read_loose_count(text: str) -> int | None:
    """How many factors, where a word counts them that may mean runs or levels elsewhere."""
    for pattern in (_D_EQUALS, _NOUN_FIRST, _LOOSELY_COUNTED):
        match = pattern.search(text[:MAX_PROSE])
        if match:
            return number_of(match["count"])
    return None


def number_of(word: str) -> int:
    """A whole number in figures or in words."""
    return int(word) if word.isdigit() else WORD_NUMBERS[word.lower()]


def read_names(text: str, count: int | None = None) -> list[str]:
    """Bare factor names: "A B C D", "x1..x10", "A to G", "speed, feed and depth".

    Where ``count`` is known a list with that many names is preferred.
    """
    text = text[:MAX_PROSE]
    candidates = _candidates(text)
    if count is not None:
        if told := _behind_count(text, count):
            return told
        fitting = [names for names in candidates + _lists(text) if len(names) == count]
        if fitting:
            return fitting[0]
        without_identity = [
            [name for name in names if name != "I"] for names in candidates if "I" in names
        ]
        fitting = [names for names in without_identity if len(names) == count]
        if fitting:
            return fitting[0]
    candidates += _lists(text, anchored=True)
    if not candidates:
        candidates = _word_runs(text, count)
    return candidates[0] if candidates else []


def _behind_count(text: str, count: int) -> list[str]:
    """ "3 composants polymère solvant additif": as many words behind the noun as were counted."""
    if not 2 <= count <= _MOST_NAMES:
        return []
    match = re.search(
        rf"(?<![\w.]){count}\s+{FACTOR_NOUNS}\s*[:\-–]?\s*"
        rf"(?P<names>(?:{_WORD}\s){{{count - 1}}}{_WORD})(?!\w)",
        text,
        re.I,
    )
    names = match["names"].split() if match else []
    if any(is_common_word(name) for name in names) or len(set(names)) != len(names):
        return []
    return names


_MOST_NAMES = 15
_LEAST_BARE = 5
"""So many words without a small word between them are no phrase but names."""
_LEAST_SMALL_WORDS = 3
_EACH_SET = re.compile(r"\s+(?:each|all)\s+(?:\w+\s+){0,2}(?:hi|lo|high|low|two|2|on|off)\b", re.I)


def _word_runs(text: str, count: int | None) -> list[list[str]]:
    """ "temp time psi gap flow." — a clause of nothing but names, without commas."""
    found = []
    # In a language whose small words are not known every clause looks like names.
    small = [word for word in re.findall(r"[a-z]+", text.lower()) if word in STOPWORDS]
    english = len(small) >= _LEAST_SMALL_WORDS
    for match in re.finditer(r"[^.;:,\n?!]+", text):
        clause = match[0]
        settled = _EACH_SET.search(clause)
        words = (clause[: settled.start()] if settled else clause).split()
        if not 3 <= len(words) <= _MOST_NAMES or len(set(words)) != len(words):
            continue
        if not all(re.fullmatch(_WORD, word) and not is_common_word(word) for word in words):
            continue
        bare = count is None and len(words) >= _LEAST_BARE and english
        if len(words) == count or settled or bare:
            found.append(words)
    return found


def _candidates(text: str) -> list[list[str]]:
    found: list[list[str]] = []
    for numbered in _NUMBERED.finditer(text):
        if 1 < int(numbered[2]) <= 40:
            found.append([f"{numbered[1]}{index}" for index in range(1, int(numbered[2]) + 1)])
    for match in _NUMBERED_LIST.finditer(text):
        found.append(re.findall(r"[a-zA-Z]\d", match[0]))
    for span in _LETTER_SPAN.finditer(text):
        first, last = span[1] or span[3], span[2] or span[4]
        if ord(last) - ord(first) >= 2:
            found.append([chr(code) for code in range(ord(first), ord(last) + 1)])
    runs = [re.findall(r"[A-Z]", match[0]) for match in _LETTER_RUN.finditer(text)]
    runs += [re.findall(r"[a-z]", match[0]) for match in _SMALL_RUN.finditer(text)]
    found += sorted((run for run in runs if len(set(run)) == len(run)), key=len, reverse=True)
    return found


def _lists(text: str, *, anchored: bool = False) -> list[list[str]]:
    """Names with commas, slashes or "and" between; ``anchored`` ones follow a word for factors."""
    lists = []
    for match in _LIST.finditer(text):
        if anchored and not _ANCHOR.search(text[max(0, match.start() - 40) : match.start()]):
            parts = _behind_anchor(match[1])
        else:
            parts = match[1]
        pieces = _BETWEEN_NAMES.split(parts)
        if pieces and re.search(r"\b(?:the|a|an|you|we|our|my)$", pieces[-1], re.I):
            pieces.pop()
        elif pieces:
            pieces[-1] = _until_common(pieces[-1])
        names = [clean_name(piece) for piece in pieces]
        lists.append(list(dict.fromkeys(name for name in names if name)))
    for match in _AFTER_NOUN.finditer(text):
        words = match[1].split()
        names = [word for word in words if not is_common_word(word)]
        if len(names) == len(words):
            lists.append(names)
    return [names for names in lists if len(names) >= 2 and len(set(names)) == len(names)]


def _until_common(piece: str) -> str:
    """The words of the last name in a list, before the sentence goes on."""
    words = piece.split()
    for index, word in enumerate(words):
        if index and is_common_word(word):
            return " ".join(words[:index])
    return piece


def _behind_anchor(words: str) -> str:
    """The part of a list behind "factors", "for" or "of"; nothing if there is no such word."""
    anchors = list(_ANCHOR_WORD.finditer(words))
    return words[anchors[-1].end() :] if anchors else ""
