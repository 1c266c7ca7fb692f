"""An answer as one HTML file: no script, no network, readable in print and in ten years."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2
import msgspec
from markupsafe import Markup

from havoc.charts.figure import figure_svg
from havoc.charts.spec import ChartSpec, read_chart
from havoc.errors import InputError
from havoc.files import write_atomic
from havoc.formatting import figure
from havoc.markdown import to_html
from havoc.presentation import body_without_conclusion, verdict_tone
from havoc.text import printable, printable_lines

LIST_LIMIT = 2000
MOST_TABLE_ROWS = 200
MOST_CHARTS = 24

STATUS_TEXTS = {
    "answered": "Answered",
    "needs_clarification": "Needs clarification",
    "declined": "Declined",
    "out_of_scope": "Out of scope",
}


CALL_FIELDS: dict[str, Any] = {
    "id": "",
    "tool": "",
    "operation": "",
    "purpose": "answer",
    "args": {},
    "result": None,
    "error": None,
    "why": "",
    "verdict": "",
}


def report_html(answer: Mapping[str, Any]) -> str:
    """The page for ``answer``, an answer object as ``havoc ask --json`` prints it."""
    return _environment().get_template("report.html.j2").render(_context(answer))


def write_report(answer: Mapping[str, Any], path: str | os.PathLike[str]) -> Path:
    """Write the page to ``path``, whole or not at all."""
    if Path(path).suffix.lower() not in (".html", ".htm"):
        raise InputError("reports are HTML files", where=str(path), remedy="end the name in .html")
    return write_atomic(path, report_html(answer).encode("utf-8", "replace"))


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("havoc", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # What is shown of an answer passes one of these: no control character gets through.
    environment.filters.update(
        line=printable,
        lines=printable_lines,
        plain=_plain,
        json=_json,
        number=_number,
        tone=verdict_tone,
    )
    return environment


def _context(answer: Mapping[str, Any]) -> dict[str, Any]:
    calls = _filled(answer, "tool_calls", CALL_FIELDS)
    confidence = min(max(float(answer.get("confidence") or 0.0), 0.0), 1.0)
    status = str(answer.get("status", ""))
    trace = _filled(answer, "trace", {"stage": "", "summary": "", "ms": 0.0})
    return {
        "question": answer.get("question", ""),
        "status": status if status in STATUS_TEXTS else "other",
        "status_text": STATUS_TEXTS.get(status, status),
        "conclusion": answer.get("conclusion", ""),
        "tables": _filled(answer, "tables", {"title": "", "columns": [], "rows": []}),
        "body": Markup(to_html(body_without_conclusion(answer))),
        "confidence": confidence,
        "budget": answer.get("budget", ""),
        "model": answer.get("model", ""),
        "key_figures": [list(pair)[:2] for pair in answer.get("key_figures") or []],
        "charts": [_chart(plain) for plain in (answer.get("charts") or [])[:MOST_CHARTS]],
        "checks": [call for call in calls if call["purpose"] == "check"],
        "check_notes": answer.get("checks") or [],
        "caveats": answer.get("caveats") or [],
        "roles": answer.get("roles") or [],
        "calls": calls,
        "citations": _filled(
            answer, "citations", {"id": "", "title": "", "source": "", "quote": ""}
        ),
        "figures": _filled(
            answer, "figures", {"text": "", "reference": "", "value": None, "source": ""}
        ),
        "trace": trace,
        "slowest": max((float(entry["ms"]) for entry in trace), default=0.0) or 1.0,
        "total_ms": sum(float(entry["ms"]) for entry in trace),
        "dsl": answer.get("dsl") or "",
        "python": answer.get("python") or "",
        "versions": answer.get("versions") or {},
    }


def _filled(answer: Mapping[str, Any], name: str, defaults: dict[str, Any]) -> list[dict[str, Any]]:
    """The records of one field of the answer, absent fields of a record filled in."""
    return [
        defaults | {field: value for field, value in record.items() if value is not None}
        for record in answer.get(name) or []
    ]


def _chart(plain: Mapping[str, Any]) -> dict[str, Any]:
    try:
        chart = read_chart(plain)
        return {"svg": Markup(figure_svg(chart)), "tables": _tables(chart), "error": ""}
    except (msgspec.ValidationError, ValueError, TypeError, OverflowError) as error:
        return {"svg": "", "tables": [], "error": f"This chart cannot be drawn: {error}"}


def _tables(chart: ChartSpec) -> list[dict[str, Any]]:
    """The drawn values as tables, for readers who cannot see the chart."""
    return [
        {
            "name": " · ".join(text for text in (panel.title, series.name) if text),
            "x_label": panel.x_label or "x",
            "y_label": panel.y_label or "y",
            "rows": list(zip(series.x, series.y, strict=False))[:MOST_TABLE_ROWS],
            "more": max(len(series.y) - MOST_TABLE_ROWS, 0),
        }
        for panel in chart.panels
        for series in panel.series
    ]


def _number(value: Any) -> str:
    return printable(figure(value)) if not isinstance(value, Mapping) else _json(value)


def _plain(value: Any) -> str:
    """A value of a result on one line: short figures, long lists shortened."""
    if isinstance(value, Mapping) or (isinstance(value, list) and value and _nested(value[0])):
        return printable(_json(value), 200)
    return printable(figure(value), 200)


def _nested(value: Any) -> bool:
    return isinstance(value, (Mapping, list))


def _json(value: Any) -> str:
    """Indented JSON; of lists beyond 2000 entries, the beginning and the number left out."""
    text = msgspec.json.format(msgspec.json.encode(_cut(value)), indent=2).decode()
    return printable_lines(text)


def _cut(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _cut(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        kept = [_cut(item) for item in value[:LIST_LIMIT]]
        return kept if len(value) <= LIST_LIMIT else [*kept, f"… {len(value) - LIST_LIMIT} more"]
    return value
