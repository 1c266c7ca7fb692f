"""A bundle from a folder in the layout of Hugging Face: Llama, Mistral and Phi-3."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from numpy.typing import NDArray

from havoc import __version__
from havoc.bundle.assemble import assembled, sha256_of
from havoc.bundle.bundle import WEIGHTS, write_bundle
from havoc.bundle.huggingface import ACTIVATIONS
from havoc.bundle.layout import HUGGING_FACE, PHI_3
from havoc.bundle.tensors import TensorFile, open_tensors
from havoc.bundle.untrusted import read_file, read_json
from havoc.errors import InputError
from havoc.model.config import HavocConfig, from_mapping
from havoc.tokenizer import HavocTokenizer
from havoc.tokenizer.foreign import FILE_NAME as TOKENIZER_JSON
from havoc.tokenizer.foreign import NAMED, ForeignTokenizer, token_text
from havoc.tokenizer.foreign import SETTINGS_NAME as TOKENIZER_CONFIG
from havoc.tokenizer.tokenizer import FILE_NAME as TOKENIZER_MODEL

CONFIG = "config.json"
INDEX = "model.safetensors.index.json"
FAMILIES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "llama": HUGGING_FACE,
    "mistral": HUGGING_FACE,
    "phi3": PHI_3,
}
WINDOWS: Mapping[str, int | None] = {"mistral": 4096, "phi3": None}
"""Families with a sliding window, and the one that transformers takes where none is named."""
OUR_ACTIVATIONS = {**{theirs: ours for ours, theirs in ACTIVATIONS.items()}, "swish": "silu"}
KINDS = ("F32", "F16", "BF16")
PICKLED = (".bin", ".pt", ".pth", ".ckpt")
MOST_SHARDS = 1 << 10
_PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\.safetensors")
_FREQUENCIES = re.compile(r"model\.layers\.\d+\.self_attn\.rotary_emb\.inv_freq")


def import_huggingface(path: str | os.PathLike[str], out: str | os.PathLike[str]) -> Path:
    """Write the bundle of such a folder to the folder ``out``; it appears complete.

    Weights keep their precision (F32, F16, BF16). Raises InputError where a file is missing
    or damaged, or where the config asks for something that havoc does not compute, by name.
    """
    folder = Path(path)
    body = read_json(folder / CONFIG)
    where = str(folder / CONFIG)
    family = str(body.get("model_type"))
    if family not in FAMILIES:
        raise _unlike(
            where, f"is a network of the type {family!r}; havoc knows {', '.join(FAMILIES)}"
        )
    files = _weight_files(folder)
    tokenizer = _tokenizer(folder, body)
    checkpoint = _Shards(folder, {name: file for file in files for name in file.entries})
    config = _config(body, where, family, tokenizer.vocab_size)
    ignored = [name for name in checkpoint.files if _FREQUENCIES.fullmatch(name)]
    if config.tie_embeddings:
        ignored.append("lm_head.weight")  # transformers does not read it either
    tensors = assembled(config, FAMILIES[family], checkpoint, ignored=ignored)
    sources = [CONFIG, *(file.path.name for file in files)]
    card = {
        "havoc": __version__,
        "source": {
            "format": "huggingface",
            "file": folder.resolve().name,
            "sha256": {name: sha256_of(folder / name) for name in sources},
            "name": str(body.get("_name_or_path") or ""),
            "license": _license(folder),
        },
        "tokenizer_digest": tokenizer.digest,
    }
    return write_bundle(out, config, tensors, tokenizer, card)


@dataclass(frozen=True, slots=True)
class _Shards:
    """The tensors of one file or several."""

    folder: Path
    files: dict[str, TensorFile]

    @property
    def where(self) -> str:
        return str(self.folder)

    def shapes(self) -> dict[str, tuple[int, ...]]:
        return {name: file.entries[name].shape for name, file in self.files.items()}

    def kind(self, name: str) -> str:
        kind = self.files[name].entries[name].dtype
        if kind not in KINDS:
            raise _unlike(self.where, f"{name} is stored as {kind}, not as {', '.join(KINDS)}")
        return kind

    def read(self, name: str) -> NDArray[Any]:
        return self.files[name].stored(name)


def _weight_files(folder: Path) -> list[TensorFile]:
    if (folder / WEIGHTS).exists():
        return [open_tensors(folder / WEIGHTS)]
    if not (folder / INDEX).exists():
        pickled = sorted(entry.name for entry in folder.iterdir() if entry.suffix in PICKLED)
        raise InputError(
            f"holds its weights only as {pickled[0]}, which can carry a program"
            if pickled
            else f"holds no {WEIGHTS}",
            where=str(folder),
            remedy="save the model as safetensors: model.save_pretrained(folder) in transformers",
        )
    index = folder / INDEX
    try:
        places = msgspec.convert(read_json(index).get("weight_map"), dict[str, str])
    except msgspec.ValidationError:
        raise _unlike(str(index), "holds no weight_map") from None
    names = sorted(set(places.values()))
    if len(names) > MOST_SHARDS:
        raise _unlike(str(index), f"names {len(names)} files")
    wrong = next((name for name in names if not _PLAIN_NAME.fullmatch(name)), None)
    if wrong is not None:
        raise _unlike(str(index), f"names {wrong!r}, which is no file of this folder")
    files = {name: open_tensors(folder / name) for name in names}
    for tensor, name in places.items():
        if tensor not in files[name].entries:
            raise _unlike(str(index), f"{tensor} is not in {name}")
    for name, file in files.items():
        extra = next((tensor for tensor in file.entries if places.get(tensor) != name), None)
        if extra is not None:
            raise _unlike(str(index), f"does not list {extra} of {name}")
    return list(files.values())


def _config(body: Mapping[str, Any], where: str, family: str, vocab_size: int) -> HavocConfig:
    _refuse_features(body, where)
    rope = _rope(body, where)
    width = _whole(body, "hidden_size", where)
    heads = _whole(body, "num_attention_heads", where)
    if heads < 1 or (body.get("head_dim") is None and width % heads):
        raise _unlike(where, f"{heads} heads do not share a width of {width}")
    activation = str(body.get("hidden_act", "silu"))
    if activation not in OUR_ACTIVATIONS:
        raise _unlike(where, f"asks for the activation {activation!r} (hidden_act)")
    window = body.get("sliding_window", WINDOWS[family]) if family in WINDOWS else None
    if window is not None:
        window = _whole({"sliding_window": window}, "sliding_window", where)
    rows = _whole(body, "vocab_size", where)
    if rows < vocab_size:
        raise _unlike(where, f"has rows for {rows} ids, the tokenizer has {vocab_size}")
    return from_mapping(
        {
            "vocab_size": vocab_size,
            "d_model": width,
            "num_layers": _whole(body, "num_hidden_layers", where),
            "num_heads": heads,
            "num_kv_heads": _whole(body, "num_key_value_heads", where, heads),
            "head_dim": _whole(body, "head_dim", where, width // heads),
            "d_ff": _whole(body, "intermediate_size", where),
            "max_seq_len": _whole(body, "max_position_embeddings", where),
            "rope_theta": rope,
            "norm_eps": _real(body, "rms_norm_eps", where, 1e-6 if family != "phi3" else 1e-5),
            "init_std": _real(body, "initializer_range", where, 0.02),
            "activation": OUR_ACTIVATIONS[activation],
            "tie_embeddings": bool(body.get("tie_word_embeddings", False)),
            "sliding_window": window,
        },
        where=where,
    )


def _refuse_features(body: Mapping[str, Any], where: str) -> None:
    """Name what changes the arithmetic of these families and is not ours."""
    for name in ("attention_bias", "mlp_bias", "quantization_config"):
        if body.get(name):
            raise _unlike(where, f"asks for {name}")
    if body.get("partial_rotary_factor") not in (None, 1, 1.0):
        raise _unlike(where, "turns a part of each head only (partial_rotary_factor)")
    wanted = "full_attention" if body.get("sliding_window") is None else "sliding_attention"
    kinds = body.get("layer_types") or []
    if not isinstance(kinds, list) or any(kind != wanted for kind in kinds):
        raise _unlike(where, f"has other layers than {wanted} (layer_types)")


def _rope(body: Mapping[str, Any], where: str) -> float:
    """The base of the rotary positions, as transformers 5 or 4 writes it."""
    theta: Any = body.get("rope_theta")
    for name in ("rope_parameters", "rope_scaling"):
        given = body.get(name)
        if given is None:
            continue
        if not isinstance(given, dict):
            raise _unlike(where, f"{name} is no object")
        kind = given.get("rope_type", given.get("type", "default"))
        if kind != "default":
            raise _unlike(where, f"scales its rotary positions ({name}: {kind})")
        if given.get("partial_rotary_factor") not in (None, 1, 1.0):
            raise _unlike(where, "turns a part of each head only (partial_rotary_factor)")
        theta = given.get("rope_theta", theta)
    return _real({"rope_theta": theta}, "rope_theta", where, 10_000.0)


def _whole(body: Mapping[str, Any], name: str, where: str, default: int | None = None) -> int:
    value = body.get(name)
    value = default if value is None else value
    if type(value) is not int:
        raise _unlike(where, f"{name} is {value!r}, not a whole number")
    return value


def _real(body: Mapping[str, Any], name: str, where: str, default: float) -> float:
    value = body.get(name)
    value = default if value is None else value
    if type(value) not in (int, float):
        raise _unlike(where, f"{name} is {value!r}, not a number")
    return float(value)


def _tokenizer(folder: Path, body: Mapping[str, Any]) -> HavocTokenizer | ForeignTokenizer:
    own = folder / TOKENIZER_MODEL
    if own.exists():
        try:
            return HavocTokenizer(read_file(own), where=str(own))
        except InputError:
            pass  # another project's: its tokenizer.json says the same, and more
    if not (folder / TOKENIZER_JSON).exists():
        raise InputError(
            f"holds no {TOKENIZER_JSON}",
            where=str(folder),
            remedy="save the tokenizer: AutoTokenizer.from_pretrained(folder)"
            ".save_pretrained(folder) in transformers",
        )
    document = read_file(folder / TOKENIZER_JSON)
    given: dict[str, Any] = {}
    for name in ("special_tokens_map.json", TOKENIZER_CONFIG):
        if (folder / name).exists():
            given |= {key: value for key, value in read_json(folder / name).items() if value}
    probe = ForeignTokenizer(document, where=str(folder / TOKENIZER_JSON))
    settings: dict[str, Any] = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "clean_up_tokenization_spaces": False,
    }
    for name in (*NAMED, "unk_token"):
        text = token_text(given, name) or _by_id(body, f"{name}_id", probe)
        if text:
            settings[name] = text
    template = _chat_template(folder, given)
    if template:
        settings["chat_template"] = template
    return ForeignTokenizer(
        document, msgspec.json.encode(settings), where=str(folder / TOKENIZER_JSON)
    )


def _by_id(body: Mapping[str, Any], name: str, tokenizer: ForeignTokenizer) -> str:
    """The spelling of a token that only ``config.json`` names, by its id or the first of some."""
    number = body.get(name)
    if isinstance(number, list):
        number = number[0] if number else None
    if type(number) is not int or not 0 <= number < tokenizer.vocab_size:
        return ""
    return tokenizer.piece(number)


def _chat_template(folder: Path, given: Mapping[str, Any]) -> str:
    file = folder / "chat_template.jinja"
    if file.exists():
        return read_file(file, 1 << 20).decode(errors="replace")
    template = given.get("chat_template")
    if isinstance(template, list):  # several, by name
        named = [entry for entry in template if isinstance(entry, dict)]
        template = next((e.get("template") for e in named if e.get("name") == "default"), None)
    return template if isinstance(template, str) else ""


def _license(folder: Path) -> str:
    """What the front matter of the model's page names as its licence."""
    page = folder / "README.md"
    if not page.exists():
        return ""
    text = read_file(page).decode(errors="replace")
    front = re.match(r"---\n(.*?)\n---", text, re.DOTALL)
    named = re.search(r"^license:[ \t]*(\S+)", front.group(1), re.MULTILINE) if front else None
    return named.group(1) if named else ""


def _unlike(where: str, what: str) -> InputError:
    return InputError(
        what,
        where=where,
        remedy="havoc computes plain networks of the Llama family: take another model",
    )
