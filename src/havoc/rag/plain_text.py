"""Text and Markdown as blocks; links keep their words and lose their target."""

from __future__ import annotations

import re

from havoc.rag.documents import Block, Kind

_HEADING = re.compile(r"(#{1,6})[ \t]+(\S.*?)[ \t]*#*$")
_UNDERLINE = re.compile(r"(=+|-{3,})\s*$")
_ITEM = re.compile(r"[ \t]{0,8}(?:[-*+•]|\d{1,3}[.)])[ \t]+(?=\S)")
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_HIDDEN = re.compile(r"<(script|style|iframe|object|svg)\b.*?(?:</\1\s*>|\Z)", re.DOTALL | re.I)
_TAG = re.compile(r"</?[a-zA-Z][^<>\n]{0,500}>")
_IMAGE = re.compile(r"!\[[^\]\n]{0,300}\]\([^)\n]{0,2000}\)")
_LINK = re.compile(r"\[([^\]\n]{1,300})\]\([^)\n]{0,2000}\)")
_REFERENCE = re.compile(r"^[ ]{0,3}\[[^\]\n]{1,100}\]:[ \t]*\S.*$", re.MULTILINE)
_STRONG = re.compile(r"(\*\*|__)(?=\S)([^*_\n]{1,300}?)(?<=\S)\1")


def text_blocks(text: str) -> list[Block]:
    """Paragraphs of plain text: what stands between blank lines."""
    return _lines_to_blocks(text.splitlines(), headings=False)


def markdown_blocks(text: str) -> list[Block]:
    """Blocks of Markdown. HTML in it, comments, images and link targets are dropped."""
    text = _HIDDEN.sub(" ", _COMMENT.sub(" ", text))
    text = _REFERENCE.sub("", _IMAGE.sub("", text))
    text = _LINK.sub(r"\1", text)
    text = _STRONG.sub(r"\2", text)
    return _lines_to_blocks(text.splitlines(), headings=True)


def _lines_to_blocks(lines: list[str], *, headings: bool) -> list[Block]:
    blocks: list[Block] = []
    pending: list[str] = []
    kind: Kind = "text"
    fence = ""

    def close() -> None:
        nonlocal kind
        if any(line.strip() for line in pending):
            joined = "\n" if kind == "code" else " "
            words = [line.rstrip() if kind == "code" else line.strip() for line in pending]
            blocks.append(Block(joined.join(words).strip("\n"), kind))
        pending.clear()
        kind = "text"

    for line in lines:
        stripped = line.strip()
        if fence:
            if stripped.startswith(fence):
                close()
                fence = ""
            else:
                pending.append(line)
            continue
        if headings:
            if stripped.startswith(("```", "~~~")):
                close()
                fence, kind = stripped[:3], "code"
                continue
            line = _TAG.sub("", line)
            if match := _HEADING.match(line):
                close()
                blocks.append(Block(match[2], "heading", len(match[1])))
                continue
            if _UNDERLINE.match(line) and len(pending) == 1 and kind == "text":
                level = 1 if stripped.startswith("=") else 2
                blocks.append(Block(pending.pop().strip(), "heading", level))
                continue
        if not stripped:
            close()
        elif match := _ITEM.match(line):
            close()
            kind = "item"
            pending.append(line[match.end() :])
        else:
            pending.append(line)
    close()
    return blocks
