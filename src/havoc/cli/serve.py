"""Serve the analyst to other programs.

  havoc serve
  havoc serve --bundle runs/a/bundle --port 8080
  havoc serve --config serve.yaml

It listens on this machine only. Before it is reached from others it wants a key
(havoc keys create). The settings of a file are those of docs/server.md.
"""

from __future__ import annotations

import argparse

from havoc.errors import InputError

MISSING = "the server is not installed; pip install 'havoc[serve]'"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--bundle",
        metavar="FOLDER",
        help="the network that havoc-raw is (default: the planner's; none: no network)",
    )
    parser.add_argument("--host", help="address to listen on (default: 127.0.0.1)")
    parser.add_argument("--port", type=int, help="port (default: 8000; 0: any that is free)")
    parser.add_argument("--data", metavar="FOLDER", help="where database and uploads lie")
    parser.add_argument("--workers", type=int, help="processes that compute (default: 2)")
    parser.add_argument("--threads", type=int, help="threads of the network")
    parser.add_argument(
        "--weights", choices=("fp32", "int8", "ternary"), help="how weights are held"
    )
    parser.add_argument("--planner", help="auto, rules, model or remote (default: auto)")
    parser.add_argument("--config", metavar="YAML", help="a file of settings")


def execute(namespace: argparse.Namespace) -> int:
    given = {
        name: value
        for name, value in vars(namespace).items()
        if value is not None and name != "config"
    }
    try:
        from havoc.serve import load_settings, run_server
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("havoc"):
            raise
        raise InputError(MISSING, where="serve") from None
    return run_server(load_settings(namespace.config, given))
