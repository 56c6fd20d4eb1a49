"""Puts the pieces together: settings, database, secrets, faces → one ASGI app."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import datetime
from typing import Any, TypeVar

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from patron.jsonapi import downloads, ids
from patron.jsonapi import openapi as jsonapi_openapi
from patron.jsonapi.app import JsonApiFace
from patron.jsonapi.caller import Caller as JsonApiCaller
from patron.jsonapi.catalogue import SERVED
from patron.jsonapi.oauth_app import OAuthFace
from patron.kernel.clock import clock
from patron.kernel.context import Secrets
from patron.kernel.db import Database
from patron.kernel.errors import Unavailable
from patron.kernel.outbound import Outbound
from patron.kernel.remembered import Remembered
from patron.kernel.revocation import Revocations
from patron.kernel.secrets import Passwords, Vault
from patron.kernel.tokens import Keyring, ensure_key
from patron.kibo import openapi as kibo_openapi
from patron.kibo.app import KiboFace
from patron.kibo.auth import Caller
from patron.logs import configure
from patron.settings import Settings
from patron.web import docs, metrics

T = TypeVar("T")

WORKER_SILENT_SECONDS_MAX = 15
READY_SECONDS_MAX = 3  # whoever asks whether we are ready does not wait long for the answer


def create_app(settings: Settings | None = None, now: Callable[[], datetime] = clock) -> Starlette:
    """The ASGI app. It connects when its server starts it (lifespan), and drains when that stops it."""
    settings = settings or Settings.from_env()
    configure(settings.log_level)
    api = _Later()
    state = _State()

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as opened:
            database = await Database.open(settings.database_url)
            opened.push_async_callback(database.close)
            tokens, jsonapi_tokens, policies = Remembered[Caller](), Remembered[JsonApiCaller](), Remembered[Any]()
            revocations = Revocations(
                database,
                _all(tokens.drop, jsonapi_tokens.drop, policies.drop),
                _all(tokens.hears, jsonapi_tokens.hears, policies.hears),
                _all(tokens.proved, jsonapi_tokens.proved, policies.proved),
            )
            vault, passwords, outbound = Vault(settings.key), Passwords(), Outbound(private=settings.private_hooks)
            ids.use(vault)
            opened.push_async_callback(outbound.close)
            opened.callback(passwords.close)
            secrets = Secrets(vault, Keyring(vault, settings.issuer), passwords, revocations, outbound, policies)
            await ensure_key(database.session(), vault, now())
            await secrets.keyring.load(database.session())
            opened.push_async_callback(_ended, asyncio.create_task(revocations.listen(settings.database_url)))
            state.database, state.secrets = database, secrets
            api.kibo = KiboFace(database, secrets, tokens, settings, now)
            api.jsonapi = JsonApiFace(database, secrets, jsonapi_tokens, settings, now)
            api.oauth = OAuthFace(database, secrets, jsonapi_tokens, settings, now)
            yield

    async def readyz(_request: Request) -> Response:
        """Whether the database and the background worker answer."""
        return await _ready(state.database)

    async def jwks(_request: Request) -> Response:
        """The public keys of our tokens (RFC 7517)."""
        return JSONResponse(await state.secrets.keyring.published(state.database.session(), now()))

    async def download(request: Request) -> Response:
        """The file of an export, behind a signed link."""
        return await downloads.answer(state.database, request.path_params["link"])

    routes: list[BaseRoute] = [
        Route("/downloads/{link}", download),
        Route("/healthz", _healthz),
        Route("/readyz", readyz),
        Route("/metrics", _metrics),
        Route("/.well-known/jwks.json", jwks),
        Route("/openapi/kibo.json", _kibo_document),
        Route("/openapi/jsonapi.json", _jsonapi_document),
        *docs.routes({"Kibo": "/openapi/kibo.json", "JSON:API": "/openapi/jsonapi.json"}),
        Route("/", _home),
    ]
    return _App(api, routes=routes, lifespan=lifespan)


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def _all(*told: Callable[[T], None]) -> Callable[[T], None]:
    def call(value: T) -> None:
        for one in told:
            one(value)

    return call


class _State:
    """What the lifespan opens."""

    database: Database
    secrets: Secrets


class _Later:
    """The faces, which exist from the start of the server on."""

    kibo: KiboFace
    jsonapi: JsonApiFace
    oauth: OAuthFace

    def at(self, path: str) -> KiboFace | JsonApiFace | OAuthFace | None:
        """The face that answers at a path; None where none does."""
        if path.startswith("/oauth/"):
            return self.oauth
        if not path.startswith("/api/"):
            return None
        return self.jsonapi if path.split("/", 3)[2] in _JSONAPI else self.kibo


_JSONAPI = {resource.path for resource in SERVED.values()}


class _App(Starlette):
    """What belongs to a face goes there at once; a face answers everything, errors too."""

    def __init__(self, api: _Later, **rest: Any) -> None:
        super().__init__(**rest)
        self._api = api

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or the lifespan."""
        face = self._api.at(scope["path"]) if scope["type"] == "http" else None
        if face is not None:
            await face(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


async def _healthz(_request: Request) -> Response:
    """Alive."""
    return JSONResponse({"status": "ok"})


async def _metrics(_request: Request) -> Response:
    """Figures for Prometheus."""
    return Response(metrics.exposition(), media_type=metrics.CONTENT_TYPE)


async def _kibo_document(_request: Request) -> Response:
    """The OpenAPI document of the Kibo face."""
    return Response(kibo_openapi.document(), media_type="application/json")


async def _jsonapi_document(_request: Request) -> Response:
    """The OpenAPI document of the JSON:API face."""
    return Response(jsonapi_openapi.document(), media_type="application/json")


async def _home(_request: Request) -> Response:
    """Newcomers land on the documentation."""
    return RedirectResponse("/docs")


async def _ready(database: Database) -> Response:
    try:
        async with asyncio.timeout(READY_SECONDS_MAX):
            silent = await database.session().value(
                "select extract(epoch from clock_timestamp() - max(seen_at))::float8 from heartbeat"
                " where name = 'worker'"
            )
    except (Unavailable, TimeoutError):
        return JSONResponse({"status": "unavailable", "database": "down"}, 503)
    if silent is None or silent > WORKER_SILENT_SECONDS_MAX:
        return JSONResponse({"status": "unavailable", "database": "ok", "worker": "silent"}, 503)
    return JSONResponse({"status": "ok", "database": "ok", "worker": "ok"})
