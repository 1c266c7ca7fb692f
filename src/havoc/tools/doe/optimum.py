"""Search for the best point of a quadratic surface within a region."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import optimize

from havoc.tools.doe.quadratic import Quadratic
from havoc.tools.parameters import FloatArray


def best_point(
    surface: Quadratic,
    low: FloatArray,
    high: FloatArray,
    radius: float | None,
    starts: FloatArray,
    loss: Callable[[float], tuple[float, float]],
) -> FloatArray:
    """The point of least loss in the box and, with ``radius``, inside the sphere.

    ``loss`` gives the loss of a predicted value and its derivative. Local
    searches from every start; the result does not depend on chance.
    """

    def value(point: FloatArray) -> float:
        return loss(surface(point))[0]

    def slope(point: FloatArray) -> FloatArray:
        derivative: FloatArray = loss(surface(point))[1] * surface.gradient(point)
        return derivative

    inside = (
        [
            {
                "type": "ineq",
                "fun": lambda point: radius**2 - point @ point,
                "jac": lambda point: -2 * point,
            }
        ]
        if radius is not None
        else []
    )
    best: FloatArray = starts[0]
    best_value = value(best)
    for start in starts:
        found = optimize.minimize(
            value,
            start,
            jac=slope,
            bounds=list(zip(low, high, strict=True)),
            constraints=inside,
            method="SLSQP",
            options={"maxiter": 200, "ftol": 1e-14},
        )
        point: FloatArray = np.clip(np.asarray(found.x, dtype=np.float64), low, high)
        if radius is not None and point @ point > radius**2:
            point = point * (radius / float(np.sqrt(point @ point)))
        for candidate in (point, start):
            if value(candidate) < best_value:
                best, best_value = candidate, value(candidate)
    return best
