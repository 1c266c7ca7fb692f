"""From a reading to the arguments of a tool: one binder an operation.

``bind("capability", reading)`` returns the arguments with their provenance, or
raises :class:`NeedsInput` with what is missing and one counter-question.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from importlib import import_module

from havoc.reading.question import Reading
from havoc.reason.binding.arguments import Binding, NeedsInput
from havoc.reason.binding.evidence import Binder, Evidence
from havoc.reason.binding.follow_up import follow_up

OPERATIONS = {
    "means": "describe t_test_one_sample t_test_two_sample t_test_paired",
    "equivalence": "equivalence_test",
    "groups": "anova_one_way anova_two_way multiple_comparison kruskal_wallis friedman",
    "proportions": "proportion_one proportion_two",
    "contingency": "chi_square_independence fisher_exact",
    "fits": "chi_square_fit",
    "rates": "poisson_rate",
    "ranks": "mann_whitney wilcoxon_signed_rank sign_test",
    "spread": "normality equal_variance outlier_test",
    "models": "correlation regression_linear regression_multiple regression_polynomial",
    "curves": "regression_nonlinear",
    "linear_models": "poisson_regression",
    "selection": "regression_stepwise best_subsets",
    "effect_models": "general_linear_model mixed_model",
    "intervals": "confidence_interval prediction_interval tolerance_interval",
    "sample_size": "power_sample_size",
    "designs": "full_factorial fractional_factorial plackett_burman box_behnken central_composite",
    "further_designs": "latin_hypercube latin_square taguchi taguchi_analyze",
    "mixtures": "mixture",
    "custom_designs": "definitive_screening d_optimal",
    "split_plots": "split_plot",
    "design_quality": "design_evaluation space_filling",
    "compromise": "desirability",
    "experiment_analysis": "doe_analyze response_surface",
    "experiment_models": "factorial_anova ridge_analysis steepest_ascent",
    "whole_plots": "split_plot_analysis",
    "latin_squares": "latin_square_analysis",
    "blends": "mixture_analysis",
    "processes": "control_chart runs_rules",
    "time_order": "run_chart change_point residual_chart",
    "capability": "capability",
    "capability_studies": "capability_attribute capability_between_within capability_sixpack",
    "baselines": "phase_one",
    "chart_constants": "control_chart_constants",
    "measurement": "gage_rr attribute_agreement",
    "go_no_go": "attribute_gage",
    "gage_studies": "gage_rr_expanded gage_rr_nested",
    "gage_stability": "gage_stability",
    "mathematics": "derivative integral simplify",
    "equations": "solve",
    "conversion": "unit_conversion",
    "formula_values": "evaluate",
    "quality": "gage_type1 gage_bias_linearity logistic_regression "
    "capability_nonnormal arl doe_power",
    "reliability": "weibull_fit kaplan_meier demonstration_test",
    "resampling": "bootstrap_interval permutation_test bayes_two_sample bayes_proportions",
    "p_values": "p_value_adjustment",
    "several_proportions": "proportions_k",
    "further_tests": "mcnemar mood_median multi_vari_chart",
    "distribution_charts": "histogram box_plot",
    "pareto": "pareto_chart",
    "life_studies": "life_distribution distribution_comparison life_comparison warranty_prediction",
    "acceleration": "accelerated_life",
    "growth": "reliability_growth",
    "repairable_systems": "repairable_mcf",
    "sampling_schemes": "acceptance_sampling double_sampling acceptance_sampling_variables",
}
"""Modules of this folder and the operations that each one binds."""


class _Binders(Mapping[str, Binder]):
    """The binder of each operation, out of a module that is imported when it is first asked for.

    A question tries a handful of operations; the patterns of all would take it a quarter of a
    second to compile.
    """

    def __init__(self) -> None:
        self._module_of = {
            operation: module for module, names in OPERATIONS.items() for operation in names.split()
        }

    def __getitem__(self, operation: str) -> Binder:
        module = import_module(f"{__name__}.{self._module_of[operation]}")
        binder: Binder = module.BINDERS[operation]
        return binder

    def __contains__(self, operation: object) -> bool:
        return operation in self._module_of

    def __iter__(self) -> Iterator[str]:
        return iter(self._module_of)

    def __len__(self) -> int:
        return len(self._module_of)


BINDERS: Mapping[str, Binder] = _Binders()


def bind(operation: str, reading: Reading) -> Binding:
    """Arguments of ``operation`` from what was read. Raises NeedsInput."""
    if reading.turns:
        return follow_up(
            reading,
            lambda turns: _bound(operation, turns),
            lambda newest: _begun(operation, newest),
        )
    return _bound(operation, reading)


def _bound(operation: str, reading: Reading) -> Binding:
    binding = Binding(operation=operation)
    BINDERS[operation](Evidence(reading), binding)
    return binding


def _begun(operation: str, reading: Reading) -> Binding:
    """The arguments that ``reading`` holds by itself, whatever else is missing."""
    binding = Binding(operation=operation)
    with suppress(NeedsInput):
        BINDERS[operation](Evidence(reading), binding)
    return binding


__all__ = ["BINDERS", "Binding", "Evidence", "NeedsInput", "bind"]
