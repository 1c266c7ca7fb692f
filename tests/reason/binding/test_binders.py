"""The table of binders names every operation that a module of the folder binds, and no other."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

from havoc.reason.binding import BINDERS, OPERATIONS
from havoc.tools import registry


def test_the_table_is_what_its_modules_bind() -> None:
    for name, operations in OPERATIONS.items():
        module = import_module(f"havoc.reason.binding.{name}")
        assert set(operations.split()) == set(module.BINDERS), name
    assert len(BINDERS) == sum(len(names.split()) for names in OPERATIONS.values())
    for operation, binder in BINDERS.items():
        assert callable(binder), operation
        assert operation in registry


def test_an_unknown_operation_is_not_among_them() -> None:
    assert "no_such_operation" not in BINDERS
    assert BINDERS.get("no_such_operation") is None


def test_a_question_imports_only_what_it_tries() -> None:
    script = (
        "import sys; from havoc.reading.question import read_question\n"
        "from havoc.reason.binding import bind\n"
        "bind('correlation', read_question('correlation of 1 2 3 4 and 2 4 5 8'))\n"
        "print(*(name for name in sys.modules if name.startswith('havoc.reason.binding.')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    loaded = done.stdout.split()
    assert "havoc.reason.binding.models" in loaded
    assert "havoc.reason.binding.split_plots" not in loaded
