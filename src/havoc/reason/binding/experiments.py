"""Arguments of experiment designs and of their analysis."""

from __future__ import annotations

import re
from typing import Any

from havoc.reading.factors import FactorText, read_factors, read_names
from havoc.reading.table import Column, Table
from havoc.reason.binding.evidence import Binding, Evidence, NeedsInput
from havoc.reason.binding.statistics import Binder

_DESIGN_TOKEN = re.compile(r"\b([23])\s*\^\s*[({]?\s*(\d+)\s*(?:-\s*(\d+))?\s*[)}]?")
_GENERATOR = re.compile(r"(?<![A-Za-z])([A-HJ-Z])\s*=\s*([-+]?[A-HJ-Z]{2,8})(?![a-z])")
_ROMAN = {"iii": 3, "iv": 4, "v": 5, "vi": 6, "vii": 7}


def factors(evidence: Evidence, binding: Binding, *, required: int = 1) -> int:
    """Set ``factors`` (with ranges or names) or ``n_factors``; returns how many."""
    table_factors = _factor_data(evidence)
    found = table_factors or read_factors(evidence.reading.plain)
    stated = _stated_count(evidence)
    if found and stated is not None and len(found) > stated:
        found = [factor for factor in found if factor.low is not None or factor.levels][:stated]
    if found and stated is not None and len(found) < stated:
        found = []
    if found:
        _check_ranges(found)
        binding.set(
            "factors",
            [_factor(item) for item in found],
            ", ".join(item.source for item in found)[:400],
        )
        for item in found:
            if item.low is not None:
                binding.echo(
                    "{} from {} to {} {}",
                    (item.name, item.source),
                    (item.low, item.source),
                    (item.high, item.source),
                    (item.unit, item.source),
                )
        return len(found)
    names = read_names(evidence.reading.text)
    if names and (stated is None or len(names) == stated):
        binding.set("factors", [{"name": name} for name in names], "question")
        return len(names)
    if stated is None:
        raise NeedsInput(
            "the factors are missing",
            "which factors, each with its low and high setting, should the design vary?",
        )
    binding.set("n_factors", stated, "question")
    return stated


def _factor_data(evidence: Evidence) -> list[FactorText]:
    return []


def _stated_count(evidence: Evidence) -> int | None:
    token = _DESIGN_TOKEN.search(evidence.text)
    if token:
        return int(token[2])
    scalar = evidence.scalar("n_factors")
    if scalar is not None and scalar.value == int(scalar.value) and scalar.value >= 1:
        return int(scalar.value)
    return None


def _factor(item: FactorText) -> dict[str, Any]:
    factor: dict[str, Any] = {"name": item.name}
    if item.low is not None:
        factor |= {"low": item.low, "high": item.high}
    else:
        factor["levels"] = item.levels
    if item.unit:
        factor["unit"] = item.unit
    return factor


def _check_ranges(found: list[FactorText]) -> None:
    for item in found:
        if item.low is None or item.high is None:
            continue
        if item.low == item.high:
            raise NeedsInput(
                f"the low and high setting of {item.name} are both {item.low:g}",
                f"what are the low and high setting of {item.name}?",
            )
        if item.low > item.high:
            raise NeedsInput(
                f"{item.name} has low {item.low:g} above high {item.high:g}",
                f"which is the low and which the high setting of {item.name}?",
            )


def _two_level(binding: Binding) -> None:
    """Two listed levels that are numbers are a range."""
    for factor in binding.args.get("factors", []):
        levels = factor.get("levels")
        if levels and len(levels) == 2 and all(isinstance(level, float) for level in levels):
            factor["low"], factor["high"] = min(levels), max(levels)
            del factor["levels"]


def common(evidence: Evidence, binding: Binding) -> None:
    """Centre points, replicates, blocks, seed, randomisation."""
    if not binding.take_count("center_points", evidence.scalar("center_points")):
        plain = re.search(r"\b(?:no|without)\s+cent(?:er|re)", evidence.text)
        if plain:
            binding.set("center_points", 0, "question")
    replicates = evidence.scalar("replicates")
    if replicates is not None and 1 <= replicates.value <= 100:
        binding.take_count("replicates", replicates)
    elif evidence.has(r"\b(?:twice|duplicate|two times|made two|done two)\b"):
        binding.set("replicates", 2, "question")
    elif evidence.has(r"\b(?:triplicate|three times)\b"):
        binding.set("replicates", 3, "question")
    blocks = evidence.scalar("blocks")
    if blocks is not None and blocks.value >= 1:
        binding.take_count("blocks", blocks)
    binding.take_count("seed", evidence.scalar("seed"))
    if evidence.has(
        r"\b(?:no|not|without|non)[\s-]?random\w*|standard order please|unrandomi[sz]ed"
    ):
        binding.set("randomize", False, "question")


