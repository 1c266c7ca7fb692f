"""The optimiser in main memory: on the accelerator only weights and gradients remain.

Ren et al. (2021), ZeRO-Offload, arXiv 2101.06840, without its overlap of copies and steps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import nn

from havoc.train.optimizers.sharded import refuse_sharded
from havoc.train.optimizers.state import NamedOptimizer


class OffloadedOptimizer:
    """Steps float32 copies of the weights on the CPU, and writes them back.

    The copies (``master`` in the state) also keep what weights of less precision would round
    away. Weights that were set from outside since the last step are taken over by it.
    Raises InputError for weights that are shared out over processes.
    """

    def __init__(
        self,
        parameters: Mapping[str, nn.Parameter],
        build: Callable[[dict[str, nn.Parameter]], NamedOptimizer],
    ) -> None:
        """``build`` makes the optimiser of the copies, which have the same names."""
        self._pairs: list[tuple[nn.Parameter, nn.Parameter]] = []
        masters: dict[str, nn.Parameter] = {}
        for name, parameter in parameters.items():
            refuse_sharded(parameter, "offload_optimizer", "train without it, or without fsdp")
            masters[name] = _copy(parameter)
            self._pairs.append((parameter, masters[name]))
        self._inner = build(masters)
        for master in masters.values():
            self._inner.state[master]["master"] = master.detach()
        self._versions = [parameter._version for parameter in parameters.values()]

    @property
    def param_groups(self) -> list[dict[str, Any]]:
        """The groups of the copies."""
        return self._inner.param_groups

    @property
    def state(self) -> Mapping[Any, dict[str, Any]]:
        return self._inner.state

    @torch.no_grad()
    def step(self) -> None:
        """Gradients to the CPU, the step there, weights back."""
        self._take_over()
        for parameter, master in self._pairs:
            if parameter.grad is None:
                master.grad = None
            else:
                if master.grad is None:
                    master.grad = torch.empty_like(master, pin_memory=master.is_pinned())
                master.grad.copy_(parameter.grad, non_blocking=True)
        self._wait()
        self._inner.step()
        for parameter, master in self._pairs:
            parameter.copy_(master, non_blocking=True)
        self._versions = [parameter._version for parameter, _ in self._pairs]
        self._wait()

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of the weights."""
        for parameter, _ in self._pairs:
            if set_to_none:
                parameter.grad = None
            elif parameter.grad is not None:
                parameter.grad.zero_()

    def _take_over(self) -> None:
        for (parameter, master), version in zip(self._pairs, self._versions, strict=True):
            # an equal value is left alone: the copy may know more of its digits
            if parameter._version != version and not torch.equal(
                parameter, master.to(parameter.device, parameter.dtype)
            ):
                master.copy_(parameter)

    def _wait(self) -> None:
        if any(parameter.is_cuda for parameter, _ in self._pairs):
            torch.cuda.synchronize()


def _copy(parameter: nn.Parameter) -> nn.Parameter:
    value = parameter.detach().to("cpu", torch.float32, copy=True)
    if parameter.is_cuda:
        value = value.pin_memory()
    master = nn.Parameter(value)
    rows = getattr(parameter, "matrix_rows", None)
    if rows is not None:
        master.matrix_rows = rows  # type: ignore[attr-defined]
    return master
