"""What signing in gives: an access token, and a refresh token that rotates (Kibo behaviour 8).

All tickets that grow out of one sign-in are a *family*. A refresh token names its family and its place in it and
carries a code that only we can make; the family's row holds the digest of the current one. For 30 s after its use a
token gives the very same new pair again (parallel tabs, lost replies): its successor follows from family and place,
and the access token from the stored time, with deterministic signatures. Used later again, it ends the whole family.
"""

import re
from datetime import datetime, timedelta

import msgspec

from patron.kernel import events
from patron.kernel.context import Ctx
from patron.kernel.errors import Forbidden, Invalid
from patron.kernel.secrets import digest, random_token, same
from patron.logins.shopper import SHOPPER_AUDIENCE, account_subject, family_subject
from patron.tenants.model import Policy

GRACE = timedelta(seconds=30)
FAMILY_LIFE = timedelta(days=30)
# What no tenant's settings exceed (Kibo behaviour 8.1). A day is also how long the worker keeps what has ended.
ACCESS_MINUTES_MAX = 1_440
REFRESH_MINUTES_MAX = 43_200
TTL_BEHAVIOR = "customer-auth:configure-token-durations"
IMPERSONATE_BEHAVIOR = "customer-auth:impersonate"

_TOKEN = re.compile(r"(?P<family>[0-9a-f]{32})(?P<sequence>[0-9a-f]{8})(?P<code>[0-9a-f]{32})")


class Ticket(msgspec.Struct, frozen=True):
    """A pair of tokens. `account_id` is None for an anonymous shopper."""

    user_id: str
    account_id: int | None
    access_token: str
    access_expires_at: datetime
    refresh_token: str
    refresh_expires_at: datetime


class Lifetimes(msgspec.Struct, frozen=True):
    """How long a family's tokens live, in seconds."""

    access_seconds: int
    refresh_seconds: int


class Impersonation(msgspec.Struct, frozen=True):
    """Who acts for a shopper, and on which cart (Kibo behaviour 8.5)."""

    impersonator: str
    cart_id: str


class _Family(msgspec.Struct, frozen=True):
    """A row of ticket_family, in the order of `_COLUMNS`."""

    id: str
    user_id: str
    account_id: int | None
    application_id: int
    site_id: int
    access_seconds: int
    refresh_seconds: int
    sequence: int
    digest: bytes
    previous_anonymous_id: str | None
    issued_at: datetime
    rotated_at: datetime | None
    expires_at: datetime
    ends_at: datetime
    ended_at: datetime | None
    impersonator: str | None = None
    cart_id: str | None = None


_COLUMNS = ", ".join(_Family.__struct_fields__)


def lifetimes(
    ctx: Ctx, policy: Policy, access_minutes: float | None, refresh_minutes: float | None, *, anonymous: bool = False
) -> Lifetimes:
    """The lifetimes that a caller gets. Asking for others takes a behavior and stays under the caps (8.1)."""
    if (access_minutes is not None or refresh_minutes is not None) and TTL_BEHAVIOR not in ctx.scopes:
        raise Forbidden(f"Choosing lifetimes needs the behavior {TTL_BEHAVIOR}.")
    refresh_default = policy.anonymous_refresh_minutes if anonymous else policy.refresh_minutes
    return Lifetimes(
        _seconds(
            "authTicketTtlMinutes", access_minutes, policy.access_minutes,
            min(policy.access_minutes_max, ACCESS_MINUTES_MAX),
        ),
        _seconds(
            "refreshTokenTtlMinutes", refresh_minutes, refresh_default,
            min(policy.refresh_minutes_max, REFRESH_MINUTES_MAX),
        ),
    )  # fmt: skip


def _seconds(field: str, asked: float | None, default: int, most: int) -> int:
    if asked is None:
        return min(default, most) * 60
    if not 1 <= asked <= most:
        raise Invalid.field(field, f"is between 1 and {most}")
    return int(asked * 60)


async def issue(
    ctx: Ctx,
    *,
    application_id: int,
    user_id: str,
    account_id: int | None,
    life: Lifetimes,
    previous_anonymous_id: str | None = None,
    impersonation: Impersonation | None = None,
) -> Ticket:
    """The first ticket of a new family. One of an impersonator ends for good with its first refresh token."""
    ends_at = ctx.now + (timedelta(seconds=life.refresh_seconds) if impersonation else FAMILY_LIFE)
    family = _Family(
        id=random_token(),
        user_id=user_id,
        account_id=account_id,
        application_id=application_id,
        site_id=ctx.at_site.id,
        access_seconds=life.access_seconds,
        refresh_seconds=life.refresh_seconds,
        sequence=0,
        digest=b"",
        previous_anonymous_id=previous_anonymous_id,
        issued_at=ctx.now,
        rotated_at=None,
        expires_at=min(ctx.now + timedelta(seconds=life.refresh_seconds), ends_at),
        ends_at=ends_at,
        ended_at=None,
        impersonator=impersonation.impersonator if impersonation else None,
        cart_id=impersonation.cart_id if impersonation else None,
    )
    family = msgspec.structs.replace(family, digest=digest(_refresh_token(ctx, family)))
    places = ", ".join(f"${n}" for n in range(2, len(_Family.__struct_fields__) + 2))
    await ctx.db.write(
        f"insert into ticket_family (tenant_id, {_COLUMNS}) values ($1, {places})",
        ctx.tenant_id,
        *msgspec.structs.astuple(family),
    )
    return await _ticket(ctx, family)


