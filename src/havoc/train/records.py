"""Supervised fine-tuning on records of prompt and completion."""

from __future__ import annotations

import torch

from havoc.data.records import SftDataset
from havoc.train.data import LanguageTask, Network, validate_language


class RecordTask(LanguageTask):
    """Records of prompt and completion: what the assistant writes is all that counts."""

    def __init__(self, dataset: SftDataset, held_out: SftDataset | None, batch_size: int) -> None:
        super().__init__(dataset, batch_size)
        self._held_out = held_out

    def validate(self, model: Network, device: torch.device, limit: int) -> dict[str, float]:
        """On the held-out records; without any, on the training records."""
        dataset = self._held_out or self.dataset
        count = dataset.sequences_per_epoch
        count = min(count, limit) if limit else count
        size = self.batch_size
        batches = (
            dataset.batch(range(start, min(start + size, count))) for start in range(0, count, size)
        )
        return validate_language(model, batches, device, 0)
