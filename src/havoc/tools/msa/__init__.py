"""Measurement system analysis. ``OPERATIONS`` names the module of each tool."""

OPERATIONS: dict[str, str] = {
    "attribute_agreement": "attribute_agreement",
    "attribute_gage": "attribute_gage",
    "gage_bias_linearity": "gage_bias_linearity",
    "gage_rr": "gage_rr",
    "gage_rr_expanded": "gage_rr_expanded",
    "gage_rr_nested": "gage_rr_nested",
    "gage_stability": "gage_stability",
    "gage_type1": "gage_type1",
}
