"""How questions about experiments become arguments."""

from __future__ import annotations

import pytest

from havoc.reading.question import read_question
from havoc.reason.binding import Binding, NeedsInput, bind
from havoc.tools import registry


def bound(operation: str, text: str) -> Binding:
    """The binding, whose arguments the tool accepts."""
    binding = bind(operation, read_question(text))
    registry.execute(binding.operation, binding.args)
    return binding


def args(operation: str, text: str) -> dict:
    return bound(operation, text).args


def asked(operation: str, text: str) -> str:
    """The counter-question, with what is wrong."""
    with pytest.raises(NeedsInput) as needed:
        bind(operation, read_question(text))
    assert needed.value.ask.endswith("?")
    return f"{needed.value.what} | {needed.value.ask}"


def ranges(found: dict) -> list[tuple]:
    return [(item["name"], item.get("low"), item.get("high")) for item in found["factors"]]


# --- factors --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "full factorial: melt 210-230 C, hold 300..500 bar and cooling 10 to 20 s",
            [("melt", 210, 230), ("hold", 300, 500), ("cooling", 10, 20)],
        ),
        (
            "2^3 for A (2-4) B (20-40) C (0,1-0,3)",
            [("A", 2, 4), ("B", 20, 40), ("C", 0.1, 0.3)],
        ),
        (
            "factorial with A dose 1-2 B stir 50-90 C heat 30-40, nothing else",
            [("dose", 1, 2), ("stir", 50, 90), ("heat", 30, 40)],
        ),
        ("factorial, bath 40 ± 5 °C and current 3 +/- 1 A", [("bath", 35, 45), ("current", 2, 4)]),
        (
            "factorial between 20 and 30 °C, 2-4 bar, with line speed 5-9 m/min",
            [("temperature", 20, 30), ("pressure", 2, 4), ("line speed", 5, 9)],
        ),
        (
            "factorial on the two factors moisture and load, 5-9 % and 1-3 t",
            [("moisture", 5, 9), ("load", 1, 3)],
        ),
        ("three factors u, v, w, all -2 to 2, full factorial", [(n, -2, 2) for n in "uvw"]),
        ("full factorial for p1..p3, each between 0 and 1", [(f"p{i}", 0, 1) for i in (1, 2, 3)]),
    ],
)
def test_ranges_find_their_names(text, expected):
    assert ranges(args("full_factorial", text)) == expected


def test_levels_in_words_figures_and_brackets():
    found = args(
        "full_factorial",
        "all combinations of dough (rye, wheat, spelt) yeast 1% 2% 3%, rest 30 or 45 min, "
        "oven low/high, tray A/B",
    )["factors"]
    assert [(item["name"], item["levels"]) for item in found] == [
        ("dough", ["rye", "wheat", "spelt"]),
        ("yeast", [1, 2, 3]),
        ("rest", [30, 45]),
        ("oven", ["low", "high"]),
        ("tray", ["A", "B"]),
    ]
    assert found[1]["unit"] == "%"
    assert found[2]["unit"] == "min"


def test_units_are_kept_and_ratios_are_not_levels():
    found = args("full_factorial", "factorial, pump 5-15 ml/h, drum 100-300 1/min, pH 4-5")
    assert [item.get("unit", "") for item in found["factors"]] == ["ml/h", "1/min", ""]


def test_a_follow_up_replaces_the_range_that_is_named_again():
    both = "change it to pH 3-4\nfull factorial for pH 5-6 and salt 1-2 %"
    assert ranges(args("full_factorial", both)) == [("pH", 3, 4), ("salt", 1, 2)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("full factorial please", "factors are missing"),
        ("full factorial, heat 90-60 C, time 1-3 h", "low 90 above high 60"),
        ("full factorial, heat 60-60 C, time 1-3 h", "both 60"),
        ("full factorial of heat and time. heat 60-90 C", "settings of time are missing"),
        ("full factorial with 3 factors, heat 60-90, time 1-3", "settings of 2 were given"),
    ],
)
def test_settings_that_are_missing_or_impossible_are_asked_for(text, words):
    assert words in asked("full_factorial", text)


