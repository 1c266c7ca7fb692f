"""Eight-bit numbers in blocks, for the states of an optimiser.

Dettmers et al. (2021), 8-bit optimizers via block-wise quantization, arXiv 2110.02861,
sections 2 and 3; the numbers are those of its dynamic tree quantisation.
"""

from __future__ import annotations

from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor

BLOCK = 256
"""Numbers that share one scale, the largest absolute value among them."""

DECADES = 7


@cache
def dynamic_levels(signed: bool) -> tuple[float, ...]:
    """The 256 numbers in [-1, 1] (or [0, 1]) that a code stands for, rising.

    Each of seven decades below 1 has twice as many as the one under it, evenly spread: close
    to the largest of a block they are fine, and seven orders of magnitude are still told apart.
    """
    levels = [0.0, 1.0]
    for decade in range(DECADES):
        count = 2**decade if signed else 2 ** (decade + 1)
        top = 10.0 ** (decade + 1 - DECADES)
        for number in range(count):
            level = top * (0.1 + 0.9 * (number + 0.5) / count)
            levels.extend((level, -level) if signed else (level,))
    return tuple(sorted(levels))


def quantise(values: Tensor, levels: Tensor) -> tuple[Tensor, Tensor]:
    """Codes (uint8) and the scale of each block of a flat tensor of numbers [N].

    ``levels`` is ``dynamic_levels`` as a tensor. Where they are not signed, a positive number
    never becomes zero: it is what a step is divided by.
    """
    count = values.numel()
    blocks = F.pad(values, (0, -count % BLOCK)).view(-1, BLOCK)
    scales = blocks.abs().amax(dim=1)
    parts = blocks / scales.clamp(min=torch.finfo(torch.float32).tiny)[:, None]
    codes = torch.bucketize(parts, (levels[1:] + levels[:-1]) / 2, out_int32=True)
    if levels[0] == 0:
        codes = torch.where(blocks > 0, codes.clamp(min=1), codes)
    return codes.to(torch.uint8).view(-1)[:count], scales


def dequantise(codes: Tensor, scales: Tensor, levels: Tensor) -> Tensor:
    """The numbers [N] that codes [N] and the scales of their blocks stand for."""
    count = codes.numel()
    values = F.pad(levels[codes.int()], (0, -count % BLOCK)).view(-1, BLOCK)
    return (values * scales[:, None]).view(-1)[:count]
