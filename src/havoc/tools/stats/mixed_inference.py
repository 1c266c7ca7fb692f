"""Tests and intervals of a mixed model: degrees of freedom, profiles of the variances.

Sources: A. Kuznetsova, P. B. Brockhoff, R. H. B. Christensen (2017), J. Stat. Softw. 82(13)
(Satterthwaite, after F. W. Giesbrecht and J. C. Burns 1985; Fai and Cornelius 1996); M. G.
Kenward and J. H. Roger (1997), Biometrics 53, 983, as in U. Halekoh and S. Hojsgaard (2014),
J. Stat. Softw. 59(9); D. Bates et al. (2015), 5.1 (profile likelihood).
"""

from __future__ import annotations

import math
from functools import cached_property

import msgspec
import numpy as np
from scipy import optimize, special

from havoc.tools.parameters import FloatArray
from havoc.tools.stats.mixed_fit import MixedModel, Solved

# Degrees of freedom beyond which the t distribution is normal to all digits shown.
MOST_DF = 1e7
# How far, in logarithms, the error variance is looked for from its estimate.
REACH = 12.0


class FixedTest(msgspec.Struct, frozen=True, kw_only=True):
    F: float
    df_num: int
    df_den: float
    p_value: float


class Inference:
    """What the fixed effects and their errors are worth, by Satterthwaite or Kenward-Roger."""

    def __init__(self, model: MixedModel, fit: Solved, *, kenward_roger: bool) -> None:
        self.model, self.fit = model, fit
        self.kenward_roger = kenward_roger
        self.slopes = fit.slopes / model.scale
        self.unscaled = fit.unscaled / np.outer(model.scale, model.scale)

    @cached_property
    def covariance(self) -> FloatArray:
        """Of the fixed coefficients; with Kenward-Roger adjusted for estimated variances."""
        plain = self.unscaled * self.fit.sigma2
        if not self.kenward_roger:
            return plain
        middle = np.zeros_like(plain)
        for i in range(len(self._first)):
            for j in range(len(self._first)):
                inner = self._second[i][j] - self._first[i] @ plain @ self._first[j]
                middle += self._weights[i, j] * inner
        return np.asarray(plain + 2 * plain @ middle @ plain)

    # Satterthwaite -----------------------------------------------------------------------

    @cached_property
    def _variance_covariance(self) -> FloatArray:
        """Of the variance ratios above zero and the error variance."""
        keep = [*np.flatnonzero(self.fit.ratios > 0).tolist(), self.model.count]
        second = self.model.information(self.fit)[np.ix_(keep, keep)]
        return np.asarray(2 * np.linalg.pinv(second))

    def _slope_of_variance(self, row: FloatArray) -> FloatArray:
        """Derivatives of the variance of a linear function by those parameters."""
        direction = self.unscaled @ row
        through = (self.fit.zhx * self.model.scale) @ direction
        parts = [
            self.fit.sigma2 * float((through[self.model.block(k)] ** 2).sum())
            for k in np.flatnonzero(self.fit.ratios > 0).tolist()
        ]
        return np.array([*parts, float(row @ direction)])

    def _satterthwaite(self, row: FloatArray) -> float:
        variance = float(row @ self.unscaled @ row) * self.fit.sigma2
        slope = self._slope_of_variance(row)
        spread = float(slope @ self._variance_covariance @ slope)
        return min(2 * variance**2 / spread, MOST_DF) if spread > 0 else MOST_DF

    def _satterthwaite_test(self, rows: FloatArray) -> FixedTest:
        values, vectors = np.linalg.eigh(rows @ (self.unscaled * self.fit.sigma2) @ rows.T)
        turned = vectors.T @ rows
        squares = (turned @ self.slopes) ** 2 / values
        df = np.array([self._satterthwaite(row) for row in turned])
        q = len(rows)
        if np.ptp(df) < 1e-8 * df.max():
            den = float(df.mean())
        elif (df <= 2).any():
            den = 2.0
        else:
            excess = float((df / (df - 2)).sum())
            den = 2 * excess / (excess - q)
        statistic = float(squares.sum()) / q
        return FixedTest(
            F=statistic, df_num=q, df_den=den, p_value=float(special.fdtrc(q, den, statistic))
        )

    # Kenward-Roger -----------------------------------------------------------------------
    # Index zero is the error variance, whose matrix in V is the identity.

    @cached_property
    def _products(self) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]:
        """X'H^-2 X, X'H^-3 X, Z'H^-2 X, Z'H^-2 Z, and the ratio of every level."""
        fit, model = self.fit, self.model
        ratio = np.repeat(fit.ratios, np.diff(model.edges))
        zhx = fit.zhx * model.scale
        xhx = np.linalg.inv(self.unscaled)
        # H^-2 = H^-1 - H^-1 Z G Z' H^-1
        zh2x = zhx - fit.zhz @ (ratio[:, None] * zhx)
        zh2z = fit.zhz - fit.zhz @ (ratio[:, None] * fit.zhz)
        xh2x = xhx - zhx.T @ (ratio[:, None] * zhx)
        xh3x = xh2x - zh2x.T @ (ratio[:, None] * zhx)
        return xh2x, xh3x, zh2x, zh2z, ratio

    @cached_property
    def _first(self) -> list[FloatArray]:
        """P_i of Kenward and Roger."""
        xh2x, *_ = self._products
        sigma4 = self.fit.sigma2**2
        zhx = self.fit.zhx * self.model.scale
        parts = [-xh2x / sigma4]
        for k in range(self.model.count):
            block = zhx[self.model.block(k)]
            parts.append(-(block.T @ block) / sigma4)
        return parts

    @cached_property
    def _second(self) -> list[list[FloatArray]]:
        """Q_ij of Kenward and Roger."""
        _, xh3x, zh2x, _, _ = self._products
        model, sigma6 = self.model, self.fit.sigma2**3
        zhx = self.fit.zhx * model.scale
        count = model.count + 1
        table: list[list[FloatArray]] = [[xh3x] * count for _ in range(count)]
        for i in range(count):
            for j in range(count):
                if i and j:
                    rows, columns = model.block(i - 1), model.block(j - 1)
                    part = zhx[rows].T @ self.fit.zhz[rows, columns] @ zhx[columns]
                elif i or j:
                    place = model.block(max(i, j) - 1)
                    part = zhx[place].T @ zh2x[place] if i else zh2x[place].T @ zhx[place]
                else:
                    part = xh3x
                table[i][j] = part / sigma6
        return table

    @cached_property
    def _weights(self) -> FloatArray:
        """Covariance of the variances from their expected information."""
        *_, zh2z, ratio = self._products
        model, sigma4 = self.model, self.fit.sigma2**2
        count = model.count + 1
        traces = np.zeros((count, count))
        of_h = model.n - float((ratio * np.diag(self.fit.zhz)).sum())
        traces[0, 0] = of_h - float((ratio * np.diag(zh2z)).sum())
        for i in range(1, count):
            rows = model.block(i - 1)
            traces[i, 0] = traces[0, i] = float(np.trace(zh2z[rows, rows]))
            for j in range(1, count):
                traces[i, j] = float((self.fit.zhz[rows, model.block(j - 1)] ** 2).sum())
        plain = self.unscaled * self.fit.sigma2
        information = np.zeros((count, count))
        for i in range(count):
            for j in range(count):
                inner = 2 * self._second[i][j] - self._first[i] @ plain @ self._first[j]
                information[i, j] = traces[i, j] / sigma4 - float(np.trace(plain @ inner))
        return np.asarray(2 * np.linalg.pinv(information))

    def _kenward_roger_test(self, rows: FloatArray) -> FixedTest:
        q = len(rows)
        plain = self.unscaled * self.fit.sigma2
        theta = rows.T @ np.linalg.solve(rows @ plain @ rows.T, rows)
        parts = [theta @ plain @ part @ plain for part in self._first]
        a1 = a2 = 0.0
        for i, left in enumerate(parts):
            for j, right in enumerate(parts):
                weight = float(self._weights[i, j])
                a1 += weight * float(np.trace(left)) * float(np.trace(right))
                a2 += weight * float(np.trace(left @ right))
        b = (a1 + 6 * a2) / (2 * q)
        g = ((q + 1) * a1 - (q + 4) * a2) / ((q + 2) * a2)
        base = 3 * q + 2 * (1 - g)
        v0, v1, v2 = 1 + g / base * b, 1 - (q - g) / base * b, 1 - (q + 2 - g) / base * b
        v0 = 0.0 if abs(v0) < 1e-10 else v0
        share = 1 - a2 / q
        rho = (share / v1) ** 2 * v0 / v2 / q if abs(v1) > 1e-14 else v0 / v2 / q
        den = 4 + (q + 2) / (q * rho - 1)
        scaling = 1.0 if abs(den - 2) < 1e-2 else den * share / (den - 2)
        effect = rows @ self.slopes
        statistic = (
            scaling * float(effect @ np.linalg.solve(rows @ self.covariance @ rows.T, effect)) / q
        )
        return FixedTest(
            F=statistic, df_num=q, df_den=den, p_value=float(special.fdtrc(q, den, statistic))
        )

    # use ---------------------------------------------------------------------------------

    def test(self, rows: FloatArray) -> FixedTest:
        """That all these linear functions of the coefficients are zero."""
        return (
            self._kenward_roger_test(rows)
            if self.kenward_roger
            else (self._satterthwaite_test(rows))
        )

    def estimate(self, row: FloatArray) -> tuple[float, float, float]:
        """A linear function, its standard error and its degrees of freedom."""
        value = float(row @ self.slopes) + self.model.origin * float(row[0])
        error = math.sqrt(float(row @ self.covariance @ row))
        if not self.kenward_roger:
            return value, error, self._satterthwaite(row)
        return value, error, min(self._kenward_roger_test(row[None, :]).df_den, MOST_DF)


