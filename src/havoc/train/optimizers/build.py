"""From a network and settings to the optimiser of its training."""

from __future__ import annotations

from typing import Any

from torch import nn

from havoc.train.optimizers.adamw import adamw
from havoc.train.optimizers.combined import CombinedOptimizer
from havoc.train.optimizers.groups import ParameterGroups, check_groups, parameter_groups
from havoc.train.optimizers.muon import Muon
from havoc.train.optimizers.settings import OptimizerSettings
from havoc.train.optimizers.state import NamedOptimizer


def build_optimizer(model: nn.Module, settings: OptimizerSettings) -> NamedOptimizer:
    """The optimiser of a network's trained parameters.

    Each of its groups has ``lr_scale``: the loop sets ``lr`` to the schedule's learning rate
    times that. Raises InputError where a parameter fits into no group.
    """
    groups = parameter_groups(model)
    optimizer = _build(groups, settings)
    check_groups(model, optimizer.param_groups)
    return optimizer


def _build(groups: ParameterGroups, settings: OptimizerSettings) -> NamedOptimizer:
    matrices = _group(groups.matrices, settings.weight_decay)
    rest = [
        *_group(groups.embeddings, settings.weight_decay, settings.embedding_lr_scale),
        *_group(groups.vectors, 0.0),
    ]
    if settings.name == "adamw" or not matrices:
        return adamw([*matrices, *rest], betas=settings.betas, eps=settings.eps)
    muon = Muon(matrices, momentum=settings.momentum, scaling=settings.muon_scaling)
    if not rest:
        return muon
    return CombinedOptimizer([muon, adamw(rest, betas=settings.betas, eps=settings.eps)])


def _group(
    parameters: dict[str, nn.Parameter], weight_decay: float, lr_scale: float = 1.0
) -> list[dict[str, Any]]:
    """The group of these parameters; none where there are none."""
    if not parameters:
        return []
    named = list(parameters.items())
    return [{"params": named, "weight_decay": weight_decay, "lr_scale": lr_scale}]
