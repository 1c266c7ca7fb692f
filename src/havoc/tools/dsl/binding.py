"""Raw statements to calls: which operation, and which argument is which parameter.

What a parameter is called and what it takes is read from the declaration of the
tool; the only other names are those of ``keywords``.
"""

from __future__ import annotations

import difflib
from typing import Any

import msgspec.inspect as inspection

from havoc.errors import InputError
from havoc.tools.declaration import Tool, registry
from havoc.tools.dsl import keywords, older
from havoc.tools.dsl.fitting import fitted
from havoc.tools.dsl.syntax import RawArgument, RawScript, RawStatement, place
from havoc.tools.dsl.tree import Reference, Script, Statement, Value
from havoc.tools.families import operations_of, package_of
from havoc.tools.signature import Parameter, signature


def bind_script(raw: RawScript) -> Script:
    return Script(
        statements=tuple(bind(statement) for statement in raw.statements),
        sources=dict(raw.sources),
    )


def bind(raw: RawStatement) -> Statement:
    """The call that a raw statement stands for. Raises InputError naming line and column."""
    try:
        if raw.older:
            return older.bind(raw)
        operation, arguments, rest = _operation_of(raw)
    except InputError as error:
        if error.where.startswith("line "):
            raise
        raise InputError(error.what, where=place(raw.position), remedy=error.remedy) from None
    declared = registry.get(operation)
    parameters = signature(declared)
    groups: dict[str, Value] = {}
    bare: list[RawArgument] = [
        RawArgument("", "positional", (word,), raw.position) for word in rest
    ]
    for argument in raw.arguments:
        if argument.kind == "positional":
            bare.append(argument)
        elif argument.kind == "named" and not _is_setting(argument, parameters):
            _put(groups, argument.name, _single(argument), argument)
        else:
            parameter = _parameter_of(argument, declared, parameters, arguments)
            _put(arguments, parameter.name, _for(parameter, argument), argument)
    for argument in bare:
        open_ones = open_parameters(parameters, arguments)
        if not open_ones:
            raise InputError(
                f"{operation} has no parameter left for {_single(argument)!r}",
                where=place(argument.position),
            )
        arguments[open_ones[0].name] = _for(open_ones[0], argument)
    if groups:
        arguments |= _place_groups(groups, declared, parameters, arguments, raw)
    ordered = {name: arguments[name] for name in parameters if name in arguments}
    return Statement(operation=operation, arguments=ordered, line=raw.position[0])


# --- the operation -----------------------------------------------------------------------


def _operation_of(raw: RawStatement) -> tuple[str, dict[str, Value], tuple[str, ...]]:
    """Operation, the argument that the choice of its words implies, words left over."""
    packages = keywords.FAMILIES.get(raw.family)
    if packages is None:
        operation = raw.family.lower()
        if package_of(operation) or operation in registry:
            return operation, {}, raw.words
        families = ", ".join(keywords.FAMILIES)
        raise InputError(
            f"{raw.family} is neither a family nor an operation",
            remedy=f"begin with one of {families}, CAPABILITY or another operation in capitals",
        )
    for count in range(len(raw.words), 0, -1):
        words = "_".join(raw.words[:count]).replace("-", "_").lower()
        found = _find(words, packages, raw.family)
        if found is not None:
            return found[0], found[1], raw.words[count:]
    known = [name for package in packages for name in operations_of(package)]
    if not raw.words:
        raise InputError(
            f"{raw.family} needs an operation", remedy=f"such as {', '.join(known[:6])}"
        )
    said = "_".join(raw.words).replace("-", "_").lower()
    near = difflib.get_close_matches(said, known, n=3)
    raise InputError(
        f"{raw.family} has no operation {' '.join(raw.words)!r}",
        remedy=f"did you mean {' or '.join(near)}?" if near else "see havoc run --list",
    )


def _find(
    words: str, packages: tuple[str, ...], family: str
) -> tuple[str, dict[str, Value]] | None:
    names = [name for package in packages for name in operations_of(package)]
    if words in names or (family == "RUN" and words in registry):
        return words, {}
    shortened = [name for name in names if keywords.short_name(name) == words]
    if len(shortened) == 1:
        return shortened[0], {}
    if family == "RUN":
        return None
    kinds = {name: signature(registry.get(name)).get("kind") for name in names}
    offering = [name for name, kind in kinds.items() if kind is not None and words in kind.choices]
    if not offering:
        return None
    # several tools may know a kind (arl knows ewma too): the one that is all about kinds has most
    chosen = max(offering, key=lambda name: len(kinds[name].choices))  # type: ignore[union-attr]
    return chosen, {"kind": words}


