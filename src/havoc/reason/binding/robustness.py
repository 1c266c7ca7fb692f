"""Arguments of the signal-to-noise analysis of a Taguchi experiment."""

from __future__ import annotations

import re

from havoc.reading.factor_names import COUNT, number_of, read_names
from havoc.reading.factors import read_all_factors
from havoc.reading.notation import normalise
from havoc.reading.run_results import NUM
from havoc.reading.table import Column
from havoc.reason.binding.arguments import Binding, NeedsInput
from havoc.reason.binding.array_results import ArrayResults, array_results, told_levels
from havoc.reason.binding.design_terms import stated_count
from havoc.reason.binding.evidence import Evidence
from havoc.reason.binding.experiment_analysis import further_responses
from havoc.tools.doe.orthogonal_arrays import LEVELS, orthogonal_array

_RATIO = re.compile(
    r"\bs\s?/\s?n\b|\bsn\s+ratio|\bsignal\b|\b(?:smaller|larger|bigger|higher|lower)[\s-]+(?:is|the|are)?[\s-]*(?:the[\s-]+)?"
    r"better\b|\bnominal\b|\b(?:większ|mniejsz)\w+\s+lepsz|\b(?:größer|kleiner)\w*\s+(?:ist\s+)?besser|\bplus\s+(?:grand|petit)\w*\b[^.]{0,12}mieux|"
    r"\b(?:mayor|maior|menor)\s+(?:es\s+|é\s+)?(?:mejor|melhor)",
    re.I,
)
_GOALS = (
    (r"\bnominal\b(?!\s+is\s+not)", "nominal"),
    (
        r"\b(?:smaller|lower|less)[\s-]+(?:is[\s-]+|the[\s-]+|are[\s-]+)*better\b|\bmniejsz\w+\s+lepsz|\bkleiner\w*\s+(?:ist\s+)?besser|\bplus\s+petit\w*\b[^.]{0,12}mieux|\bmenor\s+(?:es\s+|é\s+)?me[jl]h?or",
        "smaller",
    ),
    (
        r"\b(?:larger|bigger|higher|more)[\s-]+(?:is[\s-]+|the[\s-]+|are[\s-]+)*better\b|\bwiększ\w+\s+lepsz|\bgrößer\w*\s+(?:ist\s+)?besser|\bplus\s+grand\w*\b[^.]{0,12}mieux|\bma[iy]or\s+(?:es\s+|é\s+)?me[jl]h?or",
        "larger",
    ),
)
_ARRAY = re.compile(r"\bl\s?(4|8|9|12|16|18|25|27|32)\b", re.I)
_LIST = rf"{NUM}(?:\s*,\s*{NUM}|\s+{NUM})*"
_RUN_ROW = re.compile(rf"\brun\s*\d{{1,2}}\s*(?:[:=]|\by\b)?\s*(?P<values>{_LIST})(?!\s*/)", re.I)
_RUN_SUMMARY = re.compile(rf"\brun\s*\d{{1,2}}\s*[:=]?\s*(?P<mean>{NUM})\s*/\s*(?P<sd>{NUM})", re.I)
_SLASHED_ROWS = re.compile(rf"(?<![\w.]){_LIST}(?:\s*/\s*{_LIST}){{2,}}")
_PLAIN = re.compile(rf"(?<![\w.\-]){NUM}(?:\s*,\s*{NUM}|\s+{NUM})+(?![\w.]*\d)")


def is_signal_to_noise(evidence: Evidence) -> bool:
    """An analysis is wanted: a ratio is named and there are measured values."""
    return bool(_RATIO.search(evidence.text)) and _values(evidence) is not None


