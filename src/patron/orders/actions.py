"""Changes of orders. Placing one writes an account transaction of type Order, which feeds the sums of both dialects;
cancelling one that was placed writes a Return. Both are part of the order's own transaction.
"""

from collections.abc import Mapping
from typing import Any

from patron.accounts import queries as accounts
from patron.attachments import owners as attachments
from patron.customers import writing
from patron.kernel import events
from patron.kernel.context import Ctx
from patron.kernel.errors import Invalid, NotFound, Refused, check_version
from patron.kernel.secrets import random_token
from patron.kernel.values import check_email, from_minor
from patron.logins.actions import Credential
from patron.orders import selling
from patron.orders.model import ENDS, PAYMENTS, Order, check_step, checked
from patron.tags import tagging
from patron.transactions import actions as transactions
from patron.transactions.model import Details

COLUMNS = ", ".join(f"o.{name}" for name in Order.__struct_fields__)


async def lock(ctx: Ctx, order_id: int) -> Order:
    """The order, locked until the transaction ends. Raises NotFound."""
    row = await ctx.db.row(
        f"select {COLUMNS} from shop_order o where o.tenant_id = $1 and o.id = $2 for update", ctx.tenant_id, order_id
    )
    if row is None:
        raise NotFound("order", order_id)
    return Order(*row)


async def create(ctx: Ctx, values: dict[str, Any]) -> int:
    """A draft. `values` are columns as a caller wrote them. Raises Invalid, NotFound."""
    made = checked(values)
    made |= await selling.places(ctx, made, selling.Place(ctx.site.id if ctx.site else None, None))
    if "currency" not in made:
        made["currency"] = await selling.currency(ctx, made["site_id"])
    places = ", ".join(f"${n}" for n in range(4, len(made) + 4))
    number = await ctx.db.value(
        f"""
        insert into shop_order (tenant_id, created_at, updated_at, token, {", ".join(made)})
        values ($1, $2, $2, $3, {places}) returning id
        """,
        ctx.tenant_id,
        ctx.now,
        random_token(),
        *made.values(),
    )
    await events.record(ctx, "order.created", subject=f"order/{number}")
    return int(number)


async def update(ctx: Ctx, order_id: int, values: dict[str, Any], *, expect: frozenset[int] | None = None) -> None:
    """Change what is given; of an order that is placed only what no sum depends on. Raises NotFound, Stale, Invalid."""
    order = await lock(ctx, order_id)
    check_version(order.version, expect)
    made = checked(values)
    if not order.is_open:
        for name in ("currency", "total_minor", "site_id", "store_id"):
            if name in made and made[name] != getattr(order, name):
                raise Invalid.field(name, "cannot be changed once the order is placed", "not_editable")
    if not made.keys().isdisjoint(("site_id", "store_id")):
        made |= await selling.places(ctx, made, selling.Place(order.site_id, order.store_id))
    if made:
        await write(ctx, order_id, made)
        await events.record(ctx, "order.updated", account_id=order.account_id, subject=f"order/{order_id}")


async def write(ctx: Ctx, order_id: int, values: Mapping[str, Any]) -> None:
    """Write columns of an order that the caller has locked, and raise its version; the caller records the event."""
    places = "".join(f", {name} = ${n}" for n, name in enumerate(values, start=4))
    await ctx.db.execute(
        f"""
        update shop_order set version = version + 1, updated_at = $3{places} where tenant_id = $1 and id = $2
        """,
        ctx.tenant_id,
        order_id,
        ctx.now,
        *values.values(),
    )


async def put_customer(ctx: Ctx, order_id: int, account_id: int | None, *, is_guest: bool) -> None:
    """Say whose order it is, which makes a draft pending; None takes the customer off. Raises NotFound, Invalid."""
    order = await lock(ctx, order_id)
    if order.account_id == account_id and order.is_guest == is_guest:
        return
    if not order.is_open:
        raise Invalid.field("customer", "cannot be changed once the order is placed", "not_editable")
    if account_id is not None and not await ctx.db.value(
        "select exists (select from account where tenant_id = $1 and id = $2 and is_active)", ctx.tenant_id, account_id
    ):
        raise Invalid.field("customer", "must exist", "required")
    status = "pending" if account_id is not None and order.status == "draft" else order.status
    await write(ctx, order_id, {"account_id": account_id, "is_guest": is_guest, "status": status})


async def customer_by_email(ctx: Ctx, email: str, credential: Credential | None) -> int:
    """The customer who holds an address, made if there is none; a credential signs a new one up. Raises Invalid."""
    try:
        address = check_email(email)
    except ValueError as error:
        raise Invalid.field("email", str(error)) from None
    found = await accounts.holder(ctx, address)
    return found if found is not None else await writing.create(ctx, {"email": address}, credential, None)


async def take(ctx: Ctx, order_id: int, step: str) -> None:
    """Take a step of an order's life. Asked again it changes nothing. Raises NotFound, Invalid."""
    order = await lock(ctx, order_id)
    if step in ("archive", "unarchive"):
        await write(ctx, order_id, {"archived_at": ctx.now if step == "archive" else None})
        return
    if step in PAYMENTS or step == "fulfill":
        await _settle(ctx, order, step)
        return
    if not check_step(order, step):
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
    topic = {"place": "order.placed", "approve": "order.approved", "cancel": "order.cancelled"}.get(
        step, "order.updated"
    )
    changes: events.Changes = {"status": (order.status, values["status"])}
    await events.record(ctx, topic, account_id=order.account_id, subject=f"order/{order_id}", changes=changes)


async def _count(ctx: Ctx, order: Order, kind: str) -> str:
    """Write the transaction that counts an order, or takes it back. Answers whether the customer had ordered before."""
    assert order.account_id is not None
    before = await ctx.db.value(
        "select order_count from account where tenant_id = $1 and id = $2 for update", ctx.tenant_id, order.account_id
    )
    amount = order.total_minor if kind == "Order" else await not_given_back(ctx, order)
    await transactions.add(
        ctx,
        order.account_id,
        Details(
            id=order.transaction_id if kind == "Order" else f"{order.transaction_id}-cancelled",
            kind=kind,
            interaction="Website",
            amount=from_minor(amount, order.currency),
            currency=order.currency,
        ),
    )
    return "returning" if before else "new"


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
    if step == "fulfill":
        await write(ctx, order.id, {"fulfillment_status": "fulfilled", "fulfillment_updated_at": ctx.now})
    else:
        await write(ctx, order.id, {"payment_status": PAYMENTS[step], "payment_updated_at": ctx.now})
    await events.record(ctx, "order.updated", account_id=order.account_id, subject=f"order/{order.id}")


async def touch(ctx: Ctx, order_id: int) -> None:
    """Lock an order for a change of what hangs on it, and raise its version. Raises NotFound."""
    await lock(ctx, order_id)
    await write(ctx, order_id, {})


async def delete(ctx: Ctx, order_id: int, *, expect: frozenset[int] | None = None) -> None:
    """Remove an order that was never placed. Raises NotFound, Stale, Refused."""
    order = await lock(ctx, order_id)
    check_version(order.version, expect)
    if not order.is_open:
        raise Refused("order_placed", "An order that was placed stays.")
    await attachments.forget(ctx, "order", [order_id])
    await tagging.forget(ctx, "order", [order_id])
    await ctx.db.execute("delete from shop_order where tenant_id = $1 and id = $2", ctx.tenant_id, order_id)
    await events.record(ctx, "order.deleted", account_id=order.account_id, subject=f"order/{order_id}")
