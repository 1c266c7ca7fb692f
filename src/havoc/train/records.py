"""Supervised fine-tuning on records of prompt and completion."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from havoc.data.records import SftDataset
from havoc.train.data import (
    Arrays,
    Network,
    Tensors,
    as_arrays,
    counted_targets,
    language_loss,
    validate_language,
)


class RecordTask:
    """Next-token prediction, loss on what the assistant writes only."""

    def __init__(self, dataset: SftDataset, held_out: SftDataset | None, batch_size: int) -> None:
        self._dataset = dataset
        self._held_out = held_out
        self._batch_size = batch_size
        self.digest: str = dataset.digest

    def batch(self, indices: Sequence[int]) -> Arrays:
        return as_arrays(self._dataset.batch(indices))

    def weight(self, batch: Arrays) -> float:
        return counted_targets(batch)

    def tokens(self, batch: Arrays) -> int:
        return int(np.prod(batch["tokens"].shape))

    def loss(self, model: Network, batch: Tensors) -> Tensor:
        return language_loss(model, batch)

    def validate(self, model: Network, device: torch.device, limit: int) -> dict[str, float]:
        """On the held-out records; without any, on the training records."""
        dataset = self._held_out or self._dataset
        count = dataset.sequences_per_epoch
        count = min(count, limit) if limit else count
        size = self._batch_size
        batches = (
            dataset.batch(range(start, min(start + size, count))) for start in range(0, count, size)
        )
        return validate_language(model, batches, device, 0)
