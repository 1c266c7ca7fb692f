"""Statistics: tests, intervals, models, power. ``OPERATIONS`` names the module of each tool."""

OPERATIONS: dict[str, str] = {
    "anova_one_way": "anova_one_way",
    "describe": "describe",
    "multiple_comparison": "multiple_comparison",
    "t_test_one_sample": "t_tests",
    "t_test_paired": "t_tests",
    "t_test_two_sample": "t_tests",
}
