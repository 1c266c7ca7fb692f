"""From a network and settings to the optimiser of its training."""

from __future__ import annotations

import dataclasses
from typing import Any

from torch import nn

from havoc.train.optimizers.adamw import adamw
from havoc.train.optimizers.adamw_8bit import AdamW8bit
from havoc.train.optimizers.apollo import Apollo
from havoc.train.optimizers.combined import CombinedOptimizer
from havoc.train.optimizers.fused_backward import FusedBackward
from havoc.train.optimizers.groups import ParameterGroups, check_groups, parameter_groups
from havoc.train.optimizers.muon import Muon
from havoc.train.optimizers.offload import OffloadedOptimizer
from havoc.train.optimizers.settings import OptimizerSettings
from havoc.train.optimizers.state import NamedOptimizer


def build_optimizer(model: nn.Module, settings: OptimizerSettings) -> NamedOptimizer:
    """The optimiser of a network's trained parameters.

    Each of its groups has ``lr_scale``: the loop sets ``lr`` to the schedule's learning rate
    times that. Raises InputError where a parameter fits into no group.
    """
    groups = parameter_groups(model)
    optimizer: NamedOptimizer
    if settings.fused_backward:
        optimizer = FusedBackward(
            {
                parameter: _build(_only(groups, {name}), settings)
                for name, parameter in _named(groups).items()
            },
            clip_each_parameter=settings.clip_each_parameter,
        )
    elif settings.offload:
        optimizer = OffloadedOptimizer(
            _named(groups), lambda copies: _build(_replaced(groups, copies), settings)
        )
    else:
        optimizer = _build(groups, settings)
    check_groups(model, optimizer.param_groups)
    return optimizer


def _build(groups: ParameterGroups, settings: OptimizerSettings) -> NamedOptimizer:
    common: dict[str, Any] = {"betas": settings.betas, "eps": settings.eps}
    matrices = _group(groups.matrices, settings.weight_decay)
    rest = [
        *_group(groups.embeddings, settings.weight_decay, settings.embedding_lr_scale),
        *_group(groups.vectors, 0.0),
    ]
    if settings.name == "adamw8bit":
        return AdamW8bit([*matrices, *rest], **common)
    if settings.name == "adamw" or not matrices:
        return adamw([*matrices, *rest], **common)
    first: NamedOptimizer
    if settings.name == "muon":
        first = Muon(matrices, momentum=settings.momentum, scaling=settings.muon_scaling)
    else:
        scaling = "tensor" if settings.apollo_rank == 1 else "channel"
        first = Apollo(matrices, **common, rank=settings.apollo_rank, scaling=scaling)
    return CombinedOptimizer([first, adamw(rest, **common)]) if rest else first


def _group(
    parameters: dict[str, nn.Parameter], weight_decay: float, lr_scale: float = 1.0
) -> list[dict[str, Any]]:
    """The group of these parameters; none where there are none."""
    if not parameters:
        return []
    named = list(parameters.items())
    return [{"params": named, "weight_decay": weight_decay, "lr_scale": lr_scale}]


def _fields(groups: ParameterGroups) -> dict[str, dict[str, nn.Parameter]]:
    return {field.name: getattr(groups, field.name) for field in dataclasses.fields(groups)}


def _named(groups: ParameterGroups) -> dict[str, nn.Parameter]:
    """All parameters of the groups."""
    return {name: p for group in _fields(groups).values() for name, p in group.items()}


def _only(groups: ParameterGroups, names: set[str]) -> ParameterGroups:
    """The groups with these parameters alone."""
    return ParameterGroups(
        **{
            field: {name: p for name, p in group.items() if name in names}
            for field, group in _fields(groups).items()
        }
    )


def _replaced(groups: ParameterGroups, copies: dict[str, nn.Parameter]) -> ParameterGroups:
    """The groups with other tensors under the same names."""
    return ParameterGroups(
        **{
            field: {name: copies[name] for name in group}
            for field, group in _fields(groups).items()
        }
    )
