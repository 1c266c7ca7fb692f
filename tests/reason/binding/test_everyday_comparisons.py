"""Comparisons, counts and rates as people write them, each with arguments a tool accepts."""

from typing import Any

import pytest

from havoc.reading.number_words import as_digits, fraction_in_words
from havoc.reading.question import read_question
from havoc.reason.binding import Binding, NeedsInput, bind
from havoc.tools import registry


def bound(operation: str, question: str) -> Binding:
    binding = bind(operation, read_question(question))
    registry.execute(binding.operation, binding.args)
    return binding


def holds(args: dict[str, Any], **wanted: Any) -> None:
    assert {name: args.get(name) for name in wanted} == wanted


@pytest.mark.parametrize(
    ("question", "sizes"),
    [
        ("press A 41.2 (s 1.1, n 12), press B 40.1 (s 1.4, n 15): same?", (12, 15)),
        (
            "K averaged 41.2 over 12 runs with a spread of 1.1, L 40.1 over 15 (spread 1.4)",
            (12, 15),
        ),
        ("m1=41.2 s1=1.1 n1=12 / m2=40.1 s2=1.4 n2=15", (12, 15)),
        ("here 41.2 (sd 1.1), there 40.1 (1.4), fifteen of each", (15, 15)),
        ("n 12 15; means 41.2 40.1; sds 1.1 1.4", (12, 15)),
    ],
)
def test_two_summaries_in_one_sentence(question: str, sizes: tuple[int, int]) -> None:
    args = bound("t_test_two_sample", question).args
    assert args["group1"] == {"n": sizes[0], "mean": 41.2, "sd": 1.1}
    assert args["group2"] == {"n": sizes[1], "mean": 40.1, "sd": 1.4}


def test_groups_by_their_summaries() -> None:
    question = "Only means: K 7.1 (spread 0.2), L 7.4 (0.3), M 6.9 (0.2), eight of each. Different?"
    groups = bound("anova_one_way", question).args["groups"]
    assert groups["L"] == {"n": 8, "mean": 7.4, "sd": 0.3}
    assert len(groups) == 3


@pytest.mark.parametrize(
    ("question", "counts"),
    [
        ("six of the 140 lids cracked", (6, 140)),
        ("checked 70 seals. None leaked.", (0, 70)),
        ("events 12, trials 90", (12, 90)),
        ("in 2025 we shipped; 15 came back from 400", (15, 400)),
        ("41 scratched/900", (41, 900)),
    ],
)
def test_a_count_out_of_a_number(question: str, counts: tuple[int, int]) -> None:
    holds(bound("proportion_one", question).args, successes=counts[0], trials=counts[1])


def test_two_outcomes_beside_each_other_are_no_totals() -> None:
    args = bound("fisher_exact", "rusted/clean: painted 2/9, bare 7/3. Does paint matter?").args
    assert args["table"] == [[2.0, 9.0], [7.0, 3.0]]


@pytest.mark.parametrize(
    ("question", "rate"),
    [
        ("8 stops in 40 shifts, we plan with 0.1 per shift. are we above plan?", 0.1),
        ("8 leaks over 40 km, the standard says 4 per 100 km. are we above it?", 0.04),
        ("8 alarms in 40 days, design basis 0.15/day. more than that?", 0.15),
    ],
)
def test_a_rate_to_compare_with(question: str, rate: float) -> None:
    args = bound("poisson_rate", question).args
    holds(args, count=8, exposure=40.0, rate0=rate, alternative="greater")


@pytest.mark.parametrize(
    ("question", "direction"),
    [
        ("old glue 12 14 13 15; new glue 16 17 15 18. Is the new one stronger?", "less"),
        ("old glue 12 14 13 15; new glue 16 17 15 18. Did it go up?", "less"),
        ("old glue 12 14 13 15; new glue 16 17 15 18. Is old weaker?", "less"),
        ("after: 12 14 13 15. before: 16 17 15 18. Has it dropped?", "less"),
        ("K 12 14 13 15; L 16 17 15 18. The seller says L is higher. True?", "less"),
        ("K 12 14 13 15; L 16 17 15 18. Up or down, any change?", "two_sided"),
    ],
)
def test_a_direction_is_that_of_the_first_group(question: str, direction: str) -> None:
    args = bound("t_test_two_sample", question).args
    assert args.get("alternative", "two_sided") == direction


