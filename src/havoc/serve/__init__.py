"""The server: OpenAI-compatible, native and MCP routes over the analyst and a network.

``create_app`` makes the ASGI application, ``run_server`` what ``havoc serve`` runs.
"""

from havoc.serve.app import create_app
from havoc.serve.run import run_server
from havoc.serve.settings import ServeSettings, load_settings

__all__ = ["ServeSettings", "create_app", "load_settings", "run_server"]
