"""Power and sample size: every number in its role, and the open one is solved for."""

from contextlib import suppress
from typing import Any

import pytest

from effort import processor_seconds
from havoc.reading.question import read_question
from havoc.reason.binding import NeedsInput, bind
from havoc.reason.planner import Context, RulePlanner
from havoc.tools import registry


def run(question: str) -> tuple[dict[str, Any], dict[str, Any]]:
    binding = bind("power_sample_size", read_question(question))
    result = registry.execute("power_sample_size", binding.args).quantities
    return binding.args, result


@pytest.mark.parametrize(
    "question",
    [
        "how many per group to detect a 2 mm difference, sd 3 mm, 90 % power",
        "sample size 2 sample t diff 2 sd 3 power 90 alpha 5",
        "scatter is about 3 N; we want to notice a shift of 2 N with power 0.9. parts per oil?",
        "see a difference of 2.0 % in assay when the sd is 3 %, replicates per site, power 90 %",
        "delta = 2, sigma = 3, beta = 0.1, alpha = 0.05, n?",
    ],
)
def test_two_groups_in_many_words(question: str) -> None:
    args, result = run(question)
    assert args["effect"] == 2
    assert args["sigma"] == 3
    assert args["power"] == pytest.approx(0.9)
    # R: power.t.test(delta = 2, sd = 3, power = 0.9) gives n = 48.26
    assert result["n"] == 49


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("power for n=20 per group, effect 1.5, sd 2", {"n": 20, "effect": 1.5, "sigma": 2}),
        (
            "only 15 per arm, sd 4.2: smallest change we see reliably (80 %)",
            {"n": 15, "power": 0.8, "sigma": 4.2},
        ),
        ("one-sample t, shift of 1 sigma, 80% power", {"design": "one_sample_t", "effect_size": 1}),
        (
            "paired: sd of differences 0.8, see 0.5, power 0.9",
            {"design": "paired_t", "sigma": 0.8, "effect": 0.5},
        ),
        ("0.7 must come out in 4 of 5 studies, sd 1.5, paired", {"effect": 0.7, "power": 0.8}),
        (
            "scrap from 6 % to 3 %, how many each side",
            {"design": "two_proportions", "p1": 0.06, "p2": 0.03},
        ),
        (
            "10 % vs 5 %, alpha .05, potency 80%",
            {"p1": 0.1, "p2": 0.05, "power": 0.8, "alpha": 0.05},
        ),
        (
            "historic rate 4 %, units to detect 8 % at 80 % power",
            {"design": "one_proportion", "p1": 0.04, "p2": 0.08},
        ),
        (
            "one-way anova 4 groups, Cohen f 0.25, power 0.8",
            {"design": "anova", "groups": 4, "effect_size": 0.25},
        ),
        (
            "four labs, largest difference of means 3, sd 2, power .9",
            {"groups": 4, "effect": 3, "sigma": 2},
        ),
        ("power of anova, 3 groups, means 10 12 14, sd 3, n = 8", {"means": [10, 12, 14], "n": 8}),
        (
            "pairs to detect a correlation of 0.4 with 80 % power",
            {"design": "correlation", "effect": 0.4},
        ),
        (
            "pin the rate to ±2 % when it is roughly 8 %",
            {"design": "proportion_margin", "margin": 0.02, "p": 0.08},
        ),
        (
            "mean known to ±0.5 ml, s is 1.8 ml, 99% confidence",
            {"design": "mean_margin", "margin": 0.5, "sigma": 1.8, "alpha": 0.01},
        ),
    ],
)
def test_roles_of_the_numbers(question: str, wanted: dict[str, Any]) -> None:
    args, _ = run(question)
    found = {name: args.get(name) for name in wanted}
    assert {k: v for k, v in found.items() if not isinstance(v, float)} == {
        k: v for k, v in wanted.items() if not isinstance(found[k], float)
    }
    for name, value in wanted.items():
        if isinstance(found[name], float):
            assert found[name] == pytest.approx(value)


@pytest.mark.parametrize(
    ("turn", "open_name"),
    [("what power is left with 20 parts?", "power"), ("and how many for power 0.95?", "n")],
)
def test_a_follow_up_solves_for_what_it_asks(turn: str, open_name: str) -> None:
    context = Context(
        reading=read_question("two groups, sd 2, difference 1.5, power 0.9, sample size?"),
        operation="power_sample_size",
    )
    args = RulePlanner().plan(read_question(turn), context).bindings[0].args
    assert open_name not in args
    assert (args["sigma"], args["effect"]) == (2, 1.5)
    assert args.get("n") == (20 if open_name == "power" else None)


@pytest.mark.parametrize(
    ("question", "missing"),
    [
        ("how many samples do i need", "difference that matters"),
        ("sample size for difference 5, power 80%", "standard deviation"),
        ("with sd 2 what n do I need?", "difference that matters"),
        ("power 120 %, diff 3, sd 1", "between 0 and 1"),
        ("reject rate is 4%, sample size to prove better", "one share"),
        ("mean known to ±0.5 ml, how many", "standard deviation"),
        ("sample size for an anova, sd 2, difference 3", "number of groups"),
    ],
)
def test_what_is_missing_is_asked(question: str, missing: str) -> None:
    with pytest.raises(NeedsInput, match=missing) as error:
        bind("power_sample_size", read_question(question))
    assert error.value.ask


