"""Lists that belong together value by value, as people write them.

"5/12 8/15 2/9", "1 %: 7.2; 2 %: 9.1" and "1.0s 4.1kN 1.2s 4.6kN" are points; a list
before a colon ("months 0 3 6: 100 99 98") keeps its last value.
"""

from __future__ import annotations

import re

import msgspec

from havoc.reading.number_pieces import NO_MORE_DIGITS, UNSIGNED
from havoc.reading.prose import STOPWORDS, UNITS
from havoc.reading.question import Series
from havoc.reason.binding.evidence import Evidence

_NUMBER = rf"(-?{UNSIGNED}){NO_MORE_DIGITS}"
_UNIT = r"([a-zµ°%][a-z0-9/µ°%²³]{0,6})"
_FORMS = (
    re.compile(rf"(?<![\w.\-/]){_NUMBER}()/{_NUMBER}()(?!/)[,;\s]*", re.IGNORECASE),
    re.compile(
        rf"(?<![\w.\-/]){_NUMBER}\s?{_UNIT}?\s?(?::|=>|->|→)\s*{_NUMBER}(?:\s?{_UNIT}(?![\w:]))?[,;\s]*",
        re.IGNORECASE,
    ),
    re.compile(
        rf"(?<![\w.\-/]){_NUMBER}\s?{_UNIT}\s+{_NUMBER}(?:\s?{_UNIT}(?!\w))?[,;\s]*", re.IGNORECASE
    ),
)
LEAST_POINTS = 3


def points(evidence: Evidence) -> tuple[Series, Series] | None:
    """Points written one after the other, as (first coordinates, second coordinates)."""
    text = evidence.reading.plain
    for form in _FORMS:
        run: list[re.Match[str]] = []
        best: list[re.Match[str]] = []
        for match in form.finditer(text):
            same = run and match.start() == run[-1].end() and match[2] == run[-1][2]
            run = [*run, match] if same else [match]
            if len(run) > len(best) and not (match[2] and match[2] == match[4]):
                best = run
        if len(best) >= LEAST_POINTS:
            source = f"question[{best[0].start()}:{best[-1].end()}]"
            second = next((match[4] for match in reversed(best) if match[4]), "")
            return (
                Series(
                    name="",
                    values=[float(m[1]) for m in best],
                    source=source,
                    unit=best[0][2] or "",
                ),
                Series(name="", values=[float(m[3]) for m in best], source=source, unit=second),
            )
    return None


_PREFIXED = re.compile(
    rf"(?<![\w.\-])([a-z]{{1,8}})\.?\s?{_NUMBER}\s*(?::|=|->|→|\s)\s*{_NUMBER}(?:\s?([a-zµ°%][a-z/µ°%²³]{{0,6}})(?![\w:]))?[,;\s]*(?:and\s+)?",
    re.IGNORECASE,
)
_TYPED = re.compile(
    rf"(?<![\w.,\-])\(?{_NUMBER}\s?,\s?{_NUMBER}(?:\)[;,\s]*|\s*[;\n]\s*|(?=[\s.?!]*$|\s+[a-z]))",
    re.IGNORECASE,
)


def prefixed_points(evidence: Evidence) -> tuple[Series, Series] | None:
    """ "wk1 0.02, wk2 0.05, wk3 0.07": the word before every first coordinate is its name."""
    found = _longest_run(_PREFIXED, evidence.reading.plain, same=1)
    if len(found) < LEAST_POINTS:
        return None
    source = f"question[{found[0].start()}:{found[-1].end()}]"
    return (
        Series(name=found[0][1], values=[float(match[2]) for match in found], source=source),
        Series(
            name="",
            values=[float(match[3]) for match in found],
            source=source,
            unit=found[0][4] or "",
        ),
    )


def typed_points(evidence: Evidence) -> tuple[Series, Series] | None:
    """ "3,30; 5,41; 2,28" or "(3,30) (5,41)", which would be decimal commas in one list."""
    found = _longest_run(_TYPED, evidence.reading.text)
    if len({match[1] for match in found}) < LEAST_POINTS:
        return None
    source = f"question[{found[0].start()}:{found[-1].end()}]"
    return (
        Series(name="", values=[float(match[1]) for match in found], source=source),
        Series(name="", values=[float(match[2]) for match in found], source=source),
    )


