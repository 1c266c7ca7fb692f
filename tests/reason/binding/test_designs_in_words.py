"""Designs as engineers of many habits ask for them: sizes, names, levels, roles, restrictions."""

from __future__ import annotations

from typing import Any

import pytest

from havoc.reading.question import read_question
from havoc.reason.binding import Binding, NeedsInput, bind
from havoc.tools import registry


def bound(operation: str, text: str) -> Binding:
    """The binding, whose arguments the tool accepts."""
    binding = bind(operation, read_question(text))
    registry.execute(binding.operation, binding.args)
    return binding


def args(operation: str, text: str) -> dict[str, Any]:
    return bound(operation, text).args


def asked(operation: str, text: str) -> str:
    with pytest.raises(NeedsInput) as needed:
        bind(operation, read_question(text))
    return f"{needed.value.what} | {needed.value.ask}"


def names(found: dict[str, Any], key: str = "factors") -> list[str]:
    return [item["name"] for item in found[key]]


# --- how large ------------------------------------------------------------------------------

FIVE = "heat 100-120, time 5-9, load 1-2, gas 10-20, gap 3-4"


@pytest.mark.parametrize(
    ("text", "runs"),
    [
        (f"fractional factorial, {FIVE}. Sixteen vessels.", 16),
        (f"fraction of {FIVE}; 32 trials are too costly, 8 is fine", 8),
        (f"{FIVE}: not 32, I can justify eight plates. Which eight?", 8),
        (f"{FIVE}, we have stock for 16", 16),
        (f"{FIVE}. Select the best 8, aliasing is ok", 8),
        (f"{FIVE}, fraction avec 16 essais", 16),
    ],
)
def test_runs_that_can_be_afforded(text: str, runs: int) -> None:
    assert args("fractional_factorial", text)["runs"] == runs


@pytest.mark.parametrize(
    ("operation", "text", "key", "count"),
    [
        ("box_behnken", "3 factor box behnken 4 ctr pts", "center_points", 4),
        ("box_behnken", "BBD 3 facteurs, 6 points au centre", "center_points", 6),
        (
            "definitive_screening",
            "DSD for 5 factors plus 3 extra centers",
            "extra_center_points",
            3,
        ),
        ("definitive_screening", "dsd, 6 factors + 2 center", "extra_center_points", 2),
        ("definitive_screening", "DSD 8 factors with 4 centre points", "center_points", 4),
        ("definitive_screening", "DSD 10 factors in 2 blocks", "blocks", 2),
        ("full_factorial", "2^3 block it in 2", "blocks", 2),
        ("full_factorial", "2^3, three of each combo", "replicates", 3),
        ("full_factorial", "2^3 plan, jeden raz", "replicates", 1),
    ],
)
def test_center_points_blocks_and_repeats(operation: str, text: str, key: str, count: int) -> None:
    assert args(operation, text)[key] == count


def test_center_points_in_all_are_those_of_the_design_and_more() -> None:
    result = registry.execute("definitive_screening", {"n_factors": 6, "center_points": 4}).outcome
    assert (result.runs, result.center_points) == (2 * 6 + 4, 4)


# --- which factors --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("operation", "text", "expected"),
    [
        (
            "plackett_burman",
            "argued: preheat flux amps nozzle gap gas travel. tell us in 12 welds what matters",
            ["preheat", "flux", "amps", "nozzle", "gap", "gas", "travel"],
        ),
        (
            "plackett_burman",
            "obroty posuw chłodziwo narzędzie głębokość, 5 czynników 8 prób",
            ["obroty", "posuw", "chłodziwo", "narzędzie", "głębokość"],
        ),
        (
            "latin_hypercube",
            "LHS 12 punktów: grubość 1–3, kąt 0–45, siła 100–500",
            ["grubość", "kąt", "siła"],
        ),
        (
            "plackett_burman",
            "screen glucose 5-15 yeast 1-3 pH 5-7 rpm 120-200, 12 flasks",
            ["glucose", "yeast", "pH", "rpm"],
        ),
    ],
)
def test_names_without_commas_and_in_any_alphabet(
    operation: str, text: str, expected: list[str]
) -> None:
    assert names(args(operation, text)) == expected


