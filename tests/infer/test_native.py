"""The compiled runtime: against torch, against exact integers, and alone against its batch."""

from __future__ import annotations

import os
import resource
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from drawn_networks import SMALL, Drawn, RandomWeights
from masks import bits_of
from numpy.typing import NDArray

from havoc.bundle.codes import codes_of, int8_codes
from havoc.errors import InputError
from havoc.infer import _native
from havoc.infer.backend import BLOCK, NO_MASKS, Step
from havoc.infer.native import NativeBackend
from havoc.infer.torch_backend import TorchBackend
from havoc.model import preset, preset_names
from havoc.model.config import HavocConfig
from havoc.model.loading import load_model

KERNELS = _native.kernels()


def step_of(
    tokens: Any, start: int = 0, table: Any = range(16), wanted: Any = None, masks: Any = NO_MASKS
) -> Step:
    """One sequence, of which ``tokens`` are read from position ``start``."""
    count = len(tokens)
    return Step(
        np.asarray(tokens, np.int32),
        np.arange(start, start + count, dtype=np.int32),
        np.zeros(count, np.int32),
        np.asarray(table, np.int32)[None],
        np.asarray(range(count) if wanted is None else wanted, np.int32),
        np.asarray(masks, np.int32),
    )


def drawn_tokens(config: HavocConfig, count: int, seed: int = 1) -> NDArray[np.int32]:
    return np.random.default_rng(seed).integers(0, config.vocab_size, count).astype(np.int32)


SHAPES = {
    "small": SMALL,
    "one head": SMALL.replace(num_heads=1, num_kv_heads=1),
    "no shared heads": SMALL.replace(num_kv_heads=4),
    "gelu": SMALL.replace(activation="gelu"),
    "squared relu": SMALL.replace(activation="relu_squared"),
    "untied": SMALL.replace(tie_embeddings=False),
    "window": SMALL.replace(sliding_window=20),
    "window of one block": SMALL.replace(sliding_window=16),
    "window of one position": SMALL.replace(sliding_window=1),
    "window beyond all positions": SMALL.replace(sliding_window=2**62),
    "odd widths": SMALL.replace(d_model=36, head_dim=10, d_ff=50, vocab_size=301),
    "many heads": SMALL.replace(num_heads=12, num_kv_heads=3),
}
PRESETS = {
    name: preset(
        name,
        num_layers=min(2, preset(name).num_layers),
        vocab_size=min(512, preset(name).vocab_size),
        max_seq_len=128,
    )
    for name in preset_names()
    if preset(name).d_model <= 1024
}


@pytest.mark.parametrize("config", [*SHAPES.values(), *PRESETS.values()], ids=[*SHAPES, *PRESETS])
def test_fp32_logits_are_those_of_the_network(config: HavocConfig) -> None:
    weights = RandomWeights(config)
    tokens = drawn_tokens(config, 100)
    model = load_model(Drawn(config, weights))
    with torch.inference_mode():
        wanted = model(torch.from_numpy(tokens)[None].long())[0].numpy()
    for kernels in KERNELS:
        native = NativeBackend(config, weights, "fp32", threads=2, kernels=kernels)
        got = native.run(native.new_cache(16), step_of(tokens)).values
        np.testing.assert_allclose(got, wanted, atol=1e-4, err_msg=kernels)


@pytest.mark.parametrize("kind", ["int8", "ternary"])
@pytest.mark.parametrize("config", SHAPES.values(), ids=SHAPES)
def test_rounded_weights_give_the_logits_of_the_rounded_network(
    config: HavocConfig, kind: str
) -> None:
    """The network of the same rounded weights, by torch: only activations are rounded besides."""
    weights, rounded = RandomWeights(config), RandomWeights(config)
    for name in rounded.names():
        weight = weights.read(name)
        if weight.ndim == 2:
            codes, scale = codes_of(name, weight, kind, config)
            rounded.replace(name, (codes * scale[:, None]).astype(np.float32))
    tokens = drawn_tokens(config, 60)
    exact = TorchBackend(Drawn(config, rounded))
    wanted = exact.run(exact.new_cache(16), step_of(tokens)).values
    native = NativeBackend(config, weights, kind, threads=2)
    got = native.run(native.new_cache(16), step_of(tokens)).values
    assert np.sqrt(np.square(got - wanted).mean()) < 0.025 * wanted.std()
    others = [NativeBackend(config, weights, kind, kernels=name) for name in KERNELS[1:]]
    for other in others:
        again = other.run(other.new_cache(16), step_of(tokens)).values
        assert np.sqrt(np.square(again - got).mean()) < 0.01 * wanted.std()


