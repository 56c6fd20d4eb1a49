"""The face: one function that takes a request through its steps, in one order, and nowhere else.

route → media types → who is calling → how often → may they → body → transaction → handler → document → answer.
"""

import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec
import structlog
from starlette.types import Receive, Scope, Send

from patron.jsonapi import asking, bodies, errors, media, tokens
from patron.jsonapi.auth import Authenticator
from patron.jsonapi.caller import Caller
from patron.jsonapi.catalogue import ROUTES, SERVED
from patron.jsonapi.document import ENCODE, Shape
from patron.jsonapi.limits import Limits
from patron.jsonapi.operations import Document, Request, Route
from patron.kernel import idempotency
from patron.kernel.context import Ctx, Secrets
from patron.kernel.db import Database
from patron.kernel.errors import Invalid, NotFound, PatronError
from patron.kernel.remembered import Remembered
from patron.kernel.secrets import random_token
from patron.settings import Settings
from patron.web import bodies as web_bodies
from patron.web import metrics, replays
from patron.web.heads import headers_of, versions
from patron.web.replies import Reply
from patron.web.routing import MethodNotAllowed, Router

_DISCARDED_BYTES_MAX = 32_000_000
_ROWS_BYTES_MAX = 10_000_000

log = structlog.get_logger()


class JsonApiFace:
    """The ASGI app of this dialect, below /api."""

    def __init__(
        self,
        database: Database,
        secrets: Secrets,
        cache: Remembered[Caller],
        settings: Settings,
        clock: Callable[[], datetime],
    ) -> None:
        self._authenticator = Authenticator(database, secrets, cache, settings.domain)
        self._domain = settings.domain
        self._vault = secrets.vault
        self._limits = Limits(settings.requests_per_minute, settings.address_header)
        self._clock = clock
        self._router = Router(ROUTES)
        self._shapes: dict[tuple[int, str, str], Shape] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request. Whatever happens, the answer is in this dialect."""
        started = time.perf_counter()
        request_id, name = random_token(), "none"
        limit = self._limits.count(scope)
        route: Route | None = None
        try:
            limit.check()
            route, path = self._route(scope)
            name = route.key
            reply = await self._serve(scope, receive, route, path, request_id)
        except MethodNotAllowed as refusal:
            sentence = "This resource does not take this method."
            reply = _failed(errors.plain("METHOD_NOT_ALLOWED", "Method not allowed", sentence, allow=refusal.allow))
        except web_bodies.TooLarge:
            reply = _failed(errors.plain("REQUEST_TOO_LARGE", "Request too large", "The body is too large."))
        except PatronError as error:
            reply = _failed(_failure(error, route))
        except web_bodies.Gone:
            return
        except Exception:
            log.exception("request failed", operation=name, request_id=request_id)
            reply = _failed(errors.plain("INTERNAL_SERVER_ERROR", "Internal server error", "Something went wrong."))
        reply.headers |= {"x-request-id": request_id, "cache-control": "no-store", **limit.headers}
        metrics.observe("jsonapi", name, reply.status, time.perf_counter() - started)
        await reply.send(send)

    def _route(self, scope: Scope) -> tuple[Route, dict[str, str]]:
        raw = scope.get("raw_path") or scope["path"].encode()
        path = raw.decode("ascii", "replace").partition("?")[0].removeprefix("/api")
        found = self._router.find(scope["method"], path)
        if found is None:
            raise NotFound("resource at", "this path")
        return found

    async def _serve(
        self, scope: Scope, receive: Receive, route: Route, path: dict[str, str], request_id: str
    ) -> Reply:
        headers = headers_of(scope)
        media.check(headers, has_body=route.letter in "CU")
        now = self._clock()
        caller = await self._authenticator.caller(headers, now)
        ctx = self._authenticator.context(caller, now, request_id)
        caller.check(route.resource, route.letter)
        request = Request(
            ctx, caller, route, path, scope["query_string"], self._shape(caller), SERVED,
            expect=versions(headers.get("if-match")), known_versions=versions(headers.get("if-none-match")),
        )  # fmt: skip
        data = b""
        if route.letter in "CU":
            limit_of_rows = _ROWS_BYTES_MAX if route.resource.takes_rows else web_bodies.BODY_BYTES_MAX
            data = await web_bodies.receive(receive, discard_max=_DISCARDED_BYTES_MAX, bytes_max=limit_of_rows)
            request.change = bodies.read(
                data, route.resource, caller, creates=route.letter == "C", path_id=path.get("id"), expect=request.expect
            )
        key = headers.get("idempotency-key") if route.letter == "C" else None
        retryable = _retryable(ctx, scope, key, data) if key is not None else None
        if request.change is not None and route.resource.prepare is not None:
            asking.read(request.query, route.resource, SERVED, is_list=False)
            if retryable is not None and (stored := await idempotency.find(ctx, retryable)) is not None:
                return replays.again(stored)
            request.change.prepared = await route.resource.prepare(ctx, request.change)
        return await replays.retried(lambda: self._run(ctx, request, retryable))

    async def _run(self, ctx: Ctx, request: Request, retryable: idempotency.Retryable | None) -> Reply:
        if not request.route.changes:
            return _rendered(request, await request.route.handler(request))
        async with ctx.db.transaction():
            if retryable is not None and (stored := await idempotency.claim(ctx, retryable)) is not None:
                return replays.again(stored)
            reply = _rendered(request, await request.route.handler(request))
            if retryable is not None:
                await replays.keep(ctx, retryable, reply, with_token=request.route.resource.reveal is not None)
            return reply

    def _shape(self, caller: Caller) -> Shape:
        program = caller.program
        key = program.tenant_id, program.slug, program.mode
        shape = self._shapes.get(key)
        if shape is None:
            address = tokens.base_url(program.slug, self._domain)
            shape = Shape(address, program.tenant_id, program.mode, self._vault)
            self._shapes[key] = shape
        return shape


def _retryable(ctx: Ctx, scope: Scope, key: str, data: bytes) -> idempotency.Retryable:
    try:
        return replays.retryable(ctx, scope, key, data)
    except Invalid as error:
        detail = f"Idempotency-Key {error.problems[0].message}."
        raise errors.Refusal("BAD_REQUEST", "Bad request", detail, header="Idempotency-Key") from None


def _rendered(request: Request, document: Document) -> Reply:
    headers: dict[str, str] = {}
    if document.version is not None:
        headers["etag"] = f'"{document.version}"'
        known = request.known_versions
        if request.route.method == "GET" and known is not None and document.version in known:
            return Reply(304, b"", headers)
    if document.status == 204:
        return Reply(204, b"", headers)
    if document.status == 201 and document.location is not None:
        headers["location"] = document.location
    return Reply(document.status, ENCODE(document.body), {"content-type": media.TYPE, **headers})


def _failure(error: PatronError, route: Route | None) -> errors.Failure:
    if route is None:
        return errors.failure(error, {})
    links = frozenset(one.name for one in route.resource.relationships)
    return errors.failure(error, dict(route.resource.error_names), links)


def _failed(failure: errors.Failure) -> Reply:
    return Reply(failure.status, ENCODE(failure.body), {"content-type": media.TYPE, **failure.headers})


def as_json(status: int, body: Any) -> Reply:
    """An answer in plain JSON, for what is not below /api."""
    return Reply(status, msgspec.json.encode(body), {"content-type": "application/json", "cache-control": "no-store"})
