"""Reliability and acceptance sampling. ``OPERATIONS`` names the module of each tool."""

OPERATIONS: dict[str, str] = {
    "acceptance_sampling": "acceptance_sampling",
    "acceptance_sampling_variables": "acceptance_sampling_variables",
    "demonstration_test": "demonstration_test",
    "double_sampling": "double_sampling",
    "kaplan_meier": "kaplan_meier",
    "weibull_fit": "weibull_fit",
}
