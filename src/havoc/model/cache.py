"""Keys and values of the positions already read."""

from __future__ import annotations

import torch
from torch import Tensor

from havoc.errors import InputError
from havoc.model.config import HavocConfig


class KVCache:
    """Room for ``capacity`` positions: keys and values [layers, B, K, capacity, D]."""

    def __init__(
        self,
        config: HavocConfig,
        batch: int,
        capacity: int,
        *,
        device: torch.device | str = "cpu",
        dtype: torch.dtype = torch.float32,
    ) -> None:
        shape = (config.num_layers, batch, config.num_kv_heads, capacity, config.head_dim)
        self.keys = torch.zeros(shape, device=device, dtype=dtype)
        self.values = torch.zeros(shape, device=device, dtype=dtype)
        self.capacity = capacity
        self.length = 0

    def extend(self, layer: int, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        """Append k and v [B, K, T, D] of one layer; all of them [B, K, S, D] come back.

        ``length`` moves on when every layer has been extended. Raises InputError if full.
        """
        end = self.length + k.shape[2]
        if end > self.capacity:
            raise InputError(
                f"{end} positions; the cache has room for {self.capacity}",
                where="cache",
                remedy="make it larger",
            )
        self.keys[layer, :, :, self.length : end] = k
        self.values[layer, :, :, self.length : end] = v
        return self.keys[layer, :, :, :end], self.values[layer, :, :, :end]
