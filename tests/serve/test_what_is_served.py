"""Which network is served, and which planner the analyst has."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import httpx
import openai
import pytest
from live_server import QUESTION, LiveServer, running

from havoc.serve import load_settings

ROOT = Path(__file__).parents[2]


def raw_models(server: LiveServer) -> openai.OpenAI:
    http = httpx.Client(trust_env=False, timeout=240)
    return openai.OpenAI(
        base_url=server.url + "/v1", api_key="none", max_retries=0, http_client=http
    )


def test_the_network_of_the_package_is_served_by_default(tmp_path: Path) -> None:
    with running(tmp_path, workers=1) as server, raw_models(server) as api:
        assert "havoc-raw" in [model.id for model in api.models.list()]
        reply = api.chat.completions.create(
            model="havoc-raw", messages=[{"role": "user", "content": "t test of A and B"}],
            max_tokens=60, temperature=0,
        )  # fmt: skip
        assert "operation" in (reply.choices[0].message.content or ""), "it writes plans"


def test_without_a_network_the_analyst_answers_and_havoc_raw_says_what_is_missing(
    tmp_path: Path,
) -> None:
    with running(tmp_path, workers=1, bundle="none") as server, server.client() as client:
        assert client.get("/health/ready").json()["checks"]["network"] == "none"
        assert client.post("/ask", json={"question": QUESTION}).json()["status"] == "answered"
        for path, body in (
            ("/completion", {"prompt": "The mean"}),
            ("/chat", {"messages": [{"role": "user", "content": "x"}]}),
        ):
            refused = client.post(path, json=body)
            assert refused.status_code == 503
            assert refused.json()["type"] == "urn:havoc:problem:no-network"
            assert "--bundle" in refused.json()["detail"]
        with raw_models(server) as api, pytest.raises(openai.NotFoundError, match="--bundle"):
            api.completions.create(model="havoc-raw", prompt="The mean")


def test_the_start_page_shows_whether_it_can_serve(client: httpx.Client) -> None:
    page = client.get("/").text
    assert "<strong>ready</strong>" in page and "database ok" in page and 'href="/docs"' in page


# the planner -----------------------------------------------------------------------------


@pytest.mark.parametrize("planner", ["rules", "model", "auto"])
def test_the_planner_is_the_one_of_the_settings(tmp_path: Path, planner: str) -> None:
    with running(tmp_path, workers=1, planner=planner) as server, server.client() as client:
        answer = client.post("/ask", json={"question": QUESTION}).json()
    assert answer["status"] == "answered" and answer["model"] == planner


def test_the_configuration_for_a_big_model_is_one() -> None:
    settings = load_settings(str(ROOT / "deploy" / "big-model.yaml"), {})
    assert settings.planner_name == "remote"
    assert settings.remote_environment == {
        "HAVOC_REMOTE_URL": "http://127.0.0.1:8001/v1",
        "HAVOC_REMOTE_MODEL": "planner",
    }


def test_another_server_plans(tmp_path: Path, server: LiveServer) -> None:
    """The network of the other server is drawn at random: its plan is valid, and is any."""
    with (
        running(
            tmp_path, workers=1, planner="remote", remote_url=server.url + "/v1",
            remote_model="havoc-raw",
        ) as planned,
        planned.client() as client,
    ):  # fmt: skip
        reply = client.post("/ask", json={"question": QUESTION})
    assert reply.status_code == 200, reply.text[:300]
    assert reply.json()["model"] == "remote"


def test_a_planning_server_that_is_gone_is_told(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}/v1"
    with (
        running(tmp_path, workers=1, planner="remote", remote_url=url) as server,
        server.client() as client,
    ):
        refused = client.post("/ask", json={"question": QUESTION})
        assert refused.status_code == 503
        assert refused.json()["type"] == "urn:havoc:problem:remote"
        assert str(port) not in refused.text, "its address concerns nobody"
        chat = client.post(
            "/v1/chat/completions",
            json={"model": "havoc", "messages": [{"role": "user", "content": QUESTION}]},
        )
        assert chat.status_code == 503 and chat.json()["error"]["code"] == "remote"
        assert client.post("/tools/describe", json={"data": [1, 2, 6]}).status_code == 200


def test_the_processes_that_compute_load_nothing_of_the_web() -> None:
    said = "import sys, havoc.serve.worker, havoc.serve.tasks as tasks; tasks.warm('auto');"
    said += "print({'fastapi', 'starlette', 'sqlalchemy', 'uvicorn', 'mcp'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, timeout=240)
    assert done.stdout.strip() == "set()", done.stderr
