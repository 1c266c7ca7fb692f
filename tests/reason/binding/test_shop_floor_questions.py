"""Questions as they are asked on the shop floor, each with the file that belongs to it."""

from __future__ import annotations

import random
from typing import Any

import pytest

from havoc.formatting import figure
from havoc.reason import ask

CHANCE = random.Random(11)


def around(center: float, spread: float, count: int) -> list[float]:
    return [round(CHANCE.gauss(center, spread), 3) for _ in range(count)]


def call(question: str, data: Any = None) -> tuple[str, dict[str, Any]]:
    answer = ask(question, data)
    assert answer.status == "answered", answer.answer
    found = next(item for item in answer.tool_calls if item.purpose == "answer")
    return found.operation, found.args


# --- experiments with several responses ------------------------------------------------------

CCD = [(-1, -1), (1, -1), (-1, 1), (1, 1), (-1.4, 0), (1.4, 0), (0, -1.4), (0, 1.4), *[(0, 0)] * 5]
TWO_RESPONSES = {
    "temp": [float(a) for a, _ in CCD],
    "time": [float(b) for _, b in CCD],
    "yield": [round(80 + a + b - 1.5 * a * a - b * b + CHANCE.gauss(0, 0.2), 2) for a, b in CCD],
    "cost": [round(20 + 2 * a + b + 0.3 * a * a + CHANCE.gauss(0, 0.2), 2) for a, b in CCD],
}


@pytest.mark.parametrize(
    ("question", "operation", "response"),
    [
        ("rsm yield temp time optimum", "response_surface", "yield"),
        ("response surface of cost on temp and time, minimise", "response_surface", "cost"),
        ("ridge analysis of yield on temp and time", "ridge_analysis", "yield"),
    ],
)
def test_another_response_is_no_factor(question: str, operation: str, response: str) -> None:
    found, args = call(question, TWO_RESPONSES)
    assert found == operation
    assert list(args["factors"]) == ["temp", "time"]
    assert args["response_name"] == response and args["response"] == TWO_RESPONSES[response]


def test_a_ridge_that_passes_a_maximum_does_not_rise() -> None:
    answer = ask("ridge analysis of yield on temp and time", TWO_RESPONSES)
    result = answer.tool_calls[0].result or {}
    best = max(point["predicted"] for point in result["path"] if point["inside"])
    assert result["center_predicted"] < best and result["edge_predicted"] < best
    assert f"on the ridge is {figure(best)}, at temp = " in answer.conclusion
    assert any("the prediction falls to" in detail for detail in answer.details)


def test_the_response_is_not_judged_as_part_of_the_design() -> None:
    runs = [(a, b, c) for a in (-1, 1) for b in (-1, 1) for c in (-1, 1)] * 2
    data = {name: [float(run[i]) for run in runs] for i, name in enumerate("ABC")}
    data["strength"] = around(60, 5, len(runs))
    args = call("Evaluate the design in the file for a linear model", data)[1]
    assert list(args["design"]) == ["A", "B", "C"]


L9 = [
    "1111", "1222", "1333", "2123", "2231", "2312", "3132", "3213", "3321",
]  # fmt: skip
SETTINGS = {"melt": (180, 200, 220), "hold": (3, 5, 7), "cool": (10, 20, 30), "feed": (1, 2, 3)}


def taguchi_runs(order: list[int]) -> dict[str, list[float]]:
    chance = random.Random(4)
    data: dict[str, list[float]] = {
        name: [float(levels[int(L9[row][place]) - 1]) for row in order]
        for place, (name, levels) in enumerate(SETTINGS.items())
    }
    repeats = [[round(20 + row + chance.gauss(0, 1), 2) for _ in range(3)] for row in range(9)]
    for place in range(3):
        data[f"y{place + 1}"] = [repeats[row][place] for row in order]
    return data


@pytest.mark.parametrize(
    ("question", "goal"),
    [
        ("taguchi s/n larger the better", "larger"),
        ("Analyse this L9 experiment with smaller-the-better signal-to-noise ratios", "smaller"),
        ("We ran an L9, nominal is best. Which levels should we take?", "nominal"),
    ],
)
def test_a_file_of_an_orthogonal_array_is_analysed(question: str, goal: str) -> None:
    data = taguchi_runs(list(range(9)))
    operation, args = call(question, data)
    assert (operation, args["goal"], args["array"]) == ("taguchi_analyze", goal, "L9")
    assert args["factors"][0] == {"name": "melt", "levels": [180.0, 200.0, 220.0]}
    assert args["columns"] == [1, 2, 3, 4]
    assert args["response"][0] == [data[f"y{i}"][0] for i in (1, 2, 3)]


