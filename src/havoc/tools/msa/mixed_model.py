"""Variance components of a linear mixed model: restricted likelihood, or mean squares.

The model is y = X b + sum of Z_j u_j + e. Restricted maximum likelihood is computed from
the cross products of [Z X y] alone, so its cost depends on the number of levels and not
on the number of measurements.

Sources: S. R. Searle, G. Casella and C. E. McCulloch (1992), Variance Components, chapters
5 (Henderson's method III) and 6 (restricted maximum likelihood, expected information);
D. Bates, M. Maechler, B. Bolker and S. Walker (2015), J. Statist. Software 67(1) (profiled
deviance of relative covariance factors).
"""

from __future__ import annotations

import itertools
import math

import msgspec
import numpy as np
from scipy import linalg, optimize

from havoc.errors import InputError
from havoc.tools.parameters import FloatArray

# A standard deviation below this share of the residual one is on the boundary, zero.
_BOUNDARY = 1e-4


class Design(msgspec.Struct, frozen=True, kw_only=True):
    """Fixed columns (with the intercept) and one indicator matrix a random term."""

    response: FloatArray
    fixed: FloatArray
    random: list[FloatArray]


class Fit(msgspec.Struct, kw_only=True):
    """Variances of the random terms and of the error; standard errors where they exist.

    ``squares`` and ``degrees`` belong to the sequential mean squares (method anova).
    """

    variances: list[float]
    error: float
    standard_errors: list[float | None]
    error_standard_error: float | None
    coefficients: FloatArray
    covariance: FloatArray
    log_likelihood: float | None = None
    squares: list[float] = []
    degrees: list[int] = []
    error_degrees: int = 0
    negative: list[bool] = []


class _Profile:
    """The restricted deviance as a function of the relative standard deviations."""

    def __init__(self, design: Design) -> None:
        # The deviance does not depend on the mean level; centring keeps the digits.
        self.origin = float(design.response[0])
        y = design.response - self.origin
        self.scale = float(np.std(y))
        self.sizes = [z.shape[1] for z in design.random]
        self.q, self.p, self.n = sum(self.sizes), design.fixed.shape[1], y.size
        columns = np.column_stack([*design.random, design.fixed, y / self.scale])
        self.cross = np.asarray(columns.T @ columns, dtype=np.float64)
        edges = [0, *np.cumsum(self.sizes).tolist()]
        self.spans = [slice(a, b) for a, b in itertools.pairwise(edges)]

    def projected(self, theta: FloatArray) -> tuple[FloatArray, float, FloatArray]:
        """[Z X y]' P [Z X y] after the fixed effects, and the two log determinants."""
        q, p = self.q, self.p
        weight = np.repeat(theta, self.sizes)
        z_block = self.cross[:q]
        inner = weight[:, None] * self.cross[:q, :q] * weight + np.eye(q)
        factor = linalg.cho_factor(inner, lower=True)
        scaled = weight[:, None] * z_block
        whitened = self.cross - scaled.T @ linalg.cho_solve(factor, scaled)
        log_det = 2 * float(np.sum(np.log(np.diag(factor[0]))))
        x = slice(q, q + p)
        fixed_factor = linalg.cho_factor(whitened[x, x], lower=True)
        log_det += 2 * float(np.sum(np.log(np.diag(fixed_factor[0]))))
        swept = whitened - whitened[:, x] @ linalg.cho_solve(fixed_factor, whitened[x])
        return np.asarray(swept), log_det, np.asarray(whitened)

    def deviance(self, theta: FloatArray) -> tuple[float, FloatArray]:
        """Deviance and its gradient in the relative standard deviations."""
        value, gradient = self.deviance_of_ratios(theta**2)
        return value, 2 * theta * gradient

    def deviance_of_ratios(self, ratio: FloatArray) -> tuple[float, FloatArray]:
        """Deviance and its gradient in the variance ratios."""
        swept, log_det, _ = self.projected(np.sqrt(ratio))
        df = self.n - self.p
        rest = float(swept[-1, -1])
        value = log_det + df * (1 + math.log(2 * math.pi * rest / df))
        gradient = np.zeros(ratio.size)
        for j, own in enumerate(self.spans):
            pull = float(swept[own, -1] @ swept[own, -1])
            gradient[j] = float(np.trace(swept[own, own])) - df * pull / rest
        return value, gradient