# --- size of a design -----------------------------------------------------------------------


def test_center_points_replicates_blocks_and_seed():
    found = args(
        "full_factorial",
        "factorial for heat 60-90 and time 1-3, each combination twice, four repeats in the "
        "middle, two blocks, seed 8, not randomised",
    )
    assert found["replicates"] == 2
    assert (found["center_points"], found["blocks"], found["seed"]) == (4, 2, 8)
    assert found["randomize"] is False
    assert args("full_factorial", "factorial, heat 6-9, time 1-3, unreplicated")["replicates"] == 1


@pytest.mark.parametrize(
    ("text", "count", "runs"),
    [
        ("quarter fraction for six knobs", 6, 16),
        ("half of a 2^4", 4, 8),
        ("five dials, we cannot make 32 boards, at most 8 runs", 5, 8),
        ("fraction of 7 two level factors in no more than 16 shots", 7, 16),
    ],
)
def test_the_size_of_a_fraction(text, count, runs):
    found = args("fractional_factorial", text)
    assert (found["n_factors"], found["runs"]) == (count, runs)


@pytest.mark.parametrize(
    ("text", "resolution"),
    [
        ("8 factors in 16 runs, resolution IV", 4),
        ("8 factors in 16 runs; pairs may mix among themselves but not with the mains", 4),
        ("8 factors in 16 runs, main effects must stay clear of two-factor interactions", 4),
        ("5 factors in 8 runs, I accept mains aliased with 2FI", 3),
    ],
)
def test_a_resolution_in_words(text, resolution):
    assert args("fractional_factorial", text)["resolution"] == resolution


def test_generators_and_defining_words():
    assert args("fractional_factorial", "2^(5-2) with D=AB and E=AC")["generators"] == [
        "D=AB",
        "E=AC",
    ]
    found = args("fractional_factorial", "half fraction of A, B, C, D with I=ABCD")
    assert found["generators"] == ["D=ABC"]
    assert found["runs"] == 8


@pytest.mark.parametrize(
    ("operation", "text", "words"),
    [
        ("fractional_factorial", "fraction of 5 factors in 7 runs", "not 7"),
        ("fractional_factorial", "9 factors in 8 runs", "9 main effects"),
        ("fractional_factorial", "6 factors in 8 runs at resolution V", "resolution 3 at most"),
        ("plackett_burman", "plackett-burman, 9 causes, 10 runs", "12 runs"),
        ("plackett_burman", "plackett-burman, 15 causes, 12 runs", "16 runs"),
        ("box_behnken", "box-behnken, heat 60-90 and time 1-3", "at least 3 factors"),
        ("box_behnken", "box-behnken of four factors in two blocks", "1 or 3 blocks"),
        ("central_composite", "ccd of 2 factors, alpha 0.5", "inside the cube"),
    ],
)
def test_designs_that_do_not_exist(operation, text, words):
    assert words in asked(operation, text)


def test_screening_sizes():
    assert args("plackett_burman", "PB20 for 17 things")["runs"] == 20
    assert (
        args("plackett_burman", "plackett burman, eleven additives, in a dozen runs")["runs"] == 12
    )
    assert args("plackett_burman", "plackett-burman for 9 causes, folded over: fold-over")[
        "foldover"
    ]


@pytest.mark.parametrize(
    ("text", "kind", "alpha"),
    [
        ("ccd for heat 60-90 and time 1-3, face centred", "face_centered", None),
        ("ccd, heat 60-90, time 1-3, the limits are hard limits", "inscribed", None),
        ("rotatable central composite, heat 60-90, time 1-3", "rotatable", None),
        ("ccd, heat 60-90, time 1-3, axial distance 1.3", "custom", 1.3),
        ("ccd, heat 60-90, time 1-3, alpha = 1,414", "custom", 1.414),
    ],
)
def test_star_points(text, kind, alpha):
    found = args("central_composite", text)
    assert found["alpha_type"] == kind
    assert found.get("alpha") == alpha


