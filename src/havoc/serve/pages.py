"""The pages that the server has of its own: a start page, /docs and /redoc, without a network."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from havoc import __version__
from havoc.serve.native.status import checked, is_ready
from havoc.serve.problems import Problem
from havoc.serve.services import services_of

router = APIRouter(include_in_schema=False)
LONG = "public, max-age=86400"
# Redoc writes its styles into the page and searches in a worker
REDOC_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
SWAGGER_CSP = REDOC_CSP.replace("worker-src 'self' blob:; ", "")
STYLE = """\
body { font: 16px/1.5 system-ui, sans-serif; max-width: 42rem; margin: 3rem auto; padding: 0 1rem; }
code { background: #eee; padding: .1em .3em; }
"""
START = """\
<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>havoc</title>
<meta name="viewport" content="width=device-width"><link rel="stylesheet" href="/assets/start.css">
</head><body><h1>havoc</h1>
<p>Version {version}, <strong>{status}</strong>: {checks}. It answers programs; a web page for
people is not there yet.</p>
<ul><li><a href="/docs">/docs</a> and <a href="/redoc">/redoc</a>: every route, from
<a href="/openapi.json">OpenAPI</a></li>
<li><a href="/health/ready">/health/ready</a>: the same for machines</li>
<li><code>/v1</code> for OpenAI's clients, <code>/mcp</code> for MCP clients,
<code>POST /ask</code> for the analyst</li></ul></body></html>
"""
DOCS = """\
<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>havoc: routes</title>
<link rel="stylesheet" href="/assets/swagger-ui.css"></head>
<body><div id="page"></div><script src="/assets/swagger-ui-bundle.js"></script>
<script src="/assets/docs.js"></script></body></html>
"""
DOCS_SCRIPT = """\
SwaggerUIBundle({ url: "/openapi.json", dom_id: "#page", deepLinking: true, validatorUrl: null });
"""
REDOC = """\
<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>havoc: routes</title></head>
<body><redoc spec-url="/openapi.json"></redoc>
<script src="/assets/redoc.standalone.js"></script></body></html>
"""
OWN = {"start.css": (STYLE, "text/css"), "docs.js": (DOCS_SCRIPT, "text/javascript")}
LIBRARY = {
    "swagger-ui.css": "text/css",
    "swagger-ui-bundle.js": "text/javascript",
    "redoc.standalone.js": "text/javascript",
}


@router.get("/")
async def start(request: Request) -> HTMLResponse:
    """What is here, and whether it can serve."""
    checks = await checked(services_of(request))
    page = START.format(
        version=__version__,
        status="ready" if is_ready(checks) else "not ready",
        checks=", ".join(f"{name} {state}" for name, state in checks.items()),
    )
    return HTMLResponse(page)


@router.get("/docs")
async def docs() -> HTMLResponse:
    """Every route, to try out."""
    return HTMLResponse(DOCS, headers={"Content-Security-Policy": SWAGGER_CSP})


@router.get("/redoc")
async def redoc() -> HTMLResponse:
    """Every route, to read."""
    return HTMLResponse(REDOC, headers={"Content-Security-Policy": REDOC_CSP})


@router.get("/openapi.json")
async def openapi(request: Request) -> dict[str, Any]:
    """The routes as a document."""
    document: dict[str, Any] = request.app.openapi()
    return document


@router.get("/assets/{name}")
def asset(name: str) -> Response:
    """A style or script of these pages; no other file has a name here."""
    headers = {"Cache-Control": LONG}
    if name in OWN:
        body, kind = OWN[name]
        return Response(body, media_type=kind, headers=headers)
    if name in LIBRARY:
        folder = Path(str(files("fastapi_offline"))) / "static"
        return Response((folder / name).read_bytes(), media_type=LIBRARY[name], headers=headers)
    raise Problem(404, "there is no such file")