def fit_reml(design: Design) -> Fit:
    """Restricted maximum likelihood; components at the boundary are exactly zero."""
    profile = _Profile(design)
    count = len(design.random)
    start = _scored(profile, np.ones(count))
    # Scoring comes near in a few steps; the search then ends on the variances, each on a
    # scale of its own (in standard deviations the slope at zero would vanish).
    scale = np.maximum(start, 1e-2)

    def by_variance(scaled: FloatArray) -> tuple[float, FloatArray]:
        value, gradient = profile.deviance_of_ratios(scaled * scale)
        return value, gradient * scale

    best = optimize.minimize(
        by_variance,
        start / scale,
        jac=True,
        method="L-BFGS-B",
        bounds=[(0.0, None)] * count,
        options={"ftol": 1e-15, "gtol": 1e-8, "maxiter": 200},
    )
    theta = np.sqrt(np.asarray(best.x, dtype=np.float64) * scale)
    if theta.max() > 0.99e5:
        raise InputError(
            "the repeats do not differ, so repeatability is zero and REML does not converge",
            where="data",
            remedy="read the gage with more digits, or use method anova",
        )
    for j in np.flatnonzero(theta < _BOUNDARY):
        lower = theta.copy()
        lower[j] = 0.0
        if profile.deviance(lower)[0] <= profile.deviance(theta)[0] + 1e-7:
            theta = lower
    return _at(profile, theta)


def _scored(profile: _Profile, ratio: FloatArray) -> FloatArray:
    """Fisher scoring with halved steps, components kept at or above zero."""
    df = profile.n - profile.p
    value, _ = profile.deviance_of_ratios(ratio)
    for _ in range(30):
        swept, _, _ = profile.projected(np.sqrt(ratio))
        rest = float(swept[-1, -1])
        error = rest / df
        information, traces, trace = _information(profile, swept, ratio)
        pulls = np.asarray([float(swept[own, -1] @ swept[own, -1]) for own in profile.spans])
        score = np.append(pulls / error - traces, (rest - float(ratio @ pulls)) / error - trace) / (
            2 * error
        )
        current = np.append(ratio, 1.0) * error
        free = (current > 0) | (score > 0)
        step = np.zeros(current.size)
        step[free] = np.linalg.lstsq(
            information[np.ix_(free, free)] / (2 * error**2), score[free], rcond=None
        )[0]
        for _ in range(12):
            moved = np.maximum(current + step, 0.0)
            moved[-1] = max(moved[-1], 0.05 * current[-1])
            trial = moved[:-1] / moved[-1]
            reached, _ = profile.deviance_of_ratios(trial)
            if reached <= value:
                break
            step = step / 2
        else:
            return ratio
        gain, ratio, value = value - reached, trial, reached
        if gain < 1e-9:
            return ratio
    return ratio


def _information(
    profile: _Profile, swept: FloatArray, ratio: FloatArray
) -> tuple[FloatArray, FloatArray, float]:
    """Expected information times 2 error^2, tr(Z_j' P Z_j) and tr(P), the error last."""
    spans = profile.spans
    count = len(spans)
    information = np.zeros((count + 1, count + 1))
    for j in range(count):
        for k in range(j, count):
            information[j, k] = information[k, j] = float(np.sum(swept[spans[j], spans[k]] ** 2))
    traces = np.asarray([float(np.trace(swept[own, own])) for own in spans])
    # P (I + sum of ratio Z Z') P = P gives the traces with P squared.
    squared = traces - information[:-1, :-1] @ ratio
    trace = profile.n - profile.p - float(ratio @ traces)
    information[:-1, -1] = information[-1, :-1] = squared
    information[-1, -1] = trace - float(ratio @ squared)
    return information, traces, trace


