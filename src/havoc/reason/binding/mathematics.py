"""Arguments of symbolic mathematics: which formula, which variable, which limits."""

from __future__ import annotations

import re
from collections.abc import Sequence

from havoc.errors import InputError
from havoc.reading.number_pieces import EXPONENT, SIGNED
from havoc.reading.number_words import as_digits
from havoc.reason.binding.arguments import Binding, NeedsInput
from havoc.reason.binding.evidence import Binder, Evidence
from havoc.reason.binding.formulas import Formula, find_formulas

_NAME = r"([A-Za-z]\w{0,5})"
FIGURE = rf"({SIGNED}{EXPONENT})"
# d/dx, dy/dx, d2y/dx2, ∂/∂x: what is differentiated, how often, and the variable.
_OPERATOR = re.compile(
    r"(?<![\w^])[d∂]\s?(?:(?P<power>[\^]?[23]|[²³])\s?)?(?P<what>[A-Za-z]\w?)?\s?/\s?[d∂]\s?(?P<variable>[A-Za-z]\w{0,3}?)(?:\^?[23]|[²³])?(?![\w(])"
)
_OPERATOR_CALL = re.compile(r"(?<![\w^])[d∂]\s?\(")
_OPERATOR_END = re.compile(r"\)\s?/\s?[d∂]\s?([A-Za-z]\w{0,3})(?!\w)")
_DIFFERENTIAL = re.compile(r"(?<![\w/])d([a-zA-Z])(?![\w/(])")
_BY_WORDS = re.compile(
    r"\b(?:with (?:respect|regard) to|w\.?\s?r\.?\s?t\.?|with|regarding|by|in|to|of|for|on|nach|por|par|rispetto a|względem|po|as a function of)(?=\s)"
)
_TIMES = {"second": 2, "2nd": 2, "twice": 2, "once more": 2, "third": 3, "3rd": 3, "fourth": 4}


# formulas ----------------------------------------------------------------------


def formulas_of(evidence: Evidence, text: str | None = None) -> list[Formula]:
    return find_formulas(evidence.reading.plain if text is None else text)


def main_formula(formulas: list[Formula]) -> Formula:
    """The formula to work on: the heaviest, the first of equals; not a definition used in another."""
    candidates = [item for item in formulas if item.value is None and item.weight > 0]
    if not candidates:
        raise NeedsInput("no formula was given", "which formula do you mean, for example x^2 + 3x?")
    whole = [
        item
        for item in candidates
        if not any(
            item.name and other is not item and _holds_name(other.right_side, item.name)
            for other in candidates
        )
    ]
    return max(whole or candidates, key=lambda item: (item.weight, -item.start))


def _holds_name(expression: str, name: str) -> bool:
    return re.search(rf"(?<![A-Za-z_]){re.escape(name)}(?!\w)", expression) is not None


def readable_names(expression: str, variables: tuple[str, ...] = ()) -> list[str]:
    """Names in a formula; raises NeedsInput where it cannot be read."""
    from havoc.tools.symbolic.syntax import read
    from havoc.tools.symbolic.tree import names

    try:
        return names(read(expression, variables))
    except InputError as error:
        raise NeedsInput(
            f"the formula {expression!r} cannot be read: {error.what}",
            f"how does the formula read in full ({error.remedy})?"
            if error.remedy
            else "how does the formula read in full?",
        ) from None


def _inserted(binding: Binding, main: Formula, formulas: list[Formula]) -> str:
    """The right side of ``main`` with other definitions put in ("… with T = 100 + 2*t")."""
    expression = main.right_side
    for other in formulas:
        if other is main or not other.name or other.value is not None or other.weight <= 0:
            continue
        if _holds_name(expression, other.name) and not _holds_name(other.right_side, other.name):
            name = rf"(?<![A-Za-z_]){re.escape(other.name)}(?!\w)"
            expression = re.sub(rf"(?<=[\d)]){name}", f"*({other.right_side})", expression)
            expression = re.sub(name, f"({other.right_side})", expression)
            binding.echo(
                "{} was put in for {}", (other.right_side, other.source), (other.name, other.source)
            )
    return expression


