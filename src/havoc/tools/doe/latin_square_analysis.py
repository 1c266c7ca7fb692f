"""Latin and Graeco-Latin squares: treatments compared with two or three nuisance directions out.

Source: D. C. Montgomery, Design and Analysis of Experiments, 4.2 (Latin square, missing values,
replication) and 4.3 (Graeco-Latin square).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated

import numpy as np
from msgspec import Meta
from scipy import stats

from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.doe.factor_charts import LevelMean
from havoc.tools.doe.factor_model import LevelFactor, level_factor, sum_to_zero
from havoc.tools.doe.factor_tests import FactorTest, term_row
from havoc.tools.doe.latin_square_result import LatinSquareAnalysis, MissingValue, charts, narrate
from havoc.tools.doe.least_squares import Fit, fit, independent_columns
from havoc.tools.parameters import Alpha, FloatArray, Name, Unit, as_sample
from havoc.tools.result import Recomputed
from havoc.tools.stats.assumption_checks import INDEPENDENCE, normal_residuals

WHERE = "latin_square_analysis"
Labels = Annotated[list[str | float], Meta(description="level in every run")]


@tool(
    "latin_square_analysis",
    title="Analysis of a Latin or Graeco-Latin square",
    source="Montgomery, Design and Analysis of Experiments, 4.2 and 4.3",
)
def latin_square_analysis(
    rows: Labels,
    columns: Labels,
    treatment: Labels,
    response: Annotated[
        list[float | None], Meta(description="measured values; null for a missing run")
    ],
    greek: Annotated[
        list[str | float], Meta(description="Greek letter of every run (Graeco-Latin square)")
    ] = [],  # noqa: B006
    square: Annotated[
        list[str | float], Meta(description="square of every run, if there are several")
    ] = [],  # noqa: B006
    rows_nested: Annotated[
        bool, Meta(description="several squares: each has rows of its own")
    ] = False,
    columns_nested: Annotated[
        bool, Meta(description="several squares: each has columns of its own")
    ] = False,
    alpha: Alpha = 0.05,
    treatment_name: Name = "treatment",
    response_name: Name = "the response",
    unit: Unit = "",
) -> LatinSquareAnalysis:
    """Do the treatments of a Latin square differ, once rows and columns are allowed for?

    Use it for an experiment in which every treatment was run once in each row and once in each
    column (two nuisance factors, such as batch and operator), with a third nuisance factor in a
    Graeco-Latin square, one square or several, and also where runs are missing. Assumes that
    rows, columns and treatments do not interact, and independent, near normal errors of one
    variance.
    """
    values = _responses(response)
    present = np.flatnonzero(np.isfinite(values))
    parts = _read(rows, columns, treatment, greek, square, len(values))
    _check_square(parts, present.size == len(values))
    terms = _terms(parts, rows_nested, columns_nested)
    ones = np.ones((len(values), 1))
    full = np.hstack([ones, *terms.values()])
    observed = values[present]
    if np.ptp(observed) == 0:
        raise InputError(
            f"all responses equal {observed[0]:g}, so there is nothing to explain",
            where=f"{WHERE} response",
            remedy="check the resolution of the measurement",
        )
    estimable = 1 + len(independent_columns(full[present][:, 1:], ones[present]))
    if estimable < full.shape[1] or present.size <= full.shape[1]:
        raise InputError(
            f"{present.size} responses leave no degree of freedom for the error"
            if estimable == full.shape[1]
            else "too many runs are missing to tell rows, columns and treatments apart",
            where=f"{WHERE} response",
            remedy="repeat the square, or run the missing combinations",
        )
    fitted = fit(full[present], observed)
    if fitted.rss == 0:
        raise InputError(
            "the model fits every value exactly, so there is no error to compare with",
            where=f"{WHERE} response",
            remedy="check the resolution of the measurement",
        )
    return _result(
        parts,
        terms,
        full,
        values,
        present,
        fitted,
        alpha=alpha,
        names=(treatment_name, response_name),
        unit=unit,
    )


latin_square_analysis.narrates(narrate)


@latin_square_analysis.verifies
def _recompute(
    result: LatinSquareAnalysis,
    treatment: list[str | float],
    response: list[float | None],
    **_: object,
) -> list[Recomputed]:
    """Complete squares: the treatment sum of squares from the plain means."""
    if result.missing:
        return []
    values = np.array(response, dtype=np.float64)
    labels = np.array([str(label) for label in treatment])
    groups = [values[labels == label] for label in np.unique(labels)]
    own = next(row for row in result.anova if row.source == "treatments")
    return [
        Recomputed(
            name="ss of treatments",
            value=own.ss,
            recomputed=math.fsum(
                len(group) * (float(group.mean()) - float(values.mean())) ** 2 for group in groups
            ),
            route="squared deviations of the treatment means",
            atol=1e-10 * result.ss_total,
        ),
        Recomputed(
            name="ss_total",
            value=result.ss_total,
            recomputed=math.fsum(row.ss for row in result.anova if row.source != "total"),
            route="sum of the parts",
            rtol=1e-8,
        ),
    ]


def _responses(response: Sequence[float | None]) -> FloatArray:
    values = np.array([np.nan if value is None else value for value in response], dtype=np.float64)
    as_sample(values[~np.isnan(values)].tolist(), f"{WHERE} response", minimum=4)
    return values


def _read(
    rows: Sequence[str | float],
    columns: Sequence[str | float],
    treatment: Sequence[str | float],
    greek: Sequence[str | float],
    square: Sequence[str | float],
    count: int,
) -> dict[str, LevelFactor]:
    given = {
        "squares": square,
        "rows": rows,
        "columns": columns,
        "Greek letters": greek,
        "treatments": treatment,
    }
    parts = {}
    for name, labels in given.items():
        if not labels and name in {"squares", "Greek letters"}:
            continue
        if len(labels) != count:
            raise InputError(
                f"{len(labels)} {name} but {count} responses",
                where=f"{WHERE} {name}",
                remedy="give one for every response, and null for the response of a missing run",
            )
        parts[name] = level_factor(name, labels, f"{WHERE} {name}")
    return parts


def _check_square(parts: dict[str, LevelFactor], complete: bool) -> None:
    """Every treatment (and Greek letter) once in every row and every column of a square."""
    square = parts.get("squares")
    treatments = parts["treatments"]
    size = len(treatments.levels)
    number = square.index if square is not None else np.zeros_like(treatments.index)
    letters = ["treatments", *(["Greek letters"] if "Greek letters" in parts else [])]
    pairs = [(side, letter) for side in ("rows", "columns") for letter in letters]
    if len(letters) == 2:
        pairs.append(("treatments", "Greek letters"))
    for side, letter in pairs:
        together = np.column_stack([number, parts[side].index, parts[letter].index])
        distinct = np.unique(together, axis=0)
        per_side = np.unique(distinct[:, :2], axis=0, return_counts=True)[1]
        repeated = len(distinct) < len(together)
        if repeated or (complete and np.any(per_side != size)) or np.any(per_side > size):
            raise InputError(
                f"this is not a Latin square: not each of the {letter} occurs once in each of the "
                f"{side}",
                where=WHERE,
                remedy="check the labels; use factorial_anova with terms for any other layout",
            )


def _terms(
    parts: dict[str, LevelFactor], rows_nested: bool, columns_nested: bool
) -> dict[str, FloatArray]:
    """Columns of every term; nested rows have effects of their own in every square."""
    square = parts.get("squares")
    terms: dict[str, FloatArray] = {}
    for name, factor in parts.items():
        nested = {"rows": rows_nested, "columns": columns_nested}.get(name, False)
        if square is None or not nested:
            terms[name] = factor.columns
            continue
        blocks = []
        for number in range(len(square.levels)):
            own = square.index == number
            used, within = np.unique(factor.index[own], return_inverse=True)
            block = np.zeros((len(own), len(used) - 1))
            block[own] = sum_to_zero(len(used))[within.ravel()]
            blocks.append(block)
        terms[name] = np.hstack(blocks)
    return terms


def _result(
    parts: dict[str, LevelFactor],
    terms: dict[str, FloatArray],
    full: FloatArray,
    values: FloatArray,
    present: np.ndarray,
    fitted: Fit,
    *,
    alpha: float,
    names: tuple[str, str],
    unit: str,
) -> LatinSquareAnalysis:
    observed = values[present]
    total = float(((observed - observed.mean()) ** 2).sum())
    error = fitted.rss / fitted.df
    rows = []
    for name, columns in terms.items():
        others = [other for key, other in terms.items() if key != name]
        without = np.hstack([full[:, :1], *others])[present]
        ss = max(fit(without, observed).rss - fitted.rss, 0.0)
        rows.append(
            term_row(name, columns.shape[1], ss, error, fitted.df, total, fitted.rss, alpha)
        )
    own = next(row for row in rows if row.source == "treatments")
    means = _means(parts["treatments"], terms, fitted, alpha)
    best = max(means, key=lambda item: item.mean)
    lowest = min(means, key=lambda item: item.mean)
    critical = float(stats.t.ppf(1 - alpha / 2, fitted.df))
    absent = np.setdiff1d(np.arange(len(values)), present)
    complete = absent.size == 0
    return LatinSquareAnalysis(
        method=(
            "least squares with "
            + ", ".join(terms)
            + " as additive terms, each adjusted for all others"
        ),
        unit=unit,
        response_name=names[1],
        treatment_name=names[0],
        n=len(observed),
        size=len(parts["treatments"].levels),
        squares=len(parts["squares"].levels) if "squares" in parts else 1,
        greek="Greek letters" in parts,
        anova=[
            *rows,
            FactorTest(source="error", df=fitted.df, ss=fitted.rss, ms=error),
            FactorTest(source="total", df=len(observed) - 1, ss=total),
        ],
        F=own.F or 0.0,
        df_treatment=own.df,
        df_error=fitted.df,
        p_value=1.0 if own.p_value is None else own.p_value,
        significant=bool(own.significant),
        alpha=alpha,
        level=1 - alpha,
        ms_error=error,
        residual_sd=math.sqrt(error),
        ss_total=total,
        r_squared=1 - fitted.rss / total,
        means=means,
        best=best.level,
        best_mean=best.mean,
        lowest=lowest.level,
        lowest_mean=lowest.mean,
        least_significant_difference=critical
        * math.sqrt(2 * error / min(item.n for item in means)),
        missing=[
            MissingValue(
                row=parts["rows"].levels[int(parts["rows"].index[run])],
                column=parts["columns"].levels[int(parts["columns"].index[run])],
                treatment=parts["treatments"].levels[int(parts["treatments"].index[run])],
                estimate=float(full[run] @ fitted.coefficients),
            )
            for run in absent.tolist()
        ],
        **_efficiencies(rows, error, complete and len(terms) == 3),
        assumptions=[normal_residuals(fitted.residuals), INDEPENDENCE],
        warnings=[] if complete else [f"{absent.size} of {len(values)} runs are missing"],
        charts=charts(means, float(observed.mean()), fitted, names, unit),
    )


def _means(
    factor: LevelFactor, terms: dict[str, FloatArray], fitted: Fit, alpha: float
) -> list[LevelMean]:
    """Means adjusted for rows and columns, with intervals."""
    critical = float(stats.t.ppf(1 - alpha / 2, fitted.df))
    start = 1 + sum(columns.shape[1] for name, columns in terms.items() if name != "treatments")
    means = []
    for level, label in enumerate(factor.levels):
        contrast = np.zeros(len(fitted.coefficients))
        contrast[0] = 1.0
        contrast[start:] = sum_to_zero(len(factor.levels))[level]
        mean = float(contrast @ fitted.coefficients)
        error = math.sqrt(fitted.rss / fitted.df) * float(
            np.linalg.norm(contrast @ fitted.inverse_root)
        )
        means.append(
            LevelMean(
                factor=factor.name,
                level=label,
                n=int((factor.index == level).sum()),
                mean=mean,
                std_error=error,
                ci_low=mean - critical * error,
                ci_high=mean + critical * error,
            )
        )
    return means


def _efficiencies(rows: list[FactorTest], error: float, wanted: bool) -> dict[str, float]:
    """Against blocks of one direction only, and against no blocks at all (one complete square)."""
    if not wanted:
        return {}
    own = {row.source: row for row in rows}
    size = own["treatments"].df + 1
    row_ms, column_ms = own["rows"].ms or 0.0, own["columns"].ms or 0.0
    return {
        "relative_efficiency_rows": (column_ms + (size - 1) * error) / (size * error),
        "relative_efficiency_columns": (row_ms + (size - 1) * error) / (size * error),
        "relative_efficiency_randomized": (row_ms + column_ms + (size - 1) * error)
        / ((size + 1) * error),
    }
