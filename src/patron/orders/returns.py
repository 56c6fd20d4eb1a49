"""Changes of returns. A refund writes an account transaction of type Return, part of the return's own transaction."""

from typing import Any

import msgspec

from patron.attachments import owners as attachments
from patron.kernel import events, written
from patron.kernel.context import Ctx
from patron.kernel.errors import Invalid, NotFound, Refused, check_version
from patron.kernel.values import from_minor
from patron.orders import rows as orders
from patron.orders import steps
from patron.orders.model import Order
from patron.tags import tagging
from patron.transactions import actions as transactions
from patron.transactions.model import Details

# Step → from where, to where, and which time it sets.
STEPS: dict[str, tuple[tuple[str, ...], str, str | None]] = {
    "request": (("draft",), "requested", None),
    "approve": (("requested",), "approved", "approved_at"),
    "cancel": (("draft", "requested", "approved"), "cancelled", "cancelled_at"),
    "ship": (("approved",), "shipped", "shipped_at"),
    "reject": (("requested", "shipped", "received"), "rejected", "rejected_at"),
    "receive": (("approved", "shipped"), "received", "received_at"),
    "refund": (("approved", "shipped", "received"), "refunded", "refunded_at"),
}


class Return(msgspec.Struct, frozen=True):
    """What steps depend on. The fields stand in the order of `_COLUMNS`."""

    id: int
    version: int
    order_id: int
    account_id: int | None
    status: str


_COLUMNS = ", ".join(f"r.{name}" for name in Return.__struct_fields__)


async def lock(ctx: Ctx, return_id: int) -> Return:
    """The return, locked until the transaction ends. Raises NotFound."""
    row = await ctx.db.row(
        f"select {_COLUMNS} from order_return r where r.tenant_id = $1 and r.id = $2 for update",
        ctx.tenant_id,
        return_id,
    )
    if row is None:
        raise NotFound("return", return_id)
    return Return(*row)


async def create(ctx: Ctx, order_id: int, values: dict[str, Any]) -> int:
    """A draft of a return of an order that was placed; a shopper's own only. Raises Invalid."""
    made = written.checked(values, written.REFERENCES, is_new=True)
    order = await _order(ctx, order_id)
    number = await ctx.db.value(
        """
        insert into order_return (tenant_id, order_id, account_id, reference, reference_origin, metadata, created_at,
                                  updated_at)
        values ($1, $2, $3, $4, $5, $6, $7, $7) returning id
        """,
        ctx.tenant_id,
        order_id,
        order.account_id,
        made.get("reference"),
        made.get("reference_origin"),
        made.get("metadata", {}),
        ctx.now,
    )
    await events.record(ctx, "return.created", account_id=order.account_id, subject=f"return/{number}")
    return int(number)


async def _order(ctx: Ctx, order_id: int) -> Order:
    try:
        order = await orders.lock(ctx, order_id)
    except NotFound:
        order = None
    if order is None or (ctx.actor.kind == "shopper" and order.account_id != ctx.actor.account_id):
        raise Invalid.field("order", "must exist", "required")
    if order.status not in ("placed", "approved"):
        raise Invalid.field("order", "must be placed", "invalid")
    return order


async def update(ctx: Ctx, return_id: int, values: dict[str, Any], *, expect: frozenset[int] | None = None) -> None:
    """Change what is given. Raises NotFound, Stale, Invalid."""
    before = await lock(ctx, return_id)
    check_version(before.version, expect)
    made = written.checked(values, written.REFERENCES, is_new=False)
    if made:
        await _write(ctx, before, made)
        await events.record(ctx, "return.updated", account_id=before.account_id, subject=f"return/{return_id}")


async def _write(ctx: Ctx, before: Return, values: dict[str, Any]) -> None:
    places = "".join(f", {name} = ${n}" for n, name in enumerate(values, start=4))
    await ctx.db.execute(
        f"""
        update order_return set version = version + 1, updated_at = $3{places} where tenant_id = $1 and id = $2
        """,
        ctx.tenant_id,
        before.id,
        ctx.now,
        *values.values(),
    )


async def take(ctx: Ctx, return_id: int, step: str, *, refund_minor: int | None = None) -> None:
    """Take a step; asked again it changes nothing. A refund gives back the amount, or all that is left of the order.

    Raises NotFound, Invalid.
    """
    before = await lock(ctx, return_id)
    if step in ("archive", "unarchive"):
        await _write(ctx, before, {"archived_at": ctx.now if step == "archive" else None})
        return
    sources, end, time = STEPS[step]
    if before.status == end:
        return
    if before.status not in sources:
        raise Invalid.field("status", f"cannot transition via {step} from {before.status}", "invalid_transition")
    values: dict[str, Any] = {"status": end, **({time: ctx.now} if time else {})}
    if step == "refund":
        values["refund_minor"] = await _refund(ctx, before, refund_minor)
    await _write(ctx, before, values)
    changes: events.Changes = {"status": (before.status, end)}
    subject = f"return/{return_id}"
    await events.record(ctx, "return.updated", account_id=before.account_id, subject=subject, changes=changes)


async def _refund(ctx: Ctx, one: Return, wanted: int | None) -> int:
    order = await orders.lock(ctx, one.order_id)
    left = await steps.not_given_back(ctx, order)
    amount = left if wanted is None else wanted
    if not 0 <= amount <= left:
        raise Invalid.field("refund_minor", f"must be less than or equal to {left}", "less_than_or_equal_to")
    if order.account_id is not None and amount and order.status != "cancelled":
        await transactions.add(
            ctx,
            order.account_id,
            Details(
                id=f"return-{one.id}",
                kind="Return",
                interaction="Website",
                amount=from_minor(amount, order.currency),
                currency=order.currency,
            ),
        )
    return amount


async def touch(ctx: Ctx, return_id: int) -> None:
    """Lock a return for a change of what hangs on it, and raise its version. Raises NotFound."""
    await _write(ctx, await lock(ctx, return_id), {})


async def delete(ctx: Ctx, return_id: int, *, expect: frozenset[int] | None = None) -> None:
    """Remove one that was not asked for yet. Raises NotFound, Stale, Refused."""
    before = await lock(ctx, return_id)
    check_version(before.version, expect)
    if before.status not in ("draft", "cancelled"):
        raise Refused("return_under_way", "A return that is under way stays.")
    await attachments.forget(ctx, "return", [return_id])
    await tagging.forget(ctx, "return", [return_id])
    await ctx.db.execute("delete from order_return where tenant_id = $1 and id = $2", ctx.tenant_id, return_id)
    await events.record(ctx, "return.deleted", account_id=before.account_id, subject=f"return/{return_id}")
