"""The network by torch: for a GPU, and as the second opinion on the native runtime.

The only module of the answer trunk that needs torch; it is imported when asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.backends import mkldnn

from havoc.errors import InputError
from havoc.infer.backend import BLOCK, Logits, Step
from havoc.model.config import HavocConfig
from havoc.model.loading import Trained, Weights, load_model
from havoc.model.network import Attention, HavocModel, RotaryTable, rotate


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
        # angles are made below, of as many positions as are asked for
        short = _Short(bundle.config.replace(max_seq_len=1, sliding_window=None), bundle.weights)
        self._model: HavocModel = load_model(short, device, compute_dtype=dtype)
        self._dtype = dtype
        # a window beyond the context limits nothing
        self._window = min(bundle.config.sliding_window or 0, bundle.config.max_seq_len) or None
        self._angles = RotaryTable(short.config)
        self._head: Any = _Plain(self._model.output_weight().detach().to(dtype))
        if self._device.type == "cpu" and dtype == torch.float32 and _has_onednn():
            self._pack()

    @property
    def description(self) -> str:
        return f"torch {self._device}, {str(self._dtype).removeprefix('torch.')}"

    def new_cache(self, blocks: int) -> Cache:
        config = self.config
        shape = (config.num_layers, config.num_kv_heads * blocks, BLOCK * config.head_dim)
        return Cache(self._zeros(shape), self._zeros(shape), blocks)

    def _zeros(self, shape: tuple[int, ...]) -> torch.Tensor:
        if self._device.type != "cpu":
            return torch.zeros(shape, device=self._device, dtype=self._dtype)
        # zeros of numpy cost nothing before they are used
        return torch.from_numpy(np.zeros(shape, np.float32)).to(self._dtype)

    @torch.inference_mode()
    def run(self, cache: Any, step: Step) -> Logits:
        place = Places(step, self._device, self._window, self.config.num_kv_heads, cache.blocks)
        self._turn_up_to(int(step.positions.max(initial=0)) + 1)
        model = self._model
        x = F.embedding(place.tokens, model.embedding.weight).to(self._dtype)
        cos = self._angles.cos[place.positions][:, None]
        sin = self._angles.sin[place.positions][:, None]
        for number, layer in enumerate(model.layers):
            block: Any = layer
            y = block.attention_norm(x)
            x = x + self._attend(block.attention, y, cos, sin, cache, number, place)
            x = x + block.mlp(block.mlp_norm(x))
        wanted = torch.from_numpy(step.wanted).to(self._device)
        x = model.norm(x[wanted])
        return self._chosen(self._head(x).float(), step)

    def _pack(self) -> None:
        """Weights as oneDNN reads them fastest: products take half to two thirds of the time."""
        for block in self._model.layers:
            for part in block.children():
                for name, child in part.named_children():
                    if isinstance(child, nn.Linear):
                        setattr(part, name, _Packed(child.weight.detach()))
        self._head = _Packed(self._head.weight)

    def _chosen(self, logits: torch.Tensor, step: Step) -> Logits:
        finite = torch.isfinite(logits).all(dim=1)
        if len(step.masks):
            masks = torch.from_numpy(step.masks).to(self._device)
            bits = masks[:, :, None] >> torch.arange(32, device=self._device) & 1
            allowed = bits.flatten(1)[:, : self.config.vocab_size].bool()
            logits = logits.masked_fill(~allowed, float("-inf"))
        largest, best = logits.max(dim=1)
        best = best.masked_fill(~finite | (largest == float("-inf")), -1).int()
        if len(step.best_only) and bool(step.best_only.all()) and bool((best >= 0).all()):
            nothing = np.empty(tuple(logits.shape), np.float32)  # on a GPU they stay where they are
            return Logits(nothing, best.cpu().numpy())
        return Logits(logits.cpu().numpy(), best.cpu().numpy())

    def _turn_up_to(self, positions: int) -> None:
        if positions > len(self._angles.cos):
            room = min(1 << (positions - 1).bit_length(), self.config.max_seq_len)
            table = RotaryTable(self.config.replace(max_seq_len=room, sliding_window=None))
            self._angles = table.to(device=self._device, dtype=self._dtype)

    def _attend(
        self,
        attention: Attention,
        x: torch.Tensor,
        cos: torch.Tensor,
        sin: torch.Tensor,
        cache: Cache,
        layer: int,
        place: Places,
    ) -> torch.Tensor:
        """Attention of the tokens x [n, d], each within its own sequence."""
        config = self.config
        heads, shared, dim = config.num_heads, config.num_kv_heads, config.head_dim
        qkv = attention.qkv(x).view(len(x), heads + 2 * shared, dim)
        turned = rotate(qkv[:, : heads + shared], cos, sin)
        keys, values = cache.keys[layer], cache.values[layer]
        for held, new in ((keys, turned[:, heads:]), (values, qkv[:, heads + shared :])):
            held.view(-1, dim).index_copy_(0, place.slots, new.reshape(-1, dim))
        out = torch.empty((len(x), heads * dim), dtype=x.dtype, device=x.device)
        for group in place.groups:
            n, queries = group.tokens.shape
            # whole rows are copied, once: [K, n, blocks, 16 · D], seen as [n, K, positions, D]
            k, v = (
                F.embedding(group.rows, held).view(shared, n, -1, dim).transpose(0, 1)
                for held in (keys, values)
            )
            # heads that share keys are further queries: [n, K, queries · heads / K, D]
            q = turned[group.tokens, :heads].view(n, queries, shared, -1, dim).transpose(1, 2)
            y = F.scaled_dot_product_attention(
                q.reshape(n, shared, -1, dim), k, v, attn_mask=group.mask(heads // shared)
            )
            y = y.view(n, shared, queries, -1, dim).transpose(1, 2)
            out[group.tokens.flatten()] = y.reshape(n * queries, heads * dim)
        return attention.output(out)  # type: ignore[no-any-return]


def _has_onednn() -> bool:
    return bool(mkldnn.is_available())  # type: ignore[no-untyped-call]


class _Plain(nn.Module):
    """A product with a weight [outputs, inputs]."""

    def __init__(self, weight: torch.Tensor) -> None:
        super().__init__()
        self.weight = weight

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.linear(x, self.weight)


class _Packed(nn.Module):
    """The same with a copy of the weight in an order of oneDNN's own."""

    def __init__(self, weight: torch.Tensor) -> None:
        super().__init__()
        self.weight = torch.ops.mkldnn._reorder_linear_weight(weight, None)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        packed = torch.ops.mkldnn._linear_pointwise
        return packed(x, self.weight, None, "none", [], "")  # type: ignore[no-any-return]


