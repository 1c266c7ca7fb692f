"""Lifetimes in a question: which units failed, and which were still working.

People mark a survivor with a sign ("12+", "20*", "30c", "1800 S"), with a word
("10 lost to follow up"), with a second list (event 1 0 1), with a column of a table,
or they say it ("4 still running at 1000", "others removed at 120 and 160").
"""

from __future__ import annotations

import re

import msgspec

from havoc.reading.prose import MASK, mask
from havoc.reading.table import Column, Table
from havoc.reason.binding.evidence import Evidence, NeedsInput

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

_MARKS = r"\+(?![\d/])|\*|(?:\s?[FSP]|[cfsp])(?![\w'])"
_STATUS = (
    r"\s+(?:fail(?:ed|ure|s)?|ok|alive|lost(?:\s+to\s+follow[\s-]?up)?|dead|died|broke|running|removed|"
    r"suspended|censored|survived)(?=\s*(?:[,;.)\n]|$))"
)
_ITEM = (
    rf"(?<![\w.$/#])(?P<value>-?(?:\d+(?:\.\d+)?|\.\d+))(?P<kilo>k(?![\w]))?"
    rf"(?P<mark>{_MARKS}|{_STATUS})?(?![\w%]|\.\d)"
)
_ITEM_RE = re.compile(_ITEM, re.IGNORECASE)
_GAP = re.compile(rf"\s*(?:[,;/]|\band\b|&)?\s*(?:and\s+)?(?:{TIME_UNIT}\s*(?:,|and\b)\s*)?$", re.I)
_SURVIVED = (
    r"(?:still|surviv\w*|alive|unfailed|unbroken|intact|unharmed|suspen\w+|censored|withdrawn|removed|"
    r"taken\s+(?:off|out)|pulled|active|running|working|going?|goin|ok|okay|fine|live|left\s+alive|not\s+broke\w*|"
    r"without\s+fail\w*|no\s+failure)"
)
_UNKNOWN_STATUS = re.compile(
    r"\bsome\s+(?:of\s+(?:these|them|those)\s+)?(?:are|were|had|hadn|have|was)?\w*['’]?t?\s*(?:not\s+)?"
    r"(?:yet\s+)?(?:fail\w*|censored|suspended|surviv\w*|still|running)",
    re.IGNORECASE,
)


_MOST_SURVIVORS = 1_000_000


class Group(msgspec.Struct, kw_only=True):
    """Times with 1 for a survivor, 0 for a failure."""

    name: str
    time: list[float]
    censored: list[int]
    source: str
    unit: str = ""


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
    groups = _from_tables(evidence)
    if not groups:
        groups, text = _from_text(text, evidence.reading.text)
    times = [time for group in groups for time in group.time]
    if any(time < 0 for time in times):
        worst = min(times)
        raise NeedsInput(
            f"a lifetime of {worst:g} is impossible", f"what should the time {worst:g} be?"
        )
    marked = any(flag for group in groups for flag in group.censored)
    if groups and not marked and _UNKNOWN_STATUS.search(evidence.reading.text):
        raise NeedsInput(
            "it is not said which units had not failed",
            "which of the times belong to units that were still working?",
        )
    return Lifetimes(groups=groups, rest=text)


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
    for read in (_pairs, _with_indicator, _marked, _told):
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
    censored = [_flag(int(pair[2]), text, "status") for pair in pairs]
    return _group(
        text, [float(pair[1]) for pair in pairs], censored, pairs[0].start(), pairs[-1].end()
    )


def _with_indicator(text: str) -> _Found:
    """Two lists of the same length, the second of zeros and ones."""
    found = [run for run in runs(text) if len(run.items) >= 3]
    for run in found:
        if set(run.values) <= {0.0, 1.0}:
            partner = next(
                (o for o in found if o is not run and len(o.items) == len(run.items)), None
            )
            if partner is None:
                continue
            label = re.findall(r"[a-z]+", text[: run.start].lower())[-1:]
            censored = [_flag(int(value), text, *label) for value in run.values]
            groups, spans = _group(text, partner.values, censored, partner.start, partner.end)
            return groups, [*spans, (run.start, run.end)]
    return [], []


