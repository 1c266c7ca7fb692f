"""An answer as one HTML page."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import answer_examples as examples
from havoc.errors import InputError
from havoc.report import report_html, write_report

VOID = {"meta", "br", "hr", "img", "input", "link", "use", "path"}


class Page(HTMLParser):
    """The page as a browser reads it: elements, attributes, text of each section."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.headings: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "h2":
            self.headings.append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag, f"</{tag}> closes nothing"

    def handle_data(self, data: str) -> None:
        if not {"style"} & set(self.open):
            self.text += data
        if self.open and self.open[-1] == "h2":
            self.headings[-1] += data


def assert_passive(html: str) -> Page:
    """Nothing in the page runs, loads, or leads anywhere."""
    page = Page(html)
    assert not page.open
    forbidden = {"script", "iframe", "object", "embed", "img", "image", "link", "a", "form", "base"}
    forbidden |= {"foreignobject", "input", "audio", "video", "animate", "set"}
    for tag, attributes in page.elements:
        assert tag not in forbidden
        for name, value in attributes.items():
            assert not name.startswith("on")
            assert name not in {"src", "srcset", "action", "formaction", "background", "poster"}
            if name in ("href", "xlink:href"):
                assert (value or "").startswith("#")
            if name == "style":
                assert "url(" not in (value or "") or "url(#" in (value or "")
    style = re.search(r"<style>(.*?)</style>", html, re.DOTALL)
    assert style is not None
    assert "url(" not in style[1]
    assert "@import" not in style[1]
    return page


def test_the_page_says_everything_with_the_conclusion_first() -> None:
    answer = examples.comparison()
    page = assert_passive(report_html(answer))
    text_of_page = page.text[page.text.index("analysis report") :]
    places = [
        text_of_page.index(text)
        for text in (
            "Is line B thicker than line A?",
            answer["conclusion"],
            "mean of line B",
            "The difference is",
            "Does it hold with pooled variances?",
            "Only four values a line.",
            "line B is the group that is claimed to be larger.",
            "comparison of two groups",
            "5.796550698475785",
            "TEST t two_sample",
        )
    ]
    assert places == sorted(places)
    assert page.headings == [
        "Key figures",
        "Chart",
        "Answer",
        "Checks: what could have overturned this",
        "Caveats",
        "How the data were read",
        "Sources",
        "How the answer was reached",
        "Tool calls",
        "Where every figure comes from",
        "Do it again",
    ]
    assert "supports: the same direction" in page.text
    assert "could not be run: group1: 4 values given" in " ".join(page.text.split())
    assert "Leaving one value out" in page.text
    assert "86 %" in page.text
    assert "havoc 0.1.0" in page.text


def test_the_conclusion_is_not_said_twice() -> None:
    answer = examples.comparison() | {"tool_calls": [], "trace": []}
    html = report_html(answer)
    body = html[html.index("<main>") :]
    assert body.count(answer["conclusion"].replace("<", "&lt;")) == 1


def test_charts_stand_in_the_page_with_their_values() -> None:
    html = report_html(examples.comparison())
    assert html.count("<svg") == 1
    page = Page(html)
    assert "Values in this chart" in page.text
    assert ("svg", "img") in {(tag, attrs.get("role")) for tag, attrs in page.elements}
    ids = re.findall(r'\bid="([^"]+)"', html)
    assert len(ids) == len(set(ids))


def test_two_equal_charts_share_no_invalid_reference() -> None:
    answer = examples.comparison()
    answer["charts"] *= 2
    html = report_html(answer)
    assert html.count("<svg") == 2


def test_a_policy_forbids_scripts_and_the_network() -> None:
    html = report_html(examples.comparison())
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', html)
    assert policy is not None
    assert policy[1].startswith("default-src 'none'; style-src 'unsafe-inline'")
    assert html.index("Content-Security-Policy") < html.index("<style>")


def test_the_same_answer_gives_the_same_page() -> None:
    assert report_html(examples.comparison()) == report_html(examples.comparison())


def test_an_answer_without_anything_but_a_question_back() -> None:
    page = assert_passive(report_html(examples.clarification()))
    assert page.headings == []
    assert "Needs clarification" in page.text


@pytest.mark.parametrize("status", ["declined", "out_of_scope", "anything else"])
def test_other_statuses(status: str) -> None:
    assert_passive(report_html(examples.clarification() | {"status": status}))


def test_hostile_text_is_text_everywhere() -> None:
    page = assert_passive(report_html(examples.hostile()))
    assert page.text.count("<script>alert(1)</script>") > 30
    assert "\x1b" not in page.text
    assert "\u202e" not in page.text
    # The template engine does not evaluate what a user wrote.
    assert "{{7*7}}" in page.text


@settings(max_examples=8, deadline=None)
@given(st.text(max_size=30))
def test_any_text_leaves_the_page_passive(text: str) -> None:
    assert_passive(report_html(examples.hostile(text)))


@pytest.mark.parametrize(
    "text",
    [
        "</title><script>",
        "--></style><img src=x onerror=alert(1)>",
        "]]></svg><script>",
        "\"' onmouseover='alert(1)",
        "</pre></details></main>",
    ],
)
def test_text_cannot_leave_its_element(text: str) -> None:
    assert_passive(report_html(examples.hostile(text)))


def test_a_chart_that_cannot_be_read_does_not_lose_the_rest() -> None:
    answer = examples.comparison() | {"charts": [{"kind": "x", "title": "t", "panels": 7}]}
    page = assert_passive(report_html(answer))
    assert "This chart cannot be drawn" in page.text
    assert "mean of line B" in page.text


def test_long_data_are_cut_and_that_is_said() -> None:
    answer = examples.comparison()
    answer["tool_calls"][0]["args"]["group1"] = [1.0] * 100_000
    html = report_html(answer)
    assert len(html) < 400_000
    assert "… 98000 more" in html


def test_missing_and_infinite_figures() -> None:
    answer = examples.comparison()
    answer["tool_calls"][0]["result"] |= {"nothing": None, "table": [{"a": 1.5}], "nan": None}
    answer["figures"].append({"text": "∞", "reference": "r1.ci_high", "value": None, "source": ""})
    assert_passive(report_html(answer))


def test_the_file_is_written_whole(tmp_path: Path) -> None:
    written = write_report(examples.comparison(), tmp_path / "report.html")
    assert written.read_text(encoding="utf-8") == report_html(examples.comparison())
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


@pytest.mark.parametrize("name", ["report.pdf", "report", "missing/report.html"])
def test_a_bad_place_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=name.split("/")[0]):
        write_report(examples.comparison(), tmp_path / name)
    assert not list(tmp_path.iterdir())
