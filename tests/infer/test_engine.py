"""The engine: the same answer alone and in any company, and nothing left behind."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from drawn_networks import Drawn, RandomWeights
from soak import soak

from havoc.errors import InputError
from havoc.infer import InferenceEngine, QueueFull, SamplingParams
from havoc.infer.constraints import JsonSchema
from havoc.infer.native import NativeBackend
from havoc.infer.torch_backend import TorchBackend
from havoc.tokenizer import HavocTokenizer

PROMPTS = (
    "The process is in control when",
    "Is line B thicker than line A?",
    "Cpk",
    "A factorial design with three factors at two levels has eight runs, and",
)
SCHEMA = JsonSchema(
    {
        "type": "object",
        "properties": {
            "tool": {"const": "python_math"},
            "alpha": {"enum": [0.01, 0.05]},
            "alternative": {"enum": ["less", "greater"]},
        },
        "required": ["tool", "alpha", "alternative"],
        "additionalProperties": False,
    }
)


def settings_of(number: int) -> tuple[SamplingParams, Any]:
    """The settings of the n-th request: all kinds of them in turn."""
    pick = random.Random(number)
    params = SamplingParams(
        max_tokens=pick.randint(1, 40),
        temperature=pick.choice([0.0, 0.7, 1.3]),
        top_k=pick.choice([0, 20]),
        top_p=pick.choice([1.0, 0.9]),
        repetition_penalty=pick.choice([1.0, 1.2]),
        stop=pick.choice([(), ("e",), ("the", "q")]),
        seed=number,
        logprobs=pick.choice([None, 2]),
    )
    return params, SCHEMA if number % 4 == 0 else None


def asked(number: int) -> str:
    pick = random.Random(number)
    return " ".join(pick.choice(PROMPTS) for _ in range(pick.randint(1, 4)))


def alone(backend: Any, tokenizer: HavocTokenizer, number: int) -> Any:
    engine = InferenceEngine(backend, tokenizer, prefix_cache=False)
    params, constraint = settings_of(number)
    (result,) = engine.generate([asked(number)], params, constraint=constraint)
    return result


def drained(engine: InferenceEngine) -> None:
    while engine.busy:
        engine.step()


@pytest.mark.parametrize("blocks", [200, 30])
def test_answers_do_not_depend_on_company(
    backend: Any, tokenizer: HavocTokenizer, blocks: int
) -> None:
    """With plenty of blocks, and with so few that requests push each other out."""
    engine = InferenceEngine(backend, tokenizer, blocks=blocks, step_tokens=70, most_running=16)
    numbers = {}
    for number in range(24):
        params, constraint = settings_of(number)
        numbers[number] = engine.submit(asked(number), params, constraint=constraint)
        if number % 5 == 0:
            engine.step()
    drained(engine)
    for number, request in numbers.items():
        result, wanted = engine.result(request), alone(backend, tokenizer, number)
        assert result is not None
        assert (result.tokens, result.text) == (wanted.tokens, wanted.text), number
        assert result.finish_reason == wanted.finish_reason
        assert result.choices == wanted.choices
    assert engine.pool.held == 0 and engine.pool.available == blocks


def test_both_backends_give_the_same_text(tokenizer: HavocTokenizer, backend: Any) -> None:
    config = backend.config
    other = TorchBackend(Drawn(config, RandomWeights(config, spread=0.2)))
    for number in range(8):
        mine, theirs = alone(backend, tokenizer, number), alone(other, tokenizer, number)
        assert mine.tokens == theirs.tokens


def test_a_shared_beginning_is_computed_once(backend: Any, tokenizer: HavocTokenizer) -> None:
    engine = InferenceEngine(backend, tokenizer)
    prompt = " ".join(PROMPTS * 2)
    (first,) = engine.generate([prompt])
    (again,) = engine.generate([prompt])
    (other,) = engine.generate([prompt + " quite another end"])
    assert first.cached_tokens == 0 and first.tokens == again.tokens
    assert again.cached_tokens >= again.prompt_tokens - 16 - 1
    assert other.cached_tokens >= again.prompt_tokens - 32


def test_constrained_text_parses_and_takes_fewer_steps(
    backend: Any, tokenizer: HavocTokenizer
) -> None:
    engine = InferenceEngine(backend, tokenizer)
    (result,) = engine.generate([PROMPTS[0]], constraint=SCHEMA)
    assert json.loads(result.text)["alpha"] in (0.01, 0.05)
    assert result.finish_reason == "stop" and engine.steps < len(result.tokens)


def test_a_cancelled_request_stops_and_disturbs_nobody(
    backend: Any, tokenizer: HavocTokenizer
) -> None:
    engine = InferenceEngine(backend, tokenizer)
    params = SamplingParams(max_tokens=60, ignore_eos=True)
    kept, gone, waiting = (engine.submit(prompt, params) for prompt in PROMPTS[:3])
    for _ in range(5):
        engine.step()
    engine.cancel(gone)
    engine.cancel(waiting)
    engine.cancel(12345)
    drained(engine)
    result = engine.result(gone)
    assert result is not None and result.finish_reason == "cancelled"
    assert 0 < len(result.tokens) < 10
    mine = engine.result(kept)
    (wanted,) = InferenceEngine(backend, tokenizer).generate([PROMPTS[0]], params)
    assert mine is not None and mine.tokens == wanted.tokens
    assert engine.pool.held == 0


def test_leaving_a_stream_cancels_it(backend: Any, tokenizer: HavocTokenizer) -> None:
    engine = InferenceEngine(backend, tokenizer)
    params = SamplingParams(max_tokens=100, ignore_eos=True)
    stream = engine.stream(PROMPTS[0], params)
    for _ in range(3):
        next(stream)
    stream.close()  # type: ignore[attr-defined]
    assert engine.steps < 8 and engine.pool.held == 0 and not engine.busy
    text = "".join(event.text for event in engine.stream(PROMPTS[0], params))
    assert text == engine.generate([PROMPTS[0]], params)[0].text


def test_the_end_has_a_reason(backend: Any, tokenizer: HavocTokenizer) -> None:
    engine = InferenceEngine(backend, tokenizer)
    free = SamplingParams(max_tokens=5, ignore_eos=True)
    (result,) = engine.generate([PROMPTS[0]], free)
    assert (result.finish_reason, len(result.tokens)) == ("length", 5)
    token = result.tokens[2]
    stopping = SamplingParams(max_tokens=5, ignore_eos=True, stop_ids=(token,))
    (result,) = engine.generate([PROMPTS[0]], stopping)
    assert result.finish_reason == "stop" and token not in result.tokens
    full = [1] + [200] * (backend.config.max_seq_len - 3)
    (result,) = engine.generate([full], SamplingParams(max_tokens=100, ignore_eos=True))
    assert (result.finish_reason, len(result.tokens)) == ("length", 2)


def test_logprobs_are_of_what_is_allowed(backend: Any, tokenizer: HavocTokenizer) -> None:
    engine = InferenceEngine(backend, tokenizer)
    (result,) = engine.generate([PROMPTS[0]], SamplingParams(max_tokens=3, logprobs=4))
    for choice in result.choices:
        assert choice.logprob == choice.top[0][1] and choice.token == choice.top[0][0]
        assert len(choice.top) == 4


def test_one_bad_request_leaves_the_others_alone(backend: Any, tokenizer: HavocTokenizer) -> None:
    engine = InferenceEngine(backend, tokenizer)
    good = engine.submit(PROMPTS[0], SamplingParams(max_tokens=8))
    bad = engine.submit(PROMPTS[1], SamplingParams(max_tokens=8, logit_bias={999_999: 1.0}))
    drained(engine)
    failed, fine = engine.result(bad), engine.result(good)
    assert failed is not None and failed.finish_reason == "error"
    assert "there is no id 999999" in failed.error
    assert fine is not None
    assert (
        fine.tokens
        == InferenceEngine(backend, tokenizer)
        .generate([PROMPTS[0]], SamplingParams(max_tokens=8))[0]
        .tokens
    )


def test_prompts_that_do_not_fit(backend: Any, tokenizer: HavocTokenizer) -> None:
    engine = InferenceEngine(backend, tokenizer, most_waiting=2)
    with pytest.raises(InputError, match="prompt: has 300 tokens; there is room for 255"):
        engine.submit([200] * 300)
    cut = engine.submit([200] * 300, SamplingParams(max_tokens=1), truncate=True)
    drained(engine)
    result = engine.result(cut)
    assert result is not None and result.prompt_tokens == 255
    with pytest.raises(InputError, match="is empty"):
        engine.submit([])
    with pytest.raises(InputError, match="holds 99999, which is no id"):
        engine.submit([1, 99999])
    engine.submit("a")
    engine.submit("b")
    with pytest.raises(QueueFull, match="2 requests wait already"):
        engine.submit("c")


def test_ternary_and_int8_run_the_engine(tokenizer: HavocTokenizer, backend: Any) -> None:
    config = backend.config
    for kind in ("int8", "ternary"):
        other = NativeBackend(config, RandomWeights(config), kind, threads=2)
        for number in (1, 4):
            params, constraint = settings_of(number)
            engine = InferenceEngine(other, tokenizer)
            twice = engine.generate([asked(number)] * 2, params, constraint=constraint)
            assert twice[0].tokens == twice[1].tokens


def test_a_short_soak_leaves_nothing_behind() -> None:
    compared, cancelled = soak(400, seed=5)
    assert compared >= 5 and cancelled >= 1
