"""The server: OpenAI-compatible, native and MCP routes over the analyst and a network.

``create_app`` makes the ASGI application, ``run_server`` what ``havoc serve`` runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from havoc.serve.app import create_app
    from havoc.serve.run import run_server
    from havoc.serve.settings import ServeSettings, load_settings

__all__ = ["ServeSettings", "create_app", "load_settings", "run_server"]

_HOMES = {
    "ServeSettings": "settings",
    "create_app": "app",
    "load_settings": "settings",
    "run_server": "run",
}


def __getattr__(name: str) -> Any:
    # A name is imported when it is used: the processes that compute need nothing of the web.
    if name in _HOMES:
        import importlib

        return getattr(importlib.import_module(f"havoc.serve.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'havoc.serve' has no attribute {name!r}")
