"""What the evaluation of a design reports: its figures, what is wrong with it, and its words."""

from __future__ import annotations

import msgspec

from havoc.tools.doe.prediction_space import SpacePoint
from havoc.tools.doe.term_power import Coefficient, EffectPower
from havoc.tools.doe.two_level_structure import TwoLevelStructure
from havoc.tools.result import Check, Narrative, Outcome

ENOUGH = 0.8
HIGH_VIF = 5.0


class Alias(msgspec.Struct, frozen=True, kw_only=True):
    """The estimate of ``term`` is shifted by ``coefficient`` times the true ``potential``."""

    term: str
    potential: str
    coefficient: float


class MinitabFigures(msgspec.Struct, frozen=True, kw_only=True):
    """What Minitab prints for an optimal design: taken over the runs, not over the region."""

    condition_number: float
    D_optimality: float
    A_optimality: float
    G_optimality: float
    V_optimality: float
    maximum_leverage: float


class DesignEvaluation(Outcome, kw_only=True):
    """``D_efficiency`` is 100 det(X'X)^(1/p)/n, ``A_efficiency`` 100 p/(n trace((X'X)^-1)) and
    ``G_efficiency`` 100 p/(n largest variance in the region); ``G_efficiency_root`` is the square
    root form of SAS and STATISTICA, 100 sqrt(p/n)/largest standard error. ``average_variance``
    (the I criterion) and ``maximum_variance`` are those of a predicted mean in error variances.
    With blocks, variances are those beside the block effects. ``correlation_terms`` name the
    rows of ``correlation_matrix``: model terms, then potential ones. ``alias_matrix`` has a row
    for each model column and a column for each potential term."""

    source: str
    runs: int
    n_factors: int
    factor_names: list[str]
    model: str
    n_parameters: int
    n_blocks: int
    distinct_runs: int
    df_model: int
    df_residual: int
    df_pure_error: int
    df_lack_of_fit: int
    coefficients: list[Coefficient]
    effects: list[EffectPower]
    effect: float
    sigma: float
    alpha: float
    lowest_power: float | None = None
    weakest_term: str = ""
    largest_vif: float | None = None
    leverage: list[float]
    maximum_leverage: float
    average_leverage: float
    D_efficiency: float
    A_efficiency: float
    G_efficiency: float | None = None
    G_efficiency_root: float | None = None
    average_variance: float | None = None
    maximum_variance: float | None = None
    median_variance: float | None = None
    worst_settings: dict[str, float | str] | None = None
    fraction_of_design_space: list[SpacePoint] | None = None
    fraction_precise: float | None = None
    half_width: float | None = None
    minitab: MinitabFigures
    potential_terms: list[str]
    aliases: list[Alias]
    alias_matrix: list[list[float]]
    alias_sum_of_squares: float
    correlation_terms: list[str]
    correlation_matrix: list[list[float]]
    largest_correlation: float
    largest_correlation_pair: list[str]
    largest_alias_correlation: float | None = None
    two_level: TwoLevelStructure | None = None


def checks(result: DesignEvaluation) -> list[Check]:
    heavy = sum(value > 2 * result.average_leverage + 1e-9 for value in result.leverage)
    checks = [
        Check(
            name="leverage",
            status="violated" if heavy or result.maximum_leverage > 0.9999 else "ok",
            detail=(
                f"{heavy} runs have more than twice the mean leverage of "
                f"{result.average_leverage:.3g}; the largest is {result.maximum_leverage:.3g}"
            ),
        ),
        Check(
            name="degrees of freedom",
            status="ok" if result.df_pure_error >= 3 and result.df_lack_of_fit >= 3 else "violated",
            detail=(
                f"{result.df_pure_error} for pure error and {result.df_lack_of_fit} for lack of "
                "fit; 3 or more of each are usual"
            ),
        ),
    ]
    if result.largest_vif is not None:
        checks.append(
            Check(
                name="variance inflation",
                status="violated" if result.largest_vif > HIGH_VIF else "ok",
                detail=f"the largest is {result.largest_vif:.3g}; above {HIGH_VIF:g} is much",
            )
        )
    return checks


def narrate(result: DesignEvaluation) -> Narrative:
    conclusion = (
        "The {{runs}} runs determine the {{n_parameters}} parameters of the {{model}} model of "
        "{{factor_names}}"
    )
    if result.lowest_power is not None:
        enough = "find" if result.lowest_power >= ENOUGH else "do not surely find"
        conclusion += (
            f" and {enough} an effect of {{{{effect}}}} for every term: the lowest power is "
            "{{lowest_power:%}} ({{weakest_term}})."
        )
    else:
        conclusion += ", but nothing is left to estimate the error, so no effect can be tested."
    details = [
        "Of the {{df_residual}} degrees of freedom for the error, {{df_pure_error}} are pure error "
        "and {{df_lack_of_fit}} test the model."
    ]
    if result.largest_correlation_pair:
        details.append(
            "The most correlated terms of the model are {{largest_correlation_pair}}, with a "
            "correlation of {{largest_correlation}}."
        )
    else:
        details.append("The terms of the model are not correlated with each other.")
    if result.aliases:
        details.append(
            "The largest alias: {{aliases.0.term}} is shifted by {{aliases.0.coefficient}} times "
            "{{aliases.0.potential}} if that is real."
        )
    elif result.potential_terms:
        details.append("No term of the model is disturbed by the potential terms.")
    if result.two_level is not None and result.two_level.resolution:
        details.append("As a two-level design it has resolution {{two_level.resolution_roman}}.")
    figures = [
        ("runs", "{{runs}}"),
        ("parameters", "{{n_parameters}}"),
        ("D-efficiency in percent", "{{D_efficiency}}"),
        ("A-efficiency in percent", "{{A_efficiency}}"),
    ]
    if result.average_variance is not None:
        details.append(
            "A predicted mean has a variance of {{average_variance}} error variances on average "
            "over the region and of {{maximum_variance}} at worst."
        )
        figures += [
            ("G-efficiency in percent", "{{G_efficiency}}"),
            ("mean prediction variance", "{{average_variance}}"),
        ]
    if result.fraction_precise is not None:
        details.append(
            "In {{fraction_precise:%}} of the region the mean is known to within {{half_width}}."
        )
    if result.largest_vif is not None:
        figures.append(("largest variance inflation", "{{largest_vif}}"))
    return Narrative(conclusion=conclusion, details=details, key_figures=figures)