@pytest.mark.parametrize("kind", ["int8", "ternary"])
def test_one_product_keeps_the_bound_of_its_rounding(kind: str) -> None:
    """With blocks that add nothing, logits are one product: |error| <= scale/2 · sum|w|."""
    config = SMALL.replace(num_layers=1, tie_embeddings=False)
    weights = RandomWeights(config, spread=0.3)
    for name in ("attention.output", "mlp.down"):
        whole = f"layers.0.{name}.weight"
        weights.replace(whole, np.zeros_like(weights.read(whole)))
    native = NativeBackend(config, weights, kind, threads=1)
    tokens = drawn_tokens(config, 40)
    got = native.run(native.new_cache(4), step_of(tokens, table=range(4))).values
    embedding_codes, embedding_scale = int8_codes(weights.read("embedding.weight"))
    head_codes, head_scale = int8_codes(weights.read("head.weight"))
    x = (embedding_codes * embedding_scale[:, None])[tokens].astype(np.float64)
    x = x / np.sqrt((x**2).mean(axis=1, keepdims=True) + config.norm_eps)
    x *= weights.read("norm.weight")
    head = head_codes * head_scale[:, None].astype(np.float64)
    bound = np.abs(x).max(axis=1, keepdims=True) / 127 / 2 * np.abs(head).sum(axis=1)
    assert (np.abs(got - x @ head.T) <= bound * 1.001 + 1e-5).all()


@pytest.mark.parametrize("kernels", KERNELS)
def test_halves_are_those_of_ieee_754(kernels: str) -> None:
    """Every exponent, values half way between two halves, subnormal and infinite ones."""
    generator = np.random.default_rng(0)
    halves = np.arange(0x7C00, dtype=np.uint16).view(np.float16).astype(np.float32)
    between = (halves[1:] + halves[:-1]) / 2
    drawn = np.exp2(generator.uniform(-30, 20, 40_000)).astype(np.float32)
    x = np.concatenate([halves, between, drawn, [65504, 65519, 65520, 1e30, np.inf]])
    x = np.concatenate([x, -x, np.zeros(-2 * len(x) % 16)]).astype(np.float32)
    y = np.zeros(len(x), np.uint16)
    _native.halve(kernels, x, y)
    with np.errstate(over="ignore"):
        assert np.array_equal(y, x.astype(np.float16).view(np.uint16))


@pytest.mark.parametrize("kernels", KERNELS)
@pytest.mark.parametrize("kind", ["int8", "ternary"])
def test_integer_sums_are_exact(kernels: str, kind: str) -> None:
    """A million sums against 64-bit integers; rows at the ends of their range among them."""
    generator = np.random.default_rng(0)
    most = 127 if kind == "int8" else 1
    x = generator.integers(-127, 128, (1000, 128)).astype(np.int8)
    codes = generator.integers(-most, most + 1, (1000, 128)).astype(np.int8)
    x[:50], x[50:100], codes[:50], codes[50:100] = 127, -127, most, -most
    y = np.zeros((1000, 1008), np.int32)
    _native.integer_sums(kernels, kind, x, codes, y)
    wanted = x.astype(np.int64) @ codes.T.astype(np.int64)
    assert np.array_equal(y[:, :1000], wanted)
    for row in range(0, 150, 10):  # one token alone goes another way through the codes
        alone = np.zeros((1, 1008), np.int32)
        _native.integer_sums(kernels, kind, x[row : row + 1], codes, alone)
        assert np.array_equal(alone[0, :1000], wanted[row])
    # as long a row as fits the largest preset, saturated
    long = np.full((3, 11008), 127, np.int8)
    ends = np.repeat(np.asarray([[most], [-most]], np.int8), 11008, axis=1)
    for rows in (3, 1):
        sums = np.zeros((rows, 16), np.int32)
        _native.integer_sums(kernels, kind, long[:rows], ends, sums)
        assert sums[:, :2].tolist() == [[127 * most * 11008, -127 * most * 11008]] * rows


