"""Lifetimes in a question: which units failed, and which were still working.

People mark a survivor with a sign ("12+", "20*", "30c", "1800 S"), with a word
("10 lost to follow up"), with a second list (event 1 0 1), with a column of a table,
or they say it ("4 still running at 1000", "others removed at 120 and 160").
"""

from __future__ import annotations

import re

import msgspec

from havoc.reading.prose import mask
from havoc.reason.binding.arguments import NeedsInput
from havoc.reason.binding.evidence import Evidence
from havoc.reason.binding.life_tables import (
    SURVIVED,
    Group,
    flag_of_words,
    lifetimes_in_tables,
    survivor_flag,
)

WORDS = {
    word: value
    for value, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve".split()
    )
} | {"a dozen": 12, "fifteen": 15, "twenty": 20}
IN_WORDS = "|".join(sorted(WORDS, key=len, reverse=True))
TIME_UNIT = (
    r"(?:k\s*cycles?|cycles?|clicks?|hours?|hrs?|h|days?|d|weeks?|wks?|wk|months?|mo|years?|yrs?|yr|y|km|"
    r"minutes?|mins?|min|seconds?|s)\b"
)

_MARKS = r"\+(?![\d/])|\*|(?:\s?[FSPC]|[cfsp])(?![\w'])"
_STATUS = (
    r"\s+(?:fail(?:ed|ure|s)?|ok|alive|lost(?:\s+to\s+follow[\s-]?up)?|dead|died|broke|running|removed|"
    r"suspended|censored|survived)(?=\s*(?:[,;.)\n]|$))"
)
_ITEM = (
    rf"(?<![\w.$/#])(?P<value>-?(?:\d+(?:\.\d+)?|\.\d+)(?:e[+-]?\d{{1,3}}(?!\w))?)(?P<kilo>k(?![\w]))?"
    rf"(?P<mark>{_MARKS}|{_STATUS})?(?![\w%]|\.\d)"
)
_ITEM_RE = re.compile(_ITEM, re.IGNORECASE)
_GAP = re.compile(rf"\s*(?:[,;/]|\band\b|&)?\s*(?:and\s+)?(?:{TIME_UNIT}\s*(?:,|and\b)\s*)?$", re.I)
_UNKNOWN_STATUS = re.compile(
    r"\bsome\s+(?:of\s+(?:these|them|those)\s+)?(?:are|were|had|hadn|have|was)?\w*['’]?t?\s*(?:not\s+)?"
    r"(?:yet\s+)?(?:fail\w*|censored|suspended|surviv\w*|still|running)",
    re.IGNORECASE,
)


_MOST_SURVIVORS = 1_000_000
_LONGEST_SENTENCE = 2000


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


class Lifetimes(msgspec.Struct, kw_only=True):
    """What was read; ``rest`` is the text without the numbers that were used."""

    groups: list[Group]
    rest: str


def count_of(text: str) -> int:
    """A whole number in digits or words."""
    text = text.lower()
    return WORDS[text] if text in WORDS else int(float(text))


def read_lifetimes(evidence: Evidence) -> Lifetimes:
    """Groups of lifetimes (one in most questions), possibly none."""
    text = _visible(evidence)
    groups = lifetimes_in_tables(evidence)
    if not groups:
        groups, text = _from_text(text, evidence.reading.text)
    times = [time for group in groups for time in group.time]
    if any(time < 0 for time in times):
        worst = min(times)
        raise NeedsInput(
            f"a lifetime of {worst:g} is impossible", f"what should the time {worst:g} be?"
        )
    marked = any(flag for group in groups for flag in group.censored)
    if groups and not evidence.tables:
        _check_complete(text, groups, marked)
    if groups and not marked and _UNKNOWN_STATUS.search(evidence.reading.text):
        raise NeedsInput(
            "it is not said which units had not failed",
            "which of the times belong to units that were still working?",
        )
    return Lifetimes(groups=groups, rest=text)