def test_the_number_of_points_of_a_box_behnken_sets_its_centre():
    found = args("box_behnken", "the 15-run box-behnken for heat 6-9, time 1-3, salt 2-4")
    assert found["center_points"] == 3


# --- further designs ------------------------------------------------------------------------


def test_latin_hypercube():
    found = args(
        "latin_hypercube",
        "thirty well spread points over gap 0.2-0.5 mm and flow 1e-7 to 1e-6, maximin, seed 3",
    )
    assert found["runs"] == 30
    assert ranges(found) == [("gap", 0.2, 0.5), ("flow", 1e-7, 1e-6)]
    assert (found["criterion"], found["seed"]) == ("maximin", 3)
    assert "points" in asked("latin_hypercube", "latin hypercube for gap 1-2 and flow 3-4")


def test_latin_squares():
    found = args(
        "latin_square",
        "5 varnishes on 5 boards over 5 mornings, each varnish once per board and per morning",
    )
    assert found["size"] == 5
    assert found["treatment_name"] == "varnishes"
    assert {found["row_name"], found["column_name"]} == {"boards", "mornings"}
    named = args("latin_square", "latin square 3x3, blades P Q R, looms down, shifts across")
    assert named["treatments"] == ["P", "Q", "R"]
    assert (named["row_name"], named["column_name"]) == ("looms", "shifts")
    assert len(args("latin_square", "graeco-latin square of order 5")["treatments2"]) == 5
    assert "3 inks, 4 presses" in asked("latin_square", "latin square, 3 inks, 4 presses, 3 days")
    assert "Graeco" in asked("latin_square", "graeco-latin square of order 6")


def test_orthogonal_arrays():
    found = args("taguchi", "L9: heat 1/2/3, oil a/b/c, belt 10/20/30, tool k l m")
    assert found["array"] == "L9"
    assert [item["levels"] for item in found["factors"]][1] == ["a", "b", "c"]
    mixed = args("taguchi", "L18, one two-level factor (lid on/off) and six 3-level factors B..G")
    assert mixed["factors"][0]["levels"] == ["on", "off"]
    assert [item["name"] for item in mixed["factors"][1:]] == list("BCDEFG")
    assert args("taguchi", "orthogonal array, 5 factors with 2 levels, 8 runs")["runs"] == 8
    assert "4 at 3 levels" in asked("taguchi", "L9 for 5 three-level factors")


def test_noise_factors_stay_out_of_the_array():
    binding = bound("taguchi", "L4 inner, noise: damp low/high. spring soft/hard, seal thin/thick")
    assert [item["name"] for item in binding.args["factors"]] == ["spring", "seal"]
    assert binding.warnings


@pytest.mark.parametrize(
    ("text", "goal", "response"),
    [
        ("s/n smaller is better: 0.2 0.3 0.25", "smaller", [0.2, 0.3, 0.25]),
        (
            "signal to noise, larger the better, run1 20 22 run2 30 31",
            "larger",
            [[20, 22], [30, 31]],
        ),
        ("nominal is best S/N of 9.8 10.1 10.2", "nominal", [9.8, 10.1, 10.2]),
    ],
)
def test_signal_to_noise(text, goal, response):
    binding = bound("taguchi", text)
    assert binding.operation == "taguchi_analyze"
    assert (binding.args["goal"], binding.args["response"]) == (goal, response)


def test_signal_to_noise_on_an_array():
    found = args("taguchi", "L4, A B C, bigger is better: 5 6 / 7 8 / 4 4 / 9 9, best levels, S/N?")
    assert (found["array"], found["factors"]) == ("L4", ["A", "B", "C"])
    assert "is smaller better" in asked("taguchi", "s/n ratio of 3 4 5")


