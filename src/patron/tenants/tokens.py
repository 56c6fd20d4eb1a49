"""Tokens of applications: an access token for an hour, and a refresh token for a day that needs no row."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import msgspec

from patron.kernel.context import Secrets
from patron.kernel.db import Session
from patron.kernel.errors import BadCredentials, Unauthenticated
from patron.kernel.secrets import random_token
from patron.tenants import queries
from patron.tenants.model import Application

APPLICATION_AUDIENCE = "patron:application"
_REFRESH_AUDIENCE = "patron:application-refresh"
ACCESS_LIFE = timedelta(hours=1)
REFRESH_LIFE = timedelta(days=1)
_WRONG = "The client id or the secret is wrong."


class ApplicationTicket(msgspec.Struct, frozen=True):
    """What an application gets for its secret."""

    access_token: str
    access_expires_at: datetime
    refresh_token: str
    refresh_expires_at: datetime


def application_subject(tenant_id: int, application_id: int) -> str:
    """The name under which an application's tokens are revoked."""
    return f"application {tenant_id} {application_id}"


async def sign_in(db: Session, secrets: Secrets, client_id: str, secret: str, now: datetime) -> ApplicationTicket:
    """A ticket for an application that knows its secret. Raises BadCredentials."""
    found = await queries.application_by_secret(db, client_id, secret)
    if found is None:
        raise BadCredentials(_WRONG)
    return await _issue(db, secrets, found, now)


async def refresh(
    db: Session,
    secrets: Secrets,
    refresh_token: str,
    now: datetime,
    *,
    client_id: str | None = None,
    secret: str | None = None,
) -> ApplicationTicket:
    """A new ticket for a refresh token, while the application is in use.

    Older clients send the token alone; one that says who it is must be the one that the token was made for (RFC 6749
    section 6). Raises Unauthenticated, BadCredentials.
    """
    claims = await secrets.keyring.verify(db, refresh_token, (_REFRESH_AUDIENCE,), now)
    found = await queries.application(db, claims["tid"], claims["app"])
    if found is None or await queries.is_ended(db, claims["tid"], claims["jti"]):
        raise Unauthenticated("invalid_token: the application or its ticket was ended.")
    if client_id and client_id != found.client_id:
        raise BadCredentials(_WRONG)
    if secret and await queries.application_by_secret(db, found.client_id, secret) is None:
        raise BadCredentials(_WRONG)
    return await _issue(db, secrets, found, now)


async def revoke(db: Session, secrets: Secrets, refresh_token: str, now: datetime) -> None:
    """Make a refresh token worthless. What is no valid token already is."""
    with suppress(Unauthenticated):
        claims = await secrets.keyring.verify(db, refresh_token, (_REFRESH_AUDIENCE,), now)
        await db.execute(
            "insert into ended_token (tenant_id, id, expires_at) values ($1, $2, $3) on conflict do nothing",
            claims["tid"],
            claims["jti"],
            datetime.fromtimestamp(claims["exp"], UTC),
        )


async def _issue(db: Session, secrets: Secrets, application: Application, now: datetime) -> ApplicationTicket:
    async def sign(audience: str, life: timedelta) -> str:
        claims = {
            "aud": audience,
            "sub": application.client_id,
            "tid": application.tenant_id,
            "app": application.id,
            "jti": random_token(),
            "iat": int(now.timestamp()),
            "exp": int((now + life).timestamp()),
        }
        return await secrets.keyring.sign(db, claims, now)

    return ApplicationTicket(
        await sign(APPLICATION_AUDIENCE, ACCESS_LIFE),
        now + ACCESS_LIFE,
        await sign(_REFRESH_AUDIENCE, REFRESH_LIFE),
        now + REFRESH_LIFE,
    )
