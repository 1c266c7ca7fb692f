"""Bodies of the OpenAI-compatible routes. Names that are not known here are passed over, as
clients send more than servers use; values out of range are refused."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from havoc.serve.bodies import MOST_MESSAGES, MOST_TEXT

Text = Annotated[str, Field(max_length=MOST_TEXT)]
MOST_INPUTS = 2_048
"""Texts of one request for embeddings, as OpenAI has it."""
StopText = Annotated[str, Field(min_length=1, max_length=200)]
Bias = Annotated[float, Field(ge=-100, le=100)]


class Body(BaseModel):
    """What all bodies here have in common."""

    model_config = ConfigDict(extra="ignore", allow_inf_nan=False, strict=True)


class TextPart(Body):
    """A part of a message. Pictures and sound are refused."""

    type: Literal["text"]
    text: Text


class CalledFunction(Body):
    name: str = Field(max_length=64)
    arguments: Text


class ToolCall(Body):
    """A call that the assistant made earlier in the conversation."""

    id: str = Field(default="", max_length=200)
    type: Literal["function"] = "function"
    function: CalledFunction


class Message(Body):
    """What one role says."""

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: Text | list[TextPart] | None = None
    tool_calls: list[ToolCall] | None = Field(default=None, max_length=64)
    tool_call_id: str | None = Field(default=None, max_length=200)

    @property
    def text(self) -> str:
        """The content as one text."""
        if isinstance(self.content, list):
            return "\n".join(part.text for part in self.content)
        return self.content or ""


class FunctionDeclaration(Body):
    name: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")
    description: str = Field(default="", max_length=4_000)
    parameters: dict[str, JsonValue] = {}


class ToolDeclaration(Body):
    """A function of the client that the network may call."""

    type: Literal["function"]
    function: FunctionDeclaration


class NamedFunction(Body):
    name: str = Field(max_length=64)


class NamedTool(Body):
    type: Literal["function"]
    function: NamedFunction


class JsonSchemaFormat(Body):
    name: str = Field(default="answer", max_length=64)
    json_schema: dict[str, JsonValue] = Field(default={}, alias="schema")
    strict: bool | None = None


class ResponseFormat(Body):
    """Text, any JSON object, or JSON of a schema."""

    type: Literal["text", "json_object", "json_schema"] = "text"
    json_schema: JsonSchemaFormat | None = None


class StreamOptions(Body):
    include_usage: bool = False


class Extension(Body):
    """havoc's own wishes: ``extra_body={"havoc": {...}}``."""

    trace: bool = Field(default=False, description="stages of the analyst as chunks of the stream")
    uploads: list[Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]] = Field(
        default=[], max_length=16
    )
    data: dict[str, JsonValue] | list[JsonValue] | None = None
    budget: Literal["MICRO", "LIGHT", "MEDIUM", "HEAVY"] | None = None


class Continuation(Body):
    """How text is continued."""

    model: str = Field(max_length=200)
    max_tokens: int | None = Field(default=None, ge=1, le=1 << 20)
    temperature: float | None = Field(default=None, ge=0, le=2)
    top_p: float | None = Field(default=None, gt=0, le=1)
    presence_penalty: float | None = Field(default=None, ge=-2, le=2)
    frequency_penalty: float | None = Field(default=None, ge=-2, le=2)
    logit_bias: dict[Annotated[str, Field(pattern=r"^[0-9]{1,7}$")], Bias] | None = Field(
        default=None, max_length=1_000
    )
    seed: int | None = Field(default=None, ge=-(1 << 63), lt=1 << 63)
    stop: StopText | Annotated[list[StopText], Field(max_length=16)] | None = None
    n: int | None = Field(default=None, ge=1, le=8)
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    # beyond OpenAI's, by the names that vLLM has them
    top_k: int | None = Field(default=None, ge=-1, le=1 << 20, description="-1 and 0: all")
    min_p: float | None = Field(default=None, ge=0, le=1)
    repetition_penalty: float | None = Field(default=None, ge=0.01, le=10)
    ignore_eos: bool | None = None

    @property
    def count(self) -> int:
        """How many texts are wanted."""
        return self.n or 1

    @property
    def stops(self) -> tuple[str, ...]:
        """The texts that end it."""
        if self.stop is None:
            return ()
        return (self.stop,) if isinstance(self.stop, str) else tuple(self.stop)


class ChatBody(Continuation):
    """POST /v1/chat/completions."""

    messages: list[Message] = Field(min_length=1, max_length=MOST_MESSAGES)
    max_completion_tokens: int | None = Field(default=None, ge=1, le=1 << 20)
    logprobs: bool | None = False
    top_logprobs: int | None = Field(default=None, ge=0, le=20)
    response_format: ResponseFormat | None = None
    tools: list[ToolDeclaration] | None = Field(default=None, max_length=128)
    tool_choice: Literal["none", "auto", "required"] | NamedTool | None = None
    havoc: Extension = Extension()


Tokens = Annotated[list[Annotated[int, Field(ge=0, lt=1 << 31)]], Field(max_length=MOST_TEXT)]


class CompletionBody(Continuation):
    """POST /v1/completions."""

    prompt: Text | Tokens | Annotated[list[Text] | list[Tokens], Field(max_length=16)]
    logprobs: int | None = Field(default=None, ge=0, le=20)
    echo: bool | None = False
    suffix: str | None = Field(default=None, max_length=MOST_TEXT)
    best_of: int | None = Field(default=None, ge=1, le=8)


InputText = Annotated[str, Field(min_length=1, max_length=MOST_TEXT)]


class EmbeddingsBody(Body):
    """POST /v1/embeddings. Ids of another vocabulary mean nothing here, so texts only."""

    model: str = Field(max_length=200)
    input: InputText | Annotated[list[InputText], Field(min_length=1, max_length=MOST_INPUTS)]
    encoding_format: Literal["float", "base64"] = "float"
    dimensions: int | None = Field(default=None, ge=1, le=1 << 20)

    @property
    def texts(self) -> list[str]:
        """The input as a list."""
        return [self.input] if isinstance(self.input, str) else self.input
