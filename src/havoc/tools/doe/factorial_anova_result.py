"""What the analysis of a factorial experiment reports: its figures and its words."""

from __future__ import annotations

from havoc.tools.doe.factor_charts import CellMean, LevelMean
from havoc.tools.doe.factor_tests import FactorTest
from havoc.tools.result import Narrative, Outcome


class FactorialAnova(Outcome):
    """``anova`` has blocks, every term, error (and its parts) and total, in this order.

    ``means`` are model means of every level (least squares means, adjusted means), ``cell_means``
    those of every combination of two interacting factors. ``pooled`` names the interactions that
    were taken as error because the runs leave no other, ``not_estimable`` those that cannot be told
    from blocks or for which combinations are missing.
    """

    response_name: str
    n: int
    factor_names: list[str]
    levels: dict[str, list[str]]
    ss_type: int
    balanced: bool
    anova: list[FactorTest]
    p_values: dict[str, float]
    significant_terms: list[str]
    terms_removed: list[str]
    pooled: list[str]
    not_estimable: list[str]
    significant: bool
    alpha: float
    level: float
    ss_error: float
    df_error: int
    ss_total: float
    df_total: int
    ms_error: float
    residual_sd: float
    r_squared: float
    r_squared_adjusted: float
    grand_mean: float
    strongest: str
    means: list[LevelMean]
    cell_means: list[CellMean]
    highest: dict[str, str]
    highest_levels: list[str]
    highest_mean: float
    lowest: dict[str, str]
    lowest_levels: list[str]
    lowest_mean: float
    r_squared_predicted: float | None = None
    ss_lack_of_fit: float | None = None
    df_lack_of_fit: int | None = None
    F_lack_of_fit: float | None = None
    p_lack_of_fit: float | None = None


def narrate(result: FactorialAnova) -> Narrative:
    if result.significant:
        conclusion = (
            "{{response_name}} depends on {{significant_terms}}; {{strongest}} explains most of "
            "the variation."
        )
    else:
        conclusion = (
            "No factor or interaction has a significant effect on {{response_name}} at the level "
            "{{alpha}}."
        )
    names = range(len(result.factor_names))
    place = ", ".join(
        f"{{{{factor_names.{index}}}}} = {{{{highest_levels.{index}}}}}" for index in names
    )
    bottom = ", ".join(
        f"{{{{factor_names.{index}}}}} = {{{{lowest_levels.{index}}}}}" for index in names
    )
    details = [
        f"The model predicts most at {place} ({{{{highest_mean:unit}}}}) and least at {bottom} "
        "({{lowest_mean:unit}}).",
        "It explains {{r_squared:%}} of the variation; the standard deviation of the error is "
        "{{residual_sd:unit}}.",
    ]
    if any(":" in term for term in result.significant_terms):
        details.insert(0, "Read the interaction chart before the single effects.")
    if result.pooled:
        details.append("Without replicates {{pooled}} is taken as the error.")
    if result.not_estimable:
        details.append("The runs cannot tell {{not_estimable}}.")
    if result.terms_removed:
        details.append("Dropped from the model: {{terms_removed}}.")
    if result.p_lack_of_fit is not None:
        details.append("Lack of fit of the terms left out: p {{p_lack_of_fit:p}}.")
    return Narrative(
        conclusion=conclusion,
        details=details,
        key_figures=[
            (
                f"F of {{{{anova.{index}.source}}}}",
                f"{{{{anova.{index}.F}}}} (p {{{{anova.{index}.p_value:p}}}})",
            )
            for index, row in enumerate(result.anova)
            if row.p_value is not None and row.source != "lack of fit"
        ][:12],
    )
