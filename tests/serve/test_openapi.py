"""The routes do what their OpenAPI document says, and no body makes the server fail."""

from __future__ import annotations

import tempfile
from typing import Any

import httpx
import pytest
import schemathesis
from fuzzed_bodies import fuzzed
from hypothesis import HealthCheck, given, settings
from live_server import LiveServer
from schemathesis.specs.openapi.checks import positive_data_acceptance

from havoc.serve import ServeSettings, create_app
from havoc.serve.storage import open_database


def operations() -> list[Any]:
    """Every route of the document, from an application that is never started."""
    with tempfile.TemporaryDirectory() as folder:
        settings_ = ServeSettings(data=folder)
        database = open_database(settings_.database_url)
        document = create_app(settings_, database).openapi()
        database.close()
    schema = schemathesis.openapi.from_dict(document)
    return [found.ok() for found in schema.get_all_operations()]


# A body may follow the schema and still say nothing that can be computed (data that a method
# cannot take, a conversation that does not wait for an answer): that is a 400 or 422.
@pytest.mark.parametrize("operation", operations(), ids=lambda operation: operation.label)
def test_every_route_keeps_to_its_document(operation: Any, server: LiveServer) -> None:
    @settings(max_examples=20, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(case=operation.as_strategy())
    def check(case: schemathesis.Case) -> None:
        case.call_and_validate(
            base_url=server.url, excluded_checks=[positive_data_acceptance], timeout=60
        )

    check()


def test_fuzzed_bodies_make_no_server_error(client: httpx.Client) -> None:
    seen = set()
    for path, body in fuzzed(300, seed=1):
        headers = {
            "Content-Type": "application/json",
            "Accept": "application/json, text/event-stream",
        }
        reply = client.post(path, content=body, headers=headers)
        assert reply.status_code < 500, (path, body[:500], reply.text[:300])
        seen.add(reply.status_code)
    assert {200, 422, 400} <= seen