# --- arguments ---------------------------------------------------------------------------


def _is_setting(argument: RawArgument, parameters: dict[str, Parameter]) -> bool:
    """``alpha=0.05`` sets a parameter, and so does ``ALPHA=0.05``; ``A=[…]`` is a group."""
    if argument.name in parameters:
        return True
    names = (argument.name.lower(), *keywords.SHORT_FORMS.get(argument.name, ()))
    is_data = isinstance(argument.values[0], list | dict | Reference)
    return not is_data and any(name in parameters for name in names)


def _parameter_of(
    argument: RawArgument,
    declared: Tool,
    parameters: dict[str, Parameter],
    given: dict[str, Value],
) -> Parameter:
    if argument.kind == "named" and argument.name in parameters:
        return parameters[argument.name]
    lowered = argument.name.lower()
    for name in (lowered, *keywords.SHORT_FORMS.get(argument.name, ())):
        if name in parameters:
            return parameters[name]
    if argument.name == "DATA":
        open_ones = open_parameters(parameters, given)
        if open_ones:
            return open_ones[0]
    known = ", ".join(name.upper() if len(name) > 1 else f"{name}=" for name in parameters)
    raise InputError(
        f"{declared.name} has no keyword {argument.name}",
        where=place(argument.position),
        remedy=f"it takes {known}; a text in capitals is written in quotes",
    )


def open_parameters(parameters: dict[str, Parameter], given: dict[str, Value]) -> list[Parameter]:
    """Parameters that a bare value can be, in order.

    These are the required ones, or the first without a default where none is required.
    """
    required = [parameter for parameter in parameters.values() if parameter.required]
    optional = [item for item in parameters.values() if item.default in (None, [], {})]
    return [item for item in required or optional[:1] if item.name not in given]


def _put(arguments: dict[str, Value], name: str, value: Value, argument: RawArgument) -> None:
    if name in arguments:
        raise InputError(f"{argument.name} is given twice", where=place(argument.position))
    arguments[name] = value


def _single(argument: RawArgument) -> Value:
    return argument.values[0] if len(argument.values) == 1 else list(argument.values)


def _for(parameter: Parameter, argument: RawArgument) -> Value:
    """The value of an argument in the form that its parameter takes."""
    if not argument.values:
        if parameter.accepts(inspection.BoolType):
            return True
        raise InputError(
            f"{argument.name} needs a value",
            where=place(argument.position),
            remedy=f"it takes {parameter.words}",
        )
    return fitted(parameter, _single(argument))


# --- named groups ------------------------------------------------------------------------


def _place_groups(
    groups: dict[str, Value],
    declared: Tool,
    parameters: dict[str, Parameter],
    given: dict[str, Any],
    raw: RawStatement,
) -> dict[str, Value]:
    """``A=[…] B=[…]`` as the parameters that hold groups: a mapping, a numbered pair, the data."""
    if len(groups) == 1 and "data" in parameters and "data" not in given:
        ((name, values),) = groups.items()
        return {"data": values} | (
            {"name": name} if "name" in parameters and "name" not in given else {}
        )
    mapping = next(
        (
            parameter
            for name, parameter in parameters.items()
            if name not in given and parameter.takes_groups
        ),
        None,
    )
    if mapping is not None:
        return {mapping.name: groups}
    if {"group1", "group2"} <= parameters.keys() - given.keys() and len(groups) == 2:
        placed: dict[str, Value] = {}
        for number, (name, values) in enumerate(groups.items(), start=1):
            placed[f"group{number}"] = values
            if f"name{number}" in parameters and f"name{number}" not in given:
                placed[f"name{number}"] = name
        return placed
    names = ", ".join(groups)
    raise InputError(
        f"{declared.name} cannot take {names} as {'a group' if len(groups) == 1 else 'groups'}",
        where=place(raw.position),
        remedy=f"its parameters are {', '.join(parameters)}",
    )
