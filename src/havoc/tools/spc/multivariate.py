"""Charts of several characteristics at once: Hotelling T², generalized variance, MEWMA.

Sources: Montgomery, Introduction to Statistical Quality Control, 11.3 to 11.6; N. D. Tracy,
J. C. Young and R. L. Mason (1992), J. Quality Technology 24, 88 (beta limit of phase I);
J. H. Sullivan and W. H. Woodall (1996), J. Quality Technology 28, 398 (successive
differences); J. D. Williams, W. H. Woodall, J. B. Birch and J. H. Sullivan (2006), J. Quality
Technology 38, 217 (their limit); C. A. Lowry et al. (1992), Technometrics 34, 46 (MEWMA).
"""

from __future__ import annotations

import math
from typing import Any, Literal

import msgspec
import numpy as np
from scipy import linalg, special

from havoc.charts import ChartSpec, Panel, Series
from havoc.errors import InputError
from havoc.tools.parameters import FloatArray
from havoc.tools.spc.detectors import BoolArray
from havoc.tools.spc.multivariate_input import (
    Characteristics,
    CovarianceMethod,
    Joint,
    Standards,
    as_characteristics,
    as_standards,
    covariance_factor,
)
from havoc.tools.spc.multivariate_run_length import mewma_limit
from havoc.tools.spc.panels import Basis, ChartPanel, scalar
from havoc.tools.spc.variables import Chart
from havoc.tools.spc.weighted import smooth

# So many signals are taken apart into the shares of their characteristics.
MOST_DECOMPOSED = 50
_CLEAR = 0.05


class Contribution(msgspec.Struct, frozen=True, kw_only=True):
    """What one characteristic has to do with a signal.

    ``contribution`` is by how much T² falls without it (Runger's d, the last conditional
    term of Mason, Young and Tracy), ``p_value`` that of this term; ``z`` is the distance
    from its own mean in standard errors, ``unconditional`` its square. ``how`` is high, low
    or relation: within its own range, but not where the others say it should be.
    """

    variable: str
    contribution: float
    p_value: float
    z: float
    unconditional: float
    how: Literal["high", "low", "relation", "small"]


class MultivariateSignal(msgspec.Struct, frozen=True, kw_only=True):
    """A point above the limit; ``variable`` contributes most and ``reason`` says how."""

    point: int
    statistic: float
    ucl: float
    variable: str
    reason: str
    contributions: list[Contribution]


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


def multivariate_chart(
    kind: str,
    joint: Joint,
    basis: Basis,
    size: int,
    *,
    weight: float,
    limit: float | None,
    steady: bool,
) -> Chart:
    """The chart of ``kind`` over the columns; ``weight`` and the others are of a MEWMA."""
    given = as_characteristics(joint.columns, size)
    standards, names = as_standards(
        joint.mean_vector, joint.covariance, joint.samples, given.names if given else None
    )
    if kind == "generalized_variance":
        return generalized_variance_chart(given, standards, basis, size, names)
    if kind == "t2":
        alpha = float(special.ndtr(-basis.n_sigma)) if joint.alpha is None else joint.alpha
        return t2_chart(given, standards, basis, size, joint.method, alpha, names)
    if given is None:
        raise InputError("no values given", where="columns", remedy="give columns")
    return mewma_chart(
        given, standards, basis, size, joint.method, weight, limit, joint.arl0, steady, names
    )


def t2_chart(
    given: Characteristics | None,
    standards: Standards,
    basis: Basis,
    size: int,
    method: CovarianceMethod,
    alpha: float,
    names: list[str],
) -> Chart:
    """Hotelling T²; each point has the limit of its phase."""
    known, used = estimate(given, standards, basis, size, method)
    factor = covariance_factor(known.covariance, names)
    later = known.limit(alpha, own=False)
    figures: dict[str, Any] = {
        "variables": names,
        "alpha": alpha,
        "mean_vector": known.mean.tolist(),
        "covariance": known.covariance.tolist(),
        "ucl_phase2": later,
        "subgroup_size": size if size > 1 else None,
    }
    earlier = later
    if standards.samples or not standards.given:
        earlier = known.limit(alpha, own=True)
        figures["ucl_phase1"] = earlier
    if given is None:
        figures |= {"center": known.limit(0.5, own=False), "lcl": 0.0, "ucl": later}
        return Chart(panels=[_panel("T²", np.empty(0), 0.0, later)], figures=figures,
                     method=_t2_method(known, standards, method, alpha, used))  # fmt: skip
    deviations = given.means(size) - known.mean
    statistic = size * distances(deviations, factor)
    ucl = np.where(used, earlier, later)
    center = known.limit(0.5, own=bool(used.all()))
    panel = _panel("T²", statistic, center, ucl)
    figures |= {
        "center": center,
        "lcl": 0.0,
        "ucl": scalar(panel.ucl),
        "t2": statistic.tolist(),
        "signals": decompose(names, deviations, known, factor, statistic, ucl, used,
                             np.full(statistic.size, float(size))),
    }  # fmt: skip
    return Chart(
        panels=[panel],
        figures=figures,
        method=_t2_method(known, standards, method, alpha, used),
        warnings=_small_sample(known, int(used.sum())),
    )


