"""Polishing on pairs of a chosen and a rejected answer: direct preference optimisation.

Rafailov et al. (2023), arXiv 2305.18290, equation 7:
loss = -log sigmoid(beta · ((log p(chosen) - log q(chosen)) - (log p(rejected) - log q(rejected))))
where q is the network that the phase began with.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from havoc.data.records import PreferenceDataset
from havoc.errors import InputError
from havoc.model.network import HavocModel
from havoc.train.data import Arrays, Network, Tensors, to_tensors


def answer_log_probability(model: Network, tokens: Tensor, targets: Tensor) -> Tensor:
    """Log-probability [B] of the targets [B, T] that count (not -100), summed per row."""
    logits = model(tokens).float()
    chosen = targets.clamp(min=0).long()[..., None]
    log_p = torch.log_softmax(logits, dim=-1).gather(-1, chosen)[..., 0]
    return (log_p * (targets >= 0)).sum(dim=1)


class PreferenceTask:
    """DPO against the network that the phase began with, which stays as it is."""

    def __init__(
        self,
        dataset: PreferenceDataset,
        held_out: PreferenceDataset | None,
        reference: HavocModel,
        beta: float,
    ) -> None:
        if not 0 < beta < 10:
            raise InputError(f"is {beta}", where="beta", remedy="give a number such as 0.1")
        self._dataset = dataset
        self._held_out = held_out
        self._reference = reference.eval().requires_grad_(False)
        self._beta = beta
        self.digest: str = dataset.digest

    def batch(self, indices: Sequence[int]) -> Arrays:
        pairs = self._dataset.batch(indices)
        return {
            "chosen": pairs.chosen.tokens,
            "chosen_targets": pairs.chosen.targets,
            "rejected": pairs.rejected.tokens,
            "rejected_targets": pairs.rejected.targets,
        }

    def weight(self, batch: Arrays) -> float:
        return len(batch["chosen"])

    def tokens(self, batch: Arrays) -> int:
        return int(np.prod(batch["chosen"].shape) + np.prod(batch["rejected"].shape))

    def margins(self, model: Network, batch: Tensors) -> Tensor:
        """beta · (how much more the network prefers the chosen answer than it did) [B]."""
        tokens = torch.cat((batch["chosen"], batch["rejected"]))
        targets = torch.cat((batch["chosen_targets"], batch["rejected_targets"]))
        # of several GPUs each process has its own: the reference follows the batch
        reference = self._reference.to(tokens.device)
        with torch.no_grad():
            before = answer_log_probability(reference, tokens, targets)
        gain = answer_log_probability(model, tokens, targets) - before
        chosen, rejected = gain.chunk(2)
        return self._beta * (chosen - rejected)

    def loss(self, model: Network, batch: Tensors) -> Tensor:
        return -F.logsigmoid(self.margins(model, batch)).sum()

    def validate(self, model: Network, device: torch.device, limit: int) -> dict[str, float]:
        """Mean loss, and how often the chosen answer has gained more than the rejected one.

        On the held-out pairs; without any, on the training pairs.
        """
        task = self
        if self._held_out is not None:
            task = PreferenceTask(self._held_out, None, self._reference, self._beta)
        pairs = task._dataset.pairs
        count = min(pairs, limit) if limit else pairs
        total = won = 0.0
        for start in range(0, count, 8):
            arrays = task.batch(range(start, min(start + 8, count)))
            margins = task.margins(model, to_tensors(arrays, device))
            total -= float(F.logsigmoid(margins).sum())
            won += float((margins > 0).sum())
        return {"loss": total / count, "chosen_gained_more": won / count}
