"""Values as a parameter takes them, where a script may write them shorter."""

from __future__ import annotations

import msgspec.inspect as inspection

from havoc.tools.dsl.tree import Reference, Value
from havoc.tools.signature import Parameter


def fitted(parameter: Parameter, value: Value) -> Value:
    """``value`` where one word can stand for what the parameter takes.

    A choice may be written with hyphens or in capitals, yes and no stand for
    true and false, a single item for a list of one.
    """
    if isinstance(value, str):
        if parameter.accepts(inspection.LiteralType):
            lowered = value.lower().replace("-", "_")
            for choice in parameter.choices:
                if isinstance(choice, str) and choice.lower() in (value.lower(), lowered):
                    return choice
        if parameter.accepts(inspection.BoolType) and not parameter.accepts(inspection.StrType):
            return {"yes": True, "no": False}.get(value.lower(), value)
    lists = parameter.accepts(inspection.ListType)
    if (
        lists
        and not isinstance(value, list | Reference | None)
        and not _is_scalar(parameter, value)
    ):
        return [value]
    return value


def _is_scalar(parameter: Parameter, value: Value) -> bool:
    """The parameter takes ``value`` as it is, not as an item of a list."""
    if isinstance(value, str):
        return value in parameter.choices or parameter.accepts(inspection.StrType)
    if isinstance(value, dict):
        return parameter.accepts(inspection.DictType, inspection.StructType)
    numeric = (inspection.IntType, inspection.FloatType, inspection.BoolType)
    return value in parameter.choices or parameter.accepts(*numeric)
