"""The Markdown of answers."""

from __future__ import annotations

import time
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from havoc.markdown import parse, spans, to_html

ALLOWED = {
    *("p", "h3", "ul", "ol", "li", "table", "thead", "tbody", "tr", "th", "td"),
    *("strong", "code", "pre"),
}


class Tags(HTMLParser):
    """Collects the tags, and that every opened one is closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.attributes: list[object] = []
        self.open: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.attributes += attrs
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def read(html: str) -> Tags:
    tags = Tags()
    tags.feed(html)
    tags.close()
    assert not tags.open
    return tags


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("one\ntwo", "<p>one two</p>"),
        ("one\n\ntwo", "<p>one</p>\n<p>two</p>"),
        ("a **bold** word", "<p>a <strong>bold</strong> word</p>"),
        ("call `f(x)` now", "<p>call <code>f(x)</code> now</p>"),
        ("- a\n- b\n  more", "<ul><li>a</li><li>b more</li></ul>"),
        ("1. a\n2. b", "<ol><li>a</li><li>b</li></ol>"),
        ("## Head", "<h3>Head</h3>"),
        ("text\n- item", "<p>text</p>\n<ul><li>item</li></ul>"),
        ("```\na < b\n  c\n```", "<pre>a &lt; b\n  c</pre>"),
        ("5 * 3 * 2 and A*B*C", "<p>5 * 3 * 2 and A*B*C</p>"),
        (r"\*\*not bold\*\*", "<p>**not bold**</p>"),
        ("p < 0.001 & n > 3", "<p>p &lt; 0.001 &amp; n &gt; 3</p>"),
        ("", ""),
    ],
)
def test_what_answers_use(text: str, html: str) -> None:
    assert to_html(text) == html


def test_a_table_with_an_escaped_bar_and_a_short_row() -> None:
    html = to_html("| a | b |\n|---|:-:|\n| x \\| y | **2** |\n| z |")
    assert "<th>a</th><th>b</th>" in html
    assert "<td>x | y</td><td><strong>2</strong></td>" in html
    assert "<td>z</td><td></td>" in html


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "[click](javascript:alert(1))",
        "![x](http://example.org/x.png)",
        "<img src=x onerror=alert(1)>",
        "**<b onclick=x>**",
        "`</code><script>`",
        "| <svg/onload=x> |\n|---|\n| </td><script> |",
        "- <iframe>\n1. <object>",
        "&lt;script&gt;",
    ],
)
def test_what_looks_like_markup_is_text(text: str) -> None:
    tags = read(to_html(text))
    assert tags.seen <= ALLOWED
    assert not tags.attributes


@given(st.text(alphabet="ab*`|-\n #<>&\"'\\1.[]()", max_size=120) | st.text(max_size=80))
def test_any_text_gives_closed_and_allowed_tags(text: str) -> None:
    tags = read(to_html(text))
    assert tags.seen <= ALLOWED
    assert not tags.attributes


@given(st.text(alphabet="abc defg\n", max_size=100))
def test_no_word_is_lost(text: str) -> None:
    assert read(to_html(text)).text.split() == text.split()


def test_spans_of_a_line() -> None:
    assert [tuple(span) for span in spans("a **b** `c` d")] == [
        ("a ", ""),
        ("b", "strong"),
        (" ", ""),
        ("c", "code"),
        (" d", ""),
    ]


@pytest.mark.parametrize("unit", ["*", "`", "|", "-", "|-", "** ", "\\", "#", "- \n", "|\n|-|\n"])
def test_long_input_takes_no_long_time(unit: str) -> None:
    start = time.process_time()
    parse(unit * 30_000)
    list(spans(unit * 30_000))
    to_html(unit * 5_000)
    assert time.process_time() - start < 2
