"""Packing: nothing lost, nothing twice, nothing across documents, the same from any start."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from havoc.data.packing import PackedDataset
from havoc.errors import InputError

SIZES = st.lists(st.integers(2, 30), min_size=1, max_size=15)
WriteShards = Callable[..., Path]


def documents_of(dataset: PackedDataset, split: str = "train") -> list[list[int]]:
    """All documents of a one-group folder, read without the code that is tested."""
    name = "a" if split == "train" else "a.validation"
    tokens = np.load(dataset.folder / f"{name}.tokens.npy")
    starts = np.load(dataset.folder / f"{name}.documents.npy")
    return [tokens[s:e].tolist() for s, e in pairwise(starts)]


@settings(max_examples=60)
@given(SIZES, st.integers(1, 40), st.integers(0, 3), st.integers(0, 99))
def test_an_epoch_is_every_document_once(
    write_shards: WriteShards, sizes: list[int], length: int, epoch: int, seed: int
) -> None:
    dataset = PackedDataset(write_shards({"a": (1, sizes, [])}), length, seed)
    count = dataset.sequences_per_epoch("a")
    samples = [dataset.sample(epoch * count + n) for n in range(count)]
    pairs: Counter[tuple[int, int]] = Counter()
    inputs: Counter[int] = Counter()
    padded = 0
    for sample in samples:
        assert sample.tokens.shape == sample.segments.shape == (length + 1,)
        tokens = sample.tokens.tolist()
        padded += 0 in tokens
        inputs.update(token for token in tokens[:-1] if token != 0)
        inside = np.diff(sample.segments) == 0
        pairs.update(
            pair for pair, same in zip(pairwise(tokens), inside, strict=True) if same and any(pair)
        )
    documents = documents_of(dataset)
    # every token follows the one before it in its document, once
    assert pairs == Counter(pair for document in documents for pair in pairwise(document))
    # and is an input once, but for the very last one where it fills the last window
    missing = Counter(token for document in documents for token in document) - inputs
    assert missing in (Counter(), Counter([2])) and padded <= 1


def test_windows_come_in_random_order(write_shards: WriteShards) -> None:
    """Otherwise a batch would hold neighbours out of one long document."""
    dataset = PackedDataset(write_shards({"a": (1, [4000], [])}), 10, 0)
    count = dataset.sequences_per_epoch("a")
    first = [int(dataset.sample(n).tokens[1]) for n in range(count)]
    again = [int(dataset.sample(count + n).tokens[1]) for n in range(count)]
    assert sorted(first) == sorted(again) and first != again
    neighbours = sum(abs(a - b) <= 10 for a, b in pairwise(first))
    assert neighbours < count / 20


@settings(max_examples=60)
@given(SIZES, st.integers(1, 40), st.integers(0, 200))
def test_segments_are_documents(
    write_shards: WriteShards, sizes: list[int], length: int, index: int
) -> None:
    dataset = PackedDataset(write_shards({"a": (1, sizes, [])}), length, 0)
    owner = {}
    for number, document in enumerate(documents_of(dataset)):
        owner.update({token: number for token in document if token >= 128})
    sample = dataset.sample(index)
    assert sample.segments[0] == 0
    assert set(np.diff(sample.segments)) <= {0, 1}
    for segment in range(sample.segments[-1] + 1):
        tokens = sample.tokens[sample.segments == segment].tolist()
        assert len({owner[token] for token in tokens if token >= 128}) <= 1
        # bos only at the beginning, eos only at the end, padding on its own.
        assert 1 not in tokens[1:] and 2 not in tokens[:-1]
        assert set(tokens) == {0} or 0 not in tokens


@settings(max_examples=40)
@given(SIZES, st.integers(1, 40))
def test_targets_are_the_next_tokens_within_documents(
    write_shards: WriteShards, sizes: list[int], length: int
) -> None:
    dataset = PackedDataset(write_shards({"a": (1, sizes, [])}), length, 3)
    count = dataset.sequences_per_epoch("a")
    batch = dataset.batch(range(count))
    for array in (batch.tokens, batch.targets, batch.segments):
        assert array.shape == (count, length) and array.dtype == np.int32
    asked, predicted = [], []
    for row, sample in enumerate(dataset.sample(n) for n in range(count)):
        assert batch.tokens[row].tolist() == sample.tokens[:-1].tolist()
        assert batch.segments[row].tolist() == sample.segments[:-1].tolist()
        for place in range(length):
            same = sample.segments[place] == sample.segments[place + 1]
            real = sample.tokens[place + 1] != 0
            expected = sample.tokens[place + 1] if same and real else -100
            assert batch.targets[row, place] == expected
    predicted = sorted(batch.targets[batch.targets != -100].tolist())
    asked = sorted(token for document in documents_of(dataset) for token in document[1:])
    assert predicted == asked  # every token once, except bos


GROUPS: dict[str, Any] = {
    "big": (60, [9, 30, 14, 22, 5, 41], [12, 7]),
    "small": (30, [6, 18], []),
    "tiny": (10, [3], [4, 50]),
}


@settings(max_examples=20)
@given(st.integers(0, 20_000), st.integers(0, 5))
def test_a_fresh_start_at_any_sample_is_the_same(
    write_shards: WriteShards, index: int, seed: int
) -> None:
    folder = write_shards(GROUPS)
    dataset = PackedDataset(folder, 16, seed)
    indices = list(range(index, index + 12))
    straight = dataset.batch(indices)
    random.Random(index).shuffle(indices)
    for place in indices:
        again = PackedDataset(folder, 16, seed).sample(place)
        assert again.tokens[:-1].tolist() == straight.tokens[place - index].tolist()
        assert again.tokens.tolist() == dataset.sample(place).tokens.tolist()
        assert again.segments.tolist() == dataset.sample(place).segments.tolist()


def test_epochs_and_seeds_differ(write_shards: WriteShards) -> None:
    folder = write_shards({"a": (1, [7] * 30, [])})
    dataset = PackedDataset(folder, 20, 0)
    count = dataset.sequences_per_epoch("a")

    def epoch(number: int, seed: int) -> list[list[int]]:
        data = PackedDataset(folder, 20, seed)
        return data.batch(range(number * count, (number + 1) * count)).tokens.tolist()

    assert epoch(0, 0) != epoch(1, 0)
    assert epoch(0, 0) != epoch(0, 1)
    assert dataset.epochs(3 * count) == {"a": 3.0}


def test_groups_come_by_weight_and_weights_can_be_replaced(write_shards: WriteShards) -> None:
    folder = write_shards(GROUPS)
    dataset = PackedDataset(folder, 8, 0)
    groups = [dataset.mixture.assign(n)[0] for n in range(1000)]
    assert [groups.count(name) for name in GROUPS] == [600, 300, 100]
    other = PackedDataset(folder, 8, 0, weights={"tiny": 1, "big": 3})
    assert other.weights == {"big": 3.0, "tiny": 1.0}
    assert {other.mixture.assign(n)[0] for n in range(1000)} == {"big", "tiny"}
    assert other.digest != dataset.digest
    with pytest.raises(InputError, match="unknown group 'huge'; the shards hold: big, small, tiny"):
        PackedDataset(folder, 8, 0, weights={"huge": 1})


def test_the_digest_is_the_identity_of_the_samples(write_shards: WriteShards) -> None:
    folder = write_shards(GROUPS)
    same = PackedDataset(write_shards(GROUPS), 16, 0).digest
    assert PackedDataset(folder, 16, 0).digest == same
    changed = {**GROUPS, "small": (30, [6, 19], [])}
    others = [
        PackedDataset(folder, 17, 0),
        PackedDataset(folder, 16, 1),
        PackedDataset(folder, 16, 0, "validation"),
        PackedDataset(write_shards(changed), 16, 0),
    ]
    assert len({same, *(other.digest for other in others)}) == 5


@settings(max_examples=40)
@given(SIZES, SIZES, st.integers(1, 40), st.integers(1, 9))
def test_validation_covers_whole_documents(
    write_shards: WriteShards, train: list[int], held_out: list[int], length: int, rows: int
) -> None:
    dataset = PackedDataset(write_shards({"a": (1, train, held_out)}), length, 0)
    validation = dataset.validation(batch_size=rows)
    targets = [b.targets[b.targets >= 0].tolist() for b in validation]
    documents = documents_of(dataset, "validation")
    assert sorted(t for part in targets for t in part) == sorted(
        token for document in documents for token in document[1:]
    )
    assert validation.targets == sum(map(len, targets))
    assert validation.documents == len(held_out)
    assert validation.bytes == sum(size - 2 for size in held_out)
    assert validation.sequences == sum(len(b.tokens) for b in validation)  # a second pass


@settings(max_examples=40)
@given(st.lists(st.integers(2, 60), min_size=1, max_size=40), st.integers(1, 12))
def test_a_limit_takes_whole_documents_that_fit(
    write_shards: WriteShards, sizes: list[int], limit: int
) -> None:
    dataset = PackedDataset(write_shards({"a": (1, [5], sizes)}), 10, 0)
    if min(sizes) > limit * 10:
        with pytest.raises(InputError, match="raise the limit"):
            dataset.validation(limit)
        return
    validation = dataset.validation(limit)
    assert validation.sequences <= limit
    found = sorted(t for b in validation for t in b.targets[b.targets > 2].tolist())
    documents = documents_of(dataset, "validation")
    chosen = [d for d in documents if d[1] in found or len(d) == 2]
    bodies = sorted(token for document in chosen for token in document[1:-1])
    assert found == bodies
    assert validation.bytes == len(bodies)


def test_a_limit_is_shared_out_by_size(write_shards: WriteShards) -> None:
    groups = {"a": (1, [5], [10] * 300), "b": (1, [5], [10] * 100), "c": (1, [5], [10])}
    dataset = PackedDataset(write_shards(groups), 10, 0)
    validation = dataset.validation(40)
    assert validation.documents == 29 + 9 + 1 and validation.sequences <= 40
    assert dataset.validation(1).sequences == 3  # at least one of each


def test_validation_by_group_does_not_depend_on_the_seed(write_shards: WriteShards) -> None:
    folder = write_shards(GROUPS)
    dataset = PackedDataset(folder, 8, 0)
    assert dataset.validation(groups=["big"]).bytes == 10 + 5
    assert dataset.validation(groups=["tiny", "big"]).bytes == 10 + 5 + 2 + 48
    assert dataset.validation().documents == 4
    first, second = (list(PackedDataset(folder, 8, s).validation(6)) for s in (0, 1))
    assert [b.tokens.tolist() for b in first] == [b.tokens.tolist() for b in second]
    with pytest.raises(InputError, match="holds no validation documents"):
        dataset.validation(groups=["small"])
    with pytest.raises(InputError, match="unknown group 'x'"):
        dataset.validation(groups=["x"])


def test_the_validation_split_as_samples(write_shards: WriteShards) -> None:
    dataset = PackedDataset(write_shards(GROUPS), 8, 0, "validation")
    assert set(dataset.weights) == {"big", "tiny"}
    files = [dataset.folder / f"{name}.validation.tokens.npy" for name in ("big", "tiny")]
    expected = {int(token) for file in files for token in np.load(file)}
    assert {int(t) for n in range(200) for t in dataset.sample(n).tokens} - {0} == expected
    nothing = write_shards({"a": (1, [5], [])})
    with pytest.raises(InputError, match="larger validation_fraction"):
        PackedDataset(nothing, 8, 0, "validation")
    with pytest.raises(InputError, match="larger validation_fraction"):
        PackedDataset(nothing, 8, 0).validation()
    with pytest.raises(InputError, match="unknown split 'test'"):
        PackedDataset(nothing, 8, 0, "test")


@pytest.mark.parametrize("length", [0, -1, 1.5, True])
def test_bad_lengths(write_shards: WriteShards, length: object) -> None:
    with pytest.raises(InputError, match="sequence_length"):
        PackedDataset(write_shards({"a": (1, [5], [])}), length, 0)  # type: ignore[arg-type]


def test_documents_longer_than_many_windows(write_shards: WriteShards) -> None:
    dataset = PackedDataset(write_shards({"a": (1, [5000, 3, 2], [])}), 7, 0)
    count = dataset.sequences_per_epoch("a")
    assert count == -(-5004 // 7)
    predicted = dataset.batch(range(count)).targets
    assert (predicted >= 0).sum() == 5005 - 3
