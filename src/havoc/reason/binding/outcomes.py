"""Arguments of logistic regression: outcomes of two kinds and what may decide them."""

from __future__ import annotations

import re

import msgspec

from havoc.reading.number_pieces import SIGNED_APART
from havoc.reading.table import Column, Table
from havoc.reason.binding.arguments import Binding, NeedsInput
from havoc.reason.binding.counted_outcomes import coded_points, from_counted
from havoc.reason.binding.evidence import Evidence

_NUM = SIGNED_APART
_ONE = re.compile(rf"(?<![\w.]){_NUM}")
_RUN = re.compile(rf"(?<![\w.\-]){_NUM}(?:(?:\s*,\s*|\s+){_NUM}(?![\w%^])){{1,}}")
_EVENT = frozenset(
    "y yes fail failed failure f nok ng bad broken broke crack cracked leak leaked reject rejected "
    "dead died positive true defect".split()
)
_NO_EVENT = frozenset(
    "n no pass passed p ok good whole alive survived negative false accept accepted".split()
)
_WORD = "|".join(sorted(_EVENT | _NO_EVENT, key=len, reverse=True))
_WORDS = re.compile(
    rf"(?<![\w/])(?:{_WORD})(?:(?:\s*,\s*|\s+)(?:{_WORD})(?![\w/])){{2,}}", re.IGNORECASE
)
_PAIRED_WORD = re.compile(rf"(?<![\w.])({_NUM})\s+({_WORD})(?![\w/])", re.IGNORECASE)
_PAIRED_CODE = re.compile(
    rf"(?<![\w.\-/]){_NUM}\s*[:\-]\s*[01](?!\w|\.\d)|{_NUM}\s+[01]\s*(?=\||$|\.\s)"
)
_OUT_OF = re.compile(
    rf"({_NUM})(?:\s*+(?!and\b)[a-zµ°]++)?+(?:\s*+[:=])?+\s++(\d++)\s*+(?:/|of|out of)\s*+(\d++)(?!/|\.\d)",
    re.IGNORECASE,
)
_TRIALS = re.compile(
    r"^(?:n|trials?|animals|exposed|tested|total|units|samples?|size|inspected|number)\b",
    re.IGNORECASE,
)
_HITS = re.compile(
    r"^(?:dead|killed|kill|fail\w*|events?|broke\w*|smashed|crack\w*|hits?|successes|defect\w*|positive|x)\b",
    re.IGNORECASE,
)
_INDEX = re.compile(r"^(?:#|no\.?|nr\.?|id|obs|row|unit|part|sample)$", re.IGNORECASE)


class _List(msgspec.Struct, frozen=True, kw_only=True):
    """Numbers (or labels as 0 and 1) that stood together, and the word before them."""

    name: str
    values: list[float]
    start: int
    end: int
    labels: list[str] = []

    @property
    def source(self) -> str:
        return f"question[{self.start}:{self.end}]"

    @property
    def binary(self) -> bool:
        return set(self.values) <= {0.0, 1.0}


def bind_logistic_regression(evidence: Evidence, binding: Binding) -> None:
    text = evidence.reading.plain
    if not (
        _from_table(evidence, binding)
        or _from_counts(text, binding)
        or from_counted(evidence, binding)
        or _from_pairs(evidence, binding)
        or _from_lists(text, binding)
        or _from_range(text, binding)
    ):
        raise NeedsInput(
            "a logistic regression needs the outcome of each unit beside its setting",
            "which setting and which outcome (0 or 1) belong to each unit?",
        )
    _refuse_same(binding)
    _wanted(text, binding)
    if re.search(r"\b(?:alpha|significance|conf\w*|ci)\b|α", text, re.IGNORECASE):
        evidence.alpha(binding)


def _refuse_same(binding: Binding) -> None:
    y, events = binding.args.get("y"), binding.args.get("events")
    trials = binding.args.get("trials")
    same = y is not None and len(set(y)) == 1
    if events is not None and (sum(events) == 0 or events == trials):
        same = True
    if same:
        raise NeedsInput(
            "all outcomes are the same, so nothing can be learned about what decides them",
            "are there units with the other outcome?",
        )


# tables ----------------------------------------------------------------------


def _from_table(evidence: Evidence, binding: Binding) -> bool:
    for table in evidence.tables:
        columns = [column for column in table.columns if not _INDEX.match(column.name)]
        trials = next((c for c in columns if c.kind == "number" and _TRIALS.match(c.name)), None)
        if trials is not None:
            others = [c for c in columns if c.kind == "number" and c is not trials]
            hits = next((c for c in others if _HITS.match(c.name)), None)
            hits = hits or next((c for c in others if _within(c, trials)), None)
            rest = [c for c in others if c is not hits]
            if hits is not None and rest:
                binding.set("x", _numbers(rest[0]), f"{table.source}#{rest[0].name}")
                binding.set("events", _numbers(hits), f"{table.source}#{hits.name}")
                binding.set("trials", _numbers(trials), f"{table.source}#{trials.name}")
                binding.set("x_name", rest[0].name, f"{table.source}#{rest[0].name}")
                return True
        outcome = next((c for c in reversed(columns) if _is_outcome(c)), None)
        predictors = [c for c in columns if c is not outcome]
        if outcome is None or not predictors:
            continue
        keep = [
            row
            for row in range(len(outcome.values))
            if all(column.values[row] is not None for column in (outcome, *predictors))
        ]
        binding.set(
            "y", [_coded(outcome.values[row]) for row in keep], f"{table.source}#{outcome.name}"
        )
        _set_predictors(
            binding,
            [(c.name, [c.values[row] for row in keep], _source(table, c)) for c in predictors],
        )
        binding.set("name", outcome.name, f"{table.source}#{outcome.name}")
        return True
    return False