def bind_full_factorial(evidence: Evidence, binding: Binding) -> None:
    grid = re.search(r"\b(\d)\s*x\s*(\d)(?:\s*x\s*(\d))?(?:\s*x\s*(\d))?\b", evidence.text)
    token = _DESIGN_TOKEN.search(evidence.text)
    try:
        factors(evidence, binding)
    except NeedsInput:
        if not grid:
            raise
        sizes = [int(size) for size in grid.groups() if size]
        binding.set(
            "factors",
            [{"name": "ABCD"[index], "n_levels": size} for index, size in enumerate(sizes)],
            "question",
        )
    if token and token[1] == "3" and "n_factors" in binding.args:
        count = binding.args.pop("n_factors")
        binding.set(
            "factors",
            [{"name": "ABCDEFGH"[index], "n_levels": 3} for index in range(count)],
            "question",
        )
    common(evidence, binding)


def _scenarios(evidence: Evidence, binding: Binding) -> bool:
    """ "6 factors in 16 runs, 32 runs; 7 factors in 16, 32, 64 runs": one call each."""
    pairs = []
    for match in re.finditer(
        r"(\d+)\s+factors?\s+in\s+((?:\d+\s*(?:runs?)?\s*(?:,|and|or)?\s*)+)", evidence.text
    ):
        pairs += [(int(match[1]), int(runs), match) for runs in re.findall(r"\d+", match[2])]
    if len(pairs) < 2:
        return False
    for index, (count, runs, match) in enumerate(pairs):
        target = binding if index == 0 else Binding(operation=binding.operation)
        source = f"question[{match.start()}:{match.end()}]"
        target.set("n_factors", count, source)
        target.set("runs", runs, source)
        if index:
            binding.more.append(target)
    return True


def bind_fractional_factorial(evidence: Evidence, binding: Binding) -> None:
    if _scenarios(evidence, binding):
        return
    token = _DESIGN_TOKEN.search(evidence.text)
    generators = [f"{match[1]}={match[2]}" for match in _GENERATOR.finditer(evidence.reading.text)]
    if generators:
        binding.set("generators", generators, "question")
    try:
        count = factors(evidence, binding)
    except NeedsInput:
        if not generators:
            raise
        count = 0
    if (
        generators
        and not token
        and "factors" in binding.args
        and not any("low" in factor or "levels" in factor for factor in binding.args["factors"])
    ):
        binding.args.pop("factors")
    _two_level(binding)
    if token and token[3]:
        binding.set(
            "runs", 2 ** (int(token[2]) - int(token[3])), f"question[{token.start()}:{token.end()}]"
        )
    elif not generators and not binding.take_count("runs", evidence.scalar("runs")):
        if evidence.has(r"\bhalf\b") and count:
            binding.set("runs", 2 ** (count - 1), "question")
        elif evidence.has(r"\bquarter\b") and count:
            binding.set("runs", 2 ** (count - 2), "question")
        else:
            single = next(
                (item for item in evidence.singles() if item.value in {4, 8, 16, 32, 64, 128}), None
            )
            binding.take_count("runs", single)
    resolution = re.search(r"\bres(?:olution)?\.?\s*(iii|iv|v|vi|vii)\b", evidence.text)
    if resolution and "runs" not in binding.args and not generators:
        binding.set("resolution", _ROMAN[resolution[1]], "question")
    elif "runs" not in binding.args and not generators:
        binding.take_count("resolution", evidence.scalar("resolution"))
    if not ({"runs", "resolution", "generators"} & set(binding.args)):
        if count < 3:
            raise NeedsInput(
                "the size of the fraction is missing",
                "how many runs can be afforded, or which resolution is needed?",
            )
        binding.set("runs", 2 ** (count - 1), "default")
        binding.echo("a half fraction of {} runs was assumed", (2 ** (count - 1), "default"))
    if evidence.has(r"\bfold[\s-]?over|\bfold it over|\breflected"):
        binding.set("foldover", True, "question")
    common(evidence, binding)


