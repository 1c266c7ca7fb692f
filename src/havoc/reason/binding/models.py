"""Arguments of correlation, regression, intervals, power and sample size."""

from __future__ import annotations

import re

from havoc.reading.counts import read_counts
from havoc.reading.question import Series
from havoc.reading.roles import NUMBER, Scalar
from havoc.reading.table import Column, Table
from havoc.reason.binding.evidence import (
    Binding,
    Evidence,
    NeedsInput,
    complete,
    complete_pairs,
    series_of,
)
from havoc.reason.binding.statistics import (
    RESPONSE_NAMES,
    Binder,
    bind_proportion_one,
    summaries,
)


def xy(evidence: Evidence, binding: Binding) -> None:
    """Set x, y and their names. Which is the response is decided by words, then by order."""
    first, second = _pair_of(evidence)
    x, y = _orient(evidence, first, second)
    columns = complete_pairs(binding, x, y)
    binding.set("x", columns[0], x.source)
    binding.set("y", columns[1], y.source)
    if x.name:
        binding.set("x_name", x.name, x.source)
    if y.name:
        binding.set("y_name", y.name, y.source)
    binding.echo(
        "{} is x and {} is y ({} pairs)",
        (x.name or "the first list", x.source),
        (y.name or "the second list", y.source),
        (len(columns[0]), x.source),
    )


def _pair_of(evidence: Evidence) -> tuple[Series, Series]:
    for table in evidence.tables:
        columns = [column for column in table.columns if column.kind == "number"]
        if len(columns) == 2:
            return series_of(table, columns[0]), series_of(table, columns[1])
        if len(columns) > 2:
            named = [
                column
                for column in columns
                if re.search(rf"(?<!\w){re.escape(column.name.lower())}(?!\w)", evidence.text)
            ]
            kept = named if len(named) >= 2 else evidence.numeric_columns(table)
            return series_of(table, kept[0]), series_of(table, kept[-1])
    return evidence.pair()


def _orient(evidence: Evidence, first: Series, second: Series) -> tuple[Series, Series]:
    """(x, y)"""
    names = first.name.lower(), second.name.lower()
    if (
        RESPONSE_NAMES.match(first.name)
        or names[1] in {"x", "predictor", "time"}
        or names[1].startswith("x")
    ):
        return second, first
    if RESPONSE_NAMES.match(second.name) or names[0].startswith("x"):
        return first, second
    if all(names):
        a, b = re.escape(names[0].split()[0]), re.escape(names[1].split()[0])
        gap = r"[^.?!\n]{0,60}?"
        for pattern, y_first in (
            (
                rf"(?<!\w)(\w*{{0}}\w*)(?!\w){gap}\b(?:vs\.?|versus|against|on|by|depend\w*\s+(?:up)?on|as\s+a?\s*function\s+of|from|over)\b{gap}(?<!\w)\w*{{1}}",
                True,
            ),
            (rf"\b(?:predict|model|explain|response|y)\b{gap}(?<!\w)\w*{{0}}", True),
            (
                rf"\b(?:effect|influence)\s+of\b{gap}(?<!\w)\w*{{1}}\w*{gap}\bon\b{gap}\w*{{0}}",
                True,
            ),
        ):
            if re.search(pattern.replace("{0}", a).replace("{1}", b), evidence.text):
                return (second, first) if y_first else (first, second)
            if re.search(pattern.replace("{0}", b).replace("{1}", a), evidence.text):
                return (first, second) if y_first else (second, first)
    return first, second


def bind_correlation(evidence: Evidence, binding: Binding) -> None:
    xy(evidence, binding)
    for pattern, kind in (
        (r"\bspearman|\brank (?:rho|correl)|\bmonoton|\brho\b", "spearman"),
        (r"\bkendall|\btau\b", "kendall"),
        (r"\bpearson", "pearson"),
    ):
        if evidence.has(pattern):
            if kind != "pearson" and evidence.has(r"\bpearson"):
                kind = "pearson"
            binding.set("kind", kind, "question")
            break
    evidence.alpha(binding)