def test_mixtures():
    found = args("mixture", "simplex centroid for rye, oat and bran")
    assert found["components"] == ["rye", "oat", "bran"]
    assert found["method"] == "simplex_centroid"
    bounded = args(
        "mixture", "clay 40-60 %, sand 20-45 %, ash 5-25 %, together 100. Which 12 blends?"
    )
    assert [(item["name"], item["low"], item["high"]) for item in bounded["components"]] == [
        ("clay", 40, 60),
        ("sand", 20, 45),
        ("ash", 5, 25),
    ]
    assert (bounded["total"], bounded["runs"]) == (100, 12)
    rest = args("mixture", "gel: gum (0.5-1.5 %), glycol (5-15 %), water (remainder); sum fixed")
    assert rest["components"][-1] == {"name": "water"}
    lower = args(
        "mixture", "rubber mix, polymer min 50 %, soot min 20 %, oil min 5 %, axial points"
    )
    assert [item["low"] for item in lower["components"]] == [50, 20, 5]
    assert lower["augmented"] is True
    assert "adds up" in asked("mixture", "A 50-80 %, B 40-60 %, C 20-30 %, sum 100")


def test_definitive_screening():
    found = args("definitive_screening", "DSD, 5 numeric (a..e, -1..1) and lid type (dry/wet)")
    assert [item["name"] for item in found["factors"]] == ["a", "b", "c", "d", "e", "lid type"]
    assert args("definitive_screening", "dsd 6 factors, 2 fake factors")["fake_factors"] == 2
    assert args("definitive_screening", "dsd 6 factors in 17 runs")["runs"] == 17
    assert "runs" not in args("definitive_screening", "dsd for 5 factors in about 12 runs")
    assert (
        args("definitive_screening", "dsd six knobs, 2 extra centre runs")["extra_center_points"]
        == 2
    )
    assert "14 runs" in asked("definitive_screening", "dsd for 6 factors in 14 runs")


def test_d_optimal():
    found = args(
        "d_optimal",
        "best 14 runs for a quadratic model: glue (x, y, z), heat 60-90 C and time 1-4 h, but the "
        "combination 90 C with 4 h is not allowed",
    )
    assert (found["runs"], found["model"]) == (14, "quadratic")
    assert found["constraints"] == [
        {"forbidden": {"heat": {"equals": [90.0]}, "time": {"equals": [4.0]}}}
    ]
    linear = args("d_optimal", "10 trials, linear, x1 0-10, x2 0-8, x1 + 2*x2 must be under 18")
    assert linear["constraints"] == [{"coefficients": {"x1": 1.0, "x2": 2.0}, "most": 18.0}]
    pair = args(
        "d_optimal", "d-optimal 12 runs 2fi, pH 4-9, T 20-60, pH above 8 & T over 50 forbidden"
    )
    assert pair["constraints"] == [{"forbidden": {"pH": {"above": 8.0}, "T": {"above": 50.0}}}]
    corner = args("d_optimal", "12 runs d-opt, heat 0-100, belt 0-40, no high heat with high belt")
    assert corner["constraints"] == [
        {"forbidden": {"heat": {"above": 75.0}, "belt": {"above": 30.0}}}
    ]
    counted = args(
        "d_optimal", "18 runs, main effects: vendor has 5 levels, coat 3 levels, torque 8-14"
    )
    assert {item["name"]: item.get("n_levels") for item in counted["factors"]} == {
        "torque": None,
        "vendor": 5,
        "coat": 3,
    }


def test_runs_that_exist_are_completed():
    found = args(
        "d_optimal",
        "augment (-1 -1) (1 -1) (-1 1) (1 1) with 4 more runs for the quadratic in A 1-3, B 5-9",
    )
    assert found["existing"] == [[-1, -1], [1, -1], [-1, 1], [1, 1]]
    assert (found["runs"], found["existing_coded"]) == (8, True)
    assert "which settings" in asked(
        "d_optimal", "already done 8 runs, augment optimally with 6 more, x1 x2 x3, quadratic"
    )
    assert "number of runs" in asked("d_optimal", "d-optimal for heat 1-3 and time 2-5")


