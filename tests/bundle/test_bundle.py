"""The artefact: written whole, opened only where its parts agree."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from bundle_examples import small_bundle
from foreign_examples import byte_level_tokenizer
from havoc.bundle import Bundle, write_bundle
from havoc.bundle.folder import new_file, new_folder, remove_folder, remove_leftovers
from havoc.errors import InputError
from havoc.model.config import HavocConfig
from havoc.tokenizer.foreign import ForeignTokenizer
from training_examples import small_config, small_tokenizer


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_bundle(tmp_path_factory.mktemp("made") / "bundle").path


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "bundle"))


def test_a_bundle_holds_what_was_written(made: Path) -> None:
    bundle = Bundle.open(made)
    assert bundle.config == small_config(init_std=0.3)
    assert bundle.own_tokenizer().digest == small_tokenizer().digest
    assert bundle.card["made"] == "for a test"
    assert set(bundle.card["files"]) == {"config.json", "model.safetensors", "tokenizer.model"}


def flip(name: str, place: int = -1) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        content = bytearray((folder / name).read_bytes())
        content[place] ^= 1
        (folder / name).write_bytes(content)

    return change


def cut(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes()[:-5]) and None


def without(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def config_with(**changes: object) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        body = json.loads((folder / "config.json").read_bytes())
        (folder / "config.json").write_text(json.dumps({**body, **changes}))

    return change


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (flip("model.safetensors"), r"model\.safetensors: is not what was written \(checksum\)"),
        (flip("config.json", -3), "config.json"),
        (flip("tokenizer.model"), "tokenizer.model"),
        (cut("model.safetensors"), "truncated"),
        (cut("card.json"), r"card\.json: is no JSON object"),
        (without("model.safetensors"), r"model\.safetensors: cannot be read"),
        (without("tokenizer.model"), r"tokenizer\.model: cannot be read"),
        (without("config.json"), r"config\.json: cannot be read"),
        (without("card.json"), r"card\.json: cannot be read"),
        (config_with(vocab_size=1023), "the tokenizer has 1024 ids, the network 1023"),
        (config_with(d_ff=47), r"gate_up.weight is \(96, 32\), the config says \(94, 32\)"),
        (config_with(num_layers=1), "layers.1.attention_norm.weight is .* says absent"),
        (config_with(num_layers=1 << 23), "8388608 layers in the config, 14 tensors"),
        (config_with(num_heads=3), "do not divide"),
        (config_with(width=3), "there is no setting 'width'"),
    ],
)
def test_a_bundle_whose_parts_do_not_fit_is_refused(
    change: Callable[[Path], None], said: str, folder: Path
) -> None:
    change(folder)
    with pytest.raises(InputError, match=said) as caught:
        Bundle.open(folder)
    assert "\n" not in str(caught.value)


def test_what_is_no_bundle_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is no folder"):
        Bundle.open(tmp_path / "absent")
    with pytest.raises(InputError, match=r"config\.json: cannot be read"):
        Bundle.open(tmp_path)


def test_small_numbers_in_a_config_come_back(tmp_path: Path) -> None:
    """1e-06 is a number in JSON, and a text in YAML."""
    assert small_bundle(tmp_path / "a", norm_eps=1e-6).config.norm_eps == 1e-6


def test_another_vocabulary_is_kept_as_it_is(tmp_path: Path) -> None:
    document = byte_level_tokenizer("gpt-2").to_str().encode()
    tokenizer = ForeignTokenizer(document, b'{"eos_token": "<|end|>"}')
    config = small_config(vocab_size=900)
    shapes = small_weights(config)
    bundle = Bundle.open(write_bundle(tmp_path / "a", config, shapes, tokenizer, {}))
    assert bundle.tokenizer.digest == tokenizer.digest and bundle.tokenizer.eos == 1
    with pytest.raises(InputError, match="vocabulary of another project"):
        bundle.own_tokenizer()
    (tmp_path / "a" / "tokenizer_config.json").write_bytes(b"{}")
    with pytest.raises(InputError, match=r"tokenizer_config\.json: is not what was written"):
        Bundle.open(tmp_path / "a")


def small_weights(config: HavocConfig) -> dict[str, np.ndarray]:  # type: ignore[type-arg]
    from havoc.bundle import weight_shapes

    return {name: np.ones(shape, np.float16) for name, shape in weight_shapes(config).items()}


def test_a_bundle_that_fails_half_way_leaves_the_old_one(folder: Path) -> None:
    config = small_config()
    weights = small_weights(config)
    weights["norm.weight"] = np.ones(32, np.complex64)  # of no type that the file knows
    before = (folder / "card.json").read_bytes()
    with pytest.raises(KeyError):
        write_bundle(folder, config, weights, small_tokenizer(), {})
    assert (folder / "card.json").read_bytes() == before
    with pytest.raises(RuntimeError, match="half way"), new_folder(folder) as writer:
        writer.write("config.json", b"{}")
        raise RuntimeError("half way")
    Bundle.open(folder)
    assert [entry.name for entry in folder.parent.iterdir()] == ["bundle"]


def test_a_file_that_fails_half_way_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), new_file(tmp_path / "a.gguf") as temporary:
        temporary.write_bytes(b"half")
        raise RuntimeError
    with (
        pytest.raises(InputError, match="cannot be written"),
        new_file(tmp_path / "b.gguf") as temporary,
    ):
        raise OSError(28, "No space left on device")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(InputError, match="cannot be written"), new_file(tmp_path / "file" / "c"):
        pass
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_a_removal_that_breaks_off_leaves_no_half_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a kill in the middle of it: the name is gone, and the rest is swept up later."""
    (tmp_path / "step-1").mkdir()
    (tmp_path / "step-1" / "model.safetensors").write_bytes(b"1")
    monkeypatch.setattr("shutil.rmtree", lambda *args, **settings: None)
    remove_folder(tmp_path / "step-1")
    assert not (tmp_path / "step-1").exists()
    monkeypatch.undo()
    remove_leftovers(tmp_path)
    assert list(tmp_path.iterdir()) == []
