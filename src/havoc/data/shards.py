"""Token shards on disk: NumPy files that are written piece by piece and read by mapping.

For a group and split with base name NAME there are

* ``NAME.tokens.npy``      uint16 or uint32 [tokens]: all documents, one after another
* ``NAME.documents.npy``   uint64 [documents + 1]: where each document starts, then the end
* ``NAME.bytes.npy``       uint32 [documents]: UTF-8 bytes of each document's text
* ``NAME.documents.jsonl`` one object per document: id, source, licence
"""

from __future__ import annotations

import io
import json
import os
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from havoc.data.manifest import Counts, FileIdentity, file_identity
from havoc.data.sources import Document
from havoc.errors import InputError

_HEADER = 128  # bytes that NumPy's header of a one-dimensional array takes


def token_dtype(vocab_size: int) -> np.dtype[Any]:
    """The smallest of uint16 and uint32 that holds every id."""
    return np.dtype(np.uint16 if vocab_size <= 65536 else np.uint32)


def base_name(group: str, split: str) -> str:
    """The start of the names of a group's files for "train" or "validation"."""
    return group if split == "train" else f"{group}.{split}"


class ArrayWriter:
    """A one-dimensional .npy file that grows; its header is completed on closing."""

    def __init__(self, path: Path, dtype: np.dtype[Any]) -> None:
        self.path = path
        self.dtype = dtype.newbyteorder("<")
        self.count = 0
        self._file = path.open("wb")
        self._file.write(bytes(_HEADER))

    def append(self, values: object) -> None:
        """Write further entries; they must fit the type."""
        array = np.asarray(values, dtype=self.dtype)
        self._file.write(array.tobytes())
        self.count += len(array)

    def close(self) -> None:
        """Write the header and force everything to disk."""
        header = io.BytesIO()
        np.lib.format.write_array_header_1_0(
            header,
            {
                "descr": np.lib.format.dtype_to_descr(self.dtype),
                "fortran_order": False,
                "shape": (self.count,),
            },
        )
        if len(header.getvalue()) != _HEADER:
            raise RuntimeError("NumPy's header has another length than the place kept for it")
        self._file.seek(0)
        self._file.write(header.getvalue())
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()

    def abandon(self) -> None:
        """Close without completing the file."""
        self._file.close()


class ShardWriter:
    """Writes the four files of one group and split; a context manager."""

    def __init__(self, folder: Path, name: str, dtype: np.dtype[Any]) -> None:
        self._tokens = ArrayWriter(folder / f"{name}.tokens.npy", dtype)
        self._starts = ArrayWriter(folder / f"{name}.documents.npy", np.dtype(np.uint64))
        self._bytes = ArrayWriter(folder / f"{name}.bytes.npy", np.dtype(np.uint32))
        self._records = (folder / f"{name}.documents.jsonl").open("w", encoding="utf-8")
        self._byte_count = 0

    def add(self, document: Document, tokens: list[int]) -> None:
        """Append one document with its ids, ``<bos>`` and ``<eos>`` included."""
        size = len(document.text.encode("utf-8"))
        self._starts.append([self._tokens.count])
        self._tokens.append(tokens)
        self._bytes.append([size])
        self._byte_count += size
        record = {"id": document.id, "source": document.source, "licence": document.licence}
        self._records.write(json.dumps(record, ensure_ascii=False) + "\n")

    @property
    def counts(self) -> Counts:
        return Counts(self._bytes.count, self._tokens.count, self._byte_count)

    def finish(self) -> dict[str, FileIdentity]:
        """Complete the files; their identities by name."""
        self._starts.append([self._tokens.count])
        arrays = (self._tokens, self._starts, self._bytes)
        for array in arrays:
            array.close()
        self._records.flush()
        os.fsync(self._records.fileno())
        self._records.close()
        paths = [*(array.path for array in arrays), Path(self._records.name)]
        return {path.name: file_identity(path) for path in paths}

    def __enter__(self) -> ShardWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for array in (self._tokens, self._starts, self._bytes):
            array.abandon()
        self._records.close()


@dataclass(frozen=True, slots=True)
class Shard:
    """The mapped files of a group and split.

    ``tokens`` [tokens], ``starts`` int64 [documents + 1], ``bytes`` [documents].
    """

    tokens: NDArray[Any]
    starts: NDArray[np.int64]
    bytes: NDArray[np.uint32]

    @property
    def documents(self) -> int:
        return len(self.bytes)

    def document(self, number: int) -> NDArray[Any]:
        """The ids of a document."""
        return self.tokens[self.starts[number] : self.starts[number + 1]]


def open_shard(folder: Path, name: str, dtype: str) -> Shard:
    """Map the files of ``name``. InputError if they do not fit together."""
    tokens = _mapped(folder / f"{name}.tokens.npy", np.dtype(dtype))
    starts = _mapped(folder / f"{name}.documents.npy", np.dtype(np.uint64))
    sizes = _mapped(folder / f"{name}.bytes.npy", np.dtype(np.uint32))
    offsets = np.asarray(starts).astype(np.int64)
    if (
        len(offsets) != len(sizes) + 1
        or offsets[0] != 0
        or offsets[-1] != len(tokens)
        or np.any(np.diff(offsets) < 2)
    ):
        raise InputError(
            "does not fit the tokens beside it",
            where=str(folder / f"{name}.documents.npy"),
            remedy="prepare the data again, or copy the folder again",
        )
    return Shard(tokens, offsets, sizes)


def _mapped(path: Path, dtype: np.dtype[Any]) -> NDArray[Any]:
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError) as error:
        raise InputError(
            f"is damaged or missing ({error})",
            where=str(path),
            remedy="prepare the data again, or copy the folder again",
        ) from None
    if array.ndim != 1 or array.dtype != dtype:
        raise InputError(
            f"holds {array.dtype} of {array.ndim} dimensions instead of {dtype}",
            where=str(path),
            remedy="prepare the data again, or copy the folder again",
        )
    return array  # type: ignore[no-any-return]
