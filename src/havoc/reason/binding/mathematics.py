"""Arguments of symbolic mathematics and unit conversion."""

from __future__ import annotations

import re

import msgspec

from havoc.reason.binding.evidence import Binding, Evidence, NeedsInput
from havoc.reason.binding.statistics import Binder

_LEAD = re.compile(
    r"^.*?\b(?:deriv\w*|differentiate|gradient|slope|integra\w*|integral|area|antiderivative|stammfunktion|solve|roots?|zeros?|nullstellen|"
    r"simplify|expand|factori[sz]e|factor|reduce|collapse|multiply out|partial fractions|evaluate|compute|calculate|tidy)\b(?:\s*\([^)]*\)(?=\s*of))?"
    r"(?:\s+(?:of|for|the|under|beneath|below|curve|equation|function|polynomial|expression|please|and tidy|a|an|from|by|with|me|this|to|definite|calibration|parabola|y))*\s*:?\s*",
    re.IGNORECASE | re.DOTALL,
)
_TAIL = re.compile(
    r"[\s,;:]+(?:please|pls|plz|thanks|thank you|for me|bitte|for the\b.*|for my\b.*|with respect to.*|w\.?r\.?t\.?.*|between.*|from\b.*|over\b.*|at\b.*|in the point.*|"
    r"evaluated.*|where.*|and simplify.*|to obtain.*|what are.*|as (?:a )?single.*|to a single.*|into factors.*|using.*|for [a-z](?: and [a-z])?|\(.*\))[\s.?!]*$",
    re.IGNORECASE | re.DOTALL,
)
_FORMULA = re.compile(
    r"(?:[A-Za-z]\w{0,3}\s*(?:\([a-z]\))?\s*=\s*)?[-+(]?\s*(?:\d+(?:\.\d+)?|[A-Za-z]\w{0,8}|\()"
    r"[\w\s.^*/+\-()²³·×√=]*",
)
_FUNCTIONS = (
    r"(?:sin|cos|tan|exp|ln|log|log10|sqrt|abs|asin|acos|atan|sinh|cosh|tanh|pi|e|infinity|inf)"
)
_MATHS = re.compile(
    rf"^(?:[\d\s.^*/+\-()=²³·×,{{}}√]|\b{_FUNCTIONS}\b|\b[A-Za-z]\d?(?:max|min|m|0|1|2)?\b)+$"
)


def expression_of(evidence: Evidence) -> str:
    """The formula in the question: the longest run that reads as mathematics."""
    text = evidence.reading.text.strip()
    text = re.sub(
        r"^(?:hi|hello|hey|dear|morning|good \w+)\b[^,.:!]{0,24}[,.:!]\s*",
        "",
        text,
        flags=re.IGNORECASE,
    )
    candidates = []
    for match in re.finditer(
        rf"(?:(?:\b{_FUNCTIONS}\b|\b[A-Za-z](?:\d|max|min|m)?\b|\d+(?:[.,]\d+)?[A-Za-z]{{0,2}}\b|[(){{}}^*/+\-=²³·×√.])\s*){{2,}}",
        text,
    ):
        candidate = match[0].strip(" .,;:?!-")
        candidate = re.sub(r"^(?:[aI]|of|d)\s+(?=[\dA-Za-z(])", "", candidate)
        score = len(re.findall(r"[\^*/+\-=()²³√]|\d", candidate)) * 2 + len(candidate)
        if re.search(r"[\^*/+\-=²³√(]|\d[a-zA-Z]", candidate) and re.search(r"[A-Za-z]", candidate):
            candidates.append((score, candidate))
    if candidates:
        return _balanced(max(candidates)[1])
    stripped = _TAIL.sub("", _LEAD.sub("", text)).strip(" .?!:")
    if stripped and _MATHS.match(stripped):
        return stripped
    raise NeedsInput("no formula was given", "which formula do you mean, for example x^2 + 3x?")


def _balanced(text: str) -> str:
    """Drop closing brackets that were never opened, and open ones at the end."""
    depth = 0
    kept = []
    for character in text:
        if character == "(":
            depth += 1
        elif character == ")":
            if depth == 0:
                continue
            depth -= 1
        kept.append(character)
    return "".join(kept) + ")" * depth


def _at(evidence: Evidence) -> float | None:
    match = re.search(
        r"\b(?:at|in the point|evaluated at|for|when|where)\s+(?:[a-z]\s*=\s*)?([-+]?\d*\.?\d+)\b|,\s*[a-z]\s*=\s*([-+]?\d*\.?\d+)",
        evidence.text,
    )
    return float(match[1] or match[2]) if match else None


def _variable(evidence: Evidence, expression: str) -> str | None:
    named = re.search(
        r"\bd\s*/\s*d([a-zA-Z])\b|\b(?:with respect to|w\.?r\.?t\.?|in|change with)\s+([a-zA-Z])\b",
        evidence.reading.text,
    )
    if named and (named[1] or named[2]):
        return named[1] or named[2]
    letters = [
        name
        for name in re.findall(r"[A-Za-z]\w*", re.sub(rf"\b{_FUNCTIONS}\b", " ", expression))
        if name not in {"e", "d"}
    ]
    singles = list(
        dict.fromkeys(
            letter[-1] if re.fullmatch(r"\d*[a-zA-Z]", letter) else letter for letter in letters
        )
    )
    for preferred in ("x", "t"):
        if preferred in singles:
            return preferred
    return singles[0] if singles else None


def _right_side(expression: str) -> str:
    return expression.split("=", 1)[1].strip() if "=" in expression else expression


