"""Asking that a customer be forgotten, and taking that back (Commerce Layer behaviour 5.1)."""

from datetime import timedelta

from patron.accounts import actions as accounts
from patron.kernel import events
from patron.kernel.context import Ctx
from patron.kernel.errors import Invalid

# Time to think better of it: nothing brings the data back.
PAUSE = timedelta(hours=24)


async def request(ctx: Ctx, account_id: int) -> None:
    """Ask for it; once is enough. Raises NotFound, Invalid when it has begun already."""
    await accounts.touch(ctx, account_id)
    status = await _status(ctx, account_id)
    if status == "requested":
        return
    if status in ("started", "completed"):
        raise Invalid.field("anonymization_status", f"is {status} already", "invalid")
    await ctx.db.execute(
        """
        insert into anonymization (tenant_id, account_id, status, requested_at, requested_by, due_at,
            requested_by_staff)
        values ($1, $2, 'requested', $3, $4, $5, $6) on conflict (tenant_id, account_id) do update
        set status = 'requested', requested_at = $3, requested_by = $4, due_at = $5, requested_by_staff = $6,
            failed_at = null, cancelled_at = null, cancelled_by = null, cancelled_by_staff = null
        """,
        ctx.tenant_id,
        account_id,
        ctx.now,
        ctx.actor.name,
        ctx.now + PAUSE,
        ctx.actor.staff_id,
    )
    await events.record(ctx, "anonymization.requested", account_id=account_id)


async def cancel(ctx: Ctx, account_id: int) -> None:
    """Take it back, which is possible until it begins; once is enough. Raises NotFound, Invalid."""
    await accounts.touch(ctx, account_id)
    status = await _status(ctx, account_id)
    if status == "cancelled":
        return
    if status != "requested":
        raise Invalid.field("anonymization_status", "is not requested", "invalid")
    await ctx.db.execute(
        """
        update anonymization set status = 'cancelled', cancelled_at = $3, cancelled_by = $4, cancelled_by_staff = $5
        where tenant_id = $1 and account_id = $2
        """,
        ctx.tenant_id,
        account_id,
        ctx.now,
        ctx.actor.name,
        ctx.actor.staff_id,
    )
    await events.record(ctx, "anonymization.cancelled", account_id=account_id)


async def _status(ctx: Ctx, account_id: int) -> str | None:
    found = await ctx.db.value(
        "select status from anonymization where tenant_id = $1 and account_id = $2 for update",
        ctx.tenant_id,
        account_id,
    )
    return None if found is None else str(found)
