"""AdamW of torch, fused where that exists, with its state from the beginning.

Loshchilov and Hutter (2019), Decoupled weight decay regularization, arXiv 1711.05101.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch


def adamw(
    params: Iterable[Any], *, betas: tuple[float, float] = (0.9, 0.95), eps: float = 1e-8
) -> torch.optim.AdamW:
    """torch.optim.AdamW for groups that say their own ``weight_decay``."""
    groups = list(params)
    devices = {parameter.device.type for group in groups for _, parameter in group["params"]}
    fused = devices <= {"cpu", "cuda"}
    optimizer = torch.optim.AdamW(groups, betas=betas, eps=eps, fused=fused, foreach=not fused)
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            # the counter lies where the fused step wants it
            device = parameter.device if fused else torch.device("cpu")
            optimizer.state[parameter] = {
                "step": torch.zeros((), dtype=torch.float32, device=device),
                "exp_avg": torch.zeros_like(parameter),
                "exp_avg_sq": torch.zeros_like(parameter),
            }
    return optimizer
