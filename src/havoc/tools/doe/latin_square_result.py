"""What the analysis of a Latin square reports: its figures, its words and its charts."""

from __future__ import annotations

import msgspec

from havoc.charts import ChartSpec, Limit, Panel, Series
from havoc.tools.doe.effect_charts import residual_chart
from havoc.tools.doe.factor_charts import LevelMean
from havoc.tools.doe.factor_tests import FactorTest
from havoc.tools.doe.least_squares import Fit
from havoc.tools.result import Narrative, Outcome


class MissingValue(msgspec.Struct, frozen=True, kw_only=True):
    """A run without a response, and the value that the model gives it."""

    row: str
    column: str
    treatment: str
    estimate: float


class LatinSquareAnalysis(Outcome):
    """``anova``: squares (if several), rows, columns, Greek letters, treatments, error, total.

    Every test is adjusted for all other terms, which matters only where a run is missing.
    ``relative_efficiency_*`` says how many times as many runs a randomised block design (blocks =
    rows, or = columns) or a completely randomised design would have needed.
    """

    response_name: str
    treatment_name: str
    n: int
    size: int
    squares: int
    greek: bool
    anova: list[FactorTest]
    F: float
    df_treatment: int
    df_error: int
    p_value: float
    significant: bool
    alpha: float
    level: float
    ms_error: float
    residual_sd: float
    ss_total: float
    r_squared: float
    means: list[LevelMean]
    best: str
    best_mean: float
    lowest: str
    lowest_mean: float
    least_significant_difference: float
    missing: list[MissingValue]
    relative_efficiency_rows: float | None = None
    relative_efficiency_columns: float | None = None
    relative_efficiency_randomized: float | None = None


def narrate(result: LatinSquareAnalysis) -> Narrative:
    conclusion = (
        "The levels of {{treatment_name}} differ in {{response_name}} (p {{p_value:p}}): {{best}} "
        "is highest with {{best_mean:unit}} and {{lowest}} lowest with {{lowest_mean:unit}}."
        if result.significant
        else "There is no evidence that the levels of {{treatment_name}} differ in "
        "{{response_name}} (p {{p_value:p}})."
    )
    details = [
        "Two means that differ by more than {{least_significant_difference:unit}} differ "
        "significantly when only that pair is compared."
    ]
    nuisance = [
        (index, row)
        for index, row in enumerate(result.anova)
        if row.p_value is not None and row.source != "treatments"
    ]
    for index, row in nuisance:
        verdict = "matter" if row.significant else "do not matter"
        details.append(
            f"The {{{{anova.{index}.source}}}} {verdict} (p {{{{anova.{index}.p_value:p}}}})."
        )
    if result.missing:
        details.append("The missing value is estimated as {{missing.0.estimate:unit}}.")
    if result.relative_efficiency_randomized is not None:
        details.append(
            "A completely randomised experiment would have needed "
            "{{relative_efficiency_randomized}} times as many runs for the same precision."
        )
    return Narrative(
        conclusion=conclusion,
        details=details,
        key_figures=[
            ("F of {{treatment_name}}", "{{F}}"),
            ("degrees of freedom", "{{df_treatment}} and {{df_error}}"),
            ("standard deviation of the error", "{{residual_sd:unit}}"),
        ],
    )


def charts(
    means: list[LevelMean], average: float, fitted: Fit, names: tuple[str, str], unit: str
) -> list[ChartSpec]:
    return [
        ChartSpec(
            kind="main_effects",
            title=f"Mean {names[1]} of every {names[0]}, adjusted for rows and columns",
            panels=[
                Panel(
                    x_label=names[0],
                    x_scale="category",
                    y_label=unit or names[1],
                    series=[
                        Series(
                            name="mean",
                            x=[item.level for item in means],
                            y=[item.mean for item in means],
                            low=[item.ci_low for item in means if item.ci_low is not None],
                            high=[item.ci_high for item in means if item.ci_high is not None],
                        )
                    ],
                    limits=[Limit(label="mean", role="center", value=average)],
                )
            ],
        ),
        residual_chart(fitted.fitted, fitted.residuals, names[1], unit),
    ]
