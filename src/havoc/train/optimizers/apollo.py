"""APOLLO: steps along the gradient, as long as AdamW's would be in a random projection.

Zhu et al. (2024), APOLLO: SGD-like memory, AdamW-level performance, arXiv 2412.05270,
algorithm 1; the limiter of the growth of the step: Chen et al. (2024), Fira, arXiv 2410.01623.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor

from havoc.errors import InputError
from havoc.train.optimizers.sharded import share, whole

SCALINGS = ("channel", "tensor")
_SMALL = 1e-8


class Apollo(torch.optim.Optimizer):
    """R = P G with P ~ N(0, 1/r) of r rows;  M, V = the moments of R, and D = M̂ / (√V̂ + ε);
    s_j = α |D_j| / |R_j| for each channel j;  w = (1 − lr · decay) w − lr · G diag(s).

    The smaller side n of a matrix is projected, the channels are the larger one. ``rank`` 0
    means n / 4 (the paper's APOLLO). ``scaling`` ``tensor`` takes one s for the whole matrix,
    with rank 1 it is the paper's APOLLO-Mini. α = √(n / r) makes the step as long as AdamW's
    (theorem A.4), so that its learning rate can be used as it is. A step is at most
    ``growth`` times as long as the one before.

    P is drawn anew every ``refresh`` steps from ``seed``, the name of the parameter (where the
    groups have names, else its number) and the step: it is not stored. It differs between
    kinds of device.
    Raises InputError for parameters that are no matrices, and impossible settings.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        *,
        betas: tuple[float, float] = (0.9, 0.95),
        eps: float = 1e-8,
        weight_decay: float = 0.1,
        rank: int = 0,
        scaling: str = "channel",
        growth: float = 1.01,
        refresh: int = 200,
        seed: int = 0,
    ) -> None:
        if scaling not in SCALINGS:
            raise InputError(
                f"there is no scaling {scaling!r}",
                where="apollo",
                remedy=f"give one of {', '.join(SCALINGS)}",
            )
        for name, value, least in (("rank", rank, 0), ("refresh", refresh, 1)):
            if value < least:
                raise InputError(
                    f"is {value}", where=f"apollo {name}", remedy=f"give {least} or more"
                )
        if not growth > 1:
            raise InputError(f"is {growth}", where="apollo growth", remedy="give more than 1")
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "rank": rank,
            "scaling": scaling,
            "growth": growth,
            "refresh": refresh,
            "seed": seed,
        }
        super().__init__(params, defaults)
        for group in self.param_groups:
            for parameter in group["params"]:
                self.state[parameter] = _new_state(parameter, group["rank"])

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """One step for every parameter that has a gradient."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            names = group.get("param_names") or map(str, range(len(group["params"])))
            for name, parameter in zip(names, group["params"], strict=True):
                if parameter.grad is None:
                    continue
                update = _update(whole(parameter.grad), self.state[parameter], group, name)
                parameter.mul_(1 - group["lr"] * group["weight_decay"])
                parameter.add_(share(update, parameter), alpha=-group["lr"])
        return loss


def projection(
    rank: int, size: int, seed: int, name: str, turn: int, device: torch.device
) -> Tensor:
    """P [rank, size] of a parameter for its ``turn``-th stretch of steps."""
    digest = hashlib.sha256(f"{seed}/{turn}/{name}".encode()).digest()
    generator = torch.Generator(device).manual_seed(int.from_bytes(digest[:4], "little"))
    return torch.randn(rank, size, generator=generator, device=device) / math.sqrt(rank)


def _new_state(parameter: Tensor, rank: int) -> dict[str, Any]:
    if parameter.ndim != 2:
        raise InputError(
            f"a parameter of shape {tuple(parameter.shape)} is no matrix",
            where="apollo",
            remedy="give it to AdamW",
        )
    small, large = min(parameter.shape), max(parameter.shape)
    used = min(rank or max(1, small // 4), small)
    device = parameter.device
    return {
        "step": 0,
        "exp_avg": torch.zeros(used, large, device=device),
        "exp_avg_sq": torch.zeros(used, large, device=device),
        # of the step before; no step is limited by a length of zero
        "length": torch.zeros((), device=device),
    }


def _update(gradient: Tensor, state: dict[str, Any], group: dict[str, Any], name: str) -> Tensor:
    """What is subtracted from the weight per unit of learning rate, float32."""
    beta1, beta2 = group["betas"]
    first, second = state["exp_avg"], state["exp_avg_sq"]
    tall = gradient.shape[0] > gradient.shape[1]
    g = (gradient.T if tall else gradient).float()
    rank, small = first.shape[0], g.shape[0]
    turn = state["step"] // group["refresh"]
    state["step"] += 1
    p = projection(rank, small, group["seed"], name, turn, g.device)
    projected = p @ g
    first.lerp_(projected, 1 - beta1)
    second.mul_(beta2).addcmul_(projected, projected, value=1 - beta2)
    corrected = second.sqrt().div_(math.sqrt(1 - beta2 ** state["step"])).add_(group["eps"])
    direction = (first / corrected).div_(1 - beta1 ** state["step"])
    by = 0 if group["scaling"] == "channel" else (0, 1)
    scale = direction.norm(dim=by) / (projected.norm(dim=by) + _SMALL)
    update: Tensor = g * (scale * math.sqrt(small / rank))
    length, before = update.norm(), state["length"]
    limit = torch.where(before > 0, before * group["growth"], length)
    update *= (limit / (length + _SMALL)).clamp(max=1.0)
    before.copy_(torch.minimum(length, limit))
    return update.T if tall else update
