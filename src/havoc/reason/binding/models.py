"""Arguments of correlation and regression."""

from __future__ import annotations

import re
from itertools import combinations

import msgspec

from havoc.reading.index_columns import measured_columns
from havoc.reading.question import Series
from havoc.reason.binding.arguments import Binding, NeedsInput
from havoc.reason.binding.evidence import Binder, Evidence
from havoc.reason.binding.lists import complete_pairs, series_of
from havoc.reason.binding.pairs import lists, pair, points
from havoc.reason.binding.response import listed_predictors, orient, response_of
from havoc.reason.binding.settings import asked_of, asked_settings

MOST_CORRELATED = 6


def _pair_of(evidence: Evidence) -> tuple[Series, Series]:
    for table in evidence.tables:
        columns = [column for column in table.columns if column.kind == "number"]
        if len(columns) == 2:
            return series_of(table, columns[0]), series_of(table, columns[1])
        if len(columns) > 2:
            named = evidence.named(columns)
            kept = named if len(named) >= 2 else evidence.numeric_columns(table)
            return series_of(table, kept[0]), series_of(table, kept[-1])
    found = pair(evidence)
    if found is None:
        count = len(lists(evidence))
        raise NeedsInput(
            f"x and y need two lists of values, and {'one was' if count == 1 else 'none were'} found",
            "which values are x and which are y?",
        )
    return found


def xy(evidence: Evidence, binding: Binding) -> tuple[Series, Series]:
    """Set x, y and their names. Which is the response is decided by words, then by order."""
    x, y = orient(evidence, *_pair_of(evidence))
    _set_xy(binding, x, y)
    binding.echo(
        "{} is x and {} is y ({} pairs)",
        (x.name or "the first list", x.source),
        (y.name or "the second list", y.source),
        (len(binding.args["x"]), x.source),
    )
    return x, y


def _set_xy(binding: Binding, x: Series, y: Series) -> None:
    columns = complete_pairs(binding, x, y)
    if len(columns) < 2 or not columns[0]:
        raise NeedsInput("no pair of values is complete", "which values belong together?")
    binding.set("x", columns[0], x.source)
    binding.set("y", columns[1], y.source)
    if x.name:
        binding.set("x_name", x.name, x.source)
    if y.name:
        binding.set("y_name", y.name, y.source)


def _refuse_constant(binding: Binding, *names: str) -> None:
    for name in names:
        if len(set(binding.args[name])) == 1:
            label = binding.args.get(f"{name}_name", name)
            raise NeedsInput(
                f"all values of {label} are equal ({binding.args[name][0]:g}), so no relation can be seen",
                f"are there measurements in which {label} varies?",
            )


# correlation -------------------------------------------------------------------


def bind_correlation(evidence: Evidence, binding: Binding) -> None:
    """Two lists; of more lists every pair."""
    several = _several(evidence)
    if several:
        calls = [binding]
        for first, second in combinations(several, 2):
            call = (
                calls[0]
                if len(calls) == 1 and not binding.args
                else Binding(operation="correlation")
            )
            _set_xy(call, first, second)
            if call is not binding:
                binding.more.append(call)
                calls.append(call)
    else:
        xy(evidence, binding)
        calls = [binding]
    for call in [binding, *binding.more]:
        _refuse_constant(call, "x", "y")
        kind = _kind(evidence)
        if kind:
            call.set("kind", kind, "question")
        evidence.alpha(call)


def _several(evidence: Evidence) -> list[Series]:
    """Three or more lists of one length where all pairs are asked for, or no two are named."""
    asked = evidence.has(
        r"\bmatrix\b|\bpairwise\b|\bamong\b|\b(?:all|every|each) (?:pairs?|columns?|variables?)\b"
    )
    if evidence.tables:
        table = evidence.tables[0]
        columns = evidence.numeric_columns(table)
        named = evidence.named(columns)
        if not asked and (len(named) >= 2 or len(evidence.tables) > 1):
            return []
        series = [series_of(table, column) for column in columns]
    elif points(evidence) is not None:
        return []
    else:
        series = [
            item if item.name else msgspec.structs.replace(item, name=f"list {index}")
            for index, item in enumerate(lists(evidence), start=1)
        ]
    lengths = {len(item.values) for item in series}
    if not 3 <= len(series) <= MOST_CORRELATED or len(lengths) > 1 or min(lengths) < 3:
        return []
    return series


