"""What went wrong, as a client is told: problem details (RFC 9457), or OpenAI's error object.

A client never sees paths, stack traces or the text of an unexpected error; the log has what
belongs to the request id that it is told.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import msgspec

from havoc.errors import HavocError, UnavailableError
from havoc.text import printable

MEDIA_TYPE = "application/problem+json"
DETAIL_LIMIT = 1_000
OPENAI_PREFIX = "/v1/"

_TITLES = {
    "busy": "The server is busy",
    "input": "The input cannot carry the request",
    "too-costly": "The request is too costly",
    "no-network": "No network is loaded",
    "no-embedder": "No embedder is installed",
    "no-worker": "No worker process",
    "remote": "Another server gives no answer",
    "no-space": "The disk is full",
    "storage": "The storage cannot be used",
    "rate": "Too many requests",
    "key": "A key is needed",
    "scope": "The key may not do this",
    "origin": "The origin may not call this server",
    "host": "This server has another name",
    "internal": "An unexpected error",
    "draining": "The server is about to stop",
}

_OPENAI_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "invalid_request_error",
    429: "rate_limit_error",
}


PROBLEM: dict[str, Any] = {
    "description": "a problem (RFC 9457)",
    "content": {
        MEDIA_TYPE: {
            "schema": {
                "type": "object",
                "required": ["type", "title", "status", "detail", "instance"],
                "properties": {
                    "type": {"type": "string"},
                    "title": {"type": "string"},
                    "status": {"type": "integer"},
                    "detail": {"type": "string"},
                    "instance": {"type": "string"},
                    "errors": {"type": "array"},
                },
            }
        }
    },
}
"""As OpenAPI tells it, and what it is below /v1."""
OPENAI_PROBLEM: dict[str, Any] = {
    "description": "an error as OpenAI has it",
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "required": ["error"],
                "properties": {
                    "error": {
                        "type": "object",
                        "required": ["message", "type", "param", "code"],
                        "properties": {
                            "message": {"type": "string"},
                            "type": {"type": "string"},
                        },
                    }
                },
            }
        }
    },
}


class Problem(Exception):
    """A request ends here, with this status. ``kind`` names the problem's type."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        kind: str = "",
        remedy: str = "",
        headers: Mapping[str, str] | None = None,
        errors: list[dict[str, str]] | None = None,
        parameter: str | None = None,
        code: str | None = None,
    ) -> None:
        self.status = status
        text = f"{detail}; {remedy}" if remedy else detail
        self.detail = printable(text, DETAIL_LIMIT)
        self.kind = kind
        self.headers = dict(headers or {})
        self.errors = errors or []
        self.parameter = parameter
        self.code = code
        super().__init__(self.detail)


def problem_of(error: HavocError, status: int = 422) -> Problem:
    """An error of the input as a problem; 503 where another server failed, without its address."""
    if isinstance(error, UnavailableError):
        return Problem(
            503,
            error.what,
            kind="remote",
            remedy="try again later, or let the server plan by itself (planner: auto)",
            headers={"Retry-After": "10"},
        )
    return Problem(status, str(error), kind="input", parameter=error.where or None)


def body_of(problem: Problem, path: str, request_id: str) -> tuple[bytes, str]:
    """The body and its media type: OpenAI's error object below ``/v1``, else problem details."""
    if path.startswith(OPENAI_PREFIX):
        return msgspec.json.encode({"error": openai_error(problem)}), "application/json"
    details: dict[str, Any] = {
        "type": f"urn:havoc:problem:{problem.kind}" if problem.kind else "about:blank",
        "title": _TITLES.get(problem.kind) or HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": problem.detail,
        "instance": f"urn:havoc:request:{request_id}",
    }
    if problem.errors:
        details["errors"] = problem.errors
    return msgspec.json.encode(details), MEDIA_TYPE


def openai_error(problem: Problem) -> dict[str, Any]:
    """The error object that OpenAI's clients read."""
    return {
        "message": problem.detail,
        "type": _OPENAI_TYPES.get(
            problem.status, "server_error" if problem.status >= 500 else "invalid_request_error"
        ),
        "param": problem.parameter,
        "code": problem.code or problem.kind or None,
    }
