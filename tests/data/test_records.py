"""Records as batches: each once an epoch, on its own, the same from any start."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from havoc.data.record_syntax import read_preferences, read_records
from havoc.data.records import PreferenceDataset, SftDataset
from havoc.data.rendering import Rendered, render, render_pair
from havoc.errors import InputError

# A record has 4 tokens besides its two texts: bos, user, assistant, eos.
LENGTHS = st.lists(st.tuples(st.integers(1, 12), st.integers(1, 12)), min_size=1, max_size=25)


def write(folder: Path, records: list[dict[str, str]]) -> Path:
    file = folder / "records.jsonl"
    file.write_text("".join(json.dumps(record) + "\n" for record in records))
    return file


def sft_file(folder: Path, lengths: list[tuple[int, int]]) -> Path:
    """Records with prompts and completions of these lengths, no two alike."""
    letters = [chr(n) for n in range(33, 127)]
    return write(
        folder,
        [
            {"prompt": letters[n] * p, "completion": letters[n] * c}
            for n, (p, c) in enumerate(lengths)
        ],
    )


def expected_row(rendered: Rendered) -> tuple[list[int], list[int]]:
    """Inputs and targets of a record, by definition."""
    targets = [
        i if loss else -100 for i, loss in zip(rendered.ids[1:], rendered.loss[1:], strict=True)
    ]
    return rendered.ids, [*targets, -100]


@settings(max_examples=60)
@given(LENGTHS, st.integers(27, 70), st.integers(0, 3), st.integers(0, 9))
def test_every_record_once_an_epoch_as_a_segment(
    tmp_path_factory: pytest.TempPathFactory,
    tokenizer: Any,
    lengths: list[tuple[int, int]],
    length: int,
    epoch: int,
    seed: int,
) -> None:
    file = sft_file(tmp_path_factory.mktemp("sft"), lengths)
    dataset = SftDataset([file], tokenizer, length, seed)
    count = dataset.sequences_per_epoch
    batch = dataset.batch(range(epoch * count, (epoch + 1) * count))
    found = []
    for tokens, targets, segments in zip(batch.tokens, batch.targets, batch.segments, strict=True):
        assert segments[0] == 0 and set(np.diff(segments)) <= {0, 1}
        for segment in range(segments[-1] + 1):
            inside = segments == segment
            piece, wanted = tokens[inside].tolist(), targets[inside].tolist()
            if piece[0] == 0:
                assert set(piece) == {0} and set(wanted) == {-100}
                continue
            if piece[-1] != 2:  # the eos of the last record may be a target only
                assert inside[-1] and wanted[-1] == 2
                piece, wanted = [*piece, 2], [*wanted, -100]
            found.append((piece, wanted))
    expected = [expected_row(render(record, tokenizer)) for record in read_records([file])]
    assert sorted(found) == sorted(expected)
    assert dataset.records == len(lengths) and not dataset.too_long


@settings(max_examples=40)
@given(LENGTHS, st.integers(27, 70))
def test_packing_wastes_less_than_half(
    tmp_path_factory: pytest.TempPathFactory,
    tokenizer: Any,
    lengths: list[tuple[int, int]],
    length: int,
) -> None:
    """First fit leaves at most one sequence half empty (Johnson 1973)."""
    dataset = SftDataset([sft_file(tmp_path_factory.mktemp("f"), lengths)], tokenizer, length, 0)
    used = (dataset.batch(range(dataset.sequences_per_epoch)).tokens != 0).sum(axis=1)
    assert sum(used < length / 2) <= 1


def test_records_that_fill_a_sequence_exactly_share_it(tmp_path: Path, tokenizer: Any) -> None:
    # 10 + 11 tokens are 20 inputs: the last one is a target only.
    dataset = SftDataset([sft_file(tmp_path, [(3, 3), (3, 4)])], tokenizer, 20, 0)
    assert dataset.sequences_per_epoch == 1
    assert 0 not in dataset.batch([0]).tokens


def test_any_start_gives_the_same_samples(tmp_path: Path, tokenizer: Any) -> None:
    file = sft_file(tmp_path, [(n % 9 + 1, n % 5 + 1) for n in range(60)])
    dataset = SftDataset([file], tokenizer, 40, 3)
    indices = list(range(5 * dataset.sequences_per_epoch))
    straight = dataset.batch(indices)
    random.Random(0).shuffle(indices)
    for index in indices:
        one = SftDataset([file], tokenizer, 40, 3) if index % 9 == 0 else dataset
        again = one.batch([index])
        for name in ("tokens", "targets", "segments"):
            assert np.array_equal(getattr(again, name)[0], getattr(straight, name)[index])
    count = dataset.sequences_per_epoch
    first, second = straight.tokens[:count].tolist(), straight.tokens[count : 2 * count].tolist()
    assert first != second and sorted(first) == sorted(second)
    assert SftDataset([file], tokenizer, 40, 4).batch(range(count)).tokens.tolist() != first


def test_what_is_too_long_is_listed(tmp_path: Path, tokenizer: Any) -> None:
    # A record of n tokens needs n - 1 inputs.
    file = sft_file(tmp_path, [(3, 4), (10, 7), (10, 8), (1, 1)])
    dataset = SftDataset([file], tokenizer, 20, 0)
    assert [(entry.where, entry.tokens) for entry in dataset.too_long] == [(f"{file}:3", 22)]
    assert dataset.records == 3
    with pytest.raises(InputError, match=r"records\.jsonl:4: none of 4 .* sequence length of 5"):
        SftDataset([file], tokenizer, 4, 0)
    assert SftDataset([file], tokenizer, 5, 0).records == 1


def test_digests_tell_data_seed_and_length_apart(tmp_path: Path, tokenizer: Any) -> None:
    file = sft_file(tmp_path, [(3, 4), (5, 6)])
    digest = SftDataset([file], tokenizer, 30, 0).digest
    assert SftDataset([file], tokenizer, 30, 0).digest == digest
    others = [SftDataset([file], tokenizer, 31, 0), SftDataset([file], tokenizer, 30, 1)]
    sft_file(tmp_path, [(3, 4), (6, 5)])
    others.append(SftDataset([file], tokenizer, 30, 0))
    assert len({digest, *(other.digest for other in others)}) == 4


def pair_file(folder: Path, count: int) -> Path:
    return write(
        folder,
        [
            {"prompt": f"q{n}" * (n % 4 + 1), "chosen": "yes" * n or "y", "rejected": "no!"}
            for n in range(count)
        ],
    )


def test_pairs_are_padded_to_one_length(tmp_path: Path, tokenizer: Any) -> None:
    file = pair_file(tmp_path, 12)
    dataset = PreferenceDataset([file], tokenizer, 256, 1)
    assert dataset.pairs == 12
    batch = dataset.batch(range(12))
    found = []
    assert batch.chosen.tokens.shape == batch.rejected.tokens.shape == (12, 64)
    for n in range(12):
        pair = []
        for side in (batch.chosen, batch.rejected):
            real = side.tokens[n] != 0
            assert side.segments[n].tolist() == (~real).astype(int).tolist()
            assert set(side.targets[n][~real]) == {-100}
            pair.append((side.tokens[n][real].tolist(), side.targets[n][real].tolist()))
        found.append(tuple(pair))
    expected = [
        tuple(expected_row(side) for side in render_pair(preference, tokenizer))
        for preference in read_preferences([file])
    ]
    assert sorted(found) == sorted(expected)
    again = PreferenceDataset([file], tokenizer, 256, 1).batch([17])
    assert (
        again.chosen.tokens[0].tolist()[:40] == dataset.batch([17]).chosen.tokens[0][:40].tolist()
    )
    orders = [dataset.batch(range(s, s + 12)).chosen.tokens.tolist() for s in (0, 12)]
    assert orders[0] != orders[1] and sorted(orders[0]) == sorted(orders[1])


def test_pairs_that_are_too_long(tmp_path: Path, tokenizer: Any) -> None:
    file = pair_file(tmp_path, 12)
    dataset = PreferenceDataset([file], tokenizer, 30, 0)
    sizes = {
        preference.where: max(len(side.ids) for side in render_pair(preference, tokenizer))
        for preference in read_preferences([file])
    }
    assert {e.where: e.tokens for e in dataset.too_long} == {
        w: n for w, n in sizes.items() if n > 31
    }
    assert dataset.pairs + len(dataset.too_long) == 12
    assert dataset.batch(range(dataset.pairs)).chosen.tokens.shape[1] == 30
    with pytest.raises(InputError, match="none of 12 records fits into 5 tokens"):
        PreferenceDataset([file], tokenizer, 5, 0)
    assert dataset.digest != PreferenceDataset([file], tokenizer, 30, 1).digest


def test_negative_samples_are_refused(tmp_path: Path, tokenizer: Any) -> None:
    with pytest.raises(InputError, match="samples start at 0"):
        SftDataset([sft_file(tmp_path, [(1, 1)])], tokenizer, 30, 0).batch([-1])
