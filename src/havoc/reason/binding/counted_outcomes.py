"""Events out of a number of trials that is said once: "at 5, 10, 20 ppm 1, 4, 9 of 10 died".

The settings and the events are two lists of one length, points ("60 C 0, 70 C 3") or the columns
of a table; the number of trials stands behind the events, before them ("out of 25: …") or with
"each", "per" or "at every". Events are whole numbers of at most that size: what does not fit is
asked for.
"""

from __future__ import annotations

import re

import msgspec

from havoc.reading.number_pieces import SIGNED_APART
from havoc.reading.number_words import as_digits
from havoc.reading.question import Series
from havoc.reading.table import Table
from havoc.reason.binding.arguments import Binding, NeedsInput
from havoc.reason.binding.evidence import Evidence
from havoc.reason.binding.pairs import points

_LEAST = 3
_OF = r"(?:out\s+of|of|from|in|z|ze|de|von|aus|sur|su|di|des|af|av|out\s+of\s+(?:every|each))"
_SIZE = r"(\d{1,6})(?![\w.,]*\d)(?!\s*(?:%|percent|pct))"
_BEHIND = re.compile(rf"\s*+\(?{_OF}\s++{_SIZE}", re.IGNORECASE)
_NOUN = r"(?:[^\W\d_][\w\-]*\s+){0,2}"
_TRIALS = (
    re.compile(rf"\b(?:out\s+of|z|sur|su|von|di)\s+{_SIZE}", re.IGNORECASE),
    re.compile(
        rf"(?<![\w.,/]){_SIZE}\s+{_NOUN}?(?:each\b|apiece\b|per\s+\w+|(?:at|in|for|on)\s+(?:each|every|all)\b|(?:were\s+)?tested\s+(?:at|per)\b)",
        re.IGNORECASE,
    ),
    re.compile(rf"\bn\s*=\s*{_SIZE}", re.IGNORECASE),
    re.compile(rf"\b(?:groups|batches|samples|lots|sets)\s+of\s+{_SIZE}", re.IGNORECASE),
    re.compile(
        rf"\b(?:surviv\w*|dead|killed|fail\w*|good|bad|defect\w*|lysed|positives?|number|counts?)\s+(?:[a-z]+\s+){{0,3}}?of\s+{_SIZE}",
        re.IGNORECASE,
    ),
)
_NUM = SIGNED_APART
_AND = r"(?:\s*+,?\s*+(?:and|und|et|e|i|y)\s++|\s*+[,;]\s*+|\s++)"
_RUN = re.compile(rf"(?<![\w.\-]){_NUM}(?:{_AND}{_NUM}(?![\w%^])){{2,}}", re.IGNORECASE)
_ONE = re.compile(rf"(?<![\w.]){_NUM}")
_CODED = re.compile(r"(?<![\w.,:/|])(\d++(?:\.\d++)?)[,:/|]([01])(?=[\s;]|[.,](?!\d)|$)")


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """Settings, events and trials, and where each stood."""

    settings: list[float]
    events: list[float]
    trials: float
    sources: tuple[str, str, str]
    name: str = ""

    def put(self, binding: Binding) -> None:
        binding.set("x", self.settings, self.sources[0])
        binding.set("events", self.events, self.sources[1])
        binding.set("trials", [self.trials] * len(self.events), self.sources[2])
        if self.name:
            binding.set("x_name", self.name, self.sources[0])
        binding.echo(
            "{} settings with events out of {} at each",
            (len(self.events), self.sources[1]),
            (self.trials, self.sources[2]),
        )


def from_counted(evidence: Evidence, binding: Binding) -> bool:
    """Set x, events and trials where the trials are said once. Raises NeedsInput."""
    text = as_digits(evidence.reading.plain)
    for read in (_from_table, _from_lists, _from_points):
        found = read(evidence, text)
        if found is not None:
            found.put(binding)
            return True
    return False


