"""Reference pages of the tools, written from their declarations.

``python -m havoc.tools.reference docs/reference`` writes one Markdown page a
family and an index. Nothing on these pages is written by hand, so they cannot
say something other than what the tools do.
"""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import msgspec.inspect as inspection

from havoc.tools import dsl
from havoc.tools.declaration import PACKAGES, Tool, registry
from havoc.tools.dsl import Statement, format_statement
from havoc.tools.dsl.keywords import SHORT_FORMS
from havoc.tools.facade import facade_of
from havoc.tools.families import operations_of
from havoc.tools.result import EVIDENCE_FIELDS
from havoc.tools.signature import Parameter, flatten, in_words, is_number, signature

FAMILIES = {
    "stats": "Statistics",
    "doe": "Design of experiments",
    "spc": "Process control and capability",
    "msa": "Measurement systems",
    "reliability": "Reliability and sampling",
    "symbolic": "Mathematics",
}
NOTE = "<!-- Written by `make docs` from the declarations of the tools; edit those. -->"


def pages() -> dict[str, str]:
    """The text of every page by its file name."""
    written = {f"{package}.md": _family(package) for package in PACKAGES if operations_of(package)}
    written["language.md"] = _language()
    written["README.md"] = _index()
    return written


def write(directory: Path) -> list[Path]:
    """Write every page into ``directory`` and remove pages of families that are gone."""
    directory.mkdir(parents=True, exist_ok=True)
    current = pages()
    for old in directory.glob("*.md"):
        if old.name not in current:
            old.unlink()
    for name, text in current.items():
        (directory / name).write_text(text, encoding="utf-8")
    return [directory / name for name in sorted(current)]


def main(arguments: Sequence[str]) -> int:
    if len(arguments) != 1:
        print("usage: python -m havoc.tools.reference DIRECTORY", file=sys.stderr)
        return 2
    for path in write(Path(arguments[0])):
        print(path)
    return 0


# --- pages -------------------------------------------------------------------------------


def _index() -> str:
    lines = [NOTE, "", "# Reference of the tools", ""]
    lines += ["| Operation | What it is | Family |", "|---|---|---|"]
    for package in PACKAGES:
        for name in sorted(operations_of(package)):
            anchor = f"{package}.md#{name}"
            title = registry.get(name).title
            lines.append(f"| [`{name}`]({anchor}) | {title} | {FAMILIES[package]} |")
    lines += [
        "",
        "Every operation can be called as `havoc run OPERATION`, as a statement of the language "
        "([`havoc dsl`](language.md)), as a tool call in JSON, and from Python as "
        "`havoc.registry.execute(operation, arguments)`. Every result also has `method`, `unit`, "
        "`assumptions`, `warnings` and `charts`.",
        "",
        "## Short keywords of the language",
        "",
        "A keyword is the name of a parameter in capitals. These are the only others:",
        "",
        "| Keyword | Parameter |",
        "|---|---|",
    ]
    for keyword, names in sorted(SHORT_FORMS.items()):
        shown = " or ".join(f"`{name}`" for name in names)
        lines.append(f"| `{keyword}` | {shown} |")
    lines.append("| `DATA` | `data`, or the first parameter that must be given |")
    return "\n".join(lines) + "\n"


def _language() -> str:
    """The grammar is its own documentation."""
    grammar = resources.files(dsl).joinpath("havoc.lark").read_text(encoding="utf-8")
    return f"{NOTE}\n\n# The language\n\nIts grammar, as it is read:\n\n```text\n{grammar}```\n"


def _family(package: str) -> str:
    parts = [NOTE, "", f"# {FAMILIES[package]}", ""]
    for name in sorted(operations_of(package)):
        parts += _operation(registry.get(name))
    return "\n".join(parts).rstrip() + "\n"


def _operation(declared: Tool) -> list[str]:
    parameters = signature(declared)
    return [
        f"## {declared.name}",
        "",
        f"**{declared.title}.** {declared.summary}",
        "",
        f"Source: {declared.source}",
        "",
        "| Parameter | Takes | Default | Meaning |",
        "|---|---|---|---|",
        *(_parameter(parameter) for parameter in parameters.values()),
        "",
        *_result(declared),
        *_examples(declared, parameters),
    ]


def _parameter(parameter: Parameter) -> str:
    default = "required" if parameter.required else _default(parameter.default)
    cells = (f"`{parameter.name}`", parameter.words, default, parameter.description)
    return f"| {' | '.join(_cell(cell) for cell in cells)} |"


