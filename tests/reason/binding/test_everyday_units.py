"""Conversions in everyday words: what is bound, without running the tool."""

from __future__ import annotations

import pytest

from havoc.reading.question import read_question
from havoc.reason.binding import BINDERS
from havoc.reason.binding.arguments import Binding
from havoc.reason.binding.evidence import Evidence


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("3 gal a minute in L/h?", [(3.0, "gal a minute", "L/h")]),
        ("250 Å in nm", [(250.0, "Å", "nm")]),
        ("40 psi -> bar", [(40.0, "psi", "bar")]),
        ("tyre 2.2 bar psi", [(2.2, "bar", "psi")]),
        ("9 lb/ft3 is ... kg/m3", [(9.0, "lb/ft3", "kg/m3")]),
        ("10, 20, 35 mm in inch", [(v, "mm", "inch") for v in (10.0, 20.0, 35.0)]),
        ("run 4 12 psi in bar", [(12.0, "psi", "bar")]),
    ],
)
def test_a_conversion(question: str, expected: list[tuple[float, str, str]]) -> None:
    binding = Binding(operation="unit_conversion")
    BINDERS["unit_conversion"](Evidence(read_question(question)), binding)
    calls = [call.args for call in (binding, *binding.more)]
    assert [(a["value"], a["from_unit"], a["to_unit"]) for a in calls] == expected
