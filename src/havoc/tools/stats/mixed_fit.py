"""Maximum likelihood and REML of a model with random intercepts.

The likelihood is profiled over the fixed effects and the error variance and minimised over
the variance ratios, from cross-products of the columns: the cost does not grow with the
number of rows. With H = I + sum of g_k Z_k Z_k' the covariance of y is sigma² H.

Sources: D. Bates, M. Maechler, B. Bolker, S. Walker (2015), J. Stat. Softw. 67(1), sections
3.4 and 3.6 (profiled criterion); S. R. Searle, G. Casella, C. E. McCulloch, Variance
Components (1992), 6.6 (derivatives).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy import linalg, optimize

from havoc.errors import InputError
from havoc.tools.parameters import FloatArray

# A variance below this share of the error variance is zero.
SINGULAR = 1e-8
LARGEST_RATIO = 1e9
MOST_LEVELS = 1500
STARTS = (1.0, 0.1, 10.0)


def no_error_variance() -> InputError:
    return InputError(
        "the model fits every value exactly, so there is no error variance",
        where="response",
        remedy="leave out a random factor, or repeat the measurement within its levels",
    )


class Solved(msgspec.Struct, frozen=True, kw_only=True):
    """Everything at given variance ratios. ``zpz`` and ``zpy`` are Z'PZ and Z'Py, where P
    takes the fixed effects out of the inverse of H."""

    ratios: FloatArray
    deviance: float
    log_h: float
    sigma2: float
    square: float
    slopes: FloatArray
    unscaled: FloatArray
    zpz: FloatArray
    zhz: FloatArray
    zhx: FloatArray
    zpy: FloatArray


class MixedModel:
    """Cross-products of response, fixed columns and the levels of every random term."""

    def __init__(
        self,
        y: FloatArray,
        matrix: FloatArray,
        codes: Sequence[NDArray[np.int64]],
        reml: bool,
    ) -> None:
        self.n, self.p = int(matrix.shape[0]), int(matrix.shape[1])
        self.reml = reml
        # cross-products of many rows carry rounding that a large ratio would lay bare
        self.largest_ratio = min(LARGEST_RATIO, 1e11 / self.n)
        self.scale = np.linalg.norm(matrix, axis=0)
        x = matrix / self.scale
        sizes = [int(code.max()) + 1 for code in codes]
        self.edges = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        total = int(self.edges[-1])
        if total > MOST_LEVELS:
            raise InputError(
                f"the random factors have {total} levels together, and {MOST_LEVELS} are possible",
                where="random",
                remedy="use fewer levels",
            )
        self.origin = float(y.mean())
        response = y - self.origin
        # the response less its least-squares fit keeps the digits of small errors
        q, triangle = np.linalg.qr(x)
        self.first = linalg.solve_triangular(triangle, q.T @ response)
        rest = response - x @ self.first
        rest = rest - q @ (q.T @ rest)
        self.total = float(response @ response)
        self.xx = x.T @ x
        self.zz = np.zeros((total, total))
        self.zx = np.zeros((total, self.p))
        self.zy = np.zeros(total)
        for k, code in enumerate(codes):
            rows = slice(self.edges[k], self.edges[k + 1])
            self.zy[rows] = np.bincount(code, weights=rest, minlength=sizes[k])
            for j in range(self.p):
                self.zx[rows, j] = np.bincount(code, weights=x[:, j], minlength=sizes[k])
            for other in range(k + 1):
                columns = slice(self.edges[other], self.edges[other + 1])
                pair = code * sizes[other] + codes[other]
                table = np.bincount(pair, minlength=sizes[k] * sizes[other])
                block = table.reshape(sizes[k], sizes[other]).astype(np.float64)
                self.zz[rows, columns] = block
                self.zz[columns, rows] = block.T
        # the response is orthogonal to the fixed columns by now
        self.products = np.zeros((total + self.p + 1, total + self.p + 1))
        self.products[:total, :total] = self.zz
        self.products[:total, total:-1] = self.zx
        self.products[total:-1, :total] = self.zx.T
        self.products[total:-1, total:-1] = self.xx
        self.products[:total, -1] = self.products[-1, :total] = self.zy
        self.products[-1, -1] = float(rest @ rest)

    @property
    def count(self) -> int:
        return len(self.edges) - 1

    @property
    def weight(self) -> int:
        """Rows, less the fixed coefficients with REML."""
        return self.n - self.p if self.reml else self.n

    def block(self, k: int) -> slice:
        return slice(int(self.edges[k]), int(self.edges[k + 1]))

    def _factored(self, ratios: FloatArray) -> tuple[FloatArray, FloatArray]:
        """One Cholesky factor of all cross-products, levels first, then X, then y; and the
        roots of the ratios by level."""
        root = np.repeat(np.sqrt(ratios), np.diff(self.edges))
        levels = root.size
        scaled = self.products.copy()
        scaled[:levels] *= root[:, None]
        scaled[:, :levels] *= root
        scaled[np.arange(levels), np.arange(levels)] += 1
        try:
            lower = np.linalg.cholesky(scaled)
        except np.linalg.LinAlgError:
            # only y'Py can be zero: the fixed columns and the levels are independent
            raise no_error_variance() from None
        return np.asarray(lower, np.float64), root

    def _parts(self, lower: FloatArray) -> tuple[float, float, float]:
        """log|H|, log|X'X/H| and y'Py."""
        diagonal = np.diag(lower)
        levels = int(self.edges[-1])
        log_h = 2 * float(np.log(diagonal[:levels]).sum())
        # the columns were brought to unit length, which the determinant must not see
        log_x = 2 * float(np.log(diagonal[levels:-1]).sum() + np.log(self.scale).sum())
        return log_h, log_x, max(float(diagonal[-1]) ** 2, 1e-300)

    def _criterion(self, log_h: float, log_x: float, square: float) -> float:
        level = self.weight * (1 + math.log(2 * math.pi * square / self.weight))
        return log_h + level + (log_x if self.reml else 0.0)

    def free_deviance(self, at: Solved, sigma2: float) -> float:
        """Minus twice the log-likelihood (not restricted) at any error variance."""
        return at.log_h + self.n * math.log(2 * math.pi * sigma2) + at.square / sigma2

    def solve(self, ratios: FloatArray) -> Solved:
        lower, root = self._factored(ratios)
        log_h, log_x, square = self._parts(lower)
        levels, p = root.size, self.p
        right = np.zeros((levels + p, levels + 2 * p))
        right[:levels, :levels] = root[:, None] * self.zz
        right[levels:, :levels] = self.zx.T
        right[:levels, levels : levels + p] = root[:, None] * self.zx
        right[levels:, levels : levels + p] = self.xx
        right[levels:, levels + p :] = np.eye(p)
        inner = linalg.solve_triangular(lower[:-1, :-1], right, lower=True, check_finite=False)
        of_z, of_x = inner[:, :levels], inner[:levels, levels : levels + p]
        inverse = inner[levels:, levels + p :]
        last = lower[-1, :-1]
        zhz = self.zz - of_z[:levels].T @ of_z[:levels]
        return Solved(
            ratios=ratios,
            deviance=self._criterion(log_h, log_x, square),
            log_h=log_h,
            sigma2=square / self.weight,
            square=square,
            slopes=self.first + inverse.T @ last[levels:],
            unscaled=inverse.T @ inverse,
            zpz=zhz - of_z[levels:].T @ of_z[levels:],
            zhz=zhz,
            zhx=self.zx - of_z[:levels].T @ of_x,
            zpy=self.zy - of_z.T @ last,
        )

    def gradient(self, at: Solved) -> FloatArray:
        """Of the deviance by the variance ratios."""
        trace = np.diag(at.zpz if self.reml else at.zhz)
        return np.array(
            [
                float(trace[self.block(k)].sum())
                - float((at.zpy[self.block(k)] ** 2).sum()) / at.sigma2
                for k in range(self.count)
            ]
        )

    def information(self, at: Solved) -> FloatArray:
        """Second derivatives of the deviance by the ratios and, last, the error variance."""
        second = np.zeros((self.count + 1, self.count + 1))
        table = at.zpz if self.reml else at.zhz
        for k in range(self.count):
            own = at.zpy[self.block(k)]
            for other in range(k + 1):
                pair = table[self.block(k), self.block(other)]
                projected = at.zpz[self.block(k), self.block(other)]
                value = 2 / at.sigma2 * float(own @ projected @ at.zpy[self.block(other)])
                second[k, other] = second[other, k] = value - float((pair**2).sum())
            second[k, -1] = second[-1, k] = float((own**2).sum()) / at.sigma2**2
        second[-1, -1] = self.weight / at.sigma2**2
        return second

    def fit(self, fixed: Sequence[int] = ()) -> Solved:
        """The minimum over all ratios; those in ``fixed`` stay at zero."""
        free = [k for k in range(self.count) if k not in set(fixed)]
        best: Solved | None = None
        for start in STARTS:
            found = self._descend(free, start)
            if best is None or found.deviance < best.deviance - 1e-9:
                best = found
            # only a minimum on the boundary can hide a better one inside
            if (best.ratios[free] > SINGULAR).all():
                break
        assert best is not None
        return self._polish(best, free)

    def _descend(self, free: list[int], start: float) -> Solved:
        def at(roots: FloatArray) -> Solved:
            ratios = np.zeros(self.count)
            ratios[free] = roots**2
            return self.solve(ratios)

        def objective(roots: FloatArray) -> tuple[float, FloatArray]:
            solved = at(roots)
            return solved.deviance, 2 * roots * self.gradient(solved)[free]

        if not free:
            return at(np.zeros(0))
        roots = np.full(len(free), math.sqrt(start))
        for _ in range(3):
            found = optimize.minimize(
                objective,
                roots,
                jac=True,
                method="L-BFGS-B",
                bounds=[(0.0, math.sqrt(self.largest_ratio))] * len(free),
                options={"ftol": 1e-15, "gtol": 1e-9, "maxiter": 500},
            )
            roots = np.asarray(found.x, dtype=np.float64)
            solved = at(roots)
            # at zero the slope by the root vanishes whatever the slope by the variance is
            stuck = (roots < 1e-4) & (self.gradient(solved)[free] < -1e-6)
            if not stuck.any():
                break
            roots = np.where(stuck, 0.1, roots)
        return at(roots)

    def _polish(self, at: Solved, free: list[int]) -> Solved:
        """Newton steps on the ratios that are above zero; the others become exactly zero."""
        ratios = np.where(at.ratios < SINGULAR, 0.0, at.ratios)
        at = self.solve(ratios)
        inside = [k for k in free if ratios[k] > 0]
        for _ in range(20):
            if not inside:
                break
            slope = self.gradient(at)[inside]
            second = self.information(at)
            # the error variance is profiled out
            curve = second[:-1, :-1] - np.outer(second[:-1, -1], second[-1, :-1]) / second[-1, -1]
            try:
                step = np.linalg.solve(curve[np.ix_(inside, inside)], slope)
            except np.linalg.LinAlgError:
                break
            ratios = at.ratios.copy()
            ratios[inside] -= step
            if (ratios < 0).any():
                break
            after = self.solve(ratios)
            if not after.deviance <= at.deviance + 1e-10:
                break
            at = after
            if np.abs(step).max() <= 1e-11 * np.abs(ratios).max():
                break
        return at
