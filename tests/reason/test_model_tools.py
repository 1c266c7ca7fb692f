"""The three tools as a model calls them; the knowledge base is one of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from havoc.reason.model_tools import call_tool, tool_schemas


def call(**args: Any) -> dict[str, Any]:
    return call_tool(json.dumps({"tool": "rag_helper", "args": args}))


def test_passages_come_back_as_text_with_their_source() -> None:
    told = call(query="Why is the median called robust?", top_k=2)
    assert told["status"] == "success" and told["error"] is None
    result = told["result"]
    assert result["query"] == "Why is the median called robust?" and result["count"] == 2
    for reference in result["references"]:
        assert reference["quote"] in reference["text"]
        assert reference["source"] and reference["licence"] and reference["score"] > 0
    assert len(call(query="median")["result"]["references"]) == 3


def test_the_other_tools_are_the_same() -> None:
    given = {"tool": "python_math", "args": {"operation": "describe", "data": [1, 2, 3]}}
    assert call_tool(given)["result"]["mean"] == 2
    assert set(tool_schemas()) == {"python_math", "dsl_executor", "rag_helper"}
    assert tool_schemas()["rag_helper"]["parameters"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"tool": "rag_helper", "args": {}}, "missing required field query"),
        ({"tool": "rag_helper", "args": {"query": 3}}, "Expected str, got int"),
        ({"tool": "rag_helper", "args": {"query": "x", "path": "/etc"}}, "unknown field path"),
        ({"tool": "rag_helper", "args": {"query": " "}}, "the query is empty"),
        ({"tool": "shell", "args": {}}, "there is no tool 'shell'"),
        ("{", "not valid JSON"),
    ],
)
def test_errors_are_told(given: Any, said: str) -> None:
    told = call_tool(given)
    assert told["status"] in ("failure", "not_found") and told["result"] is None
    assert said in told["error"] and "\n" not in told["error"]


def test_a_base_that_is_not_there() -> None:
    told = call_tool({"tool": "rag_helper", "args": {"query": "x"}}, knowledge=["nowhere"])
    assert "there is no knowledge base 'nowhere'" in told["error"]