def _flag(value: int, text: str, label: str = "") -> int:
    """1 for a survivor. The text or the name of the list says what one and zero mean."""
    text = text.lower()
    survivor = rf"(?:{_SURVIVED}|lost|cens\w*|still)"
    for number in (0, 1):
        stated = (
            rf"\b{number}\s*(?:=|:|\bis\b|\bmeans\b|\bfor\b)?\s*(?:=\s*)?{survivor}",
            rf"{survivor}[^.;\n\d]{{0,24}}?(?:=|\bcoded\b|\bas\b)\s*{number}\b",
        )
        if any(re.search(pattern, text) for pattern in stated):
            return int(value == number)
    if re.match(r"c$|cens|susp", label):
        return value
    return 1 - value


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
    groups = [
        Group(
            name=_name_before(text, run.start, [r.end for r in chosen]) or "",
            time=run.values,
            censored=[int(bool(item.mark) and not _means_failure(item.mark)) for item in run.items],
            source=f"question[{run.start}:{run.end}]",
            unit=unit_near(text, run.start, run.end),
        )
        for run in sorted([*chosen, *extra], key=lambda run: run.start)
    ]
    if len(groups) > 1:
        for index, group in enumerate(groups, start=1):
            if not group.name or [g.name for g in groups].count(group.name) > 1:
                group.name = f"group {index}"
    return groups, [(run.start, run.end) for run in [*chosen, *extra]]


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


def _name_before(text: str, start: int, ends: list[int]) -> str:
    """The one or two words before a list that name its group."""
    begin = max([0, *(end for end in ends if end <= start)])
    head = re.split(r"[.;!?\n,()]|\band\b", text[begin:start])[-1].strip(" :=-\t")
    head = _SCALE_WORDS.sub(" ", head).strip(" :=-")
    words = head.split()
    if not words:
        return ""
    if len(words) >= 2 and (len(words[-1]) <= 2 and words[-1][:1].isupper()):
        return " ".join(words[-2:])
    return words[-1]


_NUMBER = r"(\d+(?:\.\d+)?)(\s?k\b)?"
# A word between a count and "still running at"; not another count.
_PLAIN_WORD = rf"(?!(?:and|{IN_WORDS})\b)[a-z][\w'\-]*"
_COUNT_AT = re.compile(
    rf"(?<![\w.])(\d+|\b(?:{IN_WORDS}))\s+(?:{_PLAIN_WORD}\s+){{0,4}}?{_SURVIVED}\b[^\d.;:]{{0,30}}?(?=\d)",
    re.IGNORECASE,
)
_OTHERS_AT = re.compile(
    rf"\b(?:others?|remaining|rest)\s+(\d+|{IN_WORDS})\s+(?:[a-z][\w'\-]*\s+){{0,3}}?{_SURVIVED}\b[^\d.;:]{{0,30}}?(?=\d)",
    re.IGNORECASE,
)
_AT_COUNT = re.compile(
    rf"\b{_SURVIVED}\b[^\d.;:]{{0,20}}?\b(?:at|to|until|till|by)\s+{_NUMBER}\s*(?:{TIME_UNIT})?\s*[:,(]\s*"
    rf"(\d+|{IN_WORDS})\s*(?:pieces|units|pcs|parts|of\s+them|others?)\b",
    re.IGNORECASE,
)
_SURVIVORS = re.compile(rf"\b{_SURVIVED}\b[^\d.;:]{{0,24}}?(?:\bat\b|:)?\s*(?=\d)", re.IGNORECASE)


