"""Lifetimes in a question: which units failed, and which were still working.

People mark a survivor with a sign ("12+", "20*", "30c", "1800 S"), with a word
("10 lost to follow up"), with a second list (event 1 0 1), with a column of a table,
or they say it ("4 still running at 1000", "others removed at 120 and 160").
"""

from __future__ import annotations

import re
from itertools import pairwise

import msgspec

from havoc.reading.prose import mask
from havoc.reason.binding.arguments import Binding, NeedsInput
from havoc.reason.binding.evidence import Evidence
from havoc.reason.binding.life_tables import (
    Group,
    flag_of_words,
    lifetimes_in_tables,
    survivor_flag,
)
from havoc.reason.binding.marked_times import (
    IN_WORDS,
    TIME_UNIT,
    Found,
    Run,
    count_of,
    one_group,
    runs,
    unit_near,
    words_before,
)
from havoc.reason.binding.told_survivors import in_sentences, told_in_words

_UNKNOWN_STATUS = re.compile(
    r"\bsome\s+(?:of\s+(?:these|them|those)\s+)?(?:are|were|had|hadn|have|was)?\w*['’]?t?\s*(?:not\s+)?"
    r"(?:yet\s+)?(?:fail\w*|censored|suspended|surviv\w*|still|running)",
    re.IGNORECASE,
)


_LINE_MARK = re.compile(r"^[ ]*\d+(?:\.\d+)?[ ]?[+*][ ]*$", re.MULTILINE)


class Lifetimes(msgspec.Struct, kw_only=True):
    """What was read; ``rest`` is the text without the numbers that were used."""

    groups: list[Group]
    rest: str


def read_lifetimes(evidence: Evidence) -> Lifetimes:
    """Groups of lifetimes (one in most questions), possibly none."""
    text = without_levels(evidence, evidence.reading.plain)
    groups = lifetimes_in_tables(evidence)
    if groups and _LINE_MARK.search(evidence.reading.text):
        # a pasted column goes on below the table with the marks of survivors
        column, _ = _marked(evidence.reading.text)
        groups = column if len(column) == 1 and len(groups) == 1 else groups
    if not groups:
        _check_no_words(text)
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
    forgotten = _FORGOTTEN.search(evidence.reading.text) if groups else None
    if forgotten is not None:
        raise NeedsInput(
            "something about the units is not known",
            "which times are known, and until when was each of the other units seen working?",
        )
    if groups and not marked and _UNKNOWN_STATUS.search(evidence.reading.text):
        raise NeedsInput(
            "it is not said which units had not failed",
            "which of the times belong to units that were still working?",
        )
    return Lifetimes(groups=groups, rest=text)


def required_lifetimes(evidence: Evidence, what: str) -> Lifetimes:
    """The lifetimes that ``what`` cannot do without. Raises NeedsInput if there are none."""
    lives = read_lifetimes(evidence)
    if not lives.groups:
        raise no_times(what)
    return lives


def no_times(what: str) -> NeedsInput:
    return NeedsInput(
        f"{what} needs the times to failure",
        "at which times did the units fail, and which were still working when you stopped?",
    )


def set_lifetimes(binding: Binding, group: Group) -> None:
    """The times of one group, which of them are censored, and their unit."""
    binding.set("time", group.time, group.source)
    if any(group.censored):
        binding.set("censored", group.censored, group.source)
        binding.echo(
            "{} failures and {} units still working",
            (len(group.time) - sum(group.censored), group.source),
            (sum(group.censored), group.source),
        )
    if group.unit:
        binding.set("unit", group.unit, group.source)


_MENTIONED = re.compile(
    r"\b(?:another|others?|further|remaining|the\s+rest|suspended|suspensions|unfailed|still\s+\w+)\b"
    r"[^.;?]{0,40}?\d",
    re.IGNORECASE,
)
_ON_TEST = re.compile(
    rf"(?<![\w.])(\d+|\b(?:{IN_WORDS}))\s+(?:[a-z][\w\-]*\s+){{0,3}}?(?:were\s+|are\s+|was\s+)?"
    r"(?:put\s+)?(?:on|under|in)\s+(?:\w+[\s-]){0,2}?test\b"
    rf"|\bout\s+of\s+(\d+|{IN_WORDS})\b"
    rf"|(?<![\w.])(\d+|\b(?:{IN_WORDS}))\s+(?:[a-z][\w\-]*\s+){{1,3}}?(?:were\s+|was\s+)?(?:tested|started|put\s+on)\b"
    rf"|\b(?:tested|started|ran)\s+(?:with\s+)?(\d+|{IN_WORDS})\s+(?!{TIME_UNIT})[a-z]",
    re.IGNORECASE,
)
_FORGOTTEN = re.compile(
    r"\b(?:do(?:es)?\s?n['’]?o?t|don['’]?t|didn['’]?t|did\s+not|cannot|can['’]?t|couldn['’]?t)\s+(?:quite\s+|really\s+)?(?:remember|recall|know\s+(?:when|how\s+long|the\s+(?:time|age)))\b"
    r"|\b(?:forgot(?:ten)?|illegible|unreadable|not\s+(?:noted|recorded|written\s+down))\b",
    re.IGNORECASE,
)


