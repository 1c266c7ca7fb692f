"""From files to shards: what comes out is what went in, less what the rules drop, and counted."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shutil
import time
import unicodedata
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from havoc.data import MixtureSpec, PackedDataset, PrepareProgress, prepare
from havoc.data.build import place_of
from havoc.data.manifest import Manifest
from havoc.data.sources import Document
from havoc.data.spec import Group
from havoc.errors import InputError

ITEM = "A shaft has a diameter of twenty millimetres and a tolerance of fifty microns on each side"


def article(topic: str, number: int) -> str:
    return (
        f"Chapter {number} about {topic}: the process was measured on {number + 3} days.\n"
        f"Its mean was {number * 1.25:.2f} µm, which is what one expects of {topic} {number * 7}."
    )


def write_records(file: Path, texts: list[str], source: str, licence: str = "MIT") -> None:
    lines = "".join(
        json.dumps({"id": f"{source}/{n}", "source": source, "licence": licence, "text": text})
        + "\n"
        for n, text in enumerate(texts)
    )
    data = lines.encode()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(gzip.compress(data, mtime=0) if file.suffix == ".gz" else data)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Two groups, with a copy, two bad documents, a test item, and an evaluation file."""
    root = tmp_path / "corpus"
    stats = [article("capability", n) for n in range(60)]
    stats[7] = stats[3].replace(" ", "  ") + "\r\n"  # the same in normal form but for spaces
    stats[11] = ""
    stats[12] = "Home"
    write_records(root / "stats/a.jsonl.gz", stats, "a")
    write_records(root / "stats/b.jsonl", [article("charts", n) for n in range(20)], "b", "CC0")
    (root / "stats/held_TEST.jsonl").write_text('{"text": "secret"}')
    general = [article("history", n) for n in range(30)]
    general[5] += f"\nExercise: {ITEM.upper()}!"
    general.append(article("capability", 30))  # stands in stats/a already
    write_records(root / "general/g.jsonl", general, "g")
    (tmp_path / "items_TEST.jsonl").write_text(json.dumps({"question": ITEM}))
    return root


def spec(corpus: Path, fraction: float = 0.1) -> MixtureSpec:
    return MixtureSpec.from_paths(
        [corpus], decontaminate=[corpus.parent / "items_TEST.jsonl"], validation_fraction=fraction
    )


def read(folder: Path, group: str, split: str, tokenizer: Any) -> dict[str, tuple[str, int]]:
    """Documents by id: text and bytes, from the files alone."""
    base = group if split == "train" else f"{group}.{split}"
    tokens = np.load(folder / f"{base}.tokens.npy")
    starts = np.load(folder / f"{base}.documents.npy")
    sizes = np.load(folder / f"{base}.bytes.npy")
    lines = (folder / f"{base}.documents.jsonl").read_text().splitlines()
    assert len(starts) == len(sizes) + 1 == len(lines) + 1 and starts[-1] == len(tokens)
    found = {}
    for n, line in enumerate(lines):
        document = tokens[starts[n] : starts[n + 1]].tolist()
        assert document[0] == 1 and document[-1] == 2
        found[json.loads(line)["id"]] = (tokenizer.decode(document), int(sizes[n]))
    return found


