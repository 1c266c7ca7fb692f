"""``havoc replay``: the same figures come out, and what was changed is noticed."""

from __future__ import annotations

import copy
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from havoc.cli import main
from havoc.cli.replay import replay

sys.path.insert(0, str(Path(__file__).parents[1] / "reason"))
from question_examples import QUESTIONS


def recorded(question: str, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    assert main(["ask", question, "--json"]) == 0
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    return answer


@pytest.mark.parametrize("name", QUESTIONS)
def test_every_answer_comes_out_again(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert replay(recorded(QUESTIONS[name], capsys)) == []


def test_the_command_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answer = recorded(QUESTIONS["two groups"], capsys)
    path = tmp_path / "answer.json"
    path.write_text(json.dumps(answer))
    assert main(["replay", str(path)]) == 0
    assert "same figures" in capsys.readouterr().out
    answer["tool_calls"][0]["result"]["t"] = -5.8
    path.write_text(json.dumps(answer))
    assert main(["replay", str(path)]) == 1
    assert "call r1 t_test_two_sample: different t" in capsys.readouterr().out


def test_every_changed_figure_of_every_call_is_noticed(capsys: pytest.CaptureFixture[str]) -> None:
    answer = recorded(QUESTIONS["control and capability"], capsys)
    changed = 0
    for position, call in enumerate(answer["tool_calls"]):
        for name, value in (call["result"] or {}).items():
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                continue
            forged = copy.deepcopy(answer)
            forged["tool_calls"][position]["result"][name] = value * (1 + 1e-9) + 1e-9
            assert any(call["id"] in line and name in line for line in replay(forged)), name
            changed += 1
    assert changed > 20


def test_changed_arguments_are_noticed(capsys: pytest.CaptureFixture[str]) -> None:
    answer = recorded(QUESTIONS["two groups"], capsys)
    for change in ({"alpha": 0.2}, {"group1": [12.1, 12.3, 11.9, 12.5]}, {"name1": "line C"}):
        forged = copy.deepcopy(answer)
        forged["tool_calls"][0]["args"] |= change
        assert any("arguments were changed" in line for line in replay(forged)), change


def test_a_false_result_with_forged_arguments_is_noticed_by_the_key(
    capsys: pytest.CaptureFixture[str],
) -> None:
    answer = recorded(QUESTIONS["describe"], capsys)
    other = recorded("mean and standard deviation of 1.1 1.4 0.9 1.0 1.2", capsys)
    forged = copy.deepcopy(answer)
    for part in ("args", "result"):
        forged["tool_calls"][0][part] = other["tool_calls"][0][part]
    assert any("arguments were changed" in line for line in replay(forged))


def test_a_changed_text_is_noticed(capsys: pytest.CaptureFixture[str]) -> None:
    answer = recorded(QUESTIONS["two groups"], capsys)
    t = next(item for item in answer["figures"] if item["reference"] == "r1.t")

    forged = copy.deepcopy(answer)
    forged["conclusion"] = forged["conclusion"].replace(t["text"], "-8.1234")
    assert any("conclusion" in line for line in replay(forged))

    for part in ("text", "value"):
        forged = copy.deepcopy(answer)
        next(item for item in forged["figures"] if item["reference"] == "r1.t")[part] = (
            "-8.1234" if part == "text" else -8.1234
        )
        assert any("r1.t is another value" in line for line in replay(forged)), part

    forged = copy.deepcopy(answer)
    forged["figures"][0]["reference"] = "r1.nothing"
    assert any("r1 has no nothing" in line for line in replay(forged))


def test_what_fails_now_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    answer = recorded(QUESTIONS["describe"], capsys)
    answer["tool_calls"][0]["operation"] = "no_such_operation"
    assert any("fails now" in line for line in replay(answer))
    answer["tool_calls"][0] |= {"operation": "describe", "args": {"data": []}}
    assert any("fails now" in line for line in replay(answer))


@pytest.mark.parametrize(
    "content",
    [
        None,
        b"",
        b"no json",
        b"[]",
        b"{}",
        b'{"tool_calls": 5}',
        b"\xff\xfe\x00",
        b"[" * 100_000,
        b'{"tool_calls": [{"result": {}}]}',
        b'{"tool_calls": [{"operation": "describe", "args": 5, "result": {}}]}',
        b'{"tool_calls": [{"operation": "describe", "args": {"data": [1, 2]}, "result": 5}]}',
        b'{"tool_calls": [], "figures": [5], "conclusion": 7}',
    ],
)
def test_a_file_that_is_no_answer(
    content: bytes | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "answer.json"
    if content is not None:
        path.write_bytes(content)
    assert main(["replay", str(path)]) in (1, 2)
    captured = capsys.readouterr()
    assert "unexpected" not in captured.err + captured.out
    assert (captured.err + captured.out).strip()
