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


class Stored(msgspec.Struct, frozen=True):
    """The first answer to a request."""

    status: int
    headers: dict[str, str]
    body: bytes


async def claim(ctx: Ctx, caller: str, key: str, fingerprint: bytes) -> Stored | None:
    """Take the key for this request, or give the answer that it had before.

    Raises KeyReused when the key came with another request, Locked when its first request still runs.
    """
    for _ in range(2):
        taken = await ctx.db.value(
            """
            insert into idempotency_key (tenant_id, caller, key, fingerprint, created_at, expires_at)
            values ($1, $2, $3, $4, $5, $5) on conflict (tenant_id, caller, key) do nothing returning true
            """,
            ctx.tenant_id,
            caller,
            key,
            fingerprint,
            ctx.now,
        )
        if taken:
            return None
        row = await ctx.db.row(
            """
            select fingerprint, status, headers, sealed_body, expires_at from idempotency_key
            where tenant_id = $1 and caller = $2 and key = $3 for update
            """,
            ctx.tenant_id,
            caller,
            key,
        )
        if row is None:
            continue
        if row["expires_at"] > ctx.now:
            if not same(row["fingerprint"], fingerprint):
                raise KeyReused("This Idempotency-Key was used for another request.")
            body = ctx.secrets.vault.open(row["sealed_body"], f"answer {caller} {key}")
            return Stored(row["status"], row["headers"], body)
        await ctx.db.execute(
            "delete from idempotency_key where tenant_id = $1 and caller = $2 and key = $3",
            ctx.tenant_id,
            caller,
            key,
        )
    raise KeyReused("This Idempotency-Key is in use by another request.")


async def keep(ctx: Ctx, caller: str, key: str, answer: Stored, *, with_token: bool) -> None:
    """Store the answer beside the key, encrypted; one that carries a token for ten minutes only."""
    await ctx.db.execute(
        """
        update idempotency_key set status = $4, headers = $5, sealed_body = $6, expires_at = $7
        where tenant_id = $1 and caller = $2 and key = $3
        """,
        ctx.tenant_id,
        caller,
        key,
        answer.status,
        answer.headers,
        ctx.secrets.vault.seal(answer.body, f"answer {caller} {key}"),
        ctx.now + (KEPT_WITH_TOKEN if with_token else KEPT),
    )