async def refresh(ctx: Ctx, token: str, *, application_id: int, account_id: int | None = None) -> Ticket | None:
    """The next ticket for a refresh token; None when it is worth nothing (any more).

    A return value, because a token that was used twice ends its family, and that must stay. Raises Forbidden for
    an account that is not the family's.
    """
    match = _TOKEN.fullmatch(token)
    if match is None or not same(match["code"].encode(), _code(ctx, match["family"], match["sequence"]).encode()):
        return None
    row = await ctx.db.row(
        f"select {_COLUMNS} from ticket_family where tenant_id = $1 and id = $2 for update",
        ctx.tenant_id,
        match["family"],
    )
    family = _Family(*row) if row else None
    if family is None or family.ended_at or family.application_id != application_id:
        return None
    if family.impersonator is not None and IMPERSONATE_BEHAVIOR not in ctx.scopes:
        return None
    sequence = int(match["sequence"], 16)
    is_current = sequence == family.sequence and same(family.digest, digest(token))
    is_repeated = sequence == family.sequence - 1 and family.rotated_at and ctx.now <= family.rotated_at + GRACE
    if not (is_current or is_repeated):
        await _end_family(ctx, family)
        return None
    if ctx.now >= family.expires_at:
        return None
    if account_id is not None and account_id != family.account_id:
        raise Forbidden("This shopper does not belong to that account.")
    return await _rotate(ctx, family) if is_current else await _ticket(ctx, family)


async def _rotate(ctx: Ctx, family: _Family) -> Ticket:
    after = msgspec.structs.replace(
        family,
        sequence=family.sequence + 1,
        rotated_at=ctx.now,
        expires_at=min(ctx.now + timedelta(seconds=family.refresh_seconds), family.ends_at),
    )
    after = msgspec.structs.replace(after, digest=digest(_refresh_token(ctx, after)))
    await ctx.db.write(
        """
        update ticket_family set sequence = $3, rotated_at = $4, expires_at = $5, digest = $6
        where tenant_id = $1 and id = $2
        """,
        ctx.tenant_id,
        after.id,
        after.sequence,
        after.rotated_at,
        after.expires_at,
        after.digest,
    )
    return await _ticket(ctx, after)


async def _end_family(ctx: Ctx, family: _Family) -> None:
    await ctx.db.execute(
        "update ticket_family set ended_at = $3 where tenant_id = $1 and id = $2", ctx.tenant_id, family.id, ctx.now
    )
    await ctx.secrets.revocations.announce(ctx.db, family_subject(ctx.tenant_id, family.id))
    await events.record(ctx, "ticket.reused", account_id=family.account_id, subject=f"family/{family.id[:8]}")


async def end_all(ctx: Ctx, account_id: int) -> None:
    """End every family and grant of an account: password changed, login locked, account disabled or deleted."""
    ended = await ctx.db.value(
        """
        with families as (
            update ticket_family set ended_at = $3 where tenant_id = $1 and account_id = $2 and ended_at is null
            returning 1
        ), grants as (
            update access_grant set ended_at = $3, refresh_digest = null
            where tenant_id = $1 and account_id = $2 and ended_at is null returning 1
        )
        select (select count(*) from families) + (select count(*) from grants)
        """,
        ctx.tenant_id,
        account_id,
        ctx.now,
    )
    if ended:
        await ctx.secrets.revocations.announce(ctx.db, account_subject(ctx.tenant_id, account_id))


def _code(ctx: Ctx, family_id: str, sequence: str) -> str:
    return ctx.secrets.vault.mac("refresh token", f"{ctx.tenant_id} {family_id} {sequence}")


def _refresh_token(ctx: Ctx, family: _Family) -> str:
    sequence = f"{family.sequence:08x}"
    return f"{family.id}{sequence}{_code(ctx, family.id, sequence)}"


async def _ticket(ctx: Ctx, family: _Family) -> Ticket:
    """The pair of a family's current place; the same place gives the same pair."""
    issued_at = family.rotated_at or family.issued_at
    expires_at = min(issued_at + timedelta(seconds=family.access_seconds), family.ends_at)
    claims = {
        "aud": SHOPPER_AUDIENCE,
        "sub": family.user_id,
        "tid": ctx.tenant_id,
        "site": family.site_id,
        "app": family.application_id,
        "fam": family.id,
        "acc": family.account_id,
        "anon": family.account_id is None,
        "prev": family.previous_anonymous_id,
        "act": {"sub": family.impersonator} if family.impersonator else None,  # RFC 8693 4.1
        "cart": family.cart_id,
        "jti": ctx.secrets.vault.mac("token id", f"{family.id} {family.sequence}"),
        "iat": int(issued_at.timestamp()),
        "exp": int(expires_at.timestamp()),
    }
    token = await ctx.secrets.keyring.sign(ctx.db, {k: v for k, v in claims.items() if v is not None}, issued_at)
    return Ticket(family.user_id, family.account_id, token, expires_at, _refresh_token(ctx, family), family.expires_at)