@dataclass(frozen=True)
class Cache:
    """Keys and values [layers, K · blocks, 16 · D]: the 16 positions of a head in a block are a
    row, head times ``blocks`` plus block."""

    keys: torch.Tensor
    values: torch.Tensor
    blocks: int


@dataclass(frozen=True)
class _Short:
    """A network's weights with another shape of its positions."""

    config: HavocConfig
    weights: Weights


@dataclass(frozen=True)
class Group:
    """Sequences of which equally many tokens are read: ``tokens`` [n, queries] by place in the
    step, ``rows`` [K, n, blocks] of the cache, ``seen`` [n, queries, positions] what each may
    look at."""

    tokens: torch.Tensor
    rows: torch.Tensor
    seen: torch.Tensor

    def mask(self, heads: int) -> torch.Tensor:
        """``seen`` for the heads that share keys, [n, 1, queries · heads, positions]."""
        return self.seen.repeat_interleave(heads, dim=1)[:, None]


class Places:
    """Where the tokens of a step stand, as tensors: made once, used by every layer."""

    def __init__(
        self, step: Step, device: torch.device, window: int | None, heads: int, held: int
    ) -> None:
        """``held`` blocks of the cache, for each of ``heads``."""
        if step.positions.size and int(step.positions.max()) // BLOCK >= step.tables.shape[1]:
            raise InputError("a position has no block in its table", where="step")
        blocks = step.tables[step.sequences, step.positions // BLOCK].astype(np.int64)
        first = np.arange(heads, dtype=np.int64) * held
        slots = (blocks[:, None] + first) * BLOCK + step.positions[:, None] % BLOCK
        self.tokens = torch.from_numpy(step.tokens).to(device).long()
        self.positions = torch.from_numpy(step.positions).to(device).long()
        self.slots = torch.from_numpy(slots.ravel()).to(device)
        edges = np.flatnonzero(np.diff(step.sequences)) + 1
        starts = np.concatenate(([0], edges))
        counts = np.diff(np.append(starts, len(step.tokens)))
        ends = step.positions[starts + counts - 1] // BLOCK + 1
        # sequences of about one length are looked up together: little is filled up in vain
        alike: dict[tuple[int, int], list[int]] = {}
        for number, (count, end) in enumerate(zip(counts, ends, strict=True)):
            alike.setdefault((int(count), int(end).bit_length()), []).append(number)
        self.groups = []
        for (count, _), numbers in alike.items():
            width = int(ends[numbers].max())
            tokens = starts[numbers][:, None] + np.arange(count)
            tables = step.tables[step.sequences[starts[numbers]], :width]
            positions = step.positions[tokens][:, :, None]
            there = np.arange(width * BLOCK)
            seen = there <= positions
            if window is not None:
                seen &= there > positions - window
            # beyond the end of a sequence a table may name anything
            tables = np.where(np.arange(width) < ends[numbers][:, None], tables, tables[:, :1])
            rows = first[:, None, None] + tables
            self.groups.append(
                Group(*(torch.from_numpy(part).to(device) for part in (tokens, rows, seen)))
            )
