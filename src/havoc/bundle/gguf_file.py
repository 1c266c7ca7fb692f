"""Reading a GGUF file that anybody may have written.

A file is: magic, version, numbers of tensors and of fields, the fields, the tensors' names
with shape, type and place, then their data. Every length is checked against the file before
anything of that length is made. https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

from __future__ import annotations

import math
import mmap
import struct
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from havoc.errors import InputError

MAGIC = b"GGUF"
VERSIONS = (2, 3)
ALIGNMENT = 32
MOST_FIELDS = 1 << 16
MOST_TENSORS = 1 << 16
MOST_ITEMS = 1 << 22
LONGEST_STRING = 16 << 20
MOST_DIMENSIONS = 4
_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q"}
_SCALARS |= {12: "d"}
_STRING, _ARRAY = 8, 9
DIRECT = {"F32": "F32", "F16": "F16", "BF16": "BF16"}
"""Types that are read as they are, with the name of safetensors; others become F32."""


@dataclass(frozen=True, slots=True)
class GGUFTensor:
    """Where one tensor lies; ``shape`` is numpy's order (rows first), ``type`` ggml's name."""

    type: str
    shape: tuple[int, ...]
    start: int
    size: int


@dataclass(frozen=True, slots=True)
class GGUFFile:
    """The checked header of a GGUF file: ``fields`` by key, ``tensors`` by name."""

    path: Path
    fields: dict[str, Any]
    tensors: dict[str, GGUFTensor] = field(default_factory=dict)

    def value(self, key: str, kind: type, default: Any = None) -> Any:
        """A field that must be of a kind (a whole number also serves as a float).

        Raises InputError where it is absent and has no default, or is of another kind.
        """
        value = self.fields.get(key, default)
        if value is None:
            raise self.refused(f"has no field {key}")
        if kind is float and type(value) is int:
            return float(value)
        if type(value) is not kind:
            raise self.refused(f"{key} is no {kind.__name__}")
        return value

    def kind(self, name: str) -> str:
        """The type that ``read`` gives, by the name of safetensors."""
        return DIRECT.get(self.tensors[name].type, "F32")

    def read(self, name: str) -> NDArray[Any]:
        """One tensor: float16 and bfloat16 (as bits) as they are, quantised types as float32.

        Raises InputError for a type that cannot be read.
        """
        import gguf

        tensor = self.tensors[name]
        if not tensor.size:
            return np.zeros(tensor.shape, np.float32)
        raw = np.memmap(self.path, np.uint8, mode="r", offset=tensor.start, shape=(tensor.size,))
        direct = {"F32": "<f4", "F16": "<f2", "BF16": "<u2"}.get(tensor.type)
        if direct is not None:
            return raw.view(direct).reshape(tensor.shape)
        try:
            rows = raw.reshape(*tensor.shape[:-1], -1)
            values = gguf.dequantize(rows, gguf.GGMLQuantizationType[tensor.type])
        except NotImplementedError:
            raise InputError(
                f"{name} is stored as {tensor.type}, which havoc cannot read",
                where=str(self.path),
                remedy="get the file as F16 or Q8_0",
            ) from None
        return np.asarray(values, np.float32).reshape(tensor.shape)

    def refused(self, what: str) -> InputError:
        """An error that names this file."""
        return InputError(
            what, where=str(self.path), remedy="get the file again, or another conversion of it"
        )


def open_gguf(path: Path) -> GGUFFile:
    """Read and check the header of a GGUF file.

    Raises InputError if it is missing, truncated, damaged, or of a kind that is not read.
    """
    try:
        with path.open("rb") as stream:
            if stream.read(4) != MAGIC:
                raise InputError("is no GGUF file", where=str(path), remedy="check the path")
            with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
                return _Reader(path, content).file()
    except OSError as error:
        raise InputError(
            f"cannot be read ({error.strerror})", where=str(path), remedy="check the path"
        ) from None


class _Reader:
    """A place in the file, which moves on."""

    def __init__(self, path: Path, content: mmap.mmap) -> None:
        self._path = path
        self._content = content
        self._at = len(MAGIC)

    def file(self) -> GGUFFile:
        version = self._scalar("I")
        if version not in VERSIONS:
            raise InputError(
                f"is GGUF of version {version}, havoc reads 2 and 3 (little-endian)",
                where=str(self._path),
                remedy="convert it again",
            )
        tensors, fields = self._scalar("Q"), self._scalar("Q")
        if tensors > MOST_TENSORS or fields > MOST_FIELDS:
            raise self._damaged(f"{tensors} tensors and {fields} fields")
        held: dict[str, Any] = {}
        for _ in range(fields):
            key = self._string()
            if key in held:
                raise self._damaged(f"two fields {key!r}")
            held[key] = self._value(self._scalar("I"))
        file = GGUFFile(self._path, held)
        infos = [self._tensor() for _ in range(tensors)]
        alignment = file.value("general.alignment", int, ALIGNMENT)
        if not 1 <= alignment <= 1 << 20 or alignment & (alignment - 1):
            raise self._damaged(f"an alignment of {alignment}")
        base = -(-self._at // alignment) * alignment
        for name, tensor in infos:
            placed = GGUFTensor(tensor.type, tensor.shape, base + tensor.start, tensor.size)
            if placed.start % alignment or placed.start + placed.size > len(self._content):
                raise self._damaged(f"{name!r} lies outside the file: it is truncated")
            if name in file.tensors:
                raise self._damaged(f"two tensors {name!r}")
            file.tensors[name] = placed
        self._apart(file)
        return file

    def _apart(self, file: GGUFFile) -> None:
        reached = 0
        for tensor in sorted(file.tensors.values(), key=lambda tensor: tensor.start):
            if tensor.start < reached:
                raise self._damaged("its tensors overlap")
            reached = tensor.start + tensor.size

    def _tensor(self) -> tuple[str, GGUFTensor]:
        name = self._string()
        dimensions = self._scalar("I")
        if not 1 <= dimensions <= MOST_DIMENSIONS:
            raise self._damaged(f"{name!r} has {dimensions} dimensions")
        shape = tuple(self._scalar("Q") for _ in range(dimensions))[::-1]
        kind, start = self._scalar("I"), self._scalar("Q")
        import gguf

        try:
            known = gguf.GGMLQuantizationType(kind)
            per_block, block = gguf.GGML_QUANT_SIZES[known]
        except (ValueError, KeyError):
            raise self._damaged(f"{name!r} is stored as type {kind}, which nobody knows") from None
        if shape[-1] % per_block:
            raise self._damaged(f"rows of {name!r} are no multiple of {per_block}")
        size = math.prod(shape) // per_block * block
        return name, GGUFTensor(known.name, shape, start, size)

    def _value(self, kind: int) -> Any:
        if kind in _SCALARS:
            return self._scalar(_SCALARS[kind])
        if kind == _STRING:
            return self._string()
        if kind != _ARRAY:
            raise self._damaged(f"a field of kind {kind}")
        inner, count = self._scalar("I"), self._scalar("Q")
        if count > MOST_ITEMS:
            raise self._damaged(f"a list of {count} items")
        if inner == _STRING:
            return [self._string() for _ in range(count)]
        if inner not in _SCALARS:
            raise self._damaged(f"a list of kind {inner}")
        item = np.dtype(f"<{_SCALARS[inner]}")
        return np.frombuffer(self._take(count * item.itemsize), item)

    def _string(self) -> str:
        length = self._scalar("Q")
        if length > LONGEST_STRING:
            raise self._damaged(f"a text of {length} bytes")
        try:
            return self._take(length).decode()
        except UnicodeDecodeError:
            raise self._damaged("a text that is no UTF-8") from None

    def _scalar(self, code: str) -> Any:
        return struct.unpack(f"<{code}", self._take(struct.calcsize(f"<{code}")))[0]

    def _take(self, count: int) -> bytes:
        end = self._at + count
        if end > len(self._content):
            raise self._damaged("it is truncated")
        taken = self._content[self._at : end]
        self._at = end
        return taken

    def _damaged(self, what: str) -> InputError:
        return InputError(
            f"is damaged ({what})", where=str(self._path), remedy="get the file again"
        )


def types_of(file: GGUFFile) -> dict[str, int]:
    """How many tensors are stored in which type."""
    return dict(Counter(tensor.type for tensor in file.tensors.values()))
