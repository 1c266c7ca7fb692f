"""GGUF files of others: the same network, the same ids, and no trust in what they say."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from bundle_examples import OVERLAPS, small_bundle
from foreign_examples import byte_level_tokenizer
from havoc.bundle import Bundle
from havoc.bundle.gguf import export_gguf
from havoc.bundle.gguf_file import open_gguf
from havoc.bundle.import_gguf import import_gguf
from havoc.errors import InputError
from havoc.model.loading import load_model
from havoc.tokenizer import HavocTokenizer
from havoc.tokenizer.foreign import ForeignTokenizer
from llama_peer import open_peer, peer_ids, peer_logits
from training_examples import documents, small_tokenizer

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=80)
SAME_FILE = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
WIDTH, HIDDEN, VOCABULARY = 64, 96, 900
Fields = dict[str, Any]


def fields(**changes: Any) -> Fields:
    """A network of two layers, four heads and a vocabulary of bytes and merges."""
    peer = byte_level_tokenizer("smollm")
    vocab = sorted(peer.get_vocab(), key=peer.token_to_id)
    merges = [" ".join(pair) for pair in _model(peer)["merges"]]
    plain: Fields = {
        "llama.context_length": 256,
        "llama.embedding_length": WIDTH,
        "llama.block_count": 2,
        "llama.feed_forward_length": HIDDEN,
        "llama.attention.head_count": 4,
        "llama.attention.head_count_kv": 2,
        "llama.attention.layer_norm_rms_epsilon": 1e-5,
        "llama.rope.freq_base": 10_000.0,
        "llama.rope.dimension_count": 16,
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "smollm",
        "tokenizer.ggml.tokens": vocab,
        "tokenizer.ggml.token_type": [3, 3, 4] + [1] * (len(vocab) - 3),
        "tokenizer.ggml.merges": merges,
        "tokenizer.ggml.bos_token_id": 0,
        "tokenizer.ggml.eos_token_id": 1,
    }
    for name, value in changes.items():
        plain[name.replace("__", ".")] = value
    return {name: value for name, value in plain.items() if value is not None}


def _model(peer: Any) -> dict[str, Any]:
    import json

    model: dict[str, Any] = json.loads(peer.to_str())["model"]
    return model


def tensors(rows: int = VOCABULARY) -> dict[str, np.ndarray[Any, Any]]:
    draw = np.random.default_rng(5)
    shapes = {"token_embd.weight": (rows, WIDTH), "output_norm.weight": (WIDTH,)}
    for layer in range(2):
        shapes |= {
            f"blk.{layer}.attn_norm.weight": (WIDTH,),
            f"blk.{layer}.attn_q.weight": (64, WIDTH),
            f"blk.{layer}.attn_k.weight": (32, WIDTH),
            f"blk.{layer}.attn_v.weight": (32, WIDTH),
            f"blk.{layer}.attn_output.weight": (WIDTH, 64),
            f"blk.{layer}.ffn_norm.weight": (WIDTH,),
            f"blk.{layer}.ffn_gate.weight": (HIDDEN, WIDTH),
            f"blk.{layer}.ffn_up.weight": (HIDDEN, WIDTH),
            f"blk.{layer}.ffn_down.weight": (WIDTH, HIDDEN),
        }
    return {
        name: draw.normal(1.0 if len(shape) == 1 else 0.0, 0.2, shape).astype(np.float32)
        for name, shape in shapes.items()
    }


def write(
    path: Path,
    held: Fields,
    weights: dict[str, np.ndarray[Any, Any]],
    kind: str = "F32",
    architecture: str = "llama",
) -> Path:
    """A file as the package ``gguf`` writes it, matrices stored as ``kind``."""
    chosen = gguf.GGMLQuantizationType[kind]
    writer = gguf.GGUFWriter(path, architecture)
    for name, value in held.items():
        add: dict[type, Callable[..., None]] = {
            bool: writer.add_bool,
            int: writer.add_uint32,
            float: writer.add_float32,
            str: writer.add_string,
            list: writer.add_array,
        }
        add[type(value)](name, value)
    for name, array in weights.items():
        if array.ndim == 2:
            writer.add_tensor(name, gguf.quantize(array, chosen), raw_dtype=chosen)
        else:
            writer.add_tensor(name, array)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


# our own files ---------------------------------------------------------------------


@pytest.mark.parametrize("tied", [True, False])
def test_an_export_comes_back_bit_for_bit(tied: bool, tmp_path: Path) -> None:
    before = small_bundle(
        tmp_path / "before", d_model=64, tie_embeddings=tied, num_kv_heads=1, rope_theta=5e5
    )
    path = export_gguf(before, tmp_path / "a.gguf", precision="fp32")
    after = Bundle.open(import_gguf(path, tmp_path / "after"))
    assert isinstance(after.tokenizer, HavocTokenizer)
    assert after.tokenizer.digest == before.own_tokenizer().digest
    # the file has no init_std, and holds the norms' epsilon as a float32
    assert after.config == before.config.replace(norm_eps=float(np.float32(1e-5)), init_std=0.02)
    for name in before.weights.entries:
        np.testing.assert_array_equal(after.weights.read(name), before.weights.read(name))
    source = after.card["source"]
    # three matrices for one of ours, and two for one, in each of two layers
    assert source["types"] == {"F32": len(before.weights.entries) + 6}
    assert source["file"] == "a.gguf"


# other vocabularies ----------------------------------------------------------------


@pytest.mark.parametrize("name", ["gpt-2", "smollm", "llama-bpe"])
def test_byte_level_vocabularies_have_the_same_ids(name: str, tmp_path: Path) -> None:
    peer = byte_level_tokenizer(name)
    vocab = sorted(peer.get_vocab(), key=peer.token_to_id)
    held = fields(
        tokenizer__ggml__tokens=vocab,
        tokenizer__ggml__merges=[" ".join(pair) for pair in _model(peer)["merges"]],
        tokenizer__ggml__pre=name,
    )
    path = write(tmp_path / "a.gguf", held, tensors())
    ours = Bundle.open(import_gguf(path, tmp_path / "bundle")).tokenizer
    assert isinstance(ours, ForeignTokenizer)
    assert (ours.bos, ours.eos, ours.add_bos) == (0, 1, name == "llama-bpe")
    llama = open_peer(path)
    draw = random.Random(1)
    mixed = [
        "".join(draw.choices("aZ é5٣½'s\n\t\r  .,<tool>’ll中🙂\u00a0", k=30)) for _ in range(300)
    ]
    for text in [*documents()[:150], *mixed]:
        ids = peer.encode(text, add_special_tokens=False).ids
        assert ours.encode(text) == ids
        assert peer_ids(llama, text) == ids, text
        assert ours.decode(ids) == text


@pytest.fixture(scope="module")
def sentencepiece(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any]:
    """Our vocabulary as another project's: without the key that carries ours."""
    folder = tmp_path_factory.mktemp("sentencepiece")
    path = export_gguf(small_bundle(folder / "before", d_model=64), folder / "a.gguf")
    path.write_bytes(path.read_bytes().replace(b"havoc.tokenizer.model", b"other.tokenizer.model"))
    ours = Bundle.open(import_gguf(path, folder / "after"))
    assert isinstance(ours.tokenizer, ForeignTokenizer)
    return ours.tokenizer, open_peer(path)


