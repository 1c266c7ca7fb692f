"""Every method has a page that says what the tool says today, with an example that runs."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "docs"))
import method_pages

DOCS = method_pages.METHODS.parent

OPERATIONS = method_pages.operations()


@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_committed_page_is_current(operation: str) -> None:
    committed = (DOCS / "methods" / f"{operation}.md").read_text("utf-8")
    assert committed == method_pages.page(operation), "run make docs and commit the result"


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_chart_of_the_example_has_its_picture(operation: str) -> None:
    charts = method_pages.example(operation).outcome.charts
    for number in range(1, len(charts) + 1):
        file = DOCS / "methods" / method_pages.picture(operation, number)
        assert file.read_bytes().startswith(b"\x89PNG"), "run make docs and commit the result"


def test_the_index_is_current_and_names_every_operation() -> None:
    text = method_pages.index()
    assert (DOCS / "methods" / "index.md").read_text("utf-8") == text
    assert all(f"]({operation}.md)" in text for operation in OPERATIONS)


def test_nothing_is_left_over() -> None:
    pages = {path.stem for path in (DOCS / "methods").glob("*.md")}
    notes = {path.stem for path in (DOCS / "methods" / "notes").glob("*.md")}
    assert pages == {*OPERATIONS, "index"}
    assert notes == set(OPERATIONS)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("## Formula\nx\n", "How to read it"),
        ("## Formula\nx\n## How to read it\ny\n## Example\nz\n", "one block of JSON"),
        (
            "## Formula\nx\n## How to read it\ny\n## Exmple\nz\n## Example\n```json\n{}\n```\n",
            "no page has: Exmple",
        ),
    ],
)
def test_notes_without_their_parts_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str, message: str
) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "describe.md").write_text(content)
    monkeypatch.setattr(method_pages, "METHODS", tmp_path)
    with pytest.raises(method_pages.NotesError, match=message):
        method_pages.read_notes("describe")
    with pytest.raises(method_pages.NotesError, match="there are no notes"):
        method_pages.read_notes("normality")
