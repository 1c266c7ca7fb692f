"""Charts as files."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import chart_examples as examples
from havoc.charts import ChartSpec, Panel, Series, style
from havoc.charts.figure import figure_svg, save_figure
from havoc.errors import InputError

SVG = "{http://www.w3.org/2000/svg}"


def texts(svg: str) -> list[str]:
    return ["".join(node.itertext()) for node in ElementTree.fromstring(svg).iter(f"{SVG}text")]


@pytest.mark.parametrize(
    ("name", "magic"),
    [("a.png", b"\x89PNG"), ("a.PNG", b"\x89PNG"), ("a.svg", b"<?xml"), ("a.pdf", b"%PDF")],
)
def test_the_suffix_decides_the_format(tmp_path: Path, name: str, magic: bytes) -> None:
    written = save_figure(examples.control_chart(), tmp_path / name)
    assert written.read_bytes().startswith(magic)
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", ["chart.jpg", "chart", "chart.html"])
def test_another_suffix_is_refused_with_the_remedy(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=r"\.png, \.svg or \.pdf"):
        save_figure(examples.pareto(), tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_a_place_that_does_not_exist_is_named(tmp_path: Path) -> None:
    place = tmp_path / "nowhere" / "chart.png"
    with pytest.raises(InputError, match="nowhere"):
        save_figure(examples.pareto(), place)


@pytest.mark.parametrize("make", examples.ALL, ids=lambda make: make.__name__)
def test_the_same_chart_gives_the_same_text_and_nothing_active(make: object) -> None:
    chart = make()  # type: ignore[operator]
    svg = figure_svg(chart)
    assert svg == figure_svg(chart)
    root = ElementTree.fromstring(svg)
    assert root.tag == f"{SVG}svg"
    for node in root.iter():
        name = node.tag.removeprefix(SVG)
        assert name not in {"script", "foreignObject", "image", "a", "style", "metadata"}
        for attribute, value in node.attrib.items():
            assert not attribute.lower().startswith("on")
            if attribute.endswith("href"):
                assert value.startswith("#")
            for reference in re.findall(r"url\(([^)]*)\)", value):
                assert reference.startswith("#")
    assert not re.search(r"\b20\d\d-\d\d-\d\d", svg)


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_files_are_the_same_on_every_run(tmp_path: Path, suffix: str) -> None:
    first = save_figure(examples.histogram(), tmp_path / f"a.{suffix}").read_bytes()
    second = save_figure(examples.histogram(), tmp_path / f"b.{suffix}").read_bytes()
    assert first == second


def test_a_users_own_matplotlib_settings_change_nothing(tmp_path: Path) -> None:
    (tmp_path / "matplotlibrc").write_text(
        "font.size: 30\nlines.linewidth: 9\nsvg.fonttype: path\n"
    )
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import chart_examples as e;"
        "from havoc.charts.figure import figure_svg; sys.stdout.write(figure_svg(e.pareto()));"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    environment = {**os.environ, "MATPLOTLIBRC": str(tmp_path / "matplotlibrc")}
    run = subprocess.run(
        [sys.executable, "-c", code, str(Path(__file__).parent.parent)],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout == figure_svg(examples.pareto())


def test_drawing_leaves_no_trace_in_matplotlib() -> None:
    before = dict(matplotlib.rcParams)
    figure_svg(examples.control_chart())
    assert dict(matplotlib.rcParams) == before


def test_threads_draw_the_same_charts() -> None:
    makers = [examples.control_chart, examples.pareto, examples.groups]
    alone = [figure_svg(make()) for make in makers]
    drawn: dict[int, str] = {}

    def draw(index: int) -> None:
        drawn[index] = figure_svg(makers[index % 3]())

    threads = [threading.Thread(target=draw, args=(index,)) for index in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [drawn[index] for index in range(6)] == alone * 2


def test_ids_of_two_charts_do_not_meet_in_one_page() -> None:
    first, second = figure_svg(examples.control_chart()), figure_svg(examples.histogram())
    ids = [set(re.findall(r'\bid="([^"]+)"', svg)) for svg in (first, second)]
    assert ids[0]
    assert not ids[0] & ids[1]
    for svg, known in zip((first, second), ids, strict=True):
        used = re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)', svg)
        assert {a or b for a, b in used} <= known


def test_a_control_chart_shows_limits_with_values_and_the_rule_at_the_flagged_point() -> None:
    svg = figure_svg(examples.control_chart())
    shown = texts(svg)
    for label in ("UCL = 74.03", "CL = 74.001", "LCL = 73.97", "USL = 74.031", "UCL = 0.04", "1"):
        assert label in shown
    assert any("rule 1: one point beyond three sigma" in text for text in shown)
    assert "limits from all values" in shown
    looks = style.LIMIT_STYLES
    for role in ("center", "control", "specification"):
        assert looks[role].color.lower() in svg.lower()
    assert len({look.color for look in looks.values()}) >= 5
    assert len({(look.color, str(look.dashes)) for look in looks.values()}) == len(looks)


def test_flagged_points_are_told_by_symbol_and_color() -> None:
    flagged = figure_svg(examples.control_chart())
    panel = examples.control_chart().panels[0]
    plain = Series(name="bore", x=panel.series[0].x, y=panel.series[0].y)
    unflagged = figure_svg(ChartSpec(kind="i", title="", panels=[Panel(series=[plain])]))
    assert f"fill: {style.FLAG_COLOR.lower()}" in flagged.lower()
    assert style.FLAG_COLOR.lower() not in unflagged.lower()
    assert style.FLAG_MARKER not in style.SERIES_MARKERS[:1]


def test_labels_of_close_limits_do_not_overlap() -> None:
    root = ElementTree.fromstring(figure_svg(examples.control_chart()))
    heights = {}
    for node in root.iter(f"{SVG}text"):
        text = "".join(node.itertext())
        if text.startswith(("USL", "UCL = 74", "+2s", "CL")):
            place = re.search(r"([-\d.]+) ([-\d.]+)\)|y: *([-\d.]+)", node.get("transform", ""))
            y = float(node.get("y") or (place[2] if place else "nan"))
            heights[text] = y
    ordered = sorted(heights.values())
    assert len(ordered) == 4
    assert min(np.diff(ordered)) > 9.5


def test_spread_labels_keep_their_order_and_move_no_more_than_needed() -> None:
    from havoc.charts.prepare import apart

    places = [0.0, 1.0, 1.0, 50.0]
    moved = apart(places, 10.0)
    assert moved[3] == 50.0
    assert moved[0] < moved[1] < moved[2]
    assert np.diff(sorted(moved)).min() >= 10.0 - 1e-9
    assert np.mean(moved[:3]) == pytest.approx(np.mean(places[:3]))


def test_a_pareto_lies_flat_so_that_names_can_be_read() -> None:
    shown = texts(figure_svg(examples.pareto()))
    assert "temperature of the bath" in shown
    assert "critical t = 2.31" in shown
    assert "significant" in shown


def test_contours_are_labelled_and_have_a_color_bar() -> None:
    shown = texts(figure_svg(examples.contour()))
    assert "yield, %" in shown
    assert sum(text in {"70", "72", "74", "76", "78"} for text in shown) >= 6


def test_log_axes_have_plain_numbers() -> None:
    shown = texts(figure_svg(examples.regression()))
    assert "10" in shown
    assert "100" in shown
    assert not any("^" in text or "mathdefault" in text for text in shown)


def test_text_from_users_is_shown_not_interpreted() -> None:
    svg = figure_svg(examples.hostile())
    assert "\x1b" not in svg
    assert "\u202e" not in svg
    assert "<script" not in svg
    assert any("$x^2$ <script>alert(1)</script>" in text for text in texts(svg))


def test_formulas_are_not_parsed_and_cannot_fail(tmp_path: Path) -> None:
    chart = examples.hostile(r"$\frac{1}{$ \unknown $$ 100\% $")
    assert save_figure(chart, tmp_path / "a.png").stat().st_size > 1000
    assert any(r"$\frac{1}{$" in text for text in texts(figure_svg(chart)))


def test_very_long_names_are_shortened() -> None:
    chart = examples.hostile("x" * 5000)
    assert max(len(text) for text in texts(figure_svg(chart))) < 260


@settings(max_examples=6, deadline=None)
@given(st.text(max_size=40))
def test_any_text_gives_well_formed_svg(text: str) -> None:
    root = ElementTree.fromstring(figure_svg(examples.hostile(text)))
    assert root.tag == f"{SVG}svg"


@pytest.mark.parametrize("index", range(len(examples.awkward())))
def test_awkward_charts_are_drawn(index: int) -> None:
    ElementTree.fromstring(figure_svg(examples.awkward()[index]))


def test_a_long_series_is_thinned_and_keeps_its_spike() -> None:
    y = np.sin(np.arange(200_000) / 900.0)
    y[123_457] = 40.0
    series = Series(name="y", kind="line", x=np.arange(200_000.0).tolist(), y=y.tolist())
    start = time.perf_counter()
    svg = figure_svg(ChartSpec(kind="run", title="", panels=[Panel(series=[series])]))
    assert time.perf_counter() - start < 5
    assert len(svg) < 1_500_000
    assert "40" in texts(svg)


def test_importing_charts_loads_no_renderer() -> None:
    code = (
        "import sys, havoc.charts;"
        "print([n for n in ('matplotlib', 'plotext', 'rich', 'jinja2') if n in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
