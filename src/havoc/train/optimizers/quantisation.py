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

KEY_SHIFT = 12
"""A float32 without its last bits, 20 of 32 with 11 of the mantissa, is looked up as a key."""

KEYS = 1 << (32 - KEY_SHIFT)


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


def quantise(values: Tensor, *, signed: bool) -> tuple[Tensor, Tensor]:
    """Codes (uint8) and the scale of each block of a flat float32 tensor [N].

    A code is that of the nearest level, but for numbers within 2⁻¹² of the border of two.
    Where the levels are not signed, a positive number never becomes zero: it is what a step
    is divided by.
    """
    count = values.numel()
    blocks = F.pad(values, (0, -count % BLOCK)).view(-1, BLOCK)
    scales = blocks.abs().amax(dim=1)
    parts = blocks / scales.clamp(min=torch.finfo(torch.float32).tiny)[:, None]
    keys = (parts.view(torch.int32) >> KEY_SHIFT) & (KEYS - 1)
    codes = _codes(signed, values.device).index_select(0, keys.view(-1))
    return codes[:count], scales


def dequantise(codes: Tensor, scales: Tensor, *, signed: bool) -> Tensor:
    """The float32 numbers [N] that codes [N] and the scales of their blocks stand for."""
    count = codes.numel()
    values = _levels(signed, codes.device).index_select(0, codes.int())
    blocks = F.pad(values, (0, -count % BLOCK)).view(-1, BLOCK)
    return (blocks * scales[:, None]).view(-1)[:count]


@cache
def _levels(signed: bool, device: torch.device) -> Tensor:
    return torch.tensor(dynamic_levels(signed), device=device)


@cache
def _codes(signed: bool, device: torch.device) -> Tensor:
    """The code of every float32 by its first bits: looking it up is twenty times faster than
    searching among the levels."""
    keys = torch.arange(KEYS, dtype=torch.int64)
    middle = ((keys << KEY_SHIFT) + (1 << KEY_SHIFT >> 1)).to(torch.int32).view(torch.float32)
    levels = _levels(signed, torch.device("cpu"))
    codes = torch.bucketize(middle.nan_to_num(), (levels[1:] + levels[:-1]) / 2)
    if not signed:
        codes = codes.clamp(min=1)
        codes[0] = 0
    return codes.to(torch.uint8).to(device)