def test_everything_is_kept_dropped_or_held_out(
    corpus: Path, tmp_path: Path, tokenizer: Any
) -> None:
    out = tmp_path / "made" / "shards"
    manifest = prepare(spec(corpus), tokenizer, out, seed=1)
    assert set(manifest.groups) == {"domain", "general"}
    train = {g: read(out, g, "train", tokenizer) for g in manifest.groups}
    held_out = {g: read(out, g, "validation", tokenizer) for g in manifest.groups}
    originals = {
        record["id"]: record["text"]
        for file in (corpus / "stats/b.jsonl", corpus / "general/g.jsonl")
        for record in map(json.loads, file.read_text().splitlines())
    }
    with gzip.open(corpus / "stats/a.jsonl.gz", "rt", newline="\n") as lines:
        originals |= {record["id"]: record["text"] for record in map(json.loads, lines)}
    documents = {**train["domain"], **train["general"], **held_out["domain"], **held_out["general"]}
    assert set(originals) - set(documents) == {"a/7", "a/11", "a/12", "g/5", "g/30"}
    for name, (text, size) in documents.items():
        assert text == unicodedata.normalize("NFC", originals[name]).strip()
        assert size == len(text.encode())
    for group in manifest.groups:
        for split, found in ((train, "train"), (held_out, "validation")):
            counts = getattr(manifest.groups[group], found)
            assert counts.documents == len(split[group])
            assert counts.bytes == sum(size for _, size in split[group].values())
            assert counts.tokens == counts.bytes + 2 * counts.documents
    assert 0 < len(held_out["domain"]) < 20
    assert manifest.dropped() == {
        "contaminated": 1, "empty": 1, "exact_duplicate": 2, "too_short": 1
    }  # fmt: skip


def test_the_manifest_tells_where_everything_comes_from(
    corpus: Path, tmp_path: Path, tokenizer: Any
) -> None:
    manifest = prepare(spec(corpus), tokenizer, tmp_path / "shards", seed=1)
    a, b = manifest.groups["domain"].sources
    assert (a.path, b.path) == ("stats/a.jsonl.gz", "stats/b.jsonl")
    for source in (a, b):
        content = (corpus / source.path).read_bytes()
        assert source.sha256 == hashlib.sha256(content).hexdigest()
        assert source.read == source.kept + source.held_out + sum(source.dropped.values())
        assert sum(source.licences.values()) == source.kept + source.held_out
    assert (a.read, b.read) == (60, 20)
    assert a.dropped == {"empty": 1, "exact_duplicate": 1, "too_short": 1}
    assert set(a.licences) == {"MIT"} and set(b.licences) == {"CC0"}
    assert a.tokens + b.tokens == manifest.groups["domain"].train.tokens
    assert a.bytes + b.bytes == manifest.groups["domain"].train.bytes
    assert [entry.path for entry in manifest.skipped] == ["stats/held_TEST.jsonl"]
    [match] = manifest.contaminated
    assert (match.document, match.source) == ("g/5", "g")
    assert match.item.endswith("items_TEST.jsonl:1")
    assert manifest.test_sets[0].items == 1
    assert manifest.tokenizer.digest == tokenizer.digest and manifest.dtype == "uint16"
    weights = {name: group.weight for name, group in manifest.groups.items()}
    assert weights == {"domain": 60.0, "general": 30.0}
    text = (tmp_path / "shards/manifest.json").read_text()
    assert str(tmp_path) not in text.replace(str(tmp_path / "items_TEST.jsonl"), "")


def test_the_same_inputs_give_the_same_bytes(corpus: Path, tmp_path: Path, tokenizer: Any) -> None:
    for name in ("one", "two"):
        prepare(spec(corpus), tokenizer, tmp_path / name, seed=3)
    one = {file.name: file.read_bytes() for file in (tmp_path / "one").iterdir()}
    two = {file.name: file.read_bytes() for file in (tmp_path / "two").iterdir()}
    assert one == two and len(one) == 17


def test_a_finished_folder_is_reused_for_the_same_inputs_only(
    corpus: Path, tmp_path: Path, tokenizer: Any, other_tokenizer: Any
) -> None:
    out = tmp_path / "shards"
    made = prepare(spec(corpus), tokenizer, out, seed=1)
    stamp = (out / "manifest.json").stat().st_mtime_ns
    assert prepare(spec(corpus), tokenizer, out, seed=1) == made
    assert (out / "manifest.json").stat().st_mtime_ns == stamp
    changes: list[tuple[MixtureSpec, Any, int]] = [
        (spec(corpus), tokenizer, 2),
        (spec(corpus), other_tokenizer, 1),
        (spec(corpus, 0.2), tokenizer, 1),
        (MixtureSpec(spec(corpus).groups[:1], base=corpus), tokenizer, 1),
    ]
    for mixture, by, seed in changes:
        with pytest.raises(InputError, match="holds token shards made from other inputs"):
            prepare(mixture, by, out, seed=seed)
    with (corpus / "stats/b.jsonl").open("a") as file:
        file.write(json.dumps({"text": article("new", 1)}) + "\n")
    with pytest.raises(InputError, match="made from other inputs"):
        prepare(spec(corpus), tokenizer, out, seed=1)
    assert PackedDataset(out, 16, 0, tokenizer=tokenizer, thorough=True).manifest == made


