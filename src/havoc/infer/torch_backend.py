"""The network by torch: for a GPU, and as the second opinion on the native runtime.

The only module of the answer trunk that needs torch; it is imported when asked for.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from havoc.errors import InputError
from havoc.infer.backend import BLOCK, Step
from havoc.model.cache import KVCache
from havoc.model.config import HavocConfig
from havoc.model.loading import Trained, load_model
from havoc.model.network import Attention, HavocModel, rotate


class TorchBackend:
    """A network on a device of torch. Raises InputError for one that is not there."""

    def __init__(
        self,
        bundle: Trained,
        device: str = "cpu",
        *,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        if device.startswith("cuda") and not torch.cuda.is_available():
            raise InputError(
                "torch finds no CUDA device on this machine", where="device", remedy="give cpu"
            )
        self.config: HavocConfig = bundle.config
        self._device = torch.device(device)
        self._model: HavocModel = load_model(bundle, device, compute_dtype=dtype)
        self._dtype = dtype

    @property
    def description(self) -> str:
        return f"torch {self._device}, {str(self._dtype).removeprefix('torch.')}"

    def new_cache(self, blocks: int) -> KVCache:
        """Keys and values [layers, blocks, K, 16, D]: a block is an entry of the batch."""
        return KVCache(self.config, blocks, BLOCK, device=self._device, dtype=self._dtype)

    @torch.inference_mode()
    def run(self, cache: Any, step: Step) -> NDArray[np.float32]:
        place = _Places(step, self._device)
        model = self._model
        x = F.embedding(place.tokens, model.embedding.weight).to(self._dtype)
        cos = model.rotary.cos[place.positions][:, None].to(self._dtype)
        sin = model.rotary.sin[place.positions][:, None].to(self._dtype)
        for number, layer in enumerate(model.layers):
            block: Any = layer
            y = block.attention_norm(x)
            x = x + self._attend(block.attention, y, cos, sin, cache, number, place)
            x = x + block.mlp(block.mlp_norm(x))
        wanted = torch.from_numpy(step.wanted).to(self._device)
        x = model.norm(x[wanted])
        logits = F.linear(x, model.output_weight().to(x.dtype)).float()
        if len(step.columns):
            kept = torch.zeros(-(-self.config.vocab_size // 16), dtype=torch.bool)
            kept[torch.from_numpy(step.columns)] = True
            kept = kept.repeat_interleave(16)[: self.config.vocab_size].to(self._device)
            logits = logits.masked_fill(~kept, float("-inf"))
        made: NDArray[np.float32] = logits.cpu().numpy()
        return made

    def _attend(
        self,
        attention: Attention,
        x: torch.Tensor,
        cos: torch.Tensor,
        sin: torch.Tensor,
        cache: KVCache,
        layer: int,
        place: _Places,
    ) -> torch.Tensor:
        """Attention of the tokens x [n, d], each within its own sequence."""
        config = self.config
        heads, shared = config.num_heads, config.num_kv_heads
        qkv = attention.qkv(x).view(len(x), heads + 2 * shared, config.head_dim)
        turned = rotate(qkv[:, : heads + shared], cos, sin)
        keys, values = cache.keys[layer], cache.values[layer]
        keys[place.blocks, :, place.offsets] = turned[:, heads:]
        values[place.blocks, :, place.offsets] = qkv[:, heads + shared :]
        parts = []
        for start, end, table, seen in place.runs:
            # [blocks, K, 16, D] becomes [K, positions, D]
            k = keys[table].transpose(0, 1).reshape(shared, -1, config.head_dim)[:, :seen]
            v = values[table].transpose(0, 1).reshape(shared, -1, config.head_dim)[:, :seen]
            q = turned[start:end, :heads].transpose(0, 1)
            mask = place.mask(start, end, seen, config.sliding_window)
            y = F.scaled_dot_product_attention(
                q[None], k[None], v[None], attn_mask=mask, enable_gqa=heads != shared
            )
            parts.append(y[0].transpose(0, 1).reshape(end - start, -1))
        return attention.output(torch.cat(parts))  # type: ignore[no-any-return]


class _Places:
    """Where the tokens of a step stand, as tensors: made once, used by every layer."""

    def __init__(self, step: Step, device: torch.device) -> None:
        if step.positions.size and int(step.positions.max()) // BLOCK >= step.tables.shape[1]:
            raise InputError("a position has no block in its table", where="step")
        blocks = step.tables[step.sequences, step.positions // BLOCK]
        self.tokens = torch.from_numpy(step.tokens).to(device).long()
        self.positions = torch.from_numpy(step.positions).to(device).long()
        self.blocks = torch.from_numpy(blocks).to(device).long()
        self.offsets = self.positions % BLOCK
        self.runs: list[tuple[int, int, torch.Tensor, int]] = []
        edges = np.flatnonzero(np.diff(step.sequences)) + 1
        for start, end in zip([0, *edges], [*edges, len(step.tokens)], strict=True):
            seen = int(step.positions[end - 1]) + 1
            table = step.tables[step.sequences[start], : -(-seen // BLOCK)]
            self.runs.append(
                (int(start), int(end), torch.from_numpy(table).to(device).long(), seen)
            )

    def mask(self, start: int, end: int, seen: int, window: int | None) -> torch.Tensor | None:
        """True where a query may look, None where it may look everywhere."""
        if end - start == 1 and (window is None or window >= seen):
            return None
        queries = self.positions[start:end, None]
        keys = torch.arange(seen, device=queries.device)
        mask = keys <= queries
        return mask if window is None else mask & (keys > queries - window)