_MENTIONED = re.compile(
    r"\b(?:another|others?|further|remaining|the\s+rest|suspended|suspensions|unfailed|still\s+\w+)\b"
    r"[^.;?]{0,40}?\d",
    re.IGNORECASE,
)
_ON_TEST = re.compile(
    rf"(?<![\w.])(\d+|\b(?:{IN_WORDS}))\s+(?:[a-z][\w\-]*\s+){{0,3}}?(?:were\s+|are\s+|was\s+)?"
    r"(?:put\s+)?(?:on|under|in)\s+(?:\w+[\s-]){0,2}?test\b"
    rf"|\bout\s+of\s+(\d+|{IN_WORDS})\b",
    re.IGNORECASE,
)


def _check_complete(rest: str, groups: list[Group], marked: bool) -> None:
    """Units that are mentioned but not read would bias the fit without a word."""
    if not marked and _MENTIONED.search(rest):
        raise NeedsInput(
            "other units are mentioned, and it is not clear when they were last seen working",
            "which units had not failed, and how long had each of them run?",
        )
    total = sum(len(group.time) for group in groups)
    tested = _ON_TEST.search(rest)
    if tested and count_of(tested[1] or tested[2]) > total:
        raise NeedsInput(
            f"{tested[1] or tested[2]} units were on test, and {total} times are given",
            "how long had the others run when the test was stopped?",
        )


def _visible(evidence: Evidence) -> str:
    """The text without confidence levels."""
    text = evidence.reading.plain
    for scalar in evidence.reading.scalars:
        risk = re.match(r"\s*(?:%|percent|pct)?\s*risk", text[scalar.end : scalar.end + 16])
        if scalar.role in {"confidence", "alpha"} and scalar.end <= len(text) and not risk:
            text = mask(text, scalar.start, scalar.end)
    return text


def runs(text: str) -> list[Run]:
    found: list[Run] = []
    for match in _ITEM_RE.finditer(text):
        factor = 1000 if match["kilo"] else 1
        mark = (match["mark"] or "").strip().lower()
        item = Item(
            value=round(float(match["value"]) * factor, 9),
            mark=mark,
            start=match.start(),
            end=match.end(),
        )
        between = text[found[-1].end : item.start] if found else ""
        if found and "\n\n" not in between and _GAP.match(between) and between.strip(" ") != "\n":
            found[-1].items.append(item)
        else:
            found.append(Run(items=[item]))
    return found


# --- text -----------------------------------------------------------------------------------


def _from_text(text: str, typed: str) -> tuple[list[Group], str]:
    """``typed`` is the text before decimal commas became points, same length."""
    for read in (_pairs, _with_indicator, _in_words, _marked, _in_sentences, _told):
        groups, spans = read(typed if read is _pairs and len(typed) == len(text) else text)
        if groups:
            for start, end in spans:
                text = mask(text, start, end)
            return groups, text
    return [], text


_Found = tuple[list[Group], list[tuple[int, int]]]
_PAIR = re.compile(r"(?<![\w.,])(\d+(?:\.\d+)?)\s?[,:/]\s?([01])(?![\w.,]*\d)(?=[\s;.]|$)")


def _pairs(text: str) -> _Found:
    """ "3,1 8,1 10,0": time and status."""
    pairs = list(_PAIR.finditer(text))
    explained = re.search(
        r"\b(?:status|event|fail\w*|cens\w*|[01]\s*(?:=|:)?\s*[a-z]{3,})", text, re.I
    )
    if len(pairs) < 3 or not explained or {pair[2] for pair in pairs} != {"0", "1"}:
        return [], []
    censored = [survivor_flag(int(pair[2]), text, "status") for pair in pairs]
    return _group(
        text, [float(pair[1]) for pair in pairs], censored, pairs[0].start(), pairs[-1].end()
    )


