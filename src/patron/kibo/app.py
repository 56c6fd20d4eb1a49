"""The face: one function that takes a request through its steps, in one order, and nowhere else.

route → who is calling → may they → body → key → transaction → handler → render → commit → answer.
"""

import re
import time
from collections.abc import Callable
from datetime import datetime

import structlog
from starlette.types import Receive, Scope, Send

from patron.accounts import queries as accounts
from patron.kernel import idempotency
from patron.kernel.context import Ctx, Secrets
from patron.kernel.db import Database
from patron.kernel.errors import Forbidden, NotFound, PatronError
from patron.kernel.remembered import Remembered
from patron.kernel.secrets import random_token
from patron.kernel.values import parse_id
from patron.kibo import errors
from patron.kibo.auth import Authenticator, Caller
from patron.kibo.operations import OPERATIONS
from patron.kibo.parameters import read_parameters
from patron.kibo.selection import project
from patron.settings import Settings
from patron.web import bodies, metrics, replays
from patron.web.heads import headers_of, versions
from patron.web.operations import ENCODER, Answer, Call, Operation
from patron.web.replies import JSON, Reply
from patron.web.routing import MethodNotAllowed, Router

_DISCARDED_BYTES_MAX = 32_000_000
_CORRELATION = re.compile(r"[A-Za-z0-9-]{1,64}")

log = structlog.get_logger()


class KiboFace:
    """The ASGI app of this dialect."""

    def __init__(
        self,
        database: Database,
        secrets: Secrets,
        cache: Remembered[Caller],
        settings: Settings,
        clock: Callable[[], datetime],
    ) -> None:
        self._authenticator = Authenticator(database, secrets, cache)
        self._settings = settings
        self._clock = clock
        self._router = Router(OPERATIONS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request. Whatever happens, the answer is in this dialect."""
        started = time.perf_counter()
        headers = headers_of(scope)
        given = headers.get("x-vol-correlation", "")
        correlation_id = given if _CORRELATION.fullmatch(given) else random_token()
        name = "none"
        try:
            operation, path = self._route(scope)
            name = operation.key
            reply = await self._serve(scope, receive, headers, operation, path, correlation_id)
        except MethodNotAllowed as refusal:
            sentence = "This path does not take this method."
            reply = _failed(errors.plain("METHOD_NOT_ALLOWED", sentence, correlation_id, Allow=refusal.allow))
        except bodies.TooLarge:
            reply = _failed(errors.plain("REQUEST_TOO_LARGE", "The body is too large.", correlation_id))
        except PatronError as error:
            reply = _failed(errors.failure(error, correlation_id))
        except bodies.Gone:
            return
        except Exception:
            log.exception("request failed", operation=name, request_id=correlation_id)
            reply = _failed(errors.plain("UNEXPECTED_ERROR", "Something went wrong here.", correlation_id))
        reply.headers["x-vol-correlation"] = correlation_id
        reply.headers["cache-control"] = "no-store"
        metrics.observe("kibo", name, reply.status, time.perf_counter() - started)
        await reply.send(send)

    def _route(self, scope: Scope) -> tuple[Operation, dict[str, str]]:
        raw = scope.get("raw_path") or scope["path"].encode()
        path = raw.decode("ascii", "replace").partition("?")[0].removeprefix("/api")
        found = self._router.find(scope["method"], path)
        if found is None:
            raise NotFound("operation at", "this path")
        return found

    async def _serve(
        self,
        scope: Scope,
        receive: Receive,
        headers: dict[str, str],
        operation: Operation,
        path: dict[str, str],
        correlation_id: str,
    ) -> Reply:
        now = self._clock()
        ctx = await self._authenticator.context(headers, operation, now, correlation_id)
        if operation.authenticated:
            _check_shopper(ctx, operation, path)
        data = b""
        if operation.body is not None:
            data = await bodies.receive(receive, discard_max=_DISCARDED_BYTES_MAX)
        if headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            data = bodies.from_form(data)
        call = Call(
            operation,
            path,
            read_parameters(scope["query_string"], operation),
            bodies.read(data, operation.body) if operation.body is not None else None,
            headers,
            versions(headers.get("if-match")),
            headers.get("host", ""),
            settings=self._settings,
        )
        retryable = None
        if operation.replays != "no" and (key := headers.get("idempotency-key")) is not None:
            retryable = replays.retryable(ctx, scope, key, data)
        if operation.before is not None:
            # A retry is answered from the store before anything is tried or hashed again: by now the old password
            # may be wrong, and the login there.
            if retryable is not None and (stored := await idempotency.find(ctx, retryable)) is not None:
                return replays.again(stored)
            call.prepared = await operation.before(ctx, call)
        return await replays.retried(lambda: self._run(ctx, call, retryable))

    async def _run(self, ctx: Ctx, call: Call, retryable: idempotency.Retryable | None) -> Reply:
        operation = call.operation
        if not operation.changes:
            return _rendered(ctx, call, await _handled(ctx, call))
        async with ctx.db.transaction():
            if retryable is None:
                return _rendered(ctx, call, await _handled(ctx, call))
            stored = await idempotency.claim(ctx, retryable)
            if stored is not None:
                return replays.again(stored)
            reply = _rendered(ctx, call, await _handled(ctx, call))
            await replays.keep(ctx, retryable, reply, with_token=operation.replays == "secret")
            return reply


async def _handled(ctx: Ctx, call: Call) -> object:
    """What the operation's handler says, if `userId` names the user of the account in the path (Kibo behaviour 6.8)."""
    user_id = call.query.get("userId")
    if user_id is not None and "accountId" in call.path:
        account = await accounts.by_user_id(ctx, user_id)
        if account is None or account.id != call.account_id:
            raise NotFound("user", user_id[:60])
    return await call.operation.handler(ctx, call)


def _check_shopper(ctx: Ctx, operation: Operation, path: dict[str, str]) -> None:
    """A shopper's token is good for the shopper's own account only (Kibo behaviour 2.5), an impersonator's for less."""
    if operation.in_person:
        ctx.require_owner()
    if ctx.actor.kind != "shopper" or operation.shopper in ("open", "waiting"):
        return
    if operation.shopper == "no":
        raise Forbidden("A shopper may not do this.")
    if "accountId" in path and parse_id(path["accountId"]) != ctx.actor.account_id:
        raise Forbidden("A shopper may only reach the own account.")


def _rendered(ctx: Ctx, call: Call, result: object) -> Reply:
    answer = result if isinstance(result, Answer) else Answer(result)
    if answer.refusal is not None:
        return _failed(errors.failure(answer.refusal, ctx.request_id))
    headers = dict(answer.headers)
    if answer.version is not None:
        headers["etag"] = f'"{answer.version}"'
        known = versions(call.headers.get("if-none-match"))
        if call.operation.method == "GET" and known is not None and answer.version in known and not answer.is_live:
            return Reply(304, b"", headers)
    status = answer.status or call.operation.status
    if call.operation.answer is None or status == 204:
        return Reply(status, b"", headers)
    body = project(answer.body, call.query.get("responseFields"))
    return Reply(status, ENCODER.encode(body), JSON | headers)


def _failed(failure: errors.Failure) -> Reply:
    return Reply(failure.status, ENCODER.encode(failure.body), JSON | failure.headers)