@pytest.mark.parametrize("kind", ["fp32", "int8", "ternary"])
@pytest.mark.parametrize("threads", [1, 2, 3])
def test_nothing_depends_on_the_batch(kind: str, threads: int) -> None:
    """Whole, in parts, token by token, beside others, in other blocks: the same bits."""
    weights = RandomWeights(SMALL)
    one = NativeBackend(SMALL, weights, kind, threads=1)
    tokens = drawn_tokens(SMALL, 90)
    wanted = one.run(one.new_cache(16), step_of(tokens)).values
    native = NativeBackend(SMALL, weights, kind, threads=threads)
    other = drawn_tokens(SMALL, 200, seed=5)
    mine, theirs = [17, 3, 29, 11, 0, 30], [*range(31, 40), 1, 2, 4, 5]
    edges = [0, 60, 61, 62, 80, 90]  # rows are shared out first, then outputs
    for _ in range(8):  # threads that get into each other's way do so now and then
        cache, got = native.new_cache(40), []
        for done, (start, end) in zip(range(0, 200, 40), pairwise(edges), strict=True):
            beside = other[done : done + 40]
            step = Step(
                np.concatenate([beside, tokens[start:end]]),
                np.concatenate([np.arange(done, done + 40), np.arange(start, end)]).astype(
                    np.int32
                ),
                np.repeat(np.asarray([0, 1], np.int32), [40, end - start]),
                np.asarray([theirs, mine + [0] * 7], np.int32),
                np.arange(40, 40 + end - start, dtype=np.int32),
            )
            got.append(native.run(cache, step).values)
        assert np.array_equal(np.concatenate(got), wanted)


@pytest.mark.parametrize("kernels", KERNELS)
@pytest.mark.parametrize("changes", [{}, {"sliding_window": 20}, {"num_kv_heads": 1}])
def test_many_sequences_go_on_as_each_would_alone(kernels: str, changes: dict[str, int]) -> None:
    """Nine sequences of unlike lengths take a token each: the same bits as one by one."""
    config = SMALL.replace(**changes)
    native = NativeBackend(config, RandomWeights(config), threads=2, kernels=kernels)
    lengths = [1, 16, 17, 40, 3, 31, 32, 33, 64]
    tables = np.arange(9 * 5, dtype=np.int32).reshape(9, 5)
    texts = [drawn_tokens(config, length, seed=length) for length in lengths]
    cache, alone = native.new_cache(45), []
    for text, table in zip(texts, tables, strict=True):
        native.run(cache, step_of(text, table=table))
        # the last token once more, at the place where it stands
        last = step_of(text[-1:], start=len(text) - 1, table=table)
        alone.append(native.run(cache, last).values[0])
    together = Step(
        np.asarray([text[-1] for text in texts], np.int32),
        np.asarray([length - 1 for length in lengths], np.int32),
        np.arange(9, dtype=np.int32),
        tables,
        np.arange(9, dtype=np.int32),
    )
    assert np.array_equal(native.run(cache, together).values, np.asarray(alone))
    torn = replace(together, sequences=np.asarray([0, 1, 0, 3, 4, 5, 6, 7, 8], np.int32))
    with pytest.raises(InputError, match="do not stand side by side"):
        native.run(cache, torn)


