"""What an optimiser keeps between steps, and allocates in one, in closed form. No torch."""

from __future__ import annotations

from havoc.model.count import count_parameters
from havoc.train.plan_tensors import Step, largest_weight, matrices


def state_bytes(step: Step) -> int:
    """The states of the optimiser, on whichever side they lie; counters are left out."""
    config, name = step.config, step.settings.optimizer
    count = count_parameters(config)
    # offloaded states are those of fp32 copies of the weights
    w = 4 if step.settings.offload_optimizer else step.weight
    rest = 2 * w * (count.total - count.hidden)
    if name == "adamw":
        return 2 * w * count.total
    if name == "muon":
        return w * count.hidden + rest
    if name == "apollo":
        total = 0
        for rows, columns, many in matrices(config):
            small, large = min(rows, columns), max(rows, columns)
            total += many * 8 * _rank(step, small) * large
        return total + rest
    sizes = [(rows * columns, many) for rows, columns, many in matrices(config)]
    sizes.append((count.embedding, 1 if config.tie_embeddings else 2))
    sizes.append((config.d_model, 2 * config.num_layers + 1))
    return sum(
        many * (8 * size if size < 4096 else 2 * size + 8 * -(-size // 256)) for size, many in sizes
    )


def step_workspace(step: Step) -> int:
    """What the optimiser's step allocates for a while; of one matrix where it is fused."""
    config, settings = step.config, step.settings
    if settings.offload_optimizer and step.device == "cuda":
        return 4 * largest_weight(config)  # a gradient on its way, as fp32
    wide = 0 if step.weight == 4 else 4  # a gradient of less precision is made fp32
    if settings.optimizer == "adamw8bit":
        # 25 bytes for each number of a chunk, and the tables of codes
        return (25 + wide) * min(largest_weight(config), 1 << 20) + (2 << 20)
    if settings.optimizer == "muon":
        return _muon_workspace(step)
    if settings.optimizer == "apollo":
        # of the largest matrix: its gradient, the update and, to add it, half of it once more;
        # what the projection takes for its moments, where that is more
        rows, columns, _ = max(matrices(config), key=lambda shape: shape[0] * shape[1])
        rank = _rank(step, min(rows, columns))
        projected = 4 * rank * (4 * max(rows, columns) + min(rows, columns))
        adding = (
            2 * rows * columns
            if step.weight == 4 or step.device == "cuda"
            else (4 * rows * columns)
        )
        return (4 + wide) * rows * columns + max(projected, adding)
    return 0


def _muon_workspace(step: Step) -> int:
    """All updates, those that are orthogonalised, and one batch of those that are not yet."""
    config, fused = step.config, step.settings.fused_backward
    product = 4 if step.device == "cpu" else 2
    d, layers = config.d_model, config.num_layers
    hidden = 2 * config.d_ff * d if fused else count_parameters(config).hidden
    short, long = min(d, config.d_ff), max(d, config.d_ff)
    alike = 2 if fused else 3 * layers  # gate, up and down
    batch = min(alike, max(1, MUON_BATCH // (short * long)))
    grams = 3 * batch * short * short
    return step.weight * hidden + product * (hidden + 2 * batch * short * long + grams)


MUON_BATCH = 1 << 24
"""Numbers that Muon orthogonalises together, as ``havoc.train.optimizers.muon`` has it."""


def _rank(step: Step, small: int) -> int:
    return min(step.settings.apollo_rank or max(1, small // 4), small)
