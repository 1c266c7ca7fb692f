"""Questions about sampling schemes and life studies: what is asked, and which figures come."""

from __future__ import annotations

from typing import Any

import pytest

from havoc.reading.question import read_question
from havoc.reason import ask
from havoc.reason.binding import NeedsInput, bind
from havoc.reason.named import named_operation


def arguments(operation: str, question: str) -> dict[str, Any]:
    return bind(operation, read_question(question)).args


@pytest.mark.parametrize(
    ("question", "operation"),
    [
        ("double sampling plan for a lot of 1000, AQL 1 %", "double_sampling"),
        ("multiple sampling, lot 3000 AQL 1.5", "double_sampling"),
        ("ANSI Z1.9 plan for a lot of 500", "acceptance_sampling_variables"),
        ("sampling by variables, k-method", "acceptance_sampling_variables"),
        ("predict the warranty returns of the next 3 months", "warranty_prediction"),
        ("how many returns must we expect under warranty", "warranty_prediction"),
        ("Crow-AMSAA of these failure times", "reliability_growth"),
        ("Duane plot please", "reliability_growth"),
        ("mean cumulative function of repairs", "repairable_mcf"),
        ("accelerated life test with Arrhenius", "accelerated_life"),
        ("Arrhenius model: when do the units fail at 55 C", "accelerated_life"),
        ("which distribution fits these failure times best", "distribution_comparison"),
        ("compare the lives of A and B", "life_comparison"),
        ("interval censored inspection data, fit a lognormal", "life_distribution"),
        ("what is a p value", None),
        ("weibull 120 340 560 700", None),
        ("lot of 800, AQL 1.0, sampling plan", None),
        ("which distribution do the diameters follow", None),
    ],
)
def test_names_reach_their_method(question: str, operation: str | None) -> None:
    ours = {
        "double_sampling", "acceptance_sampling_variables", "warranty_prediction",
        "reliability_growth", "repairable_mcf", "accelerated_life", "distribution_comparison",
        "life_comparison", "life_distribution",
    }  # fmt: skip
    found = named_operation(question)
    assert found == operation if operation else found not in ours


@pytest.mark.parametrize(
    ("operation", "question", "expected"),
    [
        ("double_sampling", "n1=50 c1=1 r1=4 n2=100 c2=3, lot 5000, 5 % bad",
         {"n": [50, 100], "accept": [1, 3], "reject": [4, 4], "lot_size": 5000, "p": 0.05}),
        ("double_sampling", "double plan: first sample of 40, accept on 0; second sample of 40, "
         "accept on 2. chance at 3 %?",
         {"n": [40, 40], "accept": [0, 2], "p": 0.03}),
        ("double_sampling", "double sampling AQL 1 %, LTPD 6 %",
         {"aql": 0.01, "ltpd": 0.06}),
        ("acceptance_sampling_variables", "Z1.9 lot 500 AQL 1 %, tightened, level II",
         {"lot_size": 500, "aql": 0.01, "level": "II", "inspection": "tightened"}),
        ("acceptance_sampling_variables", "variables plan n = 9, k = 1.8, known sigma, 5 % bad",
         {"n": 9, "k": 1.8, "sigma_method": "known", "p": 0.05}),
        ("acceptance_sampling_variables",
         "variables sampling, lot 40, AQL 1 %, USL 209: 197 188 184 205 201",
         {"usl": 209.0, "lot_size": 40, "aql": 0.01, "data": [197, 188, 184, 205, 201]}),
        ("weibull_fit", "3 parameter weibull 210 220 235 260 300 345",
         {"time": [210, 220, 235, 260, 300, 345], "distribution": "weibull_3"}),
        ("weibull_fit", "weibull rry, exact ranks: 16 34 53 75",
         {"time": [16, 34, 53, 75], "method": "rank_regression_y", "ranks": "exact"}),
        ("life_distribution",
         "4 failed between 0 and 1, 5 between 1 and 2; 99 still working at 1, 95 still ok at 2",
         {"lower": [0, 1, 1, 2], "upper": [1, 2, None, None], "counts": [4, 5, 99, 95]}),
        ("reliability_growth",
         "failures at 5, 40, 43, 175, 389, 712 h, test ended at 1500 h, goal MTBF 400",
         {"times": [5, 40, 43, 175, 389, 712], "end_time": 1500.0, "unit": "h",
          "mtbf_goal": 400.0}),
        ("life_comparison", "compare lifetimes A: 100 120 140 160, B: 200 220 240 260",
         {"groups": {"A": {"time": [100, 120, 140, 160], "censored": [0] * 4},
                     "B": {"time": [200, 220, 240, 260], "censored": [0] * 4}}}),
        ("accelerated_life", "arrhenius at 85 C: 500 620 700+, at 105 C: 200 250 310, at 40 C?",
         {"time": [500, 620, 700, 200, 250, 310], "censored": [0, 0, 1, 0, 0, 0],
          "stress": [85, 85, 85, 105, 105, 105], "use_stress": 40.0}),
        ("reliability_growth", "growth from times between failures 5 35 3 132",
         {"times": [5, 40, 43, 175]}),
        ("warranty_prediction",
         "failures at 230 334 423 990, 50 still running at 1000, next 300 h, lognormal",
         {"time": [230, 334, 423, 990, *[1000] * 50], "censored": [0] * 4 + [1] * 50,
          "period": 300.0, "distribution": "lognormal"}),
    ],
)  # fmt: skip
def test_arguments(operation: str, question: str, expected: dict[str, Any]) -> None:
    assert arguments(operation, question) == expected


