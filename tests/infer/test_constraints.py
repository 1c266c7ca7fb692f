"""Constrained continuations always parse: random ids under random schemas."""

from __future__ import annotations

import json
import re
from typing import Any

import jsonschema
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from masks import allowed_by

from havoc.errors import InputError
from havoc.infer.constraints import (
    Choice,
    Compiler,
    Constraint,
    Grammar,
    JsonSchema,
    Regex,
)
from havoc.tools import registry
from training_examples import small_tokenizer

TOKENIZER = small_tokenizer()
COMPILER = Compiler(TOKENIZER)


def continued(constraint: Constraint, seed: int, most: int = 400) -> str | None:
    """A random continuation, or None where it did not end in time."""
    generator = np.random.default_rng(seed)
    matcher = COMPILER.matcher(constraint)
    ids: list[int] = []
    while len(ids) < most:
        forced = matcher.forced()
        matcher.accept(forced)
        ids += forced
        if matcher.complete:
            return TOKENIZER.decode(ids)
        allowed = allowed_by(matcher)
        # the end of text and short tokens more often, so that texts end
        token = int(generator.choice(allowed))
        if TOKENIZER.eos in allowed and generator.random() < 0.3:
            token = TOKENIZER.eos
        if token == TOKENIZER.eos:
            return TOKENIZER.decode(ids)
        assert token >= 128, "a control id was allowed"
        matcher.accept([token])
        ids.append(token)
    return None


leaves = st.sampled_from(
    [
        {"type": "integer"},
        {"type": "number", "minimum": 0, "maximum": 1},
        {"type": "boolean"},
        {"type": "null"},
        {"type": "string", "maxLength": 8},
        {"enum": ["less", "greater", "two_sided", 3, None]},
        {"const": 'µ ≤ "x"'},
        {"type": "array", "items": {"type": "integer"}, "minItems": 1, "maxItems": 3},
    ]
)
schemas = st.dictionaries(
    st.sampled_from(["a", "b", "alpha", "group 1", "ü"]), leaves, min_size=1, max_size=4
).flatmap(
    lambda properties: st.lists(
        st.sampled_from(sorted(properties)), unique=True, max_size=len(properties)
    ).map(
        lambda required: {
            "type": "object",
            "properties": properties,
            "required": required,
            "additionalProperties": False,
        }
    )
)


@settings(max_examples=150)
@given(schemas, st.integers(0, 2**32))
def test_random_continuations_satisfy_random_schemas(schema: Any, seed: int) -> None:
    text = continued(JsonSchema(schema), seed)
    if text is not None:
        jsonschema.validate(json.loads(text), schema)


@pytest.mark.parametrize("name", ["t_test_two_sample", "capability", "full_factorial"])
def test_the_schema_of_a_tool_can_be_followed(name: str) -> None:
    schema = registry.get(name).schema()
    ended = [text for seed in range(8) if (text := continued(JsonSchema(schema), seed))]
    for text in ended:
        jsonschema.validate(json.loads(text), schema)
    assert ended


@pytest.mark.parametrize("seed", range(5))
def test_choice_regex_and_grammar(seed: int) -> None:
    options = ("x-bar R", "I-MR", "µ chart", 'with "quotes"')
    assert continued(Choice(options), seed) in options
    text = continued(Regex(r"[A-Z]{2}-\d{3}"), seed)
    assert text is not None and re.fullmatch(r"[A-Z]{2}-\d{3}", text)
    lark = 'start: "SPC " kind " DATA [" number ("," number)* "]"\nkind: "i_mr" | "p"\n'
    lark += "number: /[0-9]/"
    text = continued(Grammar(lark), seed)
    assert text is None or re.fullmatch(r"SPC (i_mr|p) DATA \[\d(,\d)*\]", text)


def test_a_grammar_may_name_ids() -> None:
    text = COMPILER.matcher(Grammar('start: "x" <[64]> "y"'))
    text.accept([*TOKENIZER.encode("x")])
    assert allowed_by(text).tolist() == [64]


def test_forced_text_needs_no_network() -> None:
    matcher = COMPILER.matcher(JsonSchema({"const": {"tool": "python_math"}}))
    forced = matcher.forced()
    assert TOKENIZER.decode(forced) == '{"tool":"python_math"}'
    matcher.accept(forced)
    assert matcher.complete or allowed_by(matcher).tolist() == [TOKENIZER.eos]


def nested(depth: int) -> Any:
    schema: Any = {"type": "integer"}
    for _ in range(depth):
        schema = {"type": "array", "items": schema}
    return schema


@pytest.mark.parametrize(
    ("constraint", "message"),
    [
        (JsonSchema(nested(40)), "deeper than 32"),
        (JsonSchema({"enum": list(range(5000))}), "more than 4000 parts"),
        (JsonSchema({"const": "x" * 70_000}), "more than 65,536 bytes"),
        (JsonSchema({"type": "nonsense"}), "no grammar can be made of it"),
        (JsonSchema({"$ref": "http://127.0.0.1/x"}), "no grammar can be made of it"),
        (JsonSchema({"const": float("nan")}), "is no JSON"),
        (JsonSchema({"const": "\ud800"}), "half a character"),
        (Regex("\ud800"), "half a character"),
        (Choice(("a", "\ud800")), "half a character"),
        (Grammar('start: "\ud800"'), "half a character"),
        (Regex("("), "no grammar can be made of it"),
        (Regex("a" * 70_000), "more than 65,536 bytes"),
        (Choice(()), "has 0 options"),
        (Choice(("a", "")), "an empty one"),
        (Grammar("start: missing"), "no grammar can be made of it"),
    ],
)
def test_what_cannot_be_a_constraint_is_refused_at_once(
    constraint: Constraint, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        COMPILER.matcher(constraint)


def test_what_was_not_allowed_is_not_accepted() -> None:
    matcher = COMPILER.matcher(Choice(("yes", "no")))
    with pytest.raises(InputError, match="no grammar can be made of it"):
        matcher.accept(TOKENIZER.encode("perhaps"))
