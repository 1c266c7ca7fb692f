"""The older keyword lines: CHECK_SPC, EVAL_DOE, RUN_TTEST.

    CHECK_SPC X-bar chart, n=5, LSL=9.5, USL=10.5, DATA=@bore
    EVAL_DOE factorial 2^3, RESPONSE=yield, FACTOR=temp,pressure,time
    RUN_TTEST alpha=0.05, two-tailed, A=[12.1, 12.3], B=[12.8, 12.6]

Each becomes a statement with a registered operation, as if it had been written
in the language itself.
"""

from __future__ import annotations

import re
from typing import Any

from havoc.errors import InputError
from havoc.tools import aliases
from havoc.tools.declaration import registry
from havoc.tools.dsl.fitting import fitted
from havoc.tools.dsl.syntax import RawArgument, RawStatement, place
from havoc.tools.dsl.tree import Reference, Statement, Value
from havoc.tools.signature import signature

TAILS = {
    "two-tailed": "two_sided",
    "two-sided": "two_sided",
    "left-tailed": "less",
    "lower-tailed": "less",
    "less": "less",
    "right-tailed": "greater",
    "upper-tailed": "greater",
    "greater": "greater",
}


def bind(raw: RawStatement) -> Statement:
    phrases, settings = _parts(raw)
    operation, arguments = _READERS[raw.family](raw, phrases, settings)
    parameters = signature(registry.get(operation))
    unknown = [name for name in arguments if name not in parameters]
    if unknown:
        raise InputError(
            f"{raw.family} ({operation}) has no setting {unknown[0]}",
            where=place(raw.position),
            remedy=f"it takes {', '.join(parameters)}",
        )
    fitting = {name: fitted(parameters[name], value) for name, value in arguments.items()}
    return Statement(operation=operation, arguments=fitting, line=raw.position[0])


def _parts(raw: RawStatement) -> tuple[list[str], dict[str, Value]]:
    """Phrases, and settings by their name; words after a setting's comma belong to its list."""
    phrases: list[str] = []
    settings: dict[str, Value] = {}
    open_list: str | None = None
    for argument in raw.arguments:
        if argument.kind == "named":
            if argument.name in settings:
                raise InputError(f"{argument.name} is given twice", where=place(argument.position))
            settings[argument.name] = argument.values[0]
            is_list_name = argument.name.upper() in ("FACTOR", "FACTORS", "RULES")
            open_list = argument.name if is_list_name else None
        elif open_list is not None:
            before = settings[open_list]
            listed = before if isinstance(before, list) else [before]
            settings[open_list] = [*listed, *argument.values]
        else:
            phrases.append(_phrase(argument))
    return phrases, settings


def _phrase(argument: RawArgument) -> str:
    return " ".join(str(value) for value in argument.values)


def _check_spc(
    raw: RawStatement, phrases: list[str], settings: dict[str, Value]
) -> tuple[str, dict[str, Any]]:
    kind = next((kind for kind in map(aliases.chart_kind, phrases) if kind), None)
    if kind is None:
        raise InputError(
            "CHECK_SPC needs a chart",
            where=place(raw.position),
            remedy="such as X-bar chart, I-MR chart, p chart or c chart",
        )
    lowered = _lowered(settings)
    if "n" in lowered:
        sized = "sample_size" if kind in ("p", "np", "u", "laney_p", "laney_u") else "subgroup_size"
        lowered[sized] = lowered.pop("n")
    counted = {
        "p": "defectives",
        "np": "defectives",
        "laney_p": "defectives",
        "c": "defects",
        "u": "defects",
        "laney_u": "defects",
    }
    if kind in counted and "data" in lowered:
        lowered[counted[kind]] = lowered.pop("data")
    settings_of_name = [aliases.chart_settings(phrase) for phrase in phrases]
    named = {key: value for found in settings_of_name for key, value in found.items()}
    return aliases.resolve("control_chart", {"kind": kind, **named, **lowered})


