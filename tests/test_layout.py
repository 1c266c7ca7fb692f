"""The packages import downward only, as docs/architecture.md says."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parent.parent / "src" / "havoc"
BASE = {
    *("configuration", "errors", "files", "formatting", "instructions"),
    *("markdown", "presentation", "text"),
}
ALLOWED = {
    "reading": BASE,
    "charts": BASE,
    "report": BASE | {"charts"},
    "tools": BASE | {"charts", "reading"},
    "rag": BASE,
    "reason": BASE | {"bundle", "charts", "infer", "rag", "reading", "tokenizer", "tools"},
    "synthesis": BASE | {"reading", "reason", "tools"},
    "eval": BASE | {"reading", "reason", "tools"},
    "tokenizer": BASE,
    "model": BASE,
    "bundle": BASE | {"model", "tokenizer"},
    "infer": BASE | {"bundle", "model", "tokenizer"},
    "serve": BASE
    | {"bundle", "charts", "infer", "rag", "reading", "reason", "report", "tokenizer", "tools"},
    "data": BASE | {"tokenizer"},
    "train": BASE | {"bundle", "data", "model", "tokenizer"},
    "cli": BASE
    | {"charts", "eval", "rag", "reading", "reason", "report", "tools"}
    | {"bundle", "data", "model", "serve", "synthesis", "tokenizer", "train"},
}
TRAINING = {"model", "train"}
"""What may import torch; the answer trunk and what both trunks share may not."""
BY_TORCH = {"infer/torch_backend.py"}
"""The one module of the answer trunk that is by torch, imported when it is asked for."""
NEVER = {"sklearn", "openpyxl", "pydoe", "transformers", "llama_cpp", "torchao", "pickle"}
"""Peers of the tests, and what would read untrusted files; nothing of the package uses them."""


def imported(module: Path) -> set[str]:
    """Every module named in an import statement, wherever it stands in the file."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(module.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{module}: imports are absolute"
            names.add(node.module)
    return names


def modules_of(part: str) -> list[Path]:
    folder = SOURCE / part
    return sorted(folder.rglob("*.py")) if folder.is_dir() else [SOURCE / f"{part}.py"]


@pytest.mark.parametrize("part", [*ALLOWED, *sorted(BASE)])
def test_imports_go_downward(part: str) -> None:
    allowed = ALLOWED.get(part, BASE) | {part}
    for module in modules_of(part):
        inner = {name.split(".")[1] for name in imported(module) if name.startswith("havoc.")}
        assert inner <= allowed, f"{module}: {', '.join(sorted(inner - allowed))}"


def test_every_package_has_its_place() -> None:
    packages = {path.name for path in SOURCE.iterdir() if (path / "__init__.py").exists()}
    assert packages <= set(ALLOWED)


def test_nothing_heavy_or_foreign_is_imported() -> None:
    for module in SOURCE.rglob("*.py"):
        place = module.relative_to(SOURCE)
        torch_too = place.parts[0] in TRAINING or place.as_posix() in BY_TORCH
        never = NEVER if torch_too else {"torch", *NEVER}
        assert not {name.split(".")[0] for name in imported(module)} & never, module
