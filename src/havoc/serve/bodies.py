"""What request bodies hold, with their bounds: the one place from which OpenAPI has them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

MOST_MESSAGES = 500
MOST_TEXT = 200_000
BASE_NAME = r"^[a-z0-9][a-z0-9_-]{0,63}$"

Text = Annotated[str, Field(max_length=MOST_TEXT)]
StopString = Annotated[str, Field(min_length=1, max_length=200)]
Identity = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]


class Body(BaseModel):
    """A body of the native API: unknown names and other types are refused."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, strict=True)


class Sampling(Body):
    """How the network is continued, with the published defaults and ranges."""

    max_new_tokens: int = Field(default=512, ge=1, le=1 << 20)
    temperature: float = Field(default=0.7, ge=0, le=2)
    top_p: float = Field(default=0.9, gt=0, le=1)
    top_k: int = Field(default=50, ge=1, le=100)
    repetition_penalty: float = Field(default=1.1, ge=1, le=2)
    do_sample: bool = True
    seed: int | None = Field(default=None, ge=0, lt=1 << 63)
    stop_sequences: list[StopString] = Field(default=[], max_length=16)
    stream: bool = False


class CompletionBody(Sampling):
    """A prompt to continue."""

    prompt: Text = Field(min_length=1)


class Message(Body):
    """What one role says."""

    role: Literal["system", "user", "assistant"]
    content: Text


class ChatBody(Sampling):
    """A conversation to continue."""

    messages: list[Message] = Field(min_length=1, max_length=MOST_MESSAGES)


class Usage(BaseModel):
    """Tokens that the network read and wrote."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class CompletionAnswer(BaseModel):
    """What the network wrote."""

    text: str
    prompt: str
    model: str
    finish_reason: Literal["stop", "length"]
    usage: Usage


class ChatAnswer(BaseModel):
    """What the network says next."""

    message: Message
    model: str
    finish_reason: Literal["stop", "length"]
    usage: Usage


class AskBody(Body):
    """A question, its data, and the conversation it belongs to."""

    question: Text = Field(min_length=1)
    uploads: list[Identity] = Field(
        default=[], max_length=16, description="ids that POST /data gave"
    )
    data: dict[str, JsonValue] | list[JsonValue] | None = Field(
        default=None, description='columns {"name": [values]} or rows [{"name": value}]'
    )
    budget: Literal["MICRO", "LIGHT", "MEDIUM", "HEAVY"] | None = None
    session: Identity | None = Field(default=None, description="keep question and answer there")
    stream: bool = Field(default=False, description="stages as server-sent events, then the answer")


class ScriptBody(Body):
    """A script of statements, and the data that it names."""

    script: Text = Field(min_length=1)
    uploads: dict[Annotated[str, Field(max_length=100)], Identity] = Field(
        default={}, max_length=16
    )
    data: dict[Annotated[str, Field(max_length=100)], dict[str, JsonValue] | list[JsonValue]] = (
        Field(default={}, max_length=16)
    )


class SearchBody(Body):
    """What is looked for in a knowledge base."""

    query: str = Field(min_length=1, max_length=4_000)
    base: str = Field(default="builtin", pattern=BASE_NAME)
    k: int = Field(default=5, ge=1, le=50, description="how many passages at most")


class TitleBody(Body):
    """A title."""

    title: str = Field(default="", max_length=1_000)
