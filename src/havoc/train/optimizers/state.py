"""The state of an optimiser as tensors and numbers by name, for a checkpoint.

A key is ``parameter/state``, for example ``layers.0.mlp.down.weight/momentum_buffer``. Every
optimiser here has all of its state from the beginning, so that a checkpoint holds the same
keys whenever it is written, and a missing or surplus one is found.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

import torch
from torch import Tensor

from havoc.errors import InputError
from havoc.train.optimizers.sharded import share, whole


class NamedOptimizer(Protocol):
    """What the training loop sees: an optimiser of torch, or one that looks like it."""

    @property
    def param_groups(self) -> list[dict[str, Any]]:
        """Groups with ``params``, ``param_names``, ``lr`` and ``lr_scale``."""

    @property
    def state(self) -> Mapping[Any, dict[str, Any]]:
        """Tensors and numbers of every parameter."""

    def step(self) -> Any:
        """Change every parameter that has a gradient."""

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients."""


def optimizer_tensors(optimizer: NamedOptimizer) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The state as tensors by name, and as numbers by name. The tensors are not copied."""
    tensors: dict[str, Tensor] = {}
    plain: dict[str, Any] = {}
    for name, state in _named_states(optimizer):
        for key, value in state.items():
            target: dict[str, Any] = tensors if isinstance(value, Tensor) else plain
            target[f"{name}/{key}"] = value
    return tensors, plain


def load_optimizer_tensors(
    optimizer: NamedOptimizer, tensors: Mapping[str, Tensor], plain: Mapping[str, Any]
) -> None:
    """Take over a state that ``optimizer_tensors`` gave, bit for bit; whole tensors or shared
    out ones, whichever way the optimiser holds them.

    Raises InputError where it is not that of such an optimiser for such a network; then
    nothing is changed.
    """
    mine, my_plain = optimizer_tensors(optimizer)
    _check_names(mine, tensors)
    _check_names(my_plain, plain)
    for name, tensor in mine.items():
        other = tensors[name]
        if other.shape != tensor.shape or other.dtype != tensor.dtype:
            raise InputError(
                f"is {other.dtype} {tuple(other.shape)}, the optimiser has "
                f"{tensor.dtype} {tuple(tensor.shape)}",
                where=name,
                remedy="resume with the settings that the run began with",
            )
    with torch.no_grad():
        for name, state in _named_states(optimizer):
            for key, value in state.items():
                full = f"{name}/{key}"
                if isinstance(value, Tensor):
                    value.copy_(_laid_out(tensors[full], value))
                else:
                    state[key] = plain[full]


def _named_states(optimizer: NamedOptimizer) -> Iterator[tuple[str, dict[str, Any]]]:
    for group in optimizer.param_groups:
        for name, parameter in zip(group["param_names"], group["params"], strict=True):
            yield name, optimizer.state[parameter]


def _laid_out(tensor: Tensor, like: Tensor) -> Tensor:
    """The tensor, whole or shared out over processes as ``like`` is."""
    if hasattr(tensor, "full_tensor") == hasattr(like, "full_tensor"):
        return tensor
    return share(whole(tensor), like)


def _check_names(mine: Iterable[str], other: Iterable[str]) -> None:
    known, given = set(mine), set(other)
    if known != given:
        name = min(known ^ given)
        what = "is missing" if name in known else "belongs to no parameter of this optimiser"
        raise InputError(
            f"{what} ({len(known ^ given)} such names)",
            where=f"optimiser state {name}",
            remedy="resume with the network and the settings that the run began with",
        )
