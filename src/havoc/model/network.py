"""The network: a decoder of pre-norm blocks, read from top to bottom.

Shapes in comments: B sequences, T positions, S positions seen (cache included), d width,
H query heads, K key and value heads, D head width, F width of the MLP, V vocabulary.

Parameters keep their own precision; products are computed in the precision of what flows
through (``compute_dtype``), so there is no hidden autocast. The query, key and value
projections are one matrix, gate and up another: ``matrix_rows`` on the weight says where an
optimiser that works on whole matrices has to split it.

Vaswani et al. (2017), arXiv 1706.03762; Zhang and Sennrich (2019), RMSNorm, arXiv 1910.07467;
Su et al. (2021), RoPE, arXiv 2104.09864; Shazeer (2020), SwiGLU, arXiv 2002.05202; Ainslie et
al. (2023), grouped-query attention, arXiv 2305.13245.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from havoc.errors import InputError
from havoc.model.cache import KVCache
from havoc.model.config import HavocConfig
from havoc.model.loss import linear_cross_entropy

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "silu": F.silu,
    "gelu": F.gelu,
    "relu_squared": lambda x: F.relu(x).square(),
}


class Linear(nn.Linear):
    """A matrix product without bias, in the precision of its input."""

    def __init__(self, inputs: int, outputs: int, rows: tuple[int, ...] = ()) -> None:
        super().__init__(inputs, outputs, bias=False)
        if rows:
            self.weight.matrix_rows = rows  # type: ignore[attr-defined]

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight.to(x.dtype))


class RMSNorm(nn.Module):
    """x / rms(x) · weight, over the last dimension."""

    def __init__(self, width: int, eps: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        return F.rms_norm(x, self.weight.shape, self.weight.to(x.dtype), self.eps)


class RotaryTable(nn.Module):
    """cos and sin of position · theta^(-2i/D), [max_seq_len, D], the halves side by side."""

    cos: Tensor
    sin: Tensor

    def __init__(self, config: HavocConfig) -> None:
        super().__init__()
        exponents = torch.arange(0, config.head_dim, 2, dtype=torch.float64) / config.head_dim
        angles = torch.outer(
            torch.arange(config.max_seq_len, dtype=torch.float64), config.rope_theta**-exponents
        )
        both = torch.cat((angles, angles), dim=-1)
        sign = torch.cat((-torch.ones_like(angles), torch.ones_like(angles)), dim=-1)
        self.register_buffer("cos", both.cos().float(), persistent=False)
        # the sign of the half turn lies in the table, so that rotating needs no negation
        self.register_buffer("sin", (both.sin() * sign).float(), persistent=False)


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Turn each pair (i, i + D/2) of x [B, H, T, D] by the angles of its position [T, D]."""
    half = x.shape[-1] // 2
    swapped = torch.cat((x[..., half:], x[..., :half]), dim=-1)
    return x * cos + swapped * sin


class Attention(nn.Module):
    """Causal grouped-query attention."""

    def __init__(self, config: HavocConfig) -> None:
        super().__init__()
        self.config = config
        rows = config.qkv_rows
        self.qkv = Linear(config.d_model, sum(rows), rows)
        self.output = Linear(rows[0], config.d_model)

    def forward(
        self,
        x: Tensor,
        cos: Tensor,
        sin: Tensor,
        mask: Tensor | None,
        cache: KVCache | None,
        layer: int,
    ) -> Tensor:
        batch, length, _ = x.shape
        config = self.config
        shared = config.num_heads // config.num_kv_heads
        heads = config.num_heads + 2 * config.num_kv_heads
        qkv = self.qkv(x).view(batch, length, heads, config.head_dim).transpose(1, 2)
        # queries and keys turn together: [B, H + K, T, D]
        turned = rotate(qkv[:, : config.num_heads + config.num_kv_heads], cos, sin)
        q, k = turned[:, : config.num_heads], turned[:, config.num_heads :]
        v = qkv[:, config.num_heads + config.num_kv_heads :]
        if cache is not None:
            k, v = cache.extend(layer, k, v)
        if shared > 1:
            k, v = k.repeat_interleave(shared, dim=1), v.repeat_interleave(shared, dim=1)
        causal = mask is None and length > 1
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=causal)
        return self.output(y.transpose(1, 2).reshape(batch, length, -1))  # type: ignore[no-any-return]


class MLP(nn.Module):
    """down(activation(gate(x)) · up(x))."""

    def __init__(self, config: HavocConfig) -> None:
        super().__init__()
        self.gate_up = Linear(config.d_model, 2 * config.d_ff, (config.d_ff, config.d_ff))
        self.down = Linear(config.d_ff, config.d_model)
        self.activation = ACTIVATIONS[config.activation]

    def forward(self, x: Tensor) -> Tensor:
        gate, up = self.gate_up(x).chunk(2, dim=-1)
        return self.down(self.activation(gate) * up)  # type: ignore[no-any-return]


