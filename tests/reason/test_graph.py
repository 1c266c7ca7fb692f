"""The operator graph: order, refusals, and what happens behind a failed step."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from havoc.reason.graph import OperatorGraph, PlanError, Subgoal


def subgoal(name: str, *dependencies: str) -> Subgoal:
    return Subgoal(
        id=name, description=name, operation="describe", args={}, dependencies=list(dependencies)
    )


def test_a_cycle_an_unknown_dependency_and_a_double_are_refused() -> None:
    with pytest.raises(PlanError, match="g1 depends on unknown g1"):
        OperatorGraph([subgoal("g1", "g1")])
    with pytest.raises(PlanError, match="g1 depends on unknown g2"):
        OperatorGraph([subgoal("g1", "g2"), subgoal("g2", "g1")])
    with pytest.raises(PlanError, match="unknown g9"):
        OperatorGraph([subgoal("g1", "g9")])
    with pytest.raises(PlanError, match="exists already"):
        OperatorGraph([subgoal("g1"), subgoal("g1")])


@given(st.integers(min_value=1, max_value=15), st.randoms(use_true_random=False))
def test_nothing_is_ready_before_what_it_needs(size: int, chance: random.Random) -> None:
    graph = OperatorGraph()
    for number in range(size):
        needed = [f"g{earlier}" for earlier in range(number) if chance.random() < 0.4]
        graph.add(subgoal(f"g{number}", *needed))
    done: list[str] = []
    while ready := graph.ready():
        chosen = chance.choice(ready)
        assert set(chosen.dependencies) <= set(done)
        chosen.status = "done"
        done.append(chosen.id)
    assert len(done) == len(graph) == size


def test_what_needs_a_failed_step_is_skipped_all_the_way_down() -> None:
    graph = OperatorGraph(
        [subgoal("a"), subgoal("b", "a"), subgoal("c", "b"), subgoal("d"), subgoal("e", "d")]
    )
    graph["a"].status = "failed"
    assert [item.id for item in graph.skip_blocked()] == ["b", "c"]
    assert [item.id for item in graph.ready()] == ["d"]
    graph["d"].status = "done"
    assert graph.skip_blocked() == []
    assert [item.id for item in graph.ready()] == ["e"]
