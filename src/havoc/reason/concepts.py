"""Questions about a concept: answered from the documentation of the methods.

Nothing is computed. The sentences of the documentation that share most words with
the question are quoted and cited; what it does not cover is said to be missing.
"""

from __future__ import annotations

import inspect
import re

from havoc.reading.prose import STOPWORDS
from havoc.reason.answer import Citation
from havoc.reason.patterns import hits
from havoc.reason.planner import Plan
from havoc.reason.workspace import Workspace
from havoc.tools import registry

LIMIT = 3
QUOTED = 3
_SENTENCE = re.compile(r"(?<=[.?!])\s+(?=[A-Z`*])")
_ASKING = frozenset(
    "what whats difference mean means explain define when why how use used work works distinguish "
    "choose simple words term between versus which interpret".split()
)


def explain(plan: Plan, workspace: Workspace) -> tuple[str, list[str]]:
    """(conclusion, details): quoted sentences as fact references."""
    names = _operations(plan, workspace.question)
    terms = _terms(workspace.question)
    quoted = [
        (score, name, sentence)
        for name in names
        for sentence in _sentences(name)
        if (score := len(terms & _terms(sentence)))
    ]
    quoted.sort(key=lambda item: (-item[0], names.index(item[1])))
    titled = [name for name in names if terms & _terms(registry.get(name).title)]
    if not quoted and titled:
        quoted = [(0, titled[0], sentence) for sentence in _sentences(titled[0])]
    if not quoted:
        return (
            "The documentation of this version does not cover that concept.",
            ["Ask about a method that this program computes."],
        )
    best = [sentence for _, _, sentence in quoted[:QUOTED]]
    conclusion = " ".join(
        workspace.fact(sentence, _source(name)) for _, name, sentence in quoted[:1]
    )
    details = []
    if len(best) > 1:
        details.append(
            " ".join(
                workspace.fact(sentence, _source(name)) for _, name, sentence in quoted[1:QUOTED]
            )
        )
    for number, name in enumerate(names, start=1):
        declared = registry.get(name)
        title = workspace.fact(declared.title, _source(name))
        summary = workspace.fact(" ".join(declared.summary.split()), _source(name))
        origin = workspace.fact(declared.source, _source(name))
        details.append(f"**{title}.** {summary} (Source: {origin}.)")
        workspace.citations.append(
            Citation(
                id=f"c{number}",
                title=declared.title,
                source=declared.source,
                quote=next((item[2] for item in quoted if item[1] == name), declared.summary),
            )
        )
    return conclusion, details


def _source(name: str) -> str:
    return f"havoc documentation: {name}"


def _sentences(name: str) -> list[str]:
    declared = registry.get(name)
    text = f"{declared.summary}\n\n{inspect.getdoc(declared.result_type) or ''}"
    return [
        " ".join(part.split())
        for paragraph in text.split("\n\n")
        for part in _SENTENCE.split(" ".join(paragraph.split()))
        if len(part) > 12 and not part.endswith("?") and not part.startswith("`")
    ]


def _terms(text: str) -> set[str]:
    """Telling words; a plural and its singular count as one."""
    text = re.sub(r"\b([a-z]) (value|chart)", r"\1-\2", text.lower())
    words = re.findall(r"[a-z][a-z0-9\-]*", text)
    kept = {word for word in words if word not in STOPWORDS | _ASKING and len(word) > 1}
    return {word[:-1] if word.endswith("s") and len(word) > 3 else word for word in kept}


def _operations(plan: Plan, question: str) -> list[str]:
    """The methods that the question names, else the one it is closest to."""
    named = [name.split(".")[0] for name in hits(question) if name.endswith(".0")]
    known = [name for name in dict.fromkeys([plan.operation, *named]) if name in registry]
    ranked = {guess.name: position for position, guess in enumerate(plan.guesses)}
    known.sort(key=lambda name: ranked.get(name, len(ranked)))
    return known[:LIMIT]
