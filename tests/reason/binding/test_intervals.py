"""Intervals: data or a summary, and levels that must not be mistaken for each other."""

from typing import Any

import pytest

from havoc.reading.question import read_question
from havoc.reason.binding import Binding, NeedsInput, bind
from havoc.reason.planner import Context, RulePlanner
from havoc.tools import registry


def bound(operation: str, question: str) -> Binding:
    binding = bind(operation, read_question(question))
    for call in (binding, *binding.more):
        registry.execute(call.operation, call.args)
    return binding


def holds(args: dict[str, Any], **wanted: Any) -> None:
    assert {name: args.get(name) for name in wanted} == wanted


@pytest.mark.parametrize(
    "question",
    [
        "ci for the mean, n=30 xbar=52.4 s=3.1 99",
        "99 % interval for the mean: 30 bolts averaged 52.4 with sd 3.1",
        "sd 3.1, mean 52.4, n 30, 99 % confidence interval",
        "mean pull force 52.4 N, s = 3.1 N, n = 30; ci with 99 percent",
    ],
)
def test_a_summary_however_it_is_written(question: str) -> None:
    holds(bound("confidence_interval", question).args, n=30, mean=52.4, sd=3.1, confidence=0.99)


@pytest.mark.parametrize("end", [", 95", " 95%", ", 95 % sure", " at 95 percent"])
def test_a_level_behind_the_data_is_no_measurement(end: str) -> None:
    args = bound("confidence_interval", f"mean of 8.1 8.4 8.0 8.3 8.2{end}").args
    holds(args, data=[8.1, 8.4, 8.0, 8.3, 8.2], confidence=0.95)


def test_values_that_look_like_levels_stay_values() -> None:
    args = bound("confidence_interval", "95 % ci of assay 98 99 97 98 99 98 99").args
    assert args["data"] == [98, 99, 97, 98, 99, 98, 99]


def test_spread_median_and_share() -> None:
    spread = bound("confidence_interval", "90 % interval for the true sd: 5.1 5.3 5.2 5.6 5.0")
    holds(spread.args, parameter="sd", confidence=0.9)
    given = bound("confidence_interval", "the sigma from 15 coils is 0.42, interval for sigma, 90%")
    holds(given.args, parameter="sd", n=15, sd=0.42, confidence=0.9)
    holds(bound("confidence_interval", "ci of the median 4 5 5 6 7 9 21").args, parameter="median")
    share = bound("confidence_interval", "upper 95% bound for the defect rate, 0 in 300")
    holds(share.args, parameter="proportion", successes=0, trials=300, side="upper")
    several = bound(
        "confidence_interval", "23 of 640 bad, Wilson and Clopper-Pearson 95 % interval"
    )
    assert [call.args["kind"] for call in (several, *several.more)] == ["clopper_pearson", "wilson"]


@pytest.mark.parametrize(
    ("words", "count", "of"),
    [
        ("where will the next one fall", 1, None),
        ("the next 3", 3, None),
        ("mean of the next 5", 5, "mean"),
        ("all of 10 future values", 10, None),
        ("average of the three following results", 3, "mean"),
    ],
)
def test_how_many_future_values(words: str, count: int, of: str | None) -> None:
    args = bound("prediction_interval", f"{words}? so far 33 35 34 36 32 34, 90 %").args
    holds(args, m=count, of=of, confidence=0.9, data=[33, 35, 34, 36, 32, 34])


def test_a_prediction_at_a_setting_is_a_regression() -> None:
    question = "x 1 2 3 4 5, y 10 12 15 16 19, band for a single new y at x = 6 (90%)"
    binding = bound("prediction_interval", question)
    assert binding.operation == "regression_linear"
    holds(binding.args, x=[1, 2, 3, 4, 5], at=[6], alpha=0.1)


@pytest.mark.parametrize(
    ("words", "coverage", "confidence"),
    [
        ("95/99 tolerance interval", 0.99, 0.95),
        ("99/95 (content 99, conf 95) tolerance interval", 0.99, 0.95),
        ("90/99 tolerance interval", 0.9, 0.99),
        ("limits for 99 % of all parts, 90 % confidence", 0.99, 0.9),
        ("90 % confident at least 99 % of welds", 0.99, 0.9),
        ("99 % reliability at 90 % confidence", 0.99, 0.9),
        ("p = 0.99, 1-alpha = 0.9", 0.99, 0.9),
        ("cover 99.7% conf 90%", 0.997, 0.9),
        ("limit above which no more than 1 % lie, confidence 90 %", 0.99, 0.9),
    ],
)
def test_share_and_confidence(words: str, coverage: float, confidence: float) -> None:
    data = "51.2 50.8 51.5 51.0 50.9 51.3"
    args = bound("tolerance_interval", f"{words}; values: {data}").args
    assert args["coverage"] == pytest.approx(coverage)
    assert args["confidence"] == pytest.approx(confidence)
    assert args["data"] == [51.2, 50.8, 51.5, 51.0, 50.9, 51.3]


def test_tolerance_without_data() -> None:
    factor = bound(
        "tolerance_interval", "k factor n = 20, 99 % of parts, 95 % confidence, lower limit"
    )
    holds(factor.args, n=20, coverage=0.99, confidence=0.95, side="lower")
    # Wilks (1941): 46 values for 90 % at 95 %, 93 for 95 % at 95 %.
    for share, size in ((90, 46), (95, 93)):
        least = bound(
            "tolerance_interval",
            f"distribution-free: how many so that min-max covers {share} % with 95 % confidence",
        )
        holds(least.args, n=size, kind="nonparametric")
    basis = bound("tolerance_interval", "b-basis of 61 64 59 66 62 63 60 ksi")
    holds(basis.args, coverage=0.9, confidence=0.95, side="lower")


def test_a_follow_up_changes_the_level_only() -> None:
    context = Context(
        reading=read_question("95% ci on the mean of 8.1 8.4 8.0 8.3"),
        operation="confidence_interval",
    )
    plan = RulePlanner().plan(read_question("now do it at 99"), context)
    holds(plan.bindings[0].args, data=[8.1, 8.4, 8.0, 8.3], confidence=0.99)


@pytest.mark.parametrize(
    ("operation", "question", "missing"),
    [
        ("confidence_interval", "95 % ci for the mean, mean 5.2, n = 12", "standard deviation"),
        ("confidence_interval", "mean 5.2 sd 0.3, 95 % ci", "number of values"),
        ("confidence_interval", "mean 5 sd -1 n 10 ci", "negative"),
        ("confidence_interval", "ci on 5.1 5.3 5.2 at 100%", "impossible"),
        ("confidence_interval", "confidence 110 % for the mean of 4 5 6 5", "impossible"),
        ("prediction_interval", "prediction interval please", "data are missing"),
        ("tolerance_interval", "tolerance interval for 5 6 7 8 5 6", "share"),
        ("tolerance_interval", "95/95 tolerance interval on 3.1 3.3", "2 values"),
        ("tolerance_interval", "95/95 tolerance interval, n = 1, mean 5", "at least 2"),
        (
            "tolerance_interval",
            "tolerance interval 8.1 8.3 8.0 8.2 with 120% coverage, 95 conf",
            "impossible",
        ),
    ],
)
def test_what_is_missing_or_impossible_is_asked(
    operation: str, question: str, missing: str
) -> None:
    with pytest.raises(NeedsInput, match=missing) as error:
        bound(operation, question)
    assert error.value.ask
