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
from havoc.presentation import body_without_conclusion, verdict_tone
from havoc.text import encodable, printable, shorten

STATUS_LOOKS = {
    "answered": ("green", "Answer"),
    "needs_clarification": ("yellow", "One question first"),
    "declined": ("red", "Declined"),
    "out_of_scope": ("bright_black", "Out of scope"),
}
TONE_STYLES = {"good": "green", "warn": "yellow", "bad": "red", "": ""}
WIDEST = 110
CHART_HEIGHT = 20
LIST_SHOWN = 8
TABLE_ROWS = 32
VALUE_LENGTH = 160


def print_answer(answer: Mapping[str, Any], *, console: Console, explain: bool = False) -> None:
    """Print an answer object; ``explain`` adds the trace and every tool call."""
    page = _Page(console)
    # How the data were read comes first: if that is wrong, so is the rest.
    page.roles(answer.get("roles") or [])
    page.conclusion(answer)
    page.key_figures(answer.get("key_figures") or [])
    page.chart(answer.get("charts") or [])
    page.body(answer)
    page.tables(answer.get("tables") or [])
    page.checks(answer)
    page.bullets("Caveats", answer.get("caveats") or [], "yellow")
    if explain:
        page.trace(answer.get("trace") or [])
        page.calls(answer.get("tool_calls") or [])
        page.figures(answer.get("figures") or [])
    # An explanation is nothing without its sources; a computed answer shows them when asked.
    if explain or not answer.get("tool_calls"):
        page.sources(answer.get("citations") or [])
    page.last_line(answer)