def _eval_doe(
    raw: RawStatement, phrases: list[str], settings: dict[str, Value]
) -> tuple[str, dict[str, Any]]:
    lowered = _lowered(settings)
    factors = lowered.pop("factor", lowered.pop("factors", None))
    listed = factors if isinstance(factors, list) or factors is None else [factors]
    said = " ".join(phrases).lower()
    power = re.search(r"(?P<levels>\d+)\^\(?(?P<factors>\d+)(?:-(?P<fraction>\d+))?", said)
    if listed is None and power is None:
        raise InputError(
            "EVAL_DOE needs factors",
            where=place(raw.position),
            remedy="such as FACTOR=temp,pressure,time or factorial 2^3",
        )
    count = int(power["factors"]) if power else 0
    if listed is not None and power is not None and len(listed) != count:
        raise InputError(
            f"{power[0]} has {count} factors, but {len(listed)} are named",
            where=place(raw.position),
        )
    arguments: dict[str, Any] = {"factors": listed} if listed else {"n_factors": count}
    response = lowered.pop("response", None)
    data = lowered.pop("data", None)
    if data is not None:
        return _analysis(raw, data, response, listed, lowered)
    if "box" in said:
        return aliases.resolve("box_behnken", {**arguments, **lowered})
    if "composite" in said:
        return aliases.resolve("central_composite", {**arguments, **lowered})
    if power is not None and power["fraction"]:
        arguments["runs"] = 2 ** (count - int(power["fraction"]))
        return aliases.resolve("fractional_factorial", {**arguments, **lowered})
    return aliases.resolve("full_factorial", {**arguments, **lowered})


def _analysis(
    raw: RawStatement,
    data: Value,
    response: Value,
    factors: list[Value] | None,
    rest: dict[str, Value],
) -> tuple[str, dict[str, Any]]:
    """A design whose runs have been measured: the columns of the data are analysed."""
    if not isinstance(data, Reference) or not isinstance(response, str) or not factors:
        raise InputError(
            "an analysis needs DATA=@name, RESPONSE=column and FACTOR=columns",
            where=place(raw.position),
        )
    columns = {str(factor): Reference((*data.parts, str(factor))) for factor in factors}
    measured = Reference((*data.parts, response))
    return aliases.resolve("doe_analyze", {"factors": columns, "response": measured, **rest})


def _run_ttest(
    raw: RawStatement, phrases: list[str], settings: dict[str, Value]
) -> tuple[str, dict[str, Any]]:
    arguments: dict[str, Any] = {}
    groups: dict[str, Value] = {}
    for name, value in settings.items():
        if isinstance(value, list | dict | Reference) and name.upper() != "DATA":
            groups[name] = value
        else:
            arguments[name.lower()] = value
    for phrase in phrases:
        said = phrase.lower().replace(" ", "-").replace("_", "-")
        if said in TAILS:
            arguments["alternative"] = TAILS[said]
        elif said == "paired":
            arguments["paired"] = True
        elif said in ("pooled", "equal-variances", "equal-variance"):
            arguments["equal_var"] = True
        elif said != "welch":
            raise InputError(
                f"RUN_TTEST does not understand {phrase!r}",
                where=place(raw.position),
                remedy=f"it understands {', '.join(TAILS)}, paired, pooled and welch",
            )
    if len(groups) == 2:
        for number, (name, values) in enumerate(groups.items(), start=1):
            arguments[f"group{number}"] = values
            arguments[f"name{number}"] = name
    elif len(groups) == 1:
        ((arguments["name"], arguments["data"]),) = groups.items()
    elif "data" not in arguments:
        raise InputError(
            "RUN_TTEST needs data",
            where=place(raw.position),
            remedy="such as A=[12.1, 12.3], B=[12.8, 12.6], or DATA=@bore.diameter, MU=10",
        )
    return aliases.resolve("t_test", arguments)


def _lowered(settings: dict[str, Value]) -> dict[str, Any]:
    return {name.lower(): value for name, value in settings.items()}


_READERS = {"CHECK_SPC": _check_spc, "EVAL_DOE": _eval_doe, "RUN_TTEST": _run_ttest}
