"""``havoc dsl`` and ``havoc schema``."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import jsonschema
import pytest

from havoc.cli import main
from havoc.tools.declaration import registry

SCRIPT = """\
DATA bore = "data/bore.csv"
TEST t one_sample @bore.diameter MU 10   # nominal
"""


@pytest.fixture
def script(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "bore.csv").write_text("diameter\n10.1\n9.9\n10.3\n")
    file = tmp_path / "analysis.havoc"
    file.write_text(SCRIPT)
    return file


def test_a_script_runs_with_files_beside_it(
    script: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["dsl", str(script)]) == 0
    assert "One-sample t test" in capsys.readouterr().out
    assert main(["dsl", str(script), "--json"]) == 0
    (result,) = json.loads(capsys.readouterr().out)
    assert result["result"]["n"] == 3


def test_format_round_trips(script: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dsl", str(script), "--format"]) == 0
    formatted = capsys.readouterr().out
    assert formatted == (
        'DATA bore = "data/bore.csv"\nTEST t_test_one_sample DATA @bore.diameter MU0 10\n'
    )
    script.write_text(formatted)
    assert main(["dsl", str(script), "--format"]) == 0
    assert capsys.readouterr().out == formatted


def test_standard_input(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], script: Path
) -> None:
    text = io.TextIOWrapper(io.BytesIO(b"DESCRIBE @bore.diameter"))
    monkeypatch.setattr(sys, "stdin", text)
    data = script.parent / "data" / "bore.csv"
    assert main(["dsl", "-", "--data", f"bore={data}", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["args"]["data"] == [10.1, 9.9, 10.3]


@pytest.mark.parametrize("path", ["../secret.csv", "/etc/hostname", "data/../../x.csv", "link.csv"])
def test_files_outside_the_directory_are_refused(
    path: str, script: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (script.parent / "link.csv").symlink_to("/etc/hostname")
    script.write_text(f'DATA a = "{path}"\nDESCRIBE @a\n')
    assert main(["dsl", str(script)]) == 2
    assert "outside the script's directory; give --data a=" in capsys.readouterr().err


def test_data_given_by_hand_wins(script: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = script.parent.parent / "other.csv"
    other.write_text("diameter\n1\n2\n3\n4\n")
    assert main(["dsl", str(script), "--data", f"bore={other}", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["result"]["n"] == 4


def test_a_document_answers_with_its_envelope(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "test.json"
    file.write_text('{"STAT_TEST": {"data_a": [1, 2, 3], "data_b": [2, 3, 5]}}')
    assert main(["dsl", str(file), "--json"]) == 0
    envelope = json.loads(capsys.readouterr().out)
    assert set(envelope) == {"description", "payload", "success", "error"} and envelope["success"]
    file.write_text('{"STAT_TEST": {"data_a": [1, 1], "data_b": [1, 1]}}')
    assert main(["dsl", str(file), "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["success"] is False


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"TEST t A=[1,, 2]", "analysis.havoc, line 1, column 13: found ','"),
        (b"\xff\xfe\x00", "no UTF-8 text"),
        (b"DESCRIBE \0", "a binary file"),
        (b"TEST t one_sample [1] MU 2", "analysis.havoc, line 1"),
    ],
)
def test_errors_name_file_and_line(
    content: bytes, message: str, script: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script.write_bytes(content)
    assert main(["dsl", str(script)]) == 2
    captured = capsys.readouterr()
    assert message in captured.err and captured.err.count("\n") == 1


def test_bad_data_option(script: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dsl", str(script), "--data", "bore.csv"]) == 2
    assert "--data: cannot read 'bore.csv'; write it as NAME=FILE" in capsys.readouterr().err


def test_schemas(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", "t_test_two_sample"]) == 0
    schema = json.loads(capsys.readouterr().out)
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate({"group1": [1, 2], "group2": {"n": 3, "mean": 1, "sd": 2}}, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"group1": [1, 2], "group2": [1], "alpha": 7}, schema)
    assert main(["schema"]) == 0
    assert sorted(json.loads(capsys.readouterr().out)) == registry.list()
    assert main(["schema", "answer"]) == 0
    jsonschema.Draft202012Validator.check_schema(json.loads(capsys.readouterr().out))
    assert main(["schema", "nope"]) == 2
