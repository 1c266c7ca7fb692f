"""Design and analysis of experiments: which runs to make, and what they show."""

OPERATIONS: dict[str, str] = {
    "full_factorial": "full_factorial",
    "box_behnken": "box_behnken",
    "central_composite": "central_composite",
}