def test_split_plots():
    found = args(
        "split_plot",
        "kiln temperature is hard to change (1100, 1150 C), glaze (a,b,c) and coat 1-2 mm are "
        "easy; 4 whole plots",
    )
    assert [item["name"] for item in found["whole_plot"]] == ["kiln temperature"]
    assert [item["name"] for item in found["sub_plot"]] == ["glaze", "coat"]
    assert found["whole_plots"] == 4
    lettered = args("split_plot", "split plot, HTC = A, ETC = B, C, 3 replicates")
    assert (len(lettered["whole_plot"]), len(lettered["sub_plot"])) == (1, 2)
    assert lettered["replicates"] == 3
    strips = args(
        "split_plot", "split-plot: plough (deep, flat) per strip, 4 varieties inside, 3 reps"
    )
    assert strips["sub_plot"] == [{"name": "variety", "n_levels": 4}]
    assert "5 whole plots" in asked("split_plot", "HTC oven 1/2, ETC glue a/b, 5 whole plots")
    assert "hard to change" in asked("split_plot", "split-plot for kiln and glaze")


# --- analysis -------------------------------------------------------------------------------


def test_results_in_yates_labels_and_signs():
    yates = args("doe_analyze", "effects of (1) 20 22, a 30 31, b 25 24, ab 40 41")
    assert yates["factors"]["A"] == [-1, -1, 1, 1, -1, -1, 1, 1]
    assert yates["response"][:4] == [20, 22, 30, 31]
    signs = args("doe_analyze", "y = 10 (--), 14 (+-), 12 (-+), 20 (++), effects?")
    assert signs["factors"] == {"A": [-1, 1, -1, 1], "B": [-1, -1, 1, 1]}


def test_results_in_rows_and_words():
    rows = args(
        "doe_analyze",
        "runs (heat,time : pull) 60,1: 5 / 90,1: 7 / 60,3: 6 / 90,3: 9. What matters?",
    )
    assert rows["factors"] == {"heat": [60, 90, 60, 90], "time": [1, 1, 3, 3]}
    assert rows["response_name"] == "pull"
    words = args("doe_analyze", "ink/roll: low low 2 3; high low 8 7; low high 5 4; high high 9 9")
    # Each row holds its replicates.
    assert words["factors"]["ink"] == ["low", "low", "high", "high"] * 2
    assert words["response"] == [2, 3, 8, 7, 5, 4, 9, 9]


def test_centre_points_given_apart_and_standard_order():
    found = args(
        "doe_analyze", "2^2 in standard order: 40 45 41 50; centre points 44 45 44. curvature?"
    )
    assert found["response"] == [40, 45, 41, 50]
    assert found["center_response"] == [44, 45, 44]
    fraction = args("doe_analyze", "half fraction 2^(4-1) I=ABCD, standard order: 4 9 4 6 7 6 8 9")
    assert fraction["generators"] == ["D=ABC"]
    screening = args("doe_analyze", "PB12 effects, y: 8 3 2 4 3 9 5 8 7 3 4 5")
    assert screening["design"] == "plackett_burman"
    assert "generators" in asked("doe_analyze", "2^(4-1) results 4 9 4 6 7 6 8 9, effects?")
    assert "multiple of 8" in asked("doe_analyze", "2^3, y 4 9 4 6 7 6 8, effects?")


