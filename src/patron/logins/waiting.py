"""Sign-ins whose password was right and that wait for a second factor (Kibo behaviour 8.4).

A code is mailed, or the shopper's authenticator app is asked: then nothing is mailed. Whoever waits gets an access
token that is good for having another code mailed, and for nothing else. Finishing takes the user id and the code.
"""

from datetime import datetime
from math import ceil

import msgspec

from patron.accounts import actions as accounts
from patron.accounts import queries as account_queries
from patron.kernel import events
from patron.kernel.context import Ctx
from patron.kernel.errors import Forbidden, Refused, TooMany, Unauthenticated
from patron.logins import codes, factors, mails, queries, strikes
from patron.logins.model import (
    CODE_TRIES,
    LOGIN_CODES_MAX,
    RESEND_PAUSE,
    RESENDS_MAX,
    WAITING_LIFE,
    Login,
    failure_key,
)
from patron.logins.shopper import WAITING_AUDIENCE
from patron.logins.tickets import Lifetimes
from patron.mails import kinds

_TOO_MANY = "Too many codes were mailed or typed wrong; try again later, or set a new password."


class Waiting(msgspec.Struct, frozen=True):
    """A row of waiting_sign_in, in the order of `_COLUMNS`. `sent_count` are the codes that were mailed again."""

    id: int
    account_id: int
    application_id: int
    site_id: int
    login_version: int
    by_app: bool
    fingerprint: bytes | None
    region: str | None
    access_seconds: int
    refresh_seconds: int
    anonymous_user_id: str | None
    failed_count: int
    sent_count: int
    created_at: datetime
    expires_at: datetime
    ended_at: datetime | None

    @property
    def key(self) -> bytes:
        """What its mailed codes are for."""
        return failure_key("waiting", self.id)

    @property
    def life(self) -> Lifetimes:
        """How long the tickets shall live that the sign-in asked for."""
        return Lifetimes(self.access_seconds, self.refresh_seconds)


class WaitingTicket(msgspec.Struct, frozen=True):
    """What somebody who waits gets: no refresh token, and an access token for `resend` only."""

    user_id: str
    access_token: str
    access_expires_at: datetime


_COLUMNS = ", ".join(Waiting.__struct_fields__)


async def begin(
    ctx: Ctx,
    login: Login,
    *,
    fingerprint: bytes | None,
    region: str | None,
    life: Lifetimes,
    anonymous_user_id: str | None,
) -> WaitingTicket:
    """Ask for the second factor of a login whose account the caller has locked: mail a code, or wait for the app's.

    Raises TooMany, or Forbidden for a login without app and address.
    """
    if not login.has_second_factor and not login.email:
        raise Forbidden("This login needs a second factor, and has no e-mail address to send a code to.")
    await _check_limits(ctx, login)
    waiting = Waiting(
        id=0,
        account_id=login.account_id,
        application_id=ctx.application_id,
        site_id=ctx.at_site.id,
        login_version=login.version,
        by_app=login.has_second_factor,
        fingerprint=fingerprint,
        region=region,
        access_seconds=life.access_seconds,
        refresh_seconds=life.refresh_seconds,
        anonymous_user_id=anonymous_user_id,
        failed_count=0,
        sent_count=0,
        created_at=ctx.now,
        expires_at=ctx.now + WAITING_LIFE,
        ended_at=None,
    )
    waiting = msgspec.structs.replace(waiting, id=await _insert(ctx, waiting))
    await events.record(ctx, "login.second_factor_asked", account_id=login.account_id)
    if not waiting.by_app:
        await codes.send(ctx, login, waiting.key, kinds.SECOND_FACTOR_CODE)
    return WaitingTicket(login.user_id, await _token(ctx, login, waiting), waiting.expires_at)


async def _insert(ctx: Ctx, waiting: Waiting) -> int:
    columns = Waiting.__struct_fields__[1:]
    places = ", ".join(f"${n}" for n in range(2, len(columns) + 2))
    return int(
        await ctx.db.value(
            f"insert into waiting_sign_in (tenant_id, {', '.join(columns)}) values ($1, {places}) returning id",
            ctx.tenant_id,
            *(getattr(waiting, name) for name in columns),
        )
    )


async def _check_limits(ctx: Ctx, login: Login) -> None:
    """Only who knows the password gets here, so this may be told."""
    if await strikes.is_out(ctx, strikes.factor_key(login.account_id)):
        raise TooMany(_TOO_MANY, retry_after=3_600)
    if not login.has_second_factor and (await codes.sent(ctx, login.account_id)).count >= LOGIN_CODES_MAX:
        raise TooMany(_TOO_MANY, retry_after=3_600)


