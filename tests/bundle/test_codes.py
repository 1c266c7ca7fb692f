"""Weights as codes: within their bound, the same after the file, and refused when damaged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from havoc.bundle import Bundle, weight_shapes, write_bundle
from havoc.bundle.codes import (
    int8_codes,
    packed_ternary,
    quantise_bundle,
    ternary_codes,
    unpacked_ternary,
)
from havoc.cli import main
from havoc.errors import InputError
from havoc.infer import InferenceEngine, SamplingParams, load_backend
from havoc.infer.native import NativeBackend
from training_examples import small_config, small_tokenizer

weights = arrays.arrays(
    np.float32,
    arrays.array_shapes(min_dims=2, max_dims=2, max_side=9),
    elements=st.floats(-4, 4, width=32),
)


@given(weights)
def test_int8_is_within_half_a_scale(weight: np.ndarray) -> None:
    codes, scale = int8_codes(weight)
    assert np.abs(codes).max() <= 127
    assert (np.abs(codes * scale[:, None] - weight) <= scale[:, None] * 0.5001).all()


@given(weights)
def test_ternary_is_the_nearest_of_three(weight: np.ndarray) -> None:
    codes, scale = ternary_codes(weight)
    mean = max(np.abs(weight).mean(dtype=np.float64), np.finfo(np.float32).tiny)
    np.testing.assert_allclose(scale, mean, rtol=1e-6)
    off = np.abs(np.abs(weight) - scale[:, None] / 2) > 1e-6  # halves may go either way
    wanted = np.sign(weight) * (np.abs(weight) > scale[:, None] / 2)
    assert np.array_equal(codes[off], wanted[off])


@pytest.mark.filterwarnings("error")
def test_a_matrix_of_nearly_nothing_has_codes() -> None:
    weight = np.zeros((4, 8), np.float32)
    weight[0, 0] = 1e-45  # the mean of these is nothing in single precision
    for codes, scale in (ternary_codes(weight), int8_codes(weight)):
        assert (codes == 0).all() and (scale > 0).all()


@given(
    arrays.arrays(
        np.int8,
        st.tuples(st.integers(1, 9), st.sampled_from([4, 8, 20])),
        elements=st.integers(-1, 1),
    )
)
def test_packing_loses_nothing(codes: np.ndarray) -> None:
    packed = packed_ternary(codes)
    assert packed.nbytes * 4 == codes.nbytes
    assert np.array_equal(unpacked_ternary(packed), codes)


def test_a_fused_weight_has_a_scale_for_each_of_its_matrices() -> None:
    weight = np.concatenate([np.full((2, 4), 1.0), np.full((3, 4), 8.0)]).astype(np.float32)
    assert ternary_codes(weight, (2, 3))[1].tolist() == [1, 1, 8, 8, 8]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    generator = np.random.default_rng(0)
    config = small_config()
    tensors = {
        name: generator.normal(0, 0.1, shape).astype(np.float32)
        for name, shape in weight_shapes(config).items()
    }
    path = tmp_path_factory.mktemp("bundle") / "a"
    return Bundle.open(write_bundle(path, config, tensors, small_tokenizer(), {"steps": 7}))


@pytest.mark.parametrize("kind", ["int8", "ternary"])
def test_a_quantised_bundle_runs_as_the_weights_rounded_at_loading(
    bundle: Bundle, tmp_path: Path, kind: str
) -> None:
    small = Bundle.open(quantise_bundle(bundle, kind, tmp_path / kind))
    assert small.card["steps"] == 7 and small.card["weights"]["kind"] == kind
    stored = sum(entry.end - entry.start for entry in small.weights.entries.values())
    whole = sum(entry.end - entry.start for entry in bundle.weights.entries.values())
    assert stored < whole / 3.4
    backend = load_backend(small)
    assert kind in backend.description
    rounded = NativeBackend(bundle.config, bundle.weights, kind)
    prompts = ["The process is", "A factorial"]
    params = SamplingParams(max_tokens=12, temperature=1.0, ignore_eos=True)
    a = InferenceEngine(backend, small.tokenizer).generate(prompts, params)
    b = InferenceEngine(rounded, bundle.tokenizer).generate(prompts, params)
    assert [one.tokens for one in a] == [one.tokens for one in b]
    # as floats it is a bundle like any other: exported, or trained on
    for name, shape in weight_shapes(bundle.config).items():
        assert small.weights.read(name).shape == shape
    wider = NativeBackend(small.config, small.weights, "fp32")
    assert InferenceEngine(wider, small.tokenizer).generate(prompts[:1])[0].text is not None


def test_on_the_command_line(
    bundle: Bundle, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "small"
    assert (
        main(["bundle", "quantise", str(bundle.path), "--kind", "ternary", "--out", str(out)]) == 0
    )
    assert "U8" in capsys.readouterr().out
    assert main(["bundle", "verify", str(out)]) == 0
    assert main(["bundle", "quantise", str(bundle.path), "--kind", "int8", "--out", str(out)]) == 2
    assert "is there already" in capsys.readouterr().err


def test_scales_that_do_not_fit_are_refused(bundle: Bundle, tmp_path: Path) -> None:
    tensors = {name: np.asarray(bundle.weights.read(name)) for name in weight_shapes(bundle.config)}
    tensors["embedding.weight"], scale = int8_codes(tensors["embedding.weight"])
    for wrong in (scale[:-1], scale[:, None]):
        tensors["embedding.scale"] = wrong
        path = write_bundle(tmp_path / "b", bundle.config, tensors, small_tokenizer(), {})
        with pytest.raises(InputError, match="embedding"):
            Bundle.open(path)
    with pytest.raises(InputError, match="kind: is 'int4'"):
        quantise_bundle(bundle, "int4", tmp_path / "c")
