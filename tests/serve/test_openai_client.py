"""The official ``openai`` client against a live server."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterable, Iterator

import httpx
import jsonschema
import openai
import pytest
from live_server import QUESTION, LiveServer
from openai.types.chat import ChatCompletionTokenLogprob

SAMPLED = {"model": "havoc-raw", "seed": 7, "max_tokens": 24}
SAY = [{"role": "user", "content": "A factorial design"}]
SCHEMA = {"type": "json_schema"}
WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "The weather in a town.",
        "parameters": {
            "type": "object",
            "properties": {"town": {"enum": ["Ulm", "Aalen"]}, "days": {"type": "integer"}},
            "required": ["town", "days"],
            "additionalProperties": False,
        },
    },
}


@pytest.fixture
def api(server: LiveServer) -> Iterator[openai.OpenAI]:
    with httpx.Client(trust_env=False, timeout=240) as http:
        yield openai.OpenAI(
            base_url=server.url + "/v1", api_key="none", max_retries=0, http_client=http
        )


def test_the_models_are_listed_and_found(api: openai.OpenAI) -> None:
    assert [model.id for model in api.models.list()] == ["havoc", "havoc-raw", "havoc-embed"]
    assert api.models.retrieve("havoc-raw").owned_by == "havoc"
    with pytest.raises(openai.NotFoundError):
        api.models.retrieve("gpt-7")


def test_the_analyst_answers_with_its_trace_beside(api: openai.OpenAI) -> None:
    reply = api.chat.completions.create(
        model="havoc", messages=[{"role": "user", "content": QUESTION}]
    )
    assert "t = -5.7966" in (reply.choices[0].message.content or "")
    assert reply.choices[0].finish_reason == "stop"
    answer = reply.havoc  # type: ignore[attr-defined]
    assert answer["status"] == "answered"
    assert [entry["stage"] for entry in answer["trace"]][-1] == "ANSWER"
    assert answer["tool_calls"][0]["operation"] == "t_test_two_sample"


def test_the_analyst_goes_on_from_the_question_before(api: openai.OpenAI) -> None:
    reply = api.chat.completions.create(
        model="havoc",
        messages=[
            {"role": "user", "content": QUESTION},
            {"role": "assistant", "content": "Yes."},
            {"role": "user", "content": "and with alpha 1 %?"},
        ],
    )
    assert reply.havoc["tool_calls"][0]["args"]["alpha"] == 0.01  # type: ignore[attr-defined]


def test_a_streamed_answer_is_the_answer(api: openai.OpenAI) -> None:
    asked = {"model": "havoc", "messages": [{"role": "user", "content": QUESTION}]}
    whole = api.chat.completions.create(**asked)
    stages, text = [], ""
    for chunk in api.chat.completions.create(
        **asked, stream=True, extra_body={"havoc": {"trace": True}}
    ):
        for choice in chunk.choices:
            text += choice.delta.content or ""
        extra = getattr(chunk, "havoc", None) or {}
        if "stage" in extra:
            stages.append(extra["stage"]["stage"])
    assert text == whole.choices[0].message.content
    assert stages[0] == "MODE" and stages[-1] == "ANSWER"


def test_the_analyst_gives_its_answer_object_as_json(api: openai.OpenAI) -> None:
    reply = api.chat.completions.create(
        model="havoc",
        messages=[{"role": "user", "content": QUESTION}],
        response_format={"type": "json_object"},
    )
    assert json.loads(reply.choices[0].message.content or "")["status"] == "answered"


@pytest.mark.parametrize(
    ("more", "names"),
    [
        ({"n": 2}, "n"),
        ({"logprobs": True}, "logprobs"),
        ({"tools": [WEATHER], "tool_choice": "required"}, "tool_choice"),
    ],
)
def test_what_the_analyst_cannot_do_is_refused(
    api: openai.OpenAI, more: dict[str, object], names: str
) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        api.chat.completions.create(
            model="havoc", messages=[{"role": "user", "content": QUESTION}], **more
        )
    assert refused.value.param == names


# the bare network ------------------------------------------------------------------------


def test_chat_of_the_network_counts_its_tokens(api: openai.OpenAI) -> None:
    reply = api.chat.completions.create(messages=SAY, logprobs=True, top_logprobs=3, **SAMPLED)
    assert reply.usage is not None and reply.choices[0].logprobs is not None
    tokens = reply.choices[0].logprobs.content or []
    assert reply.usage.completion_tokens == len(tokens) <= 24
    assert reply.usage.prompt_tokens > 3
    assert reply.usage.total_tokens == reply.usage.prompt_tokens + len(tokens)
    assert all(len(token.top_logprobs) == 3 and token.logprob <= 0 for token in tokens)
    assert reply.choices[0].message.content == text_of(tokens)


def text_of(tokens: Iterable[ChatCompletionTokenLogprob]) -> str:
    """The text that the bytes of tokens make: what is no UTF-8 is U+FFFD."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    text = ""
    for token in tokens:
        if token.bytes is None:  # a control token: no text, but the end of a character begun
            text += decoder.decode(b"", final=True)
        else:
            text += decoder.decode(bytes(token.bytes))
    return text + decoder.decode(b"", final=True)