async def _token(ctx: Ctx, login: Login, waiting: Waiting) -> str:
    claims = {
        "aud": WAITING_AUDIENCE,
        "sub": login.user_id,
        "tid": ctx.tenant_id,
        "site": waiting.site_id,
        "app": waiting.application_id,
        "wait": waiting.id,
        "iat": int(ctx.now.timestamp()),
        "exp": int(waiting.expires_at.timestamp()),
    }
    return await ctx.secrets.keyring.sign(ctx.db, claims, ctx.now)


async def resend(ctx: Ctx) -> None:
    """Mail another code to whoever waits (the actor): every 30 seconds, five times. The older one ends.

    Raises Unauthenticated for who does not wait (any more), Refused when the authenticator app is asked, TooMany.
    """
    waiting, login = await _alive(ctx, ctx.actor.user_id, ctx.actor.waiting_id or 0)
    if waiting is None or login is None:
        raise Unauthenticated("invalid_token: this takes the access token of a sign-in that waits for its code.")
    if waiting.by_app:
        raise Refused("second_factor_app", "This login has an authenticator app, whose code is asked for.")
    last = (await codes.sent(ctx, login.account_id, waiting.key)).last_at or waiting.created_at
    pause = (last + RESEND_PAUSE - ctx.now).total_seconds()
    if pause > 0:
        raise TooMany("A code was mailed a moment ago.", retry_after=ceil(pause))
    if waiting.sent_count >= RESENDS_MAX:
        raise TooMany("No more codes are mailed for this sign-in; sign in again.", retry_after=60)
    await _check_limits(ctx, login)
    await ctx.db.execute(
        "update waiting_sign_in set sent_count = sent_count + 1 where tenant_id = $1 and id = $2",
        ctx.tenant_id,
        waiting.id,
    )
    await codes.send(ctx, login, waiting.key, kinds.SECOND_FACTOR_CODE)


async def _alive(ctx: Ctx, user_id: str | None, waiting_id: int | None) -> tuple[Waiting | None, Login | None]:
    """The newest sign-in of a user that waits here, or the named one, with its login; the account is locked then.

    None when there is none, or when password, lock or account changed since the password was right.
    """
    account = await account_queries.by_user_id(ctx, user_id) if user_id else None
    if account is None or not account.has_login:
        return None, None
    login = await queries.get(ctx, account.id, locks=True)
    row = await ctx.db.row(
        f"""
        select {_COLUMNS} from waiting_sign_in
        where tenant_id = $1 and account_id = $2 and application_id = $3 and site_id = $4 and ended_at is null
          and expires_at > $5 and login_version = $6 and ($7::bigint is null or id = $7)
        order by id desc limit 1
        """,
        ctx.tenant_id,
        account.id,
        ctx.application_id,
        ctx.at_site.id,
        ctx.now,
        login.version,
        waiting_id,
    )
    return (Waiting(*row) if row and login.is_active and not login.is_locked else None), login


class Finished(msgspec.Struct, frozen=True):
    """A sign-in whose second factor was right."""

    login: Login
    waiting: Waiting


async def finish(ctx: Ctx, user_id: str, code: str) -> Finished | None:
    """Take the code of a sign-in that waits; None when it is wrong, or nothing waits.

    A return value, because a wrong code is counted, and that must stay. A mailed code ends with the third wrong one and
    can be sent again; with an app the sign-in ends. Raises TooMany.
    """
    waiting, login = await _alive(ctx, user_id, ctx.actor.waiting_id)
    if waiting is None or login is None:
        return None
    key = strikes.factor_key(login.account_id)
    if await strikes.is_out(ctx, key):
        raise TooMany(_TOO_MANY, retry_after=3_600)
    is_right: bool | None
    if waiting.by_app:
        is_right = await factors.accept(ctx, login, code)
    else:
        is_right = await codes.matches(ctx, login.account_id, waiting.key, code)
    if is_right is False:
        await strikes.count(ctx, key)
        await _note_wrong(ctx, login, waiting)
    if not is_right:
        return None
    await strikes.clear(ctx, key)
    await _end(ctx, waiting)
    await accounts.mark(ctx, login.account_id, second_factor_at=ctx.now)
    return Finished(login, waiting)


async def _note_wrong(ctx: Ctx, login: Login, waiting: Waiting) -> None:
    await events.record(ctx, "login.code_failed", account_id=login.account_id)
    failed = waiting.failed_count + 1
    await ctx.db.execute(
        "update waiting_sign_in set failed_count = $3 where tenant_id = $1 and id = $2",
        ctx.tenant_id,
        waiting.id,
        failed,
    )
    if failed % CODE_TRIES == 0:
        await mails.second_factor_failed(ctx, login)
        if waiting.by_app:
            await _end(ctx, waiting)


async def _end(ctx: Ctx, waiting: Waiting) -> None:
    await ctx.db.execute(
        "update waiting_sign_in set ended_at = $3 where tenant_id = $1 and id = $2", ctx.tenant_id, waiting.id, ctx.now
    )
