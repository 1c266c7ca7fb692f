"""What the layout promises: a light start, complete declarations."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from havoc.reason.audit import check_template
from havoc.tools import registry
from havoc.tools.declaration import PACKAGES, Tool

SOURCE = Path(__file__).parents[1] / "src" / "havoc"

LOADED = """
import sys
from havoc.cli import main
try:
    code = main(sys.argv[1:])
except SystemExit as stopped:
    code = stopped.code or 0
print(*sys.modules, sep="\\n", file=sys.stderr)
sys.exit(code)
"""


def loaded(*arguments: str) -> set[str]:
    """The modules that a command has imported when it ends."""
    done = subprocess.run(
        [sys.executable, "-c", LOADED, *arguments], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr[-500:]
    return set(done.stderr.split())


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["ask", "--help"]])
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    names = loaded(*arguments)
    assert "havoc.cli" in names
    heavy = {"scipy", "pandas", "matplotlib", "statsmodels", "sympy", "numpy", "rich", "torch"}
    assert not names & heavy


def test_a_small_question_imports_only_what_it_needs() -> None:
    question = "t test A: 12.1 12.3 11.9 12.0  B: 12.8 12.6 13.0 12.7"
    names = loaded("ask", question, "--json")
    assert "havoc.tools.stats.t_tests" in names
    assert not names & {"pandas", "matplotlib", "statsmodels", "sympy", "pyarrow", "torch"}
    assert not {name for name in names if name.startswith("havoc.rag")}


# names that say what they hold
PLAIN = {
    *("group1", "group2", "x", "y", "unit", "table", "columns", "positive", "negative", "ties"),
    *("count", "count1", "count2", "successes1", "successes2", "trials1", "trials2"),
    *("n_components", "treatment_name", "row_name", "column_name", "block_name"),
}


# declarations ----------------------------------------------------------------------


@pytest.mark.parametrize("package", PACKAGES)
def test_the_index_of_operations_is_what_the_modules_declare(package: str) -> None:
    index = importlib.import_module(f"havoc.tools.{package}").OPERATIONS
    declared: dict[str, str] = {}
    for path in sorted((SOURCE / "tools" / package).glob("*.py")):
        if path.stem == "__init__":
            continue
        module = importlib.import_module(f"havoc.tools.{package}.{path.stem}")
        for item in vars(module).values():
            if isinstance(item, Tool) and item.function.__module__ == module.__name__:
                declared[item.name] = path.stem
    assert index == declared


def test_no_name_is_declared_twice() -> None:
    names = [
        name
        for package in PACKAGES
        for name in importlib.import_module(f"havoc.tools.{package}").OPERATIONS
    ]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("name", registry.list())
def test_a_tool_declares_everything(name: str) -> None:
    declared = registry.get(name)
    assert re.fullmatch(r"[a-z][a-z0-9_]*", name)
    assert declared.title and declared.source
    first, *rest = declared.summary.split("\n\n")
    assert first.strip().rstrip(".?!:") and rest, "a first line and when to use it"
    assert declared.narrator is not None
    properties = declared.schema()["properties"]
    undescribed = [
        field.encode_name
        for field in declared.parameters
        if field.encode_name not in PLAIN
        and "description" not in msgspec.json.encode(properties[field.encode_name]).decode()
    ]
    assert undescribed == []


def templates(node: ast.AST) -> Iterator[str]:
    """The strings below a node; what a formatted string puts in is a name or a choice."""
    if isinstance(node, ast.JoinedStr):
        yield "".join(
            str(part.value) if isinstance(part, ast.Constant) else "name" for part in node.values
        )
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                yield from templates(part.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    else:
        for child in ast.iter_child_nodes(node):
            yield from templates(child)


@pytest.mark.parametrize("name", registry.list())
def test_no_narrator_writes_a_figure_out(name: str) -> None:
    """Every string of a narrator's source: figures come by reference only."""
    narrator = registry.get(name).narrator
    assert narrator is not None
    path = Path(sys.modules[narrator.__module__].__file__ or "")
    function = next(
        node
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef) and node.name == narrator.__name__
    )
    calls = [
        node
        for node in ast.walk(function)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Narrative"
    ]
    for call in calls:
        for template in templates(call):
            check_template(template)


@pytest.mark.parametrize("name", registry.list())
def test_quantities_are_not_named_like_results_or_facts(name: str) -> None:
    """``{{r2}}`` in a narrative would be read as result two, ``{{f1}}`` as fact one."""
    fields = registry.get(name).result_type.__struct_fields__
    assert not [field for field in fields if re.match(r"[rf]\d", field)]
