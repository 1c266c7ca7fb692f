"""From variance components to the figures that every gage study reports."""

from __future__ import annotations

import math

import msgspec

from havoc.errors import InputError
from havoc.tools.msa.component_intervals import Forms, component_intervals, share_interval
from havoc.tools.msa.components import Components
from havoc.tools.msa.gage_result import GageRR

# Number of distinct categories: parts sigma over gage sigma, times root two (AIAG).
CATEGORIES_FACTOR = 1.41


def tolerance_width(tolerance: float | None, lsl: float | None, usl: float | None) -> float | None:
    if tolerance is not None or lsl is None or usl is None:
        return tolerance
    if lsl >= usl:
        raise InputError(
            f"the lower limit {lsl:g} is not below the upper limit {usl:g}",
            where="lsl, usl",
            remedy="swap them",
        )
    return usl - lsl


def verdict(share: float) -> str:
    """AIAG: up to 10 % of the study variation is good, above 30 % is not usable."""
    return "acceptable" if share < 10 else "marginal" if share <= 30 else "unacceptable"


def categories(part: float, gage: float) -> int | None:
    """Distinct categories from the two variances, cut to a whole number, one at least."""
    return max(int(CATEGORIES_FACTOR * math.sqrt(part / gage)), 1) if gage > 0 else None


def gage_result(
    components: Components,
    tolerance: float | None,
    multiplier: float,
    name: str,
    unit: str,
) -> GageRR:
    """All shares and widths that follow from the components."""
    total = components.gage + components.part
    if total <= 0:
        raise InputError(
            "all measurements are equal, so there is no variation to split",
            where="data",
            remedy="check the resolution of the gage",
        )
    variances = {
        "repeatability": components.repeatability,
        "reproducibility": components.reproducibility,
        "grr": components.gage,
        "part": components.part,
        "total": total,
    }
    figures: dict[str, float] = {}
    for source, variance in variances.items():
        sd = math.sqrt(variance)
        figures[f"var_{source}"] = variance
        figures[f"sd_{source}"] = sd
        figures[f"study_var_{source}"] = multiplier * sd
        figures[f"pct_contribution_{source}"] = 100 * variance / total
        figures[f"pct_study_var_{source}"] = 100 * math.sqrt(variance / total)
        if tolerance is not None:
            figures[f"pct_tolerance_{source}"] = 100 * multiplier * sd / tolerance
    share = figures["pct_study_var_grr"]
    return msgspec.convert(
        {
            "method": "",
            "unit": unit,
            "name": name,
            **figures,
            "var_operator": components.operator,
            "var_interaction": components.interaction,
            "pct_sv": share,
            "ndc": categories(components.part, components.gage),
            "verdict": verdict(share),
            "tolerance": tolerance,
            "study_multiplier": multiplier,
        },
        GageRR,
    )


def add_intervals(result: GageRR, forms: Forms, confidence: float) -> None:
    """Intervals of the components and of what the decision rests on."""
    assert result.anova is not None
    result.level = confidence
    result.intervals = component_intervals(forms, result.anova, confidence)
    gage = next(item for item in result.intervals if item.source == "grr")
    if result.tolerance is not None:
        scale = 100 * result.study_multiplier / result.tolerance
        result.pct_tolerance_grr_ci_low = scale * gage.sd_ci_low
        result.pct_tolerance_grr_ci_high = scale * gage.sd_ci_high
    share = share_interval(forms, result.anova, confidence)
    if share is None:
        return
    low, high = share
    result.pct_contribution_grr_ci_low, result.pct_contribution_grr_ci_high = 100 * low, 100 * high
    result.pct_study_var_grr_ci_low = 100 * math.sqrt(low)
    result.pct_study_var_grr_ci_high = 100 * math.sqrt(high)
    result.ndc_ci_low = categories(1 - high, high)
    result.ndc_ci_high = categories(1 - low, low)