@given(text=TEXT)
@SAME_FILE
def test_a_sentencepiece_vocabulary_has_the_ids_of_llama_cpp(
    sentencepiece: tuple[Any, Any], text: str
) -> None:
    ours, peer = sentencepiece
    assume(not any(overlap in text for overlap in OVERLAPS))
    ids = ours.encode(text)
    assert ids == peer_ids(peer, text)
    assert ours.decode(ids) == text.replace("▁", " ")


def test_a_sentencepiece_vocabulary_keeps_what_it_is(sentencepiece: tuple[Any, Any]) -> None:
    ours, peer = sentencepiece
    assert (ours.bos, ours.eos, ours.pad, ours.add_bos) == (1, 2, 0, True)
    assert ours.encode("<user> 5 ≥ 3") == small_tokenizer().encode("<user> 5 ≥ 3")
    for text in documents()[:200]:
        if not any(overlap in text for overlap in OVERLAPS):
            assert ours.encode(text) == peer_ids(peer, text)


@pytest.mark.parametrize("prefix", [True, False])
def test_a_space_before_every_text(prefix: bool, tmp_path: Path) -> None:
    """As in Llama 2: no user-defined pieces, and ``<unk>`` first."""
    own = small_tokenizer()
    kept = [i for i in range(128, own.vocab_size) if own.score(i) or own.is_byte(i)]
    held = fields(
        tokenizer__ggml__model="llama",
        tokenizer__ggml__pre=None,
        tokenizer__ggml__merges=None,
        tokenizer__ggml__tokens=["<unk>", "<s>", "</s>", *map(own.piece, kept)],
        tokenizer__ggml__token_type=[2, 3, 3, *(6 if own.is_byte(i) else 1 for i in kept)],
        tokenizer__ggml__scores=[0.0, 0.0, 0.0, *map(own.score, kept)],
        tokenizer__ggml__bos_token_id=None,
        tokenizer__ggml__eos_token_id=None,
        tokenizer__ggml__add_space_prefix=prefix,
    )
    path = write(tmp_path / "a.gguf", held, tensors(len(kept) + 3))
    ours = Bundle.open(import_gguf(path, tmp_path / "bundle")).tokenizer
    assert (ours.bos, ours.eos, len(ours.special)) == (1, 2, 2)
    peer = open_peer(path)
    for text in [*documents()[:200], "", " ", "  x", "\n", "</s> é"]:
        ids = ours.encode(text)
        assert ids == peer_ids(peer, text)
        assert ours.decode(ids) == text


