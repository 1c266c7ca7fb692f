"""What each characteristic has to do with a signal of a multivariate chart.

Sources: G. C. Runger, F. B. Alt and D. C. Montgomery (1996), Commun. Statist. Theory Meth. 25,
2203; R. L. Mason, N. D. Tracy and J. C. Young (1995), J. Quality Technology 27, 99.
"""

from __future__ import annotations

from typing import Literal

import msgspec
import numpy as np
from scipy import linalg, special

from havoc.charts import ChartSpec, Panel, Series
from havoc.tools.parameters import FloatArray
from havoc.tools.spc.detectors import BoolArray
from havoc.tools.spc.multivariate_estimate import Estimate

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