def _longest_run(form: re.Pattern[str], text: str, same: int = 0) -> list[re.Match[str]]:
    """The most matches one behind the other, all with the same group ``same``."""
    run: list[re.Match[str]] = []
    best: list[re.Match[str]] = []
    for match in form.finditer(text):
        follows = bool(run) and match.start() == run[-1].end()
        if follows and same:
            follows = match[same].lower() == run[-1][same].lower()
        run = [*run, match] if follows else [match]
        if len(run) > len(best):
            best = run
    return best


def span(series: Series) -> tuple[int, int] | None:
    """Where a list of the question stood."""
    match = re.fullmatch(r"question\[(\d+):(\d+)\]", series.source)
    return (int(match[1]), int(match[2])) if match else None


def lists(evidence: Evidence) -> list[Series]:
    """The lists of the question, mended where punctuation or a unit joined or cut them."""
    text = evidence.reading.plain
    found = [_clean(_named(text, _without_question_mark(text, item))) for item in evidence.series()]
    if len(found) < 2 or len({len(item.values) for item in found}) == 1:
        return found
    lengths = [len(item.values) for item in found]
    usual = max(set(lengths), key=lambda length: (lengths.count(length), -length))
    mended: list[Series] = []
    for item in found:
        others = [len(other.values) for other in found if other is not item]
        length = len(item.values)
        if length + 1 in others:
            mended.append(_with_first(_with_last(text, item), length))
        elif length - 1 in others:
            mended.append(_without_identifier(text, item))
        elif length == 2 * usual:
            mended += _halves(text, item)
        elif length == 2 and usual > 2:
            continue
        else:
            mended.append(item)
    return mended


def _without_question_mark(text: str, item: Series) -> Series:
    """ "23?" ends a sentence: the mark is no missing value."""
    place = span(item)
    if place and item.values and item.values[-1] is None and text[place[1] - 1] == "?":
        return msgspec.structs.replace(item, values=item.values[:-1])
    return item


def _with_last(text: str, item: Series) -> Series:
    """The value before a colon or an arrow belongs to the list before it."""
    place = span(item)
    following = (
        re.match(rf"[\s,;]*{_NUMBER}\s*(?::|→|->|=>|=)", text[place[1] :]) if place else None
    )
    if place is None or following is None:
        return item
    return msgspec.structs.replace(
        item,
        values=[*item.values, float(following[1])],
        source=f"question[{place[0]}:{place[1] + following.end(1)}]",
    )


def _with_first(item: Series, length: int) -> Series:
    """ "temp 50 60 70 … for temp 65": the 50 is a value, not the number of a label."""
    numbered = re.fullmatch(r"(.*\D) (\d+)", item.name)
    if numbered is None or len(item.values) != length:
        return item
    return msgspec.structs.replace(
        item, name=numbered[1], values=[float(numbered[2]), *item.values]
    )


def _without_identifier(text: str, item: Series) -> Series:
    """ "batch 7F-220, months 0 3 6": the 220 belongs to the name of the batch."""
    place = span(item)
    if place is None or not re.search(r"\w-$", text[: place[0]]):
        return item
    words = re.match(r"[-\d.]+[\s,;:]*([^\W\d_]+)?", text[place[0] :])
    start = place[0] + (words.end() if words else 0)
    return msgspec.structs.replace(
        item,
        name=(words[1] or "") if words else "",
        values=item.values[1:],
        unit="",
        source=f"question[{start}:{place[1]}]",
    )


def _halves(text: str, item: Series) -> list[Series]:
    """ "stops 8 12 15 mins 95 140 150": a unit that names the second list."""
    place = span(item)
    half = len(item.values) // 2
    if place is None:
        return [item]
    written = list(re.finditer(_NUMBER, text[place[0] : place[1]]))
    if len(written) != len(item.values):
        return [item]
    between = text[place[0] + written[half - 1].end() : place[0] + written[half].start()]
    word = re.search(r"[^\W\d_]+", between)
    if word is None:
        return [item]
    middle = place[0] + written[half].start()
    return [
        msgspec.structs.replace(
            item,
            values=item.values[:half],
            unit="",
            source=f"question[{place[0]}:{place[0] + written[half - 1].end()}]",
        ),
        msgspec.structs.replace(
            item,
            name=word[0],
            values=item.values[half:],
            source=f"question[{middle}:{place[1]}]",
        ),
    ]


