"""Constrained continuations always parse: random ids under random schemas."""

from __future__ import annotations

import json
import random
import re
import time
from typing import Any

import jsonschema
import numpy as np
import pytest
from masks import allowed_by

from havoc.errors import InputError
from havoc.infer import InferenceEngine, SamplingParams, trial
from havoc.infer.constraints import (
    Choice,
    Compiler,
    Constraint,
    Grammar,
    JsonSchema,
    Regex,
    _source,
)
from havoc.tokenizer.special import RESERVED
from havoc.tools import registry
from training_examples import small_tokenizer

TOKENIZER = small_tokenizer()
COMPILER = Compiler(TOKENIZER)
FORMATS = jsonschema.Draft202012Validator.FORMAT_CHECKER


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


SCHEMAS, TEXTS = 500, 20


def drawn_schema(pick: random.Random, depth: int = 3) -> dict[str, Any]:
    """A schema that a network's text can fill within a few dozen tokens."""
    kinds = ["leaf"] * 3 + (["object", "array", "anyOf"] if depth else [])
    match pick.choice(kinds):
        case "object":
            names = pick.sample(
                ["a", "b", "alpha", "group 1", "ü", 'q"', "tool"], pick.randint(1, 4)
            )
            return {
                "type": "object",
                "properties": {name: drawn_schema(pick, depth - 1) for name in names},
                "required": pick.sample(names, pick.randint(0, len(names))),
                "additionalProperties": False,
            }
        case "array":
            least = pick.randint(0, 2)
            return {
                "type": "array",
                "items": drawn_schema(pick, depth - 1),
                "minItems": least,
                "maxItems": least + pick.randint(0, 2),
            }
        case "anyOf":
            return {"anyOf": [drawn_schema(pick, depth - 1) for _ in range(pick.randint(2, 3))]}
    low = pick.randint(-50, 50)
    return pick.choice(
        [
            {"type": "integer", "minimum": low, "maximum": low + pick.randint(0, 1000)},
            {"type": "number", "exclusiveMinimum": low, "maximum": low + 1.25},
            {"type": "boolean"},
            {"type": ["null", "boolean"]},
            {"type": "string", "minLength": low % 3, "maxLength": low % 3 + 4},
            {"type": "string", "pattern": "^[A-C]{1,3}-[0-9]{2}$"},
            {"type": "string", "format": "ipv4"},
            {"enum": ["less", "greater", "two_sided", 3, None, {"x": [1]}]},
            {"const": 'µ ≤ "x"\n'},
        ]
    )


def test_ten_thousand_continuations_parse_and_validate(backend: Any) -> None:
    """What an engine draws under 500 random schemas, 20 texts of each in one batch."""
    pick = random.Random(11)
    engine = InferenceEngine(backend, TOKENIZER, most_running=TEXTS, blocks=20 * TEXTS)
    ended = 0
    for number in range(SCHEMAS):
        schema = drawn_schema(pick)
        validator = jsonschema.Draft202012Validator(schema, format_checker=FORMATS)
        numbers = [
            engine.submit(
                [1, 128 + seed % 800],
                SamplingParams(max_tokens=250, temperature=pick.choice((0, 1, 3)), seed=seed),
                constraint=JsonSchema(schema, ours=True),
            )
            for seed in range(number * TEXTS, (number + 1) * TEXTS)
        ]
        while engine.busy:
            engine.step()
        for asked in numbers:
            result = engine.result(asked)
            assert result is not None and result.finish_reason in ("stop", "length"), result
            if result.finish_reason == "stop":
                ended += 1
                validator.validate(json.loads(result.text))
    assert ended >= 0.99 * SCHEMAS * TEXTS


@pytest.mark.parametrize("name", ["t_test_two_sample", "capability", "full_factorial"])
def test_the_schema_of_a_tool_can_be_followed(name: str) -> None:
    schema = registry.get(name).schema()
    ended = [text for seed in range(8) if (text := continued(JsonSchema(schema, ours=True), seed))]
    for text in ended:
        jsonschema.validate(json.loads(text), schema)
    assert ended


@pytest.mark.parametrize("seed", range(5))
def test_choice_regex_and_grammar(seed: int) -> None:
    options = ("x-bar R", "I-MR", "µ chart", 'with "quotes"')
    assert continued(Choice(options), seed) in options
    text = continued(Regex(r"[A-Z]{2}-\d{3}", ours=True), seed)
    assert text is not None and re.fullmatch(r"[A-Z]{2}-\d{3}", text)
    lark = 'start: "SPC " kind " DATA [" number ("," number)* "]"\nkind: "i_mr" | "p"\n'
    lark += "number: /[0-9]/"
    text = continued(Grammar(lark, ours=True), seed)
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


def chain(length: int) -> Grammar:
    """Rules of which each holds the next one twice."""
    rules = "\n".join(f"a{n}: a{n + 1} a{n + 1}" for n in range(length))
    return Grammar(f'start: a0\n{rules}\na{length}: "x"\n')


@pytest.mark.parametrize(
    ("constraint", "message"),
    [
        (JsonSchema({"type": "integer", "multipleOf": 99999999}), "longer than 1 s|memory"),
        (chain(3000), "out of memory or stack|longer than"),
    ],
)
def test_what_would_hold_or_end_the_process_is_refused(
    constraint: Constraint, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if isinstance(constraint, JsonSchema):
        monkeypatch.setattr(trial, "DEADLINE", 1)
    start = time.monotonic()
    with pytest.raises(InputError, match=message):
        COMPILER.matcher(constraint)
    assert time.monotonic() - start < 60
    # nothing of it is left behind: the next one compiles
    assert COMPILER.matcher(Regex("[ab]c")).allowed().any()


def test_a_trial_takes_what_the_engine_takes() -> None:
    vocabulary = [TOKENIZER.piece_bytes(number) for number in range(TOKENIZER.vocab_size)]
    for constraint in (
        JsonSchema(registry.get("t_test_two_sample").schema()),
        Regex(r"\p{L}{1,800}"),
        Grammar('start: "x" <[64]> "y"'),
    ):
        trial.try_out(_source(constraint), vocabulary, range(RESERVED), TOKENIZER.eos)
    with pytest.raises(InputError, match="no grammar can be made of it"):
        trial.try_out(_source(Regex("(")), vocabulary, range(RESERVED), TOKENIZER.eos)
