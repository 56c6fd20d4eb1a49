"""The life of an order. Placing one writes an account transaction of type Order, which feeds the sums of both dialects;
cancelling one that was placed writes a Return. Both are part of the order's own transaction.
"""

from typing import Any

from patron.accounts import actions as accounts
from patron.kernel import events
from patron.kernel.context import Ctx
from patron.kernel.errors import Invalid
from patron.kernel.values import from_minor
from patron.orders import payments, subscriptions
from patron.orders.model import BEYOND, ENDS, PARTLY, PAYMENTS, Order, check_step
from patron.orders.rows import lock, write
from patron.transactions import actions as transactions
from patron.transactions.model import Details

_TOPICS = {"place": "order.placed", "approve": "order.approved", "cancel": "order.cancelled"}


async def take(ctx: Ctx, order_id: int, step: str) -> None:
    """Take a step of an order's life. Asked again it changes nothing. Raises NotFound, Invalid."""
    order = await lock(ctx, order_id)
    if step in ("archive", "unarchive"):
        await write(ctx, order_id, {"archived_at": ctx.now if step == "archive" else None})
        await _tell(ctx, order)
        return
    if step in PAYMENTS or step == "fulfill":
        await _settle(ctx, order, step)
        return
    if not check_step(order, step, by_shopper=ctx.actor.kind == "shopper"):
        return
    values: dict[str, Any] = {"status": ENDS[step]}
    if step == "place":
        values |= {"placed_at": ctx.now, "customer_type": await _count(ctx, order, "Order")}
    elif step == "approve":
        values["approved_at"] = ctx.now
    elif step == "cancel":
        values["cancelled_at"] = ctx.now
        if not order.is_open and order.account_id is not None:
            await _count(ctx, order, "Return")
    await write(ctx, order_id, values)
    if step == "place":
        await subscriptions.activate_waiting(ctx, order_id)
        if order.saves_payment_source:
            await payments.keep_at_placing(ctx, order)
    changes: events.Changes = {"status": (order.status, values["status"])}
    topic = _TOPICS.get(step, "order.updated")
    await events.record(ctx, topic, account_id=order.account_id, subject=f"order/{order_id}", changes=changes)


async def _count(ctx: Ctx, order: Order, kind: str) -> str:
    """Write the transaction that counts an order, or takes it back. Answers whether the customer had ordered before."""
    assert order.account_id is not None
    account = await accounts.lock(ctx, order.account_id)
    amount = order.total_minor if kind == "Order" else await not_given_back(ctx, order)
    await transactions.add_to(
        ctx,
        account,
        Details(
            id=order.transaction_id if kind == "Order" else f"{order.transaction_id}-cancelled",
            kind=kind,
            interaction="Website",
            amount=from_minor(amount, order.currency),
            currency=order.currency,
        ),
    )
    return "returning" if account.order_count else "new"


async def not_given_back(ctx: Ctx, order: Order) -> int:
    """What is left of an order's total after the refunds of its returns, in minor units."""
    given_back = await ctx.db.value(
        "select coalesce(sum(refund_minor), 0)::bigint from order_return where tenant_id = $1 and order_id = $2",
        ctx.tenant_id,
        order.id,
    )
    return max(0, order.total_minor - int(given_back))


async def _settle(ctx: Ctx, order: Order, step: str) -> None:
    """Note what a gateway or a warehouse did elsewhere."""
    if order.status not in ("placed", "approved"):
        raise Invalid.field("status", f"cannot transition via {step} from {order.status}", "invalid_transition")
    field, after = ("fulfillment", "fulfilled") if step == "fulfill" else ("payment", PAYMENTS[step])
    is_partly = step == "authorize" and order.authorization_minor not in (None, order.total_minor)
    if is_partly or (step == "capture" and order.payment_status == PARTLY["authorized"]):
        after = PARTLY[after]
    before = getattr(order, f"{field}_status")
    if before != after and before not in BEYOND.get(step, ()):
        await write(ctx, order.id, {f"{field}_status": after, f"{field}_updated_at": ctx.now})
        await _tell(ctx, order, {f"{field}_status": (before, after)})


async def set_authorization(ctx: Ctx, order_id: int, minor: int) -> None:
    """Say how much of the total the next authorization is for, in minor units. Raises NotFound, Invalid."""
    order = await lock(ctx, order_id)
    if not 0 <= minor <= order.total_minor:
        message = f"must be from 0 to {order.total_minor}"
        raise Invalid.field("authorization_minor", message, "less_than_or_equal_to")
    await write(ctx, order_id, {"authorization_minor": minor})
    await _tell(ctx, order)


async def check_placing(ctx: Ctx, order_id: int) -> None:
    """See whether an order can be placed, or was. Raises NotFound, Invalid."""
    check_step(await lock(ctx, order_id), "place")


async def refresh(ctx: Ctx, order_id: int) -> None:
    """Note that prices and stock were asked for anew, of which nothing depends on us. Raises NotFound."""
    order = await lock(ctx, order_id)
    await write(ctx, order_id, {"refreshed_at": ctx.now})
    await _tell(ctx, order)


async def _tell(ctx: Ctx, order: Order, changes: events.Changes | None = None) -> None:
    subject = f"order/{order.id}"
    await events.record(ctx, "order.updated", account_id=order.account_id, subject=subject, changes=changes or {})
