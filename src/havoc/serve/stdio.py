"""MCP over standard input and output: the server that a client starts as its own process."""

from __future__ import annotations

import asyncio
from typing import Any

from mcp.server.stdio import stdio_server

from havoc.serve.mcp_server import make_mcp_server
from havoc.serve.problems import Problem
from havoc.serve.settings import ServeSettings
from havoc.serve.workers import Defect, WorkerPool


def run_stdio(settings: ServeSettings) -> None:
    """Serve until standard input ends."""
    asyncio.run(_serve(settings))


async def _serve(settings: ServeSettings) -> None:
    pool = WorkerPool(settings)
    known: list[bytes] = []

    async def compute(task: dict[str, Any]) -> bytes:
        try:
            return await pool.run(task, seconds=settings.question_seconds)
        except Defect:
            raise Problem(500, "the analyst met a defect", kind="internal") from None

    async def tools() -> bytes:
        if not known:
            known.append(await compute({"task": "tools"}))
        return known[0]

    server = make_mcp_server(compute, tools)
    pool.start()
    try:
        async with stdio_server() as (reading, writing):
            await server.run(reading, writing, server.create_initialization_options())
    finally:
        await pool.close()
