"""Text in any of the written forms to the one tree."""

from __future__ import annotations

from havoc.tools.dsl.binding import bind_script
from havoc.tools.dsl.documents import is_document, parse_document
from havoc.tools.dsl.syntax import parse_text
from havoc.tools.dsl.tree import Script


def parse_script(text: str) -> Script:
    """The tree of a script: statements, a JSON or YAML document, or older keyword lines.

    Raises InputError with line, column and what was expected.
    """
    if is_document(text):
        return parse_document(text)
    return bind_script(parse_text(text))
