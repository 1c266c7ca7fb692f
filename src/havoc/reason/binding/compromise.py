"""Arguments of the desirability of several responses."""

from __future__ import annotations

import re
from typing import Any

from havoc.reading.prose import mask
from havoc.reading.response_figures import ResponseText
from havoc.reading.response_goals import OPTION, read_responses
from havoc.reading.run_results import NUM
from havoc.reason.binding.arguments import Binding, NeedsInput
from havoc.reason.binding.evidence import Binder, Evidence
from havoc.reason.binding.experiment_analysis import polynomials

_KNOWN = re.compile(rf"\bd\s?_?\d\s*[=:]\s*({NUM})", re.I)
_LIST = rf"{NUM}(?:\s*,\s*(?:and\s+)?{NUM}|\s+(?:and\s+)?{NUM})*"
_KNOWN_LIST = re.compile(
    rf"\b(?:desirab\w+\b[\s,:]*(?:each|of|are|individual|values?)?[\s,:]*|ds?\s*=\s*[\[({{])(?P<values>{_LIST})",
    re.I,
)
_WEIGHTS = re.compile(
    rf"\b(?:(?:weights?|importances?|weighted|weighting)\s*(?:of|are|=|:)?\s*[\[({{]?|w\s*=\s*[\[({{])\s*(?P<values>{_LIST})",
    re.I,
)
_FOR_NAME = re.compile(rf"(?P<value>{NUM})\s+for\s+(?:the\s+)?(?P<name>[A-Za-z]\w*)", re.I)
_REGION = re.compile(
    rf"(?P<low>{NUM})\s*(?:<=?|≤)\s*[A-Za-z]\w*(?:\s*,\s*[A-Za-z]\w*)*\s*(?:<=?|≤)\s*(?P<high>{NUM})"
    rf"|\b(?:[A-Za-z]\w{{0,2}}\s*+(?:(?:,|and|&|n)\s*+)?){{1,4}}(?:in|from|between|within)\s*(?P<low2>{NUM})\s*"
    rf"(?:\.\.+|-|–|to|and|n|…)\s*(?P<high2>{NUM})",
    re.I,
)


def bind_desirability(evidence: Evidence, binding: Binding) -> None:
    text = evidence.reading.plain
    if _known_desirabilities(evidence, binding, text):
        return
    text, expressions = _without_expressions(text)
    text, factors = _without_region(text, expressions)
    text, importances = _without_importances(text)
    table = _table_values(evidence)
    experiment = _experiment(evidence)
    responses, loose = read_responses(text)
    responses = [
        item for item in responses if item.name.lower() not in {"", "response"}
    ] or responses
    if experiment is not None and _set_runs(binding, responses, experiment):
        evidence.alpha(binding)
        return
    if not responses:
        raise NeedsInput(
            "the responses are missing",
            "which responses count, each with its goal, its limits and its value?",
        )
    if len(loose) == len(responses) and not any(item.values for item in responses):
        for item, value in zip(responses, loose, strict=True):
            item.values = [value]
    for item in responses:
        item.values = table.get(item.name.lower(), item.values)
        item.importance = _of_name(importances, item.name) or item.importance
    _check(responses, expressions)
    if any(item.importance is not None for item in responses):
        for item in responses:
            # "cost counts double": twice as much as the others, which count once.
            item.importance = 1.0 if item.importance is None else item.importance
    binding.set(
        "responses",
        [_response(item, _of_name(expressions, item.name)) for item in responses],
        "question",
    )
    if factors:
        binding.set("factors", factors, "question")
    names = _setting_names(evidence, len(responses[0].values))
    if names and not expressions:
        binding.set("settings", names, "question")


_LEAST_RUNS = 7
_RUN_NUMBER = re.compile(r"^(?:#|no\.?|run(?:[\s_]?order)?|std(?:[\s_]?order)?|order|id)$", re.I)


def _experiment(evidence: Evidence) -> tuple[str, dict[str, list[float]], list[str]] | None:
    """Source, columns and block of a table that looks like the runs of an experiment."""
    for table in evidence.tables:
        columns = {
            column.name: [float(value) for value in column.present if isinstance(value, float)]
            for column in table.columns
            if column.kind == "number"
            and not column.missing
            and not _RUN_NUMBER.match(column.name)
            and not re.match(r"^block", column.name, re.I)
        }
        block = next(
            (column for column in table.columns if re.match(r"^block", column.name, re.I)), None
        )
        if table.rows >= _LEAST_RUNS and len(columns) >= 3:
            labels = [str(value) for value in block.values] if block is not None else []
            return table.source, columns, labels
    return None


def _set_runs(
    binding: Binding,
    responses: list[ResponseText],
    experiment: tuple[str, dict[str, list[float]], list[str]],
) -> bool:
    """Runs with measured responses: the columns named with a goal are responses, others factors."""
    source, columns, block = experiment
    named = {item.name.lower(): item for item in responses}
    measured = {name: named[name.lower()] for name in columns if name.lower() in named}
    factors = {name: values for name, values in columns.items() if name not in measured}
    if not measured or len(measured) < len(responses):
        return False
    if not factors or any(len(set(values)) == len(values) for values in factors.values()):
        return False
    _check(list(measured.values()), dict.fromkeys(measured, ""))
    plain = []
    for name, item in measured.items():
        item.values = []
        response = _response(item, None)
        response.pop("values", None)
        plain.append({**response, "name": name, "measured": columns[name]})
    binding.set("responses", plain, source)
    binding.set("runs", factors, source)
    if block:
        binding.set("block", block, source)
    binding.echo("factors {}, responses {}", (list(factors), source), (list(measured), source))
    return True


