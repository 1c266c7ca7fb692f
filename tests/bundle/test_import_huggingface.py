"""Folders that ``transformers`` writes: the same logits, the same ids, and what is refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from safetensors.numpy import load_file, save_file
from transformers import PreTrainedTokenizerFast

from bundle_examples import small_bundle
from foreign_examples import byte_level_tokenizer
from havoc.bundle import Bundle, open_tensors
from havoc.bundle.gguf import export_gguf
from havoc.bundle.huggingface import export_huggingface
from havoc.bundle.import_huggingface import import_huggingface
from havoc.bundle.importing import import_checkpoint
from havoc.errors import InputError
from havoc.model.loading import load_model
from havoc.tokenizer import HavocTokenizer
from havoc.tokenizer.foreign import ForeignTokenizer
from training_examples import documents

SHAPE: dict[str, Any] = {
    "vocab_size": 900,
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 128,
    "initializer_range": 0.2,
    "pad_token_id": None,
    "bos_token_id": 0,
    "eos_token_id": 1,
}


def save(folder: Path, family: str = "Llama", **changes: Any) -> Any:
    """A drawn network of transformers, saved by transformers; norms are not all ones."""
    torch.manual_seed(3)
    config = getattr(transformers, f"{family}Config")(**{**SHAPE, **changes})
    model = getattr(transformers, f"{family}ForCausalLM")(config).eval()
    with torch.no_grad():
        for weight in model.parameters():
            if weight.ndim < 2:
                weight.uniform_(0.5, 1.5)
    model.save_pretrained(folder)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=byte_level_tokenizer("smollm"),
        bos_token="<|start|>",
        eos_token="<|end|>",
        chat_template="{{ messages[0].content }}",
    )
    tokenizer.save_pretrained(folder)
    return model


def edit(folder: Path, **changes: Any) -> None:
    """Change ``config.json``; None takes a key out."""
    file = folder / "config.json"
    body = {**json.loads(file.read_bytes()), **changes}
    file.write_text(json.dumps({name: value for name, value in body.items() if value is not None}))


@pytest.mark.parametrize(
    ("family", "changes"),
    [
        ("Llama", {}),
        ("Llama", {"tie_word_embeddings": True, "head_dim": 32}),
        ("Llama", {"num_key_value_heads": 1, "rms_norm_eps": 1e-3, "hidden_act": "gelu"}),
        ("Llama", {"rope_parameters": {"rope_type": "default", "rope_theta": 5e5}}),
        ("Llama", {"vocab_size": 960}),
        ("Mistral", {"sliding_window": 9}),
        ("Mistral", {"sliding_window": None, "head_dim": 8}),
        ("Phi3", {"sliding_window": 11}),
        ("Phi3", {}),
    ],
)
def test_the_logits_are_those_of_transformers(
    family: str, changes: dict[str, Any], tmp_path: Path
) -> None:
    peer = save(tmp_path / "hf", family, **changes)
    bundle = Bundle.open(import_huggingface(tmp_path / "hf", tmp_path / "bundle"))
    assert bundle.config.vocab_size == 900
    tokens = torch.randint(0, 900, (12, 40), generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        theirs = peer(tokens).logits[..., :900]
        ours = load_model(bundle)(tokens)
    assert ours.std() > 0.5
    assert float((ours - theirs).abs().max()) <= 1e-4


def test_the_vocabulary_comes_along(tmp_path: Path) -> None:
    save(tmp_path / "hf")
    page = "---\nlanguage: en\nlicense: apache-2.0\n---\n# A model\n"
    (tmp_path / "hf" / "README.md").write_text(page)
    bundle = Bundle.open(import_checkpoint(tmp_path / "hf", tmp_path / "bundle"))
    tokenizer, peer = bundle.tokenizer, byte_level_tokenizer("smollm")
    assert isinstance(tokenizer, ForeignTokenizer)
    assert (tokenizer.bos, tokenizer.eos, tokenizer.pad) == (0, 1, None)
    assert tokenizer.chat_template == "{{ messages[0].content }}"
    for text in documents()[:100]:
        assert tokenizer.encode(text) == peer.encode(text).ids
    source = bundle.card["source"]
    assert source["license"] == "apache-2.0" and source["file"] == "hf"
    assert set(source["sha256"]) == {"config.json", "model.safetensors"}


def test_tokens_that_only_the_config_names_are_found(tmp_path: Path) -> None:
    save(tmp_path / "hf")
    (tmp_path / "hf" / "tokenizer_config.json").unlink()
    edit(tmp_path / "hf", eos_token_id=[1, 0])
    tokenizer = Bundle.open(import_huggingface(tmp_path / "hf", tmp_path / "bundle")).tokenizer
    assert (tokenizer.bos, tokenizer.eos) == (0, 1)


def test_several_files_are_one_network(tmp_path: Path) -> None:
    peer = save(tmp_path / "one")
    shutil.copytree(tmp_path / "one", tmp_path / "many")
    (tmp_path / "many" / "model.safetensors").unlink()
    peer.save_pretrained(tmp_path / "many", max_shard_size="200KB")
    assert len(list((tmp_path / "many").glob("model-*.safetensors"))) > 1
    one = import_huggingface(tmp_path / "one", tmp_path / "a")
    many = import_huggingface(tmp_path / "many", tmp_path / "b")
    content = [(path / "model.safetensors").read_bytes() for path in (one, many)]
    assert content[0] == content[1]


@pytest.mark.parametrize(("kind", "name"), [(torch.bfloat16, "BF16"), (torch.float16, "F16")])
def test_narrow_weights_stay_as_they_are(kind: torch.dtype, name: str, tmp_path: Path) -> None:
    save(tmp_path / "hf").to(kind).save_pretrained(tmp_path / "hf")
    bundle = Bundle.open(import_huggingface(tmp_path / "hf", tmp_path / "bundle"))
    theirs = open_tensors(tmp_path / "hf" / "model.safetensors")
    assert {entry.dtype for entry in bundle.weights.entries.values()} == {name}
    for ours, name_there in (
        ("embedding.weight", "model.embed_tokens.weight"),
        ("layers.1.mlp.down.weight", "model.layers.1.mlp.down_proj.weight"),
    ):
        np.testing.assert_array_equal(bundle.weights.stored(ours), theirs.stored(name_there))


@pytest.mark.parametrize("changes", [{}, {"tie_embeddings": False}, {"sliding_window": 7}])
def test_an_export_comes_back_bit_for_bit(changes: dict[str, Any], tmp_path: Path) -> None:
    before = small_bundle(tmp_path / "before", activation="gelu", **changes)
    export_huggingface(before, tmp_path / "hf")
    after = Bundle.open(import_huggingface(tmp_path / "hf", tmp_path / "after"))
    assert isinstance(after.tokenizer, HavocTokenizer)
    assert after.config == before.config
    for name in ("model.safetensors", "tokenizer.model", "config.json"):
        assert (after.path / name).read_bytes() == (before.path / name).read_bytes()


def test_what_was_imported_can_be_exported_again(tmp_path: Path) -> None:
    peer = save(tmp_path / "hf", tie_word_embeddings=True)
    bundle = Bundle.open(import_huggingface(tmp_path / "hf", tmp_path / "bundle"))
    export_huggingface(bundle, tmp_path / "again")
    again = transformers.AutoModelForCausalLM.from_pretrained(
        tmp_path / "again", local_files_only=True
    )
    for name, weight in peer.state_dict().items():
        assert torch.equal(again.state_dict()[name], weight)
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path / "again")
    ids = tokenizer("of 12 parts", add_special_tokens=False).input_ids
    assert ids == bundle.tokenizer.encode("of 12 parts")
    from llama_peer import open_peer, peer_ids

    path = export_gguf(bundle, tmp_path / "a.gguf")
    assert peer_ids(open_peer(path), "of 12 parts") == ids


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"model_type": "qwen3"}, "type 'qwen3'; havoc knows llama, mistral, phi3"),
        ({"model_type": ["llama"]}, "network of the type"),
        ({"attention_bias": True}, "asks for attention_bias"),
        ({"mlp_bias": True}, "asks for mlp_bias"),
        ({"quantization_config": {"bits": 4}}, "asks for quantization_config"),
        ({"rope_parameters": {"rope_type": "llama3", "factor": 8}}, "rotary positions .*llama3"),
        ({"rope_scaling": {"type": "linear", "factor": 2}}, "rotary positions .*linear"),
        ({"rope_scaling": 5}, "rope_scaling is no object"),
        ({"partial_rotary_factor": 0.5}, "partial_rotary_factor"),
        ({"layer_types": ["full_attention", "sliding_attention"]}, "layer_types"),
        ({"hidden_act": "gelu_pytorch_tanh"}, "activation 'gelu_pytorch_tanh'"),
        ({"hidden_size": "wide"}, "hidden_size is 'wide'"),
        ({"hidden_size": 63, "head_dim": None}, "4 heads do not share a width of 63"),
        ({"num_attention_heads": 0}, "0 heads"),
        ({"num_hidden_layers": 3}, "holds no model.layers.2.input_layernorm.weight"),
        ({"num_hidden_layers": 1 << 23}, "for 8388608 layers"),
        ({"num_hidden_layers": 1}, "holds model.layers.1.input_layernorm.weight, which .* 8 more"),
        ({"intermediate_size": 95}, r"gate_proj.weight is \(96, 64\), its shape should be"),
        ({"rms_norm_eps": "small"}, "rms_norm_eps is 'small'"),
        ({"rms_norm_eps": -1}, "norm_eps"),
        ({"vocab_size": 800}, "rows for 800 ids, the tokenizer has 900"),
        ({"vocab_size": None}, "vocab_size is None"),
    ],
)
def test_what_is_not_computed_is_refused_by_name(
    changes: dict[str, Any], said: str, tmp_path: Path
) -> None:
    save(tmp_path / "hf")
    edit(tmp_path / "hf", **changes)
    with pytest.raises(InputError, match=said):
        import_huggingface(tmp_path / "hf", tmp_path / "bundle")
    assert [entry.name for entry in tmp_path.iterdir()] == ["hf"]


def test_tensors_without_a_place_are_refused(tmp_path: Path) -> None:
    save(tmp_path / "hf")
    file = tmp_path / "hf" / "model.safetensors"
    tensors = load_file(file)
    frequencies = {"model.layers.0.self_attn.rotary_emb.inv_freq": np.ones(8, np.float32)}
    save_file(tensors | frequencies, file)
    import_huggingface(tmp_path / "hf", tmp_path / "old")  # old files hold what is computed
    bias = "model.layers.0.self_attn.q_proj.bias"
    save_file(tensors | {bias: np.ones(64, np.float32)}, file)
    with pytest.raises(InputError, match=f"holds {bias}, which"):
        import_huggingface(tmp_path / "hf", tmp_path / "bundle")
    whole = {"model.norm.weight": np.ones(64, np.int8)}
    save_file(tensors | whole, file)
    with pytest.raises(InputError, match=r"model.norm.weight is stored as I8"):
        import_huggingface(tmp_path / "hf", tmp_path / "bundle")


def test_pickles_and_missing_files_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "hf"
    save(folder)
    file = folder / "model.safetensors"
    content = file.read_bytes()
    file.rename(folder / "pytorch_model.bin")
    with pytest.raises(InputError, match=r"only as pytorch_model.bin.*save_pretrained"):
        import_huggingface(folder, tmp_path / "bundle")
    (folder / "pytorch_model.bin").unlink()
    with pytest.raises(InputError, match=r"holds no model.safetensors"):
        import_huggingface(folder, tmp_path / "bundle")
    file.write_bytes(content[:-10])
    with pytest.raises(InputError, match="truncated"):
        import_huggingface(folder, tmp_path / "bundle")
    file.write_bytes(content)
    (folder / "tokenizer.json").unlink()
    with pytest.raises(InputError, match=r"holds no tokenizer.json; .*save_pretrained"):
        import_huggingface(folder, tmp_path / "bundle")
    for broken in (b"", b"[]", b"{", b"\xff", b"[" * 100_000):
        (folder / "config.json").write_bytes(broken)
        with pytest.raises(InputError, match=r"config.json: is no JSON object"):
            import_huggingface(folder, tmp_path / "bundle")
    assert not (tmp_path / "bundle").exists()


@pytest.mark.parametrize(
    ("places", "said"),
    [
        (None, "holds no weight_map"),
        ({"a": 1}, "holds no weight_map"),
        ({"a": "../other/model.safetensors"}, "is no file of this folder"),
        ({"a": "/etc/passwd"}, "is no file of this folder"),
        ({"a": "..safetensors"}, "is no file of this folder"),
        ({"a": "pytorch_model.bin"}, "is no file of this folder"),
        ({"a": "none.safetensors"}, "none.safetensors: cannot be read"),
        ({"a": "one.safetensors"}, "a is not in one.safetensors"),
        ({"model.norm.weight": "one.safetensors"}, "does not list"),
        ({f"t{i}": f"f{i}.safetensors" for i in range(1025)}, "names 1025 files"),
    ],
)
def test_an_index_leads_nowhere_else(places: Any, said: str, tmp_path: Path) -> None:
    folder = tmp_path / "hf"
    save(folder)
    (folder / "model.safetensors").rename(folder / "one.safetensors")
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": places}))
    with pytest.raises(InputError, match=said):
        import_huggingface(folder, tmp_path / "bundle")


def test_what_is_no_checkpoint_is_refused(tmp_path: Path) -> None:
    for name, content, said in (
        ("a.bin", b"PK\3\4", "neither a GGUF file nor a folder"),
        ("a.safetensors", b"\0" * 16, "says nothing of the shape"),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InputError, match=said):
            import_checkpoint(tmp_path / name, tmp_path / "bundle")
    with pytest.raises(InputError, match="cannot be read"):
        import_checkpoint(tmp_path / "absent", tmp_path / "bundle")
    (tmp_path / "b.gguf").write_bytes(b"GGUF")
    with pytest.raises(InputError, match=r"holds no config.json; name the file: .*b\.gguf"):
        import_checkpoint(tmp_path, tmp_path / "bundle")
    own = small_bundle(tmp_path / "own")
    with pytest.raises(InputError, match="type 'havoc'"):
        import_checkpoint(own.path, tmp_path / "bundle")
