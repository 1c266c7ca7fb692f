"""Readings of a nested study in sentences: each person with parts of his own.

"Wu pulled needles 11 and 12 (18.2 18.6; 19.9 20.3), Ray pulled 21 and 22 (…)" and
"the day shift tore its own two rolls (4.4 4.5 and 5.0 5.2), the night shift its own (…)":
the names of the parts stand before the readings, and the clause in front begins with the person.
"""

from __future__ import annotations

import re

from havoc.reading.number_rows import Token, number_runs, rows_of
from havoc.reading.prose import STOPWORDS
from havoc.reading.study_layout import PART_NOUNS, Study

MAX_TEXT = 20_000
_ID = r"(?:\d{1,4}|[^\W\d_]{1,3}\d{1,4}|[^\W\d_])"
_IDS = re.compile(
    rf"(?<![\w.])(?P<ids>{_ID}(?:\s?(?:,|and\b|&|,\s?and\b)\s?{_ID}){{0,20}})(?:\s(?:in|twice|each)\b[^()\d]{{0,20}})?\s?[:=(-]{{0,2}}\s?$"
)
_LAST = re.compile(r"(?<=[\s:,])([^\W\d_]{2,12})$")
_CLAUSE = re.compile(r"[.;?!:\n](?=\s|$)|,\s|\)")
_CONNECTORS = frozenset(
    """
    and the a an our my their his her its so but while whereas because as since then from of with
    for in on by batch batches lot lots roll rolls kit kits heat heats reel reels plate plates
    needle needles vial vials other own had has two three four
    """.split()
)
_LEAST_PARTS = 4


def read_own_parts(text: str) -> Study | None:
    """Part, person and value of every reading; None unless two persons have several parts each."""
    text = text[:MAX_TEXT]
    parts: list[str] = []
    persons: list[str] = []
    values: list[float] = []
    person, end, skipped = "", 0, False
    for run in _reading_runs(text):
        prefix = text[end : run[0].start]
        end = run[-1].end
        groups = [row.values for row in rows_of(text, run)] or [[token.value for token in run]]
        names, head = _names(prefix, len(groups))
        told = _person(head, first=not person)
        if told:
            person = told
        if names and not person:
            return None
        if not person or (not names and len(groups) < 2):
            skipped = bool(values)
            continue
        if skipped:
            return None
        names = names or _owned(text, person, len(groups))
        for name, group in zip(names, groups, strict=True):
            parts += [name] * len(group)
            persons += [person] * len(group)
            values += group
    cells = dict.fromkeys(zip(persons, parts, strict=True))
    each = [sum(owner == name for owner, _ in cells) for name in dict.fromkeys(persons)]
    if len(each) < 2 or min(each, default=0) < 2 or len(cells) < _LEAST_PARTS:
        return None
    if any(sum(pair == cell for pair in zip(persons, parts, strict=True)) < 2 for cell in cells):
        return None
    return Study(parts=parts, operators=persons, values=values, nested=True)


def _owned(text: str, person: str, count: int) -> list[str]:
    """The parts that are said to be this person's ("B had batches 3 and 4"), else 1, 2 …"""
    owned = re.search(
        rf"(?<!\w){re.escape(person)}\s(?:[a-z]{{2,12}}\s){{0,3}}"
        rf"({_ID}(?:\s?(?:,|and\b|&)\s?{_ID}){{{count - 1}}})(?![\w.]*\d)",
        text,
    )
    names = re.split(r"[\s,&]+(?:and\s)?|\band\b", owned[1]) if owned else []
    names = [name.strip() for name in names if name.strip() not in {"", "and"}]
    return names if len(names) == count else [str(number) for number in range(1, count + 1)]


def _reading_runs(text: str) -> list[list[Token]]:
    """The runs that are readings: those in brackets, else those written like most numbers are."""
    written = [text[token.start : token.end] for run in number_runs(text) for token in run]
    decimals = sum("." in number for number in written) > len(written) / 2
    runs = [piece for run in number_runs(text) for piece in _without_names(text, run, decimals)]
    runs = [run for run in runs if len(run) >= 2]
    bracketed = [run for run in runs if text[: run[0].start].rstrip().endswith("(")]
    return bracketed if sum(map(len, bracketed)) >= 2 * _LEAST_PARTS else runs


def _without_names(text: str, run: list[Token], decimals: bool) -> list[list[Token]]:
    """The run cut at brackets, and at whole numbers that name parts among decimal readings."""
    pieces: list[list[Token]] = [[]]
    for token in run:
        gap = text[pieces[-1][-1].end : token.start] if pieces[-1] else ""
        if ("(" in gap) != (")" in gap):
            pieces.append([])
        if decimals and "." not in text[token.start : token.end]:
            pieces.append([])
            continue
        pieces[-1].append(token)
    return pieces


def _names(prefix: str, count: int) -> tuple[list[str], str]:
    """The names of ``count`` parts at the end of the text before their readings, and the rest."""
    match = _IDS.search(prefix[-120:])
    if match is not None:
        names = [name for name in re.split(r"[\s,&]+|\band\b", match["ids"]) if name]
        if len(names) >= count:
            kept = names[-count:]
            begin = len(prefix) - len(prefix[-120:]) + match.start("ids")
            head = prefix[:begin]
            if len(names) > count:
                head += " ".join(names[:-count])
            return kept, head
    return [], prefix


def _person(head: str, *, first: bool) -> str:
    """The one whom the clause before the parts speaks about; nobody where it goes on."""
    head = head.strip(" ,()&\n\t|")
    while (last := _LAST.search(head)) and last[1].lower() in PART_NOUNS | _CONNECTORS:
        head = head[: last.start()].rstrip(" ,()&")
    named = head.endswith((":", "-"))
    clause = _CLAUSE.split(head.rstrip(" :-"))[-1]
    words = re.findall(r"[^\W_][\w-]*", clause)
    while words and (_is_connector(words[0]) or (len(words) > 1 and _is_small(words[0]))):
        words = words[1:]
    if not words or (len(words) == 1 and len(words[0]) > 1 and words[0].lower() in PART_NOUNS):
        return ""
    if named and len(words) <= 3:
        return " ".join(words)
    return "" if words[0][0].isdigit() and not first else words[0]


def _is_connector(word: str) -> bool:
    return word.lower() in _CONNECTORS and not (len(word) == 1 and word.isupper())


def _is_small(word: str) -> bool:
    return word.lower() in STOPWORDS and len(word) > 1 and not word[0].isupper()
