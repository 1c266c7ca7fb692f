"""Choosing a token: against transformers' processors, and as a distribution."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers.generation.logits_process import (
    MinPLogitsWarper,
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from havoc.errors import InputError
from havoc.infer.sampling import SamplingParams, choose, uniform


def logits_of(seed: int, size: int = 50) -> Any:
    return np.random.default_rng(seed).normal(0, 2, size).astype(np.float32)


def drawn(logits: Any, draws: int = 4000, **settings: Any) -> Counter[int]:
    params = SamplingParams(seed=3, **settings)
    return Counter(choose(logits, params, at, {}, {}).token for at in range(draws))


@pytest.mark.parametrize(
    ("settings", "warpers"),
    [
        ({"temperature": 1.0}, []),
        ({"temperature": 0.5}, [TemperatureLogitsWarper(0.5)]),
        ({"temperature": 1.0, "top_k": 5}, [TopKLogitsWarper(5)]),
        ({"temperature": 1.0, "top_p": 0.7}, [TopPLogitsWarper(0.7)]),
        ({"temperature": 1.0, "min_p": 0.2}, [MinPLogitsWarper(0.2)]),
        (
            {"temperature": 0.7, "top_k": 12, "top_p": 0.8},
            [TemperatureLogitsWarper(0.7), TopKLogitsWarper(12), TopPLogitsWarper(0.8)],
        ),
    ],
)
def test_draws_follow_the_distribution_of_transformers(settings: Any, warpers: list[Any]) -> None:
    logits = logits_of(1)
    scores = torch.from_numpy(logits.copy())[None]
    for warper in warpers:
        scores = warper(torch.zeros((1, 1), dtype=torch.long), scores)
    wanted = torch.softmax(scores[0], dim=0).numpy()
    counts = drawn(logits, **settings)
    assert set(counts) <= set(np.flatnonzero(wanted > 0))
    share = np.asarray([counts[i] for i in range(50)]) / 4000
    # five standard errors of a share
    assert (np.abs(share - wanted) <= 5 * np.sqrt(wanted * (1 - wanted) / 4000) + 1e-9).all()


@given(st.integers(0, 10_000), st.floats(0.3, 3.0), st.lists(st.integers(0, 49), max_size=20))
def test_the_repetition_penalty_is_that_of_transformers(
    seed: int, penalty: float, there: list[int]
) -> None:
    logits = logits_of(seed)
    scores = torch.from_numpy(logits.copy())[None]
    if there:
        scores = RepetitionPenaltyLogitsProcessor(penalty)(torch.tensor([there]), scores)
    params = SamplingParams(repetition_penalty=penalty, logprobs=50)
    choice = choose(logits, params, 0, Counter(there), {})
    wanted = torch.log_softmax(scores[0].double(), dim=0).numpy()
    for token, logprob in choice.top:
        assert logprob == pytest.approx(wanted[token], abs=1e-4)


def test_penalties_count_what_was_generated() -> None:
    logits = np.zeros(4, np.float32)
    params = SamplingParams(presence_penalty=1.0, frequency_penalty=0.5, logprobs=4)
    top = dict(choose(logits, params, 0, {3: 5}, {0: 2, 1: 1}).top)
    assert top[2] - top[0] == pytest.approx(2.0) and top[2] - top[1] == pytest.approx(1.5)
    assert top[3] == pytest.approx(top[2])


def test_greedy_takes_the_first_of_equals_and_obeys_bias_and_mask() -> None:
    logits = np.asarray([1, 3, 3, 2], np.float32)
    assert choose(logits, SamplingParams(), 0, {}, {}).token == 1
    assert choose(logits, SamplingParams(logit_bias={3: 5.0}), 0, {}, {}).token == 3
    bound = np.where([True, False, False, True], logits, np.float32(-np.inf))
    assert choose(bound, SamplingParams(), 0, {}, {}).token == 3
    assert {
        choose(bound, SamplingParams(temperature=9.0), at, {}, {}).token for at in range(50)
    } == {
        0,
        3,
    }
    with pytest.raises(InputError, match="no token is allowed"):
        choose(np.full(4, -np.inf, np.float32), SamplingParams(), 0, {}, {})
    with pytest.raises(InputError, match="no id 9"):
        choose(logits, SamplingParams(logit_bias={9: 1.0}), 0, {}, {})


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**40))
def test_a_draw_belongs_to_seed_and_position(seed: int, position: int) -> None:
    value = uniform(seed, position)
    assert 0 <= value < 1 and value == uniform(seed, position)


def test_draws_are_uniform() -> None:
    from scipy import stats

    for values in (
        [uniform(7, at) for at in range(5000)],
        [uniform(seed, 7) for seed in range(5000)],
    ):
        assert stats.kstest(values, "uniform").pvalue > 1e-3


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"max_tokens": 0}, "max_tokens: is 0; give 1 to"),
        ({"max_tokens": 10**9}, "max_tokens: is 1000000000"),
        ({"temperature": -1}, "temperature: is -1"),
        ({"temperature": float("nan")}, "temperature: is nan"),
        ({"top_p": 0}, "top_p: is 0; give more than 0"),
        ({"min_p": 1.1}, "min_p"),
        ({"stop": ("",)}, "stop: holds an empty text"),
        ({"logit_bias": {1: float("inf")}}, "logit_bias"),
        ({"logit_bias": {1: 1e300}}, "logit_bias: holds a value that is no number, or too large"),
        ({"repetition_penalty": 0.0}, "repetition_penalty"),
        ({"repetition_penalty": 1e-300}, "repetition_penalty"),
    ],
)
def test_settings_out_of_range_are_refused(settings: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        SamplingParams(**settings)


@given(st.floats(5e-324, 1e-6), st.floats(1, 2.0**126, width=32))
def test_a_temperature_near_zero_takes_the_likeliest(temperature: float, size: float) -> None:
    logits = np.asarray([-size, size, 0, size / 2], np.float32)
    params = SamplingParams(temperature=temperature, logit_bias={0: -1e30})
    assert choose(logits, params, 3, {}, {}).token == 1