def _kind(evidence: Evidence) -> str:
    """The coefficient, from the newest turn that names one."""
    for text in (evidence.text.split("\n")[0], evidence.text):
        for pattern, kind in (
            (r"\bpearson|\blinear correlation", "pearson"),
            (r"\bspearman|\branks?[\s-]+(?:rho|correl)|\bmonoton|\brho\b", "spearman"),
            (r"\bkendall|\btau\b", "kendall"),
        ):
            if re.search(pattern, text):
                return kind
    return ""


# one predictor -----------------------------------------------------------------


def bind_regression_linear(evidence: Evidence, binding: Binding) -> None:
    """A straight line, the settings at which to predict and the response to read back.

    Three or more columns named beside each other are a model of several predictors.
    """
    if any(len(evidence.named(evidence.numeric_columns(table))) >= 3 for table in evidence.tables):
        binding.operation = "regression_multiple"
        bind_regression_multiple(evidence, binding)
        return
    _bind_line(evidence, binding)


def _bind_line(evidence: Evidence, binding: Binding) -> None:
    x, y = xy(evidence, binding)
    _refuse_constant(binding, "x")
    _intercept(evidence, binding)
    settings, target = asked_of(evidence, x, y)
    if settings:
        binding.set("at", [value for value, _ in settings], settings[0][1])
    if target is not None:
        binding.set("y_target", *target)
    if y.unit and "%" not in y.unit:
        binding.set("unit", y.unit, y.source)
    evidence.alpha(binding)


def _intercept(evidence: Evidence, binding: Binding) -> None:
    if evidence.has(
        r"\bthrough (?:the )?(?:origin|zero)|\bno (?:intercept|constant)|\bwithout (?:an? |the )?(?:intercept|constant)|\bzero intercept|\bforced? (?:through|to) (?:the )?(?:origin|zero)"
    ):
        binding.set("intercept", False, "question")


def has_point(evidence: Evidence) -> bool:
    """Does the question name a setting at which to predict?"""
    found = pair(evidence)
    if found is None or not all(item.numbers for item in found):
        return False
    return bool(asked_of(evidence, *orient(evidence, *found))[0])


_DEGREES = (
    (2, r"quadratic\w*|parabol\w*|squared?|hill|(?:second|zweit\w*|deuxi[eè]me|segundo|secondo)[\s-]+(?:degree|order|power|grad\w*|ordnung|degr[ée]|grado|grau|ordine?)"),
    (3, r"cubic|(?:third|dritt\w*|troisi[eè]me|tercer\w*|terz\w*)[\s-]+(?:degree|order|power|grad\w*|ordnung|degr[ée]|grado|grau|ordine?)"),
    (4, r"quartic|fourth[\s-]+(?:degree|order|power)"),
    (5, r"quintic|fifth[\s-]+(?:degree|order|power)"),
)  # fmt: skip
_DEGREE_NUMBER = re.compile(
    r"\b(?:degree|order|power|grade?|grado|grau|degr[ée]|ordnung|ordre|ordine|stopnia|potenz)\s*(?:of\s+|=\s*|is\s+|:\s*)?"
    r"(?:(?P<digit>[2-9])(?![\w.]*\d)|(?P<word>two|three|four|five))\b"
    r"|(?<![\w.])(?P<before>[2-9])\s*(?:\.|nd|rd|th|[eè]me|º|°)?[\s-]*(?:degree|order|grad(?:es)?|ordnung|degr[ée]|ordre|grado|grau|stopnia)\b"
)
_DEGREE_WORDS = {"two": 2, "three": 3, "four": 4, "five": 5}


def bind_regression_polynomial(evidence: Evidence, binding: Binding) -> None:
    """A curve of a degree that the number of points can carry."""
    x, y = xy(evidence, binding)
    _refuse_constant(binding, "x")
    _degree(evidence, binding)
    degree = binding.args["degree"]
    if len(set(binding.args["x"])) <= degree:
        raise NeedsInput(
            f"a polynomial of degree {degree} needs at least {degree + 1} different x values",
            "are there more measurements, or should the degree be lower?",
        )
    _intercept(evidence, binding)
    settings, _ = asked_of(evidence, x, y)
    if settings:
        binding.set("at", [value for value, _ in settings], settings[0][1])
    evidence.alpha(binding)


