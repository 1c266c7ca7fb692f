"""Planners side by side: by name, by opinion, by a remote endpoint."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

import havoc
from bundle_examples import small_bundle
from havoc.cli import ask as cli
from havoc.errors import InputError
from havoc.reading.question import read_question
from havoc.reason.auto_planner import AutoPlanner, shipped_choice
from havoc.reason.candidates import FEATURES, candidates
from havoc.reason.planner import Context
from havoc.reason.planner_model import ModelPlanner, PlannerModel, shipped_model
from havoc.reason.planners import PLANNERS, planner_of
from havoc.reason.remote_planner import Endpoint, RemotePlanner
from havoc.reason.wording import STATUSES, guess
from havoc.tools import registry

THICKER = "Is line B thicker than line A? A: 12.1 12.3 11.9 12.0 B: 12.8 12.6 13.0 12.7"


def test_every_planner_has_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HAVOC_REMOTE_URL", "http://localhost:1/v1")
    assert [planner_of(name).name for name in PLANNERS] == list(PLANNERS)
    assert cli.PLANNERS == PLANNERS
    with pytest.raises(InputError, match="there is no planner 'oracle'; use auto"):
        planner_of("oracle")


@pytest.mark.parametrize("name", ["rules", "model", "auto"])
def test_a_clear_question_is_planned_alike_by_all(name: str) -> None:
    answer = havoc.ask(THICKER, planner=name)
    assert answer.model == name
    assert [call.operation for call in answer.tool_calls if call.purpose == "answer"] == [
        "t_test_two_sample"
    ]


def test_opinions_are_probabilities_over_all_operations_and_statuses() -> None:
    guesses = shipped_model().guesses(read_question(THICKER))
    assert {item.name for item in guesses} == {*registry, *STATUSES}
    assert sum(item.probability for item in guesses) == pytest.approx(1, abs=1e-6)
    assert guesses == sorted(guesses, key=lambda item: -item.probability)


def test_a_question_longer_than_the_context_is_read_at_its_end() -> None:
    long = "the report says nothing of use. " * 300 + THICKER
    assert shipped_model().guesses(read_question(long))[0].probability > 0


@pytest.mark.parametrize("name", ["model", "auto"])
def test_nothing_typed_is_asked_back(name: str) -> None:
    assert planner_of(name).plan(read_question("  ")).outcome == "needs_clarification"


def test_a_follow_up_keeps_the_data_of_the_turn_before() -> None:
    earlier = Context(reading=read_question(THICKER), operation="t_test_two_sample")
    plan = AutoPlanner().plan(read_question("and at alpha 1%, two-sided?"), earlier)
    assert plan.outcome == "execute"
    assert plan.bindings[0].args["alpha"] == pytest.approx(0.01)


def test_what_the_network_likes_but_the_data_cannot_carry_is_not_taken() -> None:
    class Opinion:
        def guesses(self, reading: object, earlier_operation: str = "") -> list[Any]:
            from havoc.reason.wording import Guess

            return [
                Guess(name="gage_rr", probability=0.5),
                Guess(name="t_test_two_sample", probability=0.4),
                *(Guess(name=name, probability=0.0) for name in registry),
            ]

    plan = ModelPlanner(Opinion()).plan(read_question(THICKER))  # type: ignore[arg-type]
    assert [binding.operation for binding in plan.bindings] == ["t_test_two_sample"]


def test_candidates_begin_with_the_plan_of_the_rules() -> None:
    reading = read_question(THICKER)
    found = candidates(reading, None, guess(reading), None)
    assert found[0].features[FEATURES.index("rules")] == 1
    assert sum(item.features[FEATURES.index("rules")] for item in found) == 1
    assert all(np.isfinite(item.features).all() for item in found)
    assert len({(item.plan.outcome, item.labels) for item in found}) == len(found)


def test_the_probability_is_one_of_the_chosen_plan() -> None:
    reading = read_question(THICKER)
    found = candidates(reading, None, guess(reading), shipped_model().guesses(reading))
    chosen, probability = shipped_choice().best(found)
    assert chosen in found
    assert 0 < probability < 1


def test_a_vocabulary_without_the_pieces_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="as one piece"):
        PlannerModel(small_bundle(tmp_path))


class _Says(BaseHTTPRequestHandler):
    """An endpoint that answers with what the test has put into ``content``."""

    content: str = ""
    code: int = 200
    asked: ClassVar[list[dict[str, Any]]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        type(self).asked.append({"body": json.loads(body), "headers": dict(self.headers)})
        said = json.dumps({"choices": [{"message": {"content": self.content}}]}).encode()
        self.send_response(self.code)
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    _Says.asked, _Says.code = [], 200
    with HTTPServer(("127.0.0.1", 0), _Says) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield Endpoint(f"http://127.0.0.1:{server.server_port}/v1", "any", "secret", 10)
        server.shutdown()
        thread.join()


def test_a_remote_model_names_the_operation_and_sees_no_figure(endpoint: Endpoint) -> None:
    _Says.content = '{"operations": ["t_test_two_sample"]}'
    answer = havoc.ask(THICKER, planner=RemotePlanner(endpoint))
    assert answer.status == "answered"
    (asked,) = _Says.asked
    assert asked["headers"]["Authorization"] == "Bearer secret"
    said = asked["body"]["messages"][1]["content"]
    assert "<d0>" in said
    assert "12.1" not in said


@pytest.mark.parametrize(
    "content",
    ["", "hello", '{"operations": []}', '{"operations": ["rm -rf"]}', '{"plan": 1}', "[1]"],
)
def test_whatever_a_remote_model_makes_up_is_one_line(endpoint: Endpoint, content: str) -> None:
    _Says.content = content
    with pytest.raises(InputError, match=r"the remote planner .*--planner rules"):
        RemotePlanner(endpoint).plan(read_question(THICKER))


def test_a_remote_refusal_or_silence_is_one_line(endpoint: Endpoint) -> None:
    _Says.code = 503
    with pytest.raises(InputError, match="refused with HTTP 503"):
        RemotePlanner(endpoint).plan(read_question(THICKER))
    with pytest.raises(InputError, match="gives no answer"):
        RemotePlanner(Endpoint("http://127.0.0.1:9/v1", "any", "", 1)).plan(read_question(THICKER))


def test_without_an_address_the_remedy_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HAVOC_REMOTE_URL", raising=False)
    with pytest.raises(InputError, match="set it to an OpenAI-compatible endpoint"):
        RemotePlanner()
