"""The visible text of an HTML page: nothing that a reader of the page would not see."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from havoc.rag.documents import Block, Kind

_DROPPED = frozenset(
    "script style noscript template iframe object embed svg canvas head nav form select textarea "
    "audio video".split()
)
_ENDLESS = frozenset("area base br col embed hr img input link meta param source track wbr".split())
_BLOCKS = frozenset(
    "p div section article main header footer aside blockquote table tr ul ol dl dt dd figure "
    "figcaption address details summary body html".split()
)
_HIDING = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|opacity\s*:\s*0(?![.\d]*[1-9])"
    r"|font-size\s*:\s*0(?![.\d]*[1-9])|(?:left|top|text-indent)\s*:\s*-\d{3,}",
    re.I,
)
_WHITE = re.compile(r"(?<![-\w])color\s*:\s*(?:white|#fff(?:fff)?\b|rgba?\([^)]*,\s*0\s*\))", re.I)


def html_blocks(text: str) -> list[Block]:
    """Blocks of a page. Scripts, hidden elements, comments, attributes and targets are dropped."""
    reader = _Reader()
    reader.feed(text)
    reader.close()
    reader.end_block()
    return reader.blocks


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.blocks: list[Block] = []
        self._text: list[str] = []
        self._kind: Kind = "text"
        self._level = 0
        self._hidden: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._hidden:
            if tag not in _ENDLESS:
                self._hidden.append(tag)
            return
        if (tag in _DROPPED or _hides(dict(attrs))) and tag not in _ENDLESS:
            self._hidden.append(tag)
        elif tag in ("h1", "h2", "h3", "h4", "h5", "h6"):
            self._begin("heading", int(tag[1]))
        elif tag == "li":
            self._begin("item")
        elif tag == "pre":
            self._begin("code")
        elif tag in _BLOCKS:
            self._begin("text")
        elif tag in ("br", "td", "th"):
            self._text.append(" " if self._kind != "code" else "\n")

    def handle_endtag(self, tag: str) -> None:
        if self._hidden:
            # An element that was never closed ends with the one that it stands in.
            if tag in self._hidden:
                while self._hidden and self._hidden.pop() != tag:
                    pass
            return
        if tag in _BLOCKS or tag in ("li", "pre", "h1", "h2", "h3", "h4", "h5", "h6"):
            self._begin("text")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self._text.append(data)

    def _begin(self, kind: Kind, level: int = 0) -> None:
        self.end_block()
        self._kind, self._level = kind, level

    def end_block(self) -> None:
        joined = "".join(self._text)
        text = joined.strip("\n") if self._kind == "code" else " ".join(joined.split())
        if text.strip():
            self.blocks.append(Block(text, self._kind, self._level))
        self._text.clear()
        self._kind, self._level = "text", 0


def _hides(attributes: dict[str, str | None]) -> bool:
    style = attributes.get("style") or ""
    return (
        "hidden" in attributes
        or (attributes.get("aria-hidden") or "").lower() == "true"
        or bool(_HIDING.search(style))
        or bool(_WHITE.search(style))
    )