def _given_values(
    binding: Binding, formulas: list[Formula], names: list[str], variable: str
) -> None:
    """Numbers for the other names: "with k = 0.2"."""
    values = {
        item.name: item.value
        for item in formulas
        if item.value is not None and item.name in names and item.name != variable
    }
    if values:
        binding.set("values", values, "question")


def _variable(
    evidence: Evidence, main: Formula, names: list[str], formulas: list[Formula], verb: str
) -> str:
    """The variable that was named, or the only one, or the usual one (x, t)."""
    for match in _BY_WORDS.finditer(evidence.reading.plain):
        told = name_behind(evidence.reading.plain, match.end(), names)
        if told and not any(item.start <= told[1] < item.end for item in formulas):
            return told[0]
    if main.argument in names:
        return main.argument
    known = {item.name for item in formulas if item.value is not None}
    free = [name for name in names if name not in known] or names
    if len(free) == 1:
        return free[0]
    for usual in ("x", "t"):
        if usual in free:
            return usual
    if not free:
        return "x"
    raise NeedsInput(
        f"the formula holds {', '.join(free)}, and the variable is not named",
        f"{verb} with respect to which of {', '.join(free)}?",
    )


_WORD = re.compile(r"\s++([^\W\d_]\w*+)(?![\w(])")
_SKIPPED = 4


def name_behind(text: str, position: int, names: Sequence[str]) -> tuple[str, int] | None:
    """The name that follows, behind a few words that say what it is: " the wire diameter d"."""
    for _ in range(_SKIPPED):
        word = _WORD.match(text, position)
        if word is None:
            return None
        if word[1] in names and (word[1] not in {"a", "I"} or _ends_here(text, word.end())):
            return word[1], word.start(1)
        position = word.end()
    return None


def _ends_here(text: str, position: int) -> bool:
    """No further word: "for a" names a, "for a part" does not."""
    return re.match(r"\s+[A-Za-z]{2}", text[position : position + 8]) is None


# derivative --------------------------------------------------------------------


def bind_derivative(evidence: Evidence, binding: Binding) -> None:
    """Formula, variable, order and point; several d(...)/dx give several calls."""
    text, calls = _operator_calls(evidence.reading.plain)
    operator = _OPERATOR.search(text)
    named = ""
    if operator:
        named = operator["variable"]
        text = text[: operator.start()] + " " * len(operator[0]) + text[operator.end() :]
    formulas = formulas_of(evidence, text)
    if calls and not any(item.weight > 0 for item in formulas):
        _derivative_call(evidence, binding, calls[0])
        calls = calls[1:]
    else:
        _derivative_of(evidence, binding, formulas, named, operator)
    for call in calls:
        more = Binding(operation="derivative")
        _derivative_call(evidence, more, call)
        binding.more.append(more)


def _operator_calls(text: str) -> tuple[str, list[tuple[str, str]]]:
    """Every "d(…)/dx" as (formula, variable), and the text without them."""
    calls: list[tuple[str, str]] = []
    while (start := _OPERATOR_CALL.search(text)) is not None:
        depth, end = 0, None
        for index in range(start.end() - 1, len(text)):
            depth += (text[index] == "(") - (text[index] == ")")
            if depth == 0:
                end = _OPERATOR_END.match(text, index)
                break
        if end is None:
            break
        calls.append((text[start.end() : end.start()], end[1]))
        text = text[: start.start()] + " " * (end.end() - start.start()) + text[end.end() :]
    return text, calls


def _derivative_call(evidence: Evidence, binding: Binding, call: tuple[str, str]) -> None:
    expression, variable = call
    readable_names(expression, (variable,))
    binding.set("expression", expression, "question")
    binding.set("variable", variable, "question")


