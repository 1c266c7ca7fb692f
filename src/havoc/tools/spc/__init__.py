"""Statistical process control. ``OPERATIONS`` names the module of each tool."""

OPERATIONS: dict[str, str] = {
    "arl": "arl",
    "capability": "capability",
    "capability_nonnormal": "capability_nonnormal",
    "control_chart": "control_chart",
    "control_chart_constants": "constants",
    "runs_rules": "runs_rules",
}
