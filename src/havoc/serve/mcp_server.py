"""MCP: every tool, the analyst, ready-made prompts and the built-in documents, for any client.

By the official SDK. Over standard input and output it is ``havoc mcp``, over HTTP ``/mcp``.
Calls run in worker processes; what the data cannot carry is the result of the call, in words
that the calling model can act on.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote, unquote

import mcp_types as types
import msgspec
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.shared.exceptions import MCPError

from havoc import __version__
from havoc.errors import HavocError
from havoc.serve.problems import Problem, problem_of
from havoc.serve.prompts import PROMPTS, text_of
from havoc.tools import registry

Compute = Callable[[dict[str, Any]], Awaitable[bytes]]
"""Has a worker carry out a task; the JSON of its result."""
Tools = Callable[[], Awaitable[bytes]]
Context = ServerRequestContext[Any]

ASK = "ask"
SCRIPT = "run_script"
PAGE = 100
BASE = "builtin"
RESOURCES = f"havoc://kb/{BASE}/"
MARKDOWN = "text/markdown"
INSTRUCTIONS = (
    "Verified statistics, design of experiments, process control, measurement systems and "
    "reliability. Never compute a figure yourself: call a tool and quote its result. `ask` takes "
    "a question in plain words with its data and answers it with audited figures; the other "
    "tools compute one method each."
)
NO_PAGE = "there is no such page"
_DATA: dict[str, Any] = {
    "description": 'columns {"name": [values]} or rows [{"name": value}]',
    "anyOf": [{"type": "object"}, {"type": "array"}],
}
OWN_TOOLS = (
    types.Tool(
        name=ASK,
        title="Ask the analyst",
        description="Answer a question about data: plan, compute, attack and audit the answer.",
        input_schema={
            "type": "object",
            "properties": {
                "question": {"type": "string", "maxLength": 200_000},
                "data": _DATA,
                "budget": {"enum": ["MICRO", "LIGHT", "MEDIUM", "HEAVY"]},
            },
            "required": ["question"],
            "additionalProperties": False,
        },
        annotations=types.ToolAnnotations(read_only_hint=True, open_world_hint=False),
    ),
    types.Tool(
        name=SCRIPT,
        title="Run a script of statements",
        description="Run statements such as SPC i_mr DATA @bore.diameter over named data.",
        input_schema={
            "type": "object",
            "properties": {
                "script": {"type": "string", "maxLength": 200_000},
                "data": {"type": "object", "additionalProperties": _DATA},
            },
            "required": ["script"],
            "additionalProperties": False,
        },
        annotations=types.ToolAnnotations(read_only_hint=True, open_world_hint=False),
    ),
)


def make_mcp_server(compute: Compute, tools: Tools) -> Server[Any]:
    """The server over a pool of workers."""

    async def list_tools(
        context: Context, params: types.PaginatedRequestParams | None
    ) -> types.ListToolsResult:
        listed = [*OWN_TOOLS, *map(_declared, msgspec.json.decode(await tools()))]
        start = _place(params.cursor if params else None, len(listed))
        end = start + PAGE
        return types.ListToolsResult(
            tools=listed[start:end],
            next_cursor=str(end) if end < len(listed) else None,
            cache_scope="public",
        )

    async def call_tool(
        context: Context, params: types.CallToolRequestParams
    ) -> types.CallToolResult:
        task = _task(params.name, params.arguments or {})
        try:
            body = await compute(task)
        except (HavocError, Problem) as error:
            problem = error if isinstance(error, Problem) else problem_of(error)
            return types.CallToolResult(
                content=[types.TextContent(type="text", text=problem.detail)], is_error=True
            )
        result = msgspec.json.decode(body)
        if task["task"] == "ask":
            shown = result["answer"]
        else:
            result = {"results": result} if isinstance(result, list) else result
            result.pop("charts", None)  # drawings for people, of no use to a model
            shown = msgspec.json.encode(result).decode()
        return types.CallToolResult(
            content=[types.TextContent(type="text", text=shown)], structured_content=result
        )

    async def list_prompts(
        context: Context, params: types.PaginatedRequestParams | None
    ) -> types.ListPromptsResult:
        return types.ListPromptsResult(prompts=[prompt.declared() for prompt in PROMPTS.values()])

    async def get_prompt(
        context: Context, params: types.GetPromptRequestParams
    ) -> types.GetPromptResult:
        prompt = PROMPTS.get(params.name)
        if prompt is None:
            raise MCPError(types.INVALID_PARAMS, f"there is no prompt {params.name[:60]!r}")
        try:
            text = text_of(prompt, params.arguments or {})
        except HavocError as error:
            raise MCPError(types.INVALID_PARAMS, str(error)) from None
        content = types.TextContent(type="text", text=text)
        return types.GetPromptResult(
            description=prompt.description,
            messages=[types.PromptMessage(role="user", content=content)],
        )

    async def list_resources(
        context: Context, params: types.PaginatedRequestParams | None
    ) -> types.ListResourcesResult:
        start = _number(params.cursor if params else None)
        body = await _computed({"task": "documents", "base": BASE, "limit": PAGE, "offset": start})
        page = msgspec.json.decode(body)
        if start and start >= page["total"]:
            raise MCPError(types.INVALID_PARAMS, NO_PAGE)
        end = start + PAGE
        return types.ListResourcesResult(
            resources=[_resource(document) for document in page["documents"]],
            next_cursor=str(end) if end < page["total"] else None,
            cache_scope="public",
        )

    async def read_resource(
        context: Context, params: types.ReadResourceRequestParams
    ) -> types.ReadResourceResult:
        if not params.uri.startswith(RESOURCES):
            raise MCPError(types.INVALID_PARAMS, "there is no such resource; see resources/list")
        identity = unquote(params.uri.removeprefix(RESOURCES))
        body = await _computed({"task": "document", "base": BASE, "identity": identity})
        text = msgspec.json.decode(body)["text"]
        content = types.TextResourceContents(uri=params.uri, mime_type=MARKDOWN, text=text)
        return types.ReadResourceResult(contents=[content], cache_scope="public")

    async def _computed(task: dict[str, Any]) -> bytes:
        try:
            return await compute(task)
        except HavocError as error:
            raise MCPError(types.INVALID_PARAMS, str(error)) from None
        except Problem as problem:
            raise MCPError(types.INTERNAL_ERROR, problem.detail) from None

    return Server(
        "havoc",
        version=__version__,
        title="havoc",
        instructions=INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
        on_list_prompts=list_prompts,
        on_get_prompt=get_prompt,
        on_list_resources=list_resources,
        on_read_resource=read_resource,
    )


def _declared(tool: dict[str, Any]) -> types.Tool:
    return types.Tool(
        name=tool["name"],
        title=tool["title"],
        description=f"{tool['title']}. {tool['description']}",
        input_schema=tool["arguments"],
        annotations=types.ToolAnnotations(
            read_only_hint=True, idempotent_hint=True, open_world_hint=False
        ),
    )


def _task(name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """A call as a worker's task. MCPError where there is no such tool, or what it needs lacks."""
    if name == ASK:
        _check(arguments, {"question", "data", "budget"}, "question")
        return {
            "task": "ask",
            "question": arguments["question"],
            "files": [],
            "inline": arguments.get("data"),
            "budget": arguments.get("budget"),
            "earlier": None,
        }
    if name == SCRIPT:
        _check(arguments, {"script", "data"}, "script")
        data = arguments.get("data") or {}
        if not isinstance(data, dict):
            raise MCPError(types.INVALID_PARAMS, "data is no object of named data")
        return {"task": "script", "script": arguments["script"], "files": {}, "inline": data}
    if name not in registry:
        raise MCPError(types.INVALID_PARAMS, f"there is no tool {name[:60]!r}; see tools/list")
    return {"task": "tool", "name": name, "arguments": arguments}


def _check(arguments: dict[str, Any], known: set[str], needed: str) -> None:
    if not isinstance(arguments.get(needed), str):
        raise MCPError(types.INVALID_PARAMS, f"{needed} is missing, or no text")
    unknown = sorted(set(arguments) - known)
    if unknown:
        raise MCPError(types.INVALID_PARAMS, f"there is no argument {unknown[0][:60]!r}")
    budget = arguments.get("budget")
    if budget is not None and not isinstance(budget, str):
        raise MCPError(types.INVALID_PARAMS, "budget is no text")


def _resource(document: dict[str, Any]) -> types.Resource:
    return types.Resource(
        name=document["id"],
        title=document["title"],
        uri=RESOURCES + quote(document["id"]),
        description=f"{document['source']} ({document['licence']})",
        mime_type=MARKDOWN,
    )


def _place(cursor: str | None, count: int) -> int:
    number = _number(cursor)
    if number and number >= count:
        raise MCPError(types.INVALID_PARAMS, NO_PAGE)
    return number


def _number(cursor: str | None) -> int:
    """Where a page begins."""
    if cursor is None:
        return 0
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 9):
        raise MCPError(types.INVALID_PARAMS, NO_PAGE)
    return int(cursor)
