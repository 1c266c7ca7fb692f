"""Nonlinear least squares: a written model, its starting values, its minimum, its profile.

Sources: D. M. Bates and D. G. Watts, Nonlinear Regression Analysis and Its Applications
(1988), 2.2 (Gauss-Newton), 2.2.3 (relative offset), 3.3.5 (conditionally linear
parameters), 6.1 (profile t); G. H. Golub and V. Pereyra (1973), SIAM J. Numer. Anal. 10,
413 (variable projection); J. J. More (1978) for Levenberg-Marquardt (MINPACK).
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Mapping, Sequence

import numpy as np
from scipy import optimize

from havoc.errors import InputError
from havoc.tools.parameters import FloatArray
from havoc.tools.symbolic.evaluation import evaluate
from havoc.tools.symbolic.gradient import value_and_slopes
from havoc.tools.symbolic.syntax import read
from havoc.tools.symbolic.tree import Call, Equation, Name, Negative, Operation, Tree, names

MOST_PARAMETERS = 20
# Criterion of Bates and Watts below which R's nls calls a fit converged.
LARGEST_OFFSET = 1e-5
# Scaled condition number of the derivatives above which parameters cannot be told apart.
LARGEST_CONDITION = 1e10
# Residual over uncentred sum of squares below which the curve meets every point.
PERFECT = 1e-24
POLISHING = 30
_LARGE = 1e60


@dataclasses.dataclass(frozen=True)
class Model:
    """A formula with its parameters (in natural order) and the data of its predictors."""

    tree: Tree
    text: str
    parameters: list[str]
    data: Mapping[str, FloatArray]

    def value(self, at: Sequence[float] | FloatArray) -> FloatArray:
        """Fitted values, one a row."""
        values = dict(zip(self.parameters, at, strict=True))
        result = evaluate(self.tree, {**self.data, **values}, "formula")
        return self._full(result)

    def derivatives(self, at: Sequence[float] | FloatArray) -> FloatArray:
        """One column a parameter."""
        values = dict(zip(self.parameters, at, strict=True))
        _, slopes = value_and_slopes(self.tree, {**self.data, **values}, self.parameters)
        return np.column_stack([self._full(slopes.get(name, 0.0)) for name in self.parameters])

    def _full(self, values: object) -> FloatArray:
        size = next(iter(self.data.values())).size
        return np.array(np.broadcast_to(np.asarray(values, dtype=np.float64), (size,)))

    def at(self, settings: Mapping[str, FloatArray]) -> Model:
        """The same formula at other settings."""
        return dataclasses.replace(self, data=settings)


def written_model(text: str, data: Mapping[str, FloatArray], response: str) -> Model:
    """The model of a formula; names that are no predictors are its parameters."""
    tree = read(text, [*data], "formula")
    if isinstance(tree, Equation):
        if not isinstance(tree.left, Name):
            raise InputError(
                "the left side of the model is not the name of the response",
                where="formula",
                remedy=f"write {response} = ...",
            )
        if tree.left.name in names(tree.right):
            raise InputError(
                f"{tree.left.name} stands on both sides", where="formula", remedy="solve for it"
            )
        tree = tree.right
    used = set(names(tree))
    missing = [name for name in data if name not in used]
    if missing:
        raise InputError(
            f"the formula does not use {', '.join(missing)}",
            where="formula",
            remedy="name the predictors in it as in the data",
        )
    parameters = sorted(used - set(data), key=_natural)
    if not parameters:
        raise InputError(
            "the formula holds no parameter to estimate",
            where="formula",
            remedy="write one with parameters, such as b1*exp(-b2*x)",
        )
    if len(parameters) > MOST_PARAMETERS:
        raise InputError(
            f"{len(parameters)} parameters, at most {MOST_PARAMETERS} are fitted",
            where="formula",
            remedy="write a simpler formula",
        )
    return Model(tree=tree, text=text, parameters=parameters, data=data)


def _natural(name: str) -> tuple[str, int]:
    match = re.fullmatch(r"(.*?)(\d{0,9})", name)
    return (match[1], int(match[2] or 0)) if match else (name, 0)


def linear_parameters(tree: Tree, parameters: Sequence[str]) -> list[str]:
    """Parameters of which the model is a linear function together, the others being held."""
    chosen: list[str] = []
    for name in parameters:
        if _is_affine(tree, {*chosen, name}):
            chosen.append(name)
    return chosen


def _is_affine(node: Tree, wanted: set[str]) -> bool:
    def depends(part: Tree) -> bool:
        return not wanted.isdisjoint(names(part))

    if not depends(node) or isinstance(node, Name):
        return True
    if isinstance(node, Negative):
        return _is_affine(node.operand, wanted)
    if isinstance(node, Call) or not isinstance(node, Operation):
        return False
    if node.operator in "+-":
        return _is_affine(node.left, wanted) and _is_affine(node.right, wanted)
    if node.operator == "*":
        if depends(node.left) and depends(node.right):
            return False
        return _is_affine(node.left if depends(node.left) else node.right, wanted)
    return node.operator == "/" and not depends(node.right) and _is_affine(node.left, wanted)


@dataclasses.dataclass(frozen=True)
class NonlinearFit:
    """A minimum of the sum of squares. ``unscaled`` is the covariance over sigma squared."""

    model: Model
    start: FloatArray
    estimates: FloatArray
    fitted: FloatArray
    residuals: FloatArray
    ss_residual: float
    unscaled: FloatArray
    triangle: FloatArray
    relative_offset: float
    condition: float
    iterations: int
    perfect: bool

    @property
    def df_residual(self) -> int:
        return int(self.residuals.size - self.estimates.size)

    @property
    def variance(self) -> float:
        return self.ss_residual / self.df_residual


def descend(
    model: Model,
    y: FloatArray,
    start: FloatArray,
    free: Sequence[int] | None = None,
    tolerance: float = 1e-15,
) -> tuple[FloatArray, float, int]:
    """Levenberg-Marquardt on the ``free`` parameters: minimum, its sum of squares, steps."""
    index = np.arange(start.size) if free is None else np.asarray(free, dtype=np.int64)
    at = start.astype(np.float64).copy()
    if index.size == 0:
        return at, _ss(y - model.value(at)), 0
    ceiling = 1e8 * max(float(np.abs(y).max()), 1.0)

    def residuals(moved: FloatArray) -> FloatArray:
        at[index] = moved
        gap = model.value(at) - y
        # a step outside the domain of the model is a bad step, not an end
        return np.clip(np.where(np.isfinite(gap), gap, ceiling), -_LARGE, _LARGE)

    def slopes(moved: FloatArray) -> FloatArray:
        at[index] = moved
        columns = model.derivatives(at)[:, index]
        return np.clip(np.where(np.isfinite(columns), columns, 0.0), -_LARGE, _LARGE)

    with np.errstate(all="ignore"):
        found, _, info, _, _ = optimize.leastsq(
            residuals,
            at[index],
            Dfun=slopes,
            full_output=True,
            ftol=tolerance,
            xtol=tolerance,
            gtol=0.0,
            maxfev=500 * (index.size + 1),
        )
    at[index] = found
    return at, _ss(y - model.value(at)), int(info["nfev"])


def _ss(residuals: FloatArray) -> float:
    if not np.isfinite(residuals).all():
        return math.inf
    return float(residuals @ residuals)


def fit(model: Model, y: FloatArray, starts: Sequence[FloatArray]) -> NonlinearFit:
    """The best minimum reached from the starts. Raises InputError where none was reached."""
    best: tuple[FloatArray, float, int, FloatArray] | None = None
    for start in starts:
        if not np.isfinite(model.value(start)).all():
            continue
        at, square, steps = descend(model, y, start)
        if best is None or square < best[1] * (1 - 1e-10):
            best = at, square, steps, start
    if best is None or not math.isfinite(best[1]):
        raise InputError(
            "the model has no finite value at the starting values",
            where="start",
            remedy="give starting values inside its domain",
        )
    return settle(model, y, best[0], best[3], best[2])


def settle(
    model: Model, y: FloatArray, at: FloatArray, start: FloatArray, steps: int
) -> NonlinearFit:
    """Gauss-Newton steps to the last digit, and whether this is a minimum."""
    residuals = y - model.value(at)
    square = _ss(residuals)
    columns, q, triangle = _factored(model, at)
    for _ in range(POLISHING):
        move = np.linalg.lstsq(triangle, q.T @ residuals, rcond=None)[0]
        there = at + move / np.maximum(np.linalg.norm(columns, axis=0), 1e-300)
        after = y - model.value(there)
        if not _ss(after) < square:
            break
        at, residuals, square, steps = there, after, _ss(after), steps + 1
        columns, q, triangle = _factored(model, at)
    n, p = y.size, at.size
    perfect = square <= PERFECT * float(y @ y)
    condition = float(np.linalg.cond(triangle)) if np.isfinite(triangle).all() else math.inf
    if not condition < LARGEST_CONDITION:
        raise _singular(model, at, triangle)
    explained = q.T @ residuals
    across = max(square - float(explained @ explained), 0.0)
    offset = 0.0
    if not perfect and across > 0:
        offset = math.sqrt(float(explained @ explained) / p) / math.sqrt(across / (n - p))
    if not perfect and offset > LARGEST_OFFSET:
        raise InputError(
            f"no convergence: after {steps} evaluations the residuals still lean on the "
            f"derivatives (relative offset {offset:.2g})",
            where="start",
            remedy="give starting values nearer to the solution, or a model with fewer parameters",
        )
    scale = np.linalg.norm(columns, axis=0)
    inverse = np.linalg.inv(triangle) / scale[:, None]
    return NonlinearFit(
        model=model,
        start=start,
        estimates=at,
        fitted=y - residuals,
        residuals=residuals,
        ss_residual=0.0 if perfect else square,
        unscaled=inverse @ inverse.T,
        triangle=triangle * scale,
        relative_offset=offset,
        condition=condition,
        iterations=steps,
        perfect=perfect,
    )


def _factored(model: Model, at: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Derivatives, and the QR factors of their columns at unit length."""
    columns = model.derivatives(at)
    if not np.isfinite(columns).all():
        raise InputError(
            "no convergence: the model has no finite derivative where the search ended",
            where="start",
            remedy="give starting values inside its domain",
        )
    size = np.linalg.norm(columns, axis=0)
    q, triangle = np.linalg.qr(columns / np.where(size > 0, size, 1.0))
    return columns, q, triangle


