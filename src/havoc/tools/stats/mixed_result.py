"""What a mixed model reports, and the chart of its random effects."""

from __future__ import annotations

import msgspec

from havoc.charts import ChartSpec, Limit, Panel, Series
from havoc.tools.result import Outcome


class Component(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One variance component; the last is the error.

    ``sd_low`` to ``sd_high`` is the profile-likelihood interval of the standard deviation.
    ``p_value`` is that of the likelihood-ratio test against the model without it, with one
    degree of freedom: at the boundary of zero it is about twice too large.
    """

    name: str
    levels: int
    variance: float
    sd: float
    share: float
    sd_low: float | None = None
    sd_high: float | None = None
    lr_chi2: float | None = None
    p_value: float | None = None


class FixedEffect(msgspec.Struct, frozen=True, kw_only=True):
    """Test of one fixed term after all others (type III)."""

    term: str
    df_num: int
    df_den: float
    F: float
    p_value: float
    significant: bool


class FixedCoefficient(msgspec.Struct, frozen=True, kw_only=True):
    """The mean over all levels, or the slope of a covariate."""

    name: str
    estimate: float
    se: float
    df: float
    t: float
    p_value: float
    ci_low: float
    ci_high: float


class LevelMean(msgspec.Struct, frozen=True, kw_only=True):
    """Estimated mean of a level of a fixed factor, the other fixed terms averaged."""

    factor: str
    level: str
    mean: float
    se: float
    df: float
    ci_low: float
    ci_high: float


class RandomEffect(msgspec.Struct, frozen=True, kw_only=True):
    """Predicted deviation of a level of a random factor (BLUP) and its error."""

    factor: str
    level: str
    effect: float
    se: float


class MixedModelResult(Outcome, kw_only=True):
    """``components`` are the variances, ``icc`` the share of all random factors together.

    ``by_name`` holds F_term and p_term of the fixed terms, and var_name and sd_name of the
    components (``var_error``). ``singular`` says that a variance is estimated as zero.
    """

    response_name: str
    estimation: str
    df_method: str
    factors: list[str]
    covariates: list[str]
    random: list[str]
    n: int
    components: list[Component]
    total_variance: float
    icc: float
    largest_component: str
    effects: list[FixedEffect]
    coefficients: list[FixedCoefficient]
    means: list[LevelMean]
    random_effects: list[RandomEffect]
    by_name: dict[str, float]
    significant_terms: list[str]
    significant: bool
    singular: bool
    singular_components: list[str]
    residual_stdev: float
    criterion: float
    log_likelihood: float
    aic: float
    alpha: float
    level: float


MOST_SHOWN = 60


def effects_chart(result: MixedModelResult, margin: float) -> list[ChartSpec]:
    """Predicted effects of the levels of each random factor, in order (caterpillar plot)."""
    charts = []
    for name in result.random:
        items = [item for item in result.random_effects if item.factor == name]
        items = sorted(items, key=lambda item: item.effect)
        if not items:
            continue
        charts.append(
            ChartSpec(
                kind="random_effects",
                title=f"Predicted deviation of each {name} from the mean of {result.response_name}",
                panels=[
                    Panel(
                        x_label=name,
                        y_label=result.unit or result.response_name,
                        x_scale="category",
                        series=[
                            Series(
                                name="effect with its interval",
                                kind="points",
                                x=[item.level for item in items],
                                y=[item.effect for item in items],
                                low=[item.effect - margin * item.se for item in items],
                                high=[item.effect + margin * item.se for item in items],
                            )
                        ],
                        limits=[Limit(label="mean", role="center", value=0.0)],
                    )
                ],
            )
        )
    return charts