def _derivative_of(
    evidence: Evidence,
    binding: Binding,
    formulas: list[Formula],
    named: str,
    operator: re.Match[str] | None,
) -> None:
    # "differentiate x^2 - 4x, then solve x^2 = 4x": an equation has no derivative of its own
    bare = [item for item in formulas if item.weight > 0 and (item.name or not item.equation)]
    main = main_formula(bare or formulas)
    if main.equation and not main.name:
        raise NeedsInput(
            "an equation has no derivative of its own",
            "which formula should be differentiated, for example y = x^2 + 3x?",
        )
    expression = _inserted(binding, main, formulas)
    names = readable_names(expression, (named,) if named else ())
    gradient = evidence.has(r"\bgradient\b|\ball partial|\bpartials\b|\bpartial derivatives\b")
    if not named and gradient and len(names) > 1:
        variables = [name for name in names if not _is_value(formulas, name)]
    else:
        variables = [named or _variable(evidence, main, names, formulas, "differentiate")]
    order = _order(evidence, operator)
    for index, variable in enumerate(variables):
        target = binding if index == 0 else Binding(operation="derivative")
        target.set("expression", expression, main.source)
        target.set("variable", variable, "question")
        if order > 1:
            target.set("order", order, "question")
        at = _point(evidence, formulas, variable)
        if at is not None:
            target.set("at", at[0], at[1])
        _given_values(target, formulas, names, variable)
        if index:
            binding.more.append(target)
    if len(variables) > 1:
        binding.echo("the gradient is the derivative for each of {}", (variables, main.source))
    elif len(names) > 1:
        binding.echo("{} is the variable", (variables[0], main.source))


def _is_value(formulas: list[Formula], name: str) -> bool:
    return any(item.name == name and item.value is not None for item in formulas)


def _order(evidence: Evidence, operator: re.Match[str] | None) -> int:
    if operator and operator["power"]:
        return 3 if operator["power"][-1] in "3³" else 2
    if evidence.has(r"\b[a-z]''(?!')"):
        return 2
    return next((order for word, order in _TIMES.items() if evidence.has(rf"\b{word}\b")), 1)


def _point(evidence: Evidence, formulas: list[Formula], variable: str) -> tuple[float, str] | None:
    """Where to evaluate: "x = 4", "at 4", "right at the start"."""
    for item in formulas:
        if item.name == variable and item.value is not None:
            return item.value, item.source
    bare = re.search(
        rf"\b(?:at|in the point|an der stelle|evaluated at|when {variable.lower()} is|for {variable.lower()} of)\s+{FIGURE}(?![\w.]*[\d^*/])",
        evidence.text,
    )
    if bare:
        return float(bare[1]), f"question[{bare.start(1)}:{bare.end(1)}]"
    start = re.search(r"\b(?:at|from) the (?:very )?(?:start|beginning|outset)\b", evidence.text)
    if start:
        return 0.0, f"question[{start.start()}:{start.end()}]"
    return None


# integral ----------------------------------------------------------------------

