"""Orthogonalising matrices by the quintic Newton-Schulz iteration of Muon.

Jordan et al. (2024), Muon, https://kellerjordan.github.io/posts/muon/
"""

from __future__ import annotations

import torch
from torch import Tensor

COEFFICIENTS = (3.4445, -4.7750, 2.0315)
"""Of a x + b x³ + c x⁵: steepest at zero; singular values end between about 0.7 and 1.2."""

EPSILON = 1e-7

LONG = 1.5
"""From this ratio of the sides on, iterating on the square matrix x xᵀ takes fewer products."""


def orthogonalise(matrices: Tensor, steps: int = 5, dtype: torch.dtype | None = None) -> Tensor:
    """U S' Vᵀ of each matrix U S Vᵀ [N, rows, columns], where S' is close to one.

    ``dtype`` is the precision of the products; by default bfloat16 on an accelerator, where it
    is much faster and as good, and float32 elsewhere. The result has that precision.
    Singular values below about 1e-3 of the Frobenius norm are not raised all the way.
    """
    if dtype is None:
        dtype = torch.float32 if matrices.device.type == "cpu" else torch.bfloat16
    a, b, c = COEFFICIENTS
    tall = matrices.shape[1] > matrices.shape[2]
    x = matrices.to(dtype)
    x = x.mT if tall else x
    # the Frobenius norm is an upper bound of the largest singular value
    x = x / x.norm(dim=(1, 2), keepdim=True).clamp(min=EPSILON)
    if dtype == torch.float32 and x.shape[2] >= LONG * x.shape[1]:
        x = _on_gram(x, steps) @ x
    else:
        for _ in range(steps):
            gram = x @ x.mT
            polynomial = torch.baddbmm(gram, gram, gram, beta=b, alpha=c)
            x = torch.baddbmm(x, polynomial, x, beta=a)
    return x.mT if tall else x


def _on_gram(x: Tensor, steps: int) -> Tensor:
    """Q [N, rows, rows], the product of all polynomials, so that Q x is what the steps give.

    The polynomials P of A = x xᵀ and A itself commute, so the next A is P A P: the long side
    takes part in the first and the last product only. In float32; bfloat16 would round Q.
    """
    a, b, c = COEFFICIENTS
    gram = x @ x.mT
    product: Tensor | None = None
    for step in range(steps):
        polynomial = torch.baddbmm(gram, gram, gram, beta=b, alpha=c)
        polynomial.diagonal(dim1=1, dim2=2).add_(a)
        product = polynomial if product is None else polynomial @ product
        if step < steps - 1:
            gram = polynomial @ gram @ polynomial
    assert product is not None
    return product
