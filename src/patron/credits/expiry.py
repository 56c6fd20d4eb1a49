"""What ends by itself: credits that expire and holds that nobody captured. The worker does it, in small bites.

Nothing waits for it: a credit that has expired cannot be spent, and a hold that has ended cannot be captured, from that
very moment on.
"""

from datetime import datetime

from patron.credits import ledger
from patron.credits.holds import change
from patron.credits.model import Payment, Share
from patron.credits.payment_queries import COLUMNS as PAYMENT
from patron.credits.payments import record
from patron.kernel import events
from patron.kernel.context import Ctx
from patron.kernel.db import Session
from patron.kernel.values import from_minor

AT_ONCE = 200


async def tenants_due(db: Session, now: datetime) -> list[int]:
    """The tenants that have something to end. Two looks at an index for each tenant."""
    rows = await db.fetch(
        """
        select t.id from tenant t
        where exists (select from credit c where c.tenant_id = t.id and c.expires_at <= $1 and c.lapsed_at is null
                      and c.deleted_at is null)
           or exists (select from credit_payment p where p.tenant_id = t.id and p.expires_at <= $1 and p.held_minor > 0)
        order by t.id
        """,
        now,
    )
    return [row["id"] for row in rows]


async def expire_credits(ctx: Ctx) -> int:
    """Close up to 200 credits that have expired. Answers how many; what is on hold stays until its hold ends."""
    async with ctx.db.transaction():
        rows = await ctx.db.fetch(
            """
            select c.id, c.account_id, c.available_minor from credit c
            where c.tenant_id = $1 and c.expires_at <= $2 and c.lapsed_at is null and c.deleted_at is null
            order by c.id limit $3 for update skip locked
            """,
            ctx.tenant_id,
            ctx.now,
            AT_ONCE,
        )
        if not rows:
            return 0
        await _lock_balances(ctx, [row["account_id"] for row in rows])
        full = [Share(row["id"], row["available_minor"]) for row in rows if row["available_minor"]]
        await ctx.db.execute(
            "update credit set lapsed_at = $3 where tenant_id = $1 and id = any($2)",
            ctx.tenant_id,
            [row["id"] for row in rows if not row["available_minor"]],
            ctx.now,
        )
        for posted in await ledger.post(ctx, "expiry", full) if full else ():
            credit = posted.credit
            before = from_minor(credit.balance_minor + posted.amount_minor, credit.currency)
            await events.record(
                ctx,
                "credit.expired",
                account_id=credit.account_id,
                subject=f"credit/{credit.id}",
                changes={f"credit/{credit.id}/balance": (before, credit.balance)},
            )
        return len(rows)


async def _lock_balances(ctx: Ctx, account_ids: list[int | None]) -> None:
    """Lock the balances of several accounts, in the order in which everybody does."""
    await ctx.db.fetch(
        """
        select account_id from credit_balance where tenant_id = $1 and account_id = any($2)
        order by account_id, currency for update
        """,
        ctx.tenant_id,
        [one for one in account_ids if one is not None],
    )


async def end_holds(ctx: Ctx) -> int:
    """Let go of one hold that has ended. Answers how many there were: 0 or 1."""
    async with ctx.db.transaction():
        row = await ctx.db.row(
            f"""
            select {PAYMENT} from credit_payment p where p.tenant_id = $1 and p.expires_at <= $2 and p.held_minor > 0
            order by p.expires_at limit 1 for update skip locked
            """,
            ctx.tenant_id,
            ctx.now,
        )
        if row is None:
            return 0
        payment = Payment(*row)
        note = ledger.Note(payment_id=payment.id, order_id=payment.order_id, comments="The hold has ended.")
        after = await change(ctx, "release", payment, payment.held_minor, note)
        await record(ctx, "payment.expired", payment, after)
        return 1
