"""Explanations say only what their citations say: the check, and twenty sentences it must catch."""

from __future__ import annotations

import pytest

from havoc.rag import KnowledgeBase
from havoc.rag.extract import explain_from, quotable, unsupported
from havoc.rag.passages import sentences
from havoc.reason import ask
from havoc.reason.answer import Answer
from havoc.tools import registry

PASSAGE = (
    "Cp and Cpk use the variation within subgroups. Pp and Ppk use the overall standard deviation. "
    "A process with Cp = 2.0 that runs off-center has a lower Cpk. It is not a proof of stability."
)
QUOTE = "Cp and Cpk use the variation within subgroups."
CENTRE = "A process with Cp = 2.0 that runs off-center has a lower Cpk."
PROOF = "It is not a proof of stability."
QUOTES = {"1": (QUOTE, PASSAGE), "2": (CENTRE, PASSAGE), "3": (PROOF, PASSAGE)}

PLANTED = [
    # another figure, sign, name or direction
    ("A process with Cp = 2.1 that runs off-center has a lower Cpk.", "2"),
    ("A process with Cp = 20 that runs off-center has a lower Cpk.", "2"),
    ("A process with Cp = -2.0 that runs off-center has a lower Cpk.", "2"),
    ("A process with Cp = 2.0 that runs off-center has a higher Cpk.", "2"),
    ("A process with Cp = 2.0 that runs off-center has a lower Ppk.", "2"),
    ("A process with Cpk = 2.0 that runs off-center has a lower Cp.", "2"),
    # a negation more or less
    ("It is a proof of stability.", "3"),
    ("Cp and Cpk do not use the variation within subgroups.", "1"),
    # rephrased, shortened, stretched, joined
    ("Cp and Cpk use the within-subgroup variation.", "1"),
    ("Cp uses the variation within subgroups.", "1"),
    ("Cp and Cpk use the variation within subgroups only.", "1"),
    ("Cp and Cpk use the variation within subgroups. Therefore Cpk is better.", "1"),
    (f"{QUOTE} {CENTRE}", "1"),
    ("Cp and Cpk use the variation", "1"),
    ("CP AND CPK USE THE VARIATION WITHIN SUBGROUPS.", "1"),
    # a citation of something else, or of nothing
    (QUOTE, "2"),
    (QUOTE, "7"),
    (QUOTE, ""),
    # another alphabet that looks the same, and nothing at all
    ("Cp and Cрk use the variation within subgroups.", "1"),
    ("   ", "1"),
]


def test_what_stands_passes() -> None:
    answer = [(QUOTE, "1"), (CENTRE.replace(" ", "\n "), "2"), (PROOF, "3")]
    assert unsupported(answer, QUOTES) == []


@pytest.mark.parametrize(("sentence", "cited"), PLANTED)
def test_planted_sentences_are_caught(sentence: str, cited: str) -> None:
    (reason,) = unsupported([(QUOTE, "1"), (sentence, cited)], QUOTES)
    assert "\n" not in reason


def test_there_are_twenty_planted_sentences() -> None:
    assert len(PLANTED) == 20


def test_a_quote_that_does_not_stand_in_its_passage_is_caught() -> None:
    (reason,) = unsupported([("Made up.", "1")], {"1": ("Made up.", PASSAGE)})
    assert "does not stand in its passage" in reason


CONCEPTS = [
    "What is the difference between Cp and Ppk?",
    "What is the difference between Cp and Cpk?",
    "What is a control chart?",
    "Explain aliasing in a fractional factorial design",
    "What is a p-value?",
    "When do I prefer an EWMA chart over a Shewhart chart?",
    "What does a Weibull shape below one mean?",
    "Why randomise the run order?",
    "Kappa is low although raw agreement is 95 %. How can that be?",
    "What is the difference between repeatability and reproducibility?",
    "What is a tolerance interval?",
    "what is kappa in attribute agreement",
]