@pytest.mark.parametrize("kernels", KERNELS)
@pytest.mark.parametrize("kind", ["fp32", "int8"])
@pytest.mark.parametrize("size", [512, 301, 40])
def test_only_what_may_come_is_left(kind: str, kernels: str, size: int) -> None:
    """Rows that allow one id, few, most, all and none, beside each other, by every backend."""
    config = SMALL.replace(vocab_size=size)
    weights = RandomWeights(config, spread=0.3)
    tokens = drawn_tokens(config, 7)
    generator = np.random.default_rng(4)
    allowed = generator.random((7, size)) < np.asarray([0, 0.02, 0.1, 0.5, 0.98, 1, 0])[:, None]
    allowed[0, size - 1] = True
    native = NativeBackend(config, weights, kind, threads=2, kernels=kernels)
    whole = native.run(native.new_cache(2), step_of(tokens, table=[0, 1])).values
    wanted = np.where(allowed, whole, -np.inf)
    best = np.where(allowed.any(axis=1), wanted.argmax(axis=1), -1)
    step = step_of(tokens, table=[0, 1], masks=bits_of(allowed))
    backends: list[Any] = [native]
    if kind == "fp32":
        backends.append(TorchBackend(Drawn(config, weights)))
    for backend in backends:
        got = backend.run(backend.new_cache(2), step)
        np.testing.assert_allclose(got.values, wanted, atol=0 if backend is native else 1e-4)
        assert got.best.tolist() == best.tolist()
        flags = np.asarray([True, False] * 3 + [True])
        some = backend.run(backend.new_cache(2), replace(step, best_only=flags))
        assert some.best.tolist() == best.tolist()
        # where nothing may come, the logits are there to say so
        kept = ~flags | (best < 0)
        assert np.array_equal(some.values[kept], got.values[kept])


@pytest.mark.parametrize("kernels", KERNELS)
def test_the_best_of_equals_is_the_first(kernels: str) -> None:
    weights = RandomWeights(SMALL)
    weights.replace("norm.weight", np.zeros(64, np.float32))  # every logit is zero
    native = NativeBackend(SMALL, weights, threads=2, kernels=kernels)
    allowed = np.ones((2, 512), bool)
    allowed[1, :300] = False
    step = step_of([1, 2], table=[0], masks=bits_of(allowed))
    assert native.run(native.new_cache(1), step).best.tolist() == [0, 300]


@pytest.mark.parametrize("value", [np.finfo(np.float32).max, -np.finfo(np.float32).max])
def test_logits_that_are_no_numbers_have_no_best(value: float) -> None:
    weights = RandomWeights(SMALL)
    embedding = weights.read("embedding.weight").copy()
    embedding[100] = value
    weights.replace("embedding.weight", embedding)
    for kernels in KERNELS:
        native = NativeBackend(SMALL, weights, threads=2, kernels=kernels)
        step = replace(step_of([1], table=[0]), best_only=np.ones(1, bool))
        got = native.run(native.new_cache(1), step)
        assert got.best.tolist() == [-1] and not np.isfinite(got.values[0, 100])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tokens": [512]}, "outside of the vocabulary"),
        ({"tokens": [-1]}, "outside of the vocabulary"),
        ({"start": 256}, "outside of the context"),
        ({"table": [0], "start": 16}, "no block in its table"),
        ({"table": [99] * 16}, "block that is not there"),
        ({"table": [-1] * 16}, "block that is not there"),
        ({"wanted": [1]}, "a token that is not there"),
        ({"masks": [[0, 0]]}, "masks of another shape"),
        ({"masks": np.zeros((2, 16))}, "masks of another shape"),
    ],
)
def test_a_step_that_points_outside_is_refused(changes: dict[str, Any], message: str) -> None:
    native = NativeBackend(SMALL, RandomWeights(SMALL), threads=1)
    step = step_of(**{"tokens": [1], **changes})
    with pytest.raises(InputError, match=message):
        native.run(native.new_cache(16), step)


