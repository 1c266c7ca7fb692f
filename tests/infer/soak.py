"""Many random requests: nothing leaks, memory stays flat, answers are those of one alone.

python tests/infer/soak.py [REQUESTS] [SEED] (with PYTHONPATH=src:tests:tests/infer)

Long and short prompts with shared beginnings, greedy and drawn, constrained, stopped, cancelled
at random moments, with too few blocks for all of them. Every fiftieth answer is compared with
the same request in an engine of its own. A small part of this runs among the tests.
"""

from __future__ import annotations

import random
import resource
import sys
import time
from typing import Any

from drawn_networks import SMALL, RandomWeights

from havoc.infer import InferenceEngine, SamplingParams
from havoc.infer.constraints import Choice, JsonSchema, Regex
from havoc.infer.native import NativeBackend
from training_examples import small_tokenizer

CONSTRAINTS: tuple[Any, ...] = (
    None,
    None,
    JsonSchema({"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}),
    Choice(("yes", "no", "perhaps")),
    Regex(r"[a-c]{1,20}"),
)
BEGINNING = "You are an analyst. Tools: t_test, capability, control_chart. " * 3


def request(number: int, seed: int) -> tuple[str, SamplingParams, Any]:
    """The n-th request of a soak, always the same."""
    pick = random.Random(seed * 1_000_003 + number)
    words = " ".join(
        pick.choices(("mean", "of", "line", "A", "µ", "12.5", "cpk"), k=pick.randint(1, 40))
    )
    prompt = (BEGINNING if pick.random() < 0.5 else "") + words
    params = SamplingParams(
        max_tokens=pick.choice((1, 3, 12, 60)),
        temperature=pick.choice((0.0, 0.8, 1.5)),
        top_p=pick.choice((1.0, 0.8)),
        repetition_penalty=pick.choice((1.0, 1.3)),
        stop=pick.choice(((), (".",), ("a", "the"))),
        seed=number,
        logprobs=pick.choice((None, None, 3)),
    )
    return prompt, params, pick.choice(CONSTRAINTS)


def soak(count: int, seed: int) -> tuple[int, int]:
    """Carry out ``count`` requests; how many were compared, and how many cancelled."""
    tokenizer = small_tokenizer()
    config = SMALL.replace(vocab_size=tokenizer.vocab_size)
    backend = NativeBackend(config, RandomWeights(config, spread=0.2), "int8", threads=1)
    engine = InferenceEngine(backend, tokenizer, blocks=60, step_tokens=128, most_running=24)
    pick = random.Random(seed)
    waiting: dict[int, int] = {}
    submitted = compared = cancelled = 0
    while submitted < count or engine.busy:
        while submitted < count and len(waiting) < 40:
            prompt, params, constraint = request(submitted, seed)
            number = engine.submit(prompt, params, constraint=constraint, truncate=True)
            waiting[number] = submitted
            submitted += 1
        if pick.random() < 0.02 and waiting:
            engine.cancel(pick.choice(list(waiting)))
        engine.step()
        for number in list(waiting):
            result = engine.result(number)
            if result is None:
                continue
            place = waiting.pop(number)
            cancelled += result.finish_reason == "cancelled"
            if place % 50 == 0 and result.finish_reason != "cancelled":
                prompt, params, constraint = request(place, seed)
                alone = InferenceEngine(backend, tokenizer, prefix_cache=False)
                (wanted,) = alone.generate([prompt], params, constraint=constraint, truncate=True)
                assert (result.tokens, result.text) == (wanted.tokens, wanted.text), place
                assert result.choices == wanted.choices, place
                compared += 1
    assert engine.pool.held == 0 and engine.pool.available == engine.pool.count
    return compared, cancelled


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    soak(min(count, 500), seed + 1)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    start = time.perf_counter()
    compared, cancelled = soak(count, seed)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{count} requests in {time.perf_counter() - start:.0f} s: no block left, {compared} "
        f"answers equal those of a request alone, {cancelled} cancelled; peak memory "
        f"{before:.0f} MiB after 500 requests, {after:.0f} MiB at the end"
    )


if __name__ == "__main__":
    main()
