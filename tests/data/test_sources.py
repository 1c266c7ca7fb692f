"""Reading sources: every kind of file, and every way in which one can be wrong."""

from __future__ import annotations

import gzip
import json
import random
import tracemalloc
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from havoc.data import streams
from havoc.data.sources import Document, read_source, source_files
from havoc.errors import InputError

RECORDS = [
    {"id": "a/0", "source": "a", "licence": "MIT", "text": "Control charts.\nµ ± 3σ"},
    {"id": "a/1", "source": "a", "licence": "MIT", "text": "Second\u2028text"},
]
LINES = "".join(json.dumps(record) + "\n" for record in RECORDS).encode()
DOCUMENTS = [Document(r["text"], r["id"], r["source"], r["licence"]) for r in RECORDS]


def pack(name: str, data: bytes) -> bytes:
    if name.endswith(".gz"):
        return gzip.compress(data)
    return zstandard.compress(data) if name.endswith(".zst") else data


@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
@pytest.mark.parametrize("kind", [".jsonl", ".json"])
def test_records_of_every_compression(tmp_path: Path, kind: str, suffix: str) -> None:
    file = tmp_path / f"data{kind}{suffix}"
    file.write_bytes(pack(file.name, LINES))
    assert list(read_source(file)) == DOCUMENTS


