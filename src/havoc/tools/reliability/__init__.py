"""Reliability and acceptance sampling. ``OPERATIONS`` names the module of each tool."""

OPERATIONS: dict[str, str] = {
    "acceptance_sampling": "acceptance_sampling",
    "weibull_fit": "weibull_fit",
}