def _told(text: str) -> _Found:
    """Failures in one list, survivors told in words."""
    found = runs(text)
    survivors: list[float] = []
    spans: list[tuple[int, int]] = []
    used: list[Run] = []
    match = _AT_COUNT.search(text)
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


# --- tables ---------------------------------------------------------------------------------

_TIME_COLUMN = re.compile(
    r"^(?:time|times|t|life|lifetime|hours?|hrs?|h|days?|weeks?|wks?|months?|years?|cycles?|km|ttf|age|duration|"
    r"time.{0,3}to.{0,3}\w+)\b",
    re.IGNORECASE,
)
_STATUS_COLUMN = re.compile(
    r"^(?:event|events|status|stat|state|cens\w*|c|failed|failure|fail|died|dead|suspend\w*|indicator|spoiled|broken|"
    r"delta|d)$",
    re.IGNORECASE,
)
_COUNT_COLUMN = re.compile(r"^(?:count|counts|freq\w*|n|number|qty|quantity)$", re.IGNORECASE)
_FAILED_WORD = re.compile(r"^(?:f|fail\w*|yes|y|dead|died|broke\w*|event|1|true|x)$", re.IGNORECASE)
_ALIVE_WORD = re.compile(
    r"^(?:s|p|c|no|n|ok|alive|cens\w*|susp\w*|running|lost|removed|0|false|\+|surviv\w*)$",
    re.IGNORECASE,
)


def _from_tables(evidence: Evidence) -> list[Group]:
    for table in evidence.tables:
        status = next((column for column in table.columns if _is_status(column)), None)
        numbers = [
            column
            for column in evidence.numeric_columns(table, keep_index=True)
            if column is not status and not _COUNT_COLUMN.match(column.name)
        ]
        named = [column for column in numbers if _TIME_COLUMN.match(column.name)]
        kept = [column for column in evidence.numeric_columns(table) if column in numbers]
        time = next(iter(named or kept), None)
        if time is None or (status is None and not named and len(kept) != 1):
            continue
        count = next((c for c in table.columns if _COUNT_COLUMN.match(c.name)), None)
        labels = next(
            (c for c in evidence.factor_columns(table) if c is not status and c is not time), None
        )
        return _rows_of(evidence, table, time, status, labels, count)
    return []


def _is_status(column: Column) -> bool:
    present = column.present
    if not present:
        return False
    if column.kind == "number":
        return set(present) <= {0.0, 1.0} and (
            _STATUS_COLUMN.match(column.name) is not None or len(present) >= 3
        )
    return all(_FAILED_WORD.match(str(value)) or _ALIVE_WORD.match(str(value)) for value in present)


def _rows_of(
    evidence: Evidence,
    table: Table,
    time: Column,
    status: Column | None,
    labels: Column | None,
    count: Column | None,
) -> list[Group]:
    groups: dict[str, Group] = {}
    for row in range(table.rows):
        value = time.values[row]
        if not isinstance(value, float):
            continue
        name = str(labels.values[row]) if labels is not None else ""
        group = groups.setdefault(
            name,
            Group(
                name=name,
                time=[],
                censored=[],
                source=f"{table.source}#{time.name}",
                unit=time.unit,
            ),
        )
        flag = 0
        if status is not None and status.values[row] is not None:
            flag = _status_flag(status.values[row], status.name, evidence.text)
        times = 1
        if count is not None and isinstance(count.values[row], float):
            times = max(1, int(count.values[row]))  # type: ignore[arg-type]
        group.time += [value] * times
        group.censored += [flag] * times
    return list(groups.values())


def _status_flag(value: float | str | None, name: str, text: str) -> int:
    word = f"{value:g}" if isinstance(value, float) else str(value)
    if word in {"0", "1"}:
        return _flag(int(word), text.replace(MASK, " "), name.lower())
    negated = re.match(r"cens|susp|alive|surviv", name.lower()) is not None
    failed = _FAILED_WORD.match(word) is not None
    return int(failed) if negated else int(not failed)
