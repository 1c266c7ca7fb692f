"""How tokens are produced: backends, batching over a cache in blocks, sampling, constraints.

``load_backend(bundle, kind)`` gives a network, ``InferenceEngine`` continues prompts with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from havoc.infer.backend import BLOCK, Backend, Step
from havoc.infer.engine import InferenceEngine, QueueFull
from havoc.infer.requests import Event, GenerationResult
from havoc.infer.sampling import SamplingParams

if TYPE_CHECKING:
    from havoc.bundle import Bundle

__all__ = [
    "BLOCK",
    "Backend",
    "Event",
    "GenerationResult",
    "InferenceEngine",
    "QueueFull",
    "SamplingParams",
    "Step",
    "load_backend",
]


def load_backend(
    bundle: Bundle, kind: str = "", *, device: str = "cpu", threads: int = 0
) -> Backend:
    """The network of a bundle: compiled on the processor, by torch on any other device.

    ``kind`` is how weights are held: fp32, int8 or ternary (none: as the bundle has them);
    torch has fp32 only. Raises
    InputError for a kind or device that is not there.
    """
    if device == "cpu":
        from havoc.infer.native import NativeBackend

        return NativeBackend(bundle.config, bundle.weights, kind, threads=threads)
    from havoc.infer.torch_backend import TorchBackend

    return TorchBackend(bundle, device)
