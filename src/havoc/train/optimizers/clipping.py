"""The global norm of gradients, and its limit."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn


def clip_gradients(parameters: Iterable[nn.Parameter], limit: float) -> Tensor:
    """Scale the gradients down to a global norm of ``limit`` (0: leave them), in place.

    Returns the norm before, as a tensor on their device: nothing here waits for the device.
    Pascanu et al. (2013), arXiv 1211.5063.
    """
    trained = [parameter for parameter in parameters if parameter.grad is not None]
    norm = torch.nn.utils.get_total_norm([p.grad for p in trained if p.grad is not None])
    if limit:
        torch.nn.utils.clip_grads_with_norm_(trained, limit, norm)
    return norm
