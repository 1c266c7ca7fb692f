"""The network of a bundle, with its weights."""

from __future__ import annotations

from typing import Any, Protocol

import torch
from numpy.typing import NDArray

from havoc.model.config import HavocConfig
from havoc.model.network import HavocModel, build


class Weights(Protocol):
    """Arrays by the name of the weight, float32 or narrower."""

    def read(self, name: str) -> NDArray[Any]: ...


class Trained(Protocol):
    """What is loaded: ``havoc.bundle.Bundle``, or whatever has a shape and weights."""

    @property
    def config(self) -> HavocConfig: ...
    @property
    def weights(self) -> Weights: ...


def load_model(
    bundle: Trained,
    device: str | torch.device = "cpu",
    *,
    compute_dtype: torch.dtype = torch.float32,
    **settings: Any,
) -> HavocModel:
    """The network of ``bundle`` on ``device``, ready to be asked (``eval``).

    Weights are held as float32; ``compute_dtype`` and ``settings`` are those of ``HavocModel``.
    """
    model = build(bundle.config, device, compute_dtype=compute_dtype, **settings)
    copy_weights(bundle.weights, model)
    return model.eval()


@torch.no_grad()
def copy_weights(weights: Weights, model: HavocModel) -> None:
    """Copy weights into a network of their shape, in the precision of its parameters."""
    for name, parameter in model.named_parameters():
        # a copy, because the file is mapped read-only
        parameter.copy_(torch.from_numpy(weights.read(name).copy()))