def test_a_bound_and_a_question_about_it_give_a_direction() -> None:
    args = bound("proportion_one", "promised no more than 3 % bad, found 9 of 120. Broken promise?")
    holds(args.args, p0=0.03, alternative="greater")


@pytest.mark.parametrize("end", ["Grubbs at 1 %", "one-sided, 1 %", "99 % please", "at .01"])
def test_a_customary_level_may_stand_without_its_word(end: str) -> None:
    args = bound("outlier_test", f"4.1 4.3 4.2 4.4 6.9 4.2: {end}").args
    assert args["alpha"] == pytest.approx(0.01)


def test_a_percentage_of_something_is_no_level() -> None:
    args = bound("outlier_test", "solution of 5 % NaCl: 4.1 4.3 4.2 4.4 6.9 4.2, outlier?").args
    assert "alpha" not in args


def test_shares_and_named_counts() -> None:
    question = "the mix should be 50 % oak, 30 % ash, 20 % elm; we counted 61 oak, 33 ash, 16 elm"
    args = bound("chi_square_fit", question).args
    holds(args, observed=[61.0, 33.0, 16.0], expected=[0.5, 0.3, 0.2])


def test_small_words_name_a_list_beside_its_siblings() -> None:
    args = bound("kruskal_wallis", "day 3 1 0 7; swing 2 3 1 12; night 4 5 3 19").args
    assert list(args["groups"]) == ["day", "swing", "night"]


def test_a_margin_in_words_and_a_missing_one() -> None:
    data = "old 9.8 10.1 10.3 9.9, new 10.2 9.9 10.1 10.4"
    holds(
        bound("equivalence_test", f"the same within half a gram: {data}").args, low=-0.5, high=0.5
    )
    with pytest.raises(NeedsInput, match="margin"):
        bound("equivalence_test", f"are they equivalent? {data}")


def test_the_side_of_a_tolerance_limit_follows_the_share() -> None:
    data = "n=30 mean 52 s 2"
    for question, side in (
        (f"{data}: above which value do 99 % of the bolts lie, 95 % sure", "lower"),
        (f"{data}: a value that 99 % of the bolts exceed, 95 % sure", "lower"),
        (f"{data}: limit below which 99 % of the bolts fall, 95 % sure", "upper"),
    ):
        holds(bound("tolerance_interval", question).args, coverage=0.99, confidence=0.95, side=side)


def test_a_run_of_whole_numbers_is_a_list() -> None:
    args = bound("regression_linear", "month 1 to 5, straight line for output 11 13 14 17 18").args
    holds(args, x=[1.0, 2.0, 3.0, 4.0, 5.0], y=[11.0, 13.0, 14.0, 17.0, 18.0])


def test_p_values_are_adjusted_as_they_are() -> None:
    args = bound("multiple_comparison", "p-values 0.011 0.2 0.03, adjust by Holm").args
    holds(args, p_values=[0.011, 0.2, 0.03], method="holm")


def test_words_become_digits_in_place() -> None:
    text = "Twenty-five of a hundred, two sample t test, one of a dozen"
    assert as_digits(text).split() == ("25 of 100 , two sample t test, one of 12".split())
    assert len(as_digits(text)) == len(text)
    found = fraction_in_words("a chance of one third")
    assert found is not None
    assert found[0] == pytest.approx(1 / 3)
    assert found[1:] == (12, 21)


@pytest.mark.parametrize("verb", ["made", "had", "gave", "produced"])
def test_a_verb_is_no_part_of_the_name_of_who_made_them(verb: str) -> None:
    question = f"lathe A {verb} 14 bad of 200, lathe B {verb} 25 of 210. worse?"
    holds(bound("proportion_two", question).args, name1="lathe A", name2="lathe B")
