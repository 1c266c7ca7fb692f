"""Tensors on disk: safetensors files, checked before they are read. No torch.

A file is: 8 bytes header length, a JSON header, the data. The header is checked here in
full (bounds, sizes, overlaps) so that a truncated or altered file is refused with its name,
and the data is memory-mapped.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from havoc.bundle.codes import Codes, scale_name, unpacked_ternary
from havoc.errors import InputError

_BYTES = {"F64": 8, "I64": 8, "U64": 8, "F32": 4, "I32": 4, "U32": 4, "F16": 2, "BF16": 2}
_BYTES |= {"I16": 2, "U16": 2, "I8": 1, "U8": 1, "BOOL": 1}
_NUMPY = {"F64": "<f8", "I64": "<i8", "U64": "<u8", "F32": "<f4", "I32": "<i4", "U32": "<u4"}
_NUMPY |= {"F16": "<f2", "I16": "<i2", "U16": "<u2", "I8": "i1", "U8": "u1", "BOOL": "?"}
_NAMES = {np.dtype(code): name for name, code in _NUMPY.items()}
_LONGEST_HEADER = 100 << 20
_MOST_DIMENSIONS = 8


@dataclass(frozen=True, slots=True)
class TensorEntry:
    """Where one tensor lies in its file."""

    dtype: str
    shape: tuple[int, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class TensorFile:
    """The checked header of a safetensors file."""

    path: Path
    entries: dict[str, TensorEntry]
    metadata: dict[str, str]

    def read(self, name: str) -> NDArray[Any]:
        """One tensor, memory-mapped and read-only; bfloat16 is widened to float32 (a copy), and
        codes are multiplied by their scales (a copy).

        Raises InputError if there is none of this name.
        """
        coded = self.codes(name)
        if coded is not None:
            return coded[0] * coded[1][:, None]
        stored = self.stored(name)
        return widened(stored) if self.entries[name].dtype == "BF16" else stored

    def kind(self, name: str) -> str:
        """How a weight is held: ``int8``, ``ternary`` or ``floats``."""
        entry = self.entries.get(name)
        if entry is None or scale_name(name) not in self.entries:
            return "floats"
        return {"I8": "int8", "U8": "ternary"}.get(entry.dtype, "floats")

    def codes(self, name: str) -> Codes | None:
        """The codes and scales of a weight that is held so, see ``havoc.bundle.codes``."""
        kind = self.kind(name)
        if kind == "floats":
            return None
        stored = self.stored(name)
        codes = stored if kind == "int8" else unpacked_ternary(stored)
        return codes, self.stored(scale_name(name))

    def stored(self, name: str) -> NDArray[Any]:
        """One tensor as it lies in the file, memory-mapped: bfloat16 as its bits, uint16."""
        entry = self.entries.get(name)
        if entry is None:
            raise InputError(
                f"holds no tensor {name!r}", where=str(self.path), remedy="use the matching config"
            )
        dtype = numpy_dtype(entry.dtype)
        if entry.start == entry.end:
            return np.zeros(entry.shape, dtype)
        return np.memmap(self.path, dtype, mode="r", offset=entry.start, shape=entry.shape)


@dataclass(frozen=True, slots=True)
class TensorSource:
    """A tensor to be written, whose values are made when their turn comes.

    ``dtype`` is the name of safetensors ("F32", "F16", "BF16" …); ``make`` gives the values as
    ``TensorFile.stored`` does, in ``shape``.
    """

    dtype: str
    shape: tuple[int, ...]
    make: Callable[[], NDArray[Any]]


def numpy_dtype(name: str) -> np.dtype[Any]:
    """The numpy type that holds a type of safetensors; bfloat16 is held as its bits."""
    return np.dtype("<u2" if name == "BF16" else _NUMPY[name])


def widened(bits: NDArray[np.uint16]) -> NDArray[np.float32]:
    """The values of bfloat16 bits, exactly."""
    return (bits.astype(np.uint32) << np.uint32(16)).view(np.float32)


def open_tensors(path: str | os.PathLike[str]) -> TensorFile:
    """Read and check the header of a safetensors file.

    Raises InputError if the file is missing, truncated or damaged.
    """
    file = Path(path)
    try:
        size = file.stat().st_size
        with file.open("rb") as stream:
            length = int.from_bytes(stream.read(8), "little")
            if size < 8 or not 2 <= length <= min(_LONGEST_HEADER, size - 8):
                raise _damaged(file, "it is truncated or no safetensors file")
            header = stream.read(length)
    except OSError as error:
        raise InputError(
            f"cannot be read ({error.strerror})", where=str(file), remedy="check the path"
        ) from None
    return _checked(file, header, 8 + length, size)


class _Header(msgspec.Struct, forbid_unknown_fields=True):
    dtype: str
    shape: list[int]
    data_offsets: tuple[int, int]


def _checked(file: Path, header: bytes, base: int, size: int) -> TensorFile:
    try:
        body = msgspec.json.decode(header, type=dict[str, Any])
        metadata = msgspec.convert(body.pop("__metadata__", {}), dict[str, str])
        fields = msgspec.convert(body, dict[str, _Header])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise _damaged(file, "its header is damaged") from None
    entries: dict[str, TensorEntry] = {}
    for name, field in fields.items():
        start, end = field.data_offsets
        if len(field.shape) > _MOST_DIMENSIONS or min(field.shape, default=0) < 0:
            raise _damaged(file, f"the shape of {name!r} is damaged")
        wanted = math.prod(field.shape) * _BYTES.get(field.dtype, 0)
        if field.dtype not in _BYTES or not 0 <= start <= end or end - start != wanted:
            raise _damaged(file, f"the entry of {name!r} is damaged")
        if base + end > size:
            raise _damaged(file, f"it is truncated within {name!r}")
        entries[name] = TensorEntry(field.dtype, tuple(field.shape), base + start, base + end)
    reached = base
    for entry in sorted(entries.values(), key=lambda entry: (entry.start, entry.end)):
        if entry.start < reached:
            raise _damaged(file, "its tensors overlap")
        reached = entry.end
    return TensorFile(file, entries, metadata)


def source_of(array: NDArray[Any]) -> TensorSource:
    """An array in memory, as a tensor to be written. Raises KeyError for another kind of value."""
    return TensorSource(_NAMES[array.dtype], array.shape, lambda: array)


def tensor_chunks(
    sources: Mapping[str, TensorSource], metadata: Mapping[str, str]
) -> Iterator[bytes | memoryview]:
    """The content of a safetensors file, one tensor after the other."""
    header: dict[str, Any] = {"__metadata__": dict(metadata)}
    end = 0
    for name, source in sources.items():
        start, end = end, end + math.prod(source.shape) * _BYTES[source.dtype]
        header[name] = {"dtype": source.dtype, "shape": source.shape, "data_offsets": [start, end]}
    text = msgspec.json.encode(header)
    text += b" " * (-len(text) % 8)  # the data begin at a multiple of eight
    yield len(text).to_bytes(8, "little") + text
    for name, source in sources.items():
        array = np.asarray(source.make(), order="C")
        if array.shape != source.shape or array.dtype != numpy_dtype(source.dtype):
            raise ValueError(f"{name} was made otherwise than announced")
        yield array.reshape(-1).view(np.uint8).data


def _damaged(file: Path, what: str) -> InputError:
    return InputError(what, where=str(file), remedy="restore it from a copy, or write it again")
