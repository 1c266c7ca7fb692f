"""The official MCP client, over HTTP and over standard input and output, in both of its ways."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx2
import pytest
from live_server import QUESTION, LiveServer
from mcp import Client, MCPError, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

from havoc.rag import KnowledgeBase
from havoc.tools import registry

GROUPS = {"group1": [12.1, 12.3, 11.9, 12.0], "group2": [12.8, 12.6, 13.0, 12.7]}
Use = Callable[[Client], Awaitable[None]]
WAYS = ["http", "http legacy", "stdio"]


@asynccontextmanager
async def connected(way: str, server: LiveServer) -> AsyncIterator[Client]:
    mode = "legacy" if way.endswith("legacy") else "auto"
    if way == "stdio":
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        program = StdioServerParameters(
            command=sys.executable, args=["-m", "havoc", "mcp", "--workers", "1"], env=environment
        )
        async with Client(program, mode=mode, read_timeout_seconds=240) as client:
            yield client
        return
    async with httpx2.AsyncClient(trust_env=False, timeout=240) as http:
        transport = streamable_http_client(server.url + "/mcp", http_client=http)
        async with Client(transport, mode=mode, read_timeout_seconds=240) as client:
            yield client


@pytest.mark.parametrize("way", WAYS)
def test_an_mcp_client_finds_and_uses_everything(way: str, server: LiveServer) -> None:
    async def use() -> None:
        async with connected(way, server) as client:
            names: list[str] = []
            cursor = None
            while True:
                page = await client.list_tools(cursor=cursor)
                names += [tool.name for tool in page.tools]
                assert all(tool.input_schema["type"] == "object" for tool in page.tools)
                cursor = page.next_cursor
                if cursor is None:
                    break
            assert names == ["ask", "run_script", *registry.list()]

            called = await client.call_tool("t_test_two_sample", GROUPS)
            assert not called.is_error
            assert called.structured_content["result"]["t"] == pytest.approx(-5.7966, abs=1e-4)

            asked = await client.call_tool("ask", {"question": QUESTION})
            assert "t = -5.7966" in asked.content[0].text
            assert asked.structured_content["status"] == "answered"

            script = await client.call_tool(
                "run_script", {"script": "SPC i_mr DATA [5.1, 5.3, 5.2, 5.0, 5.4]"}
            )
            assert script.structured_content["results"][0]["operation"]

            refused = await client.call_tool("t_test_two_sample", {"group1": [1.0]})
            assert refused.is_error and "group2" in refused.content[0].text
            with pytest.raises(MCPError, match="there is no tool"):
                await client.call_tool("rm_rf", {})

            prompts = {prompt.name for prompt in (await client.list_prompts()).prompts}
            assert "capability_study" in prompts
            ready = await client.get_prompt(
                "capability_study", {"data": "1 2 {limits}", "limits": "LSL 0"}
            )
            text = ready.messages[0].content.text
            assert "LSL 0" in text and "1 2 {limits}" in text
            with pytest.raises(MCPError, match="missing"):
                await client.get_prompt("capability_study", {"limits": "LSL 0"})

    asyncio.run(asyncio.wait_for(use(), 600))


@pytest.mark.parametrize("way", WAYS)
def test_the_built_in_documents_are_resources(way: str, server: LiveServer) -> None:
    records = KnowledgeBase.open().documents()

    async def use() -> None:
        async with connected(way, server) as client:
            found, cursor = [], None
            while True:
                page = await client.list_resources(cursor=cursor)
                found += page.resources
                cursor = page.next_cursor
                if cursor is None:
                    break
            assert [item.name for item in found] == [record.id for record in records]
            assert len({item.uri for item in found}) == len(found)

            capability = next(item for item in found if item.name == "methods/capability")
            assert "Apache-2.0" in (capability.description or "")
            for item in (capability, found[-1]):
                (content,) = (await client.read_resource(item.uri)).contents
                assert content.uri == item.uri and content.mime_type == "text/markdown"
                for chunk in KnowledgeBase.open().document_text(item.name):
                    assert chunk.text in content.text

            for uri in (
                "havoc://kb/builtin/nowhere",
                "havoc://kb/builtin/../../../etc/passwd",
                "havoc://kb/builtin/%2e%2e%2f%00",
                "havoc://kb/plant/a.md",
                "file:///etc/passwd",
            ):
                with pytest.raises(MCPError, match="there is no"):
                    await client.read_resource(uri)
            for wrong in ("-1", "x", str(len(records))):
                with pytest.raises(MCPError, match="no such page"):
                    await client.list_resources(cursor=wrong)

    asyncio.run(asyncio.wait_for(use(), 600))


def test_many_calls_at_once_get_their_own_results(server: LiveServer) -> None:
    async def use() -> None:
        async with connected("http", server) as client:
            calls = [
                client.call_tool("describe", {"data": [float(n), n + 1.0, n + 2.0]})
                for n in range(20)
            ]
            results = await asyncio.gather(*calls)
            means = [item.structured_content["result"]["mean"] for item in results]
            assert means == [n + 1.0 for n in range(20)]

    asyncio.run(asyncio.wait_for(use(), 600))
