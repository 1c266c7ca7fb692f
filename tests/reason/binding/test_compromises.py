"""Goals and limits of several responses in people's own words."""

from __future__ import annotations

from typing import Any

import pytest

from havoc.reading.question import read_question
from havoc.reason.binding import NeedsInput, bind
from havoc.tools import registry

KEYS = ("name", "goal", "low", "target", "high", "value")


def responses(text: str) -> list[dict[str, Any]]:
    binding = bind("desirability", read_question(text))
    registry.execute(binding.operation, binding.args)
    return list(binding.args["responses"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Tear strength at least 35, ideally 50; odour not above 6, 2 would be excellent. "
            "Candidate C gave 44 and 3.5. Composite?",
            [
                ("Tear strength", "maximize", 35, 50, None, 44),
                ("odour", "minimize", None, 2, 6, 3.5),
            ],
        ),
        (
            "hardness 62 HRC perfect, 55 is scrap; warp 0.1 mm ideal and 0.4 no way. one figure?",
            [
                ("hardness", "maximize", 55, 62, None, None),
                ("warp", "minimize", None, 0.1, 0.4, None),
            ],
        ),
        (
            "viscosity 900/1200/1500 cP, solids max 40-55 %, price EUR 3 to EUR 5, how to rank?",
            [
                ("viscosity", "target", 900, 1200, 1500, None),
                ("solids", "maximize", 40, 55, None, None),
                ("price", "minimize", None, 3, 5, None),
            ],
        ),
        (
            "I need stiff (20 is poor, 35 is excellent) and light (1.2 kg is superb, 2 kg is "
            "hopeless). Part 7 reached 30 at 1.5",
            [
                ("stiff", "maximize", 20, 35, None, 30),
                ("light", "minimize", None, 1.2, 2, 1.5),
            ],
        ),
        (
            "gap .13 (.08-.16 tgt .12) flush .01 (+-.03 tgt 0), overall D",
            [("gap", "target", 0.08, 0.12, 0.16, 0.13), ("flush", "target", -0.03, 0, 0.03, 0.01)],
        ),
        (
            "torque 12 ± 2, got 12.6; leak 0.5 (0 ideal, 2 fail)",
            [("torque", "target", 10, 12, 14, 12.6), ("leak", "minimize", None, 0, 2, 0.5)],
        ),
        (
            "yield: d=0 at 60, d=1 at 90; purity: d=0 at 95, d=1 at 99. I got 80 and 98",
            [("yield", "maximize", 60, 90, None, 80), ("purity", "maximize", 95, 99, None, 98)],
        ),
        (
            "The taste must be above 6 and ideally 9, sugar below 12 and ideally 5",
            [("taste", "maximize", 6, 9, None, None), ("sugar", "minimize", None, 5, 12, None)],
        ),
        (
            '{"grip":{"target":20,"low":15,"high":28},"mass":{"min":true,"low":3,"high":9}} score',
            [("grip", "target", 15, 20, 28, None), ("mass", "minimize", None, 3, 9, None)],
        ),
        (
            "stiffness max (30 bad, 50 good), weight min (10 good, 20 bad). stiffness 41 weight 13",
            [
                ("stiffness", "maximize", 30, 50, None, 41),
                ("weight", "minimize", None, 10, 20, 13),
            ],
        ),
        (
            "wytrzymałość max 300..400 mam 371; grubość cel 100 (90-110) mam 98",
            [
                ("wytrzymałość", "maximize", 300, 400, None, 371),
                ("grubość", "target", 90, 100, 110, 98),
            ],
        ),
    ],
)
def test_limits_in_peoples_words(text: str, expected: list[tuple[Any, ...]]) -> None:
    assert [tuple(item.get(key) for key in KEYS) for item in responses(text)] == expected


def test_a_response_that_counts_more() -> None:
    found = responses(
        "more power (100 no good, 150 great), less noise (80 no, 65 fine); noise counts twice"
    )
    assert [(item["goal"], item["importance"]) for item in found] == [
        ("maximize", 1.0),
        ("minimize", 2.0),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "whats the D for peel 5 and haze 2",
        "optimise strength and cost, strength 40 cost 3",
        "peel max 2 to 6 got 5, haze min 0 to 4",
    ],
)
def test_what_is_not_said_is_asked_for(text: str) -> None:
    with pytest.raises(NeedsInput):
        bind("desirability", read_question(text))
