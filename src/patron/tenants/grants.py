"""Grants: what a program of the second dialect got an access token for (Commerce Layer behaviour 2).

A grant's row holds all that its token says, so that the same token can be made again, and checked. The token names its
grant by a random number. A refresh token is random text, stored as a digest, and good for one use.
"""

import secrets as random
from datetime import datetime, timedelta
from typing import Any

import msgspec

from patron.kernel.db import Session
from patron.kernel.secrets import digest, random_token

REFRESH_LIFE = timedelta(days=14)
# A program that asks again gets the token that runs, unless that ends so soon.
RENEWED_BEFORE = timedelta(minutes=15)
_NONCES = 2**53


class Grant(msgspec.Struct, frozen=True):
    """A row of access_grant, in the order of `COLUMNS`.

    `account_id` is the customer's who signed in, `staff_id` that of a user of the organization, `code_id` that of the
    authorization code that it began with.
    """

    tenant_id: int
    id: int
    application_id: int
    account_id: int | None
    staff_id: int | None
    code_id: int | None
    scope: str
    market_ids: list[int] | None
    is_confidential: bool
    custom_claim: dict[str, Any] | None
    nonce: int
    issued_at: datetime
    expires_at: datetime
    refresh_expires_at: datetime | None
    ended_at: datetime | None

    @property
    def fraction(self) -> float:
        """The nonce as tokens carry it: exact, as all fractions of 53 bits are."""
        return self.nonce / _NONCES

    @property
    def subject(self) -> str:
        """The name under which its token is revoked."""
        return f"grant {self.tenant_id} {self.id}"


def code_subject(tenant_id: int, code_id: int) -> str:
    """The name under which the tokens that an authorization code led to are revoked."""
    return f"code {tenant_id} {code_id}"


COLUMNS = ", ".join(f"g.{name}" for name in Grant.__struct_fields__)


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What a program asked for, and may have. `market_ids` of None are all."""

    tenant_id: int
    application_id: int
    scope: str
    market_ids: list[int] | None
    is_confidential: bool
    life: timedelta
    account_id: int | None = None
    staff_id: int | None = None
    code_id: int | None = None
    custom_claim: dict[str, Any] | None = None


async def running(db: Session, asked: Asked, now: datetime) -> Grant | None:
    """The program's own grant of this scope, with these markets, that runs for a while yet."""
    row = await db.row(
        f"""
        select {COLUMNS} from access_grant g
        where g.tenant_id = $1 and g.application_id = $2 and g.account_id is null and g.staff_id is null
          and g.scope = $3
          and g.is_confidential = $4 and g.market_ids is not distinct from $7
          and g.custom_claim is null and g.refresh_digest is null and g.ended_at is null
          and g.expires_at > $5 and g.issued_at <= $6
        order by g.expires_at desc, g.id desc limit 1
        """,
        asked.tenant_id,
        asked.application_id,
        asked.scope,
        asked.is_confidential,
        now + RENEWED_BEFORE,
        now,
        asked.market_ids,
    )
    return Grant(*row) if row else None


async def issue(db: Session, asked: Asked, now: datetime, *, refreshable: bool) -> tuple[Grant, str | None]:
    """A new grant, and the refresh token that belongs to it."""
    refresh = random_token(32) if refreshable else None
    at = now.replace(microsecond=0)  # a token tells whole seconds
    row = await db.row(
        f"""
        insert into access_grant as g (tenant_id, application_id, account_id, scope, market_ids, is_confidential,
            custom_claim, nonce, issued_at, expires_at, refresh_digest, refresh_expires_at, staff_id, code_id)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) returning {COLUMNS}
        """,
        asked.tenant_id,
        asked.application_id,
        asked.account_id,
        asked.scope,
        asked.market_ids,
        asked.is_confidential,
        asked.custom_claim,
        random.randbelow(_NONCES),
        at,
        at + asked.life,
        digest(refresh) if refresh else None,
        at + REFRESH_LIFE if refresh else None,
        asked.staff_id,
        asked.code_id,
    )
    assert row is not None
    return Grant(*row), refresh


async def of_token(db: Session, tenant_id: int, application_id: int, fraction: float) -> Grant | None:
    """The grant that an access token names."""
    row = await db.row(
        f"""
        select {COLUMNS} from access_grant g where g.tenant_id = $1 and g.application_id = $2 and g.nonce = $3
        """,
        tenant_id,
        application_id,
        int(fraction * _NONCES),
    )
    return Grant(*row) if row else None


async def take_refresh(
    db: Session, tenant_id: int, application_id: int, refresh_token: str, now: datetime
) -> Grant | None:
    """The grant of a refresh token, which is worth nothing after this."""
    row = await db.row(
        f"""
        update access_grant g set refresh_digest = null
        where g.tenant_id = $1 and g.refresh_digest = $2 and g.application_id = $3 and g.refresh_expires_at > $4
          and g.ended_at is null
        returning {COLUMNS}
        """,
        tenant_id,
        digest(refresh_token),
        application_id,
        now,
    )
    return Grant(*row) if row else None


async def of_refresh(db: Session, tenant_id: int, application_id: int, refresh_token: str) -> Grant | None:
    """The grant that a refresh token came with, kept from changing until the transaction ends."""
    row = await db.row(
        f"""
        select {COLUMNS} from access_grant g
        where g.tenant_id = $1 and g.refresh_digest = $2 and g.application_id = $3 for update
        """,
        tenant_id,
        digest(refresh_token),
        application_id,
    )
    return Grant(*row) if row else None


async def end(db: Session, grant: Grant, now: datetime) -> bool:
    """End a grant: its tokens are worth nothing. The caller announces its subject. Answers whether it still ran."""
    ended = await db.execute(
        """
        update access_grant set ended_at = $3, refresh_digest = null
        where tenant_id = $1 and id = $2 and ended_at is null
        """,
        grant.tenant_id,
        grant.id,
        now,
    )
    return ended > 0


async def end_all_of_user(db: Session, tenant_id: int, staff_id: int, now: datetime) -> None:
    """End every grant of a user of the organization. The caller announces the user."""
    await db.execute(
        """
        update access_grant set ended_at = $3, refresh_digest = null
        where tenant_id = $1 and staff_id = $2 and ended_at is null
        """,
        tenant_id,
        staff_id,
        now,
    )


async def end_all_of_code(db: Session, tenant_id: int, code_id: int, now: datetime) -> bool:
    """End the grant that a code led to, and those that came of it. The caller announces the code."""
    ended = await db.execute(
        """
        update access_grant set ended_at = $3, refresh_digest = null
        where tenant_id = $1 and code_id = $2 and ended_at is null
        """,
        tenant_id,
        code_id,
        now,
    )
    return ended > 0
