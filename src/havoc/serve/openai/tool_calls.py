"""Functions of the client that the network may call, and JSON that it must write.

A call stands between the reserved ids ``<tool>`` and ``</tool>``, which no text can make. Its
arguments are bound by the function's schema, so a call that comes is a call that fits.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from havoc.infer.constraints import Constraint, Grammar, JsonSchema
from havoc.infer.sampling import Choice
from havoc.infer.streaming import TextStream
from havoc.serve.openai.bodies import ChatBody, Message, NamedTool, ToolDeclaration
from havoc.serve.openai.objects import Json
from havoc.serve.problems import Problem
from havoc.tokenizer import HavocTokenizer
from havoc.tokenizer.conversation import Segment, Turn
from havoc.tokenizer.special import RESERVED, SPECIAL

OPEN, CLOSE = SPECIAL["<tool>"], SPECIAL["</tool>"]


@dataclass(frozen=True, slots=True)
class Written:
    """What the network wrote: text, then perhaps a call."""

    text: str
    name: str = ""
    arguments: str = ""

    def calls(self) -> list[Json]:
        """The call as a message has it."""
        if not self.name:
            return []
        function = {"name": self.name, "arguments": self.arguments}
        identity = f"call_{secrets.token_hex(12)}"
        return [{"id": identity, "type": "function", "function": function}]


def offered(body: ChatBody) -> list[ToolDeclaration]:
    """The functions that may be called in this turn."""
    if not body.tools or body.tool_choice == "none":
        if body.tool_choice in (None, "none", "auto"):
            return []
        raise Problem(400, "there are no tools to choose from", parameter="tool_choice")
    if isinstance(body.tool_choice, NamedTool):
        name = body.tool_choice.function.name
        named = [tool for tool in body.tools if tool.function.name == name]
        if not named:
            raise Problem(400, f"there is no tool {name!r}", parameter="tool_choice")
        return named
    return body.tools


def constraint_of(body: ChatBody, tools: Sequence[ToolDeclaration]) -> Constraint | None:
    """What bounds the reply: the calls of the tools, or the format that is wanted."""
    if tools:
        if body.response_format is not None and body.response_format.type != "text":
            raise Problem(
                400, "tools and a response format exclude each other", parameter="response_format"
            )
        return _calls(tools, must=body.tool_choice not in (None, "auto"))
    wanted = body.response_format
    if wanted is None or wanted.type == "text":
        return None
    if wanted.type == "json_object":
        return JsonSchema({"type": "object"})
    if wanted.json_schema is None:
        raise Problem(400, "there is no json_schema", parameter="response_format")
    return JsonSchema(wanted.json_schema.json_schema)


def _calls(tools: Sequence[ToolDeclaration], *, must: bool) -> Grammar:
    """One call of one of the tools; unless one must come, text without any call may come too."""
    rules = []
    for number, tool in enumerate(tools):
        schema = tool.function.parameters or {"type": "object"}
        JsonSchema(schema)  # its bounds are checked where it is compiled
        opening = json.dumps(f'{{"name":{json.dumps(tool.function.name)},"arguments":')
        rules.append(f"call_{number}: {opening} %json {json.dumps(schema)} {json.dumps('}')}")
    names = " | ".join(f"call_{number}" for number in range(len(tools)))
    call = f"call: <[{OPEN}]> ({names}) <[{CLOSE}]>"
    start = "start: call" if must else "start: call | TEXT\nTEXT: /(.|\\n)+/"
    return Grammar("\n".join([start, call, *rules]) + "\n")


def read_written(choices: Sequence[Choice], tokenizer: HavocTokenizer, text: str) -> Written:
    """Take apart what was written: ``text`` is what stands outside of reserved ids."""
    ids = [choice.token for choice in choices]
    if OPEN not in ids:
        return Written(text)
    start = ids.index(OPEN)
    end = ids.index(CLOSE, start) if CLOSE in ids[start:] else len(ids)
    inner = _text(tokenizer, ids[start + 1 : end])
    try:
        call = json.loads(inner)
        name, arguments = call["name"], json.dumps(call["arguments"], ensure_ascii=False)
    except (ValueError, KeyError, TypeError):  # cut off by max_tokens
        return Written(_text(tokenizer, ids[:start]) + inner)
    return Written(_text(tokenizer, ids[:start]), name, arguments)


def turns_of(messages: Sequence[Message], tools: Sequence[ToolDeclaration]) -> list[Turn]:
    """The conversation as the template has it; the tools are told about at its beginning."""
    said: list[Turn] = []
    told = [message.text for message in messages if message.role in ("system", "developer")]
    if tools:
        listed = [tool.function.model_dump() for tool in tools]
        told.append("Tools:\n" + json.dumps(listed, ensure_ascii=False))
    if told:
        said.append(Turn("system", (Segment("text", "\n\n".join(told)),)))
    for message in messages:
        if message.role in ("system", "developer"):
            continue
        segments = [Segment("text", message.text)] if message.text else []
        if message.role == "tool":
            segments = [Segment("result", message.text)]
        for call in message.tool_calls or ():
            body = {"name": call.function.name, "arguments": call.function.arguments}
            segments.append(Segment("tool", json.dumps(body, ensure_ascii=False)))
        said.append(Turn(message.role, tuple(segments)))
    return said


def _text(tokenizer: HavocTokenizer, ids: Sequence[int]) -> str:
    stream = TextStream(tokenizer)
    return stream.push(number for number in ids if number >= RESERVED) + stream.finish()