def _singular(model: Model, at: FloatArray, triangle: FloatArray) -> InputError:
    """Names the parameters that move together, or the one without effect."""
    shown = ", ".join(
        f"{name} = {value:.4g}" for name, value in zip(model.parameters, at, strict=True)
    )
    _, _, directions = np.linalg.svd(np.where(np.isfinite(triangle), triangle, 0.0))
    weak = [
        name
        for name, weight in zip(model.parameters, np.abs(directions[-1]), strict=True)
        if weight > 0.1
    ]
    what = (
        f"{weak[0]} has no effect on the fit"
        if len(weak) == 1
        else f"{' and '.join(weak)} cannot be told apart"
    )
    return InputError(
        f"no convergence: singular gradient, {what} ({shown})",
        where="formula",
        remedy="use a model with fewer parameters, or other starting values",
    )


def profile_limits(
    fit: NonlinearFit, y: FloatArray, k: int, t_limit: float
) -> tuple[float | None, float | None]:
    """Values of parameter ``k`` whose best fit is ``t_limit`` away; None where there is none."""
    error = math.sqrt(float(fit.unscaled[k, k]) * fit.variance)
    return (
        _profile_side(fit, y, k, -t_limit, error),
        _profile_side(fit, y, k, t_limit, error),
    )


def _profile_side(
    fit: NonlinearFit, y: FloatArray, k: int, goal: float, error: float
) -> float | None:
    free = [i for i in range(fit.estimates.size) if i != k]
    direction = fit.unscaled[:, k] / fit.unscaled[k, k]
    center = float(fit.estimates[k])
    # the best fit at the inner end of the bracket, and the latest one
    anchor = latest = fit.estimates

    def tau(value: float) -> float:
        nonlocal latest
        best, least = anchor, math.inf
        # the others start where the tangent plane puts them; a fit that is much worse than the
        # tangent plane promises is tried again from where they were
        tangent = anchor + direction * (value - anchor[k])
        promised = (2 * (value - center) / error) ** 2 + 1
        for candidate in (tangent, latest, anchor):
            start = candidate.copy()
            start[k] = value
            if not np.isfinite(fit.model.value(start)).all():
                continue
            at, square, _ = descend(fit.model, y, start, free, tolerance=1e-11)
            if square < least:
                best, least = at, square
            if least - fit.ss_residual <= promised * fit.variance:
                break
        if not math.isfinite(least):
            return math.nan
        latest = best
        return math.copysign(
            math.sqrt(max(least - fit.ss_residual, 0.0) / fit.variance), value - center
        )

    inner, inner_tau = center, 0.0
    step = goal * error
    for _ in range(25):
        outer = inner + step
        outer_tau = tau(outer)
        if not math.isfinite(outer_tau):
            step /= 4
            continue
        if abs(outer_tau) >= abs(goal):
            break
        if abs(outer_tau) <= abs(inner_tau) and inner != center:
            return None
        inner, inner_tau, anchor = outer, outer_tau, latest
        step *= 1.5
    else:
        return None
    # close to a straight line in tau, so the bracket shrinks fast
    return float(
        optimize.brentq(
            lambda value: tau(value) - goal if value != center else -goal,
            inner,
            outer,
            xtol=1e-6 * error,
            rtol=1e-12,
        )
    )
