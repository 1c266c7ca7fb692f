"""What a worker process can be asked to do. Plain JSON in, plain JSON out.

Files are named by the server alone, under names that it made; what a user calls a file is a
text that is shown. Nothing a user writes is opened as a path or a link.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from havoc.errors import HavocError, InputError
from havoc.reading.files import read_table, table_from_object
from havoc.reading.table import Table
from havoc.reason import answer_schema, ask
from havoc.reason.workspace import Event
from havoc.serve import knowledge
from havoc.text import printable
from havoc.tools import dsl, registry

Emit = Callable[[dict[str, Any]], None]
PREVIEW_ROWS = 20
PREVIEW_COLUMNS = 50
MOST_WARNINGS = 50
NAME_LIMIT = 120


def warm(planner: str) -> None:
    """Answer a question, so that the first one that comes finds everything imported.

    Another server is not asked for it: it may not be there yet.
    """
    local = "rules" if planner == "remote" else planner
    ask("t test A: 12.1 12.3 11.9 12.0  B: 12.8 12.6 13.0 12.7", planner=local)


def carry_out(task: Mapping[str, Any], emit: Emit, *, planner: str) -> Any:
    """Carry out one task: its ``task`` names the function, the rest are its arguments."""
    arguments = {name: value for name, value in task.items() if name != "task"}
    if task["task"] == "ask":
        return answer_question(emit=emit, planner=planner, **arguments)
    return _TASKS[task["task"]](**arguments)


def answer_question(
    question: str,
    files: list[dict[str, str]],
    inline: Any,
    budget: str | None,
    earlier: dict[str, Any] | None,
    emit: Emit,
    planner: str,
) -> dict[str, Any]:
    """The answer object. A question that lacks something is read with the one before it.

    ``earlier`` is {"question", "op"} of the turn before. ``files`` are {"path", "name"}.
    """
    tables = [_table(file) for file in files]
    data: Any = tables or None
    if inline is not None:
        if not isinstance(inline, (list, dict)):
            raise InputError(
                "is neither columns nor rows", where="data", remedy='give {"column": [values]}'
            )
        data = [*tables, table_from_object(inline, "data")]

    def attempt(number: int, context: dict[str, Any] | None) -> dict[str, Any]:
        def ended(event: Event) -> None:
            emit(
                {"stage": event.stage, "summary": event.summary, "ms": event.ms, "attempt": number}
            )

        answer = ask(
            question, data, budget=budget, context=context, planner=planner, on_event=ended
        )
        return answer.to_dict()

    answer = attempt(1, None)
    if answer["status"] != "answered" and earlier:
        continued = attempt(2, earlier)
        if continued["status"] == "answered":
            return continued
    return answer


def run_tool(name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """One call of a tool: the call with its figures, evidence and charts."""
    result = registry.execute(name, arguments)
    charts = msgspec.to_builtins(result.outcome.charts)
    return {**result.to_object(), "charts": charts}


def run_script(
    script: str, files: dict[str, dict[str, str]], inline: dict[str, Any]
) -> list[dict[str, Any]]:
    """The results of a script; the data that it refers to as @name are handed over with it."""
    parsed = dsl.parse_script(script)
    data = {name: _table(file) for name, file in files.items()}
    data |= {name: table_from_object(value, name) for name, value in inline.items()}
    missing = [name for name in parsed.sources if name not in data]
    if missing:
        raise InputError(
            "a script cannot open files here",
            where=f"DATA {printable(missing[0], NAME_LIMIT)}",
            remedy="upload the file and name it under data",
        )
    try:
        return [result.to_object() for result in dsl.execute_script(parsed, data)]
    except InputError as error:
        if "--data" not in error.remedy:  # a file on the command line, which there is none here
            raise
        raise InputError(
            error.what, where=error.where, remedy="hand it over under data, or upload it"
        ) from None


def read_upload(path: str, name: str) -> dict[str, Any]:
    """What an uploaded file holds: rows, columns with kinds and units, warnings, first rows."""
    table = _table({"path": path, "name": name})
    columns = [
        {
            "name": printable(column.name, NAME_LIMIT),
            "kind": column.kind,
            "unit": printable(column.unit, NAME_LIMIT),
            "missing": column.missing,
        }
        for column in table.columns
    ]
    shown = table.columns[:PREVIEW_COLUMNS]
    preview = [
        [_cell(column.values[row]) for column in shown]
        for row in range(min(PREVIEW_ROWS, table.rows))
    ]
    warnings = [printable(text, 400) for text in table.warnings[:MOST_WARNINGS]]
    return {"rows": table.rows, "columns": columns, "warnings": warnings, "preview": preview}


def describe_tools() -> list[dict[str, Any]]:
    """Every tool with the JSON Schema of its arguments."""
    from havoc.tools.families import package_of

    return [
        {
            "name": name,
            "family": package_of(name),
            "title": registry.get(name).title,
            "description": registry.get(name).summary,
            "source": registry.get(name).source,
            "version": registry.get(name).version,
            "arguments": registry.get(name).schema(),
        }
        for name in registry
    ]


def schema_of_answers() -> dict[str, Any]:
    """JSON Schema of the answer object."""
    return answer_schema()


def _cell(value: Any) -> Any:
    return printable(value, NAME_LIMIT) if isinstance(value, str) else value


def _table(file: Mapping[str, str]) -> Table:
    """The table of an upload, which from here on has the name that its user gave it."""
    path, name = Path(file["path"]), file["name"]
    try:
        table = read_table(path)
    except HavocError as error:
        # the name under which it is stored concerns nobody
        where = error.where.replace(str(path), name) or name
        raise InputError(
            error.what.replace(str(path), name), where=where, remedy=error.remedy
        ) from None
    table.source = table.source.replace(str(path), name)
    table.warnings = [text.replace(str(path), name) for text in table.warnings]
    return table


_TASKS: dict[str, Callable[..., Any]] = {
    "tool": run_tool,
    "script": run_script,
    "read": read_upload,
    "tools": describe_tools,
    "schema": schema_of_answers,
    "bases": knowledge.list_bases,
    "documents": knowledge.list_documents,
    "document": knowledge.read_document,
    "search": knowledge.search_base,
    "embed": knowledge.embed,
}