def _source(table: Table, column: Column) -> str:
    return f"{table.source}#{column.name}"


def _numbers(column: Column) -> list[float]:
    return [value for value in column.values if isinstance(value, float)]


def _within(column: Column, trials: Column) -> bool:
    pairs = zip(_numbers(column), _numbers(trials), strict=False)
    return all(a <= b and a == int(a) for a, b in pairs)


def _is_outcome(column: Column) -> bool:
    present = {str(value).strip().lower() for value in column.present}
    if column.kind == "number":
        return present <= {"0.0", "1.0"}
    return len(present) <= 2 and present <= (_EVENT | _NO_EVENT)


def _coded(value: float | str | None) -> float:
    if isinstance(value, float):
        return value
    return float(str(value).strip().lower() in _EVENT)


def _set_predictors(
    binding: Binding, predictors: list[tuple[str, list[float | str | None], str]]
) -> None:
    name, values, source = predictors[0]
    if len(predictors) == 1 and all(isinstance(value, float) for value in values):
        binding.set("x", values, source)
        if name:
            binding.set("x_name", name, source)
        return
    binding.set("predictors", {item[0]: item[1] for item in predictors}, source)


# prose -----------------------------------------------------------------------


def _from_counts(text: str, binding: Binding) -> bool:
    """ "24 h 0/10, 48 h 2/10": a setting and events out of trials, repeated."""
    found = [match for match in _OUT_OF.finditer(text) if int(match[2]) <= int(match[3])]
    if len(found) < 3:
        return False
    source = f"question[{found[0].start()}:{found[-1].end()}]"
    binding.set("x", [float(match[1]) for match in found], source)
    binding.set("events", [float(match[2]) for match in found], source)
    binding.set("trials", [float(match[3]) for match in found], source)
    binding.echo("{} settings with events out of trials", (len(found), source))
    return True


def _from_pairs(evidence: Evidence, binding: Binding) -> bool:
    """ "10-0 15-0 22-1", "0.6 yes, 0.8 no", "5 0|10 0|15 1", "5,0; 10,0; 15,1"."""
    text = evidence.reading.plain
    coded = coded_points(evidence.reading.text)
    if coded is not None:
        binding.set("x", coded[0].numbers, coded[0].source)
        binding.set("y", coded[1].numbers, coded[1].source)
        binding.echo(
            "{} units, each with its setting and outcome", (len(coded[0].values), coded[0].source)
        )
        return True
    words = list(_PAIRED_WORD.finditer(text))
    if len(words) >= 4:
        rows = [(float(match[1]), _coded(match[2])) for match in words]
        span = words[0].start(), words[-1].end()
    else:
        codes = list(_PAIRED_CODE.finditer(text))
        if len(codes) < 4:
            return False
        rows = []
        for match in codes:
            setting, outcome = re.findall(r"[\d.]+", match[0])
            rows.append((float(setting), float(outcome)))
        span = codes[0].start(), codes[-1].end()
    source = f"question[{span[0]}:{span[1]}]"
    binding.set("x", [setting for setting, _ in rows], source)
    binding.set("y", [outcome for _, outcome in rows], source)
    binding.echo("{} units, each with its setting and outcome", (len(rows), source))
    return True


def _from_lists(text: str, binding: Binding) -> bool:
    lists = _lists(text)
    outcomes = [item for item in lists if item.binary and len(item.values) >= 3]
    for outcome in sorted(outcomes, key=lambda item: (not item.labels, -item.start)):
        others = [
            item
            for item in lists
            if item is not outcome and len(item.values) == len(outcome.values)
        ]
        if not others:
            continue
        binding.set("y", outcome.values, outcome.source)
        if outcome.labels:
            binding.echo("{} counts as the event", (_event_of(outcome.labels), outcome.source))
        _set_predictors(
            binding,
            [
                (item.name or f"x{i}", [*(item.labels or item.values)], item.source)
                for i, item in enumerate(others, start=1)
            ],
        )
        return True
    return _counted_lists([item for item in lists if not item.labels], binding)


def _event_of(labels: list[str]) -> str:
    return next((label for label in labels if label.lower() in _EVENT), labels[0])


