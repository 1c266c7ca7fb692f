"""Answers on a terminal."""

from __future__ import annotations

import io
import re
import subprocess
import sys
import unicodedata
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

import answer_examples as examples
from havoc.cli.terminal import brief, print_answer

COLOR_CODE = re.compile(r"\x1b\[[0-9;]*m")


def shown(answer: dict[str, Any], *, width: int = 80, explain: bool = False, **options: Any) -> str:
    file = options.pop("file", None) or io.StringIO()
    console = Console(file=file, width=width, **options)
    print_answer(answer, console=console, explain=explain)
    return str(file.getvalue()) if isinstance(file, io.StringIO) else ""


def one_line(text: str) -> str:
    return " ".join(re.sub("[│╭╮╰╯─]", " ", text).split())


def test_roles_then_conclusion_then_figures_chart_checks_caveats() -> None:
    answer = examples.comparison()
    text = one_line(shown(answer))
    places = [
        text.index(part)
        for part in (
            "Read as line B is the group",
            "The mean of line B is above that of line A",
            "mean of line B 12.775 mm",
            "every value and the mean",
            "The difference is 0.7 mm.",
            "Does it hold with pooled variances?",
            "Only four values a line.",
            "confidence 86 %, budget MEDIUM, planner rules",
        )
    ]
    assert places == sorted(places)
    assert "supports: the same direction" in text
    assert "could not be run: group1" in text
    assert text.count(answer["conclusion"]) == 1


def test_explain_adds_the_trace_and_the_calls() -> None:
    brief_text, full = shown(examples.comparison()), shown(examples.comparison(), explain=True)
    for part in ("How the answer was reached", "Tool calls", "Where the figures come from"):
        assert part not in brief_text
        assert part in full
    text = one_line(full)
    assert "EXECUTE one call" in text
    assert "r1 t_test_two_sample (answer)" in text
    assert "group1 [12.8, 12.6, 13, 12.7]" in text
    assert "5.7966 r1.t t_test_two_sample of question[57:76]" in text
    assert "NIST handbook. section 7.3.1" in text


@pytest.mark.parametrize("width", [40, 60, 80, 200])
@pytest.mark.parametrize("explain", [False, True])
def test_no_line_is_wider_than_the_terminal(width: int, explain: bool) -> None:
    text = shown(examples.comparison(), width=width, explain=explain)
    assert max(len(line) for line in text.split("\n")) <= width


def test_without_a_terminal_there_are_no_escape_sequences() -> None:
    assert "\x1b" not in shown(examples.comparison(), explain=True)


def test_no_color_is_respected_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    colors = re.compile(r"\x1b\[[0-9;]*(?:3[0-7]|38|9[0-7]|4[0-8])[0-9;]*m")
    options: dict[str, Any] = {"force_terminal": True, "color_system": "256"}
    assert colors.search(shown(examples.comparison(), **options))
    monkeypatch.setenv("NO_COLOR", "1")
    assert not colors.search(shown(examples.comparison(), **options))


def test_color_changes_no_text() -> None:
    plain = shown(examples.comparison(), explain=True)
    colored = shown(
        examples.comparison(), explain=True, force_terminal=True, color_system="truecolor"
    )
    bare = COLOR_CODE.sub("", colored)
    assert [line.rstrip() for line in bare.split("\n")] == [
        line.rstrip() for line in plain.split("\n")
    ]


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "utf-8"])
@pytest.mark.parametrize("make", [examples.comparison, examples.hostile], ids=["plain", "hostile"])
def test_every_encoding_can_be_printed(encoding: str, make: Any) -> None:
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding=encoding, errors="strict")
    shown(make(), explain=True, file=file)
    file.flush()
    assert b"Tool calls" in raw.getvalue()


def test_the_status_decides_the_title() -> None:
    assert "One question first" in shown(examples.clarification())
    assert "Declined" in shown(examples.clarification() | {"status": "declined"})
    assert "Out of scope" in shown(examples.clarification() | {"status": "out_of_scope"})


def test_hostile_text_is_neither_markup_nor_command() -> None:
    colored = shown(
        examples.hostile(), explain=True, width=200, force_terminal=True, color_system="truecolor"
    )
    bare = COLOR_CODE.sub("", colored)
    assert "\x1b" not in bare
    assert "\x07" not in bare
    assert "\u202e" not in bare
    # rich would have eaten the tag and drawn it red.
    assert bare.count("[bold red]$x$[/]") > 10


@settings(max_examples=25, deadline=None)
@given(st.text(max_size=30))
def test_any_text_can_be_printed(text: str) -> None:
    printed = shown(examples.hostile(text), explain=True)
    controls = {c for c in printed if unicodedata.category(c).startswith("C")}
    assert controls <= {"\n"}


def test_a_broken_chart_does_not_lose_the_rest() -> None:
    text = shown(examples.comparison() | {"charts": [{"kind": 1}]})
    assert "cannot be drawn" in text
    assert "Only four values a line." in text


def test_further_charts_are_announced() -> None:
    answer = examples.comparison()
    answer["charts"] *= 3
    assert "2 more in the report" in shown(answer)


def test_long_values_are_shortened() -> None:
    assert brief([1.0] * 1000) == "[1, 1, 1, 1, 1, 1, 1, 1, … (1000 in all)]"
    assert len(brief({f"k{i}": list(range(100)) for i in range(50)})) <= 160
    assert brief(None) == "not available"
    assert brief(True) == "yes"


def test_an_answer_without_a_chart_loads_no_renderer() -> None:
    code = (
        "import sys, io; from rich.console import Console;"
        "from havoc.cli.terminal import print_answer;"
        "print_answer({'status': 'answered', 'conclusion': 'x', 'answer': 'x'},"
        " console=Console(file=io.StringIO()));"
        "print([n for n in ('matplotlib', 'plotext', 'jinja2') if n in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