def _t2_method(
    known: Estimate,
    standards: Standards,
    method: str,
    alpha: float,
    used: BoolArray,
) -> str:
    if math.isinf(known.df):
        law = "chi-square limit (parameters known)"
    elif standards.given or not used.all():
        law = "beta limit for points of phase I, F limit for new ones"
        if known.size > 1:
            law = "F limits of phase I for points that set them, of phase II for new ones"
        if standards.given:
            law = "F limit of phase II"
    elif known.size > 1:
        law = "F limit of phase I"
    elif method == "sample":
        law = "beta limit of phase I"
    else:
        law = "chi-square limit of phase I (Williams, Woodall, Birch and Sullivan)"
    return f"Hotelling T² chart, {known.source}, {law}, alpha {alpha:.6g} a point"


def _small_sample(known: Estimate, used: int) -> list[str]:
    wanted = 10 * known.count
    if math.isinf(known.df) or not used or used * known.size >= wanted:
        return []
    return [
        f"{used * known.size} observations set a covariance matrix of {known.count} "
        f"characteristics; {wanted} or more are usual"
    ]


def distances(deviations: FloatArray, factor: FloatArray) -> FloatArray:
    """Squared Mahalanobis distances of the rows, by the Cholesky factor of the covariance."""
    scaled = linalg.solve_triangular(factor, deviations.T, lower=True, check_finite=False)
    return np.asarray(np.einsum("ij,ij->j", scaled, scaled), dtype=np.float64)


def decompose(
    names: list[str],
    deviations: FloatArray,
    known: Estimate,
    factor: FloatArray,
    statistic: FloatArray,
    ucl: FloatArray,
    own: BoolArray,
    weights: FloatArray,
) -> list[MultivariateSignal]:
    """The first signals taken apart. ``weights`` turn a distance into the statistic."""
    at = np.flatnonzero(statistic > ucl * (1 + 1e-12))[:MOST_DECOMPOSED]
    if not at.size:
        return []
    rows, weight = deviations[at], weights[at][:, None]
    inverse = linalg.cho_solve((factor, True), np.eye(len(names)))
    terms = weight * (rows @ inverse) ** 2 / np.diag(inverse)
    z = np.sqrt(weight) * rows / np.sqrt(np.diag(known.covariance))
    p_values = known.single_p(terms, np.broadcast_to(own[at][:, None], terms.shape))
    p_alone = special.chdtrc(1, z * z)
    signals = []
    for i, index in enumerate(at.tolist()):
        parts = [
            Contribution(
                variable=name,
                contribution=float(terms[i, j]),
                p_value=float(p_values[i, j]),
                z=float(z[i, j]),
                unconditional=float(z[i, j] ** 2),
                how=_how(float(z[i, j]), float(p_alone[i, j]), float(p_values[i, j]), len(names)),
            )
            for j, name in enumerate(names)
        ]
        parts.sort(key=lambda part: -part.contribution)
        signals.append(
            MultivariateSignal(
                point=index + 1,
                statistic=float(statistic[index]),
                ucl=float(ucl[index]),
                variable=parts[0].variable,
                reason=_reason(parts),
                contributions=parts,
            )
        )
    return signals


def _how(
    z: float, p_alone: float, p_conditional: float, count: int
) -> Literal["high", "low", "relation", "small"]:
    clear = _CLEAR / count
    if p_alone < clear:
        return "high" if z > 0 else "low"
    return "relation" if p_conditional < clear else "small"


def _reason(parts: list[Contribution]) -> str:
    words = {"high": "is high", "low": "is low", "relation": "does not fit the others"}
    told = [f"{part.variable} {words[part.how]}" for part in parts if part.how in words]
    if not told:
        return "no characteristic alone explains it, they moved together"
    return " and ".join(told[:3])