def _with_indicator(text: str) -> _Found:
    """Two lists of the same length, the second of zeros and ones."""
    found = [run for run in runs(text) if len(run.items) >= 3]
    flags = [run for run in found if set(run.values) <= {0.0, 1.0}]
    free = [run for run in found if run not in flags]
    matched: list[tuple[Run, Run]] = []
    for run in flags:
        alike = [other for other in free if len(other.items) == len(run.items)]
        before = [other for other in alike if other.start < run.start]
        partner = before[-1] if before and len(flags) > 1 else next(iter(alike), None)
        if partner is not None:
            free.remove(partner)
            matched.append((partner, run))
    spans = [(run.start, run.end) for pair in matched for run in pair]
    ends = sorted(end for _, end in spans)
    names = _names([_words_before(text, times.start, ends) for times, _ in matched])
    groups = []
    for name, (times, run) in zip(names, matched, strict=True):
        label = re.findall(r"[a-z]+", text[: run.start].lower())[-1:]
        censored = [survivor_flag(int(value), text, *label) for value in run.values]
        read, _ = _group(text, times.values, censored, times.start, times.end)
        groups += [msgspec.structs.replace(group, name=name) for group in read]
    return groups, spans


_STATUS_WORDS = re.compile(
    rf"\s*(?:{TIME_UNIT})?\s*(?P<open>[(:=])?\s*(?P<words>[a-z][a-z'’ -]{{1,40}})", re.IGNORECASE
)
_MORE_NUMBERS = re.compile(r"\b(?:at|to|by|until|till|after|between|before|of)\s*\d")


def _in_words(text: str) -> _Found:
    """ "100 (fail), 150 (taken out), 300 (still good)", "11 14 fail, 19 returned, 31 fail"."""
    told: list[tuple[Run, int, bool]] = []
    gap = False
    for run in _without_marks(runs(text)):
        behind = _STATUS_WORDS.match(text, run.end)
        words = re.split(r"\s(?:and|but|with)\s", behind["words"])[0] if behind else ""
        flag = flag_of_words(" ".join(words.split()[:4]))
        if run.items[-1].mark:
            flag = int(not _means_failure(run.items[-1].mark))
        if behind is not None and _MORE_NUMBERS.search(text, run.end, behind.end() + 1):
            return [], []  # "5 died at 410": a count
        if flag is None:
            gap = gap or bool(told)
            continue
        if gap:
            return [], []  # a list without a status among those that have one
        told.append((run, flag, behind is not None and behind["open"] is not None))
    flags = {flag for _, flag, _ in told}
    listed = any(flag == 0 and len(run.items) > 1 for run, flag, _ in told)
    if len(told) < 3 or len(flags) < 2 or not (listed or all(marked for *_, marked in told)):
        return [], []
    times = [value for run, *_ in told for value in run.values]
    censored = [flag for run, flag, _ in told for _ in run.items]
    return _group(text, times, censored, told[0][0].start, told[-1][0].end)


def _without_marks(found: list[Run]) -> list[Run]:
    """Lists that end with the word behind an item: "14 14 fail, 19 …" are two."""
    parts: list[Run] = []
    for run in found:
        parts.append(Run(items=[]))
        for item in run.items:
            parts[-1].items.append(item)
            if len(item.mark) > 1 and item is not run.items[-1]:
                parts.append(Run(items=[]))
    return parts


_SENTENCE = re.compile(r"(?<=[.;])\s+|\n")


def _in_sentences(text: str) -> _Found:
    """Two groups in two sentences, each with its own survivors."""
    groups: list[Group] = []
    spans: list[tuple[int, int]] = []
    heads: list[list[str]] = []
    begin = 0
    for end in [*(match.start() for match in _SENTENCE.finditer(text)), len(text)]:
        # blanks keep every place in the text
        part = " " * begin + text[begin:end] if end - begin < _LONGEST_SENTENCE else ""
        counted = _COUNT_AT.search(part, begin) if part else None
        if counted is not None:
            read, own = _told(part)
            if read and len(read[0].time) > sum(read[0].censored) > 0:
                groups += read
                spans += own
                heads.append(_words_before(text, own[0][0], [begin]))
        begin = end
    if len(groups) != 2:
        return [], []
    names = [
        next((word for word in head if word[:1].isupper()), head[-1] if head else "")
        for head in heads
    ]
    if len(set(names)) < len(names) or not all(names):
        names = [f"group {index}" for index in range(1, len(groups) + 1)]
    return [
        msgspec.structs.replace(group, name=name) for group, name in zip(groups, names, strict=True)
    ], spans


