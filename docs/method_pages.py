"""One page a method, from its declaration, its notes and the real result of an example.

python docs/method_pages.py           # writes docs/methods/*.md and the pictures
python docs/method_pages.py --text    # the pages only

``methods/notes/OPERATION.md`` holds what no declaration says: formulas with their source, how to
read the result, variants, and an example. ``methods/programs.yaml`` holds the table of what
other programs have.
"""

from __future__ import annotations

import io
import json
import re
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from PIL import Image

from havoc.charts.figure import save_figure
from havoc.cli.output import as_text
from havoc.files import write_atomic
from havoc.tools.declaration import PACKAGES, registry
from havoc.tools.families import operations_of, package_of
from havoc.tools.reference import FAMILIES
from havoc.tools.result import ToolResult

METHODS = Path(__file__).parent / "methods"
NOTE = "<!-- Written by `make docs` from the tool, notes/ and a real run; edit those. -->"
REQUIRED = ("Formula", "How to read it", "Example")
ALLOWED = ("Formula", "How to read it", "Variants", "Example")
WIDTH = 900
MOST_LINES = 60


class NotesError(Exception):
    """Notes that do not have the parts that a page needs."""


@dataclass(frozen=True, slots=True)
class Notes:
    """The parts of a notes file by heading, and the arguments of its example."""

    parts: dict[str, str]
    arguments: dict[str, Any]


def read_notes(operation: str) -> Notes:
    """The notes of an operation. NotesError names what is missing or too much."""
    path = METHODS / "notes" / f"{operation}.md"
    if not path.is_file():
        raise NotesError(f"{path.name}: there are no notes")
    pieces = re.split(r"^## (.+)$", path.read_text("utf-8"), flags=re.MULTILINE)
    parts = {
        heading.strip(): body.strip()
        for heading, body in zip(pieces[1::2], pieces[2::2], strict=True)
    }
    for heading in REQUIRED:
        if not parts.get(heading):
            raise NotesError(f"{path.name}: has no part '## {heading}'")
    if extra := set(parts) - set(ALLOWED):
        raise NotesError(f"{path.name}: has parts that no page has: {', '.join(sorted(extra))}")
    blocks = re.findall(r"```json\n(.*?)```", parts["Example"], re.DOTALL)
    if len(blocks) != 1:
        raise NotesError(f"{path.name}: the example needs one block of JSON, it has {len(blocks)}")
    return Notes(parts, json.loads(blocks[0]))


@cache
def example(operation: str) -> ToolResult:
    """The example of an operation, carried out."""
    return registry.execute(operation, read_notes(operation).arguments)


def operations() -> list[str]:
    """Every operation that has a page, in the order of the families."""
    return [name for package in PACKAGES for name in sorted(operations_of(package))]


def page(operation: str) -> str:
    """The page of one operation."""
    declared = registry.get(operation)
    package = package_of(operation)
    notes = read_notes(operation)
    result = example(operation)
    said = re.sub(r"```json\n.*?```", "", notes.parts["Example"], flags=re.DOTALL).strip()
    lines = [NOTE, "", f"# {declared.title}", ""]
    lines += [declared.summary, "", f"Source: {declared.source}", ""]
    lines += [
        f"`{operation}`: [parameters and quantities](../reference/{package}.md#{operation}) · "
        "[all methods](index.md)",
        "",
    ]
    for heading in ("Formula", "How to read it", "Variants"):
        if heading in notes.parts:
            lines += [f"## {heading}", "", notes.parts[heading], ""]
    lines += ["## Example", "", said, "", "```json", _call(operation, notes.arguments), "```", ""]
    lines += ["```text", _shortened(as_text(result)), "```", ""]
    for number, chart in enumerate(result.outcome.charts, start=1):
        lines += [f"![{chart.title}]({picture(operation, number)})", ""]
    return "\n".join(line.rstrip() for line in "\n".join(lines).split("\n")).rstrip() + "\n"


def picture(operation: str, number: int) -> str:
    """Where the picture of a chart lies, from the pages."""
    return f"pictures/{operation}{f'-{number}' if number > 1 else ''}.png"


def _call(operation: str, arguments: dict[str, Any]) -> str:
    """The call as JSON, a line for each argument."""
    lines = [f'  "operation": {json.dumps(operation)}']
    lines += [
        f"  {json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}"
        for name, value in arguments.items()
    ]
    return "{\n" + ",\n".join(lines) + "\n}"


def _shortened(text: str) -> str:
    lines = text.split("\n")
    if len(lines) <= MOST_LINES:
        return text
    left_out = len(lines) - MOST_LINES
    half = MOST_LINES // 2
    return "\n".join([*lines[:half], f"… {left_out} more lines …", *lines[-half:]])


def index() -> str:
    """The table: method by method, who has it."""
    table = yaml.safe_load((METHODS / "programs.yaml").read_text("utf-8"))
    lines = [NOTE, "", "# The methods", "", table["about"].strip(), ""]
    for group in table["groups"]:
        lines += [f"## {group['name']}", ""]
        lines += ["| Method | havoc | Minitab | JMP | R | best kept Python library |"]
        lines += ["|---|---|---|---|---|---|"]
        for method, row in group["methods"].items():
            ours = ", ".join(_ours(item) for item in row["ours"])
            cells = [method, ours, row["minitab"], row["jmp"], row["r"], row["python"]]
            lines.append("| " + " | ".join(str(cell) for cell in cells) + " |")
        lines.append("")
    lines += ["## Every page", ""]
    for package in PACKAGES:
        named = [
            f"[{registry.get(name).title}]({name}.md)" for name in sorted(operations_of(package))
        ]
        lines += [f"**{FAMILIES[package]}**: {', '.join(named)}", ""]
    return "\n".join(lines).rstrip() + "\n"


def _ours(item: str) -> str:
    """``operation`` or ``operation (how to ask for it)`` as a link to its page."""
    operation, _, how = item.partition(" ")
    registry.get(operation)
    return f"[{operation}]({operation}.md)" + (f" {how}" if how else "")


def pages() -> dict[str, str]:
    """The text of every page by its file name."""
    return {"index.md": index(), **{f"{name}.md": page(name) for name in operations()}}


def draw(operation: str) -> list[Path]:
    """Write the pictures of an operation's example, small enough for a repository."""
    written = []
    for number, chart in enumerate(example(operation).outcome.charts, start=1):
        path = METHODS / picture(operation, number)
        path.parent.mkdir(exist_ok=True)
        save_figure(chart, path)
        image = Image.open(path).convert("RGB")
        height = round(image.height * WIDTH / image.width)
        small = image.resize((WIDTH, height), Image.Resampling.LANCZOS).quantize(48)
        buffer = io.BytesIO()
        small.save(buffer, "PNG", optimize=True)
        write_atomic(path, buffer.getvalue())
        written.append(path)
    return written


def main(arguments: list[str]) -> int:
    if arguments not in ([], ["--text"]):
        print("usage: python docs/method_pages.py [--text]", file=sys.stderr)
        return 2
    written = pages()
    for old in METHODS.glob("*.md"):
        if old.name not in written:
            old.unlink()
    for name, text in written.items():
        write_atomic(METHODS / name, text.encode("utf-8"))
    if not arguments:
        kept = {path for operation in operations() for path in draw(operation)}
        for old in (METHODS / "pictures").glob("*.png"):
            if old not in kept:
                old.unlink()
    print(f"{len(written)} pages in {METHODS}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
