"""Arguments of a formula to evaluate: the formula, a value with its unit for each name, the unit.

A value belongs to a name that stands before it ("rho = 1060 kg/m^3", "X came out at 97.2"). What
has no name is put in only where the units leave one result: "tank 210 L, pump 35 L/min, V/Q in s".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import permutations

import msgspec

from havoc.errors import HavocError
from havoc.reading.number_pieces import EXPONENT, SIGNED
from havoc.reason.binding.arguments import Binding, NeedsInput
from havoc.reason.binding.conversion import unit_at, units_in
from havoc.reason.binding.evidence import Binder, Evidence
from havoc.reason.binding.formulas import FUNCTIONS, find_formulas

MOST_UNNAMED = 4
MOST_FORMULAS = 12
MOST_UNITS = 12
_FIGURE = rf"{SIGNED}(?:,\d++(?![,\d]))?{EXPONENT}(?:\s?[x*×·]\s?10\s?\^\s?[-+]?\d++)?"
_QUANTITY = re.compile(rf"(?<![\w.^*/+)(-])(?<!\^ )({_FIGURE})(?![\w.]*\d)", re.IGNORECASE)
_GOES_ON = re.compile(r"\s?[*/^+]|-\w|\(|\s[-×·]\s")
"""Behind a number: it is a part of a formula, and no value."""
_NAMED = (
    r"(?:\s*(?:=|:|->|→|≈|~|\()\s*|\s+)"
    r"(?:(?:is|are|of|at|was|were|be|came|comes?|out|equals?|being|reads?|measures?|set|to|about|the"
    r"|taken|as|stands|has|value)\s+){0,4}"
)
_FOR_NAME = re.compile(r"\s*+(?:=|for|as|in\s+for|into)\s++(?:the\s+)?([^\W\d_]\w*+)")
_WRITTEN = re.compile(r"(?<![\w.])[\w.()*/^+\-·×²³√]{3,}")
_NAME = re.compile(r"(?<![\w.])[^\W\d_]\w*|(?<=\d)[^\W\d_]\w*")
_CONSTANTS = frozenset({"pi", "π"})
_PER_ONE = re.compile(r"\s*+(1/(?:[a-z]{1,6}))(?![\w*/^])", re.IGNORECASE)
_ASKED_IN = re.compile(
    r"(?:\b(?:in|to|into|as|many|much|give\s+me|result|answer)|[.;,?])\s*+$", re.IGNORECASE
)
_IN = re.compile(r"\b(?:in|to|into)\s++$", re.IGNORECASE)
_BETWEEN = (
    (re.compile(r"\s*+(?:/|÷|over|divided\s+by)\s*+", re.IGNORECASE), "/"),
    (re.compile(r"\s*+(?:\*|×|·|x|times|multiplied\s+by)\s*+", re.IGNORECASE), "*"),
    (re.compile(r"\s*+(?:\+|plus)\s*+", re.IGNORECASE), "+"),
    (re.compile(r"\s*+(?:-|−|minus)\s*+", re.IGNORECASE), "-"),
)


class _Quantity(msgspec.Struct, kw_only=True):
    """A number and its unit, as they are written."""

    written: str
    unit: str
    start: int
    end: int

    @property
    def given(self) -> float | str:
        return f"{self.written} {self.unit}" if self.unit else float(self.written)

    @property
    def source(self) -> str:
        return f"question[{self.start}:{self.end}]"


class _Candidate(msgspec.Struct, kw_only=True):
    """What may be the formula, with the values that the text names for it."""

    text: str
    start: int
    end: int
    weight: int
    names: list[str]
    values: dict[str, _Quantity]

    @property
    def left(self) -> list[str]:
        return [name for name in self.names if name not in self.values]


def bind_evaluate(evidence: Evidence, binding: Binding) -> None:
    text = evidence.reading.plain
    candidates = _candidates(text)
    best = max(
        candidates,
        key=lambda item: (bool(item.values) or not item.names, len(item.values), item.weight),
        default=None,
    )
    if best is None or (best.names and not best.values):
        chain = _chain(text)
        if chain is not None:
            _set(binding, text, chain)
            return
    if best is None:
        raise NeedsInput(
            "no formula was given", "which formula should be worked out, for example m*c*dT?"
        )
    _fill(binding, text, best)
    _set(binding, text, best)


# the formula ---------------------------------------------------------------------------


def _candidates(text: str) -> list[_Candidate]:
    """Every formula that can be read, with the values named for it."""
    found = [
        (item.right_side if item.name else item.text, item.start, item.end)
        for item in find_formulas(text)
        if item.value is None
    ]
    for match in _WRITTEN.finditer(text):
        written = match[0].rstrip(".+-*/")
        if re.search(r"[*/^(]", written):
            found.append((written, match.start(), match.start() + len(written)))
    candidates = []
    # the heaviest first, so that a long text is searched for the values of a few only
    found.sort(key=lambda item: (-_operators(item[0]), item[1]))
    for written, start, end in found[:MOST_FORMULAS]:
        if "=" in written:
            written = written.rsplit("=", 1)[1].strip()
        if re.search(r"\d\s{1,2}$", text[max(0, start - 4) : start]):
            continue  # "9.81 m/s^2": the unit of a number
        if _IN.search(text[max(0, start - 6) : start]):
            unit = unit_at(text, start, after_number=False)
            if unit is not None and unit.end >= end:
                continue  # "in mm/min"
        candidate = _candidate(text, written, start, end)
        if candidate is not None:
            candidates.append(candidate)
    return candidates


def _candidate(text: str, written: str, start: int, end: int) -> _Candidate | None:
    names = [name for name in _names(written) if name not in _CONSTANTS]
    values = named_values(text, names, start, end)
    read = _read(written, [name for name in names if name != "e" or name in values])
    if read is None:
        return None
    if any(name not in values for name in read):
        # "nRT/V" where n, R and T have values
        split = _read(written, list(values))
        if split is not None and split != read:
            more = named_values(text, split, start, end)
            if all(name in more for name in split):
                read, values = split, more
    read.sort(key=written.find)
    operators = _operators(written)
    if not operators and "(" not in written:
        return None
    values = {name: value for name, value in values.items() if name in read}
    weight = 2 * operators + len(read)
    return _Candidate(text=written, start=start, end=end, weight=weight, names=read, values=values)


def _operators(written: str) -> int:
    return len(re.findall(r"[*/^+\-·×√]", written.replace("**", "^")))


def _names(written: str) -> list[str]:
    called = re.compile(r"\s*[(^]")
    return list(
        dict.fromkeys(
            match[0]
            for match in _NAME.finditer(written)
            if not (match[0].lower() in FUNCTIONS and called.match(written, match.end()))
        )
    )


def _read(written: str, variables: Sequence[str]) -> list[str] | None:
    """Names of a formula that can be read; None of what is none."""
    from havoc.tools.symbolic.calculus import formula
    from havoc.tools.symbolic.tree import names

    try:
        return names(formula(written, [name for name in variables if name.isidentifier()]))
    except HavocError:
        return None


# the values ----------------------------------------------------------------------------


def named_values(text: str, names: Sequence[str], start: int, end: int) -> dict[str, _Quantity]:
    """The value that the text gives to each name, the last one where it gives two."""
    if not names:
        return {}
    masked = text[:start] + " " * (end - start) + text[end:]
    any_name = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    pattern = rf"(?<![\w^*/+(-])({any_name}){_NAMED}({_FIGURE})(?![\w.]*\d)"
    found = list(re.finditer(pattern, masked))
    exact = {match[1] for match in found}
    lowered = {name.lower(): name for name in names if name not in exact}
    if len(exact) < len(names):
        found += [
            match
            for match in re.finditer(pattern, masked, re.IGNORECASE)
            if match[1].lower() in lowered and match[1] not in names
        ]
    starts = sorted(match.start() for match in found)
    values: dict[str, _Quantity] = {}
    for match in found:
        name = match[1] if match[1] in names else lowered[match[1].lower()]
        stop = next((place for place in starts if place > match.start()), len(text))
        quantity = _quantity(masked[:stop], match.start(2), match.end(2))
        if quantity is not None:
            values[name] = quantity
    for quantity in _quantities(masked):
        behind = _FOR_NAME.match(masked, quantity.end)
        if behind and behind[1] in names and behind[1] not in values:
            values[behind[1]] = quantity
    return values


def _quantity(text: str, start: int, end: int) -> _Quantity | None:
    """The number at a place with the unit behind it; None where a formula goes on."""
    written = _number(text[start:end])
    per_one = _PER_ONE.match(text, end)
    if per_one:
        return _Quantity(written=written, unit=per_one[1], start=start, end=per_one.end())
    unit = unit_at(text, end, after_number=True)
    if unit is not None and unit.text != "in":
        again = re.compile(r"\s?\((1/[a-z]{1,5})\)").match(text, unit.end)
        if again:  # "1200 rpm (1/min)"
            return _Quantity(written=written, unit=again[1], start=start, end=again.end())
        return _Quantity(written=written, unit=unit.text, start=start, end=unit.end)
    if _GOES_ON.match(text, end):
        return None
    return _Quantity(written=written, unit="", start=start, end=end)


def _number(written: str) -> str:
    """As a program reads it: 3,5 is 3.5 and 2 x 10^5 is 2e5."""
    mantissa, *power = re.split(r"\s?[x*×·]\s?10\s?\^\s?", written.replace(",", "."))
    mantissa = re.sub(r"^([-+]?)\.", r"\g<1>0.", mantissa)
    return mantissa + (f"e{power[0]}" if power else "")


def _quantities(text: str) -> list[_Quantity]:
    found: list[_Quantity] = []
    for match in _QUANTITY.finditer(text):
        if found and match.start() < found[-1].end:
            continue
        quantity = _quantity(text, match.start(1), match.end(1))
        if quantity is not None:
            found.append(quantity)
    return found


def _fill(binding: Binding, text: str, best: _Candidate) -> None:
    """Values that no name introduces, where their units leave one result."""
    left = best.left
    if not left:
        return
    masked = text[: best.start] + " " * (best.end - best.start) + text[best.end :]
    for quantity in best.values.values():
        begin, end = quantity.start, quantity.end
        masked = masked[:begin] + " " * (end - begin) + masked[end:]
    free = _quantities(masked)
    if len(free) > len(left):
        free = [quantity for quantity in free if quantity.unit]
    if len(free) == len(left) <= MOST_UNNAMED:
        chosen = _only_result(text, best, free)
        if chosen is not None:
            best.values.update(chosen)
            binding.echo(
                "{} were put in for {}",
                (", ".join(str(item.given) for item in chosen.values()), free[0].source),
                (", ".join(chosen), free[0].source),
            )
            return
    raise NeedsInput(
        f"the formula {best.text} needs a value for {', '.join(left)}",
        f"which value does {' and '.join(left)} have, with its unit?",
    )


def _only_result(text: str, best: _Candidate, free: list[_Quantity]) -> dict[str, _Quantity] | None:
    """The quantities for the names left, if every order that the units allow gives one result."""
    chosen: dict[str, _Quantity] | None = None
    result: float | None = None
    units = _units_named(text, best, free)
    for order in permutations(free):
        values = dict(zip(best.left, order, strict=True))
        given = {name: _given(name, item) for name, item in {**best.values, **values}.items()}
        unit, value = _unit_wanted(best.text, given, units)
        if value is None or (units and not unit):
            continue
        if result is not None and abs(value - result) > 1e-9 * abs(result):
            return None
        if result is None:
            chosen, result = values, value
    return chosen


# the unit of the result -----------------------------------------------------------------


def _given(name: str, quantity: _Quantity) -> float | str:
    """A value as the tool takes it: turns in a minute are a count, unless an angle is meant."""
    if quantity.unit.lower() == "rpm" and name.lower() not in {"omega", "w", "ω"}:
        return f"{quantity.written} 1/min"
    return quantity.given


def _units_named(text: str, best: _Candidate, free: Sequence[_Quantity] = ()) -> list[str]:
    """Units that stand in the text and belong to no value, those that are asked for first."""
    masked = text
    used = [(item.start, item.end) for item in (*best.values.values(), *free)]
    for begin, end in [(best.start, best.end), *used]:
        masked = masked[:begin] + ";" * (end - begin) + masked[end:]
    found = units_in(masked)
    cued = [
        item.text
        for item in found
        if _ASKED_IN.search(masked[max(0, item.start - 12) : item.start])
    ]
    # a letter in a sentence is rather a name than a unit
    other = [item.text for item in found if len(item.text) > 1]
    return list(dict.fromkeys([*cued, *other]))[:MOST_UNITS]


def _unit_wanted(
    expression: str, values: dict[str, float | str], units: Sequence[str]
) -> tuple[str, float | None]:
    """The unit named that the result can have, and the result; None where it has none."""
    plain = _result(expression, values, "")
    if not any(isinstance(value, str) for value in values.values()):
        return "", plain
    for unit in units:
        value = _result(expression, values, unit)
        if value is not None:
            return unit, value
    return "", plain


def _result(expression: str, values: dict[str, float | str], unit: str) -> float | None:
    from havoc.tools import registry

    args = {"expression": expression, "values": values, **({"to_unit": unit} if unit else {})}
    try:
        return float(registry.execute("evaluate", args).quantities["value"])
    except HavocError:
        return None


def _chain(text: str) -> _Candidate | None:
    """ "85 kN over 1200 mm^2": quantities that words of reckoning join."""
    found = _quantities(text)
    for first, quantity in enumerate(found):
        values, expression = {"a": quantity}, "a"
        for name, following in zip("bcdfgh", found[first + 1 :], strict=False):
            before = list(values.values())[-1].end
            between = text[before : following.start]
            sign = next((sign for word, sign in _BETWEEN if word.fullmatch(between)), None)
            if sign is None:
                break
            values[name], expression = following, f"{expression}{sign}{name}"
        if len(values) > 1:
            end = list(values.values())[-1].end
            return _Candidate(
                text=expression, start=end, end=end, weight=0, names=list(values), values=values
            )
    return None


def _set(binding: Binding, text: str, best: _Candidate) -> None:
    values = {name: _given(name, quantity) for name, quantity in best.values.items()}
    turns = [quantity for quantity in best.values.values() if quantity.unit.lower() == "rpm"]
    if turns and any(str(value).endswith("1/min") for value in values.values()):
        binding.echo("{} are turns in a minute, 1/min", (turns[0].written, turns[0].source))
    used = list(best.values.values())
    binding.set("expression", best.text, f"question[{best.start}:{best.end}]")
    if values:
        binding.set("values", values, ", ".join(item.source for item in used)[:400])
    unit, _ = _unit_wanted(best.text, values, _units_named(text, best))
    if unit:
        binding.set("to_unit", unit, "question")


BINDERS: dict[str, Binder] = {"evaluate": bind_evaluate}
