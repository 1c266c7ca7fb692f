"""Arguments of phase I limits: the data of a control chart, and causes that were found."""

from __future__ import annotations

import re

from havoc.reason.binding.arguments import Binding, NeedsInput
from havoc.reason.binding.evidence import Binder, Evidence
from havoc.reason.binding.processes import bind_control_chart

_CAUSE = re.compile(
    r"\b(?:point|sample|subgroup|observation|value|no\.?|#)\s*#?(?P<point>\d{1,6})\b\s*"
    r"(?:was|is|came\s+from|had|:|=|\(|because(?:\s+of)?|due\s+to)\s+(?:due\s+to\s+|because\s+of\s+)?"
    r"(?P<cause>[A-Za-z][^.;,)\n]{2,60})",
    re.IGNORECASE,
)
_KEPT = ("kind", "data", "subgroup_size", "subgroups", "defectives", "defects", "sample_size")
_KINDS = {"auto", "xbar_r", "xbar_s", "i_mr", "p", "np", "c", "u", "laney_p", "laney_u"}


def bind_phase_one(evidence: Evidence, binding: Binding) -> None:
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
    causes = {
        item["point"]: item["cause"].strip() for item in _CAUSE.finditer(evidence.reading.plain)
    }
    if causes:
        binding.set("assignable_causes", causes, "question")
    if evidence.has(
        r"\b(?:only|just)\b[^.?]{0,40}\b(?:assignable|known|stated|special|found)\s+causes?\b"
        r"|\bwith\s+(?:a\s+|an\s+)?(?:assignable|known|stated)\s+causes?\b"
    ):
        binding.set("remove", "with_cause", "question")


BINDERS: dict[str, Binder] = {"phase_one": bind_phase_one}
