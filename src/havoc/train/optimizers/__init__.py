"""Optimisers: AdamW and Muon, and those that need less memory."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from havoc.train.optimizers.settings import OptimizerSettings

if TYPE_CHECKING:
    from havoc.train.optimizers.adamw_8bit import AdamW8bit
    from havoc.train.optimizers.apollo import Apollo
    from havoc.train.optimizers.build import build_optimizer
    from havoc.train.optimizers.clipping import clip_gradients
    from havoc.train.optimizers.groups import ParameterGroups, parameter_groups
    from havoc.train.optimizers.muon import Muon
    from havoc.train.optimizers.state import (
        NamedOptimizer,
        load_optimizer_tensors,
        optimizer_tensors,
    )

_HOMES = {
    "AdamW8bit": "adamw_8bit",
    "Apollo": "apollo",
    "Muon": "muon",
    "NamedOptimizer": "state",
    "ParameterGroups": "groups",
    "build_optimizer": "build",
    "clip_gradients": "clipping",
    "load_optimizer_tensors": "state",
    "optimizer_tensors": "state",
    "parameter_groups": "groups",
}

__all__ = [
    "AdamW8bit",
    "Apollo",
    "Muon",
    "NamedOptimizer",
    "OptimizerSettings",
    "ParameterGroups",
    "build_optimizer",
    "clip_gradients",
    "load_optimizer_tensors",
    "optimizer_tensors",
    "parameter_groups",
]


def __getattr__(name: str) -> Any:
    """Optimisers need torch; their settings do not."""
    if name in _HOMES:
        module = importlib.import_module(f"havoc.train.optimizers.{_HOMES[name]}")
        return getattr(module, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
