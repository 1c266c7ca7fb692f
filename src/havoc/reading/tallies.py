"""Categories and their counts in prose: "burr 84 split 31 dent 17", "late: 12; torn: 3", "4 x jam",
and categories that were called out one by one: "crack, burr, crack, dent, crack".
"""

from __future__ import annotations

import re
from collections import Counter

import msgspec

MAX_TEXT = 60_000
_MOST_WORDS = 5
_NUMBER = re.compile(
    r"(?<![\w.])(?<!\w[-/])(?P<count>\d{1,3}(?:,\d{3})++(?!\d)|\d++(?:\.\d++)?)"
    r"(?P<unit>\s?(?:x|×|times|pcs|h|hrs?|min|eur|€|k?\$)(?!\w))?(?![\w%]|\s?%|[.]\d|-\w)",
    re.IGNORECASE,
)
_BREAK = re.compile(r"[?!:,;]\s|\.\s(?=[A-Z])|\s[-–—>]{1,3}\s|->|\n|\(")
_OPEN = re.compile(r"[\s(\[:=–-]{1,6}$")
_TIDY = " \t\n,;|/&=:-–—>()[]\"'"
_SMALL = frozenset(
    """
    and or the a an of in on at to by for with from as is are was were be been had has have we our
    i it into up them they there their this that these those which what who count counts counted
    got found namely only
    """.split()
)
_PERIOD = re.compile(
    r"(?:^|\s)(?:wk|week|month|year|kw|cw|q|quarter|shift|line|packer|machine|press|plant|rev|no\.?|day|hour|january|"
    r"february|march|april|may|june|july|august|september|october|november|december)\.?$",
    re.IGNORECASE,
)
_LIST_BREAK = re.compile(r"[?!:\n]|\.(?=\s|$)|\s[-–—>]+\s|->|[()\[\]]")


class Tally(msgspec.Struct, frozen=True):
    label: str
    count: float
    start: int
    end: int


def read_tallies(text: str) -> list[Tally]:
    """The longest chain of labels with a count behind (or before) each; at least two."""
    text = text[:MAX_TEXT]
    found = [_chain_before(text), _chain_behind(text)]
    best = max(found, key=len)  # the former, where both are of one length
    return best if len(best) >= 2 else []


def _chain_behind(text: str) -> list[Tally]:
    """ "burr 84, split 31": the words between two numbers name the second."""
    chains: list[list[Tally]] = [[]]
    pending: re.Match[str] | None = None
    complete = end = 0
    for match in _NUMBER.finditer(text):
        gap = text[end : match.start()]
        pieces = _BREAK.split(_OPEN.sub("", gap).lstrip(" ,;|/&)"))
        label = pieces[-1].strip(_TIDY)
        before, pending, end = pending, match, match.end()
        if not re.search(r"[^\W\d_]", label):
            label = _numbered(text, before, match) if before and before.end() != complete else ""
            if not label:
                if len(gap) > 4:
                    chains.append([])
                continue
            complete = match.end()
            if before and chains[-1] and chains[-1][-1].end == before.end():
                chains[-1].pop()
        elif (len(pieces) > 1 and not gap.startswith("\n")) or len(label.split()) > _MOST_WORDS:
            chains.append([])
        if chains[-1] or not _PERIOD.search(label):
            chains[-1].append(
                Tally(label=label, count=_value(match), start=match.start(), end=match.end())
            )
    return max((_tidied(chain) for chain in chains), key=len)


def _numbered(text: str, before: re.Match[str], match: re.Match[str]) -> str:
    """ "gate 3 5, gate 1 48" and "11: 14x": the first number belongs to the name."""
    between = text[before.end() : match.start()]
    if len(between) > 3 or between.strip() not in {"", ":", "=", "-"} or before["unit"]:
        return ""
    ahead = re.search(r"([^\W\d_][\w./]*\s?)?$", text[max(0, before.start() - 24) : before.start()])
    return f"{ahead[0] if ahead else ''}{before['count']}".strip()


def _tidied(chain: list[Tally]) -> list[Tally]:
    """The first label without the words that lead in to the list."""
    if len(chain) < 2:
        return chain
    longest = max(len(item.label.split()) for item in chain[1:])
    words = chain[0].label.split()[-max(longest, 1) :]
    while len(words) > 1 and _is_small(words[0]):
        words = words[1:]
    if not words or _is_small(words[-1]) or len(chain[0].label.split()) > longest + 12:
        return [_plain(item) for item in chain[1:]]
    first = msgspec.structs.replace(chain[0], label=" ".join(words))
    return [_plain(item) for item in (first, *chain[1:])]


def _is_small(word: str) -> bool:
    return word.lower() in _SMALL and not (len(word) == 1 and word.isupper())


def _plain(item: Tally) -> Tally:
    words = item.label.split()
    while len(words) > 1 and words[0].lower() in {"and", "x", "times", "pcs"}:
        words = words[1:]
    return msgspec.structs.replace(item, label=" ".join(words).strip(_TIDY))


def _value(match: re.Match[str]) -> float:
    return float(re.sub(r"[ ,]", "", match["count"]))


_BEFORE = re.compile(
    r"(?<![\w.])(\d++(?:\.\d++)?)\s{0,3}(?:x\s|times\s)?"
    r"((?!x\b|times\b)[^\W\d_][^\W_]*+(?:[ \-](?!and\b)[^\W\d_][^\W_]*+){0,3})"
    r"(?=\s{0,3}(?:[,;.\n]|$)|\sand\b)"
)


def _chain_before(text: str) -> list[Tally]:
    """ "84 burrs, 31 splits and 17 dents"."""
    return [
        Tally(label=match[2], count=float(match[1]), start=match.start(), end=match.end())
        for match in _BEFORE.finditer(text)
    ]


def read_called_out(text: str) -> list[str]:
    """Categories one by one, without counts: several that come again and again."""
    best: list[str] = []
    for piece in _LIST_BREAK.split(text[:MAX_TEXT]):
        for items in (re.split(r"\s*[,;/|]\s*|\s+and\s+", piece.strip()), piece.split()):
            items = [item.strip(_TIDY) for item in items if item.strip(_TIDY)]
            if len(items) > len(best) and _repeats(items):
                best = items
    return best


def _repeats(items: list[str]) -> bool:
    counts = Counter(item.lower() for item in items)
    words = max(len(item.split()) for item in items)
    return (
        len(items) >= 5
        and words <= 4
        and len(counts) >= 2
        and len(counts) <= 0.7 * len(items)
        and not any(re.search(r"\d", item) for item in items)
        and not set(counts) & _SMALL
    )