def _values(evidence: Evidence) -> tuple[str, list[list[float]], str] | None:
    """ "summary" with (mean, sd) rows, "rows" with repeats of every run, or "plain" values."""
    text = evidence.reading.plain
    summaries = list(_RUN_SUMMARY.finditer(text))
    if len(summaries) >= 2:
        rows = [[float(match["mean"]), float(match["sd"])] for match in summaries]
        return "summary", rows, f"question[{summaries[0].start()}:{summaries[-1].end()}]"
    runs = list(_RUN_ROW.finditer(text))
    if len(runs) >= 2:
        rows = [[float(value) for value in re.findall(NUM, match["values"])] for match in runs]
        return "rows", rows, f"question[{runs[0].start()}:{runs[-1].end()}]"
    # without a slash every number of a long list would be tried as a begin
    slashed = _SLASHED_ROWS.search(text) if "/" in text else None
    if slashed and any(" " in part.strip() or "," in part for part in slashed[0].split("/")):
        rows = [[float(value) for value in re.findall(NUM, part)] for part in slashed[0].split("/")]
        return "rows", rows, f"question[{slashed.start()}:{slashed.end()}]"
    lines = [item.numbers for item in evidence.rows()]
    if len(lines) >= 2 and len(lines[0]) >= 2 and len({len(row) for row in lines}) == 1:
        return "rows", lines, evidence.rows()[0].source
    plain = max(_PLAIN.finditer(text), key=lambda match: len(match[0].split()), default=None)
    levels = {tuple(item.levels) for item in read_all_factors(text).factors if item.levels}
    if plain is not None:
        values = [float(value) for value in re.findall(NUM, plain[0])]
        if len(values) >= 3 and (len(levels) < 2 or len(values) >= 4):
            return "plain", [values], f"question[{plain.start()}:{plain.end()}]"
    return None


_SMALL = r"(?:small|low|short|few|less|quiet|little)(?:er|est)?"
_LARGE = r"(?:large|high|big|great|more|strong|long)(?:g?er|g?est)?"
_BETTER = r"(?:\s+(?:is|are|the|=))*\s*=?\s*(?:better|btr|good|best|desired|wanted)"
_WISHES = (
    (rf"\b{_SMALL}(?:\s+(?!or\b)\w+){{0,2}}{_BETTER}\b", "smaller"),
    (
        rf"\b{_LARGE}(?:\s+(?!or\b)\w+){{0,2}}{_BETTER}\b|\bthe\s+(?:higher|more|larger),?\s+the\s+better\b",
        "larger",
    ),
    (rf"\bas\s+{_SMALL}\s+as\s+possible\b", "smaller"),
    (rf"\bas\s+{_LARGE}\s+as\s+possible\b", "larger"),
    (
        r"\b(?:dose|value|\w+)\s+(?:must|shall|should)\s+be\s+\d|\baim(?:ed)?\s+(?:at\s+)?\d|\btarget\s+\d|\bon\s+target\b",
        "nominal",
    ),
    (
        rf"\b(?:must|should|shall|stays?|kept|keep|be)\s+(?:\w+\s+)?(?:{_SMALL}|minimal)\b",
        "smaller",
    ),
    (rf"\b{_SMALL}(?:\s+and\s+\w+)?\s+is\s+(?:desired|wanted|best)", "smaller"),
    (rf"\b(?:must|should|shall|stays?|kept|keep|be)\s+(?:\w+\s+)?(?:{_LARGE}|maximal)\b", "larger"),
    (
        r"\b(?:least|lowest|smallest|shortest|fewest|minimal)\s+(?!(?:jitter|scatter|sensitive|spread|influence|variation)\b)\w",
        "smaller",
    ),
    (
        r"\b(?:highest|largest|strongest|longest|maximal|holds?\s+best|want\s+(?:\w+\s+){0,2}(?:high|life|strength))",
        "larger",
    ),
)


def _goal_of(evidence: Evidence) -> str | None:
    for pattern, goal in (*_GOALS, *_WISHES):
        if evidence.has(pattern):
            return goal
    return "nominal" if _TARGET.search(evidence.text) else None