class Block(nn.Module):
    """x + attention(norm(x)), then x + mlp(norm(x)); ``dropout`` of what is added, in training."""

    def __init__(self, config: HavocConfig, layer: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.layer = layer
        self.dropout = dropout
        self.attention_norm = RMSNorm(config.d_model, config.norm_eps)
        self.attention = Attention(config)
        self.mlp_norm = RMSNorm(config.d_model, config.norm_eps)
        self.mlp = MLP(config)

    def forward(
        self, x: Tensor, cos: Tensor, sin: Tensor, mask: Tensor | None, cache: KVCache | None
    ) -> Tensor:
        x = x + self._dropped(
            self.attention(self.attention_norm(x), cos, sin, mask, cache, self.layer)
        )
        return x + self._dropped(self.mlp(self.mlp_norm(x)))

    def _dropped(self, x: Tensor) -> Tensor:
        return F.dropout(x, self.dropout, self.training) if self.dropout else x


class HavocModel(nn.Module):
    """Token ids to logits.

    ``checkpoint_every`` n recomputes every n-th block in the backward pass instead of
    keeping its activations (0: none). ``compute_dtype`` is the precision of the products.
    ``dropout`` is the part of the embedding, and of what each block adds, that is left out in
    training: Srivastava et al. (2014), JMLR 15.
    """

    def __init__(
        self,
        config: HavocConfig,
        *,
        compute_dtype: torch.dtype = torch.float32,
        checkpoint_every: int = 0,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.config = config
        self.compute_dtype = compute_dtype
        self.checkpoint_every = checkpoint_every
        self.dropout = dropout
        self.embedding = nn.Embedding(config.vocab_size, config.d_model)
        self.layers = nn.ModuleList(
            Block(config, layer, dropout) for layer in range(config.num_layers)
        )
        self.norm = RMSNorm(config.d_model, config.norm_eps)
        self.head = None if config.tie_embeddings else Linear(config.d_model, config.vocab_size)
        self.rotary = RotaryTable(config)

    def initialise(self, seed: int) -> HavocModel:
        """Draw the weights: normal with ``init_std``; what a block adds to the residual stream
        is drawn smaller by 1/sqrt(2 · layers). Radford et al. (2019), section 2.3."""
        generator = torch.Generator().manual_seed(seed)
        std = self.config.init_std
        residual = std / math.sqrt(2 * self.config.num_layers)
        with torch.no_grad():
            for name, parameter in self.named_parameters():
                if parameter.ndim < 2:
                    parameter.fill_(1.0)
                    continue
                last = name.endswith(("attention.output.weight", "mlp.down.weight"))
                drawn = torch.empty(parameter.shape, dtype=torch.float32)
                drawn.normal_(0.0, residual if last else std, generator=generator)
                parameter.copy_(drawn)
        return self

    def parameter_count(self) -> int:
        """Parameters, a tied embedding counted once."""
        return sum(parameter.numel() for parameter in self.parameters())

    def output_weight(self) -> Tensor:
        """The matrix of the logits [V, d]: the embedding where it is tied."""
        return self.embedding.weight if self.head is None else self.head.weight

    def hidden(
        self, tokens: Tensor, *, segments: Tensor | None = None, cache: KVCache | None = None
    ) -> Tensor:
        """Normed hidden states [B, T, d] of ``tokens`` [B, T].

        ``segments`` [B, T] numbers the documents of a packed sequence: a position sees its
        own document only. With ``cache`` the positions follow those already in it.
        Raises InputError where the sequence is longer than the network's positions.
        """
        length = tokens.shape[1]
        start = cache.length if cache is not None else 0
        if start + length > self.config.max_seq_len:
            raise InputError(
                f"{start + length} positions; the network has {self.config.max_seq_len}",
                where="tokens",
                remedy="shorten the text, or train with a larger max_seq_len",
            )
        mask = self._mask(tokens, segments, start)
        x = F.embedding(tokens, self.embedding.weight).to(self.compute_dtype)
        if self.dropout:
            x = F.dropout(x, self.dropout, self.training)
        cos = self.rotary.cos[start : start + length].to(x.dtype)
        sin = self.rotary.sin[start : start + length].to(x.dtype)
        for number, block in enumerate(self.layers):
            if self._recomputed(number):
                x = checkpoint(block, x, cos, sin, mask, cache, use_reentrant=False)
            else:
                x = block(x, cos, sin, mask, cache)
        if cache is not None:
            cache.length += length
        return self.norm(x)  # type: ignore[no-any-return]

    def forward(
        self,
        tokens: Tensor,
        targets: Tensor | None = None,
        segments: Tensor | None = None,
        cache: KVCache | None = None,
    ) -> Tensor:
        """Logits [B, T, V] of ``tokens`` [B, T], see ``hidden``; or, with ``targets`` [B, T]
        (-100: not counted), their summed negative log-likelihood in nats.

        In the second case the logits are never held at once: see ``havoc.model.loss``.
        """
        x = self.hidden(tokens, segments=segments, cache=cache)
        if targets is None:
            return F.linear(x, self.output_weight().to(x.dtype))
        return linear_cross_entropy(
            x.reshape(-1, self.config.d_model), self.output_weight(), targets.reshape(-1)
        )

    def _recomputed(self, layer: int) -> bool:
        every = self.checkpoint_every
        return bool(every) and layer % every == 0 and self.training and torch.is_grad_enabled()

    def _mask(self, tokens: Tensor, segments: Tensor | None, start: int) -> Tensor | None:
        """True where a query [T] may see a key [S], or None where plain causality says all."""
        length = tokens.shape[1]
        window = self.config.sliding_window
        windowed = window is not None and window < start + length
        if segments is None and not windowed and (start == 0 or length == 1):
            return None
        queries = torch.arange(start, start + length, device=tokens.device)
        keys = torch.arange(start + length, device=tokens.device)
        mask = keys <= queries[:, None]
        if window is not None and windowed:
            mask = mask & (keys > queries[:, None] - window)
        mask = mask[None, None]
        if segments is not None:
            mask = mask & (segments[:, None, :, None] == segments[:, None, None, :])
        return mask


SigmaModel = HavocModel
"""The name of the network in the specification."""


def build(config: HavocConfig, device: str | torch.device = "cpu", **settings: Any) -> HavocModel:
    """A network whose weights are allocated on ``device`` ("meta": not at all)."""
    with torch.device(device):
        return HavocModel(config, **settings)