def _default(value: Any) -> str:
    if value is None or value in ("", [], {}):
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _result(declared: Tool) -> list[str]:
    fields = inspection.type_info(declared.result_type)
    assert isinstance(fields, inspection.StructType)
    lines = ["Result:"]
    own = declared.result_type.__dict__.get("__doc__")
    if own:
        lines[0] = f"Result: {' '.join(inspect.cleandoc(own).split())}"
    named = [
        f"`{field.encode_name}` ({_type_words(field.type)})"
        for field in fields.fields
        if field.encode_name not in EVIDENCE_FIELDS
    ]
    return [*lines, "", ", ".join(named) + ".", ""]


def _type_words(kind: inspection.Type) -> str:
    kinds = [item for item in flatten(kind) if not isinstance(item, inspection.NoneType)]
    return " or ".join(dict.fromkeys(in_words(item) for item in kinds))


# --- the shape of a call -----------------------------------------------------------------


def _examples(declared: Tool, parameters: dict[str, Parameter]) -> list[str]:
    """How a call looks on the command line, in the language and as JSON."""
    values = {
        item.name: _sample(item, position) for position, item in enumerate(_shown(parameters))
    }
    flags = " ".join(f"--{name.replace('_', '-')} {_flag(value)}" for name, value in values.items())
    call = {"tool": facade_of(declared.name), "args": {"operation": declared.name, **values}}
    return [
        "A call looks like this:",
        "",
        "```sh",
        f"havoc run {declared.name} {flags}".rstrip(),
        "```",
        "",
        "```text",
        format_statement(Statement(declared.name, values)),
        "```",
        "",
        "```json",
        json.dumps(call, ensure_ascii=False),
        "```",
        "",
    ]


def _shown(parameters: dict[str, Parameter]) -> list[Parameter]:
    """The parameters of an example: the required ones, or the first that data go into."""
    required = [item for item in parameters.values() if item.required]
    if required:
        return required
    first = next(item for item in parameters.values() if item.default in (None, [], {}))
    partner = parameters.get(f"{first.name[:-1]}2") if first.name.endswith("1") else None
    return [first, partner] if partner else [first]


SAMPLES = ([12.1, 12.3, 11.9, 12.0], [12.8, 12.6, 13.0, 12.7])
COUNTS = ([3, 5, 4, 6], [2, 7, 3, 4])


def _sample(parameter: Parameter, position: int) -> Any:
    """A value of the right shape; what it means is the reader's."""
    kinds = [item for item in parameter.kinds if not isinstance(item, inspection.NoneType)]
    if parameter.takes_factors:
        return [
            {"name": "temperature", "low": 150, "high": 200, "unit": "C"},
            {"name": "time", "low": 10, "high": 30, "unit": "min"},
            {"name": "pressure", "low": 1, "high": 5, "unit": "bar"},
        ]
    return _sample_of(kinds[0], parameter, position)


def _sample_of(kind: inspection.Type, parameter: Parameter, position: int) -> Any:
    if isinstance(kind, inspection.DictType):
        inner = next(flatten(kind.value_type))
        return {name: _sample_of(inner, parameter, place) for place, name in enumerate("AB")}
    if isinstance(kind, inspection.ListType):
        items = list(flatten(kind.item_type))
        if isinstance(items[0], inspection.ListType):
            return [[12, 5], [7, 9]]
        if any(is_number(item) for item in items):
            whole = not any(isinstance(item, inspection.FloatType) for item in items)
            return (COUNTS if whole else SAMPLES)[position % 2]
        return ["a", "b"]
    if isinstance(kind, inspection.LiteralType):
        return parameter.default if parameter.default in kind.values else kind.values[0]
    if isinstance(kind, inspection.BoolType):
        return True
    if isinstance(kind, inspection.IntType):
        return max(2, kind.ge or 0)
    if isinstance(kind, inspection.FloatType):
        return 0.5 if kind.lt == 1 else 12
    return "x^2" if parameter.name in ("expression", "equations") else "a"


def _flag(value: Any) -> str:
    if isinstance(value, list) and all(isinstance(item, int | float) for item in value):
        return f'"{" ".join(f"{item:g}" for item in value)}"'
    if isinstance(value, list | dict):
        return f"'{json.dumps(value, ensure_ascii=False)}'"
    return f'"{value}"' if isinstance(value, str) and not value.isalnum() else str(value)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
