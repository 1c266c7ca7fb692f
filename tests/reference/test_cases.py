"""Every reference case, both by calling the tool and by asking the question."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from havoc.eval.figures import missing_figures
from havoc.reason import ask
from havoc.tools import registry

sys.path.insert(0, str(Path(__file__).parent))
from calls import call_of

CASES = {
    path.stem: json.loads(path.read_text("utf-8"))
    for path in sorted((Path(__file__).parent / "cases").glob("*.json"))
}
BY_CALL_ONLY = {
    "des-res-table",  # five designs in one question; asked below, called one by one elsewhere
}


@pytest.mark.parametrize("name", [name for name in CASES if name not in BY_CALL_ONLY])
def test_the_tool_gives_the_reference_figures(name: str) -> None:
    operation, args = call_of(CASES[name])
    result = registry.execute(operation, args).to_json()
    assert missing_figures([result], CASES[name]["expected"]) == []


@pytest.mark.parametrize("name", CASES)
def test_asking_gives_the_reference_figures(name: str) -> None:
    case: dict[str, Any] = CASES[name]
    answer = ask(case["question_text"], case["data"] or None)
    results = [
        call.result for call in answer.tool_calls if call.purpose == "answer" and call.result
    ]
    assert answer.status == "answered"
    assert missing_figures(results, case["expected"]) == []


@pytest.mark.parametrize("name", CASES)
def test_every_figure_of_the_answer_has_a_source(name: str) -> None:
    case = CASES[name]
    answer = ask(case["question_text"], case["data"] or None)
    assert answer.figures
    assert all(item.source for item in answer.figures)


def test_a_wrong_figure_is_noticed() -> None:
    case = CASES["t1-cement"]
    operation, args = call_of(case)
    result = registry.execute(operation, args).to_json()
    result["t"] *= 1.00001
    assert missing_figures([result], case["expected"]) == ["t"]