def bind_plackett_burman(evidence: Evidence, binding: Binding) -> None:
    factors(evidence, binding)
    _two_level(binding)
    runs = evidence.scalar("runs")
    if runs is None and evidence.has(r"\bdozen\b"):
        binding.set("runs", 12, "question")
    else:
        binding.take_count("runs", runs)
    if evidence.has(r"\bfold[\s-]?over|\bfold it over|\breflected"):
        binding.set("foldover", True, "question")
    common(evidence, binding)
    binding.args.pop("replicates", None) if binding.args.get("replicates", 1) == 1 else None


def bind_box_behnken(evidence: Evidence, binding: Binding) -> None:
    count = factors(evidence, binding)
    if count < 3:
        raise NeedsInput(
            f"a Box-Behnken design needs at least 3 factors, and {count} was given"
            if count == 1
            else f"a Box-Behnken design needs at least 3 factors, and {count} were given",
            "which further factor should vary, or would a central composite design do?",
        )
    _two_level(binding)
    common(evidence, binding)


def bind_central_composite(evidence: Evidence, binding: Binding) -> None:
    factors(evidence, binding)
    _two_level(binding)
    for pattern, value in (
        (r"\bface|\bccf\b|\bcube faces", "face_centered"),
        (r"\binscribed|\bcci\b|hard limits|cannot go past|cant go past", "inscribed"),
        (r"\borthogonal\b(?!\s+block)", "orthogonal"),
        (r"\bspherical", "spherical"),
        (r"\brotatable|\bcircumscribed|\bccc\b", "rotatable"),
    ):
        if evidence.has(pattern):
            binding.set("alpha_type", value, "question")
            break
    else:
        custom = re.search(r"\balpha\s*=?\s*(\d+\.\d+|[2-9])\b", evidence.text)
        if custom:
            binding.set("alpha_type", "custom", "question")
            binding.set("alpha", float(custom[1]), f"question[{custom.start()}:{custom.end()}]")
    if "center_points" not in binding.args and evidence.has(r"without cent(?:er|re)"):
        binding.set("center_points", 0, "question")
    common(evidence, binding)


# analysis ---------------------------------------------------------------------


def design_table(evidence: Evidence) -> tuple[Table, list[Column], Column, Column | None]:
    """Table, factor columns, response column and block column of an experiment."""
    for table in evidence.tables:
        block = next(
            (column for column in table.columns if re.match(r"^block", column.name, re.IGNORECASE)),
            None,
        )
        columns = [
            column
            for column in table.columns
            if column is not block
            and not re.match(
                r"^(?:#|no\.?|run(?:[\s_]?order)?|std(?:[\s_]?order)?|order|id)$",
                column.name,
                re.IGNORECASE,
            )
        ]
        numbers = [column for column in columns if column.kind == "number"]
        if len(columns) >= 2 and numbers:
            response = _response(evidence, numbers)
            chosen = [column for column in columns if column is not response]
            if chosen:
                return table, chosen, response, block
    raise NeedsInput(
        "the settings of the factors and the response of every run are needed",
        "which settings were run, and what was measured in each?",
    )


def _response(evidence: Evidence, numbers: list[Column]) -> Column:
    named = [
        column
        for column in numbers
        if re.match(r"^(?:y\d?|response|result|yield|output)$", column.name, re.IGNORECASE)
    ]
    if named:
        return named[0]
    plausible = [column for column in numbers if len(set(column.present)) > 3]
    return plausible[-1] if plausible and len(plausible) != len(numbers) else numbers[-1]


def bind_doe_analyze(evidence: Evidence, binding: Binding) -> None:
    try:
        table, columns, response, block = design_table(evidence)
    except NeedsInput:
        if evidence.tables:
            raise
        _standard_order(evidence, binding)
    else:
        binding.set(
            "factors",
            {column.name: [_cell(value) for value in column.values] for column in columns},
            table.source,
        )
        binding.set(
            "response",
            [_number(value) for value in response.values],
            f"{table.source}#{response.name}",
        )
        binding.set("response_name", response.name, table.source)
        if block is not None:
            binding.set("block", [str(_cell(value)) for value in block.values], table.source)
        binding.echo(
            "factors {}, response {}",
            ([column.name for column in columns], table.source),
            (response.name, table.source),
        )
    if evidence.has(r"\breduc\w+|\bbackward|\bdrop (?:the )?(?:in|non)significant|\bprune\b"):
        binding.set("reduce", "backward", "question")
    evidence.alpha(binding)


def _cell(value: float | str | None) -> float | str:
    if value is None:
        raise NeedsInput("a factor setting is missing", "which setting was used in that run?")
    return value


def _number(value: float | str | None) -> float:
    if not isinstance(value, float):
        raise NeedsInput("a response is missing", "what was measured in that run?")
    return value