def bind_regression_linear(evidence: Evidence, binding: Binding) -> None:
    xy(evidence, binding)
    if evidence.has(r"through (?:the )?(?:origin|zero)|no intercept|without (?:an )?intercept"):
        binding.set("intercept", False, "question")
    at = re.search(
        rf"\b(?:at|for|when|predict\w*(?:\s+\w+)?)\s+(?:x\s*=\s*|x\s+)?{NUMBER}|\bx\s*=\s*{NUMBER}",
        evidence.reading.remaining,
        re.IGNORECASE,
    )
    if at and not _in_lists(evidence, at.start()):
        value = float(at[1] or at[2])
        binding.set("at", [value], f"question[{at.start()}:{at.end()}]")
    evidence.alpha(binding)


def _in_lists(evidence: Evidence, position: int) -> bool:
    return any(
        item.start - 2 <= position < item.end
        for block in evidence.reading.blocks
        for item in block.lists
    )


def predictors_and_response(evidence: Evidence) -> tuple[list[Series], Series]:
    """Columns of a model: every predictor, and the response."""
    for table in evidence.tables:
        columns = [column for column in evidence.numeric_columns(table) if len(column.present) >= 2]
        if len(columns) >= 2:
            response = _response_column(evidence, table, columns)
            predictors = [series_of(table, column) for column in columns if column is not response]
            return predictors, series_of(table, response)
    series = evidence.reading.series
    if len(series) >= 2:
        named = [item for item in series if RESPONSE_NAMES.match(item.name)]
        response_list = named[0] if named else series[-1]
        mentioned = [
            item
            for item in series
            if item.name
            and re.search(
                rf"\b(?:model|predict|regress|fit|explain)\s+(?:the\s+)?{re.escape(item.name.lower())}",
                evidence.text,
            )
        ]
        if mentioned and not named:
            response_list = mentioned[0]
        return [item for item in series if item is not response_list], response_list
    raise NeedsInput(
        "a model needs a response and at least one predictor, with the same number of values",
        "which column is the response and which are the predictors?",
    )


def _response_column(evidence: Evidence, table: Table, columns: list[Column]) -> Column:
    for column in columns:
        if RESPONSE_NAMES.match(column.name):
            return column
    for column in columns:
        name = re.escape(column.name.lower())
        if re.search(
            rf"\b(?:regress(?:ion of)?|model|predict|explain|fit|response(?: is)?|y\s*=|effect on|for|drive|on)\s+(?:the\s+|our\s+)?(?:\w+\s+)?{name}(?!\w)(?!\s+(?:and|,))",
            evidence.text,
        ) and not re.search(
            rf"\b(?:on|by|from|and|column)\s+(?:the\s+)?{name}(?!\w)", evidence.text
        ):
            return column
    spaced = {re.sub(r"[^a-z0-9]+", " ", column.name.lower()).strip(): column for column in columns}
    for name, column in spaced.items():
        if re.search(
            rf"\b(?:regress|model|predict|explain)\s+(?:the\s+)?{re.escape(name)}\b", evidence.text
        ):
            return column
    return columns[-1]


def bind_regression_multiple(evidence: Evidence, binding: Binding) -> None:
    predictors, response = predictors_and_response(evidence)
    columns = complete_pairs(binding, *predictors, response)
    names = _distinct([item.name or f"x{index}" for index, item in enumerate(predictors, start=1)])
    binding.set(
        "predictors",
        dict(zip(names, columns[:-1], strict=True)),
        ", ".join(item.source for item in predictors)[:400],
    )
    binding.set("y", columns[-1], response.source)
    binding.set("response", response.name or "y", response.source)
    if evidence.has(r"no intercept|through (?:the )?origin"):
        binding.set("intercept", False, "question")
    evidence.alpha(binding)
    binding.echo(
        "the response is {}, the predictors are {}",
        (response.name or "y", response.source),
        (names, response.source),
    )


def _distinct(names: list[str]) -> list[str]:
    seen: dict[str, int] = {}
    distinct = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        distinct.append(name if seen[name] == 1 else f"{name} {seen[name]}")
    return distinct


