"""What a phase trains on: batches, what the loss is averaged over, and its validation."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Arrays = dict[str, NDArray[Any]]
Tensors = dict[str, Tensor]
Network = Callable[..., Any]
"""A network as it is called: bare, compiled, or shared out over processes."""


class Task(Protocol):
    """A phase of training: which samples, which loss, which validation."""

    @property
    def digest(self) -> str:
        """Identity of the samples: a run resumes on the same ones only."""

    def batch(self, indices: Sequence[int]) -> Arrays:
        """The samples of these indices, as arrays."""

    def weight(self, batch: Arrays) -> float:
        """What the summed loss of a batch is divided by: its targets, or its pairs."""

    def tokens(self, batch: Arrays) -> int:
        """Positions that the network reads, for the rate."""

    def loss(self, model: Network, batch: Tensors) -> Tensor:
        """The summed loss of a batch."""

    def validate(self, model: Network, device: torch.device, limit: int) -> dict[str, float]:
        """Named figures on held-out samples; ``loss`` is the one to be small."""


def as_arrays(batch: Any) -> Arrays:
    """tokens, targets and segments of a batch, by name."""
    return {"tokens": batch.tokens, "targets": batch.targets, "segments": batch.segments}


def to_tensors(batch: Arrays, device: torch.device) -> Tensors:
    """The arrays of a batch on a device."""
    return {
        name: torch.from_numpy(array).to(device, non_blocking=True) for name, array in batch.items()
    }


def language_loss(model: Network, batch: Tensors) -> Tensor:
    """Summed negative log-likelihood of the targets, attention within a document."""
    loss: Tensor = model(batch["tokens"], batch["targets"], batch["segments"])
    return loss


def counted_targets(batch: Arrays) -> int:
    """Targets that count."""
    return int((batch["targets"] >= 0).sum())


def validate_language(
    model: Network, batches: Iterator[Any], device: torch.device, text_bytes: int
) -> dict[str, float]:
    """Mean loss in nats per token, perplexity, and bits per byte of the text.

    Bits per byte = total nats / ln 2 / UTF-8 bytes: it compares across vocabularies.
    """
    total, targets = 0.0, 0
    for batch in batches:
        arrays = as_arrays(batch)
        counted = counted_targets(arrays)
        if counted:
            total += float(language_loss(model, to_tensors(arrays, device)))
            targets += counted
    loss = total / max(1, targets)
    figures = {"loss": loss, "perplexity": math.exp(min(loss, 700.0))}
    if text_bytes:
        figures["bits_per_byte"] = total / math.log(2) / text_bytes
    return figures


class LanguageTask:
    """Next-token prediction on the sequences of a data set; phases differ in their validation."""

    def __init__(self, dataset: Any, batch_size: int) -> None:
        self.dataset = dataset
        self.batch_size = batch_size
        self.digest: str = dataset.digest

    def batch(self, indices: Sequence[int]) -> Arrays:
        return as_arrays(self.dataset.batch(indices))

    def weight(self, batch: Arrays) -> float:
        return counted_targets(batch)

    def tokens(self, batch: Arrays) -> int:
        return int(np.prod(batch["tokens"].shape))

    def loss(self, model: Network, batch: Tensors) -> Tensor:
        return language_loss(model, batch)


class PretrainTask(LanguageTask):
    """Packed documents, validated on documents held out."""

    def validate(self, model: Network, device: torch.device, limit: int) -> dict[str, float]:
        held_out = self.dataset.validation(limit or None, batch_size=self.batch_size)
        return validate_language(model, iter(held_out), device, held_out.bytes)
