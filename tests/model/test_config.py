"""Shapes: what presets say, what is refused, and parameters in closed form."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from havoc.bundle import weight_shapes
from havoc.errors import InputError
from havoc.model import HavocModel, SigmaModel, count_parameters, preset, preset_names, read_config
from havoc.model.config import HavocConfig, from_mapping
from havoc.model.count import training_flops
from havoc.model.network import build
from training_examples import small_config


def test_the_largest_preset_has_the_counted_parameters() -> None:
    config = preset("havoc-7b")
    shape = (config.num_layers, config.d_model, config.num_heads, config.num_kv_heads)
    assert (*shape, config.d_ff, config.vocab_size) == (32, 4096, 32, 8, 11008, 70_000)
    assert build(config, "meta").parameter_count() == 5_957_685_248


@pytest.mark.parametrize("name", preset_names())
def test_presets_are_counted_in_closed_form(name: str) -> None:
    config = preset(name)
    model = build(config, "meta")
    assert count_parameters(config).total == model.parameter_count()
    shapes = {key: tuple(value.shape) for key, value in model.named_parameters()}
    assert shapes == weight_shapes(config)


@pytest.mark.parametrize("name", preset_names())
def test_widths_suit_ternary_formats(name: str) -> None:
    config = preset(name)
    assert config.d_model % 256 == 0 and config.d_ff % 256 == 0
    assert config.head_dim in (64, 128)


def test_presets_go_from_one_million_to_seven_billion() -> None:
    assert preset_names() == [
        f"havoc-{size}" for size in ("1m", "3m", "8m", "25m", "110m", "3b", "7b")
    ]


def test_an_untied_head_counts() -> None:
    config = small_config(tie_embeddings=False)
    model = build(config, "meta")
    assert model.parameter_count() == count_parameters(config).total
    assert {key: tuple(v.shape) for key, v in model.named_parameters()} == weight_shapes(config)


def test_training_flops_are_six_a_weight_and_attention() -> None:
    config = small_config()
    matrices = sum(p.numel() for p in build(config, "meta").parameters() if p.ndim == 2)
    attention = 12 * config.num_layers * 4 * 8 * (64 + 1) / 2
    assert training_flops(config, 64) == 6 * matrices + attention


def test_the_alias_of_the_specification() -> None:
    assert SigmaModel is HavocModel


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"num_kv_heads": 3}, "num_kv_heads: 3 key and value heads do not divide 4 heads"),
        ({"head_dim": 7}, "head_dim: 7 is odd"),
        ({"vocab_size": 0}, "vocab_size: is 0"),
        ({"d_model": -4}, "d_model: is -4"),
        ({"num_layers": 1 << 40}, "num_layers: is"),
        ({"activation": "swish"}, "activation: is 'swish'; give one of silu"),
        ({"sliding_window": 0}, "sliding_window: is 0"),
        ({"rope_theta": float("nan")}, "rope_theta: is nan"),
        ({"norm_eps": 0.0}, "norm_eps: is 0.0"),
    ],
)
def test_impossible_shapes_are_refused(change: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        small_config(**change)
    with pytest.raises(InputError, match=said):
        small_config().replace(**change)


def test_unknown_keys_are_refused_with_what_was_meant(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no setting 'n_layers'.*did you mean num_layers"):
        from_mapping({"n_layers": 2}, where="x")
    with pytest.raises(InputError, match=r"no preset 'havoc-8'.*did you mean havoc-8m"):
        preset("havoc-8")
    with pytest.raises(InputError, match="vocab_size"):
        from_mapping({"vocab_size": "many"}, where="x")
    path = tmp_path / "config.json"
    for content in ("[1, 2]", "{", "a: [", "\x00"):
        path.write_text(content)
        with pytest.raises(InputError, match=r"config.json"):
            read_config(path)
    with pytest.raises(InputError, match="cannot be read"):
        read_config(tmp_path / "absent.yaml")


def test_a_config_comes_back_from_its_file(tmp_path: Path) -> None:
    config = small_config(sliding_window=7, activation="gelu")
    (tmp_path / "config.json").write_bytes(config.to_json())
    assert read_config(tmp_path) == config
    assert isinstance(read_config(tmp_path), HavocConfig)


def test_weights_are_drawn_by_seed() -> None:
    config = small_config()
    first, again, other = (build(config).initialise(seed) for seed in (1, 1, 2))
    for a, b, c in zip(first.parameters(), again.parameters(), other.parameters(), strict=True):
        assert torch.equal(a, b)
        assert a.ndim == 1 or not torch.equal(a, c)
