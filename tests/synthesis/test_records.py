"""Records: the label stays, the data can still be used, no word of a left-out author is in."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from havoc.cli import main
from havoc.data.record_syntax import read_records
from havoc.reason.planner_prompt import vocabulary_pieces
from havoc.reason.questions import Question, read_questions
from havoc.synthesis import Coverage, completion_of, synthesize
from havoc.tokenizer import train_tokenizer
from havoc.tools import registry

QUESTIONS = Path(__file__).parents[1] / "questions"


def some(author: str, count: int) -> list[Question]:
    return read_questions(QUESTIONS / f"author-{author}.jsonl")[::7][:count]


def test_labels_become_calls_statuses_or_nothing() -> None:
    def of(status: str, op: str | list[str] | None) -> object:
        return completion_of(Question(id="x1", author="x", question="?", op=op, status=status))

    call = {"tool": {"tool": "dsl_executor", "args": {"operation": "capability"}}}
    assert of("answered", "capability") == [call]
    # what is missing is decided in code: the network names the operation all the same
    assert of("needs_clarification", "capability") == [call]
    assert of("needs_clarification", None) == [{"text": '{"status":"unclear"}'}]
    assert of("declined", "capability") == [{"text": '{"status":"declined"}'}]
    assert len(of("answered", ["normality", "capability"])) == 2  # type: ignore[arg-type]
    assert of("answered", "no_such_operation") is None


def test_the_same_questions_and_seed_give_the_same_records() -> None:
    first, second = (list(synthesize(some("a", 20), 4, 3, Coverage())) for _ in range(2))
    assert first == second
    assert first != list(synthesize(some("a", 20), 4, 4, Coverage()))


def test_parts_make_what_one_process_makes() -> None:
    whole, together = Coverage(), Coverage()
    alone = list(synthesize(some("a", 25), 3, 0, whole))
    made = []
    for part in range(3):
        counted = Coverage()
        made += synthesize(some("a", 25), 3, 0, counted, part=part, parts=3)
        together.add(counted)
    assert made == alone
    assert together == whole


def test_records_count_in_the_coverage_and_can_be_trained_on(tmp_path: Path) -> None:
    coverage = Coverage()
    records = list(synthesize([*some("a", 30), *some("b", 30)], 5, 0, coverage))
    assert sum(coverage.records.values()) + sum(coverage.whole.values()) == len(records)
    file = tmp_path / "train.jsonl"
    file.write_text("".join(json.dumps(record) + "\n" for record in records))
    assert len(list(read_records([file]))) == len(records)


def test_a_variation_that_loses_the_data_is_thrown_away() -> None:
    questions = [item for item in some("b", 60) if item.status == "answered"]
    coverage, typed = Coverage(), {}
    for record in synthesize(questions, 8, 1, coverage):
        if record["meta"]["phenomenon"] == "typed":
            typed[record["id"]] = record
    assert sum(coverage.discarded.values()) > 0
    assert set(typed) == {item.id for item in questions}


def test_pieces_are_one_token_each() -> None:
    pieces = vocabulary_pieces()
    tokenizer = train_tokenizer(["the mean of the lines is not the same " * 40], 650, pieces=pieces)
    assert all(len(tokenizer.encode(piece)) == 1 for piece in pieces)
    assert len(set(pieces)) == len(pieces) == len(list(registry)) + 2 + 4
    call = '{"tool":"python_math","args":{"operation":"describe"}}'
    assert tokenizer.decode(tokenizer.encode(call)) == call


def test_the_command_writes_records_pieces_and_coverage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = (QUESTIONS / "author-a.jsonl").read_text().splitlines(keepends=True)
    for author in "ab":
        (tmp_path / f"author-{author}.jsonl").write_text(
            "".join(line.replace('"author":"a"', f'"author":"{author}"') for line in lines[:15])
        )
    out = tmp_path / "out"
    arguments = ["data", "synth", "--questions", str(tmp_path), "--out", str(out)]
    assert main([*arguments, "--hold-out", "b", "--copies", "3"]) == 0
    assert "15 questions" in capsys.readouterr().out
    records = [json.loads(line) for line in (out / "train.jsonl").read_text().splitlines()]
    assert {author for record in records for author in record["meta"]["authors"]} == {"a"}
    assert json.loads((out / "coverage.json").read_text())["operations"]
    assert main([*arguments, "--hold-out", "z"]) == 2
    assert "there is no author z" in capsys.readouterr().err
    assert main([*arguments, "--copies", "0"]) == 2


def test_questions_for_evaluation_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "author-TEST.jsonl").write_text("")
    out = str(tmp_path / "out")
    assert main(["data", "synth", "--questions", str(tmp_path), "--out", out]) == 2
    assert "for evaluation only" in capsys.readouterr().err


def test_a_question_that_stands_in_a_test_set_is_left_out(tmp_path: Path) -> None:
    item = json.loads((QUESTIONS / "author-b.jsonl").read_text().splitlines()[0])
    (tmp_path / "author-b.jsonl").write_text(json.dumps(item) + "\n")
    other = {**item, "id": "b2", "question": "mean of 4 5 6"}
    with (tmp_path / "author-b.jsonl").open("a") as file:
        file.write(json.dumps(other) + "\n")
    test = tmp_path / "test.jsonl"
    test.write_text(json.dumps({"question": item["question"]}) + "\n")
    out = tmp_path / "out"
    arguments = [
        "data",
        "synth",
        "--questions",
        str(tmp_path / "author-b.jsonl"),
        "--out",
        str(out),
    ]
    assert main([*arguments, "--decontaminate", str(test)]) == 0
    ids = {json.loads(line)["id"] for line in (out / "train.jsonl").read_text().splitlines()}
    assert ids == {"b2"}