def test_runs_of_an_array_may_stand_in_any_order() -> None:
    question = "taguchi analysis, signal to noise, larger is better"
    standard = call(question, taguchi_runs(list(range(9))))[1]
    shuffled = call(question, taguchi_runs([4, 8, 0, 2, 7, 1, 3, 6, 5]))[1]
    assert shuffled["response"] == standard["response"]


def test_runs_of_no_array_are_asked_about() -> None:
    data = taguchi_runs(list(range(9)))
    data["melt"][0] = 220.0
    answer = ask("taguchi s/n larger the better", data)
    assert answer.status == "needs_clarification" and "orthogonal" in answer.conclusion


SPLIT_PLOT = {
    "replicate": [r for r in (1, 2) for _ in range(12)],
    "oven_temp": [t for _ in (1, 2) for t in (180.0, 200.0, 220.0) for _ in range(4)],
    "coating": list("PQRS") * 6,
    "corrosion": [30 + 3 * (i // 4 % 3) + i % 4 + CHANCE.gauss(0, 0.5) for i in range(24)],
}


@pytest.mark.parametrize(
    "question",
    [
        "analyse split plot oven temp whole plot coating sub plot corrosion",
        "analyse the split plot: coating sub plot, whole plot oven temp",
        "The oven is a split-plot: does coating matter? Whole plot factor oven_temp.",
    ],
)
def test_the_hard_factor_is_the_one_that_is_called_so(question: str) -> None:
    operation, args = call(question, SPLIT_PLOT)
    assert (operation, args["whole_plot_factors"]) == ("split_plot_analysis", ["oven_temp"])


def test_blends_with_results_are_analysed() -> None:
    shares = [(1, 0, 0), (0, 1, 0), (0, 0, 1), (0.5, 0.5, 0), (0.5, 0, 0.5), (0, 0.5, 0.5)] * 2
    data = {name: [float(blend[i]) for blend in shares] for i, name in enumerate("ABC")}
    data["strength"] = around(12, 1, len(shares))
    question = "Hi, we blended A, B and C and measured strength, see file. What blend is strongest?"
    operation, args = call(question, data)
    assert operation == "mixture_analysis" and list(args["components"]) == ["A", "B", "C"]


# --- processes -------------------------------------------------------------------------------

BORES = {"shift": [float(1 + i // 5) for i in range(100)], "bore_mm": around(10, 0.02, 100)}


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("We subgroup five bores per shift. X-bar and R chart with Nelson tests.", "xbar_r"),
        ("three way chart between/within for the bore", "three_way"),
    ],
)
def test_a_column_names_the_subgroups(question: str, kind: str) -> None:
    args = call(question, BORES)[1]
    assert args["kind"] == kind
    assert args["subgroups"] == [BORES["bore_mm"][i : i + 5] for i in range(0, 100, 5)]


def test_a_column_called_subgroup_needs_no_word_for_it() -> None:
    data = {"subgroup": BORES["shift"], "bore_mm": BORES["bore_mm"]}
    assert len(call("is the bore in control", data)[1]["subgroups"]) == 20
    assert "subgroups" not in call("is the bore in control", BORES)[1]


LEVELS = {
    "lot": [float(i + 1) for i in range(40)],
    "hardness": [*around(50, 1, 20), *around(54, 1, 20)],
}


@pytest.mark.parametrize(
    "question",
    [
        "when did hardness shift",
        "Hi Tom, can you find out at which lot the hardness jumped? Kind regards, Ann",
    ],
)
def test_a_shift_is_dated(question: str) -> None:
    operation, args = call(question, LEVELS)
    assert operation == "change_point" and args["data"] == LEVELS["hardness"]


STAGES = {"stage": ["before"] * 20 + ["after"] * 20, "fill_g": around(500, 2, 40)}


@pytest.mark.parametrize(
    "question",
    [
        "I-MR staged by stage, before and after the new nozzle",
        "Could you draw a control chart with separate limits before and after?",
    ],
)
def test_stages_have_limits_of_their_own(question: str) -> None:
    operation, args = call(question, STAGES)
    assert operation == "control_chart" and args["stages"] == STAGES["stage"]


def test_a_misspelt_autocorrelation_is_understood() -> None:
    data = {"viscosity": around(100, 1, 40)}
    question = "my viscosity readings are autocorelated, how should i chart them"
    assert call(question, data)[0] == "residual_chart"


def test_a_short_run_z_chart_is_standardised() -> None:
    data = {
        "part": ["A"] * 8 + ["B"] * 8,
        "nominal": [25.0] * 8 + [40.0] * 8,
        "diameter": [*around(25, 0.1, 8), *around(40, 0.3, 8)],
    }
    assert call("short run chart Z diameter by part", data)[1]["short_run_method"] == "z"
    assert call("short run chart diameter by part", data)[1]["short_run_method"] == "deviation"


@pytest.mark.parametrize(
    ("question", "shift"),
    [
        ("ARL of an xbar chart n=5 3 sigma for 1 sigma shift", 1.0),
        ("ARL of an xbar chart n=5 with 3 sigma limits, shift of 2 sigma", 2.0),
    ],
)
def test_the_shift_is_the_one_called_so(question: str, shift: float) -> None:
    args = call(question)[1]
    assert (args["shift"], args["limits"], args["subgroup_size"]) == (shift, 3.0, 5)


def test_rejects_of_so_many_inspected_make_a_p_chart() -> None:
    question = (
        "Hi Sam,\npls see the reject log below, do we have a problem day? Inspected 200 each day\n"
        "day rejects\nMon 4\nTue 6\nWed 3\nThu 15\nFri 5\nSat 4\nSun 7\nThx"
    )
    args = call(question)[1]
    assert (args["kind"], args["sample_size"]) == ("p", 200.0)


def test_units_inspected_a_day_are_the_sample_size() -> None:
    question = (
        "We inspect 50 boards a day and count solder defects: 3 5 2 4 6 1 3. Poisson capability?"
    )
    operation, args = call(question)
    assert (operation, args["sample_size"]) == ("capability_attribute", 50.0)


# --- gages and models ------------------------------------------------------------------------


def test_a_drifting_instrument_is_a_question_of_stability() -> None:
    data = {
        "date": [f"2024-01-{day:02d}" for day in range(1, 21)],
        **{name: around(6, 0.01, 20) for name in ("m1", "m2", "m3")},
    }
    question = "Is the caliper drifting? We measure the master three times each week, see file."
    assert call(question, data)[0] == "gage_stability"


def test_accounting_for_another_column_is_a_covariate() -> None:
    data = {
        "machine": ["M1", "M2", "M3"] * 8,
        "thickness": around(20, 4, 24),
        "force": around(11, 1, 24),
    }
    question = "Does force differ between the machines when thickness is accounted for?"
    operation, args = call(question, data)
    assert operation == "general_linear_model" and args["response"] == data["force"]
    assert list(args["covariates"]) == ["thickness"]


def test_before_and_after_name_two_proportions() -> None:
    question = "bayesian: 12 of 200 scrap before, 5 of 210 after, probability that after is better?"
    args = call(question)[1]
    assert (args["name1"], args["name2"]) == ("before", "after")


# --- designs, lives and lots asked for in a line ----------------------------------------------


@pytest.mark.parametrize(
    ("question", "operation", "expected"),
    [
        ("definative screening 6 factors", "definitive_screening", {"n_factors": 6}),
        (
            "simplex lattice 3 comp degree 2",
            "mixture",
            {"method": "simplex_lattice", "n_components": 3, "degree": 2},
        ),
        (
            "extreme vertices design with 0.2<=A<=0.6, 0.1 <= B <= 0.5, 0.1<=C<=0.4",
            "mixture",
            {
                "method": "extreme_vertices",
                "components": [
                    {"name": "A", "low": 0.2, "high": 0.6},
                    {"name": "B", "low": 0.1, "high": 0.5},
                    {"name": "C", "low": 0.1, "high": 0.4},
                ],
            },
        ),
        (
            "split plot design, oven temp hard to change 3 levels, coating 4 levels, 2 reps",
            "split_plot",
            {
                "whole_plot": [{"name": "oven temp", "n_levels": 3}],
                "sub_plot": [{"name": "coating", "n_levels": 4}],
                "replicates": 2,
            },
        ),
        (
            "Alias matrix of a Plackett-Burman with 12 runs",
            "design_evaluation",
            {
                "made_by": {
                    "operation": "plackett_burman",
                    "arguments": {"n_factors": 11, "runs": 12},
                }
            },
        ),
        (
            "Z1.9: n=5 measurements 20.1 20.3 19.9 20.0 20.2, USL 20.6, k 1.72, accept lot?",
            "acceptance_sampling_variables",
            {"k": 1.72, "n": 5, "usl": 20.6, "data": [20.1, 20.3, 19.9, 20.0, 20.2]},
        ),
    ],
)
def test_a_short_question_is_enough(
    question: str, operation: str, expected: dict[str, Any]
) -> None:
    found, args = call(question)
    assert found == operation
    assert {name: args.get(name) for name in expected} == expected


LIVES = {
    "design": ["old"] * 6 + ["new"] * 6,
    "hours": [100.0, 120.0, 150.0, 170.0, 200.0, 230.0, 400.0, 450.0, 480.0, 500.0, 500.0, 500.0],
    "failed": [1.0] * 9 + [0.0] * 3,
}


def test_which_design_lives_longer_is_said_first() -> None:
    question = "failed=1 means it broke. Does the new design live longer?"
    assert call(question, LIVES)[0] == "kaplan_meier"
    answer = ask("kaplan meier hours failed by design", LIVES)
    assert answer.conclusion.startswith("The units of new live longer than those of old")


def test_a_lognormal_life_is_no_capability() -> None:
    data = {"hours": LIVES["hours"], "status": ["F"] * 9 + ["S"] * 3}
    operation, args = call("lognormal fit of hours with censored column status", data)
    assert (operation, args["distribution"]) == ("weibull_fit", "lognormal")


@pytest.mark.parametrize(
    ("words", "method"),
    [
        ("pooled standard deviation", "pooled"),
        ("by R-bar", "rbar"),
        ("with the average range", "rbar"),
    ],
)
@pytest.mark.parametrize("study", ["capability", "sixpack"])
def test_the_within_sigma_may_be_named(study: str, words: str, method: str) -> None:
    data = {f"x{i}": around(10, 0.02, 12) for i in (1, 2, 3)}
    args = call(f"{study} lsl 9.9 usl 10.1 {words}", data)[1]
    assert args["sigma_method"] == method


def test_capability_takes_the_subgroups_of_a_column() -> None:
    data = {"subgroup": BORES["shift"], "bore_mm": BORES["bore_mm"]}
    args = call("cpk of the bore, lsl 9.9 usl 10.1", data)[1]
    assert args["subgroups"][0] == BORES["bore_mm"][:5]


@pytest.mark.parametrize(
    ("question", "operation"),
    [
        ("runs test about median for hardness", "run_chart"),
        ("run chart of hardness", "run_chart"),
    ],
)
def test_runs_about_the_median_make_a_run_chart(question: str, operation: str) -> None:
    assert call(question, LEVELS)[0] == operation


def test_random_batches_have_variance_components() -> None:
    data = {
        "batch": [f"B{i // 6}" for i in range(36)],
        "recipe": ["old", "new"] * 18,
        "yield_pct": around(80, 2, 36),
    }
    operation, args = call("variance components of yield_pct batch random", data)
    assert operation == "mixed_model" and list(args["random"]) == ["batch"]


def test_counts_that_depend_on_a_setting() -> None:
    data = {"humidity": around(50, 8, 30), "flaws": [float(i % 5 + i // 10) for i in range(30)]}
    operation, args = call("Do flaws depend on humidity? They are counts.", data)
    assert operation == "poisson_regression" and args["counts"] == data["flaws"]


def test_half_a_tolerance_is_doubled() -> None:
    data = {
        "part": [f"{i // 4}" for i in range(24)],
        "operator": ["A", "A", "B", "B"] * 6,
        "value": [round(20 + i // 4 * 0.2 + CHANCE.gauss(0, 0.05), 3) for i in range(24)],
    }
    for words in ("Tolerance is plus minus 0.5 mm", "tol +/- 0.5", "tolerance 1.0 mm"):
        assert call(f"gage R&R please. {words}.", data)[1]["tolerance"] == 1.0


def test_a_group_called_a_is_not_lost() -> None:
    args = call("dunnett vs control: ctrl 10 11 10 12; a 13 14 13 15; b 10 11 12 11")[1]
    assert args["groups"] == {
        "ctrl": [10, 11, 10, 12],
        "a": [13, 14, 13, 15],
        "b": [10, 11, 12, 11],
    }
    assert args.get("unit", "") == ""


def test_the_limit_of_a_mewma_chart_is_taken() -> None:
    assert call("ARL of a MEWMA chart, p=2, lambda 0.1, h 8.66, shift 1")[1]["h"] == 8.66
