"""Arguments of nonlinear regression: the curve as it is written or named, and its columns."""

from __future__ import annotations

import re

from havoc.errors import InputError
from havoc.reading.listed_columns import counted_range, read_listed_columns
from havoc.reading.number_pieces import NO_MORE_DIGITS, SIGNED
from havoc.reading.question import Series
from havoc.reason.binding.arguments import Binding, NeedsInput
from havoc.reason.binding.evidence import Binder, Evidence
from havoc.reason.binding.formula_values import named_values
from havoc.reason.binding.formulas import Formula, find_formulas
from havoc.reason.binding.listed_response import told_response
from havoc.reason.binding.lists import complete_pairs, series_of
from havoc.reason.binding.pairs import lists, pair, span
from havoc.reason.binding.response import name_pattern, orient, response_of

# Names of curves; the first that matches decides.
_CURVES: tuple[tuple[str, str], ...] = (
    (r"\bmichaelis|\benzyme\s+kinetic|\bv\W?max\b[^.?\n]{0,40}\bkm\b", "michaelis_menten"),
    (r"\bgompertz", "gompertz"),
    (r"\bhill\s+(?:curve|equation|model|function)", "hill"),
    (r"\bweibull\s+growth", "weibull_growth"),
    (r"\b(?:4pl|(?:four|4)[\s-]param\w*|[ei]c50\b)", "logistic_4p"),
    (r"\blogistic\b|\bsigmoid|\bs[\s-]shaped?\b", "logistic"),
    (
        r"\bbi-?exponential|\b(?:two|double)[\s-]exponential|\bsum of two exponential",
        "biexponential",
    ),
    (r"\barrhenius", "arrhenius"),
    (r"\bgaussian\b|\bbell[\s-]shaped|\bpeak\b", "gaussian_peak"),
    (r"\bpower[\s-]law|\bpower\s+(?:curve|function|model)", "power"),
    (r"\bsaturat\w*|\bmonomolecular", "saturation"),
    (
        r"\bexponential\w*\b[^.?]{0,40}\b(?:asymptot\w*|plateau|offset|baseline|limit|floor)\b"
        r"|\basymptotic\b",
        "exponential_offset",
    ),
    (r"\bexponential|\bexp\.?\s+(?:decay|growth|curve|fit)|\be\s+to\s+the\b", "exponential"),
)


def bind_regression_nonlinear(evidence: Evidence, binding: Binding) -> None:
    columns = _columns(evidence)
    formulas = find_formulas(evidence.reading.plain)
    written = _written(formulas, [item.name for item in columns])
    if written is not None:
        _bind_formula(evidence, binding, columns, written, formulas)
    else:
        _bind_curve(evidence, binding, columns)
    evidence.alpha(binding)


def _columns(evidence: Evidence) -> list[Series]:
    for table in evidence.tables:
        numbers = [column for column in table.columns if column.kind == "number"]
        if len(numbers) >= 2:
            return [series_of(table, column) for column in numbers]
    listed = _listed(evidence)
    found = listed or list(pair(evidence) or ()) or lists(evidence)
    if len(found) < 2:
        raise NeedsInput(
            "a curve needs two lists of values of equal length",
            "which values are x and which are y?",
        )
    return found


def _listed(evidence: Evidence) -> list[Series]:
    """Lists of one length, the response last; or one list and the range that counts it."""
    found = read_listed_columns(evidence.reading.plain)
    numeric = [item for item in found if item.numeric]
    series = [
        Series(
            name=item.name,
            values=[value for value in item.values if isinstance(value, float)],
            source=f"question[{item.start}:{item.end}]",
            unit=item.unit,
        )
        for item in numeric
    ]
    if len(series) == 1:
        counted = counted_range(evidence.reading.plain, len(series[0].values))
        if counted is None:
            return []
        return [Series(name=counted[0], values=[*counted[1]], source=series[0].source), series[0]]
    response = told_response(evidence.reading.plain, numeric) if series else None
    if response is not None:
        series.append(series.pop(response))
    return series


