"""What is drawn lies where the data say."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.figure import Figure

import chart_examples as examples
from havoc.charts import Flag, Limit, Panel, Series, style
from havoc.charts.panel import draw_panel
from havoc.charts.prepare import flag_text, limit_text


def drawn(panel: Panel) -> Axes:
    axes = Figure().add_subplot()
    draw_panel(axes, panel)
    return axes


def lines(axes: Axes, color: str) -> list[np.ndarray]:
    return [np.array(line.get_xydata()) for line in axes.lines if line.get_color() == color]


def test_a_line_goes_through_its_points_and_flags_sit_on_theirs() -> None:
    axes = drawn(examples.control_chart().panels[0])
    (line,) = lines(axes, style.SERIES_COLORS[0])[:1]
    assert line[:, 0].tolist() == list(range(1, 26))
    assert line[:, 1].tolist() == examples.OBSERVATIONS
    flags = [one for one in axes.lines if one.get_marker() == style.FLAG_MARKER]
    assert [np.array(one.get_xydata()).tolist() for one in flags] == [[[18.0, 74.05]]]
    assert flags[0].get_markerfacecolor() == style.FLAG_COLOR


def test_limits_lie_at_their_values_in_their_colors() -> None:
    axes = drawn(examples.control_chart().panels[0])
    control = style.LIMIT_STYLES["control"].color
    assert sorted(line[0, 1] for line in lines(axes, control)) == [73.97, 74.03]
    specification = style.LIMIT_STYLES["specification"].color
    assert [line[0, 1] for line in lines(axes, specification)] == [74.031]


def test_a_limit_that_varies_has_a_step_at_every_point() -> None:
    axes = drawn(examples.attribute_chart().panels[0])
    (step,) = lines(axes, style.LIMIT_STYLES["control"].color)
    assert step.tolist() == [[0, 0.08], [1, 0.09], [2, 0.085]]


@pytest.mark.parametrize("kind", ["points", "line_points"])
def test_intervals_reach_from_low_to_high(kind: str) -> None:
    series = Series(
        name="m", kind=kind, x=["a", "b"], y=[1.0, 2.0], low=[0.5, 1.75], high=[1.25, 4.0]
    )
    axes = drawn(Panel(x_scale="category", series=[series]))
    (bars,) = (item for item in axes.collections if isinstance(item, LineCollection))
    ends = [np.array(segment)[:, 1].tolist() for segment in bars.get_segments()]
    assert ends == [[0.5, 1.25], [1.75, 4.0]]
    shown = [np.array(item.get_offsets())[:, 1] for item in axes.collections if item is not bars]
    shown += [line[:, 1] for line in lines(axes, style.SERIES_COLORS[0])]
    assert [1.0, 2.0] in [heights.tolist() for heights in shown]


def test_a_band_covers_low_to_high() -> None:
    axes = drawn(
        Panel(
            series=[
                Series(name="f", kind="line", x=[0.0, 1.0], y=[1.0, 2], low=[0.0, 1], high=[3.0, 5])
            ]
        )
    )
    (band,) = axes.collections
    corners = {tuple(corner) for corner in band.get_paths()[0].vertices.tolist()}
    assert {(0.0, 0.0), (1.0, 1.0), (0.0, 3.0), (1.0, 5.0)} <= corners


def test_points_of_a_category_move_sideways_only_and_not_into_the_next() -> None:
    y = [1.0] * 50 + [2.0] * 3
    axes = drawn(
        Panel(
            x_scale="category",
            series=[
                Series(name="a", kind="points", x=["a"] * 53, y=y),
                Series(name="b", kind="points", x=["b"], y=[1.0]),
            ],
        )
    )
    first = next(item for item in axes.collections if isinstance(item, PathCollection))
    places = np.array(first.get_offsets())
    assert places[:, 1].tolist() == y
    assert np.abs(places[:, 0]).max() < 0.45
    assert len(np.unique(places[:50, 0])) == 50
    assert places[:, 0].mean() == pytest.approx(0.0, abs=1e-9)


def test_bars_have_the_height_of_their_values_and_histogram_bars_touch() -> None:
    axes = drawn(examples.histogram().panels[0])
    assert [bar.get_height() for bar in axes.patches] == [2.0, 9.0, 8.0, 3.0]
    edges = [(bar.get_x(), bar.get_x() + bar.get_width()) for bar in axes.patches]
    for (_, right), (left, _) in itertools.pairwise(edges):
        assert right == pytest.approx(left)


def test_bars_that_lie_flat_start_with_the_first_name_on_top() -> None:
    axes = drawn(examples.pareto().panels[0])
    assert [bar.get_width() for bar in axes.patches] == [8.25, 2.125, 0.75]
    bottom, top = axes.get_ylim()
    assert bottom > top
    assert axes.get_xlabel() == "standardized effect"
    flagged, *others = [bar.get_facecolor()[:3] for bar in axes.patches]
    assert flagged not in others
    assert axes.patches[0].get_hatch()


def test_bars_of_several_series_stand_side_by_side() -> None:
    axes = drawn(
        Panel(
            x_scale="category",
            series=[
                Series(name=name, kind="bars", x=["a", "b"], y=[1.0, 2.0]) for name in ("p", "q")
            ],
        )
    )
    spans = sorted((bar.get_x(), bar.get_x() + bar.get_width()) for bar in axes.patches)
    for (_, right), (left, _) in itertools.pairwise(spans):
        assert right <= left + 1e-9


def test_names_keep_the_order_in_which_they_come() -> None:
    axes = drawn(
        Panel(
            x_scale="category",
            series=[Series(name="y", x=["zinc", "alloy", "brass"], y=[1.0, 2.0, 3.0])],
        )
    )
    assert [label.get_text() for label in axes.get_xticklabels()] == ["zinc", "alloy", "brass"]


@pytest.mark.parametrize(
    ("label", "text"),
    [
        ("rule 1: one point beyond three sigma", "1"),
        ("rule 1, rule 5", "1,5"),
        ("rules 2 and 3", "2,3"),
        ("Nelson rule 4", "4"),
        ("test #6", "6"),
        ("significant", "significant"),
        ("A", "A"),
        ("1", "1"),
        ("a very long remark about this point", "a very long r…"),
    ],
)
def test_the_mark_beside_a_point_is_short(label: str, text: str) -> None:
    assert flag_text(label) == text


def test_several_reasons_at_one_point_share_a_mark() -> None:
    series = Series(
        name="y",
        x=[1.0, 2.0],
        y=[1.0, 2.0],
        flags=[Flag(index=1, label="rule 1"), Flag(index=1, label="rule 5: two of three")],
    )
    texts = [text.get_text() for text in drawn(Panel(series=[series])).texts]
    assert texts == ["1,5"]


def test_labels_of_limits() -> None:
    assert limit_text(Limit(label="UCL", role="control", value=74.0312345)) == "UCL = 74.031"
    assert limit_text(Limit(label="LCL", role="control", value=0.0)) == "LCL = 0"
    assert limit_text(Limit(label="zero", role="reference", value=0.0)) == "zero"
    assert limit_text(Limit(label="UCL", role="control", values=[1.0, 2.5])) == "UCL = 2.5"
    assert limit_text(Limit(label="UCL", role="control")) == "UCL"


def test_written_ticks_stand_where_they_lie_in_the_data() -> None:
    series = Series(name="failures", kind="points", x=[1.0, 2.0, 3.0], y=[-2.0, 0.0, 1.0])
    ticks = {"1 %": -4.6, "10 %": -2.25, "50 %": -0.367, "90 %": 0.834, "99.9 %": 1.93}
    plain, axes = drawn(Panel(series=[series])), drawn(Panel(series=[series], y_ticks=ticks))
    assert [label.get_text() for label in axes.get_yticklabels()] == ["10 %", "50 %", "90 %"]
    assert list(axes.get_yticks()) == [-2.25, -0.367, 0.834]
    assert axes.get_ylim() == plain.get_ylim()
