"""safetensors files: what the library writes and reads, and headers that lie."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file
from safetensors.torch import save_file as save_torch

from havoc.bundle.tensors import TensorSource, open_tensors, source_of, tensor_chunks
from havoc.errors import InputError

ARRAYS: dict[str, Any] = {
    "a": np.arange(6, dtype=np.float32).reshape(2, 3),
    "b": np.array([1.5, -2.0], np.float16),
    "empty": np.zeros((0, 4), np.int64),
    "scalar": np.array(7, np.uint8),
    "yes": np.array([True, False]),
}


def written(path: Path, sources: dict[str, TensorSource]) -> Path:
    path.write_bytes(b"".join(tensor_chunks(sources, {"format": "pt"})))
    return path


def test_the_library_reads_what_we_write(tmp_path: Path) -> None:
    path = written(tmp_path / "a", {name: source_of(array) for name, array in ARRAYS.items()})
    theirs = load_file(path)
    ours = open_tensors(path)
    assert list(ours.entries) == list(ARRAYS) and ours.metadata == {"format": "pt"}
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(theirs[name], array)
        np.testing.assert_array_equal(ours.read(name), array)
        assert theirs[name].dtype == ours.read(name).dtype == array.dtype


def test_we_read_what_the_library_writes(tmp_path: Path) -> None:
    save_file(ARRAYS, tmp_path / "a")
    ours = open_tensors(tmp_path / "a")
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(ours.read(name), array)
    narrow = torch.randn(3, 5).to(torch.bfloat16)
    save_torch({"x": narrow}, tmp_path / "b")
    held = open_tensors(tmp_path / "b")
    np.testing.assert_array_equal(held.read("x"), narrow.float().numpy())
    np.testing.assert_array_equal(held.stored("x"), narrow.view(torch.uint16).numpy())
    with pytest.raises(InputError, match="holds no tensor 'y'"):
        held.read("y")


def test_a_tensor_that_is_not_as_announced_is_an_error(tmp_path: Path) -> None:
    for wrong in (np.zeros((2, 3), np.float32), np.zeros((3, 2), np.float16)):
        source = TensorSource("F32", (3, 2), lambda wrong=wrong: wrong)  # type: ignore[misc]
        with pytest.raises(ValueError, match="otherwise than announced"):
            written(tmp_path / "a", {"x": source})


def file_with(path: Path, header: Any, data: bytes = bytes(16)) -> Path:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)
    return path


def entry(shape: Any = (4,), dtype: str = "F32", offsets: Any = (0, 16)) -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": offsets}


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (b"{{", "its header is damaged"),
        (b"[]", "its header is damaged"),
        (b"[" * 100_000, "its header is damaged"),
        ({"x": {"dtype": "F32"}}, "its header is damaged"),
        ({"x": entry() | {"more": 1}}, "its header is damaged"),
        ({"x": entry(offsets=(0, 20))}, "the entry of 'x' is damaged"),
        ({"x": entry(offsets=(16, 0))}, "the entry of 'x' is damaged"),
        ({"x": entry(offsets=(-16, 0))}, "the entry of 'x' is damaged"),
        ({"x": entry(dtype="F3")}, "the entry of 'x' is damaged"),
        ({"x": entry(shape=(8,), offsets=(0, 32))}, "truncated within 'x'"),
        ({"x": entry(shape=(-2, -2))}, "the shape of 'x' is damaged"),
        ({"x": entry(shape=(1,) * 9)}, "the shape of 'x' is damaged"),
        ({"x": entry(), "y": entry()}, "overlap"),
    ],
)
def test_a_header_that_lies_is_refused(header: Any, said: str, tmp_path: Path) -> None:
    path = file_with(tmp_path / "a", header)
    with pytest.raises(InputError, match=said):
        open_tensors(path)


def test_a_header_longer_than_the_file_is_refused(tmp_path: Path) -> None:
    for content in (b"", b"\1", (1 << 60).to_bytes(8, "little"), bytes(8)):
        (tmp_path / "a").write_bytes(content)
        with pytest.raises(InputError, match="truncated or no safetensors"):
            open_tensors(tmp_path / "a")


@given(place=st.integers(0, 1 << 16), bits=st.integers(1, 255))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
def test_no_flipped_bit_of_the_header_does_harm(tmp_path: Path, place: int, bits: int) -> None:
    path = written(tmp_path / "a", {name: source_of(array) for name, array in ARRAYS.items()})
    content = bytearray(path.read_bytes())
    length = 8 + int.from_bytes(content[:8], "little")
    content[place % length] ^= bits
    path.write_bytes(content)
    try:
        held = open_tensors(path)
        for name in held.entries:
            held.read(name)
    except InputError as error:
        assert "\n" not in str(error)
