"""Times of a life test that stand together in a text, with the mark of a survivor behind each.

"100 150 200+ h": three times, the last with a mark, in hours.
"""

from __future__ import annotations

import re

import msgspec

from havoc.reading.prose import MASK
from havoc.reason.binding.life_tables import Group

WORDS = {
    word: value
    for value, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve".split()
    )
} | {"a dozen": 12, "fifteen": 15, "twenty": 20}
for _value, _words in enumerate(
    (
        "un une uno una ein eine einer uma jeden",
        "deux zwei dos dois duas dwa dwie",
        "trois drei tres tre três trzy",
        "quatre vier cuatro quattro quatro cztery",
        "cinq fünf cinco cinque pięć",
    ),
    1,
):
    WORDS |= dict.fromkeys(_words.split(), _value)


IN_WORDS = "|".join(sorted(WORDS, key=len, reverse=True))


TIME_UNIT = (
    r"(?:k\s*cycles?|cycles?|clicks?|hours?|hrs?|h|days?|d|weeks?|wks?|wk|months?|mo|years?|yrs?|yr|y|km|"
    r"minutes?|mins?|min|seconds?|s|"
    r"heures?|jours?|mois|ans|stunden?|std|tagen?|tage|wochen?|monaten?|monate|jahren?|zyklen|horas?|d[ií]as?|"
    r"semanas?|meses|años|anos|ciclos?|cicli|ore|giorni|mesi|godzin\w*|dni|cykli|tygodni\w*|miesi[ąa]\w*)\b"
)


_MARKS = r"\+(?![\d/])|\*|(?:\s?[FSPC]|[cfsp])(?![\w'])"


_STATUS = (
    r"\s+(?:fail(?:ed|ure|s)?|ok|alive|lost(?:\s+to\s+follow[\s-]?up)?|dead|died|broke|running|removed|"
    r"suspended|censored|survived)(?=\s*(?:[,;.)\n]|$))"
)


_ITEM = (
    rf"(?<![\w.$/#])(?P<value>-?(?:\d++(?:\.\d++)?|\.\d++)(?:e[+-]?\d{{1,3}}(?!\w))?)(?P<kilo>k(?![\w]))?"
    rf"(?P<mark>{_MARKS}|{_STATUS})?(?![\w%]|\.\d)"
)


_ITEM_RE = re.compile(_ITEM, re.IGNORECASE)


_GAP = re.compile(rf"\s*(?:[,;/]|\band\b|&)?\s*(?:and\s+)?(?:{TIME_UNIT}\s*(?:,|and\b)\s*)?$", re.I)


class Item(msgspec.Struct, kw_only=True):
    value: float
    mark: str
    start: int
    end: int


class Run(msgspec.Struct, kw_only=True):
    """Numbers that stand together."""

    items: list[Item]

    @property
    def start(self) -> int:
        return self.items[0].start

    @property
    def end(self) -> int:
        return self.items[-1].end

    @property
    def values(self) -> list[float]:
        return [item.value for item in self.items]


def count_of(text: str) -> int:
    """A whole number in digits or words."""
    text = text.lower()
    return WORDS[text] if text in WORDS else int(float(text))


def items_of(text: str) -> list[Item]:
    """Every number that can be a time, with its mark."""
    items: list[Item] = []
    for match in _ITEM_RE.finditer(text):
        factor = 1000 if match["kilo"] else 1
        items.append(
            Item(
                value=round(float(match["value"]) * factor, 9),
                mark=(match["mark"] or "").strip().lower(),
                start=match.start(),
                end=match.end(),
            )
        )
    return items


def runs(text: str) -> list[Run]:
    found: list[Run] = []
    for item in items_of(text):
        between = text[found[-1].end : item.start] if found else ""
        # lines are other lists, unless each line is a time with its mark ("120 F", "150 S")
        line = between.strip(" ") == "\n" and not (item.mark and found[-1].items[-1].mark)
        line = line and not (_alone(text, found[-1].items[-1]) and _alone(text, item))
        if found and "\n\n" not in between and _GAP.match(between) and not line:
            found[-1].items.append(item)
        else:
            found.append(Run(items=[item]))
    return found


def without(text: str, spans: list[tuple[int, int]]) -> str:
    """``text`` of the same length with the spans masked, whatever their number."""
    pieces, end = [], 0
    for start, stop in sorted(spans):
        if stop > end:
            start = max(start, end)
            pieces += [text[end:start], MASK * (stop - start)]
            end = stop
    return "".join([*pieces, text[end:]])


def _alone(text: str, item: Item) -> bool:
    """The item has a line of its own: a column that was pasted."""
    before = text[max(0, item.start - 3) : item.start].strip(" ")
    behind = text[item.end : item.end + 3].strip(" ")
    return (before.endswith("\n") or item.start == 0) and (not behind or behind[0] == "\n")


Found = tuple[list[Group], list[tuple[int, int]]]


_SCALE_WORDS = re.compile(rf"(?:\bin\s+)?\b(?:{TIME_UNIT}|times?|lives|t)\b", re.IGNORECASE)


def words_before(text: str, start: int, ends: list[int]) -> list[str]:
    """The words before a list that may name its group."""
    begin = max([0, *(end for end in ends if end <= start)])
    head = re.split(r"[.;!?\n,()]|\band\b", text[begin:start])[-1].strip(" :=-\t")
    head = _SCALE_WORDS.sub(" ", head.rsplit(":", 1)[-1])
    return [word for word in re.findall(r"[^\s:=]+", head) if re.search(r"\w", word)]


def one_group(text: str, times: list[float], censored: list[int], start: int, end: int) -> Found:
    group = Group(
        name="",
        time=times,
        censored=censored,
        source=f"question[{start}:{end}]",
        unit=unit_near(text, start, end),
    )
    return [group], [(start, end)]


def unit_near(text: str, start: int, end: int) -> str:
    """The unit of time behind or before a list."""
    after = re.match(rf"\s*({TIME_UNIT})", text[end : end + 14], re.IGNORECASE)
    if after:
        return after[1]
    before = re.search(
        rf"\(?\b({TIME_UNIT})\)?\s*[:=]?\s*$", text[max(0, start - 14) : start], re.IGNORECASE
    )
    # A single letter is a unit only if it is h; "KM 5 8 12+" is the method.
    if before is None or before[1].lower() == "km" or (len(before[1]) == 1 and before[1] != "h"):
        return ""
    return before[1]
