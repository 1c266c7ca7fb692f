"""Reading text files that may be compressed, a piece at a time, with errors that name the place."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

import zstandard

from havoc.errors import InputError

LINE_LIMIT = 16 * 2**20  # bytes of one line of a JSONL file
TEXT_LIMIT = 64 * 2**20  # bytes of a text file, which is one document

COMPRESSIONS = (".gz", ".zst")


class _ZstandardReader(io.RawIOBase):
    """Decompresses zstandard frames as a raw stream.

    Unlike ``zstandard.ZstdDecompressor().stream_reader`` it notices that the last frame
    is cut off: that reader just ends there.
    """

    # Four bytes can stand for a block of 128 KiB: small steps bound the memory that
    # hostile input can claim, to 8 MiB.
    _STEP = 256

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._decompressor = zstandard.ZstdDecompressor()
        self._frame: zstandard.ZstdDecompressionObj | None = None
        self._input = b""
        self._output = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer)  # type: ignore[arg-type]
        while not self._output:
            if not self._fill():
                return 0
        count = min(len(view), len(self._output))
        view[:count] = self._output[:count]
        self._output = self._output[count:]
        return count

    def _fill(self) -> bool:
        """Decompress one step; False at the proper end."""
        data = self._input or self._file.read(self._STEP)
        self._input = b""
        if not data:
            if self._frame is not None:
                raise EOFError("the last frame is incomplete")
            return False
        if self._frame is None:
            self._frame = self._decompressor.decompressobj()
        self._output = memoryview(self._frame.decompress(data))
        if self._frame.eof:
            self._input = self._frame.unused_data
            self._frame = None
        return True

    def close(self) -> None:
        self._file.close()
        super().close()


@contextmanager
def open_bytes(path: Path) -> Iterator[BinaryIO]:
    """The decompressed bytes of ``path`` (.gz, .zst or neither), as a buffered stream.

    Whatever goes wrong while it is open (missing, unreadable, damaged or cut off)
    becomes an InputError.
    """
    try:
        with _opened(path) as stream:
            yield stream
    except FileNotFoundError:
        raise InputError("does not exist", where=str(path), remedy="check the path") from None
    except EOFError:
        raise InputError(
            "is cut off: the compressed data end too early",
            where=str(path),
            remedy="copy or download the file again",
        ) from None
    except (gzip.BadGzipFile, zlib.error, zstandard.ZstdError) as error:
        raise InputError(
            f"cannot be decompressed ({error})",
            where=str(path),
            remedy="copy or download the file again, or correct its suffix",
        ) from None
    except OSError as error:
        raise InputError(
            f"cannot be read ({error.strerror or error})",
            where=str(path),
            remedy="check the path and its permissions",
        ) from None


def _opened(path: Path) -> BinaryIO:
    if path.suffix == ".gz":
        return cast(BinaryIO, gzip.open(path, "rb"))
    if path.suffix == ".zst":
        return io.BufferedReader(_ZstandardReader(path.open("rb")), 1 << 16)
    return path.open("rb")


def read_lines(path: Path) -> Iterator[tuple[int, str]]:
    """The lines that are not blank, with their numbers from 1; memory for one line only."""
    with open_bytes(path) as stream:
        number = 0
        while line := stream.readline(LINE_LIMIT + 1):
            number += 1
            if len(line) > LINE_LIMIT:
                raise InputError(
                    f"the line is longer than {LINE_LIMIT >> 20} MiB",
                    where=f"{path}:{number}",
                    remedy="split the record; one JSON object is expected on each line",
                )
            text = _decoded(line, f"{path}:{number}")
            if number == 1:
                text = text.removeprefix("\ufeff")
            if text.strip():
                yield number, text


def read_text(path: Path) -> str:
    """The whole file as one text of at most ``TEXT_LIMIT`` bytes."""
    with open_bytes(path) as stream:
        data = stream.read(TEXT_LIMIT + 1)
    if len(data) > TEXT_LIMIT:
        raise InputError(
            f"the text is longer than {TEXT_LIMIT >> 20} MiB",
            where=str(path),
            remedy='split it into documents, one a line: {"text": …} in a .jsonl file',
        )
    return _decoded(data, str(path)).removeprefix("\ufeff")


def _decoded(data: bytes, where: str) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(
            f"is not UTF-8 (byte {error.start} is 0x{data[error.start]:02x})",
            where=where,
            remedy="convert the file to UTF-8",
        ) from None