@pytest.mark.parametrize(
    ("operation", "question", "words"),
    [
        ("double_sampling", "double sampling please", "its numbers"),
        ("double_sampling", "n1 = 50, n2 = 100", "acceptance number"),
        ("acceptance_sampling_variables", "Z1.9 please", "an AQL"),
        ("acceptance_sampling_variables", "Z1.9 with AQL 1 %", "AQL alone"),
        ("distribution_comparison", "which distribution fits the failures", "times to failure"),
        ("life_comparison", "compare the lives 5 8 9 12", "two or more groups"),
        ("reliability_growth", "Crow-AMSAA please", "times of the failures"),
        ("reliability_growth", "growth of 50 40 30 20 60", "do not rise"),
        ("warranty_prediction", "failures at 30 40 50", "still in the field"),
        ("accelerated_life", "arrhenius: 30 40 50 60", "which stress"),
        ("repairable_mcf", "mcf please", "table of systems"),
    ],
)
def test_what_is_missing_is_asked(operation: str, question: str, words: str) -> None:
    with pytest.raises(NeedsInput, match=words):
        arguments(operation, question)


def test_tables_end_to_end() -> None:
    nevada = {
        "shipped": [500, 600, 400],
        "m1": [1, None, None], "m2": [2, 1, None], "m3": [3, 3, 1], "m4": [4, 3, 2],
    }  # fmt: skip
    answer = ask("Predict the warranty returns of the next 3 periods", nevada)
    assert answer.status == "answered"
    (call,) = [item for item in answer.tool_calls if item.purpose == "answer"]
    assert call.args["returns"] == [[1, 2, 3, 4], [None, 1, 3, 3], [None, None, 1, 2]]
    assert call.args["periods"] == 3

    stresses = {
        "hours": [1000, 1200, 1500, 500, 600, 700],
        "failed": [1, 1, 0, 1, 1, 1],
        "temp": [150, 150, 150, 170, 170, 170],
    }
    answer = ask("Accelerated life test (Arrhenius): life at use temperature 100?", stresses)
    assert answer.status == "answered"
    (call,) = [item for item in answer.tool_calls if item.purpose == "answer"]
    assert call.args["stress"] == [150, 150, 150, 170, 170, 170]
    assert call.args["censored"] == [0, 0, 1, 0, 0, 0]
    assert call.args["use_stress"] == 100

    repairs = {
        "system": ["a", "a", "a", "b", "c", "c"],
        "age": [5, 8, 12, 16, 1, 20],
        "event": ["repair", "repair", "end", "end", "repair", "end"],
    }
    answer = ask("mean cumulative function of the repairs", repairs)
    assert answer.status == "answered"
    (call,) = [item for item in answer.tool_calls if item.purpose == "answer"]
    systems = call.args["systems"]
    assert {name: (row["repairs"], row["end"]) for name, row in systems.items()} == {
        "a": ([5, 8], 12), "b": ([], 16), "c": ([1], 20),
    }  # fmt: skip

    limits = {"lower": [None, 1, 2], "upper": [1, 2, None], "count": [4, 5, 90]}
    answer = ask("interval censored data: fit a Weibull life distribution", limits)
    assert answer.status == "answered"
    (call,) = [item for item in answer.tool_calls if item.purpose == "answer"]
    assert call.args["counts"] == [4, 5, 90]