def profile_interval(
    model: MixedModel, fit: Solved, k: int | None, level: float
) -> tuple[float, float | None]:
    """Profile-likelihood limits of the standard deviation of random term ``k``, or of the
    error (None). ``model`` and ``fit`` are of maximum likelihood, as R's confint uses."""
    wanted = float(special.chdtri(1, 1 - level))
    least = model.free_deviance(fit, fit.sigma2)
    center = math.sqrt(fit.sigma2 * (1.0 if k is None else float(fit.ratios[k])))
    error = math.sqrt(fit.sigma2)

    # each search starts from the solution of the one before
    memory: dict[str, FloatArray] = {}

    def rise(sd: float) -> float:
        return _held(model, fit, k, sd * sd, memory) - least - wanted

    high: float | None = max(center, 0.1 * error) * 1.3
    for _ in range(60):
        assert high is not None
        if rise(high) > 0:
            break
        high *= 1.5
    else:
        high = None
    if high is not None:
        high = float(optimize.brentq(rise, center, high, xtol=1e-6 * error, rtol=1e-7))
    if center < 1e-6 * error:
        return 0.0, high
    floor = 1e-4 * center if k is None else 0.0

    def fall(sd: float) -> float:
        # the solution at the floor is no beginning for any other: it lies where nothing fits
        memory.clear()
        return rise(sd)

    if fall(floor) <= 0:
        return 0.0, high
    return float(optimize.brentq(fall, floor, center, xtol=1e-6 * error, rtol=1e-7)), high


