"""Arguments of charts of several characteristics: T², generalized variance, MEWMA."""

from __future__ import annotations

import re

from havoc.reason.binding.arguments import Binding, NeedsInput, source_of
from havoc.reason.binding.evidence import Evidence
from havoc.reason.binding.lists import complete_pairs

_KINDS: tuple[tuple[str, str], ...] = (
    (r"generali[sz]ed\s+variance", "generalized_variance"),
    (r"\bmewma\b|multivariate\s+(?:ewma|exponential)", "mewma"),
    (
        r"\bhotelling|\bt[\s-]?(?:squared?\b|²|\^2|2\b)|\bmultivariate|\bjoint(?:ly)?\b"
        r"|\bcorrelated\b.{0,40}\b(?:monitor|card|chart|alarm)",
        "t2",
    ),
)
_TOGETHER = (
    r"\b(?:one|single|same)\s+(?:chart|card|alarm|map)\s+for\s+(?:both|the\s+(?:two|pair))"
    r"|\bboth\b[^.?]{0,20}\bin\s+(?:one|a\s+single|the\s+same)\s+(?:chart|card)"
    r"|\bcorrelat\w*[^.?]{0,60}\b(?:together|jointly|at\s+once|combin\w+)\b|\bstrange\s+(?:in\s+)?combination|\bcombination\b[^.?]{0,30}\b(?:odd|strange|unusual)"
    r"|\btogether\s+(?:in|on)\s+(?:one|a\s+single|the\s+same)\s+(?:chart|card)"
)
_BASELINE = re.compile(
    r"\b(?:first|baseline(?:\s+of)?|phase\s+(?:i|1)\W{1,4}(?:the\s+)?(?:first\s+)?)\s*(\d{1,6})\s*"
    r"(?:rows|observations|points|samples|parts|values|subgroups|units|batches|batch)\b",
    re.IGNORECASE,
)
_ARL0 = re.compile(
    r"\b(?:arl_?\(?0\)?|in[\s-]control\s+(?:arl|run\s+length))\s*(?:=|of|is)?\s*(\d++(?:\.\d++)?)",
    re.IGNORECASE,
)


def bind_joint_chart(evidence: Evidence, binding: Binding) -> bool:
    """Set the arguments if the question names such a chart."""
    kind = next((kind for pattern, kind in _KINDS if evidence.has(pattern)), None)
    series = [item for item in evidence.series() if len(item.values) > 1]
    if kind is None and len(series) >= 2 and evidence.has(_TOGETHER):
        kind = "t2"
    if kind is None:
        return False
    if len(series) < 2:
        raise NeedsInput(
            "a multivariate chart needs the values of at least two characteristics",
            "which columns hold the characteristics of the same parts?",
        )
    binding.set("kind", kind, "question")
    columns = complete_pairs(binding, *series)
    names = [item.name or f"characteristic {i}" for i, item in enumerate(series, start=1)]
    binding.set("columns", dict(zip(names, columns, strict=True)), series[0].source)
    binding.echo(
        "{} characteristics of {} observations",
        (len(series), series[0].source),
        (len(columns[0]), series[0].source),
    )
    size = evidence.scalar("subgroup_size")
    if size is not None and size.value > 1:
        binding.take_count("subgroup_size", size)
        binding.echo("subgroups of {}", (int(size.value), source_of(size)))
    elif kind == "generalized_variance":
        raise NeedsInput(
            "a generalized variance chart needs subgroups",
            "how many consecutive observations form a subgroup?",
        )
    text = evidence.reading.plain
    if kind == "t2":
        binding.take("alpha", evidence.scalar("alpha"), fraction=True)
    if kind == "mewma":
        binding.take("lambda", evidence.scalar("lambda"))
        binding.take("h", evidence.scalar("h"))
        wanted = _ARL0.search(text)
        if wanted and float(wanted[1]) > 1:
            binding.set("arl0", float(wanted[1]), f"question[{wanted.start(1)}:{wanted.end(1)}]")
    if evidence.has(r"successive\s+difference|sullivan"):
        binding.set("covariance_method", "differences", "question")
    first = _BASELINE.search(text)
    if first and 1 < int(first[1]) <= len(columns[0]):
        binding.set("baseline", int(first[1]), f"question[{first.start(1)}:{first.end(1)}]")
    return True
