"""Calls under their grammar: only slots of the question, and always calls that the tool takes."""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import pytest
from masks import allowed_by

from havoc.errors import InputError
from havoc.infer.call_grammar import call_grammar, resolved
from havoc.infer.constraints import Compiler
from havoc.tools import registry
from havoc.tools.facade import facade_of
from training_examples import small_tokenizer

TOKENIZER = small_tokenizer()
COMPILER = Compiler(TOKENIZER)
SLOTS: dict[str, Any] = {
    "<d0>": [12.1, 12.3, 11.9, 12.0],
    "<d1>": [12.8, 12.6, 13.0, 12.7],
    "<c0>": [1.0, 2.0, 3.0, 4.0],
    "<c1>": ["A", "A", "B", "B"],
    "<n0>": 0.5,
    "<n1>": 3,
    "<l0>": "line A",
}


def written(operation: str, seed: int, slots: Any = SLOTS) -> str | None:
    """A random call, or None where it did not end in time."""
    schema = registry.get(operation).schema()
    matcher = COMPILER.matcher(call_grammar(facade_of(operation), operation, schema, slots))
    generator = np.random.default_rng(seed)
    ids: list[int] = []
    while len(ids) < 600:
        forced = matcher.forced()
        matcher.accept(forced)
        ids += forced
        if matcher.complete:
            return TOKENIZER.decode(ids, control=True)
        allowed = allowed_by(matcher)
        if allowed.tolist() == [TOKENIZER.eos]:
            return TOKENIZER.decode(ids, control=True)
        token = int(generator.choice(allowed[allowed != TOKENIZER.eos]))
        matcher.accept([token])
        ids.append(token)
    return None


@pytest.mark.parametrize("operation", sorted(registry))
def test_a_call_holds_no_figure_and_is_one_that_the_tool_reads(operation: str) -> None:
    try:
        calls = [text for seed in range(3) if (text := written(operation, seed))]
    except InputError as error:
        assert "nothing in the question can be" in str(error)
        return
    # a figure may stand in a call where the tool itself lists it as a choice
    listed = re.findall(
        r'"enum":\[([^\]]*)\]', json.dumps(registry.get(operation).schema()).replace(" ", "")
    )
    choices = {item for one in listed for item in one.split(",")}
    for text in calls:
        call = json.loads(text)
        args = call["args"]
        assert args.pop("operation") == operation
        strings = re.findall(r'"(?:[^"\\]|\\.)*"|[-\d.]+', re.sub(r"<[dcnl]\d+>", "", text))
        figures = {item for item in strings if re.fullmatch(r"[-\d.]+", item)}
        assert figures <= choices, text
        try:
            registry.get(operation).typed(resolved(args, SLOTS))
        except InputError as error:
            # a value out of range is the question's; a call of another shape would be ours
            assert re.search(r"must|range|give|least|most|whole|between|known|list", str(error)), (
                error
            )


def test_only_slots_of_the_question_can_be_pointed_at() -> None:
    for seed in range(20):
        text = written("t_test_two_sample", seed, {"<d2>": [1.5, 2.5], "<d3>": [3, 4], "<n4>": 0.1})
        assert text is not None
        assert set(re.findall(r"<\w+>", text)) <= {"<d2>", "<d3>", "<n4>"}


def test_what_the_question_lacks_is_named() -> None:
    schema = registry.get("t_test_two_sample").schema()
    with pytest.raises(InputError, match="nothing in the question can be group1"):
        call_grammar("python_math", "t_test_two_sample", schema, {})
    with pytest.raises(InputError, match="'<x0>' is no slot"):
        call_grammar("python_math", "t_test_two_sample", schema, {"<x0>": 1})


def test_slots_become_what_they_stand_for() -> None:
    args = {"groups": {"<l0>": "<d0>", "B": "<d1>"}, "alpha": "<n0>", "rows": [["<n0>"], True]}
    assert resolved(args, SLOTS) == {
        "groups": {"line A": SLOTS["<d0>"], "B": SLOTS["<d1>"]},
        "alpha": 0.5,
        "rows": [[0.5], True],
    }


def test_control_ids_are_no_slots() -> None:
    """Their names begin like those of slots."""
    for name in ("<doubt>", "<correct>", "<eos>", "[thinking]", "</tool>", ""):
        with pytest.raises(InputError, match="is no slot"):
            call_grammar("t", "o", {"properties": {}}, {name: 1})


def ways(properties: Any, required: tuple[str, ...] = (), definitions: Any = None) -> set[str]:
    """What random calls of a schema come to, without what stands around."""
    schema = {"properties": properties, "required": required, "$defs": definitions or {}}
    matcher_of = call_grammar("t", "o", schema, SLOTS)
    found = set()
    for seed in range(60):
        matcher, ids = COMPILER.matcher(matcher_of), []
        generator = np.random.default_rng(seed)
        while not matcher.complete:
            allowed = allowed_by(matcher)
            ids.append(int(generator.choice(allowed)))
            if ids[-1] == TOKENIZER.eos:
                break
            matcher.accept(ids[-1:])
        args = json.loads(TOKENIZER.decode(ids, control=True))["args"]
        assert args.pop("operation") == "o"
        found.add(json.dumps(args))
    return found


def test_an_operation_without_arguments_can_be_called() -> None:
    assert ways({}) == {"{}"}


def test_parts_of_an_object_may_be_left_out() -> None:
    flag = {"type": "boolean"}
    inner = {"type": "object", "properties": {"a": flag, "b": flag}}
    keys = {tuple(json.loads(text)["x"]) for text in ways({"x": inner}, ("x",))}
    assert keys == {("a",), ("b",), ("a", "b")}
    inner = {**inner, "required": ["b"]}
    keys = {tuple(json.loads(text)["x"]) for text in ways({"x": inner}, ("x",))}
    assert keys == {("b",), ("b", "a")}


def test_definitions_within_definitions_end() -> None:
    """A part that holds itself is left out where it may be; required, it cannot be written."""
    flag = {"type": "boolean"}
    node = {
        "type": "object",
        "properties": {"on": flag, "next": {"$ref": "#/$defs/Node"}},
        "required": ["on"],
    }
    made = ways({"x": {"$ref": "#/$defs/Node"}}, ("x",), {"Node": node})
    assert made == {'{"x": {"on": true}}', '{"x": {"on": false}}'}
    node["required"] = ["on", "next"]
    with pytest.raises(InputError, match="nothing in the question can be x"):
        ways({"x": {"$ref": "#/$defs/Node"}}, ("x",), {"Node": node})