def _held(
    model: MixedModel,
    fit: Solved,
    k: int | None,
    variance: float,
    memory: dict[str, FloatArray],
) -> float:
    """Least deviance with one variance held: over the error variance and the other terms."""
    others = [j for j in range(model.count) if j != k]
    start_sigma2 = variance if k is None else fit.sigma2

    def unpack(point: FloatArray) -> tuple[FloatArray, float]:
        sigma2 = variance if k is None else math.exp(float(point[-1]))
        ratios = np.zeros(model.count)
        ratios[others] = point[: len(others)] ** 2 / sigma2
        if k is not None:
            ratios[k] = variance / sigma2
        return np.minimum(ratios, model.largest_ratio), sigma2

    def objective(point: FloatArray) -> tuple[float, FloatArray]:
        ratios, sigma2 = unpack(point)
        solved = model.solve(ratios)
        slope = np.array(
            [
                float(np.diag(solved.zhz)[model.block(j)].sum())
                - float((solved.zpy[model.block(j)] ** 2).sum()) / sigma2
                for j in range(model.count)
            ]
        )
        value = model.free_deviance(solved, sigma2)
        parts = (2 * point[: len(others)] / sigma2 * slope[others]).tolist()
        if k is not None:
            parts.append(model.n - solved.square / sigma2 - float(slope @ ratios))
        return value, np.array(parts)

    # small variances are approached from above: at zero their slope vanishes
    roots = np.sqrt(np.maximum(fit.ratios[others], 1e-2) * start_sigma2)
    point = np.array([*roots.tolist(), *([] if k is None else [math.log(start_sigma2)])])
    if not point.size:
        return objective(point)[0]
    if "point" in memory:
        latest = memory["point"].copy()
        latest[: len(others)] = np.maximum(latest[: len(others)], 0.05 * point[: len(others)])
        point = latest
    # with many rows the first step along the slope goes far beyond any error variance
    level = math.log(start_sigma2)
    bounds: list[tuple[float | None, float | None]] = [(0.0, None)] * len(others)
    if k is not None:
        bounds.append((level - REACH, level + REACH))
    found = optimize.minimize(
        objective,
        point,
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"ftol": 1e-13, "gtol": 1e-6, "maxiter": 300},
    )
    memory["point"] = np.asarray(found.x, dtype=np.float64)
    return float(found.fun)