_TREATMENT = re.compile(r"(?<![\w(])(\(1\)|[a-e]{1,5})\s*[=:]?\s*((?:[-+]?\d+(?:\.\d+)?[\s,;]*)+)")
_SIGNS = re.compile(
    r"(?<![\w.])((?:[A-Ea-e]?\s?[-+]\s?){2,5})[\s,:=)]*((?:\d+(?:\.\d+)?[\s,;/]*)+)"
)


def _standard_order(evidence: Evidence, binding: Binding) -> None:
    """Responses only: standard order, Yates labels ((1), a, b, ab) or signs (--, +-)."""
    text = evidence.reading.plain
    labelled = [
        (
            "" if match[1] == "(1)" else match[1],
            [float(value) for value in re.findall(r"[-+]?\d+(?:\.\d+)?", match[2])],
        )
        for match in _TREATMENT.finditer(text)
    ]
    if len(labelled) >= 4 and labelled[0][0] == "" and not re.search(r"\(1,\s*a", text):
        letters = sorted({letter for label, _ in labelled for letter in label})
        runs = [(label, value) for label, values in labelled for value in values]
        binding.set(
            "factors",
            {
                letter.upper(): [1.0 if letter in label else -1.0 for label, _ in runs]
                for letter in letters
            },
            "question",
        )
        binding.set("response", [value for _, value in runs], "question")
        return
    signed = [
        (
            re.findall(r"[-+]", match[1]),
            [float(value) for value in re.findall(r"\d+(?:\.\d+)?", match[2])],
        )
        for match in _SIGNS.finditer(text)
    ]
    if len(signed) >= 4 and len({len(signs) for signs, _ in signed}) == 1:
        runs_signed = [(signs, value) for signs, values in signed for value in values]
        names = "ABCDE"[: len(signed[0][0])]
        binding.set(
            "factors",
            {
                name: [1.0 if signs[index] == "+" else -1.0 for signs, _ in runs_signed]
                for index, name in enumerate(names)
            },
            "question",
        )
        binding.set("response", [value for _, value in runs_signed], "question")
        return
    series = evidence.reading.series
    if not series:
        raise NeedsInput(
            "the settings and responses of the experiment are missing",
            "which settings were run, and what was measured in each?",
        )
    responses = max(series, key=lambda item: len(item.values))
    token = _DESIGN_TOKEN.search(evidence.text)
    count = len(responses.values)
    if token:
        expected = 2 ** (int(token[2]) - int(token[3] or 0))
        if count % expected:
            raise NeedsInput(
                f"a design of {expected} runs needs a multiple of {expected} responses, and {count} were given",
                "which responses are missing?",
            )
        binding.set("n_factors", int(token[2]), "question")
    elif count & (count - 1) == 0 and count >= 4:
        binding.set("n_factors", count.bit_length() - 1, "question")
    else:
        raise NeedsInput(
            f"{count} responses were given without the settings they belong to",
            "which settings were run in which order?",
        )
    binding.set("response", responses.numbers, responses.source)
    binding.echo("{} responses are taken in standard order", (count, responses.source))


def bind_response_surface(evidence: Evidence, binding: Binding) -> None:
    if evidence.has(r"\b(?:lowest|minimi[sz]e|minimum|least|smallest)\b"):
        binding.set("goal", "minimize", "question")
    steps = re.search(r"\b(\d+|five|four|three|six)\s+steps\b", evidence.text)
    if steps:
        words = {"three": 3, "four": 4, "five": 5, "six": 6}
        binding.set("steps", words.get(steps[1]) or int(steps[1]), "question")
    expression = re.search(
        r"\by\w*\s*(?:=|hat\s*=)\s*([-+*^().\w\s]*?x?\d?[-+*^().\d\sa-z²]*)(?=[,;:?]|\.\s|\.$|$|\bcoded\b|\bin coded|\bstat|\bpath|\bplease)",
        evidence.reading.plain,
        re.IGNORECASE,
    )
    if (
        expression
        and re.search(r"[a-z]", expression[1], re.IGNORECASE)
        and not evidence.tables
        and re.search(r"\d", expression[1])
    ):
        binding.set(
            "expression",
            expression[1].strip(),
            f"question[{expression.start(1)}:{expression.end(1)}]",
        )
        return
    if evidence.tables:
        table, columns, response, block = design_table(evidence)
        numeric = [column for column in columns if column.kind == "number"]
        binding.set(
            "factors",
            {column.name: [_number(value) for value in column.values] for column in numeric},
            table.source,
        )
        binding.set(
            "response",
            [_number(value) for value in response.values],
            f"{table.source}#{response.name}",
        )
        binding.set("response_name", response.name, table.source)
        if block is not None:
            binding.set("block", [str(_cell(value)) for value in block.values], table.source)
        return
    series = evidence.reading.series
    if len(series) < 3:
        raise NeedsInput(
            "a response surface needs the settings of at least two factors and the response of every run",
            "which settings were run, and what was measured in each?",
        )
    response_list = next(
        (
            item
            for item in series
            if re.match(r"^(?:y|response|yield|result)", item.name, re.IGNORECASE)
        ),
        series[-1],
    )
    others = [item for item in series if item is not response_list]
    if len({len(item.values) for item in series}) > 1:
        raise NeedsInput("the columns have different lengths", "which value is missing?")
    binding.set(
        "factors",
        {item.name or f"x{index}": item.numbers for index, item in enumerate(others, start=1)},
        others[0].source,
    )
    binding.set("response", response_list.numbers, response_list.source)
    binding.set("response_name", response_list.name or "y", response_list.source)


