"""Arguments of the signal-to-noise analysis of a Taguchi experiment."""

from __future__ import annotations

import re

from havoc.reading.factor_names import read_names
from havoc.reading.factors import read_all_factors
from havoc.reading.run_results import NUM
from havoc.reason.binding.design_terms import stated_count
from havoc.reason.binding.evidence import Binding, Evidence, NeedsInput

_RATIO = re.compile(
    r"\bs\s?/\s?n\b|\bsn\s+ratio|\bsignal\b|\b(?:smaller|larger|bigger|higher|lower)[\s-]+(?:is|the|are)?[\s-]*(?:the[\s-]+)?"
    r"better\b|\bnominal\b",
    re.I,
)
_GOALS = (
    (r"\bnominal\b(?!\s+is\s+not)", "nominal"),
    (r"\b(?:smaller|lower|less)[\s-]+(?:is[\s-]+|the[\s-]+|are[\s-]+)*better\b", "smaller"),
    (r"\b(?:larger|bigger|higher|more)[\s-]+(?:is[\s-]+|the[\s-]+|are[\s-]+)*better\b", "larger"),
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
    slashed = _SLASHED_ROWS.search(text)
    if slashed and any(" " in part.strip() or "," in part for part in slashed[0].split("/")):
        rows = [[float(value) for value in re.findall(NUM, part)] for part in slashed[0].split("/")]
        return "rows", rows, f"question[{slashed.start()}:{slashed.end()}]"
    plain = max(_PLAIN.finditer(text), key=lambda match: len(match[0].split()), default=None)
    levels = {tuple(item.levels) for item in read_all_factors(text).factors if item.levels}
    if plain is not None:
        values = [float(value) for value in re.findall(NUM, plain[0])]
        if len(values) >= 3 and (len(levels) < 2 or len(values) >= 4):
            return "plain", [values], f"question[{plain.start()}:{plain.end()}]"
    return None


def bind_taguchi_analyze(evidence: Evidence, binding: Binding) -> None:
    goal = next((goal for pattern, goal in _GOALS if evidence.has(pattern)), None)
    if goal is None:
        raise NeedsInput(
            "the S/N ratio depends on what is wanted of the response",
            "is smaller better, larger better, or a nominal value best?",
        )
    binding.set("goal", goal, "question")
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
    target = re.search(
        rf"\b(?:nominal|target)\s+(?:value\s+)?(?:of\s+|is\s+|=\s*)?({NUM})", evidence.text
    )
    if target and goal == "nominal" and kind != "plain":
        binding.set("target", float(target[1]), f"question[{target.start()}:{target.end()}]")
    _array(evidence, binding, len(rows) if kind != "plain" else len(rows[0]), kind)


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