def _setting_names(evidence: Evidence, count: int) -> list[str]:
    """Names of the settings that are compared: "opt 1 … opt 2", or a column of labels."""
    if count < 2:
        return []
    for table in evidence.tables:
        for column in table.columns:
            labels = [str(value) for value in column.present]
            if column.kind == "text" and len(set(labels)) == count:
                return labels
    named = [match[0].strip(" :,") for match in OPTION.finditer(evidence.reading.plain)]
    distinct = list(dict.fromkeys(named))
    return distinct if len(distinct) == count else []


def _known_desirabilities(evidence: Evidence, binding: Binding, text: str) -> bool:
    """Desirabilities that were worked out already, with their weights."""
    named = [float(match[1]) for match in _KNOWN.finditer(text)]
    listed = _KNOWN_LIST.search(text)
    values = named or (
        [float(value) for value in re.findall(NUM, listed["values"])] if listed else []
    )
    if len(values) < 2 or any(not 0 <= value <= 1 for value in values):
        return False
    source = f"question[{listed.start('values')}:{listed.end('values')}]" if listed else "question"
    binding.set("d", values, source)
    weights = _WEIGHTS.search(text)
    if weights:
        given = [float(value) for value in re.findall(NUM, weights["values"])]
        if len(given) != len(values):
            raise NeedsInput(
                f"{len(given)} weights for {len(values)} desirabilities",
                "what is the weight of each?",
            )
        binding.set("weights", given, f"question[{weights.start()}:{weights.end()}]")
    return True


def _without_expressions(text: str) -> tuple[str, dict[str, str]]:
    """Predictions as polynomials, by the name before the equals sign."""
    expressions: dict[str, str] = {}
    for match in polynomials(text):
        before = re.search(
            r"(?<![\w\-])(?:(?![A-Za-z])[\w\-])*+(?P<name>[A-Za-z][\w\-]*+)(?:\s++(?P<symbol>[A-Za-z]\d))?\s*+=\s*+$",
            text[: match.start()],
        )
        if before:
            expressions[before["name"]] = match[0].strip()
            text = (
                text[: before.end() - 1]
                + " " * (match.end() - before.end() + 1)
                + text[match.end() :]
            )
            if before["symbol"]:
                text = text[: before.start("symbol")] + "  " + text[before.end("symbol") :]
    return text, expressions


def _without_region(text: str, expressions: dict[str, str]) -> tuple[str, list[dict[str, Any]]]:
    """The factors of the expressions with the range in which the best setting is searched."""
    if not expressions:
        return text, []
    names = sorted(
        {name for value in expressions.values() for name in re.findall(r"[A-Za-z]\d{0,2}", value)}
    )
    region = None
    for match in _REGION.finditer(text):
        if any(re.search(rf"\b{re.escape(name)}\b", match[0]) for name in names):
            region = match
    low, high = -1.0, 1.0
    if region is not None:
        low = float(region["low"] or region["low2"])
        high = float(region["high"] or region["high2"])
        text = mask(text, *region.span()).replace("\x00", " ")
    return text, [{"name": name, "low": low, "high": high} for name in names]


def _without_importances(text: str) -> tuple[str, dict[str, float]]:
    """ "importance 3 for purity and 1 for yield"."""
    if not re.search(rf"\b(?:importances?|weights?)\s+{NUM}\s+for\b", text, re.I):
        return text, {}
    found = {}
    for match in _FOR_NAME.finditer(text):
        found[match["name"]] = float(match["value"])
        text = text[: match.start()] + " " * (match.end() - match.start()) + text[match.end() :]
    return text, found


def _of_name(values: dict[str, Any], name: str) -> Any:
    wanted = name.lower()
    for key, value in values.items():
        own = key.lower()
        if own == wanted or own in wanted.split() or (len(own) > 3 and wanted.startswith(own)):
            return value
    return None


def _table_values(evidence: Evidence) -> dict[str, list[float]]:
    """Values of the settings in a table, by response."""
    return {
        column.name.lower(): [float(value) for value in column.present if isinstance(value, float)]
        for table in evidence.tables
        for column in table.columns
        if column.kind == "number"
    }


def _check(responses: list[ResponseText], expressions: dict[str, str]) -> None:
    for item in responses:
        name = item.name or "the response"
        ends = {
            "maximize": (item.low, item.target),
            "minimize": (item.target, item.high),
            "target": (item.low, item.target, item.high),
        }.get(item.goal, (None,))
        if None in ends:
            raise NeedsInput(
                f"the goal and the limits of {name} are missing",
                f"is {name} to be large, small or on target, and which values are ideal and "
                "unacceptable?",
            )
        known = [end for end in ends if end is not None]
        if known != sorted(known):
            raise NeedsInput(
                f"the limits of {name} ({', '.join(f'{end:g}' for end in known)}) contradict its goal",
                f"is {name} to be large, small or on target, and which values are ideal and "
                "unacceptable?",
            )
    if expressions or not any(item.values for item in responses):
        return
    for item in responses:
        if not item.values:
            name = item.name or "the response"
            raise NeedsInput(f"the value of {name} is missing", f"what is the value of {name}?")
    if len({len(item.values) for item in responses}) > 1:
        raise NeedsInput(
            "not every response has a value for every setting",
            "which values belong to which setting?",
        )


def _response(item: ResponseText, expression: str | None) -> dict[str, Any]:
    response: dict[str, Any] = {"name": item.name, "goal": item.goal}
    for key in ("low", "target", "high", "weight", "importance"):
        value = getattr(item, key)
        if value is not None:
            response[key] = value
    if expression:
        response["expression"] = expression
    elif len(item.values) == 1:
        response["value"] = item.values[0]
    elif item.values:
        response["values"] = item.values
    return response


BINDERS: dict[str, Binder] = {"desirability": bind_desirability}