def test_a_sentence_is_no_list_of_names() -> None:
    assert "components" in asked("mixture", "quero ensaio com misturas puras de sempre")
    assert "factors" in asked(
        "plackett_burman", "proszę przygotować plan eksperymentu przesiewowego"
    )


def test_levels_with_their_name_behind_or_with_a_common_tail() -> None:
    found = args(
        "full_factorial",
        "Pd, Ni or Cu as metal; DMF or toluene as solvent; wire 18ga 20ga. all combinations",
    )
    assert {item["name"]: item["levels"] for item in found["factors"]} == {
        "metal": ["Pd", "Ni", "Cu"],
        "solvent": ["DMF", "toluene"],
        "wire": ["18ga", "20ga"],
    }


@pytest.mark.parametrize(
    "text",
    [
        "all combinations of stirring speed, temperature and dose",
        "I want to test four settings on the filler together, make me a plan",
    ],
)
def test_a_factorial_of_named_factors_needs_their_settings(text: str) -> None:
    assert "settings" in asked("full_factorial", text)


# --- restrictions ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "glue Alpha Beta Gamma, plate alu/steel, cure 2-6, Gamma on alu isn't allowed, 10 runs",
            {"forbidden": {"glue": {"equals": ["Gamma"]}, "plate": {"equals": ["alu"]}}},
        ),
        (
            "metal copper/steel/brass, gas N2/Ar, power 1-3 kW, never copper with Ar, 12 runs",
            {"forbidden": {"metal": {"equals": ["copper"]}, "gas": {"equals": ["Ar"]}}},
        ),
        (
            "alloy soft/hard, amps 8-12, force 500-900, can't do hard below 600. 12 runs best",
            {"forbidden": {"alloy": {"equals": ["hard"]}, "force": {"below": 600.0}}},
        ),
        (
            "x1 0-10, x2 0-10, x1+x2 can't pass 14, 9 runs",
            {"coefficients": {"x1": 1.0, "x2": 1.0}, "most": 14.0},
        ),
    ],
)
def test_what_may_not_be_run(text: str, expected: dict[str, Any]) -> None:
    assert args("d_optimal", text)["constraints"] == [expected]


def test_a_limit_that_cannot_be_kept_is_not_forgotten() -> None:
    text = "acid 0-2, temp 20-80, acid x temp must stay below 120, 10 runs"
    assert "product" in asked("d_optimal", text)
    found = bound("d_optimal", "heat 10-20, load 1-5, 8 runs, heat with full load is not possible")
    assert any("not understood" in words for words, _ in found.warnings)


# --- hard and easy --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "whole", "sub"),
    [
        (
            "Oven temperature takes two hours to settle, belt speed and load are instant. 2 levels",
            ["Oven temperature"],
            ["belt speed", "load"],
        ),
        (
            "kiln heat and atmosphere cost half a day, glaze and position easy",
            ["kiln heat", "atmosphere"],
            ["glaze", "position"],
        ),
        ("HTC: bath temp; ETC: current, time", ["bath temp"], ["current", "time"]),
        (
            "roll gap set once per coil, line speed and tension can vary freely",
            ["roll gap"],
            ["line speed", "tension"],
        ),
        (
            "4 factors, reactor temp hard to change, the rest easy, 16 runs",
            ["reactor temp"],
            ["B", "C", "D"],
        ),
        (
            "6 batches of dough (3 flours), each batch baked at 2 oven temperatures",
            ["flour"],
            ["oven temperature"],
        ),
    ],
)
def test_who_is_hard_to_change(text: str, whole: list[str], sub: list[str]) -> None:
    found = args("split_plot", text)
    assert (names(found, "whole_plot"), names(found, "sub_plot")) == (whole, sub)


