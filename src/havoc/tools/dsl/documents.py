"""The document form: one JSON or YAML object whose first known key selects the command.

    STAT_TEST:
      test_type: ttest
      data_a: [12.1, 12.3, 11.9]
      data_b: [12.8, 12.6, 13.0]

MATH, STAT_TEST, DOE, SPC and the two older DESIGN_DOE and EVAL_SPC are tried in
this order. A document is read into the same tree as a statement; beside the
fields of its command it may name any parameter of the operation. Data may be
lists or references such as ``"@bore.diameter"``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

import msgspec

from havoc.errors import HavocError, InputError
from havoc.reading.table import Table
from havoc.tools import aliases
from havoc.tools.declaration import registry
from havoc.tools.dsl.execution import execute_script
from havoc.tools.dsl.fitting import fitted
from havoc.tools.dsl.syntax import LIST_LIMIT, NESTING_LIMIT, SCRIPT_LIMIT, as_reference
from havoc.tools.dsl.tree import Reference, Script, Statement, Value
from havoc.tools.signature import signature

COMMANDS = ("MATH", "STAT_TEST", "DOE", "SPC", "DESIGN_DOE", "EVAL_SPC")

_FIRST_KEY = re.compile(rf"[\"']?(?:{'|'.join(COMMANDS)})[\"']?[ \t]*:(?:\s|$)")
_FORMULA = re.compile(r"^\s*(?P<response>[^~+*:]+?)\s*~\s*(?P<terms>[^~]+)$")

Fields = dict[str, Any]


class Envelope(msgspec.Struct, kw_only=True):
    """What a document gives back: its figures, or why there are none."""

    description: str
    payload: dict[str, Any]
    success: bool
    error: str | None = None


def is_document(text: str) -> bool:
    """The first thing that is not a comment is an object or a command's key."""
    if text.removeprefix("\ufeff").lstrip().startswith("{"):
        return True
    lines = (line.strip() for line in text.removeprefix("\ufeff")[:SCRIPT_LIMIT].split("\n"))
    first = next((line for line in lines if line and not line.startswith(("#", "---"))), "")
    return _FIRST_KEY.match(first) is not None


def parse_document(document: str | Mapping[str, Any]) -> Script:
    """The tree of a document, given as text or already decoded."""
    content = _decoded(document) if isinstance(document, str) else document
    _bounded(content)
    if not isinstance(content, Mapping):
        raise InputError("a document is one object", remedy=f"with a key {_commands()}")
    command = next((name for name in COMMANDS if name in content), None)
    if command is None:
        raise InputError(
            "no command in the document", remedy=f"its first key is one of {_commands()}"
        )
    fields = content[command]
    if not isinstance(fields, Mapping):
        raise InputError("its fields are missing", where=command, remedy="give them as an object")
    given = {str(name): _with_references(value) for name, value in fields.items()}
    try:
        operation, arguments = _READERS[command](given)
        statement = _statement(operation, arguments)
    except InputError as error:
        where = f"{command}, {error.where}" if error.where else command
        raise InputError(error.what, where=where, remedy=error.remedy) from None
    return Script(statements=(statement,))


def run_document(
    document: str | Mapping[str, Any], data: Mapping[str, Table] | None = None
) -> Envelope:
    """Read and run a document; an error is told in the envelope, not raised."""
    description = ""
    try:
        script = parse_document(document)
        description = registry.get(script.statements[0].operation).title
        (result,) = execute_script(script, data)
    except HavocError as error:
        return Envelope(description=description, payload={}, success=False, error=str(error))
    return Envelope(description=description, payload=result.to_json(), success=True)


def _commands() -> str:
    return ", ".join(COMMANDS)


def _statement(operation: str, arguments: Fields) -> Statement:
    operation, arguments = aliases.resolve(operation, arguments)
    parameters = signature(registry.get(operation))
    unknown = [name for name in arguments if name not in parameters]
    if unknown:
        raise InputError(
            f"{operation} has no field {unknown[0]}", remedy=f"it takes {', '.join(parameters)}"
        )
    return Statement(
        operation=operation,
        arguments={name: fitted(parameters[name], value) for name, value in arguments.items()},
    )


# --- decoding ----------------------------------------------------------------------------


def _decoded(text: str) -> Any:
    if len(text) > SCRIPT_LIMIT:
        raise InputError(
            f"the document has {len(text)} characters, more than {SCRIPT_LIMIT}",
            remedy="put the data in a file and refer to it as @name.column",
        )
    text = text.removeprefix("\ufeff")
    try:
        return _from_json(text) if text.lstrip().startswith("{") else _from_yaml(text)
    except RecursionError:
        raise InputError("the document nests too deeply") from None


