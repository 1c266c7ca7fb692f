"""What a network needs to be trained and to generate: memory by strategy, and time. No torch.

Memory comes from ``havoc.train.plan_memory``; time is arithmetic divided by a rate that the
caller names, and is never claimed without one.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from havoc.errors import InputError
from havoc.model.config import HavocConfig
from havoc.model.count import count_parameters, training_flops
from havoc.train.plan_memory import Peak, moments
from havoc.train.plan_tensors import BYTES, Step
from havoc.train.settings import TrainSettings

SCHEMA_VERSION = 1
DEVICES = ("cuda", "cpu")


@dataclass(frozen=True, slots=True)
class Accelerator:
    """A device as its maker states it: memory in bytes, dense products a second."""

    memory: int
    bf16: float
    fp32: float


_GIB = 1 << 30
ACCELERATORS = {
    # NVIDIA's data sheets and architecture white papers; bf16 with fp32 accumulation, without
    # sparsity; fp32 without TF32
    "rtx-3090": Accelerator(24 * _GIB, 71e12, 35.6e12),
    "rtx-4090": Accelerator(24 * _GIB, 165.2e12, 82.6e12),
    "l4": Accelerator(24 * 10**9, 121e12, 30.3e12),
    "a100-40gb": Accelerator(40 * 10**9, 312e12, 19.5e12),
    "a100-80gb": Accelerator(80 * 10**9, 312e12, 19.5e12),
    "h100-80gb": Accelerator(80 * 10**9, 989e12, 67e12),
}


@dataclass(frozen=True, slots=True)
class Strategy:
    """Settings that trade memory for something; ``costs`` says for what, in a few words."""

    name: str
    changes: dict[str, Any]
    costs: str


_BF16 = {"precision": "bf16"}
_AGAIN = {**_BF16, "activation_checkpointing": 1}
_SMALL = {**_AGAIN, "weights": "bf16"}
_FUSED = {**_SMALL, "fused_backward": True, "max_gradient_norm": 0.0}
_ROUNDED = "bf16 weights round small updates away"
_UNCLIPPED = f"{_ROUNDED}; no global clipping, no accumulation"
_AWAY = "copies over the bus and steps on the processor"
STRATEGIES = (
    Strategy("adamw, fp32", {}, "nothing"),
    Strategy("adamw, bf16 products", _BF16, "products of 8 bits"),
    Strategy("adamw, bf16 products, checkpointing", _AGAIN, "a second forward pass"),
    Strategy(
        "muon, bf16 products, checkpointing",
        {**_AGAIN, "optimizer": "muon"},
        "a second forward pass",
    ),
    Strategy(
        "adamw8bit, bf16 products, checkpointing",
        {**_AGAIN, "optimizer": "adamw8bit"},
        "a second forward pass; states of 8 bits",
    ),
    Strategy(
        "offload, bf16 products, checkpointing",
        {**_AGAIN, "offload_optimizer": True},
        f"a second forward pass; {_AWAY}",
    ),
    Strategy(
        "offload, bf16 weights, checkpointing",
        {**_SMALL, "offload_optimizer": True},
        f"a second forward pass; {_AWAY}",
    ),
    Strategy(
        "adamw8bit, bf16 weights, checkpointing",
        {**_SMALL, "optimizer": "adamw8bit"},
        f"a second forward pass; states of 8 bits; {_ROUNDED}",
    ),
    Strategy(
        "adamw8bit, bf16 weights, checkpointing, fused",
        {**_FUSED, "optimizer": "adamw8bit"},
        f"a second forward pass; states of 8 bits; {_UNCLIPPED}",
    ),
    Strategy(
        "apollo, bf16 weights, checkpointing, fused",
        {**_FUSED, "optimizer": "apollo"},
        f"a second forward pass; moments of a projection; {_UNCLIPPED}",
    ),
    Strategy(
        "apollo rank 1, bf16 weights, checkpointing, fused",
        {**_FUSED, "optimizer": "apollo", "apollo_rank": 1},
        f"a second forward pass; one step size for a whole matrix; {_UNCLIPPED}",
    ),
)
"""From what costs nothing to what costs most: the first that fits is the cheapest."""


@dataclass(frozen=True, slots=True)
class Row:
    """One strategy: its peak, what else was counted, and whether it fits.

    ``largest`` has the most that each part ever takes, which is at another moment for some;
    ``compute`` is the arithmetic beside that of a step that recomputes nothing.
    """

    strategy: Strategy
    peak: Peak
    largest: dict[str, int]
    fits: bool | None
    compute: float
    tokens_per_second: float | None
    seconds: float | None


@dataclass(frozen=True, slots=True)
class Generation:
    """Memory of generating: weights and the cache of keys and values, in bytes."""

    batch: int
    context: int
    precision: str
    weights: int
    cache: int


@dataclass(frozen=True, slots=True)
class Request:
    """What a plan is asked for.

    ``memory`` is what the device has, in bytes; ``rate`` the products a second that are
    really reached, by precision (empty: no time is told); ``tokens`` those of the whole run.
    """

    config: HavocConfig
    settings: TrainSettings
    device: str = "cuda"
    documents: bool = True
    processes: int = 1
    memory: int | None = None
    rate: dict[str, float] = dataclasses.field(default_factory=dict)
    tokens: float | None = None
    generate_batch: int = 1
    generate_context: int | None = None

    def __post_init__(self) -> None:
        if self.device not in DEVICES:
            raise InputError(
                f"there is no device {self.device!r}", where="device", remedy="give cuda or cpu"
            )
        length = self.settings.sequence_length
        for name, context in (
            ("sequence_length", length),
            ("context", self.generate_context or 1),
        ):
            if not 1 <= context <= self.config.max_seq_len:
                raise InputError(
                    f"is {context}; the network has {self.config.max_seq_len} positions",
                    where=name,
                    remedy="give less, or a network with a larger max_seq_len",
                )
        for name, number in (("processes", self.processes), ("batch", self.generate_batch)):
            if not 1 <= number <= 1 << 20:
                raise InputError(f"is {number}", where=name, remedy="give 1 or more")


@dataclass(frozen=True, slots=True)
class Plan:
    """The answer: one row a strategy, in the order of what they cost."""

    request: Request
    rows: list[Row]
    generation: Generation

    @property
    def best(self) -> Row | None:
        """The first row that fits."""
        return next((row for row in self.rows if row.fits), None)

    @property
    def smallest(self) -> Row:
        """The row that needs least."""
        return min(self.rows, key=lambda row: row.peak.total)


def plan(request: Request, strategies: Iterable[Strategy] = STRATEGIES) -> Plan:
    """Count every strategy that can run. Raises InputError for settings that no run can have."""
    rows = [
        _row(request, strategy, dataclasses.replace(request.settings, **strategy.changes))
        for strategy in strategies
        if _possible(request, strategy)
    ]
    return Plan(request, rows, _generation(request))


def _possible(request: Request, strategy: Strategy) -> bool:
    changes = strategy.changes
    if request.device == "cpu" and changes.get("offload_optimizer"):
        return False  # it would go where everything is already
    if changes.get("fused_backward") and request.settings.gradient_accumulation > 1:
        return False
    apart = changes.get("offload_optimizer") or changes.get("optimizer") == "adamw8bit"
    return request.processes == 1 or not apart  # neither takes weights that are shared out


def _row(request: Request, strategy: Strategy, settings: TrainSettings) -> Row:
    step = Step(request.config, settings, request.device, request.documents, request.processes)
    counted = moments(step)
    peak = max(counted, key=lambda moment: moment.total)
    largest = {part: max(moment.parts[part] for moment in counted) for part in peak.parts}
    fits = None if request.memory is None else peak.total <= request.memory
    compute = recomputing(request.config, settings)
    # how long an offloaded step takes is a matter of the bus, not of products
    rate = None if settings.offload_optimizer else request.rate.get(settings.precision)
    speed = seconds = None
    if rate:
        flops = training_flops(request.config, settings.sequence_length) * compute
        speed = rate * request.processes / flops
        seconds = request.tokens / speed if request.tokens else None
    return Row(strategy, peak, largest, fits, compute, speed, seconds)


def recomputing(config: HavocConfig, settings: TrainSettings) -> float:
    """Arithmetic of a step over that of one that recomputes nothing: at most 4/3.

    A forward pass is a third of a step; the head is not recomputed, nor are the blocks in
    between.
    """
    every = settings.activation_checkpointing
    if not every:
        return 1.0
    total = training_flops(config, settings.sequence_length)
    blocks = total - 6 * config.vocab_size * config.d_model
    again = -(-config.num_layers // every)
    return 1.0 + blocks / 3 * again / config.num_layers / total


def _generation(request: Request) -> Generation:
    config = request.config
    context = request.generate_context or config.max_seq_len
    precision = "fp32" if request.device == "cpu" else "bf16"
    size = BYTES[precision]
    entries = 2 * config.num_layers * config.num_kv_heads * config.head_dim
    return Generation(
        request.generate_batch,
        context,
        precision,
        count_parameters(config).total * size,
        entries * request.generate_batch * context * size,
    )


def as_object(result: Plan) -> dict[str, Any]:
    """The plan as plain values: sizes in bytes, time in seconds, null where nothing is known."""
    request, config = result.request, result.request.config
    count = count_parameters(config)
    best = result.best
    return {
        "schema_version": SCHEMA_VERSION,
        "network": {
            **dataclasses.asdict(config),
            "parameters": count.total,
            "parameters_by_kind": dataclasses.asdict(count),
            "training_flops_per_token": training_flops(config, request.settings.sequence_length),
        },
        "run": {
            "device": request.device,
            "processes": request.processes,
            "batch_size": request.settings.batch_size,
            "gradient_accumulation": request.settings.gradient_accumulation,
            "sequence_length": request.settings.sequence_length,
            "documents": request.documents,
            "memory_bytes": request.memory,
            "tokens": request.tokens,
            "flops_per_second": request.rate or None,
        },
        "strategies": [_row_object(request, row) for row in result.rows],
        "cheapest_that_fits": best.strategy.name if best else None,
        "missing_bytes": None
        if best or request.memory is None
        else result.smallest.peak.total - request.memory,
        "generation": {
            "batch": result.generation.batch,
            "context": result.generation.context,
            "precision": result.generation.precision,
            "weights_bytes": result.generation.weights,
            "kv_cache_bytes": result.generation.cache,
        },
    }


def _row_object(request: Request, row: Row) -> dict[str, Any]:
    settings = dataclasses.replace(request.settings, **row.strategy.changes)
    named = (
        *("optimizer", "precision", "weights", "activation_checkpointing", "fused_backward"),
        *("offload_optimizer", "max_gradient_norm", "ema_decay", "apollo_rank"),
    )
    return {
        "name": row.strategy.name,
        "settings": {name: getattr(settings, name) for name in named},
        "costs": row.strategy.costs,
        "peak_moment": row.peak.moment,
        "peak_bytes": {**row.peak.parts, "total": row.peak.total},
        "largest_bytes": row.largest,
        "main_memory_bytes": row.peak.host,
        "fits": row.fits,
        "compute_factor": row.compute,
        "tokens_per_second": row.tokens_per_second,
        "seconds": row.seconds,
    }