# --- arrays, mixtures, hypercubes -----------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["L18: A 2 levels, B C D 3 levels", "mixed 2-level (A) and 3-level (B, C, D), L18 rows please"],
)
def test_names_with_their_number_of_levels(text: str) -> None:
    found = args("taguchi", text)
    assert [(item["name"], item["n_levels"]) for item in found["factors"]] == [
        ("A", 2), ("B", 3), ("C", 3), ("D", 3),
    ]  # fmt: skip


def test_an_array_by_its_number_of_runs() -> None:
    found = args("taguchi", "orthogonal array with nine rows: heat 1/2/3, dose 4/5/6, belt a/b/c")
    assert found["runs"] == 9
    assert registry.execute("taguchi", found).outcome.array == "L9"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("blend is PP talc rubber adds to 1, simplex lattice deg 3", ["PP", "talc", "rubber"]),
        ("simplex-centroid, ethanol / water / butyl glycol", ["ethanol", "water", "butyl glycol"]),
        ("3 composants résine durcisseur charge, simplex m=2", ["résine", "durcisseur", "charge"]),
    ],
)  # fmt: skip
def test_components_in_a_row(text: str, expected: list[str]) -> None:
    assert args("mixture", text)["components"] == expected


def test_the_filler_with_bounds_of_its_own() -> None:
    found = args("mixture", "HPMC 10-25 %, PVP 2-8 %, lactose q.s. 67-88 %, each blend twice")
    assert [(item["name"], item["low"]) for item in found["components"]] == [
        ("HPMC", 10), ("PVP", 2), ("lactose", 67),
    ]  # fmt: skip
    assert found["replicates"] == 2


def test_vectors_of_parameters_are_points() -> None:
    found = args("latin_hypercube", "Forty parameter vectors, k1 0-5, k2 1-9, seed 3")
    assert (found["runs"], names(found), found["seed"]) == (40, ["k1", "k2"], 3)


# --- results --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "DOE is done, the 8 results are 12 15 11 19 14 22 13 25, what is significant",
        "Plackett-Burman finished: 3 4 3 5 4 4 3 5 3 5 4 4. Which factors are active?",
        "analyse my 2^3: 12 15 11 18 13 17 10 20. I forgot which order the settings had",
    ],
)
def test_results_without_settings_are_no_experiment(text: str) -> None:
    assert "settings" in asked("doe_analyze", text)


@pytest.mark.parametrize(
    ("text", "factors", "response"),
    [
        (
            "resin X 2 min 34/36; resin Y 2 min 41/40; resin X 6 min 45/47; resin Y 6 min 49/51.",
            {"resin": list("XXYYXXYY"), "B": [2, 2, 2, 2, 6, 6, 6, 6]},
            [34, 36, 41, 40, 45, 47, 49, 51],
        ),
        (
            "A,B,Y: -1,-1,10; 1,-1,14; -1,1,12; 1,1,18; 0,0,15.5; 0,0,15.8",
            {"A": [-1, 1, -1, 1, 0, 0], "B": [-1, -1, 1, 1, 0, 0]},
            [10, 14, 12, 18, 15.5, 15.8],
        ),
        (
            "coded: (−1,−1) 41; (1,−1) 52; (−1,1) 48; (1,1) 45; (0,0) 60, 61",
            {"A": [-1, 1, -1, 1, 0, 0], "B": [-1, -1, 1, 1, 0, 0]},
            [41, 52, 48, 45, 60, 61],
        ),
        (
            "A - + - +; B - - + +; y 12.1 15.3 11.8 18.0, effects?",
            {"A": [-1, 1, -1, 1], "B": [-1, -1, 1, 1]},
            [12.1, 15.3, 11.8, 18.0],
        ),
        (
            'OQ: {"temp":["lo","hi","lo","hi"],"dwell":["lo","lo","hi","hi"],"peel":[1,3,2,4]}',
            {"temp": ["lo", "hi", "lo", "hi"], "dwell": ["lo", "lo", "hi", "hi"]},
            [1, 3, 2, 4],
        ),
    ],
)
def test_runs_with_their_results(
    text: str, factors: dict[str, list[Any]], response: list[float]
) -> None:
    found = args("doe_analyze", text)
    assert (found["factors"], found["response"]) == (factors, response)
