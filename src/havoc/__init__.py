"""havoc: a question in plain words and data in, an audited answer out.

``havoc.ask("Is line B thicker than line A?", data=frame)`` returns the same
answer object as ``havoc ask --json``. Nothing heavy is imported until it is
needed.
"""

from __future__ import annotations

from typing import Any

__version__ = "0.1.0"

__all__ = ["__version__", "ask", "registry"]


def __getattr__(name: str) -> Any:
    if name == "ask":
        from havoc.reason import ask

        return ask
    if name == "registry":
        from havoc.tools import registry

        return registry
    raise AttributeError(f"module 'havoc' has no attribute {name!r}")
