"""Cases a method: arguments, and figures that another program or a publication gives for them.

``methods/*.json`` holds ``{"operation", "source", "args", "expected"}``; ``expected`` maps a
path into the result (``terms.0.p_value``) to ``{"value", "rtol" or "atol"}``. Where a case has
a ``question`` (with ``data``), asking it must give the same figures.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from havoc.reason import ask
from havoc.tools import registry

CASES = {
    path.stem: json.loads(path.read_text("utf-8"))
    for path in sorted((Path(__file__).parent / "methods").glob("*.json"))
}


def at(result: Any, path: str) -> Any:
    for step in path.split("."):
        result = result[int(step)] if isinstance(result, list) else result[step]
    return result


def check(result: dict[str, Any], expected: dict[str, Any]) -> None:
    assert expected
    for path, item in expected.items():
        found, wanted = at(result, path), item["value"]
        if isinstance(wanted, str | bool) or wanted is None:
            assert found == wanted, path
            continue
        tolerance = {name: item[name] for name in ("rtol", "atol") if name in item}
        np.testing.assert_allclose(found, wanted, err_msg=path, **{"rtol": 0, **tolerance})


@pytest.mark.parametrize("name", CASES)
def test_the_tool_gives_the_published_figures(name: str) -> None:
    case = CASES[name]
    assert case["source"]
    check(registry.execute(case["operation"], case["args"]).to_json(), case["expected"])


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if "question" in case])
def test_asking_gives_the_published_figures(name: str) -> None:
    case = CASES[name]
    answer = ask(case["question"], case.get("data"))
    assert answer.status == "answered"
    (result,) = (call.result for call in answer.tool_calls if call.purpose == "answer")
    assert result is not None
    check(result, case["expected"])
