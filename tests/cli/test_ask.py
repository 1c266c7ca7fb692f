"""``havoc ask``: one question, batches, and lines that cannot be answered."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from havoc.cli import ask as command
from havoc.cli import main
from havoc.reason.answer import answer_schema

QUESTION = "Is line B thicker than line A? A: 12.1 12.3 11.9 12.0  B: 12.8 12.6 13.0 12.7"
BORE = {"bore": [9.9, 10.1, 10.0, 10.2, 9.8, 10.0, 10.1, 9.95, 10.05]}


def batch(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], *lines: bytes | dict[str, Any]
) -> tuple[int, list[dict[str, Any]]]:
    path = tmp_path / "in.jsonl"
    path.write_bytes(
        b"\n".join(line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines)
        + b"\n"
    )
    code = main(["ask", "--batch", str(path), "--json"])
    captured = capsys.readouterr()
    assert captured.err == ""
    return code, [json.loads(line) for line in captured.out.splitlines()]


def test_one_question_as_json_meets_the_schema(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ask", QUESTION, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["status"] == "answered" and "id" not in answer
    schema = answer_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    # an infinite end of a one-sided interval is written as null
    errors = jsonschema.Draft202012Validator(schema).iter_errors({**answer, "charts": []})
    assert [error.message for error in errors] == []


def test_every_status_ends_with_code_zero(capsys: pytest.CaptureFixture[str]) -> None:
    for question in ("Is it capable?", "Who won the world cup in 1998?", "What is Cpk?"):
        assert main(["ask", question]) == 0
        assert capsys.readouterr().out.strip()


def test_answers_keep_the_id_and_the_order(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, answers = batch(
        tmp_path,
        capsys,
        {"id": "a", "question": QUESTION},
        {"id": 7, "question": "Who won the world cup in 1998?"},
        {"question": "Is it capable?"},
        b"",
        {"id": "last", "question": QUESTION, "budget": "light"},
    )
    assert code == 0
    assert [answer["id"] for answer in answers] == ["a", 7, None, "last"]
    assert [answer["status"] for answer in answers] == [
        "answered",
        "out_of_scope",
        "needs_clarification",
        "answered",
    ]
    assert answers[-1]["budget"] == "LIGHT"


def test_data_inline_by_path_and_from_the_context(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "bore.csv"
    table.write_text("bore\n" + "\n".join(map(str, BORE["bore"])))
    capable = "Cpk with LSL 9.5 and USL 10.5"
    rows = [{"bore": value} for value in BORE["bore"]]
    code, answers = batch(
        tmp_path,
        capsys,
        {"id": "columns", "question": capable, "data": BORE},
        {"id": "rows", "question": capable, "data": rows},
        {"id": "path", "question": capable, "data": str(table)},
        {"id": "paths", "question": capable, "data": [str(table)]},
        {
            "id": "context",
            "question": "and if usl was 10.2 instead",
            "context": {"question": capable, "data": BORE},
        },
        {
            "id": "subgroups",
            "question": "X-bar R chart, is it in control?",
            "data": {
                "subgroups": [[10.1, 10.2, 9.9], [10.0, 10.3, 10.1], [9.8, 9.9, 10.0], [10, 10, 10]]
            },
        },
    )
    assert code == 0
    assert [answer["status"] for answer in answers] == ["answered"] * 6
    first = answers[0]["tool_calls"]
    capability = [
        next(call for call in answer["tool_calls"] if call["operation"] == "capability")
        for answer in answers[:5]
    ]
    assert [call["args"]["data"] for call in capability] == [BORE["bore"]] * 5
    assert [call["args"]["usl"] for call in capability] == [10.5] * 4 + [10.2]
    assert len({call["result"]["Cpk"] for call in capability[:4]}) == 1 and first
    assert answers[5]["tool_calls"][0]["operation"] == "control_chart"
    assert answers[5]["tool_calls"][0]["result"]["points"] == 4


BROKEN: list[bytes] = [
    b"not json",
    b"{",
    b"[1, 2]",
    b'{"id": "x"}',
    b'{"id": "x", "question": 5}',
    b'{"id": "x", "question": "Cpk?", "data": "/no/such/file.csv"}',
    b'{"id": "x", "question": "Cpk?", "budget": "endless"}',
    b'{"id": "x", "question": "Cpk?", "context": {"no": "question"}}',
    b'{"id": "x", "question": "Cpk?", "context": 5}',
    b'{"id": "x", "question": "Cpk?", "data": 5}',
    b'{"id": "x", "question": "\xff\xfe"}',
    b"[" * 100_000,
    b'{"id": "x", "question": "' + b"1 " * 300_000 + b'"}',
    b"\x00\x01\x02",
]


@pytest.mark.parametrize("line", BROKEN, ids=lambda line: line[:40].decode("latin-1"))
def test_a_broken_line_costs_no_other_line(
    line: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = {"id": "good", "question": QUESTION}
    code, answers = batch(tmp_path, capsys, good, line, good)
    assert code == 2
    assert [answer.get("status") for answer in answers] == ["answered", None, "answered"]
    assert "in.jsonl:2" in answers[1]["error"] and "\n" not in answers[1]["error"]
    assert "unexpected" not in answers[1]["error"]


def test_a_defect_met_by_one_line_costs_no_other_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = command._ask

    def failing(question: str, *rest: Any) -> Any:
        if question == "break":
            raise ZeroDivisionError("a defect")
        return honest(question, *rest)

    monkeypatch.setattr(command, "_ask", failing)
    code, answers = batch(
        tmp_path, capsys, {"id": 1, "question": "break"}, {"id": 2, "question": QUESTION}
    )
    assert code == 2
    assert answers[0]["id"] == 1 and "ZeroDivisionError" in answers[0]["error"]
    assert answers[1]["status"] == "answered"


def test_a_line_of_fifty_megabytes_costs_no_other_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = {"id": "good", "question": QUESTION}
    code, answers = batch(tmp_path, capsys, good, b"1" * 50_000_000, good)
    assert code == 2
    assert [answer.get("status") for answer in answers] == ["answered", None, "answered"]
    assert "longer than" in answers[1]["error"] and "in.jsonl:2" in answers[1]["error"]


def test_what_does_not_go_together_is_one_line_and_code_two(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for arguments in (
        ["--batch", "in.jsonl"],
        ["question", "--batch", "in.jsonl", "--json"],
        ["--batch", str(tmp_path / "none.jsonl"), "--json"],
        [],
        ["question", "--data", str(tmp_path / "none.csv")],
        ["x" * 200_001],
        ["Is it capable?", "--chart", str(tmp_path / "chart.png")],
    ):
        assert main(["ask", *arguments]) == 2
        captured = capsys.readouterr()
        assert captured.err.count("\n") == 1 and captured.err.startswith("havoc: ")


def test_explain_shows_the_stages_and_the_calls(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ask", QUESTION, "--explain"]) == 0
    shown = capsys.readouterr().out
    for word in ("GROUND", "EXECUTE", "AUDIT", "t_test_two_sample", "mann_whitney"):
        assert word in shown


def test_the_report_and_the_chart_are_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report, chart = tmp_path / "out.html", tmp_path / "out.svg"
    assert main(["ask", QUESTION, "--report", str(report), "--chart", str(chart)]) == 0
    capsys.readouterr()
    assert "<html" in report.read_text("utf-8") and "<svg" in chart.read_text("utf-8")


def test_explain_streams_what_the_network_takes_it_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    question = "Do they differ? A: 12.1 12.3 11.9 B: 12.8 12.6 13.0"
    assert main(["ask", question, "--explain"]) == 0
    first = capsys.readouterr().out.splitlines()[0]
    assert first.startswith("The network: ") and len(first.split()) > 4
    assert not any(character.isdigit() for character in first)
    for others in (["--explain", "--json"], ["--explain", "--planner", "rules"], []):
        assert main(["ask", question, *others]) == 0
        assert "The network:" not in capsys.readouterr().out