@pytest.mark.parametrize("question", CONCEPTS)
def test_every_sentence_of_an_explanation_is_what_it_cites(question: str) -> None:
    """Read from the answer text itself, not from what the program says of it."""
    answer = ask(question)
    assert answer.status == "answered" and answer.tool_calls == [], answer.conclusion
    base = KnowledgeBase.open()
    passages = [
        (passage.place, passage.text) for passage in explain_from([base], question).found.passages
    ]
    shown = "\n".join([answer.conclusion, *answer.details])
    assert shown
    for number, citation in enumerate(answer.citations, start=1):
        assert citation.id == str(number)
        mark = f"{' '.join(citation.quote.split())} [{number}]"
        assert mark in shown
        shown = shown.replace(mark, "")
        assert any(citation.quote in text for place, text in passages if place == citation.title)
        assert citation.source
    assert not shown.strip(), f"not cited: {shown!r}"


@pytest.mark.parametrize(
    "question",
    [
        "What is the difference between a zorbificator and a blunderquist?",
        "Explain the Kowalczyk-Fernandez flurbometry index",
        "What does the glorptation coefficient mean in SPC?",
    ],
)
def test_what_is_not_there_is_said(question: str) -> None:
    base = KnowledgeBase.open()
    explanation = explain_from([base], question)
    assert explanation.sentences == [] and explanation.missing


def test_it_is_said_in_the_answer() -> None:
    answer = ask("What is the difference between a zorbification chart and a blunderquist chart?")
    assert answer.status == "out_of_scope" and answer.citations == []
    assert "not in the knowledge base" in answer.conclusion
    assert isinstance(answer, Answer)


@pytest.mark.parametrize("text", ["This shows it.", "See Figure 3.", "Is it so?", "LET Y = CPK X"])
def test_fragments_are_not_quoted(text: str) -> None:
    assert not quotable(text)


# the built-in base -------------------------------------------------------------------


def test_only_licences_that_may_be_passed_on() -> None:
    base = KnowledgeBase.open()
    licences = {record.licence for record in base.documents()}
    assert licences == {
        "Apache-2.0",
        "BSD-3-Clause",
        "CC-BY-3.0",
        "CC-BY-SA-3.0",
        "CC-BY-SA-4.0",
        "public domain (US government work)",
    }
    assert all(record.source and record.title for record in base.documents())
    assert not any("cran" in record.id or "qcc" in record.id for record in base.documents())


@pytest.mark.parametrize("name", registry.list())
def test_the_page_that_a_computed_answer_cites_is_in_the_base(name: str) -> None:
    base = KnowledgeBase.open()
    page = " ".join(chunk.text for chunk in base.document_text(f"methods/{name}"))
    quote = " ".join(registry.get(name).summary.split("\n\n")[0].split())
    assert quote.replace("`", "") in " ".join(page.split()).replace("`", "")


def test_the_pages_of_the_project_are_the_current_ones() -> None:
    """What docs/methods and docs/concepts say is in the base; if not, run knowledge/build.py."""
    import sys
    from pathlib import Path

    folder = Path(__file__).parents[2] / "knowledge"
    if not folder.is_dir():
        pytest.skip("the sources of the base are not here")
    sys.path.insert(0, str(folder))
    try:
        from build import concept_pages, method_pages
    finally:
        sys.path.pop(0)
    from havoc.rag.chunks import chunks_of

    base = KnowledgeBase.open()
    own = [*method_pages(), *concept_pages()]
    assert len(own) > 200
    kept = {record.id for record in base.documents() if record.licence == "Apache-2.0"}
    assert kept == {document.id for document in own}
    for document in own:
        ids = [chunk.id for chunk in base.document_text(document.id)]
        assert ids == [chunk.id for chunk in chunks_of(document)], document.id


def test_no_residue_is_left() -> None:
    base = KnowledgeBase.open()
    assert base.index is not None
    residue = ("\\satmean", ">>>", "TODO", "{: #", "data-type=", "<SUBSET", "[\\[link")
    for record in base.documents():
        for chunk in base.document_text(record.id):
            assert not [mark for mark in residue if mark in chunk.text], chunk.id
            assert list(sentences(chunk.text))
