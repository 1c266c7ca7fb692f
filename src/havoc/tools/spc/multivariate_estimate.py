"""Mean vector and covariance matrix of a multivariate chart, and the limits of T².

Sources: N. D. Tracy, J. C. Young and R. L. Mason (1992), J. Quality Technology 24, 88 (beta limit
of phase I); J. H. Sullivan and W. H. Woodall (1996), J. Quality Technology 28, 398 (successive
differences); J. D. Williams, W. H. Woodall, J. B. Birch and J. H. Sullivan (2006), J. Quality
Technology 38, 217 (their limit).
"""

from __future__ import annotations

import math

import msgspec
import numpy as np
from scipy import linalg, special

from havoc.errors import InputError
from havoc.tools.parameters import FloatArray
from havoc.tools.spc.detectors import BoolArray
from havoc.tools.spc.multivariate_input import Characteristics, CovarianceMethod, Standards
from havoc.tools.spc.panels import Basis


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """Mean vector and covariance matrix, and how well they are known.

    ``samples`` is the number of points behind the mean (0: it is known), ``df`` the degrees
    of freedom of the covariance (infinite: it is known), ``size`` the subgroup size.
    """

    mean: FloatArray
    covariance: FloatArray
    samples: int
    df: float
    size: int
    exact_df: bool
    source: str

    @property
    def count(self) -> int:
        return self.mean.size

    def spread(self, own: bool) -> float:
        """Variance of a plotted mean around the estimated mean, in that of the mean."""
        if not self.samples:
            return 1.0
        return 1 - 1 / self.samples if own else 1 + 1 / self.samples

    def limit(self, alpha: float, own: bool) -> float:
        """Upper limit of T². ``own``: for points that the estimates rest on (phase I)."""
        p = self.count
        if math.isinf(self.df):
            return self.spread(own) * float(special.chdtri(p, alpha))
        if own and self.size == 1 and self.samples:
            if not self.exact_df:
                # Near the nominal rate from fifteen points on, where the beta limit with the
                # degrees of freedom of Scholz and Tosch is far too wide (Williams et al.).
                return float(special.chdtri(p, alpha))
            if self.df <= p:
                raise _too_few(self.samples, p)
            share = float(special.betaincinv(p / 2, (self.df - p) / 2, 1 - alpha))
            return (self.samples - 1) ** 2 / self.samples * share
        rest = self.df - p + 1
        if rest <= 0:
            raise _too_few(self.samples, p)
        quantile = float(special.fdtri(p, rest, 1 - alpha))
        return self.spread(own) * self.df * p / rest * quantile

    def single_p(self, terms: FloatArray, own: FloatArray) -> FloatArray:
        """Probability of a conditional term of one characteristic as large as these."""
        scale = np.where(own, self.spread(True), self.spread(False))
        scaled = terms / np.where(scale > 0, scale, 1.0)
        rest = self.df - self.count + 1
        if math.isinf(rest):
            return np.asarray(special.chdtrc(1, scaled), dtype=np.float64)
        return np.asarray(special.fdtrc(1, rest, scaled * rest / self.df), dtype=np.float64)


def estimate(
    given: Characteristics | None,
    standards: Standards,
    basis: Basis,
    size: int,
    method: CovarianceMethod,
) -> tuple[Estimate, BoolArray]:
    """Mean and covariance, given or from the data, and which points they rest on."""
    mean, covariance = standards.mean, standards.covariance
    used = np.zeros(0, dtype=np.bool_)
    samples = 0
    df, exact, sources = math.inf, True, []
    if given is not None:
        used = basis.used(given.points(size))
    if mean is None:
        assert given is not None
        mean = given.means(size)[used].mean(axis=0)
        samples = int(used.sum())
        sources.append("mean vector from the data")
    else:
        samples = standards.samples or 0
        sources.append("mean vector given")
    if covariance is None:
        assert given is not None
        kept = int(used.sum())
        if size > 1:
            covariance = given.within(size)[used].mean(axis=0)
            df = float(kept * (size - 1))
            sources.append("covariance pooled within subgroups")
        else:
            if kept < given.count + 2:
                raise _too_few(kept, given.count)
            values = given.values
            if method == "differences":
                steps = np.diff(values, axis=0)[used[1:] & used[:-1]]
                if steps.shape[0] <= given.count:
                    raise _too_few(kept, given.count)
                covariance = steps.T @ steps / (2 * steps.shape[0])
                df, exact = 2 * (kept - 1) ** 2 / (3 * kept - 4), False
                sources.append("covariance from successive differences (Sullivan and Woodall)")
            else:
                covariance = np.cov(values[used], rowvar=False)
                df = float(kept - 1)
                sources.append("sample covariance")
        if df < mean.size:
            raise _too_few(kept, mean.size)
    else:
        sources.append("covariance given")
        if standards.samples:
            df = float(standards.samples * (size - 1) if size > 1 else standards.samples - 1)
            sources.append(f"from {standards.samples} earlier points")
    if standards.given:
        used = np.zeros_like(used)
    return Estimate(
        mean=mean,
        covariance=covariance,
        samples=samples,
        df=df,
        size=size,
        exact_df=exact,
        source=", ".join(sources),
    ), used


def _too_few(points: int, characteristics: int) -> InputError:
    return InputError(
        f"{points} points are too few for the covariance matrix of {characteristics} "
        "characteristics, which would be singular or its limit infinite",
        where="columns",
        remedy=f"give at least {characteristics + 2} points, better ten times as many as "
        "characteristics, or fewer characteristics",
    )


def distances(deviations: FloatArray, factor: FloatArray) -> FloatArray:
    """Squared Mahalanobis distances of the rows, by the Cholesky factor of the covariance."""
    scaled = linalg.solve_triangular(factor, deviations.T, lower=True, check_finite=False)
    return np.asarray(np.einsum("ij,ij->j", scaled, scaled), dtype=np.float64)
