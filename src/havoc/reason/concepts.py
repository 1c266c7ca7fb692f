"""Questions about a concept: answered in quoted sentences of the knowledge base.

Nothing is computed and nothing is rephrased. Every sentence carries the number of its citation;
the audit compares it with the quote, and the quote with the passage. What the base does not
hold is said to be missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from havoc.rag import KnowledgeBase
from havoc.rag.extract import CitedSentence, Explanation, explain_from, unsupported
from havoc.reason.answer import Citation
from havoc.reason.workspace import Workspace

BUILTIN = "builtin"
NOT_FOUND = "That is not in the knowledge base"


@cache
def _builtin() -> KnowledgeBase:
    return KnowledgeBase.open(BUILTIN)


def open_bases(wanted: Sequence[str]) -> list[KnowledgeBase]:
    """The bases of these names, the built-in one first. Raises InputError: there is none."""
    own = [name for name in dict.fromkeys(wanted) if name != BUILTIN]
    return [_builtin(), *(KnowledgeBase.open(name) for name in own)]


def ground(question: str, wanted: Sequence[str]) -> tuple[Explanation, list[KnowledgeBase]]:
    """Passages for a question and the sentences of them that answer it."""
    bases = open_bases(wanted)
    return explain_from(bases, question), bases


def grounding_summary(explanation: Explanation) -> str:
    """What was found, and what of it was not used."""
    found = explanation.found
    flagged = sum(passage.flagged for passage in found.passages)
    return (
        f"{len(found.passages)} passages by {found.ranking}"
        + (f"; {found.note}" if found.note else "")
        + (f"; {flagged} read like instructions and were left out" if flagged else "")
    )


def cite(explanation: Explanation, workspace: Workspace) -> None:
    """Number the sentences and record what each of them quotes."""
    for number, sentence in enumerate(explanation.sentences, start=1):
        passage = sentence.passage
        licence = f" ({passage.licence})" if passage.licence else ""
        workspace.citations.append(
            Citation(
                id=str(number),
                title=passage.place,
                source=f"{passage.source}{licence}",
                quote=sentence.text,
            )
        )


def check_sentences(
    explanation: Explanation, workspace: Workspace, bases: Sequence[KnowledgeBase]
) -> list[str]:
    """Why sentences do not stand; a sentence named here must not be shown."""
    held = {base.name: base for base in bases}
    quotes = {
        citation.id: (
            citation.quote,
            held[sentence.passage.base].passage_text(sentence.passage.id),
        )
        for citation, sentence in zip(workspace.citations, explanation.sentences, strict=True)
    }
    answer = [
        (sentence.text, str(number)) for number, sentence in enumerate(explanation.sentences, 1)
    ]
    return unsupported(answer, quotes)


def explain(explanation: Explanation, workspace: Workspace) -> tuple[str, list[str]]:
    """(conclusion, details) as fact references; both say so where nothing was found."""
    if explanation.found.note:
        note = workspace.fact(explanation.found.note, "knowledge base")
        workspace.caveats.append(f"{note}.")
    for typed, meant in explanation.corrected.items():
        read = workspace.fact(f"“{typed}” was read as “{meant}”", "question")
        workspace.caveats.append(f"{read}.")
    if not explanation.sentences:
        missing = ", ".join(f"“{word}”" for word in explanation.missing[:6])
        named = workspace.fact(missing, "question") if missing else ""
        return (
            f"{NOT_FOUND}: no passage has {named}." if named else f"{NOT_FOUND}.",
            ["Documents of your own are added with havoc kb add and used with --kb."],
        )
    first, *others = [
        _shown(sentence, number, workspace)
        for number, sentence in enumerate(explanation.sentences, start=1)
    ]
    if explanation.missing:
        missing = workspace.fact(", ".join(f"“{w}”" for w in explanation.missing[:6]), "question")
        workspace.caveats.append(f"No passage that was found has {missing}.")
    return first, [" ".join(others)] if others else []


def _shown(sentence: CitedSentence, number: int, workspace: Workspace) -> str:
    text = workspace.fact(" ".join(sentence.text.split()), sentence.passage.id)
    mark = workspace.fact(f"[{number}]", "citation")
    return f"{text} {mark}"
