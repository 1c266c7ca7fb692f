"""Opening shards: whatever was changed, cut off, lost or made otherwise is refused."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from havoc.data.manifest import check_shards, digest_of, read_manifest
from havoc.data.packing import PackedDataset
from havoc.errors import InputError

FILES = [
    f"{base}.{part}"
    for base in ("a", "a.validation")
    for part in ("tokens.npy", "documents.npy", "bytes.npy", "documents.jsonl")
]


@pytest.fixture
def folder(write_shards: Callable[..., Path], tmp_path: Path) -> Path:
    made = write_shards({"a": (1.0, [9, 4, 12], [5, 6])})
    return Path(shutil.copytree(made, tmp_path / "shards"))


def change(folder: Path, edit: Callable[[dict[str, Any]], None], *, seal: bool = True) -> None:
    """Edit the manifest; with ``seal`` its checksum fits again."""
    content = json.loads((folder / "manifest.json").read_text())
    checksum = content.pop("checksum")
    edit(content)
    content["checksum"] = digest_of(content) if seal else checksum
    (folder / "manifest.json").write_text(json.dumps(content))


def test_a_whole_folder_is_accepted(folder: Path, tokenizer: Any) -> None:
    dataset = PackedDataset(folder, 8, 0, tokenizer=tokenizer, thorough=True)
    total = dataset.manifest.total()
    assert (total.documents, total.tokens, total.bytes) == (3, 25, 19)
    assert dataset.manifest.total("validation").tokens == 11


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_cut_off_longer_or_missing(folder: Path, name: str) -> None:
    file = folder / name
    whole = file.read_bytes()
    file.write_bytes(whole[:-1])
    with pytest.raises(InputError, match=rf"{name}: is cut off: {len(whole) - 1} bytes instead"):
        PackedDataset(folder, 8, 0)
    file.write_bytes(whole + b"x")
    with pytest.raises(InputError, match="is too long"):
        PackedDataset(folder, 8, 0)
    file.unlink()
    with pytest.raises(InputError, match=rf"{name}: is missing"):
        PackedDataset(folder, 8, 0)


@pytest.mark.parametrize("name", FILES)
def test_a_flipped_bit_is_found_on_request(folder: Path, name: str) -> None:
    file = folder / name
    whole = bytearray(file.read_bytes())
    whole[-3] ^= 1
    file.write_bytes(whole)
    check_shards(folder, read_manifest(folder))
    with pytest.raises(InputError, match="its checksum differs"):
        check_shards(folder, read_manifest(folder), thorough=True)
    with pytest.raises(InputError, match=rf"{name}: was changed or damaged"):
        PackedDataset(folder, 8, 0, thorough=True)


def test_no_flipped_byte_of_the_manifest_goes_unseen(folder: Path) -> None:
    file = folder / "manifest.json"
    whole = file.read_bytes()
    before = read_manifest(folder)
    for place in range(0, len(whole), 3):
        damaged = bytearray(whole)
        damaged[place] ^= 0x02
        file.write_bytes(damaged)
        try:
            assert read_manifest(folder) == before  # white space only
        except InputError:
            continue
    file.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="not JSON"):
        read_manifest(folder)


def test_edits_of_the_manifest(folder: Path) -> None:
    change(folder, lambda content: content.update(seed=1), seal=False)
    with pytest.raises(InputError, match="its checksum differs"):
        read_manifest(folder)
    change(folder, lambda content: content.update(seed="one"))
    with pytest.raises(InputError, match=r"is damaged \(.*seed"):
        read_manifest(folder)
    change(folder, lambda content: content.update(seed=0, version=99))
    with pytest.raises(InputError, match="has version 99"):
        read_manifest(folder)
    change(folder, lambda content: content.pop("version"))
    with pytest.raises(InputError, match="is not a manifest"):
        read_manifest(folder)


def test_another_tokenizer(folder: Path, other_tokenizer: Any) -> None:
    message = "made with another tokenizer .*; prepare them again with this tokenizer"
    with pytest.raises(InputError, match=message):
        PackedDataset(folder, 8, 0, tokenizer=other_tokenizer)


def test_what_is_no_folder_of_shards(tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "missing"):
        with pytest.raises(InputError, match="name a folder that data preparation made"):
            PackedDataset(place, 8, 0)


@pytest.mark.parametrize(
    ("name", "array", "message"),
    [
        ("a.documents.npy", np.array([0, 9, 13, 24], np.uint64), "does not fit the tokens"),
        ("a.documents.npy", np.array([0, 14, 13, 25], np.uint64), "does not fit the tokens"),
        ("a.documents.npy", np.array([0, 9, 25], np.uint64), "does not fit the tokens"),
        ("a.tokens.npy", np.arange(25, dtype=np.uint16), "holds uint16 of 1 dimensions"),
        ("a.bytes.npy", np.zeros((1, 3), np.uint32), "of 2 dimensions"),
        ("a.tokens.npy", np.array([{}], dtype=object), "is damaged or missing"),
    ],
)
def test_files_that_do_not_fit_together(
    folder: Path, name: str, array: np.ndarray, message: str
) -> None:
    """A manifest can be sealed by whoever made the files: they are still checked."""
    np.save(folder / name, array, allow_pickle=True)

    def adopt(content: dict[str, Any]) -> None:
        content["groups"]["a"]["files"][name]["size"] = (folder / name).stat().st_size

    change(folder, adopt)
    with pytest.raises(InputError, match=message):
        PackedDataset(folder, 8, 0)


def test_the_digest_is_that_of_the_data_alone(folder: Path) -> None:
    before = read_manifest(folder).digest
    change(folder, lambda content: content.update(inputs="other", languages=["de"]))
    assert read_manifest(folder).digest == before
    change(folder, lambda content: content["groups"]["a"].update(weight=2.0))
    assert read_manifest(folder).digest != before
