"""What a server is told at its start: code defaults, then the file, then the command line.

Everything is checked before anything is opened, so that a wrong setting is refused at the start
and never met by a request.
"""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from havoc.bundle import shipped_bundle
from havoc.configuration import read_mapping, settings_of
from havoc.errors import InputError

DATABASE_VARIABLE = "HAVOC_DATABASE"
LIMITS_VARIABLE = "HAVOC_LIMITS"
DATA_VARIABLE = "HAVOC_DATA"
REMOTE_VARIABLES = {"remote_url": "HAVOC_REMOTE_URL", "remote_model": "HAVOC_REMOTE_MODEL"}
NO_NETWORK = "none"
MEGABYTE = 1_000_000

_BOUNDS: dict[str, tuple[float, float]] = {
    "port": (0, 65_535),
    "threads": (0, 1024),
    "workers": (1, 256),
    "worker_memory": (256, 1_000_000),
    "question_seconds": (0.1, 86_400),
    "reading_seconds": (0.1, 86_400),
    "waiting_questions": (0, 100_000),
    "running_requests": (1, 4096),
    "waiting_requests": (1, 100_000),
    "most_new_tokens": (1, 1 << 20),
    "requests_per_minute": (1, 10_000_000),
    "failed_keys_per_minute": (1, 100_000),
    "requests_at_once": (1, 100_000),
    "body_bytes": (1_000, 1_000_000_000),
    "upload_bytes": (1_000, 200_000_000),
    "uploads_per_owner": (1, 1_000_000),
    "connections": (1, 1_000_000),
    "connections_per_address": (1, 1_000_000),
    "header_bytes": (1_024, 1_000_000),
    "header_seconds": (0.1, 3_600),
    "body_seconds": (0.1, 3_600),
    "write_seconds": (0.1, 3_600),
    "heartbeat_seconds": (0.1, 3_600),
    "event_seconds": (0, 10),
    "resume_seconds": (0, 3_600),
    "drain_seconds": (0, 3_600),
    "keep_sessions_days": (0, 100_000),
    "keep_uploads_days": (0, 100_000),
    "keep_audit_days": (0, 100_000),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeSettings:
    """How the server runs. Raises InputError for a value out of its range.

    Sizes in bytes but ``worker_memory`` in MB, times in seconds; 0 days keeps for ever.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    hosts: tuple[str, ...] = ()
    """Names, beyond those of the machine itself, under which requests may address the server."""
    origins: tuple[str, ...] = ()
    """Other origins whose pages may call the server, such as https://quality.example.com."""
    proxies: tuple[str, ...] = ()
    """Addresses of proxies whose X-Forwarded-For is believed."""
    require_key: bool = False
    """Demand a key although the server is only reached from this machine and has no key yet."""

    bundle: str = ""
    """The network that is served (none: the one in the package; the word none: no network)."""
    weights: str = ""
    """fp32, int8 or ternary (none: as the bundle has them)."""
    threads: int = 0
    """Of the network (0: one less than the cores, so that requests are still taken)."""

    planner: str = ""
    """auto, rules, model or remote (none: auto, or rules where the package has no network)."""
    remote_url: str = ""
    """The OpenAI-compatible server that plans with ``remote``, up to /v1 (none: from the
    environment)."""
    remote_model: str = ""
    """Its model (none: from the environment)."""

    data: str = ""
    """The folder of database and uploads (none: the user's own)."""
    database: str = ""
    """A database URL (none: SQLite in ``data``)."""
    limits: str = "memory://"
    """Where rates are counted: memory://, or redis://… for several replicas."""
    runs: str = ""
    """A folder of training runs that /runs shows (none: nothing)."""

    workers: int = 2
    worker_memory: int = 4_000
    question_seconds: float = 120
    reading_seconds: float = 60
    waiting_questions: int = 32
    running_requests: int = 32
    waiting_requests: int = 128
    most_new_tokens: int = 4_096

    requests_per_minute: int = 600
    failed_keys_per_minute: int = 20
    requests_at_once: int = 64
    body_bytes: int = 4 * MEGABYTE
    upload_bytes: int = 64 * MEGABYTE
    uploads_per_owner: int = 200
    connections: int = 4_096
    connections_per_address: int = 1_024
    header_bytes: int = 32_768
    header_seconds: float = 10
    body_seconds: float = 60
    write_seconds: float = 30
    heartbeat_seconds: float = 15
    event_seconds: float = 0.02
    """Least time between two events of a generated text; tokens in between come together."""
    resume_seconds: float = 15
    drain_seconds: float = 30

    keep_sessions_days: float = 0
    keep_uploads_days: float = 30
    keep_audit_days: float = 90
    log_content: bool = False
    """Write the messages of unexpected errors, which may quote a user's text, to the log."""
    traces: bool = False
    """OpenTelemetry traces, sent where OTEL_EXPORTER_OTLP_ENDPOINT says."""

    def __post_init__(self) -> None:
        for name, (low, high) in _BOUNDS.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise InputError(f"is {value}", where=name, remedy=f"give {low:g} to {high:g}")
        for origin in self.origins:
            if not re.fullmatch(r"https?://[A-Za-z0-9.:\[\]-]+", origin):
                raise InputError(
                    f"{origin!r} is no origin",
                    where="origins",
                    remedy="write https://name or http://name:port, without a path; * is not taken",
                )
        for name in self.hosts:
            if not re.fullmatch(r"[A-Za-z0-9.-]+|\[[0-9a-fA-F:]+\]", name):
                raise InputError(
                    f"{name!r} is no host name", where="hosts", remedy="write it without a port"
                )
        if self.weights not in ("", "fp32", "int8", "ternary"):
            raise InputError(
                f"is {self.weights!r}", where="weights", remedy="give fp32, int8 or ternary"
            )
        self._check_planner()

    def _check_planner(self) -> None:
        if self.planner:
            from havoc.reason.planners import PLANNERS

            if self.planner not in PLANNERS:
                raise InputError(
                    f"is {self.planner!r}", where="planner", remedy=f"use {', '.join(PLANNERS)}"
                )
        url = self.remote_url or os.environ.get(REMOTE_VARIABLES["remote_url"], "")
        if (url or self.planner == "remote") and not url.startswith(("http://", "https://")):
            raise InputError(
                f"{url!r} is no http address" if url else "no endpoint is set",
                where="remote_url",
                remedy="give an OpenAI-compatible endpoint, such as http://vllm:8000/v1",
            )

    @property
    def loopback(self) -> bool:
        """Whether the server can be reached from this machine only."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host.strip("[]")).is_loopback
        except ValueError:
            return False

    @property
    def network_folder(self) -> str:
        """The bundle that is served, or nothing."""
        if self.bundle == NO_NETWORK:
            return ""
        return self.bundle or str(shipped_bundle() or "")

    @property
    def planner_name(self) -> str:
        """The planner of the workers."""
        return self.planner or ("auto" if shipped_bundle() else "rules")

    @property
    def remote_environment(self) -> dict[str, str]:
        """What workers are told of the remote planner."""
        given = {"remote_url": self.remote_url, "remote_model": self.remote_model}
        return {REMOTE_VARIABLES[name]: value for name, value in given.items() if value}

    @property
    def folder(self) -> Path:
        """Where database and uploads lie."""
        return Path(self.data) if self.data else default_folder()

    @property
    def database_url(self) -> str:
        """The database as SQLAlchemy names it."""
        url = self.database or os.environ.get(DATABASE_VARIABLE, "")
        if not url:
            return f"sqlite:///{self.folder / 'havoc.db'}"
        # the driver that comes with havoc[postgresql]
        return re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", url)


def default_folder() -> Path:
    """``$HAVOC_DATA``, or havoc's folder among the user's data."""
    named = os.environ.get(DATA_VARIABLE)
    if named:
        return Path(named)
    base = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(base).expanduser() / "havoc"


def load_settings(path: str | None, given: Mapping[str, Any]) -> ServeSettings:
    """Settings of a file, with what was ``given`` on the command line instead.

    Raises InputError: an unreadable file, an unknown name, a wrong type, a value out of range.
    """
    values = read_mapping(path) if path else {}
    where = path or "serve"
    limits = os.environ.get(LIMITS_VARIABLE)
    if limits and "limits" not in values:
        values["limits"] = limits
    return settings_of(ServeSettings, {**values, **given}, where=where)
