"""Records for fine-tuning and preference pairs as batches, by random access."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from havoc.data.manifest import digest_of
from havoc.data.packing import IGNORED, Batch, check_length
from havoc.data.randomness import check_seed, permutation
from havoc.data.record_syntax import read_preferences, read_records
from havoc.data.rendering import RecordTokenizer, Rendered, render, render_pair
from havoc.errors import InputError

_ROUNDING = 64  # lengths of padded pairs are multiples of this, so that few shapes occur


@dataclass(frozen=True, slots=True)
class TooLong:
    """A record that was left out: file and line, and how many tokens it has."""

    where: str
    tokens: int


@dataclass(frozen=True, slots=True)
class PairBatch:
    """The chosen and the rejected answers to the same prompts, both [B, T] with the same T."""

    chosen: Batch
    rejected: Batch


class _Records:
    """Rendered records end to end: ``ids`` int32 and ``loss`` bool [tokens], ``starts``."""

    def __init__(self, rendered: Iterable[Rendered]) -> None:
        ids: list[NDArray[np.int32]] = []
        loss: list[NDArray[np.bool_]] = []
        for record in rendered:
            ids.append(np.array(record.ids, dtype=np.int32))
            loss.append(np.array(record.loss, dtype=np.bool_))
        self.sizes = np.array([len(part) for part in ids], dtype=np.int64)
        self.starts = np.concatenate([[0], np.cumsum(self.sizes)])
        self.ids = np.concatenate(ids)
        self.loss = np.concatenate(loss)

    def fill(
        self, number: int, place: int, tokens: NDArray[np.int32], targets: NDArray[np.int32]
    ) -> int:
        """Write a record into a row from ``place`` on; the place after it.

        A target stands where the next token is the assistant's. The last token of a row
        may be a target only, which is why a row takes one token more than it is long.
        """
        start, end = self.starts[number], self.starts[number + 1]
        inputs = self.ids[start : end - 1]
        tokens[place : place + len(inputs)] = inputs
        targets[place : place + len(inputs)] = np.where(
            self.loss[start + 1 : end], self.ids[start + 1 : end], IGNORED
        )
        after = place + len(inputs)
        if after < len(tokens):
            tokens[after] = self.ids[end - 1]
        return after + 1

    @property
    def digest(self) -> str:
        content = hashlib.sha256()
        for array in (self.sizes, self.ids, self.loss):
            content.update(np.ascontiguousarray(array).tobytes())
        return content.hexdigest()


class SftDataset:
    """Fine-tuning records packed into sequences, each record a segment of its own.

    Records are put first-fit, in an order drawn from ``seed``, into sequences of
    ``sequence_length`` inputs; each epoch takes the sequences in another order. Sample
    ``index`` is sequence ``index % sequences_per_epoch`` of epoch ``index //
    sequences_per_epoch``. Records that are longer are left out and listed in ``too_long``.

    InputError: what ``read_records`` refuses, or no record fits.
    """

    def __init__(
        self,
        files: Sequence[str | os.PathLike[str]],
        tokenizer: RecordTokenizer,
        sequence_length: int,
        seed: int,
    ) -> None:
        self.sequence_length = check_length(sequence_length)
        self.seed = check_seed(seed)
        self.too_long: list[TooLong] = []
        self._pad = tokenizer.pad
        fitting: list[Rendered] = []
        for record in read_records(files):
            rendered = render(record, tokenizer)
            if len(rendered.ids) > sequence_length + 1:
                self.too_long.append(TooLong(record.where, len(rendered.ids)))
            else:
                fitting.append(rendered)
        if not fitting:
            raise _none_fits(self.too_long, sequence_length)
        self._records = _Records(fitting)
        self._rows = _first_fit(
            self._records.sizes, permutation(len(fitting), "records", seed), sequence_length + 1
        )
        self._epoch = -1
        self._order: NDArray[np.int64] = np.empty(0, dtype=np.int64)

    @property
    def records(self) -> int:
        """Records that are trained on."""
        return len(self._records.sizes)

    @property
    def sequences_per_epoch(self) -> int:
        """Sequences that hold every record once."""
        return len(self._rows)

    @property
    def digest(self) -> str:
        """Identity of all samples: records, seed and length (SHA-256)."""
        return digest_of(["sft", self._records.digest, self.seed, self.sequence_length])

    def batch(self, indices: Sequence[int]) -> Batch:
        """The samples of ``indices``; padding has the segment after the last record."""
        shape = (len(indices), self.sequence_length)
        tokens = np.full(shape, self._pad, dtype=np.int32)
        targets = np.full(shape, IGNORED, dtype=np.int32)
        segments = np.empty(shape, dtype=np.int32)
        for row, index in enumerate(indices):
            numbers = self._rows[self._row_of(index)]
            place = 0
            for segment, number in enumerate(numbers):
                after = self._records.fill(number, place, tokens[row], targets[row])
                segments[row, place:after] = segment
                place = after
            segments[row, place:] = len(numbers)
        return Batch(tokens, targets, segments)

    def _row_of(self, index: int) -> int:
        epoch, place = divmod(_check_index(index), len(self._rows))
        if epoch != self._epoch:
            self._order = permutation(len(self._rows), "sequences", self.seed, epoch)
            self._epoch = epoch
        return int(self._order[place])


class PreferenceDataset:
    """Preference records as padded pairs; each epoch takes them in another order.

    The loss counts the two answers only. Pairs of which one side has more than
    ``sequence_length`` inputs are left out and listed in ``too_long``.

    InputError: what ``read_preferences`` refuses, or no pair fits.
    """

    def __init__(
        self,
        files: Sequence[str | os.PathLike[str]],
        tokenizer: RecordTokenizer,
        sequence_length: int,
        seed: int,
    ) -> None:
        self.sequence_length = check_length(sequence_length)
        self.seed = check_seed(seed)
        self.too_long: list[TooLong] = []
        self._pad = tokenizer.pad
        pairs: list[tuple[Rendered, Rendered]] = []
        for preference in read_preferences(files):
            pair = render_pair(preference, tokenizer)
            longest = max(len(side.ids) for side in pair)
            if longest > sequence_length + 1:
                self.too_long.append(TooLong(preference.where, longest))
            else:
                pairs.append(pair)
        if not pairs:
            raise _none_fits(self.too_long, sequence_length)
        self._chosen = _Records(pair[0] for pair in pairs)
        self._rejected = _Records(pair[1] for pair in pairs)
        self._epoch = -1
        self._order: NDArray[np.int64] = np.empty(0, dtype=np.int64)

    @property
    def pairs(self) -> int:
        """Pairs that are trained on: one epoch."""
        return len(self._chosen.sizes)

    @property
    def digest(self) -> str:
        """Identity of all samples: pairs, seed and length (SHA-256)."""
        return digest_of(
            [
                "preferences",
                self._chosen.digest,
                self._rejected.digest,
                self.seed,
                self.sequence_length,
            ]
        )

    def batch(self, indices: Sequence[int]) -> PairBatch:
        """The pairs of ``indices``, padded to one length: the longest, rounded up to 64."""
        numbers = [self._pair_of(index) for index in indices]
        longest = max(
            int(records.sizes[numbers].max()) - 1 for records in (self._chosen, self._rejected)
        )
        length = min(self.sequence_length, -(-longest // _ROUNDING) * _ROUNDING)
        return PairBatch(
            self._padded(self._chosen, numbers, length),
            self._padded(self._rejected, numbers, length),
        )

    def _padded(self, records: _Records, numbers: list[int], length: int) -> Batch:
        tokens = np.full((len(numbers), length), self._pad, dtype=np.int32)
        targets = np.full((len(numbers), length), IGNORED, dtype=np.int32)
        segments = np.ones((len(numbers), length), dtype=np.int32)
        for row, number in enumerate(numbers):
            after = records.fill(number, 0, tokens[row], targets[row])
            segments[row, :after] = 0
        return Batch(tokens, targets, segments)

    def _pair_of(self, index: int) -> int:
        epoch, place = divmod(_check_index(index), self.pairs)
        if epoch != self._epoch:
            self._order = permutation(self.pairs, "pairs", self.seed, epoch)
            self._epoch = epoch
        return int(self._order[place])


def _first_fit(
    sizes: NDArray[np.int64], order: NDArray[np.int64], capacity: int
) -> list[list[int]]:
    """Each record, in order, goes into the first row that has room for it, or a new one."""
    room = np.empty(len(sizes), dtype=np.int64)
    rows: list[list[int]] = []
    for number in order.tolist():
        size = int(sizes[number])
        free = room[: len(rows)] >= size
        first = int(free.argmax()) if len(rows) else 0
        if not len(rows) or not free[first]:
            first = len(rows)
            rows.append([])
            room[first] = capacity
        rows[first].append(number)
        room[first] -= size
    return rows


def _none_fits(too_long: list[TooLong], length: int) -> InputError:
    shortest = min(too_long, key=lambda record: record.tokens)
    return InputError(
        f"none of {len(too_long)} records fits into {length} tokens",
        where=shortest.where,
        remedy=f"the shortest needs a sequence length of {shortest.tokens - 1}",
    )


def _check_index(index: int) -> int:
    if index < 0:
        raise InputError(f"{index} is negative", where="sample", remedy="samples start at 0")
    return index
