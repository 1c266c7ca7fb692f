"""Statistical process control. ``OPERATIONS`` names the module of each tool."""

OPERATIONS: dict[str, str] = {
    "arl": "arl",
    "capability": "capability",
    "capability_attribute": "capability_attribute",
    "capability_between_within": "capability_between_within",
    "capability_nonnormal": "capability_nonnormal",
    "capability_sixpack": "capability_sixpack",
    "change_point": "change_point",
    "control_chart": "control_chart",
    "control_chart_constants": "constants",
    "phase_one": "phase_one",
    "residual_chart": "residual_chart",
    "run_chart": "run_chart",
    "runs_rules": "runs_rules",
}
