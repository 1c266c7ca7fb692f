"""Optimisers: AdamW and Muon, and those that need less memory."""

from __future__ import annotations

from havoc.train.optimizers.build import build_optimizer
from havoc.train.optimizers.groups import ParameterGroups, parameter_groups
from havoc.train.optimizers.muon import Muon
from havoc.train.optimizers.settings import OptimizerSettings
from havoc.train.optimizers.state import (
    NamedOptimizer,
    load_optimizer_tensors,
    optimizer_tensors,
)

__all__ = [
    "Muon",
    "NamedOptimizer",
    "OptimizerSettings",
    "ParameterGroups",
    "build_optimizer",
    "load_optimizer_tensors",
    "optimizer_tensors",
    "parameter_groups",
]
