"""Restricted maximum likelihood for random blocks and plots, and tests in small samples.

y = X b + Z1 u1 + Z2 u2 + ... + e, every u and e independent with a variance of its own. The
variances are found by scoring on the restricted likelihood and are never negative. Tests of the
fixed effects use the adjusted covariance and degrees of freedom of Kenward & Roger, or the
degrees of freedom of Satterthwaite.

Sources: Patterson & Thompson (1971), Biometrika 58, 545; Kenward & Roger (1997), Biometrics 53,
983; Halekoh & Hojsgaard (2014), J. Stat. Software 59(9); Kuznetsova et al. (2017), J. Stat.
Software 82(13).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy import linalg, stats

from havoc.errors import InputError
from havoc.tools.parameters import FloatArray

MAX_RUNS = 1500
MAX_ROUNDS = 200
TOLERANCE = 1e-10

DfMethod = Literal["kenward_roger", "satterthwaite"]


class MixedFit(msgspec.Struct, kw_only=True):
    """Estimates; ``components`` has one variance for every random term, then that of the error.

    ``residuals`` are about the fixed effects, ``conditional`` also about the predicted blocks.
    """

    coefficients: FloatArray
    covariance: FloatArray
    components: FloatArray
    component_errors: FloatArray
    fitted: FloatArray
    residuals: FloatArray
    conditional: FloatArray
    log_likelihood: float
    at_zero: list[bool]
    derivatives: list[FloatArray]
    cross: list[list[FloatArray]]
    information: FloatArray
    active: list[int]
    observed: FloatArray


class MixedTest(msgspec.Struct, frozen=True, kw_only=True):
    """F test of a hypothesis on the fixed effects."""

    F: float
    df: int
    df_error: float
    p_value: float


def fit_mixed(
    model: FloatArray, response: FloatArray, groups: Sequence[NDArray[np.int64]], where: str
) -> MixedFit:
    """REML fit; ``groups`` holds for every random term the group of every run."""
    count = len(response)
    if count > MAX_RUNS:
        raise InputError(
            f"{count} runs are too many for random blocks here",
            where=where,
            remedy=f"use up to {MAX_RUNS} runs, or fixed blocks",
        )
    if count <= model.shape[1]:
        raise InputError(
            f"{count} runs cannot carry {model.shape[1]} coefficients and their error",
            where=where,
            remedy="add runs, or use a smaller model",
        )
    shapes = [(group[:, None] == group[None, :]).astype(np.float64) for group in groups]
    shapes.append(np.eye(count))
    scale = float(np.var(response)) or 1.0
    scaled = response / math.sqrt(scale)
    components, free = _maximise(model, scaled, shapes)
    state = _state(model, scaled, shapes, components)
    if state is None:
        raise InputError(
            "the variances cannot be estimated from these runs",
            where=where,
            remedy="add replicates, or use fixed blocks",
        )
    active = [position for position, own in enumerate(free) if own]
    information = _expected(state.projected, range(len(shapes)))
    errors = np.zeros(len(components))
    errors[active] = np.sqrt(
        np.clip(np.diag(_inverse(_expected(state.projected, active))), 0, None)
    )
    inverse_shapes = [state.weights @ shape for shape in shapes]
    weighted = state.weights @ model
    derivatives = [-(model.T @ own @ weighted) for own in inverse_shapes]
    cross = [
        [model.T @ one @ other @ weighted for other in inverse_shapes] for one in inverse_shapes
    ]
    fitted = model @ state.coefficients
    root = math.sqrt(scale)
    # Everything below is in the units of the response again; derivatives are per unit variance.
    return MixedFit(
        coefficients=state.coefficients * root,
        covariance=state.covariance * scale,
        components=components * scale,
        component_errors=errors * scale,
        fitted=fitted * root,
        residuals=(scaled - fitted) * root,
        conditional=state.residual * float(components[-1]) * root,
        log_likelihood=state.log_likelihood - 0.5 * (count - model.shape[1]) * math.log(scale),
        at_zero=[not own for own in free[:-1]],
        derivatives=[own / scale**2 for own in derivatives],
        cross=[[own / scale**3 for own in row] for row in cross],
        information=information / scale**2,
        active=active,
        observed=_observed(state, shapes, active) / scale**2,
    )


def contrast_test(fit: MixedFit, contrasts: FloatArray, method: DfMethod) -> MixedTest:
    """F test that all ``contrasts`` (rows) of the coefficients are zero."""
    if method == "kenward_roger":
        return _kenward_roger(fit, contrasts)
    return _satterthwaite(fit, contrasts)


def contrast_interval(
    fit: MixedFit, contrast: FloatArray, method: DfMethod, alpha: float
) -> tuple[float, float, float, float, float]:
    """Estimate, standard error, degrees of freedom and limits of one contrast."""
    estimate = float(contrast @ fit.coefficients)
    covariance = adjusted_covariance(fit) if method == "kenward_roger" else fit.covariance
    error = math.sqrt(float(contrast @ covariance @ contrast))
    df = contrast_test(fit, contrast[None, :], method).df_error
    margin = float(stats.t.ppf(1 - alpha / 2, df)) * error
    return estimate, error, df, estimate - margin, estimate + margin


class _State(msgspec.Struct, kw_only=True):
    weights: FloatArray
    covariance: FloatArray
    coefficients: FloatArray
    projected: list[FloatArray]
    residual: FloatArray
    score: FloatArray
    log_likelihood: float
    projection: FloatArray


def _state(
    model: FloatArray, response: FloatArray, shapes: Sequence[FloatArray], components: FloatArray
) -> _State | None:
    """Likelihood, its slope and what tests need, at the given variances."""
    variance = sum(value * shape for value, shape in zip(components, shapes, strict=True))
    try:
        root = linalg.cholesky(variance, lower=True)
        inner = linalg.solve_triangular(root, model, lower=True)
        gram = inner.T @ inner
        gram_root = linalg.cholesky(gram, lower=True)
    except (linalg.LinAlgError, ValueError):
        return None
    weights = linalg.cho_solve((root, True), np.eye(len(response)))
    covariance = linalg.cho_solve((gram_root, True), np.eye(gram.shape[0]))
    weighted = weights @ model
    projection = weights - weighted @ covariance @ weighted.T
    residual = projection @ response
    projected = [projection @ shape for shape in shapes]
    score = np.array(
        [
            -0.5 * (float(np.trace(own)) - float(residual @ shape @ residual))
            for own, shape in zip(projected, shapes, strict=True)
        ]
    )
    freedom = len(response) - model.shape[1]
    log_likelihood = -0.5 * (
        freedom * math.log(2 * math.pi)
        + 2 * float(np.log(np.diag(root)).sum())
        + 2 * float(np.log(np.diag(gram_root)).sum())
        + float(response @ residual)
    )
    return _State(
        weights=weights,
        covariance=covariance,
        coefficients=covariance @ (weighted.T @ response),
        projected=projected,
        residual=residual,
        score=score,
        log_likelihood=log_likelihood,
        projection=projection,
    )


def _maximise(
    model: FloatArray, response: FloatArray, shapes: Sequence[FloatArray]
) -> tuple[FloatArray, list[bool]]:
    """Variances of largest restricted likelihood, and which of them are above zero."""
    start = float(np.linalg.lstsq(model, response, rcond=None)[1].sum()) / max(
        len(response) - model.shape[1], 1
    )
    if start <= 0:
        start = float(np.var(response))
    components = np.full(len(shapes), start / len(shapes))
    state = _state(model, response, shapes, components)
    assert state is not None
    floor = 1e-9 * start
    free = [True] * len(shapes)
    for _ in range(MAX_ROUNDS):
        active = [position for position, own in enumerate(free) if own]
        step = np.zeros(len(shapes))
        step[active] = _inverse(_expected(state.projected, active)) @ state.score[active]
        size = 1.0
        moved, trial = components, state
        while size > 1e-8:
            candidate = np.maximum(components + size * step, 0.0)
            candidate[-1] = max(candidate[-1], floor)
            found = _state(model, response, shapes, candidate)
            if found is not None and found.log_likelihood >= state.log_likelihood - 1e-13:
                moved, trial = candidate, found
                break
            size /= 2
        change = float(np.abs(moved - components).max())
        gain = trial.log_likelihood - state.log_likelihood
        components, state = moved, trial
        # A variance at zero stays there unless the likelihood rises away from it.
        free = [
            bool(value > floor or slope > 0)
            for value, slope in zip(components[:-1], state.score[:-1], strict=True)
        ] + [True]
        if change <= TOLERANCE * start and gain < 1e-12:
            break
    components[:-1][components[:-1] <= floor] = 0.0
    return components, [bool(value > 0) for value in components]


def _inverse(matrix: FloatArray) -> FloatArray:
    return np.asarray(np.linalg.pinv(matrix, hermitian=True), dtype=np.float64)


def _expected(projected: Sequence[FloatArray], active: Sequence[int]) -> FloatArray:
    """Expected information on the variances: half the trace of P V_i P V_j."""
    return np.array(
        [[0.5 * float((projected[i] * projected[j].T).sum()) for j in active] for i in active]
    )


def _observed(state: _State, shapes: Sequence[FloatArray], active: Sequence[int]) -> FloatArray:
    """Observed information: minus the second derivatives of the restricted likelihood."""
    expected = _expected(state.projected, active)
    pulled = [shapes[place] @ state.residual for place in active]
    curved = np.array(
        [[float(one @ state.projection @ other) for other in pulled] for one in pulled]
    )
    return curved - expected


def adjusted_covariance(fit: MixedFit) -> FloatArray:
    """Covariance of the coefficients, corrected for the variances being estimated (K & R)."""
    inverse = _inverse(fit.information)
    total = np.zeros_like(fit.covariance)
    for i, one in enumerate(fit.derivatives):
        for j, other in enumerate(fit.derivatives):
            total += inverse[i, j] * (fit.cross[i][j] - one @ fit.covariance @ other)
    adjusted: FloatArray = fit.covariance + 2 * fit.covariance @ total @ fit.covariance
    return adjusted


def _kenward_roger(fit: MixedFit, contrasts: FloatArray) -> MixedTest:
    """Kenward & Roger (1997), section 3; a variance estimated as zero keeps its uncertainty."""
    q = int(np.linalg.matrix_rank(contrasts))
    covariance = fit.covariance
    inverse = _inverse(fit.information)
    theta = contrasts.T @ np.linalg.inv(contrasts @ covariance @ contrasts.T) @ contrasts
    pieces = [theta @ covariance @ own @ covariance for own in fit.derivatives]
    a1 = a2 = 0.0
    for i, one in enumerate(pieces):
        for j, other in enumerate(pieces):
            a1 += inverse[i, j] * float(np.trace(one)) * float(np.trace(other))
            a2 += inverse[i, j] * float((one * other.T).sum())
    b = (a1 + 6 * a2) / (2 * q)
    g = ((q + 1) * a1 - (q + 4) * a2) / ((q + 2) * a2) if a2 else 0.0
    denominator = 3 * q + 2 * (1 - g)
    c1, c2, c3 = g / denominator, (q - g) / denominator, (q + 2 - g) / denominator
    upper, lower = 1 - a2 / q, 1 - c2 * b
    # Both vanish together where the error has two degrees of freedom.
    ratio = 1.0 if max(abs(upper), abs(lower)) < 1e-8 else upper / lower
    rho = ratio**2 * (1 + c1 * b) / (1 - c3 * b) / q
    df = 4 + (q + 2) / (q * rho - 1)
    scale = 1.0 if abs(df - 2) < 1e-2 else df * upper / (df - 2)
    estimate = contrasts @ fit.coefficients
    middle = np.linalg.inv(contrasts @ adjusted_covariance(fit) @ contrasts.T)
    statistic = max(float(scale * (estimate @ middle @ estimate)) / q, 0.0)
    return MixedTest(
        F=statistic, df=q, df_error=float(df), p_value=float(stats.f.sf(statistic, q, df))
    )


def _satterthwaite(fit: MixedFit, contrasts: FloatArray) -> MixedTest:
    """Kuznetsova et al. (2017): one degree of freedom for each independent contrast, joined."""
    matrix = contrasts @ fit.covariance @ contrasts.T
    values, vectors = np.linalg.eigh(matrix)
    kept = values > values.max() * 1e-10
    rotated = vectors[:, kept].T @ contrasts
    values = values[kept]
    q = len(values)
    inverse = _inverse(fit.observed)
    derivatives = [fit.derivatives[place] for place in fit.active]
    dfs = []
    for row, variance in zip(rotated, values, strict=True):
        reach = fit.covariance @ row
        slope = np.array([-float(row @ fit.covariance @ own @ reach) for own in derivatives])
        spread = float(slope @ inverse @ slope)
        dfs.append(2 * float(variance) ** 2 / spread if spread > 0 else 1e6)
    estimate = rotated @ fit.coefficients
    statistic = float((estimate**2 / values).sum()) / q
    if np.ptp(dfs) <= 1e-8 * max(dfs):
        df = dfs[0]
    else:
        usable = [own for own in dfs if own > 2]
        joined = math.fsum(own / (own - 2) for own in usable)
        df = 2 * joined / (joined - q) if joined > q else 2.0
    return MixedTest(
        F=statistic, df=q, df_error=float(df), p_value=float(stats.f.sf(statistic, q, df))
    )
