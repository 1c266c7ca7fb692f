"""What a training step holds at its peak, in closed form. No torch.

A step is a few moments between which memory only grows or only shrinks: the loss, its
backward pass, the backward pass of each block, of the embedding, and the optimiser's step.
What is held at each of them is added up from the tensors that the network, its loss and the
optimisers allocate; the largest sum is the peak. ``tests/train/test_plan.py`` compares with
what torch really allocates. Sizes are bytes.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from havoc.model.count import count_parameters, loss_chunk_rows, parameter_count
from havoc.train.plan_states import state_bytes, step_workspace
from havoc.train.plan_tensors import (
    Step,
    block_copies,
    block_tensors,
    block_weights,
    head_weights,
    residual_bytes,
    shared_tensors,
)

PARTS = (
    *("weights", "gradients", "optimizer", "average", "activations", "copies", "workspace"),
    *("slack", "fixed"),
)
"""What a peak is made of, in the order of reports."""


CPU_PROCESS = 312 << 20
"""Resident memory of a process that has trained a network of no size, measured (torch 2.13)."""

CUDA_CONTEXT = 640 << 20
"""CUDA context, loaded kernels and the workspace of cuBLAS: an allowance, not measured."""

CUDA_SLACK = 0.05
"""What torch's caching allocator loses to rounding and holes, of the tensors that come and go
in a step (weights and states stay): an allowance, not measured."""

HEAP_LIMIT = 32 << 20
"""Tensors from this size on are mapped on their own (``havoc.train.hardware``): no holes."""

HEAP_BLOCKS, HEAP_GRADIENTS = 1.8, 1.2
"""Holes of glibc's heap, in tensors of one block and in gradients: fitted to measurements.