@pytest.mark.parametrize(
    "piece", ["sd ", "5 sd 3 ", "difference of ", "n = ", "± ", "power of a ", "1 2 3; "]
)
def test_long_texts_are_no_more_work_than_their_length(piece: str) -> None:
    reading = read_question(piece * (6000 // len(piece)))
    for operation in ("power_sample_size", "prediction_interval", "regression_multiple"):
        with suppress(NeedsInput), processor_seconds(5, operation):
            bind(operation, reading)


# --- in people's words ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "we can only fit 9 pumps, scatter 2, would we even notice a shift of 1.5?",
            {"n": 9, "sigma": 2, "effect": 1.5},
        ),
        (
            "how many jars to notice half a gram, the weights scatter by 1.1, 90 % sure",
            {"effect": 0.5, "sigma": 1.1, "power": 0.9},
        ),
        (
            "three glues, effect size f = 0.3, power 85 %: joints per glue",
            {"groups": 3, "effect_size": 0.3, "power": 0.85},
        ),
        (
            "Differences: 0.7  Power values: 0.85  StDev: 0.9  Sig level 0.01, which n",
            {"effect": 0.7, "power": 0.85, "sigma": 0.9, "alpha": 0.01},
        ),
        (
            "scrap 6 percent, hoping for 3, how many parts before and after, eighty percent sure",
            {"p1": 0.06, "p2": 0.03, "power": 0.8},
        ),
        (
            "one in ten fails, a change to 4 %: how many units for a nine in ten chance to see it",
            {"p1": 0.1, "p2": 0.04, "power": 0.9},
        ),
        (
            "share of bad seals to plus or minus 2 points, 95 %, how many seals",
            {"design": "proportion_margin", "margin": 0.02},
        ),
        (
            "paired, 8 pumps, diff 2, sd of diffs 3. power?",
            {"design": "paired_t", "n": 8, "effect": 2, "sigma": 3},
        ),
        (
            "1 proportion, hypothesized .2, comparison .1, power .9, Ha less than",
            {"design": "one_proportion", "p1": 0.2, "p2": 0.1, "alternative": "less"},
        ),
    ],
)
def test_sizes_in_other_words(text: str, expected: dict) -> None:
    found = bind("power_sample_size", read_question(text)).args
    assert {name: found.get(name) for name in expected} == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "eight tries, five knobs, values jump around by 2, do we spot a knob worth 3?",
            {"n_factors": 5, "runs": 8, "sigma": 2, "effect": 3},
        ),
        (
            "2^3 x2 reps, effect=1.5 sigma=.5 alpha .1 -> power",
            {"n_factors": 3, "replicates": 2, "effect": 1.5, "sigma": 0.5, "alpha": 0.1},
        ),
        (
            "two factors, every corner three times, noise 0.9, 10% false alarms, effect of 1",
            {"n_factors": 2, "replicates": 3, "sigma": 0.9, "effect": 1},
        ),
    ],
)
def test_power_of_a_design_in_other_words(text: str, expected: dict) -> None:
    found = bind("doe_power", read_question(text)).args
    assert {name: found.get(name) for name in expected} == expected


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        (
            "parts per nozzle: 4 nozzles, largest gap 3, sd 2, power 85%",
            {"groups": 4, "effect": 3.0, "sigma": 2.0, "power": 0.85, "design": "anova"},
        ),
        (
            "how many per line to detect 0.4, sigma 0.6, 10 % / 85 %?",
            {"effect": 0.4, "sigma": 0.6, "alpha": 0.1, "power": 0.85},
        ),
        ("n per arm, d=0.55, 85%/5%", {"effect_size": 0.55, "alpha": 0.05, "power": 0.85}),
        (
            "écart-type 0,4, détecter 0,3, puissance 90 %, risque 1 %, combien par groupe?",
            {"effect": 0.3, "sigma": 0.4, "alpha": 0.01, "power": 0.9},
        ),
        (
            "desvio padrão das diferenças 0.7, detectar 0.5, poder 85 %, pareado (paired)",
            {"effect": 0.5, "sigma": 0.7, "power": 0.85, "design": "paired_t"},
        ),
        (
            "scrap is at 4 % now, aiming at 2 %. how many per group at 85 % power?",
            {"p1": 0.04, "p2": 0.02, "power": 0.85},
        ),
        (
            "torque to w/in 0.7 Nm, sigma 2, 90% confidence, how many pcs?",
            {"margin": 0.7, "sigma": 2.0, "alpha": 0.1},
        ),
    ],
)
def test_sizes_on_further_nouns_and_languages(question: str, expected: dict[str, Any]) -> None:
    args = bind("power_sample_size", read_question(question)).args
    assert {name: args.get(name) for name in expected} == expected
    registry.execute("power_sample_size", args)


@pytest.mark.parametrize(
    ("turn", "power"), [("and 95?", 0.95), ("with 85 instead of 90", 0.85), ("sd 60?", 0.9)]
)
def test_a_lone_level_in_a_follow_up_is_the_power(turn: str, power: float) -> None:
    earlier = "how many per group to see a shift of 1 with sd 2 at 90% power?"
    args = bind("power_sample_size", read_question(f"{turn}\n{earlier}")).args
    assert args["power"] == power


@pytest.mark.parametrize(
    "question",
    [
        "leakers 6 % on the old press, 4 % on the new, is it better?",
        "antes 6 %, depois 4 %: melhor?",
    ],
)
def test_two_shares_without_a_size_are_no_question_about_a_size(question: str) -> None:
    with pytest.raises(NeedsInput, match="neither a sample size nor a power"):
        bind("power_sample_size", read_question(question))
    args = bind(
        "power_sample_size", read_question(f"{question} how many do I need to see it?")
    ).args
    assert (args["p1"], args["p2"]) == (0.06, 0.04)