def test_a_reused_folder_is_checked(corpus: Path, tmp_path: Path, tokenizer: Any) -> None:
    out = tmp_path / "shards"
    prepare(spec(corpus), tokenizer, out)
    with (out / "domain.tokens.npy").open("r+b") as file:
        file.truncate(100)
    with pytest.raises(InputError, match="is cut off"):
        prepare(spec(corpus), tokenizer, out)


def test_a_folder_with_something_else_is_left_alone(
    corpus: Path, tmp_path: Path, tokenizer: Any
) -> None:
    out = tmp_path / "mine"
    out.mkdir()
    prepare(spec(corpus), tokenizer, out)  # an empty one is filled
    shutil.rmtree(out)
    out.mkdir()
    (out / "thesis.txt").write_text("years of work")
    with pytest.raises(InputError, match="holds no token shards"):
        prepare(spec(corpus), tokenizer, out)
    assert (out / "thesis.txt").read_text() == "years of work"
    with pytest.raises(InputError, match="lies within the source"):
        prepare(spec(corpus), tokenizer, corpus / "stats" / "shards")


class Failing:
    """A tokenizer that breaks down after some batches."""

    def __init__(self, tokenizer: Any, error: Exception) -> None:
        self._tokenizer, self._error, self.calls = tokenizer, error, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tokenizer, name)

    def encode_many(self, texts: list[str]) -> Any:
        self.calls += 1
        if self.calls == 2:
            raise self._error
        return self._tokenizer.encode_many(texts)


@pytest.mark.parametrize("error", [RuntimeError("broken"), OSError(28, "No space left on device")])
def test_nothing_is_left_after_a_failure(
    corpus: Path, tmp_path: Path, tokenizer: Any, error: Exception
) -> None:
    before = sorted(tmp_path.iterdir())
    expected = InputError if isinstance(error, OSError) else RuntimeError
    with pytest.raises(expected, match=r"No space left|broken"):
        prepare(spec(corpus), Failing(tokenizer, error), tmp_path / "shards")
    assert sorted(tmp_path.iterdir()) == before


def test_what_a_killed_run_left_is_removed_after_a_day(
    corpus: Path, tmp_path: Path, tokenizer: Any
) -> None:
    old, fresh = (tmp_path / f".shards.{n}.preparing" for n in ("0a", "0b"))
    for folder in (old, fresh):
        folder.mkdir()
        (folder / "domain.tokens.npy").touch()
    yesterday = time.time() - 90_000
    os.utime(old / "domain.tokens.npy", (yesterday, yesterday))
    prepare(spec(corpus), tokenizer, tmp_path / "shards")
    assert not old.exists() and fresh.exists()


def test_progress_is_told(corpus: Path, tmp_path: Path, tokenizer: Any) -> None:
    seen: list[PrepareProgress] = []
    manifest = prepare(spec(corpus), tokenizer, tmp_path / "shards", progress=seen.append)
    assert [(p.file, p.files) for p in seen] == [
        ("stats/a.jsonl.gz", 0),
        ("stats/a.jsonl.gz", 1),
        ("stats/b.jsonl", 1),
        ("stats/b.jsonl", 2),
        ("general/g.jsonl", 2),
        ("general/g.jsonl", 3),
    ]
    assert {p.total_files for p in seen} == {3}
    assert seen[-1].documents == 111 and seen[-1].tokens == manifest.total().tokens


