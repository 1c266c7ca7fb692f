"""Design and analysis of experiments: which runs to make, and what they show."""

OPERATIONS: dict[str, str] = {
    "full_factorial": "full_factorial",
    "fractional_factorial": "fractional_factorial",
    "plackett_burman": "plackett_burman",
    "box_behnken": "box_behnken",
    "central_composite": "central_composite",
    "doe_analyze": "doe_analyze",
    "doe_power": "doe_power",
    "response_surface": "response_surface",
    "taguchi": "taguchi",
    "taguchi_analyze": "taguchi_analyze",
    "mixture": "mixture",
    "latin_hypercube": "latin_hypercube",
    "latin_square": "latin_square",
    "desirability": "desirability",
    "d_optimal": "d_optimal",
    "definitive_screening": "definitive_screening",
    "split_plot": "split_plot",
    "factorial_anova": "factorial_anova",
    "latin_square_analysis": "latin_square_analysis",
    "split_plot_analysis": "split_plot_analysis",
}
