"""Arguments of the analysis of mixture experiments."""

from __future__ import annotations

import re

from havoc.reading.table import Column
from havoc.reason.binding.arguments import Binding, NeedsInput
from havoc.reason.binding.evidence import Binder, Evidence
from havoc.reason.binding.experiment_models import cells_of, measured_rows, set_goal, set_response
from havoc.reason.binding.told_frames import or_told

_MODELS = (
    (r"\bspecial[\s-]cubic", "special_cubic"),
    (r"\bfull[\s-]cubic|\bcubic", "full_cubic"),
    (r"\bquadratic|\bsecond[\s-](?:order|degree)", "quadratic"),
    (r"\blinear(?:ly)?\b(?!\s+(?:or|and|versus|vs)\b)|\bfirst[\s-](?:order|degree)", "linear"),
    (r"\bwhich (?:model|order)\b|\bbest model\b|\bchoose the (?:model|order)", "auto"),
)
_NUMBER = r"(?<![\w.])(?P<value>\d++(?:\.\d++)?|\.\d++)(?![\w.]*\d)"
_TARGET = re.compile(
    rf"\b(?:target(?:\s+of)?|need|want|hits?|reach(?:es)?|aim(?:ing)?(?:\s+(?:at|for))?)\s+(?:a\s+|is\s+|=\s*|of\s+)?{_NUMBER}"
    rf"|{_NUMBER.replace('value', 'before')}[^.;:,\n\d]{{0,24}}\b(?:is|are)\b[^.;:,\n\d]{{0,24}}\b(?:wanted|needed|required|the target)\b",
    re.IGNORECASE,
)
_REST = re.compile(r"\brest\b|\bbalance\b|\bremainder\b", re.IGNORECASE)
_RUN = re.compile(
    r"^(?:#|no\.?|run(?:[\s_]?order)?|std(?:[\s_]?order)?|order|id|blend|mix|recipe)$",
    re.IGNORECASE,
)
_CLOSE = 0.02


def bind_mixture_analysis(evidence: Evidence, binding: Binding) -> None:
    names, shares = _components(evidence, binding)
    table = evidence.tables[0]
    binding.set("components", dict(zip(names, shares, strict=True)), table.source)
    model = next((model for pattern, model in _MODELS if evidence.has(pattern)), None)
    terms = len(names) * (len(names) + 1) // 2
    if model is not None:
        binding.set("model", model, "question")
    elif len(shares[0]) <= terms:
        binding.set("model", "linear", "default")
        binding.warn(
            "{} blends leave nothing to judge a quadratic model by, so the model is linear",
            (len(shares[0]), table.source),
        )
    if evidence.has(r"\bpseudo"):
        binding.set("pseudo_components", True, "question")
    if evidence.has(r"\bpiepel"):
        binding.set("direction", "piepel", "question")
    set_goal(evidence, binding)
    _target(evidence, binding)
    _reference(evidence, binding, names)
    evidence.alpha(binding)


def _components(evidence: Evidence, binding: Binding) -> tuple[list[str], list[list[float]]]:
    """The columns that add up to one total, and the column that does not belong to them."""
    for table in evidence.tables:
        numbers = [
            column
            for column in table.columns
            if column.kind == "number" and not _RUN.match(column.name)
        ]
        for measured in reversed(numbers):
            rest = [column for column in numbers if column is not measured]
            rows = [row for row, value in enumerate(measured.values) if value is not None]
            shares = [_shares(column, rows) for column in rest]
            names = [column.name for column in rest]
            if len(shares) == 1 and _REST.search(evidence.text):
                total = 1.0 if max(shares[0]) <= 1 else 100.0
                shares.append([round(total - share, 12) for share in shares[0]])
                names.append("rest")
            if len(shares) >= 2 and len(rows) >= 3 and _one_total(shares):
                measured_rows(binding, table, measured)
                set_response(binding, table, measured, rows)
                binding.echo(
                    "components {}, response {}",
                    (names, table.source),
                    (measured.name, table.source),
                )
                return names, shares
    raise NeedsInput(
        "the blends and their responses are missing",
        "which shares were run, and what was measured of each blend?",
    )


def _shares(column: Column, rows: list[int]) -> list[float]:
    return [float(value) for value in cells_of(column, rows) if isinstance(value, float)]


def _one_total(shares: list[list[float]]) -> bool:
    totals = [sum(row) for row in zip(*shares, strict=True)]
    return bool(min(totals) > 0 and max(totals) - min(totals) <= _CLOSE * max(totals))


def _target(evidence: Evidence, binding: Binding) -> None:
    target = _TARGET.search(evidence.reading.plain)
    if target is None:
        return
    group = "value" if target["value"] else "before"
    value = float(target[group])
    measured = binding.args["response"]
    if min(measured) <= value <= max(measured):
        binding.set("goal", "target", "question")
        binding.set("target", value, f"question[{target.start(group)}:{target.end(group)}]")


def _reference(evidence: Evidence, binding: Binding, names: list[str]) -> None:
    """ "reference blend 78/21/1", "reference (oil 0.4, water 0.6)"."""
    told = re.search(
        r"\breference\b[^.;:\d\n]{0,40}(?P<shares>[^;:\n]{3,80})", evidence.reading.plain
    )
    if told is None:
        return
    numbers = re.findall(r"(?<![\w.])(?:\d+(?:\.\d+)?|\.\d+)", told["shares"])[: len(names)]
    if len(numbers) == len(names):
        place = f"question[{told.start('shares')}:{told.end('shares')}]"
        shares = [float(number) for number in numbers]
        binding.set("reference", dict(zip(names, shares, strict=True)), place)


BINDERS: dict[str, Binder] = {
    "mixture_analysis": or_told(bind_mixture_analysis, settings=True),
}
