"""Arguments of an accelerated life test: lives under their stress, the stress in use, the model."""

from __future__ import annotations

import re
from collections import Counter

import msgspec

from havoc.reading.number_pieces import UNSIGNED
from havoc.reading.table import Column, Table
from havoc.reason.binding.arguments import Binding, NeedsInput
from havoc.reason.binding.evidence import Binder, Evidence
from havoc.reason.binding.life_segments import lives_of
from havoc.reason.binding.life_studies import WITHOUT_THRESHOLD, set_distribution, several
from havoc.reason.binding.life_tables import Group, flag_in_row, is_status, number_column, number_in
from havoc.reason.binding.lifetimes import without_levels
from havoc.reason.binding.marked_times import TIME_UNIT, without
from havoc.reason.binding.reliability import percentages, times_asked

_SYMBOL = (
    r"(?:°\s?[CF]?|deg(?:rees?)?\.?\s?[CF]?(?![a-z])|[CKVNAW](?![\w'’])|[kKmM][VNAWP]a?(?![\w])|bar(?![a-z])|psi\b|[MGk]?Pa\b|MPa\b|k?Hz\b|"
    r"%\s?(?:r\.?h\.?(?![a-z])|load\b|humidity\b)?|rh(?![a-z])|volts?\b|amps?\b|newtons?\b|g(?![\w])|rpm\b|k?lux\b|times\s+load\b)"
)
_SEPARATOR = r"\s*(?:->|=>|→|[:>({,=–—-])?\s*"
_WORDS = r"(?:\(?[a-z]+\.?\s+){0,4}?"
_STRESS = re.compile(
    rf"(?<![\w.])(?P<value>{UNSIGNED})(?![.]?\d)\s?(?P<unit>{_SYMBOL})", re.IGNORECASE
)
_KEYED = re.compile(
    rf"\b(?P<key>load|stress|level|voltage|temperature|pressure|humidity|rh|current|stress\s+level)\s*(?:of|=)?\s*(?P<value>{UNSIGNED})(?![.]?\d)(?!\s*(?:,|and|&)\s*\d+\s*(?:,|and|&|\)))",
    re.IGNORECASE,
)
_ARROW = re.compile(
    rf"(?<![\w.])(?P<value>{UNSIGNED})(?![.]?\d)\s*(?:->|=>|→|:(?!\d))(?=\s*{UNSIGNED})"
)
_FOLLOWED = re.compile(
    rf"{_SEPARATOR}{_WORDS}\(?\s*(?:(?:at|after)\s+)?(?:one\s+\w+\s+\w+\s+)?{UNSIGNED}(?!\s*{_SYMBOL})",
    re.IGNORECASE,
)
_STOP = re.compile(r"[;?!\n|]|\s/\s|\.(?!\d)(?=\s|$)")
_LIVES_BEFORE = re.compile(rf"\d\s*(?:{TIME_UNIT})?\s+(?:with|at|under|@)\s*$", re.IGNORECASE)
_IN_USE = re.compile(
    r"\b(?:use|used\s+at|in\s+use|we\s+(?:run|use|load)|normal\w*|operat\w*|service)\s*(?:is|at|of|:|=)?\s*$",
    re.IGNORECASE,
)
_USE_WORD = re.compile(
    r"\b(?:use[ds]?|usage|normal\w*|operat\w*|service|field|practice|real|run|runs|shelf|store[ds]?|room|reach|body|office|cabinet|shop|floor|"
    r"down\s+to|extrapolat\w*|customer|patients?|is|at|to|for|on|only|under|rated?)\b",
    re.IGNORECASE,
)
_BARE_USE = re.compile(
    rf"\b(?:use\s+(?:stress|level|temp\w*|load)|in\s+use|use[ds]?|normal|operating|service|practice|extrapolat\w*|cabinet|shop|office|real\s+life|run|down)"
    rf"\b[^.;?\d]{{0,24}}?(?<![\w.])({UNSIGNED})(?![.]?\d)(?!\s*(?:{TIME_UNIT}|%))",
    re.IGNORECASE,
)
_AT_USE = re.compile(
    rf"\b(?:at|for|to)\s+(?:a\s+)?({UNSIGNED})(?![.]?\d)(?!\s*(?:{TIME_UNIT}|%))", re.IGNORECASE
)
_STRESS_NAME = r"^(?:stress|temp\w*|t_?c|volt\w*|load|pressure|rh|humidity|celsius|bar|[mk]?pa|k?v|k?n|amps?|force|current|level)\b"
_COUNTED = re.compile(rf"(?<![\w.])({UNSIGNED})\s?x\s?(\d{{1,6}})(?![\w.])", re.IGNORECASE)


class _Test(msgspec.Struct, kw_only=True):
    """The lives of the units at one stress."""

    stress: float
    lives: Group
    counts: list[int]
    start: int
    end: int