def _counted_lists(lists: list[_List], binding: Binding) -> bool:
    """Settings, events and trials in lists of their own."""
    if len(lists) < 3:
        return False
    length = len(lists[0].values)
    same = [item for item in lists if len(item.values) == length]
    if len(same) < 3:
        return False
    trials = next((item for item in same[1:] if _TRIALS.match(item.name)), None)
    trials = trials or next((item for item in same[1:] if len(set(item.values)) == 1), None)
    if trials is None:
        return False
    hits = next(item for item in same[1:] if item is not trials)
    if any(hit > size for hit, size in zip(hits.values, trials.values, strict=True)):
        raise NeedsInput(
            "there are more events than trials at one setting",
            "which list holds the events and which the trials?",
        )
    binding.set("x", same[0].values, same[0].source)
    binding.set("events", hits.values, hits.source)
    binding.set("trials", trials.values, trials.source)
    return True


_UP_TO = re.compile(
    r"(?<![\w.\-])(\d{1,4})\s*(?:\.\.+|…|-|–|to|through|thru|bis|à|a|do)\s*(\d{1,4})(?![\w.]*\d)"
)


def _from_range(text: str, binding: Binding) -> bool:
    """ "1 through 8: n n n y n y y y": a run of whole numbers as long as the outcomes."""
    for outcome in [item for item in _lists(text) if item.labels or item.binary]:
        for match in _UP_TO.finditer(text):
            first, last = int(match[1]), int(match[2])
            if last - first + 1 == len(outcome.values) >= 4:
                binding.set("y", outcome.values, outcome.source)
                settings = [float(value) for value in range(first, last + 1)]
                binding.set("x", settings, f"question[{match.start(1)}:{match.end(2)}]")
                return True
    return False


def _lists(text: str) -> list[_List]:
    """Runs of numbers and runs of outcome words, each with the word before it."""
    found = []
    for match in _RUN.finditer(text):
        values = [float(item[0]) for item in _ONE.finditer(match[0])]
        found.append(
            _List(
                name=_name_before(text, match.start()),
                values=values,
                start=match.start(),
                end=match.end(),
            )
        )
    for match in _WORDS.finditer(text):
        labels = re.split(r"[\s,]+", match[0].strip())
        if len(labels[0]) > 1 and all(len(label) == 1 for label in labels[1:]):
            labels = labels[1:]  # "leak n n y": the name of the column, not an outcome
        found.append(
            _List(
                name=_name_before(text, match.start()),
                values=[_coded(label) for label in labels],
                start=match.start(),
                end=match.end(),
                labels=labels,
            )
        )
    for match in re.finditer(r"(?<![\w/])([a-d])((?:[\s,]+[a-d](?!\w)){3,})", text):
        labels = re.split(r"[\s,]+", match[0].strip())
        found.append(
            _List(
                name=_name_before(text, match.start()),
                values=[float("nan")] * len(labels),
                start=match.start(),
                end=match.end(),
                labels=labels,
            )
        )
    return sorted(found, key=lambda item: item.start)


def _name_before(text: str, start: int) -> str:
    before = re.search(
        r"([A-Za-zµ][\w\-]*)(?:\s+(?:cm|mm|m|min|h|s|kg|g|c|nm|bar))?\s*[:=(]*\s*$", text[:start]
    )
    return before[1] if before else ""


# what is asked ----------------------------------------------------------------


def _wanted(text: str, binding: Binding) -> None:
    settings = binding.args.get("x") or []
    half = re.search(r"\b[LE][DC]\s?50\b|\bhalf\b", text, re.IGNORECASE)
    share = re.search(
        r"(?<![\w.])(\d{1,2}(?:\.\d+)?)\s*(?:%|percent)(?!\s*(?:confidence|conf\b|ci\b|interval|r\.?h))",
        text,
        re.IGNORECASE,
    )
    if settings and half:
        binding.set("probability", 0.5, f"question[{half.start()}:{half.end()}]")
    elif settings and share and 0 < float(share[1]) < 100:
        binding.set(
            "probability", float(share[1]) / 100, f"question[{share.start(1)}:{share.end(1)}]"
        )
    at = re.search(
        rf"(?:chance|probability|prob|risk|p\s?\(\w+\)|value|odds|predict\w*)[^.?\d]{{0,40}}?\b(?:at|for)\s+(?:\w+\s+)?({_NUM})(?!\s*%(?!\s*r))",
        text,
        re.IGNORECASE,
    )
    if settings and at and min(settings) <= float(at[1]) <= max(settings):
        binding.set("x_new", float(at[1]), f"question[{at.start(1)}:{at.end(1)}]")
    per = re.search(
        rf"\b(?:per|every|each)\s+(?:extra\s+|additional\s+|further\s+)?({_NUM})\s*[a-z]",
        text,
        re.IGNORECASE,
    )
    if settings and per and 0 < float(per[1]) <= max(settings) - min(settings):
        binding.set("per", float(per[1]), f"question[{per.start(1)}:{per.end(1)}]")


BINDERS = {"logistic_regression": bind_logistic_regression}
