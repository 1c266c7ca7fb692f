"""Arguments of methods that choose among predictors: stepwise selection and best subsets."""

from __future__ import annotations

import re

from havoc.reading.number_words import as_digits
from havoc.reason.binding.arguments import Binding, NeedsInput
from havoc.reason.binding.evidence import Binder, Evidence
from havoc.reason.binding.linear_models import (
    Frame,
    choose_response,
    complete_rows,
    frame_of,
    predictors_of,
)
from havoc.reason.binding.listed_response import without_lists

DEFAULT_LEVEL = 0.15
_LEVEL = r"(?:alpha|p|p-value|sig\w*|level|limit)?\s*(?:is|of|at|to|with|when|if|below|under|p|alpha|=|:|<|>|≤|≥|\s){0,8}(0?\.\d{1,4})"
_ENTER = r"(?:enter\w*|entry|in|add\w*|inclu\w*)"
_LEAVE = r"(?:remov\w*|removal|leav\w*|stay\w*|out|exit\w*|drop\w*|eliminat\w*|delet\w*|exclu\w*)"
_BOTH_LEVELS = re.compile(
    rf"\b{_ENTER}\s*(?:/|and|&|or|\+)\s*(?:to[\s-]+)?{_LEAVE}\s*{_LEVEL}(?!\d)", re.IGNORECASE
)
_ENTER_LEVEL = re.compile(
    rf"(?:\b(?:alpha|p)(?:[\s-]+(?:value\s+)?(?:to|of|for)[\s-]+|[\s-]){_ENTER}|\b{_ENTER})\s*{_LEVEL}(?!\d)",
    re.IGNORECASE,
)
_LEAVE_LEVEL = re.compile(
    rf"(?:\b(?:alpha|p)(?:[\s-]+(?:value\s+)?(?:to|of|for)[\s-]+|[\s-]){_LEAVE}|\b{_LEAVE})\s*{_LEVEL}(?!\d)"
    r"|\b(?:til|till|until)\s+(?:all|every\w*|each)\s+(?:the\s+)?(?:remaining\s+)?p\S{0,8}\s*(?:is|are|<|below|under|\s){0,3}\s*(0?\.\d{1,4})",
    re.IGNORECASE,
)
_FORWARD = (
    r"\b(?:forwards?|fwd)\b|\b(?:start|begin)\w*\s+(?:with|from)\s+(?:none|nothing|no|an\s+empty|empty)\b"
    r"|\bfrom\s+(?:nothing|scratch|an?\s+empty)\b|\badd(?:ed|ing)?\b[^.;]{0,40}\b(?:one\s+at\s+a\s+time|one\s+by\s+one|first)\b"
    r"|\bbring\s+in\b"
)
_BACKWARD = (
    r"\b(?:backwards?|bwd)\b|\belim\w*|\b(?:start|begin)\w*\s+(?:with|from)\s+(?:all|every\w*|the\s+(?:full|whole))\b"
    r"|\bthin\s+\w+\s+out\b"
)
_BOTH_WAYS = (
    r"\bboth\s+(?:directions?|ways)\b|\bin\s+(?:and|n|&)\s+out\b|\badd\w*\s+(?:and|n|&|or)\s+(?:drop|remov)\w*"
    r"|\benter\s+as\s+well\s+as\s+leave\b"
)
_STAYS = (
    r"{0}(?:\s+(?!but\b|and\b)[a-z]+){0,3}?\s*,?\s*(?:which\s+|that\s+|it\s+)?(?:has\s+to|have\s+to|must|should|shall|needs?\s+to|always|is|are|stays?)"
    r"\s+(?:(?:to|always|be|is|in\s+every\s+case)\s+)*(?:stay\w*|remain\w*|kept|in\b(?!\s+(?:the|a)\s+(?!model))|forced|included)",
    r"\b(?:keep|keeping|force|forcing|retain|include\s+always|hold)\s+(?:the\s+)?{0}",
    r"\b{0}\s+always\s+in\b",
)
_LARGEST = (
    re.compile(
        r"\b(?:at\s+most|max\w*|up\s+to|no(?:t)?\s+more\s+than|not\s+over|only\s+room\s+for|limit\w*\s+to)\s+(?:of\s+)?(\d{1,2})\b(?!\s*(?:%|best|models?))"
    ),
    re.compile(
        r"(?<![\w.])(\d{1,2})\s+(?:(?:predictors?|terms?|variables?|factors?|columns?|inputs?|of\s+them)\s+)?(?:at\s+(?:the\s+)?most|max\w*|or\s+fewer)\b"
    ),
)
_EACH = re.compile(
    r"(?<![\w.])(\d{1,2})\s+best\b(?=[^.;]{0,40}\b(?:each|every|per|with|size)\b)"
    r"|\b(?:best|top)\s+(\d{1,2})\b(?=[^.;]{0,40}\b(?:each|every|per|size)\b)"
    r"|(?<![\w.])(\d{1,2})\s+(?:models?\s+)?(?:of|for|per)\s+(?:each|every)\s+(?:size|number)"
)