def bind_accelerated_life(evidence: Evidence, binding: Binding) -> None:
    text = without_levels(evidence, evidence.reading.plain)
    rest = text
    unit = ""
    if not _table(evidence, binding):
        tests, unit = _tests(text)
        if len(tests) >= 2:
            _set_tests(binding, tests)
            rest = without(rest, [(test.start, test.end) for test in tests])
        else:
            _stress_groups(evidence, binding)
    _model(evidence, binding, unit)
    set_distribution(evidence, binding, WITHOUT_THRESHOLD - {"exponential"})
    rest = _use(binding, rest, unit)
    evidence.confidence_of_limits(binding)
    percentages(binding, text, rest)
    times_asked(binding, rest)


def _model(evidence: Evidence, binding: Binding, unit: str) -> None:
    if evidence.has(
        r"\bexponential\s+(?:law|relation|model|in)|\blog[\s-]linear|\bln\s+(?:of\s+)?(?:the\s+)?life\b|\blog\s+life\b"
    ):
        binding.set("model", "exponential", "question")
    elif not evidence.has(r"\barrhenius") and (
        evidence.has(
            r"\binverse[\s-]power|\bpower[\s-](?:law|model)|\bipl\b|\bvolt|\bload\b|\bpressure\b|\bwhat\s+power\b"
        )
        or re.fullmatch(r"k?v|k?n|bar|[mk]?pa|psi", unit.lower())
    ):
        binding.set("model", "inverse_power", "question")


# tables -----------------------------------------------------------------------------------


def _table(evidence: Evidence, binding: Binding) -> bool:
    for table in evidence.tables:
        columns = _columns(table)
        if columns is None:
            continue
        stress, time, status, count = columns
        rows = [
            row
            for row in range(table.rows)
            if number_in(time, row) is not None and number_in(stress, row) is not None
        ]
        source = f"{table.source}#{time.name}"
        binding.set("time", [number_in(time, row) for row in rows], source)
        binding.set(
            "stress", [number_in(stress, row) for row in rows], f"{table.source}#{stress.name}"
        )
        binding.set("censored", [flag_in_row(evidence, status, row) for row in rows], source)
        if count is not None:
            binding.set("counts", [int(number_in(count, row) or 1) for row in rows], source)
        if time.unit:
            binding.set("unit", time.unit, source)
        return True
    return False


