"""Statistics: tests, intervals, models, power. ``OPERATIONS`` names the module of each tool."""

OPERATIONS: dict[str, str] = {
    "t_test_one_sample": "t_tests",
    "t_test_paired": "t_tests",
    "t_test_two_sample": "t_tests",
}
