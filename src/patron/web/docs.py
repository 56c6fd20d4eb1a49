"""The interactive documentation: one page with Swagger UI on our OpenAPI documents, all of it served by us.

The page asks nobody else for anything, and its Content-Security-Policy would not let it (CSP Level 3).
"""

import html
import json
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path
from string import Template

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

_FOLDER = Path(__file__).parent
_NAMES = (
    "swagger/favicon-32x32.png",
    "swagger/swagger-ui-bundle.js",
    "swagger/swagger-ui-bundle.js.LICENSE.txt",
    "swagger/swagger-ui-standalone-preset.js",
    "swagger/swagger-ui-standalone-preset.js.LICENSE.txt",
    "swagger/swagger-ui.css",
    "docs.css",
    "docs.js",
)
_FILES = {Path(name).name: _FOLDER / name for name in _NAMES}
# Swagger UI sets styles of single elements and has its icons as data.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}


def routes(documents: Mapping[str, str]) -> list[Route]:
    """The page at /docs with its files; `documents` maps the name of each document to its address."""

    async def page(_request: Request) -> Response:
        """The page."""
        headers = {
            "Content-Security-Policy": _POLICY,
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-cache",
        }
        return HTMLResponse(_page(tuple(documents.items())), headers=headers)

    return [Route("/docs", page), Route("/docs/{version}/{name}", _file)]


async def _file(request: Request) -> Response:
    """A file of the page. Its address changes with its content, so it may be kept for ever."""
    path = _FILES.get(request.path_params["name"])
    if path is None or request.path_params["version"] != _version():
        return PlainTextResponse("There is no such file.", 404)
    return FileResponse(path, headers=_FOR_EVER)


@cache
def _version() -> str:
    digest = sha256()
    for path in _FILES.values():
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


@cache
def _page(documents: tuple[tuple[str, str], ...]) -> str:
    page = Template((_FOLDER / "docs.html").read_text(encoding="utf-8"))
    listed = json.dumps([{"name": name, "url": url} for name, url in documents])
    return page.substitute(
        assets=f"/docs/{_version()}",
        documents=html.escape(listed),
        links=", ".join(f'<a href="{html.escape(url)}">{html.escape(name)}</a>' for name, url in documents),
    )
