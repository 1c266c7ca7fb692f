"""The optimiser's step inside the backward pass: no gradient outlives its own step.

Lv et al. (2023), LOMO, arXiv 2306.09782, with any optimiser. Memory for gradients falls from
all of them to the largest one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from havoc.errors import InputError
from havoc.train.optimizers.state import NamedOptimizer


class FusedBackward:
    """Steps each parameter as soon as its gradient is complete, and frees the gradient.

    Every backward pass is a step, so gradients cannot be added up over several, and their
    global norm is never known. ``clip_each_parameter`` instead scales the gradient of each
    parameter down to that norm for itself; 0: never. ``step`` and ``zero_grad`` do nothing.

    Raises InputError where several processes average whole gradients (ddp) after the backward
    pass: too late for this.
    """

    def __init__(
        self,
        optimizers: dict[nn.Parameter, NamedOptimizer],
        *,
        clip_each_parameter: float = 0.0,
    ) -> None:
        """``optimizers`` has one optimiser for every parameter."""
        several = torch.distributed.is_initialized() and torch.distributed.get_world_size() > 1
        if several and not all(hasattr(p, "full_tensor") for p in optimizers):
            raise InputError(
                "steps before ddp has averaged the gradients",
                where="fused_backward",
                remedy="take parallel fsdp, or train without fused_backward",
            )
        self._optimizers = optimizers
        self._clip = clip_each_parameter
        self._handles = [
            parameter.register_post_accumulate_grad_hook(self._hook(optimizer))  # type: ignore[no-untyped-call]
            for parameter, optimizer in optimizers.items()
        ]

    @property
    def param_groups(self) -> list[dict[str, Any]]:
        return [group for part in self._optimizers.values() for group in part.param_groups]

    @property
    def state(self) -> dict[Tensor, dict[str, Any]]:
        return {parameter: part.state[parameter] for parameter, part in self._optimizers.items()}

    def step(self) -> None:
        """Nothing: the steps were made in the backward pass."""

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Nothing: no gradient is left."""

    def remove(self) -> None:
        """Leave the network: its backward pass gives gradients again."""
        for handle in self._handles:
            handle.remove()

    def _hook(self, optimizer: NamedOptimizer) -> Callable[[Tensor], None]:
        def step(parameter: Tensor) -> None:
            if self._clip:
                torch.nn.utils.clip_grad_norm_([parameter], self._clip)
            optimizer.step()
            parameter.grad = None

        return step