# precisions ------------------------------------------------------------------------


def by_hand(blocks: np.ndarray[Any, Any], kind: str) -> np.ndarray[Any, Any]:
    """What ggml's block formats say: scale, offset, and two values a byte, low halves first."""
    half = blocks.view(np.float16)
    scale = half[:, :1].astype(np.float32)
    if kind == "Q8_0":
        return scale * blocks[:, 2:].view(np.int8)
    low_high = [blocks[:, -16:] & 15, blocks[:, -16:] >> 4]
    values = np.concatenate(low_high, axis=1).astype(np.float32)
    return scale * (values - 8) if kind == "Q4_0" else scale * values + half[:, 1:2]


@pytest.mark.parametrize("kind", ["F32", "F16", "BF16", "Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1"])
def test_every_precision_stands_for_the_same_weights(kind: str, tmp_path: Path) -> None:
    weights = tensors()
    path = write(tmp_path / "a.gguf", fields(), weights, kind)
    bundle = Bundle.open(import_gguf(path, tmp_path / "bundle"))
    down = weights["blk.1.ffn_down.weight"]
    held = bundle.weights.read("layers.1.mlp.down.weight")
    assert bundle.weights.entries["layers.1.mlp.down.weight"].dtype == (
        kind if kind in ("F32", "F16", "BF16") else "F32"
    )
    off = {"F32": 0, "F16": 1e-3, "BF16": 1e-2, "Q8_0": 0.01, "Q5_0": 0.06, "Q5_1": 0.06}
    assert np.abs(held - down).max() <= off.get(kind, 0.12) * np.abs(down).max()
    if kind in ("Q8_0", "Q4_0", "Q4_1"):
        blocks = gguf.quantize(down, gguf.GGMLQuantizationType[kind])
        size = gguf.GGML_QUANT_SIZES[gguf.GGMLQuantizationType[kind]][1]
        np.testing.assert_array_equal(held.reshape(-1, 32), by_hand(blocks.reshape(-1, size), kind))
    ids = [0, *bundle.tokenizer.encode(documents()[2])[:60]]
    with torch.no_grad():
        ours = load_model(bundle)(torch.tensor([ids]))[0].numpy()
    theirs = peer_logits(open_peer(path), ids)
    assert ours.std() > 0.5
    # llama.cpp rounds what flows through to the precision of the weights, to 8 bits at the least
    most = {"F32": 1e-4, "F16": 5e-3, "BF16": 5e-2}.get(kind, 0.1)
    assert np.sqrt(np.mean((theirs - ours) ** 2)) < most * ours.std()


def test_quantised_blocks_of_256_are_read_too(tmp_path: Path) -> None:
    """What llama.cpp's own quantiser writes as Q4_K and Q6_K."""
    import llama_cpp

    before = small_bundle(tmp_path / "before", d_model=256, d_ff=256, num_heads=4, head_dim=64)
    plain = export_gguf(before, tmp_path / "a.gguf", precision="fp32")
    wanted = llama_cpp.llama_model_quantize_default_params()
    wanted.ftype, wanted.nthread = llama_cpp.LLAMA_FTYPE_MOSTLY_Q4_K_M, 1
    small = tmp_path / "b.gguf"
    assert llama_cpp.llama_model_quantize(bytes(plain), bytes(small), wanted) == 0
    after = Bundle.open(import_gguf(small, tmp_path / "after"))
    assert {"Q4_K", "Q6_K"} <= after.card["source"]["types"].keys()
    for name in before.weights.entries:
        wanted_values = before.weights.read(name)
        off = np.sqrt(np.mean((after.weights.read(name) - wanted_values) ** 2))
        assert off <= 0.1 * wanted_values.std(), name


