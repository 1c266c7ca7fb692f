"""Reliability and acceptance sampling. ``OPERATIONS`` names the module of each tool."""

OPERATIONS: dict[str, str] = {
    "acceptance_sampling": "acceptance_sampling",
    "acceptance_sampling_variables": "acceptance_sampling_variables",
    "accelerated_life": "accelerated_life",
    "demonstration_test": "demonstration_test",
    "distribution_comparison": "distribution_comparison",
    "double_sampling": "double_sampling",
    "kaplan_meier": "kaplan_meier",
    "life_comparison": "life_comparison",
    "life_distribution": "life_distribution",
    "reliability_growth": "reliability_growth",
    "repairable_mcf": "repairable_mcf",
    "warranty_prediction": "warranty_prediction",
    "weibull_fit": "weibull_fit",
}