def test_signs_in_a_table_are_coded():
    found = args("doe_analyze", "effects?\nA,B,y\n-,-,5\n+,-,9\n-,+,6\n+,+,12")
    assert found["factors"] == {"A": [-1, 1, -1, 1], "B": [-1, -1, 1, 1]}


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        (
            "canonical analysis of y = 80 + 3 x1 - 4 x1^2 - 2 x2^2 please",
            "80 + 3 x1 - 4 x1^2 - 2 x2^2",
        ),
        ("is 5 - 2*u + u^2 + 3*v^2 a minimum?", "5 - 2*u + u^2 + 3*v^2"),
        (
            "where is the top of 12 + 4A + 2B - AB - 3A^2 - 2B^2 (coded)",
            "12 + 4A + 2B - AB - 3A^2 - 2B^2",
        ),
    ],
)
def test_polynomials_in_prose(text, expression):
    assert args("response_surface", text)["expression"] == expression


def test_path_of_steepest_ascent():
    found = args("response_surface", "steepest ascent, y = 40 + 4 A + 2 B, step 1 in A, six steps")
    assert (found["steps"], found["step"]) == (6, 1)
    # A step of one in B is two in A, which has the larger slope.
    other = args(
        "response_surface", "steepest ascent, y = 40 + 4 A + 2 B, steps of 1 in B, 3 steps"
    )
    assert other["step"] == 2


def test_columns_and_coefficients_of_a_surface():
    found = args(
        "response_surface",
        "fit a surface: x1 -1 1 -1 1 0 0 -1 1 0; x2 -1 -1 1 1 -1 1 0 0 0; y 5 6 7 9 7 8 6 8 9",
    )
    assert list(found["factors"]) == ["x1", "x2"]
    assert found["response"] == [5, 6, 7, 9, 7, 8, 6, 8, 9]
    saddle = args("response_surface", "hill or saddle: b0 5 b1 1 b2 2 b11 -3 b22 2 b12 .5")
    assert saddle["coefficients"]["b12"] == 0.5


# --- desirability ---------------------------------------------------------------------------


def test_known_desirabilities():
    found = args("desirability", "overall D of d1=0.8, d2=0.5, d3=0.9 with weights 1,2,1")
    assert (found["d"], found["weights"]) == ([0.8, 0.5, 0.9], [1, 2, 1])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "pull max (20 bad, 35 perfect), got 29; price min (5 ideal, 9 unacceptable), got 6",
            [("pull", "maximize", 20, 35, None, 29), ("price", "minimize", None, 5, 9, 6)],
        ),
        (
            "gloss 88 (target 90, 80 to 95), haze 2.1 (min, 1.0 ideal, 4.0 max)",
            [("gloss", "target", 80, 90, 95, 88), ("haze", "minimize", None, 1, 4, 2.1)],
        ),
        (
            "crunch 7 (4 rubbish 9 lush) oil 31% (25 lush 38 rubbish), one number",
            [("crunch", "maximize", 4, 9, None, 7), ("oil", "minimize", None, 25, 38, 31)],
        ),
        (
            "solubility is to be maximised (80 to 95 %), dust minimised (1 to 5 %). The candidate "
            "gives 90 % and 2 %.",
            [("solubility", "maximize", 80, 95, None, 90), ("dust", "minimize", None, 1, 5, 2)],
        ),
    ],
)
def test_goals_and_limits(text, expected):
    found = args("desirability", text)["responses"]
    keys = ("name", "goal", "low", "target", "high", "value")
    assert [tuple(item.get(key) for key in keys) for item in found] == expected


def test_expressions_with_their_region():
    found = args(
        "desirability",
        "best for both: pull = 50+5a-2b (max 45..60), dust = 20+4a+3b (min 12..30), a,b in -1..1",
    )
    assert [item["expression"] for item in found["responses"]] == ["50+5a-2b", "20+4a+3b"]
    assert found["factors"] == [
        {"name": "a", "low": -1, "high": 1},
        {"name": "b", "low": -1, "high": 1},
    ]


