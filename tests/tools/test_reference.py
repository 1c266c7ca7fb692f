"""The committed reference pages are those that the declarations give."""

from __future__ import annotations

from pathlib import Path

import pytest

from havoc.tools.declaration import registry
from havoc.tools.reference import main, pages, write

DIRECTORY = Path(__file__).parents[2] / "docs" / "reference"
PAGES = pages()


@pytest.mark.parametrize("name", PAGES)
def test_a_committed_page_is_current(name: str) -> None:
    committed = (DIRECTORY / name).read_text(encoding="utf-8")
    assert committed == PAGES[name], "run make docs and commit the result"


def test_no_page_is_left_over() -> None:
    assert {path.name for path in DIRECTORY.glob("*.md")} == set(PAGES)


def test_every_parameter_and_result_is_named() -> None:
    for name in registry:
        (page,) = (text for text in PAGES.values() if f"\n## {name}\n" in text)
        section = page.split(f"\n## {name}\n")[1].split("\n## ")[0]
        declared = registry.get(name)
        for field in declared.parameters:
            assert f"| `{field.encode_name}` |" in section
        assert declared.summary.splitlines()[0] in section
        assert f"havoc run {name}" in section


def test_writing_removes_what_is_gone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "gone.md").write_text("old")
    (tmp_path / "kept.txt").write_text("mine")
    assert {path.name for path in write(tmp_path)} == set(PAGES)
    assert not (tmp_path / "gone.md").exists() and (tmp_path / "kept.txt").exists()
    assert main([]) == 2
    assert "usage" in capsys.readouterr().err
