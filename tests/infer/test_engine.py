"""The engine: the same answer alone and in any company, and nothing left behind."""

from __future__ import annotations

import json
import random
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import zip_longest
from typing import Any

import numpy as np
import pytest
from drawn_networks import SMALL, Drawn, RandomWeights
from soak import soak

from havoc.errors import InputError
from havoc.infer import InferenceEngine, QueueFull, SamplingParams
from havoc.infer.backend import Logits
from havoc.infer.constraints import Choice, JsonSchema, Regex
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


class Failing:
    """A constraint that fails while it is followed, as one that runs into its limits does."""

    complete = False
    error: Exception = InputError("too complex", where="constraint")

    def allowed(self) -> Any:
        raise self.error


def test_a_constraint_that_fails_ends_its_request_alone(
    backend: Any, tokenizer: HavocTokenizer
) -> None:
    engine = InferenceEngine(backend, tokenizer)
    params = SamplingParams(max_tokens=8)
    good = engine.submit(PROMPTS[0], params, constraint=SCHEMA)
    bad = engine.submit(PROMPTS[1], params, constraint=Choice(("yes", "no")))
    engine._schedule.waiting[-1].matcher = Failing()  # type: ignore[assignment]
    drained(engine)
    failed, fine = engine.result(bad), engine.result(good)
    assert failed is not None and failed.finish_reason == "error"
    assert failed.error == "constraint: too complex"
    alone = InferenceEngine(backend, tokenizer)
    (wanted,) = alone.generate([PROMPTS[0]], params, constraint=SCHEMA)
    assert fine is not None and fine.tokens == wanted.tokens
    assert engine.pool.held == 0


def test_streams_side_by_side_lose_nothing(backend: Any, tokenizer: HavocTokenizer) -> None:
    engine = InferenceEngine(backend, tokenizer)
    params = SamplingParams(max_tokens=20, ignore_eos=True)
    wanted = [result.text for result in engine.generate(PROMPTS[:2], params)]
    streams = [engine.stream(prompt, params) for prompt in PROMPTS[:2]]
    texts = ["", ""]
    for number, pair in enumerate(zip_longest(*streams)):
        if number == 3:  # a whole answer in between
            engine.generate([PROMPTS[2]], params)
        for place, event in enumerate(pair):
            texts[place] += event.text if event else ""
    assert texts == wanted


def test_what_fails_leaves_nothing_in_the_queue(backend: Any, tokenizer: HavocTokenizer) -> None:
    engine = InferenceEngine(backend, tokenizer)
    with pytest.raises(InputError, match="is empty"):
        engine.generate([PROMPTS[0], PROMPTS[1], []])
    assert not engine.busy and engine.steps == 0
    other = engine.submit(PROMPTS[0], SamplingParams(max_tokens=5))
    stream = engine.stream(PROMPTS[1], SamplingParams(max_tokens=50))
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    drained(engine)
    assert engine.result(other) is not None and not engine._results


def test_threads_may_generate_at_the_same_time(backend: Any, tokenizer: HavocTokenizer) -> None:
    engine = InferenceEngine(backend, tokenizer, blocks=40)
    params = SamplingParams(max_tokens=25, temperature=0.8, seed=3)
    wanted = [engine.generate([asked(number)], params)[0].tokens for number in range(12)]
    with ThreadPoolExecutor(4) as pool:
        made = pool.map(lambda number: engine.generate([asked(number)], params), range(12))
        assert [one[0].tokens for one in made] == wanted
    assert not engine.busy and engine.pool.held == 0


def test_a_constraint_that_takes_long_to_compile_keeps_nobody_waiting(
    backend: Any, tokenizer: HavocTokenizer
) -> None:
    engine = InferenceEngine(backend, tokenizer)
    begun, go_on = threading.Event(), threading.Event()

    class Slow:
        def matcher(self, constraint: Any) -> Any:
            begun.set()
            assert go_on.wait(20)
            raise InputError("gave up", where="constraint")

    engine._compiler = Slow()  # type: ignore[assignment]
    with ThreadPoolExecutor(2) as pool:
        slow = pool.submit(engine.submit, PROMPTS[1], constraint=Choice(("yes",)))
        assert begun.wait(20)
        quick = pool.submit(engine.generate, [PROMPTS[0]], SamplingParams(max_tokens=3))
        try:
            assert len(quick.result(timeout=10)[0].tokens) == 3
        finally:
            go_on.set()
        assert "gave up" in str(slow.exception())


