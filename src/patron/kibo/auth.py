"""Who is calling: the application's token, the shopper's, the tenant and the site (Kibo behaviour 2).

The application's token stands in `Authorization: Bearer`, or raw in `x-vol-app-claims`. A shopper's stands raw in
`x-vol-user-claims`; it names its application, so it is also good alone as the bearer.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache

import msgspec

from patron.kernel.caller import SYSTEM, Actor, Site
from patron.kernel.context import Ctx, Secrets
from patron.kernel.db import Database, Session
from patron.kernel.errors import Forbidden, Invalid, NotFound, Unauthenticated
from patron.kernel.remembered import Remembered
from patron.kernel.tokens import Claims
from patron.kernel.values import parse_id
from patron.logins import queries as logins
from patron.logins.shopper import (
    SHOPPER_AUDIENCE,
    WAITING_AUDIENCE,
    Shopper,
    Waiting,
    read_shopper,
    read_waiting,
)
from patron.logins.tickets import IMPERSONATE_BEHAVIOR
from patron.tenants import queries as tenants
from patron.tenants.model import Application
from patron.tenants.tokens import APPLICATION_AUDIENCE, application_subject
from patron.web.operations import Operation

_HOST = re.compile(r"t(?P<tenant>\d{1,18})(?:-s(?P<site>\d{1,18}))?\.")
_HOST_LENGTH_MAX = 64  # what counts of a host name: its longest first label that names something


class Caller(msgspec.Struct, frozen=True):
    """A verified token: an application's, or a shopper's with its application."""

    application: Application
    shopper: Shopper | None = None
    waiting: Waiting | None = None


class Authenticator:
    """Turns the headers of a request into a `Ctx`."""

    def __init__(self, database: Database, secrets: Secrets, cache: Remembered[Caller]) -> None:
        self._database = database
        self._secrets = secrets
        self._cache = cache

    async def context(self, headers: Mapping[str, str], operation: Operation, now: datetime, request_id: str) -> Ctx:
        """The context of a request. Raises Unauthenticated, Forbidden, NotFound or Invalid, in this order."""
        db = self._database.session()
        if not operation.authenticated:
            return Ctx(0, SYSTEM, frozenset(), now, request_id, db, self._secrets)
        caller = await self._caller(headers, operation, db, now)
        application, shopper = caller.application, caller.shopper
        if operation.scope is not None and operation.scope not in application.behaviors:
            raise Forbidden(f"This application lacks the behavior {operation.scope}.")
        site = _site(headers, application, shopper)
        if caller.waiting is not None:
            actor = Actor("shopper", application.client_id, caller.waiting.user_id, None, application.id, None,
                          caller.waiting.id)  # fmt: skip
        elif shopper is None:
            actor = Actor("application", application.client_id, application_id=application.id)
        else:
            actor = Actor(
                "shopper", application.client_id, shopper.user_id, shopper.account_id, application.id,
                shopper.impersonator,
            )  # fmt: skip
        return Ctx(application.tenant_id, actor, application.behaviors, now, request_id, db, self._secrets, site)

    async def _caller(self, headers: Mapping[str, str], operation: Operation, db: Session, now: datetime) -> Caller:
        token = _bearer(headers)
        user_token = headers.get("x-vol-user-claims", "").strip()
        caller = await self._verified(token, db, now)
        if not user_token or user_token == token:
            return caller
        if operation.shopper == "waiting" and (waiting := await self._waiting(user_token, db, now)) is not None:
            if (waiting.tenant_id, waiting.application_id) != (caller.application.tenant_id, caller.application.id):
                raise Unauthenticated("invalid_token: x-vol-user-claims holds a token of another application.")
            return Caller(caller.application, waiting=waiting)
        shopper = (await self._verified(user_token, db, now)).shopper
        if shopper is None or shopper.tenant_id != caller.application.tenant_id:
            raise Unauthenticated("invalid_token: x-vol-user-claims holds no shopper's token of this tenant.")
        return Caller(caller.application, shopper)

    async def _verified(self, token: str, db: Session, now: datetime) -> Caller:
        known = self._cache.get(token)
        if known is not None:
            return known
        check = self._cache.check()
        claims, shopper = await self._claims(token, db, now)
        application = await tenants.application(db, claims["tid"], claims["app"])
        if application is None:
            raise Unauthenticated("invalid_token: the application is disabled.")
        subjects = [
            application_subject(application.tenant_id, application.id),
            tenants.sites_subject(application.tenant_id),
        ]
        if shopper is not None:
            subjects += shopper.subjects
            if not await logins.is_alive(db, shopper):
                raise Unauthenticated("invalid_token: the ticket was ended.")
            if shopper.impersonator is not None and IMPERSONATE_BEHAVIOR not in application.behaviors:
                raise Unauthenticated("invalid_token: the application may not act for shoppers any more.")
        caller = Caller(application, shopper)
        self._cache.put(token, caller, check, seconds=claims["exp"] - now.timestamp(), subjects=tuple(subjects))
        return caller

    async def _waiting(self, token: str, db: Session, now: datetime) -> Waiting | None:
        """Who waits for a second factor, if that is what the token says."""
        audiences = (WAITING_AUDIENCE, SHOPPER_AUDIENCE, APPLICATION_AUDIENCE)
        claims = await self._secrets.keyring.verify(db, token, audiences, now)
        return read_waiting(claims) if claims["aud"] == WAITING_AUDIENCE else None

    async def _claims(self, token: str, db: Session, now: datetime) -> tuple[Claims, Shopper | None]:
        claims = await self._secrets.keyring.verify(db, token, (APPLICATION_AUDIENCE, SHOPPER_AUDIENCE), now)
        if claims["aud"] == APPLICATION_AUDIENCE:
            return claims, None
        return claims, read_shopper(claims)


def _bearer(headers: Mapping[str, str]) -> str:
    given = headers.get("authorization", "").strip()
    if given:
        scheme, _, token = given.partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise Unauthenticated("invalid_token: Authorization holds no bearer token.")
        return token.strip()
    token = headers.get("x-vol-app-claims", "").strip()
    if not token:
        raise Unauthenticated("A token is needed: Authorization: Bearer, or x-vol-app-claims.")
    return token


def _site(headers: Mapping[str, str], application: Application, shopper: Shopper | None) -> Site | None:
    """The site of the request; the tenant is always the token's own (Kibo behaviour 2.4)."""
    host = headers.get("host", "")[:_HOST_LENGTH_MAX]
    tenant_id, site_id = _asked(host, headers.get("x-vol-tenant", "").strip(), headers.get("x-vol-site", "").strip())
    if tenant_id is not None and tenant_id != application.tenant_id:
        raise NotFound("tenant", tenant_id)
    if site_id is None and shopper is not None:
        site_id = shopper.site_id
    site = application.site(site_id)
    if site is None and site_id is not None:
        raise NotFound("site", site_id)
    return site


@lru_cache(maxsize=2_000)  # a client says the same each time
def _asked(host: str, tenant: str, site: str) -> tuple[int | None, int | None]:
    """The tenant and the site that a request names. Raises Invalid."""
    found = _HOST.match(host.lower())
    return (
        _named("x-vol-tenant", tenant, found["tenant"] if found else None),
        _named("x-vol-site", site, found["site"] if found else None),
    )


def _named(header: str, text: str, in_host: str | None) -> int | None:
    given = parse_id(text) if text else None
    if text and given is None:
        raise Invalid.field(header, "is not an id")
    if in_host is None:
        return given
    if given is not None and given != int(in_host):
        raise Invalid.field(header, "does not agree with the host name")
    return int(in_host)
