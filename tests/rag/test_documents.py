"""Documents as their readers see them, against files that other programs wrote."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import docx
import matplotlib.pyplot as plt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.backends.backend_pdf import PdfPages

from havoc.errors import InputError
from havoc.rag import read_document
from havoc.rag.documents import clean_id, decoded
from havoc.rag.html_text import html_blocks
from havoc.rag.passages import sentences
from havoc.rag.plain_text import markdown_blocks


def test_markdown(tmp_path: Path) -> None:
    path = tmp_path / "note.md"
    path.write_text(
        "# Gage study\n\nUse **ten** parts, see [the guide](https://example.org/x).\n\n"
        "- first\n- second\n  goes on\n\n## Limits\n\n```\na = 1\n\nb = 2\n```\n"
        "<!-- not shown --><b>bold</b> text\n",
        encoding="utf-8",
    )
    document = read_document(path, licence="internal")
    assert (document.id, document.title, document.licence) == ("note.md", "Gage study", "internal")
    assert [(b.kind, b.text) for b in document.blocks] == [
        ("heading", "Gage study"),
        ("text", "Use ten parts, see the guide."),
        ("item", "first"),
        ("item", "second goes on"),
        ("heading", "Limits"),
        ("code", "a = 1\n\nb = 2"),
        ("text", "bold text"),
    ]


def test_html_shows_what_a_reader_sees() -> None:
    blocks = html_blocks(
        "<html><head><title>no</title><style>p{}</style></head><body><nav>menu</nav>"
        "<h1>Charts</h1><p>Points <b>beyond</b> the limits&nbsp;&amp; runs.<script>x()</script>"
        "<p>Second<br>line<ul><li>one<li>two</ul><pre>a\n b</pre>"
        "<table><tr><td>LSL</td><td>9.5</td></tr></table></body></html>"
    )
    assert [(b.kind, b.text) for b in blocks] == [
        ("heading", "Charts"),
        ("text", "Points beyond the limits & runs."),
        ("text", "Second line"),
        ("item", "one"),
        ("item", "two"),
        ("code", "a\n b"),
        ("text", "LSL 9.5"),
    ]


def test_docx_as_word_writes_it(tmp_path: Path) -> None:
    written = docx.Document()
    written.add_heading("Work instruction", 0)
    written.add_heading("Measuring", 1)
    written.add_paragraph("Clamp the part and zero the gage.")
    written.add_paragraph("Read twice.", style="List Bullet")
    table = written.add_table(1, 2)
    table.cell(0, 0).text, table.cell(0, 1).text = "USL", "10.5"
    written.save(str(tmp_path / "wi.docx"))
    document = read_document(tmp_path / "wi.docx")
    assert document.title == "Work instruction"
    assert [(b.kind, b.level, b.text) for b in document.blocks] == [
        ("heading", 1, "Work instruction"),
        ("heading", 1, "Measuring"),
        ("text", 0, "Clamp the part and zero the gage."),
        ("item", 0, "Read twice."),
        ("text", 0, "USL"),
        ("text", 0, "10.5"),
    ]


def test_pdf_keeps_its_pages(tmp_path: Path) -> None:
    with PdfPages(tmp_path / "two.pdf") as pages:
        for text in ("The first page is about charts.", "The second page is about gages."):
            figure = plt.figure()
            figure.text(0.1, 0.5, text)
            pages.savefig(figure)
            plt.close(figure)
    document = read_document(tmp_path / "two.pdf")
    assert [(block.page, block.text) for block in document.blocks] == [
        (1, "The first page is about charts."),
        (2, "The second page is about gages."),
    ]


@pytest.mark.parametrize(
    ("data", "text", "warned"),
    [
        ("Prüfmaß ±3σ".encode(), "Prüfmaß ±3σ", False),
        (b"\xef\xbb\xbfwith a mark", "with a mark", False),
        ("sixteen".encode("utf-16"), "sixteen", False),
        ("Prüfmaß".encode("cp1252"), "Prüfmaß", True),
    ],
)
def test_encodings(data: bytes, text: str, warned: bool) -> None:
    assert decoded(data, "x")[0] == text
    assert bool(decoded(data, "x")[1]) == warned


def test_sentences_are_exact_spans() -> None:
    text = "Cpk (see e.g. Fig. 3) is 1.33. It is enough? Yes!\n- an item. Dr. Box said so."
    assert [text[a:b] for a, b in sentences(text)] == [
        "Cpk (see e.g. Fig. 3) is 1.33.",
        "It is enough?",
        "Yes!",
        "an item.",
        "Dr. Box said so.",
    ]


@given(st.text(max_size=300))
def test_any_text_is_read_without_a_defect(text: str) -> None:
    for blocks in (markdown_blocks(text), html_blocks(text)):
        assert all(block.text.strip() for block in blocks)
    spans = list(sentences(text))
    assert all(0 <= a < b <= len(text) for a, b in spans)
    assert all(first[1] <= second[0] for first, second in pairwise(spans))


@pytest.mark.parametrize(
    ("given_id", "kept"),
    [
        ("../../etc/passwd", "etc/passwd"),
        ("/abs/file.md", "abs/file.md"),
        ("C:\\manuals\\a.pdf", "C:/manuals/a.pdf"),
        ("a\x1b[31m\nb.txt", "a[31m b.txt"),
        ("part#2", "part_2"),
    ],
)
def test_ids_lead_nowhere(given_id: str, kept: str) -> None:
    assert clean_id(given_id) == kept


def test_an_id_of_nothing_is_refused() -> None:
    with pytest.raises(InputError, match="no document id"):
        clean_id("../..")
