"""The same weights under other names: Hugging Face's Llama and llama.cpp's.

Havoc keeps query, key and value in one matrix, and gate and up in another; both of the
others keep each apart. One table a format says which rows go under which name, and serves
the way out and the way in.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from havoc.bundle.bundle import weight_shapes
from havoc.model.config import HavocConfig

HUGGING_FACE: Mapping[str, tuple[str, ...]] = {
    "embedding.weight": ("model.embed_tokens.weight",),
    "attention_norm.weight": ("model.layers.{}.input_layernorm.weight",),
    "attention.qkv.weight": (
        "model.layers.{}.self_attn.q_proj.weight",
        "model.layers.{}.self_attn.k_proj.weight",
        "model.layers.{}.self_attn.v_proj.weight",
    ),
    "attention.output.weight": ("model.layers.{}.self_attn.o_proj.weight",),
    "mlp_norm.weight": ("model.layers.{}.post_attention_layernorm.weight",),
    "mlp.gate_up.weight": (
        "model.layers.{}.mlp.gate_proj.weight",
        "model.layers.{}.mlp.up_proj.weight",
    ),
    "mlp.down.weight": ("model.layers.{}.mlp.down_proj.weight",),
    "norm.weight": ("model.norm.weight",),
    "head.weight": ("lm_head.weight",),
}
PHI_3: Mapping[str, tuple[str, ...]] = {
    **HUGGING_FACE,
    "attention.qkv.weight": ("model.layers.{}.self_attn.qkv_proj.weight",),
    "mlp.gate_up.weight": ("model.layers.{}.mlp.gate_up_proj.weight",),
}
"""Phi-3 is a Llama whose matrices are joined as ours are."""
GGUF: Mapping[str, tuple[str, ...]] = {
    "embedding.weight": ("token_embd.weight",),
    "attention_norm.weight": ("blk.{}.attn_norm.weight",),
    "attention.qkv.weight": (
        "blk.{}.attn_q.weight",
        "blk.{}.attn_k.weight",
        "blk.{}.attn_v.weight",
    ),
    "attention.output.weight": ("blk.{}.attn_output.weight",),
    "mlp_norm.weight": ("blk.{}.ffn_norm.weight",),
    "mlp.gate_up.weight": ("blk.{}.ffn_gate.weight", "blk.{}.ffn_up.weight"),
    "mlp.down.weight": ("blk.{}.ffn_down.weight",),
    "norm.weight": ("output_norm.weight",),
    "head.weight": ("output.weight",),
}
_LAYER = re.compile(r"layers\.(\d+)\.(.+)")


@dataclass(frozen=True, slots=True)
class Part:
    """Rows ``start`` to ``stop`` of one of our weights, under the name of another format.

    ``heads`` is their number where the rows are queries or keys, which rotary positions
    turn, and 0 elsewhere.
    """

    name: str
    start: int
    stop: int
    shape: tuple[int, ...]
    heads: int = 0


def parts(config: HavocConfig, names: Mapping[str, tuple[str, ...]]) -> dict[str, list[Part]]:
    """For each of our weights, in order, what it is made of in another format."""
    turned = (config.num_heads, config.num_kv_heads, 0)
    found: dict[str, list[Part]] = {}
    for ours, shape in weight_shapes(config).items():
        layer = _LAYER.fullmatch(ours)
        number, kind = layer.groups() if layer else ("", ours)
        theirs = names[kind]
        rows: tuple[int, ...] = shape[:1]
        heads: tuple[int, ...] = (0,) * len(theirs)
        if kind == "attention.qkv.weight" and len(theirs) > 1:
            rows, heads = config.qkv_rows, turned
        elif kind == "mlp.gate_up.weight" and len(theirs) > 1:
            rows = (config.d_ff, config.d_ff)
        start, made = 0, []
        for name, count, turning in zip(theirs, rows, heads, strict=True):
            made.append(
                Part(name.format(number), start, start + count, (count, *shape[1:]), turning)
            )
            start += count
        found[ours] = made
    return found
