"""Measurement system analysis. ``OPERATIONS`` names the module of each tool."""

OPERATIONS: dict[str, str] = {
    "gage_rr": "gage_rr",
}