_LIMIT = r"((?:[-+]|minus\s+|plus\s+)?(?:\d++(?:\.\d++)?|\.\d++)?\s?\*?\s?(?:pi|π|infinity|infinite|infty|infini|infinito|inf|∞|unendlich)(?:\s?/\s?\d+)?|e|[-+]?(?:\d++(?:\.\d++)?|\.\d++)(?:e[-+]?\d+)?(?:\s?/\s?\d+)?)(?![\w(^*])"
_VALUE_OF = (
    r"(?:(?<![\w^*+/=()-])(?:[A-Za-z]\w?\s*(?:=|from)\s*|"
    r"(?:second|minute|hour|day|week|month|year|metre|meter)\s+))?"
)
_LIMITS = re.compile(
    rf"\b(?:from|between|over(?: the (?:range|interval))?|for|in|limits|path|interval|von|de|entre|da|tra|desde|od|pomiędzy)?\s*{_VALUE_OF}(?<![\w.^*+/]){_LIMIT}"
    rf"(?:\s?[A-Za-z%°]{{1,4}}\b)?\s*(?:to|and|until|till|up to|through|bis|und|à|et|a|e|y|i|do|hasta|até|fino a|n|-|–|\.\.\.?|…)\s*{_VALUE_OF}{_LIMIT}"
    rf"|[\[(]\s*{_LIMIT}\s*[,;]\s*{_LIMIT}\s*[\])]",
    re.IGNORECASE,
)
_ENDS_AFTER = re.compile(
    rf"\b(?:after|until|till|by)\s+(?:minute\s+|hour\s+)?{FIGURE}(?![\w.]*[\d^*/(])", re.IGNORECASE
)
_DIFFERENCE = re.compile(
    rf"(?<!\w)(?P<name>[A-Za-z]\w?)\s?\({FIGURE}\)\s*[-−–]\s*(?P=name)\s?\({FIGURE}\)"
)
_FIRST = re.compile(
    rf"\b(?:first|initial)\s+{FIGURE}|\bfor\s+(?:the first\s+)?{FIGURE}\s*(?:h|hrs?|hours?|s|secs?|seconds?|min|mins|minutes|days?|d|m)\b",
    re.IGNORECASE,
)
_ONE_LIMIT = re.compile(rf"\bfrom\s+(?:[A-Za-z]\s*=\s*)?{FIGURE}(?![\w.])", re.IGNORECASE)
# "over 8 inches from 0", "across 30 mm starting at 5"
_LENGTH = re.compile(
    rf"\b(?:over|across|for|through|along)\s+(?:the\s+first\s+)?{FIGURE}\s*(?:[A-Za-z°µ]{{1,10}}\s+)?"
    rf"(?:from|starting\s+(?:at|from)|beginning\s+at)\s+(?:[A-Za-z]\s*=\s*)?{FIGURE}(?![\w.])",
    re.IGNORECASE,
)
_SUB = str.maketrans("₀₁₂₃₄₅₆₇₈₉₋₊ₐₜₓ", "0123456789-+atx")
_SUPER = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺ᵀᵃᵇᵗˣᴸᴺᴿⁿ", "0123456789-+TabtxLNRn")
_SIGN_LIMITS = re.compile(r"∫([₀₁₂₃₄₅₆₇₈₉₋₊ₐₜₓ]{1,8})([⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺ᵀᵃᵇᵗˣᴸᴺᴿⁿ∞]{1,8})")
_MEAN_VALUE = re.compile(
    r"\b(?:mean|average)\s+(?:value|level|of|over|between|\w+\s+(?:of|over|between|from)|(?:flow|power|rate|height|temperature|speed|load|pressure|concentration)\b)",
    re.IGNORECASE,
)
_INTEGRAL_SIGN = re.compile(
    r"∫\s*_?\{?\(?([-+\w.∞π]+)\)?\}?\s*(?:\^|\.\.|to)\s*\{?\(?([-+\w.∞π]+)\)?\}?\s"
)


def bind_integral(evidence: Evidence, binding: Binding) -> None:
    """Formula, variable and limits."""
    text = _plain_limits(evidence.reading.plain)
    limits = _limits(text)
    if limits and (text[limits[2]] == "∫" or _DIFFERENCE.match(text, limits[2])):
        text = " " * limits[3] + text[limits[3] :]
    formulas = formulas_of(evidence, text)
    main = main_formula(formulas)
    if main.equation and not main.name:
        raise NeedsInput("an equation cannot be integrated", "which formula should be integrated?")
    expression = _inserted(binding, main, formulas)
    differential = [match[1] for match in _DIFFERENTIAL.finditer(evidence.reading.plain)]
    names = readable_names(expression, tuple(differential[:1]))
    named = next((name for name in differential if name in names), "")
    if not named and len(differential) == 1 and "∫" in evidence.reading.plain:
        named = differential[0]  # "∫ a*b dt": what does not hold t is constant
    limited = re.search(rf"\b{_NAME}\s*(?:=|from)\s*[-+\d]", limits[4]) if limits else None
    if not named and limited and limited[1] in names:
        named = limited[1]
    if limits and not named:
        following = re.search(
            rf"\b{_NAME}\s+(?:goes |runs )?$", evidence.reading.plain[: limits[2]]
        )
        named = following[1] if following and following[1] in names else ""
    variable = named or _variable(evidence, main, names, formulas, "integrate")
    binding.set("expression", expression, main.source)
    binding.set("variable", variable, "question")
    if limits:
        source = f"question[{limits[2]}:{limits[3]}]"
        binding.set("lower", limits[0], source)
        binding.set("upper", limits[1], source)
        if _MEAN_VALUE.search(text) and "inf" not in limits[0] + limits[1]:
            binding.set("expression", f"({expression})/({limits[1]} - ({limits[0]}))", main.source)
            binding.echo("the mean is the integral divided by the length of the interval")
    else:
        first = _FIRST.search(as_digits(evidence.reading.plain))
        length = _LENGTH.search(text)
        if length:
            begin, source = float(length[2]), f"question[{length.start(1)}:{length.end(2)}]"
            binding.set("lower", f"{begin:g}", source)
            binding.set("upper", f"{begin + float(length[1]):g}", source)
            binding.echo(
                "the integral runs over {} from {} on", (float(length[1]), source), (begin, source)
            )
        elif first:
            binding.set("lower", "0", f"question[{first.start()}:{first.end()}]")
            binding.set("upper", first[1] or first[2], f"question[{first.start()}:{first.end()}]")
            binding.echo("the integral runs from {} on", (0, binding.provenance["lower"]))
        elif (start := _ONE_LIMIT.search(text)) and (after := _ENDS_AFTER.search(text)):
            binding.set("lower", start[1], f"question[{start.start(1)}:{start.end(1)}]")
            binding.set("upper", after[1], f"question[{after.start(1)}:{after.end(1)}]")
        elif _ONE_LIMIT.search(text):
            raise NeedsInput("the upper limit of the integral is missing", "up to where?")
    _given_values(binding, [item for item in formulas if item.name != variable], names, variable)
    if len(names) > 1:
        binding.echo("{} is the variable", (variable, main.source))