def _degree(evidence: Evidence, binding: Binding) -> None:
    given = evidence.scalar("degree")
    if given is not None and 1 <= given.value <= 10:
        binding.take_count("degree", given)
        return
    # the newest turn decides: "make it cubic" after "fit a quadratic"
    for text in (evidence.text.split("\n")[0], evidence.text):
        text = re.sub(r"\br[\s-]?squared?\b|\bleast squares?\b", " ", text)
        power = re.search(r"(?<!\w)[a-z]\s*(?:\^\s*(\d)|([²³]))", text)
        if power:
            binding.set("degree", int(power[1] or ("2" if power[2] == "²" else "3")), "question")
            return
        told = _DEGREE_NUMBER.search(text)
        if told:
            digit = told["digit"] or told["before"]
            degree = int(digit) if digit else _DEGREE_WORDS[told["word"]]
            binding.set("degree", degree, f"question[{told.start()}:{told.end()}]")
            return
        word = next(
            (degree for degree, names in _DEGREES if re.search(rf"\b(?:{names})\b", text)), None
        )
        if word:
            binding.set("degree", word, "question")
            return
    binding.set("degree", 2, "default")
    binding.echo("degree {}, the usual first choice for a curve", (2, "default"))


# several predictors ------------------------------------------------------------


_FIRST_TO_LAST = r"\b([a-z]{1,12})\d{1,2}\s{0,2}(?:\.\.+|…|-|–|to|through|bis)\s{0,2}\1\d{1,2}\b"
"""``x1..x4``: the two named, and all that lie between them."""
_TOGETHER = r"\b(?:at\s+the\s+same\s+time|simultaneous\w*|together|jointly|both|all)\b"


def predictors_and_response(evidence: Evidence) -> tuple[list[Series], Series]:
    """Columns of a model: every predictor, and the response."""
    for table in evidence.tables:
        columns = [column for column in measured_columns(table) if len(column.present) >= 2]
        if len(columns) < 2:
            continue
        series = [series_of(table, column) for column in columns]
        predictors = listed_predictors(evidence, series)
        rest = [item for item in series if item not in predictors]
        if not predictors or not rest:
            named = evidence.named(columns)
            if len(named) == 2 and not evidence.has(_TOGETHER) and not evidence.has(_FIRST_TO_LAST):
                series = [series_of(table, column) for column in named]
            response = response_of(evidence, series)
            return [item for item in series if item is not response], response
        told = [item for item in rest if item.name in {c.name for c in evidence.named(columns)}]
        return predictors, response_of(evidence, told or rest)
    series = lists(evidence)
    if len(series) >= 2:
        response = response_of(evidence, series)
        return [item for item in series if item is not response], response
    raise NeedsInput(
        "a model needs a response and at least one predictor, with the same number of values",
        "which column is the response and which are the predictors?",
    )


def bind_regression_multiple(evidence: Evidence, binding: Binding) -> None:
    """Response, predictors, products and the setting at which to predict."""
    predictors, response = predictors_and_response(evidence)
    if len(predictors) == 1 and evidence.tables:
        binding.operation = "regression_linear"
        _bind_line(evidence, binding)
        return
    columns = complete_pairs(binding, *predictors, response)
    names = _distinct([item.name or f"x{index}" for index, item in enumerate(predictors, start=1)])
    binding.set(
        "predictors",
        dict(zip(names, columns[:-1], strict=True)),
        ", ".join(item.source for item in predictors)[:400],
    )
    binding.set("y", columns[-1], response.source)
    binding.set("response", response.name or "y", response.source)
    _intercept(evidence, binding)
    if evidence.has(
        r"\binteractions?\b|\bproducts?\s+(?:term|in the model|of)|\bcross[\s-]terms?|\w\s?[*×]\s?\w+\s+product"
    ):
        binding.set("interactions", True, "question")
    settings = asked_settings(evidence, predictors)
    if settings:
        binding.set(
            "at",
            {names[index]: value for index, (value, _) in sorted(settings.items())},
            next(iter(settings.values()))[1],
        )
    _enough_rows(binding)
    evidence.alpha(binding)
    binding.echo(
        "the response is {}, the predictors are {}",
        (response.name or "y", response.source),
        (names, response.source),
    )


def _enough_rows(binding: Binding) -> None:
    count = len(binding.args["predictors"])
    terms = count + (count * (count - 1) // 2 if binding.args.get("interactions") else 0)
    terms += 0 if binding.args.get("intercept") is False else 1
    rows = len(binding.args["y"])
    if rows <= terms:
        raise NeedsInput(
            f"{rows} rows cannot determine {terms} coefficients and their scatter",
            "are there more rows, or which predictors can be left out?",
        )


def _distinct(names: list[str]) -> list[str]:
    seen: dict[str, int] = {}
    distinct = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        distinct.append(name if seen[name] == 1 else f"{name} {seen[name]}")
    return distinct


BINDERS: dict[str, Binder] = {
    "correlation": bind_correlation,
    "regression_linear": bind_regression_linear,
    "regression_multiple": bind_regression_multiple,
    "regression_polynomial": bind_regression_polynomial,
}
