"""Statistics: tests, intervals, models, power. ``OPERATIONS`` names the module of each tool."""

OPERATIONS: dict[str, str] = {
    "anova_one_way": "anova_one_way",
    "chi_square_fit": "chi_square_fit",
    "chi_square_independence": "contingency",
    "describe": "describe",
    "fisher_exact": "fisher",
    "multiple_comparison": "multiple_comparison",
    "proportion_one": "proportions",
    "proportion_two": "proportions",
    "t_test_one_sample": "t_tests",
    "t_test_paired": "t_tests",
    "t_test_two_sample": "t_tests",
}