def bind_regression_stepwise(evidence: Evidence, binding: Binding) -> None:
    frame = _bind_selection(evidence, binding, "stepwise selection", labels=True)
    told = _told(evidence, frame)
    forward = re.search(_FORWARD, told) is not None
    backward = re.search(_BACKWARD, told) is not None
    if re.search(_BOTH_WAYS, told):
        binding.set("direction", "both", "question")
    elif forward != backward:
        binding.set("direction", "forward" if forward else "backward", "question")
    if evidence.has(r"\bbic\b|\bbayesian\b|\bschwarz"):
        binding.set("criterion", "bic", "question")
    elif evidence.has(r"\baic\b|\bakaike"):
        binding.set("criterion", "aic", "question")
    _levels(evidence, binding)
    _keep(binding, told)
    binding.take_count("seed", evidence.scalar("seed"))


def _levels(evidence: Evidence, binding: Binding) -> None:
    """Alpha to enter and to remove; the tool wants the first no larger than the second."""
    text = evidence.reading.plain
    both = _BOTH_LEVELS.search(text)
    if both:
        for name in ("alpha_to_enter", "alpha_to_remove"):
            binding.set(name, float(both[1]), f"question[{both.start(1)}:{both.end(1)}]")
        return
    for name, pattern in (("alpha_to_enter", _ENTER_LEVEL), ("alpha_to_remove", _LEAVE_LEVEL)):
        found = pattern.search(text)
        if found:
            group = next(k for k in range(1, pattern.groups + 1) if found[k])
            place = f"question[{found.start(group)}:{found.end(group)}]"
            binding.set(name, float(found[group]), place)
    if not {"alpha_to_enter", "alpha_to_remove"} & set(binding.args):
        evidence.alpha(binding)
    enter, leave = binding.args.get("alpha_to_enter"), binding.args.get("alpha_to_remove")
    if enter is not None and leave is None and enter > DEFAULT_LEVEL:
        binding.set("alpha_to_remove", enter, "as alpha_to_enter")
    if leave is not None and enter is None and leave < DEFAULT_LEVEL:
        binding.set("alpha_to_enter", leave, "as alpha_to_remove")


_WHICH = re.compile(r"\b(?:which|what)\b[^?]{0,200}\?")
"""A question of what belongs into the model: it says of no predictor that it must."""


def _keep(binding: Binding, told: str) -> None:
    """Predictors that must be in every model: "Resin has to stay", "keep hours in"."""
    kept = []
    told = _WHICH.sub(" ", told)
    for name in binding.args["predictors"]:
        pattern = rf"(?<!\w){re.escape(name.lower())}(?!\w)"
        if any(re.search(form.replace("{0}", pattern), told) for form in _STAYS):
            kept.append(name)
    if kept and len(kept) < len(binding.args["predictors"]):
        binding.set("keep", kept, "question")
        binding.echo("{} stays in every model", (", ".join(kept), "question"))


def _told(evidence: Evidence, frame: Frame) -> str:
    """The sentences of the question without the lists, in small letters."""
    return without_lists(evidence.reading.plain, frame.listed).lower()


_SUBSET_CRITERIA: tuple[tuple[str, str], ...] = (
    (r"\badj\w*\W{0,3}r", "adj_r_squared"),
    (r"\bbic\b|\bbayesian\b|\bschwarz", "bic"),
    (r"\baic\b|\bakaike", "aic"),
    (r"\bpress\b|\bpredicted r", "press"),
    (r"\bcp\b|\bc_p\b|\bmallow", "cp"),
)


def bind_best_subsets(evidence: Evidence, binding: Binding) -> None:
    frame = _bind_selection(evidence, binding, "best subsets", labels=False)
    for pattern, name in _SUBSET_CRITERIA:
        if evidence.has(pattern):
            binding.set("criterion", name, "question")
            break
    told = as_digits(_told(evidence, frame))
    most = len(binding.args["predictors"])
    for name, patterns in (("largest", _LARGEST), ("each", (_EACH,))):
        found = next((hit for pattern in patterns if (hit := pattern.search(told))), None)
        if found is None:
            continue
        number = int(next(group for group in found.groups() if group))
        if number >= 1 and (name == "each" or number < most):
            binding.set(name, number, "question")
    _keep(binding, told)
    evidence.alpha(binding)


def _bind_selection(evidence: Evidence, binding: Binding, what: str, *, labels: bool) -> Frame:
    frame = frame_of(evidence, what)
    response = choose_response(evidence, frame)
    predictors = [
        column
        for column in predictors_of(evidence, frame, response)
        if labels or column.kind == "number"
    ]
    if len(predictors) < 2:
        rest = [column for column in frame.columns if column is not response]
        predictors = [column for column in rest if labels or column.kind == "number"]
    if len(predictors) < 2:
        raise NeedsInput(
            f"{what} chooses among several predictors, and one was found",
            "which columns are candidates?",
        )
    values = complete_rows(binding, frame, [response, *predictors])
    binding.set("y", values[0], frame.source(response))
    binding.set("response", response.name, frame.source(response))
    binding.set(
        "predictors",
        {column.name: value for column, value in zip(predictors, values[1:], strict=True)},
        ", ".join(frame.source(column) for column in predictors)[:400],
    )
    binding.echo(
        "{} is the response, the candidates are {}",
        (response.name, frame.source(response)),
        (", ".join(column.name for column in predictors), frame.source(predictors[0])),
    )
    return frame


BINDERS: dict[str, Binder] = {
    "regression_stepwise": bind_regression_stepwise,
    "best_subsets": bind_best_subsets,
}