def _size(text: str, events: list[float], end: int | None) -> tuple[float, str] | None:
    """The number of trials: right behind the events at ``end``, or said elsewhere, once."""
    behind = _BEHIND.match(text, end) if end is not None else None
    if behind is not None:
        found = {float(behind[1]): behind}
    else:
        found = {
            float(match[1]): match
            for pattern in _TRIALS
            for match in pattern.finditer(text)
            if not re.search(r"\d\s*$", text[max(0, match.start() - 8) : match.start()])
        }
    fitting = {size: match for size, match in found.items() if size >= 2}
    if len(fitting) != 1:
        return None
    size, match = next(iter(fitting.items()))
    if max(events) > size:
        raise NeedsInput(
            f"there are more events than trials at one setting ({max(events):g} of {size:g})",
            "which list holds the events, and out of how many are they?",
        )
    return size, f"question[{match.start(1)}:{match.end(1)}]"


def _counts(values: list[float]) -> bool:
    return len(values) >= _LEAST and all(value >= 0 and value == int(value) for value in values)


def _from_table(evidence: Evidence, text: str) -> Counted | None:
    """Two columns of numbers, the second of them counts."""
    for table in evidence.tables:
        columns = [column for column in table.columns if column.kind == "number"]
        if len(columns) != 2 or len(table.columns) != 2:
            continue
        rows = [
            (x, hits)
            for x, hits in zip(columns[0].values, columns[1].values, strict=True)
            if isinstance(x, float) and isinstance(hits, float)
        ]
        events = [hits for _, hits in rows]
        size = _size(text, events, None) if _counts(events) and max(events) > 1 else None
        if size is not None:
            return Counted(
                settings=[x for x, _ in rows],
                events=events,
                trials=size[0],
                sources=(_place(table, columns[0].name), _place(table, columns[1].name), size[1]),
                name=columns[0].name if table.header else "",
            )
    return None


def _place(table: Table, column: str) -> str:
    return f"{table.source}#{column}"


def _from_lists(evidence: Evidence, text: str) -> Counted | None:
    """Two lists of one length; the events are those before "of 20", else the second."""
    del evidence
    found = list(_RUN.finditer(text))
    values = [[float(item[0]) for item in _ONE.finditer(match[0])] for match in found]
    told = [place for place, match in enumerate(found) if _BEHIND.match(text, match.end())]
    for place in [*told, *range(1, len(found))]:
        partners = [
            other
            for other in range(len(found))
            if other != place and len(values[other]) == len(values[place])
        ]
        if len(partners) != 1 or not _counts(values[place]) or max(values[place]) <= 1:
            continue
        size = _size(text, values[place], found[place].end() if place in told else None)
        if size is not None:
            settings, events = found[partners[0]], found[place]
            return Counted(
                settings=values[partners[0]],
                events=values[place],
                trials=size[0],
                sources=(
                    f"question[{settings.start()}:{settings.end()}]",
                    f"question[{events.start()}:{events.end()}]",
                    size[1],
                ),
            )
    return None


def _from_points(evidence: Evidence, text: str) -> Counted | None:
    """ "60 C 0, 70 C 3, 80 C 9": points whose second coordinate counts."""
    found = points(evidence)
    if found is None or not _counts(found[1].numbers) or max(found[1].numbers) <= 1:
        return None
    size = _size(text, found[1].numbers, None)
    if size is None:
        return None
    return Counted(
        settings=found[0].numbers,
        events=found[1].numbers,
        trials=size[0],
        sources=(found[0].source, found[1].source, size[1]),
    )


def coded_points(typed: str) -> tuple[Series, Series] | None:
    """ "20,0; 25,0; 35,1": settings with an outcome of 0 or 1, in the text as it was typed."""
    found = list(_CODED.finditer(typed))
    if len(found) < _LEAST + 1 or {match[2] for match in found} != {"0", "1"}:
        return None
    source = f"question[{found[0].start()}:{found[-1].end()}]"
    return (
        Series(name="", values=[float(match[1]) for match in found], source=source),
        Series(name="", values=[float(match[2]) for match in found], source=source),
    )