_NO_NAMES = re.compile(
    r"^(?:the|a|my|straight|linear|line|fit|plot|points?|pairs?|regress\w*|correlat\w*|calibration|of|between|rows?|[-+.\d]+)(?:\s+|$)",
    re.IGNORECASE,
)


def _clean(item: Series) -> Series:
    """A name without the words of the request ("straight line", "correlate") and without numbers."""
    if "#" in item.source:
        return item
    name = item.name
    while (match := _NO_NAMES.match(name)) is not None:
        name = name[match.end() :]
    return msgspec.structs.replace(item, name=name)


def _named(text: str, item: Series) -> Series:
    """Name and unit of "Energy consumption (kWh) 210 …", "line speed m/min 10 …", "months 0 3 …"."""
    place = span(item)
    if place is None or (item.name and not _is_unit(item.name)):
        return item
    before = text[max(0, place[0] - 60) : place[0]].rstrip(" :=([")
    bracketed = re.search(r"[(\[]([^()\[\]\d]{1,15})[)\]]?$", before)
    last = bracketed or re.search(r"(?<![^\s,;.(])([^\s,;.()]{1,12})$", before)
    if last is None or not (bracketed or _is_unit(last[1])):
        return item
    words = re.search(r"((?:[^\W\d_][\w\-]*\s+)?[^\W\d_][\w\-]*)\s*$", before[: last.start()])
    name = _tidy(words[1]) if words else ""
    return msgspec.structs.replace(
        item,
        name=name or (last[1] if last[1].isalpha() else item.name),
        unit=item.unit or last[1],
    )


def _is_unit(word: str) -> bool:
    return (
        word.lower() in UNITS
        or re.fullmatch(r"[a-zµ°%]{1,4}/[a-z0-9µ²³]{1,5}", word, re.IGNORECASE) is not None
    )


def _tidy(words: str) -> str:
    """The words of a name without articles and other small words before it."""
    kept: list[str] = []
    for word in reversed(words.split()):
        if word.lower() in STOPWORDS or _is_unit(word):
            break
        kept.append(word)
    return " ".join(reversed(kept))


def pair(evidence: Evidence) -> tuple[Series, Series] | None:
    """Two lists, or points; None if there is neither."""
    if not evidence.tables:
        found = points(evidence) or prefixed_points(evidence)
        if found is not None:
            return found
    series = lists(evidence)
    if len(series) >= LEAST_POINTS and all(len(item.values) == 2 for item in series):
        source = f"{series[0].source}…{series[-1].source}"
        return (
            Series(name="", values=[item.values[0] for item in series], source=source),
            Series(name="", values=[item.values[1] for item in series], source=source),
        )
    if len(series) >= 2:
        return series[0], series[1]
    counted = _counted_up(evidence, series[0]) if series else None
    if counted is not None:
        return counted, series[0]
    return None if evidence.tables else typed_points(evidence)


_RUN_UP = re.compile(
    r"(?<![\w.\-])([A-Za-z][\w\-]*+)\s*[:=]?\s*(\d{1,4})\s*(?:\.\.+|…|-|–|to|through|thru)\s*(\d{1,4})(?![\w.]*\d)"
)


def _counted_up(evidence: Evidence, series: Series) -> Series | None:
    """ "x 1-7, y 2.1 3.9 …": a run of whole numbers as long as the one list."""
    for match in _RUN_UP.finditer(evidence.reading.plain):
        first, last = int(match[2]), int(match[3])
        if last - first + 1 == len(series.values) >= LEAST_POINTS:
            return Series(
                name=match[1],
                values=[float(value) for value in range(first, last + 1)],
                source=f"question[{match.start(2)}:{match.end(3)}]",
            )
    return None