def _from_json(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise InputError(f"not valid JSON: {error.msg.lower()}", where=where) from None
    except ValueError as error:
        raise InputError(str(error)) from None


def _no_constant(name: str) -> NoReturn:
    raise InputError(f"{name} is no number", remedy="leave missing values out")


def _from_yaml(text: str) -> Any:
    import yaml

    class PlainLoader(yaml.SafeLoader):  # type: ignore[misc]
        """YAML without aliases, with which a small text can stand for a huge one."""

        def compose_node(self, parent: Any, index: Any) -> Any:
            if self.check_event(yaml.AliasEvent):
                mark = self.peek_event().start_mark
                where = f"line {mark.line + 1}, column {mark.column + 1}"
                raise InputError("aliases (*name) are not understood", where=where)
            return super().compose_node(parent, index)

    try:
        return yaml.load(text, Loader=PlainLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise InputError(f"not valid YAML: {error.problem or error.context}", where=where) from None
    except (yaml.YAMLError, ValueError) as error:
        raise InputError(f"not valid YAML: {error}") from None


def _bounded(content: Any) -> None:
    """Refuse what is too deep or too long, or is no plain data."""
    pending: list[tuple[Any, int]] = [(content, 0)]
    while pending:
        item, depth = pending.pop()
        if depth > NESTING_LIMIT:
            raise InputError(f"the document nests deeper than {NESTING_LIMIT}")
        if isinstance(item, Mapping | list):
            if len(item) > LIST_LIMIT:
                raise InputError(
                    f"a list has {len(item)} values, more than {LIST_LIMIT}",
                    remedy="put the data in a file and refer to it as @name.column",
                )
            inner = item.values() if isinstance(item, Mapping) else item
            pending += [(value, depth + 1) for value in inner]
        elif not isinstance(item, str | int | float | None):
            raise InputError(f"{item!r} is neither a number nor a text", remedy="quote it")
        elif isinstance(item, float) and not abs(item) < float("inf"):
            raise InputError(f"{item} is no finite number", remedy="leave missing values out")


def _with_references(value: Any) -> Value:
    if isinstance(value, str):
        return as_reference(value) or value
    if isinstance(value, list):
        return [_with_references(item) for item in value]
    if isinstance(value, Mapping):
        return {str(name): _with_references(item) for name, item in value.items()}
    plain: Value = value
    return plain


# --- the commands ------------------------------------------------------------------------


def _math(fields: Fields) -> tuple[str, Fields]:
    symbolic = fields.pop("symbolic", False)
    if not fields.get("variables", True):
        del fields["variables"]
    return ("simplify" if symbolic else "evaluate"), fields


def _stat_test(fields: Fields) -> tuple[str, Fields]:
    wanted = str(fields.pop("test_type", "ttest")).lower().replace("-", "_")
    formula, frame = fields.pop("formula", None), fields.pop("data_frame", None)
    if formula is not None:
        fields |= _from_formula(wanted, str(formula), frame)
    elif wanted == "anova" and "data_a" in fields:
        pair = (fields.pop("data_a"), fields.pop("data_b", None))
        fields["groups"] = {
            name: values for name, values in zip("ab", pair, strict=True) if values is not None
        }
    elif wanted == "regression" and "data_a" in fields:
        fields |= {"x": fields.pop("data_a"), "y": fields.pop("data_b", None)}
    elif wanted in ("chi_square", "chi2") and "data_a" in fields:
        fields["table"] = fields.pop("data_a")
    if wanted == "regression":
        fields.pop("equal_var", None)
    return wanted, fields


def _from_formula(wanted: str, formula: str, frame: Value) -> Fields:
    """``y ~ group`` or ``y ~ x1 + x2`` over the columns of ``data_frame``."""
    found = _FORMULA.match(formula)
    if found is None:
        raise InputError(f"cannot read the formula {formula!r}", remedy="write it as y ~ x1 + x2")
    terms = [term.strip() for term in found["terms"].split("+")]
    if not all(re.fullmatch(r"[\w. ]+", term) for term in terms):
        raise InputError(
            f"the formula {formula!r} has more than sums of columns",
            remedy="write it as y ~ x1 + x2, or use the operation directly",
        )
    response = _column(frame, found["response"])
    columns = {term: _column(frame, term) for term in terms}
    if wanted == "anova" and len(terms) == 1:
        return {"groups": _grouped(response, columns[terms[0]])}
    if wanted == "anova" and len(terms) == 2:
        return {"response": response, "factor_a": columns[terms[0]], "factor_b": columns[terms[1]]}
    if wanted == "regression":
        return {"y": response, "x": columns if len(terms) > 1 else columns[terms[0]]}
    raise InputError(f"{wanted} takes no formula", remedy="give data_a and data_b")


def _column(frame: Value, name: str) -> Value:
    if isinstance(frame, Reference):
        return Reference((*frame.parts, name))
    if isinstance(frame, dict) and name in frame:
        return frame[name]
    if isinstance(frame, list) and frame and all(isinstance(row, dict) for row in frame):
        return [row.get(name) for row in frame if isinstance(row, dict)]
    known = ", ".join(frame) if isinstance(frame, dict) else "nothing"
    raise InputError(f"data_frame has no column {name!r}", remedy=f"it has {known}")


def _grouped(response: Value, labels: Value) -> Value:
    if isinstance(response, Reference) and isinstance(labels, Reference):
        return Reference(response.parts, labels.parts)
    if not isinstance(response, list) or not isinstance(labels, list):
        raise InputError("the columns of data_frame must be lists")
    if len(response) != len(labels):
        raise InputError(f"{len(response)} values and {len(labels)} labels")
    groups: dict[str, Value] = {}
    for value, label in zip(response, labels, strict=True):
        members = groups.setdefault(str(label), [])
        assert isinstance(members, list)
        members.append(value)
    return groups


DESIGNS = {
    "factorial": "full_factorial",
    "full_factorial": "full_factorial",
    "fractional": "fractional_factorial",
    "fractional_factorial": "fractional_factorial",
    "response_surface": "central_composite",
    "central_composite": "central_composite",
    "ccd": "central_composite",
    "box_behnken": "box_behnken",
    "plackett_burman": "plackett_burman",
    "taguchi": "taguchi",
}


def _doe(fields: Fields) -> tuple[str, Fields]:
    wanted = str(fields.pop("operation", fields.pop("type", "factorial")))
    design = DESIGNS.get(wanted.lower().replace("-", "_").replace(" ", "_"))
    if design is None:
        raise InputError(f"there is no design {wanted!r}", remedy=f"use {', '.join(DESIGNS)}")
    measured = fields.pop("response_data", None)
    for name in ("blocks", "alpha"):
        if fields.get(name) is None:
            fields.pop(name, None)
    if measured is not None:
        return _measured(wanted, fields.get("factors"), measured)
    if isinstance(fields.get("factors"), list):
        fields["factors"] = [_levels(factor, design) for factor in fields["factors"]]
    return design, fields


def _measured(wanted: str, factors: Value, measured: Value) -> tuple[str, Fields]:
    """A design with its responses: the settings of each run are the factors' levels."""
    if not isinstance(factors, list):
        raise InputError("an analysis needs factors", remedy="give the setting of every run")
    columns = {
        str(factor["name"]): factor.get("levels")
        for factor in factors
        if isinstance(factor, dict) and "name" in factor
    }
    analysis = "response_surface" if wanted == "response_surface" else "doe_analyze"
    return analysis, {"factors": columns, "response": measured}


def _levels(factor: Value, design: str) -> Value:
    """``levels`` as a number of levels, or as the range that they span where the design chooses."""
    if not isinstance(factor, dict) or "levels" not in factor:
        return factor
    levels = factor["levels"]
    rest = {name: value for name, value in factor.items() if name != "levels"}
    if isinstance(levels, int):
        return {**rest, "n_levels": levels} if design == "full_factorial" else rest
    if design == "full_factorial" or not isinstance(levels, list):
        return factor
    numbers = [level for level in levels if isinstance(level, int | float)]
    if len(numbers) != len(levels) or len(numbers) < 2:
        return factor
    return {**rest, "low": min(numbers), "high": max(numbers)}


def _design_doe(fields: Fields) -> tuple[str, Fields]:
    # The older form names the response and the level of a later test; the design needs neither.
    fields.pop("response", None)
    fields.pop("alpha", None)
    return _doe(fields)


def _spc(fields: Fields) -> tuple[str, Fields]:
    chart = str(fields.pop("chart_type", fields.pop("chart", "XBar_R")))
    kind = aliases.chart_kind(chart)
    if kind is None:
        raise InputError(
            f"there is no chart {chart!r}", remedy="use XBar_R, XBar_S, I_MR, P, NP, C or U"
        )
    if "rules" in fields:
        fields["rules"] = _rules(fields["rules"])
    data = fields.pop("data_source", fields.pop("data", None))
    if isinstance(data, str):
        data = as_reference(f"@{data}") or data
    if isinstance(data, list) and data and isinstance(data[0], list):
        fields["subgroups"] = data
        fields.pop("subgroup_size", None)
    elif data is not None:
        counted = {"p": "defectives", "np": "defectives", "c": "defects", "u": "defects"}
        fields[counted.get(kind, "data")] = data
    target = fields.pop("target", None)
    if target is not None:
        fields["target" if kind in ("ewma", "cusum") else "mean"] = target
    if kind in ("p", "np", "u") and "subgroup_size" in fields:
        fields["sample_size"] = fields.pop("subgroup_size")
    return "control_chart", {"kind": kind, **fields}


def _rules(rules: Value) -> Value:
    """``WECO_1`` as ``western_electric_1``; all four are the set."""
    if rules in ("all", "WECO"):
        return "western_electric"
    if not isinstance(rules, list):
        return rules
    named = [re.sub(r"(?i)^weco_?", "western_electric_", str(rule)) for rule in rules]
    whole = {f"western_electric_{number}" for number in range(1, 5)}
    return "western_electric" if set(named) == whole else list(named)


def _eval_spc(fields: Fields) -> tuple[str, Fields]:
    fields.pop("alpha", None)
    return _spc({"chart": "XR", "subgroup_size": 5, "rules": "all", **fields})


_READERS: dict[str, Callable[[Fields], tuple[str, Fields]]] = {
    "MATH": _math,
    "STAT_TEST": _stat_test,
    "DOE": _doe,
    "SPC": _spc,
    "DESIGN_DOE": _design_doe,
    "EVAL_SPC": _eval_spc,
}