def _at(profile: _Profile, theta: FloatArray) -> Fit:
    swept, _, whitened = profile.projected(theta)
    q, p = profile.q, profile.p
    df = profile.n - p
    error = float(swept[-1, -1]) / df
    ratio = theta**2
    x = slice(q, q + p)
    inverse = np.linalg.inv(whitened[x, x])
    coefficients = inverse @ whitened[x, -1] * profile.scale
    coefficients[0] += profile.origin
    errors, of_error = _standard_errors(profile, swept, ratio, error)
    scale = profile.scale**2
    constant = (profile.n - p) * math.log(scale)
    return Fit(
        variances=(ratio * error * scale).tolist(),
        error=error * scale,
        standard_errors=[None if item is None else item * scale for item in errors],
        error_standard_error=None if of_error is None else of_error * scale,
        coefficients=np.asarray(coefficients),
        covariance=np.asarray(inverse * error * scale),
        log_likelihood=-0.5 * (profile.deviance(theta)[0] + constant),
    )


def _standard_errors(
    profile: _Profile, swept: FloatArray, ratio: FloatArray, error: float
) -> tuple[list[float | None], float | None]:
    """From the expected information of the components that are above zero."""
    count = len(profile.spans)
    used = [j for j in range(count) if ratio[j] > 0]
    kept = [*used, count]
    information = _information(profile, swept, ratio)[0][np.ix_(kept, kept)] / (2 * error**2)
    try:
        covariance = np.linalg.inv(information)
    except np.linalg.LinAlgError:
        return [None] * count, None
    spread = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    errors: list[float | None] = [None] * count
    for a, j in enumerate(used):
        errors[j] = float(spread[a])
    return errors, float(spread[-1])


def fit_mean_squares(design: Design) -> Fit:
    """Sequential sums of squares set equal to their expectations (Henderson III).

    The terms enter in the order given, the fixed ones first.
    """
    y = design.response - float(design.response[0])
    basis = _basis(design.fixed, np.zeros((y.size, 0)))
    bases: list[FloatArray] = []
    everything = basis
    for z in design.random:
        added = _basis(z, everything)
        bases.append(added)
        everything = np.hstack([everything, added])
    error_degrees = y.size - everything.shape[1]
    if error_degrees < 1:
        raise InputError(
            "no repeats are left to estimate repeatability from",
            where="terms",
            remedy="leave out the interaction of the highest order, or repeat measurements",
        )
    residual = y - everything @ (everything.T @ y)
    error = float(residual @ residual) / error_degrees
    count = len(bases)
    variances = [0.0] * count
    squares = [float(np.sum((basis_k.T @ y) ** 2)) for basis_k in bases]
    for k in reversed(range(count)):
        rank = bases[k].shape[1]
        expected = rank * error
        for j in range(k + 1, count):
            expected += variances[j] * float(np.sum((bases[k].T @ design.random[j]) ** 2))
        own = float(np.sum((bases[k].T @ design.random[k]) ** 2))
        variances[k] = (squares[k] - expected) / own
    coefficients, *_ = np.linalg.lstsq(design.fixed, y, rcond=None)
    coefficients[0] += float(design.response[0])
    return Fit(
        variances=[max(variance, 0.0) for variance in variances],
        error=error,
        standard_errors=[None] * count,
        error_standard_error=error * math.sqrt(2 / error_degrees),
        coefficients=np.asarray(coefficients),
        covariance=np.full((design.fixed.shape[1],) * 2, math.nan),
        squares=squares,
        degrees=[basis_k.shape[1] for basis_k in bases],
        error_degrees=error_degrees,
        negative=[variance < 0 for variance in variances],
    )


def _basis(columns: FloatArray, known: FloatArray) -> FloatArray:
    """Orthonormal columns for what ``columns`` add to the orthonormal ``known``."""
    rest = columns - known @ (known.T @ columns)
    rest -= known @ (known.T @ rest)
    left, singular, _ = np.linalg.svd(rest, full_matrices=False)
    limit = 1e-9 * max(float(np.linalg.norm(columns)), 1.0)
    return np.asarray(left[:, singular > limit])


def rank(columns: FloatArray) -> int:
    """Rank by the eigenvalues of the cross products, which cost little for long columns."""
    values = np.linalg.eigvalsh(columns.T @ columns)
    return int(np.sum(values > 1e-10 * max(float(values[-1]), 1e-300)))