def bind_taguchi_analyze(evidence: Evidence, binding: Binding) -> None:
    goal = _goal_of(evidence)
    if goal is None:
        raise NeedsInput(
            "the S/N ratio depends on what is wanted of the response",
            "is smaller better, larger better, or a nominal value best?",
        )
    binding.set("goal", goal, "question")
    array = _ARRAY.search(evidence.text)
    runs = int(array[1]) if array else 0
    text = normalise(evidence.reading.text)
    told = array_results(text, runs) if runs else None
    if evidence.tables:
        try:
            _from_table(evidence, binding)
        except NeedsInput:
            if told is None:
                raise
        else:
            _target(evidence, binding, goal)
            return
    if told is not None:
        _from_told(evidence, binding, told, runs)
        _target(evidence, binding, goal)
        return
    found = _values(evidence)
    if found is None:
        raise NeedsInput(
            "the measured responses are missing", "what was measured in each run of the array?"
        )
    kind, rows, source = found
    if kind == "summary":
        binding.set("means", [row[0] for row in rows], source)
        binding.set("sds", [row[1] for row in rows], source)
    else:
        binding.set("response", rows if kind == "rows" else rows[0], source)
    if kind != "plain":
        _target(evidence, binding, goal)
    _array(evidence, binding, len(rows) if kind != "plain" else len(rows[0]), kind)


_COLUMNS = re.compile(
    r"\b(?:columns?|cols)\s+(?P<columns>(?:\d{1,2}|one|two|three|four)(?:(?:\s*,\s*|\s+and\s+|\s+to\s+|\s+)(?:\d{1,2}|one|two|three|four|five|six|seven))+)",
    re.IGNORECASE,
)


def _from_told(evidence: Evidence, binding: Binding, told: ArrayResults, runs: int) -> None:
    """The results of all runs of an array, with its factors where their levels are told."""
    if told.rows is not None:
        single = all(len(row) == 1 for row in told.rows)
        binding.set("response", [row[0] for row in told.rows] if single else told.rows, told.source)
    else:
        binding.set("means", told.means, told.source)
        binding.set("sds", told.sds, told.source)
    array = f"L{runs}"
    binding.set("array", array, "question")
    levels = LEVELS[array]
    found = told_levels(normalise(evidence.reading.text), told.source, max(levels))
    if 2 <= len(found) <= len(levels):
        binding.set("factors", found, "question")
        columns = _COLUMNS.search(evidence.text)
        places = [int(item) for item in re.findall(r"\d+", columns["columns"])] if columns else []
        if len(places) == len(found):
            binding.set("columns", places, "question")
        return
    names = read_names(read_all_factors(evidence.reading.plain).remaining, stated_count(evidence))
    if names and all(len(name) == 1 for name in names):
        binding.set("factors", names, "question")
        return
    count = _FACTOR_COUNT.search(evidence.text)
    stated = number_of(count["count"]) if count else stated_count(evidence)
    if stated is not None and 1 < stated <= len(levels):
        binding.set("n_factors", stated, "question")


_TARGET = re.compile(
    rf"\b(?:nominal|target|aim)\s+(?:value\s+|is\s+best\W{{1,3}})?(?:of\s+|at\s+|is\s+|=\s*)?({NUM})"
    rf"|\b(?:must|shall|should)\s+be\s+({NUM})|\b(?:gives?|get|hits?)\s+(?:an?\s+)?[a-z]{{1,12}}\s+({NUM})\s+with\b"
)
_FACTOR_COUNT = re.compile(rf"(?<![\w.]){COUNT}\s+(?:factors?|knobs?)\b", re.IGNORECASE)


def _target(evidence: Evidence, binding: Binding, goal: str) -> None:
    target = _TARGET.search(evidence.text)
    if target and goal == "nominal":
        value = next(item for item in target.groups() if item)
        binding.set("target", float(value), f"question[{target.start()}:{target.end()}]")


