"""havoc kb as a user types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from havoc.cli import main


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HAVOC_HOME", str(tmp_path / "home"))
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "sop.md").write_text(
        "# Torque\n\nThe torque of station four is checked on a zorbix gauge every hour.\n"
    )
    (tmp_path / "docs" / "note.txt").write_text("The oven drifts after the weekend.\n")
    return tmp_path


def run(*arguments: str) -> int:
    return main(["kb", *arguments])


def test_from_adding_to_removing(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("add", str(home / "docs"), "--kb", "plant", "--licence", "internal") == 0
    assert (
        "plant: 2 added, 0 updated, 0 unchanged, 0 refused; 2 documents" in capsys.readouterr().out
    )
    assert run("add", str(home / "docs"), "--kb", "plant", "--licence", "internal") == 0
    assert "2 unchanged" in capsys.readouterr().out

    assert run("list", "--json") == 0
    listed = json.loads(capsys.readouterr().out)
    assert [row["base"] for row in listed] == ["builtin", "plant"]
    assert run("list", "plant") == 0
    shown = capsys.readouterr().out
    assert "sop.md" in shown and "internal" in shown and "Torque" in shown

    assert run("search", "torque of station four", "--kb", "plant", "-k", "1") == 0
    shown = capsys.readouterr().out
    assert "checked on a zorbix gauge every hour" in shown and "sop.md#" in shown
    assert run("search", "zorbix", "--kb", "plant", "--json", "-k", "1") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["passages"][0]["licence"] == "internal" and found["ranking"] == "hybrid"

    assert run("export", str(home / "out.jsonl"), "--kb", "plant") == 0
    assert len((home / "out.jsonl").read_text().splitlines()) == 2
    assert run("remove", "note.txt", "--kb", "plant") == 0
    assert "1 removed, 1 left" in capsys.readouterr().out
    assert run("remove", "--all", "--kb", "plant") == 0
    capsys.readouterr()
    assert run("list", "plant") == 2
    assert "there is no knowledge base 'plant'" in capsys.readouterr().err


def test_a_refused_document_is_named_and_gives_exit_code_two(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "docs" / "bad.pdf").write_bytes(b"no pdf")
    assert run("add", str(home / "docs"), "--kb", "plant", "--words-only") == 2
    said = capsys.readouterr()
    assert "2 added" in said.out and "1 refused" in said.out
    assert said.err.startswith("refused: bad.pdf: is a damaged PDF file")


def test_ask_cites_a_base_of_ones_own(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("add", str(home / "docs"), "--kb", "plant", "--licence", "internal")
    capsys.readouterr()
    question = "What is the zorbix gauge used for?"
    assert main(["ask", question, "--kb", "plant", "--json", "--report", str(home / "r.html")]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["status"] == "answered", answer["conclusion"]
    assert "checked on a zorbix gauge every hour. [1]" in answer["conclusion"]
    assert answer["citations"][0]["source"] == "sop.md (internal)"
    assert "Sources" in (home / "r.html").read_text()
    assert main(["ask", question, "--kb", "plant"]) == 0
    shown = capsys.readouterr().out
    assert "Sources" in shown and "[1]" in shown and "internal" in shown


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "no action was given"),
        (["search", "x", "--kb", "none"], "there is no knowledge base 'none'"),
        (["search", "x", "--kb", "../up"], "is no name for a knowledge base"),
        (["search", " "], "the query is empty"),
        (["search", "x", "-k", "500"], "give 1 to 50"),
        (["search", "x", "--endpoint", "http://h/v1"], "--endpoint and --model belong together"),
        (["remove", "x", "--kb", "builtin"], "the built-in base cannot be changed"),
        (["add", "absent.md", "--kb", "builtin"], "the built-in base cannot be changed"),
        (["add", "a.md", "b.md", "--title", "T"], "--title is for a single document"),
        (["remove", "--kb", "builtin"], "no document was named"),
    ],
)
def test_wrong_use_is_one_line(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*arguments) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1


def test_a_base_that_nothing_was_added_to_is_not_left_behind(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["kb", "add", str(tmp_path / "missing.pdf"), "--kb", "empty"]) == 2
    assert "cannot be read" in capsys.readouterr().err
    assert main(["kb", "list"]) == 0
    assert "empty" not in capsys.readouterr().out
