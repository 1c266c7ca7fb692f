"""havoc's own routes on a live server."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import jsonschema
import pytest
from event_reader import Event, read_events
from live_server import QUESTION, LiveServer

from havoc.reason import answer_schema
from havoc.tools import registry

CSV = b"line,width\nA,12.1\nA,12.3\nA,11.9\nA,12.0\nB,12.8\nB,12.6\nB,13.0\nB,12.7\n"


def upload(client: httpx.Client, name: str, body: bytes) -> httpx.Response:
    return client.post("/data", files={"file": (name, body)})


def stream(client: httpx.Client, path: str, body: object, **options: object) -> list[Event]:
    with client.stream("POST", path, json=body, **options) as response:
        assert response.status_code == 200, response.read()
        assert response.headers["content-type"].startswith("text/event-stream")
        return list(read_events(response.iter_raw()))


# health ----------------------------------------------------------------------------------


def test_health_and_readiness(client: httpx.Client) -> None:
    assert client.get("/health").json()["status"] == "ok"
    ready = client.get("/health/ready").json()
    assert ready["status"] == "ready" and ready["checks"]["network"] == "ok"


def test_metrics_count_what_was_done(client: httpx.Client) -> None:
    client.post("/completion", json={"prompt": "The mean", "max_new_tokens": 8})
    text = client.get("/metrics").text
    assert "havoc_generation_tokens_total" in text
    assert 'route="/completion",status="200"' in text


# the network -----------------------------------------------------------------------------


def test_a_completion_has_the_published_form(client: httpx.Client) -> None:
    reply = client.post("/completion", json={"prompt": "The mean", "max_new_tokens": 20}).json()
    assert reply["prompt"] == "The mean" and reply["model"] == "havoc-raw"
    usage = reply["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
    alias = client.post("/generate", json={"prompt": "The mean", "max_new_tokens": 20})
    assert alias.status_code == 200


def test_chat_has_the_published_form(client: httpx.Client) -> None:
    body = {"messages": [{"role": "user", "content": "A design"}], "max_new_tokens": 20}
    reply = client.post("/chat", json=body).json()
    assert reply["message"]["role"] == "assistant" and reply["usage"]["prompt_tokens"] > 2


def test_greedy_repeats_and_streams_the_same(client: httpx.Client) -> None:
    body = {"prompt": "The mean", "max_new_tokens": 40, "do_sample": False}
    whole = [client.post("/completion", json=body).json()["text"] for _ in range(2)]
    events = stream(client, "/completion", {**body, "stream": True})
    assert events[-1].data == "[DONE]"
    end = json.loads(events[-2].data)
    assert events[-2].name == "end" and end["usage"]["completion_tokens"] > 0
    assert whole[0] == whole[1] == "".join(event.data for event in events[:-2])


@pytest.mark.parametrize(
    "wrong",
    [
        {"temperature": 2.1},
        {"temperature": -1},
        {"top_k": 0},
        {"top_k": 101},
        {"top_p": 0},
        {"repetition_penalty": 0.9},
        {"repetition_penalty": 2.1},
        {"max_new_tokens": 0},
        {"unknown": 1},
        {"prompt": ""},
        {"stop_sequences": [""]},
    ],
)
def test_values_out_of_the_published_ranges_are_refused(
    client: httpx.Client, wrong: dict[str, object]
) -> None:
    reply = client.post("/completion", json={"prompt": "x", **wrong})
    assert reply.status_code == 422
    assert reply.headers["content-type"] == "application/problem+json"
    problem = reply.json()
    (name,) = wrong
    assert problem["status"] == 422 and name in problem["errors"][0]["place"]
    assert problem["instance"].endswith(reply.headers["x-request-id"])


# the analyst -----------------------------------------------------------------------------


def test_an_answer_follows_its_schema(client: httpx.Client) -> None:
    answer = client.post("/ask", json={"question": QUESTION}).json()
    jsonschema.validate(answer, answer_schema())
    assert client.get("/schemas/answer").json() == answer_schema()


def test_the_stages_are_streamed_before_the_answer(client: httpx.Client) -> None:
    events = stream(client, "/ask", {"question": QUESTION, "stream": True})
    stages = [json.loads(event.data)["stage"] for event in events if event.name == "stage"]
    assert stages == ["MODE", "GROUND", "PLAN", "EXECUTE", "ARGUE", "ARBITER", "AUDIT", "ANSWER"]
    assert [event.name for event in events[-2:]] == ["answer", "message"]
    assert events[-1].data == "[DONE]"
    assert json.loads(events[-2].data)["status"] == "answered"


def test_a_broken_stream_is_resumed_where_it_broke(client: httpx.Client) -> None:
    with client.stream("POST", "/ask", json={"question": QUESTION, "stream": True}) as response:
        seen = []
        for event in read_events(response.iter_raw()):
            seen.append(event)
            if len(seen) == 3:
                break
    identity = json.loads(seen[0].data)["id"]
    with client.stream(
        "GET", f"/ask/{identity}", headers={"Last-Event-ID": seen[-1].identity}
    ) as r:
        rest = list(read_events(r.iter_raw()))
    places = [int(event.identity) for event in (*seen, *rest[:-1])]
    assert places == list(range(1, len(places) + 1))
    assert rest[-2].name == "answer" and rest[-1].data == "[DONE]"


def test_uploaded_data_are_asked_about_by_their_name(client: httpx.Client) -> None:
    made = upload(client, "bore widths.csv", CSV)
    assert made.status_code == 201
    body = made.json()
    assert body["rows"] == 8 and [column["name"] for column in body["columns"]] == ["line", "width"]
    assert body["preview"][0] == ["A", 12.1]
    asked = {"question": "Does width differ between the lines?", "uploads": [body["id"]]}
    answer = client.post("/ask", json=asked).json()
    assert answer["status"] == "answered"
    assert body["id"] not in json.dumps(answer) and "bore widths.csv" in json.dumps(answer)
    assert body["id"] in [item["id"] for item in client.get("/data").json()]
    assert client.get(f"/data/{body['id']}").json() == body
    assert client.delete(f"/data/{body['id']}").status_code == 204
    assert client.get(f"/data/{body['id']}").status_code == 404
    assert client.post("/ask", json=asked).status_code == 404


def test_inline_columns_and_rows_are_data(client: httpx.Client) -> None:
    question = "Describe the column width"
    for data in ({"width": [1, 2, 3, 6]}, [{"width": value} for value in (1, 2, 3, 6)]):
        answer = client.post("/ask", json={"question": question, "data": data}).json()
        assert answer["status"] == "answered" and "mean 3" in answer["conclusion"]


@pytest.mark.parametrize(
    ("name", "body", "says"),
    [
        ("empty.csv", b"", "empty"),
        ("page.html", b"<html><body>1</body></html>", "HTML"),
        ("x.xlsx", b"PK\x03\x04 nonsense", "workbook"),
        ("x.parquet", b"PAR1 nonsense", "Parquet"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(
    client: httpx.Client, name: str, body: bytes, says: str
) -> None:
    before = len(client.get("/data").json())
    reply = upload(client, name, body)
    assert reply.status_code == 422
    assert says in reply.json()["detail"] and name in reply.json()["detail"]
    assert len(client.get("/data").json()) == before


def test_a_long_name_keeps_its_kind(client: httpx.Client) -> None:
    # read as text, the numbers of a JSON table would be a header
    made = upload(client, "a" * 300 + ".json", b'[{"width": 12.5}, {"width": 13}]')
    assert made.status_code == 201, made.text
    assert made.json()["columns"][0]["name"] == "width" and made.json()["rows"] == 2


def test_a_file_without_a_name_is_refused(client: httpx.Client) -> None:
    reply = upload(client, "", CSV)
    assert reply.status_code == 422 and "no file with a name" in reply.json()["detail"]


# sessions --------------------------------------------------------------------------------


def test_a_session_keeps_continues_and_exports(client: httpx.Client) -> None:
    made = client.post("/sessions", json={"title": "Line B"}).json()
    path = f"/sessions/{made['id']}"
    for question in (QUESTION, "and with alpha 1 %?"):
        answer = client.post("/ask", json={"question": question, "session": made["id"]}).json()
        assert answer["status"] == "answered"
    kept = client.get(path).json()
    assert [message["role"] for message in kept["messages"]] == ["user", "assistant"] * 2
    assert kept["messages"][3]["content"] == answer
    assert client.patch(path, json={"title": "Renamed"}).json()["title"] == "Renamed"
    found = client.get("/sessions", params={"search": "alpha 1 %"}).json()
    assert made["id"] in [item["id"] for item in found]
    assert client.get("/sessions", params={"search": "100%_"}).json() == []
    assert client.get(path + "/export").json()["messages"] == kept["messages"]
    markdown = client.get(path + "/export", params={"format": "markdown"}).text
    assert markdown.startswith("# Renamed") and "> and with alpha 1 %?" in markdown
    table = client.get(path + "/export", params={"format": "csv"})
    assert table.headers["content-disposition"].startswith("attachment")
    assert table.text.splitlines()[0] == "question,conclusion,figure,value"
    assert client.delete(path).status_code == 204
    assert client.get(path).status_code == 404


# tools -----------------------------------------------------------------------------------


def test_every_tool_is_listed_and_callable(client: httpx.Client) -> None:
    listed = client.get("/tools").json()
    assert [tool["name"] for tool in listed] == registry.list()
    one = client.get("/tools/describe").json()
    assert one["arguments"] == registry.get("describe").schema()
    called = client.post("/tools/describe", json={"data": [1.0, 2.0, 6.0]}).json()
    assert called["result"]["mean"] == 3
    assert client.post("/tools/nothing", json={}).status_code == 404
    wrong = client.post("/tools/describe", json={"values": [1.0]})
    assert wrong.status_code == 422 and "values" in wrong.json()["detail"]


def test_a_script_runs_over_uploads_and_inline_data(client: httpx.Client) -> None:
    identity = upload(client, "bore.csv", CSV).json()["id"]
    body = {
        "script": "DESCRIBE @bore.width\nDESCRIBE @other.x",
        "uploads": {"bore": identity},
        "data": {"other": {"x": [1, 2, 3]}},
    }
    reply = client.post("/dsl", json=body)
    assert reply.status_code == 200, reply.text
    assert [item["result"]["n"] for item in reply.json()] == [8, 3]
    refused = client.post("/dsl", json={"script": "NOTHING"})
    assert refused.status_code == 422


def test_the_runs_of_a_folder_are_shown(tmp_path: Path, server: LiveServer) -> None:
    from havoc.serve.runs import listed

    run = tmp_path / "a"
    run.mkdir()
    (run / "run.json").write_text('{"phase": "pretrain", "config": {"d_model": 64}}')
    (run / "metrics.jsonl").write_text(
        '{"event":"train","step":3}\n{"event":"finished","step":9}\n{"ev'
    )
    broken = tmp_path / "b"
    broken.mkdir()
    (broken / "run.json").write_text("{")
    shown = {item["name"]: item for item in listed(str(tmp_path))}
    assert shown["a"]["state"] == "finished" and shown["a"]["step"] == 9
    assert shown["b"]["state"] == "damaged"
    with server.client() as client:
        assert client.get("/runs").json() == []


# what is not there -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "says"),
    [
        ("GET", "/nothing", None, 404, "see /docs"),
        ("GET", "/ask", None, 405, "use POST"),
        ("GET", "/mcp", None, 405, "use POST"),
        ("PUT", "/sessions", None, 405, "use GET, POST"),
        ("POST", "/ask", {}, 422, "body.question: is missing"),
        ("POST", "/ask", [], 422, "is no JSON object"),
        ("POST", "/ask", {"question": "x", "qestion": 1}, 422, "is not known here"),
        ("POST", "/v1/embeddings", {"model": "havoc-embed", "input": [1]}, 400, "body.input"),
        ("POST", "/dsl", {"script": "DESCRIBE @x.y"}, 422, "under data"),
    ],
)
def test_what_is_not_there_is_said_with_the_remedy(
    client: httpx.Client, method: str, path: str, body: object, status: int, says: str
) -> None:
    reply = client.request(method, path, json=body)
    assert reply.status_code == status and says in reply.text
    assert "str]" not in reply.text and "constrained" not in reply.text
    if status == 405:
        assert reply.headers["allow"]


# pages -----------------------------------------------------------------------------------


def test_pages_need_no_other_server(client: httpx.Client) -> None:
    import re

    for path in ("/", "/docs", "/redoc"):
        page = client.get(path)
        assert page.status_code == 200 and "http" not in page.text.replace("http-equiv", "")
        for asset in re.findall(r'(?:src|href)="(/assets/[^"]+)"', page.text):
            assert client.get(asset).status_code == 200
        assert "<script>" not in page.text and "unsafe-eval" not in page.headers[
            "content-security-policy"
        ]  # fmt: skip
    assert client.get("/openapi.json").json()["openapi"].startswith("3.")
    assert client.get("/assets/secret").status_code == 404