def _marked(text: str) -> _Found:
    found = [run for run in runs(text) if len(run.items) >= 2]
    marked = [run for run in found if any(item.mark for item in run.items)]
    signs = {item.mark for run in marked for item in run.items} - {""}
    if not signs or sum(len(run.items) for run in marked) < 3:
        return [], []
    if signs <= {"f"} | {sign for sign in signs if _means_failure(sign)} and len(signs) == 1:
        marks_failure = all(item.mark for run in marked for item in run.items)
        if not marks_failure:
            return [], []
    joined = _join_across_units(text, marked)
    chosen = [run for run in joined if len(run.items) >= 2]
    extra = [run for run in found if run not in marked and len(run.items) >= 3]
    lists = sorted([*chosen, *extra], key=lambda run: run.start)
    names = _names([_words_before(text, run.start, [r.end for r in lists]) for run in lists])
    groups = [
        Group(
            name=name,
            time=run.values,
            censored=[int(bool(item.mark) and not _means_failure(item.mark)) for item in run.items],
            source=f"question[{run.start}:{run.end}]",
            unit=unit_near(text, run.start, run.end),
        )
        for name, run in zip(names, lists, strict=True)
    ]
    return groups, [(run.start, run.end) for run in lists]


def _means_failure(mark: str) -> bool:
    return re.match(r"f|dead|died|broke", mark) is not None


def _join_across_units(text: str, marked: list[Run]) -> list[Run]:
    joined: list[Run] = []
    for run in marked:
        if joined and re.fullmatch(r"[\s,;]*", text[joined[-1].end : run.start]):
            joined[-1] = Run(items=[*joined[-1].items, *run.items])
        else:
            joined.append(run)
    return joined


_SCALE_WORDS = re.compile(rf"(?:\bin\s+)?\b(?:{TIME_UNIT}|times?|lives|t)\b", re.IGNORECASE)


def _words_before(text: str, start: int, ends: list[int]) -> list[str]:
    """The words before a list that may name its group."""
    begin = max([0, *(end for end in ends if end <= start)])
    head = re.split(r"[.;!?\n,()]|\band\b", text[begin:start])[-1].strip(" :=-\t")
    head = _SCALE_WORDS.sub(" ", head.rsplit(":", 1)[-1])
    return [word for word in re.findall(r"[^\s:=]+", head) if re.search(r"\w", word)]


def _names(heads: list[list[str]]) -> list[str]:
    """The last word of each head ("Gold"), two where one is short or not enough ("new seals")."""
    if len(heads) == 1:
        return [""]
    for most in (1, 2):
        names = []
        for words in heads:
            short = most == 1 and len(words) >= 2 and len(words[-1]) <= 2
            coded = short and words[-1][:1].isupper() and words[-2][:1].isupper()
            names.append(" ".join(words[-(2 if coded else most) :]))
        if all(names) and len(set(names)) == len(names):
            return names
    return [f"group {index}" for index in range(1, len(heads) + 1)]


