"""The routes of the token endpoint, outside /api: plain JSON (Commerce Layer behaviour 2)."""

import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

import structlog
from starlette.types import Receive, Scope, Send

from patron.jsonapi import ids, pages, tokens
from patron.jsonapi.app import as_json
from patron.jsonapi.auth import Authenticator
from patron.jsonapi.authorize import Authorize, NoQuestion
from patron.jsonapi.caller import Caller
from patron.jsonapi.catalogue import SERVED
from patron.jsonapi.errors import ErrorBody, ErrorObject
from patron.jsonapi.limits import Limit, Limits
from patron.jsonapi.oauth import OAuth, OAuthError, TokenRequest
from patron.kernel.context import Secrets
from patron.kernel.db import Database
from patron.kernel.errors import Invalid, PatronError, TooMany, Unauthenticated, Unavailable
from patron.kernel.remembered import Remembered
from patron.kernel.secrets import random_token
from patron.settings import Settings
from patron.web import bodies, metrics, replays
from patron.web.heads import headers_of
from patron.web.replies import Reply
from patron.web.routing import MethodNotAllowed

_DISCARDED_BYTES_MAX = 1_000_000
_FORM_BYTES_MAX = 50_000
_NO_METHOD = "This address does not take this method."
# What each path takes.
METHODS = {
    "/oauth/authorize": ("GET", "HEAD", "POST"),
    "/oauth/token": ("POST",),
    "/oauth/revoke": ("POST",),
    "/oauth/tokeninfo": ("GET", "HEAD"),
}
_ACTIONS = {"C": "create", "S": "read", "U": "update", "D": "destroy"}

log = structlog.get_logger()


class OAuthFace:
    """`/oauth/authorize`, `/oauth/token`, `/oauth/revoke`, `/oauth/tokeninfo`."""

    def __init__(
        self,
        database: Database,
        secrets: Secrets,
        cache: Remembered[Caller],
        settings: Settings,
        clock: Callable[[], datetime],
    ) -> None:
        self._authenticator = Authenticator(database, secrets, cache, settings.domain)
        self._oauth = OAuth(database, secrets, settings.domain)
        self._authorize = Authorize(database, secrets)
        self._limits = Limits(settings.token_requests_per_minute, settings.address_header)
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        started, request_id = time.perf_counter(), random_token()
        path, limit = scope["path"].rstrip("/"), self._limits.count(scope)
        serve = self._page if path == "/oauth/authorize" else self._reply
        try:
            reply = await serve(scope, receive, limit, request_id)
        except bodies.Gone:
            return
        reply.headers |= {"x-request-id": request_id, **limit.headers}
        name = path.strip("/").replace("/", ".") if path in METHODS else "none"
        metrics.observe("jsonapi", name, reply.status, time.perf_counter() - started)
        await reply.send(send)

    async def _reply(self, scope: Scope, receive: Receive, limit: Limit, request_id: str) -> Reply:
        """The answer to a program: JSON, whatever happens."""
        try:
            limit.check()
            return as_json(200, await self._answer(scope, receive, request_id))
        except MethodNotAllowed as refusal:
            reply = _failed(405, "Method not allowed", _NO_METHOD, "METHOD_NOT_ALLOWED")
            reply.headers["allow"] = refusal.allow
            return reply
        except OAuthError as error:
            return _failed(error.status, error.title, error.message, error.code)
        except Unauthenticated:
            return _failed(401, "Invalid token", "The access token you provided is invalid.", "INVALID_TOKEN")
        except (TooMany, Unavailable) as error:
            status, code = (429, "RATE_LIMIT_EXCEEDED") if isinstance(error, TooMany) else (503, "SERVICE_UNAVAILABLE")
            reply = _failed(status, "Try again later", error.message, code)
            reply.headers["retry-after"] = str(error.retry_after)
            return reply
        except (PatronError, bodies.TooLarge) as error:
            return _failed(400, "invalid_request", str(error) or "The request cannot be read.", "BAD_REQUEST")
        except bodies.Gone:
            raise
        except Exception:
            log.exception("token request failed", request_id=request_id)
            return _failed(500, "Internal server error", "Something went wrong.", "INTERNAL_SERVER_ERROR")

    async def _page(self, scope: Scope, receive: Receive, limit: Limit, request_id: str) -> Reply:
        """The answer to a person: a page, or a redirect, whatever happens."""
        try:
            limit.check()
            if _method(scope) != "POST":
                return await self._authorize.ask(scope["query_string"])
            form = await bodies.receive(receive, discard_max=_DISCARDED_BYTES_MAX, bytes_max=_FORM_BYTES_MAX)
            return await self._authorize.answered(form, headers_of(scope), self._clock(), request_id)
        except MethodNotAllowed as refusal:
            reply = pages.refusal(405, _NO_METHOD)
            reply.headers["allow"] = refusal.allow
        except (TooMany, Unavailable) as error:
            reply = pages.refusal(429 if isinstance(error, TooMany) else 503, f"{error.message} Try again a bit later.")
            reply.headers["retry-after"] = str(error.retry_after)
        except NoQuestion as error:
            reply = pages.refusal(400, error.message)
        except (PatronError, bodies.TooLarge):
            reply = pages.refusal(400, "What was sent cannot be read.")
        except bodies.Gone:
            raise
        except Exception:
            log.exception("authorization failed", request_id=request_id)
            reply = pages.refusal(500, "Something went wrong on our side.")
        return reply

    async def _answer(self, scope: Scope, receive: Receive, request_id: str) -> dict[str, Any]:
        headers = headers_of(scope)
        now, path = self._clock(), scope["path"].rstrip("/")
        _method(scope)
        if path == "/oauth/tokeninfo":
            caller = await self._authenticator.caller(headers, now)
            return _described(caller, await self._oauth.owner(caller))
        data = await bodies.receive(receive, discard_max=_DISCARDED_BYTES_MAX)
        if headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            data = bodies.from_form(data)
        if path == "/oauth/token":
            asked = bodies.read(data, TokenRequest)
            return await replays.retried(lambda: self._oauth.token(asked, now, request_id))
        body = bodies.read(data, Any)
        if not isinstance(body, dict):
            raise Invalid.field("body", "must be an object")
        whose = await self._caller_of(str(body.get("token") or ""), now)
        return await replays.retried(lambda: self._oauth.revoke(whose, body, now))

    async def _caller_of(self, token: str, now: datetime) -> Caller | None:
        """Whose access token that is, if it is one."""
        try:
            return await self._authenticator.caller({"authorization": f"Bearer {token}"}, now)
        except Unauthenticated:
            return None


