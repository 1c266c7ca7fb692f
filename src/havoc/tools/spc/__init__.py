"""Statistical process control. ``OPERATIONS`` names the module of each tool."""

OPERATIONS: dict[str, str] = {
    "control_chart": "control_chart",
    "control_chart_constants": "constants",
}