_NUMBER = r"(\d+(?:\.\d+)?)(\s?k\b)?"
# A word between a count and "still running at"; not another count.
_PLAIN_WORD = rf"(?!(?:and|{IN_WORDS})\b)[a-z][\w'\-]*"
_COUNT_AT = re.compile(
    rf"(?<![\w.])(\d+|\b(?:{IN_WORDS}))\s+(?:{_PLAIN_WORD}\s+){{0,4}}?{SURVIVED}\b[^\d.;:]{{0,30}}?(?=\d)",
    re.IGNORECASE,
)
_OTHERS_AT = re.compile(
    rf"\b(?:others?|remaining|rest)\s+(\d+|{IN_WORDS})\s+(?:[a-z][\w'\-]*\s+){{0,3}}?{SURVIVED}\b[^\d.;:]{{0,30}}?(?=\d)",
    re.IGNORECASE,
)
_AT_COUNT = re.compile(
    rf"\b{SURVIVED}\b[^\d.;:]{{0,20}}?\b(?:at|to|until|till|by)\s+{_NUMBER}\s*(?:{TIME_UNIT})?\s*[:,(]\s*"
    rf"(\d+|{IN_WORDS})\s*(?:pieces|units|pcs|parts|of\s+them|others?)\b",
    re.IGNORECASE,
)
_STOPPED_WITH = re.compile(
    rf"\b(?:stopped|ended|finished|halted|over)\s+(?:at|after)\s+{_NUMBER}\s*(?:{TIME_UNIT})?\s*"
    rf"(?:,|with|and)\s*(?:with\s+)?(\d+|{IN_WORDS})\s+(?:[a-z]+\s+){{0,2}}?{SURVIVED}\b",
    re.IGNORECASE,
)
_LIVED = re.compile(r"\b(?:lasted|lived|surviv(?:ed|al)|reached)\b", re.IGNORECASE)
_SURVIVORS = re.compile(rf"\b{SURVIVED}\b[^\d.;:]{{0,24}}?(?:\bat\b|:)?\s*(?=\d)", re.IGNORECASE)


def _told(text: str) -> _Found:
    """Failures in one list, survivors told in words."""
    found = runs(text)
    survivors: list[float] = []
    spans: list[tuple[int, int]] = []
    used: list[Run] = []
    match = _AT_COUNT.search(text) or _STOPPED_WITH.search(text)
    if match:
        survivors = [_thousand(match[1], match[2])] * count_of(match[3])
        spans.append(match.span())
    else:
        counted = next(
            (hit for pattern in (_OTHERS_AT, _COUNT_AT) if (hit := pattern.search(text))), None
        )
        if counted:
            behind = [run for run in found if run.start == counted.end()]
            for run in behind:
                count = count_of(counted[1])
                if count > _MOST_SURVIVORS:
                    raise NeedsInput(
                        f"{count} survivors are too many", "how many units were still working?"
                    )
                survivors = run.values if len(run.items) > 1 else run.values * count
                used.append(run)
                spans.append((counted.start(), run.end))
        else:
            told = next(
                (
                    (marker.start(), run)
                    for marker in _SURVIVORS.finditer(text)
                    for run in found
                    if run.start == marker.end() and len(run.items) >= 2
                ),
                None,
            )
            if told is not None:
                begin, run = told
                survivors = run.values
                used.append(run)
                spans.append((begin, run.end))
    free = [
        run
        for run in found
        if run not in used
        and len(run.items) >= 2
        and not any(start <= run.start < end for start, end in spans)
    ]
    if not free and not match and len(used) == 1 and _LIVED.match(text, spans[0][0]):
        free, survivors, spans = used, [], []  # "they lasted 30 41 52 days": their lives
    if not free:
        return [], []
    main = max(free, key=lambda run: len(run.items))
    # "12 19 25, 2 still running at 50": the count of survivors is no lifetime.
    own_items = [
        item for item in main.items if not any(low <= item.start < high for low, high in spans)
    ]
    main = Run(items=own_items)
    times = [*main.values, *survivors]
    censored = [0] * len(main.items) + [1] * len(survivors)
    groups, own = _group(text, times, censored, main.start, main.end)
    return groups, [*own, *spans]


def _thousand(number: str, kilo: str | None) -> float:
    return float(number) * (1000 if kilo else 1)


def _group(text: str, times: list[float], censored: list[int], start: int, end: int) -> _Found:
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