_DEGREES = {
    "quadratic": 2,
    "second": 2,
    "parabola": 2,
    "squared": 2,
    "square": 2,
    "hill": 2,
    "cubic": 3,
    "third": 3,
    "quartic": 4,
    "fourth": 4,
    "quintic": 5,
    "fifth": 5,
}


def bind_regression_polynomial(evidence: Evidence, binding: Binding) -> None:
    xy(evidence, binding)
    if not binding.take_count("degree", evidence.scalar("degree")):
        power = re.search(r"x\s*\^\s*(\d)", evidence.text)
        word = next((degree for name, degree in _DEGREES.items() if name in evidence.text), None)
        binding.set(
            "degree",
            int(power[1]) if power else (word or 2),
            "question" if power or word else "default",
        )
        if not power and word is None:
            binding.echo("degree {}, the usual first choice for a curve", (2, "default"))
    degree = binding.args["degree"]
    if len(set(binding.args["x"])) <= degree:
        raise NeedsInput(
            f"a polynomial of degree {degree} needs at least {degree + 1} different x values",
            "are there more measurements, or should the degree be lower?",
        )
    evidence.alpha(binding)


def bind_confidence_interval(evidence: Evidence, binding: Binding) -> None:
    series = evidence.series()
    about_spread = evidence.has(
        r"\b(?:sd|sigma|standard deviation|variance|stdev|st\.? ?dev|spread|scatter)\b"
    )
    if not series:
        given = summaries(evidence)
        if given:
            _summary(binding, given[0])
            if about_spread and evidence.has(
                r"\b(?:true|on the|for the|of the|interval for)\s+(?:\w+\s+)?(?:sd|sigma|standard deviation|variance)\b"
            ):
                binding.set("parameter", "sd", "question")
        elif about_spread and evidence.scalar("sd") and evidence.scalar("n"):
            binding.take_count("n", evidence.scalar("n"))
            binding.take("sd", evidence.scalar("sd"))
            binding.set("parameter", "sd", "question")
        elif read_counts(evidence.reading.plain) or evidence.has(
            r"\b(?:defects?|fails?|failures?|defective|bad|nonconforming)\b"
        ):
            _proportion_interval(evidence, binding)
        else:
            missing = (
                "standard deviation"
                if evidence.scalar("mean") and not evidence.scalar("sd")
                else "data"
            )
            raise NeedsInput(
                f"an interval needs data, or n, mean and standard deviation; the {missing} is missing"
                if missing != "data"
                else "an interval needs data, or n with mean and standard deviation, or a count out of a total",
                f"what is the {missing}?" if missing != "data" else "which values were measured?",
            )
    else:
        one = evidence.one()
        binding.set("data", complete(binding, one), one.source)
        if one.name:
            binding.set("name", one.name, one.source)
        if one.unit:
            binding.set("unit", one.unit, one.source)
        if evidence.has(r"\bmedian\b"):
            binding.set("parameter", "median", "question")
        elif about_spread and evidence.has(
            r"\b(?:ci|interval|limits|bounds?|range|uncertainty|precision)\b.{0,30}\b(?:sd|sigma|standard deviation|variance|st\.? ?dev)|\b(?:true|on the|for the) (?:sd|sigma|standard deviation)"
        ):
            binding.set("parameter", "sd", "question")
    _one_sided(evidence, binding)
    evidence.confidence(binding)


def _one_sided(evidence: Evidence, binding: Binding) -> None:
    if evidence.has(
        r"\bupper\b.{0,24}(?:limit|bound|conf)|\b(?:highest|worst|at most)\b"
    ) and not evidence.has(r"\blower and upper|two[\s-]sided"):
        binding.set("side", "upper", "question")
    elif evidence.has(r"\blower\b.{0,24}(?:limit|bound|conf)|\blowest\b") and not evidence.has(
        r"\blower and upper|two[\s-]sided"
    ):
        binding.set("side", "lower", "question")


def _proportion_interval(evidence: Evidence, binding: Binding) -> None:
    inner = Binding(operation="proportion_one")
    bind_proportion_one(evidence, inner)
    for name in ("successes", "trials"):
        binding.set(name, inner.args[name], inner.provenance.get(name, "question"))
    binding.set("parameter", "proportion", "question")


