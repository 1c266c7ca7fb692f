"""What a fitted model assumes, what the data say about it, and what to warn about."""

from __future__ import annotations

import math
from typing import Any

from havoc.tools.parameters import FloatArray
from havoc.tools.result import Check
from havoc.tools.stats.assumption_checks import LEVEL, normal_residuals
from havoc.tools.stats.least_squares import Fit


def regression_checks(fit: Fit, quantities: dict[str, Any]) -> list[Check]:
    """Assumptions: the form of the model, constant and normal scatter, independence."""
    checks = []
    p_lack = quantities.get("p_lack_of_fit")
    if isinstance(p_lack, float):
        checks.append(
            Check(
                name="form of the model",
                status="ok" if p_lack >= LEVEL else "violated",
                detail=f"lack of fit p = {p_lack:.3g} against repeated settings",
            )
        )
    else:
        checks.append(
            Check(
                name="form of the model",
                status="unknown",
                detail="no repeated settings to test lack of fit with; see the residual chart",
            )
        )
    checks.append(normal_residuals(fit.residuals))
    p_spread = quantities.get("breusch_pagan_p")
    checks.append(
        Check(
            name="constant scatter",
            status="unknown"
            if not isinstance(p_spread, float)
            else "ok"
            if p_spread >= LEVEL
            else "violated",
            detail="too few values to tell"
            if not isinstance(p_spread, float)
            else f"Breusch-Pagan (studentised) p = {p_spread:.3g}",
        )
    )
    checks.append(_independence(fit, quantities.get("durbin_watson")))
    return checks


def _independence(fit: Fit, durbin_watson: object) -> Check:
    if not isinstance(durbin_watson, float) or fit.n < 10:
        return Check(
            name="independent residuals", status="unknown", detail="too few values to tell"
        )
    # For independent residuals the lag-one correlation, 1 - DW/2, has a sd near 1/sqrt(n).
    suspicious = abs(1 - durbin_watson / 2) > 1.96 / math.sqrt(fit.n)
    return Check(
        name="independent residuals",
        status="violated" if suspicious else "ok",
        detail=f"Durbin-Watson {durbin_watson:.2f} in the order of the rows (2 if independent)",
    )


def regression_warnings(fit: Fit, quantities: dict[str, Any]) -> list[str]:
    warnings = []
    if fit.perfect:
        warnings.append(
            "perfect fit: the residuals are zero up to rounding, so tests and intervals say nothing"
        )
    vif = quantities.get("max_vif")
    if isinstance(vif, float) and vif > 5:
        warnings.append(
            f"collinear predictors: the largest variance inflation factor is {vif:.3g} "
            "(above 5), so single coefficients are poorly determined"
        )
    rows = quantities.get("influential_rows")
    cook = quantities.get("max_cooks_distance")
    if isinstance(rows, list) and isinstance(cook, float) and cook > 0.5:
        first = ", ".join(str(row) for row in rows[:5])
        warnings.append(
            f"influential rows: {first} (largest Cook's distance {cook:.3g}); refit without them"
        )
    if fit.df_residual < 3:
        warnings.append(
            f"only {fit.df_residual} degrees of freedom are left for the scatter, "
            "so intervals are wide and R-squared flatters"
        )
    return warnings


def extrapolation_warnings(
    columns: FloatArray, names: list[str], settings: FloatArray
) -> list[str]:
    """A warning for every setting outside the range that was measured."""
    low, high = columns.min(axis=0), columns.max(axis=0)
    outside = []
    for row in settings:
        for j, name in enumerate(names):
            if row[j] < low[j] or row[j] > high[j]:
                outside.append(
                    f"extrapolation: {name} = {row[j]:g} lies outside the measured range "
                    f"{low[j]:g} to {high[j]:g}"
                )
    return outside
