"""An exponential moving average of the weights, which often does better than the last ones.

Polyak and Juditsky (1992); as used here, with its warm-up: Tan and Le (2019), arXiv 1905.11946.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from havoc.errors import InputError
from havoc.train.optimizers.sharded import share, whole

UPDATES = "updates"
"""The name of the number of updates in a saved state."""


class WeightAverage:
    """average = d · average + (1 − d) · weights, in float32 whatever the weights are in.

    In the n-th update (from 0) d is min(``decay``, (1 + n) / (10 + n)): the first weights are
    forgotten soon. Raises InputError for a decay that is none.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        if not 0 <= decay < 1:
            raise InputError(f"is {decay}", where="ema_decay", remedy="give 0 or less than 1")
        self.decay = decay
        self.updates = 0
        self.weights = {
            name: parameter.detach().to(torch.float32, copy=True)
            for name, parameter in model.named_parameters()
        }

    @torch.no_grad()
    def update(self, model: nn.Module) -> None:
        """Take in the weights after a step."""
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        self.updates += 1
        now = [parameter.float() for parameter in model.parameters()]
        torch._foreach_lerp_(list(self.weights.values()), now, 1 - decay)

    def averaged(self) -> dict[str, Tensor]:
        """The averaged weights by name, float32, whole ones where they are shared out."""
        return {name: whole(tensor) for name, tensor in self.weights.items()}

    def state(self) -> dict[str, Tensor]:
        """What a checkpoint needs: the averaged weights, and ``updates``."""
        return {**self.averaged(), UPDATES: torch.tensor(self.updates)}

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        """Take over what ``state`` gave. InputError where it is another network's."""
        known = {*self.weights, UPDATES}
        if set(tensors) != known:
            name = min(set(tensors) ^ known)
            raise InputError(
                "is in only one of the averaged weights and the network",
                where=name,
                remedy="resume with the network that the run began with",
            )
        for name, mine in self.weights.items():
            if tensors[name].shape != mine.shape:
                raise InputError(
                    f"has shape {tuple(tensors[name].shape)}, the network {tuple(mine.shape)}",
                    where=name,
                    remedy="resume with the network that the run began with",
                )
        with torch.no_grad():
            for name, mine in self.weights.items():
                mine.copy_(share(tensors[name], mine))
        self.updates = int(tensors[UPDATES])

    @contextmanager
    def swapped_in(self, model: nn.Module) -> Iterator[None]:
        """Within the block the network has the averaged weights, afterwards its own again."""
        parameters = dict(model.named_parameters())
        with torch.no_grad():
            own = {name: parameter.detach().clone() for name, parameter in parameters.items()}
            for name, parameter in parameters.items():
                parameter.copy_(self.weights[name])
        try:
            yield
        finally:
            with torch.no_grad():
                for name, parameter in parameters.items():
                    parameter.copy_(own[name])