def bind_prediction_interval(evidence: Evidence, binding: Binding) -> None:
    _data_or_summary(evidence, binding)
    future = re.search(
        r"\b(?:next|future|coming|capture|mean of next)\s+(\d+)\b|\b(\d+)\s+(?:future|more|new|next)\b",
        evidence.text,
    )
    if future:
        binding.set("m", int(future[1] or future[2]), f"question[{future.start()}:{future.end()}]")
    if evidence.has(r"\bmean of (?:the )?(?:next|\d+ (?:future|next|new))"):
        binding.set("of", "mean", "question")
    _one_sided(evidence, binding)
    evidence.confidence(binding)


def _summary(binding: Binding, given: tuple[dict[str, float], str]) -> None:
    values, source = given
    for name in ("n", "mean", "sd"):
        binding.set(name, values[name], source)


def _data_or_summary(evidence: Evidence, binding: Binding) -> None:
    if evidence.series():
        one = evidence.one()
        binding.set("data", complete(binding, one), one.source)
        if one.name:
            binding.set("name", one.name, one.source)
        if one.unit:
            binding.set("unit", one.unit, one.source)
        return
    given = summaries(evidence)
    if given:
        _summary(binding, given[0])
        return
    raise NeedsInput(
        "the data are missing", "which values were measured, or what are n, mean and sd?"
    )


def bind_tolerance_interval(evidence: Evidence, binding: Binding) -> None:
    ratio = re.search(
        r"(?<![\d.])(\d\d(?:\.\d+)?)\s*%?\s*/\s*(\d\d(?:\.\d+)?)\s*%?(?![\d.])",
        evidence.reading.plain,
    )
    if ratio and float(ratio[1]) >= 50 and float(ratio[2]) >= 50:
        first, second = float(ratio[1]) / 100, float(ratio[2]) / 100
        confidence_first = evidence.has(r"conf\w*\s*/\s*(?:cont|cov|prop)")
        content, confidence = (second, first) if confidence_first else (first, second)
        source = f"question[{ratio.start()}:{ratio.end()}]"
        if content != confidence:
            words = re.search(
                r"(?:content|population|coverage)\D{0,12}(\d\d(?:\.\d+)?)", evidence.text
            )
            if words:
                content = float(words[1]) / 100
                confidence = first if content == second else second
        binding.set("coverage", content, source)
        binding.set("confidence", confidence, source)
    else:
        binding.take("coverage", evidence.scalar("coverage"), fraction=True)
        binding.take("confidence", evidence.scalar("confidence"), fraction=True)
        if "coverage" not in binding.args:
            others = [item for item in evidence.singles() if item.percent and item.fraction >= 0.5]
            if others:
                binding.take("coverage", others[0], fraction=True)
    if evidence.series():
        lists = [item for item in evidence.series() if not (ratio and len(item.values) == 2)]
        one = lists[0] if len(lists) == 1 else evidence.one()
        binding.set("data", complete(binding, one), one.source)
        if len(one.numbers) < 3 and not evidence.scalar("n"):
            raise NeedsInput(
                "a tolerance interval needs more than 2 values",
                "which further values were measured?",
            )
        if one.unit:
            binding.set("unit", one.unit, one.source)
    else:
        given = summaries(evidence)
        if given:
            _summary(binding, given[0])
        elif not binding.take_count("n", evidence.scalar("n")):
            size = [
                item
                for item in evidence.singles()
                if item.value >= 3 and item.value == int(item.value) and not item.percent
            ]
            if not size:
                raise NeedsInput(
                    "the data, or their number n, are missing", "which values were measured?"
                )
            binding.take_count("n", size[0])
    if evidence.has(r"distribution[\s-]free|non-?parametric|distribution is unknown|not normal"):
        binding.set("kind", "nonparametric", "question")
    elif evidence.has(r"\bhowe\b"):
        binding.set("kind", "howe", "question")
    if evidence.has(
        r"\b(?:upper|max\w*)\b.{0,30}(?:bound|limit|one|sided|tol)|one-sided upper"
    ) and not evidence.has(r"both|two[\s-]?side"):
        binding.set("side", "upper", "question")
    elif evidence.has(
        r"\blower\b.{0,30}(?:bound|limit|one|sided|tol)|one-sided lower|at least .{0,20}exceed|will last past"
    ) and not evidence.has(r"both|two[\s-]?side"):
        binding.set("side", "lower", "question")


