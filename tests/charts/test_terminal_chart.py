"""Charts in a terminal."""

from __future__ import annotations

import re
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import chart_examples as examples
from havoc.charts import ChartSpec, Panel, Series
from havoc.charts.terminal import terminal_chart

COLOR_CODE = re.compile(r"\x1b\[[0-9;]*m")
EVERY = [*(make() for make in examples.ALL), *examples.awkward()]


@pytest.mark.parametrize("index", range(len(EVERY)))
@pytest.mark.parametrize("width", [40, 80, 132])
def test_no_line_is_wider_than_the_terminal(index: int, width: int) -> None:
    drawn = terminal_chart(EVERY[index], width=width, height=20)
    assert max((len(line) for line in drawn.split("\n")), default=0) <= width
    assert "\x1b" not in drawn
    assert drawn == terminal_chart(EVERY[index], width=width, height=20)


@pytest.mark.parametrize("index", range(len(EVERY)))
def test_color_adds_color_codes_only(index: int) -> None:
    plain = terminal_chart(EVERY[index])
    colored = COLOR_CODE.sub("", terminal_chart(EVERY[index], use_color=True))
    assert [line.rstrip() for line in colored.split("\n")] == plain.split("\n")


@pytest.mark.parametrize("index", range(len(EVERY)))
def test_without_unicode_everything_is_ascii(index: int) -> None:
    assert terminal_chart(EVERY[index], use_unicode=False).isascii()


def test_a_control_chart_shows_limits_and_the_flagged_point() -> None:
    drawn = terminal_chart(examples.control_chart(), width=80, height=30)
    for text in ("UCL = 74.03", "CL = 74.001", "LCL = 73.97", "USL = 74.031", "■", "Moving range"):
        assert text in drawn
    assert "rule 1: one point beyond three sigma" in drawn
    assert "\x1b[38;5;9m" in terminal_chart(examples.control_chart(), use_color=True)


def test_the_flagged_point_is_the_highest_of_its_panel() -> None:
    lines = terminal_chart(examples.control_chart(), width=80, height=30).split("\n")
    start = lines.index("Individual values")
    marked = [i for i, line in enumerate(lines) if "■" in line]
    points = [i for i, line in enumerate(lines[start : start + 14], start) if "●" in line]
    assert len(marked) == 1
    assert marked[0] < min(points)


def test_bars_are_as_long_as_their_values() -> None:
    lines = terminal_chart(examples.pareto(), width=80).split("\n")
    lengths = {
        name: next(line for line in lines if name in line).count("█")
        for name in ("temperature", "pressure", "operator")
    }
    assert lengths["temperature"] > lengths["pressure"] > lengths["operator"] > 0
    assert lengths["pressure"] / lengths["temperature"] == pytest.approx(2.125 / 8.25, abs=0.06)
    assert any("8.25 ■ significant" in line for line in lines)
    assert any("critical t = 2.31" in line for line in lines)


def test_a_surface_has_a_key_of_its_shades() -> None:
    drawn = terminal_chart(examples.contour(), width=80)
    assert "yield, %:" in drawn
    assert "█=" in drawn
    assert "●" in drawn


def test_groups_on_the_axis_look_alike_and_means_do_not() -> None:
    drawn = terminal_chart(examples.groups(), width=80)
    assert "◆ mean" in drawn
    assert "■" not in drawn
    assert "line A" in drawn


def test_escape_sequences_in_names_never_reach_the_terminal() -> None:
    drawn = terminal_chart(examples.hostile(), use_color=True)
    left = COLOR_CODE.sub("", drawn)
    assert "\x1b" not in left
    assert "\x07" not in left
    assert "\u202e" not in left
    # The red that the name asked for is only text now.
    assert "[31m$x^2$" in left


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60))
def test_any_text_stays_within_its_line(text: str) -> None:
    drawn = terminal_chart(examples.hostile(text), width=60)
    assert all(len(line) <= 60 for line in drawn.split("\n"))
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", drawn)


def test_a_long_series_is_thinned_and_keeps_its_spike() -> None:
    y = np.zeros(300_000)
    y[123_456] = 40.0
    series = Series(name="y", kind="line", x=np.arange(300_000.0).tolist(), y=y.tolist())
    chart = ChartSpec(kind="run", title="", panels=[Panel(series=[series])])
    terminal_chart(chart)
    start = time.perf_counter()
    drawn = terminal_chart(chart, height=20)
    assert time.perf_counter() - start < 2
    assert "40┤" in drawn
    top = drawn.split("\n")[1]
    assert re.search(r"[\u2801-\u28ff]", top)
