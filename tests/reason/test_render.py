"""References are filled once, from recorded values, and nothing else is a reference."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from havoc.reason.render import UnknownReference, render, scope

SCOPES = {
    "r1": {"t": 2.5, "unit": "mm", "pairs": [{"p": 0.2}, {"p": 0.04}], "name": "{{r1.t}}"},
    "f1": "question {{r1.t}} {{f1}}",
    "f2": 12.0,
}
SOURCES = {"r1": "r1 t_test", "f1": "question[0:4]", "f2": "question[5:7]"}


def test_values_units_formats_and_places_in_lists() -> None:
    shown = render("{{r1.t:unit}}, p {{r1.pairs.1.p:p}}, of {{f2}}", SCOPES, SOURCES)
    assert shown.text == "2.5 mm, p = 0.04, of 12"
    assert [(item.reference, item.value, item.source) for item in shown.figures] == [
        ("r1.t", 2.5, "r1 t_test"),
        ("r1.pairs.1.p", 0.04, "r1 t_test"),
        ("f2", 12.0, "question[5:7]"),
    ]
    assert [shown.text[item.start : item.end] for item in shown.figures] == [
        item.text for item in shown.figures
    ]


def test_what_a_value_says_is_never_a_reference() -> None:
    assert render("{{r1.name}}", SCOPES, SOURCES).text == "{{r1.t}}"
    assert render("{{f1}}", SCOPES, SOURCES).text == "question {{r1.t}} {{f1}}"


@pytest.mark.parametrize(
    "template",
    [
        "{{r2.t}}",
        "{{r1.p}}",
        "{{r1.pairs.2.p}}",
        "{{r1.pairs.-1.p}}",
        "{{r1.pairs.².p}}",
        "{{r1.t.real}}",
        "{{r1.t.__class__}}",
        "{{f3}}",
        "{{r1}}",
        "{{r1.t:zz}}",
        "{{r1.t:>99999999999999999999}}",
    ],
)
def test_a_reference_that_cannot_be_filled_is_an_error(template: str) -> None:
    with pytest.raises(UnknownReference, match="reference"):
        render(template, SCOPES, SOURCES)


def test_relative_references_get_the_name_of_their_result() -> None:
    assert scope("{{t}} {{ratio:unit}} {{r_squared}} {{f_ratio}} {{f1}} {{r2.t}}", "r7") == (
        "{{r7.t}} {{r7.ratio:unit}} {{r7.r_squared}} {{r7.f_ratio}} {{f1}} {{r2.t}}"
    )


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_text_as_a_value_comes_out_as_it_is(value: str, before: str) -> None:
    template = before.replace("{", "(") + "{{f1}}"
    shown = render(template, {"f1": value}, {"f1": "question"})
    assert shown.text == before.replace("{", "(") + value
    assert len(shown.figures) == 1