def test_several_settings_in_one_call():
    found = args(
        "desirability",
        "which is the better compromise? opt 1 pull 30 dust 2, opt 2 pull 26 dust 1. pull bad at "
        "20 good at 40, dust good at 1 bad at 4",
    )
    assert found["responses"][0]["values"] == [30, 26]
    assert found["settings"] == ["opt 1", "opt 2"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("desirability of pull 29 and price 6", "goal and the limits of pull"),
        ("desirability: pull max 20 to 35, price min 5 to 9 got 6", "value of pull"),
        ("combine the desirabilities .8 .9 .7 with weights 1 2", "2 weights for 3"),
    ],
)
def test_what_is_missing_for_a_compromise(text, words):
    assert words in asked("desirability", text)


# --- sizes in people's words ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("operation", "text", "expected"),
    [
        (
            "fractional_factorial",
            "Five settings, hi and lo, my boss gives me sixteen.",
            {"n_factors": 5, "runs": 16},
        ),
        (
            "plackett_burman",
            "ten maybes, 12 slots, main effects only",
            {"n_factors": 10, "runs": 12},
        ),
        ("full_factorial", "all combinations of 4 on/off things", {"n_factors": 4}),
        (
            "full_factorial",
            "feed 2-5, heat 9-14, three runs right in the middle, 9 as the seed",
            {"center_points": 3, "seed": 9},
        ),
        ("full_factorial", "2^4, split into two halves", {"n_factors": 4, "blocks": 2}),
        ("box_behnken", "bbd k=4 cp=6", {"n_factors": 4, "center_points": 6}),
        ("latin_hypercube", "LHS 20 x 3 on [0,1]", {"runs": 20}),
        ("latin_hypercube", "lhs n=25 d=4 rng 8", {"n_factors": 4, "runs": 25, "seed": 8}),
        (
            "fractional_factorial",
            "6 knobs, main effects never mixed up with pairs",
            {"n_factors": 6, "resolution": 4},
        ),
        ("fractional_factorial", "2^(6-2) IV", {"runs": 16, "resolution": 4}),
    ],
)
def test_sizes_in_words(operation: str, text: str, expected: dict) -> None:
    found = args(operation, text)
    assert {name: found.get(name) for name in expected} == expected


# --- runs in further layouts ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "factors", "response"),
    [
        (
            "heat lo dwell lo 3 4; heat hi dwell lo 7 8; "
            "heat lo dwell hi 4 5; heat hi dwell hi 9 9",
            {"heat": [-1, -1, 1, 1, -1, -1, 1, 1], "dwell": [-1, -1, -1, -1, 1, 1, 1, 1]},
            [3, 4, 7, 8, 4, 5, 9, 9],
        ),
        (
            "low heat short dwell 31, high heat short dwell 38, low heat long dwell 30, "
            "high heat long dwell 45. which effects?",
            {"heat": [-1, 1, -1, 1], "dwell": [-1, -1, 1, 1]},
            [31, 38, 30, 45],
        ),
        (
            "salt 2 heat 60 -> 3.1; salt 4 heat 60 -> 4.2; salt 2 heat 80 -> 3.3; "
            "salt 4 heat 80 -> 5.9",
            {"salt": [2, 4, 2, 4], "heat": [60, 60, 80, 80]},
            [3.1, 4.2, 3.3, 5.9],
        ),
        (
            "p q y: (-1,-1,9.3) (1,-1,9.9) (-1,1,9.1) (1,1,11.5) (0,0,10.1)",
            {"p": [-1, 1, -1, 1, 0], "q": [-1, -1, 1, 1, 0]},
            [9.3, 9.9, 9.1, 11.5, 10.1],
        ),
        (
            "heat/dwell/peel: 2/18/31 4/18/35 2/20/34 4/20/39",
            {"heat": [2, 4, 2, 4], "dwell": [18, 18, 20, 20]},
            [31, 35, 34, 39],
        ),
        (
            "y=6,7,5,9 with A=-+-+ B=--++ which effects are active",
            {"A": [-1, 1, -1, 1], "B": [-1, -1, 1, 1]},
            [6, 7, 5, 9],
        ),
    ],
)
def test_runs_in_further_layouts(text: str, factors: dict, response: list[float]) -> None:
    found = args("doe_analyze", text)
    assert found["factors"] == factors
    assert found["response"] == response