def _written(formulas: list[Formula], names: list[str]) -> Formula | None:
    """The formula that is a model: it holds a name that is no column and no known value."""
    models = []
    for item in formulas:
        if item.value is not None or item.weight <= 0:
            continue
        inside = _names(item.right_side, names)
        if len(inside) >= 2 and any(name not in names for name in inside):
            models.append(item)
    return max(models, key=lambda item: (bool(item.name), item.weight), default=None)


def _names(text: str, variables: list[str]) -> list[str]:
    from havoc.tools.symbolic.syntax import read
    from havoc.tools.symbolic.tree import names

    try:
        return names(read(text, [name for name in variables if name.isidentifier()]))
    except InputError:
        return []


def _bind_formula(
    evidence: Evidence,
    binding: Binding,
    columns: list[Series],
    written: Formula,
    formulas: list[Formula],
) -> None:
    inside = _names(written.right_side, [item.name for item in columns])
    by_name = {item.name.lower(): item for item in columns if item.name}
    for item in columns:
        if item.name:  # "dc04 eps" is eps in the formula
            by_name.setdefault(item.name.lower().split()[-1], item)
    response = by_name.get(written.name.lower()) if written.name else None
    used = {name: by_name[name.lower()] for name in inside if name.lower() in by_name}
    if response is not None:
        used = {name: item for name, item in used.items() if item is not response}
    if response is None:
        left = [item for item in columns if item not in used.values()]
        if not left:
            raise NeedsInput(
                "every column stands in the formula, and none is left to be the response",
                "which column is the response?",
            )
        response = response_of(evidence, left) if len(left) > 1 and used else left[-1]
    if not used:
        others = [item for item in columns if item is not response]
        if len(columns) == 2 and "x" not in by_name:
            response = orient(evidence, columns[0], columns[1])[1]
            others = [item for item in columns if item is not response]
        variable = next((name for name in ("x", "t", "X", "T") if name in inside), None)
        if variable is None or len(others) != 1:
            raise NeedsInput(
                f"the formula {written.text} does not name a column as its predictor",
                f"which of {', '.join(item.name or 'the lists' for item in others[:8])} is the "
                "predictor, and under which name does it stand in the formula?",
            )
        used = {variable: others[0]}
    values = complete_pairs(binding, *used.values(), response)
    binding.set("formula", written.text, written.source)
    if list(used) == ["x"]:
        binding.set("x", values[0], used["x"].source)
        binding.set("x_name", used["x"].name or "x", used["x"].source)
    else:
        binding.set(
            "predictors",
            dict(zip(used, values[:-1], strict=True)),
            ", ".join(item.source for item in used.values())[:400],
        )
    _set_response(binding, response, values[-1])
    _start(evidence, binding, [name for name in inside if name not in used], written)
    settings = {
        item.name: item.value for item in formulas if item.value is not None and item.name in used
    }
    if settings and set(settings) == set(used):
        only = next(iter(settings.values()))
        binding.set("at", only if len(used) == 1 else settings, "question")
    elif len(used) == 1:
        _asked_at(evidence, binding, next(iter(used.values())), columns, written)
    _profiled(evidence, binding)
    binding.echo(
        "the model is {}, {} is the response and {} the predictor",
        (written.text, written.source),
        (response.name or "the second list", response.source),
        (", ".join(item.name or "the first list" for item in used.values()), response.source),
    )


_STARTING = re.compile(r"\b(?:start\w*|begin\w*|guess\w*|initial\w*|first\s+try)\b", re.IGNORECASE)


def _start(evidence: Evidence, binding: Binding, parameters: list[str], written: Formula) -> None:
    """Starting values: "start b1 = 500, b2 = 0.0001", "begin with qm 70 and Kd 15"."""
    text = evidence.reading.plain
    begins = _STARTING.search(text)
    values = named_values(text, parameters, written.start, written.end)
    given = {
        name: float(item.written)
        for name, item in values.items()
        if begins is None or item.start > begins.start()
    }
    if given and set(given) == set(parameters):
        binding.set("start", given, "question")
    elif given and begins is not None:
        binding.warn(
            "starting values were given for {} only, so all were searched",
            (", ".join(given), "question"),
        )