def test_the_usual_cache_is_bounded(tokenizer: HavocTokenizer, backend: Any) -> None:
    """A context of millions of positions is announced in one line of a config."""
    config = backend.config.replace(max_seq_len=1 << 24)

    class Counting:
        def __init__(self, config: Any) -> None:
            self.config = config

        def new_cache(self, blocks: int) -> int:
            return blocks

    for some in (config, backend.config):
        engine = InferenceEngine(Counting(some), tokenizer)  # type: ignore[arg-type]
        block = some.num_layers * some.num_kv_heads * 2 * 16 * some.head_dim * 4
        assert engine._cache * block <= 2 << 30
    assert engine.pool.count == 8 * 256 // 16


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"most_running": 0}, "most_running: is 0; give 1 or more"),
        ({"blocks": -1}, "blocks: is -1"),
        ({"step_tokens": 0}, "step_tokens: is 0"),
        ({"most_waiting": 0}, "most_waiting: is 0"),
    ],
)
def test_limits_under_which_nothing_would_run_are_refused(
    backend: Any, tokenizer: HavocTokenizer, settings: Any, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        InferenceEngine(backend, tokenizer, **settings)


def test_a_vocabulary_of_another_network_is_refused(tokenizer: HavocTokenizer) -> None:
    config = SMALL.replace(vocab_size=tokenizer.vocab_size + 16)
    with pytest.raises(InputError, match=r"tokenizer: has \d+ ids, the network"):
        InferenceEngine(NativeBackend(config, RandomWeights(config)), tokenizer)


def test_a_met_constraint_ends_whatever_is_ignored(backend: Any, tokenizer: HavocTokenizer) -> None:
    engine = InferenceEngine(backend, tokenizer)
    bias = {tokenizer.eos: 100.0}
    params = SamplingParams(max_tokens=30, ignore_eos=True, logit_bias=bias)
    (result,) = engine.generate([PROMPTS[0]], params, constraint=Regex("ab*"))
    assert re.fullmatch("ab*", result.text) and result.finish_reason == "stop"
    assert tokenizer.eos not in result.tokens


def test_forced_tokens_keep_to_every_limit(backend: Any, tokenizer: HavocTokenizer) -> None:
    engine = InferenceEngine(backend, tokenizer)
    constraint = JsonSchema({"const": {"tool": "python_math", "alpha": 0.05}})
    (whole,) = engine.generate([PROMPTS[0]], constraint=constraint)
    assert engine.steps < len(whole.tokens) and whole.finish_reason == "stop"
    for most in range(1, len(whole.tokens)):
        params = SamplingParams(max_tokens=most)
        (result,) = engine.generate([PROMPTS[0]], params, constraint=constraint)
        assert result.tokens == whole.tokens[:most] and result.finish_reason == "length"
    params = SamplingParams(stop=("alpha",))
    (result,) = engine.generate([PROMPTS[0]], params, constraint=constraint)
    assert (result.text, result.finish_reason) == ('{"tool":"python_math","', "stop")
    ending = whole.tokens[4]
    params = SamplingParams(stop_ids=(ending,))
    (result,) = engine.generate([PROMPTS[0]], params, constraint=constraint)
    assert result.tokens == whole.tokens[: whole.tokens.index(ending)]
    assert result.finish_reason == "stop"


def test_a_network_that_overflows_says_so(backend: Any, tokenizer: HavocTokenizer) -> None:
    class Overflowing:
        config = backend.config
        new_cache = backend.new_cache

        def run(self, cache: Any, step: Any) -> Any:
            values = np.full((len(step.wanted), self.config.vocab_size), np.nan, np.float32)
            return Logits(values, np.full(len(step.wanted), -1, np.int32))

    engine = InferenceEngine(Overflowing(), tokenizer)  # type: ignore[arg-type]
    for temperature in (0.0, 1.0):
        (result,) = engine.generate([PROMPTS[0]], SamplingParams(temperature=temperature))
        assert result.error.startswith("logits: the network gave no numbers")


def repeating(tokenizer: HavocTokenizer) -> list[Any]:
    """Prompts that repeat themselves, and one that does not."""
    text = tokenizer.encode("mean of line A is 12.5 and the mean of line B is 12.7; ")
    return [[1, *text * 3], [1, *text, *text[:20]], PROMPTS[1], [1, *([200, 201, 202, 203] * 12)]]


@pytest.mark.parametrize("blocks", [60, 11])
def test_guesses_change_no_token(tokenizer: HavocTokenizer, blocks: int) -> None:
    """Greedy with everything that changes logits or ends a text, alone and side by side.

    The network writes four ids in an order of its own, so that guesses are right in part.
    """
    config = SMALL.replace(vocab_size=tokenizer.vocab_size)
    weights = RandomWeights(config, spread=0.2)
    loud = np.full((config.vocab_size, 1), 0.01, np.float32)
    loud[300:304] = 3
    weights.replace("embedding.weight", weights.read("embedding.weight") * loud)
    backend = NativeBackend(config, weights, "fp32", threads=1)
    ways = [
        SamplingParams(max_tokens=50, ignore_eos=True),
        SamplingParams(max_tokens=37, ignore_eos=True, repetition_penalty=1.2),
        SamplingParams(max_tokens=50, stop=("a", "the"), logprobs=2),
        SamplingParams(max_tokens=50, frequency_penalty=0.3, stop_ids=(300,)),
    ]
    steps = {}
    made: dict[int, list[Any]] = {0: [], 4: []}
    for within in (0, 4):
        engine = InferenceEngine(
            backend, tokenizer, blocks=blocks, guess_within=within, prefix_cache=False
        )
        for params in ways:
            for prompt in repeating(tokenizer):
                made[within] += engine.generate([prompt], params)
            made[within] += engine.generate(repeating(tokenizer)[:2], params)
        assert engine.pool.held == 0 and engine.pool.available == blocks
        steps[within] = engine.steps
    for plain, guessed in zip(made[0], made[4], strict=True):
        assert guessed.choices == plain.choices and guessed.text == plain.text
        assert guessed.finish_reason == plain.finish_reason
    if blocks == 60:
        assert steps[4] < 0.97 * steps[0]


def test_what_fails_by_a_fault_ends_its_request_alone(
    backend: Any, tokenizer: HavocTokenizer, caplog: pytest.LogCaptureFixture
) -> None:
    engine = InferenceEngine(backend, tokenizer)
    params = SamplingParams(max_tokens=8)
    good = engine.submit(PROMPTS[0], params)
    for place in range(2):
        bad = engine.submit(PROMPTS[1], params, constraint=Choice(("yes", "no")))
        broken = Failing()
        if place:  # what follows the mask fails, and not the mask
            broken.allowed = engine._schedule.waiting[-1].matcher.allowed  # type: ignore
        engine._schedule.waiting[-1].matcher = broken  # type: ignore[assignment]
        broken.error = ZeroDivisionError("a fault\nof two lines")
        drained(engine)
        failed = engine.result(bad)
        assert failed is not None and failed.finish_reason == "error"
        what = "AttributeError" if place else r"ZeroDivisionError \(a fault of two lines\)"
        assert re.match(f"engine: {what}", failed.error)
    fine = engine.result(good)
    (wanted,) = InferenceEngine(backend, tokenizer).generate([PROMPTS[0]], params)
    assert fine is not None and fine.tokens == wanted.tokens
    assert engine.pool.held == 0 and "ZeroDivisionError" in caplog.text


def test_a_backend_that_fails_ends_what_it_computed(
    backend: Any, tokenizer: HavocTokenizer
) -> None:
    class Breaking:
        config = backend.config
        new_cache = backend.new_cache
        broken = True

        def run(self, cache: Any, step: Any) -> Any:
            if self.broken:
                raise InputError("there is not enough memory", where="step")
            return backend.run(cache, step)

    engine = InferenceEngine(Breaking(), tokenizer)  # type: ignore[arg-type]
    results = engine.generate(PROMPTS[:2], SamplingParams(max_tokens=3))
    assert {result.error for result in results} == {"step: there is not enough memory"}
    assert not engine.busy and engine.pool.held == 0
    engine.backend.broken = False  # type: ignore[attr-defined]
    assert engine.generate(PROMPTS[:1], SamplingParams(max_tokens=3))[0].error == ""


def test_results_that_nobody_asks_for_are_bounded(
    backend: Any, tokenizer: HavocTokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("havoc.infer.engine.KEPT_RESULTS", 5)
    engine = InferenceEngine(backend, tokenizer)
    params = SamplingParams(max_tokens=1, ignore_eos=True)
    numbers = [engine.submit(PROMPTS[2], params) for _ in range(8)]
    drained(engine)
    kept = [engine.result(number) is not None for number in numbers]
    assert kept == [False] * 3 + [True] * 5
    # those of generate do not count, and push nothing out
    assert len(engine.generate([PROMPTS[2]] * 8, params)) == 8 and not engine._results


def test_cancelling_by_one_thread_is_told_to_whoever_steps(
    backend: Any, tokenizer: HavocTokenizer
) -> None:
    engine = InferenceEngine(backend, tokenizer)
    params = SamplingParams(max_tokens=40, ignore_eos=True)
    number = engine.submit(PROMPTS[0], params)
    engine.step()
    engine.cancel(number)
    stream = engine.stream(PROMPTS[1], params)
    next(stream)  # its step ends the cancelled one
    stream.close()  # type: ignore[attr-defined]
    result = engine.result(number)
    assert result is not None and result.finish_reason == "cancelled"
