"""Tools, declared once.

A tool is a typed function with a typed result. :func:`tool` reads its
signature and makes the argument structure from it; JSON Schema, the command
``havoc run NAME``, the DSL statement and the page in the docs all come from
that structure.

    @tool("t_test_paired", title="Paired t test", source="NIST handbook 7.3.1.1")
    def t_test_paired(group1: Sample, group2: Sample, alpha: Alpha = 0.05) -> PairedT: ...

    @t_test_paired.narrates
    def _(result: PairedT) -> Narrative: ...

    @t_test_paired.verifies
    def _(result: PairedT, group1, group2, **_) -> list[Recomputed]: ...

Modules that declare tools are imported when one of their tools is asked for;
``OPERATIONS`` of each package says which module declares what.
"""

from __future__ import annotations

import functools
import hashlib
import importlib
import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar, get_type_hints

import msgspec

from havoc.errors import InputError
from havoc.tools.magnitude import within_range
from havoc.tools.result import Narrative, Outcome, Recomputed, ToolResult

PACKAGES = ("stats", "doe", "spc", "msa", "reliability", "symbolic")

Narrator = Callable[[Any], Narrative]
Verifier = Callable[..., list[Recomputed]]
DecoratedT = TypeVar("DecoratedT", bound=Callable[..., Any])