def bind_derivative(evidence: Evidence, binding: Binding) -> None:
    text = re.sub(r"\bd\s*/\s*d[a-zA-Z]\b", " ", evidence.reading.text)
    expression = _right_side(expression_of(_retold(evidence, text)))
    binding.set("expression", expression, "question")
    variable = _variable(evidence, expression)
    if variable:
        binding.set("variable", variable, "question")
    order = re.search(r"\b(second|2nd|third|3rd)\b", evidence.text)
    if order:
        binding.set("order", 2 if order[1] in {"second", "2nd"} else 3, "question")
    at = _at(evidence)
    if at is not None:
        binding.set("at", at, "question")


def _retold(evidence: Evidence, text: str) -> Evidence:
    return Evidence(msgspec.structs.replace(evidence.reading, text=text))


_BOUNDS = re.compile(
    r"\b(?:from|between|over(?: the (?:range|interval))?|for)\s+(?:[a-z]\s*(?:=|from)\s*)?([-+]?\d*\.?\d+|-?pi|-?inf\w*|-?∞)\s*(?:to|and|until|-|\.\.)\s*(?:[a-z]\s*=\s*)?([-+]?\d*\.?\d+|pi(?:/\d)?|inf\w*|∞)",
    re.IGNORECASE,
)


def bind_integral(evidence: Evidence, binding: Binding) -> None:
    bounds = _BOUNDS.search(evidence.reading.text)
    text = evidence.reading.text
    if bounds:
        text = text[: bounds.start()]
    first = re.search(r"\b(?:first|over the first)\s+(\d+)", evidence.text)
    expression = _right_side(expression_of(_retold(evidence, text or evidence.reading.text)))
    binding.set("expression", expression, "question")
    variable = _variable(evidence, expression)
    if variable:
        binding.set("variable", variable, "question")
    if bounds:
        binding.set("lower", _bound(bounds[1]), "question")
        binding.set("upper", _bound(bounds[2]), "question")
    elif first:
        binding.set("lower", "0", "question")
        binding.set("upper", first[1], "question")


def _bound(text: str) -> str:
    lowered = text.lower().replace("∞", "inf")
    return re.sub(r"inf\w*", "inf", lowered)


def bind_solve(evidence: Evidence, binding: Binding) -> None:
    text = evidence.reading.text
    parts = [part for part in re.split(r"\band\b|;|,|\n|\bwith\b", text) if "=" in part]
    equations = []
    for part in parts:
        try:
            equations.append(expression_of(_retold(evidence, part)))
        except NeedsInput:
            continue
    equations = [item for item in equations if "=" in item]
    if not equations:
        equations = [expression_of(evidence)]
    binding.set("equations", equations, "question")
    wanted = re.search(r"\bfor\s+([A-Za-z]\w?)\b(?!\s*=)", text)
    if wanted and re.search(rf"(?<![A-Za-z]){wanted[1]}(?![A-Za-z])", " ".join(equations)):
        binding.set("variables", [wanted[1]], "question")


def bind_simplify(evidence: Evidence, binding: Binding) -> None:
    binding.set("expression", expression_of(evidence), "question")
    for pattern, method in (
        (r"\bpartial fractions?|\bapart\b", "partial_fractions"),
        (r"\bexpand|\bmultiply out", "expand"),
        (r"\bfactor", "factor"),
    ):
        if evidence.has(pattern):
            binding.set("kind", method, "question")
            break


_UNIT_TEXT = r"(?:°|deg(?:rees?)?\s*)?[A-Za-zµμ°%Ω][\w/µμ²³°·.\-^*]*(?:\s(?:pounds?|metres?|meters?|per\s+\w+|force|hours?))?"
_CONVERSION = re.compile(
    rf"(?P<value>[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?)\s*(?P<source>{_UNIT_TEXT})\s*(?:\?|,|-?>|→|=)*\s*(?:is\s+|are\s+)?(?:in|to|into|as|=|zu|makes?|how (?:many|much))\s*(?:\?\s*)?(?:how many\s+|the\s+)?(?P<target>{_UNIT_TEXT})",
    re.IGNORECASE,
)
_HOW_MANY = re.compile(
    rf"\bhow\s+(?:many|much)\s+(?P<target>{_UNIT_TEXT})\s+(?:are|is|make|makes|in|for|of|equal)\s+(?P<value>[-+]?\d+(?:\.\d+)?)\s*(?P<source>{_UNIT_TEXT})",
    re.IGNORECASE,
)


def bind_unit_conversion(evidence: Evidence, binding: Binding) -> None:
    plain = evidence.reading.plain
    match = _HOW_MANY.search(plain) or _CONVERSION.search(plain)
    if match:
        value, source, target = float(match["value"]), match["source"], match["target"]
    else:
        value_unit = re.search(rf"([-+]?\d+(?:\.\d+)?)\s*({_UNIT_TEXT})", plain)
        wanted = re.search(
            rf"\b(?:in|to|into|as|temperature is that in|wants)\s+(?:the\s+)?({_UNIT_TEXT})\W*(?:\?|$|please|pls)",
            plain,
            re.IGNORECASE,
        )
        if not value_unit or not wanted:
            raise NeedsInput(
                "a conversion needs a value with its unit and the unit wanted",
                "which value, in which unit, should become which unit?",
            )
        value, source, target = float(value_unit[1]), value_unit[2], wanted[1]
    binding.set("value", value, "question")
    binding.set("from_unit", source.strip(" .,"), "question")
    binding.set("to_unit", target.strip(" .,?"), "question")


BINDERS: dict[str, Binder] = {
    "derivative": bind_derivative,
    "integral": bind_integral,
    "solve": bind_solve,
    "simplify": bind_simplify,
    "unit_conversion": bind_unit_conversion,
}
