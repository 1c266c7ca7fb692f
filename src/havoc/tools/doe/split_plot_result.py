"""What the analysis of a split-plot design reports: its figures and its words."""

from __future__ import annotations

from havoc.tools.doe.factor_charts import CellMean, LevelMean
from havoc.tools.doe.split_plot_strata import SplitPlotTest, Stratum
from havoc.tools.result import Narrative, Outcome


class SplitPlotAnalysis(Outcome):
    """``tests`` has one row a term with the layer (stratum) whose error it is compared with.

    ``variance_components`` are the variances between blocks, between whole plots of a block (and
    sub-plots), and between runs of a plot. ``whole_plot_sd`` and ``residual_sd`` are their roots.
    """

    response_name: str
    n: int
    factor_names: list[str]
    whole_plot_factors: list[str]
    sub_plot_factors: list[str]
    whole_plots: int
    blocks: int
    approach: str
    df_method: str
    tests: list[SplitPlotTest]
    p_values: dict[str, float]
    significant_terms: list[str]
    untested_terms: list[str]
    significant: bool
    alpha: float
    level: float
    variance_components: dict[str, float]
    residual_sd: float
    grand_mean: float
    means: list[LevelMean]
    cell_means: list[CellMean]
    whole_plot_sd: float | None = None
    ms_whole_plot_error: float | None = None
    df_whole_plot_error: int | None = None
    ms_sub_plot_error: float | None = None
    df_sub_plot_error: int | None = None
    strata: list[Stratum] | None = None
    misjudged_terms: list[str] | None = None
    reml_log_likelihood: float | None = None


def narrate(result: SplitPlotAnalysis) -> Narrative:
    if result.significant:
        conclusion = (
            "{{response_name}} depends on {{significant_terms}}, each judged by the error of its "
            "own layer."
        )
    else:
        conclusion = (
            "No effect on {{response_name}} is significant at the level {{alpha}} when each is "
            "judged by the error of its own layer."
        )
    details = []
    if result.whole_plot_sd is not None:
        details.append(
            "The standard deviation between whole plots is {{whole_plot_sd:unit}}, that between "
            "runs of a whole plot {{residual_sd:unit}}."
        )
    if result.untested_terms:
        details.append(
            "{{untested_terms}} cannot be tested: no whole plot was repeated, so there is no "
            "error to compare with."
        )
    if result.misjudged_terms:
        details.append(
            "An analysis that takes the runs for completely randomised would judge "
            "{{misjudged_terms}} differently."
        )
    if any(":" in term for term in result.significant_terms):
        details.append("Read the interaction chart before the single effects.")
    return Narrative(
        conclusion=conclusion,
        details=details,
        key_figures=[
            (
                f"F of {{{{tests.{index}.source}}}} against {{{{tests.{index}.stratum}}}}",
                f"{{{{tests.{index}.F}}}} (p {{{{tests.{index}.p_value:p}}}})",
            )
            for index, row in enumerate(result.tests)
            if row.p_value is not None
        ][:12],
    )
