"""From a reading to the arguments of a tool: one binder an operation.

``bind("capability", reading)`` returns the arguments with their provenance, or
raises :class:`NeedsInput` with what is missing and one counter-question.
"""

from __future__ import annotations

from havoc.reading.question import Reading
from havoc.reason.binding import (
    baselines,
    capability,
    capability_studies,
    compromise,
    contingency,
    conversion,
    curves,
    custom_designs,
    design_quality,
    designs,
    effect_models,
    equations,
    equivalence,
    experiment_analysis,
    experiment_models,
    fits,
    further_designs,
    further_tests,
    gage_studies,
    groups,
    intervals,
    life_studies,
    linear_models,
    mathematics,
    means,
    measurement,
    mixtures,
    models,
    processes,
    proportions,
    quality,
    ranks,
    rates,
    reliability,
    repairable_systems,
    resampling,
    sample_size,
    sampling_schemes,
    split_plots,
    spread,
    time_order,
)
from havoc.reason.binding.arguments import Binding, NeedsInput
from havoc.reason.binding.evidence import Evidence

BINDERS = {
    **means.BINDERS,
    **equivalence.BINDERS,
    **groups.BINDERS,
    **proportions.BINDERS,
    **contingency.BINDERS,
    **fits.BINDERS,
    **rates.BINDERS,
    **ranks.BINDERS,
    **spread.BINDERS,
    **models.BINDERS,
    **curves.BINDERS,
    **linear_models.BINDERS,
    **effect_models.BINDERS,
    **intervals.BINDERS,
    **sample_size.BINDERS,
    **designs.BINDERS,
    **further_designs.BINDERS,
    **mixtures.BINDERS,
    **custom_designs.BINDERS,
    **split_plots.BINDERS,
    **design_quality.BINDERS,
    **compromise.BINDERS,
    **experiment_analysis.BINDERS,
    **experiment_models.BINDERS,
    **processes.BINDERS,
    **time_order.BINDERS,
    **capability.BINDERS,
    **capability_studies.BINDERS,
    **baselines.BINDERS,
    **measurement.BINDERS,
    **gage_studies.BINDERS,
    **mathematics.BINDERS,
    **equations.BINDERS,
    **conversion.BINDERS,
    **quality.BINDERS,
    **reliability.BINDERS,
    **resampling.BINDERS,
    **further_tests.BINDERS,
    **life_studies.BINDERS,
    **repairable_systems.BINDERS,
    **sampling_schemes.BINDERS,
}


def bind(operation: str, reading: Reading) -> Binding:
    """Arguments of ``operation`` from what was read. Raises NeedsInput."""
    binding = Binding(operation=operation)
    BINDERS[operation](Evidence(reading), binding)
    return binding


__all__ = ["BINDERS", "Binding", "Evidence", "NeedsInput", "bind"]