def _described(caller: Caller, owner: dict[str, Any] | None) -> dict[str, Any]:
    """What a token is worth."""
    program, grant = caller.program, caller.grant
    permissions: dict[str, Any] = {}
    for resource in SERVED.values():
        letters = resource.letters
        if caller.is_public:
            letters = resource.guest + (resource.customer if caller.account_id is not None else "")
        permissions[resource.type] = {"actions": [name for letter, name in _ACTIONS.items() if letter in letters]}
    app_id, role = ids.shown(program.id), program.kind if caller.user is None else caller.user.role
    return {
        "token": {
            "test": program.mode == "test",
            "market_ids": [ids.shown(one) for one in tokens.market_ids(program, grant)],
            "stock_location_ids": [],
            "lifespan": int(grant.expires_at.timestamp() - grant.issued_at.timestamp()),
        },
        "role": {"id": app_id, "kind": role, "name": role.replace("_", " ").capitalize()},
        "application": {"id": app_id, "kind": program.kind, "name": program.name, "core": False},
        "owner": owner,
        "permissions": permissions,
        "accessible_apps": [],
    }


def _method(scope: Scope) -> str:
    """The request's method, if its path takes it. Raises MethodNotAllowed, OAuthError for a path that is none."""
    takes = METHODS.get(scope["path"].rstrip("/"))
    if takes is None:
        raise OAuthError("not_found", "There is nothing here.", 404, "RECORD_NOT_FOUND")
    method = str(scope["method"])
    if method not in takes:
        raise MethodNotAllowed(", ".join(takes))
    return method


def _failed(status: int, title: str, detail: str, code: str) -> Reply:
    return as_json(status, ErrorBody([ErrorObject(title, detail, code, status, meta={})]))