def generalized_variance_chart(
    given: Characteristics | None,
    standards: Standards,
    basis: Basis,
    size: int,
    names: list[str],
) -> Chart:
    """Determinants of the subgroups' covariance matrices (Montgomery 11.35)."""
    p = len(names)
    if size <= p:
        raise InputError(
            f"subgroups of {size} cannot show the joint variation of {p} characteristics",
            where="subgroup_size",
            remedy=f"use subgroups of at least {p + 1}, or a T² chart of single observations",
        )
    used = np.zeros(0, dtype=np.bool_)
    values = np.empty(0)
    within = np.empty((0, p, p))
    if given is not None:
        within = given.within(size)
        values = np.maximum(np.linalg.det(within), 0.0)
        used = basis.used(values.size)
    b1, b2 = variance_factors(p, size)
    if standards.covariance is not None:
        covariance = standards.covariance
        covariance_factor(covariance, names)
        true, source = float(np.linalg.det(covariance)), "given covariance"
        if standards.samples:
            true, source = true / b1, "given pooled covariance / b1"
    else:
        covariance = within[used].mean(axis=0)
        covariance_factor(covariance, names)
        true, source = float(np.linalg.det(covariance)) / b1, "pooled covariance / b1"
    center, spread = b1 * true, math.sqrt(b2) * true
    count = max(values.size, 1)
    panel = ChartPanel(
        name="generalized variance",
        axis="determinant of the covariance matrix",
        values=values,
        positions=np.arange(1, values.size + 1),
        center=np.full(count, center),
        lcl=np.full(count, max(center - basis.n_sigma * spread, 0.0)),
        ucl=np.full(count, center + basis.n_sigma * spread),
        sigma=np.full(count, spread),
    )
    figures: dict[str, Any] = {
        "variables": names,
        "covariance": covariance.tolist(),
        "center": center,
        "lcl": float(panel.lcl[0]),
        "ucl": float(panel.ucl[0]),
        "subgroup_size": size,
        "constants": {"b1": b1, "b2": b2},
    }
    if values.size:
        figures["generalized_variance"] = values.tolist()
    return Chart(
        panels=[panel],
        figures=figures,
        method=f"generalized variance chart, {source}, limits at {basis.n_sigma:g} sigma, "
        "kept at or above zero",
    )


def variance_factors(p: int, n: int) -> tuple[float, float]:
    """b1 and b2: mean of the determinant over the true one, and its variance (11.34)."""
    logs = [math.log(n - i) for i in range(1, p + 1)]
    first = math.exp(math.fsum(logs) - p * math.log(n - 1))
    shifted = math.prod(n - j + 2 for j in range(1, p + 1))
    plain = math.prod(n - j for j in range(1, p + 1))
    return first, plain * (shifted - plain) / (n - 1) ** (2 * p)


def mewma_chart(
    given: Characteristics,
    standards: Standards,
    basis: Basis,
    size: int,
    method: CovarianceMethod,
    weight: float,
    limit: float | None,
    arl0: float,
    steady: bool,
    names: list[str],
) -> Chart:
    """Distance of the exponentially weighted mean vector from its target."""
    known, used = estimate(given, standards, basis, size, method)
    factor = covariance_factor(known.covariance, names)
    h = mewma_limit(len(names), weight, arl0) if limit is None else limit
    deviations = given.means(size) - known.mean
    weighted = np.column_stack([smooth(column, 0.0, weight) for column in deviations.T])
    count = weighted.shape[0]
    share = np.full(count, weight / (2 - weight))
    if not steady:
        share *= -np.expm1(2 * np.arange(1, count + 1) * math.log1p(-weight)) if weight < 1 else 1.0
    scale = size / share
    statistic = scale * distances(weighted, factor)
    ucl = np.full(count, h)
    center = float(special.chdtri(len(names), 0.5))
    panel = _panel("MEWMA", statistic, center, ucl)
    variance = "steady-state" if steady else "exact"
    source = f"computed for an in-control run length of {arl0:g}" if limit is None else "given"
    return Chart(
        panels=[panel],
        figures={
            "variables": names,
            "mean_vector": known.mean.tolist(),
            "covariance": known.covariance.tolist(),
            "subgroup_size": size if size > 1 else None,
            "center": center,
            "lcl": 0.0,
            "ucl": h,
            "h": h,
            "lambda_": weight,
            "arl0": arl0 if limit is None else None,
            "mewma": statistic.tolist(),
            "signals": decompose(names, weighted, known, factor, statistic, ucl, used, scale),
        },
        method=f"MEWMA chart, lambda {weight:g}, {known.source}, {variance} covariance of the "
        f"weighted means, limit {source}",
        warnings=_small_sample(known, int(used.sum())),
    )


def _panel(name: str, values: FloatArray, center: float, ucl: FloatArray | float) -> ChartPanel:
    count = max(values.size, 1)
    upper = np.broadcast_to(np.asarray(ucl, dtype=np.float64), (count,))
    return ChartPanel(
        name=name,
        axis=f"{name} statistic",
        values=values,
        positions=np.arange(1, values.size + 1),
        center=np.full(count, center),
        lcl=np.full(count, -np.inf),
        ucl=upper,
        sigma=(upper - center) / 3,
    )


def contribution_chart(name: str, signal: MultivariateSignal) -> ChartSpec:
    """Bars of what each characteristic contributes to a signal."""
    names = [part.variable for part in signal.contributions]
    return ChartSpec(
        kind="contributions",
        title=f"{name}: {signal.variable} contributes most to the signal at point {signal.point}",
        panels=[
            Panel(
                x_label="characteristic",
                y_label="contribution to the statistic",
                x_scale="category",
                series=[
                    Series(
                        name="contribution",
                        kind="bars",
                        x=list(names),
                        y=[part.contribution for part in signal.contributions],
                    )
                ],
            )
        ],
    )