def bind_power(evidence: Evidence, binding: Binding) -> None:
    for table in evidence.tables:
        names = {
            column.name.lower(): column
            for column in table.columns
            if column.kind == "number" and len(column.present) == 1
        }
        for role, parameter in (
            ("groups", "groups"),
            ("between_var", "between_var"),
            ("within_var", "within_var"),
            ("delta", "effect"),
            ("effect", "effect"),
            ("sd", "sigma"),
            ("sigma", "sigma"),
            ("n", "n"),
        ):
            if role in names:
                value = names[role].present[0]
                binding.set(
                    parameter,
                    int(value) if parameter in {"groups", "n"} else value,
                    f"{table.source}#{role}",
                )
    text = evidence.text
    groups = re.search(
        r"\b(\d+|three|four|five|six)\s+(?:groups|moulds|levels|means|treatments|lots|suppliers|machines)\b",
        text,
    )
    shares = [item for item in evidence.singles() if item.percent or 0 < item.value < 1]
    binding.take("power", evidence.scalar("power"), fraction=True)
    if "power" not in binding.args:
        chance = re.search(r"(\d) of (\d) (?:studies|times|cases)", text)
        if chance:
            binding.set("power", int(chance[1]) / int(chance[2]), "question")
    evidence.alpha(binding)
    binding.take("sigma", evidence.scalar("sd"))
    between = re.search(rf"between[\w\s-]*var\w*\s*(?:=|is|of)?\s*{NUMBER}", text)
    within = re.search(rf"(?:error|within)[\w\s-]*var\w*\s*(?:=|is|of)?\s*{NUMBER}", text)
    if between and within:
        binding.set("between_var", float(between[1]), "question")
        binding.set("within_var", float(within[1]), "question")
    margin = evidence.scalar("margin")
    estimating = margin is not None or evidence.has(
        r"\bestimat\w*|\bpin\b|\bmargin of error|to within"
    )
    if groups and (
        between
        or evidence.has(r"\banova\b|\bcohen f\b|\bmeans to span")
        or len(groups[1]) > 1
        or int(groups[1]) > 2
    ):
        count = {"three": 3, "four": 4, "five": 5, "six": 6}.get(groups[1]) or int(groups[1])
        if count > 2:
            binding.set("design", "anova", "question")
            binding.set("groups", count, "question")
    elif "groups" in binding.args:
        binding.set("design", "anova", "question")
    if binding.args.get("design") != "anova":
        _power_of_means_or_proportions(evidence, binding, shares, margin, estimating)
    cohen = re.search(rf"\bcohen(?:'?s)?\s+[fd]\s*(?:=|of)?\s*{NUMBER}", text)
    if cohen:
        binding.set("effect_size", float(cohen[1]), "question")
    _power_effect(evidence, binding)
    n = evidence.scalar("n")
    if n is not None and "n" not in binding.args:
        binding.take_count("n", n)
    elif "power" not in binding.args:
        each = re.search(
            r"\b(\d+)\s*(?:per|in each|each|a)\s*(?:group|arm|side|sample|patients)?|\bwith\s+(\d+)\s+(?:pieces|parts|patients|samples|units)",
            text,
        )
        if each:
            binding.set("n", int(each[1] or each[2]), "question")
    if evidence.has(r"\bone[\s-]?(?:sided|tailed)"):
        binding.set("alternative", "greater", "question")
    _require_power_inputs(binding)


