"""The audit refuses every figure that no result and no input holds."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from havoc.reason.audit import FreeFigure, check_rendered, check_template, recheck
from havoc.reason.render import Figure, Rendered, render
from havoc.tools import registry

SCOPES = {"r1": {"t": 2.345678, "p_value": 0.0321, "n": 12, "unit": "mm", "none": None}, "f1": 9.5}
SOURCES = {"r1": "r1 t_test", "f1": "question[0:3]"}
TEMPLATE = "The mean differs (t = {{r1.t}}, p {{r1.p_value:p}}, {{r1.n}} values), not {{f1}}."


def shown(template: str = TEMPLATE) -> Rendered:
    return render(template, SCOPES, SOURCES)


def test_an_honest_text_passes() -> None:
    check_template(TEMPLATE)
    check_rendered(shown(), SCOPES)


@pytest.mark.parametrize(
    "planted",
    [
        "Cpk is 1.67.",
        "The mean differs (t = {{r1.t}}, p = 0.05).",
        "1{{r1.t}}",
        "{{r1.t}}5",
        "{{r1.t}} or ٣",
        "{{r1.t}}, see {{ 5 }} or 5",
    ],
)
def test_a_figure_written_into_a_template_is_refused(planted: str) -> None:
    with pytest.raises(FreeFigure, match="written out"):
        check_template(planted)


@given(st.data())
def test_a_digit_planted_anywhere_after_rendering_is_refused(data: st.DataObject) -> None:
    honest = shown()
    position = data.draw(st.integers(min_value=0, max_value=len(honest.text)))
    planted = data.draw(st.sampled_from(["7", "0", "12.5", ".5", "٣"]))
    text = honest.text[:position] + planted + honest.text[position:]
    with pytest.raises(FreeFigure):
        check_rendered(honest, SCOPES, text)


@given(st.data())
def test_a_digit_changed_after_rendering_is_refused(data: st.DataObject) -> None:
    honest = shown()
    places = [place for place, character in enumerate(honest.text) if character.isdigit()]
    place = data.draw(st.sampled_from(places))
    other = data.draw(st.sampled_from("0123456789"))
    assume(other != honest.text[place])
    with pytest.raises(FreeFigure):
        check_rendered(honest, SCOPES, honest.text[:place] + other + honest.text[place + 1 :])


def test_a_false_value_of_a_reference_is_refused() -> None:
    honest = shown()
    honest.figures[0].value = 3.0
    with pytest.raises(FreeFigure, match="not the value of r1"):
        check_rendered(honest, SCOPES)


def test_a_false_text_of_a_reference_is_refused() -> None:
    text = "t = 2.9"
    forged = Rendered(
        text=text,
        figures=[
            Figure(
                text="2.9", reference="r1.t", value=2.345678, source="r1", start=4, end=len(text)
            )
        ],
    )
    with pytest.raises(FreeFigure, match=r"2\.9"):
        check_rendered(forged, SCOPES)


def test_a_result_changed_after_rendering_is_noticed() -> None:
    with pytest.raises(FreeFigure):
        check_rendered(shown(), {**SCOPES, "r1": {**SCOPES["r1"], "t": 9.9}})  # type: ignore[dict-item]


@pytest.mark.parametrize("template", ["{{r1.n}}{{r1.t}}", "{{r1.n}}.{{r1.n}}", "{{r1.n}},{{f1}}"])
def test_two_figures_that_read_as_a_third_are_refused(template: str) -> None:
    with pytest.raises(FreeFigure, match="read as one"):
        check_rendered(shown(template), SCOPES)


@given(st.floats(allow_nan=True), st.sampled_from(["", "p", "%", "full", "unit", ".3f", ".2e"]))
def test_every_way_of_writing_a_value_passes(value: float, spec: str) -> None:
    scopes = {"r1": {"t": value, "unit": "mm"}}
    template = f"t {{{{r1.t:{spec}}}}}" if spec else "t {{r1.t}}"
    check_rendered(render(template, scopes, {"r1": "r1"}), scopes)


def test_recheck_finds_a_falsified_result() -> None:
    arguments = {"group1": [1.0, 2.0, 3.5], "group2": [2.0, 4.0, 6.0]}
    result = registry.execute("t_test_two_sample", arguments)
    assert all(item.recomputed.agrees for item in recheck({"r1": result}))
    result.outcome.t *= 1.001  # type: ignore[attr-defined]
    assert [item.recomputed.name for item in recheck({"r1": result}) if not item.recomputed.agrees]