def test_stream_and_whole_are_the_same(api: openai.OpenAI) -> None:
    whole = api.chat.completions.create(messages=SAY, **SAMPLED)
    text, usage, finish = "", None, None
    chunks = list(
        api.chat.completions.create(
            messages=SAY, stream=True, stream_options={"include_usage": True}, **SAMPLED
        )
    )
    for chunk in chunks:
        usage = chunk.usage or usage
        for choice in chunk.choices:
            text += choice.delta.content or ""
            finish = choice.finish_reason or finish
    assert len({chunk.id for chunk in chunks}) == 1
    assert text == whole.choices[0].message.content
    assert finish == whole.choices[0].finish_reason
    assert usage is not None and whole.usage is not None
    assert usage.completion_tokens == whole.usage.completion_tokens


def test_a_seed_repeats_and_another_does_not(api: openai.OpenAI) -> None:
    texts = [
        api.chat.completions.create(
            model="havoc-raw", messages=SAY, seed=seed, max_tokens=24
        ).choices[0].message.content
        for seed in (1, 1, 2)
    ]  # fmt: skip
    assert texts[0] == texts[1] != texts[2]


def test_temperature_zero_is_deterministic(api: openai.OpenAI) -> None:
    made = {
        api.completions.create(
            model="havoc-raw", prompt="The mean", temperature=0, max_tokens=24
        ).choices[0].text
        for _ in range(2)
    }  # fmt: skip
    assert len(made) == 1


def test_several_texts_have_their_own_seeds(api: openai.OpenAI) -> None:
    reply = api.chat.completions.create(messages=SAY, n=3, **SAMPLED)
    assert [choice.index for choice in reply.choices] == [0, 1, 2]
    assert len({choice.message.content for choice in reply.choices}) == 3


def test_nothing_comes_after_a_stop_string(api: openai.OpenAI) -> None:
    free = api.completions.create(
        prompt="The mean", temperature=0, model="havoc-raw", max_tokens=40
    )
    stop = free.choices[0].text[10:14]
    held = api.completions.create(
        prompt="The mean", temperature=0, model="havoc-raw", max_tokens=40, stop=[stop]
    )
    assert held.choices[0].text == free.choices[0].text.split(stop)[0]
    assert held.choices[0].finish_reason == "stop"


@pytest.mark.parametrize("stream", [False, True])
def test_json_of_a_schema_is_valid(api: openai.OpenAI, stream: bool) -> None:
    schema = {
        "type": "object",
        "properties": {"unit": {"enum": ["mm", "kg"]}, "factors": {"type": "boolean"}},
        "required": ["unit", "factors"],
        "additionalProperties": False,
    }
    reply = api.chat.completions.create(
        model="havoc-raw",
        messages=SAY,
        stream=stream,
        response_format={
            "type": "json_schema",
            "json_schema": {"name": "plan", "schema": schema, "strict": True},
        },
    )
    if stream:
        text = "".join(choice.delta.content or "" for chunk in reply for choice in chunk.choices)
    else:
        text = reply.choices[0].message.content or ""
    jsonschema.validate(json.loads(text), schema)


@pytest.mark.parametrize(
    "choice", ["required", {"type": "function", "function": {"name": "weather"}}]
)
def test_a_tool_that_must_be_called_is_called(api: openai.OpenAI, choice: object) -> None:
    other = {**WEATHER, "function": {**WEATHER["function"], "name": "other"}}
    asked = {
        "model": "havoc-raw", "messages": SAY, "seed": 3, "tools": [WEATHER, other],
        "tool_choice": choice, "max_tokens": 400,
    }  # fmt: skip
    reply = api.chat.completions.create(**asked)
    assert reply.choices[0].finish_reason == "tool_calls"
    (call,) = reply.choices[0].message.tool_calls or []
    jsonschema.validate(json.loads(call.function.arguments), WEATHER["function"]["parameters"])
    if choice != "required":
        assert call.function.name == "weather"
    name, arguments, indices = "", "", set()
    for chunk in api.chat.completions.create(**asked, stream=True):
        for part in (item for entry in chunk.choices for item in entry.delta.tool_calls or []):
            indices.add(part.index)
            name += part.function.name or ""
            arguments += part.function.arguments or ""
    assert (name, arguments) == (call.function.name, call.function.arguments)
    assert indices == {0}


