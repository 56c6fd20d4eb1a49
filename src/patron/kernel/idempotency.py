"""Retries are safe: a change that came with an Idempotency-Key is made once, and its answer is given again.

The key's row is part of the change's own transaction. A twin that arrives meanwhile waits for that transaction (as
long as `lock_timeout` lets it, 5 s) and then finds the answer; after that time it is told to try again. A change
that failed leaves no row, so it may be retried.
"""

from datetime import timedelta

import msgspec

from patron.kernel.context import Ctx
from patron.kernel.errors import KeyReused
from patron.kernel.secrets import same

KEPT = timedelta(hours=24)
KEPT_WITH_TOKEN = timedelta(minutes=10)


class Retryable(msgspec.Struct, frozen=True):
    """A request with an Idempotency-Key: whose key it is, and a digest of what was asked."""

    caller: str
    key: str
    fingerprint: bytes

    @property
    def purpose(self) -> str:
        """What its stored answer is sealed for."""
        return f"answer {self.caller} {self.key}"


class Stored(msgspec.Struct, frozen=True):
    """The first answer to a request."""

    status: int
    headers: dict[str, str]
    body: bytes


async def find(ctx: Ctx, request: Retryable) -> Stored | None:
    """The answer that the request had before, if it was answered.

    Raises KeyReused when the key came with another request.
    """
    row = await ctx.db.row(
        """
        select fingerprint, status, headers, sealed_body from idempotency_key
        where tenant_id = $1 and caller = $2 and key = $3 and expires_at > $4
        """,
        ctx.tenant_id,
        request.caller,
        request.key,
        ctx.now,
    )
    if row is None:
        return None
    if not same(row["fingerprint"], request.fingerprint):
        raise KeyReused("This Idempotency-Key was used for another request.")
    return Stored(row["status"], row["headers"], ctx.secrets.vault.open(row["sealed_body"], request.purpose))


async def claim(ctx: Ctx, request: Retryable) -> Stored | None:
    """Take the key for this request, inside its transaction, or give the answer that it had before.

    Raises KeyReused when the key came with another request, Locked when its first request still runs.
    """
    taken = await ctx.db.execute(
        """
        insert into idempotency_key as k (tenant_id, caller, key, fingerprint, created_at, expires_at)
        values ($1, $2, $3, $4, $5, $5) on conflict (tenant_id, caller, key) do update
        set fingerprint = $4, status = null, headers = null, sealed_body = null, created_at = $5, expires_at = $5
        where k.expires_at <= $5
        """,
        ctx.tenant_id,
        request.caller,
        request.key,
        request.fingerprint,
        ctx.now,
    )
    return None if taken else await find(ctx, request)


async def keep(ctx: Ctx, request: Retryable, answer: Stored, *, with_token: bool) -> None:
    """Store the answer beside the key, encrypted; one that carries a token for ten minutes only."""
    await ctx.db.execute(
        """
        update idempotency_key set status = $4, headers = $5, sealed_body = $6, expires_at = $7
        where tenant_id = $1 and caller = $2 and key = $3
        """,
        ctx.tenant_id,
        request.caller,
        request.key,
        answer.status,
        answer.headers,
        ctx.secrets.vault.seal(answer.body, request.purpose),
        ctx.now + (KEPT_WITH_TOKEN if with_token else KEPT),
    )
