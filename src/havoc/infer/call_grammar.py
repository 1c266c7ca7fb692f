"""The grammar of one tool call whose data are slots: no figure can be written, only pointed at.

A call is ``{"tool":…,"args":{"operation":…,…}}`` with its arguments in the order of their names,
as training records write them.
Numbers, lists and names are slot ids between quotes, those of the question alone and of a kind
that the argument takes; what a slot cannot be (true, a choice) is written out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from havoc.errors import InputError
from havoc.infer.constraints import Grammar
from havoc.tokenizer.special import FIRST_SLOT, SPECIAL

MOST_ITEMS = 16
_LETTERS = " | ".join(json.dumps(letter) for letter in "ABCDEFGH")


def call_grammar(
    tool: str, operation: str, schema: Mapping[str, Any], slots: Mapping[str, Any]
) -> Grammar:
    """The calls of ``operation`` that ``slots`` allow, such as ``{"<d0>": [12.1, 12.3]}``.

    ``schema`` is the JSON Schema of its arguments. Raises InputError naming a required
    argument for which the question holds nothing that fits.
    """
    rules = _Rules(schema, slots)
    body: list[str] = []
    for name, part in sorted(schema.get("properties", {}).items()):
        value = rules.value(part)
        required = name in schema.get("required", ())
        if value is None:
            if required:
                raise InputError(
                    f"nothing in the question can be {name}",
                    where=operation,
                    remedy="add it to the question",
                )
            continue
        written = f"{json.dumps(f',{json.dumps(name)}:')} ({value})"
        body.append(written if required else f"({written})?")
    opening = f'{{"tool":{json.dumps(tool)},"args":{{"operation":{json.dumps(operation)}'
    return Grammar(f"start: {json.dumps(opening)} {' '.join(body)} {json.dumps('}}')}\n", ours=True)


def resolved(value: Any, slots: Mapping[str, Any]) -> Any:
    """``value`` with every slot (as a text, or as a key) replaced by what it stands for.

    Whole numbers become integers, which tools take wherever they take numbers.
    """
    if isinstance(value, str):
        return _whole(slots[value]) if value in slots else value
    if isinstance(value, Mapping):
        return {str(slots.get(key, key)): resolved(item, slots) for key, item in value.items()}
    if isinstance(value, list):
        return [resolved(item, slots) for item in value]
    return value


class _Rules:
    """Right-hand sides of grammar rules for the parts of a JSON Schema."""

    def __init__(self, schema: Mapping[str, Any], slots: Mapping[str, Any]) -> None:
        self._definitions = schema.get("$defs", {})
        self._within: set[str] = set()  # definitions whose grammar is being written
        for slot in slots:
            if slot not in SPECIAL or SPECIAL[slot] < FIRST_SLOT:
                raise InputError(f"{slot!r} is no slot", where="slots")
        self._slots = slots

    def value(self, schema: Mapping[str, Any]) -> str | None:
        """What may stand for a value of ``schema``, None where nothing can."""
        if "$ref" in schema:
            return self._definition(schema["$ref"].rsplit("/", 1)[-1])
        if "const" in schema:
            return json.dumps(json.dumps(schema["const"]))
        if "enum" in schema:
            written = [json.dumps(json.dumps(item)) for item in schema["enum"] if item is not None]
            return " | ".join(written) or None
        if "anyOf" in schema:
            ways = [self.value(item) for item in schema["anyOf"] if item.get("type") != "null"]
            return " | ".join(dict.fromkeys(way for way in ways if way)) or None
        kind = schema.get("type")
        if kind == "boolean":
            return '"true" | "false"'
        if kind in ("number", "integer", "string"):
            return self._slot(lambda value: _fits(value, [schema]))
        if kind == "array":
            return self._array(schema.get("items", {}))
        if kind == "object":
            return self._object(schema)
        return None

    def _definition(self, name: str) -> str | None:
        """What may stand for a definition; one that holds itself has no end, so nothing there."""
        if name in self._within or name not in self._definitions:
            return None
        self._within.add(name)
        value = self.value(self._definitions[name])
        self._within.remove(name)
        return value

    def _slot(self, fits: Callable[[Any], bool]) -> str | None:
        ids = [SPECIAL[slot] for slot, value in self._slots.items() if fits(value)]
        if not ids:
            return None
        return f'"\\"" ({" | ".join(f"<[{number}]>" for number in ids)}) "\\""'

    def _array(self, items: Mapping[str, Any]) -> str | None:
        """A list of figures is a slot; a list of anything else can also be written out."""
        kinds = items.get("anyOf", [items])
        types = {kind.get("type") for kind in kinds} - {"null"}
        flat = types <= {"number", "integer", "string"}
        slot = self._slot(lambda value: _all_fit(value, kinds)) if flat else None
        if flat and types != {"string"}:
            return slot
        item = self.value(items)
        ways = (slot, _repeated("[", item, "]") if item else None)
        return " | ".join(way for way in ways if way) or None

    def _object(self, schema: Mapping[str, Any]) -> str | None:
        if "properties" not in schema:
            more = schema.get("additionalProperties")
            value = self.value(more) if isinstance(more, Mapping) else None
            if value is None:
                return None
            names = [
                f"<[{SPECIAL[slot]}]>"
                for slot, item in self._slots.items()
                if isinstance(item, str)
            ]
            key = " | ".join([_LETTERS, *names])
            return _repeated("{", f'"\\"" ({key}) "\\":" ({value})', "}")
        needed: list[tuple[str, str]] = []
        free: list[tuple[str, str]] = []
        for name, part in schema["properties"].items():
            value = self.value(part)
            if name in schema.get("required", ()):
                if value is None:
                    return None
                needed.append((name, value))
            elif value is not None:
                free.append((name, value))
        # what is required comes first, so that what may be left out can bring its own comma
        beginnings = [needed] if needed else [free[place : place + 1] for place in range(len(free))]
        ways = []
        for place, beginning in enumerate(beginnings):
            rest = free if needed else free[place + 1 :]
            first, *others = beginning
            parts = [_member("", *first), *(_member(",", *item) for item in others)]
            parts += [f"({_member(',', *item)})?" for item in rest]
            ways.append(f'"{{" {" ".join(parts)} "}}"')
        return " | ".join(ways) or None


def _member(comma: str, name: str, value: str) -> str:
    return f"{json.dumps(f'{comma}{json.dumps(name)}:')} ({value})"


def _repeated(opening: str, item: str, closing: str) -> str:
    more = f'("," ({item})){{0,{MOST_ITEMS - 1}}}'
    return f"{json.dumps(opening)} ({item}) {more} {json.dumps(closing)}"


def _whole(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        made = [_whole(item) for item in value]
        return value if any(isinstance(item, float) for item in made) else made
    return value


def _all_fit(value: Any, kinds: Sequence[Mapping[str, Any]]) -> bool:
    """Whether ``value`` is a list each item of which is of one of the kinds."""
    if not isinstance(value, list):
        return False
    missing = any(kind.get("type") == "null" for kind in kinds)
    return all(missing if item is None else _fits(item, kinds) for item in value)


def _fits(value: Any, kinds: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a number or text is of one of the kinds, and within its bounds."""
    if isinstance(value, str):
        return any(kind.get("type") == "string" for kind in kinds)
    if not isinstance(value, int | float):
        return False
    for kind in kinds:
        whole = kind.get("type") == "integer" and (isinstance(value, int) or value.is_integer())
        if not (whole or kind.get("type") == "number"):
            continue
        if (
            value >= kind.get("minimum", value)
            and value <= kind.get("maximum", value)
            and value > kind.get("exclusiveMinimum", -float("inf"))
            and value < kind.get("exclusiveMaximum", float("inf"))
        ):
            return True
    return False