class _Page:
    """What can be printed of an answer, on one console."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.width = min(console.width, WIDEST)
        self.unicode = console.encoding.lower().startswith("utf")
        self.color = console.color_system is not None and not console.no_color

    # --- pieces ---

    def text(self, value: object, style: str = "", limit: int = 0) -> Text:
        """A value as one line in which nothing is a command to anybody."""
        shown = encodable(printable(value, limit), self.console.encoding)
        return Text(shown, style=style, overflow="fold")

    def markdown_line(self, line: str) -> Text:
        text = Text(overflow="fold")
        for span in spans(line):
            inner = encodable(printable(span.text), self.console.encoding)
            before = " " if span.text[:1].isspace() else ""
            after = " " if span.text[-1:].isspace() and inner else ""
            text.append(f"{before}{inner}{after}", style="bold" if span.style else "")
        return text

    def print(self, *what: Text | Table | Panel) -> None:
        for each in what:
            self.console.print(each, width=self.width, highlight=False)

    def heading(self, title: str) -> None:
        self.console.print()
        self.print(Text(title, style="bold"))

    def rows(self) -> Table:
        return Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)

    def bullets(self, title: str, entries: Sequence[object], style: str = "") -> None:
        if not entries:
            return
        self.heading(title)
        rows = self.rows()
        for entry in entries:
            rows.add_row(self.text("•" if self.unicode else "-", style), self.text(entry))
        self.print(rows)

    # --- parts of the answer ---

    def roles(self, roles: Sequence[object]) -> None:
        rows = self.rows()
        for number, role in enumerate(roles):
            rows.add_row(Text("Read as" if number == 0 else "", "dim"), self.text(role, "dim"))
        if roles:
            self.print(rows)

    def conclusion(self, answer: Mapping[str, Any]) -> None:
        color, title = STATUS_LOOKS.get(str(answer.get("status")), ("bright_black", "Answer"))
        shown = self.text(answer.get("conclusion") or answer.get("answer") or "", "bold")
        self.print(
            Panel(shown, title=Text(title), title_align="left", border_style=color, padding=(0, 1))
        )

    def key_figures(self, pairs: Sequence[Sequence[object]]) -> None:
        rows = self.rows()
        for label, text in (list(pair)[:2] for pair in pairs):
            rows.add_row(self.text(label), self.text(text, "bold"))
        if pairs:
            self.print(rows)

    def chart(self, charts: Sequence[Mapping[str, Any]]) -> None:
        """The first chart; how many more there are is said."""
        if not charts:
            return
        # plotext takes a while to load, so only an answer with a chart pays for it.
        import msgspec

        from havoc.charts.spec import read_chart
        from havoc.charts.terminal import terminal_chart

        self.console.print()
        try:
            chart = read_chart(charts[0])
            drawn = terminal_chart(
                chart,
                width=self.width,
                height=max(CHART_HEIGHT, min(11 * len(chart.panels), 2 * CHART_HEIGHT)),
                use_color=self.color,
                use_unicode=self.unicode,
            )
        except (msgspec.ValidationError, ValueError, OverflowError):
            self.print(Text("The chart cannot be drawn here.", "dim"))
            return
        self.console.print(
            Text.from_ansi(drawn), no_wrap=True, crop=True, overflow="crop", highlight=False
        )
        if len(charts) > 1:
            self.print(Text(f"{len(charts) - 1} more in the report (--report FILE.html)", "dim"))

    def body(self, answer: Mapping[str, Any]) -> None:
        if answer.get("conclusion"):
            for block in parse(body_without_conclusion(answer)):
                self.console.print()
                self.print(self.block(block))

    def tables(self, tables: Sequence[Mapping[str, Any]]) -> None:
        """Rows of the results: run sheets, ANOVA tables, pairs of comparisons."""
        for table in tables:
            self.heading(str(table.get("title") or ""))
            grid = Table(box=box.SIMPLE_HEAD, pad_edge=False)
            for column in table.get("columns") or []:
                grid.add_column(self.text(str(column).replace("_", " ")))
            rows = table.get("rows") or []
            for row in rows[:TABLE_ROWS]:
                grid.add_row(*(self.text("" if cell is None else figure(cell)) for cell in row))
            self.print(grid)
            if len(rows) > TABLE_ROWS:
                more = f"{len(rows) - TABLE_ROWS} more rows with --json or --report"
                self.print(Text(more, "dim"))

    def block(self, block: Block) -> Text | Table:
        """A block of Markdown as rich shows it."""
        if block.kind == "table":
            head, *body = block.rows
            grid = Table(box=box.SIMPLE_HEAD, pad_edge=False)
            for cell in head:
                grid.add_column(self.markdown_line(cell))
            for row in body:
                grid.add_row(*(self.markdown_line(cell) for cell in row))
            return grid
        if block.kind in ("bullets", "numbers"):
            rows = self.rows()
            for number, row in enumerate(block.rows, start=1):
                sign = "•" if self.unicode else "-"
                sign = sign if block.kind == "bullets" else f"{number}."
                rows.add_row(Text(sign), self.markdown_line(row[0]))
            return rows
        if block.kind == "code":
            lines = "\n".join(f"    {row[0]}" for row in block.rows)
            return Text(encodable(lines, self.console.encoding))
        text = self.markdown_line(block.rows[0][0])
        if block.kind == "heading":
            text.stylize("bold")
        return text

    def checks(self, answer: Mapping[str, Any]) -> None:
        """What was attacked, and what came of it."""
        calls = [call for call in answer.get("tool_calls") or [] if call.get("purpose") == "check"]
        notes = answer.get("checks") or []
        if not calls:
            self.bullets("Checks", notes)
            return
        self.heading("Checks")
        rows = self.rows()
        for call in calls:
            verdict = str(call.get("verdict") or "done")
            shown = self.text(verdict, TONE_STYLES[verdict_tone(verdict)])
            if call.get("error"):
                shown = self.text(f"could not be run: {call['error']}", "dim")
            rows.add_row(self.text(call.get("why") or call.get("operation", "")), shown)
        self.print(rows, *(self.text(note, "dim") for note in notes))

    def trace(self, entries: Sequence[Mapping[str, Any]]) -> None:
        if not entries:
            return
        self.heading("How the answer was reached")
        rows = self.rows()
        for entry in entries:
            took = Text(f"{float(entry.get('ms') or 0.0):.1f} ms", "dim", justify="right")
            rows.add_row(
                self.text(entry.get("stage", ""), "bold"), self.text(entry.get("summary", "")), took
            )
        self.print(rows)

    def calls(self, calls: Sequence[Mapping[str, Any]]) -> None:
        if not calls:
            return
        self.heading("Tool calls")
        arrow = "→" if self.unicode else "=>"
        for call in calls:
            title = Text.assemble(
                self.text(f"{call.get('id') or ''} {call.get('operation', '')}", "bold"),
                " ",
                self.text(f"({call.get('purpose', 'answer')})", "dim"),
            )
            self.print(title)
            rows = self.rows()
            for name, value in (call.get("args") or {}).items():
                rows.add_row("", self.text(name, "dim"), self.text(brief(value), "dim"))
            if call.get("error"):
                rows.add_row(arrow, Text("error", "red"), self.text(call["error"]))
            for name, value in (call.get("result") or {}).items():
                rows.add_row(arrow, self.text(name), self.text(brief(value)))
            self.print(rows)

    def figures(self, entries: Sequence[Mapping[str, Any]]) -> None:
        if not entries:
            return
        self.heading("Where the figures come from")
        rows = self.rows()
        for entry in entries:
            rows.add_row(
                self.text(entry.get("text", ""), "bold"),
                self.text(entry.get("reference", "")),
                self.text(entry.get("source", ""), "dim"),
            )
        self.print(rows)

    def sources(self, citations: Sequence[Mapping[str, Any]]) -> None:
        if not citations:
            return
        self.heading("Sources")
        rows = self.rows()
        for number, citation in enumerate(citations, start=1):
            name = str(citation.get("id") or number)
            lines = [
                self.text(
                    ". ".join(str(citation[f]) for f in ("title", "source") if citation.get(f))
                )
            ]
            if citation.get("quote"):
                lines.append(self.text(f"“{citation['quote']}”", "dim"))
            mark = self.text(f"[{name if name.isdigit() else number}]")
            for position, line in enumerate(lines):
                rows.add_row(mark if position == 0 else "", line)
        self.print(rows)

    def last_line(self, answer: Mapping[str, Any]) -> None:
        parts: list[str] = []
        if answer.get("confidence") is not None:
            parts.append(f"confidence {100 * float(answer['confidence']):.0f} %")
        if answer.get("budget"):
            parts.append(f"budget {answer['budget']}")
        if answer.get("model"):
            parts.append(f"planner {answer['model']}")
        if parts:
            self.console.print()
            self.print(self.text(", ".join(parts), "dim"))


def brief(value: Any) -> str:
    """A value on one line: of long lists and records the beginning, and how many there are."""
    if isinstance(value, Mapping):
        shown = ", ".join(f"{name}: {brief(item)}" for name, item in list(value.items())[:6])
        text = f"{{{shown}{', …' if len(value) > 6 else ''}}}"
    elif isinstance(value, (list, tuple)):
        shown = ", ".join(shorten(brief(item), 60) for item in value[:LIST_SHOWN])
        more = f", … ({len(value)} in all)" if len(value) > LIST_SHOWN else ""
        text = f"[{shown}{more}]"
    else:
        text = figure(value)
    return shorten(text, VALUE_LENGTH)
