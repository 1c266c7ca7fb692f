"""Charts of a fitted model: the curve with its bands, and the residuals."""

from __future__ import annotations

import numpy as np
from scipy import stats

from havoc.charts import ChartSpec, Limit, Panel, Series, decimate
from havoc.tools.parameters import FloatArray
from havoc.tools.stats.least_squares import Fit
from havoc.tools.stats.regression_result import predictions

CURVE_POINTS = 81


def fitted_curve(
    fit: Fit, x: FloatArray, y: FloatArray, x_name: str, y_name: str, alpha: float, level_text: str
) -> ChartSpec:
    """Points, fitted curve, band of the mean, and limits of single values."""
    grid = np.linspace(float(x.min()), float(x.max()), CURVE_POINTS)
    band = predictions(fit, [x_name], grid[:, None], alpha)
    shown = decimate(x.size)
    return ChartSpec(
        kind="fitted_line",
        title=f"{y_name} against {x_name} with the fitted curve",
        panels=[
            Panel(
                x_label=x_name,
                y_label=y_name,
                series=[
                    Series(
                        name="measured", kind="points", x=x[shown].tolist(), y=y[shown].tolist()
                    ),
                    Series(
                        name=f"fit with {level_text} confidence band",
                        kind="line",
                        x=grid.tolist(),
                        y=[point.fit for point in band],
                        low=[point.ci_low for point in band],
                        high=[point.ci_high for point in band],
                    ),
                    Series(
                        name=f"{level_text} prediction, lower",
                        kind="line",
                        x=grid.tolist(),
                        y=[point.pi_low for point in band],
                    ),
                    Series(
                        name=f"{level_text} prediction, upper",
                        kind="line",
                        x=grid.tolist(),
                        y=[point.pi_high for point in band],
                    ),
                ],
            )
        ],
        notes=_notes(len(shown), x.size),
    )


def residual_charts(fit: Fit, y_name: str) -> list[ChartSpec]:
    """Residuals over fitted values, and their normal probability plot."""
    return charts_of_residuals(fit.fitted, fit.residuals, y_name)


def charts_of_residuals(fitted: FloatArray, residuals: FloatArray, y_name: str) -> list[ChartSpec]:
    """The two charts of any model with normal errors."""
    count = residuals.size
    shown = decimate(count)
    notes = _notes(len(shown), count)
    ordered = np.sort(residuals)
    scores = stats.norm.ppf((np.arange(1, count + 1) - 0.375) / (count + 0.25))
    spread = float(np.std(ordered, ddof=1))
    return [
        ChartSpec(
            kind="residuals_vs_fits",
            title=f"Residuals of {y_name} scatter evenly about zero if the model holds",
            panels=[
                Panel(
                    x_label="fitted value",
                    y_label="residual",
                    series=[
                        Series(
                            name="residual",
                            kind="points",
                            x=fitted[shown].tolist(),
                            y=residuals[shown].tolist(),
                        )
                    ],
                    limits=[Limit(label="zero", role="center", value=0.0)],
                )
            ],
            notes=notes,
        ),
        ChartSpec(
            kind="normal_probability",
            title=f"Residuals of {y_name} follow the line if they are normal",
            panels=[
                Panel(
                    x_label="residual",
                    y_label="normal score",
                    series=[
                        Series(
                            name="residual",
                            kind="points",
                            x=ordered[shown].tolist(),
                            y=scores[shown].tolist(),
                        ),
                        Series(
                            name="normal",
                            kind="line",
                            x=[float(scores[0]) * spread, float(scores[-1]) * spread],
                            y=[float(scores[0]), float(scores[-1])],
                        ),
                    ],
                )
            ],
            notes=notes,
        ),
    ]


def _notes(drawn: int, total: int) -> list[str]:
    return [] if drawn == total else [f"{drawn} of {total} points are drawn"]
