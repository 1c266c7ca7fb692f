"""Resampling, posteriors, adjusted p-values, paired and descriptive methods, asked in words."""

from __future__ import annotations

from typing import Any

import pytest

from havoc.reason import ask

AIR = "3 5 7 18 43 85 91 98 100 130 230 487"
GROUPS = "A: 4.81 4.17 4.41 3.59 5.87 3.83 B: 6.31 5.12 5.54 5.50 5.37 5.29"

ASKED: list[tuple[str, dict[str, Any] | None, str, dict[str, Any]]] = [
    (f"Bootstrap interval for the mean of these hours: {AIR}", None, "bootstrap_interval",
     {"statistic": "mean"}),
    (f"90 % bootstrap confidence interval (percentile), median, 1,999 resamples, seed 7: {AIR}",
     None, "bootstrap_interval",
     {"statistic": "median", "interval": "percentile", "resamples": 1999, "seed": 7,
      "confidence": 0.9}),
    (f"Bootstrap the 90th percentile of {AIR}", None, "bootstrap_interval",
     {"statistic": "quantile", "probability": 0.9}),
    ("studentised bootstrap of the ratio of means of A and B",
     {"A": [3.0, 4, 5, 7], "B": [1.0, 2, 2, 3]},
     "bootstrap_interval", {"statistic": "ratio_of_means", "interval": "studentised"}),
    ("Bootstrap interval for Cpk, LSL 5, USL 30", {"len": [15.2, 21.5, 17.6, 9.7, 14.5, 10.0, 8.2]},
     "bootstrap_interval", {"statistic": "cpk", "lsl": 5.0, "usl": 30.0}),
    (f"Permutation test: is B higher than A? {GROUPS}", None, "permutation_test",
     {"alternative": "less"}),
    (f"randomization test of the medians, 4999 permutations, seed 3. {GROUPS}", None,
     "permutation_test", {"statistic": "difference_of_medians", "permutations": 4999, "seed": 3}),
    ("paired permutation test of before and after",
     {"before": [5.0, 6, 7, 9], "after": [4.0, 5, 7, 6]},
     "permutation_test", {"paired": True}),
    ("permutation test of the correlation of x and y", {"x": [4.0, 4, 7, 9], "y": [2.0, 10, 4, 22]},
     "permutation_test", {"x": [4.0, 4, 7, 9]}),
    ("Adjust these p-values by Hochberg: 0.001 0.04 0.02", None, "p_value_adjustment",
     {"p_values": [0.001, 0.04, 0.02], "method": "hochberg"}),
    ("False discovery rate (Benjamini-Hochberg) of p-values 0.01, 0.02, 0.3", None,
     "p_value_adjustment", {"method": "benjamini_hochberg"}),
    ("Correct the p-values for multiple testing", {"test": ["a", "b"], "p": [0.01, 0.04]},
     "p_value_adjustment", {"names": ["a", "b"]}),
    (f"Bayesian comparison with ROPE ±0.2: is A above B? {GROUPS}", None, "bayes_two_sample",
     {"rope": 0.2}),
    ("Bayes t test with Cauchy scale 1: A n=10 mean 4.66 sd 0.79, B n=10 mean 5.53 sd 0.44", None,
     "bayes_two_sample", {"prior_scale": 1.0, "name1": "A", "name2": "B"}),
    ("Bayesian: is the scrap rate of line A above line B? A 7/50, B 14/48", None,
     "bayes_proportions", {"successes1": 7, "trials1": 50, "successes2": 14, "trials2": 48}),
    ("Bayes: probability that the failure rate is above 10 %, 3 of 20 failed, prior beta(2, 18)",
     None, "bayes_proportions", {"p0": 0.1, "prior_a": 2.0, "prior_b": 18.0}),
    ("McNemar test without correction: 794 150 / 86 570", None, "mcnemar",
     {"table": [[794, 150], [86, 570]], "method": "chi_square"}),
    ("McNemar exact: 14 parts passed before only and 5 parts after only", None, "mcnemar",
     {"first_only": 14, "second_only": 5, "method": "exact"}),
    ("Mood's median test of y by g", {"y": [1.0, 2, 3, 7, 8, 9], "g": ["a"] * 3 + ["b"] * 3},
     "mood_median", {"groups": {"a": [1.0, 2, 3], "b": [7.0, 8, 9]}}),
    ("Is there a trend in proportions: 83/86, 90/93, 129/136, 70/82", None, "proportions_k",
     {"trend": True, "successes": [83, 90, 129, 70]}),
    ("Pareto chart of defects: scratch 120, dent 33, crack 71", None, "pareto_chart",
     {"counts": {"scratch": 120.0, "dent": 33.0, "crack": 71.0}}),
    ("Pareto chart: 12 scratches, 7 dents and 3 cracks, 90 % line", None, "pareto_chart",
     {"counts": {"scratches": 12.0, "dents": 7.0, "cracks": 3.0}, "threshold": 0.9}),
    ("Pareto of defects", {"defect": ["a", "b", "a"]}, "pareto_chart",
     {"observations": ["a", "b", "a"]}),
    ("Please draw a histogram of w with 5 bins, LSL 1 USL 9", {"w": [2.0, 3, 4, 4, 8]}, "histogram",
     {"bins": 5, "lsl": 1.0, "usl": 9.0}),
    ("box plot of y by g as Minitab", {"y": [1.0, 2, 3, 7, 8, 9], "g": ["a"] * 3 + ["b"] * 3},
     "box_plot", {"quartiles": "type6"}),
    ("Multi-vari chart of t by pos and shift",
     {"t": [1.1, 1.2, 1.5, 1.4], "pos": ["l", "r"] * 2, "shift": ["a", "a", "b", "b"]},
     "multi_vari_chart", {"factors": {"pos": ["l", "r"] * 2, "shift": ["a", "a", "b", "b"]}}),
    (f"Hsu MCB, smallest is best: {GROUPS} C: 1.0 2.0 3.0", None, "multiple_comparison",
     {"method": "hsu_mcb", "best": "smallest"}),
    (f"Bonett's test: do these scatter alike? {GROUPS}", None, "equal_variance",
     {"method": "bonett"}),
    (f"Ryan-Joiner test of {AIR}", None, "normality", {"method": "ryan_joiner"}),
]  # fmt: skip