def _power_of_means_or_proportions(
    evidence: Evidence,
    binding: Binding,
    shares: list[Scalar],
    margin: Scalar | None,
    estimating: bool,
) -> None:
    text = evidence.text
    if estimating and "sigma" in binding.args and margin is not None:
        binding.set("design", "mean_margin", "question")
        binding.take("margin", margin)
        evidence.alpha(binding)
    elif estimating and margin is not None and (shares or margin.percent):
        binding.set("design", "proportion_margin", "question")
        binding.take("margin", margin, fraction=margin.percent)
        if shares:
            binding.take("p", shares[0], fraction=True)
        evidence.alpha(binding)
    elif len(shares) >= 2 and "sigma" not in binding.args:
        one = evidence.has(r"\b(?:known|standard|historic|target|against)\b") and not evidence.has(
            r"\btwo|per group|each\b"
        )
        binding.set("design", "one_proportion" if one else "two_proportions", "question")
        binding.take("p1", shares[0], fraction=True)
        binding.take("p2", shares[1], fraction=True)
    elif re.search(r"\bpair(?:ed|s)\b|before/after", text):
        binding.set("design", "paired_t", "question")
    elif re.search(
        r"\bone[\s-]sample|\b1[\s-]sample|from (?:the )?(?:nominal|target|set ?point)|single mean",
        text,
    ):
        binding.set("design", "one_sample_t", "question")
    else:
        binding.set("design", "two_sample_t", "question")


_EFFECT = re.compile(
    rf"(?:effect|difference|diff|shift|delta|improvement|change|bias|detect|find|see|notice|spot|deviation|drop|gain|span)\w*"
    rf"(?:\s+(?:of|a|an|the|is|=|size|at least|shift|difference|change|effect|mean|bias|by|about|delta|in|improvement))*\s*[=:]?\s*"
    rf"{NUMBER}\s*(sigma|sd|s\b|σ|standard dev\w*)?",
    re.IGNORECASE,
)
_EFFECT_AFTER = re.compile(
    rf"{NUMBER}\s*(sigma|sd|σ)?\s*(?:[a-zµ%/]+\s+)?(?:shift|difference|diff|effect|change|improvement|bias)\b",
    re.IGNORECASE,
)


def _power_effect(evidence: Evidence, binding: Binding) -> None:
    if (
        "effect" in binding.args
        or "effect_size" in binding.args
        or binding.args.get("design", "").endswith("margin")
    ):
        return
    text = evidence.reading.remaining
    for pattern in (_EFFECT_AFTER, _EFFECT):
        match = pattern.search(text)
        if match:
            value = float(match[1])
            in_sigma = match[2] is not None
            if in_sigma or "sigma" not in binding.args:
                if binding.args.get("design", "").endswith("_t") and (in_sigma or value <= 5):
                    binding.set("effect_size", value, f"question[{match.start()}:{match.end()}]")
            else:
                binding.set("effect", value, f"question[{match.start()}:{match.end()}]")
            return
    rest = [item for item in evidence.singles() if not item.percent]
    if rest and "sigma" in binding.args and "p1" not in binding.args:
        binding.take("effect", rest[0])


def _require_power_inputs(binding: Binding) -> None:
    design = binding.args.get("design", "")
    known = set(binding.args)
    if design.endswith("_t"):
        has_effect = "effect_size" in known or {"effect", "sigma"} <= known
        solvable = has_effect + ("n" in known) + ("power" in known)
        if not has_effect and not ({"n", "power"} <= known and "sigma" in known):
            raise NeedsInput(
                "the difference that matters, or the standard deviation, is missing",
                "which difference must be detected, how large is the standard deviation, and with what power?",
            )
        if solvable < 2 and has_effect and "n" not in known:
            binding.set("power", 0.8, "default")
            binding.echo("power {} was assumed, the usual choice", (0.8, "default"))


BINDERS: dict[str, Binder] = {
    "correlation": bind_correlation,
    "regression_linear": bind_regression_linear,
    "regression_multiple": bind_regression_multiple,
    "regression_polynomial": bind_regression_polynomial,
    "confidence_interval": bind_confidence_interval,
    "prediction_interval": bind_prediction_interval,
    "tolerance_interval": bind_tolerance_interval,
    "power_sample_size": bind_power,
}
