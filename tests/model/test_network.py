"""The network against transformers, and against itself computed in another way."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from havoc.errors import InputError
from havoc.model.cache import KVCache
from havoc.model.generate import continue_tokens
from havoc.model.loss import linear_cross_entropy
from havoc.model.network import HavocModel, build
from training_examples import small_config


def network(seed: int = 0, **changes: object) -> HavocModel:
    """A small network with weights large enough that mistakes show."""
    model = build(small_config(**changes))
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(0.0, 0.3, generator=generator)
    return model


def tokens(batch: int, length: int, seed: int = 0) -> Tensor:
    return torch.randint(0, 1024, (batch, length), generator=torch.Generator().manual_seed(seed))


def peer(model: HavocModel) -> torch.nn.Module:
    """transformers' Llama with the weights of a network, copied here by hand."""
    from transformers import LlamaConfig, LlamaForCausalLM

    c = model.config
    llama = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=c.vocab_size,
            hidden_size=c.d_model,
            num_hidden_layers=c.num_layers,
            num_attention_heads=c.num_heads,
            num_key_value_heads=c.num_kv_heads,
            head_dim=c.head_dim,
            intermediate_size=c.d_ff,
            max_position_embeddings=c.max_seq_len,
            rms_norm_eps=c.norm_eps,
            rope_parameters={"rope_type": "default", "rope_theta": c.rope_theta},
            tie_word_embeddings=c.tie_embeddings,
        )
    )
    state = {
        "model.embed_tokens.weight": model.embedding.weight,
        "model.norm.weight": model.norm.weight,
    }
    state["lm_head.weight"] = model.output_weight()
    for number, block in enumerate(model.layers):
        to = f"model.layers.{number}."
        q, k, v = block.attention.qkv.weight.split(c.qkv_rows)  # type: ignore[union-attr, operator]
        gate, up = block.mlp.gate_up.weight.chunk(2)  # type: ignore[union-attr, operator]
        state |= {
            f"{to}self_attn.q_proj.weight": q,
            f"{to}self_attn.k_proj.weight": k,
            f"{to}self_attn.v_proj.weight": v,
            f"{to}self_attn.o_proj.weight": block.attention.output.weight,  # type: ignore[union-attr]
            f"{to}mlp.gate_proj.weight": gate,
            f"{to}mlp.up_proj.weight": up,
            f"{to}mlp.down_proj.weight": block.mlp.down.weight,  # type: ignore[union-attr]
            f"{to}input_layernorm.weight": block.attention_norm.weight,  # type: ignore[union-attr]
            f"{to}post_attention_layernorm.weight": block.mlp_norm.weight,  # type: ignore[union-attr]
        }
    llama.load_state_dict({name: tensor.detach() for name, tensor in state.items()})
    return llama.eval()


SHAPES = [
    {},
    {"num_kv_heads": 4},
    {"num_kv_heads": 1, "head_dim": 16},
    {"tie_embeddings": False, "rope_theta": 500.0},
]


@pytest.mark.parametrize("changes", SHAPES)
def test_logits_are_those_of_transformers(changes: dict[str, object]) -> None:
    model = network(**changes)
    given_tokens = tokens(4, 50)
    with torch.no_grad():
        wanted = peer(model)(given_tokens).logits
        got = model(given_tokens)
    assert (got - wanted).abs().max() < 1e-4 * wanted.abs().max()


@pytest.mark.parametrize("changes", SHAPES)
def test_gradients_are_those_of_transformers(changes: dict[str, object]) -> None:
    model = network(**changes)
    llama = peer(model).train()
    given_tokens = tokens(3, 20)
    targets = torch.roll(given_tokens, -1, 1)
    targets[:, -1] = -100
    model(given_tokens, targets).backward()
    logits = llama(given_tokens).logits
    F.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="sum").backward()
    wanted = llama.model.embed_tokens.weight.grad
    if model.config.tie_embeddings:
        torch.testing.assert_close(model.embedding.weight.grad, wanted, rtol=1e-3, atol=1e-3)
    q = llama.model.layers[0].self_attn.q_proj.weight.grad
    got = model.layers[0].attention.qkv.weight.grad[: q.shape[0]]  # type: ignore[union-attr, index]
    torch.testing.assert_close(got, q, rtol=1e-3, atol=1e-3)


def test_documents_of_a_packed_sequence_do_not_see_each_other() -> None:
    model = network()
    first, second = tokens(1, 20, 1), tokens(1, 13, 2)
    packed = torch.cat((first, second), dim=1)
    segments = torch.tensor([[0] * 20 + [1] * 13])
    with torch.no_grad():
        together = model(packed, segments=segments)
        torch.testing.assert_close(together[:, :20], model(first))
        # rotary positions are relative: the second document is as if it stood alone
        torch.testing.assert_close(together[:, 20:], model(second), rtol=1e-4, atol=1e-4)
        assert not torch.allclose(model(packed)[:, 20:], model(second), atol=0.1)