@pytest.mark.parametrize(("question", "data", "operation", "arguments"), ASKED)
def test_a_question_reaches_the_method_with_its_arguments(
    question: str, data: dict[str, Any] | None, operation: str, arguments: dict[str, Any]
) -> None:
    answer = ask(question, data)
    assert answer.status == "answered", answer.conclusion
    (call,) = [call for call in answer.tool_calls if call.purpose == "answer"]
    assert call.operation == operation
    assert {name: call.args.get(name) for name in arguments} == arguments


@pytest.mark.parametrize(
    ("question", "data"),
    [
        ("Bootstrap interval for the mean", None),
        ("Bootstrap interval for Cpk", {"len": [15.2, 21.5, 17.6, 9.7, 14.5]}),
        ("Adjust the p-values by Holm: 0.2 3 4", None),
        ("McNemar test", None),
        ("McNemar test: 1 2 3 / 4 5 6 / 7 8 9", None),
        ("Mood's median test of 1 2 3 4", None),
        ("Cochran-Armitage trend", None),
        ("Pareto chart", None),
        ("Multi-vari chart", {"t": [1.0, 2.0, 3.0]}),
        ("Bayesian comparison of the groups", None),
        ("Bayesian: failure rate", None),
    ],
)
def test_what_is_missing_is_asked_for(question: str, data: dict[str, Any] | None) -> None:
    answer = ask(question, data)
    assert answer.status == "needs_clarification"


@pytest.mark.parametrize(
    ("question", "operation"),
    [
        ("box plot rule (1.5 iqr), which are out: 20 22 21 23 35 22 20 8 21", "outlier_test"),
        ("Median test against 2.0 without symmetry: 2.3 2.6 1.9 2.4 3.8 2.2 2.5", "sign_test"),
    ],
)
def test_other_methods_keep_their_questions(question: str, operation: str) -> None:
    answer = ask(question)
    assert [call.operation for call in answer.tool_calls if call.purpose == "answer"] == [operation]
