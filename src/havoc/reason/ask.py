"""The eight stages: MODE, GROUND, PLAN, EXECUTE, ARGUE, ARBITER, AUDIT, ANSWER.

``ask`` is the whole analyst. Each stage is a function over the workspace; each
appends one event, and the trace, the report and the audit read that log.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from havoc.errors import InputError
from havoc.reading.files import read_table, table_from_object
from havoc.reading.question import Reading, read_question
from havoc.reading.table import Table
from havoc.reason.answer import Answer, Citation, Status, TraceEntry
from havoc.reason.arbiter import arbitrate
from havoc.reason.argue import argue
from havoc.reason.audit import recheck
from havoc.reason.binding import Binding
from havoc.reason.compose import Composer, Text, compose
from havoc.reason.constraints import check_constraints
from havoc.reason.execute import execute_graph
from havoc.reason.graph import OperatorGraph
from havoc.reason.planner import Context, Plan, Planner
from havoc.reason.planners import DEFAULT, planner_of
from havoc.reason.pragmatist import weigh_practically
from havoc.reason.reproduce import as_dsl, as_python
from havoc.reason.route import route
from havoc.reason.workspace import BUDGETS, Event, Workspace
from havoc.tools import registry

MAX_QUESTION = 200_000
MAX_TABLE_WARNINGS = 12


UNCERTAIN = 0.6
"""Below this probability of the plan the answer says how the question was taken."""

LEFT_ASIDE = "A sentence that gives the program instructions was left aside."


def ask(
    question: str,
    data: Any = None,
    *,
    context: Mapping[str, Any] | str | None = None,
    budget: str | None = None,
    planner: Planner | str = DEFAULT,
    on_event: Callable[[Event], None] | None = None,
    knowledge: Sequence[str] = (),
) -> Answer:
    """Answer a question about data.

    ``data`` is a path, a DataFrame, an object of columns, a list of rows, a Table,
    or several of them as a mapping of name to path. ``context`` is the earlier
    turn of a follow-up: its question, or {"question", "op", "data"}. ``budget`` is
    MICRO, LIGHT, MEDIUM or HEAVY; without it the router decides. ``planner`` is the name
    of one (auto, rules, model, remote) or an object with ``name`` and ``plan``. ``on_event`` is
    called with each stage's event as soon as the stage has ended. ``knowledge``
    names bases beside the built-in one that an explanation may cite.

    Raises InputError where the input cannot be read; a question that cannot be
    answered is not an error but an answer with a status.
    """
    if not isinstance(question, str):
        raise InputError("the question must be text", where="question")
    if len(question) > MAX_QUESTION:
        raise InputError(
            f"the question has {len(question)} characters, at most {MAX_QUESTION} are read",
            where="question",
            remedy="hand the data over as a file with --data",
        )
    if budget is not None and budget.upper() not in BUDGETS:
        raise InputError(
            f"there is no budget {budget!r}", where="budget", remedy=f"use {', '.join(BUDGETS)}"
        )
    if knowledge:
        from havoc.reason import concepts  # a question without bases does not pay for them

        concepts.open_bases(knowledge)  # a name that is wrong is said, whatever is asked
    reading = read_question(question, tables_of(data))
    earlier = _context(context)
    planner = planner_of(planner) if isinstance(planner, str) else planner
    plan = planner.plan(reading, earlier)
    workspace = Workspace(
        question=question,
        reading=reading,
        route=route(
            question,
            [binding.operation for binding in plan.bindings],
            budget.upper() if budget else None,
        ),
        graph=OperatorGraph(),
        on_event=on_event,
    )
    if reading.left_aside:
        workspace.caveats.append(LEFT_ASIDE)
    if plan.outcome == "concept" or (
        plan.outcome in {"needs_clarification", "out_of_scope"}
        and earlier is None
        and _asks_for_a_term(reading, plan)
        and _is_explained(question, knowledge)
    ):
        return _explained(plan, workspace, planner.name, knowledge)
    if plan.outcome != "execute":
        return _without_computing(plan, workspace, planner.name)
    return _compute(plan, workspace, planner.name)


_TERM = re.compile(
    r"\W*+(?:what(?:'s|s|\s+is|\s+are)\s|define\s|explain\s|meaning\s+of\s)?[\w'’/ -]{2,60}"
    r"(?:how does (?:it|that) work|how do they work)?\W*+",
    re.IGNORECASE,
)
_OWN = re.compile(
    r"\b(?:my|our|the|this|these|those|that|we|i|is it|can|should|check|compare|run|make|give|find"
    r"|help|need|please|pls)\b|(?<!\w)\d",
    re.IGNORECASE,
)
MOST_WORDS_OF_A_TERM = 8
NAMED = 0.85
"""How far the heading of a passage must be the term for it to be explained."""


_ASKING = re.compile(
    r"\?|\b(?:what\w*|how|vs|versus|define|explain|meaning|difference)\b", re.IGNORECASE
)


def _asks_for_a_term(reading: Reading, plan: Plan) -> bool:
    """A term and hardly more ("np chart vs p chart", "heteroscedasticity"): nobody's own data.

    A method's bare name ("McNemar test") is a request for it, and its data are asked for.
    """
    if plan.asks_for_arguments and not _ASKING.search(reading.text):
        return False
    text = re.sub(r"\bhow do(?:es)? (?:it|that|they) work\b", "", reading.text)
    return (
        not reading.tables
        and len(text.split()) <= MOST_WORDS_OF_A_TERM
        and _TERM.fullmatch(reading.text.strip()) is not None
        and not _OWN.search(text)
    )


def _is_explained(question: str, knowledge: Sequence[str]) -> bool:
    """The knowledge base has a passage of that name, and sentences in it."""
    from havoc.reason import concepts

    return concepts.ground(question, knowledge)[0].named >= NAMED


def tables_of(data: Any, name: str = "data") -> list[Table]:
    """Whatever the caller handed over, as tables."""
    if data is None:
        return []
    if isinstance(data, Table):
        return [data]
    if isinstance(data, (str, Path)):
        return [read_table(Path(data))]
    if (
        isinstance(data, Sequence)
        and data
        and all(isinstance(item, (Path, Table)) for item in data)
    ):
        return [table for item in data for table in tables_of(item)]
    if isinstance(data, (list, tuple, Mapping)) and not data:
        return []
    return [table_from_object(data, name)]


def _context(context: Mapping[str, Any] | str | None) -> Context | None:
    if context is None:
        return None
    if isinstance(context, str):
        context = {"question": context}
    question = context.get("question") if isinstance(context, Mapping) else None
    if not isinstance(context, Mapping) or not isinstance(question, str):
        raise InputError(
            "the context needs the earlier question", where="context", remedy='give {"question": …}'
        )
    reading: Reading = read_question(question[:MAX_QUESTION], tables_of(context.get("data")))
    operation = context.get("op") or context.get("operation") or ""
    return Context(reading=reading, operation=operation if isinstance(operation, str) else "")


def _compute(plan: Plan, workspace: Workspace, planner: str) -> Answer:
    with workspace.stage("MODE") as notes:
        chosen = workspace.route
        notes["summary"] = (
            f"{chosen.task}, {chosen.difficulty.lower()}, risk {chosen.risk.lower()}: "
            f"budget {chosen.budget.name}"
        )
    with workspace.stage("GROUND") as notes:
        slots = workspace.reading.slots
        workspace.citations += [
            _method_page(operation)
            for operation in dict.fromkeys(binding.operation for binding in plan.bindings)
        ]
        notes["summary"] = f"{len(slots)} slots read from the question and its data"
        notes["data"] = {
            "slots": [f"{slot.id} {slot.name or slot.role} {slot.source}" for slot in slots[:40]]
        }
    with workspace.stage("PLAN") as notes:
        workspace.graph = plan.graph()
        notes["summary"] = f"{planner}: " + ", ".join(item.operation for item in workspace.graph)
        for binding in plan.bindings:
            _echo(workspace, binding)
        for table in workspace.reading.tables:
            for warning in table.warnings[:MAX_TABLE_WARNINGS]:
                workspace.caveats.append(workspace.fact(warning, table.source))
        for name in plan.unavailable:
            asked = workspace.fact(name.replace("_", " "), "question")
            workspace.caveats.append(
                f"The question also asks for {asked}, which this version cannot compute."
            )
    with workspace.stage("EXECUTE") as notes:
        execute_graph(workspace)
        failed = [record for record in workspace.calls if record.error]
        notes["summary"] = f"{len(workspace.calls)} calls, {len(failed)} failed"
    if not workspace.results:
        return _refused_by_tool(plan, workspace, planner)
    _say_what_failed(workspace)
    with workspace.stage("ARGUE") as notes:
        if chosen.budget.argue:
            argue(workspace)
            weigh_practically(workspace)
        checks = [record for record in workspace.calls if record.purpose == "check"]
        notes["summary"] = f"{len(checks)} counter-analyses, {len(workspace.arguments)} arguments"
    with workspace.stage("ARBITER") as notes:
        arbitrate(workspace)
        if plan.probability is not None:
            workspace.lower_confidence(plan.probability)
        if plan.probability is not None and plan.probability < UNCERTAIN:
            workspace.caveats.append(_other_reading(plan))
        notes["summary"] = f"{workspace.verdict}, confidence {workspace.confidence:.2f}"
    with workspace.stage("AUDIT") as notes:
        notes["summary"] = _audit(workspace)
    if workspace.stopped:
        reason = workspace.fact(workspace.stopped, "budget")
        workspace.caveats.append(f"Stopped early, because {reason}.")
    with workspace.stage("ANSWER") as notes:
        text = compose(workspace)
        if text.withheld:
            workspace.lower_confidence(0.5)
            text.caveats.append("The audit withheld a sentence whose figures it could not trace.")
        notes["summary"] = f"{len(text.figures)} figures, each with its source"
        notes["data"] = {"withheld": text.withheld}
    return _answer("answered", text, workspace, planner)


def _method_page(operation: str) -> Citation:
    """The page of a method, by its id in the knowledge base: what it is for, and its source."""
    declared = registry.get(operation)
    return Citation(
        id=f"methods/{operation}",
        title=declared.title,
        source=declared.source,
        quote=" ".join(declared.summary.split("\n\n")[0].split()),
    )


def _echo(workspace: Workspace, binding: Binding) -> None:
    for template, values in binding.roles:
        workspace.roles.append(_filled(workspace, template, values))
    for template, values in binding.warnings:
        workspace.caveats.append(_filled(workspace, template, values) + ".")


def _filled(workspace: Workspace, template: str, values: list[tuple[Any, str]]) -> str:
    for value, source in values:
        template = template.replace("{}", workspace.fact(value, source), 1)
    return template


def _say_what_failed(workspace: Workspace) -> None:
    """A part of the question that got no result is named, with the reason."""
    for record in workspace.calls:
        if record.error:
            title = workspace.fact(registry.get(record.operation).title, record.operation)
            error = workspace.fact(record.error, record.operation)
            workspace.caveats.append(f"{title} could not be computed: {error}.")
    for subgoal in workspace.graph:
        if subgoal.status == "skipped":
            title = workspace.fact(subgoal.description, subgoal.operation)
            workspace.caveats.append(f"{title} was left out, because it needs what failed.")


def _audit(workspace: Workspace) -> str:
    """Recompute key figures and check constraints; what fails is said and costs confidence."""
    answering = {
        record.id: workspace.results[record.id]
        for record in workspace.calls
        if record.purpose == "answer" and record.id in workspace.results
    }
    rechecks = recheck(answering)
    wrong = [item for item in rechecks if not item.recomputed.agrees]
    for item in wrong:
        workspace.lower_confidence(0.1)
        workspace.caveats.append(
            f"The audit recomputed {item.recomputed.name.replace('_', ' ')} by another route and "
            "got a different value; do not use this result."
        )
    findings = check_constraints(workspace)
    violated = [item.constraint.name for item in findings if item.met is False]
    routes = ", ".join(sorted({item.recomputed.route for item in rechecks})) or "no second route"
    return (
        f"{len(rechecks)} figures recomputed ({routes}), {len(wrong)} differ; "
        f"{sum(item.met is True for item in findings)} constraints met, violated: "
        f"{', '.join(violated) or 'none'}"
    )


def _refused_by_tool(plan: Plan, workspace: Workspace, planner: str) -> Answer:
    """The tool itself says that the data cannot carry the request."""
    error = next((record.error for record in workspace.calls if record.error), "") or ""
    error = error.removesuffix(".")
    reason = workspace.fact(error, "tool")
    composer = Composer(workspace)
    conclusion = composer.show(f"The data cannot carry this request: {reason}.")
    ask_for = "Which data or settings should be used instead?"
    composer.text.conclusion = conclusion
    composer.text.details = [ask_for]
    return _answer("needs_clarification", composer.text, workspace, planner)


_OUT_OF_SCOPE = (
    "That is outside of what this program answers: statistics, design of experiments, process "
    "control, measurement systems and the mathematics around them."
)
_DECLINED = (
    "I will not invent, change or select data, limits or methods so that a wanted result comes "
    "out: the answer would not hold up in an audit, and it would mislead whoever relies on it."
)
_INSTEAD = (
    "What can be done honestly: analyse all the data as measured, test suspicious values with an "
    "outlier test and document the reason, or plan how to improve the process."
)


def _explained(plan: Plan, workspace: Workspace, planner: str, knowledge: Sequence[str]) -> Answer:
    """A question about a concept: sentences of the knowledge base, each with its citation."""
    # Imported here: a question that is computed does not pay for the knowledge base.
    from havoc.reason import concepts

    with workspace.stage("MODE") as notes:
        notes["summary"] = "concept: nothing is computed"
    with workspace.stage("GROUND") as notes:
        explanation, bases = concepts.ground(workspace.question, knowledge)
        concepts.cite(explanation, workspace)
        notes["summary"] = concepts.grounding_summary(explanation)
        notes["data"] = {"passages": [passage.id for passage in explanation.found.passages]}
    with workspace.stage("PLAN") as notes:
        # Made from the question alone, before any document was read: no passage can change it.
        notes["summary"] = f"{planner}: quote the knowledge base"
    with workspace.stage("AUDIT") as notes:
        refused = concepts.check_sentences(explanation, workspace, bases)
        if refused:
            explanation.sentences, workspace.citations = [], []
            workspace.caveats.append(
                "The audit withheld quotes that do not stand in their passage."
            )
        notes["summary"] = (
            f"withheld: {'; '.join(refused)}"
            if refused
            else f"{len(explanation.sentences)} sentences, each is what it cites"
        )
    with workspace.stage("ANSWER") as notes:
        conclusion, details = concepts.explain(explanation, workspace)
        composer = Composer(workspace)
        composer.text.conclusion = composer.show(conclusion)
        composer.text.details = [composer.show(detail) for detail in details]
        composer.text.caveats = [composer.show(caveat) for caveat in workspace.caveats]
        status: Status = "answered" if explanation.sentences else "out_of_scope"
        # How much of the question, by the rarity of its words, the quoted sentences have.
        workspace.confidence = min(explanation.covered, 0.9)
        notes["summary"] = f"{status}, {len(workspace.citations)} citations"
    return _answer(status, composer.text, workspace, planner)


def _without_computing(plan: Plan, workspace: Workspace, planner: str) -> Answer:
    with workspace.stage("MODE") as notes:
        notes["summary"] = f"{plan.outcome.replace('_', ' ')}: nothing is computed"
    with workspace.stage("PLAN") as notes:
        notes["summary"] = f"{planner}: {plan.operation or 'no operation'}"
    with workspace.stage("ANSWER") as notes:
        status: Status = plan.outcome  # type: ignore[assignment]
        reason, ask_for = _words(plan)
        reason_fact = workspace.fact(reason, "havoc")
        ask_fact = workspace.fact(ask_for, "havoc")
        composer = Composer(workspace)
        composer.text.conclusion = composer.show(reason_fact)
        composer.text.details = [composer.show(ask_fact)] if ask_for else []
        composer.text.caveats = [composer.show(caveat) for caveat in workspace.caveats]
        workspace.confidence = _sureness(plan)
        notes["summary"] = status
    return _answer(status, composer.text, workspace, planner)


def _other_reading(plan: Plan) -> str:
    """Said where the planner is not sure: how the question was taken, and how to say otherwise."""
    taken = ", then ".join(registry.get(item.operation).title.lower() for item in plan.bindings)
    return (
        f"It is not certain that the question was read as meant: it was taken as {taken}. "
        "Name the method, or the columns and what is to be decided, if something else is meant."
    )


def _sureness(plan: Plan) -> float:
    """The probability that the plan is what was meant, as far as the planner gives one."""
    if plan.probability is not None:
        return plan.probability
    return plan.guesses[0].probability if plan.guesses else 1.0


def _words(plan: Plan) -> tuple[str, str]:
    if plan.outcome == "declined":
        return _DECLINED, _INSTEAD
    if plan.outcome == "out_of_scope":
        return (
            plan.reason or _OUT_OF_SCOPE,
            "" if plan.reason else "Ask about data from your process.",
        )
    return plan.reason, plan.ask


def _answer(status: Status, text: Text, workspace: Workspace, planner: str) -> Answer:
    from havoc import __version__

    charts = [
        chart
        for record in workspace.calls
        if record.purpose == "answer" and record.id in workspace.results
        for chart in workspace.results[record.id].outcome.charts
    ]
    return Answer(
        question=workspace.question,
        status=status,
        answer=text.markdown(),
        conclusion=text.conclusion,
        confidence=round(workspace.confidence, 3),
        caveats=text.caveats,
        budget=workspace.route.budget.name,
        tool_calls=workspace.calls,
        citations=workspace.citations,
        charts=charts,
        trace=[
            TraceEntry(stage=event.stage, summary=event.summary, ms=event.ms)
            for event in workspace.events
        ],
        model=planner,
        versions={"havoc": __version__},
        details=text.details,
        tables=text.tables,
        key_figures=text.key_figures,
        roles=text.roles,
        figures=text.figures,
        checks=text.assumptions,
        dsl=as_dsl(workspace.calls),
        python=as_python(workspace.calls),
    )


__all__ = ["ask", "tables_of"]
