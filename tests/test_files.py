"""Files are written whole or not at all."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from havoc.errors import InputError
from havoc.files import write_atomic


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def test_a_file_is_written_and_replaced(tmp_path: Path) -> None:
    target = tmp_path / "a.bin"
    assert write_atomic(target, b"first") == target
    assert write_atomic(str(target), b"second").read_bytes() == b"second"
    assert names(tmp_path) == ["a.bin"]


@pytest.mark.parametrize("failing", ["fsync", "replace"])
def test_a_full_disk_leaves_the_old_file_and_no_remains(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    target = tmp_path / "a.bin"
    target.write_bytes(b"old")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, failing, full)
    with pytest.raises(InputError, match="No space left") as caught:
        write_atomic(target, b"new")
    assert caught.value.where == str(target)
    assert caught.value.remedy
    assert target.read_bytes() == b"old"
    assert names(tmp_path) == ["a.bin"]


@pytest.mark.parametrize("place", ["missing/a.bin", "file/a.bin", ".", "x" * 300, "a\0b"])
def test_a_place_that_cannot_be_written_is_one_line(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("not a directory")
    with pytest.raises(InputError) as caught:
        write_atomic(tmp_path / place, b"data")
    assert "\n" not in str(caught.value)
    assert caught.value.remedy
    assert names(tmp_path) == ["file"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write all")
def test_a_read_only_directory(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(InputError, match="ermission"):
            write_atomic(tmp_path / "a.bin", b"data")
    finally:
        tmp_path.chmod(0o700)


def test_a_read_only_directory_whoever_asks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> int:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(InputError, match="Permission denied"):
        write_atomic(tmp_path / "a.bin", b"data")
    assert names(tmp_path) == []


def test_the_umask_and_the_mode_of_the_old_file_count(tmp_path: Path) -> None:
    old_umask = os.umask(0o027)
    try:
        fresh = write_atomic(tmp_path / "fresh", b"data")
    finally:
        os.umask(old_umask)
    assert stat.S_IMODE(fresh.stat().st_mode) == 0o640
    fresh.chmod(0o600)
    assert stat.S_IMODE(write_atomic(fresh, b"again").stat().st_mode) == 0o600


def test_through_a_link_the_file_behind_it_is_replaced(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_bytes(b"old")
    link = tmp_path / "link"
    link.symlink_to(target)
    write_atomic(link, b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"


def test_a_device_is_not_replaced_by_a_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a regular file"):
        write_atomic("/dev/null", b"data")
    assert not Path("/dev/null").is_file()
