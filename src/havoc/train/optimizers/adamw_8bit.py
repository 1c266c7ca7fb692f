"""AdamW whose two moments take a byte each.

Dettmers et al. (2021), 8-bit optimizers via block-wise quantization, arXiv 2110.02861.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor

from havoc.train.optimizers.quantisation import BLOCK, dequantise, dynamic_levels, quantise
from havoc.train.optimizers.sharded import refuse_sharded

SMALLEST = 4096
"""Parameters of fewer numbers (norms, biases) keep float32 moments: there is little to save."""

CHUNK = BLOCK << 12
"""Numbers of a parameter that are worked on at a time, so that the temporaries stay small."""


class AdamW8bit(torch.optim.Optimizer):
    """AdamW with block-wise 8-bit moments; the step itself is computed in float32.

    A moment is stored as codes of the shape of its parameter and one float32 scale for every
    256 of them: 2.03 bytes of state a parameter instead of 8. Raises InputError for weights
    that are shared out over processes: their blocks are not those of the whole weight.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        *,
        betas: tuple[float, float] = (0.9, 0.95),
        eps: float = 1e-8,
        weight_decay: float = 0.1,
    ) -> None:
        defaults = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay}
        super().__init__(params, defaults)
        for group in self.param_groups:
            for parameter in group["params"]:
                refuse_sharded(parameter, "adamw8bit", "take adamw, whose states are shared out")
                self.state[parameter] = _new_state(parameter)

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """One step for every parameter that has a gradient."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    _step(parameter, parameter.grad, self.state[parameter], group)
        return loss


def _new_state(parameter: Tensor) -> dict[str, Any]:
    state: dict[str, Any] = {"step": 0}
    for name in ("exp_avg", "exp_avg_sq"):
        if parameter.numel() < SMALLEST:
            state[name] = torch.zeros_like(parameter, dtype=torch.float32)
            continue
        # the code of zero, for the signed levels in the middle of the others
        zero = dynamic_levels(name == "exp_avg").index(0.0)
        state[name] = torch.full_like(parameter, zero, dtype=torch.uint8)
        blocks = math.ceil(parameter.numel() / BLOCK)
        state[f"{name}_scale"] = torch.zeros(blocks, device=parameter.device)
    return state


def _step(
    parameter: Tensor, gradient: Tensor, state: dict[str, Any], group: dict[str, Any]
) -> None:
    beta1, beta2 = group["betas"]
    state["step"] += 1
    rate = group["lr"] / (1 - beta1 ** state["step"])
    correction = math.sqrt(1 - beta2 ** state["step"])
    parameter.mul_(1 - group["lr"] * group["weight_decay"])
    flat, flat_gradient = parameter.view(-1), gradient.reshape(-1)
    small = "exp_avg_scale" not in state
    for start in range(0, flat.numel(), CHUNK):
        numbers = slice(start, start + CHUNK)
        blocks = slice(start // BLOCK, (start + CHUNK) // BLOCK)
        now = flat_gradient[numbers].float()
        if small:
            first, second = state["exp_avg"].view(-1), state["exp_avg_sq"].view(-1)
        else:
            first = dequantise(
                state["exp_avg"].view(-1)[numbers], state["exp_avg_scale"][blocks], signed=True
            )
            second = dequantise(
                state["exp_avg_sq"].view(-1)[numbers],
                state["exp_avg_sq_scale"][blocks],
                signed=False,
            )
        first.lerp_(now, 1 - beta1)
        second.mul_(beta2).addcmul_(now, now, value=1 - beta2)
        flat[numbers].addcdiv_(
            first, second.sqrt().div_(correction).add_(group["eps"]), value=-rate
        )
        if not small:
            codes, scales = quantise(first, signed=True)
            state["exp_avg"].view(-1)[numbers] = codes
            state["exp_avg_scale"][blocks] = scales
            codes, scales = quantise(second, signed=False)
            state["exp_avg_sq"].view(-1)[numbers] = codes
            state["exp_avg_sq_scale"][blocks] = scales
