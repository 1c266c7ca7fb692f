"""Documents packed into sequences of one length, by random access.

The n-th sequence of a group lies in epoch n // S, where S is the group's number of
sequences per epoch. In each epoch the documents stand in another random order, joined into
one stream, and the stream is cut into windows of T + 1 tokens that overlap by one: every
token is an input once per epoch, and a target once unless it opens a document. The windows
come in random order too; otherwise a batch would hold neighbours out of one long document.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from havoc.data.manifest import SPLITS, Manifest, check_shards, digest_of, read_manifest
from havoc.data.mixture import Mixture
from havoc.data.randomness import check_seed, permutation
from havoc.data.shards import Shard, base_name, open_shard
from havoc.data.tokens import Tokenizer
from havoc.errors import InputError

IGNORED = -100  # target of positions without loss, as torch's cross entropy has it


@dataclass(frozen=True, slots=True)
class Sample:
    """One window: ``tokens`` [T + 1], and ``segments`` int32 [T + 1], the document of each.

    Documents are numbered 0, 1, 2 … within the window. The last window of an epoch may
    end in padding, which has the number after the last document.
    """

    tokens: NDArray[Any]
    segments: NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Batch:
    """``tokens``, ``targets`` and ``segments``, each int32 [B, T].

    A target is the next token, or -100 where that belongs to another document or no loss
    is wanted. Attention stays within a segment.
    """

    tokens: NDArray[np.int32]
    targets: NDArray[np.int32]
    segments: NDArray[np.int32]


class DocumentStream:
    """The documents of a shard in one order, as windows of T + 1 tokens."""

    def __init__(self, shard: Shard, order: NDArray[np.int64], length: int, pad: int) -> None:
        self._shard = shard
        self._order = order
        self._length = length
        self._pad = pad
        sizes = (shard.starts[1:] - shard.starts[:-1])[order]
        self._ends = np.cumsum(sizes)

    def window(self, number: int) -> Sample:
        """Window ``number`` of the stream, padded if the stream ends within it."""
        length = self._length
        tokens = np.full(length + 1, self._pad, dtype=self._shard.tokens.dtype)
        segments = np.empty(length + 1, dtype=np.int32)
        position = number * length  # in the stream
        place = int(np.searchsorted(self._ends, position, side="right"))
        filled = segment = 0
        while filled <= length and place < len(self._order):
            document = self._shard.document(int(self._order[place]))
            start = len(document) - (int(self._ends[place]) - position)
            piece = document[start : start + length + 1 - filled]
            tokens[filled : filled + len(piece)] = piece
            segments[filled : filled + len(piece)] = segment
            filled += len(piece)
            position += len(piece)
            segment += 1
            place += 1
        segments[filled:] = segment
        return Sample(tokens, segments)


def window_count(tokens: int, length: int) -> int:
    """Windows with ``length`` inputs that cover a stream of ``tokens`` tokens."""
    return max(1, -(-(tokens - 1) // length))


def to_batch(samples: Sequence[Sample], pad: int) -> Batch:
    """Samples of one length as a batch; padding and the ends of documents get no target."""
    tokens = np.stack([sample.tokens for sample in samples]).astype(np.int32)
    segments = np.stack([sample.segments for sample in samples])
    inside = (segments[:, 1:] == segments[:, :-1]) & (tokens[:, 1:] != pad)
    targets = np.where(inside, tokens[:, 1:], np.int32(IGNORED))
    return Batch(
        np.ascontiguousarray(tokens[:, :-1]), targets, np.ascontiguousarray(segments[:, :-1])
    )


class PackedDataset:
    """Training samples out of a folder of shards: any sample, at any time, without state.

    ``split`` is "train" or "validation". ``weights`` replaces the weights of the manifest
    (groups left out are not drawn from). ``tokenizer`` is checked against the one that
    made the shards; ``thorough`` compares every checksum first.

    InputError: damaged or missing shards, another tokenizer, a split without documents.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        sequence_length: int,
        seed: int,
        split: str = "train",
        *,
        weights: Mapping[str, float] | None = None,
        tokenizer: Tokenizer | None = None,
        thorough: bool = False,
    ) -> None:
        self.folder = Path(folder)
        self.sequence_length = check_length(sequence_length)
        self.seed = check_seed(seed)
        if split not in SPLITS:
            raise InputError(
                f"unknown split {split!r}", where="split", remedy=f"known: {', '.join(SPLITS)}"
            )
        self.split = split
        self.manifest: Manifest = read_manifest(self.folder)
        check_shards(self.folder, self.manifest, tokenizer=tokenizer, thorough=thorough)
        self._shards = self._open(split)
        self.weights = self._weights(weights)
        self.mixture = Mixture(self.weights, seed)
        self._epochs: dict[str, tuple[int, DocumentStream, NDArray[np.int64]]] = {}

    def _open(self, split: str) -> dict[str, Shard]:
        return {
            name: open_shard(self.folder, base_name(name, split), self.manifest.dtype)
            for name in self.manifest.groups
        }

    def _weights(self, given: Mapping[str, float] | None) -> dict[str, float]:
        groups = self.manifest.groups
        if given is not None and (unknown := [name for name in given if name not in groups]):
            raise InputError(
                f"unknown group {unknown[0]!r}",
                where="weights",
                remedy=f"the shards hold: {', '.join(groups)}",
            )
        weights = {name: group.weight for name, group in groups.items()}
        if given is not None:
            weights = {name: float(given[name]) for name in groups if name in given}
        if self.split == "validation":
            weights = {n: w for n, w in weights.items() if self._shards[n].documents}
        if not weights:
            raise self._nothing_held_out()
        return weights

    def _nothing_held_out(self) -> InputError:
        return InputError(
            "holds no validation documents",
            where=str(self.folder),
            remedy="prepare the data again with a larger validation_fraction",
        )

    @property
    def digest(self) -> str:
        """Identity of all samples: data, weights, seed, length and split (SHA-256)."""
        return digest_of(
            [
                "packed, windows in random order",
                self.manifest.digest,
                self.weights,
                self.seed,
                self.sequence_length,
                self.split,
            ]
        )

    def sequences_per_epoch(self, group: str) -> int:
        """How many sequences one pass over a group's documents makes."""
        return window_count(len(self._shards[group].tokens), self.sequence_length)

    def epochs(self, samples: int) -> dict[str, float]:
        """How often each group's documents are read in the first ``samples`` samples."""
        return {
            name: float(share * samples) / self.sequences_per_epoch(name)
            for name, share in zip(self.mixture.groups, self.mixture.shares, strict=True)
        }

    def sample(self, index: int) -> Sample:
        """Sample ``index`` (from 0, without end)."""
        group, number = self.mixture.assign(index)
        epoch, place = divmod(number, self.sequences_per_epoch(group))
        stream, order = self._epoch(group, epoch)
        return stream.window(int(order[place]))

    def _epoch(self, group: str, epoch: int) -> tuple[DocumentStream, NDArray[np.int64]]:
        """The stream of an epoch, and the order of its windows."""
        cached = self._epochs.get(group)
        if cached is None or cached[0] != epoch:
            shard = self._shards[group]
            documents = permutation(shard.documents, "documents", self.seed, group, epoch)
            count = self.sequences_per_epoch(group)
            windows = permutation(count, "windows", self.seed, group, epoch)
            cached = (epoch, self._stream_of(shard, documents), windows)
            self._epochs[group] = cached
        return cached[1], cached[2]

    def _stream_of(self, shard: Shard, order: NDArray[np.int64]) -> DocumentStream:
        return DocumentStream(shard, order, self.sequence_length, self.manifest.tokenizer.pad)

    def batch(self, indices: Sequence[int]) -> Batch:
        """The samples of ``indices`` as one batch."""
        return to_batch([self.sample(index) for index in indices], self.manifest.tokenizer.pad)

    def validation(
        self, limit: int | None = None, *, batch_size: int = 8, groups: Sequence[str] | None = None
    ) -> Validation:
        """Whole validation documents of all or some groups, in at most ``limit`` sequences.

        The limit is shared out by the groups' sizes, at least one sequence each. The choice
        does not depend on the seed. InputError: no documents, or none that fits the limit.
        """
        chosen = list(self.manifest.groups) if groups is None else list(groups)
        shards = self._open("validation")
        parts: list[tuple[Shard, NDArray[np.int64]]] = []
        for name in chosen:
            if name not in shards:
                raise InputError(
                    f"unknown group {name!r}",
                    where="groups",
                    remedy=f"the shards hold: {', '.join(shards)}",
                )
        tokens = sum(len(shards[name].tokens) for name in chosen)
        for name in chosen:
            shard, room = shards[name], None
            if limit is not None and tokens:
                room = max(1, limit * len(shard.tokens) // tokens) * self.sequence_length
            parts.append((shard, _whole_documents(shard, name, room)))
        if not tokens:
            raise self._nothing_held_out()
        if not any(len(order) for _, order in parts):
            raise InputError(
                f"no validation document fits into {limit} sequences of {self.sequence_length}",
                where=str(self.folder),
                remedy="raise the limit",
            )
        return Validation(
            [(shard, self._stream_of(shard, order), order) for shard, order in parts if len(order)],
            self.sequence_length,
            self.manifest.tokenizer.pad,
            batch_size,
        )


def _whole_documents(shard: Shard, name: str, room: int | None) -> NDArray[np.int64]:
    """Documents in random order that together have at most ``room`` tokens (None: all)."""
    order = permutation(shard.documents, "validation", name)
    if room is None:
        return order
    sizes = (shard.starts[1:] - shard.starts[:-1])[order]
    chosen = []
    for document, size in zip(order.tolist(), sizes.tolist(), strict=True):
        if size <= room:
            chosen.append(document)
            room -= size
    return np.array(chosen, dtype=np.int64)


class Validation:
    """Batches that cover whole documents, with what they stand for.

    ``bytes``: UTF-8 bytes of the documents' text; ``targets``: tokens predicted (all but
    each ``<bos>``); ``documents``; ``sequences``. Bits per byte = total nats / ln 2 / bytes.
    Iterating gives the batches, each time from the start.
    """

    def __init__(
        self,
        parts: list[tuple[Shard, DocumentStream, NDArray[np.int64]]],
        length: int,
        pad: int,
        batch_size: int,
    ) -> None:
        self._pad = pad
        self._batch_size = batch_size
        self._windows: list[tuple[DocumentStream, int]] = []
        self.bytes = self.targets = self.documents = 0
        for shard, stream, order in parts:
            tokens = int((shard.starts[1:] - shard.starts[:-1])[order].sum())
            self._windows += [(stream, n) for n in range(window_count(tokens, length))]
            self.bytes += int(shard.bytes[order].sum(dtype=np.int64))
            self.documents += len(order)
            self.targets += tokens - len(order)
        self.sequences = len(self._windows)

    def __iter__(self) -> Iterator[Batch]:
        for start in range(0, len(self._windows), self._batch_size):
            windows = self._windows[start : start + self._batch_size]
            yield to_batch([stream.window(number) for stream, number in windows], self._pad)


def check_length(length: int) -> int:
    """``length`` itself. InputError unless it is a positive whole number of tokens."""
    if isinstance(length, bool) or not isinstance(length, int) or length < 1:
        raise InputError(
            f"{length!r} is not a positive whole number",
            where="sequence_length",
            remedy="give a number of tokens such as 1024",
        )
    return length
