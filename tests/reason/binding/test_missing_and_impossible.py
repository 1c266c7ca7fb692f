"""What is not there is asked for: targets, shares, groups, margins; so are impossible counts."""

import pytest

from havoc.reading.question import read_question
from havoc.reason.binding import Binding, NeedsInput, bind
from havoc.tools import registry


def bound(operation: str, question: str) -> Binding:
    binding = bind(operation, read_question(question))
    registry.execute(binding.operation, binding.args)
    return binding


@pytest.mark.parametrize(
    ("operation", "question", "word"),
    [
        ("proportion_one", "61 leakers out of 55, above 4 %?", "not possible"),
        ("proportion_one", "we had 88 rejects in a sample of 80, interval please", "not possible"),
        ("t_test_one_sample", "1-sample t on 7.1 7.3 6.9 7.2, on target?", "compare"),
        ("t_test_one_sample", "one sided test, 1 sample: 7.1 7.3 6.9 7.2", "compare"),
        ("equivalence_test", "plant 1: 5.1 5.3 5.2 plant 2: 5.2 5.0 5.1, equivalent?", "margin"),
        ("chi_square_fit", "are 61, 22 and 19 in line with the historical mix?", "shares"),
        ("chi_square_fit", "observed 30 22 18, expected shares 0.5 0.3 0.3", "add up"),
        ("chi_square_fit", "observed 30 22 18, expected 0.7 0.3", "expected"),
        ("anova_one_way", "do the three ovens differ? A 5 6 5 B 7 8 7 C not run yet", "spoken of"),
        ("kruskal_wallis", "4 lines: L1 3 4 5; L2 4 5 7; L3 2 2 3", "spoken of"),
    ],
)
def test_it_is_asked_for(operation: str, question: str, word: str) -> None:
    with pytest.raises(NeedsInput, match=word):
        bind(operation, read_question(question))


@pytest.mark.parametrize(
    ("question", "target"),
    [
        ("pH of 6 vials 7.1 7.3 6.9 7.2 7.0 7.4 vs theoretical 7.05", 7.05),
        ("nominal on the drawing 7.25. I get 7.1 7.3 6.9 7.2 - off?", 7.25),
        ("chamber set at 40 % RH, logged 40.8 41.2 39.9 40.5: off?", 40.0),
        ("mean of 7.1 7.3 6.9 7.2 against the catalogue value of 7", 7.0),
        ("ratios 0.97 1.03 0.95 0.94 - are they below unity?", 1.0),
        ("deltas 0.1 -0.2 0.3 0.1, mean different from zero?", 0.0),
    ],
)
def test_the_value_to_compare_with(question: str, target: float) -> None:
    assert bound("t_test_one_sample", question).args["mu0"] == target


def test_all_groups_that_are_spoken_of() -> None:
    groups = bound("anova_one_way", "do the 3 ovens differ? M1 4.1 4.2 M2 4.4 4.3 M3 4.0 4.6").args
    assert groups["groups"] == {"M1": [4.1, 4.2], "M2": [4.4, 4.3], "M3": [4.0, 4.6]}


def test_a_numbered_label_is_no_value() -> None:
    question = "wall of cavity 1 .031 .033 .034 cavity 2 .029 .027 .028: is cavity 2 thinner?"
    args = bound("t_test_two_sample", question).args
    assert (args["group1"], args["group2"]) == ([0.031, 0.033, 0.034], [0.029, 0.027, 0.028])
    assert args["alternative"] == "greater"


@pytest.mark.parametrize(
    ("question", "exposures"),
    [
        ("line 1: 19 dings on 52,000 pcs, line 2: 8 dings on 47,000. Same rate?", (52000, 47000)),
        ("19 stops in 1,200 h; 8 stops in 1,150 h.", (1200, 1150)),
    ],
)
def test_thousands_at_the_end_of_a_sentence(question: str, exposures: tuple[int, int]) -> None:
    args = bound("poisson_rate", question).args
    assert (args["exposure1"], args["exposure2"]) == exposures


def test_a_small_fraction_with_a_comma_beside_points() -> None:
    args = bound("t_test_one_sample", "5.3 5.1 5.6 4.9 against 5.0, alpha 0,01").args
    assert (args["mu0"], args["alpha"]) == (5.0, 0.01)