@given(st.integers(1, 60), st.integers(0, 5), st.sampled_from([None, 3, 10]))
@settings(max_examples=40, deadline=None)
def test_a_cache_changes_nothing(length: int, seed: int, window: int | None) -> None:
    model = network(sliding_window=window)
    given_tokens = tokens(2, length, seed)
    cut = torch.randint(0, length, (1,), generator=torch.Generator().manual_seed(seed)).item()
    cache = KVCache(model.config, 2, length)
    with torch.no_grad():
        wanted = model(given_tokens)
        parts = [given_tokens[:, : int(cut)], *given_tokens[:, int(cut) :].split(1, dim=1)]
        got = [model(part, cache=cache) for part in parts if part.shape[1]]
    torch.testing.assert_close(torch.cat(got, dim=1), wanted, rtol=1e-3, atol=1e-4)


def test_a_sliding_window_forgets() -> None:
    model = network(sliding_window=4, num_layers=1)
    one, other = tokens(1, 12, 1), tokens(1, 12, 1)
    other[0, 3] = (other[0, 3] + 1) % 1024
    with torch.no_grad():
        a, b = model(one), model(other)
    changed = (a - b).abs().amax(dim=-1)[0] > 1e-6
    assert changed.tolist() == [3 <= position < 7 for position in range(12)]


def test_recomputing_activations_changes_nothing() -> None:
    gradients = []
    for every in (0, 1, 2):
        model = network().train()
        model.checkpoint_every = every
        model(tokens(2, 30), tokens(2, 30, 1)).backward()
        gradients.append([parameter.grad for parameter in model.parameters()])
    for plain, *recomputed in zip(*gradients, strict=True):
        for other in recomputed:
            assert plain is not None and other is not None and torch.equal(plain, other)


@pytest.mark.parametrize("activation", ["silu", "gelu", "relu_squared"])
def test_compiled_and_eager_agree(activation: str) -> None:
    model = network(activation=activation)
    given_tokens, targets = tokens(2, 16), tokens(2, 16, 1)
    eager = model(given_tokens, targets)
    compiled = torch.compile(model, backend="aot_eager")(given_tokens, targets)
    torch.testing.assert_close(compiled, eager)


@given(
    st.integers(1, 40), st.integers(1, 30), st.integers(2, 50), st.integers(0, 1000), st.booleans()
)
@settings(max_examples=60, deadline=None)
def test_the_chunked_loss_is_cross_entropy(
    rows: int, width: int, vocabulary: int, seed: int, small_chunks: bool
) -> None:
    import havoc.model.loss as module

    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(rows, width, generator=generator, dtype=torch.float64).float()
    weight = torch.randn(vocabulary, width, generator=generator)
    targets = torch.randint(0, vocabulary, (rows,), generator=generator)
    targets[torch.rand(rows, generator=generator) < 0.3] = -100
    leaves = [[t.clone().requires_grad_() for t in (x, weight)] for _ in range(2)]
    before = module.loss_chunk_rows
    if small_chunks:
        module.loss_chunk_rows = lambda *_: 7
    try:
        ours = linear_cross_entropy(*leaves[0], targets)
    finally:
        module.loss_chunk_rows = before
    logits = leaves[1][0] @ leaves[1][1].T
    theirs = F.cross_entropy(logits, targets, reduction="sum", ignore_index=-100)
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4)
    (2.5 * ours).backward()
    (2.5 * theirs).backward()
    for a, b in zip(*leaves, strict=True):
        torch.testing.assert_close(a.grad, b.grad, rtol=1e-3, atol=1e-4)


def test_products_in_bfloat16_stay_near() -> None:
    model = network()
    wanted = model(tokens(2, 20), tokens(2, 20, 1))
    model.compute_dtype = torch.bfloat16
    got = model(tokens(2, 20), tokens(2, 20, 1))
    assert got.dtype == torch.float32
    assert abs(float(got / wanted) - 1) < 0.02
    got.backward()
    assert model.embedding.weight.grad is not None
    assert model.embedding.weight.grad.dtype == torch.float32


def test_generation_is_the_likeliest_continuation() -> None:
    model = network()
    start = [5, 300, 17]
    made = continue_tokens(model, start, 10)
    seen = list(start)
    for number in made:
        with torch.no_grad():
            assert int(model(torch.tensor([seen]))[0, -1].argmax()) == number
        seen.append(number)
    assert len(made) == 10
    assert continue_tokens(model, start, 10, stop=made[4]) == made[: made.index(made[4])]
    # the network's last position ends it
    assert len(continue_tokens(model, start, 1000)) <= 64 - len(start) + 1


def test_more_positions_than_the_network_has_are_refused() -> None:
    with pytest.raises(InputError, match="65 positions; the network has 64"):
        network()(tokens(1, 65))
    cache = KVCache(small_config(), 1, 4)
    with pytest.raises(InputError, match="5 positions; the cache has room for 4"):
        network()(tokens(1, 5), cache=cache)


def test_dropout_acts_in_training_alone_and_follows_the_seed() -> None:
    model = build(small_config(), dropout=0.5).initialise(3)
    tokens = torch.arange(12)[None]
    model.train()
    torch.manual_seed(1)
    first = model(tokens)
    torch.manual_seed(1)
    again = model(tokens)
    other = model(tokens)
    assert torch.equal(first, again) and not torch.equal(first, other)
    model.eval()
    plain = build(small_config()).initialise(3)
    assert torch.equal(model(tokens), plain(tokens))
