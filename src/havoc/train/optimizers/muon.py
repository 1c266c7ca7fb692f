"""Muon: momentum whose every matrix is orthogonalised before the step.

Jordan et al. (2024), https://kellerjordan.github.io/posts/muon/; the scale that lets learning
rate and weight decay of AdamW be used as they are: Liu et al. (2025), Muon is Scalable for LLM
Training, arXiv 2502.16982, equation 4.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor

from havoc.errors import InputError
from havoc.train.optimizers.newton_schulz import orthogonalise
from havoc.train.optimizers.sharded import share, whole

SCALINGS = ("match_rms_adamw", "original")

BATCH_ELEMENTS = 1 << 24
"""Matrices of one shape are orthogonalised together up to this many elements: for small ones
the calls cost more than the products, for large ones the memory counts."""


def update_scale(scaling: str, rows: int, columns: int) -> float:
    """What the orthogonalised update of a matrix is multiplied by.

    ``match_rms_adamw``: 0.2 √max(rows, columns), so that its elements are as large as AdamW's
    usually are. ``original``: √max(1, rows / columns).
    """
    if scaling == "match_rms_adamw":
        return 0.2 * math.sqrt(max(rows, columns))
    return math.sqrt(max(1.0, rows / columns))


class Muon(torch.optim.Optimizer):
    """m = μ m + (1 − μ) g;  u = μ m + (1 − μ) g (Nesterov), orthogonalised and scaled;
    w = (1 − lr · decay) w − lr · u.

    Only for matrices of hidden layers. A weight that is several matrices one above the other
    has the attribute ``matrix_rows``, the rows of each: each is orthogonalised for itself.
    Raises InputError for parameters that are no matrices, and impossible settings.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        *,
        weight_decay: float = 0.1,
        momentum: float = 0.95,
        nesterov: bool = True,
        scaling: str = "match_rms_adamw",
        steps: int = 5,
        dtype: torch.dtype | None = None,
    ) -> None:
        """``steps`` and ``dtype`` are those of ``orthogonalise``."""
        if scaling not in SCALINGS:
            raise InputError(
                f"there is no scaling {scaling!r}",
                where="muon",
                remedy=f"give one of {', '.join(SCALINGS)}",
            )
        if not 0 <= momentum < 1:
            raise InputError(f"is {momentum}", where="momentum", remedy="give 0 or less than 1")
        if steps < 1:
            raise InputError(f"is {steps}", where="muon steps", remedy="give 1 or more")
        defaults = {
            "lr": lr,
            "weight_decay": weight_decay,
            "momentum": momentum,
            "nesterov": nesterov,
            "scaling": scaling,
            "steps": steps,
            "dtype": dtype,
        }
        super().__init__(params, defaults)
        for group in self.param_groups:
            for parameter in group["params"]:
                matrix_rows(parameter)
                self.state[parameter]["momentum_buffer"] = torch.zeros_like(parameter)

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """One step for every parameter that has a gradient."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            parameters = [p for p in group["params"] if p.grad is not None]
            if parameters:
                self._step_group(group, parameters)
        return loss

    def _step_group(self, group: dict[str, Any], parameters: list[Tensor]) -> None:
        momentum, rate = group["momentum"], group["lr"]
        gradients = [p.grad.to(p.dtype) for p in parameters if p.grad is not None]
        buffers = [self.state[p]["momentum_buffer"] for p in parameters]
        torch._foreach_lerp_(buffers, gradients, 1 - momentum)
        updates = list(
            torch._foreach_lerp(gradients, buffers, momentum) if group["nesterov"] else buffers
        )
        torch._foreach_mul_(parameters, 1 - rate * group["weight_decay"])
        # of a weight that is shared out over processes, each process orthogonalises the whole
        blocks = [
            block
            for parameter, update in zip(parameters, updates, strict=True)
            for block in torch.split(whole(update), matrix_rows(parameter))
        ]
        done = iter(_orthogonalised(blocks, group["scaling"], group["steps"], group["dtype"]))
        for parameter in parameters:
            pieces = [next(done) for _ in matrix_rows(parameter)]
            if hasattr(parameter, "full_tensor"):
                parameter.add_(share(torch.cat(pieces), parameter), alpha=-rate)
            else:
                for rows, piece in zip(
                    torch.split(parameter, matrix_rows(parameter)), pieces, strict=True
                ):
                    rows.add_(piece, alpha=-rate)


def matrix_rows(parameter: Tensor) -> list[int]:
    """Rows of each matrix in a weight. InputError where it is none, or they do not add up."""
    if parameter.ndim != 2:
        raise InputError(
            f"a parameter of shape {tuple(parameter.shape)} is no matrix",
            where="muon",
            remedy="give it to AdamW",
        )
    rows = list(getattr(parameter, "matrix_rows", ())) or [parameter.shape[0]]
    if sum(rows) != parameter.shape[0] or min(rows) < 1:
        raise InputError(
            f"matrix_rows {tuple(rows)} do not divide {parameter.shape[0]} rows",
            where="muon",
            remedy="set the rows of each matrix of the fused weight",
        )
    return rows


def _orthogonalised(
    blocks: list[Tensor], scaling: str, steps: int, dtype: torch.dtype | None
) -> list[Tensor]:
    """Each block orthogonalised and scaled, those of one shape (up to a turn) together."""
    shapes: dict[tuple[Any, ...], list[int]] = defaultdict(list)
    for index, block in enumerate(blocks):
        shapes[(min(block.shape), max(block.shape), block.device, block.dtype)].append(index)
    done: list[Tensor] = [blocks[0]] * len(blocks)
    for (short, long, _, _), indices in shapes.items():
        size = max(1, BATCH_ELEMENTS // (short * long))
        for start in range(0, len(indices), size):
            batch = indices[start : start + size]
            turned = [blocks[i].shape[0] > short for i in batch]
            stack = torch.stack(
                [blocks[i].T if turn else blocks[i] for i, turn in zip(batch, turned, strict=True)]
            )
            for i, turn, matrix in zip(
                batch, turned, orthogonalise(stack, steps, dtype), strict=True
            ):
                piece = matrix.T if turn else matrix
                done[i] = piece.mul_(update_scale(scaling, *piece.shape))
    return done