def _columns(table: Table) -> tuple[Column, Column, Column | None, Column | None] | None:
    """Stress, time, status and count of a table of lives."""
    status = next((column for column in table.columns if is_status(column)), None)
    numbers = [c for c in table.columns if c.kind == "number" and c is not status]
    repeated = [c for c in numbers if 1 < len(set(c.present)) <= len(c.present) // 2 + 1]
    stress = number_column(table, _STRESS_NAME) or next(iter(repeated), None)
    if stress is None or stress is status or len(set(stress.present)) == len(stress.present):
        return None
    others = [c for c in numbers if c is not stress]
    count = next(
        (c for c in others if re.match(r"count|n$|pcs|pieces|qty|units|freq", c.name, re.I)), None
    )
    if count is None and len(others) == 2 and not table.header:
        # without names: stress, time and how many units
        count = min(others, key=lambda column: max(number_of(column)))
        count = count if all(value == int(value) >= 1 for value in number_of(count)) else None
    times = [c for c in others if c is not count]
    return (stress, times[0], status, count) if len(times) == 1 and table.rows >= 4 else None


def number_of(column: Column) -> list[float]:
    return [value for value in column.present if isinstance(value, float)]


# prose ------------------------------------------------------------------------------------


def _tests(text: str) -> tuple[list[_Test], str]:
    """Every stress with its lives, and the symbol of the stress."""
    heads = list(_STRESS.finditer(text))
    symbols = Counter(_plain(head["unit"]) for head in heads)
    for symbol, times in symbols.most_common(3):
        same = [head for head in heads if _plain(head["unit"]) == symbol]
        if times < 2:
            continue
        led = sum(
            _LIVES_BEFORE.search(text[max(0, h.start() - 24) : h.start()]) is not None for h in same
        )
        tests = _in_front(text, same) if led >= 2 else _behind(text, same)
        if len({test.stress for test in tests}) >= 2:
            return tests, symbol
    for pattern in (_ARROW, _KEYED):
        tests = _behind(text, list(pattern.finditer(text)))
        if len({test.stress for test in tests}) >= 2:
            return tests, ""
    return [], ""


def _plain(symbol: str) -> str:
    return re.sub(r"[\s.°]|deg(?:rees?)?|\b(?:load|humidity|times)\b", "", symbol.lower()) or "c"


def _behind(text: str, heads: list[re.Match[str]]) -> list[_Test]:
    tests: list[_Test] = []
    begins = [*(head.start() for head in heads), len(text)]
    for head, behind in zip(heads, begins[1:], strict=True):
        in_use = _IN_USE.search(text[max(0, head.start() - 24) : head.start()])
        if in_use or not _FOLLOWED.match(text, head.end()):
            continue
        stop = _STOP.search(text, head.end(), behind)
        end = stop.start() if stop else behind
        found = _test(text, float(head["value"]), head.start(), head.end(), end)
        if found is not None:
            tests.append(found)
    return tests


def _in_front(text: str, heads: list[re.Match[str]]) -> list[_Test]:
    """ "2200 and 2600 h with 80 °C, 900, 1100 h with 100 °C"."""
    tests: list[_Test] = []
    begin = 0
    for head in heads:
        if not _LIVES_BEFORE.search(text[max(0, head.start() - 24) : head.start()]):
            continue
        stops = [match.end() for match in _STOP.finditer(text, begin, head.start())]
        start = stops[-1] if stops else begin
        found = _test(text, float(head["value"]), start, start, head.start())
        begin = head.end()
        if found is not None:
            tests.append(msgspec.structs.replace(found, end=head.end()))
    return tests


def _test(text: str, stress: float, start: int, begin: int, end: int) -> _Test | None:
    counted = list(_COUNTED.finditer(text, begin, end))
    if len(counted) >= 2:
        lives = Group(
            name="",
            time=[float(match[1]) for match in counted],
            censored=[0] * len(counted),
            source=f"question[{begin}:{end}]",
        )
        counts = [int(match[2]) for match in counted]
        return _Test(stress=stress, lives=lives, counts=counts, start=start, end=end)
    read = lives_of(text, begin, end)
    if read is None:
        return None
    return _Test(stress=stress, lives=read, counts=[1] * len(read.time), start=start, end=end)


def _set_tests(binding: Binding, tests: list[_Test]) -> None:
    source = f"question[{tests[0].start}:{tests[-1].end}]"
    binding.set("time", [time for test in tests for time in test.lives.time], source)
    binding.set("censored", [flag for test in tests for flag in test.lives.censored], source)
    binding.set("stress", [test.stress for test in tests for _ in test.lives.time], source)
    counts = [count for test in tests for count in test.counts]
    if max(counts) > 1:
        binding.set("counts", counts, source)
    unit = next((test.lives.unit for test in tests if test.lives.unit), "")
    if unit:
        binding.set("unit", unit, source)
    binding.echo(
        "{} stresses: {}",
        (len(tests), source),
        ([test.stress for test in tests], source),
    )


def _stress_groups(evidence: Evidence, binding: Binding) -> None:
    """Lists under a label that holds the stress: "oven 150: 100 120"."""
    groups = several(evidence, "an accelerated test")
    stresses: list[float] = []
    times: list[float] = []
    censored: list[int] = []
    for group in groups:
        number = re.search(rf"(?<![\d.])({UNSIGNED})", group.name)
        if number is None:
            raise NeedsInput(
                "it is not clear which units ran at which stress",
                "what was the stress (temperature, voltage, load) of each unit?",
            )
        stresses += [float(number[1])] * len(group.time)
        times += group.time
        censored += group.censored
    binding.set("time", times, groups[0].source)
    binding.set("censored", censored, groups[0].source)
    binding.set("stress", stresses, groups[0].source)


def _use(binding: Binding, rest: str, unit: str) -> str:
    """The stress in use: untested, with the same symbol, or with a word of use in front."""
    tested = set(binding.args["stress"])
    same = [head for head in _STRESS.finditer(rest) if not unit or _plain(head["unit"]) == unit]
    untested = [head for head in same if float(head["value"]) not in tested]
    named = [
        head
        for head in untested
        if _USE_WORD.search(rest[max(0, head.start() - 40) : head.start()])
    ]
    chosen: re.Match[str] | None = next(iter(named or untested), None)
    place = "value"
    if chosen is None:
        bare = [
            match for pattern in (_BARE_USE, _KEYED, _AT_USE) for match in pattern.finditer(rest)
        ]
        chosen = next((m for m in bare if _value(m) not in tested), None) or next(iter(bare), None)
        place = "" if chosen is None else "value" if "value" in chosen.re.groupindex else ""
    if chosen is None:
        return rest
    start, end = chosen.span(place or 1)
    binding.set("use_stress", float(rest[start:end]), f"question[{start}:{end}]")
    return without(rest, [*(head.span("value") for head in same), (start, end)])


def _value(match: re.Match[str]) -> float:
    return float(match["value"] if "value" in match.re.groupindex else match[1])


BINDERS: dict[str, Binder] = {"accelerated_life": bind_accelerated_life}
