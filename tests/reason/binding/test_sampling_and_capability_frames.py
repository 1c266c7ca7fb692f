"""Double plans, variables plans and capability studies in an engineer's words."""

from __future__ import annotations

from typing import Any

import pytest

from havoc.reading.question import read_question
from havoc.reason.binding import bind
from havoc.tools import registry


def bound(operation: str, question: str) -> dict[str, Any]:
    """The arguments without unit, after the tool has accepted them."""
    binding = bind(operation, read_question(question))
    registry.execute(binding.operation, binding.args)
    return {name: value for name, value in binding.args.items() if name != "unit"}


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("first 32 (Ac 1 Re 4), then 32 (Ac 4 Re 5). Chance at 1, 3 and 6 %?",
         {"n": [32, 32], "accept": [1, 4], "reject": [4, 5], "p": [0.01, 0.03, 0.06]}),
        ("we take 40; at most 1 bad passes; otherwise another 60 and up to 4 in total are allowed",
         {"n": [40, 60], "accept": [1, 4]}),
        ("forty each time, cumulative accept 0, 2, 4; p = 2, 5 %",
         {"n": [40, 40, 40], "accept": [0, 2, 4], "p": [0.02, 0.05]}),
        ("1 % bad we like, 7 % not, both risks 10 %, second sample twice the first",
         {"aql": 0.01, "ltpd": 0.07, "alpha": 0.1, "beta": 0.1, "ratio": 2}),
        ("double, which samples from 3200 bolts at AQL 1.5, tightened",
         {"lot_size": 3200, "aql": 0.015, "inspection": "tightened"}),
    ],
)  # fmt: skip
def test_double_sampling(question: str, expected: dict[str, Any]) -> None:
    assert bound("double_sampling", question) == expected


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("twelve measured, acceptability constant 1.7: chance at 1, 2 and 5 %?",
         {"n": 12, "k": 1.7, "p": [0.01, 0.02, 0.05]}),
        ("criterion mean - 1.4 s above min 18.0, values 19.2 19.6 18.9 19.4 19.1",
         {"lsl": 18.0, "k": 1.4, "data": [19.2, 19.6, 18.9, 19.4, 19.1]}),
        ("Z1.9, 1200 springs, AQL 1.0 %, level II",
         {"lot_size": 1200, "aql": 0.01, "level": "II"}),
    ],
)  # fmt: skip
def test_variables_plans(question: str, expected: dict[str, Any]) -> None:
    assert bound("acceptance_sampling_variables", question) == expected


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("rejects 4 2 6 3 5 of 400 checked per lot, we promised 1.5 %",
         {"defectives": [4, 2, 6, 3, 5], "sample_size": 400, "target": 0.015}),
        ("dents 3 1 4 2 5 on pallets of 25, goal 0.2 per panel, poisson",
         {"defects": [3, 1, 4, 2, 5], "sample_size": 25, "target": 0.2}),
    ],
)  # fmt: skip
def test_capability_of_counts(question: str, expected: dict[str, Any]) -> None:
    assert bound("capability_attribute", question) == expected


@pytest.mark.parametrize(
    ("operation", "question", "expected"),
    [
        ("capability_between_within",
         "3 sheets a book: 7.0 7.1 7.0 7.4 7.5 7.4 "
         "6.8 6.7 6.8 7.1 7.2 7.1 mm. Spec 6 to 8, need 1.33",
         {"data": [7.0, 7.1, 7.0, 7.4, 7.5, 7.4, 6.8, 6.7, 6.8, 7.1, 7.2, 7.1],
          "subgroup_size": 3, "lsl": 6.0, "usl": 8.0, "cpk_required": 1.33}),
        ("capability_between_within",
         "b1 5.1 5.2 b2 5.6 5.5 b3 4.9 5.0 b4 5.3 5.4 mm; spec 4 - 6.5; between/within",
         {"subgroups": [[5.1, 5.2], [5.6, 5.5], [4.9, 5.0], [5.3, 5.4]], "lsl": 4.0, "usl": 6.5}),
        ("capability_between_within",
         "roll;front;back\n1;8.1;8.2\n2;8.6;8.5\n3;7.9;8.0\n4;8.3;8.3\nlsl 7, usl 9.5",
         {"subgroups": [[8.1, 8.2], [8.6, 8.5], [7.9, 8.0], [8.3, 8.3]], "lsl": 7.0, "usl": 9.5}),
        ("capability_sixpack",
         "sixpack, in production order: 3.41 3.38 3.45 3.40 3.37 3.43 3.39 3.46, LSL 3.2, USL 3.6",
         {"data": [3.41, 3.38, 3.45, 3.40, 3.37, 3.43, 3.39, 3.46], "lsl": 3.2, "usl": 3.6}),
    ],
)  # fmt: skip
def test_capability_studies(operation: str, question: str, expected: dict[str, Any]) -> None:
    assert bound(operation, question) == expected