def bind_latin_hypercube(evidence: Evidence, binding: Binding) -> None:
    factors(evidence, binding)
    runs = evidence.scalar("runs", "n")
    if not binding.take_count("runs", runs):
        points = re.search(
            r"\b(\d+)\s*(?:space[\s-]filling\s+)?(?:points?|pts|settings|samples|simulations|sims|well)",
            evidence.text,
        )
        if not points:
            raise NeedsInput(
                "the number of points is missing", "how many points should the design have?"
            )
        binding.set("runs", int(points[1]), "question")
    binding.take_count("seed", evidence.scalar("seed"))


def bind_taguchi(evidence: Evidence, binding: Binding) -> None:
    array = re.search(r"\bl\s?(4|8|9|12|16|18|25|27|32|36)\b", evidence.text)
    if array:
        binding.set("array", f"L{array[1]}", f"question[{array.start()}:{array.end()}]")
    try:
        factors(evidence, binding)
    except NeedsInput:
        if not array:
            raise
    three = re.search(
        r"\b(two|three|four|[2345])[\s-]*(?:lvls?|levels?)|(?:at|on|with)\s+(two|three|four|[2345])\s+(?:lvls?|levels?)",
        evidence.text,
    )
    if three:
        word = three[1] or three[2]
        binding.set(
            "n_levels", {"two": 2, "three": 3, "four": 4}.get(word) or int(word), "question"
        )


def bind_mixture(evidence: Evidence, binding: Binding) -> None:
    lattice = re.search(r"\{\s*(\d+)\s*,\s*(\d+)\s*\}", evidence.reading.text)
    if evidence.has(r"\bcentroid\b") and not evidence.has(r"\blattice\b"):
        binding.set("method", "simplex_centroid", "question")
    elif lattice or evidence.has(r"\blattice\b"):
        binding.set("method", "simplex_lattice", "question")
    if lattice:
        binding.set("n_components", int(lattice[1]), "question")
        binding.set("degree", int(lattice[2]), "question")
        return
    for pattern, name in ((r"\bq\s*=\s*(\d+)", "n_components"), (r"\bm\s*=\s*(\d+)", "degree")):
        match = re.search(pattern, evidence.text)
        if match:
            binding.set(name, int(match[1]), "question")
    ranges = read_factors(evidence.reading.plain)
    if ranges:
        raise NeedsInput(
            "component ranges need an extreme-vertices design, which this version does not have",
            "would an unconstrained simplex lattice or centroid do?",
        )
    names = read_names(evidence.reading.text)
    if names:
        binding.set("components", names, "question")
    elif "n_components" not in binding.args and not binding.take_count(
        "n_components", evidence.scalar("n_factors")
    ):
        count = re.search(
            r"\b(\d+)\s*(?:\w+\s+)?(?:components?|ingredients?|solvents)", evidence.text
        )
        if not count:
            raise NeedsInput("the components are missing", "which components are blended?")
        binding.set("n_components", int(count[1]), "question")


BINDERS: dict[str, Binder] = {
    "full_factorial": bind_full_factorial,
    "fractional_factorial": bind_fractional_factorial,
    "plackett_burman": bind_plackett_burman,
    "box_behnken": bind_box_behnken,
    "central_composite": bind_central_composite,
    "doe_analyze": bind_doe_analyze,
    "response_surface": bind_response_surface,
    "latin_hypercube": bind_latin_hypercube,
    "taguchi": bind_taguchi,
    "mixture": bind_mixture,
}