def test_rows_beyond_the_vocabulary_are_left_out(tmp_path: Path) -> None:
    weights = tensors(VOCABULARY + 60)
    path = write(tmp_path / "a.gguf", fields(), weights)
    bundle = Bundle.open(import_gguf(path, tmp_path / "bundle"))
    assert bundle.config.vocab_size == VOCABULARY
    np.testing.assert_array_equal(
        bundle.weights.read("embedding.weight"), weights["token_embd.weight"][:VOCABULARY]
    )


# what is refused -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"llama__rope__scaling__type": "yarn"}, r"asks for llama.rope.scaling.type = yarn"),
        ({"llama__expert_count": 8}, "asks for llama.expert_count = 8"),
        ({"llama__attention__sliding_window": 64}, "llama.attention.sliding_window = 64"),
        ({"llama__rope__dimension_count": 8}, "llama.rope.dimension_count 8"),
        ({"llama__attention__value_length": 8}, "llama.attention.value_length 8"),
        ({"llama__attention__head_count": 5}, "5 heads do not share a width of 64"),
        ({"llama__attention__head_count": [4, 2]}, "another llama.attention.head_count"),
        ({"llama__attention__head_count": 0}, "0 heads"),
        (
            {"llama__embedding_length": 32, "llama__rope__dimension_count": 8},
            "token_embd.weight is",
        ),
        ({"llama__block_count": 3}, "holds no blk.2.attn_norm.weight"),
        ({"llama__block_count": 1 << 23}, "for 8388608 layers"),
        ({"llama__block_count": "two"}, "llama.block_count is 'two'"),
        ({"llama__context_length": None}, "llama.context_length is None"),
        ({"tokenizer__ggml__pre": "tekken"}, "cuts texts as llama.cpp's 'tekken'"),
        ({"tokenizer__ggml__model": "t5"}, "vocabulary of the kind 't5'"),
        ({"tokenizer__ggml__model": "llama"}, "scores does not list"),
        ({"tokenizer__ggml__tokens": ["a", "a"]}, "does not list a number for each token"),
        ({"tokenizer__ggml__merges": ["a"]}, "does not join two tokens"),
        ({"tokenizer__ggml__merges": ["a zzzz"]}, "does not join two tokens"),
        ({"tokenizer__ggml__eos_token_id": 900}, "eos_token_id is 900, there are 900 tokens"),
        ({"split__count": 2}, "one part of several"),
        ({"havoc__tokenizer__model": "AAAA"}, "no SentencePiece model"),
        ({"havoc__tokenizer__model": "§"}, "havoc.tokenizer.model is damaged"),
    ],
)
def test_what_is_not_computed_is_refused_by_name(
    changes: Fields, said: str, tmp_path: Path
) -> None:
    path = write(tmp_path / "a.gguf", fields(**changes), tensors())
    with pytest.raises(InputError, match=said):
        import_gguf(path, tmp_path / "bundle")
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.gguf"]


def test_values_that_change_nothing_are_let_through(tmp_path: Path) -> None:
    held = fields(
        llama__expert_count=0,
        llama__rope__scaling__factor=1.0,
        llama__rope__scaling__type="none",
        llama__attention__head_count_kv=[2, 2],
    )
    bundle = Bundle.open(
        import_gguf(write(tmp_path / "a.gguf", held, tensors()), tmp_path / "bundle")
    )
    assert bundle.config.num_kv_heads == 2


@pytest.mark.parametrize(
    ("name", "shape", "said"),
    [
        ("blk.0.attn_q.bias", (64,), "holds blk.0.attn_q.bias, which"),
        ("rope_freqs.weight", (8,), "scales its rotary positions"),
        ("blk.0.attn_q.weight", (32, 64), r"attn_q.weight is \(32, 64\), its shape should be"),
    ],
)
def test_other_tensors_are_refused_by_name(
    name: str, shape: tuple[int, ...], said: str, tmp_path: Path
) -> None:
    weights = tensors() | {name: np.ones(shape, np.float32)}
    path = write(tmp_path / "a.gguf", fields(), weights)
    with pytest.raises(InputError, match=said):
        import_gguf(path, tmp_path / "bundle")


