"""A planner behind an OpenAI-compatible endpoint: any model that keeps to a JSON schema.

It gets the same text as the network in the package (slots and value classes, no figures) and
may name operations only; the arguments are bound here, from the question. What it says is
untrusted: a name that is not in the schema is an error, and no word of it reaches the answer.
"""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

import msgspec

from havoc.errors import InputError, UnavailableError
from havoc.reading.question import Reading
from havoc.reading.turns import merge
from havoc.reason.planner import (
    Context,
    Plan,
    bind_all,
    empty_plan,
    operation_before,
    status_plan,
)
from havoc.reason.planner_prompt import planner_prompt
from havoc.reason.refinement import refine
from havoc.reason.wording import STATUSES, Guess
from havoc.tools import registry

MOST_OPERATIONS = 3
MOST_BYTES = 1_000_000
INSTRUCTIONS = (
    "You plan statistical analyses for quality engineers. Figures of the question are replaced "
    "by slots such as <d0> (a list), <c0> (a column), <n0> (a number). Name the operation that "
    "answers the question, or several in the order asked; concept: it asks to explain; declined: "
    "it asks to falsify or to pick data; out_of_scope: another field; unclear: it cannot be said. "
    "Answer in JSON only."
)


class _Answer(msgspec.Struct, forbid_unknown_fields=True):
    operations: list[str]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where to ask: ``url`` up to ``/v1``, the ``model``, and a ``key`` if it wants one."""

    url: str
    model: str
    key: str = ""
    seconds: float = 30.0

    @classmethod
    def from_environment(cls) -> Endpoint:
        """HAVOC_REMOTE_URL, HAVOC_REMOTE_MODEL, HAVOC_REMOTE_KEY. InputError without the first."""
        url = os.environ.get("HAVOC_REMOTE_URL", "").rstrip("/")
        if not url.startswith(("http://", "https://")):
            raise InputError(
                "no endpoint is set" if not url else f"{url!r} is no http address",
                where="HAVOC_REMOTE_URL",
                remedy="set it to an OpenAI-compatible endpoint, such as http://localhost:8080/v1",
            )
        return cls(
            url,
            os.environ.get("HAVOC_REMOTE_MODEL", "default"),
            os.environ.get("HAVOC_REMOTE_KEY", ""),
        )


class RemotePlanner:
    """Operations named by a remote model, arguments bound here."""

    name = "remote"

    def __init__(self, endpoint: Endpoint | None = None) -> None:
        """``endpoint`` None: the one that the environment names."""
        self._endpoint = endpoint or Endpoint.from_environment()

    def plan(self, reading: Reading, context: Context | None = None) -> Plan:
        if not reading.text.strip():
            return empty_plan()
        names = self._ask(planner_prompt(reading, operation_before(context)))
        guesses = [Guess(name=name, probability=1.0) for name in names]
        # the words of a broad question need an operation beside the status
        guesses += [Guess(name=name, probability=0.0) for name in registry if name not in names]
        merged = reading if context is None else merge(reading, context.reading)
        if names[0] in STATUSES:
            return status_plan(names[0], guesses, merged)
        operations = [name for name in names if name not in STATUSES]
        return bind_all(refine(operations, merged), merged, guesses)

    def _ask(self, prompt: str) -> list[str]:
        allowed = [*sorted(registry), *STATUSES]
        schema = {
            "type": "object",
            "properties": {
                "operations": {
                    "type": "array",
                    "items": {"enum": allowed},
                    "minItems": 1,
                    "maxItems": MOST_OPERATIONS,
                }
            },
            "required": ["operations"],
            "additionalProperties": False,
        }
        body = {
            "model": self._endpoint.model,
            "temperature": 0,
            "messages": [
                {"role": "system", "content": INSTRUCTIONS},
                {"role": "user", "content": prompt},
            ],
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "plan", "strict": True, "schema": schema},
            },
        }
        said = self._post(body)
        try:
            answer = msgspec.json.decode(said["choices"][0]["message"]["content"], type=_Answer)
        except (msgspec.DecodeError, LookupError, TypeError):
            raise self._wrong("answered something else than the JSON asked for") from None
        names = list(dict.fromkeys(answer.operations))[:MOST_OPERATIONS]
        if not names or any(name not in allowed for name in names):
            raise self._wrong("named an operation that is not there")
        return names

    def _post(self, body: dict[str, Any]) -> Any:
        headers = {"Content-Type": "application/json"}
        if self._endpoint.key:
            headers["Authorization"] = f"Bearer {self._endpoint.key}"
        request = urllib.request.Request(
            f"{self._endpoint.url}/chat/completions", json.dumps(body).encode(), headers
        )
        try:
            with urllib.request.urlopen(request, timeout=self._endpoint.seconds) as response:
                return json.loads(response.read(MOST_BYTES))
        except urllib.error.HTTPError as error:
            raise self._wrong(f"refused with HTTP {error.code}") from None
        except (OSError, ValueError):
            raise self._wrong("gives no answer that can be read") from None

    def _wrong(self, what: str) -> UnavailableError:
        return UnavailableError(
            f"the remote planner {what}",
            where=self._endpoint.url,
            remedy="check the endpoint, or plan by rules: --planner rules",
        )
