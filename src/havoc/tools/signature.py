"""What a tool takes, read from its declaration and said in words.

The command line, the DSL, the façade and the reference pages ask here what a
parameter accepts; nothing about a parameter is written a second time.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import msgspec
import msgspec.inspect as inspection

from havoc.tools.declaration import Tool


class Parameter(msgspec.Struct, frozen=True, kw_only=True):
    """One parameter of a tool. ``kinds`` are the types that it accepts, unions flattened."""

    name: str
    required: bool
    default: Any
    description: str
    kinds: tuple[inspection.Type, ...]

    @property
    def words(self) -> str:
        """What it accepts: ``list of numbers, or {n, mean, sd}``."""
        said = [kind for kind in self.kinds if not isinstance(kind, inspection.NoneType)]
        return ", or ".join(dict.fromkeys(in_words(kind) for kind in said))

    def accepts(self, *types: type[inspection.Type]) -> bool:
        return any(isinstance(kind, types) for kind in self.kinds)

    @property
    def takes_numbers(self) -> bool:
        """A flat list of numbers is accepted."""
        return any(is_list_of_numbers(kind) for kind in self.kinds)

    @property
    def takes_missing(self) -> bool:
        """Its lists may hold missing values, which the tool counts itself."""
        return any(
            isinstance(item, inspection.NoneType)
            for kind in self.kinds
            for item in flatten(getattr(kind, "item_type", kind))
            if not isinstance(kind, inspection.NoneType)
        )

    @property
    def takes_rows(self) -> bool:
        """A list of lists is accepted."""
        return any(isinstance(items_of(kind), inspection.ListType) for kind in self.kinds)

    @property
    def takes_groups(self) -> bool:
        """A mapping of names to lists is accepted."""
        return any(
            isinstance(kind, inspection.DictType)
            and any(isinstance(value, inspection.ListType) for value in flatten(kind.value_type))
            for kind in self.kinds
        )

    @property
    def takes_factors(self) -> bool:
        """A list of structures with a name is accepted (factor ranges and levels)."""
        return self.item_structure is not None and "name" in self.item_structure

    @property
    def item_structure(self) -> tuple[str, ...] | None:
        """Field names of the structures in the list that it accepts, if it accepts one."""
        for kind in self.kinds:
            if isinstance(kind, inspection.ListType):
                for item in flatten(kind.item_type):
                    if isinstance(item, inspection.StructType):
                        return tuple(field.name for field in item.fields)
        return None

    @property
    def choices(self) -> tuple[Any, ...]:
        return tuple(
            value
            for kind in self.kinds
            if isinstance(kind, inspection.LiteralType)
            for value in kind.values
        )


@functools.lru_cache(maxsize=512)
def _signature(arguments: type[msgspec.Struct]) -> dict[str, Parameter]:
    return {
        field.encode_name: Parameter(
            name=field.encode_name,
            required=field.required,
            default=_default_of(field),
            description=_description_of(inspection.type_info(field.type)),
            kinds=tuple(flatten(inspection.type_info(field.type))),
        )
        for field in msgspec.structs.fields(arguments)
    }


def signature(declared: Tool) -> dict[str, Parameter]:
    """The parameters of a tool by name, in the order of their declaration."""
    return _signature(declared.arguments)


def flatten(kind: inspection.Type) -> Iterator[inspection.Type]:
    """The members of a union, without the wrappers that carry descriptions."""
    if isinstance(kind, inspection.Metadata):
        yield from flatten(kind.type)
    elif isinstance(kind, inspection.UnionType):
        for member in kind.types:
            yield from flatten(member)
    else:
        yield kind


def items_of(kind: inspection.Type) -> inspection.Type | None:
    """The type of a list's items (the first of a union), or None for other types."""
    if isinstance(kind, inspection.ListType | inspection.VarTupleType):
        return next(flatten(kind.item_type), None)
    return None


def is_number(kind: inspection.Type | None) -> bool:
    return isinstance(kind, inspection.FloatType | inspection.IntType)


def is_list_of_numbers(kind: inspection.Type) -> bool:
    return is_number(items_of(kind))


def in_words(kind: inspection.Type) -> str:
    """A type as a person would name it, with its bounds."""
    if isinstance(kind, inspection.IntType | inspection.FloatType):
        noun = "whole number" if isinstance(kind, inspection.IntType) else "number"
        return f"{noun}{_bounds_in_words(kind)}"
    if isinstance(kind, inspection.LiteralType):
        return "one of " + ", ".join(str(value) for value in kind.values)
    if isinstance(kind, inspection.ListType | inspection.VarTupleType):
        items = " or ".join(_plural(in_words(item)) for item in flatten(kind.item_type))
        return f"list of {items}"
    if isinstance(kind, inspection.DictType):
        values = " or ".join(in_words(value) for value in flatten(kind.value_type))
        return f"{values} for each name"
    if isinstance(kind, inspection.StructType):
        names = [field.name if field.required else f"{field.name}?" for field in kind.fields]
        return "{" + ", ".join(names) + "}"
    simple: dict[type[inspection.Type], str] = {
        inspection.BoolType: "yes or no",
        inspection.StrType: "text",
        inspection.NoneType: "nothing",
        inspection.AnyType: "anything",
    }
    return simple.get(type(kind), "value")


def _plural(words: str) -> str:
    for singular, plural in (("number", "numbers"), ("text", "texts"), ("list of", "lists of")):
        if words.startswith((singular, f"whole {singular}")):
            return words.replace(singular, plural, 1)
    return words


def _bounds_in_words(kind: inspection.IntType | inspection.FloatType) -> str:
    signs = ((">", kind.gt), ("≥", kind.ge), ("<", kind.lt), ("≤", kind.le))
    parts = [f"{sign} {bound:g}" for sign, bound in signs if bound is not None]
    return " " + " and ".join(parts) if parts else ""


def _description_of(kind: inspection.Type) -> str:
    """The description of a type, or of the first member of a union that has one."""
    if isinstance(kind, inspection.Metadata):
        text = (kind.extra_json_schema or {}).get("description", "")
        return str(text) or _description_of(kind.type)
    if isinstance(kind, inspection.UnionType):
        return next(filter(None, map(_description_of, kind.types)), "")
    return ""


def _default_of(field: msgspec.structs.FieldInfo) -> Any:
    if field.default is not msgspec.NODEFAULT:
        return field.default
    if field.default_factory is not msgspec.NODEFAULT:
        return field.default_factory()
    return None
