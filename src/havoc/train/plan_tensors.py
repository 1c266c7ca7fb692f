"""What autograd keeps of a training step, tensor by tensor, in closed form. No torch.

Sizes are bytes. Letters as in ``havoc.model.network``; n = B · T positions.
"""

from __future__ import annotations

from dataclasses import dataclass

from havoc.model.config import HavocConfig
from havoc.model.count import count_parameters
from havoc.train.settings import TrainSettings

BYTES = {"fp32": 4, "bf16": 2, "fp16": 2}


@dataclass(frozen=True, slots=True)
class Step:
    """One training step of a network: its shape, its settings, and where it runs.

    ``documents``: attention stays within documents (a mask), as in pretraining.
    ``processes`` share weights, gradients and states out (FSDP); sizes are of one of them.
    """

    config: HavocConfig
    settings: TrainSettings
    device: str = "cuda"
    documents: bool = True
    processes: int = 1

    @property
    def positions(self) -> int:
        return self.settings.batch_size * self.settings.sequence_length

    @property
    def compute(self) -> int:
        """Bytes of a number in products and activations."""
        return BYTES[self.settings.precision]

    @property
    def weight(self) -> int:
        """Bytes of a weight and of its gradient."""
        return BYTES[self.settings.weights]

    @property
    def cast(self) -> int:
        """Bytes of a weight's copy in the precision of the products; 0: there is none."""
        return 0 if self.settings.precision == self.settings.weights else self.compute

    @property
    def masked(self) -> bool:
        """Whether attention has a mask, instead of plain causality."""
        window = self.config.sliding_window
        return self.documents or (window is not None and window < self.settings.sequence_length)

    @property
    def mask_entries(self) -> int:
        """Entries of the mask: of each sequence with documents, else of one for all."""
        if not self.masked:
            return 0
        sequences = self.settings.batch_size if self.documents else 1
        return sequences * self.settings.sequence_length**2

    def recomputed(self, layer: int) -> bool:
        every = self.settings.activation_checkpointing
        return bool(every) and layer % every == 0


def block_tensors(step: Step) -> dict[str, int]:
    """What one block keeps for its backward pass, by name; copies of weights are apart."""
    config, n, e = step.config, step.positions, step.compute
    queries, keys, _ = config.qkv_rows
    tensors: dict[str, int] = {}
    for name in ("attention", "mlp"):
        tensors |= _norm_tensors(step, f"{name} norm")
        tensors[f"{name} input"] = n * config.d_model * e
    tensors["turned queries and keys"] = n * (queries + keys) * e
    if config.num_heads > config.num_kv_heads:
        tensors["repeated keys"] = tensors["repeated values"] = n * queries * e
    else:
        tensors["queries, keys and values"] = n * sum(config.qkv_rows) * e
    tensors["attention output"] = n * queries * e
    tensors["attention log-sums"] = n * config.num_heads * 4
    # the mask of truth values becomes one of numbers in every block
    tensors["attention mask"] = step.mask_entries * e
    tensors["gate and up"] = n * 2 * config.d_ff * e
    tensors["activated gate"] = n * config.d_ff * e
    if config.activation == "relu_squared":
        tensors["rectified gate"] = n * config.d_ff * e
    tensors["mlp product"] = n * config.d_ff * e
    return tensors


def _norm_tensors(step: Step, name: str) -> dict[str, int]:
    n, d = step.positions, step.config.d_model
    if step.device == "cuda":  # one kernel: its input and a scale for each position
        return {f"{name}: input": n * d * step.compute, f"{name}: scales": n * 4}
    # several kernels in fp32; the input is the residual stream itself where that is fp32
    wide = n * d * 4
    return {f"{name}: input": wide, f"{name}: normed": wide, f"{name}: scales": n * 4}


def block_copies(step: Step) -> int:
    """Copies of one block's weights in the precision of the products."""
    return block_weights(step.config) * step.cast


def shared_tensors(step: Step) -> dict[str, int]:
    """What is kept once: the batch, angles in another precision, the mask, the last norm."""
    config, settings, n = step.config, step.settings, step.positions
    tensors = {"tokens": 4 * n}
    if step.cast:
        tensors["angles"] = 2 * settings.sequence_length * config.head_dim * step.compute
    if settings.activation_checkpointing:
        tensors["mask for recomputing"] = step.mask_entries
    tensors |= _norm_tensors(step, "last norm")
    return tensors


def kept(step: Step) -> dict[str, int]:
    """All that autograd keeps between the two passes, by name, without parameters.

    Of a recomputed block that is its input. The loss keeps its own gradients: that of the
    hidden states and that of the matrix of the logits.
    """
    config = step.config
    layers = [step.recomputed(layer) for layer in range(config.num_layers)]
    whole, again = layers.count(False), layers.count(True)
    total = dict(shared_tensors(step))
    for name, size in block_tensors(step).items():
        total[name] = whole * size
    total["inputs of recomputed blocks"] = again * residual_bytes(step)
    total["copies of weights"] = whole * block_copies(step) + config.d_model * step.cast
    total["gradient of hidden states"] = residual_bytes(step)
    total["gradient of the head"] = head_weights(config) * step.weight
    return {name: size for name, size in total.items() if size}


# sizes that several of these share ------------------------------------------------------


def residual_bytes(step: Step) -> int:
    """Bytes of the residual stream: one tensor [B, T, d]."""
    return step.positions * step.config.d_model * step.compute


def head_weights(config: HavocConfig) -> int:
    return config.vocab_size * config.d_model


def largest_weight(config: HavocConfig) -> int:
    """Numbers of the largest weight."""
    return max(head_weights(config), *(rows * columns for rows, columns, _ in matrices(config)))


def block_weights(config: HavocConfig) -> int:
    """Parameters of one block."""
    count = count_parameters(config)
    return count.hidden // config.num_layers + 2 * config.d_model


def matrices(config: HavocConfig) -> list[tuple[int, int, int]]:
    """(rows, columns, how many) of the hidden matrices."""
    d, layers = config.d_model, config.num_layers
    return [
        (sum(config.qkv_rows), d, layers),
        (d, config.qkv_rows[0], layers),
        (2 * config.d_ff, d, layers),
        (d, config.d_ff, layers),
    ]