_RUN_NUMBER = re.compile(r"^(?:#|no\.?|exp\w*|run|trial|order|id)(?:[\s_]?(?:no|nr|order))?$", re.I)
_REPEAT = re.compile(r"^(?:y|r|n|rep\w*|resp\w*|result|obs\w*|value)[\s_]?\d{0,2}$", re.I)
_MOST_LEVELS = 5


def _from_table(evidence: Evidence, binding: Binding) -> None:
    """Columns of settings that make up an orthogonal array, and the repeats of every run."""
    for table in evidence.tables:
        columns = [column for column in table.columns if not _RUN_NUMBER.match(column.name)]
        measured = further_responses(columns)
        responses = [
            column
            for column in columns
            if column.kind == "number" and (column in measured or _REPEAT.match(column.name))
        ]
        settings = [
            column
            for column in columns
            if column not in responses and 2 <= len(set(column.values)) <= _MOST_LEVELS
        ]
        if not responses or not settings or any(None in column.values for column in columns):
            continue
        array, places, order = _orthogonal(settings, table.rows)
        names = [column.name for column in settings]
        source = f"{table.source}#{responses[0].name}"
        rows = [[column.values[row] for column in responses] for row in order]
        binding.set("response", rows if len(responses) > 1 else [row[0] for row in rows], source)
        binding.set("array", array, table.source)
        binding.set(
            "factors",
            [{"name": column.name, "levels": _levels(column)} for column in settings],
            table.source,
        )
        binding.set("columns", places, table.source)
        binding.echo(
            "factors {} on columns {} of {}, repeats {}",
            (names, table.source),
            (places, table.source),
            (array, table.source),
            ([column.name for column in responses], source),
        )
        return
    raise NeedsInput(
        "the settings of the factors or the measured responses are missing",
        "which columns hold the factors, and which the repeats of every run?",
    )


def _levels(column: Column) -> list[float | str]:
    """The settings in their order: numbers by size, words by the alphabet."""
    values = {value for value in column.values if value is not None}
    return sorted(values, key=lambda value: (isinstance(value, str), value))


def _orthogonal(settings: list[Column], runs: int) -> tuple[str, list[int], list[int]]:
    """The array, the column of each factor, and the rows in the standard order of the array."""
    coded = [
        [_levels(column).index(value) + 1 for value in column.values if value is not None]
        for column in settings
    ]
    typed = list(range(runs))
    for array in (name for name in LEVELS if int(name[1:]) == runs):
        matrix = orthogonal_array(array)
        first = int(matrix.min())
        standard = [[int(value) - first + 1 for value in column] for column in matrix.T]
        for order in (typed, sorted(typed, key=lambda row: [column[row] for column in coded])):
            runs_in_order = [[column[row] for row in order] for column in coded]
            places = [
                standard.index(column) + 1 if column in standard else 0 for column in runs_in_order
            ]
            if all(places) and len(set(places)) == len(places):
                return array, places, order
    raise NeedsInput(
        f"the {runs} runs are not those of a standard orthogonal array",
        "may the runs be analysed as a general factorial experiment instead?",
    )


def _array(evidence: Evidence, binding: Binding, count: int, kind: str) -> None:
    """The array and its factors, where the runs fill it."""
    array = _ARRAY.search(evidence.text)
    if not array:
        return
    size = int(array[1])
    if count % size if kind == "plain" else count != size:
        if count > 2:
            binding.warn(
                "{} runs are fewer than the {} of the array, so levels are not compared",
                (count, "question"),
                (size, "question"),
            )
        return
    binding.set("array", f"L{size}", f"question[{array.start()}:{array.end()}]")
    read = read_all_factors(evidence.reading.plain)
    stated = stated_count(evidence)
    names = read_names(read.remaining, stated)
    if names and all(len(name) == 1 for name in names):
        binding.set("factors", names, "question")
    elif stated is not None and 1 < stated < size:
        binding.set("n_factors", stated, "question")
