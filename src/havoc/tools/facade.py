"""The three tool names that a language model calls, over the registry.

    {"tool": "python_math", "args": {"operation": "t_test", "group1": […], "group2": […]}}
    {"tool": "dsl_executor", "args": {"operation": "box_behnken", "factors": 3}}
    {"tool": "dsl_executor", "args": {"script": "SPC i_mr DATA [5.1, 5.3, 5.2]"}}

``python_math`` computes (statistics, measurement systems, reliability,
symbolic mathematics), ``dsl_executor`` designs experiments, draws control
charts and runs scripts. Operations may have their older names.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from havoc.errors import HavocError, InputError
from havoc.reading.table import Table
from havoc.tools import aliases
from havoc.tools.declaration import registry
from havoc.tools.families import package_of
from havoc.tools.result import ToolResult

CALL_LIMIT = 8_000_000
ERROR_LIMIT = 1_000

# What each façade computes, by package.
FACADES: dict[str, tuple[str, ...]] = {
    "python_math": ("stats", "msa", "reliability", "symbolic"),
    "dsl_executor": ("doe", "spc"),
}
DESCRIPTIONS: dict[str, str] = {
    "python_math": "Statistics, measurement systems, reliability and symbolic mathematics.",
    "dsl_executor": "Designed experiments, control charts, capability, and scripts of statements.",
}

# Names that the results of the older operations are also known by.
RESULT_NAMES: dict[str, dict[str, str]] = {
    "t_test": {"statistic": "t", "pvalue": "p_value"},
    "anova": {"f_statistic": "F", "pvalue": "p_value"},
    "regression": {"std_err": "se_slope"},
    "correlation": {"correlation": "r", "pvalue": "p_value"},
}


class NotFound(InputError):
    """The tool or the operation does not exist."""


class Call(msgspec.Struct, forbid_unknown_fields=True):
    """One call as a model writes it."""

    tool: str
    args: dict[str, Any] = {}


def facade_of(operation: str) -> str:
    """The façade that an operation belongs to; tools of one's own are ``python_math``."""
    package = package_of(operation)
    return "dsl_executor" if package in FACADES["dsl_executor"] else "python_math"


def execute_json(
    call: str | bytes | Mapping[str, Any], data: Mapping[str, Table] | None = None
) -> ToolResult:
    """Execute one call. Raises InputError; a script must hold exactly one statement."""
    results = execute_all(call, data)
    if len(results) != 1:
        raise InputError(
            f"the script has {len(results)} statements, and one is expected",
            where="dsl_executor script",
            remedy="call it once for each statement",
        )
    return results[0]


def execute_all(
    call: str | bytes | Mapping[str, Any], data: Mapping[str, Table] | None = None
) -> list[ToolResult]:
    """Execute one call; a script gives a result for each of its statements."""
    decoded = decoded_call(call)
    arguments = dict(decoded.args)
    if decoded.tool == "dsl_executor" and "script" in arguments:
        return _run_script(arguments, data or {})
    operation, resolved = _operation(decoded.tool, arguments)
    return [registry.execute(operation, resolved)]


def envelope(
    call: str | bytes | Mapping[str, Any], data: Mapping[str, Table] | None = None
) -> dict[str, Any]:
    """Execute one call and wrap what comes back; an error is told, not raised.

    ``result`` holds the quantities (a list of them for a script of several
    statements), ``metadata`` what identifies the call.
    """
    try:
        results = execute_all(call, data)
    except NotFound as error:
        return _failed("not_found", error)
    except HavocError as error:
        return _failed("failure", error)
    named = [_named(result, _asked_for(call)) for result in results]
    identities = [
        {"operation": item.operation, "version": item.version, "key": item.key} for item in results
    ]
    single = len(results) == 1
    return {
        "status": "success",
        "result": named[0] if single else named,
        "error": None,
        "metadata": identities[0] if single else {"calls": identities},
    }


def facade_schemas() -> dict[str, dict[str, Any]]:
    """The façades as a model is told about them: their operations and what these take."""
    schemas: dict[str, dict[str, Any]] = {}
    for facade in FACADES:
        operations = [name for name in registry if facade_of(name) == facade]
        schemas[facade] = {
            "description": DESCRIPTIONS[facade],
            "operations": {name: registry.get(name).schema() for name in operations},
        }
    return schemas


# --- one call ----------------------------------------------------------------------------


def decoded_call(call: str | bytes | Mapping[str, Any]) -> Call:
    """A call as a model writes it. Raises InputError."""
    if isinstance(call, Mapping):
        body: Any = dict(call)
    else:
        text = call.decode("utf-8", "replace") if isinstance(call, bytes) else call
        if len(text) > CALL_LIMIT:
            raise InputError(f"the call has {len(text)} characters, more than {CALL_LIMIT}")
        text = text.strip().removeprefix("<tool>").removesuffix("</tool>")
        try:
            body = msgspec.json.decode(text)
        except (msgspec.DecodeError, RecursionError) as error:
            raise InputError(f"the call is not valid JSON ({error})", where="call") from None
    try:
        return msgspec.convert(body, Call)
    except msgspec.ValidationError as error:
        raise InputError(
            str(error).replace("`", ""),
            where="call",
            remedy='write {"tool": "python_math", "args": {"operation": …}}',
        ) from None


def _operation(tool: str, arguments: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    if tool == "rag_helper":
        raise NotFound(
            "the knowledge base is not called here",
            where="rag_helper",
            remedy="call it through havoc.reason.model_tools",
        )
    if tool not in FACADES:
        raise NotFound(
            f"there is no tool {tool[:60]!r}", where="tool", remedy=f"use {' or '.join(FACADES)}"
        )
    name = arguments.pop("operation", None)
    if not isinstance(name, str) or not name:
        script = ", or a script" if tool == "dsl_executor" else ""
        raise InputError(f"args need an operation{script}", where=tool)
    try:
        operation, resolved = aliases.resolve(name, arguments)
    except aliases.UnknownOperation as error:
        raise NotFound(error.what, where=tool, remedy=error.remedy) from None
    if facade_of(operation) != tool:
        raise InputError(
            f"{operation} is not an operation of {tool}",
            where=tool,
            remedy=f"call {facade_of(operation)}",
        )
    return operation, resolved


def _run_script(arguments: dict[str, Any], data: Mapping[str, Table]) -> list[ToolResult]:
    from havoc.tools.dsl import execute_script, parse_script

    script = arguments.pop("script")
    if not isinstance(script, str):
        raise InputError("the script must be text", where="dsl_executor script")
    arguments.pop("operation", None)
    if arguments:
        raise InputError(
            f"a script takes no other argument, and there is {', '.join(arguments)}",
            where="dsl_executor",
            remedy="write the values into the script",
        )
    parsed = parse_script(script)
    if parsed.sources:
        raise InputError(
            "a script that is called as a tool cannot open files",
            where="dsl_executor script",
            remedy="refer to data that is at hand as @name",
        )
    return execute_script(parsed, data)


# --- what comes back ---------------------------------------------------------------------


def _asked_for(call: str | bytes | Mapping[str, Any]) -> str:
    return str(decoded_call(call).args.get("operation", ""))


def _named(result: ToolResult, asked_for: str) -> dict[str, Any]:
    quantities = result.to_json()
    older = RESULT_NAMES.get(asked_for, {})
    return quantities | {
        name: quantities[quantity]
        for name, quantity in older.items()
        if quantity in quantities and name not in quantities
    }


def _failed(status: str, error: HavocError) -> dict[str, Any]:
    return {"status": status, "result": None, "error": str(error)[:ERROR_LIMIT], "metadata": {}}
