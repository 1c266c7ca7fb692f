"""The small part of Markdown that answers are written in, parsed once for page and terminal.

Paragraphs, headings, lists, tables, fenced code; ``**bold**`` and `` `code` ``
within a line. There are no links, images or HTML: what looks like them is text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from typing import Literal, NamedTuple

from havoc.text import printable_lines


class Span(NamedTuple):
    """A piece of a line in one style."""

    text: str
    style: Literal["", "strong", "code"]


class Block(NamedTuple):
    """A paragraph, heading, list, table or code block.

    ``rows`` holds its lines, items or table rows, each a list of cells; only
    tables have more than one cell. The first row of a table is its head.
    """

    kind: Literal["paragraph", "heading", "bullets", "numbers", "table", "code"]
    rows: list[list[str]]


_HEADING = re.compile(r"#{1,6}\s+(.*?)\s*#*$")
_BULLET = re.compile(r"\s*[-*+]\s+(.*)$")
_NUMBER = re.compile(r"\s*\d{1,3}[.)]\s+(.*)$")
_RULE_CELL = re.compile(r":?-+:?$")
_CELL_END = re.compile(r"(?<!\\)\|")
_SPAN = re.compile(r"\*\*(?P<strong>(?=\S)[^*]+?(?<=\S))\*\*|`(?P<code>[^`]+)`")
_ESCAPED = re.compile(r"\\([\\`*_{}\[\]()#+\-.!|<>])")


def parse(text: str) -> list[Block]:
    """The blocks of ``text``, control characters removed."""
    lines = printable_lines(text).split("\n")
    blocks: list[Block] = []
    position = 0
    while position < len(lines):
        line = lines[position]
        if not line.strip():
            position += 1
        elif line.lstrip().startswith("```"):
            end = _end_of_code(lines, position + 1)
            blocks.append(Block("code", [[row] for row in lines[position + 1 : end]]))
            position = end + 1
        elif "|" in line and position + 1 < len(lines) and _is_rule(lines[position + 1]):
            end = position + 2
            while end < len(lines) and "|" in lines[end]:
                end += 1
            rows = [lines[position], *lines[position + 2 : end]]
            blocks.append(Block("table", _squared([_cells(row) for row in rows])))
            position = end
        elif match := _HEADING.match(line):
            blocks.append(Block("heading", [[match[1]]]))
            position += 1
        else:
            position = _text_block(lines, position, blocks)
    return blocks


def _end_of_code(lines: list[str], start: int) -> int:
    return next((i for i in range(start, len(lines)) if lines[i].strip() == "```"), len(lines))


def _is_rule(line: str) -> bool:
    return "|" in line and all(_RULE_CELL.match(cell) for cell in _cells(line))


def _cells(row: str) -> list[str]:
    row = row.strip()
    row = row[1:] if row.startswith("|") else row
    cells = _CELL_END.split(row)
    return [cell.strip() for cell in (cells[:-1] if not cells[-1].strip() else cells)]


def _squared(rows: list[list[str]]) -> list[list[str]]:
    width = max(len(row) for row in rows)
    return [[*row, *[""] * (width - len(row))] for row in rows]


def _text_block(lines: list[str], position: int, blocks: list[Block]) -> int:
    """A list or a paragraph; returns where the next block may begin."""
    for kind, pattern in (("bullets", _BULLET), ("numbers", _NUMBER)):
        if pattern.match(lines[position]):
            items: list[list[str]] = []
            while position < len(lines) and lines[position].strip():
                if match := pattern.match(lines[position]):
                    items.append([match[1]])
                elif lines[position].startswith(" "):
                    items[-1][0] += " " + lines[position].strip()
                else:
                    break
                position += 1
            blocks.append(Block("bullets" if kind == "bullets" else "numbers", items))
            return position
    start = position
    position += 1
    while position < len(lines) and lines[position].strip() and not _begins(lines[position]):
        position += 1
    blocks.append(Block("paragraph", [[" ".join(line.strip() for line in lines[start:position])]]))
    return position


def _begins(line: str) -> bool:
    starts = (_HEADING, _BULLET, _NUMBER)
    return line.lstrip().startswith(("```", "|")) or any(start.match(line) for start in starts)


def spans(line: str) -> Iterator[Span]:
    """The styled pieces of a line, backslash escapes resolved."""
    position = 0
    for match in _SPAN.finditer(line):
        if match.start() > position:
            yield Span(_unescaped(line[position : match.start()]), "")
        if match["code"] is not None:
            yield Span(match["code"], "code")
        else:
            yield Span(_unescaped(match["strong"]), "strong")
        position = match.end()
    if position < len(line):
        yield Span(_unescaped(line[position:]), "")


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(r"\1", text)


def to_html(text: str) -> str:
    """``text`` as HTML in which nothing but the tags of this module is markup."""
    return "\n".join(_block_html(block) for block in parse(text))


def _block_html(block: Block) -> str:
    if block.kind == "code":
        return f"<pre>{escape(chr(10).join(row[0] for row in block.rows))}</pre>"
    if block.kind == "table":
        head, *body = block.rows
        return (
            f"<table><thead>{_row_html(head, 'th')}</thead><tbody>"
            + "".join(_row_html(row, "td") for row in body)
            + "</tbody></table>"
        )
    if block.kind in ("bullets", "numbers"):
        tag = "ul" if block.kind == "bullets" else "ol"
        items = "".join(f"<li>{_line_html(row[0])}</li>" for row in block.rows)
        return f"<{tag}>{items}</{tag}>"
    tag = "h3" if block.kind == "heading" else "p"
    return f"<{tag}>{_line_html(block.rows[0][0])}</{tag}>"


def _row_html(cells: list[str], tag: str) -> str:
    return "<tr>" + "".join(f"<{tag}>{_line_html(cell)}</{tag}>" for cell in cells) + "</tr>"


def _line_html(line: str) -> str:
    parts = []
    for span in spans(line):
        text = escape(span.text)
        parts.append(f"<{span.style}>{text}</{span.style}>" if span.style else text)
    return "".join(parts)
