"""Several optimisers that the training loop sees as one."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from havoc.train.optimizers.state import NamedOptimizer


class CombinedOptimizer:
    """Steps every one of its optimisers; its groups and states are theirs."""

    def __init__(self, parts: list[NamedOptimizer]) -> None:
        self.parts = parts

    @property
    def param_groups(self) -> list[dict[str, Any]]:
        return [group for part in self.parts for group in part.param_groups]

    @property
    def state(self) -> dict[Tensor, dict[str, Any]]:
        return {key: value for part in self.parts for key, value in part.state.items()}

    def step(self) -> None:
        for part in self.parts:
            part.step()

    def zero_grad(self, set_to_none: bool = True) -> None:
        for part in self.parts:
            part.zero_grad(set_to_none=set_to_none)