def test_weights_that_are_no_weights_are_refused() -> None:
    weights = RandomWeights(SMALL)
    weights.replace("layers.1.mlp.down.weight", np.full((64, 96), np.nan, np.float32))
    with pytest.raises(
        InputError, match=r"layers\.1\.mlp\.down\.weight: holds values that are no numbers"
    ):
        NativeBackend(SMALL, weights)
    with pytest.raises(InputError, match="kind: is 'int4'; give one of fp32, int8, ternary"):
        NativeBackend(SMALL, weights, "int4")
    with pytest.raises(InputError, match="kernels: this processor has no 'sse'"):
        NativeBackend(SMALL, weights, kernels="sse")
    weights.replace("layers.1.mlp.down.weight", np.zeros((64, 64), np.float32))
    with pytest.raises(InputError, match=r"mlp\.down\.weight: a matrix of another shape"):
        NativeBackend(SMALL, weights)
    for threads in (-1, 257):
        with pytest.raises(InputError, match=r"threads: is .*; give 0"):
            NativeBackend(SMALL, RandomWeights(SMALL), threads=threads)


def test_a_row_of_zeros_stays_zero() -> None:
    weights = RandomWeights(SMALL)
    weights.replace("embedding.weight", np.zeros((512, 64), np.float32))
    for kind in ("fp32", "int8", "ternary"):
        native = NativeBackend(SMALL, weights, kind, threads=1)
        assert (native.run(native.new_cache(1), step_of([3], table=[0])).values == 0).all()


def test_the_kernels_are_named_from_the_best() -> None:
    assert KERNELS[-1] == "portable" and BLOCK == _native.BLOCK
    assert "native" in NativeBackend(SMALL, RandomWeights(SMALL), threads=1).description


def test_steps_asked_for_at_the_same_time_take_turns() -> None:
    """Steps let go of Python's lock: without turns they would share threads and workspace."""
    native = NativeBackend(SMALL, RandomWeights(SMALL), threads=2)
    prompts = [drawn_tokens(SMALL, 20 + 15 * number, seed=number) for number in range(6)]

    def logits_of(tokens: NDArray[np.int32]) -> NDArray[np.float32]:
        return native.run(native.new_cache(16), step_of(tokens)).values

    wanted = [logits_of(tokens) for tokens in prompts]
    with ThreadPoolExecutor(6) as pool:
        for _ in range(10):
            for got, alone in zip(pool.map(logits_of, prompts), wanted, strict=True):
                assert np.array_equal(got, alone)


def test_a_context_that_is_only_announced_costs_nothing() -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    config = SMALL.replace(max_seq_len=1 << 24)
    native = NativeBackend(config, RandomWeights(config), threads=2)
    cache = native.new_cache(1 << 16)  # 512 MiB, of which two blocks are used
    got = native.run(cache, step_of([1, 2], table=[0, 1])).values
    assert cache.bytes == 512 << 20
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 << 10
    short = NativeBackend(SMALL, RandomWeights(SMALL), threads=2)
    assert np.array_equal(got, short.run(short.new_cache(2), step_of([1, 2], table=[0, 1])).values)


def test_a_sequence_may_grow_past_what_was_reserved() -> None:
    config = SMALL.replace(max_seq_len=700)
    native = NativeBackend(config, RandomWeights(config), threads=2)
    tokens = drawn_tokens(config, 700)
    whole = native.run(native.new_cache(44), step_of(tokens, table=range(44))).values
    grown = NativeBackend(config, RandomWeights(config), threads=2)
    cache = grown.new_cache(44)
    parts = [
        grown.run(cache, step_of(tokens[start:end], start, table=range(44))).values
        for start, end in pairwise([0, 250, 251, 530, 700])
    ]
    assert np.array_equal(np.concatenate(parts), whole)


def test_a_cache_of_another_network_is_refused() -> None:
    native = NativeBackend(SMALL, RandomWeights(SMALL), threads=1)
    for changes in ({"num_layers": 1}, {"num_kv_heads": 1}, {"head_dim": 32}):
        config = SMALL.replace(**changes)
        other = NativeBackend(config, RandomWeights(config), threads=1)
        with pytest.raises(InputError, match="step: a cache of another network"):
            native.run(other.new_cache(16), step_of([1]))


class Coded(RandomWeights):
    """Weights of which one is held as these codes, with scales of one."""

    def __init__(self, config: HavocConfig, name: str, kind: str, code: int) -> None:
        super().__init__(config)
        self._name, self._kind, self._code = name, kind, code

    def kind(self, name: str) -> str:
        return self._kind if name == self._name else "floats"

    def codes(self, name: str) -> Any:
        shape = self.read(name).shape
        return np.full(shape, self._code, np.int8), np.ones(shape[0], np.float32)


