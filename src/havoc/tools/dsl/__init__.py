"""The language over the tools: statements, documents and the older keyword lines.

    script = parse_script('TEST t two_sample A=[12.1, 12.3] B=[12.8, 12.6]')
    results = execute_script(script)

``havoc.lark`` is the grammar and its documentation. Every way of writing is
read into the tree of ``tree.py``; ``format_script`` writes a tree as statements.
"""

from havoc.tools.dsl.documents import Envelope, parse_document, run_document
from havoc.tools.dsl.execution import execute_script, execute_statement
from havoc.tools.dsl.reading import parse_script
from havoc.tools.dsl.tree import Reference, Script, Statement, Value
from havoc.tools.dsl.writing import format_script, format_statement

__all__ = [
    "Envelope",
    "Reference",
    "Script",
    "Statement",
    "Value",
    "execute_script",
    "execute_statement",
    "format_script",
    "format_statement",
    "parse_document",
    "parse_script",
    "run_document",
]
