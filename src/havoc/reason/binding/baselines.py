"""Arguments of phase I limits: the data of a control chart, and causes that were found."""

from __future__ import annotations

import re

from havoc.reading.number_rows import number_runs
from havoc.reading.number_words import as_digits
from havoc.reason.binding.arguments import Binding, NeedsInput
from havoc.reason.binding.chart_settings import longest_run, n_sigma, told_subgroups
from havoc.reason.binding.counted_samples import DEFECT_WORDS, DEFECTIVE_WORDS, count_pairs
from havoc.reason.binding.evidence import Binder, Evidence
from havoc.reason.binding.processes import bind_control_chart, chart_kind

_NUMBERED = (
    r"(?:\b(?:points?|samples?|sub-?groups?|observations?|values?|readings?|batch|lot|day|week|shift)\s*(?:no\.?|nr\.?|number|#)?|\bno\.?|\bnr\.?|#)"
    r"\s?#?(?P<point>\d{1,6})\b"
)
_CAUSES = (
    re.compile(
        rf"{_NUMBERED}[^.;()\n\d]{{0,40}}\((?P<cause>[A-Za-z][^.;)(\n]{{2,60}})\)", re.IGNORECASE
    ),
    re.compile(
        rf"{_NUMBERED}\s*(?:was|is|came\s+from|had|:|=|because(?:\s+of)?|due\s+to)\s+(?:due\s+to\s+|because\s+of\s+)?"
        r"(?P<cause>[A-Za-z][^.;,)(\n]{2,60})(?![^.;,)(\n])",
        re.IGNORECASE,
    ),
    re.compile(
        r"#\s?(?P<point>\d{1,6})\s(?P<cause>[A-Za-z]+(?:\s(?!rest\b|others?\b)[A-Za-z]+){0,4})",
        re.IGNORECASE,
    ),
    re.compile(
        rf"\b(?:in|at|on)\s+{_NUMBERED}\s+(?P<cause>(?:the|a|an|we|someone|somebody|there)\s[^.;,)(\n]{{2,60}})",
        re.IGNORECASE,
    ),
)
_ROUNDS = re.compile(
    r"(?<![\w.])(\d{1,2})\s+(?:\w+\s+)?(?:rounds?|passes|iterations|cycles)\b|\bmax_?\s?rounds?\s*(?:=|:|of)?\s*(\d{1,2})\b",
    re.IGNORECASE,
)
_KEPT = ("kind", "data", "subgroup_size", "subgroups", "defectives", "defects", "sample_size")
_KINDS = {"auto", "xbar_r", "xbar_s", "i_mr", "p", "np", "c", "u", "laney_p", "laney_u"}
_MEASURED = {"auto", "xbar_r", "xbar_s", "i_mr"}
_LEAST = 5


def bind_phase_one(evidence: Evidence, binding: Binding) -> None:
    if not _in_order(evidence, binding):
        bind_control_chart(evidence, binding)
    kind = binding.args.get("kind", "auto")
    if kind not in _KINDS:
        raise NeedsInput(
            f"phase I limits are not worked out for a {str(kind).replace('_', '-')} chart",
            "which chart of means, single values or counts is meant?",
        )
    if not any(name in binding.args for name in _KEPT[1:]):
        raise NeedsInput("phase I needs the values or counts", "which values were measured?")
    wanted = {*_KEPT, "n_sigma", "unit", *(("rules",) if "rules" in binding.provenance else ())}
    for name in [name for name in binding.args if name not in wanted]:
        del binding.args[name]
        binding.provenance.pop(name, None)
    n_sigma(evidence, binding)
    rounds = _ROUNDS.search(as_digits(evidence.reading.plain))
    if rounds and int(rounds[1] or rounds[2]) >= 1:
        count = int(rounds[1] or rounds[2])
        binding.set("max_rounds", count, f"question[{rounds.start()}:{rounds.end()}]")
    causes = _causes(evidence.reading.plain)
    if causes:
        binding.set("assignable_causes", causes, "question")
    if evidence.has(
        r"\b(?:only|just)\b[^.?]{0,40}\b(?:assignable|known|stated|special|found)\s+causes?\b"
        r"|\bwith\s+(?:a\s+|an\s+)?(?:assignable|known|stated)\s+causes?\b"
        r"|\bonly\s+(?:if|when|where|drop\w*|remov\w*|tak\w*)\b[^.?]{0,40}\b(?:cause|reason|know|explain\w*)"
    ):
        binding.set("remove", "with_cause", "question")


def _causes(text: str) -> dict[str, str]:
    """The cause told of a point, by the number of the point."""
    found: dict[str, str] = {}
    for pattern in _CAUSES:
        for item in pattern.finditer(text):
            found.setdefault(item["point"], item["cause"].strip())
    return dict(sorted(found.items(), key=lambda item: int(item[0])))


def _in_order(evidence: Evidence, binding: Binding) -> bool:
    """Measured values in one list of the text, single or in rows that are called subgroups."""
    text = evidence.reading.plain
    kind = chart_kind(evidence)
    counted = evidence.has(DEFECT_WORDS) or evidence.has(DEFECTIVE_WORDS) or count_pairs(text)
    if evidence.tables or kind not in _MEASURED or counted:
        return False
    lists = [run for run in number_runs(text) if len(run) >= _LEAST]
    rows, size = told_subgroups(evidence)
    if rows:
        source = f"question[{rows[0].start}:{rows[-1].end}]"
        binding.set("subgroups", [row.values for row in rows], source)
        binding.set("kind", kind, "question" if kind != "auto" else "default")
        return True
    run = longest_run(text)
    if len(lists) != 1 or len(run) < _LEAST:
        return False
    source = f"question[{run[0].start}:{run[-1].end}]"
    binding.set("kind", kind, "question" if kind != "auto" else "default")
    binding.set("data", [token.value for token in run], source)
    if size is not None and len(run) % size == 0 and 1 < size < len(run) and kind != "i_mr":
        binding.set("subgroup_size", size, "question")
    unit = next((item.unit for item in evidence.series() if item.unit), "")
    if unit:
        binding.set("unit", unit, source)
    return True


BINDERS: dict[str, Binder] = {"phase_one": bind_phase_one}
