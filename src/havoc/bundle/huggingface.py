"""Export to the layout of Hugging Face: what ``AutoModelForCausalLM.from_pretrained`` reads.

The network is written as a ``LlamaForCausalLM``, or as a ``MistralForCausalLM`` where it has
a sliding window: both compute exactly what ours does. ``tokenizer.json`` gives the ids of
``HavocTokenizer``, except that a text which spells a control token makes that token there,
as is the custom of the library.
"""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from numpy.typing import NDArray

from havoc.bundle.bundle import WEIGHTS, Bundle
from havoc.bundle.folder import new_folder
from havoc.bundle.layout import HUGGING_FACE, Part, parts
from havoc.bundle.precision import NAMES, converted
from havoc.bundle.tensors import TensorFile, TensorSource, tensor_chunks
from havoc.bundle.tokenizer_json import havoc_document, to_json
from havoc.errors import InputError
from havoc.model.config import HavocConfig
from havoc.tokenizer import HavocTokenizer
from havoc.tokenizer.foreign import FILE_NAME as TOKENIZER_JSON
from havoc.tokenizer.foreign import SETTINGS_NAME as TOKENIZER_CONFIG
from havoc.tokenizer.foreign import ForeignTokenizer
from havoc.tokenizer.tokenizer import FILE_NAME as TOKENIZER_MODEL

ACTIVATIONS = {"silu": "silu", "gelu": "gelu", "relu_squared": "relu2"}
"""Our activations by the name that ``transformers`` has for the same function."""
TORCH_NAMES = {"fp32": "float32", "fp16": "float16", "bf16": "bfloat16"}


def export_huggingface(
    bundle: Bundle, out: str | os.PathLike[str], *, precision: str = "fp32"
) -> Path:
    """Write ``bundle`` as a folder that ``transformers`` reads; it appears complete.

    ``precision``: fp32, fp16 or bf16. Raises InputError for another one, for a weight that
    fp16 cannot hold, and where ``out`` cannot be written.
    """
    if precision not in NAMES:
        raise InputError(
            f"there is no precision {precision!r} in this format",
            where="dtype",
            remedy=f"give one of {', '.join(NAMES)}",
        )
    sources: dict[str, TensorSource] = {}
    for ours, found in parts(bundle.config, HUGGING_FACE).items():
        for part in found:
            make = partial(_rows, bundle.weights, ours, part, precision)
            sources[part.name] = TensorSource(NAMES[precision], part.shape, make)
    files = {
        "config.json": _json(model_config(bundle.config, bundle.tokenizer, precision)),
        "generation_config.json": _json(_ids(bundle.tokenizer)),
        **_tokenizer_files(bundle),
    }
    with new_folder(out) as folder:
        for name, content in files.items():
            folder.write(name, content)
        folder.write(WEIGHTS, tensor_chunks(sources, {"format": "pt"}))
    return Path(out)


def model_config(
    config: HavocConfig, tokenizer: HavocTokenizer | ForeignTokenizer, precision: str
) -> dict[str, Any]:
    """``config.json``, with each fact under the name of transformers 4 and of 5."""
    window = config.sliding_window
    body: dict[str, Any] = {
        "architectures": ["LlamaForCausalLM" if window is None else "MistralForCausalLM"],
        "model_type": "llama" if window is None else "mistral",
        "vocab_size": config.vocab_size,
        "hidden_size": config.d_model,
        "intermediate_size": config.d_ff,
        "num_hidden_layers": config.num_layers,
        "num_attention_heads": config.num_heads,
        "num_key_value_heads": config.num_kv_heads,
        "head_dim": config.head_dim,
        "hidden_act": ACTIVATIONS[config.activation],
        "max_position_embeddings": config.max_seq_len,
        "initializer_range": config.init_std,
        "rms_norm_eps": config.norm_eps,
        "rope_theta": config.rope_theta,
        "rope_parameters": {"rope_type": "default", "rope_theta": config.rope_theta},
        "attention_dropout": 0.0,
        "tie_word_embeddings": config.tie_embeddings,
        "use_cache": True,
        "dtype": TORCH_NAMES[precision],
        "torch_dtype": TORCH_NAMES[precision],
        **_ids(tokenizer),
    }
    if window is None:
        return {**body, "attention_bias": False, "mlp_bias": False}
    return {**body, "sliding_window": window}


def _rows(weights: TensorFile, ours: str, part: Part, precision: str) -> NDArray[Any]:
    return converted(weights.read(ours)[part.start : part.stop], precision, part.name)


def _ids(tokenizer: HavocTokenizer | ForeignTokenizer) -> dict[str, int | None]:
    return {
        "bos_token_id": tokenizer.bos,
        "eos_token_id": tokenizer.eos,
        "pad_token_id": tokenizer.pad,
    }


def _tokenizer_files(bundle: Bundle) -> dict[str, bytes]:
    tokenizer = bundle.tokenizer
    if isinstance(tokenizer, ForeignTokenizer):
        return {TOKENIZER_JSON: tokenizer.document, TOKENIZER_CONFIG: tokenizer.settings}
    named = {f"{name}_token": f"<{name}>" for name in ("bos", "eos", "pad", "unk")}
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        **named,
        "model_max_length": bundle.config.max_seq_len,
        "clean_up_tokenization_spaces": False,
    }
    return {
        TOKENIZER_JSON: to_json(havoc_document(tokenizer)),
        TOKENIZER_MODEL: tokenizer.model,
        TOKENIZER_CONFIG: _json(settings),
        "special_tokens_map.json": _json(named),
    }


def _json(body: dict[str, Any]) -> bytes:
    return msgspec.json.format(msgspec.json.encode(body), indent=2) + b"\n"
