"""What is reported of a response surface: its geometry, tests, path and warnings."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import numpy as np
from scipy import stats

from havoc.tools.doe.least_squares import r_squared_predicted
from havoc.tools.doe.quadratic import Canonical, Quadratic
from havoc.tools.doe.surface_fit import FittedSurface, Region, anova_of, source_tests, terms_of
from havoc.tools.doe.surface_input import Scale
from havoc.tools.doe.surface_path import band_at
from havoc.tools.doe.variance_components import contrast_test
from havoc.tools.parameters import FloatArray


class PathStep(msgspec.Struct, frozen=True, kw_only=True):
    """One point on the path of steepest ascent or descent."""

    step: int
    coded: list[float]
    actual: list[float]
    predicted: float


def geometry_of(
    scales: list[Scale],
    surface: Quadratic,
    canonical: Canonical,
    region: Region | None,
    best: FloatArray | None,
) -> dict[str, Any]:
    """Stationary point and best setting, coded and actual."""
    names = [scale.name for scale in scales]

    def actual(point: FloatArray) -> list[float]:
        return [scale.actual(float(value)) for scale, value in zip(scales, point, strict=True)]

    found: dict[str, Any] = {
        "factor_names": names,
        "coding": scales,
        "eigenvalues": canonical.eigenvalues.tolist(),
        "eigenvectors": canonical.eigenvectors.T.tolist(),
        "kind": canonical.kind,
    }
    if canonical.stationary is not None:
        place = canonical.stationary
        found |= {
            "stationary_point_coded": place.tolist(),
            "stationary_point_actual": actual(place),
            "stationary_point": dict(zip(names, actual(place), strict=True)),
            "predicted_at_stationary": surface(place),
            "stationary_in_region": region.holds(place) if region is not None else None,
        }
    if best is not None and region is not None:
        edge = np.any((best <= region.low + 1e-6) | (best >= region.high - 1e-6))
        rim = region.radius is not None and float(best @ best) >= region.radius**2 * (1 - 1e-6)
        found |= {
            "best_setting_coded": (best + 0.0).tolist(),
            "best_setting_actual": actual(best),
            "best_setting": dict(zip(names, actual(best), strict=True)),
            "best_predicted": surface(best),
            "best_on_edge": bool(edge) or rim,
        }
    return found


def tests_of(fitted: FittedSurface, alpha: float, best: FloatArray) -> dict[str, Any]:
    """Tests of the coefficients and of the model, and the interval at the best setting."""
    ols, values = fitted.fit, fitted.values
    total = float(((values - values.mean()) ** 2).sum())
    tests: dict[str, Any] = {
        "r_squared": 1 - ols.rss / total,
        "r_squared_predicted": r_squared_predicted(ols, total),
        "df_residual": ols.df,
        "anova": anova_of(fitted, total) or None,
        "terms": terms_of(fitted, alpha),
    }
    pure = fitted.pure
    if pure is not None:
        tests |= {"ss_pure_error": pure.ss_pure_error, "df_pure_error": pure.df_pure_error}
        if pure.df_lack_of_fit:
            tests |= {
                "ss_lack_of_fit": pure.ss_lack_of_fit,
                "df_lack_of_fit": pure.df_lack_of_fit,
                "F_lack_of_fit": pure.f,
                "p_lack_of_fit": pure.p_value,
                "lack_of_fit_significant": None if pure.p_value is None else pure.p_value < alpha,
            }
    variance, band = fitted.variance, band_at(fitted, best, alpha)
    if variance is None or band is None:
        return tests
    if fitted.mixed is not None:
        contrasts = np.eye(fitted.model.shape[1])[1:]
        test = contrast_test(fitted.mixed, contrasts, "kenward_roger")
        f, p_value = test.F, test.p_value
        tests |= {
            "block_sd": math.sqrt(float(fitted.mixed.components[0])),
            "source_tests": source_tests(fitted),
            "r_squared_predicted": None,
        }
    else:
        df_model = fitted.model.shape[1] - 1
        f = (total - ols.rss) / df_model / variance
        p_value = float(stats.f.sf(f, df_model, ols.df))
        tests["r_squared_adjusted"] = 1 - variance / (total / (len(values) - 1))
    return tests | {
        "residual_sd": math.sqrt(variance),
        "F": f,
        "p_value": p_value,
        "significant": p_value < alpha,
        "significant_terms": [
            term.term for term in tests["terms"] if term.significant and term.term != "intercept"
        ],
        "best_ci_low": band.ci_low,
        "best_ci_high": band.ci_high,
        "best_pi_low": band.pi_low,
        "best_pi_high": band.pi_high,
    }


def path_of(
    surface: Quadratic, scales: list[Scale], steps: int, step: float, goal: str
) -> list[PathStep]:
    """Steepest ascent (descent for minimize) of the linear part from the centre."""
    slope = surface.linear if goal != "minimize" else -surface.linear
    largest = float(np.abs(slope).max())
    if largest == 0:
        return []
    direction = slope / largest * step
    path = []
    for count in range(steps + 1):
        point = count * direction
        path.append(
            PathStep(
                step=count,
                coded=point.tolist(),
                actual=[
                    scale.actual(float(value)) for scale, value in zip(scales, point, strict=True)
                ],
                predicted=surface(point),
            )
        )
    return path


def upper_of(surface: Quadratic) -> list[float]:
    """Coefficients in the order of :func:`second_order_terms`."""
    k = len(surface.linear)
    pairs = [2 * surface.curvature[i, j] for i in range(k) for j in range(i + 1, k)]
    squares = [surface.curvature[i, i] for i in range(k)]
    return [float(value) for value in [surface.constant, *surface.linear, *pairs, *squares]]


def warnings_of(geometry: dict[str, Any], tests: dict[str, Any], goal: str) -> list[str]:
    warnings = []
    if geometry.get("stationary_in_region") is False:
        warnings.append("the stationary point lies outside the tested region")
    if tests.get("kind_certain") is False:
        warnings.append(
            "the confidence interval of an eigenvalue holds zero: along that axis the surface may "
            "as well rise, fall or stay level"
        )
    if geometry["kind"] == "saddle":
        warnings.append("the stationary point is a saddle point: neither a maximum nor a minimum")
    wanted = {"maximize": "maximum", "minimize": "minimum"}.get(goal)
    other = {"maximum": "minimum", "minimum": "maximum"}.get(geometry["kind"])
    if wanted is not None and wanted == other:
        warnings.append(f"the stationary point is a {geometry['kind']}, but a {wanted} is wanted")
    if geometry.get("best_on_edge"):
        warnings.append(
            "the best setting lies on the edge of the tested region; the optimum may be beyond it"
        )
    if tests.get("lack_of_fit_significant"):
        warnings.append("the lack of fit is significant: the surface is more complicated")
    if tests and tests.get("df_residual") == 0:
        warnings.append("the model uses up all runs, so nothing can be tested")
    return warnings
