"""ANSWER: the text, from narratives and references only.

Every sentence passes the audit before it is shown. A sentence that does not pass
is withheld and the withholding is said; it is never repaired.
"""

from __future__ import annotations

from typing import Any

import msgspec

from havoc.errors import HavocError
from havoc.formatting import figure
from havoc.reason.answer import AnswerTable, FigureSource
from havoc.reason.audit import check_rendered, check_template
from havoc.reason.render import Rendered, render, scope
from havoc.reason.tables import tables_of
from havoc.reason.workspace import Workspace
from havoc.tools import registry


class Text(msgspec.Struct, kw_only=True):
    """The parts of an answer, rendered and audited."""

    conclusion: str = ""
    details: list[str] = []
    key_figures: list[tuple[str, str]] = []
    roles: list[str] = []
    caveats: list[str] = []
    checks: list[str] = []
    assumptions: list[str] = []
    tables: list[AnswerTable] = []
    figures: list[FigureSource] = []
    withheld: list[str] = []

    def markdown(self) -> str:
        """The answer as Markdown: inferred roles, conclusion, detail, checks, caveats.

        How the question was read comes first: if that is wrong, so is the rest.
        """
        parts = []
        if self.roles:
            parts.append("Read from the question: " + "; ".join(self.roles) + ".")
        parts.append(f"**{self.conclusion}**" if self.conclusion else "")
        parts += self.details
        if self.key_figures:
            parts.append("\n".join(f"- {label}: {value}" for label, value in self.key_figures))
        parts += [_markdown_table(table) for table in self.tables]
        if self.checks:
            parts.append("Checks:\n\n" + "\n".join(f"- {line}" for line in self.checks))
        if self.caveats:
            parts.append("Caveats:\n\n" + "\n".join(f"- {line}" for line in self.caveats))
        return "\n\n".join(part for part in parts if part)


def _markdown_table(table: AnswerTable) -> str:
    def cells(values: list[Any]) -> str:
        return "| " + " | ".join(figure(value).replace("|", "/") for value in values) + " |"

    head = [
        cells([column.replace("_", " ") for column in table.columns]),
        cells(["---"] * len(table.columns)),
    ]
    return "\n".join([f"{table.title}:", "", *head, *(cells(row) for row in table.rows)])


def _sentence(text: str) -> str:
    """A capital letter in front, unless a name that the user chose stands there."""
    return text[0].upper() + text[1:] if text.startswith(("the ", "a ", "there ")) else text


class Composer:
    """Renders templates against the results and facts of a workspace, and keeps provenance."""

    def __init__(self, workspace: Workspace) -> None:
        self._scopes: dict[str, Any] = {**workspace.facts}
        self._sources = {**workspace.fact_sources}
        for record in workspace.calls:
            result = workspace.results.get(record.id)
            if result is None:
                continue
            plain = result.to_json()
            plain["args"] = result.args
            self._scopes[record.id] = plain
            self._sources[record.id] = f"{record.id} {record.operation}"
        self.text = Text()

    def show(self, template: str) -> str:
        """The rendered text, or an empty string if the audit refuses it."""
        try:
            check_template(template)
            rendered = render(template, self._scopes, self._sources)
            check_rendered(rendered, self._scopes)
        except HavocError as refusal:
            self.text.withheld.append(str(refusal))
            return ""
        self._keep(rendered)
        return rendered.text

    def _keep(self, rendered: Rendered) -> None:
        self.text.figures += [
            FigureSource(
                text=item.text, reference=item.reference, value=item.value, source=item.source
            )
            for item in rendered.figures
        ]


def compose(workspace: Workspace) -> Text:
    """Text of an executed plan."""
    composer = Composer(workspace)
    text = composer.text
    conclusions = []
    for record in workspace.calls:
        if record.purpose != "answer":
            continue
        result = workspace.results.get(record.id)
        if result is None:
            continue
        narrative = registry.get(record.operation).narrate(result.outcome)
        conclusions.append(composer.show(scope(narrative.conclusion, record.id)))
        text.details += [
            shown
            for detail in narrative.details
            if (shown := composer.show(scope(detail, record.id)))
        ]
        for label, value in narrative.key_figures:
            shown_label = composer.show(scope(label, record.id))
            shown_value = composer.show(scope(value, record.id))
            known = any(shown_label == other for other, _ in text.key_figures)
            if shown_label and shown_value and not known:
                text.key_figures.append((shown_label, shown_value))
        text.caveats += [
            composer.show(f"{{{{{record.id}.warnings.{index}}}}}")
            for index in range(len(result.outcome.warnings))
        ]
        text.tables += [
            table
            for table in tables_of(record.id, result)
            if not any(table.rows == other.rows for other in text.tables)
        ]
    text.conclusion = " ".join(_sentence(part) for part in conclusions if part)
    if not text.conclusion:
        text.conclusion = (
            "The conclusion was withheld, because the audit could not trace every figure in it."
        )
    if workspace.verdict == "disputed":
        text.caveats.insert(
            0, "A counter-analysis comes to the other decision; treat the conclusion as undecided."
        )
    text.roles = list(
        dict.fromkeys(shown for role in workspace.roles if (shown := composer.show(role)))
    )
    text.caveats += [shown for item in workspace.caveats if (shown := composer.show(item))]
    _show_checks(workspace, composer)
    text.caveats += [
        shown
        for argument in workspace.arguments
        if argument.side == "pragmatist" and (shown := composer.show(argument.text))
    ]
    text.caveats = list(dict.fromkeys(item for item in text.caveats if item))
    return text


def _show_checks(workspace: Workspace, composer: Composer) -> None:
    """Assumptions that the tools checked, and counter-analyses with their verdict."""
    text = composer.text
    calls = {record.id: record for record in workspace.calls if record.purpose == "check"}
    for argument in workspace.arguments:
        if argument.side == "pragmatist":
            continue
        shown = composer.show(argument.text)
        if not shown:
            continue
        text.checks.append(shown)
        if argument.cites in calls:
            calls[argument.cites].verdict = f"{argument.stance}: {shown}"
        else:
            text.assumptions.append(shown)
