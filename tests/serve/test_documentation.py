"""What the documents of the server say is there."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

from havoc.serve import ServeSettings

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent


def test_every_setting_is_described() -> None:
    said = (ROOT / "docs" / "server.md").read_text("utf-8").split("## Settings")[1]
    described = set(re.findall(r"`(\w+)`", said.split("## Operation")[0]))
    assert {field.name for field in fields(ServeSettings)} <= described


def test_every_attack_names_a_test_that_exists() -> None:
    said = (ROOT / "docs" / "security.md").read_text("utf-8")
    files = {path.name: path.read_text("utf-8") for path in HERE.glob("test_*.py")}
    named = re.findall(r"((?:`test_\w+`(?:, )?)+)(?: \(`(test_\w+\.py)`\))?", said)
    assert len(named) > 20
    for tests, file in named:
        for test in re.findall(r"`(test_\w+)`", tests):
            there = files["test_security.py"] + files[file or "test_security.py"]
            assert f"def {test}(" in there, (test, file)
    for file in re.findall(r"`(test_\w+\.py)`", said):
        assert file in files
    for folder in re.findall(r"`(tests/\w+)`", said):
        assert (ROOT / folder).is_dir()