class Tool:
    """A declared tool: callable as the function it wraps, with what is derived from it."""

    def __init__(
        self,
        name: str,
        function: Callable[..., Outcome],
        *,
        title: str,
        source: str,
        version: int = 1,
        any_magnitude: bool = False,
    ) -> None:
        self.name = name
        self.function = function
        self.title = title
        self.source = source
        self.version = version
        self.any_magnitude = any_magnitude
        self.summary = inspect.getdoc(function) or ""
        self.narrator: Narrator | None = None
        self.verifier: Verifier | None = None
        hints = get_type_hints(function, include_extras=True)
        self.result_type: type[Outcome] = hints.pop("return")
        self.arguments = _argument_struct(name, function, hints)
        functools.update_wrapper(self, function)

    def __call__(self, **arguments: Any) -> Outcome:
        return self.function(**self.validate(arguments))

    def narrates(self, narrator: DecoratedT) -> DecoratedT:
        """Register how the result reads."""
        self.narrator = narrator
        return narrator

    def verifies(self, verifier: DecoratedT) -> DecoratedT:
        """Register an independent recomputation of key figures, for the audit."""
        self.verifier = verifier
        return verifier

    @property
    def parameters(self) -> tuple[msgspec.structs.FieldInfo, ...]:
        return msgspec.structs.fields(self.arguments)

    def validate(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Typed arguments with defaults. Raises InputError naming the parameter."""
        typed = self.typed(arguments)
        return {name: getattr(typed, name) for name in typed.__struct_fields__}

    def typed(self, arguments: Mapping[str, Any]) -> msgspec.Struct:
        """The argument structure, whose fields may have other names in JSON (``lambda``)."""
        try:
            typed: msgspec.Struct = msgspec.convert(_plain(arguments), self.arguments)
        except msgspec.ValidationError as error:
            raise _input_error(self, arguments, str(error)) from None
        if not self.any_magnitude:
            within_range(typed)
        return typed

    def schema(self) -> dict[str, Any]:
        """JSON Schema of the arguments, self-contained."""
        (schema,), components = msgspec.json.schema_components(
            [self.arguments], ref_template="#/$defs/{name}"
        )
        name = self.arguments.__name__
        body: dict[str, Any] = dict(components.pop(name)) if name in components else dict(schema)
        body.pop("title", None)
        if components:
            body["$defs"] = components
        body["additionalProperties"] = False
        return body

    def narrate(self, outcome: Outcome) -> Narrative:
        if self.narrator is None:
            return Narrative(conclusion=f"{self.title}.")
        return self.narrator(outcome)

    def verify(self, outcome: Outcome, arguments: Mapping[str, Any]) -> list[Recomputed]:
        if self.verifier is None:
            return []
        return self.verifier(outcome, **self.validate(arguments))


def tool(
    name: str, *, title: str, source: str, version: int = 1, any_magnitude: bool = False
) -> Callable[[Callable[..., Outcome]], Tool]:
    """Declare a function as the tool ``name``. ``source`` cites where the method comes from.

    Arguments beyond what measured values can be are refused, unless the method
    computes with ``any_magnitude``: formulas, units, p-values.
    """

    def declare(function: Callable[..., Outcome]) -> Tool:
        return Tool(
            name,
            function,
            title=title,
            source=source,
            version=version,
            any_magnitude=any_magnitude,
        )

    return declare


def _argument_struct(
    name: str, function: Callable[..., Any], hints: dict[str, Any]
) -> type[msgspec.Struct]:
    fields: list[Any] = []
    for parameter in inspect.signature(function).parameters.values():
        if parameter.default is inspect.Parameter.empty:
            fields.append((parameter.name, hints[parameter.name]))
        else:
            default = parameter.default
            if default == [] or default == {}:
                default = msgspec.field(default_factory=type(default))
            fields.append((parameter.name, hints[parameter.name], default))
    return msgspec.defstruct(
        "".join(part.title() for part in name.split("_")) + "Arguments",
        fields,
        kw_only=True,
        frozen=True,
        forbid_unknown_fields=True,
    )


LARGEST_INTEGER = 2**53
"""Beyond this a float no longer tells neighbouring whole numbers apart."""
PLAIN = {float, str, bool, type(None)}
"""What a list may hold without a look at each: long columns come as such."""


def _plain(value: Any, where: str = "") -> Any:
    """Arrays, series and other sequences of numbers as lists, recursively."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item, where or str(key)) for key, item in value.items()}
    if isinstance(value, msgspec.Struct):
        return msgspec.to_builtins(value)
    if isinstance(value, (str, bytes)):
        return value
    if hasattr(value, "tolist"):
        return _plain(value.tolist(), where)
    if isinstance(value, (list, tuple)):
        kinds = set(map(type, value))
        if kinds == {int}:
            _plain(max(value), where)
            _plain(min(value), where)
            return list(value)
        if kinds <= PLAIN:
            return list(value)
        return [_plain(item, where) for item in value]
    if type(value) is int and abs(value) > LARGEST_INTEGER:
        raise InputError(
            f"a whole number of {len(str(value)[:400])} or more digits is too large",
            where=where,
            remedy=f"give whole numbers up to {LARGEST_INTEGER}",
        )
    return value


_PATH = re.compile(r" - at `\$\.?(?P<path>[^`]*)`")


def _input_error(declared: Tool, arguments: Mapping[str, Any], message: str) -> InputError:
    path = _PATH.search(message)
    where = path["path"] if path else ""
    what = _PATH.sub("", message).replace("`", "")
    known = [field.encode_name for field in declared.parameters]
    if "unknown field" in what:
        unknown = ", ".join(sorted(set(arguments) - set(known))) or what
        return InputError(
            f"unknown argument {unknown}",
            where=declared.name,
            remedy=f"it takes {', '.join(known)}",
        )
    if "missing required field" in what:
        missing = what.rsplit(" ", 1)[-1]
        return InputError(
            f"{missing} is missing",
            where=f"{declared.name} {where}".strip(),
            remedy=f"give {missing}",
        )
    what = what[0].lower() + what[1:] if what else "invalid value"
    return InputError(
        what,
        where=f"{declared.name} {where}".strip(),
        remedy=f"see havoc run {declared.name} --help",
    )


class ToolRegistry:
    """The tools by name. ``registry`` is the one that the program uses."""

    def __init__(self, packages: tuple[str, ...] = PACKAGES) -> None:
        self._packages = packages
        self._tools: dict[str, Tool] = {}

    @functools.cached_property
    def _modules(self) -> dict[str, str]:
        modules: dict[str, str] = {}
        for package in self._packages:
            declared = importlib.import_module(f"havoc.tools.{package}").OPERATIONS
            modules.update(
                (name, f"havoc.tools.{package}.{module}") for name, module in declared.items()
            )
        return modules

    def register(self, declared: Tool) -> None:
        """Add a tool of one's own; its name must be new."""
        if declared.name in self:
            raise InputError(f"a tool named {declared.name} exists already", remedy="rename it")
        self._tools[declared.name] = declared

    def unregister(self, name: str) -> None:
        self.get(name)
        self._tools.pop(name, None)
        self._modules.pop(name, None)

    def __contains__(self, name: object) -> bool:
        return name in self._tools or name in self._modules

    def __iter__(self) -> Iterator[str]:
        return iter(sorted({*self._modules, *self._tools}))

    def list(self) -> list[str]:
        """Names of all operations, sorted."""
        return sorted(self)

    def get(self, name: str) -> Tool:
        """The tool ``name``. Raises InputError with the nearest names if there is none."""
        if name not in self._tools:
            if name not in self._modules:
                raise _unknown_operation(name, self.list())
            module = importlib.import_module(self._modules[name])
            declared = [item for item in vars(module).values() if isinstance(item, Tool)]
            self._tools.update((item.name, item) for item in declared if item.name in self._modules)
        return self._tools[name]

    def execute(self, name: str, arguments: Mapping[str, Any]) -> ToolResult:
        """Validate, compute, and wrap with what identifies the call."""
        declared = self.get(name)
        typed = declared.typed(arguments)
        plain = msgspec.to_builtins(typed)
        return ToolResult(
            operation=name,
            version=declared.version,
            key=call_key(name, declared.version, plain),
            args={key: value for key, value in plain.items() if key in arguments},
            outcome=declared.function(
                **{field: getattr(typed, field) for field in typed.__struct_fields__}
            ),
        )

    def schemas(self) -> dict[str, dict[str, Any]]:
        return {name: self.get(name).schema() for name in self}


def call_key(operation: str, version: int, arguments: Mapping[str, Any]) -> str:
    """SHA-256 over operation, version and canonical arguments (data included)."""
    canonical = msgspec.json.encode([operation, version, arguments], order="deterministic")
    return hashlib.sha256(canonical).hexdigest()


def _unknown_operation(name: str, known: list[str]) -> InputError:
    import difflib

    near = difflib.get_close_matches(name, known, n=3)
    remedy = f"did you mean {' or '.join(near)}?" if near else "see havoc run --list"
    return InputError(f"there is no operation {name!r}", where="operation", remedy=remedy)


registry = ToolRegistry()
