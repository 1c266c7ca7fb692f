"""Which parameters an optimiser treats how."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from torch import nn

from havoc.errors import InputError


@dataclass(slots=True)
class ParameterGroups:
    """The trained parameters of a network by name, each in one group.

    ``matrices`` hidden 2-D weights; ``embeddings`` embedding tables and the output head, whose
    rows are tokens; ``vectors`` norms, biases and scalars, which do not decay.
    """

    matrices: dict[str, nn.Parameter] = field(default_factory=dict)
    embeddings: dict[str, nn.Parameter] = field(default_factory=dict)
    vectors: dict[str, nn.Parameter] = field(default_factory=dict)


def parameter_groups(model: nn.Module) -> ParameterGroups:
    """The groups of a network's parameters; frozen ones are in none.

    An output head is a weight whose module is called ``head``. Raises InputError for a
    parameter that no group takes, or that two would take (a weight shared between an
    embedding and a hidden layer).
    """
    groups = ParameterGroups()
    modules = dict(model.named_modules())
    seen: dict[int, tuple[str, dict[str, nn.Parameter]]] = {}
    for name, parameter in model.named_parameters(remove_duplicate=False):
        if not parameter.requires_grad:
            continue
        path, _, _ = name.rpartition(".")
        if parameter.ndim < 2:
            group = groups.vectors
        elif isinstance(modules[path], nn.Embedding) or path.rpartition(".")[2] == "head":
            group = groups.embeddings
        elif parameter.ndim == 2:
            group = groups.matrices
        else:
            raise InputError(
                f"has {parameter.ndim} dimensions, and no group of the optimiser takes it",
                where=name,
                remedy="store it as a matrix or a vector, and view it in the forward pass",
            )
        earlier, its_group = seen.setdefault(id(parameter), (name, group))
        if its_group is not group:
            raise InputError(
                f"is the same weight as {earlier}, but another group would take it",
                where=name,
                remedy="share weights within a group only",
            )
        if earlier == name:
            group[name] = parameter
    return groups


def check_groups(model: nn.Module, param_groups: Iterable[dict[str, Any]]) -> None:
    """Raises InputError unless every trained parameter is in exactly one group, by its name."""
    held = Counter(name for group in param_groups for name in group["param_names"])
    trained = {name for name, parameter in model.named_parameters() if parameter.requires_grad}
    for name in sorted(trained | set(held)):
        if held[name] != int(name in trained):
            raise InputError(
                f"is in {held[name]} groups of the optimiser",
                where=name,
                remedy="put each trained parameter into exactly one",
            )