def _plain_limits(text: str) -> str:
    """ "from zero to infinity" with digits, at the same places."""
    return re.sub(
        r"\b(from|between|entre|von|de|da|od)(\s+)zero\b",
        lambda match: f"{match[1]}{match[2]}0   ",
        re.sub(r"\bzero(?=\s+(?:to|and|bis|until)\b)", "0   ", text, flags=re.IGNORECASE),
        flags=re.IGNORECASE,
    )


def _limits(text: str) -> tuple[str, str, int, int, str] | None:
    """(lower, upper, start, end, text) of the limits; words before them are preferred."""
    small = _SIGN_LIMITS.search(text)
    if small:  # ∫₀ᵀ
        lower, upper = small[1].translate(_SUB), small[2].translate(_SUPER)
        return _limit(lower), _upper(upper), small.start(), small.end(), small[0]
    sign = _INTEGRAL_SIGN.search(text)
    if sign:
        return _limit(sign[1]), _limit(sign[2]), sign.start(), sign.end(), sign[0]
    difference = _DIFFERENCE.search(text)
    if difference:  # "F(3) - F(1)": from the second to the first
        return difference[3], difference[2], difference.start(), difference.end(), difference[0]
    found = list(_LIMITS.finditer(text))
    introduced = [match for match in found if re.match(r"[A-Za-z]{2}", match[0])]
    joined = [match for match in found if re.search(r"\d\s*(?:to|until|\.\.|…)\s*\S", match[0])]
    for match in [*introduced, *joined]:
        return _limit(match[1]), _limit(match[2]), match.start(), match.end(), match[0]
    for match in found:
        if match[3]:
            return _limit(match[3]), _limit(match[4]), match.start(), match.end(), match[0]
    return None


def _limit(text: str) -> str:
    lowered = text.lower().replace("∞", "inf").replace("π", "pi").replace("minus", "-")
    lowered = re.sub(r"inf\w*|unendlich", "inf", lowered.replace("plus", ""))
    return re.sub(r"(\d)\s?(pi)", r"\1*\2", lowered.replace(" ", "")).lstrip("+")


def _upper(text: str) -> str:
    """A limit that is a number, or a name as it was written: "T"."""
    return text if text.isalpha() else _limit(text)


# simplify ----------------------------------------------------------------------


def bind_simplify(evidence: Evidence, binding: Binding) -> None:
    """Formula, and what to do with it."""
    main = main_formula(formulas_of(evidence))
    expression = main.right_side if main.name else main.text
    readable_names(expression)
    binding.set("expression", expression, main.source)
    for pattern, kind in (
        (r"\bpartial fractions?|\bapart\b|\bpartialbr", "partial_fractions"),
        (r"\bcommon denominator|\b(?:one|single) fraction|\bcombine\b.{0,20}fraction", "together"),
        (r"\bexpand|\bmultiply (?:it |this )?out|\bmultiplied out|\bausmultipli", "expand"),
        (r"\bfactor|\bfaktor", "factor"),
        (r"\bcollect\b", "collect"),
    ):
        if evidence.has(pattern):
            binding.set("kind", kind, "question")
            break


BINDERS: dict[str, Binder] = {
    "derivative": bind_derivative,
    "integral": bind_integral,
    "simplify": bind_simplify,
}
