"""Parameters and arithmetic of a network in closed form. No torch."""

from __future__ import annotations

from dataclasses import dataclass

from havoc.model.config import HavocConfig


@dataclass(frozen=True, slots=True)
class ParameterCount:
    """Parameters by kind; ``head`` is 0 where it is tied to the embedding."""

    embedding: int
    attention: int
    mlp: int
    norms: int
    head: int

    @property
    def total(self) -> int:
        return self.embedding + self.attention + self.mlp + self.norms + self.head

    @property
    def hidden(self) -> int:
        """Parameters of the hidden matrices: what Muon trains."""
        return self.attention + self.mlp


def count_parameters(config: HavocConfig) -> ParameterCount:
    """The parameters of a network, by kind."""
    embedding = config.vocab_size * config.d_model
    attention = (sum(config.qkv_rows) + config.qkv_rows[0]) * config.d_model
    return ParameterCount(
        embedding=embedding,
        attention=config.num_layers * attention,
        mlp=config.num_layers * 3 * config.d_model * config.d_ff,
        norms=(2 * config.num_layers + 1) * config.d_model,
        head=0 if config.tie_embeddings else embedding,
    )


def parameter_count(config: HavocConfig) -> int:
    """All parameters of a network."""
    return count_parameters(config).total


LOSS_CHUNK_BYTES = 64 << 20


def loss_chunk_rows(rows: int, width: int, vocabulary: int) -> int:
    """How many of the rows of hidden states the loss takes at once.

    Every chunk reads and writes the gradient of the whole head matrix, so a chunk is about
    twice as long as the network is wide; and its logits stay within ``LOSS_CHUNK_BYTES``.
    """
    return max(1, min(rows, 2 * width, LOSS_CHUNK_BYTES // (4 * vocabulary)))


def training_flops(config: HavocConfig, sequence_length: int) -> float:
    """Floating-point operations to train on one token, forward and backward.

    Six for each weight of a matrix product (the embedding counts once, as the head), and
    attention: 12 · layers · heads · head_dim · (mean attended positions). Chowdhery et al.
    (2022), PaLM, appendix B, with the causal half of the positions counted only.
    """
    count = count_parameters(config)
    matrices = count.hidden + config.vocab_size * config.d_model
    window = config.sliding_window or sequence_length
    attended = min(window, (sequence_length + 1) / 2)
    attention = 12 * config.num_layers * config.num_heads * config.head_dim * attended
    return 6 * matrices + attention
