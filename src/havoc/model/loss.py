"""Cross-entropy of a linear layer without holding its logits.

The logits of a training step are its largest tensor (positions · vocabulary). Here they are
computed, turned into their gradient and used up chunk by chunk, during the forward pass; the
backward pass only scales. Same products as the plain way, less memory and fewer passes over
it. The idea is that of Liger Kernel (Hsu et al. 2024, arXiv 2410.10989, section 3.2).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from havoc.model.count import loss_chunk_rows

IGNORED = -100


def linear_cross_entropy(x: Tensor, weight: Tensor, targets: Tensor) -> Tensor:
    """Sum over rows of -log softmax(x weightᵀ)[target], in nats, fp32.

    ``x`` [N, d], ``weight`` [V, d], ``targets`` [N] with -100 for rows that do not count.
    """
    loss: Tensor = _LinearCrossEntropy.apply(x, weight, targets)  # type: ignore[no-untyped-call]
    return loss


class _LinearCrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, targets: Tensor) -> Tensor:
        rows, vocabulary = x.shape[0], weight.shape[0]
        chunk = loss_chunk_rows(rows, x.shape[1], vocabulary)
        needed = ctx.needs_input_grad[0] or ctx.needs_input_grad[1]
        matrix = weight.to(x.dtype)
        x_grad = torch.empty_like(x) if needed else None
        weight_grad = torch.zeros_like(weight) if needed else None
        total = torch.zeros((), dtype=torch.float32, device=x.device)
        for start in range(0, rows, chunk):
            part, wanted = x[start : start + chunk], targets[start : start + chunk]
            counted = wanted != IGNORED
            index = wanted.clamp(min=0).long()[:, None]
            logits = (part @ matrix.T).float()
            log_sum = torch.logsumexp(logits, dim=1)
            chosen = logits.gather(1, index)[:, 0]
            total += torch.where(counted, log_sum - chosen, 0.0).sum()
            if x_grad is None or weight_grad is None:
                continue
            # the gradient of the summed loss: softmax minus one-hot, zero where not counted
            gradient = logits.sub_(log_sum[:, None]).exp_()
            gradient.scatter_add_(1, index, -torch.ones_like(index, dtype=torch.float32))
            gradient.mul_(counted[:, None])
            gradient = gradient.to(x.dtype)
            torch.mm(gradient, matrix, out=x_grad[start : start + chunk])
            if weight_grad.dtype == gradient.dtype:
                weight_grad.addmm_(gradient.T, part)
            else:
                weight_grad += gradient.T @ part
        ctx.save_for_backward(x_grad, weight_grad)
        return total

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> tuple[Tensor, Tensor, None]:
        x_grad, weight_grad = ctx.saved_tensors
        return x_grad * upstream[0].to(x_grad.dtype), weight_grad * upstream[0], None