@pytest.mark.parametrize(("kind", "code"), [("int8", -128), ("ternary", 2)])
def test_codes_that_are_none_are_refused(kind: str, code: int) -> None:
    """A bundle of a stranger may hold any byte."""
    weights = Coded(SMALL, "layers.0.attention.qkv.weight", kind, code)
    with pytest.raises(InputError, match=r"qkv\.weight: a code lies outside of its range"):
        NativeBackend(SMALL, weights, kind)


def test_rows_whose_sums_could_overflow_are_refused() -> None:
    config = SMALL.replace(d_model=16, num_layers=1, vocab_size=16, d_ff=65_552)
    with pytest.raises(InputError, match=r"mlp\.down\.weight: codes have more than 65,536 inputs"):
        NativeBackend(config, RandomWeights(config), "int8")
    NativeBackend(config, RandomWeights(config), "fp32")


SIZES = {
    "vocab_size": 16,
    "d_model": 16,
    "num_layers": 1,
    "num_heads": 1,
    "num_kv_heads": 1,
    "d_ff": 16,
    "head_dim": 16,
    "max_seq_len": 64,
    "sliding_window": 0,
    "activation": 0,
    "norm_eps": 1e-5,
    "rope_theta": 1e4,
    "threads": 1,
    "kernels": "",
}


def test_sizes_that_no_memory_holds_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    hostile: Any = {**SIZES, "num_layers": 1 << 16, "num_kv_heads": 1 << 10, "num_heads": 1 << 10}
    network = _native.Network(**{**hostile, "head_dim": 1 << 10})
    with pytest.raises(MemoryError):  # 2^69 numbers: as a size it would be none at all
        network.cache(1 << 24)
    with pytest.raises(ValueError, match="heads are wider"):
        _native.Network(**{**hostile, "num_layers": 1, "head_dim": 1 << 20})
    native = NativeBackend(SMALL, RandomWeights(SMALL), threads=1)
    monkeypatch.setattr(native, "_network", network)
    with pytest.raises(InputError, match="a cache of 16,777,216 blocks: there is not enough mem"):
        native.new_cache(1 << 24)


@pytest.mark.parametrize("kernels", KERNELS)
@pytest.mark.parametrize("kind", ["int8", "ternary"])
def test_rows_of_nearly_nothing_are_rounded_to_nothing(kernels: str, kind: str) -> None:
    """127 divided by such a number is no number."""
    weights = RandomWeights(SMALL)
    for layer in range(SMALL.num_layers):
        weights.replace(f"layers.{layer}.mlp_norm.weight", np.full(64, 1e-39, np.float32))
        weights.replace(f"layers.{layer}.attention_norm.weight", np.full(64, 1e-39, np.float32))
    weights.replace("norm.weight", np.full(64, 1e-39, np.float32))
    native = NativeBackend(SMALL, weights, kind, threads=1, kernels=kernels)
    assert (native.run(native.new_cache(1), step_of([3], table=[0])).values == 0).all()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_process_that_forks_goes_on_in_both() -> None:
    """Threads do not come along into a child: it makes its own."""
    native = NativeBackend(SMALL, RandomWeights(SMALL), threads=3)
    tokens = drawn_tokens(SMALL, 40)
    wanted = native.run(native.new_cache(16), step_of(tokens)).values
    for _ in range(5):
        child = os.fork()
        if child == 0:
            got = native.run(native.new_cache(16), step_of(tokens)).values
            del native  # which joins its threads
            os._exit(0 if np.array_equal(got, wanted) else 1)
        deadline = time.monotonic() + 60
        while (ended := os.waitpid(child, os.WNOHANG)) == (0, 0):
            if time.monotonic() > deadline:
                os.kill(child, 9)
                os.waitpid(child, 0)
                pytest.fail("the child hangs")
            time.sleep(0.005)
        assert ended[1] == 0
        assert np.array_equal(native.run(native.new_cache(16), step_of(tokens)).values, wanted)