A freed piece does not hold an aligned tensor of its own size again (glibc before 2.38), so
that what a block allocates for a while, and the gradients that come in between (none where the
step is fused into the backward pass), leave holes.
"""


@dataclass(frozen=True, slots=True)
class Peak:
    """What is held at one moment; ``host`` is what lies in main memory of an offload."""

    moment: str
    parts: dict[str, int] = field(default_factory=dict)
    host: int = 0

    @property
    def total(self) -> int:
        return sum(self.parts.values())


def moments(step: Step) -> list[Peak]:
    """What is held at every moment of a step that can be its peak, slack included."""
    counted = [_loss(step), _loss_backward(step)]
    counted += [_block_backward(step, layer) for layer in range(step.config.num_layers)]
    counted += [_embedding_backward(step), _optimizer_step(step)]
    if step.settings.ema_decay and step.weight != 4:
        copies = 4 * parameter_count(step.config)
        counted.append(_moment(step, "averaging the weights", 0, {"workspace": copies}))
    return [_with_slack(step, moment) for moment in counted]


def peak(step: Step) -> Peak:
    """The moment at which a step holds most."""
    return max(moments(step), key=lambda moment: moment.total)


def _moment(step: Step, name: str, gradients: int, parts: dict[str, int]) -> Peak:
    """A moment: what is always held, whole ``gradients`` (bytes), and ``parts``."""
    config, settings, share = step.config, step.settings, step.processes
    count = parameter_count(config)
    states = state_bytes(step)
    host = 0
    if settings.offload_optimizer:
        # fp32 copies of the weights, and of their gradients from the first step on
        host = states + 8 * count
        states = host if step.device == "cpu" else 0
    if settings.gradient_accumulation > 1:
        gradients = max(gradients, count * step.weight)
    batch = 12 * step.positions * settings.gradient_accumulation
    tables = 8 * config.max_seq_len * config.head_dim
    held = {
        "weights": count * step.weight // share,
        "gradients": gradients // share,
        "optimizer": states // share,
        "average": (4 * count if settings.ema_decay else 0) // share,
        "workspace": batch + tables + _gathered(step),
    }
    for part, size in parts.items():
        held[part] = held.get(part, 0) + size
    return Peak(name, {part: held.get(part, 0) for part in PARTS}, host)


def _loss(step: Step) -> Peak:
    """The end of the forward pass: all activations, and the last chunk of the loss."""
    config, e = step.config, step.compute
    head = head_weights(config)
    rows = loss_chunk_rows(step.positions, config.d_model, config.vocab_size)
    # hidden states, the gradients of both sides of the product, two chunks of logits
    workspace = 2 * residual_bytes(step) + head * step.weight + 8 * rows * config.vocab_size
    if step.cast:
        # the matrix, and its gradient before it is added; on the processor once more as fp32
        workspace += head * (2 * e + (step.weight if step.device == "cpu" else 0))
    return _moment(step, "loss", 0, {**_activations(step), "workspace": workspace})


def _loss_backward(step: Step) -> Peak:
    """Both gradients of the loss are scaled into new tensors."""
    workspace = 2 * (residual_bytes(step) + head_weights(step.config) * step.weight)
    return _moment(step, "backward of the loss", 0, {**_activations(step), "workspace": workspace})


def _block_backward(step: Step, layer: int) -> Peak:
    """The backward pass of one block, where its own tensors are needed most."""
    config, w = step.config, step.weight
    parts = _activations(step, layer)
    if step.recomputed(layer):
        parts["activations"] += sum(block_tensors(step).values())
        parts["copies"] += block_copies(step)
    fused = step.settings.fused_backward
    later = (config.num_layers - 1 - layer) * block_weights(config) + config.d_model
    gradients = 0 if fused else later
    if config.tie_embeddings or not fused:
        gradients += head_weights(config)  # a tied one waits for that of the embedding
    if step.settings.gradient_accumulation > 1:
        gradients = parameter_count(config) + (head_weights(config) if config.tie_embeddings else 0)
    parts["workspace"] = residual_bytes(step) + _block_working(step)
    return _moment(step, f"backward of block {layer + 1}", gradients * w, parts)


def _block_working(step: Step) -> int:
    """Beside what is kept and the gradient of the block's output: the larger of two places.

    Behind the product of gate and up: gradients of both factors, where the product itself
    has been freed, and that of the matrix below. In the attention: gradients of its output,
    queries, keys and values, where the tensors of the MLP have been freed.
    """
    config, n, e, w = step.config, step.positions, step.compute, step.weight
    down = config.d_ff * config.d_model * (w + step.cast)
    mlp = n * 2 * config.d_ff * e + down
    tensors = block_tensors(step)
    freed = (
        sum(size for name, size in tensors.items() if "mlp" in name or "gate" in name)
        + 3 * config.d_ff * config.d_model * step.cast
    )
    queries = config.qkv_rows[0]
    attention = n * 4 * queries * e + queries * config.d_model * (w + step.cast) - freed
    working = max(mlp, attention)
    if step.settings.fused_backward:
        # the largest matrix: its gradient, and the step of it
        largest = 2 * config.d_ff * config.d_model * w
        working = max(working, largest + step_workspace(step))
    return working


def _embedding_backward(step: Step) -> Peak:
    """The gradient of the embedding, dense; with a tied head there are two of it."""
    config, w = step.config, step.weight
    head = head_weights(config)
    if step.settings.fused_backward:
        gradients = head * (2 if config.tie_embeddings else 1)
    else:
        gradients = parameter_count(config)
        if config.tie_embeddings or step.settings.gradient_accumulation > 1:
            gradients += head
        if config.tie_embeddings and step.settings.gradient_accumulation > 1:
            gradients += head
    workspace = residual_bytes(step) + step.positions * config.d_model * (w if step.cast else 0)
    if step.settings.fused_backward:
        workspace = max(workspace, step_workspace(step))
    return _moment(step, "backward of the embedding", gradients * w, {"workspace": workspace})


def _optimizer_step(step: Step) -> Peak:
    if step.settings.fused_backward:
        return _moment(step, "between steps", 0, {})
    gradients = parameter_count(step.config) * step.weight
    return _moment(step, "optimiser step", gradients, {"workspace": step_workspace(step)})


def _activations(step: Step, layer: int | None = None) -> dict[str, int]:
    """What is kept of the network up to a block and with it, or of all of it (None)."""
    config = step.config
    last = config.num_layers if layer is None else layer + 1
    again = sum(step.recomputed(number) for number in range(last))
    shared = shared_tensors(step)
    if layer is not None:
        shared = {name: size for name, size in shared.items() if "last norm" not in name}
    return {
        "activations": sum(shared.values())
        + (last - again) * sum(block_tensors(step).values())
        + again * residual_bytes(step),
        "copies": (last - again) * block_copies(step) + config.d_model * step.cast,
    }


def _with_slack(step: Step, moment: Peak) -> Peak:
    parts = dict(moment.parts)
    if step.device == "cuda":
        passing = ("gradients", "activations", "copies", "workspace")
        parts["slack"] = int(CUDA_SLACK * sum(parts[part] for part in passing))
        parts["fixed"] = CUDA_CONTEXT
    else:
        small = [size for size in block_tensors(step).values() if size < HEAP_LIMIT]
        fused = step.settings.fused_backward
        gradients = 0 if fused else parameter_count(step.config) * step.weight
        parts["slack"] = int(HEAP_BLOCKS * sum(small) + HEAP_GRADIENTS * gradients)
        parts["fixed"] = CPU_PROCESS
    return Peak(moment.moment, parts, moment.host)


def _gathered(step: Step) -> int:
    """Whole weights and gradients that FSDP puts together: the root's, and of two blocks."""
    if step.processes == 1:
        return 0
    config = step.config
    root = count_parameters(config).embedding * (1 if config.tie_embeddings else 2)
    return step.weight * (2 * root + 3 * block_weights(config))
