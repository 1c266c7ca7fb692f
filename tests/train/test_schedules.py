"""Schedules: against transformers where it has the same course, and their properties."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from havoc.errors import InputError
from havoc.train.schedules import KINDS, Schedule


@st.composite
def schedules(draw: st.DrawFn) -> Schedule:
    total = draw(st.integers(1, 3000))
    warmup = draw(st.integers(0, total))
    kind = draw(st.sampled_from(KINDS))
    fraction = draw(st.floats(0.001, 1.0))
    if kind == "wsd":
        room = (total - warmup) / total
        if room == 0:
            kind = "linear"
        else:
            fraction = max(1 / total, math.floor(room * draw(st.floats(0.01, 1.0)) * total) / total)
    peak = draw(st.floats(1e-6, 1.0))
    return Schedule(kind, peak, peak * draw(st.floats(0, 1)), warmup, total, fraction)


@given(schedules(), st.integers(0, 4000))
def test_every_rate_is_positive_in_the_run_and_never_above_the_peak(
    schedule: Schedule, step: int
) -> None:
    rate = schedule.learning_rate(step)
    assert 0 <= rate <= schedule.peak * (1 + 1e-12)
    if step < schedule.total_steps:
        assert rate > 0


@given(schedules())
def test_it_rises_through_the_warm_up_and_never_again(schedule: Schedule) -> None:
    rates = [schedule.learning_rate(step) for step in range(schedule.total_steps + 2)]
    warmup = schedule.warmup_steps
    assert all(a < b for a, b in pairwise(rates[:warmup]))
    tail = rates[max(0, warmup - 1) :]
    assert all(a >= b * (1 - 1e-12) for a, b in pairwise(tail))
    assert max(rates) == pytest.approx(schedule.peak)


@given(schedules())
def test_it_ends_at_the_minimum(schedule: Schedule) -> None:
    end = schedule.peak if schedule.kind == "constant" else schedule.minimum
    if schedule.kind == "constant" or schedule.warmup_steps < schedule.total_steps:
        assert schedule.learning_rate(schedule.total_steps) == end
        assert schedule.learning_rate(10 * schedule.total_steps) == end


@pytest.mark.parametrize("kind", ["linear", "cosine", "constant", "wsd"])
def test_the_course_is_that_of_transformers(kind: str) -> None:
    """Theirs counts the warm-up from a step of rate 0, so there ours is one step ahead."""
    transformers = pytest.importorskip("transformers")
    torch = pytest.importorskip("torch")
    total, warmup = 200, 20
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    theirs = {
        "linear": lambda: transformers.get_linear_schedule_with_warmup(optimizer, warmup, total),
        "cosine": lambda: transformers.get_cosine_schedule_with_warmup(optimizer, warmup, total),
        "constant": lambda: transformers.get_constant_schedule_with_warmup(optimizer, warmup),
        "wsd": lambda: transformers.get_wsd_schedule(
            optimizer, warmup, num_decay_steps=50, num_stable_steps=130, decay_type="linear"
        ),
    }[kind]()
    ours = Schedule(kind, 1.0, 0.0, warmup, total, 0.25)
    [course] = theirs.lr_lambdas
    for step in range(total):
        expected = course(step + 1) if step < warmup else course(step)
        assert ours.learning_rate(step) == pytest.approx(expected, abs=1e-12)


def test_the_minimum_is_a_rate_and_no_fraction() -> None:
    assert Schedule("cosine", 1e-3, 1e-4, 0, 10).learning_rate(10) == 1e-4


def test_the_first_step_of_a_warm_up_moves() -> None:
    assert Schedule("cosine", 1e-3, 0.0, 100, 1000).learning_rate(0) == pytest.approx(1e-5)
    assert Schedule("cosine", 1e-3, 0.0, 100, 1000).learning_rate(99) == pytest.approx(1e-3)


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"kind": "cosinus"}, "schedule"),
        ({"peak": 0.0}, "peak"),
        ({"peak": math.nan}, "peak"),
        ({"minimum": 2.0}, "minimum"),
        ({"minimum": -1e-9}, "minimum"),
        ({"minimum": math.nan}, "minimum"),
        ({"total_steps": 0, "warmup_steps": 0}, "total_steps"),
        ({"warmup_steps": 101}, "warmup_steps"),
        ({"warmup_steps": -1}, "warmup_steps"),
        ({"kind": "wsd", "decay_fraction": 0.0}, "decay_fraction"),
        ({"kind": "wsd", "decay_fraction": 1.1}, "decay_fraction"),
        ({"kind": "wsd", "decay_fraction": 0.95}, "decay_fraction"),
    ],
)
def test_impossible_settings_are_refused(values: dict[str, object], named: str) -> None:
    good = {"kind": "cosine", "peak": 1.0, "minimum": 0.1, "warmup_steps": 10, "total_steps": 100}
    with pytest.raises(InputError, match=f"^{named}: ") as caught:
        Schedule(**(good | values))  # type: ignore[arg-type]
    assert "\n" not in str(caught.value) and "; " in str(caught.value)