def test_a_tool_may_be_left_uncalled(api: openai.OpenAI) -> None:
    reply = api.chat.completions.create(
        messages=SAY, tools=[WEATHER], tool_choice="auto", **SAMPLED
    )
    assert reply.choices[0].finish_reason in ("stop", "length", "tool_calls")
    none = api.chat.completions.create(messages=SAY, tools=[WEATHER], tool_choice="none", **SAMPLED)
    assert none.choices[0].message.tool_calls is None


def test_the_result_of_a_tool_goes_back(api: openai.OpenAI) -> None:
    reply = api.chat.completions.create(
        messages=[
            *SAY,
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [
                    {
                        "id": "call_1",
                        "type": "function",
                        "function": {"name": "weather", "arguments": '{"town": "Ulm", "days": 1}'},
                    }
                ],
            },
            {"role": "tool", "tool_call_id": "call_1", "content": "rain"},
        ],
        tools=[WEATHER],
        tool_choice="none",
        **SAMPLED,
    )
    assert reply.choices[0].message.role == "assistant"


@pytest.mark.parametrize("stream", [False, True])
def test_completions_continue_texts_and_ids(api: openai.OpenAI, stream: bool) -> None:
    for prompt, count in (
        ("The mean", 1),
        (["The mean", "A chart"], 2),
        ([300, 301], 1),
        ([[300], [301, 302]], 2),
    ):
        reply = api.completions.create(prompt=prompt, stream=stream, logprobs=2, **SAMPLED)
        if not stream:
            assert len(reply.choices) == count
            assert all(choice.logprobs is not None for choice in reply.choices)
        else:
            assert "".join(choice.text for chunk in reply for choice in chunk.choices)


def test_a_bias_forbids_and_forces(api: openai.OpenAI) -> None:
    reply = api.completions.create(
        model="havoc-raw", prompt="The", max_tokens=4, temperature=0, logprobs=0,
        logit_bias={"300": 100},
    )  # fmt: skip
    assert reply.choices[0].logprobs is not None
    assert len(set(reply.choices[0].logprobs.tokens or [])) == 1


def test_what_vllm_takes_beyond_openai(api: openai.OpenAI) -> None:
    def text(**extra: object) -> str:
        reply = api.completions.create(
            model="havoc-raw", prompt="The mean", temperature=2, seed=5, max_tokens=30,
            extra_body=extra,
        )  # fmt: skip
        return reply.choices[0].text

    greedy = api.completions.create(
        model="havoc-raw", prompt="The mean", temperature=0, max_tokens=30
    )
    assert text(top_k=1) == text(min_p=1) == greedy.choices[0].text != text()
    assert text(top_k=-1) == text(top_k=0) == text()
    assert text(repetition_penalty=5) != text()
    ended = api.completions.create(
        model="havoc-raw", prompt="The mean", max_tokens=30, logit_bias={"2": 100}
    )
    assert ended.choices[0].finish_reason == "stop" and ended.choices[0].text == ""
    held = api.completions.create(
        model="havoc-raw", prompt="The mean", max_tokens=30, logit_bias={"2": 100},
        extra_body={"ignore_eos": True},
    )  # fmt: skip
    assert held.choices[0].finish_reason == "length"
    assert held.usage is not None and held.usage.completion_tokens == 30


@pytest.mark.parametrize(
    "wrong",
    [
        {"model": "gpt-7"},
        {"temperature": 3},
        {"max_tokens": 0},
        {"n": 100},
        {"top_logprobs": 1000, "logprobs": True},
        {"messages": []},
        {"messages": [{"role": "nobody", "content": "x"}]},
        {"messages": [{"role": "assistant", "content": "x"}]},
        {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}]},
        {"stop": ["x"] * 100},
        {"extra_body": {"top_k": -2}},
        {"logit_bias": {"99999": 1}},
        {"tool_choice": "required"},
        {"response_format": SCHEMA},
        {"response_format": {**SCHEMA, "json_schema": {"name": "x", "schema": {"type": "no"}}}},
        {"messages": [{"role": "user", "content": "word " * 20_000}]},
    ],
)  # fmt: skip
def test_errors_have_the_form_that_the_client_reads(
    api: openai.OpenAI, wrong: dict[str, object]
) -> None:
    asked = {"messages": SAY, **SAMPLED, **wrong}
    with pytest.raises(openai.APIStatusError) as refused:
        api.chat.completions.create(**asked)  # type: ignore[call-overload]
    error = refused.value
    assert error.status_code == (404 if "model" in wrong else 400)
    assert error.body["message"] and error.body["type"] == "invalid_request_error"  # type: ignore[index]
