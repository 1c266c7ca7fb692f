"""An answer on a terminal: how the data were read, the conclusion, figures, chart, checks.

Everything that came from a user or a file is shown through ``Text`` objects, so
neither rich's markup nor an escape sequence in a name is obeyed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from havoc.formatting import figure
from havoc.markdown import Block, parse, spans
from havoc.text import printable, shorten

STATUS_LOOKS = {
    "answered": ("green", "Answer"),
    "needs_clarification": ("yellow", "One question first"),
    "declined": ("red", "Declined"),
    "out_of_scope": ("bright_black", "Out of scope"),
}
VERDICT_STYLES = {"supports": "green", "weakens": "yellow", "overturns": "red"}
WIDEST = 110
CHART_HEIGHT = 20
LIST_SHOWN = 8
VALUE_LENGTH = 160


def print_answer(answer: Mapping[str, Any], *, console: Console, explain: bool = False) -> None:
    """Print an answer object; ``explain`` adds the trace and every tool call."""
    width = min(console.width, WIDEST)
    _print_roles(answer, console, width)
    _print_conclusion(answer, console, width)
    _print_key_figures(answer, console, width)
    _print_chart(answer, console, width)
    _print_body(answer, console, width)
    _print_checks(answer, console, width)
    _print_list("Caveats", answer.get("caveats") or [], console, width, "yellow")
    if explain:
        _print_trace(answer, console, width)
        _print_calls(answer, console, width)
        _print_figures(answer, console, width)
        _print_citations(answer, console, width)
    _print_last_line(answer, console, width)


def _line(text: object, style: str = "", limit: int = 0) -> Text:
    return Text(printable(text, limit), style=style)


def _unicode(console: Console) -> bool:
    return console.encoding.lower().startswith("utf")


def _color(console: Console) -> bool:
    return console.color_system is not None and not console.no_color


def _heading(title: str, console: Console) -> None:
    console.print()
    console.print(Text(title, style="bold"))


def _table(**options: Any) -> Table:
    return Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), **options)


def _bullet(console: Console) -> str:
    return "•" if _unicode(console) else "-"


def _print_list(
    title: str, entries: Sequence[object], console: Console, width: int, style: str = ""
) -> None:
    if not entries:
        return
    _heading(title, console)
    rows = _table(show_header=False)
    for entry in entries:
        rows.add_row(Text(_bullet(console), style=style), _line(entry))
    console.print(rows, width=width)


def _print_roles(answer: Mapping[str, Any], console: Console, width: int) -> None:
    """How the data were read comes first: if that is wrong, so is the rest."""
    roles = answer.get("roles") or []
    if roles:
        rows = _table(show_header=False)
        for number, role in enumerate(roles):
            rows.add_row(Text("Read as" if number == 0 else "", style="dim"), _line(role, "dim"))
        console.print(rows, width=width)


def _print_conclusion(answer: Mapping[str, Any], console: Console, width: int) -> None:
    color, title = STATUS_LOOKS.get(str(answer.get("status")), ("bright_black", "Answer"))
    shown = answer.get("conclusion") or answer.get("answer") or ""
    console.print(
        Panel(
            _line(shown, "bold"),
            title=Text(title),
            title_align="left",
            border_style=color,
            width=width,
            padding=(0, 1),
        )
    )


def _print_key_figures(answer: Mapping[str, Any], console: Console, width: int) -> None:
    pairs = [list(pair)[:2] for pair in answer.get("key_figures") or []]
    if not pairs:
        return
    rows = _table(show_header=False)
    for label, text in pairs:
        rows.add_row(_line(label), _line(text, "bold"))
    console.print(rows, width=width)


def _print_chart(answer: Mapping[str, Any], console: Console, width: int) -> None:
    """The first chart; how many more there are is said."""
    charts = answer.get("charts") or []
    if not charts:
        return
    # plotext takes a while to load, and most answers to a pipe have no chart.
    import msgspec

    from havoc.charts.spec import read_chart
    from havoc.charts.terminal import terminal_chart

    try:
        drawn = terminal_chart(
            read_chart(charts[0]),
            width=width,
            height=CHART_HEIGHT,
            use_color=_color(console),
            use_unicode=_unicode(console),
        )
    except (msgspec.ValidationError, ValueError, OverflowError):
        console.print(Text("The chart cannot be drawn here.", style="dim"))
        return
    console.print()
    console.print(Text.from_ansi(drawn), no_wrap=True, crop=True, overflow="crop", highlight=False)
    if len(charts) > 1:
        console.print(Text(f"{len(charts) - 1} more in the report (--report FILE.html)", "dim"))


def _print_body(answer: Mapping[str, Any], console: Console, width: int) -> None:
    text = str(answer.get("answer") or "").strip()
    conclusion = str(answer.get("conclusion") or "").strip()
    if not conclusion:
        return
    for opening in (conclusion, f"**{conclusion}**"):
        if text.startswith(opening):
            text = text[len(opening) :].lstrip()
            break
    for block in parse(text):
        console.print()
        console.print(_block(block, console), width=width)


def _block(block: Block, console: Console) -> Text | Table:
    """A block of Markdown as rich shows it."""
    if block.kind == "table":
        head, *body = block.rows
        grid = Table(box=box.SIMPLE_HEAD if _unicode(console) else box.ASCII2, pad_edge=False)
        for cell in head:
            grid.add_column(_styled(cell))
        for row in body:
            grid.add_row(*(_styled(cell) for cell in row))
        return grid
    if block.kind in ("bullets", "numbers"):
        rows = _table(show_header=False)
        for number, row in enumerate(block.rows, start=1):
            sign = _bullet(console) if block.kind == "bullets" else f"{number}."
            rows.add_row(Text(sign), _styled(row[0]))
        return rows
    if block.kind == "code":
        return Text("\n".join(f"    {row[0]}" for row in block.rows))
    text = _styled(block.rows[0][0])
    if block.kind == "heading":
        text.stylize("bold")
    return text


def _styled(line: str) -> Text:
    text = Text()
    for span in spans(line):
        text.append(printable_piece(span.text), style="bold" if span.style else "")
    return text


def printable_piece(text: str) -> str:
    """``printable`` of a part of a line, whose outer blanks separate it from its neighbours."""
    inner = printable(text)
    before = " " if text[:1].isspace() and inner else ""
    after = " " if text[-1:].isspace() else ""
    return f"{before}{inner}{after}"


def _print_checks(answer: Mapping[str, Any], console: Console, width: int) -> None:
    """What was attacked, and what came of it."""
    checks = [call for call in answer.get("tool_calls") or [] if call.get("purpose") == "check"]
    notes = answer.get("checks") or []
    if checks:
        _heading("Checks", console)
        rows = _table(show_header=False)
        for call in checks:
            verdict = str(call.get("verdict") or "done")
            style = VERDICT_STYLES.get(verdict.split(" ", 1)[0].strip(".,:;").lower(), "")
            shown = _line(verdict, style)
            if call.get("error"):
                shown = _line(f"could not be run: {call['error']}", "dim")
            rows.add_row(_line(call.get("why") or call.get("operation", "")), shown)
        console.print(rows, width=width)
    if notes and checks:
        for note in notes:
            console.print(_line(note, "dim"), width=width)
    elif notes:
        _print_list("Checks", notes, console, width)


def _print_trace(answer: Mapping[str, Any], console: Console, width: int) -> None:
    entries = answer.get("trace") or []
    if not entries:
        return
    _heading("How the answer was reached", console)
    rows = _table(show_header=False)
    rows.add_column(no_wrap=True)
    rows.add_column(ratio=1)
    rows.add_column(justify="right", no_wrap=True)
    for entry in entries:
        rows.add_row(
            _line(entry.get("stage", ""), "bold"),
            _line(entry.get("summary", "")),
            Text(f"{float(entry.get('ms') or 0.0):.1f} ms", style="dim"),
        )
    console.print(rows, width=width)


def _print_calls(answer: Mapping[str, Any], console: Console, width: int) -> None:
    calls = answer.get("tool_calls") or []
    if not calls:
        return
    _heading("Tool calls", console)
    for call in calls:
        title = Text()
        title.append(printable_piece(f"{call.get('id', '')} "), style="bold")
        title.append(printable(call.get("operation", "")), style="bold")
        title.append(f" ({printable(call.get('purpose', 'answer'))})", style="dim")
        console.print(title, width=width)
        rows = _table(show_header=False)
        for name, value in (call.get("args") or {}).items():
            rows.add_row(Text("  "), _line(name, "dim"), _value(value))
        if call.get("error"):
            rows.add_row(Text("  "), Text("error", style="red"), _line(call["error"]))
        for name, value in (call.get("result") or {}).items():
            rows.add_row(Text("  " if _color(console) else "=>"), _line(name), _value(value))
        console.print(rows, width=width)


def _value(value: Any) -> Text:
    """A value on one line: long lists and records shortened, with their number."""
    return _line(_brief(value), limit=VALUE_LENGTH)


def _brief(value: Any) -> str:
    if isinstance(value, Mapping):
        shown = ", ".join(f"{name}: {_brief(item)}" for name, item in list(value.items())[:6])
        return f"{{{shown}{', …' if len(value) > 6 else ''}}}"
    if isinstance(value, (list, tuple)):
        shown = ", ".join(shorten(_brief(item), 60) for item in value[:LIST_SHOWN])
        more = f", … ({len(value)} in all)" if len(value) > LIST_SHOWN else ""
        return f"[{shown}{more}]"
    return figure(value)


def _print_figures(answer: Mapping[str, Any], console: Console, width: int) -> None:
    entries = answer.get("figures") or []
    if not entries:
        return
    _heading("Where the figures come from", console)
    rows = _table(show_header=False)
    for entry in entries:
        rows.add_row(
            _line(entry.get("text", ""), "bold"),
            _line(entry.get("reference", "")),
            _line(entry.get("source", ""), "dim"),
        )
    console.print(rows, width=width)


def _print_citations(answer: Mapping[str, Any], console: Console, width: int) -> None:
    lines = [
        ". ".join(str(c[name]) for name in ("title", "source", "quote") if c.get(name))
        for c in answer.get("citations") or []
    ]
    _print_list("Sources", lines, console, width)


def _print_last_line(answer: Mapping[str, Any], console: Console, width: int) -> None:
    parts: list[str] = []
    if answer.get("confidence") is not None:
        parts.append(f"confidence {100 * float(answer['confidence']):.0f} %")
    if answer.get("budget"):
        parts.append(f"budget {answer['budget']}")
    if answer.get("model"):
        parts.append(f"planner {answer['model']}")
    if parts:
        console.print()
        console.print(_line(" · ".join(parts) if _unicode(console) else ", ".join(parts), "dim"))
