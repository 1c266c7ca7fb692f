"""Health, metrics, and the training runs of a folder."""

from __future__ import annotations

import asyncio
import shutil
from typing import Any

from fastapi import APIRouter, Request
from sqlalchemy import text
from starlette.responses import JSONResponse, PlainTextResponse, Response

from havoc import __version__
from havoc.serve import metrics, runs
from havoc.serve.problems import Problem
from havoc.serve.services import Services, services_of

router = APIRouter(tags=["operation"])
LEAST_SPACE = 50_000_000
Json = dict[str, Any]
READY: dict[int | str, dict[str, Any]] = {503: {"description": "not ready; says why"}}


@router.get("/health")
async def health() -> Json:
    """The process answers."""
    return {"status": "ok", "version": __version__}


@router.get("/health/ready", responses=READY)
async def ready(request: Request) -> JSONResponse:
    """Whether requests can be served: storage, disk, network; 503 where not."""
    checks = await checked(services_of(request))
    good = is_ready(checks)
    body = {"status": "ready" if good else "not ready", "checks": checks}
    return JSONResponse(body, status_code=200 if good else 503)


def is_ready(checks: dict[str, str]) -> bool:
    """Whether nothing that was looked at stands in the way."""
    return all(value in ("ok", "none") for value in checks.values())


async def checked(services: Services) -> dict[str, str]:
    """What a server needs, each with ok, none, or what is wrong with it."""
    checks: dict[str, str] = {"network": "none" if services.network is None else "ok"}
    if services.network is not None and services.network.failed:
        checks["network"] = "failed"
    try:
        await services.database.ask(lambda connection: connection.execute(text("SELECT 1")).one())
        checks["database"] = "ok"
    except Problem:
        checks["database"] = "failed"
    free = (await asyncio.to_thread(shutil.disk_usage, services.uploads)).free
    checks["disk"] = "ok" if free > LEAST_SPACE else "full"
    checks["server"] = "stopping" if services.draining else "ok"
    return checks


@router.get("/metrics", response_class=PlainTextResponse)
async def exposition(request: Request) -> Response:
    """What Prometheus reads."""
    return Response(services_of(request).metrics.text(), media_type=metrics.CONTENT_TYPE)


@router.get("/runs")
async def training_runs(request: Request) -> list[Json]:
    """The training runs of the folder that the setting ``runs`` names, the latest first."""
    folder = services_of(request).settings.runs
    return await asyncio.to_thread(runs.listed, folder) if folder else []