def test_another_architecture_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.gguf", fields(), tensors(), architecture="qwen2")
    with pytest.raises(InputError, match="architecture 'qwen2'"):
        import_gguf(path, tmp_path / "bundle")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes, int]:
    path = write(tmp_path_factory.mktemp("damage") / "a.gguf", fields(), tensors())
    begins = min(tensor.start for tensor in open_gguf(path).tensors.values())
    return path.with_name("b.gguf"), path.read_bytes(), begins


@given(place=st.floats(0, 1), bits=st.integers(1, 255))
@SAME_FILE
def test_no_flipped_bit_of_the_header_does_harm(
    whole: tuple[Path, bytes, int], place: float, bits: int
) -> None:
    path, content, begins = whole
    damaged = bytearray(content)
    damaged[int(place * (begins - 1))] ^= bits
    path.write_bytes(damaged)
    try:
        open_gguf(path)
    except InputError as error:
        assert "\n" not in str(error)


@given(place=st.floats(0, 0.999))
@SAME_FILE
def test_a_truncated_file_is_refused(whole: tuple[Path, bytes, int], place: float) -> None:
    path, content, _ = whole
    path.write_bytes(content[: int(place * len(content))])
    with pytest.raises(InputError, match=r"b\.gguf: is (damaged|no GGUF)"):
        open_gguf(path)


@pytest.mark.parametrize("version", [1, 4, 3 << 24])
def test_another_version_is_refused(version: int, tmp_path: Path) -> None:
    path = tmp_path / "a.gguf"
    path.write_bytes(b"GGUF" + version.to_bytes(4, "little") + bytes(16))
    with pytest.raises(InputError, match=f"of version {version}"):
        open_gguf(path)


def test_sizes_that_no_file_has_are_refused_at_once(tmp_path: Path) -> None:
    path = tmp_path / "a.gguf"
    for tensors_said, fields_said in ((1 << 60, 0), (0, 1 << 60)):
        counts = tensors_said.to_bytes(8, "little") + fields_said.to_bytes(8, "little")
        path.write_bytes(b"GGUF\3\0\0\0" + counts)
        with pytest.raises(InputError, match="is damaged"):
            open_gguf(path)


def test_tensors_that_share_bytes_are_refused(whole: tuple[Path, bytes, int]) -> None:
    path, content, _ = whole
    name = b"blk.0.attn_k.weight"
    place = content.index(name) + len(name) + 4 + 2 * 8 + 4  # after dimensions and type
    path.write_bytes(content[:place] + bytes(8) + content[place + 8 :])
    with pytest.raises(InputError, match="its tensors overlap"):
        open_gguf(path)


def test_what_was_imported_can_be_exported_again(tmp_path: Path) -> None:
    held = fields(tokenizer__chat_template="{{ messages }}", general__license="mit")
    first = write(tmp_path / "a.gguf", held, tensors())
    bundle = Bundle.open(import_gguf(first, tmp_path / "a"))
    second = export_gguf(bundle, tmp_path / "b.gguf", precision="fp32")
    again = Bundle.open(import_gguf(second, tmp_path / "b"))
    assert again.tokenizer.digest == bundle.tokenizer.digest
    assert (again.path / "model.safetensors").read_bytes() == (
        bundle.path / "model.safetensors"
    ).read_bytes()
    assert again.card["source"]["license"] == "mit"
    fields_there = open_gguf(second).fields
    for key in ("tokens", "merges", "pre", "bos_token_id", "eos_token_id"):
        assert fields_there[f"tokenizer.ggml.{key}"] == held[f"tokenizer.ggml.{key}"]
    assert fields_there["tokenizer.ggml.token_type"].tolist() == held["tokenizer.ggml.token_type"]


def test_a_vocabulary_that_llama_cpp_has_no_name_for_is_not_exported(tmp_path: Path) -> None:
    path = export_gguf(small_bundle(tmp_path / "before", d_model=64), tmp_path / "a.gguf")
    path.write_bytes(path.read_bytes().replace(b"havoc.tokenizer.model", b"other.tokenizer.model"))
    bundle = Bundle.open(import_gguf(path, tmp_path / "after"))
    with pytest.raises(InputError, match=r"no name for the way .* layout of Hugging Face"):
        export_gguf(bundle, tmp_path / "b.gguf")
    assert not (tmp_path / "b.gguf").exists()