@pytest.mark.parametrize("name", ["a.txt", "a.md", "a.txt.gz", "a.md.zst"])
def test_a_text_file_is_one_document(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    file.write_bytes(pack(name, "\ufeffone\r\n\r\ntwo µ".encode()))
    assert list(read_source(file)) == [Document("one\r\n\r\ntwo µ", name, name, "unknown")]


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_files_of_several_frames_are_read_to_the_end(tmp_path: Path, suffix: str) -> None:
    first, second = LINES[: len(LINES) // 3], LINES[len(LINES) // 3 :]
    file = tmp_path / f"data.jsonl{suffix}"
    file.write_bytes(pack(file.name, first) + pack(file.name, b"") + pack(file.name, second))
    assert list(read_source(file)) == DOCUMENTS


@given(st.lists(st.text(), min_size=1, max_size=8))
def test_any_text_comes_through(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    file = tmp_path_factory.mktemp("any") / "data.jsonl.zst"
    lines = "\n".join(json.dumps({"text": t}, ensure_ascii=len(t) % 2 == 0) for t in texts)
    file.write_bytes(zstandard.compress(lines.encode()))
    assert [document.text for document in read_source(file)] == texts


def test_what_a_record_does_not_say(tmp_path: Path) -> None:
    file = tmp_path / "plain.jsonl"
    file.write_text('\ufeff\n{"body": "a", "license": "CC0"}\n\n{"body": "b", "id": 7}\n')
    first, second = read_source(file, text_field="body")
    assert first == Document("a", "plain.jsonl:2", "plain.jsonl", "CC0")
    assert second == Document("b", "7", "plain.jsonl", "unknown")


def test_a_folder_is_read_sorted_and_below(tmp_path: Path) -> None:
    for name in ("b/z.txt", "b/a.txt", "a.txt", "c.jsonl", ".hidden.txt", ".git/x.txt", "n.pdf"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text('{"text": "t"}' if name == "c.jsonl" else name)
    (tmp_path / "b/m_TEST.txt").write_text("secret")
    (tmp_path / "contest.txt").write_text("small letters are no mark")
    found = source_files(tmp_path)
    assert [f.name for f in found.files] == [
        "a.txt",
        "b/a.txt",
        "b/z.txt",
        "c.jsonl",
        "contest.txt",
    ]
    assert dict(found.skipped) == {
        "b/m_TEST.txt": "for evaluation only",
        "n.pdf": "not a file of a known type",
    }
    assert "secret" not in {document.text for document in read_source(tmp_path)}


def test_documents_are_streamed(tmp_path: Path) -> None:
    file = tmp_path / "data.jsonl"
    file.write_bytes(LINES + b"not JSON\n")
    stream = read_source(file)
    assert next(stream) == DOCUMENTS[0]
    assert next(stream) == DOCUMENTS[1]
    with pytest.raises(InputError, match=r"data\.jsonl:3: is not JSON"):
        next(stream)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a_TEST.jsonl", LINES, "for evaluation only"),
        ("a.TEST.jsonl.gz", LINES, "for evaluation only"),
        ("a.parquet", b"PAR1", "not a file of a known type"),
        ("a.jsonl", b"", "holds no document"),
        ("a.jsonl", b"\n \n", "holds no document"),
        ("a.txt", b" \n\t", "holds no document"),
        ("a.jsonl", LINES + b'{"text": "x"', r"a\.jsonl:3: is not JSON"),
        ("a.jsonl", LINES + b"[" * 100_000, r"a\.jsonl:3: is not JSON"),
        ("a.jsonl", b'["a"]', r"a\.jsonl:1: is a JSON list"),
        ("a.jsonl", b'{"txt": "a"}', r"a\.jsonl:1: .*no field 'text'.*did you mean txt"),
        ("a.jsonl", b'{"q": "a"}', "it has: q"),
        ("a.jsonl", b'{"text": 3}', r"a\.jsonl:1: field 'text' is not a text"),
        ("a.jsonl", b'{"text": "\\ud800"}', r"a\.jsonl:1: holds half of a surrogate pair"),
        ("a.jsonl", LINES + b'{"text": "\xff"}', r"a\.jsonl:3: is not UTF-8"),
        ("a.txt", b"ok \xc3", r"a\.txt: is not UTF-8 \(byte 3"),
        ("a.jsonl.gz", LINES, "cannot be decompressed"),
        ("a.jsonl.zst", LINES, "cannot be decompressed"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    file = tmp_path / name
    if name == "a.TEST.jsonl.gz":
        content = gzip.compress(content)
    file.write_bytes(content)
    with pytest.raises(InputError, match=message):
        list(read_source(file))


def test_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        list(read_source(tmp_path / "missing.jsonl"))
    with pytest.raises(InputError, match="holds nothing to train on"):
        list(read_source(tmp_path))


def test_escaped_pairs_of_surrogates_are_text(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text('{"text": "\\ud83d\\ude00"}')
    assert next(iter(read_source(file))).text == "😀"


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_a_cut_file_is_never_taken_for_a_whole_one(tmp_path: Path, suffix: str) -> None:
    texts = [random.Random(n).randbytes(300).hex() for n in range(50)]
    data = "".join(json.dumps({"text": text}) + "\n" for text in texts).encode()
    whole = pack(suffix, data)
    for keep in range(1, len(whole), 97):
        file = tmp_path / f"cut.jsonl{suffix}"
        file.write_bytes(whole[:keep])
        with pytest.raises(InputError, match=r"cut off|cannot be decompressed"):
            list(read_source(file))


def test_a_flipped_byte_is_noticed(tmp_path: Path) -> None:
    whole = gzip.compress(LINES)
    for place in range(10, len(whole) - 8, 5):
        data = bytearray(whole)
        data[place] ^= 0x55
        file = tmp_path / "flipped.jsonl.gz"
        file.write_bytes(data)
        with pytest.raises(InputError):
            list(read_source(file))


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_a_bomb_takes_little_memory(
    tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "LINE_LIMIT", 2**20)
    file = tmp_path / f"bomb.jsonl{suffix}"
    file.write_bytes(pack(suffix, b" " * 2**26))
    tracemalloc.start()
    try:
        with pytest.raises(InputError, match=r":1: the line is longer than 1 MiB"):
            list(read_source(file))
        assert tracemalloc.get_traced_memory()[1] < 40 * 2**20
    finally:
        tracemalloc.stop()


def test_a_text_that_is_too_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "TEXT_LIMIT", 2**20)
    file = tmp_path / "long.txt"
    file.write_bytes(b"a" * (2**20 + 1))
    with pytest.raises(InputError, match="longer than 1 MiB"):
        list(read_source(file))
