"""What ``havoc serve`` runs: settings checked, parts opened, uvicorn, and an orderly end."""

from __future__ import annotations

import os
import resource
import signal
import socket
import sys
from contextlib import suppress

import uvicorn
import uvloop
from fastapi import FastAPI

from havoc.errors import InputError
from havoc.serve.app import create_app
from havoc.serve.keys import any_key
from havoc.serve.logs import set_up_logs, tell
from havoc.serve.network import Network
from havoc.serve.protocol import guarded_protocol
from havoc.serve.settings import ServeSettings
from havoc.serve.storage import open_database

SPARE_FILES = 256
IDLE_SECONDS = 15
BACKLOG = 2048
SWITCH_SECONDS = 0.0001


def run_server(settings: ServeSettings) -> int:
    """Serve until a signal ends it. Raises InputError for what can be known to fail before."""
    database = open_database(settings.database_url)
    if not settings.loopback and not database.run(any_key):
        raise InputError(
            "can be reached from other machines, and there is no key",
            where=f"--host {settings.host}",
            remedy="make one with havoc keys create, or serve on 127.0.0.1",
        )
    _raise_file_limit(settings)
    network = _open_network(settings)
    listening = _listen(settings)
    set_up_logs()
    # the thread of the engine hands the interpreter over sooner than by default, to the event loop
    sys.setswitchinterval(SWITCH_SECONDS)
    app = create_app(settings, database, network)
    server = _Server(_configuration(app, settings), app)
    host, port = listening.getsockname()[:2]
    name = f"[{host}]" if ":" in host else host
    print(f"havoc serves on http://{name}:{port} (data in {settings.folder})", flush=True)
    tell("started", port=port, network=network is not None, planner=settings.planner_name)
    with suppress(KeyboardInterrupt):
        uvloop.run(server.serve(sockets=[listening]))
    tell("stopped")
    return 0


class _Server(uvicorn.Server):
    """uvicorn's server, which says that it is about to stop before it stops."""

    def __init__(self, config: uvicorn.Config, app: FastAPI) -> None:
        super().__init__(config)
        self._app = app

    def handle_exit(self, sig: int, frame: object) -> None:
        self._app.state.services.draining = True
        if sig == signal.SIGTERM:
            self.should_exit = True  # a second one does not force it: the drain has its own end
        else:
            super().handle_exit(sig, frame)  # type: ignore[arg-type]


def _configuration(app: FastAPI, settings: ServeSettings) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=guarded_protocol(settings),
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=True,
        proxy_headers=bool(settings.proxies),
        forwarded_allow_ips=list(settings.proxies),
        timeout_keep_alive=IDLE_SECONDS,
        timeout_graceful_shutdown=max(1, round(settings.drain_seconds)),
        h11_max_incomplete_event_size=settings.header_bytes,
        backlog=BACKLOG,
    )


def _open_network(settings: ServeSettings) -> Network | None:
    folder = settings.network_folder
    if not folder:
        return None
    from havoc.bundle import Bundle

    threads = settings.threads or max(1, (os.cpu_count() or 2) - 1)
    return Network(
        Bundle.open(folder),
        weights=settings.weights,
        threads=threads,
        running=settings.running_requests,
        waiting=settings.waiting_requests,
        event_seconds=settings.event_seconds,
    )


def _listen(settings: ServeSettings) -> socket.socket:
    """Take the address before anything heavy begins, so that a taken one is told at once."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((settings.host.strip("[]"), settings.port))
        listening.listen(BACKLOG)
    except OSError as error:
        listening.close()
        raise InputError(
            f"cannot be served on ({error.strerror or error})",
            where=f"{settings.host}:{settings.port}",
            remedy="choose another --port or --host",
        ) from None
    return listening


def _raise_file_limit(settings: ServeSettings) -> None:
    """As many open files as connections need, as far as the system lets us."""
    if sys.platform == "win32":
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = settings.connections + SPARE_FILES
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