@pytest.mark.parametrize(
    ("operation", "text", "expected"),
    [
        ("d_optimal", "heat 5-9, head H1/H2, only linear, pick the best 8", {"runs": 8}),
        ("latin_square", "4 tyre kinds, 4 cars, 4 seats, 16 tyres, each kind once", {"size": 4}),
        ("latin_square", "five people, five desks, five days, never two on the same", {"size": 5}),
        ("taguchi", "L8 array 7x2lvl", {"array": "L8", "n_factors": 7}),
        ("fractional_factorial", "7 knobs, 128 runs are too many, 16 runs", {"runs": 16}),
    ],
)
def test_sizes_that_are_picked_or_refused(operation: str, text: str, expected: dict) -> None:
    found = args(operation, text)
    assert {name: found.get(name) for name in expected} == expected


def test_components_joined_by_signs() -> None:
    found = args("mixture", "Paste is palm oil + soap + clay, sums to 1. Simplex centroid.")
    assert found["components"] == ["palm oil", "soap", "clay"]
    found = args("mixture", "wax, solvent, VI improver. Simplex lattice degree 2.")
    assert found["components"] == ["wax", "solvent", "VI improver"]


# --- hard and easy to change, in other words ---------------------------------------------------


def names(found: dict, part: str) -> list[str]:
    return [item["name"] for item in found[part]]


@pytest.mark.parametrize(
    ("text", "hard", "easy", "further"),
    [
        (
            "Kiln heat is slow to change. Glaze and time I can change every tile. Two levels each.",
            ["Kiln heat"], ["Glaze", "time"], {},
        ),
        ("WP: P,Q  SP: R,S  reps=3", ["P", "Q"], ["R", "S"], {"replicates": 3}),
        (
            "split plot htc=heat(4,8) etc=hold(1,2),feed(5,9) whole plots=6",
            ["heat"], ["hold", "feed"], {"whole_plots": 6},
        ),
        (
            "kiln heat high/low set once per shift, inside it glaze 2 levels x time 2 levels",
            ["kiln heat"], ["glaze", "time"], {},
        ),
        (
            "Grade 5/7 = pain to swap; feed 1/2 depth 3/4 trivial. 4 swaps max.",
            ["Grade"], ["feed", "depth"], {"whole_plots": 4},
        ),
        (
            "Changing the die costs half a day (D1, D2). feed 6-8 and heat 10-14 C are easy.",
            ["die"], ["feed", "heat"], {},
        ),
    ],
)  # fmt: skip
def test_effort_of_changes(text: str, hard: list, easy: list, further: dict) -> None:
    found = args("split_plot", text)
    assert (names(found, "whole_plot"), names(found, "sub_plot")) == (hard, easy)
    assert {name: found.get(name) for name in further} == further


# --- goals of several responses ----------------------------------------------------------------


def test_desirabilities_as_lists() -> None:
    found = args("desirability", "d=[.7,.5,.9] w=[1,2,3] composite D?")
    assert (found["d"], found["weights"]) == ([0.7, 0.5, 0.9], [1, 2, 3])


def test_limits_glued_to_their_names() -> None:
    found = args("desirability", "D at y1=41 (LSL35 T40 USL45) and y2=0.4 (minimize, 0..2)")
    assert found["responses"] == [
        {"name": "y1", "goal": "target", "low": 35, "target": 40, "high": 45, "value": 41},
        {"name": "y2", "goal": "minimize", "target": 0, "high": 2, "value": 0.4},
    ]


def test_limits_that_contradict_the_goal() -> None:
    text = "peel minimize, 60 perfect and 40 useless, got 50; wear min (1 best, 3 bad), got 2"
    assert "contradict" in asked("desirability", text)