def one_group(*sources: Path, fraction: float = 0.01) -> MixtureSpec:
    return MixtureSpec((Group("g", 1.0, sources),), validation_fraction=fraction)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.jsonl", "", r"a\.jsonl: holds no document"),
        ("a.jsonl", '{"text": "x"}\n{"text": ', r"a\.jsonl:2: is not JSON"),
        ("a.jsonl", '{"text": "Home"}', r"none of 1 documents was kept .*too_short 1"),
        ("a_TEST.jsonl", '{"text": "x"}', "for evaluation only"),
    ],
)
def test_sources_that_give_nothing(
    tmp_path: Path, tokenizer: Any, name: str, content: str, message: str
) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(InputError, match=message):
        prepare(one_group(tmp_path / name), tokenizer, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_missing_source_and_an_unknown_language(tmp_path: Path, tokenizer: Any) -> None:
    with pytest.raises(InputError, match="does not exist"):
        prepare(one_group(tmp_path / "no"), tokenizer, tmp_path / "out")
    (tmp_path / "a.txt").write_text(article("x", 1))
    mixture = MixtureSpec((Group("g", 1.0, (tmp_path / "a.txt",)),), languages=("klingon",))
    with pytest.raises(InputError, match="unknown language klingon"):
        prepare(mixture, tokenizer, tmp_path / "out")


@pytest.mark.parametrize("count", [2, 5])
def test_few_documents_still_hold_one_out(tmp_path: Path, tokenizer: Any, count: int) -> None:
    write_records(tmp_path / "a.jsonl", [article("x", n) for n in range(count)], "a")
    manifest: Manifest = prepare(
        one_group(tmp_path / "a.jsonl", fraction=1e-9), tokenizer, tmp_path / "out"
    )
    assert manifest.total("validation").documents == 1
    assert manifest.total().documents == count - 1
    assert 0 < manifest.validation_fraction < 1
    none = prepare(one_group(tmp_path / "a.jsonl", fraction=0), tokenizer, tmp_path / "none")
    assert none.total("validation").documents == 0


def test_a_single_document_is_not_held_out(tmp_path: Path, tokenizer: Any) -> None:
    (tmp_path / "a.txt").write_text(article("x", 1))
    manifest = prepare(one_group(tmp_path / "a.txt"), tokenizer, tmp_path / "out")
    assert manifest.total().documents == 1
    with pytest.raises(InputError, match="holds no validation documents"):
        PackedDataset(tmp_path / "out", 8, 0).validation()


def test_validation_documents_stay_the_same_when_others_are_added(
    tmp_path: Path, tokenizer: Any
) -> None:
    texts = [article("x", n) for n in range(200)]
    held_out = []
    for count in (100, 200):
        write_records(tmp_path / "a.jsonl", texts[:count], "a")
        out = tmp_path / f"out{count}"
        prepare(one_group(tmp_path / "a.jsonl", fraction=0.1), tokenizer, out)
        held_out.append(set(read(out, "g", "validation", tokenizer)))
    assert held_out[0] == {n for n in held_out[1] if int(n.split("/")[1]) < 100}
    assert 8 < len(held_out[1]) < 35  # 20 expected


def test_the_split_goes_by_source_and_id_alone() -> None:
    documents = [
        Document("text", "1", "a", "MIT"),
        Document("other text", "1", "a", "CC0"),
        Document("text", "2", "a", "MIT"),
        Document("text", "1", "b", "MIT"),
    ]
    places = [place_of(document) for document in documents]
    assert places[0] == places[1] and len(set(places)) == 3
    assert places[0] == PINNED


PINNED = 0.8028205869559715


def test_a_large_vocabulary_takes_four_bytes(tmp_path: Path, tokenizer: Any) -> None:
    class Large:
        vocab_size = 70_000

        def __getattr__(self, name: str) -> Any:
            return getattr(tokenizer, name)

        def encode_many(self, texts: list[str]) -> list[list[int]]:
            return [[69_000 + len(text) % 900] * 3 for text in texts]

    write_records(tmp_path / "a.jsonl", [article("x", n) for n in range(5)], "a")
    manifest = prepare(one_group(tmp_path / "a.jsonl"), Large(), tmp_path / "out")
    assert manifest.dtype == "uint32"
    assert np.load(tmp_path / "out/g.tokens.npy").max() >= 69_000