_STRAY = re.compile(
    r"\d\s?[+*]?\s*,\s*(?!(?:and|or|fail\w*|ok|n/?a|nan|none)\b)([a-z]{2,12}|\?+)\s*,\s*\d",
    re.IGNORECASE,
)


def _check_no_words(text: str) -> None:
    """A word in the place of a time ("5, 9, abc, 22") is no time, and no time may be left out."""
    stray = [
        match
        for match in _STRAY.finditer(text)
        if flag_of_words(match[1]) is None and not re.fullmatch(TIME_UNIT, match[1], re.IGNORECASE)
    ]
    if len(stray) == 1:
        raise NeedsInput(
            f"{stray[0][1]!r} stands among the times",
            f"which time should {stray[0][1]!r} be, or should it be left out?",
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
    count = next((group for group in tested.groups() if group), "") if tested else ""
    if count and count_of(count) > total:
        raise NeedsInput(
            f"{count} units were on test, and {total} times are given",
            "how long had the others run when the test was stopped?",
        )


def without_levels(evidence: Evidence, text: str) -> str:
    """``text``, of the length of the question, without confidence levels."""
    for scalar in evidence.reading.scalars:
        risk = re.match(r"\s*(?:%|percent|pct)?\s*risk", text[scalar.end : scalar.end + 16])
        if scalar.role in {"confidence", "alpha"} and scalar.end <= len(text) and not risk:
            text = mask(text, scalar.start, scalar.end)
    return text


# --- text -----------------------------------------------------------------------------------


def _from_text(text: str, typed: str) -> tuple[list[Group], str]:
    """``typed`` is the text before decimal commas became points, same length."""
    for read in (_pairs, _with_indicator, _in_words, _marked, in_sentences, told_in_words):
        groups, spans = read(typed if read is _pairs and len(typed) == len(text) else text)
        if groups:
            for start, end in spans:
                text = mask(text, start, end)
            return groups, text
    return [], text


_PAIR = re.compile(r"(?<![\w.,])(\d++(?:\.\d++)?)\s?[,:/]\s?([01])(?![\w.,]*\d)(?=[\s;.]|$)")


def _pairs(text: str) -> Found:
    """ "3,1 8,1 10,0": time and status."""
    pairs = list(_PAIR.finditer(text))
    explained = re.search(
        r"\b(?:status|event|fail\w*|cens\w*|[01]\s*(?:=|:)?\s*[a-z]{3,})", text, re.I
    )
    if len(pairs) < 3 or not explained or {pair[2] for pair in pairs} != {"0", "1"}:
        return [], []
    censored = [survivor_flag(int(pair[2]), text, "status") for pair in pairs]
    return one_group(
        text, [float(pair[1]) for pair in pairs], censored, pairs[0].start(), pairs[-1].end()
    )


def _with_indicator(text: str) -> Found:
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
    names = _names([words_before(text, times.start, ends) for times, _ in matched])
    groups = []
    for name, (times, run) in zip(names, matched, strict=True):
        label = re.findall(r"[a-z]+", text[: run.start].lower())[-1:]
        censored = [survivor_flag(int(value), text, *label) for value in run.values]
        read, _ = one_group(text, times.values, censored, times.start, times.end)
        groups += [msgspec.structs.replace(group, name=name) for group in read]
    return groups, spans


_STATUS_WORDS = re.compile(
    rf"\s*+(?:{TIME_UNIT}\s*+)?(?:(?P<open>[(:=])\s*+)?(?P<words>[a-z][a-z'’ -]{{1,40}})",
    re.IGNORECASE,
)
_MORE_NUMBERS = re.compile(r"\b(?:at|to|by|until|till|after|between|before|of)\s*\d")


def _in_words(text: str) -> Found:
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
    flags = [flag for _, flag, _ in told]
    listed = any(flag == 0 and len(run.items) > 1 for run, flag, _ in told)
    turns = sum(before != after for before, after in pairwise(flags))
    # counts do not come back to a status ("30 fail, 4 removed, 41 fail")
    told_each = listed or turns >= 2 or all(marked for *_, marked in told)
    if len(told) < 3 or not turns or not told_each:
        return [], []
    times = [value for run, *_ in told for value in run.values]
    censored = [flag for run, flag, _ in told for _ in run.items]
    return one_group(text, times, censored, told[0][0].start, told[-1][0].end)


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


def _marked(text: str) -> Found:
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
    names = _names([words_before(text, run.start, [r.end for r in lists]) for run in lists])
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