_AT = re.compile(
    r"\b(?:at|after|predict\w*(?:\s+(?:at|for|it\s+at))?|x\s*=|value\s+(?:at|for)|what\s+at)\s+(?:x\s*=\s*|about\s+)?"
    rf"({SIGNED}{NO_MORE_DIGITS})(?!\s*(?:%|percent|params?|x\b))"
    rf"(?:\s*(?:[^\W\d_]+\s+)?(?:,|and|or|&)\s+(?:at\s+)?({SIGNED}{NO_MORE_DIGITS}))?",
    re.IGNORECASE,
)


def _asked_at(
    evidence: Evidence,
    binding: Binding,
    x: Series,
    columns: list[Series],
    written: Formula | None = None,
) -> None:
    """Where the curve is wanted: "predict at 25 min", "how much after 240 min", "week 10"."""
    text = evidence.reading.plain
    spans = [place for item in columns if (place := span(item))]
    if written is not None:
        spans.append((written.start, written.end))
    patterns = [_AT]
    name = name_pattern(x.name) if x.name else None
    if name:
        patterns.append(
            re.compile(rf"{name}\s+({SIGNED}{NO_MORE_DIGITS})()(?!\s*%)", re.IGNORECASE)
        )
    reach = 4 * max(abs(value) for value in x.numbers)
    for pattern in patterns:
        for match in pattern.finditer(text):
            if any(a <= match.start(1) < b for a, b in spans) or (
                match.start(1) > 0
                and _STARTING.search(text[max(0, match.start() - 24) : match.start()])
            ):
                continue
            asked = [float(value) for value in match.groups() if value]
            if all(abs(value) <= reach for value in asked):
                source = f"question[{match.start(1)}:{match.end()}]"
                binding.set("at", asked if len(asked) > 1 else asked[0], source)
                return


def _profiled(evidence: Evidence, binding: Binding) -> None:
    if evidence.has(r"\bprofil\w*"):
        binding.set("profile", True, "question")


def _bind_curve(evidence: Evidence, binding: Binding, columns: list[Series]) -> None:
    text = evidence.text
    curve = next((name for pattern, name in _CURVES if re.search(pattern, text, re.I)), None)
    if curve is None:
        raise NeedsInput(
            "a nonlinear fit needs the form of the curve",
            "which curve do you expect, for example y = b1*exp(-b2*x), a power law or a logistic "
            "curve?",
        )
    response = response_of(evidence, columns)
    others = [item for item in columns if item is not response]
    if len(columns) == 2:
        x, response = orient(evidence, columns[0], columns[1])
    elif len(others) == 1:
        x = others[0]
    else:
        named = {
            column.name for table in evidence.tables for column in evidence.named(table.columns)
        }
        asked = [item for item in others if item.name in named]
        if len(asked) != 1:
            raise NeedsInput(
                f"there are {len(others)} columns beside the response",
                f"which of {', '.join(item.name for item in others[:8])} is x?",
            )
        x = asked[0]
    values = complete_pairs(binding, x, response)
    binding.set("curve", curve, "question")
    binding.set("x", values[0], x.source)
    binding.set("x_name", x.name or "x", x.source)
    _set_response(binding, response, values[1])
    for item in find_formulas(evidence.reading.plain):
        if item.value is not None and item.name.lower() in {"x", x.name.lower()}:
            binding.set("at", item.value, item.source)
    if "at" not in binding.args:
        _asked_at(evidence, binding, x, columns)
    _profiled(evidence, binding)
    binding.echo(
        "{} is x and {} is y",
        (x.name or "the first list", x.source),
        (response.name or "the second list", response.source),
    )


def _set_response(binding: Binding, response: Series, values: list[float]) -> None:
    binding.set("y", values, response.source)
    binding.set("response", response.name or "y", response.source)
    if response.unit and "%" not in response.unit:
        binding.set("unit", response.unit, response.source)


BINDERS: dict[str, Binder] = {"regression_nonlinear": bind_regression_nonlinear}
